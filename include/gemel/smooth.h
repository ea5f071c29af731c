/* smooth.h - what was the subject's state then, given all data up to now.
 * room: methods
 * A filter made with keep_history keeps the outputs and coordinates of its members at the times of
 * its data. Particles carry them along when they are copied (Kitagawa, J. Comput. Graph. Stat.
 * 5:1, 1996); ensemble Kalman filters (ENKF, ETKF) change them by the same weights as the state
 * (ensemble Kalman smoother: Evensen & van Leeuwen, Mon. Weather Rev. 128:1852, 2000).
 * How it lies: few different ancestors are left of particles long ago (`distinct`); inflation is
 * not given to the past.
 * Refused when the filter is made: sigma points, local filters, resample-move (run the posterior's
 * coordinates again instead). Threads: as the filter. */
#ifndef GEMEL_SMOOTH_H
#define GEMEL_SMOOTH_H
#include "gemel/assimilate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t time_count, output_count, unknown_count;
  double *t;             /* [time_count] times of data since the start or the last restart */
  double *mean, *sd;     /* [time_count][output_count]; NaN: no member has a value */
  double *z_mean, *z_sd; /* [time_count][unknown_count] coordinates of the unknowns */
  double *filtered;      /* [time_count][output_count] means when the data came */
  int32_t *distinct;     /* [time_count] different members of then that are still in the belief */
} gm_smooth;

/* *out is owned by the caller. Fails: GM_EINVAL (a filter without keep_history, or without data),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_filter_smooth(const gm_filter *f, gm_ctx *ctx, gm_smooth **out);
GM_API void gm_smooth_free(gm_smooth *s); /* NULL ok */

#ifdef __cplusplus
}
#endif
#endif
