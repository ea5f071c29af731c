/* kalman.h - inside of the Kalman filters.
 * The joint vector v of a member: the rows of the macro view that move (continuous states and
 * counts), in coordinates without bounds where the model's table says so; the residual of every
 * coloured sensor; the coordinates z of the unknowns. */
#ifndef GEMEL_METHODS_KALMAN_H
#define GEMEL_METHODS_KALMAN_H
#include "methods/filter.h"

typedef struct {
  int32_t nv, mc, moving, coloured; /* joint rows; macro rows; of them in v; coloured sensors */
  int32_t *row;                     /* [moving] macro row */
  const gm_var *var;                /* the model's state rows */
  int32_t *colour;                  /* [coloured] sensor */
  double *macro;                    /* [n][mc] */
  double *v, *vp;                   /* [nv][n] values and deviations from the mean */
  double *h, *hp, *perturbed;       /* [m][n] predicted measurements, deviations, innovations */
  double *innovation, *r;           /* [m] datum minus mean; variance of the measurement */
  double *fresh, *loud;             /* [m] sigma points: variance that the coloured residual of this
                                       datum gained since the last one; sd of the sensor */
  int32_t *voice;                   /* [m] its row in v, -1: not coloured */
  double *s;                        /* [m][m], or [n][n] of a transform */
  double *gain;                     /* [n][n] or [nv][m] */
  double *work;                     /* at least [m][n] */
  int32_t room;                     /* m that the arrays hold */
  double spread;                    /* inflation that the innovations ask for */
} kalman;

/* Joint vectors from and to the members. */
GM_NODISCARD gm_status gm__kalman_gather(gm_filter *f, gm_ctx *ctx);
GM_NODISCARD gm_status gm__kalman_scatter(gm_filter *f, gm_ctx *ctx);
/* Weighted means taken off: deviations in vp, hp. */
void gm__kalman_center(gm_filter *f, int32_t m);
/* S = H P H' + R (lower triangle, factored in place), d2 and log density of the innovations. */
GM_NODISCARD gm_status gm__kalman_innovation(gm_filter *f, gm_ctx *ctx, int32_t m,
                                             gm_filter_news *news);

/* A state's coordinate without bounds, and back, as its transform says. */
double gm__state_free(const gm_var *var, double x);
double gm__state_bound(const gm_var *var, double v);
/* Lower factor in place of a matrix that may have directions without variance. */
void gm__kalman_factor_flat(int32_t n, double *a);

/* Each changes v by the data. */
GM_NODISCARD gm_status gm__kalman_stochastic(gm_filter *f, gm_ctx *ctx, int32_t m);
GM_NODISCARD gm_status gm__kalman_transform(gm_filter *f, gm_ctx *ctx, int32_t m);
GM_NODISCARD gm_status gm__kalman_local(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t m);
GM_NODISCARD gm_status gm__kalman_sigma(gm_filter *f, gm_ctx *ctx, int32_t m);
/* Sigma points of the prior in place of its draws. */
void gm__kalman_sigma_begin(gm_filter *f);
/* Members that the sigma points take. */
int32_t gm__kalman_sigma_count(const kalman *k);
#endif
