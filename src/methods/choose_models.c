/* choose_models.c - several models, several preferred arms: who loses what if another is right. */
#include "methods/choose_internal.h"
#include <assert.h>
#include <math.h>

void gm_disagreement_free(gm_disagreement *d)
{
  if (!d) return;
  gm_free(d->value);
  gm_free(d->prefers);
  gm_free(d->loss);
  gm_free(d->error);
  gm_free(d);
}

/* Mean value of every option under model k into the table, and its preferred arm. */
static gm_status under_model(gm_ctx *ctx, const gm__gains *g, int32_t k, gm_disagreement *d)
{
  const gm_choice *c = g->c;
  double share = 0, *row = d->value + (ptrdiff_t)k * c->option_count;
  for (int32_t m = 0; m < c->member_count; m++) {
    if ((c->model ? c->model[m] : 0) != k || !(g->weight[m] > 0)) continue;
    share += g->weight[m];
    for (int32_t o = 0; o < c->option_count; o++) {
      double sum = 0;
      for (int32_t r = 0; r < c->replicate_count; r++) sum += gm__choice_value(c, o, m, r);
      row[o] += g->weight[m] * sum / c->replicate_count;
    }
  }
  if (!(share > 0)) return gm_fail(ctx, GM_EINVAL, "model %d has no member of any weight", (int)k);
  for (int32_t o = 0; o < c->option_count; o++) {
    row[o] /= share;
    if (row[o] > row[d->prefers[k]]) d->prefers[k] = o;
  }
  return GM_OK;
}

/* Standard error of the mean difference of two options under model k, members as units. */
static double pair_error(const gm__gains *g, int32_t a, int32_t b, int32_t k, double mean)
{
  const gm_choice *c = g->c;
  const double *u = g->gain + (ptrdiff_t)a * c->member_count;
  const double *v = g->gain + (ptrdiff_t)b * c->member_count;
  double share = 0, square = 0, sum = 0;
  for (int32_t m = 0; m < c->member_count; m++) {
    if ((c->model ? c->model[m] : 0) != k) continue;
    double w = g->weight[m], off = u[m] - v[m] - mean;
    share += w;
    square += w * w;
    sum += w * off * off;
  }
  double n = share * share / square; /* effective number */
  return n > 1 ? sqrt(sum / share / (n - 1)) : 0;
}

static void losses(const gm__gains *g, gm_disagreement *d)
{
  int32_t models = d->model_count, options = d->option_count;
  d->agree = true;
  for (int32_t a = 0; a < models; a++) {
    d->agree = d->agree && d->prefers[a] == d->prefers[0];
    for (int32_t b = 0; b < models; b++) {
      const double *row = d->value + (ptrdiff_t)b * options;
      int32_t arm = d->prefers[a], right = d->prefers[b];
      d->loss[a * models + b] = row[right] - row[arm];
      d->error[a * models + b] = pair_error(g, right, arm, b, row[right] - row[arm]);
    }
  }
  d->cautious_loss = INFINITY;
  for (int32_t o = 0; o < options; o++) {
    double worst = 0;
    for (int32_t b = 0; b < models; b++) {
      const double *row = d->value + (ptrdiff_t)b * options;
      worst = fmax(worst, row[d->prefers[b]] - row[o]);
    }
    if (worst < d->cautious_loss) {
      d->cautious_loss = worst;
      d->cautious = o;
    }
  }
}

gm_status gm_disagreement_make(gm_ctx *ctx, const gm_choice *c, gm_disagreement **out)
{
  assert(c && out);
  gm__gains g;
  gm_status s = gm__gains_make(ctx, c, -1, &g);
  if (s) return s;
  int32_t models = c->model ? c->model_count : 1;
  gm_disagreement *d = gm_alloc(ctx, 1, sizeof *d);
  if (d) {
    d->model_count = models;
    d->option_count = c->option_count;
    d->value = gm_alloc(ctx, (ptrdiff_t)models * c->option_count, sizeof *d->value);
    d->prefers = gm_alloc(ctx, models, sizeof *d->prefers);
    d->loss = gm_alloc(ctx, (ptrdiff_t)models * models, sizeof *d->loss);
    d->error = gm_alloc(ctx, (ptrdiff_t)models * models, sizeof *d->error);
  }
  if (!d || !d->value || !d->prefers || !d->loss || !d->error)
    s = gm_fail(ctx, GM_ENOMEM, "table of %d models", (int)models);
  for (int32_t k = 0; k < models && !s; k++) s = under_model(ctx, &g, k, d);
  if (!s) losses(&g, d);
  gm__gains_free(&g);
  if (s)
    gm_disagreement_free(d);
  else
    *out = d;
  return s;
}
