/* choose_stack.c - stacking of predictive densities.
 * Maximises f(w) = sum_i v_i ln sum_k w_k p_ik - sum_k w_k over w >= 0 (sum v = 1): its maximum has
 * sum w = 1 by itself, because f(t w) is largest at t = 1/sum w. A log barrier mu sum ln w_k and
 * damped Newton steps lead there (Koenker & Mizera, J. Am. Stat. Assoc. 109:674, 2014, solve the
 * same problem so). With g_k = sum_i v_i p_ik / (P w)_i no weights have more than
 * ln max g_k <= max g_k - 1 above the present ones: the gap that is reported. */
#include "methods/fore_law.h"
#include "gemel/choose.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static const double gap_wanted = 1e-9;
enum { NEWTON_MAX = 60, BARRIERS_MAX = 60 };

typedef struct {
  int32_t n, k;
  double *p;     /* [n][k] densities, each row over its largest */
  double *v;     /* [n] weights of the data, sum 1 */
  double *mix;   /* [n] P w */
  double *g, *h; /* [k], [k][k] */
  double *step, *w;
  double *next; /* [k] */
} stack;

static void mixture(const stack *s, const double *w, double *mix)
{
  for (int32_t i = 0; i < s->n; i++) mix[i] = gm_la_dot(s->k, s->p + (ptrdiff_t)i * s->k, w);
}

/* f with the barrier; -inf outside */
static double objective(const stack *s, const double *w, double mu)
{
  double sum = 0;
  mixture(s, w, s->mix);
  for (int32_t i = 0; i < s->n; i++) sum += s->v[i] > 0 ? s->v[i] * log(s->mix[i]) : 0;
  for (int32_t k = 0; k < s->k; k++) sum += mu * log(w[k]) - w[k];
  return sum;
}

/* g of the comment above, without barrier, at mix; largest entry. */
static double slopes(const stack *s)
{
  double most = 0;
  memset(s->g, 0, (size_t)s->k * sizeof *s->g);
  for (int32_t i = 0; i < s->n; i++) {
    const double *p = s->p + (ptrdiff_t)i * s->k;
    for (int32_t k = 0; k < s->k; k++) s->g[k] += s->v[i] * (p[k] / s->mix[i]);
  }
  for (int32_t k = 0; k < s->k; k++) most = fmax(most, s->g[k]);
  return most;
}

/* Newton's direction for barrier mu; its squared length (twice the expected rise), < 0: none. */
static double direction(stack *s, double mu)
{
  int32_t n = s->k;
  memset(s->h, 0, (size_t)n * (size_t)n * sizeof *s->h);
  for (int32_t i = 0; i < s->n; i++) {
    const double *p = s->p + (ptrdiff_t)i * n;
    for (int32_t a = 0; a < n; a++)
      for (int32_t b = 0; b <= a; b++)
        s->h[a * n + b] += s->v[i] * (p[a] / s->mix[i]) * (p[b] / s->mix[i]);
  }
  slopes(s);
  for (int32_t k = 0; k < n; k++) {
    s->h[k * n + k] += mu / (s->w[k] * s->w[k]);
    s->g[k] += mu / s->w[k] - 1;
  }
  if (gm__la_cholesky(n, s->h, s->h)) return -1;
  gm_la_solve_cholesky(n, s->h, s->g, s->step);
  return gm_la_dot(n, s->g, s->step);
}

static void climb(stack *s, double mu)
{
  double f = objective(s, s->w, mu);
  for (int32_t it = 0; it < NEWTON_MAX; it++) {
    double rise = direction(s, mu), t = 1;
    if (!(rise > 1e-3 * mu)) return;
    for (int32_t k = 0; k < s->k; k++) /* stay inside */
      if (s->step[k] < 0) t = fmin(t, -0.99 * s->w[k] / s->step[k]);
    for (int32_t halving = 0; halving < 50; halving++, t *= 0.5) {
      for (int32_t k = 0; k < s->k; k++) s->next[k] = s->w[k] + t * s->step[k];
      double f_next = objective(s, s->next, mu);
      if (!(f_next >= f + 0.1 * t * rise)) continue;
      memcpy(s->w, s->next, (size_t)s->k * sizeof *s->w);
      f = f_next;
      break;
    }
    if (objective(s, s->w, mu) < f || t < 1e-12) return;
  }
}

/* Weights to s->w; the gap. */
static double solve(stack *s)
{
  double gap = INFINITY, total, mu = 0.1 / s->k;
  for (int32_t k = 0; k < s->k; k++) s->w[k] = 1.0 / s->k;
  for (int32_t it = 0; it < BARRIERS_MAX && gap > gap_wanted; it++, mu *= 0.2) {
    climb(s, mu);
    total = gm_stats_sum(s->k, s->w);
    for (int32_t k = 0; k < s->k; k++) s->next[k] = s->w[k] / total;
    mixture(s, s->next, s->mix);
    gap = fmax(0, slopes(s) - 1);
    if (mu < 1e-14) break;
  }
  memcpy(s->w, s->next, (size_t)s->k * sizeof *s->w);
  return gap;
}

/* ---- data ----------------------------------------------------------------------------------- */
/* Densities over the largest of their row (weights do not care); that largest log to top[i]. */
static gm_status densities(gm_ctx *ctx, const stack *s, const double *log_density, double *top)
{
  for (int32_t i = 0; i < s->n; i++) {
    const double *l = log_density + (ptrdiff_t)i * s->k;
    top[i] = -INFINITY;
    for (int32_t k = 0; k < s->k; k++) {
      if (isnan(l[k]) || (isinf(l[k]) && l[k] > 0))
        return gm_fail(ctx, GM_EDOMAIN, "datum %d, model %d: log density %g", (int)i, (int)k, l[k]);
      top[i] = fmax(top[i], l[k]);
    }
    if (isinf(top[i]))
      return gm_fail(ctx, GM_EDOMAIN, "datum %d is impossible under every model", (int)i);
    for (int32_t k = 0; k < s->k; k++) s->p[(ptrdiff_t)i * s->k + k] = exp(l[k] - top[i]);
  }
  return GM_OK;
}

/* Bayesian bootstrap (Rubin, Ann. Stat. 9:130, 1981): exponential weights, one a subject. */
static void draw_weights(stack *s, const gm_stack_options *o, int32_t replicate)
{
  gm_key key = o->key;
  double total = 0, e = 0;
  key.v[1] = GM_PURPOSE_BOOTSTRAP;
  for (int32_t i = 0, unit = 0; i < s->n; i++) {
    if (i == 0 || !o->subject || o->subject[i] != o->subject[i - 1])
      e = gm_exponential(key, (uint64_t)replicate, 0, gm_kind_draw(GM__KIND_STACK, 0),
                         (uint64_t)unit++);
    total += s->v[i] = e;
  }
  for (int32_t i = 0; i < s->n; i++) s->v[i] /= total;
}

static gm_status bootstrap(gm_ctx *ctx, stack *s, const gm_stack_options *o, gm_stack *out)
{
  static const double level[2] = {0.05, 0.95};
  int32_t count = o->replicates > 0 ? o->replicates : 200;
  double *draw = gm_alloc(ctx, (ptrdiff_t)count * s->k, sizeof *draw), q[2], mean;
  gm_status status = GM_OK;
  if (!draw) return gm_fail(ctx, GM_ENOMEM, "%d bootstraps", (int)count);
  for (int32_t b = 0; b < count; b++) {
    draw_weights(s, o, b);
    solve(s);
    for (int32_t k = 0; k < s->k; k++) draw[(ptrdiff_t)k * count + b] = s->w[k];
  }
  for (int32_t k = 0; k < s->k && !status; k++) {
    const double *d = draw + (ptrdiff_t)k * count;
    status = gm_stats_quantiles(ctx, count, d, NULL, 2, level, q);
    if (!status) status = gm_stats_mean(ctx, count, d, NULL, &mean, NULL);
    if (status) break;
    if (out->low) out->low[k] = q[0];
    if (out->high) out->high[k] = q[1];
    if (out->mean) out->mean[k] = mean;
  }
  gm_free(draw);
  return status;
}

/* p, top, v, mix of the data; g, step, w, next of the models; h. */
static double *seat(gm_ctx *ctx, stack *s, double **top)
{
  ptrdiff_t n = s->n, k = s->k;
  double *block = gm_alloc(ctx, n * k + 3 * n + 4 * k + k * k, sizeof *block);
  if (!block) return NULL;
  s->p = block;
  *top = s->p + n * k;
  s->v = *top + n;
  s->mix = s->v + n;
  s->g = s->mix + n;
  s->step = s->g + k;
  s->w = s->step + k;
  s->next = s->w + k;
  s->h = s->next + k;
  return block;
}

/* Weights for the data as they are, then the bootstrap; weight[k] is scratch. */
static gm_status best_and_spread(gm_ctx *ctx, stack *s, const double *top,
                                 const gm_stack_options *options, double *weight, gm_stack *out)
{
  double score = 0, gap;
  gm_status status = GM_OK;
  for (int32_t i = 0; i < s->n; i++) s->v[i] = 1.0 / s->n;
  gap = solve(s);
  mixture(s, s->w, s->mix);
  for (int32_t i = 0; i < s->n; i++) score += (log(s->mix[i]) + top[i]) / s->n;
  memcpy(weight, s->w, (size_t)s->k * sizeof *weight);
  if (out->low || out->high || out->mean) status = bootstrap(ctx, s, options, out);
  if (status) return status;
  memcpy(out->weight, weight, (size_t)s->k * sizeof *weight);
  out->score = score;
  out->gap = gap;
  return GM_OK;
}

gm_status gm_stack_weights(gm_ctx *ctx, int32_t n, int32_t model_count, const double *log_density,
                           const gm_stack_options *options, gm_stack *out)
{
  assert(log_density && out && out->weight);
  static const gm_stack_options usual = {0};
  stack s = {.n = n, .k = model_count};
  double *top = NULL;
  if (n < 1 || model_count < 1 || model_count > 1000)
    return gm_fail(ctx, GM_ERANGE, "stacking of %d models on %d data", (int)model_count, (int)n);
  double *block = seat(ctx, &s, &top), *weight = gm_alloc(ctx, model_count, sizeof *weight);
  gm_status status =
      block && weight ? GM_OK : gm_fail(ctx, GM_ENOMEM, "stacking of %d data", (int)n);
  if (!status) status = densities(ctx, &s, log_density, top);
  if (!status) status = best_and_spread(ctx, &s, top, options ? options : &usual, weight, out);
  gm_free(block);
  gm_free(weight);
  return status;
}
