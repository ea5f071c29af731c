/* test_sens_rosetta.c - shares of a stochastic epidemic, its noise included, against enumeration.
 * label: full */
#include "methods/sens_cases.h"
#include "support/sir_exact.h"

static gm_ctx *ctx;

/* The enumeration itself, against published values: ln likelihoods at the truth and the maximum,
 * the filter's mean after 12 days, and the forecast of day 13. */
static void rosetta__enumeration_is_exact(void **state)
{
  (void)state;
  double p[SIR_STATES], infectious[SIR_N + 1], found[SIR_N + 1], s, i;
  assert_true(fabs(sir_loglik(12, sir_tests, 0.9, 0.3, 0.6, p) + 25.91624729399206) < 1e-8);
  sir_mean(p, &s, &i);
  assert_true(fabs(s - 5.578125) < 1e-6 && fabs(i - 3.326049) < 1e-6);
  sir_advance(p, 0.9, 0.3, 1);
  sir_mean(p, &s, &i);
  sir_law_infectious(p, infectious);
  sir_law_tests(infectious, 0.6, found);
  assert_true(fabs(i - 2.71277124225081) < 1e-8);
  assert_true(fabs(sir_crps(found, sir_tests[12]) - 0.32091929846262757) < 1e-8);
  assert_true(fabs(log(found[sir_tests[12]]) + 1.0652519115469243) < 1e-8);
  sir_advance(p, 0.9, 0.3, 7);
  sir_law_infectious(p, infectious);
  assert_true(fabs(infectious[0] - 0.6213262024595427) < 1e-8);
  assert_true(fabs(sir_loglik(20, sir_tests, 0.9, 0.3, 0.6, NULL) + 29.96933802323857) < 1e-8);
  assert_true(
      fabs(sir_loglik(20, sir_tests, 1.28358645, 0.37758432, 0.6, NULL) + 28.6640700639395) < 1e-7);
  assert_true(sir_loglik(1, (int32_t[]){51}, 0.9, 0.3, 0.6, NULL) == -INFINITY);
}

/* Gillespie's paths have the enumerated law: 20,000 paths to day 7 against P(S), chi-square. */
static void rosetta__paths_have_the_law(void **state)
{
  (void)state;
  enum { PATHS = 20000 };
  double p[SIR_STATES], law[SIR_N + 1], count[SIR_N + 1] = {0}, chi = 0, expected = 0, seen = 0;
  int32_t cells = 0;
  sir_start(p);
  sir_advance(p, 0.9, 0.3, 7);
  sir_law_infections(p, law);
  gm_key key = gm_key_make(21, GM_PURPOSE_TEST, 0, 0);
  for (uint64_t k = 0; k < PATHS; k++) count[sir_gillespie(key, k, 0.9, 0.3, 7, NULL, NULL)] += 1;
  for (int32_t k = 0; k <= SIR_N; k++) {
    expected += PATHS * law[k], seen += count[k];
    if (expected < 20 && k < SIR_N) continue;
    chi += expected > 0 ? (seen - expected) * (seen - expected) / expected : 0;
    cells++, expected = seen = 0;
  }
  assert_true(chi < cells - 1 + 4 * sqrt(2.0 * (cells - 1)));
}

/* beta ~ U(0.6, 1.2), gamma ~ U(0.2, 0.5): new infections by day 28. */
static gm_status sir_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                          const uint64_t *replicate, double *y)
{
  (void)user, (void)c;
  for (int32_t i = 0; i < n; i++) {
    gm_key key = gm_key_make(11, GM_PURPOSE_INTRINSIC, 0, replicate[i]);
    y[i] = sir_gillespie(key, 0, 0.6 + 0.6 * u[2 * i], 0.2 + 0.3 * u[2 * i + 1], 28, NULL, NULL);
  }
  return GM_OK;
}
static const gm_function sir = {2, 1, sir_eval, NULL, true};

/* The published numbers of this problem follow from the law itself: 10 x 10 Gauss-Legendre points
 * over the two rates, 1,320 states each. */
static void rosetta__numbers_by_enumeration(void **state)
{
  (void)state;
  static const double x[5] = {0.1488743389816312, 0.4333953941292472, 0.6794095682990244,
                              0.8650633666889845, 0.9739065285171717};
  static const double w[5] = {0.2955242247147529, 0.2692667193099963, 0.2190863625159820,
                              0.1494513491505806, 0.0666713443086881};
  double mean = 0, of_beta[10] = {0}, of_gamma[10] = {0}, square = 0, second = 0;
  for (int32_t a = 0; a < 10; a++)
    for (int32_t b = 0; b < 10; b++) {
      double p[SIR_STATES], law[SIR_N + 1], e = 0, e2 = 0;
      double wa = w[a % 5] / 2, wb = w[b % 5] / 2;
      sir_start(p);
      sir_advance(p, 0.9 + 0.3 * (a < 5 ? 1 : -1) * x[a % 5],
                  0.35 + 0.15 * (b < 5 ? 1 : -1) * x[b % 5], 28);
      sir_law_infections(p, law);
      for (int32_t k = 0; k <= SIR_N; k++) e += k * law[k], e2 += k * k * law[k];
      mean += wa * wb * e, square += wa * wb * e * e, second += wa * wb * e2;
      of_beta[a] += wb * e, of_gamma[b] += wa * e;
    }
  double vb = -mean * mean, vg = -mean * mean, v = second - mean * mean;
  for (int32_t a = 0; a < 10; a++) {
    vb += w[a % 5] / 2 * of_beta[a] * of_beta[a];
    vg += w[a % 5] / 2 * of_gamma[a] * of_gamma[a];
  }
  assert_true(fabs(mean - 36.0919595) < 1e-6 && fabs(v - 189.558744) < 1e-5);
  assert_true(fabs(vb / v - 0.130585) < 1e-6 && fabs(vg / v - 0.183765) < 1e-6);
  assert_true(fabs((square - mean * mean) / v - (1 - 0.668287)) < 1e-6);
}

/* Pick and freeze with the key as third input finds all shares: beta 13.06 %, gamma 18.38 %, their
 * interaction 1.74 %, noise 66.83 %; and those of the mean output, without ever averaging runs. */
static void rosetta__shares_within_their_errors(void **state)
{
  (void)state;
  gm_sobol_options o = {.seed = 1, .log2_rows = 13, .second = true};
  gm_sobol_shares *s = NULL;
  assert_int_equal(gm_sobol_run(ctx, &sir, &o, &s), GM_OK);
  assert_estimate("mean", s->mean[0], 36.0919595, 4);
  assert_estimate("variance", s->variance[0], 189.558744, 4);
  assert_estimate("beta", s->first[0], 0.130585, 4);
  assert_estimate("gamma", s->first[1], 0.183765, 4);
  assert_estimate("beta gamma", s->second[gm_sobol_pair(3, 0, 1)], 0.017362, 4);
  assert_estimate("noise", s->total[2], 0.668287, 4);
  assert_estimate("explained", s->explained[0], 1 - 0.668287, 4);
  assert_estimate("beta, of the mean", s->explained_first[0], 0.39366955, 4);
  assert_estimate("gamma, of the mean", s->explained_first[1], 0.55398865, 4);
  assert_true(s->total[2].error < 0.005 && s->first[0].error < 0.005);
  printf("beta %.4f +- %.4f, gamma %.4f +- %.4f, both %.4f +- %.4f, noise %.4f +- %.4f "
         "(by itself %.4f +- %.4f)\n",
         s->first[0].value, s->first[0].error, s->first[1].value, s->first[1].error,
         s->second[0].value, s->second[0].error, s->total[2].value, s->total[2].error,
         s->first[2].value, s->first[2].error);
  gm_sobol_shares_free(s);
}

/* Over 200 seeds the intervals of noise and gamma from 8 x 64 rows cover (Monte Carlo error
 * 0.015). */
static void rosetta__intervals_cover(void **state)
{
  (void)state;
  enum { REPEATS = 200 };
  double noise = 0, gamma = 0;
  for (uint64_t seed = 0; seed < REPEATS; seed++) {
    gm_sobol_options o = {.seed = 500 + seed, .log2_rows = 6, .replicate_count = 8};
    gm_sobol_shares *s = NULL;
    assert_int_equal(gm_sobol_run(ctx, &sir, &o, &s), GM_OK);
    noise += s->total[2].low <= 0.668287 && 0.668287 <= s->total[2].high;
    gamma += s->first[1].low <= 0.183765 && 0.183765 <= s->first[1].high;
    gm_sobol_shares_free(s);
  }
  printf("coverage of 95 %% intervals (+-0.015): noise %.3f, gamma %.3f\n", noise / REPEATS,
         gamma / REPEATS);
  assert_true(fabs(noise / REPEATS - 0.95) < 4 * 0.0154);
  assert_true(fabs(gamma / REPEATS - 0.95) < 4 * 0.0154);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rosetta__enumeration_is_exact),
      cmocka_unit_test(rosetta__paths_have_the_law),
      cmocka_unit_test(rosetta__numbers_by_enumeration),
      cmocka_unit_test(rosetta__shares_within_their_errors),
      cmocka_unit_test(rosetta__intervals_cover),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
