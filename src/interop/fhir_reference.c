/* fhir_reference.c - who a Reference points at (references.html, bundle.html#references). */
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>

const gm_json *fhir_contained(const gm_json *resource, const char *reference)
{
  const gm_json *n = fhir_item(gm__json_find(resource, "contained"), 0);
  while (n && !fhir_is(n, "id", reference + 1)) n = n->next;
  return n;
}

/* "Patient" of "Patient/p1" and of "http://a.org/fhir/Patient/p1": is the last but one segment
 * type?
 */
static bool of_type(const char *reference, const char *type)
{
  const char *last = strrchr(reference, '/');
  size_t bytes = strlen(type);
  if (!last || (size_t)(last - reference) < bytes || !last[1]) return false;
  const char *begin = last - bytes;
  return !strncmp(begin, type, bytes) && (begin == reference || begin[-1] == '/');
}

static bool is_address(const char *reference)
{
  return !strncmp(reference, "http://", 7) || !strncmp(reference, "https://", 8);
}

/* A relative reference means the server that the entry came from, if its fullUrl tells which. */
static int32_t beside(const fhir_in *r, const char *reference)
{
  const char *url = r->e.full_url;
  char own[FHIR_NAME_BYTES], other[2 * FHIR_NAME_BYTES];
  snprintf(own, sizeof own, "/%s/%s", r->e.type, r->e.id);
  size_t bytes = strlen(url), tail = strlen(own);
  if (!is_address(url) || bytes <= tail || bytes >= FHIR_NAME_BYTES ||
      strcmp(url + bytes - tail, own) != 0)
    return FHIR_NONE;
  snprintf(other, sizeof other, "%.*s/%s", (int)(bytes - tail), url, reference);
  return fhir_table_find(r->table, other);
}

static int32_t refused(fhir_in *r, const char *code, const gm_json *at, const char *why,
                       const char *type)
{
  fhir_refuse(r, code, at, "reference", "%s%s", why, type);
  return FHIR_UNKNOWN;
}

/* The reference's text without "/_history/3" in name. */
static bool text_take(fhir_in *r, const gm_json *reference, char *name, size_t bytes)
{
  const char *text = fhir_text(reference, "reference");
  if (!text)
    return fhir_refuse(r, gm__json_find(reference, "reference") ? "value" : "required", reference,
                       "reference", "missing; a literal reference was expected");
  const char *history = strstr(text, "/_history/");
  size_t n = history ? (size_t)(history - text) : strlen(text);
  if (!n || n >= bytes) return fhir_refuse(r, "value", reference, "reference", "not a reference");
  snprintf(name, bytes, "%.*s", (int)n, text);
  return true;
}

/* A Patient known by an identifier alone. */
static int32_t by_identifier(fhir_in *r, const gm_json *reference, const char *type, char *name,
                             size_t bytes)
{
  const gm_json *identifier = gm__json_find(reference, "identifier");
  const char *system = fhir_text(identifier, "system"), *value = fhir_text(identifier, "value");
  if (strcmp(type, "Patient") != 0 || !system || !value ||
      strlen(system) + strlen(value) + 2 > bytes)
    return FHIR_NONE;
  snprintf(name, bytes, "%s|%s", system, value);
  int32_t thing = fhir_table_find(r->table, name);
  return thing == FHIR_SEVERAL
             ? refused(r, "multiple-matches", reference, "an identifier of more than one ", type)
             : thing;
}

static int32_t relative(fhir_in *r, const gm_json *reference, const char *type, const char *name)
{
  if (!of_type(name, type) || strchr(name, '/') != strrchr(name, '/'))
    return refused(r, "not-supported", reference, "not one to a ", type);
  int32_t thing = beside(r, name);
  if (thing == FHIR_NONE) thing = fhir_table_find(r->table, name);
  return thing == FHIR_SEVERAL
             ? refused(r, "multiple-matches", reference, "an id of more than one ", type)
             : thing;
}

/* By the text in name; FHIR_NONE: it is not in the file, and may be elsewhere. */
static int32_t by_text(fhir_in *r, const gm_json *reference, const char *type, const char *name)
{
  if (name[0] == '#') return refused(r, "not-supported", reference, "one to a contained ", type);
  if (strchr(name, '?'))
    return refused(r, "not-supported", reference,
                   "a conditional one, which only a server can resolve; a literal one to a ", type);
  bool urn = !strncmp(name, "urn:", 4);
  if (!urn && !is_address(name)) return relative(r, reference, type, name);
  int32_t thing = fhir_table_find(r->table, name);
  if (thing != FHIR_NONE) return thing;
  if (urn)
    return refused(r, "not-found", reference, "no entry of the file has this fullUrl and is a ",
                   type);
  return of_type(name, type) ? FHIR_NONE
                             : refused(r, "not-supported", reference, "not one to a ", type);
}

int32_t fhir_reference(fhir_in *r, const gm_json *reference, const char *type, char *name,
                       size_t bytes)
{
  bool patient = !strcmp(type, "Patient");
  if (!gm__json_find(reference, "reference") && gm__json_find(reference, "identifier")) {
    name[0] = 0;
    int32_t known = by_identifier(r, reference, type, name, bytes);
    if (known != FHIR_NONE || name[0]) return known;
  }
  if (!text_take(r, reference, name, bytes)) return FHIR_UNKNOWN;
  int32_t thing = by_text(r, reference, type, name);
  if (thing >= 0 && fhir_table_at(r->table, thing)->patient != patient)
    return refused(r, "not-supported", reference, "not one to a ", type);
  return thing;
}

bool fhir_is_patient(const fhir_in *r, const gm_json *reference)
{
  const char *text = fhir_text(reference, "reference");
  if (fhir_is(reference, "type", "Patient") || fhir_is(reference, "type", "RelatedPerson"))
    return true;
  if (!text) return false;
  if (of_type(text, "Patient") || of_type(text, "RelatedPerson")) return true;
  int32_t thing = fhir_table_find(r->table, text);
  return thing >= 0 && fhir_table_at(r->table, thing)->patient;
}
