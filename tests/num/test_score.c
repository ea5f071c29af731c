/* test_score.c - scores against their definitions, published values and propriety.
 * label: quick */
#include "num/distribution.h"
#include "num/quasi.h"
#include "num/score.h"
#include "num/stats.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static gm_ctx *ctx;

static double uniform(uint64_t stream, uint64_t i)
{
  return ((double)(gm_quasi_hash(stream, i) >> 12) + 0.5) * 0x1p-52;
}

static void assert_near(double got, double want, double tolerance, const char *what)
{
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.17g, not %.17g", what, got, want);
}

static double crps(int32_t n, const double *x, const double *w, double y)
{
  double c = NAN;
  assert_int_equal(gm_score_crps(ctx, n, x, w, y, &c), GM_OK);
  return c;
}

/* E|X - y| - E|X - X'|/2 written out in O(n^2). */
static double crps_slow(int32_t n, const double *x, const double *w, double y)
{
  double total = 0, first = 0, second = 0;
  for (int32_t i = 0; i < n; i++) total += w ? w[i] : 1;
  for (int32_t i = 0; i < n; i++) {
    double wi = (w ? w[i] : 1) / total;
    first += wi * fabs(x[i] - y);
    for (int32_t j = 0; j < n; j++) second += wi * (w ? w[j] : 1) / total * fabs(x[i] - x[j]);
  }
  return first - 0.5 * second;
}

/* The standard normal at 0, 1 and 2: 0.233695, 0.602441, 1.452792. */
static void crps__of_the_standard_normal(void **state)
{
  (void)state;
  assert_near(gm_score_crps_normal(0, 1, 0), 0.233695, 5e-7, "at 0");
  assert_near(gm_score_crps_normal(0, 1, 1), 0.602441, 5e-7, "at 1");
  assert_near(gm_score_crps_normal(0, 1, 2), 1.452792, 5e-7, "at 2");
  assert_near(gm_score_crps_normal(0, 1, 0), (sqrt(2) - 1) / sqrt(M_PI), 2e-16, "closed form");
  assert_near(gm_score_crps_normal(10, 3, 4), 3 * gm_score_crps_normal(0, 1, 2), 1e-15, "scale");
  assert_true(gm_score_crps_normal(2, 0, 5) == 3 && isnan(gm_score_crps_normal(0, -1, 0)));
}

/* Ensembles of any size, weights, ties, and outcomes inside, outside and on a member. */
static void crps__ensemble_equals_the_double_sum(void **state)
{
  (void)state;
  double x[60], w[60];
  for (int32_t n = 1; n <= 60; n++)
    for (int32_t k = 0; k < 6; k++) {
      for (int32_t i = 0; i < n; i++) {
        x[i] = uniform((uint64_t)n, (uint64_t)(i + 100 * k)) * 4 - 2;
        if (k == 5) x[i] = round(x[i]);
        w[i] = i % 7 == 6 ? 0 : uniform(77, (uint64_t)(i + 100 * k));
      }
      double y = k == 0 ? x[n / 2] : k == 1 ? -9 : k == 2 ? 9 : 0.1 * k;
      assert_near(crps(n, x, NULL, y), crps_slow(n, x, NULL, y), 1e-13, "equal weights");
      assert_near(crps(n, x, w, y), crps_slow(n, x, w, y), 1e-13, "weights");
    }
}

/* Far from zero nothing cancels: moving everything by 1e9 leaves the score; one member alone gives
 * the absolute error. */
static void crps__does_not_cancel(void **state)
{
  (void)state;
  const double x[3] = {1e9 + 1, 1e9 + 2, 1e9 + 4}, z[3] = {1, 2, 4}, one = -3;
  assert_near(crps(3, x, NULL, 1e9 + 3), crps(3, z, NULL, 3), 1e-15, "moved");
  assert_true(crps(1, &one, NULL, 4) == 7);
}

/* Members at the quantiles of a normal approach the closed form like 1/n. */
static void crps__ensemble_approaches_the_normal(void **state)
{
  (void)state;
  enum { N = 4000 };
  static double x[N];
  for (int32_t i = 0; i < N; i++) x[i] = 5 + 2 * gm_dist_normal_quantile((i + 0.5) / N);
  for (double y = 0; y < 11; y += 1.7)
    assert_near(crps(N, x, NULL, y), gm_score_crps_normal(5, 2, y), 1e-3, "limit");
}

/* Proper: averaged over outcomes of N(0, 1) (its quantiles, a quadrature), N(0, 1) scores best
 * among normals. */
static void crps__is_least_for_the_truth(void **state)
{
  (void)state;
  enum { N = 2000 };
  double least = INFINITY, at_mean = NAN, at_sd = NAN;
  for (int32_t a = -2; a <= 2; a++)
    for (int32_t b = -2; b <= 2; b++) {
      double mean = 0.1 * a, sd = 1 + 0.1 * b, sum = 0;
      for (int32_t i = 0; i < N; i++)
        sum += gm_score_crps_normal(mean, sd, gm_dist_normal_quantile((i + 0.5) / N));
      if (sum < least) least = sum, at_mean = mean, at_sd = sd;
    }
  assert_true(at_mean == 0 && at_sd == 1);
  /* E CRPS of the truth is E|X - X'|/2 = 1/sqrt(pi) */
  assert_near(least / N, 1 / sqrt(M_PI), 1e-3, "score of the truth");
}

/* The interval score of Bracher et al. eq. 1-2 written out, with alpha_k = 2 p_k. */
static double wis_slow(int32_t n, const double *p, const double *q, double y)
{
  int32_t k = n / 2;
  double s = 0.5 * fabs(y - q[k]);
  for (int32_t i = 0; i < k; i++) {
    double alpha = 2 * p[i], l = q[i], u = q[n - 1 - i];
    double is = (u - l) + (y < l ? 2 / alpha * (l - y) : 0) + (y > u ? 2 / alpha * (y - u) : 0);
    s += alpha / 2 * is;
  }
  return s / (k + 0.5);
}

/* It equals its definition and the mean of twice the pinball losses; its parts add up. */
static void wis__equals_definition_and_pinball(void **state)
{
  (void)state;
  static const double p[7] = {0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975};
  static const double q[7] = {-3, -1.5, -0.5, 0.25, 1, 1, 4};
  for (double y = -5; y <= 6; y += 0.25) {
    gm_wis s;
    assert_int_equal(gm_score_wis(ctx, 7, p, q, y, &s), GM_OK);
    double pinball = 0;
    for (int32_t i = 0; i < 7; i++) pinball += 2 * gm_score_pinball(p[i], q[i], y) / 7;
    assert_near(s.score, wis_slow(7, p, q, y), 1e-14, "definition");
    assert_near(s.score, pinball, 1e-14, "pinball");
    assert_near(s.score, s.dispersion + s.below + s.above, 0, "parts");
    assert_true(y >= 0.25 || (s.below > 0 && s.above == 0));
    assert_true(y <= 0.25 || (s.above > 0 && s.below == 0));
  }
  gm_wis s;
  const double half = 0.5, median = 2; /* only the median: the absolute error */
  assert_int_equal(gm_score_wis(ctx, 1, &half, &median, -1, &s), GM_OK);
  assert_true(s.score == 3 && s.below == 3);
}

/* With many equally spaced levels it approaches the CRPS (Gneiting & Raftery 2007). */
static void wis__approaches_the_crps(void **state)
{
  (void)state;
  enum { N = 1999 };
  static double p[N], q[N];
  for (int32_t i = 0; i < N; i++) {
    p[i] = (i + 1.0) / (N + 1);
    q[i] = gm_dist_normal_quantile(p[i]);
  }
  for (double y = -2; y <= 2; y += 0.5) {
    gm_wis s;
    assert_int_equal(gm_score_wis(ctx, N, p, q, y, &s), GM_OK);
    assert_near(s.score, gm_score_crps_normal(0, 1, y), 2e-3, "limit");
  }
}

static void wis__refusals(void **state)
{
  (void)state;
  const double even[2] = {0.25, 0.75}, skew[3] = {0.1, 0.5, 0.8}, good[3] = {0.1, 0.5, 0.9};
  const double q[3] = {1, 2, 3}, crossed[3] = {1, 0.5, 3};
  gm_wis s = {7, 7, 7, 7};
  assert_int_equal(gm_score_wis(ctx, 2, even, q, 1, &s), GM_EINVAL);
  assert_int_equal(gm_score_wis(ctx, 3, skew, q, 1, &s), GM_EINVAL);
  assert_int_equal(gm_score_wis(ctx, 3, good, crossed, 1, &s), GM_EDOMAIN);
  assert_int_equal(gm_score_wis(ctx, 3, good, q, NAN, &s), GM_EDOMAIN);
  assert_true(s.score == 7 && s.above == 7);
}

/* Three of four inside, ends counted; the interval is that of Clopper and Pearson for 3 of 4, whose
 * printed 95 % ends are 0.194 and 0.994. */
static void coverage__counts_with_its_interval(void **state)
{
  (void)state;
  const double low[4] = {0, 0, 0, -INFINITY}, high[4] = {1, 1, 1, 5}, y[4] = {0, 1, 1.01, -1e9};
  double share, a, b;
  assert_int_equal(gm_score_coverage(ctx, 4, low, high, y, 0.05, &share, &a, &b), GM_OK);
  assert_true(share == 0.75);
  assert_near(a, 0.194, 5e-4, "lower");
  assert_near(b, 0.994, 5e-4, "upper");
  assert_int_equal(gm_score_coverage(ctx, 4, high, low, y, 0.05, &share, &a, &b), GM_EDOMAIN);
  assert_int_equal(gm_score_coverage(ctx, 0, low, high, y, 0.05, &share, &a, &b), GM_ERANGE);
}

/* Outcomes drawn like the members have uniform PIT, also in a law with atoms; v splits ties. */
static void pit__is_uniform_under_the_truth(void **state)
{
  (void)state;
  enum { N = 2000, MEMBERS = 10 };
  static double pit[N];
  for (uint64_t r = 0; r < N; r++) {
    double x[MEMBERS + 1], w[MEMBERS];
    for (uint64_t i = 0; i <= MEMBERS; i++) x[i] = floor(4 * uniform(r, i)); /* 0 .. 3 */
    for (int32_t i = 0; i < MEMBERS; i++) w[i] = 2;
    /* with the outcome as one of n + 1 the rank is exactly uniform */
    double f, v = uniform(r, 99);
    assert_int_equal(gm_score_pit(ctx, MEMBERS + 1, x, NULL, x[MEMBERS], v, &f), GM_OK);
    pit[r] = f;
    double same, weighted;
    assert_int_equal(gm_score_pit(ctx, MEMBERS, x, NULL, 1.5, v, &same), GM_OK);
    assert_int_equal(gm_score_pit(ctx, MEMBERS, x, w, 1.5, v, &weighted), GM_OK);
    assert_true(same == weighted);
  }
  double d, p;
  assert_int_equal(gm_stats_ks_uniform(ctx, N, pit, &d, &p), GM_OK);
  assert_true(p > 1e-3);
  const double x[4] = {1, 2, 2, 3}, w[4] = {1, 2, 3, 4};
  assert_int_equal(gm_score_pit(ctx, 4, x, w, 2, 0.5, &p), GM_OK);
  assert_near(p, 0.1 + 0.25, 1e-15, "mid-PIT");
  assert_int_equal(gm_score_pit(ctx, 4, x, w, 2, 1.5, &p), GM_ERANGE);
}

static gm_status all_once(gm_ctx *c, void *user)
{
  (void)user;
  const double x[3] = {3, 1, 2};
  double s;
  return gm_score_crps(c, 3, x, NULL, 2, &s);
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks; bad members are refused. */
static void crps__faults(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("crps", all_once, NULL), 2);
  const double x[2] = {1, INFINITY};
  double s = 7;
  assert_int_equal(gm_score_crps(ctx, 2, x, NULL, 1, &s), GM_EDOMAIN);
  assert_int_equal(gm_score_crps(ctx, 1, x, NULL, NAN, &s), GM_EDOMAIN);
  assert_int_equal(gm_score_crps(ctx, 0, x, NULL, 1, &s), GM_ERANGE);
  assert_true(s == 7);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crps__of_the_standard_normal),
      cmocka_unit_test(crps__ensemble_equals_the_double_sum),
      cmocka_unit_test(crps__does_not_cancel),
      cmocka_unit_test(crps__ensemble_approaches_the_normal),
      cmocka_unit_test(crps__is_least_for_the_truth),
      cmocka_unit_test(wis__equals_definition_and_pinball),
      cmocka_unit_test(wis__approaches_the_crps),
      cmocka_unit_test(wis__refusals),
      cmocka_unit_test(coverage__counts_with_its_interval),
      cmocka_unit_test(pit__is_uniform_under_the_truth),
      cmocka_unit_test(crps__faults),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
