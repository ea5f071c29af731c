/* vary.c - patients that differ. */
#include "problem.h"
#include "gemel/math.h"

void bench_vary(gm_key key, int32_t number, double *theta, const int32_t *vary, int32_t count,
                double sd)
{
  for (int32_t i = 0; i < count; i++)
    theta[vary[i]] *= gm_exp(sd * gm_normal(key, (uint64_t)number, 0, 0, (uint64_t)vary[i]));
}
