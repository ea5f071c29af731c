/* fit_esmda.c - ensemble smoother with multiple data assimilation (Emerick & Reynolds, Comput.
 * Geosci. 55:3, 2013): the unknowns of all members are moved by their covariance with what the
 * members predict, in stages whose errors are inflated so that all stages together count the data
 * once. */
#include "methods/calib_internal.h"
#include "methods/fit.h"
#include "methods/ledger.h"
#include "num/dense.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm_esmda_options o;
  const gm_system *s;
  gm_ctx *ctx;
  int32_t n, d, m, np, ny, time_count, stage, failed;
  double *block, *time, *z, *zp, *y, *theta;
  double *h, *hp;      /* [m][n] predictions in units of sd, whitened; deviations */
  double *variance;    /* [m] */
  double *innovation;  /* [m] */
  double *square;      /* [k][k], k = min(m, n) */
  double *right;       /* [max(m, n)][n] */
  double *mix;         /* [n][n] */
  uint64_t *replicate; /* [n] */
  int8_t *status;      /* [n] */
} smoother;

static gm_status options_take(gm_ctx *ctx, const gm_esmda_options *options, int32_t dim,
                              gm_esmda_options *o)
{
  double sum = 0;
  *o = options ? *options : (gm_esmda_options){0};
  if (!o->members) o->members = 200;
  if (!o->stages) o->stages = 4;
  if (o->members < 3 || o->members < dim + 2 || o->stages < 1)
    return gm_fail(ctx, GM_ERANGE, "ES-MDA: %d members (unknowns and 2 more at least), %d stages",
                   (int)o->members, (int)o->stages);
  for (int32_t i = 0; o->alpha && i < o->stages; i++) {
    if (!(o->alpha[i] > 0)) return gm_fail(ctx, GM_ERANGE, "ES-MDA: alpha %g", o->alpha[i]);
    sum += 1 / o->alpha[i];
  }
  if (o->alpha && !(fabs(sum - 1) < 1e-9))
    return gm_fail(ctx, GM_ERANGE, "ES-MDA: inverse alphas sum to %g, expected 1", sum);
  return GM_OK;
}

static gm_status data_check(gm_ctx *ctx, const gm_system *s)
{
  for (int32_t i = 0; i < s->reading_count; i++) {
    const gm_sensor *o = &s->sensor[s->reading[i].sensor];
    if (s->reading[i].censored)
      return gm_fail(ctx, GM_EUNSUPPORTED, "ES-MDA: reading %d is censored", (int)i);
    if (o->law == GM_SENSE_OWN)
      return gm_fail(ctx, GM_EUNSUPPORTED, "ES-MDA: a sensor's own law has no moments");
    if (o->law == GM_SENSE_LOGNORMAL && !(s->reading[i].value > 0))
      return gm_fail(ctx, GM_EDOMAIN, "ES-MDA: reading %d of a log-normal sensor is %g", (int)i,
                     s->reading[i].value);
  }
  return GM_OK;
}

static gm_status smoother_open(smoother *q)
{
  const ptrdiff_t n = q->n, d = q->d, m = q->m, k = m < n ? m : n, wide = m > n ? m : n;
  const ptrdiff_t runs = n * q->time_count * q->ny;
  q->block =
      gm_alloc(q->ctx, 2 * n * d + runs + n * q->np + 2 * m * n + 2 * m + k * k + wide * n + n * n,
               sizeof *q->block);
  q->replicate = gm_alloc(q->ctx, n, sizeof *q->replicate);
  q->status = gm_alloc(q->ctx, n, 1);
  if (!q->block || !q->replicate || !q->status)
    return gm_fail(q->ctx, GM_ENOMEM, "%d members of ES-MDA", (int)n);
  q->z = q->block;
  q->zp = q->z + n * d;
  q->y = q->zp + n * d;
  q->theta = q->y + runs;
  q->h = q->theta + n * q->np;
  q->hp = q->h + m * n;
  q->variance = q->hp + m * n;
  q->innovation = q->variance + m;
  q->square = q->innovation + m;
  q->right = q->square + k * k;
  q->mix = q->right + wide * n;
  return GM_OK;
}

static void smoother_close(smoother *q)
{
  gm_free(q->block);
  gm_free(q->time);
  gm_free(q->replicate);
  gm_free(q->status);
}

/* ---- predictions ----------------------------------------------------------------------------- */
/* Expected measurement i of every member; a run without one is marked. Log-normal sensors are seen
 * on their log scale. hp: the variances. */
static void predict(smoother *q, int32_t i, int32_t at)
{
  const gm_reading *r = &q->s->reading[i];
  const gm_sensor *o = &q->s->sensor[r->sensor];
  for (int32_t j = 0; j < q->n; j++) {
    const double *y = q->y + ((ptrdiff_t)j * q->time_count + at) * q->ny;
    double a, v;
    gm_sense_moments(o, y, q->theta + j, q->n, &a, &v);
    if (o->law == GM_SENSE_LOGNORMAL) {
      double p0 = o->parameter0 >= 0 ? q->theta[(ptrdiff_t)o->parameter0 * q->n + j] : o->p0;
      a = y[o->output] > 0 ? log(y[o->output]) : NAN;
      v = p0 * p0;
    }
    if (!isfinite(a) || !(v >= 0 && isfinite(v))) q->status[j] |= GM_MEMBER_DIVERGED;
    q->h[(ptrdiff_t)i * q->n + j] = a;
    q->hp[(ptrdiff_t)i * q->n + j] = v;
  }
}

/* Outputs and status of all members, by work or from the ledger. */
static gm_status simulate(smoother *q)
{
  const size_t n = (size_t)q->n;
  const gm__piece piece[] = {{q->y, n * (size_t)q->time_count * (size_t)q->ny * sizeof *q->y},
                             {q->status, n}};
  uint64_t question = gm_checksum(q->z, n * (size_t)q->d * sizeof *q->z);
  question = gm_hash64(question, gm_checksum(q->replicate, n * sizeof *q->replicate));
  bool found;
  gm_status st =
      gm__ledger_take(q->o.ledger, q->ctx, GM__ASKED_MEMBERS, question, piece, 2, &found);
  if (st || found) return st;
  st = gm_system_simulate(q->s, q->ctx, q->n, q->z, q->replicate, q->time, q->time_count, q->y,
                          q->status);
  return st ? st : gm__ledger_keep(q->o.ledger, q->ctx, GM__ASKED_MEMBERS, question, piece, 2);
}

static gm_status run_members(smoother *q)
{
  const gm_system *s = q->s;
  for (int32_t j = 0; j < q->n; j++) /* every stage has noise of its own inside the model */
    q->replicate[j] = gm_hash64(gm_hash64(q->o.replicate, (uint64_t)q->stage), (uint64_t)j);
  gm_status st = simulate(q);
  if (st) return st;
  gm_system_theta(s, q->n, q->z, q->theta);
  for (int32_t i = 0, at = 0; i < q->m; i++) {
    if (i && s->reading[i].t > s->reading[i - 1].t) at++;
    predict(q, i, at);
  }
  int32_t good = 0;
  for (int32_t j = 0; j < q->n; j++) good += !GM_MEMBER_FAILED(q->status[j]);
  q->failed += q->n - good;
  if (good < 3 || good < q->d + 2)
    return gm_fail(q->ctx, GM_ENUMERIC, "ES-MDA: %d of %d members have values", (int)good,
                   (int)q->n);
  return GM_OK;
}

static double good_mean(const smoother *q, const double *row)
{
  double sum = 0;
  int32_t good = 0;
  for (int32_t j = 0; j < q->n; j++)
    if (!GM_MEMBER_FAILED(q->status[j])) {
      sum += row[j];
      good++;
    }
  return sum / good;
}

/* h: residuals of the members in units of the reading's sd. */
static gm_status scale_rows(smoother *q)
{
  for (int32_t i = 0; i < q->m; i++) {
    double *h = q->h + (ptrdiff_t)i * q->n;
    const gm_reading *r = &q->s->reading[i];
    bool logs = q->s->sensor[r->sensor].law == GM_SENSE_LOGNORMAL;
    double sd = sqrt(good_mean(q, q->hp + (ptrdiff_t)i * q->n));
    double value = logs ? log(r->value) : r->value;
    if (!(sd > 0)) return gm_fail(q->ctx, GM_ENUMERIC, "ES-MDA: reading %d has no error", (int)i);
    for (int32_t j = 0; j < q->n; j++) h[j] = (value - h[j]) / sd;
  }
  return GM_OK;
}

/* A sensor with memory: what is new against its last reading, (r - rho r_last) / sqrt(1 - rho^2),
 * so that all errors are independent. */
static gm_status whiten_rows(smoother *q)
{
  const gm_system *s = q->s;
  for (int32_t i = q->m - 1; i >= 0; i--) { /* from the last: what is before is as it was */
    const gm_reading *r = &s->reading[i];
    double memory = s->sensor[r->sensor].memory;
    int32_t before = i - 1;
    while (memory > 0 && before >= 0 && s->reading[before].sensor != r->sensor) before--;
    if (!(memory > 0) || before < 0) continue;
    double dt = r->t - s->reading[before].t, rho = exp(-dt / memory);
    double rest = sqrt(-expm1(-2 * dt / memory));
    if (!(rest > 0))
      return gm_fail(q->ctx, GM_ENUMERIC, "ES-MDA: two readings of a sensor with memory at %g",
                     r->t);
    double *h = q->h + (ptrdiff_t)i * q->n;
    const double *last = q->h + (ptrdiff_t)before * q->n;
    for (int32_t j = 0; j < q->n; j++) h[j] = (h[j] - rho * last[j]) / rest;
  }
  return GM_OK;
}

/* h: residuals, in units of their sd and independent; hp: deviations of the predictions. */
static gm_status scale_all(smoother *q, double *mismatch)
{
  double sum = 0;
  gm_status st = scale_rows(q);
  if (!st) st = whiten_rows(q);
  if (st) return st;
  for (int32_t i = 0; i < q->m; i++) {
    double *h = q->h + (ptrdiff_t)i * q->n, *hp = q->hp + (ptrdiff_t)i * q->n;
    for (int32_t j = 0; j < q->n; j++) hp[j] = h[j] * h[j];
    sum += good_mean(q, hp) / q->m;
    double mean = good_mean(q, h);
    for (int32_t j = 0; j < q->n; j++) {
      bool failed = GM_MEMBER_FAILED(q->status[j]);
      hp[j] = failed ? 0 : mean - h[j];
      if (failed) h[j] = mean;
    }
  }
  *mismatch = sum;
  return GM_OK;
}

/* ---- the step -------------------------------------------------------------------------------- */
/* right[i][j]: residual of member j plus inflated noise, centred over the members. */
static void perturb(smoother *q, double alpha)
{
  gm_key key = gm_system_key(q->s, GM_PURPOSE_MEASUREMENT, q->o.replicate);
  double sd = sqrt(alpha * q->n / (q->n - 1.0)), e[4];
  for (int32_t i = 0; i < q->m; i++) {
    double *to = q->right + (ptrdiff_t)i * q->n, mean = 0;
    for (int32_t j = 0; j < q->n; j++) {
      if (j % 4 == 0)
        gm_normal4(key, (uint64_t)(j / 4), (uint64_t)i, gm_kind_draw(7, 0), (uint64_t)q->stage, e);
      to[j] = e[j % 4];
      mean += to[j] / q->n;
    }
    const double *h = q->h + (ptrdiff_t)i * q->n;
    for (int32_t j = 0; j < q->n; j++) to[j] = h[j] + sd * (to[j] - mean);
  }
}

/* mix[n][n] = H'^T (H' H'^T + a I)^-1 D, a = alpha (good - 1): by m x m, or where there are more
 * data than members as (H'^T H' + a I)^-1 H'^T D. */
static gm_status mix_of(smoother *q, double a)
{
  const int32_t n = q->n, m = q->m, k = m < n ? m : n;
  memset(q->square, 0, (size_t)k * (size_t)k * sizeof *q->square);
  memset(q->mix, 0, (size_t)n * (size_t)n * sizeof *q->mix);
  if (m < n)
    gm__dense_add_bt(m, n, m, q->hp, q->hp, q->square);
  else
    gm__dense_add_at(n, m, n, q->hp, q->hp, q->square);
  for (int32_t i = 0; i < k; i++) q->square[(ptrdiff_t)i * k + i] += a;
  if (!gm__dense_factor(k, q->square))
    return gm_fail(q->ctx, GM_ENUMERIC, "ES-MDA: covariance of the predictions is not positive");
  if (m < n) gm__dense_solve(m, n, q->square, q->right);
  gm__dense_add_at(n, m, n, q->hp, q->right, q->mix);
  if (m >= n) gm__dense_solve(n, n, q->square, q->mix);
  return GM_OK;
}

static gm_status assimilate(smoother *q, double alpha)
{
  const int32_t n = q->n, d = q->d;
  int32_t good = 0;
  for (int32_t j = 0; j < n; j++) good += !GM_MEMBER_FAILED(q->status[j]);
  for (int32_t i = 0; i < d; i++) {
    double mean = 0;
    for (int32_t j = 0; j < n; j++)
      if (!GM_MEMBER_FAILED(q->status[j])) mean += q->z[(ptrdiff_t)j * d + i] / good;
    for (int32_t j = 0; j < n; j++)
      q->zp[(ptrdiff_t)j * d + i] =
          GM_MEMBER_FAILED(q->status[j]) ? 0 : q->z[(ptrdiff_t)j * d + i] - mean;
  }
  perturb(q, alpha);
  gm_status st = mix_of(q, alpha * (good - 1));
  if (!st) gm__dense_add_at(n, n, d, q->mix, q->zp, q->z); /* z_j += sum_l mix[l][j] z'_l */
  return st;
}

static gm_status result(smoother *q, double *mismatch, gm_esmda **out)
{
  gm_esmda *r = gm_alloc(q->ctx, 1, sizeof *r);
  if (!r) return gm_fail(q->ctx, GM_ENOMEM, "ES-MDA");
  gm_status st = gm__particles_new(q->ctx, q->n, q->d, &r->particles);
  int32_t good = 0;
  for (int32_t j = 0; j < q->n; j++) good += !GM_MEMBER_FAILED(q->status[j]);
  gm_particles *p = r->particles;
  if (!st) {
    memcpy(p->z, q->z, (size_t)q->n * (size_t)q->d * sizeof *p->z);
    for (int32_t j = 0; j < q->n; j++)
      p->weight[j] = GM_MEMBER_FAILED(q->status[j]) ? 0 : 1.0 / good;
    p->stages = q->o.stages;
    p->evaluations = (int64_t)q->n * (q->o.stages + 1);
    p->method = "ensemble smoother with multiple data assimilation";
    p->rung = "simulation";
    p->verdict = "an approximation: exact for linear models with normal errors alone";
    st = gm__particles_finish(q->ctx, p);
  }
  if (st) {
    gm_particles_free(r->particles);
    gm_free(r);
    return st;
  }
  r->stages = q->o.stages;
  r->mismatch = mismatch;
  r->failed = q->failed;
  *out = r;
  return GM_OK;
}

static gm_status stages(smoother *q, double *mismatch)
{
  gm_key key = gm_system_key(q->s, GM_PURPOSE_PRIOR, q->o.replicate);
  gm_system_prior_draw(q->s, key, q->n, q->z);
  gm_status st = GM_OK;
  for (q->stage = 0; q->stage <= q->o.stages && !st; q->stage++) {
    st = run_members(q);
    if (!st) st = scale_all(q, &mismatch[q->stage]);
    if (st || q->stage == q->o.stages) break;
    if (q->stage && gm_watch_stop(q->o.watch))
      return gm_fail(q->ctx, GM_ECANCELLED, "ES-MDA: stopped after %d of %d stages", (int)q->stage,
                     (int)q->o.stages);
    st = assimilate(q, q->o.alpha ? q->o.alpha[q->stage] : q->o.stages);
    gm_watch_progress(q->o.watch, "ES-MDA", (q->stage + 1.0) / (q->o.stages + 1.0));
  }
  return st;
}

gm_status gm_esmda_run(gm_ctx *ctx, const gm_system *s, const gm_esmda_options *options,
                       gm_esmda **out)
{
  smoother q = {.s = s, .ctx = ctx};
  double *mismatch = NULL;
  gm_model_info info;
  gm_status st = gm__fit_check(ctx, s, "ES-MDA");
  if (!st) st = options_take(ctx, options, s->unknown_count, &q.o);
  if (!st) st = data_check(ctx, s);
  if (st) return st;
  gm_model_get_info(s->model, &info);
  q.n = q.o.members;
  q.d = s->unknown_count;
  q.m = s->reading_count;
  q.np = info.parameter_count;
  q.ny = info.output_count;
  q.time = gm_alloc(ctx, q.m, sizeof *q.time);
  mismatch = gm_alloc(ctx, q.o.stages + 1, sizeof *mismatch);
  if (!q.time || !mismatch) st = gm_fail(ctx, GM_ENOMEM, "ES-MDA");
  if (!st) q.time_count = gm__fit_times(s->reading, q.m, q.time);
  if (!st) st = smoother_open(&q);
  if (!st) st = stages(&q, mismatch);
  if (!st) st = result(&q, mismatch, out);
  if (st) gm_free(mismatch);
  smoother_close(&q);
  return st;
}

void gm_esmda_free(gm_esmda *r)
{
  if (!r) return;
  gm_particles_free(r->particles);
  gm_free(r->mismatch);
  gm_free(r);
}
