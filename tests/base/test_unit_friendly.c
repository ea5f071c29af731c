/* test_unit_friendly.c - everyday spellings of units. label: quick */
#include "gemel/unit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static int set_up(void **state) { return gm_ctx_new(NULL, (gm_ctx **)state) == GM_OK ? 0 : -1; }
static int tear_down(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

typedef struct {
  const char *text, *code;
} spelling;

static int check(gm_ctx *ctx, const spelling *list, size_t count)
{
  int wrong = 0;
  for (size_t i = 0; i < count; i++) {
    char code[GM_UNIT_CODE_BYTES] = "";
    gm_unit got, want;
    gm_status s = gm_unit_parse_friendly(ctx, list[i].text, &got, code);
    if (s || strcmp(code, list[i].code) != 0) {
      print_error("'%s' -> '%s', not '%s'; %s\n", list[i].text, code, list[i].code,
                  gm_message(ctx));
      wrong++;
    } else if (gm_unit_parse(ctx, code, &want) || !gm_unit_equal(&got, &want)) {
      print_error("'%s': the unit is not that of '%s'\n", list[i].text, code);
      wrong++;
    }
  }
  return wrong;
}
#define CHECK(ctx, list) assert_int_equal(check(ctx, list, sizeof(list) / sizeof(list)[0]), 0)

/* What is UCUM already comes back unchanged. */
static void friendly__leaves_ucum_alone(void **state)
{
  static const spelling list[] = {
      {"h", "h"},
      {"d", "d"},
      {"a", "a"},
      {"L", "L"},
      {"l", "l"},
      {"mL", "mL"},
      {"ug", "ug"},
      {"%", "%"},
      {"1", "1"},
      {"kg", "kg"},
      {"ng/mL", "ng/mL"},
      {"1/h", "1/h"},
      {"L/h", "L/h"},
      {"L/h/kg", "L/h/kg"},
      {"mm[Hg]", "mm[Hg]"},
      {"10*3/uL", "10*3/uL"},
      {"[IU]/L", "[IU]/L"},
      {"/min", "/min"},
      {"g{creat}", "g{creat}"},
      {"4.[pi].10*-7.N/A2", "4.[pi].10*-7.N/A2"},
      {"dyn.s/(cm5.m2)", "dyn.s/(cm5.m2)"},
      {"dB[10.nV]", "dB[10.nV]"},
      {"m[H2O]", "m[H2O]"},
      {"min", "min"},
      {"U/L", "U/L"},
      {"8.h", "8.h"},
  };
  CHECK(*state, list);
}

/* The spellings of pharmacometrics, laboratories and wards become their UCUM codes. */
static void friendly__reads_everyday_spellings(void **state)
{
  static const spelling list[] = {
      {"mcg", "ug"},
      {"mcg/mL", "ug/mL"},
      {"mcmol/L", "umol/L"},
      {"mcL", "uL"},
      {"mmHg", "mm[Hg]"},
      {"mm Hg", "mm[Hg]"},
      {"cmH2O", "cm[H2O]"},
      {"cm H2O/(L/s)", "cm[H2O]/(L/s)"},
      {"mg*h/L", "mg.h/L"},
      {"ug·h/L", "ug.h/L"},
      {"µg/L", "ug/L"},
      {"μmol/L", "umol/L"},
      {"year", "a"},
      {"years", "a"},
      {"day", "d"},
      {"days", "d"},
      {"hour", "h"},
      {"hours", "h"},
      {"hr", "h"},
      {"1/hr", "1/h"},
      {"minutes", "min"},
      {"weeks", "wk"},
      {"month", "mo"},
      {"sec", "s"},
      {"IU", "[IU]"},
      {"IU/L", "[IU]/L"},
      {"mIU/L", "m[IU]/L"},
      {"kIU", "k[IU]"},
      {"mEq/L", "meq/L"},
      {"mOsm/kg", "mosm/kg"},
      {"kDa", "ku"},
      {"Osm", "osm"},
      {"mM", "mmol/L"},
      {"uM/s", "umol/L/s"},
      {"1/nM", "1/(nmol/L)"},
      {"1/(nM*s)", "1/(nmol/L.s)"},
      {"mM^2", "mmol2.L-2"},
      {"nM^-1", "nmol-1.L1"},
      {"M", "mol/L"},
      {"µM", "umol/L"},
      {"m^2", "m2"},
      {"m²", "m2"},
      {"kg/m²", "kg/m2"},
      {"h⁻¹", "h-1"},
      {"h^-1", "h-1"},
      {"h^(-1)", "h-1"},
      {"mg / L", "mg/L"},
      {" mg/dL ", "mg/dL"},
      {"mg per day", "mg/d"},
      {"°C", "Cel"},
      {"degF", "[degF]"},
      {"℃", "Cel"},
      {"pH", "[pH]"},
      {"ft", "[ft_i]"},
      {"lbs", "[lb_av]"},
      {"inches", "[in_i]"},
      {"psi", "[psi]"},
      {"ppm", "[ppm]"},
      {"percent", "%"},
      {"cc", "mL"},
      {"bpm", "{beats}/min"},
      {"beats/min", "{beats}/min"},
      {"L/bpm", "L/({beats}/min)"},
      {"cells/uL", "{cells}/uL"},
      {"copies/mL", "{copies}/mL"},
      {"dimensionless", "1"},
  };
  CHECK(*state, list);
}

/* Powers of ten are never read as products, nor products as powers of ten. */
static void friendly__reads_powers_of_ten(void **state)
{
  static const spelling list[] = {
      {"10^9/L", "10*9/L"},
      {"10⁹/L", "10*9/L"},
      {"×10⁹/L", "10*9/L"},
      {"x10^9/L", "10*9/L"},
      {"1e9/L", "10*9/L"},
      {"1E-3", "10*-3"},
      {"10^-3", "10*-3"},
      {"10*h", "10.h"},
      {"10^6 cells/mL", "10*6.{cells}/mL"},
      {"/10^6 cells", "/(10*6.{cells})"},
      {"10*-7.s", "10*-7.s"},
  };
  CHECK(*state, list);
}

/* A number and its unit below a solidus stay together: mg/12h is per twelve hours. */
static void friendly__keeps_number_and_unit_together(void **state)
{
  static const spelling list[] = {
      {"12 h", "12.h"},     {"mg/12h", "mg/(12.h)"},        {"mg/12 h", "mg/(12.h)"},
      {"24 hours", "24.h"}, {"mg/24 h/kg", "mg/(24.h)/kg"}, {"L/1h", "L/(1.h)"},
  };
  CHECK(*state, list);
}

/* The body surface of a filtration rate is a reference, not a quantity. */
static void friendly__reads_filtration_rates(void **state)
{
  static const spelling list[] = {
      {"mL/min/1.73m2", "mL/min/{1.73_m2}"},   {"mL/min/1.73 m²", "mL/min/{1.73_m2}"},
      {"mL/min/1.73 m^2", "mL/min/{1.73_m2}"}, {"mL/min/(1.73 m2)", "mL/min/({1.73_m2})"},
      {"mL/min/1.73m²", "mL/min/{1.73_m2}"},
  };
  CHECK(*state, list);
}

/* What is missing, ambiguous or no unit is refused, with a message, and nothing is written. */
static void friendly__refuses_what_it_cannot_be_sure_of(void **state)
{
  static const char *const bad[] = {
      "",       " ",     "unit", "units", "gr",         "gal",    "mg L",
      "0.5 mg", "2.5mg", "mg/",  "m^0.5", "m^-1.5",     "10^0.5", "1e0.5",
      "mg//L",  "cmH20", "Kg",   "mg/L)", "{cells}2",   "10E9x",  "\xff\xfe",
      "mg\nL",  "é",     "m^",   "bpm^2", "fraction^2", "1/bpm2", "5e3"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_unit u, before;
    memset(&u, 0x5a, sizeof u);
    before = u;
    char code[GM_UNIT_CODE_BYTES] = "untouched";
    gm_message_clear(*state);
    gm_status s = gm_unit_parse_friendly(*state, bad[i], &u, code);
    if (s == GM_OK) fail_msg("'%s' was read as '%s'", bad[i], code);
    assert_true(strlen(gm_message(*state)) > 0);
    assert_string_equal(code, "untouched");
    assert_memory_equal(&u, &before, sizeof u);
  }
  gm_unit u;
  assert_int_equal(gm_unit_parse_friendly(*state, NULL, &u, NULL), GM_EINVAL);
}

/* A rewriting that would not fit its buffer is refused, not cut. */
static void friendly__refuses_what_grows_too_long(void **state)
{
  char text[GM_UNIT_CODE_BYTES] = "";
  for (int i = 0; i < 60; i++) strcat(text, "mM*"); /* each grows to mmol/L. */
  strcat(text, "mM");
  gm_unit u;
  assert_int_equal(gm_unit_parse_friendly(*state, text, &u, NULL), GM_ERANGE);
  char room[GM_UNIT_CODE_BYTES + 1];
  memset(room, 'm', sizeof room);
  room[GM_UNIT_CODE_BYTES] = 0;
  assert_int_equal(gm_unit_parse_friendly(*state, room, &u, NULL), GM_ERANGE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(friendly__leaves_ucum_alone),
      cmocka_unit_test(friendly__reads_everyday_spellings),
      cmocka_unit_test(friendly__reads_powers_of_ten),
      cmocka_unit_test(friendly__keeps_number_and_unit_together),
      cmocka_unit_test(friendly__reads_filtration_rates),
      cmocka_unit_test(friendly__refuses_what_it_cannot_be_sure_of),
      cmocka_unit_test(friendly__refuses_what_grows_too_long),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
