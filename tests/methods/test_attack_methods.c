/* test_attack_methods.c - attacks on the methods of calibration that once succeeded: noise that
 * stops a walk, many dimensions, a ridge, summaries that say the same twice.
 * label: full */
#include "gemel/calibrate.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static gm_ctx *ctx;

/* ---- walks ---------------------------------------------------------------------------------- */
typedef struct {
  int32_t dim;
  double noise;
} law;

/* Data of mean 1 and sd 1/2 in each coordinate, under the standard normal prior: the posterior has
 * mean 0.8, sd sqrt(0.2). The noise of the log leaves the mean of the likelihood as it is. */
static gm_status loglik(void *user, gm_ctx *c, int32_t n, const double *z,
                        const uint64_t *replicate, double *out)
{
  const law *l = user;
  (void)c;
  for (ptrdiff_t m = 0; m < n; m++) {
    gm_key key = gm_key_make(replicate ? replicate[m] : 0, GM_PURPOSE_TEST, 0, 0);
    out[m] = l->noise > 0 ? l->noise * gm_normal(key, 0, 0, 0, 0) - 0.5 * l->noise * l->noise : 0;
    for (ptrdiff_t i = 0; i < l->dim; i++)
      out[m] -= 2 * (z[m * l->dim + i] - 1) * (z[m * l->dim + i] - 1);
  }
  return GM_OK;
}

static gm_chains *walk_on(law *l, uint64_t key)
{
  gm_target t = {.dim = l->dim, .loglik = loglik, .noisy = l->noise > 0, .user = l};
  gm_chain_options o = {.key = gm_key_make(key, 0, 0, 0)};
  gm_chains *r = NULL;
  if (gm_walk(ctx, &t, &o, &r)) fail_msg("walk: %s", gm_message(ctx));
  return r;
}

/* Estimates whose logs have the sd that particle chains are tuned to, 1.2, or more: with one
 * unknown no step is short enough for the usual acceptance of 0.44 (2 Phi(-1.2/sqrt 2) = 0.40 is
 * the most), yet the walk goes on, mixes, and is right. */
static void walk__does_not_stop_under_noise(void **state)
{
  (void)state;
  static const double noise[] = {1, 1.2, 1.5};
  for (int32_t dim = 1; dim <= 4; dim += 3)
    for (int k = 0; k < (dim == 1 ? 3 : 2); k++) {
      law l = {dim, noise[k]};
      gm_chains *r = walk_on(&l, 21);
      const gm_marginal *m = &r->marginal[0];
      printf("%d unknowns, noise %.1f: mean %.4f +- %.4f, sd %.4f, ESS %.0f, acceptance %.3f\n",
             (int)dim, noise[k], m->mean, m->mcse_mean, m->sd, r->ess_bulk_min, r->acceptance);
      assert_true(r->ess_bulk_min > 400 && r->rhat_max < 1.02);
      assert_true(fabs(m->mean - 0.8) < 4 * m->mcse_mean && fabs(m->sd - sqrt(0.2)) < 0.05);
      gm_chains_free(r);
    }
}

/* Twelve unknowns: the covariance is learnt from more draws than it has directions. */
static void walk__learns_many_directions(void **state)
{
  (void)state;
  law l = {12, 0};
  gm_chains *r = walk_on(&l, 22);
  printf("12 unknowns: R-hat %.4f, ESS %.0f\n", r->rhat_max, r->ess_bulk_min);
  assert_true(r->rhat_max < 1.03 && r->ess_bulk_min > 300);
  for (int i = 0; i < 12; i++)
    assert_true(fabs(r->marginal[i].mean - 0.8) < 5 * r->marginal[i].mcse_mean);
  gm_chains_free(r);
}

/* ---- optima ---------------------------------------------------------------------------------- */
/* Data that know the sum of two unknowns alone. */
static gm_status ridge(void *user, gm_ctx *c, int32_t n, const double *z, const uint64_t *replicate,
                       double *out)
{
  (void)user, (void)c, (void)replicate;
  for (ptrdiff_t m = 0; m < n; m++) {
    double off = z[2 * m] + z[2 * m + 1] - 1;
    out[m] = -50 * off * off;
  }
  return GM_OK;
}

/* On a ridge of equal likelihood some starts end near each other by chance. That is no optimum
 * found twice: whatever the starts, the verdict says that it is not unique. With the prior it
 * is. */
static void multistart__a_ridge_is_not_an_optimum(void **state)
{
  (void)state;
  gm_target t = {.dim = 2, .loglik = ridge};
  for (uint64_t key = 0; key < 12; key++)
    for (int likelihood = 0; likelihood < 2; likelihood++) {
      gm_multistart_options o = {
          .key = gm_key_make(key, 0, 0, 0), .likelihood = likelihood, .spread = 2};
      gm_optima *r = NULL;
      assert_int_equal(gm_multistart(ctx, &t, &o, &r), GM_OK);
      assert_string_equal(r->verdict, likelihood
                                          ? "not unique: another place is as good; look at profiles"
                                          : "converged: found more than once");
      gm_optima_free(r);
    }
}

/* ---- synthetic likelihood -------------------------------------------------------------------- */
/* Two normal summaries and their sum. */
static gm_status simulate(void *user, gm_ctx *c, int32_t n, const double *z,
                          const uint64_t *replicate, double *summary)
{
  (void)user, (void)c;
  for (ptrdiff_t m = 0; m < n; m++) {
    gm_key key = gm_key_make(replicate[m], GM_PURPOSE_TEST, 0, 0);
    double *s = summary + 3 * m;
    s[0] = z[m] + gm_normal(key, 0, 0, 0, 0);
    s[1] = z[m] + 2 * gm_normal(key, 1, 0, 0, 0);
    s[2] = s[0] + s[1];
  }
  return GM_OK;
}

/* A summary that is the sum of two others has no density. Rounding must not make it one at some
 * places, by chance, with 13 units of likelihood for nothing: the chain is refused instead. */
static void synthetic__summaries_said_twice_are_refused(void **state)
{
  (void)state;
  static const double observed[] = {0.5, 1.25, 1.75};
  gm_target t = {.dim = 1, .simulate = simulate, .observed = observed, .summary_count = 3};
  for (int unbiased = 0; unbiased < 2; unbiased++) {
    gm_synthetic *y = NULL;
    gm_chains *r = NULL;
    int possible = 0;
    assert_int_equal(gm_synthetic_new(ctx, &t, 50, unbiased, &y), GM_OK);
    const gm_target *target = gm_synthetic_target(y);
    for (uint64_t k = 0; k < 500; k++) {
      double z = 0.6, value = 0;
      assert_int_equal(target->loglik(target->user, ctx, 1, &z, &k, &value), GM_OK);
      possible += value > -INFINITY;
    }
    assert_int_equal(possible, 0);
    assert_int_equal(gm_walk(ctx, target, NULL, &r), GM_EDOMAIN);
    gm_synthetic_free(y);
  }
}

static int open_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) != GM_OK;
}

static int close_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(walk__does_not_stop_under_noise),
      cmocka_unit_test(walk__learns_many_directions),
      cmocka_unit_test(multistart__a_ridge_is_not_an_optimum),
      cmocka_unit_test(synthetic__summaries_said_twice_are_refused),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
