/* net_lower_now.c - every expression of a network with its names substituted, and slopes in time.
 *
 * Things of this walk: the nodes of the network's graph; then for every symbol its value, its slope
 * (rateOf), and the slope of what IR_STATE(symbol) holds. */
#include "kinds/equations/net/net_internal.h"
#include <assert.h>

ir_ref nl_un(lowering *l, ir_op op, ir_ref a) { return ir_make(l->graph, op, a, IR_NONE, IR_NONE); }
ir_ref nl_bin(lowering *l, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(l->graph, op, a, b, IR_NONE);
}
ir_ref nl_number(lowering *l, double value) { return ir_const(l->graph, value); }
bool nl_is_number(const lowering *l, ir_ref r, double value)
{
  return r >= 0 && l->graph->node[r].op == IR_CONST && l->graph->node[r].value == value;
}

static int32_t value_thing(const lowering *l, int32_t i) { return l->now.node_count + i; }
static int32_t slope_thing(const lowering *l, int32_t i)
{
  return l->now.node_count + l->count + i;
}
static int32_t rate_thing(const lowering *l, int32_t i)
{
  return l->now.node_count + 2 * l->count + i;
}
static ir_ref value(lowering *l, int32_t i) { return nl_need(&l->now, value_thing(l, i)); }
static ir_ref slope(lowering *l, int32_t i) { return nl_need(&l->now, slope_thing(l, i)); }
static ir_ref rate(lowering *l, int32_t i) { return nl_need(&l->now, rate_thing(l, i)); }

/* ---- slopes of expressions ------------------------------------------------------------------ */
/* The slope of what a leaf holds, IR_NONE with *still_out where it is 0. */
static ir_ref leaf_slope(lowering *l, int32_t i, bool *still_out)
{
  uint8_t r = l->symbol[i].role;
  *still_out = r != NL_RATE && r != NL_AMOUNT && r != NL_ALGEBRAIC;
  if (*still_out) return IR_NONE;
  return r == NL_ALGEBRAIC ? slope(l, i) : rate(l, i);
}

/* Asks for the slopes of all leaves of f but `held`; refuses those that have none. */
static gm_status need_slopes(lowering *l, ir_ref f, const bool *used, int32_t held, int32_t of)
{
  const char *name = of >= 0 ? l->n->symbol[of].name : "an expression";
  bool still;
  for (ir_ref i = 0; i <= f; i++) {
    ir_node n = l->graph->node[i];
    if (!used[i]) continue;
    if (n.op == IR_DELAYED || n.op == IR_UNIFORM)
      return nl_fail(l, of, GM_EUNSUPPORTED, "the slope of %.100s needs that of a %s", name,
                     n.op == IR_DELAYED ? "delay" : "random draw");
    if (n.op != IR_STATE || n.index == held) continue;
    if (l->symbol[n.index].fast)
      return nl_fail(l, of, GM_EUNSUPPORTED,
                     "the slope of %.100s needs that of %.100s, which fast reactions change", name,
                     l->n->symbol[n.index].name);
    (void)leaf_slope(l, n.index, &still);
  }
  return GM_OK;
}

/* d f / d t along the solution, with the state `held` kept where it is (-1: none). */
static gm_status total_slope(lowering *l, ir_ref f, int32_t held, int32_t of, ir_ref *out)
{
  if (f < 0) return GM_OK; /* the walk finds out why */
  gm_status s = nl_worked(l, f, of, "slopes (rateOf) of expressions");
  if (s) return s;
  bool *used = ir_used(l->graph, f);
  if (!used) return l->graph->status;
  s = need_slopes(l, f, used, held, of);
  ir_ref sum = IR_NONE;
  if (!s && !l->now.waiting) sum = ir_diff_time(l->graph, f);
  for (ir_ref i = 0; i <= f && !s && !l->now.waiting; i++) {
    ir_node n = l->graph->node[i];
    bool still = true;
    if (!used[i] || n.op != IR_STATE || n.index == held) continue;
    ir_ref by = leaf_slope(l, n.index, &still);
    if (still) continue;
    s = nl_worked(l, f, of, "slopes (rateOf) of expressions");
    if (!s)
      sum = nl_bin(l, IR_ADD, sum, nl_bin(l, IR_MUL, ir_diff(l->graph, f, IR_STATE, n.index), by));
  }
  gm_free(used);
  if (!s) *out = sum;
  return s;
}

/* The unknown u of 0 = e, no other unknown in e: u' = -(e's slope with u held) / (de/du). */
static gm_status algebraic_slope(lowering *l, int32_t u, ir_ref *out)
{
  ir_ref e = nl_need(&l->now, l->n->algebraic[l->symbol[u].row]), r = IR_NONE;
  if (e < 0) return GM_OK;
  bool *used = ir_used(l->graph, e);
  gm_status s = used ? GM_OK : l->graph->status;
  for (ir_ref i = 0; i <= e && !s; i++) {
    const ir_node *n = &l->graph->node[i];
    if (used[i] && n->op == IR_STATE && n->index != u && l->symbol[n->index].role == NL_ALGEBRAIC)
      s = nl_fail(l, u, GM_EUNSUPPORTED,
                  "rateOf(%.100s): it is solved for together with %.100s by algebraic rules",
                  l->n->symbol[u].name, l->n->symbol[n->index].name);
  }
  gm_free(used);
  if (!s) s = total_slope(l, e, u, u, &r);
  if (s || l->now.waiting) return s;
  r = nl_bin(l, IR_DIV, r, ir_diff(l->graph, e, IR_STATE, u));
  *out = nl_un(l, IR_NEG, r);
  return GM_OK;
}

/* ---- values --------------------------------------------------------------------------------- */
static ir_ref held(lowering *l, int32_t i) { return ir_leaf(l->graph, IR_STATE, i); }

static gm_status value_of(lowering *l, int32_t i, ir_ref *out)
{
  const net_symbol *y = &l->n->symbol[i];
  const nl_symbol *m = &l->symbol[i];
  if (m->role == NL_RULE) {
    *out = nl_need(&l->now, y->rule);
  } else if (m->role == NL_REACTION) {
    ir_ref law = m->reaction >= 0 ? l->n->reaction[m->reaction].rate : IR_NONE;
    if (law < 0)
      return nl_fail(l, i, GM_EPARSE, "reaction %.100s has no rate, but it is used", y->name);
    *out = nl_need(&l->now, law);
  } else if (m->holds_amount && nl_means_concentration(l, i)) {
    ir_ref size = value(l, y->compartment);
    *out = nl_bin(l, IR_DIV, held(l, i), size);
  } else {
    *out = held(l, i);
  }
  return GM_OK;
}

/* amount within a walk */
static ir_ref amount_of(lowering *l, int32_t i)
{
  if (!nl_means_concentration(l, i)) return value(l, i);
  if (l->symbol[i].holds_amount) return held(l, i);
  ir_ref v = value(l, i), size = value(l, l->n->symbol[i].compartment);
  return nl_bin(l, IR_MUL, v, size);
}

/* [S]' = (amount' - [S] V') / V */
static ir_ref concentration_slope(lowering *l, int32_t i, ir_ref amount_slope)
{
  int32_t c = l->n->symbol[i].compartment;
  ir_ref v = value(l, i), size = value(l, c), size_slope = slope(l, c);
  return nl_bin(l, IR_DIV, nl_bin(l, IR_SUB, amount_slope, nl_bin(l, IR_MUL, v, size_slope)), size);
}

static gm_status slope_of(lowering *l, int32_t i, ir_ref *out)
{
  const nl_symbol *m = &l->symbol[i];
  if (m->fast)
    return nl_fail(l, i, GM_EUNSUPPORTED, "rateOf(%.100s): fast reactions change it",
                   l->n->symbol[i].name);
  if (m->role == NL_RULE || m->role == NL_REACTION) return total_slope(l, value(l, i), -1, i, out);
  if (m->role == NL_ALGEBRAIC) return algebraic_slope(l, i, out);
  bool still = true;
  ir_ref r = leaf_slope(l, i, &still);
  if (still) r = nl_number(l, 0);
  if (m->holds_amount && nl_means_concentration(l, i)) r = concentration_slope(l, i, r);
  *out = r;
  return GM_OK;
}

/* What the slow reactions add to a species: conversion * sum of by * rate. */
static gm_status reactions_rate(lowering *l, int32_t i, ir_ref *out)
{
  const net *n = l->n;
  int32_t end = i + 1 < l->count ? l->symbol[i + 1].part : n->part_count;
  ir_ref sum = nl_number(l, 0);
  for (int32_t k = l->symbol[i].part; k < end; k++) {
    int32_t part = l->part_of[k];
    const net_reaction *r = &n->reaction[l->part_reaction[part]];
    if (r->rate < 0 || r->fast) continue;
    ir_ref by = nl_need(&l->now, n->part[part].by), v = value(l, r->symbol);
    sum = nl_bin(l, IR_ADD, sum, nl_bin(l, IR_MUL, by, v));
  }
  if (n->symbol[i].conversion >= 0) {
    ir_ref by = value(l, n->symbol[i].conversion);
    sum = nl_bin(l, IR_MUL, by, sum);
  }
  *out = sum;
  return GM_OK;
}

static gm_status rate_of(lowering *l, int32_t i, ir_ref *out)
{
  const net_symbol *y = &l->n->symbol[i];
  if (l->symbol[i].role == NL_AMOUNT) return reactions_rate(l, i, out);
  if (l->symbol[i].role != NL_RATE) {
    *out = nl_number(l, 0);
    return GM_OK;
  }
  ir_ref r = nl_need(&l->now, y->rate);
  if (l->symbol[i].holds_amount && nl_means_concentration(l, i)) { /* (S V)' = S' V + S V' */
    ir_ref v = value(l, i), size = value(l, y->compartment), size_slope = slope(l, y->compartment);
    r = nl_bin(l, IR_ADD, nl_bin(l, IR_MUL, r, size), nl_bin(l, IR_MUL, v, size_slope));
  }
  *out = r;
  return GM_OK;
}

/* ---- nodes ---------------------------------------------------------------------------------- */
/* S * V of a species and its compartment is its amount: not divided by V before. */
static int32_t amount_written_out(const lowering *l, const ir_node *n)
{
  const ir_node *a = &l->graph->node[n->a], *b = &l->graph->node[n->b];
  if (n->op != IR_MUL || a->op != IR_SYMBOL || b->op != IR_SYMBOL) return -1;
  if (nl_means_concentration(l, a->index) && l->n->symbol[a->index].compartment == b->index)
    return a->index;
  if (nl_means_concentration(l, b->index) && l->n->symbol[b->index].compartment == a->index)
    return b->index;
  return -1;
}

static gm_status node(lowering *l, int32_t i, ir_ref *out)
{
  ir_node n = l->graph->node[i]; /* a copy: the graph grows */
  assert(n.op != IR_STATE && n.op != IR_PARAM && n.op != IR_MODE);
  if (n.op == IR_SYMBOL) {
    *out = value(l, n.index);
  } else if (n.op == IR_RATE_OF) {
    if (l->graph->node[n.a].op != IR_SYMBOL)
      return total_slope(l, nl_need(&l->now, n.a), -1, -1, out);
    *out = slope(l, l->graph->node[n.a].index);
  } else if (ir_operands(n.op) == 0) {
    *out = i;
  } else {
    int32_t species = amount_written_out(l, &n);
    *out = species >= 0 ? amount_of(l, species) : nl_remake(&l->now, l->graph, i, l->graph);
  }
  return GM_OK;
}

static gm_status visit(lowering *l, int32_t thing, ir_ref *out)
{
  int32_t i = thing - l->now.node_count;
  if (i < 0) return node(l, thing, out);
  if (i < l->count) return value_of(l, i, out);
  if (i < 2 * l->count) return slope_of(l, i - l->count, out);
  return rate_of(l, i - 2 * l->count, out);
}

/* ---- everything ----------------------------------------------------------------------------- */
static gm_status run(lowering *l, int32_t thing)
{
  ir_ref r;
  return thing < 0 ? GM_OK : nl_walk_run(l, &l->now, thing, &r);
}

static gm_status symbols(lowering *l)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < l->count && !s; i++) {
    const nl_symbol *m = &l->symbol[i];
    if (m->role == NL_REACTION && (m->reaction < 0 || l->n->reaction[m->reaction].rate < 0))
      continue;
    s = run(l, value_thing(l, i));
    if (!s) s = run(l, l->n->symbol[i].initial);
    if (!s && (m->role == NL_RATE || m->role == NL_AMOUNT)) s = run(l, rate_thing(l, i));
  }
  return s;
}

static gm_status events(lowering *l)
{
  const net *n = l->n;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < n->event_count && !s; i++) {
    s = run(l, n->event[i].trigger);
    if (!s) s = run(l, n->event[i].delay);
    if (!s) s = run(l, n->event[i].priority);
  }
  for (int32_t i = 0; i < n->assign_count && !s; i++) s = run(l, n->assign[i].value);
  for (int32_t i = 0; i < n->delay_count && !s; i++) {
    s = run(l, n->delay[i].what);
    if (!s) s = run(l, n->delay[i].lag);
    if (!s) s = run(l, n->delay[i].before);
  }
  return s;
}

gm_status nl_now(lowering *l)
{
  const net *n = l->n;
  int32_t nodes = l->graph->count;
  gm_status s =
      nl_walk_init(&l->now, l->ctx, l->graph, nodes, nodes + 3 * l->count, visit, "rules");
  if (!s) s = symbols(l);
  if (!s) s = events(l);
  for (int32_t i = 0; i < n->part_count && !s; i++) s = run(l, n->part[i].by);
  for (int32_t i = 0; i < n->algebraic_count && !s; i++) s = run(l, n->algebraic[i]);
  for (int32_t i = 0; i < l->config->output_count && !s; i++) s = run(l, l->asked[i]);
  for (int32_t i = 0; i < n->algebraic_count && !s; i++) l->row[i] = l->now.result[n->algebraic[i]];
  return s;
}

ir_ref nl_now_node(const lowering *l, ir_ref i) { return i < 0 ? IR_NONE : l->now.result[i]; }
ir_ref nl_now_value(const lowering *l, int32_t i) { return l->now.result[value_thing(l, i)]; }
ir_ref nl_now_rate(const lowering *l, int32_t i) { return l->now.result[rate_thing(l, i)]; }
