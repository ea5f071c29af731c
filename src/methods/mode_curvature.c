/* mode_curvature.c - Gauss-Newton and difference Hessians of a posterior's energy. */
#include "methods/mode_curvature.h"
#include "num/linalg.h"
#include "num/optimise.h"
#include <math.h>
#include <string.h>

/* The steps, in posterior standard deviations: truncation error of the gradient is about 4 s^4 and
 * of the Hessian 8 s^4 times the non-Gaussian part, rounding errors about e/s and e/s^2 times the
 * error e of the energy (1e-14 closed form, 1e-7 from an integrator). */
static const double step_gradient = 0.003, step_hessian = 0.1;
static const double step_predictions = 1e-3; /* in prior standard deviations */
enum { SHRINKS = 3 };

/* rows[2d+1][d]: u, then u + h e_i and u - h e_i */
static void neighbours(int32_t d, const double *u, double h, double *rows)
{
  for (ptrdiff_t r = 0; r <= 2 * (ptrdiff_t)d; r++) memcpy(rows + r * d, u, (size_t)d * sizeof *u);
  for (ptrdiff_t i = 0; i < d; i++) {
    rows[(2 * i + 1) * d + i] += h;
    rows[(2 * i + 2) * d + i] -= h;
  }
}

/* Adds what datum j says: f[2d+1][count] are the predictions at the neighbours, a[d] is scratch. */
static void datum_add(const gm__posterior *q, ptrdiff_t j, const double *f, double *a, double *g,
                      double *h)
{
  ptrdiff_t d = q->d, count = q->p->datum_count;
  double slope = gm__datum_slope(&q->p->datum[j], f[j]);
  double weight = gm__datum_information(&q->p->datum[j], f[j]);
  for (ptrdiff_t i = 0; i < d; i++)
    a[i] = (f[(2 * i + 1) * count + j] - f[(2 * i + 2) * count + j]) / (2 * step_predictions);
  for (ptrdiff_t i = 0; i < d; i++) {
    g[i] -= slope * a[i];
    for (ptrdiff_t k = 0; k < d; k++) h[i * d + k] += weight * a[i] * a[k];
  }
}

gm_status gm__mode_slopes(gm__posterior *q, const double *u, double *gradient, double *hessian)
{
  ptrdiff_t d = q->d, count = q->p->datum_count, n = 2 * d + 1;
  double *work = gm_alloc(q->ctx, n * (d + count + 1) + 2 * d + d * d, sizeof *work);
  if (!work) return gm_fail(q->ctx, GM_ENOMEM, "slopes of %d coordinates", (int)d);
  double *rows = work, *f = rows + n * d, *ll = f + n * count, *a = ll + n, *g = a + d, *h = g + d;
  neighbours(q->d, u, step_predictions, rows);
  gm_status s = gm__posterior_loglik(q, (int32_t)n, rows, f, ll);
  for (ptrdiff_t i = 0; i < d; i++) {
    g[i] = u[i];
    h[i * d + i] = 1;
  }
  for (ptrdiff_t j = 0; j < count && !s; j++) datum_add(q, j, f, a, g, h);
  for (ptrdiff_t i = 0; i < d + d * d && !s; i++) /* h lies behind g */
    if (!isfinite(g[i]))
      s = gm_fail(q->ctx, GM_ENUMERIC, "predictions beside a point are not finite");
  if (!s) {
    memcpy(gradient, g, (size_t)d * sizeof *g);
    memcpy(hessian, h, (size_t)(d * d) * sizeof *h);
  }
  gm_free(work);
  return s;
}

/* ---- around one point ---------------------------------------------------------------------- */
void gm__local_close(gm__local *a) { gm_free(a->at); }

void gm__local_point(const gm__local *a, const double *v, double *out)
{
  gm_la_solve_lower_t(a->q->d, a->k, v, out);
  for (int32_t i = 0; i < a->q->d; i++) out[i] += a->u[i];
}

gm_status gm__local_energy(void *local, int32_t n, const double *v, double *value)
{
  gm__local *a = local;
  ptrdiff_t d = a->q->d;
  if (n > a->at_room) {
    gm_status s = gm_grow(a->q->ctx, &a->at, a->at_room * d, n * d, sizeof *a->at);
    if (s) return s;
    a->at_room = n;
  }
  for (ptrdiff_t m = 0; m < n; m++) gm__local_point(a, v + m * d, a->at + m * d);
  return gm__posterior_energy(a->q, n, a->at, value);
}

gm_status gm__local_gradient(gm__local *a, double value, double *gradient)
{
  int32_t d = a->q->d;
  double *origin = gm_alloc(a->q->ctx, d, sizeof *origin);
  if (!origin) return gm_fail(a->q->ctx, GM_ENOMEM, "gradient at the mode");
  gm_difference how = {.order = 4, .step = step_gradient}; /* at 0 the scale 1 + |v| is 1 */
  gm_status s = gm_diff_gradient(a->q->ctx, d, gm__local_energy, a, &how, origin, value, gradient,
                                 NULL, NULL);
  gm_free(origin);
  return s;
}

/* Four points at +-h and +-2h along the direction e_i + side e_j (side 0: e_i alone). */
static double *ray(int32_t d, double h, int32_t i, int32_t j, int side, double *rows)
{
  static const double reach[4] = {1, -1, 2, -2};
  for (int k = 0; k < 4; k++, rows += d) {
    memset(rows, 0, (size_t)d * sizeof *rows);
    rows[i] = reach[k] * h;
    if (side) rows[j] = side * reach[k] * h;
  }
  return rows;
}

/* Second derivative along a ray from its four values: B. Fornberg, Generation of finite difference
 * formulas on arbitrarily spaced grids, Math. Comp. 51 (1988) 699-706, table 1. */
static double bend(double value, double h, const double *v)
{
  double near = (v[0] - value) + (v[1] - value), far = (v[2] - value) + (v[3] - value);
  return (16 * near - far) / (12 * h * h);
}

static void stencil(int32_t d, double h, double *rows)
{
  for (int32_t i = 0; i < d; i++) rows = ray(d, h, i, i, 0, rows);
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < i; j++) {
      rows = ray(d, h, i, j, 1, rows);
      rows = ray(d, h, i, j, -1, rows);
    }
}

static void hessian_fill(int32_t d, double value, double h, const double *v, double *out)
{
  for (ptrdiff_t i = 0; i < d; i++, v += 4) out[i * d + i] = bend(value, h, v);
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < i; j++, v += 8)
      out[i * d + j] = out[j * d + i] = (bend(value, h, v) - bend(value, h, v + 4)) / 4;
}

static bool all_finite(int32_t n, const double *v)
{
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(v[i])) return false;
  return true;
}

gm_status gm__local_hessian(gm__local *a, double value, double *hessian)
{
  int32_t d = a->q->d;
  ptrdiff_t n = 4 * (ptrdiff_t)d * d;
  if (n > INT32_MAX)
    return gm_fail(a->q->ctx, GM_ERANGE, "Hessian of %d coordinates: too many", (int)d);
  double *work = gm_alloc(a->q->ctx, n * (d + 1), sizeof *work), h = step_hessian;
  if (!work) return gm_fail(a->q->ctx, GM_ENOMEM, "Hessian at the mode");
  double *rows = work, *v = work + n * d;
  gm_status s = GM_OK;
  for (int round = 0; !s; round++, h /= 4) {
    stencil(d, h, rows);
    s = gm__local_energy(a, (int32_t)n, rows, v);
    if (s || all_finite((int32_t)n, v)) break;
    if (round == SHRINKS) s = gm_fail(a->q->ctx, GM_ENUMERIC, "Hessian: impossible neighbours");
  }
  if (!s) hessian_fill(d, value, h, v, hessian);
  gm_free(work);
  return s;
}
