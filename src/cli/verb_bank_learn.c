/* verb_bank_learn.c - gemel bank learn: a prior from the twins whose subjects permit it. */
#include "cli/keep.h"
#include "gemel/prior.h"
#include <math.h>

static void show(cli *c, const gm_definition *d, const gm_prior *p)
{
  cli_table t;
  cli_table_init(&t, c->ctx, 5);
  static const char *const head[] = {"effect of", "mean", "+-", "spread", "spread before"};
  for (int i = 0; i < 5; i++) cli_table_cell(&t, "%s", head[i]);
  for (int32_t i = 0; i < d->parameter_count; i++) {
    int32_t e = d->parameter[i].eta;
    if (e < 0) continue;
    cli_table_cell(&t, "%s", d->parameter[i].name);
    cli_table_number(&t, p->mean[e]);
    cli_table_number(&t, p->mean_error[e]);
    cli_table_number(&t, sqrt(p->omega[e * p->eta_count + e]));
    cli_table_number(&t, d->parameter[i].spread_sd);
  }
  cli_table_write(&t, false, &c->out);
  gm_text_addf(&c->out, "learned from %d subjects in %d steps; least effective members %.0f\n",
               (int)p->subjects, (int)p->iterations, p->ess_least);
  if (p->ess_least < 50)
    gm_text_add(&c->out,
                "  WARNING: a twin's members hardly reach what was learned; renew the twins "
                "under it and learn again\n");
  if (!p->converged) gm_text_add(&c->out, "  WARNING: not converged\n");
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_prior *p = NULL;
  gm_definition *d = NULL;
  gm_text text;
  const char *path = cli_value(c, "out");
  if (!path) return cli_say_use(c, "--out is missing");
  gm_text_init(&text, c->ctx);
  int code = cli_keep_open(c, false, &k);
  gm_status s = code ? GM_OK : gm_definition_read(c->ctx, c->argument[0], &d);
  if (!code && !s) s = cli_definition_apart(c->ctx, path, d);
  if (!code && !s) s = gm_prior_learn(c->ctx, k.session, c->argument[0], &c->watch, &p);
  if (!code && !s) {
    gm_prior_write(p, &text);
    s = cli_write(c->ctx, path, &text);
  }
  if (s) code = cli_fail(c, s);
  if (!code && c->json)
    gm_text_addn(&c->out, text.data, text.bytes);
  else if (!code)
    show(c, d, p);
  gm_prior_free(p);
  gm_definition_free(d);
  gm_text_free(&text);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {{"out", "FILE", "the learned prior", GM_OPTION_WRITTEN},
                                     CLI_KEEP_OPTIONS,
                                     {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_learn = {
    .name = "bank learn",
    .summary = "learn a population from the twins whose subjects permit it",
    .use = "DEFINITION --out FILE --as researcher:NAME --for model-training",
    .details = "Only twins whose consents permit model-training are learned from, and at least 11 "
               "of them. The "
               "prior is put\nunder a twin by gemel twin migrate --prior.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
