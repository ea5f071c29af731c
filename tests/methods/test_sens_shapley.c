/* test_sens_shapley.c - Shapley effects against closed forms, independent and coupled inputs.
 * label: quick */
#include "gemel/math.h"
#include "methods/sens_cases.h"
#include "num/linalg.h"
#include "support/fault.h"
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;
static const gm_function the_ishigami = {3, 1, ishigami_eval, NULL, false};

static gm_shapley *run(const gm_function *f, const gm_shapley_options *o)
{
  gm_shapley *s = NULL;
  if (gm_shapley_run(ctx, f, o, &s)) fail_msg("%s", gm_message(ctx));
  return s;
}

/* Ishigami: by all orders, and by random ones. The effects sum to 1. */
static void shapley__ishigami(void **state)
{
  (void)state;
  for (int32_t random = 0; random < 2; random++) {
    gm_shapley_options o = {.seed = 1, .log2_rows = 11, .exact_max = random ? -1 : 0};
    gm_shapley *s = run(&the_ishigami, &o);
    assert_int_equal(s->exact_orders, !random);
    assert_int_equal(s->count.runs, 16 * 2048 * (random ? 4 : 8));
    double sum = 0;
    for (int32_t j = 0; j < 3; j++) {
      assert_estimate("effect", s->effect[j], ishigami_shapley[j], 4);
      assert_true(s->effect[j].error < 0.01);
      sum += s->effect[j].value;
    }
    assert_true(fabs(sum - 1) < 1e-12);
    assert_estimate("variance", s->variance[0], ishigami_variance, 4);
    gm_shapley_free(s);
  }
}

typedef struct {
  int32_t d;
  const double *beta, *sd;
} line;

static gm_status line_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                           const uint64_t *replicate, double *y)
{
  (void)c, (void)replicate;
  const line *l = user;
  for (int32_t i = 0; i < n; i++) {
    y[i] = 10;
    for (int32_t j = 0; j < l->d; j++)
      y[i] += l->beta[j] * l->sd[j] * gm_norm_quantile(u[(ptrdiff_t)i * l->d + j]);
  }
  return GM_OK;
}

/* Two normal inputs (Owen & Prieur 2017, example of the linear model): Y = b1 X1 + b2 X2,
 * Var Y * sh1 = b1^2 s1^2 (1 - r^2/2) + r b1 b2 s1 s2 + b2^2 s2^2 r^2/2. */
static void shapley__two_coupled_inputs(void **state)
{
  (void)state;
  const double beta[2] = {1, 2}, sd[2] = {3, 0.7};
  for (double r = -0.9; r < 1; r += 0.45) {
    double correlation[4] = {1, r, r, 1}, a = beta[0] * sd[0], b = beta[1] * sd[1];
    double v = a * a + b * b + 2 * r * a * b;
    double want = (a * a * (1 - r * r / 2) + r * a * b + b * b * r * r / 2) / v;
    line l = {2, beta, sd};
    gm_function f = {2, 1, line_eval, &l, false};
    gm_shapley_options o = {.seed = 2, .log2_rows = 10, .correlation = correlation};
    for (int32_t random = 0; random < 2; random++) {
      o.exact_max = random ? -1 : 0;
      gm_shapley *s = run(&f, &o);
      assert_estimate("effect 1", s->effect[0], want, 4);
      assert_estimate("effect 2", s->effect[1], 1 - want, 4);
      assert_estimate("variance", s->variance[0], v, 4);
      assert_true(s->effect[0].error < 0.02);
      gm_shapley_free(s);
    }
  }
}

/* Var[beta X | X_u = fixed] for u = the zeros of `set`: by the Schur complement. */
static double variance_given_rest(int32_t d, const double *cov, const double *beta, uint32_t set)
{
  int32_t in[8], out[8], p = 0, q = 0;
  for (int32_t j = 0; j < d; j++) {
    if (set >> j & 1)
      in[p++] = j;
    else
      out[q++] = j;
  }
  double soo[64], soi[64], x[64], v = 0;
  for (int32_t i = 0; i < q; i++) {
    for (int32_t j = 0; j < q; j++) soo[i * q + j] = cov[out[i] * d + out[j]];
    for (int32_t j = 0; j < p; j++) soi[i * p + j] = cov[out[i] * d + in[j]];
  }
  if (q && p) assert_int_equal(gm_la_solve(ctx, q, soo, p, soi, x), GM_OK);
  for (int32_t i = 0; i < p; i++)
    for (int32_t j = 0; j < p; j++) {
      double c = cov[in[i] * d + in[j]];
      for (int32_t k = 0; k < q; k++) c -= soi[k * p + i] * x[k * p + j];
      v += beta[in[i]] * beta[in[j]] * c;
    }
  return v;
}

/* Six coupled normal inputs (exact sum, 64 sets) and the same by random orders, against the
 * definition summed over all 720 orders with Schur complements. */
static void shapley__six_coupled_inputs(void **state)
{
  (void)state;
  enum { D = 6 };
  const double beta[D] = {1, -0.5, 2, 0, 1, 0.3}, sd[D] = {1, 1, 1, 1, 1, 1};
  double r[D * D], want[D] = {0};
  for (int32_t i = 0; i < D; i++)
    for (int32_t j = 0; j < D; j++) r[i * D + j] = pow(-0.6, abs(i - j)); /* autoregression */
  double v = variance_given_rest(D, r, beta, (1u << D) - 1);
  for (uint32_t set = 0; set < 1u << D; set++)
    for (int32_t j = 0; j < D; j++) {
      if (set >> j & 1) continue;
      double k = __builtin_popcount(set), weight = tgamma(k + 1) * tgamma(D - k) / tgamma(D + 1.0);
      want[j] +=
          weight / v *
          (variance_given_rest(D, r, beta, set | 1u << j) - variance_given_rest(D, r, beta, set));
    }
  line l = {D, beta, sd};
  gm_function f = {D, 1, line_eval, &l, false};
  for (int32_t random = 0; random < 2; random++) {
    gm_shapley_options o = {.seed = 3, .correlation = r, .exact_max = random ? -1 : 6};
    gm_shapley *s = run(&f, &o);
    for (int32_t j = 0; j < D; j++) {
      assert_estimate("effect", s->effect[j], want[j], 4);
      assert_true(s->effect[j].error < 0.015);
    }
    gm_shapley_free(s);
  }
  assert_true(want[3] > 0.02); /* no coefficient, but its neighbours are known through it */
}

/* Over 200 seeds the intervals cover (Monte Carlo error 0.015). */
static void shapley__intervals_cover(void **state)
{
  (void)state;
  enum { REPEATS = 200 };
  double inside[3] = {0};
  for (uint64_t seed = 0; seed < REPEATS; seed++) {
    gm_shapley_options o = {
        .seed = 50 + seed, .log2_rows = 5, .replicate_count = 10, .exact_max = -1};
    gm_shapley *s = run(&the_ishigami, &o);
    for (int32_t j = 0; j < 3; j++)
      inside[j] +=
          s->effect[j].low <= ishigami_shapley[j] && ishigami_shapley[j] <= s->effect[j].high;
    gm_shapley_free(s);
  }
  printf("coverage of 95 %% intervals (+-0.015): %.3f %.3f %.3f\n", inside[0] / REPEATS,
         inside[1] / REPEATS, inside[2] / REPEATS);
  for (int32_t j = 0; j < 3; j++) assert_true(fabs(inside[j] / REPEATS - 0.95) < 4 * 0.0154);
}

static gm_status noisy_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                            const uint64_t *replicate, double *y)
{
  (void)c, (void)user;
  for (int32_t i = 0; i < n; i++) {
    double e = gm_normal(gm_key_make(9, GM_PURPOSE_TEST, 0, replicate[i]), 0, 0, 0, 0);
    double x = u[i] - 0.5;
    y[i] = x + 0.5 * e + 0.8 * x * e;
  }
  return GM_OK;
}

/* The key is a player: it gets its own variance and half of what it has with the input. */
static void shapley__key_is_a_player(void **state)
{
  (void)state;
  double v = 1 / 12.0 + 0.25 + 0.64 / 12;
  gm_function f = {1, 1, noisy_eval, NULL, true};
  for (int32_t random = 0; random < 2; random++) {
    gm_shapley_options o = {.seed = 4, .log2_rows = 11, .exact_max = random ? -1 : 0};
    gm_shapley *s = run(&f, &o);
    assert_int_equal(s->inputs, 2);
    assert_estimate("input", s->effect[0], (1 / 12.0 + 0.32 / 12) / v, 4);
    assert_estimate("key", s->effect[1], (0.25 + 0.32 / 12) / v, 4);
    assert_true(s->effect[1].error < 0.02);
    gm_shapley_free(s);
  }
}

static bool stop_at_once(void *user) { return user == NULL; }

static void shapley__refusals(void **state)
{
  (void)state;
  gm_shapley *s = NULL;
  const double lame[9] = {1, 0.5, 0, 0.4, 1, 0, 0, 0, 1}, flat[9] = {1, 1, 0, 1, 1, 0, 0, 0, 1};
  gm_shapley_options o = {.correlation = lame};
  assert_int_equal(gm_shapley_run(ctx, &the_ishigami, &o, &s), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "(2, 1) is 0.4"));
  o.correlation = flat;
  assert_int_equal(gm_shapley_run(ctx, &the_ishigami, &o, &s), GM_ENUMERIC);
  o = (gm_shapley_options){.exact_max = 13};
  assert_int_equal(gm_shapley_run(ctx, &the_ishigami, &o, &s), GM_ERANGE);
  gm_watch watch = {stop_at_once, NULL, NULL};
  o = (gm_shapley_options){.watch = &watch};
  assert_int_equal(gm_shapley_run(ctx, &the_ishigami, &o, &s), GM_ECANCELLED);
  assert_null(s);
}

static gm_status make(gm_ctx *c, void *user)
{
  const double r[9] = {1, 0.5, 0, 0.5, 1, 0, 0, 0, 1};
  gm_shapley_options o = {
      .log2_rows = 2, .replicate_count = 2, .correlation = r, .exact_max = user ? -1 : 0};
  gm_shapley *s = NULL;
  gm_status status = gm_shapley_run(c, &the_ishigami, &o, &s);
  gm_shapley_free(s);
  return status;
}

static void shapley__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_in_range(fault_sweep("Shapley", make, NULL), 10, 40);
  assert_in_range(fault_sweep("Shapley, random orders", make, ctx), 10, 60);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapley__ishigami),
      cmocka_unit_test(shapley__two_coupled_inputs),
      cmocka_unit_test(shapley__six_coupled_inputs),
      cmocka_unit_test(shapley__intervals_cover),
      cmocka_unit_test(shapley__key_is_a_player),
      cmocka_unit_test(shapley__refusals),
      cmocka_unit_test(shapley__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
