/* choose_gain.c - gains of options over members: means, parts of variance, shrinkage. */
#include "methods/choose_internal.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

static gm_status check_sizes(gm_ctx *ctx, const gm_choice *c, int32_t base)
{
  if (c->option_count < 1 || c->member_count < 1 || c->replicate_count < 1 ||
      (c->model && c->model_count < 1))
    return gm_fail(ctx, GM_ERANGE, "choice of %d options, %d members, %d replicates",
                   (int)c->option_count, (int)c->member_count, (int)c->replicate_count);
  if (base < -1 || base >= c->option_count)
    return gm_fail(ctx, GM_ERANGE, "base option %d of %d", (int)base, (int)c->option_count);
  for (int32_t m = 0; c->model && m < c->member_count; m++)
    if (c->model[m] < 0 || c->model[m] >= c->model_count)
      return gm_fail(ctx, GM_ERANGE, "member %d is of model %d of %d", (int)m, (int)c->model[m],
                     (int)c->model_count);
  return GM_OK;
}

/* A member of weight 0 may have any values: they are replaced by 0 wherever they are used. */
static gm_status check_values(gm_ctx *ctx, const gm_choice *c, double *weight)
{
  double total = 0;
  for (int32_t m = 0; m < c->member_count; m++) {
    double w = c->weight ? c->weight[m] : 1;
    if (!(w >= 0) || !isfinite(w))
      return gm_fail(ctx, GM_EDOMAIN, "member %d has weight %g", (int)m, w);
    total += w;
    for (int32_t o = 0; o < c->option_count && w > 0; o++)
      for (int32_t r = 0; r < c->replicate_count; r++)
        if (!(fabs(gm__choice_value(c, o, m, r)) < 1e150))
          return gm_fail(ctx, GM_EDOMAIN, "option %d, member %d, replicate %d: value %g", (int)o,
                         (int)m, (int)r, gm__choice_value(c, o, m, r));
  }
  if (!(total > 0) || !isfinite(total))
    return gm_fail(ctx, GM_EDOMAIN, "weights of %d members sum to %g", (int)c->member_count, total);
  for (int32_t m = 0; m < c->member_count; m++) weight[m] = (c->weight ? c->weight[m] : 1) / total;
  return GM_OK;
}

/* ---- one member ----------------------------------------------------------------------------- */
static double member_mean(const gm_choice *c, int32_t o, int32_t m)
{
  double sum = 0;
  for (int32_t r = 0; r < c->replicate_count; r++) sum += gm__choice_value(c, o, m, r);
  return sum / c->replicate_count;
}

static double spread_of(const gm_choice *c, int32_t o, int32_t base, int32_t m)
{
  double mean = member_mean(c, o, m), sum = 0;
  if (base >= 0) mean -= member_mean(c, base, m);
  for (int32_t r = 0; r < c->replicate_count; r++) {
    double v = gm__choice_value(c, o, m, r);
    if (base >= 0) v -= gm__choice_value(c, base, m, r);
    sum += (v - mean) * (v - mean);
  }
  return sum / (c->replicate_count - 1);
}

/* Variance of a member's gain by chance: of paired differences, or of two independent draws. */
static double member_noise(const gm__gains *g, int32_t o, int32_t m)
{
  if (g->c->replicate_count < 2 || o == g->base) return 0;
  if (g->c->coupled) return spread_of(g->c, o, g->base, m);
  return spread_of(g->c, o, -1, m) + spread_of(g->c, g->base, -1, m);
}

/* ---- parts ---------------------------------------------------------------------------------- */
static bool of_model(const gm__gains *g, int32_t m, int32_t k)
{
  return g->weight[m] > 0 && (!g->c->model || g->c->model[m] == k);
}

/* One model's share, mean, variance between the means of members (noise included), noise of a
 * replicate, sum of squared weights. */
typedef struct {
  double share, mean, variance, noise, square;
} layer;

static layer layer_of(const gm__gains *g, int32_t o, int32_t k)
{
  layer l = {0};
  const double *u = g->gain + (ptrdiff_t)o * g->c->member_count;
  for (int32_t m = 0; m < g->c->member_count; m++) {
    if (!of_model(g, m, k)) continue;
    l.share += g->weight[m];
    l.mean += g->weight[m] * u[m];
    l.noise += g->weight[m] * member_noise(g, o, m);
    l.square += g->weight[m] * g->weight[m];
  }
  if (!(l.share > 0)) return l;
  l.mean /= l.share;
  l.noise /= l.share;
  l.square /= l.share * l.share; /* 1 / effective number of members */
  for (int32_t m = 0; m < g->c->member_count; m++)
    if (of_model(g, m, k)) l.variance += g->weight[m] * (u[m] - l.mean) * (u[m] - l.mean);
  l.variance = l.square < 1 ? l.variance / l.share / (1 - l.square) : 0;
  return l;
}

/* Analysis of variance of the gain of option o, layer by layer (unbiased; Searle, Casella &
 * McCulloch, Variance Components, 1992, ch. 3). */
static void part_option(gm__gains *g, int32_t o)
{
  int32_t models = g->c->model ? g->c->model_count : 1;
  double mean = g->average[o] - g->average[g->base];
  gm_parts p = {0};
  for (int32_t k = 0; k < models; k++) {
    layer l = layer_of(g, o, k);
    if (!(l.share > 0)) continue;
    double noise = l.noise / g->c->replicate_count, between = fmax(0, l.variance - noise);
    double error = fmax(l.variance, noise) * l.square;
    p.parameter += l.share * between;
    p.intrinsic += l.share * l.noise;
    p.model += l.share * ((l.mean - mean) * (l.mean - mean) - (1 - l.share) * error);
    p.monte_carlo += l.share * l.share * error;
  }
  p.model = models > 1 ? fmax(0, p.model) : 0;
  p.total = p.parameter + p.intrinsic + p.model;
  if (g->c->replicate_count < 2) p.intrinsic = NAN;
  g->parts[o] = p;
}

/* Mean values of options, the best of them, and gains against the base. */
static void average(gm__gains *g)
{
  const gm_choice *c = g->c;
  ptrdiff_t n = c->member_count, options = c->option_count;
  for (int32_t o = 0; o < options; o++) {
    double *u = g->gain + o * n;
    for (int32_t m = 0; m < n; m++) u[m] = g->weight[m] > 0 ? member_mean(c, o, m) : 0;
    g->average[o] = gm_stats_dot((int32_t)n, u, g->weight);
    if (g->average[o] > g->average[g->best]) g->best = o;
  }
  if (g->base < 0) g->base = g->best;
  for (int32_t m = 0; m < n; m++) g->work[m] = g->gain[g->base * n + m];
  for (ptrdiff_t i = 0; i < options * n; i++) g->gain[i] -= g->work[i % n];
}

gm_status gm__gains_make(gm_ctx *ctx, const gm_choice *c, int32_t base, gm__gains *out)
{
  assert(c && c->value && out);
  gm_status s = check_sizes(ctx, c, base);
  if (s) return s;
  ptrdiff_t n = c->member_count, options = c->option_count;
  gm__gains g = {.c = c, .base = base};
  g.block = gm_alloc(ctx, 2 * n + options + 2 * n * options, sizeof *g.block);
  g.parts = gm_alloc(ctx, options, sizeof *g.parts);
  s = g.block && g.parts ? GM_OK : gm_fail(ctx, GM_ENOMEM, "choice of %d options", (int)options);
  if (!s) s = check_values(ctx, c, g.block);
  if (s) {
    gm__gains_free(&g);
    return s;
  }
  g.weight = g.block;
  g.work = g.weight + n;
  g.average = g.work + n;
  g.gain = g.average + options;
  g.shrunk = g.gain + options * n;
  g.ess = gm_stats_ess((int32_t)n, g.weight);
  average(&g);
  for (int32_t o = 0; o < options; o++) part_option(&g, o);
  s = gm__gains_shrink(ctx, &g);
  if (s)
    gm__gains_free(&g);
  else
    *out = g;
  return s;
}

void gm__gains_free(gm__gains *g)
{
  gm_free(g->block);
  gm_free(g->parts);
  *g = (gm__gains){0};
}

/* ---- over members --------------------------------------------------------------------------- */
double gm__gains_mean(const gm__gains *g, const double *u, double *error)
{
  int32_t n = g->c->member_count;
  double mean = gm_stats_dot(n, u, g->weight), sum = 0;
  for (int32_t m = 0; m < n; m++) sum += g->weight[m] * (u[m] - mean) * (u[m] - mean);
  if (error) *error = g->ess > 1 ? sqrt(sum / (g->ess - 1)) : 0;
  return mean;
}

double gm__gains_loss(const gm__gains *g, const double *u, int32_t of, double *error)
{
  ptrdiff_t n = g->c->member_count;
  for (int32_t m = 0; m < n; m++) {
    double best = u[m];
    for (int32_t o = 1; o < g->c->option_count; o++) best = fmax(best, u[o * n + m]);
    g->work[m] = best - u[of * n + m];
  }
  return gm__gains_mean(g, g->work, error);
}
