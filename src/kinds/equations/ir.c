/* ir.c - the expression graph: hash-consing, simplification, scalar evaluation. */
#include "kinds/equations/ir.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { NODE_COUNT_MAX = 4000000 };

static const struct {
  const char *name;
  int operands;
} op_info[] = {
#define IR_X(code, name, operands) {name, operands},
    IR_OP_LIST(IR_X)
#undef IR_X
};

int ir_operands(ir_op op) { return op_info[op].operands; }
const char *ir_op_name(ir_op op) { return op_info[op].name; }

gm_status ir_graph_init(ir_graph *g, gm_ctx *ctx)
{
  *g = (ir_graph){.ctx = ctx, .room = 256, .slot_count = 1024};
  g->node = gm_alloc(ctx, g->room, sizeof *g->node);
  g->slot = gm_alloc(ctx, g->slot_count, sizeof *g->slot);
  if (!g->node || !g->slot) {
    ir_graph_free(g);
    return gm_fail(ctx, GM_ENOMEM, "expression graph");
  }
  memset(g->slot, -1, (size_t)g->slot_count * sizeof *g->slot);
  return GM_OK;
}

void ir_graph_free(ir_graph *g)
{
  gm_free(g->node);
  gm_free(g->slot);
  *g = (ir_graph){.ctx = g->ctx};
}

/* ---- one node for equal expressions -------------------------------------------------------- */
static uint64_t node_hash(const ir_node *n)
{
  uint64_t v, h = (uint64_t)n->op * 0x9e3779b97f4a7c15u;
  memcpy(&v, &n->value, sizeof v);
  const uint64_t part[] = {(uint64_t)(uint32_t)n->a, (uint64_t)(uint32_t)n->b,
                           (uint64_t)(uint32_t)n->c, (uint64_t)(uint32_t)n->index, v};
  for (int i = 0; i < 5; i++) { /* splitmix64's finaliser, one round a word */
    h ^= part[i];
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    h ^= h >> 31;
  }
  return h;
}

static bool node_same(const ir_node *p, const ir_node *q)
{
  return p->op == q->op && p->a == q->a && p->b == q->b && p->c == q->c && p->index == q->index &&
         memcmp(&p->value, &q->value, sizeof p->value) == 0;
}

static void slots_fill(ir_graph *g)
{
  memset(g->slot, -1, (size_t)g->slot_count * sizeof *g->slot);
  for (int32_t i = 0; i < g->count; i++) {
    uint64_t h = node_hash(&g->node[i]);
    while (g->slot[h & (uint64_t)(g->slot_count - 1)] >= 0) h++;
    g->slot[h & (uint64_t)(g->slot_count - 1)] = i;
  }
}

static gm_status graph_grow(ir_graph *g)
{
  if (g->count >= NODE_COUNT_MAX)
    return gm_fail(g->ctx, GM_ERANGE, "the model has more than %d terms", (int)NODE_COUNT_MAX);
  gm_status s = gm_grow(g->ctx, &g->node, g->count, 2 * (ptrdiff_t)g->room, sizeof *g->node);
  if (s) return s;
  g->room *= 2;
  int32_t *slot = gm_alloc(g->ctx, 4 * (ptrdiff_t)g->room, sizeof *slot);
  if (!slot) return gm_fail(g->ctx, GM_ENOMEM, "expression graph");
  gm_free(g->slot);
  g->slot = slot;
  g->slot_count = 4 * g->room;
  slots_fill(g);
  return GM_OK;
}

static ir_ref node_add(ir_graph *g, ir_node n)
{
  if (g->status) return IR_NONE;
  uint64_t mask = (uint64_t)(g->slot_count - 1), h = node_hash(&n);
  for (;; h++) {
    int32_t i = g->slot[h & mask];
    if (i < 0) break;
    if (node_same(&g->node[i], &n)) return i;
  }
  if (g->count == g->room) {
    g->status = graph_grow(g);
    if (g->status) return IR_NONE;
    return node_add(g, n);
  }
  g->slot[h & mask] = g->count;
  g->node[g->count] = n;
  return g->count++;
}

static ir_ref leaf(ir_graph *g, ir_op op, int32_t index, double value)
{
  return node_add(g, (ir_node){op, IR_NONE, IR_NONE, IR_NONE, index, value});
}

ir_ref ir_const(ir_graph *g, double value)
{
  return leaf(g, IR_CONST, 0, value == 0 ? 0.0 : value); /* one zero only */
}
ir_ref ir_time(ir_graph *g) { return leaf(g, IR_TIME, 0, 0); }
ir_ref ir_state(ir_graph *g, int32_t index) { return leaf(g, IR_STATE, index, 0); }
ir_ref ir_param(ir_graph *g, int32_t index) { return leaf(g, IR_PARAM, index, 0); }
ir_ref ir_leaf(ir_graph *g, ir_op op, int32_t index)
{
  assert(op_info[op].operands == 0 && op != IR_CONST && op != IR_TIME);
  return leaf(g, op, index, 0);
}

/* ---- meaning ------------------------------------------------------------------------------- */
static double apply_function(ir_op op, double a)
{
  switch (op) {
  case IR_SQRT: return gm_sqrt(a);
  case IR_ABS: return fabs(a);
  case IR_FLOOR: return floor(a);
  case IR_CEIL: return ceil(a);
  case IR_EXP: return gm_exp(a);
  case IR_LOG: return gm_ln(a);
  case IR_LOG10: return gm_log10(a);
  case IR_SIN: return gm_sin(a);
  case IR_COS: return gm_cos(a);
  case IR_TAN: return gm_tan(a);
  case IR_ASIN: return gm_asin(a);
  case IR_ACOS: return gm_acos(a);
  default: break;
  }
  switch (op) {
  case IR_ATAN: return gm_atan(a);
  case IR_SINH: return gm_sinh(a);
  case IR_COSH: return gm_cosh(a);
  case IR_TANH: return gm_tanh(a);
  case IR_EXPM1: return gm_expm1(a);
  case IR_LOG1P: return gm_log1p(a);
  case IR_ASINH: return gm_asinh(a);
  case IR_ACOSH: return gm_acosh(a);
  case IR_ATANH: return gm_atanh(a);
  case IR_GAMMA: return gm_tgamma(a);
  case IR_RATE_OF: return 0; /* of a number */
  case IR_Q_NORMAL: return gm_norm_quantile(a);
  default: assert(!"an operator without meaning"); return NAN;
  }
}

double ir_apply(ir_op op, double a, double b, double c)
{
  switch (op) {
  case IR_NEG: return -a;
  case IR_ADD: return a + b;
  case IR_SUB: return a - b;
  case IR_MUL: return a * b;
  case IR_DIV: return a / b;
  case IR_POW: return gm_pow(a, b);
  case IR_MIN: return a < b ? a : b;
  case IR_MAX: return a > b ? a : b;
  case IR_LT: return a < b;
  case IR_LE: return a <= b;
  default: break;
  }
  switch (op) {
  case IR_EQ: return a == b;
  case IR_NE: return a != b;
  case IR_AND: return a != 0 && b != 0;
  case IR_OR: return a != 0 || b != 0;
  case IR_NOT: return a == 0;
  case IR_SELECT: return a != 0 ? b : c;
  case IR_Q_GAMMA: return ir_quantile_gamma(a, b);
  case IR_Q_POISSON: return ir_quantile_poisson(a, b);
  case IR_Q_BINOMIAL: return ir_quantile_binomial(a, b, c);
  default: return apply_function(op, a);
  }
}

double ir_eval(const ir_graph *g, ir_ref f, double t, const double *x, const double *theta,
               double *scratch)
{
  assert(f >= 0 && f < g->count);
  for (ir_ref i = 0; i <= f; i++) {
    const ir_node *n = &g->node[i];
    switch (n->op) {
    case IR_CONST: scratch[i] = n->value; break;
    case IR_TIME: scratch[i] = t; break;
    case IR_STATE: scratch[i] = x ? x[n->index] : NAN; break;
    case IR_PARAM: scratch[i] = theta ? theta[n->index] : NAN; break;
    default:
      if (n->a < 0) { /* a delay, a draw, ...: nobody has said what it is */
        scratch[i] = NAN;
        break;
      }
      scratch[i] = ir_apply(n->op, scratch[n->a], n->b >= 0 ? scratch[n->b] : 0,
                            n->c >= 0 ? scratch[n->c] : 0);
    }
  }
  return scratch[f];
}

/* ---- simplification ------------------------------------------------------------------------ */
static bool is_const(const ir_graph *g, ir_ref r) { return g->node[r].op == IR_CONST; }
static bool is_value(const ir_graph *g, ir_ref r, double v)
{
  return is_const(g, r) && g->node[r].value == v;
}

static ir_ref simple_add(ir_graph *g, ir_ref a, ir_ref b)
{
  if (is_value(g, a, 0)) return b;
  if (is_value(g, b, 0)) return a;
  if (g->node[b].op == IR_NEG) return ir_make(g, IR_SUB, a, g->node[b].a, IR_NONE);
  if (g->node[a].op == IR_NEG) return ir_make(g, IR_SUB, b, g->node[a].a, IR_NONE);
  return IR_NONE;
}

static ir_ref simple_sub(ir_graph *g, ir_ref a, ir_ref b)
{
  if (a == b) return ir_const(g, 0);
  if (is_value(g, b, 0)) return a;
  if (is_value(g, a, 0)) return ir_make(g, IR_NEG, b, IR_NONE, IR_NONE);
  if (g->node[b].op == IR_NEG) return ir_make(g, IR_ADD, a, g->node[b].a, IR_NONE);
  return IR_NONE;
}

static ir_ref simple_mul(ir_graph *g, ir_ref a, ir_ref b)
{
  if (is_value(g, a, 0) || is_value(g, b, 0)) return ir_const(g, 0);
  if (is_value(g, a, 1)) return b;
  if (is_value(g, b, 1)) return a;
  if (is_value(g, a, -1)) return ir_make(g, IR_NEG, b, IR_NONE, IR_NONE);
  if (is_value(g, b, -1)) return ir_make(g, IR_NEG, a, IR_NONE, IR_NONE);
  if (g->node[a].op == IR_NEG && g->node[b].op == IR_NEG)
    return ir_make(g, IR_MUL, g->node[a].a, g->node[b].a, IR_NONE);
  if (g->node[a].op == IR_NEG)
    return ir_make(g, IR_NEG, ir_make(g, IR_MUL, g->node[a].a, b, IR_NONE), IR_NONE, IR_NONE);
  if (g->node[b].op == IR_NEG)
    return ir_make(g, IR_NEG, ir_make(g, IR_MUL, a, g->node[b].a, IR_NONE), IR_NONE, IR_NONE);
  return IR_NONE;
}

static ir_ref simple_div(ir_graph *g, ir_ref a, ir_ref b)
{
  if (is_value(g, b, 1)) return a;
  if (is_value(g, a, 0) && !is_value(g, b, 0)) return ir_const(g, 0);
  return IR_NONE;
}

static ir_ref simple_pow(ir_graph *g, ir_ref a, ir_ref b)
{
  if (is_value(g, b, 0) || is_value(g, a, 1)) return ir_const(g, 1);
  if (is_value(g, b, 1)) return a;
  if (is_value(g, b, 2)) return ir_make(g, IR_MUL, a, a, IR_NONE);
  if (is_value(g, b, 3)) return ir_make(g, IR_MUL, ir_make(g, IR_MUL, a, a, IR_NONE), a, IR_NONE);
  if (is_value(g, b, -1)) return ir_make(g, IR_DIV, ir_const(g, 1), a, IR_NONE);
  if (is_value(g, b, 0.5)) return ir_make(g, IR_SQRT, a, IR_NONE, IR_NONE);
  return IR_NONE;
}

static ir_ref simplify(ir_graph *g, ir_op op, ir_ref a, ir_ref b, ir_ref c)
{
  switch (op) {
  case IR_NEG: return g->node[a].op == IR_NEG ? g->node[a].a : IR_NONE;
  case IR_ADD: return simple_add(g, a, b);
  case IR_SUB: return simple_sub(g, a, b);
  case IR_MUL: return simple_mul(g, a, b);
  case IR_DIV: return simple_div(g, a, b);
  case IR_POW: return simple_pow(g, a, b);
  case IR_SELECT:
    if (is_const(g, a)) return g->node[a].value != 0 ? b : c;
    return b == c ? b : IR_NONE;
  default: return IR_NONE;
  }
}

static bool commutes(ir_op op)
{
  return op == IR_ADD || op == IR_MUL || op == IR_EQ || op == IR_NE || op == IR_AND || op == IR_OR;
}

/* The value of an operator whose operands are all constants, when it is finite; otherwise it is
 * left as it stands, so that it shows when it runs. */
static ir_ref fold(ir_graph *g, ir_op op, const ir_ref operand[3])
{
  double v[3] = {0, 0, 0};
  for (int i = 0; i < ir_operands(op); i++) {
    if (!is_const(g, operand[i])) return IR_NONE;
    v[i] = g->node[operand[i]].value;
  }
  double value = ir_apply(op, v[0], v[1], v[2]);
  return isfinite(value) ? ir_const(g, value) : IR_NONE;
}

ir_ref ir_make(ir_graph *g, ir_op op, ir_ref a, ir_ref b, ir_ref c)
{
  int n = ir_operands(op);
  assert(n > 0);
  const ir_ref operand[3] = {a, n > 1 ? b : IR_NONE, n > 2 ? c : IR_NONE};
  for (int i = 0; i < n; i++)
    if (operand[i] < 0) return IR_NONE;
  if (g->status) return IR_NONE;
  ir_ref r = fold(g, op, operand);
  if (r < 0) r = simplify(g, op, a, b, c);
  if (r >= 0 || g->status) return r;
  bool swap = commutes(op) && a > b;
  return node_add(g, (ir_node){op, operand[swap], swap ? a : operand[1], operand[2], 0, 0});
}

static gm_status graph_no_memory(ir_graph *g)
{
  g->status = gm_fail(g->ctx, GM_ENOMEM, "expression graph");
  return g->status;
}

bool *ir_used_by(ir_graph *g, const ir_ref *root, int32_t root_count)
{
  if (g->status) return NULL;
  bool *used = gm_alloc(g->ctx, g->count + 1, sizeof *used);
  ir_ref last = 0;
  if (!used) {
    (void)graph_no_memory(g);
    return NULL;
  }
  for (int32_t i = 0; i < root_count; i++) {
    if (root[i] < 0) continue;
    used[root[i]] = true;
    if (root[i] > last) last = root[i];
  }
  for (ir_ref i = last; i >= 0; i--) { /* operands come first, so one pass backwards marks them */
    const ir_node *n = &g->node[i];
    if (!used[i]) continue;
    if (n->a >= 0) used[n->a] = true;
    if (n->b >= 0) used[n->b] = true;
    if (n->c >= 0) used[n->c] = true;
  }
  return used;
}

bool *ir_used(ir_graph *g, ir_ref f) { return f < 0 ? NULL : ir_used_by(g, &f, 1); }

bool ir_depends(ir_graph *g, ir_ref f, ir_op kind, int32_t index)
{
  bool *used = ir_used(g, f), yes = false;
  for (ir_ref i = 0; used && i <= f && !yes; i++)
    yes = used[i] && g->node[i].op == kind && (index < 0 || g->node[i].index == index);
  gm_free(used);
  return yes;
}

/* f with leaves replaced: with[op][index], where with[op] is given and the entry is not IR_NONE. */
static ir_ref replace(ir_graph *g, ir_ref f, const ir_ref *const with[IR_OP_COUNT])
{
  if (f < 0 || g->status) return IR_NONE;
  ir_ref *map = gm_alloc(g->ctx, f + 1, sizeof *map);
  bool *used = map ? ir_used(g, f) : NULL;
  ir_ref r = IR_NONE;
  if (!map) (void)graph_no_memory(g);
  for (ir_ref i = 0; used && i <= f; i++) {
    ir_node n = g->node[i]; /* a copy: the graph grows */
    const ir_ref *w = with[n.op];
    if (!used[i]) continue;
    if (w && w[n.index] >= 0)
      map[i] = w[n.index];
    else if (ir_operands(n.op) == 0)
      map[i] = i;
    else
      map[i] =
          ir_make(g, n.op, map[n.a], n.b >= 0 ? map[n.b] : IR_NONE, n.c >= 0 ? map[n.c] : IR_NONE);
  }
  if (used) r = map[f];
  gm_free(used);
  gm_free(map);
  return r;
}

ir_ref ir_replace(ir_graph *g, ir_ref f, ir_op kind, const ir_ref *with)
{
  const ir_ref *all[IR_OP_COUNT] = {NULL};
  assert(ir_operands(kind) == 0 && kind != IR_CONST);
  all[kind] = with;
  return replace(g, f, all);
}

ir_ref ir_substitute(ir_graph *g, ir_ref f, const ir_ref *state_with, const ir_ref *param_with)
{
  const ir_ref *all[IR_OP_COUNT] = {NULL};
  all[IR_STATE] = state_with;
  all[IR_PARAM] = param_with;
  return replace(g, f, all);
}
