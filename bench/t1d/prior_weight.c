/* prior_weight.c - prints models/t1d/src/t1d_prior_sense.c anew: what glucose tells of each
 * parameter. tests/t1d/test_prior.c holds the file to it.
 * Use: prior_weight > models/t1d/src/t1d_prior_sense.c */
#include "t1d_prior_law.h"
#include <stdio.h>

int main(void)
{
  enum { COUNT = T1D__FREE * (T1D__FREE + 1) / 2 };
  double weight[COUNT];
  gm_ctx *ctx;
  if (gm_ctx_new(NULL, &ctx)) return 3;
  if (t1d__weigh(ctx, T1D__DRAWS, weight)) {
    fprintf(stderr, "bench: %s\n", gm_message(ctx));
    gm_ctx_free(ctx);
    return 3;
  }
  printf("/* t1d_prior_sense.c - what glucose tells of each parameter, by t1d__weigh; printed by\n"
         " * bench/t1d/prior_weight.c. */\n#include \"t1d_prior_law.h\"\n\n"
         "const double t1d__glucose_weight[T1D__FREE * (T1D__FREE + 1) / 2] = {");
  for (int i = 0; i < COUNT; i++) printf("%s%.7g,", i % 8 ? " " : "\n    ", weight[i]);
  printf("\n};\n");
  gm_ctx_free(ctx);
  return 0;
}
