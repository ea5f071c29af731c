/* forecast_shares.c - of a model that moves by chance: which part of a forecast's variance is the
 * chance still to come, which the parameters, which the present state. */
#include "num/linalg.h"
#include "num/stats.h"
#include "twin/forecast.h"
#include <math.h>
#include <string.h>

gm_status gm__lineage_anew(gm_ctx *ctx, const gm_lineage *l, double t, gm_lineage **out)
{
  ptrdiff_t n = l->n, rows = l->renewal_count + 1;
  gm_lineage *a = gm_alloc(ctx, 1, sizeof *a);
  if (!a) return gm_fail(ctx, GM_ENOMEM, "paths");
  *a = (gm_lineage){.key = l->key, .n = l->n};
  a->renewal_t = gm_alloc(ctx, rows, sizeof *a->renewal_t);
  a->slot = gm_alloc(ctx, (rows + 1) * n, sizeof *a->slot);
  if (!a->renewal_t || !a->slot) {
    gm_lineage_free(a);
    return gm_fail(ctx, GM_ENOMEM, "paths of %d members", (int)n);
  }
  memcpy(a->slot, l->slot, (size_t)(rows * n) * sizeof *a->slot);
  for (int32_t i = 0; i < l->renewal_count; i++) a->renewal_t[i] = l->renewal_t[i];
  a->renewal_t[rows - 1] = t;
  a->renewal_count = (int32_t)rows;
  for (ptrdiff_t m = 0; m < n; m++)
    a->slot[rows * n + m] = gm_hash64(a->slot[(rows - 1) * n + m], UINT64_C(0xa4e0) + (uint64_t)m);
  *out = a;
  return GM_OK;
}

/* Variance of y that a linear regression on the rows of z explains, less what d regressors explain
 * by accident; weights sum to 1. */
static gm_status explained(gm_ctx *ctx, int32_t n, int32_t d, const double *z, const double *w,
                           const double *y, double *out)
{
  double *work = gm_alloc(ctx, (ptrdiff_t)d * d + 3 * d, sizeof *work), mean, variance;
  if (!work) return gm_fail(ctx, GM_ENOMEM, "shares of a forecast");
  double *cov = work, *center = cov + (ptrdiff_t)d * d, *cross = center + d, *beta = cross + d;
  gm_status s = gm_stats_mean(ctx, n, y, w, &mean, &variance);
  if (!s) s = gm_stats_covariance(ctx, n, d, z, w, center, cov);
  double ess = gm_stats_ess(n, w), scale = ess > 1 ? ess / (ess - 1) : 0;
  for (int32_t m = 0; m < n && !s; m++)
    for (int32_t i = 0; i < d; i++)
      cross[i] += w[m] * scale * (y[m] - mean) * (z[(ptrdiff_t)m * d + i] - center[i]);
  for (int32_t i = 0; i < d && !s; i++) cov[i * d + i] *= 1 + 1e-9;
  *out = 0;
  if (!s && ess > d + 2 && gm__la_cholesky(d, cov, cov) == 0) {
    gm_la_solve_cholesky(d, cov, cross, beta);
    double by = fmin(gm_la_dot(d, beta, cross), variance), rest = (variance - by) / (ess - d - 1);
    *out = fmax(0, by - d * rest);
  }
  gm_free(work);
  return s;
}

gm_status gm__forecast_shares(gm_ctx *ctx, int32_t n, int32_t d, const double *z, const double *w,
                              double *y, const double *anew, double share[3])
{
  double mean, variance, intrinsic = 0, parameter = 0, pairs = 0;
  gm_status s = gm_stats_mean(ctx, n, y, w, &mean, &variance);
  for (int32_t m = 0; m < n && !s; m++) {
    if (!isfinite(anew[m])) continue; /* did not get through when drawn anew: no pair */
    pairs += w[m];
    intrinsic += 0.5 * w[m] * (y[m] - anew[m]) * (y[m] - anew[m]);
    y[m] = 0.5 * (y[m] + anew[m]); /* its spread is that of the belief, and half the chance */
  }
  intrinsic = pairs > 0 ? fmin(intrinsic / pairs, variance) : 0;
  if (!s && d) s = explained(ctx, n, d, z, w, y, &parameter);
  share[2] = intrinsic;
  share[0] = fmin(parameter, variance - intrinsic);
  share[1] = variance - intrinsic - share[0];
  return s;
}
