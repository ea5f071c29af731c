/* build_time.c - what depends on time: conditions that can be foreseen, and what flows. */
#include "kinds/jump/build.h"
#include <string.h>

static bool is_comparison(ir_op op)
{
  return op == IR_LT || op == IR_LE || op == IR_EQ || op == IR_NE;
}

static bool is_rounding(ir_op op) { return op == IR_FLOOR || op == IR_CEIL; }

/* What a condition's difference is made of. */
typedef struct {
  bool time, flowing, state, nested;
} ingredients;

static gm_status look_at(jump_builder *b, ir_ref f, bool cut, ingredients *out)
{
  jump_coder *c = &b->coder;
  gm_status s = jump_walk(c, f, cut);
  *out = (ingredients){0};
  for (int32_t i = 0; i < c->list_count && !s; i++) {
    const ir_node *n = &c->g->node[c->list[i]];
    out->time |= n->op == IR_TIME;
    out->state |= n->op == IR_STATE;
    out->flowing |= n->op == IR_STATE && b->flows[n->index];
    out->nested |= is_comparison(n->op) || is_rounding(n->op);
  }
  return s;
}

/* Time in the expression outside of comparisons and roundings. */
static gm_status has_open_time(jump_builder *b, ir_ref f, bool *out)
{
  jump_coder *c = &b->coder;
  *out = false;
  gm_status s = jump_walk(c, f, true);
  for (int32_t i = 0; i < c->list_count && !s; i++) *out |= c->g->node[c->list[i]].op == IR_TIME;
  return s;
}

static gm_status condition_add(jump_builder *b, jump_condition c, ir_ref value, ir_ref slope)
{
  jump_machine *m = b->m;
  gm_status s =
      eq_room(b->ctx, &m->condition, m->condition_count, &m->condition_room, sizeof *m->condition);
  if (!s) s = jump_refs_add(b->ctx, &b->condition, value);
  if (!s) s = jump_refs_add(b->ctx, &b->condition, slope);
  if (!s) m->condition[m->condition_count++] = c;
  return s;
}

/* One comparison or rounding that depends on time: foreseen when it is linear in time between
 * jumps, else something that steps must resolve. */
static gm_status condition_take(jump_builder *b, ir_ref f)
{
  ir_graph *g = b->coder.g;
  ir_node n = g->node[f];
  ir_ref value = is_rounding(n.op) ? n.a : ir_make(g, IR_SUB, n.a, n.b, IR_NONE);
  ir_ref slope = ir_diff_time(g, value);
  ingredients in;
  bool bends = true;
  if (value < 0 || slope < 0) return gm_fail(b->ctx, g->status, "condition on time");
  gm_status s = look_at(b, value, false, &in);
  if (!s && !in.flowing) s = has_open_time(b, slope, &bends);
  if (s) return s;
  if (in.flowing || bends) {
    b->coder.mark[f] &= (uint8_t)~NODE_CONDITION;
    return jump_refs_add(b->ctx, &b->bend, slope);
  }
  jump_condition c = {.rounds = is_rounding(n.op), .plain = !in.nested, .held = !in.state};
  return condition_add(b, c, value, slope);
}

/* Roots whose conditions matter between jumps. */
static gm_status roots_of_time(jump_builder *b, jump_refs *out)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < b->law.count && !s; i++) s = jump_refs_add(b->ctx, out, b->law.ref[i]);
  for (int32_t i = 0; i < b->s->event_count && !s; i++)
    s = jump_refs_add(b->ctx, out, b->s->event[i].trigger);
  for (int32_t i = 0; i < b->m->nx && !s; i++)
    if (b->flows[i]) s = jump_refs_add(b->ctx, out, jump_slow_of(b->s, i));
  return s;
}

/* Every comparison and rounding with time in it, each once, marked. */
static gm_status conditions_find(jump_builder *b, const jump_refs *root, jump_refs *out)
{
  jump_coder *c = &b->coder;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < root->count && !s; i++) {
    s = jump_walk(c, root->ref[i], false);
    uint8_t *timed = c->mark; /* NODE_KNOWN: time lies below this node; operands come first */
    for (int32_t k = 0; k < c->list_count && !s; k++) {
      ir_ref r = c->list[k];
      const ir_node *n = &c->g->node[r];
      bool below = n->op == IR_TIME || (n->a >= 0 && timed[n->a] & NODE_KNOWN) ||
                   (n->b >= 0 && timed[n->b] & NODE_KNOWN) ||
                   (n->c >= 0 && timed[n->c] & NODE_KNOWN);
      if (!below || timed[r] & NODE_CONDITION) continue;
      timed[r] |= NODE_KNOWN;
      if (!is_comparison(n->op) && !is_rounding(n->op)) continue;
      timed[r] |= NODE_CONDITION;
      s = jump_refs_add(b->ctx, out, r);
    }
  }
  return s;
}

static gm_status motion_find(jump_builder *b, int32_t k)
{
  ingredients in;
  gm_status s = look_at(b, b->law.ref[k], true, &in);
  bool held = false;
  for (int32_t i = 0; i < b->coder.list_count && !s; i++) {
    const ir_node *n = &b->coder.g->node[b->coder.list[i]];
    /* below a time condition the walk stops: the condition's own time is foreseen, but a state in
     * it that an input moves is not */
    held |= (n->op == IR_STATE && !b->m->is_count[n->index]) ||
            b->coder.mark[b->coder.list[i]] & NODE_CONDITION;
  }
  if (s) return s;
  b->m->channel[k].motion = in.time || in.flowing ? JUMP_VARYING
                            : held                ? JUMP_BY_INFLOW
                                                  : JUMP_STEADY;
  b->m->flows |= b->m->channel[k].motion == JUMP_VARYING;
  return GM_OK;
}

/* A trigger that follows something that flows must be looked at in every step. */
static gm_status triggers_look(jump_builder *b)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < b->s->event_count && !s; i++) {
    ingredients in;
    s = look_at(b, b->s->event[i].trigger, true, &in);
    b->m->flows |= !s && (in.time || in.flowing);
  }
  return s;
}

gm_status jump_build_time(jump_builder *b)
{
  jump_machine *m = b->m;
  jump_refs root = {0}, found = {0};
  b->flows = gm_alloc(b->ctx, m->nx, sizeof *b->flows);
  if (!b->flows) return gm_fail(b->ctx, GM_ENOMEM, "states");
  for (int32_t i = 0; i < m->nx; i++) {
    b->flows[i] = jump_slow_of(b->s, i) >= 0;
    m->flows |= b->flows[i];
  }
  gm_status s = roots_of_time(b, &root);
  if (!s) s = conditions_find(b, &root, &found);
  for (int32_t i = 0; i < found.count && !s; i++) s = condition_take(b, found.ref[i]);
  for (int32_t k = 0; k < m->reaction_count && !s; k++) s = motion_find(b, k);
  if (!s) s = triggers_look(b);
  m->flows |= b->bend.count > 0;
  gm_free(root.ref);
  gm_free(found.ref);
  return s;
}
