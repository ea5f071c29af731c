/* stats.c - sums in fixed order, weighted moments and quantiles, log weights. */
#include "num/stats.h"
#include "num/stats_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

/* ---- checks -------------------------------------------------------------------------------- */
gm_status gm__stats_check(gm_ctx *ctx, int32_t n, const double *x, const char *what)
{
  if (n < 1) return gm_fail(ctx, GM_ERANGE, "%s: %d values", what, (int)n);
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return gm_fail(ctx, GM_EDOMAIN, "%s %d is %g", what, (int)i + 1, x[i]);
  return GM_OK;
}

gm_status gm__stats_check_weights(gm_ctx *ctx, int32_t n, const double *w)
{
  if (!w) return GM_OK;
  for (int32_t i = 0; i < n; i++)
    if (!(w[i] >= 0 && isfinite(w[i])))
      return gm_fail(ctx, GM_EDOMAIN, "weight %d is %g", (int)i + 1, w[i]);
  double sum = gm_stats_sum(n, w);
  if (!(sum > 0 && isfinite(sum))) return gm_fail(ctx, GM_EDOMAIN, "weights sum to %g", sum);
  return GM_OK;
}

static gm_status check(gm_ctx *ctx, int32_t n, const double *x, const double *w)
{
  gm_status s = gm__stats_check(ctx, n, x, "value");
  return s ? s : gm__stats_check_weights(ctx, n, w);
}

/* ---- sums ---------------------------------------------------------------------------------- */
double gm_stats_dot(int32_t n, const double *x, const double *w)
{
  double sum = 0, lost = 0;
  for (int32_t b = 0; b < n; b += BLOCK) {
    int32_t end = n - b < BLOCK ? n : b + BLOCK;
    double part = 0;
    for (int32_t i = b; i < end; i++) part += w ? x[i] * w[i] : x[i];
    double next = sum + part;
    double miss = fabs(sum) >= fabs(part) ? (sum - next) + part : (part - next) + sum;
    if (isfinite(miss)) lost += miss;
    sum = next;
  }
  return sum + lost;
}

double gm_stats_sum(int32_t n, const double *x) { return gm_stats_dot(n, x, NULL); }

double gm_stats_ess(int32_t n, const double *w)
{
  if (!w) return n;
  double big = 0; /* squares of tiny weights must not vanish */
  for (int32_t i = 0; i < n; i++) big = fmax(big, w[i]);
  double s = 0, s2 = 0;
  for (int32_t b = 0; b < n; b += BLOCK) {
    int32_t end = n - b < BLOCK ? n : b + BLOCK;
    double part = 0, part2 = 0;
    for (int32_t i = b; i < end; i++) {
      double v = w[i] / big;
      part += v;
      part2 += v * v;
    }
    s += part;
    s2 += part2;
  }
  return fmin(n, fmax(1, s * s / s2));
}

/* ---- moments -------------------------------------------------------------------------------- */
/* n_eff / (n_eff - 1), or 0 when one member holds all the weight */
static double bessel(double n_eff) { return n_eff > 1 + 1e-12 ? n_eff / (n_eff - 1) : 0; }

/* sum w (x_i - a)(y_i - b) over rows of stride d, in blocks */
static double product_sum(int32_t n, int32_t d, const double *x, double a, const double *y,
                          double b, const double *w)
{
  double sum = 0;
  for (int32_t begin = 0; begin < n; begin += BLOCK) {
    int32_t end = n - begin < BLOCK ? n : begin + BLOCK;
    double part = 0;
    for (int32_t i = begin; i < end; i++) {
      double u = (x[(ptrdiff_t)i * d] - a) * (y[(ptrdiff_t)i * d] - b);
      part += w ? w[i] * u : u;
    }
    sum += part;
  }
  return sum;
}

/* Mean of a column about its first value, so that a far offset costs no digits. */
static double column_mean(int32_t n, int32_t d, const double *x, const double *w, double total)
{
  double sum = 0, origin = x[0];
  for (int32_t begin = 0; begin < n; begin += BLOCK) {
    int32_t end = n - begin < BLOCK ? n : begin + BLOCK;
    double part = 0;
    for (int32_t i = begin; i < end; i++) {
      double u = x[(ptrdiff_t)i * d] - origin;
      part += w ? w[i] * u : u;
    }
    sum += part;
  }
  return origin + sum / total;
}

gm_status gm_stats_covariance(gm_ctx *ctx, int32_t n, int32_t d, const double *x, const double *w,
                              double *mean, double *covariance)
{
  assert(x && mean);
  if (n < 1 || d < 1 || n > INT32_MAX / d)
    return gm_fail(ctx, GM_ERANGE, "moments of %d rows of %d values", (int)n, (int)d);
  gm_status s = check(ctx, n * d, x, NULL);
  if (!s) s = gm__stats_check_weights(ctx, n, w);
  if (s) return s;
  double total = w ? gm_stats_sum(n, w) : n, f = bessel(gm_stats_ess(n, w)) / total;
  for (int32_t j = 0; j < d; j++) mean[j] = column_mean(n, d, x + j, w, total);
  for (int32_t j = 0; j < d && covariance; j++)
    for (int32_t k = 0; k <= j; k++)
      covariance[(ptrdiff_t)j * d + k] = covariance[(ptrdiff_t)k * d + j] =
          f * product_sum(n, d, x + j, mean[j], x + k, mean[k], w);
  return GM_OK;
}

gm_status gm_stats_mean(gm_ctx *ctx, int32_t n, const double *x, const double *w, double *mean,
                        double *variance)
{
  return gm_stats_covariance(ctx, n, 1, x, w, mean, variance);
}

/* ---- sorting ------------------------------------------------------------------------------- */
/* Joins the sorted runs [a, m) and [m, b) of (x, w) into (to_x, to_w); the left one wins ties. */
static void merge(const double *x, const double *w, int32_t a, int32_t m, int32_t b, double *to_x,
                  double *to_w)
{
  int32_t i = a, j = m;
  for (int32_t k = a; k < b; k++) {
    int32_t from = j >= b || (i < m && x[i] <= x[j]) ? i++ : j++;
    to_x[k] = x[from];
    if (w) to_w[k] = w[from];
  }
}

gm_status gm_stats_sort(gm_ctx *ctx, int32_t n, double *x, double *w)
{
  if (n < 2) return GM_OK;
  double *work = gm_alloc(ctx, w ? 2 * (ptrdiff_t)n : n, sizeof *work);
  if (!work) return gm_fail(ctx, GM_ENOMEM, "sorting %d values", (int)n);
  double *x_from = x, *w_from = w, *x_to = work, *w_to = w ? work + n : NULL;
  for (int64_t run = 1; run < n; run *= 2) {
    for (int64_t a = 0; a < n; a += 2 * run) {
      int64_t m = a + run < n ? a + run : n, b = a + 2 * run < n ? a + 2 * run : n;
      merge(x_from, w_from, (int32_t)a, (int32_t)m, (int32_t)b, x_to, w_to);
    }
    double *t = x_from;
    x_from = x_to, x_to = t;
    t = w_from;
    w_from = w_to, w_to = t;
  }
  if (x_from != x) {
    memcpy(x, x_from, (size_t)n * sizeof *x);
    if (w) memcpy(w, w_from, (size_t)n * sizeof *w);
  }
  gm_free(work);
  return GM_OK;
}

gm_status gm__stats_sorted(gm_ctx *ctx, int32_t n, const double *x, const double *w, double **xs,
                           double **ws)
{
  double *block = gm_alloc(ctx, 2 * (ptrdiff_t)n, sizeof *block);
  if (!block) return gm_fail(ctx, GM_ENOMEM, "copy of %d values", (int)n);
  memcpy(block, x, (size_t)n * sizeof *block);
  for (int32_t i = 0; i < n; i++) block[n + i] = w ? w[i] : 1;
  gm_status s = gm_stats_sort(ctx, n, block, block + n);
  if (s) {
    gm_free(block);
    return s;
  }
  *xs = block;
  *ws = block + n;
  return GM_OK;
}

/* ---- quantiles ----------------------------------------------------------------------------- */
/* The uniform law on [(h-1)/n*, h/n*] gives to each value the share of its weight interval. */
static double quantile_sorted(int32_t n, const double *x, const double *w, double total,
                              double n_eff, double p)
{
  double left = p * (n_eff - 1) / n_eff, right = left + 1 / n_eff; /* of cumulated weight */
  double sum = 0, share_sum = 0, run = 0, origin = x[0];
  for (int32_t i = 0; i < n; i++) {
    double from = run / total;
    run += w[i];
    double to = run / total;
    double share = fmin(to, right) - fmax(from, left);
    if (share <= 0) continue;
    if (share_sum == 0) origin = x[i];
    share_sum += share;
    sum += share * (x[i] - origin);
  }
  if (share_sum > 0) return origin + sum / share_sum;
  return p < 0.5 ? x[0] : x[n - 1]; /* only by rounding */
}

gm_status gm_stats_quantiles(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                             int32_t quantile_count, const double *p, double *q)
{
  assert(x && p && q && quantile_count >= 0);
  gm_status s = check(ctx, n, x, w);
  if (s) return s;
  for (int32_t k = 0; k < quantile_count; k++)
    if (!(p[k] >= 0 && p[k] <= 1))
      return gm_fail(ctx, GM_ERANGE, "quantile level %d is %g", (int)k + 1, p[k]);
  double *xs, *ws;
  s = gm__stats_sorted(ctx, n, x, w, &xs, &ws);
  if (s) return s;
  double total = gm_stats_sum(n, ws), n_eff = gm_stats_ess(n, ws);
  for (int32_t k = 0; k < quantile_count; k++)
    q[k] = quantile_sorted(n, xs, ws, total, n_eff, p[k]);
  gm_free(xs);
  return GM_OK;
}

/* ---- log weights ---------------------------------------------------------------------------- */
double gm_stats_log_sum_exp(int32_t n, const double *x)
{
  double big = -INFINITY;
  for (int32_t i = 0; i < n; i++) {
    if (isnan(x[i])) return x[i];
    big = fmax(big, x[i]);
  }
  if (isinf(big)) return big;
  double sum = 0;
  for (int32_t b = 0; b < n; b += BLOCK) {
    int32_t end = n - b < BLOCK ? n : b + BLOCK;
    double part = 0;
    for (int32_t i = b; i < end; i++) part += exp(x[i] - big);
    sum += part;
  }
  return big + log(sum);
}

gm_status gm_stats_normalise_log(gm_ctx *ctx, int32_t n, const double *log_w, double *w,
                                 double *log_sum)
{
  assert(log_w && w);
  double total = gm_stats_log_sum_exp(n, log_w);
  if (!isfinite(total))
    return gm_fail(ctx, GM_ENUMERIC, "%d log weights have the log sum %g", (int)n, total);
  for (int32_t i = 0; i < n; i++) w[i] = exp(log_w[i] - total);
  if (log_sum) *log_sum = total;
  return GM_OK;
}
