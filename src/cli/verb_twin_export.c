/* verb_twin_export.c - gemel twin export: all that is held of a subject's twin, to carry off. */
#include "cli/keep.h"
#include "gemel/audit.h"
#include "gemel/fhir_out.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  cli *c;
  cli_keep *k;
  gm_arena *memory;
  gm_arena_mark mark;
  gm_fhir_out *w;
  int64_t count;
} exporter;

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

static gm_status facts_write(exporter *e, int64_t as_of)
{
  static const gm_record_kind kinds[] = {GM_RECORD_COVARIATE, GM_RECORD_OBSERVATION,
                                         GM_RECORD_GIVEN, GM_RECORD_ORDERED, GM_RECORD_REPORTED};
  gm_status s = GM_OK;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !s; i++) {
    gm_record_query q = {.twin = gm_life_twin(e->k->life), .kind = kinds[i], .as_of = as_of};
    s = gm_store_read(e->k->session, e->c->ctx, &q, fact_hear, e);
  }
  return s;
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

static gm_status twin_write(exporter *e)
{
  const gm_twin *t = NULL;
  gm_life_state state;
  gm_status s = gm_life_look(e->k->life, e->c->ctx, NAN, &state);
  if (!s) s = gm_life_belief(e->k->life, e->c->ctx, &t);
  if (s) return s;
  gm_fhir_out_device d = {.version = gm_version(),
                          .health = gm_health_name(state.health),
                          .level =
                              state.is_twin ? gm_level_name(state.level) : "a model, not a twin"};
  s = gm_fhir_out_twin(e->w, &d);
  return !s && t ? forecast_write(e, t) : s;
}

static gm_status fhir_write(exporter *e, double now_s, int64_t as_of, gm_text *out)
{
  const gm_twin *t = NULL; /* so that the origin of time is known */
  gm_status s = gm_life_belief(e->k->life, e->c->ctx, &t);
  gm_fhir_out_options o = {.patient = gm_life_subject_id(e->k->life),
                           .twin = e->c->argument[0],
                           .definition = gm_life_definition(e->k->life),
                           .t0_s = gm_life_origin_s(e->k->life),
                           .now_s = now_s};
  if (!s) s = gm_fhir_out_new(e->c->ctx, &o, out, &e->w);
  if (!s) s = facts_write(e, as_of);
  if (!s) s = twin_write(e);
  if (!s) s = gm_fhir_out_end(e->w);
  gm_fhir_out_free(e->w);
  return s;
}

static gm_status export_all(exporter *e, gm_text *out)
{
  cli *c = e->c;
  char detail[64];
  double now = NAN, as_of = NAN;
  if (cli_unix_option(c, "now", &now) || cli_unix_option(c, "as-of", &as_of)) return GM_EPARSE;
  if (isnan(now)) now = cli_now_s();
  int64_t twin = gm_life_twin(e->k->life);
  gm_status s = gm_store_may(e->k->session, c->ctx, twin, GM_ACT_EXPORT, GM_RECORD_OBSERVATION,
                             GM_CLASS_CLINICAL);
  if (!s) s = fhir_write(e, now, isnan(as_of) ? 0 : (int64_t)(as_of * 1e6), out);
  snprintf(detail, sizeof detail, "{\"form\":\"fhir-r4\"}");
  if (!s) s = gm_audit_note(e->k->session, c->ctx, GM_AUDIT_EXPORTED, twin, e->count, detail);
  return s;
}

static int run(cli *c)
{
  cli_keep k = {0};
  exporter e = {.c = c, .k = &k};
  gm_text out;
  const char *path = cli_value(c, "out");
  gm_text_init(&out, c->ctx);
  gm_status s = gm_arena_new(c->ctx, 65536, &e.memory);
  int code = s ? cli_fail(c, s) : cli_keep_life(c, &k);
  if (!code) {
    e.mark = gm_arena_at(e.memory);
    s = export_all(&e, &out);
    if (!s && path) s = cli_write(c->ctx, path, &out);
    if (s) code = gm_message(c->ctx)[0] ? cli_fail(c, s) : CLI_BAD;
  }
  if (!code && path)
    gm_text_addf(&c->out, "%lld facts and the twin's own parts in %s\n", (long long)e.count, path);
  if (!code && !path) gm_text_addn(&c->out, out.data, out.bytes);
  cli_keep_close(&k);
  gm_arena_free(e.memory);
  gm_text_free(&out);
  return code;
}

static const cli_option options[] = {{"out", "FILE", "where to (standard output)", false},
                                     {"as-of", "TIME", "as it was known then", false},
                                     {"now", "TIME", "time of the export (the clock)", false},
                                     CLI_KEEP_OPTIONS,
                                     {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_export = {
    .name = "twin export",
    .summary = "all that is held of a twin's subject, as FHIR R4",
    .use = "NAME [--out FILE]",
    .details = "Facts with their decimals as they came, the twin as Device, its forecast as "
               "RiskAssessment and\nObservations, the run as Provenance.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
