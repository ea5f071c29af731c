/* The alarm's second voice, on ranks: its rate of false alarms is the stated one, and it hears
 * small lasting faults that the squares of innovations hardly see.
 * label: full */
#include "gemel/assimilate.h"
#include "gemel/math.h"
#include "methods/fit_cases.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { RUNS = 2000 };

/* Data are N(bias, spread^2) where N(0, 1) was predicted. `sensors` share the error of the
 * prediction: their correlation is 1/2. */
typedef struct {
  double bias, spread;
  int32_t sensors;
} fault;

/* Data until the alarm is raised, at most `most`; the voices that raised it in *voices. */
static double until(const fault *q, gm_alarm a, uint64_t run, int32_t most, uint32_t *voices)
{
  gm_key key = gm_key_make(run, GM_PURPOSE_TEST, (uint64_t)q->sensors, 3);
  for (uint64_t n = 0; n < (uint64_t)most; n++) {
    double pit[40], z = 0;
    double common = gm_normal(key, 0, 0, gm_kind_draw(1, 0), n);
    for (int32_t i = 0; i < q->sensors; i++) {
      double own = gm_normal(key, (uint64_t)i + 1, 0, gm_kind_draw(1, 0), n);
      z = q->bias + q->spread * (q->sensors > 1 ? (common + own) * sqrt(0.5) : own);
      pit[i] = gm_norm_cdf(z);
    }
    if (q->sensors == 1) gm_alarm_feed(&a, gm_alarm_score(z * z, 1), INFINITY);
    gm_alarm_ranks(&a, q->sensors, pit);
    if (a.state != GM_ALARM_RAISED) continue;
    if (voices) *voices |= a.voices;
    return (double)n + 1;
  }
  return most;
}

static double mean_until(const fault *q, const gm_alarm_options *o, uint32_t *voices)
{
  gm_alarm a;
  double sum = 0;
  assert_int_equal(gm_alarm_start(NULL, o, &a), GM_OK);
  for (uint64_t run = 0; run < RUNS; run++) sum += until(q, a, run, 1000000, voices);
  return sum / RUNS;
}

/* In control it is raised no more often than every rank_run_length data, nor much less often: 2,000
 * runs of mean 500, standard error 11; for one sensor and for forty that depend on each other. The
 * first voice is kept silent by its own run length. */
static void run_length__is_as_stated(void **state)
{
  (void)state;
  gm_alarm_options o = {.run_length = 1e9, .rank_run_length = 500};
  for (int32_t sensors = 1; sensors <= 40; sensors += 39) {
    fault right = {0, 1, sensors};
    double mean = mean_until(&right, &o, NULL);
    print_message("%d sensors: an alarm every %.0f data, stated 500\n", (int)sensors, mean);
    assert_true(mean > 500 - 4 * 500 / sqrt(RUNS));
    assert_true(mean < 1.2 * 500);
  }
}

/* A bias of 0.8 sd, and predictions too sure by a third: the second voice is raised sooner than the
 * first, both at one false alarm in 10,000, names the fault, and stays silent about its opposite.
 */
static void small_faults__are_heard_sooner(void **state)
{
  (void)state;
  static const struct {
    fault f;
    uint32_t voice, never;
    double sooner;
  } row[] = {{{0.8, 1, 1}, GM_ALARM_LOW, GM_ALARM_HIGH, 4},
             {{-0.8, 1, 1}, GM_ALARM_HIGH, GM_ALARM_LOW, 4},
             {{0, 1.5, 1}, GM_ALARM_NARROW, 0, 1}};
  gm_alarm_options first = {.run_length = 10000}, second = {.run_length = 1e9};
  second.rank_run_length = 10000;
  for (int i = 0; i < 3; i++) {
    uint32_t voices = 0;
    double squares = mean_until(&row[i].f, &first, NULL);
    double ranks = mean_until(&row[i].f, &second, &voices);
    print_message("bias %.1f, sd %.1f: by squares after %.0f data, by ranks after %.0f\n",
                  row[i].f.bias, row[i].f.spread, squares, ranks);
    assert_true(ranks * row[i].sooner < squares);
    assert_true((voices & row[i].voice) && !(voices & row[i].never));
  }
}

/* Without being asked for it does nothing; cleared it begins anew; NaN is passed over. */
static void second_voice__is_asked_for(void **state)
{
  (void)state;
  static const double high[1] = {0.999999}, none[1] = {NAN};
  gm_alarm a;
  assert_int_equal(gm_alarm_start(NULL, NULL, &a), GM_OK);
  for (int i = 0; i < 100; i++) gm_alarm_ranks(&a, 1, high);
  assert_int_equal(a.voices, 0);
  gm_alarm_options o = {.rank_run_length = 1000};
  assert_int_equal(gm_alarm_start(NULL, &o, &a), GM_OK);
  for (int i = 0; i < 20; i++) {
    gm_alarm_feed(&a, 0, INFINITY);
    gm_alarm_ranks(&a, 1, high);
  }
  assert_int_equal(a.state, GM_ALARM_RAISED);
  assert_true(a.voices & GM_ALARM_LOW);
  gm_alarm_ranks(&a, 1, none);
  assert_int_equal(a.state, GM_ALARM_RAISED);
  gm_alarm_clear(&a);
  gm_alarm_feed(&a, 0, INFINITY);
  assert_int_equal(a.state, GM_ALARM_QUIET);
  o.rank_run_length = 1;
  assert_int_equal(gm_alarm_start(NULL, &o, &a), GM_ERANGE);
}

/* ---- ranks of a filter ----------------------------------------------------------------------- */
typedef struct {
  gm_alarm alarm;
  int64_t first, raised; /* data until the first alarm; alarms, each begun anew */
} listening;

static void listen(void *user, const gm_filter *f, const gm_filter_news *news)
{
  listening *l = user;
  (void)f;
  gm_alarm_ranks(&l->alarm, news->count, news->pit);
  if (l->alarm.state != GM_ALARM_RAISED) return;
  if (!l->raised++) l->first = llround(news->t);
  gm_alarm_clear(&l->alarm);
}

/* Particles follow a linear model of two states whose noise they think `scale` times as large. */
static listening follow(double scale)
{
  enum { TIMES = 1500 };
  static double t[TIMES], y[3 * TIMES];
  static gm_reading reading[2 * TIMES];
  gm_ctx *ctx;
  gm_model *model;
  gm_filter *f;
  listening l = {0};
  chain_config config = chain_ou2();
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_model_new(ctx, &chain_type, &config, &model), GM_OK);
  gm_sensor sensor[2] = {
      {.name = "x1", .law = GM_SENSE_NORMAL, .p0 = 1, .parameter0 = -1, .parameter1 = -1}};
  sensor[1] = sensor[0];
  sensor[1].output = 1;
  gm_system s = {.model = model, .sensor = sensor, .sensor_count = 2, .seed = 5};
  for (int i = 0; i < TIMES; i++) t[i] = i + 1;
  const uint64_t truth = 99;
  assert_int_equal(gm_system_simulate(&s, ctx, 1, NULL, &truth, t, TIMES, y, NULL), GM_OK);
  gm_key key = gm_key_make(6, GM_PURPOSE_TEST, 0, 0);
  for (int i = 0; i < 2 * TIMES; i++)
    reading[i] = (gm_reading){.t = i / 2 + 1,
                              .sensor = i % 2,
                              .value = y[i / 2 * 3 + i % 2] + gm_normal(key, 0, 0, 0, (uint64_t)i)};
  s.reading = reading;
  s.reading_count = 2 * TIMES;
  s.theta = (const double[]){scale, 0};
  gm_alarm_options o = {.run_length = 1e9, .rank_run_length = 1000};
  assert_int_equal(gm_alarm_start(ctx, &o, &l.alarm), GM_OK);
  if (gm_filter_new(ctx, &s, &(gm_filter_options){.members = 1000}, &f))
    fail_msg("%s", gm_message(ctx));
  if (gm_filter_run(f, ctx, listen, &l, NULL, NULL)) fail_msg("%s", gm_message(ctx));
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return l;
}

/* On the ranks that a filter tells: 1,500 data with the right model have 1.5 false alarms expected
 * (6 or more: chance 0.005); with two thirds of the true noise it is found out within 60 data. */
static void filter__ranks_tell_of_its_model(void **state)
{
  (void)state;
  listening right = follow(1), sure = follow(2.0 / 3);
  print_message(
      "right model: %d alarms in 1,500 data, stated one in 1,000; two thirds of the noise: "
      "after %d data, %d alarms\n",
      (int)right.raised, (int)sure.first, (int)sure.raised);
  assert_true(right.raised < 6);
  assert_true(sure.raised > 10 && sure.first < 60);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(run_length__is_as_stated),
      cmocka_unit_test(small_faults__are_heard_sooner),
      cmocka_unit_test(second_voice__is_asked_for),
      cmocka_unit_test(filter__ranks_tell_of_its_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
