/* text_resolve.c - what every name of a text is, and in which order names are worked out. */
#include "kinds/equations/text_resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- roles ----------------------------------------------------------------------------------- */
static bool uses_names(const eqt_doc *d, const eqt_expr *e)
{
  for (int32_t i = 0; i < e->count; i++)
    if (d->item[e->first + i].kind == EQT_ITEM_NAME) return true;
  return false;
}

/* A species moved by an equation 0 = ... may do without a value of its own. */
static bool is_known(const eqt_doc *d, int32_t index)
{
  const eqt_symbol *y = &d->symbol[index];
  return y->role != EQT_OPEN || y->initial.text || y->rule.text || y->rate.text || y->solved;
}

static gm_status unknown(const eqt_doc *d, int32_t index)
{
  const eqt_symbol *y = &d->symbol[index];
  const eqt_key *k = &d->name.key[index];
  const eqt_key *near = eqt_nearest(&d->name, k->text, k->bytes, is_known, d);
  const eqt_text *t = y->used_text ? y->used_text : y->text;
  return eqt_fail(t, y->used_text ? y->used_at : y->seen_at, GM_EPARSE,
                  "%.*s is never given a value%s%.*s%s", (int)k->bytes, k->text,
                  near ? ": is it " : "", near ? (int)near->bytes : 0, near ? near->text : "",
                  near ? "?" : "");
}

static gm_status clash(const eqt_symbol *y, const eqt_key *k, const char *what)
{
  return eqt_fail(y->text, y->defined_at < 0 ? y->seen_at : y->defined_at, GM_EPARSE, "%.*s %s",
                  (int)k->bytes, k->text, what);
}

/* Do the statements about a known name go together? */
static gm_status agree(const eqt_symbol *y, const eqt_key *k)
{
  int n = (int)k->bytes;
  if (y->rate.text && y->rule.text) return clash(y, k, "has a rate rule (') and a rule (:=)");
  if (y->initial.text && y->rule.text) return clash(y, k, "has a value (=) and a rule (:=)");
  if (y->constant && (y->rate.text || y->rule.text)) return clash(y, k, "is const, but has a rule");
  if (y->changed && y->rule.text)
    return clash(y, k, "has a rule (:=), but an event gives it a value");
  if (y->constant && y->changed) return clash(y, k, "is const, but an event gives it a value");
  if (y->rate.text && !y->initial.text)
    return eqt_fail(y->text, y->defined_at, GM_EPARSE,
                    "state %.*s has no initial value: write %.*s = ...", n, k->text, n, k->text);
  return GM_OK;
}

static gm_status agree_reaction(const eqt_symbol *y, const eqt_key *k)
{
  if (y->place < 0) return clash(y, k, "is a reaction without A -> B");
  if (y->rule.text || y->rate.text) return clash(y, k, "is a reaction: its rate is given by =");
  if (y->changed) return clash(y, k, "is a reaction: an event cannot give it a value");
  if (!y->initial.text) return clash(y, k, "has no rate: write A -> B; rate");
  return GM_OK;
}

static bool is_only_named(const eqt_symbol *y)
{
  return !y->used_text && y->thing == EQT_PLAIN && y->unit < 0 && !y->initial.text &&
         !y->rule.text && !y->rate.text && !y->changed;
}

/* Has it no value, and may it have none? What stands in a model's brackets alone is nothing, and
 * units may have names for display, too. */
static bool is_gone(const eqt_doc *d, const eqt_symbol *y, const eqt_key *k)
{
  bool label = y->thing == EQT_EVENT || y->thing == EQT_SUBMODEL || y->thing == EQT_EQUATION;
  bool unit = y->shown && eqt_table_find(&d->unit_name, k->text, k->bytes) >= 0;
  return label || ((y->argument || unit) && is_only_named(y)) || y->alias >= 0 || y->deleted;
}

static eqt_role role_by_rules(const eqt_doc *d, const eqt_symbol *y)
{
  if (y->thing == EQT_REACTION) return EQT_LAW;
  if (y->rate.text) return EQT_STATE;
  if (y->rule.text) return EQT_RULE;
  if (y->changed || y->reacts || y->solved) return EQT_MOVED;
  return uses_names(d, &y->initial) ? EQT_DERIVED : EQT_PARAMETER;
}

static gm_status role_of(eqt_doc *d, int32_t index)
{
  eqt_symbol *y = &d->symbol[index];
  const eqt_key *k = &d->name.key[index];
  if (y->role == EQT_GIVEN) return GM_OK;
  if (is_gone(d, y, k)) {
    y->role = EQT_GONE;
    return GM_OK;
  }
  if (eqt_table_find(&d->function_name, k->text, k->bytes) >= 0)
    return eqt_fail(y->text, y->seen_at, GM_EPARSE, "%.*s is a function and a quantity",
                    (int)k->bytes, k->text);
  if (y->thing == EQT_REACTION) {
    gm_status s = agree_reaction(y, k);
    if (!s) y->role = EQT_LAW;
    return s;
  }
  if (y->thing == EQT_SPECIES && !is_known(d, index))
    return eqt_fail(y->text, y->seen_at, GM_EPARSE,
                    "species %.*s has no initial value: write %.*s = ...", (int)k->bytes, k->text,
                    (int)k->bytes, k->text);
  if (!is_known(d, index)) return unknown(d, index);
  gm_status s = agree(y, k);
  if (!s) y->role = (uint8_t)role_by_rules(d, y);
  return s;
}

/* What is changed by reactions, events and equations 0 = ... */
static void mark_moved(eqt_doc *d)
{
  const eqt_body *b = &d->body;
  for (int32_t i = 0; i < b->reaction_count; i++)
    for (int32_t k = 0; k < b->reaction[i].part_count && !b->reaction[i].gone; k++) {
      eqt_symbol *y = &d->symbol[b->part[b->reaction[i].part + k].species];
      y->reacts = y->reacts || !eqt_is_boundary(y);
    }
  for (int32_t i = 0; i < b->event_count; i++)
    for (int32_t k = 0; k < b->event[i].assign_count && !b->event[i].gone; k++) {
      const eqt_assignment *a = &b->assign[b->event[i].assign + k];
      if (!a->gone) d->symbol[a->symbol].changed = true;
    }
  for (int32_t i = 0; i < b->equation_count; i++) {
    const eqt_expr *e = &b->equation[i].zero;
    for (int32_t k = 0; k < e->count && !b->equation[i].gone; k++) {
      const eqt_item *item = &d->item[e->first + k];
      if (item->kind != EQT_ITEM_NAME) continue;
      eqt_symbol *y = &d->symbol[item->a];
      y->solved = y->solved || (!y->constant && y->thing != EQT_REACTION);
    }
  }
}

/* Species that have a rule of their own are not moved by reactions: Antimony's reading. */
bool eqt_is_boundary(const eqt_symbol *y)
{
  return y->boundary || y->constant || y->rule.text || y->rate.text;
}

/* Labels and what is deleted have no value. */
gm_status eqt_has_values(const eqt_doc *d, const eqt_expr *e)
{
  for (int32_t i = 0; i < e->count; i++) {
    const eqt_item *item = &d->item[e->first + i];
    if (item->kind != EQT_ITEM_NAME || d->symbol[item->a].role != EQT_GONE) continue;
    const eqt_key *k = &d->name.key[item->a];
    return eqt_fail(e->text, item->at, GM_EPARSE, "%.*s has no value: it is %s", (int)k->bytes,
                    k->text,
                    d->symbol[item->a].deleted ? "deleted"
                                               : "the name of a sub-model, event or "
                                                 "equation");
  }
  return GM_OK;
}

static gm_status event_has_values(const eqt_doc *d, const eqt_event *e)
{
  gm_status s = eqt_has_values(d, &e->trigger);
  if (!s) s = eqt_has_values(d, &e->delay);
  if (!s) s = eqt_has_values(d, &e->priority);
  for (int32_t k = e->assign; k < e->assign + e->assign_count && !s; k++)
    if (!d->body.assign[k].gone) s = eqt_has_values(d, &d->body.assign[k].value);
  return s;
}

static gm_status all_have_values(const eqt_doc *d)
{
  const eqt_body *b = &d->body;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->name.count && !s; i++) {
    const eqt_symbol *y = &d->symbol[i];
    if (y->role == EQT_GONE) continue;
    s = eqt_has_values(d, &y->initial);
    if (!s) s = eqt_has_values(d, &y->rule);
    if (!s) s = eqt_has_values(d, &y->rate);
  }
  for (int32_t i = 0; i < b->event_count && !s; i++)
    if (!b->event[i].gone) s = event_has_values(d, &b->event[i]);
  for (int32_t i = 0; i < b->equation_count && !s; i++)
    if (!b->equation[i].gone) s = eqt_has_values(d, &b->equation[i].zero);
  return s;
}

gm_status eqt_known_only(const eqt_doc *d)
{
  for (int32_t i = 0; i < d->name.count; i++)
    if (!is_known(d, i)) return unknown(d, i);
  return GM_OK;
}

/* ---- order ----------------------------------------------------------------------------------- */
enum { NEW, OPEN, CLOSED };

/* A walk in depth over what definitions need, with its own stack: chains may be long. */
typedef struct {
  eqt_doc *d;
  uint8_t *mark;
  int32_t *path;   /* symbols from the root to here */
  int32_t *cursor; /* next item of the definition of each */
  int32_t depth;
} walk;

static gm_status circle(const walk *w, int32_t closing)
{
  enum { SHOWN_MAX = 10 };
  char text[600] = "";
  const eqt_doc *d = w->d;
  int32_t from = w->depth - 1;
  bool rules = true;
  while (w->path[from] != closing) from--;
  for (int32_t i = from; i < w->depth; i++) {
    const eqt_key *k = &d->name.key[w->path[i]];
    size_t n = strlen(text);
    rules = rules && d->symbol[w->path[i]].role == EQT_RULE;
    if (i - from < SHOWN_MAX)
      snprintf(text + n, sizeof text - n, "%.*s -> ", k->bytes < 50 ? (int)k->bytes : 50, k->text);
    else if (i - from == SHOWN_MAX)
      snprintf(text + n, sizeof text - n, "... -> ");
  }
  const eqt_key *k = &d->name.key[closing];
  const eqt_symbol *y = &d->symbol[closing];
  return eqt_fail(y->text, y->defined_at, GM_EPARSE, "%s go in a circle: %s%.*s",
                  rules ? "rules" : "values at the start", text, k->bytes < 50 ? (int)k->bytes : 50,
                  k->text);
}

/* The next name that the definition at the end of the path needs; -1 when it is through. */
static int32_t next_need(walk *w)
{
  const eqt_expr *e = eqt_definition(&w->d->symbol[w->path[w->depth - 1]]);
  int32_t *c = &w->cursor[w->depth - 1];
  while (*c < e->count) {
    const eqt_item *i = &w->d->item[e->first + (*c)++];
    bool past = i->past && w->d->symbol[w->path[w->depth - 1]].rule.text;
    if (i->kind == EQT_ITEM_NAME && !past) return i->a;
  }
  return -1;
}

static gm_status visit(walk *w, int32_t root, eqt_names *out, int32_t *done)
{
  int32_t next = root;
  if (w->mark[root] != NEW) return GM_OK;
  for (;;) {
    if (next >= 0 && w->mark[next] == OPEN) return circle(w, next);
    if (next >= 0 && w->mark[next] == NEW) {
      w->mark[next] = OPEN;
      w->cursor[w->depth] = 0;
      w->path[w->depth++] = next;
    } else if (next < 0) {
      int32_t last = w->path[--w->depth];
      w->mark[last] = CLOSED;
      out->order[(*done)++] = last;
      if (w->depth == 0) return GM_OK;
    }
    next = next_need(w);
  }
}

static gm_status make_order(eqt_doc *d, eqt_names *out)
{
  int32_t n = d->name.count, done = 0;
  walk w = {.d = d};
  gm_status s = GM_OK;
  w.mark = gm_alloc(d->ctx, n, sizeof *w.mark);
  w.path = gm_alloc(d->ctx, n, sizeof *w.path);
  w.cursor = gm_alloc(d->ctx, n, sizeof *w.cursor);
  if (!w.mark || !w.path || !w.cursor) s = gm_fail(d->ctx, GM_ENOMEM, "order of %d names", (int)n);
  for (int32_t i = 0; i < n && !s; i++) s = visit(&w, i, out, &done);
  gm_free(w.mark);
  gm_free(w.path);
  gm_free(w.cursor);
  return s;
}

/* ---- the order of the text ------------------------------------------------------------------- */
typedef struct {
  int32_t at, symbol;
} place;

static int by_place(const void *a, const void *b)
{
  const place *p = a, *q = b;
  if (p->at != q->at) return p->at < q->at ? -1 : 1;
  return (p->symbol > q->symbol) - (p->symbol < q->symbol);
}

/* Which statement makes the name what it is. */
static int32_t statement_order(const eqt_symbol *y)
{
  if (y->role == EQT_STATE) return y->rate.order;
  if (y->role == EQT_LAW || (y->role == EQT_MOVED && y->place >= 0)) return y->place;
  return eqt_definition(y)->order;
}

static gm_status make_list(eqt_doc *d, eqt_names *out)
{
  place *p = gm_alloc(d->ctx, d->name.count, sizeof *p);
  int32_t n = 0;
  if (!p) return gm_fail(d->ctx, GM_ENOMEM, "order of %d names", (int)d->name.count);
  for (int32_t i = 0; i < d->name.count; i++) {
    eqt_symbol *y = &d->symbol[i];
    y->index = -1;
    if (y->role == EQT_GONE) continue;
    p[n++] = (place){statement_order(y), i};
    if (y->role == EQT_PARAMETER) out->parameter_count++;
    if (y->role == EQT_RULE || y->role == EQT_STATE || y->role == EQT_MOVED) out->moving_count++;
  }
  if (n) qsort(p, (size_t)n, sizeof *p, by_place);
  for (int32_t i = 0; i < n; i++) {
    out->list[i] = p[i].symbol;
    d->symbol[p[i].symbol].index = i;
  }
  out->list_count = n;
  gm_free(p);
  return GM_OK;
}

void eqt_names_free(eqt_names *n)
{
  gm_free(n->order);
  gm_free(n->list);
  *n = (eqt_names){.ctx = n->ctx};
}

gm_status eqt_resolve(eqt_doc *d, eqt_names *out)
{
  eqt_names r = {.ctx = d->ctx, .count = d->name.count};
  gm_status s = GM_OK;
  mark_moved(d);
  for (int32_t i = 0; i < d->name.count && !s; i++) s = role_of(d, i);
  if (!s) s = all_have_values(d);
  if (s) return s;
  r.list = gm_alloc(d->ctx, r.count, sizeof *r.list);
  r.order = gm_alloc(d->ctx, r.count, sizeof *r.order);
  if (!r.list || !r.order) s = gm_fail(d->ctx, GM_ENOMEM, "order of %d names", (int)r.count);
  if (!s) s = make_order(d, &r);
  if (!s) s = make_list(d, &r);
  if (s)
    eqt_names_free(&r);
  else
    *out = r;
  return s;
}
