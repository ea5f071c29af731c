/* forecast.h - inside of forecasts: members of a belief along a course. */
#ifndef GEMEL_TWIN_FORECAST_H
#define GEMEL_TWIN_FORECAST_H
#include "gemel/twin.h"

/* The subject's events up to t_now (doses still to come of ADDL cut off there), then the plan.
 * as_recorded: all of the subject's events as they are. *event is owned by the caller. */
gm_status gm__course_events(gm_ctx *ctx, const gm_twin *t, const gm_event *plan, int32_t plan_count,
                            bool as_recorded, gm_event **event, int32_t *count);
/* NaN members (diverged) get weight 0; the rest sum to 1. Returns how many were left out. */
int32_t gm__weights_without_failed(int32_t n, const double *weight, const int8_t *status,
                                   double *out);
/* The error of an observable as that of a datum without time and value. */
gm_datum gm__measured(const gm_observable *o);
/* NOISE_DRAWS measurements of one value: stratified normal draws keyed by member and index. */
enum { GM__NOISE_DRAWS = 4 };
void gm__noise_draws(const gm_observable *o, double f, gm_key key, int32_t member,
                     uint64_t observable, uint64_t index, double out[GM__NOISE_DRAWS]);
/* The same members, whose draws after time t are others. *out is owned. */
gm_status gm__lineage_anew(gm_ctx *ctx, const gm_lineage *l, double t, gm_lineage **out);
/* Variance of y[n] under w (sum 1) as share[3]: parameter, state, intrinsic (gm_forecast). anew[n]:
 * the same members with chance drawn anew. z[n*d]. y is used up. */
gm_status gm__forecast_shares(gm_ctx *ctx, int32_t n, int32_t d, const double *z, const double *w,
                              double *y, const double *anew, double share[3]);
/* How many of an event's additional doses have been given at or before t_now. */
int32_t gm__additional_given(const gm_event *e, double t_now);
#endif
