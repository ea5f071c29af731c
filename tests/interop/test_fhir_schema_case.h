/* test_fhir_schema_case.h - a JSON Schema validator of its own for tests (draft-06: $ref,
 * properties, additionalProperties, required, enum, const, pattern, type, items, oneOf), and the
 * schema of FHIR R4 when the data folder is there. It shares nothing with what it tests but the
 * reading of JSON. */
#ifndef GEMEL_TESTS_FHIR_SCHEMA_CASE_H
#define GEMEL_TESTS_FHIR_SCHEMA_CASE_H
#include "base/json_tree.h"
#include "support/data.h"
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_PATTERNS = 64 };

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const gm_json *root, *definitions;
  struct {
    const char *text;
    regex_t regex;
  } pattern[SCHEMA_PATTERNS];
  int32_t pattern_count;
  char fault[400]; /* of the last instance that was not valid */
} schema;

/* All of a command's output, or NULL; freed by free. */
static char *schema_output(const char *command, size_t *bytes)
{
  FILE *f = popen(command, "r");
  char *text = NULL;
  size_t room = 0;
  *bytes = 0;
  if (!f) return NULL;
  for (;;) {
    if (*bytes + 65536 > room) text = realloc(text, room = 2 * room + 131072);
    size_t got = fread(text + *bytes, 1, 65536, f);
    *bytes += got;
    if (!got) break;
  }
  if (pclose(f) == 0 && *bytes) return text;
  free(text);
  return NULL;
}

/* A file of the data folder, unpacked by the command that its name asks for. */
static char *schema_file(const char *file, size_t *bytes)
{
  char path[1000], command[1200];
  const char *how = strstr(file, ".gz") ? "gzip -dc" : strstr(file, ".bz2") ? "bzip2 -dc" : "cat";
  if (!data_path(file, path, sizeof path)) return NULL;
  snprintf(command, sizeof command, "%s '%s'", how, path);
  return schema_output(command, bytes);
}

/* false: the data is not there. */
static bool schema_open(schema *s, gm_ctx *ctx)
{
  size_t bytes;
  gm_json *root;
  const gm_json_options o = {.name = "schema", .memory_bytes_max = (size_t)256 << 20};
  memset(s, 0, sizeof *s);
  char *text = schema_file("platform/fhir-r4-definitions/fhir.schema.json.gz", &bytes);
  if (!text) return false;
  s->ctx = ctx;
  bool good = gm_arena_new(ctx, 1 << 20, &s->arena) == GM_OK &&
              gm__json_parse(ctx, s->arena, &o, text, bytes, &root) == GM_OK;
  free(text);
  if (good) s->root = root, s->definitions = gm__json_find(root, "definitions");
  return good;
}

static void schema_close(schema *s)
{
  for (int32_t i = 0; i < s->pattern_count; i++) regfree(&s->pattern[i].regex);
  gm_arena_free(s->arena);
}

/* ECMA's \s and \S and escapes in brackets, as POSIX has them. */
static void schema_translate(const char *p, char *out)
{
  while (*p) {
    if (*p == '[') {
      const char *end = p + 1 + (p[1] == '^');
      bool all = false, minus = false;
      char inner[200] = "";
      size_t n = 0;
      for (; *end != ']'; end++) {
        if (*end != '\\')
          inner[n++] = *end;
        else if (*++end == 'S')
          all = true;
        else if (*end == 's')
          n += (size_t)sprintf(inner + n, "[:space:]");
        else if (*end == 'r')
          inner[n++] = '\r';
        else if (*end == 'n')
          inner[n++] = '\n';
        else if (*end == 't')
          inner[n++] = '\t';
        else if (*end == '-')
          minus = true;
        else
          inner[n++] = *end;
      }
      inner[n] = 0;
      out += all ? sprintf(out, "(.|\n)")
                 : sprintf(out, "[%s%s%s]", p[1] == '^' ? "^" : "", inner, minus ? "-" : "");
      p = end + 1;
    } else if (*p == '\\' && (p[1] == 'S' || p[1] == 's')) {
      out += sprintf(out, p[1] == 'S' ? "[^[:space:]]" : "[[:space:]]");
      p += 2;
    } else if (*p == '\\' && (p[1] == '-' || p[1] == '/')) {
      *out++ = p[1];
      p += 2;
    } else {
      *out++ = *p++;
    }
  }
  *out = 0;
}

static bool schema_matches(schema *s, const char *pattern, const char *text)
{
  int32_t i = 0;
  while (i < s->pattern_count && strcmp(s->pattern[i].text, pattern) != 0) i++;
  if (i == s->pattern_count) {
    char posix[2000];
    schema_translate(pattern, posix);
    if (i == SCHEMA_PATTERNS || regcomp(&s->pattern[i].regex, posix, REG_EXTENDED | REG_NOSUB)) {
      fprintf(stderr, "schema: no regular expression: %s\n", posix);
      abort();
    }
    s->pattern[i].text = pattern;
    s->pattern_count++;
  }
  return regexec(&s->pattern[i].regex, text, 0, NULL, 0) == 0;
}

static bool schema_fault(schema *s, const gm_json *at, const char *what)
{
  char path[300];
  gm__json_path(at, path, sizeof path);
  snprintf(s->fault, sizeof s->fault, "%.300s: %.80s", path, what);
  return false;
}

static const gm_json *schema_ref(const schema *s, const gm_json *rule)
{
  const gm_json *ref = gm__json_find(rule, "$ref");
  return ref ? gm__json_find(s->definitions, ref->text + strlen("#/definitions/")) : NULL;
}

static bool schema_type(const gm_json *type, const gm_json *v)
{
  switch (v->kind) {
  case GM_JSON_TEXT: return strcmp(type->text, "string") == 0;
  case GM_JSON_NUMBER: return strcmp(type->text, "number") == 0;
  case GM_JSON_ARRAY: return strcmp(type->text, "array") == 0;
  case GM_JSON_OBJECT: return strcmp(type->text, "object") == 0;
  case GM_JSON_TRUE:
  case GM_JSON_FALSE: return strcmp(type->text, "boolean") == 0;
  default: return strcmp(type->text, "null") == 0;
  }
}

static bool schema_valid(schema *s, const gm_json *rule, const gm_json *v);

/* FHIR's schema leaves out _name beside canonical and id, which the specification has beside every
 * primitive (json.html#primitive). */
static const gm_json *schema_beside(const schema *s, const gm_json *properties, const gm_json *k)
{
  const gm_json *beside = k->key[0] == '_' ? gm__json_find(properties, k->key + 1) : NULL;
  const gm_json *items = gm__json_find(beside, "items");
  const gm_json *type = beside ? schema_ref(s, items ? items : beside) : NULL;
  if (!type || gm__json_find(type, "properties") || gm__json_find(type, "oneOf")) return NULL;
  const gm_json *name = gm__json_find(s->definitions, "HumanName");
  return items ? gm__json_find(gm__json_find(name, "properties"), "_given")
               : gm__json_find(s->definitions, "Element");
}

static bool schema_object(schema *s, const gm_json *rule, const gm_json *v)
{
  const gm_json *properties = gm__json_find(rule, "properties");
  const gm_json *more = gm__json_find(rule, "additionalProperties");
  const gm_json *required = gm__json_find(rule, "required");
  /* By the letter these words speak of objects only and let all else be; FHIR's schema never says
   * type: object, but means it. */
  if (v->kind != GM_JSON_OBJECT) return !properties || schema_fault(s, v, "no object");
  for (const gm_json *r = required ? required->first : NULL; r; r = r->next)
    if (!gm__json_find(v, r->text)) return schema_fault(s, v, "a required property is missing");
  for (const gm_json *k = v->first; k; k = k->next) {
    const gm_json *sub = gm__json_find(properties, k->key);
    if (!sub) sub = schema_beside(s, properties, k);
    if (sub && !schema_valid(s, sub, k)) return false;
    if (!sub && more && more->kind == GM_JSON_FALSE)
      return schema_fault(s, k, "an additional property");
  }
  return true;
}

static bool schema_one_of(schema *s, const gm_json *list, const gm_json *v)
{
  int32_t good = 0;
  for (const gm_json *r = list->first; r; r = r->next) {
    /* resources: a const decides at once */
    const gm_json *is =
        gm__json_find(gm__json_find(schema_ref(s, r), "properties"), "resourceType");
    const gm_json *said = gm__json_find(v, "resourceType");
    const gm_json *want = gm__json_find(is, "const");
    if (want && (!said || said->kind != GM_JSON_TEXT || strcmp(said->text, want->text) != 0))
      continue;
    good += schema_valid(s, r, v);
  }
  if (good == 1) return true;
  return s->fault[0] && good == 0 ? false : schema_fault(s, v, "not one of the alternatives");
}

static bool schema_valid(schema *s, const gm_json *rule, const gm_json *v)
{
  const gm_json *w;
  if (gm__json_find(rule, "$ref")) return schema_valid(s, schema_ref(s, rule), v);
  if ((w = gm__json_find(rule, "type")) && !schema_type(w, v))
    return schema_fault(s, v, "the type");
  if ((w = gm__json_find(rule, "const")) &&
      (v->kind != GM_JSON_TEXT || strcmp(v->text, w->text) != 0))
    return schema_fault(s, v, "the constant");
  if ((w = gm__json_find(rule, "enum"))) {
    const gm_json *e = w->first;
    while (e && (v->kind != e->kind || strcmp(e->text, v->text) != 0)) e = e->next;
    if (!e) return schema_fault(s, v, "none of the enum");
  }
  if ((w = gm__json_find(rule, "pattern")) && v->kind == GM_JSON_TEXT &&
      !schema_matches(s, w->text, v->text))
    return schema_fault(s, v, "the pattern");
  if ((w = gm__json_find(rule, "oneOf")) && !schema_one_of(s, w, v)) return false;
  if ((w = gm__json_find(rule, "items")) && v->kind == GM_JSON_ARRAY)
    for (const gm_json *i = v->first; i; i = i->next)
      if (!schema_valid(s, w, i)) return false;
  return schema_object(s, rule, v);
}

/* Is it a resource of the schema? What not is in s->fault. */
static bool schema_resource(schema *s, const gm_json *resource)
{
  s->fault[0] = 0;
  return schema_valid(s, gm__json_find(s->definitions, "ResourceList"), resource);
}
#endif
