/* ir_diff.c - symbolic derivatives on the expression graph, forward over the nodes in use. */
#include "gemel/base.h"
#include "kinds/equations/ir.h"
#include <assert.h>

static ir_ref un(ir_graph *g, ir_op op, ir_ref a) { return ir_make(g, op, a, IR_NONE, IR_NONE); }
static ir_ref bin(ir_graph *g, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(g, op, a, b, IR_NONE);
}
static ir_ref one_minus_square(ir_graph *g, ir_ref a)
{
  return bin(g, IR_SUB, ir_const(g, 1), bin(g, IR_MUL, a, a));
}

/* slope * da, and 0 where da is: a slope that is infinite (of a root at 0) does not matter there.
 */
static ir_ref times_moved(ir_graph *g, ir_ref slope, ir_ref da)
{
  ir_ref product = bin(g, IR_MUL, slope, da);
  if (da < 0 || product < 0 || g->node[da].op == IR_CONST) return product;
  ir_ref still = bin(g, IR_EQ, da, ir_const(g, 0));
  return ir_make(g, IR_SELECT, still, ir_const(g, 0), product);
}

/* d(a^b)/db = a^b ln(a), which is 0 at a = 0 for every b > 0. */
ir_ref ir_power_slope(ir_graph *g, ir_ref self, ir_node n)
{
  ir_ref zero = ir_const(g, 0), at_zero = bin(g, IR_EQ, n.a, zero);
  return ir_make(g, IR_SELECT, at_zero, zero, bin(g, IR_MUL, self, un(g, IR_LOG, n.a)));
}

/* d(a^b): b a^(b-1) a' + a^b ln(a) b' */
static ir_ref diff_pow(ir_graph *g, ir_ref self, ir_node n, ir_ref da, ir_ref db)
{
  ir_ref zero = ir_const(g, 0);
  ir_ref by_base = zero, by_exponent = zero;
  if (da != zero) {
    ir_ref lower = bin(g, IR_POW, n.a, bin(g, IR_SUB, n.b, ir_const(g, 1)));
    ir_ref slope = bin(g, IR_MUL, n.b, lower);
    bool tame = n.b >= 0 && g->node[n.b].op == IR_CONST && g->node[n.b].value >= 1;
    by_base = tame ? bin(g, IR_MUL, slope, da) : times_moved(g, slope, da);
  }
  if (db != zero) by_exponent = bin(g, IR_MUL, ir_power_slope(g, self, n), db);
  return bin(g, IR_ADD, by_base, by_exponent);
}

/* Factor f'(a) of the chain rule for a function of one argument; self is f(a). */
ir_ref ir_function_slope(ir_graph *g, ir_ref self, ir_node n)
{
  ir_ref one = ir_const(g, 1), a = n.a;
  switch (n.op) {
  case IR_SQRT: return bin(g, IR_DIV, ir_const(g, 0.5), self);
  case IR_ABS: return ir_make(g, IR_SELECT, bin(g, IR_LT, a, ir_const(g, 0)), ir_const(g, -1), one);
  case IR_EXP: return self;
  case IR_LOG: return bin(g, IR_DIV, one, a);
  case IR_LOG10: return bin(g, IR_DIV, ir_const(g, 0.43429448190325182765), a);
  case IR_SIN: return un(g, IR_COS, a);
  case IR_COS: return un(g, IR_NEG, un(g, IR_SIN, a));
  case IR_TAN: return bin(g, IR_ADD, one, bin(g, IR_MUL, self, self));
  case IR_ASIN: return bin(g, IR_DIV, one, un(g, IR_SQRT, one_minus_square(g, a)));
  case IR_ACOS: return bin(g, IR_DIV, ir_const(g, -1), un(g, IR_SQRT, one_minus_square(g, a)));
  default: break;
  }
  switch (n.op) {
  case IR_ATAN: return bin(g, IR_DIV, one, bin(g, IR_ADD, one, bin(g, IR_MUL, a, a)));
  case IR_SINH: return un(g, IR_COSH, a);
  case IR_COSH: return un(g, IR_SINH, a);
  case IR_TANH: return one_minus_square(g, self);
  case IR_EXPM1: return un(g, IR_EXP, a);
  case IR_LOG1P: return bin(g, IR_DIV, one, bin(g, IR_ADD, one, a));
  case IR_ASINH:
    return bin(g, IR_DIV, one, un(g, IR_SQRT, bin(g, IR_ADD, bin(g, IR_MUL, a, a), one)));
  case IR_ACOSH: /* 1/sqrt(a - 1)/sqrt(a + 1): a >= 1 */
    return bin(g, IR_DIV, one,
               bin(g, IR_MUL, un(g, IR_SQRT, bin(g, IR_SUB, a, one)),
                   un(g, IR_SQRT, bin(g, IR_ADD, a, one))));
  case IR_ATANH: return bin(g, IR_DIV, one, one_minus_square(g, a));
  case IR_Q_NORMAL: /* 1 over the density, sqrt(2 pi) exp(q^2/2) */
    return bin(g, IR_MUL, ir_const(g, 2.50662827463100050242),
               un(g, IR_EXP, bin(g, IR_MUL, ir_const(g, 0.5), bin(g, IR_MUL, self, self))));
  default: return ir_const(g, 0); /* floor, ceil, not: flat where they have a derivative */
  }
}

static ir_ref diff_node(ir_graph *g, ir_ref self, ir_node n, const ir_ref *d)
{
  ir_ref zero = ir_const(g, 0);
  ir_ref da = n.a >= 0 ? d[n.a] : zero, db = n.b >= 0 ? d[n.b] : zero;
  switch (n.op) {
  case IR_NEG: return un(g, IR_NEG, da);
  case IR_ADD: return bin(g, IR_ADD, da, db);
  case IR_SUB: return bin(g, IR_SUB, da, db);
  case IR_MUL: return bin(g, IR_ADD, bin(g, IR_MUL, da, n.b), bin(g, IR_MUL, n.a, db));
  case IR_DIV: /* (a' - (a/b) b') / b */
    return bin(g, IR_DIV, bin(g, IR_SUB, da, bin(g, IR_MUL, self, db)), n.b);
  case IR_POW: return diff_pow(g, self, n, da, db);
  case IR_MIN: return ir_make(g, IR_SELECT, bin(g, IR_LT, n.a, n.b), da, db);
  case IR_MAX: return ir_make(g, IR_SELECT, bin(g, IR_LT, n.b, n.a), da, db);
  case IR_SELECT: return ir_make(g, IR_SELECT, n.a, db, d[n.c]);
  case IR_LT:
  case IR_LE:
  case IR_EQ:
  case IR_NE:
  case IR_AND:
  case IR_OR:
  case IR_NOT: return zero;
  case IR_SQRT: return da == zero ? zero : times_moved(g, ir_function_slope(g, self, n), da);
  default: return da == zero ? zero : bin(g, IR_MUL, ir_function_slope(g, self, n), da);
  }
}

bool ir_has_derivative(ir_op op) { return op < IR_GAMMA || op > IR_Q_BINOMIAL; }

ir_ref ir_diff_time(ir_graph *g, ir_ref f) { return ir_diff(g, f, IR_TIME, 0); }

ir_ref ir_diff(ir_graph *g, ir_ref f, ir_op kind, int32_t index)
{
  assert(ir_operands(kind) == 0 && kind != IR_CONST);
  if (f < 0 || g->status) return IR_NONE;
  ir_ref *d = gm_alloc(g->ctx, f + 1, sizeof *d);
  bool *used = ir_used(g, f);
  ir_ref r = IR_NONE;
  if (!d && !g->status) g->status = gm_fail(g->ctx, GM_ENOMEM, "derivatives");
  if (g->status) goto out;
  for (ir_ref i = 0; i <= f; i++) {
    ir_node n = g->node[i];
    if (!used[i]) continue;
    if (ir_operands(n.op) == 0)
      d[i] = ir_const(g, n.op == kind && n.index == index ? 1 : 0);
    else
      d[i] = diff_node(g, i, n, d);
  }
  r = d[f];
out:
  gm_free(used);
  gm_free(d);
  return r;
}

/* The direction of a leaf. */
static ir_ref leaf_dot(ir_graph *g, ir_node n)
{
  switch (n.op) {
  case IR_TIME: return ir_leaf(g, IR_TIME_DOT, 0);
  case IR_STATE: return ir_leaf(g, IR_STATE_DOT, n.index);
  case IR_PARAM: return ir_leaf(g, IR_PARAM_DOT, n.index);
  case IR_DELAYED: return ir_leaf(g, IR_DELAYED_DOT, n.index);
  default: return ir_const(g, 0);
  }
}

void ir_tangent(ir_graph *g, const ir_ref *root, int32_t count, ir_ref *out)
{
  int32_t n = g->count;
  bool *used = ir_used_by(g, root, count);
  ir_ref *d = gm_alloc(g->ctx, n + 1, sizeof *d);
  if (!d && !g->status) g->status = gm_fail(g->ctx, GM_ENOMEM, "tangents");
  for (ir_ref i = 0; !g->status && i < n; i++) {
    ir_node node = g->node[i]; /* a copy: the graph grows */
    if (used[i]) d[i] = ir_operands(node.op) == 0 ? leaf_dot(g, node) : diff_node(g, i, node, d);
  }
  for (int32_t i = 0; i < count; i++) out[i] = root[i] < 0 || g->status ? IR_NONE : d[root[i]];
  gm_free(used);
  gm_free(d);
}
