/* Particle filters on the epidemic of 50 people, whose exact likelihood is known by enumeration.
 * label: full */
#include "gemel/assimilate.h"
#include "support/sir_exact.h"
#include "support/sir_jump.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_sensor sensor;
  gm_reading reading[SIR_DAYS];
  gm_unknown unknown[2];
  gm_system s;
} sir;

static void sir_open(sir *q, int32_t days, int32_t unknowns)
{
  *q = (sir){0};
  assert_int_equal(gm_ctx_new(NULL, &q->ctx), GM_OK);
  if (sir_jump_new(q->ctx, false, &q->model)) fail_msg("%s", gm_message(q->ctx));
  q->sensor = (gm_sensor){.name = "tests",
                          .output = 1,
                          .law = GM_SENSE_BINOMIAL,
                          .p0 = 0.6,
                          .parameter0 = -1,
                          .parameter1 = -1};
  for (int32_t i = 0; i < days; i++)
    q->reading[i] = (gm_reading){.t = i + 1, .value = sir_tests[i]};
  int32_t beta = gm_model_find(q->model, GM_TABLE_PARAMETER, "beta");
  int32_t gamma = gm_model_find(q->model, GM_TABLE_PARAMETER, "gamma");
  assert_true(beta >= 0 && gamma >= 0);
  q->unknown[0] = (gm_unknown){
      .name = "beta", .parameter = beta, .law = GM_PRIOR_LOGNORMAL, .center = 0.8, .spread = 0.5};
  q->unknown[1] = (gm_unknown){
      .name = "gamma", .parameter = gamma, .law = GM_PRIOR_LOGNORMAL, .center = 0.3, .spread = 0.3};
  q->s = (gm_system){.model = q->model,
                     .unknown = q->unknown,
                     .unknown_count = unknowns,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = days,
                     .seed = 41};
}

static void sir_close(sir *q)
{
  gm_model_free(q->model);
  gm_ctx_free(q->ctx);
}

typedef struct {
  double mean, error; /* of exp(loglik - exact): 1 for an unbiased likelihood */
} ratio;

static ratio likelihood_ratio(sir *q, gm_filter_options o, int32_t runs, double exact)
{
  double sum = 0, square = 0;
  for (int32_t r = 0; r < runs; r++) {
    gm_filter *f;
    double ll;
    o.replicate = (uint64_t)r;
    if (gm_filter_new(q->ctx, &q->s, &o, &f)) fail_msg("%s", gm_message(q->ctx));
    if (gm_filter_run(f, q->ctx, NULL, NULL, NULL, &ll)) fail_msg("%s", gm_message(q->ctx));
    gm_filter_free(f);
    double x = exp(ll - exact);
    sum += x;
    square += x * x;
  }
  double mean = sum / runs;
  return (ratio){mean, sqrt((square / runs - mean * mean) / (runs - 1))};
}

static void unbiased(gm_filter_options o, const char *name)
{
  sir q;
  sir_open(&q, SIR_DAYS, 0);
  ratio a = likelihood_ratio(&q, o, 60, -29.96933802323857);
  print_message("%s: likelihood over exact one %.4f +- %.4f\n", name, a.mean, a.error);
  assert_true(a.error < 0.1);
  assert_true(fabs(a.mean - 1) < 4 * a.error);
  sir_close(&q);
}

/* The likelihood that particles estimate is right on average: ratio to the exact one is 1. */
static void likelihood__bootstrap_is_unbiased(void **state)
{
  (void)state;
  unbiased((gm_filter_options){.kind = GM_FILTER_PARTICLE, .members = 2000}, "bootstrap");
}

static void likelihood__guided_is_unbiased(void **state)
{
  (void)state;
  unbiased((gm_filter_options){.kind = GM_FILTER_GUIDED, .members = 1000}, "guided");
}

/* The belief after day 12 has the exact means of S and I: 5.578125, 3.326049. */
static void belief__of_day_12(void **state)
{
  (void)state;
  sir q;
  sir_open(&q, 12, 0);
  double sum[2] = {0}, square[2] = {0}, sd;
  enum { RUNS = 40 };
  for (int r = 0; r < RUNS; r++) {
    gm_filter_options o = {.members = 1000, .replicate = 100 + (uint64_t)r};
    gm_filter *f;
    assert_int_equal(gm_filter_new(q.ctx, &q.s, &o, &f), GM_OK);
    assert_int_equal(gm_filter_run(f, q.ctx, NULL, NULL, NULL, NULL), GM_OK);
    for (int k = 0; k < 2; k++) {
      double mean;
      assert_int_equal(gm_filter_output(f, q.ctx, k, &mean, &sd), GM_OK);
      sum[k] += mean;
      square[k] += mean * mean;
    }
    assert_int_equal(gm_filter_alarm(f)->state, GM_ALARM_QUIET);
    gm_filter_free(f);
  }
  static const double want[2] = {5.578125, 3.326049};
  for (int k = 0; k < 2; k++) {
    double mean = sum[k] / RUNS, se = sqrt((square[k] / RUNS - mean * mean) / (RUNS - 1));
    print_message("day 12: %.4f +- %.4f, exact %.6f\n", mean, se, want[k]);
    assert_true(se < 0.05 && fabs(mean - want[k]) < 4 * se);
  }
  sir_close(&q);
}

/* With unknown beta and gamma the filter's likelihood is the evidence: exact -30.585479. */
static void evidence__of_the_prior(void **state)
{
  (void)state;
  sir q;
  sir_open(&q, SIR_DAYS, 2);
  gm_filter_options o = {.members = 4000};
  ratio a = likelihood_ratio(&q, o, 60, -30.585478501040193);
  print_message("evidence over exact one %.4f +- %.4f\n", a.mean, a.error);
  assert_true(a.error < 0.1 && fabs(a.mean - 1) < 4 * a.error);
  sir_close(&q);
}

/* One worker or four, the same bytes. */
static void threads__change_nothing(void **state)
{
  (void)state;
  sir q;
  sir_open(&q, SIR_DAYS, 2);
  double ll[3];
  for (int k = 0; k < 3; k++) {
    gm_pool *pool = NULL;
    gm_filter_options o = {.members = 1000, .rejuvenate = GM_REJUVENATE_LIU_WEST};
    gm_filter *f;
    assert_int_equal(gm_pool_new(q.ctx, 1 << k, &pool), GM_OK);
    q.s.pool = pool;
    assert_int_equal(gm_filter_new(q.ctx, &q.s, &o, &f), GM_OK);
    assert_int_equal(gm_filter_run(f, q.ctx, NULL, NULL, NULL, &ll[k]), GM_OK);
    gm_filter_free(f);
    gm_pool_free(pool);
  }
  assert_true(ll[0] == ll[1] && ll[0] == ll[2]);
  sir_close(&q);
}

/* Data that nobody can have given end in a message and an alarm, and a restart goes on. */
static void loss__is_told(void **state)
{
  (void)state;
  sir q;
  sir_open(&q, 1, 0);
  gm_filter *f;
  gm_filter_news news;
  gm_reading odd = {.t = 1, .value = 60};
  assert_int_equal(gm_filter_new(q.ctx, &q.s, NULL, &f), GM_OK);
  assert_int_equal(gm_filter_step(f, q.ctx, 1, &odd, 1, &news), GM_ENUMERIC);
  assert_int_equal(news.alarm, GM_ALARM_RAISED);
  assert_int_equal(gm_filter_restart(f, q.ctx), GM_OK);
  odd = (gm_reading){.t = 2, .value = 3};
  assert_int_equal(gm_filter_step(f, q.ctx, 2, &odd, 1, &news), GM_OK);
  assert_int_equal(news.alarm, GM_ALARM_QUIET);
  gm_filter_free(f);
  sir_close(&q);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(likelihood__bootstrap_is_unbiased),
      cmocka_unit_test(likelihood__guided_is_unbiased),
      cmocka_unit_test(belief__of_day_12),
      cmocka_unit_test(evidence__of_the_prior),
      cmocka_unit_test(threads__change_nothing),
      cmocka_unit_test(loss__is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
