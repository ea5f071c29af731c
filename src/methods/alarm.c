/* alarm.c - exponentially weighted mean of normal scores, and the limit that gives a run length. */
#include "gemel/alarm.h"
#include "gemel/math.h"
#include "num/distribution.h"
#include <assert.h>
#include <math.h>

enum { NODES = 48 };

static const double score_max = 8.2;

/* ---- limit ----------------------------------------------------------------------------------- */
/* Nodes and weights of Gauss and Legendre on (-1, 1), by Newton's method. */
static void gauss_legendre(double x[NODES], double w[NODES])
{
  for (int i = 0; i < NODES; i++) {
    double z = cos(acos(-1) * (i + 0.75) / (NODES + 0.5)), slope = 1;
    for (int step = 0; step < 50; step++) {
      double p = 1, before = 0;
      for (int k = 0; k < NODES; k++) {
        double next = ((2 * k + 1) * z * p - k * before) / (k + 1);
        before = p;
        p = next;
      }
      slope = NODES * (z * p - before) / (z * z - 1);
      double change = p / slope;
      z -= change;
      if (fabs(change) < 1e-15) break;
    }
    x[i] = z;
    w[i] = 2 / ((1 - z * z) * slope * slope);
  }
}

/* Solves a x = b of NODES unknowns, partial pivoting; b becomes x. */
static void solve(double a[NODES][NODES], double b[NODES])
{
  for (int c = 0; c < NODES; c++) {
    int pivot = c;
    for (int r = c + 1; r < NODES; r++)
      if (fabs(a[r][c]) > fabs(a[pivot][c])) pivot = r;
    for (int k = 0; k < NODES; k++) {
      double swap = a[c][k];
      a[c][k] = a[pivot][k];
      a[pivot][k] = swap;
    }
    double swap = b[c];
    b[c] = b[pivot];
    b[pivot] = swap;
    for (int r = c + 1; r < NODES; r++) {
      double f = a[r][c] / a[c][c];
      for (int k = c; k < NODES; k++) a[r][k] -= f * a[c][k];
      b[r] -= f * b[c];
    }
  }
  for (int c = NODES - 1; c >= 0; c--) {
    for (int k = c + 1; k < NODES; k++) b[c] -= a[c][k] * b[k];
    b[c] /= a[c][c];
  }
}

/* The mean is kept at 0 or above (surprise does not hide behind earlier calm), so the run length
 * R(u) from u solves R(u) = 1 + R(0) P(next <= 0) + integral over (0, h) of R(v) p(v | u) dv.
 * R(0) is unknown like the R at the nodes; it is eliminated by the equation at u = 0. */
static double run_length_of(double h, double weight)
{
  double x[NODES], w[NODES], a[NODES][NODES], one[NODES], zero[NODES], at0[NODES];
  gauss_legendre(x, w);
  for (int i = 0; i < NODES; i++) {
    double u = h * (x[i] + 1) / 2;
    one[i] = 1;
    zero[i] = gm_norm_cdf(-(1 - weight) * u / weight);
    for (int j = 0; j < NODES; j++) {
      double v = h * (x[j] + 1) / 2, e = (v - (1 - weight) * u) / weight;
      a[i][j] = (i == j) - w[j] * h / 2 * exp(gm_dist_normal_log_pdf(e)) / weight;
    }
    double e0 = u / weight;
    at0[i] = w[i] * h / 2 * exp(gm_dist_normal_log_pdf(e0)) / weight;
  }
  double again[NODES][NODES];
  for (int i = 0; i < NODES; i++)
    for (int j = 0; j < NODES; j++) again[i][j] = a[i][j];
  solve(a, one);      /* R = one + R(0) zero' */
  solve(again, zero); /* zero' */
  double alone = 1, back = gm_norm_cdf(0);
  for (int j = 0; j < NODES; j++) {
    alone += at0[j] * one[j];
    back += at0[j] * zero[j];
  }
  return alone / (1 - back);
}

gm_status gm_alarm_limit(gm_ctx *ctx, double run_length, double weight, double *limit_out)
{
  if (!(weight > 0 && weight <= 1))
    return gm_fail(ctx, GM_ERANGE, "alarm: weight %g, expected in (0, 1]", weight);
  if (!(run_length >= 10 && run_length <= 1e9))
    return gm_fail(ctx, GM_ERANGE, "alarm: run length %g, expected 10 to 1e9", run_length);
  double sd = sqrt(weight / (2 - weight)), low = 0.1, high = 8;
  for (int i = 0; i < 60; i++) {
    double middle = (low + high) / 2, r = run_length_of(middle * sd, weight);
    /* beyond what the equations can tell from infinity: too high */
    if (r > 0 && r < run_length)
      low = middle;
    else
      high = middle;
  }
  *limit_out = (low + high) / 2;
  return GM_OK;
}

/* ---- running --------------------------------------------------------------------------------- */
gm_status gm_alarm_start(gm_ctx *ctx, const gm_alarm_options *options, gm_alarm *out)
{
  gm_alarm a = {.state = GM_ALARM_WARMING};
  if (options) a.options = *options;
  if (a.options.run_length == 0) a.options.run_length = 10000;
  if (a.options.weight == 0) a.options.weight = 0.2;
  if (a.options.ess_least == 0) a.options.ess_least = 2;
  if (a.options.rank_weight == 0) a.options.rank_weight = 0.05;
  gm_status s = gm_alarm_limit(ctx, a.options.run_length, a.options.weight, &a.limit);
  if (!s && a.options.rank_run_length != 0) /* a third of the rate for each of three means */
    s = gm_alarm_limit(ctx, 3 * a.options.rank_run_length, a.options.rank_weight, &a.rank_limit);
  if (!s) *out = a;
  return s;
}

double gm_alarm_score(double d2, int32_t dof)
{
  if (!(d2 < INFINITY)) return score_max;
  double upper = gm_dist_chi_square_upper(d2, dof);
  double z =
      upper < 0.5 ? -gm_norm_quantile(upper) : gm_norm_quantile(gm_dist_chi_square_cdf(d2, dof));
  return fmin(fmax(z, -score_max), score_max);
}

static gm_alarm_state settle(gm_alarm *a)
{
  bool warming = a->count <= a->options.warm && a->rank_count <= a->options.warm;
  if (warming) a->voices = 0;
  a->state = a->voices ? GM_ALARM_RAISED : warming ? GM_ALARM_WARMING : GM_ALARM_QUIET;
  return a->state;
}

static double limit_of(double limit, double weight) { return limit * sqrt(weight / (2 - weight)); }

gm_alarm_state gm_alarm_feed(gm_alarm *a, double score, double ess)
{
  double w = a->options.weight;
  a->count++;
  a->last = score;
  a->mean = fmax(0, (1 - w) * a->mean + w * score);
  a->voices &= GM_ALARM_LOW | GM_ALARM_HIGH | GM_ALARM_NARROW;
  if (a->mean > limit_of(a->limit, w)) a->voices |= GM_ALARM_INNOVATIONS;
  if (ess < a->options.ess_least) a->voices |= GM_ALARM_MEMBERS;
  return settle(a);
}

/* One mean that is kept at 0 or above, as that of the innovations. */
static uint32_t heard(const gm_alarm *a, double *mean, double score, uint32_t voice)
{
  double w = a->options.rank_weight;
  *mean = fmax(0, (1 - w) * *mean + w * score);
  return *mean > limit_of(a->rank_limit, w) ? voice : 0;
}

static double bounded_quantile(double p)
{
  return fmin(fmax(gm_norm_quantile(p), -score_max), score_max);
}

gm_alarm_state gm_alarm_ranks(gm_alarm *a, int32_t count, const double *pit)
{
  if (!(a->options.rank_run_length > 0) || count < 1) return a->state;
  double p = pit[a->rank_count++ % count];
  if (!(p >= 0 && p <= 1)) return a->state;
  double z = bounded_quantile(p);
  a->voices &= GM_ALARM_INNOVATIONS | GM_ALARM_MEMBERS;
  a->voices |= heard(a, &a->rank_low, z, GM_ALARM_LOW);
  a->voices |= heard(a, &a->rank_high, -z, GM_ALARM_HIGH);
  a->voices |= heard(a, &a->rank_wide, bounded_quantile(fabs(2 * p - 1)), GM_ALARM_NARROW);
  return settle(a);
}

void gm_alarm_clear(gm_alarm *a)
{
  a->mean = a->last = a->rank_low = a->rank_high = a->rank_wide = 0;
  a->count = a->rank_count = 0;
  a->voices = 0;
  a->state = GM_ALARM_WARMING;
}
