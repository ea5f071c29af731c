/* twin.c - the belief about one subject from its data, and how well it fits. */
#include "gemel/twin.h"
#include "gemel/math.h"
#include "gemel/plan.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "num/stats.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
  const gm_subject *s;
  gm_runner *runner;
  const double *sample;
  const int32_t *order;
  int32_t count, outputs;
  double *y;
  int32_t y_members;
} predictor;

/* gm_problem.predict: the learned data's predictions for n members. */
static gm_status predict(void *user, gm_ctx *ctx, int32_t n, const double *z, double *f)
{
  predictor *p = user;
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
  gm_status st = gm_subject_run(s, ctx, p->runner, &course, n, z, p->y, NULL);
  if (st) return st;
  for (int32_t m = 0; m < n; m++)
    for (int32_t j = 0; j < p->count; j++) {
      int32_t output = s->d->observable[s->datum[j].observable].output;
      f[(ptrdiff_t)m * p->count + j] = p->y[((ptrdiff_t)m * p->count + j) * p->outputs + output];
    }
  return GM_OK;
}

static int32_t learned_count(const gm_subject *s, double t_now)
{
  int32_t n = 0;
  while (n < s->datum_count && s->datum[n].t <= t_now) n++;
  return n;
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
    double f = t->fitted[j], r = d->log_scale ? gm_ln(d->value) - gm_ln(f) : d->value - f;
    t->residual[j] = d->censored ? NAN : r / gm_datum_sd(d, f);
    if (d->censored) continue;
    sum += t->residual[j] * t->residual[j];
    count++;
  }
  if (!st) t->fit_p = count ? gm_dist_chi_square_upper(sum, count) : 1;
  return st;
}

/* Our own limits, until innovations are followed in time: one false alarm in 1,000 (lost) and in
 * 100 (uncertain) twins whose model holds; an ensemble worth less than 50 members has tails nobody
 * saw. Stale: the last datum lies further back than the definition's horizon of plans. */
static const double lost_p = 1e-3, uncertain_p = 1e-2, ess_least = 50;

static gm_health health_of(const gm_twin *t)
{
  if (t->learned == 0) return GM_HEALTH_WARMING;
  if (!(t->fit_p >= lost_p)) return GM_HEALTH_LOST;
  double age = t->t_now - t->subject->datum[t->learned - 1].t;
  if (age > gm_plan_horizon(t->definition)) return GM_HEALTH_STALE;
  double least = fmin(ess_least, 0.2 * t->posterior->n);
  if (!(t->fit_p >= uncertain_p) || !t->mode->converged || !(t->posterior->ess >= least))
    return GM_HEALTH_UNCERTAIN;
  return GM_HEALTH_TRACKING;
}

const char *gm_health_name(gm_health h)
{
  static const char *const name[] = {"warming-up", "tracking", "uncertain", "stale", "lost"};
  return name[h];
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

static gm_status learn(gm_ctx *ctx, gm_twin *t, const gm_twin_options *o)
{
  const gm_subject *s = t->subject;
  int32_t n = t->learned;
  predictor p = {.s = s, .runner = t->runner, .order = s->datum_order, .count = n};
  gm_model_table(t->definition->model, GM_TABLE_OUTPUT, &p.outputs);
  double *sample = gm_alloc(ctx, n, sizeof *sample);
  if (!sample) return gm_fail(ctx, GM_ENOMEM, "data of a subject");
  for (int32_t j = 0; j < n; j++) sample[j] = s->datum[j].t;
  p.sample = sample;
  gm_problem problem = {.dim = s->dim,
                        .prior_covariance = s->prior,
                        .datum_count = n,
                        .datum = s->datum,
                        .predict = predict,
                        .user = &p};
  gm_members_options mo = {.n = o->members, .key = gm_key_make(o->seed, 0, gm_hash_text(s->id), 0)};
  gm_status st = gm_mode_find(ctx, &problem, NULL, o->watch, &t->mode);
  if (st == GM_ENUMERIC) st = no_mode_because(ctx, t, &problem);
  if (!st) st = gm_members_draw(ctx, &problem, t->mode, &mo, o->watch, &t->posterior);
  if (!st) st = fit_quality(ctx, t, &problem);
  problem.datum_count = 0;
  p.count = 0;
  if (!st) st = gm_members_prior(ctx, &problem, &mo, &t->prior);
  gm_free(p.y);
  gm_free(sample);
  return st;
}

gm_status gm_twin_new(gm_ctx *ctx, const gm_definition *d, const gm_subject *s,
                      const gm_twin_options *options, gm_twin **out)
{
  assert(ctx && d && s && options && out);
  gm_twin *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "twin");
  t->definition = d;
  t->subject = s;
  t->seed = options->seed;
  t->t_now = isnan(options->t_now) ? s->t_last : options->t_now;
  t->learned = learned_count(s, t->t_now);
  gm_status st = GM_OK;
  if (t->t_now < s->t_first)
    st = gm_fail(ctx, GM_EDOMAIN, "now is %g, before the first record at %g", t->t_now, s->t_first);
  if (!st) st = gm_runner_new(ctx, d->model, options->pool, &t->runner);
  if (!st) st = learn(ctx, t, options);
  if (st) {
    gm_twin_free(t);
    return gm_fail_at(ctx, st, "subject %s", s->id);
  }
  t->health = health_of(t);
  *out = t;
  return GM_OK;
}

void gm_twin_free(gm_twin *t)
{
  if (!t) return;
  gm_mode_free(t->mode);
  gm_members_free(t->posterior);
  gm_members_free(t->prior);
  gm_runner_free(t->runner);
  gm_free(t->fitted);
  gm_free(t->residual);
  gm_free(t);
}
