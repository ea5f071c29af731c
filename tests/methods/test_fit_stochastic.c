/* Fits of models that move by chance: iterated filtering and particle MCMC on the epidemic of 50
 * people, whose likelihood and posterior are known by enumeration (data of sir_exact.h; figures of
 * rosetta_sir_expected.json).
 * label: full */
#include "methods/fit_cases.h"
#include "gemel/stochastic.h"

static const double mle_loglik = -28.6640700639395;

/* The estimate of the target is right on average: its ratio to the exact likelihood is 1. */
static void target__likelihood_is_unbiased(void **state)
{
  gm_ctx *ctx = *state;
  sir q;
  gm_fit_target *t;
  enum { RUNS = 60 };
  double z[2 * RUNS], ll[RUNS], sum = 0, square = 0;
  uint64_t replicate[RUNS];
  sir_open(&q, ctx, false);
  assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.particles = 500}, &t), GM_OK);
  const gm_target *target = gm_fit_target_get(t);
  assert_true(target->noisy && !target->residual && target->simulate);
  for (int i = 0; i < RUNS; i++) {
    z[2 * i] = gm_unknown_coordinate(&q.unknown[0], 0.9);
    z[2 * i + 1] = gm_unknown_coordinate(&q.unknown[1], 0.3);
    replicate[i] = (uint64_t)i;
  }
  assert_int_equal(target->loglik(target->user, ctx, RUNS, z, replicate, ll), GM_OK);
  for (int i = 0; i < RUNS; i++) {
    double x = exp(ll[i] + 29.96933802323857);
    sum += x;
    square += x * x;
  }
  double mean = sum / RUNS, error = sqrt((square / RUNS - mean * mean) / (RUNS - 1));
  print_message("likelihood over exact one %.4f +- %.4f\n", mean, error);
  assert_true(error < 0.15 && fabs(mean - 1) < 4 * error);
  double again;
  assert_int_equal(target->loglik(target->user, ctx, 1, z, replicate + 7, &again), GM_OK);
  assert_true(again == ll[7]);
  gm_fit_target_free(t);
  gm_model_free(q.model);
}

/* Iterated filtering ends where the exact likelihood is within 0.1 of its maximum, and its own
 * estimate of it is right within 4 of its errors. */
static void if2__finds_the_maximum(void **state)
{
  gm_ctx *ctx = *state;
  sir q;
  gm_if2 *r;
  sir_open(&q, ctx, false);
  gm_if2_options o = {
      .particles = 400, .iterations = 40, .starts = 4, .repeats = 20, .check_particles = 400};
  if (gm_if2_run(ctx, &q.s, &o, &r)) fail_msg("%s", gm_message(ctx));
  for (int k = 0; k < 4; k++) {
    double beta = gm_unknown_value(&q.unknown[0], r->z[2 * k]);
    double gamma = gm_unknown_value(&q.unknown[1], r->z[2 * k + 1]);
    double exact = sir_loglik(SIR_DAYS, sir_tests, beta, gamma, 0.6, NULL);
    print_message("end %d: beta %.4f gamma %.4f loglik %.3f +- %.3f, exact %.4f (maximum %.4f)\n",
                  k, beta, gamma, r->loglik[k], r->loglik_error[k], exact, mle_loglik);
    assert_true(exact <= mle_loglik + 1e-6);
    assert_true(exact > mle_loglik - 0.15);
    assert_true(fabs(r->loglik[k] - exact) < 4 * r->loglik_error[k]);
    assert_true(k == 0 || r->loglik[k] <= r->loglik[k - 1]);
  }
  assert_int_equal(r->agree, 4);
  assert_string_equal(r->verdict, "starts agree");
  gm_if2_free(r);
  gm_model_free(q.model);
}

/* One worker or three, the same bytes. */
static void if2__threads_change_nothing(void **state)
{
  gm_ctx *ctx = *state;
  sir q;
  gm_if2 *r[2];
  sir_open(&q, ctx, false);
  for (int k = 0; k < 2; k++) {
    gm_pool *pool;
    assert_int_equal(gm_pool_new(ctx, k ? 3 : 1, &pool), GM_OK);
    q.s.pool = pool;
    gm_if2_options o = {.particles = 100, .iterations = 5, .starts = 5, .repeats = 4};
    if (gm_if2_run(ctx, &q.s, &o, &r[k])) fail_msg("%s", gm_message(ctx));
    gm_pool_free(pool);
  }
  assert_memory_equal(r[0]->z, r[1]->z, 10 * sizeof(double));
  assert_memory_equal(r[0]->loglik, r[1]->loglik, 5 * sizeof(double));
  assert_memory_equal(r[0]->trace, r[1]->trace, 75 * sizeof(double));
  gm_if2_free(r[0]);
  gm_if2_free(r[1]);
  gm_model_free(q.model);
}

static bool stop_soon(void *user) { return ++*(int *)user > 3; }

/* Stopped, it gives what it has and says so. */
static void if2__stops_with_what_it_has(void **state)
{
  gm_ctx *ctx = *state;
  sir q;
  gm_if2 *r;
  int asked = 0;
  gm_watch watch = {.stop = stop_soon, .user = &asked};
  sir_open(&q, ctx, false);
  gm_if2_options o = {
      .particles = 50, .iterations = 40, .starts = 2, .repeats = 2, .watch = &watch};
  if (gm_if2_run(ctx, &q.s, &o, &r)) fail_msg("%s", gm_message(ctx));
  assert_true(r->cancelled);
  assert_int_equal(r->iterations, 3);
  assert_string_equal(r->verdict, "stopped before its end");
  gm_if2_free(r);
  gm_model_free(q.model);
}

/* The walk's posterior is the exact one: mean and sd within 4 Monte Carlo standard errors. */
static void pmmh__posterior_is_exact(void **state)
{
  gm_ctx *ctx = *state;
  static const double mean[2] = {1.12743685, 0.35240856}, sd[2] = {0.29588258, 0.05244066};
  sir q;
  gm_pmmh *r;
  enum { CHAINS = 4, DRAWS = 1500 };
  sir_open(&q, ctx, false);
  gm_pmmh_options o = {.chain = {.chains = CHAINS, .warmup = 500, .draws = DRAWS, .thin = 1}};
  if (gm_pmmh_run(ctx, &q.s, &o, &r)) fail_msg("%s", gm_message(ctx));
  gm_chains *c = r->chains;
  print_message("%d particles (sd of ln likelihood %.2f), acceptance %.2f, R-hat %.4f, ESS %.0f: "
                "%s\n",
                (int)r->particles, r->noise, c->acceptance, c->rhat_max, c->ess_bulk_min,
                c->verdict);
  assert_true(c->rhat_max < 1.05 && c->ess_bulk_min > 100);
  for (int d = 0; d < 2; d++) {
    static double x[CHAINS * DRAWS];
    double sum = 0, square = 0, mcse, mcse2;
    for (int i = 0; i < CHAINS * DRAWS; i++)
      sum += x[i] = gm_unknown_value(&q.unknown[d], c->z[2 * i + d]);
    sum /= CHAINS * DRAWS;
    assert_int_equal(gm_diag_mcse_mean(ctx, CHAINS, DRAWS, x, &mcse), GM_OK);
    for (int i = 0; i < CHAINS * DRAWS; i++) square += x[i] = (x[i] - mean[d]) * (x[i] - mean[d]);
    square /= CHAINS * DRAWS;
    assert_int_equal(gm_diag_mcse_mean(ctx, CHAINS, DRAWS, x, &mcse2), GM_OK);
    print_message("%s: mean %.5f +- %.5f (exact %.5f), variance %.5f +- %.5f (%.5f)\n",
                  q.unknown[d].name, sum, mcse, mean[d], square, mcse2, sd[d] * sd[d]);
    assert_true(fabs(sum - mean[d]) < 4 * mcse && mcse < 0.3 * sd[d]);
    assert_true(fabs(square - sd[d] * sd[d]) < 4 * mcse2);
  }
  gm_pmmh_free(r);
  gm_model_free(q.model);
}

static int open_ctx(void **state) { return gm_ctx_new(NULL, (gm_ctx **)state) != GM_OK; }
static int close_ctx(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(target__likelihood_is_unbiased),
      cmocka_unit_test(if2__finds_the_maximum),
      cmocka_unit_test(if2__threads_change_nothing),
      cmocka_unit_test(if2__stops_with_what_it_has),
      cmocka_unit_test(pmmh__posterior_is_exact),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
