/* fhir_entry.c - what is the same for every resource: name and version, subject, class of data, the
 * telling of a fact, refusals. */
#include "base/json_write.h"
#include "interop/fhir_in.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- refusals -------------------------------------------------------------------------------- */
/* "Observation.component[1].valueQuantity": names of FHIR's alone, since only such are looked up.
 */
static size_t path_put(const fhir_in *r, const gm_json *n, char *text, size_t room)
{
  int put;
  size_t at = 0;
  if (!n || n == r->e.resource) {
    put = snprintf(text, room, "%s", r->e.type);
  } else {
    at = path_put(r, n->parent, text, room);
    put = n->key ? snprintf(text + at, room - at, ".%.60s", n->key)
                 : snprintf(text + at, room - at, "[%" PRId64 "]", n->index);
  }
  at += put > 0 ? (size_t)put : 0;
  return at < room ? at : room - 1;
}

bool fhir_refuse(fhir_in *r, const char *code, const gm_json *at, const char *below,
                 const char *format, ...)
{
  fhir_entry *e = &r->e;
  if (e->refused++ || r->pass != FHIR_TELL) return false;
  e->code = code;
  size_t n = path_put(r, at, e->reason, sizeof e->reason / 2);
  if (below) n += (size_t)snprintf(e->reason + n, sizeof e->reason - n, ".%.60s", below);
  n += (size_t)snprintf(e->reason + n, sizeof e->reason - n, ": ");
  va_list ap;
  va_start(ap, format);
  vsnprintf(e->reason + n, sizeof e->reason - n, format, ap);
  va_end(ap);
  return false;
}

gm_status fhir_not_mapped(fhir_in *r, const char *why)
{
  r->e.why = why;
  return GM_OK;
}

bool fhir_status_read(fhir_in *r, const fhir_status *list)
{
  const char *status = fhir_text(r->e.resource, "status");
  if (!status)
    return fhir_refuse(r, "required", r->e.resource, "status", "missing; a code was expected");
  while (list->status && strcmp(list->status, status) != 0) list++;
  if (!list->status)
    return fhir_refuse(r, "code-invalid", r->e.resource, "status", "not one of %s", r->e.type);
  if (list->what == FHIR_REFUSE)
    return fhir_refuse(r, "business-rule", r->e.resource, "status", "%s", list->why);
  r->e.withdrawn = list->what == FHIR_WITHDRAW;
  return true;
}

/* ---- name and version ------------------------------------------------------------------------ */
/* datatypes.html#id: letters, digits, '-' and '.', 64 at most. */
static bool is_id(const char *id)
{
  size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");
  return n && n < FHIR_ID_BYTES && !id[n];
}

/* Of the resource as JSON without spaces, its keys in their order. */
static bool hash_of(fhir_in *r, char text[FHIR_ID_BYTES])
{
  gm_json_writer w;
  r->json.bytes = 0;
  gm_json_write_begin(&w, &r->json, 0);
  gm__json_write_tree(&w, NULL, r->e.resource);
  r->stop = r->json.status;
  if (r->stop) return false;
  snprintf(text, FHIR_ID_BYTES, "hash-%016" PRIx64, gm_checksum(r->json.data, r->json.bytes));
  return true;
}

static bool version_find(fhir_in *r)
{
  const gm_json *meta = gm__json_find(r->e.resource, "meta");
  const char *id = fhir_text(meta, "versionId"), *updated = fhir_text(meta, "lastUpdated");
  gm_fhir_time t;
  if (id && is_id(id))
    snprintf(r->e.version, sizeof r->e.version, "%s", id);
  else if (updated && strlen(updated) < FHIR_ID_BYTES && gm_fhir_time_read(updated, &t))
    snprintf(r->e.version, sizeof r->e.version, "%s", updated);
  else
    return hash_of(r, r->e.version);
  return true;
}

static bool name_find(fhir_in *r)
{
  fhir_entry *e = &r->e;
  char hash[FHIR_ID_BYTES];
  if (e->id[0])
    snprintf(e->name, sizeof e->name, "%s/%s", e->type, e->id);
  else if (e->full_url[0])
    snprintf(e->name, sizeof e->name, "%s", e->full_url);
  else if (hash_of(r, hash))
    snprintf(e->name, sizeof e->name, "%s/%s", e->type, hash);
  return e->name[0];
}

bool fhir_entry_begin(fhir_in *r, const gm_json *resource, const char *full_url)
{
  fhir_entry *e = &r->e;
  const char *type = fhir_text(resource, "resourceType"), *id = fhir_text(resource, "id");
  e->resource = resource;
  e->type = e->id = e->subject = "";
  e->full_url = full_url && strlen(full_url) < FHIR_NAME_BYTES ? full_url : "";
  e->name[0] = e->version[0] = e->reason[0] = 0;
  e->code = e->why = NULL;
  e->thing = FHIR_NONE;
  e->withdrawn = false;
  e->facts = e->refused = 0;
  e->data_class = GM_CLASS_CLINICAL;
  if (!resource || resource->kind != GM_JSON_OBJECT) {
    e->type = "resource";
    return fhir_refuse(r, "structure", resource, NULL, "not an object");
  }
  if (!type || !is_id(type)) {
    e->type = "resource";
    return fhir_refuse(r, "structure", resource, "resourceType",
                       "missing or not the name of a type");
  }
  e->type = type;
  if (id && is_id(id)) e->id = id;
  if (full_url && !e->full_url[0] && full_url[0])
    return fhir_refuse(r, "too-long", resource, NULL, "its fullUrl has %d bytes or more",
                       FHIR_NAME_BYTES);
  return true;
}

/* ---- class of data --------------------------------------------------------------------------- */
#define V3 "http://terminology.hl7.org/CodeSystem/v3-"

/* Sensitivities of v3-ActCode (InformationSensitivityPolicy) that speak of the patient. */
static bool is_sensitive(const gm_json *label)
{
  static const char *const act[] = {"BH",   "COGN",    "DVD", "EMOTDIS", "ETH",      "ETHUD",
                                    "GDIS", "HIV",     "MH",  "MST",     "OPIOIDUD", "PREGNANT",
                                    "PSY",  "PSYTHPN", "SCA", "SDV",     "SEX",      "SICKLE",
                                    "SOC",  "SPI",     "STD", "SUD",     "TBOO",     "VIO"};
  if (fhir_is(label, "system", V3 "Confidentiality"))
    return fhir_is(label, "code", "R") || fhir_is(label, "code", "V");
  if (!fhir_is(label, "system", V3 "ActCode")) return false;
  for (size_t i = 0; i < sizeof act / sizeof act[0]; i++)
    if (fhir_is(label, "code", act[i])) return true;
  return false;
}

bool fhir_is_sensitive(const gm_json *resource)
{
  const gm_json *n = fhir_item(gm__json_find(gm__json_find(resource, "meta"), "security"), 0);
  while (n && !is_sensitive(n)) n = n->next;
  return n;
}

static bool is_genetic(const gm_json *resource)
{
  static const char *const code[] = {"genetics", "genomics", "genomic"};
  const gm_json *n = fhir_item(gm__json_find(resource, "category"), 0);
  for (; n; n = n->next) {
    if (fhir_has_coding(n, "http://terminology.hl7.org/CodeSystem/v2-0074", "GE")) return true;
    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++)
      if (fhir_has_coding(n, NULL, code[i])) return true;
  }
  return false;
}

/* By the patient, as far as the reference tells. */
static bool by_patient(const fhir_in *r)
{
  const gm_json *n = fhir_item(gm__json_find(r->e.resource, "performer"), 0);
  for (; n; n = n->next) {
    const gm_json *actor = gm__json_find(n, "actor");
    if (fhir_is_patient(r, actor ? actor : n)) return true;
  }
  return false;
}

static gm_data_class class_find(const fhir_in *r)
{
  const gm_json *x = r->e.resource, *device = gm__json_find(x, "device");
  if (r->sensitive || fhir_is_sensitive(x)) return GM_CLASS_SENSITIVE;
  if (is_genetic(x)) return GM_CLASS_GENETIC;
  if (device && device->kind != GM_JSON_NULL) return GM_CLASS_DEVICE;
  if (!strcmp(r->e.type, "MedicationStatement") || by_patient(r)) return GM_CLASS_REPORTED;
  return GM_CLASS_CLINICAL;
}

/* ---- the gate -------------------------------------------------------------------------------- */
static bool subject_find(fhir_in *r, const char *key)
{
  fhir_entry *e = &r->e;
  const gm_json *reference = key ? gm__json_find(e->resource, key) : NULL;
  if (!key) {
    e->thing = e->full_url[0] ? fhir_table_find(r->table, e->full_url) : FHIR_NONE;
    if (e->thing == FHIR_NONE) e->thing = fhir_table_find(r->table, e->name);
    e->subject = e->name;
  } else if (!reference) {
    return fhir_refuse(r, "required", e->resource, key, "missing; nobody can be told whose it is");
  } else {
    e->thing = fhir_reference(r, reference, "Patient", e->subject_text, sizeof e->subject_text);
    e->subject = e->subject_text;
    if (e->thing == FHIR_UNKNOWN) return false;
  }
  if (e->thing >= 0) e->subject = fhir_thing_name(fhir_table_at(r->table, e->thing));
  return true;
}

static bool is_wanted(const fhir_in *r)
{
  const char *wanted = r->o->patient, *subject = r->e.subject;
  if (!wanted) return true;
  if (strchr(wanted, '|'))
    return r->wanted >= 0 ? r->e.thing == r->wanted : !strcmp(wanted, subject);
  if (!strcmp(wanted, subject)) return true;
  return !strncmp(subject, "Patient/", 8) && !strcmp(wanted, subject + 8);
}

bool fhir_gate(fhir_in *r, const char *subject_key)
{
  const gm_json *x = r->e.resource;
  if (gm__json_find(x, "id") && !r->e.id[0])
    return fhir_refuse(r, "value", x, "id",
                       "not an id; 1 to 64 letters, digits, '-' and '.' were expected");
  if (!name_find(r) || !subject_find(r, subject_key)) return false;
  if (!is_wanted(r)) {
    fhir_not_mapped(r, "of another patient than the one asked for");
    return false;
  }
  if (gm__json_find(x, "implicitRules"))
    return fhir_refuse(r, "not-supported", x, "implicitRules", "rules that are not known here");
  if (gm__json_find(x, "modifierExtension"))
    return fhir_refuse(r, "extension", x, "modifierExtension",
                       "may change the meaning, and is not known here");
  if (!version_find(r)) return false;
  r->e.data_class = class_find(r);
  return true;
}

/* ---- facts ----------------------------------------------------------------------------------- */
/* Would the fact, if it is good, be the first of its Patient? */
static bool is_first(fhir_in *r, const gm_fact *f)
{
  int8_t rank = f->kind == GM_RECORD_COVARIATE ? 1 : 2;
  if (r->e.thing < 0 || f->withdrawn) return false;
  const fhir_thing *t = fhir_table_at(r->table, r->e.thing);
  return rank > t->dated || (rank == t->dated && f->t_true_s < t->first_s);
}

static void note_first(fhir_in *r, const gm_fact *f)
{
  fhir_thing *t = fhir_table_at(r->table, r->e.thing);
  t->dated = f->kind == GM_RECORD_COVARIATE ? 1 : 2;
  t->first_s = f->t_true_s;
}

static gm_status value_check(fhir_in *r, const gm_fact *f, const gm_json *at, bool *good)
{
  double v;
  gm_status s = f->withdrawn ? GM_OK : gm_fact_value(r->ctx, r->d, f, &v);
  *good = !s;
  if (s == GM_ENOMEM) return s;
  if (s)
    fhir_refuse(r, s == GM_ENOTFOUND ? "code-invalid" : "value", at, NULL, "%.300s",
                gm_message(r->ctx));
  if (s) gm_message_clear(r->ctx);
  return GM_OK;
}

gm_status fhir_tell(fhir_in *r, gm_fact *f, const char *suffix, const gm_json *at)
{
  char id[FHIR_NAME_BYTES + FHIR_SUFFIX_BYTES];
  bool good;
  snprintf(id, sizeof id, "%s%.*s", r->e.name, FHIR_SUFFIX_BYTES - 1, suffix);
  f->subject = r->e.subject;
  f->withdrawn = r->e.withdrawn;
  if (f->withdrawn) {
    f->value = f->unit = "";
    f->censored = 0;
  }
  f->data_class = r->e.data_class;
  f->licence = r->o->licence ? r->o->licence : "";
  f->source = r->o->source && r->o->source[0] ? r->o->source : "fhir";
  f->id = id;
  f->version = r->e.version;
  if (r->pass == FHIR_FIRST && !is_first(r, f)) return GM_OK;
  gm_status s = value_check(r, f, at, &good);
  if (s || !good) return s;
  if (r->pass == FHIR_FIRST) note_first(r, f);
  if (r->pass == FHIR_TELL && r->o->fact) s = r->o->fact(r->o->user, f);
  r->e.facts += !s;
  return s;
}

/* ---- by type --------------------------------------------------------------------------------- */
static const struct {
  const char *type;
  fhir_handler *run;
} handlers[] = {
    {"Observation", fhir_observation},   {"MedicationAdministration", fhir_administration},
    {"MedicationRequest", fhir_request}, {"MedicationStatement", fhir_statement},
    {"Condition", fhir_condition},       {"Procedure", fhir_procedure},
    {"Encounter", fhir_encounter},       {"Patient", fhir_patient},
};

gm_status fhir_entry_run(fhir_in *r)
{
  if (!r->map.count)
    return fhir_not_mapped(r, r->d ? "the definition has no codes" : "no definition was given");
  if (!strcmp(r->e.type, "Bundle")) {
    fhir_refuse(r, "not-supported", r->e.resource, NULL, "a Bundle within another one");
    return GM_OK;
  }
  for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
    if (strcmp(handlers[i].type, r->e.type) != 0) continue;
    gm_status s = handlers[i].run(r);
    return s ? s : r->stop;
  }
  return fhir_not_mapped(r, "no fact is made of this type of resource");
}
