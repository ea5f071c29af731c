/* net_write_unit.c - UCUM codes as SBML's unit definitions. What SBML cannot say (arbitrary units,
 * scales with a zero of their own) is left out: units carry no number. */
#include "gemel/unit.h"
#include "base/number.h"
#include "kinds/equations/net/net_write.h"
#include "kinds/equations/tables.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOM_MAX = 12 };

/* (multiplier 10^scale kind)^exponent, SBML L3V2 section 4.4.2. */
typedef struct {
  const char *kind;
  double multiplier;
  int scale, exponent;
} atom;

typedef struct {
  atom atom[ATOM_MAX];
  int count;
} composed;

static const struct {
  const char *code, *kind;
  double multiplier;
  bool metric; /* takes prefixes */
} table[] = {{"g", "gram", 1, true},           {"m", "metre", 1, true},
             {"s", "second", 1, true},         {"L", "litre", 1, true},
             {"l", "litre", 1, true},          {"mol", "mole", 1, true},
             {"K", "kelvin", 1, true},         {"A", "ampere", 1, true},
             {"cd", "candela", 1, true},       {"C", "coulomb", 1, true},
             {"Pa", "pascal", 1, true},        {"N", "newton", 1, true},
             {"J", "joule", 1, true},          {"W", "watt", 1, true},
             {"V", "volt", 1, true},           {"Ohm", "ohm", 1, true},
             {"F", "farad", 1, true},          {"H", "henry", 1, true},
             {"Hz", "hertz", 1, true},         {"Bq", "becquerel", 1, true},
             {"Gy", "gray", 1, true},          {"Sv", "sievert", 1, true},
             {"kat", "katal", 1, true},        {"lm", "lumen", 1, true},
             {"lx", "lux", 1, true},           {"S", "siemens", 1, true},
             {"T", "tesla", 1, true},          {"Wb", "weber", 1, true},
             {"rad", "radian", 1, true},       {"sr", "steradian", 1, true},
             {"min", "second", 60, false},     {"h", "second", 3600, false},
             {"d", "second", 86400, false},    {"wk", "second", 604800, false},
             {"a", "second", 31557600, false}, {"%", "dimensionless", 0.01, false},
             {"1", "dimensionless", 1, false}, {"{item}", "item", 1, false}};

static const struct {
  const char *text;
  int ten;
} prefixes[] = {{"a", -18}, {"f", -15}, {"p", -12}, {"n", -9}, {"u", -6}, {"m", -3}, {"c", -2},
                {"d", -1},  {"da", 1},  {"h", 2},   {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12}};

static bool known_as(const char *word, size_t bytes, int scale, atom *out)
{
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    if (strlen(table[i].code) != bytes || memcmp(table[i].code, word, bytes) != 0) continue;
    if (scale && !table[i].metric) continue;
    *out = (atom){table[i].kind, table[i].multiplier, scale, 1};
    return true;
  }
  return false;
}

static bool known(const char *word, size_t bytes, atom *out)
{
  if (known_as(word, bytes, 0, out)) return true;
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    size_t n = strlen(prefixes[i].text);
    if (n < bytes && memcmp(word, prefixes[i].text, n) == 0 &&
        known_as(word + n, bytes - n, prefixes[i].ten, out))
      return true;
  }
  return false;
}

static bool add(composed *c, atom a)
{
  if (c->count == ATOM_MAX || a.exponent == 0) return false;
  c->atom[c->count++] = a;
  return true;
}

/* Where the exponent of "m2" or "m-2" begins. */
static size_t exponent_at(const char *p, size_t bytes)
{
  size_t n = bytes;
  while (n > 0 && p[n - 1] >= '0' && p[n - 1] <= '9') n--;
  bool sign = n > 1 && n < bytes && (p[n - 1] == '-' || p[n - 1] == '+');
  return sign ? n - 1 : n;
}

/* A factor of a code, "m2", "10*-3", "60": into c. False: it is none of these. */
static bool factor(composed *c, const char *p, size_t bytes, bool below)
{
  atom a;
  double number;
  int sign = below ? -1 : 1;
  if (bytes > 3 && memcmp(p, "10*", 3) == 0)
    return add(c, (atom){"dimensionless", 1, sign * (int)strtol(p + 3, NULL, 10), 1});
  if (strspn(p, "0123456789") >= bytes)
    return gm__number_begin(p, &number) == (int32_t)bytes &&
           add(c, (atom){"dimensionless", number, 0, sign});
  size_t n = exponent_at(p, bytes);
  if (!known(p, n, &a)) return false;
  a.exponent = sign * (n < bytes ? (int)strtol(p + n, NULL, 10) : 1);
  return add(c, a);
}

/* A code without brackets, factor by factor: the definition then reads as the unit does. */
static bool by_factors(const char *code, composed *c)
{
  bool below = false;
  c->count = 0;
  if (strpbrk(code, "()[")) return false;
  for (const char *p = code; *p;) {
    size_t n = strcspn(p, "./");
    if (n > 0 && !factor(c, p, n, below)) return false;
    p += n;
    below = *p == '/';
    p += *p != 0;
  }
  return c->count > 0;
}

/* Any other proportional unit, by the powers of its base units. */
static bool by_powers(gm_ctx *ctx, const gm_unit *u, composed *c)
{
  static const char *const kind[GM_UNIT_DIMS] = {"metre",  "second",  "gram",   "radian",
                                                 "kelvin", "coulomb", "candela"};
  gm_unit mol, rest;
  c->count = 0;
  if (u->special || u->arbitrary[0].id || u->equivalent || u->osmole ||
      gm_unit_parse(ctx, "mol", &mol) || gm_unit_power(ctx, &mol, u->amount, &mol) ||
      gm_unit_divide(ctx, u, &mol, &rest))
    return false;
  (void)add(c, (atom){"dimensionless", rest.factor, 0, 1});
  for (int i = 0; i < GM_UNIT_DIMS; i++) (void)add(c, (atom){kind[i], 1, 0, u->dim[i]});
  (void)add(c, (atom){"mole", 1, 0, u->amount});
  return rest.factor > 0;
}

static bool compose(gm_ctx *ctx, const char *code, composed *c)
{
  gm_unit u;
  if (gm_unit_parse(ctx, code, &u) || u.special) return false;
  return by_factors(code, c) || by_powers(ctx, &u, c);
}

/* ---- ids ------------------------------------------------------------------------------------- */
/* "mg/L" as "unit_mg_per_L": letters, digits and _ only. */
static void spell(gm_text *t, const char *code)
{
  gm_text_add(t, "unit_");
  for (const char *p = code; *p; p++) {
    if (*p == '/')
      gm_text_add(t, p > code ? "_per_" : "per_");
    else if (*p == '%')
      gm_text_add(t, "percent");
    else
      gm_text_addn(t, isalnum((unsigned char)*p) ? p : "_", 1);
  }
}

static gm_status make_id(nw_writer *w, nw_unit *u)
{
  gm_text t;
  gm_text_init(&t, w->ctx);
  spell(&t, u->code);
  for (int32_t i = 0; i < w->unit_count && !t.status; i++)
    if (w->unit[i].id && strcmp(w->unit[i].id, t.data) == 0) {
      gm_text_addf(&t, "_%d", (int)w->unit_count);
      break;
    }
  if (t.status) {
    gm_text_free(&t);
    return gm_fail(w->ctx, GM_ENOMEM, "units");
  }
  u->id = t.data;
  return GM_OK;
}

/* Its id, when SBML has such a unit. */
static gm_status name_unit(nw_writer *w, nw_unit *u)
{
  composed c;
  if (!compose(w->ctx, u->code, &c)) return GM_OK;
  const atom *a = &c.atom[0];
  u->base = c.count == 1 && a->multiplier == 1 && a->scale == 0 && a->exponent == 1;
  if (!u->base) return make_id(w, u);
  u->id = gm_strdup(w->ctx, a->kind);
  return u->id ? GM_OK : gm_fail(w->ctx, GM_ENOMEM, "units");
}

static gm_status add_unit(nw_writer *w, const char *code)
{
  gm_status s = eq_room(w->ctx, &w->unit, w->unit_count, &w->unit_room, sizeof *w->unit);
  if (s) return s;
  nw_unit u = {.code = gm_strdup(w->ctx, code)};
  s = u.code ? name_unit(w, &u) : gm_fail(w->ctx, GM_ENOMEM, "units");
  if (s)
    gm_free(u.code);
  else
    w->unit[w->unit_count++] = u;
  return s;
}

gm_status nw_unit_id(nw_writer *w, const char *code, const char **id_out)
{
  int32_t i = 0;
  *id_out = NULL;
  if (!code[0]) return GM_OK;
  while (i < w->unit_count && strcmp(w->unit[i].code, code) != 0) i++;
  gm_status s = i == w->unit_count ? add_unit(w, code) : GM_OK;
  if (!s) *id_out = w->unit[i].id;
  return s;
}

static void definition(nw_writer *w, const nw_unit *u)
{
  composed c;
  if (!u->id || u->base || !compose(w->ctx, u->code, &c)) return;
  gm_text_addf(w->to, "      <unitDefinition id=\"%s\" name=\"", u->id);
  nw_text(w, u->code);
  gm_text_add(w->to, "\">\n        <listOfUnits>\n");
  for (int i = 0; i < c.count; i++) {
    const atom *a = &c.atom[i];
    gm_text_addf(w->to, "          <unit kind=\"%s\" exponent=\"%d\" scale=\"%d\"", a->kind,
                 a->exponent, a->scale);
    nw_attribute_number(w, "multiplier", a->multiplier);
    gm_text_add(w->to, "/>\n");
  }
  gm_text_add(w->to, "        </listOfUnits>\n      </unitDefinition>\n");
}

void nw_units(nw_writer *w)
{
  bool any = false;
  for (int32_t i = 0; i < w->unit_count; i++) any = any || (w->unit[i].id && !w->unit[i].base);
  if (!any) return;
  gm_text_add(w->to, "    <listOfUnitDefinitions>\n");
  for (int32_t i = 0; i < w->unit_count; i++) definition(w, &w->unit[i]);
  gm_text_add(w->to, "    </listOfUnitDefinitions>\n");
}

void nw_units_free(nw_writer *w)
{
  for (int32_t i = 0; i < w->unit_count; i++) {
    gm_free(w->unit[i].code);
    gm_free(w->unit[i].id);
  }
  gm_free(w->unit);
}
