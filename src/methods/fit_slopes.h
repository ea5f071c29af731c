/* fit_slopes.h - derivatives of what the readings say about the unknowns, by the model's tangents.
 * room: methods */
#ifndef GEMEL_METHODS_FIT_SLOPES_H
#define GEMEL_METHODS_FIT_SLOPES_H
#include "gemel/stochastic.h"

typedef struct gm__slopes gm__slopes;

/* Has the likelihood derivatives: no counts of a rounded mean, no law of the sensor's own, and
 * nothing censored but of normal and log-normal sensors? */
bool gm__slopes_possible(const gm_system *s);
/* time[time_count]: of the readings; borrowed like s. directions: tangents that the model bears. */
GM_NODISCARD gm_status gm__slopes_new(gm_ctx *ctx, const gm_system *s, int32_t directions,
                                      int32_t time_count, const double *time, gm__slopes **out);
void gm__slopes_free(gm__slopes *p); /* NULL ok */
/* Log-likelihoods ll[n] and their derivatives g[n][unknown_count] at z[n][unknown_count]; of a run
 * that failed -INFINITY and 0. */
GM_NODISCARD gm_status gm__slopes_gradient(gm__slopes *p, gm_ctx *ctx, int32_t n, const double *z,
                                           double *ll, double *g);
/* Residuals r[n][reading_count] in units of constant sds, and jac[n][reading_count][unknown_count];
 * a run that failed: NaN. */
GM_NODISCARD gm_status gm__slopes_jacobian(gm__slopes *p, gm_ctx *ctx, int32_t n, const double *z,
                                           double *r, double *jac);
#endif
