/* fit_swarm.c - a bootstrap particle filter through all readings, with or without perturbed
 * unknowns: the likelihood of a model that moves by chance (Gordon, Salmond & Smith, IEE Proc. F
 * 140:107, 1993), and one iteration of iterated filtering. Leaner than gm_filter: nothing but the
 * likelihood is made. */
#include "methods/filter.h"
#include "methods/fit.h"
#include <math.h>
#include <string.h>

gm_status gm__swarm_new(gm_ctx *ctx, const gm_system *s, int32_t n, gm__swarm **out)
{
  gm_model_info info;
  gm_model_get_info(s->model, &info);
  gm__swarm *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "a swarm");
  const ptrdiff_t d = s->unknown_count, k = s->sensor_count, ny = info.output_count;
  *w = (gm__swarm){.s = s, .n = n, .d = s->unknown_count, .ny = info.output_count};
  w->block = gm_alloc(ctx, n * (d + k + ny + 3) + k, sizeof *w->block);
  w->ancestor = gm_alloc(ctx, 3 * (ptrdiff_t)n, sizeof *w->ancestor); /* and scratch */
  gm_status st = w->block && w->ancestor ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d particles", (int)n);
  if (!st) st = gm_ensemble_new(ctx, s->model, NULL, n, &w->e);
  if (st) {
    gm__swarm_free(w);
    return st;
  }
  w->z = w->block;
  w->memory.last = w->z + n * d;
  w->y = w->memory.last + n * k;
  w->weight = w->y + n * ny;
  w->lp = w->weight + n;
  w->work = w->lp + n;
  w->memory.t = w->work + n;
  *out = w;
  return GM_OK;
}

void gm__swarm_free(gm__swarm *w)
{
  if (!w) return;
  gm_ensemble_free(w->e);
  gm_free(w->block);
  gm_free(w->ancestor);
  gm_free(w);
}

static void theta_rows(gm__swarm *w)
{
  double *theta = gm_ensemble_theta(w->e);
  for (int32_t i = 0; i < w->d; i++)
    for (int32_t m = 0; m < w->n; m++)
      theta[(ptrdiff_t)w->s->unknown[i].parameter * w->n + m] =
          gm_unknown_value(&w->s->unknown[i], w->z[(ptrdiff_t)m * w->d + i]);
}

/* Perturbation number `time` of the sweep (0: at t0); share: how far the sweep has gone. */
static void shake_all(gm__swarm *w, const gm__shake *shake, gm_key key, int32_t time, double share)
{
  double factor = shake->from * pow(shake->to / shake->from, share), e[4];
  for (int32_t m = 0; m < w->n; m++)
    for (int32_t i = 0; i < w->d; i++) {
      if (i % 4 == 0)
        gm_normal4(key, (uint64_t)m, (uint64_t)(i / 4), gm_kind_draw(6, 0), (uint64_t)time, e);
      if (time && shake->initial && shake->initial[i]) continue;
      w->z[(ptrdiff_t)m * w->d + i] += factor * shake->sd[i] * e[i % 4];
    }
}

/* Whoever is copied stays in its place (gm__resample_still), so no row is read once written. */
static void rows_copy(int32_t n, int32_t wide, const int32_t *from, double *a)
{
  for (int32_t m = 0; m < n; m++)
    if (from[m] != m)
      memcpy(a + (ptrdiff_t)m * wide, a + (ptrdiff_t)from[m] * wide, (size_t)wide * sizeof *a);
}

static gm_status select_all(gm__swarm *w, gm_ctx *ctx, double u, uint64_t generation)
{
  gm__resample_still(w->n, w->weight, u, w->ancestor, w->ancestor + w->n);
  gm_status st = gm_ensemble_select(w->e, w->e, ctx, w->ancestor, generation, false);
  if (st) return st;
  rows_copy(w->n, w->d, w->ancestor, w->z);
  rows_copy(w->n, w->s->sensor_count, w->ancestor, w->memory.last);
  for (int32_t m = 0; m < w->n; m++) w->weight[m] = 1.0 / w->n;
  return GM_OK;
}

static gm_status begin(gm__swarm *w, gm_ctx *ctx, uint64_t replicate)
{
  gm_ensemble_seat(w->e, gm_system_key(w->s, GM_PURPOSE_INTRINSIC, replicate), 0);
  gm_system_theta(w->s, w->n, w->z, gm_ensemble_theta(w->e));
  for (int32_t m = 0; m < w->n; m++) w->weight[m] = 1.0 / w->n;
  gm__fit_forget(w->s, w->n, &w->memory);
  return gm_ensemble_init(w->e, ctx, w->s->t0);
}

/* To the time of the readings r[count], weighed by them. *edge: next of the drive. */
static gm_status to_data(gm__swarm *w, gm_ctx *ctx, const gm_reading *r, int32_t count,
                         int32_t *edge)
{
  const gm_drive *drive = w->s->drive;
  gm_drive part = {0};
  if (drive) {
    part.edge = drive->edge + *edge;
    while (*edge < drive->edge_count && drive->edge[*edge].t <= r->t) ++*edge;
    part.edge_count = (int32_t)(drive->edge + *edge - part.edge);
  }
  gm_status st = gm_ensemble_advance(w->e, ctx, r->t, &part, NULL, NULL, 0, NULL);
  if (!st) st = gm_ensemble_observe(w->e, ctx, w->y);
  if (st) return st;
  const int8_t *status = gm_ensemble_status(w->e);
  for (int32_t m = 0; m < w->n; m++) w->lp[m] = GM_MEMBER_FAILED(status[m]) ? -INFINITY : 0;
  for (int32_t i = 0; i < count; i++)
    gm__fit_weigh(w->s, &r[i], w->n, w->y, w->ny, gm_ensemble_theta(w->e), &w->memory, w->work,
                  w->lp);
  return GM_OK;
}

static double ess_of(const gm__swarm *w)
{
  double sum = 0;
  for (int32_t m = 0; m < w->n; m++) sum += w->weight[m] * w->weight[m];
  return 1 / sum;
}

gm_status gm__swarm_sweep(gm__swarm *w, gm_ctx *ctx, const gm__shake *shake, uint64_t replicate,
                          double *loglik, int64_t *lost)
{
  const gm_system *s = w->s;
  gm_key move = gm_system_key(s, GM_PURPOSE_MOVE, replicate);
  gm_key choose = gm_system_key(s, GM_PURPOSE_RESAMPLE, replicate);
  int32_t edge = 0, time = 0;
  double sum = 0;
  if (shake) shake_all(w, shake, move, 0, 0);
  gm_status st = begin(w, ctx, replicate);
  for (int32_t i = 0, end; i < s->reading_count && !st; i = end) {
    for (end = i + 1; end < s->reading_count && s->reading[end].t == s->reading[i].t;) end++;
    time++;
    if (shake) {
      shake_all(w, shake, move, time, (double)i / s->reading_count);
      theta_rows(w);
    }
    st = to_data(w, ctx, s->reading + i, end - i, &edge);
    if (st) return st;
    double gain = gm__fit_reweigh(w->n, w->weight, w->lp);
    sum += gain;
    if (!isfinite(gain) && !shake) break;
    if (!isfinite(gain)) {
      ++*lost;
    } else if (shake || (end < s->reading_count && ess_of(w) < 0.5 * w->n)) {
      double u = gm_uniform(choose, 0, 0, gm_kind_draw(1, 0), (uint64_t)time);
      st = select_all(w, ctx, u, (uint64_t)time);
    }
  }
  if (!st) *loglik = sum;
  return st;
}

/* ---- many points ----------------------------------------------------------------------------- */
typedef struct {
  const gm_system *s;
  gm__swarm **swarm;
  int32_t particles;
  uint64_t family;
  const double *z;
  const uint64_t *replicate;
  double *out;
} points;

static gm_status point_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  points *p = user;
  const int32_t d = p->s->unknown_count;
  gm_status st = GM_OK;
  if (!p->swarm[worker]) st = gm__swarm_new(ctx, p->s, p->particles, &p->swarm[worker]);
  if (st) return st;
  gm__swarm *w = p->swarm[worker];
  for (int32_t m = 0; m < w->n; m++)
    memcpy(w->z + (ptrdiff_t)m * d, p->z + (ptrdiff_t)task * d, (size_t)d * sizeof *w->z);
  uint64_t number = p->replicate ? p->replicate[task] : 0;
  return gm__swarm_sweep(w, ctx, NULL, gm_hash64(p->family, number), &p->out[task], NULL);
}

gm_status gm__fit_loglik(const gm_system *s, gm_ctx *ctx, gm__swarm **swarm, int32_t particles,
                         uint64_t family, int32_t n, const double *z, const uint64_t *replicate,
                         double *out)
{
  points p = {s, swarm, particles, family, z, replicate, out};
  return gm_pool_run(s->pool, ctx, n, point_task, &p);
}
