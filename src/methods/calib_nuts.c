/* calib_nuts.c - chains of the no-U-turn sampler, one gradient batch for a step of all of them. */
#include "methods/calib_nuts.h"
#include "methods/calib_internal.h"
#include "methods/calib_unbound.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm__calib c;
  gm_nuts_options o;
  int32_t n, d;
  gm__nuts *chain; /* [n] */
  int32_t *asked;  /* [n] chain of row k of the batch */
  double *z, *lp, *ll, *g;
  double *slope, *bend, *prior, *work; /* [n][d] slopes and bends of the bounds' map, [d], [d] */
  double *jacobian;                    /* [n] */
  double *block;
} nuts;

static void options_fill(nuts *w)
{
  gm_chain_options *o = &w->o.common;
  if (!o->chains) o->chains = 4;
  if (!o->warmup) o->warmup = 1000;
  if (!o->draws) o->draws = 1000;
  if (!o->thin) o->thin = 1;
  if (w->o.acceptance_target == 0) w->o.acceptance_target = 0.8;
  if (!w->o.depth_max) w->o.depth_max = 10;
}

static gm_status options_check(nuts *w)
{
  gm_ctx *ctx = w->c.ctx;
  const gm_chain_options *o = &w->o.common;
  if (o->chains < 1 || o->warmup < 1 || o->draws < 1 || o->thin < 1 ||
      (int64_t)o->draws * o->thin + o->warmup > INT32_MAX)
    return gm_fail(ctx, GM_ERANGE, "NUTS: %d chains, warm-up %d, %d draws, thin %d", (int)o->chains,
                   (int)o->warmup, (int)o->draws, (int)o->thin);
  if (w->o.depth_max < 1 || w->o.depth_max > GM__NUTS_DEPTH_MOST - 1)
    return gm_fail(ctx, GM_ERANGE, "NUTS: depth %d, expected 1 to %d", (int)w->o.depth_max,
                   GM__NUTS_DEPTH_MOST - 1);
  if (!(w->o.acceptance_target > 0 && w->o.acceptance_target < 1))
    return gm_fail(ctx, GM_ERANGE, "NUTS: acceptance %g wanted", w->o.acceptance_target);
  return GM_OK;
}

static gm_status options_set(nuts *w, const gm_nuts_options *given)
{
  if (given) w->o = *given;
  options_fill(w);
  gm_status s = options_check(w);
  if (s) return s;
  if (w->c.t->noisy)
    return gm_fail(w->c.ctx, GM_EUNSUPPORTED,
                   "NUTS: the likelihood is noisy; use gm_walk or gm_smc");
  if (!w->c.t->gradient && !w->o.differences)
    return gm_fail(
        w->c.ctx, GM_EUNSUPPORTED,
        "NUTS: the target has no gradient; ask for differences, or use gm_ensemble_mcmc");
  w->n = w->o.common.chains;
  w->d = w->c.t->dim;
  w->c.watch = w->o.common.watch;
  return GM_OK;
}

static gm_status chain_open(nuts *w, int32_t m)
{
  gm__nuts *s = &w->chain[m];
  *s = (gm__nuts){.key = gm__calib_key(w->o.common.key, GM_PURPOSE_MOVE),
                  .chain = (uint64_t)m,
                  .d = w->d,
                  .depth_max = w->o.depth_max,
                  .warmup = w->o.common.warmup,
                  .draws = w->o.common.draws,
                  .thin = w->o.common.thin,
                  .dense_allowed = w->o.metric != GM_METRIC_DIAGONAL,
                  .dense_wanted = w->o.metric == GM_METRIC_DENSE,
                  .acceptance_target = w->o.acceptance_target};
  return gm__nuts_open(w->c.ctx, s);
}

static gm_status nuts_open(nuts *w)
{
  ptrdiff_t n = w->n, d = w->d;
  w->chain = gm_alloc(w->c.ctx, n, sizeof *w->chain);
  w->asked = gm_alloc(w->c.ctx, n, sizeof *w->asked);
  w->block = gm_alloc(w->c.ctx, n * (4 * d + 3) + 2 * d, sizeof *w->block);
  if (!w->chain || !w->asked || !w->block)
    return gm_fail(w->c.ctx, GM_ENOMEM, "NUTS: %d chains", (int)n);
  w->z = w->block;
  w->g = w->z + n * d;
  w->slope = w->g + n * d;
  w->bend = w->slope + n * d;
  w->lp = w->bend + n * d;
  w->ll = w->lp + n;
  w->jacobian = w->ll + n;
  w->prior = w->jacobian + n;
  w->work = w->prior + d;
  gm_status s = GM_OK;
  for (int32_t m = 0; m < w->n && !s; m++) s = chain_open(w, m);
  return s;
}

static void nuts_close(nuts *w)
{
  for (int32_t m = 0; w->chain && m < w->n; m++) gm__nuts_close(&w->chain[m]);
  gm_free(w->chain);
  gm_free(w->asked);
  gm_free(w->block);
  gm__calib_close(&w->c);
}

/* Density and gradient in u at point p of each of the asked chains. */
static gm_status evaluate(nuts *w, int32_t count, bool first)
{
  ptrdiff_t d = w->d;
  for (int32_t k = 0; k < count; k++) {
    gm__nuts *s = &w->chain[w->asked[k]];
    w->jacobian[k] = gm__unbound(w->c.t, first ? s->here.u : s->now.u, w->z + k * d,
                                 w->slope + k * d, w->bend + k * d);
  }
  gm_status st = gm__calib_gradient(&w->c, count, w->z, w->lp, w->ll, w->g);
  for (int32_t k = 0; k < count && !st; k++) {
    gm__nuts *s = &w->chain[w->asked[k]];
    gm__nuts_point *p = first ? &s->here : &s->now;
    p->ll = w->ll[k];
    p->lp = w->ll[k] > -INFINITY ? w->lp[k] + w->ll[k] + w->jacobian[k] : -INFINITY;
    memset(p->g, 0, (size_t)d * sizeof *p->g);
    if (!(p->lp > -INFINITY)) continue;
    gm__target_log_prior_gradient(w->c.t, w->z + k * d, w->prior, w->work);
    for (ptrdiff_t i = 0; i < d; i++)
      p->g[i] = (w->g[k * d + i] + w->prior[i]) * w->slope[k * d + i] + w->bend[k * d + i];
  }
  return st;
}

static void keep(nuts *w, gm_chains *r, int32_t m)
{
  gm__nuts *s = &w->chain[m];
  int32_t after = s->iteration - s->warmup; /* s->iteration has gone on already */
  if (after < 1 || after % s->thin) return;
  ptrdiff_t at = (ptrdiff_t)m * r->draw_count + after / s->thin - 1;
  double jacobian = gm__unbound(w->c.t, s->here.u, r->z + at * w->d, w->prior, w->work);
  r->loglik[at] = s->here.ll;
  r->log_posterior[at] = s->here.lp - jacobian;
}

/* Draws that every chain has. */
static int32_t done_least(const nuts *w)
{
  int32_t least = INT32_MAX;
  for (int32_t m = 0; m < w->n; m++) {
    const gm__nuts *s = &w->chain[m];
    int32_t done = s->iteration > s->warmup ? (s->iteration - s->warmup) / s->thin : 0;
    least = done < least ? done : least;
  }
  return least;
}

static gm_status finish(nuts *w, gm_chains *r)
{
  double total = 0, step = 0;
  int64_t count = 0;
  for (int32_t m = 0; m < w->n; m++) {
    const gm__nuts *s = &w->chain[m];
    r->divergences += s->divergences;
    r->depth_hits += s->depth_hits;
    total += s->accept_total;
    count += s->accept_count;
    step += s->epsilon / w->n;
  }
  r->acceptance = count ? total / (double)count : NAN;
  r->step_mean = step;
  r->evaluations = w->c.evaluations;
  r->gradients = w->c.gradients;
  return gm__chains_finish(w->c.ctx, r, done_least(w));
}

static gm_status run(nuts *w, gm_chains *r)
{
  double all = (double)w->o.common.warmup + (double)w->o.common.draws * w->o.common.thin;
  for (int64_t tick = 0;; tick++) {
    int32_t count = 0;
    for (int32_t m = 0; m < w->n; m++)
      if (w->chain[m].phase != GM__NUTS_DONE) w->asked[count++] = m;
    if (!count || gm_watch_stop(w->c.watch)) break;
    for (int32_t k = 0; k < count; k++) gm__nuts_drift(&w->chain[w->asked[k]]);
    gm_status s = evaluate(w, count, false);
    if (s) return s;
    for (int32_t k = 0; k < count; k++) {
      gm__nuts_arrive(&w->chain[w->asked[k]]);
      if (w->chain[w->asked[k]].drawn) keep(w, r, w->asked[k]);
    }
    if (tick % 512 == 0) {
      double sum = 0;
      for (int32_t m = 0; m < w->n; m++) sum += w->chain[m].iteration;
      gm_watch_progress(w->c.watch, "NUTS", sum / w->n / all);
    }
  }
  return finish(w, r);
}

gm_status gm_nuts(gm_ctx *ctx, const gm_target *t, const gm_nuts_options *options, gm_chains **out)
{
  nuts w = {.c = {.ctx = ctx, .t = t}};
  gm_chains *r = NULL;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(&w, options);
  if (!s) s = nuts_open(&w);
  if (!s) s = gm__chains_new(ctx, w.n, w.o.common.draws, w.d, &r);
  if (!s) s = gm__calib_starts(&w.c, w.o.common.key, w.n, w.o.common.start, w.z, w.lp, w.ll);
  if (s) goto out;
  r->method = "no-U-turn sampler";
  r->rung = t->gradient ? "gradient" : "differences of the likelihood";
  for (int32_t m = 0; m < w.n; m++) {
    w.asked[m] = m;
    gm__unbound_inverse(t, w.z + (ptrdiff_t)m * w.d, w.chain[m].here.u);
  }
  s = evaluate(&w, w.n, true);
  for (int32_t m = 0; m < w.n && !s; m++) {
    if (!(w.chain[m].here.lp > -INFINITY))
      s = gm_fail(ctx, GM_EDOMAIN, "NUTS: no gradient at the start of chain %d", (int)m + 1);
    else
      gm__nuts_begin(&w.chain[m]);
  }
  if (!s) s = run(&w, r);
out:
  nuts_close(&w);
  if (s)
    gm_chains_free(r);
  else
    *out = r;
  return s;
}
