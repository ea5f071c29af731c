/* parse.c - expressions of a model text, by precedence climbing. */
#include "kinds/equations/parse.h"
#include <string.h>

/* CODATA 2018, exact since the SI of 2019. SBML Level 3 Version 1 still prints 6.02214179e23. */
#define AVOGADRO 6.02214076e23

const eqt_builtin eqt_builtins[] = {
    {"exp", EQT_FN_OP, IR_EXP, 1, 1, false, NULL, false},
    {"ln", EQT_FN_OP, IR_LOG, 1, 1, false, NULL, false},
    {"log10", EQT_FN_OP, IR_LOG10, 1, 1, false, NULL, false},
    {"log", EQT_FN_LOG, IR_LOG, 1, 2, false, NULL, false},
    {"log1p", EQT_FN_OP, IR_LOG1P, 1, 1, false, NULL, false},
    {"expm1", EQT_FN_OP, IR_EXPM1, 1, 1, false, NULL, false},
    {"sqrt", EQT_FN_OP, IR_SQRT, 1, 1, false, NULL, false},
    {"sqr", EQT_FN_SQR, IR_POW, 1, 1, false, NULL, false},
    {"root", EQT_FN_ROOT, IR_POW, 2, 2, false, NULL, false},
    {"pow", EQT_FN_OP, IR_POW, 2, 2, false, NULL, false},
    {"power", EQT_FN_OP, IR_POW, 2, 2, false, NULL, false},
    {"abs", EQT_FN_OP, IR_ABS, 1, 1, false, NULL, false},
    {"floor", EQT_FN_OP, IR_FLOOR, 1, 1, false, NULL, false},
    {"ceil", EQT_FN_OP, IR_CEIL, 1, 1, false, NULL, false},
    {"ceiling", EQT_FN_OP, IR_CEIL, 1, 1, false, NULL, false},
    {"sin", EQT_FN_OP, IR_SIN, 1, 1, false, NULL, false},
    {"cos", EQT_FN_OP, IR_COS, 1, 1, false, NULL, false},
    {"tan", EQT_FN_OP, IR_TAN, 1, 1, false, NULL, false},
    {"arcsin", EQT_FN_OP, IR_ASIN, 1, 1, false, NULL, false},
    {"asin", EQT_FN_OP, IR_ASIN, 1, 1, false, NULL, false},
    {"arccos", EQT_FN_OP, IR_ACOS, 1, 1, false, NULL, false},
    {"acos", EQT_FN_OP, IR_ACOS, 1, 1, false, NULL, false},
    {"arctan", EQT_FN_OP, IR_ATAN, 1, 1, false, NULL, false},
    {"atan", EQT_FN_OP, IR_ATAN, 1, 1, false, NULL, false},
    {"sinh", EQT_FN_OP, IR_SINH, 1, 1, false, NULL, false},
    {"cosh", EQT_FN_OP, IR_COSH, 1, 1, false, NULL, false},
    {"tanh", EQT_FN_OP, IR_TANH, 1, 1, false, NULL, false},
    {"min", EQT_FN_FOLD, IR_MIN, 1, -1, false, NULL, false},
    {"max", EQT_FN_FOLD, IR_MAX, 1, -1, false, NULL, false},
    {"piecewise", EQT_FN_PIECEWISE, IR_SELECT, 3, -1, false, NULL, false},
    {"lt", EQT_FN_COMPARE, IR_LT, 2, 2, false, NULL, false},
    {"gt", EQT_FN_COMPARE, IR_LT, 2, 2, true, NULL, false},
    {"leq", EQT_FN_COMPARE, IR_LE, 2, 2, false, NULL, false},
    {"geq", EQT_FN_COMPARE, IR_LE, 2, 2, true, NULL, false},
    {"eq", EQT_FN_COMPARE, IR_EQ, 2, 2, false, NULL, false},
    {"neq", EQT_FN_COMPARE, IR_NE, 2, 2, false, NULL, false},
    {"and", EQT_FN_LOGIC, IR_AND, 1, -1, false, NULL, false},
    {"or", EQT_FN_LOGIC, IR_OR, 1, -1, false, NULL, false},
    {"not", EQT_FN_LOGIC, IR_NOT, 1, 1, false, NULL, false},
    {"xor", EQT_FN_LOGIC, IR_NE, 1, -1, false, NULL, false},
    {"implies", EQT_FN_IMPLIES, IR_OR, 2, 2, false, NULL, true},
    {"delay", EQT_FN_DELAY, 0, 2, 2, false, NULL, false},
    {"rateOf", EQT_FN_RATE_OF, 0, 1, 1, false, NULL, false},
    {"amount", EQT_FN_AMOUNT, 0, 1, 1, false, NULL, true},
    {"concentration", EQT_FN_CONCENTRATION, 0, 1, 1, false, NULL, true},
    {"rem", EQT_FN_REMAINDER, 0, 2, 2, false, NULL, false},
    {"quotient", EQT_FN_QUOTIENT, 0, 2, 2, false, NULL, false},
    {"factorial", EQT_FN_FACTORIAL, IR_GAMMA, 1, 1, false, NULL, false},
    {"arcsinh", EQT_FN_OP, IR_ASINH, 1, 1, false, NULL, false},
    {"arccosh", EQT_FN_OP, IR_ACOSH, 1, 1, false, NULL, false},
    {"arctanh", EQT_FN_OP, IR_ATANH, 1, 1, false, NULL, false},
    {"asinh", EQT_FN_OP, IR_ASINH, 1, 1, false, NULL, true},
    {"acosh", EQT_FN_OP, IR_ACOSH, 1, 1, false, NULL, true},
    {"atanh", EQT_FN_OP, IR_ATANH, 1, 1, false, NULL, true},
    {"sec", EQT_FN_RECIPROCAL, IR_COS, 1, 1, false, NULL, false},
    {"csc", EQT_FN_RECIPROCAL, IR_SIN, 1, 1, false, NULL, false},
    {"cot", EQT_FN_RECIPROCAL, IR_TAN, 1, 1, false, NULL, false},
    {"sech", EQT_FN_RECIPROCAL, IR_COSH, 1, 1, false, NULL, true},
    {"csch", EQT_FN_RECIPROCAL, IR_SINH, 1, 1, false, NULL, true},
    {"coth", EQT_FN_RECIPROCAL, IR_TANH, 1, 1, false, NULL, true},
    {"arcsec", EQT_FN_OF_RECIPROCAL, IR_ACOS, 1, 1, false, NULL, true},
    {"arccsc", EQT_FN_OF_RECIPROCAL, IR_ASIN, 1, 1, false, NULL, true},
    {"arccot", EQT_FN_OF_RECIPROCAL, IR_ATAN, 1, 1, false, NULL, true},
    {"arcsech", EQT_FN_OF_RECIPROCAL, IR_ACOSH, 1, 1, false, NULL, true},
    {"arccsch", EQT_FN_OF_RECIPROCAL, IR_ASINH, 1, 1, false, NULL, true},
    {"arccoth", EQT_FN_OF_RECIPROCAL, IR_ATANH, 1, 1, false, NULL, true},
};
const int32_t eqt_builtin_count = (int32_t)(sizeof eqt_builtins / sizeof eqt_builtins[0]);

typedef struct {
  int kind; /* token */
  uint8_t level;
  uint8_t op;
  bool swap;
} binary;

enum { LEVEL_LOGIC = 1, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT };

static const binary binaries[] = {
    {EQT_AND, LEVEL_LOGIC, IR_AND, false},    {EQT_OR, LEVEL_LOGIC, IR_OR, false},
    {'<', LEVEL_COMPARE, IR_LT, false},       {'>', LEVEL_COMPARE, IR_LT, true},
    {EQT_LE, LEVEL_COMPARE, IR_LE, false},    {EQT_GE, LEVEL_COMPARE, IR_LE, true},
    {EQT_EQ, LEVEL_COMPARE, IR_EQ, false},    {EQT_NE, LEVEL_COMPARE, IR_NE, false},
    {'+', LEVEL_SUM, IR_ADD, false},          {'-', LEVEL_SUM, IR_SUB, false},
    {'*', LEVEL_PRODUCT, IR_MUL, false},      {'/', LEVEL_PRODUCT, IR_DIV, false},
    {'%', LEVEL_PRODUCT, IR_OP_COUNT, false}, /* rem(a, b) */
};

static gm_status unary(eqt_parser *p);
static gm_status climb(eqt_parser *p, int level_min);

static gm_status emit(eqt_parser *p, eqt_item item)
{
  eqt_doc *d = p->doc;
  if (d->item_count >= EQT_ITEM_COUNT_MAX)
    return eqt_fail(p->lexer->text, item.at, GM_ERANGE, "more than %d terms",
                    (int)EQT_ITEM_COUNT_MAX);
  gm_status s = eq_room(d->ctx, &d->item, d->item_count, &d->item_room, sizeof *d->item);
  if (!s) d->item[d->item_count++] = item;
  return s;
}

/* Opens one more level; every one that opens well is closed by p->depth--. */
static gm_status deeper(eqt_parser *p)
{
  if (p->depth >= EQT_NEST_MAX)
    return eqt_fail(p->lexer->text, p->lexer->now.at, GM_ERANGE,
                    "brackets, signs and powers more than %d deep", (int)EQT_NEST_MAX);
  p->depth++;
  return GM_OK;
}

static gm_status need(const eqt_parser *p, int32_t at, bool logical)
{
  if (p->logical == logical) return GM_OK;
  if (logical)
    return eqt_fail(p->lexer->text, at, GM_EPARSE,
                    "a number stands where a condition is expected (a comparison, &&, ||, !)");
  return eqt_fail(
      p->lexer->text, at, GM_EPARSE,
      "a condition stands where a number is expected: write piecewise(1, condition, 0)");
}

static gm_status expect(eqt_parser *p, int kind, const char *what)
{
  char text[80];
  if (p->lexer->now.kind == kind) return eqt_next(p->lexer);
  if (p->lexer->now.kind == EQT_LINE)
    return eqt_fail(p->lexer->text, p->lexer->now.at, GM_EPARSE,
                    "the line ends where %s is expected; a \\ at its end goes on to the next",
                    what);
  return eqt_fail(p->lexer->text, p->lexer->now.at, GM_EPARSE, "found %s, expected %s",
                  eqt_token_text(p->lexer, text), what);
}

/* ---- operands ------------------------------------------------------------------------------ */
static gm_status number(eqt_parser *p)
{
  eqt_lexer *l = p->lexer;
  eqt_item item = {.kind = EQT_ITEM_NUMBER, .at = l->now.at, .value = l->now.value, .a = -1};
  gm_status s = eqt_next(l);
  bool word = l->now.kind == EQT_NAME && !eqt_reserved(l->text, l->now);
  if (!s && (word || l->now.kind == EQT_STRING)) {
    s = eqt_unit_get(p->doc, l->text, l->now, &item.a);
    if (!s) s = eqt_next(l);
  }
  p->logical = false;
  return s ? s : emit(p, item);
}

static const struct {
  const char *name;
  double value;
  bool logical;
} constants[] = {{"pi", 3.14159265358979323846, false},
                 {"exponentiale", 2.71828182845904523536, false},
                 {"avogadro", AVOGADRO, false},
                 {"true", 1, true},
                 {"false", 0, true}};

/* A word that has a meaning of its own. *done_out: it was one. */
static gm_status constant(eqt_parser *p, eqt_token name, bool *done_out)
{
  const eqt_text *t = p->lexer->text;
  for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
    if (!eqt_same(t, name, constants[i].name)) continue;
    *done_out = true;
    p->logical = constants[i].logical;
    uint8_t kind = p->logical ? EQT_ITEM_LOGICAL : EQT_ITEM_NUMBER;
    return emit(p, (eqt_item){.kind = kind, .at = name.at, .value = constants[i].value, .a = -1});
  }
  if (eqt_same(t, name, "time")) {
    if (p->doc->no_time)
      return eqt_fail(t, name.at, GM_EPARSE, "time is not known here, only the names given");
    *done_out = true;
    p->logical = false;
    return emit(p, (eqt_item){.kind = EQT_ITEM_TIME, .at = name.at});
  }
  if (eqt_reserved(t, name))
    return eqt_fail(t, name.at, GM_EPARSE, "\"%.*s\" cannot stand in an expression",
                    (int)name.bytes, t->data + name.at);
  return GM_OK;
}

static gm_status symbol(eqt_parser *p, eqt_token name)
{
  const eqt_text *t = p->lexer->text;
  bool done = false;
  for (int32_t i = 0; i < p->arg_count; i++)
    if (p->arg[i].bytes == name.bytes &&
        memcmp(t->data + p->arg[i].at, t->data + name.at, (size_t)name.bytes) == 0) {
      p->logical = false;
      return emit(p, (eqt_item){.kind = EQT_ITEM_ARG, .at = name.at, .a = i});
    }
  gm_status s = constant(p, name, &done);
  if (s || done) return s;
  if (p->in_function)
    return eqt_fail(t, name.at, GM_EPARSE, "\"%.*s\" is not an argument of this function",
                    (int)name.bytes, t->data + name.at);
  int32_t index;
  s = eqt_symbol_get(p->doc, t, name, &index);
  if (s) return s;
  eqt_symbol *y = &p->doc->symbol[index];
  if (!y->used_text) {
    y->used_text = t;
    y->used_at = name.at;
  }
  p->logical = false;
  return emit(p, (eqt_item){.kind = EQT_ITEM_NAME, .at = name.at, .a = index});
}

/* ---- calls --------------------------------------------------------------------------------- */
/* Must argument i of n be a condition? */
static bool wants_condition(const eqt_builtin *f, int32_t i, int32_t n)
{
  if (f && (f->kind == EQT_FN_LOGIC || f->kind == EQT_FN_IMPLIES)) return true;
  return f && f->kind == EQT_FN_PIECEWISE && i % 2 == 1 && i < n;
}

/* What stands in delay() belongs to the past: a rule may use itself there. */
static void mark_past(eqt_doc *d, int32_t first)
{
  for (int32_t i = first; i < d->item_count; i++) d->item[i].past = true;
}

static gm_status arguments(eqt_parser *p, const eqt_builtin *f, int32_t *count_out)
{
  int32_t n = 0, first = p->doc->item_count;
  gm_status s = expect(p, '(', "(");
  if (s) return s;
  if (p->lexer->now.kind != ')')
    for (;;) {
      int32_t at = p->lexer->now.at;
      s = climb(p, LEVEL_LOGIC);
      if (!s) s = need(p, at, wants_condition(f, n, INT32_MAX));
      if (s) return s;
      if (f && f->kind == EQT_FN_DELAY && n == 0) mark_past(p->doc, first);
      n++;
      if (p->lexer->now.kind != ',') break;
      s = eqt_next(p->lexer);
      if (s) return s;
    }
  *count_out = n;
  return expect(p, ')', "an operator, a comma or )");
}

static gm_status count_fits(const eqt_parser *p, eqt_token name, int32_t n, int32_t min,
                            int32_t max)
{
  const eqt_text *t = p->lexer->text;
  if (n >= min && (max < 0 || n <= max)) return GM_OK;
  return eqt_fail(t, name.at, GM_EPARSE, "%.*s takes %s%d argument%s, not %d", (int)name.bytes,
                  t->data + name.at,
                  max == min ? ""
                  : n < min  ? "at least "
                             : "at most ",
                  (int)(n < min ? min : max), (n < min ? min : max) == 1 ? "" : "s", (int)n);
}

static bool needs_network(const eqt_builtin *f)
{
  return f->kind == EQT_FN_DELAY || f->kind == EQT_FN_RATE_OF || f->kind == EQT_FN_AMOUNT ||
         f->kind == EQT_FN_CONCENTRATION;
}

/* Some functions have a meaning only where there is a model, and some only in outputs. */
static gm_status known_here(const eqt_parser *p, eqt_token name, const eqt_builtin *f)
{
  const eqt_text *t = p->lexer->text;
  if (!needs_network(f)) return GM_OK;
  if (p->doc->no_time || p->in_function)
    return eqt_fail(t, name.at, GM_EUNSUPPORTED,
                    "%s() is not known here, only in a model's own "
                    "expressions",
                    f->name);
  if (p->doc->in_model && (f->kind == EQT_FN_AMOUNT || f->kind == EQT_FN_CONCENTRATION))
    return eqt_fail(t, name.at, GM_EUNSUPPORTED,
                    "%s() is for outputs: in a model write the name of the species times or by "
                    "that of its compartment",
                    f->name);
  return GM_OK;
}

static gm_status call_builtin(eqt_parser *p, eqt_token name, int32_t row)
{
  const eqt_builtin *f = &eqt_builtins[row];
  const eqt_text *t = p->lexer->text;
  if (f->kind == EQT_FN_REFUSED) return eqt_fail(t, name.at, GM_EUNSUPPORTED, "%s", f->refused);
  gm_status s = known_here(p, name, f);
  if (s) return s;
  int32_t n = 0;
  s = arguments(p, f, &n);
  if (!s && f->kind == EQT_FN_PIECEWISE && n > 0 && n % 2 == 0)
    return eqt_fail(t, name.at, GM_EPARSE,
                    "piecewise needs a last value for when no condition holds");
  if (!s) s = count_fits(p, name, n, f->arg_min, f->arg_max);
  if (s) return s;
  if (f->kind == EQT_FN_LOG && n == 1)
    return eqt_fail(
        t, name.at, GM_EUNSUPPORTED,
        "log(x) is read as ln by some programs and as log10 by others: write ln or log10");
  p->logical = f->kind == EQT_FN_COMPARE || f->kind == EQT_FN_LOGIC || f->kind == EQT_FN_IMPLIES;
  return emit(p, (eqt_item){.kind = EQT_ITEM_BUILTIN, .at = name.at, .a = row, .n = n});
}

static gm_status call_user(eqt_parser *p, eqt_token name, int32_t index)
{
  int32_t n = 0;
  gm_status s = arguments(p, NULL, &n);
  const eqt_function *f = &p->doc->function[index];
  if (!s) s = count_fits(p, name, n, f->arg_count, f->arg_count);
  if (s) return s;
  if (f->nest > p->nest) p->nest = f->nest;
  p->logical = f->logical;
  return emit(p, (eqt_item){.kind = EQT_ITEM_USER, .at = name.at, .a = index, .n = n});
}

/* Antimony's distributions; they are no reserved words. */
static const char *const draws[] = {"normal",  "uniform",   "bernoulli",   "binomial",
                                    "cauchy",  "chisquare", "exponential", "gamma",
                                    "laplace", "lognormal", "poisson",     "rayleigh"};

static gm_status call(eqt_parser *p, eqt_token name)
{
  const eqt_text *t = p->lexer->text;
  const char *word = t->data + name.at;
  for (int32_t i = 0; i < eqt_builtin_count; i++)
    if (eqt_same(t, name, eqt_builtins[i].name)) return call_builtin(p, name, i);
  int32_t index = eqt_table_find(&p->doc->function_name, word, name.bytes);
  if (index >= 0) return call_user(p, name, index);
  for (size_t i = 0; i < sizeof draws / sizeof draws[0]; i++)
    if (eqt_same(t, name, draws[i]))
      return eqt_fail(t, name.at, GM_EUNSUPPORTED,
                      "random draws (%s) are not supported in model texts: give a parameter a "
                      "distribution in the definition",
                      draws[i]);
  if (eqt_table_find(&p->doc->name, word, name.bytes) >= 0)
    return eqt_fail(t, name.at, GM_EPARSE, "%.*s is not a function: write * to multiply",
                    (int)name.bytes, word);
  return eqt_fail(t, name.at, GM_EPARSE,
                  "no function %.*s: functions of the text are defined before they are used",
                  (int)name.bytes, word);
}

static gm_status primary(eqt_parser *p)
{
  eqt_lexer *l = p->lexer;
  eqt_token now = l->now;
  gm_status s;
  if (now.kind == EQT_NUMBER) return number(p);
  if (now.kind == EQT_NAME) {
    s = eqt_next(l);
    if (s || l->now.kind != '(') return s ? s : symbol(p, now);
    s = deeper(p);
    if (!s) s = call(p, now);
    if (!s) p->depth--;
    return s;
  }
  if (now.kind != '(') return expect(p, -1, "a number, a name or (");
  s = deeper(p);
  if (!s) s = eqt_next(l);
  if (!s) s = climb(p, LEVEL_LOGIC);
  if (!s) s = expect(p, ')', "an operator or )");
  if (!s) p->depth--;
  return s;
}

/* ---- operators ----------------------------------------------------------------------------- */
static gm_status power(eqt_parser *p)
{
  int32_t at = p->lexer->now.at;
  gm_status s = primary(p);
  if (s || p->lexer->now.kind != '^') return s;
  int32_t operator_at = p->lexer->now.at;
  s = need(p, at, false);
  if (!s) s = deeper(p);
  if (!s) s = eqt_next(p->lexer);
  at = p->lexer->now.at;
  if (!s) s = unary(p); /* of a chain of powers the last is taken first */
  if (!s) s = need(p, at, false);
  if (s) return s;
  p->depth--;
  return emit(p, (eqt_item){.kind = EQT_ITEM_OP, .at = operator_at, .a = IR_POW});
}

static gm_status unary(eqt_parser *p)
{
  int kind = p->lexer->now.kind;
  int32_t at = p->lexer->now.at;
  if (kind != '-' && kind != '+' && kind != '!') return power(p);
  gm_status s = deeper(p);
  if (!s) s = eqt_next(p->lexer);
  int32_t operand_at = p->lexer->now.at;
  if (!s) s = unary(p);
  if (!s) s = need(p, operand_at, kind == '!');
  if (s) return s;
  p->depth--;
  if (kind == '+') return GM_OK;
  return emit(p, (eqt_item){.kind = EQT_ITEM_OP, .at = at, .a = kind == '!' ? IR_NOT : IR_NEG});
}

static const binary *binary_of(int kind)
{
  for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++)
    if (binaries[i].kind == kind) return &binaries[i];
  return NULL;
}

/* Is it clear what `x before y now z` means? */
static gm_status meets(const eqt_parser *p, const binary *before, const binary *now)
{
  const eqt_lexer *l = p->lexer;
  if (!before || before->level != now->level) return GM_OK;
  if (now->level == LEVEL_COMPARE)
    return eqt_fail(l->text, l->now.at, GM_EPARSE,
                    "comparisons are not chained: write a < b && b < c");
  if (now->level == LEVEL_LOGIC && before->op != now->op)
    return eqt_fail(l->text, l->now.at, GM_EPARSE, "&& and || meet: put one of them in brackets");
  return GM_OK;
}

static eqt_item operator_item(const binary *o, int32_t at)
{
  if (o->op != IR_OP_COUNT)
    return (eqt_item){.kind = EQT_ITEM_OP, .at = at, .a = o->op, .swap = o->swap};
  int32_t row = 0;
  while (eqt_builtins[row].kind != EQT_FN_REMAINDER) row++;
  return (eqt_item){.kind = EQT_ITEM_BUILTIN, .at = at, .a = row, .n = 2};
}

static gm_status climb(eqt_parser *p, int level_min)
{
  int32_t left_at = p->lexer->now.at;
  const binary *before = NULL;
  gm_status s = unary(p);
  while (!s) {
    const binary *o = binary_of(p->lexer->now.kind);
    if (!o || o->level < level_min) return GM_OK;
    bool logical = o->level == LEVEL_LOGIC;
    int32_t at = p->lexer->now.at;
    s = meets(p, before, o);
    if (!s) s = need(p, left_at, logical);
    if (!s) s = eqt_next(p->lexer);
    int32_t right_at = p->lexer->now.at;
    if (!s) s = climb(p, o->level + 1);
    if (!s) s = need(p, right_at, logical);
    if (!s) s = emit(p, operator_item(o, at));
    p->logical = o->level <= LEVEL_COMPARE;
    before = o;
  }
  return s;
}

gm_status eqt_parse(eqt_parser *p, eqt_expr *out)
{
  eqt_expr e = {.text = p->lexer->text, .first = p->doc->item_count, .at = p->lexer->now.at};
  p->depth = 0;
  p->nest = 0;
  gm_status s = climb(p, LEVEL_LOGIC);
  if (s) return s;
  e.count = p->doc->item_count - e.first;
  e.order = p->doc->order++;
  *out = e;
  return GM_OK;
}

gm_status eqt_parse_number(eqt_parser *p, eqt_expr *out)
{
  eqt_expr e;
  gm_status s = eqt_parse(p, &e);
  if (!s) s = need(p, e.at, false);
  if (!s) *out = e;
  return s;
}

gm_status eqt_parse_alone(eqt_doc *d, const char *expression, const char *where, eqt_text *t,
                          eqt_expr *out)
{
  eqt_lexer lexer;
  eqt_parser parser = {.doc = d, .lexer = &lexer};
  eqt_expr e;
  char text[80];
  gm_status s = eqt_text_check(d->ctx, expression, where, false, t);
  if (!s) s = eqt_start(&lexer, t, 0);
  if (!s) s = eqt_parse_number(&parser, &e);
  if (s) return s;
  if (lexer.now.kind != EQT_END)
    return eqt_fail(t, lexer.now.at, GM_EPARSE, "found %s, expected an operator or the end",
                    eqt_token_text(&lexer, text));
  *out = e;
  return GM_OK;
}
