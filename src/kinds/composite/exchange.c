/* exchange.c - links: what they read, what their values are, how they act. */
#include "kinds/composite/run.h"
#include <math.h>

void comp_observe_child(comp_work *w, int32_t c, int32_t first, int32_t n, double t)
{
  const comp_child *child = &w->m->child[c];
  gm_batch b = comp_child_batch(w, c, first, n);
  child->model->type->observe(child->model, w->child[c].work, &b, t,
                              w->child[c].y + (ptrdiff_t)first * child->info.output_count,
                              w->arena);
}

static double term_value(const comp_work *w, const comp_term *term, int32_t k)
{
  int32_t ny = w->m->child[term->child].info.output_count;
  return w->child[term->child].y[(ptrdiff_t)k * ny + term->output];
}

double comp_link_value(const comp_work *w, const comp_link *l, int32_t k)
{
  double value[COMP_TERM_MAX];
  if (!l->expr) return (l->offset + l->gain * term_value(w, &l->term[0], k)) * l->factor;
  for (int32_t i = 0; i < l->term_count; i++) value[i] = term_value(w, &l->term[i], k);
  return gm_expr_eval(l->expr, value) * l->factor;
}

double comp_fed_rate(const comp_work *w, int32_t fed, int32_t k)
{
  const comp_machine *m = w->m;
  double sum = *comp_row(w, m->fed[fed].row, k);
  for (int32_t l = 0; l < m->nl; l++)
    if (m->link[l].fed == fed) sum += *comp_row(w, m->link[l].row, k);
  return sum;
}

/* Observes the children that links to child `to` read; -1: that any link reads. */
static void observe_sources(comp_work *w, int32_t to, int32_t first, int32_t n, double t)
{
  const comp_machine *m = w->m;
  for (int32_t c = 0; c < m->nc; c++) {
    bool reads = to < 0 && m->child[c].is_source;
    for (int32_t q = 0; to >= 0 && q < m->child[to].link_count; q++) {
      const comp_link *l = &m->link[m->into[m->child[to].link + q]];
      for (int32_t i = 0; i < l->term_count; i++) reads |= l->term[i].child == c;
    }
    if (reads) comp_observe_child(w, c, first, n, t);
  }
}

/* Values of the links to child c for member k: held, put into its parameters, or made edges. The
 * rate of a port is one edge, whatever number of links feed it. Returns the number of edges. */
static int32_t links_take(comp_work *w, int32_t c, int32_t k, gm_edge *e)
{
  const comp_machine *m = w->m;
  const comp_child *child = &m->child[c];
  int32_t count = 0;
  for (int32_t q = 0; q < child->link_count; q++) {
    const comp_link *l = &m->link[m->into[child->link + q]];
    double value = comp_link_value(w, l, k);
    if (!isfinite(value)) {
      w->at[k].status |= GM_MEMBER_DIVERGED;
      return 0;
    }
    *comp_row(w, l->row, k) = value;
    if (l->kind == GM_LINK_PARAMETER)
      w->child[c].theta[(ptrdiff_t)l->to * w->block + k] = value;
    else if (l->kind == GM_LINK_REPLACE)
      e[count++] = (gm_edge){w->at[k].t, value, l->to, GM_EDGE_REPLACE};
  }
  for (int32_t f = 0; f < m->nfed; f++)
    if (m->fed[f].child == c)
      e[count++] = (gm_edge){w->at[k].t, comp_fed_rate(w, f, k), m->fed[f].port, GM_EDGE_RATE};
  return count;
}

/* Acts on child c, in a stretch of no length. */
static void links_act(comp_work *w, int32_t c, int32_t first, int32_t n)
{
  const comp_child *child = &w->m->child[c];
  if (!child->link_count) return;
  gm_arena_mark mark = gm_arena_at(w->arena);
  gm_span *span = gm_arena_get(w->arena, n, sizeof *span);
  gm_edge *e = gm_arena_get(w->arena, (ptrdiff_t)n * child->link_count, sizeof *e);
  bool any = false;
  for (int32_t k = first; k < first + n; k++) {
    if (!span || !e) {
      w->at[k].status |= GM_MEMBER_DIVERGED;
      continue;
    }
    gm_edge *mine = e + (ptrdiff_t)(k - first) * child->link_count;
    span[k - first] = (gm_span){
        .t0 = w->at[k].t, .t1 = w->at[k].t, .edge = mine, .edge_count = links_take(w, c, k, mine)};
    any |= span[k - first].edge_count > 0;
  }
  if (any) {
    gm_batch b = comp_child_batch(w, c, first, n);
    child->model->type->advance(child->model, w->child[c].work, &b, span, w->arena);
    for (int32_t k = first; k < first + n; k++) w->at[k].status |= w->child[c].status[k];
  }
  gm_arena_back(w->arena, mark);
}

void comp_exchange(comp_work *w, int32_t first, int32_t n, double t)
{
  const comp_machine *m = w->m;
  if (!m->sequential) observe_sources(w, -1, first, n, t);
  for (int32_t c = 0; c < m->nc; c++) {
    if (!m->child[c].link_count) continue;
    if (m->sequential) observe_sources(w, c, first, n, t);
    links_act(w, c, first, n);
  }
}
