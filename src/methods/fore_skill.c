/* fore_skill.c - is one forecaster better than another, from paired scores.
 * The skill 1 - mean(own)/mean(base) is a ratio; its error is that of the mean of the linearised
 * values (own - ratio base)/mean(base). */
#include "methods/fore_law.h"
#include "num/distribution.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>

typedef struct {
  gm_ctx *ctx;
  int32_t n;
  const double *own, *base;
  double level;
  double mean_own, mean_base;
  double *work; /* [n] or [replicates * 2] */
} job;

static gm_status check(gm_ctx *ctx, int32_t n, const double *own, const double *base)
{
  if (n < 4) return gm_fail(ctx, GM_ERANGE, "skill of %d pairs of scores, at least 4", (int)n);
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(own[i]) || !isfinite(base[i]))
      return gm_fail(ctx, GM_EDOMAIN, "scores of outcome %d: %g and %g", (int)i, own[i], base[i]);
  if (!(gm_stats_sum(n, base) > 0))
    return gm_fail(ctx, GM_EDOMAIN, "scores of the baseline have the sum %g",
                   gm_stats_sum(n, base));
  return GM_OK;
}

/* ---- autocorrelation ------------------------------------------------------------------------ */
static double autocovariance(int32_t n, const double *u, double mean, int32_t lag)
{
  double sum = 0;
  for (int32_t i = lag; i < n; i++) sum += (u[i] - mean) * (u[i - lag] - mean);
  return sum / n;
}

static double first_correlation(int32_t n, const double *u)
{
  double mean = gm_stats_sum(n, u) / n, c0 = autocovariance(n, u, mean, 0);
  if (!(c0 > 0)) return 0;
  return fmax(-0.97, fmin(0.97, autocovariance(n, u, mean, 1) / c0));
}

/* Lags for Bartlett weights: Andrews, Econometrica 59:817 (1991), eq. 5.3 and 6.2, 6.4 for a first
 * autoregression; at most a third of the series. */
static int32_t hac_lag(int32_t n, const double *u)
{
  double r = first_correlation(n, u), a = 2 * r / (1 - r * r);
  return (int32_t)fmin(n / 3, floor(1.1447 * cbrt(a * a * n)));
}

/* Block length of the moving block bootstrap: Carlstein, Ann. Stat. 14:1171 (1986). */
static int32_t block_length(int32_t n, const double *u)
{
  double r = fabs(first_correlation(n, u)), a = sqrt(6) * r / (1 - r * r);
  return (int32_t)fmin(n / 3, fmax(1, ceil(cbrt(a * a * n))));
}

/* Standard error of the mean of u[n], small samples by Harvey, Leybourne & Newbold, Int. J.
 * Forecast. 13:281 (1997), eq. 9, for forecasts lag + 1 steps ahead. */
static double hac_error(int32_t n, const double *u, int32_t lag)
{
  double mean = gm_stats_sum(n, u) / n, v = autocovariance(n, u, mean, 0), h = lag + 1;
  for (int32_t k = 1; k <= lag; k++) v += 2 * (1 - k / h) * autocovariance(n, u, mean, k);
  double small = (n + 1 - 2 * h + h * (h - 1) / n) / n;
  return sqrt(fmax(0, v) / n / fmax(small, 1.0 / n));
}

static double two_sided(double t, double df) { return 2 * gm_dist_t_cdf(-fabs(t), df); }

static double p_of(double difference, double error, double df)
{
  if (error > 0) return two_sided(difference / error, df);
  return difference == 0 ? 1 : 0;
}

/* ---- the three ways ------------------------------------------------------------------------- */
static void linearised(const job *j, double *u)
{
  double ratio = j->mean_own / j->mean_base;
  for (int32_t i = 0; i < j->n; i++) u[i] = (j->own[i] - ratio * j->base[i]) / j->mean_base;
}

static void by_hac(const job *j, const gm_skill_options *o, gm_skill *r)
{
  double df = j->n - 1, reach = gm_dist_t_quantile(0.5 + 0.5 * j->level, df);
  linearised(j, j->work);
  r->lag = o->lag ? o->lag : hac_lag(j->n, j->work);
  double error = hac_error(j->n, j->work, r->lag);
  r->low = r->skill - reach * error;
  r->high = r->skill + reach * error;
  for (int32_t i = 0; i < j->n; i++) j->work[i] = j->own[i] - j->base[i];
  r->error = hac_error(j->n, j->work, o->lag ? o->lag : hac_lag(j->n, j->work));
  r->p_value = p_of(r->difference, r->error, df);
}

/* Replicate b: blocks of length l from uniformly drawn places, the last one cut. Skill to
 * work[b], difference to work[count + b]. A replicate in which the baseline made no error at all
 * counts as skill -inf. */
static void replicate(const job *j, gm_key key, int32_t l, int32_t b, int32_t count)
{
  double own = 0, base = 0;
  int32_t filled = 0;
  for (int32_t k = 0; filled < j->n; k++) {
    double u = gm_uniform(key, (uint64_t)b, 0, gm_kind_draw(GM__KIND_BLOCK, 0), (uint64_t)k);
    int32_t from = (int32_t)fmin(j->n - l, floor(u * (j->n - l + 1)));
    for (int32_t i = 0; i < l && filled < j->n; i++, filled++) {
      own += j->own[from + i];
      base += j->base[from + i];
    }
  }
  j->work[b] = base > 0 ? 1 - own / base : -1e300;
  j->work[count + b] = (own - base) / j->n;
}

static gm_status by_blocks(const job *j, const gm_skill_options *o, int32_t count, gm_skill *r)
{
  double level[2] = {0.5 - 0.5 * j->level, 0.5 + 0.5 * j->level}, q[2], mean, variance;
  gm_key key = o->key;
  key.v[1] = GM_PURPOSE_BOOTSTRAP;
  linearised(j, j->work);
  r->lag = o->lag ? o->lag : block_length(j->n, j->work);
  for (int32_t b = 0; b < count; b++) replicate(j, key, r->lag, b, count);
  gm_status s = gm_stats_quantiles(j->ctx, count, j->work, NULL, 2, level, q);
  if (!s) s = gm_stats_mean(j->ctx, count, j->work + count, NULL, &mean, &variance);
  if (s) return s;
  r->low = q[0];
  r->high = q[1];
  r->error = sqrt(variance);
  r->p_value = NAN;
  return GM_OK;
}

static gm_status by_subjects(const job *j, const gm_skill_options *o, gm_skill *r)
{
  double ratio = j->mean_own / j->mean_base, skill2 = 0, difference2 = 0;
  int32_t count = 0;
  for (int32_t i = 0; i < j->n; count++) {
    double a = 0, d = 0;
    int32_t id = o->subject[i];
    for (; i < j->n && o->subject[i] == id; i++) {
      a += j->own[i] - ratio * j->base[i];
      d += j->own[i] - j->base[i] - r->difference;
    }
    skill2 += a * a;
    difference2 += d * d;
  }
  if (count < 2) return gm_fail(j->ctx, GM_ERANGE, "scores of %d subject, at least 2", (int)count);
  double small = count / (count - 1.0), reach = gm_dist_t_quantile(0.5 + 0.5 * j->level, count - 1);
  double error = sqrt(small * skill2) / (j->n * j->mean_base);
  r->low = r->skill - reach * error;
  r->high = r->skill + reach * error;
  r->error = sqrt(small * difference2) / j->n;
  r->p_value = p_of(r->difference, r->error, count - 1);
  r->lag = 0;
  return GM_OK;
}

static gm_status check_options(gm_ctx *ctx, int32_t n, const gm_skill_options *o, double level)
{
  if (o->way == GM_SKILL_SUBJECTS && !o->subject)
    return gm_fail(ctx, GM_EINVAL, "skill over subjects without subjects");
  if (!(level > 0 && level < 1) || o->lag < 0 || o->lag >= n || o->replicates < 0 ||
      o->replicates > 1000000)
    return gm_fail(ctx, GM_ERANGE, "skill: level %g, lag %d of %d, %d replicates", level,
                   (int)o->lag, (int)n, (int)o->replicates);
  return GM_OK;
}

gm_status gm_skill_paired(gm_ctx *ctx, int32_t n, const double *own, const double *base,
                          const gm_skill_options *options, gm_skill *out)
{
  assert(own && base && out);
  static const gm_skill_options usual = {0};
  const gm_skill_options *o = options ? options : &usual;
  job j = {.ctx = ctx, .n = n, .own = own, .base = base, .level = o->level != 0 ? o->level : 0.9};
  int32_t count = o->replicates ? o->replicates : 999;
  gm_status s = check(ctx, n, own, base);
  if (!s) s = check_options(ctx, n, o, j.level);
  if (s) return s;
  j.mean_own = gm_stats_sum(n, own) / n;
  j.mean_base = gm_stats_sum(n, base) / n;
  gm_skill r = {
      .skill = 1 - j.mean_own / j.mean_base, .difference = j.mean_own - j.mean_base, .n = n};
  ptrdiff_t room = n > 2 * (ptrdiff_t)count ? n : 2 * (ptrdiff_t)count;
  j.work = gm_alloc(ctx, room, sizeof *j.work);
  if (!j.work) return gm_fail(ctx, GM_ENOMEM, "skill of %d pairs", (int)n);
  if (o->way == GM_SKILL_BLOCKS)
    s = by_blocks(&j, o, count, &r);
  else if (o->way == GM_SKILL_SUBJECTS)
    s = by_subjects(&j, o, &r);
  else
    by_hac(&j, o, &r);
  gm_free(j.work);
  if (!s) *out = r;
  return s;
}
