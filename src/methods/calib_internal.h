/* calib_internal.h - what the calibration methods share: asking a target, bounds, results.
 * room: methods */
#ifndef GM_METHODS_CALIB_INTERNAL_H
#define GM_METHODS_CALIB_INTERNAL_H
#include "gemel/calibrate.h"

/* A run of a method on a target. Scratch grows as batches do. */
typedef struct {
  gm_ctx *ctx;
  const gm_target *t;
  const gm_watch *watch;
  int64_t evaluations, gradients;
  double *room; /* owned */
  ptrdiff_t room_size;
  uint64_t *replicate; /* owned */
  int32_t *index;      /* owned */
  int32_t index_size;
} gm__calib;

/* dim, bounds, callbacks. need_loglik: loglik (or gradient) must be there. Fails: GM_EINVAL. */
GM_NODISCARD gm_status gm__target_check(gm_ctx *ctx, const gm_target *t, bool need_loglik);
void gm__calib_close(gm__calib *c);
bool gm__target_inside(const gm_target *t, const double *z);
/* -INFINITY outside the bounds, where not finite, and where log_prior is NaN. */
double gm__target_log_prior(const gm_target *t, const double *z);
/* work[dim] */
void gm__target_log_prior_gradient(const gm_target *t, const double *z, double *g, double *work);
/* A draw of the prior within the bounds. Fails: GM_EDOMAIN after 10,000 draws outside. */
GM_NODISCARD gm_status gm__target_prior_draw(gm_ctx *ctx, const gm_target *t, gm_key key,
                                             uint64_t slot, double *z);
/* lp[n], ll[n] of z[n][dim]; a point whose prior is 0 is not asked for, ll -INFINITY. replicate[n]
 * may be NULL (0 for all). Fails: GM_EDOMAIN (+inf), callbacks. */
GM_NODISCARD gm_status gm__calib_loglik(gm__calib *c, int32_t n, const double *z,
                                        const uint64_t *replicate, double *lp, double *ll);
/* The same with g[n][dim] of the log-likelihood alone; differences where there is no gradient. */
GM_NODISCARD gm_status gm__calib_gradient(gm__calib *c, int32_t n, const double *z, double *lp,
                                          double *ll, double *g);
/* Residuals and jacobian, differences where it has none. Points must lie within the bounds. */
GM_NODISCARD gm_status gm__calib_residual(gm__calib *c, int32_t n, const double *z, double *r,
                                          double *jac);
/* Room for count doubles, kept by the run; NULL when no memory (message set). Not zeroed. */
double *gm__calib_room(gm__calib *c, ptrdiff_t count);

/* Starts with finite posterior, z[n][dim]: given ones as they are (which must be possible), or
 * prior draws, each tried again up to 200 times. Fails: GM_EDOMAIN. */
GM_NODISCARD gm_status gm__calib_starts(gm__calib *c, gm_key key, int32_t n, const double *given,
                                        double *z, double *lp, double *ll);

/* ---- results -------------------------------------------------------------------------------- */
GM_NODISCARD gm_status gm__chains_new(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t dim,
                                      gm_chains **out);
/* Closes the ranks to draw_done kept draws of each chain (of draw_count allotted), fills marginals,
 * diagnostics and the verdict. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__chains_finish(gm_ctx *ctx, gm_chains *c, int32_t draw_done);
/* Diagnostics of one coordinate; x[chains][draws], group walkers an ensemble. */
GM_NODISCARD gm_status gm__diag_marginal(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t group,
                                         const double *x, gm_marginal *out);
/* purpose and what the replicates of a run are numbered with. */
gm_key gm__calib_key(gm_key key, gm_purpose purpose);

GM_NODISCARD gm_status gm__particles_new(gm_ctx *ctx, int32_t n, int32_t dim, gm_particles **out);
/* Weighted moments, quantiles and Kish's size of z; what chains alone can tell becomes NaN. */
GM_NODISCARD gm_status gm__particles_finish(gm_ctx *ctx, gm_particles *p);

/* ---- ends of starts to distinct optima ------------------------------------------------------- */
typedef struct {
  double *z;    /* [dim] borrowed */
  double value; /* log density; -INFINITY: failed */
  double loglik;
  bool converged;
} gm__end;
/* Gathers ends[start_count] into an owned result. same as in the options. Fails: GM_ENOMEM,
 * GM_EDOMAIN (no start was possible). */
GM_NODISCARD gm_status gm__optima_make(gm__calib *c, int32_t start_count, const gm__end *ends,
                                       double same, gm_optima **out);
/* z[starts][dim]: the given ones, then spread points. Fails: GM_ENOMEM, GM_EDOMAIN (given outside
 * the bounds). */
GM_NODISCARD gm_status gm__calib_spread(gm__calib *c, const gm_multistart_options *o,
                                        int32_t starts, double *z);
#endif
