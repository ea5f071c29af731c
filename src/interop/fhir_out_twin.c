/* fhir_out_twin.c - the twin as a Device, its forecasts as RiskAssessment, quantile Observations
 * and Provenance. */
#include "interop/fhir_out_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool said(const char *text) { return text && text[0]; }

/* ---- Device ---------------------------------------------------------------------------------- */
static void version_write(gm_json_writer *j, const char *of, const char *version)
{
  gm_json_write_object(j, NULL);
  fhir_out_own(j, "type", "version", of, of);
  fhir_out_text(j, "value", version);
  gm_json_write_object_end(j);
}

static void property_write(gm_json_writer *j, const char *name, const char *value)
{
  if (!said(value)) return;
  gm_json_write_object(j, NULL);
  fhir_out_own(j, "type", "twin", name, name);
  gm_json_write_array(j, "valueCode");
  fhir_out_concept(j, NULL, "", value);
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}

static void device_name(gm_json_writer *j, const char *name)
{
  gm_json_write_array(j, "deviceName");
  gm_json_write_object(j, NULL);
  fhir_out_text(j, "name", name);
  gm_json_write_text(j, "type", "user-friendly-name");
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
}

gm_status gm_fhir_out_twin(gm_fhir_out *w, const gm_fhir_out_device *d)
{
  gm_json_writer j;
  const gm_definition *def = w->o.definition;
  assert(!w->ended);
  if (!said(w->o.twin)) return gm_fail(w->ctx, GM_EINVAL, "FHIR out: the twin has no name");
  fhir_out_begin(w, &j, "Device", w->twin_id);
  fhir_out_identifier(&j, FHIR_OUT_OWN "twin", w->o.twin);
  gm_json_write_text(&j, "status", "active");
  gm_json_write_text(&j, "manufacturer", "Gemel");
  device_name(&j, w->o.twin);
  fhir_out_own(&j, "type", "device", "digital-twin", "Digital twin (software)");
  gm_json_write_array(&j, "version");
  version_write(&j, "Gemel", gm_version());
  if (said(d->version)) version_write(&j, "definition", d->version);
  gm_json_write_array_end(&j);
  if (said(d->health) || said(d->level)) {
    gm_json_write_array(&j, "property");
    property_write(&j, "health", d->health);
    property_write(&j, "level", d->level);
    gm_json_write_array_end(&j);
  }
  fhir_out_subject(w, &j, "patient");
  if (def && said(def->context_of_use)) fhir_out_note(&j, def->context_of_use);
  gm_status s = fhir_out_take(w, &j, "Device", w->twin_id, "");
  s = fhir_out_commit(w, s, FHIR_OUT_TWIN);
  if (!s) w->twin_written = true;
  return s;
}

/* ---- what a forecast rests on ------------------------------------------------------------------
 */
static void basis_write(gm_fhir_out *w, gm_json_writer *j, const char *key,
                        const gm_fhir_out_forecast *f)
{
  char reference[FHIR_OUT_URL_BYTES];
  if (!f->basis_count) return;
  gm_json_write_array(j, key);
  for (int32_t i = 0; i < f->basis_count; i++) {
    fhir_out_fact_ref(w, &f->basis[i], reference);
    fhir_out_reference(j, NULL, reference);
  }
  gm_json_write_array_end(j);
}

/* Observation.derivedFrom takes no doses: only what was measured. */
static void derived_write(gm_fhir_out *w, gm_json_writer *j, const gm_fhir_out_forecast *f)
{
  char reference[FHIR_OUT_URL_BYTES];
  bool any = false;
  for (int32_t i = 0; i < f->basis_count; i++) {
    if (strcmp(fhir_out_fact_type(&f->basis[i]), "Observation") != 0) continue;
    if (!any) gm_json_write_array(j, "derivedFrom");
    any = true;
    fhir_out_fact_ref(w, &f->basis[i], reference);
    fhir_out_reference(j, NULL, reference);
  }
  if (any) gm_json_write_array_end(j);
}

static void method_write(const gm_fhir_out *w, gm_json_writer *j)
{
  char text[400];
  const gm_definition *d = w->o.definition;
  snprintf(text, sizeof text,
           "Forecast of a model fitted to the patient (%.200s), not a measurement",
           d && said(d->twin) ? d->twin : w->o.twin);
  fhir_out_own(j, "method", "method", "forecast", text);
}

/* ---- RiskAssessment ----------------------------------------------------------------------------
 */
/* R4 has probabilityDecimal in per cent (comment on RiskAssessment.prediction.probability[x];
 * ras-2: at most 100). It is said again in words, so that nobody is wrong by a factor of 100. */
static gm_status prediction_write(gm_fhir_out *w, gm_json_writer *j, const gm_fhir_out_event *e)
{
  char number[FHIR_OUT_NUMBER_BYTES], text[120];
  if (!(e->probability >= 0 && e->probability <= 1))
    return gm_fail(w->ctx, GM_ERANGE, "FHIR out: a probability is not between 0 and 1");
  fhir_out_number(100 * e->probability, number);
  gm_json_write_object(j, NULL);
  fhir_out_concept(j, "outcome", "", e->outcome);
  gm_json_write_decimal(j, "probabilityDecimal", number);
  gm_status s =
      fhir_out_period(w, j, "whenPeriod", fhir_out_unix(w, e->t_begin), fhir_out_unix(w, e->t_end));
  snprintf(text, sizeof text, "A probability of %.40s per cent", number);
  gm_json_write_text(j, "rationale", text);
  gm_json_write_object_end(j);
  return s;
}

static gm_status risk_write(gm_fhir_out *w, const gm_fhir_out_forecast *f, const char *id)
{
  gm_json_writer j;
  char time[FHIR_OUT_TIME_BYTES];
  gm_status s = fhir_out_time(w->ctx, fhir_out_unix(w, f->t_now), time);
  fhir_out_begin(w, &j, "RiskAssessment", id);
  gm_json_write_text(&j, "status", "final");
  method_write(w, &j);
  fhir_out_own(&j, "code", "forecast", "forecast", "Forecast of a digital twin");
  fhir_out_subject(w, &j, "subject");
  if (!s) gm_json_write_text(&j, "occurrenceDateTime", time);
  fhir_out_reference(&j, "performer", w->twin_ref);
  basis_write(w, &j, "basis", f);
  if (f->event_count) gm_json_write_array(&j, "prediction");
  for (int32_t i = 0; i < f->event_count && !s; i++) s = prediction_write(w, &j, &f->event[i]);
  if (f->event_count) gm_json_write_array_end(&j);
  return s ? s : fhir_out_take(w, &j, "RiskAssessment", id, "");
}

/* ---- quantiles ---------------------------------------------------------------------------------
 */
/* Times first .. first + count - 1 have the same step. */
typedef struct {
  int32_t first, count;
  double step; /* in the model's time */
} stretch;

static stretch stretch_at(const double *t, int32_t first, int32_t count)
{
  stretch s = {.first = first, .count = 1, .step = 0};
  if (first + 1 < count) {
    s.step = t[first + 1] - t[first];
    s.count = 2;
  }
  while (first + s.count < count && fabs(t[first + s.count] - t[first + s.count - 1] - s.step) <=
                                        1e-9 * (fabs(s.step) + fabs(t[first + s.count])))
    s.count++;
  return s;
}

static void samples_write(gm_fhir_out *w, gm_json_writer *j, const double *quantile,
                          const stretch *s, const char *unit)
{
  char number[FHIR_OUT_NUMBER_BYTES];
  gm_text data;
  gm_text_init(&data, w->ctx);
  for (int32_t i = 0; i < s->count; i++) {
    double v = quantile[(ptrdiff_t)i * GM_QUANTILE_COUNT];
    if (i) gm_text_add(&data, " ");
    gm_text_add(&data, isfinite(v) ? fhir_out_number(v, number) : "E");
  }
  gm_json_write_object(j, "valueSampledData");
  fhir_out_quantity(j, "origin", "0", "", unit);
  double ms = s->count > 1 ? s->step / w->o.definition->hour * 3.6e6 : 1;
  gm_json_write_decimal(j, "period", fhir_out_exact(ms, number));
  gm_json_write_int(j, "dimensions", 1);
  gm_json_write_text(j, "data", data.data ? data.data : "E");
  gm_json_write_object_end(j);
  if (data.status && !j->out->status) j->out->status = data.status;
  gm_text_free(&data);
}

/* What is forecast, so that nobody takes it for a measurement of it: an extension has its code. */
static void forecast_of(gm_json_writer *j, const gm_observable *o)
{
  gm_json_write_array(j, "extension");
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "url", FHIR_OUT_OWN "forecast-of");
  fhir_out_concept(j, "valueCodeableConcept", fhir_out_first_code(&o->coding), o->name);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
}

static gm_status quantiles_write(gm_fhir_out *w, const gm_fhir_out_forecast *f, const char *id,
                                 int32_t k, const stretch *s)
{
  gm_json_writer j;
  char text[300], level[FHIR_OUT_NUMBER_BYTES];
  const gm_forecast *c = f->forecast;
  const gm_observable *o = &w->o.definition->observable[k];
  const double *q = (f->measured ? c->with_noise : c->quantile) +
                    ((ptrdiff_t)k * c->time_count + s->first) * GM_QUANTILE_COUNT;
  fhir_out_begin(w, &j, "Observation", id);
  forecast_of(&j, o);
  gm_json_write_text(&j, "status", "final");
  snprintf(text, sizeof text, "Forecast of %.80s%s: quantiles over time", o->name,
           f->measured ? " as it would be measured" : "");
  fhir_out_own(&j, "code", "forecast", "quantiles", text);
  fhir_out_subject(w, &j, "subject");
  gm_status t = fhir_out_period(w, &j, "effectivePeriod", fhir_out_unix(w, c->time[s->first]),
                                fhir_out_unix(w, c->time[s->first + s->count - 1]));
  method_write(w, &j);
  fhir_out_reference(&j, "device", w->twin_ref);
  derived_write(w, &j, f);
  gm_json_write_array(&j, "component");
  for (int32_t i = 0; i < GM_QUANTILE_COUNT; i++) {
    fhir_out_number(gm_quantile_level[i], level);
    snprintf(text, sizeof text, "Quantile %.40s", level);
    gm_json_write_object(&j, NULL);
    fhir_out_own(&j, "code", "quantile", level, text);
    samples_write(w, &j, q + i, s, o->unit);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  return t ? t : fhir_out_take(w, &j, "Observation", id, "");
}

static gm_status observables_write(gm_fhir_out *w, const gm_fhir_out_forecast *f, const char *name,
                                   gm_text *ids)
{
  const gm_forecast *c = f->forecast;
  gm_status s = GM_OK;
  char suffix[100], id[FHIR_OUT_ID_BYTES];
  for (int32_t k = 0; k < c->observable_count && !s; k++)
    for (int32_t i = 0; i < c->time_count && !s;) {
      stretch part = stretch_at(c->time, i, c->time_count);
      snprintf(suffix, sizeof suffix, "%.60s-%d", w->o.definition->observable[k].name, (int)i);
      fhir_out_id_of(name, suffix, id);
      s = quantiles_write(w, f, id, k, &part);
      gm_text_addn(ids, id, sizeof id);
      i += part.count;
    }
  return s ? s : ids->status;
}

/* ---- Provenance --------------------------------------------------------------------------------
 */
static void source_write(gm_json_writer *j, const char *system, const char *value)
{
  if (!said(value)) return;
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "role", "source");
  gm_json_write_object(j, "what");
  gm_json_write_object(j, "identifier");
  gm_json_write_text(j, "system", system);
  fhir_out_text(j, "value", value);
  gm_json_write_object_end(j);
  gm_json_write_object_end(j);
  gm_json_write_object_end(j);
}

static void entities_write(gm_fhir_out *w, gm_json_writer *j, const gm_fhir_out_forecast *f)
{
  char seed[30], reference[FHIR_OUT_URL_BYTES];
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)f->seed);
  gm_json_write_array(j, "entity");
  for (int32_t i = 0; i < f->basis_count; i++) {
    fhir_out_fact_ref(w, &f->basis[i], reference);
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "role", "source");
    fhir_out_reference(j, "what", reference);
    gm_json_write_object_end(j);
  }
  source_write(j, FHIR_OUT_OWN "seed", seed);
  source_write(j, FHIR_OUT_OWN "input-hash", f->input_hash);
  source_write(j, FHIR_OUT_OWN "build", f->build);
  gm_json_write_array_end(j);
}

static gm_status provenance_write(gm_fhir_out *w, const gm_fhir_out_forecast *f, const char *risk,
                                  const gm_text *ids)
{
  gm_json_writer j;
  char time[FHIR_OUT_TIME_BYTES], id[FHIR_OUT_ID_BYTES], reference[FHIR_OUT_URL_BYTES];
  gm_status s = fhir_out_time(w->ctx, f->issued_s, time);
  if (s) return s;
  fhir_out_id_of(risk, "provenance", id);
  fhir_out_begin(w, &j, "Provenance", id);
  gm_json_write_array(&j, "target");
  fhir_out_ref(w, "RiskAssessment", risk, "", reference);
  fhir_out_reference(&j, NULL, reference);
  for (size_t at = 0; at < ids->bytes; at += FHIR_OUT_ID_BYTES) {
    fhir_out_ref(w, "Observation", ids->data + at, "", reference);
    fhir_out_reference(&j, NULL, reference);
  }
  gm_json_write_array_end(&j);
  gm_json_write_text(&j, "recorded", time);
  fhir_out_own(&j, "activity", "activity", "forecast", "Belief from the data, and forecast");
  gm_json_write_array(&j, "agent");
  gm_json_write_object(&j, NULL);
  fhir_out_concept(&j, "type",
                   "http://terminology.hl7.org/CodeSystem/provenance-participant-type|assembler",
                   "Assembler");
  fhir_out_reference(&j, "who", w->twin_ref);
  gm_json_write_object_end(&j);
  gm_json_write_array_end(&j);
  entities_write(w, &j, f);
  return fhir_out_take(w, &j, "Provenance", id, "");
}

static gm_status forecast_check(const gm_fhir_out *w, const gm_fhir_out_forecast *f)
{
  const gm_definition *d = w->o.definition;
  const gm_forecast *c = f->forecast;
  if (!d || !w->twin_written)
    return gm_fail(w->ctx, GM_EINVAL, "FHIR out: a forecast needs a definition and its twin first");
  if (c && (c->observable_count != d->observable_count || c->time_count < 0))
    return gm_fail(w->ctx, GM_EINVAL, "FHIR out: a forecast of another definition");
  for (int32_t i = 1; c && i < c->time_count; i++)
    if (!(c->time[i] > c->time[i - 1]))
      return gm_fail(w->ctx, GM_EINVAL, "FHIR out: times of a forecast do not rise");
  return GM_OK;
}

gm_status gm_fhir_out_forecast_add(gm_fhir_out *w, const gm_fhir_out_forecast *f)
{
  char time[FHIR_OUT_TIME_BYTES], id[FHIR_OUT_ID_BYTES];
  gm_text ids;
  assert(!w->ended);
  gm_status s = forecast_check(w, f);
  if (!s) s = fhir_out_time(w->ctx, f->issued_s, time);
  if (s) return s;
  gm_text_init(&ids, w->ctx);
  if (said(f->id))
    fhir_out_id(f->id, id);
  else
    fhir_out_id_of(w->twin_id, time, id);
  s = risk_write(w, f, id);
  if (!s && f->forecast) s = observables_write(w, f, id, &ids);
  if (!s) s = provenance_write(w, f, id, &ids);
  gm_text_free(&ids);
  return fhir_out_commit(w, s, FHIR_OUT_FORECAST);
}
