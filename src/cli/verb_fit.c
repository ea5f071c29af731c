/* verb_fit.c - gemel fit: what the data say about each subject's parameters, or about those of a
 * PEtab problem. */
#include "cli/cli.h"
#include "cli/fit_petab.h"

static gm_status fit_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)i;
  gm_json_writer j;
  gm_json_write_begin(&j, &r->json, 1);
  gm_json_write_object(&j, NULL);
  gm_status s = cli_json_twin(ctx, t, &j);
  gm_json_write_object_end(&j);
  if (!s) s = cli_show_twin(ctx, t, &r->text);
  cli_warn_twin(b->c, t, &r->text);
  if (!s) s = cli_show_parameters(ctx, t, &r->text);
  gm_text_add(&r->text, "\n");
  if (!s) s = r->text.status ? r->text.status : r->json.status;
  return s;
}

static int run(cli *c)
{
  static const char *const petab[] = {"starts", "nominal", "out", "simulation"};
  if (cli_is_petab(c->ctx, c->argument[0])) return cli_fit_petab(c);
  for (int i = 0; i < 4; i++)
    if (cli_has(c, petab[i]))
      return cli_say(c, CLI_BAD, "fit: --%s is for PEtab problems; %s is none", petab[i],
                     c->argument[0]);
  return cli_batch_verb(c, fit_one);
}

static const cli_option options[] = {
    {"data", "FILE", "what was given and measured (NM-TRAN-style CSV)", GM_OPTION_READ},
    {"subject", "ID", "this subject only", true},
    {"now", "T", "learn from data at or before this time", false},
    {"follow", NULL, "take the data one time after the other: evidence, alarm, no mode", false},
    {"starts", "N", "PEtab: searches, the first from the nominal values (default 10)", false},
    {"nominal", NULL, "PEtab: no search, the objective at the nominal values", false},
    {"out", "FILE", "PEtab: the parameter table with the best values", GM_OPTION_WRITTEN},
    {"simulation", "FILE", "PEtab: the simulation table", GM_OPTION_WRITTEN},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_fit = {
    .name = "fit",
    .summary = "learn each subject's parameters from data",
    .use = "DEFINITION --data FILE [--subject ID] [--now T]\n"
           "     gemel fit PROBLEM.yaml [--starts N | --nominal] [--out FILE] [--simulation FILE]",
    .details =
        "Prints for every subject the typical value of each parameter (for its covariates), the "
        "mode\nof the belief, its median and central 90 %, how well the model fits, and health.\n"
        "\nA problem in the format PEtab, version 1, is fitted as a whole: the most probable "
        "values "
        "of\nits parameters from several starts, with standard errors, llh, chi2, AIC and BIC.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
