/* verb_propose.c - gemel propose: the best of the definition's actions under its limits. */
#include "cli/cli.h"

static gm_status propose_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)i;
  gm_proposal *p = NULL;
  gm_json_writer j;
  gm_json_write_begin(&j, &r->json, 1);
  gm_status s = gm_propose(ctx, t, cli_t_end(b->study, t), b->inner, &p);
  if (!s) {
    r->partial = p->comparison->plan_count < p->comparison->asked;
    gm_json_write_object(&j, NULL);
    s = cli_json_twin(ctx, t, &j);
    cli_json_comparison(t, p->comparison, &j);
    cli_json_proposal(t, p, &j);
    gm_json_write_object_end(&j);
  }
  if (!s) s = cli_show_twin(ctx, t, &r->text);
  if (!s) {
    cli_warn_twin(b->c, t, &r->text);
    cli_show_proposal(ctx, t, p, &r->text);
    gm_text_add(&r->text, "\n");
    s = r->text.status ? r->text.status : r->json.status;
  }
  gm_proposal_free(p);
  return s;
}

static int run(cli *c) { return cli_batch_verb(c, propose_one); }

static const cli_option options[] = {
    {"data", "FILE", "what was given and measured (NM-TRAN-style CSV)", GM_OPTION_READ},
    {"subject", "ID", "this subject only", true},
    {"now", "T", "learn from data at or before this time", false},
    {"horizon", "T", "how far to look after now", false},
    {"follow", NULL, "take the data one time after the other: evidence, alarm, no mode", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_propose = {
    .name = "propose",
    .summary = "rank the allowed treatments for a subject",
    .use = "DEFINITION --data FILE [--subject ID] [--now T] [--horizon T]",
    .details = "Tries the doses and intervals of the definition's actions, leaves out what a limit "
               "forbids,\nand ranks the rest by the definition's targets. A person decides. After "
               "Ctrl-C the plans\nthat were compared are ranked, and none is proposed (code 1).\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
