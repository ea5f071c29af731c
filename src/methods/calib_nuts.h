/* calib_nuts.h - one chain of the no-U-turn sampler as a machine that takes one gradient at a time,
 * so that the gradients of all chains are asked in one batch.
 * room: methods */
#ifndef GM_METHODS_CALIB_NUTS_H
#define GM_METHODS_CALIB_NUTS_H
#include "gemel/calibrate.h"

enum { GM__NUTS_DEPTH_MOST = 20 };

typedef enum { GM__NUTS_PROBE, GM__NUTS_TREE, GM__NUTS_DONE } gm__nuts_phase;

typedef struct {
  double *u, *p, *g; /* [d] place, momentum, gradient of the log density at u */
  double lp, ll;     /* log density in u; log-likelihood */
} gm__nuts_point;

typedef struct {
  gm_key key;
  uint64_t chain;
  int32_t d, depth_max, warmup, draws, thin;
  bool dense_allowed, dense_wanted;
  double acceptance_target;

  gm__nuts_phase phase;
  gm__nuts_point now;          /* where the moving end is; a batch fills g, lp, ll of the next u */
  gm__nuts_point here;         /* where this iteration began; p unused */
  gm__nuts_point left, right;  /* ends of the whole tree */
  gm__nuts_point chosen, sub;  /* draws of the whole tree and of the growing subtree; p unused */
  double *sum, *sub_sum;       /* [d] sums of the momenta */
  double *check_p, *check_sum; /* [DEPTH_MOST][d] */
  double *velocity, *work;     /* [d] */
  double *metric;              /* [d][d] or [d]: inverse mass */
  double *factor;              /* [d][d] lower factor of the inverse mass when dense */
  bool dense;
  double *window_mean, *window_cov; /* [d], [d][d] running */
  int32_t window_count, window_end, window_size, buffer_first, buffer_last;
  double energy;                  /* at the iteration's beginning */
  double weight_tree, weight_sub; /* ln of the sums of exp(H0 - H) */
  double accept_sum;
  int32_t leaf, leaf_count; /* in the growing subtree */
  int32_t depth, steps;
  bool forward, probing_up;
  bool probed;
  double epsilon;
  double da_mu, da_error, da_log_mean; /* dual averaging */
  int32_t da_count;
  int32_t iteration; /* warm-up included */
  int64_t probes;
  /* of draws after the warm-up */
  double accept_total;
  int64_t accept_count;
  int32_t divergences, depth_hits;
  bool drawn; /* an iteration ended with this call */
  double *block;
} gm__nuts;

/* u: place, with its lp, ll, g already known. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__nuts_open(gm_ctx *ctx, gm__nuts *s);
void gm__nuts_close(gm__nuts *s);
/* Begins at here (u, lp, ll, g filled by the caller). */
void gm__nuts_begin(gm__nuts *s);
/* Half a kick and a drift: now.u is the place whose gradient is wanted. */
void gm__nuts_drift(gm__nuts *s);
/* now.g, now.lp, now.ll are filled: the second half kick and what follows. */
void gm__nuts_arrive(gm__nuts *s);
#endif
