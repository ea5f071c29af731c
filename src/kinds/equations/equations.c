/* equations.c - the kind `equations` under the model contract. */
#include "gemel/equations.h"
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
gm_status lane_work_new(gm_ctx *ctx, const lane_machine *m, lane_work **out)
{
  ptrdiff_t nx = m->nx, head = (ptrdiff_t)((sizeof(lane_work) + sizeof(gm_v8) - 1) / sizeof(gm_v8));
  ptrdiff_t vectors = head + m->reg_count + 11 * nx + 1;
  void *memory = gm_alloc(ctx, vectors + 1, sizeof(gm_v8));
  if (!memory) return gm_fail(ctx, GM_ENOMEM, "work of %d registers", (int)m->reg_count);
  gm_v8 *v = (gm_v8 *)(((uintptr_t)memory + sizeof *v - 1) / sizeof *v * sizeof *v);
  lane_work *w = (lane_work *)v;
  w->memory = memory;
  w->reg = v + head;
  w->x = w->reg + m->reg_count;
  w->x_new = w->x + nx;
  w->rate = w->x_new + nx;
  w->scale = w->rate + nx;
  w->k = w->scale + nx;
  *out = w;
  return GM_OK;
}

void lane_work_free(lane_work *w)
{
  if (w) gm_free(w->memory);
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

static gm_status state_rows(equations *e, gm_ctx *ctx)
{
  eq_source *s = &e->source;
  int32_t nx = s->state_count;
  e->state = gm_alloc(ctx, 2 * nx, sizeof *e->state);
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
  if (c->step_max < 0) return gm_fail(ctx, GM_ERANGE, "step_max %d < 0", (int)c->step_max);
  return GM_OK;
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
  s = lane_compile(ctx, &e->source, c->solver == GM_EQ_AUTO, &e->machine);
  if (!s) s = rows(e, ctx);
  if (s) {
    equations_destroy(&e->base);
    return s;
  }
  e->machine.rtol = c->rtol > 0 ? c->rtol : 1e-8;
  e->machine.atol = c->atol > 0 ? c->atol : 1e-10;
  e->machine.step_max = c->step_max ? c->step_max : 1000000;
  e->table = lane_table_of(e->machine.isa);
  *out = &e->base;
  return GM_OK;
}

/* ---- the rest of the contract ---------------------------------------------------------------- */
static void equations_info(const gm_model *model, gm_model_info *out)
{
  const equations *e = (const equations *)model;
  const eq_source *s = &e->source;
  *out =
      (gm_model_info){.flags = e->machine.is_linear ? GM_MODEL_LINEAR_INPUT : 0,
                      .state_count = 2 * s->state_count,
                      .parameter_count = s->parameter_count,
                      .input_count = s->state_count,
                      .output_count = s->output_count,
                      .time_unit = s->time_unit,
                      .name = s->model_name,
                      .solver = e->machine.is_linear ? "closed form (matrix exponential)"
                                                     : "Tsitouras 5(4), own step for each member"};
}

static const gm_var *equations_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const equations *e = (const equations *)model;
  const eq_source *s = &e->source;
  switch (which) {
  case GM_TABLE_STATE: *count_out = 2 * s->state_count; return e->state;
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
  assert(b->nd == 0); /* tangents are not carried out yet */
  e->table->init(&e->machine, ((equations_work *)work)->lanes, b, t0);
}

static void equations_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                              const gm_span *span, gm_arena *arena)
{
  (void)arena;
  const equations *e = (const equations *)model;
  assert(b->nd == 0); /* tangents are not carried out yet */
  e->table->advance(&e->machine, ((equations_work *)work)->lanes, b, span);
}

static void equations_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                              double *y, gm_arena *arena)
{
  (void)arena;
  const equations *e = (const equations *)model;
  e->table->observe(&e->machine, ((equations_work *)work)->lanes, b, t, y);
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
};
