/* fhir_check_form.c - invariants of data types (datatypes.html, extensibility.html and
 * references.html of R4), and what all invariants are written with. */
#include "interop/fhir_check_internal.h"
#include "interop/fhir_check_value.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char ucum[] = "http://unitsofmeasure.org";

bool gm__fhir_has(const gm_json *node, const char *name)
{
  char shadow[100];
  if (gm__json_find(node, name)) return true;
  snprintf(shadow, sizeof shadow, "_%s", name);
  return gm__json_find(node, shadow) != NULL;
}

bool gm__fhir_has_way(const gm_json *node, const char *choice)
{
  size_t bytes = strlen(choice);
  for (const gm_json *n = node->first; n; n = n->next) {
    const char *key = n->key + (n->key[0] == '_');
    if (strncmp(key, choice, bytes) == 0 && key[bytes] >= 'A' && key[bytes] <= 'Z') return true;
  }
  return false;
}

int32_t gm__fhir_count(const gm_json *node, const char *name)
{
  const gm_json *n = gm__json_find(node, name);
  return n && n->kind == GM_JSON_ARRAY ? n->count : 0;
}

const char *gm__fhir_text(const gm_json *node, const char *name)
{
  const gm_json *n = gm__json_find(node, name);
  return n && n->kind == GM_JSON_TEXT ? n->text : "";
}

bool gm__fhir_is(const gm_json *node, const char *name, const char *text)
{
  return strcmp(gm__fhir_text(node, name), text) == 0;
}

void gm__fhir_demand(gm__fhir_check *c, bool good, const gm_json *node, const char *text)
{
  if (!good) gm__fhir_issue(c, GM_FHIR_ERROR, "invariant", node, "%s", text);
}

gm__fhir_rule *gm__fhir_rule_find(const gm__fhir_rule_row *row, int32_t count, const char *type)
{
  int32_t low = 0, high = count;
  while (low < high) {
    int32_t mid = low + (high - low) / 2, way = strcmp(row[mid].type, type);
    if (way == 0) return row[mid].check;
    if (way < 0)
      low = mid + 1;
    else
      high = mid;
  }
  return NULL;
}

/* A number, NaN when it is not there or none. */
static double number(const gm_json *node, const char *name)
{
  double v;
  const gm_json *n = gm__json_find(node, name);
  return n && n->kind == GM_JSON_NUMBER && gm__json_double(n, &v) == GM_OK ? v : NAN;
}

/* ---- rules ----------------------------------------------------------------------------------- */
static void attachment(gm__fhir_check *c, const gm_json *n)
{
  const gm_json *data = gm__json_find(n, "data");
  gm__fhir_demand(c, !gm__fhir_has(n, "data") || gm__fhir_has(n, "contentType"), n,
                  "att-1: an attachment with data says its contentType");
  double size = number(n, "size");
  if (!data || data->kind != GM_JSON_TEXT || isnan(size)) return;
  int64_t bytes = gm__fhir_base64_bytes(data->text, data->bytes);
  if (bytes >= 0 && size != (double)bytes)
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", n, "size is not that of the data");
}

static void extension(gm__fhir_check *c, const gm_json *n)
{
  bool nested = gm__json_find(n, "extension") != NULL, value = gm__fhir_has_way(n, "value");
  gm__fhir_demand(c, nested != value, n,
                  "ext-1: an extension has either a value or extensions of its own");
  if (strchr(gm__fhir_text(n, "url"), '|'))
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", n, "the url of an extension has no version");
}

static void quantity(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, !gm__fhir_has(n, "code") || gm__fhir_has(n, "system"), n,
                  "qty-3: a quantity with a code for its unit has the system of the code");
}

static bool measured(const gm_json *n)
{
  return (gm__fhir_has(n, "code") || !gm__fhir_has(n, "value")) &&
         (!gm__fhir_has(n, "system") || gm__fhir_is(n, "system", ucum));
}

static void age(gm__fhir_check *c, const gm_json *n)
{
  quantity(c, n);
  gm__fhir_demand(c, measured(n) && !(number(n, "value") <= 0), n,
                  "age-1: an age is above 0 and has a code of UCUM");
}

static void count(gm__fhir_check *c, const gm_json *n)
{
  const gm_json *v = gm__json_find(n, "value");
  quantity(c, n);
  bool whole = !v || v->kind != GM_JSON_NUMBER || !strchr(v->text, '.');
  bool one = !gm__json_find(n, "code") || gm__fhir_is(n, "code", "1");
  gm__fhir_demand(c, measured(n) && whole && one, n,
                  "cnt-3: a count is whole and has the code 1 of UCUM");
}

static void distance(gm__fhir_check *c, const gm_json *n)
{
  quantity(c, n);
  gm__fhir_demand(c, measured(n), n, "dis-1: a distance has a code of UCUM");
}

/* By its expression: code.exists() implies ((system = %ucum) and value.exists()). */
static void duration(gm__fhir_check *c, const gm_json *n)
{
  quantity(c, n);
  bool whole = gm__fhir_is(n, "system", ucum) && gm__fhir_has(n, "value");
  gm__fhir_demand(c, !gm__fhir_has(n, "code") || whole, n,
                  "drt-1: a duration with a code has a value, and the code is of UCUM");
}

static void range(gm__fhir_check *c, const gm_json *n)
{
  static const char *const unit[] = {"system", "code", "unit"};
  const gm_json *low = gm__json_find(n, "low"), *high = gm__json_find(n, "high");
  for (size_t i = 0; i < 3; i++)
    if (strcmp(gm__fhir_text(low, unit[i]), gm__fhir_text(high, unit[i])) != 0) return;
  gm__fhir_demand(c, !(number(low, "value") > number(high, "value")), n,
                  "rng-2: low is not above high");
}

static void ratio(gm__fhir_check *c, const gm_json *n)
{
  bool a = gm__json_find(n, "numerator"), b = gm__json_find(n, "denominator");
  gm__fhir_demand(c, a == b && (a || gm__json_find(n, "extension")), n,
                  "rat-1: a ratio has both numerator and denominator, or an extension instead");
}

/* A comparison that cannot be decided, 2020 with 2020-05, has no value in FHIRPath, and so the
 * invariant does not hold. */
static void period(gm__fhir_check *c, const gm_json *n)
{
  const char *start = gm__fhir_text(n, "start"), *end = gm__fhir_text(n, "end");
  gm__fhir_demand(c, !start[0] || !end[0] || gm__fhir_time_compare(start, end) < 1, n,
                  "per-1: start is before end, and both say so precisely enough");
}

static void contact_point(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, !gm__fhir_has(n, "value") || gm__fhir_has(n, "system"), n,
                  "cpt-2: a contact point with a value has a system");
}

static void expression(gm__fhir_check *c, const gm_json *n)
{
  gm__fhir_demand(c, gm__fhir_has(n, "expression") || gm__fhir_has(n, "reference"), n,
                  "exp-1: an expression has the expression or a reference to it");
}

static bool when_meal(const gm_json *n)
{
  const gm_json *list = gm__json_find(n, "when");
  for (const gm_json *w = list ? list->first : NULL; w; w = w->next)
    if (w->kind == GM_JSON_TEXT && (!strcmp(w->text, "C") || !strcmp(w->text, "CM") ||
                                    !strcmp(w->text, "CD") || !strcmp(w->text, "CV")))
      return true;
  return false;
}

/* tim-1 to tim-10 */
static void timing_repeat(gm__fhir_check *c, const gm_json *n)
{
  static const char *const needs[][3] = {
      {"duration", "durationUnit", "tim-1: a duration has a unit"},
      {"period", "periodUnit", "tim-2: a period has a unit"},
      {"periodMax", "period", "tim-6: periodMax goes with a period"},
      {"durationMax", "duration", "tim-7: durationMax goes with a duration"},
      {"countMax", "count", "tim-8: countMax goes with a count"},
      {"offset", "when", "tim-9: an offset goes with an event (when)"}};
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
    gm__fhir_demand(c, !gm__fhir_has(n, needs[i][0]) || gm__fhir_has(n, needs[i][1]), n,
                    needs[i][2]);
  gm__fhir_demand(c, !(number(n, "duration") < 0), n, "tim-4: a duration is not negative");
  gm__fhir_demand(c, !(number(n, "period") < 0), n, "tim-5: a period is not negative");
  gm__fhir_demand(c, !gm__fhir_has(n, "offset") || !when_meal(n), n,
                  "tim-9: an offset does not go with C, CM, CD or CV");
  gm__fhir_demand(c, !gm__fhir_has(n, "timeOfDay") || !gm__fhir_has(n, "when"), n,
                  "tim-10: either timeOfDay or when");
}

static const gm__fhir_rule_row rows[] = {{"Age", age},
                                         {"Attachment", attachment},
                                         {"ContactPoint", contact_point},
                                         {"Count", count},
                                         {"Distance", distance},
                                         {"Duration", duration},
                                         {"Expression", expression},
                                         {"Extension", extension},
                                         {"Period", period},
                                         {"Quantity", quantity},
                                         {"Range", range},
                                         {"Ratio", ratio},
                                         {"Reference", gm__fhir_reference},
                                         {"Timing_Repeat", timing_repeat}};

void gm__fhir_form_invariants(gm__fhir_check *c, const gm_json *node, const char *type)
{
  gm__fhir_rule *f = gm__fhir_rule_find(rows, sizeof rows / sizeof rows[0], type);
  if (f) f(c, node);
}

void gm__fhir_invariants(gm__fhir_check *c, const gm_json *node, int32_t type)
{
  const char *name = gm__fhir_type_name(c->rules, type);
  gm__fhir_form_invariants(c, node, name);
  gm__fhir_resource_invariants(c, node, name);
}
