/* test_choose_worth.c - the worth of a measurement on conjugate normals, stacking by hand.
 * label: full */
#include "gemel/choose.h"
#include "gemel/math.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

static gm_key test_key(uint64_t n) { return gm_key_make(43, GM_PURPOSE_TEST, n, 0); }

/* Gain N(1, 2^2), measured once with sd 1.5: E(gain | x) is N(1, share 4) with share =
 * 4 / (4 + 2.25), so EVSI = s phi(1/s) - Phi(-1/s), s = 2 sqrt(share) (Raiffa & Schlaifer 1961). */
enum { N = 2000 };
static double value[2 * N], shown[2 * N], gain[N];
static const double share = 4 / 6.25;

static double unit_loss(double mean, double s)
{
  return s * exp(-0.5 * mean * mean / s / s) / sqrt(2 * M_PI) - mean * gm_norm_cdf(-mean / s);
}

static gm_choice conjugate(uint64_t series)
{
  for (uint64_t m = 0; m < N; m++) {
    gain[m] = 1 + 2 * gm_normal(test_key(series), m, 0, 0, 0);
    shown[m] = gain[m] + 1.5 * gm_normal(test_key(series), m, 1, 0, 0);
    value[m] = 5;
    value[N + m] = 5 + gain[m];
  }
  return (gm_choice){2, N, 1, value, NULL, NULL, 0, true};
}

static void regression__finds_the_conjugate_worth(void **state)
{
  (void)state;
  double wanted = unit_loss(1, 2 * sqrt(share)), mean = 0, z2 = 0;
  enum { REPEATS = 12 };
  for (uint64_t r = 0; r < REPEATS; r++) {
    gm_choice c = conjugate(r);
    double part[2];
    gm_worth w = {.share = part};
    if (gm_worth_regression(ctx, &c, 1, shown, test_key(90), &w)) fail_msg("%s", gm_message(ctx));
    near(w.value, wanted, 4 * w.error, "worth by regression");
    near(part[0], share, 0.06, "share explained"); /* gains are against option 1 */
    near(w.perfect, unit_loss(1, 2), 0.08, "perfect");
    assert_true(w.value <= w.perfect && w.best == 1 && w.edf > 1.9 && w.edf < 20);
    mean += w.value / REPEATS;
    z2 += (w.value - wanted) * (w.value - wanted) / w.error / w.error / REPEATS;
  }
  print_message("# worth by regression %.4f, exact %.4f; mean squared error over stated %.2f\n",
                mean, wanted, z2);
  near(mean, wanted, 0.02, "mean over repeats");
  assert_true(z2 > 0.1 && z2 < 3);
}

/* A measure that has nothing to do with the gain is worth nothing; the gain itself is worth perfect
 * information, also when it enters bent (exp) or with sign turned. */
static void regression__nothing_and_all(void **state)
{
  (void)state;
  gm_choice c = conjugate(20);
  gm_worth w = {0};
  static double x[2 * N];
  for (uint64_t m = 0; m < N; m++) x[m] = gm_normal(test_key(21), m, 0, 0, 0);
  assert_int_equal(gm_worth_regression(ctx, &c, 1, x, test_key(90), &w), GM_OK);
  assert_true(w.value < 0.02);
  for (int m = 0; m < N; m++) x[m] = exp(-gain[m]);
  assert_int_equal(gm_worth_regression(ctx, &c, 1, x, test_key(90), &w), GM_OK);
  near(w.value, w.perfect, 0.01, "the gain itself");
}

/* Two measures that matter only together (their product), and two additive ones. */
static void regression__uses_two_measures(void **state)
{
  (void)state;
  gm_choice c = conjugate(30);
  gm_worth one, two;
  for (uint64_t m = 0; m < N; m++) {
    double a = gm_normal(test_key(31), m, 0, 0, 0), b = gm_normal(test_key(31), m, 1, 0, 0);
    shown[2 * m] = a;
    shown[2 * m + 1] = b;
    value[N + m] = 5 + a * b;
  }
  memset(&one, 0, sizeof one);
  memset(&two, 0, sizeof two);
  assert_int_equal(gm_worth_regression(ctx, &c, 2, shown, test_key(90), &two), GM_OK);
  near(two.value, two.perfect, 0.02, "product"); /* E max(0, ab) = 1/pi */
  near(two.value, 1 / M_PI, 5 * two.error, "product, exact");
}

/* Moments: exact for normal gains. */
static void moments__find_the_conjugate_worth(void **state)
{
  (void)state;
  for (int m = 0; m < N; m++) {
    value[m] = 5;
    value[N + m] = 6 + 2 * gm_norm_quantile((m + 0.5) / N);
  }
  gm_choice c = {2, N, 1, value, NULL, NULL, 0, true};
  const double part[2] = {share, share}; /* the base of the gains is the option that is best */
  gm_worth w = {0};
  assert_int_equal(gm_worth_moments(ctx, &c, part, &w), GM_OK);
  near(w.value, unit_loss(1, 2 * sqrt(share)), 1e-3, "worth by moments");
  const double nothing[2] = {0, 0}, bad[2] = {0, 1.5};
  assert_int_equal(gm_worth_moments(ctx, &c, nothing, &w), GM_OK);
  near(w.value, 0, 1e-12, "nothing explained");
  assert_int_equal(gm_worth_moments(ctx, &c, bad, &w), GM_ERANGE);
}

/* Reweighting: the same worth from the likelihood alone. */
static void reweighting__finds_the_conjugate_worth(void **state)
{
  (void)state;
  enum { K = 1000 };
  static double log_lik[K * N];
  static int32_t of[K];
  gm_choice c = conjugate(40);
  for (int k = 0; k < K; k++) {
    of[k] = k;
    for (int m = 0; m < N; m++) {
      double z = (shown[k] - gain[m]) / 1.5;
      log_lik[(ptrdiff_t)k * N + m] = -0.5 * z * z;
    }
  }
  double ess, part[2];
  gm_worth w = {.share = part};
  assert_int_equal(gm_worth_reweighting(ctx, &c, K, of, log_lik, &w, &ess), GM_OK);
  near(w.value, unit_loss(1, 2 * sqrt(share)), 4 * w.error + 0.02, "worth by reweighting");
  near(part[0], share, 0.07, "share"); /* option 1 is best, gains are against it */
  assert_true(ess > 1);
  log_lik[5] = NAN;
  assert_int_equal(gm_worth_reweighting(ctx, &c, K, of, log_lik, &w, &ess), GM_EDOMAIN);
}

/* ---- stacking ------------------------------------------------------------------------------- */
/* Two models, two kinds of data: share q has densities (a, b), the rest (c, d) with a > b, c < d.
 * The optimum of q ln(w a + (1-w) b) + (1-q) ln(w c + (1-w) d): setting the slope to 0,
 * q (a-b)/(b + w (a-b)) = (1-q)(d-c)/(d - w (d-c)), so
 * w = [q d (a-b) - (1-q) b (d-c)]/[(a-b)(d-c)]. */
static void stacking__two_models_by_hand(void **state)
{
  (void)state;
  enum { DATA = 10 };
  const double a = 0.8, b = 0.3, c = 0.1, d = 0.7;
  for (int first = 0; first <= DATA; first++) {
    double l[2 * DATA], weight[2], q = first / (double)DATA;
    for (int i = 0; i < DATA; i++) {
      l[2 * i] = log(i < first ? a : c) - 900; /* far below what exp can hold */
      l[2 * i + 1] = log(i < first ? b : d) - 900;
    }
    double wanted = (q * d * (a - b) - (1 - q) * b * (d - c)) / ((a - b) * (d - c));
    wanted = fmin(1, fmax(0, wanted));
    gm_stack s = {.weight = weight};
    if (gm_stack_weights(ctx, DATA, 2, l, NULL, &s)) fail_msg("%s", gm_message(ctx));
    near(weight[0], wanted, 1e-6, "weight");
    near(weight[0] + weight[1], 1, 1e-14, "sum");
    near(s.score, q * log(b + wanted * (a - b)) + (1 - q) * log(d - wanted * (d - c)) - 900, 1e-8,
         "score");
    assert_true(s.gap <= 1e-9);
  }
}

/* Data of 0.7 N(-1, 1) + 0.3 N(2, 1), five models of which two are those: stacking finds the
 * mixture within its bootstrap interval, models that add nothing get nothing, a copy shares. */
static void stacking__finds_a_mixture(void **state)
{
  (void)state;
  enum { DATA = 1500, K = 5 };
  static double l[DATA * K];
  const double centre[K] = {-1, 2, 0.4, 9, -12};
  for (uint64_t i = 0; i < DATA; i++) {
    double y =
        (gm_uniform(test_key(50), i, 1, 0, 0) < 0.7 ? -1 : 2) + gm_normal(test_key(50), i, 0, 0, 0);
    for (int k = 0; k < K; k++) l[i * K + (uint64_t)k] = -0.5 * (y - centre[k]) * (y - centre[k]);
  }
  double weight[K], low[K], high[K], mean[K];
  gm_stack s = {weight, low, high, mean, 0, 0};
  gm_stack_options o = {.replicates = 100, .key = test_key(51)};
  assert_int_equal(gm_stack_weights(ctx, DATA, K, l, &o, &s), GM_OK);
  assert_true(low[0] < 0.7 && high[0] > 0.6 && fabs(weight[0] - 0.7) < 0.08);
  assert_true(weight[3] < 0.01 && weight[4] < 0.01 && weight[2] < 0.15);
  for (int k = 0; k < K; k++) assert_true(low[k] <= mean[k] + 1e-12 && mean[k] <= high[k] + 1e-12);
  /* no weights of a grid have a better score */
  for (double w = 0; w <= 1; w += 0.05) {
    double score = 0;
    for (int i = 0; i < DATA; i++) score += log(w * exp(l[i * K]) + (1 - w) * exp(l[i * K + 1]));
    assert_true(score / DATA <= s.score + 1e-9);
  }
}

/* The bootstrap interval covers the population's optimum: two-valued densities with q = 0.6 of the
 * first kind, optimum by the formula above. */
static void stacking__interval_covers(void **state)
{
  (void)state;
  enum { DATA = 120, REPEATS = 300 };
  const double a = 0.8, b = 0.3, c = 0.1, d = 0.7, q = 0.6;
  double wanted = (q * d * (a - b) - (1 - q) * b * (d - c)) / ((a - b) * (d - c));
  int in = 0;
  for (uint64_t r = 0; r < REPEATS; r++) {
    double l[2 * DATA], weight[2], low[2], high[2];
    for (uint64_t i = 0; i < DATA; i++) {
      bool first = gm_uniform(test_key(60), r, 0, 0, i) < q;
      l[2 * i] = log(first ? a : c);
      l[2 * i + 1] = log(first ? b : d);
    }
    gm_stack s = {.weight = weight, .low = low, .high = high};
    gm_stack_options o = {.replicates = 100, .key = test_key(100 + r)};
    assert_int_equal(gm_stack_weights(ctx, DATA, 2, l, &o, &s), GM_OK);
    in += low[0] <= wanted && wanted <= high[0];
  }
  print_message("# stacking interval covers %.3f (wanted 0.9)\n", in / (double)REPEATS);
  near(in / (double)REPEATS, 0.9, 0.07, "coverage");
}

/* A datum impossible under one model, under all; one model; wrong numbers. */
static void stacking__edges(void **state)
{
  (void)state;
  double l[4] = {-INFINITY, -1, -1, -2}, weight[2] = {-3, -3};
  gm_stack s = {.weight = weight};
  assert_int_equal(gm_stack_weights(ctx, 2, 2, l, NULL, &s), GM_OK);
  assert_true(weight[1] > 0.5);
  assert_int_equal(gm_stack_weights(ctx, 1, 1, l + 1, NULL, &s), GM_OK);
  near(weight[0], 1, 1e-14, "one model");
  near(s.score, -1, 1e-9, "its score");
  l[1] = -INFINITY;
  weight[0] = -3;
  assert_int_equal(gm_stack_weights(ctx, 2, 2, l, NULL, &s), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "datum 0"));
  assert_int_equal(gm_stack_weights(ctx, 0, 2, l, NULL, &s), GM_ERANGE);
  assert_true(weight[0] == -3);
}

static void refusals__are_named(void **state)
{
  (void)state;
  gm_choice c = conjugate(70);
  gm_worth w = {.value = -3};
  c.member_count = 10;
  assert_int_equal(gm_worth_regression(ctx, &c, 1, shown, test_key(90), &w), GM_ERANGE);
  c.member_count = N;
  assert_int_equal(gm_worth_regression(ctx, &c, 7, shown, test_key(90), &w), GM_ERANGE);
  double kept = shown[4];
  shown[4] = NAN;
  assert_int_equal(gm_worth_regression(ctx, &c, 1, shown, test_key(90), &w), GM_EDOMAIN);
  shown[4] = kept;
  static double same[N];
  assert_int_equal(gm_worth_regression(ctx, &c, 1, same, test_key(90), &w), GM_ENUMERIC);
  assert_true(w.value == -3);
}

static gm_status trial(gm_ctx *k, void *user)
{
  (void)user;
  double v[60], x[30], l[60], weight[2], low[2];
  int32_t of[2] = {0, 1};
  for (int m = 0; m < 30; m++) {
    v[m] = 0;
    v[30 + m] = x[m] = sin(m);
    l[m] = l[30 + m] = -1 - 0.01 * m;
  }
  gm_choice c = {2, 30, 1, v, NULL, NULL, 0, true};
  gm_worth w = {0};
  gm_stack s = {.weight = weight, .low = low};
  gm_stack_options o = {.replicates = 3};
  gm_status r = gm_worth_regression(k, &c, 1, x, test_key(90), &w);
  if (!r) r = gm_worth_reweighting(k, &c, 2, of, l, &w, NULL);
  return r ? r : gm_stack_weights(k, 30, 2, l, &o, &s);
}

static void memory__every_refusal_is_clean(void **state)
{
  (void)state;
  assert_true(fault_sweep("worth", trial, NULL) > 5);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(regression__finds_the_conjugate_worth),
      cmocka_unit_test(regression__nothing_and_all),
      cmocka_unit_test(regression__uses_two_measures),
      cmocka_unit_test(moments__find_the_conjugate_worth),
      cmocka_unit_test(reweighting__finds_the_conjugate_worth),
      cmocka_unit_test(stacking__two_models_by_hand),
      cmocka_unit_test(stacking__finds_a_mixture),
      cmocka_unit_test(stacking__interval_covers),
      cmocka_unit_test(stacking__edges),
      cmocka_unit_test(refusals__are_named),
      cmocka_unit_test(memory__every_refusal_is_clean),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
