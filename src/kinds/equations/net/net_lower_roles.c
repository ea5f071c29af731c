/* net_lower_roles.c - what each symbol of a network is: a parameter, a state, a rule, ... */
#include "kinds/equations/net/net_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

gm_status nl_fail(const lowering *l, int32_t symbol, gm_status s, const char *format, ...)
{
  char text[800];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  return net_fail(l->n, symbol >= 0 && symbol < l->count ? l->n->symbol[symbol].line : 0, s, "%s",
                  text);
}

gm_status nl_worked(lowering *l, ir_ref nodes, int32_t symbol, const char *what)
{
  l->work += (int64_t)nodes + 1;
  if (l->work <= NL_WORK_MAX) return GM_OK;
  return nl_fail(l, symbol, GM_ERANGE, "%s that are too large together", what);
}

bool nl_means_concentration(const lowering *l, int32_t symbol)
{
  if (symbol >= l->count) return false; /* pools are amounts */
  const net_symbol *y = &l->n->symbol[symbol];
  return y->kind == NET_SPECIES && !y->amount_only && y->compartment >= 0 &&
         l->n->symbol[y->compartment].dimensions != 0;
}

bool nl_is_constant(const lowering *l, int32_t symbol)
{
  return l->symbol[symbol].role == NL_PARAMETER || l->symbol[symbol].role == NL_DERIVED;
}

bool nl_is_state(const lowering *l, int32_t symbol)
{
  uint8_t r = l->symbol[symbol].role;
  return r == NL_RATE || r == NL_AMOUNT || r == NL_HELD || r == NL_ALGEBRAIC || r == NL_POOL;
}

/* ---- what changes what ---------------------------------------------------------------------- */
/* Species by the reactions they are in: a list of parts for each. */
static gm_status index_parts(lowering *l)
{
  net *n = l->n;
  for (int32_t i = 0; i < n->reaction_count; i++) {
    const net_reaction *r = &n->reaction[i];
    l->symbol[r->symbol].reaction = i;
    for (int32_t k = r->part; k < r->part + r->part_count; k++) l->part_reaction[k] = i;
  }
  for (int32_t k = 0; k < n->part_count; k++) {
    if (n->part[k].species < 0 || n->part[k].species >= l->count ||
        n->symbol[n->part[k].species].kind != NET_SPECIES)
      return net_fail(n, n->symbol[n->reaction[l->part_reaction[k]].symbol].line, GM_EPARSE,
                      "reaction %.100s: its parts must be species",
                      n->symbol[n->reaction[l->part_reaction[k]].symbol].name);
    l->symbol[n->part[k].species].part++;
  }
  int32_t sum = 0; /* counts become ends, and ends become beginnings while the list is filled */
  for (int32_t i = 0; i < l->count; i++) {
    sum += l->symbol[i].part;
    l->symbol[i].part = sum;
  }
  for (int32_t k = n->part_count - 1; k >= 0; k--)
    l->part_of[--l->symbol[n->part[k].species].part] = k;
  return GM_OK;
}

static void mark_moves(lowering *l)
{
  const net *n = l->n;
  for (int32_t k = 0; k < n->part_count; k++) {
    const net_symbol *y = &n->symbol[n->part[k].species];
    const net_reaction *r = &n->reaction[l->part_reaction[k]];
    if (y->boundary || y->constant) continue;
    l->symbol[n->part[k].species].moves = true;
    if (r->fast && r->rate >= 0) l->symbol[n->part[k].species].fast = true;
  }
}

static gm_status mark_event(lowering *l, const net_event *e)
{
  const net *n = l->n;
  for (int32_t k = e->assign; k < e->assign + e->assign_count; k++) {
    int32_t i = n->assign[k].symbol;
    const net_symbol *y = &n->symbol[i];
    if (y->constant)
      return net_fail(n, e->line, GM_EPARSE, "event %.100s: %.100s is constant", e->name, y->name);
    if (y->rule >= 0)
      return net_fail(n, e->line, GM_EPARSE,
                      "event %.100s: %.100s has an assignment rule and cannot be set", e->name,
                      y->name);
    if (y->kind == NET_REACTION)
      return net_fail(n, e->line, GM_EPARSE, "event %.100s: reaction %.100s cannot be set", e->name,
                      y->name);
    l->symbol[i].jumps = true;
  }
  return GM_OK;
}

/* No symbol is set twice by one event. `last` [symbols] tells which event set it last. */
static gm_status assigned_once(lowering *l, int32_t *last)
{
  const net *n = l->n;
  for (int32_t e = 0; e < n->event_count; e++)
    for (int32_t k = 0; k < n->event[e].assign_count; k++) {
      int32_t i = n->assign[n->event[e].assign + k].symbol;
      if (last[i] == e + 1)
        return net_fail(n, n->event[e].line, GM_EPARSE, "event %.100s sets %.100s twice",
                        n->event[e].name, n->symbol[i].name);
      last[i] = e + 1;
    }
  return GM_OK;
}

static gm_status mark_events(lowering *l)
{
  const net *n = l->n;
  gm_status s = GM_OK;
  for (int32_t e = 0; e < n->event_count && !s; e++) s = mark_event(l, &n->event[e]);
  if (s || n->event_count == 0) return s;
  int32_t *last = gm_alloc(l->ctx, l->count, sizeof *last);
  if (!last) return gm_fail(l->ctx, GM_ENOMEM, "events");
  s = assigned_once(l, last);
  gm_free(last);
  return s;
}

/* ---- roles ---------------------------------------------------------------------------------- */
static gm_status one_rule_only(const lowering *l, int32_t i)
{
  const net_symbol *y = &l->n->symbol[i];
  if (y->rule >= 0 && y->rate >= 0)
    return nl_fail(l, i, GM_EPARSE, "%.100s has an assignment rule and a rate rule", y->name);
  if (y->rule >= 0 && y->initial >= 0)
    return nl_fail(l, i, GM_EPARSE, "%.100s has an assignment rule and an initial assignment",
                   y->name);
  if (l->symbol[i].moves && (y->rule >= 0 || y->rate >= 0))
    return nl_fail(l, i, GM_EPARSE,
                   "%.100s has a rule and is changed by reactions: one of them, or a boundary "
                   "species",
                   y->name);
  if (y->constant && (y->rule >= 0 || y->rate >= 0))
    return nl_fail(l, i, GM_EPARSE, "%.100s is constant and has a rule", y->name);
  return GM_OK;
}

static nl_role role_of(const lowering *l, int32_t i)
{
  const net_symbol *y = &l->n->symbol[i];
  if (y->kind == NET_REACTION) return NL_REACTION;
  if (y->rule >= 0) return NL_RULE;
  if (y->rate >= 0) return NL_RATE;
  if (l->symbol[i].moves) return NL_AMOUNT;
  if (l->symbol[i].row >= 0) return NL_ALGEBRAIC;
  if (l->symbol[i].jumps) return NL_HELD;
  return y->initial >= 0 ? NL_DERIVED : NL_PARAMETER;
}

/* Species: is what IR_STATE holds the amount? Where only the compartment changes, the amount is
 * what stays (SBML L3V2, section 4.6.5), so it is held; a concentration that only its rate rule
 * moves is held itself, unless its compartment may jump. */
static void hold(lowering *l, int32_t i)
{
  nl_symbol *m = &l->symbol[i];
  const net_symbol *y = &l->n->symbol[i];
  if (y->kind != NET_SPECIES) return;
  if (!nl_means_concentration(l, i)) {
    m->holds_amount = true;
    return;
  }
  const nl_symbol *c = &l->symbol[y->compartment];
  bool still = nl_is_constant(l, y->compartment);
  switch ((nl_role)m->role) {
  case NL_AMOUNT: m->holds_amount = true; break;
  case NL_RATE: m->holds_amount = !still && !(c->role == NL_RATE && !c->jumps); break;
  case NL_HELD:
  case NL_DERIVED: m->holds_amount = !still; break;
  case NL_PARAMETER:
    m->holds_amount = y->value_is_amount;
    if (!still && !y->value_is_amount) { /* amount worked out once, from the size at the start */
      m->role = NL_DERIVED;
      m->holds_amount = true;
    }
    break;
  default: break; /* rules and unknowns are what the symbol means */
  }
}

static gm_status check_symbol(const lowering *l, int32_t i)
{
  const net_symbol *y = &l->n->symbol[i];
  if (y->compartment >= l->count ||
      (y->compartment >= 0 && l->n->symbol[y->compartment].kind != NET_COMPARTMENT))
    return nl_fail(l, i, GM_EPARSE, "%.100s: what it is in is not a compartment", y->name);
  return one_rule_only(l, i);
}

gm_status nl_roles(lowering *l)
{
  net *n = l->n;
  gm_status s = index_parts(l);
  if (!s) mark_moves(l);
  if (!s) s = mark_events(l);
  for (int32_t i = 0; i < l->count && !s; i++) s = check_symbol(l, i);
  if (!s) s = nl_match(l);
  if (s) return s;
  for (int32_t i = 0; i < l->count; i++) l->symbol[i].role = (uint8_t)role_of(l, i);
  for (int32_t i = 0; i < l->count; i++) hold(l, i);
  for (int32_t i = 0; i < n->symbol_count; i++)
    if (l->symbol[i].fast) l->fast[l->fast_count++] = i;
  return GM_OK;
}
