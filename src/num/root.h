/* root.h - roots and minima of functions of one number that may fail.
 * Threads: no state. Pointers: borrowed for the call. */
#ifndef GM_NUM_ROOT_H
#define GM_NUM_ROOT_H
#include "gemel/base.h"

/* y = f(x). A status other than GM_OK ends the search and is returned as it is; a y that is NaN
 * ends it with GM_ENUMERIC. Infinite values are used by their sign. */
typedef gm_status gm_scalar_f(void *user, double x, double *y);

/* A root between a and b, where f changes sign: Brent's zeroin (Brent 1973, ch. 4). *x is within
 * tolerance + 4 * 2^-52 |x| of a change of sign; tolerance >= 0.
 * Fails: GM_ERANGE (no change of sign; both values are named), GM_ENUMERIC (NaN or no end). */
GM_NODISCARD gm_status gm_root_brent(gm_ctx *ctx, gm_scalar_f *f, void *user, double a, double b,
                                     double tolerance, double *x);

/* Widens [*a, *b] by the golden ratio on the side that looks nearer to a root, within [low, high],
 * until f changes sign over it. Fails, *a and *b untouched: GM_ENOTFOUND (no change of sign
 * within the limits or after 200 widenings), GM_ERANGE (not low <= a < b <= high), GM_ENUMERIC. */
GM_NODISCARD gm_status gm_root_bracket(gm_ctx *ctx, gm_scalar_f *f, void *user, double low,
                                       double high, double *a, double *b);

/* A local minimum within [a, b], a < b: golden section with parabolas (Brent 1973, ch. 5).
 * *x within about tolerance + 1.5e-8 |x| of it, *y = f(*x). +inf values are avoided.
 * Fails: GM_ERANGE (not a < b), GM_ENUMERIC (NaN). */
GM_NODISCARD gm_status gm_root_minimum(gm_ctx *ctx, gm_scalar_f *f, void *user, double a, double b,
                                       double tolerance, double *x, double *y);
#endif
