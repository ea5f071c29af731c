/* calib_walk.c - adaptive random-walk Metropolis.
 * During the warm-up each chain learns its covariance and the scale of its steps (Andrieu & Thoms,
 * Stat. Comput. 18:343, 2008, algorithm 4, with the wanted acceptance of Roberts & Rosenthal,
 * Stat. Sci. 16:351, 2001); afterwards nothing changes, so the draws are those of a plain
 * Metropolis chain. A noisy likelihood keeps its estimate while its place is kept: the marginal of
 * the places is then the exact posterior (Andrieu & Roberts, Ann. Stat. 37:697, 2009). Noise of sd
 * s leaves even the shortest steps an acceptance of 2 Phi(-s / sqrt 2), and noise and steps cost a
 * factor each (Sherlock, Thiery, Roberts & Rosenthal, Ann. Stat. 43:238, 2015). So that share of
 * 0.44 is wanted, for with more the steps would shrink to nothing; 0.44 in any dimension, because
 * shorter steps cost less than the waiting for an estimate that was too good. The noise is measured
 * during the warm-up where a chain stands. */
#include "gemel/math.h"
#include "methods/calib_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* Iterations of the warm-up between two looks at the noise; the largest sd that is believed. */
enum { NOISE_EVERY = 10 };
static const double noise_most = 3;

typedef struct {
  gm__calib c;
  gm_chain_options o;
  gm_key move;
  int32_t n, d;
  double *z, *lp, *ll;    /* [n][d], [n], [n] */
  double *z1, *lp1, *ll1; /* proposals */
  double *mean, *cov, *k; /* [n][d], [n][d][d] twice */
  double *log_scale;      /* [n] of the step over the covariance's factor */
  double *noise;          /* [n] variance of the log likelihood's noise */
  double *normal;         /* [d] */
  double *factor;         /* [d][d] */
  double *block;
  uint64_t *replicate; /* [n] */
  int64_t iteration, taken, offered;
} walk;

static void options_fill(gm_chain_options *o)
{
  if (!o->chains) o->chains = 4;
  if (!o->warmup) o->warmup = 5000;
  if (!o->draws) o->draws = 2000;
  if (!o->thin) o->thin = 5;
}

static gm_status options_check(gm_ctx *ctx, const gm_chain_options *o)
{
  if (o->chains < 1 || o->warmup < 0 || o->draws < 1 || o->thin < 1)
    return gm_fail(ctx, GM_ERANGE, "walk: %d chains, warm-up %d, %d draws, thin %d", (int)o->chains,
                   (int)o->warmup, (int)o->draws, (int)o->thin);
  return GM_OK;
}

static gm_status walk_open(walk *w)
{
  ptrdiff_t n = w->n, d = w->d;
  w->block = gm_alloc(w->c.ctx, n * (3 * d + 2 * d * d + 6) + d + d * d, sizeof *w->block);
  w->replicate = gm_alloc(w->c.ctx, n, sizeof *w->replicate);
  if (!w->block || !w->replicate) return gm_fail(w->c.ctx, GM_ENOMEM, "walk of %d chains", (int)n);
  w->z = w->block;
  w->lp = w->z + n * d;
  w->ll = w->lp + n;
  w->z1 = w->ll + n;
  w->lp1 = w->z1 + n * d;
  w->ll1 = w->lp1 + n;
  w->mean = w->ll1 + n;
  w->cov = w->mean + n * d;
  w->k = w->cov + n * d * d;
  w->log_scale = w->k + n * d * d;
  w->noise = w->log_scale + n;
  w->normal = w->noise + n;
  w->factor = w->normal + d;
  return GM_OK;
}

static void walk_close(walk *w)
{
  gm_free(w->block);
  gm_free(w->replicate);
  gm__calib_close(&w->c);
}

/* Until it is learnt: the prior's unit covariance, steps small enough to be taken. */
static void shape_begin(walk *w)
{
  ptrdiff_t d = w->d;
  memcpy(w->mean, w->z, (size_t)(w->n * d) * sizeof *w->z);
  for (ptrdiff_t m = 0; m < w->n; m++) {
    for (ptrdiff_t i = 0; i < d; i++) w->k[(m * d + i) * d + i] = w->cov[(m * d + i) * d + i] = 1;
    w->log_scale[m] = log(0.1 * 2.38 / sqrt((double)d));
  }
}

static void propose(walk *w)
{
  ptrdiff_t d = w->d;
  uint64_t step = (uint64_t)w->iteration;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double scale = exp(w->log_scale[m]), four[4];
    for (ptrdiff_t i = 0; i < d; i++) {
      if (i % 4 == 0)
        gm_normal4(w->move, (uint64_t)m, step, gm_kind_draw(1, 0), (uint64_t)i / 4, four);
      w->normal[i] = four[i % 4];
    }
    for (ptrdiff_t i = 0; i < d; i++)
      w->z1[m * d + i] =
          w->z[m * d + i] + scale * gm_la_dot((int32_t)i + 1, w->k + (m * d + i) * d, w->normal);
    w->replicate[m] = gm_hash64(gm_hash64(w->move.v[0], (uint64_t)m + 1), step + 1);
  }
}

/* Sums to infinity, its squares do not. */
static double gain_now(const walk *w) { return pow((double)w->iteration + 10, -0.6); }

/* Two fresh estimates where each chain stands; half their squared difference has the mean of the
 * noise's variance. Capped, because far from the posterior there is no end to it. */
static gm_status noise_check(walk *w)
{
  if (!w->c.t->noisy || w->iteration % NOISE_EVERY) return GM_OK;
  for (uint64_t k = 0; k < 2; k++) {
    for (ptrdiff_t m = 0; m < w->n; m++)
      w->replicate[m] =
          gm_hash64(gm_hash64(w->move.v[0], (uint64_t)m + 1), ~(2 * (uint64_t)w->iteration + k));
    gm_status s = gm__calib_loglik(&w->c, w->n, w->z, w->replicate, w->lp1, k ? w->ll1 : w->z1);
    if (s) return s;
  }
  double gain = fmin(1, NOISE_EVERY * gain_now(w));
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double off = w->ll1[m] - w->z1[m], most = noise_most * noise_most;
    double square = isfinite(off) ? fmin(most, 0.5 * off * off) : most;
    w->noise[m] += gain * (square - w->noise[m]);
  }
  return GM_OK;
}

static void adapt(walk *w, ptrdiff_t m, double chance)
{
  ptrdiff_t d = w->d;
  double wanted = d == 1 ? 0.44 : 0.234, *mean = w->mean + m * d, *cov = w->cov + m * d * d;
  double gain = gain_now(w);
  if (w->c.t->noisy) wanted = 0.44 * 2 * gm_norm_cdf(-sqrt(0.5 * w->noise[m]));
  const double *z = w->z + m * d;
  w->log_scale[m] += 2 * gain * (chance - wanted);
  w->log_scale[m] = fmin(20, fmax(-40, w->log_scale[m]));
  /* forgetting faster than the chain mixes would leave the covariance with fewer directions than
   * there are; in few dimensions it mixes fast, and need not remember the way from the start */
  gain = fmin(gain, (2 + 12 / (double)d) / ((double)w->iteration + 20));
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < d; j++) {
      double *a = &cov[i * d + j];
      *a += gain * ((z[i] - mean[i]) * (z[j] - mean[j]) - *a);
    }
  for (ptrdiff_t i = 0; i < d; i++) mean[i] += gain * (z[i] - mean[i]);
  if ((w->iteration + 1) % (d < 20 ? 1 : d)) return;
  /* a covariance that lost a direction keeps the last factor */
  if (!gm__la_cholesky(w->d, cov, w->factor))
    memcpy(w->k + m * d * d, w->factor, (size_t)(d * d) * sizeof *cov);
}

static gm_status step(walk *w)
{
  propose(w);
  gm_status s = gm__calib_loglik(&w->c, w->n, w->z1, w->replicate, w->lp1, w->ll1);
  if (s) return s;
  bool warm = w->iteration < w->o.warmup;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double gain = w->ll1[m] > -INFINITY ? w->lp1[m] + w->ll1[m] - w->lp[m] - w->ll[m] : -INFINITY;
    double u = gm_uniform(w->move, (uint64_t)m, (uint64_t)w->iteration, gm_kind_draw(2, 0), 0);
    bool take = log(u) < gain;
    if (take) {
      memcpy(w->z + m * w->d, w->z1 + m * w->d, (size_t)w->d * sizeof *w->z);
      w->lp[m] = w->lp1[m];
      w->ll[m] = w->ll1[m];
    }
    if (warm) {
      adapt(w, m, gain > 0 ? 1 : exp(gain));
    } else {
      w->offered++;
      w->taken += take;
    }
  }
  s = warm ? noise_check(w) : GM_OK;
  w->iteration++;
  return s;
}

static void keep(walk *w, gm_chains *r, ptrdiff_t draw)
{
  for (ptrdiff_t m = 0; m < w->n; m++) {
    ptrdiff_t at = m * r->draw_count + draw;
    memcpy(r->z + at * w->d, w->z + m * w->d, (size_t)w->d * sizeof *r->z);
    r->loglik[at] = w->ll[m];
    r->log_posterior[at] = w->ll[m] + w->lp[m];
  }
}

static gm_status run(walk *w, gm_chains *r)
{
  int64_t all = w->o.warmup + (int64_t)w->o.draws * w->o.thin;
  int32_t done = 0;
  while (w->iteration < all && !gm_watch_stop(w->c.watch)) {
    gm_status s = step(w);
    if (s) return s;
    int64_t after = w->iteration - w->o.warmup;
    if (after > 0 && after % w->o.thin == 0) keep(w, r, done++);
    if (w->iteration % 256 == 0)
      gm_watch_progress(w->c.watch, "walk", (double)w->iteration / (double)all);
  }
  r->evaluations = w->c.evaluations;
  r->acceptance = w->offered ? (double)w->taken / (double)w->offered : NAN;
  return gm__chains_finish(w->c.ctx, r, done);
}

gm_status gm_walk(gm_ctx *ctx, const gm_target *t, const gm_chain_options *options, gm_chains **out)
{
  walk w = {.c = {.ctx = ctx, .t = t}};
  gm_chains *r = NULL;
  if (options) w.o = *options;
  options_fill(&w.o);
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_check(ctx, &w.o);
  if (s) return s;
  w.c.watch = w.o.watch;
  w.n = w.o.chains;
  w.d = t->dim;
  w.move = gm__calib_key(w.o.key, GM_PURPOSE_MOVE);
  s = walk_open(&w);
  if (!s) s = gm__chains_new(ctx, w.n, w.o.draws, w.d, &r);
  if (!s) s = gm__calib_starts(&w.c, w.o.key, w.n, w.o.start, w.z, w.lp, w.ll);
  if (s) goto out;
  r->method = t->noisy ? "particle marginal Metropolis-Hastings" : "adaptive Metropolis";
  r->rung = t->noisy ? "noisy likelihood" : "likelihood";
  shape_begin(&w);
  s = run(&w, r);
out:
  walk_close(&w);
  if (s)
    gm_chains_free(r);
  else
    *out = r;
  return s;
}
