/* scores.c - the mixture law of a measurement: distribution, quantiles, proper scores. */
#include "gemel/score.h"
#include "gemel/math.h"
#include "num/score.h"
#include <assert.h>
#include <math.h>

/* Beyond this many standard deviations a normal tail is less than 1e-18. */
static const double reach_sd = 9;

typedef struct {
  double weight, centre, sd; /* of Y, or of ln Y on the log scale */
} part;

static part part_of(const gm_predictive *p, int32_t m)
{
  double f = p->f[m * p->stride];
  return (part){.weight = p->weight ? p->weight[m] : 1,
                .centre = p->error.log_scale ? gm_ln(f) : f,
                .sd = gm_datum_sd(&p->error, f)};
}

static gm_status check(gm_ctx *ctx, const gm_predictive *p)
{
  double sum = 0;
  if (p->n < 1 || p->stride < 1)
    return gm_fail(ctx, GM_ERANGE, "forecast of %d members, stride %td", (int)p->n, p->stride);
  if (!(p->error.additive >= 0 && p->error.proportional >= 0))
    return gm_fail(ctx, GM_EDOMAIN, "error model: additive %g, proportional %g", p->error.additive,
                   p->error.proportional);
  for (int32_t m = 0; m < p->n; m++) {
    part a = part_of(p, m);
    if (!(a.weight >= 0) || !isfinite(a.weight))
      return gm_fail(ctx, GM_EDOMAIN, "member %d has weight %g", (int)m, a.weight);
    if (a.weight > 0 && !isfinite(a.centre + a.sd))
      return gm_fail(ctx, GM_EDOMAIN, "member %d of weight %g predicts %g%s", (int)m, a.weight,
                     p->f[m * p->stride], p->error.log_scale ? ", on a log scale" : "");
    sum += a.weight;
  }
  if (!(sum > 0) || !isfinite(sum)) return gm_fail(ctx, GM_EDOMAIN, "weights sum to %g", sum);
  return GM_OK;
}

static double part_cdf(const part *a, double x)
{
  if (a->sd > 0) return gm_norm_cdf((x - a->centre) / a->sd);
  return x >= a->centre;
}

/* x is y, or ln y on the log scale */
static double cdf(const gm_predictive *p, double x)
{
  double sum = 0, all = 0;
  for (int32_t m = 0; m < p->n; m++) {
    part a = part_of(p, m);
    if (!(a.weight > 0)) continue; /* its prediction may be anything */
    sum += a.weight * part_cdf(&a, x);
    all += a.weight;
  }
  return sum / all;
}

double gm_predictive_cdf(const gm_predictive *p, double y)
{
  assert(p && p->f);
  if (isnan(y) || check(NULL, p)) return NAN;
  if (!p->error.log_scale) return cdf(p, y);
  return y > 0 ? cdf(p, gm_ln(y)) : 0;
}

static double quantile(const gm_predictive *p, double prob, double low, double high)
{
  while (true) { /* until two neighbouring numbers are left */
    double middle = 0.5 * low + 0.5 * high;
    if (!(middle > low && middle < high)) return high;
    if (cdf(p, middle) < prob)
      low = middle;
    else
      high = middle;
  }
}

gm_status gm_predictive_quantiles(gm_ctx *ctx, const gm_predictive *p, int32_t count,
                                  const double *prob, double *q)
{
  assert(p && p->f && prob && q);
  gm_status s = check(ctx, p);
  if (s) return s;
  for (int32_t k = 0; k < count; k++)
    if (!(prob[k] > 0 && prob[k] < 1))
      return gm_fail(ctx, GM_ERANGE, "quantile level %g is outside (0, 1)", prob[k]);
  double low = INFINITY, high = -INFINITY;
  for (int32_t m = 0; m < p->n; m++) {
    part a = part_of(p, m);
    if (!(a.weight > 0)) continue;
    low = fmin(low, a.centre - reach_sd * a.sd);
    high = fmax(high, a.centre + reach_sd * a.sd);
  }
  low -= 1e-9 * (1 + fabs(low)); /* P(Y <= low) is 0 also where all sd are 0 */
  for (int32_t k = 0; k < count; k++) {
    double x = quantile(p, prob[k], low, high);
    q[k] = p->error.log_scale ? gm_exp(x) : x;
  }
  return GM_OK;
}

/* ---- scores ------------------------------------------------------------------------------- */
/* E|X| of a normal. */
static double normal_distance(double mean, double sd)
{
  if (!(sd > 0)) return fabs(mean);
  double z = mean / sd, density = gm_exp(-0.5 * z * z) * 0.39894228040143267794; /* 1/sqrt(2 pi) */
  return mean * (2 * gm_norm_cdf(z) - 1) + 2 * sd * density;
}

/* 2 Phi(x/s) - 1, with its limit for s = 0 */
static double balance(double x, double s)
{
  if (s > 0) return 2 * gm_norm_cdf(x / s) - 1;
  return (x > 0) - (x < 0);
}

/* E|X - Y| of independent parts; sd 0 is a fixed value. On the log scale from the partial means
 * E[X; X > Y] = E[X] Phi((mx - my + sx2) / s), s2 = sx2 + sy2. */
static double distance(const part *a, const part *b, bool log_scale)
{
  double gap = a->centre - b->centre, va = a->sd * a->sd, vb = b->sd * b->sd, s = sqrt(va + vb);
  if (!log_scale) return normal_distance(gap, s);
  double mean_a = gm_exp(a->centre + 0.5 * va), mean_b = gm_exp(b->centre + 0.5 * vb);
  return mean_a * balance(gap + va, s) + mean_b * balance(vb - gap, s);
}

gm_status gm_predictive_crps(gm_ctx *ctx, const gm_predictive *p, double y, double *crps)
{
  assert(p && p->f && crps);
  gm_status s = check(ctx, p);
  if (s) return s;
  bool log_scale = p->error.log_scale;
  if (!isfinite(y) || (log_scale && !(y > 0)))
    return gm_fail(ctx, GM_EDOMAIN, "outcome %g%s", y, log_scale ? " on a log scale" : "");
  part outcome = {.centre = log_scale ? gm_ln(y) : y};
  double near = 0, apart = 0, all = 0;
  for (int32_t m = 0; m < p->n; m++) {
    part a = part_of(p, m);
    if (!(a.weight > 0)) continue;
    double row = 0.5 * a.weight * distance(&a, &a, log_scale);
    for (int32_t k = 0; k < m; k++) {
      part b = part_of(p, k);
      if (b.weight > 0) row += b.weight * distance(&a, &b, log_scale);
    }
    near += a.weight * distance(&a, &outcome, log_scale);
    apart += a.weight * row;
    all += a.weight;
  }
  *crps = near / all - apart / (all * all);
  return GM_OK;
}

gm_status gm_predictive_wis(gm_ctx *ctx, const gm_predictive *p, int32_t count, const double *prob,
                            double y, double *wis)
{
  assert(p && prob && wis);
  gm_wis score;
  double *q = gm_alloc(ctx, count, sizeof *q);
  if (!q) return gm_fail(ctx, GM_ENOMEM, "%d quantiles", (int)count);
  gm_status s = gm_predictive_quantiles(ctx, p, count, prob, q);
  if (!s) s = gm_score_wis(ctx, count, prob, q, y, &score);
  if (!s) *wis = score.score;
  gm_free(q);
  return s;
}
