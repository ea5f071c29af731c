/* members_internal.h - what the two ways to a posterior ensemble share.
 * room: methods */
#ifndef GM_METHODS_MEMBERS_INTERNAL_H
#define GM_METHODS_MEMBERS_INTERNAL_H
#include "methods/infer_posterior.h"

/* Degrees of freedom of the proposals: heavy enough for tails, with a finite covariance. */
#define GM__MEMBERS_DF 5

/* Draw `slot` of a multivariate t at mean[d] with scale matrix K K': a pure function of its
 * arguments. move tells draws of one key apart. work[d]. */
void gm__members_t_draw(gm_key key, uint64_t slot, uint64_t entity, uint32_t move, int32_t d,
                        const double *mean, const double *k, double *work, double *u);
/* Prior draws u[n*d] ~ N(0, I). Slot m depends on (key, m) alone. */
void gm__members_prior_draw(gm_key key, int32_t n, int32_t d, double *u);

/* Tempered resample-move from the prior to the posterior. Arrays as in gm_members, u in place of
 * z; all n members have equal weight in the end. */
typedef struct {
  double *u;      /* [n*d]           */
  double *f;      /* [n*datum_count] */
  double *loglik; /* [n]             */
  double log_evidence, log_evidence_sd, acceptance;
  int32_t stages;
} gm__tempered;
/* Fails: GM_ENUMERIC (no member of the prior can have given the data, or no end after
 * GM__STAGES_MAX stages), GM_ECANCELLED, GM_ENOMEM, as predict. */
GM_NODISCARD gm_status gm__members_temper(gm__posterior *q, gm_key key, int32_t n,
                                          gm__tempered *out);
#define GM__STAGES_MAX 200
#endif
