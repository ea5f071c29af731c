/* sir_jump.h - the SIR epidemic of 50 people (sir_exact.h) as reactions, for the kinds `jump` and
 * `equations`. Parameters beta, gamma [1/d]; outputs S, I, new_infections. */
#ifndef GEMEL_TESTS_SIR_JUMP_H
#define GEMEL_TESTS_SIR_JUMP_H
#include "gemel/jump.h"

static inline gm_eq_config sir_equations(void)
{
  static const gm_eq_output output[] = {
      {.name = "S", .expression = "S", .where = "sir"},
      {.name = "I", .expression = "I", .where = "sir"},
      {.name = "new_infections", .expression = "47 - S", .where = "sir"}};
  return (gm_eq_config){.text = "species S, I, R\nS = 47; I = 3; R = 0\nbeta = 0.9; gamma = 0.3\n"
                                "infect: S + I => 2 I; beta*S*I/50\nrecover: I => R; gamma*I\n",
                        .output = output,
                        .output_count = 3};
}

/* deterministic: the limit of many people, as differential equations. */
static inline gm_status sir_jump_new(gm_ctx *ctx, bool deterministic, gm_model **out)
{
  if (deterministic) {
    gm_eq_config config = sir_equations();
    return gm_model_new(ctx, &gm_equations, &config, out);
  }
  gm_jump_config config = {.equations = sir_equations(), .method = GM_JUMP_EXACT};
  return gm_model_new(ctx, &gm_jump, &config, out);
}
#endif
