/* fhir_element.c - elements that many resources share: texts, codings, times, quantities, levels.
 */
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- texts and codings ----------------------------------------------------------------------- */
const char *fhir_text(const gm_json *object, const char *key)
{
  const gm_json *n = gm__json_find(object, key);
  return n && n->kind == GM_JSON_TEXT && strlen(n->text) == n->bytes ? n->text : NULL;
}

bool fhir_is(const gm_json *object, const char *key, const char *text)
{
  const char *t = fhir_text(object, key);
  return t && !strcmp(t, text);
}

const gm_json *fhir_item(const gm_json *array, int64_t i)
{
  if (!array || array->kind != GM_JSON_ARRAY) return NULL;
  const gm_json *n = array->first;
  while (n && i-- > 0) n = n->next;
  return n;
}

bool fhir_has_coding(const gm_json *concept, const char *system, const char *code)
{
  const gm_json *n = fhir_item(gm__json_find(concept, "coding"), 0);
  for (; n; n = n->next)
    if (fhir_is(n, "code", code) && (!system || fhir_is(n, "system", system))) return true;
  return false;
}

/* ---- times ----------------------------------------------------------------------------------- */
bool fhir_time_of(fhir_in *r, const gm_json *text, gm_fhir_time *out)
{
  if (text->kind == GM_JSON_TEXT && strlen(text->text) == text->bytes &&
      gm_fhir_time_read(text->text, out))
    return true;
  return fhir_refuse(r, "value", text, NULL,
                     "not a time; a dateTime such as 2015-02-07T13:28:17+01:00 was expected");
}

bool fhir_exact(fhir_in *r, const gm_json *at, const gm_fhir_time *t)
{
  if (t->precision == GM_FHIR_INSTANT && t->zone) return true;
  return fhir_refuse(r, "value", at, NULL, "%s; a time with seconds and zone was expected",
                     t->precision == GM_FHIR_INSTANT ? "has no zone"
                     : t->precision == GM_FHIR_DAY   ? "a day"
                     : t->precision == GM_FHIR_MONTH ? "a month"
                                                     : "a year");
}

static bool period_read(fhir_in *r, const gm_json *node, fhir_when *out)
{
  const gm_json *start = gm__json_find(node, "start"), *end = gm__json_find(node, "end");
  fhir_when w = {.at = node, .has_start = start, .has_end = end, .period = true};
  if (node->kind != GM_JSON_OBJECT || (!start && !end))
    return fhir_refuse(r, "structure", node, NULL, "a Period with start or end was expected");
  if (start && !fhir_time_of(r, start, &w.start)) return false;
  if (end && !fhir_time_of(r, end, &w.end)) return false;
  if (start && end && w.end.end_s < w.start.begin_s)
    return fhir_refuse(r, "invariant", node, NULL, "ends before it begins");
  *out = w;
  return true;
}

static bool time_read(fhir_in *r, const gm_json *node, fhir_when *out)
{
  fhir_when w = {.at = node, .has_start = true, .has_end = true};
  if (!fhir_time_of(r, node, &w.start)) return false;
  w.end = w.start;
  *out = w;
  return true;
}

static bool timing_read(fhir_in *r, const gm_json *node, fhir_when *out)
{
  const gm_json *event = gm__json_find(node, "event");
  if (event && event->kind == GM_JSON_ARRAY && event->count == 1)
    return time_read(r, event->first, out);
  return fhir_refuse(r, "not-supported", node, NULL, "a Timing other than one event");
}

static bool when_read(fhir_in *r, const gm_json *parent, const char *stem, fhir_when *out)
{
  static const char *const type[] = {"DateTime", "Instant", "Period", "Timing"};
  char name[40];
  const gm_json *found = NULL;
  int32_t which = 0, count = 0;
  for (int32_t i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", stem, type[i]);
    const gm_json *n = gm__json_find(parent, name);
    if (n) found = n, which = i, count++;
  }
  *out = (fhir_when){.at = parent};
  snprintf(name, sizeof name, "%s[x]", stem);
  if (count > 1) return fhir_refuse(r, "structure", parent, name, "more than one");
  if (!found) return true;
  if (which == 2) return period_read(r, found, out);
  return which == 3 ? timing_read(r, found, out) : time_read(r, found, out);
}

bool fhir_when_read(fhir_in *r, const gm_json *parent, const char *stem, fhir_when *out)
{
  int64_t refused = r->e.refused;
  if (when_read(r, parent, stem, out)) return true;
  if (!r->e.withdrawn) return false;
  r->e.refused = refused; /* what is withdrawn needs no time */
  *out = (fhir_when){.at = parent};
  return true;
}

/* ---- quantities ------------------------------------------------------------------------------ */
/* 1: below, -1: above, 0: none; 2: refused. */
static int8_t comparator_read(fhir_in *r, const gm_json *node)
{
  const gm_json *n = gm__json_find(node, "comparator");
  const char *c = fhir_text(node, "comparator");
  if (!n) return 0;
  if (c && (!strcmp(c, "<") || !strcmp(c, "<="))) return 1;
  if (c && (!strcmp(c, ">") || !strcmp(c, ">="))) return -1;
  fhir_refuse(r, "code-invalid", n, NULL, "one of < <= > >= was expected");
  return 2;
}

/* Is it a unit of UCUM? Most of a file are the same few. */
static bool is_ucum(fhir_in *r, const char *code)
{
  gm_unit unit;
  size_t bytes = strlen(code) + 1;
  for (int32_t i = 0; i < FHIR_UNITS; i++)
    if (!strcmp(r->unit[i], code)) return code[0];
  if (bytes > GM_UNIT_CODE_BYTES || gm_unit_parse(r->ctx, code, &unit)) return false;
  if (bytes > sizeof r->unit[0]) return true;
  memcpy(r->unit[r->unit_next], code, bytes);
  r->unit_next = (r->unit_next + 1) % FHIR_UNITS;
  return true;
}

/* UCUM by code, or a unit in words that is understood without doubt. */
static bool unit_read(fhir_in *r, const gm_json *node, char out[GM_UNIT_CODE_BYTES])
{
  const char *code = fhir_text(node, "code"), *system = fhir_text(node, "system");
  const char *words = fhir_text(node, "unit"), *url;
  gm_unit unit;
  if (!code && !words)
    return fhir_refuse(r, "required", node, "code", "missing; a unit in UCUM was expected");
  if (code && !system)
    return fhir_refuse(r, "invariant", node, "system", "missing beside a code (qty-3)");
  url = system ? gm_fhir_system_url(system) : NULL;
  if (code && (!url || strcmp(url, "http://unitsofmeasure.org") != 0))
    return fhir_refuse(r, "not-supported", node, "system", "a unit that is not coded in UCUM");
  if (code && is_ucum(r, code)) {
    snprintf(out, GM_UNIT_CODE_BYTES, "%s", code);
    return true;
  }
  if (!code && !gm_unit_parse_friendly(r->ctx, words, &unit, out)) return true;
  gm_message_clear(r->ctx);
  return fhir_refuse(r, "code-invalid", node, code ? "code" : "unit",
                     code ? "not a unit of UCUM" : "a unit in words that are not understood");
}

bool fhir_quantity_read(fhir_in *r, const gm_json *node, fhir_quantity *out)
{
  fhir_quantity q = {.value = ""};
  if (node->kind != GM_JSON_OBJECT)
    return fhir_refuse(r, "structure", node, NULL, "%s; a Quantity was expected",
                       gm__json_kind_text(node->kind));
  const gm_json *value = gm__json_find(node, "value");
  if (!value) return fhir_refuse(r, "required", node, "value", "missing");
  if (value->kind != GM_JSON_NUMBER)
    return fhir_refuse(r, "structure", value, NULL, "%s; a number was expected",
                       gm__json_kind_text(value->kind));
  q.value = value->text;
  q.censored = comparator_read(r, node);
  if (q.censored == 2 || !unit_read(r, node, q.unit)) return false;
  *out = q;
  return true;
}

/* ---- levels ---------------------------------------------------------------------------------- */
const char *fhir_level(const gm_covariate *c, const char *text)
{
  for (int32_t i = 0; i < c->level_count; i++)
    if (!strcasecmp(c->level[i], text)) return c->level[i];
  return NULL;
}

const char *fhir_level_yes(const gm_covariate *c, bool yes)
{
  static const char *const word[2][3] = {{"no", "false", "absent"}, {"yes", "true", "present"}};
  const char *level = NULL;
  for (int32_t i = 0; i < 3 && !level; i++) level = fhir_level(c, word[yes][i]);
  return level;
}

/* "snomed|8517006", the code, its display. */
static const char *level_of_coding(const gm_covariate *c, const gm_json *coding)
{
  const char *code = fhir_text(coding, "code"), *system = fhir_text(coding, "system");
  const char *display = fhir_text(coding, "display"), *level = NULL;
  char both[300];
  if (code && system) {
    const char *name = gm_fhir_system_name(system);
    snprintf(both, sizeof both, "%.150s|%.100s", name ? name : system, code);
    level = fhir_level(c, both);
  }
  if (!level && code) level = fhir_level(c, code);
  if (!level && display) level = fhir_level(c, display);
  return level;
}

const char *fhir_level_of(const gm_covariate *c, const gm_json *concept)
{
  const gm_json *n = fhir_item(gm__json_find(concept, "coding"), 0);
  const char *text = fhir_text(concept, "text"), *level = NULL;
  for (; n && !level; n = n->next) level = level_of_coding(c, n);
  return !level && text ? fhir_level(c, text) : level;
}
