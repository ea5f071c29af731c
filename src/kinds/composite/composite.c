/* composite.c - the kind `composite` under the model contract. */
#include "kinds/composite/run.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static gm_status composite_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  comp_model *c = gm_alloc(ctx, 1, sizeof *c);
  if (!c) return gm_fail(ctx, GM_ENOMEM, "composite");
  gm_status s = comp_machine_make(ctx, config, &c->machine);
  if (s) {
    gm_free(c);
    return s;
  }
  c->base.type = &gm_composite;
  c->base.ctx = ctx;
  *out = &c->base;
  return GM_OK;
}

static void composite_destroy(gm_model *model)
{
  comp_machine_free(&((comp_model *)model)->machine);
  gm_free(model);
}

static void composite_info(const gm_model *model, gm_model_info *out)
{
  const comp_machine *m = comp_machine_of(model);
  *out = (gm_model_info){.flags = m->flags,
                         .state_count = m->state_count,
                         .parameter_count = m->np,
                         .input_count = m->nu,
                         .output_count = m->ny,
                         .step = m->step,
                         .origin = m->origin,
                         .time_unit = m->time_unit,
                         .name = m->name,
                         .solver = m->sequential ? "children by themselves, links one after another"
                                                 : "children by themselves, links all at once"};
}

static const gm_var *composite_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const comp_machine *m = comp_machine_of(model);
  switch (which) {
  case GM_TABLE_STATE: *count_out = m->state_count; return m->table_state;
  case GM_TABLE_PARAMETER: *count_out = m->np; return m->table_parameter;
  case GM_TABLE_INPUT: *count_out = m->nu; return m->table_input;
  case GM_TABLE_OUTPUT: *count_out = m->ny; return m->table_output;
  }
  *count_out = 0;
  return NULL;
}

/* ---- members --------------------------------------------------------------------------------- */
/* Parameters that links give, as far as the children they read have begun; else their own value. */
static void init_parameters(comp_work *w, int32_t c, double t0)
{
  const comp_child *child = &w->m->child[c];
  int32_t count;
  const gm_var *v = gm_model_table(child->model, GM_TABLE_PARAMETER, &count);
  for (int32_t q = 0; q < child->link_count; q++) {
    const comp_link *l = &w->m->link[w->m->into[child->link + q]];
    bool known = true;
    if (l->kind != GM_LINK_PARAMETER) continue;
    for (int32_t i = 0; i < l->term_count; i++) known &= l->term[i].child < c;
    for (int32_t i = 0; known && i < l->term_count; i++)
      comp_observe_child(w, l->term[i].child, 0, w->n, t0);
    for (int32_t k = 0; k < w->n; k++)
      *comp_row(w, l->row, k) = known ? comp_link_value(w, l, k) : v[l->to].initial;
  }
  comp_theta_fill(w, c);
}

static void block_init(comp_work *w, double t0)
{
  const comp_machine *m = w->m;
  for (int32_t k = 0; k < w->n; k++) {
    w->at[k].status = GM_MEMBER_OK;
    *comp_row(w, m->at_step, k) = comp_never;
    for (int32_t l = 0; l < m->nl; l++) *comp_row(w, m->link[l].row, k) = 0;
    for (int32_t f = 0; f < m->nfed; f++) *comp_row(w, m->fed[f].row, k) = 0;
  }
  for (int32_t c = 0; c < m->nc; c++) {
    init_parameters(w, c, t0);
    gm_batch b = comp_child_batch(w, c, 0, w->n);
    memset(b.status, 0, (size_t)w->n);
    m->child[c].model->type->init(m->child[c].model, w->child[c].work, &b, t0);
    for (int32_t k = 0; k < w->n; k++) w->at[k].status |= b.status[k];
  }
  for (int32_t k = 0; k < w->n && w->b->status; k++) w->b->status[w->first + k] = w->at[k].status;
}

static void composite_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  (void)model;
  comp_work *w = (comp_work *)work;
  assert(b->nd == 0);
  w->arena = NULL; /* observing the present state takes none */
  for (int32_t first = 0; first < b->n; first += w->n) {
    comp_block_open(w, b, first);
    block_init(w, t0);
    comp_block_close(w);
  }
}

static void composite_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                              const gm_span *span, gm_arena *arena)
{
  (void)model;
  comp_work *w = (comp_work *)work;
  assert(b->nd == 0);
  w->arena = arena;
  for (int32_t first = 0; first < b->n; first += w->n) {
    comp_block_open(w, b, first);
    w->span = span + first;
    comp_block_advance(w);
    comp_block_close(w);
  }
}

static void child_outputs(comp_work *w, int32_t c, double t, double *y)
{
  const comp_machine *m = w->m;
  int32_t ny = m->child[c].info.output_count;
  comp_observe_child(w, c, 0, w->n, t);
  for (int32_t k = 0; k < w->n; k++)
    for (int32_t o = 0; o < ny; o++)
      y[(ptrdiff_t)k * m->ny + m->child[c].output + o] = w->child[c].y[(ptrdiff_t)k * ny + o];
}

static void composite_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                              double *y, gm_arena *arena)
{
  const comp_machine *m = comp_machine_of(model);
  comp_work *w = (comp_work *)work;
  w->arena = arena;
  for (int32_t first = 0; first < b->n; first += w->n) {
    comp_block_open(w, b, first);
    for (int32_t c = 0; c < m->nc; c++) child_outputs(w, c, t, y + (ptrdiff_t)first * m->ny);
  }
}

/* ---- macro view and fresh draws: member by member, child by child ---------------------------- */
typedef struct {
  gm_batch b;
  double theta[COMP_PARAMETER_MAX];
  uint64_t slot;
  int8_t status;
  void *obj;
} one_child;

/* Child c of one member as a batch of one. */
static void one_open(const comp_machine *m, const gm_batch *b, int32_t member, int32_t c,
                     one_child *o)
{
  const comp_child *child = &m->child[c];
  comp_object *object = m->is_object ? b->obj[member] : NULL;
  double *x = object ? object->x : b->x + member * b->sm;
  ptrdiff_t sx = object ? 1 : b->sx;
  uint64_t slot = b->slot ? b->slot[member] : b->slot0 + (uint64_t)member;
  for (int32_t i = 0; i < child->info.parameter_count; i++) {
    int32_t p = child->parameter[i];
    o->theta[i] = p < 0      ? x[m->link[-1 - p].row * sx]
                  : b->theta ? b->theta[p * b->psx + member * b->psm]
                             : (double)NAN;
  }
  o->slot = gm_hash64(slot, child->id);
  o->status = GM_MEMBER_OK;
  o->obj = object ? object->child[c] : NULL;
  o->b = (gm_batch){.n = 1,
                    .sx = sx,
                    .sm = object ? m->flat_count : b->sm,
                    .x = child->row >= 0 ? x + child->row * sx : NULL,
                    .obj = child->is_object ? &o->obj : NULL,
                    .theta = o->theta,
                    .psx = 1,
                    .psm = child->info.parameter_count,
                    .key = b->key ? b->key + member : NULL,
                    .slot = &o->slot,
                    .status = &o->status};
}

static void one_close(const comp_machine *m, const gm_batch *b, int32_t member, int32_t c,
                      const one_child *o)
{
  if (m->child[c].is_object) ((comp_object *)b->obj[member])->child[c] = o->obj;
}

static int32_t composite_macro_count(const gm_model *model)
{
  return comp_machine_of(model)->macro_count;
}

static void composite_get(const gm_model *model, const gm_batch *b, double *macro)
{
  const comp_machine *m = comp_machine_of(model);
  one_child o;
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t c = 0; c < m->nc; c++) {
      one_open(m, b, i, c, &o);
      gm_model_get(m->child[c].model, &o.b,
                   macro + (ptrdiff_t)i * m->macro_count + m->child[c].macro);
    }
}

static void composite_set(const gm_model *model, const gm_batch *b, const double *macro)
{
  const comp_machine *m = comp_machine_of(model);
  one_child o;
  for (int32_t i = 0; i < b->n; i++) {
    int8_t status = GM_MEMBER_OK;
    for (int32_t c = 0; c < m->nc; c++) {
      one_open(m, b, i, c, &o);
      gm_model_set(m->child[c].model, &o.b,
                   macro + (ptrdiff_t)i * m->macro_count + m->child[c].macro);
      one_close(m, b, i, c, &o);
      status |= o.status;
    }
    b->status[i] = status;
  }
}

static void composite_refresh(const gm_model *model, const gm_batch *b, double t)
{
  const comp_machine *m = comp_machine_of(model);
  one_child o;
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t c = 0; c < m->nc; c++) {
      const gm_model *child = m->child[c].model;
      if (!child->type->refresh) continue;
      one_open(m, b, i, c, &o);
      child->type->refresh(child, &o.b, t);
      one_close(m, b, i, c, &o);
    }
}

const gm_model_type gm_composite = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "composite",
    .create = composite_create,
    .destroy = composite_destroy,
    .info = composite_info,
    .table = composite_table,
    .work_new = comp_work_new,
    .work_free = comp_work_free,
    .init = composite_init,
    .advance = composite_advance,
    .observe = composite_observe,
    .obj_new = comp_obj_new,
    .obj_free = comp_obj_free,
    .obj_copy = comp_obj_copy,
    .obj_save = comp_obj_save,
    .obj_load = comp_obj_load,
    .macro_count = composite_macro_count,
    .get = composite_get,
    .set = composite_set,
    .refresh = composite_refresh,
};
