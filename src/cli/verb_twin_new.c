/* verb_twin_new.c - gemel twin new: a definition, a subject, and what the subject permits. */
#include "cli/keep.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RULES_MAX = 16 };

/* "care", "model-training": a permission for anybody with that purpose. */
static int consents_read(cli *c, gm_consent_rule rule[RULES_MAX], int32_t *count)
{
  const char *text;
  for (*count = 0; (text = cli_value_at(c, "consent", *count)); ++*count) {
    int32_t use = gm_use_of(text);
    if (use < 0 || use == GM_USE_OPERATION)
      return cli_say(c, CLI_BAD,
                     "--consent %s: care, model-training, virtual-population or research-export is "
                     "expected",
                     text);
    if (*count == RULES_MAX) return cli_say(c, CLI_BAD, "too many --consent");
    rule[*count] = (gm_consent_rule){.permit = true, .uses = 1u << use, .actor = ""};
  }
  return CLI_DONE;
}

static int run(cli *c)
{
  gm_consent_rule rule[RULES_MAX];
  cli_keep k = {0};
  gm_life_new n = {.subject = cli_value(c, "subject"),
                   .definition = cli_value(c, "definition"),
                   .seed = c->seed,
                   .members = c->members,
                   .follow = cli_has(c, "follow"),
                   .consent = rule};
  if (!n.subject || !n.definition)
    return cli_say_use(c, n.subject ? "--definition is missing" : "--subject is missing");
  int code = cli_unix_option(c, "origin", &n.origin_s);
  if (!code) code = consents_read(c, rule, &n.consent_count);
  if (!code) code = cli_keep_open(c, false, &k);
  gm_life_options o = {.session = k.session, .twin = c->argument[0]};
  gm_status s = code ? GM_OK : gm_life_make(c->ctx, &o, &n);
  if (s) code = cli_fail(c, s);
  if (!code) {
    gm_text_addf(&c->out, "twin %s of subject %s\n", c->argument[0], n.subject);
    if (!n.consent_count)
      gm_text_add(&c->out, "No consent was given: nobody but the subject may see or change it.\n");
  }
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"definition", "FILE", "twin.yaml; it and its model are copied into the store", GM_OPTION_READ},
    {"subject", "ID", "pseudonymous id of the subject", false},
    {"consent", "PURPOSE", "what the subject permits: care, model-training, ...", true},
    {"origin", "TIME", "time 0 of the model (midnight UTC before the first datum)", false},
    {"follow", NULL, "take the data one time after the other", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_new = {.name = "twin new",
                                    .summary = "make a twin of a subject in a store",
                                    .use =
                                        "NAME --definition FILE --subject ID [--consent PURPOSE]",
                                    .details = "What no consent permits is denied, but to the "
                                               "subject; for care, --consent care is needed.\n",
                                    .option = options,
                                    .argument_count = 1,
                                    .run = run};
