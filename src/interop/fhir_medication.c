/* fhir_medication.c - doses: given (MedicationAdministration), ordered (MedicationRequest),
 * reported (MedicationStatement). They stay apart by kind; only given ones are inputs. */
#include "base/number.h"
#include "interop/fhir_in.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const fhir_status administered[] = {
    {"completed", FHIR_TAKE, ""},
    {"stopped", FHIR_TAKE, ""}, /* only a rate over a whole period tells what was given */
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"in-progress", FHIR_REFUSE, "in progress: how much is given, is known when it has ended"},
    {"on-hold", FHIR_REFUSE, "on hold: how much is given, is known when it has ended"},
    {"not-done", FHIR_REFUSE, "not done: nothing was given"},
    {"unknown", FHIR_REFUSE, "unknown: whether it was given, is not said"},
    {NULL, FHIR_REFUSE, ""},
};

static const fhir_status requested[] = {
    {"active", FHIR_TAKE, ""},
    {"on-hold", FHIR_TAKE, ""},
    {"completed", FHIR_TAKE, ""},
    {"stopped", FHIR_TAKE, ""},
    {"unknown", FHIR_TAKE, ""}, /* it was ordered; whether it still holds, is another matter */
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"draft", FHIR_REFUSE, "a draft is no order"},
    {"cancelled", FHIR_REFUSE, "cancelled before it took effect"},
    {NULL, FHIR_REFUSE, ""},
};

static const fhir_status stated[] = {
    {"active", FHIR_TAKE, ""},
    {"completed", FHIR_TAKE, ""},
    {"stopped", FHIR_TAKE, ""},
    {"on-hold", FHIR_TAKE, ""},
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"intended", FHIR_REFUSE, "intended: nothing was taken yet"},
    {"not-taken", FHIR_REFUSE, "not taken"},
    {"unknown", FHIR_REFUSE, "unknown: whether it was taken, is not said"},
    {NULL, FHIR_REFUSE, ""},
};

/* ---- which input ----------------------------------------------------------------------------- */
typedef struct {
  int32_t input; /* FHIR_NONE, FHIR_SEVERAL; FHIR_UNKNOWN: only by the reference */
  const char *code;
  const gm_json *reference;
} drug;

static void drug_of(const fhir_in *r, const gm_json *concept, drug *out)
{
  fhir_match m = {0};
  fhir_map_find(&r->map, GM_RECORD_GIVEN, concept, &m);
  out->input = m.several ? FHIR_SEVERAL : m.count ? m.code[0]->index : FHIR_NONE;
  out->code = m.count ? m.code[0]->shown : "";
}

static drug drug_find(const fhir_in *r)
{
  drug d = {.input = FHIR_NONE, .code = ""};
  const gm_json *x = r->e.resource, *concept = gm__json_find(x, "medicationCodeableConcept");
  d.reference = gm__json_find(x, "medicationReference");
  if (concept) drug_of(r, concept, &d);
  if (concept || !d.reference || !r->map.input_count) return d;
  const char *text = fhir_text(d.reference, "reference");
  if (text && text[0] == '#')
    drug_of(r, gm__json_find(fhir_contained(x, text), "code"), &d);
  else
    d.input = FHIR_UNKNOWN;
  return d;
}

/* What a reference to another entry points at. False: refused. */
static bool drug_resolve(fhir_in *r, drug *d)
{
  char name[FHIR_NAME_BYTES];
  int32_t thing = fhir_reference(r, d->reference, "Medication", name, sizeof name);
  if (thing == FHIR_UNKNOWN) return false;
  if (thing == FHIR_NONE)
    return fhir_refuse(r, "not-found", d->reference, "reference",
                       "no Medication of the file; which drug it is, cannot be told");
  const fhir_thing *t = fhir_table_at(r->table, thing);
  d->input = t->input;
  d->code = t->code;
  return true;
}

/* The input asked for by name. False: not asked for, or refused. */
static bool drug_asked(fhir_in *r, drug *d)
{
  *d = drug_find(r);
  if (d->input == FHIR_NONE) {
    fhir_not_mapped(r, "no coding of medication[x] is asked for by the definition");
    return false;
  }
  if (!fhir_gate(r, "subject")) return false;
  if (d->input == FHIR_UNKNOWN && !drug_resolve(r, d)) return false;
  if (d->input == FHIR_NONE) {
    fhir_not_mapped(r, "no coding of its Medication is asked for by the definition");
    return false;
  }
  if (d->input == FHIR_SEVERAL)
    return fhir_refuse(r, "multiple-matches", r->e.resource, "medication[x]",
                       "codings of more than one input");
  return true;
}

/* ---- dose and rate --------------------------------------------------------------------------- */
typedef struct {
  const gm_json *at;
  bool has_dose, has_rate;
  fhir_quantity dose, rate;
  char rate_text[GM_UNIT_CODE_BYTES]; /* of a quotient */
  double duration_s;                  /* 0: not said */
} dosing;

static bool amount_read(fhir_in *r, const gm_json *node, fhir_quantity *out)
{
  if (!fhir_quantity_read(r, node, out)) return false;
  return !out->censored ||
         fhir_refuse(r, "not-supported", node, "comparator", "a bound, where an amount is needed");
}

static bool is_one(const char *number)
{
  double v;
  return gm__number_parse(number, &v) && v == 1;
}

/* "mg" and "h" of a ratio to "mg/h"; a denominator other than 1 is divided by. */
static bool ratio_read(fhir_in *r, const gm_json *node, dosing *d)
{
  const gm_json *above = gm__json_find(node, "numerator"),
                *below = gm__json_find(node, "denominator");
  fhir_quantity q;
  double a, b;
  if (!above || !below)
    return fhir_refuse(r, "required", node, above ? "denominator" : "numerator", "missing");
  if (!amount_read(r, above, &d->rate) || !amount_read(r, below, &q)) return false;
  if (strlen(d->rate.unit) + strlen(q.unit) + 4 > GM_UNIT_CODE_BYTES)
    return fhir_refuse(r, "too-long", node, NULL, "a unit that is too long");
  size_t n = strlen(d->rate.unit);
  bool single = !strpbrk(q.unit, "./");
  snprintf(d->rate.unit + n, sizeof d->rate.unit - n, single ? "/%s" : "/(%s)", q.unit);
  if (is_one(q.value)) return true;
  if (!gm__number_parse(d->rate.value, &a) || !gm__number_parse(q.value, &b) || !(b > 0) ||
      !isfinite(a / b))
    return fhir_refuse(r, "value", below, "value", "a number above 0 was expected");
  d->rate.value = gm__number_text(a / b, d->rate_text);
  return true;
}

/* dose: Quantity or NULL; rates of parent. */
static bool dosing_read(fhir_in *r, const gm_json *parent, const gm_json *dose, dosing *d)
{
  const gm_json *quantity = gm__json_find(parent, "rateQuantity");
  const gm_json *ratio = gm__json_find(parent, "rateRatio");
  if (dose && !amount_read(r, dose, &d->dose)) return false;
  if (quantity && ratio) return fhir_refuse(r, "structure", parent, "rate[x]", "more than one");
  if (quantity && !amount_read(r, quantity, &d->rate)) return false;
  if (ratio && !ratio_read(r, ratio, d)) return false;
  d->has_dose = dose;
  d->has_rate = quantity || ratio;
  return true;
}

/* How long the dose takes at the rate; 0 < *out. False: they do not go together. */
static bool duration_of(gm_ctx *ctx, const dosing *d, double *out)
{
  gm_unit dose, rate, time, second;
  double a, b, to_s, v;
  gm_status s = gm_unit_parse(ctx, d->dose.unit, &dose);
  if (!s) s = gm_unit_parse(ctx, d->rate.unit, &rate);
  if (!s) s = gm_unit_divide(ctx, &dose, &rate, &time);
  if (!s) s = gm_unit_parse(ctx, "s", &second);
  if (!s && !gm_unit_same_kind(&time, &second)) s = GM_EUNIT;
  if (!s) s = gm_unit_factor(ctx, &time, &second, &to_s);
  gm_message_clear(ctx);
  if (s || !gm__number_parse(d->dose.value, &a) || !gm__number_parse(d->rate.value, &b))
    return false;
  v = a / b * to_s;
  if (!isfinite(v) || !(v > 0)) return false;
  *out = v;
  return true;
}

/* Dose, or rate over duration_s, to the fact; the duration from dose and rate where it is not said.
 */
static bool dosing_put(fhir_in *r, dosing *d, gm_fact *f)
{
  if (!d->has_dose && !d->has_rate)
    return fhir_refuse(r, "required", d->at, "dose", "missing; a Quantity was expected");
  if (d->has_dose && d->has_rate && !(d->duration_s > 0) && !duration_of(r->ctx, d, &d->duration_s))
    return fhir_refuse(r, "value", d->at, "rate[x]",
                       "does not go with the dose, and how long it took is not said");
  if (!d->has_dose && !(d->duration_s > 0))
    return fhir_refuse(r, "required", d->at, "dose", "missing, and how long the rate held is too");
  f->value = d->has_dose ? d->dose.value : d->rate.value;
  f->unit = d->has_dose ? d->dose.unit : d->rate.unit;
  f->duration_s = d->duration_s;
  return true;
}

static gm_fact fact_of(const fhir_in *r, gm_record_kind kind, const drug *d)
{
  return (gm_fact){
      .kind = kind, .series = r->d->input[d->input].name, .value = "", .unit = "", .code = d->code};
}

/* ---- given ----------------------------------------------------------------------------------- */
static bool given_when(fhir_in *r, dosing *d, gm_fact *f)
{
  const gm_json *x = r->e.resource;
  fhir_when w;
  if (!fhir_when_read(r, x, "effective", &w)) return false;
  f->t_true_s = w.has_start ? w.start.begin_s : 0;
  if (r->e.withdrawn) return true;
  if (!w.has_start)
    return fhir_refuse(r, "required", w.period ? w.at : x, w.period ? "start" : "effective[x]",
                       "missing: when it began");
  if (!fhir_exact(r, w.at, &w.start)) return false;
  if (!w.period || !w.has_end) return true;
  d->duration_s = w.end.begin_s - w.start.begin_s;
  return fhir_exact(r, w.at, &w.end);
}

static bool given_read(fhir_in *r, dosing *d, gm_fact *f)
{
  const gm_json *x = r->e.resource, *dosage = gm__json_find(x, "dosage");
  if (!given_when(r, d, f)) return false;
  if (r->e.withdrawn) return true;
  if (!dosage) return fhir_refuse(r, "required", x, "dosage", "missing; how much was given");
  d->at = dosage;
  if (!dosing_read(r, dosage, gm__json_find(dosage, "dose"), d)) return false;
  if (fhir_is(x, "status", "stopped")) {
    if (!d->has_rate || !(d->duration_s > 0))
      return fhir_refuse(r, "business-rule", x, "status",
                         "stopped: only a rate over a period tells how much was given");
    d->has_dose = false;
  }
  return dosing_put(r, d, f);
}

gm_status fhir_administration(fhir_in *r)
{
  drug d;
  dosing dose = {0};
  if (!drug_asked(r, &d) || !fhir_status_read(r, administered)) return GM_OK;
  gm_fact f = fact_of(r, GM_RECORD_GIVEN, &d);
  if (!given_read(r, &dose, &f)) return GM_OK;
  return fhir_tell(r, &f, "", dose.at);
}

/* ---- ordered and reported -------------------------------------------------------------------- */
static const gm_json *dose_and_rate(fhir_in *r, const gm_json *dosage)
{
  const gm_json *list = gm__json_find(dosage, "doseAndRate"), *n = fhir_item(list, 0);
  if (!n || list->count == 1) return n;
  for (; n; n = n->next)
    if (fhir_has_coding(gm__json_find(n, "type"), NULL, "ordered")) return n;
  fhir_refuse(r, "multiple-matches", list, NULL, "more than one, none of type 'ordered'");
  return NULL;
}

/* timing.repeat.duration, of a dose. */
static bool repeat_duration(fhir_in *r, const gm_json *dosage, double *out)
{
  const gm_json *repeat = gm__json_find(gm__json_find(dosage, "timing"), "repeat");
  const gm_json *n = gm__json_find(repeat, "duration");
  const char *unit = fhir_text(repeat, "durationUnit");
  gm_unit from, second;
  double v;
  if (!n) return true;
  if (n->kind == GM_JSON_NUMBER && unit && gm__number_parse(n->text, &v) && v >= 0 &&
      !gm_unit_parse(r->ctx, unit, &from) && !gm_unit_parse(r->ctx, "s", &second) &&
      !gm_unit_convert(r->ctx, &from, &second, v, out))
    return true;
  gm_message_clear(r->ctx);
  return fhir_refuse(r, "value", repeat, "duration", "a number with a unit of time was expected");
}

static bool dosage_read(fhir_in *r, const gm_json *dosage, gm_fact *f, dosing *d)
{
  const gm_json *both = NULL;
  int64_t refused = r->e.refused;
  d->at = dosage;
  if (r->e.withdrawn) return true;
  if (dosage) both = dose_and_rate(r, dosage);
  if (r->e.refused != refused) return false;
  if (!both)
    return fhir_refuse(r, "required", dosage, "doseAndRate", "missing; how much at a time");
  d->at = both;
  if (gm__json_find(both, "doseRange") || gm__json_find(both, "rateRange"))
    return fhir_refuse(r, "not-supported", both, NULL, "a range instead of an amount");
  if (!dosing_read(r, both, gm__json_find(both, "doseQuantity"), d)) return false;
  if (!repeat_duration(r, dosage, &d->duration_s)) return false;
  return dosing_put(r, d, f);
}

/* When a dosage begins: its first event, the beginning of its bounds; else what the resource says.
 */
static const gm_json *dosage_begin(const gm_json *dosage, const gm_json *otherwise)
{
  const gm_json *timing = gm__json_find(dosage, "timing");
  const gm_json *event = fhir_item(gm__json_find(timing, "event"), 0);
  const gm_json *bounds = gm__json_find(gm__json_find(timing, "repeat"), "boundsPeriod");
  const gm_json *start = gm__json_find(bounds, "start");
  return event ? event : start ? start : otherwise;
}

static bool begin_read(fhir_in *r, const gm_json *at, gm_fact *f)
{
  gm_fhir_time t;
  int64_t refused = r->e.refused;
  f->t_true_s = 0;
  if (at && fhir_time_of(r, at, &t) && (r->e.withdrawn || fhir_exact(r, at, &t))) {
    f->t_true_s = t.begin_s;
    return true;
  }
  if (r->e.withdrawn) {
    r->e.refused = refused;
    return true;
  }
  if (!at)
    fhir_refuse(r, "required", r->e.resource,
                f->kind == GM_RECORD_ORDERED ? "authoredOn" : "effective[x]",
                "missing: when it begins");
  return false;
}

/* One dosage, a fact for each of its events. */
static gm_status dosage_tell(fhir_in *r, gm_fact *f, const gm_json *dosage, const gm_json *begin,
                             const char *suffix)
{
  dosing d = {0};
  char name[FHIR_SUFFIX_BYTES];
  const gm_json *at = dosage_begin(dosage, begin);
  if (!dosage_read(r, dosage, f, &d)) return GM_OK;
  bool events = at && at != begin && !at->key && at->parent->count > 1;
  gm_status s = GM_OK;
  for (; !s; at = at->next) {
    snprintf(name, sizeof name, "%s", suffix);
    if (events && at->index)
      snprintf(name, sizeof name, "%s#event %lld", suffix, (long long)at->index);
    if (begin_read(r, at, f)) s = fhir_tell(r, f, name, d.at);
    if (!events || !at->next) break;
  }
  return s;
}

/* All dosages below key, the first one without a suffix. */
static gm_status dosages_tell(fhir_in *r, gm_record_kind kind, const drug *d, const char *key,
                              const gm_json *begin)
{
  const gm_json *list = gm__json_find(r->e.resource, key), *n = fhir_item(list, 0);
  char suffix[40] = "";
  gm_fact f = fact_of(r, kind, d);
  gm_status s = GM_OK;
  if (!n && !r->e.withdrawn) {
    fhir_refuse(r, "required", r->e.resource, key, "missing; how much at a time");
    return GM_OK;
  }
  if (!n) return dosage_tell(r, &f, NULL, begin, "");
  for (; n && !s; n = n->next) {
    f = fact_of(r, kind, d);
    if (n->index) snprintf(suffix, sizeof suffix, "#dosage %lld", (long long)n->index);
    s = dosage_tell(r, &f, n, begin, suffix);
  }
  return s;
}

static bool is_order(fhir_in *r)
{
  static const char *const intent[] = {"order", "original-order", "reflex-order", "filler-order",
                                       "instance-order"};
  const gm_json *x = r->e.resource, *no = gm__json_find(x, "doNotPerform");
  if (no && no->kind != GM_JSON_FALSE)
    return fhir_refuse(r, "business-rule", x, "doNotPerform", "an order not to give it");
  for (size_t i = 0; i < sizeof intent / sizeof intent[0]; i++)
    if (fhir_is(x, "intent", intent[i])) return true;
  return fhir_refuse(r, fhir_text(x, "intent") ? "business-rule" : "required", x, "intent",
                     "not that of an order");
}

gm_status fhir_request(fhir_in *r)
{
  drug d;
  if (!drug_asked(r, &d) || !fhir_status_read(r, requested) || !is_order(r)) return GM_OK;
  return dosages_tell(r, GM_RECORD_ORDERED, &d, "dosageInstruction",
                      gm__json_find(r->e.resource, "authoredOn"));
}

gm_status fhir_statement(fhir_in *r)
{
  drug d;
  const gm_json *x = r->e.resource, *begin = gm__json_find(x, "effectiveDateTime");
  if (!begin) begin = gm__json_find(gm__json_find(x, "effectivePeriod"), "start");
  if (!drug_asked(r, &d) || !fhir_status_read(r, stated)) return GM_OK;
  return dosages_tell(r, GM_RECORD_REPORTED, &d, "dosage", begin);
}
