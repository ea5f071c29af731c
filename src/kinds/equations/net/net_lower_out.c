/* net_lower_out.c - the result: its tables filled with expressions of "now" and "start", and these
 * then carried over into a graph of its own that holds nothing else. */
#include "kinds/equations/net/net_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- the tables, in expressions of the network's graph -------------------------------------- */
static gm_status make_room(lowering *l)
{
  eq_source *o = l->out;
  int32_t parameters = o->parameter_count + o->derived_count;
  o->state = gm_alloc(l->ctx, o->state_count, sizeof *o->state);
  o->rate = gm_alloc(l->ctx, o->state_count, sizeof *o->rate);
  o->slow = gm_alloc(l->ctx, o->state_count, sizeof *o->slow);
  o->initial = gm_alloc(l->ctx, o->state_count, sizeof *o->initial);
  o->kind = gm_alloc(l->ctx, o->state_count, sizeof *o->kind);
  o->parameter = gm_alloc(l->ctx, parameters, sizeof *o->parameter);
  o->derived = gm_alloc(l->ctx, parameters, sizeof *o->derived);
  if (!o->state || !o->rate || !o->slow || !o->initial || !o->kind || !o->parameter || !o->derived)
    return gm_fail(l->ctx, GM_ENOMEM, "tables of the model");
  for (int32_t i = 0; i < parameters; i++) o->derived[i] = IR_NONE;
  return GM_OK;
}

static ir_ref start_of(const lowering *l, int32_t i)
{
  if (i >= l->count) return l->pool_start[i - l->count];
  return l->start.result[l->start.node_count + i];
}

static void state_row(lowering *l, int32_t i)
{
  eq_source *o = l->out;
  int32_t k = l->symbol[i].state;
  ir_ref zero = nl_number(l, 0);
  o->initial[k] = start_of(l, i);
  o->slow[k] = zero;
  switch ((nl_role)l->symbol[i].role) {
  case NL_RATE: o->rate[k] = o->slow[k] = nl_now_rate(l, i); break;
  case NL_AMOUNT: o->rate[k] = nl_now_rate(l, i); break;
  case NL_POOL: o->rate[k] = l->pool_rate[i - l->count]; break;
  case NL_ALGEBRAIC:
    o->rate[k] = l->row[l->symbol[i].row];
    o->kind[k] = EQ_STATE_ALGEBRAIC;
    return;
  default:
    o->rate[k] = zero;
    o->kind[k] = EQ_STATE_HELD;
    return;
  }
  o->kind[k] = EQ_STATE_RATE;
}

static gm_status fill(lowering *l)
{
  gm_status s = make_room(l);
  if (s) return s;
  for (int32_t i = 0; i < l->count + l->pool_count; i++)
    if (nl_is_state(l, i)) state_row(l, i);
  for (int32_t i = 0; i < l->count && !s; i++)
    if (l->symbol[i].role == NL_DERIVED && l->symbol[i].parameter >= 0)
      s = nl_start_of(l, nl_now_value(l, i), &l->out->derived[l->symbol[i].parameter]);
  if (!s) s = nl_names(l);
  if (!s) s = nl_events(l);
  if (!s) s = nl_channels(l);
  if (!s) s = nl_outputs(l);
  return s ? s : l->graph->status;
}

/* Values of parameters that are worked out, and of states that begin with a number. */
static gm_status nominal_values(lowering *l)
{
  eq_source *o = l->out;
  int32_t first = o->parameter_count;
  double *value = gm_alloc(l->ctx, o->derived_count, sizeof *value);
  if (!value) return gm_fail(l->ctx, GM_ENOMEM, "values at the start");
  gm_status s = nl_nominal(l, o->derived + first, o->derived_count, value);
  for (int32_t k = 0; k < o->derived_count && !s; k++) o->parameter[first + k].value = value[k];
  for (int32_t k = 0; k < o->state_count && !s; k++) {
    const ir_node *n = &l->graph->node[o->initial[k]];
    if (n->op == IR_CONST) o->state[k].value = n->value;
  }
  gm_free(value);
  return s;
}

/* ---- into the graph of the result ----------------------------------------------------------- */
static gm_status state_leaf(lowering *l, int32_t i, ir_ref *out)
{
  if (nl_is_state(l, i)) {
    *out = ir_state(&l->out->graph, l->symbol[i].state);
    return GM_OK;
  }
  ir_ref as = l->symbol[i].role == NL_SOLVED ? l->symbol[i].solution : start_of(l, i);
  assert(as >= 0);
  *out = nl_need(&l->final, as);
  return GM_OK;
}

static gm_status parameter_leaf(lowering *l, int32_t i, ir_ref *out)
{
  int32_t first = l->out->parameter_count - l->config->free_initial_count;
  if (i < l->count && l->symbol[i].parameter < 0)
    return nl_fail(l, i, GM_EPARSE, "%.100s is used, but it has no value", l->n->symbol[i].name);
  *out = ir_param(&l->out->graph, i < l->count ? l->symbol[i].parameter : first + (i - l->count));
  return GM_OK;
}

static int32_t delay_number(lowering *l, int32_t i)
{
  if (l->delay_index[i] < 0) {
    l->delay_index[i] = l->delay_live_count;
    l->delay_live[l->delay_live_count++] = i;
  }
  return l->delay_index[i];
}

static gm_status visit(lowering *l, int32_t thing, ir_ref *out)
{
  ir_graph *g = &l->out->graph;
  const ir_node *n = &l->graph->node[thing];
  switch (n->op) {
  case IR_CONST: *out = ir_const(g, n->value); return GM_OK;
  case IR_TIME: *out = ir_time(g); return GM_OK;
  case IR_STATE: return state_leaf(l, n->index, out);
  case IR_PARAM: return parameter_leaf(l, n->index, out);
  case IR_DELAYED: *out = ir_leaf(g, IR_DELAYED, delay_number(l, n->index)); return GM_OK;
  case IR_UNIFORM: *out = ir_leaf(g, IR_UNIFORM, n->index); return GM_OK;
  default: break;
  }
  if (ir_operands(n->op) == 0)
    return gm_fail(l->ctx, GM_EINTERNAL, "a name was left over in an expression");
  *out = nl_remake(&l->final, l->graph, thing, g);
  return GM_OK;
}

static gm_status carry(lowering *l, ir_ref *f)
{
  return *f < 0 ? GM_OK : nl_walk_run(l, &l->final, *f, f);
}

static gm_status carry_all(lowering *l, ir_ref *f, int32_t count)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) s = carry(l, &f[i]);
  return s;
}

static gm_status carry_assigned(lowering *l, eq_assign *a, int32_t count)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) s = carry(l, &a[i].value);
  return s;
}

static gm_status carry_events(lowering *l)
{
  eq_source *o = l->out;
  gm_status s = carry_assigned(l, o->assign, o->assign_count);
  for (int32_t i = 0; i < o->event_count && !s; i++) {
    s = carry(l, &o->event[i].trigger);
    if (!s) s = carry(l, &o->event[i].delay);
    if (!s) s = carry(l, &o->event[i].priority);
  }
  if (!s) s = carry_assigned(l, o->change, o->change_count);
  for (int32_t i = 0; i < o->channel_count && !s; i++) s = carry(l, &o->channel[i].propensity);
  return s;
}

/* Delays that are in use; what they delay may use more of them. */
static gm_status carry_delays(lowering *l)
{
  eq_source *o = l->out;
  o->delay = gm_alloc(l->ctx, l->n->delay_count, sizeof *o->delay);
  if (!o->delay) return gm_fail(l->ctx, GM_ENOMEM, "delays");
  gm_status s = GM_OK;
  for (int32_t i = 0; i < l->delay_live_count && !s; i++) {
    const net_delay *d = &l->n->delay[l->delay_live[i]];
    eq_delay r = {nl_now_node(l, d->what), nl_now_node(l, d->lag), nl_now_node(l, d->before)};
    s = carry(l, &r.what);
    if (!s) s = carry(l, &r.before);
    if (!s) s = carry(l, &r.lag);
    o->delay[i] = r;
    o->delay_count = i + 1;
  }
  return s;
}

static gm_status carry_over(lowering *l)
{
  eq_source *o = l->out;
  gm_status s = ir_graph_init(&o->graph, l->ctx);
  int32_t nodes = l->graph->count;
  if (!s) s = nl_walk_init(&l->final, l->ctx, &o->graph, nodes, nodes, visit, "rules");
  if (!s) s = carry_all(l, o->rate, o->state_count);
  if (!s) s = carry_all(l, o->slow, o->state_count);
  if (!s) s = carry_all(l, o->initial, o->state_count);
  if (!s) s = carry_all(l, o->derived, o->parameter_count + o->derived_count);
  if (!s) s = carry_all(l, o->value, o->output_count);
  if (!s) s = carry_events(l);
  return s ? s : carry_delays(l);
}

/* ---- what draws may be in ------------------------------------------------------------------- */
static gm_status no_draw(lowering *l, const bool *drawn, ir_ref f, const char *what,
                         const char *name)
{
  if (f < 0 || !drawn[f]) return GM_OK;
  return net_fail(l->n, 0, GM_EUNSUPPORTED,
                  "%s %.100s hangs on a random draw: draws are made at the start and in event "
                  "assignments only",
                  what, name);
}

static gm_status check_events(lowering *l, const bool *drawn)
{
  const eq_source *o = l->out;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < o->event_count && !s; i++) {
    const eq_event *e = &o->event[i];
    s = no_draw(l, drawn, e->trigger, "the trigger of", e->name);
    if (!s) s = no_draw(l, drawn, e->delay, "the delay of", e->name);
    if (!s) s = no_draw(l, drawn, e->priority, "the priority of", e->name);
  }
  for (int32_t i = 0; i < o->delay_count && !s; i++) {
    s = no_draw(l, drawn, o->delay[i].what, "what is delayed", "");
    if (!s) s = no_draw(l, drawn, o->delay[i].lag, "a delay", "");
  }
  return s;
}

static void mark_drawn(const ir_graph *g, bool *drawn)
{
  for (int32_t i = 0; i < g->count; i++) {
    const ir_node *n = &g->node[i];
    drawn[i] = n->op == IR_UNIFORM || (n->a >= 0 && drawn[n->a]) || (n->b >= 0 && drawn[n->b]) ||
               (n->c >= 0 && drawn[n->c]);
  }
}

static gm_status check_draws(lowering *l)
{
  const eq_source *o = l->out;
  if (l->n->uniform_count == 0) return GM_OK;
  bool *drawn = gm_alloc(l->ctx, o->graph.count, sizeof *drawn);
  if (!drawn) return gm_fail(l->ctx, GM_ENOMEM, "random draws");
  mark_drawn(&o->graph, drawn);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < o->state_count && !s; i++)
    s = no_draw(l, drawn, o->rate[i], "the slope of", o->state[i].name);
  for (int32_t i = 0; i < o->output_count && !s; i++)
    s = no_draw(l, drawn, o->value[i], "the value of", o->output[i].name);
  for (int32_t i = 0; i < o->channel_count && !s; i++)
    s = no_draw(l, drawn, o->channel[i].propensity, "reaction", o->channel[i].name);
  if (!s) s = check_events(l, drawn);
  gm_free(drawn);
  return s;
}

gm_status nl_out(lowering *l)
{
  gm_status s = nl_order(l);
  if (!s) s = fill(l);
  if (!s) s = nominal_values(l);
  if (!s) s = carry_over(l);
  if (!s) s = check_draws(l);
  l->out->uniform_count = l->n->uniform_count;
  return s ? s : nl_unitless(l);
}
