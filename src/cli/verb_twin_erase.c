/* verb_twin_erase.c - gemel twin erase: the end of a subject. */
#include "cli/keep.h"
#include <string.h>

static int run(cli *c)
{
  cli_keep k = {0};
  int64_t subject = 0;
  const char *sure = cli_value(c, "subject");
  if (!sure) return cli_say_use(c, "--subject is missing: say whose data are to be destroyed");
  if (!cli_has(c, "yes"))
    return cli_say(c, CLI_BAD, "this destroys all twins and data of the subject; add --yes");
  int code = cli_keep_open(c, false, &k);
  gm_status s = code ? GM_OK : gm_store_subject(k.session, c->ctx, sure, false, &subject);
  if (!code && !s) s = gm_store_erase(k.session, c->ctx, subject);
  if (s) code = cli_fail(c, s);
  if (!code) gm_text_add(&c->out, "erased: the key is destroyed; a tombstone and hashes remain\n");
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {{"subject", "ID", "whose data", false},
                                     {"yes", NULL, "do it", false},
                                     CLI_KEEP_OPTIONS,
                                     {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_erase = {
    .name = "twin erase",
    .summary = "destroy everything about a subject",
    .use = "--subject ID --yes [--as patient:ID | --as operator:NAME]",
    .details =
        "Destroys the subject's key: nobody can read its records any more, in backups neither "
        "(docs/operate.md).\n",
    .option = options,
    .argument_count = 0,
    .run = run};
