/* filter_move.c - resample-move (Gilks & Berzuini, J. R. Stat. Soc. B 63:127, 2001) for models that
 * do not move by chance: after resampling, Metropolis steps of each member's coordinates on the
 * posterior of all data so far, whose likelihood is had by running the model again from t0. So the
 * unknowns of a long run do not die out and stay exact. */
#include "methods/filter.h"
#include "methods/fit.h"
#include <math.h>
#include <string.h>

/* Steps go on until members have moved MOVES_WANTED times on average, or MOVES_MOST were tried. */
enum { MOVES_MOST = 20, MOVES_WANTED = 3 };

typedef struct {
  gm_reading *seen;
  int32_t count, room;
  gm_ensemble *e;
  uint64_t *slot; /* [n] of the first members: what is drawn at t0 stays with its copies */
  uint64_t *slot1;
  double *z1, *lp, *lp1, *work, *theta, *residual1, *residual_t, *block;
  double *y, *time; /* [n][time_count][ny], [time_count] */
  ptrdiff_t y_room, time_room;
  double scale; /* of the steps, learnt from one resampling to the next */
} mover;

static gm_status refusals(const gm_filter *f, gm_ctx *ctx)
{
  const gm_system *s = f->s;
  if (f->info.flags & GM_MODEL_STOCHASTIC)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: resample-move runs the history of a member again, which has no density "
                   "in a model that moves by chance; use particle MCMC");
  if (f->o.kind != GM_FILTER_PARTICLE)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: resample-move is there for bootstrap particles "
                   "alone, which do not look ahead");
  if (f->d < 1) return gm_fail(ctx, GM_EINVAL, "filter: resample-move without unknowns");
  for (int32_t i = 0; i < f->d; i++)
    if (s->unknown[i].drift > 0)
      return gm_fail(ctx, GM_EUNSUPPORTED, "filter: resample-move with unknowns that drift");
  for (int32_t i = 0; s->drive && i < s->drive->edge_count; i++)
    for (int32_t j = 0; j < f->d; j++)
      if (s->drive->edge[i].kind == GM_EDGE_PARAMETER &&
          s->drive->edge[i].port == s->unknown[j].parameter)
        return gm_fail(ctx, GM_EUNSUPPORTED, "filter: resample-move, edge %d switches an unknown",
                       (int)i);
  return GM_OK;
}

gm_status gm__move_new(gm_filter *f, gm_ctx *ctx)
{
  const ptrdiff_t n = f->n, d = f->d, k = f->s->sensor_count;
  gm_status s = refusals(f, ctx);
  if (s) return s;
  mover *v = f->mover = gm_alloc(ctx, 1, sizeof *v);
  if (!v) return gm_fail(ctx, GM_ENOMEM, "moves of a filter");
  v->slot = gm_alloc(ctx, 2 * n, sizeof *v->slot);
  v->block = gm_alloc(ctx, n * (d + 3 + f->info.parameter_count + k) + k, sizeof *v->block);
  if (!v->slot || !v->block) return gm_fail(ctx, GM_ENOMEM, "moves of a filter");
  v->slot1 = v->slot + n;
  v->z1 = v->block;
  v->lp = v->z1 + n * d;
  v->lp1 = v->lp + n;
  v->work = v->lp1 + n;
  v->theta = v->work + n;
  v->residual1 = v->theta + n * f->info.parameter_count;
  v->residual_t = v->residual1 + n * k;
  v->scale = 2.38 / sqrt((double)d); /* Roberts & Rosenthal, Stat. Sci. 16:351 (2001) */
  gm__move_forget(f);
  return gm_ensemble_new(ctx, f->s->model, f->s->pool, f->n, &v->e);
}

void gm__move_free(gm_filter *f)
{
  mover *v = f->mover;
  if (!v) return;
  gm_ensemble_free(v->e);
  gm_free(v->seen);
  gm_free(v->slot);
  gm_free(v->block);
  gm_free(v->y);
  gm_free(v->time);
  gm_free(v);
}

void gm__move_forget(gm_filter *f)
{
  mover *v = f->mover;
  if (!v) return;
  v->count = 0;
  for (int32_t m = 0; m < f->n; m++) v->slot[m] = (uint64_t)m;
}

gm_status gm__move_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count)
{
  mover *v = f->mover;
  if (!v) return GM_OK;
  if (v->count + count > v->room) {
    int32_t room = 2 * v->room + count;
    gm_status s = gm_grow(ctx, (void *)&v->seen, v->room, room, sizeof *v->seen);
    if (s) return s;
    v->room = room;
  }
  memcpy(v->seen + v->count, r, (size_t)count * sizeof *r);
  v->count += count;
  return GM_OK;
}

/* ---- running again --------------------------------------------------------------------------- */
static gm_status room_for(gm_filter *f, gm_ctx *ctx)
{
  mover *v = f->mover;
  ptrdiff_t values = (ptrdiff_t)f->n * v->count * f->info.output_count;
  if (v->time_room >= v->count && v->y_room >= values) return GM_OK;
  double *y = gm_alloc(ctx, 2 * values, sizeof *y);
  double *time = gm_alloc(ctx, 2 * (ptrdiff_t)v->count, sizeof *time);
  if (!y || !time) {
    gm_free(y);
    gm_free(time);
    return gm_fail(ctx, GM_ENOMEM, "history of %d readings", (int)v->count);
  }
  gm_free(v->y);
  gm_free(v->time);
  v->y = y;
  v->time = time;
  v->y_room = 2 * values;
  v->time_room = 2 * (ptrdiff_t)v->count;
  return GM_OK;
}

/* lp[m] = ln p(data so far, z[m]); residuals of sensors with memory after the last. */
static gm_status posterior(gm_filter *f, gm_ctx *ctx, const double *z, double *residual, double *lp)
{
  mover *v = f->mover;
  const gm_system *s = f->s;
  int32_t times = gm__fit_times(v->seen, v->count, v->time);
  double t1 = v->time[times - 1];
  gm_drive part = {0};
  if (s->drive) part = *s->drive;
  while (part.edge_count && part.edge[part.edge_count - 1].t > t1) part.edge_count--;
  gm_system_theta(s, f->n, z, gm_ensemble_theta(v->e));
  memcpy(gm_ensemble_key(v->e), gm_ensemble_key(f->e), (size_t)f->n * sizeof(gm_key));
  memcpy(gm_ensemble_slot(v->e), v->slot, (size_t)f->n * sizeof *v->slot);
  gm_status st = gm_ensemble_init(v->e, ctx, s->t0);
  if (!st) st = gm_ensemble_advance(v->e, ctx, t1, &part, NULL, v->time, times, v->y);
  if (st) return st;
  gm_system_theta(s, f->n, z, v->theta);
  gm__fit_memory memory = {residual, v->residual_t};
  gm__fit_weigh_all(s, v->seen, v->count, f->n, v->y, times, v->theta, &memory, v->work, lp);
  const int8_t *status = gm_ensemble_status(v->e);
  for (int32_t m = 0; m < f->n; m++) {
    if (GM_MEMBER_FAILED(status[m])) lp[m] = -INFINITY;
    lp[m] += gm_system_log_prior(s, z + (ptrdiff_t)m * f->d);
  }
  return GM_OK;
}

/* ---- moving ---------------------------------------------------------------------------------- */
static void propose(gm_filter *f, const double *factor, gm_key key, uint32_t round)
{
  mover *v = f->mover;
  const int32_t d = f->d;
  double e[GM_UNKNOWN_MAX];
  for (int32_t m = 0; m < f->n; m++) {
    for (int32_t i = 0; i < d; i++)
      e[i] = gm_normal(key, (uint64_t)m, (uint64_t)i, gm_kind_draw(8, round), f->step);
    for (int32_t i = 0; i < d; i++) {
      double shift = 0;
      for (int32_t j = 0; j <= i; j++) shift += factor[i * d + j] * e[j];
      v->z1[(ptrdiff_t)m * d + i] = f->z[(ptrdiff_t)m * d + i] + v->scale * shift;
    }
  }
}

/* Returns how many proposals were taken. */
static int32_t judge(gm_filter *f, gm_key key, uint32_t round)
{
  mover *v = f->mover;
  const ptrdiff_t d = f->d, k = f->s->sensor_count;
  int32_t taken = 0;
  for (int32_t m = 0; m < f->n; m++) {
    double u = gm_uniform(key, (uint64_t)m, 0, gm_kind_draw(9, round), f->step);
    if (!(v->lp1[m] > -INFINITY) || !(log(u) < v->lp1[m] - v->lp[m])) continue;
    memcpy(f->z + m * d, v->z1 + m * d, (size_t)d * sizeof *f->z);
    memcpy(f->residual + m * k, v->residual1 + m * k, (size_t)k * sizeof *f->residual);
    v->lp[m] = v->lp1[m];
    taken++;
  }
  return taken;
}

/* The states of the moved members at the present time. */
static gm_status states_again(gm_filter *f, gm_ctx *ctx)
{
  mover *v = f->mover;
  double now = gm_ensemble_time(f->e);
  gm__filter_theta(f);
  memcpy(gm_ensemble_slot(f->e), v->slot, (size_t)f->n * sizeof *v->slot);
  gm_status s = gm_ensemble_init(f->e, ctx, f->s->t0);
  f->edge = 0;
  return s ? s : gm__filter_advance(f, ctx, now);
}

gm_status gm__move_after(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor, const double *factor)
{
  mover *v = f->mover;
  gm_key key = gm_system_key(f->s, GM_PURPOSE_MOVE, f->o.replicate);
  for (int32_t m = 0; m < f->n; m++) v->slot1[m] = v->slot[ancestor[m]];
  memcpy(v->slot, v->slot1, (size_t)f->n * sizeof *v->slot);
  if (!v->count) return GM_OK;
  gm_status s = room_for(f, ctx);
  if (!s) s = posterior(f, ctx, f->z, f->residual, v->lp);
  double moved = 0;
  for (uint32_t round = 0; round < MOVES_MOST && moved < MOVES_WANTED && !s; round++) {
    propose(f, factor, key, round);
    s = posterior(f, ctx, v->z1, v->residual1, v->lp1);
    if (s) break;
    double share = (double)judge(f, key, round) / f->n;
    moved += share;
    if (share < 0.15) v->scale *= 0.7;
    if (share > 0.45) v->scale *= 1.3;
  }
  return s ? s : states_again(f, ctx);
}
