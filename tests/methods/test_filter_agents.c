/* Kalman filters over agents: the analysis is of the macro view, and the agents behind it are
 * repaired to what it says. An epidemic of 1,000 agents, of whom a tenth is tested every day, and
 * its particle filter (exact but for chance) as reference.
 * label: full */
#include "gemel/assimilate.h"
#include "support/sir_agents.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { DAYS = 25, PEOPLE = 1000 };

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  int32_t infected;
  gm_sensor sensor;
  gm_reading reading[DAYS];
  gm_unknown beta;
  gm_system s;
} crowd;

/* The tests of one course of the model itself, beta 0.9, with keys of their own. */
static void tests_make(crowd *q, uint64_t course)
{
  double day[DAYS], y[DAYS][3], z = 0;
  gm_system truth = q->s;
  truth.reading_count = 0;
  for (int i = 0; i < DAYS; i++) day[i] = i + 1;
  uint64_t replicate = 900 + course;
  assert_int_equal(gm_system_simulate(&truth, q->ctx, 1, &z, &replicate, day, DAYS, y[0], NULL),
                   GM_OK);
  gm_key noise = gm_key_make(5, GM_PURPOSE_TEST, course, 0);
  for (int i = 0; i < DAYS; i++)
    q->reading[i] = (gm_reading){
        .t = i + 1, .value = gm_sense_draw(&q->sensor, y[i], NULL, 1, noise, 0, (uint64_t)i)};
}

static void crowd_open(crowd *q, uint64_t course)
{
  *q = (crowd){.infected = 20};
  assert_int_equal(gm_ctx_new(NULL, &q->ctx), GM_OK);
  assert_int_equal(sir_agents_make(q->ctx, PEOPLE, &q->infected, &q->model), GM_OK);
  q->sensor = (gm_sensor){.name = "tests",
                          .output = 1,
                          .law = GM_SENSE_BINOMIAL,
                          .p0 = 0.1,
                          .parameter0 = -1,
                          .parameter1 = -1};
  q->beta = (gm_unknown){
      .name = "beta", .parameter = 0, .law = GM_PRIOR_LOGNORMAL, .center = 0.9, .spread = 0.3};
  q->s = (gm_system){.model = q->model,
                     .unknown = &q->beta,
                     .unknown_count = 1,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = DAYS,
                     .seed = 4};
  tests_make(q, course);
}

static void crowd_close(crowd *q)
{
  gm_model_free(q->model);
  gm_ctx_free(q->ctx);
}

typedef struct {
  double mean[2][DAYS], sd[2][DAYS], z, z_sd; /* S, I each day; ln beta's coordinate at the end */
} course;

/* The agents of every member are people still: 1,000 of them, in whole numbers. */
static void agents_check(crowd *q, gm_filter *f)
{
  gm_ensemble *e = gm_filter_ensemble(f);
  const int32_t n = gm_ensemble_size(e);
  static double macro[4 * 400];
  assert_true(n <= 400);
  assert_int_equal(gm_ensemble_get(e, q->ctx, macro), GM_OK);
  for (int32_t m = 0; m < n; m++) {
    const double *x = macro + (ptrdiff_t)m * 4;
    assert_true(x[0] + x[1] + x[2] == PEOPLE);
    for (int i = 0; i < 3; i++) assert_true(x[i] >= 0 && x[i] == rint(x[i]));
  }
}

static void follow(crowd *q, gm_filter_options o, course *out)
{
  gm_filter *f;
  if (gm_filter_new(q->ctx, &q->s, &o, &f)) fail_msg("%s", gm_message(q->ctx));
  for (int day = 0; day < DAYS; day++) {
    if (gm_filter_step(f, q->ctx, day + 1, &q->reading[day], 1, NULL))
      fail_msg("day %d: %s", day + 1, gm_message(q->ctx));
    for (int k = 0; k < 2; k++)
      assert_int_equal(gm_filter_output(f, q->ctx, k, &out->mean[k][day], &out->sd[k][day]), GM_OK);
    if (o.kind != GM_FILTER_PARTICLE) agents_check(q, f);
  }
  gm_filter_unknown(f, 0, &out->z, &out->z_sd);
  gm_filter_free(f);
}

/* Infected of every day within 0.4 of the particles' sd (root mean square), with their spread, and
 * what is learned of beta: 200 members against 3,000. */
static void kalman__follows_agents_as_particles_do(void **state)
{
  (void)state;
  static const char *const name[] = {"perturbed", "transform"};
  static const gm_filter_options kalman[] = {{.kind = GM_FILTER_ENKF, .members = 200},
                                             {.kind = GM_FILTER_ETKF, .members = 200}};
  enum { COURSES = 2 };
  double off[2] = {0}, spread[2] = {0}, z_off[2] = {0};
  for (uint64_t c = 0; c < COURSES; c++) {
    static course exact, own;
    crowd q;
    crowd_open(&q, c);
    follow(&q, (gm_filter_options){.members = 3000, .rejuvenate = GM_REJUVENATE_LIU_WEST}, &exact);
    for (int i = 0; i < 2; i++) {
      follow(&q, kalman[i], &own);
      for (int day = 0; day < DAYS; day++) {
        double d = (own.mean[1][day] - exact.mean[1][day]) / exact.sd[1][day];
        off[i] += d * d / (DAYS * COURSES);
        spread[i] += log(own.sd[1][day] / exact.sd[1][day]) / (DAYS * COURSES);
      }
      z_off[i] += fabs(own.z - exact.z) / exact.z_sd / COURSES;
    }
    crowd_close(&q);
  }
  for (int i = 0; i < 2; i++) {
    print_message("%s: infected off by %.2f sd, their spread %.2f times, beta off by %.2f sd\n",
                  name[i], sqrt(off[i]), exp(spread[i]), z_off[i]);
    assert_true(sqrt(off[i]) < 0.4);
    assert_true(exp(spread[i]) > 0.85 && exp(spread[i]) < 1.2);
    assert_true(z_off[i] < 0.8);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(kalman__follows_agents_as_particles_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
