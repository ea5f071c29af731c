/* session.c - somebody at the store: what the consents of a twin let a session do. */
#include "base/clock.h"
#include "store/store_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- rules at hand --------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm__key_at_hand *k;
  int32_t room;
} rules_reader;

static gm_status rules_room(rules_reader *q)
{
  gm__key_at_hand *k = q->k;
  if (k->rule_count < q->room) return GM_OK;
  int32_t room = q->room ? 2 * q->room : 4;
  gm_consent_rule *more = gm_arena_get(k->memory, room, sizeof *more);
  if (!more) return gm_fail(q->ctx, GM_ENOMEM, "consents");
  if (k->rule_count) memcpy(more, k->rule, (size_t)k->rule_count * sizeof *more);
  k->rule = more;
  q->room = room;
  return GM_OK;
}

/* A rule that cannot be read lets nobody in: it may be a denial. */
static gm_status rule_take(void *user, const gm_record_found *r)
{
  rules_reader *q = user;
  if (!r->bytes) return GM_OK; /* withdrawn */
  gm_status st = rules_room(q);
  if (st) return st;
  st = gm_consent_read(q->ctx, r->body, r->bytes, q->k->memory, &q->k->rule[q->k->rule_count]);
  if (st) return gm_fail_at(q->ctx, st, "a consent");
  q->k->rule_count++;
  return GM_OK;
}

static void text_wipe(const char *text)
{
  if (text) sodium_memzero((char *)(uintptr_t)text, strlen(text));
}

void gm__rules_wipe(const gm_consent_rule *rule, int32_t count)
{
  for (int32_t i = 0; i < count; i++) text_wipe(rule[i].actor);
}

static void rules_drop(gm__key_at_hand *k)
{
  gm__rules_wipe(k->rule, k->rule_count);
  gm_arena_free(k->memory);
  k->memory = NULL;
  k->rule = NULL;
  k->rule_count = 0;
  k->consents = -1;
}

void gm__place_drop(gm__key_at_hand *k)
{
  rules_drop(k);
  gm__keys_free(k->keys);
  *k = (gm__key_at_hand){.consents = -1};
}

/* The state of a twin's consents, and whether its subject still is there. */
static gm_status consents_state(gm_store *s, gm_ctx *ctx, int64_t twin, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(s->reading.db, ctx,
                                "SELECT t.consents, s.erased FROM twin t JOIN subject s"
                                " ON s.id = t.subject WHERE t.id = $1",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, twin);
  st = gm__db_step(q, ctx, &row);
  if (st) return st;
  if (!row) return gm_fail(ctx, GM_ENOTFOUND, "no such twin");
  bool erased = gm__db_int(q, 1) != 0;
  *out = gm__db_int(q, 0);
  gm__db_reset(q);
  return erased ? gm_fail(ctx, GM_ENOTFOUND, "this subject was erased") : GM_OK;
}

/* Reads the rules of a twin, key_lock and the reading line held. The state is asked first: a
 * consent that comes in between is read, and found new the next time. */
static gm_status rules_read(gm_store *s, gm_ctx *ctx, gm__key_at_hand *k, int64_t state)
{
  rules_reader r = {.ctx = ctx, .k = k};
  gm_record_query q = {.twin = k->twin, .kind = GM_RECORD_CONSENT};
  rules_drop(k);
  gm_status st = gm_arena_new(s->ctx, 1024, &k->memory); /* outlives the call */
  if (st) st = gm_fail(ctx, st, "consents");
  if (!st) st = gm__records_read(s->reading.db, ctx, k->keys, &q, rule_take, &r);
  if (st)
    rules_drop(k);
  else
    k->consents = state;
  return st;
}

/* fresh: as of now, whoever changed them. Of a subject that another process erased, what is at hand
 * goes. */
static gm_status rules_settle(gm_store *s, gm_ctx *ctx, gm__key_at_hand *k, bool fresh)
{
  int64_t state = 0;
  bool read = k->memory && k->consents >= 0;
  if (!fresh && read) return GM_OK;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = consents_state(s, ctx, k->twin, &state);
  if (st == GM_ENOTFOUND) gm__place_drop(k);
  if (!st && (!read || state != k->consents)) st = rules_read(s, ctx, k, state);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}

void gm__rules_forget(gm_store *s, int64_t twin)
{
  pthread_mutex_lock(&s->key_lock);
  for (int32_t i = 0; i < s->key_count; i++)
    if (s->key[i].twin == twin) gm__place_drop(&s->key[i]);
  pthread_mutex_unlock(&s->key_lock);
}

void gm__subject_forget(gm_store *s, int64_t subject)
{
  pthread_mutex_lock(&s->key_lock);
  for (int32_t i = 0; i < s->key_count; i++)
    if (s->key[i].subject == subject) gm__place_drop(&s->key[i]);
  pthread_mutex_unlock(&s->key_lock);
}

/* ---- what is allowed ------------------------------------------------------------------------- */
static gm_access_decision decide(const gm_session *a, const gm__key_at_hand *k, gm_act act,
                                 int kind, int data_class)
{
  gm_access_ask ask = {.action = act,
                       .kind = (gm_record_kind)kind,
                       .data_class = (gm_data_class)data_class,
                       .own = a->subject && a->subject == k->subject,
                       .now_s = gm__clock_s()};
  return gm_access_decide(&a->who, &ask, k->rule, k->rule_count);
}

gm_status gm__right_at_hand(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act act,
                            gm_record_kind kind, gm_data_class data_class, gm_access_decision *out,
                            int64_t *consents)
{
  gm__key_at_hand *k;
  pthread_mutex_lock(&a->s->key_lock);
  gm_status st = gm__at_hand(a->s, ctx, twin, &k);
  if (!st) st = rules_settle(a->s, ctx, k, false);
  if (!st) {
    *out = decide(a, k, act, kind, data_class);
    *consents = k->consents;
  }
  pthread_mutex_unlock(&a->s->key_lock);
  return st;
}

gm_status gm__rights_of(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act act, gm__rights *out)
{
  gm__key_at_hand *k;
  *out = (gm__rights){0};
  pthread_mutex_lock(&a->s->key_lock);
  gm_status st = gm__at_hand(a->s, ctx, twin, &k);
  if (!st) st = rules_settle(a->s, ctx, k, true);
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT && !st; kind++)
    for (int c = 0; c < GM_CLASS_COUNT; c++) {
      gm_access_decision d = decide(a, k, act, kind, c);
      out->not_allowed[kind][c] = d.allowed ? NULL : d.reason;
      out->emergency |= d.emergency;
    }
  pthread_mutex_unlock(&a->s->key_lock);
  return st;
}

/* act: what was asked, for the log; rest: what follows it for people. */
static gm_status denied(gm_session *a, gm_ctx *ctx, int64_t twin, const char *act, const char *kind,
                        const char *rest, const char *reason)
{
  char detail[400];
  snprintf(detail, sizeof detail, "{\"action\":\"%s\",\"kind\":\"%s\",\"reason\":\"%.200s\"}", act,
           kind, reason);
  gm_status st = gm__audit_put(a, ctx, GM_AUDIT_DENIED, twin, 0, 0, detail, true);
  if (st) return st;
  return gm_fail(ctx, GM_EDENIED, "%s may not %s%s for %s: %.200s",
                 gm_access_role_name(a->who.role), act, rest, gm_use_name(a->who.use), reason);
}

gm_status gm__denied(gm_session *a, gm_ctx *ctx, gm_act act, int64_t twin, int64_t kind,
                     const char *reason)
{
  char rest[60];
  const char *what = kind ? gm_record_kind_name((gm_record_kind)kind) : "any";
  snprintf(rest, sizeof rest, " %s records", what);
  return denied(a, ctx, twin, gm_act_name(act), what, rest, reason);
}

gm_status gm__may(gm_session *a, gm_ctx *ctx, gm_store_act act)
{
  gm_access_decision d = gm_access_at_store(&a->who, act);
  return d.allowed ? GM_OK : denied(a, ctx, 0, gm_store_act_name(act), "none", "", d.reason);
}

bool gm__knows_names(const gm_session *a)
{
  return gm_access_at_store(&a->who, GM_STORE_NAMES).allowed;
}

gm_status gm__may_erase(gm_session *a, gm_ctx *ctx, int64_t subject)
{
  gm_access_ask ask = {
      .action = GM_ACT_ERASE, .own = a->subject && a->subject == subject, .now_s = gm__clock_s()};
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT; kind++)
    for (int c = 0; c < GM_CLASS_COUNT; c++) {
      ask.kind = (gm_record_kind)kind;
      ask.data_class = (gm_data_class)c;
      gm_access_decision d = gm_access_decide(&a->who, &ask, NULL, 0);
      if (!d.allowed) return gm__denied(a, ctx, GM_ACT_ERASE, 0, 0, d.reason);
    }
  return GM_OK;
}

gm_status gm_store_may(gm_session *a, gm_ctx *ctx, int64_t twin, gm_act action, gm_record_kind kind,
                       gm_data_class data_class)
{
  assert(a && ctx && kind > 0 && kind < GM_RECORD_KIND_COUNT && data_class < GM_CLASS_COUNT);
  gm__rights rights;
  gm_status st = gm__rights_of(a, ctx, twin, action, &rights);
  const char *why = st ? NULL : rights.not_allowed[kind][data_class];
  return why ? gm__denied(a, ctx, action, twin, kind, why) : st;
}

/* ---- sessions -------------------------------------------------------------------------------- */
static gm_status text_copy(gm_ctx *ctx, gm_arena *memory, const char *text, const char **out)
{
  *out = NULL;
  if (!text) return GM_OK;
  size_t bytes = strlen(text) + 1;
  char *copy = gm_arena_get(memory, (ptrdiff_t)bytes, 1);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "session");
  memcpy(copy, text, bytes);
  *out = copy;
  return GM_OK;
}

/* A patient's own name and number are among them. */
static void who_wipe(gm_session *a)
{
  text_wipe(a->who.actor);
  text_wipe(a->who.scope);
  text_wipe(a->who.subject);
  text_wipe(a->who.emergency);
}

static gm_status who_copy(gm_session *a, gm_ctx *ctx, const gm_access_who *who)
{
  gm_access_who *w = &a->who;
  *w = (gm_access_who){.role = who->role, .use = who->use};
  gm_status st = gm_arena_new(ctx, 512, &a->memory);
  if (!st) st = text_copy(ctx, a->memory, who->actor, &w->actor);
  if (!st) st = text_copy(ctx, a->memory, who->scope, &w->scope);
  if (!st) st = text_copy(ctx, a->memory, who->subject, &w->subject);
  if (!st) st = text_copy(ctx, a->memory, who->emergency, &w->emergency);
  return st;
}

gm_status gm_session_open(gm_store *s, gm_ctx *ctx, const gm_access_who *who, gm_session **out)
{
  assert(s && ctx && who && out);
  gm_status st = gm_access_check(ctx, who);
  if (st) return st;
  gm_session *a = gm_alloc(ctx, 1, sizeof *a);
  if (!a) return gm_fail(ctx, GM_ENOMEM, "session");
  a->s = s;
  a->number = gm__number_new();
  st = who_copy(a, ctx, who);
  if (!st && who->subject) st = gm__subject_find(s, ctx, who->subject, &a->subject);
  if (!st) st = gm__audit_begin(a, ctx); /* whose row names a patient by its subject's number */
  if (st) {
    gm_session_close(a);
    return st;
  }
  *out = a;
  return GM_OK;
}

void gm_session_close(gm_session *a)
{
  if (!a) return;
  gm__audit_end(a);
  who_wipe(a);
  gm_arena_free(a->memory);
  gm_free(a);
}

gm_store *gm_session_store(const gm_session *a) { return a->s; }
const gm_access_who *gm_session_who(const gm_session *a) { return &a->who; }
