/* compile.c - from the expression graph to lane code.
 *
 * Three kinds of code share one register file: setup (parameters only), the right-hand side and the
 * outputs. A node that depends on parameters alone and is used by the others gets a register of its
 * own; everything else lives in temporaries, given back after their last use. */
#include "kinds/equations/lanes.h"
#include <assert.h>
#include <string.h>

enum { NOT_PLACED = -1 };

typedef struct {
  gm_ctx *ctx;
  const ir_graph *g;
  lane_machine *m;
  uint8_t *fixed;  /* [count] node depends on parameters and constants alone */
  int32_t *place;  /* [count] register, or NOT_PLACED */
  int32_t *last;   /* [count] last use in the code being made */
  uint8_t *wanted; /* [count] node is needed by the code being made */
  uint8_t *keep;   /* [count] node has a register of its own */
  int32_t *uses;   /* [count] how many wanted nodes read it */
  int32_t *free_reg;
  int32_t free_count, next_reg;
  int32_t reg_max; /* registers used by the codes made so far */
  lane_op *op;
  int32_t op_count, op_room;
} compiler;

static gm_status emit(compiler *c, lane_op op)
{
  if (c->op_count == c->op_room) {
    int32_t room = c->op_room ? 2 * c->op_room : 64;
    gm_status s = gm_grow(c->ctx, &c->op, c->op_room, room, sizeof *c->op);
    if (s) return s;
    c->op_room = room;
  }
  c->op[c->op_count++] = op;
  return GM_OK;
}

static int32_t take_temporary(compiler *c)
{
  return c->free_count ? c->free_reg[--c->free_count] : c->next_reg++;
}

/* ---- which nodes does a set of roots need --------------------------------------------------- */
static void want(compiler *c, const ir_ref *root, int32_t root_count, bool through_kept)
{
  int32_t n = c->g->count;
  memset(c->wanted, 0, (size_t)n);
  memset(c->uses, 0, (size_t)n * sizeof *c->uses);
  for (int32_t i = 0; i < root_count; i++) {
    c->wanted[root[i]] = 1;
    c->uses[root[i]]++;
  }
  for (ir_ref i = n - 1; i >= 0; i--) {
    const ir_node *p = &c->g->node[i];
    if (!c->wanted[i] || (c->keep[i] && !through_kept)) continue;
    const ir_ref operand[3] = {p->a, p->b, p->c};
    for (int j = 0; j < ir_operands(p->op); j++) {
      c->wanted[operand[j]] = 1;
      c->uses[operand[j]]++;
    }
  }
}

/* Can the product at node p be computed inside its only reader? */
static bool fusable(const compiler *c, ir_ref p)
{
  return p >= 0 && c->g->node[p].op == IR_MUL && c->uses[p] == 1 && !c->keep[p] &&
         c->place[p] == NOT_PLACED;
}

/* The product of an addition or subtraction that is fused into it, or IR_NONE. */
static ir_ref fused_product(const compiler *c, const ir_node *n)
{
  if (n->op != IR_ADD && n->op != IR_SUB) return IR_NONE;
  if (fusable(c, n->a)) return n->a;
  if (fusable(c, n->b)) return n->b;
  return IR_NONE;
}

static lane_op node_op(const compiler *c, ir_ref i)
{
  const ir_node *n = &c->g->node[i];
  ir_ref p = fused_product(c, n);
  if (p < 0) return (lane_op){(int32_t)n->op, 0, n->a, n->b, n->c};
  const ir_node *product = &c->g->node[p];
  ir_ref other = p == n->a ? n->b : n->a;
  int32_t op = n->op == IR_ADD ? LANE_MADD : p == n->a ? LANE_MSUB : LANE_NMADD;
  return (lane_op){op, 0, product->a, product->b, other};
}

/* Marks products that vanish into their readers, and each node's last reader. */
static void plan_uses(compiler *c, const ir_ref *root, int32_t root_count)
{
  int32_t n = c->g->count;
  memset(c->last, -1, (size_t)n * sizeof *c->last);
  for (ir_ref i = n - 1; i >= 0; i--) {
    if (!c->wanted[i] || c->place[i] != NOT_PLACED) continue;
    ir_ref p = fused_product(c, &c->g->node[i]);
    if (p >= 0) c->wanted[p] = 0;
    lane_op op = node_op(c, i);
    const ir_ref operand[3] = {op.a, op.b, op.c};
    for (int j = 0; j < 3; j++)
      if (operand[j] >= 0 && c->last[operand[j]] < i) c->last[operand[j]] = i;
  }
  for (int32_t i = 0; i < root_count; i++) c->last[root[i]] = INT32_MAX;
}

static void give_back(compiler *c, ir_ref operand, ir_ref reader)
{
  if (operand < 0 || c->last[operand] != reader || c->keep[operand]) return;
  if (ir_operands(c->g->node[operand].op) == 0) return;
  c->last[operand] = -1; /* once, though it may be read twice here */
  c->free_reg[c->free_count++] = c->place[operand];
}

/* Makes code for the roots; their registers go to reg. */
static gm_status make_code(compiler *c, const ir_ref *root, int32_t root_count, lane_code *code,
                           int32_t *reg)
{
  c->op = NULL;
  c->op_count = c->op_room = 0;
  int32_t first_temporary = c->next_reg;
  want(c, root, root_count, false);
  plan_uses(c, root, root_count);
  gm_status s = GM_OK;
  for (ir_ref i = 0; i < c->g->count && !s; i++) {
    if (!c->wanted[i] || c->place[i] != NOT_PLACED) continue;
    lane_op op = node_op(c, i);
    const ir_ref operand[3] = {op.a, op.b, op.c};
    int32_t at[3];
    for (int j = 0; j < 3; j++) at[j] = operand[j] >= 0 ? c->place[operand[j]] : 0;
    for (int j = 0; j < 3; j++) give_back(c, operand[j], i);
    c->place[i] = take_temporary(c);
    s = emit(c, (lane_op){op.op, c->place[i], at[0], at[1], at[2]});
  }
  for (int32_t i = 0; i < root_count && !s; i++) reg[i] = c->place[root[i]];
  code->op = c->op;
  code->count = c->op_count;
  c->free_count = 0; /* temporaries of one code mean nothing to the next */
  if (c->next_reg > c->reg_max) c->reg_max = c->next_reg;
  c->next_reg = first_temporary;
  for (ir_ref i = 0; i < c->g->count; i++)
    if (!c->keep[i] && ir_operands(c->g->node[i].op) > 0) c->place[i] = NOT_PLACED;
  return s;
}

/* ---- setup: what depends on parameters alone ------------------------------------------------- */
static void mark_fixed(compiler *c)
{
  for (ir_ref i = 0; i < c->g->count; i++) {
    const ir_node *n = &c->g->node[i];
    switch (n->op) {
    case IR_CONST:
    case IR_PARAM: c->fixed[i] = 1; break;
    case IR_TIME:
    case IR_STATE: c->fixed[i] = 0; break;
    default:
      c->fixed[i] = c->fixed[n->a] && (n->b < 0 || c->fixed[n->b]) && (n->c < 0 || c->fixed[n->c]);
    }
  }
}

static void keep_if_fixed(compiler *c, ir_ref operand)
{
  if (operand >= 0 && c->fixed[operand] && ir_operands(c->g->node[operand].op) > 0)
    c->keep[operand] = 1;
}

/* Keeps every fixed node that a node which is not fixed, or a root, reads. */
static void mark_kept(compiler *c, const ir_ref *root, int32_t root_count)
{
  want(c, root, root_count, true);
  for (int32_t i = 0; i < root_count; i++) keep_if_fixed(c, root[i]);
  for (ir_ref i = 0; i < c->g->count; i++) {
    const ir_node *n = &c->g->node[i];
    if (!c->wanted[i] || c->fixed[i]) continue;
    keep_if_fixed(c, n->a);
    keep_if_fixed(c, n->b);
    keep_if_fixed(c, n->c);
  }
}

static gm_status make_setup(compiler *c, lane_machine *m)
{
  int32_t count = 0;
  ir_ref *root = gm_alloc(c->ctx, c->g->count, sizeof *root);
  int32_t *reg = gm_alloc(c->ctx, c->g->count, sizeof *reg);
  uint8_t *keep = gm_alloc(c->ctx, c->g->count, 1);
  gm_status s = GM_OK;
  if (!root || !reg || !keep) {
    s = gm_fail(c->ctx, GM_ENOMEM, "lane code");
    goto out;
  }
  for (ir_ref i = 0; i < c->g->count; i++)
    if (c->keep[i]) root[count++] = i;
  memcpy(keep, c->keep, (size_t)c->g->count);
  memset(c->keep, 0, (size_t)c->g->count); /* while setup is made they are ordinary nodes */
  s = make_code(c, root, count, &m->setup, reg);
  memcpy(c->keep, keep, (size_t)c->g->count);
  for (int32_t i = 0; i < count; i++) c->place[root[i]] = reg[i];
  c->next_reg = c->reg_max; /* registers of setup stay taken */
out:
  gm_free(keep);
  gm_free(reg);
  gm_free(root);
  return s;
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status place_leaves(compiler *c, lane_machine *m)
{
  m->reg_state = 1;
  m->reg_param = m->reg_state + m->nx;
  m->reg_constant = m->reg_param + m->np;
  m->constant = gm_alloc(c->ctx, c->g->count + 1, sizeof *m->constant);
  if (!m->constant) return gm_fail(c->ctx, GM_ENOMEM, "lane code");
  for (ir_ref i = 0; i < c->g->count; i++) {
    const ir_node *n = &c->g->node[i];
    c->place[i] = NOT_PLACED;
    switch (n->op) {
    case IR_TIME: c->place[i] = 0; break;
    case IR_STATE: c->place[i] = m->reg_state + n->index; break;
    case IR_PARAM: c->place[i] = m->reg_param + n->index; break;
    case IR_CONST:
      c->place[i] = m->reg_constant + m->constant_count;
      m->constant[m->constant_count++] = n->value;
      break;
    default: break;
    }
  }
  c->next_reg = c->reg_max = m->reg_constant + m->constant_count;
  return GM_OK;
}

static gm_status compiler_init(compiler *c, gm_ctx *ctx, const ir_graph *g)
{
  int32_t n = g->count + 1;
  *c = (compiler){.ctx = ctx, .g = g};
  c->fixed = gm_alloc(ctx, n, 1);
  c->wanted = gm_alloc(ctx, n, 1);
  c->keep = gm_alloc(ctx, n, 1);
  c->place = gm_alloc(ctx, n, sizeof *c->place);
  c->last = gm_alloc(ctx, n, sizeof *c->last);
  c->uses = gm_alloc(ctx, n, sizeof *c->uses);
  c->free_reg = gm_alloc(ctx, n, sizeof *c->free_reg);
  if (!c->fixed || !c->wanted || !c->keep || !c->place || !c->last || !c->uses || !c->free_reg)
    return gm_fail(ctx, GM_ENOMEM, "lane code");
  return GM_OK;
}

static void compiler_free(compiler *c)
{
  gm_free(c->fixed);
  gm_free(c->wanted);
  gm_free(c->keep);
  gm_free(c->place);
  gm_free(c->last);
  gm_free(c->uses);
  gm_free(c->free_reg);
}

/* Is the system x' = A(p) x + b(p)? Then root[] gets the nodes of A, row by row, and of b. */
static bool find_linear(eq_source *s, ir_ref *root)
{
  int32_t nx = s->state_count;
  ir_graph *g = &s->graph;
  ir_ref zero_state[LINEAR_STATES_MAX];
  if (nx < 1 || nx > LINEAR_STATES_MAX) return false;
  for (int32_t i = 0; i < nx; i++) zero_state[i] = ir_const(g, 0);
  for (int32_t i = 0; i < nx; i++) {
    for (int32_t j = 0; j < nx; j++) {
      ir_ref d = ir_diff(g, s->rate[i], IR_STATE, j);
      if (d < 0 || ir_depends(g, d, IR_STATE, -1) || ir_depends(g, d, IR_TIME, -1)) return false;
      root[i * nx + j] = d;
    }
    ir_ref b = ir_substitute(g, s->rate[i], zero_state, NULL);
    if (b < 0 || ir_depends(g, b, IR_STATE, -1) || ir_depends(g, b, IR_TIME, -1)) return false;
    root[nx * nx + i] = b;
  }
  return true;
}

static bool is_jump(ir_op op)
{
  return (op >= IR_LT && op <= IR_SELECT) || op == IR_FLOOR || op == IR_CEIL || op == IR_ABS ||
         op == IR_MIN || op == IR_MAX;
}

/* Does f hold an operator that jumps or bends with the state? */
static bool jumps_with_state(ir_graph *g, ir_ref f)
{
  bool *used = ir_used(g, f), yes = false;
  for (ir_ref i = 0; used && i <= f && !yes; i++)
    yes = used[i] && is_jump(g->node[i].op) && ir_depends(g, i, IR_STATE, -1);
  gm_free(used);
  return yes;
}

/* find_linear looks at slopes, and a piecewise right-hand side can have constant slopes without
 * being linear: such a one is sent to the integrator. */
static bool has_jumps(eq_source *s)
{
  for (int32_t i = 0; i < s->state_count; i++)
    if (jumps_with_state(&s->graph, s->rate[i])) return true;
  return false;
}

static gm_status make_all(compiler *c, const eq_source *s, lane_machine *m, const ir_ref *linear)
{
  gm_ctx *ctx = c->ctx;
  int32_t nx = m->nx, n_linear = m->is_linear ? nx * nx + nx : 0;
  ir_ref *root = gm_alloc(ctx, 2 * nx + m->ny + n_linear + 1, sizeof *root);
  m->rhs_reg = gm_alloc(ctx, nx + 1, sizeof *m->rhs_reg);
  m->init_reg = gm_alloc(ctx, nx + 1, sizeof *m->init_reg);
  m->out_reg = gm_alloc(ctx, m->ny + 1, sizeof *m->out_reg);
  m->linear_reg = gm_alloc(ctx, n_linear + 1, sizeof *m->linear_reg);
  gm_status st = GM_OK;
  if (!root || !m->rhs_reg || !m->init_reg || !m->out_reg || !m->linear_reg) {
    st = gm_fail(ctx, GM_ENOMEM, "lane code");
    goto out;
  }
  memcpy(root, s->rate, (size_t)nx * sizeof *root);
  memcpy(root + nx, s->value, (size_t)m->ny * sizeof *root);
  memcpy(root + nx + m->ny, s->initial, (size_t)nx * sizeof *root);
  if (n_linear) memcpy(root + 2 * nx + m->ny, linear, (size_t)n_linear * sizeof *root);
  st = place_leaves(c, m);
  if (st) goto out;
  mark_fixed(c);
  mark_kept(c, root, 2 * nx + m->ny + n_linear);
  st = make_setup(c, m);
  if (!st) st = make_code(c, s->rate, nx, &m->rhs, m->rhs_reg);
  if (!st) st = make_code(c, s->value, m->ny, &m->out, m->out_reg);
  if (!st) st = make_code(c, s->initial, nx, &m->init, m->init_reg);
  if (!st && n_linear) st = make_code(c, linear, n_linear, &m->linear, m->linear_reg);
  m->reg_count = c->reg_max;
out:
  gm_free(root);
  return st;
}

gm_status lane_compile(gm_ctx *ctx, eq_source *s, bool try_linear, lane_machine *out)
{
  lane_machine m = {.nx = s->state_count, .np = s->parameter_count, .ny = s->output_count};
  ir_ref linear[LINEAR_STATES_MAX * (LINEAR_STATES_MAX + 1)];
  m.is_linear = try_linear && !has_jumps(s) && find_linear(s, linear);
  if (s->graph.status) return s->graph.status;
  compiler c;
  gm_status st = compiler_init(&c, ctx, &s->graph);
  if (!st) st = make_all(&c, s, &m, linear);
  compiler_free(&c);
  if (st) {
    lane_machine_free(&m);
    return st;
  }
  m.isa = gm__isa();
  m.vmath = gm__vmath(m.isa);
  *out = m;
  return GM_OK;
}

void lane_machine_free(lane_machine *m)
{
  gm_free(m->constant);
  gm_free(m->setup.op);
  gm_free(m->rhs.op);
  gm_free(m->out.op);
  gm_free(m->init.op);
  gm_free(m->linear.op);
  gm_free(m->rhs_reg);
  gm_free(m->out_reg);
  gm_free(m->init_reg);
  gm_free(m->linear_reg);
  *m = (lane_machine){0};
}
