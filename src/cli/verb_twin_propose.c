/* verb_twin_propose.c - gemel twin propose: the allowed treatments ranked, kept in the thread. */
#include "cli/twin_fhir.h"
#include <math.h>
#include <stdio.h>

/* The proposal as drafts for somebody to decide on, with the patient and the twin they name. */
static gm_status fhir_write(cli *c, cli_keep *k, const gm_proposal *p, const gm_receipt *r,
                            const char *path)
{
  gm_fhir_out *w = NULL;
  gm_text out;
  char id[40];
  snprintf(id, sizeof id, "proposal-%lld", (long long)r->seq);
  gm_fhir_out_proposal x = {.id = id, .proposal = p, .issued_s = (double)r->t_learned * 1e-6};
  gm_text_init(&out, c->ctx);
  gm_status s = cli_fhir_begin(c, k, x.issued_s, NULL, &out, &w);
  if (!s) s = cli_fhir_device(c, k, w);
  if (!s) s = gm_fhir_out_proposal_add(w, &x);
  if (!s) s = gm_fhir_out_end(w);
  if (!s) s = cli_fhir_note(c, k, 1);
  if (!s) s = cli_write(c->ctx, path, &out);
  gm_fhir_out_free(w);
  gm_text_free(&out);
  return s;
}

static void json_show(cli *c, const gm_twin *t, const gm_proposal *p, const gm_receipt *r)
{
  gm_json_writer j;
  gm__json_write_begin(&j, &c->out, 1);
  gm__json_write_object(&j, NULL);
  gm__json_write_int(&j, "record", r->seq);
  cli_json_comparison(t, p->comparison, &j);
  cli_json_proposal(t, p, &j);
  gm__json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static void text_show(cli *c, const gm_twin *t, const gm_proposal *p, const gm_receipt *r)
{
  cli_warn_twin(c, t, &c->out);
  cli_show_proposal(c->ctx, t, p, &c->out);
  gm_text_addf(&c->out,
               "Kept as record %lld. A person decides: gemel twin decide %s --proposal %lld "
               "--decision ... --why ...\n",
               (long long)r->seq, c->argument[0], (long long)r->seq);
}

static gm_status propose(cli *c, cli_keep *k)
{
  const gm_twin *t = NULL;
  gm_proposal *p = NULL;
  gm_receipt r = {0};
  gm_model_info info;
  double horizon = NAN;
  const char *fhir = cli_value(c, "fhir");
  gm_status s = gm_life_belief(k->life, c->ctx, &t);
  if (!s && !t) s = gm_fail(c->ctx, GM_ENOTFOUND, "twin %s has no belief yet", c->argument[0]);
  gm_model_get_info(gm_life_definition(k->life)->model, &info);
  if (!s && cli_value(c, "horizon"))
    s = cli_time(c->ctx, "--horizon", cli_value(c, "horizon"), info.time_unit, &horizon);
  if (!s && fhir) s = cli_fhir_may(c, k, GM_RECORD_PROPOSAL, GM_CLASS_DERIVED);
  if (!s) s = gm_life_propose(k->life, c->ctx, horizon, &p, &r);
  if (s) return s;
  if (c->json)
    json_show(c, t, p, &r);
  else
    text_show(c, t, p, &r);
  if (fhir) s = fhir_write(c, k, p, &r, fhir);
  if (!s && fhir && !c->json) gm_text_addf(&c->out, "As FHIR R4: %s\n", fhir);
  gm_proposal_free(p);
  return s;
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

static const cli_option options[] = {
    {"horizon", "T", "how far to look (the definition's)", false},
    {"fhir", "FILE", "write it as FHIR R4 too: drafts of intent proposal", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_propose = {.name = "twin propose",
                                        .summary =
                                            "rank the allowed treatments for a twin, and keep that",
                                        .use = "NAME [--horizon T] [--fhir FILE]",
                                        .details = "A person decides (gemel twin decide).\n",
                                        .option = options,
                                        .argument_count = 1,
                                        .run = run};
