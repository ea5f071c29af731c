/* backup.c - a copy of a store while it is in use: the sealed rows of one moment in one file, the
 * subjects' keys of a later moment in another, so that an erasure in between holds.
 * Order: the place of the keys is remembered; the rows are copied; the keys are written in a
 * transaction that no erasure can be beside. Whoever erases later finds the place. */
#include "base/clock.h"
#include "base/json_write.h"
#include "store/backup_internal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  gm_session *a;
  gm_ctx *ctx;
  int64_t number;
  const char *path;
  char keys[PATH_MAX]; /* absolute */
  char part[PATH_MAX]; /* of the rows until they are whole */
  int64_t records;
} backup;

/* ---- where the keys are ---------------------------------------------------------------------- */
static gm_status path_absolute(gm_ctx *ctx, const char *path, char out[PATH_MAX])
{
  char folder[PATH_MAX], real[PATH_MAX];
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
  if (!realpath(folder, real)) return gm_fail(ctx, GM_EIO, "%s: %s", folder, strerror(errno));
  int bytes = snprintf(out, PATH_MAX, "%s%s%s", real, strcmp(real, "/") ? "/" : "", name);
  return name[0] && bytes < PATH_MAX
             ? GM_OK
             : gm_fail(ctx, GM_EINVAL, "%s: the path of a file is expected", path);
}

static gm_status place_put(backup *b, gm__db *d)
{
  gm__stmt *q;
  gm_status st =
      gm__db_prepare(d, b->ctx, "INSERT INTO backup (id, made, path) VALUES ($1, $2, $3)", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, b->number);
  gm__db_bind_int(q, 2, gm__clock_us());
  gm__db_bind_text(q, 3, b->keys);
  return gm__db_run(q, b->ctx);
}

static gm_status place_drop(backup *b, gm__db *d)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(d, b->ctx, "DELETE FROM backup WHERE id = $1", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, b->number);
  return gm__db_run(q, b->ctx);
}

static gm_status keys_write(backup *b, gm__db *d)
{
  return gm__keys_file_write(d, b->ctx, b->keys, b->number);
}

/* Something on the writing line, in a transaction of its own. */
static gm_status written(backup *b, gm_status (*f)(backup *b, gm__db *d))
{
  gm__line *l = &b->a->s->writing;
  pthread_mutex_lock(&l->lock);
  gm_status st = gm__db_begin(l->db, b->ctx);
  if (!st) {
    st = f(b, l->db);
    if (!st)
      st = gm__db_commit(l->db, b->ctx);
    else
      gm__db_rollback(l->db);
  }
  pthread_mutex_unlock(&l->lock);
  return st;
}

/* ---- the rows -------------------------------------------------------------------------------- */
/* Keys go elsewhere, and pages are made again from the records. */
static gm_status row_change(void *user, const char *table, const gm__column *column, gm__cell *cell,
                            int32_t count, bool *leave_out)
{
  backup *b = user;
  *leave_out = !strcmp(table, "own") || !strcmp(table, "page");
  b->records += !strcmp(table, "record");
  for (int32_t i = 0; i < count && !strcmp(table, "subject"); i++)
    if (column[i].bytes == 3 && !memcmp(column[i].name, "key", 3)) cell[i].null = true;
  return GM_OK;
}

static gm_status number_put(backup *b, gm__db *to)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(to, b->ctx, "INSERT INTO gemel VALUES ('backup', $1)", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, b->number);
  return gm__db_run(q, b->ctx);
}

/* The file is nobody's until it is whole: no log, no syncs, one at the end. */
static gm_status rows_fill(backup *b, gm__db *from, gm__db *to, gm_arena *memory)
{
  gm_status st = gm__db_exec(to, b->ctx, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  if (!st) st = gm__db_begin(to, b->ctx);
  if (!st) st = gm__db_begin_read(from, b->ctx);
  if (!st) st = gm__tables_copy(from, to, b->ctx, memory, row_change, b);
  if (!st) st = number_put(b, to);
  if (!st) st = gm__db_commit(to, b->ctx);
  return st;
}

static gm_status rows_copy(backup *b)
{
  gm__db *from = NULL, *to = NULL;
  gm_arena *memory = NULL;
  gm_status st = gm_arena_new(b->ctx, 4096, &memory);
  if (!st) st = gm__db_again(b->a->s->writing.db, b->ctx, &from);
  if (!st) st = gm__db_open(b->ctx, b->part, true, &to);
  if (!st) st = gm__schema_settle(to, b->ctx);
  if (!st) st = gm__db_exec(to, b->ctx, "PRAGMA journal_mode = DELETE");
  if (!st) st = rows_fill(b, from, to, memory);
  gm__db_close(to);
  gm__db_close(from);
  gm_arena_free(memory);
  return st;
}

/* Under its name once it is on the disk. */
static gm_status rows_name(backup *b)
{
  int f = open(b->part, O_RDWR | O_CLOEXEC);
  bool done = f >= 0 && fsync(f) == 0 && link(b->part, b->path) == 0;
  int why = errno;
  if (f >= 0) close(f);
  if (!done)
    return gm_fail(b->ctx, why == EEXIST ? GM_EEXIST : GM_EIO, "%s: %s", b->path, strerror(why));
  unlink(b->part);
  return gm__folder_sync(b->ctx, b->path);
}

static void part_drop(const backup *b)
{
  static const char *const end[] = {"", "-wal", "-shm", "-journal"};
  char name[PATH_MAX + 10];
  for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
    snprintf(name, sizeof name, "%s%s", b->part, end[i]);
    unlink(name);
  }
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status make(backup *b)
{
  gm_status st = written(b, place_put);
  if (st) return st;
  st = rows_copy(b);
  if (!st) st = rows_name(b);
  bool named = !st;
  if (!st) st = written(b, keys_write);
  part_drop(b);
  if (!st) return GM_OK;
  char why[300];
  snprintf(why, sizeof why, "%s", gm_message(b->ctx));
  if (named) unlink(b->path);
  if (written(b, place_drop) != GM_OK) gm_log(b->ctx, GM_LOG_WARNING, "a backup's place stays");
  return gm_fail(b->ctx, st, "%s", why);
}

static gm_status not_there(gm_ctx *ctx, const char *path)
{
  return access(path, F_OK) != 0 ? GM_OK : gm_fail(ctx, GM_EEXIST, "%s: is there already", path);
}

gm_status gm_store_backup(gm_session *a, gm_ctx *ctx, const char *path, const char *keys)
{
  assert(a && ctx && path);
  backup b = {.a = a, .ctx = ctx, .number = gm__number_new(), .path = path};
  char beside[PATH_MAX], detail[80];
  gm_status st = gm__may(a, ctx, GM_STORE_BACKUP);
  if (st) return st;
  if (strlen(path) > PATH_MAX - 40)
    return gm_fail(ctx, GM_EINVAL, "a path of %zu bytes", strlen(path));
  snprintf(beside, sizeof beside, "%s.keys", path);
  snprintf(b.part, sizeof b.part, "%s.%lld.part", path, (long long)b.number);
  st = path_absolute(ctx, keys ? keys : beside, b.keys);
  if (!st) st = not_there(ctx, path);
  if (!st) st = not_there(ctx, b.keys);
  if (!st) st = make(&b);
  snprintf(detail, sizeof detail, "{\"backup\":%lld}", (long long)b.number);
  return st ? st : gm__audit_put(a, ctx, GM_AUDIT_BACKUP, 0, 0, b.records, detail, true);
}

/* ---- erasure reaches for the keys ------------------------------------------------------------ */
static gm_status forget_in(gm_ctx *ctx, const char *path, int64_t number, int64_t subject)
{
  gm__keys_file f;
  gm_status st = gm__keys_file_open(ctx, path, true, number, &f);
  if (st) return st;
  st = gm__keys_file_forget(ctx, &f, subject);
  gm__keys_file_close(&f);
  return st;
}

gm_status gm__backup_forget(gm_store *s, gm_ctx *ctx, int64_t subject, gm__forgotten *out)
{
  gm__stmt *q;
  gm_json_writer w;
  bool row = false;
  *out = (gm__forgotten){0};
  gm_text_init(&out->places, ctx);
  gm_json_write_begin(&w, &out->places, 0);
  gm_json_write_array(&w, NULL);
  gm_status st =
      gm__db_prepare(s->writing.db, ctx, "SELECT id, path FROM backup ORDER BY made, id", &q);
  while (!st && !(st = gm__db_step(q, ctx, &row)) && row) {
    const char *path = gm__db_text(q, 1);
    if (!forget_in(ctx, path, gm__db_int(q, 0), subject)) {
      out->reached++;
      continue;
    }
    out->unreached++;
    gm_json_write_text(&w, NULL, path);
  }
  gm_json_write_array_end(&w);
  if (!st && out->places.status) st = gm_fail(ctx, out->places.status, "backups");
  if (st) gm_text_free(&out->places);
  return st;
}

/* ---- tombstones ------------------------------------------------------------------------------ */
gm_status gm_store_tombstones(gm_session *a, gm_ctx *ctx, const char *path)
{
  assert(a && ctx && path);
  gm__line *l = &a->s->reading;
  gm__stmt *q;
  gm_text t;
  bool row = false;
  gm_status st = gm__may(a, ctx, GM_STORE_BACKUP);
  if (st) return st;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "# numbers of erased subjects: gemel store restore leaves them out\n");
  pthread_mutex_lock(&l->lock);
  st =
      gm__db_prepare(l->db, ctx, "SELECT id FROM subject WHERE erased IS NOT NULL ORDER BY id", &q);
  while (!st && !(st = gm__db_step(q, ctx, &row)) && row)
    gm_text_addf(&t, "%lld\n", (long long)gm__db_int(q, 0));
  pthread_mutex_unlock(&l->lock);
  if (!st && t.status) st = gm_fail(ctx, t.status, "tombstones");
  if (!st) st = gm_file_write(ctx, path, t.data, t.bytes);
  gm_text_free(&t);
  return st;
}
