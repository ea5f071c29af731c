/* db_sqlite.c - a store in one file. Write-ahead log; a commit is on the disk when it returns
 * (synchronous FULL: SQLite's docs, "wal.html" and "pragma.html#pragma_synchronous"). */
#include "store/db_internal.h"
#include "base/number.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 30000, APPLICATION_ID = 0x47454d4c }; /* "GEML" */

typedef struct {
  gm__db base;
  sqlite3 *file;
  /* prepared at opening: undoing must not need memory */
  sqlite3_stmt *begin, *commit, *rollback;
  struct timespec until; /* when waiting for other processes ends */
} db;

typedef struct {
  gm__stmt base;
  sqlite3_stmt *s;
} stmt;

/* What the system said, of errors that come from there; else 0. */
static int cause(const db *d, int code)
{
  bool of_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  return of_system && d->file ? sqlite3_system_errno(d->file) : 0;
}

static gm_status status_of(const db *d, int code)
{
  int why = cause(d, code);
  if (code == SQLITE_IOERR_NOMEM) return GM_ENOMEM;
  switch (code & 0xff) {
  case SQLITE_NOMEM: return GM_ENOMEM;
  case SQLITE_FULL: return GM_EFULL;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL: return GM_EBUSY;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_ERROR: return GM_EPARSE; /* our statements are fixed: the tables are not ours */
  case SQLITE_CONSTRAINT: return GM_EEXIST;
  case SQLITE_MISUSE: return GM_EINTERNAL;
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN: return why == ENOSPC || why == EDQUOT ? GM_EFULL : GM_EIO;
  default: return GM_EIO;
  }
}

/* SQLite's words for an error may quote a value: they are not passed on; its code's text is. */
static gm_status fail(const gm__db *d, gm_ctx *ctx, int code, const char *what)
{
  int why = cause((const db *)d, code);
  return gm_fail(ctx, status_of((const db *)d, code), "%s: %s: %s%s%s", d->name, what,
                 sqlite3_errstr(code), why ? ": " : "", why ? strerror(why) : "");
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
  sqlite3_finalize(d->begin);
  sqlite3_finalize(d->commit);
  sqlite3_finalize(d->rollback);
  sqlite3_close(d->file); /* undoes an open transaction */
  gm_free(base->name);
  gm_free(base);
}

/* Another process writes. SQLite would sleep longer and longer, up to 0.1 s, and come late again
 * and again where others commit without a pause. */
static int busy(void *user, int count)
{
  db *d = user;
  struct timespec now, nap = {.tv_nsec = 1000000};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!count) {
    d->until = now;
    d->until.tv_sec += WAIT_MS / 1000;
  }
  if (now.tv_sec > d->until.tv_sec ||
      (now.tv_sec == d->until.tv_sec && now.tv_nsec > d->until.tv_nsec))
    return 0;
  nanosleep(&nap, NULL);
  return 1;
}

enum { ANSWER_BYTES = 400 };

/* The first value of a statement; text (may be NULL) has room for ANSWER_BYTES. */
static gm_status ask(gm__db *d, gm_ctx *ctx, const char *sql, int64_t *out, char *text)
{
  sqlite3_stmt *s = NULL;
  int code = sqlite3_prepare_v2(((db *)d)->file, sql, -1, &s, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(s);
  if (code == SQLITE_ROW) {
    const char *found = text ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (text) snprintf(text, ANSWER_BYTES, "%s", found ? found : "");
    *out = sqlite3_column_int64(s, 0);
  }
  sqlite3_finalize(s);
  return code == SQLITE_ROW ? GM_OK : fail(d, ctx, code, "opening");
}

static gm_status number_of(gm__db *d, gm_ctx *ctx, int64_t *id)
{
  return ask(d, ctx, "PRAGMA application_id", id, NULL);
}

/* In a transaction for writing, so that of two who create a store one does: marks an empty file.
 * One with anything in it is another program's. */
static gm_status mark(gm__db *d, gm_ctx *ctx)
{
  int64_t id = 0, tables = 0;
  char text[64];
  gm_status s = number_of(d, ctx, &id);
  if (s || id == APPLICATION_ID) return s;
  s = ask(d, ctx, "SELECT count(*) FROM sqlite_schema", &tables, NULL);
  if (s) return s;
  if (id || tables)
    return gm_fail(ctx, GM_EPARSE, "%s: a database, but no store of Gemel", d->name);
  snprintf(text, sizeof text, "PRAGMA application_id = %d", APPLICATION_ID);
  return exec(d, ctx, text);
}

static gm_status begin(gm__db *d, gm_ctx *ctx);
static gm_status commit(gm__db *d, gm_ctx *ctx);
static void rollback(gm__db *d);

/* A file of another program is not touched. */
static gm_status whose(gm__db *d, gm_ctx *ctx, bool create)
{
  int64_t id = 0, tables = 0;
  gm_status s = number_of(d, ctx, &id);
  if (s || id == APPLICATION_ID) return s;
  /* in this order: whoever makes a store marks it before its tables are seen */
  s = ask(d, ctx, "SELECT count(*) FROM sqlite_schema", &tables, NULL);
  if (!s) s = number_of(d, ctx, &id);
  if (s || id == APPLICATION_ID) return s;
  if (id || tables)
    return gm_fail(ctx, GM_EPARSE, "%s: a database, but no store of Gemel", d->name);
  if (!create) return gm_fail(ctx, GM_ENOTFOUND, "%s: there is no store", d->name);
  s = begin(d, ctx);
  if (s) return s;
  s = mark(d, ctx);
  if (!s) return commit(d, ctx);
  rollback(d);
  return s;
}

/* Where it is not on yet, turning on the log needs the file alone for a moment; SQLite does not
 * wait for that by itself. Without the log a commit would not be durable, so it must be on. */
static gm_status log_on(gm__db *d, gm_ctx *ctx)
{
  char mode[ANSWER_BYTES] = "";
  int64_t none = 0;
  gm_status s = ask(d, ctx, "PRAGMA journal_mode = WAL", &none, mode);
  for (int count = 0; s == GM_EBUSY && busy(d, count); count++)
    s = ask(d, ctx, "PRAGMA journal_mode = WAL", &none, mode);
  if (!s && strcmp(mode, "wal") != 0)
    s = gm_fail(ctx, GM_EIO, "%s: this disk does not allow a write-ahead log", d->name);
  return s;
}

static gm_status statement(gm__db *base, gm_ctx *ctx, const char *sql, sqlite3_stmt **out)
{
  int code = sqlite3_prepare_v3(((db *)base)->file, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
  return code == SQLITE_OK ? GM_OK : fail(base, ctx, code, "opening");
}

static gm_status settle(gm__db *base, gm_ctx *ctx, bool create)
{
  db *d = (db *)base;
  sqlite3_busy_handler(d->file, busy, d);
  sqlite3_extended_result_codes(d->file, 1);
  gm_status s = statement(base, ctx, "BEGIN IMMEDIATE", &d->begin);
  if (!s) s = statement(base, ctx, "COMMIT", &d->commit);
  if (!s) s = statement(base, ctx, "ROLLBACK", &d->rollback);
  if (!s) s = whose(base, ctx, create);
  if (!s) s = log_on(base, ctx);
  if (!s)
    s = exec(base, ctx,
             "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
             "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
             "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384");
  return s;
}

static gm_status connect(db *d, gm_ctx *ctx, const char *url, bool create)
{
  int there = 1, flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  sqlite3_vfs *disk = sqlite3_vfs_find(NULL);
  if (!strncmp(url, "file:", 5))
    return gm_fail(ctx, GM_EINVAL, "%s: a path is expected, not a URI", url);
  if (!create && disk && disk->xAccess(disk, url, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
      !there)
    return gm_fail(ctx, GM_ENOTFOUND, "%s: there is no store", url);
  int code = sqlite3_open_v2(url, &d->file, flags | (create ? SQLITE_OPEN_CREATE : 0), NULL);
  return code == SQLITE_OK ? GM_OK : fail(&d->base, ctx, code, "opening");
}

static gm_status open_db(gm_ctx *ctx, const char *url, bool create, gm__db **out)
{
  db *d = gm_alloc(ctx, 1, sizeof *d);
  if (!d) return gm_fail(ctx, GM_ENOMEM, "store");
  d->base.type = &gm__db_sqlite;
  d->base.ctx = ctx;
  d->base.name = gm_strdup(ctx, url);
  gm_status s = d->base.name ? GM_OK : gm_fail(ctx, GM_ENOMEM, "store");
  if (!s) s = connect(d, ctx, url, create);
  if (!s) s = settle(&d->base, ctx, create);
  if (s)
    close_db(&d->base);
  else
    *out = &d->base;
  return s;
}

/* ---- transactions ---------------------------------------------------------------------------- */
static gm_status run_prepared(gm__db *d, gm_ctx *ctx, sqlite3_stmt *s)
{
  int code = sqlite3_step(s);
  sqlite3_reset(s);
  return code == SQLITE_DONE ? GM_OK : fail(d, ctx, code, "transaction");
}

static void rollback(gm__db *d)
{
  if (sqlite3_get_autocommit(((db *)d)->file)) return;
  sqlite3_step(((db *)d)->rollback);
  sqlite3_reset(((db *)d)->rollback);
}

static gm_status begin(gm__db *d, gm_ctx *ctx)
{
  rollback(d); /* what could not be undone before */
  return run_prepared(d, ctx, ((db *)d)->begin);
}

static gm_status commit(gm__db *d, gm_ctx *ctx)
{
  gm_status s = run_prepared(d, ctx, ((db *)d)->commit);
  if (s) rollback(d);
  return s;
}

/* SQLite cuts the log but does not sync it: after a power cut it could be there again. */
static int log_sync(sqlite3 *file)
{
  sqlite3_file *log = NULL;
  int code = sqlite3_file_control(file, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code != SQLITE_OK || !log || !log->pMethods) return code;
  return log->pMethods->xSync(log, SQLITE_SYNC_FULL);
}

static gm_status clean(gm__db *d, gm_ctx *ctx)
{
  sqlite3 *file = ((db *)d)->file;
  int code = sqlite3_wal_checkpoint_v2(file, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  if (code == SQLITE_OK) code = log_sync(file);
  return code == SQLITE_OK ? GM_OK : fail(d, ctx, code, "emptying the log");
}

/* Can every byte of the file be read? */
static bool is_readable(sqlite3 *file)
{
  sqlite3_file *f = NULL;
  sqlite3_int64 bytes = 0;
  char part[4096];
  int code = sqlite3_file_control(file, "main", SQLITE_FCNTL_FILE_POINTER, &f);
  if (code == SQLITE_OK) code = f->pMethods->xFileSize(f, &bytes);
  for (sqlite3_int64 at = 0; at < bytes && code == SQLITE_OK; at += (int)sizeof part) {
    int want = bytes - at < (int)sizeof part ? (int)(bytes - at) : (int)sizeof part;
    code = f->pMethods->xRead(f, part, want, at);
  }
  return code == SQLITE_OK;
}

/* The code of a failure that the check met, where it tells one (btree.c, checkAppendMsg: "unable to
 * get the page. error code=%d", "btreeInitPage() returns error code %d"); else 0. */
static int code_in(const char *found)
{
  static const char words[] = "error code";
  const char *at = strstr(found, words);
  double code;
  bool told =
      at && gm__number_begin(at + sizeof words, &code) > 0; /* behind the sign that follows */
  return told ? (int)code : 0;
}

/* SQLite tells of a page that could not be read, for want of memory too, as of one that is damaged.
 * So damage is asked for twice: what passed by is none. Then its words are looked at, and the file
 * is read. */
static gm_status check(gm__db *d, gm_ctx *ctx, bool *whole)
{
  char found[ANSWER_BYTES] = "";
  int64_t none = 0;
  gm_status s = GM_OK;
  *whole = false;
  for (int again = 0; again < 2 && !s && !*whole; again++) {
    s = ask(d, ctx, "PRAGMA integrity_check(1)", &none, found);
    *whole = !s && !strcmp(found, "ok");
  }
  if (s || *whole) return s;
  int code = code_in(found);
  if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
    return gm_fail(ctx, GM_ENOMEM, "%s: its check", gm__db_name(d));
  return is_readable(((db *)d)->file) ? GM_OK
                                      : gm_fail(ctx, GM_EIO, "%s: reading failed", gm__db_name(d));
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

/* A damaged file may hold another type here: that is no value of ours. */
static const void *get_bytes(const gm__stmt *s, int column, size_t *bytes)
{
  sqlite3_stmt *row = ((const stmt *)s)->s;
  int type = sqlite3_column_type(row, column);
  bool ours = type == SQLITE_BLOB || type == SQLITE_TEXT;
  const void *data = ours ? sqlite3_column_blob(row, column) : NULL;
  *bytes = data ? (size_t)sqlite3_column_bytes(row, column) : 0;
  return data ? data : ours ? "" : NULL; /* no bytes are not no value */
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
                                   .check = check,
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
