/* test_sbml_quantile.c - quantiles of gamma, Poisson and binomial laws, against closed forms and
 * against sums of probabilities in long double.
 * label: quick */
#include "sbml_case.h"
#include "gemel/math.h"
#include "kinds/equations/ir_quantile.h"

static const double us[] = {1e-300,  1e-20, 1e-6, 0.01,     0.2,      0.5,
                            0.50001, 0.8,   0.99, 1 - 1e-6, 1 - 1e-12};
enum { US = sizeof us / sizeof us[0] };

/* Shape 1 is the exponential law: -log(1 - u). */
static void gamma__shape_one_is_exponential(void **state)
{
  (void)state;
  for (int i = 0; i < US; i++) case_close(-log1p(-us[i]), ir_quantile_gamma(us[i], 1), 1e-12);
}

/* Shape 1/2 is half the square of a normal number: z((1 + u)/2)^2 / 2. */
static void gamma__shape_half_is_a_square(void **state)
{
  (void)state;
  for (int i = 3; i < US; i++) {                  /* below 0.01 z itself has few digits */
    double z = gm_norm_quantile((1 - us[i]) / 2); /* the lower tail: no cancellation */
    case_close(z * z / 2, ir_quantile_gamma(us[i], 0.5), 1e-12);
  }
}

/* P(X <= x) of whole shape n is the chance that a Poisson number of mean x is at least n. */
static long double gamma_cdf(double x, int n, bool above)
{
  long double term = expl(-(long double)x), below_n = 0, at_least = 0;
  for (int k = 0; k < n; k++, term *= x / (long double)k) below_n += term;
  for (int k = n; k < n + 100000 && term > 0; k++, term *= x / (long double)k) at_least += term;
  return above ? below_n : at_least;
}

/* The quantile put back gives u: within 1e-12 of x for whole shapes to 10,000, in both tails. */
static void gamma__put_back_gives_u(void **state)
{
  (void)state;
  static const int shape[] = {1, 2, 3, 10, 57, 400, 3000, 10000};
  for (size_t s = 0; s < sizeof shape / sizeof shape[0]; s++)
    for (int i = 0; i < US; i++) {
      int n = shape[s];
      double u = us[i], x = ir_quantile_gamma(u, n), step = x * 1e-12;
      bool above = u > 0.5;
      long double lower = gamma_cdf(x - step, n, above), upper = gamma_cdf(x + step, n, above);
      long double want = above ? 1 - (long double)u : (long double)u;
      bool inside = above ? upper <= want && want <= lower : lower <= want && want <= upper;
      if (x - step > 11000) continue; /* expl underflows: see the next case */
      if (!inside) fail_msg("shape %d, u %g: %.17g is not the quantile", n, u, x);
    }
}

/* At shape 10^6 the expansion takes over: it joins what the iteration gives just below. */
static void gamma__expansion_joins(void **state)
{
  (void)state;
  for (int i = 1; i < US; i++) {
    double a = 999999.999999, below = ir_quantile_gamma(us[i], a);
    double at = ir_quantile_gamma(us[i], 1e6), slope = (at - below) / 1e-6;
    assert_true(slope > 0.9 && slope < 1.1); /* d quantile / d shape is about 1 */
  }
}

/* Small shapes: P(a, x) is x^a / gamma(a + 1) to within x, so the quantile is known; it may
 * underflow to 0. */
static void gamma__small_shapes(void **state)
{
  (void)state;
  for (double a = 1e-3; a < 0.2; a *= 3)
    for (double u = 1e-10; u < 0.5; u *= 7) {
      double log_x = (log(u) + lgamma(a + 1)) / a;
      if (log_x < -30 && log_x > -700) case_close(exp(log_x), ir_quantile_gamma(u, a), 1e-11);
    }
  assert_true(ir_quantile_gamma(0.1, 1e-6) == 0);
}

/* The whole law by its own recurrence, in long double. */
static void counts_check(const char *name, double a, double p)
{
  enum { COUNT = 4000 };
  static long double below[COUNT];
  long double sum = 0, n = a;
  bool poisson = p < 0;
  long double term = poisson ? expl(-n) : powl(1 - (long double)p, n);
  for (int k = 0; k < COUNT; k++) {
    sum += term;
    below[k] = sum;
    term *= poisson ? n / (k + 1) : (n - k) / (k + 1) * (long double)p / (1 - (long double)p);
    if (!poisson && k >= n) term = 0;
  }
  for (int i = 0; i < 2000; i++) {
    double u = (i + 0.31) / 2000;
    int k = 0;
    while (below[k] < u) k++;
    if (fabsl(below[k] - u) < 1e-13 || (k && fabsl(below[k - 1] - u) < 1e-13)) continue;
    double got = poisson ? ir_quantile_poisson(u, a) : ir_quantile_binomial(u, a, p);
    if (got != k) fail_msg("%s %g %g: u %.17g gives %g, not %d", name, a, p, u, got, k);
  }
}

/* The least count whose probability reaches u, for small and large means. */
static void counts__are_the_least_that_reach_u(void **state)
{
  (void)state;
  static const double mean[] = {0.001, 0.3, 1, 4.5, 30, 200, 1500};
  for (size_t i = 0; i < sizeof mean / sizeof mean[0]; i++) counts_check("poisson", mean[i], -1);
  static const double law[][2] = {{1, 0.3},   {5, 0.01},     {20, 0.5},
                                  {100, 0.2}, {1000, 0.999}, {3000, 0.37}};
  for (size_t i = 0; i < sizeof law / sizeof law[0]; i++)
    counts_check("binomial", law[i][0], law[i][1]);
}

/* In the far tails, where 1 - P cancels, against leading terms: P(X > k) of a Poisson law of small
 * mean m is m^(k+1) / (k+1)! to within m. */
static void counts__tails(void **state)
{
  (void)state;
  double above, below = ir_cdf_poisson(4, 1e-3, &above);
  case_close(1e-15 / 120 * (1 - 1e-3 * 5.0 / 6), above, 1e-6);
  assert_true(below == 1);
  below = ir_cdf_binomial(0, 1000, 0.5, &above);
  case_close(ldexp(1, -1000), below, 1e-12);
  (void)ir_cdf_binomial(999, 1000, 0.5, &above);
  case_close(ldexp(1, -1000), above, 1e-12);
}

/* Where a law does not exist there is no number; the ends of u give the ends of the law. */
static void quantiles__edges(void **state)
{
  (void)state;
  assert_true(isnan(ir_quantile_gamma(0.5, 0)) && isnan(ir_quantile_gamma(0.5, -1)));
  assert_true(isnan(ir_quantile_gamma(NAN, 1)) && isnan(ir_quantile_gamma(1.1, 1)));
  assert_true(isnan(ir_quantile_gamma(0.5, INFINITY)) && isnan(ir_quantile_gamma(0.5, NAN)));
  assert_true(isnan(ir_quantile_poisson(0.5, -1)) && isnan(ir_quantile_poisson(0.5, NAN)));
  assert_true(isnan(ir_quantile_binomial(0.5, 2.5, 0.5)) &&
              isnan(ir_quantile_binomial(0.5, 2, 1.5)));
  assert_true(ir_quantile_gamma(0, 2) == 0 && ir_quantile_gamma(1, 2) == INFINITY);
  assert_true(ir_quantile_poisson(0.5, 0) == 0 && ir_quantile_poisson(1, 2) == INFINITY);
  assert_true(ir_quantile_binomial(0.5, 0, 0.5) == 0 && ir_quantile_binomial(0.5, 7, 1) == 7);
  assert_true(ir_quantile_binomial(0.5, 7, 0) == 0 && ir_quantile_binomial(1, 7, 0.5) == 7);
  assert_true(ir_quantile_poisson(0.5, 1e-320) == 0 && ir_quantile_binomial(0.5, 3, 1e-320) == 0);
}

/* Large counts: the median of a Poisson law is within 1 of its mean, that of a binomial law of
 * n p (R. Kaas and J. Buhrman, Statistica Neerlandica 34:13, 1980). */
static void counts__large_medians(void **state)
{
  (void)state;
  for (double m = 1e4; m < 1e12; m *= 31) {
    assert_true(fabs(ir_quantile_poisson(0.5, m) - m) <= 1);
    double n = floor(m);
    assert_true(fabs(ir_quantile_binomial(0.5, n, 0.37) - n * 0.37) <= 1);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gamma__shape_one_is_exponential),
      cmocka_unit_test(gamma__shape_half_is_a_square),
      cmocka_unit_test(gamma__put_back_gives_u),
      cmocka_unit_test(gamma__expansion_joins),
      cmocka_unit_test(gamma__small_shapes),
      cmocka_unit_test(counts__are_the_least_that_reach_u),
      cmocka_unit_test(counts__tails),
      cmocka_unit_test(quantiles__edges),
      cmocka_unit_test(counts__large_medians),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
