/* calib_smc.c - sequential Monte Carlo from the prior to the posterior, with evidence.
 * The engine is temper.c's; here the prior is any and the likelihood may be an estimate, which is
 * kept with its place. Several independent repeats: the evidence is their mean, its error what they
 * differ by. */
#include "methods/calib_internal.h"
#include "methods/temper.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

/* A repeat's draws are kept for good, so they are moved until next to nothing is left. */
static const double correlation_last = 0.1;
enum { PAIRS_LAST = 40 };

typedef struct {
  gm__calib c;
  gm_smc_options o;
  int32_t n, d, repeat;
  double *z, *lp, *ll;         /* [n][d], [n], [n] of this repeat */
  double *evidence, *variance; /* [repeats] */
  double *block;
  uint64_t *replicate;
  double accepted, proposed, correlation; /* over repeats */
  int32_t stage_most;
} smc;

static gm_status smc_open(smc *w)
{
  ptrdiff_t n = w->n, d = w->d;
  w->block = gm_alloc(w->c.ctx, n * (d + 2) + 2 * (ptrdiff_t)w->o.repeats, sizeof *w->block);
  w->replicate = gm_alloc(w->c.ctx, n, sizeof *w->replicate);
  if (!w->block || !w->replicate)
    return gm_fail(w->c.ctx, GM_ENOMEM, "SMC of %d particles", (int)n);
  w->z = w->block;
  w->lp = w->z + n * d;
  w->ll = w->lp + n;
  w->evidence = w->ll + n;
  w->variance = w->evidence + w->o.repeats;
  return GM_OK;
}

static void smc_close(smc *w)
{
  gm_free(w->block);
  gm_free(w->replicate);
  gm__calib_close(&w->c);
}

/* ---- runs ------------------------------------------------------------------------------ */
static uint64_t slot_of(const smc *w, ptrdiff_t m)
{
  return (uint64_t)w->repeat * (uint64_t)w->n + (uint64_t)m;
}

/* A noisy likelihood gets another replicate for every place it is asked at. */
static gm_status density(void *user, int32_t n, const double *z, uint64_t turn, double *lp,
                         double *ll, double *carried)
{
  smc *w = user;
  (void)carried;
  for (ptrdiff_t m = 0; m < n; m++)
    w->replicate[m] = gm_hash64(gm_hash64(w->o.key.v[0], slot_of(w, m)), turn);
  return gm__calib_loglik(&w->c, n, z, w->replicate, lp, ll);
}

static gm_status begin(smc *w)
{
  gm_key prior = gm__calib_key(w->o.key, GM_PURPOSE_PRIOR);
  gm_status s = GM_OK;
  int32_t possible = 0;
  for (ptrdiff_t m = 0; m < w->n && !s; m++)
    s = gm__target_prior_draw(w->c.ctx, w->c.t, prior, slot_of(w, m), w->z + m * w->d);
  if (!s) s = density(w, w->n, w->z, 0, w->lp, w->ll, NULL);
  for (int32_t m = 0; m < w->n && !s; m++) possible += w->ll[m] > -INFINITY;
  if (!s && !possible)
    s = gm_fail(w->c.ctx, GM_EDOMAIN, "SMC: none of %d draws of the prior is possible", (int)w->n);
  return s;
}

static gm_status reached(void *user, double power)
{
  smc *w = user;
  if (power > 0)
    gm_watch_progress(w->c.watch, "SMC sampler", ((double)w->repeat + power) / w->o.repeats);
  if (power < 1 && gm_watch_stop(w->c.watch))
    return gm_fail(w->c.ctx, GM_ECANCELLED, "SMC: stopped at power %g", power);
  return GM_OK;
}

/* GM_ECANCELLED when the watch stops. */
static gm_status repeat(smc *w)
{
  gm__temper o = {.ctx = w->c.ctx,
                  .n = w->n,
                  .d = w->d,
                  .key = w->o.key,
                  .run = (uint64_t)w->repeat,
                  .share_kept = w->o.ess_share,
                  .correlation_last = correlation_last,
                  .pairs_last = PAIRS_LAST,
                  .density = density,
                  .reached = reached,
                  .user = w};
  gm__tempered t = {.u = w->z, .log_prior = w->lp, .loglik = w->ll};
  gm_status s = begin(w);
  if (!s) s = gm__temper_run(&o, &t);
  if (s) return s;
  w->evidence[w->repeat] = t.log_evidence;
  w->variance[w->repeat] = t.variance_kept;
  w->accepted += t.accepted_last;
  w->proposed += t.proposed_last;
  w->correlation = fmax(w->correlation, t.correlation);
  if (t.stages > w->stage_most) w->stage_most = t.stages;
  return GM_OK;
}

/* The particles of k whole repeats, weighted by their evidence. */
static gm_status pool(smc *w, gm_particles *r, int32_t k)
{
  const double *evidence = w->evidence, *variance = w->variance;
  double top = -INFINITY, sum = 0, spread = 0, within = 0;
  for (int32_t i = 0; i < k; i++) top = fmax(top, evidence[i]);
  for (int32_t i = 0; i < k; i++) sum += exp(evidence[i] - top);
  for (int32_t i = 0; i < k; i++) {
    double share = exp(evidence[i] - top) / sum, away = share * k - 1;
    spread += away * away / (k > 1 ? k - 1 : 1);
    within += share * share * variance[i];
    for (int32_t m = 0; m < w->n; m++) r->weight[(ptrdiff_t)i * w->n + m] = share / w->n;
  }
  r->n = k * w->n;
  r->repeats = k;
  r->log_evidence = top + log(sum / k);
  r->log_evidence_sd = sqrt(fmax(within, k > 1 ? spread / k : 0));
  return gm__particles_finish(w->c.ctx, r);
}

/* With several repeats their disagreement is the error: the repeats are chains to R-hat, and a
 * mean's error is that between the repeats where it is larger. */
static gm_status repeats_compare(smc *w, gm_particles *r, double *rhat_max)
{
  double *x = gm_alloc(w->c.ctx, r->n, sizeof *x);
  gm_status s = x ? GM_OK : gm_fail(w->c.ctx, GM_ENOMEM, "repeats of %d particles", (int)r->n);
  *rhat_max = 0;
  for (ptrdiff_t i = 0; i < r->dim && !s; i++) {
    gm_marginal *m = &r->marginal[i];
    double spread = 0, grand = 0;
    for (ptrdiff_t k = 0; k < r->n; k++) x[k] = r->z[k * r->dim + i];
    s = gm_diag_rhat(w->c.ctx, r->repeats, w->n, x, &m->rhat);
    if (s) break;
    *rhat_max = isnan(m->rhat) || isnan(*rhat_max) ? NAN : fmax(*rhat_max, m->rhat);
    for (int32_t k = 0; k < r->repeats; k++)
      grand += gm_stats_sum(w->n, x + (ptrdiff_t)k * w->n) / w->n / r->repeats;
    for (int32_t k = 0; k < r->repeats; k++) {
      double mean = gm_stats_sum(w->n, x + (ptrdiff_t)k * w->n) / w->n;
      spread += (mean - grand) * (mean - grand) / (r->repeats - 1);
    }
    m->mcse_mean = fmax(m->mcse_mean, sqrt(spread / r->repeats));
  }
  gm_free(x);
  return s;
}

static gm_status judge(smc *w, gm_particles *r)
{
  double rhat = 0;
  gm_status s = r->repeats > 1 ? repeats_compare(w, r, &rhat) : GM_OK;
  if (s) return s;
  if (r->cancelled)
    r->verdict = "not converged: stopped before its end";
  else if (!(r->correlation_left < 0.2))
    r->verdict = "not converged: the last moves did not forget where particles began";
  else if (!(rhat < 1.02)) /* repeats are few and short: their R-hat varies more than a chain's */
    r->verdict = "not converged: repeats disagree (R-hat >= 1.02)";
  else if (!(r->ess >= 400))
    r->verdict = "not converged: effective size below 400";
  else if (!(r->log_evidence_sd < 0.5))
    r->verdict = "not converged: the evidence is not known to half a unit";
  else
    r->verdict = r->repeats > 1 ? "converged" : "converged, as far as one repeat can tell";
  r->converged = r->verdict[0] == 'c';
  return GM_OK;
}

static gm_status run(smc *w, gm_particles *r)
{
  gm_status s = GM_OK;
  int32_t done = 0;
  w->correlation = -1;
  for (; done < w->o.repeats && !s; done++) {
    w->repeat = done;
    s = repeat(w);
    if (s) break;
    ptrdiff_t at = (ptrdiff_t)done * w->n;
    memcpy(r->z + at * w->d, w->z, (size_t)w->n * (size_t)w->d * sizeof *r->z);
    memcpy(r->loglik + at, w->ll, (size_t)w->n * sizeof *r->loglik);
  }
  if (s == GM_ECANCELLED && done && gm_watch_stop(w->c.watch)) {
    r->cancelled = true;
    s = GM_OK;
  }
  if (s) return s;
  r->acceptance = w->accepted / w->proposed;
  r->correlation_left = w->correlation;
  r->stages = w->stage_most;
  r->evaluations = w->c.evaluations;
  s = pool(w, r, done);
  return s ? s : judge(w, r);
}

static gm_status options_set(smc *w, const gm_smc_options *options)
{
  if (options) w->o = *options;
  if (!w->o.n) w->o.n = 1000;
  if (!w->o.repeats) w->o.repeats = 4;
  if (w->o.ess_share == 0) w->o.ess_share = 0.5;
  w->n = w->o.n;
  w->d = w->c.t->dim;
  w->c.watch = w->o.watch;
  if (w->n < 2 * w->d + 2 || w->o.repeats < 1 || (int64_t)w->n * w->o.repeats > INT32_MAX)
    return gm_fail(w->c.ctx, GM_ERANGE, "SMC: %d particles in %d dimensions, %d repeats", (int)w->n,
                   (int)w->d, (int)w->o.repeats);
  if (!(w->o.ess_share > 0 && w->o.ess_share < 1))
    return gm_fail(w->c.ctx, GM_ERANGE, "SMC: share %g of the effective size", w->o.ess_share);
  return GM_OK;
}

gm_status gm_smc(gm_ctx *ctx, const gm_target *t, const gm_smc_options *options, gm_particles **out)
{
  smc w = {.c = {.ctx = ctx, .t = t}};
  gm_particles *r = NULL;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(&w, options);
  if (!s) s = smc_open(&w);
  if (!s) s = gm__particles_new(ctx, w.n * w.o.repeats, w.d, &r);
  if (s) goto out;
  r->method = "SMC sampler by tempering";
  r->rung = t->noisy ? "noisy likelihood" : "likelihood";
  s = run(&w, r);
out:
  smc_close(&w);
  if (s)
    gm_particles_free(r);
  else
    *out = r;
  return s;
}
