/* math_normal_scalar.c - the normal distribution, from gm_math alone. */
#include "base/math_sleef.h"
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

/* Coefficients of PPND16 (Wichura 1988), numerator and denominator of three rational functions:
 * the middle, |p - 1/2| <= 0.425; the tails to p = e^-25; and beyond. */
static const double middle[2][8] = {
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
     1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
     3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
     5.2264952788528545610e+3}};
static const double tail[2][8] = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9}};
static const double far_tail[2][8] = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15}};

double gm_norm_quantile(double p)
{
  if (!(p >= 0 && p <= 1)) return gm__nan();
  double q = p - 0.5;
  if (fabs(q) <= 0.425) {
    double r = fma(-q, q, 0.180625);
    return q * poly7(middle[0], r) / poly7(middle[1], r);
  }
  double small = q < 0 ? p : 1 - p; /* exact for p >= 1/2 */
  if (small == 0) return copysign(INFINITY, q);
  double r = gm_sqrt(-gm_ln(small));
  double z = r <= 5 ? poly7(tail[0], r - 1.6) / poly7(tail[1], r - 1.6)
                    : poly7(far_tail[0], r - 5) / poly7(far_tail[1], r - 5);
  return copysign(z, q);
}
