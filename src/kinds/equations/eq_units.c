/* eq_units.c - the units of expressions, and whether they fit. */
#include "kinds/equations/eq_units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void eqt_units_init(eqt_units *u, gm_ctx *ctx) { *u = (eqt_units){.ctx = ctx, .atom.ctx = ctx}; }

void eqt_units_free(eqt_units *u)
{
  gm_free(u->atom.key);
  gm_free(u->atom.slot);
  *u = (eqt_units){.ctx = u->ctx};
}

eqt_unit eqt_unit_unknown(void) { return (eqt_unit){.kind = EQT_UNKNOWN, .exponent = IR_NONE}; }

eqt_unit eqt_unit_number(void)
{
  return (eqt_unit){.kind = EQT_NUMBER_ONLY, .of.unit = gm_unit_one(), .exponent = IR_NONE};
}

static eqt_unit plain_one(void)
{
  eqt_unit a = eqt_unit_number();
  a.kind = EQT_MEASURED;
  return a;
}

/* ---- atoms: how a unit is said --------------------------------------------------------------- */
static void atom_add(eqt_measure *m, int16_t atom, int32_t power)
{
  if (m->count < 0) return;
  int32_t i = 0;
  while (i < m->count && m->atom[i] != atom) i++;
  if (i == EQT_ATOM_MAX) {
    m->count = -1;
    return;
  }
  int32_t sum = (i < m->count ? m->power[i] : 0) + power;
  if (sum < -99 || sum > 99) {
    m->count = -1;
    return;
  }
  if (sum) {
    m->count += i == m->count;
    m->atom[i] = atom;
    m->power[i] = (int8_t)sum;
  } else if (i < m->count) { /* it cancelled: the others keep their order */
    m->count--;
    for (; i < m->count; i++) {
      m->atom[i] = m->atom[i + 1];
      m->power[i] = m->power[i + 1];
    }
  }
}

static void atoms_add(eqt_measure *m, const eqt_measure *other, int32_t times)
{
  if (other->count < 0) m->count = -1;
  eqt_measure o = *other; /* m and other may be one */
  for (int32_t i = 0; i < o.count; i++) atom_add(m, o.atom[i], times * o.power[i]);
}

/* Bytes of the next factor of a code: brackets of either kind hold . and / of their own. */
static int32_t factor_bytes(const char *p)
{
  int32_t n = 0, open = 0;
  for (; p[n]; n++) {
    if (p[n] == '[' || p[n] == '{') open++;
    if (p[n] == ']' || p[n] == '}') open--;
    if (open == 0 && (p[n] == '.' || p[n] == '/')) break;
  }
  return n;
}

/* Splits "m2" into "m" and 2; numbers and what ends in a bracket stay whole. */
static int32_t exponent_of(const char *p, int32_t *bytes)
{
  int32_t n = *bytes;
  while (n > 0 && p[n - 1] >= '0' && p[n - 1] <= '9') n--;
  if (n == 0 || n == *bytes) return 1;
  if (p[n - 1] == '-' || p[n - 1] == '+') n--;
  if (n == 0) return 1;
  int32_t power = (int32_t)strtol(p + n, NULL, 10);
  *bytes = n;
  return power;
}

static gm_status atoms_of(eqt_units *u, const char *code, eqt_measure *m)
{
  bool whole = strchr(code, '(') != NULL; /* composed: said as it is */
  int32_t sign = 1;
  for (const char *p = code; *p;) {
    int32_t bytes = whole ? (int32_t)strlen(p) : factor_bytes(p), used = bytes, index;
    int32_t power = whole ? 1 : exponent_of(p, &used);
    if (used > 0 && !(used == 1 && p[0] == '1')) {
      gm_status s = eqt_table_add(&u->atom, p, used, &index);
      if (s) return s;
      if (index > INT16_MAX)
        m->count = -1;
      else
        atom_add(m, (int16_t)index, sign * power);
    }
    p += bytes;
    sign = *p == '/' ? -1 : 1;
    p += *p != 0;
  }
  return GM_OK;
}

gm_status eqt_unit_known(eqt_units *u, const gm_unit *unit, const char *code, eqt_unit *out)
{
  eqt_unit a = {.kind = EQT_MEASURED, .of.unit = *unit, .exponent = IR_NONE};
  gm_status s = atoms_of(u, code, &a.of);
  if (!s) *out = a;
  return s;
}

static void add_text(char *text, size_t room, const char *format, ...) GM_PRINTF(3, 4);
static void add_text(char *text, size_t room, const char *format, ...)
{
  size_t n = strlen(text);
  va_list ap;
  va_start(ap, format);
  vsnprintf(text + n, room - n, format, ap);
  va_end(ap);
}

/* The atoms above (sign 1) or below (sign -1) the line. */
static void side_text(const eqt_units *u, const eqt_measure *m, int sign, char *text, size_t room)
{
  for (int32_t i = 0; i < m->count; i++) {
    const eqt_key *k = &u->atom.key[m->atom[i]];
    int32_t power = sign * m->power[i];
    if (power < 0) continue;
    if (sign < 0)
      add_text(text, room, "%s/", text[0] ? "" : "1");
    else
      add_text(text, room, "%s", text[0] ? "." : "");
    add_text(text, room, "%.*s", (int)k->bytes, k->text);
    if (power != 1) add_text(text, room, "%d", (int)power);
  }
}

static void measure_text(const eqt_units *u, const eqt_measure *m, char *text, size_t room)
{
  char dimension[GM_UNIT_TEXT_BYTES];
  text[0] = 0;
  if (m->count < 0) {
    gm_unit_dimension_text(&m->unit, dimension, sizeof dimension);
    add_text(text, room, "%s", dimension);
    return;
  }
  if (m->count == 0) add_text(text, room, "1");
  side_text(u, m, 1, text, room);
  side_text(u, m, -1, text, room);
}

const char *eqt_unit_text(const eqt_units *u, const eqt_unit *a, char text[160])
{
  char of[70], base[70];
  if (a->kind != EQT_MEASURED) {
    snprintf(text, 160, a->kind == EQT_UNKNOWN ? "an unknown unit" : "a bare number");
    return text;
  }
  measure_text(u, &a->of, of, sizeof of);
  if (a->exponent == IR_NONE) {
    snprintf(text, 160, "%s", of);
    return text;
  }
  measure_text(u, &a->base, base, sizeof base);
  bool one = strcmp(of, "1") == 0;
  snprintf(text, 160, "%s%s(%s)^variable", one ? "" : of, one ? "" : ".", base);
  return text;
}

/* ---- sums ------------------------------------------------------------------------------------ */
static bool is_one(const eqt_unit *a)
{
  gm_unit one = gm_unit_one();
  return a->kind == EQT_MEASURED && a->exponent == IR_NONE && gm_unit_equal(&a->of.unit, &one);
}

/* Fits, does not fit, or cannot be told (exponents that may or may not be equal). */
typedef enum { FITS, NOT, UNTOLD } fit;

static fit compare(const eqt_unit *a, const eqt_unit *b)
{
  if (a->exponent != b->exponent)
    return a->exponent != IR_NONE && b->exponent != IR_NONE ? UNTOLD : NOT;
  if (!gm_unit_equal(&a->of.unit, &b->of.unit)) return NOT;
  if (a->exponent != IR_NONE && !gm_unit_equal(&a->base.unit, &b->base.unit)) return NOT;
  return FITS;
}

static const char *size_hint(const eqt_unit *a, const eqt_unit *b)
{
  bool same = a->exponent == IR_NONE && b->exponent == IR_NONE &&
              gm_unit_same_kind(&a->of.unit, &b->of.unit);
  return same ? ": same kind, other size; nothing is converted silently, write the factor with "
                "its unit, as in 1000 \"mg/g\""
              : "";
}

/* Sets *out and returns GM_OK unless both are measured and do not fit. */
static bool settled(const eqt_unit *a, const eqt_unit *b, eqt_unit *out)
{
  if (a->kind == EQT_UNKNOWN || b->kind == EQT_UNKNOWN) {
    *out = eqt_unit_unknown();
    return true;
  }
  if (a->kind == EQT_NUMBER_ONLY || b->kind == EQT_NUMBER_ONLY) {
    *out = a->kind == EQT_NUMBER_ONLY ? *b : *a;
    return true;
  }
  fit f = compare(a, b);
  if (f == NOT) return false;
  *out = f == FITS ? *a : eqt_unit_unknown();
  return true;
}

gm_status eqt_unit_alike(eqt_units *u, const char *what, int32_t at, const eqt_unit *a,
                         const eqt_unit *b, eqt_unit *out)
{
  char ta[160], tb[160];
  eqt_unit r;
  if (settled(a, b, &r)) {
    *out = r;
    return GM_OK;
  }
  return eqt_fail(u->text, at, GM_EUNIT, "%s %s and %s%s", what, eqt_unit_text(u, a, ta),
                  eqt_unit_text(u, b, tb), size_hint(a, b));
}

static gm_status sum(eqt_units *u, ir_op op, int32_t at, const eqt_unit *a, const eqt_unit *b,
                     eqt_unit *out)
{
  char text[160];
  gm_status s = eqt_unit_alike(u, op == IR_ADD ? "cannot add" : "cannot take the difference of", at,
                               a, b, out);
  if (s || a->kind != EQT_MEASURED || b->kind != EQT_MEASURED || !a->of.unit.special) return s;
  return eqt_fail(u->text, at, GM_EUNIT,
                  "%s has a zero of its own: it cannot be added or subtracted (use K)",
                  eqt_unit_text(u, a, text));
}

gm_status eqt_unit_fits(eqt_units *u, int32_t at, const char *name, int32_t bytes,
                        const eqt_unit *wanted, const char *what, const eqt_unit *got)
{
  char ta[160], tb[160];
  eqt_unit r;
  if (settled(wanted, got, &r)) return GM_OK;
  return eqt_fail(u->text, at, GM_EUNIT, "%.*s is in %s, but %s is in %s%s", (int)bytes, name,
                  eqt_unit_text(u, wanted, ta), what, eqt_unit_text(u, got, tb),
                  size_hint(wanted, got));
}

/* ---- products -------------------------------------------------------------------------------- */
/* A failure of the unit room, with the place in the text in front of it. */
static gm_status because(eqt_units *u, int32_t at, gm_status s)
{
  char why[500];
  snprintf(why, sizeof why, "%s", gm_message(u->ctx));
  return eqt_fail(u->text, at, s, "%s", why);
}

static gm_status measure_times(eqt_units *u, int32_t at, eqt_measure *m, const eqt_measure *by,
                               bool divide)
{
  gm_status s = divide ? gm_unit_divide(u->ctx, &m->unit, &by->unit, &m->unit)
                       : gm_unit_multiply(u->ctx, &m->unit, &by->unit, &m->unit);
  if (s) return because(u, at, s);
  atoms_add(m, by, divide ? -1 : 1);
  return GM_OK;
}

static gm_status refuse_special(eqt_units *u, int32_t at, const eqt_unit *a)
{
  char text[160];
  if (a->kind != EQT_MEASURED || !a->of.unit.special) return GM_OK;
  return eqt_fail(u->text, at, GM_EUNIT,
                  "%s has a zero of its own: it cannot be multiplied, divided or raised (use K)",
                  eqt_unit_text(u, a, text));
}

static gm_status product(eqt_units *u, ir_op op, int32_t at, const eqt_unit *a, const eqt_unit *b,
                         eqt_unit *out)
{
  bool divide = op == IR_DIV;
  gm_status s = refuse_special(u, at, a);
  if (!s) s = refuse_special(u, at, b);
  if (s) return s;
  eqt_unit r = *a;
  bool both = a->exponent != IR_NONE && b->exponent != IR_NONE;
  if (a->kind == EQT_UNKNOWN || b->kind == EQT_UNKNOWN || (both && a->exponent != b->exponent)) {
    *out = eqt_unit_unknown();
    return GM_OK;
  }
  if (b->kind == EQT_MEASURED) r.kind = EQT_MEASURED;
  s = measure_times(u, at, &r.of, &b->of, divide);
  if (!s && b->exponent != IR_NONE) {
    if (r.exponent == IR_NONE) r.base = eqt_unit_number().of;
    s = measure_times(u, at, &r.base, &b->base, divide);
    r.exponent = b->exponent;
  }
  if (s) return s;
  gm_unit one = gm_unit_one();
  if (r.exponent != IR_NONE && gm_unit_equal(&r.base.unit, &one)) r.exponent = IR_NONE;
  *out = r;
  return GM_OK;
}

gm_status eqt_unit_binary(eqt_units *u, ir_op op, int32_t at, const eqt_unit *a, const eqt_unit *b,
                          eqt_unit *out)
{
  eqt_unit r;
  gm_status s;
  switch (op) {
  case IR_ADD:
  case IR_SUB: s = sum(u, op, at, a, b, &r); break;
  case IR_MUL:
  case IR_DIV: s = product(u, op, at, a, b, &r); break;
  case IR_LT:
  case IR_LE:
  case IR_EQ:
  case IR_NE:
    s = eqt_unit_alike(u, "cannot compare", at, a, b, &r);
    r = eqt_unit_number();
    break;
  case IR_MIN: s = eqt_unit_alike(u, "min of", at, a, b, &r); break;
  case IR_MAX: s = eqt_unit_alike(u, "max of", at, a, b, &r); break;
  default:
    s = GM_OK;
    r = eqt_unit_number();
    break; /* conditions */
  }
  if (!s) *out = r;
  return s;
}

/* ---- powers ---------------------------------------------------------------------------------- */
/* The fraction e = m/n with n <= 12, if e is one. */
static bool fraction(double e, int32_t *m_out, int32_t *n_out)
{
  for (int32_t n = 1; n <= 12 && fabs(e) <= 100; n++) {
    double m = nearbyint(e * n);
    if (fabs(e * n - m) > 1e-12 * n || fabs(m) > 127) continue;
    *m_out = (int32_t)m;
    *n_out = n;
    return true;
  }
  return false;
}

static gm_status measure_raise(eqt_units *u, int32_t at, eqt_measure *a, double e)
{
  char text[70];
  int32_t m = 0, n = 1;
  gm_unit r;
  gm_status s = GM_EUNIT;
  if (fraction(e, &m, &n)) {
    s = gm_unit_power(u->ctx, &a->unit, m, &r);
    if (!s) s = gm_unit_root(u->ctx, &r, n, &r);
  }
  if (s) {
    measure_text(u, a, text, sizeof text);
    return eqt_fail(u->text, at, GM_EUNIT,
                    "%s to the power %g is no unit: divide by a reference value first, as in "
                    "(WT/70 \"kg\")^0.75",
                    text, e);
  }
  a->unit = r;
  for (int32_t i = 0; i < a->count; i++)
    if (a->power[i] * m % n != 0 || abs(a->power[i] * m / n) > 99) {
      a->count = -1;
      return GM_OK;
    }
  for (int32_t i = 0; i < a->count; i++) a->power[i] = (int8_t)(a->power[i] * m / n);
  if (m == 0) a->count = 0;
  return GM_OK;
}

static gm_status plain_number(eqt_units *u, int32_t at, const char *what, const eqt_unit *a)
{
  char text[160];
  if (a->kind != EQT_MEASURED || is_one(a)) return GM_OK;
  return eqt_fail(u->text, at, GM_EUNIT, "%s must be a plain number, but is in %s", what,
                  eqt_unit_text(u, a, text));
}

gm_status eqt_unit_power(eqt_units *u, int32_t at, const eqt_unit *a, const eqt_unit *b,
                         ir_ref exponent, const double *value, eqt_unit *out)
{
  gm_status s = plain_number(u, at, "an exponent", b);
  if (!s) s = refuse_special(u, at, a);
  if (s) return s;
  eqt_unit r = *a;
  if (a->kind == EQT_MEASURED && !is_one(a)) {
    if (value && a->exponent == IR_NONE) {
      s = measure_raise(u, at, &r.of, *value);
    } else if (value && *value == nearbyint(*value)) {
      s = measure_raise(u, at, &r.of, *value);
      if (!s) s = measure_raise(u, at, &r.base, *value);
      if (*value == 0) r.exponent = IR_NONE;
    } else if (!value && a->exponent == IR_NONE) {
      r = plain_one();
      r.base = a->of;
      r.exponent = exponent;
    } else {
      r = eqt_unit_unknown();
    }
  }
  if (!s) *out = r;
  return s;
}

/* ---- functions ------------------------------------------------------------------------------- */
static bool is_angle(eqt_units *u, const eqt_unit *a)
{
  gm_unit rad;
  if (a->kind != EQT_MEASURED || a->exponent != IR_NONE) return false;
  return gm_unit_parse(u->ctx, "rad", &rad) == GM_OK && gm_unit_equal(&rad, &a->of.unit);
}

gm_status eqt_unit_function(eqt_units *u, ir_op op, const char *name, int32_t at, const eqt_unit *a,
                            eqt_unit *out)
{
  char what[80];
  bool angle = (op == IR_SIN || op == IR_COS || op == IR_TAN) && is_angle(u, a);
  if (op == IR_NEG || op == IR_ABS || op == IR_FLOOR || op == IR_CEIL) {
    *out = *a;
    return GM_OK;
  }
  snprintf(what, sizeof what, "what %s is taken of", name);
  gm_status s = angle ? GM_OK : plain_number(u, at, what, a);
  if (!s) *out = a->kind == EQT_MEASURED ? plain_one() : *a;
  return s;
}

void eq_units_missing(const eq_source *s, gm_text *out)
{
  if (s->no_unit) gm_text_add(out, s->no_unit);
}
