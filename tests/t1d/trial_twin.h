/* trial_twin.h - a scenario with adults: predictive control on their own twins and on twins that
 * stay the population's (t1d_trial.h). */
#ifndef GEMEL_TESTS_T1D_TRIAL_TWIN_H
#define GEMEL_TESTS_T1D_TRIAL_TWIN_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_trial.h"
#include <stdio.h>
#include <string.h>

enum { OWN, POPULATION, ARMS };

/* Line by line: a message has at most 1,024 bytes. */
static inline void print_table(const t1d_trial *t, const t1d_arm *arm, gm_ctx *ctx)
{
  gm_text text;
  gm_text_init(&text, ctx);
  t1d_trial_table(t, arm, &text);
  for (const char *at = text.data, *end; at && (end = strchr(at, '\n')); at = end + 1)
    print_message("%.*s\n", (int)(end - at), at);
  gm_text_free(&text);
}

/* The caller frees *out. */
static inline void adults_trial(gm_ctx *ctx, const char *scenario, int32_t days, uint64_t seed,
                                t1d_trial **out)
{
  static const t1d_twin_belief_options own = {.ratios = true},
                                       population = {.population = true, .ratios = true};
  static const t1d_arm arm[ARMS] = {{.name = "own twin",
                                     .controller = &t1d_mpc,
                                     .belief = &t1d_twin_belief,
                                     .belief_options = &own},
                                    {.name = "population",
                                     .controller = &t1d_mpc,
                                     .belief = &t1d_twin_belief,
                                     .belief_options = &population}};
  const t1d_subject *subject[T1D_SUBJECT_COUNT];
  int32_t count = 0;
  gm_pool *pool;
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++)
    if (t1d_subject_group(t1d_subject_at(i)) == T1D_ADULT) subject[count++] = t1d_subject_at(i);
  assert_int_equal(gm_pool_new(ctx, 0, &pool), GM_OK);
  const t1d_trial_options o = {.subject = subject,
                               .subject_count = count,
                               .arm = arm,
                               .arm_count = ARMS,
                               .scenario = t1d_scenario_find(scenario),
                               .days = days,
                               .dropped_days = 1,
                               .sensor = T1D_SENSOR_BRETON,
                               .seed = seed,
                               .pool = pool};
  if (t1d_trial_run(ctx, &o, out)) fail_msg("%s: %s", scenario, gm_message(ctx));
  print_message("%s, %d days:\n", scenario, (int)days);
  print_table(*out, arm, ctx);
  gm_pool_free(pool);
}

/* At least (or at most) a bound, within two Monte Carlo errors. */
static inline void at_least(t1d_trial_figure f, double bound)
{
  if (!(f.mean + 2 * f.se_run >= bound))
    fail_msg("%g+-%g, expected >= %g", f.mean, f.se_run, bound);
}

static inline void at_most(t1d_trial_figure f, double bound)
{
  if (!(f.mean - 2 * f.se_run <= bound))
    fail_msg("%g+-%g, expected <= %g", f.mean, f.se_run, bound);
}
#endif
