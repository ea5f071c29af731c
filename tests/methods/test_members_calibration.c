/* test_members_calibration.c - whether the belief is as sure as it should be: truths drawn from the
 * prior, data drawn from the model, and the place of the truth in the posterior.
 * Talts et al., arXiv:1804.06788 (simulation-based calibration).
 * label: full */
#include "methods/infer_cases.h"
#include "num/stats.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static gm_ctx *ctx;

/* One compartment by vein: dose 100, V 20 exp(z1), k = 0.2 exp(z0 - z1). */
static void formula_vein(const infer_case *c, const double *z, double *f)
{
  for (int32_t j = 0; j < c->count; j++) {
    double v = 20 * exp(z[1]), k = 4 * exp(z[0]) / v;
    f[j] = 100 / v * exp(-k * c->datum[j].t);
  }
}

/* Four samples, the last often below the limit of quantification 0.25 (M3). */
static infer_case case_vein(void)
{
  static const double t[4] = {1, 3, 8, 16};
  infer_case c = {.formula = formula_vein, .dim = 2, .count = 4, .prior = {0.16, 0.05, 0.05, 0.09}};
  for (int j = 0; j < 4; j++)
    c.datum[j] = (gm_datum){.t = t[j], .additive = 0.1, .proportional = 0.2};
  return c;
}

/* One coordinate, a prediction that curves strongly: f = exp(1.5 z). */
static void formula_curved(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = exp(1.5 * z[0]);
}

static infer_case case_curved(void)
{
  infer_case c = {.formula = formula_curved, .dim = 1, .count = 1, .prior = {1}};
  c.datum[0] = (gm_datum){.additive = 0.4, .proportional = 0.1};
  return c;
}

/* Truth z[dim] from the prior (Cholesky factor of 1 or 2 coordinates by hand), data from the model;
 * a value below limit is censored there. */
static void simulate(infer_case *c, uint64_t replicate, double limit, double *z)
{
  gm_key key = gm_key_make(11, GM_PURPOSE_TEST, replicate, 0);
  double f[CASE_DATA], e0 = gm_normal(key, 0, 0, gm_kind_draw(1, 0), 0);
  double l = sqrt(c->prior[0]);
  z[0] = l * e0;
  if (c->dim == 2) {
    double m = c->prior[1] / l, e1 = gm_normal(key, 0, 0, gm_kind_draw(1, 0), 1);
    z[1] = m * e0 + sqrt(c->prior[3] - m * m) * e1;
  }
  c->formula(c, z, f);
  for (int32_t j = 0; j < c->count; j++) {
    gm_datum *d = &c->datum[j];
    double y = f[j] + gm_datum_sd(d, f[j]) * gm_normal(key, 0, 0, gm_kind_draw(2, 0), (uint64_t)j);
    d->censored = y < limit ? 1 : 0;
    d->value = fmax(y, limit);
  }
}

static gm_members *belief(infer_case *c, uint64_t replicate, int32_t n, double ess_least)
{
  gm_problem p = case_problem(c);
  gm_mode *mode = NULL;
  gm_members *m = NULL;
  gm_members_options o = {.n = n, .key = gm_key_make(12, 0, replicate, 0), .ess_least = ess_least};
  gm_status s = gm_mode_find(ctx, &p, NULL, NULL, &mode);
  if (!s) s = gm_members_draw(ctx, &p, mode, &o, NULL, &m);
  if (s) fail_msg("replicate %d: %s", (int)replicate, gm_message(ctx));
  assert_true(mode->converged);
  gm_mode_free(mode);
  return m;
}

enum { DRAWS = 19, BINS = DRAWS + 1 };

/* Of 19 members drawn by weight, how many have a smaller value than the truth. */
static int rank_of(const gm_members *m, uint64_t replicate, const double *value, double truth)
{
  int rank = 0;
  for (uint32_t k = 0; k < DRAWS; k++) {
    double u = gm_uniform(gm_key_make(13, GM_PURPOSE_TEST, replicate, 0), k, 0, 0, 0), sum = 0;
    int32_t i = 0;
    while (i < m->n - 1 && (sum += m->weight[i]) < u) i++;
    rank += value[i] < truth;
  }
  return rank;
}

/* Chi-square of the ranks of both coordinates and of the log concentration at 6 h. */
static void ranks_are_uniform(int replicates, int32_t n, double ess_least)
{
  int bins[3][BINS] = {{0}};
  double ess = 0, tempered = 0, censored = 0;
  static double value[3][4000];
  for (int r = 0; r < replicates; r++) {
    infer_case c = case_vein();
    double z[2];
    simulate(&c, (uint64_t)r, 0.25, z);
    gm_members *m = belief(&c, (uint64_t)r, n, ess_least);
    for (int32_t i = 0; i < n; i++) {
      const double *x = m->z + 2 * (ptrdiff_t)i;
      value[0][i] = x[0];
      value[1][i] = x[1];
      value[2][i] = -x[1] - 1.2 * exp(x[0] - x[1]);
    }
    double truth[3] = {z[0], z[1], -z[1] - 1.2 * exp(z[0] - z[1])};
    for (int q = 0; q < 3; q++) bins[q][rank_of(m, (uint64_t)r, value[q], truth[q])]++;
    ess += m->ess_raw / n / replicates;
    tempered += (m->stages > 0) / (double)replicates;
    for (int j = 0; j < 4; j++) censored += (c.datum[j].censored != 0) / (4.0 * replicates);
    gm_members_free(m);
  }
  print_message("%d replicates: raw ess %.2f n, tempered %.3f, censored %.2f\n", replicates, ess,
                tempered, censored);
  for (int q = 0; q < 3; q++) {
    double chi2 = 0, expected = replicates / (double)BINS;
    for (int b = 0; b < BINS; b++)
      chi2 += (bins[q][b] - expected) * (bins[q][b] - expected) / expected;
    print_message("  quantity %d: chi-square %.1f of 19 degrees of freedom\n", q, chi2);
    /* 43.8 is exceeded once in 1,000 by one of right code; the keys are fixed */
    if (!(chi2 < 43.8)) fail_msg("ranks of quantity %d are not uniform: chi-square %g", q, chi2);
  }
}

/* Over truths from the prior the rank of the truth among posterior draws is uniform, with mixed
 * error and censored data (500 replicates, importance sampling as it comes). */
static void belief_ranks__are_uniform(void **state)
{
  (void)state;
  ranks_are_uniform(500, 1000, 0);
}

/* The same when every belief is made by tempering. */
static void belief_tempered_ranks__are_uniform(void **state)
{
  (void)state;
  ranks_are_uniform(500, 300, 1);
}

static double covered(infer_case made, double limit, int replicates, int32_t n)
{
  static const double level[2] = {0.05, 0.95};
  int inside = 0;
  static double value[4000];
  for (int r = 0; r < replicates; r++) {
    infer_case c = made;
    double z[2], q[2];
    simulate(&c, 10000 + (uint64_t)r, limit, z);
    gm_members *m = belief(&c, (uint64_t)r, n, 0);
    for (int32_t i = 0; i < n; i++) value[i] = m->z[(ptrdiff_t)i * c.dim];
    assert_int_equal(gm_stats_quantiles(ctx, n, value, m->weight, 2, level, q), GM_OK);
    inside += q[0] <= z[0] && z[0] <= q[1];
    gm_members_free(m);
  }
  return (double)inside / replicates;
}

/* Intervals of 90 % hold the truth in 88 to 92 % of 2,500 replicates (Monte Carlo error 0.6 %; of
 * 10,000 for the harder one, 0.3 %). Quantiles of type 7 from an ensemble of effective size
 * 500 hold 0.9 (1 - 2/501) = 89.6 % on average. */
static void belief_intervals__cover(void **state)
{
  (void)state;
  double curved = covered(case_curved(), -INFINITY, 10000, 1000);
  double vein = covered(case_vein(), 0.25, 2500, 1000);
  print_message("coverage of 90 %% intervals: curved %.4f, vein %.4f\n", curved, vein);
  assert_true(curved > 0.88 && curved < 0.92);
  assert_true(vein > 0.88 && vein < 0.92);
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
      cmocka_unit_test(belief_ranks__are_uniform),
      cmocka_unit_test(belief_tempered_ranks__are_uniform),
      cmocka_unit_test(belief_intervals__cover),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
