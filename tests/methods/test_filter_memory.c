/* Coloured errors and unknowns that return to their prior, against closed forms. */
#include "gemel/assimilate.h"
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

typedef struct {
  double mean, variance, log_evidence;
} posterior;

enum { COLOURED = 4 };
static const double coloured_t[COLOURED] = {0.3, 0.5, 1.1, 1.2},
                    coloured_y[COLOURED] = {1.7, 1.5, 0.9, 0.5};

/* x(t) = x0 e^-t, x0 ~ N(2, 1); errors of sd 0.3 with correlation exp(-|s - t|/0.8): generalised
 * least squares gives the law of x0, the density of all data their evidence. */
static posterior coloured_exact(void)
{
  double c[COLOURED][COLOURED], l[COLOURED][COLOURED] = {{0}}, u[COLOURED], h[COLOURED];
  posterior p = {0, 1, 0};
  for (int i = 0; i < COLOURED; i++)
    for (int j = 0; j < COLOURED; j++)
      c[i][j] = 0.09 * exp(-fabs(coloured_t[i] - coloured_t[j]) / 0.8);
  for (int i = 0; i < COLOURED; i++) { /* c = l l', u = l^-1 (y - 2 e^-t), h = l^-1 e^-t */
    for (int j = 0; j <= i; j++) {
      double sum = c[i][j];
      for (int k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
    }
    h[i] = exp(-coloured_t[i]);
    u[i] = coloured_y[i] - 2 * h[i];
    for (int k = 0; k < i; k++) {
      h[i] -= l[i][k] * h[k];
      u[i] -= l[i][k] * u[k];
    }
    h[i] /= l[i][i];
    u[i] /= l[i][i];
    p.log_evidence -= log(l[i][i]);
  }
  double hh = 0, hu = 0, uu = 0;
  for (int i = 0; i < COLOURED; i++) {
    hh += h[i] * h[i];
    hu += h[i] * u[i];
    uu += u[i] * u[i];
  }
  p.variance = 1 / (1 + hh);
  p.mean = 2 + p.variance * hu;
  p.log_evidence -= 0.5 * (uu - hu * hu * p.variance + log(1 + hh) + COLOURED * log(2 * acos(-1)));
  return p;
}

static void coloured(gm_filter_kind kind, int32_t members, double tolerance)
{
  gm_ctx *ctx;
  gm_model *model;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_eq_output out = {.name = "x", .expression = "x", .where = "test"};
  gm_eq_config config = {.text = "x0 = 2; k = 1; x = x0; x' = -k*x",
                         .output = &out,
                         .output_count = 1,
                         .rtol = 1e-10,
                         .atol = 1e-12};
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_unknown unknown = {.name = "x0", .law = GM_PRIOR_NORMAL, .center = 2, .spread = 1};
  unknown.parameter = gm_model_find(model, GM_TABLE_PARAMETER, "x0");
  gm_sensor sensor = {.name = "x", .p0 = 0.3, .parameter0 = -1, .parameter1 = -1, .memory = 0.8};
  gm_reading reading[COLOURED];
  for (int i = 0; i < COLOURED; i++)
    reading[i] = (gm_reading){.t = coloured_t[i], .value = coloured_y[i]};
  gm_system s = {.model = model,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = COLOURED,
                 .seed = 11};
  gm_filter_options o = {.kind = kind, .members = members};
  gm_filter *f;
  double ll, mean = 0, square = 0;
  if (gm_filter_new(ctx, &s, &o, &f)) fail_msg("%s", gm_message(ctx));
  if (gm_filter_run(f, ctx, NULL, NULL, NULL, &ll)) fail_msg("%s", gm_message(ctx));
  const double *z = gm_filter_coordinate(f), *w = gm_filter_weight(f);
  for (int32_t m = 0; m < gm_ensemble_size(gm_filter_ensemble(f)); m++) {
    mean += w[m] * (2 + z[m]);
    square += w[m] * (2 + z[m]) * (2 + z[m]);
  }
  posterior p = coloured_exact();
  print_message("mean %.6f (exact %.6f) variance %.6f (%.6f) log evidence %.6f (%.6f)\n", mean,
                p.mean, square - mean * mean, p.variance, ll, p.log_evidence);
  assert_true(fabs(mean - p.mean) < tolerance * sqrt(p.variance));
  assert_true(fabs(square - mean * mean - p.variance) < tolerance * p.variance);
  assert_true(fabs(ll - p.log_evidence) < sqrt(COLOURED) * tolerance); /* a sum of so many errors */
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* Sigma points carry a coloured error as a row of the joint law: exact for a linear model, but for
 * the share of 1e-6 of the variance that is left white. */
static void colour__sigma_points_are_exact(void **state)
{
  (void)state;
  coloured(GM_FILTER_UKF, 0, 1e-4);
}

/* 20,000 members draw it: four standard errors of 1/sqrt(n) = 0.7 %. */
static void colour__ensemble_is_near(void **state)
{
  (void)state;
  coloured(GM_FILTER_ENKF, 20000, 0.028);
}

/* An unknown that returns to its prior, seen through noise at 20 times: mean and variance of a
 * Kalman filter for x(k+1) = rho x(k) + sqrt(1 - rho^2) e in closed form. 20,000 members, four
 * standard errors, widened by two for what resampling noise the updates gather. */
static void memory__ensemble_is_near(void **state)
{
  (void)state;
  enum { TIMES = 20 };
  gm_ctx *ctx;
  gm_model *model;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_eq_output out = {.name = "w", .expression = "w", .where = "test"};
  gm_eq_config config = {.text = "w = 0; x = 0; x' = w",
                         .output = &out,
                         .output_count = 1,
                         .rtol = 1e-8,
                         .atol = 1e-8};
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_unknown unknown = {
      .name = "w", .law = GM_PRIOR_NORMAL, .center = 0, .spread = 2, .memory = 0.7};
  unknown.parameter = gm_model_find(model, GM_TABLE_PARAMETER, "w");
  gm_sensor sensor = {.name = "w", .p0 = 0.5, .parameter0 = -1, .parameter1 = -1};
  gm_reading reading[TIMES];
  double mean = 0, variance = 1; /* of z */
  for (int i = 0; i < TIMES; i++) {
    double dt = i % 3 ? 0.2 : 0.5, rho = exp(-dt / 0.7);
    reading[i] = (gm_reading){.t = (i ? reading[i - 1].t : 0) + dt, .value = 2 * sin(i)};
    mean *= rho;
    variance = rho * rho * variance + 1 - rho * rho;
    double gain = 2 * variance / (4 * variance + 0.25);
    mean += gain * (reading[i].value - 2 * mean);
    variance -= gain * 2 * variance;
  }
  gm_system s = {.model = model,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = TIMES,
                 .seed = 5};
  gm_filter_options o = {.kind = GM_FILTER_ENKF, .members = 20000};
  gm_filter *f;
  double sum = 0, square = 0;
  if (gm_filter_new(ctx, &s, &o, &f)) fail_msg("%s", gm_message(ctx));
  if (gm_filter_run(f, ctx, NULL, NULL, NULL, NULL)) fail_msg("%s", gm_message(ctx));
  const double *z = gm_filter_coordinate(f);
  for (int32_t m = 0; m < o.members; m++) {
    sum += z[m] / o.members;
    square += z[m] * z[m] / o.members;
  }
  print_message("mean %.4f (exact %.4f), variance %.5f (%.5f)\n", sum, mean, square - sum * sum,
                variance);
  assert_true(fabs(sum - mean) < 0.057 * sqrt(variance));
  assert_true(fabs(square - sum * sum - variance) < 0.057 * variance);
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* x' = w, w of variance 1 and memory 1: without data the variance of x grows as that of the
 * integral of an Ornstein-Uhlenbeck process, 2 (t - 1 + e^-t) (Uhlenbeck & Ornstein 1930), whether
 * the way is gone in one call or in many, and w keeps its variance. Steps of 0.01 hold w for so
 * long: 1 %. */
static void memory__grows_where_there_are_no_data(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_model *model;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_eq_output out = {.name = "x", .expression = "x", .where = "test"};
  gm_eq_config config = {.text = "w = 0; x = 0; x' = w", .output = &out, .output_count = 1};
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_unknown unknown = {.name = "w", .law = GM_PRIOR_NORMAL, .spread = 1, .memory = 1};
  unknown.parameter = gm_model_find(model, GM_TABLE_PARAMETER, "w");
  gm_sensor sensor = {.name = "x", .p0 = 1, .parameter0 = -1, .parameter1 = -1};
  gm_system s = {.model = model,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = &sensor,
                 .sensor_count = 1};
  const double reach[] = {0, 1.7320508075688772, 1};
  for (int r = 0; r < 3; r++) {
    gm_filter *f;
    double mean, sd;
    gm_filter_options o = {.kind = GM_FILTER_UKF, .reach = reach[r]};
    if (gm_filter_new(ctx, &s, &o, &f)) fail_msg("%s", gm_message(ctx));
    for (int k = 1; k <= 300; k++) {
      assert_int_equal(gm_filter_step(f, ctx, 0.01 * k, NULL, 0, NULL), GM_OK);
      if (k % 100) continue;
      double t = 0.01 * k, want = 2 * (t - 1 + exp(-t));
      assert_int_equal(gm_filter_output(f, ctx, 0, &mean, &sd), GM_OK);
      if (fabs(sd * sd / want - 1) > 0.02)
        fail_msg("reach %g: variance %g at %g, expected %g", reach[r], sd * sd, t, want);
    }
    gm_filter_free(f);
  }
  gm_model_free(model);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(colour__sigma_points_are_exact),
      cmocka_unit_test(colour__ensemble_is_near),
      cmocka_unit_test(memory__ensemble_is_near),
      cmocka_unit_test(memory__grows_where_there_are_no_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
