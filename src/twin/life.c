/* life.c - a twin in a store: made, opened, told of facts, kept true. */
#include "base/clock.h"
#include "base/json_write.h"
#include "store/crypt.h"
#include "twin/life_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORECAST_TIMES = 49 };

/* ---- records of our own ---------------------------------------------------------------------- */
gm_status gm__life_put(gm_life *l, gm_ctx *ctx, gm_record_kind kind, const char *series,
                       const char *id, const char *version, double t_s, const gm_text *body,
                       gm_receipt *receipt)
{
  gm_entry e = {.kind = kind,
                .series = series,
                .t_true_s = t_s,
                .source = "gemel",
                .id = id,
                .version = version,
                .body = body->data ? body->data : "",
                .bytes = body->bytes,
                .data_class = GM_CLASS_DERIVED};
  if (body->status) return gm_fail(ctx, body->status, "a record");
  if (l->as_of) return gm_fail(ctx, GM_EINVAL, "a twin as it was is not written to");
  gm_session *a = kind == GM_RECORD_DECISION ? l->session : l->engine;
  gm_receipt own = {0};
  gm_status st = gm_store_append(a, ctx, l->twin, &e, 1, &own);
  if (st) return st;
  bool alone = !own.already && own.seq == l->seq_seen + 1; /* nobody wrote in between */
  if (alone) l->seq_seen = own.seq;
  gm__whose_wrote(l, &own, 1);
  if (receipt) *receipt = own;
  return GM_OK;
}

gm_status gm__life_may_read(gm_life *l, gm_ctx *ctx, gm_record_kind kind)
{
  return gm_store_may(l->session, ctx, l->twin, GM_ACT_READ, kind, GM_CLASS_DERIVED);
}

/* ---- opening --------------------------------------------------------------------------------- */
static gm_status name_hear(void *user, const gm_twin_found *t)
{
  gm_life *l = user;
  if (t->twin != l->twin) return GM_OK;
  l->subject = t->subject;
  l->subject_id = gm_strdup(l->ctx, t->subject_id);
  return l->subject_id ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "twin");
}

static gm_status open_parts(gm_life *l, gm_ctx *ctx)
{
  gm_status st = l->twin ? GM_OK : gm_store_twin(l->session, ctx, 0, l->name, false, &l->twin);
  if (!st) st = gm__engine_open(l->session, ctx, &l->engine);
  const gm_access_who *who = gm_session_who(l->session);
  l->reads = who->role == GM_AS_PATIENT ? l->session : l->engine;
  l->names = gm_access_at_store(who, GM_STORE_NAMES).allowed;
  if (!st) st = gm_store_twin_look(l->reads, ctx, l->twin, name_hear, l);
  if (!st) st = gm_arena_new(ctx, 4096, &l->memory);
  return st ? st : gm__model_open(l, ctx);
}

gm_status gm_life_open(gm_ctx *ctx, const gm_life_options *o, gm_life **out)
{
  assert(ctx && o && o->session && (o->twin || o->number) && out);
  gm_life *l = gm_alloc(ctx, 1, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "twin");
  *l = (gm_life){.ctx = ctx,
                 .session = o->session,
                 .pool = o->pool,
                 .watch = o->watch,
                 .as_of = o->as_of,
                 .twin = o->twin ? 0 : o->number,
                 .belief_s = NAN};
  char number[32];
  snprintf(number, sizeof number, "%lld", (long long)o->number);
  l->name = gm_strdup(ctx, o->twin ? o->twin : number);
  gm_status st = l->name ? open_parts(l, ctx) : gm_fail(ctx, GM_ENOMEM, "twin");
  if (st) {
    gm_life_free(l);
    return st;
  }
  *out = l;
  return GM_OK;
}

void gm_life_free(gm_life *l)
{
  if (!l) return;
  gm__life_subject_free(l);
  gm__thread_free(&l->thread);
  gm_definition_free(l->definition);
  gm_arena_free(l->memory);
  gm_free(l->skill);
  gm_free(l->whose.pair);
  gm_free(l->name);
  gm_free(l->subject_id);
  gm_session_close(l->engine);
  gm_free(l);
}

const gm_definition *gm_life_definition(const gm_life *l) { return l->definition; }
const char *gm_life_subject_id(const gm_life *l) { return l->names ? l->subject_id : ""; }
int64_t gm_life_twin(const gm_life *l) { return l->twin; }
double gm_life_origin_s(const gm_life *l) { return l->origin_s; }

static gm_status seq_hear(void *user, const gm_twin_found *t)
{
  *(int64_t *)user = t->seq;
  return GM_OK;
}

gm_status gm__life_seq(gm_life *l, gm_ctx *ctx, int64_t *out)
{
  return gm_store_twin_look(l->reads, ctx, l->twin, seq_hear, out);
}

gm_status gm__life_settle(gm_life *l, gm_ctx *ctx, bool keep)
{
  int64_t seq = 0;
  gm_status st = gm__life_seq(l, ctx, &seq);
  if (st || (l->read && (l->as_of || seq == l->seq_seen))) return st;
  l->read = false;
  l->seq_seen = seq;
  st = gm__thread_read(l, ctx);
  if (!st) st = gm__life_judge(l, ctx, keep && !l->as_of);
  if (!st) st = gm__life_subject(l, ctx);
  if (!st) st = gm__belief_read(l, ctx);
  l->read = !st;
  return st;
}

/* ---- facts in -------------------------------------------------------------------------------- */
static gm_status fact_entry(gm_life *l, gm_ctx *ctx, const gm_fact *f, gm_text *bodies, gm_entry *e)
{
  double value;
  if (f->kind != GM_RECORD_OBSERVATION && f->kind != GM_RECORD_GIVEN &&
      f->kind != GM_RECORD_ORDERED && f->kind != GM_RECORD_REPORTED &&
      f->kind != GM_RECORD_COVARIATE)
    return gm_fail(ctx, GM_EINVAL, "a record of this kind is no fact");
  gm_status st = f->withdrawn ? GM_OK : gm_fact_value(ctx, l->definition, f, &value);
  size_t begin = bodies->bytes;
  if (!st) st = gm_fact_body(ctx, f, bodies);
  *e = (gm_entry){.kind = f->kind,
                  .series = f->series,
                  .t_true_s = f->t_true_s,
                  .source = f->source,
                  .id = f->id,
                  .version = f->version,
                  .bytes = bodies->bytes - begin,
                  .data_class = f->data_class,
                  .licence = f->licence};
  return st;
}

static bool is_input(gm_record_kind k)
{
  return k == GM_RECORD_OBSERVATION || k == GM_RECORD_GIVEN || k == GM_RECORD_COVARIATE;
}

static void intake_count(const gm_life *l, const gm_fact *fact, const gm_receipt *receipt,
                         int32_t count, gm_life_intake *out)
{
  for (int32_t i = 0; i < count; i++) {
    if (receipt[i].already)
      out->already++;
    else
      out->taken++;
    if (!receipt[i].already && is_input(fact[i].kind) && fact[i].t_true_s <= l->belief_s)
      out->late++;
  }
}

static gm_status entries_append(gm_life *l, gm_ctx *ctx, const gm_fact *fact, int32_t count,
                                gm_text *bodies, gm_receipt *receipt)
{
  gm_entry *e = gm_alloc(ctx, count, sizeof *e);
  gm_status st = e ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d facts", (int)count);
  for (int32_t i = 0; i < count && !st; i++) st = fact_entry(l, ctx, &fact[i], bodies, &e[i]);
  const char *at = bodies->data;
  for (int32_t i = 0; i < count && !st; at += e[i++].bytes) e[i].body = at;
  if (!st && count) st = gm_store_append(l->session, ctx, l->twin, e, count, receipt);
  gm_free(e);
  return st;
}

static gm_status facts_append(gm_life *l, gm_ctx *ctx, const gm_fact *fact, int32_t count,
                              const gm_life_add_options *o, gm_receipt *receipt)
{
  gm_text bodies;
  int32_t pairs = l->whose.count;
  gm_status st = gm__whose_check(l, ctx, fact, count, o);
  gm_text_init(&bodies, ctx);
  if (!st) st = entries_append(l, ctx, fact, count, &bodies, receipt);
  if (st)
    l->whose.count = pairs;
  else
    gm__whose_wrote(l, receipt, count);
  gm__text_wipe(&bodies);
  return st;
}

gm_status gm_life_add(gm_life *l, gm_ctx *ctx, const gm_fact *fact, int32_t count,
                      const gm_life_add_options *o, gm_life_intake *intake)
{
  assert(l && ctx && (fact || !count) && intake);
  gm_life_intake sum = {0};
  if (l->as_of) return gm_fail(ctx, GM_EINVAL, "a twin as it was takes no facts");
  gm_status st = gm__belief_peek(l, ctx); /* so that what is late is known */
  if (!st) st = gm__whose_read(l, ctx);
  if (st) return st;
  gm_receipt *receipt = gm_alloc(ctx, count, sizeof *receipt);
  if (!receipt) return gm_fail(ctx, GM_ENOMEM, "%d facts", (int)count);
  st = facts_append(l, ctx, fact, count, o, receipt);
  if (!st) {
    intake_count(l, fact, receipt, count, &sum);
    l->read = l->read && !sum.taken;
    *intake = sum;
  }
  gm_free(receipt);
  return st;
}

/* ---- forecasts ------------------------------------------------------------------------------- */
static gm_status belief_needed(gm_life *l, gm_ctx *ctx)
{
  gm_status st = gm__life_settle(l, ctx, false);
  if (!st) st = gm__life_whole(l, ctx);
  return st || l->belief ? st : gm_fail(ctx, GM_ENOTFOUND, "twin %s has no belief yet", l->name);
}

/* Even times, and those at which the definition says how good it must be. */
static int32_t times_make(const gm_life *l, double horizon, double *time)
{
  const gm_definition *d = l->definition;
  double now = l->belief->t_now;
  int32_t n = 0;
  for (int i = 0; i < FORECAST_TIMES; i++) time[n++] = now + horizon * i / (FORECAST_TIMES - 1);
  for (int32_t i = 0; i < d->need_count; i++) {
    double t = now + d->need[i].at;
    int32_t at = n;
    bool there = !(d->need[i].at > 0 && d->need[i].at <= horizon);
    for (int32_t j = 0; j < n; j++) there = there || time[j] == t;
    if (there) continue;
    for (; at > 0 && time[at - 1] > t; at--) time[at] = time[at - 1];
    time[at] = t;
    n++;
  }
  return n;
}

/* Of a settled life with a belief. */
static gm_status forecast_make(gm_life *l, gm_ctx *ctx, const gm_plan *plan, double horizon,
                               gm_forecast **out)
{
  double *time = gm_alloc(ctx, FORECAST_TIMES + l->definition->need_count, sizeof *time);
  if (!time) return gm_fail(ctx, GM_ENOMEM, "forecast");
  gm_forecast_request q = {.plan = plan->event,
                           .plan_count = plan->event_count,
                           .time = time,
                           .time_count = times_make(l, horizon, time)};
  gm_status st = gm_forecast_make(ctx, l->belief, &q, out);
  gm_free(time);
  return st;
}

static gm_status forecast_keep(gm_life *l, gm_ctx *ctx, const gm_plan *plan, double horizon,
                               gm_forecast **out, gm_receipt *receipt)
{
  gm_plan own = {.action = -1};
  gm_forecast *f = NULL;
  gm_status st = belief_needed(l, ctx);
  if (st) return st;
  if (isnan(horizon)) horizon = gm_plan_horizon(l->definition);
  if (!(horizon > 0)) return gm_fail(ctx, GM_ERANGE, "a horizon above 0 is expected");
  if (!plan) st = gm_plan_as_it_is(ctx, l->belief, l->belief->t_now + horizon, &own);
  if (!plan) plan = &own;
  if (!st) st = forecast_make(l, ctx, plan, horizon, &f);
  if (!st && !l->as_of) st = gm__forecast_write(l, ctx, f, plan, receipt);
  gm_plan_free(&own);
  if (st)
    gm_forecast_free(f);
  else
    *out = f;
  return st;
}

gm_status gm_life_forecast(gm_life *l, gm_ctx *ctx, const gm_plan *plan, double horizon,
                           gm_forecast **out, gm_receipt *receipt)
{
  assert(l && ctx && out);
  gm_status st = gm__life_may_read(l, ctx, GM_RECORD_FORECAST);
  return st ? st : forecast_keep(l, ctx, plan, horizon, out, receipt);
}

/* ---- keeping it true ------------------------------------------------------------------------- */
static void data_count(const gm_life *l, gm_life_update *u)
{
  for (int32_t i = 0; i < l->thread.count; i++) {
    const gm__known *k = &l->thread.known[i];
    if (k->f.kind != GM_RECORD_OBSERVATION) continue;
    u->held_out += !(k->weight > 0);
    u->down_weighted += k->weight > 0 && k->weight < 1;
  }
}

static gm_status belief_make(gm_life *l, gm_ctx *ctx, double t_now)
{
  unsigned char digest[32];
  uint64_t context;
  gm__life_model_digest(l, digest);
  memcpy(&context, digest, sizeof context);
  gm_twin_options o = {.t_now = t_now,
                       .members = l->model.members,
                       .follow = l->model.follow,
                       .seed = l->model.seed,
                       .context = context,
                       .pool = l->pool,
                       .watch = l->watch};
  gm_twin *t = NULL;
  gm_status st = gm__belief_resume(l, ctx, &o, &t);
  if (st && !l->names) /* the message names the subject */
    return gm_fail(ctx, st, "twin %s: it cannot learn from its data", l->name);
  if (st) return st;
  gm_twin_free(l->belief);
  l->belief = t;
  return GM_OK;
}

/* The forecast as it is, kept; and the card that the bank is asked by. */
static gm_status forecast_issue(gm_life *l, gm_ctx *ctx, int64_t *seq)
{
  gm_forecast *f = NULL;
  gm_receipt receipt = {0};
  l->unissued = true;
  gm_status st = forecast_keep(l, ctx, NULL, NAN, &f, &receipt);
  if (!st) st = gm__life_card(l, ctx, f);
  gm_forecast_free(f);
  if (st) return st;
  l->unissued = false;
  *seq = receipt.seq;
  return GM_OK;
}

typedef struct {
  int64_t belief;
  bool there;
} issue;

static gm_status issue_hear(void *user, const gm_record_found *r)
{
  issue *k = user;
  k->there |= strtoll(r->version, NULL, 10) == k->belief; /* gm__forecast_write */
  return GM_OK;
}

/* Of a belief that stands: what a renewal that failed behind it could not keep is kept now. */
static gm_status forecast_settle(gm_life *l, gm_ctx *ctx, int64_t *seq)
{
  issue k = {.belief = l->belief_seq};
  gm_record_query q = {.twin = l->twin,
                       .kind = GM_RECORD_FORECAST,
                       .series = "forecast",
                       .from_s = l->belief_s,
                       .to_s = l->belief_s,
                       .all_versions = true};
  gm_status st = l->unissued ? GM_OK : gm_store_read(l->reads, ctx, &q, issue_hear, &k);
  return st || k.there ? st : forecast_issue(l, ctx, seq);
}

/* Scores the belief that is there, puts another in its place, and keeps what it says. */
static gm_status belief_renew(gm_life *l, gm_ctx *ctx, double t_now, const unsigned char digest[32],
                              gm_life_update *u)
{
  double begin = gm__clock_s();
  gm_status st = gm__life_score(l, ctx, &u->scored);
  if (!st) st = belief_make(l, ctx, t_now);
  u->took_s = gm__clock_s() - begin;
  if (!st) st = gm__belief_write(l, ctx, digest, u->took_s);
  if (!st) st = forecast_issue(l, ctx, &u->forecast);
  if (st) {
    l->read = false; /* what is believed is what the store has */
    return st;
  }
  u->renewed = true;
  u->from_checkpoint = l->belief->resumed;
  u->belief = l->belief_seq;
  u->learned = l->belief->learned;
  return GM_OK;
}

gm_status gm_life_renew(gm_life *l, gm_ctx *ctx, double t_now_s, gm_life_update *out)
{
  assert(l && ctx && out);
  unsigned char digest[32];
  gm_life_update u = {0};
  if (l->as_of) return gm_fail(ctx, GM_EINVAL, "a twin as it was learns nothing");
  gm_status st = gm__life_settle(l, ctx, true);
  if (!st) st = gm__life_whole(l, ctx);
  if (st) return st;
  double t_now = isnan(t_now_s) ? gm_subject_t_last(l->who) : gm_life_model_time(l, t_now_s);
  gm__life_digest(l, t_now, digest);
  data_count(l, &u);
  u.belief = l->belief_seq;
  u.learned = l->belief ? l->belief->learned : 0;
  bool known = l->belief && !memcmp(digest, l->belief_digest, sizeof digest);
  st = known ? forecast_settle(l, ctx, &u.forecast) : belief_renew(l, ctx, t_now, digest, &u);
  if (!st) *out = u;
  return st;
}

gm_status gm_life_belief(gm_life *l, gm_ctx *ctx, const gm_twin **out)
{
  assert(l && ctx && out);
  gm_status st = gm__life_may_read(l, ctx, GM_RECORD_BELIEF);
  if (!st) st = gm__life_settle(l, ctx, false);
  if (!st) st = gm__life_whole(l, ctx);
  if (!st) *out = l->belief;
  return st;
}

/* ---- what it says ---------------------------------------------------------------------------- */
static void proposal_body(const gm_life *l, const gm_proposal *p, gm_text *out)
{
  gm_json_writer w;
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_int(&w, "belief", l->belief_seq);
  gm_json_write_text(&w, "health", gm_health_name(l->belief->health));
  if (p->withheld) gm_json_write_text(&w, "withheld", p->withheld);
  gm_json_write_array(&w, "candidates");
  for (int32_t i = 0; i < p->candidate_count; i++) {
    const gm_plan_result *r = &p->comparison->result[p->rank[i]];
    gm_json_write_object(&w, NULL);
    gm_json_write_text(&w, "plan", p->comparison->plan[p->rank[i]].name);
    gm_json_write_number(&w, "utility", r->utility.mean);
    gm_json_write_number(&w, "better", r->better);
    gm_json_write_bool(&w, "distinguishable", r->distinguishable);
    gm_json_write_text(&w, "reason", p->reason[i]);
    gm_json_write_object_end(&w);
  }
  gm_json_write_array_end(&w);
  gm_json_write_array(&w, "left_out");
  for (int32_t i = 0; i < p->left_out_count; i++) gm_json_write_text(&w, NULL, p->left_out[i]);
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
}

static gm_status proposal_keep(gm_life *l, gm_ctx *ctx, double horizon, const gm_proposal *p,
                               gm_receipt *receipt)
{
  gm_text body;
  char version[64];
  gm_text_init(&body, ctx);
  proposal_body(l, p, &body);
  snprintf(version, sizeof version, "%lld %.6g", (long long)l->belief_seq, horizon);
  gm_status st = gm__life_put(l, ctx, GM_RECORD_PROPOSAL, "proposal", "proposal", version,
                              l->belief_s, &body, receipt);
  gm_text_free(&body);
  return st;
}

gm_status gm_life_propose(gm_life *l, gm_ctx *ctx, double horizon, gm_proposal **out,
                          gm_receipt *receipt)
{
  assert(l && ctx && out);
  gm_proposal *p = NULL;
  gm_status st = gm__life_may_read(l, ctx, GM_RECORD_PROPOSAL);
  if (!st) st = belief_needed(l, ctx);
  if (st) return st;
  if (isnan(horizon)) horizon = gm_plan_horizon(l->definition);
  st = gm_propose(ctx, l->belief, l->belief->t_now + horizon, l->watch, &p);
  if (!st && p->comparison->plan_count < p->comparison->asked) /* half a search is not kept */
    st = gm_fail(ctx, GM_ECANCELLED, "proposal stopped");
  if (!st && !l->as_of) st = proposal_keep(l, ctx, horizon, p, receipt);
  if (st)
    gm_proposal_free(p);
  else
    *out = p;
  return st;
}

typedef struct {
  int64_t seq;
  bool there;
} seeker;

static gm_status seek(void *user, const gm_record_found *r)
{
  seeker *k = user;
  k->there |= r->seq == k->seq;
  return GM_OK;
}

static gm_status proposal_find(gm_life *l, gm_ctx *ctx, int64_t seq)
{
  seeker k = {.seq = seq};
  gm_record_query q = {.twin = l->twin, .kind = GM_RECORD_PROPOSAL, .all_versions = true};
  gm_status st = gm_store_read(l->reads, ctx, &q, seek, &k);
  if (st || k.there) return st;
  return gm_fail(ctx, GM_ENOTFOUND, "record %lld is no proposal of this twin", (long long)seq);
}

gm_status gm_life_decide(gm_life *l, gm_ctx *ctx, int64_t proposal, const char *decision,
                         const char *why, gm_receipt *receipt)
{
  assert(l && ctx && decision && why);
  gm_json_writer w;
  gm_text body;
  char id[64];
  double t = gm__clock_s();
  const gm_access_who *who = gm_session_who(l->session);
  if (!decision[0] || !why[0])
    return gm_fail(ctx, GM_EINVAL, "a decision says what was decided, and why");
  gm_status st = proposal ? proposal_find(l, ctx, proposal) : GM_OK;
  if (st) return st;
  gm_text_init(&body, ctx);
  gm_json_write_begin(&w, &body, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "decision", decision);
  gm_json_write_text(&w, "why", why);
  gm_json_write_text(&w, "who", who->actor);
  gm_json_write_text(&w, "role", gm_access_role_name(who->role));
  if (proposal) gm_json_write_int(&w, "proposal", proposal);
  gm_json_write_object_end(&w);
  snprintf(id, sizeof id, "decision %.6f", t);
  st = gm__life_put(l, ctx, GM_RECORD_DECISION, "decision", id, "1", t, &body, receipt);
  gm_text_free(&body);
  return st;
}
