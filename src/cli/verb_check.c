/* verb_check.c - gemel check: reads a model or a definition, says what it is and what is wrong. */
#include "cli/check_identify.h"
#include "cli/check_learned.h"
#include "cli/cli.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  cli *c;
  gm_text text, fail, warn; /* fail and warn: lines */
  int32_t fail_count, warn_count;
} checker;

GM_PRINTF(3, 0) static void complain(gm_text *to, int32_t *count, const char *format, va_list ap)
{
  char line[1024];
  vsnprintf(line, sizeof line, format, ap);
  cli_safe(to, line);
  gm_text_add(to, "\n");
  (*count)++;
}

GM_PRINTF(2, 3) static void fails(checker *k, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  complain(&k->fail, &k->fail_count, format, ap);
  va_end(ap);
}

GM_PRINTF(2, 3) static void warns(checker *k, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  complain(&k->warn, &k->warn_count, format, ap);
  va_end(ap);
}

/* ---- the model ----------------------------------------------------------------------------- */
/* The last of the rows from i on that are one family, `node:0`, `node:1`, ..., with one unit. */
static int32_t family_end(const gm_var *v, int32_t count, int32_t i)
{
  const char *colon = strchr(v[i].name, ':');
  size_t stem = colon ? (size_t)(colon - v[i].name) + 1 : 0;
  while (stem && i + 1 < count && v[i + 1].role == v[i].role &&
         !strncmp(v[i].name, v[i + 1].name, stem) && !strcmp(v[i].unit, v[i + 1].unit))
    i++;
  return i;
}

/* A state of that name without a unit: its warning stands for the output of the same name. */
static bool is_bare_state(const gm_model *m, const char *name)
{
  int32_t count;
  const gm_var *v = gm_model_table(m, GM_TABLE_STATE, &count);
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(v[i].name, name)) return v[i].role != GM_ROLE_MEMORY && !v[i].unit[0];
  return false;
}

static void row_name(const gm_var *first, const gm_var *last, char *name, size_t bytes)
{
  bool many = first != last;
  snprintf(name, bytes, "%s%s%s", first->name, many ? " to " : "", many ? last->name : "");
}

static void warn_bare(checker *k, const char *name, bool many)
{
  warns(k, "%s %s no unit: checks that touch %s are silent", name, many ? "have" : "has",
        many ? "them" : "it");
}

/* Rows of one table, without the machine's own memory. Returns how many. */
static int32_t rows_show(checker *k, const gm_model *m, gm_table which, const char *title)
{
  int32_t count, shown = 0;
  const gm_var *v = gm_model_table(m, which, &count);
  bool parameter = which == GM_TABLE_PARAMETER;
  char name[160];
  cli_table table;
  cli_table_init(&table, k->c->ctx, parameter ? 4 : 2);
  cli_table_cell(&table, "%s", title);
  if (parameter) cli_table_cell(&table, "value");
  cli_table_cell(&table, "unit");
  if (parameter) cli_table_cell(&table, "source");
  for (int32_t i = 0; i < count; i++) {
    if (v[i].role == GM_ROLE_MEMORY) continue;
    int32_t first = i;
    if (!parameter) i = family_end(v, count, i);
    shown += i - first + 1;
    row_name(&v[first], &v[i], name, sizeof name);
    cli_table_cell(&table, "%s", name);
    if (parameter) cli_table_number(&table, v[i].initial);
    cli_table_cell(&table, "%s", v[i].unit[0] ? v[i].unit : "no unit");
    if (parameter) cli_table_cell(&table, "%s", v[i].source);
    if (!v[i].unit[0] && !(which == GM_TABLE_OUTPUT && is_bare_state(m, name)))
      warn_bare(k, name, i > first);
  }
  cli_table_write(&table, true, &k->text);
  return shown;
}

/* The model as it is, from its initial state, must stay finite for ten days (or 100). */
static gm_status model_runs(checker *k, const gm_model *m, const gm_model_info *info)
{
  gm_ctx *ctx = k->c->ctx;
  double hour = cli_hour(info->time_unit), t_end = isnan(hour) ? 100 : 240 * hour;
  double *theta = gm_alloc(ctx, info->parameter_count, sizeof *theta);
  double *y = gm_alloc(ctx, info->output_count, sizeof *y);
  gm_runner *runner = NULL;
  gm_timeline line = {0};
  int8_t status = 0;
  int32_t count;
  gm_timeline_spec spec = {
      .t_end = t_end, .sample = &t_end, .sample_count = 1, .port_count = info->input_count};
  gm_status s = theta && y ? GM_OK : gm_fail(ctx, GM_ENOMEM, "trial run");
  const gm_var *p = gm_model_table(m, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count && !s; i++) theta[i] = p[i].initial;
  if (!s) s = gm_timeline_build(ctx, &spec, &line);
  if (!s) s = gm_runner_new(ctx, m, NULL, &runner);
  gm_run run = {.n = 1,
                .timeline = &line,
                .shared_timeline = true,
                .theta = theta,
                .y = y,
                .status = &status};
  if (!s) s = gm_runner_run(runner, ctx, &run);
  const gm_var *o = gm_model_table(m, GM_TABLE_OUTPUT, &count);
  for (int32_t i = 0; i < count && !s; i++)
    if (!isfinite(y[i])) fails(k, "%s is not finite at time %g without any dose", o[i].name, t_end);
  gm_runner_free(runner);
  gm_timeline_free(&line);
  gm_free(theta);
  gm_free(y);
  return s;
}

/* A definition names the sources of its own. */
static void sources_check(checker *k, const gm_model *m)
{
  int32_t count, bare = 0, all = 0;
  const gm_var *v = gm_model_table(m, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count; i++) {
    if (v[i].role == GM_ROLE_MEMORY) continue;
    all++;
    bare += !v[i].source[0];
  }
  if (bare) warns(k, "%d of %d parameters have no source", (int)bare, (int)all);
}

static gm_status model_check(checker *k, const gm_model *m)
{
  gm_model_info info;
  gm_model_get_info(m, &info);
  gm_text_addf(&k->text, "model %s: time in %s, solved by %s\n", info.name,
               info.time_unit[0] ? info.time_unit : "no unit", info.solver);
  if (!info.time_unit[0]) warns(k, "time has no unit");
  int32_t states = rows_show(k, m, GM_TABLE_STATE, "state");
  int32_t parameters = rows_show(k, m, GM_TABLE_PARAMETER, "model parameter");
  int32_t outputs = rows_show(k, m, GM_TABLE_OUTPUT, "output");
  gm_text_addf(&k->text, "%d state%s, %d parameter%s, %d output%s\n", (int)states,
               states == 1 ? "" : "s", (int)parameters, parameters == 1 ? "" : "s", (int)outputs,
               outputs == 1 ? "" : "s");
  return model_runs(k, m, &info);
}

static gm_status alone_check(checker *k, const gm_model *m)
{
  gm_status s = model_check(k, m);
  if (!s) sources_check(k, m);
  return s;
}

/* ---- the definition ------------------------------------------------------------------------ */
static const char *spread_name(gm_spread s)
{
  static const char *const name[] = {"-", "lognormal", "normal", "logit"};
  return name[s];
}

static void definition_show(checker *k, const gm_definition *d)
{
  cli_table t;
  gm_text_addf(&k->text, "twin %s\nquestion: %s\ncontext of use: %s\n", d->twin, d->question,
               d->context_of_use);
  cli_table_init(&t, k->c->ctx, 5);
  static const char *const head[] = {"parameter", "unit", "between subjects", "sd", "source"};
  for (int i = 0; i < 5; i++) cli_table_cell(&t, "%s", head[i]);
  for (int32_t i = 0; i < d->parameter_count; i++) {
    const gm_def_parameter *p = &d->parameter[i];
    cli_table_cell(&t, "%s", p->name);
    cli_table_cell(&t, "%s", p->unit);
    cli_table_cell(&t, "%s", spread_name(p->spread));
    if (p->spread == GM_SPREAD_NONE)
      cli_table_cell(&t, "%s", "");
    else
      cli_table_number(&t, p->spread_sd);
    cli_table_cell(&t, "%s", p->source ? p->source : "");
    if (!p->source || !p->source[0]) warns(k, "parameter %s has no source", p->name);
  }
  cli_table_write(&t, true, &k->text);
  for (int32_t i = 0; i < d->input_count; i++)
    gm_text_addf(&k->text, "input %s [%s] into %s\n", d->input[i].name, d->input[i].unit,
                 d->input[i].into);
  for (int32_t i = 0; i < d->observable_count; i++)
    gm_text_addf(&k->text, "observable %s [%s] = %s\n", d->observable[i].name,
                 d->observable[i].unit, d->observable[i].is);
  gm_text_addf(&k->text, "covariates %d, targets %d, actions %d, limits %d, assumptions %d\n",
               (int)d->covariate_count, (int)d->target_count, (int)d->action_count,
               (int)d->limit_count, (int)d->assumption_count);
  if (d->target_count == 0) warns(k, "no targets: plans cannot be compared");
  if (d->action_count == 0) warns(k, "no actions: nothing can be proposed");
  if (d->action_count && d->limit_count == 0) warns(k, "actions without limits");
}

static void covariates_check(checker *k, const gm_definition *d, const gm_subject *w)
{
  for (int32_t i = 0; i < d->covariate_count; i++) {
    const gm_covariate *v = &d->covariate[i];
    double x = gm_subject_covariate(w, i);
    if (v->level_count || (x >= v->lower && x <= v->upper)) continue;
    warns(k, "subject %s: %s = %g %s lies outside the population studied (%g to %g)",
          gm_subject_id(w), v->name, x, v->unit, v->lower, v->upper);
  }
}

static void columns_check(checker *k, const gm_definition *d, const gm_records *r)
{
  cli_columns(k->c, d, r, &k->warn, &k->warn);
  k->warn_count = 0;
  for (const char *s = k->warn.data; s && (s = strchr(s, '\n')); s++) k->warn_count++;
}

static gm_status data_check(checker *k, const gm_definition *d, const char *path)
{
  gm_ctx *ctx = k->c->ctx;
  gm_records *r = NULL;
  gm_status s = gm_records_read(ctx, path, &r);
  if (s) return s;
  columns_check(k, d, r);
  int32_t good = 0, data = 0, events = 0;
  for (int32_t i = 0; i < r->subject_count && !s; i++) {
    gm_subject *w = NULL;
    int32_t n = 0;
    gm_status one = gm_subject_new(ctx, d, r, i, &w);
    if (one == GM_ENOMEM) s = one;
    if (one) {
      fails(k, "%s", gm_message(ctx));
      continue;
    }
    good++;
    gm_subject_data(w, &n);
    data += n;
    gm_subject_events(w, &n);
    events += n;
    covariates_check(k, d, w);
    gm_subject_free(w);
  }
  gm_text_addf(&k->text, "data %s: %d of %d subjects fit the definition, %d values, %d events\n",
               path, (int)good, (int)r->subject_count, (int)data, (int)events);
  gm_records_free(r);
  return s;
}

static gm_status definition_check(checker *k)
{
  const char *data = cli_value(k->c, "data");
  gm_definition *d = NULL;
  gm_status s = cli_definition_read(k->c, &d);
  if (s) return s;
  definition_show(k, d);
  s = model_check(k, d->model);
  if (!s && data) s = data_check(k, d, data);
  gm_definition_free(d);
  return s;
}

/* ---- the verb ------------------------------------------------------------------------------ */
static void lines_json(gm_json_writer *j, const char *key, const gm_text *lines)
{
  gm_json_write_array(j, key);
  for (char *s = lines->data, *end; s && (end = strchr(s, '\n')); s = end + 1) {
    *end = 0;
    gm_json_write_text(j, NULL, s);
    *end = '\n';
  }
  gm_json_write_array_end(j);
}

static void lines_show(const gm_text *lines, const char *kind, gm_text *out)
{
  for (const char *s = lines->data, *end; s && (end = strchr(s, '\n')); s = end + 1)
    gm_text_addf(out, "%s: %.*s\n", kind, (int)(end - s), s);
}

static int verdict(checker *k)
{
  bool strict = cli_has(k->c, "strict");
  bool no = k->fail_count > 0 || (strict && k->warn_count > 0);
  gm_text *out = &k->c->out;
  if (k->c->json) {
    gm_json_writer j;
    gm_json_write_begin(&j, out, 1);
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "gemel", gm_version());
    gm_json_write_text(&j, "verb", "check");
    gm_json_write_text(&j, "file", k->c->argument[0]);
    gm_json_write_bool(&j, "good", !no);
    lines_json(&j, "failed", &k->fail);
    lines_json(&j, "warnings", &k->warn);
    gm_json_write_text(&j, "summary", k->text.data);
    gm_json_write_object_end(&j);
    gm_text_add(out, "\n");
  } else {
    gm_text_add(out, k->text.data ? k->text.data : "");
    lines_show(&k->warn, "warning", out);
    lines_show(&k->fail, "FAILED", out);
    gm_text_addf(out, "%s: %d failed, %d warnings\n", no ? "no" : "good", (int)k->fail_count,
                 (int)k->warn_count);
  }
  return no ? CLI_NO : CLI_DONE;
}

static int check(cli *c)
{
  checker k = {.c = c};
  gm_model *model = NULL;
  gm_text_init(&k.text, c->ctx);
  gm_text_init(&k.fail, c->ctx);
  gm_text_init(&k.warn, c->ctx);
  gm_status s = GM_OK;
  bool kernel = cli_has(c, "kernel");
  if (cli_is_model(c->argument[0])) {
    if (cli_has(c, "data")) s = gm_fail(c->ctx, GM_EINVAL, "--data needs a definition");
    if (!s) s = cli_model_read(c->ctx, c->argument[0], &model);
    if (!s && kernel) s = gm_equations_kernel_source(model, &c->out);
    if (!s && !kernel) s = alone_check(&k, model);
    gm_model_free(model);
  } else if (kernel) {
    s = gm_fail(c->ctx, GM_EINVAL, "--kernel needs a model, not a definition");
  } else {
    s = definition_check(&k);
  }
  if (!s) s = k.text.status ? k.text.status : k.fail.status ? k.fail.status : k.warn.status;
  int code = s ? cli_fail(c, s) : kernel ? CLI_DONE : verdict(&k);
  gm_text_free(&k.text);
  gm_text_free(&k.fail);
  gm_text_free(&k.warn);
  return code;
}

static int run(cli *c)
{
  bool identify = cli_has(c, "identify"), definition = !cli_is_model(c->argument[0]);
  if (identify && !(definition && cli_has(c, "data"))) return cli_check_identify(c);
  gm_status s = cli_check_identify_absent(c, identify);
  if (identify && !s) return cli_check_learned(c);
  return s ? cli_fail(c, s) : check(c);
}

static const cli_option options[] = {
    {"data", "FILE", "do these data fit the definition?", GM_OPTION_READ},
    {"kernel", NULL, "print the C code of the model's kernel", false},
    {"strict", NULL, "a warning fails too", false},
    {"subject", "ID", "with --identify --data: this subject only", true},
    {"now", "T", "with --identify --data: the data at or before this time", false},
    CLI_CHECK_IDENTIFY_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_check = {
    .name = "check",
    .summary = "read a model or a definition, and say what is wrong",
    .use = "DEFINITION|MODEL.ant|MODEL.xml [--data FILE] [--strict] [--kernel]\n"
           "       MODEL --identify --output NAME ... [--input STATE ...] [--unknown NAME ...]\n"
           "       DEFINITION --identify --data FILE [--subject ID] [--now T]",
    .details =
        "Prints states, parameters with units and sources, the solver chosen, and what the\n"
        "definition asks. --identify: of a model of equations, which parameters perfect\n"
        "measurements would tell; of a definition with data, what these data tell of each, for\n"
        "every kind of model. A model of the kinds network, queue or compiled is checked through\n"
        "a definition that names it.\n"
        "Code 1 when a check fails; 2 when the file cannot be read.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
