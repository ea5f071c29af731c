/* fore_baseline.c - forecasts that need no model: last value, population. */
#include "methods/fore_law.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

const char *gm_baseline_name(gm_baseline b)
{
  static const char *const name[] = {"last value", "population", "autoregression"};
  return (unsigned)b < sizeof name / sizeof name[0] ? name[b] : "unknown";
}

gm_status gm__history_check(gm_ctx *ctx, const gm_history *h, int32_t least)
{
  if (h->n < least)
    return gm_fail(ctx, GM_ERANGE, "history of %d values, at least %d needed", (int)h->n,
                   (int)least);
  for (int32_t i = 0; i < h->n; i++) {
    if (!isfinite(h->t[i]) || !isfinite(h->y[i]))
      return gm_fail(ctx, GM_EDOMAIN, "history: value %d is %g at time %g", (int)i, h->y[i],
                     h->t[i]);
    if (i && !(h->t[i] > h->t[i - 1]))
      return gm_fail(ctx, GM_ERANGE, "history: time %g after %g", h->t[i], h->t[i - 1]);
  }
  return GM_OK;
}

gm_status gm__history_ahead(gm_ctx *ctx, const gm_history *h, double t_ahead)
{
  if (t_ahead > h->t[h->n - 1] && isfinite(t_ahead)) return GM_OK;
  return gm_fail(ctx, GM_ERANGE, "forecast for %g, the last value is of %g", t_ahead,
                 h->t[h->n - 1]);
}

/* ---- last value ----------------------------------------------------------------------------- */
/* Weighted least squares of squared changes s on (1, lag), both coefficients >= 0. The squares of
 * normal changes have a spread in proportion to their mean, so a pair weighs 1/(a + b lag)^2 with
 * the coefficients of the round before; and long lags overlap, so 1/lag more. */
typedef struct {
  double a, b;
} spread;

typedef struct {
  double w, l, s, ll, ls; /* sums of weight, and of weight times lag, square, ... */
} moments;

static double misfit(const moments *m, spread c)
{
  return c.a * c.a * m->w + 2 * c.a * c.b * m->l + c.b * c.b * m->ll - 2 * c.a * m->s -
         2 * c.b * m->ls;
}

static spread solve(const moments *m)
{
  spread only_noise = {m->s / m->w, 0}, only_walk = {0, m->ls / m->ll};
  double det = m->w * m->ll - m->l * m->l;
  if (det > 1e-12 * m->w * m->ll) {
    spread both = {(m->s * m->ll - m->ls * m->l) / det, (m->w * m->ls - m->l * m->s) / det};
    if (both.a >= 0 && both.b >= 0) return both;
    return misfit(m, only_walk) <= misfit(m, only_noise) ? only_walk : only_noise;
  }
  return only_walk; /* one lag alone: its changes say nothing of what is noise */
}

static spread widening(const gm_history *h, double lag_max)
{
  spread c = {1, 0};
  for (int32_t round = 0; round < 4; round++) {
    moments m = {0};
    for (int32_t i = 0; i < h->n; i++)
      for (int32_t j = i + 1; j < h->n && (j == i + 1 || h->t[j] - h->t[i] <= lag_max); j++) {
        double lag = h->t[j] - h->t[i], d = h->y[j] - h->y[i], v = c.a + c.b * lag;
        double w = 1 / (v * v * lag);
        m.w += w;
        m.l += w * lag;
        m.s += w * d * d;
        m.ll += w * lag * lag;
        m.ls += w * lag * d * d;
      }
    c = solve(&m);
    if (!(c.a + c.b > 0) || !isfinite(c.a + c.b)) break;
  }
  return c;
}

gm_status gm_baseline_last(gm_ctx *ctx, const gm_history *h, double t_ahead, gm_student *out)
{
  assert(h && out);
  gm_status s = gm__history_check(ctx, h, 2);
  if (!s) s = gm__history_ahead(ctx, h, t_ahead);
  if (s) return s;
  double last = h->t[h->n - 1], ahead = t_ahead - last, past = last - h->t[0];
  double lag = fmin(fmax(ahead, past / (h->n - 1)), 0.5 * past);
  spread c = widening(h, lag * (1 + 1e-9));
  double variance = c.a + c.b * ahead;
  if (!(variance > 0) || !isfinite(variance))
    return gm_fail(ctx, GM_ENUMERIC, "history of %d values never changes: no spread to go by",
                   (int)h->n);
  double df = fmin(h->n - 1, fmax(2, past / lag));
  *out = (gm_student){h->y[h->n - 1], sqrt(variance), df};
  return GM_OK;
}

/* ---- population ----------------------------------------------------------------------------- */
gm_status gm_baseline_population(gm_ctx *ctx, int32_t n, const double *y, const double *weight,
                                 gm_student *out)
{
  assert(y && out);
  double mean, variance;
  gm_status s = gm_stats_mean(ctx, n, y, weight, &mean, &variance);
  if (s) return s;
  double size = gm_stats_ess(n, weight);
  if (!(size >= 2 - 1e-9))
    return gm_fail(ctx, GM_ERANGE, "population of effectively %g values, at least 2 needed", size);
  if (!(variance > 0)) return gm_fail(ctx, GM_ENUMERIC, "population of equal values");
  *out = (gm_student){mean, sqrt(variance * (1 + 1 / size)), size - 1};
  return GM_OK;
}
