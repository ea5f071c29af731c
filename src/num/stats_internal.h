/* stats_internal.h - checks and sorting shared by the files of weighted statistics. */
#ifndef GM_NUM_STATS_INTERNAL_H
#define GM_NUM_STATS_INTERNAL_H
#include "gemel/base.h"

/* n >= 1 and all finite; `what` names the array in the message. */
GM_NODISCARD gm_status gm__stats_check(gm_ctx *ctx, int32_t n, const double *x, const char *what);
/* w NULL, or finite, none negative, with a positive finite sum. */
GM_NODISCARD gm_status gm__stats_check_weights(gm_ctx *ctx, int32_t n, const double *w);
/* Copies x and w (NULL: ones) to one new block of 2n, sorted by x. *xs is owned by the caller,
 * *ws lies behind it. */
GM_NODISCARD gm_status gm__stats_sorted(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                                        double **xs, double **ws);
#endif
