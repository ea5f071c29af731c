/* test_unit_ucum.c - the published UCUM functional tests and definitions, read where they lie.
 * label: quick
 *
 * UcumFunctionalTests.xml (G. Grieve and others): validation, conversion, multiplication, division.
 * ucum-essence.xml: the definition of each unit, against which our own table is checked. Neither is
 * part of Gemel; without the data folder a few of our own cases of the same form stand in. */
#include "gemel/unit.h"
#include "support/data.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 160 };

/* ---- a scanner for tags and their attributes ------------------------------------------------ */
static char *load(gm_ctx *ctx, const char *file)
{
  char path[512];
  if (!data_path(file, path, sizeof path)) return NULL;
  char *text = NULL;
  size_t bytes = 0;
  assert_int_equal(gm_file_read(ctx, path, 1 << 22, &text, &bytes), GM_OK);
  for (char *c = text; (c = strstr(c, "<!--"));) { /* comments hold cases that were taken back */
    char *end = strstr(c, "-->");
    assert_non_null(end);
    memset(c, ' ', (size_t)(end + 3 - c));
  }
  return text;
}

/* The inside of the first element of that name, as a text of its own. */
static char *section(const char *xml, const char *name)
{
  char open[40], close[40];
  snprintf(open, sizeof open, "<%s>", name);
  snprintf(close, sizeof close, "</%s>", name);
  const char *a = strstr(xml, open);
  assert_non_null(a);
  const char *b = strstr(a, close);
  assert_non_null(b);
  char *text = strndup(a, (size_t)(b - a));
  assert_non_null(text);
  return text;
}

/* The next tag of that name at or after *at, copied; *at moves behind it. */
static bool next_tag(const char **at, const char *name, char tag[512])
{
  char open[40];
  snprintf(open, sizeof open, "<%s ", name);
  const char *a = strstr(*at, open);
  if (!a) return false;
  bool quoted = false;
  const char *b = a;
  for (; *b && (quoted || *b != '>'); b++) quoted ^= *b == '"';
  size_t n = (size_t)(b - a) < 511 ? (size_t)(b - a) : 511;
  memcpy(tag, a, n);
  tag[n] = 0;
  *at = b;
  return true;
}

static bool attribute(const char *tag, const char *name, char value[TEXT])
{
  char key[40];
  snprintf(key, sizeof key, " %s=\"", name);
  const char *a = strstr(tag, key);
  if (!a) return false;
  a += strlen(key);
  size_t n = strcspn(a, "\"");
  assert_true(n < TEXT);
  memcpy(value, a, n);
  value[n] = 0;
  return true;
}

static void need(const char *tag, const char *name, char value[TEXT])
{
  if (!attribute(tag, name, value)) fail_msg("no attribute %s in %s", name, tag);
}

/* ---- comparing as printed ------------------------------------------------------------------ */
/* Digits of a printed number, without leading zeros. */
static int significant_digits(const char *text)
{
  int n = 0;
  for (; *text && *text != 'e'; text++)
    if ((*text >= '1' && *text <= '9') || (*text == '0' && n)) n++;
  return n;
}

/* Whether got, rounded to the digits printed, is that number (doubles have 15 of them). */
static bool equals_printed(double got, const char *printed)
{
  double want = strtod(printed, NULL);
  int n = significant_digits(printed);
  if (n > 15) n = 15;
  double unit = pow(10, floor(log10(fabs(want))) - n + 1);
  return fabs(got - want) <= 0.5 * unit * (1 + 1e-9);
}

static gm_unit unit_of(gm_ctx *ctx, const char *code)
{
  gm_unit u = gm_unit_one();
  if (*code && gm_unit_parse(ctx, code, &u)) fail_msg("%s: %s", code, gm_message(ctx));
  return u;
}

static gm_ctx *context(void)
{
  gm_ctx *ctx = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  return ctx;
}

/* ---- the cases -----------------------------------------------------------------------------*/
static int check_valid(gm_ctx *ctx, const char *code, bool valid)
{
  gm_unit u;
  gm_status s = gm_unit_parse(ctx, code, &u);
  if ((s == GM_OK) == valid) return 0;
  print_error("'%s' should be %s: %s\n", code, valid ? "valid" : "refused", gm_message(ctx));
  return 1;
}

/* All codes of the validation part are accepted or refused as it says. */
static void unit_ucum__validates_as_published(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  char *xml = load(ctx, "platform/ucum/UcumFunctionalTests.xml");
  int wrong = 0, valid = 0, invalid = 0;
  if (xml) {
    char *part = section(xml, "validation"), tag[512], code[TEXT], is[TEXT];
    for (const char *at = part; next_tag(&at, "case", tag);) {
      need(tag, "unit", code);
      need(tag, "valid", is);
      bool ok = strcmp(is, "true") == 0;
      if (ok)
        valid++;
      else
        invalid++;
      wrong += check_valid(ctx, code, ok);
    }
    free(part);
    assert_int_equal(valid, 490);
    assert_int_equal(invalid, 39);
  } else {
    data_skip("UCUM validation", 529);
  }
  gm_free(xml);
  static const char *const good[] = {"m",       "/m",       "10*-3/uL", "m[H2O]",
                                     "rad2{a}", "{a}.rad2", "mm[Hg]"};
  static const char *const bad[] = {"m/",    "10+3/ul",      "{|}1",   "iU",
                                    "g/12h", "mmol/kg[H20]", "ug(8.h)"};
  for (size_t i = 0; i < 7; i++)
    wrong += check_valid(ctx, good[i], true) + check_valid(ctx, bad[i], false);
  assert_int_equal(wrong, 0);
  gm_ctx_free(ctx);
}

/* The everyday reader takes every published code for what it is; only pH means acidity there. */
static void unit_ucum__everyday_reader_reads_ucum_too(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  char *xml = load(ctx, "platform/ucum/UcumFunctionalTests.xml");
  int wrong = 0, count = 0;
  if (xml) {
    char *part = section(xml, "validation"), tag[512], code[TEXT];
    for (const char *at = part; next_tag(&at, "case", tag);) {
      need(tag, "unit", code);
      gm_unit strict, everyday;
      if (strcmp(code, "pH") == 0 || gm_unit_parse(ctx, code, &strict)) continue;
      gm_status s = gm_unit_parse_friendly(ctx, code, &everyday, NULL);
      count++;
      if (s == GM_OK && gm_unit_equal(&strict, &everyday)) continue;
      print_error("everyday '%s': %s\n", code, gm_message(ctx));
      wrong++;
    }
    free(part);
    assert_int_equal(count, 489);
  } else {
    data_skip("UCUM codes in the everyday reader", 489);
  }
  gm_free(xml);
  assert_int_equal(wrong, 0);
  gm_ctx_free(ctx);
}

static int check_conversion(gm_ctx *ctx, const char *value, const char *from, const char *to,
                            const char *want)
{
  gm_unit a = unit_of(ctx, from), b = unit_of(ctx, to);
  double got = NAN;
  gm_status s = gm_unit_convert(ctx, &a, &b, strtod(value, NULL), &got);
  if (s == GM_OK && equals_printed(got, want)) return 0;
  print_error("%s %s -> %s: %.17g, not %s; %s\n", value, from, to, got, want, gm_message(ctx));
  return 1;
}

/* All published conversions come out to the digits printed. */
static void unit_ucum__converts_as_published(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  char *xml = load(ctx, "platform/ucum/UcumFunctionalTests.xml");
  int wrong = 0, count = 0;
  if (xml) {
    char *part = section(xml, "conversion");
    char tag[512], value[TEXT], from[TEXT], to[TEXT], want[TEXT];
    for (const char *at = part; next_tag(&at, "case", tag); count++) {
      need(tag, "value", value);
      need(tag, "srcUnit", from);
      need(tag, "dstUnit", to);
      need(tag, "outcome", want);
      wrong += check_conversion(ctx, value, from, to, want);
    }
    free(part);
    assert_int_equal(count, 30);
  } else {
    data_skip("UCUM conversion", 30);
  }
  gm_free(xml);
  wrong += check_conversion(ctx, "6.3", "s/m.mg", "s.m-1.g", "0.0063");
  wrong += check_conversion(ctx, "1", "m[Hg]", "g.s-2.m-1", "133322000");
  assert_int_equal(wrong, 0);
  gm_ctx_free(ctx);
}

/* v1 u1 times (or over) v2 u2 is vRes uRes. */
static int check_algebra(gm_ctx *ctx, const char *tag, bool divide)
{
  char v1[TEXT], u1[TEXT], v2[TEXT], u2[TEXT], want[TEXT], result[TEXT];
  need(tag, "v1", v1);
  need(tag, "u1", u1);
  need(tag, "v2", v2);
  need(tag, "u2", u2);
  need(tag, "vRes", want);
  need(tag, "uRes", result);
  gm_unit a = unit_of(ctx, u1), b = unit_of(ctx, u2), r = unit_of(ctx, result), c;
  double x = strtod(v1, NULL), y = strtod(v2, NULL), got = NAN;
  gm_status s = divide ? gm_unit_divide(ctx, &a, &b, &c) : gm_unit_multiply(ctx, &a, &b, &c);
  if (!s) s = gm_unit_convert(ctx, &c, &r, divide ? x / y : x * y, &got);
  if (s == GM_OK && equals_printed(got, want)) return 0;
  print_error("%s: %.17g; %s\n", tag, got, gm_message(ctx));
  return 1;
}

/* All published products and quotients come out to the digits printed. */
static void unit_ucum__multiplies_and_divides_as_published(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  char *xml = load(ctx, "platform/ucum/UcumFunctionalTests.xml");
  int wrong = 0, count = 0;
  for (int divide = 0; xml && divide < 2; divide++) {
    char *part = section(xml, divide ? "division" : "multiplication"), tag[512];
    for (const char *at = part; next_tag(&at, "case", tag); count++)
      wrong += check_algebra(ctx, tag, divide);
    free(part);
  }
  if (xml)
    assert_int_equal(count, 5);
  else
    data_skip("UCUM multiplication and division", 5);
  gm_free(xml);
  wrong += check_algebra(
      ctx, "<case v1=\"3\" u1=\"mg\" v2=\"2\" u2=\"h\" vRes=\"1.5\" uRes=\"mg/h\"", true);
  assert_int_equal(wrong, 0);
  gm_ctx_free(ctx);
}

/* ---- our table against the definitions of UCUM ---------------------------------------------- */
/* Measured constants: ours are the CODATA 2018 values and may differ by this much. */
static double tolerance_of(const char *code)
{
  static const char *const measured[] = {"[h]", "[k]", "[e]", "[m_e]", "[m_p]", "[G]", "eV", "u"};
  for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++)
    if (strcmp(code, measured[i]) == 0) return 2e-3;
  return 1e-14;
}

static int check_definition(gm_ctx *ctx, const char *code, const char *value,
                            const char *definition)
{
  gm_unit ours = unit_of(ctx, code), theirs = unit_of(ctx, definition);
  double per = NAN, want = strtod(value, NULL);
  /* one lumen to the square centimetre (NIST SP 811) is 10^4 lx: an erratum there */
  if (strcmp(code, "ph") == 0) want = 1 / want;
  gm_status s = gm_unit_factor(ctx, &ours, &theirs, &per);
  /* 1 mol in UCUM, but refused here by intent: unit.h says why */
  bool refused = strcmp(code, "eq") == 0 || strcmp(code, "osm") == 0;
  if (refused) return s != GM_EUNIT;
  if (s == GM_OK && fabs(per / want - 1) <= tolerance_of(code)) return 0;
  print_error("%s is %.17g %s here, %s there; %s\n", code, per, definition, value, gm_message(ctx));
  return 1;
}

/* Every unit of the UCUM definitions is known here, of the same kind (proportional, special,
 * arbitrary, metric or not) and size. */
static void unit_ucum__table_agrees_with_the_definitions(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  char *xml = load(ctx, "platform/ucum/ucum-essence.xml");
  if (!xml) {
    data_skip("UCUM definitions", 305);
    gm_ctx_free(ctx);
    return;
  }
  int wrong = 0, count = 0;
  char tag[512], code[TEXT], value[TEXT], definition[TEXT], is[TEXT], prefixed[TEXT + 1];
  for (const char *at = xml; next_tag(&at, "unit", tag); count++) {
    need(tag, "Code", code);
    bool special = attribute(tag, "isSpecial", is) && strcmp(is, "yes") == 0;
    bool arbitrary = attribute(tag, "isArbitrary", is) && strcmp(is, "yes") == 0;
    bool metric = attribute(tag, "isMetric", is) && strcmp(is, "yes") == 0;
    assert_true(next_tag(&at, "value", tag));
    gm_unit u;
    if (gm_unit_parse(ctx, code, &u)) {
      print_error("not known: %s\n", code);
      wrong++;
      continue;
    }
    if ((u.special != 0) != special || (u.arbitrary[0].id != 0) != arbitrary) {
      print_error("%s: special %d, arbitrary %d expected\n", code, special, arbitrary);
      wrong++;
    }
    /* n is a prefix no table code begins with where it would make another unit (nm, n[IU]) */
    snprintf(prefixed, sizeof prefixed, "n%s", code);
    if (strcmp(code, "10*") && strcmp(code, "10^")) wrong += check_valid(ctx, prefixed, metric);
    if (special || arbitrary) continue;
    need(tag, "Unit", definition);
    need(tag, "value", value);
    wrong += check_definition(ctx, code, value, definition);
  }
  gm_free(xml);
  assert_int_equal(count, 305);
  assert_int_equal(wrong, 0);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unit_ucum__validates_as_published),
      cmocka_unit_test(unit_ucum__everyday_reader_reads_ucum_too),
      cmocka_unit_test(unit_ucum__converts_as_published),
      cmocka_unit_test(unit_ucum__multiplies_and_divides_as_published),
      cmocka_unit_test(unit_ucum__table_agrees_with_the_definitions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
