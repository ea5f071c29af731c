/* verb_twin_export.c - gemel twin export: all that is held of a subject's twin, to carry off. */
#include "cli/twin_fhir.h"
#include "base/clock.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_BYTES = 1001 }; /* of a record: store.h */

static const gm_record_kind kinds[] = {GM_RECORD_COVARIATE, GM_RECORD_OBSERVATION, GM_RECORD_GIVEN,
                                       GM_RECORD_ORDERED, GM_RECORD_REPORTED};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct {
  cli *c;
  cli_keep *k;
  gm_arena *memory;
  gm_arena_mark mark;
  gm_fhir_out *w;
  int64_t count;
  bool stands;          /* there is a twin to write, not facts alone */
  bool closed[KINDS];   /* nothing of the kind may be carried off */
  char refusal[300];    /* the first */
  gm_text missing;      /* what was left out and why, for people, when the rest is written */
  int64_t as_of, first; /* first: number of the fact that source comes from, 0: none */
  char source[SOURCE_BYTES];
} exporter;

/* Two sources may call two things by one id: whichever spoke first keeps its own. That stays so,
 * as nothing is ever put before a record. */
static gm_status source_hear(void *user, const gm_record_found *r)
{
  exporter *e = user;
  if (e->first && e->first <= r->seq) return GM_OK;
  e->first = r->seq;
  snprintf(e->source, sizeof e->source, "%s", r->source);
  return GM_OK;
}

/* Facts as resources; what is no fact is written by the twin's own parts. */
static gm_status fact_hear(void *user, const gm_record_found *r)
{
  exporter *e = user;
  gm_fact f;
  gm_status s = gm_fact_read(e->c->ctx, r, e->memory, &f);
  if (!s && !f.withdrawn) s = gm_fhir_out_fact(e->w, &f);
  e->count += !s && !f.withdrawn;
  gm_arena_back(e->memory, e->mark);
  return s ? gm_fail_at(e->c->ctx, s, "record %lld", (long long)r->seq) : GM_OK;
}

/* What may not be carried off is left out, and said: the store's reason is in the message. */
static gm_status left_out(exporter *e, gm_status s, bool *may)
{
  *may = s == GM_OK;
  if (s != GM_EDENIED) return s;
  if (!e->refusal[0]) snprintf(e->refusal, sizeof e->refusal, "%s", gm_message(e->c->ctx));
  gm_text_addf(&e->missing, "gemel: left out: %s\n", gm_message(e->c->ctx));
  gm_message_clear(e->c->ctx);
  return GM_OK;
}

static gm_status kind_hear(exporter *e, int i, bool all_versions, gm_record_listener *hear)
{
  bool may = false;
  int64_t withheld = 0;
  gm_record_query q = {.twin = gm_life_twin(e->k->life),
                       .kind = kinds[i],
                       .as_of = e->as_of,
                       .all_versions = all_versions,
                       .withheld = &withheld};
  gm_status s = gm_store_export(e->k->session, e->c->ctx, &q, hear, e);
  s = left_out(e, s, &may);
  e->closed[i] = !s && !may;
  if (!s && withheld && !all_versions)
    gm_text_addf(&e->missing, "gemel: left out: %lld %s records that may not be exported\n",
                 (long long)withheld, gm_record_kind_name(kinds[i]));
  return s;
}

static gm_status facts_hear(exporter *e, bool all_versions, gm_record_listener *hear)
{
  gm_status s = GM_OK;
  int closed = 0;
  for (int i = 0; i < KINDS && !s; i++) {
    if (!e->closed[i]) s = kind_hear(e, i, all_versions, hear);
    closed += e->closed[i];
  }
  return !s && closed == KINDS ? gm_fail(e->c->ctx, GM_EDENIED, "%s", e->refusal) : s;
}

static gm_status forecast_write(exporter *e, const gm_twin *t)
{
  enum { TIMES = 49 };
  double time[TIMES], horizon = gm_plan_horizon(t->definition);
  gm_plan plan = {.action = -1};
  gm_forecast *f = NULL;
  for (int i = 0; i < TIMES; i++) time[i] = t->t_now + horizon * i / (TIMES - 1);
  gm_status s = gm_plan_as_it_is(e->c->ctx, t, t->t_now + horizon, &plan);
  gm_forecast_request q = {
      .plan = plan.event, .plan_count = plan.event_count, .time = time, .time_count = TIMES};
  if (!s) s = gm_forecast_make(e->c->ctx, t, &q, &f);
  gm_fhir_out_forecast out = {.forecast = f,
                              .t_now = t->t_now,
                              .issued_s = gm_life_unix_s(e->k->life, t->t_now),
                              .measured = true,
                              .seed = t->seed,
                              .build = gm_version()};
  if (!s) s = gm_fhir_out_forecast_add(e->w, &out);
  gm_forecast_free(f);
  gm_plan_free(&plan);
  return s;
}

/* May all of these be carried off? */
static gm_status parts_may(exporter *e, const gm_record_kind *kind, int count, bool *may)
{
  gm_status s = GM_OK;
  for (int i = 0; i < count && !s; i++) s = cli_fhir_may(e->c, e->k, kind[i], GM_CLASS_DERIVED);
  return left_out(e, s, may);
}

/* How the twin stands is worked out of its beliefs and scores: without them it has its name alone.
 */
static gm_status device_write(exporter *e)
{
  static const gm_record_kind of[] = {GM_RECORD_BELIEF, GM_RECORD_SCORE, GM_RECORD_QUALITY};
  const gm_fhir_out_device bare = {.version = NULL};
  bool may = false;
  gm_status s = parts_may(e, of, 3, &may);
  if (!s && may) s = left_out(e, cli_fhir_device(e->c, e->k, e->w), &may);
  return !s && !may ? gm_fhir_out_twin(e->w, &bare) : s;
}

/* The twin's own parts, but where it cannot stand yet, as without a covariate: the subject's data
 * are its own all the same. */
static gm_status twin_write(exporter *e)
{
  static const gm_record_kind model[] = {GM_RECORD_MODEL},
                              forecast[] = {GM_RECORD_BELIEF, GM_RECORD_FORECAST};
  const gm_twin *t = NULL;
  bool may = false;
  if (!e->stands) return GM_OK;
  gm_status s = parts_may(e, model, 1, &may);
  e->stands = may;
  if (s || !may) return s;
  s = device_write(e);
  if (!s) s = gm_life_belief(e->k->life, e->c->ctx, &t);
  if (!s && t) s = parts_may(e, forecast, 2, &may);
  return !s && t && may ? forecast_write(e, t) : s;
}

static gm_status fhir_write(exporter *e, double now_s, gm_text *out)
{
  const gm_twin *t = NULL; /* so that the origin of time is known */
  gm_status s = gm_life_belief(e->k->life, e->c->ctx, &t);
  e->stands = s != GM_ENOTFOUND && s != GM_EDENIED;
  if (!e->stands) {
    gm_text_addf(&e->missing, "gemel: only facts are written: %s\n", gm_message(e->c->ctx));
    gm_message_clear(e->c->ctx);
    s = GM_OK;
  }
  if (!s) s = facts_hear(e, true, source_hear);
  if (!s) s = cli_fhir_begin(e->c, e->k, now_s, e->source, out, &e->w);
  if (!s) s = facts_hear(e, false, fact_hear);
  if (!s) s = twin_write(e);
  if (!s) s = gm_fhir_out_end(e->w);
  gm_fhir_out_free(e->w);
  return s;
}

static gm_status export_all(exporter *e, gm_text *out)
{
  cli *c = e->c;
  double now = NAN, as_of = NAN;
  if (cli_unix_option(c, "now", &now) || cli_unix_option(c, "as-of", &as_of)) return GM_EPARSE;
  if (isnan(now)) now = gm__clock_s();
  e->as_of = isnan(as_of) ? 0 : (int64_t)(as_of * 1e6);
  gm_status s = fhir_write(e, now, out);
  return s ? s : cli_fhir_note(c, e->k, e->count);
}

static int run(cli *c)
{
  cli_keep k = {0};
  exporter e = {.c = c, .k = &k};
  gm_text out;
  const char *path = cli_value(c, "out");
  gm_text_init(&out, c->ctx);
  gm_text_init(&e.missing, c->ctx);
  gm_status s = gm_arena_new(c->ctx, 65536, &e.memory);
  int code = s ? cli_fail(c, s) : cli_keep_life(c, &k);
  if (!code) {
    e.mark = gm_arena_at(e.memory);
    s = export_all(&e, &out);
    if (!s && path) s = cli_write(c->ctx, path, &out);
    if (s) code = gm_message(c->ctx)[0] ? cli_fail(c, s) : CLI_BAD;
  }
  if (!code && e.missing.bytes) fputs(e.missing.data, stderr);
  if (!code && path)
    gm_text_addf(&c->out, "%lld facts%s in %s\n", (long long)e.count,
                 e.stands ? " and the twin's own parts" : "", path);
  if (!code && !path) gm_text_addn(&c->out, out.data, out.bytes);
  cli_keep_close(&k);
  gm_arena_free(e.memory);
  gm_text_free(&e.missing);
  gm_text_free(&out);
  return code;
}

static const cli_option options[] = {
    {"out", "FILE", "where to (standard output)", GM_OPTION_WRITTEN},
    {"as-of", "TIME", "as it was known then", false},
    {"now", "TIME", "time of the export (the clock)", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_export = {
    .name = "twin export",
    .summary = "all that is held of a twin's subject, as FHIR R4",
    .use = "NAME [--out FILE]",
    .details = "Facts with their decimals as they came, the twin as Device, its forecast as "
               "RiskAssessment and\nObservations, the run as Provenance. What may not be "
               "exported is\nleft out, and said on standard error.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
