/* infer_posterior.c - checking a problem, and asking it in chunks. */
#include "methods/infer_posterior.h"
#include "num/linalg.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { CHUNK = 512 }; /* points between two looks at the watch */

static gm_status count_check(gm_ctx *ctx, int number, const gm_datum *d)
{
  if (!(d->value >= 0) || d->value != rint(d->value) || isinf(d->value))
    return gm_fail(ctx, GM_EDOMAIN, "datum %d: a count of %g; a whole number >= 0 is expected",
                   number, d->value);
  if (d->censored) return gm_fail(ctx, GM_EUNSUPPORTED, "datum %d: a censored count", number);
  bool good = isfinite(d->share) && d->share > 0;
  if (d->count == GM_COUNT_BINOMIAL) good = good && d->share <= 1;
  if (d->count == GM_COUNT_NEGATIVE_BINOMIAL) good = good && isfinite(d->size) && d->size > 0;
  return good ? GM_OK
              : gm_fail(ctx, GM_EDOMAIN, "datum %d: a count with share %g and size %g", number,
                        d->share, d->size);
}

gm_status gm__datum_check(gm_ctx *ctx, int32_t j, const gm_datum *d)
{
  int number = (int)j + 1;
  if (d->count) return count_check(ctx, number, d);
  if (!isfinite(d->value))
    return gm_fail(ctx, GM_EDOMAIN, "datum %d: value %g is not finite", number, d->value);
  if (!(d->additive >= 0 && d->proportional >= 0) || !isfinite(d->additive + d->proportional))
    return gm_fail(ctx, GM_EDOMAIN,
                   "datum %d: additive %g and proportional %g error must be finite and >= 0",
                   number, d->additive, d->proportional);
  if (d->additive == 0 && (d->proportional == 0 || d->log_scale))
    return gm_fail(ctx, GM_EDOMAIN, "datum %d: an error of standard deviation 0", number);
  if (d->log_scale && !(d->value > 0))
    return gm_fail(ctx, GM_EDOMAIN, "datum %d: value %g on a log scale must be > 0", number,
                   d->value);
  if (d->censored < -1 || d->censored > 1)
    return gm_fail(ctx, GM_EINVAL, "datum %d: censored is %d, expected -1, 0 or 1", number,
                   (int)d->censored);
  return GM_OK;
}

static gm_status problem_check(gm_ctx *ctx, const gm_problem *p)
{
  if (p->dim < 0 || p->datum_count < 0)
    return gm_fail(ctx, GM_EINVAL, "problem of %d coordinates and %d data", (int)p->dim,
                   (int)p->datum_count);
  if ((p->dim && !p->prior_covariance) || (p->datum_count && !(p->datum && p->predict)))
    return gm_fail(ctx, GM_EINVAL, "problem without its prior, data or forward map");
  for (int32_t j = 0; j < p->datum_count; j++) {
    gm_status s = gm__datum_check(ctx, j, &p->datum[j]);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status prior_factor(gm_ctx *ctx, const gm_problem *p, double *l)
{
  ptrdiff_t cells = (ptrdiff_t)p->dim * p->dim;
  for (ptrdiff_t i = 0; i < cells; i++)
    if (!isfinite(p->prior_covariance[i]))
      return gm_fail(ctx, GM_EDOMAIN, "prior covariance: entry %td is %g", i + 1,
                     p->prior_covariance[i]);
  int32_t row = p->dim ? gm__la_cholesky(p->dim, p->prior_covariance, l) : 0;
  if (row)
    return gm_fail(ctx, GM_EDOMAIN,
                   "prior covariance is not positive definite at coordinate %d (a coordinate "
                   "without variance must be left out)",
                   (int)row);
  return GM_OK;
}

gm_status gm__posterior_open(gm_ctx *ctx, const gm_problem *p, const gm_watch *watch,
                             gm__posterior *q)
{
  assert(p && q);
  gm_status s = problem_check(ctx, p);
  if (s) return s;
  gm__posterior made = {.ctx = ctx, .p = p, .watch = watch, .d = p->dim};
  made.l = gm_alloc(ctx, (ptrdiff_t)p->dim * p->dim, sizeof *made.l);
  made.z = gm_alloc(ctx, (ptrdiff_t)CHUNK * p->dim, sizeof *made.z);
  made.f = gm_alloc(ctx, (ptrdiff_t)CHUNK * p->datum_count, sizeof *made.f);
  if (!made.l || !made.z || !made.f)
    s = gm_fail(ctx, GM_ENOMEM, "posterior of %d coordinates and %d data", (int)p->dim,
                (int)p->datum_count);
  if (!s) s = prior_factor(ctx, p, made.l);
  if (s)
    gm__posterior_close(&made);
  else
    *q = made;
  return s;
}

void gm__posterior_close(gm__posterior *q)
{
  gm_free(q->l);
  gm_free(q->z);
  gm_free(q->f);
}

void gm__posterior_z(const gm__posterior *q, int32_t n, const double *u, double *z)
{
  ptrdiff_t d = q->d;
  for (int32_t m = 0; m < n; m++)
    for (int32_t i = 0; i < d; i++) z[m * d + i] = gm_la_dot(i + 1, q->l + i * d, u + m * d);
}

/* Summed in the order of the data; the first impossible one ends it. */
static double row_loglik(const gm_problem *p, const double *f)
{
  double sum = 0;
  for (int32_t j = 0; j < p->datum_count && sum > -INFINITY; j++)
    sum += gm_datum_loglik(&p->datum[j], f[j]);
  return sum;
}

gm_status gm__posterior_loglik(gm__posterior *q, int32_t n, const double *u, double *f,
                               double *loglik)
{
  ptrdiff_t d = q->d, count = q->p->datum_count;
  for (int32_t at = 0; at < n; at += CHUNK) {
    int32_t part = n - at < CHUNK ? n - at : CHUNK;
    if (gm_watch_stop(q->watch))
      return gm_fail(q->ctx, GM_ECANCELLED, "inference stopped after %lld evaluations",
                     (long long)q->evaluations);
    double *row = f ? f + at * count : q->f;
    gm__posterior_z(q, part, u + at * d, q->z);
    if (count) {
      gm_status s = q->p->predict(q->p->user, q->ctx, part, q->z, row);
      if (s) return q->failed = s;
    }
    q->evaluations += part;
    for (int32_t m = 0; m < part; m++) loglik[at + m] = row_loglik(q->p, row + m * count);
  }
  return GM_OK;
}

bool gm__posterior_soft(const gm__posterior *q, gm_status s)
{
  return (s == GM_ENUMERIC || s == GM_EDOMAIN) && !q->failed;
}

gm_status gm__posterior_energy(void *posterior, int32_t n, const double *u, double *value)
{
  gm__posterior *q = posterior;
  gm_status s = gm__posterior_loglik(q, n, u, NULL, value);
  for (int32_t m = 0; m < n && !s; m++) {
    const double *x = u + (ptrdiff_t)m * q->d;
    value[m] = 0.5 * gm_la_dot(q->d, x, x) - value[m];
  }
  return s;
}
