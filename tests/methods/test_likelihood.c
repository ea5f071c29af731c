/* test_likelihood.c - the probability of a datum against integrals and differences.
 * label: quick */
#include "gemel/infer.h"
#include "methods/infer_posterior.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.15g, expected %.15g within %g", what, got, wanted, tolerance);
}

/* Simpson's rule of exp(gm_datum_loglik) over the value, low to high. */
static double integral(gm_datum d, double f, double low, double high)
{
  enum { STEPS = 20000 };
  double sum = 0, h = (high - low) / STEPS;
  for (int i = 0; i <= STEPS; i++) {
    d.value = low + i * h;
    sum += (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * exp(gm_datum_loglik(&d, f));
  }
  return sum * h / 3;
}

static const gm_datum models[] = {
    {.additive = 0.7},
    {.proportional = 0.2},
    {.additive = 0.3, .proportional = 0.2},
    {.additive = 0.3, .proportional = 0.2, .sum = true},
    {.additive = 0.4, .log_scale = true},
};
enum { MODELS = sizeof models / sizeof models[0] };

/* Standard deviations by hand: root of the sum of squares, the sum, and that of the logarithm. */
static void sd__is_as_defined(void **state)
{
  (void)state;
  near(gm_datum_sd(&models[0], 3), 0.7, 0, "additive");
  near(gm_datum_sd(&models[1], -3), 0.6, 1e-15, "proportional");
  near(gm_datum_sd(&models[2], 2), 0.5, 1e-15, "both");
  near(gm_datum_sd(&models[3], -2), 0.7, 1e-15, "sum");
  near(gm_datum_sd(&models[4], 100), 0.4, 0, "log");
}

/* Each density integrates to 1 over the values, so that every constant is there. */
static void density__integrates_to_one(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++) {
    double low = models[i].log_scale ? 1e-3 : -8, high = models[i].log_scale ? 30 : 12;
    near(integral(models[i], 2, low, high), 1, 1e-8, "integral");
  }
}

/* A measured value by hand: 4 at prediction 3 with sd 2 is -1/8 - ln 2 - ln(2 pi)/2. */
static void density__by_hand(void **state)
{
  (void)state;
  gm_datum d = {.value = 4, .additive = 2};
  near(gm_datum_loglik(&d, 3), -0.125 - log(2) - 0.918938533204672742, 1e-15, "additive");
  d = (gm_datum){.value = exp(1), .additive = 0.5, .log_scale = true};
  /* ln value = 1 at ln f = 0: -2, and the slope 1/value of the logarithm */
  near(gm_datum_loglik(&d, 1), -2 - log(0.5) - 0.918938533204672742 - 1, 1e-14, "log");
}

/* Beal's M3: a value below its limit has the probability that the density gives to all values below
 * it; above is the rest. */
static void censored__is_the_integral_of_the_density(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++)
    for (double limit = 0.5; limit < 5; limit += 0.75) {
      gm_datum d = models[i];
      d.value = limit;
      double low = d.log_scale ? 1e-3 : -8;
      double below = integral(d, 2, low, limit);
      d.censored = 1;
      near(exp(gm_datum_loglik(&d, 2)), below, 1e-8, "below");
      d.censored = -1;
      near(exp(gm_datum_loglik(&d, 2)), 1 - below, 1e-8, "above");
    }
}

/* Far in the tail the logarithm follows Mills' ratio, ln Phi(-x) = -x^2/2 - ln(x sqrt(2 pi)) +
 * ln(1 - 1/x2 + 3/x4 - 15/x6); where the probability itself underflows too. */
static void censored__is_accurate_in_the_tail(void **state)
{
  (void)state;
  for (double x = 20; x < 2e5; x *= 3) {
    double q = 1 / (x * x), series = log1p(-q + 3 * q * q - 15 * q * q * q);
    double wanted = -0.5 * x * x - log(x) - 0.918938533204672742 + series;
    gm_datum d = {.value = 1, .additive = 0.5, .censored = 1};
    near(gm_datum_loglik(&d, 1 + 0.5 * x) / wanted, 1, 1e-9, "below");
    d.censored = -1;
    near(gm_datum_loglik(&d, 1 - 0.5 * x) / wanted, 1, 1e-9, "above");
  }
}

/* A prediction that is no number, or without any error, or not positive on the log scale, has no
 * density; censored values keep their meaning there. */
static void impossible__is_minus_infinity(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++) {
    gm_datum d = models[i];
    d.value = 1;
    for (int8_t c = -1; c <= 1; c++) {
      d.censored = c;
      assert_true(gm_datum_loglik(&d, NAN) == -INFINITY);
      assert_true(gm_datum_loglik(&d, INFINITY) == -INFINITY);
    }
  }
  gm_datum d = {.value = 1, .proportional = 0.2};
  assert_true(gm_datum_loglik(&d, 0) == -INFINITY);
  d.value = 0;
  assert_true(gm_datum_loglik(&d, 0) == -INFINITY);
  d = (gm_datum){.value = 1, .additive = 0.2, .log_scale = true};
  assert_true(gm_datum_loglik(&d, 0) == -INFINITY);
  d.censored = 1; /* a prediction of 0 is surely below every limit */
  assert_true(gm_datum_loglik(&d, 0) == 0);
  d.censored = -1;
  assert_true(gm_datum_loglik(&d, -1) == -INFINITY);
}

/* The slope is the difference quotient of the log-likelihood, for each error model, censored or
 * not. */
static void slope__is_the_difference_quotient(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++)
    for (int8_t c = -1; c <= 1; c++)
      for (double f = 0.2; f < 6; f *= 1.4) {
        gm_datum d = models[i];
        d.value = 1.3;
        d.censored = c;
        double h = 1e-4 * f;
        double up = gm_datum_loglik(&d, f + h), down = gm_datum_loglik(&d, f - h);
        double slope = (up - down) / (2 * h);
        near(gm__datum_slope(&d, f), slope, 1e-5 * (1 + fabs(slope)), "slope");
      }
}

/* The information of a measured value is the variance of its slope over the values that the model
 * itself would give (integrated here). */
static void information__is_the_variance_of_the_slope(void **state)
{
  (void)state;
  enum { STEPS = 40000 };
  for (int i = 0; i < MODELS; i++) {
    gm_datum d = models[i];
    double f = 2, low = d.log_scale ? 1e-3 : -10, high = d.log_scale ? 60 : 14, sum = 0;
    double h = (high - low) / STEPS;
    for (int k = 1; k < STEPS; k++) {
      d.value = low + k * h;
      double slope = gm__datum_slope(&d, f);
      sum += h * slope * slope * exp(gm_datum_loglik(&d, f));
    }
    near(gm__datum_information(&d, f), sum, 1e-5 * sum, "information");
  }
}

/* The information of a censored value with constant error is minus the second difference of its
 * log-likelihood; far in the tail it is that of a measured value at the limit, 1/s2. */
static void information__of_censored_is_the_curvature(void **state)
{
  (void)state;
  gm_datum d = {.value = 1, .additive = 0.5, .censored = 1};
  for (double f = -1; f < 4; f += 0.3) {
    double h = 1e-3, l = gm_datum_loglik(&d, f);
    double bend = -(gm_datum_loglik(&d, f + h) - 2 * l + gm_datum_loglik(&d, f - h)) / (h * h);
    near(gm__datum_information(&d, f), bend, 1e-5, "curvature");
  }
  near(gm__datum_information(&d, 1 + 0.5 * 49), 4, 4.0 / 2000, "tail");
  near(gm__datum_information(&d, 1 + 0.5 * 1e7), 4, 1e-6, "far tail");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sd__is_as_defined),
      cmocka_unit_test(density__integrates_to_one),
      cmocka_unit_test(density__by_hand),
      cmocka_unit_test(censored__is_the_integral_of_the_density),
      cmocka_unit_test(censored__is_accurate_in_the_tail),
      cmocka_unit_test(impossible__is_minus_infinity),
      cmocka_unit_test(slope__is_the_difference_quotient),
      cmocka_unit_test(information__is_the_variance_of_the_slope),
      cmocka_unit_test(information__of_censored_is_the_curvature),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
