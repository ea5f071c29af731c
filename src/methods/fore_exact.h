/* fore_exact.h - sums of doubles without any rounding, so that their order never matters.
 * A fixed-point number of 2,144 bits holds every finite double (Kulisch's long accumulator, in
 * digits of 32 bits with room for carries). Adding and merging are exact; only reading rounds,
 * once, to nearest. So the sum over a bank has the same bytes however the twins were spread. */
#ifndef GM_METHODS_FORE_EXACT_H
#define GM_METHODS_FORE_EXACT_H
#include "gemel/base.h"

enum { GM__EXACT_DIGITS = 68 };
typedef struct {
  int64_t digit[GM__EXACT_DIGITS]; /* digit i counts 2^(32 i - 1074); zeroed: the sum 0 */
  int32_t pending;                 /* additions since carries were last passed on       */
} gm__exact;

void gm__exact_add(gm__exact *e, double x); /* x finite */
void gm__exact_merge(gm__exact *to, const gm__exact *from);
/* Rounded to nearest, ties to even; +-inf beyond the doubles. */
double gm__exact_value(const gm__exact *e);
/* Passes carries on: afterwards digits are in [0, 2^32), the highest signed, and equal sums have
 * equal digits. */
void gm__exact_settle(gm__exact *e);
#endif
