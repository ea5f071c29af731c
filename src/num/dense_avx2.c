/* dense_avx2.c - the loops of dense.h, for the least processor Gemel runs on.
 * All work is done on tiles of up to HIGH rows and WIDE columns that stay in registers. */
#include "num/dense.h"
#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { HIGH = 6, WIDE = 8, PACK = 128, STEP = 4 };

/* a[i*row + k*step], for a matrix or a transposed one. */
typedef struct {
  const double *at;
  ptrdiff_t row, step;
} factor;

/* ---- tiles ----------------------------------------------------------------------------------- */
/* c[rows][WIDE] += (minus: -=) a b; every sum runs over k ascending. */
static inline __attribute__((always_inline)) void tile(int rows, int32_t inner, factor a,
                                                       const double *b, ptrdiff_t b_row, double *c,
                                                       ptrdiff_t c_row, bool minus)
{
  __m256d sum[HIGH][2];
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < 2; v++) sum[i][v] = _mm256_loadu_pd(c + i * c_row + 4 * v);
  for (int32_t k = 0; k < inner; k++) {
    const __m256d low = _mm256_loadu_pd(b + k * b_row), high = _mm256_loadu_pd(b + k * b_row + 4);
    for (int i = 0; i < rows; i++) {
      const __m256d f = _mm256_broadcast_sd(a.at + i * a.row + k * a.step);
      sum[i][0] = minus ? _mm256_fnmadd_pd(f, low, sum[i][0]) : _mm256_fmadd_pd(f, low, sum[i][0]);
      sum[i][1] =
          minus ? _mm256_fnmadd_pd(f, high, sum[i][1]) : _mm256_fmadd_pd(f, high, sum[i][1]);
    }
  }
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < 2; v++) _mm256_storeu_pd(c + i * c_row + 4 * v, sum[i][v]);
}

/* WIDE columns of the product. */
static inline __attribute__((always_inline)) void strip(int32_t rows, int32_t inner, factor a,
                                                        const double *b, ptrdiff_t b_row, double *c,
                                                        ptrdiff_t c_row, bool minus)
{
  int32_t i = 0;
  for (; i + HIGH <= rows; i += HIGH, a.at += HIGH * a.row, c += HIGH * c_row)
    tile(HIGH, inner, a, b, b_row, c, c_row, minus);
  if (i + 3 <= rows) {
    tile(3, inner, a, b, b_row, c, c_row, minus);
    i += 3, a.at += 3 * a.row, c += 3 * c_row;
  }
  for (; i < rows; i++, a.at += a.row, c += c_row) tile(1, inner, a, b, b_row, c, c_row, minus);
}

static void strip_plus(int32_t rows, int32_t inner, factor a, const double *b, ptrdiff_t b_row,
                       double *c, ptrdiff_t c_row)
{
  strip(rows, inner, a, b, b_row, c, c_row, false);
}

static void strip_minus(int32_t rows, int32_t inner, factor a, const double *b, ptrdiff_t b_row,
                        double *c, ptrdiff_t c_row)
{
  strip(rows, inner, a, b, b_row, c, c_row, true);
}

/* One column: sign is 1 or -1. */
static void column(int32_t rows, int32_t inner, factor a, const double *b, ptrdiff_t b_row,
                   double *c, ptrdiff_t c_row, double sign)
{
  for (int32_t i = 0; i < rows; i++) {
    double sum = c[i * c_row];
    for (int32_t k = 0; k < inner; k++)
      sum = fma(sign * a.at[i * a.row + k * a.step], b[k * b_row], sum);
    c[i * c_row] = sum;
  }
}

/* ---- products -------------------------------------------------------------------------------- */
static void product(int32_t rows, int32_t inner, int32_t cols, factor a, const double *b, double *c)
{
  int32_t j = 0;
  for (; j + WIDE <= cols; j += WIDE) strip_plus(rows, inner, a, b + j, cols, c + j, cols);
  for (; j < cols; j++) column(rows, inner, a, b + j, cols, c + j, cols, 1);
}

void gm__dense_add(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *b,
                   double *c)
{
  product(rows, inner, cols, (factor){a, inner, 1}, b, c);
}

void gm__dense_add_at(int32_t rows, int32_t inner, int32_t cols, const double *at, const double *b,
                      double *c)
{
  product(rows, inner, cols, (factor){at, 1, rows}, b, c);
}

/* Rows j .. j + WIDE - 1 of bt become columns of pack. */
static void pack_rows(int32_t inner, const double *bt, ptrdiff_t bt_row, double *pack)
{
  for (int l = 0; l < WIDE; l++)
    for (int32_t k = 0; k < inner; k++) pack[k * WIDE + l] = bt[l * bt_row + k];
}

/* Columns of the product with the transposed, each from row j of it on if lower. */
static void product_bt(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *bt,
                       double *c, bool lower)
{
  double pack[PACK * WIDE];
  int32_t j = 0;
  for (; j + WIDE <= cols; j += WIDE) {
    const int32_t top = lower ? j : 0;
    for (int32_t from = 0; from < inner; from += PACK) {
      int32_t part = inner - from < PACK ? inner - from : PACK;
      pack_rows(part, bt + (ptrdiff_t)j * inner + from, inner, pack);
      strip_plus(rows - top, part, (factor){a + (ptrdiff_t)top * inner + from, inner, 1}, pack,
                 WIDE, c + (ptrdiff_t)top * cols + j, cols);
    }
  }
  for (; j < cols; j++) {
    const int32_t top = lower ? j : 0;
    column(rows - top, inner, (factor){a + (ptrdiff_t)top * inner, inner, 1},
           bt + (ptrdiff_t)j * inner, 1, c + (ptrdiff_t)top * cols + j, cols, 1);
  }
}

void gm__dense_add_bt(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *bt,
                      double *c)
{
  product_bt(rows, inner, cols, a, bt, c, false);
}

void gm__dense_add_bt_lower(int32_t n, int32_t inner, const double *a, const double *bt, double *c)
{
  product_bt(n, inner, n, a, bt, c, true);
}

/* ---- factor ---------------------------------------------------------------------------------- */
/* Columns j .. j + wide - 1, from which what the earlier columns explain is taken off already, by
 * rows: x = row L^-T of the triangle, whose columns turn[][] gathers. */
static int panel(int32_t n, int32_t j, int32_t wide, double *a)
{
  double turn[WIDE][WIDE], inverse[WIDE], row[WIDE];
  memset(turn, 0, sizeof turn);
  for (int32_t i = j; i < n; i++) {
    double *to = a + (ptrdiff_t)i * n + j, own = 0;
    const int32_t at = i - j, upto = at < wide ? at : wide;
    for (int c = 0; c < wide; c++) row[c] = to[c];
    for (int c = wide; c < WIDE; c++) row[c] = 0;
    if (at < wide) own = row[at];
    for (int32_t k = 0; k < upto; k++) {
      const double x = row[k] * inverse[k];
      to[k] = x;
      own = fma(-x, x, own);
      for (int c = 0; c < WIDE; c++) row[c] = fma(-x, turn[k][c], row[c]);
      if (at < wide) turn[k][at] = x;
    }
    if (at >= wide) continue;
    if (!(own > 0)) return 0;
    to[at] = sqrt(own);
    inverse[at] = 1 / to[at];
  }
  return 1;
}

int gm__dense_factor(int32_t n, double *a)
{
  double pack[PACK * WIDE];
  for (int32_t j = 0; j < n; j += WIDE) {
    const int32_t wide = n - j < WIDE ? n - j : WIDE;
    double *to = a + (ptrdiff_t)j * n;
    for (int32_t from = 0; from < j && wide == WIDE; from += PACK) {
      int32_t part = j - from < PACK ? j - from : PACK;
      pack_rows(part, to + from, n, pack);
      strip_minus(n - j, part, (factor){to + from, n, 1}, pack, WIDE, to + j, n);
    }
    for (int32_t l = 0; l < wide && wide < WIDE; l++)
      column(wide - l, j, (factor){to + (ptrdiff_t)l * n, n, 1}, to + (ptrdiff_t)l * n, 1,
             to + (ptrdiff_t)l * n + j + l, n, -1);
    if (!panel(n, j, wide, a)) return 0;
  }
  return 1;
}

/* ---- solve ----------------------------------------------------------------------------------- */
/* b[rows][cols] -= a x */
static void take_off(int32_t rows, int32_t inner, int32_t cols, factor a, const double *x,
                     double *b)
{
  int32_t j = 0;
  for (; j + WIDE <= cols; j += WIDE) strip_minus(rows, inner, a, x + j, cols, b + j, cols);
  for (; j < cols; j++) column(rows, inner, a, x + j, cols, b + j, cols, -1);
}

static void row_add(int32_t cols, double f, const double *from, double *to)
{
  for (int32_t j = 0; j < cols; j++) to[j] = fma(f, from[j], to[j]);
}

static void row_scale(int32_t cols, double f, double *to)
{
  for (int32_t j = 0; j < cols; j++) to[j] *= f;
}

/* STEP rows at a time: what the rows solved before explain is taken off by tiles. */
void gm__dense_solve(int32_t n, int32_t cols, const double *l, double *b)
{
  for (int32_t i0 = 0; i0 < n; i0 += STEP) {
    const int32_t end = i0 + STEP < n ? i0 + STEP : n;
    take_off(end - i0, i0, cols, (factor){l + (ptrdiff_t)i0 * n, n, 1}, b,
             b + (ptrdiff_t)i0 * cols);
    for (int32_t i = i0; i < end; i++) {
      for (int32_t k = i0; k < i; k++)
        row_add(cols, -l[(ptrdiff_t)i * n + k], b + (ptrdiff_t)k * cols, b + (ptrdiff_t)i * cols);
      row_scale(cols, 1 / l[(ptrdiff_t)i * n + i], b + (ptrdiff_t)i * cols);
    }
  }
  for (int32_t end = n; end > 0; end = (end - 1) / STEP * STEP) {
    const int32_t i0 = (end - 1) / STEP * STEP;
    if (end < n)
      take_off(end - i0, n - end, cols, (factor){l + (ptrdiff_t)end * n + i0, 1, n},
               b + (ptrdiff_t)end * cols, b + (ptrdiff_t)i0 * cols);
    for (int32_t i = end - 1; i >= i0; i--) {
      for (int32_t k = i + 1; k < end; k++)
        row_add(cols, -l[(ptrdiff_t)k * n + i], b + (ptrdiff_t)k * cols, b + (ptrdiff_t)i * cols);
      row_scale(cols, 1 / l[(ptrdiff_t)i * n + i], b + (ptrdiff_t)i * cols);
    }
  }
}
