/* math_normal_scalar.c - the normal distribution, from gm_math alone. */
#include "base/math_sleef.h"
#include "base/normal_table.h"
#include <math.h>

/* 1/sqrt(2) and log(sqrt(2 pi)); the first in two parts. */
static const double half_root_high = 0x1.6a09e667f3bcdp-1, half_root_low = -0x1.bdd3413b26456p-55;
static const double two_over_root_pi = 1.1283791670955125739, log_root_2pi = 0.91893853320467274178;

/* P(Z <= x) = erfc(t)/2 with t = -x/sqrt(2). In the tail erfc turns a relative error e of t into
 * 2 t^2 e (1e-13 at x = -30), so the part of t that rounding lost is put back by one Taylor term:
 * erfc(t + d) = erfc(t) - 2/sqrt(pi) exp(-t^2) d. */
double gm_norm_cdf(double x)
{
  double t = -x * half_root_high;
  double y = gm_erfc(t);
  if (!(t > 0 && t < 27.3)) return 0.5 * y; /* also NaN; beyond 27.3 all is 0 */
  double d = fma(-x, half_root_high, -t) - x * half_root_low;
  return 0.5 * (y - two_over_root_pi * gm_exp(-t * t) * d);
}

/* Mills' ratio (1 - P(t)) / p(t) for t >= 10 by Laplace's continued fraction
 * 1/(t + 1/(t + 2/(t + 3/(t + ...)))), Abramowitz & Stegun 26.2.14; 30 terms leave less than
 * 2^-60 of it at t = 10. */
static double mills(double t)
{
  double tail = t;
  for (int k = 30; k > 0; k--) tail = t + (double)k / tail;
  return 1 / tail;
}

double gm_norm_logcdf(double x)
{
  if (x > 0) return gm_log1p(-gm_norm_cdf(-x));
  if (x > -10) return gm_ln(gm_norm_cdf(x));
  if (!(x >= -1.8e154)) return x == x ? -INFINITY : gm__nan(); /* x^2/2 overflows */
  return fma(-0.5 * x, x, gm_ln(mills(-x)) - log_root_2pi);
}

/* a[0] + a[1] r + ... + a[7] r^7 */
static double poly7(const double a[8], double r)
{
  double s = a[7];
  for (int i = 6; i >= 0; i--) s = fma(s, r, a[i]);
  return s;
}

double gm_norm_quantile(double p)
{
  if (!(p >= 0 && p <= 1)) return gm__nan();
  double q = p - 0.5;
  if (fabs(q) <= 0.425) {
    double r = fma(-q, q, 0.180625);
    return q * poly7(gm__normal_middle[0], r) / poly7(gm__normal_middle[1], r);
  }
  double small = q < 0 ? p : 1 - p; /* exact for p >= 1/2 */
  if (small == 0) return copysign(INFINITY, q);
  double r = gm_sqrt(-gm_ln(small));
  const double(*part)[8] = r <= 5 ? gm__normal_tail : gm__normal_far_tail;
  r -= r <= 5 ? 1.6 : 5;
  return copysign(poly7(part[0], r) / poly7(part[1], r), q);
}
