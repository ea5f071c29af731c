/* test_many.c - laws of measurement and passes for many members against those for one.
 * label: quick */
#include "gemel/math.h"
#include "methods/filter_rows.h"
#include "methods/sense_many.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { N = 700, NY = 3, NP = 2 };
static double y[N * NY], theta[NP * N], out[N], variance[N];

static double u_of(uint64_t i)
{
  return gm_uniform(gm_key_make(2, GM_PURPOSE_TEST, 0, 0), i, 0, gm_kind_draw(0, 0), 0);
}

/* Outputs and noise parameters; if asked for, with zeros, negative ones, infinite ones and none. */
static void fill(bool odds)
{
  static const double odd[] = {0, -1, INFINITY, -INFINITY, NAN, 1e-320, 1e300, -0.0};
  for (int i = 0; i < N * NY; i++)
    y[i] = odds && i % 11 == 0 ? odd[i / 11 % 8] : 20 * u_of((uint64_t)i) - (i % 5 == 0);
  for (int i = 0; i < N * NP; i++)
    theta[i] = odds && i % 13 == 0 ? odd[i / 13 % 8] : 3 * u_of((uint64_t)(i + 10000)) + 0.01;
}

static void same(double a, double b) { assert_true((isnan(a) && isnan(b)) || a == b); }

/* Every law, noise fixed or of each member, measured and censored, values that are possible and
 * impossible: the density and the moments of many are those of each, to the last bit. */
static void laws__are_those_of_one(void **state)
{
  (void)state;
  static const double value[] = {0, 1, 4, 3.5, -2, 40};
  for (int law = GM_SENSE_NORMAL; law < GM_SENSE_OWN; law++)
    for (int how = 0; how < 5; how++) {
      gm_sensor s = {.law = (gm_sense_law)law,
                     .output = how % NY,
                     .p0 = how == 3 ? 0 : 0.4,
                     .p1 = how == 4 ? 0 : 0.7,
                     .parameter0 = how == 1 || how == 2 ? 0 : -1,
                     .parameter1 = how == 2 ? 1 : -1};
      for (int k = 0; k < 6; k++)
        for (int8_t censored = -1; censored <= 1; censored++) {
          fill(!censored);
          gm_sense_logpdf_all(&s, N, y, NY, theta, value[k], censored, out);
          for (int m = 0; m < N; m++)
            same(out[m], gm_sense_logpdf(&s, y + m * NY, theta + m, N, value[k], censored));
        }
      fill(true);
      gm__sense_moments_many(&s, N, y, NY, theta, N, out, variance);
      for (int m = 0; m < N; m++) {
        double a, v;
        gm_sense_moments(&s, y + m * NY, theta + m, N, &a, &v);
        same(out[m], a);
        same(variance[m], v);
      }
    }
}

static double row_a[N], row_b[N], row_c[N], row_d[N];
static int8_t status[N];

/* Sums of every length are the plain sums (whole numbers, so exact). */
static void sums__are_the_plain_ones(void **state)
{
  (void)state;
  for (int i = 0; i < N; i++) {
    row_a[i] = floor(100 * u_of((uint64_t)i));
    row_b[i] = floor(100 * u_of((uint64_t)(i + N)));
  }
  for (int n = 0; n < 60; n++) {
    double sum = 0, dot = 0;
    for (int i = 0; i < n; i++) {
      sum += row_a[i];
      dot += row_a[i] * row_b[i];
    }
    assert_true(gm__row_sum(n, row_a) == sum && gm__row_dot(n, row_a, row_b) == dot);
  }
}

/* Weights: the top is that of members with weight; a member above it without weight stays without;
 * the others get weight times exp; nothing beyond n is touched. */
static void weights__are_those_of_each(void **state)
{
  (void)state;
  for (int n = 1; n < N; n += n < 40 ? 1 : 61) {
    double top = -INFINITY, sum = 0, before[N];
    for (int i = 0; i < N; i++) {
      row_a[i] = i % 7 == 3 ? 0 : u_of((uint64_t)i);
      row_b[i] = i % 7 == 3 ? 2000 : i % 9 == 4 ? -INFINITY : -50 * u_of((uint64_t)(i + n));
    }
    memcpy(before, row_a, sizeof before);
    for (int i = 0; i < n; i++) top = row_a[i] > 0 ? fmax(top, row_b[i]) : top;
    assert_true(gm__row_top(n, row_a, row_b) == top);
    double got = gm__row_reweigh(n, row_a, row_b, top);
    for (int i = 0; i < N; i++) {
      double want = i >= n ? before[i] : before[i] > 0 ? before[i] * gm_exp(row_b[i] - top) : 0;
      assert_true(row_a[i] == want);
      if (i < n) sum += want;
    }
    assert_true(fabs(got - sum) <= 1e-14 * n * sum);
  }
  assert_true(gm__row_top(0, row_a, row_b) == -INFINITY);
}

/* Who failed, or has no number, has no chance. */
static void guard__leaves_no_chance(void **state)
{
  (void)state;
  for (int n = 0; n < 50; n++)
    for (int bad = 0; bad < 2; bad++) {
      int failed = 0;
      for (int i = 0; i < N; i++) {
        row_a[i] = i % 5 == 1 ? NAN : -i;
        status[i] = (int8_t)(!bad           ? GM_MEMBER_PROJECTED
                             : i % 3 == 0   ? GM_MEMBER_DIVERGED
                             : i % 11 == 10 ? GM_MEMBER_STEPS | GM_MEMBER_PROJECTED
                                            : GM_MEMBER_OK);
        failed += i < n && GM_MEMBER_FAILED(status[i]);
      }
      gm__row_guard(n, status, row_a);
      assert_int_equal(gm__row_failed(n, status), failed);
      for (int i = 0; i < n; i++)
        assert_true(row_a[i] == (i % 5 == 1 || GM_MEMBER_FAILED(status[i]) ? -INFINITY : -i));
      for (int i = n; i < N; i++) same(row_a[i], i % 5 == 1 ? NAN : -i);
    }
}

/* A mixture leaves out members without weight and without an output. */
static void mixture__leaves_out(void **state)
{
  (void)state;
  for (int n = 0; n < 50; n++) {
    double weight = 0, mean = 0, square = 0;
    for (int i = 0; i < n; i++) {
      row_a[i] = i % 4 == 2 ? 0 : 1 + i % 3;
      row_b[i] = i % 5 == 1 ? NAN : i % 5 == 3 ? INFINITY : 1;
      row_c[i] = i % 4 == 2 || i % 5 == 1 || i % 5 == 3 ? NAN : i;
      row_d[i] = 2 + i;
      if (isnan(row_c[i])) continue;
      weight += row_a[i];
      mean += row_a[i] * row_c[i];
      square += row_a[i] * (row_d[i] + row_c[i] * row_c[i]);
    }
    gm__mixture got = gm__row_mixture(n, row_a, row_b, row_c, row_d);
    assert_true(got.weight == weight && got.mean == mean && got.square == square);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(laws__are_those_of_one),     cmocka_unit_test(sums__are_the_plain_ones),
      cmocka_unit_test(weights__are_those_of_each), cmocka_unit_test(guard__leaves_no_chance),
      cmocka_unit_test(mixture__leaves_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
