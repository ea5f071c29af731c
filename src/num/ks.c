/* ks.c - Kolmogorov-Smirnov tests.
 * Exact two-sample law by counting lattice paths: J. L. Hodges, Ark. Mat. 3 (1957) 469. Limit law:
 * M. A. Stephens, J. R. Stat. Soc. B 32 (1970) 115. */
#include "num/stats.h"
#include "num/stats_internal.h"
#include <assert.h>
#include <math.h>

enum { EXACT_MAX = 10000 };

/* P(K >= t) of Kolmogorov's limit law; for small t by the theta-function transform. */
static double kolmogorov_upper(double t)
{
  if (t <= 0) return 1;
  double s = 0;
  if (t < 1) {
    for (int k = 1; k <= 20; k++) {
      double odd = (2 * k - 1) * M_PI;
      s += exp(-odd * odd / (8 * t * t));
    }
    return fmin(1, fmax(0, 1 - sqrt(2 * M_PI) / t * s));
  }
  for (int k = 1; k <= 20; k++) s += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * t * t);
  return fmin(1, fmax(0, s));
}

static double stephens(double n_eff, double statistic)
{
  double r = sqrt(n_eff);
  return kolmogorov_upper((r + 0.12 + 0.11 / r) * statistic);
}

/* Walks both sorted samples: the largest gap times n m (an exact integer), and whether any value
 * comes twice. */
static int64_t largest_gap(int32_t n, const double *x, int32_t m, const double *y, bool *ties)
{
  int32_t i = 0, j = 0;
  int64_t best = 0;
  *ties = false;
  while (i < n || j < m) {
    double v = j >= m || (i < n && x[i] <= y[j]) ? x[i] : y[j];
    int32_t same = 0;
    for (; i < n && x[i] == v; i++) same++;
    for (; j < m && y[j] == v; j++) same++;
    if (same > 1) *ties = true;
    int64_t gap = (int64_t)i * m - (int64_t)j * n;
    if (gap < 0) gap = -gap;
    if (gap > best) best = gap;
  }
  return best;
}

/* P(gap < best): the share of lattice paths from (0,0) to (n,m) that stay inside |i m - j n| <
 * best. Each cell holds the probability of reaching it inside, given that the rest is a random
 * order: the recursion over the last step has weights i/(i+j) and j/(i+j). */
static double paths_inside(int32_t n, int32_t m, int64_t best, double *row)
{
  for (int32_t i = 0; i <= n; i++)
    for (int32_t j = 0; j <= m; j++) {
      int64_t gap = (int64_t)i * m - (int64_t)j * n;
      double p = i + j == 0 ? 1 : 0;
      if (i > 0) p += row[j] * i / (i + j); /* row still holds line i - 1 at j */
      if (j > 0) p += row[j - 1] * j / (i + j);
      row[j] = (gap < 0 ? -gap : gap) >= best ? 0 : p;
    }
  return row[m];
}

gm_status gm_stats_ks_two(gm_ctx *ctx, int32_t n, const double *x, int32_t m, const double *y,
                          double *statistic, double *p_value)
{
  assert(x && y && statistic && p_value);
  gm_status s = gm__stats_check(ctx, n, x, "first sample: value");
  if (!s) s = gm__stats_check(ctx, m, y, "second sample: value");
  if (s) return s;
  double *xs = NULL, *ys = NULL, *row = NULL, *unused;
  s = gm__stats_sorted(ctx, n, x, NULL, &xs, &unused);
  if (!s) s = gm__stats_sorted(ctx, m, y, NULL, &ys, &unused);
  if (s) goto out;
  bool ties;
  int64_t best = largest_gap(n, xs, m, ys, &ties);
  double d = (double)best / n / m, p;
  if (!ties && (int64_t)n * m <= EXACT_MAX) {
    row = gm_alloc(ctx, (ptrdiff_t)m + 1, sizeof *row);
    if (!row) {
      s = gm_fail(ctx, GM_ENOMEM, "Kolmogorov-Smirnov test");
      goto out;
    }
    p = 1 - paths_inside(n, m, best, row);
  } else {
    p = stephens((double)n * m / ((double)n + m), d);
  }
  *statistic = d;
  *p_value = fmin(1, fmax(0, p));
out:
  gm_free(xs);
  gm_free(ys);
  gm_free(row);
  return s;
}

gm_status gm_stats_ks_uniform(gm_ctx *ctx, int32_t n, const double *u, double *statistic,
                              double *p_value)
{
  assert(u && statistic && p_value);
  gm_status s = gm__stats_check(ctx, n, u, "value");
  if (s) return s;
  for (int32_t i = 0; i < n; i++)
    if (u[i] < 0 || u[i] > 1)
      return gm_fail(ctx, GM_EDOMAIN, "value %d, %g, is outside [0, 1]", (int)i + 1, u[i]);
  double *us, *unused, d = 0;
  s = gm__stats_sorted(ctx, n, u, NULL, &us, &unused);
  if (s) return s;
  for (int32_t i = 0; i < n; i++)
    d = fmax(d, fmax(us[i] - (double)i / n, (double)(i + 1) / n - us[i]));
  gm_free(us);
  *statistic = d;
  *p_value = stephens(n, d);
  return GM_OK;
}
