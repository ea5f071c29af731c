/* equations.c - the kind `equations` under the model contract. */
#include "gemel/equations.h"
#include "kinds/equations/kernel/kernel.h"
#include "kinds/equations/lane_sundials.h"
#include "kinds/equations/lanes.h"
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  gm_model base;
  eq_source source;
  lane_machine machine;
  const lane_table *table;
  gm_var *state, *parameter, *input, *output;
  char **held_name; /* "rate:STATE", owned */
} equations;

typedef struct {
  gm_work base;
  gm_ctx *ctx; /* the worker's */
  lane_work *lanes;
} equations_work;

const lane_table *lane_table_of(gm_isa isa)
{
  switch (isa) {
  case GM_ISA_AVX512: return &gm__lanes_avx512;
  case GM_ISA_AVX2: return &gm__lanes_avx2;
  default: return &gm__lanes_scalar;
  }
}

/* ---- work: one block of memory, vectors aligned to 64 bytes --------------------------------- */
/* Vectors of doubles that are not lanes, in gm_v8s. */
static ptrdiff_t in_vectors(ptrdiff_t doubles) { return (doubles + LANES - 1) / LANES; }

/* Vectors of lane_bars. */
static ptrdiff_t bars_size(const lane_machine *m)
{
  ptrdiff_t nx = m->nx;
  if (!m->adjoint.made) return 0;
  return (2 + BAR_STAGES + 3) * nx + m->np + m->jacobian.count + nx +
         (ptrdiff_t)m->queue_max * m->pending_width;
}

/* Hands out the next count vectors. */
static gm_v8 *portion(gm_v8 **at, ptrdiff_t count)
{
  gm_v8 *p = *at;
  *at += count;
  return p;
}

static void bars_place(const lane_machine *m, lane_bars *bar, gm_v8 **at)
{
  ptrdiff_t nx = m->nx;
  if (!m->adjoint.made) return;
  bar->x = portion(at, nx);
  bar->rate = portion(at, nx);
  bar->param = portion(at, m->np);
  bar->stage = portion(at, BAR_STAGES * nx);
  bar->end = portion(at, nx);
  bar->argument = portion(at, nx);
  bar->slope = portion(at, nx);
  bar->jacobian = portion(at, m->jacobian.count + nx);
  bar->queue = (double *)portion(at, (ptrdiff_t)m->queue_max * m->pending_width);
}

static gm_status fallback_new(gm_ctx *ctx, const lane_machine *m, lane_work *w)
{
  if (!m->fallback) return GM_OK;
  bool *algebraic = gm_alloc(ctx, m->nx, sizeof *algebraic);
  if (!algebraic) return gm_fail(ctx, GM_ENOMEM, "fallback for %d states", (int)m->nx);
  for (int32_t i = 0; i < m->nx; i++) algebraic[i] = m->kind[i] == EQ_STATE_ALGEBRAIC;
  gm_status s = lane_sundials_new(ctx, m->nx, algebraic, &w->fallback);
  gm_free(algebraic);
  return s;
}

gm_status lane_work_new(gm_ctx *ctx, const lane_machine *m, lane_work **out)
{
  ptrdiff_t nx = m->nx, head = in_vectors((ptrdiff_t)(sizeof(lane_work) / sizeof(double)) + 1);
  ptrdiff_t stiff = m->jacobian.time_reg ? STIFF_VECTORS * nx : 0, n = m->algebraic_count;
  ptrdiff_t queue = (ptrdiff_t)m->queue_max * m->pending_width, history = m->history_count,
            nd = m->directions_max;
  ptrdiff_t vectors =
      head + m->reg_count + m->scratch_count + 15 * nx + stiff + 5 * (ptrdiff_t)m->condition_count +
      2 * (ptrdiff_t)m->event_count + m->delay_count + queue + history + in_vectors(n * (n + 1)) +
      nd * ((TANGENT_STAGES + 3) * nx + m->np + 1 + queue) + (nd ? m->jacobian.count + nx : 0);
  ptrdiff_t dense = stiff && nx <= PIVOTED_STATES_MAX ? in_vectors(nx * (nx + 4)) : 0;
  vectors += dense + bars_size(m);
  void *memory = gm_alloc(ctx, vectors + 1, sizeof(gm_v8));
  if (!memory) return gm_fail(ctx, GM_ENOMEM, "work of %d registers", (int)m->reg_count);
  gm_v8 *v = (gm_v8 *)(((uintptr_t)memory + sizeof *v - 1) / sizeof *v * sizeof *v);
  lane_work *w = (lane_work *)portion(&v, head);
  w->memory = memory;
  w->reg = portion(&v, m->reg_count + m->scratch_count);
  w->x = portion(&v, nx);
  w->x_new = portion(&v, nx);
  w->rate = portion(&v, nx);
  w->scale = portion(&v, nx);
  w->k = portion(&v, 7 * nx);
  w->size = portion(&v, nx);
  w->atol = portion(&v, nx);
  w->probe = portion(&v, nx);
  w->other = portion(&v, nx);
  w->stiff = stiff ? portion(&v, stiff) : NULL;
  w->condition = portion(&v, m->condition_count);
  w->gap = portion(&v, m->condition_count);
  w->bend = portion(&v, m->condition_count);
  w->near = portion(&v, m->condition_count);
  w->flag = portion(&v, m->event_count);
  w->trigger = portion(&v, m->event_count);
  w->lag = portion(&v, m->delay_count);
  w->queue = (double *)portion(&v, queue); /* one a lane, so as many vectors as doubles of one */
  w->history = (double *)portion(&v, history);
  w->algebra = (double *)portion(&v, in_vectors(n * (n + 1)));
  w->xd = portion(&v, nd * nx);
  w->rated = portion(&v, nd * nx);
  w->pd = portion(&v, nd * m->np);
  w->kd = portion(&v, nd * TANGENT_STAGES * nx);
  w->probed = portion(&v, nd * nx);
  w->tau = portion(&v, nd);
  w->jumps = (uint8_t *)portion(&v, m->condition_count);
  w->jd = portion(&v, nd ? m->jacobian.count + nx : 0);
  w->queued = (double *)portion(&v, nd * queue);
  bars_place(m, &w->bar, &v);
  w->dense = dense ? (double *)portion(&v, dense) : NULL;
  gm_status s = fallback_new(ctx, m, w);
  if (s) {
    lane_work_free(w);
    return s;
  }
  *out = w;
  return GM_OK;
}

void lane_work_free(lane_work *w)
{
  if (!w) return;
  lane_sundials_free(w->fallback);
  gm_free(w->memory);
}

/* ---- create --------------------------------------------------------------------------------- */
static gm_var row(const eq_name *n, double initial)
{
  return (gm_var){.name = n->name,
                  .unit = n->unit,
                  .source = n->source,
                  .initial = initial,
                  .role = GM_ROLE_CONTINUOUS,
                  .lower = -INFINITY,
                  .upper = INFINITY};
}

/* Rows behind the input rates (lane_queue.h). */
static gm_var memory_row(const lane_machine *m, int32_t i)
{
  gm_var v = {
      .unit = "", .source = "", .role = GM_ROLE_MEMORY, .lower = -INFINITY, .upper = INFINITY};
  int32_t pending = m->pending_max ? 1 + m->pending_max * m->pending_width : 0;
  v.name = i < m->event_count             ? "memory:trigger"
           : i < m->event_count + pending ? "memory:waiting event"
                                          : "memory:history";
  if (i < m->event_count) v.initial = m->event[i].initial;
  return v;
}

static gm_status state_rows(equations *e, gm_ctx *ctx)
{
  eq_source *s = &e->source;
  int32_t nx = s->state_count;
  e->state = gm_alloc(ctx, 2 * (ptrdiff_t)nx + e->machine.memory_count, sizeof *e->state);
  e->input = gm_alloc(ctx, nx, sizeof *e->input);
  e->held_name = gm_alloc(ctx, nx, sizeof *e->held_name);
  if (!e->state || !e->input || !e->held_name) return gm_fail(ctx, GM_ENOMEM, "table of states");
  for (int32_t i = 0; i < nx; i++) {
    gm_text name;
    gm_text_init(&name, ctx);
    gm_text_addf(&name, "rate:%s", s->state[i].name);
    if (name.status) return name.status;
    e->held_name[i] = name.data;
    e->state[i] = row(&s->state[i], s->state[i].value);
    e->state[nx + i] = row(&s->state[i], 0);
    e->state[nx + i].name = e->held_name[i];
    e->state[nx + i].role = GM_ROLE_MEMORY;
    e->input[i] = row(&s->state[i], i);
  }
  for (int32_t i = 0; i < e->machine.memory_count; i++)
    e->state[2 * nx + i] = memory_row(&e->machine, i);
  return GM_OK;
}

static gm_status rows(equations *e, gm_ctx *ctx)
{
  eq_source *s = &e->source;
  gm_status st = state_rows(e, ctx);
  if (st) return st;
  e->parameter = gm_alloc(ctx, s->parameter_count, sizeof *e->parameter);
  e->output = gm_alloc(ctx, s->output_count, sizeof *e->output);
  if (!e->parameter || !e->output) return gm_fail(ctx, GM_ENOMEM, "table of parameters");
  for (int32_t i = 0; i < s->parameter_count; i++)
    e->parameter[i] = row(&s->parameter[i], s->parameter[i].value);
  for (int32_t i = 0; i < s->output_count; i++) e->output[i] = row(&s->output[i], NAN);
  return GM_OK;
}

static void equations_destroy(gm_model *model)
{
  equations *e = (equations *)model;
  if (e->held_name)
    for (int32_t i = 0; i < e->source.state_count; i++) gm_free(e->held_name[i]);
  gm_free(e->held_name);
  gm_free(e->state);
  gm_free(e->input);
  gm_free(e->parameter);
  gm_free(e->output);
  lane_machine_free(&e->machine);
  eq_source_free(&e->source);
  gm_free(e);
}

static gm_status config_check(gm_ctx *ctx, const gm_eq_config *c)
{
  if (!(c->rtol >= 0 && c->rtol < 1) || !(c->atol >= 0 && isfinite(c->atol)))
    return gm_fail(ctx, GM_ERANGE,
                   "tolerances rtol %g, atol %g; 0 <= rtol < 1 and atol >= 0 are "
                   "expected",
                   c->rtol, c->atol);
  if (c->pending_max < 0 || c->free_initial_count < 0 || c->directions_max < 0)
    return gm_fail(ctx, GM_ERANGE,
                   "pending_max %d, free_initial_count %d, directions_max %d; 0 or more are "
                   "expected",
                   (int)c->pending_max, (int)c->free_initial_count, (int)c->directions_max);
  if (c->fallback != GM_EQ_FALLBACK_AUTO && c->fallback != GM_EQ_FALLBACK_OFF)
    return gm_fail(ctx, GM_ERANGE, "fallback %d; AUTO or OFF is expected", (int)c->fallback);
  if (c->step_max < 0) return gm_fail(ctx, GM_ERANGE, "step_max %d < 0", (int)c->step_max);
  if (!(c->step_longest >= 0)) /* a NaN too */
    return gm_fail(ctx, GM_ERANGE, "step_longest %g; 0 or more is expected", c->step_longest);
  return GM_OK;
}

static bool fallback_possible(const lane_machine *m)
{
  return lane_sundials_version() && m->jacobian.time_reg && !m->delay_count && m->nx &&
         m->nx <= PIVOTED_STATES_MAX;
}

static gm_status equations_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  const gm_eq_config *c = config;
  assert(c && c->text);
  gm_status s = config_check(ctx, c);
  if (s) return s;
  equations *e = gm_alloc(ctx, 1, sizeof *e);
  if (!e) return gm_fail(ctx, GM_ENOMEM, "model");
  s = eq_source_read(ctx, c, &e->source);
  if (s) {
    gm_free(e);
    return s;
  }
  const lane_options options = {c->solver, c->pending_max, c->directions_max, c->adjoint};
  s = lane_compile(ctx, &e->source, &options, &e->machine);
  if (!s) s = rows(e, ctx);
  if (s) {
    equations_destroy(&e->base);
    return s;
  }
  e->machine.rtol = c->rtol > 0 ? c->rtol : 1e-8;
  e->machine.atol = c->atol > 0 ? c->atol : 1e-10;
  e->machine.step_max = c->step_max ? c->step_max : 1000000;
  if (c->step_longest > 0) e->machine.step_longest = c->step_longest;
  e->machine.fallback = c->fallback == GM_EQ_FALLBACK_AUTO && fallback_possible(&e->machine);
  e->table = lane_table_of(e->machine.isa);
  s = lane_kernel_start(ctx, &e->machine, &e->machine.kernel);
  if (s) {
    equations_destroy(&e->base);
    return s;
  }
  *out = &e->base;
  return GM_OK;
}

/* ---- the rest of the contract ---------------------------------------------------------------- */
#define STIFF_TEXT    "Rosenbrock method, own step for each member"
#define BOTH_TEXT     "Tsitouras 5(4), Rosenbrock method where stiff, own step for each member"
#define FALLBACK_TEXT "; at last CVODE or IDA of SUNDIALS"
static const char *solver_text(const lane_machine *m)
{
  if (m->is_linear) return "closed form (matrix exponential)";
  if (m->start_method != LANE_EXPLICIT) return m->fallback ? STIFF_TEXT FALLBACK_TEXT : STIFF_TEXT;
  if (m->jacobian.time_reg) return m->fallback ? BOTH_TEXT FALLBACK_TEXT : BOTH_TEXT;
  return "Tsitouras 5(4), own step for each member";
}

const char *gm_equations_fallback_version(void) { return lane_sundials_version(); }

static void equations_info(const gm_model *model, gm_model_info *out)
{
  const equations *e = (const equations *)model;
  const eq_source *s = &e->source;
  *out = (gm_model_info){.flags = (e->machine.is_linear ? GM_MODEL_LINEAR_INPUT : 0) |
                                  (e->machine.directions_max ? GM_MODEL_TANGENTS : 0) |
                                  (e->machine.adjoint.made ? GM_MODEL_ADJOINT : 0),
                         .state_count = 2 * s->state_count + e->machine.memory_count,
                         .parameter_count = s->parameter_count,
                         .input_count = s->state_count,
                         .output_count = s->output_count,
                         .time_unit = s->time_unit,
                         .name = s->model_name,
                         .solver = solver_text(&e->machine)};
}

static const gm_var *equations_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const equations *e = (const equations *)model;
  const eq_source *s = &e->source;
  switch (which) {
  case GM_TABLE_STATE: *count_out = 2 * s->state_count + e->machine.memory_count; return e->state;
  case GM_TABLE_PARAMETER: *count_out = s->parameter_count; return e->parameter;
  case GM_TABLE_INPUT: *count_out = s->state_count; return e->input;
  case GM_TABLE_OUTPUT: *count_out = s->output_count; return e->output;
  }
  *count_out = 0;
  return NULL;
}

static gm_status equations_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const equations *e = (const equations *)model;
  equations_work *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "work");
  w->base.model = model;
  w->ctx = ctx;
  gm_status s = lane_work_new(ctx, &e->machine, &w->lanes);
  if (s) {
    gm_free(w);
    return s;
  }
  *out = &w->base;
  return GM_OK;
}

static void equations_work_free(gm_work *work)
{
  equations_work *w = (equations_work *)work;
  if (!w) return;
  lane_work_free(w->lanes);
  gm_free(w);
}

static void equations_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  const equations *e = (const equations *)model;
  assert(b->nd <= e->machine.directions_max);
  e->table->init(&e->machine, ((equations_work *)work)->lanes, b, t0);
}

static void equations_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                              const gm_span *span, gm_arena *arena)
{
  (void)arena;
  const equations *e = (const equations *)model;
  assert(b->nd <= e->machine.directions_max);
  e->table->advance(&e->machine, ((equations_work *)work)->lanes, b, span);
}

static void equations_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                              double *y, gm_arena *arena)
{
  (void)arena;
  const equations *e = (const equations *)model;
  e->table->observe(&e->machine, ((equations_work *)work)->lanes, b, t, y);
}

static gm_status equations_vjp(const gm_model *model, gm_work *work, const gm_batch *b,
                               const gm_span *span, const gm_pull *pull, uint32_t flags,
                               double *xbar, double *thetabar, gm_arena *arena)
{
  const equations *e = (const equations *)model;
  const equations_work *w = (const equations_work *)work;
  assert(b->nd == 0);
  if (!e->machine.adjoint.made)
    return gm_fail(w->ctx, GM_EUNSUPPORTED,
                   "derivatives backward of a model made without them (gm_eq_config.adjoint)");
  gm_status s = e->table->vjp(&e->machine, w->lanes, b, span, pull, flags, xbar, thetabar, arena);
  return s ? gm_fail(w->ctx, s, "the steps of members on their way, to go back through") : s;
}

const gm_model_type gm_equations = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "equations",
    .create = equations_create,
    .destroy = equations_destroy,
    .info = equations_info,
    .table = equations_table,
    .work_new = equations_work_new,
    .work_free = equations_work_free,
    .init = equations_init,
    .advance = equations_advance,
    .observe = equations_observe,
    .vjp = equations_vjp,
};

/* ---- kernels --------------------------------------------------------------------------------- */
bool gm_equations_kernel_wait(const gm_model *m)
{
  assert(m && m->type == &gm_equations);
  const equations *e = (const equations *)m;
  return e->machine.kernel && lane_kernel_wait(e->machine.kernel);
}

gm_status gm_equations_kernel_source(const gm_model *m, gm_text *out)
{
  assert(m && m->type == &gm_equations && out);
  return lane_kernel_source(&((const equations *)m)->machine, out);
}
