/* Likelihoods of published state-space models by the adapters' particle filter against their exact
 * values (statespace_expected.json: linear-Gaussian, by a Kalman filter), refused allocations, and
 * refusals. The data is used when it is there.
 * label: full */
#include "methods/fit_cases.h"
#include "gemel/smooth.h"
#include "gemel/stochastic.h"
#include "support/data.h"
#include "support/fault.h"
#include <stdio.h>

enum { DATA_MOST = 512 };

/* Rows of "time,value[,value]" below a heading; returns the number of readings. */
static int32_t data_read(const char *file, int32_t columns, gm_reading *out)
{
  char path[512];
  int32_t count = 0;
  double t, v[2] = {0, 0};
  if (!data_path(file, path, sizeof path)) return 0;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  (void)!fscanf(f, "%*[^\n]");
  while (count + columns <= DATA_MOST &&
         fscanf(f, columns == 2 ? "%lf,%lf,%lf" : "%lf,%lf", &t, &v[0], &v[1]) == columns + 1)
    for (int32_t k = 0; k < columns; k++)
      out[count++] = (gm_reading){.t = t, .value = v[k], .sensor = k};
  fclose(f);
  return count;
}

static void published(gm_ctx *ctx, const char *file, int32_t columns, chain_config c,
                      const gm_sensor *sensor, double t0, int32_t particles, double exact)
{
  static gm_reading reading[DATA_MOST];
  enum { RUNS = 12 };
  gm_model *model;
  gm_fit_target *t;
  double z[RUNS] = {0}, ll[RUNS], error;
  uint64_t replicate[RUNS];
  int32_t count = data_read(file, columns, reading);
  if (!count) {
    data_skip(file, 1);
    return;
  }
  assert_int_equal(gm_model_new(ctx, &chain_type, &c, &model), GM_OK);
  gm_unknown unknown = {.name = "start", .parameter = 1, .spread = 1};
  gm_system s = {.model = model,
                 .t0 = t0,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = sensor,
                 .sensor_count = columns,
                 .reading = reading,
                 .reading_count = count,
                 .seed = 17};
  gm_fit_options o = {.particles = particles};
  if (gm_fit_target_new(ctx, &s, &o, &t)) fail_msg("%s", gm_message(ctx));
  for (int i = 0; i < RUNS; i++) replicate[i] = (uint64_t)i;
  const gm_target *target = gm_fit_target_get(t);
  if (target->loglik(target->user, ctx, RUNS, z, replicate, ll)) fail_msg("%s", gm_message(ctx));
  double mean = gm_log_mean_exp(RUNS, ll, &error);
  print_message("%s: %d readings, %.4f +- %.4f, exact %.5f\n", file, (int)count, mean, error,
                exact);
  assert_true(error < 0.4 && fabs(mean - exact) < 4 * error);
  gm_fit_target_free(t);
  gm_model_free(model);
}

static void published__ou2(void **state)
{
  static const gm_sensor sensor[2] = {
      {.name = "y1", .law = GM_SENSE_NORMAL, .p0 = 1, .parameter0 = -1, .parameter1 = -1},
      {.name = "y2",
       .output = 1,
       .law = GM_SENSE_NORMAL,
       .p0 = 1,
       .parameter0 = -1,
       .parameter1 = -1}};
  published(*state, "methods/ou2_y.csv", 2, chain_ou2(), sensor, 0, 8000, -476.57737);
}

/* ln X is linear: ln X' = S ln X + 0.1 e, seen through a log-normal law. */
static void published__gompertz(void **state)
{
  static const gm_sensor sensor = {.name = "Y",
                                   .output = 2,
                                   .law = GM_SENSE_LOGNORMAL,
                                   .p0 = 0.1,
                                   .parameter0 = -1,
                                   .parameter1 = -1};
  chain_config c = {{exp(-0.1), 0, 0, 1}, {0.1, 0, 0, 0}, {0, 0}};
  published(*state, "methods/gompertz_y.csv", 1, c, &sensor, 0, 4000, 34.339406);
}

/* ln mean exp of {ln 1, ln 3} is ln 2; the jackknife's estimates are ln 3 and ln 1, so its error is
 * |ln 3| / 2. */
static void log_mean_exp__by_hand(void **state)
{
  (void)state;
  double x[2] = {0, log(3)}, error;
  assert_true(fabs(gm_log_mean_exp(2, x, &error) - log(2)) < 1e-14);
  assert_true(fabs(error - log(3) / 2) < 1e-14);
  double none[2] = {-INFINITY, -INFINITY};
  assert_true(gm_log_mean_exp(2, none, &error) == -INFINITY && error == 0);
  assert_true(isnan((gm_log_mean_exp(1, x, &error), error)));
}

/* The unit cube's middle is the prior's median, and equal keys give equal runs. */
static void function__cube_to_outputs(void **state)
{
  gm_ctx *ctx = *state;
  sir q;
  gm_fit_function *f;
  double u[6] = {0.5, 0.5, 0.5, 0.5, 0.1, 0.9}, y[12], time[2] = {5, 28};
  int32_t output[2] = {1, 2};
  uint64_t replicate[3] = {4, 4, 5};
  sir_open(&q, ctx, false);
  if (gm_fit_function_new(ctx, &q.s, 2, output, 2, time, &f)) fail_msg("%s", gm_message(ctx));
  const gm_function *g = gm_fit_function_get(f);
  assert_true(g->noisy && g->dim == 2 && g->output_count == 4);
  assert_int_equal(g->eval(g->user, ctx, 3, u, replicate, y), GM_OK);
  double z[2] = {0, 0}, all[6];
  assert_int_equal(gm_system_simulate(&q.s, ctx, 1, z, replicate, time, 2, all, NULL), GM_OK);
  for (int k = 0; k < 4; k++) {
    assert_true(y[k] == y[4 + k]);
    assert_true(y[k] == all[3 * (k / 2) + 1 + k % 2]);
  }
  time[1] = 4;
  gm_fit_function *bad;
  assert_int_equal(gm_fit_function_new(ctx, &q.s, 2, output, 2, time, &bad), GM_EINVAL);
  gm_fit_function_free(f);
  gm_model_free(q.model);
}

static gm_status all_fits(gm_ctx *ctx, void *user)
{
  gm_system s = *(const gm_system *)user;
  gm_fit_target *t = NULL;
  gm_if2 *r = NULL;
  gm_esmda *e = NULL;
  gm_filter *f = NULL;
  gm_smooth *w = NULL;
  double z[1] = {0}, ll;
  gm_if2_options o = {.particles = 5, .iterations = 1, .starts = 1, .repeats = 2};
  gm_filter_options fo = {.members = 5, .keep_history = true, .kind = GM_FILTER_ENKF};
  gm_status st = gm_fit_target_new(ctx, &s, &(gm_fit_options){.particles = 4}, &t);
  if (!st) st = gm_fit_target_get(t)->loglik(gm_fit_target_get(t)->user, ctx, 1, z, NULL, &ll);
  gm_fit_target_free(t);
  if (!st) st = gm_if2_run(ctx, &s, &o, &r);
  gm_if2_free(r);
  if (!st) st = gm_esmda_run(ctx, &s, &(gm_esmda_options){.members = 5, .stages = 1}, &e);
  gm_esmda_free(e);
  if (!st) st = gm_filter_new(ctx, &s, &fo, &f);
  if (!st) st = gm_filter_run(f, ctx, NULL, NULL, NULL, NULL);
  if (!st) st = gm_filter_smooth(f, ctx, &w);
  gm_smooth_free(w);
  gm_filter_free(f);
  return st;
}

/* A refused allocation anywhere is an error with a message and no leak. */
static void fits__survive_refused_memory(void **state)
{
  gm_model *model;
  chain_config c = chain_ou2();
  gm_unknown unknown = {.name = "start", .parameter = 1, .spread = 1};
  gm_sensor sensor = {
      .name = "y", .law = GM_SENSE_NORMAL, .p0 = 1, .parameter0 = -1, .parameter1 = -1};
  gm_reading reading[2] = {{.t = 1, .value = 1}, {.t = 2, .value = 2}};
  assert_int_equal(gm_model_new(*state, &chain_type, &c, &model), GM_OK);
  gm_system s = {.model = model,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = 2};
  (void)fault_sweep("fits", all_fits, &s);
  gm_model_free(model);
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
      cmocka_unit_test(published__ou2),
      cmocka_unit_test(published__gompertz),
      cmocka_unit_test(log_mean_exp__by_hand),
      cmocka_unit_test(function__cube_to_outputs),
      cmocka_unit_test(fits__survive_refused_memory),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
