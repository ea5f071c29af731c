/* jump.c - the kind `jump` under the model contract. */
#include "gemel/jump.h"
#include "gemel/math.h"
#include "kinds/jump/run.h"
#include "model/cutter.h"
#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
  gm_model base;
  jump_machine machine;
  gm_var *state, *parameter, *input, *output;
  char **row_name; /* [row_count] of the memory rows, owned; NULL for the states */
} jump_model;

/* ---- tables ---------------------------------------------------------------------------------- */
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

static gm_status memory_row(jump_model *j, int32_t at, const char *what, const char *of,
                            double value)
{
  gm_text name;
  gm_text_init(&name, j->machine.ctx);
  gm_text_addf(&name, "%s:%s", what, of);
  if (name.status) return gm_fail(j->machine.ctx, GM_ENOMEM, "table of states");
  j->row_name[at] = name.data;
  j->state[at] = (gm_var){.name = name.data,
                          .unit = "",
                          .source = "",
                          .initial = value,
                          .role = GM_ROLE_MEMORY,
                          .lower = -INFINITY,
                          .upper = INFINITY};
  return GM_OK;
}

static gm_status clock_rows(jump_model *j)
{
  static const char *const what[JUMP_CLOCK_ROWS] = {"left", "since", "rate", "number"};
  const jump_machine *m = &j->machine;
  gm_status s = memory_row(j, m->at_time, "clock", "time", 0);
  for (int32_t k = 0; k < m->channel_count && !s; k++)
    for (int32_t i = 0; i < JUMP_CLOCK_ROWS && !s; i++)
      s = memory_row(j, m->at_clock + JUMP_CLOCK_ROWS * k + i, what[i], m->channel[k].name, 0);
  for (int32_t k = 0; m->method == GM_JUMP_HYBRID && k < m->channel_count && !s; k++)
    s = memory_row(j, m->at_fast + k, "flows", m->channel[k].name, 0);
  return s;
}

static gm_status queue_row(jump_model *j, int32_t q, int32_t i)
{
  const jump_machine *m = &j->machine;
  gm_text t;
  gm_text_init(&t, m->ctx);
  gm_text_addf(&t, "%d.%d", (int)q, (int)i);
  gm_status s = t.status;
  if (!s) s = memory_row(j, m->at_queue + q * m->queue_width + i, "waiting", t.data, 0);
  gm_text_free(&t);
  return s;
}

static gm_status event_rows(jump_model *j)
{
  const jump_machine *m = &j->machine;
  gm_status s = GM_OK;
  for (int32_t e = 0; e < m->event_count && !s; e++) {
    int32_t at = m->at_event + JUMP_EVENT_ROWS * e;
    s = memory_row(j, at, "trigger", m->event[e].name, m->event[e].initial);
    if (!s) s = memory_row(j, at + 1, "triggered", m->event[e].name, 0);
  }
  for (int32_t q = 0; m->delayed && q < m->pending_max && !s; q++)
    for (int32_t i = 0; i < m->queue_width && !s; i++) s = queue_row(j, q, i);
  return s;
}

static gm_status leap_rows(jump_model *j)
{
  static const char *const leap[JUMP_LEAP_ROWS] = {"begin", "length", "end", "singles"};
  const jump_machine *m = &j->machine;
  gm_status s = GM_OK;
  if (m->method != GM_JUMP_TAU) return s;
  for (int32_t i = 0; i < JUMP_LEAP_ROWS && !s; i++)
    s = memory_row(j, m->at_leap + i, "leap", leap[i], 0);
  for (int32_t i = 0; i < m->nx && !s; i++)
    s = memory_row(j, m->at_leap + JUMP_LEAP_ROWS + i, "leap.from", m->source.state[i].name, 0);
  return s;
}

static gm_status state_rows(jump_model *j)
{
  const jump_machine *m = &j->machine;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < m->nx && !s; i++) {
    j->state[i] = row(&m->source.state[i], m->source.state[i].value);
    if (m->is_count[i]) {
      j->state[i].lower = 0;
      if (m->method != GM_JUMP_HYBRID) j->state[i].role = GM_ROLE_COUNT;
    }
    j->input[i] = row(&m->source.state[i], i);
    s = memory_row(j, m->at_rate + i, "rate", m->source.state[i].name, 0);
  }
  if (!s) s = clock_rows(j);
  if (!s) s = event_rows(j);
  return s ? s : leap_rows(j);
}

static gm_status rows(jump_model *j)
{
  const jump_machine *m = &j->machine;
  j->state = gm_alloc(m->ctx, m->row_count, sizeof *j->state);
  j->row_name = gm_alloc(m->ctx, m->row_count, sizeof *j->row_name);
  j->input = gm_alloc(m->ctx, m->nx, sizeof *j->input);
  j->parameter = gm_alloc(m->ctx, m->np, sizeof *j->parameter);
  j->output = gm_alloc(m->ctx, m->ny, sizeof *j->output);
  if (!j->state || !j->row_name || !j->input || !j->parameter || !j->output)
    return gm_fail(m->ctx, GM_ENOMEM, "tables of a model");
  for (int32_t i = 0; i < m->np; i++)
    j->parameter[i] = row(&m->source.parameter[i], m->source.parameter[i].value);
  for (int32_t i = 0; i < m->ny; i++) j->output[i] = row(&m->source.output[i], NAN);
  return state_rows(j);
}

/* ---- create ---------------------------------------------------------------------------------- */
static void jump_destroy(gm_model *model)
{
  jump_model *j = (jump_model *)model;
  if (j->row_name)
    for (int32_t i = 0; i < j->machine.row_count; i++) gm_free(j->row_name[i]);
  gm_free(j->row_name);
  gm_free(j->state);
  gm_free(j->input);
  gm_free(j->parameter);
  gm_free(j->output);
  jump_machine_free(&j->machine);
  gm_free(j);
}

gm_status jump_model_make(gm_ctx *ctx, const gm_jump_config *config, eq_source *s, gm_model **out)
{
  jump_model *j = gm_alloc(ctx, 1, sizeof *j);
  if (!j) {
    eq_source_free(s);
    return gm_fail(ctx, GM_ENOMEM, "model");
  }
  gm_status st = jump_machine_make(ctx, config, s, &j->machine);
  if (st) {
    gm_free(j);
    return st;
  }
  st = rows(j);
  if (st) {
    jump_destroy(&j->base);
    return st;
  }
  j->base.type = &gm_jump;
  j->base.ctx = ctx;
  *out = &j->base;
  return GM_OK;
}

static gm_status jump_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  const gm_jump_config *c = config;
  assert(c && c->equations.text);
  eq_source source;
  gm_status s = eq_source_read(ctx, &c->equations, &source);
  return s ? s : jump_model_make(ctx, c, &source, out);
}

static const char *solver_name(const jump_machine *m)
{
  switch (m->method) {
  case GM_JUMP_TAU: return "adaptive tau-leaping, one unit-rate clock a channel";
  case GM_JUMP_HYBRID: return "hybrid: Dormand-Prince 5(4) and next reaction";
  default: break;
  }
  return m->flows ? "next reaction, hazards by Dormand-Prince 5(4)" : "next reaction (exact)";
}

static void jump_info(const gm_model *model, gm_model_info *out)
{
  const jump_machine *m = &((const jump_model *)model)->machine;
  *out = (gm_model_info){.flags = GM_MODEL_STOCHASTIC,
                         .state_count = m->row_count,
                         .parameter_count = m->np,
                         .input_count = m->nx,
                         .output_count = m->ny,
                         .time_unit = m->source.time_unit,
                         .name = m->source.model_name,
                         .solver = solver_name(m)};
}

static const gm_var *jump_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const jump_model *j = (const jump_model *)model;
  switch (which) {
  case GM_TABLE_STATE: *count_out = j->machine.row_count; return j->state;
  case GM_TABLE_PARAMETER: *count_out = j->machine.np; return j->parameter;
  case GM_TABLE_INPUT: *count_out = j->machine.nx; return j->input;
  case GM_TABLE_OUTPUT: *count_out = j->machine.ny; return j->output;
  }
  *count_out = 0;
  return NULL;
}

/* ---- work: one block of memory --------------------------------------------------------------- */
static void work_cut(gm_cutter *c, void *work, const void *machine)
{
  jump_run *r = work;
  const jump_machine *m = machine;
  ptrdiff_t n = m->channel_count, flow = (ptrdiff_t)m->nx + n + m->bend_count;
  double **channel[] = {&r->left,   &r->since,      &r->rate,      &r->when,
                        &r->number, &r->draw_block, &r->leap.total};
  double **state[] = {&r->leap.x, &r->leap.drift, &r->leap.spread, &r->leap.order, &r->leap.pull};
  r->reg = gm__cut(c, m->reg_count, sizeof(double));
  for (size_t i = 0; i < sizeof channel / sizeof *channel; i++)
    *channel[i] = gm__cut(c, n, sizeof(double));
  for (size_t i = 0; i < sizeof state / sizeof *state; i++)
    *state[i] = gm__cut(c, m->nx, sizeof(double));
  r->draw = gm__cut(c, n * JUMP_DRAWS, sizeof(double));
  r->heap = gm__cut(c, n, sizeof(int32_t));
  r->place = gm__cut(c, n, sizeof(int32_t));
  r->fast = gm__cut(c, n, 1);
  r->flag = gm__cut(c, m->event_count, 1);
  r->seen = gm__cut(c, m->event_count, 1);
  r->fired = gm__cut(c, m->event_count, sizeof(double));
  r->queue = gm__cut(c, (ptrdiff_t)m->queue_max * m->queue_width, sizeof(double));
  r->flow.z = gm__cut(c, flow, sizeof(double));
  r->flow.z_new = gm__cut(c, flow, sizeof(double));
  r->flow.stage = gm__cut(c, flow, sizeof(double));
  r->flow.k = gm__cut(c, 7 * flow, sizeof(double));
  r->flow.dense = gm__cut(c, 5 * flow, sizeof(double));
}

static gm_status jump_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const jump_machine *m = &((const jump_model *)model)->machine;
  jump_run sizes, *r = gm__cut_work(ctx, sizeof *r, work_cut, m, &sizes);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "work of %d channels", (int)m->channel_count);
  r->base.model = model;
  r->m = m;
  r->x = r->reg + m->reg_state;
  r->use_heap = m->channel_count >= JUMP_HEAP_LEAST;
  r->vmath = gm__vmath(gm__isa());
  *out = &r->base;
  return GM_OK;
}

static void jump_work_free(gm_work *work) { gm_free(work); }

/* ---- members --------------------------------------------------------------------------------- */
static void jump_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  (void)model;
  jump_run *r = (jump_run *)work;
  assert(b->nd == 0); /* a jump has no tangent */
  for (int32_t i = 0; i < b->n; i++) {
    jump_member_take(r, b, i);
    jump_member_init(r, t0);
    jump_member_store(r);
    if (b->status) b->status[i] = r->status;
  }
}

static void jump_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                         const gm_span *span, gm_arena *arena)
{
  (void)model;
  (void)arena;
  jump_run *r = (jump_run *)work;
  assert(b->nd == 0);
  for (int32_t i = 0; i < b->n; i++) {
    jump_member_take(r, b, i);
    jump_member_advance(r, &span[i]);
  }
}

static void jump_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                         double *y, gm_arena *arena)
{
  const jump_machine *m = &((const jump_model *)model)->machine;
  (void)arena;
  jump_run *r = (jump_run *)work;
  for (int32_t i = 0; i < b->n; i++) {
    jump_member_take(r, b, i);
    for (int32_t k = 0; k < 2 * m->nx; k++) r->x[k] = b->x[k * b->sx + i * b->sm];
    r->reg[0] = t;
    (void)jump_code_run(m, &m->out, r->reg);
    for (int32_t k = 0; k < m->ny; k++) y[(ptrdiff_t)i * m->ny + k] = r->reg[m->out_reg[k]];
  }
}

/* ---- macro view: the states; clocks and what waits are left ---------------------------------- */
static int32_t jump_macro_count(const gm_model *model)
{
  return ((const jump_model *)model)->machine.nx;
}

static void jump_get(const gm_model *model, const gm_batch *b, double *macro)
{
  int32_t nx = jump_macro_count(model);
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t k = 0; k < nx; k++) macro[(ptrdiff_t)i * nx + k] = b->x[k * b->sx + i * b->sm];
}

static double feasible(const gm_var *v, double a)
{
  if (!isfinite(a)) a = isfinite(v->initial) ? v->initial : 0;
  if (v->role == GM_ROLE_COUNT) a = rint(a);
  return a < v->lower ? v->lower : a;
}

static void jump_set(const gm_model *model, const gm_batch *b, const double *macro)
{
  const jump_model *j = (const jump_model *)model;
  int32_t nx = j->machine.nx;
  for (int32_t i = 0; i < b->n; i++) {
    b->status[i] = GM_MEMBER_OK;
    for (int32_t k = 0; k < nx; k++) {
      double want = macro[(ptrdiff_t)i * nx + k], is = feasible(&j->state[k], want);
      b->x[k * b->sx + i * b->sm] = is;
      if (!(is == want)) b->status[i] |= GM_MEMBER_PROJECTED;
    }
  }
}

/* Unit-rate clocks have no memory: what is left of each is an exponential time again, drawn for the
 * firing that it waits for. */
static void jump_redraw(const gm_model *model, const gm_batch *b, double t)
{
  const jump_machine *m = &((const jump_model *)model)->machine;
  (void)t; /* clocks are as of the state's own time */
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key = gm__key_of(b, i);
    uint64_t slot = gm__slot_of(b, i);
    double *x = b->x + i * b->sm;
    for (int32_t k = 0; k < m->channel_count; k++) {
      ptrdiff_t row = m->at_clock + (ptrdiff_t)k * JUMP_CLOCK_ROWS;
      uint64_t number = (uint64_t)x[(row + 3) * b->sx];
      double u[4];
      gm_uniform4(key, slot, m->channel[k].id, gm_kind_draw(JUMP_KIND_CLOCK, 0), number / 4, u);
      x[row * b->sx] = -gm_ln(u[number % 4]);
      x[(row + 1) * b->sx] = x[m->at_time * b->sx];
    }
  }
}

const gm_model_type gm_jump = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "jump",
    .create = jump_create,
    .destroy = jump_destroy,
    .info = jump_info,
    .table = jump_table,
    .work_new = jump_work_new,
    .work_free = jump_work_free,
    .init = jump_init,
    .advance = jump_advance,
    .observe = jump_observe,
    .macro_count = jump_macro_count,
    .get = jump_get,
    .set = jump_set,
    .refresh = jump_redraw,
};
