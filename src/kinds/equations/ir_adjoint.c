/* ir_adjoint.c - gradients of weighted sums of expressions, backward over the nodes in use.
 *
 * Reverse accumulation (A. Griewank & A. Walther, Evaluating Derivatives (2008), ch. 3): every
 * node hands its weight, times its slope, to its operands. The branch of a piecewise expression
 * that is not taken has the weight 0, and its slope may be no number: what follows from such
 * weights is guarded, so that 0 stays 0. */
#include "gemel/base.h"
#include "kinds/equations/ir.h"
#include <stdlib.h>

typedef struct {
  ir_graph *g;
  ir_ref *bar;   /* [count] weight of a node, IR_NONE: 0 */
  bool *guarded; /* [count] its weight may be 0 where its slope is no number */
  int32_t count; /* nodes before new ones were made */
} sweep;

static ir_ref un(ir_graph *g, ir_op op, ir_ref a) { return ir_make(g, op, a, IR_NONE, IR_NONE); }
static ir_ref bin(ir_graph *g, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(g, op, a, b, IR_NONE);
}

static bool is_zero(const ir_graph *g, ir_ref r)
{
  return r >= 0 && g->node[r].op == IR_CONST && g->node[r].value == 0;
}

/* Adds to the weight of an operand. */
static void give(sweep *s, ir_ref to, ir_ref weight, bool guarded)
{
  if (weight < 0 || is_zero(s->g, weight) || s->g->node[to].op == IR_CONST) return;
  s->bar[to] = s->bar[to] < 0 ? weight : bin(s->g, IR_ADD, s->bar[to], weight);
  s->guarded[to] = s->guarded[to] || guarded;
}

/* value, which has the weight of the node as a factor; 0 where that is 0 and may meet no number. */
static ir_ref scaled(const sweep *s, ir_ref node, ir_ref value)
{
  if (!s->guarded[node]) return value;
  return ir_make(s->g, IR_SELECT, s->bar[node], value, ir_const(s->g, 0));
}

/* a^b: b a^(b-1) and ir_power_slope */
static void back_pow(sweep *s, ir_ref i, ir_node n)
{
  ir_graph *g = s->g;
  ir_ref bar = s->bar[i];
  if (g->node[n.a].op != IR_CONST) {
    ir_ref lower = bin(g, IR_POW, n.a, bin(g, IR_SUB, n.b, ir_const(g, 1)));
    ir_ref slope = bin(g, IR_MUL, n.b, lower);
    give(s, n.a, scaled(s, i, bin(g, IR_MUL, bar, slope)), s->guarded[i]);
  }
  if (g->node[n.b].op != IR_CONST) {
    ir_ref slope = ir_power_slope(g, i, n);
    give(s, n.b, scaled(s, i, bin(g, IR_MUL, bar, slope)), s->guarded[i]);
  }
}

/* The weight goes to yes where the condition holds, else to no. */
static void back_branch(sweep *s, ir_ref i, ir_ref condition, ir_ref yes, ir_ref no)
{
  ir_graph *g = s->g;
  ir_ref zero = ir_const(g, 0), bar = s->bar[i];
  give(s, yes, ir_make(g, IR_SELECT, condition, bar, zero), true);
  give(s, no, ir_make(g, IR_SELECT, condition, zero, bar), true);
}

static void back_product(sweep *s, ir_ref i, ir_node n)
{
  ir_graph *g = s->g;
  ir_ref bar = s->bar[i];
  bool guarded = s->guarded[i];
  if (n.op == IR_MUL) {
    give(s, n.a, scaled(s, i, bin(g, IR_MUL, bar, n.b)), guarded);
    give(s, n.b, scaled(s, i, bin(g, IR_MUL, bar, n.a)), guarded);
    return;
  }
  ir_ref over = scaled(s, i, bin(g, IR_DIV, bar, n.b)); /* a/b: 1/b and -(a/b)/b */
  give(s, n.a, over, guarded);
  if (g->node[n.b].op == IR_CONST) return;
  give(s, n.b, scaled(s, i, un(g, IR_NEG, bin(g, IR_MUL, over, i))), guarded);
}

static void back_node(sweep *s, ir_ref i, ir_node n)
{
  ir_graph *g = s->g;
  ir_ref bar = s->bar[i];
  bool guarded = s->guarded[i];
  switch (n.op) {
  case IR_NEG: give(s, n.a, un(g, IR_NEG, bar), guarded); return;
  case IR_ADD:
    give(s, n.a, bar, guarded);
    give(s, n.b, bar, guarded);
    return;
  case IR_SUB:
    give(s, n.a, bar, guarded);
    give(s, n.b, un(g, IR_NEG, bar), guarded);
    return;
  case IR_MUL:
  case IR_DIV: back_product(s, i, n); return;
  case IR_POW: back_pow(s, i, n); return;
  case IR_MIN: back_branch(s, i, bin(g, IR_LT, n.a, n.b), n.a, n.b); return;
  case IR_MAX: back_branch(s, i, bin(g, IR_LT, n.b, n.a), n.a, n.b); return;
  case IR_SELECT: back_branch(s, i, n.a, n.b, n.c); return;
  default: break;
  }
  if (ir_operands(n.op) != 1) return; /* comparisons: flat */
  ir_ref slope = ir_function_slope(g, i, n);
  if (is_zero(g, slope)) return;
  give(s, n.a, scaled(s, i, bin(g, IR_MUL, bar, slope)), guarded);
}

static gm_status sweep_init(sweep *s, ir_graph *g, const ir_ref *root, int32_t count, bool guarded)
{
  for (int32_t i = 0; i < count; i++) (void)ir_leaf(g, IR_SEED, i);
  int32_t n = g->count;
  *s = (sweep){.g = g, .count = n};
  s->bar = gm_alloc(g->ctx, n + 1, sizeof *s->bar);
  s->guarded = gm_alloc(g->ctx, n + 1, sizeof *s->guarded);
  if (!g->status && (!s->bar || !s->guarded)) g->status = gm_fail(g->ctx, GM_ENOMEM, "gradients");
  if (g->status) return g->status;
  for (int32_t i = 0; i < n; i++) s->bar[i] = IR_NONE;
  for (int32_t i = 0; i < count; i++)
    if (root[i] >= 0) give(s, root[i], ir_leaf(g, IR_SEED, i), guarded);
  return g->status;
}

static bool is_wanted(ir_op op) { return op == IR_STATE || op == IR_PARAM || op == IR_TIME; }

static int by_leaf(const void *a, const void *b)
{
  const ir_slope *p = a, *q = b;
  if (p->kind != q->kind) return p->kind < q->kind ? -1 : 1;
  return p->index < q->index ? -1 : p->index > q->index;
}

/* What the leaves have got. */
static gm_status slopes_take(const sweep *s, ir_slope **out, int32_t *count_out)
{
  const ir_graph *g = s->g;
  int32_t n = 0;
  for (ir_ref i = 0; i < s->count; i++) n += is_wanted(g->node[i].op) && s->bar[i] >= 0;
  ir_slope *list = gm_alloc(g->ctx, n + 1, sizeof *list);
  if (!list) return gm_fail(g->ctx, GM_ENOMEM, "gradients");
  n = 0;
  for (ir_ref i = 0; i < s->count; i++)
    if (is_wanted(g->node[i].op) && s->bar[i] >= 0)
      list[n++] = (ir_slope){g->node[i].op, g->node[i].index, s->bar[i]};
  qsort(list, (size_t)n, sizeof *list, by_leaf); /* keys differ: one node a leaf */
  *out = list;
  *count_out = n;
  return GM_OK;
}

gm_status ir_gradient(ir_graph *g, const ir_ref *root, int32_t count, bool guarded, ir_slope **out,
                      int32_t *count_out)
{
  sweep s;
  if (g->status) return g->status;
  gm_status st = sweep_init(&s, g, root, count, guarded);
  for (ir_ref i = s.count - 1; i >= 0 && !g->status; i--) {
    ir_node n = g->node[i]; /* a copy: the graph grows */
    if (s.bar[i] >= 0 && ir_operands(n.op) > 0) back_node(&s, i, n);
  }
  st = g->status;
  if (!st) st = slopes_take(&s, out, count_out);
  if (st && !g->status) g->status = st;
  gm_free(s.bar);
  gm_free(s.guarded);
  return st;
}
