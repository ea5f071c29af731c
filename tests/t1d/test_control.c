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

/* The profile falls from 2 to 0.5 U/h at 7 h; what it gave from 6:45 to 8:00 stands as one entry
 * (15 and 60 min of the two rates): still nothing beyond the profile. */
static void iob__an_entry_across_the_profile(void **state)
{
  (void)state;
  bed b;
  lay(&b, 120, 0);
  for (int i = 0; i < 24; i++) b.therapy.basal_u_per_h[i] = i < 7 ? 2 : 0.5;
  int n = 0;
  for (double t = 120; t < 405; t += 5) b.given[n++] = (t1d_given){t, 5, 2 / 12., 0};
  b.given[n++] = (t1d_given){405, 75, 2 * 0.25 + 0.5, 0};
  for (double t = 480; t < 600; t += 5) b.given[n++] = (t1d_given){t, 5, 0.5 / 12, 0};
  b.view.given_count = n;
  assert_true(fabs(t1d_iob(&b.view)) < 1e-12);
}

/* The clock is moved by any amount three hours ago: a bolus of four hours ago counts as it would
 * have without (younger by one entry at most, never older), and basal held back then for nothing.
 */
static void iob__a_moved_clock_ages_nothing(void **state)
{
  (void)state;
  for (int by = -400; by <= 400; by += 50) {
    bed b;
    lay(&b, 120, 0);
    for (int i = 0; i < GIVEN - 36; i++) b.given[i].t_min -= by;
    b.given[GIVEN - 48].bolus_u = 3;
    b.given[GIVEN - 50].basal_u = 0;
    b.given[GIVEN - 20].basal_u = 0;
    const double held = 0.9 / 12 * share_left(100 - 2.5), iob = t1d_iob(&b.view);
    if (by == 0) {
      assert_true(fabs(iob - (3 * share_left(240) - held - 0.9 / 12 * share_left(247.5))) < 1e-9);
      assert_true(isinf(t1d_clock_moved_min(&b.view)));
      continue;
    }
    assert_true(fabs(iob - (3 * share_left(by > 0 ? 240 : 235) - held)) < 1e-9);
    assert_true(t1d_clock_moved_min(&b.view) == 180);
  }
}

/* The activity is the rate at which insulin on board falls. */
static void activity__is_the_slope_of_iob(void **state)
{
  (void)state;
  bed b;
  lay(&b, 120, 0);
  for (int i = 60; i < GIVEN; i += 7) b.given[i].bolus_u = 0.1 * i;
  const double h = 1e-4, fall = (t1d_iob(&b.view) - t1d_iob_in(&b.view, h)) / h;
  assert_true(fabs(t1d_iob_activity(&b.view) - fall) < 1e-5); /* h times half of its slope */
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

/* A clock that went back an hour: the two readings since are the trace, not those that came an hour
 * earlier under the same times. A newest reading of the future leaves nothing that can be used. */
static void trace__ends_where_the_clock_was_moved(void **state)
{
  (void)state;
  bed b;
  lay(&b, 100, 0);
  for (int i = 0; i < N - 2; i++) { /* until 590 + 60, three of them of 590 to 600 again */
    b.t[i] += 60 - 5 * 8;
    b.g[i] = 300;
  }
  const t1d_trace r = t1d_trace_of(&b.view);
  assert_true(r.age_min == 0 && r.smooth_mgdl == 100 && r.slope_mgdl_per_min == 0);
  b.t[N - 1] += 60;
  assert_true(isinf(t1d_trace_of(&b.view).age_min));
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
  t1d_openloop_options never = t1d_openloop_defaults();
  never.never_correct = true;
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

/* Three steps by Steil's formulas, written here again: P = K e, I grows by K e h / Ti and never by
 * more than at 60 mg/dL above the target, D = K Td times the slope, and with the feedback of
 * insulin (1 + gamma) (P + I + D) - gamma times what is in blood beyond basal. All options differ
 * from the defaults. */
static void pid__formula_by_hand(void **state)
{
  (void)state;
  const t1d_pid_options o = {
      .gain = 0.6, .integral_min = 200, .derivative_min = 70, .feedback = 0.5, .meal_share = 0};
  static const double level[] = {150, 160, 175}, slope[] = {0.4, 2, 3};
  const double k = 0.6 * 45 / 1e4; /* U/h for each mg/dL at 45 U a day */
  unsigned char memory[4096];
  double integral = 0;
  for (int i = 0; i < 3; i++) {
    bed b;
    t1d_command c = {0};
    lay(&b, level[i], slope[i]);
    b.given[GIVEN - 12].bolus_u = 0.7;
    b.meal[0] = (t1d_told_meal){600, 600, 60};
    b.view.meal_count = 1;
    if (i == 0) t1d_pid.start(memory, &b.therapy, &o);
    t1d_pid.step(memory, &b.view, &c);
    const double e = level[i] - 110, h = 1e-3;
    integral += k * fmin(e, 60) * 5 / 200;
    const double pid = k * e + integral + k * 70 * slope[i];
    const double blood = 60 * 0.7 * (share_left(60 - h) - share_left(60 + h)) / (2 * h);
    assert_true(fabs(c.basal_u_per_h - (0.9 + 1.5 * pid - 0.5 * blood)) < 1e-6);
    assert_true(c.bolus_u == 0); /* a share of 0 can be asked for */
  }
}

/* What is set is taken as it is, 0 too; without options the defaults are. */
static void every_option__zero_can_be_said(void **state)
{
  (void)state;
  bed b;
  lay(&b, 250, 1);
  b.given[GIVEN - 12].bolus_u = 3;
  t1d_pid_options pid = t1d_pid_defaults();
  const t1d_command plain = first_step(&t1d_pid, &b, NULL);
  assert_true(first_step(&t1d_pid, &b, &pid).basal_u_per_h == plain.basal_u_per_h);
  pid.feedback = pid.integral_min = pid.derivative_min = 0;
  const double want = 0.9 + 0.45 * 45 / 1e4 * (250 - 110);
  assert_true(fabs(first_step(&t1d_pid, &b, &pid).basal_u_per_h - want) < 1e-9);
  t1d_rules_options rules = t1d_rules_defaults();
  lay(&b, 250, 1);
  assert_true(first_step(&t1d_rules, &b, &rules).bolus_u > 0);
  rules.micro_share = 0;
  assert_true(first_step(&t1d_rules, &b, &rules).bolus_u == 0);
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
      cmocka_unit_test(iob__an_entry_across_the_profile),
      cmocka_unit_test(iob__a_moved_clock_ages_nothing),
      cmocka_unit_test(activity__is_the_slope_of_iob),
      cmocka_unit_test(trace__of_a_line),
      cmocka_unit_test(trace__ends_where_the_clock_was_moved),
      cmocka_unit_test(profile__by_the_hour),
      cmocka_unit_test(carbs__told_since_the_last_decision),
      cmocka_unit_test(open_loop__by_the_ratios),
      cmocka_unit_test(pid__signs),
      cmocka_unit_test(pid__formula_by_hand),
      cmocka_unit_test(every_option__zero_can_be_said),
      cmocka_unit_test(rules__forecasts_decide),
      cmocka_unit_test(every_controller__profile_without_sight),
      cmocka_unit_test(every_controller__memory_is_plain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
