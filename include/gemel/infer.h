/* infer.h - belief of one subject from data: mode, curvature, weighted ensemble.
 * room: methods
 * A method sees the subject only through gm_problem: Gaussian coordinates z and a forward map to
 * predictions, evaluated in batches. It works for every kind of model. */
#ifndef GEMEL_INFER_H
#define GEMEL_INFER_H
#include "gemel/base.h"
#include "gemel/rand.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Counts: of f things each is found with probability `share` (binomial, f a whole number), or their
 * number is Poisson with mean share f, or negative binomial with that mean m and variance
 * m + m^2/size. */
typedef enum {
  GM_COUNT_NONE, /* a value with normal errors */
  GM_COUNT_POISSON,
  GM_COUNT_BINOMIAL,
  GM_COUNT_NEGATIVE_BINOMIAL
} gm_count_law;

/* One measured value and how it errs. sd^2 = additive^2 + (proportional f)^2, or with sum
 * sd = additive + proportional |f|; log_scale: ln(value) - ln(f) has sd additive. Of a count these
 * are not read. */
typedef struct {
  double t, value;
  double additive, proportional;
  bool sum, log_scale;
  int8_t censored; /* 1: below value (M3: probability), -1: above, 0: measured */
  int32_t observable;
  gm_count_law count;
  double share, size;
} gm_datum;

typedef struct gm_problem gm_problem;
struct gm_problem {
  int32_t dim;                    /* of z; may be 0 */
  const double *prior_covariance; /* [dim*dim], mean 0; borrowed */
  int32_t datum_count;
  const gm_datum *datum; /* borrowed */
  /* f[m*datum_count + j]: prediction of datum j at z[m*dim ..]. A member whose status is not 0
   * (diverged) gets NaN predictions. Deterministic in z. Not called from two threads at once. */
  gm_status (*predict)(void *user, gm_ctx *ctx, int32_t n, const double *z, double *f);
  void *user;
};

/* Log-likelihood of one datum (natural log, with the normalising constants), Beal's M3 for censored
 * values (J Pharmacokinet Pharmacodyn 28:481, 2001). -INFINITY for a prediction that is NaN. */
GM_API double gm_datum_loglik(const gm_datum *d, double f);
GM_API double gm_datum_sd(const gm_datum *d, double f);
/* The measurement's mean and standard deviation (not of its logarithm). */
GM_API void gm_datum_moments(const gm_datum *d, double f, double *mean, double *sd);
/* P(Y <= value) and in *below P(Y < value), which is smaller for counts alone. */
GM_API double gm_datum_cdf(const gm_datum *d, double f, double value, double *below);
/* A measurement: of normal errors the quantile at `chance`, of a count drawn for (key, slot,
 * index).
 */
GM_API double gm_datum_draw(const gm_datum *d, double f, double chance, gm_key key, uint64_t slot,
                            uint64_t index);

typedef struct {
  int32_t dim;
  double *z;            /* [dim] mode */
  double *covariance;   /* [dim*dim] inverse of the Hessian of -log posterior */
  double *hessian;      /* [dim*dim] */
  double objective;     /* minus twice (log-likelihood without n ln 2pi, plus log prior without
                         constants): sum of r^2/s2 + ln s2, plus z' Om^-1 z */
  double log_posterior; /* with all constants */
  int32_t iterations, evaluations;
  bool converged, repaired; /* repaired: the curvature was not positive and was mended */
  const char *rung;         /* "differences" */
  const char *stopped;      /* reason, static text */
} gm_mode;

typedef struct {
  int32_t starts;   /* 0: 1 from 0, more when it does not converge */
  double tolerance; /* 0: 1e-9, on the Newton decrement */
} gm_mode_options;

/* Mode of the posterior (MAP), by trust-region/quasi-Newton from z = 0 with differences in batches;
 * Hessian by differences of the exact objective. Fails: GM_ENUMERIC when no start gives a finite
 * objective; GM_ENOMEM; what predict fails with. *out is owned. */
GM_API GM_NODISCARD gm_status gm_mode_find(gm_ctx *ctx, const gm_problem *p,
                                           const gm_mode_options *options, const gm_watch *watch,
                                           gm_mode **out);
GM_API void gm_mode_free(gm_mode *m);

/* A number with the central 90 % of the members, and the Monte Carlo error of the mean. */
typedef struct {
  double mean, low, high, error;
} gm_estimate;

/* Weighted members: z[m*dim..], weight sums to 1. */
typedef struct {
  int32_t n, dim;
  double *z, *weight, *f;               /* f[m*datum_count + j] */
  double ess;                           /* effective sample size 1/sum w^2 */
  double ess_raw;                       /* of the importance weights before tempering */
  double khat;                          /* Pareto shape of the importance weights; NaN too few */
  double log_evidence, log_evidence_sd; /* log p(data), and its Monte Carlo error */
  int32_t stages;     /* 0: importance sampling was enough; else tempering stages */
  double acceptance;  /* of the moves; NaN without */
  const char *method; /* static text for reports */
} gm_members;

typedef struct {
  int32_t n;        /* 0: 1000 */
  gm_key key;       /* purpose is set by the method */
  double ess_least; /* share of n below which it tempers; 0: 0.2 */
} gm_members_options;

/* Posterior ensemble: importance sampling from a multivariate t (5 degrees of freedom) at the mode;
 * when weights collapse (ess below its share, or khat above gm_stats_psis_limit(n); 0.7 below 20
 * draws), tempered resample-move from the
 * prior. With no data: draws of the prior with equal weights. Fails: GM_ENUMERIC, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_members_draw(gm_ctx *ctx, const gm_problem *p, const gm_mode *mode,
                                              const gm_members_options *options,
                                              const gm_watch *watch, gm_members **out);
/* The same from the prior alone (the population). */
GM_API GM_NODISCARD gm_status gm_members_prior(gm_ctx *ctx, const gm_problem *p,
                                               const gm_members_options *options, gm_members **out);
GM_API void gm_members_free(gm_members *m);

/* ---- models that move by chance -------------------------------------------------------------- */
/* A member is known by its coordinates and by whose draws it takes: from the start by (key,
 * slot[m]), after renewal_t[i] by (key, slot[(i+1)*n + m]), as in gm_run. So it can be run again,
 * to any time, under any plan. */
typedef struct {
  gm_key key;
  int32_t n, renewal_count;
  double *renewal_t; /* [renewal_count] ascending */
  uint64_t *slot;    /* [(renewal_count + 1) * n]; NULL (no renewals): the members' numbers */
} gm_lineage;

typedef struct {
  int32_t dim;
  const double *prior_covariance; /* [dim*dim], mean 0; borrowed */
  int32_t datum_count;
  const gm_datum *datum; /* sorted by t; borrowed */
  /* f[m*datum_count + j]: what member m of the lineage gives for datum j at z[m*dim ..]; NaN where
   * it has no value. The same (z, slots) give the same f. */
  gm_status (*predict)(void *user, gm_ctx *ctx, const gm_lineage *lineage, const double *z,
                       double *f);
  void *user;
  bool certain; /* f hangs on z alone: paths are not moved */
  /* Bytes that `saved` was given by a run whose data were the first of these (same prior, key): the
   * run goes on from there, with as many members as then, and the result has the same bytes as one
   * that never stopped. What does not fit is passed over, and all data are learned. *resumed tells.
   * All may be 0; saved is added to. */
  /* What else the predictions at or before t hang on (doses, covariates, the model), as a sum. */
  uint64_t (*context)(const void *context_user, double t);
  const void *context_user;
  const void *resume;
  size_t resume_bytes;
  bool *resumed;
  gm_text *saved;
} gm_path_problem;

/* What the belief of the earlier data said of one datum before it was learned. */
typedef struct {
  double mean;  /* of the observable without measurement noise */
  double score; /* normal quantile of P(Y <= value); NaN: censored */
  double ess;   /* effective members then */
} gm_innovation;

/* Posterior of coordinates and paths: the data are taken one time after the other; when weights
 * collapse, members are copied, copies draw by new slots from there on, and all are moved by
 * Metropolis steps that leave the belief as it is: steps of z with the slots held (the path is a
 * function of both), and new draws for the last stretches (Gilks & Berzuini, JRSS B 63:127, 2001;
 * Del Moral, Doucet & Jasra, JRSS B 68:411, 2006). A time whose data would leave too few members is
 * taken in parts (powers of its likelihood). Costs a run of all members for every move: for long
 * streams use gm_filter. khat is NaN. Where there are coordinates and chance, ess counts members of
 * the start that the others descend from: moves part kin slowly, and a long stream leaves few, with
 * too little spread. log_evidence_sd is made of the same descent, at most sqrt(ln n).
 * innovation[datum_count] (may be NULL) is the caller's. *out and *lineage are owned.
 * Fails: GM_ENUMERIC (no member can have given the data), GM_ECANCELLED, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_members_paths(gm_ctx *ctx, const gm_path_problem *p,
                                               const gm_members_options *options,
                                               const gm_watch *watch, gm_innovation *innovation,
                                               gm_members **out, gm_lineage **lineage);
GM_API void gm_lineage_free(gm_lineage *l); /* NULL ok */

#ifdef __cplusplus
}
#endif
#endif
