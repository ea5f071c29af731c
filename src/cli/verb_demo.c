/* verb_demo.c - gemel demo: the main job on real patients.
 *
 * The 32 subjects of O'Reilly (J Clin Invest 42:1542, 1963; Circulation 38:169, 1968): twins learn
 * from what was measured up to 48 h and forecast the rest; the forecasts are scored against what
 * was measured then, and against the forecasts of the population. */
#include "cli/cli.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEARN_H = 48 };
#define DEFINITION_FILE "models/warfarin/twin.yaml"
#define DATA_FILE       "examples/warfarin/warfarin.csv"
#define SHOWN_SUBJECT   "15"
#define PRIOR_NOTE                                                                                 \
  "The population's parameters were estimated on these same 32 patients, so neither the twins' "   \
  "nor the population's forecasts are those of patients never seen."

typedef struct {
  gm_score_sum *twin, *population; /* [subject*observables + k] */
  cli_result shown;
} demo_scores;

static gm_status score_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)r;
  demo_scores *d = b->user;
  ptrdiff_t at = (ptrdiff_t)i * b->study->definition->observable_count;
  gm_status s = gm_twin_score(ctx, t, false, d->twin + at);
  return s ? s : gm_twin_score(ctx, t, true, d->population + at);
}

/* ---- totals ---------------------------------------------------------------------------------- */
static void add(gm_score_sum *sum, const gm_score_sum *x)
{
  sum->count += x->count;
  sum->crps += x->count * x->crps;
  sum->wis += x->count * x->wis;
  sum->covered50 += x->count * x->covered50;
  sum->covered90 += x->count * x->covered90;
}

/* Means over all data of observable k; *better: subjects whose twin has the smaller CRPS. */
static void totals(const cli_batch *b, int32_t k, gm_score_sum out[2], int32_t *better,
                   int32_t *subjects)
{
  const demo_scores *d = b->user;
  int32_t columns = b->study->definition->observable_count;
  memset(out, 0, 2 * sizeof *out);
  *better = *subjects = 0;
  for (int32_t i = 0; i < b->study->count; i++) {
    const gm_score_sum *t = &d->twin[(ptrdiff_t)i * columns + k];
    const gm_score_sum *p = &d->population[(ptrdiff_t)i * columns + k];
    if (!b->result[i].done || t->count == 0) continue;
    add(&out[0], t);
    add(&out[1], p);
    *better += t->crps < p->crps;
    (*subjects)++;
  }
  for (int j = 0; j < 2; j++) {
    double n = out[j].count ? out[j].count : 1;
    out[j].crps /= n;
    out[j].wis /= n;
    out[j].covered50 /= n;
    out[j].covered90 /= n;
  }
}

static bool beaten(const gm_score_sum sum[2])
{
  return sum[0].count > 0 && sum[0].crps < sum[1].crps && sum[0].wis < sum[1].wis;
}

static bool twins_win(const cli_batch *b)
{
  gm_score_sum sum[2];
  int32_t better, subjects;
  for (int32_t k = 0; k < b->study->definition->observable_count; k++) {
    totals(b, k, sum, &better, &subjects);
    if (!beaten(sum)) return false;
  }
  return true;
}

/* ---- showing --------------------------------------------------------------------------------- */
static void score_cells(cli_table *t, const gm_score_sum *a, const gm_score_sum *p)
{
  const double v[] = {a->crps, p->crps, a->wis, p->wis};
  cli_table_cell(t, "%d", (int)a->count);
  for (int i = 0; i < 4; i++) cli_table_number(t, a->count ? v[i] : NAN);
}

static void show_subjects(const cli_batch *b, gm_text *out)
{
  const gm_definition *d = b->study->definition;
  const demo_scores *sc = b->user;
  cli_table t;
  cli_table_init(&t, b->c->ctx, 1 + 5 * d->observable_count);
  cli_table_cell(&t, "patient");
  for (int32_t k = 0; k < d->observable_count; k++) {
    cli_table_cell(&t, "| %s n", d->observable[k].name);
    cli_table_cell(&t, "CRPS");
    cli_table_cell(&t, "popul.");
    cli_table_cell(&t, "WIS");
    cli_table_cell(&t, "popul.");
  }
  for (int32_t i = 0; i < b->study->count; i++) {
    if (!b->result[i].done) continue;
    cli_table_cell(&t, "%s", gm_subject_id(b->study->subject[i]));
    for (int32_t k = 0; k < d->observable_count; k++) {
      ptrdiff_t at = (ptrdiff_t)i * d->observable_count + k;
      score_cells(&t, &sc->twin[at], &sc->population[at]);
    }
  }
  cli_table_write(&t, false, out);
}

static void show_totals(const cli_batch *b, gm_text *out)
{
  const gm_definition *d = b->study->definition;
  for (int32_t k = 0; k < d->observable_count; k++) {
    gm_score_sum sum[2];
    int32_t better, subjects;
    char a[32], p[32], c[32], q[32];
    totals(b, k, sum, &better, &subjects);
    gm_text_addf(out, "%s [%s], %d values of %d patients after %d h:\n", d->observable[k].name,
                 d->observable[k].unit, (int)sum[0].count, (int)subjects, LEARN_H);
    gm_text_addf(out,
                 "  CRPS %s, population %s (%.0f %% less); WIS %s, population %s (%.0f %% less)\n",
                 cli_number(sum[0].crps, a), cli_number(sum[1].crps, p),
                 100 * (1 - sum[0].crps / sum[1].crps), cli_number(sum[0].wis, c),
                 cli_number(sum[1].wis, q), 100 * (1 - sum[0].wis / sum[1].wis));
    gm_text_addf(out, "  the twin is closer in %d of %d patients\n", (int)better, (int)subjects);
    static const char *const who[] = {"twin", "population"};
    for (int j = 0; j < 2; j++)
      gm_text_addf(out,
                   "  inside the %s's 50 %% interval: %.0f of %d (%.0f %%); inside its 90 %%: "
                   "%.0f of %d (%.0f %%)\n",
                   who[j], sum[j].covered50 * sum[j].count, (int)sum[j].count,
                   100 * sum[j].covered50, sum[j].covered90 * sum[j].count, (int)sum[j].count,
                   100 * sum[j].covered90);
  }
}

static void show(const cli_batch *b, const char *report, gm_text *out)
{
  const demo_scores *sc = b->user;
  gm_text_addf(out,
               "Gemel demo: warfarin in %d patients. Each twin learns from the first %d h of its "
               "patient\nand forecasts the rest; CRPS and WIS measure how far off a forecast is, "
               "in the unit of the\nmeasurement, smaller is better. Beside each, the forecast of "
               "the population.\n\n",
               (int)b->study->count, LEARN_H);
  show_subjects(b, out);
  gm_text_add(out, "\n");
  show_totals(b, out);
  gm_text_addf(out, "\n%s\n\nPatient %s, what to give next:\n", PRIOR_NOTE, SHOWN_SUBJECT);
  gm_text_add(out, sc->shown.text.data ? sc->shown.text.data : "");
  gm_text_addf(out, "\nreport of patient %s: %s\n", SHOWN_SUBJECT, report);
  gm_text_add(out, twins_win(b)
                       ? "The twins beat the population on every observable.\n"
                       : "NO: the twins do not beat the population on every observable.\n");
}

static void json_scores(gm_json_writer *j, const char *key, const gm_score_sum *s)
{
  gm_json_write_object(j, key);
  gm_json_write_int(j, "count", s->count);
  gm_json_write_number(j, "crps", s->count ? s->crps : NAN);
  gm_json_write_number(j, "wis", s->count ? s->wis : NAN);
  gm_json_write_number(j, "covered50", s->count ? s->covered50 : NAN);
  gm_json_write_number(j, "covered90", s->count ? s->covered90 : NAN);
  gm_json_write_object_end(j);
}

static void json_pair(gm_json_writer *j, const gm_observable *o, const gm_score_sum *t,
                      const gm_score_sum *p)
{
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "name", o->name);
  gm_json_write_text(j, "unit", o->unit);
  json_scores(j, "twin", t);
  json_scores(j, "population", p);
  gm_json_write_object_end(j);
}

static void json_totals(const cli_batch *b, gm_json_writer *j)
{
  const gm_definition *d = b->study->definition;
  gm_json_write_array(j, "totals");
  for (int32_t k = 0; k < d->observable_count; k++) {
    gm_score_sum sum[2];
    int32_t better, subjects;
    totals(b, k, sum, &better, &subjects);
    json_pair(j, &d->observable[k], &sum[0], &sum[1]);
  }
  gm_json_write_array_end(j);
}

static void json(const cli_batch *b, const char *report, gm_text *out)
{
  const gm_definition *d = b->study->definition;
  const demo_scores *sc = b->user;
  gm_json_writer j;
  gm_json_write_begin(&j, out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", "demo");
  gm_json_write_int(&j, "seed", (int64_t)b->c->seed);
  gm_json_write_int(&j, "learned_up_to_h", LEARN_H);
  gm_json_write_text(&j, "note", PRIOR_NOTE);
  gm_json_write_array(&j, "patients");
  for (int32_t i = 0; i < b->study->count; i++) {
    if (!b->result[i].done) continue;
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "subject", gm_subject_id(b->study->subject[i]));
    gm_json_write_array(&j, "observables");
    for (int32_t k = 0; k < d->observable_count; k++) {
      ptrdiff_t at = (ptrdiff_t)i * d->observable_count + k;
      json_pair(&j, &d->observable[k], &sc->twin[at], &sc->population[at]);
    }
    gm_json_write_array_end(&j);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  json_totals(b, &j);
  if (sc->shown.json.data) gm_json_write_raw(&j, "shown", sc->shown.json.data);
  gm_json_write_text(&j, "report", report);
  gm_json_write_bool(&j, "twins_beat_population", twins_win(b));
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

/* ---- the patient that is shown --------------------------------------------------------------- */
static gm_status show_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  (void)i;
  cli_course k;
  gm_json_writer j;
  gm_status s = cli_course_make(ctx, t, cli_t_end(b->study, t), b->inner, &k);
  if (s) return s;
  gm_json_write_begin(&j, &r->json, 1);
  gm_json_write_object(&j, NULL);
  s = cli_json_twin(ctx, t, &j);
  if (k.proposal) cli_json_comparison(t, k.proposal->comparison, &j);
  if (k.proposal) cli_json_proposal(t, k.proposal, &j);
  gm_json_write_object_end(&j);
  if (!s) s = cli_show_twin(ctx, t, &r->text);
  if (!s) s = cli_show_parameters(ctx, t, &r->text);
  cli_warn_twin(b->c, t, &r->text);
  if (k.proposal) cli_show_proposal(ctx, t, k.proposal, &r->text);
  if (!s) s = cli_course_report(ctx, t, &k, b->study->records->path, PRIOR_NOTE, &r->html);
  cli_course_free(&k);
  if (!s) s = r->text.status ? r->text.status : r->json.status;
  return s;
}

/* Scores of all, then the course of one; the report is written last. */
static int demo_go(cli *c, const cli_study *study, cli_batch *all, const char *report)
{
  demo_scores *sc = all->user;
  int32_t shown = gm_records_subject(study->records, SHOWN_SUBJECT);
  if (shown < 0)
    return cli_say(c, CLI_BAD, "%s: no subject %s", study->records->path, SHOWN_SUBJECT);
  gm_status st = cli_output_check(c->ctx, report, study);
  if (st) return cli_fail(c, st);
  int code = cli_batch_run(all);
  if (code == CLI_NO && !c->json) { /* stopped: what was done is kept */
    show_subjects(all, &c->out);
    show_totals(all, &c->out);
  }
  if (code) return code;
  cli_study one = *study;
  one.subject = &study->subject[shown];
  one.count = 1;
  cli_batch b = {.c = c, .study = &one, .work = show_one, .what = "patient " SHOWN_SUBJECT};
  code = cli_batch_run(&b);
  if (!code) {
    gm_status s = cli_write(c->ctx, report, &b.result[0].html);
    if (s) code = cli_fail(c, s);
  }
  if (!code) {
    sc->shown = b.result[0];
    (c->json ? json : show)(all, report, &c->out);
    code = twins_win(all) ? CLI_DONE : CLI_NO;
  }
  cli_batch_free(&b);
  return code;
}

static gm_status study_make(cli *c, cli_study *s)
{
  gm_text path, data;
  gm_text_init(&path, c->ctx);
  gm_text_init(&data, c->ctx);
  gm_status st = cli_home(c->ctx, DEFINITION_FILE, &path);
  if (!st) st = cli_home(c->ctx, DATA_FILE, &data);
  gm_text_add(&path, DEFINITION_FILE);
  gm_text_add(&data, DATA_FILE);
  if (!st) st = path.status ? path.status : data.status;
  if (!st) st = gm_definition_read(c->ctx, path.data, &s->definition);
  if (!st) st = gm_records_read(c->ctx, data.data, &s->records);
  if (!st) {
    s->t_now = LEARN_H * s->definition->hour;
    s->subject = gm_alloc(c->ctx, s->records->subject_count, sizeof *s->subject);
    if (!s->subject) st = gm_fail(c->ctx, GM_ENOMEM, "subjects");
  }
  for (int32_t i = 0; !st && i < s->records->subject_count; i++) {
    st = gm_subject_new(c->ctx, s->definition, s->records, i, &s->subject[i]);
    if (!st) s->count++;
  }
  gm_text_free(&path);
  gm_text_free(&data);
  return st;
}

static int run(cli *c)
{
  cli_study study = {.t_now = NAN, .horizon = NAN};
  demo_scores sc = {0};
  gm_text report;
  gm_text_init(&report, c->ctx);
  const char *out = cli_value(c, "out");
  gm_text_addf(&report, "%s/report.html", out ? out : "out/demo");
  cli_batch all = {.c = c, .study = &study, .work = score_one, .user = &sc, .what = "patients"};
  gm_status s = report.status ? report.status : study_make(c, &study);
  if (!s) {
    ptrdiff_t n = (ptrdiff_t)study.count * study.definition->observable_count;
    sc.twin = gm_alloc(c->ctx, n, sizeof *sc.twin);
    sc.population = gm_alloc(c->ctx, n, sizeof *sc.population);
    if (!sc.twin || !sc.population) s = gm_fail(c->ctx, GM_ENOMEM, "scores");
  }
  int code = s ? cli_fail(c, s) : demo_go(c, &study, &all, report.data);
  gm_free(sc.twin);
  gm_free(sc.population);
  gm_text_free(&report);
  cli_batch_free(&all);
  cli_study_close(&study);
  return code;
}

static const cli_option options[] = {
    {"out", "DIR", "folder of the report (default out/demo)", false}, {NULL, NULL, NULL, false}};

const cli_verb cli_verb_demo = {
    .name = "demo",
    .summary = "the main job on real patients: warfarin, 32 people",
    .use = "[--out DIR]",
    .details = "Makes a twin of each patient from the first 48 h, forecasts the rest, scores the "
               "forecasts\nagainst the population's, proposes a dose for one patient and writes a "
               "report. Code 1 when the\ntwins do not beat the population. GEMEL_HOME names the "
               "folder that has models/ and examples/.\n",
    .option = options,
    .argument_count = 0,
    .run = run};
