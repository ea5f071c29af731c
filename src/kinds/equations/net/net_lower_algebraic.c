/* net_lower_algebraic.c - rows 0 = f solved for their unknown where they are linear in it. */
#include "kinds/equations/net/net_internal.h"
#include <assert.h>
#include <string.h>

/* ---- how an expression hangs on a state ----------------------------------------------------- */
static int larger(int a, int b) { return a > b ? a : b; }

static int degree_node(const ir_node *n, int32_t state, const uint8_t *degree)
{
  if (ir_operands(n->op) == 0) return n->op == IR_STATE && n->index == state;
  int a = degree[n->a], b = n->b >= 0 ? degree[n->b] : 0, c = n->c >= 0 ? degree[n->c] : 0;
  switch (n->op) {
  case IR_NEG:
  case IR_ADD:
  case IR_SUB: return larger(a, b);
  case IR_MUL: return a + b > 2 ? 2 : a + b;
  case IR_DIV: return b ? 2 : a;
  case IR_SELECT: return a ? 2 : larger(b, c);
  default: return a || b || c ? 2 : 0;
  }
}

gm_status nl_degree(lowering *l, ir_ref f, int32_t state, int *out)
{
  bool *used = ir_used(l->graph, f);
  if (!used) return l->graph->status ? l->graph->status : GM_EINTERNAL;
  uint8_t *degree = gm_alloc(l->ctx, (ptrdiff_t)f + 1, sizeof *degree);
  gm_status s = degree ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "algebraic rules");
  if (!s) s = nl_worked(l, f, state, "algebraic rules");
  for (ir_ref i = 0; i <= f && !s; i++)
    if (used[i]) degree[i] = (uint8_t)degree_node(&l->graph->node[i], state, degree);
  if (!s) *out = degree[f];
  gm_free(degree);
  gm_free(used);
  return s;
}

ir_ref nl_put(lowering *l, ir_ref f, int32_t state, ir_ref with)
{
  int32_t count = l->count + l->pool_count;
  ir_ref *all = gm_alloc(l->ctx, count, sizeof *all);
  if (!all) {
    if (!l->graph->status) l->graph->status = gm_fail(l->ctx, GM_ENOMEM, "algebraic rules");
    return IR_NONE;
  }
  for (int32_t i = 0; i < count; i++) all[i] = IR_NONE;
  all[state] = with;
  ir_ref r = ir_replace(l->graph, f, IR_STATE, all);
  gm_free(all);
  return r;
}

/* ---- solving -------------------------------------------------------------------------------- */
/* Takes the solution of row k into the rows behind and before it that are still open. */
static gm_status eliminate(lowering *l, int32_t k, int32_t first)
{
  int32_t u = l->row_unknown[k];
  for (int32_t j = first; j < l->row_count; j++) {
    int degree = 0;
    if (j == k || l->symbol[l->row_unknown[j]].role != NL_ALGEBRAIC) continue;
    gm_status s = nl_degree(l, l->row[j], u, &degree);
    if (!s && degree) l->row[j] = nl_put(l, l->row[j], u, l->symbol[u].solution);
    if (!s) s = l->graph->status;
    if (s) return s;
  }
  return GM_OK;
}

static gm_status solve(lowering *l, int32_t k, int32_t first, bool *done_out)
{
  int32_t u = l->row_unknown[k];
  int degree = 0;
  gm_status s = nl_degree(l, l->row[k], u, &degree);
  if (s || degree == 2) return s;
  ir_ref by = ir_diff(l->graph, l->row[k], IR_STATE, u);
  if (l->graph->status) return l->graph->status;
  if (degree == 0 || nl_is_number(l, by, 0))
    return nl_fail(
        l, u, GM_EUNSUPPORTED,
        "the algebraic rules do not determine %.100s: with the others used, it drops out",
        l->n->symbol[u].name);
  ir_ref rest = nl_put(l, l->row[k], u, nl_number(l, 0));
  l->symbol[u].solution = nl_bin(l, IR_DIV, rest, nl_un(l, IR_NEG, by));
  if (l->graph->status) return l->graph->status;
  l->symbol[u].role = NL_SOLVED;
  *done_out = true;
  return eliminate(l, k, first);
}

gm_status nl_algebraic(lowering *l, int32_t first)
{
  for (bool again = true; again;) {
    again = false;
    for (int32_t k = first; k < l->row_count; k++) {
      if (l->symbol[l->row_unknown[k]].role != NL_ALGEBRAIC) continue;
      gm_status s = solve(l, k, first, &again);
      if (s) return s;
    }
  }
  return GM_OK;
}
