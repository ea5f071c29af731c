/* restore.c - a new store out of a backup and its keys. Subjects without a key there, and those
 * that a list of tombstones names, come back as erased: their bodies become hashes on the way. */
#include "base/clock.h"
#include "store/backup_internal.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOMBSTONES_BYTES_MAX = 1 << 28 };

/* ---- sets of numbers ------------------------------------------------------------------------- */
typedef struct {
  int64_t *at;
  int32_t count, room;
  bool sorted;
} set;

static gm_status set_add(gm_ctx *ctx, set *s, int64_t v)
{
  gm_status st = GM_OK;
  if (s->count == s->room) {
    int32_t room = 2 * s->room + 64;
    st = gm_grow(ctx, &s->at, s->room, room, sizeof *s->at);
    if (st) return gm_fail(ctx, st, "restoring");
    s->room = room;
  }
  s->at[s->count++] = v;
  s->sorted = false;
  return GM_OK;
}

static int compare(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static bool set_has(set *s, int64_t v)
{
  if (!s->count) return false;
  if (!s->sorted) qsort(s->at, (size_t)s->count, sizeof *s->at, compare);
  s->sorted = true;
  return bsearch(&v, s->at, (size_t)s->count, sizeof *s->at, compare) != NULL;
}

/* Lines of one number; # begins a comment. */
static gm_status tombstones_read(gm_ctx *ctx, const char *path, set *out)
{
  char *text = NULL, *end;
  size_t bytes;
  gm_status st = gm_file_read(ctx, path, TOMBSTONES_BYTES_MAX, &text, &bytes);
  if (st) return st;
  int line = 1;
  for (char *at = text; *at && !st; at += *at == '\n', line++) {
    size_t length = strcspn(at, "\n");
    if (length && *at != '#') {
      long long v = strtoll(at, &end, 10);
      if (end != at + length || v <= 0)
        st =
            gm_fail(ctx, GM_EPARSE, "%s, line %d: the number of a subject is expected", path, line);
      if (!st) st = set_add(ctx, out, v);
    }
    at += length;
  }
  gm_free(text);
  return st;
}

/* ---- rows ------------------------------------------------------------------------------------ */
typedef struct {
  const gm_restore_options *o;
  gm_ctx *ctx;
  gm__keys_file keys;
  set tombstones, subjects, twins;   /* those that do not come back */
  unsigned char own[GM__WRAP_BYTES]; /* the store's own key */
  unsigned char wrapped[GM__WRAP_BYTES], digest[GM__HASH_BYTES];
  gm_restore_report report;
} restorer;

static gm__cell *cell_of(const char *name, const gm__column *column, gm__cell *cell, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    if (column[i].bytes == strlen(name) && !memcmp(column[i].name, name, column[i].bytes))
      return &cell[i];
  assert(!"a column of the schema"); /* which this version knows */
  return cell;
}

static gm_status subject_change(restorer *r, const gm__column *c, gm__cell *cell, int32_t n)
{
  gm__cell *key = cell_of("key", c, cell, n), *erased = cell_of("erased", c, cell, n);
  int64_t id = cell_of("id", c, cell, n)->whole;
  bool there = false;
  gm_status st = gm__keys_file_find(r->ctx, &r->keys, id, &there, r->wrapped);
  if (st) return st;
  r->report.subjects++;
  if (there && erased->null && !set_has(&r->tombstones, id)) {
    *key = (gm__cell){.data = r->wrapped, .bytes = sizeof r->wrapped};
    return GM_OK;
  }
  key->null = true;
  cell_of("label", c, cell, n)->null = true;
  if (erased->null) *erased = (gm__cell){.whole = gm__clock_us()};
  r->report.erased++;
  return set_add(r->ctx, &r->subjects, id);
}

static gm_status twin_change(restorer *r, const gm__column *c, gm__cell *cell, int32_t n)
{
  r->report.twins++;
  if (!set_has(&r->subjects, cell_of("subject", c, cell, n)->whole)) return GM_OK;
  cell_of("label", c, cell, n)->null = true;
  return set_add(r->ctx, &r->twins, cell_of("id", c, cell, n)->whole);
}

static void record_change(restorer *r, const gm__column *c, gm__cell *cell, int32_t n)
{
  gm__cell *body = cell_of("body", c, cell, n), *digest = cell_of("digest", c, cell, n);
  r->report.records++;
  if (body->null || !set_has(&r->twins, cell_of("twin", c, cell, n)->whole)) return;
  gm__digest(body->data, body->bytes, r->digest);
  *digest = (gm__cell){.data = r->digest, .bytes = sizeof r->digest};
  body->null = true;
}

static gm_status row_change(void *user, const char *table, const gm__column *column, gm__cell *cell,
                            int32_t count, bool *leave_out)
{
  restorer *r = user;
  if (!strcmp(table, "subject")) return subject_change(r, column, cell, count);
  if (!strcmp(table, "twin")) return twin_change(r, column, cell, count);
  if (!strcmp(table, "record")) record_change(r, column, cell, count);
  if (!strcmp(table, "card") || !strcmp(table, "page"))
    *leave_out = set_has(&r->twins, cell_of("twin", column, cell, count)->whole);
  return GM_OK;
}

/* ---- the two files --------------------------------------------------------------------------- */
static gm_status number_of(gm__db *from, gm_ctx *ctx, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(from, ctx, "SELECT value FROM gemel WHERE name = 'backup'", &q);
  if (!st) st = gm__db_step(q, ctx, &row);
  if (st) return st;
  if (!row) return gm_fail(ctx, GM_EPARSE, "%s: a store, but no backup of one", gm__db_name(from));
  *out = gm__db_int(q, 0);
  gm__db_reset(q);
  return GM_OK;
}

static gm_status keys_open(restorer *r, gm__db *from)
{
  int64_t number = 0;
  gm_text beside;
  gm_text_init(&beside, r->ctx);
  gm_text_addf(&beside, "%s.keys", r->o->path);
  gm_status st = beside.status ? gm_fail(r->ctx, GM_ENOMEM, "restoring") : GM_OK;
  if (!st) st = number_of(from, r->ctx, &number);
  if (!st)
    st = gm__keys_file_open(r->ctx, r->o->keys ? r->o->keys : beside.data, false, number, &r->keys);
  gm_text_free(&beside);
  return st;
}

/* The store's own key, which this master opens: then it opens the subjects' as well. */
static gm_status own_take(restorer *r)
{
  gm__keys *master = NULL, *plain = NULL;
  bool there = false;
  gm_status st = gm__keys_file_find(r->ctx, &r->keys, 0, &there, r->own);
  if (!st && !there) st = gm_fail(r->ctx, GM_EPARSE, "the store's own key is missing");
  if (!st) st = gm__keys_master(r->ctx, r->o->to.master, &master);
  if (!st) st = gm__keys_unwrap(r->ctx, master, 0, r->own, GM__WRAP_BYTES, &plain);
  gm__keys_free(plain);
  gm__keys_free(master);
  return st;
}

static gm_status own_put(restorer *r, gm__db *to)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(to, r->ctx, "INSERT INTO own (id, key) VALUES (0, $1)", &q);
  if (st) return st;
  gm__db_bind_bytes(q, 1, r->own, GM__WRAP_BYTES);
  return gm__db_run(q, r->ctx);
}

static gm_status must_be_new(gm__db *to, gm_ctx *ctx)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(to, ctx, "SELECT id FROM own", &q);
  if (!st) st = gm__db_step(q, ctx, &row);
  if (st || !row) return st;
  gm__db_reset(q);
  return gm_fail(ctx, GM_EEXIST, "%s: there is a store already", gm__db_name(to));
}

static gm_status rows_fill(restorer *r, gm__db *from, gm__db *to, gm_arena *memory)
{
  gm_status st = gm__db_begin(to, r->ctx);
  if (st) return st;
  st = must_be_new(to, r->ctx);
  if (!st) st = gm__tables_copy(from, to, r->ctx, memory, row_change, r);
  if (!st) st = own_put(r, to);
  if (!st) return gm__db_commit(to, r->ctx);
  gm__db_rollback(to);
  return st;
}

/* A file that a failed restoring made, and those beside it. Where a store was already, or another
 * makes one at the same time, nothing is taken away. */
static void place_clear(gm_ctx *ctx, const char *path)
{
  static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
  gm_text name;
  gm_text_init(&name, ctx);
  for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
    name.bytes = 0;
    gm_text_addf(&name, "%s%s", path, beside[i]);
    if (!name.status) unlink(name.data);
  }
  gm_text_free(&name);
}

static gm_status table_name(void *user, const char *table, const gm__column *column, int32_t count)
{
  gm_text *sql = user;
  (void)column, (void)count;
  gm_text_add(sql, ", ");
  gm_text_add(sql, table);
  return sql->status;
}

/* Tables that a failed restoring made in a database on a server; where another made a store of them
 * meanwhile they stay. A server that is gone keeps them, empty. ctx is not that of the failure,
 * whose message stands. */
static void tables_clear(gm_ctx *ctx, gm__db *to)
{
  gm_text sql;
  gm_text_init(&sql, ctx);
  gm_text_add(&sql, "DROP TABLE gemel");
  gm_status st = gm__schema_tables(ctx, table_name, &sql);
  if (!st) st = gm__db_begin(to, ctx);
  if (!st) {
    st = must_be_new(to, ctx);
    if (!st) st = gm__db_exec(to, ctx, sql.data);
    if (!st) st = gm__db_commit(to, ctx);
    if (st) gm__db_rollback(to);
  }
  gm_text_free(&sql);
}

static bool on_server(const char *url) { return strstr(url, "://") != NULL; }

/* Is there neither a file nor a store in the database? */
static bool place_free(gm_ctx *ctx, const char *url)
{
  gm__db *d = NULL;
  if (!on_server(url)) return access(url, F_OK) != 0;
  bool nothing = gm__db_open(ctx, url, false, &d) == GM_ENOTFOUND;
  gm__db_close(d);
  return nothing;
}

/* All that can be told before is told before: then the place stays as it was. */
static gm_status place_fill(restorer *r, gm__db *from, gm_arena *memory)
{
  gm__db *to = NULL;
  gm_ctx *own = NULL; /* for what is tried beside: a failure of it is nobody's */
  const char *url = r->o->to.url;
  gm_status st = gm_ctx_child(r->ctx, &own);
  if (st) return st;
  bool was_free = place_free(own, url);
  st = gm__db_open(r->ctx, url, true, &to);
  if (!st) st = gm__schema_settle(to, r->ctx);
  if (!st) st = rows_fill(r, from, to, memory);
  bool clear = st && st != GM_EEXIST && st != GM_EBUSY && was_free;
  if (clear && to && on_server(url)) tables_clear(own, to);
  gm__db_close(to);
  if (clear && !on_server(url)) place_clear(own, url);
  gm_ctx_free(own);
  return st;
}

static gm_status rows_copy(restorer *r)
{
  gm__db *from = NULL;
  gm_arena *memory = NULL;
  gm_status st = gm_arena_new(r->ctx, 4096, &memory);
  if (!st) st = gm__db_open(r->ctx, r->o->path, false, &from);
  if (!st) st = gm__schema_settle(from, r->ctx);
  if (!st) st = keys_open(r, from);
  if (!st) st = own_take(r);
  if (!st && r->o->tombstones) st = tombstones_read(r->ctx, r->o->tombstones, &r->tombstones);
  if (!st) st = place_fill(r, from, memory);
  gm__db_close(from);
  gm_arena_free(memory);
  gm__keys_file_close(&r->keys);
  return st;
}

/* Its first session says in the log where it comes from; the chains are checked. */
static gm_status look_over(restorer *r, const gm_access_who *who)
{
  gm_store *s = NULL;
  gm_session *a = NULL;
  char detail[80];
  gm_status st = gm_store_open(r->ctx, &r->o->to, &s);
  if (!st) st = gm_session_open(s, r->ctx, who, &a);
  snprintf(detail, sizeof detail, "{\"restored\":true,\"erased\":%lld}",
           (long long)r->report.erased);
  if (!st) st = gm__audit_put(a, r->ctx, GM_AUDIT_BACKUP, 0, 0, r->report.records, detail, true);
  if (!st) st = gm_store_verify(s, r->ctx, 0, &r->report.bad_twin, &r->report.bad_seq);
  gm_session_close(a);
  gm_store_close(s);
  return st;
}

/* There is no store yet whose log could say that it was denied. */
static gm_status may(gm_ctx *ctx, const gm_access_who *who)
{
  gm_status st = gm_access_check(ctx, who);
  if (st) return st;
  gm_access_decision d = gm_access_at_store(who, GM_STORE_BACKUP);
  return d.allowed ? GM_OK
                   : gm_fail(ctx, GM_EDENIED, "%s may not %s for %s: %.200s",
                             gm_access_role_name(who->role), gm_store_act_name(GM_STORE_BACKUP),
                             gm_use_name(who->use), d.reason);
}

gm_status gm_store_restore(gm_ctx *ctx, const gm_restore_options *o, const gm_access_who *who,
                           gm_restore_report *out)
{
  assert(ctx && o && o->path && o->to.url && o->to.master && who && out);
  restorer r = {.o = o, .ctx = ctx};
  gm_status st = may(ctx, who);
  if (!st) st = rows_copy(&r);
  if (!st) st = look_over(&r, who);
  gm_free(r.tombstones.at);
  gm_free(r.subjects.at);
  gm_free(r.twins.at);
  if (!st) *out = r.report;
  return st;
}
