/* subject.c - subjects, their keys, their twins, and their end. */
#include "store/store_internal.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

/* ---- the store's own key --------------------------------------------------------------------- */
gm_status gm__store_key(gm_store *s, gm_ctx *ctx)
{
  gm__db *d = s->writing.db;
  gm__stmt *q;
  bool row = false;
  size_t bytes = 0;
  gm_status st = gm__db_begin(d, ctx);
  if (st) return st;
  st = gm__db_prepare(d, ctx, "SELECT key FROM own WHERE id = 0", &q);
  if (!st) st = gm__db_step(q, ctx, &row);
  if (!st && row) {
    const void *wrapped = gm__db_bytes(q, 0, &bytes);
    st = gm__keys_unwrap(ctx, s->master, 0, wrapped, bytes, &s->own);
    gm__db_reset(q);
  } else if (!st) {
    unsigned char wrapped[GM__WRAP_BYTES];
    st = gm__keys_random(ctx, &s->own);
    if (!st) st = gm__keys_wrap(ctx, s->master, 0, s->own, wrapped);
    if (!st) st = gm__db_prepare(d, ctx, "INSERT INTO own (id, key) VALUES (0, $1)", &q);
    if (!st) {
      gm__db_bind_bytes(q, 1, wrapped, sizeof wrapped);
      st = gm__db_run(q, ctx);
    }
  }
  if (!st) return gm__db_commit(d, ctx);
  gm__db_rollback(d);
  return st;
}

/* ---- keys at hand ---------------------------------------------------------------------------- */
/* The place of a twin, or one for it: free, or that which was not used for longest. */
static gm__key_at_hand *place_for(gm_store *s, int64_t twin)
{
  gm__key_at_hand *oldest = &s->key[0];
  for (int32_t i = 0; i < s->key_count; i++) {
    if (s->key[i].twin == twin) return &s->key[i];
    if (s->key[i].used < oldest->used) oldest = &s->key[i];
  }
  if (s->key_count < GM__KEYS_AT_HAND) return &s->key[s->key_count++];
  return oldest;
}

static gm_status key_fetch(gm_store *s, gm_ctx *ctx, int64_t twin, gm__key_at_hand *out)
{
  gm__stmt *q;
  bool row = false;
  size_t bytes = 0;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = gm__db_prepare(s->reading.db, ctx,
                                "SELECT s.id, s.key FROM twin t JOIN subject s ON s.id = t.subject"
                                " WHERE t.id = $1",
                                &q);
  if (!st) {
    gm__db_bind_int(q, 1, twin);
    st = gm__db_step(q, ctx, &row);
  }
  const void *wrapped = !st && row ? gm__db_bytes(q, 1, &bytes) : NULL;
  if (!st && !wrapped)
    st = gm_fail(ctx, GM_ENOTFOUND, row ? "this subject was erased" : "no such twin");
  if (!st) {
    *out = (gm__key_at_hand){.twin = twin, .subject = gm__db_int(q, 0)};
    st = gm__keys_unwrap(ctx, s->master, out->subject, wrapped, bytes, &out->keys);
  }
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}

gm_status gm__twin_keys(gm_store *s, gm_ctx *ctx, int64_t twin, gm__keys **out)
{
  gm_status st = GM_OK;
  pthread_mutex_lock(&s->key_lock);
  gm__key_at_hand *k = place_for(s, twin);
  if (!k->keys || k->twin != twin) {
    gm__key_at_hand fresh = {.twin = twin};
    st = key_fetch(s, ctx, twin, &fresh);
    gm__keys_free(k->keys);
    *k = fresh; /* without keys when it failed */
  }
  k->used = ++s->key_clock;
  *out = gm__keys_hold(k->keys);
  pthread_mutex_unlock(&s->key_lock);
  return st;
}

void gm__keys_forget(gm_store *s, int64_t subject)
{
  for (int32_t i = 0; i < s->key_count; i++)
    if (s->key[i].subject == subject) {
      gm__keys_free(s->key[i].keys);
      s->key[i].keys = NULL;
    }
}

/* ---- subjects and twins ---------------------------------------------------------------------- */
static gm_status name_check(gm_ctx *ctx, const char *what, const char *name)
{
  size_t n = strlen(name);
  return n >= 1 && n <= GM__NAME_MAX
             ? GM_OK
             : gm_fail(ctx, GM_EINVAL, "%s of %zu bytes; 1 to %d are expected", what, n,
                       GM__NAME_MAX);
}

/* A number that tells nothing: random, positive. */
static int64_t number_new(void)
{
  uint64_t v;
  randombytes_buf(&v, sizeof v);
  return (int64_t)(v >> 2) + 1;
}

static gm_status subject_make(gm_store *s, gm_ctx *ctx, const unsigned char *name, int64_t *out)
{
  unsigned char wrapped[GM__WRAP_BYTES];
  gm__keys *k = NULL;
  gm__stmt *q;
  int64_t id = number_new();
  gm_status st = gm__keys_random(ctx, &k);
  if (!st) st = gm__keys_wrap(ctx, s->master, id, k, wrapped);
  gm__keys_free(k);
  if (!st)
    st = gm__db_prepare(s->writing.db, ctx,
                        "INSERT INTO subject (id, name, key, created) VALUES ($1, $2, $3, $4)", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, id);
  gm__db_bind_bytes(q, 2, name, GM__INDEX_BYTES);
  gm__db_bind_bytes(q, 3, wrapped, sizeof wrapped);
  gm__db_bind_int(q, 4, gm__now_us());
  st = gm__db_run(q, ctx);
  if (!st) *out = id;
  return st;
}

/* Number of the row of that name in a transaction; *there false: none. */
static gm_status find(gm__db *d, gm_ctx *ctx, const char *sql, const unsigned char *name,
                      bool *there, int64_t *id, int64_t *other)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(d, ctx, sql, &q);
  if (st) return st;
  gm__db_bind_bytes(q, 1, name, GM__INDEX_BYTES);
  st = gm__db_step(q, ctx, there);
  if (st || !*there) return st;
  *id = gm__db_int(q, 0);
  *other = gm__db_int(q, 1);
  gm__db_reset(q);
  return GM_OK;
}

static gm_status finish(gm__line *l, gm_ctx *ctx, gm_status st)
{
  if (!st)
    st = gm__db_commit(l->db, ctx);
  else
    gm__db_rollback(l->db);
  pthread_mutex_unlock(&l->lock);
  return st;
}

gm_status gm_store_subject(gm_store *s, gm_ctx *ctx, const char *id, bool create, int64_t *out)
{
  assert(s && ctx && id && out);
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t erased = 0;
  gm_status st = name_check(ctx, "a subject's id", id);
  if (st) return st;
  gm__index_of(s->own, id, strlen(id), name);
  pthread_mutex_lock(&s->writing.lock);
  st = gm__db_begin(s->writing.db, ctx);
  if (st) {
    pthread_mutex_unlock(&s->writing.lock);
    return st;
  }
  st = find(s->writing.db, ctx, "SELECT id, erased FROM subject WHERE name = $1", name, &there, out,
            &erased);
  if (!st && there && erased) st = gm_fail(ctx, GM_ENOTFOUND, "this subject was erased");
  if (!st && !there && !create) st = gm_fail(ctx, GM_ENOTFOUND, "no such subject");
  if (!st && !there) st = subject_make(s, ctx, name, out);
  return finish(&s->writing, ctx, st);
}

static gm_status twin_make(gm_store *s, gm_ctx *ctx, int64_t subject, const unsigned char *name,
                           int64_t *out)
{
  static const unsigned char none[GM__HASH_BYTES];
  gm__stmt *q;
  int64_t id = number_new();
  gm_status st = gm__db_prepare(s->writing.db, ctx,
                                "INSERT INTO twin (id, subject, name, created, seq, learned, head)"
                                " VALUES ($1, $2, $3, $4, 0, 0, $5)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, id);
  gm__db_bind_int(q, 2, subject);
  gm__db_bind_bytes(q, 3, name, GM__INDEX_BYTES);
  gm__db_bind_int(q, 4, gm__now_us());
  gm__db_bind_bytes(q, 5, none, sizeof none);
  st = gm__db_run(q, ctx);
  if (!st) *out = id;
  return st;
}

gm_status gm_store_twin(gm_store *s, gm_ctx *ctx, int64_t subject, const char *twin, bool create,
                        int64_t *out)
{
  assert(s && ctx && twin && out);
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t whose = 0;
  gm_status st = name_check(ctx, "a twin's name", twin);
  if (st) return st;
  gm__index_of(s->own, twin, strlen(twin), name);
  pthread_mutex_lock(&s->writing.lock);
  st = gm__db_begin(s->writing.db, ctx);
  if (st) {
    pthread_mutex_unlock(&s->writing.lock);
    return st;
  }
  st = find(s->writing.db, ctx, "SELECT id, subject FROM twin WHERE name = $1", name, &there, out,
            &whose);
  if (!st && there && whose != subject)
    st = gm_fail(ctx, GM_EEXIST, "this twin is another subject's");
  if (!st && !there && !create) st = gm_fail(ctx, GM_ENOTFOUND, "no such twin");
  if (!st && !there) st = twin_make(s, ctx, subject, name, out);
  return finish(&s->writing, ctx, st);
}
