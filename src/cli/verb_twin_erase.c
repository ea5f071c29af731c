/* verb_twin_erase.c - gemel twin erase: the end of a subject. */
#include "cli/operator.h"
#include <string.h>

/* Lists of erased subjects name none, but are for whoever restores stores. */
static int list_check(cli *c, const char *list)
{
  const char *as = cli_value(c, "as");
  if (!as || strncmp(as, "operator", 8) != 0)
    return cli_say(c, CLI_BAD, "--tombstones: operators keep that list (--as operator:NAME)");
  return cli_tombstones_place(c, list);
}

static int erase(cli *c, cli_keep *k, const char *list)
{
  int64_t subject = 0;
  /* one that was erased too: keys in backups are reached for once more */
  gm_status s = gm_store_subject_known(k->session, c->ctx, cli_value(c, "subject"), &subject);
  if (!s) s = gm_store_erase(k->session, c->ctx, subject);
  int code = s ? cli_fail(c, s) : CLI_DONE;
  bool erased = !s || (s == GM_EBUSY && subject); /* busy: what is left is to empty a log */
  int listed = erased && list ? cli_tombstones_write(c, k->session, list) : CLI_DONE;
  return code ? code : listed;
}

static int run(cli *c)
{
  cli_keep k = {0};
  const char *list = cli_value(c, "tombstones");
  if (!cli_value(c, "subject"))
    return cli_say_use(c, "--subject is missing: say whose data are to be destroyed");
  if (!cli_has(c, "yes"))
    return cli_say(c, CLI_BAD, "this destroys all twins and data of the subject; add --yes");
  int code = list ? list_check(c, list) : CLI_DONE;
  if (!code) code = cli_keep_open(c, false, &k);
  if (!code) code = erase(c, &k, list);
  if (!code) gm_text_add(&c->out, "erased: the key is destroyed; a tombstone and hashes remain\n");
  if (!code && list) gm_text_addf(&c->out, "%s: numbers of all erased subjects\n", list);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {{"subject", "ID", "whose data", false},
                                     {"yes", NULL, "do it", false},
                                     {"tombstones", "FILE",
                                      "then write the list of all erased subjects (operators)",
                                      GM_OPTION_WRITTEN},
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
