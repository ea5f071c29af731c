/* label: nightly */
/* test_trial_table.c - every standard scenario over seven days, ten adults, against a simple loop's
 * figures: one run of a plain controller on simglucose's equations (the published table's rows:
 * time in range and below 70 mg/dL, %). */
#include "trial_twin.h"

static const struct {
  const char *scenario;
  double tir, below;
} simple_loop[] = {{"exact", 96.5, 2.0},       {"carbs-70", 94.8, 1.6}, {"carbs-130", 96.9, 2.5},
                   {"unannounced", 81.6, 1.4}, {"si-130", 96.3, 3.2},   {"si-70", 93.0, 0.2}};

/* In no row is control on the own twin worse than the simple loop, within Monte Carlo error; and it
 * is better than on the population's parameters. */
static void table__no_row_is_worse(void **state)
{
  (void)state;
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof simple_loop / sizeof *simple_loop; i++) {
    t1d_trial *t;
    adults_trial(ctx, simple_loop[i].scenario, 7, 22, &t);
    at_least(t1d_trial_mean(t, OWN, -1, T1D_TIR), simple_loop[i].tir);
    at_most(t1d_trial_mean(t, OWN, -1, T1D_TBR70), simple_loop[i].below);
    t1d_trial_figure more = t1d_trial_difference(t, OWN, POPULATION, -1, T1D_TIR);
    assert_true(more.mean - 2 * more.se_run > 0);
    t1d_trial_free(t);
  }
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest test[] = {cmocka_unit_test(table__no_row_is_worse)};
  return cmocka_run_group_tests(test, NULL, NULL);
}
