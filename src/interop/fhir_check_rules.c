/* fhir_check_rules.c - reads the rows of types once, into arrays and a hash table. */
#include "interop/fhir_check_rules.h"
#include "interop/fhir_check_table.h"
#include <assert.h>
#include <string.h>

enum { SLOTS = 32768, TYPES_MAX = 800, NAME_BYTES_MAX = 80 };

static const char *const primitive[] = {
    "base64Binary", "boolean",     "canonical", "code",     "date", "dateTime",    "decimal",
    "id",           "instant",     "integer",   "markdown", "oid",  "positiveInt", "string",
    "time",         "unsignedInt", "uri",       "url",      "uuid", "xhtml"};
_Static_assert(sizeof primitive / sizeof primitive[0] == GM__FHIR_PRIMITIVE_COUNT, "primitives");

/* What every type of a base has besides its own; in the order of gm__fhir_base. */
static const char *const base_rows[] = {
    "@Element:Element id=string extension=Extension*",
    "@Backbone:Backbone id=string extension=Extension* modifierExtension=Extension*",
    "@Resource:Resource id=id meta=Meta implicitRules=uri language=code",
    "@Domain:Domain id=id meta=Meta implicitRules=uri language=code text=Narrative "
    "contained=ResourceList* extension=Extension* modifierExtension=Extension*",
    NULL};

/* What [*] stands for: every type a value of an extension may have (R4, Extension.value[x]). */
static const char open_types[] =
    "base64Binary|boolean|canonical|code|date|dateTime|decimal|id|instant|integer|markdown|oid|"
    "positiveInt|string|time|unsignedInt|uri|url|uuid|Address|Age|Annotation|Attachment|"
    "CodeableConcept|Coding|ContactPoint|Count|Distance|Duration|HumanName|Identifier|Money|Period|"
    "Quantity|Range|Ratio|Reference|SampledData|Signature|Timing|ContactDetail|Contributor|"
    "DataRequirement|Expression|ParameterDefinition|RelatedArtifact|TriggerDefinition|UsageContext|"
    "Dosage|Meta]";

static const char *const *const row_lists[] = {base_rows, gm__fhir_type_rows_1,
                                               gm__fhir_type_rows_2, gm__fhir_type_rows_3};
enum { ROW_LISTS = sizeof row_lists / sizeof row_lists[0] };

static bool same(const char *a, const char *text, size_t bytes)
{
  return strlen(a) == bytes && memcmp(a, text, bytes) == 0;
}

/* FNV-1a (Fowler, Noll and Vo) of a type's number and a name: the keys are our own table's, and a
 * look-up ends at the first free slot. */
static uint32_t slot_of(int32_t type, const char *name, size_t bytes)
{
  uint32_t h = 2166136261u ^ (uint32_t)type * 2654435761u;
  for (size_t i = 0; i < bytes; i++) h = (h ^ (unsigned char)name[i]) * 16777619u;
  return (h ^ h >> 15) & (SLOTS - 1);
}

int32_t gm__fhir_type_find(const gm_fhir_rules *r, const char *name, size_t bytes)
{
  for (int32_t i = 0; i < GM__FHIR_PRIMITIVE_COUNT; i++)
    if (same(primitive[i], name, bytes)) return i;
  if (same("ResourceList", name, bytes)) return GM__FHIR_ANY_RESOURCE;
  uint32_t i = slot_of(-1, name, bytes);
  for (; r->slot[i]; i = (i + 1) & (SLOTS - 1)) {
    const gm__fhir_element *e = &r->element[r->slot[i] - 1];
    if (e->codes == -2 && (size_t)e->name_bytes == bytes && !memcmp(e->name, name, bytes))
      return e->type;
  }
  return -1;
}

const gm__fhir_type *gm__fhir_type_of(const gm_fhir_rules *r, int32_t type)
{
  assert(type >= GM__FHIR_FIRST_ROW && type < GM__FHIR_FIRST_ROW + r->type_count);
  return &r->type[type - GM__FHIR_FIRST_ROW];
}

const char *gm__fhir_type_name(const gm_fhir_rules *r, int32_t type)
{
  if (type < GM__FHIR_PRIMITIVE_COUNT) return primitive[type];
  return type == GM__FHIR_ANY_RESOURCE ? "resource" : gm__fhir_type_of(r, type)->name;
}

bool gm__fhir_is_resource(const gm_fhir_rules *r, int32_t type)
{
  return type >= GM__FHIR_FIRST_ROW && gm__fhir_type_of(r, type)->base >= GM__FHIR_RESOURCE &&
         gm__fhir_type_of(r, type)->name[0] != '@';
}

/* Every element's slot is of its type by number; a type's own entry (codes -2) is of type -1. */
static const gm__fhir_element *find_in(const gm_fhir_rules *r, int32_t type, const char *name,
                                       size_t bytes)
{
  const gm__fhir_type *t = gm__fhir_type_of(r, type);
  uint32_t i = slot_of(type, name, bytes);
  for (; r->slot[i]; i = (i + 1) & (SLOTS - 1)) {
    int32_t k = r->slot[i] - 1;
    const gm__fhir_element *e = &r->element[k];
    if (k >= t->element && k < t->element + t->element_count && (size_t)e->name_bytes == bytes &&
        !memcmp(e->name, name, bytes))
      return e;
  }
  return NULL;
}

const gm__fhir_element *gm__fhir_element_find(const gm_fhir_rules *r, int32_t type,
                                              const char *name, size_t bytes)
{
  const gm__fhir_element *e = find_in(r, type, name, bytes);
  if (e) return e;
  int32_t base = (int32_t)gm__fhir_type_of(r, type)->base;
  return find_in(r, GM__FHIR_FIRST_ROW + base, name, bytes);
}

bool gm__fhir_code_in(int32_t codes, const char *code, size_t bytes)
{
  if (!bytes || memchr(code, ' ', bytes)) return false;
  for (const char *p = gm__fhir_code_rows[codes]; *p;) {
    size_t n = strcspn(p, " ");
    if (n == bytes && memcmp(p, code, n) == 0) return true;
    p += n + (p[n] == ' ');
  }
  return false;
}

/* ---- reading the rows ------------------------------------------------------------------------ */
static gm_status element_add(gm_ctx *ctx, gm_fhir_rules *r, int32_t slot_type, gm__fhir_element e)
{
  if (r->element_count == r->element_room) {
    int32_t room = r->element_room ? 2 * r->element_room : 8192;
    gm_status s = gm_grow(ctx, &r->element, r->element_room, room, sizeof r->element[0]);
    if (s) return gm_fail(ctx, GM_ENOMEM, "no memory for the elements of FHIR");
    r->element_room = room;
  }
  uint32_t i = slot_of(slot_type, e.name, (size_t)e.name_bytes);
  while (r->slot[i]) i = (i + 1) & (SLOTS - 1);
  r->element[r->element_count++] = e;
  assert(r->element_count < SLOTS / 2);
  r->slot[i] = (uint16_t)r->element_count;
  return GM_OK;
}

/* "value" and "Quantity" as "valueQuantity". */
static const char *joined(gm_fhir_rules *r, const char *a, size_t a_bytes, const char *b,
                          size_t b_bytes)
{
  char *t = gm_arena_get(r->memory, (ptrdiff_t)(a_bytes + b_bytes + 1), 1);
  if (!t) return NULL;
  memcpy(t, a, a_bytes);
  memcpy(t + a_bytes, b, b_bytes);
  if (a_bytes && b_bytes && t[a_bytes] >= 'a' && t[a_bytes] <= 'z')
    t[a_bytes] = (char)(t[a_bytes] - 'a' + 'A');
  return t;
}

static gm_status choice_read(gm_ctx *ctx, gm_fhir_rules *r, gm__fhir_type *t, const char *name,
                             size_t name_bytes, const char *types)
{
  int32_t number = (int32_t)(t - r->type) + GM__FHIR_FIRST_ROW;
  const char *all = types[0] == '*' ? open_types : types;
  int8_t choice = (int8_t)t->choice_count++;
  assert(choice < GM__FHIR_CHOICES_MAX);
  t->choice_name[choice] = joined(r, name, name_bytes, "", 0);
  t->choice_required[choice] = types[strcspn(types, "]") + 1] == '!';
  gm_status s = t->choice_name[choice] ? GM_OK : GM_ENOMEM;
  for (const char *p = all; !s && *p != ']';) {
    size_t n = strcspn(p, "|]");
    const char *whole = joined(r, name, name_bytes, p, n);
    if (!whole) return gm_fail(ctx, GM_ENOMEM, "no memory for the names of FHIR");
    gm__fhir_element e = {.name = whole,
                          .name_bytes = (int32_t)(name_bytes + n),
                          .type = gm__fhir_type_find(r, p, n),
                          .codes = -1,
                          .choice = choice};
    assert(e.type >= 0);
    s = element_add(ctx, r, number, e);
    p += n + (p[n] == '|');
  }
  return s;
}

/* One element, from its name on. */
static gm_status element_read(gm_ctx *ctx, gm_fhir_rules *r, gm__fhir_type *t, const char *p)
{
  size_t name_bytes = strcspn(p, "=");
  const char *type = p + name_bytes + 1;
  if (*type == '[') return choice_read(ctx, r, t, p, name_bytes, type + 1);
  size_t n = strcspn(type, " !*+");
  const char *name = joined(r, p, name_bytes, "", 0);
  if (!name) return gm_fail(ctx, GM_ENOMEM, "no memory for the names of FHIR");
  gm__fhir_element e = {.name = name, .name_bytes = (int32_t)name_bytes, .codes = -1, .choice = -1};
  if (*type == '#') {
    e.type = GM__FHIR_CODE;
    e.codes = 0;
    for (size_t i = 1; i < n; i++) e.codes = 10 * e.codes + (type[i] - '0');
  } else {
    e.type = gm__fhir_type_find(r, type, n);
  }
  assert(e.type >= 0);
  e.many = type[n] == '*' || type[n] == '+';
  e.required = type[n] == '!' || type[n] == '+';
  return element_add(ctx, r, (int32_t)(t - r->type) + GM__FHIR_FIRST_ROW, e);
}

/* The name and base of a row. */
static gm_status type_read(gm_ctx *ctx, gm_fhir_rules *r, const char *row)
{
  static const char *const base[] = {"Element", "Backbone", "Resource", "Domain"};
  gm__fhir_type *t = &r->type[r->type_count];
  size_t n = strcspn(row, ":"), base_bytes = strcspn(row + n + 1, " ");
  assert(r->type_count < TYPES_MAX);
  t->name = joined(r, row, n, "", 0);
  if (!t->name) return gm_fail(ctx, GM_ENOMEM, "no memory for the names of FHIR");
  while (!same(base[t->base], row + n + 1, base_bytes)) t->base++;
  gm__fhir_element e = {.name = t->name,
                        .name_bytes = (int32_t)n,
                        .type = GM__FHIR_FIRST_ROW + r->type_count++,
                        .codes = -2};
  return element_add(ctx, r, -1, e);
}

static gm_status types_read(gm_ctx *ctx, gm_fhir_rules *r)
{
  gm_status s = GM_OK;
  for (int32_t k = 0; k < ROW_LISTS && !s; k++)
    for (const char *const *row = row_lists[k]; *row && !s; row++) s = type_read(ctx, r, *row);
  return s;
}

static gm_status elements_read(gm_ctx *ctx, gm_fhir_rules *r)
{
  gm_status s = GM_OK;
  gm__fhir_type *t = r->type;
  for (int32_t k = 0; k < ROW_LISTS && !s; k++)
    for (const char *const *row = row_lists[k]; *row && !s; row++, t++) {
      t->element = r->element_count;
      const char *p = *row + strcspn(*row, " ");
      while (!s && *(p += strspn(p, " "))) {
        s = element_read(ctx, r, t, p);
        p += strcspn(p, " ");
      }
      t->element_count = r->element_count - t->element;
    }
  return s;
}

gm_status gm_fhir_rules_new(gm_ctx *ctx, gm_fhir_rules **out)
{
  gm_fhir_rules *r = gm_alloc(ctx, 1, sizeof *r);
  gm_status s = r ? gm_arena_new(ctx, 16384, &r->memory) : GM_ENOMEM;
  if (s) goto out;
  r->type = gm_alloc(ctx, TYPES_MAX, sizeof r->type[0]);
  r->slot = gm_alloc(ctx, SLOTS, sizeof r->slot[0]);
  s = r->type && r->slot ? GM_OK : GM_ENOMEM;
  if (s) goto out;
  s = types_read(ctx, r);
  if (!s) s = elements_read(ctx, r);
out:
  if (s) {
    gm_fhir_rules_free(r);
    return gm_fail(ctx, s, "no memory for the types of FHIR");
  }
  *out = r;
  return GM_OK;
}

void gm_fhir_rules_free(gm_fhir_rules *r)
{
  if (!r) return;
  gm_arena_free(r->memory);
  gm_free(r->type);
  gm_free(r->slot);
  gm_free(r->element);
  gm_free(r);
}
