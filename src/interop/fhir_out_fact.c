/* fhir_out_fact.c - what is held of a patient: facts as the resources that they might have come
 * from. */
#include "base/number.h"
#include "interop/fhir_check_value.h"
#include "interop/fhir_out_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *fhir_out_fact_type(const gm_fact *f)
{
  switch (f->kind) {
  case GM_RECORD_GIVEN: return "MedicationAdministration";
  case GM_RECORD_ORDERED: return "MedicationRequest";
  case GM_RECORD_REPORTED: return "MedicationStatement";
  default: return "Observation";
  }
}

/* "Observation/o1" keeps its id; a part of a resource, and what FHIR did not name, gets one. */
void fhir_out_fact_id(const gm_fhir_out *w, const gm_fact *f, char out[FHIR_OUT_ID_BYTES])
{
  const char *type = fhir_out_fact_type(f);
  size_t n = strlen(type);
  bool kept = !w->o.source || strcmp(w->o.source, f->source) == 0;
  bool named = kept && strncmp(f->id, type, n) == 0 && f->id[n] == '/';
  if (named && gm__fhir_is_id(f->id + n + 1, strlen(f->id + n + 1))) {
    fhir_out_id(f->id + n + 1, out);
    return;
  }
  fhir_out_id_of(f->source, f->id[0] ? f->id : f->series, out);
}

void fhir_out_fact_version(const gm_fact *f, char out[FHIR_OUT_ID_BYTES])
{
  out[0] = 0;
  if (f->version[0]) fhir_out_id(f->version, out);
}

void fhir_out_fact_ref(const gm_fhir_out *w, const gm_fact *f, char out[FHIR_OUT_URL_BYTES])
{
  char id[FHIR_OUT_ID_BYTES], version[FHIR_OUT_ID_BYTES];
  fhir_out_fact_id(w, f, id);
  fhir_out_fact_version(f, version);
  fhir_out_ref(w, fhir_out_fact_type(f), id, version, out);
}

/* A number as it was written, without what JSON does not allow: "+5", ".5", "05", "5.". False: it
 * is none. */
static bool decimal_of(const char *text, char *out, size_t room)
{
  double v;
  size_t n = 0;
  if (!gm__number_parse(text, &v) || strlen(text) + 3 > room) return false;
  if (*text == '+') text++;
  if (*text == '-') out[n++] = *text++;
  while (*text == '0' && text[1] >= '0' && text[1] <= '9') text++;
  if (*text == '.') out[n++] = '0';
  for (; *text; text++) {
    bool bare = *text == '.' && !(text[1] >= '0' && text[1] <= '9');
    if (!bare) out[n++] = *text;
  }
  out[n] = 0;
  return true;
}

/* Codings of the series, and its levels where it has any. */
typedef struct {
  const char *code;
  const char *amount; /* unit of an input, "" */
  const gm_covariate *levels;
} series;

static series series_of(const gm_fhir_out *w, const gm_fact *f)
{
  series s = {.code = f->code, .amount = ""};
  const gm_definition *d = w->o.definition;
  if (!d) return s;
  const gm_coding *c = NULL;
  int32_t i = -1;
  if (f->kind == GM_RECORD_COVARIATE && (i = gm_definition_covariate(d, f->series)) >= 0) {
    c = &d->covariate[i].coding;
    s.levels = d->covariate[i].level_count ? &d->covariate[i] : NULL;
  } else if (f->kind == GM_RECORD_OBSERVATION &&
             (i = gm_definition_observable(d, f->series)) >= 0) {
    c = &d->observable[i].coding;
  } else if (f->kind != GM_RECORD_OBSERVATION && (i = gm_definition_input(d, f->series)) >= 0) {
    c = &d->input[i].coding;
    s.amount = d->input[i].unit;
  }
  if (c && !s.code[0]) s.code = fhir_out_first_code(c);
  return s;
}

/* ---- what all have ------------------------------------------------------------------------------
 */
static void label(gm_json_writer *j, const char *key, const char *system, const char *code)
{
  gm_json_write_array(j, key);
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "system", system);
  gm_json_write_text(j, "code", code);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
}

static bool is_word(const char *text)
{
  const gm_json n = {.kind = GM_JSON_TEXT, .text = text, .bytes = strlen(text)};
  return !gm__fhir_value_fault(GM__FHIR_CODE, &n);
}

/* Version, source, sensitivity, licence. */
static void meta(gm_json_writer *j, const gm_fact *f, const char *version)
{
  bool source = gm__fhir_is_absolute(f->source) && !strpbrk(f->source, " \t\r\n");
  bool sensitive = f->data_class == GM_CLASS_SENSITIVE;
  bool licence = f->licence[0] && is_word(f->licence);
  if (!version[0] && !source && !sensitive && !licence) return;
  gm_json_write_object(j, "meta");
  if (version[0]) gm_json_write_text(j, "versionId", version);
  if (source) gm_json_write_text(j, "source", f->source);
  if (sensitive)
    label(j, "security", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R");
  if (licence) label(j, "tag", FHIR_OUT_OWN "licence", f->licence);
  gm_json_write_object_end(j);
}

/* What the source called it, where the resource could not keep the name. */
static void identifier(gm_json_writer *j, const gm_fact *f, const char *id)
{
  const char *slash = strchr(f->id, '/');
  if (!f->id[0] || (slash && strcmp(slash + 1, id) == 0)) return;
  fhir_out_identifier(j, FHIR_OUT_OWN "thing", f->id);
}

/* Genetic data by its category, that of devices by a device, that of patients by who performed. */
static void class_write(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f)
{
  if (f->data_class == GM_CLASS_GENETIC) {
    gm_json_write_array(j, "category");
    fhir_out_concept(j, NULL, "http://terminology.hl7.org/CodeSystem/v2-0074|GE", "Genetics");
    gm_json_write_array_end(j);
  }
  if (f->data_class == GM_CLASS_DEVICE) {
    gm_json_write_object(j, "device");
    fhir_out_text(j, "display", f->source[0] ? f->source : "a device");
    gm_json_write_object_end(j);
  }
  if (f->data_class == GM_CLASS_REPORTED) {
    gm_json_write_array(j, "performer");
    fhir_out_subject(w, j, NULL);
    gm_json_write_array_end(j);
  }
}

/* A time, or a Period where it took some; nothing where a withdrawn fact has no time. */
static gm_status effective(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f)
{
  char time[FHIR_OUT_TIME_BYTES];
  if (f->withdrawn && f->t_true_s == 0) return GM_OK;
  if (f->duration_s > 0)
    return fhir_out_period(w, j, "effectivePeriod", f->t_true_s, f->t_true_s + f->duration_s);
  gm_status s = fhir_out_time(w->ctx, f->t_true_s, time);
  if (!s) gm_json_write_text(j, "effectiveDateTime", time);
  return s;
}

static const char *status_of(const gm_fact *f, const char *otherwise)
{
  return f->withdrawn ? "entered-in-error" : otherwise;
}

/* ---- measured ----------------------------------------------------------------------------------
 */
static gm_status value(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f, const series *s)
{
  static const char *const comparator[] = {">", "", "<"};
  char number[80];
  bool level = s->levels || (f->kind == GM_RECORD_COVARIATE && !f->unit[0]);
  if (!f->value[0] && f->withdrawn) return GM_OK;
  if (!s->levels && decimal_of(f->value, number, sizeof number)) {
    int32_t c = f->censored < 0 ? 0 : f->censored > 0 ? 2 : 1;
    fhir_out_quantity(j, "valueQuantity", number, comparator[c], f->unit);
    return GM_OK;
  }
  if (!level || !f->value[0])
    return gm_fail(w->ctx, GM_EPARSE, "'%.80s': its value is no number; FHIR out needs one",
                   f->series);
  fhir_out_concept(j, "valueCodeableConcept", "", f->value);
  return GM_OK;
}

static gm_status observation(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f, const series *s)
{
  gm_json_write_text(j, "status", status_of(f, "final"));
  fhir_out_concept(j, "code", s->code, f->series);
  fhir_out_subject(w, j, "subject");
  gm_status t = effective(w, j, f);
  class_write(w, j, f);
  return t ? t : value(w, j, f, s);
}

/* ---- doses --------------------------------------------------------------------------------------
 */
/* Is the unit of a dose one by time? By the input's unit, or else by whether time is below in it.
 */
static bool is_rate(gm_ctx *ctx, const char *unit, const char *amount)
{
  gm_unit u, a, second, rate;
  gm_status s = gm_unit_parse(ctx, unit, &u);
  bool is = !s && u.dim[1] == -1;
  if (!s && amount[0]) {
    s = gm_unit_parse(ctx, amount, &a);
    if (!s) s = gm_unit_parse(ctx, "s", &second);
    if (!s) s = gm_unit_divide(ctx, &a, &second, &rate);
    is = !s && gm_unit_same_dimension(&u, &rate) && !gm_unit_same_dimension(&u, &a);
  }
  gm_message_clear(ctx);
  return is;
}

static gm_status dose_number(gm_fhir_out *w, const gm_fact *f, char *number, size_t room)
{
  if (f->withdrawn && !f->value[0])
    snprintf(number, room, "0");
  else if (!decimal_of(f->value, number, room))
    return gm_fail(w->ctx, GM_EPARSE, "'%.80s': a dose is no number; FHIR out needs one",
                   f->series);
  return GM_OK;
}

static gm_status administration(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f,
                                const series *s)
{
  char number[80];
  gm_json_write_text(j, "status", status_of(f, "completed"));
  fhir_out_concept(j, "medicationCodeableConcept", s->code, f->series);
  fhir_out_subject(w, j, "subject");
  gm_fact timed = *f; /* effective[x] is 1..1 */
  timed.withdrawn = false;
  gm_status t = effective(w, j, &timed);
  if (!t) t = dose_number(w, f, number, sizeof number);
  if (t) return t;
  if (f->data_class == GM_CLASS_DEVICE) {
    gm_json_write_array(j, "device");
    gm_json_write_object(j, NULL);
    fhir_out_text(j, "display", f->source[0] ? f->source : "a device");
    gm_json_write_object_end(j);
    gm_json_write_array_end(j);
  }
  if (f->data_class == GM_CLASS_REPORTED) {
    gm_json_write_array(j, "performer");
    gm_json_write_object(j, NULL);
    fhir_out_subject(w, j, "actor");
    gm_json_write_object_end(j);
    gm_json_write_array_end(j);
  }
  gm_json_write_object(j, "dosage");
  fhir_out_quantity(j, is_rate(w->ctx, f->unit, s->amount) ? "rateQuantity" : "dose", number, "",
                    f->unit);
  gm_json_write_object_end(j);
  return GM_OK;
}

/* Dosage of an order or a report: when (of an order), how long, how much. */
static gm_status dosage(gm_fhir_out *w, gm_json_writer *j, const char *key, const gm_fact *f,
                        const series *x)
{
  char number[80], time[FHIR_OUT_TIME_BYTES], hours[FHIR_OUT_NUMBER_BYTES];
  gm_status s = dose_number(w, f, number, sizeof number);
  if (!s) s = fhir_out_time(w->ctx, f->t_true_s, time);
  if (s) return s;
  gm_json_write_array(j, key);
  gm_json_write_object(j, NULL);
  gm_json_write_object(j, "timing");
  gm_json_write_array(j, "event");
  gm_json_write_text(j, NULL, time);
  gm_json_write_array_end(j);
  if (f->duration_s > 0) {
    snprintf(hours, sizeof hours, "%.15g", f->duration_s);
    gm_json_write_object(j, "repeat");
    gm_json_write_decimal(j, "duration", gm__number_point(hours));
    gm_json_write_text(j, "durationUnit", "s");
    gm_json_write_object_end(j);
  }
  gm_json_write_object_end(j);
  gm_json_write_array(j, "doseAndRate");
  gm_json_write_object(j, NULL);
  fhir_out_quantity(j, is_rate(w->ctx, f->unit, x->amount) ? "rateQuantity" : "doseQuantity",
                    number, "", f->unit);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
  return GM_OK;
}

/* Whether an order still holds is not known here; it is not said to. */
static gm_status request(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f, const series *s)
{
  gm_json_write_text(j, "status", status_of(f, "unknown"));
  gm_json_write_text(j, "intent", "order");
  fhir_out_concept(j, "medicationCodeableConcept", s->code, f->series);
  fhir_out_subject(w, j, "subject");
  return dosage(w, j, "dosageInstruction", f, s);
}

static gm_status statement(gm_fhir_out *w, gm_json_writer *j, const gm_fact *f, const series *s)
{
  gm_json_write_text(j, "status", status_of(f, "completed"));
  fhir_out_concept(j, "medicationCodeableConcept", s->code, f->series);
  fhir_out_subject(w, j, "subject");
  gm_status t = effective(w, j, f);
  return t ? t : dosage(w, j, "dosage", f, s);
}

gm_status gm_fhir_out_fact(gm_fhir_out *w, const gm_fact *f)
{
  gm_json_writer j;
  char id[FHIR_OUT_ID_BYTES], version[FHIR_OUT_ID_BYTES];
  assert(!w->ended);
  const char *type = fhir_out_fact_type(f);
  const series s = series_of(w, f);
  if (f->kind < GM_RECORD_OBSERVATION || f->kind > GM_RECORD_COVARIATE)
    return gm_fail(w->ctx, GM_EINVAL, "FHIR out: a record that is no fact");
  fhir_out_fact_id(w, f, id);
  fhir_out_fact_version(f, version);
  fhir_out_begin(w, &j, type, id);
  meta(&j, f, version);
  identifier(&j, f, id);
  gm_status t;
  switch (f->kind) {
  case GM_RECORD_GIVEN: t = administration(w, &j, f, &s); break;
  case GM_RECORD_ORDERED: t = request(w, &j, f, &s); break;
  case GM_RECORD_REPORTED: t = statement(w, &j, f, &s); break;
  default: t = observation(w, &j, f, &s); break;
  }
  if (!t) t = fhir_out_take(w, &j, type, id, version);
  return fhir_out_commit(w, t, FHIR_OUT_HELD);
}
