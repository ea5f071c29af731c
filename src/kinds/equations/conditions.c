/* conditions.c - where the equations jump.
 *
 * During a step every jumping operator keeps the value it had at its beginning, so that the method
 * sees smooth equations; the step ends where one changes (lane_discrete.h). */
#include "kinds/equations/conditions.h"

typedef struct {
  ir_graph *g;
  int32_t count;   /* nodes before new ones were made */
  uint8_t *varies; /* [count] changes while time runs */
  int32_t *number; /* [count] condition of the node, -1 none */
  ir_ref *map;     /* [count] node with modes in place */
  eq_conditions *out;
  bool bends; /* min, max and abs are conditions too */
} finder;

static bool is_comparison(ir_op op) { return op >= IR_LT && op <= IR_NE; }
static bool is_jump(ir_op op) { return is_comparison(op) || op == IR_FLOOR || op == IR_CEIL; }

static gm_status finder_init(finder *f, ir_graph *g, eq_conditions *out)
{
  int32_t n = g->count + 1;
  *f = (finder){.g = g, .count = g->count, .out = out};
  f->varies = gm_alloc(g->ctx, n, 1);
  f->number = gm_alloc(g->ctx, n, sizeof *f->number);
  f->map = gm_alloc(g->ctx, n, sizeof *f->map);
  if (!f->varies || !f->number || !f->map)
    return gm_fail(g->ctx, GM_ENOMEM, "conditions of the model");
  for (int32_t i = 0; i < g->count; i++) {
    const ir_node *p = &g->node[i];
    f->number[i] = -1;
    f->varies[i] = p->op == IR_TIME || p->op == IR_STATE || p->op == IR_DELAYED ||
                   (p->a >= 0 && f->varies[p->a]) || (p->b >= 0 && f->varies[p->b]) ||
                   (p->c >= 0 && f->varies[p->c]);
  }
  return GM_OK;
}

static void finder_free(finder *f)
{
  gm_free(f->varies);
  gm_free(f->number);
  gm_free(f->map);
}

static gm_status condition_add(finder *f, ir_ref node, int32_t *number_out)
{
  eq_conditions *o = f->out;
  if (o->count == o->room) {
    int32_t room = o->room ? 2 * o->room : 16;
    gm_status s = gm_grow(f->g->ctx, &o->node, o->count, room, sizeof *o->node);
    if (s) return s;
    o->room = room;
  }
  *number_out = o->count;
  o->node[o->count++] = node;
  return GM_OK;
}

/* Watches a node, once. */
static gm_status watch(finder *f, ir_ref i)
{
  if (f->number[i] >= 0) return GM_OK;
  return condition_add(f, i, &f->number[i]);
}

/* The two sides of an equality. */
static gm_status watch_sides(finder *f, ir_ref i)
{
  ir_node n = f->g->node[i];
  int32_t number;
  if (n.op != IR_EQ && n.op != IR_NE) return GM_OK;
  gm_status s = condition_add(f, ir_make(f->g, IR_LT, n.a, n.b, IR_NONE), &number);
  if (!s) s = condition_add(f, ir_make(f->g, IR_LT, n.b, n.a, IR_NONE), &number);
  return s;
}

static bool is_bend(ir_op op) { return op == IR_MIN || op == IR_MAX || op == IR_ABS; }

/* min, max or abs as a choice between its branches by a held comparison. */
static gm_status branched(finder *f, ir_ref i)
{
  ir_graph *g = f->g;
  ir_node n = g->node[i];
  ir_ref other = n.op == IR_ABS ? ir_const(g, 0) : n.b;
  gm_status s = condition_add(f, ir_make(g, IR_LT, n.a, other, IR_NONE), &f->number[i]);
  if (s) return s;
  ir_ref less = ir_leaf(g, IR_MODE, f->number[i]), a = f->map[n.a];
  ir_ref b = n.op == IR_ABS ? ir_make(g, IR_NEG, a, IR_NONE, IR_NONE) : f->map[n.b];
  bool first = n.op == IR_MIN; /* is a taken when it is the lesser? */
  f->map[i] = ir_make(g, IR_SELECT, less, first ? a : b, first ? b : a);
  return GM_OK;
}

/* The node with modes in place of what jumps. */
static gm_status moded(finder *f, ir_ref i)
{
  ir_node n = f->g->node[i];
  gm_status s = GM_OK;
  if (is_jump(n.op) && f->varies[i]) {
    s = watch(f, i);
    if (!s) f->map[i] = ir_leaf(f->g, IR_MODE, f->number[i]);
  } else if (f->bends && is_bend(n.op) && f->varies[i]) {
    s = branched(f, i);
  } else if (ir_operands(n.op) == 0) {
    f->map[i] = i;
  } else {
    f->map[i] = ir_make(f->g, n.op, f->map[n.a], n.b >= 0 ? f->map[n.b] : IR_NONE,
                        n.c >= 0 ? f->map[n.c] : IR_NONE);
  }
  return s;
}

static gm_status rates_with_modes(finder *f, eq_source *s)
{
  int32_t n = s->state_count + s->delay_count;
  ir_ref *root = gm_alloc(f->g->ctx, n, sizeof *root);
  if (!root) return gm_fail(f->g->ctx, GM_ENOMEM, "conditions of the model");
  for (int32_t i = 0; i < s->state_count; i++) root[i] = s->rate[i];
  for (int32_t i = 0; i < s->delay_count; i++) root[s->state_count + i] = s->delay[i].what;
  bool *used = ir_used_by(f->g, root, n);
  gm_free(root);
  gm_status st = f->g->status;
  for (ir_ref i = 0; i < f->count && !st; i++)
    if (used[i]) st = moded(f, i);
  gm_free(used);
  f->out->mode_count = f->out->count;
  for (int32_t i = 0; i < s->state_count && !st; i++) f->out->rate[i] = f->map[s->rate[i]];
  for (int32_t i = 0; i < s->delay_count && !st; i++) f->out->past[i] = f->map[s->delay[i].what];
  return st ? st : f->g->status;
}

static gm_status watch_triggers(finder *f, eq_source *s)
{
  ir_ref *root = gm_alloc(f->g->ctx, s->event_count, sizeof *root);
  if (!root) return gm_fail(f->g->ctx, GM_ENOMEM, "conditions of the model");
  for (int32_t i = 0; i < s->event_count; i++) root[i] = s->event[i].trigger;
  bool *used = ir_used_by(f->g, root, s->event_count);
  gm_status st = f->g->status;
  gm_free(root);
  for (ir_ref i = 0; i < f->count && !st; i++)
    if (used[i] && f->varies[i] && is_jump(f->g->node[i].op)) st = watch(f, i);
  gm_free(used);
  return st;
}

/* What each comparison compares. */
static gm_status gaps_make(ir_graph *g, eq_conditions *o)
{
  o->gap = gm_alloc(g->ctx, o->count, sizeof *o->gap);
  o->size = gm_alloc(g->ctx, o->count, sizeof *o->size);
  if (!o->gap || !o->size) return gm_fail(g->ctx, GM_ENOMEM, "conditions of the model");
  for (int32_t i = 0; i < o->count; i++) {
    ir_node n = g->node[o->node[i]];
    o->gap[i] = o->size[i] = IR_NONE;
    if (!is_comparison(n.op)) continue;
    ir_ref a = ir_make(g, IR_ABS, n.a, IR_NONE, IR_NONE);
    ir_ref b = ir_make(g, IR_ABS, n.b, IR_NONE, IR_NONE);
    o->gap[i] = ir_make(g, IR_SUB, n.a, n.b, IR_NONE);
    o->size[i] = ir_make(g, IR_MAX, a, b, IR_NONE);
  }
  return g->status;
}

/* Marks condition number i, and for an equality the conditions that watch its sides. */
static void uses_mark(const ir_graph *g, const eq_conditions *o, int32_t i, uint8_t *uses)
{
  ir_node n = g->node[o->node[i]];
  uses[i] = 1;
  for (int32_t j = 0; j < o->count && (n.op == IR_EQ || n.op == IR_NE); j++) {
    ir_node side = g->node[o->node[j]];
    if (side.op != IR_LT) continue;
    if ((side.a == n.a && side.b == n.b) || (side.a == n.b && side.b == n.a)) uses[j] = 1;
  }
}

static gm_status uses_make(eq_source *s, eq_conditions *o)
{
  ir_graph *g = &s->graph;
  o->event_uses = gm_alloc(g->ctx, (ptrdiff_t)s->event_count * o->count, 1);
  if (!o->event_uses) return gm_fail(g->ctx, GM_ENOMEM, "conditions of the model");
  for (int32_t e = 0; e < s->event_count; e++) {
    bool *used = ir_used_by(g, &s->event[e].trigger, 1);
    if (!used) return g->status;
    for (int32_t i = 0; i < o->count; i++)
      if (used[o->node[i]]) uses_mark(g, o, i, o->event_uses + (ptrdiff_t)e * o->count);
    gm_free(used);
  }
  return GM_OK;
}

gm_status eq_conditions_make(eq_source *s, bool bends, eq_conditions *out)
{
  finder f;
  *out = (eq_conditions){0};
  gm_status st = finder_init(&f, &s->graph, out);
  f.bends = bends;
  out->rate = gm_alloc(s->graph.ctx, s->state_count, sizeof *out->rate);
  out->past = gm_alloc(s->graph.ctx, s->delay_count, sizeof *out->past);
  if (!st && (!out->rate || !out->past))
    st = gm_fail(s->graph.ctx, GM_ENOMEM, "conditions of the model");
  if (!st) st = rates_with_modes(&f, s);
  if (!st && s->event_count) st = watch_triggers(&f, s);
  for (int32_t i = 0, n = out->count; i < n && !st; i++) st = watch_sides(&f, out->node[i]);
  if (!st) st = s->graph.status;
  if (!st) st = gaps_make(&s->graph, out);
  if (!st) st = uses_make(s, out);
  finder_free(&f);
  if (st) eq_conditions_free(out);
  return st;
}

void eq_conditions_free(eq_conditions *c)
{
  gm_free(c->node);
  gm_free(c->gap);
  gm_free(c->size);
  gm_free(c->rate);
  gm_free(c->past);
  gm_free(c->event_uses);
  *c = (eq_conditions){0};
}
