/* test_calib_particles.c - SMC sampler, ABC and synthetic likelihood where posterior and evidence
 * have closed forms or are one-dimensional integrals.
 * label: full */
#include "gemel/calibrate.h"
#include "gemel/math.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* d coordinates with standard normal prior, each measured once: y_i ~ N(z_i, s^2). Evidence
 * prod N(y_i; 0, 1 + s^2); posterior mean y/(1+s^2), variance s^2/(1+s^2). */
enum { D = 4 };
static const double y[D] = {2.5, -1, 0.3, 4}, s2 = 0.04;
static double noise;

static gm_status conjugate(void *user, gm_ctx *c, int32_t n, const double *z,
                           const uint64_t *replicate, double *out)
{
  (void)user;
  (void)c;
  for (int32_t m = 0; m < n; m++) {
    out[m] = -0.5 * D * log(2 * M_PI * s2);
    for (int32_t i = 0; i < D; i++) out[m] -= 0.5 * pow(y[i] - z[m * D + i], 2) / s2;
    if (noise > 0)
      out[m] += noise * gm_normal(gm_key_make(8, GM_PURPOSE_TEST, 0, 0), replicate[m], 0,
                                  gm_kind_draw(1, 0), 0) -
                0.5 * noise * noise;
  }
  return GM_OK;
}

static double evidence(void)
{
  double sum = 0;
  for (int32_t i = 0; i < D; i++)
    sum -= 0.5 * log(2 * M_PI * (1 + s2)) + 0.5 * y[i] * y[i] / (1 + s2);
  return sum;
}

static void conjugate_check(const gm_particles *r)
{
  print_message("%s: evidence %.3f +- %.3f (%.3f), ess %.0f, %lld points, %d stages: %s\n",
                r->method, r->log_evidence, r->log_evidence_sd, evidence(), r->ess,
                (long long)r->evaluations, (int)r->stages, r->verdict);
  assert_near(r->log_evidence, evidence(), 4 * r->log_evidence_sd);
  assert_true(r->log_evidence_sd < 0.3);
  for (int32_t i = 0; i < D; i++) {
    assert_near(r->marginal[i].mean, y[i] / (1 + s2), 4 * r->marginal[i].mcse_mean);
    assert_near(r->marginal[i].sd / sqrt(s2 / (1 + s2)), 1, 0.1);
    assert_true(r->marginal[i].mcse_mean < 0.05);
  }
}

/* Evidence and posterior of a conjugate normal are exact within the error that is reported. */
static void smc__gives_the_exact_evidence_of_a_conjugate_normal(void **state)
{
  (void)state;
  gm_target t = {.dim = D, .loglik = conjugate};
  gm_smc_options o = {.key = gm_key_make(21, 0, 0, 0)};
  gm_particles *r = NULL;
  assert_int_equal(gm_smc(ctx, &t, &o, &r), GM_OK);
  conjugate_check(r);
  assert_true(r->converged);
  assert_int_equal(r->n, 4000);
  gm_particles_free(r);
}

/* So with an unbiased likelihood of sd 0.5. */
static void smc__with_a_noisy_likelihood_is_exact(void **state)
{
  (void)state;
  gm_target t = {.dim = D, .loglik = conjugate, .noisy = true};
  gm_smc_options o = {.key = gm_key_make(22, 0, 0, 0)};
  gm_particles *r = NULL;
  noise = 0.5;
  gm_status s = gm_smc(ctx, &t, &o, &r);
  noise = 0;
  assert_int_equal(s, GM_OK);
  conjugate_check(r);
  gm_particles_free(r);
}

/* Over many keys the evidence's error is what it is said to be: z-scores have a mean square near 1
 * (a smaller one is allowed: the larger of two errors is reported). */
static void smc__evidence_error_is_honest(void **state)
{
  (void)state;
  gm_target t = {.dim = D, .loglik = conjugate};
  double square = 0;
  enum { RUNS = 40 };
  for (uint64_t k = 0; k < RUNS; k++) {
    gm_smc_options o = {.key = gm_key_make(100 + k, 0, 0, 0), .n = 200};
    gm_particles *r = NULL;
    assert_int_equal(gm_smc(ctx, &t, &o, &r), GM_OK);
    square += pow((r->log_evidence - evidence()) / r->log_evidence_sd, 2) / RUNS;
    gm_particles_free(r);
  }
  print_message("evidence: mean square z-score %.2f\n", square);
  assert_true(square > 0.05 && square < 2.5);
}

/* Two separate modes of different weight: both are held, in the right shares. */
static gm_status modes(void *user, gm_ctx *c, int32_t n, const double *z, const uint64_t *replicate,
                       double *out)
{
  (void)user;
  (void)c;
  (void)replicate;
  for (int32_t m = 0; m < n; m++) { /* over a N(0,1) prior: shares 3/4 and 1/4 by symmetry */
    double a = -0.5 * pow((z[m] - 1.5) / 0.1, 2), b = -0.5 * pow((z[m] + 1.5) / 0.1, 2);
    out[m] = fmax(a, b) + log(0.75 * exp(a - fmax(a, b)) + 0.25 * exp(b - fmax(a, b)));
  }
  return GM_OK;
}

static void smc__holds_both_modes_in_their_shares(void **state)
{
  (void)state;
  gm_target t = {.dim = 1, .loglik = modes};
  gm_smc_options o = {.key = gm_key_make(23, 0, 0, 0)};
  gm_particles *r = NULL;
  double share = 0;
  assert_int_equal(gm_smc(ctx, &t, &o, &r), GM_OK);
  for (int32_t m = 0; m < r->n; m++) share += r->weight[m] * (r->z[m] > 0);
  assert_near(share, 0.75, 0.05);
  gm_particles_free(r);
}

/* ---- simulation only --------------------------------------------------------------------- */
/* One summary: the mean of n = 10 draws N(z, 1), so s | z ~ N(z, 0.1). */
static const double seen = 1.2;
static gm_status simulate(void *user, gm_ctx *c, int32_t n, const double *z,
                          const uint64_t *replicate, double *summary)
{
  (void)user;
  (void)c;
  for (int32_t m = 0; m < n; m++)
    summary[m] = z[m] + sqrt(0.1) * gm_normal(gm_key_make(9, GM_PURPOSE_TEST, 0, 0), replicate[m],
                                              0, gm_kind_draw(2, 0), 0);
  return GM_OK;
}

/* Mean and sd of z ~ N(0,1) given |s - seen| <= away, by quadrature. */
static void abc_exact(double away, double *mean, double *sd)
{
  double w = 0, first = 0, second = 0;
  for (int i = 0; i <= 20000; i++) {
    double z = -6 + 12 * i / 20000.0;
    double p = exp(-0.5 * z * z) * (gm_norm_cdf((seen + away - z) / sqrt(0.1)) -
                                    gm_norm_cdf((seen - away - z) / sqrt(0.1)));
    w += p;
    first += p * z;
    second += p * z * z;
  }
  *mean = first / w;
  *sd = sqrt(second / w - *mean * *mean);
}

/* ABC's weighted particles have the moments of the law "distance within the tolerance". */
static void abc__agrees_with_the_law_of_its_tolerance(void **state)
{
  (void)state;
  static const double one = 1;
  gm_target t = {.dim = 1, .simulate = simulate, .summary_count = 1, .observed = &seen};
  double goal[] = {0.8, 0.1};
  for (int k = 0; k < 2; k++) {
    gm_abc_options o = {
        .key = gm_key_make(31, 0, 0, 0), .n = 4000, .scale = &one, .tolerance_target = goal[k]};
    gm_particles *r = NULL;
    double mean, sd;
    assert_int_equal(gm_abc(ctx, &t, &o, &r), GM_OK);
    assert_true(r->converged);
    assert_near(r->tolerance, goal[k], 1e-12);
    abc_exact(r->tolerance, &mean, &sd);
    print_message("ABC %.2f: mean %.4f (%.4f), sd %.4f (%.4f), ess %.0f, %lld runs\n", r->tolerance,
                  r->marginal[0].mean, mean, r->marginal[0].sd, sd, r->ess,
                  (long long)r->evaluations);
    assert_near(r->marginal[0].mean, mean, 4 * sd / sqrt(r->ess));
    assert_near(r->marginal[0].sd / sd, 1, 0.06);
    gm_particles_free(r);
  }
}

/* Regression at a coarse tolerance comes near the true posterior: mean 12/11, sd sqrt(1/11). */
static void abc__with_regression_mends_a_coarse_tolerance(void **state)
{
  (void)state;
  static const double one = 1;
  gm_target t = {.dim = 1, .simulate = simulate, .summary_count = 1, .observed = &seen};
  gm_abc_options o = {.key = gm_key_make(32, 0, 0, 0),
                      .n = 4000,
                      .scale = &one,
                      .tolerance_target = 0.5,
                      .adjust = true};
  gm_particles *r = NULL;
  assert_int_equal(gm_abc(ctx, &t, &o, &r), GM_OK);
  assert_near(r->marginal[0].mean, 12.0 / 11, 0.03);
  assert_near(r->marginal[0].sd / sqrt(1 / 11.0), 1, 0.06);
  gm_particles_free(r);
}

/* The synthetic likelihood of a normal summary gives the true posterior; the unbiased estimator
 * does so with few runs (10) as well. */
static void synthetic__of_normal_summaries_gives_the_posterior(void **state)
{
  (void)state;
  gm_target t = {.dim = 1, .simulate = simulate, .summary_count = 1, .observed = &seen};
  static const double start[] = {1, 1, 1, 1};
  for (int k = 0; k < 2; k++) {
    gm_synthetic *syn = NULL;
    gm_chains *r = NULL;
    gm_chain_options o = {
        .key = gm_key_make(33, 0, 0, 0), .warmup = 1000, .draws = 1000, .start = start};
    assert_int_equal(gm_synthetic_new(ctx, &t, k ? 10 : 200, k, &syn), GM_OK);
    assert_int_equal(gm_walk(ctx, gm_synthetic_target(syn), &o, &r), GM_OK);
    print_message("synthetic: mean %.4f +- %.4f (%.4f), sd %.4f (%.4f)\n", r->marginal[0].mean,
                  r->marginal[0].mcse_mean, 12.0 / 11, r->marginal[0].sd, sqrt(1 / 11.0));
    assert_near(r->marginal[0].mean, 12.0 / 11, 4 * r->marginal[0].mcse_mean);
    assert_near(r->marginal[0].sd / sqrt(1 / 11.0), 1, 0.08);
    gm_chains_free(r);
    gm_synthetic_free(syn);
  }
}

/* ---- stopping, refusals, memory ---------------------------------------------------------- */
static bool stop_after(void *user) { return --*(int *)user < 0; }

static void stop__keeps_whole_repeats_and_generations(void **state)
{
  (void)state;
  gm_target t = {.dim = D, .loglik = conjugate};
  gm_target a = {.dim = 1, .simulate = simulate, .summary_count = 1, .observed = &seen};
  int left = 20;
  gm_watch watch = {.stop = stop_after, .user = &left};
  gm_smc_options o = {.watch = &watch};
  gm_abc_options b = {.watch = &watch};
  gm_particles *r = NULL;
  assert_int_equal(gm_smc(ctx, &t, &o, &r), GM_OK);
  assert_true(r->cancelled && !r->converged && r->repeats >= 1 && r->repeats < 4);
  gm_particles_free(r);
  left = 2;
  assert_int_equal(gm_abc(ctx, &a, &b, &r), GM_OK);
  assert_true(r->cancelled && !r->converged);
  gm_particles_free(r);
  left = 1;
  r = NULL;
  assert_int_equal(gm_smc(ctx, &t, &o, &r), GM_ECANCELLED);
  assert_null(r);
}

static gm_status impossible(void *user, gm_ctx *c, int32_t n, const double *z,
                            const uint64_t *replicate, double *out)
{
  (void)user;
  (void)c;
  (void)z;
  (void)replicate;
  for (int32_t m = 0; m < n; m++) out[m] = NAN;
  return GM_OK;
}

static void targets__without_hope_are_refused(void **state)
{
  (void)state;
  gm_target t = {.dim = 2, .loglik = impossible};
  gm_particles *r = NULL;
  gm_chains *c = NULL;
  gm_synthetic *y1 = NULL;
  assert_int_equal(gm_smc(ctx, &t, NULL, &r), GM_EDOMAIN);
  assert_int_equal(gm_walk(ctx, &t, NULL, &c), GM_EDOMAIN);
  assert_int_equal(gm_abc(ctx, &t, NULL, &r), GM_EUNSUPPORTED);
  assert_int_equal(gm_synthetic_new(ctx, &t, 0, false, &y1), GM_EUNSUPPORTED);
  assert_null(r);
  assert_null(c);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_target t = {.dim = D, .loglik = conjugate};
  gm_target a = {.dim = 1, .simulate = simulate, .summary_count = 1, .observed = &seen};
  gm_smc_options o = {.n = 20, .repeats = 2};
  gm_abc_options b = {.n = 20, .simulations_max = 100, .adjust = true};
  gm_particles *r = NULL;
  gm_status s = gm_smc(c, &t, &o, &r);
  if (s) return s;
  gm_particles_free(r);
  s = gm_abc(c, &a, &b, &r);
  if (s) return s;
  gm_particles_free(r);
  gm_synthetic *syn = NULL;
  s = gm_synthetic_new(c, &a, 10, true, &syn);
  gm_synthetic_free(syn);
  return s;
}

/* Memory that fails at any call is reported and leaks nothing. */
static void particles__survive_failing_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("particles", trial, NULL) > 0);
}

static int group_begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int group_end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(smc__gives_the_exact_evidence_of_a_conjugate_normal),
      cmocka_unit_test(smc__with_a_noisy_likelihood_is_exact),
      cmocka_unit_test(smc__evidence_error_is_honest),
      cmocka_unit_test(smc__holds_both_modes_in_their_shares),
      cmocka_unit_test(abc__agrees_with_the_law_of_its_tolerance),
      cmocka_unit_test(abc__with_regression_mends_a_coarse_tolerance),
      cmocka_unit_test(synthetic__of_normal_summaries_gives_the_posterior),
      cmocka_unit_test(stop__keeps_whole_repeats_and_generations),
      cmocka_unit_test(targets__without_hope_are_refused),
      cmocka_unit_test(particles__survive_failing_memory),
  };
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
