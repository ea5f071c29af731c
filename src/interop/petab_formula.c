/* petab_formula.c - formulas of observables and noise: PEtab's spelling (that of SBML's infix
 * formulas and of sympy) turned into that of model text, every name into that of a slot, so that no
 * name of a model can be a word of the grammar. */
#include "gemel/math.h"
#include "interop/petab.h"
#include "interop/records_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, SLOTS_MAX = 1000, PLACES_MAX = 1000 };

typedef struct {
  gm_petab *p;
  pt_problem *q;
  const pt_table *t;
  int32_t row, column;
  const char *id; /* of the observable */
  pt_places *places;
  pt_formula *f;
  pt_index seen; /* names to slots */
  gm_text text;
} reading;

static gm_status fail_name(const reading *g, gm_status s, const char *name, const char *what)
{
  return pt_fail(&g->p->reader, g->t, g->row, g->column, s, "%.100s: %s", name, what);
}

/* ---- functions ------------------------------------------------------------------------------ */
typedef struct {
  const char *name, *as;
} spelling;

/* The natural logarithm is `log` here, as in sympy. */
static const spelling functions[] = {
    {"exp", "exp("},         {"ln", "ln("},           {"log", "ln("},
    {"log10", "log10("},     {"log2", "log(2,"},      {"sqrt", "sqrt("},
    {"abs", "abs("},         {"Abs", "abs("},         {"pow", "pow("},
    {"power", "pow("},       {"min", "min("},         {"Min", "min("},
    {"max", "max("},         {"Max", "max("},         {"floor", "floor("},
    {"ceil", "ceil("},       {"ceiling", "ceil("},    {"piecewise", "piecewise("},
    {"sin", "sin("},         {"cos", "cos("},         {"tan", "tan("},
    {"sec", "sec("},         {"csc", "csc("},         {"cot", "cot("},
    {"asin", "arcsin("},     {"acos", "arccos("},     {"atan", "arctan("},
    {"arcsin", "arcsin("},   {"arccos", "arccos("},   {"arctan", "arctan("},
    {"sinh", "sinh("},       {"cosh", "cosh("},       {"tanh", "tanh("},
    {"asinh", "arcsinh("},   {"acosh", "arccosh("},   {"atanh", "arctanh("},
    {"arcsinh", "arcsinh("}, {"arccosh", "arccosh("}, {"arctanh", "arctanh("},
    {"lt", "lt("},           {"gt", "gt("},           {"leq", "leq("},
    {"geq", "geq("},         {"eq", "eq("},           {"neq", "neq("},
    {"and", "and("},         {"or", "or("},           {"not", "not("}};

static const char *function_of(const char *name)
{
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
    if (!strcmp(functions[i].name, name)) return functions[i].as;
  return NULL;
}

/* ---- names ---------------------------------------------------------------------------------- */
/* n of "observableParameter<n>_<id>", from 1; 0: it is none of these. */
static int32_t override_number(const char *name, const char *word, const char *id)
{
  size_t bytes = strlen(word);
  if (strncmp(name, word, bytes) != 0) return 0;
  const char *digit = name + bytes;
  int32_t n = 0;
  if (*digit < '1' || *digit > '9') return 0;
  for (; *digit >= '0' && *digit <= '9' && n <= PLACES_MAX; digit++) n = 10 * n + (*digit - '0');
  return *digit == '_' && !strcmp(digit + 1, id) && n <= PLACES_MAX ? n : 0;
}

static gm_status output_of(const reading *g, const char *name, int32_t *out)
{
  pt_problem *q = g->q;
  for (int32_t i = 0; i < q->output_count; i++)
    if (!strcmp(q->output[i], name)) {
      *out = i;
      return GM_OK;
    }
  if (q->output_count == q->output_room) {
    const char **list;
    int32_t room = q->output_room ? 2 * q->output_room : 32;
    gm_status s = pt_get(&g->p->reader, room, sizeof *list, &list);
    if (s) return s;
    if (q->output_count) memcpy(list, q->output, (size_t)q->output_count * sizeof *list);
    q->output = list;
    q->output_room = room;
  }
  gm_status s = pt_copy(&g->p->reader, name, &q->output[q->output_count]);
  if (!s) *out = q->output_count++;
  return s;
}

static gm_status slot_find(const reading *g, const char *name, pt_slot *out)
{
  int32_t n = override_number(name, "observableParameter", g->id);
  if (n) {
    *out = (pt_slot){PT_SLOT_OBSERVABLE, n - 1};
    if (n > g->places->observable) g->places->observable = n;
    return GM_OK;
  }
  n = override_number(name, "noiseParameter", g->id);
  if (n) {
    *out = (pt_slot){PT_SLOT_NOISE, n - 1};
    if (n > g->places->noise) g->places->noise = n;
    return GM_OK;
  }
  if (net_find(&g->q->names, name, strlen(name)) >= 0) {
    out->kind = PT_SLOT_OUTPUT;
    return output_of(g, name, &out->index);
  }
  if (!strcmp(name, "time")) {
    *out = (pt_slot){PT_SLOT_TIME, 0};
    return GM_OK;
  }
  *out = (pt_slot){PT_SLOT_PARAMETER, pt_index_get(&g->p->parameters.index, name)};
  if (out->index >= 0) {
    g->p->parameters.used[out->index] = true;
    return GM_OK;
  }
  *out = (pt_slot){PT_SLOT_COLUMN, pt_index_get(&g->q->column_index, name)};
  if (out->index >= 0) return GM_OK;
  return fail_name(g, GM_EPARSE, name,
                   "neither in the model, nor in the parameter table, nor a column of the "
                   "condition table");
}

static gm_status name_add(reading *g, const char *name)
{
  static const spelling words[] = {{"pi", "pi"},       {"exponentiale", "exponentiale"},
                                   {"true", "true"},   {"True", "true"},
                                   {"false", "false"}, {"False", "false"}};
  int32_t k = pt_index_get(&g->seen, name);
  const char *copy;
  if (k < 0 && net_find(&g->q->names, name, strlen(name)) < 0)
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
      if (!strcmp(words[i].name, name)) {
        gm_text_add(&g->text, words[i].as);
        return GM_OK;
      }
  if (k < 0) {
    k = g->f->slot_count;
    if (k == SLOTS_MAX) return fail_name(g, GM_ERANGE, name, "more than 1000 names in a formula");
    gm_status s = slot_find(g, name, &g->f->slot[k]);
    if (!s) s = pt_copy(&g->p->reader, name, &copy);
    if (!s) s = pt_index_put(&g->p->reader, &g->seen, copy, k);
    if (s) return s;
    g->f->slot_count++;
  }
  gm_text_addf(&g->text, "v%d", (int)k);
  return GM_OK;
}

/* ---- tokens --------------------------------------------------------------------------------- */
static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t number_bytes(const char *at)
{
  size_t n = 0;
  while (is_digit(at[n])) n++;
  if (at[n] == '.') n++;
  while (is_digit(at[n])) n++;
  if (at[n] == 'e' || at[n] == 'E') {
    size_t sign = at[n + 1] == '+' || at[n + 1] == '-';
    if (is_digit(at[n + 1 + sign]))
      for (n += 2 + sign; is_digit(at[n]);) n++;
  }
  return n;
}

static gm_status number_add(reading *g, const char **at)
{
  char text[64];
  double v;
  size_t n = number_bytes(*at);
  if (n < sizeof text) {
    memcpy(text, *at, n);
    text[n] = 0;
  }
  if (n >= sizeof text || !pt_number(&g->p->reader, text, false, &v))
    return fail_name(g, GM_EPARSE, gm__show(*at).text, "a number is expected");
  *at += n;
  gm_text_addf(&g->text, "%s%s%s", text[0] == '.' ? "0" : "", text, text[n - 1] == '.' ? "0" : "");
  return GM_OK;
}

static gm_status word_add(reading *g, const char **at)
{
  char name[NAME_MAX_BYTES + 1];
  size_t n = 0;
  while (is_letter((*at)[n]) || is_digit((*at)[n])) n++;
  if (n > NAME_MAX_BYTES)
    return fail_name(g, GM_ERANGE, gm__show(*at).text, "a name of more than 255 characters");
  memcpy(name, *at, n);
  name[n] = 0;
  *at += n;
  const char *behind = *at + strspn(*at, " \t");
  /* between values these two are operators */
  if (!strcmp(name, "and") || !strcmp(name, "or")) {
    size_t used = g->text.bytes;
    if (used && !strchr("(,", g->text.data[used - 1])) {
      gm_text_add(&g->text, name[0] == 'a' ? " && " : " || ");
      return GM_OK;
    }
  }
  if (*behind != '(') return name_add(g, name);
  const char *as = function_of(name);
  if (!as) return fail_name(g, GM_EUNSUPPORTED, name, "no function that formulas know");
  *at = behind + 1;
  gm_text_add(&g->text, as);
  return GM_OK;
}

/* An operator of one or two characters; 0: none. */
static size_t sign_add(reading *g, const char *at)
{
  static const spelling two[] = {{"**", "^"},  {"<=", "<="}, {">=", ">="}, {"==", "=="},
                                 {"!=", "!="}, {"&&", "&&"}, {"||", "||"}};
  for (size_t i = 0; i < sizeof two / sizeof two[0]; i++)
    if (!strncmp(at, two[i].name, 2)) {
      gm_text_add(&g->text, two[i].as);
      return 2;
    }
  if (!strchr("+-*/^(),<>!&|", *at)) return 0;
  if (*at == '&' || *at == '|') gm_text_addn(&g->text, at, 1);
  gm_text_addn(&g->text, at, 1);
  return 1;
}

static gm_status translate(reading *g, const char *at)
{
  gm_status s = GM_OK;
  while (*at && !s) {
    if (*at == ' ' || *at == '\t') {
      at++;
    } else if (is_letter(*at)) {
      s = word_add(g, &at);
    } else if (is_digit(*at) || (*at == '.' && is_digit(at[1]))) {
      s = number_add(g, &at);
    } else {
      size_t n = sign_add(g, at);
      if (!n) return fail_name(g, GM_EPARSE, gm__show(at).text, "not a sign of formulas");
      at += n;
    }
    if (!s) s = g->text.status;
  }
  return s;
}

static gm_status compile(reading *g)
{
  const pt_reader *r = &g->p->reader;
  const char **name;
  char number[16], where[600];
  gm_status s = pt_get(r, g->f->slot_count, sizeof *name, &name);
  for (int32_t i = 0; i < g->f->slot_count && !s; i++) {
    snprintf(number, sizeof number, "v%d", (int)i);
    s = pt_copy(r, number, &name[i]);
  }
  if (s) return s;
  snprintf(where, sizeof where, "%.180s:%d: %.60s as %.60s%s", g->t->path, (int)g->t->line[g->row],
           g->t->head[g->column], g->text.data ? g->text.data : "",
           g->text.bytes > 60 ? "..." : "");
  return gm_expr_new(r->ctx, g->text.data ? g->text.data : "", name, NULL, g->f->slot_count, where,
                     &g->f->expr);
}

gm_status pt_formula_read(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row,
                          int32_t column, const char *id, pt_places *places, pt_formula *out)
{
  const char *text = pt_cell(t, row, column);
  pt_formula f = {0};
  pt_slot *slot;
  reading g = {
      .p = p, .q = q, .t = t, .row = row, .column = column, .id = id, .places = places, .f = &f};
  if (!text[0]) return pt_fail(&p->reader, t, row, column, GM_EPARSE, "a formula is expected");
  f.slot = gm_alloc(p->ctx, SLOTS_MAX, sizeof *f.slot);
  if (!f.slot) return gm_fail(p->ctx, GM_ENOMEM, "formula");
  gm_text_init(&g.text, p->ctx);
  gm_status s = translate(&g, text);
  if (s == GM_ENOMEM) gm_fail(p->ctx, s, "formula");
  if (!s) s = pt_get(&p->reader, f.slot_count, sizeof *slot, &slot);
  if (!s) {
    memcpy(slot, f.slot, (size_t)f.slot_count * sizeof *slot);
    s = compile(&g);
  }
  gm_free(f.slot);
  gm_text_free(&g.text);
  if (s) return s;
  f.slot = slot;
  *out = f;
  return GM_OK;
}
