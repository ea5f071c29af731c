/* main.c - the gemel command: its verbs, and what it has of its own. */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const cli_verb *const verbs[] = {&cli_verb_demo,
                                        &cli_verb_run,
                                        &cli_verb_fit,
                                        &cli_verb_simulate,
                                        &cli_verb_sensitivity,
                                        &cli_verb_compare,
                                        &cli_verb_propose,
                                        &cli_verb_check,
                                        &cli_verb_new,
                                        &cli_verb_export,
                                        &cli_verb_suite,
                                        &cli_verb_store_new,
                                        &cli_verb_store_backup,
                                        &cli_verb_store_restore,
                                        &cli_verb_audit_verify,
                                        &cli_verb_audit_head,
                                        &cli_verb_audit_prove,
                                        &cli_verb_audit_list,
                                        &cli_verb_twin_new,
                                        &cli_verb_twin_add,
                                        &cli_verb_twin_show,
                                        &cli_verb_twin_forecast,
                                        &cli_verb_twin_propose,
                                        &cli_verb_twin_decide,
                                        &cli_verb_twin_history,
                                        &cli_verb_twin_consent,
                                        &cli_verb_twin_fork,
                                        &cli_verb_twin_migrate,
                                        &cli_verb_twin_export,
                                        &cli_verb_twin_erase,
                                        &cli_verb_bank_list,
                                        &cli_verb_bank_find,
                                        &cli_verb_bank_aggregate,
                                        &cli_verb_bank_fairness,
                                        &cli_verb_bank_learn,
                                        &cli_verb_bank_export,
                                        NULL};

/* Does a message name this subject? "subject 1" in "subject 12 has ..." is another one. */
static bool names(const char *message, const char *subject)
{
  const char *at = strstr(message, subject);
  if (!at) return false;
  char behind = at[strlen(subject)];
  return !isalnum((unsigned char)behind) && behind != '_' && behind != '-';
}

int cli_say_subject(const cli *c, int code, const char *id, const char *message)
{
  char subject[128];
  snprintf(subject, sizeof subject, "subject %.100s", id);
  if (names(message, subject)) return cli_say(c, code, "%s", message);
  return cli_say(c, code, "%s: %s", subject, message);
}

static const cli_option general[] = {
    {"json", NULL, "the result as JSON", 0},
    {"seed", "N", "seed of all draws (default 1)", 0},
    {"threads", "N", "workers; 0: as many as processors (default 0)", 0},
    {"members", "N", "members of a belief, 10 to 1000000 (default 1000)", 0},
    {"ignore", "COLUMN", "a column of the data that is left out on purpose", GM_OPTION_MANY},
    {"quiet", NULL, "no progress bar", 0},
    {"help", NULL, "this text", 0},
    {NULL, NULL, NULL, 0}};

int main(int argc, char **argv)
{
  const gm_program_about gemel = {
      .name = "gemel",
      .about = "gemel - medical digital twins: from a model and a patient's data to a forecast, "
               "a comparison\nof treatments and a proposal. A person decides.",
      .verb = verbs,
      .general = general,
      .other = cli_program_run,
      .programs = cli_program_list,
      .may_write = cli_may_write};
  return gm_program_main(&gemel, argc, argv);
}
