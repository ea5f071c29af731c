/* mode_climb.h - one climb to a mode: search, polish, curvature.
 * room: methods */
#ifndef GM_METHODS_MODE_CLIMB_H
#define GM_METHODS_MODE_CLIMB_H
#include "methods/infer_posterior.h"

typedef struct {
  double *u;       /* [d] start, then the mode                                    */
  double *hessian; /* [d*d] of the energy by u, positive definite                  */
  double *block;   /* owned: both of the above                                    */
  double energy;   /* u'u/2 - log-likelihood                                      */
  int32_t iterations;
  bool converged, repaired;
  const char *stopped; /* static text */
} gm__climb;

GM_NODISCARD gm_status gm__climb_open(gm_ctx *ctx, int32_t d, gm__climb *c);
void gm__climb_close(gm__climb *c);
/* Climbs from c->u; tolerance on the Newton decrement. Fails: GM_EDOMAIN (the start is impossible),
 * GM_ENUMERIC (no derivatives), GM_ECANCELLED, GM_ENOMEM, as predict; c then holds nothing of use
 * but may be used again. d >= 1. */
GM_NODISCARD gm_status gm__climb_run(gm__posterior *q, double tolerance, gm__climb *c);
#endif
