/* calib_chains.c - the result of a Markov chain method: its draws, their worth, the verdict. */
#include "methods/calib_internal.h"
#include <math.h>
#include <string.h>

/* Limits of the paper of the diagnostics (Vehtari et al. 2021, section 4). */
static const double rhat_limit = 1.01, ess_limit = 400;

gm_status gm__chains_new(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t dim, gm_chains **out)
{
  ptrdiff_t n = (ptrdiff_t)chains * draws;
  gm_chains *c = gm_alloc(ctx, 1, sizeof *c);
  if (!c) return gm_fail(ctx, GM_ENOMEM, "%td draws of chains", n);
  *c = (gm_chains){.chain_count = chains, .draw_count = draws, .dim = dim, .group = 1};
  c->z = gm_alloc(ctx, n * dim, sizeof *c->z);
  c->loglik = gm_alloc(ctx, n, sizeof *c->loglik);
  c->log_posterior = gm_alloc(ctx, n, sizeof *c->log_posterior);
  c->marginal = gm_alloc(ctx, dim, sizeof *c->marginal);
  if (!c->z || !c->loglik || !c->log_posterior || !c->marginal) {
    gm_chains_free(c);
    return gm_fail(ctx, GM_ENOMEM, "%td draws of chains", n);
  }
  c->rhat_max = c->ess_bulk_min = c->ess_tail_min = c->acceptance = c->step_mean = NAN;
  *out = c;
  return GM_OK;
}

void gm_chains_free(gm_chains *c)
{
  if (!c) return;
  gm_free(c->z);
  gm_free(c->loglik);
  gm_free(c->log_posterior);
  gm_free(c->marginal);
  gm_free(c);
}

static void close_ranks(gm_chains *c, int32_t done)
{
  size_t old = (size_t)c->draw_count, now = (size_t)done, d = (size_t)c->dim;
  for (size_t k = 1; k < (size_t)c->chain_count && done < c->draw_count; k++) {
    memmove(c->z + k * now * d, c->z + k * old * d, now * d * sizeof *c->z);
    memmove(c->loglik + k * now, c->loglik + k * old, now * sizeof *c->loglik);
    memmove(c->log_posterior + k * now, c->log_posterior + k * old, now * sizeof *c->loglik);
  }
  c->draw_count = done;
}

static gm_status marginals(gm_ctx *ctx, gm_chains *c)
{
  ptrdiff_t n = (ptrdiff_t)c->chain_count * c->draw_count;
  double *x = gm_alloc(ctx, n, sizeof *x);
  gm_status s = x ? GM_OK : gm_fail(ctx, GM_ENOMEM, "diagnostics of %td draws", n);
  c->rhat_max = 0;
  c->ess_bulk_min = c->ess_tail_min = INFINITY;
  for (ptrdiff_t i = 0; i < c->dim && !s; i++) {
    for (ptrdiff_t k = 0; k < n; k++) x[k] = c->z[k * c->dim + i];
    s = gm__diag_marginal(ctx, c->chain_count, c->draw_count, c->group, x, &c->marginal[i]);
    if (s) break;
    const gm_marginal *m = &c->marginal[i];
    /* one coordinate that cannot be told is not hidden by the others */
    c->rhat_max = isnan(m->rhat) || isnan(c->rhat_max) ? NAN : fmax(c->rhat_max, m->rhat);
    c->ess_bulk_min =
        isnan(m->ess_bulk) || isnan(c->ess_bulk_min) ? NAN : fmin(c->ess_bulk_min, m->ess_bulk);
    c->ess_tail_min =
        isnan(m->ess_tail) || isnan(c->ess_tail_min) ? NAN : fmin(c->ess_tail_min, m->ess_tail);
  }
  gm_free(x);
  return s;
}

static const char *verdict(const gm_chains *c)
{
  if (c->cancelled) return "not converged: stopped before its end";
  if (isnan(c->rhat_max)) return "not converged: too few draws, or chains that do not move";
  if (!(c->rhat_max < rhat_limit)) return "not converged: chains disagree (R-hat >= 1.01)";
  if (!(c->ess_bulk_min >= ess_limit)) return "not converged: bulk effective size below 400";
  if (!(c->ess_tail_min >= ess_limit)) return "not converged: tail effective size below 400";
  if (c->divergences) return "not to be trusted: divergent transitions, a region is left out";
  return "converged";
}

gm_status gm__chains_finish(gm_ctx *ctx, gm_chains *c, int32_t draw_done)
{
  if (draw_done < c->draw_count) c->cancelled = true;
  if (draw_done < 1) return gm_fail(ctx, GM_ECANCELLED, "%s: stopped before a draw", c->method);
  close_ranks(c, draw_done);
  gm_status s = marginals(ctx, c);
  c->verdict = verdict(c);
  c->converged = c->verdict[0] == 'c';
  return s;
}
