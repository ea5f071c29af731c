/* test_replay.c - records replayed: what is told over its minutes, what lies outside, units, gaps,
 * sensors of one minute. Small records by hand.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_replay.h"
#include <math.h>
#include <string.h>

enum { ROOM = 6000 };

static gm_ctx *ctx;
static t1d_record record[ROOM];
static t1d_records all;
static t1d_replay out;
/* Of the moment `look_h` after midnight: mean of the outlook in 6 h; of all: what was heard. */
static double look_h, ahead_mgdl;
static int32_t heard, without_law, with_outlook, with_twins_word, explained;
/* Of the first twelve moments with a forecast: largest |median - reading| over the reading. */
static double first_off;
static double last_heard_s, explained_s;

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

static void listen(void *user, const t1d_replay_moment *m)
{
  (void)user;
  heard++;
  without_law += !m->law;
  with_outlook += m->outlook != NULL;
  with_twins_word += !isnan(m->news.glucose_mgdl) || !isnan(m->news.glucose_sd_mgdl) ||
                     !isnan(m->news.hidden_meal_g) || !isnan(m->news.disturbance_mg_kg_min);
  last_heard_s = m->t_s;
  if (m->why) explained++, explained_s = m->t_s;
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && m->law && heard <= 12; h++)
    first_off = fmax(first_off, fabs(m->law[h].median - m->cgm_mgdl) / m->cgm_mgdl);
  if (!m->outlook || fabs(m->t_s / 3600 - look_h) > 1e-6) return;
  const t1d_outlook *o = m->outlook;
  ahead_mgdl = 0;
  for (int32_t i = 0; i < o->members; i++)
    ahead_mgdl += o->weight[i] * o->glucose_mgdl[(i + 1) * o->steps - 1];
}

static void clear(void) { all = (t1d_records){.record = record}; }

/* In order of time, behind what is there of the same. */
static void add(t1d_record_kind kind, double t_min, double value, double minutes)
{
  int32_t at = all.count++;
  assert_true(all.count <= ROOM);
  for (; at > 0 && record[at - 1].t_s > 60 * t_min; at--) record[at] = record[at - 1];
  record[at] = (t1d_record){60 * t_min, value, minutes, kind, 0};
}

/* A quiet sensor from the first to the last minute, each `every` min. */
static void readings(double first_min, double last_min, double every)
{
  for (double t = first_min; t <= last_min; t += every)
    add(T1D_RECORD_GLUCOSE, t, 140 + 6 * sin(t / 37) + 3 * sin(t / 11), 0);
}

static void hear_anew(void)
{
  heard = without_law = with_outlook = with_twins_word = explained = 0;
  first_off = 0;
  ahead_mgdl = last_heard_s = explained_s = NAN;
}

static gm_status run(const t1d_replay_options *o)
{
  hear_anew();
  return t1d_replay_run(ctx, &all, o, listen, NULL, NULL, &out);
}

static double outlook(double at_h)
{
  static const t1d_replay_options o = {.basal_u_per_h = 1};
  look_h = at_h;
  if (run(&o)) fail_msg("%s", gm_message(ctx));
  assert_true(isfinite(ahead_mgdl));
  return ahead_mgdl;
}

static void near(double is, double should, double tolerance)
{
  if (!(fabs(is - should) <= tolerance)) fail_msg("%.6g, expected %.6g", is, should);
}

/* ---- over their minutes ---------------------------------------------------------------------- */
/* A temporary rate that ends without another is followed by the usual one: what comes is the same
 * as where that is told, and not what comes of a rate without end. */
static void basal__a_temporary_rate_ends(void **state)
{
  (void)state;
  double ends[2], told, endless;
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 120, 5, 30);
  ends[0] = outlook(2.25); /* while it runs: the pump knows when it ends */
  ends[1] = outlook(4);
  assert_int_equal(out.basal_rates, 1);
  add(T1D_RECORD_BASAL, 150, 1, 0);
  told = outlook(4);
  near(ends[1], told, 1e-6);
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 120, 5, 0);
  endless = outlook(2.25);
  assert_true(ends[0] > endless + 30);
  endless = outlook(4);
  assert_true(ends[1] > endless + 30);
}

/* Steps that follow each other take over from one another, whatever the first one's end was said to
 * be. */
static void basal__the_next_one_takes_over(void **state)
{
  (void)state;
  double cut, told;
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 60, 5, 120); /* said to run to 180 */
  add(T1D_RECORD_BASAL, 90, 0.5, 0);
  cut = outlook(4);
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 60, 5, 30);
  add(T1D_RECORD_BASAL, 90, 0.5, 0);
  told = outlook(4);
  near(cut, told, 1e-6);
}

/* Behind a schedule that ends with the readings, as an export's does, its rate goes on and not that
 * of the options, which is for records that tell none. */
static void basal__the_schedule_goes_on(void **state)
{
  (void)state;
  double ends, on;
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 0, 3, 240);
  for (int32_t i = 0; i < all.count; i++)
    if (record[i].kind == T1D_RECORD_BASAL) record[i].flags = T1D_FLAG_SCHEDULED;
  ends = outlook(4);
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BASAL, 0, 3, 960);
  on = outlook(4);
  near(ends, on, 1e-6);
}

/* An extended bolus is as many small ones over its minutes, and not the same at once. */
static void bolus__is_given_over_its_minutes(void **state)
{
  (void)state;
  double extended, small, once;
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BOLUS, 60, 4, 180);
  extended = outlook(4);
  assert_int_equal(out.boluses, 1);
  clear();
  readings(0, 240, 5);
  for (int i = 0; i < 36; i++) add(T1D_RECORD_BOLUS, 60 + 5 * i, 4.0 / 36, 0);
  small = outlook(4);
  assert_int_equal(out.boluses, 36);
  near(extended, small, 3);
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_BOLUS, 60, 4, 0);
  once = outlook(4);
  assert_true(fabs(once - small) > 6);
  print_message("outlook %.1f extended, %.1f in parts, %.1f at once\n", extended, small, once);
}

/* A meal over two hours is as many bites over its minutes, and not the same at once. */
static void carbs__are_eaten_over_their_minutes(void **state)
{
  (void)state;
  double slow, bites, once;
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_CARBS, 60, 40, 120);
  slow = outlook(4);
  assert_int_equal(out.meals_told, 1);
  clear();
  readings(0, 240, 5);
  for (int i = 0; i < 120; i++) add(T1D_RECORD_CARBS, 60 + i, 40.0 / 120, 0);
  bites = outlook(4);
  near(slow, bites, 3);
  clear();
  readings(0, 240, 5);
  add(T1D_RECORD_CARBS, 60, 40, 0);
  once = outlook(4);
  assert_true(fabs(once - bites) > 3);
  print_message("outlook %.1f slowly, %.1f in bites, %.1f at once\n", slow, bites, once);
}

/* ---- outside --------------------------------------------------------------------------------- */
/* Doses before the first reading and behind the last are counted as left out; the basal rate that
 * runs at the first reading is taken from there on. */
static void records__outside_are_counted(void **state)
{
  (void)state;
  double runs, told;
  clear();
  readings(60, 240, 5);
  add(T1D_RECORD_BOLUS, 50, 6, 0);
  add(T1D_RECORD_CARBS, 50, 60, 0);
  add(T1D_RECORD_BASAL, 0, 3, 120);
  add(T1D_RECORD_CARBS, 245, 30, 0);
  add(T1D_RECORD_METER, 100, 120, 0);
  runs = outlook(2);
  assert_int_equal(out.before, 2);
  assert_int_equal(out.after, 1);
  assert_int_equal(out.boluses, 0);
  assert_int_equal(out.meals_told, 0);
  assert_int_equal(out.basal_rates, 1);
  assert_int_equal(out.unused, 1);
  near(out.days, 3.0 / 24, 1e-12);
  clear();
  readings(60, 240, 5);
  add(T1D_RECORD_BASAL, 60, 3, 60);
  told = outlook(2);
  near(runs, told, 1e-6);
  clear();
  readings(60, 240, 5);
  assert_true(outlook(2) > told + 5);
}

/* ---- readings -------------------------------------------------------------------------------- */
/* mmol/L under mg/dL is refused as metrics refuse it, with nothing changed; so is nothing to read.
 */
static void unit__mmol_is_refused(void **state)
{
  (void)state;
  clear();
  for (int i = 0; i < 100; i++) add(T1D_RECORD_GLUCOSE, 5 * i, 4 + i % 9, 0);
  out = (t1d_replay){.steps = 77};
  assert_int_equal(run(NULL), GM_EUNIT);
  assert_non_null(strstr(gm_message(ctx), "mmol/L"));
  assert_int_equal(heard, 0);
  assert_int_equal(out.steps, 77);
  clear();
  add(T1D_RECORD_BOLUS, 0, 1, 0);
  assert_int_equal(run(NULL), GM_EINVAL);
  all.count = 0;
  assert_int_equal(run(NULL), GM_EINVAL);
}

/* A sensor of 1 min: every fifth reading makes a step, and forecasts settle at all horizons as many
 * times as with a sensor of 5 min. */
static void sensor__of_one_minute(void **state)
{
  (void)state;
  static const t1d_replay_options o = {.no_twin = true};
  int64_t settled[T1D_FORECAST_HORIZONS];
  clear();
  readings(0, 3 * 1440, 5);
  assert_int_equal(run(&o), GM_OK);
  assert_int_equal(out.between, 0);
  for (int h = 0; h < T1D_FORECAST_HORIZONS; h++) settled[h] = out.score[h].count;
  clear();
  readings(0, 3 * 1440, 1);
  assert_int_equal(run(&o), GM_OK);
  assert_int_equal(out.readings, 3 * 288 + 1);
  assert_int_equal(out.between, 3 * 1440 - 3 * 288);
  for (int h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    assert_true(settled[h] > 500);
    assert_int_equal(out.score[h].count, settled[h]);
    assert_true(isfinite(out.score[h].rmse));
  }
}

/* Six hours without a reading: steps for two hours of them, no forecast from a reading older than
 * 10.5 min, and the day goes on behind. Two readings of one time are one. */
static void gap__steps_and_no_forecasts(void **state)
{
  (void)state;
  static const t1d_replay_options o = {.no_twin = true};
  clear();
  readings(0, 120, 5); /* 25 */
  readings(480, 600, 5);
  add(T1D_RECORD_GLUCOSE, 600, 200, 0);
  assert_int_equal(run(&o), GM_OK);
  assert_int_equal(out.readings, 50);
  assert_int_equal(out.between, 1);
  assert_int_equal(out.steps, 50 + 24);
  assert_int_equal(heard, out.steps);
  assert_int_equal(without_law, 22); /* all of the 24 but 5 and 10 min behind the last reading */
}

/* Without the twin nothing of it is made: no outlook, no meals found, nothing held out, no number
 * where its word would be; records are counted all the same. */
static void no_twin__nothing_of_it(void **state)
{
  (void)state;
  static const t1d_replay_options o = {.no_twin = true};
  clear();
  readings(0, 600, 5);
  add(T1D_RECORD_BOLUS, 60, 4, 0);
  add(T1D_RECORD_CARBS, 60, 40, 0);
  add(T1D_RECORD_BASAL, 90, 2, 30);
  assert_int_equal(run(&o), GM_OK);
  assert_int_equal(with_outlook, 0);
  assert_int_equal(with_twins_word, 0);
  assert_int_equal(out.held_out + out.lost + out.meals_found, 0);
  assert_int_equal(out.boluses, 1);
  assert_int_equal(out.meals_told, 1);
  assert_int_equal(out.basal_rates, 1);
  assert_true(out.complete);
}

/* Without the twin the first hour's forecasts are near the readings that they are made from: what
 * only a twin could say has no part in them. */
static void no_twin__begins_near_the_readings(void **state)
{
  (void)state;
  static const t1d_replay_options o = {.no_twin = true};
  clear();
  readings(0, 600, 5);
  assert_int_equal(run(&o), GM_OK);
  print_message("first hour: medians within %.1f %% of the reading\n", 100 * first_off);
  assert_true(first_off > 0 && first_off < 0.2);
}

/* It is asked at a step before that is heard. */
static bool at_the_tenth(void *user)
{
  (void)user;
  return heard >= 9;
}

/* A stopped replay has what there is so far and says so. */
static void stop__keeps_what_there_is(void **state)
{
  (void)state;
  const gm_watch watch = {at_the_tenth, NULL, NULL};
  static const t1d_replay_options o = {.no_twin = true};
  clear();
  readings(0, 600, 5);
  hear_anew();
  assert_int_equal(t1d_replay_run(ctx, &all, &o, listen, NULL, &watch, &out), GM_OK);
  assert_false(out.complete);
  assert_int_equal(out.readings, 10);
  near(out.days, 45.0 / 1440, 1e-12);
  near(out.days_recorded, 600.0 / 1440, 1e-12);
}

/* Stopped at a reading, or where there is none, it explains the outlook there, once. A stop that is
 * asked for at the last reading changes nothing. */
static void stop__explains_where_it_is(void **state)
{
  (void)state;
  const gm_watch watch = {at_the_tenth, NULL, NULL};
  static const t1d_replay_options o = {.explain = true, .basal_u_per_h = 1};
  for (int32_t gap = 0; gap < 3; gap++) {
    clear();
    readings(0, gap == 0 ? 600 : gap == 1 ? 30 : 45, 5);
    if (gap == 1) readings(120, 600, 5);
    hear_anew();
    assert_int_equal(t1d_replay_run(ctx, &all, &o, listen, NULL, &watch, &out), GM_OK);
    assert_int_equal(out.complete, gap == 2);
    assert_int_equal(out.steps, 10);
    near(out.days, 45.0 / 1440, 1e-12);
    assert_int_equal(heard, 10);
    assert_int_equal(explained, 1);
    assert_true(explained_s == last_heard_s);
  }
}

/* A rate without an end that is said again half an hour later was never over: what is expected
 * before that is the same. */
static void basal__said_again_is_the_same(void **state)
{
  (void)state;
  double ahead[2];
  for (int32_t again = 0; again < 2; again++) {
    clear();
    readings(0, 1200, 5);
    add(T1D_RECORD_BASAL, 1, 2, 0);
    if (again) add(T1D_RECORD_BASAL, 570, 2, 0);
    ahead[again] = outlook(9);
  }
  assert_true(ahead[0] == ahead[1]);
}

/* A day of heart rates makes exercise followed, with the rate at rest that a tenth are below; a
 * session raises what is to be expected of insulin, so that glucose in six hours is lower than
 * without it. Fewer are not used, and said to be. */
static void heart_rates__are_followed(void **state)
{
  (void)state;
  double ahead[2];
  for (int32_t moved = 0; moved < 2; moved++) {
    clear();
    readings(0, 1500, 5);
    for (int32_t i = 0; i < 300; i++) {
      const bool session = moved && i >= 216 && i < 228; /* 18 to 19 h */
      add(T1D_RECORD_HEART_RATE, 5 * i + 1, session ? 150 : 68 + i % 5, 0);
    }
    ahead[moved] = outlook(20);
    assert_int_equal(out.heart_rates, 300);
    assert_int_equal(out.unused, 0);
  }
  print_message("at 20 h, in 6 h: %.0f mg/dL, after an hour at 150 %.0f\n", ahead[0], ahead[1]);
  assert_true(ahead[1] < ahead[0] - 5);
  clear();
  readings(0, 600, 5);
  for (int32_t i = 0; i < 100; i++) add(T1D_RECORD_HEART_RATE, 5 * i + 1, 70, 0);
  assert_int_equal(run(NULL), GM_OK);
  assert_int_equal(out.heart_rates, 0);
  assert_int_equal(out.unused, 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(basal__said_again_is_the_same),
      cmocka_unit_test(heart_rates__are_followed),
      cmocka_unit_test(basal__a_temporary_rate_ends),
      cmocka_unit_test(basal__the_next_one_takes_over),
      cmocka_unit_test(basal__the_schedule_goes_on),
      cmocka_unit_test(bolus__is_given_over_its_minutes),
      cmocka_unit_test(carbs__are_eaten_over_their_minutes),
      cmocka_unit_test(records__outside_are_counted),
      cmocka_unit_test(unit__mmol_is_refused),
      cmocka_unit_test(sensor__of_one_minute),
      cmocka_unit_test(gap__steps_and_no_forecasts),
      cmocka_unit_test(no_twin__nothing_of_it),
      cmocka_unit_test(no_twin__begins_near_the_readings),
      cmocka_unit_test(stop__keeps_what_there_is),
      cmocka_unit_test(stop__explains_where_it_is),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
