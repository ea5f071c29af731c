/* text_unit.c - units of a model text: `unit NAME = formula`, `x has ...`, `5 NAME`, `5 "UCUM"`.
 *
 * A formula is written down as a UCUM code and read by the unit room; so every unit of a model has
 * a code that other programs read. Formulas are resolved after the whole text is read, because a
 * unit may be used before it is defined. */
#include "kinds/equations/text_doc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEST_MAX = 32, CHAIN_MAX = 32, POWER_MAX = 12, DIGITS_MAX = 15 };

/* A UCUM code being put together. */
typedef struct {
  char text[GM_UNIT_CODE_BYTES];
  bool compound; /* has an operator of its own */
  bool number;   /* a number went into it */
} code;

typedef struct {
  eqt_doc *doc; /* NULL: the grammar only */
  eqt_lexer *lexer;
  int32_t depth, chain;
} reader;

static gm_status formula(reader *r, code *out);
static gm_status resolve(eqt_doc *d, int32_t entry, int32_t chain);

/* SBML Level 3's base units (table 2 of its core specification), as UCUM writes them. */
static const struct {
  const char *name, *ucum;
} base_units[] = {{"ampere", "A"},  {"becquerel", "Bq"},    {"candela", "cd"},   {"celsius", "Cel"},
                  {"coulomb", "C"}, {"dimensionless", "1"}, {"farad", "F"},      {"gram", "g"},
                  {"gray", "Gy"},   {"henry", "H"},         {"hertz", "Hz"},     {"item", "{item}"},
                  {"joule", "J"},   {"katal", "kat"},       {"kelvin", "K"},     {"kilogram", "kg"},
                  {"liter", "L"},   {"litre", "L"},         {"lumen", "lm"},     {"lux", "lx"},
                  {"meter", "m"},   {"metre", "m"},         {"mole", "mol"},     {"newton", "N"},
                  {"ohm", "Ohm"},   {"pascal", "Pa"},       {"radian", "rad"},   {"second", "s"},
                  {"siemens", "S"}, {"sievert", "Sv"},      {"steradian", "sr"}, {"tesla", "T"},
                  {"volt", "V"},    {"watt", "W"},          {"weber", "Wb"}};

static const char *base_unit(const char *name, int32_t bytes)
{
  for (size_t i = 0; i < sizeof base_units / sizeof base_units[0]; i++) {
    int32_t n = (int32_t)strlen(base_units[i].name);
    bool plural = bytes == n + 1 && name[n] == 's';
    if ((bytes == n || plural) && memcmp(name, base_units[i].name, (size_t)n) == 0)
      return base_units[i].ucum;
  }
  return NULL;
}

/* ---- putting codes together ------------------------------------------------------------------ */
static gm_status too_long(const reader *r, int32_t at)
{
  return eqt_fail(r->lexer->text, at, GM_ERANGE, "the unit's code gets longer than %d characters",
                  (int)GM_UNIT_CODE_BYTES - 1);
}

static gm_status join(const reader *r, int32_t at, code *left, char sign, const code *right)
{
  char text[GM_UNIT_CODE_BYTES];
  bool one_left = strcmp(left->text, "1") == 0, one_right = strcmp(right->text, "1") == 0;
  left->number |= right->number;
  if (one_right) return GM_OK;
  if (one_left && sign == '.') {
    memcpy(left->text, right->text, sizeof left->text);
    left->compound = right->compound;
    return GM_OK;
  }
  bool wrap = right->compound && sign == '/';
  int n = snprintf(text, sizeof text, "%s%c%s%s%s", left->text, sign, wrap ? "(" : "", right->text,
                   wrap ? ")" : "");
  if (n < 0 || (size_t)n >= sizeof text) return too_long(r, at);
  memcpy(left->text, text, sizeof text);
  left->compound = true;
  return GM_OK;
}

/* May an exponent be written behind it? */
static bool takes_exponent(const code *c)
{
  char last = c->text[strlen(c->text) - 1];
  return !c->compound && !(last >= '0' && last <= '9') && last != '}' && last != '*';
}

static gm_status raise(const reader *r, int32_t at, code *c, int32_t n)
{
  code base = *c, all = {.text = "1"};
  gm_status s = GM_OK;
  if (n == 1) return GM_OK;
  if (takes_exponent(c)) {
    size_t end = strlen(c->text);
    int used = snprintf(c->text + end, sizeof c->text - end, "%d", (int)n);
    return used < 0 || (size_t)used >= sizeof c->text - end ? too_long(r, at) : GM_OK;
  }
  for (int32_t i = 0; i < abs(n) && !s; i++) s = join(r, at, &all, '.', &base);
  *c = (code){.text = "1", .number = base.number};
  return s ? s : join(r, at, c, n < 0 ? '/' : '.', &all);
}

/* A decimal number as UCUM writes it: 3600 stays, 1e-3 is 10*-3, 0.25 is 25.10*-2. */
static gm_status number_code(const reader *r, eqt_token number, code *out)
{
  const char *p = r->lexer->text->data + number.at;
  char digits[DIGITS_MAX + 1];
  int32_t n = 0, ten = 0, zeros = 0;
  bool point = false;
  int32_t i = 0;
  for (; i < number.bytes && p[i] != 'e' && p[i] != 'E'; i++) {
    if (p[i] == '.') {
      point = true;
      continue;
    }
    ten -= point;
    if (p[i] == '0') { /* kept back until a digit comes that needs it */
      zeros += n > 0;
      ten += n > 0;
      continue;
    }
    if (n + zeros >= DIGITS_MAX)
      return eqt_fail(r->lexer->text, number.at, GM_ERANGE, "more than %d digits in a unit",
                      (int)DIGITS_MAX);
    for (; zeros > 0; zeros--, ten--) digits[n++] = '0';
    digits[n++] = p[i];
  }
  digits[n] = 0;
  if (n == 0) return eqt_fail(r->lexer->text, number.at, GM_EPARSE, "a unit cannot be 0");
  if (i < number.bytes) ten += (int32_t)strtol(p + i + 1, NULL, 10);
  *out = (code){.number = true};
  if (ten == 0)
    snprintf(out->text, sizeof out->text, "%s", digits);
  else if (ten > 0 && ten + n <= 9)
    snprintf(out->text, sizeof out->text, "%s%0*d", digits, (int)ten, 0);
  else if (strcmp(digits, "1") == 0)
    snprintf(out->text, sizeof out->text, "10*%d", (int)ten);
  else
    snprintf(out->text, sizeof out->text, "%s.10*%d", digits, (int)ten);
  out->compound = strchr(out->text, '.') != NULL;
  return GM_OK;
}

/* ---- factors --------------------------------------------------------------------------------- */
static gm_status entry_code(reader *r, eqt_token name, code *out)
{
  int32_t entry;
  *out = (code){.text = "1"};
  if (!r->doc) return GM_OK;
  gm_status s = eqt_unit_get(r->doc, r->lexer->text, name, &entry);
  if (!s) s = resolve(r->doc, entry, r->chain + 1);
  if (s) return s;
  snprintf(out->text, sizeof out->text, "%s", r->doc->unit[entry].code);
  out->compound = strpbrk(out->text, "./") != NULL;
  return GM_OK;
}

static gm_status exponent(reader *r, int32_t *n_out)
{
  eqt_lexer *l = r->lexer;
  gm_status s = eqt_next(l);
  bool minus = l->now.kind == '-';
  if (!s && minus) s = eqt_next(l);
  if (s) return s;
  double v = l->now.kind == EQT_NUMBER ? l->now.value : 0;
  if (!(v >= 1 && v <= POWER_MAX && v == (double)(int32_t)v))
    return eqt_fail(l->text, l->now.at, GM_EPARSE,
                    "expected a whole exponent from 1 to %d (or its negative)", (int)POWER_MAX);
  *n_out = minus ? -(int32_t)v : (int32_t)v;
  return eqt_next(l);
}

static gm_status brackets(reader *r, code *out)
{
  eqt_lexer *l = r->lexer;
  char text[80];
  if (++r->depth > NEST_MAX)
    return eqt_fail(l->text, l->now.at, GM_ERANGE, "brackets more than %d deep", (int)NEST_MAX);
  gm_status s = eqt_next(l);
  if (!s) s = formula(r, out);
  if (s) return s;
  if (l->now.kind != ')')
    return eqt_fail(l->text, l->now.at, GM_EPARSE, "found %s, expected *, / or )",
                    eqt_token_text(l, text));
  r->depth--;
  return eqt_next(l);
}

/* NUMBER, or NUMBER UNIT: the number counts the unit. *joined_out: there was a unit. */
static gm_status counted(reader *r, code *out, bool *joined_out)
{
  eqt_lexer *l = r->lexer;
  eqt_token number = l->now;
  gm_status s = number_code(r, number, out);
  int32_t n = 1;
  if (!s) s = eqt_next(l);
  if (!s && l->now.kind == '^') {
    s = exponent(r, &n);
    if (!s && n < 0 && strcmp(out->text, "10") == 0)
      snprintf(out->text, sizeof out->text, "10*%d", (int)n);
    else if (!s)
      s = raise(r, number.at, out, n);
  }
  *joined_out =
      l->now.kind == EQT_STRING || (l->now.kind == EQT_NAME && !eqt_reserved(l->text, l->now));
  if (s || !*joined_out) return s;
  code unit;
  s = entry_code(r, l->now, &unit);
  if (!s) s = join(r, number.at, out, '.', &unit);
  return s ? s : eqt_next(l);
}

static gm_status factor(reader *r, code *out)
{
  eqt_lexer *l = r->lexer;
  char text[80];
  int32_t at = l->now.at, n;
  bool counts = false;
  gm_status s;
  if (l->now.kind == EQT_NUMBER) {
    s = counted(r, out, &counts);
  } else if (l->now.kind == '(') {
    s = brackets(r, out);
  } else if (l->now.kind == EQT_STRING ||
             (l->now.kind == EQT_NAME && !eqt_reserved(l->text, l->now))) {
    s = entry_code(r, l->now, out);
    if (!s) s = eqt_next(l);
  } else {
    return eqt_fail(l->text, at, GM_EPARSE,
                    "found %s, expected a unit: its name, or its UCUM code in quotes",
                    eqt_token_text(l, text));
  }
  if (s || l->now.kind != '^') return s;
  if (counts)
    return eqt_fail(l->text, l->now.at, GM_EPARSE,
                    "what has the exponent? Write * between the number and the unit");
  s = exponent(r, &n);
  return s ? s : raise(r, at, out, n);
}

static gm_status formula(reader *r, code *out)
{
  eqt_lexer *l = r->lexer;
  gm_status s = factor(r, out);
  while (!s && (l->now.kind == '*' || l->now.kind == '/')) {
    char sign = l->now.kind == '*' ? '.' : '/';
    int32_t at = l->now.at;
    code right;
    s = eqt_next(l);
    if (!s) s = factor(r, &right);
    if (!s) s = join(r, at, out, sign, &right);
  }
  return s;
}

gm_status eqt_unit_skip(eqt_lexer *l)
{
  reader r = {.lexer = l};
  code c;
  return formula(&r, &c);
}

/* ---- entries --------------------------------------------------------------------------------- */
/* Everyday names for units that a formula spells out with numbers (3600 second). */
static const char *const plain[] = {
    "h",    "min",  "d",     "wk",     "a",      "ms",     "us",     "mg",   "ug",   "ng",
    "pg",   "kg",   "mL",    "uL",     "dL",     "mm",     "cm",     "um",   "km",   "mmol",
    "umol", "nmol", "pmol",  "mmol/L", "umol/L", "nmol/L", "pmol/L", "mg/L", "ug/L", "ng/L",
    "g/L",  "L/h",  "L/min", "mL/h",   "mL/min", "/h",     "/min",   "/d",   "kPa",  "mV"};

static gm_status finish(eqt_doc *d, eqt_unit_entry *u, const char *text, bool number)
{
  gm_unit unit, other;
  if (gm_unit_parse(d->ctx, text, &unit)) {
    char why[400];
    snprintf(why, sizeof why, "%s", gm_message(d->ctx));
    return eqt_fail(u->text, u->at, GM_EUNIT, "unit %.80s: %s", text, why);
  }
  for (size_t i = 0; number && i < sizeof plain / sizeof plain[0]; i++) {
    if (gm_unit_parse(d->ctx, plain[i], &other) || !gm_unit_equal(&unit, &other)) continue;
    text = plain[i];
    break;
  }
  size_t bytes = strlen(text) + 1;
  char *copy = gm_arena_get(d->arena, (ptrdiff_t)bytes, 1);
  if (!copy) return gm_fail(d->ctx, GM_ENOMEM, "unit %.80s", text);
  memcpy(copy, text, bytes);
  u->unit = unit;
  u->code = copy;
  u->state = EQT_UNIT_DONE;
  return GM_OK;
}

/* A code in quotes: UCUM, or an everyday spelling of it. */
static gm_status resolve_quoted(eqt_doc *d, eqt_unit_entry *u)
{
  char text[GM_UNIT_CODE_BYTES], ucum[GM_UNIT_CODE_BYTES], why[400];
  gm_unit unit;
  int32_t n = u->bytes - 2;
  if (n >= (int32_t)sizeof text)
    return eqt_fail(u->text, u->at, GM_ERANGE, "unit longer than %d characters",
                    (int)sizeof text - 1);
  memcpy(text, u->text->data + u->at + 1, (size_t)n);
  text[n] = 0;
  if (gm_unit_parse_friendly(d->ctx, text, &unit, ucum)) {
    snprintf(why, sizeof why, "%s", gm_message(d->ctx));
    return eqt_fail(u->text, u->at, GM_EUNIT, "unit \"%.80s\": %s", text, why);
  }
  return finish(d, u, ucum, false);
}

static gm_status resolve_word(eqt_doc *d, eqt_unit_entry *u)
{
  const char *word = u->text->data + u->at;
  const char *ucum = base_unit(word, u->bytes);
  if (ucum) return finish(d, u, ucum, false);
  return eqt_fail(u->text, u->at, GM_EUNIT,
                  "no unit %.*s: define it (unit %.*s = ...) or write a UCUM code in quotes",
                  (int)u->bytes, word, (int)u->bytes, word);
}

static gm_status resolve_formula(eqt_doc *d, int32_t entry, int32_t chain)
{
  eqt_unit_entry *u = &d->unit[entry];
  eqt_lexer lexer;
  reader r = {.doc = d, .lexer = &lexer, .chain = chain};
  code c;
  u->state = EQT_UNIT_BUSY;
  gm_status s = eqt_start(&lexer, u->text, u->from);
  if (!s) s = formula(&r, &c);
  return s ? s : finish(d, &d->unit[entry], c.text, c.number); /* the array may have moved */
}

static gm_status resolve(eqt_doc *d, int32_t entry, int32_t chain)
{
  eqt_unit_entry *u = &d->unit[entry];
  if (u->state == EQT_UNIT_DONE) return GM_OK;
  if (u->state == EQT_UNIT_BUSY)
    return eqt_fail(u->text, u->at, GM_EUNIT, "unit %.*s is defined by itself", (int)u->bytes,
                    u->text->data + u->at);
  if (chain > CHAIN_MAX)
    return eqt_fail(u->text, u->at, GM_ERANGE, "units defined by units more than %d deep",
                    (int)CHAIN_MAX);
  if (u->quoted) return resolve_quoted(d, u);
  if (u->from < 0) return resolve_word(d, u);
  if (u->bytes && base_unit(u->text->data + u->at, u->bytes))
    return eqt_fail(u->text, u->at, GM_EUNIT, "%.*s is a base unit: give yours another name",
                    (int)u->bytes, u->text->data + u->at);
  return resolve_formula(d, entry, chain);
}

/* SBML's name for the model's unit of time is the unit definition time_unit. */
static gm_status time_unit(eqt_doc *d)
{
  int32_t i = eqt_table_find(&d->unit_name, "time_unit", 9);
  if (i < 0 || d->unit[d->unit_of_name[i]].from < 0) return GM_OK;
  eqt_unit_entry *u = &d->unit[d->unit_of_name[i]];
  if (d->time_unit >= 0 && !gm_unit_equal(&u->unit, &d->unit[d->time_unit].unit))
    return eqt_fail(u->text, u->at, GM_EUNIT, "time_unit is %s, but time has %s", u->code,
                    d->unit[d->time_unit].code);
  d->time_unit = d->unit_of_name[i];
  return GM_OK;
}

static gm_status same_unit(const eqt_doc *d, const eqt_same_unit *p)
{
  const eqt_unit_entry *a = &d->unit[p->a], *b = &d->unit[p->b];
  if (gm_unit_equal(&a->unit, &b->unit)) return GM_OK;
  return eqt_fail(p->text, p->at, GM_EUNIT, "two units for one thing: %s and %s", a->code, b->code);
}

gm_status eqt_units_resolve(eqt_doc *d)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < d->unit_count && !s; i++) s = resolve(d, i, 0);
  for (int32_t i = 0; i < d->same_unit_count && !s; i++) s = same_unit(d, &d->same_unit[i]);
  return s ? s : time_unit(d);
}
