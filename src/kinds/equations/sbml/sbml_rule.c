/* sbml_rule.c - initial assignments, rules and events. An element without formula, or with an empty
 * one, has no effect (SBML L3V2, sections 4.8 to 4.11). Constraints are read by nobody: they state
 * what should hold and change nothing. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <stdio.h>
#include <string.h>

/* The symbol that a formula sets; NULL: r->status is set. */
static net_symbol *target(sbml_reader *r, const char *id, bool at_start)
{
  int32_t i = id ? net_find(&r->net, id, strlen(id)) : -1;
  net_symbol *s = i < 0 ? NULL : &r->net.symbol[i];
  if (!s)
    (void)sbml_fail(r, GM_EPARSE, "nothing is called \"%.60s\"", id ? id : "");
  else if (s->kind == NET_REACTION)
    (void)sbml_fail(r, GM_EPARSE, "a reaction cannot be set");
  else if (s->constant && !at_start)
    (void)sbml_fail(r, GM_EPARSE, "%.60s is constant and cannot be set", id);
  return r->status ? NULL : s;
}

void sbml_assignments_read(sbml_reader *r)
{
  unsigned count = Model_getNumInitialAssignments(r->model);
  r->assigned = gm_alloc(r->ctx, r->net.symbol_count, sizeof *r->assigned);
  if (!r->assigned) (void)sbml_fail(r, GM_ENOMEM, "initial assignments");
  for (unsigned i = 0; i < count && !r->status; i++) {
    InitialAssignment_t *e = Model_getInitialAssignment(r->model, i);
    const char *id = InitialAssignment_getSymbol(e);
    sbml_at(r, e, "the initial assignment of", id);
    net_symbol *s = target(r, id, true);
    if (!s) return;
    r->draws = true;
    ir_ref v = sbml_formula(r, InitialAssignment_getMath(e));
    r->draws = false;
    if (v < 0) continue;
    if (r->assigned[s - r->net.symbol]) (void)sbml_fail(r, GM_EPARSE, "there are two of them");
    r->assigned[s - r->net.symbol] = true;
    s->initial = v;
  }
}

/* ---- rules ----------------------------------------------------------------------------------- */
static void rule_read(sbml_reader *r, Rule_t *e)
{
  if (Rule_isAlgebraic(e)) {
    sbml_at(r, e, "an algebraic rule", NULL);
    ir_ref zero = sbml_formula(r, Rule_getMath(e));
    if (zero >= 0) r->status = net_algebraic_add(&r->net, zero);
    return;
  }
  const char *id = Rule_getVariable(e);
  bool rate = Rule_isRate(e);
  sbml_at(r, e, rate ? "the rate rule of" : "the assignment rule of", id);
  net_symbol *s = target(r, id, false);
  if (!s) return;
  ir_ref v = sbml_formula(r, Rule_getMath(e));
  if (v < 0) return;
  if (s->rule >= 0 || s->rate >= 0)
    (void)sbml_fail(r, GM_EPARSE, "there is another rule for it");
  else if (rate)
    s->rate = v;
  else
    s->rule = v;
}

/* Level 1 cannot say that something is constant: a parameter or a compartment without rule is, so
 * that an algebraic rule is about species (as level 2 reads such a model). */
static void still_set(net *n)
{
  for (int32_t i = 0; i < n->symbol_count; i++) {
    net_symbol *s = &n->symbol[i];
    bool still = s->kind == NET_PARAMETER || s->kind == NET_COMPARTMENT;
    if (still && s->rule < 0 && s->rate < 0) s->constant = true;
  }
}

void sbml_rules_read(sbml_reader *r)
{
  unsigned count = Model_getNumRules(r->model);
  for (unsigned i = 0; i < count && !r->status; i++) rule_read(r, Model_getRule(r->model, i));
  if (r->level == 1) still_set(&r->net);
}

/* ---- events ---------------------------------------------------------------------------------- */
/* Levels 1 and 2 have neither of these: a trigger that holds at the start does not fire then, and
 * what is scheduled stays so (L3V2, section 4.11.2, on earlier levels). */
static void trigger_read(sbml_reader *r, Event_t *e, net_event *n)
{
  const Trigger_t *t = Event_getTrigger(e);
  n->initial = n->persistent = true;
  if (!t) return;
  if (r->level == 3) {
    n->initial = Trigger_getInitialValue(t);
    n->persistent = Trigger_getPersistent(t);
  }
  n->trigger = sbml_formula(r, Trigger_getMath(t));
}

static void assignment_read(sbml_reader *r, EventAssignment_t *e)
{
  const char *id = EventAssignment_getVariable(e);
  sbml_at(r, e, "the event assignment of", id);
  net_symbol *s = target(r, id, false);
  if (!s) return;
  r->draws = true;
  ir_ref v = sbml_formula(r, EventAssignment_getMath(e));
  r->draws = false;
  if (v >= 0) r->status = net_assign_add(&r->net, (int32_t)(s - r->net.symbol), v);
}

static void event_read(sbml_reader *r, Event_t *e, unsigned number)
{
  char name[40];
  int32_t i;
  const char *id = Event_getId(e);
  snprintf(name, sizeof name, "event %u", number + 1);
  sbml_at(r, e, "event", id && id[0] ? id : NULL);
  r->status = net_event_add(&r->net, id && id[0] ? id : name, &i);
  if (r->status) return;
  net_event *n = &r->net.event[i];
  n->line = r->line;
  n->at_trigger = r->level == 1 || Event_getUseValuesFromTriggerTime(e);
  trigger_read(r, e, n);
  const Delay_t *d = Event_getDelay(e);
  const Priority_t *p = Event_getPriority(e);
  if (d) n->delay = sbml_formula(r, Delay_getMath(d));
  if (p) n->priority = sbml_formula(r, Priority_getMath(p));
  for (unsigned k = 0; k < Event_getNumEventAssignments(e) && !r->status; k++)
    assignment_read(r, Event_getEventAssignment(e, k));
}

void sbml_events_read(sbml_reader *r)
{
  unsigned count = Model_getNumEvents(r->model);
  for (unsigned i = 0; i < count && !r->status; i++) event_read(r, Model_getEvent(r->model, i), i);
}
