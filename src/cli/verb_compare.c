/* verb_compare.c - gemel compare: treatments typed by the user, on one belief. */
#include "cli/cli.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  int32_t count;
  cli_dose **dose; /* [count] of plan i */
  int32_t *dose_count;
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

static gm_status compare_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)i;
  gm_comparison *k = NULL;
  gm_json_writer j;
  gm__json_write_begin(&j, &r->json, 1);
  gm_status s = cli_show_twin(ctx, t, &r->text);
  if (!s) s = plans_compare(b, ctx, t, r, &k);
  if (!s) {
    gm__json_write_object(&j, NULL);
    s = cli_json_twin(ctx, t, &j);
    cli_json_comparison(t, k, &j);
    gm__json_write_object_end(&j);
    cli_warn_twin(b->c, t, &r->text);
    cli_show_comparison(ctx, t, k, &r->text);
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

static int run(cli *c)
{
  cli_study study;
  compare_plans all = {0};
  cli_batch b = {.c = c, .study = &study, .work = compare_one, .user = &all, .what = "subjects"};
  int code = cli_study_open(c, &study);
  gm_status s = code ? GM_OK : plans_read(c, study.definition, &all);
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
  cli_batch_free(&b);
  cli_study_close(&study);
  return code;
}

static const cli_option options[] = {
    {"data", "FILE", "what was given and measured (NM-TRAN-style CSV)", false},
    {"subject", "ID", "this subject only", true},
    {"plan", "TEXT", "a treatment, see above", true},
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
        "    --plan \"10 mg at 48 h; 3 mg at 72 h every 24 h\"\n",
    .option = options,
    .argument_count = 1,
    .run = run};
