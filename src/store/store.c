/* store.c - opening and closing a store. */
#include "store/store_internal.h"
#include <assert.h>
#include <time.h>

static gm_status open_lines(gm_store *s, gm_ctx *ctx, const gm_store_options *o)
{
  gm_status st = gm__db_open(ctx, o->url, o->create, &s->writing.db);
  if (!st) st = gm__schema_settle(s->writing.db, ctx);
  if (!st) st = gm__db_open(ctx, o->url, false, &s->reading.db);
  return st;
}

gm_status gm_store_open(gm_ctx *ctx, const gm_store_options *o, gm_store **out)
{
  assert(ctx && o && o->url && o->master && out);
  gm_store *s = gm_alloc(ctx, 1, sizeof *s);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "store");
  s->ctx = ctx;
  s->last = &s->first;
  pthread_mutex_init(&s->writing.lock, NULL);
  pthread_mutex_init(&s->reading.lock, NULL);
  pthread_mutex_init(&s->key_lock, NULL);
  pthread_mutex_init(&s->queue_lock, NULL);
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&s->queue_filled, &clock);
  pthread_condattr_destroy(&clock);
  gm_status st = gm__keys_master(ctx, o->master, &s->master);
  if (!st) st = open_lines(s, ctx, o);
  if (!st) st = gm__store_key(s, ctx);
  if (!st) st = gm_ctx_child(ctx, &s->commit_ctx);
  if (!st) {
    s->started = pthread_create(&s->committer, NULL, gm__committer, s) == 0;
    if (!s->started)
      st = gm_fail(ctx, GM_EIO, "%s: no thread for commits", gm__db_name(s->writing.db));
  }
  if (st) {
    gm_store_close(s);
    return st;
  }
  *out = s;
  return GM_OK;
}

int64_t gm_store_commits(gm_store *s)
{
  pthread_mutex_lock(&s->queue_lock);
  int64_t n = s->commits;
  pthread_mutex_unlock(&s->queue_lock);
  return n;
}

void gm_store_close(gm_store *s)
{
  if (!s) return;
  pthread_mutex_lock(&s->queue_lock);
  s->closing = true;
  pthread_cond_signal(&s->queue_filled);
  pthread_mutex_unlock(&s->queue_lock);
  if (s->started) pthread_join(s->committer, NULL);
  gm__audit_free(s);
  for (int32_t i = 0; i < s->key_count; i++) {
    gm__keys_free(s->key[i].keys);
    gm_arena_free(s->key[i].memory);
  }
  gm__keys_free(s->own);
  gm__keys_free(s->master);
  gm_ctx_free(s->commit_ctx);
  gm__db_close(s->writing.db);
  gm__db_close(s->reading.db);
  pthread_cond_destroy(&s->queue_filled);
  pthread_mutex_destroy(&s->queue_lock);
  pthread_mutex_destroy(&s->key_lock);
  pthread_mutex_destroy(&s->reading.lock);
  pthread_mutex_destroy(&s->writing.lock);
  gm_free(s);
}
