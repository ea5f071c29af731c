/* prior_em.c - Monte Carlo EM of mean and covariance of random effects, over twins' members. */
#include "gemel/math.h"
#include "num/linalg.h"
#include "twin/prior_internal.h"
#include <math.h>
#include <string.h>

enum { ITERATIONS_MAX = 2000 };
/* Change of the mean in standard deviations, and of the standard deviations' logarithm: far below
 * what the members' number lets be known. */
static const double change_least = 1e-6;

typedef struct {
  gm_ctx *ctx;
  int32_t k;
  double *factor, *u;   /* [k*k], [k] */
  double *w;            /* [largest n] */
  double *m, *s;        /* of one twin: mean [k], second moment about the present mean [k*k] */
  double *mean, *omega; /* the next ones; at last omega holds D */
} em;

/* ln of the normal density at x but for constants. factor: of omega. */
static double log_density(const em *e, const double *mean, const double *x, double log_det)
{
  double r[256];
  for (int32_t i = 0; i < e->k; i++) r[i] = x[i] - mean[i];
  gm_la_solve_lower(e->k, e->factor, r, e->u);
  return -0.5 * gm_la_dot(e->k, e->u, e->u) - log_det;
}

static gm_status factor_make(em *e, const double *omega, double *log_det)
{
  gm_status st = gm_la_cholesky(e->ctx, e->k, omega, e->factor);
  *log_det = 0;
  for (int32_t i = 0; i < e->k && !st; i++) *log_det += gm_ln(e->factor[i * e->k + i]);
  return st ? gm_fail(e->ctx, GM_ENUMERIC, "the spread of an effect vanishes") : GM_OK;
}

static gm_status own_prior(em *e, gm__learner *t)
{
  double log_det;
  gm_status st = factor_make(e, t->omega, &log_det);
  for (int32_t j = 0; j < t->n && !st; j++)
    t->log_prior[j] = log_density(e, t->mean, t->eta + (ptrdiff_t)j * e->k, log_det);
  return st;
}

/* Weights under the prior at hand; returns the effective number. */
static double weigh(em *e, const gm__learner *t, const double *mean, double log_det)
{
  double top = -INFINITY, sum = 0, square = 0;
  for (int32_t j = 0; j < t->n; j++) {
    const double *x = t->eta + (ptrdiff_t)j * e->k;
    e->w[j] = t->weight[j] > 0
                  ? gm_ln(t->weight[j]) + log_density(e, mean, x, log_det) - t->log_prior[j]
                  : -INFINITY;
    top = fmax(top, e->w[j]);
  }
  for (int32_t j = 0; j < t->n; j++) sum += e->w[j] = gm_exp(e->w[j] - top);
  for (int32_t j = 0; j < t->n; j++) {
    e->w[j] /= sum;
    square += e->w[j] * e->w[j];
  }
  return 1 / square;
}

static void moments(em *e, const gm__learner *t, const double *about)
{
  int32_t k = e->k;
  memset(e->m, 0, (size_t)k * sizeof *e->m);
  memset(e->s, 0, (size_t)k * (size_t)k * sizeof *e->s);
  for (int32_t j = 0; j < t->n; j++) {
    const double *x = t->eta + (ptrdiff_t)j * k;
    for (int32_t a = 0; a < k; a++) {
      e->m[a] += e->w[j] * x[a];
      for (int32_t b = 0; b <= a; b++)
        e->s[a * k + b] += e->w[j] * (x[a] - about[a]) * (x[b] - about[b]);
    }
  }
}

/* One step; returns how much changed. */
static gm_status step(em *e, gm__learner *t, int32_t count, gm_prior *p, double *change)
{
  int32_t k = e->k;
  double log_det;
  gm_status st = factor_make(e, p->omega, &log_det);
  if (st) return st;
  memset(e->mean, 0, (size_t)k * sizeof *e->mean);
  memset(e->omega, 0, (size_t)k * (size_t)k * sizeof *e->omega);
  p->ess_least = INFINITY;
  for (int32_t i = 0; i < count; i++) {
    p->ess_least = fmin(p->ess_least, weigh(e, &t[i], p->mean, log_det));
    moments(e, &t[i], p->mean);
    for (int32_t a = 0; a < k; a++) {
      e->mean[a] += e->m[a] / count;
      for (int32_t b = 0; b <= a; b++) e->omega[a * k + b] += e->s[a * k + b] / count;
    }
  }
  *change = 0;
  for (int32_t a = 0; a < k; a++) {
    double sd = sqrt(p->omega[a * k + a]), shift = e->mean[a] - p->mean[a];
    for (int32_t b = 0; b <= a; b++) /* about the new mean */
      e->omega[a * k + b] -= shift * (e->mean[b] - p->mean[b]);
    *change = fmax(*change, fabs(shift) / sd);
    *change = fmax(*change, fabs(0.5 * gm_ln(e->omega[a * k + a] / p->omega[a * k + a])));
  }
  for (int32_t a = 0; a < k; a++)
    for (int32_t b = 0; b <= a; b++)
      p->omega[a * k + b] = p->omega[b * k + a] = e->omega[a * k + b];
  memcpy(p->mean, e->mean, (size_t)k * sizeof *p->mean);
  return isfinite(*change) ? GM_OK
                           : gm_fail(e->ctx, GM_ENUMERIC, "the spread of an effect vanishes");
}

/* Standard errors of the mean, at the end. A subject's part of the score for the mean is, by Louis
 * (J. R. Stat. Soc. B 44:226, 1982), what is expected of that of its effects: omega^-1 (m_i -
 * mean), m_i being its posterior mean. The sum of their squares is the empirical information
 * (Meilijson), omega^-1 D omega^-1 with D = sum (m_i - mean)(m_i - mean)', so the covariance of the
 * mean is omega D^-1 omega, times n/(n-1) for the mean that was estimated. With m_i shrunk by W =
 * omega (omega + s2)^-1 about the mean of normal data this is (omega + s2)/n, as it must be. */
static gm_status errors_make(em *e, const gm__learner *t, int32_t count, gm_prior *p)
{
  int32_t k = e->k;
  double log_det;
  gm_status st = factor_make(e, p->omega, &log_det);
  if (st) return st;
  memset(e->omega, 0, (size_t)k * (size_t)k * sizeof *e->omega);
  for (int32_t i = 0; i < count; i++) {
    weigh(e, &t[i], p->mean, log_det);
    moments(e, &t[i], p->mean);
    for (int32_t a = 0; a < k; a++)
      for (int32_t b = 0; b <= a; b++)
        e->omega[a * k + b] += (e->m[a] - p->mean[a]) * (e->m[b] - p->mean[b]);
  }
  bool told = count > 1 && gm__la_cholesky(k, e->omega, e->factor) == 0;
  for (int32_t a = 0; a < k; a++) {
    p->mean_error[a] = NAN;
    if (!told) continue;
    gm_la_solve_lower(k, e->factor, p->omega + (ptrdiff_t)a * k, e->u);
    double square = gm_la_dot(k, e->u, e->u) * count / (count - 1);
    if (isfinite(square)) p->mean_error[a] = sqrt(square);
  }
  return GM_OK;
}

gm_status gm__prior_em(gm_ctx *ctx, gm__learner *twin, int32_t count, const gm_watch *watch,
                       gm_prior *p)
{
  int32_t k = p->eta_count, n = 0;
  if (k > 256) return gm_fail(ctx, GM_ERANGE, "more than 256 random effects");
  for (int32_t i = 0; i < count; i++) n = twin[i].n > n ? twin[i].n : n;
  double *a = gm_alloc(ctx, 3 * (ptrdiff_t)k * k + 3 * k + n, sizeof *a);
  if (!a) return gm_fail(ctx, GM_ENOMEM, "learning a prior");
  em e = {.ctx = ctx, .k = k, .factor = a};
  e.s = a + (ptrdiff_t)k * k;
  e.omega = e.s + (ptrdiff_t)k * k;
  e.u = e.omega + (ptrdiff_t)k * k;
  e.m = e.u + k;
  e.mean = e.m + k;
  e.w = e.mean + k;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < count && !st; i++) st = own_prior(&e, &twin[i]);
  for (p->iterations = 0; p->iterations < ITERATIONS_MAX && !st && !p->converged; p->iterations++) {
    double change = 0;
    if (gm_watch_stop(watch)) st = gm_fail(ctx, GM_ECANCELLED, "stopped");
    if (!st) st = step(&e, twin, count, p, &change);
    p->converged = !st && change < change_least;
  }
  if (!st) st = errors_make(&e, twin, count, p);
  gm_free(a);
  return st;
}
