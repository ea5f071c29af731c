/* math.h - elementary functions that give the same bytes on every processor.
 *
 * Everything a model member computes with goes through these: libm differs between versions and
 * chooses by processor, SLEEF's FMA-identical family (Shibata & Petrogalli, IEEE Trans. Parallel
 * Distrib. Syst. 31:1316, 2020; library version 3.5) does not. The 8-lane tables of the kernels
 * (src/base/math_lanes.h) return the same bytes as the functions here.
 *
 * Shape: one number in, one number out; angles in radians; nothing else has a unit.
 * Failure: none; outside a domain the result is GM_NAN_BITS, a pole or an overflow is an infinity,
 * as in C17 Annex F. Every NaN returned has the same bits whatever NaN came in. errno and the
 * floating-point flags mean nothing. Threads: all functions may run together.
 * Accuracy, in units in the last place of the true value, tested by tests/base/test_math.c: 1.01
 * where nothing else is said. Results below the smallest normal number (2.2e-308) keep an absolute
 * error of that order only. */
#ifndef GEMEL_MATH_H
#define GEMEL_MATH_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GM_NAN_BITS UINT64_C(0x7ff8000000000000) /* the only NaN that comes out of here */

GM_API double gm_exp(double x); /* 2 ulp in the last 2e-9 before the overflow at 709.7827... */
GM_API double gm_expm1(double x);
GM_API double gm_ln(double x); /* natural logarithm (gm_log writes the log) */
GM_API double gm_log1p(double x);
GM_API double gm_log10(double x);
GM_API double gm_log2(double x);
/* x^y. NaN for x < 0 with y not whole. Overflows 2e-9 (relative) before the largest double. */
GM_API double gm_pow(double x, double y);
GM_API double gm_sqrt(double x); /* correctly rounded: 0.5 ulp */
GM_API double gm_cbrt(double x);
GM_API double gm_hypot(double x, double y);

GM_API double gm_sin(double x); /* any finite x: the argument is reduced exactly */
GM_API double gm_cos(double x);
GM_API double gm_tan(double x);
GM_API double gm_asin(double x);
GM_API double gm_acos(double x);
GM_API double gm_atan(double x);
GM_API double gm_atan2(double y, double x);

GM_API double gm_sinh(double x); /* 2 ulp above 709.7 */
GM_API double gm_cosh(double x); /* 2 ulp above 709.7 */
GM_API double gm_tanh(double x);
GM_API double gm_asinh(double x);
GM_API double gm_acosh(double x);
GM_API double gm_atanh(double x);

GM_API double gm_erf(double x);
GM_API double gm_erfc(double x); /* 1.5 ulp */
/* log |gamma(x)|. x > 0: the larger of 1.01 ulp and an absolute 1e-15. x < 0: an absolute
 * 1e-15 * (1 + |x| log(1 + |x|)), which near a zero of it is no relative accuracy at all. */
GM_API double gm_lgamma(double x);
GM_API double gm_tgamma(double x); /* x > 0: 1 ulp; x < 0: 16 ulp */

/* The normal distribution with mean 0 and standard deviation 1.
 * cdf: P(Z <= x). Relative error below 1e-14 as far down as the result is a normal number
 * (x > -37.5). logcdf: its natural logarithm, relative error below 1e-13 at every x (for x > 37.5
 * it is -0). quantile: the x with cdf(x) = p, p in [0,1] (0 and 1 give the infinities); relative
 * error below 1e-14 over all positive p; strictly odd: quantile(1-p) = -quantile(p) whenever 1-p is
 * exact. Source: Wichura, Algorithm AS 241, Appl. Statist. 37:477 (1988), PPND16. */
GM_API double gm_norm_cdf(double x);
GM_API double gm_norm_logcdf(double x);
GM_API double gm_norm_quantile(double p);

#ifdef __cplusplus
}
#endif
#endif
