/* kalman_sigma.c - the unscented Kalman filter: 2 nv + 1 members carry mean and covariance.
 * Julier & Uhlmann, Proc. SPIE 3068:182 (1997); kappa = max(3 - nv, 0), so that weights are never
 * negative, unless the caller sets the points' distance. Where the middle point's weight is then
 * negative, covariances are taken about that point (the same authors' modified form), which keeps
 * them positive. */
#include "methods/filter_rows.h"
#include "methods/kalman.h"
#include "num/dense.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

int32_t gm__kalman_sigma_count(const kalman *k) { return 2 * k->nv + 1; }

/* Squared distance of the points from the middle one, in sd. */
static double reach2_of(const gm_filter *f)
{
  const kalman *k = f->kalman;
  return f->o.reach > 0 ? f->o.reach * f->o.reach : fmax(k->nv, 3);
}

static void weights_set(gm_filter *f)
{
  const kalman *k = f->kalman;
  double all = reach2_of(f);
  f->weight[0] = (all - k->nv) / all;
  for (int32_t m = 1; m < f->n; m++) f->weight[m] = 0.5 / all;
}

/* Points of the prior: along the unknowns; all other points lie at its mean, where init gives the
 * state that goes with it. */
void gm__kalman_sigma_begin(gm_filter *f)
{
  const kalman *k = f->kalman;
  double reach = sqrt(reach2_of(f));
  weights_set(f);
  memset(f->z, 0, (size_t)f->n * (size_t)f->d * sizeof *f->z);
  for (int32_t i = 0; i < f->d; i++)
    for (int32_t j = 0; j < f->d; j++) {
      double l = f->s->prior_factor ? f->s->prior_factor[(ptrdiff_t)j * f->d + i] : i == j;
      if (j < i) l = 0;
      f->z[(ptrdiff_t)(1 + i) * f->d + j] = reach * l;
      f->z[(ptrdiff_t)(1 + k->nv + i) * f->d + j] = -reach * l;
    }
}

void gm__kalman_factor_flat(int32_t n, double *a)
{
  double most = 0;
  for (int32_t i = 0; i < n; i++) most = fmax(most, a[(ptrdiff_t)i * n + i]);
  for (int32_t j = 0; j < n; j++) {
    double *row = a + (ptrdiff_t)j * n, own = row[j];
    for (int32_t l = 0; l < j; l++) own -= row[l] * row[l];
    bool flat = !(own > 1e-14 * row[j]) || !(own > 1e-300 * most);
    double d = flat ? 0 : sqrt(own);
    for (int32_t i = j + 1; i < n; i++) {
      double *to = a + (ptrdiff_t)i * n, sum = to[j];
      for (int32_t l = 0; l < j; l++) sum -= to[l] * row[l];
      to[j] = flat ? 0 : sum / d;
    }
    row[j] = d;
  }
}

/* K = V'W H'^T S^-1; mean += K d; P -= K S K^T (+ drift, before); new points. */
gm_status gm__kalman_sigma(gm_filter *f, gm_ctx *ctx, int32_t m)
{
  kalman *k = f->kalman;
  const int32_t n = f->n, nv = k->nv;
  ptrdiff_t square = (ptrdiff_t)nv * nv;
  double *p = gm_alloc(ctx, square + 2 * (ptrdiff_t)nv * m + nv, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "sigma points");
  double *c = p + square, *g = c + (ptrdiff_t)nv * m, *mean = g + (ptrdiff_t)nv * m;
  for (int32_t i = 0; i < nv; i++) mean[i] = gm__row_dot(n, f->weight, k->v + (ptrdiff_t)i * n);
  for (int32_t i = 0; i < nv; i++)
    for (int32_t j = 0; j < n; j++)
      k->v[(ptrdiff_t)i * n + j] = f->weight[j] * k->vp[(ptrdiff_t)i * n + j];
  gm__dense_add_bt(nv, n, nv, k->v, k->vp, p);
  for (int32_t i = 0; i < f->d; i++) /* drift since the last datum */
    p[(ptrdiff_t)(nv - f->d + i) * (nv + 1)] += f->drift[i];
  gm__dense_add_bt(nv, n, m, k->v, k->hp, c);
  for (int32_t q = 0; q < m; q++) /* and what is new in the residuals of coloured sensors */
    if (k->voice[q] >= 0) {
      p[(ptrdiff_t)k->voice[q] * (nv + 1)] += k->fresh[q];
      c[(ptrdiff_t)k->voice[q] * m + q] += k->fresh[q] * k->loud[q];
    }
  for (int32_t i = 0; i < nv; i++) { /* g = c S^-1, row by row */
    memcpy(g + (ptrdiff_t)i * m, c + (ptrdiff_t)i * m, (size_t)m * sizeof *g);
    gm__dense_solve(m, 1, k->s, g + (ptrdiff_t)i * m);
    for (int32_t q = 0; q < m; q++) mean[i] += g[(ptrdiff_t)i * m + q] * k->innovation[q];
  }
  for (ptrdiff_t i = 0; i < (ptrdiff_t)nv * m; i++) c[i] = -c[i];
  gm__dense_add_bt(nv, m, nv, g, c, p);
  gm__kalman_factor_flat(nv, p);
  double reach = sqrt(reach2_of(f));
  for (int32_t i = 0; i < nv; i++) {
    double *v = k->v + (ptrdiff_t)i * n;
    v[0] = mean[i];
    for (int32_t j = 0; j < nv; j++) {
      double l = j <= i ? reach * p[(ptrdiff_t)i * nv + j] : 0;
      v[1 + j] = mean[i] + l;
      v[1 + nv + j] = mean[i] - l;
    }
  }
  gm_free(p);
  memset(f->drift, 0, (size_t)f->d * sizeof *f->drift);
  return GM_OK;
}
