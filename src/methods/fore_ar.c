/* fore_ar.c - autoregression fitted to one subject's own history.
 * Even times: Levinson's recursion on the sample autocovariances (Brockwell & Davis, Time Series,
 * 2nd ed., 8.2) chooses the order, conditional least squares refines it. Uneven times: the
 * stationary Ornstein-Uhlenbeck process by its likelihood. */
#include "methods/fore_ar.h"
#include "methods/fore_law.h"
#include "num/linalg.h"
#include "num/root.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* Below SHORT no order can be told from the data; below MEDIUM intervals several steps ahead of a
 * fitted first order still cover less than those of its posterior. */
enum { HISTORY_LEAST = 6, HISTORY_SHORT = 50, HISTORY_MEDIUM = 200 };

double gm__ar_step(const gm_history *h)
{
  double step = (h->t[h->n - 1] - h->t[0]) / (h->n - 1);
  for (int32_t i = 0; i < h->n; i++)
    if (fabs(h->t[i] - (h->t[0] + i * step)) > 1e-6 * step) return NAN;
  return step;
}

/* ---- even times ----------------------------------------------------------------------------- */
static void autocovariances(const gm_history *h, double mean, int32_t order, double *r)
{
  for (int32_t k = 0; k <= order; k++) {
    double sum = 0;
    for (int32_t i = k; i < h->n; i++) sum += (h->y[i] - mean) * (h->y[i - k] - mean);
    r[k] = sum / h->n;
  }
}

/* Coefficients phi[order] of one order more from those of order - 1. */
static void levinson(const double *r, int32_t order, double *phi, double *variance)
{
  double top = r[order], before[GM_AR_ORDER_MAX];
  for (int32_t j = 1; j < order; j++) top -= phi[j - 1] * r[order - j];
  double reflection = top / *variance;
  memcpy(before, phi, sizeof before);
  for (int32_t j = 1; j < order; j++)
    phi[j - 1] = before[j - 1] - reflection * before[order - j - 1];
  phi[order - 1] = reflection;
  *variance *= 1 - reflection * reflection;
}

static double akaike(int32_t n, int32_t order, double variance)
{
  int32_t k = order + 2; /* mean and variance too */
  return n * log(variance) + 2.0 * k * n / (n - k - 1);
}

static void yule_walker(const gm_history *h, int32_t order_max, gm_ar *ar)
{
  double r[GM_AR_ORDER_MAX + 1], phi[GM_AR_ORDER_MAX] = {0}, variance;
  autocovariances(h, ar->mean, order_max, r);
  variance = r[0];
  double best = akaike(h->n, 0, variance);
  ar->sd = sqrt(variance * h->n / (h->n - 1));
  for (int32_t p = 1; p <= order_max; p++) {
    levinson(r, p, phi, &variance);
    if (!(variance > 1e-14 * r[0])) break; /* the history is all but a fixed pattern */
    double score = akaike(h->n, p, variance);
    if (!(score < best)) continue;
    best = score;
    ar->order = p;
    memcpy(ar->phi, phi, sizeof phi);
    ar->sd = sqrt(variance * h->n / (h->n - p - 1));
  }
}

/* All reflection coefficients, had by Levinson's recursion backwards, well inside (-1, 1). */
static bool stationary(int32_t order, const double *phi)
{
  double a[GM_AR_ORDER_MAX], b[GM_AR_ORDER_MAX];
  memcpy(a, phi, sizeof a);
  for (int32_t p = order; p >= 1; p--) {
    double k = a[p - 1];
    if (!(fabs(k) < 0.999)) return false;
    for (int32_t j = 1; j < p; j++) b[j - 1] = (a[j - 1] + k * a[p - j - 1]) / (1 - k * k);
    memcpy(a, b, sizeof a);
  }
  return true;
}

enum { SIDE = GM_AR_ORDER_MAX + 1 };

/* Normal equations a[SIDE*SIDE] (lower, side by side order + 1), b[SIDE] of these regressions. */
static void equations(const gm_history *h, const gm_ar *ar, double *a, double *b)
{
  int32_t p = ar->order, q = p + 1;
  double row[SIDE] = {1};
  memset(a, 0, SIDE * SIDE * sizeof *a);
  memset(b, 0, SIDE * sizeof *b);
  for (int32_t i = p; i < h->n; i++) {
    for (int32_t j = 1; j <= p; j++) row[j] = h->y[i - j] - ar->mean;
    for (int32_t j = 0; j < q; j++) {
      for (int32_t k = 0; k <= j; k++) a[j * q + k] += row[j] * row[k];
      b[j] += row[j] * (h->y[i] - ar->mean);
    }
  }
}

/* Conditional least squares of y_t - mean on 1 and its p values before; keeps *ar when the result
 * is not stationary or the equations are singular. */
static void least_squares(const gm_history *h, gm_ar *ar)
{
  int32_t p = ar->order, q = p + 1;
  double a[SIDE * SIDE], b[SIDE], l[SIDE * SIDE];
  gm_ar r = *ar;
  equations(h, ar, a, b);
  if (gm__la_cholesky(q, a, l)) return;
  gm_la_solve_cholesky(q, l, b, b);
  memcpy(r.phi, b + 1, (size_t)p * sizeof *b);
  if (!stationary(p, r.phi)) return;
  double rest = 0, keep = 1;
  for (int32_t j = 0; j < p; j++) keep -= r.phi[j];
  r.mean = ar->mean + b[0] / keep;
  for (int32_t i = p; i < h->n; i++) {
    double e = h->y[i] - r.mean;
    for (int32_t j = 0; j < p; j++) e -= r.phi[j] * (h->y[i - j - 1] - r.mean);
    rest += e * e;
  }
  r.sd = sqrt(rest / (h->n - p - q));
  r.fit = GM_AR_LEAST_SQUARES;
  if (r.sd > 0) *ar = r;
}

/* ---- uneven times --------------------------------------------------------------------------- */
typedef struct {
  double mean, variance, weight; /* of the values; weight: variance / that is the mean's variance */
  double minus_log_lik;
} profile;

static profile ou_profile(const gm_history *h, double memory)
{
  double w = 1, wy = h->y[0], logs = 0, sum = 0;
  for (int32_t i = 1; i < h->n; i++) {
    double x = (h->t[i] - h->t[i - 1]) / memory, off = -expm1(-x), v = -expm1(-2 * x);
    double e = h->y[i] - (1 - off) * h->y[i - 1];
    w += off * off / v;
    wy += off * e / v;
    logs += log(v);
  }
  double mean = wy / w, first = h->y[0] - mean;
  sum = first * first;
  for (int32_t i = 1; i < h->n; i++) {
    double x = (h->t[i] - h->t[i - 1]) / memory, off = -expm1(-x), v = -expm1(-2 * x);
    double e = h->y[i] - mean - (1 - off) * (h->y[i - 1] - mean);
    sum += e * e / v;
  }
  return (profile){mean, sum / h->n, w, 0.5 * (h->n * log(sum / h->n) + logs)};
}

static gm_status ou_objective(void *user, double log_memory, double *value)
{
  *value = ou_profile(user, exp(log_memory)).minus_log_lik;
  return GM_OK;
}

/* A grid over all memories the times can tell apart, then Brent's search around its best point. */
static gm_status ornstein_uhlenbeck(gm_ctx *ctx, const gm_history *h, gm_ar *ar)
{
  enum { GRID = 40 };
  gm_history own = *h;
  double least = INFINITY, best = INFINITY, at = 0, value;
  for (int32_t i = 1; i < h->n; i++) least = fmin(least, h->t[i] - h->t[i - 1]);
  double low = log(0.1 * least), high = log(20 * (h->t[h->n - 1] - h->t[0]));
  double step = (high - low) / (GRID - 1);
  for (int32_t k = 0; k < GRID; k++) {
    gm_status s = ou_objective(&own, low + k * step, &value);
    if (s) return s;
    if (value < best) {
      best = value;
      at = low + k * step;
    }
  }
  double x = at;
  gm_status s = gm_root_minimum(ctx, ou_objective, &own, fmax(low, at - step),
                                fmin(high, at + step), 1e-8, &x, &value);
  if (s) return s;
  profile p = ou_profile(h, exp(value <= best ? x : at));
  ar->order = 1;
  ar->fit = GM_AR_CONTINUOUS;
  ar->memory = exp(value <= best ? x : at);
  ar->mean = p.mean;
  ar->sd = sqrt(p.variance * h->n / (h->n - 2));
  return GM_OK;
}

static gm_status fit(gm_ctx *ctx, const gm_history *h, int32_t order_max, gm_ar *ar)
{
  const bool even = !isnan(ar->step);
  if (even || order_max == 0) {
    int32_t most = (h->n - 2) / 4;
    if (most > GM_AR_ORDER_MAX) most = GM_AR_ORDER_MAX;
    yule_walker(h, order_max < most ? order_max : most, ar);
  }
  int32_t few = ar->order == 1 ? HISTORY_MEDIUM : HISTORY_SHORT;
  if (order_max > 0 && ar->order <= 1 && h->n < few) return gm__ar_short_estimate(ctx, h, ar);
  if (order_max > 0 && !even) return ornstein_uhlenbeck(ctx, h, ar);
  if (ar->order > 0) least_squares(h, ar);
  return GM_OK;
}

gm_status gm_ar_estimate(gm_ctx *ctx, const gm_history *h, int32_t order_max, gm_ar *out)
{
  assert(h && out);
  gm_ar ar = {.fit = GM_AR_YULE_WALKER, .memory = NAN, .step = NAN};
  double variance;
  gm_status s = gm__history_check(ctx, h, HISTORY_LEAST);
  if (s) return s;
  if (order_max < 0) return gm_fail(ctx, GM_ERANGE, "autoregression of order %d", (int)order_max);
  s = gm_stats_mean(ctx, h->n, h->y, NULL, &ar.mean, &variance);
  if (s) return s;
  if (!(variance > 1e-28 * ar.mean * ar.mean))
    return gm_fail(ctx, GM_ENUMERIC, "history of %d equal values", (int)h->n);
  ar.step = gm__ar_step(h);
  s = fit(ctx, h, order_max, &ar);
  if (!s) *out = ar;
  return s;
}

/* ---- forecast ------------------------------------------------------------------------------- */
/* The path of the recursion over `steps`, from the last values before (newest first). */
static double recursion(const gm_ar *ar, int64_t steps, const double *newest, double innovation,
                        double *square)
{
  double past[GM_AR_ORDER_MAX], next = innovation;
  memcpy(past, newest, sizeof past);
  for (int64_t k = 0; k < steps; k++) {
    next = k == 0 ? innovation : 0;
    for (int32_t j = 0; j < ar->order; j++) next += ar->phi[j] * past[j];
    memmove(past + 1, past, (GM_AR_ORDER_MAX - 1) * sizeof *past);
    past[0] = next;
    *square += next * next;
  }
  return next;
}

/* Variance, over that of an innovation, that the fitted coefficients bring to a forecast over
 * `steps`: that of its derivatives along the intercept and each phi, by their own recursions. NaN:
 * the equations of this history are singular. */
static double fitted_variance(const gm_ar *ar, const gm_history *h, int64_t steps,
                              const double *newest)
{
  int32_t p = ar->order, q = p + 1;
  double a[SIDE * SIDE], b[SIDE], l[SIDE * SIDE], past[SIDE] = {0}, along[SIDE][SIDE] = {{0}};
  equations(h, ar, a, b);
  if (h->n <= p + q || gm__la_cholesky(q, a, l)) return NAN;
  memcpy(past, newest, (size_t)p * sizeof *past);
  for (int64_t k = 0; k < steps; k++) {
    double next = 0, d[SIDE];
    for (int32_t j = 0; j < p; j++) next += ar->phi[j] * past[j];
    for (int32_t i = 0; i < q; i++) {
      d[i] = i == 0 ? 1 : past[i - 1];
      for (int32_t j = 0; j < p; j++) d[i] += ar->phi[j] * along[i][j];
    }
    memmove(past + 1, past, (size_t)p * sizeof *past);
    past[0] = next;
    for (int32_t i = 0; i < q; i++) {
      memmove(along[i] + 1, along[i], (size_t)p * sizeof *along[i]);
      along[i][0] = b[i] = d[i];
    }
  }
  gm_la_solve_cholesky(q, l, b, a);
  return gm_la_dot(q, a, b);
}

static gm_status even_forecast(gm_ctx *ctx, const gm_ar *ar, const gm_history *h, double t_ahead,
                               gm_student *out)
{
  double newest[GM_AR_ORDER_MAX] = {0}, still[GM_AR_ORDER_MAX], none[GM_AR_ORDER_MAX] = {0};
  double last = h->t[h->n - 1], steps = ceil((t_ahead - last) / ar->step - 1e-6), unused = 0;
  for (int32_t j = 0; j < ar->order; j++) {
    newest[j] = h->y[h->n - 1 - j] - ar->mean;
    if (fabs(last - j * ar->step - h->t[h->n - 1 - j]) > 1e-5 * ar->step)
      return gm_fail(ctx, GM_ERANGE, "the last %d values are not a step of %g apart",
                     (int)ar->order, ar->step);
  }
  if (steps > 1e6) return gm_fail(ctx, GM_ERANGE, "forecast over %g steps", steps);
  int64_t n = steps < 1 ? 1 : (int64_t)steps;
  double keep = 1, square = 0;
  for (int32_t j = 0; j < ar->order; j++) keep -= ar->phi[j];
  for (int32_t j = 0; j < GM_AR_ORDER_MAX; j++) still[j] = 1;
  double mean = ar->mean + recursion(ar, n, newest, 0, &unused);
  recursion(ar, n, none, 1, &square); /* sum of the squared moving-average weights */
  double share = ar->order ? 1 - recursion(ar, n, still, 0, &unused) : 1; /* d mean(ahead)/d mean */
  double error = ar->sd / keep * share; /* of the fitted mean, times sqrt(n) */
  double fitted = error * error / h->n, df = h->n - ar->order - 1;
  if (ar->order && ar->fit == GM_AR_LEAST_SQUARES) {
    double v = fitted_variance(ar, h, n, newest);
    if (isfinite(v)) fitted = ar->sd * ar->sd * v;
    df = fmax(1, h->n - 2 * ar->order - 1);
  }
  *out = (gm_student){mean, sqrt(ar->sd * ar->sd * square + fitted), df};
  return GM_OK;
}

static gm_status short_forecast(gm_ctx *ctx, const gm_ar *ar, const gm_history *h, double t_ahead,
                                gm_student *out)
{
  double gap = t_ahead - h->t[h->n - 1];
  if (!isnan(ar->step)) gap = ar->step * fmax(1, ceil(gap / ar->step - 1e-6));
  return gm__ar_short_forecast(ctx, h, ar->step, gap, out);
}

gm_status gm_ar_forecast(gm_ctx *ctx, const gm_ar *ar, const gm_history *h, double t_ahead,
                         gm_student *out)
{
  assert(ar && h && out && ar->order >= 0 && ar->order <= GM_AR_ORDER_MAX);
  gm_status s = gm__history_check(ctx, h, HISTORY_LEAST);
  if (!s) s = gm__history_ahead(ctx, h, t_ahead);
  if (s) return s;
  if (!(ar->sd > 0) || !isfinite(ar->sd + ar->mean))
    return gm_fail(ctx, GM_EDOMAIN, "autoregression of mean %g, sd %g", ar->mean, ar->sd);
  if (ar->fit == GM_AR_POSTERIOR) return short_forecast(ctx, ar, h, t_ahead, out);
  if (ar->fit != GM_AR_CONTINUOUS && (ar->order || ar->step > 0))
    return even_forecast(ctx, ar, h, t_ahead, out);
  double variance = ar->sd * ar->sd, off = 1, rest = 1, weight = h->n;
  if (ar->fit == GM_AR_CONTINUOUS) {
    double x = (t_ahead - h->t[h->n - 1]) / ar->memory;
    off = -expm1(-x);
    rest = -expm1(-2 * x);
    weight = ou_profile(h, ar->memory).weight;
  }
  *out = (gm_student){ar->mean + (1 - off) * (h->y[h->n - 1] - ar->mean),
                      sqrt(variance * (rest + off * off / weight)), h->n - ar->order - 1};
  return GM_OK;
}
