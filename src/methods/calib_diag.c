/* calib_diag.c - R-hat, effective sizes and Monte Carlo errors of chains.
 * Vehtari, Gelman, Simpson, Carpenter & Buerkner, Rank-normalization, folding, and localization: an
 * improved R-hat, Bayesian Anal. 16:667 (2021). Autocovariances are summed lag by lag and only as
 * far as Geyer's initial sequence (Stat. Sci. 7:473, 1992) asks for them.
 * Walkers of one ensemble depend on each other: their values are averaged at each draw first, and
 * the averages are the chains. */
#include "gemel/math.h"
#include "methods/calib_internal.h"
#include "num/distribution.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  int32_t chains, draws, group;
  const double *x; /* [chains][draws] */
  double *sorted;  /* [chains*draws] */
  double *f;       /* [chains*draws] a function of x                 */
  double *mean;    /* [chains*draws] averages over groups, split     */
  double *order;   /* [chains*draws] numbers of the sorted values    */
  double *block;
  bool fine; /* enough draws, all finite, not all equal        */
} diag;

static gm_status diag_open(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t group,
                           const double *x, diag *g)
{
  if (chains < 1 || draws < 1)
    return gm_fail(ctx, GM_ERANGE, "diagnostics of %d chains of %d draws", (int)chains, (int)draws);
  ptrdiff_t n = (ptrdiff_t)chains * draws;
  if (n > INT32_MAX) return gm_fail(ctx, GM_ERANGE, "diagnostics of %td draws", n);
  *g = (diag){.ctx = ctx, .chains = chains, .draws = draws, .group = group, .x = x};
  g->block = gm_alloc(ctx, 4 * n, sizeof *g->block);
  if (!g->block) return gm_fail(ctx, GM_ENOMEM, "diagnostics of %td draws", n);
  g->sorted = g->block;
  g->f = g->sorted + n;
  g->mean = g->f + n;
  g->order = g->mean + n;
  g->fine = draws >= 4;
  bool equal = true;
  for (ptrdiff_t i = 0; i < n; i++) {
    g->fine = g->fine && isfinite(x[i]);
    equal = equal && x[i] == x[0];
  }
  g->fine = g->fine && !equal;
  return GM_OK;
}

static void diag_close(diag *g) { gm_free(g->block); }

static ptrdiff_t total(const diag *g) { return (ptrdiff_t)g->chains * g->draws; }

static gm_status sort_values(diag *g, const double *x)
{
  ptrdiff_t n = total(g);
  memcpy(g->sorted, x, (size_t)n * sizeof *x);
  for (ptrdiff_t i = 0; i < n; i++) g->order[i] = (double)i;
  return gm_stats_sort(g->ctx, (int32_t)n, g->sorted, g->order);
}

/* f = normal scores of the ranks of x (Blom's; ties get their mean rank). f may be x. */
static gm_status normal_scores(diag *g, const double *x)
{
  ptrdiff_t n = total(g);
  gm_status s = sort_values(g, x);
  for (ptrdiff_t i = 0; i < n && !s;) {
    ptrdiff_t j = i;
    while (j < n && g->sorted[j] == g->sorted[i]) j++;
    double rank = 0.5 * (double)(i + 1 + j);
    double score = gm_norm_quantile((rank - 0.375) / ((double)n + 0.25));
    for (; i < j; i++) g->f[(ptrdiff_t)g->order[i]] = score;
  }
  return s;
}

/* Type 7 quantile of x; leaves the sorted values. */
static gm_status quantile(diag *g, const double *x, double p, double *q)
{
  gm_status s = sort_values(g, x);
  if (s) return s;
  double h = p * (double)(total(g) - 1);
  ptrdiff_t k = (ptrdiff_t)h, last = total(g) - 1;
  double upper = g->sorted[k < last ? k + 1 : last];
  *q = g->sorted[k] + (h - (double)k) * (upper - g->sorted[k]);
  return GM_OK;
}

/* Half h of chain c of f: the draw in the middle of an odd number is left out. */
static const double *half(const diag *g, const double *f, int32_t c, int32_t h)
{
  return f + (ptrdiff_t)c * g->draws + (h ? g->draws - g->draws / 2 : 0);
}

static void moments(int32_t n, const double *x, double *mean, double *variance)
{
  double sum = 0, square = 0;
  for (int32_t i = 0; i < n; i++) sum += x[i];
  *mean = sum / n;
  for (int32_t i = 0; i < n; i++) square += (x[i] - *mean) * (x[i] - *mean);
  *variance = square / (n - 1);
}

/* Split R-hat of f, every walker a chain. */
static double rhat_plain(const diag *g, const double *f)
{
  int32_t n = g->draws / 2, m = 2 * g->chains;
  double sum = 0, within = 0, between = 0;
  for (int32_t k = 0; k < m; k++) {
    double mean, variance;
    moments(n, half(g, f, k / 2, k % 2), &mean, &variance);
    sum += mean;
    within += variance / m;
  }
  for (int32_t k = 0; k < m; k++) {
    double mean, variance;
    moments(n, half(g, f, k / 2, k % 2), &mean, &variance);
    between += (mean - sum / m) * (mean - sum / m) / (m - 1);
  }
  if (within == 0) return between > 0 ? INFINITY : NAN;
  return sqrt(between / within + (n - 1.0) / n);
}

/* ---- effective size ------------------------------------------------------------------ */
typedef struct {
  int32_t n, m;  /* draws of a half, halves */
  double within; /* mean of their variances */
  double plus;   /* var+, eq. (3) of the paper */
  const double *x;
  double *mean; /* [m] */
} series;

/* Mean over the halves of the autocovariance at a lag (divided by n). */
static double covariance_at(const series *s, int32_t lag)
{
  double all = 0;
  for (int32_t k = 0; k < s->m; k++) {
    const double *x = s->x + (ptrdiff_t)k * s->n;
    double sum = 0, mean = s->mean[k];
    for (int32_t i = 0; i + lag < s->n; i++) sum += (x[i] - mean) * (x[i + lag] - mean);
    all += sum / s->n;
  }
  return all / s->m;
}

static double correlation_at(const series *s, int32_t lag)
{
  return 1 - (s->within - covariance_at(s, lag)) / s->plus;
}

/* Integrated autocorrelation time: Geyer's initial positive, monotone sequence of pairs. */
static double time_integrated(const series *s)
{
  double even = 1, odd = correlation_at(s, 1), last = INFINITY, sum = 0, tail = 0;
  int32_t t = 0;
  for (;;) {
    double pair = even + odd;
    if (!(pair > 0) || t >= s->n - 5) {
      /* the paper's improved estimate for antithetic chains keeps a positive even term */
      tail = even > 0 && t > 0 ? even : 0;
      if (t == 0) sum = 1 + fmax(odd, -1); /* a first pair that is negative: all that is known */
      break;
    }
    last = fmin(last, pair);
    sum += last;
    t += 2;
    even = correlation_at(s, t);
    odd = t + 1 < s->n ? correlation_at(s, t + 1) : 0;
  }
  return -1 + 2 * sum + tail;
}

/* Effective size of the mean of f; with groups, of all walkers. NaN when f does not vary. */
static double ess_of(diag *g, const double *f)
{
  int32_t n = g->draws / 2, ensembles = g->chains / g->group, m = 2 * ensembles;
  double *x = g->mean, mean[64], *means = m <= 64 ? mean : g->order;
  for (int32_t e = 0; e < ensembles; e++)
    for (int32_t h = 0; h < 2; h++)
      for (int32_t i = 0; i < n; i++) {
        double sum = 0;
        for (int32_t w = 0; w < g->group; w++) sum += half(g, f, e * g->group + w, h)[i];
        x[((ptrdiff_t)2 * e + h) * n + i] = sum / g->group;
      }
  series s = {.n = n, .m = m, .x = x, .mean = means};
  double grand = 0, between = 0;
  for (int32_t k = 0; k < m; k++) {
    double variance;
    moments(n, x + (ptrdiff_t)k * n, &means[k], &variance);
    s.within += variance / m;
    grand += means[k] / m;
  }
  for (int32_t k = 0; k < m; k++) between += (means[k] - grand) * (means[k] - grand) / (m - 1);
  s.plus = s.within * (n - 1) / n + between;
  if (!(s.plus > 0)) return NAN;
  double size = (double)m * n;
  double ess = size / fmax(time_integrated(&s), 1 / log10(size));
  if (g->group == 1) return ess;
  double all, spread; /* the variance of one walker over that of the mean of all */
  moments((int32_t)total(g), f, &all, &spread);
  return spread / (s.plus / ess);
}

/* Indicator of x <= its quantile p. */
static gm_status ess_quantile(diag *g, double p, double *ess)
{
  double q;
  *ess = NAN;
  if (!g->fine) return GM_OK;
  gm_status s = quantile(g, g->x, p, &q);
  if (s) return s;
  for (ptrdiff_t i = 0; i < total(g); i++) g->f[i] = g->x[i] <= q;
  *ess = ess_of(g, g->f);
  return GM_OK;
}

static gm_status rhat(diag *g, double *out)
{
  double median, bulk;
  *out = NAN;
  if (!g->fine) return GM_OK;
  gm_status s = normal_scores(g, g->x);
  if (s) return s;
  bulk = rhat_plain(g, g->f);
  s = quantile(g, g->x, 0.5, &median);
  if (s) return s;
  for (ptrdiff_t i = 0; i < total(g); i++) g->f[i] = fabs(g->x[i] - median);
  s = normal_scores(g, g->f);
  if (s) return s;
  double folded = rhat_plain(g, g->f);
  *out = isnan(bulk) ? bulk : fmax(bulk, folded);
  return GM_OK;
}

static gm_status ess_bulk(diag *g, double *ess)
{
  *ess = NAN;
  if (!g->fine) return GM_OK;
  gm_status s = normal_scores(g, g->x);
  if (!s) *ess = ess_of(g, g->f);
  return s;
}

static gm_status ess_tail(diag *g, double *ess)
{
  double low, high;
  gm_status s = ess_quantile(g, 0.05, &low);
  if (!s) s = ess_quantile(g, 0.95, &high);
  if (!s) *ess = isnan(low) || isnan(high) ? NAN : fmin(low, high);
  return s;
}

static gm_status mcse_mean(diag *g, double *mcse)
{
  double mean, variance;
  *mcse = NAN;
  if (!g->fine) return GM_OK;
  moments((int32_t)total(g), g->x, &mean, &variance);
  *mcse = sqrt(variance / ess_of(g, g->x));
  return GM_OK;
}

/* Quantiles of the values at the 16 % and 84 % points of the beta law of the level (the paper's
 * 4.4). */
static gm_status mcse_quantile(diag *g, double p, double *mcse)
{
  double ess, q;
  *mcse = NAN;
  gm_status s = ess_quantile(g, p, &ess);
  if (s || !(ess > 0)) return s;
  double a = gm_dist_beta_quantile(0.15865525393145707, ess * p + 1, ess * (1 - p) + 1);
  double b = gm_dist_beta_quantile(0.84134474606854293, ess * p + 1, ess * (1 - p) + 1);
  s = quantile(g, g->x, p, &q);
  if (s) return s;
  double n = (double)total(g);
  ptrdiff_t low = (ptrdiff_t)fmax(round(a * n), 1), high = (ptrdiff_t)fmin(round(b * n), n);
  *mcse = 0.5 * (g->sorted[high - 1] - g->sorted[low - 1]);
  return GM_OK;
}

gm_status gm__diag_marginal(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t group,
                            const double *x, gm_marginal *out)
{
  diag g;
  double variance;
  gm_status s = diag_open(ctx, chains, draws, group, x, &g);
  if (s) return s;
  gm_marginal m = {0};
  moments((int32_t)total(&g), x, &m.mean, &variance);
  m.sd = total(&g) > 1 ? sqrt(variance) : NAN;
  s = rhat(&g, &m.rhat);
  if (!s) s = ess_bulk(&g, &m.ess_bulk);
  if (!s) s = ess_tail(&g, &m.ess_tail);
  if (!s) s = mcse_mean(&g, &m.mcse_mean);
  if (!s) s = mcse_quantile(&g, 0.05, &m.mcse_q05);
  if (!s) s = mcse_quantile(&g, 0.5, &m.mcse_q50);
  if (!s) s = mcse_quantile(&g, 0.95, &m.mcse_q95);
  if (!s) s = quantile(&g, x, 0.05, &m.q05);
  if (!s) s = quantile(&g, x, 0.5, &m.q50);
  if (!s) s = quantile(&g, x, 0.95, &m.q95);
  if (!s) *out = m;
  diag_close(&g);
  return s;
}

/* ---- one number at a time ------------------------------------------------------------ */
typedef gm_status diag_f(diag *g, double *out);

static gm_status one(gm_ctx *ctx, int32_t chains, int32_t draws, const double *x, diag_f *f,
                     double *out)
{
  diag g;
  double value;
  gm_status s = diag_open(ctx, chains, draws, 1, x, &g);
  if (s) return s;
  s = f(&g, &value);
  if (!s) *out = value;
  diag_close(&g);
  return s;
}

gm_status gm_diag_rhat(gm_ctx *ctx, int32_t chain_count, int32_t draw_count, const double *x,
                       double *out)
{
  return one(ctx, chain_count, draw_count, x, rhat, out);
}

gm_status gm_diag_ess_bulk(gm_ctx *ctx, int32_t chain_count, int32_t draw_count, const double *x,
                           double *ess)
{
  return one(ctx, chain_count, draw_count, x, ess_bulk, ess);
}

gm_status gm_diag_ess_tail(gm_ctx *ctx, int32_t chain_count, int32_t draw_count, const double *x,
                           double *ess)
{
  return one(ctx, chain_count, draw_count, x, ess_tail, ess);
}

gm_status gm_diag_mcse_mean(gm_ctx *ctx, int32_t chain_count, int32_t draw_count, const double *x,
                            double *mcse)
{
  return one(ctx, chain_count, draw_count, x, mcse_mean, mcse);
}

static gm_status at_level(gm_ctx *ctx, int32_t chains, int32_t draws, const double *x, double p,
                          gm_status (*f)(diag *, double, double *), double *out)
{
  diag g;
  double value;
  if (!(p > 0 && p < 1)) return gm_fail(ctx, GM_ERANGE, "quantile level %g", p);
  gm_status s = diag_open(ctx, chains, draws, 1, x, &g);
  if (s) return s;
  s = f(&g, p, &value);
  if (!s) *out = value;
  diag_close(&g);
  return s;
}

gm_status gm_diag_ess_quantile(gm_ctx *ctx, int32_t chain_count, int32_t draw_count,
                               const double *x, double p, double *ess)
{
  return at_level(ctx, chain_count, draw_count, x, p, ess_quantile, ess);
}

gm_status gm_diag_mcse_quantile(gm_ctx *ctx, int32_t chain_count, int32_t draw_count,
                                const double *x, double p, double *mcse)
{
  return at_level(ctx, chain_count, draw_count, x, p, mcse_quantile, mcse);
}
