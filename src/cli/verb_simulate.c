/* verb_simulate.c - gemel simulate: outputs of a model or a definition as a table. */
#include "cli/simulate.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- times ---------------------------------------------------------------------------------- */
gm_status simulate_refuse(const cli *c, const char *const *name, const char *why)
{
  for (; *name; name++)
    if (cli_has(c, *name)) return gm_fail(c->ctx, GM_EINVAL, "--%s %s", *name, why);
  return GM_OK;
}

gm_status simulate_whole(const cli *c, const char *name, double least, double most, int32_t *out)
{
  const char *text = cli_value(c, name);
  double v = least;
  char what[40];
  snprintf(what, sizeof what, "--%.30s", name);
  gm_status s = text ? cli_number_read(c->ctx, what, text, &v) : GM_OK;
  if (!s && !(v == floor(v) && v >= least && v <= most))
    s = gm_fail(c->ctx, GM_ERANGE, "%s %.40s: a whole number from %.0f to %.0f is expected", what,
                text, least, most);
  if (!s && text) *out = (int32_t)v;
  return s;
}

/* "0, 1 h, 7" of --times. */
static gm_status times_listed(simulate_table *s, const char *list, const char *time_unit)
{
  static const char *const other[] = {"from", "to", "every", "steps", NULL};
  gm_ctx *ctx = s->c->ctx;
  int32_t room = 1;
  gm_status st = simulate_refuse(s->c, other, "is not for use with --times, which lists all rows");
  for (const char *at = list; *at; at++) room += *at == ',';
  s->time = gm_alloc(ctx, room, sizeof *s->time);
  if (!s->time) return gm_fail(ctx, GM_ENOMEM, "%d times", (int)room);
  for (const char *at = list; !st; at++) {
    char word[64];
    at += strspn(at, " \t");
    size_t n = strcspn(at, ",");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), at);
    double *t = &s->time[s->time_count];
    st = cli_time(ctx, "--times", word, time_unit, t);
    if (!st && s->time_count++ > 0 && !(t[0] > t[-1]))
      st = gm_fail(ctx, GM_EDOMAIN, "--times: times that grow are expected; %g follows %g", t[0],
                   t[-1]);
    at += n;
    if (!*at) break;
  }
  return st;
}

static gm_status every_take(simulate_table *s, const char *time_unit, double length, double *every)
{
  gm_ctx *ctx = s->c->ctx;
  const char *step = cli_value(s->c, "every");
  int32_t steps = 100;
  gm_status st = simulate_whole(s->c, "steps", 1, SIMULATE_TIMES_MAX, &steps);
  if (!st && step && cli_has(s->c, "steps"))
    st = gm_fail(ctx, GM_EINVAL, "--every or --steps is expected, not both");
  if (!st && step) st = cli_time(ctx, "--every", step, time_unit, every);
  if (st) return st;
  s->time_count = length > 0 ? steps + 1 : 1;
  if (!step) return GM_OK;
  if (!(*every > 0) || length / *every > SIMULATE_TIMES_MAX)
    return gm_fail(ctx, GM_ERANGE, "--every %g: a time > 0 that makes at most %d rows is expected",
                   *every, SIMULATE_TIMES_MAX);
  s->time_count = (int32_t)floor(length / *every + 1e-9) + 1;
  return GM_OK;
}

gm_status simulate_times(simulate_table *s, const char *time_unit, double begin, double t_end)
{
  gm_ctx *ctx = s->c->ctx;
  const char *from = cli_value(s->c, "from"), *to = cli_value(s->c, "to");
  const char *list = cli_value(s->c, "times");
  if (list) return times_listed(s, list, time_unit);
  double every = NAN;
  gm_status st = from ? cli_time(ctx, "--from", from, time_unit, &begin) : GM_OK;
  if (!st && to) st = cli_time(ctx, "--to", to, time_unit, &t_end);
  if (!st && !(t_end >= begin))
    st = gm_fail(ctx, GM_EDOMAIN, "--to %g lies before the beginning, %g", t_end, begin);
  if (!st) st = every_take(s, time_unit, t_end - begin, &every);
  if (st) return st;
  s->time = gm_alloc(ctx, s->time_count, sizeof *s->time);
  if (!s->time) return gm_fail(ctx, GM_ENOMEM, "%d times", (int)s->time_count);
  int32_t steps = s->time_count > 1 ? s->time_count - 1 : 1;
  for (int32_t i = 0; i < s->time_count; i++)
    s->time[i] = begin + (isnan(every) ? i * (t_end - begin) / steps : i * every);
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

void simulate_head(simulate_table *s, bool id, const char *member, const char *time_unit)
{
  if (s->c->json) {
    gm_json_write_begin(&s->j, &s->c->out, 1);
    gm_json_write_object(&s->j, NULL);
    gm_json_write_text(&s->j, "gemel", gm_version());
    gm_json_write_text(&s->j, "verb", "simulate");
    gm_json_write_int(&s->j, "seed", (int64_t)s->c->seed);
    gm_json_write_array(&s->j, "columns");
  }
  if (id) simulate_column(s, "id", "");
  if (member) simulate_column(s, member, "");
  simulate_column(s, "time", time_unit);
}

void simulate_column(simulate_table *s, const char *name, const char *unit)
{
  gm_text *out = &s->c->out;
  if (s->c->json) {
    gm_json_write_object(&s->j, NULL);
    gm_json_write_text(&s->j, "name", name);
    gm_json_write_text(&s->j, "unit", unit);
    gm_json_write_object_end(&s->j);
    return;
  }
  gm_text heading;
  gm_text_init(&heading, s->c->ctx);
  gm_text_addf(&heading, "%s%s%s%s", name, unit[0] ? " [" : "", unit, unit[0] ? "]" : "");
  comma(s);
  csv_text(out, heading.data ? heading.data : name);
  if (heading.status && !out->status) out->status = heading.status;
  gm_text_free(&heading);
}

void simulate_number(gm_text *out, double v)
{
  if (isinf(v))
    gm_text_add(out, v > 0 ? "INF" : "-INF");
  else if (!isnan(v))
    gm_text_addf(out, "%.10g", v);
}

void simulate_head_end(simulate_table *s)
{
  if (s->c->json) {
    gm_json_write_array_end(&s->j);
    gm_json_write_array(&s->j, "rows");
  } else {
    gm_text_add(&s->c->out, "\n");
  }
}

void simulate_row(simulate_table *s, const char *id, int32_t member, double time)
{
  gm_text *out = &s->c->out;
  if (s->c->json) {
    gm_json_write_array(&s->j, NULL);
    if (id) gm_json_write_text(&s->j, NULL, id);
    if (member >= 0) gm_json_write_int(&s->j, NULL, member + 1);
  } else {
    if (id) csv_text(out, id);
    if (member >= 0) gm_text_addf(out, "%s%d", id ? "," : "", (int)member + 1);
  }
  simulate_cell(s, time);
}

void simulate_cell(simulate_table *s, double v)
{
  if (s->c->json) {
    gm_json_write_number(&s->j, NULL, v);
    return;
  }
  comma(s);
  simulate_number(&s->c->out, v);
}

void simulate_row_end(simulate_table *s)
{
  if (s->c->json)
    gm_json_write_array_end(&s->j);
  else
    gm_text_add(&s->c->out, "\n");
}

/* ---- the verb ------------------------------------------------------------------------------ */
static int finish(simulate_table *s)
{
  cli *c = s->c;
  bool stopped = s->rows < s->rows_asked;
  if (c->json && s->j.depth) { /* a table; fluxes are complete */
    gm_json_write_array_end(&s->j);
    gm_json_write_int(&s->j, "failed", s->failed);
    gm_json_write_bool(&s->j, "stopped", stopped);
    gm_json_write_object_end(&s->j);
    gm_text_add(&c->out, "\n");
  }
  int code = CLI_DONE;
  if (s->no) code = cli_say(c, CLI_NO, "%s", s->no);
  if (stopped)
    code = cli_say(c, CLI_NO, "stopped: %lld of %lld rows done", (long long)s->rows,
                   (long long)s->rows_asked);
  if (s->failed)
    code = cli_say(c, CLI_NO,
                   "%d of the members did not get through (no finite value, or too many steps): "
                   "their cells are empty from there",
                   (int)s->failed);
  return code;
}

static int run(cli *c)
{
  static const char *const of_definition[] = {"data", "subject", "population", NULL};
  static const char *const of_model[] = {
      "variables", "amounts",    "concentrations", "rtol",    "atol", "step-longest",
      "solver",    "stochastic", "replicates",     "summary", NULL};
  simulate_table s = {.c = c};
  bool model = cli_is_model(c->argument[0]);
  char why[300];
  snprintf(why, sizeof why, "needs a %s; %.200s is a %s", model ? "definition" : "model",
           c->argument[0], model ? "model" : "definition");
  gm_status st = simulate_refuse(c, model ? of_definition : of_model, why);
  if (!st) st = model ? simulate_model(&s) : simulate_definition(&s);
  gm_free(s.time);
  return st ? cli_fail(c, st) : finish(&s);
}

static const cli_option options[] = {
    {"from", "T", "first row (default 0, or the first record)", false},
    {"to", "T", "last row (default: the last record, or ten days)", false},
    {"every", "T", "time between rows (default: a hundredth)", false},
    {"steps", "N", "N intervals between rows instead", false},
    {"times", "T,T,...", "just these rows", false},
    {"set", "NAME=VALUE", "a parameter of the model, or a covariate of the definition", true},
    {"dose", "TEXT", "a dose, see above; instead of what the data say was given", true},
    {"variables", "LIST", "model: names or expressions, with commas between; NAME=EXPR too", true},
    {"amounts", NULL, "model: species as amounts", false},
    {"concentrations", NULL, "model: species as concentrations", false},
    {"rtol", "X", "model: relative tolerance (default 1e-8)", false},
    {"atol", "X", "model: absolute tolerance (default 1e-10)", false},
    {"step-longest", "T", "model: no step longer than this, so that no short pulse is missed",
     false},
    {"solver", "WORD", "model: auto, explicit or stiff (default auto)", false},
    {"stochastic", "WORD", "model: reactions as random jumps: exact, tau or hybrid", false},
    {"replicates", "N", "model: N runs that differ by what they draw", false},
    {"summary", NULL, "model: mean and standard deviation of the replicates", false},
    {"data", "FILE", "definition: subjects and what was given to them", GM_OPTION_READ},
    {"subject", "ID", "definition: this subject of the data only", true},
    {"population", "N", "definition: N members drawn from the population", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_simulate = {
    .name = "simulate",
    .summary = "outputs of a model or a definition over time, as CSV",
    .use = "DEFINITION|MODEL.ant|MODEL.xml [--to T] [--every T] [--dose TEXT] [OPTIONS]",
    .details =
        "A model is a text (.ant) or an SBML file; other kinds go through a definition. A dose is\n"
        "AMOUNT [UNIT] [into NAME] [at T] [over T] [every T] [times N]:\n\n"
        "  gemel simulate model.ant --dose \"100 into depot at 0 every 24 times 7\" --to 168\n"
        "  gemel simulate model.xml --to 50 --steps 100 --variables \"S1, total=amount(S1)+S2\"\n"
        "  gemel simulate model.xml --stochastic exact --replicates 1000 --summary --to 50\n"
        "\n--set \"S(0)=VALUE\" sets what S is at the start. A model of flux balance gives its "
        "best\n"
        "fluxes. A definition without --population gives the typical subject; its values have no "
        "noise\nof measurement. Cells of a member that diverged stay empty (code 1). Ctrl-C keeps "
        "the rows that\nare done.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
