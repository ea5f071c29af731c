/* calib_smc.c - sequential Monte Carlo from the prior to the posterior, with evidence.
 * Powers of the likelihood from 0 to 1 (Del Moral, Doucet & Jasra, J. R. Stat. Soc. B 68:411,
 * 2006), each chosen by the effective size of its weights (Jasra et al., Scand. J. Stat. 38:1,
 * 2011), systematic resampling, then moves that leave the tempered posterior as it is, by turns a
 * random walk with the particles' own covariance and an independent draw of a t fitted to them
 * (which carries particles between modes). members_temper.c does the same for one subject's
 * gm_problem, whose prior is normal and whose likelihood is exact; here the prior is any and the
 * likelihood may be an estimate, which is kept with its place.
 * Several independent repeats: the evidence is their mean, its error what they differ by. */
#include "gemel/math.h"
#include "methods/calib_internal.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

enum { STAGES_MAX = 500, PAIRS_LEAST = 2, PAIRS_BETWEEN = 10, PAIRS_LAST = 40, T_DEGREES = 5 };
/* Moves go on until no coordinate's correlation with its place before them is above these. */
static const double correlation_between = 0.5, correlation_last = 0.1;
static const double acceptance_wanted = 0.3; /* of the walk, between 0.44 (d = 1) and 0.234 */
static const double spread_independent = 1.2;

typedef struct {
  gm__calib c;
  gm_smc_options o;
  gm_key move, resample;
  int32_t n, d, repeat;
  double *z, *lp, *ll, *z1, *lp1, *ll1; /* [n][d], [n] */
  double *before;                       /* [n][d] whitened places before the moves */
  double *logw, *w;                     /* [n] */
  double *mean, *k, *k_wide, *cov, *work, *normal;
  double *block;
  int32_t *index;
  uint64_t *replicate;
  double t, walk_scale, proposed, accepted, correlation;
  uint32_t moves;
  int32_t stage, stage_most;
  double log_evidence, variance; /* of this repeat */
} smc;

static gm_status smc_open(smc *w)
{
  ptrdiff_t n = w->n, d = w->d;
  w->block = gm_alloc(w->c.ctx, n * (3 * d + 6) + 3 * d * d + 3 * d, sizeof *w->block);
  w->index = gm_alloc(w->c.ctx, n, sizeof *w->index);
  w->replicate = gm_alloc(w->c.ctx, n, sizeof *w->replicate);
  if (!w->block || !w->index || !w->replicate)
    return gm_fail(w->c.ctx, GM_ENOMEM, "SMC of %d particles", (int)n);
  w->z = w->block;
  w->z1 = w->z + n * d;
  w->before = w->z1 + n * d;
  w->lp = w->before + n * d;
  w->ll = w->lp + n;
  w->lp1 = w->ll + n;
  w->ll1 = w->lp1 + n;
  w->logw = w->ll1 + n;
  w->w = w->logw + n;
  w->k = w->w + n;
  w->k_wide = w->k + d * d;
  w->cov = w->k_wide + d * d;
  w->mean = w->cov + d * d;
  w->work = w->mean + d;
  w->normal = w->work + d;
  return GM_OK;
}

static void smc_close(smc *w)
{
  gm_free(w->block);
  gm_free(w->index);
  gm_free(w->replicate);
  gm__calib_close(&w->c);
}

/* ---- the next power ------------------------------------------------------------------- */
static double size_after(smc *w, double step)
{
  double top = -INFINITY, sum = 0, square = 0;
  for (int32_t m = 0; m < w->n; m++) {
    w->logw[m] = w->ll[m] == -INFINITY ? -INFINITY : step * w->ll[m];
    top = fmax(top, w->logw[m]);
  }
  for (int32_t m = 0; m < w->n; m++) {
    double x = exp(w->logw[m] - top);
    sum += x;
    square += x * x;
  }
  return sum * sum / square;
}

static gm_status step_find(smc *w, double *step)
{
  int32_t count = 0;
  for (int32_t m = 0; m < w->n; m++) count += w->ll[m] > -INFINITY;
  if (!count)
    return gm_fail(w->c.ctx, GM_EDOMAIN, "SMC: none of %d draws of the prior is possible",
                   (int)w->n);
  double low = 0, high = 1 - w->t, wanted = w->o.ess_share * count;
  *step = high;
  if (size_after(w, high) >= wanted) return GM_OK;
  for (int i = 0; i < 60; i++) {
    double middle = 0.5 * (low + high);
    if (size_after(w, middle) >= wanted)
      low = middle;
    else
      high = middle;
  }
  *step = low > 0 ? low : high;
  return GM_OK;
}

static gm_status reweight(smc *w, double step)
{
  double sum;
  (void)size_after(w, step);
  gm_status s = gm_stats_normalise_log(w->c.ctx, w->n, w->logw, w->w, &sum);
  if (s) return s;
  w->log_evidence += sum - log(w->n);
  /* What the last moves did not forget makes the stages' errors alike: as for the mean of an
   * autoregression with that correlation. */
  double kept = w->stage > 1 ? fmin(0.9, fmax(0, w->correlation)) : 0;
  w->variance += fmax(0, 1 / gm_stats_ess(w->n, w->w) - 1.0 / w->n) * (1 + kept) / (1 - kept);
  w->t = w->t + step >= 1 - 1e-12 ? 1 : w->t + step;
  return GM_OK;
}

/* Mean and covariance of the weighted particles. Few distinct ones keep a trace of spread. */
static gm_status shape_set(smc *w)
{
  ptrdiff_t d = w->d;
  gm_status s = gm_stats_covariance(w->c.ctx, w->n, w->d, w->z, w->w, w->mean, w->cov);
  if (s) return s;
  if (gm__la_cholesky(w->d, w->cov, w->k)) {
    double top = 0;
    for (ptrdiff_t i = 0; i < d; i++) top = fmax(top, w->cov[i * d + i]);
    for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] += 1e-6 * w->cov[i * d + i] + 1e-8 * top;
    if (top == 0)
      for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] = 1e-6;
    s = gm_la_cholesky(w->c.ctx, w->d, w->cov, w->k);
    if (s) return s;
  }
  for (ptrdiff_t i = 0; i < d * d; i++) w->k_wide[i] = w->k[i] * sqrt(spread_independent);
  return GM_OK;
}

static gm_status resample(smc *w)
{
  double u =
      gm_uniform(w->resample, (uint64_t)w->repeat, (uint64_t)w->stage, gm_kind_draw(1, 0), 0);
  gm_status s = gm_stats_resample(w->c.ctx, w->n, w->w, w->n, u, w->index);
  if (s) return s;
  size_t d = (size_t)w->d, n = (size_t)w->n;
  for (size_t m = 0; m < n; m++) {
    size_t from = (size_t)w->index[m];
    memcpy(w->z1 + m * d, w->z + from * d, d * sizeof *w->z);
    w->lp1[m] = w->lp[from];
    w->ll1[m] = w->ll[from];
  }
  memcpy(w->z, w->z1, n * d * sizeof *w->z);
  memcpy(w->lp, w->lp1, n * sizeof *w->lp);
  memcpy(w->ll, w->ll1, n * sizeof *w->ll);
  return GM_OK;
}

/* ---- moves ---------------------------------------------------------------------------- */
static uint64_t slot_of(const smc *w, ptrdiff_t m)
{
  return (uint64_t)w->repeat * (uint64_t)w->n + (uint64_t)m;
}

static void normals(smc *w, ptrdiff_t m, uint32_t kind)
{
  double four[4];
  for (int32_t i = 0; i < w->d; i++) {
    if (i % 4 == 0)
      gm_normal4(w->move, slot_of(w, m), (uint64_t)w->stage, gm_kind_draw(kind, w->moves),
                 (uint64_t)i / 4, four);
    w->normal[i] = four[i % 4];
  }
}

static void propose_walk(smc *w)
{
  ptrdiff_t d = w->d;
  double scale = w->walk_scale * 2.38 / sqrt((double)d);
  for (ptrdiff_t m = 0; m < w->n; m++) {
    normals(w, m, 1);
    for (ptrdiff_t i = 0; i < d; i++)
      w->z1[m * d + i] =
          w->z[m * d + i] + scale * gm_la_dot((int32_t)i + 1, w->k + i * d, w->normal);
  }
}

static void propose_independent(smc *w)
{
  ptrdiff_t d = w->d;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    normals(w, m, 2);
    double g = 2 * gm_gamma(w->move, slot_of(w, m), (uint64_t)w->stage, gm_kind_draw(3, w->moves),
                            0, 0.5 * T_DEGREES);
    double stretch = sqrt(T_DEGREES / g);
    for (ptrdiff_t i = 0; i < d; i++)
      w->z1[m * d + i] =
          w->mean[i] + stretch * gm_la_dot((int32_t)i + 1, w->k_wide + i * d, w->normal);
  }
}

static double log_independent(smc *w, const double *z)
{
  return gm_dist_mvt_log_pdf(w->d, z, w->mean, w->k_wide, T_DEGREES, w->work);
}

static double gain_of(smc *w, ptrdiff_t m, bool independent)
{
  if (w->ll1[m] == -INFINITY) return -INFINITY;
  double gain = w->lp1[m] + w->t * w->ll1[m] - w->lp[m] - w->t * w->ll[m];
  if (independent)
    gain += log_independent(w, w->z + m * w->d) - log_independent(w, w->z1 + m * w->d);
  return gain;
}

static gm_status move(smc *w, bool independent)
{
  int32_t taken = 0;
  if (independent)
    propose_independent(w);
  else
    propose_walk(w);
  for (ptrdiff_t m = 0; m < w->n; m++)
    w->replicate[m] = gm_hash64(gm_hash64(w->move.v[0], slot_of(w, m)),
                                ((uint64_t)w->stage << 32) + w->moves + 1);
  gm_status s = gm__calib_loglik(&w->c, w->n, w->z1, w->replicate, w->lp1, w->ll1);
  if (s) return s;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double u = gm_uniform(w->move, slot_of(w, m), (uint64_t)w->stage, gm_kind_draw(4, w->moves), 0);
    if (!(log(u) < gain_of(w, m, independent))) continue;
    memcpy(w->z + m * w->d, w->z1 + m * w->d, (size_t)w->d * sizeof *w->z);
    w->lp[m] = w->lp1[m];
    w->ll[m] = w->ll1[m];
    taken++;
  }
  w->moves++;
  w->proposed += w->n;
  w->accepted += taken;
  if (!independent) {
    double scale = w->walk_scale * exp((double)taken / w->n - acceptance_wanted);
    w->walk_scale = fmin(4, fmax(0.01, scale));
  }
  return GM_OK;
}

static void whiten(smc *w, ptrdiff_t m, double *out)
{
  for (int32_t i = 0; i < w->d; i++) out[i] = w->z[m * w->d + i] - w->mean[i];
  gm_la_solve_lower(w->d, w->k, out, out);
}

/* Largest correlation, over the whitened coordinates, between the places before and now. */
static double correlation(smc *w)
{
  double worst = -1;
  double *both = w->cov, *old = w->work;
  memset(both, 0, (size_t)w->d * sizeof *both);
  memset(old, 0, (size_t)w->d * sizeof *old);
  for (ptrdiff_t m = 0; m < w->n; m++) {
    whiten(w, m, w->normal);
    for (ptrdiff_t i = 0; i < w->d; i++) {
      double x = w->before[m * w->d + i];
      both[i] += x * w->normal[i];
      old[i] += x * x;
    }
  }
  for (int32_t i = 0; i < w->d; i++) worst = fmax(worst, old[i] > 0 ? both[i] / old[i] : 0);
  return worst;
}

static gm_status moves(smc *w)
{
  bool last = w->t >= 1;
  for (ptrdiff_t m = 0; m < w->n; m++) whiten(w, m, w->before + m * w->d);
  w->moves = 0;
  w->proposed = w->accepted = 0;
  for (int32_t pair = 0; pair < (last ? PAIRS_LAST : PAIRS_BETWEEN); pair++) {
    gm_status s = move(w, false);
    if (!s) s = move(w, true);
    if (s) return s;
    w->correlation = correlation(w);
    if (pair + 1 < PAIRS_LEAST) continue;
    if (w->correlation < (last ? correlation_last : correlation_between)) break;
  }
  return GM_OK;
}

/* ---- runs ------------------------------------------------------------------------------ */
static gm_status begin(smc *w)
{
  gm_key prior = gm__calib_key(w->o.key, GM_PURPOSE_PRIOR);
  gm_status s = GM_OK;
  w->t = w->log_evidence = w->variance = 0;
  w->walk_scale = 1;
  for (ptrdiff_t m = 0; m < w->n && !s; m++) {
    s = gm__target_prior_draw(w->c.ctx, w->c.t, prior, slot_of(w, m), w->z + m * w->d);
    w->replicate[m] = gm_hash64(gm_hash64(w->move.v[0], slot_of(w, m)), 0);
  }
  return s ? s : gm__calib_loglik(&w->c, w->n, w->z, w->replicate, w->lp, w->ll);
}

static gm_status stage(smc *w)
{
  double step = 0;
  gm_status s = step_find(w, &step);
  if (!s) s = reweight(w, step);
  if (!s) s = shape_set(w);
  if (!s) s = resample(w);
  if (!s) s = moves(w);
  if (!s) gm_watch_progress(w->c.watch, "SMC sampler", ((double)w->repeat + w->t) / w->o.repeats);
  return s;
}

/* GM_ECANCELLED when the watch stops. */
static gm_status repeat(smc *w)
{
  gm_status s = begin(w);
  for (w->stage = 1; w->t < 1 && !s; w->stage++) {
    if (gm_watch_stop(w->c.watch))
      return gm_fail(w->c.ctx, GM_ECANCELLED, "SMC: stopped at power %g", w->t);
    if (w->stage > STAGES_MAX)
      return gm_fail(w->c.ctx, GM_ENUMERIC, "SMC: power %g after %d stages", w->t, STAGES_MAX);
    s = stage(w);
  }
  if (w->stage - 1 > w->stage_most) w->stage_most = w->stage - 1;
  return s;
}

/* The particles of k whole repeats, weighted by their evidence. */
static gm_status pool(smc *w, gm_particles *r, int32_t k, const double *evidence,
                      const double *variance)
{
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

static gm_status run(smc *w, gm_particles *r, double *evidence, double *variance)
{
  gm_status s = GM_OK;
  double accepted = 0, proposed = 0;
  int32_t done = 0;
  r->correlation_left = -1;
  for (; done < w->o.repeats && !s; done++) {
    w->repeat = done;
    s = repeat(w);
    if (s) break;
    evidence[done] = w->log_evidence;
    variance[done] = w->variance;
    ptrdiff_t at = (ptrdiff_t)done * w->n;
    memcpy(r->z + at * w->d, w->z, (size_t)w->n * (size_t)w->d * sizeof *r->z);
    memcpy(r->loglik + at, w->ll, (size_t)w->n * sizeof *r->loglik);
    accepted += w->accepted;
    proposed += w->proposed;
    r->correlation_left = fmax(r->correlation_left, w->correlation);
  }
  if (s == GM_ECANCELLED && done && gm_watch_stop(w->c.watch)) {
    r->cancelled = true;
    s = GM_OK;
  }
  if (s) return s;
  r->acceptance = accepted / proposed;
  r->stages = w->stage_most;
  r->evaluations = w->c.evaluations;
  s = pool(w, r, done, evidence, variance);
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
  w->move = gm__calib_key(w->o.key, GM_PURPOSE_MOVE);
  w->resample = gm__calib_key(w->o.key, GM_PURPOSE_RESAMPLE);
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
  double *numbers = NULL;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(&w, options);
  if (!s) s = smc_open(&w);
  if (!s) s = gm__particles_new(ctx, w.n * w.o.repeats, w.d, &r);
  if (s) goto out;
  numbers = gm_alloc(ctx, 2 * (ptrdiff_t)w.o.repeats, sizeof *numbers);
  if (!numbers) {
    s = gm_fail(ctx, GM_ENOMEM, "SMC: %d repeats", (int)w.o.repeats);
    goto out;
  }
  r->method = "SMC sampler by tempering";
  r->rung = t->noisy ? "noisy likelihood" : "likelihood";
  s = run(&w, r, numbers, numbers + w.o.repeats);
out:
  gm_free(numbers);
  smc_close(&w);
  if (s)
    gm_particles_free(r);
  else
    *out = r;
  return s;
}
