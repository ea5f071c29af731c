/* audit_verify.c - the whole audit log, and that the records go through what it says of them. */
#include "store/audit_internal.h"
#include <assert.h>
#include <string.h>

typedef struct {
  gm_store *s;
  gm_ctx *ctx;
  const gm_audit_head *earlier;
  gm__merkle_edge edge; /* of the rows so far */
  gm_audit_finding *f;
} look;

static void row_bad(look *k, int64_t seq, const char *what)
{
  if (k->f->audit_seq) return;
  k->f->audit_seq = seq;
  if (!k->f->what) k->f->what = what;
}

static void twin_bad(look *k, int64_t twin, int64_t seq, const char *what)
{
  if (k->f->twin_seq) return;
  k->f->twin = twin;
  k->f->twin_seq = seq;
  if (!k->f->what) k->f->what = what;
}

/* ---- what rows say of other tables ----------------------------------------------------------- */
/* The answer to a question about two numbers: a hash or a name. */
typedef struct {
  bool row, hashed, named;
  unsigned char hash[GM__HASH_BYTES], name[GM__INDEX_BYTES];
} answer;

static gm_status ask(look *k, const char *sql, int64_t a, int64_t b, answer *out)
{
  gm__stmt *q;
  *out = (answer){.row = false};
  pthread_mutex_lock(&k->s->reading.lock);
  gm_status st = gm__db_prepare(k->s->reading.db, k->ctx, sql, &q);
  if (!st) {
    gm__db_bind_int(q, 1, a);
    gm__db_bind_int(q, 2, b);
    st = gm__db_step(q, k->ctx, &out->row);
  }
  if (!st && out->row) {
    out->hashed = gm__bytes_take(q, 0, out->hash, sizeof out->hash);
    out->named = gm__bytes_take(q, 0, out->name, sizeof out->name);
  }
  if (out->row) gm__db_reset(q);
  pthread_mutex_unlock(&k->s->reading.lock);
  return st;
}

static gm_status anchor_look(void *user, const gm__anchor *a)
{
  look *k = user;
  answer there;
  gm_status st =
      ask(k, "SELECT chain FROM record WHERE twin = $1 AND seq = $2", a->twin, a->seq, &there);
  if (!st && !(there.hashed && !memcmp(there.hash, a->head, sizeof there.hash)))
    twin_bad(k, a->twin, a->seq,
             there.row ? "a twin's records were written anew: they do not meet the audit log"
                       : "records that the audit log knows are missing");
  return st;
}

static gm_status made_look(look *k, const gm_audit_row *r)
{
  static const char twin[] = "SELECT name FROM twin WHERE id = $1 AND subject = $2";
  static const char subject[] = "SELECT name FROM subject WHERE id = $1 AND id = $2";
  char detail[GM__MADE_BYTES];
  answer there;
  gm_status st = r->twin ? ask(k, twin, r->twin, r->subject, &there)
                         : ask(k, subject, r->subject, r->subject, &there);
  gm__made_detail(there.name, detail);
  if (st || (there.named && !strcmp(r->detail, detail))) return st;
  if (r->twin)
    twin_bad(k, r->twin, 1,
             "a twin that the audit log knows is missing, renamed, or another subject's");
  else
    row_bad(k, r->seq, "a subject that the audit log knows is missing, or renamed");
  return GM_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */
static gm_status node_look(void *user, gm_ctx *ctx, int32_t level, int64_t place,
                           const unsigned char hash[GM__MERKLE_BYTES])
{
  look *k = user;
  answer there;
  (void)ctx;
  gm_status st =
      ask(k, "SELECT hash FROM audit_node WHERE level = $1 AND place = $2", level, place, &there);
  if (!st && !(there.hashed && !memcmp(there.hash, hash, sizeof there.hash)))
    row_bad(k, k->edge.size + 1, "a node of the log's hash tree was changed, or a row before it");
  return st;
}

static void earlier_look(look *k)
{
  unsigned char root[GM__MERKLE_BYTES];
  if (!k->earlier || k->earlier->size != k->edge.size) return;
  gm__merkle_root(&k->edge, root);
  if (memcmp(root, k->earlier->root, sizeof root) != 0)
    row_bad(k, k->edge.size ? k->edge.size : 1,
            "the log did not grow from the earlier head: this row or one before it was changed");
}

static gm_status row_look(look *k, const gm__log_row *r)
{
  gm_status st = GM_OK;
  if (r->row.seq != k->edge.size + 1 || !r->fits) {
    row_bad(k, k->edge.size + 1, "a row was changed, removed, put in or moved, or one before it");
    return GM_OK;
  }
  st = gm__merkle_add(&k->edge, k->ctx, r->leaf, node_look, k);
  if (st || k->f->audit_seq) return st;
  earlier_look(k);
  k->f->rows++;
  if (r->row.kind == GM_AUDIT_MADE) return made_look(k, &r->row);
  if (r->row.kind != GM_AUDIT_ANCHOR) return GM_OK;
  st = gm__anchors_read(k->ctx, r->row.detail, r->row.detail_bytes, anchor_look, k);
  if (st != GM_EPARSE) return st;
  row_bad(k, r->row.seq, "a row that no session writes");
  return GM_OK;
}

/* A tree of n leaves has as many full subtrees of two and more as it has leaves beyond the bits of
 * n: more of them are left of rows that are gone. */
static gm_status nodes_look(look *k)
{
  gm__stmt *q;
  bool row = false;
  int64_t rows = 0, nodes = 0;
  pthread_mutex_lock(&k->s->reading.lock);
  gm_status st =
      gm__db_prepare(k->s->reading.db, k->ctx,
                     "SELECT (SELECT COUNT(*) FROM audit), (SELECT COUNT(*) FROM audit_node)", &q);
  if (!st) st = gm__db_step(q, k->ctx, &row);
  if (row) {
    rows = gm__db_int(q, 0);
    nodes = gm__db_int(q, 1);
    gm__db_reset(q);
  }
  pthread_mutex_unlock(&k->s->reading.lock);
  if (!st && nodes != rows - __builtin_popcountll((unsigned long long)rows))
    row_bad(k, k->edge.size + 1, "the log was cut short: its hash tree is of more rows");
  return st;
}

static gm_status log_look(look *k)
{
  gm__log_query q = {.from = INT64_MIN, .to = INT64_MAX};
  gm_status st = GM_OK;
  gm__log_batch *b = gm_alloc(k->ctx, 1, sizeof *b);
  if (!b) return gm_fail(k->ctx, GM_ENOMEM, "rows of the audit log");
  gm_text_init(&b->detail, k->ctx);
  earlier_look(k);
  do {
    pthread_mutex_lock(&k->s->reading.lock);
    st = gm__log_rows(k->s->reading.db, k->ctx, &q, b);
    pthread_mutex_unlock(&k->s->reading.lock);
    for (int32_t i = 0; i < b->count && !st && !k->f->audit_seq; i++) st = row_look(k, &b->row[i]);
    q.from = k->edge.size + 1;
  } while (!st && b->count == GM__LOG_BATCH && !k->f->audit_seq);
  gm_text_free(&b->detail);
  gm_free(b);
  if (!st && k->earlier && k->edge.size < k->earlier->size)
    row_bad(k, k->edge.size + 1, "the log was cut short: an earlier head knows of more rows");
  return st || k->f->audit_seq ? st : nodes_look(k);
}

gm_status gm_audit_verify(gm_store *s, gm_ctx *ctx, const gm_audit_head *earlier,
                          gm_audit_finding *out)
{
  assert(s && ctx && out);
  gm_audit_finding f = {0}, records = {0};
  look k = {.s = s, .ctx = ctx, .earlier = earlier, .f = &f};
  gm_status st = log_look(&k);
  if (!st) st = gm__twins_look(s, ctx, 0, true, &records);
  if (!st && !f.audit_seq && !records.twin_seq) st = gm__file_look(s, ctx);
  if (st) return st;
  f.records = records.records;
  if (records.twin_seq) { /* where a chain breaks is nearer than the anchor it misses */
    f.twin = records.twin;
    f.twin_seq = records.twin_seq;
    if (!f.audit_seq || !f.what) f.what = records.what;
  }
  *out = f;
  return GM_OK;
}
