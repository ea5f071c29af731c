/* petab_simulate.c - all vectors under all conditions, as members of batches.
 *
 * Each pair of a vector and a condition is a member. First the conditions of pre-equilibration run
 * to their steady states, then the experiments, from there or from the start of the model. A steady
 * state is where two stretches of time, each three times as long as the one before, change no
 * state any more. */
#include "interop/petab.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 36 };

/* Of the change over a stretch: relative to the state, and to the largest it ever was. */
#define CALM_RELATIVE   1e-7
#define CALM_OF_LARGEST 1e-10

typedef struct {
  int32_t vector, unit; /* unit: an experiment, or a place in q->before */
} job;

typedef struct {
  int32_t variant, first, count; /* of jobs */
} stack;

typedef struct {
  gm_petab *p;
  pt_problem *q;
  int32_t n;
  const double *linear;
  double *simulation, *sigma;
  double *start; /* [n][before_count][moving] */
  bool *started; /* [n][before_count] */
  int32_t moving;
  bool before; /* which of the two runs */
  job *job;
  stack *stack;
  int32_t stack_count, size; /* size: of the blocks at hand, at most BLOCK */
} run;

/* Members of one task; value i of member m at [i * BLOCK + m]. */
typedef struct {
  const run *r;
  const pt_variant *v;
  const job *job;
  int32_t n;
  gm_work *work;
  gm_arena *arena;
  double *x, *theta, *last, *largest, *steady; /* steady: [n][outputs] */
  double *y[BLOCK];
  gm_span span[BLOCK];
  double t[BLOCK];
  bool good[BLOCK], settled[BLOCK];
  int8_t status[BLOCK];
  gm_key key[BLOCK];
} block;

static const pt_condition *condition_of(const block *b, int32_t m)
{
  const pt_problem *q = b->r->q;
  int32_t unit = b->job[m].unit;
  return &q->condition[b->r->before ? q->before[unit] : q->experiment[unit].condition];
}

static const double *linear_of(const block *b, int32_t m)
{
  return b->r->linear + (ptrdiff_t)b->job[m].vector * b->r->p->parameters.count;
}

static gm_batch batch_of(block *b)
{
  return (gm_batch){.n = b->n,
                    .sx = BLOCK,
                    .sm = 1,
                    .x = b->x,
                    .theta = b->theta,
                    .psx = BLOCK,
                    .psm = 1,
                    .key = b->key,
                    .status = b->status};
}

static void gather(block *b)
{
  for (int32_t m = 0; m < b->n; m++)
    if (b->status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) b->good[m] = false;
}

static void advance(block *b)
{
  gm_batch batch = batch_of(b);
  b->v->model->type->advance(b->v->model, b->work, &batch, b->span, b->arena);
  gather(b);
}

/* ---- the beginning -------------------------------------------------------------------------- */
static void theta_fill(block *b, int32_t m)
{
  const pt_problem *q = b->r->q;
  const pt_condition *c = condition_of(b, m);
  const double *linear = linear_of(b, m);
  double *theta = b->theta + m;
  for (int32_t i = 0; i < b->v->info.parameter_count; i++)
    theta[(ptrdiff_t)i * BLOCK] = b->v->theta[i];
  for (int32_t i = 0; i < q->given_count; i++) {
    const pt_given *g = &q->given[i];
    if (b->v->row[i] < 0) continue;
    double *to = &theta[(ptrdiff_t)b->v->row[i] * BLOCK];
    if (g->column < 0)
      *to = linear[g->parameter];
    else if (c->cell[g->column].kind != PT_NOTHING)
      *to = pt_value_of(&c->cell[g->column], linear);
  }
}

/* Goes on from the steady state of the condition before, but for what has a value now. */
static void start_take(block *b, int32_t m, int32_t before)
{
  const run *r = b->r;
  const pt_condition *c = condition_of(b, m);
  ptrdiff_t at = (ptrdiff_t)b->job[m].vector * r->q->before_count + before;
  if (!r->started[at]) {
    b->good[m] = false;
    return;
  }
  double *own = b->last; /* not in use yet: the values at the start */
  for (int32_t i = 0; i < r->moving; i++) {
    own[i] = b->x[(ptrdiff_t)i * BLOCK + m];
    b->x[(ptrdiff_t)i * BLOCK + m] = r->start[at * r->moving + i];
  }
  for (int32_t i = 0; i < r->q->given_count; i++) {
    int32_t column = r->q->given[i].column, state = b->v->state[i];
    if (column >= 0 && state >= 0 && c->cell[column].kind != PT_NOTHING)
      b->x[(ptrdiff_t)state * BLOCK + m] = own[state];
  }
}

static gm_status block_begin(block *b, gm_ctx *ctx)
{
  const gm_model_info *i = &b->v->info;
  ptrdiff_t states = (ptrdiff_t)(i->state_count + 1) * BLOCK;
  b->x = gm_arena_get(b->arena, states, sizeof *b->x);
  b->last = gm_arena_get(b->arena, states, sizeof *b->x);
  b->largest = gm_arena_get(b->arena, states, sizeof *b->x);
  b->theta = gm_arena_get(b->arena, (ptrdiff_t)(i->parameter_count + 1) * BLOCK, sizeof *b->x);
  b->steady = gm_arena_get(b->arena, (ptrdiff_t)(i->output_count + 1) * BLOCK, sizeof *b->x);
  if (!b->x || !b->last || !b->largest || !b->theta || !b->steady)
    return gm_fail(ctx, GM_ENOMEM, "members");
  for (int32_t m = 0; m < b->n; m++) {
    b->good[m] = true;
    theta_fill(b, m);
  }
  gm_batch batch = batch_of(b);
  b->v->model->type->init(b->v->model, b->work, &batch, 0);
  gather(b);
  for (int32_t m = 0; m < b->n && !b->r->before; m++) {
    int32_t before = b->r->q->experiment[b->job[m].unit].before;
    if (before >= 0) start_take(b, m, before);
  }
  return GM_OK;
}

/* ---- steady states -------------------------------------------------------------------------- */
/* Has this stretch changed anything? Keeps the state for the next one. */
static bool is_calm(block *b, int32_t m)
{
  bool calm = true;
  for (int32_t i = 0; i < b->v->moving; i++) {
    ptrdiff_t k = (ptrdiff_t)i * BLOCK + m;
    double x = b->x[k], change = fabs(x - b->last[k]);
    if (fabs(x) > b->largest[k]) b->largest[k] = fabs(x);
    if (!(change <= CALM_RELATIVE * fabs(x) + CALM_OF_LARGEST * b->largest[k])) calm = false;
    b->last[k] = x;
  }
  return calm;
}

/* The next stretch of those that are not settled yet. False: there are none. */
static bool stretch(block *b, const bool *ask, double length)
{
  bool any = false;
  for (int32_t m = 0; m < b->n; m++) {
    bool goes = ask[m] && b->good[m] && !b->settled[m];
    b->span[m] = (gm_span){.t0 = b->t[m], .t1 = goes ? b->t[m] + length : b->t[m]};
    any = any || goes;
  }
  if (any) advance(b);
  return any;
}

/* Runs the members that ask for it until they are settled; what is not settled at the end has no
 * steady state. The first stretch is ten times the longest time measured. */
static void settle(block *b, const bool *ask)
{
  int32_t calm[BLOCK] = {0};
  double length = 10 * b->r->q->time_scale;
  for (int32_t m = 0; m < b->n; m++) {
    b->settled[m] = false;
    for (int32_t i = 0; i < b->v->moving; i++)
      b->last[(ptrdiff_t)i * BLOCK + m] = b->largest[(ptrdiff_t)i * BLOCK + m] = 0;
    (void)is_calm(b, m);
  }
  for (int32_t round = 0; round < ROUNDS && stretch(b, ask, length); round++, length *= 3) {
    for (int32_t m = 0; m < b->n; m++) {
      if (b->span[m].t1 == b->t[m] || !b->good[m]) continue;
      b->t[m] = b->span[m].t1;
      calm[m] = is_calm(b, m) ? calm[m] + 1 : 0;
      b->settled[m] = calm[m] == 2;
    }
  }
  for (int32_t m = 0; m < b->n; m++)
    if (ask[m] && !b->settled[m]) b->good[m] = false;
}

static void before_task(block *b)
{
  const run *r = b->r;
  bool ask[BLOCK];
  for (int32_t m = 0; m < b->n; m++) ask[m] = true;
  settle(b, ask);
  for (int32_t m = 0; m < b->n; m++) {
    ptrdiff_t at = (ptrdiff_t)b->job[m].vector * r->q->before_count + b->job[m].unit;
    r->started[at] = b->good[m];
    for (int32_t i = 0; i < r->moving; i++)
      r->start[at * r->moving + i] = b->x[(ptrdiff_t)i * BLOCK + m];
  }
}

/* ---- experiments ---------------------------------------------------------------------------- */
static double slot_value(const block *b, int32_t m, const pt_point *k, const pt_slot *slot,
                         const double *y)
{
  const pt_experiment *e = &b->r->q->experiment[k->experiment];
  const double *linear = linear_of(b, m);
  switch ((pt_slot_kind)slot->kind) {
  case PT_SLOT_OUTPUT: return y[slot->index];
  case PT_SLOT_TIME: return k->sample >= 0 ? e->time[k->sample] : INFINITY;
  case PT_SLOT_PARAMETER: return linear[slot->index];
  case PT_SLOT_COLUMN: return pt_value_of(&condition_of(b, m)->cell[slot->index], linear);
  case PT_SLOT_OBSERVABLE: return pt_value_of(&k->observable_parameter[slot->index], linear);
  case PT_SLOT_NOISE: return pt_value_of(&k->noise_parameter[slot->index], linear);
  }
  return NAN;
}

static double formula_value(const block *b, int32_t m, const pt_point *k, const pt_formula *f,
                            const double *y, double *room)
{
  for (int32_t i = 0; i < f->slot_count; i++) room[i] = slot_value(b, m, k, &f->slot[i], y);
  return gm_expr_eval(f->expr, room);
}

static int32_t slots_most(const pt_problem *q)
{
  int32_t most = 1;
  for (int32_t i = 0; i < q->observable_count; i++) {
    const pt_observable *o = &q->observable[i];
    if (o->formula.slot_count > most) most = o->formula.slot_count;
    if (o->noise.slot_count > most) most = o->noise.slot_count;
  }
  return most;
}

static void points_fill(const block *b, int32_t m, double *room)
{
  const run *r = b->r;
  const pt_experiment *e = &r->q->experiment[b->job[m].unit];
  int32_t outputs = b->v->info.output_count;
  ptrdiff_t first = (ptrdiff_t)b->job[m].vector * r->p->point_count + r->q->first_point;
  for (int32_t i = 0; i < e->point_count; i++) {
    const pt_point *k = &r->q->point[e->point[i]];
    const pt_observable *o = &r->q->observable[k->observable];
    const double *y = k->sample >= 0 ? b->y[m] + (ptrdiff_t)k->sample * outputs
                                     : b->steady + (ptrdiff_t)m * outputs;
    double simulation = NAN, sigma = NAN;
    if (k->sample >= 0 || b->settled[m]) { /* what diverged has outputs NaN */
      simulation = formula_value(b, m, k, &o->formula, y, room);
      sigma = formula_value(b, m, k, &o->noise, y, room);
    }
    r->simulation[first + e->point[i]] = simulation;
    r->sigma[first + e->point[i]] = sigma;
  }
}

/* The finite times. What diverged on the way has NaN from there on. */
static gm_status times_run(block *b, gm_ctx *ctx)
{
  for (int32_t m = 0; m < b->n; m++) {
    const pt_experiment *e = &b->r->q->experiment[b->job[m].unit];
    ptrdiff_t count = (ptrdiff_t)e->time_count * b->v->info.output_count;
    b->y[m] = gm_arena_get(b->arena, count + 1, sizeof **b->y);
    if (!b->y[m]) return gm_fail(ctx, GM_ENOMEM, "simulations");
    for (ptrdiff_t i = 0; i < count; i++) b->y[m][i] = NAN;
    b->t[m] = 0;
    b->span[m] = (gm_span){0};
    if (!e->time_count || !b->good[m]) continue;
    b->t[m] = e->time[e->time_count - 1];
    b->span[m] =
        (gm_span){.t1 = b->t[m], .sample = e->time, .sample_count = e->time_count, .y = b->y[m]};
  }
  advance(b);
  return GM_OK;
}

static gm_status experiment_task(block *b, gm_ctx *ctx)
{
  bool ask[BLOCK], any = false;
  double t = 0, *room = gm_arena_get(b->arena, slots_most(b->r->q), sizeof *room);
  if (!room) return gm_fail(ctx, GM_ENOMEM, "formulas");
  gm_status s = times_run(b, ctx);
  if (s) return s;
  for (int32_t m = 0; m < b->n; m++) {
    ask[m] = b->r->q->experiment[b->job[m].unit].steady;
    any = any || ask[m];
    b->settled[m] = false;
  }
  if (any) {
    settle(b, ask);
    for (int32_t m = 0; m < b->n; m++) t = fmax(t, b->t[m]);
    gm_batch batch = batch_of(b);
    b->v->model->type->observe(b->v->model, b->work, &batch, t, b->steady, b->arena);
  }
  for (int32_t m = 0; m < b->n; m++) points_fill(b, m, room);
  return GM_OK;
}

/* ---- tasks ---------------------------------------------------------------------------------- */
static int32_t blocks_of(const run *r, const stack *k)
{
  return (k->count + r->size - 1) / r->size;
}

static gm_status task(void *user, int32_t number, int32_t worker, gm_ctx *ctx)
{
  run *r = user;
  int32_t k = 0, at = number;
  while (at >= blocks_of(r, &r->stack[k])) at -= blocks_of(r, &r->stack[k++]);
  gm_arena *arena = r->p->scratch[worker];
  gm_arena_mark mark = gm_arena_at(arena);
  block *b = gm_arena_get(arena, 1, sizeof *b);
  if (!b) return gm_fail(ctx, GM_ENOMEM, "members");
  b->r = r;
  b->v = &r->q->variant[r->stack[k].variant];
  b->job = r->job + r->stack[k].first + (ptrdiff_t)at * r->size;
  b->n = r->stack[k].count - at * r->size;
  if (b->n > r->size) b->n = r->size;
  b->work = b->v->work[worker];
  b->arena = arena;
  gm_status s = block_begin(b, ctx);
  if (!s && r->before) before_task(b);
  if (!s && !r->before) s = experiment_task(b, ctx);
  gm_arena_back(arena, mark);
  return s;
}

static int32_t variant_of(const run *r, int32_t unit)
{
  const pt_problem *q = r->q;
  return q->condition[r->before ? q->before[unit] : q->experiment[unit].condition].variant;
}

/* Jobs by variant, then unit, then vector, in blocks that give every worker one: whole lanes of
 * eight. Returns the number of tasks. */
static int32_t jobs_sort(run *r, int32_t workers)
{
  int32_t units = r->before ? r->q->before_count : r->q->experiment_count, jobs = 0, tasks = 0;
  r->stack_count = 0;
  for (int32_t v = 0; v < r->q->variant_count; v++) {
    stack *k = &r->stack[r->stack_count];
    *k = (stack){v, jobs, 0};
    for (int32_t u = 0; u < units; u++) {
      if (variant_of(r, u) != v) continue;
      for (int32_t i = 0; i < r->n; i++) r->job[jobs++] = (job){i, u};
    }
    k->count = jobs - k->first;
    if (k->count) r->stack_count++;
  }
  int32_t share = (jobs / workers + 7) / 8 * 8;
  r->size = share < 8 ? 8 : share > BLOCK ? BLOCK : share;
  for (int32_t k = 0; k < r->stack_count; k++) tasks += blocks_of(r, &r->stack[k]);
  return tasks;
}

static gm_status problem_run(run *r, gm_pool *pool)
{
  gm_ctx *ctx = r->p->ctx;
  pt_problem *q = r->q;
  gm_status s = GM_OK;
  ptrdiff_t starts = (ptrdiff_t)r->n * q->before_count;
  int32_t units = q->before_count > q->experiment_count ? q->before_count : q->experiment_count;
  r->moving = q->variant[0].moving;
  r->start = gm_alloc(ctx, starts * r->moving, sizeof *r->start);
  r->started = gm_alloc(ctx, starts, sizeof *r->started);
  r->job = gm_alloc(ctx, (ptrdiff_t)units * r->n, sizeof *r->job);
  r->stack = gm_alloc(ctx, q->variant_count + 1, sizeof *r->stack);
  if (!r->start || !r->started || !r->job || !r->stack) s = gm_fail(ctx, GM_ENOMEM, "members");
  for (int32_t k = q->before_count ? 0 : 1; k < 2 && !s; k++) {
    r->before = k == 0;
    s = gm_pool_run(pool, ctx, jobs_sort(r, gm_pool_workers(pool)), task, r);
  }
  gm_free(r->start);
  gm_free(r->started);
  gm_free(r->job);
  gm_free(r->stack);
  return s;
}

/* ---- work ----------------------------------------------------------------------------------- */
static gm_status work_make(gm_petab *p, pt_variant *v, int32_t workers)
{
  gm_work **work;
  gm_status s = GM_OK;
  if (v->workers < workers) {
    s = pt_get(&p->reader, workers, sizeof(*work), &work);
    if (s) return s;
    if (v->workers) memcpy(work, v->work, (size_t)v->workers * sizeof(*work));
    v->work = work;
    v->workers = workers;
  }
  for (int32_t w = 0; w < workers && !s; w++)
    if (!v->work[w]) s = v->model->type->work_new(v->model, p->ctx, &v->work[w]);
  return s;
}

static gm_status scratch_make(gm_petab *p, int32_t workers)
{
  gm_arena **scratch;
  gm_status s = GM_OK;
  if (p->workers < workers) {
    s = pt_get(&p->reader, workers, sizeof(*scratch), &scratch);
    if (s) return s;
    if (p->workers) memcpy(scratch, p->scratch, (size_t)p->workers * sizeof(*scratch));
    p->scratch = scratch;
    p->workers = workers;
  }
  for (int32_t w = 0; w < workers && !s; w++)
    if (!p->scratch[w]) s = gm_arena_new(p->ctx, 1 << 16, &p->scratch[w]);
  return s;
}

/* Work and scratch for so many workers, kept for the next time; a call after one that failed makes
 * what is still missing. */
static gm_status workers_ensure(gm_petab *p, int32_t workers)
{
  gm_status s = scratch_make(p, workers);
  for (int32_t i = 0; i < p->problem_count && !s; i++)
    for (int32_t k = 0; k < p->problem[i].variant_count && !s; k++)
      s = work_make(p, &p->problem[i].variant[k], workers);
  return s;
}

gm_status pt_simulate(gm_petab *p, gm_pool *pool, int32_t n, const double *linear,
                      double *simulation, double *sigma)
{
  gm_status s = workers_ensure(p, gm_pool_workers(pool));
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * p->point_count; i++) simulation[i] = sigma[i] = NAN;
  for (int32_t i = 0; i < p->problem_count && !s; i++) {
    run r = {.p = p,
             .q = &p->problem[i],
             .n = n,
             .linear = linear,
             .simulation = simulation,
             .sigma = sigma};
    s = problem_run(&r, pool);
  }
  return s;
}
