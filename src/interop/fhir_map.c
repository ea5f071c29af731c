/* fhir_map.c - the codes of a definition, looked up by Coding. */
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>

static const char *const own_codes[] = {"Patient.gender", "Patient.birthDate", "Patient.deceased",
                                        "Encounter.class"};

static gm_status own_check(gm_ctx *ctx, const char *code, gm_record_kind kind)
{
  bool known = false;
  for (size_t i = 0; i < sizeof own_codes / sizeof own_codes[0]; i++)
    known |= !strcmp(code, own_codes[i]);
  if (known && kind == GM_RECORD_COVARIATE) return GM_OK;
  return gm_fail(ctx, GM_EINVAL,
                 "definition: code 'fhir|%.80s': %s; covariates may have fhir|Patient.gender, "
                 "fhir|Patient.birthDate, fhir|Patient.deceased, fhir|Encounter.class",
                 code, known ? "is of a covariate only" : "not known");
}

const char *fhir_series(const gm_definition *d, const fhir_code *c)
{
  if (c->kind == GM_RECORD_OBSERVATION) return d->observable[c->index].name;
  return c->kind == GM_RECORD_COVARIATE ? d->covariate[c->index].name : d->input[c->index].name;
}

/* SYSTEM|CODE in parts, the system by its URL. */
static gm_status code_split(gm_ctx *ctx, gm_arena *arena, const char *text, fhir_code *c)
{
  const char *bar = strchr(text, '|');
  if (!bar) return gm_fail(ctx, GM_EINVAL, "definition: code '%.80s' has no system", text);
  char *system = gm_arena_get(arena, bar - text + 1, 1);
  if (!system) return gm_fail(ctx, GM_ENOMEM, "no memory for the codes of a definition");
  memcpy(system, text, (size_t)(bar - text));
  const char *url = gm_fhir_system_url(system), *name = gm_fhir_system_name(system);
  c->system = url ? url : system;
  c->code = bar + 1;
  size_t bytes = strlen(name ? name : system) + strlen(c->code) + 2;
  char *shown = gm_arena_get(arena, (ptrdiff_t)bytes, 1);
  if (!shown) return gm_fail(ctx, GM_ENOMEM, "no memory for the codes of a definition");
  snprintf(shown, bytes, "%s|%s", name ? name : system, c->code);
  c->shown = shown;
  return GM_OK;
}

static gm_status code_add(gm_ctx *ctx, const gm_definition *d, fhir_map *m, const fhir_code *c)
{
  bool own = !strcmp(c->system, "fhir");
  if (own && own_check(ctx, c->code, c->kind)) return GM_EINVAL;
  m->patients |= own && !strncmp(c->code, "Patient.", 8);
  m->input_count += c->kind == GM_RECORD_GIVEN;
  for (int32_t i = 0; i < m->count; i++) {
    const fhir_code *o = &m->code[i];
    if (o->kind != c->kind || strcmp(o->code, c->code) != 0 || strcmp(o->system, c->system) != 0)
      continue;
    if (o->index == c->index) return GM_OK;
    return gm_fail(ctx, GM_EINVAL, "definition: '%.80s' and '%.80s' have the same code %.100s",
                   fhir_series(d, o), fhir_series(d, c), c->shown);
  }
  m->code[m->count++] = *c;
  return GM_OK;
}

/* All codes of one series. */
static gm_status coding_add(gm_ctx *ctx, gm_arena *arena, const gm_definition *d, fhir_map *m,
                            gm_record_kind kind, int32_t index)
{
  const gm_coding *coding = kind == GM_RECORD_OBSERVATION ? &d->observable[index].coding
                            : kind == GM_RECORD_COVARIATE ? &d->covariate[index].coding
                                                          : &d->input[index].coding;
  fhir_code c = {.kind = kind, .index = index};
  gm_status s = GM_OK;
  for (int32_t i = 0; i < coding->count && !s; i++) {
    s = code_split(ctx, arena, coding->code[i], &c);
    if (!s) s = code_add(ctx, d, m, &c);
  }
  return s;
}

static int32_t code_count(const gm_definition *d)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d->observable_count; i++) n += d->observable[i].coding.count;
  for (int32_t i = 0; i < d->input_count; i++) n += d->input[i].coding.count;
  for (int32_t i = 0; i < d->covariate_count; i++) n += d->covariate[i].coding.count;
  return n;
}

gm_status fhir_map_make(gm_ctx *ctx, gm_arena *arena, const gm_definition *d, fhir_map *out)
{
  fhir_map m = {0};
  gm_status s = GM_OK;
  if (!d) return GM_OK;
  m.code = gm_arena_get(arena, code_count(d), sizeof *m.code);
  if (!m.code) return gm_fail(ctx, GM_ENOMEM, "no memory for the codes of a definition");
  for (int32_t i = 0; i < d->observable_count && !s; i++)
    s = coding_add(ctx, arena, d, &m, GM_RECORD_OBSERVATION, i);
  for (int32_t i = 0; i < d->input_count && !s; i++)
    s = coding_add(ctx, arena, d, &m, GM_RECORD_GIVEN, i);
  for (int32_t i = 0; i < d->covariate_count && !s; i++)
    s = coding_add(ctx, arena, d, &m, GM_RECORD_COVARIATE, i);
  if (!s) *out = m;
  return s;
}

static const fhir_code *find(const fhir_map *m, gm_record_kind kind, const char *system,
                             const char *code)
{
  for (int32_t i = 0; i < m->count; i++) {
    const fhir_code *c = &m->code[i];
    if (c->kind == kind && !strcmp(c->code, code) && !strcmp(c->system, system)) return c;
  }
  return NULL;
}

const fhir_code *fhir_map_own(const fhir_map *m, const char *code)
{
  return find(m, GM_RECORD_COVARIATE, "fhir", code);
}

const fhir_code *fhir_map_coding(const fhir_map *m, gm_record_kind kind, const gm_json *coding)
{
  const char *system = fhir_text(coding, "system"), *code = fhir_text(coding, "code"), *url;
  if (!system || !code || !strcmp(system, "fhir")) return NULL;
  url = strchr(system, ':') ? gm_fhir_system_url(system) : NULL; /* a name is no system of FHIR's */
  return find(m, kind, url ? url : system, code);
}

static void match_add(fhir_match *m, const fhir_code *c)
{
  for (int32_t i = 0; i < m->count; i++) {
    if (m->code[i]->kind != c->kind) continue;
    if (m->code[i]->index == c->index) return;
    if (c->kind == GM_RECORD_COVARIATE) continue;
    m->several = true;
    return;
  }
  m->several |= m->count == FHIR_MATCH_MAX;
  if (m->count < FHIR_MATCH_MAX) m->code[m->count++] = c;
}

void fhir_map_find(const fhir_map *m, gm_record_kind kind, const gm_json *concept, fhir_match *out)
{
  const gm_json *list = m->count ? gm__json_find(concept, "coding") : NULL;
  if (!list || list->kind != GM_JSON_ARRAY) return;
  for (const gm_json *n = list->first; n; n = n->next) {
    const fhir_code *c = fhir_map_coding(m, kind, n);
    if (c) match_add(out, c);
  }
}
