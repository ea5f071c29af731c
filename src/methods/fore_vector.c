/* fore_vector.c - scores of many values at once: energy and variogram score. */
#include "gemel/forecast.h"
#include <assert.h>
#include <math.h>

typedef struct {
  int32_t n, d;
  const double *x, *weight, *scale;
  double total, self;
} cloud;

static double weight_of(const cloud *c, int32_t m) { return c->weight ? c->weight[m] : 1; }
static double scale_of(const cloud *c, int32_t i) { return c->scale ? c->scale[i] : 1; }

static gm_status check_scale(gm_ctx *ctx, const cloud *c, const double *y)
{
  for (int32_t i = 0; i < c->d; i++) {
    if (!(scale_of(c, i) > 0) || !isfinite(scale_of(c, i)))
      return gm_fail(ctx, GM_ERANGE, "scale of component %d is %g", (int)i, scale_of(c, i));
    if (!isfinite(y[i]))
      return gm_fail(ctx, GM_EDOMAIN, "component %d of the outcome is %g", (int)i, y[i]);
  }
  return GM_OK;
}

static gm_status check(gm_ctx *ctx, cloud *c, const double *y)
{
  if (c->n < 1 || c->d < 1)
    return gm_fail(ctx, GM_ERANGE, "%d members of %d components", (int)c->n, (int)c->d);
  gm_status s = check_scale(ctx, c, y);
  double square = 0;
  for (int32_t m = 0; m < c->n && !s; m++) {
    double w = weight_of(c, m);
    if (!(w >= 0) || !isfinite(w))
      s = gm_fail(ctx, GM_EDOMAIN, "member %d has weight %g", (int)m, w);
    for (int32_t i = 0; i < c->d && !s && w > 0; i++)
      if (!isfinite(c->x[(ptrdiff_t)m * c->d + i]))
        s = gm_fail(ctx, GM_EDOMAIN, "component %d of member %d is %g", (int)i, (int)m,
                    c->x[(ptrdiff_t)m * c->d + i]);
    c->total += w;
  }
  if (s) return s;
  if (!(c->total > 0) || !isfinite(c->total))
    return gm_fail(ctx, GM_EDOMAIN, "weights of %d members sum to %g", (int)c->n, c->total);
  for (int32_t m = 0; m < c->n; m++) {
    double w = weight_of(c, m) / c->total;
    square += w * w;
  }
  c->self = square;
  return GM_OK;
}

static double distance(const cloud *c, const double *a, const double *b)
{
  double sum = 0;
  for (int32_t i = 0; i < c->d; i++) {
    double gap = (a[i] - b[i]) / scale_of(c, i);
    sum += gap * gap;
  }
  return sqrt(sum);
}

gm_status gm_score_energy(gm_ctx *ctx, int32_t n, int32_t d, const double *x, const double *weight,
                          const double *scale, const double *y, double *score, double *fair)
{
  assert(x && y && score);
  cloud c = {.n = n, .d = d, .x = x, .weight = weight, .scale = scale};
  gm_status s = check(ctx, &c, y);
  if (s) return s;
  double near = 0, apart = 0; /* apart: sum over pairs m > k, half of E|X - X'| */
  for (int32_t m = 0; m < n; m++) {
    const double *a = x + (ptrdiff_t)m * d;
    double w = weight_of(&c, m) / c.total, row = 0;
    if (!(w > 0)) continue;
    for (int32_t k = 0; k < m; k++)
      if (weight_of(&c, k) > 0)
        row += weight_of(&c, k) / c.total * distance(&c, a, x + (ptrdiff_t)k * d);
    near += w * distance(&c, a, y);
    apart += w * row;
  }
  *score = near - apart;
  if (fair) *fair = c.self < 1 - 1e-12 ? near - apart / (1 - c.self) : NAN;
  return GM_OK;
}

/* |a - b|^p with the usual p = 1/2 as a square root */
static double power(double gap, double p) { return p == 0.5 ? sqrt(fabs(gap)) : pow(fabs(gap), p); }

static double expected(const cloud *c, int32_t i, int32_t j, double p)
{
  double sum = 0;
  for (int32_t m = 0; m < c->n; m++) {
    const double *a = c->x + (ptrdiff_t)m * c->d;
    double w = weight_of(c, m) / c->total;
    if (w > 0) sum += w * power(a[i] / scale_of(c, i) - a[j] / scale_of(c, j), p);
  }
  return sum;
}

static gm_status check_pairs(gm_ctx *ctx, int32_t d, const double *pair)
{
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = i + 1; j < d; j++) {
      double w = pair[(ptrdiff_t)i * d + j];
      if (!(w >= 0) || !isfinite(w))
        return gm_fail(ctx, GM_ERANGE, "weight of pair %d, %d is %g", (int)i, (int)j, w);
    }
  return GM_OK;
}

gm_status gm_score_variogram(gm_ctx *ctx, int32_t n, int32_t d, const double *x,
                             const double *weight, const double *scale, const double *pair,
                             double p, const double *y, double *score)
{
  assert(x && y && score);
  cloud c = {.n = n, .d = d, .x = x, .weight = weight, .scale = scale};
  if (d < 2 || !(p > 0) || !isfinite(p))
    return gm_fail(ctx, GM_ERANGE, "variogram score of %d components, order %g", (int)d, p);
  gm_status s = check(ctx, &c, y);
  if (!s && pair) s = check_pairs(ctx, d, pair);
  double sum = 0;
  for (int32_t i = 0; i < d && !s; i++)
    for (int32_t j = i + 1; j < d; j++) {
      double w = pair ? pair[(ptrdiff_t)i * d + j] : 1;
      if (!(w > 0)) continue;
      double gap = power(y[i] / scale_of(&c, i) - y[j] / scale_of(&c, j), p);
      double miss = gap - expected(&c, i, j, p);
      sum += w * miss * miss;
    }
  if (!s) *score = sum;
  return s;
}
