/* jump_case.h - members of a jump model from text. */
#ifndef GEMEL_TESTS_JUMP_CASE_H
#define GEMEL_TESTS_JUMP_CASE_H
#include "gemel/jump.h"
#include "support/crowd.h"

static inline void jump_open(crowd *c, const char *text, gm_jump_method method, int32_t n)
{
  gm_jump_config config = {.equations.text = text, .method = method};
  crowd_open(c, &gm_jump, &config, n);
}

static inline void jump_run(crowd *c, const char *text, gm_jump_method method, int32_t n,
                            const double *t, int32_t samples)
{
  gm_jump_config config = {.equations.text = text, .method = method};
  crowd_run(c, &gm_jump, &config, n, t, samples);
}
#endif
