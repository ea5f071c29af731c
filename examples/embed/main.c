/* main.c - the least program that embeds Gemel: it makes a context and says which version runs.
 * Built against an installed Gemel, by the Makefile (pkg-config) or by CMake (find_package). */
#include "gemel/base.h"
#include <stdio.h>

int main(void)
{
  gm_ctx *ctx;
  gm_status s = gm_ctx_new(NULL, &ctx);
  if (s) { /* no context, so no message: the status has a text of its own */
    fprintf(stderr, "embed: %s\n", gm_status_text(s));
    return 1;
  }
  printf("Gemel %s\n", gm_version());
  gm_ctx_free(ctx);
  return 0;
}
