/* model.c - making models by their type, and what holds for every flat model. */
#include "gemel/model.h"
#include <assert.h>
#include <math.h>
#include <string.h>

gm_status gm_model_new(gm_ctx *ctx, const gm_model_type *type, const void *config, gm_model **out)
{
  assert(ctx && type && out);
  if (type->abi != GM_MODEL_ABI || type->struct_size < sizeof *type)
    return gm_fail(ctx, GM_EUNSUPPORTED, "model type %s has ABI %u, this library %u", type->name,
                   (unsigned)type->abi, (unsigned)GM_MODEL_ABI);
  gm_model *m = NULL;
  gm_status s = type->create(ctx, config, &m);
  if (s) return s;
  m->type = type;
  m->ctx = ctx;
  *out = m;
  return GM_OK;
}

void gm_model_free(gm_model *m)
{
  if (m) m->type->destroy(m);
}

void gm_model_get_info(const gm_model *m, gm_model_info *out) { m->type->info(m, out); }

const gm_var *gm_model_table(const gm_model *m, gm_table which, int32_t *count_out)
{
  return m->type->table(m, which, count_out);
}

int32_t gm_model_find(const gm_model *m, gm_table which, const char *name)
{
  int32_t count;
  const gm_var *v = gm_model_table(m, which, &count);
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(v[i].name, name)) return i;
  return -1;
}

void gm_span_apply_parameters(const gm_span *span, double *theta, ptrdiff_t psx)
{
  for (int32_t i = 0; i < span->edge_count; i++)
    if (span->edge[i].kind == GM_EDGE_PARAMETER)
      theta[span->edge[i].port * psx] = span->edge[i].value;
}

int32_t gm_model_macro_count(const gm_model *m)
{
  if (m->type->macro_count) return m->type->macro_count(m);
  gm_model_info info;
  m->type->info(m, &info);
  return info.state_count;
}

void gm_model_get(const gm_model *m, const gm_batch *b, double *macro)
{
  if (m->type->get) {
    m->type->get(m, b, macro);
    return;
  }
  int32_t count = gm_model_macro_count(m);
  for (int32_t j = 0; j < b->n; j++)
    for (int32_t i = 0; i < count; i++)
      macro[(ptrdiff_t)j * count + i] = b->x[i * b->sx + j * b->sm];
}

static double feasible(const gm_var *v, double a)
{
  if (!isfinite(a)) a = isfinite(v->initial) ? v->initial : 0;
  if (v->role == GM_ROLE_COUNT) a = rint(a);
  if (v->role == GM_ROLE_FLAG) a = a >= 0.5;
  return a < v->lower ? v->lower : a > v->upper ? v->upper : a;
}

void gm_model_set(const gm_model *m, const gm_batch *b, const double *macro)
{
  if (m->type->set) {
    m->type->set(m, b, macro);
    return;
  }
  int32_t count;
  const gm_var *v = gm_model_table(m, GM_TABLE_STATE, &count);
  for (int32_t j = 0; j < b->n; j++) {
    b->status[j] = GM_MEMBER_OK;
    for (int32_t i = 0; i < count; i++) {
      double want = macro[(ptrdiff_t)j * count + i], is = feasible(&v[i], want);
      b->x[i * b->sx + j * b->sm] = is;
      if (!(is == want)) b->status[j] = (int8_t)(b->status[j] | GM_MEMBER_PROJECTED);
    }
  }
}
