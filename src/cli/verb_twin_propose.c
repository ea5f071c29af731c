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

typedef struct {
  cli_keep *k;
  cli_age age;
  const gm_twin *t;
  const gm_proposal *p;
  const gm_receipt *r;
} shown;

static void json_show(cli *c, const shown *x)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, "record", x->r->seq);
  cli_age_json(c, x->k, &x->age, &j);
  gm_json_write_number(&j, "now_s", gm_life_unix_s(x->k->life, x->t->t_now));
  cli_json_comparison(x->t, x->p->comparison, &j);
  cli_json_proposal(x->t, x->p, &j);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static void text_show(cli *c, const shown *x)
{
  char when[40];
  long long seq = (long long)x->r->seq;
  cli_age_show(c, x->k, &x->age, &c->out);
  gm_text_addf(&c->out, "plans begin at %s\n",
               cli_unix_text(gm_life_unix_s(x->k->life, x->t->t_now), when));
  cli_warn_twin(c, x->t, &c->out);
  cli_show_proposal(c->ctx, x->t, x->p, &c->out);
  gm_text_addf(&c->out,
               "Kept as record %lld. A person decides: gemel twin decide %s --proposal %lld "
               "--decision ... --why ...\n",
               seq, c->argument[0], seq);
}

static gm_status show(cli *c, const shown *x)
{
  const char *fhir = cli_value(c, "fhir");
  if (c->json)
    json_show(c, x);
  else
    text_show(c, x);
  gm_status s = fhir ? fhir_write(c, x->k, x->p, x->r, fhir) : GM_OK;
  if (!s && fhir && !c->json) gm_text_addf(&c->out, "As FHIR R4: %s\n", fhir);
  return s;
}

static gm_status make(cli *c, cli_keep *k, gm_proposal **p, gm_receipt *r)
{
  const gm_twin *t = NULL;
  gm_model_info info;
  double horizon = NAN;
  gm_status s = gm_life_belief(k->life, c->ctx, &t);
  if (!s && !t) s = gm_fail(c->ctx, GM_ENOTFOUND, "twin %s has no belief yet", c->argument[0]);
  gm_model_get_info(gm_life_definition(k->life)->model, &info);
  if (!s && cli_value(c, "horizon"))
    s = cli_time(c->ctx, "--horizon", cli_value(c, "horizon"), info.time_unit, &horizon);
  if (!s && cli_value(c, "fhir")) s = cli_fhir_may(c, k, GM_RECORD_PROPOSAL, GM_CLASS_DERIVED);
  return s ? s : gm_life_propose(k->life, c->ctx, horizon, p, r);
}

/* A twin whose data stopped is no twin: what it would propose is for a patient of some time ago. */
static int withheld(const cli *c, const cli_age *a)
{
  if (!a->may || a->state.is_twin || !a->state.beliefs || cli_has(c, "anyway")) return CLI_DONE;
  return cli_say(
      c, CLI_NO,
      "twin %.80s: nothing is proposed by a model that is no twin: %s; --anyway proposes "
      "all the same",
      c->argument[0], a->state.link);
}

static int propose(cli *c, cli_keep *k)
{
  gm_proposal *p = NULL;
  gm_receipt r = {0};
  shown x = {.k = k, .r = &r};
  int code = cli_age_look(c, k, &x.age);
  if (!code) code = withheld(c, &x.age);
  if (code) return code;
  gm_status s = make(c, k, &p, &r);
  x.p = p;
  if (!s) s = gm_life_belief(k->life, c->ctx, &x.t); /* the one before may be gone */
  if (!s) s = show(c, &x);
  gm_proposal_free(p);
  return s ? cli_fail(c, s) : CLI_DONE;
}

static int run(cli *c)
{
  cli_keep k = {0};
  int code = cli_keep_life(c, &k);
  if (!code) code = propose(c, &k);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"horizon", "T", "how far to look (the definition's)", false},
    {"fhir", "FILE", "write it as FHIR R4 too: drafts of intent proposal", GM_OPTION_WRITTEN},
    {"now", "TIME", "ages are counted from then (the clock)", false},
    {"anyway", NULL, "propose although the twin's data have stopped", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_propose = {
    .name = "twin propose",
    .summary = "rank the allowed treatments for a twin, and keep that",
    .use = "NAME [--horizon T] [--fhir FILE] [--now TIME] [--anyway]",
    .details = "A person decides (gemel twin decide). Code 1, and nothing is kept: its data have "
               "stopped.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
