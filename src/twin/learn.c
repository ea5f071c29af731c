/* learn.c - the belief about one subject from its data: around the mode, or for a model that moves
 * by chance over coordinates and paths. */
#include "gemel/math.h"
#include "methods/paths.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "twin/subject.h"
#include <math.h>

typedef struct {
  const gm_subject *s;
  gm_runner *runner;
  const double *sample;
  const int32_t *order;
  int32_t count, outputs;
  double *y;
  int32_t y_members;
} predictor;

static gm_status predict_members(predictor *p, gm_ctx *ctx, int32_t n, const double *z,
                                 const gm_lineage *lineage, double *f)
{
  const gm_subject *s = p->s;
  if (n > p->y_members) {
    gm_free(p->y);
    p->y_members = 0;
    p->y = gm_alloc(ctx, (ptrdiff_t)n * p->count * p->outputs, sizeof *p->y);
    if (!p->y) return gm_fail(ctx, GM_ENOMEM, "predictions of %d members", (int)n);
    p->y_members = n;
  }
  gm_course course = {.event = s->event,
                      .event_count = s->event_count,
                      .sample = p->sample,
                      .sample_order = p->order,
                      .sample_count = p->count};
  gm_status st = gm_subject_run(s, ctx, p->runner, &course, n, z, lineage, p->y, NULL);
  if (st) return st;
  for (int32_t m = 0; m < n; m++)
    for (int32_t j = 0; j < p->count; j++) {
      int32_t output = s->d->observable[s->datum[j].observable].output;
      f[(ptrdiff_t)m * p->count + j] = p->y[((ptrdiff_t)m * p->count + j) * p->outputs + output];
    }
  return GM_OK;
}

/* gm_problem.predict: the learned data's predictions for n members. */
static gm_status predict(void *user, gm_ctx *ctx, int32_t n, const double *z, double *f)
{
  return predict_members(user, ctx, n, z, NULL, f);
}

/* gm_path_problem.predict */
static gm_status predict_paths(void *user, gm_ctx *ctx, const gm_lineage *lineage, const double *z,
                               double *f)
{
  return predict_members(user, ctx, lineage->n, z, lineage, f);
}

/* z' Omega^-1 z at the mode. */
static gm_status prior_distance(gm_ctx *ctx, const gm_problem *p, const double *z, double *out)
{
  int32_t n = p->dim;
  double *l = gm_alloc(ctx, (ptrdiff_t)n * n + n, sizeof *l), *u = l ? l + (ptrdiff_t)n * n : NULL;
  if (!l) return gm_fail(ctx, GM_ENOMEM, "fit of a subject");
  gm_status s = n ? gm_la_cholesky(ctx, n, p->prior_covariance, l) : GM_OK;
  if (!s && n) gm_la_solve_lower(n, l, z, u);
  if (!s) *out = n ? gm_la_dot(n, u, u) : 0;
  gm_free(l);
  return s;
}

/* Standardised residuals at the mode, and how unlikely the fit is: the residuals' squares plus the
 * distance of the mode from the prior are chi-square with one degree of freedom a datum when model
 * and observables are linear and Gaussian. */
static gm_status fit_quality(gm_ctx *ctx, gm_twin *t, const gm_problem *p)
{
  t->fitted = gm_alloc(ctx, p->datum_count, sizeof *t->fitted);
  t->residual = gm_alloc(ctx, p->datum_count, sizeof *t->residual);
  if (!t->fitted || !t->residual) return gm_fail(ctx, GM_ENOMEM, "residuals");
  double sum = 0;
  gm_status st = prior_distance(ctx, p, t->mode->z, &sum);
  if (!st && p->datum_count) st = p->predict(p->user, ctx, 1, t->mode->z, t->fitted);
  int32_t count = 0;
  for (int32_t j = 0; j < p->datum_count && !st; j++) {
    const gm_datum *d = &p->datum[j];
    double f = t->fitted[j], mean = f, sd = gm_datum_sd(d, f);
    if (d->count) gm_datum_moments(d, f, &mean, &sd);
    double r = d->log_scale ? gm_ln(d->value) - gm_ln(mean) : d->value - mean;
    t->residual[j] = d->censored ? NAN : r / sd;
    if (d->censored) continue;
    sum += t->residual[j] * t->residual[j];
    count++;
  }
  if (!st) t->fit_p = count ? gm_dist_chi_square_upper(sum, count) : 1;
  return st;
}

/* No mode was found: when already the typical values give no number for a datum, that is why. */
static gm_status no_mode_because(gm_ctx *ctx, const gm_twin *t, const gm_problem *p)
{
  double *z = gm_alloc(ctx, p->dim, sizeof *z), *f = gm_alloc(ctx, p->datum_count, sizeof *f);
  gm_message_clear(ctx);
  gm_status s = z && f ? p->predict(p->user, ctx, 1, z, f) : gm_fail(ctx, GM_ENOMEM, "twin");
  for (int32_t j = 0; j < p->datum_count && !s; j++) {
    const gm_observable *o = &t->definition->observable[p->datum[j].observable];
    if (!isfinite(f[j]))
      s = gm_fail(ctx, GM_EDOMAIN,
                  "with typical parameters %s is not a finite number at time %g; does the model "
                  "divide by zero?",
                  o->name, p->datum[j].t);
  }
  if (!s)
    s = gm_fail(ctx, GM_ENUMERIC,
                "no parameters were found that give the data a finite probability; values and "
                "error model should be checked");
  gm_free(z);
  gm_free(f);
  return s;
}

/* Belief at the mode and around it, by the ladder of gm_members_draw. */
static gm_status learn_mode(gm_ctx *ctx, gm_twin *t, predictor *p, const gm_members_options *mo,
                            const gm_watch *watch)
{
  gm_problem problem = {.dim = t->subject->dim,
                        .prior_covariance = t->subject->prior,
                        .datum_count = t->learned,
                        .datum = t->subject->datum,
                        .predict = predict,
                        .user = p};
  gm_status st = gm_mode_find(ctx, &problem, NULL, watch, &t->mode);
  if (st == GM_ENUMERIC) st = no_mode_because(ctx, t, &problem);
  if (!st) st = gm_members_draw(ctx, &problem, t->mode, mo, watch, &t->posterior);
  if (!st) st = fit_quality(ctx, t, &problem);
  problem.datum_count = 0;
  p->count = 0;
  return st ? st : gm_members_prior(ctx, &problem, mo, &t->prior);
}

/* ---- a model that moves by chance ------------------------------------------------------------ */
/* The scores are standard normal and independent as long as the belief is right: their squares are
 * chi-square, and the running alarm hears of each. */
static gm_status innovations_take(gm_ctx *ctx, gm_twin *t, const gm_innovation *v)
{
  gm_alarm alarm;
  double sum = 0;
  int32_t count = 0;
  gm_status st = gm_alarm_start(ctx, NULL, &alarm);
  t->fitted = gm_alloc(ctx, t->learned, sizeof *t->fitted);
  t->residual = gm_alloc(ctx, t->learned, sizeof *t->residual);
  if (!st && !(t->fitted && t->residual)) st = gm_fail(ctx, GM_ENOMEM, "residuals");
  for (int32_t j = 0; j < t->learned && !st; j++) {
    t->fitted[j] = v[j].mean;
    t->residual[j] = v[j].score;
    if (isnan(v[j].score)) continue;
    double d2 = v[j].score * v[j].score;
    gm_alarm_feed(&alarm, gm_alarm_score(d2, 1), v[j].ess);
    sum += d2;
    count++;
  }
  if (st) return st;
  t->fit_p = count ? gm_dist_chi_square_upper(sum, count) : 1;
  t->alarm = alarm.state;
  return GM_OK;
}

/* When the members asked for descend from too few first draws, as many more are followed, and as
 * many as were asked for are kept. */
enum { MORE = 4, DESCENT_LEAST = 60 };

/* What is saved, and gone on from, is always the run with as many members as were asked for: so a
 * belief does not hang on where it was interrupted. */
static gm_status paths_followed(gm_ctx *ctx, gm_twin *t, const gm_path_problem *problem,
                                const gm_members_options *mo, const gm_watch *watch,
                                gm_innovation *v)
{
  gm_status st = gm_members_paths(ctx, problem, mo, watch, v, &t->posterior, &t->lineage);
  if (st || t->posterior->ess >= DESCENT_LEAST || t->posterior->n > 100000) return st;
  gm_members_options more = *mo;
  gm_path_problem anew = *problem;
  int32_t n = t->posterior->n;
  more.n = MORE * n;
  anew.resume = NULL;
  anew.saved = NULL;
  gm_members_free(t->posterior);
  gm_lineage_free(t->lineage);
  t->posterior = NULL;
  t->lineage = NULL;
  st = gm_members_paths(ctx, &anew, &more, watch, v, &t->posterior, &t->lineage);
  double u = gm_uniform(mo->key, 0, 0, gm_kind_draw(9, 0), 0);
  return st ? st : gm__paths_thin(ctx, n, problem->datum_count, u, &t->posterior, &t->lineage);
}

/* ---- what a checkpoint must have in common ----------------------------------------------------
 */
typedef struct {
  const gm_subject *s;
  uint64_t definition;
} surroundings;

static uint64_t mix(uint64_t h, const double *v, size_t count)
{
  return (h ^ gm_checksum(v, count * sizeof *v)) * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

/* Doses, covariates, occasions and the order of data at or before t, the learned prior's mean, and
 * the definition. */
static uint64_t context_of(const void *user, double t)
{
  const surroundings *q = user;
  const gm_subject *s = q->s;
  const gm_definition *d = s->d;
  uint64_t h = q->definition;
  h = mix(h, &s->t_first, 1);
  if (d->eta_mean) h = mix(h, d->eta_mean, (size_t)d->eta_count);
  for (int32_t i = 0; i < s->event_count && s->event[i].t <= t; i++) {
    const gm_event *e = &s->event[i];
    const double v[] = {e->t,    e->order,    e->kind,       e->port,   e->input, e->amount,
                        e->rate, e->interval, e->additional, e->steady, e->mode};
    h = mix(h, v, sizeof v / sizeof v[0]);
  }
  for (int32_t i = 0; i < s->stretch_count && (i == 0 || s->stretch[i].t_from <= t); i++) {
    const subject_stretch *w = &s->stretch[i];
    const double v[] = {w->t_from, w->order, w->occasion};
    h = mix(h, v, 3);
    h = mix(h, w->covariate, (size_t)d->covariate_count);
  }
  for (int32_t j = 0; j < s->datum_count && s->datum[j].t <= t; j++) {
    double order = s->datum_order[j];
    h = mix(h, &order, 1);
  }
  return h;
}

static gm_status learn_paths(gm_ctx *ctx, gm_twin *t, predictor *p, const gm_members_options *mo,
                             const gm_twin_options *o)
{
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  surroundings around = {t->subject, o->context};
  gm_path_problem problem = {.dim = t->subject->dim,
                             .prior_covariance = t->subject->prior,
                             .datum_count = t->learned,
                             .datum = t->subject->datum,
                             .predict = predict_paths,
                             .user = p,
                             .certain = !(info.flags & GM_MODEL_STOCHASTIC),
                             .resume = o->resume,
                             .resume_bytes = o->resume_bytes,
                             .resumed = &t->resumed,
                             .saved = &t->paths,
                             .context = context_of,
                             .context_user = &around};
  gm_innovation *v = gm_alloc(ctx, t->learned, sizeof *v);
  if (!v) return gm_fail(ctx, GM_ENOMEM, "innovations");
  gm_status st = paths_followed(ctx, t, &problem, mo, o->watch, v);
  if (!st) st = innovations_take(ctx, t, v);
  problem.datum_count = 0;
  problem.resume = NULL;
  problem.saved = NULL;
  problem.resumed = NULL;
  p->count = 0;
  if (!st) st = gm_members_paths(ctx, &problem, mo, o->watch, NULL, &t->prior, &t->prior_lineage);
  gm_free(v);
  if (problem.certain) { /* whose draws they are says nothing */
    gm_lineage_free(t->lineage);
    gm_lineage_free(t->prior_lineage);
    t->lineage = t->prior_lineage = NULL;
  }
  return st;
}

static gm_key key_of(const gm_subject *s, const gm_twin_options *o)
{
  return gm_key_make(o->seed, 0, gm_hash_text(s->id), 0);
}

bool gm__twin_resumes(const gm_definition *d, const gm_subject *s, const gm_twin_options *o,
                      const void *data, size_t bytes)
{
  gm_model_info info;
  gm_model_get_info(d->model, &info);
  surroundings around = {s, o->context};
  gm_path_problem problem = {.context = context_of,
                             .context_user = &around,
                             .dim = s->dim,
                             .prior_covariance = s->prior,
                             .datum = s->datum,
                             .certain = !(info.flags & GM_MODEL_STOCHASTIC)};
  while (problem.datum_count < s->datum_count && s->datum[problem.datum_count].t <= o->t_now)
    problem.datum_count++;
  return gm__paths_fit(&problem, key_of(s, o), data, bytes);
}

gm_status gm__twin_learn(gm_ctx *ctx, gm_twin *t, const gm_twin_options *o)
{
  const gm_subject *s = t->subject;
  predictor p = {.s = s, .runner = t->runner, .order = s->datum_order, .count = t->learned};
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  p.outputs = info.output_count;
  double *sample = gm_alloc(ctx, t->learned, sizeof *sample);
  if (!sample) return gm_fail(ctx, GM_ENOMEM, "data of a subject");
  for (int32_t j = 0; j < t->learned; j++) sample[j] = s->datum[j].t;
  p.sample = sample;
  gm_members_options mo = {.n = o->members, .key = key_of(s, o)};
  t->alarm = GM_ALARM_QUIET;
  bool follow = o->follow || (info.flags & GM_MODEL_STOCHASTIC);
  gm_status st = follow ? learn_paths(ctx, t, &p, &mo, o) : learn_mode(ctx, t, &p, &mo, o->watch);
  gm_free(p.y);
  gm_free(sample);
  return st;
}
