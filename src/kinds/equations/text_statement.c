/* text_statement.c - the statements of a model text: a subset of Antimony (docs/model-text.md).
 * What belongs to Antimony and not to the subset is refused by its name. */
#include "kinds/equations/text_reader.h"
#include <stdio.h>
#include <string.h>

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

static const char no_constraints[] = "constraints belong to flux balance analysis: not supported";
static const char no_objectives[] = "objectives belong to flux balance analysis: not supported";

/* Beginnings of statements that Antimony has and this subset has not. */
static const struct {
  const char *word, *message;
} refused[] = {
    {"import", "import is not supported: a model is one text"},
    {"event", "events have no declaration: write NAME: at (condition): x = ..."},
    {"constraint", no_constraints},
    {"maximize", no_objectives},
    {"minimize", no_objectives},
    {"gene", "genes are not supported: write the reaction or the rate rule x' = ..."},
    {"operator", "operators are not supported: write the rule x := ..."},
    {"DNA", "DNA strands are not supported: write the reactions or rate rules x' = ..."}};

/* Words between a name and a text in quotes: what libAntimony writes for SBML's annotations. */
static const char *const annotations[] = {
    "identity",    "model_entity_is", "hasPart",       "part",           "isPartOf",
    "parthood",    "isVersionOf",     "hypernym",      "hasVersion",     "version",
    "isHomologTo", "homolog",         "isDescribedBy", "description",    "isEncodedBy",
    "encoder",     "encodes",         "encodement",    "occursIn",       "container",
    "hasProperty", "property",        "isPropertyOf",  "propertyBearer", "hasTaxon",
    "taxon",       "isDerivedFrom",   "origin",        "isInstanceOf",   "class",
    "hasInstance", "instance",        "created",       "modified",       "notes",
    "creator1",    "creator"};

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
    if (!eqt_builtins[i].soft && eqt_same(l->text, l->now, eqt_builtins[i].name))
      return eqt_fail(l->text, l->now.at, GM_EPARSE, "%s is a function, expected %s",
                      eqt_token_text(l, text), what);
  return GM_OK;
}

gm_status eqt_expected(const eqt_reader *r, const char *what)
{
  char text[80];
  return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "found %s, expected %s",
                  eqt_token_text(&r->lexer, text), what);
}

gm_status eqt_take(eqt_reader *r, int kind, const char *what)
{
  return r->lexer.now.kind == kind ? eqt_next(&r->lexer) : eqt_expected(r, what);
}

bool eqt_at_end(const eqt_reader *r)
{
  int k = r->lexer.now.kind;
  return k == EQT_END || k == EQT_LINE || k == ';';
}

int32_t eqt_line_of(const eqt_reader *r, int32_t at)
{
  int32_t line, column;
  eqt_place(r->text, at, &line, &column);
  return line;
}

/* ---- `# source: ...` ------------------------------------------------------------------------- */
gm_status eqt_note_defined(eqt_reader *r, int32_t symbol)
{
  gm_status s =
      eq_room(r->doc->ctx, &r->defined, r->defined_count, &r->defined_room, sizeof *r->defined);
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
static gm_status end_line(eqt_reader *r)
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
static eqt_parser parser_of(eqt_reader *r)
{
  return (eqt_parser){.doc = r->doc, .lexer = &r->lexer};
}

/* x = ; takes away what a sub-model gives. */
static gm_status clear(eqt_reader *r, eqt_expr *place, eqt_token name)
{
  if (!place->text || !place->inherited)
    return eqt_fail(r->text, name.at, GM_EPARSE,
                    "nothing to take away from %.*s: expected an expression", (int)name.bytes,
                    r->text->data + name.at);
  *place = (eqt_expr){0};
  return GM_OK;
}

static eqt_expr *slot(eqt_symbol *y, int which)
{
  return which == '=' ? &y->initial : which == '\'' ? &y->rate : &y->rule;
}

/* What comes from a sub-model gives way; anything else may be given once. */
static gm_status replace(eqt_reader *r, int32_t symbol, eqt_token name, int which,
                         const eqt_expr *e)
{
  eqt_symbol *y = &r->doc->symbol[symbol];
  eqt_expr *place = slot(y, which);
  if (place->text && !place->inherited)
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s has %s already, in line %d", (int)name.bytes,
                    r->text->data + name.at, which == '=' ? "a value" : "a rule",
                    (int)eqt_line_of(r, place->at));
  if (place->text) y->source_bytes = 0; /* that was of the value before */
  *place = *e;
  if (which == ':' && y->initial.inherited) y->initial = (eqt_expr){0};
  if (y->defined_at < 0 || !y->own) y->defined_at = name.at;
  y->own = true;
  return eqt_note_defined(r, symbol);
}

gm_status eqt_define(eqt_reader *r, int32_t symbol, eqt_token name, int which)
{
  eqt_parser p = parser_of(r);
  eqt_expr e;
  gm_status s = eqt_next(&r->lexer);
  if (!s && eqt_at_end(r) && eqt_dotted(r->text, name))
    return clear(r, slot(&r->doc->symbol[symbol], which), name);
  if (!s && which == '=' && r->lexer.now.kind == ';') return GM_OK; /* `x = ;`: it has none */
  if (!s) s = eqt_parse_number(&p, &e);
  return s ? s : replace(r, symbol, name, which, &e);
}

static gm_status read_unit(eqt_reader *r, int32_t *entry_out)
{
  int32_t from = r->lexer.now.at;
  gm_status s = eqt_unit_skip(&r->lexer);
  return s ? s : eqt_unit_formula(r->doc, r->text, from, entry_out);
}

/* NAME has UNIT; index -1: time, which is one for all models of the text. */
static gm_status has_unit(eqt_reader *r, int32_t index, eqt_token name)
{
  int32_t entry;
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = read_unit(r, &entry);
  if (s) return s;
  int32_t *unit = index < 0 ? &r->doc->time_unit : &r->doc->symbol[index].unit;
  bool elsewhere =
      index < 0 ? r->doc->time_scope != r->doc->scope : r->doc->symbol[index].unit_inherited;
  if (*unit >= 0 && elsewhere) return eqt_note_same_unit(r->doc, *unit, entry, r->text, name.at);
  if (*unit >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s has a unit already, in line %d",
                    (int)name.bytes, r->text->data + name.at,
                    (int)eqt_line_of(r, r->doc->unit[*unit].at));
  *unit = entry;
  if (index < 0) r->doc->time_scope = r->doc->scope;
  if (index >= 0) r->doc->symbol[index].unit_at = name.at;
  return GM_OK;
}

static gm_status no_conversion(const eqt_reader *r)
{
  if (r->lexer.now.kind != '*' && r->lexer.now.kind != '/') return GM_OK;
  return eqt_fail(
      r->text, r->lexer.now.at, GM_EUNSUPPORTED,
      "conversion factors between names are not supported: write a rule with the factor");
}

/* `is "text"` for display, or `is NAME`: index becomes a second name; index -1: of no quantity. */
static gm_status is_other(eqt_reader *r, int32_t index)
{
  int32_t other;
  eqt_token name;
  gm_status s = eqt_next(&r->lexer);
  if (!s && index >= 0) r->doc->symbol[index].shown = r->lexer.now.kind == EQT_STRING;
  if (s || r->lexer.now.kind == EQT_STRING) return s ? s : eqt_next(&r->lexer);
  if (index < 0) return eqt_expected(r, "a text in quotes");
  s = eqt_quantity(r, "a text in quotes or a name", &other, &name);
  if (!s) s = no_conversion(r);
  return s ? s : eqt_same_thing(r->doc, r->text, name.at, index, other);
}

/* What follows a name that begins a statement, when it is nothing this subset has. */
static gm_status refuse_after_name(const eqt_reader *r, eqt_token name)
{
  const eqt_lexer *l = &r->lexer;
  eqt_lexer ahead = *l;
  gm_status s = no_conversion(r);
  if (!s) s = eqt_next(&ahead);
  if (s) return s;
  switch (l->now.kind) {
  case '<':
  case '>':
  case EQT_LE:
  case EQT_GE:
  case EQT_NE: return eqt_fail(r->text, name.at, GM_EUNSUPPORTED, "%s", no_constraints);
  case '-':
    if (ahead.now.kind == '-')
      return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "DNA strands are not supported");
    if (ahead.now.kind == '|' || ahead.now.kind == '(' || eqt_is(&ahead, "o"))
      return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED,
                      "interactions (-o, -|, -() are not supported: the rate of the reaction says "
                      "what it depends on");
    break;
  case EQT_NAME:
    if (ahead.now.kind == EQT_STRING)
      return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED,
                      "annotations with this word are not supported: put it into a comment");
    break;
  default: break;
  }
  return eqt_expected(r, "=, :=, ', has or is (or in and a compartment)");
}

/* "text", "text", ... behind the word of an annotation: read and not used. */
static gm_status skip_annotation(eqt_reader *r)
{
  gm_status s = eqt_next(&r->lexer);
  while (!s && r->lexer.now.kind == EQT_STRING) {
    s = eqt_next(&r->lexer);
    if (s || r->lexer.now.kind != ',') return s;
    s = eqt_next(&r->lexer);
    if (!s) s = eqt_skip_lines(r);
  }
  return s ? s : eqt_expected(r, "a text in quotes");
}

static bool is_annotation(const eqt_lexer *l)
{
  eqt_lexer ahead = *l;
  bool known = false;
  for (size_t i = 0; i < sizeof annotations / sizeof annotations[0]; i++)
    known = known || eqt_is(l, annotations[i]);
  return known && eqt_next(&ahead) == GM_OK && ahead.now.kind == EQT_STRING;
}

/* `= ...`, `:= ...`, `' = ...`. */
static gm_status give_expression(eqt_reader *r, int32_t index, eqt_token name)
{
  if (r->lexer.now.kind == '=') return eqt_define(r, index, name, '=');
  if (r->lexer.now.kind == EQT_BECOMES) return eqt_define(r, index, name, ':');
  gm_status s = eqt_next(&r->lexer);
  if (!s && r->lexer.now.kind != '=') s = eqt_expected(r, "= behind the '");
  return s ? s : eqt_define(r, index, name, '\'');
}

/* What a name is given: an expression, `has ...`, `is ...`; nothing where may_end. */
static gm_status give(eqt_reader *r, int32_t index, eqt_token name, bool may_end)
{
  eqt_doc *d = r->doc;
  int32_t compartment;
  gm_status s = eqt_maybe_in(r, &compartment);
  if (s) return s;
  if (compartment >= 0) d->symbol[index].compartment = compartment;
  int kind = r->lexer.now.kind;
  if (kind == '=' || kind == EQT_BECOMES || kind == '\'') return give_expression(r, index, name);
  if (eqt_is(&r->lexer, "has")) return has_unit(r, index, name);
  if (eqt_is(&r->lexer, "is")) return is_other(r, index);
  if (is_annotation(&r->lexer)) return skip_annotation(r);
  may_end = may_end || compartment >= 0;
  return may_end && (eqt_at_end(r) || kind == ',') ? GM_OK : refuse_after_name(r, name);
}

gm_status eqt_maybe_in(eqt_reader *r, int32_t *compartment_out)
{
  eqt_token name;
  int32_t symbol;
  *compartment_out = -1;
  if (!eqt_is(&r->lexer, "in")) return GM_OK;
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_quantity(r, "the name of a compartment", &symbol, &name);
  if (!s) s = eqt_make_thing(r->doc, r->text, name.at, symbol, EQT_COMPARTMENT);
  if (!s) *compartment_out = symbol;
  return s;
}

gm_status eqt_quantity(eqt_reader *r, const char *what, int32_t *symbol_out, eqt_token *name_out)
{
  gm_status s = GM_OK;
  int32_t symbol, dollar_at = r->lexer.now.at;
  bool dollar = r->lexer.now.kind == '$';
  if (dollar) s = eqt_next(&r->lexer);
  if (!s) s = eqt_new_name(&r->lexer, what);
  if (s) return s;
  *name_out = r->lexer.now;
  s = eqt_symbol_get(r->doc, r->text, r->lexer.now, &symbol);
  if (!s && dollar) s = eqt_make_thing(r->doc, r->text, dollar_at, symbol, EQT_SPECIES);
  if (s) return s;
  if (dollar) r->doc->symbol[symbol].boundary = true;
  *symbol_out = symbol;
  return eqt_next(&r->lexer);
}

gm_status eqt_unnamed(eqt_reader *r, eqt_nameless kind, int32_t at, int32_t *symbol_out)
{
  enum { BYTES = 24 };
  eqt_doc *d = r->doc;
  char *text = gm_arena_get(d->arena, BYTES, 1);
  if (!text) return gm_fail(d->ctx, GM_ENOMEM, "a name");
  int32_t bytes, *number = &r->unnamed[kind];
  do bytes = snprintf(text, BYTES, "_%c%d", "JERM"[kind], (int)(*number)++);
  while (eqt_table_find(&d->name, text, bytes) >= 0);
  eqt_token place = {EQT_NAME, at, 0, 0};
  return eqt_symbol_new(d, r->text, place, (eqt_key){text, bytes}, symbol_out);
}

/* X.sboTerm = 236, also SBO:0000236: read and not used. */
static gm_status skip_sbo(eqt_reader *r)
{
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_take(r, '=', "=");
  if (!s && eqt_is(&r->lexer, "SBO")) {
    s = eqt_next(&r->lexer);
    if (!s) s = eqt_take(r, ':', ":");
  }
  return s ? s : eqt_take(r, EQT_NUMBER, "the number of the term");
}

static bool is_sbo(const eqt_lexer *l)
{
  static const char end[] = ".sboTerm";
  int32_t n = (int32_t)sizeof end - 1, at = l->now.at + l->now.bytes - n;
  return l->now.kind == EQT_NAME && l->now.bytes > n &&
         memcmp(l->text->data + at, end, (size_t)n) == 0;
}

/* Behind NAME [in C] `:`. */
static gm_status statement_label(eqt_reader *r, int32_t label, eqt_token name, int32_t compartment)
{
  const eqt_lexer *l = &r->lexer;
  if (eqt_is(l, "at")) return eqt_read_event(r, label, name.at);
  if (eqt_is(l, "maximize") || eqt_is(l, "minimize"))
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "%s", no_objectives);
  if (l->now.kind == EQT_NUMBER && l->now.value == 0) return eqt_read_equation(r, label, name.at);
  if (l->now.kind == EQT_NUMBER)
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "%s", no_constraints);
  if (l->now.kind == EQT_NAME) {
    eqt_lexer ahead = *l;
    gm_status s = eqt_next(&ahead);
    if (s) return s;
    if (ahead.now.kind == '(') return eqt_read_submodel(r, label, name, compartment);
    if (ahead.now.kind == '-') {
      r->lexer = ahead;
      return refuse_after_name(r, name);
    }
  }
  if (l->now.kind == '-')
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "DNA strands are not supported");
  return eqt_expected(r, "a reaction (A -> B), at, 0 = ..., or a model and (");
}

static gm_status statement_time(eqt_reader *r)
{
  eqt_token name = r->lexer.now;
  gm_status s = eqt_next(&r->lexer);
  if (s || eqt_is(&r->lexer, "has")) return s ? s : has_unit(r, -1, name);
  return eqt_fail(r->text, name.at, GM_EPARSE, "time runs by itself: only its unit can be given");
}

/* NAME in C : ... is a label, too: then the lexer moves to the colon. */
static gm_status label_in(eqt_reader *r, int32_t *compartment_out)
{
  eqt_lexer ahead = r->lexer;
  if (!eqt_is(&ahead, "in")) return GM_OK;
  gm_status s = eqt_next(&ahead);
  if (!s) s = eqt_next(&ahead);
  return s || ahead.now.kind != ':' ? s : eqt_maybe_in(r, compartment_out);
}

static gm_status statement_name(eqt_reader *r)
{
  eqt_token name;
  int32_t index, compartment = -1;
  if (eqt_is(&r->lexer, "time")) return statement_time(r);
  if (is_sbo(&r->lexer)) return skip_sbo(r);
  eqt_lexer ahead = r->lexer;
  gm_status s = ahead.now.kind == EQT_NAME ? eqt_next(&ahead) : GM_OK;
  if (s) return s;
  if (ahead.now.kind == '(') return eqt_read_submodel(r, -1, (eqt_token){0}, -1);
  s = eqt_quantity(r, "the name of a quantity", &index, &name);
  if (!s) s = label_in(r, &compartment);
  if (s) return s;
  if (r->lexer.now.kind != ':') return give(r, index, name, false);
  s = eqt_next(&r->lexer);
  return s ? s : statement_label(r, index, name, compartment);
}

/* ---- declarations -------------------------------------------------------------------------- */
typedef struct {
  bool constant, variable, amount_only;
  eqt_thing thing;
} kind_said;

static gm_status declared(eqt_reader *r, const kind_said *said)
{
  eqt_token name;
  int32_t index;
  gm_status s = eqt_quantity(r, "the name of a quantity", &index, &name);
  if (!s && said->thing != EQT_PLAIN)
    s = eqt_make_thing(r->doc, r->text, name.at, index, said->thing);
  if (s) return s;
  eqt_symbol *y = &r->doc->symbol[index];
  if ((said->constant && y->variable) || (said->variable && y->constant))
    return eqt_fail(r->text, name.at, GM_EPARSE, "%.*s is said to be const and var",
                    (int)name.bytes, r->text->data + name.at);
  y->constant |= said->constant;
  y->variable |= said->variable;
  y->amount_only |= said->amount_only;
  return give(r, index, name, true);
}

/* Moves over a word, if it stands here. */
static gm_status maybe(eqt_reader *r, const char *word, bool *out)
{
  *out = eqt_is(&r->lexer, word);
  return *out ? eqt_next(&r->lexer) : GM_OK;
}

/* [const | var] [substanceOnly] [species | compartment | formula | reaction] */
static gm_status read_kind(eqt_reader *r, kind_said *said)
{
  static const struct {
    const char *word;
    eqt_thing thing;
  } kinds[] = {{"species", EQT_SPECIES},
               {"compartment", EQT_COMPARTMENT},
               {"reaction", EQT_REACTION},
               {"formula", EQT_PLAIN}};
  bool found = false, behind = false;
  gm_status s = maybe(r, "const", &said->constant);
  if (!s && !said->constant) s = maybe(r, "var", &said->variable);
  if (!s) s = maybe(r, "substanceOnly", &said->amount_only);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !s && !found; i++) {
    s = maybe(r, kinds[i].word, &found);
    if (found) said->thing = kinds[i].thing;
  }
  if (!s && said->thing == EQT_SPECIES) s = maybe(r, "substanceOnly", &behind);
  said->amount_only = said->amount_only || behind;
  if (said->amount_only) said->thing = EQT_SPECIES;
  return s;
}

static gm_status declaration(eqt_reader *r)
{
  kind_said said = {.thing = EQT_PLAIN};
  gm_status s = read_kind(r, &said);
  while (!s) {
    s = declared(r, &said);
    if (s || r->lexer.now.kind != ',') break;
    s = eqt_next(&r->lexer);
  }
  return s;
}

static gm_status unit_definition(eqt_reader *r)
{
  int32_t entry;
  gm_status s = eqt_next(&r->lexer);
  if (!s && (r->lexer.now.kind != EQT_NAME || eqt_reserved(r->text, r->lexer.now)))
    s = eqt_expected(r, "the name of a unit");
  eqt_token name = r->lexer.now;
  if (!s) s = eqt_next(&r->lexer);
  if (!s) s = eqt_take(r, '=', "= and the unit's formula");
  int32_t from = r->lexer.now.at;
  if (!s) s = eqt_unit_skip(&r->lexer);
  if (!s) s = eqt_unit_get(r->doc, r->text, name, &entry);
  if (s) return s;
  eqt_unit_entry *u = &r->doc->unit[entry];
  if (u->from >= 0 && u->scope == r->doc->scope)
    return eqt_fail(r->text, name.at, GM_EPARSE, "unit %.*s is defined already, in line %d",
                    (int)name.bytes, r->text->data + name.at, (int)eqt_line_of(r, u->from));
  if (u->from >= 0) { /* another model has it: it must mean the same there */
    int32_t again;
    s = eqt_unit_formula(r->doc, r->text, from, &again);
    return s ? s : eqt_note_same_unit(r->doc, entry, again, r->text, name.at);
  }
  u->from = from;
  u->at = name.at;
  u->scope = r->doc->scope;
  return GM_OK;
}

/* ---- functions and models ------------------------------------------------------------------ */
gm_status eqt_skip_lines(eqt_reader *r)
{
  gm_status s = GM_OK;
  while (!s && (r->lexer.now.kind == EQT_LINE || r->lexer.now.kind == ';')) {
    if (r->lexer.now.kind == EQT_LINE) s = end_line(r);
    if (!s) s = eqt_next(&r->lexer);
  }
  return s;
}

/* ( name, name, ... ); tokens go to arg when it is not NULL. */
gm_status eqt_name_list(eqt_reader *r, eqt_token *arg, int32_t *count_out)
{
  int32_t n = 0;
  gm_status s = eqt_take(r, '(', "(");
  while (!s && r->lexer.now.kind != ')') {
    s = eqt_new_name(&r->lexer, "a name");
    if (s) return s;
    if (n == EQT_ARGUMENT_MAX)
      return eqt_fail(r->text, r->lexer.now.at, GM_ERANGE, "more than %d names in brackets",
                      (int)EQT_ARGUMENT_MAX);
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
  if (!s) s = eqt_take(r, ')', "a comma or )");
  *count_out = n;
  return s;
}

static gm_status function_body(eqt_reader *r, eqt_token name, const eqt_token *arg,
                               int32_t arg_count)
{
  eqt_doc *d = r->doc;
  eqt_parser p = {.doc = d, .lexer = &r->lexer, .arg = arg, .arg_count = arg_count};
  p.in_function = true;
  eqt_function f = {.arg_count = arg_count};
  int32_t index = d->function_name.count;
  gm_status s = eqt_skip_lines(r);
  if (!s) s = eqt_parse(&p, &f.body);
  if (!s) s = eqt_skip_lines(r);
  if (!s && !eqt_is(&r->lexer, "end"))
    s = eqt_expected(r, "an operator, or end behind the function");
  if (!s) s = eqt_next(&r->lexer);
  if (s) return s;
  f.logical = p.logical;
  f.nest = p.nest + 1;
  if (f.nest > EQT_FUNCTION_NEST_MAX)
    return eqt_fail(r->text, name.at, GM_ERANGE, "functions more than %d deep inside each other",
                    (int)EQT_FUNCTION_NEST_MAX);
  s = eq_room(d->ctx, &d->function, index, &d->function_room, sizeof *d->function);
  if (!s) s = eqt_table_add(&d->function_name, r->text->data + name.at, name.bytes, &index);
  if (!s) d->function[index] = f;
  return s;
}

static gm_status function(eqt_reader *r)
{
  eqt_token arg[EQT_ARGUMENT_MAX] = {{0}};
  int32_t arg_count = 0;
  if (r->model_at >= 0)
    return eqt_fail(r->text, r->lexer.now.at, GM_EPARSE, "functions stand in front of the model");
  gm_status s = eqt_next(&r->lexer);
  if (!s) s = eqt_new_name(&r->lexer, "the name of the function");
  if (s) return s;
  eqt_token name = r->lexer.now;
  if (eqt_dotted(r->text, name)) return eqt_expected(r, "the name of the function, without a dot");
  if (eqt_table_find(&r->doc->function_name, r->text->data + name.at, name.bytes) >= 0)
    return eqt_fail(r->text, name.at, GM_EPARSE, "function %.*s is defined already",
                    (int)name.bytes, r->text->data + name.at);
  s = eqt_next(&r->lexer);
  if (!s) s = eqt_name_list(r, arg, &arg_count);
  return s ? s : function_body(r, name, arg, arg_count);
}

/* ---- statements ---------------------------------------------------------------------------- */
/* Is there an arrow before the statement ends (before `;` and the rate)? */
static gm_status has_arrow(const eqt_reader *r, bool *out)
{
  eqt_lexer ahead = r->lexer;
  gm_status s = GM_OK;
  *out = false;
  while (!s && ahead.now.kind != EQT_END && ahead.now.kind != EQT_LINE && ahead.now.kind != ';') {
    if (ahead.now.kind == EQT_ARROW) {
      *out = true;
      return GM_OK;
    }
    s = eqt_next(&ahead);
  }
  return s;
}

static gm_status statement_other(eqt_reader *r)
{
  const eqt_lexer *l = &r->lexer;
  if (l->now.kind == EQT_NUMBER) {
    eqt_lexer ahead = *l;
    gm_status s = eqt_next(&ahead);
    if (!s && l->now.value == 0 && ahead.now.kind == '=')
      return eqt_read_equation(r, -1, l->now.at);
    if (s) return s;
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "%s", no_constraints);
  }
  if (l->now.kind == '-')
    return eqt_fail(r->text, l->now.at, GM_EUNSUPPORTED, "DNA strands are not supported");
  return eqt_expected(r, "a statement");
}

static bool is_declaration(const eqt_lexer *l)
{
  return eqt_is(l, "const") || eqt_is(l, "var") || eqt_is(l, "species") ||
         eqt_is(l, "compartment") || eqt_is(l, "formula") || eqt_is(l, "substanceOnly") ||
         eqt_is(l, "reaction");
}

/* Outside of models, about a model or function that has been read: `NAME is "text"`, an annotation
 * or a term of SBO. */
static gm_status about_model(eqt_reader *r, bool *done_out)
{
  const eqt_lexer *l = &r->lexer;
  const char *word = r->text->data + l->now.at;
  int32_t bytes = l->now.bytes - (is_sbo(l) ? (int32_t)strlen(".sboTerm") : 0);
  *done_out = false;
  if (r->model_at >= 0 || l->now.kind != EQT_NAME) return GM_OK;
  if (eqt_table_find(&r->doc->model_key, word, bytes) < 0 &&
      eqt_table_find(&r->doc->function_name, word, bytes) < 0)
    return GM_OK;
  eqt_lexer ahead = *l;
  gm_status s = eqt_next(&ahead);
  *done_out = !s && (is_sbo(l) || is_annotation(&ahead) || eqt_is(&ahead, "is"));
  if (s || !*done_out) return s;
  if (is_sbo(l)) return skip_sbo(r);
  r->lexer = ahead;
  return eqt_is(&ahead, "is") ? is_other(r, -1) : skip_annotation(r);
}

static gm_status refuse_word(const eqt_reader *r)
{
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    if (eqt_is(&r->lexer, refused[i].word))
      return eqt_fail(r->text, r->lexer.now.at, GM_EUNSUPPORTED, "%s", refused[i].message);
  return GM_OK;
}

static gm_status statement(eqt_reader *r)
{
  const eqt_lexer *l = &r->lexer;
  bool done = false, reaction = false;
  gm_status s = refuse_word(r);
  if (!s) s = about_model(r, &done);
  if (s || done) return s;
  if (eqt_is(l, "unit")) return unit_definition(r); /* for the whole text, wherever it stands */
  if (r->model_at < 0 && r->outside_at < 0) r->outside_at = l->now.at;
  if (is_declaration(l)) return declaration(r);
  if (eqt_is(l, "delete")) return eqt_read_delete(r);
  if (eqt_is(l, "at")) return eqt_read_event(r, -1, l->now.at);
  s = has_arrow(r, &reaction);
  if (s || reaction) return s ? s : eqt_read_reaction(r);
  if (l->now.kind == EQT_NAME || l->now.kind == '$') return statement_name(r);
  return statement_other(r);
}

/* `model` begins a model; inside one, it stands for the model itself in an annotation. */
static gm_status model_word(eqt_reader *r, bool *annotation_out)
{
  eqt_lexer ahead = r->lexer;
  gm_status s = eqt_next(&ahead);
  *annotation_out = !s && r->model_at >= 0 && (is_annotation(&ahead) || eqt_is(&ahead, "is"));
  if (s || !*annotation_out) return s ? s : eqt_read_model_head(r);
  r->lexer = ahead;
  return eqt_is(&ahead, "is") ? is_other(r, -1) : skip_annotation(r);
}

static gm_status read_one(eqt_reader *r)
{
  const eqt_lexer *l = &r->lexer;
  bool annotation = true;
  gm_status s;
  if (eqt_is(l, "function")) {
    s = function(r);
  } else if (eqt_is(l, "model") || eqt_is(l, "module")) {
    s = model_word(r, &annotation);
    if (s || !annotation) return s; /* a statement may follow at once */
  } else if (eqt_is(l, "end")) {
    s = eqt_read_model_end(r);
  } else {
    s = statement(r);
  }
  if (!s && !eqt_at_end(r))
    s = eqt_expected(r, "an operator, or the end of the statement (; or a new line)");
  return s;
}

gm_status eqt_read_model(eqt_doc *d, const eqt_text *t)
{
  eqt_reader r = {.doc = d, .text = t, .model_at = -1, .outside_at = -1};
  d->in_model = d->dots_known = true;
  gm_status s = eqt_start(&r.lexer, t, 0);
  while (!s) {
    s = eqt_skip_lines(&r);
    if (s || r.lexer.now.kind == EQT_END) break;
    s = read_one(&r);
  }
  if (!s) s = end_line(&r);
  if (!s && r.model_at >= 0)
    s = eqt_fail(t, r.model_at, GM_EPARSE, "the model that begins here has no end");
  if (!s) s = eqt_choose_main(&r);
  d->in_model = false;
  eqt_model_free(&r.outside);
  eqt_model_free(&r.now);
  gm_free(r.defined);
  return s;
}
