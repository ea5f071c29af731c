/* petab.h - parameter estimation problems in the format PEtab, version 1
 * (petab.readthedocs.io, "PEtab data format specification", format version 1; Schmiester et al.,
 * PLoS Comput. Biol. 17:e1008646, 2021): reading, their objective, fitting.
 *
 * A vector z has one value for each estimated parameter, in the order of the parameter table, on
 * that parameter's scale (parameterScale). Everything in the tables is on the linear scale.
 * docs/petab.md says what is done where the format leaves it open.
 * Threads: a problem belongs to one thread at a time; the work is done on the pool that is given,
 * and results do not depend on its size. */
#ifndef GEMEL_PETAB_H
#define GEMEL_PETAB_H
#include "gemel/equations.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_petab gm_petab;

typedef enum { GM_PETAB_LIN, GM_PETAB_LOG, GM_PETAB_LOG10 } gm_petab_scale;

/* A row of the parameter table. Texts are borrowed from the problem. */
typedef struct {
  const char *id, *name; /* name "" when there is none */
  gm_petab_scale scale;
  double lower, upper, nominal; /* linear; NaN where not stated */
  bool estimate;
} gm_petab_parameter;

typedef struct {
  double rtol, atol;   /* 0: 1e-9 and 1e-12 */
  gm_eq_solver solver; /* GM_EQ_AUTO: the stiff method, where the model has one */
} gm_petab_options;

/* Reads a problem file (YAML) and all it names, relative to its folder. options may be NULL. *out
 * is owned by the caller. Fails with "file:line: column: what": GM_EPARSE (also an id that is not
 * known, a missing column, a number that is none), GM_EUNSUPPORTED (by name), GM_EIO, GM_ERANGE,
 * GM_EDOMAIN, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_petab_read(gm_ctx *ctx, const char *path,
                                            const gm_petab_options *options, gm_petab **out);
GM_API void gm_petab_free(gm_petab *p); /* NULL ok */
/* Is this text of a YAML file that of a PEtab problem (of any version), by its keys? */
GM_API bool gm_petab_is_problem(gm_ctx *ctx, const char *text, size_t bytes);

GM_API const gm_petab_parameter *gm_petab_parameters(const gm_petab *p, int32_t *count_out);
/* Rows of the estimated ones: the coordinates of z. */
GM_API const int32_t *gm_petab_estimated(const gm_petab *p, int32_t *count_out);
GM_API int32_t gm_petab_point_count(const gm_petab *p);     /* rows of the measurement tables */
GM_API int32_t gm_petab_condition_count(const gm_petab *p); /* pairs that are simulated */

/* The i-th file that was read, from 0: the problem file first; NULL behind the last. */
GM_API const char *gm_petab_file(const gm_petab *p, int32_t i);

/* A value between the scales; -inf, +inf and NaN go where they go. */
GM_API double gm_petab_to_scale(gm_petab_scale s, double value);
GM_API double gm_petab_from_scale(gm_petab_scale s, double scaled);
/* z[d] of the nominal values. Fails: GM_EDOMAIN (one is not stated, or not on its scale). */
GM_API GM_NODISCARD gm_status gm_petab_nominal(const gm_petab *p, double *z);
/* z[d] drawn from the initialization priors (default: evenly on the scale between the bounds) and
 * clipped to the bounds. The same (seed, number) gives the same z.
 * Fails: GM_EDOMAIN (bounds that are not finite on the scale, and no prior). */
GM_API GM_NODISCARD gm_status gm_petab_draw(const gm_petab *p, uint64_t seed, uint64_t number,
                                            double *z);

/* llh: log likelihood of all measurements, with all constants. chi2: sum of squares of
 * (measurement - simulation)/sigma on the observable's transformed scale. log_prior: sum of the
 * log densities of the objective priors, each on the scale its type says (0 without priors).
 * llh is -inf and chi2 +inf when a point cannot be worked out; bad_point is then its row, else
 * -1. */
typedef struct {
  double llh, chi2, log_prior;
  int32_t bad_point;
} gm_petab_value;

/* Works out the objective at n vectors z[n][d], all as one batch. simulation and sigma:
 * [n][points] (linear scale; NaN where it failed), residual likewise ((m - s)/sigma, transformed);
 * each may be NULL. pool may be NULL. Fails: GM_ENOMEM, GM_EDOMAIN (z not finite). */
GM_API GM_NODISCARD gm_status gm_petab_evaluate(gm_petab *p, gm_pool *pool, int32_t n,
                                                const double *z, gm_petab_value *value,
                                                double *simulation, double *sigma,
                                                double *residual);
/* gradient[d] of llh + log_prior, and information[d][d]: the expected second derivatives of
 * -(llh + log_prior) (Fisher's information of the measurements, and the prior's curvature where it
 * is positive). By tangents of the models; where there are none, or they fail, from central
 * differences of simulations inside the bounds. Fails: GM_ENUMERIC (the value or no neighbour of it
 * can be worked out), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_petab_slopes(gm_petab *p, gm_pool *pool, const double *z,
                                              gm_petab_value *value, double *gradient,
                                              double *information);
/* What a bad point was: "file:line: what". text[bytes] */
GM_API void gm_petab_bad_point(const gm_petab *p, int32_t point, char *text, size_t bytes);

typedef struct {
  gm_petab_value value; /* at z */
  double first;         /* llh + log_prior at the start */
  double gradient_norm; /* of -(llh + log_prior), in the coordinates searched */
  int32_t iterations;
  int64_t evaluations;     /* vectors worked out (tangents at one count as none) */
  bool converged, stopped; /* stopped: by the watch; z is then the best so far */
  const char *why;         /* static text */
} gm_petab_fit;

/* Searches the most probable z[d] from start[d] within the bounds. z may be start. error[d] (or
 * NULL): standard errors on the scale, from the information; NaN where it has no inverse.
 * Method: trust region on Gauss-Newton's matrix (num/optimise.h) in coordinates that cannot leave
 * the bounds (James & Roos, MINUIT, Comput. Phys. Commun. 10:343, 1975).
 * Fails: GM_EDOMAIN (the start cannot be worked out), GM_ENUMERIC, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_petab_minimise(gm_petab *p, gm_pool *pool, const gm_watch *watch,
                                                const double *start, double *z, double *error,
                                                gm_petab_fit *out);

/* The parameter table with z as nominal values, all other columns as they were. */
GM_API GM_NODISCARD gm_status gm_petab_write_parameters(const gm_petab *p, const double *z,
                                                        gm_text *out);
/* PEtab's simulation table: the measurement table with simulation[points] for its measurements. */
GM_API GM_NODISCARD gm_status gm_petab_write_simulation(const gm_petab *p, const double *simulation,
                                                        gm_text *out);

#ifdef __cplusplus
}
#endif
#endif
