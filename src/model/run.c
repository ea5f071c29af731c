/* run.c - members along their timelines: blocks of members, one task each, leg by leg. */
#include "model/run.h"
#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { BLOCK_MEMBERS = 64 };

typedef struct {
  gm_work *work;
  gm_arena *arena;
} run_worker;

struct gm_runner {
  gm_ctx *ctx;
  const gm_model *model;
  gm_pool *pool;
  gm_model_info info;
  int32_t worker_count;
  atomic_flag busy;
  run_worker worker[];
};

gm_status gm_runner_new(gm_ctx *ctx, const gm_model *model, gm_pool *pool, gm_runner **out)
{
  assert(ctx && model && out);
  int32_t count = gm_pool_workers(pool);
  gm_runner *r = gm_alloc(ctx, 1, sizeof *r + (size_t)count * sizeof r->worker[0]);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "runner");
  r->ctx = ctx;
  r->model = model;
  r->pool = pool;
  r->worker_count = count;
  atomic_flag_clear(&r->busy);
  gm_model_get_info(model, &r->info);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) {
    s = model->type->work_new(model, ctx, &r->worker[i].work);
    if (!s) s = gm_arena_new(ctx, 1 << 16, &r->worker[i].arena);
  }
  if (s) {
    gm_runner_free(r);
    return s;
  }
  *out = r;
  return GM_OK;
}

void gm_runner_free(gm_runner *r)
{
  if (!r) return;
  for (int32_t i = 0; i < r->worker_count; i++) {
    if (r->worker[i].work) r->model->type->work_free(r->worker[i].work);
    gm_arena_free(r->worker[i].arena);
  }
  gm_free(r);
}

gm_batch gm__run_batch(const run_block *b)
{
  return (gm_batch){.n = b->n,
                    .sx = b->room,
                    .sm = 1,
                    .x = b->x,
                    .obj = b->obj,
                    .theta = b->theta,
                    .psx = b->room,
                    .psm = 1,
                    .key = b->key,
                    .slot = b->slot,
                    .slot0 = b->slot0,
                    .status = b->call_status};
}

/* ---- one block ------------------------------------------------------------------------------- */
typedef struct {
  gm_runner *r;
  const gm_run *run;
} run_job;

static const gm_timeline *timeline_of(const gm_run *run, int32_t member)
{
  return run->shared_timeline ? run->timeline : &run->timeline[member];
}

static void gather_status(run_block *b)
{
  for (int32_t m = 0; m < b->n; m++) b->status[m] = (int8_t)(b->status[m] | b->call_status[m]);
}

/* Between two renewals of the draws: what happens after `from`, up to `to` and at it. */
typedef struct {
  double from, to;
} run_part;

static const run_part whole = {-INFINITY, INFINITY};

static double clamp(double t, const gm_leg *leg) { return fmin(fmax(t, leg->t0), leg->t1); }

static void cut(gm_span *span, run_part part, int32_t outputs)
{
  while (span->edge_count && span->edge[0].t <= part.from) span->edge++, span->edge_count--;
  while (span->edge_count && span->edge[span->edge_count - 1].t > part.to) span->edge_count--;
  while (span->sample_count && span->sample[span->sample_count - 1] > part.to) span->sample_count--;
  while (span->sample_count && span->sample[0] <= part.from) {
    span->sample++;
    if (span->sample_before) span->sample_before++;
    if (span->y) span->y += outputs;
    span->sample_count--;
  }
}

/* Nothing happens, at the time at which a member is when this leg is not of this part: before it,
 * or after all its own. */
static gm_span nothing(const gm_timeline *t, const gm_leg *leg, run_part part)
{
  if (t->leg_count == 0) return (gm_span){0};
  double at = leg && leg->t1 <= part.from ? part.from : part.to;
  at = fmin(fmax(at, t->leg[0].t0), t->leg[t->leg_count - 1].t1);
  return (gm_span){.t0 = at, .t1 = at};
}

/* A member that failed does not move any more: its span is empty and its samples are NaN. */
static gm_span member_span(const run_block *b, const gm_run *run, int32_t first, int32_t m,
                           int32_t leg_index, run_part part)
{
  const gm_timeline *t = timeline_of(run, first + m);
  if (leg_index >= t->leg_count) return nothing(t, NULL, part);
  const gm_leg *leg = &t->leg[leg_index];
  if (leg->kind != GM_LEG_SPAN) return (gm_span){0};
  if (leg->t1 <= part.from || leg->t0 > part.to) return nothing(t, leg, part);
  ptrdiff_t at = ((ptrdiff_t)(first + m) * t->sample_count + leg->sample) * b->info.output_count;
  gm_span span = {.t0 = clamp(part.from, leg),
                  .t1 = clamp(part.to, leg),
                  .edge = t->edge + leg->edge,
                  .sample = t->sample ? t->sample + leg->sample : NULL,
                  .sample_before = t->before ? t->before + leg->sample : NULL,
                  .y = run->y ? run->y + at : NULL,
                  .edge_count = leg->edge_count,
                  .sample_count = leg->sample_count};
  cut(&span, part, b->info.output_count);
  if (!GM_MEMBER_FAILED(b->status[m])) return span;
  for (ptrdiff_t k = 0; span.y && k < (ptrdiff_t)span.sample_count * b->info.output_count; k++)
    span.y[k] = NAN;
  return (gm_span){0};
}

static gm_status block_leg(gm_ctx *ctx, run_block *b, const gm_run *run, int32_t first,
                           int32_t leg_index, run_part part)
{
  gm_span span[BLOCK_MEMBERS];
  const gm_leg *leg[BLOCK_MEMBERS];
  const gm_timeline *timeline[BLOCK_MEMBERS];
  bool any_steady = false;
  for (int32_t m = 0; m < b->n; m++) {
    const gm_timeline *t = timeline[m] = timeline_of(run, first + m);
    span[m] = member_span(b, run, first, m, leg_index, part);
    bool steady = leg_index < t->leg_count && t->leg[leg_index].kind == GM_LEG_STEADY;
    leg[m] = steady ? &t->leg[leg_index] : NULL;
    any_steady = any_steady || steady;
  }
  gm_batch batch = gm__run_batch(b);
  b->model->type->advance(b->model, b->work, &batch, span, b->arena);
  gather_status(b);
  for (int32_t m = 0; m < b->n; m++) gm_span_apply_parameters(&span[m], b->theta + m, b->room);
  return any_steady ? gm__steady_find(ctx, b, leg, timeline) : GM_OK;
}

static gm_batch members_part(const run_block *b, int32_t m, int32_t count)
{
  gm_batch part = gm__run_batch(b);
  part.n = count;
  if (part.x) part.x += m;
  if (part.obj) part.obj += m;
  part.theta += m;
  part.status += m;
  if (part.key) part.key += m;
  if (part.slot) part.slot += m;
  part.slot0 += (uint64_t)m;
  return part;
}

/* From here on every member draws by the next row of slots. */
static void block_renew(run_block *b, const gm_run *run, double t)
{
  const uint64_t *before = b->slot;
  b->slot += run->n;
  if (!b->model->type->refresh) return;
  for (int32_t m = 0; m < b->n; m++) {
    if (b->slot[m] == before[m] || GM_MEMBER_FAILED(b->status[m])) continue;
    gm_batch one = members_part(b, m, 1);
    b->model->type->refresh(b->model, &one, t);
  }
}

static double block_end(const run_block *b, const gm_run *run, int32_t first)
{
  double end = -INFINITY;
  for (int32_t m = 0; m < b->n; m++) {
    const gm_timeline *t = timeline_of(run, first + m);
    if (t->leg_count) end = fmax(end, t->leg[t->leg_count - 1].t1);
  }
  return end;
}

/* Members with renewals: between two of them every leg that has something there. */
static gm_status block_parts(gm_ctx *ctx, run_block *b, const gm_run *run, int32_t first,
                             int32_t legs)
{
  double end = block_end(b, run, first);
  run_part part = whole;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < run->renewal_count && run->renewal_t[i] < end && !s; i++) {
    part.to = run->renewal_t[i];
    for (int32_t k = 0; k < legs && !s; k++) s = block_leg(ctx, b, run, first, k, part);
    block_renew(b, run, part.to);
    part.from = part.to;
  }
  part.to = INFINITY;
  for (int32_t k = 0; k < legs && !s; k++) s = block_leg(ctx, b, run, first, k, part);
  return s;
}

static gm_status block_legs(gm_ctx *ctx, run_block *b, const gm_run *run, int32_t first)
{
  int32_t legs = 0;
  gm_status s = GM_OK;
  for (int32_t m = 0; m < b->n; m++)
    if (timeline_of(run, first + m)->leg_count > legs)
      legs = timeline_of(run, first + m)->leg_count;
  if (run->renewal_count) return block_parts(ctx, b, run, first, legs);
  for (int32_t i = 0; i < legs && !s; i++) s = block_leg(ctx, b, run, first, i, whole);
  return s;
}

/* Columns of a block (rows apart by room) from or to those of the run (rows apart by n). */
static void rows_take(const run_block *b, int32_t rows, double *block, const double *run, int32_t n,
                      int32_t first)
{
  for (int32_t i = 0; i < rows; i++)
    memcpy(block + (ptrdiff_t)i * b->room, run + (ptrdiff_t)i * n + first,
           (size_t)b->n * sizeof *block);
}

static void rows_give(const run_block *b, int32_t rows, const double *block, double *run, int32_t n,
                      int32_t first)
{
  for (int32_t i = 0; i < rows; i++)
    memcpy(run + (ptrdiff_t)i * n + first, block + (ptrdiff_t)i * b->room,
           (size_t)b->n * sizeof *block);
}

static gm_status block_memory(gm_ctx *ctx, run_block *b)
{
  bool object = b->info.flags & GM_MODEL_OBJECT;
  int32_t nx = b->info.state_count, np = b->info.parameter_count;
  if (object)
    b->obj = gm_arena_get(b->arena, b->room, sizeof *b->obj);
  else
    b->x = gm_arena_get(b->arena, (ptrdiff_t)(nx ? nx : 1) * b->room, sizeof *b->x);
  b->theta = gm_arena_get(b->arena, (ptrdiff_t)(np ? np : 1) * b->room, sizeof *b->theta);
  b->status = gm_arena_get(b->arena, b->room, 1);
  b->call_status = gm_arena_get(b->arena, b->room, 1);
  return (b->x || b->obj) && b->theta && b->status && b->call_status
             ? GM_OK
             : gm_fail(ctx, GM_ENOMEM, "members of a run");
}

/* Objects are the run's own, or made here. */
static gm_status block_objects(gm_ctx *ctx, run_block *b, const gm_run *run, int32_t first)
{
  gm_status s = GM_OK;
  for (int32_t m = 0; b->obj && m < b->n && !s; m++)
    if (run->obj)
      b->obj[m] = run->obj[first + m];
    else
      s = b->model->type->obj_new(b->model, ctx, &b->obj[m]);
  return s;
}

static void block_objects_free(const run_block *b, const gm_run *run)
{
  for (int32_t m = 0; b->obj && !run->obj && m < b->n; m++)
    if (b->obj[m]) b->model->type->obj_free(b->model, b->obj[m]);
}

/* Timelines of a block may begin at different times: then init is called once for each member. */
static void block_init(run_block *b, const gm_run *run, int32_t first)
{
  int32_t step = run->shared_timeline ? b->n : 1;
  for (int32_t m = 0; m < b->n; m += step) {
    const gm_timeline *t = timeline_of(run, first + m);
    gm_batch part = members_part(b, m, step);
    b->model->type->init(b->model, b->work, &part, t->leg_count ? t->leg[0].t0 : 0);
  }
  gather_status(b);
}

static gm_status block_begin(gm_ctx *ctx, const run_job *j, run_block *b, int32_t first)
{
  const gm_run *run = j->run;
  gm_status s = block_memory(ctx, b);
  if (!s) s = block_objects(ctx, b, run, first);
  if (s) return s;
  rows_take(b, b->info.parameter_count, b->theta, run->theta, run->n, first);
  if (run->keep_state && b->x)
    rows_take(b, b->info.state_count, b->x, run->x, run->n, first);
  else if (!run->keep_state)
    block_init(b, run, first);
  return GM_OK;
}

static gm_status block_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const run_job *j = user;
  const gm_run *run = j->run;
  run_worker *w = &j->r->worker[worker];
  int32_t first = task * BLOCK_MEMBERS;
  gm_arena_mark mark = gm_arena_at(w->arena);
  run_block b = {.model = j->r->model,
                 .info = j->r->info,
                 .work = w->work,
                 .arena = w->arena,
                 .room = BLOCK_MEMBERS,
                 .slot0 = (uint64_t)first};
  b.n = run->n - first < BLOCK_MEMBERS ? run->n - first : BLOCK_MEMBERS;
  b.key = run->key ? run->key + first : NULL;
  b.slot = run->slot ? run->slot + first : NULL;
  gm_status s = block_begin(ctx, j, &b, first);
  if (!s) s = block_legs(ctx, &b, run, first);
  if (!s) {
    memcpy(run->status + first, b.status, (size_t)b.n);
    rows_give(&b, b.info.parameter_count, b.theta, run->theta, run->n, first);
    if (run->x && b.x) rows_give(&b, b.info.state_count, b.x, run->x, run->n, first);
  }
  block_objects_free(&b, run);
  gm_arena_back(w->arena, mark);
  return s;
}

gm_status gm_runner_run(gm_runner *r, gm_ctx *ctx, const gm_run *run)
{
  assert(r && run && run->timeline && run->theta && run->status);
  assert(run->renewal_count == 0 || (run->renewal_t && run->slot));
  assert(!(run->keep_state && (r->info.flags & GM_MODEL_OBJECT)) || run->obj);
  run_job job = {r, run};
  int32_t tasks = (run->n + BLOCK_MEMBERS - 1) / BLOCK_MEMBERS;
  if (atomic_flag_test_and_set(&r->busy))
    return gm_fail(ctx, GM_EINVAL, "this runner is in use by another thread");
  gm_status s = gm_pool_run(r->pool, ctx, tasks, block_task, &job);
  atomic_flag_clear(&r->busy);
  return s;
}
