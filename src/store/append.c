/* append.c - records into threads. Callers seal their entries side by side; one committer takes all
 * that wait, writes them in one transaction and wakes their callers when it is on the disk. */
#include "store/append_group.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- chain ----------------------------------------------------------------------------------- */
void gm__digest(const void *body, size_t bytes, unsigned char out[GM__HASH_BYTES])
{
  static const unsigned char none[GM__HASH_BYTES];
  gm__chain(none, body, bytes, out);
}

static unsigned char *put(unsigned char *at, const void *data, size_t bytes)
{
  memcpy(at, data, bytes);
  return at + bytes;
}

void gm__chained(int64_t twin, int64_t seq, int64_t t_learned, int64_t session, const gm__sealed *e,
                 const unsigned char digest[GM__HASH_BYTES], unsigned char out[GM__CHAINED_BYTES])
{
  unsigned char *at = put(out, &twin, 8);
  at = put(at, &seq, 8);
  at = put(at, &e->kind, 8);
  at = put(at, &e->t_true_s, 8);
  at = put(at, &t_learned, 8);
  at = put(at, &session, 8);
  at = put(at, &e->data_class, 8);
  at = put(at, e->series, GM__INDEX_BYTES);
  at = put(at, e->thing, GM__INDEX_BYTES);
  at = put(at, e->version, GM__INDEX_BYTES);
  put(at, digest, GM__HASH_BYTES);
}

/* ---- the committer's side -------------------------------------------------------------------- */
static void group_finish(gm_store *s, gm_ctx *ctx, gm__append *group, gm_status st)
{
  pthread_mutex_lock(&s->queue_lock);
  s->commits += st == GM_OK;
  for (gm__append *a = group, *next; a; a = next) {
    next = a->next; /* a is its caller's as soon as it is done */
    if (st) {
      a->status = st;
      snprintf(a->message, sizeof a->message, "%s", gm_message(ctx));
    }
    a->done = true;
    pthread_cond_signal(&a->finished);
  }
  pthread_mutex_unlock(&s->queue_lock);
}

/* Whoever was in the last commit is likely to come again at once, and whoever is sealing comes
 * soon: a commit waits for them, but never longer than this. A caller alone does not wait. */
enum { GATHER_US = 1000 };

static void gather(gm_store *s)
{
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += GATHER_US * 1000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  int code = 0;
  while (!code && !s->closing &&
         s->waiting < (s->inside > s->last_group ? s->inside : s->last_group))
    code = pthread_cond_timedwait(&s->queue_filled, &s->queue_lock, &until);
}

/* *more false: the store closes. */
static gm__append *group_wait(gm_store *s, bool *more)
{
  pthread_mutex_lock(&s->queue_lock);
  while (!s->first && !s->closing && !s->rows_wait)
    pthread_cond_wait(&s->queue_filled, &s->queue_lock);
  if (s->first) gather(s);
  gm__append *group = s->first;
  *more = group || s->rows_wait;
  s->rows_wait = false;
  s->first = NULL;
  s->last = &s->first;
  s->last_group = s->waiting;
  s->waiting = 0;
  pthread_mutex_unlock(&s->queue_lock);
  return group;
}

/* One large append, or one that meets a damaged page, does not take the others down with it: what
 * did not go together may go one by one. Not where it is unknown what came of a commit, nor where
 * the database is gone or busy: that is so for each of them. */
static bool may_part(const gm__append *group, gm__group_stage reached, gm_status st)
{
  bool unknown = reached == GM__GROUP_COMMIT && st == GM_EIO;
  return group && group->next && reached != GM__GROUP_BEGIN && st != GM_EBUSY && !unknown;
}

static void group_commit(gm_store *s, gm_ctx *ctx, gm__append *group)
{
  gm__group_stage reached;
  gm_status st = gm__group_write(s, ctx, group, &reached);
  bool part = st && may_part(group, reached, st);
  for (gm__append *next; part && group; group = next) {
    next = group->next;
    group->next = NULL;
    st = gm__group_write(s, ctx, group, &reached);
    group_finish(s, ctx, group, st);
    part = !st || reached != GM__GROUP_BEGIN; /* else the database is gone for the rest too */
  }
  if (group || !part) group_finish(s, ctx, group, st);
}

void *gm__committer(void *store)
{
  gm_store *s = store;
  for (bool more = true; more;) {
    gm__append *group = group_wait(s, &more);
    if (!more) break;
    pthread_mutex_lock(&s->writing.lock);
    group_commit(s, s->commit_ctx, group);
    pthread_mutex_unlock(&s->writing.lock);
  }
  return NULL;
}

void gm__committer_wake(gm_store *s)
{
  pthread_mutex_lock(&s->queue_lock);
  s->rows_wait = true;
  pthread_cond_signal(&s->queue_filled);
  pthread_mutex_unlock(&s->queue_lock);
}

/* ---- the callers' side ----------------------------------------------------------------------- */
static gm_status entry_check(gm_ctx *ctx, const gm_entry *e)
{
  const char *text[] = {e->series, e->source, e->id, e->version, e->licence ? e->licence : ""};
  if (e->kind < 1 || e->kind >= GM_RECORD_KIND_COUNT)
    return gm_fail(ctx, GM_EINVAL, "a record of kind %d", (int)e->kind);
  if (e->data_class < 0 || e->data_class >= GM_CLASS_COUNT)
    return gm_fail(ctx, GM_EINVAL, "a record of class %d", (int)e->data_class);
  for (int i = 0; i < 5; i++)
    if (!text[i] || strlen(text[i]) > GM__TEXT_MAX)
      return gm_fail(ctx, GM_EINVAL, "a record's text: at most %d bytes are expected",
                     GM__TEXT_MAX);
  if (!isfinite(e->t_true_s)) return gm_fail(ctx, GM_EDOMAIN, "a record's time is no number");
  return e->bytes <= GM__BODY_MAX
             ? GM_OK
             : gm_fail(ctx, GM_EINVAL, "a record of %zu bytes; at most %d", e->bytes, GM__BODY_MAX);
}

static void text_put(gm_text *t, const char *text)
{
  gm_text_addn(t, text, strlen(text) + 1); /* its NUL parts it from the next */
}

void gm__bound(int64_t twin, int64_t data_class, const unsigned char *thing,
               const unsigned char *version, unsigned char out[GM__BOUND_BYTES])
{
  unsigned char *at = put(out, &twin, 8);
  at = put(at, &data_class, 8);
  at = put(at, thing, GM__INDEX_BYTES);
  put(at, version, GM__INDEX_BYTES);
}

/* Texts of the entry, then the body: sealed together. bound: what the columns say, so that a body
 * cannot be moved to another record. */
static gm_status entry_seal(gm_ctx *ctx, const gm__keys *k, int64_t twin, const gm_entry *e,
                            gm__sealed *out, gm_text *body)
{
  gm_text plain, name;
  const char *licence = e->licence ? e->licence : "";
  /* kinds do not share things: a measurement cannot stand in for a dose or a belief of its id */
  const char *kind = gm_record_kind_name(e->kind);
  size_t name_bytes = strlen(kind) + strlen(e->source) + strlen(e->id) + 3;
  gm_text_init(&plain, ctx);
  gm_text_init(&name, ctx);
  gm__text_reserve(&name, name_bytes);
  gm__text_reserve(&plain, strlen(e->series) + name_bytes + strlen(e->version) + strlen(licence) +
                               3 + e->bytes);
  out->kind = e->kind;
  out->data_class = e->data_class;
  out->t_true_s = e->t_true_s + 0.0; /* -0 would come back as 0 */
  out->at = body->bytes;
  text_put(&name, kind);
  text_put(&name, e->source);
  text_put(&name, e->id);
  if (!name.status) {
    gm__index_of(k, e->series, strlen(e->series), out->series);
    gm__index_of(k, name.data, name.bytes, out->thing);
    gm__index_of(k, e->version, strlen(e->version), out->version);
  }
  text_put(&plain, e->series);
  text_put(&plain, e->source);
  text_put(&plain, e->id);
  text_put(&plain, e->version);
  text_put(&plain, licence);
  gm_text_addn(&plain, e->body, e->bytes);
  gm_status st = plain.status ? plain.status : name.status;
  if (st) st = gm_fail(ctx, st, "sealing a record");
  unsigned char bound[GM__BOUND_BYTES];
  gm__bound(twin, e->data_class, out->thing, out->version, bound);
  if (!st) st = gm__seal(ctx, k, plain.data, plain.bytes, bound, sizeof bound, body);
  out->bytes = body->bytes - out->at;
  gm__text_wipe(&plain);
  gm__text_wipe(&name);
  return st;
}

/* May the session write this? Whether the thing is there already, the committer sees. */
static gm_status entry_allow(gm_session *a, gm_ctx *ctx, int64_t twin, const gm_entry *e,
                             gm__sealed *out, int64_t *consents)
{
  gm_access_decision add, correct;
  gm_status st =
      gm__right_at_hand(a, ctx, twin, GM_ACT_ADD, e->kind, e->data_class, &add, consents);
  if (!st)
    st =
        gm__right_at_hand(a, ctx, twin, GM_ACT_CORRECT, e->kind, e->data_class, &correct, consents);
  if (st) return st;
  out->add = add.allowed ? NULL : add.reason;
  out->correct = correct.allowed ? NULL : correct.reason;
  return !out->add || !out->correct ? GM_OK
                                    : gm__denied(a, ctx, GM_ACT_ADD, twin, e->kind, add.reason);
}

static gm_status append_seal(gm_session *s, gm_ctx *ctx, const gm_entry *entry, gm__append *a)
{
  gm__keys *k = NULL;
  gm_status st = gm__twin_keys(s->s, ctx, a->twin, &k);
  for (int32_t i = 0; i < a->count && !st; i++) {
    st = entry_check(ctx, &entry[i]);
    if (!st) st = entry_allow(s, ctx, a->twin, &entry[i], &a->entry[i], &a->consents);
    if (!st) st = entry_seal(ctx, k, a->twin, &entry[i], &a->entry[i], &a->body);
  }
  gm__keys_free(k);
  return st;
}

static void append_wait(gm_store *s, gm__append *a)
{
  pthread_cond_init(&a->finished, NULL);
  pthread_mutex_lock(&s->queue_lock);
  a->next = NULL;
  *s->last = a;
  s->last = &a->next;
  s->waiting++;
  pthread_cond_signal(&s->queue_filled);
  while (!a->done) pthread_cond_wait(&a->finished, &s->queue_lock);
  pthread_mutex_unlock(&s->queue_lock);
  pthread_cond_destroy(&a->finished);
}

static void inside_change(gm_store *s, int32_t by)
{
  pthread_mutex_lock(&s->queue_lock);
  s->inside += by;
  pthread_cond_signal(&s->queue_filled);
  pthread_mutex_unlock(&s->queue_lock);
}

/* Seals and waits; once more, by the consents of then, when they changed on the way. */
static gm_status append_try(gm_session *s, gm_ctx *ctx, const gm_entry *entry, gm__append *a)
{
  gm_status st = GM_OK;
  do {
    a->body.bytes = 0;
    a->done = a->stale = false;
    a->status = GM_OK;
    st = append_seal(s, ctx, entry, a);
    if (st) return st;
    append_wait(s->s, a);
    if (a->stale || a->status == GM_ENOTFOUND) gm__rules_forget(s->s, a->twin);
  } while (a->stale);
  if (a->status == GM_EDENIED)
    return gm__denied(s, ctx, GM_ACT_CORRECT, a->twin, entry[0].kind, a->message);
  return a->status ? gm_fail(ctx, a->status, "%s", a->message) : GM_OK;
}

/* Nothing to write: whether there is such a twin is said all the same. */
static gm_status twin_known(gm_session *s, gm_ctx *ctx, int64_t twin)
{
  gm__keys *k = NULL;
  gm_status st = gm__twin_keys(s->s, ctx, twin, &k);
  gm__keys_free(k);
  return st;
}

gm_status gm__append_entries(gm_session *s, gm_ctx *ctx, int64_t twin, const gm_entry *entry,
                             int32_t count, gm_receipt *receipt)
{
  gm__append a = {.twin = twin, .session = s->number, .count = count};
  a.consenting = count > 0 && entry[0].kind == GM_RECORD_CONSENT;
  if (!count) return twin_known(s, ctx, twin);
  gm_text_init(&a.body, ctx);
  a.entry = gm_alloc(ctx, count, sizeof *a.entry);
  a.receipt = gm_alloc(ctx, count, sizeof *a.receipt);
  gm_status st = a.entry && a.receipt ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d records", (int)count);
  inside_change(s->s, 1);
  if (!st) st = append_try(s, ctx, entry, &a);
  inside_change(s->s, -1);
  if (!st && receipt) memcpy(receipt, a.receipt, (size_t)count * sizeof *receipt);
  gm_text_free(&a.body);
  gm_free(a.entry);
  gm_free(a.receipt);
  return st;
}

gm_status gm_store_append(gm_session *a, gm_ctx *ctx, int64_t twin, const gm_entry *entry,
                          int32_t count, gm_receipt *receipt)
{
  assert(a && ctx && count >= 0 && (entry || !count));
  for (int32_t i = 0; i < count; i++)
    if (entry[i].kind == GM_RECORD_CONSENT)
      return gm_fail(ctx, GM_EINVAL, "a consent is added by gm_store_consent");
  return gm__append_entries(a, ctx, twin, entry, count, receipt);
}
