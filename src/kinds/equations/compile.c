/* compile.c - from the expression graph to lane code.
 *
 * Three kinds of code share one register file: setup (parameters only), the right-hand side and the
 * outputs. A node that depends on parameters alone and is used by the others gets a register of its
 * own; everything else lives in temporaries, given back after their last use. */
#include "kinds/equations/compile.h"
#include <assert.h>
#include <string.h>

enum { NOT_PLACED = -1 };

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
    if (root[i] < 0) continue;
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
  for (int32_t i = 0; i < root_count; i++)
    if (root[i] >= 0) c->last[root[i]] = INT32_MAX;
}

static void give_back(compiler *c, ir_ref operand, ir_ref reader)
{
  if (operand < 0 || c->last[operand] != reader || c->keep[operand]) return;
  if (ir_operands(c->g->node[operand].op) == 0) return;
  c->last[operand] = -1; /* once, though it may be read twice here */
  c->free_reg[c->free_count++] = c->place[operand];
}

gm_status compiler_code(compiler *c, const ir_ref *root, int32_t root_count, lane_code *code,
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
  for (int32_t i = 0; i < root_count && !s; i++) reg[i] = root[i] < 0 ? -1 : c->place[root[i]];
  code->id = c->m->code_count++;
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
    case IR_STATE:
    case IR_MODE:
    case IR_DELAYED:
    case IR_UNIFORM:
    case IR_TIME_DOT:
    case IR_STATE_DOT:
    case IR_PARAM_DOT:
    case IR_SEED: c->fixed[i] = 0; break;
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
  for (int32_t i = 0; i < root_count; i++) keep_if_fixed(c, root[i]); /* IR_NONE: passed over */
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
  s = compiler_code(c, root, count, &m->setup, reg);
  memcpy(c->keep, keep, (size_t)c->g->count);
  for (int32_t i = 0; i < count; i++) c->place[root[i]] = reg[i];
  c->next_reg = c->reg_max; /* registers of setup stay taken */
out:
  gm_free(keep);
  gm_free(reg);
  gm_free(root);
  return s;
}

/* ---- leaves ---------------------------------------------------------------------------------- */
static int32_t leaf_place(const lane_machine *m, const ir_node *n)
{
  switch (n->op) {
  case IR_TIME: return 0;
  case IR_STATE: return m->reg_state + n->index;
  case IR_PARAM: return m->reg_param + n->index;
  case IR_MODE: return m->reg_mode + n->index;
  case IR_DELAYED: return m->reg_delayed + n->index;
  case IR_UNIFORM: return m->reg_uniform + n->index;
  case IR_TIME_DOT: return m->reg_time_dot;
  case IR_STATE_DOT: return m->reg_state_dot + n->index;
  case IR_PARAM_DOT: return m->reg_param_dot + n->index;
  case IR_SEED: return m->adjoint.reg_seed + n->index;
  default: return NOT_PLACED;
  }
}

static gm_status place_leaves(compiler *c, lane_machine *m)
{
  m->reg_state = 1;
  m->reg_param = m->reg_state + m->nx;
  m->reg_mode = m->reg_param + m->np;
  m->reg_delayed = m->reg_mode + m->mode_count;
  m->reg_uniform = m->reg_delayed + m->delay_count;
  m->reg_time_dot = m->reg_uniform + m->uniform_count;
  m->reg_state_dot = m->reg_time_dot + 1;
  m->reg_param_dot = m->reg_state_dot + m->nx;
  m->adjoint.reg_seed = m->directions_max ? m->reg_param_dot + m->np : m->reg_time_dot;
  m->reg_constant = m->adjoint.reg_seed + m->adjoint.seed_count;
  m->constant = gm_alloc(c->ctx, c->g->count + 1, sizeof *m->constant);
  if (!m->constant) return gm_fail(c->ctx, GM_ENOMEM, "lane code");
  for (ir_ref i = 0; i < c->g->count; i++) {
    const ir_node *n = &c->g->node[i];
    c->place[i] = leaf_place(m, n);
    if (n->op != IR_CONST) continue;
    c->place[i] = m->reg_constant + m->constant_count;
    m->constant[m->constant_count++] = n->value;
  }
  c->next_reg = c->reg_max = m->reg_constant + m->constant_count;
  return GM_OK;
}

gm_status compiler_start(compiler *c, lane_machine *m, const ir_ref *root, int32_t root_count)
{
  c->m = m;
  gm_status s = place_leaves(c, m);
  if (s) return s;
  mark_fixed(c);
  mark_kept(c, root, root_count);
  return make_setup(c, m);
}

gm_status compiler_init(compiler *c, gm_ctx *ctx, const ir_graph *g)
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

void compiler_free(compiler *c)
{
  gm_free(c->fixed);
  gm_free(c->wanted);
  gm_free(c->keep);
  gm_free(c->place);
  gm_free(c->last);
  gm_free(c->uses);
  gm_free(c->free_reg);
}
