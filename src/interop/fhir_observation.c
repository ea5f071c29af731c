/* fhir_observation.c - Observations: the value and each component to observables and covariates. */
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>

static const fhir_status statuses[] = {
    {"final", FHIR_TAKE, ""},
    {"amended", FHIR_TAKE, ""},
    {"corrected", FHIR_TAKE, ""},
    {"preliminary", FHIR_TAKE, ""},
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"registered", FHIR_REFUSE, "registered only: there is no result yet"},
    {"cancelled", FHIR_REFUSE, "cancelled: there is no result"},
    {"unknown", FHIR_REFUSE, "unknown: whether the result holds, is not said"},
    {NULL, FHIR_REFUSE, ""},
};

static const char *const value_names[] = {
    "valueQuantity", "valueCodeableConcept", "valueBoolean", "valueInteger",
    "valueString",   "valueSampledData",     "valueRange",   "valueRatio",
    "valueTime",     "valueDateTime",        "valuePeriod",
};

/* One value: of the Observation or of a component. */
typedef struct {
  const gm_json *holder;
  fhir_match match;
  char suffix[40]; /* "" or "#component 3" */
} part;

/* *out NULL: none. False: refused. */
static bool value_find(fhir_in *r, const gm_json *holder, const gm_json **out)
{
  *out = NULL;
  for (size_t i = 0; i < sizeof value_names / sizeof value_names[0]; i++) {
    const gm_json *n = gm__json_find(holder, value_names[i]);
    if (n && *out) return fhir_refuse(r, "structure", holder, "value[x]", "more than one");
    if (n) *out = n;
  }
  return true;
}

/* ---- kinds of value -------------------------------------------------------------------------- */
static bool quantity_take(fhir_in *r, const gm_json *value, fhir_quantity *q, gm_fact *f)
{
  if (!fhir_quantity_read(r, value, q)) return false;
  if (q->censored && f->kind == GM_RECORD_COVARIATE)
    return fhir_refuse(r, "not-supported", value, "comparator",
                       "a bound, where a covariate needs a value");
  f->value = q->value;
  f->unit = q->unit;
  f->censored = q->censored;
  return true;
}

static bool level_take(fhir_in *r, const gm_json *value, const char *level, gm_fact *f)
{
  if (!level)
    return fhir_refuse(r, "code-invalid", value, NULL, "not a level of '%.80s'", f->series);
  f->value = level;
  return true;
}

static const gm_covariate *levels_of(const fhir_in *r, const fhir_code *c)
{
  const gm_covariate *cov = c->kind == GM_RECORD_COVARIATE ? &r->d->covariate[c->index] : NULL;
  return cov && cov->level_count ? cov : NULL;
}

static bool number_take(fhir_in *r, const gm_json *value, fhir_quantity *q, gm_fact *f)
{
  if (!strcmp(value->key, "valueQuantity")) return quantity_take(r, value, q, f);
  if (strcmp(value->key, "valueInteger") != 0 || value->kind != GM_JSON_NUMBER)
    return fhir_refuse(r, "not-supported", value, NULL,
                       "'%.80s' takes a number: a Quantity, integer or SampledData", f->series);
  f->value = value->text;
  return true;
}

static bool value_take(fhir_in *r, const fhir_code *c, const gm_json *value, fhir_quantity *q,
                       gm_fact *f)
{
  const gm_covariate *cov = levels_of(r, c);
  const char *name = value->key;
  bool truth = value->kind == GM_JSON_TRUE, boolean = truth || value->kind == GM_JSON_FALSE;
  if (!cov) return number_take(r, value, q, f);
  if (!strcmp(name, "valueCodeableConcept"))
    return level_take(r, value, fhir_level_of(cov, value), f);
  if (!strcmp(name, "valueBoolean") && boolean)
    return level_take(r, value, fhir_level_yes(cov, truth), f);
  if (!strcmp(name, "valueString") && value->kind == GM_JSON_TEXT)
    return level_take(r, value, fhir_level(cov, value->text), f);
  return fhir_refuse(r, "not-supported", value, NULL,
                     "'%.80s' takes a level: a CodeableConcept, boolean or string", f->series);
}

/* ---- parts ----------------------------------------------------------------------------------- */
/* The time of a value: of a period its end, when the value was complete; of samples its start. A
 * covariate may be known to the day only. A withdrawn fact needs no time. */
static bool time_take(fhir_in *r, const fhir_when *w, bool samples, gm_fact *f)
{
  bool start = samples ? w->has_start : w->has_start && !w->has_end;
  const gm_fhir_time *t = start ? &w->start : &w->end;
  f->t_true_s = 0;
  if (r->e.withdrawn) {
    f->t_true_s = start ? t->begin_s : w->has_end ? t->end_s : 0;
    return true;
  }
  if (!w->has_start && !w->has_end)
    return fhir_refuse(r, "required", r->e.resource, "effective[x]", "missing");
  if (samples && !w->has_start)
    return fhir_refuse(r, "required", w->at, "start", "missing: when the samples began");
  if (f->kind == GM_RECORD_OBSERVATION && !fhir_exact(r, w->at, t)) return false;
  f->t_true_s = start || !w->period ? t->begin_s : t->end_s;
  return true;
}

static void suffix_make(fhir_in *r, const part *p, int32_t i, char out[FHIR_SUFFIX_BYTES])
{
  const char *name = i ? fhir_series(r->d, p->match.code[i]) : "";
  snprintf(out, FHIR_SUFFIX_BYTES, "%s%s%s", p->suffix, i ? "#" : "", name);
}

static gm_status series_tell(fhir_in *r, const part *p, int32_t i, const gm_json *value,
                             const fhir_when *w)
{
  const fhir_code *c = p->match.code[i];
  char suffix[FHIR_SUFFIX_BYTES];
  fhir_quantity q;
  bool samples = value && !strcmp(value->key, "valueSampledData");
  gm_fact f = {
      .kind = c->kind, .series = fhir_series(r->d, c), .value = "", .unit = "", .code = c->shown};
  if (!time_take(r, w, samples, &f)) return GM_OK;
  suffix_make(r, p, i, suffix);
  if (samples) return fhir_samples(r, value, &f, suffix);
  if (value && !r->e.withdrawn && !value_take(r, c, value, &q, &f)) return GM_OK;
  return fhir_tell(r, &f, suffix, value);
}

static gm_status part_tell(fhir_in *r, const part *p, const fhir_when *w)
{
  const gm_json *value;
  bool absent = gm__json_find(p->holder, "dataAbsentReason");
  bool panel = gm__json_find(p->holder, "component") || gm__json_find(p->holder, "hasMember");
  if (!p->match.count || !value_find(r, p->holder, &value)) return GM_OK;
  if (!value && panel && !absent) return GM_OK;
  if (p->match.several) {
    fhir_refuse(r, "multiple-matches", p->holder, "code", "codings of more than one observable");
    return GM_OK;
  }
  if (!value && !r->e.withdrawn) {
    fhir_refuse(r, "required", p->holder, "value[x]",
                absent ? "missing, as dataAbsentReason says" : "missing");
    return GM_OK;
  }
  gm_status s = GM_OK;
  for (int32_t i = 0; i < p->match.count && !s; i++) s = series_tell(r, p, i, value, w);
  return s;
}

static void part_make(fhir_in *r, const gm_json *holder, int64_t component, part *out)
{
  const gm_json *code = gm__json_find(holder, "code");
  *out = (part){.holder = holder};
  fhir_map_find(&r->map, GM_RECORD_OBSERVATION, code, &out->match);
  fhir_map_find(&r->map, GM_RECORD_COVARIATE, code, &out->match);
  if (component >= 0)
    snprintf(out->suffix, sizeof out->suffix, "#component %lld", (long long)component);
}

static bool any_asked(fhir_in *r, const gm_json *component)
{
  part p;
  part_make(r, r->e.resource, -1, &p);
  for (; component && !p.match.count; component = component->next)
    part_make(r, component, component->index, &p);
  return p.match.count;
}

/* focus: it was measured on something else, such as a fetus or a donor. */
static bool is_of_subject(fhir_in *r)
{
  return !gm__json_find(r->e.resource, "focus") ||
         fhir_refuse(r, "not-supported", r->e.resource, "focus",
                     "it is about something else than the subject");
}

gm_status fhir_observation(fhir_in *r)
{
  part p;
  fhir_when when;
  const gm_json *component = fhir_item(gm__json_find(r->e.resource, "component"), 0);
  if (!any_asked(r, component))
    return fhir_not_mapped(r, "no coding of code is asked for by the definition");
  if (!fhir_gate(r, "subject") || !is_of_subject(r) || !fhir_status_read(r, statuses)) return GM_OK;
  if (!fhir_when_read(r, r->e.resource, "effective", &when)) return GM_OK;
  part_make(r, r->e.resource, -1, &p);
  gm_status s = part_tell(r, &p, &when);
  for (; component && !s; component = component->next) {
    part_make(r, component, component->index, &p);
    s = part_tell(r, &p, &when);
  }
  return s;
}
