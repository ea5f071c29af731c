/* petab_slopes.c - gradient and Fisher's information, from the slopes of simulations and noise: by
 * tangents of the models (petab_tangent.c), or by differences where those fail. Each point adds to
 * them what its distribution says (normal: Seber & Wild, Nonlinear Regression, 1989, section 2.1;
 * the noise with its own term). */
#include "gemel/math.h"
#include "interop/petab.h"
#include <math.h>
#include <string.h>

/* Step of a difference, relative to 1 + |z| on a logarithmic scale. */
#define STEP 1e-4

#define LN_10 2.3025850929940456840

typedef struct {
  gm_petab *p;
  const double *z;
  int32_t d, points;
  double *plus, *minus;       /* [d] signed steps; 0: none on this side */
  double *vector;             /* [1 + 2 d][d] */
  gm_petab_value *value;      /* [1 + 2 d] */
  double *simulation, *sigma; /* [1 + 2 d][points] */
  double *slope, *grow;       /* [d]: of the simulation on the scale compared, and of sigma */
  /* by tangents; else NULL: by differences, with the fields above that have 2 d */
  double *simulation_slope, *sigma_slope; /* [points][d] */
} work;

static double step_of(const pt_parameters *all, int32_t i, double z)
{
  if (all->row[i].scale != GM_PETAB_LIN) return STEP * (1 + fabs(z));
  double range = all->high[i] - all->low[i];
  double size = fmax(fabs(z), isfinite(range) ? 1e-3 * range : 1);
  return STEP * size;
}

/* Steps that stay within the bounds. */
static void steps_choose(work *w)
{
  const pt_parameters *all = &w->p->parameters;
  for (int32_t k = 0; k < w->d; k++) {
    int32_t i = all->estimated[k];
    double h = step_of(all, i, w->z[k]);
    w->plus[k] = w->z[k] + h <= all->high[i] ? h : 0;
    w->minus[k] = w->z[k] - h >= all->low[i] ? -h : 0;
    if (w->plus[k] == 0 && w->minus[k] == 0) w->plus[k] = h;
  }
}

static void vectors_fill(work *w)
{
  for (int32_t v = 0; v < 1 + 2 * w->d; v++)
    memcpy(w->vector + (ptrdiff_t)v * w->d, w->z, (size_t)w->d * sizeof *w->z);
  for (int32_t k = 0; k < w->d; k++) {
    w->vector[(ptrdiff_t)(1 + 2 * k) * w->d + k] += w->plus[k];
    w->vector[(ptrdiff_t)(2 + 2 * k) * w->d + k] += w->minus[k];
  }
}

/* A side whose simulation failed is left out. */
static gm_status sides_check(work *w)
{
  const pt_parameters *all = &w->p->parameters;
  if (w->value[0].bad_point >= 0) return gm_fail(w->p->ctx, GM_ENUMERIC, "the value is not finite");
  for (int32_t k = 0; k < w->d; k++) {
    if (w->value[1 + 2 * k].bad_point >= 0) w->plus[k] = 0;
    if (w->value[2 + 2 * k].bad_point >= 0) w->minus[k] = 0;
    if (w->plus[k] == w->minus[k])
      return gm_fail(w->p->ctx, GM_ENUMERIC, "no neighbour of %.80s = %g can be worked out",
                     all->row[all->estimated[k]].id, w->z[k]);
  }
  return GM_OK;
}

static double sided(const work *w, int32_t k, double plus, double minus)
{
  return (plus - minus) / (w->plus[k] - w->minus[k]);
}

/* Slope of the transformed value by the linear one. */
static double scale_slope(gm_petab_scale s, double value)
{
  return s == GM_PETAB_LIN ? 1 : s == GM_PETAB_LOG ? 1 / value : 1 / (value * LN_10);
}

/* Slopes of one point in every direction. */
static void point_slopes(work *w, const pt_observable *o, int32_t at)
{
  if (w->simulation_slope) {
    double scale = scale_slope(o->scale, w->simulation[at]);
    for (int32_t k = 0; k < w->d; k++) {
      w->slope[k] = w->simulation_slope[(ptrdiff_t)at * w->d + k] * scale;
      w->grow[k] = w->sigma_slope[(ptrdiff_t)at * w->d + k];
    }
    return;
  }
  for (int32_t k = 0; k < w->d; k++) {
    ptrdiff_t up = w->plus[k] != 0 ? (ptrdiff_t)(1 + 2 * k) * w->points + at : at;
    ptrdiff_t down = w->minus[k] != 0 ? (ptrdiff_t)(2 + 2 * k) * w->points + at : at;
    w->slope[k] = sided(w, k, gm_petab_to_scale(o->scale, w->simulation[up]),
                        gm_petab_to_scale(o->scale, w->simulation[down]));
    w->grow[k] = sided(w, k, w->sigma[up], w->sigma[down]);
  }
}

static void point_add(work *w, const pt_observable *o, double measured, int32_t at,
                      double *gradient, double *information)
{
  double r, sigma = w->sigma[at];
  (void)pt_point_log(o, measured, w->simulation[at], sigma, &r);
  point_slopes(w, o, at);
  double by_slope = o->laplace ? (r > 0) - (r < 0) : r;
  double by_grow = (o->laplace ? fabs(r) : r * r) - 1;
  double noise = o->laplace ? 1 : 2;
  for (int32_t i = 0; i < w->d; i++) {
    if (w->slope[i] == 0 && w->grow[i] == 0) continue; /* most are, in large problems */
    gradient[i] += (by_slope * w->slope[i] + by_grow * w->grow[i]) / sigma;
    for (int32_t j = 0; j <= i; j++)
      information[(ptrdiff_t)i * w->d + j] +=
          (w->slope[i] * w->slope[j] + noise * w->grow[i] * w->grow[j]) / (sigma * sigma);
  }
}

static void prior_add(const work *w, double *gradient, double *information)
{
  const pt_parameters *all = &w->p->parameters;
  for (int32_t k = 0; k < w->d; k++) {
    int32_t i = all->estimated[k];
    double h = STEP * (1 + fabs(w->z[k]));
    double at = pt_prior_log(&all->objective[i], all->row[i].scale, w->z[k]);
    double up = pt_prior_log(&all->objective[i], all->row[i].scale, w->z[k] + h);
    double down = pt_prior_log(&all->objective[i], all->row[i].scale, w->z[k] - h);
    if (!isfinite(up) || !isfinite(down)) continue; /* the edge of an even prior: flat inside */
    gradient[k] += (up - down) / (2 * h);
    double curvature = -(up - 2 * at + down) / (h * h);
    if (all->objective[i].kind != PT_UNIFORM && all->objective[i].kind != PT_SCALE_UNIFORM &&
        all->objective[i].kind != PT_LAPLACE && all->objective[i].kind != PT_LOG_LAPLACE &&
        all->objective[i].kind != PT_SCALE_LAPLACE && curvature > 0)
      information[(ptrdiff_t)k * (w->d + 1)] += curvature;
  }
}

static double *take(double **memory, ptrdiff_t count)
{
  double *m = *memory;
  *memory += count;
  return m;
}

static void sum(work *w, gm_petab_value *value, double *gradient, double *information)
{
  ptrdiff_t d = w->d;
  memset(gradient, 0, (size_t)d * sizeof *gradient);
  memset(information, 0, (size_t)(d * d) * sizeof *information);
  for (int32_t i = 0; i < w->p->problem_count; i++) {
    const pt_problem *q = &w->p->problem[i];
    for (int32_t k = 0; k < q->point_count; k++)
      point_add(w, &q->observable[q->point[k].observable], q->point[k].value, q->first_point + k,
                gradient, information);
  }
  prior_add(w, gradient, information);
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < i; j++) information[j * d + i] = information[i * d + j];
  *value = w->value[0];
}

/* ---- by differences ------------------------------------------------------------------------- */
static gm_status by_differences(work *w, gm_pool *pool, gm_petab_value *value, double *gradient,
                                double *information)
{
  ptrdiff_t d = w->d, n = 1 + 2 * d;
  double *memory = gm_alloc(w->p->ctx, 4 * d + n * d + 2 * n * w->points, sizeof *memory);
  double *m = memory;
  w->value = gm_alloc(w->p->ctx, n, sizeof *w->value);
  gm_status s = m && w->value ? GM_OK : gm_fail(w->p->ctx, GM_ENOMEM, "slopes");
  if (!s) {
    w->plus = take(&m, d);
    w->minus = take(&m, d);
    w->slope = take(&m, d);
    w->grow = take(&m, d);
    w->vector = take(&m, n * d);
    w->simulation = take(&m, n * w->points);
    w->sigma = m;
    steps_choose(w);
    vectors_fill(w);
    s = gm_petab_evaluate(w->p, pool, (int32_t)n, w->vector, w->value, w->simulation, w->sigma,
                          NULL);
  }
  if (!s) s = sides_check(w);
  if (!s) sum(w, value, gradient, information);
  gm_free(memory);
  gm_free(w->value);
  return s;
}

/* ---- by tangents ---------------------------------------------------------------------------- */
static void lineard_fill(const gm_petab *p, const double *linear, double *lineard)
{
  const pt_parameters *all = &p->parameters;
  for (int32_t i = 0; i < all->count; i++) {
    gm_petab_scale scale = all->row[i].scale;
    lineard[i] = all->coordinate[i] < 0  ? 0
                 : scale == GM_PETAB_LIN ? 1
                 : scale == GM_PETAB_LOG ? linear[i]
                                         : linear[i] * LN_10;
  }
}

static bool all_finite(const double *a, ptrdiff_t count)
{
  for (ptrdiff_t i = 0; i < count; i++)
    if (!isfinite(a[i])) return false;
  return true;
}

/* GM_EUNSUPPORTED: not to be had, or not here. */
static gm_status by_tangents(work *w, gm_pool *pool, gm_petab_value *value, double *gradient,
                             double *information)
{
  ptrdiff_t d = w->d, count = w->p->parameters.count, cells = d * w->points;
  double *memory =
      gm_alloc(w->p->ctx, 2 * d + 2 * count + 2 * w->points + 2 * cells, sizeof *memory);
  double *m = memory;
  gm_petab_value here;
  if (!m) return gm_fail(w->p->ctx, GM_ENOMEM, "slopes");
  w->value = &here;
  w->slope = take(&m, d);
  w->grow = take(&m, d);
  double *linear = take(&m, count), *lineard = take(&m, count);
  w->simulation = take(&m, w->points);
  w->sigma = take(&m, w->points);
  w->simulation_slope = take(&m, cells);
  w->sigma_slope = m;
  gm_status s = gm_petab_evaluate(w->p, pool, 1, w->z, &here, w->simulation, w->sigma, NULL);
  if (!s && here.bad_point >= 0) s = gm_fail(w->p->ctx, GM_ENUMERIC, "the value is not finite");
  if (!s) {
    pt_linear_fill(w->p, 1, w->z, linear);
    lineard_fill(w->p, linear, lineard);
    s = pt_tangents(w->p, pool, linear, lineard, w->simulation_slope, w->sigma_slope);
  }
  if (!s && !all_finite(w->simulation_slope, 2 * cells)) s = GM_EUNSUPPORTED;
  if (!s) sum(w, value, gradient, information);
  gm_free(memory);
  w->simulation_slope = w->sigma_slope = NULL;
  return s;
}

gm_status gm_petab_slopes(gm_petab *p, gm_pool *pool, const double *z, gm_petab_value *value,
                          double *gradient, double *information)
{
  work w = {.p = p, .z = z, .d = p->parameters.d, .points = p->point_count};
  gm_status s = by_tangents(&w, pool, value, gradient, information);
  if (s != GM_EUNSUPPORTED) return s;
  gm_message_clear(p->ctx);
  return by_differences(&w, pool, value, gradient, information);
}
