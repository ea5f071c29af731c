/* label: full, long */
/* test_twin_stream.c - the streaming twin on virtual truth: a hidden subject, a sensor with
 * coloured error, meals told and not told. */
#include "hidden.h"
#include "t1d_forecast.h"
#include "t1d_meals.h"

static gm_ctx *ctx;

static void must(gm_status s)
{
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
}

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

/* ---- a hidden person ------------------------------------------------------------------------- */
/* Whose own sensitivity is `sensitivity` times what the subject's parameters say. */
static void person_open(hidden *p, int32_t number, double sensitivity)
{
  hidden_open(p, ctx, number, NULL);
  *hidden_parameter(p, "SI") = sensitivity;
  hidden_begin(p);
}

static void twin_open(const hidden *p, int32_t number, bool population, t1d_twin **out)
{
  t1d_twin_options o = hidden_options(p);
  o.population = population;
  o.subject = (uint64_t)number;
  must(t1d_twin_new(ctx, &o, out));
}

/* ---- a run of days --------------------------------------------------------------------------- */
typedef struct {
  bool told, population;
  int32_t days;
  double sensitivity;
} setting;

/* Sums over persons. */
typedef struct {
  double twin[T1D_FORECAST_HORIZONS], readings[T1D_FORECAST_HORIZONS]; /* of squared RMSE */
  double mixed[T1D_FORECAST_HORIZONS], covered[T1D_FORECAST_HORIZONS];
  int32_t persons, eaten, eaten_large; /* large: of LARGE_G and more */
  int32_t finds, right, right_large;   /* right: finds that have a meal of their own */
  double right_g, right_eaten_g, right_after_min;
} tally;

/* ---- meals eaten and found ------------------------------------------------------------------- */
enum { DAYS_MAX = 7, LARGE_G = 30, BEHIND_MIN = 100 };
typedef struct {
  double t_min, carbs_g;
  bool found;
} eaten;
typedef struct {
  eaten meal[DAYS_MAX * T1D_MEALS_A_DAY];
  int32_t count;
} menu;

static void menu_add(menu *m, const t1d_meal *meal, tally *sum)
{
  assert_true(m->count < (int32_t)(sizeof m->meal / sizeof *m->meal));
  m->meal[m->count++] = (eaten){meal->t_min, meal->carbs_g, false};
  sum->eaten++;
  sum->eaten_large += meal->carbs_g >= LARGE_G;
}

/* A find is right where a meal was begun at most 100 min before that no other find has; of several
 * it is the largest. All else is false, or the same meal again. */
static void menu_match(menu *m, double t_min, double found_g, tally *sum)
{
  eaten *best = NULL;
  sum->finds++;
  for (int32_t i = 0; i < m->count; i++) {
    eaten *e = &m->meal[i];
    if (e->found || e->t_min >= t_min || e->t_min < t_min - BEHIND_MIN) continue;
    if (!best || e->carbs_g > best->carbs_g) best = e;
  }
  if (!best) return;
  best->found = true;
  sum->right++;
  sum->right_large += best->carbs_g >= LARGE_G;
  sum->right_g += found_g;
  sum->right_eaten_g += best->carbs_g;
  sum->right_after_min += t_min - best->t_min;
}

/* ---- persons --------------------------------------------------------------------------------- */
static void day_begin(hidden *p, t1d_twin *twin, const setting *g, int32_t number, int64_t day,
                      menu *m, tally *sum)
{
  t1d_meal meal[T1D_MEALS_A_DAY];
  t1d_meal_plan plan = t1d_meals_defaults(T1D_MEALS_DRAWN);
  plan.seed = 5;
  plan.subject = (uint64_t)number;
  int32_t n = t1d_meals_day(&plan, day, meal);
  for (int32_t i = 0; i < n; i++) {
    double dose_u = meal[i].carbs_g / p->subject->cr_g_per_u;
    double at = meal[i].t_min + (g->told ? 0 : 90); /* not told: a late and small correction */
    if (!g->told) dose_u *= 0.7;
    must(t1d_course_meal(p->course, ctx, meal[i].t_min, meal[i].carbs_g));
    must(t1d_course_bolus(p->course, ctx, at, dose_u));
    must(t1d_twin_bolus(twin, ctx, at, dose_u));
    if (g->told) must(t1d_twin_meal(twin, ctx, meal[i].t_min, meal[i].carbs_g));
    menu_add(m, &meal[i], sum);
  }
}

static void one_person(int32_t number, const setting *g, tally *sum)
{
  hidden p;
  t1d_twin *twin;
  t1d_forecast *f;
  menu m = {.count = 0};
  person_open(&p, number, g->sensitivity);
  twin_open(&p, number, g->population, &twin);
  must(t1d_forecast_new(ctx, &f));
  for (int32_t k = 1; k <= 288 * g->days; k++) {
    if (k % 288 == 1) day_begin(&p, twin, g, number, (k - 1) / 288, &m, sum);
    const double t = 5 * k, cgm = hidden_read(&p, t);
    t1d_twin_news n;
    must(t1d_twin_step(twin, ctx, t, cgm, &n));
    if (n.hidden_meal_g > 0) menu_match(&m, t, n.hidden_meal_g, sum);
    t1d_outlook o;
    const t1d_outlook_options oo = {.members = 24, .basal_u_per_h = -1};
    must(t1d_twin_outlook(twin, ctx, &oo, &o));
    gm_online_law law[T1D_FORECAST_HORIZONS];
    const t1d_forecast_now now = {t, cgm, n.weight, &o, n.glucose_mgdl, n.disturbance_mg_kg_min};
    must(t1d_forecast_step(f, ctx, &now, law));
    if (k == 288) gm_online_score_clear(t1d_forecast_online(f));
  }
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    gm_online_score s = gm_online_scored(t1d_forecast_online(f), h);
    sum->readings[h] += pow(s.expert_rmse[T1D_FORECAST_LAST_HOUR], 2);
    sum->twin[h] += pow(s.expert_rmse[T1D_FORECAST_TWIN], 2);
    sum->mixed[h] += s.rmse * s.rmse;
    sum->covered[h] += s.covered[T1D_FORECAST_LEVEL90];
  }
  sum->persons++;
  t1d_forecast_free(f);
  t1d_twin_free(twin);
  hidden_close(&p);
}

static void persons(const setting *g, const char *what, tally *sum)
{
  *sum = (tally){0};
  for (int32_t i = 0; i < 30; i += 5) one_person(i, g, sum);
  print_message("%s: %d persons, %d days; RMSE in mg/dL against the sensor's readings\n", what,
                (int)sum->persons, (int)g->days);
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    double *all[] = {&sum->readings[h], &sum->twin[h], &sum->mixed[h]};
    for (int32_t i = 0; i < 3; i++) *all[i] = sqrt(*all[i] / sum->persons);
    sum->covered[h] /= sum->persons;
    print_message(
        "  %3.0f min: readings alone %.1f, twin %.1f, together %.1f, 90 %% covers %.1f %%\n",
        t1d_forecast_min[h], sum->readings[h], sum->twin[h], sum->mixed[h], 100 * sum->covered[h]);
  }
}

enum { H30, H60, H120, H240 };

static void intervals_hold(const tally *sum)
{
  for (int32_t h = H30; h <= H240; h++) {
    assert_true(sum->covered[h] >= 0.85);
    assert_true(sum->covered[h] <= 0.95);
  }
}

/* Meals told: the twin's forecasts are better than those of the readings alone and than those of a
 * twin whose parameters are the population's, at an hour and at two; its intervals hold. */
static void stream__beats_readings_and_population_when_meals_are_told(void **state)
{
  (void)state;
  tally own, population;
  persons(&(setting){.told = true, .days = 7, .sensitivity = 1}, "meals told", &own);
  persons(&(setting){.told = true, .population = true, .days = 7, .sensitivity = 1},
          "meals told, parameters of the population", &population);
  for (int32_t h = H60; h <= H120; h++) {
    assert_true(own.mixed[h] < own.readings[h]);
    assert_true(own.mixed[h] < population.mixed[h]);
    assert_true(own.twin[h] < population.twin[h]);
  }
  intervals_hold(&own);
}

/* Meals not told: together the twin and the readings are better than either, the larger meals are
 * found and little else, and the intervals hold. Found were 0.74 to 0.76 of 120 meals of 30 g and
 * more (binomial error 0.04), right were 0.85 to 0.91 of the finds (0.03): the bars lie two errors
 * and more below. */
static void stream__finds_meals_that_nobody_told(void **state)
{
  (void)state;
  tally own;
  persons(&(setting){.days = 7, .sensitivity = 1}, "meals not told", &own);
  const double recall = (double)own.right_large / own.eaten_large,
               precision = (double)own.right / own.finds;
  print_message(
      "  %d finds, %d of them right (%.0f %%): %d of %d meals of %d g and more (%.0f %%), "
      "%d of %d smaller; %.0f min after they began, %.0f g for %.0f g\n",
      (int)own.finds, (int)own.right, 100 * precision, (int)own.right_large, (int)own.eaten_large,
      LARGE_G, 100 * recall, (int)(own.right - own.right_large), (int)(own.eaten - own.eaten_large),
      own.right_after_min / own.right, own.right_g / own.right, own.right_eaten_g / own.right);
  assert_true(own.mixed[H60] < own.readings[H60]);
  assert_true(own.mixed[H120] < own.readings[H120]);
  assert_true(recall >= 0.65);
  assert_true(precision >= 0.75);
  intervals_hold(&own);
}

/* ---- sensitivity ----------------------------------------------------------------------------- */
enum { ACT_STEPS = 48 }; /* four hours */

/* What a unit given now takes off glucose in four hours, truly: the same future twice. */
static double truly(hidden *p, double now_min, bool unit)
{
  t1d_course *ahead;
  gm_drive d;
  double y[2];
  must(t1d_course_copy(p->course, ctx, &ahead));
  if (unit) must(t1d_course_bolus(ahead, ctx, now_min, 1));
  must(t1d_course_read(ahead, ctx, now_min + 5 * ACT_STEPS, &d));
  must(gm_ensemble_advance(p->truth, ctx, now_min + 5 * ACT_STEPS, &d, NULL, NULL, 0, NULL));
  must(gm_ensemble_observe(p->truth, ctx, y));
  t1d_course_free(ahead);
  return y[1];
}

static double truth_of_unit(hidden *p, double now_min)
{
  gm_text saved;
  gm_text_init(&saved, ctx);
  must(gm_ensemble_save(p->truth, ctx, &saved));
  double without = truly(p, now_min, false);
  must(gm_ensemble_load(p->truth, ctx, saved.data, saved.bytes));
  double with = truly(p, now_min, true);
  must(gm_ensemble_load(p->truth, ctx, saved.data, saved.bytes));
  gm_text_free(&saved);
  return with - without;
}

static void belief_of_unit(t1d_twin *twin, double *mean, double *sd)
{
  t1d_outlook o;
  const t1d_outlook_options oo = {
      .steps = ACT_STEPS, .members = 128, .basal_u_per_h = -1, .per_unit = true};
  double square = 0;
  *mean = 0;
  must(t1d_twin_outlook(twin, ctx, &oo, &o));
  for (int32_t m = 0; m < o.members; m++)
    if (o.weight[m] > 0) *mean += o.weight[m] * o.per_unit_mgdl[(m + 1) * ACT_STEPS - 1];
  for (int32_t m = 0; m < o.members; m++)
    if (o.weight[m] > 0)
      square += o.weight[m] * pow(o.per_unit_mgdl[(m + 1) * ACT_STEPS - 1] - *mean, 2);
  *sd = sqrt(square);
}

/* What a unit does to this person, after a day of data against before it. */
static void after_a_day(int32_t number, double sensitivity, double *z, double *before,
                        double *after)
{
  hidden p;
  t1d_twin *twin;
  tally none = {0};
  menu m = {.count = 0};
  const setting g = {.told = true, .days = 1, .sensitivity = sensitivity};
  double mean, sd, truth;
  person_open(&p, number, sensitivity);
  twin_open(&p, number, false, &twin);
  belief_of_unit(twin, &mean, &sd);
  truth = truth_of_unit(&p, 0);
  *before = fabs(mean / truth - 1);
  for (int32_t k = 1; k <= 288; k++) {
    if (k == 1) day_begin(&p, twin, &g, number, 0, &m, &none);
    const double t = 5 * k, cgm = hidden_read(&p, t);
    must(t1d_twin_step(twin, ctx, t, cgm, NULL));
  }
  belief_of_unit(twin, &mean, &sd);
  truth = truth_of_unit(&p, 1440);
  *after = fabs(mean / truth - 1);
  *z = (mean - truth) / sd;
  t1d_twin_free(twin);
  hidden_close(&p);
}

/* Insulin sensitivity, as what a unit takes off glucose in four hours: after one day it lies within
 * the belief (of 18 people, by chance 17.8 within 2.58 sd; at least 16 here: fewer have a chance of
 * 2e-4), and is known better than before. Nobody's sensitivity is what the prior expects: a third
 * have their own, a third 0.75 and a third 1.33 times as much. */
static void stream__recovers_insulin_sensitivity(void **state)
{
  (void)state;
  static const double factor[] = {1, 0.75, 1.33};
  int32_t within = 0, people = 0;
  double z, before, after, sum_before = 0, sum_after = 0;
  for (int32_t i = 0; i < 30; i += 5)
    for (int32_t k = 0; k < 3; k++, people++) {
      after_a_day(i, factor[k], &z, &before, &after);
      within += fabs(z) < 2.58;
      sum_before += before;
      sum_after += after;
    }
  print_message(
      "what a unit does, after a day: %d of %d within 2.58 sd; mean relative error %.0f %%, before "
      "%.0f %%\n",
      (int)within, (int)people, 100 * sum_after / people, 100 * sum_before / people);
  assert_true(within >= 16);
  assert_true(sum_after < sum_before);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(stream__beats_readings_and_population_when_meals_are_told),
      cmocka_unit_test(stream__finds_meals_that_nobody_told),
      cmocka_unit_test(stream__recovers_insulin_sensitivity),
  };
  return cmocka_run_group_tests(test, begin, end);
}
