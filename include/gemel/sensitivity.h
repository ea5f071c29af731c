/* sensitivity.h - what the spread of an output comes from: screening, variance shares, Shapley.
 * room: methods
 * Everything takes a black box alone: points of the unit cube in, outputs out. A model that moves
 * by chance has one input more, the number of its random key; so its noise has shares like any
 * input: total (intrinsic share), first order (what the key does by itself) and interaction.
 *
 * Intervals come from independent randomisations of the whole design (trajectories, scrambled
 * nets), by Student's t: they hold for the very estimator used. No resampling of one design.
 * An output that is not finite is an error that names the point, or, with leave_out, its row is
 * left out of all sums and counted: the indices are then those of the rest.
 * Same bits for any number of threads inside eval. Threads: no state; one ctx a call. */
#ifndef GEMEL_SENSITIVITY_H
#define GEMEL_SENSITIVITY_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[n][output_count] at u[n][dim], points of the unit cube (inputs are the quantiles of their laws
 * at u). replicate[n]: number of the random key; equal numbers mean the same noise; a deterministic
 * model ignores it. A status other than GM_OK ends the method and is returned. */
typedef struct {
  int32_t dim, output_count;
  gm_status (*eval)(void *user, gm_ctx *ctx, int32_t n, const double *u, const uint64_t *replicate,
                    double *y);
  void *user;
  bool noisy; /* the key counts as input number dim */
} gm_function;

/* An estimate, its standard error and its interval of the level asked for; NaN where the output
 * does not vary. Shares are not clipped to [0, 1]. */
typedef struct {
  double value, error, low, high;
} gm_sens_value;

typedef struct {
  int64_t runs;     /* evaluations that were made */
  int64_t failed;   /* of them with an output that is not finite */
  int64_t left_out; /* rows (trajectories, points with all their neighbours) not used for that */
  int32_t used;     /* randomisations behind the intervals */
  bool complete;    /* false: stopped by watch; what was done until then is in the result */
} gm_sens_count;

/* ---- Morris screening ------------------------------------------------------------------------ */
typedef struct {
  uint64_t seed;
  int32_t trajectory_count; /* 0: 50; at least 2 */
  int32_t level_count;      /* p, even; 0: 4 */
  double edge;  /* the grid spans [edge, 1 - edge]; 0: the whole cube, its faces included, where
                   an unbounded law has no finite value */
  double level; /* of intervals; 0: 0.95 */
  bool leave_out;
  int32_t batch_max;     /* most points a call of eval (at least one row is); 0: 8192 */
  const gm_watch *watch; /* or NULL; asked between calls of eval */
} gm_morris_options;

/* Elementary effects (f(u + delta e_j) - f(u)) / delta, delta = p / (2 (p - 1)) of the grid's span
 * (Morris 1991): their mean, the mean of their size (Campolongo 2007), their sd. [output * dim +
 * input]. sigma's interval (jackknife of its logarithm) covers less than it says where effects take
 * few values: 87 % in place of 95 with 40 trajectories of Ishigami. A noisy model has one key a
 * trajectory: its effects are those at equal noise, and the noise shows in sigma. */
typedef struct {
  int32_t dim, output_count;
  gm_sens_value *mu, *mu_star, *sigma;
  gm_sens_count count;
} gm_morris;

/* trajectory_count * (dim + 1) evaluations. options may be NULL. *out is owned by the caller.
 * Fails: GM_ERANGE (dim, output_count < 1; an option), GM_EDOMAIN (outputs not finite),
 * GM_ECANCELLED (stopped before two trajectories), GM_ENUMERIC (fewer than two are left),
 * GM_ENOMEM, or eval's status. */
GM_API GM_NODISCARD gm_status gm_morris_run(gm_ctx *ctx, const gm_function *f,
                                            const gm_morris_options *options, gm_morris **out);
GM_API void gm_morris_free(gm_morris *m); /* NULL ok */

/* ---- Sobol' indices, inputs independent ------------------------------------------------------ */
typedef struct {
  uint64_t seed;
  int32_t log2_rows;       /* each net has 2^log2_rows points, at most 2^26; 0: 10 */
  int32_t replicate_count; /* independently scrambled nets; 0: 16; at least 2 */
  bool second;             /* second order too; dim + 1 <= 256 */
  double level;            /* of intervals; 0: 0.95 */
  bool leave_out;
  int32_t batch_max;     /* most points a call of eval (at least one row is); 0: 8192 */
  const gm_watch *watch; /* or NULL; asked between calls of eval */
} gm_sobol_options;

/* inputs: dim, and one more for the key of a noisy model. Shares of Var Y:
 *   first[o*inputs + j]        Var E[Y | X_j] / Var Y             Saltelli et al. 2010, table 2 (b)
 *   total[o*inputs + j]        E Var[Y | all but X_j] / Var Y     Jansen 1999
 *   interaction[o*inputs + j]  total - first
 *   explained[o]               Var E[Y | X] / Var Y = 1 - total of the key (1 if not noisy)
 *   explained_first[o*dim+j]   Var E[Y | X_j] / Var E[Y | X]: the first order of the mean output
 *   second[o*pairs + k]        interaction of the k-th pair (0,1), (0,2) ... (1,2) ... of inputs;
 *                              NULL unless asked for (Saltelli 2002)
 *   mean[o], variance[o]       of Y, noise included */
typedef struct {
  int32_t dim, inputs, output_count, pairs;
  int32_t rows; /* a net */
  gm_sens_value *first, *total, *interaction, *explained, *explained_first, *second;
  gm_sens_value *mean, *variance;
  gm_sens_count count;
} gm_sobol_shares;

/* replicate_count * 2^log2_rows * (inputs + 2) evaluations, with second order (2 inputs + 2).
 * Points of 2 dim <= 1,111 coordinates: dim <= 555. options may be NULL. *out: the caller's.
 * Fails: as gm_morris_run; GM_EUNSUPPORTED (dim > 555, or > 255 with second order). */
GM_API GM_NODISCARD gm_status gm_sobol_run(gm_ctx *ctx, const gm_function *f,
                                           const gm_sobol_options *options, gm_sobol_shares **out);
GM_API void gm_sobol_shares_free(gm_sobol_shares *s); /* NULL ok */
/* Number of the pair (i, j), i != j, among those of `inputs` inputs. */
GM_API int32_t gm_sobol_pair(int32_t inputs, int32_t i, int32_t j);

/* ---- Shapley effects, inputs dependent or not ------------------------------------------------ */
typedef struct {
  uint64_t seed;
  int32_t log2_rows;         /* as above; 0: 10 */
  int32_t replicate_count;   /* 0: 16; at least 2 */
  const double *correlation; /* [dim][dim] of the normal scores of the inputs; NULL: independent */
  int32_t exact_max; /* up to so many inputs (key included) all orders are summed, 2^inputs runs a
                        row; above, one random order a row, inputs + 1 runs. 0: 5; at most 12; -1:
                        always random orders */
  double level;      /* of intervals; 0: 0.95 */
  bool leave_out;
  int32_t batch_max;     /* most points a call of eval (at least one row is); 0: 8192 */
  const gm_watch *watch; /* or NULL; asked between calls of eval */
} gm_shapley_options;

/* effect[o*inputs + j]: the share of Var Y owed to input j, summing to 1 (Owen 2014; Song, Nelson &
 * Staum 2016), of the game c(set) = E Var[Y | the others]; the key of a noisy model is a player.
 * Dependence is a Gaussian copula; conditional draws are exact. */
typedef struct {
  int32_t dim, inputs, output_count;
  bool exact_orders;
  gm_sens_value *effect, *variance;
  gm_sens_count count;
} gm_shapley;

/* Fails: as gm_morris_run; GM_EDOMAIN, GM_ENUMERIC (correlation not symmetric, its diagonal not 1,
 * not positive definite), GM_EUNSUPPORTED (dim > 555). */
GM_API GM_NODISCARD gm_status gm_shapley_run(gm_ctx *ctx, const gm_function *f,
                                             const gm_shapley_options *options, gm_shapley **out);
GM_API void gm_shapley_free(gm_shapley *s); /* NULL ok */

#ifdef __cplusplus
}
#endif
#endif
