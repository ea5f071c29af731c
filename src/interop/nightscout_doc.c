/* nightscout_doc.c - one document: what it is, its name and time, refusals, the telling of a fact;
 * and the entries: what sensors and meters measured. */
#include "base/json_write.h"
#include "base/number.h"
#include "interop/nightscout_in.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const kind_name[] = {"entry", "treatment", "profile", ""};

bool scout_refuse(scout_in *r, const char *key, const char *format, ...)
{
  scout_doc *d = &r->d;
  const char *what = kind_name[d->kind][0] ? kind_name[d->kind] : "document";
  if (r->pass != SCOUT_TELL || d->refused++) return false;
  int n = snprintf(d->reason, sizeof d->reason, "%s%s%.60s: ", what, key[0] ? "." : "", key);
  va_list ap;
  va_start(ap, format);
  vsnprintf(d->reason + n, sizeof d->reason - (size_t)n, format, ap);
  va_end(ap);
  return false;
}

gm_status scout_not_mapped(scout_in *r, const char *why)
{
  r->d.why = why;
  return GM_OK;
}

/* ---- what it is ------------------------------------------------------------------------------ */
static scout_kind kind_of(const gm_json *n)
{
  const char *type = scout_text(n, "type");
  if (scout_value(n, "eventType")) return SCOUT_TREATMENT;
  if (scout_value(n, "sgv") || scout_value(n, "mbg")) return SCOUT_ENTRY;
  if (type && (!strcmp(type, "sgv") || !strcmp(type, "mbg") || !strcmp(type, "cal")))
    return SCOUT_ENTRY;
  if (gm__json_find(n, "store") || gm__json_find(n, "basal")) return SCOUT_PROFILE;
  /* treatments of old uploaders have no eventType */
  bool treated = scout_value(n, "insulin") || scout_value(n, "carbs");
  return treated && !gm__json_find(n, "pump") ? SCOUT_TREATMENT : SCOUT_OTHER;
}

static uint64_t hash_of(scout_in *r)
{
  gm_json_writer w;
  r->json.bytes = 0;
  gm_json_write_begin(&w, &r->json, 0);
  gm__json_write_tree(&w, NULL, r->d.node);
  if (r->json.status) r->stop = gm_fail(r->ctx, GM_ENOMEM, "no memory to name a document");
  return r->stop ? 0 : gm_checksum(r->json.data, r->json.bytes);
}

/* API v3 addresses by `identifier`, v1 by `_id`. */
static const char *id_text(const gm_json *n)
{
  const char *id = scout_text(n, "identifier");
  if (!id) id = scout_text(n, "_id");
  if (!id) id = scout_text(gm__json_find(n, "_id"), "$oid");
  return id && strlen(id) < SCOUT_ID_BYTES - 40 ? id : NULL;
}

static void name_find(scout_in *r)
{
  scout_doc *d = &r->d;
  double v;
  const char *id = id_text(d->node),
             *modified = scout_number(scout_value(d->node, "srvModified"), &v);
  uint64_t hash = id && modified ? 0 : hash_of(r);
  if (id)
    snprintf(d->id, sizeof d->id, "%s", id);
  else
    snprintf(d->id, sizeof d->id, "hash-%016" PRIx64, hash);
  if (modified && strlen(modified) < 30)
    snprintf(d->version, sizeof d->version, "%s", modified);
  else
    snprintf(d->version, sizeof d->version, "hash-%016" PRIx64, hash ? hash : hash_of(r));
  d->key = gm_checksum(d->id, strlen(d->id)) + (uint64_t)d->kind;
}

/* Where each sort of document has its time, the one that counts first: of entries the clock that
 * measured, of treatments the moment that may have been set afterwards. */
static void time_find(scout_in *r)
{
  static const char *const field[][5] = {
      {"date", "mills", "dateString", "created_at", "sysTime"},
      {"created_at", "date", "mills", "timestamp", "eventTime"},
      {"startDate", "date", "mills", "created_at", "timestamp"},
  };
  scout_doc *d = &r->d;
  if (d->kind == SCOUT_OTHER) return;
  const gm_json *offset = scout_value(d->node, "utcOffset");
  for (size_t i = 0; i < 5 && !d->timed; i++)
    d->timed = scout_time_of(scout_value(d->node, field[d->kind][i]), offset, &d->t_s);
}

bool scout_doc_begin(scout_in *r, const gm_json *node)
{
  scout_doc *d = &r->d;
  const gm_json *valid = gm__json_find(node, "isValid");
  d->node = node;
  d->kind = SCOUT_OTHER;
  d->id[0] = d->version[0] = d->reason[0] = 0;
  d->why = NULL;
  d->facts = d->refused = 0;
  d->timed = false;
  d->withdrawn = valid && valid->kind == GM_JSON_FALSE;
  if (!node || node->kind != GM_JSON_OBJECT) return scout_refuse(r, "", "not an object");
  d->kind = kind_of(node);
  /* of entries the table keeps nothing but their time */
  if (r->pass == SCOUT_TELL || d->kind != SCOUT_ENTRY) name_find(r);
  time_find(r);
  return true;
}

/* ---- facts ----------------------------------------------------------------------------------- */
static const char *const code_name[] = {
#define GM_X(code, name, kind) "nightscout|" name,
    SCOUT_CODE_LIST(GM_X)
#undef GM_X
};

/* The definition's word on the value; a refusal has no place for the value itself. */
static gm_status value_check(scout_in *r, const gm_fact *f, const char *key, bool *good)
{
  double v;
  gm_status s = f->withdrawn ? GM_OK : gm_fact_value(r->ctx, r->o->definition, f, &v);
  *good = !s;
  if (!s || s == GM_ENOMEM) return s;
  scout_refuse(r, key, "%.300s", gm_message(r->ctx));
  gm_message_clear(r->ctx);
  return GM_OK;
}

gm_status scout_tell(scout_in *r, scout_code code, const char *name, gm_fact *f, const char *suffix,
                     const char *key)
{
  static const char *const folder[] = {"entries/", "treatments/", "profile/", ""};
  const gm_nightscout_options *o = r->o;
  char id[SCOUT_ID_BYTES + 100];
  bool good;
  if (r->pass != SCOUT_TELL || !r->series[code]) return GM_OK;
  snprintf(id, sizeof id, "%s%s%.60s", folder[r->d.kind], r->d.id, suffix);
  f->series = r->series[code];
  f->subject = o->subject ? o->subject : "";
  f->licence = o->licence ? o->licence : "";
  f->source = o->source && o->source[0] ? o->source : "nightscout";
  f->id = id;
  if (!f->version) f->version = r->d.version;
  f->code = name ? name : code_name[code];
  f->withdrawn = r->d.withdrawn;
  if (f->withdrawn) {
    f->value = f->unit = "";
    f->censored = 0;
  }
  gm_status s = value_check(r, f, key, &good);
  if (s || !good) return s;
  if (o->fact) s = o->fact(o->user, f);
  r->d.facts += !s;
  return s;
}

/* ---- entries --------------------------------------------------------------------------------- */
/* Sensors of Dexcom put their state where the glucose belongs: 1 not active, 2 minimal deviation,
 * 3 no antenna, 5 not calibrated, 6 counts deviation, 9 absolute deviation, 10 power deviation,
 * 12 bad RF; 39 stands for LOW (below 40) and 401 for HIGH (above 400). */
enum { SGV_LOW = 39, SGV_HIGH = 401, SGV_CODE_MAX = 12 };

static bool limit_text(const char *text, gm_fact *f)
{
  bool low = !strcasecmp(text, "low"), high = !strcasecmp(text, "high");
  if (!low && !high) return false;
  f->value = low ? "40" : "400";
  f->censored = low ? 1 : -1;
  return true;
}

static bool is_mmol(const char *units) { return !strncasecmp(units, "mmol", 4); }

/* The API's own documents write "mg", "mg/dl", "mmol", "mmol/l". */
static bool unit_find(scout_in *r, gm_fact *f, bool needed)
{
  const char *units = scout_text(r->d.node, "units");
  if (!units && needed)
    return scout_refuse(r, "units", "missing; mg/dl or mmol was expected with a glucose");
  if (units && !is_mmol(units) && strncasecmp(units, "mg", 2) != 0)
    return scout_refuse(r, "units", "not known; mg/dl or mmol was expected");
  f->unit = units && is_mmol(units) ? "mmol/L" : "mg/dL";
  return true;
}

static bool sensor_value(scout_in *r, gm_fact *f)
{
  const gm_json *n = scout_value(r->d.node, "sgv");
  const char *text = scout_text(r->d.node, "sgv");
  double v;
  if (!n) return scout_refuse(r, "sgv", "missing");
  if (text && limit_text(text, f)) {
    f->unit = "mg/dL";
    return true;
  }
  if (!unit_find(r, f, false)) return false;
  f->value = scout_number(n, &v);
  if (!f->value) return scout_refuse(r, "sgv", "not a number, LOW or HIGH");
  bool mmol = f->unit[1] == 'm';
  if (mmol && v >= SGV_LOW)
    return scout_refuse(r, "units", "mmol, with a sgv that can only be mg/dL");
  if (mmol) return v > 0 ? true : scout_refuse(r, "sgv", "not above 0");
  if (v <= SGV_CODE_MAX) return scout_refuse(r, "sgv", "a sensor's error code, no glucose");
  if (v < SGV_LOW)
    return scout_refuse(r, "sgv",
                        "below what a sensor can say in mg/dL; units are not stated as mmol");
  if (v == SGV_LOW || v == SGV_HIGH) return limit_text(v == SGV_LOW ? "low" : "high", f);
  return true;
}

/* Noise from 3 on (medium, heavy; of xDrip: high) goes into the code, since a fact has no other
 * place for it. */
static gm_status sensor_entry(scout_in *r)
{
  gm_fact f = {.kind = GM_RECORD_OBSERVATION,
               .t_true_s = r->d.t_s,
               .value = "",
               .unit = "",
               .data_class = GM_CLASS_DEVICE};
  double noise = NAN;
  scout_number(scout_value(r->d.node, "noise"), &noise);
  if (!r->series[SCOUT_SGV]) return scout_not_mapped(r, "nothing asks for nightscout|sgv");
  if (!r->d.withdrawn && !sensor_value(r, &f)) return GM_OK;
  return scout_tell(r, SCOUT_SGV, noise >= 3 ? "nightscout|sgv.noisy" : NULL, &f, "", "sgv");
}

static gm_status meter_entry(scout_in *r, const char *key, bool unit_needed)
{
  gm_fact f = {.kind = GM_RECORD_OBSERVATION,
               .t_true_s = r->d.t_s,
               .value = "",
               .unit = "mg/dL",
               .data_class = GM_CLASS_REPORTED};
  double v = 0;
  if (!r->series[SCOUT_MBG]) return scout_not_mapped(r, "nothing asks for nightscout|mbg");
  if (!r->d.withdrawn) {
    if (!unit_find(r, &f, unit_needed)) return GM_OK;
    f.value = scout_number(scout_value(r->d.node, key), &v);
    if (!f.value || !(v > 0)) {
      scout_refuse(r, key, "not a number above 0");
      return GM_OK;
    }
  }
  return scout_tell(r, SCOUT_MBG, NULL, &f, unit_needed ? "#glucose" : "", key);
}

gm_status scout_entry(scout_in *r)
{
  const char *type = scout_text(r->d.node, "type");
  bool meter = (type && !strcmp(type, "mbg")) || !scout_value(r->d.node, "sgv");
  if (type && !strcmp(type, "cal")) return scout_not_mapped(r, "a calibration of raw signals");
  if (!r->d.timed) {
    scout_refuse(r, "date", "missing or not a time; milliseconds since 1970 were expected");
    return GM_OK;
  }
  return meter && !(type && !strcmp(type, "sgv")) ? meter_entry(r, "mbg", false) : sensor_entry(r);
}

/* ---- treatments ------------------------------------------------------------------------------ */
/* A pump or a phone that drives one wrote it, rather than a person. */
static gm_data_class class_of(const gm_json *n)
{
  static const char *const field[] = {"pumpId", "pumpSerial", "syncIdentifier", "automatic"};
  for (size_t i = 0; i < sizeof field / sizeof field[0]; i++)
    if (scout_value(n, field[i])) return GM_CLASS_DEVICE;
  return GM_CLASS_REPORTED;
}

/* An amount above 0 of a field, over so many minutes. */
static gm_status amount_tell(scout_in *r, scout_code code, const char *unit, double minutes)
{
  const char *key = code == SCOUT_CARBS ? "carbs" : "insulin";
  gm_fact f = {.kind = GM_RECORD_GIVEN,
               .t_true_s = r->d.t_s,
               .duration_s = minutes > 0 ? 60 * minutes : 0,
               .unit = unit,
               .data_class = class_of(r->d.node)};
  double v = 0;
  const gm_json *n = scout_value(r->d.node, key);
  if (!n || !r->series[code]) return GM_OK;
  f.value = scout_number(n, &v);
  if (!f.value) {
    scout_refuse(r, key, "not a number");
    return GM_OK;
  }
  if (v == 0 && !r->d.withdrawn) return GM_OK;
  return scout_tell(r, code, NULL, &f, code == SCOUT_CARBS ? "#carbs" : "#insulin", key);
}

/* Of a combination bolus `insulin` is the part at once, `relative` the rate of the other [U/h]. */
static gm_status extended_tell(scout_in *r, double minutes)
{
  char number[GM__NUMBER_TEXT_BYTES];
  double rate;
  if (!scout_read(r, "relative", &rate) || !(rate > 0) || !r->series[SCOUT_INSULIN]) return GM_OK;
  if (!(minutes > 0)) {
    scout_refuse(r, "duration", "missing; minutes were expected with a rate");
    return GM_OK;
  }
  gm_fact f = {.kind = GM_RECORD_GIVEN,
               .t_true_s = r->d.t_s,
               .duration_s = 60 * minutes,
               .value = gm__number_text(rate, number),
               .unit = r->rate,
               .data_class = class_of(r->d.node)};
  return scout_tell(r, SCOUT_INSULIN, NULL, &f, "#extended", "relative");
}

static gm_status insulin_tell(scout_in *r, const char *event, double minutes)
{
  const char *type = scout_text(r->d.node, "type");
  const gm_json *basal = gm__json_find(r->d.node, "isBasalInsulin");
  if (type && !strcasecmp(type, "priming")) {
    r->d.why = "insulin that fills a tube is not given";
    return GM_OK;
  }
  if (basal && basal->kind == GM_JSON_TRUE && r->series[SCOUT_INSULIN]) {
    scout_refuse(r, "isBasalInsulin", "long-acting insulin, which no bolus stands for");
    return GM_OK;
  }
  /* Loop says how the pump gave it, and then duration is how long that took */
  bool timed = type && (!strcasecmp(type, "normal") || !strcasecmp(type, "square"));
  gm_status s = amount_tell(r, SCOUT_INSULIN, r->insulin, timed ? minutes : 0);
  return !s && !strcmp(event, "Combo Bolus") ? extended_tell(r, minutes) : s;
}

static gm_status carbs_tell(scout_in *r, const char *event, double minutes)
{
  /* minutes are those of the meal only where nothing else could last */
  bool meal = !strcmp(event, "Carb Correction") || !strcmp(event, "Meal Bolus") ||
              !strcmp(event, "Snack Bolus");
  return amount_tell(r, SCOUT_CARBS, "g", meal && !scout_value(r->d.node, "type") ? minutes : 0);
}

static gm_status exercise_tell(scout_in *r, double minutes)
{
  gm_fact f = {.kind = GM_RECORD_COVARIATE,
               .t_true_s = r->d.t_s,
               .value = "yes",
               .unit = "",
               .data_class = GM_CLASS_REPORTED};
  if (!r->series[SCOUT_EXERCISE]) return GM_OK;
  if (!(minutes > 0)) {
    scout_refuse(r, "duration", "missing; minutes were expected");
    return GM_OK;
  }
  gm_status s = scout_tell(r, SCOUT_EXERCISE, NULL, &f, "#exercise", "eventType");
  gm_fact end = f;
  end.t_true_s = r->d.t_s + 60 * minutes;
  end.value = "no";
  end.version = NULL;
  return s ? s : scout_tell(r, SCOUT_EXERCISE, NULL, &end, "#exercise end", "eventType");
}

static gm_status other_events(scout_in *r, const char *event, double minutes)
{
  const char *type = scout_text(r->d.node, "glucoseType");
  gm_status s = insulin_tell(r, event, minutes);
  if (!s) s = carbs_tell(r, event, minutes);
  if (!s && !strcmp(event, "Exercise")) s = exercise_tell(r, minutes);
  /* a glucose of the sensor's stands among the entries */
  if (!s && scout_value(r->d.node, "glucose") && r->series[SCOUT_MBG] &&
      !(type && !strcasecmp(type, "sensor")))
    s = meter_entry(r, "glucose", true);
  return s;
}

gm_status scout_treatment(scout_in *r)
{
  const char *event = scout_text(r->d.node, "eventType");
  double minutes;
  if (!event) event = "";
  if (!r->d.timed) {
    scout_refuse(r, "created_at", "missing or not a time; a date with time and zone was expected");
    return GM_OK;
  }
  if (!strcmp(event, "Temp Basal")) return scout_temporary(r);
  if (!strcmp(event, "Profile Switch")) return scout_switch(r);
  if (!strcmp(event, "Suspend Pump") && r->series[SCOUT_BASAL]) {
    scout_refuse(r, "eventType", "a pump was stopped, and no temporary rate says for how long");
    return GM_OK;
  }
  if (!scout_read(r, "duration", &minutes)) return GM_OK;
  if (fabs(minutes) > 31 * 1440) {
    scout_refuse(r, "duration", "longer than 31 days");
    return GM_OK;
  }
  return other_events(r, event, minutes);
}
