/* verb_simulate.c - gemel simulate: outputs of a model or a definition as a table. */
#include "cli/simulate.h"
#include <math.h>
#include <string.h>

gm_status simulate_times(simulate_table *s, const char *time_unit, double begin, double t_end)
{
  gm_ctx *ctx = s->c->ctx;
  const char *to = cli_value(s->c, "to"), *step = cli_value(s->c, "every");
  double every = NAN;
  gm_status st = to ? cli_time(ctx, "--to", to, time_unit, &t_end) : GM_OK;
  if (!st && !(t_end >= begin))
    st = gm_fail(ctx, GM_EDOMAIN, "--to %g lies before the beginning, %g", t_end, begin);
  if (!st && step) st = cli_time(ctx, "--every", step, time_unit, &every);
  if (st) return st;
  if (!step) every = t_end > begin ? (t_end - begin) / 100 : 1;
  if (!(every > 0) || (t_end - begin) / every > SIMULATE_TIMES_MAX)
    return gm_fail(ctx, GM_ERANGE, "--every %g: a time > 0 that makes at most %d rows is expected",
                   every, SIMULATE_TIMES_MAX);
  s->time_count = (int32_t)floor((t_end - begin) / every + 1e-9) + 1;
  s->time = gm_alloc(ctx, s->time_count, sizeof *s->time);
  if (!s->time) return gm_fail(ctx, GM_ENOMEM, "%d times", (int)s->time_count);
  for (int32_t i = 0; i < s->time_count; i++) s->time[i] = begin + i * every;
  return GM_OK;
}

/* ---- the table ----------------------------------------------------------------------------- */
static void csv_text(gm_text *out, const char *text)
{
  bool quote = strpbrk(text, ",\"\n\r") != NULL;
  if (quote) gm_text_add(out, "\"");
  for (; *text; text++) {
    if (*text == '"') gm_text_add(out, "\"");
    gm_text_addn(out, text, 1);
  }
  if (quote) gm_text_add(out, "\"");
}

static void comma(simulate_table *s)
{
  gm_text *out = &s->c->out;
  if (out->bytes && out->data[out->bytes - 1] != '\n') gm_text_add(out, ",");
}

void simulate_head(simulate_table *s, bool id, bool member, const char *time_unit)
{
  if (s->c->json) {
    cli_json_begin(&s->j, &s->c->out);
    cli_json_object(&s->j, NULL);
    cli_json_text(&s->j, "gemel", gm_version());
    cli_json_text(&s->j, "verb", "simulate");
    cli_json_int(&s->j, "seed", (int64_t)s->c->seed);
    cli_json_array(&s->j, "columns");
  }
  if (id) simulate_column(s, "id", "");
  if (member) simulate_column(s, "member", "");
  simulate_column(s, "time", time_unit);
}

void simulate_column(simulate_table *s, const char *name, const char *unit)
{
  gm_text *out = &s->c->out;
  if (s->c->json) {
    cli_json_object(&s->j, NULL);
    cli_json_text(&s->j, "name", name);
    cli_json_text(&s->j, "unit", unit);
    cli_json_end_object(&s->j);
    return;
  }
  comma(s);
  gm_text_add(out, name);
  if (unit[0]) gm_text_addf(out, " [%s]", unit);
}

void simulate_head_end(simulate_table *s)
{
  if (s->c->json) {
    cli_json_end_array(&s->j);
    cli_json_array(&s->j, "rows");
  } else {
    gm_text_add(&s->c->out, "\n");
  }
}

void simulate_row(simulate_table *s, const char *id, int32_t member, double time)
{
  gm_text *out = &s->c->out;
  if (s->c->json) {
    cli_json_array(&s->j, NULL);
    if (id) cli_json_text(&s->j, NULL, id);
    if (member >= 0) cli_json_int(&s->j, NULL, member + 1);
  } else {
    if (id) csv_text(out, id);
    if (member >= 0) gm_text_addf(out, "%s%d", id ? "," : "", (int)member + 1);
  }
  simulate_cell(s, time);
}

void simulate_cell(simulate_table *s, double v)
{
  if (s->c->json) {
    cli_json_number(&s->j, NULL, v);
    return;
  }
  comma(s);
  if (isfinite(v)) gm_text_addf(&s->c->out, "%.10g", v);
}

void simulate_row_end(simulate_table *s)
{
  if (s->c->json)
    cli_json_end_array(&s->j);
  else
    gm_text_add(&s->c->out, "\n");
}

/* ---- the verb ------------------------------------------------------------------------------ */
static int run(cli *c)
{
  simulate_table s = {.c = c};
  bool model = cli_ends_with(c->argument[0], ".ant");
  const char *only[] = {"data", "subject", "population"};
  for (int i = 0; i < 3 && model; i++)
    if (cli_has(c, only[i]))
      return cli_say(c, CLI_BAD, "--%s needs a definition; %s is a model", only[i], c->argument[0]);
  gm_status st = model ? simulate_model(&s) : simulate_definition(&s);
  gm_free(s.time);
  if (st) return cli_fail(c, st);
  if (c->json) {
    cli_json_end_array(&s.j);
    cli_json_int(&s.j, "failed", s.failed);
    cli_json_end_object(&s.j);
    gm_text_add(&c->out, "\n");
  }
  if (s.failed)
    return cli_say(c, CLI_NO, "%d members did not get through: their cells are empty",
                   (int)s.failed);
  return CLI_DONE;
}

static const cli_option options[] = {
    {"data", "FILE", "subjects and what was given to them (definition)", false},
    {"subject", "ID", "this subject of the data only", true},
    {"set", "NAME=VALUE", "a parameter of the model, or a covariate of the definition", true},
    {"dose", "TEXT", "a dose, see above; instead of what the data say was given", true},
    {"to", "T", "last time (default: the last record, or ten days)", false},
    {"every", "T", "time between rows (default: a hundredth)", false},
    {"population", "N", "N members drawn from the population (definition)", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_simulate = {
    .name = "simulate",
    .summary = "outputs of a model or a definition over time, as CSV",
    .use = "DEFINITION|MODEL.ant [--data FILE] [--dose TEXT] [--to T] [--every T] [--population N]",
    .details =
        "A dose is AMOUNT [UNIT] [into NAME] [at T] [over T] [every T] [times N]:\n\n"
        "  gemel simulate model.ant --dose \"100 into depot at 0 every 24 times 7\" --to 168\n"
        "\nA definition without --population gives the typical subject; its values have no "
        "noise of\nmeasurement. Cells of a member that diverged stay empty (code 1).\n",
    .option = options,
    .argument_count = 1,
    .run = run};
