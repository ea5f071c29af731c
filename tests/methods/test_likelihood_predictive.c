/* test_likelihood_predictive.c - the mixture law of a measurement against integrals and samples.
 * label: quick */
#include "gemel/forecast.h"
#include "num/score.h"
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

static gm_predicted law(int i)
{
  return (gm_predicted){.n = 3, .f = f, .stride = 1, .error = models[i]};
}

static double cdf(const gm_predicted *p, double y)
{
  double at;
  gm_law l = gm_law_predicted(p, w);
  if (gm_law_cdf(ctx, &l, y, &at, NULL)) fail_msg("%s", gm_message(ctx));
  return at;
}

static gm_status score(const gm_predicted *p, const double *weight, double y, gm_score *out)
{
  gm_law l = gm_law_predicted(p, weight);
  return gm_law_score(ctx, &l, y, gm_key_make(1, 0, 0, 0), 0, out);
}

/* P(Y <= y) is the integral of the mixture of the data's own densities. */
static void cdf__is_the_integral_of_the_likelihood(void **state)
{
  (void)state;
  enum { STEPS = 20000 };
  for (int i = 0; i < MODELS; i++)
    for (double y = 0.5; y < 6; y += 1.1) {
      gm_predicted p = law(i);
      double low = models[i].log_scale ? 1e-4 : -12, h = (y - low) / STEPS, sum = 0;
      for (int k = 0; k <= STEPS; k++) {
        gm_datum d = models[i];
        d.value = low + k * h;
        double density = 0;
        for (int m = 0; m < 3; m++) density += w[m] / 6 * exp(gm_datum_loglik(&d, f[m]));
        sum += (k == 0 || k == STEPS ? 1 : k % 2 ? 4 : 2) * density;
      }
      near(cdf(&p, y), sum * h / 3, 1e-7, "cdf");
    }
}

/* A quantile is the inverse of the distribution function. */
static void quantile__inverts_the_cdf(void **state)
{
  (void)state;
  static const double prob[5] = {1e-6, 0.05, 0.5, 0.95, 1 - 1e-6};
  double q[5];
  for (int i = 0; i < MODELS; i++) {
    gm_predicted p = law(i);
    gm_law l = gm_law_predicted(&p, w);
    assert_int_equal(gm_law_quantiles(ctx, &l, 5, prob, q), GM_OK);
    for (int k = 0; k < 5; k++) near(cdf(&p, q[k]), prob[k], 1e-12, "quantile");
  }
}

/* Without error the law is that of the weighted predictions: quantiles are steps at them. */
static void quantile__without_error_is_a_member(void **state)
{
  (void)state;
  static const double prob[4] = {0.1, 0.2, 0.6, 0.9}, wanted[4] = {1, 2.5, 2.5, 4};
  double q[4];
  gm_predicted p = law(0);
  p.error = (gm_datum){0};
  gm_law l = gm_law_predicted(&p, w);
  assert_int_equal(gm_law_quantiles(ctx, &l, 4, prob, q), GM_OK);
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
      gm_predicted p = law(i);
      double low = models[i].log_scale ? 1e-9 : -12, high = models[i].log_scale ? 80 : 20, sum = 0;
      double h1 = (y - low) / STEPS, h2 = (high - y) / STEPS;
      for (int k = 0; k < STEPS; k++) { /* midpoints on both sides of the step */
        double left = cdf(&p, low + (k + 0.5) * h1);
        double right = 1 - cdf(&p, y + (k + 0.5) * h2);
        sum += left * left * h1 + right * right * h2;
      }
      gm_score r;
      assert_int_equal(score(&p, w, y, &r), GM_OK);
      near(r.crps, sum, 1e-6, "crps");
    }
}

/* E|X - Y| of independent normals or log-normals with these centres and sd; sd 0 is a fixed value.
 * Log-normal: from the partial means E[X; X > Y] = E[X] Phi((mx - my + sx2) / s). */
static double distance(double a, double sa, double b, double sb, bool log_scale)
{
  double gap = a - b, va = sa * sa, vb = sb * sb, s = sqrt(va + vb);
  if (!log_scale)
    return gap * erf(gap / s / sqrt(2)) + s * sqrt(2 / M_PI) * exp(-0.5 * gap * gap / (s * s));
  return exp(a + 0.5 * va) * erf((gap + va) / s / sqrt(2)) +
         exp(b + 0.5 * vb) * erf((vb - gap) / s / sqrt(2));
}

/* The score is E|Y - y| - E|Y - Y'|/2 over the mixture, in closed form (Grimit, Gneiting, Berrocal
 * & Johnson, Q. J. R. Meteorol. Soc. 132:2925, 2006). */
static void crps__is_the_closed_form(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++)
    for (double y = 0.3; y < 9; y += 2.3) {
      bool on_log = models[i].log_scale;
      gm_predicted p = law(i);
      double sum = 0, c[3], s[3];
      gm_score r;
      for (int m = 0; m < 3; m++) {
        c[m] = on_log ? log(f[m]) : f[m];
        s[m] = gm_datum_sd(&models[i], f[m]);
      }
      for (int m = 0; m < 3; m++) {
        sum += w[m] / 6 * distance(c[m], s[m], on_log ? log(y) : y, 0, on_log);
        for (int k = 0; k < 3; k++)
          sum -= w[m] * w[k] / 72 * distance(c[m], s[m], c[k], s[k], on_log);
      }
      assert_int_equal(score(&p, w, y, &r), GM_OK);
      near(r.crps, sum, 1e-10, "crps");
    }
}

/* The log score is that of the data's own densities. */
static void log_score__is_the_likelihood(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++) {
    gm_predicted p = law(i);
    gm_datum d = models[i];
    double density = 0;
    gm_score r;
    d.value = 1.7;
    for (int m = 0; m < 3; m++) density += w[m] / 6 * exp(gm_datum_loglik(&d, f[m]));
    assert_int_equal(score(&p, w, 1.7, &r), GM_OK);
    near(r.log_score, -log(density), 1e-12, "log score");
  }
}

/* One normal member: the median alone scores |y - median|, and three levels by hand. */
static void wis__by_hand(void **state)
{
  (void)state;
  static const double median[1] = {0.5}, three[3] = {0.1, 0.5, 0.9};
  double one = 2, q[3], z = 1.2815515655446004; /* normal quantile of 0.9 */
  gm_wis wis;
  gm_predicted p = {.n = 1, .f = &one, .stride = 1, .error = {.additive = 0.5}};
  gm_law l = gm_law_predicted(&p, NULL);
  assert_int_equal(gm_law_quantiles(ctx, &l, 1, median, q), GM_OK);
  assert_int_equal(gm_score_wis(ctx, 1, median, q, 3, &wis), GM_OK);
  near(wis.score, 1, 1e-12, "median");
  assert_int_equal(gm_law_quantiles(ctx, &l, 3, three, q), GM_OK);
  assert_int_equal(gm_score_wis(ctx, 3, three, q, 3, &wis), GM_OK);
  /* (|y - m|/2 + alpha/2 (width + 2/alpha (y - u))) / (K + 1/2), alpha 0.2, K 1 */
  double width = 2 * 0.5 * z, over = 3 - (2 + 0.5 * z);
  near(wis.score, (0.5 * 1 + 0.1 * (width + 10 * over)) / 1.5, 1e-9, "three levels");
}

/* Members of no weight may have any prediction; others with none are refused, so are error models
 * that are none. On a log scale nothing is said to lie at or below 0. */
static void predicted__bad_members(void **state)
{
  (void)state;
  double bad[3] = {1, NAN, 4}, none[3] = {0, 0, 0}, some[3] = {1, 0, 1}, x, level = 0.5;
  gm_score r;
  gm_predicted p = law(0);
  p.f = bad;
  gm_law l = gm_law_predicted(&p, w);
  assert_int_equal(gm_law_cdf(ctx, &l, 1, &x, NULL), GM_EDOMAIN);
  assert_int_equal(score(&p, w, 1, &r), GM_EDOMAIN);
  l = gm_law_predicted(&p, some);
  assert_int_equal(gm_law_cdf(ctx, &l, 2.5, &x, NULL), GM_OK);
  near(x, 0.5, 1e-12, "cdf");
  assert_int_equal(score(&p, some, 1, &r), GM_OK);
  l = gm_law_predicted(&p, none);
  assert_int_equal(gm_law_quantiles(ctx, &l, 1, &level, &x), GM_EDOMAIN);
  p = law(0);
  p.error.additive = -1;
  assert_int_equal(score(&p, w, 1, &r), GM_EDOMAIN);
  p = law(0);
  p.stride = 0;
  assert_int_equal(score(&p, w, 1, &r), GM_ERANGE);
  p = law(3);
  near(cdf(&p, -1), 0, 0, "cdf");
  assert_int_equal(score(&p, w, -1, &r), GM_OK);
  assert_true(r.log_score == INFINITY && r.pit == 0 && r.bias == 1 && r.crps > 1);
  static const double below[3] = {1, 0, 4};
  p.f = below;
  assert_int_equal(score(&p, w, 1, &r), GM_EDOMAIN);
  level = 1;
  l = gm_law_predicted(&p, w);
  assert_int_equal(gm_law_quantiles(ctx, &l, 1, &level, &x), GM_ERANGE);
}

/* Predictions of gm_members are reached by their stride. */
static void predicted__stride(void **state)
{
  (void)state;
  double table[6] = {9, 1, 9, 2.5, 9, 4};
  gm_predicted p = law(1), a = law(1);
  p.f = table + 1;
  p.stride = 2;
  assert_true(cdf(&p, 2) == cdf(&a, 2));
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_predicted p = law(0);
  gm_law l = gm_law_predicted(&p, w);
  gm_score r;
  return gm_law_score(c, &l, 1, gm_key_make(1, 0, 0, 0), 0, &r);
}

static void predicted_memory__failure_leaves_nothing(void **state)
{
  (void)state;
  assert_true(fault_sweep("gm_law_score", trial, NULL) >= 1);
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
      cmocka_unit_test(crps__is_the_closed_form),
      cmocka_unit_test(log_score__is_the_likelihood),
      cmocka_unit_test(predicted__bad_members),
      cmocka_unit_test(predicted__stride),
      cmocka_unit_test(predicted_memory__failure_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
