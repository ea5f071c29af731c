/* text_submodel.c - models of a text, and models inside models. */
#include "kinds/equations/text_reader.h"
#include <string.h>

/* ---- model NAME(...) ... end ----------------------------------------------------------------- */
/* What the document holds of the model being read, as a model; the document is left empty. */
static eqt_model put_away(eqt_doc *d)
{
  eqt_model m = {
      .name = d->name, .symbol = d->symbol, .symbol_room = d->symbol_room, .body = d->body};
  d->name = (eqt_table){.ctx = d->ctx};
  d->symbol = NULL;
  d->symbol_room = 0;
  d->body = (eqt_body){0};
  return m;
}

static void take_back(eqt_doc *d, eqt_model *m)
{
  d->name = m->name;
  d->symbol = m->symbol;
  d->symbol_room = m->symbol_room;
  d->body = m->body;
  m->name = (eqt_table){.ctx = d->ctx};
  m->symbol = NULL;
  m->symbol_room = 0;
  m->body = (eqt_body){0};
}

/* The names in the brackets: what a model that holds this one may give. */
static gm_status read_interface(eqt_reader *r)
{
  int32_t symbol, n = 0;
  eqt_token name;
  gm_status s = eqt_take(r, '(', "(");
  r->now.argument = s ? NULL : gm_alloc(r->doc->ctx, EQT_ARGUMENT_MAX, sizeof *r->now.argument);
  if (!s && !r->now.argument) s = gm_fail(r->doc->ctx, GM_ENOMEM, "the names in brackets");
  while (!s && r->lexer.now.kind != ')') {
    int32_t at = r->lexer.now.at;
    if (n == EQT_ARGUMENT_MAX)
      return eqt_fail(r->text, at, GM_ERANGE, "more than %d names in brackets",
                      (int)EQT_ARGUMENT_MAX);
    s = eqt_quantity(r, "a name", &symbol, &name);
    if (s) return s;
    if (r->doc->symbol[symbol].argument)
      return eqt_fail(r->text, at, GM_EPARSE, "the same name twice");
    r->doc->symbol[symbol].argument = true;
    r->now.argument[n++] = symbol;
    r->now.argument_count = n;
    if (r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  return s ? s : eqt_take(r, ')', "a comma or )");
}

gm_status eqt_read_model_head(eqt_reader *r)
{
  eqt_doc *d = r->doc;
  int32_t at = r->lexer.now.at;
  if (r->model_at >= 0)
    return eqt_fail(r->text, at, GM_EPARSE, "a model inside a model: the one before has no end");
  gm_status s = eqt_next(&r->lexer);
  r->now = (eqt_model){.order_first = d->order};
  r->now.starred = !s && r->lexer.now.kind == '*';
  if (r->now.starred) s = eqt_next(&r->lexer);
  if (!s) s = eqt_new_name(&r->lexer, "the name of the model");
  if (s) return s;
  eqt_token name = r->lexer.now;
  const char *word = r->text->data + name.at;
  if (eqt_dotted(r->text, name)) return eqt_expected(r, "the name of the model, without a dot");
  if (eqt_table_find(&d->model_key, word, name.bytes) >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "there is a model %.*s already", (int)name.bytes,
                    word);
  if (eqt_table_find(&d->function_name, word, name.bytes) >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s is a function and a model", (int)name.bytes,
                    word);
  r->now.key = (eqt_key){word, name.bytes};
  r->outside = put_away(d);
  memcpy(r->outside_unnamed, r->unnamed, sizeof r->unnamed);
  memset(r->unnamed, 0, sizeof r->unnamed);
  r->model_at = at;
  d->scope = d->model_count + 1;
  s = eqt_next(&r->lexer);
  return s || r->lexer.now.kind != '(' ? s : read_interface(r);
}

gm_status eqt_read_model_end(eqt_reader *r)
{
  eqt_doc *d = r->doc;
  int32_t index;
  if (r->model_at < 0)
    return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "end without a model or function");
  gm_status s = eqt_settle(d);
  if (!s) s = eq_room(d->ctx, &d->model, d->model_count, &d->model_room, sizeof *d->model);
  if (!s) s = eqt_table_add(&d->model_key, r->now.key.text, r->now.key.bytes, &index);
  if (s == GM_ERANGE)
    return eqt_fail(r->text, r->model_at, s, "more than %d models", (int)EQT_NAME_COUNT_MAX);
  if (s) return s;
  eqt_model m = put_away(d);
  m.key = r->now.key;
  m.argument = r->now.argument;
  m.argument_count = r->now.argument_count;
  m.order_first = r->now.order_first;
  m.order_count = d->order - m.order_first;
  m.starred = r->now.starred;
  r->now = (eqt_model){0};
  d->model[d->model_count++] = m;
  take_back(d, &r->outside);
  memcpy(r->unnamed, r->outside_unnamed, sizeof r->unnamed);
  r->model_at = -1;
  d->scope = 0;
  return eqt_next(&r->lexer);
}

/* The model that counts: that with a *, else what stands outside of models, else the last. */
gm_status eqt_choose_main(eqt_reader *r)
{
  eqt_doc *d = r->doc;
  int32_t chosen = -1;
  for (int32_t i = 0; i < d->model_count; i++) {
    if (!d->model[i].starred) continue;
    if (chosen >= 0)
      return gm_fail(d->ctx, GM_EPARSE, "%.200s: models %.*s and %.*s are both marked *: one is",
                     r->text->where, (int)d->model[chosen].key.bytes, d->model[chosen].key.text,
                     (int)d->model[i].key.bytes, d->model[i].key.text);
    chosen = i;
  }
  if (r->outside_at >= 0 && d->model_count > 0 && (chosen >= 0 || !r->outside_uses))
    return eqt_fail(r->text, r->outside_at, GM_EPARSE,
                    "statement outside the model (there, sub-models can be used)");
  if (r->outside_at >= 0 || d->model_count == 0) return eqt_settle(d);
  if (chosen < 0) chosen = d->model_count - 1;
  eqt_model outside = put_away(d); /* nothing in it but what declarations of models left */
  take_back(d, &d->model[chosen]);
  d->model[chosen].name = outside.name;
  d->model[chosen].symbol = outside.symbol;
  d->model[chosen].symbol_room = outside.symbol_room;
  d->model[chosen].body = outside.body;
  d->model_name = d->model[chosen].key;
  return GM_OK;
}

/* ---- LABEL: MODEL(...) ----------------------------------------------------------------------- */
static gm_status number_argument(eqt_reader *r, int32_t symbol)
{
  eqt_doc *d = r->doc;
  eqt_parser p = {.doc = d, .lexer = &r->lexer};
  eqt_expr e;
  gm_status s = eqt_parse_number(&p, &e);
  if (s) return s;
  for (int32_t i = 0; i < e.count; i++)
    if (d->item[e.first + i].kind == EQT_ITEM_NAME)
      return eqt_fail(r->text, e.at, GM_EPARSE,
                      "expected a name or a number: give the expression a name first");
  symbol = eqt_root(d, symbol);
  eqt_symbol *y = &d->symbol[symbol];
  y->initial = e;
  y->defined_at = e.at;
  y->own = true;
  y->source_bytes = 0;
  if (y->rule.inherited) y->rule = (eqt_expr){0};
  return eqt_note_defined(r, symbol);
}

static gm_status one_argument(eqt_reader *r, int32_t inside)
{
  int32_t symbol;
  eqt_token name;
  if (r->lexer.now.kind != EQT_NAME && r->lexer.now.kind != '$') return number_argument(r, inside);
  gm_status s = eqt_quantity(r, "a name or a number", &symbol, &name);
  return s ? s : eqt_same_thing(r->doc, r->text, name.at, inside, symbol);
}

static gm_status read_arguments(eqt_reader *r, const eqt_model *m, const int32_t *map)
{
  int32_t n = 0;
  gm_status s = eqt_take(r, '(', "(");
  while (!s && r->lexer.now.kind != ')') {
    if (n >= m->argument_count)
      return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "model %.*s has %d name%s in brackets",
                      (int)m->key.bytes, m->key.text, (int)m->argument_count,
                      m->argument_count == 1 ? "" : "s");
    s = one_argument(r, map[m->argument[n++]]);
    if (s || r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  return s ? s : eqt_take(r, ')', "a comma or )");
}

static gm_status refuse_conversion(const eqt_reader *r)
{
  if (r->lexer.now.kind != ',') return GM_OK;
  return eqt_fail(
      r->text, r->lexer.now.at, GM_EUNSUPPORTED,
      "conversion factors of sub-models (timeconv, extentconv) are not supported: write "
      "the factors into the model");
}

/* The model whose name stands here. */
static gm_status find_model(const eqt_reader *r, int32_t *model_out)
{
  const eqt_token *name = &r->lexer.now;
  const char *word = r->text->data + name->at;
  *model_out = eqt_table_find(&r->doc->model_key, word, name->bytes);
  if (*model_out >= 0) return GM_OK;
  return eqt_fail(r->text, name->at, GM_EPARSE,
                  "there is no model %.*s: a model stands in front of those that hold it",
                  (int)name->bytes, word);
}

/* What is behind the name of the model: (...) [in C]. */
static gm_status read_use(eqt_reader *r, int32_t model, const int32_t *map, int32_t *compartment)
{
  int32_t in = -1;
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = read_arguments(r, &r->doc->model[model], map);
  if (!s) s = refuse_conversion(r);
  if (!s) s = eqt_maybe_in(r, &in);
  if (in >= 0) *compartment = in;
  return s;
}

/* From the name of the model on. label -1: it has none. */
gm_status eqt_read_submodel(eqt_reader *r, int32_t label, eqt_token label_name, int32_t compartment)
{
  eqt_doc *d = r->doc;
  int32_t *map = NULL, model, at = r->lexer.now.at;
  gm_status s = find_model(r, &model);
  if (s) return s;
  if (label >= 0 && (d->symbol[label].thing == EQT_SUBMODEL || eqt_dotted(r->text, label_name)))
    return eqt_fail(r->text, label_name.at, GM_EPARSE, "%.*s cannot be a new sub-model",
                    (int)label_name.bytes, r->text->data + label_name.at);
  if (label < 0) s = eqt_unnamed(r, EQT_NO_MODEL, at, &label);
  if (!s) s = eqt_make_thing(d, r->text, at, label, EQT_SUBMODEL);
  if (!s) s = eqt_copy_model(d, r->text, at, model, d->name.key[label], &map);
  if (!s) s = read_use(r, model, map, &compartment);
  for (int32_t i = 0; !s && compartment >= 0 && i < d->model[model].name.count; i++)
    d->symbol[eqt_root(d, map[i])].of_submodel = compartment;
  gm_free(map);
  if (r->model_at < 0) r->outside_uses = true;
  return s;
}

/* delete A.x, A.y */
gm_status eqt_read_delete(eqt_reader *r)
{
  gm_status s = eqt_next(&r->lexer);
  while (!s) {
    int32_t symbol;
    eqt_token name = r->lexer.now;
    if (name.kind == EQT_NAME && !eqt_dotted(r->text, name))
      return eqt_fail(r->text, name.at, GM_EPARSE,
                      "delete takes what a sub-model holds (A.x): of this model leave it out");
    s = eqt_quantity(r, "a name of a sub-model (A.x)", &symbol, &name);
    if (s) return s;
    if (r->doc->symbol[symbol].thing == EQT_SUBMODEL)
      return eqt_fail(r->text, name.at, GM_EUNSUPPORTED,
                      "deleting a whole sub-model is not supported: delete its parts");
    r->doc->symbol[symbol].deleted = true;
    if (r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  return s;
}
