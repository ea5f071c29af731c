/* petab_simulate.c - all vectors under all conditions, as members of batches.
 *
 * Each pair of a vector and a condition is a member. First the conditions of pre-equilibration run
 * to their steady states, then the experiments, from there or from the start of the model. A steady
 * state is where a stretch of time, and then one that is a thousand times longer, change no state
 * any more: what hardly moves in the first may still be far from rest. */
#include "interop/petab_run.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { ROUNDS = 36, LONG = 1000 };

/* Of the change over a stretch: relative to the state, and to the largest it ever was. */
#define CALM_RELATIVE   1e-7
#define CALM_OF_LARGEST 1e-10

/* Of slopes: relative to the slope, and to the largest state by the parameter's own size. */
#define SLOPE_RELATIVE   1e-6
#define SLOPE_OF_LARGEST 1e-8

static gm_batch batch_of(block *b)
{
  return (gm_batch){.n = b->n,
                    .sx = b->n,
                    .sm = 1,
                    .x = b->x,
                    .theta = b->theta,
                    .psx = b->n,
                    .psm = 1,
                    .key = b->key,
                    .nd = b->r->nd,
                    .xd = b->xd,
                    .thetad = b->thetad,
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
    theta[(ptrdiff_t)i * b->n] = b->v->theta[i];
  for (int32_t i = 0; i < q->given_count; i++) {
    const pt_given *g = &q->given[i];
    if (b->v->row[i] < 0) continue;
    double *to = &theta[(ptrdiff_t)b->v->row[i] * b->n];
    if (g->column < 0)
      *to = linear[g->parameter];
    else if (c->cell[g->column].kind != PT_NOTHING)
      *to = pt_value_of(&c->cell[g->column], linear);
  }
}

/* Goes on from the steady state of the condition before, but for what has a value now. x: of the
 * states, or of one of their directions. */
static void start_put(block *b, int32_t m, const double *start, double *x)
{
  const pt_problem *q = b->r->q;
  const pt_condition *c = condition_of(b, m);
  double *own = b->last; /* not in use yet: the values at the start */
  for (int32_t i = 0; i < b->r->moving; i++) {
    own[i] = x[(ptrdiff_t)i * b->n + m];
    x[(ptrdiff_t)i * b->n + m] = start[i];
  }
  for (int32_t i = 0; i < q->given_count; i++) {
    int32_t column = q->given[i].column, state = b->v->state[i];
    if (column >= 0 && state >= 0 && c->cell[column].kind != PT_NOTHING)
      x[(ptrdiff_t)state * b->n + m] = own[state];
  }
}

static void start_take(block *b, int32_t m, int32_t before)
{
  const run *r = b->r;
  ptrdiff_t at = (ptrdiff_t)b->job[m].vector * r->q->before_count + before;
  if (!r->started[at]) {
    b->good[m] = false;
    return;
  }
  start_put(b, m, r->start + at * r->moving, b->x);
  for (int32_t d = 0; d < r->nd; d++)
    start_put(b, m, r->startd + (at * r->nd + d) * r->moving,
              b->xd + (ptrdiff_t)d * b->n * b->v->info.state_count);
}

static gm_status block_room(block *b, gm_ctx *ctx)
{
  const gm_model_info *i = &b->v->info;
  ptrdiff_t n = b->n, nd = b->r->nd, states = (i->state_count + 1) * n;
  ptrdiff_t parameters = (i->parameter_count + 1) * n, outputs = (i->output_count + 1) * n;
  double **const place[] = {&b->x,  &b->last,   &b->largest, &b->theta, &b->steady,
                            &b->xd, &b->thetad, &b->steadyd, &b->lastd};
  const ptrdiff_t count[] = {states,      states,          states,       parameters, outputs,
                             states * nd, parameters * nd, outputs * nd, states * nd};
  for (size_t k = 0; k < sizeof place / sizeof place[0]; k++) {
    *place[k] = gm_arena_get(b->arena, count[k], sizeof **place[k]);
    if (!*place[k]) return gm_fail(ctx, GM_ENOMEM, "members");
  }
  return GM_OK;
}

static gm_status block_begin(block *b, gm_ctx *ctx)
{
  gm_status s = block_room(b, ctx);
  if (s) return s;
  for (int32_t m = 0; m < b->n; m++) {
    b->good[m] = true;
    theta_fill(b, m);
    if (b->r->nd) pt_thetad_fill(b, m);
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
/* The same of the slopes of states: they may be on their way when the states are there. */
static bool slopes_calm(block *b, int32_t m, int32_t d)
{
  bool calm = true;
  int32_t parameter = pt_direction(b, m, d);
  ptrdiff_t first = (ptrdiff_t)d * b->n * b->v->info.state_count;
  if (parameter < 0) return true;
  double size = pt_size_of(b->r, parameter);
  for (int32_t i = 0; i < b->v->moving; i++) {
    ptrdiff_t k = (ptrdiff_t)i * b->n + m;
    double slope = b->xd[first + k], change = fabs(slope - b->lastd[first + k]);
    if (!(change <= SLOPE_RELATIVE * fabs(slope) + SLOPE_OF_LARGEST * b->largest[k] / size))
      calm = false;
    b->lastd[first + k] = slope;
  }
  return calm;
}

/* Has this stretch changed anything? Keeps the state for the next one. */
static bool is_calm(block *b, int32_t m)
{
  bool calm = true;
  for (int32_t i = 0; i < b->v->moving; i++) {
    ptrdiff_t k = (ptrdiff_t)i * b->n + m;
    double x = b->x[k], change = fabs(x - b->last[k]);
    if (fabs(x) > b->largest[k]) b->largest[k] = fabs(x);
    if (!(change <= CALM_RELATIVE * fabs(x) + CALM_OF_LARGEST * b->largest[k])) calm = false;
    b->last[k] = x;
  }
  for (int32_t d = 0; d < b->r->nd; d++)
    if (!slopes_calm(b, m, d)) calm = false;
  return calm;
}

/* The next stretch of those that are not settled yet, long for those that were calm. False: there
 * are none. */
static bool stretch(block *b, const bool *ask, const int32_t *calm, double length)
{
  bool any = false;
  for (int32_t m = 0; m < b->n; m++) {
    bool goes = ask[m] && b->good[m] && !b->settled[m];
    double t1 = b->t[m] + (calm[m] ? LONG * length : length);
    b->span[m] = (gm_span){.t0 = b->t[m], .t1 = goes ? t1 : b->t[m]};
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
      b->last[(ptrdiff_t)i * b->n + m] = b->largest[(ptrdiff_t)i * b->n + m] = 0;
    (void)is_calm(b, m);
  }
  for (int32_t round = 0; round < ROUNDS && stretch(b, ask, calm, length); round++, length *= 3) {
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

/* Keeps member m's states, or one of their directions. */
static void start_keep(const block *b, int32_t m, const double *x, double *start)
{
  for (int32_t i = 0; i < b->r->moving; i++) start[i] = x[(ptrdiff_t)i * b->n + m];
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
    start_keep(b, m, b->x, r->start + at * r->moving);
    for (int32_t d = 0; d < r->nd; d++)
      start_keep(b, m, b->xd + (ptrdiff_t)d * b->n * b->v->info.state_count,
                 r->startd + (at * r->nd + d) * r->moving);
  }
}

/* ---- experiments ---------------------------------------------------------------------------- */
double pt_slot_value(const block *b, int32_t m, const pt_point *k, const pt_slot *slot,
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
  for (int32_t i = 0; i < f->slot_count; i++) room[i] = pt_slot_value(b, m, k, &f->slot[i], y);
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
    if (r->nd) {
      const double *yd = k->sample >= 0 ? b->yd[m] + (ptrdiff_t)k->sample * outputs * r->nd
                                        : b->steadyd + (ptrdiff_t)m * outputs * r->nd;
      if (k->sample < 0 && !b->settled[m]) y = NULL;
      pt_point_slopes(b, m, e->point[i], y, yd, room);
      continue;
    }
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
  ptrdiff_t nd = b->r->nd;
  for (int32_t m = 0; m < b->n; m++) {
    const pt_experiment *e = &b->r->q->experiment[b->job[m].unit];
    ptrdiff_t count = (ptrdiff_t)e->time_count * b->v->info.output_count;
    b->y[m] = gm_arena_get(b->arena, count + 1, sizeof **b->y);
    if (!b->y[m]) return gm_fail(ctx, GM_ENOMEM, "simulations");
    for (ptrdiff_t i = 0; i < count; i++) b->y[m][i] = NAN;
    b->yd[m] = NULL;
    if (nd) b->yd[m] = gm_arena_get(b->arena, count * nd + 1, sizeof **b->yd);
    if (nd && !b->yd[m]) return gm_fail(ctx, GM_ENOMEM, "simulations");
    for (ptrdiff_t i = 0; i < count * nd; i++) b->yd[m][i] = NAN;
    b->t[m] = 0;
    b->span[m] = (gm_span){0};
    if (!e->time_count || !b->good[m]) continue;
    b->t[m] = e->time[e->time_count - 1];
    b->span[m] = (gm_span){.t1 = b->t[m],
                           .sample = e->time,
                           .sample_count = e->time_count,
                           .y = b->y[m],
                           .yd = b->yd[m]};
  }
  advance(b);
  return GM_OK;
}

/* The outputs of those that came to rest. */
static void steady_read(block *b)
{
  double t = 0;
  gm_batch batch = batch_of(b);
  ptrdiff_t outputs = b->v->info.output_count;
  for (int32_t m = 0; m < b->n; m++) t = fmax(t, b->t[m]);
  b->v->model->type->observe(b->v->model, b->work, &batch, t, b->steady, b->arena);
  if (!b->r->nd) return;
  for (int32_t m = 0; m < b->n; m++)
    b->span[m] = (gm_span){.t0 = b->t[m],
                           .t1 = b->t[m],
                           .sample = &b->t[m],
                           .sample_count = b->settled[m],
                           .y = b->steady + m * outputs,
                           .yd = b->steadyd + m * outputs * b->r->nd};
  advance(b);
}

static gm_status experiment_task(block *b, gm_ctx *ctx)
{
  bool ask[BLOCK], any = false;
  double *room = gm_arena_get(b->arena, 3 * (ptrdiff_t)slots_most(b->r->q), sizeof *room);
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
    steady_read(b);
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
  b->v = &r->variant[r->stack[k].variant];
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
      if (r->nd && !r->before) pt_chunks_mark(r, u, r->says);
      for (int32_t i = 0; i < r->n; i++)
        if (!r->nd || r->before || r->says[i]) r->job[jobs++] = (job){i, u};
    }
    k->count = jobs - k->first;
    if (k->count) r->stack_count++;
  }
  int32_t share = (jobs / workers + 7) / 8 * 8;
  r->size = share < 8 ? 8 : share > BLOCK ? BLOCK : share;
  for (int32_t k = 0; k < r->stack_count; k++) tasks += blocks_of(r, &r->stack[k]);
  return tasks;
}

gm_status pt_run(run *r, gm_pool *pool)
{
  gm_ctx *ctx = r->p->ctx;
  pt_problem *q = r->q;
  gm_status s = GM_OK;
  ptrdiff_t starts = (ptrdiff_t)r->n * q->before_count;
  int32_t units = q->before_count > q->experiment_count ? q->before_count : q->experiment_count;
  r->moving = r->variant[0].moving;
  r->start = gm_alloc(ctx, starts * r->moving, sizeof *r->start);
  r->startd = gm_alloc(ctx, starts * r->moving * r->nd, sizeof *r->start);
  r->says = gm_alloc(ctx, r->n, sizeof *r->says);
  r->started = gm_alloc(ctx, starts, sizeof *r->started);
  r->job = gm_alloc(ctx, (ptrdiff_t)units * r->n, sizeof *r->job);
  r->stack = gm_alloc(ctx, q->variant_count + 1, sizeof *r->stack);
  if (!r->start || !r->startd || !r->says || !r->started || !r->job || !r->stack)
    s = gm_fail(ctx, GM_ENOMEM, "members");
  for (int32_t k = q->before_count ? 0 : 1; k < 2 && !s; k++) {
    r->before = k == 0;
    s = gm_pool_run(pool, ctx, jobs_sort(r, gm_pool_workers(pool)), task, r);
  }
  gm_free(r->start);
  gm_free(r->startd);
  gm_free(r->says);
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

/* A call after one that failed makes what is still missing. */
gm_status pt_workers_ensure(gm_petab *p, gm_pool *pool)
{
  int32_t workers = gm_pool_workers(pool);
  gm_status s = scratch_make(p, workers);
  for (int32_t i = 0; i < p->problem_count && !s; i++) {
    pt_problem *q = &p->problem[i];
    for (int32_t k = 0; k < q->variant_count && !s; k++) {
      s = work_make(p, &q->variant[k], workers);
      if (!s && q->sloped) s = work_make(p, &q->sloped[k], workers);
    }
  }
  return s;
}

gm_status pt_simulate(gm_petab *p, gm_pool *pool, int32_t n, const double *linear,
                      double *simulation, double *sigma)
{
  gm_status s = pt_workers_ensure(p, pool);
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * p->point_count; i++) simulation[i] = sigma[i] = NAN;
  for (int32_t i = 0; i < p->problem_count && !s; i++) {
    run r = {.p = p,
             .q = &p->problem[i],
             .n = n,
             .linear = linear,
             .simulation = simulation,
             .sigma = sigma,
             .variant = p->problem[i].variant};
    s = pt_run(&r, pool);
  }
  return s;
}
