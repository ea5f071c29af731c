/* block.c - a block of members as the children see it. */
#include "kinds/composite/run.h"
#include <string.h>

const double comp_never = -0x1p60;

/* ---- work ------------------------------------------------------------------------------------ */
static gm_status view_new(const comp_child *c, gm_ctx *ctx, int32_t block, comp_view *v)
{
  ptrdiff_t n = block;
  gm_status s = c->model->type->work_new(c->model, ctx, &v->work);
  if (s) return s;
  v->theta = gm_alloc(ctx, n * c->info.parameter_count, sizeof *v->theta);
  v->slot = gm_alloc(ctx, n, sizeof *v->slot);
  v->status = gm_alloc(ctx, n, 1);
  v->obj = c->is_object ? gm_alloc(ctx, n, sizeof *v->obj) : NULL;
  v->y = gm_alloc(ctx, n * c->info.output_count, sizeof *v->y);
  if (!v->theta || !v->slot || !v->status || (c->is_object && !v->obj) || !v->y)
    return gm_fail(ctx, GM_ENOMEM, "work of child %s", c->name);
  return GM_OK;
}

gm_status comp_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const comp_machine *m = comp_machine_of(model);
  comp_work *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "work of a composite");
  w->base.model = model;
  w->m = m;
  w->block = m->flat_count <= COMP_ROWS_LARGE ? COMP_BLOCK : COMP_BLOCK_SMALL;
  w->child = gm_alloc(ctx, m->nc, sizeof *w->child);
  gm_status s = w->child ? GM_OK : gm_fail(ctx, GM_ENOMEM, "work of a composite");
  for (int32_t c = 0; c < m->nc && !s; c++) s = view_new(&m->child[c], ctx, w->block, &w->child[c]);
  if (!s && m->is_object) {
    w->gathered = gm_alloc(ctx, (ptrdiff_t)m->flat_count * w->block, sizeof *w->gathered);
    if (!w->gathered) s = gm_fail(ctx, GM_ENOMEM, "work of a composite");
  }
  if (s) {
    comp_work_free(&w->base);
    return s;
  }
  *out = &w->base;
  return GM_OK;
}

void comp_work_free(gm_work *work)
{
  comp_work *w = (comp_work *)work;
  if (!w) return;
  for (int32_t c = 0; w->child && c < w->m->nc; c++) {
    comp_view *v = &w->child[c];
    if (v->work) w->m->child[c].model->type->work_free(v->work);
    gm_free(v->theta);
    gm_free(v->slot);
    gm_free(v->status);
    gm_free(v->obj);
    gm_free(v->y);
  }
  gm_free(w->child);
  gm_free(w->gathered);
  gm_free(w);
}

/* ---- members --------------------------------------------------------------------------------- */
void comp_theta_fill(comp_work *w, int32_t c)
{
  const comp_child *child = &w->m->child[c];
  const gm_batch *b = w->b;
  for (int32_t i = 0; i < child->info.parameter_count; i++) {
    int32_t p = child->parameter[i];
    for (int32_t k = 0; k < w->n; k++)
      w->child[c].theta[(ptrdiff_t)i * w->block + k] =
          p >= 0 ? b->theta[p * b->psx + (w->first + k) * b->psm]
                 : *comp_row(w, w->m->link[-1 - p].row, k);
  }
}

static void gather(comp_work *w, bool back)
{
  for (int32_t k = 0; k < w->n; k++) {
    comp_object *o = w->b->obj[w->first + k];
    for (int32_t i = 0; i < w->m->flat_count; i++)
      if (back)
        o->x[i] = *comp_row(w, i, k);
      else
        *comp_row(w, i, k) = o->x[i];
  }
}

void comp_block_open(comp_work *w, const gm_batch *b, int32_t first)
{
  const comp_machine *m = w->m;
  w->b = b;
  w->first = first;
  w->n = b->n - first < w->block ? b->n - first : w->block;
  w->x = m->is_object ? w->gathered : b->x + first * b->sm;
  w->sx = m->is_object ? w->block : b->sx;
  w->sm = m->is_object ? 1 : b->sm;
  if (m->is_object) gather(w, false);
  for (int32_t c = 0; c < m->nc; c++) {
    comp_view *v = &w->child[c];
    for (int32_t k = 0; k < w->n; k++) {
      int32_t member = first + k;
      uint64_t slot = b->slot ? b->slot[member] : b->slot0 + (uint64_t)member;
      v->slot[k] = gm_hash64(slot, m->child[c].id);
      if (v->obj) v->obj[k] = ((comp_object *)b->obj[member])->child[c];
    }
    comp_theta_fill(w, c);
  }
}

/* A child may have put another object in the place of one it was given. */
void comp_block_close(comp_work *w)
{
  if (!w->m->is_object) return;
  gather(w, true);
  for (int32_t c = 0; c < w->m->nc; c++)
    for (int32_t k = 0; k < w->n && w->child[c].obj; k++)
      ((comp_object *)w->b->obj[w->first + k])->child[c] = w->child[c].obj[k];
}

gm_batch comp_child_batch(const comp_work *w, int32_t c, int32_t first, int32_t n)
{
  const comp_view *v = &w->child[c];
  int32_t row = w->m->child[c].row;
  return (gm_batch){.n = n,
                    .sx = w->sx,
                    .sm = w->sm,
                    .x = row >= 0 ? comp_row(w, row, first) : NULL,
                    .obj = v->obj ? v->obj + first : NULL,
                    .theta = v->theta + first,
                    .psx = w->block,
                    .psm = 1,
                    .key = w->b->key ? w->b->key + w->first + first : NULL,
                    .slot = v->slot + first,
                    .status = v->status + first};
}
