/* psis.c - Pareto-smoothed importance sampling.
 * Vehtari, Simpson, Gelman, Yao & Gabry, Pareto smoothed importance sampling, JMLR 25(72), 2024;
 * Zhang & Stephens, A new and efficient estimation method for the generalized Pareto
 * distribution, Technometrics 51 (2009) 316-325. */
#include "num/stats.h"
#include "num/stats_internal.h"
#include <assert.h>
#include <float.h>
#include <math.h>

enum { TAIL_MIN = 5 };

double gm_stats_psis_limit(int32_t n) { return n > 1 ? fmin(1 - 1 / log10(n), 0.7) : -INFINITY; }

/* -(mean of log(1 - theta x)): minus the shape in Zhang & Stephens' sign, at a given theta */
static double shape_at(int32_t n, const double *x, double theta)
{
  double s = 0;
  for (int32_t i = 0; i < n; i++) s += log1p(-theta * x[i]);
  return s / n;
}

/* The profile likelihood is averaged over a grid of theta = k/sigma (their eq. 8-10); the grid is
 * that of the paper with the quartile x* and m = 30 + floor(sqrt n). The sign of k here: heavy
 * tails are k > 0. */
gm_status gm_stats_pareto_fit(gm_ctx *ctx, int32_t n, const double *x, double *k, double *sigma)
{
  assert(x && k && sigma);
  if (n < TAIL_MIN || !(x[0] > 0))
    return gm_fail(ctx, GM_ERANGE, "Pareto fit of %d excesses, the least %g", (int)n,
                   n > 0 ? x[0] : 0.0);
  int32_t m = 30 + (int32_t)sqrt(n);
  double *theta = gm_alloc(ctx, 2 * (ptrdiff_t)m, sizeof *theta), *profile = theta + m;
  if (!theta) return gm_fail(ctx, GM_ENOMEM, "Pareto fit");
  double quartile = x[(int32_t)floor(n / 4.0 + 0.5) - 1], top = x[n - 1];
  for (int32_t j = 0; j < m; j++) {
    theta[j] = 1 / top + (1 - sqrt(m / (j + 0.5))) / (3 * quartile);
    double shape = shape_at(n, x, theta[j]);
    /* at theta = 0 the law is exponential and theta / shape has the limit -1 / mean */
    double rate = shape == 0 ? n / gm_stats_sum(n, x) : -theta[j] / shape;
    profile[j] = n * (log(rate) - shape - 1);
  }
  double total = gm_stats_log_sum_exp(m, profile), mean = 0;
  for (int32_t j = 0; j < m; j++) mean += theta[j] * exp(profile[j] - total);
  gm_free(theta);
  double shape = shape_at(n, x, mean);
  *sigma = shape == 0 ? gm_stats_sum(n, x) / n : -shape / mean;
  *k = (n * shape + 10 * 0.5) / (n + 10); /* prior: ten observations' worth of k = 1/2 */
  return GM_OK;
}

/* Expected order statistics of the fitted law (its quantiles at (j - 1/2)/M) over the cutoff. */
static double pareto_quantile(double p, double k, double sigma)
{
  if (fabs(k) < 1e-12) return -sigma * log1p(-p);
  return sigma * expm1(-k * log1p(-p)) / k;
}

/* sorted[n] ascending logs less the largest (so the last is 0), order[n] their places. Replaces
 * the M largest in log_w. Returns k_hat. */
static gm_status smooth_tail(gm_ctx *ctx, int32_t n, int32_t m, const double *sorted,
                             const double *order, double *excess, double *log_w, double *k_hat)
{
  /* never below the log of the smallest double: -inf is no number to subtract */
  double cutoff = fmax(sorted[n - m - 1], log(DBL_MIN));
  double base = exp(cutoff);
  int32_t used = 0; /* ties with the cutoff carry no information about the tail */
  for (int32_t j = n - m; j < n; j++) {
    double e = exp(sorted[j]) - base;
    if (e > 0) excess[used++] = e;
  }
  *k_hat = INFINITY;
  if (used < TAIL_MIN) return GM_OK;
  double sigma;
  gm_status s = gm_stats_pareto_fit(ctx, used, excess, k_hat, &sigma);
  if (s || !isfinite(*k_hat)) return s;
  for (int32_t j = 0; j < used; j++) {
    double value = log(base + pareto_quantile((j + 0.5) / used, *k_hat, sigma));
    log_w[(int32_t)order[n - used + j]] = fmin(0, value);
  }
  return GM_OK;
}

gm_status gm_stats_psis(gm_ctx *ctx, int32_t n, const double *log_ratio, double relative_ess,
                        double *log_w, double *k_hat)
{
  assert(log_ratio && log_w && k_hat);
  if (n < 1 || !(relative_ess > 0))
    return gm_fail(ctx, GM_ERANGE, "importance weights: n = %d, relative size %g", (int)n,
                   relative_ess);
  double total = gm_stats_log_sum_exp(n, log_ratio), k = INFINITY;
  if (!isfinite(total))
    return gm_fail(ctx, GM_ENUMERIC, "%d log ratios have the log sum %g", (int)n, total);
  int32_t m = (int32_t)ceil(fmin(0.2 * n, 3 * sqrt(n / relative_ess)));
  double *sorted = gm_alloc(ctx, 4 * (ptrdiff_t)n, sizeof *sorted);
  if (!sorted) return gm_fail(ctx, GM_ENOMEM, "importance weights of %d draws", (int)n);
  double *order = sorted + n, *excess = order + n, *smooth = excess + n, top = -INFINITY;
  for (int32_t i = 0; i < n; i++) top = fmax(top, log_ratio[i]);
  for (int32_t i = 0; i < n; i++) {
    sorted[i] = smooth[i] = log_ratio[i] - top;
    order[i] = i;
  }
  gm_status s = gm_stats_sort(ctx, n, sorted, order);
  if (s) goto out;
  if (sorted[0] == 0)
    k = -INFINITY;
  else if (m >= TAIL_MIN && m < n)
    s = smooth_tail(ctx, n, m, sorted, order, excess, smooth, &k);
  if (s) goto out;
  total = gm_stats_log_sum_exp(n, smooth);
  for (int32_t i = 0; i < n; i++) log_w[i] = smooth[i] - total;
  *k_hat = k;
out:
  gm_free(sorted);
  return s;
}
