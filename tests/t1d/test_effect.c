/* The effects of a forecast by theory and by properties that must hold for any record: parts add
 * up, absorption never runs backwards, nothing leaves its bounds without a flag.
 * label: quick */
#include "t1d_effect.h"
#include "support/fault.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 400, H = 3600 };

static uint64_t seed, drawn;
static double uniform(double low, double high)
{
  const gm_key key = gm_key_make(seed, GM_PURPOSE_TEST, 0, 0);
  return low + (high - low) * gm_uniform(key, drawn++, 0, 0, 0);
}

static t1d_effect_span wide(double v) { return (t1d_effect_span){-1e9, 1e9, v}; }

/* ---- insulin --------------------------------------------------------------------------------- */
/* What is left falls by the activity: 1 - its integral (Simpson); activity is greatest at the peak;
 * all is gone after duration and delay. */
static void insulin__activity_is_the_slope_of_what_is_left(void **state)
{
  (void)state;
  static const double peak[] = {75, 65, 55};
  for (int p = 0; p < 3; p++) {
    t1d_insulin_model m = t1d_insulin_of((t1d_insulin_preset)p);
    double used = 0, best = 0, best_at = 0, h = 0.5;
    assert_true(m.peak_min == peak[p] && m.duration_min == 360 && m.delay_min == 10);
    assert_true(t1d_insulin_left(&m, -5) == 1 && t1d_insulin_left(&m, 10) == 1);
    assert_true(t1d_insulin_left(&m, 370) == 0 && t1d_insulin_activity(&m, 371) == 0);
    for (double t = 10; t < 370; t += h) {
      double a = t1d_insulin_activity(&m, t), b = t1d_insulin_activity(&m, t + h);
      used += h / 6 * (a + 4 * t1d_insulin_activity(&m, t + h / 2) + b);
      assert_true(fabs(1 - used - t1d_insulin_left(&m, t + h)) < 1e-9);
      if (a > best) best = a, best_at = t;
    }
    assert_true(fabs(best_at - 10 - peak[p]) <= h);
  }
}

static void insulin__impossible_models_are_refused(void **state)
{
  static const double bad[][3] = {{0, 360, 10},   {-5, 360, 10},      {180, 360, 10}, {75, 360, -1},
                                  {NAN, 360, 10}, {75, INFINITY, 10}, {75, 360, NAN}};
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_FIASP), before = m;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(t1d_insulin_model_of(*state, bad[i][0], bad[i][1], bad[i][2], &m), GM_EDOMAIN);
    assert_memory_equal(&m, &before, sizeof m);
  }
}

/* Basal at the scheduled rate is no effect, whatever the schedule; half of it for an hour raises
 * glucose by half an hour's insulin in the end, and is apart from the bolus. */
static void insulin__basal_imbalance_is_apart(void **state)
{
  t1d_effect_span b[] = {{-1e9, 1800, 0.8}, {1800, 1e9, 1.4}}, f = wide(50);
  t1d_effect_schedule basal = {b, 2}, isf = {&f, 1};
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_ADULT);
  t1d_effect_dose d[] = {{0, H, 1.1, true}, {H, 2 * H, 0.7, true}, {900, 900, 2, false}};
  t1d_effect_net_dose net[6];
  t1d_effect_grid g;
  double bolus[MOST], rest[MOST], bolus_u, basal_u;
  int32_t n = -1;
  assert_int_equal(t1d_effect_grid_over(*state, 0, 9 * H, 300, &g), GM_OK);
  assert_int_equal(t1d_effect_net(*state, d, 3, basal, net, 6, &n), GM_OK);
  assert_int_equal(n, 4);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, 2, isf, T1D_ISF_OF_DOSE, &g, bolus, rest),
                   GM_OK);
  /* 0.4 U scheduled and 0.55 given in the first half hour, 0.7 and 0.55 in the second */
  assert_true(fabs(rest[g.count - 1]) < 1e-9 && fabs(net[0].net_u - 0.15) < 1e-12);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, n, isf, T1D_ISF_OF_DOSE, &g, bolus, rest),
                   GM_OK);
  assert_true(fabs(bolus[g.count - 1] + 100) < 1e-9 && fabs(rest[g.count - 1] - 35) < 1e-9);
  t1d_effect_iob(&m, net, n, 300, 900, &bolus_u, &basal_u);
  assert_true(bolus_u == 2 && basal_u > 0);
  t1d_effect_iob(&m, net, n, 300, 9 * H, &bolus_u, &basal_u);
  assert_true(bolus_u == 0 && basal_u == 0);
}

static void insulin__what_the_settings_do_not_cover_is_refused(void **state)
{
  t1d_effect_span b[] = {{0, H, 1}, {2 * H, 3 * H, 1}}, crossed[] = {{0, 2 * H, 1}, {H, 3 * H, 1}};
  t1d_effect_schedule basal = {b, 2};
  t1d_effect_dose d = {H - 60, H + 60, 1, true};
  t1d_effect_net_dose net[4];
  int32_t n = -1;
  assert_int_equal(t1d_effect_net(*state, &d, 1, basal, net, 4, &n), GM_ENOTFOUND);
  d.start_s = -60;
  assert_int_equal(t1d_effect_net(*state, &d, 1, basal, net, 4, &n), GM_ENOTFOUND);
  d = (t1d_effect_dose){0, 60, -1, true};
  assert_int_equal(t1d_effect_net(*state, &d, 1, basal, net, 4, &n), GM_EDOMAIN);
  d = (t1d_effect_dose){60, 0, 1, false};
  assert_int_equal(t1d_effect_net(*state, &d, 1, basal, net, 4, &n), GM_EDOMAIN);
  d = (t1d_effect_dose){0, 60, 1, true};
  assert_int_equal(t1d_effect_net(*state, &d, 1, basal, net, 0, &n), GM_EFULL);
  assert_int_equal(t1d_effect_net(*state, &d, 1, (t1d_effect_schedule){crossed, 2}, net, 4, &n),
                   GM_EINVAL);
  assert_int_equal(n, -1);
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_ADULT);
  t1d_effect_grid g = {0, 300, 2};
  double bolus[2] = {3, 3}, rest[2] = {3, 3};
  t1d_effect_net_dose late = {5400, 5400, 1, false}; /* in the hole */
  assert_int_equal(
      t1d_effect_insulin(*state, &m, &late, 1, basal, T1D_ISF_OF_DOSE, &g, bolus, rest),
      GM_ENOTFOUND);
  assert_true(bolus[0] == 3 && rest[1] == 3);
}

/* Published with the vectors: 1 U over 20 s, 50 mg/dL per U, 100 from 1.5 h on: -50 in the end when
 * the dose's time decides, -83 (to 0.5) when the time of action does. By the activity itself:
 * -(50 + 50 * left(90 min)). Where sensitivity is constant both rules agree. */
static void insulin__sensitivity_that_changes_while_insulin_acts(void **state)
{
  t1d_effect_span f[] = {{-10 * H, 5400, 50}, {5400, 10 * H, 100}}, one = wide(50);
  t1d_effect_net_dose net[] = {{0, 20, 1, false}, {0, H, 1, true}};
  t1d_insulin_model m = t1d_insulin_of(T1D_INSULIN_ADULT);
  t1d_effect_grid g;
  double dose[MOST], act[MOST], dose_b[MOST], act_b[MOST];
  t1d_effect_schedule two = {f, 2}, same = {&one, 1};
  assert_int_equal(t1d_effect_grid_over(*state, 0, 8 * H, 300, &g), GM_OK);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, 1, two, T1D_ISF_OF_DOSE, &g, dose, dose_b),
                   GM_OK);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, 1, two, T1D_ISF_OF_TIME, &g, act, act_b),
                   GM_OK);
  assert_true(fabs(dose[g.count - 1] + 50) < 1e-9 && fabs(act[g.count - 1] + 83) < 0.5);
  assert_true(fabs(act[g.count - 1] + 50 + 50 * t1d_insulin_left(&m, 90)) < 1e-9);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, 2, same, T1D_ISF_OF_DOSE, &g, dose, dose_b),
                   GM_OK);
  assert_int_equal(t1d_effect_insulin(*state, &m, net, 2, same, T1D_ISF_OF_TIME, &g, act, act_b),
                   GM_OK);
  for (int32_t k = 0; k < g.count; k++)
    assert_true(fabs(dose[k] - act[k]) < 1e-9 && fabs(dose_b[k] - act_b[k]) < 1e-9);
}

/* ---- carbohydrate ---------------------------------------------------------------------------- */
static void carbs__shapes_are_shares_with_inverse_and_slope(void **state)
{
  (void)state;
  for (int s = T1D_ABSORB_PIECEWISE; s <= T1D_ABSORB_LINEAR; s++) {
    t1d_absorb_shape shape = (t1d_absorb_shape)s;
    double sum = 0, h = 1.0 / 4096;
    assert_true(t1d_absorb_share(shape, -1) == 0 && t1d_absorb_share(shape, 1.5) == 1);
    assert_true(t1d_absorb_rate(shape, -0.1) == 0 && t1d_absorb_rate(shape, 1.1) == 0);
    assert_true(t1d_absorb_share(shape, NAN) == 0 && t1d_absorb_time(shape, 2) == 1);
    for (int i = 0; i < 4096; i++) {
      double x = (i + 0.5) * h, y = t1d_absorb_share(shape, (i + 1) * h);
      sum += h * t1d_absorb_rate(shape, x);
      assert_true(fabs(sum - y) < 2e-6);
      assert_true(fabs(t1d_absorb_time(shape, y) - (i + 1) * h) < 1e-7);
    }
  }
}

/* Three meals of 10, 20 and 30 g of the same time: 30 mg/dL seen are credited 1 : 2 : 3. Of 400
 * more each takes what it has left; what none can take is the last's, beyond what was entered. */
static void carbs__meals_share_by_their_rates(void **state)
{
  t1d_effect_meal meal[] = {{0, 10, H}, {0, 20, H}, {0, 30, H}};
  t1d_effect_velocity v[] = {{300, 600, 0.1}, {600, 900, 4.0 / 3}};
  t1d_effect_span f = wide(50), r = wide(10);
  t1d_effect_schedule isf = {&f, 1}, ratio = {&r, 1};
  t1d_effect_absorption got[3];
  t1d_carb_options o = t1d_carb_defaults();
  double credit_g[6];
  o.shape = T1D_ABSORB_LINEAR;
  assert_int_equal(t1d_effect_absorb(*state, meal, 3, v, 1, isf, ratio, &o, got, credit_g), GM_OK);
  for (int i = 0; i < 3; i++) assert_true(fabs(credit_g[i] - (i + 1)) < 1e-12);
  assert_int_equal(t1d_effect_absorb(*state, meal, 3, v, 2, isf, ratio, &o, got, credit_g), GM_OK);
  assert_true(fabs(got[0].observed_g - 10) < 1e-9 && !isnan(got[0].done_s));
  assert_true(fabs(got[1].observed_g - 20) < 1e-9 && fabs(got[2].observed_g - 56) < 1e-9);
  assert_true(got[2].clamped_g == 30 && got[2].left_s == 0);
}

typedef struct {
  t1d_effect_meal meal[4];
  t1d_effect_velocity v[60];
  t1d_effect_absorption state[4];
  double credit_g[240];
  int32_t meal_count, count;
  t1d_carb_options options;
} table;

static void set_random_table(table *t)
{
  double at = uniform(-1800, 600);
  t->meal_count = (int32_t)uniform(1, 4.99), t->count = (int32_t)uniform(0, 60);
  t->options = t1d_carb_defaults();
  t->options.shape = (t1d_absorb_shape)(int)uniform(0, 2.99);
  t->options.adaptive = uniform(0, 1) < 0.5;
  t->options.delay_s = uniform(0, 1) < 0.5 ? 0 : 600;
  t->options.assumed_overrun = uniform(0.5, 2.5), t->options.longest_overrun = uniform(0.8, 2.5);
  for (int32_t i = 0; i < t->meal_count; i++) {
    double before = i ? t->meal[i - 1].start_s : 0;
    double carb_g = uniform(0, 1) < 0.1 ? 0 : uniform(1, 150);
    t->meal[i] = (t1d_effect_meal){before + uniform(0, 5000), carb_g, uniform(0, 6 * H)};
  }
  for (int32_t k = 0; k < t->count; k++) {
    double length = uniform(0, 1) < 0.9 ? uniform(241, 360) : uniform(600, 5000);
    t->v[k] = (t1d_effect_velocity){at, at + length, uniform(-3, 6) / 60};
    at += length + (uniform(0, 1) < 0.1 ? 900 : 0);
  }
}

static double seen_in_all(const table *t)
{
  double sum = 0;
  for (int32_t k = 0; k < t->count; k++)
    sum += fmax(0, t->v[k].mgdl_s * (t->v[k].end_s - t->v[k].start_s));
  return sum;
}

/* For any meals, observations and options: what is absorbed never falls, lies between 0 and what
 * was eaten, no more is credited than was seen, and on board is between 0 and what was eaten. */
static void carbs__absorption_never_runs_backwards(void **state)
{
  static table t;
  static double carb[MOST];
  t1d_effect_span f = wide(45), r = wide(9);
  t1d_effect_grid g;
  seed = 1;
  assert_int_equal(t1d_effect_grid_over(*state, -2 * H, 22 * H, 300, &g), GM_OK);
  for (int trial = 0; trial < 3000; trial++) {
    double eaten = 0, credited = 0;
    set_random_table(&t);
    assert_int_equal(t1d_effect_absorb(*state, t.meal, t.meal_count, t.v, t.count,
                                       (t1d_effect_schedule){&f, 1}, (t1d_effect_schedule){&r, 1},
                                       &t.options, t.state, t.credit_g),
                     GM_OK);
    t1d_effect_carbs(t.state, t.meal_count, t.v, t.count, t.credit_g, &t.options, &g, carb);
    for (int32_t i = 0; i < t.meal_count; i++) eaten += t.meal[i].carb_g;
    for (int32_t i = 0; i < t.meal_count; i++) credited += t.state[i].seen_mgdl;
    assert_true(credited <= seen_in_all(&t) + 1e-6);
    assert_true(carb[0] == 0 && fabs(carb[g.count - 1] - 5 * eaten) < 1e-9);
    for (int32_t k = 1; k < g.count; k++) {
      double on = t1d_effect_cob(t.state, t.meal_count, t.v, t.count, t.credit_g, &t.options, 300,
                                 t1d_effect_grid_at(&g, k));
      assert_true(carb[k] >= carb[k - 1] - 1e-9 && carb[k] <= 5 * eaten + 1e-9);
      assert_true(on >= 0 && on <= eaten + 1e-9);
    }
  }
}

/* ---- trend and misfit ------------------------------------------------------------------------ */
static void trend__a_rise_is_limited_and_a_jump_refused(void **state)
{
  (void)state;
  t1d_effect_reading r[4];
  for (int i = 0; i < 4; i++) r[i] = (t1d_effect_reading){300.0 * i, 100 + 30.0 * i, 0, false};
  t1d_effect_trend m = t1d_effect_momentum(r, 4, 900, 300, 4, 40);
  assert_true(m.state == T1D_TREND_USED && m.limited && m.mgdl_s == 4.0 / 60);
  assert_true(t1d_effect_momentum_at(&m, 900) == 0 && t1d_effect_momentum_at(&m, 1200) == 20);
  for (int i = 0; i < 4; i++) r[i].glucose_mgdl = 300 - 30.0 * i; /* a fall is believed */
  m = t1d_effect_momentum(r, 4, 900, 300, 4, 40);
  assert_true(!m.limited && fabs(m.mgdl_s + 0.1) < 1e-15);
  r[2].glucose_mgdl = 400;
  assert_int_equal(t1d_effect_momentum(r, 4, 900, 300, 4, 40).state, T1D_TREND_JUMP);
  r[2].glucose_mgdl = NAN;
  assert_int_equal(t1d_effect_momentum(r, 4, 900, 300, 4, 40).state, T1D_TREND_JUMP);
}

/* With 1 mg/dL a step unexplained for 30 minutes the misfit is 7 steps' (30.3 min hold seven ends);
 * its rate over the 30 minutes, decaying over 60, adds half of 60 minutes' rate. The same from a
 * reading that lies between two steps. */
static void misfit__decays_to_half_of_its_rate_over_an_hour(void **state)
{
  for (double off = 0; off < 300; off += 100) {
    t1d_effect_velocity v[20];
    t1d_effect_grid g;
    double carb[MOST] = {0};
    assert_int_equal(t1d_effect_grid_over(*state, 0, 3 * H, 300, &g), GM_OK);
    for (int i = 0; i < 20; i++)
      v[i] = (t1d_effect_velocity){off + 300 * i, off + 300 * (i + 1), 1.0 / 300};
    double last = v[19].end_s;
    t1d_effect_retro r = t1d_effect_retrospective(v, 20, &g, carb, 0, last, 4);
    assert_true(r.used && !r.limited && fabs(r.discrepancy_mgdl - 7) < 1e-9);
    assert_true(fabs(r.mgdl_s - 7.0 / 1800) < 1e-12);
    assert_true(t1d_effect_retrospective_at(&r, last) == 0);
    assert_true(fabs(t1d_effect_retrospective_at(&r, 1e9) - 7) < 0.04);
    r = t1d_effect_retrospective(v, 20, &g, carb, 0, last + 901, 4);
    assert_true(!r.used && t1d_effect_retrospective_at(&r, 1e9) == 0);
    for (int i = 0; i < 20; i++) v[i].mgdl_s = 1;
    assert_true(t1d_effect_retrospective(v, 20, &g, carb, 0, last, 4).limited);
  }
  t1d_effect_grid g = {0, 300, 2};
  assert_true(!t1d_effect_retrospective(NULL, 0, &g, (double[]){0, 0}, 0, 0, 4).used);
}

/* ---- the forecast ---------------------------------------------------------------------------- */
typedef struct {
  t1d_effect_reading reading[40];
  t1d_effect_dose dose[30];
  t1d_effect_meal meal[4];
  t1d_effect_span basal[2], isf[2], ratio[1];
  t1d_effect_record record;
} person;

static void set_person(person *p, bool random)
{
  t1d_effect_record *r = &p->record;
  *r = (t1d_effect_record){.reading = p->reading, .dose = p->dose, .meal = p->meal};
  p->basal[0] = (t1d_effect_span){-24 * H, -2 * H, 0.8};
  p->basal[1] = (t1d_effect_span){-2 * H, 24 * H, 1.1};
  p->isf[0] = (t1d_effect_span){-24 * H, -1 * H, 45};
  p->isf[1] = (t1d_effect_span){-1 * H, 24 * H, 60};
  p->ratio[0] = wide(9);
  r->basal = (t1d_effect_schedule){p->basal, 2};
  r->isf = (t1d_effect_schedule){p->isf, 2};
  r->carb_ratio = (t1d_effect_schedule){p->ratio, 1};
  r->reading_count = 36, r->dose_count = 20, r->meal_count = 3;
  double jitter = random ? 40 : 0, glucose = 140;
  for (int i = 0; i < 36; i++) {
    glucose = fmin(450, fmax(40, glucose + (random ? uniform(-12, 12) : 2)));
    p->reading[i] = (t1d_effect_reading){-300.0 * (36 - i) + uniform(0, jitter), glucose, 0,
                                         random && uniform(0, 1) < 0.01};
  }
  for (int i = 0; i < 20; i++) {
    double t = -6.0 * H + 1000 * i, length = random ? uniform(0, 2500) : 900;
    bool basal = i % 3 != 0;
    p->dose[i] = (t1d_effect_dose){t, basal ? t + length : t, random ? uniform(0, 2) : 0.25, basal};
  }
  for (int i = 0; i < 3; i++)
    p->meal[i] = (t1d_effect_meal){-3.0 * H + 4000 * i, random ? uniform(0, 90) : 30, 0};
}

static gm_status forecast(gm_ctx *ctx, const person *p, const t1d_effect_options *o,
                          t1d_effect_row *row, int32_t *n, t1d_effect_note *note)
{
  gm_arena *a;
  gm_status s = gm_arena_new(ctx, 1 << 15, &a);
  if (s != GM_OK) return s;
  s = t1d_effect_sum(ctx, &p->record, o, a, row, MOST, n, note);
  gm_arena_free(a);
  return s;
}

/* For any record the parts add up to the total, the held value lies in the bounds, and a total
 * outside them is flagged in its row and in the note. */
static void forecast__parts_add_up_and_bounds_are_flagged(void **state)
{
  static person p;
  static t1d_effect_row row[MOST];
  t1d_effect_note note;
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n, low = 0, high = 0, with_trend = 0;
  seed = 7;
  for (int trial = 0; trial < 1000; trial++) {
    uint32_t flags = 0;
    set_person(&p, true);
    o.isf_rule = trial % 2 ? T1D_ISF_OF_TIME : T1D_ISF_OF_DOSE;
    assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
    with_trend += note.trend.state == T1D_TREND_USED;
    for (int32_t i = 0; i < n; i++) {
      const t1d_effect_row *r = &row[i];
      double sum = r->start_mgdl + r->bolus_mgdl + r->basal_mgdl + r->carb_mgdl + r->trend_mgdl +
                   r->retro_mgdl;
      assert_true(fabs(sum - r->total_mgdl) < 1e-9);
      assert_true(r->held_mgdl >= 20 && r->held_mgdl <= 600);
      assert_int_equal((r->flags & T1D_EFFECT_LOW) != 0, r->total_mgdl < 20);
      assert_int_equal((r->flags & T1D_EFFECT_HIGH) != 0, r->total_mgdl > 600);
      assert_true(r->flags != 0 || r->held_mgdl == r->total_mgdl);
      assert_true(i == 0 ||
                  (r->time_s > row[i - 1].time_s && r->carb_mgdl >= row[i - 1].carb_mgdl - 1e-9));
      flags |= r->flags;
    }
    low += (flags & T1D_EFFECT_LOW) != 0, high += (flags & T1D_EFFECT_HIGH) != 0;
    assert_int_equal(note.flags & 3u, flags);
  }
  printf("1000 records: %d flagged low, %d high, %d with a trend\n", (int)low, (int)high,
         (int)with_trend);
  assert_true(low > 0 && high > 0 && with_trend > 100);
}

/* Each part comes from its cause alone: without meals no carbohydrate, without boluses no bolus
 * part, with trend and misfit off neither; then what is left is exactly the start. */
static void forecast__a_part_needs_its_cause(void **state)
{
  static person p;
  static t1d_effect_row row[MOST];
  t1d_effect_note note;
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n;
  o.trend = o.retrospective = false;
  set_person(&p, false);
  p.record.meal_count = 0;
  assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
  assert_true(row[n - 1].carb_mgdl == 0 && row[n - 1].bolus_mgdl < 0 && note.cob_g == 0);
  p.record.dose_count = 0;
  assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
  for (int32_t i = 0; i < n; i++) assert_true(row[i].total_mgdl == row[i].start_mgdl);
  assert_int_equal(note.trend.state, T1D_TREND_OFF);
  assert_true(note.bolus_iob_u == 0 && note.basal_iob_u == 0 && !note.retro.used);
}

/* An edit of a past meal (Loop issues 1846, 2338, 2346, 2363): too much makes an extreme forecast,
 * which is flagged in every such row and held; undone, the forecast is what it was, bit for bit. */
static void forecast__an_edited_meal_is_flagged_and_leaves_nothing_behind(void **state)
{
  static person p;
  static t1d_effect_row before[MOST], row[MOST];
  t1d_effect_note note;
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n, k;
  set_person(&p, false);
  assert_int_equal(forecast(*state, &p, &o, before, &n, &note), GM_OK);
  assert_int_equal(note.flags & 3u, 0);
  static const double edit_g[] = {0, 1, 300, 3000, 1e6};
  for (int i = 0; i < 5; i++) {
    p.meal[2].carb_g = edit_g[i];
    assert_int_equal(forecast(*state, &p, &o, row, &k, &note), GM_OK);
    assert_int_equal(k, n);
    for (int32_t j = 0; j < k; j++) {
      bool outside = row[j].total_mgdl < 20 || row[j].total_mgdl > 600;
      assert_int_equal(outside, row[j].flags != 0);
      assert_true(row[j].held_mgdl >= 20 && row[j].held_mgdl <= 600);
    }
    assert_true(i < 3 || (note.flags & 3u) != 0);
    assert_true(i < 3 || (note.flags & T1D_EFFECT_LESS_CARB) != 0);
  }
  p.meal[2].carb_g = 30;
  assert_int_equal(forecast(*state, &p, &o, row, &k, &note), GM_OK);
  assert_memory_equal(row, before, (size_t)n * sizeof row[0]);
}

/* More absorption than was entered is said (Loop 2346: 172 g seen of 76 g), never counted beyond
 * what was entered. */
static void forecast__more_absorbed_than_entered_is_said(void **state)
{
  static person p;
  static t1d_effect_row row[MOST];
  t1d_effect_note note;
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n;
  set_person(&p, false);
  p.record.meal_count = 1;
  p.meal[0].carb_g = 9;
  for (int i = 0; i < 36; i++) p.reading[i].glucose_mgdl = 100 + 8.0 * i;
  assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
  assert_true((note.flags & T1D_EFFECT_MORE_CARB) != 0);
  assert_true(note.cob_g == 0 && row[n - 1].carb_mgdl == 0);
}

/* Published rule: a jump of more than 40 mg/dL within 30 min takes trend and misfit out. */
static void forecast__readings_that_jump_are_not_extrapolated(void **state)
{
  static person p;
  static t1d_effect_row row[MOST];
  t1d_effect_note note;
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n;
  set_person(&p, false);
  p.reading[32].glucose_mgdl += 60;
  assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
  assert_true((note.flags & T1D_EFFECT_JUMP) != 0 && !note.retro.used);
  assert_int_equal(note.trend.state, T1D_TREND_JUMP);
  assert_true(row[n - 1].trend_mgdl == 0 && row[n - 1].retro_mgdl == 0);
  o.jump_max_mgdl = 100;
  assert_int_equal(forecast(*state, &p, &o, row, &n, &note), GM_OK);
  assert_true((note.flags & T1D_EFFECT_JUMP) == 0 && note.retro.used);
}

static void refuse(gm_ctx *ctx, const person *p, const t1d_effect_options *o, gm_status want)
{
  static t1d_effect_row row[MOST];
  t1d_effect_note note;
  int32_t n = -5;
  gm_message_clear(ctx);
  memset(row, 7, sizeof row[0]);
  memset(&note, 7, sizeof note);
  assert_int_equal(forecast(ctx, p, o, row, &n, &note), want);
  assert_int_equal(n, -5);
  assert_int_equal(((unsigned char *)row)[0], 7);
  assert_int_equal(((unsigned char *)&note)[0], 7);
  assert_true(gm_message(ctx)[0] != 0);
}

static void forecast__what_cannot_be_forecast_is_refused(void **state)
{
  static person p;
  t1d_effect_options o = t1d_effect_defaults(), bad = o;
#define WITH(change, status)                                                                       \
  do {                                                                                             \
    set_person(&p, false);                                                                         \
    change;                                                                                        \
    refuse(*state, &p, &o, status);                                                                \
  } while (0)
  WITH(p.record.reading_count = 0, GM_EINVAL);
  WITH(p.record.now_s = 601, GM_EDOMAIN); /* the last reading is 901 s old */
  WITH(p.record.now_s = -301, GM_EDOMAIN);
  WITH(p.record.now_s = NAN, GM_EDOMAIN);
  WITH(p.reading[3].glucose_mgdl = NAN, GM_EDOMAIN);
  WITH(p.reading[3].glucose_mgdl = 0, GM_EDOMAIN);
  WITH(p.reading[3].time_s = 0, GM_EINVAL);
  WITH(p.dose[0].dose_u = INFINITY, GM_EDOMAIN);
  WITH(p.dose[0].start_s = -1e12, GM_ERANGE);
  WITH(p.dose[0].start_s = -30 * H; p.dose[0].end_s = -30 * H, GM_ENOTFOUND);
  WITH(p.dose[1].start_s = -30 * H, GM_ENOTFOUND);
  WITH(p.meal[1].carb_g = -1, GM_EDOMAIN);
  WITH(p.meal[1].start_s = -9 * H, GM_EINVAL);
  WITH(p.record.carb_ratio.count = 0, GM_ENOTFOUND);
  WITH(p.ratio[0].value = 0, GM_EDOMAIN);
  WITH(p.record.isf.count = 0, GM_ENOTFOUND);
  WITH(p.isf[1].start_s = -3 * H, GM_EINVAL);
  WITH(p.meal[1].carb_g = 1e308; p.meal[2].carb_g = 1e308, GM_ENUMERIC);
#undef WITH
  set_person(&p, false);
  bad.lower_mgdl = 700;
  refuse(*state, &p, &bad, GM_EINVAL);
  bad = o, bad.carb.longest_overrun = 0;
  refuse(*state, &p, &bad, GM_EINVAL);
  bad = o, bad.horizon_s = 40 * H;
  refuse(*state, &p, &bad, GM_EFULL);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  static t1d_effect_row row[MOST];
  t1d_effect_options o = t1d_effect_defaults();
  int32_t n;
  return forecast(ctx, user, &o, row, &n, NULL);
}

static void forecast__survives_want_of_memory(void **state)
{
  static person p;
  (void)state;
  set_person(&p, false);
  assert_true(fault_sweep("forecast", trial, &p) > 0);
}

static int make_ctx(void **state) { return gm_ctx_new(NULL, (gm_ctx **)state) != GM_OK; }
static int free_ctx(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(insulin__activity_is_the_slope_of_what_is_left),
      cmocka_unit_test(insulin__impossible_models_are_refused),
      cmocka_unit_test(insulin__basal_imbalance_is_apart),
      cmocka_unit_test(insulin__what_the_settings_do_not_cover_is_refused),
      cmocka_unit_test(insulin__sensitivity_that_changes_while_insulin_acts),
      cmocka_unit_test(carbs__shapes_are_shares_with_inverse_and_slope),
      cmocka_unit_test(carbs__meals_share_by_their_rates),
      cmocka_unit_test(carbs__absorption_never_runs_backwards),
      cmocka_unit_test(trend__a_rise_is_limited_and_a_jump_refused),
      cmocka_unit_test(misfit__decays_to_half_of_its_rate_over_an_hour),
      cmocka_unit_test(forecast__parts_add_up_and_bounds_are_flagged),
      cmocka_unit_test(forecast__a_part_needs_its_cause),
      cmocka_unit_test(forecast__an_edited_meal_is_flagged_and_leaves_nothing_behind),
      cmocka_unit_test(forecast__more_absorbed_than_entered_is_said),
      cmocka_unit_test(forecast__readings_that_jump_are_not_extrapolated),
      cmocka_unit_test(forecast__what_cannot_be_forecast_is_refused),
      cmocka_unit_test(forecast__survives_want_of_memory),
  };
  return cmocka_run_group_tests(tests, make_ctx, free_ctx);
}
