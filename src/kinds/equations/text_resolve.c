/* text_resolve.c - what every name of a text is, and in which order names are worked out. */
#include "kinds/equations/text_resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const eqt_expr *eqt_definition(const eqt_symbol *y)
{
  return y->rule.text ? &y->rule : &y->initial;
}

/* ---- roles ----------------------------------------------------------------------------------- */
static bool uses_names(const eqt_doc *d, const eqt_expr *e)
{
  for (int32_t i = 0; i < e->count; i++)
    if (d->item[e->first + i].kind == EQT_ITEM_NAME) return true;
  return false;
}

static bool is_known(const eqt_doc *d, int32_t index)
{
  const eqt_symbol *y = &d->symbol[index];
  return y->role != EQT_OPEN || y->initial.text || y->rule.text || y->rate.text;
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

/* Do the statements about a known name go together? */
static gm_status agree(const eqt_symbol *y, const eqt_key *k)
{
  int n = (int)k->bytes;
  if (y->rate.text && y->rule.text)
    return eqt_fail(y->text, y->defined_at, GM_EPARSE, "%.*s has a rate rule (') and a rule (:=)",
                    n, k->text);
  if (y->initial.text && y->rule.text)
    return eqt_fail(y->text, y->defined_at, GM_EPARSE, "%.*s has a value (=) and a rule (:=)", n,
                    k->text);
  if (y->constant && (y->rate.text || y->rule.text))
    return eqt_fail(y->text, y->defined_at, GM_EPARSE, "%.*s is const, but has a rule", n, k->text);
  if (y->rate.text && !y->initial.text)
    return eqt_fail(y->text, y->defined_at, GM_EPARSE,
                    "state %.*s has no initial value: write %.*s = ...", n, k->text, n, k->text);
  return GM_OK;
}

static gm_status role_of(eqt_doc *d, int32_t index)
{
  eqt_symbol *y = &d->symbol[index];
  const eqt_key *k = &d->name.key[index];
  if (y->role == EQT_GIVEN) return GM_OK;
  if (eqt_table_find(&d->function_name, k->text, k->bytes) >= 0)
    return eqt_fail(y->text, y->seen_at, GM_EPARSE, "%.*s is a function and a quantity",
                    (int)k->bytes, k->text);
  if (!is_known(d, index)) return unknown(d, index);
  gm_status s = agree(y, k);
  if (s) return s;
  y->role = y->rate.text                 ? EQT_STATE
            : y->rule.text               ? EQT_RULE
            : uses_names(d, &y->initial) ? EQT_DERIVED
                                         : EQT_PARAMETER;
  return GM_OK;
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
    if (i->kind == EQT_ITEM_NAME) return i->a;
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

/* ---- lists by role --------------------------------------------------------------------------- */
typedef struct {
  int32_t at, symbol;
} place;

static int by_place(const void *a, const void *b)
{
  const place *p = a, *q = b;
  return (p->at > q->at) - (p->at < q->at);
}

/* Where the statement stands that makes the name what it is. */
static int32_t statement_at(const eqt_symbol *y)
{
  return y->role == EQT_STATE ? y->rate.at : eqt_definition(y)->at;
}

static gm_status list_role(eqt_doc *d, eqt_role role, place *scratch, int32_t **list,
                           int32_t *count_out)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d->name.count; i++)
    if (d->symbol[i].role == role) scratch[n++] = (place){statement_at(&d->symbol[i]), i};
  if (n) qsort(scratch, (size_t)n, sizeof *scratch, by_place);
  *list = gm_alloc(d->ctx, n, sizeof **list);
  if (!*list) return gm_fail(d->ctx, GM_ENOMEM, "list of %d names", (int)n);
  for (int32_t i = 0; i < n; i++) {
    (*list)[i] = scratch[i].symbol;
    d->symbol[scratch[i].symbol].index = i;
  }
  *count_out = n;
  return GM_OK;
}

void eqt_names_free(eqt_names *n)
{
  gm_free(n->order);
  gm_free(n->state);
  gm_free(n->parameter);
  gm_free(n->derived);
  gm_free(n->rule);
  *n = (eqt_names){.ctx = n->ctx};
}

gm_status eqt_resolve(eqt_doc *d, eqt_names *out)
{
  eqt_names r = {.ctx = d->ctx, .count = d->name.count};
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->name.count && !s; i++) s = role_of(d, i);
  if (s) return s;
  place *scratch = gm_alloc(d->ctx, r.count, sizeof *scratch);
  r.order = gm_alloc(d->ctx, r.count, sizeof *r.order);
  if (!scratch || !r.order) s = gm_fail(d->ctx, GM_ENOMEM, "order of %d names", (int)r.count);
  if (!s) s = make_order(d, &r);
  if (!s) s = list_role(d, EQT_STATE, scratch, &r.state, &r.state_count);
  if (!s) s = list_role(d, EQT_PARAMETER, scratch, &r.parameter, &r.parameter_count);
  if (!s) s = list_role(d, EQT_DERIVED, scratch, &r.derived, &r.derived_count);
  if (!s) s = list_role(d, EQT_RULE, scratch, &r.rule, &r.rule_count);
  gm_free(scratch);
  if (s)
    eqt_names_free(&r);
  else
    *out = r;
  return s;
}
