/* text_reaction.c - reactions, events and equations (0 = ...) of a model text. */
#include "kinds/equations/text_reader.h"
#include <string.h>

static eqt_parser parser_of(eqt_reader *r)
{
  return (eqt_parser){.doc = r->doc, .lexer = &r->lexer};
}

/* ---- reactions ------------------------------------------------------------------------------- */
/* [NUMBER | NAME] [$] NAME */
static gm_status read_part(eqt_reader *r, bool product)
{
  eqt_doc *d = r->doc;
  eqt_body *b = &d->body;
  eqt_part p = {.factor = -1, .count = 1, .at = r->lexer.now.at, .product = product};
  eqt_token name;
  gm_status s = GM_OK;
  bool number = r->lexer.now.kind == EQT_NUMBER;
  if (number) {
    p.count = r->lexer.now.value;
    s = eqt_next(&r->lexer);
  }
  if (!s) s = eqt_quantity(r, "the name of a species", &p.species, &name);
  bool factor = !number && (r->lexer.now.kind == '$' || r->lexer.now.kind == EQT_NAME) &&
                !eqt_is(&r->lexer, "in");
  if (!s && factor) {
    p.factor = p.species;
    eqt_symbol *y = &d->symbol[p.factor];
    if (!y->used_text) y->used_at = name.at;
    if (!y->used_text) y->used_text = r->text;
    s = eqt_quantity(r, "the name of a species", &p.species, &name);
  }
  if (!s) s = eqt_make_thing(d, r->text, name.at, p.species, EQT_SPECIES);
  if (!s) s = eq_room(d->ctx, &b->part, b->part_count, &b->part_room, sizeof *b->part);
  if (s) return s;
  b->part[b->part_count++] = p;
  b->reaction[b->reaction_count - 1].part_count++;
  return GM_OK;
}

static gm_status read_parts(eqt_reader *r, bool product)
{
  gm_status s = read_part(r, product);
  while (!s && r->lexer.now.kind == '+') {
    s = eqt_next(&r->lexer);
    if (!s) s = read_part(r, product);
  }
  return s;
}

/* [NAME [in C] :] */
static gm_status read_label(eqt_reader *r, int32_t *label_out, int32_t *compartment_out)
{
  eqt_lexer ahead = r->lexer;
  eqt_token name;
  *label_out = *compartment_out = -1;
  if (ahead.now.kind != EQT_NAME) return GM_OK;
  gm_status s = eqt_next(&ahead);
  if (s || (ahead.now.kind != ':' && !eqt_is(&ahead, "in"))) return s;
  s = eqt_quantity(r, "the name of a reaction", label_out, &name);
  if (!s) s = eqt_maybe_in(r, compartment_out);
  return s ? s : eqt_take(r, ':', "a colon behind the name of the reaction");
}

static gm_status new_reaction(eqt_reader *r, int32_t label, int32_t at)
{
  eqt_doc *d = r->doc;
  eqt_body *b = &d->body;
  const eqt_key *k = &d->name.key[label];
  gm_status s = eqt_make_thing(d, r->text, at, label, EQT_REACTION);
  for (int32_t i = 0; d->symbol[label].place >= 0 && i < b->reaction_count && !s; i++)
    if (eqt_root(d, b->reaction[i].symbol) == label)
      s = eqt_fail(r->text, at, GM_EPARSE, "%.*s is a reaction already, in line %d", (int)k->bytes,
                   k->text, (int)eqt_line_of(r, b->reaction[i].at));
  if (!s)
    s = eq_room(d->ctx, &b->reaction, b->reaction_count, &b->reaction_room, sizeof *b->reaction);
  if (s) return s;
  d->symbol[label].place = d->order++;
  b->reaction[b->reaction_count++] =
      (eqt_reaction){.symbol = label, .part = b->part_count, .at = at};
  return GM_OK;
}

/* What stands behind the second list: `;`, and perhaps the rate and `in C`. */
static gm_status read_law(eqt_reader *r, int32_t label, int32_t at, int32_t *compartment)
{
  eqt_doc *d = r->doc;
  eqt_parser p = parser_of(r);
  eqt_expr law;
  int32_t in;
  gm_status s = GM_OK;
  if (r->lexer.now.kind == ';') s = eqt_next(&r->lexer);
  if (s || eqt_at_end(r)) return s;
  s = eqt_parse_number(&p, &law);
  if (!s) s = eqt_maybe_in(r, &in);
  if (s) return s;
  if (in >= 0) *compartment = in;
  const eqt_key *k = &d->name.key[label];
  if (d->symbol[label].initial.text)
    return eqt_fail(r->text, at, GM_EPARSE, "%.*s has a rate already, in line %d", (int)k->bytes,
                    k->text, (int)eqt_line_of(r, d->symbol[label].initial.at));
  d->symbol[label].initial = law;
  return GM_OK;
}

/* REACTANTS -> PRODUCTS */
static gm_status read_sides(eqt_reader *r, bool *irreversible_out)
{
  gm_status s = r->lexer.now.kind != EQT_ARROW ? read_parts(r, false) : GM_OK;
  if (!s && r->lexer.now.kind != EQT_ARROW) s = eqt_expected(r, "+, -> or =>");
  if (s) return s;
  *irreversible_out = r->text->data[r->lexer.now.at] == '=';
  s = eqt_next(&r->lexer);
  if (!s && !eqt_at_end(r)) s = read_parts(r, true);
  if (!s && !eqt_at_end(r)) s = eqt_expected(r, "+, or ; and the rate of the reaction");
  return s;
}

gm_status eqt_read_reaction(eqt_reader *r)
{
  eqt_doc *d = r->doc;
  eqt_body *b = &d->body;
  bool irreversible = false;
  int32_t at = r->lexer.now.at, label, compartment;
  gm_status s = read_label(r, &label, &compartment);
  if (!s && label < 0) s = eqt_unnamed(r, EQT_NO_REACTION, at, &label);
  if (!s) s = new_reaction(r, label, at);
  if (!s) s = read_sides(r, &irreversible);
  if (!s) s = read_law(r, label, at, &compartment);
  if (s) return s;
  eqt_reaction *me = &b->reaction[b->reaction_count - 1];
  me->irreversible = irreversible;
  eqt_symbol *y = &d->symbol[label];
  if (y->defined_at < 0) y->defined_at = at;
  for (int32_t i = 0; i < me->part_count && compartment >= 0; i++)
    d->symbol[b->part[me->part + i].species].of_reaction = compartment;
  return eqt_note_defined(r, label);
}

/* ---- events ---------------------------------------------------------------------------------- */
static gm_status need_condition(const eqt_reader *r, const eqt_parser *p, const eqt_expr *e,
                                bool condition)
{
  if (p->logical == condition) return GM_OK;
  return eqt_fail(r->text, e->at, GM_EPARSE,
                  condition ? "an event needs a condition (a comparison, &&, ||, !) to wait for"
                            : "a condition stands where the delay is expected");
}

/* at [DELAY after] CONDITION */
static gm_status read_trigger(eqt_reader *r, eqt_event *e)
{
  eqt_parser p = parser_of(r);
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_parse(&p, &e->trigger);
  if (!s && eqt_is(&r->lexer, "after")) {
    s = need_condition(r, &p, &e->trigger, false);
    e->delay = e->trigger;
    if (!s) s = eqt_next(&r->lexer);
    if (!s) s = eqt_parse(&p, &e->trigger);
  }
  return s ? s : need_condition(r, &p, &e->trigger, true);
}

static gm_status read_flag(eqt_reader *r, bool *out)
{
  bool yes = eqt_is(&r->lexer, "true");
  if (!yes && !eqt_is(&r->lexer, "false")) return eqt_expected(r, "true or false");
  *out = yes;
  return eqt_next(&r->lexer);
}

/* , priority = ..., t0 = ..., persistent = ..., fromTrigger = ... */
static gm_status read_options(eqt_reader *r, eqt_event *e)
{
  const eqt_lexer *l = &r->lexer;
  gm_status s = GM_OK;
  while (!s && l->now.kind == ',') {
    s = eqt_next(&r->lexer);
    if (s) return s;
    bool priority = eqt_is(l, "priority");
    bool *flag = eqt_is(l, "t0")            ? &e->initial
                 : eqt_is(l, "persistent")  ? &e->persistent
                 : eqt_is(l, "fromTrigger") ? &e->at_trigger
                                            : NULL;
    if (!priority && !flag) return eqt_expected(r, "priority, t0, persistent or fromTrigger");
    s = eqt_next(&r->lexer);
    if (!s) s = eqt_take(r, '=', "=");
    eqt_parser p = parser_of(r);
    if (!s) s = flag ? read_flag(r, flag) : eqt_parse_number(&p, &e->priority);
  }
  return s;
}

static gm_status read_assignment(eqt_reader *r)
{
  eqt_body *b = &r->doc->body;
  eqt_parser p = parser_of(r);
  eqt_assignment a = {.at = r->lexer.now.at};
  eqt_token name;
  eqt_event *e = &b->event[b->event_count - 1];
  gm_status s = eqt_quantity(r, "the name of what the event changes", &a.symbol, &name);
  for (int32_t i = 0; i < e->assign_count && !s; i++)
    if (b->assign[e->assign + i].symbol == a.symbol)
      s = eqt_fail(r->text, a.at, GM_EPARSE, "the event changes %.*s twice", (int)name.bytes,
                   r->text->data + name.at);
  if (!s) s = eqt_take(r, '=', "= and the new value");
  if (!s) s = eqt_parse_number(&p, &a.value);
  if (!s) s = eq_room(r->doc->ctx, &b->assign, b->assign_count, &b->assign_room, sizeof *b->assign);
  if (s) return s;
  b->assign[b->assign_count++] = a;
  e->assign_count++;
  return GM_OK;
}

gm_status eqt_read_event(eqt_reader *r, int32_t label, int32_t at)
{
  eqt_doc *d = r->doc;
  eqt_body *b = &d->body;
  eqt_event e = {.initial = true, .persistent = true, .at_trigger = true};
  bool named = label >= 0, again = named && d->symbol[label].thing == EQT_EVENT;
  if (again) return eqt_fail(r->text, at, GM_EPARSE, "this event is there already");
  gm_status s = named ? GM_OK : eqt_unnamed(r, EQT_NO_EVENT, at, &label);
  if (!s) s = eqt_make_thing(d, r->text, at, label, EQT_EVENT);
  e.symbol = label;
  if (!s) s = read_trigger(r, &e);
  if (!s) s = read_options(r, &e);
  if (!s) s = eqt_take(r, ':', "a comma and an option, or : and what the event changes");
  if (!s) s = eq_room(d->ctx, &b->event, b->event_count, &b->event_room, sizeof *b->event);
  if (s) return s;
  e.assign = b->assign_count;
  b->event[b->event_count++] = e;
  do {
    s = eqt_skip_lines(r); /* a new line may follow : and , */
    if (!s) s = read_assignment(r);
    if (s || (r->lexer.now.kind != ',' && r->lexer.now.kind != ':')) break;
    s = eqt_next(&r->lexer);
  } while (!s);
  return s;
}

/* ---- equations ------------------------------------------------------------------------------- */
/* 0 = EXPRESSION, from the 0 on. */
gm_status eqt_read_equation(eqt_reader *r, int32_t label, int32_t at)
{
  eqt_doc *d = r->doc;
  eqt_body *b = &d->body;
  eqt_parser p = parser_of(r);
  eqt_equation e;
  memset(&e, 0, sizeof e);
  bool again = label >= 0 && d->symbol[label].thing == EQT_EQUATION;
  if (again) return eqt_fail(r->text, at, GM_EPARSE, "this equation is there already");
  gm_status s = label >= 0 ? GM_OK : eqt_unnamed(r, EQT_NO_EQUATION, at, &label);
  if (!s) s = eqt_make_thing(d, r->text, at, label, EQT_EQUATION);
  e.symbol = label;
  if (!s) s = eqt_next(&r->lexer); /* the 0 */
  if (!s) s = eqt_take(r, '=', "=");
  if (!s) s = eqt_parse_number(&p, &e.zero);
  if (!s)
    s = eq_room(d->ctx, &b->equation, b->equation_count, &b->equation_room, sizeof *b->equation);
  if (!s) b->equation[b->equation_count++] = e;
  return s;
}
