/* filter.h - inside of a filter. */
#ifndef GEMEL_METHODS_FILTER_H
#define GEMEL_METHODS_FILTER_H
#include "gemel/assimilate.h"
#include "num/resample.h"

struct gm_filter {
  gm_ctx *ctx;
  const gm_system *s;
  gm_filter_options o;
  gm_ensemble *e;
  gm_model_info info;
  int32_t n, d;       /* members, unknowns */
  bool colours;       /* has any sensor a memory? */
  double *z;          /* [n*d] */
  double *weight;     /* [n] */
  double *residual;   /* [n*sensor_count] last residual of coloured sensors, NaN: none */
  double *residual_t; /* [sensor_count] */
  uint64_t step;      /* data times so far */
  uint64_t generation;
  int32_t edge; /* of the drive, next */
  double loglik;
  gm_alarm alarm;
  gm_key key; /* of resampling and moves */
  /* scratch of a step */
  double *y, *lp, *lookahead; /* [n*ny], [n], [n] */
  int32_t *ancestor;          /* [3n] in the first n, scratch of resampling behind them */
  double *take;               /* [n*max(d, sensor_count)] */
  double *news_mean, *news_sd, *news_pit;
  int32_t news_room;
  double first; /* guided: ln of the first stage's mean weight */
  bool guided;
  double *drift; /* [d] sigma points: variance that z gained since the last datum */
  void *kalman;  /* of filter_kalman.c */
  void *history; /* of filter_history.c, NULL: not kept */
  void *mover;   /* of filter_move.c, NULL: no resample-move */
};

/* ---- shared ---- */
/* Parameters of the members from z. */
void gm__filter_theta(gm_filter *f);
/* Only the rows of the unknowns: the others may have been switched by edges. */
void gm__filter_unknowns(gm_filter *f);
/* Everybody to t along the drive. Unknowns drift on the way. */
GM_NODISCARD gm_status gm__filter_advance(gm_filter *f, gm_ctx *ctx, double t);
/* Members by ancestor: state, z, residuals. Weights become equal. Who is anybody's ancestor stays
 * in its place (gm__resample_still). */
GM_NODISCARD gm_status gm__filter_select(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor);
/* Predictive mean, sd and PIT of the readings from f->y and the weights, into the news. */
GM_NODISCARD gm_status gm__filter_predict(gm_filter *f, gm_ctx *ctx, const gm_reading *r,
                                          int32_t count, gm_filter_news *news);
double gm__filter_ess(const gm_filter *f);

/* ---- kinds: takes readings at the time of the ensemble ---- */
GM_NODISCARD gm_status gm__particle_before(gm_filter *f, gm_ctx *ctx, double t, const gm_reading *r,
                                           int32_t count, gm_filter_news *news);
GM_NODISCARD gm_status gm__particle_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r,
                                         int32_t count, gm_filter_news *news);
GM_NODISCARD gm_status gm__kalman_new(gm_filter *f, gm_ctx *ctx);
void gm__kalman_free(gm_filter *f);
/* A time without data: sigma points take up what the unknowns' noise has become since the last one.
 */
GM_NODISCARD gm_status gm__kalman_wait(gm_filter *f, gm_ctx *ctx);
GM_NODISCARD gm_status gm__kalman_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r,
                                       int32_t count, gm_filter_news *news);
/* ---- kernel on states (filter_states.c) ---- */
GM_NODISCARD gm_status gm__states_check(const gm_filter *f, gm_ctx *ctx);
/* Bandwidth of the Gaussian kernel that is best for a normal law of d dimensions. */
double gm__bandwidth(int32_t n, int32_t d);
/* The kernel's factor from the members as they stand; the caller frees it. */
GM_NODISCARD gm_status gm__states_spread(const gm_filter *f, gm_ctx *ctx, const double *weight,
                                         double **factor_out);
/* After members were chosen by f->ancestor: moves those that were chosen more than once. */
GM_NODISCARD gm_status gm__states_move(gm_filter *f, gm_ctx *ctx, const double *factor);

/* ---- history (filter_history.c): outputs and coordinates at data times, in step with the members;
 * all do nothing where none is kept ---- */
GM_NODISCARD gm_status gm__history_new(gm_filter *f, gm_ctx *ctx);
void gm__history_free(gm_filter *f);
void gm__history_forget(gm_filter *f);
/* After the data of a time were taken. */
GM_NODISCARD gm_status gm__history_take(gm_filter *f, gm_ctx *ctx);
void gm__history_select(gm_filter *f, const int32_t *ancestor);
/* Members become mean + deviations times gain[n][n]. */
void gm__history_transform(gm_filter *f, const double *gain);
/* Members gain deviations times hp[m][n]' scaled[m][n]. */
void gm__history_update(gm_filter *f, int32_t m, const double *hp, const double *scaled);

/* ---- resample-move (filter_move.c) ---- */
GM_NODISCARD gm_status gm__move_new(gm_filter *f, gm_ctx *ctx);
void gm__move_free(gm_filter *f);
/* What was taken before does not count any more. */
void gm__move_forget(gm_filter *f);
GM_NODISCARD gm_status gm__move_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count);
/* After members were chosen by ancestor: steps of size factor (lower, of the covariance of z). */
GM_NODISCARD gm_status gm__move_after(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor,
                                      const double *factor);
#endif
