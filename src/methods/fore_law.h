/* fore_law.h - a law made ready for many questions, and what draws of scoring are called. */
#ifndef GM_METHODS_FORE_LAW_H
#define GM_METHODS_FORE_LAW_H
#include "gemel/forecast.h"

/* Kinds of draws (gm_kind_draw) under GM_PURPOSE_BOOTSTRAP; a number is never used twice. */
enum {
  GM__KIND_PIT = 1,
  GM__KIND_RANK = 2,
  GM__KIND_BLOCK = 3,
  GM__KIND_STACK = 4,
  GM__KIND_SMOOTH = 5
};

typedef struct {
  const gm_law *law;
  double total; /* sum of weights                                                      */
  double self;  /* sum of squared weights over total^2: 1/effective number             */
  int32_t n;    /* members of positive weight                                          */
  double *xs;   /* sample: sorted values [n], then cumulated shares [n]; owned. NULL: cdf */
  double *cum;  /* inside xs                                                           */
} gm__law;
/* Checks and sorts. Fails as the functions of gemel/forecast.h say. */
GM_NODISCARD gm_status gm__law_open(gm_ctx *ctx, const gm_law *law, gm__law *out);
void gm__law_close(gm__law *l);

typedef struct {
  double f, below; /* P(Y <= y), P(Y < y)                                          */
  double own;      /* sum over members of (weight/total)^2 F_m(y) (1 - F_m(y))     */
} gm__law_point;
GM_NODISCARD gm_status gm__law_at(gm_ctx *ctx, const gm__law *l, double y, gm__law_point *out);
/* prob ascending in (0, 1). */
GM_NODISCARD gm_status gm__law_quantiles(gm_ctx *ctx, const gm__law *l, int32_t count,
                                         const double *prob, double *q);
/* CRPS and its fair form at y; level[levels] are quantiles of the law, ascending. */
GM_NODISCARD gm_status gm__law_crps(gm_ctx *ctx, const gm__law *l, double y, int32_t levels,
                                    const double *level, double *crps, double *fair);

/* n >= least, finite, times growing; t_ahead after the last. */
GM_NODISCARD gm_status gm__history_check(gm_ctx *ctx, const gm_history *h, int32_t least);
GM_NODISCARD gm_status gm__history_ahead(gm_ctx *ctx, const gm_history *h, double t_ahead);
#endif
