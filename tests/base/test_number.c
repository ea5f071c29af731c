/* Numbers in text: what is one and what is not, in every locale. */
#include "base/number.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Decimal numbers are read to the nearest double. */
static void number__reads_decimals(void **state)
{
  (void)state;
  const struct {
    const char *text;
    double value;
  } good[] = {{"0", 0},    {"-1.5", -1.5}, {"+2", 2},       {".5", 0.5},
              {"5.", 5},   {"1e3", 1000},  {"1E-3", 0.001}, {"2.2250738585072014e-308", DBL_MIN},
              {"0.1", 0.1}};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    double v = -7;
    assert_true(gm__number_parse(good[i].text, &v));
    assert_true(v == good[i].value);
  }
}

/* What is not a whole finite decimal number is refused, and nothing is written. */
static void number__refuses_the_rest(void **state)
{
  (void)state;
  const char *const bad[] = {
      "",      " 1",
      "1 ",    "1,5",
      "0x10",  "nan",
      "inf",   "1e",
      "1e+",   "e5",
      ".",     "-",
      "1.2.3", "1e999",
      "--1",   "0000000000000000000000000000000000000000000000000000000000000000001"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double v = -7;
    assert_false(gm__number_parse(bad[i], &v));
    assert_true(v == -7);
  }
}

/* The number a text begins with, and the bytes it takes; what follows has no part in it. */
static void number__begins_a_text(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int32_t used;
    double value;
  } w[] = {{"24 h", 2, 24},  {"1,5", 1, 1},         {"0x10", 1, 0},   {"1e+", 1, 1},
           {"5.e1x", 4, 50}, {"-.5e-1-", 6, -0.05}, {"1.2.3", 3, 1.2}};
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
    double v = -7;
    assert_int_equal(gm__number_begin(w[i].text, &v), w[i].used);
    assert_true(v == w[i].value);
  }
  static const struct {
    const char *text;
    int32_t used;
  } none[] = {{"", 0}, {"x1", 0}, {" 1", 0}, {"-.", 0}, {"1e999", -1}};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    double v = -7;
    assert_int_equal(gm__number_begin(none[i].text, &v), none[i].used);
    assert_true(v == -7);
  }
}

static const double printed[] = {
    0,       -0.0,    0.1,     -1.5,         1e-7,        24,       1.0 / 3,
    6.02e23, DBL_MAX, DBL_MIN, -DBL_MAX / 3, DBL_EPSILON, 4.9e-324, 123456789.125};

/* Every double comes back from its text, in the locale of the moment. */
static void reads_back(void)
{
  char text[GM__NUMBER_TEXT_BYTES];
  for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
    double v = -7;
    assert_ptr_equal(gm__number_text(printed[i], text), text);
    assert_true(gm__number_parse(text, &v));
    assert_memory_equal(&v, &printed[i], sizeof v); /* the sign of zero too */
  }
}

/* What gm__number_text prints is read back bit by bit. 17 digits tell all doubles apart (IEEE 754,
 * 5.12.2); inf and nan keep their names. */
static void number_text__reads_back(void **state)
{
  (void)state;
  char text[GM__NUMBER_TEXT_BYTES];
  reads_back();
  assert_string_equal(gm__number_text(1.5, text), "1.5");
  assert_string_equal(gm__number_text(-INFINITY, text), "-inf");
  assert_non_null(strstr(gm__number_text(NAN, text), "nan"));
}

/* Likewise where the decimal sign is a comma, or has two bytes. */
static void number_text__under_a_comma(void **state)
{
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
  char kept[64], now[8];
  int32_t tried = 0;
  snprintf(kept, sizeof kept, "%s", setlocale(LC_NUMERIC, NULL));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!setlocale(LC_NUMERIC, names[i])) continue;
    snprintf(now, sizeof now, "%.1f", 1.5);
    if (strcmp(now, "1.5") == 0) continue;
    reads_back();
    tried++;
  }
  setlocale(LC_NUMERIC, kept);
  print_message("locales without a decimal point: %d tried, %d not installed\n", (int)tried,
                (int)(sizeof names / sizeof *names) - (int)tried);
}

/* Whatever stands between digits becomes one point, so that no such locale is needed to see it. */
static void number_point__replaces_any_sign(void **state)
{
  (void)state;
  static const char *const w[][2] = {{"1,5", "1.5"},
                                     {"-1\xD9\xAB"
                                      "25e-07",
                                      "-1.25e-07"},
                                     {"3e+22", "3e+22"},
                                     {"-7", "-7"},
                                     {"1.5", "1.5"}};
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
    char text[32];
    snprintf(text, sizeof text, "%s", w[i][0]);
    assert_string_equal(gm__number_point(text), w[i][1]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(number__reads_decimals),
                                     cmocka_unit_test(number__refuses_the_rest),
                                     cmocka_unit_test(number__begins_a_text),
                                     cmocka_unit_test(number_text__reads_back),
                                     cmocka_unit_test(number_text__under_a_comma),
                                     cmocka_unit_test(number_point__replaces_any_sign)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
