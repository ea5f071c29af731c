/* fore_ar.h - inside of the autoregression: what a short history says. */
#ifndef GM_METHODS_FORE_AR_H
#define GM_METHODS_FORE_AR_H
#include "gemel/forecast.h"

/* The common step of the times, NaN when there is none. */
double gm__ar_step(const gm_history *h);
/* Posterior means of a first autoregression: order, phi[0] (or memory), mean, sd. step as in ar.
 * Fails: GM_ENUMERIC (a posterior without a number). */
GM_NODISCARD gm_status gm__ar_short_estimate(gm_ctx *ctx, const gm_history *h, gm_ar *ar);
/* Its predictive law `gap` after the last value (of even times: whole steps), as a Student law with
 * the same central 90 % and the same ratio of that to the central half. Fails also: GM_ENOMEM. */
GM_NODISCARD gm_status gm__ar_short_forecast(gm_ctx *ctx, const gm_history *h, double step,
                                             double gap, gm_student *out);
#endif
