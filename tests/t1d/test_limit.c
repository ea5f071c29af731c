/* Every rule between a controller and the pump by itself; and whatever a controller says, what is
 * given lies inside all limits. */
#include "t1d_limit.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { N = 37 };
static const double now = 1000;

typedef struct {
  double t[N], g[N];
  t1d_given given[96];
  t1d_told_meal meal[8];
  t1d_therapy therapy;
  t1d_limits limits;
  t1d_view view;
} bed;

/* An adult whose glucose rises slowly to 129 mg/dL, with basal insulin by the profile, 1 U/h. */
static void lay(bed *b)
{
  memset(b, 0, sizeof *b);
  b->therapy = (t1d_therapy){.group = T1D_ADULT,
                             .bw_kg = 70,
                             .daily_dose_u = 48,
                             .cr_g_per_u = 10,
                             .cf_mgdl_per_u = 40,
                             .target_mgdl = 110};
  for (int i = 0; i < 24; i++) b->therapy.basal_u_per_h[i] = 1;
  t1d_limits_of(&b->therapy, &b->limits);
  for (int i = 0; i < N; i++) {
    b->t[i] = now - 5 * (N - 1 - i);
    b->g[i] = 120 + 0.25 * i;
  }
  for (int i = 0; i < 96; i++) b->given[i] = (t1d_given){now - 5 * (96 - i), 5, 5 / 60., 0};
  b->view = (t1d_view){.now_min = now,
                       .step_min = 5,
                       .cgm = {b->t, b->g, N},
                       .given = b->given,
                       .given_count = 96,
                       .meal = b->meal,
                       .therapy = &b->therapy};
}

static void tell(bed *b, double ago_min, double carbs_g)
{
  b->meal[b->view.meal_count++] = (t1d_told_meal){now - ago_min, now - ago_min, carbs_g};
}

static t1d_command ask(bed *b, double basal, double bolus, uint32_t *bits)
{
  t1d_command c = {basal, bolus, "asked"};
  t1d_limit_apply(&b->limits, &b->view, &c, bits);
  return c;
}

#define HAS(bits, name) (((bits)&T1D_LIMIT_BIT(T1D_LIMIT_##name)) != 0)

/* What lies inside all limits goes through as it is, and nothing is said of it. */
static void limit__leaves_the_modest(void **state)
{
  (void)state;
  bed b;
  uint32_t bits = 1;
  lay(&b);
  t1d_command c = ask(&b, 1.7, 0.3, &bits);
  assert_true(c.basal_u_per_h == 1.7 && c.bolus_u == 0.3);
  assert_int_equal(bits, 0);
  assert_string_equal(c.reason, "asked");
  assert_int_equal(t1d_limit_signs(&b.limits, &b.view), 0);
}

/* oref0: three times the highest basal rate of the day, four times the present one; AndroidAPS:
 * 10 U/h for an adult. */
static void basal__three_times_highest_four_times_now(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  assert_true(ask(&b, 9, 0, &bits).basal_u_per_h == 3);
  assert_true(HAS(bits, BASAL));
  b.therapy.basal_u_per_h[(int)(now / 60)] = 0.5;
  t1d_limits_of(&b.therapy, &b.limits);
  for (int i = 0; i < 96; i++) b.given[i].basal_u = t1d_basal_at(&b.therapy, b.given[i].t_min) / 12;
  assert_true(ask(&b, 9, 0, &bits).basal_u_per_h == 2);
  for (int i = 0; i < 24; i++) b.therapy.basal_u_per_h[i] = 5;
  t1d_limits_of(&b.therapy, &b.limits);
  assert_true(b.limits.basal_max_u_per_h == 10);
}

/* oref0: without a meal at most thirty minutes of basal at once. */
static void microbolus__thirty_minutes_of_basal(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  assert_true(ask(&b, 1, 4, &bits).bolus_u == 0.5);
  assert_true(HAS(bits, MICRO));
}

/* A meal's bolus may exceed carbohydrate / ratio by half and thirty minutes of basal. */
static void meal__bolus_by_its_carbohydrate(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  tell(&b, 0, 60);
  assert_true(ask(&b, 1, 8, &bits).bolus_u == 8);
  assert_int_equal(bits, 0);
  assert_true(ask(&b, 1, 12, &bits).bolus_u == 9.5);
  assert_true(HAS(bits, BOLUS));
}

/* AndroidAPS, hard limits: bolus 5, 10, 17 U for a child, a teenager, an adult. */
static void bolus__hard_limit_of_the_group(void **state)
{
  (void)state;
  static const struct {
    t1d_group group;
    double most, iob;
  } row[] = {{T1D_CHILD, 5, 7}, {T1D_ADOLESCENT, 10, 13}, {T1D_ADULT, 17, 22}};
  for (int i = 0; i < 3; i++) {
    bed b;
    uint32_t bits;
    lay(&b);
    b.therapy.group = row[i].group;
    b.therapy.cr_g_per_u = 2;
    b.therapy.daily_dose_u = i == 0 ? 29 : (i == 1 ? 59 : 89);
    t1d_limits_of(&b.therapy, &b.limits);
    assert_true(b.limits.iob_max_u <= row[i].iob);
    b.limits.iob_max_u = row[i].iob;
    tell(&b, 0, 100);
    assert_true(ask(&b, 1, 30, &bits).bolus_u == row[i].most);
    assert_true(HAS(bits, BOLUS));
  }
}

/* Insulin on board and a bolus together stay below the maximum; above it the profile goes on. */
static void iob__at_most_its_maximum(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.limits.iob_max_u = 5;
  b.given[95].bolus_u = 4.8; /* 5 min ago, before the delay of 10 min: all of it on board */
  t1d_command c = ask(&b, 3, 0.5, &bits);
  assert_true(fabs(c.bolus_u - 0.2) < 1e-9 && fabs(c.basal_u_per_h - 1) < 1e-9);
  assert_true(HAS(bits, IOB));
  b.given[95].bolus_u = 9;
  c = ask(&b, 3, 0.5, &bits);
  assert_true(c.bolus_u == 0 && fabs(c.basal_u_per_h - 1) < 1e-12);
}

/* A reading below 70: nothing. */
static void low__suspends(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  for (int i = 0; i < N; i++) b.g[i] = 60 + 0.25 * i;
  t1d_command c = ask(&b, 1, 0.5, &bits);
  assert_true(c.basal_u_per_h == 0 && c.bolus_u == 0);
  assert_true(HAS(bits, LOW));
  assert_non_null(strstr(c.reason, "low"));
}

/* 110 mg/dL falling 1.5 a minute is 65 in half an hour: nothing. Falling 1 a minute it is 80. */
static void falling__suspends(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  for (int k = 0; k < 2; k++) {
    const double slope = k ? 1 : 1.5;
    lay(&b);
    for (int i = 0; i < N; i++) b.g[i] = 110 + slope * (now - b.t[i]);
    t1d_command c = ask(&b, 1, 0.5, &bits);
    assert_true(k ? c.basal_u_per_h == 1 && c.bolus_u == 0.5
                  : c.basal_u_per_h == 0 && c.bolus_u == 0);
    assert_true(HAS(bits, FALLING) == !k);
  }
}

/* With low glucose an announced meal gets less than by its ratio: what is missing up to the target
 * is taken off, (110 - 62) / 40 U. */
static void low__meal_less_what_is_missing(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  for (int i = 0; i < N; i++) b.g[i] = 62 + (i % 2 ? 2 : 0); /* newest 62, no trend */
  tell(&b, 0, 60);
  t1d_command c = ask(&b, 1, 8, &bits);
  assert_true(c.basal_u_per_h == 0 && c.bolus_u < 6 - 48 / 40. + 0.1 && c.bolus_u > 4);
  assert_true(HAS(bits, LOW));
}

/* Loop refuses data older than 15 min: no more than the profile. */
static void stale__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.view.cgm.count = N - 3; /* 15 min old: still good */
  assert_true(ask(&b, 2, 0.4, &bits).basal_u_per_h == 2);
  b.view.now_min = now + 2;
  t1d_command c = ask(&b, 2, 0.4, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, STALE));
  assert_true(ask(&b, 0.2, 0, &bits).basal_u_per_h == 0.2);
}

/* Control-IQ falls back to the profile after 20 min: no more than it, but less where less was asked
 * for; a meal is still covered by hand. */
static void silent__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.view.cgm.count = N - 5;
  t1d_command c = ask(&b, 0, 0.4, &bits);
  assert_true(c.basal_u_per_h == 0 && c.bolus_u == 0 && HAS(bits, SILENT));
  c = ask(&b, 3, 0.4, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, SILENT));
  tell(&b, 0, 40);
  assert_true(ask(&b, 3, 9, &bits).bolus_u == 4);
  b.view.cgm.count = 0;
  assert_true(ask(&b, 3, 9, &bits).basal_u_per_h == 1);
}

/* A sensor that falls silent at 45 mg/dL, or on the way down: nothing says that it is over, so
 * basal stays off for an hour after the last reading; then the profile, and never more than was
 * asked. */
static void low_then_silent__stays_off_for_an_hour(void **state)
{
  (void)state;
  static const double last[2][4] = {{75, 65, 55, 45}, {125, 115, 105, 95}};
  for (int k = 0; k < 2; k++)
    for (int ago = 0; ago <= 120; ago += 5) {
      bed b;
      uint32_t bits;
      lay(&b);
      for (int i = 0; i < N; i++) b.t[i] -= ago;
      for (int i = 0; i < 4; i++) b.g[N - 4 + i] = last[k][i];
      for (int i = 0; i < N - 4; i++) b.g[i] = last[k][0];
      const t1d_command most = ask(&b, 3, 0.5, &bits);
      assert_true(most.bolus_u == 0 && most.basal_u_per_h == (ago <= 60 ? 0 : 1));
      assert_true(HAS(bits, LOW) == (k == 0 && ago <= 60));
      assert_true(HAS(bits, FALLING) == (k == 1 && ago <= 60));
      assert_true(ask(&b, 0.4, 0, &bits).basal_u_per_h == (ago <= 60 ? 0 : 0.4));
      assert_true(ask(&b, 0, 0, &bits).basal_u_per_h == 0);
    }
}

/* Readings in mmol/L taken for mg/dL are no readings. */
static void mmol__is_silence(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  for (int i = N - 6; i < N; i++) b.g[i] /= 18;
  t1d_command c = ask(&b, 3, 0.4, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, SILENT));
}

/* A clock that jumped forward (readings of the future) or back (out of order). */
static void clock__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  for (int k = 0; k < 2; k++) {
    lay(&b);
    for (int i = N - 2; i < N; i++) b.t[i] += k ? 60 : -60;
    t1d_command c = ask(&b, 3, 0.5, &bits);
    assert_true(c.basal_u_per_h <= 1 && c.bolus_u == 0 && HAS(bits, CLOCK));
  }
}

/* The clock goes back by an hour: readings and entries of the future. It heals in 20 min, when the
 * trend is made of new readings alone, and not later; forward the same, seen by the entries. */
static void clock__heals_in_twenty_minutes(void **state)
{
  (void)state;
  for (int by = -60; by <= 60; by += 120)
    for (int since = 0; since <= 30; since += 5) { /* minutes since the clock was moved */
      bed b;
      uint32_t bits;
      lay(&b);
      for (int i = 0; i < N; i++)
        if (b.t[i] < now - since - 1) b.t[i] -= by;
      for (int i = 0; i < 96; i++)
        if (b.given[i].t_min < now - since - 1) b.given[i].t_min -= by;
      const t1d_command c = ask(&b, 2, 0.4, &bits);
      assert_true(HAS(bits, CLOCK) == (since < 20));
      assert_true(c.basal_u_per_h == (since < 20 ? 1 : 2));
    }
}

/* The newest reading of all is a low one, by a clock that runs ahead of ours: it counts. */
static void low_of_the_future__suspends(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.t[N - 1] += 30;
  b.g[N - 1] = 60;
  const t1d_command c = ask(&b, 1, 0.4, &bits);
  assert_true(c.basal_u_per_h == 0 && c.bolus_u == 0 && HAS(bits, LOW) && HAS(bits, CLOCK));
}

/* One meal of 60 g, eight units an hour ago. The clock goes back, and the hour comes by again: the
 * announcement is a new one by the clock, but it has had its bolus. A meal that had none has one.
 */
static void meal_of_an_hour_lived_twice__no_second_bolus(void **state)
{
  (void)state;
  for (int answered = 0; answered < 2; answered++) {
    bed b;
    uint32_t bits;
    lay(&b);
    for (int i = 0; i < 72; i++) b.given[i].t_min = now - 5 * (72 - i) + 60; /* until the move */
    for (int i = 72; i < 96; i++) b.given[i].t_min = now - 5 * (96 - i);
    tell(&b, 0, 60); /* told at the time of entry 60, which is now again */
    assert_true(b.given[60].t_min == now);
    b.given[60].bolus_u = answered ? 6 : 0.1;
    assert_true((ask(&b, 1, 6, &bits).bolus_u <= 0.5) == answered);
  }
}

/* oref0: a jump of more than 20 %: no microbolus, the basal rate may still rise. */
static void jump__no_microbolus(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.g[N - 1] = b.g[N - 2] * 1.3;
  t1d_command c = ask(&b, 2, 0.4, &bits);
  assert_true(c.bolus_u == 0 && c.basal_u_per_h == 2 && HAS(bits, JUMP));
  b.g[N - 1] = b.g[N - 2] * 1.15;
  assert_true(ask(&b, 2, 0.4, &bits).bolus_u == 0.4);
  tell(&b, 0, 40);
  b.g[N - 1] = b.g[N - 2] * 1.3;
  assert_true(ask(&b, 2, 5.9, &bits).bolus_u == 4);
}

/* A level 90 mg/dL up within five minutes: no more than the profile and a meal as by hand for six
 * hours, however alive the readings behind it look; a fall of the same kind takes it back at once.
 * A rise that comes back from a fall of late counts by what exceeds the fall, one from 45 min of
 * the same reading (20 are too few) is none. 40 in five minutes and 60 in fifteen can be glucose.
 */
static void step__no_more_than_the_profile(void **state)
{
  (void)state;
  enum { M = 80 };
  for (int ago = 20; ago <= 390; ago += 5)
    for (int kind = 0; kind < 8; kind++) {
      bed b;
      uint32_t bits;
      double t[M], g[M];
      lay(&b);
      for (int i = 0; i < M; i++) {
        t[i] = now - 5 * (M - 1 - i);
        const bool since = now - t[i] <= ago, late = now - t[i] <= 10,
                   before = now - t[i] <= ago + 15;
        g[i] = 130 + 2 * (i % 3) + (kind < 2 && since ? 90 : 0) - (kind == 1 && late ? 90 : 0);
        if ((kind == 2 || kind == 6) && before) g[i] += !since ? -60 : kind == 2 ? 12 : 50;
        if (kind == 3 && since) g[i] += 34;
        const double same = kind == 5 ? 45 : 20;
        if (kind == 5 || kind == 7)
          g[i] = since ? 200 + 2 * (i % 3) : (now - t[i] <= ago + same ? 110 : g[i]);
        if (kind == 4 && since) g[i] += 60;
        if (kind == 4 && before && !since) g[i] = NAN; /* a gap of 20 min, ten of them without */
      }
      b.view.cgm = (t1d_readings){t, g, M};
      t1d_command c = ask(&b, 2, 0.4, &bits);
      /* a fall that is older than six hours takes nothing back */
      const bool held = ago <= 360 && (kind == 0 || kind == 6 || kind == 7 ||
                                       (kind == 2 && ago > 345) || (kind == 5 && ago > 355));
      assert_true(HAS(bits, STEP) == held);
      assert_true(c.basal_u_per_h == (held ? 1 : 2) || HAS(bits, FALLING));
      tell(&b, 0, 40);
      c = ask(&b, 1, 5.5, &bits);
      if (held) assert_true(c.bolus_u == 4);
    }
}

/* Behind a false rise of 60 the sensor sticks for 50 min and goes up by 60 again: that is no way
 * back, and the first rise still holds. */
static void step__a_second_one_clears_nothing(void **state)
{
  (void)state;
  enum { M = 40, FIRST = 14, SECOND = 24 };
  bed b;
  double t[M], g[M];
  lay(&b);
  for (int i = 0; i < M; i++) {
    const double truth = 110 + 4 * (i * 7 % 5 - 2);
    t[i] = now - 5 * (M - 1 - i);
    g[i] = i < FIRST ? truth : i < SECOND ? 170 + i % 2 : truth + 120;
  }
  b.view.cgm = (t1d_readings){t, g, M};
  uint32_t bits;
  const t1d_command c = ask(&b, 2, 0.4, &bits);
  assert_true(HAS(bits, STEP) && c.basal_u_per_h == 1 && c.bolus_u == 0);
}

/* AndroidAPS: readings that do not change: insulin on board 0, which is no more than the profile.
 */
static void flat__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  for (int i = N - 10; i < N; i++) b.g[i] = 250;
  for (int i = 0; i < N - 10; i++) b.g[i] = 252 + i % 3; /* no jump of late */
  t1d_command c = ask(&b, 3, 0.5, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, FLAT));
  for (int i = N - 10; i < N; i++) b.g[i] = 250 + i;
  assert_true(ask(&b, 3, 0.5, &bits).bolus_u == 0.5);
}

/* AndroidAPS: two readings of one moment: no more than the profile. */
static void double__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.t[N - 2] = b.t[N - 1];
  t1d_command c = ask(&b, 3, 0.5, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, DOUBLE));
}

/* A sensor known to be at fault and a twin that has lost its patient: no more than the profile. */
static void lost_and_faults__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.view.twin_lost = true;
  t1d_command c = ask(&b, 3, 0.5, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, LOST));
  b.view.twin_lost = false;
  b.view.sensor_faults = 4;
  c = ask(&b, 3, 0.5, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, SENSOR));
}

/* What is wrong with a reading stays with it. 300 after 130, known to be false, and then nothing:
 * no more than the profile until a good reading comes, and then by that one alone: 128, not 300. A
 * false reading that is low still suspends: that costs little. */
static void fault__stays_with_its_reading(void **state)
{
  (void)state;
  bed b;
  uint32_t bits, fault[N] = {0};
  for (int later = 0; later <= 10; later += 5) {
    lay(&b);
    for (int i = 0; i < N; i++) b.t[i] -= later;
    b.g[N - 1] = 300;
    fault[N - 1] = 1024;
    b.view.reading_faults = fault;
    const t1d_command c = ask(&b, 3, 0.5, &bits);
    assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, SENSOR));
  }
  lay(&b);
  b.view.reading_faults = fault;
  b.g[N - 2] = 300;
  fault[N - 2] = 1024;
  fault[N - 1] = 0;
  assert_true(ask(&b, 2, 0.4, &bits).basal_u_per_h == 2 && !HAS(bits, SENSOR));
  const t1d_trace g = t1d_trace_of(&b.view);
  assert_true(fabs(g.slope_mgdl_per_min - 0.05) < 1e-9 && fabs(g.smooth_mgdl - 129) < 1e-9);
  b.g[N - 1] = 50;
  fault[N - 1] = 1024;
  assert_true(ask(&b, 2, 0.4, &bits).basal_u_per_h == 0 && HAS(bits, LOW));
}

/* Nobody needs more than 2 U/kg a day: a child of 20 kg with 95 U typed for 9.5 keeps the limits of
 * a child and of twice its basal; 38 U are believed and are of the next class (t1d_limit.c). */
static void daily_dose__is_believed_by_weight(void **state)
{
  (void)state;
  static const double typed[] = {95, 1200, INFINITY, NAN, -5, 0};
  bed b;
  lay(&b);
  b.therapy.group = T1D_CHILD;
  b.therapy.bw_kg = 20;
  for (int i = 0; i < 24; i++) b.therapy.basal_u_per_h[i] = 0.25;
  for (int i = 0; i < 6; i++) {
    b.therapy.daily_dose_u = typed[i];
    t1d_limits_of(&b.therapy, &b.limits);
    assert_true(b.limits.bolus_max_u == 5 && fabs(b.limits.iob_max_u - 0.35 * 12) < 1e-12);
    assert_true(b.limits.basal_max_u_per_h == 0.75);
  }
  b.therapy.daily_dose_u = 38;
  t1d_limits_of(&b.therapy, &b.limits);
  assert_true(b.limits.bolus_max_u == 10 && b.limits.iob_max_u == 13);
  for (int i = 0; i < 24; i++) b.therapy.basal_u_per_h[i] = 40; /* nor are 960 U of basal */
  b.therapy.daily_dose_u = 0;
  t1d_limits_of(&b.therapy, &b.limits);
  assert_true(b.limits.bolus_max_u == 5 && b.limits.basal_max_u_per_h == 2);
  assert_true(b.limits.iob_max_u == 7);
}

/* The same meal announced again within half an hour gets no second bolus; another one does. */
static void meal_twice__no_second_bolus(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  tell(&b, 10, 60);
  tell(&b, 0, 60);
  assert_true(ask(&b, 1, 6, &bits).bolus_u == 0.5);
  assert_true(HAS(bits, MEAL_TWICE));
  b.meal[1].carbs_g = 25;
  assert_true(ask(&b, 1, 2.5, &bits).bolus_u == 2.5);
  lay(&b);
  tell(&b, 0, 60); /* twice at the very same moment */
  tell(&b, 0, 60);
  assert_true(ask(&b, 1, 16, &bits).bolus_u == 9.5);
}

/* oref0: no more than 120 g are believed at once. */
static void meal_size__at_most_120_g(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.limits.iob_max_u = 100;
  b.limits.bolus_max_u = 100;
  tell(&b, 0, 500);
  assert_true(ask(&b, 1, 60, &bits).bolus_u == 18.5);
  assert_true(HAS(bits, MEAL_SIZE));
}

/* What is no finite number becomes the profile and no bolus; below 0 is 0. */
static void number__the_profile(void **state)
{
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY, -1};
  static const double rate[] = {1, 1, 1, 0};
  for (int i = 0; i < 4; i++) {
    bed b;
    uint32_t bits;
    lay(&b);
    t1d_command c = ask(&b, bad[i], 0.2, &bits);
    assert_true(c.basal_u_per_h == rate[i] && c.bolus_u == 0.2 && HAS(bits, NUMBER));
    c = ask(&b, 2, bad[i], &bits);
    assert_true(c.basal_u_per_h == 2 && c.bolus_u == 0 && HAS(bits, NUMBER));
  }
}

/* ---- whatever is said -------------------------------------------------------------------------
 */
static double drawn(gm_key k, uint64_t i, uint32_t kind, double low, double high)
{
  return low + (high - low) * gm_uniform(k, i, 0, gm_kind_draw(kind, 0), 0);
}

static double odd(gm_key k, uint64_t i, uint32_t kind, double high)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY, -1e300, 1e300, 0, 1e-310};
  const double u = gm_uniform(k, i, 1, gm_kind_draw(kind, 0), 0);
  return u < 0.3 ? bad[(int)(u / 0.3 * 6.999)] : drawn(k, i, kind, -high / 4, high);
}

static void scramble(bed *b, gm_key k, uint64_t i)
{
  lay(b);
  b->therapy.group = (t1d_group)(i % 3);
  for (int h = 0; h < 24; h++) b->therapy.basal_u_per_h[h] = drawn(k, i, 100 + (uint32_t)h, 0, 4);
  b->therapy.cr_g_per_u = odd(k, i, 1, 40);
  b->therapy.cf_mgdl_per_u = odd(k, i, 2, 90);
  b->therapy.daily_dose_u = odd(k, i, 3, 120);
  t1d_limits_of(&b->therapy, &b->limits);
  const double level = drawn(k, i, 4, 20, 400);
  for (int j = 0; j < N; j++) {
    const uint32_t kind = 200 + 4 * (uint32_t)j;
    b->g[j] = drawn(k, i, kind, 0, 1) < 0.05 ? odd(k, i, kind + 1, 500)
                                             : level + drawn(k, i, kind + 2, -8, 8);
    if (drawn(k, i, kind + 3, 0, 1) < 0.03) b->t[j] = odd(k, i, kind + 3, 2000);
  }
  b->view.cgm.count = (int32_t)drawn(k, i, 5, 0, N + 0.99);
  for (int j = 0; j < 3; j++) {
    const uint32_t kind = 400 + 3 * (uint32_t)j;
    if (drawn(k, i, kind, 0, 1) < 0.4)
      tell(b, drawn(k, i, kind + 1, 0, 40), odd(k, i, kind + 2, 200));
  }
  b->view.twin_lost = drawn(k, i, 6, 0, 1) < 0.1;
  for (int j = 60; j < 96; j++) b->given[j].bolus_u = drawn(k, i, 500 + (uint32_t)j, -30, 3) > 0;
}

/* 100,000 views and commands of any kind: the command given is a number, not negative, within the
 * hard limits, the multiples of the profile and insulin on board, and no more than was asked for;
 * nothing flows while the newest reading is below 70 unless a meal was announced. */
static void any_command__comes_out_inside_all_limits(void **state)
{
  (void)state;
  static const double bolus[] = {10, 17, 5}, basal[] = {5, 10, 2};
  const gm_key key = gm_key_make(7, GM_PURPOSE_TEST, 0, 0);
  int64_t cut = 0, whole = 0;
  for (uint64_t i = 0; i < 100000; i++) {
    bed b;
    uint32_t bits;
    scramble(&b, key, i);
    const double rate = odd(key, i, 7, 12), bolus_u = odd(key, i, 8, 30);
    const t1d_command c = ask(&b, rate, bolus_u, &bits);
    const double profile = t1d_basal_at(&b.therapy, now), iob = t1d_iob(&b.view);
    const bool bigger = b.therapy.daily_dose_u > 30; /* a class up (t1d_limit.c) */
    assert_true(isfinite(c.basal_u_per_h) && c.basal_u_per_h >= 0);
    assert_true(isfinite(c.bolus_u) && c.bolus_u >= 0);
    assert_true(c.basal_u_per_h <= (isfinite(rate) ? fmax(rate, 0) : profile));
    assert_true(c.bolus_u <= (isfinite(bolus_u) ? fmax(bolus_u, 0) : 0));
    assert_true(c.basal_u_per_h <= b.limits.basal_max_u_per_h && c.bolus_u <= b.limits.bolus_max_u);
    if (!bigger) assert_true(c.bolus_u <= bolus[i % 3]);
    if (!bigger) assert_true(c.basal_u_per_h <= fmax(basal[i % 3], profile));
    assert_true(c.bolus_u <= 25 && c.basal_u_per_h <= fmax(12, profile));
    assert_true(c.basal_u_per_h <= 4 * profile + 1e-12);
    assert_true(c.bolus_u <= 1e-12 || iob + c.bolus_u <= b.limits.iob_max_u + 1e-9);
    const double last = b.view.cgm.count > 0 ? b.g[b.view.cgm.count - 1] : NAN;
    const double last_t = b.view.cgm.count > 0 ? b.t[b.view.cgm.count - 1] : NAN;
    if (last >= 20 && last < 70 && last_t == now) assert_true(c.basal_u_per_h == 0);
    if (!(t1d_carbs_told(&b.view) > 0)) assert_true(c.bolus_u <= profile / 2 + 1e-12);
    cut += bits != 0;
    whole += bits == 0;
  }
  assert_true(cut > 1000 && whole > 100); /* the test sees both */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limit__leaves_the_modest),
      cmocka_unit_test(basal__three_times_highest_four_times_now),
      cmocka_unit_test(microbolus__thirty_minutes_of_basal),
      cmocka_unit_test(meal__bolus_by_its_carbohydrate),
      cmocka_unit_test(bolus__hard_limit_of_the_group),
      cmocka_unit_test(iob__at_most_its_maximum),
      cmocka_unit_test(low__suspends),
      cmocka_unit_test(falling__suspends),
      cmocka_unit_test(low__meal_less_what_is_missing),
      cmocka_unit_test(stale__no_more_than_the_profile),
      cmocka_unit_test(silent__no_more_than_the_profile),
      cmocka_unit_test(low_then_silent__stays_off_for_an_hour),
      cmocka_unit_test(mmol__is_silence),
      cmocka_unit_test(clock__no_more_than_the_profile),
      cmocka_unit_test(clock__heals_in_twenty_minutes),
      cmocka_unit_test(low_of_the_future__suspends),
      cmocka_unit_test(meal_of_an_hour_lived_twice__no_second_bolus),
      cmocka_unit_test(jump__no_microbolus),
      cmocka_unit_test(step__no_more_than_the_profile),
      cmocka_unit_test(step__a_second_one_clears_nothing),
      cmocka_unit_test(flat__no_more_than_the_profile),
      cmocka_unit_test(double__no_more_than_the_profile),
      cmocka_unit_test(lost_and_faults__no_more_than_the_profile),
      cmocka_unit_test(fault__stays_with_its_reading),
      cmocka_unit_test(daily_dose__is_believed_by_weight),
      cmocka_unit_test(meal_twice__no_second_bolus),
      cmocka_unit_test(meal_size__at_most_120_g),
      cmocka_unit_test(number__the_profile),
      cmocka_unit_test(any_command__comes_out_inside_all_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
