/* score.c - proper scores and calibration of forecasts.
 * Gneiting & Raftery, J. Am. Stat. Assoc. 102 (2007) 359; Bracher, Ray, Gneiting & Reich, PLoS
 * Comput. Biol. 17 (2021) e1008618. */
#include "num/score.h"
#include "num/distribution.h"
#include "num/stats.h"
#include "num/stats_internal.h"
#include <assert.h>
#include <math.h>

static gm_status check(gm_ctx *ctx, int32_t n, const double *x, const double *w, double y)
{
  gm_status s = gm__stats_check(ctx, n, x, "member");
  if (!s) s = gm__stats_check_weights(ctx, n, w);
  if (!s && !isfinite(y)) s = gm_fail(ctx, GM_EDOMAIN, "outcome is %g", y);
  return s;
}

/* The integral of (F - step)^2 over the gap [a, b], where F is constant: F^2 left of y and
 * (1 - F)^2 right of it. A sum of positive terms, so it does not cancel. */
static double gap_score(double a, double b, double f, double y)
{
  double left = fmax(0, fmin(b, y) - a), right = fmax(0, b - fmax(a, y));
  return left * f * f + right * (1 - f) * (1 - f);
}

double gm_score_crps_sorted(int32_t n, const double *xs, const double *cum, double y, double *apart)
{
  double sum = fmax(0, xs[0] - y) + fmax(0, y - xs[n - 1]); /* F is 0 and 1 outside */
  double spread = 0;
  for (int32_t i = 0; i + 1 < n; i++) {
    double f = cum[i];
    sum += gap_score(xs[i], xs[i + 1], f, y);
    spread += (xs[i + 1] - xs[i]) * f * (1 - f);
  }
  if (apart) *apart = spread;
  return sum;
}

gm_status gm_score_crps(gm_ctx *ctx, int32_t n, const double *x, const double *w, double y,
                        double *crps)
{
  assert(x && crps);
  gm_status s = check(ctx, n, x, w, y);
  if (s) return s;
  double *xs, *ws;
  s = gm__stats_sorted(ctx, n, x, w, &xs, &ws);
  if (s) return s;
  double total = gm_stats_sum(n, ws), run = 0;
  for (int32_t i = 0; i < n; i++) {
    run += ws[i];
    ws[i] = fmin(1, run / total);
  }
  *crps = gm_score_crps_sorted(n, xs, ws, y, NULL);
  gm_free(xs);
  return GM_OK;
}

double gm_score_crps_normal(double mean, double sd, double y)
{
  if (!(sd >= 0)) return NAN;
  if (sd == 0) return fabs(y - mean);
  double z = (y - mean) / sd;
  return sd * (z * erf(z * M_SQRT1_2) + 2 * exp(gm_dist_normal_log_pdf(z)) - 1 / sqrt(M_PI));
}

double gm_score_pinball(double p, double q, double y)
{
  return y < q ? (1 - p) * (q - y) : p * (y - q);
}

static gm_status wis_check(gm_ctx *ctx, int32_t n, const double *p, const double *q, double y)
{
  if (n < 1 || n % 2 == 0)
    return gm_fail(ctx, GM_EINVAL, "interval score of %d quantiles: want an odd number", (int)n);
  for (int32_t i = 0; i < n; i++) {
    if (!isfinite(q[i])) return gm_fail(ctx, GM_EDOMAIN, "quantile %d is %g", (int)i + 1, q[i]);
    if (!(p[i] > 0 && p[i] < 1) || fabs(p[i] + p[n - 1 - i] - 1) > 1e-9 ||
        (i > 0 && !(p[i] > p[i - 1])))
      return gm_fail(ctx, GM_EINVAL, "level %d, %g: want ascending and symmetric about 0.5",
                     (int)i + 1, p[i]);
    if (i > 0 && q[i] < q[i - 1])
      return gm_fail(ctx, GM_EDOMAIN, "quantile %d, %g, is below the one before", (int)i + 1, q[i]);
  }
  return isfinite(y) ? GM_OK : gm_fail(ctx, GM_EDOMAIN, "outcome is %g", y);
}

gm_status gm_score_wis(gm_ctx *ctx, int32_t n, const double *p, const double *q, double y,
                       gm_wis *out)
{
  assert(p && q && out);
  gm_status s = wis_check(ctx, n, p, q, y);
  if (s) return s;
  int32_t k = n / 2; /* intervals; the median is q[k] */
  gm_wis r = {0, 0, 0.5 * fmax(0, q[k] - y), 0.5 * fmax(0, y - q[k])};
  for (int32_t i = 0; i < k; i++) { /* alpha/2 = p_i; alpha/2 * 2/alpha = 1 */
    r.dispersion += p[i] * (q[n - 1 - i] - q[i]);
    r.below += fmax(0, q[i] - y);
    r.above += fmax(0, y - q[n - 1 - i]);
  }
  r.dispersion /= k + 0.5;
  r.below /= k + 0.5;
  r.above /= k + 0.5;
  r.score = r.dispersion + r.below + r.above;
  *out = r;
  return GM_OK;
}

gm_status gm_score_coverage(gm_ctx *ctx, int32_t n, const double *low, const double *high,
                            const double *y, double alpha, double *share, double *share_low,
                            double *share_high)
{
  assert(low && high && y && share);
  gm_status s = gm__stats_check(ctx, n, y, "outcome");
  if (s) return s;
  int32_t inside = 0;
  for (int32_t i = 0; i < n; i++) {
    if (!(low[i] <= high[i])) /* infinite ends are allowed, NaN is not */
      return gm_fail(ctx, GM_EDOMAIN, "interval %d is [%g, %g]", (int)i + 1, low[i], high[i]);
    inside += low[i] <= y[i] && y[i] <= high[i];
  }
  double a, b;
  s = gm_dist_binomial_interval(ctx, inside, n, alpha, &a, &b);
  if (s) return s;
  *share = (double)inside / n;
  if (share_low) *share_low = a;
  if (share_high) *share_high = b;
  return GM_OK;
}

gm_status gm_score_pit(gm_ctx *ctx, int32_t n, const double *x, const double *w, double y, double v,
                       double *pit)
{
  assert(x && pit);
  gm_status s = check(ctx, n, x, w, y);
  if (s) return s;
  if (!(v >= 0 && v <= 1)) return gm_fail(ctx, GM_ERANGE, "PIT with v = %g", v);
  double below = 0, equal = 0, above = 0;
  for (int32_t i = 0; i < n; i++) {
    double wi = w ? w[i] : 1;
    if (x[i] < y)
      below += wi;
    else if (x[i] == y)
      equal += wi;
    else
      above += wi;
  }
  *pit = (below + v * equal) / (below + equal + above);
  return GM_OK;
}
