/* test_calib_chains.c - the samplers on laws whose moments are known: a correlated normal, a
 * banana, bounded laws, a noisy likelihood, Neal's funnel; stopping, refusals and memory.
 * label: full */
#include "gemel/calibrate.h"
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

typedef double density(const double *z, double *g);
typedef struct {
  int32_t d;
  density *f;
  double noise;
  int64_t points;
} law;

static gm_status law_loglik(void *user, gm_ctx *c, int32_t n, const double *z,
                            const uint64_t *replicate, double *out)
{
  law *l = user;
  double g[4];
  (void)c;
  l->points += n;
  for (int32_t m = 0; m < n; m++) {
    out[m] = l->f(z + (ptrdiff_t)m * l->d, g);
    if (l->noise > 0)
      out[m] += l->noise * gm_normal(gm_key_make(8, GM_PURPOSE_TEST, 0, 0), replicate[m], 0,
                                     gm_kind_draw(1, 0), 0) -
                0.5 * l->noise * l->noise;
  }
  return GM_OK;
}

static gm_status law_gradient(void *user, gm_ctx *c, int32_t n, const double *z, double *ll,
                              double *g)
{
  law *l = user;
  (void)c;
  l->points += n;
  for (int32_t m = 0; m < n; m++) ll[m] = l->f(z + (ptrdiff_t)m * l->d, g + (ptrdiff_t)m * l->d);
  return GM_OK;
}

static double flat(void *user, const double *z)
{
  (void)user;
  (void)z;
  return 0;
}

static void flat_gradient(void *user, const double *z, double *g)
{
  const law *l = user;
  (void)z;
  for (int32_t i = 0; i < l->d; i++) g[i] = 0;
}

static gm_target target(law *l)
{
  return (gm_target){.dim = l->d,
                     .loglik = law_loglik,
                     .gradient = law_gradient,
                     .log_prior = flat,
                     .log_prior_gradient = flat_gradient,
                     .noisy = l->noise > 0,
                     .user = l};
}

/* Normal, means 1 and -2, sd 1 and 3, correlation 0.9. */
static double normal2(const double *z, double *g)
{
  double a = z[0] - 1, b = (z[1] + 2) / 3, q = 1 / (1 - 0.81);
  g[0] = -q * (a - 0.9 * b);
  g[1] = -q * (b - 0.9 * a) / 3;
  return -0.5 * q * (a * a - 1.8 * a * b + b * b);
}

/* Banana: x ~ N(0, 1), y | x ~ N(x^2 - 1, 0.5^2): means 0, 0; sd 1, sqrt(2.25). */
static double banana(const double *z, double *g)
{
  double e = (z[1] - z[0] * z[0] + 1) / 0.25;
  g[0] = -z[0] + 2 * z[0] * e;
  g[1] = -e;
  return -0.5 * z[0] * z[0] - 0.125 * e * e;
}

/* Exponential(1) on (0, inf) times x on (0, 2): densities e^-x and x/2; means 1, 4/3;
 * sd 1, sqrt(2/9). */
static double bounded(const double *z, double *g)
{
  g[0] = -1;
  g[1] = 1 / z[1];
  return -z[0] + log(z[1]);
}

/* Neal's funnel in one and two: v ~ N(0, 3^2), x ~ N(0, e^v), two of them. */
static double funnel(const double *z, double *g)
{
  double v = z[0], s = (z[1] * z[1] + z[2] * z[2]) * exp(-v);
  g[0] = -v / 9 + 0.5 * s - 1;
  g[1] = -z[1] * exp(-v);
  g[2] = -z[2] * exp(-v);
  return -v * v / 18 - 0.5 * s - v;
}

typedef gm_status sampler(const gm_target *t, uint64_t seed, gm_chains **out);

static gm_status by_walk(const gm_target *t, uint64_t seed, gm_chains **out)
{
  gm_chain_options o = {.key = gm_key_make(seed, 0, 0, 0), .thin = 10};
  return gm_walk(ctx, t, &o, out);
}

static gm_status by_ensemble(const gm_target *t, uint64_t seed, gm_chains **out)
{
  gm_ensemble_mcmc_options o = {.common = {.key = gm_key_make(seed, 0, 0, 0)}};
  return gm_ensemble_mcmc(ctx, t, &o, out);
}

static gm_status by_nuts(const gm_target *t, uint64_t seed, gm_chains **out)
{
  gm_nuts_options o = {.common = {.key = gm_key_make(seed, 0, 0, 0)}};
  return gm_nuts(ctx, t, &o, out);
}

static gm_status by_nuts_long(const gm_target *t, uint64_t seed, gm_chains **out)
{
  gm_nuts_options o = {.common = {.key = gm_key_make(seed, 0, 0, 0), .draws = 10000},
                       .acceptance_target = 0.95};
  return gm_nuts(ctx, t, &o, out);
}

static sampler *const samplers[] = {by_walk, by_ensemble, by_nuts};

/* Means within 4 of their own standard errors, standard deviations within 6 %, quantiles within 4
 * errors where they are given. */
static void moments_check(const gm_chains *r, const double *mean, const double *sd)
{
  print_message("%s: R-hat %.4f, ESS %.0f/%.0f, acceptance %.2f, %lld points: %s\n", r->method,
                r->rhat_max, r->ess_bulk_min, r->ess_tail_min, r->acceptance,
                (long long)r->evaluations, r->verdict);
  for (int32_t i = 0; i < r->dim; i++) {
    const gm_marginal *m = &r->marginal[i];
    print_message("  %d: mean %.4f +- %.4f (%.4f), sd %.4f (%.4f)\n", (int)i, m->mean, m->mcse_mean,
                  mean[i], m->sd, sd[i]);
    assert_true(m->mcse_mean > 0 && m->mcse_mean < 0.1 * sd[i]);
    assert_near(m->mean, mean[i], 4 * m->mcse_mean);
    assert_near(m->sd / sd[i], 1, 0.06);
  }
}

/* All samplers give the moments of a correlated normal, converge, and say so. */
static void samplers__agree_with_a_correlated_normal(void **state)
{
  (void)state;
  static const double mean[] = {1, -2}, sd[] = {1, 3};
  law l = {2, normal2, 0, 0};
  gm_target t = target(&l);
  for (int k = 0; k < 3; k++) {
    gm_chains *r = NULL;
    assert_int_equal(samplers[k](&t, 11, &r), GM_OK);
    moments_check(r, mean, sd);
    assert_true(r->converged);
    double cov = 0, n = (double)r->chain_count * r->draw_count;
    for (ptrdiff_t i = 0; i < n; i++)
      cov += (r->z[2 * i] - r->marginal[0].mean) * (r->z[2 * i + 1] - r->marginal[1].mean) / n;
    assert_near(cov / 2.7, 1, 0.1);
    assert_near(r->marginal[0].q05, 1 - 1.6449, 5 * r->marginal[0].mcse_q05);
    gm_chains_free(r);
  }
}

/* And of a banana, whose shape no linear map mends. */
static void samplers__agree_with_a_banana(void **state)
{
  (void)state;
  static const double mean[] = {0, 0}, sd[] = {1, 1.5};
  law l = {2, banana, 0, 0};
  gm_target t = target(&l);
  for (int k = 0; k < 3; k++) {
    gm_chains *r = NULL;
    assert_int_equal((k < 2 ? samplers[k] : by_nuts_long)(&t, 12, &r), GM_OK);
    moments_check(r, mean, sd);
    gm_chains_free(r);
  }
}

/* Bounds: one side and both, by rejection or by other coordinates, leave the law as it is. */
static void samplers__respect_bounds(void **state)
{
  (void)state;
  static const double low[] = {0, 0}, high[] = {INFINITY, 2};
  static const double mean[] = {1, 4.0 / 3};
  const double sd[] = {1, sqrt(2.0 / 9)};
  law l = {2, bounded, 0, 0};
  gm_target t = target(&l);
  t.lower = low;
  t.upper = high;
  for (int k = 0; k < 3; k++) {
    gm_chains *r = NULL;
    assert_int_equal(samplers[k](&t, 13, &r), GM_OK);
    moments_check(r, mean, sd);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)r->chain_count * r->draw_count; i++)
      assert_true(r->z[2 * i] >= 0 && r->z[2 * i + 1] >= 0 && r->z[2 * i + 1] <= 2);
    gm_chains_free(r);
  }
}

/* Likelihood estimates that are unbiased leave the posterior exact, however noisy (sd 0.8 here). */
static void walk__with_a_noisy_likelihood_is_exact(void **state)
{
  (void)state;
  static const double mean[] = {1, -2}, sd[] = {1, 3};
  law l = {2, normal2, 0.8, 0};
  gm_target t = target(&l);
  gm_chain_options o = {.key = gm_key_make(14, 0, 0, 0), .thin = 20, .draws = 3000};
  gm_chains *r = NULL;
  assert_int_equal(gm_walk(ctx, &t, &o, &r), GM_OK);
  moments_check(r, mean, sd);
  gm_chains_free(r);
  assert_int_equal(gm_nuts(ctx, &t, NULL, &r), GM_EUNSUPPORTED);
}

/* A funnel is not passed off as converged while its neck is missed: divergences or diagnostics
 * speak, or else the mean is right. */
static void nuts__does_not_pass_a_funnel_in_silence(void **state)
{
  (void)state;
  law l = {3, funnel, 0, 0};
  gm_target t = target(&l);
  gm_chains *r = NULL;
  assert_int_equal(by_nuts(&t, 15, &r), GM_OK);
  print_message("funnel: v %.3f +- %.3f, sd %.3f (3), %d divergences, %s\n", r->marginal[0].mean,
                r->marginal[0].mcse_mean, r->marginal[0].sd, (int)r->divergences, r->verdict);
  assert_true(!r->converged || (fabs(r->marginal[0].mean) < 0.5 && r->marginal[0].sd > 2.5));
  gm_chains_free(r);
}

/* Two modes far apart: chains that each know one of them are not called converged. */
static double two_modes(const double *z, double *g)
{
  double a = -0.5 * (z[0] - 20) * (z[0] - 20), b = -0.5 * (z[0] + 20) * (z[0] + 20);
  g[0] = a > b ? 20 - z[0] : -20 - z[0];
  return fmax(a, b);
}

static void chains__in_separate_modes_are_not_called_converged(void **state)
{
  (void)state;
  static const double start[] = {-20, 20, -20, 20};
  law l = {1, two_modes, 0, 0};
  gm_target t = target(&l);
  gm_nuts_options o = {.common = {.start = start}};
  gm_chains *r = NULL;
  assert_int_equal(gm_nuts(ctx, &t, &o, &r), GM_OK);
  assert_false(r->converged);
  assert_true(r->rhat_max > 1.5); /* two halves of a normal's scores: 1/sqrt(1 - 2/pi) = 1.66 */
  gm_chains_free(r);
}

/* The same key gives the same bytes; another key others. */
static void draws__are_a_function_of_the_key(void **state)
{
  (void)state;
  law l = {2, normal2, 0, 0};
  gm_target t = target(&l);
  for (int k = 0; k < 3; k++) {
    gm_chains *r[3] = {0};
    for (int i = 0; i < 3; i++) assert_int_equal(samplers[k](&t, i < 2 ? 5 : 6, &r[i]), GM_OK);
    size_t bytes = (size_t)r[0]->chain_count * (size_t)r[0]->draw_count * 2 * sizeof(double);
    assert_memory_equal(r[0]->z, r[1]->z, bytes);
    assert_true(memcmp(r[0]->z, r[2]->z, bytes) != 0);
    for (int i = 0; i < 3; i++) gm_chains_free(r[i]);
  }
}

static bool stop_after(void *user) { return --*(int64_t *)user < 0; }

/* Stopped chains keep whole draws of all chains and are not called converged; stopped before a
 * draw there is nothing. */
static void stop__keeps_the_draws_made(void **state)
{
  (void)state;
  law l = {2, normal2, 0, 0};
  gm_target t = target(&l);
  int64_t left = 6000;
  gm_watch watch = {.stop = stop_after, .user = &left};
  gm_chain_options o = {.watch = &watch};
  gm_nuts_options n = {.common = o};
  gm_chains *r = NULL;
  assert_int_equal(gm_walk(ctx, &t, &o, &r), GM_OK);
  assert_true(r->cancelled && !r->converged && r->draw_count > 100 && r->draw_count < 2000);
  assert_near(r->marginal[0].mean, 1, 1);
  gm_chains_free(r);
  left = 6000;
  assert_int_equal(gm_nuts(ctx, &t, &n, &r), GM_OK);
  assert_true(r->cancelled && !r->converged && r->draw_count > 10 && r->draw_count < 1000);
  for (ptrdiff_t i = 0; i < 4 * r->draw_count; i++) assert_true(r->loglik[i] < 0);
  gm_chains_free(r);
  r = NULL;
  left = 10;
  assert_int_equal(gm_walk(ctx, &t, &o, &r), GM_ECANCELLED);
  assert_null(r);
}

/* Without a gradient NUTS refuses, or takes differences when told to, and says so. */
static void nuts__without_a_gradient_needs_leave(void **state)
{
  (void)state;
  law l = {2, normal2, 0, 0};
  gm_target t = target(&l);
  t.gradient = NULL;
  gm_nuts_options o = {.common = {.warmup = 300, .draws = 300}};
  gm_chains *r = NULL;
  assert_int_equal(gm_nuts(ctx, &t, &o, &r), GM_EUNSUPPORTED);
  o.differences = true;
  assert_int_equal(gm_nuts(ctx, &t, &o, &r), GM_OK);
  assert_string_equal(r->rung, "differences of the likelihood");
  assert_near(r->marginal[1].mean, -2, 5 * r->marginal[1].mcse_mean);
  gm_chains_free(r);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_chain_options o = {.warmup = 30, .draws = 8, .thin = 1};
  gm_ensemble_mcmc_options e = {.common = o};
  gm_nuts_options n = {.common = o};
  gm_chains *r = NULL;
  gm_status s = gm_walk(c, user, &o, &r);
  if (s) return s;
  gm_chains_free(r);
  s = gm_ensemble_mcmc(c, user, &e, &r);
  if (s) return s;
  gm_chains_free(r);
  s = gm_nuts(c, user, &n, &r);
  if (!s) gm_chains_free(r);
  return s;
}

/* Memory that fails at any call is reported and leaks nothing. */
static void samplers__survive_failing_memory(void **state)
{
  (void)state;
  law l = {2, normal2, 0, 0};
  gm_target t = target(&l);
  assert_true(fault_sweep("samplers", trial, &t) > 0);
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
      cmocka_unit_test(samplers__agree_with_a_correlated_normal),
      cmocka_unit_test(samplers__agree_with_a_banana),
      cmocka_unit_test(samplers__respect_bounds),
      cmocka_unit_test(walk__with_a_noisy_likelihood_is_exact),
      cmocka_unit_test(nuts__does_not_pass_a_funnel_in_silence),
      cmocka_unit_test(chains__in_separate_modes_are_not_called_converged),
      cmocka_unit_test(draws__are_a_function_of_the_key),
      cmocka_unit_test(stop__keeps_the_draws_made),
      cmocka_unit_test(nuts__without_a_gradient_needs_leave),
      cmocka_unit_test(samplers__survive_failing_memory),
  };
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
