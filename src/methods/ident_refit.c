/* ident_refit.c - refits: trust region first, NLopt's bounded methods where a bound is near, where
 * that one fails or where the objective is too rough for differences. */
#include "methods/ident_internal.h"
#include "num/optimise.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

double gm__refit_low(const gm__refit *r, int32_t i) { return r->f->low ? r->f->low[i] : -INFINITY; }
double gm__refit_high(const gm__refit *r, int32_t i)
{
  return r->f->high ? r->f->high[i] : INFINITY;
}

const char *gm__ident_name(const char *const *name, int32_t i, char text[24])
{
  if (name && name[i]) return name[i];
  snprintf(text, 24, "z%d", (int)i + 1);
  return text;
}

gm_status gm__refit_new(gm_ctx *ctx, const gm_objective *f, int32_t fixed, const double *z,
                        gm__refit *r)
{
  memset(r, 0, sizeof *r);
  if (f->dim < 1 || fixed < 0 || fixed >= f->dim)
    return gm_fail(ctx, GM_ERANGE, "profile of unknown %d of %d", (int)fixed + 1, (int)f->dim);
  r->ctx = ctx, r->f = f, r->fixed = fixed;
  for (int32_t i = 0; i < f->dim; i++) {
    double low = gm__refit_low(r, i), high = gm__refit_high(r, i);
    if (!(low < high) || !(z[i] >= low && z[i] <= high) || !isfinite(z[i]))
      return gm_fail(ctx, GM_ERANGE, "profile: unknown %d is %g, inside [%g, %g] was expected",
                     (int)i + 1, z[i], low, high);
  }
  r->room = 4 * f->dim + 8;
  r->full = gm_alloc(ctx, (ptrdiff_t)r->room * f->dim, sizeof *r->full);
  r->keys = gm_alloc(ctx, r->room, sizeof *r->keys);
  r->work = gm_alloc(ctx, 6 * (ptrdiff_t)f->dim, sizeof *r->work);
  if (r->full && r->keys && r->work) return GM_OK;
  gm__refit_free(r);
  return gm_fail(ctx, GM_ENOMEM, "profile of %d unknowns", (int)f->dim);
}

void gm__refit_free(gm__refit *r)
{
  gm_free(r->full), gm_free(r->keys), gm_free(r->work);
  r->full = NULL, r->keys = NULL, r->work = NULL;
}

gm_status gm__refit_value(gm__refit *r, int32_t n, const double *z, double *value)
{
  for (int32_t at = 0; at < n;) {
    int32_t m = n - at < r->room ? n - at : r->room;
    for (int32_t i = 0; i < m; i++) r->keys[i] = r->key;
    gm_status s =
        r->f->eval(r->f->user, r->ctx, m, z + (ptrdiff_t)at * r->f->dim, r->keys, value + at);
    if (s) return r->broken = s;
    r->evaluations += m;
    at += m;
  }
  return GM_OK;
}

/* The others' values o[dim - 1] and x make a whole point; false outside the bounds. */
static bool whole(const gm__refit *r, const double *o, double *z)
{
  bool inside = true;
  for (int32_t i = 0, k = 0; i < r->f->dim; i++) {
    z[i] = i == r->fixed ? r->x : o[k++];
    if (i != r->fixed && !(z[i] >= gm__refit_low(r, i) && z[i] <= gm__refit_high(r, i)))
      inside = false;
  }
  return inside;
}

/* gm_batch_f over the others. Points outside the bounds are not feasible and are not asked for. */
static gm_status others(void *user, int32_t n, const double *o, double *value)
{
  gm__refit *r = user;
  int32_t d = r->f->dim;
  for (int32_t at = 0; at < n;) {
    int32_t m = 0, from = at;
    uint8_t asked[256];
    for (; at < n && m < r->room && at - from < 256; at++) {
      asked[at - from] = whole(r, o + (ptrdiff_t)at * (d - 1), r->full + (ptrdiff_t)m * d);
      m += asked[at - from];
    }
    double got[256];
    for (int32_t i = 0; i < m; i++) r->keys[i] = r->key;
    gm_status s = m ? r->f->eval(r->f->user, r->ctx, m, r->full, r->keys, got) : GM_OK;
    if (s) return r->broken = s;
    r->evaluations += m;
    for (int32_t i = from, k = 0; i < at; i++) value[i] = asked[i - from] ? got[k++] : NAN;
  }
  return GM_OK;
}

static bool near_bound(const gm__refit *r, int32_t i, double z, double share)
{
  double low = gm__refit_low(r, i), high = gm__refit_high(r, i);
  double width = isfinite(high - low) ? high - low : 1 + fabs(z);
  return z - low <= share * width || high - z <= share * width;
}

int32_t gm__refit_on_bound(const gm__refit *r, const double *z)
{
  for (int32_t i = 0; i < r->f->dim; i++)
    if (i != r->fixed && near_bound(r, i, z[i], 1e-6)) return i;
  return -1;
}

/* Whether a status of a minimiser must go up, rather than count as a fit that failed. */
static bool fatal(const gm__refit *r, gm_status s)
{
  return r->broken || s == GM_ENOMEM || s == GM_ECANCELLED || s == GM_EINTERNAL;
}

static gm_status bounded(gm__refit *r, double *o, double *value, bool *converged)
{
  int32_t d = r->f->dim, m = d - 1;
  double *low = r->work + 2 * d, *high = low + d, *found = high + d, *step = found + d;
  for (int32_t i = 0, k = 0; i < d; i++) {
    if (i == r->fixed) continue;
    low[k] = gm__refit_low(r, i), high[k] = gm__refit_high(r, i);
    double width = isfinite(high[k] - low[k]) ? (high[k] - low[k]) / 4 : 1 + fabs(o[k]);
    step[k] = fmin(0.1 * (1 + fabs(o[k])), width);
    k++;
  }
  gm_nlopt_options how = {.method = m < 2 ? GM_NLOPT_SBPLX : GM_NLOPT_BOBYQA,
                          .low = low,
                          .high = high,
                          .step = step,
                          .value_tolerance = r->rough ? 1e-6 : 1e-11,
                          .step_tolerance = r->rough ? 1e-3 : 1e-9,
                          .evaluations_max = r->evaluations_max,
                          .watch = r->watch};
  gm_opt_result result;
  gm_status s = gm_nlopt_minimise(r->ctx, m, others, r, &how, o, found, &result);
  if (s && fatal(r, s)) return s;
  if (s) return GM_OK; /* no better than before: *converged stays */
  if (!(*value <= result.value)) {
    memcpy(o, found, (size_t)m * sizeof *o);
    *value = result.value;
  }
  *converged = *converged || result.converged || r->rough;
  return GM_OK;
}

/* Trust region from o with the value there; failures that are no one's fault keep what there is. */
static gm_status free_search(gm__refit *r, double *o, double *value, bool *converged)
{
  int32_t m = r->f->dim - 1;
  double *found = r->work + r->f->dim;
  gm_opt_options how = {
      .gradient_tolerance = 1e-6, .evaluations_max = r->evaluations_max, .watch = r->watch};
  gm_opt_result result;
  gm_status s = gm_opt_minimise(r->ctx, m, others, r, &how, o, found, NULL, NULL, &result);
  if (s) return fatal(r, s) ? s : GM_OK;
  if (!(result.value <= *value)) return GM_OK;
  memcpy(o, found, (size_t)m * sizeof *o);
  *value = result.value;
  *converged = result.converged;
  return GM_OK;
}

static bool any_near_bound(const gm__refit *r, const double *o)
{
  bool near = false;
  for (int32_t i = 0, k = 0; i < r->f->dim; i++)
    if (i != r->fixed) near = near || near_bound(r, i, o[k++], 1e-3);
  return near;
}

gm_status gm__refit_run(gm__refit *r, double x, double *z, double *value, bool *converged)
{
  int32_t m = r->f->dim - 1;
  double *o = r->work, start = NAN;
  r->x = x;
  for (int32_t i = 0, k = 0; i <= m; i++)
    if (i != r->fixed) o[k++] = fmin(fmax(z[i], gm__refit_low(r, i)), gm__refit_high(r, i));
  if (m == 0) r->full[0] = x;
  gm_status s = m ? others(r, 1, o, &start) : gm__refit_value(r, 1, r->full, &start);
  if (s) return s;
  if (!isfinite(start)) return GM_EDOMAIN;
  *value = start;
  *converged = m == 0;
  if (m > 0 && !r->rough) s = free_search(r, o, value, converged);
  if (!s && m > 0 && (!*converged || any_near_bound(r, o))) s = bounded(r, o, value, converged);
  whole(r, o, z);
  return s;
}
