/* source.c - a model text made into states, parameters, rates and outputs. */
#include "kinds/equations/source.h"
#include "kinds/equations/parse.h"
#include "kinds/equations/text_lower.h"
#include "kinds/equations/text_resolve.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const gm_eq_config *config;
  eqt_doc doc;
  eqt_text text;
  eqt_text *output_text; /* [config->output_count] */
  eqt_expr *output;      /* [config->output_count] */
  eqt_names names;
  eqt_lowering lower;
  ir_ref *now, *start; /* [names] what a name stands for while the model runs, and at its start */
  uint8_t *started;    /* [names] is `start` of this rule needed? */
  eq_source *out;
} builder;

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status read_output(builder *b, int32_t i)
{
  const gm_eq_output *o = &b->config->output[i];
  eqt_text *t = &b->output_text[i];
  eqt_lexer lexer;
  eqt_parser p = {.doc = &b->doc, .lexer = &lexer};
  char text[80];
  const char *where = o->where ? o->where : o->name ? o->name : "output";
  if (!o->name || !o->name[0] || !o->expression)
    return gm_fail(b->ctx, GM_EINVAL, "%.200s: an output needs a name and an expression", where);
  for (int32_t k = 0; k < i; k++)
    if (strcmp(b->config->output[k].name, o->name) == 0)
      return gm_fail(b->ctx, GM_EINVAL, "%.200s: output %.80s is there twice", where, o->name);
  gm_status s = eqt_text_check(b->ctx, o->expression, where, false, t);
  if (!s) s = eqt_start(&lexer, t, 0);
  if (!s) s = eqt_parse_number(&p, &b->output[i]);
  if (!s && lexer.now.kind != EQT_END)
    s = eqt_fail(t, lexer.now.at, GM_EPARSE, "found %s, expected an operator or the end",
                 eqt_token_text(&lexer, text));
  return s;
}

static gm_status read_texts(builder *b)
{
  const gm_eq_config *c = b->config;
  const char *name = c->text_name ? c->text_name : "model";
  gm_status s = eqt_text_check(b->ctx, c->text, name, true, &b->text);
  if (!s) s = eqt_read_model(&b->doc, &b->text);
  if (s) return s;
  b->output_text = gm_alloc(b->ctx, c->output_count, sizeof *b->output_text);
  b->output = gm_alloc(b->ctx, c->output_count, sizeof *b->output);
  if (!b->output_text || !b->output) return gm_fail(b->ctx, GM_ENOMEM, "outputs");
  for (int32_t i = 0; i < c->output_count && !s; i++) s = read_output(b, i);
  return s;
}

/* `x = 5 "mg"` gives x the unit mg, when it has no other. */
static void take_unit(eqt_doc *d, eqt_symbol *y)
{
  const eqt_expr *e = eqt_definition(y);
  if (y->unit >= 0 || e->count < 1) return;
  const eqt_item *i = &d->item[e->first];
  bool negative = e->count == 2 && i[1].kind == EQT_ITEM_OP && i[1].a == IR_NEG;
  if (i[0].kind == EQT_ITEM_NUMBER && i[0].a >= 0 && (e->count == 1 || negative)) y->unit = i[0].a;
}

static gm_status understand(builder *b)
{
  gm_status s = eqt_units_resolve(&b->doc);
  if (!s) s = eqt_resolve(&b->doc, &b->names);
  for (int32_t i = 0; i < b->doc.name.count && !s; i++) take_unit(&b->doc, &b->doc.symbol[i]);
  if (!s && b->names.state_count + b->names.rule_count + b->config->output_count == 0)
    s = eqt_fail(&b->text, 0, GM_EPARSE, "nothing to compute: no rate rule (x' = ...), no rule");
  return s;
}

/* ---- names into the graph -------------------------------------------------------------------- */
static gm_status lower(builder *b, const eqt_expr *e, const ir_ref *meaning, bool check,
                       eqt_value *out)
{
  b->lower.name_ref = meaning;
  b->lower.check = check;
  return eqt_lower(&b->lower, e, out);
}

/* Works out a name's definition and checks that its unit fits the name's. */
static gm_status lower_definition(builder *b, int32_t symbol, const ir_ref *meaning, bool check,
                                  ir_ref *out)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  const eqt_key *k = &b->doc.name.key[symbol];
  const eqt_expr *e = eqt_definition(y);
  eqt_value v;
  eqt_unit unit;
  gm_status s = lower(b, e, meaning, check, &v);
  if (!s && check) s = eqt_symbol_unit(&b->lower, symbol, &unit);
  if (!s && check)
    s = eqt_unit_fits(&b->lower.units, e->at, k->text, k->bytes, &unit,
                      y->rule.text ? "its rule" : "its value", &v.unit);
  if (!s) *out = v.ref;
  return s;
}

static gm_status parameter_value(builder *b, int32_t symbol)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  const eqt_key *k = &b->doc.name.key[symbol];
  ir_graph *g = &b->out->graph;
  ir_ref r = IR_NONE;
  gm_status s = lower_definition(b, symbol, b->start, true, &r);
  if (s) return s;
  if (g->node[r].op != IR_CONST && ir_depends(g, r, IR_TIME, -1))
    return eqt_fail(y->text, y->initial.at, GM_EPARSE,
                    "%.*s is a parameter and cannot depend on time: write %.*s := ...",
                    (int)k->bytes, k->text, (int)k->bytes, k->text);
  if (g->node[r].op != IR_CONST) /* the graph folds whatever is finite */
    return eqt_fail(y->text, y->initial.at, GM_EDOMAIN, "the value of %.*s is not a finite number",
                    (int)k->bytes, k->text);
  b->out->parameter[y->index].value = g->node[r].value;
  b->now[symbol] = b->start[symbol] = ir_param(&b->out->graph, y->index);
  return GM_OK;
}

static gm_status name_into_graph(builder *b, int32_t symbol)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  gm_status s;
  switch ((eqt_role)y->role) {
  case EQT_PARAMETER: return parameter_value(b, symbol);
  case EQT_DERIVED:
    s = lower_definition(b, symbol, b->start, true, &b->start[symbol]);
    b->now[symbol] = b->start[symbol];
    return s;
  case EQT_STATE:
    b->now[symbol] = ir_state(&b->out->graph, y->index);
    return lower_definition(b, symbol, b->start, true, &b->start[symbol]);
  case EQT_RULE:
    s = lower_definition(b, symbol, b->now, true, &b->now[symbol]);
    if (!s && b->started[symbol])
      s = lower_definition(b, symbol, b->start, false, &b->start[symbol]);
    return s;
  default: return gm_fail(b->ctx, GM_EINTERNAL, "a name without a role");
  }
}

/* Which rules do values at the start need? Those behind come first, so one pass backwards. */
static void mark_started(builder *b)
{
  for (int32_t k = b->names.count - 1; k >= 0; k--) {
    int32_t symbol = b->names.order[k];
    const eqt_symbol *y = &b->doc.symbol[symbol];
    const eqt_expr *e = eqt_definition(y);
    if (y->role == EQT_RULE && !b->started[symbol]) continue;
    for (int32_t i = 0; i < e->count; i++) {
      const eqt_item *item = &b->doc.item[e->first + i];
      if (item->kind == EQT_ITEM_NAME) b->started[item->a] = 1;
    }
  }
}

static gm_status rate_into_graph(builder *b, int32_t symbol)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  const eqt_key *k = &b->doc.name.key[symbol];
  eqt_lowering *l = &b->lower;
  char name[EQT_NAME_BYTES_MAX + 2];
  eqt_value v;
  eqt_unit unit, time;
  gm_status s = lower(b, &y->rate, b->now, true, &v);
  if (!s) s = eqt_symbol_unit(l, symbol, &unit);
  if (!s) s = eqt_entry_unit(l, b->doc.time_unit, &time);
  if (!s) s = eqt_unit_binary(&l->units, IR_DIV, y->rate.at, &unit, &time, &unit);
  int n = snprintf(name, sizeof name, "%.*s'", (int)k->bytes, k->text);
  if (!s) s = eqt_unit_fits(&l->units, y->rate.at, name, n, &unit, "its rate rule", &v.unit);
  if (s) return s;
  b->out->rate[y->index] = v.ref;
  b->out->initial[y->index] = b->start[symbol];
  return GM_OK;
}

static gm_status all_into_graph(builder *b)
{
  int32_t n = b->names.count;
  gm_status s = GM_OK;
  b->now = gm_alloc(b->ctx, n, sizeof *b->now);
  b->start = gm_alloc(b->ctx, n, sizeof *b->start);
  b->started = gm_alloc(b->ctx, n, sizeof *b->started);
  if (!b->now || !b->start || !b->started)
    return gm_fail(b->ctx, GM_ENOMEM, "meaning of %d names", (int)n);
  for (int32_t i = 0; i < n; i++) b->now[i] = b->start[i] = IR_NONE;
  mark_started(b);
  for (int32_t i = 0; i < n && !s; i++) s = name_into_graph(b, b->names.order[i]);
  for (int32_t i = 0; i < b->names.state_count && !s; i++)
    s = rate_into_graph(b, b->names.state[i]);
  for (int32_t i = 0; i < b->names.derived_count && !s; i++)
    b->out->derived[b->names.parameter_count + i] = b->start[b->names.derived[i]];
  return s;
}

/* ---- outputs --------------------------------------------------------------------------------- */
static gm_status set_name(gm_ctx *ctx, eq_name *n, const char *name, int32_t bytes,
                          const char *unit, const char *source, int32_t source_bytes)
{
  n->value = NAN;
  n->name = gm_strndup(ctx, name, bytes);
  n->unit = gm_strdup(ctx, unit);
  n->source = gm_strndup(ctx, source_bytes ? source : "", source_bytes);
  return n->name && n->unit && n->source ? GM_OK : gm_fail(ctx, GM_ENOMEM, "a name of the model");
}

static const char *code_of(const eqt_doc *d, int32_t entry)
{
  return entry < 0 ? "" : d->unit[entry].code;
}

static gm_status set_symbol(builder *b, eq_name *n, int32_t symbol)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  const eqt_key *k = &b->doc.name.key[symbol];
  double value = n->value;
  gm_status s = set_name(b->ctx, n, k->text, k->bytes, code_of(&b->doc, y->unit),
                         b->text.data + y->source_at, y->source_bytes);
  if (y->role == EQT_PARAMETER) n->value = value;
  return s;
}

/* The symbol an output's expression consists of, or -1. */
static int32_t lone_symbol(const builder *b, const eqt_expr *e)
{
  const eqt_item *i = &b->doc.item[e->first];
  return e->count == 1 && i->kind == EQT_ITEM_NAME ? i->a : -1;
}

static gm_status output_unit(builder *b, const gm_eq_output *o, const eqt_expr *e,
                             const eqt_value *v, char code[GM_UNIT_CODE_BYTES])
{
  char why[500];
  gm_unit unit;
  eqt_unit wanted;
  if (gm_unit_parse_friendly(b->ctx, o->unit, &unit, code)) {
    snprintf(why, sizeof why, "%s", gm_message(b->ctx));
    return gm_fail(b->ctx, GM_EUNIT, "%.200s: unit \"%.80s\": %s", e->text->where, o->unit, why);
  }
  size_t bytes = strlen(code) + 1;
  char *kept = gm_arena_get(b->doc.arena, (ptrdiff_t)bytes, 1); /* the checker borrows it */
  if (!kept) return gm_fail(b->ctx, GM_ENOMEM, "unit of an output");
  memcpy(kept, code, bytes);
  b->lower.units.text = e->text;
  gm_status s = eqt_unit_known(&b->lower.units, &unit, kept, &wanted);
  if (s) return s;
  return eqt_unit_fits(&b->lower.units, e->at, o->name, (int32_t)strlen(o->name), &wanted,
                       "its expression", &v->unit);
}

static gm_status asked_output(builder *b, int32_t i)
{
  const gm_eq_output *o = &b->config->output[i];
  const eqt_expr *e = &b->output[i];
  char code[GM_UNIT_CODE_BYTES] = "";
  int32_t lone = lone_symbol(b, e);
  const eqt_symbol *y = lone >= 0 ? &b->doc.symbol[lone] : NULL;
  eqt_value v;
  gm_status s = lower(b, e, b->now, true, &v);
  if (!s && o->unit && o->unit[0])
    s = output_unit(b, o, e, &v, code);
  else if (!s && y)
    snprintf(code, sizeof code, "%s", code_of(&b->doc, y->unit));
  if (s) return s;
  b->out->value[i] = v.ref;
  return set_name(b->ctx, &b->out->output[i], o->name, (int32_t)strlen(o->name), code,
                  y ? b->text.data + y->source_at : "", y ? y->source_bytes : 0);
}

static gm_status default_output(builder *b, int32_t i)
{
  const eqt_names *n = &b->names;
  int32_t symbol = i < n->rule_count ? n->rule[i] : n->state[i - n->rule_count];
  b->out->value[i] = b->now[symbol];
  return set_symbol(b, &b->out->output[i], symbol);
}

/* ---- the result ------------------------------------------------------------------------------ */
static gm_status make_room(builder *b)
{
  eq_source *o = b->out;
  const eqt_names *n = &b->names;
  int32_t asked = b->config->output_count, all = n->parameter_count + n->derived_count;
  o->state_count = n->state_count;
  o->parameter_count = n->parameter_count;
  o->derived_count = n->derived_count;
  o->output_count = asked ? asked : n->rule_count + n->state_count;
  o->state = gm_alloc(b->ctx, o->state_count, sizeof *o->state);
  o->rate = gm_alloc(b->ctx, o->state_count, sizeof *o->rate);
  o->initial = gm_alloc(b->ctx, o->state_count, sizeof *o->initial);
  o->parameter = gm_alloc(b->ctx, all, sizeof *o->parameter);
  o->derived = gm_alloc(b->ctx, all, sizeof *o->derived);
  o->output = gm_alloc(b->ctx, o->output_count, sizeof *o->output);
  o->value = gm_alloc(b->ctx, o->output_count, sizeof *o->value);
  if (!o->state || !o->rate || !o->initial || !o->parameter || !o->derived || !o->output ||
      !o->value)
    return gm_fail(b->ctx, GM_ENOMEM, "tables of the model");
  for (int32_t i = 0; i < all; i++) o->derived[i] = IR_NONE;
  return GM_OK;
}

/* Names of a role without a unit go into no_unit. */
static void list_unitless(const builder *b, const int32_t *symbol, int32_t count, gm_text *t)
{
  for (int32_t i = 0; i < count; i++) {
    const eqt_key *k = &b->doc.name.key[symbol[i]];
    if (b->doc.symbol[symbol[i]].unit >= 0) continue;
    gm_text_add(t, t->bytes ? ", " : "");
    gm_text_addn(t, k->text, (size_t)k->bytes);
  }
}

static gm_status unitless(builder *b)
{
  gm_text t;
  const eqt_names *n = &b->names;
  gm_text_init(&t, b->ctx);
  gm_text_add(&t, b->doc.time_unit < 0 ? "time" : "");
  list_unitless(b, n->state, n->state_count, &t);
  list_unitless(b, n->rule, n->rule_count, &t);
  list_unitless(b, n->parameter, n->parameter_count, &t);
  list_unitless(b, n->derived, n->derived_count, &t);
  for (int32_t i = 0; i < b->config->output_count; i++) {
    if (b->out->output[i].unit[0]) continue;
    gm_text_addf(&t, "%s%s", t.bytes ? ", " : "", b->out->output[i].name);
  }
  if (t.status) {
    gm_text_free(&t);
    return gm_fail(b->ctx, GM_ENOMEM, "list of names without unit");
  }
  b->out->no_unit = t.data; /* passed on */
  return GM_OK;
}

static gm_status names_out(builder *b)
{
  eq_source *o = b->out;
  const eqt_names *n = &b->names;
  const eqt_key *m = &b->doc.model_name;
  gm_status s = GM_OK;
  o->model_name = m->text ? gm_strndup(b->ctx, m->text, m->bytes) : gm_strdup(b->ctx, "model");
  o->time_unit = gm_strdup(b->ctx, code_of(&b->doc, b->doc.time_unit));
  if (!o->model_name || !o->time_unit) return gm_fail(b->ctx, GM_ENOMEM, "name of the model");
  for (int32_t i = 0; i < n->state_count && !s; i++) s = set_symbol(b, &o->state[i], n->state[i]);
  for (int32_t i = 0; i < n->parameter_count && !s; i++)
    s = set_symbol(b, &o->parameter[i], n->parameter[i]);
  for (int32_t i = 0; i < n->derived_count && !s; i++)
    s = set_symbol(b, &o->parameter[n->parameter_count + i], n->derived[i]);
  for (int32_t i = 0; i < o->output_count && !s; i++)
    s = b->config->output_count ? asked_output(b, i) : default_output(b, i);
  return s ? s : unitless(b);
}

/* ---- values at the start --------------------------------------------------------------------- */
static gm_status not_finite(const builder *b, int32_t symbol)
{
  const eqt_symbol *y = &b->doc.symbol[symbol];
  const eqt_key *k = &b->doc.name.key[symbol];
  return eqt_fail(y->text, y->initial.at, GM_EDOMAIN,
                  "the value of %.*s is not a finite number with the parameters as given",
                  (int)k->bytes, k->text);
}

/* One pass over the graph at nominal parameters gives every value and whether it hangs on time. */
static gm_status start_values(builder *b, const double *value, const bool *timed)
{
  eq_source *o = b->out;
  const eqt_names *n = &b->names;
  for (int32_t i = 0; i < n->derived_count; i++) {
    const eqt_symbol *y = &b->doc.symbol[n->derived[i]];
    const eqt_key *k = &b->doc.name.key[n->derived[i]];
    ir_ref r = o->derived[n->parameter_count + i];
    if (timed[r])
      return eqt_fail(y->text, y->initial.at, GM_EPARSE,
                      "%.*s is a parameter and cannot depend on time: write %.*s := ...",
                      (int)k->bytes, k->text, (int)k->bytes, k->text);
    if (!isfinite(value[r])) return not_finite(b, n->derived[i]);
    o->parameter[n->parameter_count + i].value = value[r];
  }
  for (int32_t i = 0; i < n->state_count; i++) {
    ir_ref r = o->initial[i];
    if (!timed[r] && !isfinite(value[r])) return not_finite(b, n->state[i]);
    if (o->graph.node[r].op == IR_CONST) o->state[i].value = value[r];
  }
  return GM_OK;
}

/* timed[i]: does node i hang on time? Operands come before what uses them. */
static void mark_timed(const ir_graph *g, bool *timed)
{
  for (int32_t i = 0; i < g->count; i++) {
    const ir_node *n = &g->node[i];
    timed[i] = n->op == IR_TIME || (n->a >= 0 && timed[n->a]) || (n->b >= 0 && timed[n->b]) ||
               (n->c >= 0 && timed[n->c]);
  }
}

static gm_status evaluate_start(builder *b)
{
  const ir_graph *g = &b->out->graph;
  if (g->count == 0) return GM_OK;
  double *value = gm_alloc(b->ctx, g->count, sizeof *value);
  double *theta = gm_alloc(b->ctx, b->names.parameter_count, sizeof *theta);
  bool *timed = gm_alloc(b->ctx, g->count, sizeof *timed);
  gm_status s = GM_OK;
  if (!value || !theta || !timed) s = gm_fail(b->ctx, GM_ENOMEM, "values at the start");
  for (int32_t i = 0; i < b->names.parameter_count && !s; i++)
    theta[i] = b->out->parameter[i].value;
  if (!s) mark_timed(g, timed);
  if (!s) ir_eval(g, g->count - 1, 0, NULL, theta, value);
  if (!s) s = start_values(b, value, timed);
  gm_free(value);
  gm_free(theta);
  gm_free(timed);
  return s;
}

/* ---- all of it ------------------------------------------------------------------------------- */
static gm_status build(builder *b)
{
  gm_status s = read_texts(b);
  if (!s) s = understand(b);
  if (!s) s = make_room(b);
  if (!s) s = ir_graph_init(&b->out->graph, b->ctx);
  if (s) return s;
  eqt_lowering_init(&b->lower, &b->doc, &b->out->graph);
  s = all_into_graph(b);
  if (!s) s = names_out(b);
  if (!s) s = b->out->graph.status;
  return s ? s : evaluate_start(b);
}

gm_status eq_source_read(gm_ctx *ctx, const gm_eq_config *config, eq_source *out)
{
  assert(ctx && out);
  if (!config || !config->text || config->output_count < 0 ||
      (config->output_count > 0 && !config->output))
    return gm_fail(ctx, GM_EINVAL, "a model needs its text, and outputs when they are counted");
  eq_source r = {.graph.ctx = ctx};
  builder b = {.ctx = ctx, .config = config, .out = &r, .names.ctx = ctx};
  gm_status s = eqt_doc_init(&b.doc, ctx);
  if (!s) s = build(&b);
  gm_free(b.now);
  gm_free(b.start);
  gm_free(b.started);
  gm_free(b.output_text);
  gm_free(b.output);
  if (b.lower.doc) eqt_lowering_free(&b.lower);
  eqt_names_free(&b.names);
  eqt_doc_free(&b.doc);
  if (s)
    eq_source_free(&r);
  else
    *out = r;
  return s;
}

static void free_names(eq_name *n, int32_t count)
{
  for (int32_t i = 0; n && i < count; i++) {
    gm_free(n[i].name);
    gm_free(n[i].unit);
    gm_free(n[i].source);
  }
  gm_free(n);
}

void eq_source_free(eq_source *s)
{
  if (!s) return;
  gm_ctx *ctx = s->graph.ctx;
  gm_free(s->model_name);
  gm_free(s->time_unit);
  gm_free(s->no_unit);
  free_names(s->state, s->state_count);
  free_names(s->parameter, s->parameter_count + s->derived_count);
  free_names(s->output, s->output_count);
  gm_free(s->rate);
  gm_free(s->initial);
  gm_free(s->derived);
  gm_free(s->value);
  ir_graph_free(&s->graph);
  *s = (eq_source){.graph.ctx = ctx};
}
