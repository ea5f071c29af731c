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

/* Control-IQ falls back to the profile after 20 min, not below it either; a meal is still covered
 * by hand. */
static void silent__the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  b.view.cgm.count = N - 5;
  t1d_command c = ask(&b, 0, 0.4, &bits);
  assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0 && HAS(bits, SILENT));
  tell(&b, 0, 40);
  assert_true(ask(&b, 3, 9, &bits).bolus_u == 4);
  b.view.cgm.count = 0;
  assert_true(ask(&b, 3, 9, &bits).basal_u_per_h == 1);
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

/* AndroidAPS: readings that do not change: insulin on board 0, which is no more than the profile.
 */
static void flat__no_more_than_the_profile(void **state)
{
  (void)state;
  bed b;
  uint32_t bits;
  lay(&b);
  for (int i = N - 10; i < N; i++) b.g[i] = 250;
  b.g[N - 11] = 252; /* no jump of late */
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

/* What is no number becomes the profile and no bolus. */
static void number__the_profile(void **state)
{
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY, -1};
  for (int i = 0; i < 4; i++) {
    bed b;
    uint32_t bits;
    lay(&b);
    t1d_command c = ask(&b, bad[i], 0.2, &bits);
    assert_true(c.basal_u_per_h == 1 && c.bolus_u == 0.2 && HAS(bits, NUMBER));
    c = ask(&b, 2, bad[i], &bits);
    assert_true(c.basal_u_per_h == 2 && c.bolus_u == 0);
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
 * hard limits, the multiples of the profile and insulin on board; nothing flows while the newest
 * reading is below 70 unless a meal was announced. */
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
    const t1d_command c = ask(&b, odd(key, i, 7, 12), odd(key, i, 8, 30), &bits);
    const double profile = t1d_basal_at(&b.therapy, now), iob = t1d_iob(&b.view);
    const bool bigger = b.therapy.daily_dose_u > 30; /* a class up (t1d_limit.c) */
    assert_true(isfinite(c.basal_u_per_h) && c.basal_u_per_h >= 0);
    assert_true(isfinite(c.bolus_u) && c.bolus_u >= 0);
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
      cmocka_unit_test(silent__the_profile),
      cmocka_unit_test(mmol__is_silence),
      cmocka_unit_test(clock__no_more_than_the_profile),
      cmocka_unit_test(jump__no_microbolus),
      cmocka_unit_test(flat__no_more_than_the_profile),
      cmocka_unit_test(double__no_more_than_the_profile),
      cmocka_unit_test(lost_and_faults__no_more_than_the_profile),
      cmocka_unit_test(meal_twice__no_second_bolus),
      cmocka_unit_test(meal_size__at_most_120_g),
      cmocka_unit_test(number__the_profile),
      cmocka_unit_test(any_command__comes_out_inside_all_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
