/* verb_twin_fork.c - gemel twin fork: another twin that knows what this one knew. */
#include "cli/keep.h"

static int run(cli *c)
{
  cli_keep k = {0};
  gm_life_intake in;
  int code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK : gm_life_fork(k.life, c->ctx, c->argument[1], &in);
  if (s) code = cli_fail(c, s);
  if (!code)
    gm_text_addf(&c->out, "twin %s: %lld facts of %s; its belief is made with the next data\n",
                 c->argument[1], (long long)in.taken, c->argument[0]);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"as-of", "TIME", "what was known then", false}, CLI_KEEP_OPTIONS, {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_fork = {
    .name = "twin fork",
    .summary = "make another twin that knows what this one knew",
    .use = "NAME NEW [--as-of TIME]",
    .details = "For what-if on a thread of its own; the first twin is not touched.\n",
    .option = options,
    .argument_count = 2,
    .run = run};
