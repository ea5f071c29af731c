/* isa.c - what the processor can do. */
#include "base/isa.h"
#include <stdlib.h>
#include <string.h>

static const char *const isa_name[] = {"scalar", "avx2", "avx512"};

bool gm__isa_supported(void)
{
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
}

gm_isa gm__isa(void)
{
  __builtin_cpu_init();
  bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512vl");
  gm_isa best = wide ? GM_ISA_AVX512 : GM_ISA_AVX2;
  const char *wish = getenv("GEMEL_ISA");
  for (int i = 0; wish && i < (int)best; i++)
    if (!strcmp(wish, isa_name[i])) return (gm_isa)i;
  return best;
}

const char *gm__isa_name(gm_isa isa) { return isa_name[isa]; }
