/* stochastic.h - fitting a system: adapters to the methods of calibrate.h, sensitivity.h and
 * identify.h, and fits made for models that move by chance.
 * room: methods
 * Coordinates z are those of system.h. A model without chance has its likelihood by one batch of
 * runs; one that moves by chance has an unbiased estimate of it by a particle filter, a pure
 * function of (z, replicate), so equal replicates share all draws.
 * A system is borrowed until the adapter is freed; its pool does the work.
 * Failures of all: GM_ENOMEM, GM_EINVAL, GM_ERANGE, GM_EDOMAIN (the system, the options).
 * Threads: one call at a time on one adapter. */
#ifndef GEMEL_STOCHASTIC_H
#define GEMEL_STOCHASTIC_H
#include "gemel/calibrate.h"
#include "gemel/identify.h"
#include "gemel/ledger.h"
#include "gemel/sensitivity.h"
#include "gemel/system.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- adapters -------------------------------------------------------------------------------- */
typedef struct {
  int32_t particles;  /* of one likelihood of a model that moves by chance; 0: 1000 */
  uint64_t replicate; /* number that all random keys of this adapter are made with */
  /* > 0: derivatives by the model's tangents, so many at once (at most what it bears, for example
   * gm_eq_config.directions_max); 0: none */
  int32_t directions;
} gm_fit_options;

typedef struct gm_fit_target gm_fit_target;

/* What the data say about the unknowns. Drift of the unknowns is not part of it (it is a filter's).
 * Rungs: loglik always; residuals where every sensor is NORMAL or LOGNORMAL with a constant sd,
 * without memory, and nothing is censored (without directions: differences for the jacobian);
 * simulate (summaries: the data drawn anew) where no sensor has a memory and nothing is censored;
 * gradient with directions, where no sensor is BINOMIAL (its mean is rounded) or OWN and nothing is
 * censored but of NORMAL and LOGNORMAL. options may be NULL.
 * Fails also: GM_EINVAL (no unknowns, no readings), GM_EUNSUPPORTED (an edge switches an unknown
 * parameter; directions of a model without tangents). */
GM_API GM_NODISCARD gm_status gm_fit_target_new(gm_ctx *ctx, const gm_system *s,
                                                const gm_fit_options *options, gm_fit_target **out);
GM_API void gm_fit_target_free(gm_fit_target *t); /* NULL ok */
/* Both live as long as the adapter. The objective is minus the log-likelihood; its keys are
 * replicates. */
GM_API const gm_target *gm_fit_target_get(const gm_fit_target *t);
GM_API gm_objective gm_fit_objective(const gm_fit_target *t);
/* Mean and variance of every reading as functions of z, for the Fisher information. Only of models
 * without chance, sensors without memory and with moments, nothing censored.
 * Fails: GM_EUNSUPPORTED. */
GM_API GM_NODISCARD gm_status gm_fit_moments(gm_ctx *ctx, const gm_fit_target *t, gm_moments *out);

typedef struct gm_fit_function gm_fit_function;
/* Outputs output[output_count] at sorted times time[time_count] (copied) as a function of the unit
 * cube: u is the cumulative prior of each unknown. Result number o of a point is
 * [time][output]. Fails also: GM_EINVAL (rows, times, no unknowns). */
GM_API GM_NODISCARD gm_status gm_fit_function_new(gm_ctx *ctx, const gm_system *s,
                                                  int32_t output_count, const int32_t *output,
                                                  int32_t time_count, const double *time,
                                                  gm_fit_function **out);
GM_API void gm_fit_function_free(gm_fit_function *f);                    /* NULL ok */
GM_API const gm_function *gm_fit_function_get(const gm_fit_function *f); /* lives as long */

/* ln of the mean of exp(x[n]), and its standard error by the jackknife (NaN for n = 1; 0 where all
 * are -INFINITY). *error may be NULL. */
GM_API double gm_log_mean_exp(int32_t n, const double *x, double *error);

/* ---- iterated filtering ---------------------------------------------------------------------- */
/* All 0: the defaults in brackets. */
typedef struct {
  uint64_t replicate;
  int32_t particles;   /* [1000] */
  int32_t iterations;  /* [50] */
  int32_t starts;      /* [10] */
  const double *start; /* [starts][unknown_count]; NULL: draws of the prior */
  const double *sd;    /* [unknown_count] first perturbation of z at each time of data;
                          NULL: 0.5 over the root of the number of times */
  const bool *initial; /* [unknown_count] perturbed at t0 alone (by sd): unknowns that matter for
                          the first state only; NULL: none */
  double cooling;      /* [0.02] factor of the perturbations from the first to the last */
  int32_t repeats;     /* [10] particle filters for the likelihood of each end; >= 2 */
  int32_t check_particles; /* [particles] of these */
  const gm_watch *watch;
  gm_ledger *ledger; /* NULL: none. Keeps every iteration: goes on after the process died */
} gm_if2_options;

typedef struct {
  int32_t starts, dim, iterations; /* iterations: done */
  double *z;                       /* [starts][dim] ends, best likelihood first */
  double *loglik, *loglik_error; /* [starts] ln of the mean likelihood of the repeats, its error */
  double *trace; /* [starts][iterations][dim + 1] mean of the swarm, and the log-likelihood of the
                    perturbed model; in the order of the ends */
  int32_t *from; /* [starts] number of the start that ended here */
  int32_t agree; /* ends whose likelihood is within 2 errors + 0.5 of the best */
  int64_t lost;  /* times at which no particle could have given the data (skipped) */
  bool cancelled;
  const char *verdict; /* static text */
} gm_if2;

/* Maximum likelihood by iterated, perturbed particle filters (IF2: Ionides, Nguyen, Atchade, Stoev
 * & King, PNAS 112:719, 2015), cooled geometrically. The prior only says where starts lie. Works
 * for models without chance too. The swarm's spread at the end is no uncertainty: profiles are
 * (gm_mcap_run with gm_fit_objective). options may be NULL.
 * Stopped by watch: what the iterations so far found, with cancelled set. */
GM_API GM_NODISCARD gm_status gm_if2_run(gm_ctx *ctx, const gm_system *s,
                                         const gm_if2_options *options, gm_if2 **out);
GM_API void gm_if2_free(gm_if2 *r); /* NULL ok */

/* ---- particle marginal Metropolis-Hastings --------------------------------------------------- */
typedef struct {
  gm_chain_options chain; /* key NULL-valued: made from the system's seed and replicate */
  uint64_t replicate;
  int32_t particles;     /* 0: as many as make the sd of ln likelihood about `noise` */
  double noise;          /* [1.2] (Doucet, Pitt, Deligiannidis & Kohn, Biometrika 102:295, 2015) */
  int32_t particles_max; /* [20000] of that choice */
  gm_ledger *ledger;     /* NULL: none. Keeps every likelihood: goes on after the process died */
} gm_pmmh_options;

typedef struct {
  gm_chains *chains; /* draws, R-hat, ESS, verdict: calibrate.h */
  int32_t particles; /* used */
  double noise;      /* sd of ln likelihood at the place where it was chosen, NaN: not measured */
} gm_pmmh;

/* Draws of the exact posterior of a model that moves by chance (Andrieu, Doucet & Holenstein,
 * J. R. Stat. Soc. B 72:269, 2010): gm_walk on particle-filter likelihoods, chains side by side on
 * the pool. Models without chance: the same walk on their likelihood. options may be NULL. */
GM_API GM_NODISCARD gm_status gm_pmmh_run(gm_ctx *ctx, const gm_system *s,
                                          const gm_pmmh_options *options, gm_pmmh **out);
GM_API void gm_pmmh_free(gm_pmmh *r); /* NULL ok */

/* ---- ensemble smoother with multiple data assimilation --------------------------------------- */
typedef struct {
  uint64_t replicate;
  int32_t members;     /* [200] */
  int32_t stages;      /* [4] */
  const double *alpha; /* [stages] > 0, their inverses sum to 1; NULL: all equal to stages */
  const gm_watch *watch;
  gm_ledger *ledger; /* NULL: none. Keeps every stage's runs: goes on after the process died */
} gm_esmda_options;

typedef struct {
  gm_particles *particles; /* z with equal weights (0: the member's last run failed) */
  int32_t stages;          /* done */
  double *mismatch; /* [stages + 1] mean over members of the squared residuals in units of their
                       variance, over the number of data; about 1 when the model explains them */
  int32_t failed;   /* runs that failed */
} gm_esmda;

/* All data at once, in stages of inflated error (ES-MDA: Emerick & Reynolds, Comput. Geosci. 55:3,
 * 2013), in z; exact for linear models with normal errors and many members, an approximation
 * otherwise. Sensors with memory are whitened. A member whose run failed moves with the mean.
 * Fails: GM_EUNSUPPORTED (censored data, a law without moments), GM_ENUMERIC (fewer than dim + 2
 * members, or 3, have values), GM_ECANCELLED (stopped before the last stage). */
GM_API GM_NODISCARD gm_status gm_esmda_run(gm_ctx *ctx, const gm_system *s,
                                           const gm_esmda_options *options, gm_esmda **out);
GM_API void gm_esmda_free(gm_esmda *r); /* NULL ok */

#ifdef __cplusplus
}
#endif
#endif
