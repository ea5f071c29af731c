/* t1d_prior_law.h - inside the prior: the Gaussian law in natural coordinates, and its reduction to
 * what glucose tells. Threads: no shared state. */
#ifndef T1D_PRIOR_LAW_H
#define T1D_PRIOR_LAW_H
#include "t1d_prior.h"

/* Coordinates: the 24 parameters that vary freely, in the order of t1d_parameter_name, then the
 * logarithms of daily dose (U/kg), carbohydrate ratio (g/U) and correction factor (mg/dL/U).
 * m4 is 0.4 m2 in every subject and follows it. */
enum { T1D__FREE = 24, T1D__DAILY = T1D__FREE, T1D__RATIO, T1D__CORRECTION, T1D__DIM };

typedef struct {
  double mean[T1D__DIM], cov[T1D__DIM * T1D__DIM];
  double shrinkage;
  /* What explains a coordinate: 0: nothing; 1: ln weight; 2: the group. That of m2 is of the
   * insulin need at rest per kg (m2 Ib Vi), that of ka1 of ka1/ka2. */
  int8_t design[T1D__DIM];
} t1d__law;

/* Row of t1d_parameter_name of a free coordinate, and the bounds of its logit (0, 0: logarithm). */
int32_t t1d__free_row(int32_t i);
void t1d__free_bounds(int32_t i, double *lower, double *upper);
double t1d__natural(int32_t i, double value); /* free coordinate of a parameter's value */
double t1d__value(int32_t i, double natural);
/* All coordinates of a subject. */
void t1d__subject_natural(const t1d_subject *s, double *y);
/* Parameters of the coordinates y[T1D__FREE]: theta[T1D_PARAMETER_COUNT]. */
void t1d__theta(double bw_kg, const double *y, double *theta);

/* People a law is estimated from. */
typedef struct {
  int32_t n;
  double y[T1D_SUBJECT_COUNT][T1D__DIM];
  double bw_kg[T1D_SUBJECT_COUNT];
  t1d_group group[T1D_SUBJECT_COUNT];
} t1d__sample;

/* The subjects but `leave_out` (negative: all). */
void t1d__sample_fill(int32_t leave_out, t1d__sample *sample);
/* Predictive law of a person of this weight. group: NULL, not told. n >= 8, of each group >= 2. */
void t1d__law_fit(const t1d__sample *sample, double bw_kg, const t1d_group *group, t1d__law *law);
/* Widened to people. */
void t1d__law_widen(t1d__law *law);
/* Given that sum g[i] y[i] was seen as `value` with this error variance (>= 0). */
void t1d__law_given(t1d__law *law, const double *g, double value, double variance);
/* The law of p: fitted, widened, given what was told. Fails: as t1d_prior_get. */
gm_status t1d__law_of(gm_ctx *ctx, const t1d_prior_patient *p, t1d__law *law);

/* Coordinates y[T1D__DIM] of a person of the law; a pure function of (key, index). Drawn anew
 * where tissues would hold less than no glucose at rest (Gtb <= 0; 4 sd off).
 * Fails: GM_ENUMERIC (a law without spread or without anybody at rest). */
GM_NODISCARD gm_status t1d__law_draw(gm_ctx *ctx, const t1d__law *law, gm_key key, uint64_t index,
                                     double *y);

/* Lower Cholesky factor of a[n*n] (lower part read), rows of l; false: not positive definite. */
bool t1d__cholesky(int32_t n, const double *a, double *l);

/* Free coordinate of the k-th unknown. */
int32_t t1d__kept(int32_t k);
/* a[T1D_PRIOR_COUNT][T1D__FREE]: deviations of the unknown ones that stand for deviations of all;
 * explained: share of the variance of glucose under the law's covariance. */
void t1d__reduction(const t1d__law *law, double *a, double *explained);

/* Mean of the squares of what a unit of each free coordinate does to glucose, (mg/dL)^2:
 * lower[T1D__FREE (T1D__FREE + 1) / 2], rows of the lower triangle; made by t1d__weigh. */
extern const double t1d__glucose_weight[T1D__FREE * (T1D__FREE + 1) / 2];
/* The same computed: simulates glucose about `draws` persons at each of three weights (those
 * numbers: T1D__DRAWS). Fails: GM_ENOMEM, GM_ENUMERIC. */
enum { T1D__DRAWS = 64 };
GM_NODISCARD gm_status t1d__weigh(gm_ctx *ctx, int32_t draws, double *weight);
/* Glucose under the skin every 15 min over the test days, one person a row of theta:
 * y[n][T1D__TIMES]; mean over time of squares, over the days alike: weight[T1D__TIMES]. */
enum { T1D__TIMES = 216 };
GM_NODISCARD gm_status t1d__test_days(gm_ctx *ctx, double bw_kg, double basal_u_per_h, int32_t n,
                                      const double *theta, double *y, double *weight);
#endif
