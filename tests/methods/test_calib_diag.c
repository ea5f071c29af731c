/* test_calib_diag.c - R-hat, effective sizes and Monte Carlo errors against a second, naive
 * implementation of the paper's formulas (Vehtari et al. 2021), and against theory.
 * label: quick */
#include "gemel/calibrate.h"
#include "gemel/math.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CHAINS = 4, DRAWS = 301, ALL = CHAINS * DRAWS };

static gm_ctx *ctx;

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* Chains of an autoregression of order 1, each with its own mean. */
static void chains_make(double phi, double apart, uint64_t seed, double *x)
{
  gm_key key = gm_key_make(seed, GM_PURPOSE_TEST, 0, 0);
  for (uint64_t c = 0; c < CHAINS; c++) {
    double last = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
      double e = gm_normal(key, c, 0, gm_kind_draw(1, 0), i);
      last = i ? phi * last + sqrt(1 - phi * phi) * e : e;
      x[c * DRAWS + i] = last + apart * (double)c;
    }
  }
}

/* ---- naive: every rank counted, every autocovariance summed -------------------------- */
static double rank_of(const double *x, int n, double v)
{
  int below = 0, equal = 0;
  for (int i = 0; i < n; i++) {
    below += x[i] < v;
    equal += x[i] == v;
  }
  return below + (equal + 1) / 2.0;
}

static void scores(const double *x, double *z)
{
  for (int i = 0; i < ALL; i++)
    z[i] = gm_norm_quantile((rank_of(x, ALL, x[i]) - 0.375) / (ALL + 0.25));
}

/* Draw i of half h (0 .. 2 CHAINS - 1); the middle one of 301 is dropped. */
static double at(const double *x, int h, int i)
{
  return x[(h / 2) * DRAWS + (h % 2 ? DRAWS - DRAWS / 2 : 0) + i];
}

enum { HALF = DRAWS / 2, HALVES = 2 * CHAINS };

static double half_mean(const double *x, int h)
{
  double s = 0;
  for (int i = 0; i < HALF; i++) s += at(x, h, i);
  return s / HALF;
}

static double half_cov(const double *x, int h, int lag)
{
  double m = half_mean(x, h), s = 0;
  for (int i = 0; i + lag < HALF; i++) s += (at(x, h, i) - m) * (at(x, h, i + lag) - m);
  return s / HALF;
}

static void variances(const double *x, double *within, double *plus)
{
  double grand = 0, between = 0;
  *within = 0;
  for (int h = 0; h < HALVES; h++) {
    grand += half_mean(x, h) / HALVES;
    *within += half_cov(x, h, 0) * HALF / (HALF - 1) / HALVES;
  }
  for (int h = 0; h < HALVES; h++) between += pow(half_mean(x, h) - grand, 2) / (HALVES - 1);
  *plus = *within * (HALF - 1) / HALF + between;
}

static double naive_rhat_plain(const double *x)
{
  double within, plus;
  variances(x, &within, &plus);
  return sqrt(plus / within);
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double naive_quantile(const double *x, double p)
{
  static double s[ALL];
  memcpy(s, x, sizeof s);
  qsort(s, ALL, sizeof *s, by_size);
  double h = p * (ALL - 1);
  int k = (int)floor(h);
  return k + 1 < ALL ? s[k] + (h - k) * (s[k + 1] - s[k]) : s[k];
}

static double naive_rhat(const double *x)
{
  static double z[ALL], f[ALL];
  double median = naive_quantile(x, 0.5), bulk;
  scores(x, z);
  bulk = naive_rhat_plain(z);
  for (int i = 0; i < ALL; i++) f[i] = fabs(x[i] - median);
  scores(f, z);
  return fmax(bulk, naive_rhat_plain(z));
}

static double naive_ess(const double *x)
{
  static double rho[HALF + 2];
  double within, plus, tau = -1;
  int pairs = 0;
  variances(x, &within, &plus);
  for (int t = 0; t < HALF; t++) {
    double c = 0;
    for (int h = 0; h < HALVES; h++) c += half_cov(x, h, t) / HALVES;
    rho[t] = t ? 1 - (within - c) / plus : 1;
  }
  while (2 * pairs < HALF - 5 && rho[2 * pairs] + rho[2 * pairs + 1] > 0) pairs++;
  double last = INFINITY;
  for (int k = 0; k < pairs; k++) {
    last = fmin(last, rho[2 * k] + rho[2 * k + 1]);
    tau += 2 * last;
  }
  if (rho[2 * pairs] > 0) tau += rho[2 * pairs];
  double n = HALVES * HALF;
  return n / fmax(tau, 1 / log10(n));
}

static double naive_ess_quantile(const double *x, double p)
{
  static double f[ALL];
  double q = naive_quantile(x, p);
  for (int i = 0; i < ALL; i++) f[i] = x[i] <= q;
  return naive_ess(f);
}

static const struct {
  double phi, apart;
} cases[] = {{0, 0}, {0.5, 0}, {0.9, 0}, {-0.6, 0}, {0.3, 0.5}, {0.98, 0}};

/* R-hat agrees with the naive count for mixed, slow, antithetic and separated chains. */
static void rhat__agrees_with_a_naive_implementation(void **state)
{
  (void)state;
  static double x[ALL];
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    double rhat;
    chains_make(cases[k].phi, cases[k].apart, k + 1, x);
    assert_int_equal(gm_diag_rhat(ctx, CHAINS, DRAWS, x, &rhat), GM_OK);
    assert_near(rhat, naive_rhat(x), 1e-10);
  }
}

/* So do the bulk, tail and quantile effective sizes and the Monte Carlo error of the mean. */
static void ess__agrees_with_a_naive_implementation(void **state)
{
  (void)state;
  static double x[ALL], z[ALL];
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    double bulk, tail, middle, mcse, sd = 0, mean = 0;
    chains_make(cases[k].phi, cases[k].apart, k + 1, x);
    assert_int_equal(gm_diag_ess_bulk(ctx, CHAINS, DRAWS, x, &bulk), GM_OK);
    assert_int_equal(gm_diag_ess_tail(ctx, CHAINS, DRAWS, x, &tail), GM_OK);
    assert_int_equal(gm_diag_ess_quantile(ctx, CHAINS, DRAWS, x, 0.5, &middle), GM_OK);
    assert_int_equal(gm_diag_mcse_mean(ctx, CHAINS, DRAWS, x, &mcse), GM_OK);
    scores(x, z);
    double low = naive_ess_quantile(x, 0.05), high = naive_ess_quantile(x, 0.95);
    assert_near(bulk / naive_ess(z), 1, 1e-8);
    assert_near(tail / fmin(low, high), 1, 1e-8);
    assert_near(middle / naive_ess_quantile(x, 0.5), 1, 1e-8);
    for (int i = 0; i < ALL; i++) mean += x[i] / ALL;
    for (int i = 0; i < ALL; i++) sd += pow(x[i] - mean, 2) / (ALL - 1);
    assert_near(mcse / sqrt(sd / naive_ess(x)), 1, 1e-8);
  }
}

/* An autoregression's integrated time is (1+phi)/(1-phi): long chains give an effective size near
 * n over that (its own error is some per cent). */
static void ess__of_an_autoregression_is_the_theoretical_one(void **state)
{
  (void)state;
  enum { N = 20000 };
  double *x = malloc(2 * N * sizeof *x), ess;
  gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  for (uint64_t c = 0; c < 2; c++)
    for (uint64_t i = 0; i < N; i++) {
      double e = gm_normal(key, c, 0, gm_kind_draw(1, 0), i), *v = x + c * N + i;
      *v = i ? 0.8 * v[-1] + 0.6 * e : e;
    }
  assert_int_equal(gm_diag_ess_bulk(ctx, 2, N, x, &ess), GM_OK);
  assert_near(ess / (2 * N / 9.0), 1, 0.15);
  free(x);
}

/* The error of the median of independent normal draws is 1.2533/sqrt(n) (asymptotic law). */
static void mcse__of_a_median_is_the_theoretical_one(void **state)
{
  (void)state;
  enum { N = 20000 };
  double *x = malloc(N * sizeof *x), mcse;
  gm_key key = gm_key_make(4, GM_PURPOSE_TEST, 0, 0);
  for (uint64_t i = 0; i < N; i++) x[i] = gm_normal(key, 0, 0, gm_kind_draw(1, 0), i);
  assert_int_equal(gm_diag_mcse_quantile(ctx, 1, N, x, 0.5, &mcse), GM_OK);
  assert_near(mcse * sqrt(N) / 1.2533141, 1, 0.15);
  free(x);
}

/* Chains of equal mean and unequal width, which the old R-hat passes, are told apart. */
static void rhat__sees_chains_of_unequal_width(void **state)
{
  (void)state;
  static double x[ALL];
  double rhat;
  chains_make(0, 0, 9, x);
  for (int i = 0; i < DRAWS; i++) x[i] *= 5;
  assert_int_equal(gm_diag_rhat(ctx, CHAINS, DRAWS, x, &rhat), GM_OK);
  assert_true(rhat > 1.05);
}

/* No answer is given where there is none: chains that stand still, hold NaN or are too short. */
static void diagnostics__of_hopeless_chains_are_nan(void **state)
{
  (void)state;
  double x[24] = {0}, value = 0;
  assert_int_equal(gm_diag_rhat(ctx, 4, 6, x, &value), GM_OK);
  assert_true(isnan(value));
  for (int i = 0; i < 24; i++) x[i] = i;
  x[3] = NAN;
  assert_int_equal(gm_diag_ess_bulk(ctx, 4, 6, x, &value), GM_OK);
  assert_true(isnan(value));
  x[3] = 3;
  assert_int_equal(gm_diag_ess_tail(ctx, 8, 3, x, &value), GM_OK);
  assert_true(isnan(value));
  assert_int_equal(gm_diag_rhat(ctx, 0, 3, x, &value), GM_ERANGE);
  assert_int_equal(gm_diag_mcse_quantile(ctx, 4, 6, x, 1, &value), GM_ERANGE);
  /* each chain stands still at its own place: infinitely apart */
  for (int i = 0; i < 24; i++) x[i] = i / 6;
  assert_int_equal(gm_diag_rhat(ctx, 4, 6, x, &value), GM_OK);
  assert_true(value > 1e3);
}

static gm_status trial(gm_ctx *c, void *user)
{
  double value;
  return gm_diag_rhat(c, CHAINS, DRAWS, user, &value);
}

/* Memory that fails at any call is reported and leaks nothing. */
static void diagnostics__survive_failing_memory(void **state)
{
  (void)state;
  static double x[ALL];
  chains_make(0.2, 0, 1, x);
  assert_true(fault_sweep("diagnostics", trial, x) > 0);
}

static int group_begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int group_end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rhat__agrees_with_a_naive_implementation),
      cmocka_unit_test(ess__agrees_with_a_naive_implementation),
      cmocka_unit_test(ess__of_an_autoregression_is_the_theoretical_one),
      cmocka_unit_test(mcse__of_a_median_is_the_theoretical_one),
      cmocka_unit_test(rhat__sees_chains_of_unequal_width),
      cmocka_unit_test(diagnostics__of_hopeless_chains_are_nan),
      cmocka_unit_test(diagnostics__survive_failing_memory),
  };
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
