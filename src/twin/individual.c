/* individual.c - from coordinates to individual parameters, and members along a course. */
#include "gemel/math.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { ARGUMENTS_MAX = 512 };

/* Value of one parameter: docs/definition.md, "parameters". */
static double individual(const gm_def_parameter *p, double typical, double effect)
{
  switch (p->spread) {
  case GM_SPREAD_LOGNORMAL: return typical * gm_exp(effect);
  case GM_SPREAD_NORMAL: return typical + effect;
  case GM_SPREAD_LOGIT: return 1 / (1 + gm_exp(-(gm_ln(typical / (1 - typical)) + effect)));
  case GM_SPREAD_NONE: break;
  }
  return p->occasion >= 0 ? typical * gm_exp(effect) : typical;
}

void gm__subject_values(const gm_subject *s, const subject_stretch *w, const double *z,
                        double *value)
{
  const gm_definition *d = s->d;
  double argument[ARGUMENTS_MAX];
  assert(d->covariate_count + 1 <= ARGUMENTS_MAX);
  memcpy(argument, w->covariate, (size_t)d->covariate_count * sizeof *argument);
  argument[d->covariate_count] = s->occasion[w->occasion];
  for (int32_t i = 0; i < d->parameter_count; i++) {
    const gm_def_parameter *p = &d->parameter[i];
    double typical = gm_expr_eval(p->typical, argument), effect = 0;
    if (p->covariate) typical *= gm_expr_eval(p->covariate, argument);
    if (p->eta >= 0) effect += z[p->eta] + (d->eta_mean ? d->eta_mean[p->eta] : 0);
    if (p->occasion >= 0 && w->occasion < s->occasion_count)
      effect += z[d->eta_count + w->occasion * d->occasion_effect_count + p->occasion];
    value[i] = individual(p, typical, effect);
  }
}

gm_status gm__subject_check(gm_ctx *ctx, const gm_subject *s)
{
  const gm_definition *d = s->d;
  double argument[ARGUMENTS_MAX];
  for (int32_t k = 0; k < s->stretch_count; k++) {
    const subject_stretch *w = &s->stretch[k];
    memcpy(argument, w->covariate, (size_t)d->covariate_count * sizeof *argument);
    argument[d->covariate_count] = s->occasion[w->occasion];
    for (int32_t i = 0; i < d->parameter_count; i++) {
      const gm_def_parameter *p = &d->parameter[i];
      double v = gm_expr_eval(p->typical, argument);
      if (p->covariate) v *= gm_expr_eval(p->covariate, argument);
      bool good = isfinite(v);
      if (p->spread == GM_SPREAD_LOGNORMAL) good = good && v > 0;
      if (p->spread == GM_SPREAD_LOGIT) good = good && v > 0 && v < 1;
      if (!good)
        return gm_fail(ctx, GM_EDOMAIN,
                       "%s: subject %s: with its covariates parameter %s is typically %.6g %s; "
                       "%s is expected",
                       s->r->path, s->id, p->name, v, p->unit,
                       p->spread == GM_SPREAD_LOGIT       ? "a value between 0 and 1"
                       : p->spread == GM_SPREAD_LOGNORMAL ? "a value > 0"
                                                          : "a finite value");
    }
  }
  return GM_OK;
}

/* ---- one call -------------------------------------------------------------------------------- */
typedef struct {
  const gm_subject *s;
  gm_ctx *ctx;
  const gm_course *course;
  int32_t n, np;
  double t_begin, t_end;
  double *theta, *value, *argument;
  gm_effect *effect;
  gm_switch *change;
  gm_timeline *timeline;
  int8_t *status;
  gm_key *key;
  bool shared;
} course_run;

static double effect_value(const course_run *c, const gm_expr *e, double otherwise)
{
  return e ? gm_expr_eval(e, c->argument) : otherwise;
}

static bool effect_is_good(const gm_event *e, const gm_effect *f)
{
  bool good = isfinite(f->lag) && f->lag >= 0 && isfinite(f->availability) && f->availability >= 0;
  if (e->mode == GM_DOSE_DURATION_MODELLED) good = good && isfinite(f->duration) && f->duration > 0;
  if (e->mode == GM_DOSE_RATE_MODELLED) good = good && isfinite(f->rate) && f->rate > 0;
  return good;
}

/* What this member makes of each event. False: it cannot be (a negative lag), the member fails. */
static bool effects_fill(const course_run *c, const double *z)
{
  const gm_definition *d = c->s->d;
  for (int32_t i = 0; i < c->course->event_count; i++) {
    const gm_event *e = &c->course->event[i];
    c->effect[i] = gm_effect_none();
    if (e->input < 0) continue;
    const gm_def_input *in = &d->input[e->input];
    c->effect[i].clears = in->clears;
    if (!in->lag && !in->availability && !in->duration && !in->rate) continue;
    const subject_stretch *w = gm__subject_stretch_at(c->s, e->t);
    gm__subject_values(c->s, w, z, c->argument);
    memcpy(c->argument + d->parameter_count, w->covariate,
           (size_t)d->covariate_count * sizeof *c->argument);
    c->effect[i] = (gm_effect){.lag = effect_value(c, in->lag, 0),
                               .availability = effect_value(c, in->availability, 1),
                               .duration = effect_value(c, in->duration, 0),
                               .rate = effect_value(c, in->rate, 0) * in->to_model,
                               .clears = in->clears};
    if (!effect_is_good(e, &c->effect[i])) return false;
  }
  return true;
}

/* Model parameters of member m at the beginning, and what changes later. Returns the number. */
static int32_t parameters_fill(const course_run *c, int32_t m, const double *z)
{
  const gm_subject *s = c->s;
  const gm_definition *d = s->d;
  int32_t count = 0;
  for (int32_t k = 0; k < s->stretch_count; k++) {
    const subject_stretch *w = &s->stretch[k];
    gm__subject_values(s, w, z, c->value);
    for (int32_t i = 0; i < d->parameter_count; i++) {
      int32_t row = d->parameter[i].parameter;
      double v = c->value[i] * d->parameter[i].to_model;
      if (row < 0) continue;
      if (k == 0 || w->t_from < c->t_begin)
        c->theta[(ptrdiff_t)row * c->n + m] = v;
      else if (w->t_from <= c->t_end)
        c->change[count++] =
            (gm_switch){.t = w->t_from, .value = v, .parameter = row, .order = w->order};
    }
  }
  return count;
}

static gm_status timelines_build(course_run *c, const double *z)
{
  const gm_course *q = c->course;
  gm_status st = GM_OK;
  for (int32_t m = 0; m < c->n && !st; m++) {
    const double *zm = z + (ptrdiff_t)m * c->s->dim;
    int32_t changes = parameters_fill(c, m, zm);
    bool good = effects_fill(c, zm);
    if (!good) {
      c->status[m] = GM_MEMBER_DIVERGED;
      for (int32_t i = 0; i < q->event_count; i++) c->effect[i] = gm_effect_none();
    }
    if (c->shared && m > 0) continue;
    gm_timeline_spec spec = {.t_begin = c->t_begin,
                             .t_end = c->t_end,
                             .event = q->event,
                             .effect = c->effect,
                             .change = c->change,
                             .sample = q->sample,
                             .sample_order = q->sample_order,
                             .event_count = good ? q->event_count : 0,
                             .change_count = changes,
                             .sample_count = q->sample_count};
    gm_model_info info;
    gm_model_get_info(c->s->d->model, &info);
    spec.port_count = info.input_count;
    st = gm_timeline_build(c->ctx, &spec, &c->timeline[m]);
  }
  return st;
}

/* One timeline serves all when nothing in it depends on the member. */
static bool is_shared(const gm_subject *s, const gm_course *q)
{
  if (s->stretch_count > 1) return false;
  for (int32_t i = 0; i < q->event_count; i++) {
    if (q->event[i].input < 0) continue;
    const gm_def_input *in = &s->d->input[q->event[i].input];
    if (in->lag || in->availability || in->duration || in->rate) return false;
  }
  return true;
}

static gm_status course_memory(course_run *c)
{
  const gm_definition *d = c->s->d;
  gm_ctx *ctx = c->ctx;
  c->theta = gm_alloc(ctx, (ptrdiff_t)c->np * c->n, sizeof *c->theta);
  c->value = gm_alloc(ctx, d->parameter_count, sizeof *c->value);
  c->argument = gm_alloc(ctx, d->parameter_count + d->covariate_count + 1, sizeof *c->argument);
  c->effect = gm_alloc(ctx, c->course->event_count, sizeof *c->effect);
  c->change = gm_alloc(ctx, (ptrdiff_t)c->s->stretch_count * d->parameter_count, sizeof *c->change);
  c->timeline = gm_alloc(ctx, c->shared ? 1 : c->n, sizeof *c->timeline);
  c->status = gm_alloc(ctx, c->n, 2);
  bool good =
      c->theta && c->value && c->argument && c->effect && c->change && c->timeline && c->status;
  return good ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d members", (int)c->n);
}

static gm_status course_begin(course_run *c)
{
  const gm_course *q = c->course;
  const gm_var *v = gm_model_table(c->s->d->model, GM_TABLE_PARAMETER, &c->np);
  gm_status s = course_memory(c);
  if (s) return s;
  for (int32_t i = 0; i < c->np; i++)
    for (int32_t m = 0; m < c->n; m++) c->theta[(ptrdiff_t)i * c->n + m] = v[i].initial;
  c->t_begin = c->s->t_first;
  if (q->event_count) c->t_begin = fmin(c->t_begin, q->event[0].t);
  if (q->sample_count) c->t_begin = fmin(c->t_begin, q->sample[0]);
  c->t_end = q->sample_count ? fmax(q->sample[q->sample_count - 1], c->t_begin) : c->t_begin;
  return GM_OK;
}

static void course_end(course_run *c)
{
  for (int32_t m = 0; c->timeline && m < (c->shared ? 1 : c->n); m++)
    gm_timeline_free(&c->timeline[m]);
  gm_free(c->timeline);
  gm_free(c->theta);
  gm_free(c->value);
  gm_free(c->argument);
  gm_free(c->effect);
  gm_free(c->change);
  gm_free(c->status);
  gm_free(c->key);
}

/* Later doses than the last sample change nothing: they are left out. */
static gm_course course_cut(const gm_course *q)
{
  gm_course cut = *q;
  double t_end = q->sample_count ? q->sample[q->sample_count - 1] : -INFINITY;
  while (cut.event_count && cut.event[cut.event_count - 1].t > t_end) cut.event_count--;
  return cut;
}

static gm_status course_go(course_run *c, gm_runner *runner, const gm_lineage *lineage, double *y)
{
  gm_run run = {.n = c->n,
                .timeline = c->timeline,
                .shared_timeline = c->shared,
                .theta = c->theta,
                .y = y,
                .status = c->status + c->n};
  if (lineage) {
    c->key = gm_alloc(c->ctx, c->n, sizeof *c->key);
    if (!c->key) return gm_fail(c->ctx, GM_ENOMEM, "%d members", (int)c->n);
    for (int32_t m = 0; m < c->n; m++) c->key[m] = lineage->key;
    run.key = c->key;
    run.slot = lineage->slot;
    run.renewal_t = lineage->renewal_t;
    run.renewal_count = lineage->renewal_count;
  }
  return gm_runner_run(runner, c->ctx, &run);
}

/* Members whose effects could not be have no values. */
static void course_status(const course_run *c, double *y, int8_t *status)
{
  int32_t outputs;
  gm_model_table(c->s->d->model, GM_TABLE_OUTPUT, &outputs);
  ptrdiff_t values = (ptrdiff_t)c->course->sample_count * outputs;
  for (int32_t m = 0; m < c->n; m++) {
    if (status) status[m] = (int8_t)(c->status[m] | c->status[c->n + m]);
    for (ptrdiff_t k = 0; c->status[m] && k < values; k++) y[m * values + k] = NAN;
  }
}

gm_status gm_subject_run(const gm_subject *s, gm_ctx *ctx, gm_runner *runner,
                         const gm_course *course, int32_t n, const double *z,
                         const gm_lineage *lineage, double *y, int8_t *status)
{
  assert(s && runner && course && n >= 0 && (z || s->dim == 0) && y);
  assert(!lineage || lineage->n == n);
  gm_course cut = course_cut(course);
  course_run c = {.s = s, .ctx = ctx, .course = &cut, .n = n, .shared = is_shared(s, &cut)};
  gm_status st = course_begin(&c);
  if (!st) st = timelines_build(&c, z);
  if (!st) st = course_go(&c, runner, lineage, y);
  if (!st) course_status(&c, y, status);
  course_end(&c);
  return st;
}
