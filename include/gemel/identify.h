/* identify.h - what the data can tell about the unknowns: information, profiles that grade
 * themselves, profiles of noisy likelihoods.
 * room: methods
 * Coordinates z are the caller's (those of system.h: standard normal prior); a growing function of
 * a parameter keeps its intervals. Values are -ln likelihood (or -ln posterior).
 * Threads: no state; one ctx a call. Results are owned by the caller. */
#ifndef GEMEL_IDENTIFY_H
#define GEMEL_IDENTIFY_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Fisher information ------------------------------------------------------------------- */
/* mean[n][output_count] and variance[n][output_count] (> 0) of what is measured, at z[n][dim]. */
typedef struct {
  int32_t dim, output_count;
  const char *const *name; /* [dim], borrowed for the call; NULL: "z1", "z2", ... */
  gm_status (*eval)(void *user, gm_ctx *ctx, int32_t n, const double *z, double *mean,
                    double *variance);
  void *user;
  /* Normal errors: a variance that moves with z tells about it too (1/2 (d ln variance)^2 is
   * added). false for counts, where sum (d mean)^2 / variance is all (Poisson, binomial). */
  bool variance_informs;
} gm_moments;

typedef struct {
  double step; /* of differences: h_i = step (1 + |z_i|); 0: 1e-2, halved once */
  const double
      *precision; /* [dim][dim] of the prior, added for sd; NULL: none. z's own: identity */
  double level;   /* of the expected intervals; 0: 0.95 */
} gm_fisher_options;

/* information: of the data alone. Eigenvalues ascend: the first are the sloppy combinations, whose
 * names say which sum of unknowns the data hardly sees. vector[k*dim + i]: unit vector of
 * eigenvalue k. rank: how many eigenvalues stand above the error of the differences. sd[i],
 * half[i]: expected standard deviation and half-width of the interval of unknown i (prior
 * included); inf where nothing holds it. */
typedef struct {
  int32_t dim, rank;
  double *information, *eigenvalue, *vector, *sd, *half;
  double difference_error; /* of the derivatives, relative to the largest eigenvalue's root */
  char **combination;      /* [dim], for example "0.71 beta - 0.70 gamma" */
} gm_fisher;

/* One batch of 1 + 4 dim points. Richardson's extrapolation of central differences. options may be
 * NULL. Fails: GM_ERANGE, GM_EDOMAIN (a moment not finite, variance not > 0, naming output and
 * point; precision not symmetric), GM_ENUMERIC, GM_ENOMEM, or eval's status. */
GM_API GM_NODISCARD gm_status gm_fisher_run(gm_ctx *ctx, const gm_moments *m, const double *z,
                                            const gm_fisher_options *options, gm_fisher **out);
GM_API void gm_fisher_free(gm_fisher *f); /* NULL ok */

/* ---- verdicts ----------------------------------------------------------------------------- */
typedef enum {
  GM_IDENT_IDENTIFIED, /* both ends of the interval are finite */
  GM_IDENT_ONE_SIDED,  /* one end */
  GM_IDENT_FLAT,       /* none: within the range looked at the data exclude nothing */
  GM_IDENT_NOT_TRUSTED /* the profile has a fault: see reasons; `seen` is what it looked like */
} gm_ident_verdict;

typedef enum {
  GM_IDENT_OTHER_ON_BOUND = 1, /* another unknown sits on its bound inside the interval */
  GM_IDENT_REFIT_FAILED = 2,   /* a refit did not converge, or another start found a better fit */
  GM_IDENT_NOT_SMOOTH = 4,     /* a jump, or the profile falls again away from the optimum */
  GM_IDENT_BETTER_OPTIMUM = 8, /* the optimum given is not the best point */
  GM_IDENT_STOPPED = 16,       /* by watch */
  GM_IDENT_LIMIT = 32          /* out of points before threshold, bound or range was reached */
} gm_ident_reason;

GM_API const char *gm_ident_verdict_text(gm_ident_verdict v); /* static */

/* ---- profile likelihood ------------------------------------------------------------------- */
/* value[n] at z[n][dim]; NaN or infinite: not feasible there. key[n]: number of the randomness, for
 * objectives that are noisy; equal keys give equal noise; others ignore it. */
typedef struct {
  int32_t dim;
  const char *const *name; /* [dim], borrowed for the call; NULL: "z1", "z2", ... */
  gm_status (*eval)(void *user, gm_ctx *ctx, int32_t n, const double *z, const uint64_t *key,
                    double *value);
  void *user;
  const double *low, *high; /* [dim] bounds, infinite allowed; NULL: none */
} gm_objective;

typedef struct {
  double level;       /* of the interval; 0: 0.95 (threshold: chi-square, 1 degree of freedom) */
  double step;        /* first step in z; 0: 0.1 (1 + |z|) */
  double range;       /* a side ends this far from the optimum; 0: 16 (1 + |z|) */
  int32_t points_max; /* a side; 0: 60 */
  int32_t evaluations_max; /* a refit; 0: 400 + 200 dim */
  bool no_check; /* leave out the test of the refits: a second pass from outside in, and scattered
                    starts at both ends */
  const gm_watch *watch; /* or NULL */
} gm_profile_options;

/* Profile of unknown `parameter`: points sorted by x; rise[k] = 2 (profile - value at the optimum);
 * z[k*dim]: the refitted unknowns. */
typedef struct {
  int32_t dim, parameter;
  gm_ident_verdict verdict, seen;
  uint32_t reasons;           /* gm_ident_reason bits; 0 unless not trusted */
  double at, low, high;       /* optimum; ends of the interval, -inf, inf where it is open */
  double rise_low, rise_high; /* the highest rise seen on each side */
  double threshold;
  int32_t on_bound; /* the other unknown on its bound, or -1 */
  double best; /* least value seen, at z_best[dim]: with GM_IDENT_BETTER_OPTIMUM start anew there */
  double *z_best;
  int32_t point_count;
  double *x, *rise, *z;
  int64_t evaluations;
  char text[400]; /* the verdict and its reasons in words */
} gm_profile;

/* From the optimum z[dim] outward on both sides, steps adapted so that sqrt(rise) grows evenly,
 * refits warm-started by extrapolation (trust region; NLopt's bounded methods where bounds or
 * failures ask for it), ends found to 1e-5 of the threshold. Venzon & Moolgavkar 1988; Raue et al.
 * 2009. It follows one optimum outward: another one as good, beyond a rise above the threshold, is
 * not looked for (gm_multistart does that). options may be NULL.
 * Fails: GM_ERANGE (dim, parameter, options, z outside the bounds), GM_EDOMAIN (the value at z not
 * finite), GM_ENOMEM, or eval's status. Stopped by watch: GM_OK, what was done until then, not
 * trusted. */
GM_API GM_NODISCARD gm_status gm_profile_run(gm_ctx *ctx, const gm_objective *f, const double *z,
                                             int32_t parameter, const gm_profile_options *options,
                                             gm_profile **out);
GM_API void gm_profile_free(gm_profile *p); /* NULL ok */

/* ---- Monte Carlo adjusted profile ---------------------------------------------------------- */
typedef struct {
  double level; /* 0: 0.95 */
  double span;  /* share of the points in a local fit; 0: 0.75 */
} gm_mcap_options;

typedef struct {
  gm_ident_verdict verdict, seen;
  uint32_t reasons;
  double at, low, high; /* maximum of the smoothed profile; ends, -inf, inf where open */
  double cut;           /* drop of ln likelihood that bounds the interval; without noise 1.92 */
  double vertex;        /* of the parabola fitted about the maximum; NaN where it opens upward */
  /* Of the vertex; se_monte_carlo is what the noise does to it (delta method). The maximum of the
   * smoothed curve itself, `at`, moves more: twice as much in the case that the tests measure. */
  double se_statistical, se_monte_carlo, se_total;
} gm_mcap;

/* From n points (x, ln likelihood) of a profile that is known with noise only: smoothed by local
 * quadratic regression, the cut widened for the noise of the maximum (Ionides, Breto, Park, Smith &
 * King, J. R. Soc. Interface 14:20170126, 2017). n >= 8, x in any order, repeats welcome.
 * Fails: GM_ERANGE (n, options), GM_EDOMAIN (not finite), GM_ENUMERIC (too few different x),
 * GM_ENOMEM. A profile without a maximum is not a failure: see verdict. */
GM_API GM_NODISCARD gm_status gm_mcap_fit(gm_ctx *ctx, int32_t n, const double *x,
                                          const double *loglik, const gm_mcap_options *options,
                                          gm_mcap *out);

typedef struct {
  uint64_t seed;
  double low, high;        /* the grid of the profiled unknown; low < high, inside its bounds */
  int32_t grid_count;      /* 0: 30 */
  int32_t repeat_count;    /* fits a grid point, each with a key of its own; 0: 2 */
  int32_t evaluations_max; /* a refit; 0: 60 (dim - 1) */
  gm_mcap_options fit;
  const gm_watch *watch; /* or NULL */
} gm_mcap_plan;

/* The points for it: at each place of the grid the others are refitted from z at a fixed key, then
 * the value is asked anew with a fresh key, so that choosing the best does not flatter it.
 * x, loglik[grid_count * repeat_count] (NULL: not wanted). Points not feasible are left out;
 * *left_out (or NULL) counts them. Fails: as gm_mcap_fit; GM_ECANCELLED; eval's status. */
GM_API GM_NODISCARD gm_status gm_mcap_run(gm_ctx *ctx, const gm_objective *f, const double *z,
                                          int32_t parameter, const gm_mcap_plan *plan, double *x,
                                          double *loglik, int32_t *left_out, gm_mcap *out);

#ifdef __cplusplus
}
#endif
#endif
