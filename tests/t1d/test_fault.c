/* Faults of a loop: what each does to readings, meals and the pump, and scripts drawn by law.
 * label: quick */
#include "t1d_fault.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

/* A script with one fault from 100 to 160 min. */
static t1d_fault_script one(t1d_fault_kind kind, double size)
{
  t1d_fault_script s = t1d_fault_none();
  assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){kind, 100, 160, size}), GM_OK);
  return s;
}

static t1d_sample reading(double t, double mgdl) { return (t1d_sample){t, mgdl, 0}; }
static double truth(double t) { return 120 + 0.1 * t; }
static bool within(double t) { return t >= 100 && t < 160; }

typedef double expected(double t, double size);

/* Runs a fault over four hours of 5 min and compares value and time with what is expected. */
static void follow(t1d_fault_kind kind, double size, expected *value, double late)
{
  t1d_fault_script s = one(kind, size);
  for (double t = 0; t < 240; t += 5) {
    t1d_sample r = t1d_fault_reading(&s, reading(t, truth(t)));
    double want = value(t, size);
    assert_true(isnan(want) ? isnan(r.mgdl) : fabs(r.mgdl - want) < 1e-9);
    assert_true(r.t_min == t + (within(t) ? late : 0));
    assert_int_equal(r.flags & T1D_SAMPLE_MISSING, isnan(want) ? T1D_SAMPLE_MISSING : 0);
    assert_int_equal(t1d_fault_active(&s, t), within(t) ? T1D_FAULT_BIT(kind) : 0);
  }
}

static double as_it_is(double t, double size) { return (void)size, truth(t); }
static double stuck(double t, double size) { return within(t) ? size : truth(t); }
static double none(double t, double size) { return (void)size, within(t) ? NAN : truth(t); }
static double flat(double t, double size) { return (void)size, within(t) ? truth(95) : truth(t); }
static double jump(double t, double size) { return truth(t) + (within(t) ? size : 0); }
static double mmol(double t, double size)
{
  return (void)size, within(t) ? truth(t) * 10 / 180.156 : truth(t); /* 180.156 g/mol */
}
static double teeth(double t, double size)
{
  static const double tooth[] = {-0.5, -1.0 / 6, 1.0 / 6};
  return truth(t) + (within(t) ? size * tooth[(int)(t - 100) / 5 % 3] : 0);
}
/* x' = (size k - x) / 10 while it lasts, then x' = -x / 10; k so that it is deepest at size. */
static double squeezed(double t, double size)
{
  double on = fmin(fmax(t - 100, 0), 60), off = fmax(t - 160, 0);
  return truth(t) - size * (1 - exp(-on / 10)) / (1 - exp(-6.0)) * exp(-off / 10);
}

/* Each fault of the sensor does what its name says, from its start on and before its end; those of
 * person and pump leave readings alone. */
static void reading__is_changed_as_the_name_says(void **state)
{
  (void)state;
  follow(T1D_FAULT_STUCK_LOW, 50, stuck, 0);
  follow(T1D_FAULT_STUCK_HIGH, 320, stuck, 0);
  follow(T1D_FAULT_COMPRESSION, 48, squeezed, 0);
  follow(T1D_FAULT_DROPOUT, 0, none, 0);
  follow(T1D_FAULT_SAWTOOTH, 30, teeth, 0);
  follow(T1D_FAULT_FLAT, 0, flat, 0);
  follow(T1D_FAULT_JUMP, 60, jump, 0);
  follow(T1D_FAULT_JUMP, -60, jump, 0);
  follow(T1D_FAULT_MMOL, 0, mmol, 0);
  follow(T1D_FAULT_CLOCK, 60, as_it_is, 60);
  follow(T1D_FAULT_CLOCK, -60, as_it_is, -60);
  for (int k = T1D_FAULT_DOUBLE_MEAL; k < T1D_FAULT_KINDS; k++)
    follow((t1d_fault_kind)k, 0, as_it_is, 0);
}

/* Values beyond the sensor's range are shown at its bounds and flagged; units taken wrong are not:
 * 108 mg/dL is a 6. A missing reading stays missing, and a flat line goes on after a gap. */
static void reading__stays_in_range(void **state)
{
  (void)state;
  t1d_fault_script s = one(T1D_FAULT_JUMP, -100);
  t1d_sample r = t1d_fault_reading(&s, reading(120, 90));
  assert_true(r.mgdl == 40 && r.flags == T1D_SAMPLE_LOW);
  r = t1d_fault_reading(&s, (t1d_sample){125, 400, T1D_SAMPLE_HIGH});
  assert_true(r.mgdl == 300 && r.flags == 0);
  s = one(T1D_FAULT_STUCK_HIGH, 500);
  r = t1d_fault_reading(&s, reading(120, 90));
  assert_true(r.mgdl == 400 && r.flags == T1D_SAMPLE_HIGH);
  r = t1d_fault_reading(&s, (t1d_sample){125, NAN, T1D_SAMPLE_MISSING});
  assert_true(isnan(r.mgdl) && r.flags == T1D_SAMPLE_MISSING);
  s = one(T1D_FAULT_MMOL, 0);
  r = t1d_fault_reading(&s, reading(120, 108.0936));
  assert_true(fabs(r.mgdl - 6) < 1e-9 && r.flags == 0);
  s = one(T1D_FAULT_FLAT, 0);
  t1d_fault_reading(&s, reading(95, 111));
  t1d_fault_reading(&s, (t1d_sample){100, NAN, T1D_SAMPLE_MISSING});
  assert_true(t1d_fault_reading(&s, reading(105, 200)).mgdl == 111);
  s = one(T1D_FAULT_FLAT, 0); /* nothing before it: the first one is held */
  assert_true(t1d_fault_reading(&s, reading(120, 130)).mgdl == 130);
  assert_true(t1d_fault_reading(&s, reading(125, 150)).mgdl == 130);
}

/* Faults of several kinds at once: both hold. */
static void reading__faults_add_up(void **state)
{
  (void)state;
  t1d_fault_script s = one(T1D_FAULT_JUMP, 30);
  assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){T1D_FAULT_CLOCK, 0, 1440, 60}), GM_OK);
  assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){T1D_FAULT_JUMP, 130, 140, 20}), GM_OK);
  t1d_sample r = t1d_fault_reading(&s, reading(135, 100));
  assert_true(r.mgdl == 150 && r.t_min == 195);
  assert_int_equal(t1d_fault_active(&s, 135),
                   T1D_FAULT_BIT(T1D_FAULT_JUMP) | T1D_FAULT_BIT(T1D_FAULT_CLOCK));
}

/* Announced twice, announced and not eaten, eaten and not announced: by the time it is eaten. */
static void meal__is_changed_as_the_name_says(void **state)
{
  (void)state;
  t1d_meal_plan plan = t1d_meals_defaults(T1D_MEALS_STANDARD);
  t1d_meal day[T1D_MEALS_A_DAY];
  t1d_meals_day(&plan, 0, day);
  for (int k = 0; k < T1D_FAULT_KINDS; k++) {
    t1d_fault_script s = t1d_fault_none();
    assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){(t1d_fault_kind)k, 700, 721, 60}), GM_OK);
    for (int i = 0; i < 3; i++) {
      t1d_meal m = day[i];
      int32_t told = t1d_fault_meal(&s, &m);
      bool hit = i == 1, missed = hit && k == T1D_FAULT_MISSED;
      assert_int_equal(told, missed ? 0 : hit && k == T1D_FAULT_DOUBLE_MEAL ? 2 : 1);
      assert_true(m.carbs_g == (hit && k == T1D_FAULT_NOT_EATEN ? 0 : day[i].carbs_g));
      assert_true(m.announced == !missed && isnan(m.told_g) == missed);
      assert_true(missed || m.told_g == day[i].told_g);
    }
  }
  t1d_meal silent = day[1]; /* never announced: eaten whatever happens */
  silent.announced = false;
  t1d_fault_script s = t1d_fault_none();
  assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){T1D_FAULT_NOT_EATEN, 0, 1440, 0}), GM_OK);
  assert_int_equal(t1d_fault_meal(&s, &silent), 0);
  assert_true(silent.carbs_g == 70);
}

/* Each kind and severity: a fault that begins where it is told, lasts, and grows. */
static void severity__grows(void **state)
{
  (void)state;
  for (int k = 0; k < T1D_FAULT_KINDS; k++) {
    t1d_fault f[3];
    t1d_fault_kind kind = T1D_FAULT_KINDS;
    for (int v = 0; v < 3; v++) {
      f[v] = t1d_fault_make((t1d_fault_kind)k, (t1d_severity)v, 50);
      assert_true(f[v].start_min == 50 && f[v].end_min > 50);
      assert_true(v == 0 || f[v].end_min > f[v - 1].end_min);
    }
    assert_int_equal(t1d_fault_find(ctx, t1d_fault_name((t1d_fault_kind)k), &kind), GM_OK);
    assert_int_equal(kind, k);
  }
  t1d_fault two_hours = t1d_fault_make(T1D_FAULT_DROPOUT, T1D_FAULT_MODERATE, 0);
  assert_true(two_hours.end_min == 120);
}

static int up_order(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Drawn ones: compression 45 (30-70) min and 24 (10-48) mg/dL, median and 5 to 95 %; nine of ten
 * disconnections below 20 min; starts even over the day; signs of jumps even. */
static void drawn__follows_the_records(void **state)
{
  (void)state;
  enum { N = 20000 };
  static double length[N], size[N];
  t1d_fault_law law = {.seed = 3, .severity = T1D_FAULT_DRAWN};
  double start = 0, below = 0, minus = 0;
  for (int i = 0; i < N; i++) {
    t1d_fault f = t1d_fault_draw(&law, T1D_FAULT_COMPRESSION, i, 0, 1440);
    length[i] = f.end_min - f.start_min, size[i] = f.size;
    start += f.start_min / N;
    f = t1d_fault_draw(&law, T1D_FAULT_DROPOUT, i, 0, 1440);
    below += f.end_min - f.start_min < 20;
    minus += t1d_fault_draw(&law, T1D_FAULT_JUMP, i, 0, 1440).size < 0;
  }
  qsort(length, N, sizeof length[0], up_order);
  qsort(size, N, sizeof size[0], up_order);
  const int at[] = {N / 20, N / 2, N - N / 20};
  static const double l[] = {30, 45, 70}, z[] = {10, 24, 48};
  for (int k = 0; k < 3; k++) {
    print_message("  compression %.1f min (%g), %.1f mg/dL (%g)\n", length[at[k]], l[k],
                  size[at[k]], z[k]);
    assert_true(fabs(length[at[k]] / l[k] - 1) < 0.05 && fabs(size[at[k]] / z[k] - 1) < 0.12);
  }
  assert_true(fabs(start - 719.5) < 4.5 * 1440 / sqrt(12.0 * N));
  assert_true(fabs(below / N - 0.9) < 4.5 * sqrt(0.09 / N));
  assert_true(fabs(minus / N - 0.5) < 4.5 * sqrt(0.25 / N));
}

/* Ten thousand days of random faults of all kinds in one script: as many as the law says, the same
 * again for the same law, another for another person, none forgotten before it has ended. */
static void day__scripts_go_on_for_ever(void **state)
{
  (void)state;
  enum { N = 10000 };
  t1d_fault_law law = {
      .seed = 5, .kinds = T1D_FAULT_ALL, .per_day = 0.3, .severity = T1D_FAULT_DRAWN};
  t1d_fault_script s = t1d_fault_none(), again = s, other = s;
  double count[T1D_FAULT_KINDS] = {0};
  int differs = 0;
  for (int64_t day = 0; day < N; day++) {
    const double t0 = 1440.0 * (double)day;
    t1d_fault_script before = s;
    law.subject = 1;
    assert_int_equal(t1d_fault_add_day(ctx, &s, &law, day), GM_OK);
    assert_int_equal(t1d_fault_add_day(ctx, &again, &law, day), GM_OK);
    assert_int_equal(s.count, again.count);
    assert_memory_equal(s.fault, again.fault, sizeof s.fault[0] * (size_t)s.count);
    for (int32_t i = 0; i < s.count; i++) {
      if (s.fault[i].start_min < t0) continue;
      assert_true(s.fault[i].start_min < t0 + 1440);
      count[s.fault[i].kind]++;
    }
    for (double t = t0; t < t0 + 1440; t += 60)
      assert_int_equal(t1d_fault_active(&before, t) & ~t1d_fault_active(&s, t), 0);
    law.subject = 2;
    assert_int_equal(t1d_fault_add_day(ctx, &other, &law, day), GM_OK);
    differs += other.count != s.count;
  }
  for (int k = 0; k < T1D_FAULT_KINDS; k++)
    assert_true(fabs(count[k] - 0.3 * N) < 4.5 * sqrt(0.3 * N));
  assert_true(differs > N / 2);
}

static void script__refuses_what_is_no_fault(void **state)
{
  (void)state;
  t1d_fault_script s = one(T1D_FAULT_JUMP, 1), before = s;
  static const t1d_fault bad[] = {{T1D_FAULT_JUMP, NAN, 10, 0},
                                  {T1D_FAULT_JUMP, 0, INFINITY, 0},
                                  {T1D_FAULT_JUMP, 10, 0, 0},
                                  {T1D_FAULT_JUMP, 0, 10, NAN}};
  for (int i = 0; i < 4; i++) assert_int_equal(t1d_fault_add(ctx, &s, bad[i]), GM_EDOMAIN);
  t1d_fault_kind kind = T1D_FAULT_FLAT;
  assert_int_equal(t1d_fault_add(ctx, &s, (t1d_fault){T1D_FAULT_KINDS, 0, 1, 0}), GM_EINVAL);
  assert_int_equal(t1d_fault_find(ctx, "gremlin", &kind), GM_ENOTFOUND);
  assert_null(t1d_fault_name(T1D_FAULT_KINDS));
  t1d_fault_law law = {.kinds = T1D_FAULT_ALL, .per_day = 3};
  assert_int_equal(t1d_fault_add_day(ctx, &s, &law, 0), GM_EDOMAIN);
  law.per_day = 1, law.kinds = T1D_FAULT_BIT(T1D_FAULT_KINDS);
  assert_int_equal(t1d_fault_add_day(ctx, &s, &law, 0), GM_EDOMAIN);
  assert_memory_equal(&s, &before, sizeof s);
  for (int i = 1; i < T1D_FAULTS_MAX; i++)
    assert_int_equal(t1d_fault_add(ctx, &s, s.fault[0]), GM_OK);
  assert_int_equal(t1d_fault_add(ctx, &s, s.fault[0]), GM_EFULL);
}

static int up(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) == GM_OK ? 0 : -1;
}

static int down(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reading__is_changed_as_the_name_says),
      cmocka_unit_test(reading__stays_in_range),
      cmocka_unit_test(reading__faults_add_up),
      cmocka_unit_test(meal__is_changed_as_the_name_says),
      cmocka_unit_test(severity__grows),
      cmocka_unit_test(drawn__follows_the_records),
      cmocka_unit_test(day__scripts_go_on_for_ever),
      cmocka_unit_test(script__refuses_what_is_no_fault),
  };
  return cmocka_run_group_tests(tests, up, down);
}
