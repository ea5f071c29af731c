/* macro.c - counts, sums and fields: outputs, and the macro view got and set. */
#include "kinds/agents/engine.h"
#include <math.h>

/* ---- reading --------------------------------------------------------------------------------- */
static double count_of(const gm_agents *w, const agents_quantity *q)
{
  if (q->attribute < 0) return gm_agents_count(w, q->of);
  const int32_t *a = gm_agents_whole(w, q->of, q->attribute);
  const uint8_t *live = agents_column(w, q->of, AGENTS_LIVE);
  int32_t n = 0;
  for (int32_t i = 0; i < w->size[q->of]; i++) n += live[i] & (a[i] == q->q.value);
  return n;
}

/* Outside of rules nobody is dead; in the order of places. */
static double sum_of(const gm_agents *w, const agents_quantity *q)
{
  if (!w->m->breed[q->of].attribute[q->attribute].whole)
    return w->m->kernel->total(gm_agents_real(w, q->of, q->attribute), w->size[q->of]);
  const int32_t *a = gm_agents_whole(w, q->of, q->attribute);
  int64_t sum = 0;
  for (int32_t i = 0; i < w->size[q->of]; i++) sum += a[i];
  return (double)sum;
}

double agents_quantity_of(const gm_agents *w, const agents_quantity *q)
{
  switch (q->q.kind) {
  case GM_AGENTS_COUNT: return count_of(w, q);
  case GM_AGENTS_SUM: return sum_of(w, q);
  case GM_AGENTS_MEAN: return w->size[q->of] ? sum_of(w, q) / w->size[q->of] : 0;
  case GM_AGENTS_FIELD_TOTAL: return gm_agents_field_total(w, q->of);
  case GM_AGENTS_FIELD_MEAN: return gm_agents_field_total(w, q->of) / w->m->cells;
  case GM_AGENTS_SHARED: return gm_agents_shared(w)[q->of];
  default: return q->q.number(w, agents_theta(w));
  }
}

void agents_outputs(const gm_agents *w, double *y)
{
  for (int32_t i = 0; i < w->m->output_count; i++) y[i] = agents_quantity_of(w, &w->m->output[i]);
}

int32_t agents_macro_count(const gm_model *model)
{
  return ((const agents_model *)model)->macro_count;
}

void agents_get(const gm_model *model, const gm_batch *b, double *macro)
{
  const agents_model *m = (const agents_model *)model;
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t k = 0; k < m->macro_count; k++)
      macro[(ptrdiff_t)i * m->macro_count + k] = agents_quantity_of(b->obj[i], &m->macro[k]);
}

/* ---- setting --------------------------------------------------------------------------------- */
static void set_field(gm_agents *w, const agents_quantity *q, double total)
{
  double *f = gm_agents_field_of(w, q->of), is = w->m->kernel->total(f, w->m->cells);
  int32_t n = w->m->cells;
  if (is > 0)
    for (int32_t c = 0; c < n; c++) f[c] *= total / is;
  if (!(is > 0) || !isfinite(total / is))
    for (int32_t c = 0; c < n; c++) f[c] = total / n; /* nothing whose shape could be kept */
}

static void set_shared(gm_agents *w, const agents_quantity *q, double want)
{
  const gm_agents_attribute *a = &w->m->shared[q->of];
  if (a->whole) want = rint(want);
  gm_agents_shared(w)[q->of] = want < a->lower ? a->lower : want > a->upper ? a->upper : want;
}

/* Counts first: they decide who there is to have attributes. */
static void set_member(agents_run *r, const double *want)
{
  const agents_model *m = r->m;
  for (int32_t b = 0; b < m->breed_count; b++) agents_repair_counts(r, b, want);
  agents_sweep(r->w);
  for (int32_t k = 0; k < m->macro_count; k++) {
    const agents_quantity *q = &m->macro[k];
    double v = want[k];
    switch (q->q.kind) {
    case GM_AGENTS_SUM: agents_repair_sum(r, q->of, q->attribute, v); break;
    case GM_AGENTS_MEAN: agents_repair_sum(r, q->of, q->attribute, v * r->w->size[q->of]); break;
    case GM_AGENTS_FIELD_TOTAL: set_field(r->w, q, v > 0 ? v : 0); break;
    case GM_AGENTS_FIELD_MEAN: set_field(r->w, q, v > 0 ? v * m->cells : 0); break;
    case GM_AGENTS_SHARED: set_shared(r->w, q, v); break;
    default: break;
    }
  }
}

/* Sums come out to rounding, counts exactly. */
static bool reached(const agents_quantity *q, double is, double want)
{
  if (q->q.kind == GM_AGENTS_COUNT || q->q.kind == GM_AGENTS_SHARED) return is == want;
  return fabs(is - want) <= 1e-9 * fabs(want) + 1e-300;
}

void agents_set(const gm_model *model, const gm_batch *b, const double *macro)
{
  const agents_model *m = (const agents_model *)model;
  int32_t n = m->macro_count;
  for (int32_t i = 0; i < b->n; i++) {
    agents_run r = {.m = m};
    agents_run_begin(&r, m, b, i);
    agents_head_of(r.w)->sets++;
    const double *asked = macro + (ptrdiff_t)i * n;
    double *want = gm_alloc(m->base.ctx, n, sizeof *want);
    if (!want) r.status |= GM_MEMBER_DIVERGED;
    for (int32_t k = 0; want && k < n; k++) /* no number: as it is */
      want[k] = isfinite(asked[k]) ? asked[k] : agents_quantity_of(r.w, &m->macro[k]);
    if (want) set_member(&r, want);
    agents_look_all(&r);
    gm_free(want);
    for (int32_t k = 0; k < n; k++)
      if (!reached(&m->macro[k], agents_quantity_of(r.w, &m->macro[k]), asked[k]))
        r.status |= GM_MEMBER_PROJECTED;
    if (b->status) b->status[i] = r.status;
  }
}
