/* code.c - expressions into pieces of code for one member. */
#include "kinds/equations/tables.h"
#include "kinds/jump/machine.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- walks over the graph -------------------------------------------------------------------- */
gm_status jump_coder_begin(jump_coder *c, gm_ctx *ctx, jump_machine *m)
{
  *c = (jump_coder){.ctx = ctx, .m = m, .g = &m->source.graph};
  return GM_OK;
}

void jump_coder_end(jump_coder *c)
{
  gm_free(c->where);
  gm_free(c->temp);
  gm_free(c->stamp);
  gm_free(c->mark);
  gm_free(c->list);
}

/* The tables follow the graph, which grows while derivatives are made. */
static gm_status coder_room(jump_coder *c)
{
  int32_t want = c->g->count, had = c->room;
  if (want <= had) return GM_OK;
  want = want > 2 * had ? want : 2 * had;
  gm_status s = gm_grow(c->ctx, &c->where, had, want, sizeof *c->where);
  if (!s) s = gm_grow(c->ctx, &c->temp, had, want, sizeof *c->temp);
  if (!s) s = gm_grow(c->ctx, &c->stamp, had, want, sizeof *c->stamp);
  if (!s) s = gm_grow(c->ctx, &c->mark, had, want, sizeof *c->mark);
  if (!s) s = gm_grow(c->ctx, &c->list, had, want, sizeof *c->list);
  if (s) return s;
  for (int32_t i = had; i < want; i++) c->where[i] = -1;
  c->room = want;
  return GM_OK;
}

static int ref_order(const void *a, const void *b)
{
  ir_ref x = *(const ir_ref *)a, y = *(const ir_ref *)b;
  return (x > y) - (x < y);
}

static void walk_to(jump_coder *c, ir_ref r)
{
  if (r < 0 || c->stamp[r] == c->walk) return;
  c->stamp[r] = c->walk;
  c->list[c->list_count++] = r;
}

static gm_status walk_from(jump_coder *c, const ir_ref *root, int32_t n, bool cut, uint8_t leave)
{
  gm_status s = c->g->status ? c->g->status : coder_room(c);
  if (s) return s;
  c->walk++;
  c->list_count = 0;
  for (int32_t i = 0; i < n; i++) walk_to(c, root[i]);
  for (int32_t i = 0; i < c->list_count; i++) {
    ir_ref r = c->list[i];
    const ir_node *node = &c->g->node[r];
    if ((cut && c->mark[r] & NODE_CONDITION) || c->mark[r] & leave) continue;
    walk_to(c, node->a);
    walk_to(c, node->b);
    walk_to(c, node->c);
  }
  qsort(c->list, (size_t)c->list_count, sizeof *c->list, ref_order);
  return GM_OK;
}

gm_status jump_walk(jump_coder *c, ir_ref f, bool cut) { return walk_from(c, &f, 1, cut, 0); }

/* ---- code ------------------------------------------------------------------------------------ */
static gm_status op_add(jump_machine *m, jump_op o)
{
  gm_status s = eq_room(m->ctx, &m->op, m->op_count, &m->op_room, sizeof *m->op);
  if (!s) m->op[m->op_count++] = o;
  return s;
}

static gm_status constant_add(jump_machine *m, double value, int32_t *reg_out)
{
  gm_status s =
      eq_room(m->ctx, &m->constant, m->constant_count, &m->constant_room, sizeof *m->constant);
  if (s) return s;
  m->constant[m->constant_count] = value;
  *reg_out = m->reg_constant + m->constant_count++;
  return GM_OK;
}

static int32_t leaf_register(const jump_machine *m, const ir_node *n)
{
  switch (n->op) {
  case IR_TIME: return 0;
  case IR_STATE: return m->reg_state + n->index;
  case IR_PARAM: return m->reg_param + n->index;
  case IR_UNIFORM: return m->reg_uniform + n->index;
  default: return -1;
  }
}

/* Does the node depend on parameters alone? Its operands were asked before. */
static bool node_is_fixed(const jump_coder *c, const ir_node *n)
{
  if (ir_operands(n->op) == 0) return n->op == IR_CONST || n->op == IR_PARAM;
  const ir_ref operand[3] = {n->a, n->b, n->c};
  for (int i = 0; i < 3; i++)
    if (operand[i] >= 0 && !(c->mark[operand[i]] & NODE_FIXED)) return false;
  return true;
}

static int32_t node_register(const jump_coder *c, ir_ref r)
{
  if (r < 0) return 0; /* an operand the operator does not have: any register */
  int32_t leaf = leaf_register(c->m, &c->g->node[r]);
  if (leaf >= 0) return leaf;
  return c->mark[r] & NODE_FIXED ? c->where[r] : c->temp[r];
}

static gm_status node_emit(jump_coder *c, ir_ref r, int32_t dst)
{
  const ir_node *n = &c->g->node[r];
  return op_add(c->m, (jump_op){.op = (int32_t)n->op,
                                .dst = dst,
                                .a = node_register(c, n->a),
                                .b = node_register(c, n->b),
                                .c = node_register(c, n->c)});
}

gm_status jump_setup_make(jump_coder *c, const ir_ref *root, int32_t root_count)
{
  jump_machine *m = c->m;
  gm_status s = walk_from(c, root, root_count, false, 0);
  if (s) return s;
  for (int32_t i = 0; i < c->list_count && !s; i++) { /* numbers first: registers in a row */
    const ir_node *n = &c->g->node[c->list[i]];
    if (node_is_fixed(c, n)) c->mark[c->list[i]] |= NODE_FIXED;
    if (n->op == IR_CONST) s = constant_add(m, n->value, &c->where[c->list[i]]);
  }
  m->reg_setup = m->reg_count = m->reg_constant + m->constant_count;
  m->setup = (jump_code){.first = m->op_count};
  for (int32_t i = 0; i < c->list_count && !s; i++) {
    ir_ref r = c->list[i];
    if (!(c->mark[r] & NODE_FIXED) || ir_operands(c->g->node[r].op) == 0) continue;
    c->where[r] = m->reg_count++;
    s = node_emit(c, r, c->where[r]);
  }
  m->setup.count = m->op_count - m->setup.first;
  return s;
}

gm_status jump_code_make(jump_coder *c, const ir_ref *root, int32_t n, int32_t *reg_out,
                         jump_code *out)
{
  jump_machine *m = c->m;
  jump_code code = {.first = m->op_count};
  gm_status s = walk_from(c, root, n, false, NODE_FIXED);
  int32_t temp = m->reg_setup + m->setup.count;
  for (int32_t i = 0; i < c->list_count && !s; i++) {
    ir_ref r = c->list[i];
    if (c->mark[r] & NODE_FIXED || ir_operands(c->g->node[r].op) == 0) continue;
    c->temp[r] = temp++;
    s = node_emit(c, r, c->temp[r]);
  }
  if (s) return s;
  if (temp > m->reg_count) m->reg_count = temp;
  code.count = m->op_count - code.first;
  for (int32_t i = 0; i < n; i++) reg_out[i] = node_register(c, root[i]);
  code.result = n > 0 ? reg_out[0] : 0;
  *out = code;
  return GM_OK;
}
