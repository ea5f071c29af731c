/* compare.c - paired comparison: gain, probability better, expected regret. */
#include "methods/compare.h"
#include "num/stats.h"
#include <math.h>

gm_status gm__estimate(gm_ctx *ctx, int32_t n, const double *x, const double *weight,
                       gm_estimate *out)
{
  static const double level[2] = {0.05, 0.95};
  double variance, q[2];
  gm_estimate e = {0};
  gm_status s = gm_stats_mean(ctx, n, x, weight, &e.mean, &variance);
  if (!s) s = gm_stats_quantiles(ctx, n, x, weight, 2, level, q);
  if (s) return s;
  e.low = q[0];
  e.high = q[1];
  e.error = sqrt(variance / gm_stats_ess(n, weight));
  *out = e;
  return GM_OK;
}

static double best_of_member(int32_t option_count, int32_t n, const double *value, int32_t m)
{
  double best = value[m];
  for (int32_t i = 1; i < option_count; i++) best = fmax(best, value[(ptrdiff_t)i * n + m]);
  return best;
}

double gm__gain_of(double a, double b)
{
  double d = a - b;
  return fabs(d) <= 1e-12 * fmax(1, fmax(fabs(a), fabs(b))) ? 0 : d;
}

gm_status gm__compare_options(gm_ctx *ctx, int32_t option_count, int32_t n, const double *value,
                              const double *weight, int32_t base, gm_option_result *out)
{
  double *gain = gm_alloc(ctx, n, sizeof *gain);
  if (!gain) return gm_fail(ctx, GM_ENOMEM, "comparison of %d options", (int)option_count);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < option_count && !s; i++) {
    const double *v = value + (ptrdiff_t)i * n, *b = value + (ptrdiff_t)base * n;
    gm_option_result r = {0};
    double more = 0, less = 0;
    for (int32_t m = 0; m < n; m++) {
      gain[m] = gm__gain_of(v[m], b[m]);
      more += gain[m] > 0 ? weight[m] : 0;
      less += gain[m] < 0 ? weight[m] : 0;
      r.regret += weight[m] * (best_of_member(option_count, n, value, m) - v[m]);
    }
    s = gm__estimate(ctx, n, v, weight, &r.utility);
    if (!s) s = gm__estimate(ctx, n, gain, weight, &r.gain);
    r.better = fmin(1, fmax(0, more + 0.5 * (1 - more - less)));
    /* the other way round for at most one member in twenty, and beyond the Monte Carlo error */
    r.distinguishable = (r.gain.mean > 0 ? less : more) <= 0.05 &&
                        fabs(r.gain.mean) > 2 * r.gain.error && r.gain.mean != 0;
    if (!s) out[i] = r;
  }
  gm_free(gain);
  return s;
}
