/* label: full */
/* test_twin_faults.c - a sensor that is wrong teaches the twin nothing that stays. */
#include "hidden.h"

static gm_ctx *ctx;

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

/* What a unit takes off glucose in four hours: mean and sd of the belief. */
static double unit_of(t1d_twin *twin, double *sd)
{
  enum { STEPS = 48 };
  const t1d_outlook_options o = {
      .steps = STEPS, .members = 128, .basal_u_per_h = -1, .per_unit = true};
  t1d_outlook out;
  double mean = 0, square = 0;
  hidden_must(ctx, t1d_twin_outlook(twin, ctx, &o, &out));
  for (int32_t m = 0; m < out.members; m++) {
    const double x = out.per_unit_mgdl[(m + 1) * STEPS - 1];
    mean += x / out.members;
    square += x * x / out.members;
  }
  *sd = sqrt(square - mean * mean);
  return mean;
}

typedef struct {
  double after, sd; /* of a unit, three hours behind the spell */
  int32_t taken, found, flagged, readings;
  double worst; /* glucose of the twin against the truth in the three hours behind the spell */
} outcome;

typedef double wrong_reading(double truth_reading, double since_min);

static double missing(double reading, double since_min)
{
  (void)reading;
  (void)since_min;
  return NAN;
}

static double stuck_high(double reading, double since_min)
{
  (void)reading;
  (void)since_min;
  return 320;
}

static double stuck_low(double reading, double since_min)
{
  (void)reading;
  (void)since_min;
  return 45;
}

static double jumped(double reading, double since_min)
{
  (void)since_min;
  return reading + 95;
}

/* Two days are learned, then a spell of false readings from 3 h on, three hours of true ones. */
static outcome spell(int32_t number, wrong_reading *wrong, double minutes)
{
  enum { FROM = 2 * 1440 + 180 };
  hidden p;
  t1d_twin *twin;
  t1d_twin_news n;
  outcome out = {0};
  hidden_open(&p, ctx, number, NULL);
  hidden_begin(&p);
  const t1d_twin_options o = hidden_options(&p);
  hidden_must(ctx, t1d_twin_new(ctx, &o, &twin));
  for (int32_t day = 0; day < 2; day++) hidden_day(&p, twin, day, true);
  for (int32_t t = 5; t <= FROM + (int32_t)minutes + 180; t += 5) {
    const double truth = hidden_go(&p, t, NULL, 0);
    double reading = t1d_sensor_read(&p.sensor, t, truth);
    const bool now = t > FROM && t <= FROM + minutes;
    if (now) reading = wrong(reading, t - FROM);
    hidden_must(ctx, t1d_twin_step(twin, ctx, t, reading, &n));
    if (now) {
      out.readings++;
      out.taken += !isnan(n.mean_mgdl);
      out.flagged += n.faults != 0;
    }
    if (t > FROM) out.found += n.hidden_meal_g > 0;
    if (t > FROM + minutes + 30) out.worst = fmax(out.worst, fabs(n.glucose_mgdl - truth));
  }
  out.after = unit_of(twin, &out.sd);
  t1d_twin_free(twin);
  hidden_close(&p);
  return out;
}

/* What is believed afterwards is what it is where no readings came at all; the first three true
 * ones are not taken yet, so that it is not the same to the digit. */
static void teaches_nothing(const char *what, wrong_reading *wrong, double minutes)
{
  for (int32_t number = 10; number < 20; number += 3) {
    const outcome o = spell(number, wrong, minutes), gap = spell(number, missing, minutes);
    print_message(
        "%s, %s: a unit %.1f mg/dL after it, %.1f+-%.1f after as long without readings; %d "
        "of %d taken, %d flagged; glucose within %.0f (%.0f) mg/dL behind it\n",
        t1d_subject_at(number)->id, what, o.after, gap.after, gap.sd, (int)o.taken, (int)o.readings,
        (int)o.flagged, o.worst, gap.worst);
    assert_true(fabs(o.after - gap.after) < 0.25 * gap.sd);
    assert_int_equal(o.taken, 0);
    assert_int_equal(o.found, 0);
    assert_true(o.flagged >= o.readings - 2); /* of a jump the first may pass for a rise */
    assert_true(o.worst < gap.worst + 15);
  }
}

/* Three hours at 320 mg/dL from 100 to 150 make no meal and no resistance to insulin. */
static void stuck_high__teaches_nothing(void **state)
{
  (void)state;
  teaches_nothing("stuck at 320", stuck_high, 180);
}

static void stuck_low__teaches_nothing(void **state)
{
  (void)state;
  teaches_nothing("stuck at 45", stuck_low, 180);
}

/* A sensor that reads 95 mg/dL too much for four hours looks alive: only its step tells. */
static void jump__teaches_nothing(void **state)
{
  (void)state;
  teaches_nothing("95 too high", jumped, 240);
}

/* A meal that nobody told while the sensor was silent for an hour is no step of the sensor: of the
 * readings behind the gap at most the first is held out, and glucose is found. */
static void gap__is_no_step(void **state)
{
  (void)state;
  enum { ATE = 1440 + 660 };
  for (int32_t number = 10; number < 20; number += 3) {
    hidden p;
    t1d_twin *twin;
    t1d_twin_news n = {0};
    int32_t held = 0;
    hidden_open(&p, ctx, number, NULL);
    hidden_begin(&p);
    const t1d_twin_options o = hidden_options(&p);
    hidden_must(ctx, t1d_twin_new(ctx, &o, &twin));
    hidden_must(ctx, t1d_course_meal(p.course, ctx, ATE, 90));
    double truth = NAN;
    for (int32_t t = 5; t <= ATE + 150; t += 5) {
      truth = hidden_go(&p, t, NULL, 0);
      const double reading = t1d_sensor_read(&p.sensor, t, truth);
      const bool silent = t > ATE && t <= ATE + 60;
      hidden_must(ctx, t1d_twin_step(twin, ctx, t, silent ? NAN : reading, &n));
      held += t > ATE + 60 && !n.taken;
    }
    print_message("%s: %d readings behind the gap held out; glucose %.0f+-%.0f, truly %.0f mg/dL\n",
                  p.subject->id, (int)held, n.glucose_mgdl, n.glucose_sd_mgdl, truth);
    assert_true(held <= 3);
    assert_true(fabs(n.glucose_mgdl - truth) < 45); /* four times what the sensor errs by */
    t1d_twin_free(twin);
    hidden_close(&p);
  }
}

/* Readings at an end of the range are bounds: the twin's glucose stays beyond them with a spread
 * that grows, and no correction is learned. */
static void clamp__is_a_bound(void **state)
{
  (void)state;
  hidden p;
  t1d_twin *twin;
  t1d_twin_news n = {0};
  hidden_open(&p, ctx, 10, NULL);
  hidden_begin(&p);
  const t1d_twin_options o = hidden_options(&p);
  hidden_must(ctx, t1d_twin_new(ctx, &o, &twin));
  hidden_must(ctx, t1d_course_meal(p.course, ctx, 600, 250));
  hidden_must(ctx, t1d_twin_meal(twin, ctx, 600, 250));
  double error = 0, square = 0;
  int32_t beyond = 0;
  for (int32_t t = 5; t <= 1200; t += 5) {
    const double truth = hidden_go(&p, t, NULL, 0);
    const double reading = fmin(t1d_sensor_read(&p.sensor, t, truth), 400);
    hidden_must(ctx, t1d_twin_step(twin, ctx, t, reading, &n));
    if (truth < 430) continue;
    beyond++;
    error += n.glucose_mgdl - truth;
    square += pow((n.glucose_mgdl - truth) / n.glucose_sd_mgdl, 2);
  }
  print_message(
      "above 430 mg/dL for %d readings of 400: the twin's mean error %.0f mg/dL, %.1f sd\n",
      (int)beyond, error / beyond, sqrt(square / beyond));
  assert_true(beyond >= 12);
  assert_true(sqrt(square / beyond) < 2.5);
  t1d_twin_free(twin);
  hidden_close(&p);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(stuck_high__teaches_nothing), cmocka_unit_test(stuck_low__teaches_nothing),
      cmocka_unit_test(jump__teaches_nothing),       cmocka_unit_test(gap__is_no_step),
      cmocka_unit_test(clamp__is_a_bound),
  };
  return cmocka_run_group_tests(test, begin, end);
}
