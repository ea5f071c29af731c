/* prior_internal.h - inside of learned priors: EM over members. */
#ifndef GEMEL_TWIN_PRIOR_INTERNAL_H
#define GEMEL_TWIN_PRIOR_INTERNAL_H
#include "gemel/prior.h"

/* One twin's members: eta[n*k] themselves (not as differences from a mean), their weights, and the
 * prior they were made with. */
typedef struct {
  int32_t n;
  int64_t subject;
  double *eta, *weight, *mean, *omega;
  double *log_prior; /* [n] under that prior */
} gm__learner;

/* Effects without a name, hashes "". NULL: no memory. */
gm_prior *gm__prior_new(gm_ctx *ctx, int32_t eta_count);
/* Says whose effects they are. Fails: GM_ENOMEM. */
gm_status gm__prior_describe(gm_ctx *ctx, gm_prior *p, const gm_definition *d,
                             const char *definition, const char *model);
/* From a prior to begin with (p->mean, p->omega) to the learned one. Fails: GM_ENUMERIC, GM_ENOMEM,
 * GM_ECANCELLED. */
gm_status gm__prior_em(gm_ctx *ctx, gm__learner *twin, int32_t count, const gm_watch *watch,
                       gm_prior *p);
#endif
