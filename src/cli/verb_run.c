/* verb_run.c - gemel run: twin, forecast, comparison, proposal and report in one go. */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char **path; /* [count] of the reports; NULL: no report */
} run_files;

/* ---- where the reports go ------------------------------------------------------------------ */
/* A file name for a subject: anything unusual becomes _, and then its number is added. */
static void name_of(const char *id, int32_t number, gm_text *out)
{
  bool changed = !id[0] || id[0] == '.' || strlen(id) > 100;
  for (int n = 0; *id && n < 100; id++, n++) {
    bool plain = isalnum((unsigned char)*id) || *id == '-' || *id == '_' || (*id == '.' && n > 0);
    gm_text_addf(out, "%c", plain ? *id : '_');
    changed = changed || !plain;
  }
  if (changed) gm_text_addf(out, "-%d", (int)number + 1);
}

static gm_status paths_make(cli *c, const cli_study *study, run_files *f)
{
  const char *report = cli_value(c, "report");
  if (cli_has(c, "no-report")) return GM_OK;
  f->path = gm_alloc(c->ctx, study->count, sizeof *f->path);
  if (!f->path) return gm_fail(c->ctx, GM_ENOMEM, "reports");
  for (int32_t i = 0; i < study->count; i++) {
    gm_text t;
    gm_text_init(&t, c->ctx);
    if (report && study->count + study->refused == 1) {
      gm_text_add(&t, report);
    } else {
      gm_text_addf(&t, "%s/", report ? report : "out/run");
      name_of(gm_subject_id(study->subject[i]), i, &t);
      gm_text_add(&t, ".html");
    }
    if (t.status) return t.status;
    f->path[i] = t.data; /* from gm_alloc, as gm_free wants it */
    gm_status s = cli_output_check(c->ctx, f->path[i], study);
    if (s) return s;
  }
  return GM_OK;
}

/* A report that cannot be written does not keep back the others, nor the results: CLI_NO. When none
 * can be, its code. */
static int reports_write(const cli_batch *b, const run_files *f, gm_text *out)
{
  int32_t written = 0;
  int code = CLI_DONE;
  for (int32_t i = 0; f->path && i < b->study->count; i++) {
    if (!b->result[i].done) continue;
    gm_status s = cli_write(b->c->ctx, f->path[i], &b->result[i].html);
    if (s) {
      code = cli_say_subject(b->c, cli_code(s), gm_subject_id(b->study->subject[i]),
                             gm_message(b->c->ctx));
      continue;
    }
    written++;
    gm_text_add(out, "report of subject ");
    cli_safe(out, gm_subject_id(b->study->subject[i]));
    gm_text_addf(out, ": %s\n", f->path[i]);
  }
  return code && written ? CLI_NO : code;
}

/* ---- one subject --------------------------------------------------------------------------- */
static void show(cli_batch *b, gm_ctx *ctx, const gm_twin *t, const cli_course *k, cli_result *r)
{
  cli_warn_twin(b->c, t, &r->text);
  if (k->as_recorded)
    gm_text_add(&r->text, "  the data go on after now: the forecast is under the doses that were "
                          "given, and not \"as it is\"\n");
  cli_show_forecast(ctx, t, k->forecast, k->population, &r->text);
  if (k->proposal)
    cli_show_proposal(ctx, t, k->proposal, &r->text);
  else if (k->comparison)
    cli_show_comparison(ctx, t, k->comparison, &r->text);
  else
    gm_text_add(&r->text, "  the definition has no targets: no plans were compared\n");
  gm_text_add(&r->text, "\n");
}

static gm_status json(gm_ctx *ctx, const gm_twin *t, const cli_course *k, const char *path,
                      cli_result *r)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &r->json, 1);
  gm_json_write_object(&j, NULL);
  gm_status s = cli_json_twin(ctx, t, &j);
  gm_json_write_bool(&j, "as_recorded", k->as_recorded);
  cli_json_forecast(t, k->forecast, k->population, &j);
  if (k->proposal) cli_json_comparison(t, k->proposal->comparison, &j);
  if (k->comparison) cli_json_comparison(t, k->comparison, &j);
  if (k->proposal) cli_json_proposal(t, k->proposal, &j);
  gm_json_write_text(&j, "report", path);
  gm_json_write_object_end(&j);
  return s;
}

static gm_status run_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  const run_files *f = b->user;
  cli_course k;
  gm_status s = cli_course_make(ctx, t, cli_t_end(b->study, t), b->inner, &k);
  if (s) return s;
  r->partial = k.proposal && k.proposal->comparison->plan_count < k.proposal->comparison->asked;
  s = cli_show_twin(ctx, t, &r->text);
  if (!s) show(b, ctx, t, &k, r);
  if (!s) s = json(ctx, t, &k, f->path ? f->path[i] : NULL, r);
  if (!s && f->path) s = cli_course_report(ctx, t, &k, b->study->records->path, NULL, &r->html);
  cli_course_free(&k);
  if (!s) s = r->text.status ? r->text.status : r->json.status;
  return s;
}

static int run(cli *c)
{
  cli_study study;
  run_files f = {0};
  cli_batch b = {.c = c, .study = &study, .work = run_one, .user = &f, .what = "subjects"};
  int code = cli_study_open(c, &study);
  gm_status s = code ? GM_OK : paths_make(c, &study, &f);
  if (!code && s) code = cli_fail(c, s);
  if (!code) {
    gm_text written;
    gm_text_init(&written, c->ctx);
    code = cli_batch_run(&b);
    int wrote = code <= CLI_NO ? reports_write(&b, &f, &written) : CLI_DONE;
    if (wrote > code) code = wrote;
    if (code <= CLI_NO) {
      cli_batch_write(&b);
      if (!c->json && written.data) gm_text_add(&c->out, written.data);
    }
    gm_text_free(&written);
  }
  for (int32_t i = 0; f.path && i < study.count; i++) gm_free(f.path[i]);
  gm_free(f.path);
  cli_batch_free(&b);
  cli_study_close(&study);
  return code;
}

static const cli_option options[] = {
    {"data", "FILE", "what was given and measured (NM-TRAN-style CSV)", GM_OPTION_READ},
    {"subject", "ID", "this subject only", true},
    {"now", "T", "learn from data at or before this time, forecast after it", false},
    {"learn", "T", "the same as --now", false},
    {"horizon", "T", "how far to look after now", false},
    {"follow", NULL, "take the data one time after the other: evidence, alarm, no mode", false},
    {"report", "OUT", "report file of one subject, folder of many (default out/run/)",
     GM_OPTION_WRITTEN},
    {"no-report", NULL, "write no report", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_run = {
    .name = "run",
    .summary = "twin, forecast, comparison, proposal and report in one go",
    .use = "DEFINITION --data FILE [--subject ID] [--now T] [--horizon T] [--report OUT]",
    .details =
        "Times are numbers in the model's unit of time, or have a unit: 48, \"48 h\", \"2 d\"."
        "\nWhen the data go on after now, the forecast is made under what was really given.\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
