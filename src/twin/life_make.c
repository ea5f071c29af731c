/* life_make.c - how a twin begins in a store: subject, consents, and last of all its model. */
#include "base/clock.h"
#include "twin/life_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- our own work ---------------------------------------------------------------------------- */
enum { ACTOR_BYTES = 200 };

static gm_access_who engine_who(const gm_session *user, char actor[ACTOR_BYTES])
{
  const gm_access_who *who = gm_session_who(user);
  snprintf(actor, ACTOR_BYTES, "gemel for %.180s", who->actor);
  return (gm_access_who){.role = GM_AS_ENGINE, .use = who->use, .actor = actor};
}

gm_status gm__engine_open(gm_session *user, gm_ctx *ctx, gm_session **out)
{
  char actor[ACTOR_BYTES];
  gm_access_who own = engine_who(user, actor);
  return gm_session_open(gm_session_store(user), ctx, &own, out);
}

gm_status gm__life_takes(gm_ctx *ctx, const gm_definition *d)
{
  return d->occasion_effect_count
             ? gm_fail(ctx, GM_EUNSUPPORTED,
                       "%s: effects by occasion; data in a store have no occasions yet", d->path)
             : GM_OK;
}

/* ---- consents -------------------------------------------------------------------------------- */
static void consent_id(int32_t i, char id[32]) { snprintf(id, 32, "consent %d", (int)i + 1); }

static gm_status consents_put(gm_ctx *ctx, gm_session *a, int64_t twin, const gm__beginning *b)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < b->rule_count && !st; i++) {
    char id[32];
    consent_id(i, id);
    st = gm_store_consent(a, ctx, twin, id, &b->rule[i]);
  }
  return st;
}

static gm_status rules_check(gm_ctx *ctx, const gm_life_new *n)
{
  gm_text scratch;
  gm_status st = GM_OK;
  gm_text_init(&scratch, ctx);
  for (int32_t i = 0; i < n->consent_count && !st; i++)
    st = gm_consent_body(ctx, &n->consent[i], &scratch);
  gm_text_free(&scratch);
  return st;
}

/* What the store will say to our own session when it writes the model and opens it, by the same
 * table (gm_access_decide): told before anything is made. */
static gm_status consents_check(gm_ctx *ctx, const gm_life_options *o, const gm_life_new *n)
{
  static const gm_act act[] = {GM_ACT_ADD, GM_ACT_READ};
  char actor[ACTOR_BYTES];
  gm_access_who engine = engine_who(o->session, actor);
  gm_status st = rules_check(ctx, n);
  for (int i = 0; i < 2 && !st; i++) {
    gm_access_ask ask = {.action = act[i],
                         .kind = GM_RECORD_MODEL,
                         .data_class = GM_CLASS_DERIVED,
                         .now_s = gm__clock_s()};
    gm_access_decision d = gm_access_decide(&engine, &ask, n->consent, n->consent_count);
    if (!d.allowed)
      st = gm_fail(ctx, GM_EDENIED, "the consents given do not let a twin be kept for %s: %s",
                   gm_use_name(engine.use), d.reason);
  }
  return st;
}

/* ---- what was begun before ------------------------------------------------------------------- */
static gm_status model_hear(void *user, const gm_record_found *r)
{
  (void)r;
  *(bool *)user = true;
  return GM_OK;
}

/* Are the consents of the thread, in all their versions, the first ones of those to be given? */
typedef struct {
  gm_ctx *ctx;
  const gm__beginning *b;
  int32_t count;
  bool same;
} comparer;

static gm_status consent_hear(void *user, const gm_record_found *r)
{
  comparer *k = user;
  gm_text body;
  char id[32];
  int32_t i = k->count++;
  k->same = k->same && i < k->b->rule_count;
  if (!k->same) return GM_OK;
  consent_id(i, id);
  gm_text_init(&body, k->ctx);
  gm_status st = gm_consent_body(k->ctx, &k->b->rule[i], &body);
  k->same = !st && !strcmp(id, r->id) && body.bytes == r->bytes &&
            !memcmp(body.data, r->body, body.bytes);
  gm_text_free(&body);
  return st;
}

/* Our own session may not look: either nothing was made yet that it could look at, because not all
 * consents were written, or the patient has closed a twin that is whole. */
static gm_status consents_cut(gm_ctx *ctx, int64_t twin, const gm__beginning *b, bool *out)
{
  comparer k = {.ctx = ctx, .b = b, .same = true};
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_CONSENT, .all_versions = true};
  gm_status st = gm_store_read(b->user, ctx, &q, consent_hear, &k);
  *out = !st && k.same && k.count < b->rule_count;
  if (st == GM_EDENIED) {
    gm_message_clear(ctx);
    return GM_OK;
  }
  return st;
}

/* The model is written last: a twin without it was not finished. */
static gm_status is_unfinished(gm_ctx *ctx, int64_t twin, const gm__beginning *b, bool *out)
{
  bool whole = false;
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_MODEL};
  gm_status st = gm_store_read(b->engine, ctx, &q, model_hear, &whole);
  *out = !st && !whole;
  if (st != GM_EDENIED) return st;
  gm_message_clear(ctx);
  return consents_cut(ctx, twin, b, out);
}

/* *twin 0: there is none of this name. Fails: GM_EEXIST, there is a whole one, or another's. */
static gm_status begun_find(gm_ctx *ctx, const gm__beginning *b, int64_t *twin)
{
  bool unfinished = false;
  gm_status st = gm_store_twin(b->user, ctx, b->subject, b->twin, false, twin);
  if (st == GM_ENOTFOUND) {
    gm_message_clear(ctx);
    *twin = 0;
    return GM_OK;
  }
  if (!st) st = is_unfinished(ctx, *twin, b, &unfinished);
  if (!st && !unfinished) st = gm_fail(ctx, GM_EEXIST, "twin %s is there already", b->twin);
  return st;
}

gm_status gm__life_begin(gm_ctx *ctx, const gm__beginning *b, int64_t *twin)
{
  int64_t into = 0;
  gm_status st = begun_find(ctx, b, &into);
  if (!st && !into) st = gm_store_twin(b->user, ctx, b->subject, b->twin, true, &into);
  if (!st) st = consents_put(ctx, b->user, into, b);
  if (!st) *twin = into;
  return st;
}

/* ---- making ---------------------------------------------------------------------------------- */
/* The subject's number. A name that is taken makes no subject. */
static gm_status subject_find(gm_ctx *ctx, const gm_life_options *o, const gm_life_new *n,
                              int64_t *out)
{
  int64_t twin = 0;
  gm_status st = gm_store_twin(o->session, ctx, 0, o->twin, false, &twin);
  bool there = !st;
  if (st && st != GM_ENOTFOUND) return st;
  gm_message_clear(ctx);
  st = gm_store_subject(o->session, ctx, n->subject, !there, out);
  if (st != GM_ENOTFOUND || !there) return st;
  return gm_fail(ctx, GM_EEXIST, "twin %s is there already", o->twin);
}

static gm_status twin_make(gm_ctx *ctx, const gm_life_options *o, const gm_life_new *n,
                           gm_definition *d, gm_arena *memory)
{
  int64_t twin = 0;
  gm__model_record m = {
      .origin_s = n->origin_s, .seed = n->seed, .members = n->members, .follow = n->follow};
  gm__beginning b = {
      .user = o->session, .twin = o->twin, .rule = n->consent, .rule_count = n->consent_count};
  gm_status st = gm__life_takes(ctx, d);
  if (!st) st = consents_check(ctx, o, n);
  if (!st) st = gm__model_store(o->session, ctx, n->definition, d, memory, &m);
  if (!st) st = subject_find(ctx, o, n, &b.subject);
  if (!st) st = gm__engine_open(o->session, ctx, &b.engine);
  if (!st) st = gm__life_begin(ctx, &b, &twin);
  if (!st) st = gm__model_write(b.engine, ctx, twin, &m, 0, gm__clock_s(), NULL);
  gm_session_close(b.engine);
  return st;
}

gm_status gm_life_make(gm_ctx *ctx, const gm_life_options *o, const gm_life_new *n)
{
  assert(ctx && o && o->session && o->twin && n && n->subject && n->definition);
  gm_definition *d = NULL;
  gm_arena *memory = NULL;
  gm_status st = gm_definition_read(ctx, n->definition, &d);
  if (!st) st = gm_arena_new(ctx, 4096, &memory);
  if (!st) st = twin_make(ctx, o, n, d, memory);
  gm_definition_free(d);
  gm_arena_free(memory);
  return st;
}
