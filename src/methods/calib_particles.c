/* calib_particles.c - the result of a particle method. */
#include "methods/calib_internal.h"
#include "num/stats.h"
#include <math.h>

gm_status gm__particles_new(gm_ctx *ctx, int32_t n, int32_t dim, gm_particles **out)
{
  gm_particles *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "%d particles", (int)n);
  *p = (gm_particles){.n = n, .dim = dim};
  p->z = gm_alloc(ctx, (ptrdiff_t)n * dim, sizeof *p->z);
  p->weight = gm_alloc(ctx, n, sizeof *p->weight);
  p->loglik = gm_alloc(ctx, n, sizeof *p->loglik);
  p->distance = gm_alloc(ctx, n, sizeof *p->distance);
  p->marginal = gm_alloc(ctx, dim, sizeof *p->marginal);
  if (!p->z || !p->weight || !p->loglik || !p->distance || !p->marginal) {
    gm_particles_free(p);
    return gm_fail(ctx, GM_ENOMEM, "%d particles", (int)n);
  }
  for (int32_t m = 0; m < n; m++) p->loglik[m] = p->distance[m] = NAN;
  p->log_evidence = p->log_evidence_sd = p->acceptance = p->correlation_left = p->tolerance = NAN;
  p->repeats = 1;
  *out = p;
  return GM_OK;
}

void gm_particles_free(gm_particles *p)
{
  if (!p) return;
  gm_free(p->z);
  gm_free(p->weight);
  gm_free(p->loglik);
  gm_free(p->distance);
  gm_free(p->marginal);
  gm_free(p);
}

gm_status gm__particles_finish(gm_ctx *ctx, gm_particles *p)
{
  static const double level[] = {0.05, 0.5, 0.95};
  double *x = gm_alloc(ctx, p->n, sizeof *x);
  gm_status s = x ? GM_OK : gm_fail(ctx, GM_ENOMEM, "quantiles of %d particles", (int)p->n);
  p->ess = gm_stats_ess(p->n, p->weight);
  for (int32_t i = 0; i < p->dim && !s; i++) {
    gm_marginal *m = &p->marginal[i];
    double variance, q[3];
    for (ptrdiff_t k = 0; k < p->n; k++) x[k] = p->z[k * p->dim + i];
    s = gm_stats_mean(ctx, p->n, x, p->weight, &m->mean, &variance);
    if (!s) s = gm_stats_quantiles(ctx, p->n, x, p->weight, 3, level, q);
    if (s) break;
    m->sd = sqrt(variance);
    m->q05 = q[0];
    m->q50 = q[1];
    m->q95 = q[2];
    m->ess_bulk = p->ess;
    m->mcse_mean = m->sd / sqrt(p->ess); /* as if particles were independent */
    m->mcse_q05 = m->mcse_q50 = m->mcse_q95 = m->rhat = m->ess_tail = NAN;
  }
  gm_free(x);
  return s;
}
