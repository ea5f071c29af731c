/* choose.h - which option, how sure, what it would be worth to know more.
 * room: methods
 * An option (a plan) has a value (utility, higher is better) for every member of a belief and every
 * replicate of chance. What is not known about the subject is in the members, what is not knowable
 * in the replicates, what the modellers do not agree on in the models.
 * Threads: no state. Pointers: borrowed for the call. Results do not depend on thread counts. */
#ifndef GEMEL_CHOOSE_H
#define GEMEL_CHOOSE_H
#include "gemel/infer.h"
#include "gemel/rand.h"

#ifdef __cplusplus
extern "C" {
#endif

/* value[(o * member_count + m) * replicate_count + r]. All options see the same members. Replicates
 * of different members are independent (their draws have other slots). */
typedef struct {
  int32_t option_count, member_count, replicate_count;
  const double *value;
  const double *weight; /* [member_count] >= 0, any positive sum; NULL: equal */
  const int32_t *model; /* [member_count] 0..model_count-1; NULL: one model */
  int32_t model_count;  /* 1 when model is NULL */
  bool coupled;         /* replicate r of all options shares its keyed draws */
} gm_choice;

typedef struct {
  double total;       /* variance of the value of one patient: the sum of the next three  */
  double parameter;   /* between members of a model                                       */
  double intrinsic;   /* between replicates of a member; NaN with one replicate: then it is
                       inside `parameter`                                               */
  double model;       /* between the models' means                                        */
  double monte_carlo; /* variance of the estimated mean: what more runs would remove    */
} gm_parts;

typedef enum {
  GM_DIFFERS,         /* can be told apart                                                */
  GM_SAME_SMALL,      /* even the best knowledge would gain less than the threshold       */
  GM_SAME_SPANS_ZERO, /* the interval of the expected difference reaches both sides of 0  */
  GM_SAME_MONTE_CARLO /* the mean lies within two of its Monte Carlo errors: run more     */
} gm_verdict;
GM_API const char *gm_verdict_text(gm_verdict v); /* "no distinguishable difference: ..."; static */

typedef struct {
  /* Against the base option. mean, and error: its Monte Carlo error; low, high: where the expected
   * gain lies for the level, over members (their noise of few replicates shrunk away) and models,
   * widened by the Monte Carlo error. */
  gm_estimate gain;
  double one_low, one_high; /* interval of the gain of one patient, chance included, as coupled */
  gm_parts parts;           /* of that gain */
  /* Probability that this option does better for a patient, ties counted half. It is no property of
   * the two options alone but of the coupling: the same means can give any value in the range.
   * Differences of means and regrets do not have this weakness. */
  double better;                  /* as the values are coupled; coupled false: better_independent */
  double better_error;            /* its Monte Carlo error */
  double better_independent;      /* all pairs of replicates of a member */
  double better_low, better_high; /* the least and most over all couplings of the two laws */
  double within_low, within_high; /* over couplings of chance alone, member by member; too wide with
                                     few replicates; NaN with one */
  double regret; /* expected loss of choosing it, against knowing the member: not < 0 */
  double regret_error;
  double value;         /* mean */
  double versus_regret; /* of these two, expected loss of choosing the one with the lower mean:
                            the most that telling them apart can be worth                   */
  gm_verdict verdict;   /* of this option against base */
} gm_choice_option;

typedef struct {
  int32_t best;   /* highest mean; the first of equals */
  double perfect; /* value of perfect information = regret of best */
  double perfect_error;
  bool noise_inside; /* one replicate: chance is inside the members, regrets are too large */
} gm_choice_summary;

/* option[option_count]. threshold >= 0: a regret not worth caring about, in the unit of value.
 * level in (0, 1), 0: 0.9. Regret and EVPI: E max - max E over members after their replicate means
 * are shrunk to the estimated covariance between members (method of moments, all options together,
 * so that they are the same for every base), because the maximum of noisy means is too large.
 * Values that differ by less than 1e-12, or 1e-12 of themselves, are ties.
 * Fails: GM_ERANGE (counts, base, level, threshold, model number), GM_EDOMAIN (value, weight; names
 * option, member and replicate), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_choose(gm_ctx *ctx, const gm_choice *c, int32_t base,
                                        double threshold, double level, gm_choice_option *option,
                                        gm_choice_summary *summary);

/* ---- what a measurement would be worth ------------------------------------------------------ */
typedef struct {
  double value;   /* expected value of the sample information, >= 0, in the unit of value */
  double error;   /* standard error: of the smoother and of the finite number of members    */
  double perfect; /* of the same members: the upper end */
  double *share;  /* [option_count] caller's, or NULL: part of the variance of each gain, against
                     the best option, that is explained; 0 for that itself */
  double edf;     /* REGRESSION: effective degrees of freedom of the largest smooth */
  int32_t best;   /* option to choose without it */
} gm_worth;

enum { GM_WORTH_MEASURES_MAX = 6 };
/* From x[m * d + j], what the measurement would show for member m with noise drawn once: each gain
 * is smoothed on x, so that E(gain | x) is had without nested runs (Strong, Oakley,
 * Brennan & Breeze, Med. Decis. Making 35:570, 2015). Smoother: penalised cubic B-splines, one a
 * measure and one for their best linear combination, with products of pairs, penalty by generalised
 * cross-validation. x a parameter itself:
 * the value of knowing it. Replicates are averaged first; models are not looked at.
 * Fails: GM_ERANGE (d not in 1..6, fewer than 20 members of weight > 0), GM_EDOMAIN, GM_ENUMERIC (a
 * measure is the same for all members), GM_ENOMEM. key: draws for the error. */
GM_API GM_NODISCARD gm_status gm_worth_regression(gm_ctx *ctx, const gm_choice *c, int32_t d,
                                                  const double *x, gm_key key, gm_worth *out);
/* From log_lik[k * member_count + m], ln density of outcome k (drawn for member of[k]) under member
 * m: exact for the ensemble, no smoothing; needs outcomes that several members could have shown
 * (*ess, or NULL: smallest effective number of members behind an outcome). Fails: GM_ERANGE,
 * GM_EDOMAIN (NaN, +inf; an outcome impossible for all), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_worth_reweighting(gm_ctx *ctx, const gm_choice *c,
                                                   int32_t outcome_count, const int32_t *of,
                                                   const double *log_lik, gm_worth *out,
                                                   double *ess);
/* From the share[option_count] of the variance of each gain, against the option that is best now,
 * that the measurement would explain, say from a few nested posteriors,
 * 1 - E(posterior variance) / prior variance (moment matching: Heath, Manolopoulou &
 * Baio, Med. Decis. Making 38:163, 2018). Exact for normal gains; the share of the best option
 * itself is not used. Fails likewise; GM_ERANGE (share outside [0, 1]). */
GM_API GM_NODISCARD gm_status gm_worth_moments(gm_ctx *ctx, const gm_choice *c, const double *share,
                                               gm_worth *out);

/* ---- models that disagree ------------------------------------------------------------------- */
typedef struct {
  int32_t model_count, option_count; /* all arrays are owned */
  double *value;    /* [model][option] expected value                                      */
  int32_t *prefers; /* [model] option                                                      */
  double *loss;     /* [arm's model a][model b]: what the arm preferred by a loses under b */
  double *error;    /* likewise: Monte Carlo error of it                                   */
  bool agree;       /* one arm is preferred by all                                         */
  int32_t cautious; /* option whose largest loss over the models is the smallest           */
  double cautious_loss;
} gm_disagreement;
/* Fails: as gm_choose; GM_EINVAL (a model without a member of weight > 0). *out is owned. */
GM_API GM_NODISCARD gm_status gm_disagreement_make(gm_ctx *ctx, const gm_choice *c,
                                                   gm_disagreement **out);
GM_API void gm_disagreement_free(gm_disagreement *d); /* NULL ok */

/* Stacking of predictive densities (Yao, Vehtari, Simpson & Gelman, Bayesian Anal. 13:917, 2018):
 * weights w >= 0, sum 1, that maximise the mean over data of ln sum_k w_k exp(log_density[i * K +
 * k]). Concave: found by an interior-point method to a proven gap of about 1e-9 (`gap`). */
typedef struct {
  double *weight;            /* [model_count], caller's */
  double *low, *high, *mean; /* [model_count] 90 % interval and mean of the weights over Bayesian
                                bootstraps of the data; caller's, each may be NULL */
  double score;              /* mean log density of the mixture */
  double gap;                /* no other weights have more than score + gap */
} gm_stack;
typedef struct {
  const int32_t *subject; /* [n] or NULL: data of one subject (lying together) have one bootstrap
                             weight */
  int32_t replicates;     /* 0: 200; used when low, high or mean are wanted */
  gm_key key;
} gm_stack_options;
/* log_density may hold -inf (impossible under that model). Fails: GM_ERANGE (n, model_count < 1),
 * GM_EDOMAIN (NaN, +inf, a datum impossible under all models: it is named), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_stack_weights(gm_ctx *ctx, int32_t n, int32_t model_count,
                                               const double *log_density,
                                               const gm_stack_options *options, gm_stack *out);

#ifdef __cplusplus
}
#endif
#endif
