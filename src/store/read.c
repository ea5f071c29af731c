/* read.c - records out of threads as they were known at a time, and whether any was changed. */
#include "store/store_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */
static const char read_all[] =
    "SELECT r.seq, r.kind, r.t_true, r.learned, r.thing, r.version, r.body FROM record r"
    " LEFT JOIN newer n ON n.twin = r.twin AND n.seq = r.seq"
    " WHERE r.twin = $1 AND r.t_true >= $2 AND r.t_true <= $3 AND r.learned <= $4"
    " AND (n.learned IS NULL OR n.learned > $5) ORDER BY r.t_true, r.seq";
static const char read_kind[] =
    "SELECT r.seq, r.kind, r.t_true, r.learned, r.thing, r.version, r.body FROM record r"
    " LEFT JOIN newer n ON n.twin = r.twin AND n.seq = r.seq"
    " WHERE r.twin = $1 AND r.t_true >= $2 AND r.t_true <= $3 AND r.learned <= $4"
    " AND (n.learned IS NULL OR n.learned > $5) AND r.kind = $6 ORDER BY r.t_true, r.seq";
static const char read_series[] =
    "SELECT r.seq, r.kind, r.t_true, r.learned, r.thing, r.version, r.body FROM record r"
    " LEFT JOIN newer n ON n.twin = r.twin AND n.seq = r.seq"
    " WHERE r.twin = $1 AND r.t_true >= $2 AND r.t_true <= $3 AND r.learned <= $4"
    " AND (n.learned IS NULL OR n.learned > $5) AND r.kind = $6 AND r.series = $7"
    " ORDER BY r.t_true, r.seq";

typedef struct {
  gm_store *s;
  gm_ctx *ctx;
  const gm_record_query *q;
  gm__keys *keys;
  gm_record_listener *listener;
  void *user;
  gm_text plain;
} reader;

/* The next text of a plain record; NULL: it is cut short. */
static const char *text_take(const char **at, const char *end)
{
  const char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));
  if (!nul) return NULL;
  *at = nul + 1;
  return text;
}

static gm_status row_tell(reader *r, const gm__stmt *row)
{
  unsigned char bound[8 + 2 * GM__INDEX_BYTES];
  size_t thing_bytes, version_bytes, bytes;
  const void *thing = gm__db_bytes(row, 4, &thing_bytes);
  const void *version = gm__db_bytes(row, 5, &version_bytes);
  const void *body = gm__db_bytes(row, 6, &bytes);
  if (!body || thing_bytes != GM__INDEX_BYTES || version_bytes != GM__INDEX_BYTES)
    return gm_fail(r->ctx, GM_EPARSE, "record %lld is damaged", (long long)gm__db_int(row, 0));
  memcpy(bound, &r->q->twin, 8);
  memcpy(bound + 8, thing, GM__INDEX_BYTES);
  memcpy(bound + 8 + GM__INDEX_BYTES, version, GM__INDEX_BYTES);
  r->plain.bytes = 0;
  gm_status st = gm__unseal(r->ctx, r->keys, body, bytes, bound, sizeof bound, &r->plain);
  if (st) return gm_fail_at(r->ctx, st, "record %lld", (long long)gm__db_int(row, 0));
  gm_record_found f = {.seq = gm__db_int(row, 0),
                       .kind = (gm_record_kind)gm__db_int(row, 1),
                       .t_true_s = gm__db_real(row, 2),
                       .t_learned = gm__db_int(row, 3)};
  const char *at = r->plain.data, *end = at + r->plain.bytes;
  f.series = text_take(&at, end);
  f.source = f.series ? text_take(&at, end) : NULL;
  f.id = f.source ? text_take(&at, end) : NULL;
  f.version = f.id ? text_take(&at, end) : NULL;
  if (!f.version) return gm_fail(r->ctx, GM_EPARSE, "record %lld is damaged", (long long)f.seq);
  f.body = at;
  f.bytes = (size_t)(end - at);
  return r->listener(r->user, &f);
}

static gm_status rows(reader *r, gm__stmt *s)
{
  bool row = false;
  gm_status st = GM_OK;
  while (!st && !(st = gm__db_step(s, r->ctx, &row)) && row) st = row_tell(r, s);
  if (row) gm__db_reset(s);
  return st;
}

static gm_status ask(reader *r, gm__db *d, gm__stmt **out)
{
  const gm_record_query *q = r->q;
  const char *sql = !q->kind ? read_all : q->series ? read_series : read_kind;
  unsigned char series[GM__INDEX_BYTES];
  bool always = q->from_s == 0 && q->to_s == 0;
  int64_t as_of = q->as_of ? q->as_of : INT64_MAX;
  gm_status st = gm__db_prepare(d, r->ctx, sql, out);
  if (st) return st;
  gm__db_bind_int(*out, 1, q->twin);
  gm__db_bind_real(*out, 2, always ? -INFINITY : q->from_s);
  gm__db_bind_real(*out, 3, always ? INFINITY : q->to_s);
  gm__db_bind_int(*out, 4, as_of);
  /* all versions: none is old before any time */
  gm__db_bind_int(*out, 5, q->all_versions ? -1 : as_of);
  if (q->kind) gm__db_bind_int(*out, 6, q->kind);
  if (sql != read_series) return GM_OK;
  gm__index_of(r->keys, q->series, strlen(q->series), series);
  gm__db_bind_bytes(*out, 7, series, sizeof series);
  st = rows(r, *out); /* while series is there */
  *out = NULL;
  return st;
}

gm_status gm_store_read(gm_store *s, gm_ctx *ctx, const gm_record_query *q,
                        gm_record_listener *listener, void *user)
{
  assert(s && ctx && q && listener);
  reader r = {.s = s, .ctx = ctx, .q = q, .listener = listener, .user = user};
  gm__stmt *statement = NULL;
  gm_text_init(&r.plain, ctx);
  if (q->series && !q->kind) return gm_fail(ctx, GM_EINVAL, "a series is of one kind of record");
  gm_status st = gm__twin_keys(s, ctx, q->twin, &r.keys);
  if (!st) {
    pthread_mutex_lock(&s->reading.lock);
    st = ask(&r, s->reading.db, &statement);
    if (!st && statement) st = rows(&r, statement);
    pthread_mutex_unlock(&s->reading.lock);
  }
  gm__keys_free(r.keys);
  gm__text_wipe(&r.plain);
  return st;
}

/* ---- the chain ------------------------------------------------------------------------------- */
static bool bytes_take(const gm__stmt *row, int column, void *out, size_t want)
{
  size_t bytes = 0;
  const void *data = gm__db_bytes(row, column, &bytes);
  if (!data || bytes != want) return false;
  memcpy(out, data, want);
  return true;
}

/* Does the row follow from the one before? head goes on. */
static bool row_follows(const gm__stmt *row, int64_t twin, int64_t seq, unsigned char *head)
{
  gm__sealed e = {.kind = gm__db_int(row, 1), .t_true_s = gm__db_real(row, 3)};
  unsigned char digest[GM__HASH_BYTES], chain[GM__HASH_BYTES], chained[GM__CHAINED_BYTES];
  size_t bytes = 0;
  bool good = gm__db_int(row, 0) == seq && bytes_take(row, 2, e.series, GM__INDEX_BYTES) &&
              bytes_take(row, 5, e.thing, GM__INDEX_BYTES) &&
              bytes_take(row, 6, e.version, GM__INDEX_BYTES) &&
              bytes_take(row, 9, chain, GM__HASH_BYTES);
  const void *body = gm__db_bytes(row, 7, &bytes);
  if (body)
    gm__digest(body, bytes, digest);
  else
    good = good && bytes_take(row, 8, digest, GM__HASH_BYTES);
  if (!good) return false;
  gm__chained(twin, seq, gm__db_int(row, 4), &e, digest, chained);
  gm__chain(head, chained, sizeof chained, head);
  return !memcmp(head, chain, sizeof chain);
}

static gm_status twin_verify(gm__db *d, gm_ctx *ctx, int64_t twin, int64_t last,
                             const unsigned char *expected, int64_t *bad)
{
  gm__stmt *q;
  unsigned char head[GM__HASH_BYTES] = {0};
  bool row = false;
  int64_t seq = 1;
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT seq, kind, series, t_true, learned, thing, version, body,"
                                " digest, chain FROM record WHERE twin = $1 ORDER BY seq",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, twin);
  for (*bad = 0; !(st = gm__db_step(q, ctx, &row)) && row; seq++)
    if (!row_follows(q, twin, seq, head)) {
      *bad = seq;
      break;
    }
  if (row) gm__db_reset(q);
  if (!st && !*bad && (seq != last + 1 || memcmp(head, expected, sizeof head) != 0))
    *bad = seq; /* records are missing at the end, or the twin's own row was changed */
  return st;
}

typedef struct {
  int64_t twin, seq;
  unsigned char head[GM__HASH_BYTES];
} twin_row;

/* The twin, or the one with the next greater number (after = twin - 1 asks for any). */
static gm_status twin_next(gm__db *d, gm_ctx *ctx, int64_t after, twin_row *t, bool *there)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(
      d, ctx, "SELECT id, seq, head FROM twin WHERE id > $1 ORDER BY id LIMIT 1", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, after);
  st = gm__db_step(q, ctx, there);
  if (st || !*there) return st;
  t->twin = gm__db_int(q, 0);
  t->seq = gm__db_int(q, 1);
  if (!bytes_take(q, 2, t->head, sizeof t->head)) memset(t->head, 0, sizeof t->head);
  gm__db_reset(q);
  return GM_OK;
}

/* All twins from the one after `after` on, or that one alone. */
static gm_status twins_verify(gm__db *d, gm_ctx *ctx, int64_t twin, int64_t *twin_out,
                              int64_t *seq_out)
{
  twin_row t = {0};
  bool there = false;
  gm_status st = twin_next(d, ctx, twin ? twin - 1 : 0, &t, &there);
  if (!st && twin && (!there || t.twin != twin)) st = gm_fail(ctx, GM_ENOTFOUND, "no such twin");
  while (!st && there && !*seq_out) {
    st = twin_verify(d, ctx, t.twin, t.seq, t.head, seq_out);
    if (*seq_out) *twin_out = t.twin;
    if (twin) break;
    if (!st) st = twin_next(d, ctx, t.twin, &t, &there);
  }
  return st;
}

gm_status gm_store_verify(gm_store *s, gm_ctx *ctx, int64_t twin, int64_t *twin_out,
                          int64_t *seq_out)
{
  assert(s && ctx && twin_out && seq_out);
  *twin_out = *seq_out = 0;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = twins_verify(s->reading.db, ctx, twin, twin_out, seq_out);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}
