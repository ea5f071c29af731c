/* db_sqlite.c - a store in one file. Write-ahead log; a commit is on the disk when it returns
 * (synchronous FULL: SQLite's docs, "wal.html" and "pragma.html#pragma_synchronous"). */
#include "store/db_internal.h"
#include <sqlite3.h>
#include <stdio.h>

enum { WAIT_MS = 30000, APPLICATION_ID = 0x47454d4c }; /* "GEML" */

typedef struct {
  gm__db base;
  sqlite3 *file;
} db;

typedef struct {
  gm__stmt base;
  sqlite3_stmt *s;
} stmt;

/* SQLite's words for an error may quote a value: they are not passed on; its code's text is. */
static gm_status fail(const gm__db *d, gm_ctx *ctx, int code, const char *what)
{
  gm_status s = GM_EIO;
  switch (code & 0xff) {
  case SQLITE_NOMEM: s = GM_ENOMEM; break;
  case SQLITE_FULL: s = GM_EFULL; break;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: s = GM_EBUSY; break;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: s = GM_EPARSE; break;
  case SQLITE_CONSTRAINT: s = GM_EEXIST; break;
  case SQLITE_MISUSE:
  case SQLITE_ERROR: s = GM_EINTERNAL; break;
  }
  return gm_fail(ctx, s, "%s: %s: %s", d->name, what, sqlite3_errstr(code));
}

static gm_status exec(gm__db *d, gm_ctx *ctx, const char *sql)
{
  int code = sqlite3_exec(((db *)d)->file, sql, NULL, NULL, NULL);
  return code == SQLITE_OK ? GM_OK
                           : fail(d, ctx, sqlite3_extended_errcode(((db *)d)->file), "statement");
}

/* ---- life ------------------------------------------------------------------------------------ */
static void close_db(gm__db *base)
{
  db *d = (db *)base;
  for (gm__stmt *s = base->first, *next; s; s = next) {
    next = s->next;
    sqlite3_finalize(((stmt *)s)->s);
    gm_free(s);
  }
  sqlite3_close(d->file); /* undoes an open transaction */
  gm_free(base->name);
  gm_free(base);
}

static gm_status pragma_int(gm__db *d, gm_ctx *ctx, const char *sql, int64_t *out)
{
  sqlite3_stmt *s = NULL;
  int code = sqlite3_prepare_v2(((db *)d)->file, sql, -1, &s, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(s);
  if (code == SQLITE_ROW) *out = sqlite3_column_int64(s, 0);
  sqlite3_finalize(s);
  return code == SQLITE_ROW || code == SQLITE_DONE ? GM_OK : fail(d, ctx, code, "opening");
}

/* A file of another program is not touched. */
static gm_status whose(gm__db *d, gm_ctx *ctx, bool fresh)
{
  int64_t id = 0;
  char text[64];
  gm_status s = pragma_int(d, ctx, "PRAGMA application_id", &id);
  if (s) return s;
  if (!fresh && id != APPLICATION_ID)
    return gm_fail(ctx, GM_EPARSE, "%s: a database, but no store of Gemel", d->name);
  snprintf(text, sizeof text, "PRAGMA application_id = %d", APPLICATION_ID);
  return fresh ? exec(d, ctx, text) : GM_OK;
}

static gm_status settle(gm__db *d, gm_ctx *ctx, bool fresh)
{
  sqlite3_busy_timeout(((db *)d)->file, WAIT_MS);
  sqlite3_extended_result_codes(((db *)d)->file, 1);
  gm_status s = whose(d, ctx, fresh);
  if (!s)
    s = exec(d, ctx,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
             "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
             "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384");
  return s;
}

static bool is_fresh(const char *path)
{
  FILE *f = fopen(path, "rb");
  bool fresh = !f || fgetc(f) == EOF;
  if (f) fclose(f);
  return fresh;
}

static gm_status open_db(gm_ctx *ctx, const char *url, bool create, gm__db **out)
{
  db *d = gm_alloc(ctx, 1, sizeof *d);
  if (!d) return gm_fail(ctx, GM_ENOMEM, "store");
  d->base.type = &gm__db_sqlite;
  d->base.ctx = ctx;
  d->base.name = gm_strdup(ctx, url);
  bool fresh = is_fresh(url);
  gm_status s = d->base.name ? GM_OK : gm_fail(ctx, GM_ENOMEM, "store");
  if (!s && fresh && !create) s = gm_fail(ctx, GM_ENOTFOUND, "%s: there is no store", url);
  if (!s) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(url, &d->file, flags, NULL);
    if (code != SQLITE_OK) s = fail(&d->base, ctx, code, "opening");
  }
  if (!s) s = settle(&d->base, ctx, fresh);
  if (s)
    close_db(&d->base);
  else
    *out = &d->base;
  return s;
}

/* ---- transactions ---------------------------------------------------------------------------- */
static gm_status begin(gm__db *d, gm_ctx *ctx) { return exec(d, ctx, "BEGIN IMMEDIATE"); }

static void rollback(gm__db *d)
{
  if (!sqlite3_get_autocommit(((db *)d)->file))
    sqlite3_exec(((db *)d)->file, "ROLLBACK", NULL, NULL, NULL);
}

static gm_status commit(gm__db *d, gm_ctx *ctx)
{
  gm_status s = exec(d, ctx, "COMMIT");
  if (s) rollback(d);
  return s;
}

static gm_status clean(gm__db *d, gm_ctx *ctx)
{
  int code =
      sqlite3_wal_checkpoint_v2(((db *)d)->file, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  return code == SQLITE_OK ? GM_OK : fail(d, ctx, code, "emptying the log");
}

/* ---- statements ------------------------------------------------------------------------------ */
static gm_status prepare(gm__db *d, gm_ctx *ctx, const char *sql, gm__stmt **out)
{
  stmt *s = gm_alloc(ctx, 1, sizeof *s);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "statement");
  int code = sqlite3_prepare_v3(((db *)d)->file, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->s, NULL);
  if (code != SQLITE_OK) {
    gm_free(s);
    return fail(d, ctx, code, "statement");
  }
  *out = &s->base;
  return GM_OK;
}

static void bind_int(gm__stmt *s, int at, int64_t v) { sqlite3_bind_int64(((stmt *)s)->s, at, v); }
static void bind_real(gm__stmt *s, int at, double v) { sqlite3_bind_double(((stmt *)s)->s, at, v); }

static void bind_bytes(gm__stmt *s, int at, const void *data, size_t bytes)
{
  if (data)
    sqlite3_bind_blob64(((stmt *)s)->s, at, data, bytes, SQLITE_STATIC);
  else
    sqlite3_bind_null(((stmt *)s)->s, at);
}

static void bind_text(gm__stmt *s, int at, const char *text)
{
  sqlite3_bind_text(((stmt *)s)->s, at, text, -1, SQLITE_STATIC);
}

static void reset(gm__stmt *s)
{
  sqlite3_reset(((stmt *)s)->s);
  sqlite3_clear_bindings(((stmt *)s)->s);
}

static gm_status step(gm__stmt *s, gm_ctx *ctx, bool *row)
{
  int code = sqlite3_step(((stmt *)s)->s);
  *row = code == SQLITE_ROW;
  if (code == SQLITE_ROW) return GM_OK;
  reset(s);
  return code == SQLITE_DONE ? GM_OK : fail(s->db, ctx, code, "statement");
}

static int64_t get_int(const gm__stmt *s, int column)
{
  return sqlite3_column_int64(((const stmt *)s)->s, column);
}

static double get_real(const gm__stmt *s, int column)
{
  return sqlite3_column_double(((const stmt *)s)->s, column);
}

static const void *get_bytes(const gm__stmt *s, int column, size_t *bytes)
{
  const void *data = sqlite3_column_blob(((const stmt *)s)->s, column);
  *bytes = (size_t)sqlite3_column_bytes(((const stmt *)s)->s, column);
  bool null = sqlite3_column_type(((const stmt *)s)->s, column) == SQLITE_NULL;
  return data ? data : null ? NULL : ""; /* no bytes are not no value */
}

static const char *get_text(const gm__stmt *s, int column)
{
  return (const char *)sqlite3_column_text(((const stmt *)s)->s, column);
}

const gm__db_type gm__db_sqlite = {.bytes_type = "BLOB",
                                   .open = open_db,
                                   .close = close_db,
                                   .exec = exec,
                                   .begin = begin,
                                   .commit = commit,
                                   .rollback = rollback,
                                   .clean = clean,
                                   .prepare = prepare,
                                   .bind_int = bind_int,
                                   .bind_real = bind_real,
                                   .bind_bytes = bind_bytes,
                                   .bind_text = bind_text,
                                   .step = step,
                                   .reset = reset,
                                   .get_int = get_int,
                                   .get_real = get_real,
                                   .get_bytes = get_bytes,
                                   .get_text = get_text};
