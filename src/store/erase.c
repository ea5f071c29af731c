/* erase.c - the end of a subject: its key is destroyed, and what was sealed under it goes; hashes
 * and a tombstone stay, so that the chain can still be checked. */
#include "store/store_internal.h"
#include <assert.h>

/* Bodies become their hashes. */
static gm_status bodies_drop(gm__db *d, gm_ctx *ctx, int64_t subject)
{
  gm__stmt *find, *drop;
  bool row = false;
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT r.twin, r.seq, r.body FROM record r JOIN twin t"
                                " ON t.id = r.twin WHERE t.subject = $1 AND r.body IS NOT NULL"
                                " ORDER BY r.twin, r.seq LIMIT 1",
                                &find);
  if (!st)
    st = gm__db_prepare(
        d, ctx, "UPDATE record SET body = NULL, digest = $1 WHERE twin = $2 AND seq = $3", &drop);
  while (!st) {
    unsigned char digest[GM__HASH_BYTES];
    size_t bytes = 0;
    gm__db_bind_int(find, 1, subject);
    st = gm__db_step(find, ctx, &row);
    if (st || !row) break;
    const void *body = gm__db_bytes(find, 2, &bytes);
    int64_t twin = gm__db_int(find, 0), seq = gm__db_int(find, 1);
    gm__digest(body, bytes, digest);
    gm__db_reset(find);
    gm__db_bind_bytes(drop, 1, digest, sizeof digest);
    gm__db_bind_int(drop, 2, twin);
    gm__db_bind_int(drop, 3, seq);
    st = gm__db_run(drop, ctx);
  }
  return st;
}

static gm_status tombstone(gm__db *d, gm_ctx *ctx, int64_t subject)
{
  gm__stmt *q;
  gm_status st =
      gm__db_prepare(d, ctx, "UPDATE subject SET key = NULL, erased = $1 WHERE id = $2", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, gm__now_us());
  gm__db_bind_int(q, 2, subject);
  return gm__db_run(q, ctx);
}

gm_status gm_store_erase(gm_store *s, gm_ctx *ctx, int64_t subject)
{
  assert(s && ctx);
  gm__db *d = s->writing.db;
  pthread_mutex_lock(&s->key_lock); /* nobody takes its key in hand meanwhile */
  pthread_mutex_lock(&s->writing.lock);
  gm_status st = gm__db_begin(d, ctx);
  if (!st) {
    st = tombstone(d, ctx, subject);
    if (!st) st = bodies_drop(d, ctx, subject);
    if (!st)
      st = gm__db_commit(d, ctx);
    else
      gm__db_rollback(d);
  }
  if (!st) {
    gm__keys_forget(s, subject); /* whether or not the log can be emptied now */
    st = gm__db_clean(d, ctx);
  }
  pthread_mutex_unlock(&s->writing.lock);
  pthread_mutex_unlock(&s->key_lock);
  return st;
}
