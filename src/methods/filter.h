/* filter.h - inside of a filter. */
#ifndef GEMEL_METHODS_FILTER_H
#define GEMEL_METHODS_FILTER_H
#include "gemel/assimilate.h"

struct gm_filter {
  gm_ctx *ctx;
  const gm_system *s;
  gm_filter_options o;
  gm_ensemble *e;
  gm_model_info info;
  int32_t n, d;       /* members, unknowns */
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
  int32_t *ancestor;          /* [n] */
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
/* Everybody to t along the drive. Unknowns drift on the way. */
gm_status gm__filter_advance(gm_filter *f, gm_ctx *ctx, double t);
/* Members by ancestor: state, z, residuals. Weights become equal. */
gm_status gm__filter_select(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor);
/* Predictive mean, sd and PIT of the readings from f->y and the weights, into the news. */
gm_status gm__filter_predict(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                             gm_filter_news *news);
double gm__filter_ess(const gm_filter *f);

/* ---- kinds: takes readings at the time of the ensemble ---- */
gm_status gm__particle_before(gm_filter *f, gm_ctx *ctx, double t, const gm_reading *r,
                              int32_t count, gm_filter_news *news);
gm_status gm__particle_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                            gm_filter_news *news);
gm_status gm__kalman_new(gm_filter *f, gm_ctx *ctx);
void gm__kalman_free(gm_filter *f);
gm_status gm__kalman_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                          gm_filter_news *news);
/* ---- history (filter_history.c): outputs and coordinates at data times, in step with the members;
 * all do nothing where none is kept ---- */
gm_status gm__history_new(gm_filter *f, gm_ctx *ctx);
void gm__history_free(gm_filter *f);
void gm__history_forget(gm_filter *f);
/* After the data of a time were taken. */
gm_status gm__history_take(gm_filter *f, gm_ctx *ctx);
void gm__history_select(gm_filter *f, const int32_t *ancestor);
/* Members become mean + deviations times gain[n][n]. */
void gm__history_transform(gm_filter *f, const double *gain);
/* Members gain deviations times hp[m][n]' scaled[m][n]. */
void gm__history_update(gm_filter *f, int32_t m, const double *hp, const double *scaled);

/* ---- resample-move (filter_move.c) ---- */
gm_status gm__move_new(gm_filter *f, gm_ctx *ctx);
void gm__move_free(gm_filter *f);
/* What was taken before does not count any more. */
void gm__move_forget(gm_filter *f);
gm_status gm__move_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count);
/* After members were chosen by ancestor: steps of size factor (lower, of the covariance of z). */
gm_status gm__move_after(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor, const double *factor);

/* Systematic resampling of weights (sum 1) by one uniform: ancestor[n], ascending. Carpenter,
 * Clifford & Fearnhead, IEE Proc. Radar Sonar Navig. 146:2 (1999). */
void gm__resample(int32_t n, const double *weight, double u, int32_t *ancestor);
#endif
