/* filter_particle.c - particles: run, weigh, resample, rejuvenate.
 * What is particular to particle filters; how each lies: docs/methods.md. */
#include "gemel/math.h"
#include "methods/filter_rows.h"
#include "methods/filter.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* ---- rejuvenation ---------------------------------------------------------------------------- */
/* Weighted mean and lower factor of the covariance of z. False: not positive. */
static bool spread_of(const gm_filter *f, double *mean, double *factor)
{
  const int32_t d = f->d;
  memset(mean, 0, (size_t)d * sizeof *mean);
  memset(factor, 0, (size_t)d * (size_t)d * sizeof *factor);
  for (int32_t m = 0; m < f->n; m++)
    for (int32_t i = 0; i < d; i++) mean[i] += f->weight[m] * f->z[(ptrdiff_t)m * d + i];
  for (int32_t m = 0; m < f->n; m++) {
    const double *z = f->z + (ptrdiff_t)m * d;
    for (int32_t i = 0; i < d; i++)
      for (int32_t j = 0; j <= i; j++)
        factor[i * d + j] += f->weight[m] * (z[i] - mean[i]) * (z[j] - mean[j]);
  }
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < i; j++) factor[j * d + i] = factor[i * d + j];
  return gm__la_cholesky(d, factor, factor) == 0;
}

/* z becomes mean + a (z - mean) + h L e. */
static void kernel_move(gm_filter *f, const double *mean, const double *factor, double a, double h)
{
  gm_key key = gm_system_key(f->s, GM_PURPOSE_MOVE, f->o.replicate);
  const uint64_t *slot = gm_ensemble_slot(f->e);
  const int32_t d = f->d;
  double e[GM_UNKNOWN_MAX];
  for (int32_t m = 0; m < f->n; m++) {
    double *z = f->z + (ptrdiff_t)m * d;
    for (int32_t i = 0; i < d; i++)
      e[i] = gm_normal(key, slot[m], (uint64_t)i, gm_kind_draw(3, 0), f->step);
    for (int32_t i = 0; i < d; i++) {
      double shift = 0;
      for (int32_t j = 0; j <= i; j++) shift += factor[i * d + j] * e[j];
      z[i] = mean[i] + a * (z[i] - mean[i]) + h * shift;
    }
  }
}

static void rejuvenate(gm_filter *f, const double *mean, const double *factor, bool flat)
{
  if (flat || f->d == 0) return;
  if (f->o.rejuvenate == GM_REJUVENATE_KERNEL) {
    kernel_move(f, mean, factor, 1, gm__bandwidth(f->n, f->d));
  } else {
    double a = (3 * f->o.liu_west - 1) / (2 * f->o.liu_west);
    kernel_move(f, mean, factor, a, sqrt(1 - a * a));
  }
  gm__filter_unknowns(f);
}

/* Where the members' covariance is no guide: a tenth of the prior's. */
static void small_steps(int32_t d, double *factor)
{
  memset(factor, 0, (size_t)d * (size_t)d * sizeof *factor);
  for (int32_t i = 0; i < d; i++) factor[i * d + i] = 0.1;
}

/* The unknowns' own kernels and moves, made of the members before the choice. */
static gm_status choose_and_move(gm_filter *f, gm_ctx *ctx, const double *weight, double u,
                                 double *mean)
{
  const int32_t d = f->d;
  bool flat = mean && !spread_of(f, mean, mean + d);
  gm__resample_still(f->n, weight, u, f->ancestor, f->ancestor + f->n);
  gm_status s = gm__filter_select(f, ctx, f->ancestor);
  if (s || !mean) return s;
  if (f->o.rejuvenate == GM_REJUVENATE_MOVE) {
    if (flat) small_steps(d, mean + d);
    return gm__move_after(f, ctx, f->ancestor, mean + d);
  }
  rejuvenate(f, mean, mean + d, flat);
  return GM_OK;
}

static gm_status resample(gm_filter *f, gm_ctx *ctx, const double *weight, gm_filter_news *news)
{
  double u = gm_uniform(f->key, 0, 0, gm_kind_draw(1, 0), f->step);
  const int32_t d = f->d;
  const bool states = f->o.state_kernel > 0; /* the unknowns' kernel is part of the states' */
  const bool own = d && f->o.rejuvenate != GM_REJUVENATE_NONE && !states;
  double *mean = own ? gm_alloc(ctx, (ptrdiff_t)d * (d + 1), sizeof *mean) : NULL, *factor = NULL;
  gm_status s = own && !mean ? gm_fail(ctx, GM_ENOMEM, "filter") : GM_OK;
  if (!s && states) s = gm__states_spread(f, ctx, weight, &factor);
  if (!s) s = choose_and_move(f, ctx, weight, u, mean);
  if (!s && states) s = gm__states_move(f, ctx, factor);
  gm_free(mean);
  gm_free(factor);
  news->resampled = true;
  return s;
}

/* ---- weights --------------------------------------------------------------------------------- */
/* lp[m]: ln density of the readings for the outputs y. */
static void weigh(gm_filter *f, const gm_reading *r, int32_t count, bool remember, double *lp)
{
  const double *theta = gm_ensemble_theta(f->e);
  const int32_t ny = f->info.output_count, k = f->s->sensor_count;
  bool begun = count && !(f->s->sensor[r[0].sensor].memory > 0); /* the first sets, not adds */
  if (!begun) memset(lp, 0, (size_t)f->n * sizeof *lp);
  for (int32_t i = 0; i < count; i++) {
    const gm_sensor *o = &f->s->sensor[r[i].sensor];
    if (o->memory > 0) {
      double dt = r[i].t - f->residual_t[r[i].sensor];
      for (int32_t m = 0; m < f->n; m++) {
        double *last = &f->residual[(ptrdiff_t)m * k + r[i].sensor], now;
        lp[m] += gm_sense_logpdf_after(o, f->y + (ptrdiff_t)m * ny, theta + m, f->n, r[i].value,
                                       r[i].censored, *last, dt, &now);
        if (remember) *last = now;
      }
      if (remember) f->residual_t[r[i].sensor] = r[i].t;
      continue;
    }
    double *one = begun && i == 0 ? lp : f->take; /* [n * sensor_count] at least */
    gm_sense_logpdf_all(o, f->n, f->y, ny, theta, r[i].value, r[i].censored, one);
    for (int32_t m = 0; m < f->n && one != lp; m++) lp[m] += one[m];
  }
  gm__row_guard(f->n, gm_ensemble_status(f->e), lp);
}

/* weight[m] *= exp(lp[m]), made to sum to 1. Returns ln of the sum, -INFINITY: nobody; then the
 * weights are as they were. */
static double reweigh(int32_t n, double *weight, const double *lp)
{
  double top = gm__row_top(n, weight, lp);
  if (!isfinite(top)) return -INFINITY;
  double sum = gm__row_reweigh(n, weight, lp, top);
  gm__row_map(n, weight, 0, 1 / sum, 0);
  return top + log(sum);
}

/* ---- looking ahead --------------------------------------------------------------------------- */
/* lookahead[m] = ln g: how well a copy of member m, with draws of its own, would meet the readings;
 * a tenth of it is the mean of all, so that nobody is thrown away by one unlucky draw. Any g > 0
 * leaves the filter right (Pitt & Shephard, J. Am. Stat. Assoc. 94:590, 1999). */
static void look_smooth(gm_filter *f)
{
  double top = -INFINITY, sum = 0;
  for (int32_t m = 0; m < f->n; m++) top = fmax(top, f->lookahead[m]);
  for (int32_t m = 0; m < f->n && isfinite(top); m++) {
    f->lookahead[m] = exp(f->lookahead[m] - top);
    sum += f->weight[m] * f->lookahead[m];
  }
  for (int32_t m = 0; m < f->n; m++)
    f->lookahead[m] = isfinite(top) ? top + log(0.9 * f->lookahead[m] + 0.1 * sum) : 0;
}

static gm_status look_ahead(gm_filter *f, gm_ctx *ctx, double t, const gm_reading *r, int32_t count)
{
  gm_ensemble *e = f->e, *copy = NULL;
  const int32_t edge = f->edge;
  gm_status s = gm_ensemble_new(ctx, f->s->model, f->s->pool, f->n, &copy);
  for (int32_t m = 0; m < f->n; m++) f->ancestor[m] = m;
  if (!s) s = gm_ensemble_select(copy, e, ctx, f->ancestor, ++f->generation, true);
  if (!s) {
    gm_ensemble_renew(copy, f->generation);
    f->e = copy;
    s = gm__filter_advance(f, ctx, t);
    if (!s) s = gm_ensemble_observe(copy, ctx, f->y);
    if (!s) weigh(f, r, count, false, f->lookahead);
    if (!s) look_smooth(f);
    f->e = e;
    f->edge = edge;
  }
  gm_ensemble_free(copy);
  return s;
}

/* Resamples by weight times g; then lookahead[m] is ln g of the ancestor, to be taken off again.
 * *first_out: ln of the sum of weight times g. */
static gm_status guide(gm_filter *f, gm_ctx *ctx, gm_filter_news *news, double *first_out)
{
  double *weight = gm_alloc(ctx, f->n, sizeof *weight);
  if (!weight) return gm_fail(ctx, GM_ENOMEM, "filter");
  memcpy(weight, f->weight, (size_t)f->n * sizeof *weight);
  *first_out = reweigh(f->n, weight, f->lookahead);
  gm_status s = resample(f, ctx, weight, news);
  for (int32_t m = 0; m < f->n && !s; m++) weight[m] = f->lookahead[f->ancestor[m]];
  if (!s) memcpy(f->lookahead, weight, (size_t)f->n * sizeof *weight);
  gm_free(weight);
  return s;
}

/* ---- the step -------------------------------------------------------------------------------- */
gm_status gm__particle_before(gm_filter *f, gm_ctx *ctx, double t, const gm_reading *r,
                              int32_t count, gm_filter_news *news)
{
  gm_status s = GM_OK;
  f->first = 0;
  f->guided = false;
  if (f->o.kind == GM_FILTER_GUIDED && count) {
    s = look_ahead(f, ctx, t, r, count);
    if (!s) s = guide(f, ctx, news, &f->first);
    f->guided = !s;
  } else if (gm__filter_ess(f) < f->o.ess_least * f->n) {
    s = resample(f, ctx, f->weight, news);
  }
  return s ? s : gm__filter_advance(f, ctx, t);
}

gm_status gm__particle_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                            gm_filter_news *news)
{
  weigh(f, r, count, true, f->lp);
  for (int32_t m = 0; m < f->n && f->guided; m++) f->lp[m] -= f->lookahead[m];
  news->log_predictive = reweigh(f->n, f->weight, f->lp) + f->first;
  news->ess = gm__filter_ess(f);
  if (isfinite(news->log_predictive)) return GM_OK;
  news->ess = 0;
  return gm_fail(ctx, GM_ENUMERIC, "filter: no member can have given the data at %g", r[0].t);
}
