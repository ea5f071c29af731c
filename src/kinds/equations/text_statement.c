/* text_statement.c - the statements of a model text: a subset of Antimony (docs/model-text.md).
 * What belongs to Antimony and not to the subset is refused by its name. */
#include "kinds/equations/parse.h"
#include <string.h>

enum { FUNCTION_ARG_MAX = 64 };

typedef struct {
  eqt_doc *doc;
  const eqt_text *text;
  eqt_lexer lexer;
  int32_t model_at;   /* place of `model`, -1 none yet */
  bool inside;        /* between model and end */
  int32_t outside_at; /* first statement outside a model, -1 none */
  int32_t *defined;   /* symbols defined on this line, for its `# source:` */
  int32_t defined_count, defined_room;
} reader;

/* ---- words --------------------------------------------------------------------------------- */
static const char *const reserved[] = {
    "model",    "module",      "end",      "function",      "unit",
    "has",      "is",          "in",       "const",         "var",
    "species",  "compartment", "formula",  "substanceOnly", "reaction",
    "gene",     "operator",    "DNA",      "event",         "at",
    "after",    "import",      "delete",   "constraint",    "maximize",
    "minimize", "time",        "pi",       "exponentiale",  "avogadro",
    "true",     "false",       "infinity", "inf",           "INF",
    "nan",      "NaN",         "NAN",      "notanumber"};

/* Beginnings of statements that Antimony has and this subset has not. */
static const struct {
  const char *word, *message;
} refused[] = {
    {"import", "import is not supported: a model is one text"},
    {"at", "events (at ...) are not supported yet: give inputs by the schedule, or use piecewise"},
    {"event", "events are not supported yet: give inputs by the schedule, or use piecewise"},
    {"delete", "delete belongs to sub-models: not supported yet"},
    {"constraint", "constraints are not supported yet"},
    {"maximize", "objectives are not supported"},
    {"minimize", "objectives are not supported"},
    {"reaction", "reactions are not supported yet: write the rate rule x' = ..."},
    {"gene", "genes are not supported: write the rate rule x' = ..."},
    {"operator", "operators are not supported: write the rule x := ..."},
    {"DNA", "DNA strands are not supported: write the rate rules x' = ..."},
    {"substanceOnly", "substanceOnly comes with compartments: not supported yet: write the rate "
                      "rule x' = ..."}};

bool eqt_reserved(const eqt_text *t, eqt_token name)
{
  for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
    if (eqt_same(t, name, reserved[i])) return true;
  return false;
}

gm_status eqt_new_name(const eqt_lexer *l, const char *what)
{
  char text[80];
  if (l->now.kind != EQT_NAME)
    return eqt_fail(l->text, l->now.at, GM_EPARSE, "found %s, expected %s", eqt_token_text(l, text),
                    what);
  if (eqt_reserved(l->text, l->now))
    return eqt_fail(l->text, l->now.at, GM_EPARSE, "%s has a meaning of its own, expected %s",
                    eqt_token_text(l, text), what);
  for (int32_t i = 0; i < eqt_builtin_count; i++)
    if (eqt_same(l->text, l->now, eqt_builtins[i].name))
      return eqt_fail(l->text, l->now.at, GM_EPARSE, "%s is a function, expected %s",
                      eqt_token_text(l, text), what);
  return GM_OK;
}

static gm_status expected(const reader *r, const char *what)
{
  char text[80];
  return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "found %s, expected %s",
                  eqt_token_text(&r->lexer, text), what);
}

static gm_status take(reader *r, int kind, const char *what)
{
  return r->lexer.now.kind == kind ? eqt_next(&r->lexer) : expected(r, what);
}

static bool at_end(const reader *r)
{
  int k = r->lexer.now.kind;
  return k == EQT_END || k == EQT_LINE || k == ';';
}

static int32_t line_of(const reader *r, int32_t at)
{
  int32_t line, column;
  eqt_place(r->text, at, &line, &column);
  return line;
}

/* ---- `# source: ...` ------------------------------------------------------------------------- */
static gm_status note_defined(reader *r, int32_t symbol)
{
  gm_status s =
      eqt_room(r->doc->ctx, &r->defined, r->defined_count, &r->defined_room, sizeof *r->defined);
  if (!s) r->defined[r->defined_count++] = symbol;
  return s;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Is the comment p[*at .. *end - 1] of the form `# source: ...`? If so, *at and *end become the
 * bounds of what stands behind the colon, without blanks around it. */
static bool is_source(const char *p, int32_t *at, int32_t *end)
{
  int32_t i = *at, n = *end;
  while (i < n && (p[i] == '#' || p[i] == '/' || is_blank(p[i]))) i++;
  if (n - i < 7 || (p[i] != 's' && p[i] != 'S') || memcmp(p + i + 1, "ource:", 6) != 0)
    return false;
  i += 7;
  while (i < n && is_blank(p[i])) i++;
  while (n > i && is_blank(p[n - 1])) n--;
  *at = i;
  *end = n;
  return true;
}

/* At the end of a line: its comment is the source of what the line defines. */
static gm_status end_line(reader *r)
{
  int32_t at = r->lexer.comment_at, end = at + r->lexer.comment_bytes;
  r->lexer.comment_at = -1;
  int32_t count = r->defined_count;
  r->defined_count = 0;
  if (at < 0 || !count || !is_source(r->text->data, &at, &end)) return GM_OK;
  if (end - at > EQT_COMMENT_BYTES_MAX)
    return eqt_fail(r->text, at, GM_ERANGE, "source longer than %d bytes",
                    (int)EQT_COMMENT_BYTES_MAX);
  for (int32_t i = 0; i < count; i++) {
    r->doc->symbol[r->defined[i]].source_at = at;
    r->doc->symbol[r->defined[i]].source_bytes = end - at;
  }
  return GM_OK;
}

/* ---- x = ..., x := ..., x' = ..., x has ... -------------------------------------------------- */
static eqt_parser parser_of(reader *r) { return (eqt_parser){.doc = r->doc, .lexer = &r->lexer}; }

static gm_status define(reader *r, int32_t index, eqt_token name, int which)
{
  eqt_parser p = parser_of(r);
  eqt_expr e;
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_parse_number(&p, &e);
  if (s) return s;
  eqt_symbol *y = &r->doc->symbol[index]; /* looked up now: the expression may have added names */
  eqt_expr *place = which == '=' ? &y->initial : which == '\'' ? &y->rate : &y->rule;
  if (place->text)
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s has %s already, in line %d", (int)name.bytes,
                    r->text->data + name.at, which == '=' ? "a value" : "a rule",
                    (int)line_of(r, place->at));
  *place = e;
  if (y->defined_at < 0) y->defined_at = name.at;
  return note_defined(r, index);
}

static gm_status read_unit(reader *r, int32_t *entry_out)
{
  int32_t from = r->lexer.now.at;
  gm_status s = eqt_unit_skip(&r->lexer);
  return s ? s : eqt_unit_formula(r->doc, r->text, from, entry_out);
}

static gm_status has_unit(reader *r, int32_t index, eqt_token name)
{
  int32_t entry;
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = read_unit(r, &entry);
  if (s) return s;
  int32_t *unit = index < 0 ? &r->doc->time_unit : &r->doc->symbol[index].unit;
  if (*unit >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s has a unit already, in line %d",
                    (int)name.bytes, r->text->data + name.at,
                    (int)line_of(r, r->doc->unit[*unit].at));
  *unit = entry;
  if (index >= 0) r->doc->symbol[index].unit_at = name.at;
  return GM_OK;
}

static gm_status is_other(reader *r)
{
  gm_status s = eqt_next(&r->lexer);
  if (s || r->lexer.now.kind == EQT_STRING) return s ? s : eqt_next(&r->lexer);
  if (r->lexer.now.kind == EQT_NAME)
    return eqt_fail(r->text, r->lexer.now.at, GM_EUNSUPPORTED,
                    "a second name for a quantity is not supported: is takes a text in quotes");
  return expected(r, "a text in quotes");
}

static gm_status no_compartments(const reader *r, int32_t at, const char *what)
{
  return eqt_fail(r->text, at, GM_EUNSUPPORTED,
                  "%s come with compartments and reactions: not supported yet: write the rate rule "
                  "x' = ...",
                  what);
}

/* What follows a name that begins a statement, when it is nothing this subset has. */
static gm_status refuse_after_name(const reader *r, eqt_token name)
{
  const eqt_lexer *l = &r->lexer;
  switch (l->now.kind) {
  case '.':
  case '(': return eqt_fail(r->text, name.at, GM_EUNSUPPORTED, "sub-models are not supported yet");
  case ':': {
    eqt_lexer ahead = *l;
    gm_status s = eqt_next(&ahead);
    if (s) return s;
    bool event = eqt_is(&ahead, "at");
    return eqt_fail(r->text, event ? ahead.now.at : name.at, GM_EUNSUPPORTED, "%s",
                    event ? refused[1].message
                          : "labels belong to reactions, events and "
                            "sub-models: not supported yet");
  }
  case '<':
  case '>':
  case EQT_LE:
  case EQT_GE:
  case EQT_NE:
    return eqt_fail(r->text, name.at, GM_EUNSUPPORTED, "constraints are not supported yet");
  case EQT_NAME: {
    eqt_lexer ahead = *l;
    gm_status s = eqt_next(&ahead);
    if (s) return s;
    if (ahead.now.kind == EQT_STRING)
      return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED,
                      "annotations are not supported: put it into a comment");
    break;
  }
  default: break;
  }
  return expected(r, "=, :=, ', has or is");
}

/* What a name is given: `= ...`, `:= ...`, `' = ...`, `has ...`; in a list perhaps nothing. */
static gm_status give(reader *r, eqt_token name, bool in_list)
{
  int32_t index;
  gm_status s = eqt_symbol_get(r->doc, r->text, name, &index);
  if (s) return s;
  if (r->lexer.now.kind == '=') return define(r, index, name, '=');
  if (r->lexer.now.kind == EQT_BECOMES) return define(r, index, name, ':');
  if (r->lexer.now.kind == '\'') {
    s = eqt_next(&r->lexer);
    if (!s && r->lexer.now.kind != '=') s = expected(r, "= behind the '");
    return s ? s : define(r, index, name, '\'');
  }
  if (eqt_is(&r->lexer, "has")) return has_unit(r, index, name);
  if (eqt_is(&r->lexer, "is")) return is_other(r);
  if (eqt_is(&r->lexer, "in"))
    return no_compartments(r, r->lexer.now.at, "quantities in a compartment");
  if (in_list && (at_end(r) || r->lexer.now.kind == ',')) return GM_OK;
  return refuse_after_name(r, name);
}

static gm_status statement_name(reader *r)
{
  eqt_token name = r->lexer.now;
  gm_status s;
  if (eqt_is(&r->lexer, "time")) {
    s = eqt_next(&r->lexer);
    if (s || eqt_is(&r->lexer, "has")) return s ? s : has_unit(r, -1, name);
    return eqt_fail(r->text, name.at, GM_EPARSE, "time runs by itself: only its unit can be given");
  }
  s = eqt_new_name(&r->lexer, "the name of a quantity");
  if (!s) s = eqt_next(&r->lexer);
  return s ? s : give(r, name, false);
}

/* ---- declarations -------------------------------------------------------------------------- */
static gm_status declared(reader *r, bool constant, bool variable)
{
  eqt_token name = r->lexer.now;
  int32_t index;
  if (name.kind == '$') return no_compartments(r, name.at, "boundary species ($)");
  gm_status s = eqt_new_name(&r->lexer, "the name of a quantity");
  if (!s) s = eqt_symbol_get(r->doc, r->text, name, &index);
  if (s) return s;
  eqt_symbol *y = &r->doc->symbol[index];
  if ((constant && y->variable) || (variable && y->constant))
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s is said to be const and var",
                    (int)name.bytes, r->text->data + name.at);
  y->constant |= constant;
  y->variable |= variable;
  s = eqt_next(&r->lexer);
  return s ? s : give(r, name, true);
}

static gm_status declaration(reader *r)
{
  bool constant = eqt_is(&r->lexer, "const"), variable = eqt_is(&r->lexer, "var");
  gm_status s = constant || variable ? eqt_next(&r->lexer) : GM_OK;
  if (!s && eqt_is(&r->lexer, "substanceOnly"))
    return no_compartments(r, r->lexer.now.at, "substanceOnly species");
  bool kind = eqt_is(&r->lexer, "species") || eqt_is(&r->lexer, "compartment") ||
              eqt_is(&r->lexer, "formula");
  if (!s && kind) s = eqt_next(&r->lexer);
  while (!s) {
    s = declared(r, constant, variable);
    if (s || r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  return s;
}

static gm_status unit_definition(reader *r)
{
  int32_t entry;
  gm_status s = eqt_next(&r->lexer);
  if (!s && (r->lexer.now.kind != EQT_NAME || eqt_reserved(r->text, r->lexer.now)))
    s = expected(r, "the name of a unit");
  eqt_token name = r->lexer.now;
  if (!s) s = eqt_next(&r->lexer);
  if (!s) s = take(r, '=', "= and the unit's formula");
  int32_t from = r->lexer.now.at;
  if (!s) s = eqt_unit_skip(&r->lexer);
  if (!s) s = eqt_unit_get(r->doc, r->text, name, &entry);
  if (s) return s;
  eqt_unit_entry *u = &r->doc->unit[entry];
  if (u->from >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "unit %.*s is defined already, in line %d",
                    (int)name.bytes, r->text->data + name.at, (int)line_of(r, u->from));
  u->from = from;
  u->at = name.at;
  return GM_OK;
}

/* ---- functions and models ------------------------------------------------------------------ */
static gm_status skip_lines(reader *r)
{
  gm_status s = GM_OK;
  while (!s && (r->lexer.now.kind == EQT_LINE || r->lexer.now.kind == ';')) {
    if (r->lexer.now.kind == EQT_LINE) s = end_line(r);
    if (!s) s = eqt_next(&r->lexer);
  }
  return s;
}

/* ( name, name, ... ); tokens go to arg when it is not NULL. */
static gm_status name_list(reader *r, eqt_token *arg, int32_t *count_out)
{
  int32_t n = 0;
  gm_status s = take(r, '(', "(");
  while (!s && r->lexer.now.kind != ')') {
    s = eqt_new_name(&r->lexer, "a name");
    if (s) return s;
    if (n == FUNCTION_ARG_MAX)
      return eqt_fail(r->text, r->lexer.now.at, GM_ERANGE, "more than %d names in brackets",
                      (int)FUNCTION_ARG_MAX);
    for (int32_t i = 0; i < n; i++)
      if (arg[i].bytes == r->lexer.now.bytes &&
          memcmp(r->text->data + arg[i].at, r->text->data + r->lexer.now.at,
                 (size_t)arg[i].bytes) == 0)
        return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "the same name twice");
    arg[n++] = r->lexer.now;
    s = eqt_next(&r->lexer);
    if (s || r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  if (!s) s = take(r, ')', "a comma or )");
  *count_out = n;
  return s;
}

static gm_status function_body(reader *r, eqt_token name, const eqt_token *arg, int32_t arg_count)
{
  eqt_doc *d = r->doc;
  eqt_parser p = {.doc = d, .lexer = &r->lexer, .arg = arg, .arg_count = arg_count};
  p.in_function = true;
  eqt_function f = {.arg_count = arg_count};
  int32_t index = d->function_name.count;
  gm_status s = skip_lines(r);
  if (!s) s = eqt_parse(&p, &f.body);
  if (!s) s = skip_lines(r);
  if (!s && !eqt_is(&r->lexer, "end")) s = expected(r, "an operator, or end behind the function");
  if (!s) s = eqt_next(&r->lexer);
  if (s) return s;
  f.logical = p.logical;
  f.nest = p.nest + 1;
  if (f.nest > EQT_FUNCTION_NEST_MAX)
    return eqt_fail(r->text, name.at, GM_ERANGE, "functions more than %d deep inside each other",
                    (int)EQT_FUNCTION_NEST_MAX);
  s = eqt_room(d->ctx, &d->function, index, &d->function_room, sizeof *d->function);
  if (!s) s = eqt_table_add(&d->function_name, r->text->data + name.at, name.bytes, &index);
  if (!s) d->function[index] = f;
  return s;
}

static gm_status function(reader *r)
{
  eqt_token arg[FUNCTION_ARG_MAX] = {{0}};
  int32_t arg_count = 0;
  if (r->inside)
    return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "functions stand in front of the model");
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_new_name(&r->lexer, "the name of the function");
  if (s) return s;
  eqt_token name = r->lexer.now;
  if (eqt_table_find(&r->doc->function_name, r->text->data + name.at, name.bytes) >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "function %.*s is defined already",
                    (int)name.bytes, r->text->data + name.at);
  s = eqt_next(&r->lexer);
  if (!s) s = name_list(r, arg, &arg_count);
  return s ? s : function_body(r, name, arg, arg_count);
}

static gm_status model(reader *r)
{
  eqt_token arg[FUNCTION_ARG_MAX] = {{0}};
  int32_t arg_count = 0, at = r->lexer.now.at;
  if (r->model_at >= 0)
    return eqt_fail(r->text, at, GM_EUNSUPPORTED,
                    "a second model (sub-models) is not supported yet: a text holds one model");
  if (r->outside_at >= 0)
    return eqt_fail(r->text, r->outside_at, GM_EPARSE, "statement outside the model");
  r->model_at = at;
  r->inside = true;
  gm_status s = eqt_next(&r->lexer);
  if (!s && r->lexer.now.kind == '*') s = eqt_next(&r->lexer);
  if (!s) s = eqt_new_name(&r->lexer, "the name of the model");
  if (s) return s;
  r->doc->model_name = (eqt_key){r->text->data + r->lexer.now.at, r->lexer.now.bytes};
  s = eqt_next(&r->lexer);
  if (s || r->lexer.now.kind != '(') return s;
  return name_list(r, arg, &arg_count); /* an interface for sub-models: no meaning here */
}

static gm_status model_end(reader *r)
{
  if (!r->inside)
    return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "end without a model or function");
  r->inside = false;
  return eqt_next(&r->lexer);
}

/* ---- statements ---------------------------------------------------------------------------- */
static gm_status refuse_reaction(const reader *r)
{
  eqt_lexer ahead = r->lexer;
  while (ahead.now.kind != EQT_END && ahead.now.kind != EQT_LINE && ahead.now.kind != ';') {
    if (ahead.now.kind == EQT_ARROW)
      return eqt_fail(r->text, ahead.now.at, GM_EUNSUPPORTED,
                      "reactions (%.2s) come with a later version: not supported yet: write the "
                      "rate rule x' = ...",
                      r->text->data + ahead.now.at);
    gm_status s = eqt_next(&ahead);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status refuse_other(const reader *r)
{
  const eqt_lexer *l = &r->lexer;
  if (l->now.kind == '$') return no_compartments(r, l->now.at, "boundary species ($)");
  if (l->now.kind == EQT_NUMBER)
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED,
                    "algebraic rules (0 = ...) and constraints are not supported yet");
  if (l->now.kind == '-')
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "DNA strands are not supported");
  return expected(r, "a statement");
}

static bool is_declaration(const eqt_lexer *l)
{
  return eqt_is(l, "const") || eqt_is(l, "var") || eqt_is(l, "species") ||
         eqt_is(l, "compartment") || eqt_is(l, "formula");
}

/* `NAME is "text"` behind the model, where NAME is the model. */
static gm_status model_display(reader *r, bool *done_out)
{
  const eqt_lexer *l = &r->lexer;
  const eqt_key *m = &r->doc->model_name;
  *done_out = l->now.kind == EQT_NAME && l->now.bytes == m->bytes &&
              memcmp(r->text->data + l->now.at, m->text, (size_t)m->bytes) == 0;
  if (!*done_out) return GM_OK;
  gm_status s = eqt_next(&r->lexer);
  if (!s && !eqt_is(&r->lexer, "is")) s = expected(r, "is");
  return s ? s : is_other(r);
}

static gm_status statement(reader *r)
{
  const eqt_lexer *l = &r->lexer;
  bool display = false;
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    if (eqt_is(l, refused[i].word))
      return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "%s", refused[i].message);
  gm_status s = refuse_reaction(r);
  if (s) return s;
  if (!r->inside && r->model_at >= 0) {
    s = model_display(r, &display);
    if (s || display) return s;
    return eqt_fail(r->text, l->now.at, GM_EPARSE, "statement outside the model");
  }
  if (!r->inside && r->outside_at < 0) r->outside_at = l->now.at;
  if (eqt_is(l, "unit")) return unit_definition(r);
  if (is_declaration(l)) return declaration(r);
  if (l->now.kind == EQT_NAME) return statement_name(r);
  return refuse_other(r);
}

static gm_status read_one(reader *r)
{
  const eqt_lexer *l = &r->lexer;
  gm_status s;
  if (eqt_is(l, "function"))
    s = function(r);
  else if (eqt_is(l, "model") || eqt_is(l, "module"))
    return model(r); /* a statement may follow at once */
  else if (eqt_is(l, "end"))
    s = model_end(r);
  else
    s = statement(r);
  if (!s && !at_end(r))
    s = expected(r, "an operator, or the end of the statement (; or a new line)");
  return s;
}

gm_status eqt_read_model(eqt_doc *d, const eqt_text *t)
{
  reader r = {.doc = d, .text = t, .model_at = -1, .outside_at = -1};
  gm_status s = eqt_start(&r.lexer, t, 0);
  while (!s) {
    s = skip_lines(&r);
    if (s || r.lexer.now.kind == EQT_END) break;
    s = read_one(&r);
  }
  if (!s) s = end_line(&r);
  if (!s && r.inside)
    s = eqt_fail(t, r.model_at, GM_EPARSE, "the model that begins here has no end");
  gm_free(r.defined);
  return s;
}
