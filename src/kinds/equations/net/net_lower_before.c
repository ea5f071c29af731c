/* net_lower_before.c - what a delay sees before the start: nothing moves there, so slopes are 0. */
#include "kinds/equations/net/net_internal.h"

enum { RULE_DEPTH_MAX = 200 };

typedef struct {
  lowering *l;
  int32_t count; /* nodes before new ones were made */
  ir_ref *map;   /* [count] IR_NONE: not yet */
} stiller;

static gm_status still(stiller *s, ir_ref f, int32_t depth);

static gm_status still_node(stiller *s, ir_ref i, int32_t depth)
{
  ir_graph *g = s->l->graph;
  ir_node n = g->node[i]; /* a copy: the graph grows */
  gm_status st = GM_OK;
  if (n.op == IR_RATE_OF) {
    s->map[i] = ir_const(g, 0);
  } else if (n.op == IR_SYMBOL && s->l->n->symbol[n.index].rule >= 0) {
    ir_ref rule = s->l->n->symbol[n.index].rule;
    st = still(s, rule, depth + 1);
    if (!st) s->map[i] = s->map[rule];
  } else if (ir_operands(n.op) == 0) {
    s->map[i] = i;
  } else {
    s->map[i] = ir_make(g, n.op, s->map[n.a], n.b >= 0 ? s->map[n.b] : IR_NONE,
                        n.c >= 0 ? s->map[n.c] : IR_NONE);
  }
  return st ? st : g->status;
}

/* Depth: RULE_DEPTH_MAX rules that use each other; circles are found by the walk that follows. */
static gm_status still(stiller *s, ir_ref f, int32_t depth)
{
  if (depth > RULE_DEPTH_MAX)
    return net_fail(s->l->n, 0, GM_EUNSUPPORTED,
                    "a delay of more than %d rules that use each other and rateOf",
                    (int)RULE_DEPTH_MAX);
  if (s->map[f] >= 0) return GM_OK;
  bool *used = ir_used(s->l->graph, f);
  gm_status st = s->l->graph->status;
  for (ir_ref i = 0; i <= f && !st; i++)
    if (used[i] && s->map[i] < 0) st = still_node(s, i, depth);
  gm_free(used);
  return st;
}

gm_status nl_before(lowering *l)
{
  net *n = l->n;
  bool any = false;
  for (ir_ref i = 0; i < l->graph->count; i++) any = any || l->graph->node[i].op == IR_RATE_OF;
  for (int32_t i = 0; i < n->delay_count; i++) n->delay[i].before = n->delay[i].what;
  if (!any || !n->delay_count) return GM_OK;
  stiller s = {.l = l, .count = l->graph->count};
  s.map = gm_alloc(l->ctx, s.count, sizeof *s.map);
  if (!s.map) return gm_fail(l->ctx, GM_ENOMEM, "delays");
  for (int32_t i = 0; i < s.count; i++) s.map[i] = IR_NONE;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < n->delay_count && !st; i++) {
    st = still(&s, n->delay[i].what, 0);
    if (!st) n->delay[i].before = s.map[n->delay[i].what];
  }
  gm_free(s.map);
  return st;
}
