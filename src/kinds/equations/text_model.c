/* text_model.c - models inside models: copying, second names, deletions.
 *
 * A model is flat when it ends: what it holds of others has been copied into it under dotted names.
 * So a copy is one level deep, and its size is bounded by the counts of names and items. */
#include "kinds/equations/text_doc.h"
#include <assert.h>
#include <string.h>

/* ---- second names ---------------------------------------------------------------------------- */
int32_t eqt_root(const eqt_doc *d, int32_t symbol)
{
  while (d->symbol[symbol].alias >= 0) {
    int32_t next = d->symbol[symbol].alias;
    if (d->symbol[next].alias >= 0) d->symbol[symbol].alias = d->symbol[next].alias;
    symbol = next;
  }
  return symbol;
}

static const char *const thing_name[] = {
    [EQT_PLAIN] = "a quantity",    [EQT_SPECIES] = "a species", [EQT_COMPARTMENT] = "a compartment",
    [EQT_REACTION] = "a reaction", [EQT_EVENT] = "an event",    [EQT_SUBMODEL] = "a sub-model",
    [EQT_EQUATION] = "an equation"};

gm_status eqt_make_thing(eqt_doc *d, const eqt_text *t, int32_t at, int32_t symbol, eqt_thing thing)
{
  eqt_symbol *y = &d->symbol[symbol];
  const eqt_key *k = &d->name.key[symbol];
  if (y->thing != EQT_PLAIN && y->thing != thing)
    return eqt_fail(t, at, GM_EPARSE, "%.*s is %s and cannot be %s", (int)k->bytes, k->text,
                    thing_name[y->thing], thing_name[thing]);
  if (thing == EQT_SPECIES && y->thing != EQT_SPECIES) y->place = d->order++;
  y->thing = (uint8_t)thing;
  return GM_OK;
}

/* Of two expressions for the same thing the right one stays, unless it alone is inherited.
 * *clash_out: neither is. */
static eqt_expr chosen(const eqt_expr *left, const eqt_expr *right, bool *clash_out)
{
  if (!left->text || !right->text) return left->text ? *left : *right;
  *clash_out = *clash_out || (!left->inherited && !right->inherited);
  return right->inherited && !left->inherited ? *left : *right;
}

static void smaller_place(int32_t *a, int32_t b)
{
  if (b >= 0 && (*a < 0 || b < *a)) *a = b;
}

static void first_of(int32_t *a, int32_t b)
{
  if (*a < 0) *a = b;
}

/* Everything but the expressions. */
static void merge_marks(eqt_symbol *into, const eqt_symbol *from)
{
  if (!into->used_text) {
    into->used_text = from->used_text;
    into->used_at = from->used_at;
  }
  if (into->unit < 0) {
    into->unit = from->unit;
    into->unit_at = from->unit_at;
  }
  if (!into->source_bytes) {
    into->source_at = from->source_at;
    into->source_bytes = from->source_bytes;
  }
  if (into->defined_at < 0) into->defined_at = from->defined_at;
  smaller_place(&into->place, from->place);
  first_of(&into->compartment, from->compartment);
  first_of(&into->of_reaction, from->of_reaction);
  first_of(&into->of_submodel, from->of_submodel);
  into->constant |= from->constant;
  into->variable |= from->variable;
  into->boundary |= from->boundary;
  into->amount_only |= from->amount_only;
  into->deleted |= from->deleted;
}

gm_status eqt_note_same_unit(eqt_doc *d, int32_t a, int32_t b, const eqt_text *t, int32_t at)
{
  if (a < 0 || b < 0 || a == b) return GM_OK;
  gm_status s =
      eq_room(d->ctx, &d->same_unit, d->same_unit_count, &d->same_unit_room, sizeof *d->same_unit);
  if (!s) d->same_unit[d->same_unit_count++] = (eqt_same_unit){t, at, a, b};
  return s;
}

gm_status eqt_same_thing(eqt_doc *d, const eqt_text *t, int32_t at, int32_t symbol, int32_t other)
{
  int32_t a = eqt_root(d, symbol), b = eqt_root(d, other);
  if (a == b) return GM_OK;
  eqt_symbol *left = &d->symbol[a], *right = &d->symbol[b];
  const eqt_key *k = &d->name.key[b];
  bool clash = false;
  if (left->thing == EQT_SUBMODEL || left->thing == EQT_EVENT || left->thing == EQT_EQUATION)
    return eqt_fail(t, at, GM_EPARSE, "%s cannot have a second name", thing_name[left->thing]);
  if (left->place >= 0 && left->thing == EQT_REACTION && right->place >= 0)
    return eqt_fail(t, at, GM_EPARSE, "two reactions cannot be one: delete one of them");
  gm_status s = GM_OK;
  if (left->thing != EQT_PLAIN) s = eqt_make_thing(d, t, at, b, (eqt_thing)left->thing);
  if (!s) s = eqt_note_same_unit(d, left->unit, right->unit, t, at);
  if (s) return s;
  right->initial = chosen(&left->initial, &right->initial, &clash);
  right->rule = chosen(&left->rule, &right->rule, &clash);
  right->rate = chosen(&left->rate, &right->rate, &clash);
  if (right->rule.text && right->initial.text && right->initial.inherited)
    right->initial = (eqt_expr){0};
  if (clash)
    return eqt_fail(t, at, GM_EPARSE, "both names of %.*s have a value or rule of their own",
                    (int)k->bytes, k->text);
  merge_marks(right, left);
  left->alias = b;
  return GM_OK;
}

/* ---- copies ---------------------------------------------------------------------------------- */
typedef struct {
  eqt_doc *d;
  const eqt_text *text;
  int32_t at;
  const eqt_model *from;
  int32_t *map;  /* [from->name.count] */
  int32_t order; /* added to eqt_expr.order */
} copier;

static gm_status copy_expr(copier *c, const eqt_expr *e, eqt_expr *out)
{
  eqt_doc *d = c->d;
  eqt_expr r = *e;
  gm_status s = GM_OK;
  if (!e->text) return GM_OK;
  if (d->item_count + (int64_t)e->count > EQT_ITEM_COUNT_MAX)
    return eqt_fail(c->text, c->at, GM_ERANGE, "more than %d terms with all sub-models",
                    (int)EQT_ITEM_COUNT_MAX);
  r.first = d->item_count;
  r.order += c->order;
  r.inherited = true;
  for (int32_t i = 0; i < e->count && !s; i++) {
    s = eq_room(d->ctx, &d->item, d->item_count, &d->item_room, sizeof *d->item);
    if (s) break;
    eqt_item item = d->item[e->first + i];
    if (item.kind == EQT_ITEM_NAME) item.a = c->map[item.a];
    d->item[d->item_count++] = item;
  }
  if (!s) *out = r;
  return s;
}

static int32_t mapped(const copier *c, int32_t symbol) { return symbol < 0 ? -1 : c->map[symbol]; }

/* "PREFIX.NAME" as a new symbol. */
static gm_status copy_name(copier *c, eqt_key prefix, int32_t i)
{
  eqt_doc *d = c->d;
  const eqt_key *k = &c->from->name.key[i];
  int32_t bytes = prefix.bytes + 1 + k->bytes, index;
  if (bytes > EQT_NAME_BYTES_MAX)
    return eqt_fail(c->text, c->at, GM_ERANGE, "a name inside gets longer than %d characters",
                    (int)EQT_NAME_BYTES_MAX);
  if (d->name_total >= EQT_NAME_TOTAL_MAX)
    return eqt_fail(c->text, c->at, GM_ERANGE, "more than %d names in all models together",
                    (int)EQT_NAME_TOTAL_MAX);
  char *text = gm_arena_get(d->arena, bytes + 1, 1);
  if (!text) return gm_fail(d->ctx, GM_ENOMEM, "names of a sub-model");
  memcpy(text, prefix.text, (size_t)prefix.bytes);
  text[prefix.bytes] = '.';
  memcpy(text + prefix.bytes + 1, k->text, (size_t)k->bytes);
  gm_status s = eq_room(d->ctx, &d->symbol, d->name.count, &d->symbol_room, sizeof *d->symbol);
  if (!s) s = eqt_table_add(&d->name, text, bytes, &index);
  if (s == GM_ERANGE)
    return eqt_fail(c->text, c->at, s, "more than %d names", (int)EQT_NAME_COUNT_MAX);
  if (s) return s;
  d->name_total++;
  d->symbol[index] = c->from->symbol[i];
  c->map[i] = index;
  return GM_OK;
}

static gm_status copy_symbol(copier *c, int32_t i)
{
  const eqt_symbol *y = &c->from->symbol[i];
  eqt_expr initial = {0}, rule = {0}, rate = {0};
  gm_status s = copy_expr(c, &y->initial, &initial);
  if (!s) s = copy_expr(c, &y->rule, &rule);
  if (!s) s = copy_expr(c, &y->rate, &rate);
  if (s) return s;
  eqt_symbol *z = &c->d->symbol[c->map[i]];
  z->initial = initial;
  z->rule = rule;
  z->rate = rate;
  z->unit_inherited = z->unit >= 0;
  z->own = false;
  z->alias = mapped(c, y->alias);
  z->compartment = mapped(c, y->compartment);
  z->of_reaction = mapped(c, y->of_reaction);
  z->of_submodel = mapped(c, y->of_submodel);
  if (z->place >= 0) z->place += c->order;
  return GM_OK;
}

static gm_status copy_reaction(copier *c, const eqt_reaction *from)
{
  eqt_doc *d = c->d;
  eqt_body *b = &d->body;
  eqt_reaction r = *from;
  gm_status s =
      eq_room(d->ctx, &b->reaction, b->reaction_count, &b->reaction_room, sizeof *b->reaction);
  r.symbol = c->map[from->symbol];
  r.part = b->part_count;
  r.inherited = true;
  for (int32_t i = 0; i < from->part_count && !s; i++) {
    s = eq_room(d->ctx, &b->part, b->part_count, &b->part_room, sizeof *b->part);
    if (s) break;
    eqt_part p = c->from->body.part[from->part + i];
    p.species = c->map[p.species];
    p.factor = mapped(c, p.factor);
    b->part[b->part_count++] = p;
  }
  if (!s) b->reaction[b->reaction_count++] = r;
  return s;
}

static gm_status copy_event(copier *c, const eqt_event *from)
{
  eqt_doc *d = c->d;
  eqt_body *b = &d->body;
  eqt_event e = *from;
  gm_status s = eq_room(d->ctx, &b->event, b->event_count, &b->event_room, sizeof *b->event);
  e.symbol = c->map[from->symbol];
  e.assign = b->assign_count;
  e.inherited = true;
  if (!s) s = copy_expr(c, &from->trigger, &e.trigger);
  if (!s) s = copy_expr(c, &from->delay, &e.delay);
  if (!s) s = copy_expr(c, &from->priority, &e.priority);
  for (int32_t i = 0; i < from->assign_count && !s; i++) {
    s = eq_room(d->ctx, &b->assign, b->assign_count, &b->assign_room, sizeof *b->assign);
    if (s) break;
    eqt_assignment a = c->from->body.assign[from->assign + i];
    a.symbol = c->map[a.symbol];
    s = copy_expr(c, &a.value, &a.value);
    if (!s) b->assign[b->assign_count++] = a;
  }
  if (!s) b->event[b->event_count++] = e;
  return s;
}

static gm_status copy_equation(copier *c, const eqt_equation *from)
{
  eqt_doc *d = c->d;
  eqt_body *b = &d->body;
  eqt_equation e = *from;
  gm_status s =
      eq_room(d->ctx, &b->equation, b->equation_count, &b->equation_room, sizeof *b->equation);
  e.symbol = c->map[from->symbol];
  e.inherited = true;
  if (!s) s = copy_expr(c, &from->zero, &e.zero);
  if (!s) b->equation[b->equation_count++] = e;
  return s;
}

static gm_status copy_all(copier *c, eqt_key prefix)
{
  const eqt_model *m = c->from;
  const eqt_body *b = &m->body;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < m->name.count && !s; i++) s = copy_name(c, prefix, i);
  for (int32_t i = 0; i < m->name.count && !s; i++) s = copy_symbol(c, i);
  for (int32_t i = 0; i < b->reaction_count && !s; i++)
    if (!b->reaction[i].gone) s = copy_reaction(c, &b->reaction[i]);
  for (int32_t i = 0; i < b->event_count && !s; i++)
    if (!b->event[i].gone) s = copy_event(c, &b->event[i]);
  for (int32_t i = 0; i < b->equation_count && !s; i++)
    if (!b->equation[i].gone) s = copy_equation(c, &b->equation[i]);
  return s;
}

gm_status eqt_copy_model(eqt_doc *d, const eqt_text *t, int32_t at, int32_t model, eqt_key prefix,
                         int32_t **map_out)
{
  const eqt_model *m = &d->model[model];
  copier c = {.d = d, .text = t, .at = at, .from = m, .order = d->order - m->order_first};
  if (d->order > INT32_MAX / 4)
    return eqt_fail(t, at, GM_ERANGE, "too many statements with all sub-models");
  d->order += m->order_count;
  c.map = gm_alloc(d->ctx, m->name.count, sizeof *c.map);
  if (!c.map) return gm_fail(d->ctx, GM_ENOMEM, "names of a sub-model");
  gm_status s = copy_all(&c, prefix);
  if (s)
    gm_free(c.map);
  else
    *map_out = c.map;
  return s;
}

/* ---- the end of a model ---------------------------------------------------------------------- */
/* Replaces second names in an expression. Where something deleted stands in it, an inherited one
 * goes (*gone_out) and another is refused. */
static gm_status settle_expr(eqt_doc *d, eqt_expr *e, bool *gone_out)
{
  for (int32_t i = 0; i < e->count; i++) {
    eqt_item *item = &d->item[e->first + i];
    if (item->kind != EQT_ITEM_NAME) continue;
    item->a = eqt_root(d, item->a);
    const eqt_key *k = &d->name.key[item->a];
    if (!d->symbol[item->a].deleted) continue;
    if (!e->inherited)
      return eqt_fail(e->text, item->at, GM_EPARSE, "%.*s has been deleted", (int)k->bytes,
                      k->text);
    *gone_out = true;
  }
  return GM_OK;
}

static gm_status settle_slot(eqt_doc *d, eqt_expr *e)
{
  bool gone = false;
  gm_status s = settle_expr(d, e, &gone);
  if (!s && gone) *e = (eqt_expr){0};
  return s;
}

const eqt_expr *eqt_definition(const eqt_symbol *y)
{
  return y->rule.text ? &y->rule : &y->initial;
}

void eqt_take_unit(const eqt_doc *d, eqt_symbol *y)
{
  const eqt_expr *e = eqt_definition(y);
  if (y->unit >= 0 || e->count < 1) return;
  const eqt_item *i = &d->item[e->first];
  bool negative = e->count == 2 && i[1].kind == EQT_ITEM_OP && i[1].a == IR_NEG;
  if (i[0].kind == EQT_ITEM_NUMBER && i[0].a >= 0 && (e->count == 1 || negative)) y->unit = i[0].a;
}

static gm_status settle_symbol(eqt_doc *d, int32_t index)
{
  eqt_symbol *y = &d->symbol[index];
  if (y->alias >= 0 || y->deleted) {
    y->initial = y->rule = y->rate = (eqt_expr){0};
    return GM_OK;
  }
  if (y->compartment >= 0) y->compartment = eqt_root(d, y->compartment);
  if (y->of_reaction >= 0) y->of_reaction = eqt_root(d, y->of_reaction);
  if (y->of_submodel >= 0) y->of_submodel = eqt_root(d, y->of_submodel);
  gm_status s = settle_slot(d, &y->initial);
  if (!s) s = settle_slot(d, &y->rule);
  if (!s) s = settle_slot(d, &y->rate);
  if (!s) eqt_take_unit(d, y);
  return s;
}

static gm_status settle_reaction(eqt_doc *d, eqt_reaction *r)
{
  r->symbol = eqt_root(d, r->symbol);
  r->gone = r->gone || d->symbol[r->symbol].deleted;
  for (int32_t i = 0; i < r->part_count; i++) {
    eqt_part *p = &d->body.part[r->part + i];
    p->species = eqt_root(d, p->species);
    if (p->factor >= 0) p->factor = eqt_root(d, p->factor);
    bool deleted =
        d->symbol[p->species].deleted || (p->factor >= 0 && d->symbol[p->factor].deleted);
    if (!deleted || r->gone) continue;
    const eqt_key *k = &d->name.key[p->species];
    if (!r->inherited)
      return eqt_fail(d->symbol[r->symbol].text, p->at, GM_EPARSE,
                      "%.*s or its number has been deleted", (int)k->bytes, k->text);
    r->gone = true;
    d->symbol[r->symbol].deleted = true;
  }
  return GM_OK;
}

static gm_status settle_event(eqt_doc *d, eqt_event *e)
{
  gm_status s = GM_OK;
  e->symbol = eqt_root(d, e->symbol);
  e->gone = e->gone || d->symbol[e->symbol].deleted;
  if (e->gone) return GM_OK;
  s = settle_expr(d, &e->trigger, &e->gone);
  if (!s) s = settle_slot(d, &e->delay);
  if (!s) s = settle_slot(d, &e->priority);
  for (int32_t i = 0; i < e->assign_count && !s; i++) {
    eqt_assignment *a = &d->body.assign[e->assign + i];
    a->symbol = eqt_root(d, a->symbol);
    if (d->symbol[a->symbol].deleted && !e->inherited)
      return eqt_fail(a->value.text, a->at, GM_EPARSE, "what the event changes has been deleted");
    a->gone = a->gone || d->symbol[a->symbol].deleted;
    if (!a->gone) s = settle_expr(d, &a->value, &a->gone);
  }
  return s;
}

gm_status eqt_settle(eqt_doc *d)
{
  eqt_body *b = &d->body;
  gm_status s = GM_OK;
  /* reactions first: one that goes is deleted, and what uses its name goes with it */
  for (int32_t i = 0; i < b->reaction_count && !s; i++) s = settle_reaction(d, &b->reaction[i]);
  for (int32_t i = 0; i < d->name.count && !s; i++) s = settle_symbol(d, i);
  for (int32_t i = 0; i < b->event_count && !s; i++) s = settle_event(d, &b->event[i]);
  for (int32_t i = 0; i < b->equation_count && !s; i++) {
    eqt_equation *e = &b->equation[i];
    e->symbol = eqt_root(d, e->symbol);
    e->gone = e->gone || d->symbol[e->symbol].deleted;
    if (!e->gone) s = settle_expr(d, &e->zero, &e->gone);
  }
  return s;
}
