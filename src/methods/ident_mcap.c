/* ident_mcap.c - Monte Carlo adjusted profile.
 * E. L. Ionides, C. Breto, J. Park, R. A. Smith & A. A. King, J. R. Soc. Interface 14 (2017)
 * 20170126, section 2. The local regression is Cleveland's (J. Am. Stat. Assoc. 74 (1979) 829),
 * quadratic, tricube weights, without robustness steps. */
#include "gemel/rand.h"
#include "methods/ident_internal.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 1000, POINTS_MIN = 8, PLACES = 30, REPEATS = 2 };

typedef struct {
  gm_ctx *ctx;
  int32_t n;
  const double *x, *y;
  double *distance, *sorted, *weight; /* [n] scratch */
} cloud;

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Tricube weights about `center`; the k-th smallest distance (from 1) has weight 0. Returns that
 * distance; when it is 0 (many repeats of one x) the next larger one. */
static double tricube(cloud *c, double center, int32_t k)
{
  for (int32_t i = 0; i < c->n; i++) c->sorted[i] = c->distance[i] = fabs(c->x[i] - center);
  qsort(c->sorted, (size_t)c->n, sizeof *c->sorted, compare);
  while (k < c->n && c->sorted[k - 1] == 0) k++;
  double reach = c->sorted[k - 1];
  for (int32_t i = 0; i < c->n; i++) {
    double t = reach > 0 ? c->distance[i] / reach : 1;
    c->weight[i] = t < 1 ? (1 - t * t * t) * (1 - t * t * t) * (1 - t * t * t) : 0;
  }
  return reach;
}

/* Weighted least squares y = beta_0 + beta_1 t + beta_2 t^2, t = (x - center)/reach; inverse[9] of
 * the normal matrix unless NULL. */
static gm_status parabola(cloud *c, double center, double reach, double beta[3], double *inverse)
{
  double a[9] = {0}, right[12] = {0}, solution[12];
  for (int32_t i = 0; i < c->n; i++) {
    double t = (c->x[i] - center) / reach, row[3] = {1, t, t * t};
    if (c->weight[i] == 0) continue;
    for (int32_t p = 0; p < 3; p++) {
      right[4 * p] += c->weight[i] * row[p] * c->y[i];
      for (int32_t q = 0; q < 3; q++) a[3 * p + q] += c->weight[i] * row[p] * row[q];
    }
  }
  for (int32_t p = 0; p < 3; p++) right[5 * p + 1] = 1;
  gm_status s = gm_la_solve(c->ctx, 3, a, 4, right, solution);
  if (s == GM_ENOMEM) return s;
  if (s)
    return gm_fail(c->ctx, GM_ENUMERIC, "adjusted profile: too few different points near %g",
                   center);
  for (int32_t p = 0; p < 3; p++) {
    beta[p] = solution[4 * p];
    for (int32_t q = 0; inverse && q < 3; q++) inverse[3 * p + q] = solution[4 * p + 1 + q];
  }
  return GM_OK;
}

/* ---- the adjusted cut ---------------------------------------------------------------------- */
/* Quadratic fit about the smoothed maximum: -a t^2 + b t + c. The maximum b/2a has a Monte Carlo
 * variance by the delta method, the likelihood's own is 1/2a; the cut follows from both. */
static gm_status adjust(cloud *c, const gm_mcap_options *o, gm_mcap *out)
{
  double beta[3], v[9], square = 0;
  int32_t k = (int32_t)(o->span * c->n), used = 0;
  double reach = tricube(c, out->at, k < 4 ? 4 : k);
  gm_status s = parabola(c, out->at, reach, beta, v);
  if (s) return s;
  for (int32_t i = 0; i < c->n; i++) {
    double t = (c->x[i] - out->at) / reach, rest = c->y[i] - beta[0] - (beta[1] + beta[2] * t) * t;
    square += c->weight[i] * rest * rest;
    used += c->weight[i] > 0;
  }
  double noise = used > 3 ? square / (used - 3) : 0, a = -beta[2], b = beta[1];
  if (!(a > 0)) return GM_OK; /* no maximum: cut stays as without noise, the errors NaN */
  double var_b = noise * v[4], var_a = noise * v[8], cov = -noise * v[5]; /* a = -beta_2 */
  double mc = (var_b - 2 * b / a * cov + b * b / (a * a) * var_a) / (4 * a * a);
  out->cut = gm_dist_chi_square_quantile(o->level, 1) * (a * mc + 0.5);
  out->vertex = out->at + reach * b / (2 * a);
  out->se_monte_carlo = reach * sqrt(fmax(mc, 0));
  out->se_statistical = reach * sqrt(1 / (2 * a));
  out->se_total = hypot(out->se_monte_carlo, out->se_statistical);
  return GM_OK;
}

/* ---- smoothing ----------------------------------------------------------------------------- */
static gm_status smooth(cloud *c, double span, double low, double high, double *curve)
{
  int32_t k = (int32_t)(span * c->n + 1e-5);
  if (k < 4) k = 4;
  for (int32_t g = 0; g < GRID; g++) {
    double beta[3], at = low + (high - low) * g / (GRID - 1);
    double reach = tricube(c, at, k);
    gm_status s = parabola(c, at, reach, beta, NULL);
    if (s) return s;
    curve[g] = beta[0];
  }
  return GM_OK;
}

/* Between grid points g and g+1 the curve crosses the level. */
static double crossing(const double *curve, int32_t g, double level, double low, double step)
{
  double t = (curve[g] - level) / (curve[g] - curve[g + 1]);
  return low + step * (g + t);
}

/* Ends: the outermost places where the curve is within the cut of its maximum. */
static void ends(const double *curve, double low, double high, gm_mcap *out, double top)
{
  double step = (high - low) / (GRID - 1), level = top - out->cut;
  int32_t first = 0, last = GRID - 1;
  while (curve[first] < level) first++;
  while (curve[last] < level) last--;
  for (int32_t g = first; g <= last; g++)
    if (curve[g] < level) out->reasons |= GM_IDENT_NOT_SMOOTH; /* a union of pieces */
  out->low = first > 0 ? crossing(curve, first - 1, level, low, step) : -INFINITY;
  out->high = last < GRID - 1 ? crossing(curve, last, level, low, step) : INFINITY;
}

static gm_status work(cloud *c, const gm_mcap_options *o, double *curve, gm_mcap *out)
{
  double low = c->x[0], high = c->x[0];
  for (int32_t i = 1; i < c->n; i++) low = fmin(low, c->x[i]), high = fmax(high, c->x[i]);
  if (!(low < high)) return gm_fail(c->ctx, GM_ENUMERIC, "adjusted profile: all points at %g", low);
  gm_status s = smooth(c, o->span, low, high, curve);
  if (s) return s;
  int32_t best = 0;
  for (int32_t g = 1; g < GRID; g++)
    if (curve[g] > curve[best]) best = g;
  *out = (gm_mcap){.at = low + (high - low) * best / (GRID - 1),
                   .cut = gm_dist_chi_square_quantile(o->level, 1) / 2,
                   .vertex = NAN,
                   .se_statistical = NAN,
                   .se_monte_carlo = NAN,
                   .se_total = NAN};
  s = adjust(c, o, out);
  if (s) return s;
  ends(curve, low, high, out, curve[best]);
  int32_t count = (isfinite(out->low) != 0) + (isfinite(out->high) != 0);
  out->seen = count == 2 ? GM_IDENT_IDENTIFIED : count ? GM_IDENT_ONE_SIDED : GM_IDENT_FLAT;
  /* both ends of a curve that has no maximum are the work of noise */
  if (count && isnan(out->se_total)) out->reasons |= GM_IDENT_NOT_SMOOTH;
  out->verdict = out->reasons ? GM_IDENT_NOT_TRUSTED : out->seen;
  return GM_OK;
}

static gm_status options_check(gm_ctx *ctx, gm_mcap_options *o)
{
  if (o->level == 0) o->level = 0.95;
  if (o->span == 0) o->span = 0.75;
  if (o->level > 0 && o->level < 1 && o->span > 0 && o->span <= 1) return GM_OK;
  return gm_fail(ctx, GM_ERANGE, "adjusted profile: level %g, span %g", o->level, o->span);
}

gm_status gm_mcap_fit(gm_ctx *ctx, int32_t n, const double *x, const double *loglik,
                      const gm_mcap_options *options, gm_mcap *out)
{
  gm_mcap_options o = {0};
  if (options) o = *options;
  gm_status s = options_check(ctx, &o);
  if (s) return s;
  if (n < POINTS_MIN)
    return gm_fail(ctx, GM_ERANGE, "adjusted profile of %d points: at least %d were expected",
                   (int)n, POINTS_MIN);
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(x[i]) || !isfinite(loglik[i]))
      return gm_fail(ctx, GM_EDOMAIN, "adjusted profile: point %d is (%g, %g)", (int)i + 1, x[i],
                     loglik[i]);
  double *memory = gm_alloc(ctx, 3 * (ptrdiff_t)n + GRID, sizeof *memory);
  if (!memory) return gm_fail(ctx, GM_ENOMEM, "adjusted profile of %d points", (int)n);
  cloud c = {ctx, n, x, loglik, memory, memory + n, memory + 2 * (ptrdiff_t)n};
  gm_mcap result;
  s = work(&c, &o, memory + 3 * (ptrdiff_t)n, &result);
  if (!s) *out = result;
  gm_free(memory);
  return s;
}

/* ---- the points ---------------------------------------------------------------------------- */
/* One fit: the others refitted at a fixed key, the value asked anew with a fresh one. */
static gm_status one_point(gm__refit *r, const gm_mcap_plan *p, uint64_t number, double x,
                           const double *start, double *z, double *loglik)
{
  int32_t d = r->f->dim;
  double value = NAN;
  bool converged;
  uint64_t seed = gm_hash64(p->seed, GM_PURPOSE_SEARCH);
  memcpy(z, start, (size_t)d * sizeof *z);
  z[r->fixed] = x;
  *loglik = NAN;
  if (d > 1) {
    r->key = gm_hash64(seed, 2 * number);
    gm_status s = gm__refit_run(r, x, z, &value, &converged);
    if (s == GM_EDOMAIN && !r->broken) return GM_OK;
    if (s) return s;
  }
  r->key = gm_hash64(seed, 2 * number + 1);
  gm_status s = gm__refit_value(r, 1, z, &value);
  if (!s) *loglik = -value;
  return s;
}

static gm_status all_points(gm__refit *r, const gm_mcap_plan *p, const double *start, double *z,
                            double *x, double *loglik, int32_t *count)
{
  for (int32_t g = 0; g < p->grid_count; g++)
    for (int32_t k = 0; k < p->repeat_count; k++) {
      uint64_t number = (uint64_t)g * (uint64_t)p->repeat_count + (uint64_t)k;
      double at = p->low + (p->high - p->low) * g / (p->grid_count - 1), ll;
      if (gm_watch_stop(p->watch))
        return gm_fail(r->ctx, GM_ECANCELLED, "adjusted profile: stopped after %llu fits",
                       (unsigned long long)number);
      gm_status s = one_point(r, p, number, at, start, z, &ll);
      if (s) return s;
      if (isfinite(ll)) x[*count] = at, loglik[(*count)++] = ll;
      gm_watch_progress(p->watch, "adjusted profile",
                        (double)(number + 1) / p->grid_count / p->repeat_count);
    }
  return GM_OK;
}

static gm_status plan_check(gm__refit *r, gm_mcap_plan *p)
{
  if (!p->grid_count) p->grid_count = PLACES;
  if (!p->repeat_count) p->repeat_count = REPEATS;
  bool good = p->low < p->high && p->low >= gm__refit_low(r, r->fixed) &&
              p->high <= gm__refit_high(r, r->fixed) && isfinite(p->high - p->low);
  if (!good || p->grid_count < 4 || p->repeat_count < 1 || p->evaluations_max < 0)
    return gm_fail(r->ctx, GM_ERANGE, "adjusted profile: %d places in [%g, %g], %d fits each",
                   (int)p->grid_count, p->low, p->high, (int)p->repeat_count);
  r->rough = true;
  r->watch = p->watch;
  r->evaluations_max = p->evaluations_max ? p->evaluations_max : 60 * (r->f->dim - 1);
  return options_check(r->ctx, &p->fit);
}

gm_status gm_mcap_run(gm_ctx *ctx, const gm_objective *f, const double *z, int32_t parameter,
                      const gm_mcap_plan *plan, double *x, double *loglik, int32_t *left_out,
                      gm_mcap *out)
{
  gm__refit r;
  gm_mcap_plan p = *plan;
  double *memory = NULL;
  gm_status s = gm__refit_new(ctx, f, parameter, z, &r);
  if (!s) s = plan_check(&r, &p);
  if (s) goto out;
  ptrdiff_t n = (ptrdiff_t)p.grid_count * p.repeat_count;
  memory = gm_alloc(ctx, 2 * n + f->dim, sizeof *memory);
  if (!memory) {
    s = gm_fail(ctx, GM_ENOMEM, "adjusted profile of %lld points", (long long)n);
    goto out;
  }
  int32_t count = 0;
  s = all_points(&r, &p, z, memory + 2 * n, memory, memory + n, &count);
  if (!s) s = gm_mcap_fit(ctx, count, memory, memory + n, &p.fit, out);
  if (s) goto out;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (x) x[i] = i < count ? memory[i] : NAN;
    if (loglik) loglik[i] = i < count ? memory[n + i] : NAN;
  }
  if (left_out) *left_out = (int32_t)n - count;
out:
  gm__refit_free(&r);
  gm_free(memory);
  return s;
}
