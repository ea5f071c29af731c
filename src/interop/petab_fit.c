/* petab_fit.c - the most probable parameters from one start.
 * Within bounds the search goes in coordinates u with z(u) inside for every u: z = low + (high -
 * low) (sin u + 1)/2 between two bounds, z = low - 1 + sqrt(u^2 + 1) above one (MINUIT, James &
 * Roos 1975). */
#include "gemel/math.h"
#include "interop/petab.h"
#include "num/linalg.h"
#include "num/optimise.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* How far from a bound a search begins, as a part of the range: on it the slope of u is 0. */
#define NUDGE 1e-4

typedef struct {
  gm_petab *p;
  gm_pool *pool;
  int32_t d;
  const double *low, *high;                           /* by row of the parameter table */
  double *z, *best, *u_last, *gradient, *information; /* [d], the last [d][d] */
  double *slope, *bend;                               /* [d] dz/du, d2z/du2 */
  double best_value;
  bool have_best, have_last;
  gm_petab_value value_last;
  int64_t before; /* worked out by others */
} search;

/* ---- coordinates ---------------------------------------------------------------------------- */
static double z_of(const search *w, int32_t k, double u, double *slope, double *bend)
{
  int32_t i = w->p->parameters.estimated[k];
  double low = w->low[i], high = w->high[i], root = sqrt(u * u + 1);
  double one = u / root, two = 1 / (root * root * root);
  if (isfinite(low) && isfinite(high)) {
    double half = 0.5 * (high - low), z = low + half * (gm_sin(u) + 1);
    *slope = half * gm_cos(u);
    *bend = -half * gm_sin(u);
    return fmin(fmax(z, low), high);
  }
  if (isfinite(low) || isfinite(high)) {
    double sign = isfinite(low) ? 1 : -1;
    *slope = sign * one;
    *bend = sign * two;
    return (isfinite(low) ? low : high) + sign * (root - 1);
  }
  *slope = 1;
  *bend = 0;
  return u;
}

static double u_of(const search *w, int32_t k, double z)
{
  int32_t i = w->p->parameters.estimated[k];
  double low = w->low[i], high = w->high[i];
  if (isfinite(low) && isfinite(high)) {
    double part = (z - low) / (high - low);
    return gm_asin(2 * fmin(fmax(part, NUDGE), 1 - NUDGE) - 1);
  }
  if (isfinite(low) || isfinite(high)) {
    double rest = fmax(isfinite(low) ? z - low : high - z, NUDGE);
    return sqrt((rest + 1) * (rest + 1) - 1);
  }
  return z;
}

static void z_fill(search *w, const double *u, double *z)
{
  for (int32_t k = 0; k < w->d; k++) z[k] = z_of(w, k, u[k], &w->slope[k], &w->bend[k]);
}

/* ---- what the minimiser asks for ------------------------------------------------------------ */
static gm_status value_f(void *user, int32_t n, const double *u, double *value)
{
  search *w = user;
  gm_ctx *ctx = w->p->ctx;
  gm_petab_value *v = gm_alloc(ctx, n, sizeof *v);
  double *z = gm_alloc(ctx, (ptrdiff_t)n * w->d, sizeof *z);
  gm_status s = v && z ? GM_OK : gm_fail(ctx, GM_ENOMEM, "search");
  for (int32_t i = 0; i < n && !s; i++) z_fill(w, u + (ptrdiff_t)i * w->d, z + (ptrdiff_t)i * w->d);
  if (!s) s = gm_petab_evaluate(w->p, w->pool, n, z, v, NULL, NULL, NULL);
  for (int32_t i = 0; i < n && !s; i++) {
    double f = -(v[i].llh + v[i].log_prior);
    value[i] = isfinite(f) ? f : NAN;
    if (!isfinite(f) || (w->have_best && f >= w->best_value)) continue;
    w->have_best = true;
    w->best_value = f;
    memcpy(w->best, z + (ptrdiff_t)i * w->d, (size_t)w->d * sizeof *z);
  }
  gm_free(v);
  gm_free(z);
  return s;
}

/* Both derivatives come from one batch: kept until u changes. */
static gm_status slopes_at(search *w, const double *u)
{
  if (w->have_last && !memcmp(u, w->u_last, (size_t)w->d * sizeof *u)) return GM_OK;
  w->have_last = false;
  z_fill(w, u, w->z);
  gm_status s = gm_petab_slopes(w->p, w->pool, w->z, &w->value_last, w->gradient, w->information);
  if (s) return s;
  memcpy(w->u_last, u, (size_t)w->d * sizeof *u);
  w->have_last = true;
  return GM_OK;
}

static gm_status gradient_f(void *user, const double *u, double *gradient)
{
  search *w = user;
  gm_status s = slopes_at(w, u);
  if (s) return s;
  z_fill(w, u, w->z); /* the slopes of u may be those of another point by now */
  for (int32_t k = 0; k < w->d; k++) gradient[k] = -w->gradient[k] * w->slope[k];
  return GM_OK;
}

static gm_status hessian_f(void *user, const double *u, double *hessian)
{
  search *w = user;
  gm_status s = slopes_at(w, u);
  if (s) return s;
  z_fill(w, u, w->z);
  for (int32_t i = 0; i < w->d; i++) {
    for (int32_t j = 0; j < w->d; j++)
      hessian[(ptrdiff_t)i * w->d + j] =
          w->slope[i] * w->information[(ptrdiff_t)i * w->d + j] * w->slope[j];
    hessian[(ptrdiff_t)i * (w->d + 1)] -= w->gradient[i] * w->bend[i];
  }
  return GM_OK;
}

/* ---- searching ------------------------------------------------------------------------------ */
static gm_status room(search *w, double **memory)
{
  ptrdiff_t d = w->d;
  double *m = gm_alloc(w->p->ctx, 6 * d + d * d, sizeof *m);
  if (!m) return gm_fail(w->p->ctx, GM_ENOMEM, "search");
  *memory = m;
  w->z = m;
  w->best = m + d;
  w->u_last = m + 2 * d;
  w->gradient = m + 3 * d;
  w->slope = m + 4 * d;
  w->bend = m + 5 * d;
  w->information = m + 6 * d;
  return GM_OK;
}

/* Standard errors: square roots of the diagonal of the information's inverse. */
static gm_status errors_make(search *w, const double *z, double *error)
{
  gm_petab_value value;
  gm_status s = gm_petab_slopes(w->p, w->pool, z, &value, w->gradient, w->information);
  if (!s) s = gm_la_spd_inverse(w->p->ctx, w->d, w->information, w->information);
  if (s && s != GM_ENUMERIC) return s;
  for (int32_t k = 0; k < w->d; k++)
    error[k] = s ? NAN : sqrt(w->information[(ptrdiff_t)k * (w->d + 1)]);
  gm_message_clear(w->p->ctx);
  return GM_OK;
}

/* What the end of the search means; the best point seen counts, however it ended. */
static gm_status ending(const search *w, gm_status s, const gm_opt_result *r, gm_petab_fit *fit)
{
  fit->evaluations = w->p->vectors_run - w->before;
  if (s == GM_ECANCELLED && w->have_best) {
    fit->stopped = true;
    fit->why = "stopped";
  } else if (s == GM_ENUMERIC && w->have_best) {
    fit->why = "slopes cannot be worked out there";
  } else if (s) {
    return s;
  } else {
    fit->converged = r->converged;
    fit->why = gm_opt_stop_text(r->stop);
    fit->iterations = r->iterations;
    fit->gradient_norm = r->gradient_norm;
  }
  gm_message_clear(w->p->ctx);
  return GM_OK;
}

static gm_status start_check(const search *w, const double *start, gm_petab_fit *fit)
{
  char text[500];
  gm_status s = gm_petab_evaluate(w->p, w->pool, 1, start, &fit->value, NULL, NULL, NULL);
  if (s) return s;
  fit->first = fit->value.llh + fit->value.log_prior;
  if (isfinite(fit->first)) return GM_OK;
  if (fit->value.bad_point < 0)
    return gm_fail(w->p->ctx, GM_EDOMAIN, "the start is impossible by the priors");
  gm_petab_bad_point(w->p, fit->value.bad_point, text, sizeof text);
  return gm_fail(w->p->ctx, GM_EDOMAIN, "%s", text);
}

static gm_status climb(search *w, const gm_watch *watch, const double *start, double *u,
                       gm_petab_fit *fit)
{
  const gm_opt_options o = {.gradient_tolerance = 1e-4, /* of differences of simulations */
                            .step_tolerance = 1e-8,
                            .gradient = gradient_f,
                            .hessian = hessian_f,
                            .watch = watch};
  gm_opt_result r = {0};
  for (int32_t k = 0; k < w->d; k++) u[k] = u_of(w, k, start[k]);
  gm_status s = gm_opt_minimise(w->p->ctx, w->d, value_f, w, &o, u, u, NULL, NULL, &r);
  return ending(w, s, &r, fit);
}

gm_status gm_petab_minimise(gm_petab *p, gm_pool *pool, const gm_watch *watch, const double *start,
                            double *z, double *error, gm_petab_fit *out)
{
  assert(p && out && (p->parameters.d == 0 || (start && z)));
  search w = {.p = p,
              .pool = pool,
              .d = p->parameters.d,
              .before = p->vectors_run,
              .low = p->parameters.low,
              .high = p->parameters.high};
  gm_petab_fit fit = {.why = "nothing is estimated", .converged = true};
  double *memory = NULL, *u = gm_alloc(p->ctx, w.d, sizeof *u);
  gm_status s = u ? room(&w, &memory) : gm_fail(p->ctx, GM_ENOMEM, "search");
  if (!s) s = start_check(&w, start, &fit);
  if (!s && w.d) {
    fit.converged = false;
    s = climb(&w, watch, start, u, &fit);
  }
  if (!s && w.d) {
    s = gm_petab_evaluate(p, pool, 1, w.best, &fit.value, NULL, NULL, NULL);
    if (!s && error) s = errors_make(&w, w.best, error);
  }
  if (!s) {
    if (w.d) memcpy(z, w.best, (size_t)w.d * sizeof *z);
    *out = fit;
  }
  gm_free(u);
  gm_free(memory);
  return s;
}
