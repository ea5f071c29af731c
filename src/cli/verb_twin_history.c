/* verb_twin_history.c - gemel twin history: what the thread holds, as it was known at a time. */
#include "cli/keep.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES = 160 };

typedef struct {
  cli *c;
  gm_json_writer j;
  int64_t count;
} listener;

/* A body that is text (JSON), cut for the terminal; of others their size. */
static void body_show(const gm_record_found *r, gm_text *out)
{
  char text[SHOWN_BYTES + 4];
  if (r->kind == GM_RECORD_BELIEF) {
    gm_text_addf(out, "(%zu bytes)", r->bytes);
    return;
  }
  snprintf(text, sizeof text, "%.*s%s", (int)(r->bytes < SHOWN_BYTES ? r->bytes : SHOWN_BYTES),
           (const char *)r->body, r->bytes > SHOWN_BYTES ? "..." : "");
  cli_safe(out, text);
}

static void text_show(cli *c, const gm_record_found *r)
{
  char when[40], learned[40];
  gm_text_addf(&c->out, "%6lld  %s  learned %s  %-11s %-12.40s ", (long long)r->seq,
               cli_unix_text(r->t_true_s, when),
               cli_unix_text((double)r->t_learned * 1e-6, learned), gm_record_kind_name(r->kind),
               r->series);
  body_show(r, &c->out);
  gm_text_add(&c->out, "\n");
}

static void json_show(listener *l, const gm_record_found *r)
{
  gm_json_writer *j = &l->j;
  gm_json_write_object(j, NULL);
  gm_json_write_int(j, "record", r->seq);
  gm_json_write_text(j, "kind", gm_record_kind_name(r->kind));
  gm_json_write_text(j, "series", r->series);
  gm_json_write_number(j, "true_s", r->t_true_s);
  gm_json_write_number(j, "learned_s", (double)r->t_learned * 1e-6);
  gm_json_write_text(j, "source", r->source);
  gm_json_write_text(j, "id", r->id);
  gm_json_write_text(j, "version", r->version);
  gm_json_write_text(j, "class", gm_data_class_name(r->data_class));
  if (r->licence[0]) gm_json_write_text(j, "licence", r->licence);
  if (r->kind == GM_RECORD_BELIEF || !r->bytes)
    gm_json_write_int(j, "body_bytes", (int64_t)r->bytes);
  else
    gm_json_write_rawn(j, "body", r->body, r->bytes); /* no NUL behind it */
  gm_json_write_object_end(j);
}

static gm_status hear(void *user, const gm_record_found *r)
{
  listener *l = user;
  l->count++;
  if (gm_watch_stop(&l->c->watch)) return gm_fail(l->c->ctx, GM_ECANCELLED, "stopped");
  if (l->c->json)
    json_show(l, r);
  else
    text_show(l->c, r);
  return l->c->out.status;
}

static int query_read(cli *c, gm_record_query *q)
{
  const char *kind = cli_value(c, "kind");
  double from, to, as_of;
  int code = cli_unix_option(c, "from", &from);
  if (!code) code = cli_unix_option(c, "to", &to);
  if (!code) code = cli_unix_option(c, "as-of", &as_of);
  if (code) return code;
  int32_t number = kind ? gm_record_kind_of(kind) : 0;
  if (number < 0)
    return cli_say(
        c, CLI_BAD,
        "--kind %s: no kind of record; covariate, observation, given, ordered, reported, "
        "belief, forecast, score, plan, proposal, decision, model, consent, quality or note is "
        "expected",
        kind);
  if (cli_value(c, "series") && !kind) return cli_say(c, CLI_BAD, "--series goes with --kind");
  q->kind = (gm_record_kind)number;
  q->series = cli_value(c, "series");
  if (!isnan(from) || !isnan(to)) {
    q->from_s = isnan(from) ? -1e300 : from;
    q->to_s = isnan(to) ? 1e300 : to;
  }
  q->as_of = isnan(as_of) ? 0 : (int64_t)(as_of * 1e6);
  q->all_versions = cli_has(c, "all");
  return CLI_DONE;
}

static int run(cli *c)
{
  cli_keep k = {0};
  int64_t withheld = 0;
  gm_record_query q = {.withheld = &withheld};
  listener l = {.c = c};
  int code = query_read(c, &q);
  if (!code) code = cli_keep_open(c, false, &k);
  gm_status s = code ? GM_OK : gm_store_twin(k.session, c->ctx, 0, c->argument[0], false, &q.twin);
  gm_json_write_begin(&l.j, &c->out, 1);
  if (c->json) gm_json_write_array(&l.j, NULL);
  if (!code && !s) s = gm_store_read(k.session, c->ctx, &q, hear, &l);
  if (c->json) gm_json_write_array_end(&l.j);
  gm_text_add(&c->out, c->json ? "\n" : "");
  if (s) code = cli_fail(c, s);
  if (!code && !c->json) gm_text_addf(&c->out, "%lld records\n", (long long)l.count);
  if (!code && withheld)
    cli_say(c, 0, "%lld more are not for this role and purpose", (long long)withheld);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"kind", "KIND", "observation, given, ordered, reported, covariate, belief, forecast, ...",
     false},
    {"series", "NAME", "of one observable or input (with --kind)", false},
    {"from", "TIME", "true at or after", false},
    {"to", "TIME", "true at or before", false},
    {"as-of", "TIME", "as it was known then", false},
    {"all", NULL, "older versions of corrected things too", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_history = {
    .name = "twin history",
    .summary = "the records of a twin: when true, when learned",
    .use = "NAME [--kind KIND] [--from TIME] [--to TIME] [--as-of TIME] [--all]",
    .details = "Nothing is ever changed in a thread: a correction is a newer version, and what was "
               "known at\nany time can be seen as it was.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
