/* calibrate.h - unknowns from data: optima, posterior draws, evidence, and what they are worth.
 * room: methods
 * A method sees the subject only as a gm_target: functions of coordinates z, asked in batches, so
 * it works for every kind of model. What a target does not offer (NULL) is a missing rung: the
 * method says so or takes the next lower one and names it in `rung`.
 * Randomness: every draw is a pure function of options.key and of its meaning. All work between
 * batches is done by the caller's thread in one order: the bytes depend on nothing but the numbers
 * that the target returns.
 * Stopping: a watch that stops ends a method early with GM_OK, `cancelled` set, and what there is
 * so far; GM_ECANCELLED is returned only where there is nothing yet.
 * Options: a 0 (or NULL) means the default named beside it. Results are owned by the caller.
 * Going on after the process died: a target of gemel/ledger.h keeps the answers in a file.
 * Failures of all: GM_ENOMEM, GM_EINVAL and GM_ERANGE (target or options), GM_EDOMAIN (a
 * log-likelihood of +inf, no possible start), GM_EUNSUPPORTED (the target lacks what is needed),
 * and what a callback of the target fails with; then *out is untouched.
 * Threads: no state; a target is called from the calling thread only. */
#ifndef GEMEL_CALIBRATE_H
#define GEMEL_CALIBRATE_H
#include "gemel/base.h"
#include "gemel/rand.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_target {
  int32_t dim;
  const double *lower, *upper; /* [dim], infinities allowed; NULL: none. Posterior 0 outside */
  /* ln p(data | z) of n points z[n][dim]; -INFINITY: impossible; NaN counts as impossible.
   * replicate[n]: number of the random key of a noisy likelihood (ignored by others). */
  gm_status (*loglik)(void *user, gm_ctx *ctx, int32_t n, const double *z,
                      const uint64_t *replicate, double *out);
  /* The same and its derivatives g[n][dim]; NULL: none. */
  gm_status (*gradient)(void *user, gm_ctx *ctx, int32_t n, const double *z, double *ll, double *g);
  /* Where loglik is a constant minus half the sum of squares: r[n][residual_count] and, unless jac
   * is NULL, jac[n][residual_count][dim]. NULL: no such form. */
  gm_status (*residual)(void *user, gm_ctx *ctx, int32_t n, const double *z, double *r,
                        double *jac);
  int32_t residual_count;
  bool no_jacobian; /* residual cannot fill jac: differences are taken */
  /* ln of the prior density, up to a constant, inside the bounds. NULL: standard normal. */
  double (*log_prior)(void *user, const double *z);
  void (*log_prior_gradient)(void *user, const double *z, double *g); /* NULL: differences */
  /* A draw of the prior, a pure function of (key, slot). NULL: standard normal. Draws outside the
   * bounds are drawn again with another slot. */
  void (*prior_draw)(void *user, gm_key key, uint64_t slot, double *z);
  /* Simulated data's summaries[n][summary_count] for replicate[n]; NaN: the run failed. NULL: none.
   * observed[summary_count]: the real data's. */
  gm_status (*simulate)(void *user, gm_ctx *ctx, int32_t n, const double *z,
                        const uint64_t *replicate, double *summary);
  int32_t summary_count;
  const double *observed;
  bool noisy; /* loglik is an estimate (unbiased on the natural scale) that varies with replicate */
  void *user;
} gm_target;

/* ---- optima -------------------------------------------------------------------------------- */
typedef struct {
  double *z;           /* [dim]                                                          */
  double log_density;  /* what was maximised: log-likelihood, plus log prior unless asked not to */
  double loglik;       /* of a noisy target: ln of the mean likelihood of the last check  */
  int32_t found;       /* starts that ended here                                         */
  int32_t first_start; /* the lowest of their numbers                                    */
  bool converged;      /* the best of them met its tolerance                             */
  bool on_bound;
} gm_optimum;

typedef struct {
  int32_t dim, start_count, optimum_count;
  gm_optimum *optimum;  /* [optimum_count] best first; distinct                        */
  double *end;          /* [start_count] log density where each start ended, best first: the
                            waterfall; -INFINITY for starts that failed                  */
  int32_t failed;       /* starts without a possible point                              */
  int32_t reached_best; /* starts that ended at optimum[0]                              */
  int64_t evaluations, gradients; /* points; gradients (jacobians) counted beside        */
  int32_t iterations;             /* of the longest start                                         */
  bool converged; /* optimum[0] met its tolerance, and was found at least twice if there was more
                     than one start; says nothing of other places as good: the verdict does */
  bool cancelled;
  const char *method, *rung; /* static text */
  const char *verdict;       /* static text: how far to trust it */
} gm_optima;
GM_API void gm_optima_free(gm_optima *o); /* NULL ok */

typedef struct {
  gm_key key;
  int32_t starts;      /* 0: 10 + 2 dim (1 for CMA-ES and NLopt)                       */
  const double *start; /* [start_given][dim] used first; the rest is spread            */
  int32_t start_given;
  double spread;             /* of the starts, in units of z, where a coordinate is not bounded
                                on both sides; 0: 1                                          */
  bool likelihood;           /* maximise the likelihood alone, without the prior             */
  double gradient_tolerance; /* max |g_i| (1+|z_i|), bounds considered; 0: 1e-6              */
  double step_tolerance;     /* max |step_i| / (1+|z_i|); 0: 1e-10                           */
  int32_t iterations_max;    /* 0: 200 + 20 dim                                              */
  double same;               /* ends whose log densities differ by no more than this, and no
                                coordinate by more than 0.1 (1+|z_i|), are one optimum; 0: 1e-3 */
  const gm_watch *watch;
} gm_multistart_options;

/* Levenberg-Marquardt steps within the bounds (projected, free coordinates only) from scrambled
 * Sobol' points (Latin hypercube above 101 dimensions), all starts side by side in the batches.
 * Second derivatives: Gauss-Newton from residuals, else BFGS on gradients; missing derivatives by
 * central differences. Fails: GM_EUNSUPPORTED for a noisy target. */
GM_API GM_NODISCARD gm_status gm_multistart(gm_ctx *ctx, const gm_target *t,
                                            const gm_multistart_options *options, gm_optima **out);

typedef enum { GM_CALIB_BOBYQA, GM_CALIB_SBPLX, GM_CALIB_SLSQP } gm_calib_nlopt;
typedef struct {
  gm_calib_nlopt method; /* SLSQP needs a gradient; BOBYQA with dim 1 becomes SBPLX */
  gm_multistart_options common;
  int32_t evaluations_max; /* for each start; 0: 2000 + 500 dim */
} gm_nlopt_fit_options;
GM_API GM_NODISCARD gm_status gm_nlopt_fit(gm_ctx *ctx, const gm_target *t,
                                           const gm_nlopt_fit_options *options, gm_optima **out);

typedef struct {
  gm_multistart_options common; /* starts: restarts, each with twice the population (IPOP); start:
                                   the first mean; step_tolerance: of sigma sqrt(C_ii), 0: 1e-9 */
  int32_t population;           /* 0: 4 + floor(3 ln dim) */
  double sigma;                 /* first step; 0: 0.5 */
  double value_tolerance;       /* spread of recent values that ends a run; 0: 1e-9 */
  int64_t evaluations_max;      /* of all runs; 0: 1e4 (dim+5)  */
  bool use_target;              /* stop where log density >= target */
  double target;
  int32_t replicates_max; /* noisy targets: most evaluations of one point; 0: 64 */
} gm_cma_options;
/* Covariance matrix adaptation evolution strategy (Hansen, arXiv:1604.00772, 2016; restarts: Auger
 * & Hansen, CEC 2005; bounds and uncertainty: Hansen, Niederberger, Guzzella & Koumoutsakos, IEEE
 * Trans. Evol. Comput. 13:180, 2009). A noisy target's point counts as the log of the mean of its
 * likelihoods, over as many replicates as keep the ranks, and the end is the mean of the search. */
GM_API GM_NODISCARD gm_status gm_cma(gm_ctx *ctx, const gm_target *t, const gm_cma_options *options,
                                     gm_optima **out);

/* ---- what draws are worth ------------------------------------------------------------------ */
/* Vehtari, Gelman, Simpson, Carpenter & Buerkner, Bayesian Anal. 16:667 (2021). x[chain][draw].
 * NaN where there is no answer: fewer than 4 draws a chain, a value not finite, all values equal.
 * All fail with GM_ENOMEM and GM_ERANGE (chain_count or draw_count < 1, p outside (0,1)) alone. */
GM_API GM_NODISCARD gm_status gm_diag_rhat(gm_ctx *ctx, int32_t chain_count, int32_t draw_count,
                                           const double *x, double *rhat);
GM_API GM_NODISCARD gm_status gm_diag_ess_bulk(gm_ctx *ctx, int32_t chain_count, int32_t draw_count,
                                               const double *x, double *ess);
GM_API GM_NODISCARD gm_status gm_diag_ess_tail(gm_ctx *ctx, int32_t chain_count, int32_t draw_count,
                                               const double *x, double *ess);
GM_API GM_NODISCARD gm_status gm_diag_ess_quantile(gm_ctx *ctx, int32_t chain_count,
                                                   int32_t draw_count, const double *x, double p,
                                                   double *ess);
GM_API GM_NODISCARD gm_status gm_diag_mcse_mean(gm_ctx *ctx, int32_t chain_count,
                                                int32_t draw_count, const double *x, double *mcse);
GM_API GM_NODISCARD gm_status gm_diag_mcse_quantile(gm_ctx *ctx, int32_t chain_count,
                                                    int32_t draw_count, const double *x, double p,
                                                    double *mcse);

typedef struct {
  double mean, sd, q05, q50, q95;
  double mcse_mean, mcse_q05, mcse_q50, mcse_q95; /* Monte Carlo standard errors */
  double rhat, ess_bulk, ess_tail;
} gm_marginal;

/* ---- chains -------------------------------------------------------------------------------- */
typedef struct {
  int32_t chain_count, draw_count, dim;
  int32_t group;         /* chains that are walkers of one ensemble (1: independent chains)     */
  double *z;             /* [chain_count][draw_count][dim]                                      */
  double *loglik;        /* [chain_count][draw_count]                                           */
  double *log_posterior; /* [chain_count][draw_count] loglik plus log prior                     */
  gm_marginal *marginal; /* [dim]                                                               */
  double rhat_max, ess_bulk_min, ess_tail_min; /* over the coordinates; NaN: could not be told   */
  double acceptance; /* share of proposals taken; NUTS: mean acceptance statistic           */
  int64_t evaluations, gradients;
  int32_t divergences, depth_hits; /* NUTS, after warm-up */
  double step_mean;                /* NUTS: mean over chains of the step, else NaN */
  bool converged; /* rhat_max < 1.01, both ESS >= 400, no divergence, not cancelled */
  bool cancelled;
  const char *method, *rung;
  const char *verdict; /* static text: the first reason not to trust, or "converged" */
} gm_chains;
GM_API void gm_chains_free(gm_chains *c); /* NULL ok */

typedef struct {
  gm_key key;
  int32_t chains;      /* 0: 4; ensemble: number of independent ensembles           */
  int32_t warmup;      /* 0: 5000; ensemble: 2000; NUTS: 1000 (all before thinning) */
  int32_t draws;       /* kept, of each chain or walker; 0: 2000; NUTS: 1000; ensemble: 500 */
  int32_t thin;        /* iterations for a kept draw; 0: 5; NUTS: 1; ensemble: 10            */
  const double *start; /* [chains or chains*walkers][dim]; NULL: draws of the prior that are
                          possible (200 tries each)                                          */
  const gm_watch *watch;
} gm_chain_options;

/* Random-walk Metropolis whose covariance and scale are learnt during the warm-up only (Haario,
 * Saksman & Tamminen, Bernoulli 7:223, 2001; Andrieu & Thoms, Stat. Comput. 18:343, 2008, alg. 4),
 * each chain for itself; noisy target: particle marginal Metropolis-Hastings (Andrieu & Roberts
 * 2009), whose noise is measured where the chains stand (two batches more in every tenth iteration
 * of the warm-up) and lowers the acceptance that is aimed at. One batch an iteration. */
GM_API GM_NODISCARD gm_status gm_walk(gm_ctx *ctx, const gm_target *t,
                                      const gm_chain_options *options, gm_chains **out);

typedef struct {
  gm_chain_options common;
  int32_t walkers;      /* of one ensemble, even, >= 4 and > dim; 0: max(20, 2 dim + 2) */
  double share_stretch; /* of moves, the rest is differential evolution; 0: 0.5; negative: none */
} gm_ensemble_mcmc_options;
/* Affine-invariant stretch move (Goodman & Weare, Comm. App. Math. Comp. Sci. 5:65, 2010) and
 * differential evolution (ter Braak, Stat. Comput. 16:239, 2006) with partners from the other half
 * (Foreman-Mackey et al., PASP 125:306, 2013): one batch for each half. ESS and MCSE come from the
 * ensemble averages, so dependence between walkers is counted. */
GM_API GM_NODISCARD gm_status gm_ensemble_mcmc(gm_ctx *ctx, const gm_target *t,
                                               const gm_ensemble_mcmc_options *options,
                                               gm_chains **out);

typedef enum { GM_METRIC_AUTO, GM_METRIC_DIAGONAL, GM_METRIC_DENSE } gm_metric;
typedef struct {
  gm_chain_options common;
  gm_metric metric;         /* auto: dense where a window has 10 draws for each coordinate */
  double acceptance_target; /* 0: 0.8 */
  int32_t depth_max;        /* 0: 10 */
  bool differences;         /* a target without gradient: take differences instead of refusing */
} gm_nuts_options;
/* No-U-turn sampler (Hoffman & Gelman, JMLR 15:1593, 2014) with multinomial choice along the
 * trajectory (Betancourt, arXiv:1701.02434), iterative trees, dual averaging and windowed metric
 * adaptation; one gradient batch takes a step of every chain. Bounds: logit or log coordinates
 * inside. Fails: GM_EUNSUPPORTED (noisy, or no gradient and no differences asked for). */
GM_API GM_NODISCARD gm_status gm_nuts(gm_ctx *ctx, const gm_target *t,
                                      const gm_nuts_options *options, gm_chains **out);

/* ---- particles ----------------------------------------------------------------------------- */
typedef struct {
  int32_t n, dim;
  double *z;             /* [n][dim] */
  double *weight;        /* [n] sums to 1 */
  double *loglik;        /* [n]; ABC: NaN */
  double *distance;      /* [n] ABC; else NaN */
  gm_marginal *marginal; /* [dim]; rhat NaN with a single repeat; ess_bulk is Kish's for ABC */
  double ess;            /* Kish's, of the weights */
  double log_evidence, log_evidence_sd; /* SMC sampler; ABC: NaN */
  int32_t repeats, stages;              /* stages: of the longest repeat */
  int64_t evaluations;
  double acceptance;       /* of the last stage */
  double correlation_left; /* SMC: largest between places before and after the last moves */
  double tolerance;        /* ABC: the distance that was reached */
  bool converged, cancelled;
  const char *method, *rung, *verdict;
} gm_particles;
GM_API void gm_particles_free(gm_particles *p); /* NULL ok */

typedef struct {
  gm_key key;
  int32_t n;        /* particles of one repeat; 0: 1000; >= 2 dim + 2 */
  int32_t repeats;  /* independent runs, pooled by their evidence; 0: 4 */
  double ess_share; /* of n that one stage may leave; 0: 0.5 */
  const gm_watch *watch;
} gm_smc_options;
/* Tempering from the prior to the posterior (Del Moral, Doucet & Jasra 2006), powers chosen by the
 * effective size, random-walk and independent moves until places are forgotten. Noisy likelihoods
 * are right at power 1. log_evidence is ln of the mean evidence; its sd is the larger of that
 * between the repeats and the sum of the stages' variances within. The prior is normalised within
 * the bounds. Cancelled: the repeats that are whole; none is GM_ECANCELLED. */
GM_API GM_NODISCARD gm_status gm_smc(gm_ctx *ctx, const gm_target *t, const gm_smc_options *options,
                                     gm_particles **out);

typedef struct {
  gm_key key;
  int32_t n;               /* 0: 1000 */
  double quantile;         /* of the distances: the next tolerance; 0: 0.5 */
  double tolerance_target; /* stop when reached; 0: none */
  double acceptance_least; /* stop when fewer are taken; 0: 0.01 */
  int64_t simulations_max; /* 0: 200 n */
  const double *scale;     /* [summary_count] of the distance; NULL: MAD of the prior's summaries */
  bool adjust;             /* local-linear regression of z on the summaries at the end (Beaumont,
                              Zhang & Balding, Genetics 162:2025, 2002) */
  const gm_watch *watch;
} gm_abc_options;
/* Population Monte Carlo ABC (Beaumont, Cornuet, Marin & Robert, Biometrika 96:983, 2009) with
 * adaptive tolerance. Its posterior is that of a distance below `tolerance`, which the verdict
 * says; converged means only that a tolerance_target was reached. */
GM_API GM_NODISCARD gm_status gm_abc(gm_ctx *ctx, const gm_target *t, const gm_abc_options *options,
                                     gm_particles **out);

/* Synthetic likelihood (Wood, Nature 466:1102, 2010): a noisy target made from t's simulate. Each
 * evaluation runs `simulations` (0: 200; > summary_count + 3) models; the summaries count as
 * normal. unbiased: the estimator of Price, Drovandi, Lee & Nott (J. Comput. Graph. Stat. 27:1,
 * 2018), so that the result does not depend on `simulations` where they are; it is 0 far from the
 * data. A place where a summary does not vary, or is a linear function of others, has likelihood 0:
 * leave such summaries out. t is borrowed until free. */
typedef struct gm_synthetic gm_synthetic;
GM_API GM_NODISCARD gm_status gm_synthetic_new(gm_ctx *ctx, const gm_target *t, int32_t simulations,
                                               bool unbiased, gm_synthetic **out);
GM_API void gm_synthetic_free(gm_synthetic *s);                     /* NULL ok */
GM_API const gm_target *gm_synthetic_target(const gm_synthetic *s); /* of s, lives as long */

#ifdef __cplusplus
}
#endif
#endif
