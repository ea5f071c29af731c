/* sbml_units.c - SBML's units as UCUM codes: for reports and for checks against a definition, no
 * number depends on them. What UCUM cannot write (a broken exponent, a factor without a short
 * decimal form) has no code. */
#include "gemel/unit.h"
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <stdio.h>
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
  double back = *ten < 0 ? digits / pow(10, -*ten) : digits * pow(10, *ten);
  return fabs(back - v) <= 1e-12 * v;
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
  double all = pow(whole, exponent);
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

/* One <unit>: (multiplier 10^scale kind)^exponent. */
static void unit_add(code_text *c, Unit_t *u)
{
  double exponent = Unit_getExponentAsDouble(u), whole;
  int ten, kind = -1, power = (int)fabs(exponent);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (kinds[i].kind == Unit_getKind(u)) kind = (int)i;
  bool good = kind >= 0 && fabs(exponent) < 20 && exponent == floor(exponent);
  if (!good || !decimal(Unit_getMultiplier(u), &whole, &ten)) {
    c->good = false;
    return;
  }
  if (power == 0) return;
  bool below = exponent < 0;
  ten += Unit_getScale(u) + (kinds[kind].kind == UNIT_KIND_KILOGRAM ? 3 : 0);
  double size = ten > -20 && ten < 20 ? whole * pow(10, ten) : 0;
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
    if (kinds[kind].kind == UNIT_KIND_SECOND && size == times[i].seconds) {
      code_add(c, below, times[i].code, power);
      return;
    }
  char name[16];
  const char *front = whole == 1 && kinds[kind].prefixes ? prefix_of(ten) : NULL;
  if (!front) factor_add(c, below, whole, ten, power);
  snprintf(name, sizeof name, "%s%s", front ? front : "", kinds[kind].code);
  bool bare = strcmp(kinds[kind].code, "1") == 0;
  if (!bare) code_add(c, below, name, power);
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

void sbml_unit_code(sbml_reader *r, const char *unit, char *code)
{
  code_text c = {.text = code, .good = true};
  code[0] = 0;
  if (!unit || !unit[0]) return;
  UnitDefinition_t *d = Model_getUnitDefinitionById(r->model, unit);
  if (d) {
    definition_code(r, d, &c);
    return;
  }
  const char *known = predefined(r, unit);
  UnitKind_t kind = known ? UNIT_KIND_INVALID : UnitKind_forName(unit);
  if (kind == UNIT_KIND_KILOGRAM) known = "kg";
  for (size_t i = 0; !known && i < sizeof kinds / sizeof kinds[0]; i++)
    if (kinds[i].kind == kind) known = kinds[i].code;
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

/* The unit of a species' symbol: of an amount, or of an amount by the size of its compartment. */
void sbml_unit_of_species(sbml_reader *r, Species_t *s, char *code)
{
  char size[GM_UNIT_CODE_BYTES], both[2 * GM_UNIT_CODE_BYTES];
  const char *unit = Species_getSubstanceUnits(s);
  if ((!unit || !unit[0]) && r->level < 3) unit = "substance";
  if ((!unit || !unit[0]) && r->level == 3) unit = Model_getSubstanceUnits(r->model);
  sbml_unit_code(r, unit, code);
  Compartment_t *c = Model_getCompartmentById(r->model, Species_getCompartment(s));
  bool amount = Species_getHasOnlySubstanceUnits(s) || !c;
  if (amount || Compartment_getSpatialDimensionsAsDouble(c) == 0 || !code[0]) return;
  sbml_unit_of_compartment(r, c, size);
  bool simple = size[0] && !strpbrk(size, "./");
  snprintf(both, sizeof both, "%s/%s", code, size);
  bool fits = simple && strlen(both) < GM_UNIT_CODE_BYTES;
  if (!fits) code[0] = 0;
  if (fits && strcmp(size, "1") != 0) memcpy(code, both, strlen(both) + 1);
}

void sbml_unit_of_time(sbml_reader *r, char *code)
{
  const char *unit = r->level < 3 ? "time" : Model_getTimeUnits(r->model);
  sbml_unit_code(r, unit, code);
}
