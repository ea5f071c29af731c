/* prior.h - what a bank of twins teaches about the next one: typical values and spread learned
 * from the twins whose subjects let their data train models. room: twin
 * Threads: no shared state. */
#ifndef GEMEL_PRIOR_H
#define GEMEL_PRIOR_H
#include "gemel/life.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an effect is of. */
typedef struct {
  const char *name, *unit; /* of the parameter; the prior's */
  gm_spread law;
  double typical; /* of the parameter where every covariate, and the number of the occasion, is 1: a
                     mean of effects is about typical values. NaN: not finite there */
} gm_prior_effect;

/* Of the random effects between subjects: eta ~ N(mean, omega) in place of N(0, definition's). */
typedef struct {
  int32_t eta_count;
  gm_prior_effect *effect; /* [eta_count] */
  double *mean, *omega;    /* [eta_count], [eta_count^2]; the prior's */
  /* [eta_count] standard error of the mean over subjects, NaN where the twins' data do not tell it:
   * by the empirical information (Meilijson, J. R. Stat. Soc. B 51:127, 1989), omega taken as known
   */
  double *mean_error;
  int32_t twins, subjects, iterations;
  int32_t other;    /* twins of other definitions or without a belief, left out */
  double ess_least; /* least effective members of a twin under the learned prior */
  bool converged;
  const char *definition, *model; /* hashes of the files it was learned under, in hexadecimal */
  /* the caller's, false unless they were set: to be applied though it had not converged, and under
   * other files than those it was learned under */
  bool unconverged_ok, other_files_ok;
  void *memory; /* private */
} gm_prior;
GM_API void gm_prior_free(gm_prior *p); /* NULL ok */

/* EM over the twins of this definition (by the hashes of its files): each twin's members, weighted
 * anew from the prior they were made with to the one at hand, stand for its posterior (Monte Carlo
 * EM; Wei & Tanner, J. Am. Stat. Assoc. 85:699, 1990). Exact up to the members' number as long as
 * ess_least is not small. The session's purpose is GM_USE_TRAINING; twins whose consents do not
 * permit that are not seen. Fails: GM_EINVAL (another purpose, a definition without spread),
 * GM_EDENIED (fewer than GM_BANK_LEAST subjects permit it), GM_ENUMERIC (a spread that vanishes),
 * as gm_life_open. *out is owned by the caller. */
GM_API GM_NODISCARD gm_status gm_prior_learn(gm_ctx *ctx, gm_session *a, const char *definition,
                                             const gm_watch *watch, gm_prior **out);

/* As JSON, every bit of numbers, all of it; and back. read fails: GM_EPARSE (what is missing, or is
 * no prior), GM_ENOMEM. */
GM_API void gm_prior_write(const gm_prior *p, gm_text *out);
GM_API GM_NODISCARD gm_status gm_prior_read(gm_ctx *ctx, const char *name, const char *text,
                                            size_t bytes, gm_prior **out);
/* The definition's random effects become those of the prior. definition, model: hashes of the files
 * that d was read from, as gm_store_document_put names them; NULL: they are not compared. Fails,
 * leaving d as it was: GM_EINVAL (effects of other parameters, units, laws or typical values, or in
 * another order; learned under other files, and not other_files_ok; not converged, and not
 * unconverged_ok; a spread that is none), GM_EDENIED (of fewer than GM_BANK_LEAST subjects),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_prior_apply(gm_ctx *ctx, const gm_prior *p, const char *definition,
                                             const char *model, gm_definition *d);

#ifdef __cplusplus
}
#endif
#endif
