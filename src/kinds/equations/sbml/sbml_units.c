/* sbml_units.c - SBML's units as UCUM codes: for reports and for checks against a definition, no
 * number depends on them. What UCUM cannot write (a broken exponent, a factor without a short
 * decimal form) has no code. */
#include "gemel/unit.h"
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* X(kind, code, takes prefixes) */
#define KIND_LIST(X)                                                                               \
  X(AMPERE, "A", 1)                                                                                \
  X(BECQUEREL, "Bq", 1)                                                                            \
  X(CANDELA, "cd", 1)                                                                              \
  X(CELSIUS, "Cel", 0)                                                                             \
  X(COULOMB, "C", 1)                                                                               \
  X(DIMENSIONLESS, "1", 0)                                                                         \
  X(FARAD, "F", 1)                                                                                 \
  X(GRAM, "g", 1)                                                                                  \
  X(GRAY, "Gy", 1)                                                                                 \
  X(HENRY, "H", 1)                                                                                 \
  X(HERTZ, "Hz", 1)                                                                                \
  X(ITEM, "{item}", 0)                                                                             \
  X(JOULE, "J", 1)                                                                                 \
  X(KATAL, "kat", 1)                                                                               \
  X(KELVIN, "K", 1)                                                                                \
  X(KILOGRAM, "g", 1)                                                                              \
  X(LITER, "L", 1)                                                                                 \
  X(LITRE, "L", 1)                                                                                 \
  X(LUMEN, "lm", 1)                                                                                \
  X(LUX, "lx", 1)                                                                                  \
  X(METER, "m", 1)                                                                                 \
  X(METRE, "m", 1)                                                                                 \
  X(MOLE, "mol", 1)                                                                                \
  X(NEWTON, "N", 1)                                                                                \
  X(OHM, "Ohm", 1)                                                                                 \
  X(PASCAL, "Pa", 1)                                                                               \
  X(RADIAN, "rad", 1)                                                                              \
  X(SECOND, "s", 1)                                                                                \
  X(SIEMENS, "S", 1)                                                                               \
  X(SIEVERT, "Sv", 1)                                                                              \
  X(STERADIAN, "sr", 1)                                                                            \
  X(TESLA, "T", 1)                                                                                 \
  X(VOLT, "V", 1)                                                                                  \
  X(WATT, "W", 1)                                                                                  \
  X(WEBER, "Wb", 1)

static const struct {
  UnitKind_t kind;
  const char *code;
  int prefixes;
} kinds[] = {
#define KIND_X(kind, code, prefixes) {UNIT_KIND_##kind, code, prefixes},
    KIND_LIST(KIND_X)
#undef KIND_X
};

static const struct {
  int ten;
  const char *text;
} prefix[] = {{-18, "a"}, {-15, "f"}, {-12, "p"}, {-9, "n"}, {-6, "u"}, {-3, "m"}, {-2, "c"},
              {-1, "d"},  {0, ""},    {3, "k"},   {6, "M"},  {9, "G"},  {12, "T"}};

static const struct {
  double seconds;
  const char *code;
} times[] = {{60, "min"}, {3600, "h"}, {86400, "d"}, {604800, "wk"}, {31557600, "a"}};

/* base^n, n >= 0; exact while it is below 2^53. */
static double power_of(double base, int n)
{
  double v = 1;
  for (int i = 0; i < n && v < 1e300; i++) v *= base;
  return v;
}

/* whole * 10^ten */
static double sized(double whole, int ten)
{
  return ten < 0 ? whole / power_of(10, -ten) : whole * power_of(10, ten);
}

/* v = whole * 10^ten with whole of at most nine digits; false: it is not. */
static bool decimal(double v, double *whole, int *ten)
{
  char text[40];
  snprintf(text, sizeof text, "%.8e", v);
  char *e = strchr(text, 'e');
  if (!(v > 0) || !e) return false;
  *ten = (e[1] == '-' ? -1 : 1) * (int)(10 * (e[2] - '0') + (e[3] - '0'));
  if (e[4]) return false; /* 1e100 and beyond */
  double digits = 0;
  int behind = -1;
  for (const char *p = text; p < e; p++) {
    if (*p < '0' || *p > '9') continue; /* the decimal sign */
    digits = 10 * digits + (*p - '0');
    behind++;
  }
  *ten -= behind;
  for (; digits > 0 && fmod(digits, 10) == 0; (*ten)++) digits /= 10;
  *whole = digits;
  return fabs(sized(digits, *ten) - v) <= 1e-12 * v;
}

typedef struct {
  char *text; /* [GM_UNIT_CODE_BYTES] */
  size_t bytes;
  bool good;
} code_text;

static void code_add(code_text *c, bool below, const char *unit, int exponent)
{
  char part[80];
  const char *join = below ? "/" : (c->bytes ? "." : "");
  if (exponent == 1)
    snprintf(part, sizeof part, "%s%.40s", join, unit);
  else
    snprintf(part, sizeof part, "%s%.40s%d", join, unit, exponent);
  size_t n = strlen(part);
  if (c->bytes + n >= GM_UNIT_CODE_BYTES) {
    c->good = false;
    return;
  }
  memcpy(c->text + c->bytes, part, n + 1);
  c->bytes += n;
}

/* A factor whole * 10^ten to the power of exponent. */
static void factor_add(code_text *c, bool below, double whole, int ten, int exponent)
{
  char part[40];
  double all = power_of(whole, exponent);
  if (!(all < 1e9) || all != floor(all)) {
    c->good = false;
    return;
  }
  if (all != 1) {
    snprintf(part, sizeof part, "%.0f", all);
    code_add(c, below, part, 1);
  }
  if (ten) {
    snprintf(part, sizeof part, "10*%d", ten * exponent);
    code_add(c, below, part, 1);
  }
}

static const char *prefix_of(int ten)
{
  for (size_t i = 0; i < sizeof prefix / sizeof prefix[0]; i++)
    if (prefix[i].ten == ten) return prefix[i].text;
  return NULL;
}

static int kind_row(UnitKind_t kind)
{
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (kinds[i].kind == kind) return (int)i;
  return -1;
}

/* The name of whole * 10^ten seconds, NULL none. */
static const char *time_name(UnitKind_t kind, double whole, int ten)
{
  double size = ten > -20 && ten < 20 ? sized(whole, ten) : 0;
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
    if (kind == UNIT_KIND_SECOND && size == times[i].seconds) return times[i].code;
  return NULL;
}

/* One <unit>: (multiplier 10^scale kind)^exponent. */
static void unit_add(code_text *c, Unit_t *u)
{
  UnitKind_t kind = Unit_getKind(u);
  double exponent = Unit_getExponentAsDouble(u), whole;
  int ten, row = kind_row(kind), power = fabs(exponent) < 20 ? (int)fabs(exponent) : 0;
  bool below = exponent < 0, good = row >= 0 && fabs(exponent) == power;
  if (!good || !decimal(Unit_getMultiplier(u), &whole, &ten)) {
    c->good = false;
    return;
  }
  if (power == 0) return;
  ten += Unit_getScale(u) + (kind == UNIT_KIND_KILOGRAM ? 3 : 0);
  const char *time = time_name(kind, whole, ten);
  if (time) {
    code_add(c, below, time, power);
    return;
  }
  char name[16];
  const char *front = whole == 1 && kinds[row].prefixes ? prefix_of(ten) : NULL;
  if (!front) factor_add(c, below, whole, ten, power);
  snprintf(name, sizeof name, "%s%s", front ? front : "", kinds[row].code);
  if (kind != UNIT_KIND_DIMENSIONLESS) code_add(c, below, name, power);
}

static bool code_finish(sbml_reader *r, code_text *c)
{
  gm_unit u;
  if (c->good && c->bytes == 0) code_add(c, false, "1", 1);
  c->good = c->good && c->text[0] != 0;
  if (c->good && gm_unit_parse(r->ctx, c->text, &u)) {
    gm_message_clear(r->ctx);
    c->good = false;
  }
  if (!c->good) c->text[0] = 0;
  return c->good;
}

static void definition_code(sbml_reader *r, UnitDefinition_t *d, code_text *c)
{
  unsigned count = UnitDefinition_getNumUnits(d);
  for (int below = 0; below < 2; below++)
    for (unsigned i = 0; i < count && c->good; i++) {
      Unit_t *u = UnitDefinition_getUnit(d, i);
      if ((Unit_getExponentAsDouble(u) < 0) == (below == 1)) unit_add(c, u);
    }
  (void)code_finish(r, c);
}

/* Units that levels 1 and 2 know without a definition (L2V5, section 4.4.3). */
static const char *predefined(const sbml_reader *r, const char *unit)
{
  static const char *const known[][2] = {
      {"substance", "mol"}, {"volume", "L"}, {"area", "m2"}, {"length", "m"}, {"time", "s"}};
  for (size_t i = 0; r->level < 3 && i < sizeof known / sizeof known[0]; i++)
    if (strcmp(known[i][0], unit) == 0) return known[i][1];
  return NULL;
}

static int by_id(const void *a, const void *b)
{
  return strcmp(((const sbml_unit *)a)->id, ((const sbml_unit *)b)->id);
}

void sbml_units_read(sbml_reader *r)
{
  unsigned count = Model_getNumUnitDefinitions(r->model);
  r->unit = gm_alloc(r->ctx, (ptrdiff_t)count, sizeof *r->unit);
  if (!r->unit) {
    (void)sbml_fail(r, GM_ENOMEM, "units");
    return;
  }
  r->unit_count = (int32_t)count;
  for (unsigned i = 0; i < count; i++) {
    UnitDefinition_t *d = Model_getUnitDefinition(r->model, i);
    const char *id = UnitDefinition_getId(d);
    r->unit[i] = (sbml_unit){.id = id ? id : "", .definition = d};
  }
  qsort(r->unit, count, sizeof *r->unit, by_id);
}

void sbml_units_free(sbml_reader *r)
{
  for (int32_t i = 0; i < r->unit_count; i++) gm_free(r->unit[i].code);
  gm_free(r->unit);
  r->unit = NULL;
  r->unit_count = 0;
}

/* True: it is a definition, and code is its code. */
static bool defined_code(sbml_reader *r, const char *unit, char *code)
{
  const sbml_unit key = {.id = unit};
  sbml_unit *u = NULL;
  if (r->unit_count) u = bsearch(&key, r->unit, (size_t)r->unit_count, sizeof key, by_id);
  if (!u) return false;
  if (!u->code) {
    code_text c = {.text = code, .good = true};
    definition_code(r, u->definition, &c);
    u->code = gm_strdup(r->ctx, code);
    if (!u->code) (void)sbml_fail(r, GM_ENOMEM, "units");
    return true;
  }
  memcpy(code, u->code, strlen(u->code) + 1);
  return true;
}

void sbml_unit_code(sbml_reader *r, const char *unit, char *code)
{
  code_text c = {.text = code, .good = true};
  code[0] = 0;
  if (!unit || !unit[0] || defined_code(r, unit, code)) return;
  const char *known = predefined(r, unit);
  UnitKind_t kind = UnitKind_forName(unit);
  int row = kind_row(kind);
  if (!known && row >= 0) known = kind == UNIT_KIND_KILOGRAM ? "kg" : kinds[row].code;
  if (known) code_add(&c, false, known, 1);
  c.good = known != NULL;
  (void)code_finish(r, &c);
}

void sbml_unit_of_compartment(sbml_reader *r, Compartment_t *c, char *code)
{
  const char *unit = Compartment_getUnits(c);
  double dimensions = Compartment_getSpatialDimensionsAsDouble(c);
  bool volume = dimensions == 3 || r->level == 1, area = dimensions == 2, length = dimensions == 1;
  if ((!unit || !unit[0]) && r->level < 3)
    unit = volume ? "volume" : (area ? "area" : (length ? "length" : ""));
  if ((!unit || !unit[0]) && r->level == 3) {
    if (volume) unit = Model_getVolumeUnits(r->model);
    if (area) unit = Model_getAreaUnits(r->model);
    if (length) unit = Model_getLengthUnits(r->model);
  }
  sbml_unit_code(r, unit, code);
}

static void per_size(char *code, const char *size)
{
  char both[2 * GM_UNIT_CODE_BYTES];
  if (strcmp(size, "1") == 0) return;
  snprintf(both, sizeof both, "%s/%s", code, size);
  bool simple = size[0] && !strpbrk(size, "./");
  if (simple && strlen(both) < GM_UNIT_CODE_BYTES)
    memcpy(code, both, strlen(both) + 1);
  else
    code[0] = 0;
}

/* The unit of a species' symbol: of an amount, or of an amount by the size of its compartment. */
void sbml_unit_of_species(sbml_reader *r, Species_t *s, char *code)
{
  char size[GM_UNIT_CODE_BYTES];
  const char *unit = Species_getSubstanceUnits(s);
  if (!unit || !unit[0]) unit = r->level < 3 ? "substance" : Model_getSubstanceUnits(r->model);
  sbml_unit_code(r, unit, code);
  const char *in = Species_getCompartment(s);
  int32_t i = in ? net_find(&r->net, in, strlen(in)) : -1; /* compartments are the first symbols */
  bool there = i >= 0 && r->net.symbol[i].kind == NET_COMPARTMENT;
  Compartment_t *c = there ? Model_getCompartment(r->model, (unsigned)i) : NULL;
  bool amount = Species_getHasOnlySubstanceUnits(s) || !c;
  if (amount || Compartment_getSpatialDimensionsAsDouble(c) == 0 || !code[0]) return;
  sbml_unit_of_compartment(r, c, size);
  per_size(code, size);
}

void sbml_unit_of_time(sbml_reader *r, char *code)
{
  const char *unit = r->level < 3 ? "time" : Model_getTimeUnits(r->model);
  sbml_unit_code(r, unit, code);
}
