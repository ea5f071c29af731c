/* net_lower_start.c - values at the start, in parameters and time.
 *
 * Things of this walk: the nodes of "now"; then for every symbol (and pool) what its IR_STATE holds
 * at the start. Rules hold at the start too, so that they need nothing of their own.
 * Parameters here: IR_PARAM(symbol), and IR_PARAM(symbols + k) for the k-th free initial value. */
#include "kinds/equations/net/net_internal.h"
#include <math.h>

static ir_ref begin(lowering *l, int32_t i) { return nl_need(&l->start, l->start.node_count + i); }
static ir_ref begin_now(lowering *l, ir_ref now) { return now < 0 ? now : nl_need(&l->start, now); }

/* A value of the symbol, stated as an amount or as what the symbol means, as what is held. */
static ir_ref to_held(lowering *l, int32_t i, ir_ref v, bool is_amount)
{
  const net_symbol *y = &l->n->symbol[i];
  if (y->kind != NET_SPECIES || is_amount == l->symbol[i].holds_amount) return v;
  /* In a compartment without dimensions there is no concentration: it is an amount anyhow. */
  if (y->compartment < 0 || l->n->symbol[y->compartment].dimensions == 0) return v;
  ir_ref size = begin_now(l, nl_now_value(l, y->compartment));
  return nl_bin(l, is_amount ? IR_DIV : IR_MUL, v, size);
}

static gm_status begin_of(lowering *l, int32_t i, ir_ref *out)
{
  if (i >= l->count) {
    *out = l->pool_start[i - l->count];
    return GM_OK;
  }
  const net_symbol *y = &l->n->symbol[i];
  const nl_symbol *m = &l->symbol[i];
  bool means_amount = !nl_means_concentration(l, i);
  if (m->role == NL_SOLVED && !m->fast) {
    *out = begin_now(l, m->solution);
  } else if (m->free >= 0 && !l->plain) {
    *out = to_held(l, i, ir_param(l->graph, l->count + m->free), means_amount);
  } else if (m->role == NL_PARAMETER) {
    *out = to_held(l, i, ir_param(l->graph, i), y->value_is_amount);
  } else if (y->initial >= 0) {
    *out = to_held(l, i, begin_now(l, nl_now_node(l, y->initial)), means_amount);
  } else if (!isnan(y->value)) {
    *out = to_held(l, i, nl_number(l, y->value), y->value_is_amount);
  } else if (m->role == NL_ALGEBRAIC) {
    *out = nl_number(l, 1); /* where the search for it begins */
  } else {
    return nl_fail(l, i, GM_EPARSE, "%.100s has no value at the start", y->name);
  }
  return GM_OK;
}

/* f with another time, by a pass over it. */
static ir_ref at_time(lowering *l, ir_ref f, ir_ref time)
{
  ir_graph *g = l->graph;
  bool *used = ir_used(g, f);
  ir_ref *map = used ? gm_alloc(l->ctx, (ptrdiff_t)f + 1, sizeof *map) : NULL, r = IR_NONE;
  if (used && !map) g->status = gm_fail(l->ctx, GM_ENOMEM, "values at the start");
  for (ir_ref i = 0; map && i <= f; i++) {
    ir_node n = g->node[i];
    if (!used[i]) continue;
    if (n.op == IR_TIME)
      map[i] = time;
    else if (ir_operands(n.op) == 0)
      map[i] = i;
    else
      map[i] =
          ir_make(g, n.op, map[n.a], n.b >= 0 ? map[n.b] : IR_NONE, n.c >= 0 ? map[n.c] : IR_NONE);
  }
  if (map) r = map[f];
  gm_free(map);
  gm_free(used);
  return r;
}

/* delay(x, lag) at the start: x before it, with everything held as at the start but time. */
static gm_status delayed(lowering *l, int32_t i, ir_ref *out)
{
  const net_delay *d = &l->n->delay[i];
  ir_ref what = begin_now(l, nl_now_node(l, d->what)), lag = begin_now(l, nl_now_node(l, d->lag));
  if (l->start.waiting || what < 0 || lag < 0) return GM_OK; /* the walk finds out why */
  *out = at_time(l, what, nl_bin(l, IR_SUB, ir_time(l->graph), lag));
  return nl_worked(l, what, -1, "delays");
}

static gm_status node(lowering *l, int32_t i, ir_ref *out)
{
  ir_node n = l->graph->node[i];
  if (n.op == IR_STATE) {
    if (n.index < l->count && l->symbol[n.index].role == NL_ALGEBRAIC)
      return nl_fail(l, n.index, GM_EUNSUPPORTED,
                     "a value at the start hangs on %.100s, which algebraic rules solve for only "
                     "when the model runs",
                     l->n->symbol[n.index].name);
    *out = begin(l, n.index);
  } else if (n.op == IR_DELAYED) {
    return delayed(l, n.index, out);
  } else if (ir_operands(n.op) == 0) {
    *out = i;
  } else {
    *out = nl_remake(&l->start, l->graph, i, l->graph);
  }
  return GM_OK;
}

static gm_status visit(lowering *l, int32_t thing, ir_ref *out)
{
  int32_t i = thing - l->start.node_count;
  return i < 0 ? node(l, thing, out) : begin_of(l, i, out);
}

static gm_status walk_new(lowering *l, nl_walk *w)
{
  int32_t nodes = l->graph->count;
  return nl_walk_init(w, l->ctx, l->graph, nodes, nodes + l->count, visit, "values at the start");
}

gm_status nl_start_of(lowering *l, ir_ref now, ir_ref *out)
{
  if (now < l->start.node_count) return nl_walk_run(l, &l->start, now, out);
  return gm_fail(l->ctx, GM_EINTERNAL, "an expression that came too late for its start");
}

gm_status nl_start(lowering *l)
{
  gm_status s = walk_new(l, &l->start);
  for (int32_t i = 0; i < l->count && !s; i++) {
    uint8_t r = l->symbol[i].role;
    ir_ref out;
    if (r == NL_RULE || r == NL_REACTION || r == NL_SOLVED) continue;
    s = nl_walk_run(l, &l->start, l->start.node_count + i, &out);
  }
  return s;
}

/* ---- numbers -------------------------------------------------------------------------------- */
static double nominal_parameter(const lowering *l, int32_t i)
{
  return i < l->count ? l->n->symbol[i].value : l->free_value[i - l->count];
}

/* map[i]: node i with parameters as stated, so that it folds; IR_NONE where it has no number. */
static void fold_node(lowering *l, ir_ref i, ir_ref *map)
{
  ir_graph *g = l->graph;
  ir_node n = g->node[i];
  double v = NAN;
  if (n.op == IR_PARAM) v = nominal_parameter(l, n.index);
  if (n.op == IR_TIME) v = 0;
  if (n.op == IR_CONST) v = n.value;
  if (ir_operands(n.op) == 0)
    map[i] = isnan(v) ? IR_NONE : ir_const(g, v);
  else /* IR_NONE in gives IR_NONE */
    map[i] =
        ir_make(g, n.op, map[n.a], n.b >= 0 ? map[n.b] : IR_NONE, n.c >= 0 ? map[n.c] : IR_NONE);
}

/* Marks the nodes behind f. */
static void mark_used(const ir_graph *g, const ir_ref *f, int32_t count, bool *used)
{
  for (int32_t i = 0; i < count; i++)
    if (f[i] >= 0) used[f[i]] = true;
  for (ir_ref i = g->count - 1; i >= 0; i--) {
    const ir_node *n = &g->node[i];
    if (!used[i]) continue;
    if (n->a >= 0) used[n->a] = true;
    if (n->b >= 0) used[n->b] = true;
    if (n->c >= 0) used[n->c] = true;
  }
}

gm_status nl_nominal(lowering *l, const ir_ref *f, int32_t count, double *out)
{
  ir_graph *g = l->graph;
  int32_t nodes = g->count;
  bool *used = gm_alloc(l->ctx, nodes, sizeof *used);
  ir_ref *map = used ? gm_alloc(l->ctx, nodes, sizeof *map) : NULL;
  gm_status s = map ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "values at the start");
  if (!s) mark_used(g, f, count, used);
  for (ir_ref i = 0; i < nodes && !s; i++)
    if (used[i]) fold_node(l, i, map);
  for (int32_t i = 0; i < count && !s; i++) {
    ir_ref r = f[i] < 0 ? IR_NONE : map[f[i]];
    out[i] = r >= 0 && g->node[r].op == IR_CONST ? g->node[r].value : NAN;
  }
  gm_free(used);
  gm_free(map);
  return s ? s : g->status;
}

/* ---- free initial values -------------------------------------------------------------------- */
/* What the symbol means at the start, from a walk in which nothing is free. */
static gm_status plain_values(lowering *l, ir_ref *value)
{
  gm_status s = walk_new(l, &l->start);
  for (int32_t k = 0; k < l->config->free_initial_count && !s; k++) {
    s = nl_walk_run(l, &l->start, nl_now_value(l, l->free_symbol[k]), &value[k]);
    if (s)
      s = gm_fail_at(l->ctx, s, "the value at the start of %.100s", l->config->free_initial[k]);
  }
  return s;
}

gm_status nl_start_free(lowering *l)
{
  int32_t count = l->config->free_initial_count;
  if (count == 0) return GM_OK;
  ir_ref *value = gm_alloc(l->ctx, count, sizeof *value);
  if (!value) return gm_fail(l->ctx, GM_ENOMEM, "values at the start");
  l->plain = true;
  gm_status s = plain_values(l, value);
  l->plain = false;
  nl_walk_free(&l->start);
  for (int32_t k = 0; k < count; k++) l->free_value[k] = NAN;
  if (!s) s = nl_nominal(l, value, count, l->free_value);
  for (int32_t k = 0; k < count && !s; k++)
    if (isnan(l->free_value[k]) && l->n->symbol[l->free_symbol[k]].initial >= 0)
      s = net_fail(l->n, 0, GM_EDOMAIN,
                   "the value at the start of %.100s is not a number with the parameters as stated",
                   l->config->free_initial[k]);
  gm_free(value);
  return s;
}
