/* Schedules against formulas: one compartment (k = CL/V = 0.1 /h), every value a sum of
 * exponentials written down in the test. */
#include "gemel/equations.h"
#include "gemel/schedule.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "model pk\n"
                           "  KA = 1.5; CL = 2; V = 20\n"
                           "  depot = 0; cent = 0\n"
                           "  depot' = -KA*depot\n"
                           "  cent' = KA*depot - CL/V*cent\n"
                           "end\n";
static const gm_eq_output output[] = {{.name = "A", .expression = "cent", .where = "test"}};
static const gm_eq_config config = {.text = text, .output = output, .output_count = 1};

enum { CENT = 1, SAMPLES_MAX = 32, PAST = 400 };
static const double K = 0.1;
static gm_ctx *ctx;
static gm_model *model;
static gm_runner *runner;

static int begin(void **state)
{
  (void)state;
  if (gm_ctx_new(NULL, &ctx)) return -1;
  if (gm_model_new(ctx, &gm_equations, &config, &model)) return -1;
  return gm_runner_new(ctx, model, NULL, &runner) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_runner_free(runner);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return 0;
}

/* Amount so long after a bolus of 1. */
static double bolus(double since) { return since < 0 ? 0 : exp(-K * since); }

/* Amount so long after the beginning of an infusion at rate 1. */
static double infusion(double duration, double since)
{
  if (since <= 0) return 0;
  if (since <= duration) return (1 - exp(-K * since)) / K;
  return (1 - exp(-K * duration)) / K * exp(-K * (since - duration));
}

typedef struct {
  const gm_event *event;
  const gm_effect *effect;
  const double *sample;
  const int32_t *order;
  int32_t event_count, sample_count;
} course;

static gm_status course_run(gm_ctx *c, gm_runner *r, const course *q, double *y)
{
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_end = q->sample[q->sample_count - 1],
                           .event = q->event,
                           .effect = q->effect,
                           .sample = q->sample,
                           .sample_order = q->order,
                           .event_count = q->event_count,
                           .sample_count = q->sample_count,
                           .port_count = 2};
  double theta[3] = {1.5, 2, 20};
  int8_t status = 0;
  gm_run run = {.n = 1, .timeline = &timeline, .theta = theta, .y = y, .status = &status};
  gm_status s = gm_timeline_build(c, &spec, &timeline);
  if (!s) s = gm_runner_run(r, c, &run);
  if (!s && status) s = gm_fail(c, GM_ENUMERIC, "status %d", (int)status);
  gm_timeline_free(&timeline);
  return s;
}

/* Runs and compares with want, to 1e-9 of the largest value. */
static void expect(const course *q, const double *want)
{
  double y[SAMPLES_MAX], size = 1;
  if (course_run(ctx, runner, q, y)) fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < q->sample_count; i++) size = fmax(size, fabs(want[i]));
  for (int32_t i = 0; i < q->sample_count; i++)
    if (!(fabs(y[i] - want[i]) <= 1e-9 * size))
      fail_msg("sample %d at %g: %.12g, the formula gives %.12g", (int)i, q->sample[i], y[i],
               want[i]);
}

static gm_event dose(double t, double amount, int32_t order)
{
  return (gm_event){
      .t = t, .amount = amount, .port = CENT, .input = -1, .order = order, .kind = GM_EVENT_DOSE};
}

/* ---- resets ---------------------------------------------------------------------------------- */
/* EVID 3 takes what is in the body and every dose that ADDL still had to give. */
static void reset__cancels_additional_doses(void **state)
{
  (void)state;
  gm_event e[2] = {dose(0, 100, 0), {.t = 30, .order = 1, .kind = GM_EVENT_RESET}};
  e[0].additional = 10;
  e[0].interval = 12;
  const double t[] = {29, 31, 36, 60, 121};
  double want[5] = {100 * (bolus(29) + bolus(17) + bolus(5))};
  expect(&(course){.event = e, .event_count = 2, .sample = t, .sample_count = 5}, want);
}

/* EVID 4 cancels a dose on its way (lag), one that runs and those to come; its own dose, with its
 * own lag and its own additional doses, is given. */
static void reset_dose__cancels_others_and_gives_its_own(void **state)
{
  (void)state;
  gm_event e[4] = {dose(0, 40, 0), dose(25, 100, 1), dose(28, 60, 2), dose(30, 50, 3)};
  e[0].additional = 5;
  e[0].interval = 8;
  e[1].rate = 10; /* until 35 */
  e[3].kind = GM_EVENT_RESET_DOSE;
  e[3].additional = 1;
  e[3].interval = 20;
  gm_effect f[4] = {gm_effect_none(), gm_effect_none(), gm_effect_none(), gm_effect_none()};
  f[2].lag = 5;
  f[3].lag = 2;
  const double t[] = {29, 31, 33, 34, 40, 53, 70};
  double want[7] = {40 * (bolus(29) + bolus(21) + bolus(13) + bolus(5)) + 10 * infusion(10, 4)};
  for (int i = 1; i < 7; i++) want[i] = 50 * (bolus(t[i] - 32) + bolus(t[i] - 52));
  expect(&(course){e, f, t, NULL, 4, 7}, want);
}

/* An infusion still on its way at a reset (lag) does not begin after it. */
static void reset__cancels_a_lagged_infusion(void **state)
{
  (void)state;
  gm_event e[2] = {dose(0, 100, 0), {.t = 3, .order = 1, .kind = GM_EVENT_RESET}};
  e[0].rate = 20;
  gm_effect f[2] = {{4, 1, 0, 0, 0}, gm_effect_none()};
  const double t[] = {3, 5, 20}, want[3] = {0, 0, 0};
  expect(&(course){e, f, t, NULL, 2, 3}, want);
}

/* EVID 8 puts the compartment's content at its amount; what runs and what is to come goes on. */
static void replace__sets_the_state_and_nothing_else(void **state)
{
  (void)state;
  gm_event e[4] = {dose(0, 100, 0),
                   dose(5, 80, 1),
                   dose(8, 30, 2),
                   {.t = 10, .amount = 70, .port = CENT, .order = 3, .kind = GM_EVENT_REPLACE}};
  e[1].rate = 8; /* until 15 */
  gm_effect f[4] = {gm_effect_none(), gm_effect_none(), {4, 1, 0, 0, 0}, gm_effect_none()};
  const double t[] = {9, 10, 11, 13, 20};
  const int32_t order[] = {9, 9, 9, 9, 9};
  double want[5] = {100 * bolus(9) + 8 * infusion(10, 4), 70};
  for (int i = 2; i < 5; i++)
    want[i] = 70 * bolus(t[i] - 10) + 8 * infusion(5, t[i] - 10) + 30 * bolus(t[i] - 12);
  expect(&(course){e, f, t, order, 4, 5}, want);
}

/* A dose that clears a state: it is 0 just before the dose arrives, late by the lag, and before
 * that of each dose of ADDL; a dose that a reset drops clears nothing. A bolus into what it clears
 * is all that is there. */
static void dose__may_clear_a_state(void **state)
{
  (void)state;
  gm_event e[] = {dose(0, 100, 0), dose(5, 20, 1)};
  e[1].additional = 2;
  e[1].interval = 6;
  gm_effect f[] = {gm_effect_none(), gm_effect_none()};
  f[1].lag = 1; /* at 6, 12, 18 */
  f[1].clears = CENT + 1;
  const double t[] = {5, 6, 11, 12, 20};
  const double want[] = {100 * bolus(5), 20, 20 * bolus(5), 20, 20 * bolus(2)};
  expect(&(course){e, f, t, NULL, 2, 5}, want);
  gm_event r[] = {dose(0, 100, 0), dose(5, 20, 1), dose(5.5, 70, 2)};
  r[2].kind = GM_EVENT_RESET_DOSE; /* before the second dose arrives */
  gm_effect g[] = {gm_effect_none(), f[1], gm_effect_none()};
  const double u[] = {5.5, 6, 9};
  const double left[] = {70, 70 * bolus(0.5), 70 * bolus(3.5)};
  expect(&(course){r, g, u, NULL, 3, 3}, left);
}

/* What cannot be is refused by name. */
static void dose__clears_are_checked(void **state)
{
  (void)state;
  gm_event e = dose(0, 100, 0);
  gm_effect f = gm_effect_none();
  const double t[] = {1};
  double y[1];
  f.clears = 3;
  assert_int_equal(course_run(ctx, runner, &(course){&e, &f, t, NULL, 1, 1}, y), GM_ERANGE);
  f.clears = 1;
  e.steady = 1;
  e.interval = 12;
  assert_int_equal(course_run(ctx, runner, &(course){&e, &f, t, NULL, 1, 1}, y), GM_EUNSUPPORTED);
}

/* ---- equal times ----------------------------------------------------------------------------- */
/* A trough drawn at the time of a dose, recorded before it, sees the state without the dose; a
 * sample recorded after it sees the dose. */
static void sample__order_decides_at_equal_times(void **state)
{
  (void)state;
  const gm_event e[] = {dose(0, 100, 0), dose(24, 100, 2)};
  const double t[] = {24, 24, 25};
  const int32_t order[] = {1, 3, 4};
  const double want[] = {100 * bolus(24), 100 * (bolus(24) + 1), 100 * (bolus(25) + bolus(1))};
  expect(&(course){e, NULL, t, order, 2, 3}, want);
}

/* The same when an infusion ends at that very time, and when two doses lie between two samples. */
static void sample__order_decides_where_an_infusion_ends(void **state)
{
  (void)state;
  gm_event e[] = {dose(20, 40, 0), dose(24, 100, 2), dose(24, 7, 4)};
  e[0].rate = 10; /* until 24 */
  const double t[] = {24, 24, 24, 30};
  const int32_t order[] = {1, 3, 5, 6};
  double a = 10 * infusion(4, 4);
  const double want[] = {a, a + 100, a + 107, 10 * infusion(4, 10) + 107 * bolus(6)};
  expect(&(course){e, NULL, t, order, 3, 4}, want);
}

/* Without orders a sample sees everything of its time. */
static void sample__without_order_comes_last(void **state)
{
  (void)state;
  const gm_event e[] = {dose(0, 100, 0), dose(24, 100, 2)};
  const double t[] = {0, 24}, want[] = {100, 100 * (bolus(24) + 1)};
  expect(&(course){.event = e, .event_count = 2, .sample = t, .sample_count = 2}, want);
}

/* Two infusions that overlap add up, and the port's rate comes back to exactly nothing. */
static void infusion__overlapping_ones_add(void **state)
{
  (void)state;
  gm_event e[] = {dose(0, 40, 0), dose(2, 30, 1)};
  e[0].rate = 10;
  e[1].duration = 6;
  gm_effect f[] = {{0, 0.5, 0, 0, 0}, {1, 1, 0, 0, 0}}; /* half of it: lasts 2 h; a lag of 1 h */
  const double t[] = {1, 2, 4, 9, 30};
  double want[5];
  for (int i = 0; i < 5; i++) want[i] = 10 * infusion(2, t[i]) + 5 * infusion(6, t[i] - 3);
  expect(&(course){e, f, t, NULL, 2, 5}, want);
}

/* ---- steady states --------------------------------------------------------------------------- */
/* All doses of the past (recorded every interval for ever) and the one at hand, arriving after the
 * lag; duration 0: bolus. */
static double steady_sum(double since, double lag, double interval, double duration)
{
  double sum = 0;
  for (int j = PAST; j >= 0; j--) {
    double s = since - lag + j * interval;
    sum += duration > 0 ? infusion(duration, s) : bolus(s);
  }
  return sum;
}

static void steady_case(double lag, double interval, double duration)
{
  gm_event e = dose(0, duration > 0 ? 20 * duration : 20, 0);
  e.steady = 1;
  e.interval = interval;
  e.rate = duration > 0 ? 20 : 0;
  gm_effect f = {lag, 1, 0, 0, 0};
  double t[] = {0, 0.5, 3, 7, 11, 19, 23, 37, 61}, want[9];
  for (int i = 0; i < 9; i++) want[i] = 20 * steady_sum(t[i], lag, interval, duration);
  expect(&(course){&e, &f, t, NULL, 1, 9}, want);
}

/* A lag shorter and longer than the interval: doses recorded before the present one still come. */
static void steady__lag_may_be_longer_than_the_interval(void **state)
{
  (void)state;
  steady_case(5, 12, 0);
  steady_case(17, 12, 0);
  steady_case(30, 12, 0);
}

/* A lag of exactly one or two intervals: the dose of the past that arrives at the record's own time
 * is there from that time on. */
static void steady__lag_may_be_a_multiple_of_the_interval(void **state)
{
  (void)state;
  steady_case(12, 12, 0);
  steady_case(24, 12, 0);
  steady_case(12, 12, 4);
}

/* An infusion longer than the interval: several run at once, before and after the record. */
static void steady__infusion_may_be_longer_than_the_interval(void **state)
{
  (void)state;
  steady_case(0, 12, 4);
  steady_case(0, 12, 12);
  steady_case(0, 12, 18);
  steady_case(0, 12, 30);
  steady_case(0, 12, 36);
  steady_case(5, 12, 30);
  steady_case(17, 12, 30);
}

/* SS = 2 adds the steady state to what is there. */
static void steady__two_adds(void **state)
{
  (void)state;
  gm_event e[] = {dose(0, 300, 0), dose(10, 20, 1)};
  e[1].steady = 2;
  e[1].interval = 12;
  const double t[] = {9, 10, 15, 40};
  double want[4] = {300 * bolus(9)};
  for (int i = 1; i < 4; i++) want[i] = 300 * bolus(t[i]) + 20 * steady_sum(t[i] - 10, 0, 12, 0);
  expect(&(course){.event = e, .event_count = 2, .sample = t, .sample_count = 4}, want);
}

/* SS = 1 clears what is there, also a dose on its way. */
static void steady__one_clears(void **state)
{
  (void)state;
  gm_event e[] = {dose(0, 300, 0), dose(8, 50, 1), dose(10, 20, 2)};
  e[2].steady = 1;
  e[2].interval = 12;
  gm_effect f[] = {gm_effect_none(), {6, 1, 0, 0, 0}, gm_effect_none()};
  const double t[] = {10, 15, 40};
  double want[3];
  for (int i = 0; i < 3; i++) want[i] = 20 * steady_sum(t[i] - 10, 0, 12, 0);
  expect(&(course){e, f, t, NULL, 3, 3}, want);
}

/* A constant infusion that has run for ever has filled the body to rate/k, and ends at its record
 * (NM-TRAN: SS = 1, AMT = 0, II = 0). */
static void steady__constant_infusion_is_rate_over_k(void **state)
{
  (void)state;
  gm_event e = dose(0, 0, 0);
  e.steady = 1;
  e.rate = 6;
  const double t[] = {0, 10}, want[] = {60, 60 * exp(-1)};
  expect(&(course){.event = &e, .event_count = 1, .sample = t, .sample_count = 2}, want);
}

/* ---- refusals -------------------------------------------------------------------------------- */
static void refused(gm_event e, gm_status want, const char *word)
{
  gm_message_clear(ctx);
  gm_status s = gm_schedule_check(ctx, &e, 1, 2);
  if (s != want) fail_msg("%s: %s, %s expected", word, gm_status_name(s), gm_status_name(want));
  if (!strstr(gm_message(ctx), "record 7") || !strstr(gm_message(ctx), word))
    fail_msg("message \"%s\": record 7 and \"%s\" expected", gm_message(ctx), word);
}

/* What cannot be given is refused, with the record's number and what is wrong. */
static void schedule__bad_records_are_refused_by_number(void **state)
{
  (void)state;
  gm_event e = dose(1, 10, 7);
  assert_int_equal(GM_OK, gm_schedule_check(ctx, &e, 1, 2));
  e.t = NAN, refused(e, GM_EDOMAIN, "time"), e.t = 1;
  e.amount = -1, refused(e, GM_EDOMAIN, "amount");
  e.amount = INFINITY, refused(e, GM_EDOMAIN, "amount"), e.amount = 10;
  e.rate = -3, refused(e, GM_EDOMAIN, "rate"), e.rate = 0;
  e.duration = NAN, refused(e, GM_EDOMAIN, "duration"), e.duration = 0;
  e.port = 2, refused(e, GM_ERANGE, "compartment 3");
  e.port = -1, refused(e, GM_ERANGE, "compartment 0"), e.port = CENT;
  e.additional = -1, refused(e, GM_ERANGE, "ADDL");
  e.additional = 2, refused(e, GM_EDOMAIN, "II");
  e.interval = INFINITY, refused(e, GM_EDOMAIN, "II"), e.interval = e.additional = 0;
  e.steady = 3, refused(e, GM_ERANGE, "SS");
  e.steady = 1, refused(e, GM_EDOMAIN, "II"), e.steady = 0;
  e.kind = GM_EVENT_REPLACE, e.amount = NAN, refused(e, GM_EDOMAIN, "amount");
}

/* Records out of order and effects that cannot be are refused by number too, and a dose before the
 * beginning is not passed over. */
static void timeline__refuses_what_it_cannot_place(void **state)
{
  (void)state;
  gm_event e[] = {dose(5, 10, 3), dose(4, 10, 4)};
  const double t[] = {9};
  double y[1];
  course q = {e, NULL, t, NULL, 2, 1};
  assert_int_equal(GM_EDOMAIN, course_run(ctx, runner, &q, y));
  assert_non_null(strstr(gm_message(ctx), "record 4"));
  const gm_effect bad[] = {
      {-1, 1, 0, 0, 0}, {NAN, 1, 0, 0, 0}, {0, -1, 0, 0, 0}, {0, INFINITY, 0, 0, 0}};
  for (int i = 0; i < 4; i++) {
    q = (course){e, &bad[i], t, NULL, 1, 1};
    assert_int_equal(GM_EDOMAIN, course_run(ctx, runner, &q, y));
    assert_non_null(strstr(gm_message(ctx), "record 3"));
  }
  e[0].t = -1;
  q = (course){e, NULL, t, NULL, 1, 1};
  assert_int_equal(GM_EDOMAIN, course_run(ctx, runner, &q, y));
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status timeline_trial(gm_ctx *c, void *user)
{
  const course *q = user;
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_end = 60,
                           .event = q->event,
                           .sample = q->sample,
                           .event_count = q->event_count,
                           .sample_count = q->sample_count,
                           .port_count = 2};
  gm_status s = gm_timeline_build(c, &spec, &timeline);
  gm_timeline_free(&timeline);
  return s;
}

static gm_status run_trial(gm_ctx *c, void *user)
{
  gm_model *m;
  gm_runner *r;
  double y[SAMPLES_MAX];
  gm_status s = gm_model_new(c, &gm_equations, &config, &m);
  if (s) return s;
  s = gm_runner_new(c, m, NULL, &r);
  if (!s) {
    s = course_run(c, r, user, y);
    gm_runner_free(r);
  }
  gm_model_free(m);
  return s;
}

/* Every allocation of a timeline, a runner and a run may fail: GM_ENOMEM, and nothing is left. */
static void memory__running_out_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  gm_event e[20];
  for (int i = 0; i < 20; i++) {
    e[i] = dose(2 * i, 10, i);
    e[i].rate = 1; /* so many run at once that every list grows */
  }
  e[3].steady = 2;
  e[3].interval = 6;
  e[19].additional = 60;
  e[19].interval = 0.25;
  const double t[] = {1, 20, 50};
  course q = {e, NULL, t, NULL, 20, 3};
  assert_true(fault_sweep("timeline", timeline_trial, &q) >= 5);
  assert_true(fault_sweep("run", run_trial, &q) >= 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reset__cancels_additional_doses),
      cmocka_unit_test(reset_dose__cancels_others_and_gives_its_own),
      cmocka_unit_test(reset__cancels_a_lagged_infusion),
      cmocka_unit_test(replace__sets_the_state_and_nothing_else),
      cmocka_unit_test(dose__may_clear_a_state),
      cmocka_unit_test(dose__clears_are_checked),
      cmocka_unit_test(sample__order_decides_at_equal_times),
      cmocka_unit_test(sample__order_decides_where_an_infusion_ends),
      cmocka_unit_test(sample__without_order_comes_last),
      cmocka_unit_test(infusion__overlapping_ones_add),
      cmocka_unit_test(steady__lag_may_be_longer_than_the_interval),
      cmocka_unit_test(steady__lag_may_be_a_multiple_of_the_interval),
      cmocka_unit_test(steady__infusion_may_be_longer_than_the_interval),
      cmocka_unit_test(steady__two_adds),
      cmocka_unit_test(steady__one_clears),
      cmocka_unit_test(steady__constant_infusion_is_rate_over_k),
      cmocka_unit_test(schedule__bad_records_are_refused_by_number),
      cmocka_unit_test(timeline__refuses_what_it_cannot_place),
      cmocka_unit_test(memory__running_out_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
