/* fit.h - what the fits of a system share: weighing members against readings, particle sweeps. */
#ifndef GEMEL_METHODS_FIT_H
#define GEMEL_METHODS_FIT_H
#include "gemel/stochastic.h"

/* ---- weighing -------------------------------------------------------------------------------- */
/* Residuals of sensors with memory, for n members. */
typedef struct {
  double *last; /* [n][sensor_count] in units of sd, NaN: none */
  double *t;    /* [sensor_count] time of the last */
} gm__fit_memory;

void gm__fit_forget(const gm_system *s, int32_t n, gm__fit_memory *memory);
/* lp[m] += ln density of one reading given outputs y[m*sy + k] and theta[i*n + m]; work[n]. NaN
 * becomes -INFINITY. */
void gm__fit_weigh(const gm_system *s, const gm_reading *r, int32_t n, const double *y,
                   ptrdiff_t sy, const double *theta, gm__fit_memory *memory, double *work,
                   double *lp);
/* The same for readings r[count] and y[m][time][output_count] at their distinct times; PARAMETER
 * edges of the system's drive are applied to theta on the way. lp is set. */
void gm__fit_weigh_all(const gm_system *s, const gm_reading *r, int32_t count, int32_t n,
                       const double *y, int32_t time_count, double *theta, gm__fit_memory *memory,
                       double *work, double *lp);
/* Distinct times of sorted readings into time[count]; returns their number. */
int32_t gm__fit_times(const gm_reading *r, int32_t count, double *time);
/* weight[m] *= exp(lp[m]), made to sum to 1; ln of the sum, -INFINITY (weights as they were):
 * nobody. */
double gm__fit_reweigh(int32_t n, double *weight, const double *lp);
/* The system is one that can be fitted. */
gm_status gm__fit_check(gm_ctx *ctx, const gm_system *s, const char *who);

/* ---- particle sweeps ------------------------------------------------------------------------- */
typedef struct {
  const gm_system *s;
  gm_ensemble *e;
  int32_t n, d, ny;
  double *z; /* [n][d] coordinates of each particle */
  double *weight, *lp, *work, *y;
  gm__fit_memory memory;
  int32_t *ancestor;
  double *block;
} gm__swarm;

/* Perturbations of z on the way: sd[d] times factor^(share of the way). */
typedef struct {
  const double *sd;
  const bool *initial;
  double from, to; /* factors at the beginning and end of the sweep */
} gm__shake;

gm_status gm__swarm_new(gm_ctx *ctx, const gm_system *s, int32_t n, gm__swarm **out);
void gm__swarm_free(gm__swarm *w);
/* One bootstrap filter through all readings from the coordinates w->z. With shake: resampled at
 * every time, a time that nobody explains is left out and counted in *lost (else the likelihood is
 * -INFINITY and the sweep ends there). All draws by `replicate`. */
gm_status gm__swarm_sweep(gm__swarm *w, gm_ctx *ctx, const gm__shake *shake, uint64_t replicate,
                          double *loglik, int64_t *lost);

/* Log-likelihood estimates of n points, one sweep each, spread over the workers of the system's
 * pool. swarm[workers]: made when needed, the caller's to free. */
gm_status gm__fit_loglik(const gm_system *s, gm_ctx *ctx, gm__swarm **swarm, int32_t particles,
                         uint64_t family, int32_t n, const double *z, const uint64_t *replicate,
                         double *out);
#endif
