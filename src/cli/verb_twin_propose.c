/* verb_twin_propose.c - gemel twin propose: the allowed treatments ranked, kept in the thread. */
#include "cli/keep.h"
#include <math.h>

static gm_status propose(cli *c, cli_keep *k)
{
  const gm_twin *t = NULL;
  gm_proposal *p = NULL;
  gm_receipt r = {0};
  gm_model_info info;
  double horizon = NAN;
  gm_status s = gm_life_belief(k->life, c->ctx, &t);
  if (!s && !t) s = gm_fail(c->ctx, GM_ENOTFOUND, "twin %s has no belief yet", c->argument[0]);
  gm_model_get_info(gm_life_definition(k->life)->model, &info);
  if (!s && cli_value(c, "horizon"))
    s = cli_time(c->ctx, "--horizon", cli_value(c, "horizon"), info.time_unit, &horizon);
  if (!s) s = gm_life_propose(k->life, c->ctx, horizon, &p, &r);
  if (s) return s;
  if (c->json) {
    cli_json j;
    cli_json_begin(&j, &c->out);
    cli_json_object(&j, NULL);
    cli_json_int(&j, "record", r.seq);
    cli_json_comparison(t, p->comparison, &j);
    cli_json_proposal(t, p, &j);
    cli_json_end_object(&j);
    gm_text_add(&c->out, "\n");
  } else {
    cli_warn_twin(c, t, &c->out);
    cli_show_proposal(c->ctx, t, p, &c->out);
    gm_text_addf(&c->out,
                 "Kept as record %lld. A person decides: gemel twin decide %s --proposal %lld "
                 "--decision ... --why ...\n",
                 (long long)r.seq, c->argument[0], (long long)r.seq);
  }
  gm_proposal_free(p);
  return GM_OK;
}

static int run(cli *c)
{
  cli_keep k = {0};
  int code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK : propose(c, &k);
  if (s) code = cli_fail(c, s);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {{"horizon", "T", "how far to look (the definition's)", false},
                                     CLI_KEEP_OPTIONS,
                                     {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_propose = {.name = "twin propose",
                                        .summary =
                                            "rank the allowed treatments for a twin, and keep that",
                                        .use = "NAME [--horizon T]",
                                        .details = "A person decides (gemel twin decide).\n",
                                        .option = options,
                                        .argument_count = 1,
                                        .run = run};
