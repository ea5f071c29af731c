/* test_stats.c - weighted statistics by their definitions, written out the slow way.
 * label: quick */
#include "num/quasi.h"
#include "num/distribution.h"
#include "num/stats.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;

/* Uniform on (0, 1), number i of a stream. */
static double uniform(uint64_t stream, uint64_t i)
{
  return ((double)(gm_quasi_hash(stream, i) >> 12) + 0.5) * 0x1p-52;
}

static void assert_near(double got, double want, double tolerance, const char *what)
{
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.17g, not %.17g", what, got, want);
}

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* 1e16, then 512 values just above one, then -1e16, in blocks of their own: added one after the
 * other the ones would lose their fractions. */
static void sum__is_compensated_between_blocks(void **state)
{
  (void)state;
  double x[1024] = {0};
  x[0] = 1e16;
  for (int32_t i = 256; i < 768; i++) x[i] = 1 + 0x1p-20;
  x[768] = -1e16;
  assert_true(gm_stats_sum(1024, x) == 512 * (1 + 0x1p-20));
  assert_true(gm_stats_sum(0, x) == 0);
}

/* Mean and variance with integer weights equal those of the repeated sample, but for n_eff. */
static void moments__weights_are_repetitions(void **state)
{
  (void)state;
  const double x[4] = {1e9 + 1, 1e9 + 4, 1e9 + 2, 1e9 + 8}, w[4] = {2, 1, 3, 0};
  /* 1 1 4 2 2 2: mean 2, sum of squares about it 2 + 4 = 6; n_eff = 36/14 */
  double mean, variance;
  assert_int_equal(gm_stats_mean(ctx, 4, x, w, &mean, &variance), GM_OK);
  assert_true(mean == 1e9 + 2);
  double n_eff = 36.0 / 14;
  assert_near(variance, 6.0 / 6 * n_eff / (n_eff - 1), 1e-14, "weighted variance");
  assert_near(gm_stats_ess(4, w), n_eff, 1e-15, "effective size");
  assert_int_equal(gm_stats_mean(ctx, 4, x, NULL, &mean, &variance), GM_OK);
  assert_true(mean == 1e9 + 3.75);
  assert_near(variance, (2.75 * 2.75 + 0.25 * 0.25 + 1.75 * 1.75 + 4.25 * 4.25) / 3, 1e-13, "n-1");
}

/* Covariance of an exact linear relation: y = 3 - 2 x has cov -2 var, var_y 4 var. */
static void moments__covariance_of_a_line(void **state)
{
  (void)state;
  enum { N = 1000 };
  static double x[2 * N], w[N];
  for (int32_t i = 0; i < N; i++) {
    x[2 * i] = uniform(1, (uint64_t)i);
    x[2 * i + 1] = 3 - 2 * x[2 * i];
    w[i] = uniform(2, (uint64_t)i);
  }
  double mean[2], c[4];
  assert_int_equal(gm_stats_covariance(ctx, N, 2, x, w, mean, c), GM_OK);
  assert_near(mean[1], 3 - 2 * mean[0], 1e-14, "mean");
  assert_near(c[1], -2 * c[0], 1e-14, "covariance");
  assert_near(c[3], 4 * c[0], 1e-14, "variance");
  assert_true(c[1] == c[2]);
  assert_true(fabs(c[0] - 1.0 / 12) < 0.01);
}

/* Equal weights give type 7 of Hyndman & Fan: x_(1+h), h = (n-1) p, between order statistics. */
static void quantile__equal_weights_are_type_seven(void **state)
{
  (void)state;
  enum { N = 41 };
  double x[N], s[N], w[N], p[N * 3], q[N * 3], v[N * 3];
  for (int32_t n = 1; n <= N; n++) {
    for (int32_t i = 0; i < n; i++) {
      x[i] = s[i] = uniform((uint64_t)n, (uint64_t)i);
      w[i] = 0.37;
    }
    qsort(s, (size_t)n, sizeof *s, ascending);
    for (int32_t k = 0; k < N * 3; k++) p[k] = (double)k / (N * 3 - 1);
    assert_int_equal(gm_stats_quantiles(ctx, n, x, NULL, N * 3, p, q), GM_OK);
    assert_int_equal(gm_stats_quantiles(ctx, n, x, w, N * 3, p, v), GM_OK);
    for (int32_t k = 0; k < N * 3; k++) {
      double h = (n - 1) * p[k];
      int32_t i = (int32_t)h;
      double want = i + 1 < n ? s[i] + (h - i) * (s[i + 1] - s[i]) : s[n - 1];
      assert_near(q[k], want, 1e-13, "type 7");
      assert_near(v[k], want, 1e-13, "type 7, weights");
    }
  }
}

/* Akinshin's integral done by brute force: the mean of the weighted quantile function over
 * [(h-1)/n_eff, h/n_eff]. */
static void quantile__weighted_is_the_mean_over_a_window(void **state)
{
  (void)state;
  enum { N = 9, STEPS = 200000 };
  double x[N], w[N], total = 0, squares = 0;
  for (int32_t i = 0; i < N; i++) {
    x[i] = i * i; /* ascending */
    w[i] = 0.1 + uniform(5, (uint64_t)i);
    total += w[i];
    squares += w[i] * w[i];
  }
  double n_eff = total * total / squares;
  for (double p = 0.02; p < 1; p += 0.12) {
    double sum = 0, got;
    for (int32_t k = 0; k < STEPS; k++) {
      double t = (p * (n_eff - 1) + (k + 0.5) / STEPS) / n_eff * total, run = 0;
      int32_t i = 0;
      while (i < N - 1 && run + w[i] < t) run += w[i++];
      sum += x[i];
    }
    assert_int_equal(gm_stats_quantiles(ctx, N, x, w, 1, &p, &got), GM_OK);
    assert_near(got, sum / STEPS, 2e-3, "weighted quantile");
  }
}

/* A value of weight zero has no influence; ends are the extremes of what has weight. */
static void quantile__zero_weight_is_absent(void **state)
{
  (void)state;
  const double x[5] = {3, -100, 1, 2, 500}, w[5] = {1, 0, 2, 1, 0}, y[3] = {3, 1, 2},
               v[3] = {1, 2, 1}, p[4] = {0, 0.3, 0.5, 1};
  double a[4], b[4];
  assert_int_equal(gm_stats_quantiles(ctx, 5, x, w, 4, p, a), GM_OK);
  assert_int_equal(gm_stats_quantiles(ctx, 3, y, v, 4, p, b), GM_OK);
  for (int32_t k = 0; k < 4; k++) assert_near(a[k], b[k], 1e-15, "quantile");
  assert_true(a[0] == 1);
  const double one = 7;
  assert_int_equal(gm_stats_quantiles(ctx, 1, &one, NULL, 4, p, a), GM_OK);
  for (int32_t k = 0; k < 4; k++) assert_true(a[k] == 7);
}

/* The sort is right for every length, stable, and carries the weights along. */
static void sort__is_stable(void **state)
{
  (void)state;
  for (int32_t n = 0; n < 70; n++) {
    double x[70], w[70];
    for (int32_t i = 0; i < n; i++) {
      x[i] = (double)(gm_quasi_hash((uint64_t)n, (uint64_t)i) % 7);
      w[i] = i;
    }
    assert_int_equal(gm_stats_sort(ctx, n, x, w), GM_OK);
    for (int32_t i = 1; i < n; i++)
      assert_true(x[i - 1] < x[i] || (x[i - 1] == x[i] && w[i - 1] < w[i]));
  }
}

/* What is not finite, negative or empty is refused with its place. */
static void stats__refusals(void **state)
{
  (void)state;
  const double bad[2] = {1, NAN}, good[2] = {1, 2}, minus[2] = {1, -1}, zero[2] = {0, 0}, p = 1.5;
  double m = 7, v = 7;
  assert_int_equal(gm_stats_mean(ctx, 2, bad, NULL, &m, &v), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "value 2"));
  assert_int_equal(gm_stats_mean(ctx, 0, good, NULL, &m, &v), GM_ERANGE);
  assert_int_equal(gm_stats_mean(ctx, 2, good, minus, &m, &v), GM_EDOMAIN);
  assert_int_equal(gm_stats_mean(ctx, 2, good, zero, &m, &v), GM_EDOMAIN);
  assert_int_equal(gm_stats_quantiles(ctx, 2, good, NULL, 1, &p, &v), GM_ERANGE);
  assert_true(m == 7 && v == 7);
}

/* Logs far outside the range of exp; the normalised weights sum to one. */
static void log_weights__far_from_zero(void **state)
{
  (void)state;
  const double x[3] = {-5000, -5000 + log(2), -INFINITY}, none[2] = {-INFINITY, -INFINITY},
               nan[2] = {0, NAN};
  double w[3] = {7, 7, 7}, sum;
  assert_near(gm_stats_log_sum_exp(3, x), -5000 + log(3), 1e-12, "log sum");
  assert_int_equal(gm_stats_normalise_log(ctx, 2, none, w, &sum), GM_ENUMERIC);
  assert_int_equal(gm_stats_normalise_log(ctx, 2, nan, w, &sum), GM_ENUMERIC);
  assert_true(w[0] == 7);
  assert_int_equal(gm_stats_normalise_log(ctx, 3, x, w, &sum), GM_OK);
  assert_near(w[0], 1.0 / 3, 1e-12, "weight");
  assert_near(w[1], 2.0 / 3, 1e-12, "weight");
  assert_true(w[2] == 0);
  assert_true(gm_stats_log_sum_exp(0, x) == -INFINITY);
}

/* ---- Kolmogorov-Smirnov ---- */
/* P(D >= d) of two samples by walking all C(n+m, n) orders. */
static double brute(int32_t n, int32_t m, double d)
{
  int64_t hit = 0, all = 0;
  for (uint32_t order = 0; order < 1u << (n + m); order++) {
    if (__builtin_popcount(order) != n) continue;
    int32_t i = 0, j = 0;
    double gap = 0;
    for (int32_t k = 0; k < n + m; k++) {
      if (order >> k & 1)
        i++;
      else
        j++;
      gap = fmax(gap, fabs((double)i / n - (double)j / m));
    }
    all++;
    hit += gap >= d - 1e-9;
  }
  return (double)hit / (double)all;
}

/* The exact p-value equals the count over all orders. */
static void ks_two__exact_law_by_enumeration(void **state)
{
  (void)state;
  for (int32_t n = 1; n <= 8; n++)
    for (int32_t m = 1; m <= 7; m++) {
      double x[8], y[8], d, p, sup = 0;
      for (int32_t i = 0; i < n; i++) x[i] = uniform((uint64_t)(n * 10 + m), (uint64_t)i);
      for (int32_t i = 0; i < m; i++)
        y[i] = 0.3 + uniform((uint64_t)(n * 10 + m), 50u + (uint64_t)i);
      for (int32_t k = 0; k < n + m; k++) {
        double at = k < n ? x[k] : y[k - n], f = 0, g = 0;
        for (int32_t i = 0; i < n; i++) f += x[i] <= at;
        for (int32_t i = 0; i < m; i++) g += y[i] <= at;
        sup = fmax(sup, fabs(f / n - g / m));
      }
      assert_int_equal(gm_stats_ks_two(ctx, n, x, m, y, &d, &p), GM_OK);
      assert_near(d, sup, 1e-15, "statistic");
      assert_near(p, brute(n, m, sup), 1e-13, "p-value");
    }
}

/* Kolmogorov's law at its printed 5 % and 1 % points, 1.3581 and 1.6276, in large samples; and the
 * limit agrees with the exact law where both apply. */
static void ks__limit_law(void **state)
{
  (void)state;
  enum { N = 4000 };
  static double u[N], v[N];
  double d, p;
  static const double point[2] = {1.3581, 1.6276}, level[2] = {0.05, 0.01};
  for (int32_t k = 0; k < 2; k++) {
    double shift = point[k] / sqrt(N); /* uniform grid moved so that D is the wanted point */
    for (int32_t i = 0; i < N; i++) u[i] = fmin(1, (i + 1.0) / N * (1 - shift) + shift - 1.0 / N);
    for (int32_t i = 0; i < N; i++) u[i] = fmax(0, u[i]);
    assert_int_equal(gm_stats_ks_uniform(ctx, N, u, &d, &p), GM_OK);
    assert_near(d * sqrt(N), point[k], 0.02, "statistic");
    assert_near(p, level[k], 0.003, "p-value");
  }
  for (int32_t i = 0; i < 100; i++) {
    u[i] = uniform(3, (uint64_t)i);
    v[i] = v[100] = 0.1 + 0.9 * uniform(4, (uint64_t)i);
  }
  v[100] = 5; /* 100 x 101 > 10,000: the limit */
  double exact, limit;
  assert_int_equal(gm_stats_ks_two(ctx, 100, u, 100, v, &d, &exact), GM_OK);
  assert_int_equal(gm_stats_ks_two(ctx, 100, u, 101, v, &d, &limit), GM_OK);
  assert_true(exact > 0.001 && exact < 0.9);
  assert_near(limit / exact, 1, 0.35, "limit against exact");
}

/* Under the null the p-values of many uniform samples are themselves uniform. */
static void ks_uniform__p_values_are_uniform(void **state)
{
  (void)state;
  enum { ROUNDS = 1000, N = 50 };
  static double p[ROUNDS];
  for (uint64_t r = 0; r < ROUNDS; r++) {
    double u[N], d;
    for (uint64_t i = 0; i < N; i++) u[i] = uniform(1000 + r, i);
    assert_int_equal(gm_stats_ks_uniform(ctx, N, u, &d, &p[r]), GM_OK);
  }
  double d, again;
  assert_int_equal(gm_stats_ks_uniform(ctx, ROUNDS, p, &d, &again), GM_OK);
  assert_true(again > 1e-3);
  p[0] = 1.5;
  assert_int_equal(gm_stats_ks_uniform(ctx, ROUNDS, p, &d, &again), GM_EDOMAIN);
}

/* ---- Pareto smoothing ---- */
/* Draws of a generalised Pareto law come back with their shape (to 4 standard errors (1+k)/sqrt n
 * and the pull of the prior) and scale. */
static void pareto_fit__recovers_shape_and_scale(void **state)
{
  (void)state;
  enum { N = 4000 };
  static double x[N];
  static const double shape[] = {-0.4, 0.01, 0.3, 0.7, 1.2};
  for (int32_t t = 0; t < 5; t++) {
    double k = shape[t], got, sigma;
    for (int32_t i = 0; i < N; i++)
      x[i] = 2.5 * expm1(-k * log(uniform(70 + (uint64_t)t, (uint64_t)i))) / k;
    assert_int_equal(gm_stats_sort(ctx, N, x, NULL), GM_OK);
    assert_int_equal(gm_stats_pareto_fit(ctx, N, x, &got, &sigma), GM_OK);
    assert_near(got, k, 4 * (1 + fabs(k)) / sqrt(N) + 10 * fabs(0.5 - k) / N, "shape");
    assert_near(sigma / 2.5, 1, 8 * 1.5 / sqrt(N), "scale");
  }
  assert_int_equal(gm_stats_pareto_fit(ctx, 4, x, x, x), GM_ERANGE);
}

static double k_hat_of(int32_t n, const double *log_r, double *log_w)
{
  double k;
  assert_int_equal(gm_stats_psis(ctx, n, log_r, 1, log_w, &k), GM_OK);
  return k;
}

/* Draws from an exponential of rate 1 weighted to one of rate `rate`: the ratio has a Pareto tail
 * of shape 1 - rate (rate < 1). */
static void psis__shape_of_exponential_ratios(void **state)
{
  (void)state;
  enum { N = 20000 };
  static double r[N], w[N], x[N];
  static const double rate[] = {0.8, 0.5, 0.2};
  for (int32_t t = 0; t < 3; t++) {
    for (int32_t i = 0; i < N; i++) {
      x[i] = -log(uniform(200 + (uint64_t)t, (uint64_t)i));
      r[i] = log(rate[t]) + (1 - rate[t]) * x[i] + 300; /* any constant */
    }
    double k = k_hat_of(N, r, w), tail = ceil(3 * sqrt(N));
    assert_near(k, 1 - rate[t], 4 * (2 - rate[t]) / sqrt(tail) + 0.02, "k-hat");
    double sum = 0, mean = 0;
    for (int32_t i = 0; i < N; i++) {
      sum += exp(w[i]);
      mean += exp(w[i]) * x[i];
    }
    assert_near(sum, 1, 1e-12, "sum of weights");
    if (t == 0) assert_near(mean, 1 / rate[t], 0.1, "mean under the target");
  }
}

/* Smoothing moves only the tail, keeps the order of the weights and never passes the largest raw
 * ratio; permuting the draws permutes the weights. */
static void psis__keeps_bulk_and_order(void **state)
{
  (void)state;
  enum { N = 1000 };
  double r[N], w[N], s[N], t[N], k, l;
  for (int32_t i = 0; i < N; i++) {
    double u = uniform(31, (uint64_t)i);
    r[i] = -0.6 * log(u);
  }
  r[17] = -INFINITY;
  assert_int_equal(gm_stats_psis(ctx, N, r, 1, w, &k), GM_OK);
  int32_t moved = 0, tail = (int32_t)ceil(3 * sqrt(N));
  double shift = NAN; /* the common shift of the bulk, from one of its members */
  for (int32_t i = 0; i < N; i++)
    if (isfinite(r[i]) && r[i] < 0.2) shift = w[i] - r[i];
  double top = -INFINITY;
  for (int32_t i = 0; i < N; i++) {
    if (isfinite(r[i])) moved += fabs(w[i] - r[i] - shift) > 1e-12;
    top = fmax(top, r[i]);
  }
  assert_true(moved <= tail && moved > tail / 2);
  assert_true(w[17] == -INFINITY);
  for (int32_t i = 0; i < N; i++) {
    assert_true(w[i] <= top + shift + 1e-12);
    for (int32_t j = 0; j < i; j++)
      assert_true(r[i] == r[j] || (r[i] < r[j]) == (w[i] < w[j]) || w[i] == w[j]);
    s[N - 1 - i] = r[i];
  }
  assert_int_equal(gm_stats_psis(ctx, N, s, 1, t, &l), GM_OK);
  assert_true(fabs(k - l) < 1e-12);
  for (int32_t i = 0; i < N; i++)
    assert_true(w[i] == t[N - 1 - i] || fabs(w[i] - t[N - 1 - i]) < 1e-12);
}

/* Equal ratios, too few draws, and what cannot be weighted. */
static void psis__ends(void **state)
{
  (void)state;
  double r[100], w[100], k;
  for (int32_t i = 0; i < 100; i++) r[i] = -3;
  assert_int_equal(gm_stats_psis(ctx, 100, r, 1, w, &k), GM_OK);
  assert_true(k == -INFINITY);
  assert_near(w[5], -log(100), 1e-14, "equal weight");
  r[3] = -1;
  assert_int_equal(gm_stats_psis(ctx, 10, r, 1, w, &k), GM_OK);
  assert_true(k == INFINITY);
  assert_near(w[3], -1 - log(exp(-1) + 9 * exp(-3)), 1e-14, "raw weight");
  r[4] = NAN;
  assert_int_equal(gm_stats_psis(ctx, 10, r, 1, w, &k), GM_ENUMERIC);
  assert_int_equal(gm_stats_psis(ctx, 10, r, 0, w, &k), GM_ERANGE);
  for (int32_t i = 0; i < 100; i++) r[i] = -INFINITY;
  assert_int_equal(gm_stats_psis(ctx, 100, r, 1, w, &k), GM_ENUMERIC);
  r[0] = 0; /* all weight on one draw: no tail to fit, weights untouched */
  assert_int_equal(gm_stats_psis(ctx, 100, r, 1, r, &k), GM_OK);
  assert_true(k == INFINITY && r[0] == 0 && r[1] == -INFINITY);
  assert_near(gm_stats_psis_limit(100), 0.5, 1e-15, "limit");
  assert_near(gm_stats_psis_limit(100000), 0.7, 1e-15, "limit");
}

static gm_status all_once(gm_ctx *c, void *user)
{
  (void)user;
  double x[40], w[40], p = 0.5, q, d, k;
  for (int32_t i = 0; i < 40; i++) x[i] = 0.1 * i * i;
  gm_status s = gm_stats_quantiles(c, 40, x, NULL, 1, &p, &q);
  if (!s) s = gm_stats_psis(c, 40, x, 1, w, &k);
  if (!s) s = gm_stats_ks_two(c, 20, x, 20, x + 20, &d, &p);
  for (int32_t i = 0; i < 40; i++) x[i] = i / 40.0;
  if (!s) s = gm_stats_ks_uniform(c, 40, x, &d, &p);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void stats__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("stats", all_once, NULL) >= 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sum__is_compensated_between_blocks),
      cmocka_unit_test(moments__weights_are_repetitions),
      cmocka_unit_test(moments__covariance_of_a_line),
      cmocka_unit_test(quantile__equal_weights_are_type_seven),
      cmocka_unit_test(quantile__weighted_is_the_mean_over_a_window),
      cmocka_unit_test(quantile__zero_weight_is_absent),
      cmocka_unit_test(sort__is_stable),
      cmocka_unit_test(stats__refusals),
      cmocka_unit_test(log_weights__far_from_zero),
      cmocka_unit_test(ks_two__exact_law_by_enumeration),
      cmocka_unit_test(ks__limit_law),
      cmocka_unit_test(ks_uniform__p_values_are_uniform),
      cmocka_unit_test(pareto_fit__recovers_shape_and_scale),
      cmocka_unit_test(psis__shape_of_exponential_ratios),
      cmocka_unit_test(psis__keeps_bulk_and_order),
      cmocka_unit_test(psis__ends),
      cmocka_unit_test(stats__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
