/* subject.c - subjects, their keys, their twins, and their end. */
#include "base/clock.h"
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
    *out = (gm__key_at_hand){.twin = twin, .subject = gm__db_int(q, 0), .consents = -1};
    st = gm__keys_unwrap(ctx, s->master, out->subject, wrapped, bytes, &out->keys);
  }
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}

gm_status gm__at_hand(gm_store *s, gm_ctx *ctx, int64_t twin, gm__key_at_hand **out)
{
  gm_status st = GM_OK;
  gm__key_at_hand *k = place_for(s, twin);
  if (!k->keys || k->twin != twin) {
    gm__key_at_hand fresh = {.twin = twin, .consents = -1};
    st = key_fetch(s, ctx, twin, &fresh);
    gm__place_drop(k);
    *k = fresh; /* without keys when it failed */
  }
  k->used = ++s->key_clock;
  *out = k;
  return st;
}

gm_status gm__twin_keys(gm_store *s, gm_ctx *ctx, int64_t twin, gm__keys **out)
{
  gm__key_at_hand *k;
  pthread_mutex_lock(&s->key_lock);
  gm_status st = gm__at_hand(s, ctx, twin, &k);
  *out = gm__keys_hold(k->keys);
  pthread_mutex_unlock(&s->key_lock);
  return st;
}

static gm_status subject_keys(gm_store *s, gm_ctx *ctx, int64_t subject, gm__keys **out)
{
  gm__stmt *q;
  bool row = false;
  size_t bytes = 0;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = gm__db_prepare(s->reading.db, ctx, "SELECT key FROM subject WHERE id = $1", &q);
  if (!st) {
    gm__db_bind_int(q, 1, subject);
    st = gm__db_step(q, ctx, &row);
  }
  const void *wrapped = !st && row ? gm__db_bytes(q, 0, &bytes) : NULL;
  if (!st && !wrapped)
    st = gm_fail(ctx, GM_ENOTFOUND, row ? "this subject was erased" : "no such subject");
  if (!st) st = gm__keys_unwrap(ctx, s->master, subject, wrapped, bytes, out);
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}

/* ---- subjects and twins ---------------------------------------------------------------------- */
static gm_status name_check(gm_ctx *ctx, const char *what, const char *name)
{
  size_t n = strlen(name);
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
      return gm_fail(ctx, GM_EINVAL, "%s with a control character", what);
  return n >= 1 && n <= GM__NAME_MAX
             ? GM_OK
             : gm_fail(ctx, GM_EINVAL, "%s of %zu bytes; 1 to %d are expected", what, n,
                       GM__NAME_MAX);
}

int64_t gm__number_new(void)
{
  uint64_t v;
  randombytes_buf(&v, sizeof v);
  return (int64_t)(v >> 2) + 1;
}

/* A name sealed under the subject's key, so that lists can show it. */
static gm_status label_seal(gm_ctx *ctx, const gm__keys *k, int64_t id, const char *name,
                            gm_text *out)
{
  return gm__seal(ctx, k, name, strlen(name), &id, sizeof id, out);
}

static gm_status subject_insert(gm_store *s, gm_ctx *ctx, int64_t id, const unsigned char *name,
                                const unsigned char *wrapped, const gm_text *label)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(s->writing.db, ctx,
                                "INSERT INTO subject (id, name, key, label, created)"
                                " VALUES ($1, $2, $3, $4, $5)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, id);
  gm__db_bind_bytes(q, 2, name, GM__INDEX_BYTES);
  gm__db_bind_bytes(q, 3, wrapped, GM__WRAP_BYTES);
  gm__db_bind_bytes(q, 4, label->data, label->bytes);
  gm__db_bind_int(q, 5, gm__clock_us());
  return gm__db_run(q, ctx);
}

static gm_status subject_make(gm_store *s, gm_ctx *ctx, const char *text, const unsigned char *name,
                              int64_t *out)
{
  unsigned char wrapped[GM__WRAP_BYTES];
  gm__keys *k = NULL;
  gm_text label;
  int64_t id = gm__number_new();
  gm_text_init(&label, ctx);
  gm_status st = gm__keys_random(ctx, &k);
  if (!st) st = gm__keys_wrap(ctx, s->master, id, k, wrapped);
  if (!st) st = label_seal(ctx, k, id, text, &label);
  if (!st) st = subject_insert(s, ctx, id, name, wrapped, &label);
  if (!st) *out = id;
  gm__keys_free(k);
  gm_text_free(&label);
  return st;
}

/* Number of the row of that name; *there false: none. */
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

static gm_status find_outside(gm_store *s, gm_ctx *ctx, const char *sql, const unsigned char *name,
                              bool *there, int64_t *id, int64_t *other)
{
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = find(s->reading.db, ctx, sql, name, there, id, other);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
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

static gm_status begin(gm__line *l, gm_ctx *ctx)
{
  pthread_mutex_lock(&l->lock);
  gm_status st = gm__db_begin(l->db, ctx);
  if (st) pthread_mutex_unlock(&l->lock);
  return st;
}

static const char subject_find[] = "SELECT id, erased FROM subject WHERE name = $1";
static const char twin_find[] = "SELECT id, subject FROM twin WHERE name = $1";

static gm_status subject_new(gm_session *a, gm_ctx *ctx, const char *id, const unsigned char *name,
                             int64_t *out)
{
  gm_store *s = a->s;
  bool there = false;
  int64_t erased = 0;
  gm_status st = gm__may(a, ctx, GM_STORE_MAKE);
  if (!st) st = begin(&s->writing, ctx);
  if (st) return st;
  st = find(s->writing.db, ctx, subject_find, name, &there, out, &erased);
  if (!st && !there) st = subject_make(s, ctx, id, name, out);
  st = finish(&s->writing, ctx, st);
  return st || there ? st : gm__audit_put(a, ctx, GM_AUDIT_MADE, 0, *out, 0, NULL, false);
}

/* *there false: there is none of that id. */
static gm_status subject_look(gm_store *s, gm_ctx *ctx, const char *id,
                              unsigned char name[GM__INDEX_BYTES], bool *there, int64_t *number)
{
  int64_t erased = 0;
  gm__index_of(s->own, id, strlen(id), name);
  gm_status st = find_outside(s, ctx, subject_find, name, there, number, &erased);
  return !st && *there && erased ? gm_fail(ctx, GM_ENOTFOUND, "this subject was erased") : st;
}

gm_status gm__subject_find(gm_store *s, gm_ctx *ctx, const char *id, int64_t *out)
{
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t number = 0;
  gm_status st = name_check(ctx, "a subject's id", id);
  if (!st) st = subject_look(s, ctx, id, name, &there, &number);
  if (!st && !there) st = gm_fail(ctx, GM_ENOTFOUND, "no such subject");
  if (!st) *out = number;
  return st;
}

gm_status gm_store_subject(gm_session *a, gm_ctx *ctx, const char *id, bool create, int64_t *out)
{
  assert(a && ctx && id && out);
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t number = 0;
  gm_status st = name_check(ctx, "a subject's id", id);
  if (!st) st = gm__may(a, ctx, GM_STORE_FIND); /* that a name is known tells something */
  if (!st) st = subject_look(a->s, ctx, id, name, &there, &number);
  if (!st && !there && !create) st = gm_fail(ctx, GM_ENOTFOUND, "no such subject");
  if (!st && !there) st = subject_new(a, ctx, id, name, &number);
  if (!st) *out = number;
  return st;
}

gm_status gm_store_subject_known(gm_session *a, gm_ctx *ctx, const char *id, int64_t *out)
{
  assert(a && ctx && id && out);
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t number = 0, erased = 0;
  gm_status st = name_check(ctx, "a subject's id", id);
  if (!st) st = gm__may(a, ctx, GM_STORE_FIND);
  if (st) return st;
  gm__index_of(a->s->own, id, strlen(id), name);
  st = find_outside(a->s, ctx, subject_find, name, &there, &number, &erased);
  if (!st && !there) st = gm_fail(ctx, GM_ENOTFOUND, "no such subject");
  if (!st) *out = number;
  return st;
}

static gm_status twin_insert(gm_store *s, gm_ctx *ctx, int64_t subject, int64_t id,
                             const unsigned char *name, const gm_text *label)
{
  static const unsigned char none[GM__HASH_BYTES];
  gm__stmt *q;
  gm_status st = gm__db_prepare(s->writing.db, ctx,
                                "INSERT INTO twin (id, subject, name, label, created, seq, learned,"
                                " consents, head) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, id);
  gm__db_bind_int(q, 2, subject);
  gm__db_bind_bytes(q, 3, name, GM__INDEX_BYTES);
  gm__db_bind_bytes(q, 4, label->data, label->bytes);
  gm__db_bind_int(q, 5, gm__clock_us());
  gm__db_bind_bytes(q, 6, none, sizeof none);
  return gm__db_run(q, ctx);
}

static gm_status twin_make(gm_session *a, gm_ctx *ctx, int64_t subject, const char *text,
                           const unsigned char *name, int64_t *out)
{
  gm_store *s = a->s;
  gm__keys *k = NULL;
  gm_text label;
  bool there = false;
  int64_t id = gm__number_new(), whose;
  gm_text_init(&label, ctx);
  gm_status st = gm__may(a, ctx, GM_STORE_MAKE);
  if (!st) st = subject_keys(s, ctx, subject, &k);
  if (!st) st = label_seal(ctx, k, id, text, &label);
  if (!st) st = begin(&s->writing, ctx);
  if (!st) {
    st = find(s->writing.db, ctx, twin_find, name, &there, out, &whose);
    if (!st && there && whose != subject)
      st = gm_fail(ctx, GM_EEXIST, "this twin is another subject's");
    if (!st && !there) st = twin_insert(s, ctx, subject, id, name, &label);
    st = finish(&s->writing, ctx, st);
  }
  gm__keys_free(k);
  gm_text_free(&label);
  if (st || there) return st;
  *out = id;
  return gm__audit_put(a, ctx, GM_AUDIT_MADE, id, subject, 0, NULL, false);
}

/* Is the twin found the one that is asked for? */
static gm_status twin_judge(gm_ctx *ctx, bool there, int64_t whose, int64_t subject, bool create)
{
  if (there && subject && whose != subject)
    return gm_fail(ctx, GM_EEXIST, "this twin is another subject's");
  return there || (create && subject) ? GM_OK : gm_fail(ctx, GM_ENOTFOUND, "no such twin");
}

gm_status gm_store_twin(gm_session *a, gm_ctx *ctx, int64_t subject, const char *twin, bool create,
                        int64_t *out)
{
  assert(a && ctx && twin && out);
  unsigned char name[GM__INDEX_BYTES];
  bool there = false;
  int64_t whose = 0, number = 0;
  gm_status st = name_check(ctx, "a twin's name", twin);
  if (!st) st = gm__may(a, ctx, GM_STORE_FIND);
  if (st) return st;
  gm__index_of(a->s->own, twin, strlen(twin), name);
  st = find_outside(a->s, ctx, twin_find, name, &there, &number, &whose);
  if (!st) st = twin_judge(ctx, there, whose, subject, create);
  if (!st && !there) st = twin_make(a, ctx, subject, twin, name, &number);
  if (!st) *out = number;
  return st;
}

/* ---- looking --------------------------------------------------------------------------------- */
/* A label's text, with its NUL. */
static gm_status label_open(gm_ctx *ctx, const gm__keys *k, int64_t id, const void *sealed,
                            size_t bytes, gm_text *out)
{
  gm_status st = gm__unseal(ctx, k, sealed, bytes, &id, sizeof id, out);
  if (!st) gm_text_addn(out, "", 1);
  return !st && out->status ? gm_fail(ctx, out->status, "a name") : st;
}

/* subject, name: NULL where the session may not know them; the row is there all the same. */
static gm_status look_row(gm_store *s, gm_ctx *ctx, const gm__keys *k, int64_t twin,
                          gm_text *subject, gm_text *name, gm_twin_found *out)
{
  gm__stmt *q;
  bool row = false;
  size_t subject_bytes, name_bytes;
  gm_status st = gm__db_prepare(s->reading.db, ctx,
                                "SELECT t.subject, t.created, t.seq, t.label, s.label FROM twin t"
                                " JOIN subject s ON s.id = t.subject WHERE t.id = $1",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, twin);
  st = gm__db_step(q, ctx, &row);
  if (st) return st;
  if (!row) return gm_fail(ctx, GM_ENOTFOUND, "no such twin");
  const void *name_label = gm__db_bytes(q, 3, &name_bytes);
  const void *subject_label = gm__db_bytes(q, 4, &subject_bytes);
  *out = (gm_twin_found){.twin = twin,
                         .subject = gm__db_int(q, 0),
                         .created_us = gm__db_int(q, 1),
                         .seq = gm__db_int(q, 2)};
  if (!name_label || !subject_label) st = gm_fail(ctx, GM_ENOTFOUND, "this subject was erased");
  if (!st && name) st = label_open(ctx, k, twin, name_label, name_bytes, name);
  if (!st && subject) st = label_open(ctx, k, out->subject, subject_label, subject_bytes, subject);
  gm__db_reset(q);
  return st;
}

gm_status gm_store_twin_look(gm_session *a, gm_ctx *ctx, int64_t twin, gm_twin_listener *listener,
                             void *user)
{
  assert(a && ctx && listener);
  gm_store *s = a->s;
  gm__keys *k = NULL;
  gm_text subject, name;
  gm_twin_found t;
  bool names = gm__knows_names(a);
  gm_status st = gm_store_may(a, ctx, twin, GM_ACT_READ, GM_RECORD_MODEL, GM_CLASS_DERIVED);
  if (!st) st = gm__twin_keys(s, ctx, twin, &k);
  if (st) return st;
  gm_text_init(&subject, ctx);
  gm_text_init(&name, ctx);
  pthread_mutex_lock(&s->reading.lock);
  st = look_row(s, ctx, k, twin, names ? &subject : NULL, names ? &name : NULL, &t);
  pthread_mutex_unlock(&s->reading.lock);
  t.subject_id = names ? subject.data : "";
  t.name = names ? name.data : "";
  if (!st) st = listener(user, &t);
  gm__keys_free(k);
  gm__text_wipe(&subject);
  gm__text_wipe(&name);
  return st;
}
