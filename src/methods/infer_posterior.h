/* infer_posterior.h - the posterior of one subject in coordinates where its prior is standard.
 * room: methods
 * z = L u with L L' = prior covariance, so that u ~ N(0, I) before any data. All methods of this
 * room work in u; the evidence is the same number in both.
 * Threads: a posterior belongs to one thread. */
#ifndef GM_METHODS_INFER_POSTERIOR_H
#define GM_METHODS_INFER_POSTERIOR_H
#include "gemel/infer.h"

#define GM__LN_2PI 1.8378770664093454836 /* ln(2 pi) */

/* d gm_datum_loglik / df; 0 where the prediction is impossible. */
double gm__datum_slope(const gm_datum *d, double f);
/* What one prediction tells of itself, d2(-log likelihood)/df2: for a measured datum expected over
 * the data, (df)^2/s2 + (d ln s2)^2/2 per df^2; for a censored one at the datum itself. Always
 * >= 0; 0 where the prediction is impossible. Almquist, Leander & Jirstrand, J Pharmacokinet
 * Pharmacodyn 42:191 (2015), eq. 18-19 is the measured part. */
double gm__datum_information(const gm_datum *d, double f);
/* The part of the log-likelihood that no prediction changes: - ln(2 pi)/2 of each measured value,
 * and - ln(value) of those on the log scale. */
/* Is it a datum that methods can take? Fails: GM_EDOMAIN, GM_EINVAL, naming it by j + 1. */
gm_status gm__datum_check(gm_ctx *ctx, int32_t j, const gm_datum *d);
double gm__data_constant(int32_t n, const gm_datum *d);

typedef struct {
  gm_ctx *ctx;
  const gm_problem *p;   /* borrowed */
  const gm_watch *watch; /* borrowed, may be NULL */
  int32_t d;
  double *l;     /* [d*d] owned: the lower factor of the prior covariance */
  double *z, *f; /* owned: one chunk of points and predictions */
  int64_t evaluations;
  gm_status failed; /* what predict itself failed with */
} gm__posterior;

/* Checks the problem and makes *q. Fails, leaving nothing behind: GM_EINVAL (sizes), GM_EDOMAIN (a
 * datum that cannot be scored, by number; a prior that is not positive definite: coordinates
 * without variance are for the caller to leave out), GM_ENOMEM. */
GM_NODISCARD gm_status gm__posterior_open(gm_ctx *ctx, const gm_problem *p, const gm_watch *watch,
                                          gm__posterior *q);
void gm__posterior_close(gm__posterior *q); /* all zero is fine */

/* Log-likelihood loglik[n] at u[n*d]; also the predictions f[n*datum_count] unless NULL. Asked in
 * chunks, the watch before each. Fails: GM_ECANCELLED, what predict fails with. */
GM_NODISCARD gm_status gm__posterior_loglik(gm__posterior *q, int32_t n, const double *u, double *f,
                                            double *loglik);
/* Whether s says that the numbers did not come out at some point, not that predict failed: then
 * another point may do. */
bool gm__posterior_soft(const gm__posterior *q, gm_status s);
/* A gm_batch_f of a gm__posterior: value = u'u/2 - loglik; infinite where impossible. */
gm_status gm__posterior_energy(void *posterior, int32_t n, const double *u, double *value);
/* z[n*d] = L u */
void gm__posterior_z(const gm__posterior *q, int32_t n, const double *u, double *z);

#endif
