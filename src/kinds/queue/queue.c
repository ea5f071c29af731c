/* queue.c - the kind `queue` under the model contract. */
#include "gemel/queue.h"
#include "kinds/queue/run.h"
#include <assert.h>
#include <math.h>

/* ---- the model ------------------------------------------------------------------------------- */
static void queue_destroy(gm_model *model)
{
  queue_machine *m = (queue_machine *)model;
  gm__queue_machine_free(m);
  gm_free(m);
}

static gm_status queue_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  queue_machine *m = gm_alloc(ctx, 1, sizeof *m);
  if (!m) return gm_fail(ctx, GM_ENOMEM, "a queue model");
  gm_status s = gm__queue_build(ctx, config, m);
  if (s) {
    queue_destroy(&m->base);
    return s;
  }
  m->base.type = &gm_queue;
  m->base.ctx = ctx;
  *out = &m->base;
  return GM_OK;
}

static void queue_info(const gm_model *model, gm_model_info *out)
{
  const queue_machine *m = (const queue_machine *)model;
  *out = (gm_model_info){.flags = GM_MODEL_STOCHASTIC | GM_MODEL_OBJECT,
                         .state_count = m->station_count,
                         .parameter_count = m->parameter_count,
                         .input_count = m->station_count,
                         .output_count = m->output_count,
                         .time_unit = m->time_unit,
                         .name = m->name,
                         .solver = "discrete events (exact)"};
}

static const gm_var *queue_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const queue_machine *m = (const queue_machine *)model;
  switch (which) {
  case GM_TABLE_STATE: *count_out = m->station_count; return m->state_row;
  case GM_TABLE_PARAMETER: *count_out = m->parameter_count; return m->parameter_row;
  case GM_TABLE_INPUT: *count_out = m->station_count; return m->input_row;
  case GM_TABLE_OUTPUT: *count_out = m->output_count; return m->output_row;
  }
  *count_out = 0;
  return NULL;
}

/* ---- work ------------------------------------------------------------------------------------ */
static void queue_work_free(gm_work *work)
{
  queue_run *r = (queue_run *)work;
  if (!r) return;
  gm_free(r->dirty);
  gm_free(r->is_dirty);
  gm_free(r->check);
  gm_free(r->is_check);
  gm_free(r->is_changed);
  gm_free(r->theta);
  gm_free(r->draw);
  gm_free(r->draw_block);
  gm_free(r);
}

static gm_status queue_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const queue_machine *m = (const queue_machine *)model;
  queue_run *r = gm_alloc(ctx, 1, sizeof *r);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "work of a queue model");
  r->base.model = model;
  r->m = m;
  r->dirty = gm_alloc(ctx, m->channel_count, sizeof *r->dirty);
  r->is_dirty = gm_alloc(ctx, m->channel_count, sizeof *r->is_dirty);
  r->check = gm_alloc(ctx, m->station_count, sizeof *r->check);
  r->is_check = gm_alloc(ctx, m->station_count, sizeof *r->is_check);
  r->is_changed = gm_alloc(ctx, m->parameter_count, sizeof *r->is_changed);
  r->theta = gm_alloc(ctx, m->parameter_count, sizeof *r->theta);
  r->draw = gm_alloc(ctx, 4 * (ptrdiff_t)m->channel_count, sizeof *r->draw);
  r->draw_block = gm_alloc(ctx, m->channel_count, sizeof *r->draw_block);
  if (!r->dirty || !r->is_dirty || !r->check || !r->is_check || !r->is_changed || !r->theta ||
      !r->draw || !r->draw_block) {
    queue_work_free(&r->base);
    return gm_fail(ctx, GM_ENOMEM, "work of a queue model");
  }
  *out = &r->base;
  return GM_OK;
}

/* ---- members --------------------------------------------------------------------------------- */
static gm_status queue_obj_new(const gm_model *model, gm_ctx *ctx, void **out)
{
  queue_object *o = NULL;
  gm_status s = gm__queue_object_new((const queue_machine *)model, ctx, QUEUE_CUSTOMERS_FIRST, &o);
  if (!s) *out = o;
  return s;
}

static void queue_obj_free(const gm_model *model, void *obj)
{
  (void)model;
  gm__queue_object_free(obj);
}

static gm_status queue_obj_copy(const gm_model *model, gm_ctx *ctx, const void *from, void **out)
{
  queue_object *o = NULL;
  gm_status s = gm__queue_object_copy((const queue_machine *)model, ctx, from, &o);
  if (!s) *out = o;
  return s;
}

static gm_status queue_obj_save(const gm_model *model, const void *obj, gm_text *out)
{
  return gm__queue_object_save((const queue_machine *)model, obj, out);
}

static gm_status queue_obj_load(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                                void **out)
{
  queue_object *o = NULL;
  gm_status s = gm__queue_object_load((const queue_machine *)model, ctx, data, bytes, &o);
  if (!s) *out = o;
  return s;
}

static void give_status(const gm_batch *b, int32_t i, const queue_run *r)
{
  if (b->status) b->status[i] = r->status;
}

static void queue_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  (void)model;
  queue_run *r = (queue_run *)work;
  assert(b->nd == 0); /* a queue has no tangent */
  for (int32_t i = 0; i < b->n; i++) {
    ((queue_object *)b->obj[i])->head->resets = 0;
    gm__queue_take(r, b, i);
    gm__queue_begin(r, b->theta + i * b->psm, b->psx, t0);
    gm__queue_leave(r);
    give_status(b, i, r);
  }
}

/* False: an output that is no number, of a member that goes on all the same. */
static bool sample(queue_run *r, double t, double *y)
{
  if (!(r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)))
    return gm__queue_outputs(r->m, r->o, t, y);
  for (int32_t k = 0; k < r->m->output_count; k++) y[k] = NAN;
  return true;
}

/* Edges and samples of one member, in their order; of one time samples that come before it, the
 * edges, the other samples. False: a sample is no number. */
static bool advance_one(queue_run *r, const gm_span *s)
{
  int64_t events_left = r->m->event_max;
  int32_t e = 0, k = 0, ny = r->m->output_count;
  bool numbers = true;
  while (e < s->edge_count || k < s->sample_count) {
    double te = e < s->edge_count ? s->edge[e].t : INFINITY;
    double ts = k < s->sample_count ? s->sample[k] : INFINITY;
    bool early = s->sample_before && k < s->sample_count && s->sample_before[k];
    bool reads = ts < te || (ts == te && early) || e >= s->edge_count;
    gm__queue_until(r, reads ? ts : te, &events_left);
    if (reads) {
      numbers = sample(r, ts, s->y + (ptrdiff_t)k++ * ny) && numbers;
    } else {
      if (!(r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS))) gm__queue_edge(r, &s->edge[e]);
      e++;
    }
  }
  gm__queue_until(r, s->t1, &events_left);
  return numbers;
}

static void queue_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                          const gm_span *span, gm_arena *arena)
{
  (void)model;
  (void)arena;
  queue_run *r = (queue_run *)work;
  assert(b->nd == 0);
  for (int32_t i = 0; i < b->n; i++) {
    gm__queue_take(r, b, i);
    if (!r->status) gm__queue_parameters(r, b->theta + i * b->psm, b->psx);
    bool numbers = advance_one(r, &span[i]);
    gm__queue_leave(r);
    if (!numbers) r->status |= GM_MEMBER_DIVERGED;
    give_status(b, i, r);
  }
}

static void queue_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                          double *y, gm_arena *arena)
{
  (void)work;
  (void)arena;
  const queue_machine *m = (const queue_machine *)model;
  for (int32_t i = 0; i < b->n; i++) {
    queue_object *o = b->obj[i];
    double *row = y + (ptrdiff_t)i * m->output_count;
    (void)gm__queue_outputs(m, o, t, row);
    for (int32_t k = 0; k < m->output_count && o->head->failed; k++) row[k] = NAN;
  }
}

/* ---- macro view ------------------------------------------------------------------------------ */
static int32_t queue_macro_count(const gm_model *model)
{
  return ((const queue_machine *)model)->station_count;
}

static void queue_get(const gm_model *model, const gm_batch *b, double *macro)
{
  int32_t n = queue_macro_count(model);
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t s = 0; s < n; s++)
      macro[(ptrdiff_t)i * n + s] = ((const queue_object *)b->obj[i])->station[s].count;
}

/* set and refresh have no work object: a small one on the stack would bound the model, so each
 * call takes its own from the model's context. Without memory the members stay as they are. */
static queue_run *run_for(const gm_model *model, const gm_batch *b)
{
  gm_work *work = NULL;
  if (b->n && !queue_work_new(model, model->ctx, &work)) return (queue_run *)work;
  for (int32_t i = 0; i < b->n && b->status; i++) b->status[i] = GM_MEMBER_DIVERGED;
  return NULL;
}

static void queue_set(const gm_model *model, const gm_batch *b, const double *macro)
{
  int32_t n = queue_macro_count(model);
  queue_run *r = run_for(model, b);
  if (!r) return;
  for (int32_t i = 0; i < b->n; i++) {
    gm__queue_take(r, b, i);
    for (int32_t s = 0; s < n && !(r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)); s++)
      if (r->o->station[s].count != macro[(ptrdiff_t)i * n + s])
        gm__queue_set_count(r, s, macro[(ptrdiff_t)i * n + s]);
    gm__queue_settle(r);
    gm__queue_rates(r);
    gm__queue_leave(r);
    give_status(b, i, r);
  }
  queue_work_free(&r->base);
}

static void queue_refresh(const gm_model *model, const gm_batch *b, double t)
{
  queue_run *r = run_for(model, b);
  if (!r) return;
  for (int32_t i = 0; i < b->n; i++) {
    gm__queue_take(r, b, i);
    r->now = t;
    gm__queue_refresh(r);
    gm__queue_leave(r);
  }
  queue_work_free(&r->base);
}

const gm_model_type gm_queue = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "queue",
    .create = queue_create,
    .destroy = queue_destroy,
    .info = queue_info,
    .table = queue_table,
    .work_new = queue_work_new,
    .work_free = queue_work_free,
    .init = queue_init,
    .advance = queue_advance,
    .observe = queue_observe,
    .obj_new = queue_obj_new,
    .obj_free = queue_obj_free,
    .obj_copy = queue_obj_copy,
    .obj_save = queue_obj_save,
    .obj_load = queue_obj_load,
    .macro_count = queue_macro_count,
    .get = queue_get,
    .set = queue_set,
    .refresh = queue_refresh,
};
