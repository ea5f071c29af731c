/* Kalman filters: against exact posteriors of linear models, and on Lorenz's models against what
 * is published (DAPPER's tables; facts with their sources in docs/methods.md).
 * label: full */
#include "gemel/assimilate.h"
#include "gemel/equations.h"
#include "support/lorenz.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* ---- linear: x(t) = x0 e^-t, x0 ~ N(2, 1), three data -----------------------------------------
 */
typedef struct {
  double mean, variance, log_evidence;
} posterior;

static const double data_t[3] = {0.5, 1, 2}, data_y[3] = {1.9, 0.8, 0.5};

static posterior exact(void)
{
  posterior p = {2, 1, 0};
  for (int i = 0; i < 3; i++) {
    double h = exp(-data_t[i]), s = h * h * p.variance + 0.04, d = data_y[i] - h * p.mean;
    p.log_evidence -= 0.5 * (d * d / s + log(2 * acos(-1) * s));
    p.mean += p.variance * h / s * d;
    p.variance -= p.variance * h / s * h * p.variance;
  }
  return p;
}

static void linear(gm_filter_kind kind, int32_t members, double tolerance)
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
  gm_unknown unknown = {.name = "x0",
                        .parameter = gm_model_find(model, GM_TABLE_PARAMETER, "x0"),
                        .law = GM_PRIOR_NORMAL,
                        .center = 2,
                        .spread = 1};
  gm_sensor sensor = {
      .name = "x", .law = GM_SENSE_NORMAL, .p0 = 0.2, .parameter0 = -1, .parameter1 = -1};
  gm_reading reading[3];
  for (int i = 0; i < 3; i++) reading[i] = (gm_reading){.t = data_t[i], .value = data_y[i]};
  gm_system s = {.model = model,
                 .unknown = &unknown,
                 .unknown_count = 1,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = 3,
                 .seed = 7};
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
  posterior p = exact();
  print_message("mean %.6f (exact %.6f) variance %.6f (%.6f) log evidence %.6f (%.6f)\n", mean,
                p.mean, square - mean * mean, p.variance, ll, p.log_evidence);
  assert_true(fabs(mean - p.mean) < tolerance * sqrt(p.variance));
  assert_true(fabs(square - mean * mean - p.variance) < tolerance * p.variance);
  assert_true(fabs(ll - p.log_evidence) < tolerance);
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* Sigma points are exact for a linear model: parameter, state and evidence. */
static void linear__sigma_points_are_exact(void **state)
{
  (void)state;
  linear(GM_FILTER_UKF, 0, 1e-6);
}

/* Ensembles of 20,000 are near: four standard errors of 1/sqrt(n) = 0.7 %. */
static void linear__ensemble_is_near(void **state)
{
  (void)state;
  linear(GM_FILTER_ENKF, 20000, 0.028);
}

/* 400 members: the error is that of the prior's sample, 5 % of its sd, here shrunk by the data. */
static void linear__transform_is_near(void **state)
{
  (void)state;
  linear(GM_FILTER_ETKF, 400, 0.2);
}

/* ---- Lorenz -----------------------------------------------------------------------------------
 */
typedef struct {
  double rmse, spread;
  int32_t alarms;
} quality;

typedef struct {
  int32_t states, every, cycles, burn;
  double step, variance;
  gm_filter_options o;
} twin_run;

static void truth_begin(const twin_run *q, gm_key key, double *x)
{
  double k[4 * LORENZ_MOST], f = 8;
  for (int32_t i = 0; i < q->states; i++)
    x[i] = (q->states == 3 ? 1.5 : 8) + gm_normal(key, 0, (uint64_t)i, 0, 0);
  for (int s = 0; s < 2000; s++) lorenz_step(q->states, 1, q->step, x, &f, k);
}

/* Members begin around the truth with the climate's spread cut down. */
static void members_begin(gm_filter *f, const twin_run *q, gm_key key, const double *truth)
{
  double *x = gm_ensemble_state(gm_filter_ensemble(f));
  int32_t n = gm_ensemble_size(gm_filter_ensemble(f));
  for (int32_t i = 0; i < q->states; i++)
    for (int32_t m = 0; m < n; m++)
      x[(ptrdiff_t)i * n + m] = truth[i] + 0.5 * gm_normal(key, (uint64_t)m, (uint64_t)i, 1, 0);
}

static double mean_spread(gm_filter *f, const twin_run *q, const double *truth, double *spread)
{
  const double *x = gm_ensemble_state(gm_filter_ensemble(f)), *w = gm_filter_weight(f);
  int32_t n = gm_ensemble_size(gm_filter_ensemble(f));
  double error = 0, variance = 0;
  for (int32_t i = 0; i < q->states; i++) {
    double mean = 0, square = 0;
    for (int32_t m = 0; m < n; m++) mean += w[m] * x[(ptrdiff_t)i * n + m];
    for (int32_t m = 0; m < n; m++) {
      double d = x[(ptrdiff_t)i * n + m] - mean;
      square += w[m] * d * d;
    }
    error += (mean - truth[i]) * (mean - truth[i]);
    variance += square * n / (n - 1);
  }
  *spread = sqrt(variance / q->states);
  return sqrt(error / q->states);
}

static quality lorenz_run(const twin_run *q, uint64_t stream)
{
  gm_ctx *ctx;
  gm_model *model;
  gm_filter *f;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  lorenz_config config = {q->states, q->step};
  assert_int_equal(gm_model_new(ctx, &lorenz_type, &config, &model), GM_OK);
  gm_sensor sensor[LORENZ_MOST];
  gm_reading reading[LORENZ_MOST];
  for (int32_t i = 0; i < q->states; i++)
    sensor[i] = (gm_sensor){.name = "x",
                            .output = i,
                            .law = GM_SENSE_NORMAL,
                            .p0 = sqrt(q->variance),
                            .parameter0 = -1,
                            .parameter1 = -1};
  gm_system s = {
      .model = model, .sensor = sensor, .sensor_count = q->states, .seed = 1000 + stream};
  gm_filter_options o = q->o;
  if (gm_filter_new(ctx, &s, &o, &f)) fail_msg("%s", gm_message(ctx));
  gm_key key = gm_key_make(stream, GM_PURPOSE_TEST, 0, 0);
  double truth[LORENZ_MOST], k[4 * LORENZ_MOST], force = 8;
  truth_begin(q, key, truth);
  members_begin(f, q, key, truth);
  quality r = {0};
  for (int32_t c = 1; c <= q->cycles; c++) {
    double t = c * q->every * q->step, spread;
    for (int32_t i = 0; i < q->every; i++) lorenz_step(q->states, 1, q->step, truth, &force, k);
    for (int32_t i = 0; i < q->states; i++)
      reading[i] = (gm_reading){
          .t = t,
          .sensor = i,
          .value = truth[i] + sqrt(q->variance) * gm_normal(key, 1, (uint64_t)i, 2, (uint64_t)c)};
    gm_filter_news news;
    if (gm_filter_step(f, ctx, t, reading, q->states, &news)) fail_msg("%s", gm_message(ctx));
    double e = mean_spread(f, q, truth, &spread);
    r.alarms += news.alarm == GM_ALARM_RAISED;
    if (c <= q->burn) continue;
    r.rmse += e / (q->cycles - q->burn);
    r.spread += spread / (q->cycles - q->burn);
  }
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return r;
}

/* Filters whose root mean square error is published: Lorenz 1996, 40 states seen with variance 1
 * every 0.05 (Sakov & Oke 2008; DAPPER's table); Lorenz 1963, all seen with variance 2 every
 * 0.25. */
typedef struct {
  const char *name;
  double rmse;
  twin_run run;
} published;

#define L96(n) .states = 40, .every = 1, .cycles = n, .burn = 400, .step = 0.05, .variance = 1
#define L63    .states = 3, .every = 25, .cycles = 3000, .burn = 100, .step = 0.01, .variance = 2
static double ring[40 * 40]; /* how far two states of Lorenz 1996 lie apart */
static published table[] = {
    {"lorenz96_perturbed__as_published",
     0.22,
     {L96(2000), .o = {.kind = GM_FILTER_ENKF, .members = 40, .inflation = 1.06}}},
    {"lorenz96_transform__as_published",
     0.18,
     {L96(2000), .o = {.kind = GM_FILTER_ETKF, .members = 40, .inflation = 1.02}}},
    {"lorenz96_local__as_published",
     0.22,
     {L96(1200), .o = {.kind = GM_FILTER_LETKF,
                       .members = 7,
                       .inflation = 1.03,
                       .radius = 6,
                       .distance = ring}}},
    {"lorenz63_perturbed__as_published",
     0.56,
     {L63, .o = {.kind = GM_FILTER_ENKF, .members = 100, .inflation = 1.01}}},
    {"lorenz63_transform__as_published",
     0.60,
     {L63, .o = {.kind = GM_FILTER_ETKF, .members = 10, .inflation = 1.02}}},
};
enum { ROWS = sizeof table / sizeof *table };

/* The mean over three truths is the published figure (two digits; three truths differ by 3 %). Much
 * better would mean that the filter sees the truth. */
static void lorenz__as_published(void **state)
{
  enum { STREAMS = 3 };
  const published *p = *state;
  double sum = 0;
  for (uint64_t i = 0; i < STREAMS; i++) {
    quality r = lorenz_run(&p->run, i + 1);
    print_message("%s, stream %d: rmse %.4f spread %.4f, %d cycles with alarm\n", p->name, (int)i,
                  r.rmse, r.spread, (int)r.alarms);
    sum += r.rmse / STREAMS;
  }
  print_message("%s: rmse %.4f, published %.2f\n", p->name, sum, p->rmse);
  assert_true(fabs(sum / p->rmse - 1) < 0.05);
}

int main(void)
{
  struct CMUnitTest tests[3 + ROWS] = {
      cmocka_unit_test(linear__sigma_points_are_exact),
      cmocka_unit_test(linear__ensemble_is_near),
      cmocka_unit_test(linear__transform_is_near),
  };
  for (int i = 0; i < 40; i++)
    for (int j = 0; j < 40; j++) ring[i * 40 + j] = fmin(abs(i - j), 40 - abs(i - j));
  for (int i = 0; i < ROWS; i++)
    tests[3 + i] = (struct CMUnitTest){
        .name = table[i].name, .test_func = lorenz__as_published, .initial_state = &table[i]};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
