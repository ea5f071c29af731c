/* test_distribution.c - distribution functions against double-exponential quadrature of their
 * densities in long double, closed forms, and their own definitions.
 * label: quick */
#include "num/distribution.h"
#include "num/linalg.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void assert_relative(double got, long double want, double tolerance, const char *what)
{
  if (!(fabsl(got - want) <= tolerance * fabsl(want)))
    fail_msg("%s: %.17g, not %.17Lg (%.2Lg apart)", what, got, want, fabsl(got / want - 1));
}

/* ---- the independent way: tail integrals of exp(log density) in long double ----------------- */
typedef struct {
  long double a, b; /* shape */
} pars;
typedef long double log_density(pars p, long double u);

/* of u = log x, x gamma(a) */
static long double gamma_log(pars p, long double u) { return p.a * u - expl(u) - lgammal(p.a); }

/* of u = logit x, x beta(a, b) */
static long double beta_log(pars p, long double u)
{
  return lgammal(p.a + p.b) - lgammal(p.a) - lgammal(p.b) - p.a * log1pl(expl(-u)) -
         p.b * log1pl(expl(u));
}

/* of u = log t, t > 0 Student with a degrees of freedom */
static long double t_log(pars p, long double u)
{
  return lgammal((p.a + 1) / 2) - lgammal(p.a / 2) - 0.5L * logl(p.a * M_PIl) -
         (p.a + 1) / 2 * log1pl(expl(2 * u) / p.a) + u;
}

/* Tanh-sinh (Takahasi & Mori 1974) of exp(f) over [low, high]. */
static long double quadrature(log_density *f, pars p, long double low, long double high)
{
  const long double h = 1.0L / 512;
  long double half = 0.5L * (high - low), sum = 0;
  for (int k = -2600; k <= 2600; k++) {
    long double s = 0.5L * M_PIl * sinhl(k * h), c = coshl(s);
    long double from_end = half * expl(-fabsl(s)) / c; /* half (1 - |tanh s|) */
    long double u = k < 0 ? low + from_end : high - from_end;
    sum += expl(f(p, u)) * 0.5L * M_PIl * coshl(k * h) / (c * c);
  }
  return sum * half * h;
}

/* The integral from u to the side `way` (-1 or 1), cut where the integrand is 1e-25 of its most. */
static long double tail(log_density *f, pars p, long double u, int way)
{
  long double step = 1e-4L, end = u, top = f(p, u);
  while (step < 1e5L) {
    end = u + way * step;
    long double v = f(p, end);
    if (v > top) top = v;
    if (v < top - 60) break;
    step *= 1.05L;
  }
  return way < 0 ? quadrature(f, p, end, u) : quadrature(f, p, u, end);
}

/* P and Q of the incomplete gamma agree with quadrature to 1e-10 in both tails. */
static void gamma__agrees_with_quadrature(void **state)
{
  (void)state;
  static const double shape[] = {0.05, 0.5, 1, 2.5, 15, 16.5, 100, 3000, 1e5, 1e6};
  for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
    for (double z = -7; z <= 9; z += 0.8) {
      double a = shape[i], x = a * exp(z / sqrt(a + 0.3)), p, q;
      if (x < 1e-12 || x > 600 + 2 * a) continue;
      gm_dist_gamma(a, x, &p, &q);
      assert_relative(p, tail(gamma_log, (pars){a, 0}, logl(x), -1), 1e-10, "P(a, x)");
      assert_relative(q, tail(gamma_log, (pars){a, 0}, logl(x), 1), 1e-10, "Q(a, x)");
    }
}

/* The incomplete beta likewise. */
static void beta__agrees_with_quadrature(void **state)
{
  (void)state;
  static const double shape[][2] = {{0.5, 0.5}, {0.1, 3},   {2, 3},      {1, 40},
                                    {17, 0.5},  {50, 80},   {1000, 0.5}, {2500, 400},
                                    {1e5, 0.5}, {4e5, 6e5}, {0.3, 0.2}};
  for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
    for (double z = -6; z <= 6; z += 0.75) {
      double a = shape[i][0], b = shape[i][1], p, q;
      double u = log(a / b) + z * sqrt(1 / a + 1 / b);
      if (fabs(u) > 40) continue;
      double x = 1 / (1 + exp(-u)), y = 1 / (1 + exp(u));
      gm_dist_beta(a, b, x, y, &p, &q);
      long double exact_u = logl((long double)x / y);
      if (p < 1e-290 || q < 1e-290) continue; /* below the normal doubles */
      assert_relative(p, tail(beta_log, (pars){a, b}, exact_u, -1), 1e-10, "I_x(a, b)");
      assert_relative(q, tail(beta_log, (pars){a, b}, exact_u, 1), 1e-10, "1 - I_x(a, b)");
    }
}

/* Student's t far into its tails, and its density, for degrees of freedom from 0.3 to 1e6. */
static void t__agrees_with_quadrature(void **state)
{
  (void)state;
  static const double df[] = {0.3, 1, 2, 3.7, 10, 30, 150, 5000, 1e6};
  for (size_t i = 0; i < sizeof df / sizeof df[0]; i++)
    for (double t = 0.01; t < 30; t *= 1.7) {
      pars p = {df[i], 0};
      long double upper = tail(t_log, p, logl(t), 1);
      assert_relative(gm_dist_t_cdf(-t, df[i]), upper, 1e-10, "t cdf, lower tail");
      assert_relative(gm_dist_t_cdf(t, df[i]), 1 - upper, 1e-12, "t cdf");
      long double pdf = expl(t_log(p, logl(t))) / t;
      assert_relative(gm_dist_t_pdf(t, df[i]), pdf, 1e-10, "t pdf");
      assert_true(gm_dist_t_pdf(t, df[i]) == gm_dist_t_pdf(-t, df[i]));
    }
}

/* One and two degrees of freedom have closed forms; infinite ones are the normal. */
static void t__closed_forms(void **state)
{
  (void)state;
  for (double p = 1e-12; p < 1; p = p < 0.1 ? p * 3 : p + 0.053) {
    assert_relative(gm_dist_t_quantile(p, 1), -1 / tanl(M_PIl * (long double)p), 1e-12, "t1");
    long double two = (2 * (long double)p - 1) / sqrtl(2 * (long double)p * (1 - (long double)p));
    assert_relative(gm_dist_t_quantile(p, 2), two, 1e-12, "t2");
    assert_true(gm_dist_t_quantile(p, INFINITY) == gm_dist_normal_quantile(p));
    assert_relative(gm_dist_t_quantile(p, 1e9), gm_dist_normal_quantile(p), 2e-8, "t at 1e9");
  }
  assert_true(gm_dist_t_quantile(0.5, 3) == 0);
  assert_true(gm_dist_t_quantile(0, 3) == -INFINITY && gm_dist_t_quantile(1, 3) == INFINITY);
  assert_true(isnan(gm_dist_t_quantile(0.5, -1)) && isnan(gm_dist_t_cdf(0, 0)));
}

/* Printed tables: t(0.975; 10) = 2.228, chi-square(0.95; 1) = 3.841 and (0.05; 10) = 3.940. */
static void quantiles__printed_tables(void **state)
{
  (void)state;
  assert_true(fabs(gm_dist_t_quantile(0.975, 10) - 2.228) < 5e-4);
  assert_true(fabs(gm_dist_t_quantile(0.995, 4) - 4.604) < 5e-4);
  assert_true(fabs(gm_dist_chi_square_quantile(0.95, 1) - 3.841) < 5e-4);
  assert_true(fabs(gm_dist_chi_square_quantile(0.05, 10) - 3.940) < 5e-4);
  assert_true(fabs(gm_dist_normal_quantile(0.975) - 1.959963984540054) < 1e-15);
}

/* The distribution function crosses p within 1e-13 of the quantile, relatively, beside the 2e-12
 * of the distribution function itself. */
static void assert_crosses(double p, double below, double above, const char *what)
{
  if (!(below <= p * (1 + 2e-12) && above >= p * (1 - 2e-12)))
    fail_msg("%s at p = %g: [%.17g, %.17g]", what, p, below, above);
}

/* Quantile and distribution function undo each other over 200 orders of magnitude of p. */
static void quantiles__undo_the_distribution(void **state)
{
  (void)state;
  static const double df[] = {0.2, 1, 4.5, 33, 1000, 1e6};
  const double less = 1 - 1e-13, more = 1 + 1e-13;
  for (size_t i = 0; i < sizeof df / sizeof df[0]; i++)
    for (double p = 1e-200; p < 1; p = p < 0.05 ? p * 31 : p + 0.037) {
      double d = df[i], x = gm_dist_chi_square_quantile(p, d);
      if (x > 1e-290)
        assert_crosses(p, gm_dist_chi_square_cdf(x * less, d), gm_dist_chi_square_cdf(x * more, d),
                       "chi-square");
      double t = gm_dist_t_quantile(p, d), wide = t < 0 ? more : less, tight = t < 0 ? less : more;
      if (fabs(t) < 1e150)
        assert_crosses(p, gm_dist_t_cdf(t * wide, d), gm_dist_t_cdf(t * tight, d), "t");
      double b = gm_dist_beta_quantile(p, d, 2.5);
      if (b > 1e-290 && b < 0.9)
        assert_crosses(p, gm_dist_beta_cdf(b * less, d, 2.5), gm_dist_beta_cdf(b * more, d, 2.5),
                       "beta");
    }
}

/* Chi-square with two degrees of freedom is exponential: quantile -2 log(1 - p). */
static void chi_square__two_degrees_are_exponential(void **state)
{
  (void)state;
  for (double p = 1e-15; p < 1; p = p < 0.1 ? p * 7 : p + 0.04) {
    assert_relative(gm_dist_chi_square_quantile(p, 2), -2 * log1pl(-(long double)p), 1e-12, "q");
    assert_relative(gm_dist_chi_square_upper(-2 * log(p), 2), p, 1e-13, "upper");
  }
  assert_true(gm_dist_chi_square_cdf(-1, 3) == 0 && gm_dist_chi_square_upper(-1, 3) == 1);
  assert_true(gm_dist_chi_square_quantile(0, 3) == 0);
  assert_true(isinf(gm_dist_chi_square_quantile(1, 3)));
}

/* The normal quantile against bisection of erfc in long double. */
static void normal__quantile_by_bisection(void **state)
{
  (void)state;
  for (double p = 1e-300; p < 1; p = p < 0.02 ? p * 17 : p + 0.0131) {
    long double low = -40, high = 40;
    for (int i = 0; i < 120; i++) {
      long double m = 0.5L * (low + high), f = 0.5L * erfcl(-m / sqrtl(2));
      if (f < p)
        low = m;
      else
        high = m;
    }
    assert_relative(gm_dist_normal_quantile(p), low, 1e-13, "normal quantile");
  }
  assert_true(isnan(gm_dist_normal_quantile(1.1)) && isinf(gm_dist_normal_quantile(0)));
}

/* Probability of k or more successes, summed in long double. */
static long double binomial_upper(int k, int n, long double p)
{
  long double sum = 0;
  for (int j = k; j <= n; j++)
    sum += expl(lgammal(n + 1) - lgammal(j + 1) - lgammal(n - j + 1) + j * logl(p) +
                (n - j) * log1pl(-p));
  return sum;
}

/* Clopper-Pearson is defined by tails of alpha/2; none and all have closed forms. */
static void binomial__interval_has_its_tails(void **state)
{
  (void)state;
  static const int size[] = {1, 2, 10, 47, 300};
  double low, high;
  for (int i = 0; i < 5; i++)
    for (int k = 0; k <= size[i]; k += 1 + size[i] / 9) {
      int n = size[i];
      assert_int_equal(gm_dist_binomial_interval(ctx, k, n, 0.05, &low, &high), GM_OK);
      if (k > 0) assert_relative(0.025, binomial_upper(k, n, low), 1e-10, "lower end");
      if (k < n) assert_relative(0.975, binomial_upper(k + 1, n, high), 1e-10, "upper end");
      if (k == 0) assert_relative(1 - high, powl(0.025L, 1.0L / n), 1e-12, "none");
      if (k == n) assert_relative(low, powl(0.025L, 1.0L / n), 1e-12, "all");
      assert_true(k > 0 || low == 0);
      assert_true(k < n || high == 1);
    }
  assert_int_equal(gm_dist_binomial_interval(ctx, 3, 2, 0.05, &low, &high), GM_ERANGE);
  assert_int_equal(gm_dist_binomial_interval(ctx, 1, 2, 0, &low, &high), GM_ERANGE);
}

/* Two correlated normals against the textbook formula with the inverse written out. */
static void mvn__two_dimensions_by_hand(void **state)
{
  (void)state;
  const double x[2] = {0.3, -1.2}, mean[2] = {1, 0.5}, sd[2] = {2, 0.4};
  double rho = -0.6, work[2], l[4];
  const double cov[4] = {sd[0] * sd[0], rho * sd[0] * sd[1], rho * sd[0] * sd[1], sd[1] * sd[1]};
  assert_int_equal(gm_la_cholesky(ctx, 2, cov, l), GM_OK);
  double u = (x[0] - mean[0]) / sd[0], v = (x[1] - mean[1]) / sd[1], c = 1 - rho * rho;
  double m = (u * u - 2 * rho * u * v + v * v) / c;
  double want = -log(2 * M_PI * sd[0] * sd[1] * sqrt(c)) - 0.5 * m;
  assert_relative(gm_dist_mvn_log_pdf(2, x, mean, l, work), want, 1e-14, "normal");
  for (double df = 0.5; df < 1e5; df *= 3) {
    double t = log(df / 2) - log(df) - log(M_PI * sd[0] * sd[1] * sqrt(c)) - /* d = 2: closed */
               (df / 2 + 1) * log1p(m / df);
    assert_relative(gm_dist_mvt_log_pdf(2, x, mean, l, df, work), t, 1e-12, "t");
    assert_relative(gm_dist_mvt_log_pdf(1, x, mean, sd, df, work),
                    gm_dist_t_log_pdf(u, df) - log(sd[0]), 1e-12, "t in one dimension");
  }
  assert_true(gm_dist_mvt_log_pdf(2, x, mean, l, INFINITY, work) ==
              gm_dist_mvn_log_pdf(2, x, mean, l, work));
}

/* ---- large and extreme shapes ---------------------------------------------------------------- */
/* log(1 + x) - x without cancellation, by its series where x is small. */
static long double log1p_less(long double x)
{
  if (fabsl(x) > 0.01L) return log1pl(x) - x;
  long double sum = 0, power = -x;
  for (int k = 2; k < 40; k++) sum -= (power *= -x) / k;
  return sum;
}

/* log Gamma(z + 1) less Stirling's (z + 1/2) log z - z + log(2 pi)/2, z >= 1000; DLMF 5.11.1 */
static long double stirling_rest(long double z)
{
  return 1 / (12 * z) - 1 / (360 * z * z * z) + 1 / (1260 * z * z * z * z * z);
}

/* P(a, x) for x <= a and Q(a, x) for x >= a, x about a: the term x^a e^-x / Gamma(a + 1) times
 * 1 + x/(a+1) + ... , or a/x + a (a-1)/x^2 + ..., all terms positive (DLMF 8.7.1, and 8.8.2 again
 * and again). */
static long double gamma_by_sum(long double a, long double x)
{
  long double front = expl(a * log1p_less((x - a) / a) - stirling_rest(a)) / sqrtl(2 * M_PIl * a);
  long double term = 1, sum = x <= a ? 1 : 0;
  for (long double k = 1; term > sum * 1e-22L; k++) {
    term *= x <= a ? x / (a + k) : (a + 1 - k) / x;
    sum += term;
  }
  return front * sum;
}

/* I_x(a, b) for x <= a/(a+b), at x = a/(a+b) (1 + e): the front, and all terms positive of
 * DLMF 8.17.8. */
static long double beta_by_sum(long double a, long double b, long double e)
{
  long double n = a + b, x = a / n * (1 + e);
  long double d = a * log1p_less(e) + b * log1p_less(-a / b * e);
  long double front = expl(d + stirling_rest(n) - stirling_rest(a) - stirling_rest(b)) *
                      sqrtl(b / (2 * M_PIl * a * n));
  long double term = 1, sum = 1;
  for (long double k = 0; term > sum * 1e-22L; k++) {
    term *= (n + k) / (a + 1 + k) * x;
    sum += term;
  }
  return front * sum;
}

/* P and Q on both sides of the shape where the expansion takes over from sums and fractions, and
 * far beyond it, to seven standard deviations. */
static void gamma__large_shapes_by_their_sums(void **state)
{
  (void)state;
  static const double shape[] = {3e5, 9.9e6, 1.01e7, 3e8, 1e10};
  for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
    for (double z = -7; z <= 7; z += 1.75) {
      double a = shape[i], x = a + z * sqrt(a), p, q;
      gm_dist_gamma(a, x, &p, &q);
      assert_relative(x <= a ? p : q, gamma_by_sum(a, x), 1e-11, "large shape");
      assert_relative(p + q, 1, 1e-15, "both tails");
    }
}

/* The beta likewise, both shapes large, or one of them far larger. */
static void beta__large_shapes_by_their_sums(void **state)
{
  (void)state;
  static const double shape[][2] = {
      {2e3, 1e9}, {9.9e6, 9.9e6}, {1.01e7, 1.01e7}, {1.01e7, 1e12}, {9.9e6, 1e12}, {3e8, 2e7},
      {2e7, 3e8}, {5e3, 1e30},    {1.1e7, 1e200},   {5e3, 1e299},   {5e3, 1e305},  {1e9, 1e305}};
  for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
    for (double z = -7; z <= 0; z += 1.75) {
      double a = shape[i][0], b = shape[i][1], n = a + b, p, q, back_p, back_q;
      double x = a / n + z * sqrt(a / n * (b / n)) / sqrt(n);
      long double e = ((long double)x * n - a) / a; /* x as it was rounded */
      e += (long double)x * ((long double)a + b - n) / a;
      if (e > 0) continue;
      gm_dist_beta(a, b, x, 1 - x, &p, &q);
      assert_relative(p, beta_by_sum(a, b, e), 1e-10, "large shapes");
      assert_relative(p + q, 1, 1e-15, "both tails");
      gm_dist_beta(b, a, 1 - x, x, &back_p, &back_q);
      assert_relative(back_q, p, 1e-15, "its mirror image");
    }
}

/* Closed forms at small shapes: I_x(a, 1) = x^a, so 1 - I = -expm1(a log x); and as a -> 0
 * Q(a, x) -> a E1(x), E1(1) = 0.219383934395520273677 (DLMF 6.6.2). */
static void functions__small_shapes(void **state)
{
  (void)state;
  static const double shape[] = {5e-324, 1e-310, 1e-200, 1e-30, 1e-12, 1e-6};
  for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
    double a = shape[i], p, q;
    gm_dist_beta(a, 1, 0.125, 0.875, &p, &q);
    assert_relative(p, powl(0.125L, a), 1e-12, "x^a");
    gm_dist_beta(a, a, 0.25, 0.75, &p, &q); /* 1/2 - a log(3)/2 + O(a^2) */
    assert_relative(p, 0.5L - a * 0.5L * logl(3), 1e-11, "two ends");
    gm_dist_gamma(a, 1, &p, &q);
    if (a > 1e-300) /* the next term is of order a */
      assert_relative(q / a, 0.219383934395520273677L, 1e-11 + 2 * a, "a E1(1)");
    assert_relative(p, 1, 1e-6, "nearly 1");
  }
}

/* Every pair of shapes from the least double to the greatest, at every such x, has an answer: two
 * probabilities that sum to 1, rising in x, mirrored; and the quantiles, too, come to an end. */
static void functions__every_argument_has_an_answer(void **state)
{
  (void)state;
  static const double any[] = {5e-324, 1e-308, 1e-200, 1e-20, 1e-3, 0.5,   1,       3,     1e3,
                               1e7,    1.1e7,  1e12,   1e20,  1e40, 1e100, 1.1e300, 1e308, DBL_MAX};
  static const double rising[] = {5e-324, 1e-310, 1e-299, 1e-100, 1e-12,
                                  0.01,   0.3,    0.5,    0.75,   0.99};
  enum { ANY = sizeof any / sizeof any[0], RISING = sizeof rising / sizeof rising[0] };
  for (int i = 0; i < ANY; i++) {
    double before = 0, p, q, p2, q2;
    for (int j = 0; j < ANY; j++) {
      gm_dist_gamma(any[i], any[j], &p, &q);
      assert_true(p >= before - 1e-12 && p <= 1 && q >= 0 && fabs(p + q - 1) < 1e-12);
      before = p;
    }
    for (int j = 0; j < ANY; j++) {
      before = 0;
      for (int k = 0; k < RISING; k++) {
        double x = rising[k];
        gm_dist_beta(any[i], any[j], x, 1 - x, &p, &q);
        gm_dist_beta(any[j], any[i], 1 - x, x, &p2, &q2);
        assert_true(p >= before - 1e-12 && p <= 1 && q >= 0 && fabs(p + q - 1) < 1e-12);
        assert_true(fabs(p - q2) < 1e-12 && fabs(q - p2) < 1e-12);
        before = p;
      }
      double x = gm_dist_beta_quantile(0.3, any[i], any[j]);
      assert_true(x >= 0 && x <= 1);
    }
    if (i == 0) continue; /* half of it is no double */
    assert_true(gm_dist_chi_square_quantile(0.3, any[i]) >= 0);
    assert_true(gm_dist_t_cdf(-2, any[i]) <= 0.5 && gm_dist_t_quantile(0.3, any[i]) <= 0);
  }
  double p, q;
  gm_dist_beta(1e299, 3, 0.99, 0.01, &p, &q);
  assert_true(p == 0 && q == 1);
}

/* Arguments outside the domain give NaN, the ends 0 and 1. */
static void functions__ends_and_outside(void **state)
{
  (void)state;
  double p, q;
  gm_dist_gamma(2, 0, &p, &q);
  assert_true(p == 0 && q == 1);
  gm_dist_gamma(2, INFINITY, &p, &q);
  assert_true(p == 1 && q == 0);
  gm_dist_gamma(-2, 1, &p, &q);
  assert_true(isnan(p) && isnan(q));
  gm_dist_beta(2, 3, 0, 1, &p, &q);
  assert_true(p == 0 && q == 1);
  assert_true(gm_dist_beta_cdf(-1, 2, 3) == 0 && gm_dist_beta_cdf(2, 2, 3) == 1);
  assert_true(isnan(gm_dist_beta_cdf(NAN, 2, 3)) && isnan(gm_dist_beta_quantile(0.5, 0, 1)));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gamma__agrees_with_quadrature),
      cmocka_unit_test(beta__agrees_with_quadrature),
      cmocka_unit_test(t__agrees_with_quadrature),
      cmocka_unit_test(t__closed_forms),
      cmocka_unit_test(quantiles__printed_tables),
      cmocka_unit_test(quantiles__undo_the_distribution),
      cmocka_unit_test(chi_square__two_degrees_are_exponential),
      cmocka_unit_test(normal__quantile_by_bisection),
      cmocka_unit_test(binomial__interval_has_its_tails),
      cmocka_unit_test(mvn__two_dimensions_by_hand),
      cmocka_unit_test(gamma__large_shapes_by_their_sums),
      cmocka_unit_test(beta__large_shapes_by_their_sums),
      cmocka_unit_test(functions__small_shapes),
      cmocka_unit_test(functions__every_argument_has_an_answer),
      cmocka_unit_test(functions__ends_and_outside),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
