/* audit_log.c - rows of the audit log on the disk, the hash tree over them, and proofs out of it.
 * Table audit has the rows, each with its leaf hash (column chain); table audit_node has the full
 * subtrees from level 1 up. */
#include "store/audit_internal.h"
#include <assert.h>
#include <string.h>

enum { BYTES = GM__MERKLE_BYTES, NUMBERS = 8 };
static const unsigned char none[BYTES];

/* ---- a row's hash ---------------------------------------------------------------------------- */
static void log_leaf(const gm_audit_row *r, const unsigned char before[BYTES],
                     unsigned char out[BYTES])
{
  const int64_t number[NUMBERS] = {r->seq,  r->t_us,    r->session, (int64_t)r->kind,
                                   r->twin, r->subject, r->count,   (int64_t)r->detail_bytes};
  unsigned char fixed[8 * NUMBERS + BYTES], *at = fixed;
  for (int i = 0; i < NUMBERS; i++) /* lowest byte first, whatever the machine */
    for (int b = 0; b < 8; b++) *at++ = (unsigned char)((uint64_t)number[i] >> (8 * b));
  memcpy(at, before, BYTES);
  gm__merkle_leaf(fixed, sizeof fixed, r->detail ? r->detail : "", r->detail_bytes, out);
}

bool gm__bytes_take(const gm__stmt *row, int column, void *out, size_t want)
{
  size_t bytes = 0;
  const void *data = gm__db_bytes(row, column, &bytes);
  if (!data || bytes != want) return false;
  memcpy(out, data, want);
  return true;
}

/* ---- the tree -------------------------------------------------------------------------------- */
static gm_status damaged(gm__db *d, gm_ctx *ctx)
{
  return gm_fail(ctx, GM_EPARSE, "%s: the audit log is damaged: gemel audit verify says where",
                 gm__db_name(d));
}

static gm_status log_fetch(void *db, gm_ctx *ctx, int32_t level, int64_t place,
                           unsigned char out[BYTES])
{
  static const char leaf[] = "SELECT chain FROM audit WHERE seq = $1";
  static const char node[] = "SELECT hash FROM audit_node WHERE level = $1 AND place = $2";
  gm__db *d = db;
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(d, ctx, level ? node : leaf, &q);
  if (st) return st;
  gm__db_bind_int(q, 1, level ? level : place + 1);
  if (level) gm__db_bind_int(q, 2, place);
  st = gm__db_step(q, ctx, &row);
  if (st) return st;
  bool good = row && gm__bytes_take(q, 0, out, BYTES);
  if (row) gm__db_reset(q);
  return good ? GM_OK : damaged(d, ctx);
}

static gm_status node_put(void *db, gm_ctx *ctx, int32_t level, int64_t place,
                          const unsigned char hash[BYTES])
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(
      db, ctx, "INSERT INTO audit_node (level, place, hash) VALUES ($1, $2, $3)", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, level);
  gm__db_bind_int(q, 2, place);
  gm__db_bind_bytes(q, 3, hash, BYTES);
  return gm__db_run(q, ctx);
}

static gm_status log_size(gm__db *d, gm_ctx *ctx, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(d, ctx, "SELECT COALESCE(MAX(seq), 0) FROM audit", &q);
  if (!st) st = gm__db_step(q, ctx, &row);
  if (st) return st;
  *out = gm__db_int(q, 0);
  gm__db_reset(q);
  return *out >= 0 ? GM_OK : damaged(d, ctx);
}

/* ---- writing --------------------------------------------------------------------------------- */
/* The log as it is now, by whoever wrote last. It stays so until the transaction ends: gm__db_begin
 * lets one writer in at a time, of all processes. */
static gm_status edge_settle(struct gm__audit_store *t, gm__db *d, gm_ctx *ctx)
{
  gm__stmt *q;
  bool row = false, good = true;
  int64_t size = 0;
  unsigned char leaf[BYTES] = {0};
  gm_status st =
      gm__db_prepare(d, ctx, "SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1", &q);
  if (!st) st = gm__db_step(q, ctx, &row);
  if (st) return st;
  if (row) {
    size = gm__db_int(q, 0);
    good = size > 0 && gm__bytes_take(q, 1, leaf, BYTES);
    gm__db_reset(q);
  }
  if (!good) return damaged(d, ctx);
  if (size == t->edge.size && !memcmp(leaf, t->leaf, BYTES)) return GM_OK;
  memcpy(t->leaf, leaf, BYTES);
  return gm__merkle_edge_fetch(ctx, size, log_fetch, d, &t->edge);
}

static gm_status row_put(struct gm__audit_store *t, gm__db *d, gm_ctx *ctx, const gm_audit_row *row)
{
  gm__stmt *q;
  gm_audit_row r = *row;
  r.seq = t->edge.size + 1;
  log_leaf(&r, t->leaf, t->leaf);
  gm_status st = gm__db_prepare(d, ctx,
                                "INSERT INTO audit (seq, t, session, kind, twin, subject, records,"
                                " detail, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, r.seq);
  gm__db_bind_int(q, 2, r.t_us);
  gm__db_bind_int(q, 3, r.session);
  gm__db_bind_int(q, 4, (int64_t)r.kind);
  gm__db_bind_int(q, 5, r.twin);
  gm__db_bind_int(q, 6, r.subject);
  gm__db_bind_int(q, 7, r.count);
  gm__db_bind_bytes(q, 8, r.detail, r.detail_bytes);
  gm__db_bind_bytes(q, 9, t->leaf, BYTES);
  st = gm__db_run(q, ctx);
  return st ? st : gm__merkle_add(&t->edge, ctx, t->leaf, node_put, d);
}

gm_status gm__log_write(struct gm__audit_store *t, gm__db *d, gm_ctx *ctx,
                        const gm__audit_waiting *first, int64_t ticket)
{
  gm_status st = edge_settle(t, d, ctx);
  for (const gm__audit_waiting *w = first; w && !st; w = w->ticket < ticket ? w->next : NULL)
    st = row_put(t, d, ctx, &w->row);
  if (st) t->edge.size = -1; /* fits no log: read again */
  return st;
}

/* ---- rows ------------------------------------------------------------------------------------ */
#define ROWS                                                                                       \
  "SELECT a.seq, a.t, a.session, a.kind, a.twin, a.subject, a.records, a.detail, a.chain, b.chain" \
  " FROM audit a LEFT JOIN audit b ON b.seq = a.seq - 1 WHERE a.seq >= $1 AND a.seq <= $2"
#define END " ORDER BY a.seq LIMIT 64"
static const char rows_all[] = ROWS END;
static const char rows_twin[] = ROWS " AND a.twin = $3" END;
static const char rows_subject[] =
    ROWS " AND (a.twin IN (SELECT id FROM twin WHERE subject = $3) OR a.kind = 0 AND a.session IN"
         " (SELECT session FROM audit WHERE twin IN (SELECT id FROM twin WHERE subject = $3)))" END;
_Static_assert(GM__LOG_BATCH == 64, "the limit in the statements");
_Static_assert(GM_AUDIT_OPEN == 0, "the kind in the statements");

/* A row into the batch; its detail stays an offset, as the text may still grow. */
static void row_take(const gm__stmt *q, gm__log_batch *out)
{
  gm__log_row *r = &out->row[out->count++];
  size_t bytes = 0;
  const char *detail = gm__db_bytes(q, 7, &bytes);
  *r = (gm__log_row){.row = {.seq = gm__db_int(q, 0),
                             .t_us = gm__db_int(q, 1),
                             .session = gm__db_int(q, 2),
                             .kind = (gm_audit_kind)gm__db_int(q, 3),
                             .twin = gm__db_int(q, 4),
                             .subject = gm__db_int(q, 5),
                             .count = gm__db_int(q, 6),
                             .detail = detail ? detail : "",
                             .detail_bytes = bytes}};
  unsigned char leaf[BYTES];
  bool before = gm__bytes_take(q, 9, r->before, BYTES), own = gm__bytes_take(q, 8, r->leaf, BYTES);
  log_leaf(&r->row, r->before, leaf);
  r->fits = own && before == (r->row.seq != 1) && !memcmp(leaf, r->leaf, BYTES) &&
            gm__db_int(q, 3) == (int64_t)r->row.kind;
  gm_text_addn(&out->detail, r->row.detail, bytes);
  gm_text_addn(&out->detail, "", 1);
}

gm_status gm__log_rows(gm__db *d, gm_ctx *ctx, const gm__log_query *ask, gm__log_batch *out)
{
  gm__stmt *q;
  bool row = false;
  const char *sql = ask->twin ? rows_twin : ask->subject ? rows_subject : rows_all;
  out->count = 0;
  out->detail.bytes = 0;
  gm_status st = gm__db_prepare(d, ctx, sql, &q);
  if (st) return st;
  gm__db_bind_int(q, 1, ask->from);
  gm__db_bind_int(q, 2, ask->to);
  if (sql != rows_all) gm__db_bind_int(q, 3, ask->twin ? ask->twin : ask->subject);
  while (out->count < GM__LOG_BATCH && !(st = gm__db_step(q, ctx, &row)) && row) row_take(q, out);
  if (row) gm__db_reset(q);
  if (!st && out->detail.status) st = gm_fail(ctx, out->detail.status, "rows of the audit log");
  const char *at = out->detail.data;
  for (int32_t i = 0; i < out->count && !st; i++) {
    out->row[i].row.detail = at;
    at += out->row[i].row.detail_bytes + 1;
  }
  return st;
}

/* ---- heads and proofs ------------------------------------------------------------------------ */
gm_status gm_audit_head_get(gm_store *s, gm_ctx *ctx, gm_audit_head *out)
{
  assert(s && ctx && out);
  gm__merkle_edge edge;
  int64_t size = 0;
  struct gm__audit_store *t = gm__audit_of(s);
  gm_status st = GM_OK;
  if (t) {
    pthread_mutex_lock(&t->lock);
    st = gm__anchors_put(t, ctx, 0);
    int64_t ticket = t->handed;
    pthread_mutex_unlock(&t->lock);
    if (!st) st = gm__audit_flush(s, ctx, ticket);
  }
  if (st) return st;
  memset(&edge, 0, sizeof edge);
  pthread_mutex_lock(&s->reading.lock);
  st = log_size(s->reading.db, ctx, &size);
  if (!st) st = gm__merkle_edge_fetch(ctx, size, log_fetch, s->reading.db, &edge);
  pthread_mutex_unlock(&s->reading.lock);
  if (st) return st;
  out->size = size;
  gm__merkle_root(&edge, out->root);
  return GM_OK;
}

static void proof_put(const gm__merkle_path *path, int64_t seq, int64_t size, gm_audit_proof *out)
{
  out->seq = seq;
  out->size = size;
  out->count = path->count;
  memcpy(out->path, path->hash, sizeof path->hash);
}
_Static_assert((int)GM__MERKLE_PATH == (int)GM_AUDIT_PATH_MAX &&
                   (int)GM__MERKLE_BYTES == (int)GM_AUDIT_HASH_BYTES,
               "a proof holds every path");

/* The size of the log that is meant, for rows up to `row`. */
static gm_status size_settle(gm__db *d, gm_ctx *ctx, int64_t row, int64_t *size)
{
  int64_t now = 0;
  gm_status st = log_size(d, ctx, &now);
  if (st) return st;
  if (!*size) *size = now;
  if (row < 0 || *size < row)
    return gm_fail(ctx, GM_EINVAL, "row %lld of a log of %lld rows", (long long)row,
                   (long long)*size);
  return *size <= now ? GM_OK
                      : gm_fail(ctx, GM_ENOTFOUND, "the log has %lld rows, not %lld",
                                (long long)now, (long long)*size);
}

gm_status gm_audit_prove(gm_store *s, gm_ctx *ctx, int64_t seq, int64_t size, gm_audit_proof *out)
{
  assert(s && ctx && out);
  gm__merkle_path path = {.count = 0};
  gm__db *d = s->reading.db;
  unsigned char leaf[BYTES];
  if (seq < 1) return gm_fail(ctx, GM_EINVAL, "rows are numbered from 1 on");
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = size_settle(d, ctx, seq, &size);
  if (!st) st = log_fetch(d, ctx, 0, seq - 1, leaf);
  if (!st) st = gm__merkle_prove(ctx, seq - 1, size, log_fetch, d, &path);
  pthread_mutex_unlock(&s->reading.lock);
  if (st) return st;
  proof_put(&path, seq, size, out);
  memcpy(out->leaf, leaf, BYTES);
  return GM_OK;
}

gm_status gm_audit_prove_growth(gm_store *s, gm_ctx *ctx, int64_t earlier, int64_t later,
                                gm_audit_proof *out)
{
  assert(s && ctx && out);
  gm__merkle_path path = {.count = 0};
  gm__db *d = s->reading.db;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = size_settle(d, ctx, earlier, &later);
  if (!st) st = gm__merkle_prove_growth(ctx, earlier, later, log_fetch, d, &path);
  pthread_mutex_unlock(&s->reading.lock);
  if (st) return st;
  proof_put(&path, earlier, later, out);
  memcpy(out->leaf, none, BYTES);
  return GM_OK;
}

bool gm_audit_proof_holds(const gm_audit_proof *p, const gm_audit_head *head)
{
  assert(p && head);
  return p->size == head->size && p->count >= 0 && p->count <= GM_AUDIT_PATH_MAX &&
         gm__merkle_holds(p->leaf, p->seq - 1, p->size, (const unsigned char(*)[BYTES])p->path,
                          p->count, head->root);
}

bool gm_audit_growth_holds(const gm_audit_proof *p, const gm_audit_head *earlier,
                           const gm_audit_head *later)
{
  assert(p && earlier && later);
  return p->seq == earlier->size && p->size == later->size && p->count >= 0 &&
         p->count <= GM_AUDIT_PATH_MAX &&
         gm__merkle_growth_holds(earlier->size, earlier->root, later->size, later->root,
                                 (const unsigned char(*)[BYTES])p->path, p->count);
}
