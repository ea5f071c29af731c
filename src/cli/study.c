/* study.c - the definition, the data and the subjects of a verb; twins of them, side by side. */
#include "cli/cli.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- opening ------------------------------------------------------------------------------- */
static gm_status unknown_subject(gm_ctx *ctx, const gm_records *r, const char *id)
{
  gm_text known;
  gm_text_init(&known, ctx);
  for (int32_t i = 0; i < r->subject_count && i < 20; i++)
    gm_text_addf(&known, "%s%.40s", i ? ", " : "", r->subject[i].id);
  gm_status s =
      gm_fail(ctx, GM_ENOTFOUND, "%s: no subject is called \"%.60s\"; there are %s%s", r->path, id,
              known.data ? known.data : "none", r->subject_count > 20 ? ", ..." : "");
  gm_text_free(&known);
  return s;
}

static gm_status subject_add(cli *c, cli_study *s, int32_t number)
{
  gm_status st = gm_subject_new(c->ctx, s->definition, s->records, number, &s->subject[s->count]);
  if (!st) s->count++;
  if (!st || st == GM_ENOMEM) return st;
  s->refused++; /* and the others go on */
  cli_say_subject(c, cli_code(st), s->records->subject[number].id, gm_message(c->ctx));
  return GM_OK;
}

static gm_status subjects_take(cli *c, cli_study *s)
{
  gm_status st = GM_OK;
  const gm_records *r = s->records;
  s->subject = gm_alloc(c->ctx, r->subject_count + c->given_count, sizeof *s->subject);
  if (!s->subject) return gm_fail(c->ctx, GM_ENOMEM, "subjects");
  const char *id;
  for (int32_t i = 0; (id = cli_value_at(c, "subject", i)) && !st; i++) {
    int32_t number = gm_records_subject(r, id);
    for (int32_t k = 0; k < i && !st; k++)
      if (!strcmp(cli_value_at(c, "subject", k), id))
        st = gm_fail(c->ctx, GM_EINVAL, "--subject %.60s is given twice", id);
    if (!st) st = number < 0 ? unknown_subject(c->ctx, r, id) : subject_add(c, s, number);
  }
  for (int32_t i = 0; i < r->subject_count && !cli_has(c, "subject") && !st; i++)
    st = subject_add(c, s, i);
  if (!st && s->count == 0)
    st = gm_fail(c->ctx, GM_ENOTFOUND, "%s: no subject%s", r->path,
                 s->refused ? " fits the definition" : "");
  return st;
}

static gm_status times_take(cli *c, cli_study *s)
{
  gm_model_info info;
  gm_model_get_info(s->definition->model, &info);
  const char *now = cli_value(c, "now"), *learn = cli_value(c, "learn");
  const char *horizon = cli_value(c, "horizon");
  gm_status st = GM_OK;
  if (now && learn)
    return gm_fail(c->ctx, GM_EINVAL, "--now and --learn mean the same: give one of them");
  if (now || learn)
    st = cli_time(c->ctx, now ? "--now" : "--learn", now ? now : learn, info.time_unit, &s->t_now);
  if (!st && horizon) st = cli_time(c->ctx, "--horizon", horizon, info.time_unit, &s->horizon);
  if (!st && horizon && !(s->horizon > 0))
    st = gm_fail(c->ctx, GM_EDOMAIN, "--horizon %s: a time > 0 is expected", horizon);
  return st;
}

int cli_study_open(cli *c, cli_study *s)
{
  *s = (cli_study){.t_now = NAN, .horizon = NAN};
  const char *data = cli_value(c, "data");
  if (!data) return cli_say_use(c, "--data FILE is needed");
  cli_private();
  gm_status st = cli_definition_read(c, &s->definition);
  if (!st) st = times_take(c, s);
  if (!st) st = gm_records_read(c->ctx, data, &s->records);
  if (!st) st = cli_columns_say(c, s->definition, s->records);
  if (!st) st = subjects_take(c, s);
  return st ? cli_fail(c, st) : CLI_DONE;
}

void cli_study_close(cli_study *s)
{
  for (int32_t i = 0; i < s->count; i++) gm_subject_free(s->subject[i]);
  gm_free(s->subject);
  gm_records_free(s->records);
  gm_definition_free(s->definition);
}

gm_status cli_output_check(gm_ctx *ctx, const char *path, const cli_study *s)
{
  gm_status st = cli_definition_apart(ctx, path, s->definition);
  if (!st && cli_same_file(path, s->records->path))
    st = gm_fail(ctx, GM_EINVAL, "%s is the data (%s): another file is expected for the result",
                 path, s->records->path);
  return st;
}

double cli_t_end(const cli_study *s, const gm_twin *t)
{
  return t->t_now + (isnan(s->horizon) ? gm_plan_horizon(s->definition) : s->horizon);
}

/* ---- twins of all -------------------------------------------------------------------------- */
static gm_status subject_work(cli_batch *b, gm_ctx *ctx, int32_t i)
{
  gm_twin *t = NULL;
  gm_twin_options o = {.t_now = b->study->t_now,
                       .members = b->c->members,
                       .follow = cli_has(b->c, "follow"),
                       .seed = b->c->seed,
                       .pool = b->inner_pool,
                       .watch = b->inner};
  gm_status s = cli_interrupted() ? gm_fail(ctx, GM_ECANCELLED, "stopped") : GM_OK;
  if (!s) s = gm_twin_new(ctx, b->study->definition, b->study->subject[i], &o, &t);
  if (!s) s = b->work(b, ctx, i, t, &b->result[i]);
  gm_twin_free(t);
  return s;
}

/* A subject that fails does not take the others with it; what fails for all does (no memory). */
static gm_status task(void *user, int32_t i, int32_t worker, gm_ctx *ctx)
{
  (void)worker;
  cli_batch *b = user;
  cli_result *r = &b->result[i];
  gm_text_init(&r->text, ctx);
  gm_text_init(&r->json, ctx);
  gm_text_init(&r->html, ctx);
  r->status = subject_work(b, ctx, i);
  r->done = r->status == GM_OK;
  if (!r->done) snprintf(r->message, sizeof r->message, "%s", gm_message(ctx));
  cli_progress_step(&b->c->progress);
  return r->status == GM_ENOMEM || r->status == GM_EINTERNAL ? r->status : GM_OK;
}

static int batch_verdict(const cli_batch *b)
{
  int32_t done = 0, partial = 0;
  int code = CLI_DONE;
  for (int32_t i = 0; i < b->study->count; i++) {
    const cli_result *r = &b->result[i];
    done += r->done && !r->partial;
    partial += r->done && r->partial;
    if (r->done || r->status == GM_ECANCELLED) continue;
    int mine =
        cli_say_subject(b->c, cli_code(r->status), gm_subject_id(b->study->subject[i]), r->message);
    if (mine > code) code = mine;
  }
  /* the others went on: their results count, and the code says that some are missing */
  if (done + partial && (code || b->study->refused)) code = CLI_NO;
  if (cli_interrupted()) {
    char more[32] = "";
    if (partial) snprintf(more, sizeof more, ", %d in part", (int)partial);
    code = cli_say(b->c, CLI_NO, "stopped: %d of %d subjects done%s", (int)done,
                   (int)(b->study->count + b->study->refused), more);
  }
  return code;
}

int cli_batch_run(cli_batch *b)
{
  cli *c = b->c;
  int32_t n = b->study->count;
  b->result = gm_alloc(c->ctx, n, sizeof *b->result);
  if (!b->result) return cli_say(c, CLI_INTERNAL, "out of memory");
  /* many subjects: one a worker; one subject: its members are spread over the workers */
  bool one = n == 1;
  b->stop_only = (gm_watch){.stop = cli_progress_stop, .user = &c->progress};
  b->inner = one ? &c->watch : &b->stop_only;
  b->inner_pool = one ? c->pool : NULL;
  cli_progress_begin(&c->progress, b->what, n);
  gm_status s = gm_pool_run(one ? NULL : c->pool, c->ctx, n, task, b);
  cli_progress_end(&c->progress);
  return s ? cli_fail(c, s) : batch_verdict(b);
}

void cli_batch_free(cli_batch *b)
{
  for (int32_t i = 0; b->result && i < b->study->count; i++) {
    gm_text_free(&b->result[i].text);
    gm_text_free(&b->result[i].json);
    gm_text_free(&b->result[i].html);
  }
  gm_free(b->result);
  b->result = NULL;
}

static void batch_json(const cli_batch *b)
{
  const gm_definition *d = b->study->definition;
  int32_t done = 0;
  gm_json_writer j;
  gm_json_write_begin(&j, &b->c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", b->c->verb->name);
  gm_json_write_text(&j, "twin", d->twin);
  gm_json_write_text(&j, "question", d->question);
  gm_json_write_text(&j, "data", b->study->records->path);
  gm_json_write_int(&j, "seed", (int64_t)b->c->seed);
  gm_json_write_array(&j, "subjects");
  for (int32_t i = 0; i < b->study->count; i++) {
    const cli_result *r = &b->result[i];
    if (!r->done) continue;
    gm_json_write_raw(&j, NULL, r->json.data);
    done += !r->partial;
  }
  gm_json_write_array_end(&j);
  gm_json_write_int(&j, "done", done);
  gm_json_write_int(&j, "asked", b->study->count + b->study->refused);
  gm_json_write_object_end(&j);
  gm_text_add(&b->c->out, "\n");
}

void cli_batch_write(const cli_batch *b)
{
  if (b->c->json) {
    batch_json(b);
    return;
  }
  for (int32_t i = 0; i < b->study->count; i++)
    if (b->result[i].done && b->result[i].text.data)
      gm_text_add(&b->c->out, b->result[i].text.data);
}

int cli_batch_verb(cli *c, gm_status (*work)(cli_batch *b, gm_ctx *ctx, int32_t index,
                                             const gm_twin *t, cli_result *r))
{
  cli_study study;
  cli_batch b = {.c = c, .study = &study, .work = work, .what = "subjects"};
  int code = cli_study_open(c, &study);
  if (!code) {
    code = cli_batch_run(&b);
    if (code <= CLI_NO) cli_batch_write(&b);
  }
  cli_batch_free(&b);
  cli_study_close(&study);
  return code;
}
