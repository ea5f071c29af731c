/* Meals of virtual people: the standard scenario, the laws of drawn days, what is announced.
 * label: quick */
#include "t1d_meals.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;
enum { DAYS = 20000 };

static t1d_meal_plan drawn(uint64_t seed)
{
  t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_DRAWN);
  p.seed = seed;
  return p;
}

/* 45, 70, 80 g at 420, 720, 1080 min of every day, also of days before 0; announced as they are. */
static void standard__is_the_reference_scenario(void **state)
{
  (void)state;
  static const double t[] = {420, 720, 1080}, g[] = {45, 70, 80};
  t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_STANDARD);
  t1d_meal m[T1D_MEALS_A_DAY];
  assert_int_equal(t1d_meals_check(ctx, &p), GM_OK);
  for (int64_t day = -3; day < 10; day++) {
    assert_int_equal(t1d_meals_day(&p, day, m), 3);
    for (int i = 0; i < 3; i++) {
      assert_true(m[i].t_min == t[i] + 1440.0 * (double)day && m[i].carbs_g == g[i]);
      assert_true(m[i].announced && m[i].told_min == m[i].t_min && m[i].told_g == g[i]);
      assert_true(m[i].slot == 2 * i && m[i].day == day);
    }
  }
  p.scale = 0.5;
  assert_int_equal(t1d_meals_day(&p, 1, m), 3);
  assert_true(m[2].carbs_g == 40 && m[2].told_g == 40);
  p.scale = 0;
  assert_int_equal(t1d_meals_day(&p, 1, m), 0);
}

/* Sums of a law over days. */
typedef struct {
  double n, t, tt, g, gg;
} sums;

static void mean_is(const char *what, double sum, double n, double theory, double sd)
{
  double mean = sum / n, error = sd / sqrt(n);
  print_message("  %-16s %8.3f, theory %8.3f, error %.3f\n", what, mean, theory, error);
  assert_true(fabs(mean - theory) < 4.5 * error);
}

static double cdf(double x) { return erfc(-x / sqrt(2)) / 2; }
static double density(double x) { return exp(-x * x / 2) / sqrt(2 * acos(-1)); }

/* Drawn days follow the published laws: how often a meal is eaten, when (mean and variance of a
 * normal cut at both ends; begun at whole minutes, half a minute early on average), how much. */
static void drawn__days_follow_their_laws(void **state)
{
  (void)state;
  static const double share[] = {.95, .3, .95, .3, .95, .3},
                      from[] = {300, 540, 600, 840, 960, 1200},
                      to[] = {540, 600, 840, 960, 1200, 1380},
                      mid[] = {420, 570, 720, 900, 1080, 1290}, sd[] = {60, 30, 60, 30, 60, 30},
                      g[] = {45, 10, 70, 10, 80, 10}, gsd[] = {10, 5, 10, 5, 10, 5};
  t1d_meal_plan p = drawn(7);
  sums s[6] = {{0}};
  for (int64_t day = 0; day < DAYS; day++) {
    t1d_meal m[T1D_MEALS_A_DAY];
    int32_t n = t1d_meals_day(&p, day, m);
    for (int32_t i = 0; i < n; i++) {
      sums *x = &s[m[i].slot];
      double t = m[i].t_min - 1440.0 * (double)day;
      assert_true(t >= from[m[i].slot] && t < to[m[i].slot] && t == floor(t));
      assert_true(i == 0 || m[i].t_min > m[i - 1].t_min);
      assert_true(m[i].carbs_g > 0 && m[i].carbs_g == floor(m[i].carbs_g));
      x->n++, x->t += t, x->tt += t * t, x->g += m[i].carbs_g, x->gg += m[i].carbs_g * m[i].carbs_g;
    }
  }
  for (int k = 0; k < 6; k++) {
    double a = (from[k] - mid[k]) / sd[k], b = (to[k] - mid[k]) / sd[k], z = cdf(b) - cdf(a);
    double shift = (density(a) - density(b)) / z,
           var = 1 + (a * density(a) - b * density(b)) / z - shift * shift;
    /* whole grams of a normal; below half a gram there is no meal */
    double none = cdf((0.5 - g[k]) / gsd[k]), mean_g = 0, square_g = 0;
    for (int i = 1; i < 200; i++) {
      double q = cdf((i + 0.5 - g[k]) / gsd[k]) - cdf((i - 0.5 - g[k]) / gsd[k]);
      mean_g += i * q / (1 - none), square_g += i * i * q / (1 - none);
    }
    double want = share[k] * (1 - none);
    mean_is("share", s[k].n, DAYS, want, sqrt(want * (1 - want)));
    mean_is("time, min", s[k].t, s[k].n, mid[k] + sd[k] * shift - 0.5, sd[k] * sqrt(var));
    double m = s[k].t / s[k].n, v = s[k].tt / s[k].n - m * m;
    assert_true(fabs(v / (sd[k] * sd[k] * var) - 1) < 0.1);
    mean_is("size, g", s[k].g, s[k].n, mean_g, sqrt(square_g - mean_g * mean_g));
  }
}

/* Announced otherwise, eaten the same; other seeds and subjects eat otherwise. */
static void announced__otherwise_is_eaten_the_same(void **state)
{
  (void)state;
  t1d_meal_plan p = drawn(11), q = p, r = p, s = p;
  q.announce = T1D_ANNOUNCE_LOGNORMAL, q.cv = 0.4, q.missed = 0.3, q.late_sd_min = 20;
  r.seed++, s.subject++;
  int other = 0, missed = 0, late = 0;
  for (int64_t day = 0; day < 300; day++) {
    t1d_meal a[T1D_MEALS_A_DAY], b[T1D_MEALS_A_DAY], c[T1D_MEALS_A_DAY];
    int32_t n = t1d_meals_day(&p, day, a);
    assert_int_equal(t1d_meals_day(&q, day, b), n);
    for (int32_t i = 0; i < n; i++) {
      assert_true(a[i].t_min == b[i].t_min && a[i].carbs_g == b[i].carbs_g);
      missed += !b[i].announced;
      late += b[i].announced && b[i].told_min > b[i].t_min;
    }
    other += t1d_meals_day(&r, day, c) != n || c[0].t_min != a[0].t_min;
    other += t1d_meals_day(&s, day, c) != n || c[0].t_min != a[0].t_min;
  }
  assert_true(other > 550 && missed > 150 && late > 200);
}

/* Factors: 0.7 exactly; lognormal with mean 0.9 and coefficient of variation 0.4; normal with mean
 * 1.05 and sd 0.3, cut at 0; shares missed. */
static void announced__sizes_follow_the_law(void **state)
{
  (void)state;
  for (int law = T1D_ANNOUNCE_EXACT; law <= T1D_ANNOUNCE_NONE; law++) {
    t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_STANDARD);
    p.announce = (t1d_announce)law;
    p.factor = law == T1D_ANNOUNCE_FACTOR ? 0.7 : law == T1D_ANNOUNCE_LOGNORMAL ? 0.9 : 1.05;
    p.cv = law == T1D_ANNOUNCE_LOGNORMAL ? 0.4 : 0.3;
    p.missed = 0.15;
    double sum = 0, square = 0, told = 0, all = 0;
    for (int64_t day = 0; day < DAYS; day++) {
      t1d_meal m[T1D_MEALS_A_DAY];
      int32_t n = t1d_meals_day(&p, day, m);
      for (int32_t i = 0; i < n; i++) {
        double f = m[i].told_g / m[i].carbs_g;
        all++;
        assert_true(m[i].announced == !isnan(m[i].told_g) &&
                    m[i].announced == !isnan(m[i].told_min));
        if (m[i].announced) told++, sum += f, square += f * f;
      }
    }
    if (law == T1D_ANNOUNCE_NONE) {
      assert_true(told == 0);
      continue;
    }
    mean_is("announced", told, all, 0.85, sqrt(0.85 * 0.15));
    double sd = sqrt(fmax(square / told - sum * sum / (told * told), 0));
    if (law == T1D_ANNOUNCE_EXACT) assert_true(sum == told);
    if (law == T1D_ANNOUNCE_FACTOR) assert_true(fabs(sum / told - 0.7) < 1e-12 && sd < 1e-6);
    if (law == T1D_ANNOUNCE_LOGNORMAL) mean_is("lognormal", sum, told, 0.9, 0.36);
    if (law == T1D_ANNOUNCE_LOGNORMAL) assert_true(fabs(sd - 0.36) < 0.01);
    if (law == T1D_ANNOUNCE_NORMAL) mean_is("normal", sum, told, 1.05, 0.3);
    if (law == T1D_ANNOUNCE_NORMAL) assert_true(fabs(sd - 0.3) < 0.01);
  }
}

/* Whether a meal is announced has nothing to do with which it is, when or how large. */
static void announced__or_missed_whatever_it_is(void **state)
{
  (void)state;
  t1d_meal_plan p = drawn(17);
  p.missed = 0.2;
  double all[T1D_MEALS_A_DAY] = {0}, missed[T1D_MEALS_A_DAY] = {0}, size[2] = {0}, count[2] = {0};
  for (int64_t day = 0; day < DAYS; day++) {
    t1d_meal m[T1D_MEALS_A_DAY];
    int32_t n = t1d_meals_day(&p, day, m);
    for (int32_t i = 0; i < n; i++) {
      all[m[i].slot]++, missed[m[i].slot] += !m[i].announced;
      if (m[i].slot != 4) continue;
      size[m[i].announced] += m[i].carbs_g, count[m[i].announced]++;
    }
  }
  for (int k = 0; k < T1D_MEALS_A_DAY; k++) mean_is("missed", missed[k], all[k], 0.2, 0.4);
  double apart = size[1] / count[1] - size[0] / count[0];
  assert_true(fabs(apart) < 4.5 * 10 * sqrt(1 / count[0] + 1 / count[1]));
}

/* Asked for by stretches of any length, each meal comes once, in order, by eating and by telling,
 * late over midnight too. */
static void stretch__each_meal_once_and_in_order(void **state)
{
  (void)state;
  t1d_meal_plan p = drawn(13);
  p.late_min = 300, p.late_sd_min = 60;
  enum { N = 40 };
  int32_t all = 0, eaten = 0, told = 0;
  for (int64_t day = 0; day < N; day++) {
    t1d_meal m[T1D_MEALS_A_DAY];
    all += t1d_meals_day(&p, day, m);
  }
  for (int by_telling = 0; by_telling < 2; by_telling++) {
    double last = -INFINITY;
    for (double t = -2880; t < 1440 * (N + 2); t += 35) {
      t1d_meal m[40];
      int32_t n = -1;
      gm_status s = by_telling ? t1d_meals_told(ctx, &p, t, t + 35, m, 40, &n)
                               : t1d_meals_eaten(ctx, &p, t, t + 35, m, 40, &n);
      assert_int_equal(s, GM_OK);
      for (int32_t i = 0; i < n; i++) {
        double at = by_telling ? m[i].told_min : m[i].t_min;
        assert_true(at >= t && at < t + 35 && at >= last);
        last = at;
        if (m[i].day < 0 || m[i].day >= N) continue;
        if (by_telling)
          told++;
        else
          eaten++;
      }
    }
  }
  assert_true(eaten == all && told == all && all > 100);
}

static void stretch__too_many_and_bad_times_are_refused(void **state)
{
  (void)state;
  t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_STANDARD);
  t1d_meal m[4];
  int32_t n = 77;
  assert_int_equal(t1d_meals_eaten(ctx, &p, 0, 2880, m, 4, &n), GM_EFULL);
  assert_int_equal(t1d_meals_eaten(ctx, &p, 10, 0, m, 4, &n), GM_EDOMAIN);
  assert_int_equal(t1d_meals_told(ctx, &p, NAN, 0, m, 4, &n), GM_EDOMAIN);
  assert_int_equal(t1d_meals_told(ctx, &p, 0, INFINITY, m, 4, &n), GM_EDOMAIN);
  assert_int_equal(n, 77);
  assert_int_equal(t1d_meals_eaten(ctx, &p, 420, 420, m, 4, &n), GM_OK);
  assert_int_equal(n, 0);
}

/* 70 g at 10 g a unit: 7 U; a bolus of 0.7: 4.9 U; not announced: none. */
static void bolus__by_carbohydrate_ratio(void **state)
{
  (void)state;
  t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_STANDARD);
  t1d_meal m[T1D_MEALS_A_DAY];
  t1d_meals_day(&p, 0, m);
  assert_true(fabs(t1d_meal_bolus_u(&m[1], 10, 1) - 7) < 1e-12);
  assert_true(fabs(t1d_meal_bolus_u(&m[1], 10, 0.7) - 4.9) < 1e-12);
  p.announce = T1D_ANNOUNCE_NONE;
  t1d_meals_day(&p, 0, m);
  assert_true(t1d_meal_bolus_u(&m[1], 10, 1) == 0);
}

static void plan__out_of_domain_is_refused(void **state)
{
  (void)state;
  static const double bad[] = {-1, NAN, -0.1, 1.1, 1e4, -1};
  for (int i = 0; i < 6; i++) {
    t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_DRAWN);
    double *field[] = {&p.scale, &p.factor, &p.cv, &p.missed, &p.late_min, &p.late_sd_min};
    *field[i] = bad[i];
    assert_int_equal(t1d_meals_check(ctx, &p), GM_EDOMAIN);
  }
  t1d_meal_plan p = t1d_meals_defaults(T1D_MEALS_DRAWN), q = p;
  p.kind = (t1d_meals_kind)9;
  q.announce = (t1d_announce)9;
  assert_int_equal(t1d_meals_check(ctx, &p), GM_EINVAL);
  assert_int_equal(t1d_meals_check(ctx, &q), GM_EINVAL);
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
      cmocka_unit_test(standard__is_the_reference_scenario),
      cmocka_unit_test(drawn__days_follow_their_laws),
      cmocka_unit_test(announced__otherwise_is_eaten_the_same),
      cmocka_unit_test(announced__sizes_follow_the_law),
      cmocka_unit_test(announced__or_missed_whatever_it_is),
      cmocka_unit_test(stretch__each_meal_once_and_in_order),
      cmocka_unit_test(stretch__too_many_and_bad_times_are_refused),
      cmocka_unit_test(bolus__by_carbohydrate_ratio),
      cmocka_unit_test(plan__out_of_domain_is_refused),
  };
  return cmocka_run_group_tests(tests, up, down);
}
