/* score.h - what a belief says a measurement will be, and how good that was.
 * room: methods
 * The law of one measured value is a mixture: each member's prediction f_m with the error model
 * around it, by the members' weights. So the noise of measuring is folded in exactly, not sampled.
 * Threads: no state. Pointers: borrowed for the call. */
#ifndef GEMEL_SCORE_H
#define GEMEL_SCORE_H
#include "gemel/infer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t n;
  const double *f;      /* prediction of member m: f[m * stride] (gm_members: f + j, datum_count) */
  ptrdiff_t stride;     /* >= 1 */
  const double *weight; /* [n] >= 0, any positive sum; NULL: equal */
  gm_datum error;       /* its error model; value and censored are not looked at. All sd may be 0:
                           then the law is that of the prediction itself */
} gm_predictive;

/* P(Y <= y). At the measured value this is its PIT, uniform over many forecasts that are right.
 * NaN when a member of positive weight has a prediction that is not finite (or, on a log scale, not
 * positive), when no weight is positive, or y is NaN. */
GM_API double gm_predictive_cdf(const gm_predictive *p, double y);
/* Quantiles q[count] at prob[count] in (0, 1), by bisection to the last bits.
 * Fails: GM_ERANGE (n < 1, stride < 1, prob), GM_EDOMAIN (predictions, weights, error model). */
GM_API GM_NODISCARD gm_status gm_predictive_quantiles(gm_ctx *ctx, const gm_predictive *p,
                                                      int32_t count, const double *prob, double *q);
/* Continuous ranked probability score at y, in the unit of y, lower is better; exact:
 * E|Y - y| - E|Y - Y'|/2 over the mixture (Grimit, Gneiting, Berrocal & Johnson, Q. J. R. Meteorol.
 * Soc. 132:2925, 2006; for log-normal members from their partial means). Takes n^2/2 terms.
 * Fails likewise; GM_EDOMAIN also for y. */
GM_API GM_NODISCARD gm_status gm_predictive_crps(gm_ctx *ctx, const gm_predictive *p, double y,
                                                 double *crps);
/* Weighted interval score at y (Bracher, Ray, Gneiting & Reich, PLoS Comput. Biol. 17:e1008618,
 * 2021) of the quantiles at prob[count]: ascending, symmetric about 1/2, which is among them.
 * Fails likewise; GM_EINVAL (levels), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_predictive_wis(gm_ctx *ctx, const gm_predictive *p, int32_t count,
                                                const double *prob, double y, double *wis);

#ifdef __cplusplus
}
#endif
#endif
