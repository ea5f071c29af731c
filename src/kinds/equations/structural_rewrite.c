/* structural_rewrite.c - a model in the few operators whose power series are exact modulo a prime.
 * Powers and exponentials are split along sums and products, so that what depends algebraically
 * (x^(n+1) and x^n, exp(a) and exp(-a)) does so in the result too. */
#include "kinds/equations/structural_series.h"
#include <math.h>
#include <string.h>

enum { POWER_MAX = 64, DEPTH_MAX = 10 };

static ir_ref un(ir_graph *g, ir_op op, ir_ref a) { return ir_make(g, op, a, IR_NONE, IR_NONE); }
static ir_ref bin(ir_graph *g, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(g, op, a, b, IR_NONE);
}

static ir_ref whole_power(ir_graph *g, ir_ref a, int n)
{
  ir_ref r = ir_const(g, 1), square = a;
  for (int k = n < 0 ? -n : n; k; k >>= 1) {
    if (k & 1) r = bin(g, IR_MUL, r, square);
    square = bin(g, IR_MUL, square, square);
  }
  return n < 0 ? bin(g, IR_DIV, ir_const(g, 1), r) : r;
}

static ir_ref log_of(ir_graph *g, ir_ref a)
{
  if (a < 0) return a;
  ir_node n = g->node[a];
  switch (n.op) {
  case IR_MUL: return bin(g, IR_ADD, log_of(g, n.a), log_of(g, n.b));
  case IR_DIV: return bin(g, IR_SUB, log_of(g, n.a), log_of(g, n.b));
  case IR_SQRT: return bin(g, IR_MUL, ir_const(g, 0.5), log_of(g, n.a));
  case IR_EXP: return n.a;
  default: return un(g, IR_LOG, a);
  }
}

static ir_ref exp_of(ir_graph *g, ir_ref a, int depth);

/* exp(f * a) where a is a sum, a difference or negative; IR_NONE where it is not. */
static ir_ref exp_split(ir_graph *g, ir_ref f, ir_ref a, int depth)
{
  ir_node n = g->node[a];
  if (n.op != IR_ADD && n.op != IR_SUB && n.op != IR_NEG) return IR_NONE;
  ir_ref left = exp_of(g, bin(g, IR_MUL, f, n.a), depth + 1);
  if (n.op == IR_NEG) return bin(g, IR_DIV, ir_const(g, 1), left);
  ir_ref right = exp_of(g, bin(g, IR_MUL, f, n.b), depth + 1);
  return bin(g, n.op == IR_ADD ? IR_MUL : IR_DIV, left, right);
}

/* exp(c * a) with a number c: whole and half multiples are powers of exp(a). */
static ir_ref exp_multiple(ir_graph *g, double c, ir_ref a, int depth)
{
  if (c == rint(c) && fabs(c) <= POWER_MAX) return whole_power(g, exp_of(g, a, depth + 1), (int)c);
  if (2 * c == rint(2 * c) && fabs(c) <= POWER_MAX)
    return whole_power(g, un(g, IR_SQRT, exp_of(g, a, depth + 1)), (int)(2 * c));
  return IR_NONE;
}

static ir_ref exp_product(ir_graph *g, ir_ref whole, ir_node n, int depth)
{
  ir_ref r = IR_NONE;
  if (g->node[n.a].op == IR_CONST) r = exp_multiple(g, g->node[n.a].value, n.b, depth);
  if (r < 0 && g->node[n.b].op == IR_CONST) r = exp_multiple(g, g->node[n.b].value, n.a, depth);
  if (r < 0 && !g->status) r = exp_split(g, n.a, n.b, depth);
  if (r < 0 && !g->status) r = exp_split(g, n.b, n.a, depth);
  return r < 0 ? un(g, IR_EXP, whole) : r;
}

static ir_ref exp_of(ir_graph *g, ir_ref a, int depth)
{
  if (a < 0) return a;
  ir_node n = g->node[a];
  if (depth > DEPTH_MAX) return un(g, IR_EXP, a);
  switch (n.op) {
  case IR_ADD: return bin(g, IR_MUL, exp_of(g, n.a, depth + 1), exp_of(g, n.b, depth + 1));
  case IR_SUB: return bin(g, IR_DIV, exp_of(g, n.a, depth + 1), exp_of(g, n.b, depth + 1));
  case IR_NEG: return bin(g, IR_DIV, ir_const(g, 1), exp_of(g, n.a, depth + 1));
  case IR_LOG: return n.a;
  case IR_MUL: return exp_product(g, a, n, depth);
  default: return un(g, IR_EXP, a);
  }
}

static ir_ref power(ir_graph *g, ir_ref a, ir_ref b)
{
  if (a < 0 || b < 0) return IR_NONE;
  ir_node n = g->node[b];
  if (n.op == IR_CONST && n.value == rint(n.value) && fabs(n.value) <= POWER_MAX)
    return whole_power(g, a, (int)n.value);
  return exp_of(g, bin(g, IR_MUL, b, log_of(g, a)), 0);
}

static ir_ref half_angle(ir_graph *g, ir_op op, ir_ref a)
{
  ir_ref one = ir_const(g, 1), w = un(g, IR_TAN, bin(g, IR_MUL, ir_const(g, 0.5), a));
  ir_ref square = bin(g, IR_MUL, w, w), two = bin(g, IR_ADD, w, w);
  ir_ref sum = bin(g, IR_ADD, one, square), difference = bin(g, IR_SUB, one, square);
  if (op == IR_SIN) return bin(g, IR_DIV, two, sum);
  if (op == IR_COS) return bin(g, IR_DIV, difference, sum);
  return bin(g, IR_DIV, two, difference);
}

static ir_ref hyperbolic(ir_graph *g, ir_op op, ir_ref a)
{
  ir_ref up = exp_of(g, a, 0), down = bin(g, IR_DIV, ir_const(g, 1), up), half = ir_const(g, 0.5);
  ir_ref sum = bin(g, IR_ADD, up, down), difference = bin(g, IR_SUB, up, down);
  if (op == IR_SINH) return bin(g, IR_MUL, half, difference);
  if (op == IR_COSH) return bin(g, IR_MUL, half, sum);
  return bin(g, IR_DIV, difference, sum);
}

static gm_status refuse(const ir_graph *g, ir_op op)
{
  const char *name = ir_op_name(op);
  switch (op) {
  case IR_LT:
  case IR_LE:
  case IR_EQ:
  case IR_NE:
  case IR_AND:
  case IR_OR:
  case IR_NOT: name = "a comparison"; break;
  case IR_SELECT: name = "piecewise"; break;
  case IR_GAMMA: name = "gamma"; break;
  case IR_DELAYED: name = "delay"; break;
  case IR_UNIFORM:
  case IR_Q_NORMAL:
  case IR_Q_GAMMA:
  case IR_Q_POISSON:
  case IR_Q_BINOMIAL: name = "a random draw"; break;
  default: break;
  }
  return gm_fail(g->ctx, GM_EUNSUPPORTED,
                 "structural identifiability: %s has no power series here; rational functions, "
                 "powers, exp, ln, sqrt and trigonometric functions have",
                 name[0] ? name : "an operator");
}

static ir_ref rewrite_node(ir_graph *g, ir_node n, const ir_ref *map, gm_status *s)
{
  ir_ref a = n.a >= 0 ? map[n.a] : IR_NONE, b = n.b >= 0 ? map[n.b] : IR_NONE;
  switch (n.op) {
  case IR_NEG:
  case IR_ADD:
  case IR_SUB:
  case IR_MUL:
  case IR_DIV:
  case IR_SQRT:
  case IR_ATAN: return ir_make(g, n.op, a, b, IR_NONE);
  case IR_POW: return power(g, a, b);
  case IR_EXP: return exp_of(g, a, 0);
  case IR_LOG: return log_of(g, a);
  case IR_SIN:
  case IR_COS:
  case IR_TAN: return half_angle(g, n.op, a);
  default: break;
  }
  switch (n.op) {
  case IR_LOG10: return bin(g, IR_MUL, ir_const(g, 0.43429448190325182765), log_of(g, a));
  case IR_EXPM1: return bin(g, IR_SUB, exp_of(g, a, 0), ir_const(g, 1));
  case IR_LOG1P: return log_of(g, bin(g, IR_ADD, ir_const(g, 1), a));
  case IR_SINH:
  case IR_COSH:
  case IR_TANH: return hyperbolic(g, n.op, a);
  default: *s = refuse(g, n.op); return IR_NONE;
  }
}

static ir_ref rewrite_any(const ss_problem *p, ir_graph *g, ir_ref i, const ir_ref *map,
                          gm_status *s)
{
  ir_node n = g->node[i];
  if (n.op == IR_CONST || n.op == IR_TIME || n.op == IR_STATE) return i;
  if (n.op != IR_PARAM) return rewrite_node(g, n, map, s);
  /* so that a known exponent is a number */
  return p->param_column[n.index] < 0 ? ir_const(g, p->param_value[n.index]) : i;
}

static void copy_refs(const ir_ref *map, const ir_ref *from, int32_t count, ir_ref *to)
{
  for (int32_t i = 0; i < count; i++) to[i] = from[i] < 0 ? IR_NONE : map[from[i]];
}

/* Partners of tan and arctan. */
static gm_status partners(ss_problem *p, ir_graph *g)
{
  int32_t first = g->count; /* partners are made behind and have none themselves */
  p->partner = gm_alloc(p->ctx, first, sizeof *p->partner);
  if (!p->partner) return gm_fail(p->ctx, GM_ENOMEM, "power series");
  for (ir_ref i = 0; i < first && !g->status; i++) {
    ir_node n = g->node[i];
    if (n.op != IR_TAN && n.op != IR_ATAN) continue;
    ir_ref x = n.op == IR_TAN ? i : n.a;
    p->partner[i] = bin(g, IR_ADD, ir_const(g, 1), bin(g, IR_MUL, x, x));
  }
  return g->status;
}

/* What is in use: roots and partners, closed under operands. */
static gm_status uses(ss_problem *p, const ir_graph *g)
{
  p->used = gm_alloc(p->ctx, g->count + 1, sizeof *p->used);
  if (!p->used) return gm_fail(p->ctx, GM_ENOMEM, "power series");
  const ir_ref *root[] = {p->rate, p->initial, p->value};
  const int32_t count[] = {p->state_count, p->state_count, p->output_count};
  for (int k = 0; k < 3; k++)
    for (int32_t i = 0; i < count[k]; i++)
      if (root[k][i] >= 0) p->used[root[k][i]] = true;
  for (int round = 0; round < 2; round++) /* a partner of tan lies behind it: go twice */
    for (ir_ref i = g->count - 1; i >= 0; i--) {
      ir_node n = g->node[i];
      if (!p->used[i]) continue;
      if (n.a >= 0) p->used[n.a] = true;
      if (n.b >= 0) p->used[n.b] = true;
      if (n.op == IR_TAN || n.op == IR_ATAN) p->used[p->partner[i]] = true;
    }
  return g->status;
}

gm_status gm__series_rewrite(ss_problem *p, eq_source *s)
{
  ir_graph *g = p->graph = &s->graph;
  int32_t n = g->count;
  ir_ref *root = gm_alloc(p->ctx, 2 * (ptrdiff_t)s->state_count + s->output_count, sizeof *root);
  ir_ref *map = gm_alloc(p->ctx, n, sizeof *map);
  gm_status status = root && map ? GM_OK : gm_fail(p->ctx, GM_ENOMEM, "power series");
  bool *used = NULL;
  if (status) goto out;
  memcpy(root, s->rate, (size_t)s->state_count * sizeof *root);
  for (int32_t i = 0; i < s->state_count; i++)
    root[s->state_count + i] = p->state_column[i] < 0 ? s->initial[i] : IR_NONE;
  memcpy(root + 2 * (size_t)s->state_count, s->value, (size_t)s->output_count * sizeof *root);
  used = ir_used_by(g, root, 2 * s->state_count + s->output_count);
  status = g->status;
  for (ir_ref i = 0; i < n && !status; i++) {
    if (!used[i]) continue;
    map[i] = rewrite_any(p, g, i, map, &status);
    if (!status) status = g->status;
  }
  if (status) goto out;
  copy_refs(map, root, s->state_count, p->rate);
  copy_refs(map, root + s->state_count, s->state_count, p->initial);
  copy_refs(map, root + 2 * (size_t)s->state_count, s->output_count, p->value);
  status = partners(p, g);
  if (!status) status = uses(p, g);
out:
  gm_free(used);
  gm_free(map);
  gm_free(root);
  return status;
}
