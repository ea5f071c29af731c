/* test_fore_skill.c - baselines against their theory; skill intervals cover what they should.
 * label: full */
#include "gemel/forecast.h"
#include "num/distribution.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

static gm_key test_key(uint64_t n) { return gm_key_make(31, GM_PURPOSE_TEST, n, 0); }

enum { LONG = 4000 };
static double t[LONG], y[LONG];

/* Last value: location is the last, and the squared scale at 1, 3, 10 steps that of the process:
 * random walk with noise of measuring, 2 s^2 + q L; white noise, 2 s^2 at every lag. */
static void last_value__spread_widens_as_the_process(void **state)
{
  (void)state;
  const double walk[3] = {1, 1, 0}, noise[3] = {0, 0.7, 1};
  const int lag[3] = {1, 3, 10};
  for (int c = 0; c < 3; c++) {
    double level = 0;
    for (uint64_t i = 0; i < LONG; i++) {
      level += walk[c] * gm_normal(test_key(1), i, 0, 0, 0);
      t[i] = 5.0 + 2.0 * (double)i;
      y[i] = level + noise[c] * gm_normal(test_key(1), i, 1, 0, 0);
    }
    gm_history h = {LONG, t, y};
    for (int k = 0; k < 3; k++) {
      gm_student s;
      assert_int_equal(gm_baseline_last(ctx, &h, t[LONG - 1] + 2 * lag[k], &s), GM_OK);
      assert_true(s.location == y[LONG - 1]);
      double wanted = walk[c] * walk[c] * lag[k] + 2 * noise[c] * noise[c];
      near(s.scale * s.scale / wanted, 1, 0.15, "variance of the change");
    }
  }
}

/* Short histories: the t law of the last value covers a random walk at its level. */
static void last_value__covers_a_random_walk(void **state)
{
  (void)state;
  enum { REPEATS = 2000, N = 8 };
  int in = 0;
  for (uint64_t r = 0; r < REPEATS; r++) {
    double time[N], v[N], level = 0, next;
    for (uint64_t i = 0; i < N; i++) {
      time[i] = (double)i;
      level += gm_normal(test_key(2), r, i, 0, 0);
      v[i] = level;
    }
    next = level + gm_normal(test_key(2), r, N, 0, 0);
    gm_history h = {N, time, v};
    gm_student s;
    assert_int_equal(gm_baseline_last(ctx, &h, N, &s), GM_OK);
    double z = (next - s.location) / s.scale;
    in += fabs(z) <= gm_dist_t_quantile(0.95, s.df);
  }
  /* exactly t with 7 degrees of freedom: 0.9 +- 4 standard errors */
  near(in / (double)REPEATS, 0.9, 4 * sqrt(0.09 / REPEATS), "coverage of 90 %");
}

/* Autoregression of order 2: coefficients, mean and innovation found; forecasts run to the mean
 * with the process's own variance. */
static void autoregression__finds_a_second_order_process(void **state)
{
  (void)state;
  const double phi[2] = {1.2, -0.5};
  double a = 0, b = 0;
  for (uint64_t i = 0; i < LONG; i++) {
    double v = phi[0] * a + phi[1] * b + 0.5 * gm_normal(test_key(3), i, 0, 0, 0);
    b = a;
    a = v;
    t[i] = 0.5 * (double)i;
    y[i] = 7 + v;
  }
  gm_history h = {LONG, t, y};
  gm_ar ar;
  gm_student s;
  assert_int_equal(gm_ar_estimate(ctx, &h, 2, &ar), GM_OK);
  assert_true(ar.order == 2 && ar.fit == GM_AR_LEAST_SQUARES && ar.step == 0.5);
  near(ar.phi[0], 1.2, 4 * sqrt((1 - 0.25) / LONG), "phi 1"); /* var (1 - phi_2^2)/n */
  near(ar.phi[1], -0.5, 4 * sqrt((1 - 0.25) / LONG), "phi 2");
  near(ar.mean, 7, 4 * 0.5 / 0.3 / sqrt(LONG), "mean");
  near(ar.sd, 0.5, 4 * 0.5 / sqrt(2 * LONG), "innovation");
  /* two steps: phi1 (phi1 a + phi2 b) + phi2 a, variance sd^2 (1 + phi1^2) */
  assert_int_equal(gm_ar_forecast(ctx, &ar, &h, t[LONG - 1] + 1, &s), GM_OK);
  double m = ar.mean, x1 = y[LONG - 1] - m, x2 = y[LONG - 2] - m;
  double step = ar.phi[0] * x1 + ar.phi[1] * x2;
  near(s.location, m + ar.phi[0] * step + ar.phi[1] * x1, 1e-12, "two steps ahead");
  near(s.scale, ar.sd * sqrt(1 + ar.phi[0] * ar.phi[0]), 2e-3, "spread two steps ahead");
  assert_int_equal(gm_ar_forecast(ctx, &ar, &h, t[LONG - 1] + 200, &s), GM_OK);
  near(s.location, m, 1e-9, "far ahead");
  /* stationary variance sd^2 (1 - phi2) / ((1 + phi2)((1 - phi2)^2 - phi1^2)) */
  double p1 = ar.phi[0], p2 = ar.phi[1];
  double v = (1 - p2) / ((1 + p2) * ((1 - p2) * (1 - p2) - p1 * p1));
  near(s.scale / (ar.sd * sqrt(v)), 1, 3e-3, "spread far ahead");
}

/* White noise has order 0 as a rule; order 0 forecasts the mean with sd sqrt(1 + 1/n). */
static void autoregression__leaves_white_noise(void **state)
{
  (void)state;
  enum { N = 60 };
  int none = 0;
  for (uint64_t r = 0; r < 200; r++) {
    for (uint64_t i = 0; i < N; i++) {
      t[i] = (double)i;
      y[i] = gm_normal(test_key(4), r, i, 0, 0);
    }
    gm_history h = {N, t, y};
    gm_ar ar;
    gm_student s;
    assert_int_equal(gm_ar_estimate(ctx, &h, 8, &ar), GM_OK);
    none += ar.order == 0;
    if (ar.order) continue;
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) mean += y[i] / N;
    for (int i = 0; i < N; i++) square += (y[i] - mean) * (y[i] - mean) / (N - 1);
    assert_int_equal(gm_ar_forecast(ctx, &ar, &h, N + 4, &s), GM_OK);
    near(s.location, mean, 1e-12, "mean");
    near(s.scale, sqrt(square * (1 + 1.0 / N)), 1e-12, "spread");
    assert_true(s.df == N - 1);
  }
  assert_in_range(none, 120, 200);
}

/* Uneven times: the memory of an Ornstein-Uhlenbeck process and its forecast. */
static void autoregression__reads_uneven_times(void **state)
{
  (void)state;
  double x = 0;
  for (uint64_t i = 0; i < LONG; i++) {
    double gap = 0.2 + gm_exponential(test_key(5), i, 1, 0, 0), r = exp(-gap / 3);
    t[i] = (i ? t[i - 1] : 0) + gap;
    x = i ? r * x + sqrt(1 - r * r) * gm_normal(test_key(5), i, 0, 0, 0) : 0.3;
    y[i] = 4 + 2 * x;
  }
  gm_history h = {LONG, t, y};
  gm_ar ar;
  gm_student s;
  assert_int_equal(gm_ar_estimate(ctx, &h, 3, &ar), GM_OK);
  assert_true(ar.fit == GM_AR_CONTINUOUS && isnan(ar.step));
  near(ar.memory, 3, 0.5, "memory");
  near(ar.mean, 4, 0.4, "mean");
  near(ar.sd, 2, 0.15, "sd");
  assert_int_equal(gm_ar_forecast(ctx, &ar, &h, t[LONG - 1] + 2, &s), GM_OK);
  double r = exp(-2 / ar.memory);
  near(s.location, ar.mean + r * (y[LONG - 1] - ar.mean), 1e-9, "location");
  near(s.scale, ar.sd * sqrt(1 - r * r), 0.01, "spread");
}

/* A ramp, an explosion, a sine without noise: never a crash, never a law without spread. */
static void autoregression__stands_odd_histories(void **state)
{
  (void)state;
  enum { N = 24 };
  for (int c = 0; c < 4; c++) {
    for (int i = 0; i < N; i++) {
      t[i] = i;
      y[i] = c == 0 ? i : c == 1 ? pow(2, i) : c == 2 ? sin(0.7 * i) : i % 2;
    }
    gm_history h = {N, t, y};
    gm_ar ar;
    gm_student s;
    gm_status r = gm_ar_estimate(ctx, &h, 8, &ar);
    if (!r) r = gm_ar_forecast(ctx, &ar, &h, N + 3, &s);
    if (r) fail_msg("history %d: %s", c, gm_message(ctx));
    assert_true(isfinite(s.location) && s.scale > 0 && s.df >= 1);
  }
}

static void population__is_the_law_of_one_more(void **state)
{
  (void)state;
  const double v[4] = {1, 2, 3, 6};
  gm_student s;
  assert_int_equal(gm_baseline_population(ctx, 4, v, NULL, &s), GM_OK);
  near(s.location, 3, 1e-15, "mean");
  near(s.scale, sqrt(14.0 / 3 * 1.25), 1e-14, "spread");
  assert_true(s.df == 3);
}

/* Two dependent series of scores of known mean ratio 0.8: first autoregression with correlation
 * rho in logs. The 90 % intervals cover 0.2 in nearly nine of ten series of 150. */
static double covered(gm_skill_way way, double rho, int repeats, int n, double *p_small)
{
  int in = 0, small = 0;
  const double sd = 0.5;
  static double own[2000], base[2000];
  static int32_t subject[2000];
  for (uint64_t r = 0; r < (uint64_t)repeats; r++) {
    double a = 0, b = 0;
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
      bool first = way == GM_SKILL_SUBJECTS ? i % 10 == 0 : i == 0;
      double keep = first ? 0 : rho, add = sqrt(1 - keep * keep);
      a = keep * a + add * gm_normal(test_key(6), r, 0, 0, i);
      b = keep * b + add * gm_normal(test_key(6), r, 1, 0, i);
      own[i] = 0.8 * exp(sd * (0.7 * a + 0.3 * b));
      base[i] = exp(sd * (0.3 * a + 0.7 * b));
      subject[i] = (int32_t)i / 10;
    }
    gm_skill_options o = {.way = way, .subject = subject, .key = test_key(7), .replicates = 300};
    o.key.v[3] = r;
    gm_skill s;
    if (gm_skill_paired(ctx, n, own, base, &o, &s)) fail_msg("%s", gm_message(ctx));
    in += s.low <= 0.2 && s.high >= 0.2;
    small += s.p_value < 0.05;
  }
  if (p_small) *p_small = small / (double)repeats;
  return in / (double)repeats;
}

static void skill__intervals_cover(void **state)
{
  (void)state;
  const struct {
    gm_skill_way way;
    double rho, least;
    const char *name;
  } c[] = {{GM_SKILL_HAC, 0, 0.86, "HAC, independent"},
           {GM_SKILL_HAC, 0.5, 0.82, "HAC, dependent"},
           {GM_SKILL_BLOCKS, 0, 0.85, "blocks, independent"},
           {GM_SKILL_BLOCKS, 0.5, 0.80, "blocks, dependent"},
           {GM_SKILL_SUBJECTS, 0.9, 0.84, "subjects"}};
  enum { REPEATS = 800 };
  for (int i = 0; i < 5; i++) {
    double share = covered(c[i].way, c[i].rho, REPEATS, 150, NULL);
    double error = sqrt(0.09 / REPEATS);
    print_message("# %-22s covers %.3f (wanted 0.9, standard error %.3f)\n", c[i].name, share,
                  error);
    assert_true(share >= c[i].least && share <= 0.9 + 4 * error);
  }
}

/* Equal forecasters: the test of no difference is small as often as it should be. */
static void skill__test_keeps_its_level(void **state)
{
  (void)state;
  enum { REPEATS = 1000, N = 100 };
  int small = 0;
  double own[N], base[N];
  for (uint64_t r = 0; r < REPEATS; r++) {
    for (uint64_t i = 0; i < N; i++) {
      own[i] = gm_exponential(test_key(8), r, 0, 0, i);
      base[i] = gm_exponential(test_key(8), r, 1, 0, i);
    }
    gm_skill s;
    assert_int_equal(gm_skill_paired(ctx, N, own, base, NULL, &s), GM_OK);
    small += s.p_value < 0.05;
  }
  assert_in_range(small, 50 - 28, 50 + 45); /* 4 standard errors, and lags that are too few */
}

static void refusals__are_named(void **state)
{
  (void)state;
  const double a[5] = {1, 2, 3, 4, NAN}, zero[4] = {0, 0, 0, 0}, same[4] = {1, 1, 1, 1};
  const double time[4] = {0, 1, 1, 2}, good[4] = {0, 1, 2, 3};
  gm_skill s = {.skill = -9};
  gm_student law;
  gm_skill_options o = {.way = GM_SKILL_SUBJECTS};
  assert_int_equal(gm_skill_paired(ctx, 5, a, a, NULL, &s), GM_EDOMAIN);
  assert_int_equal(gm_skill_paired(ctx, 3, a, a, NULL, &s), GM_ERANGE);
  assert_int_equal(gm_skill_paired(ctx, 4, a, zero, NULL, &s), GM_EDOMAIN);
  assert_int_equal(gm_skill_paired(ctx, 4, a, same, &o, &s), GM_EINVAL);
  assert_true(s.skill == -9);
  gm_history h = {4, time, a};
  assert_int_equal(gm_baseline_last(ctx, &h, 9, &law), GM_ERANGE);
  h = (gm_history){4, good, same};
  assert_int_equal(gm_baseline_last(ctx, &h, 9, &law), GM_ENUMERIC);
  assert_int_equal(gm_baseline_last(ctx, &h, 3, &law), GM_ERANGE);
  gm_ar ar;
  assert_int_equal(gm_ar_estimate(ctx, &h, 2, &ar), GM_ERANGE);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  const double a[8] = {1, 2, 3, 4, 2, 3, 4, 6}, b[8] = {2, 2, 3, 5, 3, 3, 1, 7};
  gm_skill_options o = {.way = GM_SKILL_BLOCKS, .replicates = 10};
  gm_skill s;
  return gm_skill_paired(c, 8, a, b, &o, &s);
}

static void memory__every_refusal_is_clean(void **state)
{
  (void)state;
  assert_true(fault_sweep("skill", trial, NULL) > 1);
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
      cmocka_unit_test(last_value__spread_widens_as_the_process),
      cmocka_unit_test(last_value__covers_a_random_walk),
      cmocka_unit_test(autoregression__finds_a_second_order_process),
      cmocka_unit_test(autoregression__leaves_white_noise),
      cmocka_unit_test(autoregression__reads_uneven_times),
      cmocka_unit_test(autoregression__stands_odd_histories),
      cmocka_unit_test(population__is_the_law_of_one_more),
      cmocka_unit_test(skill__intervals_cover),
      cmocka_unit_test(skill__test_keeps_its_level),
      cmocka_unit_test(refusals__are_named),
      cmocka_unit_test(memory__every_refusal_is_clean),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
