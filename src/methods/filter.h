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
  double drift[GM_UNKNOWN_MAX]; /* sigma points: variance that z gained since the last datum */
  void *kalman;                 /* of filter_kalman.c */
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
/* Systematic resampling of weights (sum 1) by one uniform: ancestor[n], ascending. Carpenter,
 * Clifford & Fearnhead, IEE Proc. Radar Sonar Navig. 146:2 (1999). */
void gm__resample(int32_t n, const double *weight, double u, int32_t *ancestor);
#endif
