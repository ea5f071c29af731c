/* filter_rows.h - passes over all members that filters make, eight members side by side.
 * Sums: member m is added to sum m mod 8, m ascending; the eight are added in pairs. So the bytes
 * are the same everywhere. No allocation, no failure. Threads: no state. */
#ifndef GEMEL_METHODS_FILTER_ROWS_H
#define GEMEL_METHODS_FILTER_ROWS_H
#include <stdbool.h>
#include <stdint.h>

double gm__row_sum(int32_t n, const double *a);
double gm__row_dot(int32_t n, const double *a, const double *b);
/* a = (a - shift) * factor + offset */
void gm__row_map(int32_t n, double *a, double shift, double factor, double offset);
/* to += factor * from */
void gm__row_add(int32_t n, double factor, const double *from, double *to);

/* Largest lp among members with weight; -INFINITY: nobody has any. */
double gm__row_top(int32_t n, const double *weight, const double *lp);
/* weight[m] *= exp(lp[m] - top); returns their sum. lp[m] is never NaN, and <= top where there is
 * weight. */
double gm__row_reweigh(int32_t n, double *weight, const double *lp, double top);
/* lp[m] becomes -INFINITY where it is no number or the member failed. */
void gm__row_guard(int32_t n, const int8_t *status, double *lp);
/* How many failed. */
int32_t gm__row_failed(int32_t n, const int8_t *status);

/* Sums over members with weight and finite y: weight, weight mean, weight (variance + mean^2). */
typedef struct {
  double weight, mean, square;
} gm__mixture;
gm__mixture gm__row_mixture(int32_t n, const double *weight, const double *y, const double *mean,
                            const double *variance);
#endif
