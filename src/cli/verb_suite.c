/* verb_suite.c - gemel suite: runs a copy of the SBML Test Suite, cases side by side. For those who
 * work on the engine: it is not listed among the verbs; tools/sbml-suite calls it. */
#include "cli/suite.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  cli *c;
  const char *folder;
  suite_list number;
  suite_options options;
  suite_result *result; /* [number.count] */
} suite;

/* ",TAG,TAG,": each tag once. NULL: none, or no memory. */
static char *tags_text(gm_ctx *ctx, const suite_case *c)
{
  const suite_list *list[2] = {&c->component_tag, &c->test_tag};
  gm_text t;
  gm_text_init(&t, ctx);
  for (int k = 0; k < 2; k++)
    for (int32_t i = 0; i < list[k]->count; i++)
      if (k == 0 || !suite_list_has(list[0], list[k]->text[i]))
        gm_text_addf(&t, ",%s", list[k]->text[i]);
  char *copy = t.bytes && !t.status ? gm_strdup(ctx, t.data) : NULL;
  gm_text_free(&t);
  return copy;
}

static gm_status one_case(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  (void)worker;
  suite *u = user;
  suite_result *r = &u->result[task];
  suite_case c;
  if (cli_interrupted()) return GM_OK;
  gm_status s = suite_case_open(ctx, u->folder, u->number.text[task], &c);
  r->class = c.class;
  if (!s) {
    r->tags = tags_text(ctx, &c);
    s = suite_run(&c, &u->options, r);
    r->class = c.class;
  } else if (s != GM_ENOMEM) {
    r->outcome = SUITE_BROKEN;
    snprintf(r->why, sizeof r->why, "%s", gm_message(ctx));
    s = GM_OK;
  }
  suite_case_close(&c);
  if (s == GM_ECANCELLED) {
    r->outcome = SUITE_SKIPPED;
    s = GM_OK;
  }
  cli_progress_step(&u->c->progress);
  return s;
}

static gm_status options_take(suite *u)
{
  cli *c = u->c;
  const char *replicates = cli_value(c, "replicates");
  double n = 10000;
  gm_status s = replicates ? cli_number_read(c->ctx, "--replicates", replicates, &n) : GM_OK;
  if (!s && (n != floor(n) || n < 10 || n > 1e7))
    s = gm_fail(c->ctx, GM_ERANGE,
                "--replicates %s: a whole number from 10 to 10000000 is expected", replicates);
  u->options = (suite_options){
      .seed = c->seed, .replicates = s ? 0 : (int32_t)n, .out = cli_value(c, "out")};
  if (!s) s = cli_solver(c, &u->options.solver);
  if (!s && u->options.out) s = cli_folder_make(c->ctx, u->options.out);
  return s;
}

static int verdict(const suite *u)
{
  int32_t bad = 0, skipped = 0;
  for (int32_t i = 0; i < u->number.count; i++) {
    suite_outcome o = u->result[i].outcome;
    bad += o == SUITE_WRONG || o == SUITE_BROKEN;
    skipped += o == SUITE_SKIPPED;
  }
  if (skipped) cli_say(u->c, CLI_NO, "stopped: %d cases were not run", (int)skipped);
  return bad || skipped ? CLI_NO : CLI_DONE;
}

static int run(cli *c)
{
  suite u = {.c = c, .folder = c->argument[0]};
  gm_status s = options_take(&u);
  if (!s) s = suite_numbers(c->ctx, u.folder, cli_value(c, "cases"), &u.number);
  if (!s) u.result = gm_alloc(c->ctx, u.number.count, sizeof *u.result);
  if (!s && !u.result) s = gm_fail(c->ctx, GM_ENOMEM, "cases");
  for (int32_t i = 0; i < u.number.count && !s; i++) u.result[i].number = u.number.text[i];
  cli_progress_begin(&c->progress, "cases", u.number.count);
  if (!s) s = gm_pool_run(c->pool, c->ctx, u.number.count, one_case, &u);
  if (!s) s = suite_show(c, u.result, u.number.count);
  int code = s ? cli_fail(c, s) : verdict(&u);
  for (int32_t i = 0; i < u.number.count && u.result; i++) gm_free(u.result[i].tags);
  gm_free(u.result);
  gm_free(u.number.text);
  return code;
}

static const cli_option options[] = {
    {"cases", "FILE", "only these: numbers in the first column of a file", GM_OPTION_READ},
    {"out", "DIR", "writes NNNNN.csv, what was computed, into a folder", false},
    {"solver", "WORD", "auto, explicit or stiff (default auto)", false},
    {"replicates", "N", "runs of a stochastic case (default 10000)", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_suite = {
    .name = "suite",
    .summary = "", /* not listed */
    .use = "DIR [--cases FILE] [--out DIR] [--replicates N] [--solver WORD]",
    .details = "DIR is a copy of cases/semantic or cases/stochastic of the SBML Test Suite; the "
               "newest level and\nversion of each case is run. A line a case: match, refused "
               "(with the reason), wrong (the first\npoint outside the case's tolerance), broken "
               "(its files cannot be read); then totals per tag and\nclass. Code 1 when a case is "
               "wrong or broken.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
