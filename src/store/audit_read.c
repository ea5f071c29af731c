/* audit_read.c - rows of the audit log for those who may see them. */
#include "store/audit_internal.h"
#include <assert.h>

/* *subject: whose rows alone are seen, a patient's own; 0: all. */
static gm_status may_read(gm_session *a, gm_ctx *ctx, int64_t twin, int64_t *subject)
{
  gm__stmt *q;
  bool row = false, own = false;
  *subject = a->subject;
  gm_status st = gm__may(a, ctx, GM_STORE_AUDIT);
  if (st || !twin || !a->subject) return st;
  pthread_mutex_lock(&a->s->reading.lock);
  st = gm__db_prepare(a->s->reading.db, ctx, "SELECT subject FROM twin WHERE id = $1", &q);
  if (!st) {
    gm__db_bind_int(q, 1, twin);
    st = gm__db_step(q, ctx, &row);
    own = !st && row && gm__db_int(q, 0) == a->subject;
    if (row) gm__db_reset(q);
  }
  pthread_mutex_unlock(&a->s->reading.lock);
  if (st || own) return st;
  return gm__denied(a, ctx, GM_ACT_READ, twin, 0, "this twin is not the patient's own");
}

/* What was handed in is there to be read. */
static gm_status flush(gm_session *a, gm_ctx *ctx)
{
  struct gm__audit_store *t = gm__audit_of(a->s);
  pthread_mutex_lock(&t->lock);
  int64_t ticket = t->handed;
  pthread_mutex_unlock(&t->lock);
  return gm__audit_flush(a->s, ctx, ticket);
}

static gm_status batch_tell(gm_ctx *ctx, const gm__log_batch *b, gm_audit_listener *listener,
                            void *user)
{
  for (int32_t i = 0; i < b->count; i++) {
    if (!b->row[i].fits)
      return gm_fail(ctx, GM_EPARSE, "row %lld of the audit log was changed",
                     (long long)b->row[i].row.seq);
    gm_status st = listener(user, &b->row[i].row);
    if (st) return st;
  }
  return GM_OK;
}

gm_status gm_audit_read(gm_session *a, gm_ctx *ctx, int64_t from, int64_t to, int64_t twin,
                        gm_audit_listener *listener, void *user)
{
  assert(a && ctx && listener);
  gm__log_query q = {.from = from, .to = to ? to : INT64_MAX, .twin = twin};
  int64_t told = 0;
  gm_status st = may_read(a, ctx, twin, &q.subject);
  if (!st) st = flush(a, ctx);
  if (st) return st;
  gm__log_batch *b = gm_alloc(ctx, 1, sizeof *b);
  if (!b) return gm_fail(ctx, GM_ENOMEM, "rows of the audit log");
  gm_text_init(&b->detail, ctx);
  do {
    pthread_mutex_lock(&a->s->reading.lock);
    st = gm__log_rows(a->s->reading.db, ctx, &q, b);
    pthread_mutex_unlock(&a->s->reading.lock);
    if (!st) st = batch_tell(ctx, b, listener, user);
    told += b->count;
    if (b->count) q.from = b->row[b->count - 1].row.seq + 1;
  } while (!st && b->count == GM__LOG_BATCH);
  gm_text_free(&b->detail);
  gm_free(b);
  gm_status logged =
      gm__audit_put(a, ctx, GM_AUDIT_READ, twin, 0, told, "{\"of\":\"audit log\"}", false);
  return st ? st : logged;
}
