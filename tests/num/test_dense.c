/* test_dense.c - products, factor and solution of small dense matrices against sums in long double,
 * for every shape around the edges of tiles. Entries are whole numbers over 8, so that products and
 * their sums are exact and must be equal; factors are held to the matrix they came from.
 * label: quick */
#include "num/dense.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 150 };
static double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], want[MOST * MOST];

static double entry(uint64_t of, int32_t i) /* in -8 .. 8, eighths */
{
  return (double)(gm_hash64(of, (uint64_t)i) % 129) / 8 - 8;
}

static void fill(uint64_t of, int32_t count, double *x)
{
  for (int32_t i = 0; i < count; i++) x[i] = entry(of, i);
}

/* want += a[i*ai + k*ak] b[k*bk + j*bj] */
static void plain(int32_t rows, int32_t inner, int32_t cols, int32_t ai, int32_t ak, int32_t bk,
                  int32_t bj)
{
  for (int32_t i = 0; i < rows; i++)
    for (int32_t j = 0; j < cols; j++)
      for (int32_t k = 0; k < inner; k++)
        want[i * cols + j] += a[i * ai + k * ak] * b[k * bk + j * bj];
}

static const int32_t sizes[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 13, 16, 17, 40, 129, 140};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* The three products add what the plain sums add, and touch nothing else. */
static void products__are_the_plain_sums(void **state)
{
  (void)state;
  for (int r = 0; r < SIZES; r++)
    for (int q = 0; q < SIZES; q++)
      for (int s = 0; s < SIZES; s++) {
        const int32_t rows = sizes[r], inner = sizes[q], cols = sizes[s];
        if (rows + inner + cols > 300) continue;
        fill(1, rows * inner, a);
        fill(2, inner * cols, b);
        for (int how = 0; how < 3; how++) {
          fill(3, rows * cols + 1, c);
          fill(3, rows * cols + 1, want);
          if (how == 0) {
            gm__dense_add(rows, inner, cols, a, b, c);
            plain(rows, inner, cols, inner, 1, cols, 1);
          } else if (how == 1) {
            gm__dense_add_bt(rows, inner, cols, a, b, c);
            plain(rows, inner, cols, inner, 1, 1, inner);
          } else {
            gm__dense_add_at(rows, inner, cols, a, b, c);
            plain(rows, inner, cols, 1, rows, cols, 1);
          }
          for (int32_t i = 0; i <= rows * cols; i++) assert_true(c[i] == want[i]);
        }
      }
}

/* On and below the diagonal it is the product with the transposed. */
static void lower__is_the_lower_part(void **state)
{
  (void)state;
  for (int r = 0; r < SIZES; r++)
    for (int q = 0; q < SIZES; q++) {
      const int32_t n = sizes[r], inner = sizes[q];
      fill(1, n * inner, a);
      fill(2, n * inner, b);
      fill(3, n * n, c);
      fill(3, n * n, want);
      gm__dense_add_bt_lower(n, inner, a, b, c);
      plain(n, inner, n, inner, 1, 1, inner);
      for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j <= i; j++) assert_true(c[i * n + j] == want[i * n + j]);
    }
}

/* a = M M' + n 1: L L' gives it back, whatever stands above the diagonal; and the solution leaves
 * no residual. Bounds: n eps times the size of the numbers (Higham 2002, theorem 10.3). */
static void factor_and_solve__leave_no_residual(void **state)
{
  (void)state;
  static double l[MOST * MOST];
  for (int r = 1; r < SIZES; r++)
    for (int32_t cols = 1; cols <= 43; cols += 7) {
      const int32_t n = sizes[r];
      const double bound = 64.0 * 100 * n * n * 0x1p-52;
      fill(4, n * n, b);
      memset(a, 0, sizeof a);
      gm__dense_add_bt(n, n, n, b, b, a);
      for (int32_t i = 0; i < n; i++) a[i * n + i] += n;
      for (int32_t i = 0; i < n * n; i++) l[i] = i % n > i / n ? NAN : a[i];
      assert_int_equal(gm__dense_factor(n, l), 1);
      for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j <= i; j++) {
          long double sum = 0;
          for (int32_t k = 0; k <= j; k++) sum += (long double)l[i * n + k] * l[j * n + k];
          assert_true(fabs((double)(sum - a[i * n + j])) <= bound);
        }
      fill(5, n * cols, c);
      memcpy(want, c, sizeof want);
      c[n * cols] = 77;
      gm__dense_solve(n, cols, l, c);
      assert_true(c[n * cols] == 77);
      for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < cols; j++) {
          long double sum = 0;
          for (int32_t k = 0; k < n; k++) sum += (long double)a[i * n + k] * c[k * cols + j];
          assert_true(fabs((double)(sum - want[i * cols + j])) <= bound * 100);
        }
    }
}

/* A matrix with one direction of no or negative size is refused, wherever it lies. */
static void factor__refuses_what_is_not_positive(void **state)
{
  (void)state;
  for (int32_t n = 1; n <= 40; n++)
    for (int32_t bad = 0; bad < n; bad++)
      for (int how = 0; how < 3; how++) {
        memset(a, 0, sizeof a);
        for (int32_t i = 0; i < n; i++) a[i * n + i] = 2;
        a[bad * n + bad] = how == 0 ? 0 : how == 1 ? -1 : NAN;
        assert_int_equal(gm__dense_factor(n, a), 0);
      }
  /* ones everywhere: the second pivot is 0 */
  for (int32_t i = 0; i < 100; i++) a[i] = 1;
  assert_int_equal(gm__dense_factor(10, a), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products__are_the_plain_sums),
      cmocka_unit_test(lower__is_the_lower_part),
      cmocka_unit_test(factor_and_solve__leave_no_residual),
      cmocka_unit_test(factor__refuses_what_is_not_positive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
