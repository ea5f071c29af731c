/* Members drawn from a belief: their moments are the filter's, for sigma points and for particles.
 */
#include "gemel/assimilate.h"
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { N = 4096 };

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_unknown unknown[2];
  gm_sensor sensor;
  gm_system system;
  gm_filter *filter;
} belief;

/* x' = -k x with x0 and k unknown, followed through two data. */
static void follow(belief *b, gm_filter_kind kind, double reach)
{
  *b = (belief){0};
  assert_int_equal(gm_ctx_new(NULL, &b->ctx), GM_OK);
  gm_eq_output out = {.name = "x", .expression = "x", .where = "test"};
  gm_eq_config config = {.text = "x0 = 2; k = 1; x = x0; x' = -k*x",
                         .output = &out,
                         .output_count = 1,
                         .rtol = 1e-9,
                         .atol = 1e-11};
  if (gm_model_new(b->ctx, &gm_equations, &config, &b->model)) fail_msg("%s", gm_message(b->ctx));
  for (int32_t i = 0; i < 2; i++)
    b->unknown[i] =
        (gm_unknown){.name = i ? "k" : "x0",
                     .parameter = gm_model_find(b->model, GM_TABLE_PARAMETER, i ? "k" : "x0"),
                     .law = GM_PRIOR_NORMAL,
                     .center = i ? 1 : 2,
                     .spread = i ? 0.1 : 0.5};
  b->sensor = (gm_sensor){
      .name = "x", .law = GM_SENSE_NORMAL, .p0 = 0.2, .parameter0 = -1, .parameter1 = -1};
  b->system = (gm_system){.model = b->model,
                          .unknown = b->unknown,
                          .unknown_count = 2,
                          .sensor = &b->sensor,
                          .sensor_count = 1,
                          .seed = 7};
  const gm_filter_options o = {.kind = kind, .members = 2000, .reach = reach};
  if (gm_filter_new(b->ctx, &b->system, &o, &b->filter)) fail_msg("%s", gm_message(b->ctx));
  for (int32_t i = 0; i < 2; i++) {
    const gm_reading r = {.t = 0.5 + 0.5 * i, .value = i ? 0.8 : 1.1};
    assert_int_equal(gm_filter_step(b->filter, b->ctx, r.t, &r, 1, NULL), GM_OK);
  }
}

static void belief_free(belief *b)
{
  gm_filter_free(b->filter);
  gm_model_free(b->model);
  gm_ctx_free(b->ctx);
}

typedef struct {
  double mean[3], cov[3][3]; /* x, z of x0, z of k */
} moments;

static moments moments_of(const double *macro, int32_t mc, const double *z, int32_t n)
{
  moments m = {0};
  for (int32_t i = 0; i < n; i++) {
    const double v[3] = {macro[(ptrdiff_t)i * mc], z[2 * i], z[2 * i + 1]};
    for (int32_t a = 0; a < 3; a++) m.mean[a] += v[a] / n;
  }
  for (int32_t i = 0; i < n; i++) {
    const double v[3] = {macro[(ptrdiff_t)i * mc], z[2 * i], z[2 * i + 1]};
    for (int32_t a = 0; a < 3; a++)
      for (int32_t c = 0; c < 3; c++) m.cov[a][c] += (v[a] - m.mean[a]) * (v[c] - m.mean[c]) / n;
  }
  return m;
}

/* Means within `exact`, variances and covariances of the draw within 5/sqrt(N) of the sds: a chi
 * square of N has a relative sd of sqrt(2/N). */
static void draws_are_the_belief(gm_filter_kind kind, double reach, double exact)
{
  enum { MACRO = 8 };
  static double macro[N * MACRO], z[2 * N], again[N * MACRO], z_again[2 * N];
  belief b;
  double mean, sd, x_mean, x_sd;
  follow(&b, kind, reach);
  const int32_t mc = gm_model_macro_count(b.model); /* its first row is x */
  assert_true(mc <= MACRO);
  const gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 0, 0);
  assert_int_equal(gm_filter_draw(b.filter, b.ctx, N, key, 3, macro, z), GM_OK);
  assert_int_equal(gm_filter_draw(b.filter, b.ctx, N, key, 3, again, z_again), GM_OK);
  assert_memory_equal(macro, again, (size_t)mc * N * sizeof *macro);
  assert_memory_equal(z, z_again, sizeof z);
  const moments m = moments_of(macro, mc, z, N);
  assert_int_equal(gm_filter_output(b.filter, b.ctx, 0, &x_mean, &x_sd), GM_OK);
  assert_true(fabs(m.mean[0] - x_mean) < exact * x_sd);
  assert_true(fabs(m.cov[0][0] / (x_sd * x_sd) - 1) < 5 * sqrt(2.0 / N));
  for (int32_t i = 0; i < 2; i++) {
    gm_filter_unknown(b.filter, i, &mean, &sd);
    assert_true(fabs(m.mean[1 + i] - mean) < exact * sd);
    assert_true(fabs(m.cov[1 + i][1 + i] / (sd * sd) - 1) < 5 * sqrt(2.0 / N));
  }
  /* after the data x and x0 go together: the same correlation as over the filter's own members,
   * here of the model itself, x = x0 e^-kt to first order: x0 up is x up */
  assert_true(m.cov[0][1] > 0);
  belief_free(&b);
}

static void draw__of_sigma_points_has_their_moments(void **state)
{
  (void)state;
  draws_are_the_belief(GM_FILTER_UKF, 0, 1e-9);
  draws_are_the_belief(GM_FILTER_UKF, 0.9, 1e-9); /* the middle weight is negative */
}

/* Systematic choice: means within 1/N of the range, some 6 sds. */
static void draw__of_particles_has_their_moments(void **state)
{
  (void)state;
  draws_are_the_belief(GM_FILTER_PARTICLE, 0, 0.01);
  draws_are_the_belief(GM_FILTER_ENKF, 0, 0.01);
}

/* A member of sigma points is a function of its number: few are the first of many. */
static void draw__of_few_is_the_beginning_of_many(void **state)
{
  enum { MANY = 102, MACRO = 8 };
  (void)state;
  static double macro[MANY * MACRO], z[2 * MANY], few[MANY * MACRO], z_few[2 * MANY];
  belief b;
  follow(&b, GM_FILTER_UKF, 0);
  const int32_t mc = gm_model_macro_count(b.model);
  const gm_key key = gm_key_make(2, GM_PURPOSE_TEST, 0, 0);
  assert_int_equal(gm_filter_draw(b.filter, b.ctx, MANY, key, 5, macro, z), GM_OK);
  for (int32_t n = 2; n < MANY; n += 4) {
    assert_int_equal(gm_filter_draw(b.filter, b.ctx, n, key, 5, few, z_few), GM_OK);
    assert_memory_equal(macro, few, (size_t)(n * mc) * sizeof *few);
    assert_memory_equal(z, z_few, (size_t)(2 * n) * sizeof *z_few);
  }
  belief_free(&b);
}

static void draw__refuses_odd_numbers(void **state)
{
  (void)state;
  double macro[24], z[6];
  belief b;
  follow(&b, GM_FILTER_UKF, 0);
  assert_int_equal(gm_filter_draw(b.filter, b.ctx, 3, (gm_key){0}, 0, macro, z), GM_ERANGE);
  assert_int_equal(gm_filter_draw(b.filter, b.ctx, 0, (gm_key){0}, 0, macro, z), GM_ERANGE);
  belief_free(&b);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(draw__of_sigma_points_has_their_moments),
      cmocka_unit_test(draw__of_particles_has_their_moments),
      cmocka_unit_test(draw__of_few_is_the_beginning_of_many),
      cmocka_unit_test(draw__refuses_odd_numbers),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
