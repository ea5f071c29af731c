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
  gm_status s = gm_alarm_limit(ctx, a.options.run_length, a.options.weight, &a.limit);
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

gm_alarm_state gm_alarm_feed(gm_alarm *a, double score, double ess)
{
  double w = a->options.weight;
  a->count++;
  a->last = score;
  a->mean = fmax(0, (1 - w) * a->mean + w * score);
  bool over = a->mean > a->limit * sqrt(w / (2 - w)) || ess < a->options.ess_least;
  if (over && a->count > a->options.warm)
    a->state = GM_ALARM_RAISED;
  else
    a->state = a->count > a->options.warm ? GM_ALARM_QUIET : GM_ALARM_WARMING;
  return a->state;
}

void gm_alarm_clear(gm_alarm *a)
{
  a->mean = a->last = 0;
  a->count = 0;
  a->state = GM_ALARM_WARMING;
}
