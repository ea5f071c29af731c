/* unit_parse.c - from a UCUM code to a unit.
 *
 * Grammar (UCUM section 2, case-sensitive):
 *   code      = ["/"] term
 *   term      = component {("." | "/") component}          read from left to right
 *   component = symbol [exponent] [annotation] | digits [annotation] | annotation | "(" term ")"
 *   exponent  = ["+" | "-"] digits
 *   symbol    = [prefix] atom, the prefix only before metric atoms
 * A symbol ends before the digits at its end; what stands in square brackets belongs to it. */
#include "base/unit_internal.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { NEST_MAX = 32, DEFINITION_MAX = 16 };

typedef struct {
  gm_ctx *ctx;
  const char *code, *at;
  int32_t nest;  /* open parentheses                                  */
  int32_t depth; /* definitions within definitions; 0 is what was given */
} parser;

static gm_status parse_code(gm_ctx *ctx, const char *code, int32_t depth, gm_unit *out);

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Only what can be shown is shown: codes come from anywhere. */
static const char *shown(const char *code, char *text, size_t bytes)
{
  size_t i = 0;
  for (; code[i] && i + 1 < bytes; i++) text[i] = code[i] >= ' ' && code[i] <= '~' ? code[i] : '?';
  text[i] = 0;
  return text;
}

static gm_status fail_at(parser *p, const char *at, gm_status s, const char *what)
{
  char code[GM_UNIT_CODE_BYTES];
  return gm_fail(p->ctx, s, "unit '%s', column %d: %s", shown(p->code, code, sizeof code),
                 (int)(at - p->code) + 1, what);
}

/* Puts the place in front of a message of the algebra. */
static gm_status fail_where(parser *p, const char *at, gm_status s)
{
  char code[GM_UNIT_CODE_BYTES];
  return gm_fail_at(p->ctx, s, "unit '%s', column %d", shown(p->code, code, sizeof code),
                    (int)(at - p->code) + 1);
}

/* ---- symbols ------------------------------------------------------------------------------- */
static bool same_letters(const char *a, const char *b, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    char x = a[i], y = b[i];
    if (x >= 'A' && x <= 'Z') x = (char)(x - 'A' + 'a');
    if (y >= 'A' && y <= 'Z') y = (char)(y - 'A' + 'a');
    if (x != y) return false;
  }
  return b[n] == 0;
}

static gm_status fail_symbol(parser *p, const char *symbol, size_t n)
{
  char word[64], what[200];
  size_t k = n < sizeof word ? n : sizeof word - 1;
  memcpy(word, symbol, k);
  word[k] = 0;
  char safe[64];
  shown(word, safe, sizeof safe);
  const char *hint = gm__unit_everyday(symbol, n);
  for (int32_t i = 1; !hint && i < gm__unit_table_count; i++)
    if (same_letters(symbol, gm__unit_table[i].code, n)) hint = gm__unit_table[i].code;
  if (hint)
    snprintf(what, sizeof what, "'%s' is not a UCUM unit; did you mean '%s'?", safe, hint);
  else
    snprintf(what, sizeof what, "'%s' is not a UCUM unit%s", safe,
             is_digit(safe[0]) ? " (a number is set off by '.', as in 12.h)" : "");
  return fail_at(p, symbol, GM_EPARSE, what);
}

/* The value of a row: decimal text, exact to about 31 digits. */
static bool set_decimal(gm_unit *u, const char *text)
{
  gm__dd x = gm__dd_of(0);
  int32_t ten = 0;
  bool fraction = false;
  for (; *text; text++) {
    if (*text == '.') {
      fraction = true;
      continue;
    }
    x = gm__dd_add(gm__dd_mul(x, gm__dd_of(10)), gm__dd_of(*text - '0'));
    ten -= fraction;
  }
  return gm__unit_set(u, x, ten);
}

static gm_status unit_of_row(parser *p, const gm__unit_row *row, gm_unit *out)
{
  gm_unit u = gm_unit_one();
  if (row->flags & GM__UNIT_BASE) {
    u.dim[row->which] = 1;
  } else if (row->flags & GM__UNIT_ARBITRARY) {
    u.arbitrary[0].id = (uint16_t)(row - gm__unit_table);
    u.arbitrary[0].power = 1;
  } else {
    gm_unit value = gm_unit_one();
    gm_status s = parse_code(p->ctx, row->definition, p->depth + 1, &u);
    if (!s && !set_decimal(&value, row->value)) s = GM_EINTERNAL;
    if (!s) s = gm_unit_multiply(p->ctx, &value, &u, &u);
    if (s) return gm_fail_at(p->ctx, GM_EINTERNAL, "definition of the unit %s", row->code);
  }
  if (row->flags & GM__UNIT_SPECIAL) {
    u.special = row->which;
  } else if (!(row->flags & GM__UNIT_BASE)) {
    if (row->which == GM__COUNT_MOL) u.amount = 1;
    if (row->which == GM__COUNT_EQ) u.equivalent = 1;
    if (row->which == GM__COUNT_OSM) u.osmole = 1;
  }
  *out = u;
  return GM_OK;
}

static gm_status parse_symbol(parser *p, const char *symbol, size_t n, gm_unit *out)
{
  gm__unit_symbol split;
  if (!gm__unit_split(symbol, n, &split)) return fail_symbol(p, symbol, n);
  gm_unit u;
  gm_status s = unit_of_row(p, &gm__unit_table[split.row], &u);
  if (s) return s;
  if (u.special) {
    u.special_ten = (int8_t)split.ten;
  } else if (split.ten || split.two) {
    gm__dd m = gm__unit_mantissa(&u);
    m = gm__dd_mul(m, gm__dd_of(ldexp(1, split.two)));
    if (!gm__unit_set(&u, m, (int64_t)u.ten + split.ten))
      return fail_at(p, symbol, GM_ERANGE, "the size of the unit is out of range");
  }
  *out = u;
  return GM_OK;
}

/* ---- the grammar ---------------------------------------------------------------------------- */
static bool ends_component(char c) { return c == 0 || c == '.' || c == '/' || c == ')'; }

/* *p->at is '{' */
static gm_status skip_annotation(parser *p)
{
  const char *open = p->at++;
  for (; *p->at != '}'; p->at++) {
    if (*p->at == 0) return fail_at(p, open, GM_EPARSE, "'{' without '}'");
    if (*p->at == '{') return fail_at(p, p->at, GM_EPARSE, "'{' within an annotation");
    if (*p->at <= ' ' || *p->at > '~')
      return fail_at(p, p->at, GM_EPARSE, "an annotation holds printable ASCII without spaces");
  }
  p->at++;
  return GM_OK;
}

/* Where the run of a symbol with its exponent ends. */
static gm_status find_end(parser *p, const char **end)
{
  const char *q = p->at, *open = NULL;
  for (; *q; q++) {
    if (*q <= ' ' || *q > '~')
      return fail_at(p, q, GM_EPARSE, "a unit holds printable ASCII without spaces");
    if (open) {
      if (*q == ']') open = NULL;
      continue;
    }
    if (*q == '[') open = q;
    if (ends_component(*q) || strchr("({}", *q)) break;
  }
  if (open) return fail_at(p, open, GM_EPARSE, "'[' without ']'");
  *end = q;
  return GM_OK;
}

static gm_status parse_exponent(parser *p, const char *at, const char *end, int32_t *out)
{
  int32_t sign = 1, n = 0;
  if (*at == '-') sign = -1;
  if (*at == '-' || *at == '+') at++;
  for (; at < end; at++) {
    n = n * 10 + (*at - '0');
    if (n > 999) return fail_at(p, at, GM_ERANGE, "an exponent beyond 999");
  }
  *out = sign * n;
  return GM_OK;
}

static gm_status parse_power(parser *p, const char *end, gm_unit *out)
{
  const char *start = p->at, *cut = end;
  while (cut > start && is_digit(cut[-1])) cut--;
  bool has = cut < end;
  if (has && cut > start && (cut[-1] == '-' || cut[-1] == '+')) cut--;
  gm_unit u;
  gm_status s = parse_symbol(p, start, (size_t)(cut - start), &u);
  if (s) return s;
  if (has) {
    int32_t n = 1;
    s = parse_exponent(p, cut, end, &n);
    if (s) return s;
    s = gm_unit_power(p->ctx, &u, n, &u);
    if (s) return fail_where(p, start, s);
  }
  p->at = end;
  *out = u;
  return GM_OK;
}

/* digits that are not the 10* or 10^ of a power of ten */
static gm_status parse_number(parser *p, const char *end, gm_unit *out)
{
  const char *start = p->at;
  double x = 0;
  for (; p->at < end; p->at++) {
    x = x * 10 + (*p->at - '0');
    if (x > 1e15) return fail_at(p, start, GM_ERANGE, "a factor above 10^15: write a power of 10*");
  }
  gm_unit u = gm_unit_one();
  if (x == 0 || !gm__unit_set(&u, gm__dd_of(x), 0))
    return fail_at(p, start, GM_ERANGE, "a factor of zero");
  *out = u;
  return GM_OK;
}

static gm_status parse_term(parser *p, gm_unit *out);

static gm_status parse_group(parser *p, gm_unit *out)
{
  const char *open = p->at++;
  if (++p->nest > NEST_MAX) return fail_at(p, open, GM_ERANGE, "parentheses nested deeper than 32");
  gm_status s = parse_term(p, out);
  if (s) return s;
  if (*p->at != ')') return fail_at(p, open, GM_EPARSE, "'(' without ')'");
  p->at++;
  p->nest--;
  return GM_OK;
}

static gm_status parse_atom(parser *p, gm_unit *out)
{
  const char *end = NULL;
  gm_status s = find_end(p, &end);
  if (s) return s;
  if (end == p->at)
    return fail_at(p, p->at, GM_EPARSE,
                   *end ? "a unit, number or '(' was expected here"
                        : "a unit is missing at the end");
  size_t digits = strspn(p->at, "0123456789");
  if (p->at + digits == end) return parse_number(p, end, out);
  return parse_power(p, end, out);
}

static gm_status parse_component(parser *p, gm_unit *out)
{
  gm_status s = GM_OK;
  if (*p->at == '(') {
    s = parse_group(p, out);
    if (!s && !ends_component(*p->at))
      return fail_at(p, p->at, GM_EPARSE, "after ')' a '.', '/' or the end was expected");
    return s;
  }
  if (*p->at == '{')
    *out = gm_unit_one();
  else
    s = parse_atom(p, out);
  if (!s && *p->at == '{') s = skip_annotation(p);
  if (!s && !ends_component(*p->at))
    return fail_at(p, p->at, GM_EPARSE, "'.', '/' or the end was expected here");
  return s;
}

static gm_status parse_term(parser *p, gm_unit *out)
{
  gm_unit left = gm_unit_one();
  /* the solidus before a code works as after a 1; within parentheses there is none */
  gm_status s = p->at == p->code && *p->at == '/' ? GM_OK : parse_component(p, &left);
  while (!s && (*p->at == '.' || *p->at == '/')) {
    const char *operator_at = p->at++;
    gm_unit right;
    s = parse_component(p, &right);
    if (s) return s;
    s = *operator_at == '.' ? gm_unit_multiply(p->ctx, &left, &right, &left)
                            : gm_unit_divide(p->ctx, &left, &right, &left);
    if (s) return fail_where(p, operator_at, s);
  }
  if (!s) *out = left;
  return s;
}

static gm_status parse_code(gm_ctx *ctx, const char *code, int32_t depth, gm_unit *out)
{
  if (depth > DEFINITION_MAX) return gm_fail(ctx, GM_EINTERNAL, "units defined in a circle");
  parser p = {.ctx = ctx, .code = code, .at = code, .depth = depth};
  gm_unit u;
  gm_status s = parse_term(&p, &u);
  if (s) return s;
  if (*p.at) return fail_at(&p, p.at, GM_EPARSE, "')' without '('");
  *out = u;
  return GM_OK;
}

gm_status gm_unit_parse(gm_ctx *ctx, const char *code, gm_unit *out)
{
  assert(out);
  if (!code) return gm_fail(ctx, GM_EINVAL, "no unit given (NULL); a UCUM code was expected");
  if (!*code)
    return gm_fail(ctx, GM_EPARSE,
                   "an empty unit; a UCUM code was expected ('1' for a pure number)");
  if (strnlen(code, GM_UNIT_CODE_BYTES) == GM_UNIT_CODE_BYTES)
    return gm_fail(ctx, GM_ERANGE, "a unit of more than %d bytes", GM_UNIT_CODE_BYTES - 1);
  return parse_code(ctx, code, 0, out);
}
