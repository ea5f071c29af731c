/* math_sleef.h - prototypes of SLEEF's scalar FMA-identical family, which sleef.h (3.5) leaves out,
 * and the one NaN. */
#ifndef GEMEL_BASE_MATH_SLEEF_H
#define GEMEL_BASE_MATH_SLEEF_H
#include "base/math_list.h"
#include "gemel/math.h"
#include <string.h>

#define GM_X(name, sleef, bound) double Sleef_finz_##sleef##d1_##bound##purecfma(double);
GM__MATH_SLEEF(GM_X)
#undef GM_X
#define GM_X(name, sleef, bound) double Sleef_finz_##sleef##d1_##bound##purecfma(double, double);
GM__MATH_BINARY(GM_X)
#undef GM_X

static inline double gm__nan(void)
{
  double x;
  uint64_t bits = GM_NAN_BITS;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline double gm__one_nan(double x) { return x == x ? x : gm__nan(); }
#endif
