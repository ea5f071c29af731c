/* temper.h - sequential Monte Carlo from a prior to a posterior, by powers of the likelihood.
 * room: methods
 * One engine for every belief that is a density: the caller has the particles, their prior and
 * likelihood, many at once; the engine has the powers, the weights, resampling, moves and evidence.
 * Threads: no state; one call belongs to one thread. Same bytes for the same key. */
#ifndef GM_METHODS_TEMPER_H
#define GM_METHODS_TEMPER_H
#include "gemel/rand.h"

typedef struct {
  gm_ctx *ctx;
  int32_t n, d;    /* particles; coordinates, >= 1 */
  int32_t carried; /* numbers that go with each particle (its predictions), >= 0 */
  gm_key key;      /* purposes are set by the engine */
  uint64_t run;    /* tells independent runs of one key apart */
  /* Effective size that a step of the power leaves, as a share of the possible particles. */
  double share_kept;
  /* Moves of the last stage go on until no coordinate's correlation with its place before them is
   * above this, or this many pairs of moves were made. */
  double correlation_last;
  int32_t pairs_last;
  /* ln prior, but for a constant, log_prior[n], ln likelihood loglik[n] (may be an estimate: it is
   * kept with its place) and carried[n][carried] at u[n][d]; -INFINITY where impossible, never NaN
   * or +INFINITY. turn > 0 is another number for each set of proposals of one run. */
  gm_status (*density)(void *user, int32_t n, const double *u, uint64_t turn, double *log_prior,
                       double *loglik, double *carried);
  /* Before every stage and after the last, with the power that is reached; may end the run by what
   * it fails with. NULL: not wanted. */
  gm_status (*reached)(void *user, double power);
  void *user;
} gm__temper;

/* Before: draws of the prior with their density, borrowed. After: draws of the posterior, all of
 * one weight. */
typedef struct {
  double *u;                           /* [n][d] */
  double *log_prior, *loglik;          /* [n] */
  double *carried;                     /* [n][carried] */
  double log_evidence;                 /* of the prior's normalised form */
  double variance;                     /* of log_evidence, were the stages' errors independent */
  double variance_kept;                /* and with what the moves between them did not forget */
  double accepted, proposed;           /* moves of all stages */
  double accepted_last, proposed_last; /* of the last stage */
  double correlation;                  /* largest that its moves have left */
  int32_t stages;
} gm__tempered;

/* Fails: GM_ENUMERIC (no particle is possible; no end after GM__STAGES_MAX stages), GM_ENOMEM, what
 * the callbacks fail with. The arrays then hold whatever was reached. */
GM_NODISCARD gm_status gm__temper_run(const gm__temper *o, gm__tempered *p);
enum { GM__STAGES_MAX = 500 };

/* Standard normals u[d] of this meaning, four to an index. */
void gm__normals_draw(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, int32_t d,
                      double *u);
/* Draw of a multivariate t with df degrees of freedom at mean[d] with scale matrix K K', K lower:
 * kinds 1 and 2 of this draw. work[d]. */
void gm__t_draw(gm_key key, uint64_t slot, uint64_t entity, uint32_t draw, double df, int32_t d,
                const double *mean, const double *k, double *work, double *u);
#endif
