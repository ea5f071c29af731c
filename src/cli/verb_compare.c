/* verb_compare.c - gemel compare: treatments typed by the user, on one belief, and what a
 * measurement would be worth to the choice between them. */
#include "cli/cli.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Measurements made together; t NaN: now. */
typedef struct {
  const char *text; /* as it was typed */
  gm_measure measure[GM_WORTH_MEASURES_MAX];
  int32_t count;
} compare_ask;

typedef struct {
  int32_t count;
  cli_dose **dose; /* [count] of plan i */
  int32_t *dose_count;
  compare_ask *ask; /* [ask_count] */
  int32_t ask_count;
} compare_plans;

static gm_status plan_make(cli_batch *b, gm_ctx *ctx, const gm_twin *t, int32_t i,
                           const double *last, gm_plan *p)
{
  const compare_plans *all = b->user;
  const char *text = cli_value_at(b->c, "plan", i);
  char what[160];
  snprintf(what, sizeof what, "--plan \"%.120s\"", text);
  *p = (gm_plan){.action = -1};
  gm_status s = cli_dose_events(ctx, what, t->definition, all->dose[i], all->dose_count[i],
                                t->t_now, cli_t_end(b->study, t), last, &p->event);
  if (s) return s;
  p->event_count = all->dose_count[i];
  for (int32_t k = 0; k < p->event_count && !s; k++)
    if (p->event[k].t < t->t_now)
      s = gm_fail(ctx, GM_EDOMAIN, "%s: a dose at %g lies before now (%g)", what, p->event[k].t,
                  t->t_now);
  if (p->event_count == 1) p->every = p->event[0].interval;
  p->name = gm_strdup(ctx, text);
  if (!s && !p->name) s = gm_fail(ctx, GM_ENOMEM, "plan");
  return s;
}

static gm_status plans_compare(cli_batch *b, gm_ctx *ctx, const gm_twin *t, cli_result *r,
                               gm_comparison **out)
{
  const compare_plans *all = b->user;
  const gm_definition *d = t->definition;
  gm_plan *plan = gm_alloc(ctx, all->count, sizeof *plan);
  double *last = gm_alloc(ctx, d->input_count, sizeof *last);
  gm_status s = plan && last ? GM_OK : gm_fail(ctx, GM_ENOMEM, "plans");
  if (!s) cli_last_doses(t->subject, d, t->t_now, last);
  for (int32_t i = 0; i < all->count && !s; i++) {
    s = plan_make(b, ctx, t, i, last, &plan[i]);
    if (!s) cli_show_limits(d, &plan[i], &r->text);
  }
  if (!s) s = gm_compare(ctx, t, plan, all->count, cli_t_end(b->study, t), b->inner, out);
  for (int32_t i = 0; plan && i < all->count; i++) gm_plan_free(&plan[i]);
  gm_free(plan);
  gm_free(last);
  return s;
}

/* ---- what a measurement would be worth ------------------------------------------------------ */
static void worth_json(const gm_twin *t, const gm_comparison *k, const compare_ask *a,
                       const gm_measure *measure, const gm_worth *w, gm_json_writer *j)
{
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "measure", a->text);
  gm_json_write_array(j, "of");
  for (int32_t i = 0; i < a->count; i++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "observable", t->definition->observable[measure[i].observable].name);
    gm_json_write_number(j, "at", measure[i].t);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_json_write_number(j, "worth", w->value);
  gm_json_write_number(j, "error", w->error);
  gm_json_write_number(j, "perfect", w->perfect);
  gm_json_write_text(j, "without", k->plan[w->best].name);
  gm_json_write_object_end(j);
}

static void worth_text(const compare_ask *a, bool later, const gm_worth *w, gm_text *out)
{
  gm_text_add(out, "  measuring ");
  cli_safe(out, a->text);
  gm_text_addf(out, " is worth %.3f +- %.3f of utility%s\n", w->value, w->error,
               later ? "; until then things go on as they are" : "");
}

/* What each asked for would add to the utility of the best plan. */
static gm_status worths(gm_ctx *ctx, const gm_twin *t, const gm_comparison *k,
                        const compare_plans *all, gm_json_writer *j, gm_text *out)
{
  gm_status s = GM_OK;
  gm_worth w = {0};
  gm_json_write_array(j, "measurements");
  for (int32_t i = 0; i < all->ask_count && !s; i++) {
    const compare_ask *a = &all->ask[i];
    gm_measure measure[GM_WORTH_MEASURES_MAX];
    bool later = false;
    for (int32_t n = 0; n < a->count; n++) {
      measure[n] = a->measure[n];
      if (isnan(measure[n].t)) measure[n].t = k->t_now;
      later = later || measure[n].t > k->t_now;
    }
    s = gm_comparison_worth(ctx, t, k, measure, a->count, &w);
    if (s) return gm_fail_at(ctx, s, "--measure \"%.120s\"", a->text);
    worth_json(t, k, a, measure, &w, j);
    worth_text(a, later, &w, out);
  }
  gm_json_write_array_end(j);
  if (all->ask_count)
    gm_text_addf(out,
                 "    (what its result would add if it were known before the choice; without "
                 "it \"%s\" is best,\n    and knowing all about the subject%s would add %.3f)\n",
                 k->plan[w.best].name, t->lineage ? " and its chance" : "", w.perfect);
  return s;
}

static gm_status compare_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)i;
  gm_comparison *k = NULL;
  gm_json_writer j;
  gm_json_write_begin(&j, &r->json, 1);
  gm_status s = cli_show_twin(ctx, t, &r->text);
  if (!s) s = plans_compare(b, ctx, t, r, &k);
  if (!s) {
    r->partial = k->plan_count < k->asked;
    gm_json_write_object(&j, NULL);
    s = cli_json_twin(ctx, t, &j);
    cli_json_comparison(t, k, &j);
    cli_warn_twin(b->c, t, &r->text);
    cli_show_comparison(ctx, t, k, &r->text);
    if (!s) s = worths(ctx, t, k, b->user, &j, &r->text);
    gm_json_write_object_end(&j);
    gm_text_add(&r->text, "  A person decides.\n\n");
  }
  if (!s) s = r->text.status ? r->text.status : r->json.status;
  gm_comparison_free(k);
  return s;
}

/* ---- reading the plans before anything is computed ----------------------------------------- */
static gm_status plans_read(cli *c, const gm_definition *d, compare_plans *all)
{
  gm_model_info info;
  gm_model_get_info(d->model, &info);
  int32_t n = 0;
  while (cli_value_at(c, "plan", n)) n++;
  all->dose = gm_alloc(c->ctx, n, sizeof *all->dose);
  all->dose_count = gm_alloc(c->ctx, n, sizeof *all->dose_count);
  if (!all->dose || !all->dose_count) return gm_fail(c->ctx, GM_ENOMEM, "plans");
  for (int32_t i = 0; i < n; i++) {
    const char *text = cli_value_at(c, "plan", i);
    char what[160];
    gm_event *trial = NULL;
    snprintf(what, sizeof what, "--plan \"%.120s\"", text);
    gm_status s =
        cli_doses_read(c->ctx, what, text, info.time_unit, &all->dose[i], &all->dose_count[i]);
    if (s) return s;
    all->count++;
    s = cli_dose_events(c->ctx, what, d, all->dose[i], all->dose_count[i], 0, 1, NULL, &trial);
    gm_free(trial);
    if (s) return s;
  }
  return GM_OK;
}

static char *blank_skip(char *s)
{
  while (*s == ' ' || *s == '\t') s++;
  return s;
}

/* One part of --measure: NAME [at T]. part is written to. */
static gm_status measure_read(cli *c, const gm_definition *d, const char *what, char *part,
                              gm_measure *m)
{
  gm_model_info info;
  gm_model_get_info(d->model, &info);
  char *name = blank_skip(part), *rest = name + strcspn(name, " \t");
  m->t = NAN;
  if (rest == name) return gm_fail(c->ctx, GM_EPARSE, "%s: NAME [at T] is expected", what);
  if (*rest) *rest++ = 0;
  rest = blank_skip(rest);
  m->observable = gm_definition_observable(d, name);
  if (m->observable < 0)
    return gm_fail(c->ctx, GM_ENOTFOUND,
                   "%s: no observable is called \"%.60s\"; the first one is %s", what, name,
                   d->observable_count ? d->observable[0].name : "none");
  for (size_t n = strlen(rest); n && (rest[n - 1] == ' ' || rest[n - 1] == '\t'); n--)
    rest[n - 1] = 0;
  if (!*rest) return GM_OK;
  if (strncmp(rest, "at ", 3))
    return gm_fail(c->ctx, GM_EPARSE, "%s: \"%.60s\": `at T` is expected behind the name", what,
                   rest);
  return cli_time(c->ctx, what, blank_skip(rest + 3), info.time_unit, &m->t);
}

static gm_status ask_read(cli *c, const gm_definition *d, compare_ask *a)
{
  char what[160];
  gm_status s = GM_OK;
  snprintf(what, sizeof what, "--measure \"%.120s\"", a->text);
  for (const char *at = a->text; !s; at++) {
    size_t bytes = strcspn(at, ";");
    if (a->count == GM_WORTH_MEASURES_MAX)
      return gm_fail(c->ctx, GM_ERANGE, "%s: at most %d measurements together", what,
                     (int)GM_WORTH_MEASURES_MAX);
    char *part = gm_strndup(c->ctx, at, (ptrdiff_t)bytes);
    if (!part) return gm_fail(c->ctx, GM_ENOMEM, "measurements");
    s = measure_read(c, d, what, part, &a->measure[a->count++]);
    gm_free(part);
    at += bytes;
    if (!*at) break;
  }
  return s;
}

static gm_status asks_read(cli *c, const gm_definition *d, compare_plans *all)
{
  int32_t n = 0;
  gm_status s = GM_OK;
  while (cli_value_at(c, "measure", n)) n++;
  all->ask = gm_alloc(c->ctx, n, sizeof *all->ask);
  if (!all->ask) return gm_fail(c->ctx, GM_ENOMEM, "measurements");
  for (; all->ask_count < n && !s; all->ask_count++) {
    compare_ask *a = &all->ask[all->ask_count];
    a->text = cli_value_at(c, "measure", all->ask_count);
    s = ask_read(c, d, a);
  }
  return s;
}

static int run(cli *c)
{
  cli_study study;
  compare_plans all = {0};
  cli_batch b = {.c = c, .study = &study, .work = compare_one, .user = &all, .what = "subjects"};
  int code = cli_study_open(c, &study);
  gm_status s = code ? GM_OK : plans_read(c, study.definition, &all);
  if (!code && !s) s = asks_read(c, study.definition, &all);
  if (!code && !s && study.definition->target_count == 0)
    s = gm_fail(c->ctx, GM_EINVAL,
                "%s: no targets: there is nothing to compare plans by; a field "
                "`targets` is expected",
                study.definition->path);
  if (s) code = cli_fail(c, s);
  if (!code) {
    code = cli_batch_run(&b);
    if (code <= CLI_NO) cli_batch_write(&b);
  }
  for (int32_t i = 0; i < all.count; i++) gm_free(all.dose[i]);
  gm_free(all.dose);
  gm_free(all.dose_count);
  gm_free(all.ask);
  cli_batch_free(&b);
  cli_study_close(&study);
  return code;
}

static const cli_option options[] = {
    {"data", "FILE", "what was given and measured (NM-TRAN-style CSV)", GM_OPTION_READ},
    {"subject", "ID", "this subject only", true},
    {"plan", "TEXT", "a treatment, see above", true},
    {"measure", "TEXT", "what this measurement would be worth to the choice, see above", true},
    {"now", "T", "learn from data at or before this time", false},
    {"horizon", "T", "how far to look after now", false},
    {"follow", NULL, "take the data one time after the other: evidence, alarm, no mode", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_compare = {
    .name = "compare",
    .summary = "compare treatments for a subject",
    .use = "DEFINITION --data FILE [--subject ID] --plan TEXT [--plan TEXT ...] [--horizon T]",
    .details =
        "A plan is AMOUNT [UNIT] [into NAME] [at T] [over T] [every T] [times N]; several "
        "doses are parted\nby `;`. Without `at` it begins now, or one interval after the last "
        "dose given; with `every`\nand without `times` it goes on to the end. \"nothing\" and "
        "\"as it is\" are always compared too.\n\n"
        "  gemel compare twin.yaml --data data.csv --subject 7 --plan \"5 mg every 24 h\" \\\n"
        "    --plan \"10 mg at 48 h; 3 mg at 72 h every 24 h\"\n\n"
        "A measurement is NAME [at T], an observable of the definition, now or at T; several made "
        "together\nare parted by `;`. Printed is what knowing its result before the choice would "
        "add to the utility.\n\n"
        "  gemel compare twin.yaml --data data.csv --plan \"5 mg every 24 h\" --measure \"cp at 30 "
        "h\"\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
