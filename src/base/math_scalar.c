/* math_scalar.c - the public functions, and the table of lanes that calls them one by one.
 * Compiled with FMA: SLEEF's family is only identical with it. */
#include "base/math_lanes.h"
#include "base/math_sleef.h"
#include <float.h>
#include <math.h>

#define SLEEF(sleef, bound) Sleef_finz_##sleef##d1_##bound##purecfma

/* log 2 in two parts, their sum good to 107 bits. */
static const double ln2_high = 0x1.62e42fefa39efp-1, ln2_low = 0x1.abc9e3b39803fp-56;

#define PLAIN1(name, sleef, bound)                                                                 \
  double gm_##name(double x) { return gm__one_nan(SLEEF(sleef, bound)(x)); }
#define PLAIN2(name, sleef, bound)                                                                 \
  double gm_##name(double x, double y) { return gm__one_nan(SLEEF(sleef, bound)(x, y)); }

PLAIN1(expm1, expm1, u10)
PLAIN1(ln, log, u10)
PLAIN1(log10, log10, u10)
PLAIN1(log2, log2, u10)
PLAIN1(cbrt, cbrt, u10)
PLAIN1(sin, sin, u10)
PLAIN1(cos, cos, u10)
PLAIN1(tan, tan, u10)
PLAIN1(asin, asin, u10)
PLAIN1(acos, acos, u10)
PLAIN1(atan, atan, u10)
PLAIN1(atanh, atanh, u10)
PLAIN1(erf, erf, u10)
PLAIN1(erfc, erfc, u15)
PLAIN1(lgamma, lgamma, u10)
PLAIN1(tgamma, tgamma, u10)
PLAIN2(pow, pow, u10)
PLAIN2(atan2, atan2, u10)
PLAIN2(hypot, hypot, u05)

typedef double wide;
static inline wide wide_set(double a) { return a; }
static inline wide wide_fma(wide a, wide b, wide c) { return fma(a, b, c); }
static inline wide wide_smaller(wide a, wide b) { return a < b ? a : b; }
static inline wide wide_abs(wide a) { return fabs(a); }
static inline wide wide_sign(wide a, wide x) { return copysign(a, x); }
static inline wide wide_power(wide t)
{
  uint64_t n, one = UINT64_C(0x3ff0000000000000);
  memcpy(&n, &t, sizeof n);
  n = (n << 52) + one;
  memcpy(&t, &n, sizeof t);
  return t;
}
static inline wide wide_choose(wide a, wide b, wide yes, wide no) { return a > b ? yes : no; }
static inline wide wide_one_nan(wide x, wide y) { return x == x ? y : gm__nan(); }
#include "base/math_tanh.h"

double gm_tanh(double x) { return tanh_of(x); }

double gm_sqrt(double x) { return gm__one_nan(sqrt(x)); }

/* SLEEF 3.5 gives infinity for some finite arguments whose result is finite. Where it does, the
 * result is made here; the wide tables call these functions for such lanes. */
static bool early(double x, double y) { return isinf(y) && isfinite(x); }

/* exp(x) / 2^k * 2^1023 for x near the overflow, without overflowing on the way. */
static double exp_shifted(double x, double k)
{
  double r = fma(-k, ln2_low, fma(-k, ln2_high, x));
  return SLEEF(exp, u10)(r) * 0x1p1023;
}

double gm_exp(double x)
{
  double y = SLEEF(exp, u10)(x);
  return early(x, y) && x < 709.8 ? exp_shifted(x, 1023) : gm__one_nan(y);
}

double gm_cosh(double x)
{
  double y = SLEEF(cosh, u10)(x), a = fabs(x);
  return early(x, y) && a < 710.5 ? exp_shifted(a, 1024) : gm__one_nan(y);
}

double gm_sinh(double x)
{
  double y = SLEEF(sinh, u10)(x), a = fabs(x);
  return early(x, y) && a < 710.5 ? copysign(exp_shifted(a, 1024), x) : gm__one_nan(y);
}

double gm_log1p(double x)
{
  double y = SLEEF(log1p, u10)(x);
  return early(x, y) && x > 0 ? SLEEF(log, u10)(x) : gm__one_nan(y); /* x + 1 = x */
}

/* asinh x = acosh x = log(2 x) to the last bit once x^2 + 1 = x^2; 2 x itself may overflow. */
static double log_twice(double a) { return SLEEF(log, u10)(a) + ln2_high; }

double gm_asinh(double x)
{
  double y = SLEEF(asinh, u10)(x);
  return early(x, y) ? copysign(log_twice(fabs(x)), x) : gm__one_nan(y);
}

double gm_acosh(double x)
{
  double y = SLEEF(acosh, u10)(x);
  return early(x, y) ? log_twice(x) : gm__one_nan(y);
}

#define LANES1(name, sleef, bound)                                                                 \
  static void lanes_##name(const double *x, double *out)                                           \
  {                                                                                                \
    for (int i = 0; i < GM_LANES; i++) out[i] = gm_##name(x[i]);                                   \
  }
#define LANES2(name, sleef, bound)                                                                 \
  static void lanes_##name(const double *x, const double *y, double *out)                          \
  {                                                                                                \
    for (int i = 0; i < GM_LANES; i++) out[i] = gm_##name(x[i], y[i]);                             \
  }
GM__MATH_UNARY(LANES1)
GM__MATH_BINARY(LANES2)
LANES1(sqrt, sqrt, u05)

const gm_vmath gm__vmath_scalar = {
#define GM_X(name, sleef, bound) .name = lanes_##name,
    GM__MATH_UNARY(GM_X) GM__MATH_BINARY(GM_X) GM_X(sqrt, sqrt, u05)
#undef GM_X
};

const gm_vmath *gm__vmath(gm_isa isa)
{
  return isa == GM_ISA_AVX512 ? &gm__vmath_avx512
         : isa == GM_ISA_AVX2 ? &gm__vmath_avx2
                              : &gm__vmath_scalar;
}
