/* life_look.c - what a twin is at a time: level, marks, health, ages, and how good it was. */
#include "base/clock.h"
#include "base/json_tree.h"
#include "twin/life_internal.h"
#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *gm_level_name(gm_level level)
{
  static const char *const name[] = {"static", "mirror", "shadow", "intelligent"};
  return name[level];
}

/* ---- what the thread holds ------------------------------------------------------------------- */
typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  gm_life_state *out;
  gm_life_skill *skill; /* [the definition's observables], out's */
  gm_arena *memory;
  int64_t learned_last, seq_last; /* of the datum learned last [us] */
  int64_t believed;               /* data that are not held out */
  char source[80];                /* of the newest datum */
  int64_t decisions_on_proposals;
} looker;

static const gm_json *member(const gm_json *n, const char *a, const char *b)
{
  return gm__json_find(gm__json_find(n, a), b);
}

static double number(const gm_json *n, double otherwise)
{
  double v;
  return n && !gm__json_double(n, &v) ? v : otherwise;
}

static bool is_true(const gm_json *n) { return n && n->kind == GM_JSON_TRUE; }

/* Sums, which means_set divides. An observable that the definition no longer has is passed over. */
static gm_status datum_sum(looker *k, const gm_json *d)
{
  const gm_json *name = gm__json_find(d, "observable"), *own = member(d, "twin", "crps");
  if (!own || !name || name->kind != GM_JSON_TEXT)
    return gm_fail(k->ctx, GM_EPARSE, "a score without observable or the twin's");
  int32_t o = gm_definition_observable(k->l->definition, name->text);
  const gm_json *unit = gm__json_find(d, "unit");
  if (o < 0 || !unit || strcmp(unit->text, k->l->definition->observable[o].unit) != 0) return GM_OK;
  gm_life_skill *s = &k->skill[o];
  const gm_json *last = member(d, "last_value", "crps");
  k->out->scored++;
  s->scored++;
  s->crps += number(own, NAN);
  s->crps_population += number(member(d, "population", "crps"), NAN);
  s->covered50 += is_true(member(d, "twin", "in50"));
  s->covered90 += is_true(member(d, "twin", "in90"));
  if (!last) return GM_OK;
  s->with_last++;
  s->crps_last += number(last, NAN);
  s->crps_beside_last += number(own, NAN);
  return GM_OK;
}

static gm_status score_hear(void *user, const gm_record_found *r)
{
  looker *k = user;
  gm_json_options o = {.name = "score"};
  gm_json *root = NULL;
  gm_arena_mark mark = gm_arena_at(k->memory);
  gm_status st = gm__json_parse(k->ctx, k->memory, &o, r->body, r->bytes, &root);
  const gm_json *model = st ? NULL : gm__json_find(root, "model");
  const gm_json *definition = st ? NULL : gm__json_find(root, "definition");
  bool same = model && definition && !strcmp(model->text, k->l->model.definition[1]) &&
              !strcmp(definition->text, k->l->model.definition[0]);
  const gm_json *data = same ? gm__json_find(root, "data") : NULL; /* others were another twin's */
  if (same) k->out->censored += (int32_t)number(gm__json_find(root, "censored"), 0);
  for (const gm_json *d = data ? data->first : NULL; d && !st; d = d->next) st = datum_sum(k, d);
  gm_arena_back(k->memory, mark);
  k->out->scores++;
  return st;
}

/* Within texts of a body the quotes are escaped: no text looks like a key. */
static bool has_key(const gm_record_found *r, const char *key)
{
  return memmem(r->body, r->bytes, key, strlen(key)) != NULL;
}

/* A fact that was withdrawn was never said, and a proposal that was withheld proposed nothing. */
static bool is_said(const gm_record_found *r)
{
  if (r->kind == GM_RECORD_PROPOSAL) return !has_key(r, "\"withheld\":");
  return r->kind >= GM_RECORD_BELIEF || !has_key(r, "\"withdrawn\":");
}

static gm_status count_hear(void *user, const gm_record_found *r)
{
  looker *k = user;
  gm_life_state *o = k->out;
  int64_t *const count[GM_RECORD_KIND_COUNT] = {
      [GM_RECORD_ORDERED] = &o->ordered,    [GM_RECORD_REPORTED] = &o->reported,
      [GM_RECORD_BELIEF] = &o->beliefs,     [GM_RECORD_FORECAST] = &o->forecasts,
      [GM_RECORD_PROPOSAL] = &o->proposals, [GM_RECORD_DECISION] = &o->decisions};
  if (count[r->kind] && is_said(r)) ++*count[r->kind];
  if (r->kind == GM_RECORD_DECISION) k->decisions_on_proposals += has_key(r, "\"proposal\":");
  return GM_OK;
}

static gm_status counts_read(looker *k)
{
  static const gm_record_kind all[] = {GM_RECORD_ORDERED,  GM_RECORD_REPORTED, GM_RECORD_BELIEF,
                                       GM_RECORD_FORECAST, GM_RECORD_PROPOSAL, GM_RECORD_DECISION};
  gm_status st = GM_OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && !st; i++) {
    gm_record_query q = {.twin = k->l->twin,
                         .kind = all[i],
                         .as_of = k->l->as_of,
                         .all_versions = all[i] >= GM_RECORD_BELIEF};
    st = gm_store_read(k->l->reads, k->ctx, &q, count_hear, k);
  }
  gm_record_query q = {.twin = k->l->twin, .kind = GM_RECORD_SCORE, .as_of = k->l->as_of};
  return st ? st : gm_store_read(k->l->reads, k->ctx, &q, score_hear, k);
}

static void facts_count(looker *k)
{
  gm_life_state *o = k->out;
  const gm__thread *t = &k->l->thread;
  o->t_last_s = NAN;
  for (int32_t i = 0; i < t->count; i++) {
    const gm__known *f = &t->known[i];
    o->given += f->f.kind == GM_RECORD_GIVEN;
    o->covariates += f->f.kind == GM_RECORD_COVARIATE;
    if (f->f.kind != GM_RECORD_OBSERVATION) continue;
    o->observations++;
    o->suspect += f->weight < 1;
    if (!(f->weight > 0)) continue; /* what is held out is no link */
    k->believed++;
    if (!(f->f.t_true_s <= o->t_last_s)) {
      o->t_last_s = f->f.t_true_s;
      snprintf(k->source, sizeof k->source, "%.70s", f->f.source);
    }
    if (f->t_learned > k->learned_last) k->learned_last = f->t_learned;
    if (f->seq > k->seq_last) k->seq_last = f->seq;
  }
}

/* ---- level ----------------------------------------------------------------------------------- */
static double patience_s(const gm_life *l)
{
  return gm_plan_horizon(l->definition) * 3600 / l->definition->hour;
}

/* The newest datum changed the belief within the definition's limit. */
static bool follows(const looker *k, char *missing, size_t bytes)
{
  const gm_life *l = k->l;
  double limit = l->definition->update_within_s;
  double took = (double)(l->belief_learned - k->learned_last) * 1e-6;
  if (isnan(limit))
    snprintf(missing, bytes, "the definition states no `update-within`");
  else if (l->belief_data_seq < k->seq_last || !l->belief || !l->belief->learned ||
           k->out->t_last_s > l->belief_s)
    snprintf(missing, bytes, "the newest datum has not changed the belief yet");
  else if (took > limit)
    snprintf(missing, bytes, "the newest datum changed the belief after %.0f s; %.0f s are allowed",
             took, limit);
  else
    return true;
  return false;
}

/* Clocks differ by minutes; a datum of tomorrow is an error. */
static bool is_ahead(const gm_life_state *o) { return o->age_s < -3600; }

/* It is calibrated, and forecasts. */
static bool mirrors(const gm_life_state *o, char *next, size_t bytes)
{
  if (o->missing[0])
    snprintf(next, bytes, "mirror: needs a value of covariate %.150s", o->missing);
  else if (!o->observations)
    snprintf(next, bytes, "mirror: needs an observation");
  else if (!o->beliefs || !o->forecasts)
    snprintf(next, bytes, "mirror: needs a belief and a forecast from it");
  else
    return true;
  return false;
}

static void level_set(const looker *k)
{
  gm_life_state *o = k->out;
  char *next = o->next;
  size_t bytes = sizeof o->next;
  bool stopped = !(o->age_s <= patience_s(k->l)) || is_ahead(o);
  o->level = GM_LEVEL_STATIC;
  if (!mirrors(o, next, bytes)) return;
  o->level = GM_LEVEL_MIRROR;
  char missing[150];
  if (stopped) {
    if (is_ahead(o))
      snprintf(next, bytes, "shadow: the newest datum is dated in the future");
    else
      snprintf(next, bytes, "shadow: data stopped %.3g days ago", o->age_s / 86400);
    return;
  }
  if (!follows(k, missing, sizeof missing)) {
    snprintf(next, bytes, "shadow: %s", missing);
    return;
  }
  o->level = GM_LEVEL_SHADOW;
  bool all = o->proposals && o->scored && k->l->prior_subjects;
  if (all) {
    o->level = GM_LEVEL_INTELLIGENT;
    return;
  }
  snprintf(next, bytes, "intelligent: %s%s%s", o->proposals ? "" : "no proposal was made; ",
           o->scored ? "" : "no forecast was scored; ",
           k->l->prior_subjects ? "" : "nothing was learned from other twins (gemel bank learn)");
}

/* ---- marks ----------------------------------------------------------------------------------- */
/* How much narrower the parameters are than in the population: mean over effects of 1 - var ratio.
 */
static double individual_share(const gm_twin *t)
{
  const gm_members *m = t->posterior;
  double sum = 0;
  for (int32_t i = 0; i < m->dim; i++) {
    double mean = 0, var = 0, prior = t->subject ? gm_subject_prior(t->subject)[i * m->dim + i] : 1;
    for (int32_t j = 0; j < m->n; j++) mean += m->weight[j] * m->z[(ptrdiff_t)j * m->dim + i];
    for (int32_t j = 0; j < m->n; j++) {
      double r = m->z[(ptrdiff_t)j * m->dim + i] - mean;
      var += m->weight[j] * r * r;
    }
    sum += fmax(0, 1 - var / prior);
  }
  return m->dim ? sum / m->dim : 0;
}

/* The twin's CRPS in terms of the population's: mean over the data. NaN: none scored. */
static double against_population(const looker *k)
{
  double sum = 0;
  for (int32_t o = 0; o < k->l->definition->observable_count; o++) {
    const gm_life_skill *s = &k->skill[o];
    if (s->scored) sum += s->scored * s->crps / s->crps_population;
  }
  return k->out->scored ? sum / k->out->scored : NAN;
}

static void mark(gm_life_mark *m, const char *name, bool holds, const char *format, ...)
    GM_PRINTF(4, 5);
static void mark(gm_life_mark *m, const char *name, bool holds, const char *format, ...)
{
  va_list a;
  m->name = name;
  m->holds = holds;
  va_start(a, format);
  vsnprintf(m->evidence, sizeof m->evidence, format, a);
  va_end(a);
}

static void marks_set(const looker *k)
{
  gm_life_state *o = k->out;
  const gm_twin *t = k->l->belief;
  double share = t ? individual_share(t) : 0;
  mark(&o->mark[0], "individualised", t && t->learned && share > 0.05,
       t ? "%d data; parameters' variance is %.0f %% below the population's" : "no belief",
       t ? (int)t->learned : 0, 100 * share);
  mark(&o->mark[1], "interconnected", o->is_twin, "%.150s", o->link);
  mark(&o->mark[2], "interactive", o->proposals > 0 || o->given > 0,
       "%lld doses given and %lld proposals take part in its forecasts", (long long)o->given,
       (long long)o->proposals);
  double ratio = against_population(k);
  mark(&o->mark[3], "informative", ratio < 1,
       o->scored ? "%d data scored: CRPS is %.2f times the population's"
                 : "no forecast was scored yet",
       (int)o->scored, ratio);
  mark(&o->mark[4], "impactful", k->decisions_on_proposals > 0,
       k->decisions_on_proposals ? "%lld decisions on its proposals"
                                 : "%lld decisions on its proposals: nobody acted on it",
       (long long)k->decisions_on_proposals);
}

static void link_set(const looker *k)
{
  gm_life_state *o = k->out;
  o->is_twin = k->believed > 0 && o->age_s <= patience_s(k->l) && !is_ahead(o);
  if (!k->believed)
    snprintf(o->link, sizeof o->link, "no datum of the patient has arrived that is believed");
  else if (is_ahead(o))
    snprintf(o->link, sizeof o->link, "the newest datum is dated in the future (by %.60s)",
             k->source);
  else if (!o->is_twin)
    snprintf(o->link, sizeof o->link, "no datum for %.3g days (the last one by %.60s)",
             o->age_s / 86400, k->source);
  else
    snprintf(o->link, sizeof o->link, "data by %.60s, the last one %.3g %s ago", k->source,
             o->age_s < 5400 ? o->age_s / 60 : o->age_s / 3600, o->age_s < 5400 ? "min" : "h");
}

static void means_set(const looker *k)
{
  for (int32_t o = 0; o < k->l->definition->observable_count; o++) {
    gm_life_skill *s = &k->skill[o];
    double n = s->scored ? (double)s->scored : (double)NAN;
    double last = s->with_last ? (double)s->with_last : (double)NAN;
    s->crps /= n;
    s->crps_population /= n;
    s->covered50 /= n;
    s->covered90 /= n;
    s->crps_last /= last;
    s->crps_beside_last /= last;
  }
  k->out->skill = k->skill;
}

gm_status gm__life_look(gm_life *l, gm_ctx *ctx, double now_s, gm_life_skill *skill,
                        gm_life_state *out)
{
  gm_life_state own = {0};
  looker k = {.l = l, .ctx = ctx, .out = &own, .skill = skill};
  const gm_twin *t = l->belief;
  if (isnan(now_s)) now_s = l->as_of ? (double)l->as_of * 1e-6 : gm__clock_s();
  memset(skill, 0, (size_t)l->definition->observable_count * sizeof *skill);
  gm_status st = gm_arena_new(ctx, 16384, &k.memory);
  if (!st) st = counts_read(&k);
  gm_arena_free(k.memory);
  if (st) return st;
  facts_count(&k);
  snprintf(own.missing, sizeof own.missing, "%.190s", l->missing ? l->missing : "");
  own.age_s = now_s - own.t_last_s;
  own.belief_s = t ? l->belief_s : NAN;
  own.health = t ? t->health : GM_HEALTH_WARMING;
  if (t && own.age_s > patience_s(l) && own.health != GM_HEALTH_LOST) own.health = GM_HEALTH_STALE;
  means_set(&k);
  link_set(&k);
  level_set(&k);
  marks_set(&k);
  *out = own;
  return GM_OK;
}

static gm_status may_look(gm_life *l, gm_ctx *ctx)
{
  gm_status st = gm__life_may_read(l, ctx, GM_RECORD_BELIEF);
  if (!st) st = gm__life_may_read(l, ctx, GM_RECORD_FORECAST);
  return st ? st : gm__life_may_read(l, ctx, GM_RECORD_SCORE);
}

gm_status gm_life_look(gm_life *l, gm_ctx *ctx, double now_s, gm_life_state *out)
{
  assert(l && ctx && out);
  gm_status st = may_look(l, ctx);
  if (!st) st = gm__life_settle(l, ctx, false); /* reads what the store has */
  if (st) return st;
  gm_life_skill *skill = gm_alloc(ctx, l->definition->observable_count, sizeof *skill);
  if (!skill) return gm_fail(ctx, GM_ENOMEM, "scores");
  st = gm__life_look(l, ctx, now_s, skill, out);
  if (st) {
    gm_free(skill);
    return st;
  }
  gm_free(l->skill);
  l->skill = skill;
  return GM_OK;
}
