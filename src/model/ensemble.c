/* ensemble.c - members of one model at one time, flat or objects, advanced block by block.
 * A block is what one task works on; which worker does it changes nothing. */
#include "gemel/ensemble.h"
#include "model/ensemble.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK_MEMBERS = 256, FAILED = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS };

static gm_status members_new(gm_ctx *ctx, gm_ensemble *e)
{
  const ptrdiff_t n = e->n;
  bool object = e->info.flags & GM_MODEL_OBJECT;
  if (object)
    e->obj = gm_alloc(ctx, n, sizeof *e->obj);
  else
    e->x = gm_alloc(ctx, n * e->info.state_count, sizeof *e->x);
  e->theta = gm_alloc(ctx, n * e->info.parameter_count, sizeof *e->theta);
  e->key = gm_alloc(ctx, n, sizeof *e->key);
  e->slot = gm_alloc(ctx, n, sizeof *e->slot);
  e->status = gm_alloc(ctx, n, 1);
  e->call = gm_alloc(ctx, n, 1);
  bool got = (object ? (void *)e->obj : (void *)e->x) && e->theta && e->key && e->slot &&
             e->status && e->call;
  return got ? GM_OK : gm_fail(ctx, GM_ENOMEM, "members of an ensemble");
}

gm_status gm_ensemble_new(gm_ctx *ctx, const gm_model *model, gm_pool *pool, int32_t n,
                          gm_ensemble **out)
{
  assert(ctx && model && out);
  if (n < 1) return gm_fail(ctx, GM_EINVAL, "an ensemble of %d members", (int)n);
  int32_t workers = gm_pool_workers(pool);
  gm_ensemble *e = gm_alloc(ctx, 1, sizeof *e + (size_t)workers * sizeof e->worker[0]);
  if (!e) return gm_fail(ctx, GM_ENOMEM, "ensemble");
  *e = (gm_ensemble){.ctx = ctx, .model = model, .pool = pool, .n = n, .worker_count = workers};
  gm_model_get_info(model, &e->info);
  gm_status s = members_new(ctx, e);
  for (int32_t i = 0; i < workers && !s; i++) {
    s = model->type->work_new(model, ctx, &e->worker[i].work);
    if (!s) s = gm_arena_new(ctx, 1 << 16, &e->worker[i].arena);
  }
  for (int32_t i = 0; e->obj && i < n && !s; i++) s = model->type->obj_new(model, ctx, &e->obj[i]);
  if (s) {
    gm_ensemble_free(e);
    return s;
  }
  gm_ensemble_seat(e, (gm_key){{0}}, 0);
  *out = e;
  return GM_OK;
}

void gm_ensemble_free(gm_ensemble *e)
{
  if (!e) return;
  for (int32_t i = 0; e->obj && i < e->n; i++)
    if (e->obj[i]) e->model->type->obj_free(e->model, e->obj[i]);
  for (int32_t i = 0; i < e->worker_count; i++) {
    if (e->worker[i].work) e->model->type->work_free(e->worker[i].work);
    gm_arena_free(e->worker[i].arena);
  }
  gm_free(e->obj);
  gm_free(e->x);
  gm_free(e->theta);
  gm_free(e->key);
  gm_free(e->slot);
  gm_free(e->status);
  gm_free(e->call);
  gm_free(e->move);
  gm_free(e->step);
  gm_free(e);
}

int32_t gm_ensemble_size(const gm_ensemble *e) { return e->n; }
double gm_ensemble_time(const gm_ensemble *e) { return e->t; }
const gm_model *gm_ensemble_model(const gm_ensemble *e) { return e->model; }
double *gm_ensemble_theta(gm_ensemble *e) { return e->theta; }
int8_t *gm_ensemble_status(gm_ensemble *e) { return e->status; }
gm_key *gm_ensemble_key(gm_ensemble *e)
{
  e->keys_differ = true; /* from now on they may be written at any time */
  return e->key;
}
uint64_t *gm_ensemble_slot(gm_ensemble *e) { return e->slot; }
double *gm_ensemble_state(gm_ensemble *e) { return e->x; }

gm_status gm_ensemble_keep_steps(gm_ensemble *e, gm_ctx *ctx)
{
  if (!e->step) e->step = gm_alloc(ctx, e->n, sizeof *e->step);
  return e->step ? GM_OK : gm_fail(ctx, GM_ENOMEM, "steps of an ensemble");
}

void gm__ensemble_forget(gm_ensemble *e)
{
  if (e->step) memset(e->step, 0, (size_t)e->n * sizeof *e->step);
}

void gm_ensemble_seat(gm_ensemble *e, gm_key key, uint64_t first_slot)
{
  for (int32_t m = 0; m < e->n; m++) {
    e->key[m] = key;
    e->slot[m] = first_slot + (uint64_t)m;
  }
}

gm_batch gm__ensemble_batch(const gm_ensemble *e, int32_t first, int32_t count)
{
  return (gm_batch){.n = count,
                    .sx = e->n,
                    .sm = 1,
                    .x = e->x ? e->x + first : NULL,
                    .obj = e->obj ? e->obj + first : NULL,
                    .theta = e->theta + first,
                    .psx = e->n,
                    .psm = 1,
                    .key = e->key + first,
                    .slot = e->slot + first,
                    .status = e->call + first,
                    .step = e->step ? e->step + first : NULL};
}

/* ---- blocks ---------------------------------------------------------------------------------- */
typedef struct {
  gm_ensemble *e;
  double t1;
  const gm_drive *drive;
  const int32_t *drive_of;
  const double *sample;
  int32_t sample_count;
  double *y;
} job;

static int32_t block_count(const gm_ensemble *e) { return (e->n - 1) / BLOCK_MEMBERS + 1; }

static gm_batch block_batch(const gm_ensemble *e, int32_t task)
{
  int32_t first = task * BLOCK_MEMBERS, left = e->n - first;
  return gm__ensemble_batch(e, first, left < BLOCK_MEMBERS ? left : BLOCK_MEMBERS);
}

static void gather_status(gm_ensemble *e, int32_t first, int32_t count)
{
  for (int32_t m = first; m < first + count; m++)
    e->status[m] = (int8_t)(e->status[m] | e->call[m]);
}

static gm_status init_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  job *j = user;
  (void)ctx;
  gm_batch b = block_batch(j->e, task);
  j->e->model->type->init(j->e->model, j->e->worker[worker].work, &b, j->t1);
  memset(j->e->status + task * BLOCK_MEMBERS, 0, (size_t)b.n);
  gather_status(j->e, task * BLOCK_MEMBERS, b.n);
  return GM_OK;
}

gm_status gm_ensemble_init(gm_ensemble *e, gm_ctx *ctx, double t0)
{
  job j = {.e = e, .t1 = t0};
  gm_status s = gm_pool_run(e->pool, ctx, block_count(e), init_task, &j);
  e->t = t0;
  gm__ensemble_forget(e);
  return s;
}

/* What everybody does who has not failed; samples go to rows of their own. */
static gm_span span_of_all(const job *j)
{
  gm_span span = {.t0 = j->e->t, .t1 = j->t1, .sample = j->sample};
  if (j->y) span.sample_count = j->sample_count;
  if (j->drive && !j->drive_of) {
    span.edge = j->drive->edge;
    span.edge_count = j->drive->edge_count;
  }
  return span;
}

/* A member that failed does not move any more: its samples are NaN. */
static void span_own(const job *j, int32_t m, gm_span *span)
{
  const gm_ensemble *e = j->e;
  ptrdiff_t values = (ptrdiff_t)j->sample_count * e->info.output_count;
  double *y = j->y ? j->y + m * values : NULL;
  span->y = y;
  if (j->drive_of) {
    const gm_drive *d = &j->drive[j->drive_of[m]];
    span->edge = d->edge;
    span->edge_count = d->edge_count;
  }
  if (!(e->status[m] & FAILED)) return;
  for (ptrdiff_t i = 0; y && i < values; i++) y[i] = NAN;
  *span = (gm_span){.t0 = j->t1, .t1 = j->t1};
}

static gm_status advance_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  job *j = user;
  gm_ensemble *e = j->e;
  gm_arena *arena = e->worker[worker].arena;
  gm_arena_mark mark = gm_arena_at(arena);
  gm_batch b = block_batch(e, task);
  int32_t first = task * BLOCK_MEMBERS;
  gm_span *span = gm_arena_get(arena, b.n, sizeof *span), all = span_of_all(j);
  if (!span) return gm_fail(ctx, GM_ENOMEM, "members of an ensemble");
  const bool own = j->y || j->drive_of;
  for (int32_t m = 0; m < b.n; m++) {
    span[m] = all;
    if (own || e->status[first + m]) span_own(j, first + m, &span[m]);
  }
  e->model->type->advance(e->model, e->worker[worker].work, &b, span, arena);
  for (int32_t m = 0; m < b.n && (j->drive_of || all.edge_count); m++)
    if (span[m].edge_count) gm_span_apply_parameters(&span[m], e->theta + first + m, e->n);
  gather_status(e, first, b.n);
  gm_arena_back(arena, mark);
  return GM_OK;
}

gm_status gm_ensemble_advance(gm_ensemble *e, gm_ctx *ctx, double t1, const gm_drive *drive,
                              const int32_t *drive_of, const double *sample, int32_t sample_count,
                              double *y)
{
  assert(t1 >= e->t);
  job j = {e, t1, drive, drive_of, sample, sample_count, y};
  gm_status s = gm_pool_run(e->pool, ctx, block_count(e), advance_task, &j);
  e->t = t1;
  return s;
}

static gm_status observe_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  job *j = user;
  gm_ensemble *e = j->e;
  (void)ctx;
  gm_batch b = block_batch(e, task);
  int32_t first = task * BLOCK_MEMBERS, ny = e->info.output_count;
  double *y = j->y + (ptrdiff_t)first * ny;
  e->model->type->observe(e->model, e->worker[worker].work, &b, e->t, y, e->worker[worker].arena);
  for (int32_t m = 0; m < b.n; m++)
    for (int32_t k = 0; k < ny && (e->status[first + m] & FAILED); k++)
      y[(ptrdiff_t)m * ny + k] = NAN;
  return GM_OK;
}

gm_status gm_ensemble_observe(gm_ensemble *e, gm_ctx *ctx, double *y)
{
  job j = {.e = e, .y = y};
  return gm_pool_run(e->pool, ctx, block_count(e), observe_task, &j);
}

/* ---- macro view ------------------------------------------------------------------------------ */
gm_status gm_ensemble_get(const gm_ensemble *e, gm_ctx *ctx, double *macro)
{
  (void)ctx;
  gm_batch b = gm__ensemble_batch(e, 0, e->n);
  gm_model_get(e->model, &b, macro);
  return GM_OK;
}

gm_status gm_ensemble_set(gm_ensemble *e, gm_ctx *ctx, const double *macro)
{
  (void)ctx;
  gm_batch b = gm__ensemble_batch(e, 0, e->n);
  memset(e->call, 0, (size_t)e->n);
  gm__ensemble_forget(e);
  gm_model_set(e->model, &b, macro);
  gather_status(e, 0, e->n);
  return GM_OK;
}
