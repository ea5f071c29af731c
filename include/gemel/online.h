/* online.h - a forecaster that learns from a stream: what a model says, corrected by what came.
 * room: methods
 * At a time t the caller gives features for each horizon h (newest values, a model's own forecast
 * for t + h, its estimate of a disturbance, harmonics of the hour ...). Experts, each a linear
 * function of some of the features, forecast y(t + h); when that datum comes they are scored and
 * learn from it by recursive least squares; a convex combination of them, itself learned, is the
 * forecast. Intervals: residuals over a scale that is learned too, their quantiles by adaptive
 * conformal inference (Gibbs & Candes, NeurIPS 2021; J. Mach. Learn. Res. 25:162, 2024), one for
 * each tail, so that in the long run each quantile is as often above the data as it says, whatever
 * they do. Nothing here knows a disease.
 *
 * Steps, for each time t:  gm_online_learn(o, t, y(t), weight);  gm_online_forecast(o, t, x, law);
 * Where forecasts overlap (the next is made before this one is settled), the n that wait saw much
 * the same: weights, scale and intervals take each as 1/n of a datum.
 * Costs a datum and horizon: experts x features^2, and the window to be kept in order. Forecasts
 * and data allocate nothing. Same bytes on every machine.
 * Units: times and horizons in one unit of the caller's choice (h below), values in the
 * observable's; a coefficient has the unit of value over feature.
 * Threads: a forecaster belongs to one thread at a time. Pointers: borrowed for the call. */
#ifndef GEMEL_ONLINE_H
#define GEMEL_ONLINE_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  GM_ONLINE_HORIZONS = 64,  /* most of each */
  GM_ONLINE_FEATURES = 256, /* of the caller; an expert may add a constant */
  GM_ONLINE_EXPERTS = 12,
  GM_ONLINE_LEVELS = 12,
  GM_ONLINE_GAINS = 8
};

/* A linear forecast. It minimises the sum over data of weight forgetting^age (y - w.x)^2, plus
 * (w - mean)' P (w - mean) for a prior that is not forgotten: what fades of it is put back, one
 * row after the other. P has the unit of value^2 over feature^2: precision over residual variance
 * one. */
typedef struct {
  int32_t count;           /* features it sees; 0: only its constant */
  const int32_t *feature;  /* [count] which, ascending; NULL: the first count */
  bool constant;           /* it sees one more feature, last, that is always 1 */
  bool fixed;              /* never learns: mean.x (a model's forecast as it is: mean 1 on it) */
  double forgetting;       /* [1] in (0, 1]; a memory of 1 / (1 - forgetting) data */
  double ridge;            /* [1e-3] precision of each coefficient where precision is NULL; > 0.
                              The constant's is 1e-6 */
  const double *mean;      /* [count + constant] of the prior; NULL: 0 */
  const double *precision; /* [count + constant], each > 0; NULL: ridge */
} gm_online_expert;

/* What stands for a feature that is NaN. An expert does not learn from a forecast for which one of
 * its own features was missing; the forecast is made, scored, and its interval is learned from. */
typedef enum {
  GM_ONLINE_FILL_LAST, /* its last value; its mean from fill_hold missing times on */
  GM_ONLINE_FILL_MEAN  /* the mean of its values so far (0: none yet) */
} gm_online_fill;

/* All 0: the defaults in brackets. Arrays are copied. */
typedef struct {
  int32_t horizon_count; /* >= 1 */
  const double *horizon; /* [horizon_count] ascending, > 0 [h] */
  int32_t feature_count; /* >= 0, for each horizon */
  int32_t expert_count;  /* >= 1 */
  const gm_online_expert *expert;
  /* A forecast for time T is settled by the first datum within T +- tie: at most half the usual
   * interval. [1e-6 of the first horizon] */
  double tie;
  int32_t pending; /* [64] forecasts of one horizon that may wait; a new one displaces the oldest */
  gm_online_fill fill;
  int32_t fill_hold; /* [3] */
  double clip;       /* [none] a residual above so many scales teaches experts as if at so many */
  /* Weights of experts: least discounted square error, in units of the scale, over all convex
   * combinations, held near each one's own likelihood (about as good: alike; worse for sure: none).
   */
  double mix_forgetting; /* [0.999] in (0, 1] */
  double mix_hold;       /* [50] data that hold them there */
  /* Scale: logarithm of |residual| by recursive least squares on how much y moves (short and long
   * memory), how far the forecast is from the newest datum, how far the experts are apart, the
   * forecast's level and its square, and the caller's features scale_feature[scale_count]; times
   * sqrt(1 + age / horizon) where the newest datum is older than the forecast's origin. */
  double scale_forgetting; /* [0.999] in (0, 1] */
  int32_t scale_count;     /* [0] */
  const int32_t *scale_feature;
  const double *scale; /* [horizon_count] typical |residual| beforehand, worth 20 data; NULL: from
                          how y moves */
  /* Intervals. */
  int32_t level_count; /* [4] */
  const double *level; /* [0.5, 0.8, 0.9, 0.95] ascending, in (0, 1) */
  int32_t window;      /* [3000] residuals of which quantiles are taken, >= 100 */
  int32_t gain_count;  /* [3] one: plain adaptive conformal inference; more: combined (DtACI) */
  const double *gain;  /* [0.0005, 0.002, 0.008] steps of probability, in (0, 1) */
} gm_online_options;

/* A forecast of one value. */
typedef struct {
  double mean;                  /* combination of experts */
  double median;                /* corrected by where the data fell */
  double scale;                 /* typical |residual| */
  double low[GM_ONLINE_LEVELS]; /* central intervals, [level_count], nested */
  double high[GM_ONLINE_LEVELS];
  double expert[GM_ONLINE_EXPERTS]; /* each one's own */
  double weight[GM_ONLINE_EXPERTS]; /* >= 0, sum 1; 0 for one that rests (coefficient not 0) on a
                                       feature of which no value ever came, but where all do */
  int32_t filled;                   /* features that were missing */
  int32_t settled;                  /* forecasts of this horizon that were settled before */
} gm_online_law;

/* Scores of the settled forecasts of one horizon since gm_online_score_clear. */
typedef struct {
  int64_t count, missed;  /* settled; without a datum in time, or displaced */
  double rmse, bias, mae; /* of the mean; bias: forecast - datum */
  double mae_median;
  double wis; /* mean weighted interval score of median and levels (Bracher et al., PLoS Comput.
                 Biol. 17:e1008618, 2021) */
  double covered[GM_ONLINE_LEVELS];                        /* share within, ends included */
  double below[GM_ONLINE_LEVELS], above[GM_ONLINE_LEVELS]; /* share of data outside, each side */
  double width[GM_ONLINE_LEVELS];                          /* mean */
  double expert_rmse[GM_ONLINE_EXPERTS];
} gm_online_score;

typedef struct gm_online gm_online;

/* *out: owned by the caller. Fails: GM_ERANGE (which option), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_online_new(gm_ctx *ctx, const gm_online_options *options,
                                            gm_online **out);
GM_API void gm_online_free(gm_online *o); /* NULL ok */

/* A datum: settles forecasts. y NaN: none came, time goes on. weight in [0, 1] is that of the datum
 * in least squares and scale (gm_quality_finding); below 1/2 it is not scored and moves no
 * interval, at 0 it teaches nothing. Two data of one time: the second finds nothing left to settle.
 * Fails, changing nothing: GM_ERANGE (t not finite or before an earlier one; weight), GM_EDOMAIN (y
 * beyond +-1e100). */
GM_API GM_NODISCARD gm_status gm_online_learn(gm_online *o, gm_ctx *ctx, double t, double y,
                                              double weight);
/* Forecasts from t, to be settled: x[horizon_count][feature_count], NaN: missing. law
 * [horizon_count]. A second forecast from the same t waits beside the first.
 * Before anything is known (no datum, no scale given) scale and intervals are NaN.
 * Fails, changing nothing: GM_ERANGE (t, as above), GM_EDOMAIN (which feature is beyond +-1e100).
 */
GM_API GM_NODISCARD gm_status gm_online_forecast(gm_online *o, gm_ctx *ctx, double t,
                                                 const double *x, gm_online_law *law);
/* The same law from the newest time told, and nothing is remembered: for a what-if. */
GM_API GM_NODISCARD gm_status gm_online_look(const gm_online *o, gm_ctx *ctx, const double *x,
                                             gm_online_law *law);
/* After a break (another subject, a new sensor): forgets what waits and the newest data, keeps what
 * was learned. Time may begin anew. */
GM_API void gm_online_break(gm_online *o);

GM_API gm_online_score gm_online_scored(const gm_online *o, int32_t horizon);
GM_API void gm_online_score_clear(gm_online *o);

/* Coefficients mean[n] of one expert at one horizon, and the precision[n][n] they are known with in
 * units of one over residual variance (may be NULL); n = count + constant. Of a forecaster that saw
 * many subjects one after the other (gm_online_break between them): a prior for the next. */
GM_API void gm_online_coefficients(const gm_online *o, int32_t horizon, int32_t expert,
                                   double *mean, double *precision);
/* Puts that prior in place of the expert's own and of all it has learned: mean[n] and
 * precision[n][n] (lower triangle read) times factor, e.g. the number of data it shall count for
 * over those it was learned from. Fails, changing nothing: GM_ERANGE (factor <= 0), GM_EDOMAIN,
 * GM_ENOMEM, GM_ENUMERIC (precision not positive definite). */
GM_API GM_NODISCARD gm_status gm_online_prior(gm_online *o, gm_ctx *ctx, int32_t horizon,
                                              int32_t expert, const double *mean,
                                              const double *precision, double factor);
/* Takes as a beginning what another, made with the same options, learned of all but experts'
 * coefficients: their weights (worth 100 data), what the scale depends on (a tenth of its
 * information), the size of residuals over all it saw (20 data) and their quantiles (100).
 * Fails: GM_EINVAL (other options). */
GM_API GM_NODISCARD gm_status gm_online_adopt(gm_online *o, gm_ctx *ctx, const gm_online *from);

/* The state as bytes with checksum, added to out; what follows after loading it has the bytes of an
 * unbroken run. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_online_save(const gm_online *o, gm_ctx *ctx, gm_text *out);
/* Fails, leaving o as it was: GM_EPARSE (cut, damaged, or of other options), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_online_load(gm_online *o, gm_ctx *ctx, const void *data,
                                             size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
