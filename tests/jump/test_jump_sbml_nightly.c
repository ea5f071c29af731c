/* The stochastic cases of the SBML Test Suite as jumps, 10,000 members each.
 * label: nightly */
#include "jump_sbml.h"

/* Every case is within the suite's rule. */
static void stochastic_suite__every_case_is_within_its_rule(void **state)
{
  (void)state;
  suite_run(10000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stochastic_suite__every_case_is_within_its_rule),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
