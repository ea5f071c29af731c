/* choose_worth.c - what a measurement is worth: by matched moments, by reweighted members.
 * EVSI = E max_o E(gain_o | outcome) - max_o E(gain_o). */
#include "methods/choose_internal.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

/* What all ways have in common: the best option now, perfect information, the shares. */
static gm_worth begin(const gm__gains *g)
{
  gm_worth w = {.best = g->best};
  w.perfect = gm__gains_loss(g, g->shrunk, g->best, NULL);
  return w;
}

/* ---- moments -------------------------------------------------------------------------------- */
gm_status gm_worth_moments(gm_ctx *ctx, const gm_choice *c, const double *share, gm_worth *out)
{
  assert(c && share && out);
  gm__gains g;
  for (int32_t o = 0; o < c->option_count; o++)
    if (!(share[o] >= 0 && share[o] <= 1))
      return gm_fail(ctx, GM_ERANGE, "share of option %d is %g", (int)o, share[o]);
  gm_status s = gm__gains_make(ctx, c, -1, &g);
  if (s) return s;
  gm_worth w = begin(&g);
  ptrdiff_t n = c->member_count;
  for (int32_t o = 0; o < c->option_count; o++) {
    double mean = g.average[o] - g.average[g.base], *u = g.shrunk + o * n;
    for (int32_t m = 0; m < n; m++) u[m] = mean + sqrt(share[o]) * (u[m] - mean);
  }
  w.value = gm__gains_loss(&g, g.shrunk, g.best, &w.error);
  w.share = out->share;
  for (int32_t o = 0; o < c->option_count && w.share; o++) w.share[o] = share[o];
  gm__gains_free(&g);
  *out = w;
  return GM_OK;
}

/* ---- reweighting ---------------------------------------------------------------------------- */
/* Weights of the members after an outcome into p[n]; their effective number. */
static gm_status posterior(gm_ctx *ctx, const gm__gains *g, int32_t k, const double *log_lik,
                           double *p, double *ess)
{
  int32_t n = g->c->member_count;
  for (int32_t m = 0; m < n; m++) {
    if (isnan(log_lik[m]) || (isinf(log_lik[m]) && log_lik[m] > 0))
      return gm_fail(ctx, GM_EDOMAIN, "outcome %d, member %d: log likelihood %g", (int)k, (int)m,
                     log_lik[m]);
    p[m] = g->weight[m] > 0 ? log_lik[m] + log(g->weight[m]) : -INFINITY;
  }
  if (gm_stats_normalise_log(NULL, n, p, p, NULL))
    return gm_fail(ctx, GM_EDOMAIN, "outcome %d is impossible for every member", (int)k);
  *ess = gm_stats_ess(n, p);
  return GM_OK;
}

typedef struct {
  double *p, *best, *weight; /* [n], [outcome] the largest gain, [outcome] weight */
  double *mean;              /* [option][outcome] E(gain | outcome) */
} tables;

static gm_status outcomes(gm_ctx *ctx, const gm__gains *g, int32_t count, const int32_t *of,
                          const double *log_lik, tables *t, double *ess)
{
  ptrdiff_t n = g->c->member_count;
  double total = 0, least = INFINITY;
  for (int32_t k = 0; k < count; k++) {
    double size = 0;
    if (of[k] < 0 || of[k] >= n || !(g->weight[of[k]] > 0))
      return gm_fail(ctx, GM_ERANGE, "outcome %d is of member %d", (int)k, (int)of[k]);
    gm_status s = posterior(ctx, g, k, log_lik + k * n, t->p, &size);
    if (s) return s;
    least = fmin(least, size);
    for (int32_t o = 0; o < g->c->option_count; o++)
      t->mean[(ptrdiff_t)o * count + k] = gm_stats_dot((int32_t)n, g->gain + o * n, t->p);
    total += t->weight[k] = g->weight[of[k]];
  }
  for (int32_t k = 0; k < count; k++) t->weight[k] /= total;
  *ess = least;
  return GM_OK;
}

/* Against the best option by the outcomes' own mean, so that the result cannot be negative. */
static void reweighted(const gm__gains *g, int32_t count, const tables *t, gm_worth *w)
{
  int32_t best = 0, options = g->c->option_count;
  double top = -INFINITY, mean, variance;
  for (int32_t o = 0; o < options; o++) {
    double v = gm_stats_dot(count, t->mean + (ptrdiff_t)o * count, t->weight);
    if (v > top) {
      top = v;
      best = o;
    }
  }
  for (int32_t k = 0; k < count; k++) {
    t->best[k] = t->mean[k];
    for (int32_t o = 1; o < options; o++)
      t->best[k] = fmax(t->best[k], t->mean[(ptrdiff_t)o * count + k]);
    t->best[k] -= t->mean[(ptrdiff_t)best * count + k];
  }
  gm_status s = gm_stats_mean(NULL, count, t->best, t->weight, &mean, &variance);
  assert(s == GM_OK);
  (void)s;
  w->value = fmax(0, mean);
  w->error = sqrt(variance / gm_stats_ess(count, t->weight));
  for (int32_t o = 0; o < options && w->share; o++) {
    double between = g->parts[o].parameter + g->parts[o].model;
    s = gm_stats_mean(NULL, count, t->mean + (ptrdiff_t)o * count, t->weight, &mean, &variance);
    w->share[o] = between > 0 ? fmin(1, variance / between) : 0;
  }
}

gm_status gm_worth_reweighting(gm_ctx *ctx, const gm_choice *c, int32_t outcome_count,
                               const int32_t *of, const double *log_lik, gm_worth *out, double *ess)
{
  assert(c && of && log_lik && out);
  gm__gains g;
  double least = 0;
  if (outcome_count < 2) return gm_fail(ctx, GM_ERANGE, "%d outcomes", (int)outcome_count);
  gm_status s = gm__gains_make(ctx, c, -1, &g);
  if (s) return s;
  ptrdiff_t n = c->member_count, k = outcome_count;
  double *block = gm_alloc(ctx, n + 2 * k + k * c->option_count, sizeof *block);
  if (!block) s = gm_fail(ctx, GM_ENOMEM, "%d outcomes", (int)outcome_count);
  if (!s) {
    tables t = {block, block + n, block + n + k, block + n + 2 * k};
    s = outcomes(ctx, &g, outcome_count, of, log_lik, &t, &least);
    if (!s) {
      gm_worth w = begin(&g);
      w.share = out->share;
      reweighted(&g, outcome_count, &t, &w);
      *out = w;
      if (ess) *ess = least;
    }
  }
  gm_free(block);
  gm__gains_free(&g);
  return s;
}
