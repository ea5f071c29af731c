/* test_fore_score.c - scores of laws against closed forms, sums by hand and exact chains.
 * label: quick */
#include "gemel/forecast.h"
#include "gemel/math.h"
#include "num/score.h"
#include "num/stats.h"
#include "support/fault.h"
#include "support/sir_exact.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.15g, expected %.15g within %g", what, got, wanted, tolerance);
}

static gm_key test_key(uint64_t n) { return gm_key_make(17, GM_PURPOSE_TEST, n, 0); }

static gm_score score_of(const gm_law *law, double y)
{
  gm_score s;
  gm_status status = gm_law_score(ctx, law, y, test_key(0), 0, &s);
  if (status) fail_msg("score: %s", gm_message(ctx));
  return s;
}

/* CRPS of the standard normal at 0, 1, 2 by Gneiting & Raftery (2007), section 4.2; median,
 * density, PIT and bias of the same law. */
static void normal__scores_are_the_closed_forms(void **state)
{
  (void)state;
  static const double wanted[3] = {0.233695, 0.602441, 1.452792};
  const gm_student t = {0, 1, INFINITY};
  gm_law law = gm_law_student(&t);
  for (int y = 0; y < 3; y++) {
    gm_score s = score_of(&law, y);
    near(s.crps, wanted[y], 5e-7, "CRPS");
    near(s.crps, gm_score_crps_normal(0, 1, y), 1e-10, "CRPS, closed form");
    near(s.log_score, 0.5 * y * y + 0.5 * log(2 * M_PI), 1e-12, "log score");
    near(s.pit, gm_norm_cdf(y), 1e-12, "PIT");
    near(s.bias, 1 - 2 * gm_norm_cdf(y), 1e-12, "bias");
    near(s.q[4], 1.6448536269514722, 1e-9, "0.95 quantile");
    near(s.said90, 0.9, 1e-10, "said");
    assert_true(isnan(s.crps_fair));
    assert_true(s.in90 == (y < 2) && s.in50 == (y < 1));
  }
}

/* Far from 0, tiny and huge scales, an outcome far outside: the quadrature follows. */
static void normal__crps_holds_at_any_scale(void **state)
{
  (void)state;
  const double at[][3] = {
      {1e6, 1e-3, 1e6}, {-3, 1e-9, -3}, {0, 1e200, 3e200}, {5, 2, 5000}, {5, 2, -400}};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    const gm_student t = {at[i][0], at[i][1], INFINITY};
    gm_law law = gm_law_student(&t);
    double wanted = gm_score_crps_normal(t.location, t.scale, at[i][2]);
    double last_bits = 1e-14 * fabs(at[i][0]) / at[i][1]; /* what doubles can tell apart there */
    near(score_of(&law, at[i][2]).crps / wanted, 1, 1e-9 + last_bits, "CRPS over closed form");
  }
}

/* Student's t: the closed form of Jordan, Krueger & Lerch, J. Stat. Softw. 90(12), 2019, appendix:
 * z (2 F - 1) + 2 f (df + z^2)/(df - 1) - 2 sqrt(df)/(df - 1) B(1/2, df - 1/2)/B(1/2, df/2)^2. */
static void student__crps_is_the_closed_form(void **state)
{
  (void)state;
  const double dfs[] = {1.5, 3, 10};
  for (int i = 0; i < 3; i++)
    for (double z = -4; z <= 4; z += 2) {
      double df = dfs[i];
      const gm_student t = {0, 1, df};
      gm_law law = gm_law_student(&t);
      gm_score s = score_of(&law, z);
      double f = exp(-s.log_score), cdf = s.pit;
      double lb1 = lgamma(0.5) + lgamma(df - 0.5) - lgamma(df);
      double lb2 = lgamma(0.5) + lgamma(df / 2) - lgamma(df / 2 + 0.5);
      double wanted = z * (2 * cdf - 1) + 2 * f * (df + z * z) / (df - 1) -
                      2 * sqrt(df) / (df - 1) * exp(lb1 - 2 * lb2);
      near(s.crps, wanted, 1e-7, "CRPS of t");
    }
}

/* A weighted sample, by the double sums of the definition. */
static void sample__crps_and_fair_are_the_double_sums(void **state)
{
  (void)state;
  const double x[5] = {3, -1, 4, 1, 4}, w[5] = {1, 2, 0.5, 3, 0};
  for (double y = -3; y < 7; y += 0.7) {
    gm_law law = gm_law_sample(5, x, w, false);
    double near_sum = 0, apart = 0, self = 0, total = 6.5;
    for (int i = 0; i < 5; i++) {
      near_sum += w[i] / total * fabs(x[i] - y);
      self += w[i] * w[i] / total / total;
      for (int j = 0; j < 5; j++) apart += w[i] * w[j] / total / total * fabs(x[i] - x[j]);
    }
    gm_score s = score_of(&law, y);
    near(s.crps, near_sum - apart / 2, 1e-14, "CRPS");
    near(s.crps_fair, near_sum - apart / 2 / (1 - self), 1e-14, "fair CRPS");
    assert_true(isnan(s.log_score));
  }
}

/* The fair score of few members is right for the law they are drawn from: its mean over many draws
 * is the CRPS of the law, while that of the plain score is too large by sd/(sqrt(pi) n). Both for
 * bare members and for members with noise of half the variance around each. */
static void fair__is_unbiased_for_few_members(void **state)
{
  (void)state;
  enum { REPEATS = 4000, N = 3 };
  double sum = 0, square = 0, plain = 0, noisy = 0, noisy2 = 0, y = 0.8;
  gm_sensor sensor = {.law = GM_SENSE_NORMAL, .p0 = M_SQRT1_2, .parameter0 = -1, .parameter1 = -1};
  for (uint64_t k = 0; k < REPEATS; k++) {
    double x[N], c[N];
    for (uint64_t m = 0; m < N; m++) {
      x[m] = gm_normal(test_key(1), m, 0, 0, k);
      c[m] = x[m] * M_SQRT1_2;
    }
    gm_law law = gm_law_sample(N, x, NULL, false);
    gm_score s = score_of(&law, y);
    sum += s.crps_fair;
    square += s.crps_fair * s.crps_fair;
    plain += s.crps;
    if (k >= REPEATS / 4) continue;
    gm_sensed sensed = {&sensor, N, c, 1, NULL};
    law = gm_law_sensed(&sensed, NULL);
    s = score_of(&law, y);
    noisy += s.crps_fair;
    noisy2 += s.crps_fair * s.crps_fair;
  }
  double wanted = gm_score_crps_normal(0, 1, y), n = REPEATS;
  near(sum / n, wanted, 4 * sqrt((square / n - sum * sum / n / n) / n), "fair");
  n = REPEATS / 4;
  near(noisy / n, wanted, 4 * sqrt((noisy2 / n - noisy * noisy / n / n) / n), "fair with noise");
  near(plain / REPEATS - wanted, 1 / (sqrt(M_PI) * N), 0.02, "excess of the plain score");
}

/* A mixture of normals by Grimit et al. (2006), and its quantiles invert its cdf. */
static void mixture__of_sensed_members_is_exact(void **state)
{
  (void)state;
  enum { N = 4 };
  const double y[N] = {-2, 0.5, 3, 30}, w[N] = {1, 2, 1, 0.1};
  gm_sensor sensor = {.law = GM_SENSE_NORMAL, .p0 = 0.4, .parameter0 = -1, .parameter1 = -1};
  gm_sensed d = {&sensor, N, y, 1, NULL};
  gm_law law = gm_law_sensed(&d, w);
  for (double at = -4; at < 40; at += 5.5) {
    double a = 0, b = 0, self = 0, own = 0, pairs = 0, p[5];
    for (int i = 0; i < N; i++) {
      double z = (at - y[i]) / 0.4;
      a += w[i] / 4.1 *
           ((at - y[i]) * (2 * gm_norm_cdf(z) - 1) + 0.8 * exp(-z * z / 2) / sqrt(2 * M_PI));
      self += w[i] * w[i] / 4.1 / 4.1;
      for (int j = 0; j < N; j++) {
        double s = 0.4 * M_SQRT2, g = (y[i] - y[j]) / s;
        double e =
            (y[i] - y[j]) * (2 * gm_norm_cdf(g) - 1) + 2 * s * exp(-g * g / 2) / sqrt(2 * M_PI);
        b += w[i] * w[j] / 4.1 / 4.1 * e;
        if (i == j) own += w[i] * w[j] / 4.1 / 4.1 * e;
      }
    }
    pairs = (b - own) / (1 - self);
    gm_score s = score_of(&law, at);
    near(s.crps, a - b / 2, 1e-8, "CRPS of a mixture");
    near(s.crps_fair, a - pairs / 2, 1e-8, "fair CRPS of a mixture");
    const double prob[5] = {0.01, 0.2, 0.5, 0.9, 0.999};
    double q[5], f;
    assert_int_equal(gm_law_quantiles(ctx, &law, 5, prob, q), GM_OK);
    for (int k = 0; k < 5; k++) {
      assert_int_equal(gm_law_cdf(ctx, &law, q[k], &f, &p[k]), GM_OK);
      near(f, prob[k], 1e-9, "cdf of quantile");
    }
  }
}

/* Poisson members: CRPS by the plain sum over counts, log score by the mixture of probabilities. */
static void counts__scores_are_the_plain_sums(void **state)
{
  (void)state;
  const double y[3] = {0.3, 4, 60}, w[3] = {1, 3, 2};
  gm_sensor sensor = {.law = GM_SENSE_POISSON, .p0 = 1, .parameter0 = -1, .parameter1 = -1};
  gm_sensed d = {&sensor, 3, y, 1, NULL};
  gm_law law = gm_law_sensed(&d, w);
  const int outcome[5] = {0, 3, 20, 58, 200};
  for (int i = 0; i < 5; i++) {
    double f = 0, sum = 0, p = 0;
    for (int k = 0; k < 400; k++) {
      double pk = 0;
      for (int m = 0; m < 3; m++) pk += w[m] / 6 * exp(k * log(y[m]) - y[m] - lgamma(k + 1.0));
      if (k == outcome[i]) p = pk;
      f += pk;
      sum += (f - (k >= outcome[i])) * (f - (k >= outcome[i]));
    }
    gm_score s = score_of(&law, outcome[i]);
    near(s.crps, sum, 1e-9 * (1 + sum), "CRPS of counts");
    near(s.log_score, -log(p), 1e-9 * (1 - log(p)), "log score of counts");
  }
}

/* The stochastic SIR of 50 people: forecast of the tests of day 13 after 12 days. Figures: by
 * enumeration (CRPS 0.320919, log score 1.065252), and the law at hand: infectious as members with
 * a binomial test around each. */
static void rosetta__forecast_scores_are_exact(void **state)
{
  (void)state;
  double p[SIR_STATES], infectious[SIR_N + 1], y[SIR_N + 1];
  sir_loglik(12, sir_tests, 0.9, 0.3, 0.6, p);
  sir_advance(p, 0.9, 0.3, 1);
  sir_law_infectious(p, infectious);
  for (int i = 0; i <= SIR_N; i++) y[i] = i;
  gm_sensor test = {.law = GM_SENSE_BINOMIAL, .p0 = 0.6, .parameter0 = -1, .parameter1 = -1};
  gm_sensed d = {&test, SIR_N + 1, y, 1, NULL};
  gm_law law = gm_law_sensed(&d, infectious);
  gm_score s = score_of(&law, sir_tests[12]);
  near(s.crps, 0.32091929846262757, 1e-9, "CRPS of day 13");
  near(s.log_score, 1.0652519115469243, 1e-9, "log score of day 13");
}

/* Members with next to no noise: all but the sample of them. */
static void mixture__of_steps_is_near_the_sample(void **state)
{
  (void)state;
  enum { M = 60 };
  static double x[M];
  for (uint64_t m = 0; m < M; m++) x[m] = gm_normal(test_key(12), m, 0, 0, 0);
  gm_sensor sensor = {.law = GM_SENSE_NORMAL, .p0 = 1e-9, .parameter0 = -1, .parameter1 = -1};
  gm_sensed d = {&sensor, M, x, 1, NULL};
  gm_law noisy = gm_law_sensed(&d, NULL), bare = gm_law_sample(M, x, NULL, false);
  gm_score a = score_of(&noisy, 0.7), b = score_of(&bare, 0.7);
  near(a.crps, b.crps, 5e-5, "CRPS");
  near(a.crps_fair, b.crps_fair, 5e-5, "fair CRPS");
}

/* Two numbers of a member: place and sd. */
static double normal_cdf_of(const void *user, int32_t m, double y, double *below)
{
  const double *p = (const double *)user + 2 * (ptrdiff_t)m;
  return *below = gm_norm_cdf((y - p[0]) / p[1]);
}

/* E|X| of a normal (Grimit et al. 2006). */
static double size_of(double mean, double sd)
{
  double z = mean / sd;
  return mean * (2 * gm_norm_cdf(z) - 1) + sd * sqrt(2 / M_PI) * exp(-0.5 * z * z);
}

/* Mixtures of a few normals whose sds and weights lie orders of magnitude apart: steps of the law
 * right beside a quantile, far tails of little weight. CRPS and fair form by Grimit et al. (2006),
 * to 1e-9 of the law's width. */
static void mixture__of_unlike_normals_is_exact(void **state)
{
  (void)state;
  enum { N = 8, LAWS = 250 };
  static const double ends[2] = {0.01, 0.99};
  double worst = 0;
  for (uint64_t k = 0; k < LAWS; k++) {
    double p[2 * N], w[N], q[2], total = 0, self = 0, near_y = 0, apart = 0, among = 0, u[4];
    int n = 2 + (int)(k % (N - 1));
    for (int i = 0; i < n; i++) {
      gm_uniform4(test_key(77), k, (uint64_t)i, 0, 0, u);
      p[2 * i] = gm_norm_quantile(u[0]) * pow(10, 3 * u[1] - 1);
      p[2 * i + 1] = pow(10, 4 * u[2] - 3);
      total += w[i] = pow(10, -6 * u[3]);
    }
    gm_uniform4(test_key(78), k, 0, 0, 0, u);
    double y = gm_norm_quantile(u[0]) * pow(10, 4 * u[1] - 1);
    gm_law law = {.n = n, .weight = w, .cdf = normal_cdf_of, .user = p};
    gm_score s = score_of(&law, y);
    assert_int_equal(gm_law_quantiles(ctx, &law, 2, ends, q), GM_OK);
    for (int i = 0; i < n; i++) {
      near_y += w[i] / total * size_of(y - p[2 * i], p[2 * i + 1]);
      self += w[i] / total * (w[i] / total);
      for (int j = 0; j < n; j++) {
        double d = w[i] * w[j] / total / total *
                   size_of(p[2 * i] - p[2 * j], hypot(p[2 * i + 1], p[2 * j + 1]));
        apart += d;
        among += i == j ? 0 : d;
      }
    }
    worst = fmax(worst, fabs(s.crps - (near_y - apart / 2)) / (q[1] - q[0]));
    if (self < 0.9) /* else the fair form is a small difference over a small number */
      worst = fmax(worst, fabs(s.crps_fair - (near_y - among / 2 / (1 - self))) / (q[1] - q[0]));
  }
  printf("CRPS of %d unlike mixtures: off by at most %.1e of the width\n", LAWS, worst);
  assert_true(worst < 1e-9);
}

/* Twenty members far apart: between them the distribution function stands at a level, and the
 * quantile is the smallest place that has it, as for their sample: within 9 sd of a member. */
static void quantiles__are_the_smallest_places(void **state)
{
  (void)state;
  static const double prob[5] = {0.05, 0.25, 0.5, 0.75, 0.95};
  static const double sd[3] = {1e-2, 1e-5, 1e-9};
  double p[40], q[5];
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 20; i++) p[2 * i] = i, p[2 * i + 1] = sd[k];
    gm_law law = {.n = 20, .cdf = normal_cdf_of, .user = p};
    assert_int_equal(gm_law_quantiles(ctx, &law, 5, prob, q), GM_OK);
    for (int i = 0; i < 5; i++) near(q[i], round(20 * prob[i]) - 1, 9 * sd[k], "smallest quantile");
    assert_int_equal(gm_law_quantiles(ctx, &law, 1, prob + 2, q), GM_OK);
    near(q[0], 9, 9 * sd[k], "median alone");
  }
}

/* Randomised PIT of right forecasts of few counts is uniform; its half (not drawn) is not. */
static void pit__of_counts_is_uniform(void **state)
{
  (void)state;
  enum { N = 3000 };
  static double pit[N], half[N];
  double statistic, p;
  gm_sensor sensor = {.law = GM_SENSE_POISSON, .p0 = 1, .parameter0 = -1, .parameter1 = -1};
  for (uint64_t k = 0; k < N; k++) {
    double mean = 0.3 + 2 * gm_uniform(test_key(2), 0, 0, 0, k);
    double y = (double)gm_poisson(test_key(3), 0, 0, 0, k, mean);
    gm_sensed d = {&sensor, 1, &mean, 1, NULL};
    gm_law law = gm_law_sensed(&d, NULL);
    gm_score s;
    assert_int_equal(gm_law_score(ctx, &law, y, test_key(4), k, &s), GM_OK);
    pit[k] = s.pit;
    half[k] = 0.5 * (1 - s.bias);
  }
  assert_int_equal(gm_stats_ks_uniform(ctx, N, pit, &statistic, &p), GM_OK);
  if (!(p > 0.001)) fail_msg("PIT: p = %g", p);
  assert_int_equal(gm_stats_ks_uniform(ctx, N, half, &statistic, &p), GM_OK);
  assert_true(p < 1e-6);
}

/* The weighted interval score of one level pair and the median by hand: a sample whose quantiles
 * are members; with all levels equal to the pinball mean, near the CRPS for many levels. */
static void wis__is_near_the_crps(void **state)
{
  (void)state;
  enum { N = 2000 };
  static double x[N];
  for (int m = 0; m < N; m++) x[m] = gm_norm_quantile((m + 0.5) / N);
  gm_law law = gm_law_sample(N, x, NULL, false);
  for (double y = -2.5; y < 3; y += 1.3) {
    gm_score s = score_of(&law, y);
    double wanted = 0; /* (2/K) sum of pinball losses over the 23 levels: Bracher et al., eq. 3 */
    for (int k = 0; k < GM_SCORE_LEVELS; k++) {
      double q = gm_norm_quantile(gm_score_level[k]), p = gm_score_level[k];
      wanted += 2.0 / GM_SCORE_LEVELS * (y < q ? (1 - p) * (q - y) : p * (y - q));
    }
    near(s.wis, wanted, 0.004, "WIS");
  }
}

/* Dots of a normal law stand at the normal quantiles of (i + 1/2)/20, those of a sample of 20 are
 * the sample. */
static void dots__are_equal_chances(void **state)
{
  (void)state;
  const gm_student t = {10, 2, INFINITY};
  gm_law law = gm_law_student(&t);
  double dot[20], x[20], again[20];
  assert_int_equal(gm_law_dots(ctx, &law, 20, dot), GM_OK);
  for (int i = 0; i < 20; i++) {
    near(dot[i], 10 + 2 * gm_norm_quantile((i + 0.5) / 20), 1e-8, "dot");
    x[(i * 7) % 20] = dot[i];
  }
  law = gm_law_sample(20, x, NULL, false);
  assert_int_equal(gm_law_dots(ctx, &law, 20, again), GM_OK);
  for (int i = 0; i < 20; i++) assert_true(again[i] == dot[i]);
}

/* Energy score: in one dimension the CRPS; for the standard normal in d = 3 about its centre
 * E|X| - E|X - X'|/2 = (2 - sqrt 2)/sqrt 2 ... with E|X| = sqrt 2 Gamma(2)/Gamma(3/2). */
static void energy__closed_forms(void **state)
{
  (void)state;
  enum { N = 1500 };
  static double x[N * 3];
  double y[3] = {0.4, 0, 0}, score, fair;
  for (uint64_t m = 0; m < N; m++)
    for (uint64_t i = 0; i < 3; i++) x[m * 3 + i] = gm_normal(test_key(5), m, i, 0, 0);
  gm_law law = gm_law_sample(N, x, NULL, false);
  gm_score s = score_of(&law, 0.4);
  assert_int_equal(gm_score_energy(ctx, N, 1, x, NULL, NULL, y, &score, &fair), GM_OK);
  near(score, s.crps, 1e-12, "energy score in one dimension");
  near(fair, s.crps_fair, 1e-12, "fair energy score in one dimension");
  double r = sqrt(2) / (0.5 * sqrt(M_PI)); /* E|X|, chi with 3 degrees of freedom */
  y[0] = 0;
  assert_int_equal(gm_score_energy(ctx, N, 3, x, NULL, NULL, y, &score, &fair), GM_OK);
  near(fair, r - r * sqrt(2) / 2, 4 * 0.68 / sqrt(N), "energy score of the normal in 3");
  const double scale[3] = {2, 2, 2};
  double halved;
  assert_int_equal(gm_score_energy(ctx, N, 3, x, NULL, scale, y, &halved, NULL), GM_OK);
  near(halved, score / 2, 1e-12, "scale");
}

/* Variogram score of two members by hand, and it prefers the right correlation. */
static void variogram__by_hand_and_sees_dependence(void **state)
{
  (void)state;
  const double x[6] = {0, 1, 5, 2, 2, 2}, y[3] = {0, 4, 4};
  double score, pair[9] = {0, 1, 0, 0, 0, 3, 0, 0, 0};
  assert_int_equal(gm_score_variogram(ctx, 2, 3, x, NULL, NULL, pair, 1, y, &score), GM_OK);
  /* pairs 01: |0-4| = 4 against (1 + 0)/2; 12: 0 against (4 + 0)/2, weight 3 */
  near(score, 3.5 * 3.5 + 3 * 4, 1e-12, "variogram score");
  enum { N = 400, REPEATS = 60 };
  static double with[N * 2], without[N * 2];
  for (uint64_t m = 0; m < N; m++) {
    double a = gm_normal(test_key(6), m, 0, 0, 0), b = gm_normal(test_key(6), m, 1, 0, 0);
    with[2 * m] = without[2 * m] = a;
    with[2 * m + 1] = 0.9 * a + sqrt(0.19) * b;
    without[2 * m + 1] = b;
  }
  double right = 0, wrong = 0;
  for (uint64_t k = 0; k < REPEATS; k++) {
    double a = gm_normal(test_key(7), k, 0, 0, 0), b = gm_normal(test_key(7), k, 1, 0, 0), s;
    double at[2] = {a, 0.9 * a + sqrt(0.19) * b};
    assert_int_equal(gm_score_variogram(ctx, N, 2, with, NULL, NULL, NULL, 0.5, at, &s), GM_OK);
    right += s;
    assert_int_equal(gm_score_variogram(ctx, N, 2, without, NULL, NULL, NULL, 0.5, at, &s), GM_OK);
    wrong += s;
  }
  assert_true(right < 0.6 * wrong);
}

/* Histograms: flat ones pass at their rate, the four faults are named. */
static void flatness__names_what_is_wrong(void **state)
{
  (void)state;
  const int64_t high[5] = {60, 40, 30, 20, 10}, narrow[5] = {60, 20, 10, 20, 60};
  const int64_t low[5] = {10, 20, 30, 40, 60}, wide[5] = {10, 40, 60, 40, 10};
  const int64_t flat[5] = {20, 22, 18, 21, 19}, few[5] = {5, 0, 0, 1, 0},
                odd[5] = {60, 0, 60, 0, 60};
  const int64_t *const all[7] = {high, narrow, low, wide, flat, few, odd};
  const gm_shape wanted[7] = {GM_SHAPE_HIGH, GM_SHAPE_NARROW,  GM_SHAPE_LOW,  GM_SHAPE_WIDE,
                              GM_SHAPE_FLAT, GM_SHAPE_UNKNOWN, GM_SHAPE_OTHER};
  gm_flatness f;
  for (int i = 0; i < 6; i++) {
    assert_int_equal(gm_histogram_flatness(ctx, 5, all[i], 0.01, &f), GM_OK);
    if (f.shape != wanted[i]) fail_msg("case %d: %s", i, gm_shape_text(f.shape));
  }
  assert_int_equal(gm_histogram_flatness(ctx, 5, odd, 0.01, &f), GM_OK);
  near(f.chi_square, 3 * 24.0 * 24 / 36 + 2 * 36, 1e-10, "chi-square");
  int alarms = 0;
  double slope2 = 0, bend2 = 0;
  for (uint64_t k = 0; k < 1000; k++) {
    int64_t count[10] = {0};
    for (uint64_t i = 0; i < 200; i++) count[gm_pit_bin(gm_uniform(test_key(8), k, i, 0, 0), 10)]++;
    assert_int_equal(gm_histogram_flatness(ctx, 10, count, 0.05, &f), GM_OK);
    alarms += f.shape != GM_SHAPE_FLAT;
    slope2 += f.slope * f.slope / 1000;
    bend2 += f.bend * f.bend / 1000;
  }
  assert_in_range(alarms, 25, 80); /* binomial(1000, 0.05): 50 +- 4 x 6.9 */
  near(slope2, 1, 0.2, "variance of the slope");
  near(bend2, 1, 0.2, "variance of the bend");
}

/* Ranks of an outcome among members of its own law are uniform, also with ties everywhere. */
static void rank__is_uniform_with_ties(void **state)
{
  (void)state;
  int64_t count[6] = {0};
  gm_flatness f;
  for (uint64_t k = 0; k < 3000; k++) {
    double x[6];
    for (uint64_t i = 0; i < 6; i++) x[i] = (double)gm_poisson(test_key(9), i, 0, 0, k, 0.7);
    count[gm_rank(5, x, x[5], test_key(10), k)]++;
  }
  assert_int_equal(gm_histogram_flatness(ctx, 6, count, 0.001, &f), GM_OK);
  assert_int_equal(f.shape, GM_SHAPE_FLAT);
}

static double bad_cdf(const void *user, int32_t m, double y, double *below)
{
  (void)user;
  (void)m;
  return *below = y > 0 ? NAN : 0;
}

/* What cannot be scored is refused by name, outputs untouched. */
static void refusals__leave_the_output(void **state)
{
  (void)state;
  const double x[3] = {1, NAN, 2}, w[3] = {1, 0, 1}, neg[3] = {1, -1, 1}, none[3] = {0, 0, 0};
  gm_score s = {.crps = -7};
  gm_law law = gm_law_sample(3, x, NULL, false);
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "member 1"));
  law = gm_law_sample(3, x, neg, false);
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_EDOMAIN);
  law = gm_law_sample(3, x, none, false);
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_EDOMAIN);
  law = gm_law_sample(0, x, NULL, false);
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_ERANGE);
  law = gm_law_sample(3, x, w, true);
  assert_int_equal(gm_law_score(ctx, &law, 1.5, test_key(0), 0, &s), GM_EDOMAIN);
  law = gm_law_sample(3, x, w, false);
  assert_int_equal(gm_law_score(ctx, &law, NAN, test_key(0), 0, &s), GM_EDOMAIN);
  law = (gm_law){.n = 2, .cdf = bad_cdf};
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_EDOMAIN);
  const gm_student cauchy = {0, 1, 0.4}; /* no finite score */
  law = gm_law_student(&cauchy);
  assert_int_equal(gm_law_score(ctx, &law, 1, test_key(0), 0, &s), GM_ENUMERIC);
  assert_true(s.crps == -7);
  law = gm_law_sample(3, x, w, false); /* weight 0: the NaN is never looked at */
  near(score_of(&law, 1).crps, 0.25, 1e-15, "score beside a member without weight");
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  const double x[3] = {1, 5, 2};
  const double prob[2] = {0.1, 0.9};
  double q[2];
  gm_score s;
  gm_sensor sensor = {.law = GM_SENSE_NORMAL, .p0 = 1, .parameter0 = -1, .parameter1 = -1};
  gm_sensed d = {&sensor, 3, x, 1, NULL};
  gm_law law = gm_law_sample(3, x, NULL, true), noisy = gm_law_sensed(&d, NULL);
  gm_status r = gm_law_score(c, &law, 1, test_key(0), 0, &s);
  if (!r) r = gm_law_score(c, &noisy, 1, test_key(0), 0, &s);
  if (!r) r = gm_law_dots(c, &law, 2, q);
  return r ? r : gm_law_quantiles(c, &law, 2, prob, q);
}

static void memory__every_refusal_is_clean(void **state)
{
  (void)state;
  assert_true(fault_sweep("scores", trial, NULL) > 3);
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
      cmocka_unit_test(normal__scores_are_the_closed_forms),
      cmocka_unit_test(normal__crps_holds_at_any_scale),
      cmocka_unit_test(student__crps_is_the_closed_form),
      cmocka_unit_test(sample__crps_and_fair_are_the_double_sums),
      cmocka_unit_test(fair__is_unbiased_for_few_members),
      cmocka_unit_test(mixture__of_sensed_members_is_exact),
      cmocka_unit_test(counts__scores_are_the_plain_sums),
      cmocka_unit_test(rosetta__forecast_scores_are_exact),
      cmocka_unit_test(mixture__of_steps_is_near_the_sample),
      cmocka_unit_test(mixture__of_unlike_normals_is_exact),
      cmocka_unit_test(quantiles__are_the_smallest_places),
      cmocka_unit_test(pit__of_counts_is_uniform),
      cmocka_unit_test(wis__is_near_the_crps),
      cmocka_unit_test(dots__are_equal_chances),
      cmocka_unit_test(energy__closed_forms),
      cmocka_unit_test(variogram__by_hand_and_sees_dependence),
      cmocka_unit_test(flatness__names_what_is_wrong),
      cmocka_unit_test(rank__is_uniform_with_ties),
      cmocka_unit_test(refusals__leave_the_output),
      cmocka_unit_test(memory__every_refusal_is_clean),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
