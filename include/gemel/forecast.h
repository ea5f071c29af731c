/* forecast.h - how good forecasts were: scores of any law, baselines, skill, the book of scores.
 * room: methods
 * A law is what was said beforehand about one measured value: weighted members, alone or with a
 * sensor's noise around each. Noise is folded in exactly, never sampled. Scores are negatively
 * oriented (lower is better) and, but for the log score, have the unit of the value.
 * Threads: no state but in a book, which one thread uses at a time. Pointers: borrowed for the
 * call, where nothing else is said. */
#ifndef GEMEL_FORECAST_H
#define GEMEL_FORECAST_H
#include "gemel/infer.h"
#include "gemel/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- laws ---------------------------------------------------------------------------------- */
typedef struct {
  int32_t n;
  const double *weight; /* [n] >= 0, any positive sum; NULL: equal. A member of weight 0 (one that
                           diverged) is never looked at */
  const double *x;      /* without cdf: the law is the sample x[m * stride] itself */
  ptrdiff_t stride;
  /* With cdf: member m is a law of its own. P(Y <= y), and P(Y < y) in *below (never NULL); NaN:
   * this member has no law. logpdf: ln of density or, for counts, of probability; NULL: none. */
  double (*cdf)(const void *user, int32_t m, double y, double *below);
  double (*logpdf)(const void *user, int32_t m, double y);
  const void *user;
  bool count; /* whole numbers >= 0 and nothing else */
} gm_law;

/* Members' outputs y[m * stride + k] under a sensor; theta[i * n + m] (NULL when the sensor takes
 * no parameter). A sensor of law OWN has no distribution function: draw from it (gm_sense_draw)
 * and score the sample. A coloured sensor: its marginal law. */
typedef struct {
  const gm_sensor *sensor;
  int32_t n;
  const double *y;
  ptrdiff_t stride;
  const double *theta;
} gm_sensed;
/* The law of the measurement; d is borrowed as long as the law is used. */
GM_API gm_law gm_law_sensed(const gm_sensed *d, const double *weight);
/* Members' predictions f[m * stride] (gm_members: f + j, datum_count), each with the error model of
 * a datum around it; its value and censored are not looked at. No error: the sample f itself. */
typedef struct {
  int32_t n;
  const double *f;
  ptrdiff_t stride; /* >= 1 */
  gm_datum error;
} gm_predicted;
/* p is borrowed as long as the law is used. */
GM_API gm_law gm_law_predicted(const gm_predicted *p, const double *weight);
GM_API gm_law gm_law_sample(int32_t n, const double *x, const double *weight, bool count);

typedef struct {
  double location, scale; /* scale > 0 */
  double df;              /* > 0; INFINITY: normal */
} gm_student;
GM_API gm_law gm_law_student(const gm_student *t); /* t is borrowed as long as the law is used */

/* P(Y <= y), and P(Y < y) in *below (may be NULL).
 * All functions on laws fail with: GM_ERANGE (n < 1, stride < 1), GM_EDOMAIN (weights, a member's
 * value or law: the member is named), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_law_cdf(gm_ctx *ctx, const gm_law *law, double y, double *cdf,
                                         double *below);
/* The smallest q[k] with P(Y <= q) >= prob[k], for ascending prob in (0, 1).
 * Fails: GM_ERANGE (prob), GM_ENUMERIC (no finite quantile). */
GM_API GM_NODISCARD gm_status gm_law_quantiles(gm_ctx *ctx, const gm_law *law, int32_t count,
                                               const double *prob, double *q);
/* Quantile dot plot (Kay, Kola, Hullman & Munson, CHI 2016): dots at levels (i + 1/2) / count, each
 * worth the same chance. 20 to 50 are read best. */
GM_API GM_NODISCARD gm_status gm_law_dots(gm_ctx *ctx, const gm_law *law, int32_t count,
                                          double *dot);

/* ---- scores of one value ------------------------------------------------------------------- */
enum { GM_SCORE_LEVELS = 23 };
/* Levels of the weighted interval score: 0.01, 0.025, 0.05, 0.1 ... 0.95, 0.975, 0.99. */
GM_API extern const double gm_score_level[GM_SCORE_LEVELS];

typedef struct {
  double crps;      /* exact for a sample and for counts (1e-6 of the width for counts spread over
                       more than 5e6 / n values), else to 1e-9 of the law's width, 1e-5 at worst
                       where many members have next to no noise */
  double crps_fair; /* unbiased for the law behind infinitely many members (Ferro, Q. J. R.
                       Meteorol. Soc. 140:1917, 2014, with weights); NaN with one member */
  double log_score; /* -ln of the density (counts: probability) at y, maybe +inf; NaN: the law, a
                       sample of something continuous, has none */
  double wis;       /* weighted interval score, Bracher et al., PLoS Comput. Biol. 17:e1008618 */
  double bias;      /* 1 - P(Y <= y) - P(Y < y): > 0 says the forecast was too high; in [-1, 1] */
  double pit;       /* P(Y < y) + v P(Y = y), v the keyed draw: uniform when forecasts are right
                       (Czado, Gneiting & Held, Biometrics 65:1254, 2009) */
  double q[5];      /* quantiles 0.05, 0.25, 0.5, 0.75, 0.95 */
  bool in50, in90;  /* y within them, ends included */
  double said50, said90; /* what the law itself gave these intervals: more than 0.5 and 0.9 where
                            values come in lumps */
} gm_score;
/* Scores a law at the outcome y. key and index (number of the datum) give the draw of the PIT.
 * Fails as said above; GM_EDOMAIN also for y (counts: not a whole number >= 0); GM_ENUMERIC when
 * the CRPS is infinite (a law without a mean, Student's t with df <= 1/2). */
GM_API GM_NODISCARD gm_status gm_law_score(gm_ctx *ctx, const gm_law *law, double y, gm_key key,
                                           uint64_t index, gm_score *out);

/* ---- scores of vectors, ranks -------------------------------------------------------------- */
/* Energy score of the members x[n][d] at y[d], E|X - y| - E|X - X'|/2 with Euclidean distance of
 * the components over scale[d] (NULL: 1; name one where units differ). fair (NULL: not wanted) is
 * the unbiased form, NaN with one member. Gneiting & Raftery, J. Am. Stat. Assoc. 102:359 (2007).
 * Fails: GM_ERANGE (n, d < 1, scale), GM_EDOMAIN. Takes n^2 d / 2 terms. */
GM_API GM_NODISCARD gm_status gm_score_energy(gm_ctx *ctx, int32_t n, int32_t d, const double *x,
                                              const double *weight, const double *scale,
                                              const double *y, double *score, double *fair);
/* Variogram score: sum over pairs i < j of pair[i * d + j] (|y_i - y_j|^p - E|X_i - X_j|^p)^2
 * (pair NULL: 1), components over scale. Sees dependence that the energy score hardly sees; blind
 * to a shift of all. Scheuerer & Hamill, Mon. Weather Rev. 143:1321 (2015); p = 1/2 is usual.
 * Fails likewise; GM_ERANGE also for p <= 0, d < 2 and a negative pair weight. */
GM_API GM_NODISCARD gm_status gm_score_variogram(gm_ctx *ctx, int32_t n, int32_t d, const double *x,
                                                 const double *weight, const double *scale,
                                                 const double *pair, double p, const double *y,
                                                 double *score);

typedef enum {
  GM_SHAPE_UNKNOWN, /* fewer than 5 expected in a bin: too few forecasts to say      */
  GM_SHAPE_FLAT,    /* no departure seen                                             */
  GM_SHAPE_HIGH,    /* forecasts too high: outcomes pile up in the low bins          */
  GM_SHAPE_LOW,     /* forecasts too low                                             */
  GM_SHAPE_NARROW,  /* too sure: outcomes pile up at both ends                       */
  GM_SHAPE_WIDE,    /* not sure enough: outcomes pile up in the middle               */
  GM_SHAPE_OTHER    /* not flat in another way                                       */
} gm_shape;
GM_API const char *gm_shape_text(gm_shape s); /* "forecasts too narrow"; static */

typedef struct {
  int64_t n;
  double chi_square, p_value; /* of flatness, bins - 1 degrees of freedom; NaN for n = 0 */
  double slope, bend;         /* standard normal when flat: the parts of chi_square along a line and
                                 a parabola (Jolliffe & Primo, Mon. Weather Rev. 136:2133, 2008) */
  gm_shape shape;             /* at p_value < alpha, by the larger part that is beyond alpha */
} gm_flatness;
/* Which of the bins of equal width a PIT value falls in; bins >= 1. */
GM_API int32_t gm_pit_bin(double pit, int32_t bins);
/* Rank of y among x[n], 0..n; ties broken by the keyed draw. With n + 1 = bins a rank histogram. */
GM_API int32_t gm_rank(int32_t n, const double *x, double y, gm_key key, uint64_t index);
/* Is the histogram count[bins] flat? Holds for independent forecasts; those several steps ahead
 * overlap, so give it every h-th. Fails: GM_ERANGE (bins < 3, alpha, a negative count). */
GM_API GM_NODISCARD gm_status gm_histogram_flatness(gm_ctx *ctx, int32_t bins, const int64_t *count,
                                                    double alpha, gm_flatness *out);

/* ---- baselines ----------------------------------------------------------------------------- */
/* What needs no model. A log-normal quantity is given and forecast as its logarithm. */
typedef enum {
  GM_BASELINE_LAST,          /* the last value, with the spread of past changes at that lag */
  GM_BASELINE_POPULATION,    /* the values of others */
  GM_BASELINE_AUTOREGRESSION /* the subject's own history alone */
} gm_baseline;
GM_API const char *gm_baseline_name(gm_baseline b); /* "last value", "population", ... */

typedef struct {
  int32_t n;
  const double *t, *y; /* [n], t growing */
} gm_history;
/* Location is the last value. The variance of a change over lag L is modelled as a + b L (noise of
 * measuring, random walk; a, b >= 0), fitted to the squares of all past changes over at most the
 * asked lag (but not over more than half the history); df: how many such changes the history holds
 * end to end, 2 to n - 1.
 * Fails: GM_ERANGE (n < 2; t not growing; t_ahead not after the last), GM_EDOMAIN, GM_ENUMERIC
 * (all values equal: no spread to go by), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_baseline_last(gm_ctx *ctx, const gm_history *h, double t_ahead,
                                               gm_student *out);
/* A new value of a normal population of which y[n] were seen: mean, sd sqrt(1 + 1/n), df = n - 1.
 * For a skewed population score gm_law_sample instead. weight may be NULL.
 * Fails: GM_ERANGE (effective n < 2), GM_EDOMAIN, GM_ENUMERIC (all equal). */
GM_API GM_NODISCARD gm_status gm_baseline_population(gm_ctx *ctx, int32_t n, const double *y,
                                                     const double *weight, gm_student *out);
typedef enum {
  GM_AR_LEAST_SQUARES, /* conditional least squares, when stationary     */
  GM_AR_YULE_WALKER,   /* else, always stationary                        */
  GM_AR_CONTINUOUS,    /* uneven times: Ornstein-Uhlenbeck, by likelihood */
  GM_AR_POSTERIOR      /* short: posterior means of order 1               */
} gm_ar_fit;
enum { GM_AR_ORDER_MAX = 8 };
typedef struct {
  int32_t order; /* 0: mean and spread alone */
  gm_ar_fit fit;
  double mean, phi[GM_AR_ORDER_MAX], sd; /* sd of an innovation (CONTINUOUS: of the values) */
  double memory;                         /* CONTINUOUS: time of 1/e; else NaN               */
  double step;                           /* of the times; NaN: uneven                       */
} gm_ar;
/* Autoregression with mean. Even times (to 1e-6 of the step): order 0..order_max by the corrected
 * Akaike criterion of the Yule-Walker fits, at most (n - 2) / 4, at most GM_AR_ORDER_MAX. Fewer
 * than 50 values (even times with order 1: than 200): order 1 under a reference prior, POSTERIOR.
 * Fails as gm_baseline_last, but n < 6. */
GM_API GM_NODISCARD gm_status gm_ar_estimate(gm_ctx *ctx, const gm_history *h, int32_t order_max,
                                             gm_ar *out);
/* Its forecast for t_ahead (even times: rounded up to whole steps): mean, with the variance of the
 * innovations between and of the fitted coefficients; df = n - 2 order - 1 (order 0, CONTINUOUS:
 * n - order - 1, and only the mean's error is counted). POSTERIOR: the Student law nearest to the
 * predictive law, phi, mean and sd of h integrated out; its 90 % interval covers 0.90 over
 * processes whose phi is drawn from the reference prior, whatever n, and at any one phi from 0 to
 * 0.95 one step ahead 0.87 to 0.92, five ahead 0.96 (phi 0) to 0.82 (0.95), 8 to 40 values. Fails
 * likewise. */
GM_API GM_NODISCARD gm_status gm_ar_forecast(gm_ctx *ctx, const gm_ar *ar, const gm_history *h,
                                             double t_ahead, gm_student *out);

/* ---- skill --------------------------------------------------------------------------------- */
typedef enum {
  GM_SKILL_HAC,     /* one series: Diebold-Mariano, heteroskedasticity and autocorrelation */
  GM_SKILL_BLOCKS,  /* one series: moving block bootstrap                                  */
  GM_SKILL_SUBJECTS /* many subjects: whole subjects are the unit                          */
} gm_skill_way;
typedef struct {
  gm_skill_way way;
  const int32_t *subject; /* SUBJECTS: [n] whose score; scores of one lie together */
  int32_t lag;            /* HAC: lags; BLOCKS: block length; 0: by the data */
  int32_t replicates;     /* BLOCKS; 0: 999 */
  double level;           /* of the interval; 0: 0.9 */
  gm_key key;             /* BLOCKS */
} gm_skill_options;
typedef struct {
  double skill, low, high; /* 1 - mean own / mean base: 0 no better, 1 perfect, < 0 worse */
  double difference;       /* mean of own - base: < 0 is better */
  double error;            /* standard error of the difference  */
  double p_value;          /* of no difference (Diebold & Mariano, J. Bus. Econ. Stat. 13:253, 1995,
                              with the correction of Harvey, Leybourne & Newbold, 1997); NaN for
                              BLOCKS */
  int32_t n, lag;
} gm_skill;
/* Paired scores own[n], base[n] of the same outcomes, in order of time. base may be 0 in places,
 * not in the mean. HAC: Bartlett weights (Newey & West, Econometrica 55:703, 1987), t interval for
 * the linearised ratio. Measured on 150 values with first correlation 1/2, 90 % intervals cover
 * 0.86 (HAC) and 0.82 (BLOCKS), on 15 subjects 0.90; on far fewer they cover too little.
 * Fails: GM_ERANGE (n < 4, fewer than 2 subjects, level, lag >= n), GM_EDOMAIN (a score infinite or
 * NaN, mean of base not > 0), GM_EINVAL (subject missing), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_skill_paired(gm_ctx *ctx, int32_t n, const double *own,
                                              const double *base, const gm_skill_options *options,
                                              gm_skill *out);

/* ---- book ---------------------------------------------------------------------------------- */
/* Scores kept per observable, horizon and forecaster. Sums are exact, so that a bank (the merge of
 * its twins' books) has the same bytes in whatever order and on however many machines it was made.
 * Threads: const calls may run together. */
typedef struct gm_book gm_book;
enum { GM_BOOK_BINS = 10 };

typedef struct {
  const char *name; /* of a baseline, not empty */
  const gm_score *score;
} gm_book_base;

typedef struct {
  const char *observable;
  const char *forecaster; /* "" the twin itself, else the baseline; borrowed until the book goes */
  double horizon;         /* upper end */
  int64_t n, subjects;
  double crps, wis, bias; /* means of this forecaster */
  double crps_error;      /* standard error with subjects as units; NaN below 2 subjects */
  double log_score;       /* mean of the finite ones; NaN: none */
  int64_t log_infinite, log_none;
  double in50, in90, said50, said90; /* shares: seen, and said by the laws */
  int64_t pit[GM_BOOK_BINS];
  gm_flatness flatness; /* of pit, at 0.01 */
  /* A baseline's row: the twin's mean CRPS on the same outcomes, and its skill against this with
   * the 90 % interval over subjects (NaN below 2: for one use gm_skill_paired on its series). */
  double twin_crps, skill, skill_low, skill_high;
} gm_book_row;

/* horizon[horizon_count]: ascending upper ends > 0; a forecast so far ahead belongs to the first
 * that is not below it. *out is owned by the caller; ctx is borrowed until it is freed.
 * Fails: GM_ERANGE, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_book_new(gm_ctx *ctx, int32_t horizon_count, const double *horizon,
                                          gm_book **out);
GM_API void gm_book_free(gm_book *b); /* NULL ok */
/* One outcome: the twin's score and those of the baselines that could say something; names are
 * copied. Fails, leaving the book as it was: GM_ERANGE (horizon beyond the last, not > 0),
 * GM_EINVAL (names empty, over 200 bytes, twice), GM_EDOMAIN (a score NaN or beyond 1e140),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_book_add(gm_book *b, const char *observable, double horizon,
                                          const gm_score *twin, int32_t base_count,
                                          const gm_book_base *base);
/* What was added since the last close is one subject. Without any call the book is one subject. */
GM_API void gm_book_close(gm_book *b);
/* Adds from to b; what is not closed in from counts as one subject. Fails, leaving b as it was:
 * GM_EINVAL (other horizons, b == from), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_book_merge(gm_book *b, const gm_book *from);
/* Rows sorted by observable, horizon, forecaster. */
GM_API int32_t gm_book_rows(const gm_book *b);
GM_API gm_book_row gm_book_at(const gm_book *b, int32_t row); /* row in [0, gm_book_rows) */
GM_API void gm_book_print(const gm_book *b, gm_text *out);
/* As text, to the last bit. load fails: GM_EPARSE (line and what was expected), GM_ENOMEM. */
GM_API void gm_book_save(const gm_book *b, gm_text *out);
GM_API GM_NODISCARD gm_status gm_book_load(gm_ctx *ctx, const char *text, gm_book **out);

#ifdef __cplusplus
}
#endif
#endif
