/* test_unit.c - units: reading, algebra, conversion, and what is refused.
 * label: quick
 * Expected values: definitions of the SI and NIST SP 811, by hand where a comment says so. */
#include "gemel/unit.h"
#include "base/unit_internal.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state) { return gm_ctx_new(NULL, (gm_ctx **)state) == GM_OK ? 0 : -1; }
static int tear_down(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

static gm_unit unit_of(gm_ctx *ctx, const char *code)
{
  gm_unit u;
  if (gm_unit_parse(ctx, code, &u)) fail_msg("%s: %s", code, gm_message(ctx));
  return u;
}

static double converted(gm_ctx *ctx, double value, const char *from, const char *to)
{
  gm_unit a = unit_of(ctx, from), b = unit_of(ctx, to);
  double out = NAN;
  if (gm_unit_convert(ctx, &a, &b, value, &out))
    fail_msg("%s -> %s: %s", from, to, gm_message(ctx));
  return out;
}

/* The number of doubles between two positive ones. */
static double ulps(double a, double b)
{
  return fabs(a - b) / (nextafter(fabs(a), INFINITY) - fabs(a));
}

static double relative(double got, double want) { return fabs(got / want - 1); }

/* Splitmix64: small, and the same everywhere. */
static uint64_t next_random(uint64_t *s)
{
  uint64_t z = (*s += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static double uniform(uint64_t *s) { return (double)(next_random(s) >> 11) * 0x1p-53; }

/* ---- reading -------------------------------------------------------------------------------- */
/* Dimensions and sizes follow from the definitions: 1 mmHg is 133.322 Pa, in g, m and s. */
static void unit_parse__gives_dimension_and_size(void **state)
{
  gm_unit u = unit_of(*state, "mm[Hg]");
  const int8_t pressure[GM_UNIT_DIMS] = {-1, -2, 1, 0, 0, 0, 0};
  assert_memory_equal(u.dim, pressure, sizeof pressure);
  assert_true(u.factor == 133322.0);
  u = unit_of(*state, "mL/min/kg");
  const int8_t clearance[GM_UNIT_DIMS] = {3, -1, -1, 0, 0, 0, 0};
  assert_memory_equal(u.dim, clearance, sizeof clearance);
  assert_true(relative(u.factor, 1e-6 / 60 / 1000) < 1e-15);
  u = unit_of(*state, "V"); /* J/C = 1000 g m2 s-2 C-1 */
  const int8_t voltage[GM_UNIT_DIMS] = {2, -2, 1, 0, 0, -1, 0};
  assert_memory_equal(u.dim, voltage, sizeof voltage);
  assert_true(u.factor == 1000);
}

/* Solidus and point have the same rank and are read from the left; one at the beginning inverts
 * what stands next to it. */
static void unit_parse__reads_from_left_to_right(void **state)
{
  static const char *const same[][2] = {
      {"L/h.kg", "L.kg/h"}, {"L/h/kg", "L/(h.kg)"},   {"/m.s", "s/m"},   {"/m/s", "m-1.s-1"},
      {"m+2", "m.m"},       {"umol/2.h", "umol.h/2"}, {"10*+3", "1000"}, {"10^-3", "1/1000"},
      {"((m))", "m"},       {"2{x}.m", "m.2"},        {"m0", "1"},       {"{a}/{b}", "1"}};
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    gm_unit a = unit_of(*state, same[i][0]), b = unit_of(*state, same[i][1]);
    if (!gm_unit_equal(&a, &b)) fail_msg("%s is not %s", same[i][0], same[i][1]);
  }
}

/* A refusal names the column and, where it can, what was meant; the output stays as it was. */
static void unit_parse__refuses_with_place_and_hint(void **state)
{
  static const struct {
    const char *code;
    gm_status status;
    const char *says;
  } bad[] = {
      {"", GM_EPARSE, "empty"},
      {"mmHg", GM_EPARSE, "mm[Hg]"},
      {"mg/12h", GM_EPARSE, "column 4"},
      {"MOL", GM_EPARSE, "'mol'"},
      {"mg/", GM_EPARSE, "missing at the end"},
      {"mg//L", GM_EPARSE, "column 4"},
      {"(mg/L", GM_EPARSE, "without ')'"},
      {"mg)/L", GM_EPARSE, "column 3"},
      {"g{creat", GM_EPARSE, "without '}'"},
      {"g{a{b}}", GM_EPARSE, "column 4"},
      {"m{a}{b}", GM_EPARSE, "column 5"},
      {"(m){a}", GM_EPARSE, "column 4"},
      {"m [Hg]", GM_EPARSE, "column 2"},
      {"m[Hg", GM_EPARSE, "without ']'"},
      {"(/m)", GM_EPARSE, "column 2"},
      {"()", GM_EPARSE, "column 2"},
      {".", GM_EPARSE, "column 1"},
      {"0.m", GM_ERANGE, "zero"},
      {"m1000", GM_ERANGE, "exponent"},
      {"m128", GM_ERANGE, "power 128"},
      {"m100.m28", GM_ERANGE, "power 128"},
      {"10*400", GM_ERANGE, "size"},
      {"10*-400", GM_ERANGE, "size"},
      {"99999999999999999999", GM_ERANGE, "factor"},
      {"Cel/h", GM_EUNIT, "write K"},
      {"[pH]2", GM_EUNIT, "scale"},
      {"2.dB", GM_EUNIT, "scale"},
      {"[IU].[arb'U].[PFU].[CFU].[EU]", GM_EUNSUPPORTED, "arbitrary"},
      {"m\xc2\xb2", GM_EPARSE, "ASCII"},
      {"k[degF]", GM_EPARSE, "k[degF]"},
      {"Kim", GM_OK, ""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_unit u, before;
    memset(&u, 0x5a, sizeof u);
    before = u;
    gm_message_clear(*state);
    gm_status s = gm_unit_parse(*state, bad[i].code, &u);
    if (s != bad[i].status || !strstr(gm_message(*state), bad[i].says))
      fail_msg("'%s': %s, '%s'", bad[i].code, gm_status_name(s), gm_message(*state));
    if (s) assert_memory_equal(&u, &before, sizeof u);
  }
  gm_unit u;
  assert_int_equal(gm_unit_parse(*state, NULL, &u), GM_EINVAL);
  assert_int_equal(gm_unit_parse(NULL, "zz", &u), GM_EPARSE); /* without a context: no message */
}

/* Hostile texts: a megabyte, deep parentheses, long exponents. */
static void unit_parse__refuses_hostile_sizes(void **state)
{
  enum { MEGABYTE = 1 << 20 };
  char *text = malloc(MEGABYTE + 1);
  assert_non_null(text);
  static const char fill[] = "m(/{[1.";
  gm_unit u;
  for (size_t i = 0; i < strlen(fill); i++) {
    memset(text, fill[i], MEGABYTE);
    text[MEGABYTE] = 0;
    assert_int_equal(gm_unit_parse(*state, text, &u), GM_ERANGE);
    assert_int_equal(gm_unit_parse_friendly(*state, text, &u, NULL), GM_ERANGE);
    text[GM_UNIT_CODE_BYTES - 1] = 0; /* the longest that is looked at */
    assert_int_not_equal(gm_unit_parse(*state, text, &u), GM_OK);
  }
  free(text);
  char nested[200] = "";
  for (int i = 0; i < 33; i++) strcat(nested, "(");
  strcat(nested, "m");
  for (int i = 0; i < 33; i++) strcat(nested, ")");
  assert_int_equal(gm_unit_parse(*state, nested, &u), GM_ERANGE);
  nested[strlen(nested) - 1] = 0;
  assert_int_equal(gm_unit_parse(*state, nested + 1, &u), GM_OK);
}

/* Random bytes, random sequences of pieces of units, and valid codes with one byte changed never
 * crash; what is accepted has a positive size and converts to itself. */
static void unit_parse__survives_random_text(void **state)
{
  static const char *const pieces[] = {"m", "g",   "/", ".", "(", ")",    "{",    "}",       "[",
                                       "]", "10*", "-", "+", "3", "Cel",  "[IU]", "mol",     "%",
                                       "k", "^",   " ", "µ", "²", "M",    "mmHg", "1.73 m2", "12",
                                       "h", "*",   "'", "e", "x", "\xff", "999"};
  uint64_t seed = 20240601;
  int accepted = 0;
  for (int trial = 0; trial < 60000; trial++) {
    char text[320] = "";
    size_t n = next_random(&seed) % 12;
    if (trial % 3 == 0) {
      for (size_t i = 0; i < n; i++) text[i] = (char)next_random(&seed);
    } else if (trial % 3 == 1) {
      for (size_t i = 0; i < n; i++)
        strcat(text, pieces[next_random(&seed) % (sizeof pieces / sizeof pieces[0])]);
    } else {
      strcpy(text, "10*3.mL/min/(8.h.kg){body_wt}/[IU]");
      text[next_random(&seed) % strlen(text)] = (char)next_random(&seed);
    }
    for (int friendly = 0; friendly < 2; friendly++) {
      gm_unit u;
      gm_status s = friendly ? gm_unit_parse_friendly(*state, text, &u, NULL)
                             : gm_unit_parse(*state, text, &u);
      if (s) continue;
      double same = 0;
      assert_true(u.factor > 0 && isfinite(u.factor));
      assert_int_equal(gm_unit_convert(*state, &u, &u, 2.5, &same), GM_OK);
      assert_true(ulps(same, 2.5) <= 1);
      accepted++;
    }
  }
  assert_true(accepted > 1000); /* the test would say nothing if all were refused */
}

/* ---- the table ------------------------------------------------------------------------------ */
/* Each unit can be read by its code, and a prefix before a metric one is what it says, except where
 * the text is another unit's own code. */
static void unit_table__prefixes_are_unambiguous(void **state)
{
  static const struct {
    const char *text;
    double size;
  } prefixes[] = {{"Y", 1e24},    {"Z", 1e21},    {"E", 1e18},    {"P", 1e15},   {"T", 1e12},
                  {"G", 1e9},     {"M", 1e6},     {"k", 1e3},     {"h", 1e2},    {"da", 1e1},
                  {"d", 1e-1},    {"c", 1e-2},    {"m", 1e-3},    {"u", 1e-6},   {"n", 1e-9},
                  {"p", 1e-12},   {"f", 1e-15},   {"a", 1e-18},   {"z", 1e-21},  {"y", 1e-24},
                  {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}};
  int other = 0;
  for (int32_t i = 1; i < gm__unit_table_count; i++) {
    const gm__unit_row *row = &gm__unit_table[i];
    assert_int_equal(gm__unit_find(row->code, strlen(row->code)), i); /* no code stands twice */
    gm_unit u = unit_of(*state, row->code);
    if (!(row->flags & GM__UNIT_METRIC) || (row->flags & GM__UNIT_SPECIAL)) continue;
    for (size_t k = 0; k < sizeof prefixes / sizeof prefixes[0]; k++) {
      char code[40];
      snprintf(code, sizeof code, "%s%s", prefixes[k].text, row->code);
      gm_unit p = unit_of(*state, code);
      if (gm_unit_same_dimension(&p, &u) && relative(p.factor, prefixes[k].size * u.factor) < 1e-15)
        continue;
      other++;
      if (gm__unit_find(code, strlen(code)) < 0) fail_msg("%s has two readings", code);
    }
  }
  print_message("%d prefixed texts are codes of their own\n", other);
  assert_true(other < 12);
}

/* ---- algebra -------------------------------------------------------------------------------- */
static const char *const atoms[] = {
    "m", "g",  "s",    "mmol", "L",   "kPa",     "mm[Hg]", "[IU]",    "mg/dL", "h", "%",  "[in_i]",
    "U", "mV", "10*3", "kcal", "d-1", "[arb'U]", "rad",    "[lb_av]", "Ohm.m", "K", "cd", "a"};
enum { ATOMS = sizeof atoms / sizeof atoms[0] };

/* Reading a product is multiplying what was read; likewise quotient and power. */
static void unit_algebra__agrees_with_the_reader(void **state)
{
  for (int i = 0; i < ATOMS; i++) {
    gm_unit a = unit_of(*state, atoms[i]), got;
    for (int j = 0; j < ATOMS; j++) {
      char code[64];
      gm_unit b = unit_of(*state, atoms[j]);
      snprintf(code, sizeof code, "(%s).(%s)", atoms[i], atoms[j]);
      gm_unit want = unit_of(*state, code);
      assert_int_equal(gm_unit_multiply(*state, &a, &b, &got), GM_OK);
      assert_true(gm_unit_equal(&got, &want));
      snprintf(code, sizeof code, "(%s)/(%s)", atoms[i], atoms[j]);
      want = unit_of(*state, code);
      assert_int_equal(gm_unit_divide(*state, &a, &b, &got), GM_OK);
      assert_true(gm_unit_equal(&got, &want));
    }
    gm_unit cube, square;
    assert_int_equal(gm_unit_power(*state, &a, 3, &cube), GM_OK);
    assert_int_equal(gm_unit_multiply(*state, &a, &a, &square), GM_OK);
    assert_int_equal(gm_unit_multiply(*state, &square, &a, &got), GM_OK);
    assert_true(gm_unit_equal(&got, &cube));
  }
}

/* Units form a commutative group, and roots undo powers. */
static void unit_algebra__is_a_commutative_group(void **state)
{
  gm_unit one = gm_unit_one();
  for (int i = 0; i < ATOMS; i++) {
    gm_unit a = unit_of(*state, atoms[i]), x, y;
    for (int j = 0; j < ATOMS; j++) {
      gm_unit b = unit_of(*state, atoms[j]);
      assert_int_equal(gm_unit_multiply(*state, &a, &b, &x), GM_OK);
      assert_int_equal(gm_unit_multiply(*state, &b, &a, &y), GM_OK);
      assert_true(gm_unit_equal(&x, &y));
      assert_int_equal(gm_unit_divide(*state, &x, &b, &x), GM_OK); /* out may be an input */
      assert_true(gm_unit_equal(&x, &a));
    }
    assert_int_equal(gm_unit_power(*state, &a, -1, &x), GM_OK);
    assert_int_equal(gm_unit_multiply(*state, &x, &a, &x), GM_OK);
    assert_true(gm_unit_equal(&x, &one) && gm_unit_is_dimensionless(&x));
    for (int n = 1; n <= 6; n++) {
      assert_int_equal(gm_unit_power(*state, &a, n, &x), GM_OK);
      assert_int_equal(gm_unit_root(*state, &x, n, &y), GM_OK);
      assert_true(gm_unit_equal(&y, &a));
    }
    assert_int_equal(gm_unit_power(*state, &a, 0, &x), GM_OK);
    assert_true(gm_unit_equal(&x, &one));
  }
}

/* A root that has no unit is refused; sqrt of an area is a length. */
static void unit_sqrt__needs_even_powers(void **state)
{
  gm_unit area = unit_of(*state, "mm2"), volume = unit_of(*state, "mL"),
          length = unit_of(*state, "mm"), x;
  assert_int_equal(gm_unit_sqrt(*state, &area, &x), GM_OK);
  assert_true(gm_unit_equal(&x, &length));
  assert_int_equal(gm_unit_sqrt(*state, &volume, &x), GM_EUNIT);
  assert_int_equal(gm_unit_root(*state, &volume, 0, &x), GM_ERANGE);
  gm_unit iu = unit_of(*state, "[IU]"), cel = unit_of(*state, "Cel");
  assert_int_equal(gm_unit_sqrt(*state, &iu, &x), GM_EUNIT);
  assert_int_equal(gm_unit_sqrt(*state, &cel, &x), GM_EUNIT);
}

/* Powers beyond a byte are refused, never wrapped. */
static void unit_power__refuses_overflow(void **state)
{
  gm_unit m = unit_of(*state, "m"), km = unit_of(*state, "km"), x;
  assert_int_equal(gm_unit_power(*state, &m, 127, &x), GM_OK);
  assert_int_equal(gm_unit_multiply(*state, &x, &m, &x), GM_ERANGE);
  assert_int_equal(x.dim[0], 127);
  assert_int_equal(gm_unit_power(*state, &m, 256, &x), GM_ERANGE);
  assert_int_equal(gm_unit_power(*state, &m, INT32_MIN, &x), GM_ERANGE);
  assert_int_equal(gm_unit_power(*state, &m, -128, &x), GM_OK);
  assert_int_equal(gm_unit_power(*state, &km, 103, &x), GM_ERANGE); /* 10^309 */
  assert_int_equal(gm_unit_power(*state, &km, 102, &x), GM_OK);
}

/* Arbitrary units are commensurable with themselves alone, and cancel. */
static void unit_arbitrary__keeps_to_itself(void **state)
{
  gm_unit iu = unit_of(*state, "[IU]"), old = unit_of(*state, "[iU]"), u = unit_of(*state, "U");
  gm_unit arb = unit_of(*state, "[arb'U]"), one = gm_unit_one(), x;
  double v = -1;
  assert_true(gm_unit_equal(&iu, &old));
  assert_int_equal(gm_unit_convert(*state, &iu, &u, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert(*state, &iu, &arb, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert(*state, &iu, &one, 1, &v), GM_EUNIT);
  assert_true(v == -1);
  assert_true(converted(*state, 5, "m[IU]/mL", "[IU]/L") == 5);
  assert_int_equal(gm_unit_divide(*state, &iu, &old, &x), GM_OK);
  assert_true(gm_unit_is_dimensionless(&x));
  gm_unit ab = unit_of(*state, "[IU].[arb'U]"), ba = unit_of(*state, "[arb'U].[IU]");
  assert_true(gm_unit_equal(&ab, &ba));
}

/* mol is a number to UCUM, but not the same kind of thing as one in an equation. */
static void unit_kind__tells_mol_from_number(void **state)
{
  gm_unit molar = unit_of(*state, "mmol/L"), number = unit_of(*state, "/L"),
          mol = unit_of(*state, "mol");
  gm_unit ratio = unit_of(*state, "mmol/mol"), percent = unit_of(*state, "%"),
          cel = unit_of(*state, "Cel");
  assert_true(gm_unit_same_dimension(&molar, &number));
  assert_false(gm_unit_same_kind(&molar, &number));
  assert_false(gm_unit_is_dimensionless(&mol));
  assert_true(gm_unit_is_dimensionless(&ratio));
  assert_true(gm_unit_is_dimensionless(&percent));
  assert_false(gm_unit_is_dimensionless(&cel));
  assert_true(converted(*state, 1, "mmol/L", "/L") == 6.02214076e20);
}

/* ---- conversion ------------------------------------------------------------------------------ */
/* Factors that are fractions by definition come out to 1 ulp of the exact value, which is computed
 * here in extended precision. */
static void unit_convert__is_exact_to_an_ulp(void **state)
{
  static const struct {
    const char *from, *to;
    long double up, down;
  } list[] = {
      {"mg", "g", 1, 1000},
      {"ug", "kg", 1, 1000000000},
      {"h", "s", 3600, 1},
      {"min", "h", 1, 60},
      {"wk", "h", 168, 1},
      {"a", "d", 1461, 4},
      {"mo", "d", 487, 16},
      {"mg/dL", "g/L", 1, 100},
      {"L/h", "mL/min", 50, 3},
      {"ug/mL", "mg/L", 1, 1},
      {"ng/mL", "ug/L", 1, 1},
      {"/min", "/h", 60, 1},
      {"mm[Hg]", "kPa", 133322, 1000000},
      {"cm[H2O]", "Pa", 980665, 10000},
      {"kcal", "J", 4184, 1},
      {"[in_i]", "mm", 254, 10},
      {"[lb_av]", "kg", 45359237, 100000000},
      {"[ft_us]", "m", 1200, 3937},
      {"%", "1", 1, 100},
      {"U", "nkat", 50, 3},
      {"mL/min/kg", "L/h/kg", 6, 100},
      {"km/h", "m/s", 5, 18},
      {"mol", "umol", 1000000, 1},
      {"[gal_us]", "L", 3785411784, 1000000000},
      {"meq/L", "eq/m3", 1, 1},
      {"d", "a", 4, 1461},
  };
  uint64_t seed = 7;
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    for (int k = 0; k < 200; k++) {
      double value = k == 0 ? 1 : (uniform(&seed) - 0.5) * pow(10, 40 * uniform(&seed) - 20);
      double want = (double)(value * list[i].up / list[i].down);
      double got = converted(*state, value, list[i].from, list[i].to);
      if (ulps(want, got) > 1)
        fail_msg("%.17g %s: %.17g %s, not %.17g", value, list[i].from, got, list[i].to, want);
    }
}

/* There and back is within 2 ulp, for units of one dimension and for whatever value. */
static void unit_convert__there_and_back_within_two_ulp(void **state)
{
  static const char *const sets[][6] = {
      {"mg", "kg", "[lb_av]", "[gr]", "u", "t"},
      {"m", "[in_i]", "[ly]", "nm", "[ft_us]", "[didot]"},
      {"s", "min", "h", "d", "a", "mo"},
      {"Pa", "mm[Hg]", "cm[H2O]", "bar", "[psi]", "atm"},
      {"mL/min", "L/h", "L/d", "m3/s", "[gal_us]/h", "dL/wk"},
      {"rad", "deg", "gon", "circ", "'", "''"},
      {"mmol/L", "umol/mL", "mol/m3", "nmol/mL", "kmol/m3", "/L"},
  };
  uint64_t seed = 11;
  double worst = 0;
  for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++)
    for (int i = 0; i < 36; i++) {
      gm_unit a = unit_of(*state, sets[s][i / 6]), b = unit_of(*state, sets[s][i % 6]);
      for (int k = 0; k < 100; k++) {
        double value = (1 + uniform(&seed)) * pow(10, 200 * uniform(&seed) - 100), there, back;
        assert_int_equal(gm_unit_convert(*state, &a, &b, value, &there), GM_OK);
        assert_int_equal(gm_unit_convert(*state, &b, &a, there, &back), GM_OK);
        if (ulps(value, back) > worst) worst = ulps(value, back);
      }
    }
  print_message("worst there-and-back: %.2f ulp\n", worst);
  assert_true(worst <= 2);
}

/* Fixed points of the temperature scales: 98.6 degF is 37 Cel is 310.15 K; the scales of Fahrenheit
 * and Celsius meet at -40; water boils at 80 degrees Reaumur. */
static void unit_convert__knows_temperature_scales(void **state)
{
  assert_true(converted(*state, 37, "Cel", "K") == 310.15);
  assert_true(converted(*state, 98.6, "[degF]", "Cel") == 37);
  assert_true(converted(*state, 37, "Cel", "[degF]") == 98.6);
  assert_true(converted(*state, -40, "Cel", "[degF]") == -40);
  assert_true(converted(*state, 0, "K", "Cel") == -273.15);
  assert_true(converted(*state, -273.15, "Cel", "K") <= 1e-13);
  assert_true(converted(*state, 100, "Cel", "[degRe]") == 80);
  assert_true(converted(*state, 36600, "mCel", "Cel") == 36.6);
  assert_true(converted(*state, 32, "[degF]", "[degR]") == 491.67);
  gm_unit cel = unit_of(*state, "Cel"), k = unit_of(*state, "K");
  double v = -1;
  assert_int_equal(gm_unit_convert(*state, &cel, &k, -274, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_convert(*state, &k, &cel, -1, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_factor(*state, &cel, &k, &v), GM_EUNIT); /* an offset is no factor */
  assert_true(v == -1);
}

/* Levels, acidity and the rest follow their formulas. */
static void unit_convert__knows_logarithmic_scales(void **state)
{
  const double near = 1e-14;
  /* pH 7.4 is 10^-7.4 mol/L = 39.810717 nmol/L */
  assert_true(relative(converted(*state, 7.4, "[pH]", "nmol/L"), 39.810717055349725) < 1e-13);
  assert_true(relative(converted(*state, 100, "nmol/L", "[pH]"), 7) < near);
  assert_true(relative(converted(*state, 20, "dB", "1"), 100) < near);
  assert_true(relative(converted(*state, 1, "Np", "B"), 0.43429448190325182765) < near); /* lg e */
  assert_true(relative(converted(*state, 94, "dB[SPL]", "Pa"), 1.0023744672545447) <
              1e-13); /* 20 uPa 10^4.7 */
  assert_true(relative(converted(*state, 3, "B[W]", "kW"), 1) < near);
  assert_true(relative(converted(*state, 60, "dB[uV]", "mV"), 1) < near);
  assert_true(relative(converted(*state, 1, "mV", "dB[V]"), -60) < near);
  assert_true(relative(converted(*state, 10, "bit_s", "1"), 1024) < near);
  assert_true(relative(converted(*state, 100, "%[slope]", "deg"), 45) < near);
  assert_true(relative(converted(*state, 45, "deg", "[p'diop]"), 100) < near);
  assert_true(relative(converted(*state, 3, "[hp'_C]", "1"), 1e-6) < near);
  assert_true(relative(converted(*state, 2, "[hp'_Q]", "1"), 4e-10) < 1e-13);
  assert_true(relative(converted(*state, 3, "[m/s2/Hz^(1/2)]", "m2/s4/Hz"), 9) < near);
  assert_true(converted(*state, 250, "dB", "B") == 25); /* the same scale: no logarithm taken */
  gm_unit b = unit_of(*state, "B"), one = gm_unit_one(), deg = unit_of(*state, "deg"),
          slope = unit_of(*state, "%[slope]");
  double v = -1;
  assert_int_equal(gm_unit_convert(*state, &one, &b, 0, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_convert(*state, &one, &b, -1, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_convert(*state, &b, &one, 400, &v), GM_ERANGE);
  assert_int_equal(gm_unit_convert(*state, &deg, &slope, 90, &v), GM_EDOMAIN);
  assert_true(v == -1);
}

/* What is no number, or gives none, is refused; the ends of the range convert. */
static void unit_convert__refuses_what_is_no_number(void **state)
{
  gm_unit kg = unit_of(*state, "kg"), g = unit_of(*state, "g"), h = unit_of(*state, "h");
  double v = -1;
  assert_int_equal(gm_unit_convert(*state, &kg, &g, NAN, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_convert(*state, &kg, &g, INFINITY, &v), GM_EDOMAIN);
  assert_int_equal(gm_unit_convert(*state, &kg, &g, 1e306, &v), GM_ERANGE);
  assert_int_equal(gm_unit_convert(*state, &g, &kg, 4e-324, &v), GM_ERANGE);
  assert_int_equal(gm_unit_convert(*state, &g, &h, 1, &v), GM_EUNIT);
  assert_non_null(strstr(gm_message(*state), "dimension g to one of dimension s"));
  assert_true(v == -1);
  assert_int_equal(gm_unit_convert(*state, &kg, &g, 0, &v), GM_OK);
  assert_true(v == 0);
  /* results within the doubles, by ways that lead beyond them */
  assert_true(relative(converted(*state, 1e300, "10*10.m", "10*10.m"), 1e300) < 1e-15);
  assert_true(relative(converted(*state, 1e-300, "10*-300.m", "10*-300.m"), 1e-300) < 1e-15);
  assert_true(relative(converted(*state, 1e300, "10*-300.m", "m"), 1) < 1e-15);
  assert_true(relative(converted(*state, 1e-300, "10*300.m", "10*-5.m"), 1e5) < 1e-15);
}

/* ---- substance ------------------------------------------------------------------------------ */
static double of_substance(gm_ctx *ctx, double value, const char *from, const char *to,
                           double molar)
{
  gm_unit a = unit_of(ctx, from), b = unit_of(ctx, to);
  double out = NAN;
  if (gm_unit_convert_substance(ctx, &a, &b, molar, value, &out))
    fail_msg("%s -> %s: %s", from, to, gm_message(ctx));
  return out;
}

/* Laboratory factors: glucose (180.16 g/mol) 18.016 mg/dL per mmol/L; creatinine (113.12 g/mol)
 * 88.4 umol/L per mg/dL, and 8.84 mg/g to the mg/mmol in an albumin ratio. */
static void unit_substance__gives_laboratory_factors(void **state)
{
  const double glucose = 180.16, creatinine = 113.12;
  assert_true(relative(of_substance(*state, 18.016, "mg/dL", "mmol/L", glucose), 1) < 1e-15);
  assert_true(relative(of_substance(*state, 5, "mmol/L", "mg/dL", glucose), 90.08) < 1e-15);
  assert_true(fabs(of_substance(*state, 1, "mg/dL", "umol/L", creatinine) - 88.4) < 0.005);
  assert_true(fabs(of_substance(*state, 1, "mg/mmol", "mg/g", creatinine) - 8.84) < 0.001);
  assert_true(relative(of_substance(*state, 2, "mol2/L2", "g2/L2", 3), 18) < 1e-15);
  /* mass stays mass: the molar mass is not looked at */
  assert_true(of_substance(*state, 1, "mg/dL", "mg/L", NAN) == 10);
  assert_true(of_substance(*state, 1, "mmol/L", "umol/L", 0) == 1000);
  uint64_t seed = 3;
  for (int i = 0; i < 1000; i++) {
    double molar = 1 + 1000 * uniform(&seed), x = 1 + uniform(&seed);
    double there = of_substance(*state, x, "ng/mL", "nmol/L", molar);
    assert_true(relative(there, x * 1000 / molar) < 4e-16);
    assert_true(ulps(of_substance(*state, there, "nmol/L", "ng/mL", molar), x) <= 2);
  }
}

/* Without a molar mass, with equivalents, or between things that are not mass and mol: refused. */
static void unit_substance__refuses_guesses(void **state)
{
  gm_unit mass = unit_of(*state, "mg/dL"), amount = unit_of(*state, "mmol/L"),
          eq = unit_of(*state, "meq/L");
  gm_unit osm = unit_of(*state, "mosm/L"), time = unit_of(*state, "mmol/h"),
          iu = unit_of(*state, "[IU]/L");
  const double none[] = {0, -1, NAN, INFINITY};
  double v = -1;
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(gm_unit_convert_substance(*state, &mass, &amount, none[i], 1, &v), GM_EUNIT);
  assert_non_null(strstr(gm_message(*state), "molar mass"));
  assert_int_equal(gm_unit_convert(*state, &mass, &amount, 1, &v), GM_EUNIT);
  assert_non_null(strstr(gm_message(*state), "molar mass"));
  assert_int_equal(gm_unit_convert_substance(*state, &mass, &eq, 40, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert_substance(*state, &osm, &mass, 40, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert_substance(*state, &mass, &time, 40, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert_substance(*state, &mass, &iu, 40, 1, &v), GM_EUNIT);
  assert_int_equal(gm_unit_convert_substance(*state, &mass, &amount, 40, NAN, &v), GM_EDOMAIN);
  assert_true(v == -1);
}

/* 4.8 meq/L of calcium are 2.4 mmol/L, of sodium 4.8: without the charge there is no number, and
 * none is given, whatever function is asked; nor for osmoles. Times eq/mol it is one of
 * equivalents. */
static void unit_convert__refuses_equivalents_and_osmoles(void **state)
{
  static const char *const list[][2] = {
      {"meq/L", "mmol/L"},    {"mmol/L", "meq/L"}, {"mosm/L", "mmol/L"},
      {"mmol/kg", "mosm/kg"}, {"meq/L", "mosm/L"}, {"meq/L", "/L"},
      {"10*3/L", "mosm/L"},   {"meq", "mol"},      {"eq/mol", "1"}};
  double v = -1;
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    gm_unit a = unit_of(*state, list[i][0]), b = unit_of(*state, list[i][1]);
    assert_true(gm_unit_same_dimension(&a, &b)); /* as UCUM has it */
    assert_false(gm_unit_equal(&a, &b));
    assert_int_equal(gm_unit_convert(*state, &a, &b, 4.8, &v), GM_EUNIT);
    assert_non_null(strstr(gm_message(*state), "charge"));
    assert_int_equal(gm_unit_factor(*state, &a, &b, &v), GM_EUNIT);
    assert_int_equal(gm_unit_convert_substance(*state, &a, &b, 40.08, 4.8, &v), GM_EUNIT);
  }
  assert_true(v == -1);
  gm_unit mmol = unit_of(*state, "mmol/L"), charge = unit_of(*state, "eq/mol"), product;
  gm_unit meq = unit_of(*state, "meq/L");
  assert_int_equal(gm_unit_multiply(*state, &mmol, &charge, &product), GM_OK);
  assert_true(gm_unit_equal(&product, &meq));
  assert_true(converted(*state, 4.8, "meq/L", "ueq/L") == 4800);
}

/* ---- text, memory, threads ------------------------------------------------------------------- */
/* The dimension is written for people, and cut where there is no room. */
static void unit_text__writes_dimensions(void **state)
{
  static const char *const list[][2] = {{"mg/dL", "g.m-3"}, {"mmol/L", "mol.m-3"},
                                        {"%", "1"},         {"[IU]/h", "[iU].s-1"},
                                        {"J", "g.m2.s-2"},  {"Cel", "K"}};
  char text[GM_UNIT_TEXT_BYTES];
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    gm_unit u = unit_of(*state, list[i][0]);
    assert_string_equal(gm_unit_dimension_text(&u, text, sizeof text), list[i][1]);
  }
  gm_unit u = unit_of(*state, "J");
  for (size_t n = 1; n < 12; n++) assert_true(strlen(gm_unit_dimension_text(&u, text, n)) < n);
  u = unit_of(*state, "[Amb'a'1'U]-99.[anti'Xa'U]-99.[CCID_50]-99.[TCID_50]-99.m-99.s-99.g-99.rad-"
                      "99.K-99.C-99.cd-99.mol-9");
  assert_true(strlen(gm_unit_dimension_text(&u, text, sizeof text)) <
              sizeof text - 1); /* not cut */
}

/* Nothing here allocates: with an allocator that always fails, all still works. */
static void unit__never_allocates(void **state)
{
  (void)state;
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  fault_arm(&f, 1, true);
  gm_unit a, b;
  double v;
  assert_int_equal(gm_unit_parse(ctx, "mg/dL", &a), GM_OK);
  assert_int_equal(gm_unit_parse_friendly(ctx, "µg·L⁻¹", &b, NULL), GM_OK);
  assert_int_equal(gm_unit_convert(ctx, &a, &b, 1, &v), GM_OK);
  assert_int_equal(gm_unit_parse(ctx, "mg/zz", &b), GM_EPARSE);
  assert_int_equal(gm_unit_sqrt(ctx, &a, &b), GM_EUNIT);
  assert_true(f.calls == 0 && v == 10000);
  fault_disarm(&f);
  gm_ctx_free(ctx);
}

static gm_status read_many(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  (void)worker;
  double *sum = user;
  for (int i = 0; i < ATOMS; i++) {
    gm_unit u;
    gm_status s = gm_unit_parse(ctx, atoms[i], &u);
    if (s) return s;
    sum[task] += u.factor;
  }
  return GM_OK;
}

/* Workers that all read at once get the same units as one. */
static void unit_parse__runs_in_many_threads(void **state)
{
  gm_pool *pool = NULL;
  double sum[64] = {0};
  assert_int_equal(gm_pool_new(*state, 4, &pool), GM_OK);
  assert_int_equal(gm_pool_run(pool, *state, 64, read_many, sum), GM_OK);
  gm_pool_free(pool);
  for (int i = 1; i < 64; i++) assert_true(sum[i] == sum[0] && sum[0] > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unit_parse__runs_in_many_threads), /* first: the index is not made yet */
      cmocka_unit_test(unit_parse__gives_dimension_and_size),
      cmocka_unit_test(unit_parse__reads_from_left_to_right),
      cmocka_unit_test(unit_parse__refuses_with_place_and_hint),
      cmocka_unit_test(unit_parse__refuses_hostile_sizes),
      cmocka_unit_test(unit_parse__survives_random_text),
      cmocka_unit_test(unit_table__prefixes_are_unambiguous),
      cmocka_unit_test(unit_algebra__agrees_with_the_reader),
      cmocka_unit_test(unit_algebra__is_a_commutative_group),
      cmocka_unit_test(unit_sqrt__needs_even_powers),
      cmocka_unit_test(unit_power__refuses_overflow),
      cmocka_unit_test(unit_arbitrary__keeps_to_itself),
      cmocka_unit_test(unit_kind__tells_mol_from_number),
      cmocka_unit_test(unit_convert__is_exact_to_an_ulp),
      cmocka_unit_test(unit_convert__there_and_back_within_two_ulp),
      cmocka_unit_test(unit_convert__knows_temperature_scales),
      cmocka_unit_test(unit_convert__knows_logarithmic_scales),
      cmocka_unit_test(unit_convert__refuses_what_is_no_number),
      cmocka_unit_test(unit_substance__gives_laboratory_factors),
      cmocka_unit_test(unit_substance__refuses_guesses),
      cmocka_unit_test(unit_convert__refuses_equivalents_and_osmoles),
      cmocka_unit_test(unit_text__writes_dimensions),
      cmocka_unit_test(unit__never_allocates),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
