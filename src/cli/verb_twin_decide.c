/* verb_twin_decide.c - gemel twin decide: what a person decided, and why, into the thread. */
#include "cli/keep.h"
#include "base/number.h"
#include <math.h>

static int run(cli *c)
{
  cli_keep k = {0};
  gm_receipt r = {0};
  double proposal = 0;
  const char *decision = cli_value(c, "decision"), *why = cli_value(c, "why");
  const char *number = cli_value(c, "proposal");
  if (!decision || !why)
    return cli_say_use(c, decision ? "--why is missing" : "--decision is missing");
  if (number &&
      (!gm__number_parse(number, &proposal) || proposal < 1 || proposal != floor(proposal)))
    return cli_say(c, CLI_BAD, "--proposal: the number of a record is expected");
  int code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK : gm_life_decide(k.life, c->ctx, (int64_t)proposal, decision, why, &r);
  if (s) code = cli_fail(c, s);
  if (!code) gm_text_addf(&c->out, "kept as record %lld\n", (long long)r.seq);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {{"decision", "TEXT", "what was decided", false},
                                     {"why", "TEXT", "the reason", false},
                                     {"proposal", "RECORD", "the proposal it answers", false},
                                     CLI_KEEP_OPTIONS,
                                     {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_decide = {
    .name = "twin decide",
    .summary = "write down what was decided for a twin's subject, and why",
    .use = "NAME --decision TEXT --why TEXT [--proposal RECORD]",
    .details = "",
    .option = options,
    .argument_count = 1,
    .run = run};
