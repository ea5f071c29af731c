/* net_lower_event.c - events and channels, in expressions of "now". */
#include "kinds/equations/net/net_internal.h"
#include "kinds/equations/tables.h"
#include <assert.h>

/* ---- events --------------------------------------------------------------------------------- */
typedef struct {
  lowering *l;
  ir_ref *with; /* [symbols] what the event in hand gives to species of fast reactions */
  int32_t room; /* of out->assign */
} assigning;

static bool converts(const lowering *l, int32_t i)
{
  return l->symbol[i].holds_amount && nl_means_concentration(l, i);
}

/* A concentration that is set makes an amount with the size its compartment has before the event,
 * also where the same event sets that size: all assignments see the model as it was (SBML L3V2,
 * section 4.11.5; cases 01779 and 01780 of the SBML Test Suite). */
static gm_status size_before(assigning *a, const net_event *e, int32_t species, ir_ref *out)
{
  lowering *l = a->l;
  int32_t c = l->n->symbol[species].compartment;
  if (!nl_is_constant(l, c) && e->delay >= 0 && e->at_trigger)
    return net_fail(l->n, e->line, GM_EUNSUPPORTED,
                    "delayed event %.100s sets the concentration %.100s, worked out when it is "
                    "triggered, in a compartment that changes meanwhile",
                    e->name, l->n->symbol[species].name);
  *out = nl_now_value(l, c);
  return GM_OK;
}

static gm_status add(assigning *a, int32_t symbol, ir_ref value)
{
  eq_source *o = a->l->out;
  gm_status s = eq_room(a->l->ctx, &o->assign, o->assign_count, &a->room, sizeof *o->assign);
  if (s) return s;
  assert(a->l->symbol[symbol].state >= 0);
  o->assign[o->assign_count++] = (eq_assign){a->l->symbol[symbol].state, value};
  return GM_OK;
}

/* What IR_STATE of the assignment's symbol becomes. */
static gm_status held_after(assigning *a, const net_event *e, const net_assign *as, ir_ref *out)
{
  lowering *l = a->l;
  ir_ref v = nl_now_node(l, as->value), size = IR_NONE;
  if (!converts(l, as->symbol)) {
    *out = v;
    return GM_OK;
  }
  gm_status s = size_before(a, e, as->symbol, &size);
  if (!s) *out = nl_bin(l, IR_MUL, v, size);
  return s ? s : l->graph->status;
}

/* Species under fast reactions: what they gain goes to the pools they are in. */
static gm_status assign_pools(assigning *a)
{
  lowering *l = a->l;
  for (int32_t p = 0; p < l->pool_count; p++) {
    ir_ref sum = IR_NONE;
    for (int32_t f = 0; f < l->fast_count; f++) {
      int32_t i = l->fast[f];
      ir_ref weight = l->pool_weight[(ptrdiff_t)p * l->fast_count + f];
      if (a->with[i] < 0 || nl_is_number(l, weight, 0)) continue;
      ir_ref gain = nl_bin(l, IR_SUB, a->with[i], ir_leaf(l->graph, IR_STATE, i));
      ir_ref pool = sum >= 0 ? sum : ir_leaf(l->graph, IR_STATE, l->count + p);
      sum = nl_bin(l, IR_ADD, pool, nl_bin(l, IR_MUL, weight, gain));
    }
    gm_status s = l->graph->status;
    if (!s && sum >= 0) s = add(a, l->count + p, sum);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status assign_all(assigning *a, const net_event *e)
{
  lowering *l = a->l;
  const net_assign *as = l->n->assign + e->assign;
  bool pools = false;
  gm_status s = GM_OK;
  for (int32_t k = 0; k < e->assign_count && !s; k++) {
    ir_ref v = IR_NONE;
    s = held_after(a, e, &as[k], &v);
    if (s) break;
    if (l->symbol[as[k].symbol].fast) {
      pools = true;
      a->with[as[k].symbol] = v;
    } else {
      s = add(a, as[k].symbol, v);
    }
  }
  if (!s && pools) s = assign_pools(a);
  for (int32_t k = 0; k < e->assign_count; k++) a->with[as[k].symbol] = IR_NONE;
  return s;
}

static gm_status event(assigning *a, const net_event *e)
{
  lowering *l = a->l;
  eq_source *o = l->out;
  if (e->trigger < 0 || e->assign_count == 0) return GM_OK; /* it changes nothing */
  eq_event r = {.trigger = nl_now_node(l, e->trigger),
                .delay = nl_now_node(l, e->delay),
                .priority = nl_now_node(l, e->priority),
                .initial = e->initial,
                .persistent = e->persistent,
                .at_trigger = e->at_trigger,
                .assign = o->assign_count};
  gm_status s = assign_all(a, e);
  if (s) return s;
  r.assign_count = o->assign_count - r.assign;
  if (r.assign_count == 0) return GM_OK;
  r.name = gm_strdup(l->ctx, e->name);
  if (!r.name) return gm_fail(l->ctx, GM_ENOMEM, "an event");
  o->event[o->event_count++] = r;
  return GM_OK;
}

gm_status nl_events(lowering *l)
{
  const net *n = l->n;
  if (n->event_count == 0) return GM_OK;
  assigning a = {.l = l, .with = gm_alloc(l->ctx, l->count, sizeof *a.with)};
  l->out->event = gm_alloc(l->ctx, n->event_count, sizeof *l->out->event);
  gm_status s = a.with && l->out->event ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "events");
  for (int32_t i = 0; i < l->count && !s; i++) a.with[i] = IR_NONE;
  for (int32_t i = 0; i < n->event_count && !s; i++) s = event(&a, &n->event[i]);
  gm_free(a.with);
  return s;
}

/* ---- channels ------------------------------------------------------------------------------- */
/* place [symbols]: the change of the reaction in hand that is about a species, + 1. */
static void changes(lowering *l, const net_reaction *r, eq_channel *c, int32_t *place)
{
  const net *n = l->n;
  eq_source *o = l->out;
  c->change = o->change_count;
  for (int32_t k = r->part; k < r->part + r->part_count; k++) {
    int32_t i = n->part[k].species;
    if (l->symbol[i].role != NL_AMOUNT || !l->symbol[i].moves) continue;
    ir_ref by = nl_now_node(l, n->part[k].by);
    if (n->symbol[i].conversion >= 0)
      by = nl_bin(l, IR_MUL, nl_now_value(l, n->symbol[i].conversion), by);
    if (place[i] == 0) {
      o->change[o->change_count++] = (eq_assign){l->symbol[i].state, by};
      place[i] = o->change_count;
    } else {
      eq_assign *there = &o->change[place[i] - 1];
      there->value = nl_bin(l, IR_ADD, there->value, by);
    }
  }
  c->change_count = o->change_count - c->change;
  for (int32_t k = r->part; k < r->part + r->part_count; k++) place[n->part[k].species] = 0;
}

static gm_status all_channels(lowering *l, int32_t *place)
{
  const net *n = l->n;
  eq_source *o = l->out;
  for (int32_t i = 0; i < n->reaction_count; i++) {
    const net_reaction *r = &n->reaction[i];
    if (r->rate < 0) continue;
    eq_channel *c = &o->channel[o->channel_count];
    c->name = gm_strdup(l->ctx, n->symbol[r->symbol].name);
    if (!c->name) return gm_fail(l->ctx, GM_ENOMEM, "a reaction");
    o->channel_count++;
    c->propensity = nl_now_value(l, r->symbol);
    c->reversible = r->reversible;
    changes(l, r, c, place);
  }
  return l->graph->status;
}

/* With fast reactions there are none: their species are not states. */
gm_status nl_channels(lowering *l)
{
  const net *n = l->n;
  if (n->reaction_count == 0 || l->fast_count > 0) return GM_OK;
  int32_t *place = gm_alloc(l->ctx, l->count, sizeof *place);
  l->out->channel = gm_alloc(l->ctx, n->reaction_count, sizeof *l->out->channel);
  l->out->change = gm_alloc(l->ctx, n->part_count, sizeof *l->out->change);
  gm_status s = place && l->out->channel && l->out->change
                    ? all_channels(l, place)
                    : gm_fail(l->ctx, GM_ENOMEM, "reactions");
  gm_free(place);
  return s;
}
