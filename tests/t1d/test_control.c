/* What controllers have in common, and what each does in cases whose answer is known. */
#include "t1d_control.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { N = 13, GIVEN = 96 };

typedef struct {
  double t[N], g[N];
  t1d_given given[GIVEN];
  t1d_told_meal meal[4];
  t1d_therapy therapy;
  t1d_view view;
} bed;

static void lay(bed *b, double glucose, double slope)
{
  memset(b, 0, sizeof *b);
  b->therapy = (t1d_therapy){.group = T1D_ADULT,
                             .bw_kg = 70,
                             .daily_dose_u = 45,
                             .cr_g_per_u = 10,
                             .cf_mgdl_per_u = 40,
                             .target_mgdl = 110};
  for (int i = 0; i < 24; i++) b->therapy.basal_u_per_h[i] = 0.9;
  for (int i = 0; i < N; i++) {
    b->t[i] = 600 - 5 * (N - 1 - i);
    b->g[i] = glucose + slope * (b->t[i] - 600);
  }
  for (int i = 0; i < GIVEN; i++) b->given[i] = (t1d_given){600 - 5 * (GIVEN - i), 5, 0.9 / 12, 0};
  b->view = (t1d_view){.now_min = 600,
                       .step_min = 5,
                       .cgm = {b->t, b->g, N},
                       .given = b->given,
                       .given_count = GIVEN,
                       .meal = b->meal,
                       .therapy = &b->therapy};
}

static t1d_command first_step(const t1d_controller *c, const bed *b, const void *options)
{
  static unsigned char state[4096];
  t1d_command out = {0};
  assert_true(c->state_bytes <= sizeof state);
  c->start(state, &b->therapy, options);
  c->step(state, &b->view, &out);
  assert_true(memchr(out.reason, 0, sizeof out.reason) != NULL);
  return out;
}

/* Share of a dose left, by the formula of the facts, written here again: td 360, tp 75, delay 10.
 */
static double share_left(double t)
{
  const double td = 360, tp = 75, tau = tp * (1 - tp / td) / (1 - 2 * tp / td), a = 2 * tau / td;
  const double s = 1 / (1 - a + (1 + a) * exp(-td / tau)), x = t - 10;
  if (x <= 0) return 1;
  if (x >= td) return 0;
  return 1 - s * (1 - a) * ((x * x / (tau * td * (1 - a)) - x / tau - 1) * exp(-x / tau) + 1);
}

/* A bolus leaves by the exponential curve; basal by the profile counts for nothing; basal that was
 * off counts against. */
static void iob__exponential_curve(void **state)
{
  (void)state;
  for (int ago = 1; ago <= 90; ago++) {
    bed b;
    lay(&b, 120, 0);
    assert_true(fabs(t1d_iob(&b.view)) < 1e-12);
    b.given[GIVEN - ago].bolus_u = 3;
    assert_true(fabs(t1d_iob(&b.view) - 3 * share_left(5 * ago)) < 1e-9);
    assert_true(t1d_bolus_iob(&b.view) == t1d_iob(&b.view));
    b.given[GIVEN - ago].bolus_u = 0;
    b.given[GIVEN - ago].basal_u = 0;
    assert_true(fabs(t1d_iob(&b.view) + 0.9 / 12 * share_left(5 * ago - 2.5)) < 1e-9);
  }
}

/* The activity is the rate at which insulin on board falls. */
static void activity__is_the_slope_of_iob(void **state)
{
  (void)state;
  bed b;
  lay(&b, 120, 0);
  for (int i = 60; i < GIVEN; i += 7) b.given[i].bolus_u = 0.1 * i;
  t1d_view before = b.view, after = b.view;
  before.now_min -= 1e-3;
  after.now_min += 1e-3;
  const double fall = (t1d_iob(&before) - t1d_iob(&after)) / 2e-3;
  assert_true(fabs(t1d_iob_activity(&b.view) - fall) < 1e-6);
}

/* Of readings on a straight line the trace has level, slope and age; of what is no reading nothing.
 */
static void trace__of_a_line(void **state)
{
  (void)state;
  bed b;
  lay(&b, 150, 1.2);
  t1d_trace r = t1d_trace_of(&b.view);
  assert_true(fabs(r.slope_mgdl_per_min - 1.2) < 1e-12 && fabs(r.smooth_mgdl - 150) < 1e-9);
  assert_true(r.age_min == 0 && r.glucose_mgdl == b.g[N - 1]);
  b.g[N - 1] = NAN;
  b.g[N - 2] = 7; /* mmol/L */
  r = t1d_trace_of(&b.view);
  assert_true(r.age_min == 10 && fabs(r.slope_mgdl_per_min - 1.2) < 1e-12);
  b.view.cgm.count = 0;
  r = t1d_trace_of(&b.view);
  assert_true(isinf(r.age_min) && isnan(r.glucose_mgdl));
}

/* The profile goes by the hour of the person's day, before the epoch and behind midnight too. */
static void profile__by_the_hour(void **state)
{
  (void)state;
  bed b;
  lay(&b, 120, 0);
  for (int i = 0; i < 24; i++) b.therapy.basal_u_per_h[i] = i;
  assert_true(t1d_basal_at(&b.therapy, 0) == 0 && t1d_basal_at(&b.therapy, 1439.9) == 23);
  assert_true(t1d_basal_at(&b.therapy, 1440 * 5 + 601) == 10 && t1d_basal_at(&b.therapy, -1) == 23);
}

/* Only what was announced since the last decision, and is eaten soon, is new. */
static void carbs__told_since_the_last_decision(void **state)
{
  (void)state;
  bed b;
  lay(&b, 120, 0);
  b.meal[0] = (t1d_told_meal){595, 595, 10}; /* seen at the decision before */
  b.meal[1] = (t1d_told_meal){596, 600, 20};
  b.meal[2] = (t1d_told_meal){600, 615, 30};
  b.meal[3] = (t1d_told_meal){600, 660, 40}; /* in an hour */
  b.view.meal_count = 4;
  assert_true(t1d_carbs_told(&b.view) == 50);
}

/* Basal by profile; a meal of 60 g at 10 g/U is 6 U; at 190 mg/dL (190 - 110) / 40 = 2 U more, less
 * boluses on board. */
static void open_loop__by_the_ratios(void **state)
{
  (void)state;
  bed b;
  lay(&b, 190, 0);
  t1d_command c = first_step(&t1d_openloop, &b, NULL);
  assert_true(c.basal_u_per_h == 0.9 && c.bolus_u == 0);
  b.meal[0] = (t1d_told_meal){600, 600, 60};
  b.view.meal_count = 1;
  assert_true(fabs(first_step(&t1d_openloop, &b, NULL).bolus_u - 8) < 1e-9);
  b.given[GIVEN - 1].bolus_u = 1.5;
  assert_true(fabs(first_step(&t1d_openloop, &b, NULL).bolus_u - 6.5) < 1e-9);
  const t1d_openloop_options never = {.never_correct = true};
  assert_true(fabs(first_step(&t1d_openloop, &b, &never).bolus_u - 6) < 1e-9);
  lay(&b, 140, 0);
  b.meal[0] = (t1d_told_meal){600, 600, 60};
  b.view.meal_count = 1;
  assert_true(fabs(first_step(&t1d_openloop, &b, NULL).bolus_u - 6) < 1e-9);
}

/* At the target with nothing on board PID asks for the profile; above for more, below for less,
 * rising for more; insulin in blood takes away. */
static void pid__signs(void **state)
{
  (void)state;
  bed b;
  lay(&b, 110, 0);
  const double flat = first_step(&t1d_pid, &b, NULL).basal_u_per_h;
  assert_true(fabs(flat - 0.9) < 1e-9);
  lay(&b, 110, 0.5);
  const double rising = first_step(&t1d_pid, &b, NULL).basal_u_per_h;
  lay(&b, 150, 0);
  const double above = first_step(&t1d_pid, &b, NULL).basal_u_per_h;
  b.given[GIVEN - 12].bolus_u = 3;
  const double blood = first_step(&t1d_pid, &b, NULL).basal_u_per_h;
  lay(&b, 90, 0);
  const double below = first_step(&t1d_pid, &b, NULL).basal_u_per_h;
  assert_true(rising > flat && above > flat && below < flat && blood < above && below >= 0);
}

/* Rules: at the target the profile; high and rising a microbolus of at most half an hour of basal;
 * a forecast below takes the basal rate away; a meal gets its bolus. */
static void rules__forecasts_decide(void **state)
{
  (void)state;
  bed b;
  lay(&b, 110, 0);
  t1d_command c = first_step(&t1d_rules, &b, NULL);
  assert_true(fabs(c.basal_u_per_h - 0.9) < 1e-9 && c.bolus_u == 0);
  lay(&b, 250, 1);
  c = first_step(&t1d_rules, &b, NULL);
  assert_true(c.bolus_u > 0 && c.bolus_u <= 0.45 + 1e-12 && c.basal_u_per_h > 0.9);
  lay(&b, 110, 0);
  b.given[GIVEN - 2].bolus_u = 2; /* 80 mg/dL to come */
  c = first_step(&t1d_rules, &b, NULL);
  assert_true(c.basal_u_per_h == 0 && c.bolus_u == 0);
  lay(&b, 120, 0);
  b.meal[0] = (t1d_told_meal){600, 600, 60};
  b.view.meal_count = 1;
  c = first_step(&t1d_rules, &b, NULL);
  assert_true(c.bolus_u > 3 && c.bolus_u < 7);
}

/* Without a reading, and the one that needs it without an outlook: the profile. */
static void every_controller__profile_without_sight(void **state)
{
  (void)state;
  bed b;
  lay(&b, 220, 1);
  b.view.cgm.count = 0;
  int32_t n = 0;
  for (; t1d_controller_at(n); n++) {
    const t1d_controller *c = t1d_controller_at(n);
    assert_ptr_equal(t1d_controller_find(c->name), c);
    const t1d_command out = first_step(c, &b, NULL);
    assert_true(out.basal_u_per_h == 0.9 && out.bolus_u == 0);
  }
  assert_int_equal(n, 4);
  assert_null(t1d_controller_find("none"));
  assert_null(t1d_controller_at(-1));
}

/* A copy of the bytes of a controller's memory goes on as the controller does. */
static void every_controller__memory_is_plain(void **state)
{
  (void)state;
  for (int32_t i = 0; t1d_controller_at(i); i++) {
    const t1d_controller *c = t1d_controller_at(i);
    unsigned char one[4096], two[4096];
    t1d_command a = {0}, d = {0};
    bed b;
    lay(&b, 160, 0.7);
    c->start(one, &b.therapy, NULL);
    for (int k = 0; k < 5; k++) c->step(one, &b.view, &a);
    memcpy(two, one, c->state_bytes);
    for (int k = 0; k < 3; k++) {
      b.g[N - 1] += k;
      c->step(one, &b.view, &a);
      c->step(two, &b.view, &d);
      assert_true(a.basal_u_per_h == d.basal_u_per_h && a.bolus_u == d.bolus_u);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(iob__exponential_curve),
      cmocka_unit_test(activity__is_the_slope_of_iob),
      cmocka_unit_test(trace__of_a_line),
      cmocka_unit_test(profile__by_the_hour),
      cmocka_unit_test(carbs__told_since_the_last_decision),
      cmocka_unit_test(open_loop__by_the_ratios),
      cmocka_unit_test(pid__signs),
      cmocka_unit_test(rules__forecasts_decide),
      cmocka_unit_test(every_controller__profile_without_sight),
      cmocka_unit_test(every_controller__memory_is_plain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
