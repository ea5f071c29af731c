/* twin_fhir.c - a kept twin on its way out. */
#include "cli/twin_fhir.h"
#include "gemel/audit.h"
#include <math.h>

gm_status cli_fhir_begin(const cli *c, const cli_keep *k, double now_s, const char *source,
                         gm_text *out, gm_fhir_out **w)
{
  gm_fhir_out_options o = {.patient = gm_life_subject_id(k->life),
                           .twin = c->argument[0],
                           .source = source,
                           .definition = gm_life_definition(k->life),
                           .t0_s = gm_life_origin_s(k->life),
                           .now_s = now_s};
  return gm_fhir_out_new(c->ctx, &o, out, w);
}

gm_status cli_fhir_device(const cli *c, const cli_keep *k, gm_fhir_out *w)
{
  gm_life_state state;
  double now = NAN;
  const char *text = cli_value(c, "now"); /* health is as of the same time as all else */
  gm_status s = text ? cli_unix_time(c->ctx, "--now", text, &now) : GM_OK;
  if (!s) s = gm_life_look(k->life, c->ctx, now, &state);
  if (s) return s;
  gm_fhir_out_device d = {.version = NULL, /* definitions have none */
                          .health = gm_health_name(state.health),
                          .level =
                              state.is_twin ? gm_level_name(state.level) : "a model, not a twin"};
  return gm_fhir_out_twin(w, &d);
}

gm_status cli_fhir_may(const cli *c, const cli_keep *k, gm_record_kind kind, gm_data_class of)
{
  return gm_store_may(k->session, c->ctx, gm_life_twin(k->life), GM_ACT_EXPORT, kind, of);
}

gm_status cli_fhir_note(const cli *c, const cli_keep *k, int64_t count)
{
  return gm_audit_note(k->session, c->ctx, GM_AUDIT_EXPORTED, gm_life_twin(k->life), count,
                       "{\"form\":\"fhir-r4\"}");
}
