/* dense.h - products of small dense matrices, row-major, for analysis steps outside members.
 * Sums run in a fixed order with fma, so the bytes are the same everywhere. No allocation, no
 * failure. Threads: no state. */
#ifndef GEMEL_NUM_DENSE_H
#define GEMEL_NUM_DENSE_H
#include <stdint.h>

/* c[rows][cols] += a[rows][inner] b[inner][cols] */
void gm__dense_add(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *b,
                   double *c);
/* c[rows][cols] += a[rows][inner] bt[cols][inner]^T */
void gm__dense_add_bt(int32_t rows, int32_t inner, int32_t cols, const double *a, const double *bt,
                      double *c);
/* Only what lies on or below the diagonal of c[n][n] += a[n][inner] bt[n][inner]^T is asked for (of
 * what lies above it a part is made too, in tiles). */
void gm__dense_add_bt_lower(int32_t n, int32_t inner, const double *a, const double *bt, double *c);
/* c[rows][cols] += at[inner][rows]^T b[inner][cols] */
void gm__dense_add_at(int32_t rows, int32_t inner, int32_t cols, const double *at, const double *b,
                      double *c);
/* b[n][cols] becomes L^-T L^-1 b for a lower factor l[n][n]. */
void gm__dense_solve(int32_t n, int32_t cols, const double *l, double *b);
/* Lower factor in place of the lower triangle of a[n][n]; what lies above it changes nothing and
 * may be written. 0: not positive definite. */
int gm__dense_factor(int32_t n, double *a);
#endif
