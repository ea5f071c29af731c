/* fore_ar_short.c - first autoregression on a history too short to fit one and believe it.
 * Given phi the law of the next value is a Student law with n - 1 degrees of freedom (flat prior of
 * the mean, 1/sigma of the scale); phi is integrated out under its reference prior, density
 * proportional to 1/sqrt(1 - phi^2) (Berger & Yang, Econometric Theory 10:461, 1994), that is, flat
 * in arcsin phi. The likelihood is that of the stationary process, first value included. With these
 * priors intervals cover exactly what they say over histories whose phi is drawn from its prior,
 * whatever their mean and scale (the right Haar prior of location and scale: Berger, Statistical
 * Decision Theory, 2nd ed., 6.6.2). Uneven times: phi > 0 over the mean gap. */
#include "methods/fore_ar.h"
#include "methods/fore_law.h"
#include "num/distribution.h"
#include <math.h>

/* Points in arcsin phi: the likelihood of n values has an sd of 1/sqrt(n) there, for 200 of
 * them 1.4 points. Those of less than `tiny` weight are left out. */
enum { GRID = 64 };
static const double pi = 3.14159265358979323846, tiny = 1e-8;

typedef struct {
  double phi[GRID], weight[GRID];  /* weights sum to 1 */
  double mean[GRID], spread[GRID]; /* spread^2: residual sum of squares / (n - 1), of the values */
  double information[GRID];        /* variance of a value over that of the mean */
  double unit;                     /* the time over which phi is the correlation */
  bool even;
} posterior;

/* Correlation over a gap. */
static double over(const posterior *p, int32_t g, double gap)
{
  double k = gap / p->unit;
  if (!p->even) return pow(p->phi[g], k);
  k = rint(k);
  double size = pow(fabs(p->phi[g]), k);
  return p->phi[g] < 0 && fmod(k, 2) != 0 ? -size : size;
}

/* Everything given one phi; returns the log of its marginal likelihood. */
static double given(const gm_history *h, posterior *p, int32_t g)
{
  double w = 1, wy = h->y[0], logs = 0;
  for (int32_t i = 1; i < h->n; i++) {
    double r = over(p, g, h->t[i] - h->t[i - 1]), v = (1 - r) * (1 + r), off = 1 - r;
    w += off * off / v;
    wy += off * (h->y[i] - r * h->y[i - 1]) / v;
    logs += log(v);
  }
  double mean = wy / w, first = h->y[0] - mean, sum = first * first;
  for (int32_t i = 1; i < h->n; i++) {
    double r = over(p, g, h->t[i] - h->t[i - 1]), v = (1 - r) * (1 + r);
    double e = h->y[i] - mean - r * (h->y[i - 1] - mean);
    sum += e * e / v;
  }
  p->mean[g] = mean;
  p->spread[g] = sqrt(sum / (h->n - 1));
  p->information[g] = w;
  return -0.5 * (logs + log(w) + (h->n - 1) * log(sum));
}

static gm_status posterior_make(gm_ctx *ctx, const gm_history *h, double step, posterior *p)
{
  double best = -INFINITY, total = 0;
  p->even = !isnan(step);
  p->unit = p->even ? step : (h->t[h->n - 1] - h->t[0]) / (h->n - 1);
  for (int32_t g = 0; g < GRID; g++) {
    double u = (g + 0.5) / GRID;
    p->phi[g] = sin(p->even ? pi * (u - 0.5) : pi * u / 2);
    p->weight[g] = given(h, p, g);
    best = fmax(best, p->weight[g]);
  }
  if (!isfinite(best)) return gm_fail(ctx, GM_ENUMERIC, "autoregression of %d values", (int)h->n);
  for (int32_t g = 0; g < GRID; g++) {
    double w = exp(p->weight[g] - best);
    total += p->weight[g] = w < tiny ? 0 : w;
  }
  for (int32_t g = 0; g < GRID; g++) p->weight[g] /= total;
  return GM_OK;
}

gm_status gm__ar_short_estimate(gm_ctx *ctx, const gm_history *h, gm_ar *ar)
{
  posterior p;
  gm_status s = posterior_make(ctx, h, ar->step, &p);
  if (s) return s;
  double phi = 0, mean = 0, variance = 0;
  for (int32_t g = 0; g < GRID; g++) {
    double scale = p.spread[g] * p.spread[g], keep = p.even ? 1 - p.phi[g] * p.phi[g] : 1;
    phi += p.weight[g] * p.phi[g];
    mean += p.weight[g] * p.mean[g];
    variance += p.weight[g] * scale * keep;
  }
  ar->order = 1;
  ar->fit = GM_AR_POSTERIOR;
  ar->mean = mean;
  ar->sd = sqrt(variance);
  if (p.even)
    ar->phi[0] = phi;
  else
    ar->memory = -p.unit / log(phi);
  return GM_OK;
}

/* ---- forecast ------------------------------------------------------------------------------- */
typedef struct {
  double location[GRID], scale[GRID], df;
} mixture;

static double mixture_cdf(const void *user, int32_t m, double y, double *below)
{
  const mixture *k = user;
  return *below = gm_dist_t_cdf((y - k->location[m]) / k->scale[m], k->df);
}

/* Degrees of freedom whose central 90 % is `ratio` times as wide as the central half. */
static double df_of(double ratio)
{
  double low = 2, high = 1e4; /* the ratio falls with them */
  for (int i = 0; i < 40; i++) {
    double df = sqrt(low * high);
    bool wide = gm_dist_t_quantile(0.95, df) > ratio * gm_dist_t_quantile(0.75, df);
    *(wide ? &low : &high) = df;
  }
  return sqrt(low * high);
}

gm_status gm__ar_short_forecast(gm_ctx *ctx, const gm_history *h, double step, double gap,
                                gm_student *out)
{
  static const double level[] = {0.05, 0.25, 0.75, 0.95};
  posterior p;
  mixture k = {.df = h->n - 1};
  double q[4];
  gm__law l;
  gm_status s = posterior_make(ctx, h, step, &p);
  if (s) return s;
  for (int32_t g = 0; g < GRID; g++) {
    double r = over(&p, g, gap), off = 1 - r;
    k.location[g] = p.mean[g] + r * (h->y[h->n - 1] - p.mean[g]);
    k.scale[g] = p.spread[g] * sqrt((1 - r) * (1 + r) + off * off / p.information[g]);
  }
  gm_law law = {.n = GRID, .weight = p.weight, .cdf = mixture_cdf, .user = &k};
  s = gm__law_open(ctx, &law, &l);
  if (s) return s;
  s = gm__law_quantiles(ctx, &l, 4, level, q);
  gm__law_close(&l);
  if (s) return s;
  double df = df_of((q[3] - q[0]) / (q[2] - q[1]));
  *out = (gm_student){0.5 * (q[0] + q[3]), 0.5 * (q[3] - q[0]) / gm_dist_t_quantile(0.95, df), df};
  return GM_OK;
}
