/* Members of an outlook that are no numbers: they have no part in what glucose costs, they bear no
 * insulin, and where they are many the predictive controller does without the outlook. */
#include "t1d_control_zone.h"
#include "t1d_control.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 32, STEPS = 72, BLOCKS = T1D_ZONE_BLOCKS };
static const double basal_u = 1.2 / 12;
static const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
enum { ODD = sizeof odd / sizeof *odd };

typedef struct {
  double glucose[MEMBERS * STEPS], unit[MEMBERS * STEPS], weight[MEMBERS];
  t1d_outlook outlook;
} world;

/* members of one weight about a level, each a little higher than the one before; a unit takes 40.
 */
static void make(world *w, int32_t members, double level)
{
  for (int32_t m = 0; m < members; m++) {
    w->weight[m] = 1. / members;
    for (int32_t k = 0; k < STEPS; k++) {
      const double x = 5 * (k + 1) / 60.;
      w->glucose[m * STEPS + k] = level + m;
      w->unit[m * STEPS + k] = -40 * (1 - (1 + x) * exp(-x));
    }
  }
  w->outlook = (t1d_outlook){600, 5, STEPS, members, 1.2, w->glucose, w->unit, w->weight};
}

static t1d_zone_plan solve(const world *w, double risk)
{
  static t1d_zone_room room;
  t1d_zone_task t = {.low_weight = 20,
                     .more = 1,
                     .less = 0.1,
                     .risk = risk,
                     .risk_mgdl = 70,
                     .reply_steps = 9,
                     .points = 24,
                     .risk_points = 30};
  t1d_zone_plan plan;
  for (int k = 0; k < T1D_ZONE_POINTS; k++) {
    t.low_mgdl[k] = 80;
    t.high_mgdl[k] = 140;
  }
  for (int b = 0; b < BLOCKS; b++) t.upper_u[b] = 0.8;
  t1d_zone_solve(&w->outlook, &t, &room, &plan);
  return plan;
}

static void spoil(double *of, int32_t member, int kind, double value)
{
  if (kind == 0) of[member * STEPS + 40] = value; /* one number in the middle */
  if (kind == 1)
    for (int k = 0; k < STEPS; k++) of[member * STEPS + k] = value;
}

/* Where nothing is risked, a plan on members of which the last is no number is the plan on the
 * others. */
static void unsound__no_part_in_the_cost(void **state)
{
  (void)state;
  static world all, others;
  for (int v = 0; v < ODD; v++)
    for (int kind = 0; kind < 4; kind++) {
      make(&all, 16, 190);
      make(&others, 15, 190);
      spoil(kind < 2 ? all.glucose : all.unit, 15, kind % 2, odd[v]);
      const t1d_zone_plan a = solve(&all, 1), b = solve(&others, 1);
      assert_true(b.share == 1 && b.u[0] > 0);
      for (int i = 0; i < BLOCKS; i++) assert_true(fabs(a.u[i] - b.u[i]) < 1e-9);
      assert_true(fabs(a.unsound - 1 / 16.) < 1e-12 && fabs(b.unsound) < 1e-12);
    }
}

/* What is no number is not safe: with more of it than may be risked nothing is given, not even
 * basal; with less it counts as low, so that the others may risk that much less. */
static void unsound__bears_nothing(void **state)
{
  (void)state;
  static world w;
  for (int v = 0; v < ODD; v++)
    for (int kind = 0; kind < 4; kind++) {
      make(&w, 32, 190);
      for (int m = 3; m < 5; m++) spoil(kind < 2 ? w.glucose : w.unit, m, kind % 2, odd[v]);
      t1d_zone_plan p = solve(&w, 0.05);
      assert_true(p.share == 0);
      for (int i = 0; i < BLOCKS; i++) assert_true(fabs(p.u[i] + basal_u) < 1e-12);
      p = solve(&w, 0.07);
      assert_true(p.share > 0 && fabs(p.risk - 2 / 32.) < 1e-12 && p.u[0] > 0);
    }
}

/* Every member no number: no cost but that of insulin, nothing beyond basal and nothing borne. */
static void unsound__all_of_them(void **state)
{
  (void)state;
  static world w;
  make(&w, 32, 190);
  for (int m = 0; m < 32; m++) spoil(w.glucose, m, 1, NAN);
  const t1d_zone_plan p = solve(&w, 0.05);
  assert_true(p.unsound == 1 && p.share == 0);
  for (int i = 0; i < BLOCKS; i++) assert_true(fabs(p.u[i] + basal_u) < 1e-12);
}

static t1d_command decide(const world *w, double carbs)
{
  static unsigned char memory[4096];
  const double t[] = {580, 585, 590, 595, 600}, g[] = {190, 190, 190, 190, 190};
  t1d_therapy therapy = {
      .group = T1D_ADULT, .bw_kg = 70, .daily_dose_u = 58, .cr_g_per_u = 9, .cf_mgdl_per_u = 40};
  for (int h = 0; h < 24; h++) therapy.basal_u_per_h[h] = 1.2;
  const t1d_told_meal meal = {600, 600, carbs};
  const t1d_view v = {.now_min = 600,
                      .step_min = 5,
                      .cgm = {t, g, 5},
                      .meal = &meal,
                      .meal_count = carbs > 0,
                      .therapy = &therapy,
                      .outlook = &w->outlook};
  t1d_command c = {0};
  t1d_mpc.start(memory, &therapy, NULL);
  t1d_mpc.step(memory, &v, &c);
  return c;
}

/* More than a tenth of the belief is no number: profile and carbohydrate / ratio, as without one.
 */
static void mpc__without_an_outlook_that_is_broken(void **state)
{
  (void)state;
  static world w;
  make(&w, 32, 190);
  assert_true(decide(&w, 0).basal_u_per_h > 1.2);
  for (int m = 0; m < 4; m++) spoil(w.glucose, 8 * m, 0, NAN);
  t1d_command c = decide(&w, 0);
  assert_true(c.basal_u_per_h == 1.2 && c.bolus_u == 0);
  c = decide(&w, 45);
  assert_true(c.basal_u_per_h == 1.2 && c.bolus_u == 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unsound__no_part_in_the_cost),
      cmocka_unit_test(unsound__bears_nothing),
      cmocka_unit_test(unsound__all_of_them),
      cmocka_unit_test(mpc__without_an_outlook_that_is_broken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
