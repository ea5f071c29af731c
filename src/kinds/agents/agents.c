/* agents.c - the kind `agents` under the model contract. */
#include "kinds/agents/engine.h"
#include <assert.h>

static void agents_info(const gm_model *model, gm_model_info *out)
{
  const agents_model *m = (const agents_model *)model;
  uint32_t flags = GM_MODEL_STOCHASTIC | GM_MODEL_OBJECT;
  if (m->step > 0) flags |= GM_MODEL_STEPPED;
  *out = (gm_model_info){.flags = flags,
                         .state_count = m->macro_count,
                         .parameter_count = m->parameter_count,
                         .input_count = m->port_count,
                         .output_count = m->output_count,
                         .step = m->step,
                         .origin = m->origin,
                         .time_unit = m->time_unit,
                         .name = m->name,
                         .solver = m->step > 0 ? m->event_count ? "agents: steps and clocks"
                                                                : "agents: steps"
                                               : "agents: clocks (exact)"};
}

static const gm_var *agents_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const agents_model *m = (const agents_model *)model;
  switch (which) {
  case GM_TABLE_STATE: *count_out = m->macro_count; return m->macro_row;
  case GM_TABLE_PARAMETER: *count_out = m->parameter_count; return m->parameter;
  case GM_TABLE_INPUT: *count_out = m->port_count; return m->port_row;
  default: *count_out = m->output_count; return m->output_row;
  }
}

static void agents_work_free(gm_work *work)
{
  agents_run *r = (agents_run *)work;
  if (!r) return;
  gm_free(r->theta);
  gm_free(r->scratch);
  gm_free(r);
}

static gm_status agents_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const agents_model *m = (const agents_model *)model;
  agents_run *r = gm_alloc(ctx, 1, sizeof *r);
  if (r) {
    r->base.model = model;
    r->m = m;
    r->theta = gm_alloc(ctx, m->parameter_count, sizeof *r->theta);
    r->scratch = gm_alloc(ctx, 6 * (ptrdiff_t)m->width, sizeof *r->scratch);
  }
  if (!r || !r->theta || !r->scratch) {
    if (r) agents_work_free(&r->base);
    return gm_fail(ctx, GM_ENOMEM, "work of model %s", m->name);
  }
  *out = &r->base;
  return GM_OK;
}

static void agents_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                           double *y, gm_arena *arena)
{
  const agents_model *m = (const agents_model *)model;
  (void)work;
  (void)t;
  (void)arena;
  for (int32_t i = 0; i < b->n; i++) agents_outputs(b->obj[i], y + (ptrdiff_t)i * m->output_count);
}

const gm_model_type gm_agents_type = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "agents",
    .create = agents_create,
    .destroy = agents_destroy,
    .info = agents_info,
    .table = agents_table,
    .work_new = agents_work_new,
    .work_free = agents_work_free,
    .init = agents_init,
    .advance = agents_advance,
    .observe = agents_observe,
    .obj_new = agents_obj_new,
    .obj_free = agents_obj_free,
    .obj_copy = agents_obj_copy,
    .obj_save = agents_obj_save,
    .obj_load = agents_obj_load,
    .macro_count = agents_macro_count,
    .get = agents_get,
    .set = agents_set,
    .refresh = agents_refresh,
};
