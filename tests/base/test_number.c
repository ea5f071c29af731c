/* Numbers in text: what is one and what is not, in every locale. */
#include "base/number.h"
#include <float.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(number__reads_decimals),
                                     cmocka_unit_test(number__refuses_the_rest)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
