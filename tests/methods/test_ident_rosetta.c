/* test_ident_rosetta.c - the adjusted profile of a stochastic epidemic whose likelihood is known by
 * a particle filter only, beside the exact interval.
 * label: full */
#include "gemel/identify.h"
#include "support/sir_exact.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

enum { PARTICLES = 150 };
static gm_ctx *ctx;

/* A bootstrap filter with systematic resampling each day; -ln likelihood. */
static double filter(double beta, double gamma, uint64_t number)
{
  int32_t s[PARTICLES], i[PARTICLES], next_s[PARTICLES], next_i[PARTICLES];
  double w[PARTICLES], ll = 0;
  gm_key key = gm_key_make(31, GM_PURPOSE_INTRINSIC, 0, number);
  for (int32_t p = 0; p < PARTICLES; p++) s[p] = SIR_S0, i[p] = SIR_I0;
  for (uint32_t day = 0; day < SIR_DAYS; day++) {
    double total = 0, sum = 0;
    for (int32_t p = 0; p < PARTICLES; p++) {
      sir_walk(key, (uint64_t)p, day, beta, gamma, 1, &s[p], &i[p]);
      w[p] = sir_binomial(i[p], sir_tests[day], 0.6);
      total += w[p];
    }
    if (!(total > 0)) return NAN; /* no particle explains the datum: not feasible */
    ll += log(total / PARTICLES);
    double u = gm_uniform(key, PARTICLES, 0, gm_kind_draw(1, day), 0);
    for (int32_t p = 0, q = -1; p < PARTICLES; p++) {
      while (q < 0 || (sum < (p + u) * total / PARTICLES && q + 1 < PARTICLES)) sum += w[++q];
      next_s[p] = s[q], next_i[p] = i[q];
    }
    memcpy(s, next_s, sizeof s);
    memcpy(i, next_i, sizeof i);
  }
  return -ll;
}

static gm_status epidemic(void *user, gm_ctx *c, int32_t n, const double *z, const uint64_t *key,
                          double *value)
{
  (void)user, (void)c;
  for (int32_t k = 0; k < n; k++) value[k] = filter(exp(z[2 * k]), exp(z[2 * k + 1]), key[k]);
  return GM_OK;
}

/* The exact 95 % interval of beta is [0.69907, 2.12315]; 150 particles know it with noise
 * only, and still the adjusted profile comes to these ends within a quarter of the interval's
 * width in ln beta (1.11), is not narrower than 0.85 of it, and holds the truth. */
static void rosetta__adjusted_profile_from_particles(void **state)
{
  (void)state;
  const double z[2] = {log(1.2), log(0.37)}, low[2] = {log(0.2), log(0.1)};
  const double high[2] = {log(6), log(1.5)};
  gm_objective f = {2, NULL, epidemic, NULL, low, high};
  gm_mcap_plan plan = {.seed = 1,
                       .low = log(0.45),
                       .high = log(3.6),
                       .grid_count = 30,
                       .repeat_count = 2,
                       .evaluations_max = 30};
  gm_mcap m;
  int32_t left_out;
  if (gm_mcap_run(ctx, &f, z, 0, &plan, NULL, NULL, &left_out, &m)) fail_msg("%s", gm_message(ctx));
  printf(
      "beta: maximum %.3f, adjusted [%.3f, %.3f], exact [0.699, 2.123]; cut %.2f; se %.3f, of it "
      "noise %.3f; %d points not feasible\n",
      exp(m.at), exp(m.low), exp(m.high), m.cut, m.se_total, m.se_monte_carlo, (int)left_out);
  double width = log(2.12315 / 0.69907);
  assert_int_equal(m.verdict, GM_IDENT_IDENTIFIED);
  assert_true(fabs(m.low - log(0.69907)) < width / 4 && fabs(m.high - log(2.12315)) < width / 4);
  assert_true(m.high - m.low > 0.85 * width);
  assert_true(m.low < log(0.9) && log(0.9) < m.high);
  assert_true(m.se_monte_carlo > 0 && m.cut > 1.92);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rosetta__adjusted_profile_from_particles),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
