/* label: full, long */
/* test_trial_twin.c - control on a person's own twin in closed loop, ten adults: meals announced
 * and not. The whole table of scenarios over seven days: test_trial_table.c. */
#include "trial_twin.h"

static void own_twin_controls(const char *scenario, double tir_least, double below_most)
{
  gm_ctx *ctx;
  t1d_trial *t;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  adults_trial(ctx, scenario, 4, 21, &t);
  at_least(t1d_trial_mean(t, OWN, -1, T1D_TIR), tir_least);
  at_most(t1d_trial_mean(t, OWN, -1, T1D_TBR70), below_most);
  t1d_trial_figure more = t1d_trial_difference(t, OWN, POPULATION, -1, T1D_TIR);
  print_message("own twin less population: %+.2f points in range, 95 %% interval %.2f to %.2f\n",
                more.mean, more.low, more.high);
  assert_true(more.mean - 2 * more.se_run > 0);
  t1d_trial_free(t);
  gm_ctx_free(ctx);
}

/* Meals announced: at least 97 % in range and at most 1.5 % below 70, and more in range than with
 * the population's parameters. */
static void trial__announced(void **state)
{
  (void)state;
  own_twin_controls("exact", 97, 1.5);
}

/* Not announced: 85 % and 1.5 %. */
static void trial__unannounced(void **state)
{
  (void)state;
  own_twin_controls("unannounced", 85, 1.5);
}

int main(void)
{
  const struct CMUnitTest test[] = {cmocka_unit_test(trial__announced),
                                    cmocka_unit_test(trial__unannounced)};
  return cmocka_run_group_tests(test, NULL, NULL);
}
