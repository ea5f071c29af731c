/* dense_avx2.c - the loops of dense.h, for the least processor Gemel runs on. */
#include "num/dense.h"
#include <math.h>
#include <stddef.h>

enum { TILE = 16, PACK = 128 };

/* TILE columns of one row of the product stay in registers. */
static void row_tile(int32_t inner, ptrdiff_t cols, const double *a, ptrdiff_t a_step,
                     const double *b, double *c)
{
  double sum[TILE];
  for (int j = 0; j < TILE; j++) sum[j] = c[j];
  for (int32_t k = 0; k < inner; k++) {
    double f = a[k * a_step];
    for (int j = 0; j < TILE; j++) sum[j] = fma(f, b[k * cols + j], sum[j]);
  }
  for (int j = 0; j < TILE; j++) c[j] = sum[j];
}

static void product(int32_t rows, int32_t inner, int32_t cols, const double *a, ptrdiff_t a_row,
                    ptrdiff_t a_step, const double *b, double *c)
{
  for (int32_t i = 0; i < rows; i++) {
    const double *from = a + i * a_row;
    double *to = c + (ptrdiff_t)i * cols;
    int32_t j = 0;
    for (; j + TILE <= cols; j += TILE) row_tile(inner, cols, from, a_step, b + j, to + j);
    for (int32_t k = 0; k < inner && j < cols; k++) {
      double f = from[k * a_step];
      const double *row = b + (ptrdiff_t)k * cols;
      for (int32_t i2 = j; i2 < cols; i2++) to[i2] = fma(f, row[i2], to[i2]);
    }
  }
}

void gm__dense_add(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *b,
                   double *c)
{
  product(rows, inner, cols, a, inner, 1, b, c);
}

void gm__dense_add_at(int32_t rows, int32_t inner, int32_t cols, const double *at, const double *b,
                      double *c)
{
  product(rows, inner, cols, at, 1, rows, b, c);
}

/* TILE columns of the product at a time, whose rows of bt are first laid side by side, in stretches
 * of PACK; what is left over by dot products. */
void gm__dense_add_bt(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *bt,
                      double *c)
{
  double pack[PACK * TILE];
  int32_t j = 0;
  for (; j + TILE <= cols; j += TILE)
    for (int32_t from = 0; from < inner; from += PACK) {
      int32_t part = inner - from < PACK ? inner - from : PACK;
      for (int l = 0; l < TILE; l++)
        for (int32_t k = 0; k < part; k++)
          pack[k * TILE + l] = bt[(ptrdiff_t)(j + l) * inner + from + k];
      for (int32_t i = 0; i < rows; i++)
        row_tile(part, TILE, a + (ptrdiff_t)i * inner + from, 1, pack, c + (ptrdiff_t)i * cols + j);
    }
  for (; j < cols; j++)
    for (int32_t i = 0; i < rows; i++) {
      const double *p = a + (ptrdiff_t)i * inner, *q = bt + (ptrdiff_t)j * inner;
      double sum = c[(ptrdiff_t)i * cols + j];
      for (int32_t k = 0; k < inner; k++) sum = fma(p[k], q[k], sum);
      c[(ptrdiff_t)i * cols + j] = sum;
    }
}

int gm__dense_factor(int32_t n, double *a)
{
  for (int32_t j = 0; j < n; j++) {
    double *row = a + (ptrdiff_t)j * n;
    if (!(row[j] > 0)) return 0;
    double d = sqrt(row[j]);
    for (int32_t i = j; i < n; i++) a[(ptrdiff_t)i * n + j] /= d;
    row[j] = d;
    for (int32_t i = j + 1; i < n; i++) {
      double *to = a + (ptrdiff_t)i * n, f = -to[j];
      for (int32_t k = j + 1; k <= i; k++) to[k] = fma(f, a[(ptrdiff_t)k * n + j], to[k]);
    }
  }
  return 1;
}

void gm__dense_solve(int32_t n, int32_t cols, const double *l, double *b)
{
  for (int32_t i = 0; i < n; i++) {
    double *to = b + (ptrdiff_t)i * cols, d = 1 / l[(ptrdiff_t)i * n + i];
    for (int32_t k = 0; k < i; k++) {
      const double f = -l[(ptrdiff_t)i * n + k], *from = b + (ptrdiff_t)k * cols;
      for (int32_t j = 0; j < cols; j++) to[j] = fma(f, from[j], to[j]);
    }
    for (int32_t j = 0; j < cols; j++) to[j] *= d;
  }
  for (int32_t i = n - 1; i >= 0; i--) {
    double *to = b + (ptrdiff_t)i * cols, d = 1 / l[(ptrdiff_t)i * n + i];
    for (int32_t k = i + 1; k < n; k++) {
      const double f = -l[(ptrdiff_t)k * n + i], *from = b + (ptrdiff_t)k * cols;
      for (int32_t j = 0; j < cols; j++) to[j] = fma(f, from[j], to[j]);
    }
    for (int32_t j = 0; j < cols; j++) to[j] *= d;
  }
}
