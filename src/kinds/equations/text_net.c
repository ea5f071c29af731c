/* text_net.c - a model text made into a network. */
#include "kinds/equations/text_net.h"
#include "kinds/equations/parse.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- places ---------------------------------------------------------------------------------- */
static gm_status find_lines(eqt_reading *r)
{
  int32_t n = 1;
  for (int32_t i = 0; i < r->text.bytes; i++) n += r->text.data[i] == '\n';
  r->line_at = gm_alloc(r->ctx, n, sizeof *r->line_at);
  if (!r->line_at) return gm_fail(r->ctx, GM_ENOMEM, "lines of the text");
  r->line_count = 1;
  for (int32_t i = 0; i < r->text.bytes; i++)
    if (r->text.data[i] == '\n') r->line_at[r->line_count++] = i + 1;
  return GM_OK;
}

static int32_t line_of(const eqt_reading *r, int32_t at)
{
  int32_t low = 0, high = r->line_count;
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    if (r->line_at[middle] <= at)
      low = middle;
    else
      high = middle;
  }
  return low + 1;
}

/* ---- expressions ----------------------------------------------------------------------------- */
static gm_status lower(eqt_reading *r, const eqt_expr *e, eqt_value *out)
{
  r->lower.name_ref = r->ref;
  r->lower.check = true;
  return eqt_lower(&r->lower, e, out);
}

/* An expression that a quantity is given: its unit must be that of the quantity. */
static gm_status lower_for(eqt_reading *r, int32_t symbol, const eqt_expr *e, const char *what,
                           ir_ref *out)
{
  const eqt_key *k = &r->doc.name.key[symbol];
  eqt_value v;
  eqt_unit unit;
  gm_status s = lower(r, e, &v);
  if (!s) s = eqt_symbol_unit(&r->lower, symbol, &unit);
  if (!s) s = eqt_unit_fits(&r->lower.units, e->at, k->text, k->bytes, &unit, what, &v.unit);
  if (!s) *out = v.ref;
  return s;
}

static gm_status lower_rate(eqt_reading *r, int32_t symbol, ir_ref *out)
{
  const eqt_symbol *y = &r->doc.symbol[symbol];
  const eqt_key *k = &r->doc.name.key[symbol];
  eqt_lowering *l = &r->lower;
  char name[EQT_NAME_BYTES_MAX + 2];
  eqt_value v;
  eqt_unit unit, time;
  gm_status s = lower(r, &y->rate, &v);
  if (!s) s = eqt_symbol_unit(l, symbol, &unit);
  if (!s) s = eqt_entry_unit(l, r->doc.time_unit, &time);
  if (!s) s = eqt_unit_binary(&l->units, IR_DIV, y->rate.at, &unit, &time, &unit);
  int n = snprintf(name, sizeof name, "%.*s'", (int)k->bytes, k->text);
  if (!s) s = eqt_unit_fits(&l->units, y->rate.at, name, n, &unit, "its rate rule", &v.unit);
  if (!s) *out = v.ref;
  return s;
}

/* ---- symbols --------------------------------------------------------------------------------- */
static gm_status replace_text(gm_ctx *ctx, char **place, const char *text, int32_t bytes)
{
  char *copy = gm_strndup(ctx, text, bytes);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "a name of the model");
  gm_free(*place);
  *place = copy;
  return GM_OK;
}

static gm_status set_code(eqt_reading *r, char **place, const char *code)
{
  return replace_text(r->ctx, place, code, (int32_t)strlen(code));
}

/* The UCUM code of what a symbol means; a concentration's may have to be made of two codes. */
static gm_status set_unit(eqt_reading *r, int32_t symbol, net_symbol *z)
{
  const eqt_doc *d = &r->doc;
  const eqt_symbol *y = &d->symbol[symbol];
  char text[160];
  eqt_unit unit;
  gm_unit again;
  if (y->unit < 0) return GM_OK;
  gm_status s = eqt_symbol_unit(&r->lower, symbol, &unit);
  if (s || unit.kind != EQT_MEASURED) return s;
  if (gm_unit_equal(&unit.of.unit, &d->unit[y->unit].unit))
    return set_code(r, &z->unit, d->unit[y->unit].code);
  eqt_unit_text(&r->lower.units, &unit, text);
  bool good = gm_unit_parse(r->ctx, text, &again) == GM_OK && gm_unit_equal(&again, &unit.of.unit);
  return good ? set_code(r, &z->unit, text) : GM_OK;
}

static int8_t dimensions_of(const eqt_doc *d, const eqt_symbol *y)
{
  enum { LENGTH = 0, SPACE = 3 };
  if (y->thing != EQT_COMPARTMENT || y->unit < 0) return SPACE;
  int8_t n = d->unit[y->unit].unit.dim[LENGTH];
  return n == 1 || n == 2 ? n : SPACE;
}

static gm_status describe(eqt_reading *r, int32_t symbol, int32_t index)
{
  const eqt_doc *d = &r->doc;
  const eqt_symbol *y = &d->symbol[symbol];
  net_symbol *z = &r->net->symbol[index];
  int32_t compartment = eqt_compartment(d, symbol);
  z->line = line_of(r, y->defined_at >= 0 ? y->defined_at : y->seen_at);
  z->constant = y->constant || ((y->role == EQT_PARAMETER || y->role == EQT_DERIVED) &&
                                y->thing != EQT_SPECIES && !y->variable);
  z->amount_only = z->value_is_amount = y->amount_only;
  z->boundary = y->thing == EQT_SPECIES && eqt_is_boundary(y);
  z->compartment = compartment >= 0 ? d->symbol[compartment].index : -1;
  z->dimensions = dimensions_of(d, y);
  gm_status s = set_unit(r, symbol, z);
  if (s || !y->source_bytes) return s;
  return replace_text(r->ctx, &z->source, r->text.data + y->source_at, y->source_bytes);
}

static gm_status add_parts(eqt_reading *r, const eqt_reaction *from)
{
  ir_graph *g = &r->net->graph;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < from->part_count && !s; i++) {
    const eqt_part *p = &r->doc.body.part[from->part + i];
    ir_ref by = p->factor < 0 ? ir_const(g, p->product ? p->count : -p->count) : r->ref[p->factor];
    if (p->factor >= 0 && !p->product) by = ir_make(g, IR_NEG, by, IR_NONE, IR_NONE);
    s = net_part_add(r->net, r->doc.symbol[p->species].index, by);
  }
  return s;
}

static gm_status add_symbol(eqt_reading *r, int32_t symbol)
{
  static const net_kind kind_of[] = {[EQT_PLAIN] = NET_PARAMETER,
                                     [EQT_SPECIES] = NET_SPECIES,
                                     [EQT_COMPARTMENT] = NET_COMPARTMENT};
  const eqt_symbol *y = &r->doc.symbol[symbol];
  const eqt_key *k = &r->doc.name.key[symbol];
  char name[EQT_NAME_BYTES_MAX + 1];
  int32_t index;
  gm_status s;
  snprintf(name, sizeof name, "%.*s", (int)k->bytes, k->text);
  if (y->role == EQT_LAW) {
    const eqt_reaction *from = &r->doc.body.reaction[r->reaction_of[symbol]];
    s = net_reaction_add(r->net, name, &index);
    if (s) return s;
    r->net->reaction[index].reversible = !from->irreversible;
    index = r->net->reaction[index].symbol;
    s = add_parts(r, from);
  } else {
    s = net_symbol_add(r->net, kind_of[y->thing], name, &index);
  }
  assert(s || index == y->index);
  return s ? s : describe(r, symbol, index);
}

static gm_status add_symbols(eqt_reading *r)
{
  const eqt_body *b = &r->doc.body;
  gm_status s = GM_OK;
  r->reaction_of = gm_alloc(r->ctx, r->doc.name.count, sizeof *r->reaction_of);
  if (!r->reaction_of) return gm_fail(r->ctx, GM_ENOMEM, "reactions");
  for (int32_t i = 0; i < b->reaction_count; i++)
    if (!b->reaction[i].gone) r->reaction_of[b->reaction[i].symbol] = i;
  for (int32_t i = 0; i < r->names.list_count && !s; i++) s = add_symbol(r, r->names.list[i]);
  return s;
}

/* ---- what they are given --------------------------------------------------------------------- */
static gm_status give_initial(eqt_reading *r, int32_t symbol)
{
  const eqt_symbol *y = &r->doc.symbol[symbol];
  ir_ref f = IR_NONE;
  if (!y->initial.text) return GM_OK;
  gm_status s = lower_for(r, symbol, &y->initial, "its value", &f);
  if (s) return s;
  net_symbol *z = &r->net->symbol[y->index];
  const ir_node *n = &r->net->graph.node[f];
  if (n->op == IR_CONST)
    z->value = n->value;
  else
    z->initial = f;
  return GM_OK;
}

/* The rate times the number of a species is what its amount changes by in a unit of time. */
static gm_status check_part(eqt_reading *r, const eqt_reaction *q, const eqt_part *p,
                            const eqt_unit *rate)
{
  eqt_lowering *l = &r->lower;
  const eqt_expr *law = &r->doc.symbol[q->symbol].initial;
  const eqt_key *k = &r->doc.name.key[q->symbol], *m = &r->doc.name.key[p->species];
  char name[2 * EQT_NAME_BYTES_MAX + 40], what[EQT_NAME_BYTES_MAX + 40];
  eqt_unit change, time, got = *rate, number;
  if (eqt_is_boundary(&r->doc.symbol[p->species])) return GM_OK;
  gm_status s = eqt_amount_unit(l, p->species, &change);
  if (!s) s = eqt_entry_unit(l, r->doc.time_unit, &time);
  if (!s) s = eqt_unit_binary(&l->units, IR_DIV, law->at, &change, &time, &change);
  if (!s && p->factor >= 0) s = eqt_symbol_unit(l, p->factor, &number);
  if (!s && p->factor >= 0) s = eqt_unit_binary(&l->units, IR_MUL, law->at, &got, &number, &got);
  if (s) return s;
  int n = snprintf(name, sizeof name, "the amount of %.*s per time", (int)m->bytes, m->text);
  snprintf(what, sizeof what, "the rate of %.*s", (int)k->bytes, k->text);
  return eqt_unit_fits(&l->units, law->at, name, n, &change, what, &got);
}

static gm_status give_law(eqt_reading *r, int32_t reaction)
{
  int32_t symbol = r->names.list[r->net->reaction[reaction].symbol];
  const eqt_reaction *q = &r->doc.body.reaction[r->reaction_of[symbol]];
  const eqt_expr *e = &r->doc.symbol[symbol].initial;
  const eqt_key *k = &r->doc.name.key[symbol];
  eqt_value v;
  eqt_unit unit;
  gm_status s = lower(r, e, &v);
  if (!s) s = eqt_symbol_unit(&r->lower, symbol, &unit);
  if (!s)
    s = eqt_unit_fits(&r->lower.units, e->at, k->text, k->bytes, &unit, "its rate law", &v.unit);
  for (int32_t i = 0; i < q->part_count && !s; i++)
    s = check_part(r, q, &r->doc.body.part[q->part + i], &v.unit);
  if (!s) r->net->reaction[reaction].rate = v.ref;
  return s;
}

static gm_status give_all(eqt_reading *r)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < r->names.list_count && !s; i++) {
    int32_t symbol = r->names.list[i];
    const eqt_symbol *y = &r->doc.symbol[symbol];
    if (y->role == EQT_LAW) continue;
    s = give_initial(r, symbol);
    if (!s && y->rule.text) s = lower_for(r, symbol, &y->rule, "its rule", &r->net->symbol[i].rule);
    if (!s && y->rate.text) s = lower_rate(r, symbol, &r->net->symbol[i].rate);
  }
  for (int32_t i = 0; i < r->net->reaction_count && !s; i++) s = give_law(r, i);
  return s;
}

/* ---- events and equations -------------------------------------------------------------------- */
static gm_status lower_number(eqt_reading *r, const eqt_expr *e, const char *name,
                              const eqt_unit *unit, const char *what, ir_ref *out)
{
  eqt_value v;
  if (!e->text) return GM_OK;
  gm_status s = lower(r, e, &v);
  if (!s && unit)
    s = eqt_unit_fits(&r->lower.units, e->at, name, (int32_t)strlen(name), unit, what, &v.unit);
  if (!s) *out = v.ref;
  return s;
}

static gm_status add_event(eqt_reading *r, const eqt_event *from)
{
  const eqt_key *k = &r->doc.name.key[from->symbol];
  char name[EQT_NAME_BYTES_MAX + 1];
  int32_t index;
  eqt_unit time;
  ir_ref trigger = IR_NONE, delay = IR_NONE, priority = IR_NONE;
  snprintf(name, sizeof name, "%.*s", (int)k->bytes, k->text);
  gm_status s = eqt_entry_unit(&r->lower, r->doc.time_unit, &time);
  if (!s) s = lower_number(r, &from->trigger, "", NULL, "", &trigger);
  if (!s) s = lower_number(r, &from->delay, "time", &time, "the delay", &delay);
  if (!s) s = lower_number(r, &from->priority, "", NULL, "", &priority);
  if (!s) s = net_event_add(r->net, name, &index);
  if (s) return s;
  net_event *e = &r->net->event[index];
  e->line = line_of(r, from->trigger.at);
  e->trigger = trigger;
  e->delay = delay;
  e->priority = priority;
  e->initial = from->initial;
  e->persistent = from->persistent;
  e->at_trigger = from->at_trigger;
  for (int32_t i = 0; i < from->assign_count && !s; i++) {
    const eqt_assignment *a = &r->doc.body.assign[from->assign + i];
    ir_ref value;
    if (a->gone) continue;
    s = lower_for(r, a->symbol, &a->value, "what the event gives it", &value);
    if (!s) s = net_assign_add(r->net, r->doc.symbol[a->symbol].index, value);
  }
  return s;
}

static gm_status add_body(eqt_reading *r)
{
  const eqt_body *b = &r->doc.body;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < b->event_count && !s; i++)
    if (!b->event[i].gone) s = add_event(r, &b->event[i]);
  for (int32_t i = 0; i < b->equation_count && !s; i++) {
    ir_ref zero = IR_NONE;
    if (b->equation[i].gone) continue;
    s = lower_number(r, &b->equation[i].zero, "", NULL, "", &zero);
    if (!s) s = net_algebraic_add(r->net, zero);
  }
  return s;
}

/* ---- all of it ------------------------------------------------------------------------------- */
static gm_status read_text(eqt_reading *r, const char *text, const char *name)
{
  gm_status s = eqt_doc_init(&r->doc, r->ctx);
  if (!s) s = eqt_text_check(r->ctx, text, name, true, &r->text);
  if (!s) s = find_lines(r);
  if (!s) s = eqt_read_model(&r->doc, &r->text);
  if (!s) s = eqt_units_resolve(&r->doc);
  return s ? s : eqt_resolve(&r->doc, &r->names);
}

static gm_status fill_net(eqt_reading *r)
{
  const eqt_key *m = &r->doc.model_name;
  net *n = r->net;
  r->ref = gm_alloc(r->ctx, r->names.count, sizeof *r->ref);
  if (!r->ref) return gm_fail(r->ctx, GM_ENOMEM, "%d names", (int)r->names.count);
  for (int32_t i = 0; i < r->names.count; i++)
    r->ref[i] = r->doc.symbol[i].index < 0 ? IR_NONE
                                           : ir_leaf(&n->graph, IR_SYMBOL, r->doc.symbol[i].index);
  if (n->graph.status) return n->graph.status;
  gm_status s = replace_text(r->ctx, &n->name, m->text ? m->text : "model", m->text ? m->bytes : 5);
  if (!s && r->doc.time_unit >= 0)
    s = set_code(r, &n->time_unit, r->doc.unit[r->doc.time_unit].code);
  if (!s) s = add_symbols(r);
  if (!s) s = give_all(r);
  if (!s) s = add_body(r);
  return s ? s : n->graph.status;
}

gm_status eqt_reading_open(eqt_reading *r, gm_ctx *ctx, const char *text, const char *name, net *n)
{
  *r = (eqt_reading){.ctx = ctx, .net = n, .names.ctx = ctx};
  gm_status s = read_text(r, text, name ? name : "model");
  if (s) return s;
  eqt_lowering_init(&r->lower, &r->doc, &n->graph);
  r->lower.net = n;
  s = fill_net(r);
  return s ? s : eqt_check_start(r);
}

void eqt_reading_close(eqt_reading *r)
{
  if (r->lower.doc) eqt_lowering_free(&r->lower);
  eqt_names_free(&r->names);
  eqt_doc_free(&r->doc);
  gm_free(r->ref);
  gm_free(r->reaction_of);
  gm_free(r->line_at);
}

gm_status eqt_net_read(gm_ctx *ctx, const char *text, const char *name, net *out)
{
  assert(ctx && text && out);
  net n;
  eqt_reading r;
  gm_status s = net_init(&n, ctx, name ? name : "model");
  if (s) return s;
  s = eqt_reading_open(&r, ctx, text, name, &n);
  eqt_reading_close(&r);
  if (s)
    net_free(&n);
  else
    *out = n;
  return s;
}
