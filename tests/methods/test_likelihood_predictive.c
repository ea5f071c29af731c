/* test_likelihood_predictive.c - the mixture law of a measurement against integrals and samples.
 * label: quick */
#include "gemel/score.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

static const double f[3] = {1, 2.5, 4}, w[3] = {1, 3, 2};

static const gm_datum models[] = {
    {.additive = 0.5},
    {.additive = 0.2, .proportional = 0.3},
    {.additive = 0.1, .proportional = 0.2, .sum = true},
    {.additive = 0.4, .log_scale = true},
};
enum { MODELS = sizeof models / sizeof models[0] };

static gm_predictive law(int i)
{
  return (gm_predictive){.n = 3, .f = f, .stride = 1, .weight = w, .error = models[i]};
}

/* P(Y <= y) is the integral of the mixture of the data's own densities. */
static void cdf__is_the_integral_of_the_likelihood(void **state)
{
  (void)state;
  enum { STEPS = 20000 };
  for (int i = 0; i < MODELS; i++)
    for (double y = 0.5; y < 6; y += 1.1) {
      gm_predictive p = law(i);
      double low = models[i].log_scale ? 1e-4 : -12, h = (y - low) / STEPS, sum = 0;
      for (int k = 0; k <= STEPS; k++) {
        gm_datum d = models[i];
        d.value = low + k * h;
        double density = 0;
        for (int m = 0; m < 3; m++) density += w[m] / 6 * exp(gm_datum_loglik(&d, f[m]));
        sum += (k == 0 || k == STEPS ? 1 : k % 2 ? 4 : 2) * density;
      }
      near(gm_predictive_cdf(&p, y), sum * h / 3, 1e-7, "cdf");
    }
}

/* A quantile is the inverse of the distribution function. */
static void quantile__inverts_the_cdf(void **state)
{
  (void)state;
  static const double prob[5] = {1e-6, 0.05, 0.5, 0.95, 1 - 1e-6};
  double q[5];
  for (int i = 0; i < MODELS; i++) {
    gm_predictive p = law(i);
    assert_int_equal(gm_predictive_quantiles(ctx, &p, 5, prob, q), GM_OK);
    for (int k = 0; k < 5; k++) near(gm_predictive_cdf(&p, q[k]), prob[k], 1e-12, "quantile");
  }
}

/* Without error the law is that of the weighted predictions: quantiles are steps at them. */
static void quantile__without_error_is_a_member(void **state)
{
  (void)state;
  static const double prob[4] = {0.1, 0.2, 0.6, 0.9}, wanted[4] = {1, 2.5, 2.5, 4};
  double q[4];
  gm_predictive p = law(0);
  p.error = (gm_datum){0};
  assert_int_equal(gm_predictive_quantiles(ctx, &p, 4, prob, q), GM_OK);
  for (int k = 0; k < 4; k++) near(q[k], wanted[k], 1e-12, "quantile");
}

/* The score is the integral of the squared difference between the distribution function and the
 * outcome's step. */
static void crps__is_the_integral(void **state)
{
  (void)state;
  enum { STEPS = 40000 };
  for (int i = 0; i < MODELS; i++)
    for (double y = 0.3; y < 9; y += 2.3) {
      gm_predictive p = law(i);
      double low = models[i].log_scale ? 1e-9 : -12, high = models[i].log_scale ? 80 : 20, sum = 0;
      double h1 = (y - low) / STEPS, h2 = (high - y) / STEPS, score;
      for (int k = 0; k < STEPS; k++) { /* midpoints on both sides of the step */
        double left = gm_predictive_cdf(&p, low + (k + 0.5) * h1);
        double right = 1 - gm_predictive_cdf(&p, y + (k + 0.5) * h2);
        sum += left * left * h1 + right * right * h2;
      }
      assert_int_equal(gm_predictive_crps(ctx, &p, y, &score), GM_OK);
      near(score, sum, 1e-6, "crps");
    }
}

/* One normal member: the median alone scores |y - median|, and three levels by hand. */
static void wis__by_hand(void **state)
{
  (void)state;
  static const double median[1] = {0.5}, three[3] = {0.1, 0.5, 0.9};
  double one = 2, score, z = 1.2815515655446004; /* normal quantile of 0.9 */
  gm_predictive p = {.n = 1, .f = &one, .stride = 1, .error = {.additive = 0.5}};
  assert_int_equal(gm_predictive_wis(ctx, &p, 1, median, 3, &score), GM_OK);
  near(score, 1, 1e-12, "median");
  assert_int_equal(gm_predictive_wis(ctx, &p, 3, three, 3, &score), GM_OK);
  /* (|y - m|/2 + alpha/2 (width + 2/alpha (y - u))) / (K + 1/2), alpha 0.2, K 1 */
  double width = 2 * 0.5 * z, over = 3 - (2 + 0.5 * z);
  near(score, (0.5 * 1 + 0.1 * (width + 10 * over)) / 1.5, 1e-9, "three levels");
}

/* Members of no weight may have any prediction; others with none are refused. */
static void predictive__bad_members(void **state)
{
  (void)state;
  double bad[3] = {1, NAN, 4}, none[3] = {0, 0, 0}, some[3] = {1, 0, 1}, x, level = 0.5;
  gm_predictive p = law(0);
  p.f = bad;
  assert_true(isnan(gm_predictive_cdf(&p, 1)));
  assert_int_equal(gm_predictive_crps(ctx, &p, 1, &x), GM_EDOMAIN);
  p.weight = some;
  near(gm_predictive_cdf(&p, 2.5), 0.5, 1e-12, "cdf");
  assert_int_equal(gm_predictive_crps(ctx, &p, 1, &x), GM_OK);
  p.weight = none;
  assert_int_equal(gm_predictive_quantiles(ctx, &p, 1, &level, &x), GM_EDOMAIN);
  p = law(3);
  assert_int_equal(gm_predictive_crps(ctx, &p, -1, &x), GM_EDOMAIN);
  near(gm_predictive_cdf(&p, -1), 0, 0, "cdf");
  level = 1;
  assert_int_equal(gm_predictive_quantiles(ctx, &p, 1, &level, &x), GM_ERANGE);
}

/* Predictions of gm_members are reached by their stride. */
static void predictive__stride(void **state)
{
  (void)state;
  double table[6] = {9, 1, 9, 2.5, 9, 4};
  gm_predictive p = law(1), a = law(1);
  p.f = table + 1;
  p.stride = 2;
  assert_true(gm_predictive_cdf(&p, 2) == gm_predictive_cdf(&a, 2));
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  static const double level[1] = {0.5};
  gm_predictive p = law(0);
  double score;
  return gm_predictive_wis(c, &p, 1, level, 1, &score);
}

static void predictive_memory__failure_leaves_nothing(void **state)
{
  (void)state;
  assert_true(fault_sweep("gm_predictive_wis", trial, NULL) >= 1);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
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
      cmocka_unit_test(cdf__is_the_integral_of_the_likelihood),
      cmocka_unit_test(quantile__inverts_the_cdf),
      cmocka_unit_test(quantile__without_error_is_a_member),
      cmocka_unit_test(crps__is_the_integral),
      cmocka_unit_test(wis__by_hand),
      cmocka_unit_test(predictive__bad_members),
      cmocka_unit_test(predictive__stride),
      cmocka_unit_test(predictive_memory__failure_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
