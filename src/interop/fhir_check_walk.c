/* fhir_check_walk.c - every element is one of its type, as often as it may be, of the right form.
 */
#include "interop/fhir_check_internal.h"
#include "interop/fhir_check_value.h"
#include <string.h>

static void check_object(gm__fhir_check *c, const gm_json *node, int32_t type);

/* ---- values ---------------------------------------------------------------------------------- */
static void check_primitive(gm__fhir_check *c, const gm_json *node, const gm__fhir_element *e)
{
  if (node->kind == GM_JSON_OBJECT || node->kind == GM_JSON_ARRAY) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "%s, where a value of type %s belongs",
                   gm__json_kind_text(node->kind), gm__fhir_type_name(c->rules, e->type));
    return;
  }
  const char *fault = gm__fhir_value_fault(e->type, node);
  if (fault) {
    gm__fhir_issue(c, GM_FHIR_ERROR,
                   node->bytes || node->kind != GM_JSON_TEXT ? "value" : "invalid", node,
                   "no %s: %s", gm__fhir_type_name(c->rules, e->type), fault);
    return;
  }
  if (e->codes >= 0 && !gm__fhir_code_in(e->codes, node->text, node->bytes))
    gm__fhir_issue(c, GM_FHIR_ERROR, "code-invalid", node,
                   "none of the codes that this element must have");
  if (e->type == GM__FHIR_URI || e->type == GM__FHIR_CANONICAL || e->type == GM__FHIR_URL)
    gm__fhir_fragment(c, node, false);
}

static void check_null(gm__fhir_check *c, const gm_json *node, const gm_json *beside)
{
  if (!beside || beside->kind != GM_JSON_OBJECT)
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", node,
                   "null stands only in an array beside extensions of the same place");
}

/* beside: what the array of extensions has at the same place, or NULL. */
static void check_value(gm__fhir_check *c, const gm_json *node, const gm__fhir_element *e,
                        const gm_json *beside)
{
  if (node->kind == GM_JSON_NULL)
    check_null(c, node, beside);
  else if (e->type < GM__FHIR_PRIMITIVE_COUNT)
    check_primitive(c, node, e);
  else if (e->type == GM__FHIR_ANY_RESOURCE)
    gm__fhir_check_resource(c, node, strcmp(e->name, "contained") == 0);
  else
    check_object(c, node, e->type);
}

/* The first of the extensions beside an array of primitives (_name), or NULL. */
static const gm_json *beside_first(const gm_json *node, const gm__fhir_element *e)
{
  char name[100] = "_";
  if (e->type >= GM__FHIR_PRIMITIVE_COUNT || (size_t)e->name_bytes + 2 > sizeof name) return NULL;
  memcpy(name + 1, e->name, (size_t)e->name_bytes);
  const gm_json *s = gm__json_find(node->parent, name);
  return s && s->kind == GM_JSON_ARRAY ? s->first : NULL;
}

static bool is_streamed_array(const gm__fhir_check *c, const gm_json *node)
{
  return c->streamed && node->key && !node->parent->parent && strcmp(node->key, "entry") == 0;
}

static void check_element(gm__fhir_check *c, const gm_json *node, const gm__fhir_element *e)
{
  if (!e->many) {
    if (node->kind != GM_JSON_ARRAY)
      check_value(c, node, e, NULL);
    else
      gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node,
                     "an array, where at most one value may be");
    return;
  }
  if (node->kind != GM_JSON_ARRAY) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node,
                   "%s, where an array belongs, as there may be several",
                   gm__json_kind_text(node->kind));
    return;
  }
  if (is_streamed_array(c, node)) return;
  if (!node->first) gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", node, "an empty array");
  const gm_json *beside = beside_first(node, e);
  for (const gm_json *item = node->first; item; item = item->next) {
    check_value(c, item, e, beside);
    if (beside) beside = beside->next;
  }
}

/* ---- extensions of primitives ---------------------------------------------------------------- */
static void check_shadow_item(gm__fhir_check *c, const gm_json *node, bool in_array)
{
  if (node->kind == GM_JSON_NULL && in_array) return;
  check_object(c, node, gm__fhir_type_find(c->rules, "Element", 7));
}

static void check_shadow(gm__fhir_check *c, const gm_json *node, const gm__fhir_element *e)
{
  if (!e->many) {
    check_shadow_item(c, node, false);
    return;
  }
  if (node->kind != GM_JSON_ARRAY) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "an array belongs here, as beside it");
    return;
  }
  if (!node->first) gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", node, "an empty array");
  for (const gm_json *item = node->first; item; item = item->next) check_shadow_item(c, item, true);
}

/* ---- objects --------------------------------------------------------------------------------- */
static void check_child(gm__fhir_check *c, const gm_json *node, int32_t type, int8_t *chosen)
{
  bool shadow = node->key[0] == '_';
  const gm__fhir_element *e =
      gm__fhir_element_find(c->rules, type, node->key + shadow, node->key_bytes - shadow);
  if (e && shadow && e->type >= GM__FHIR_PRIMITIVE_COUNT) e = NULL;
  if (!e) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "no element of %s",
                   gm__fhir_type_name(c->rules, type));
    return;
  }
  /* beside each other they are one way */
  bool both = shadow && gm__json_find(node->parent, e->name);
  if (e->choice >= 0 && !both && chosen[e->choice]++ == 1)
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "%s[x] is there in more than one form",
                   gm__fhir_type_of(c->rules, type)->choice_name[e->choice]);
  if (shadow)
    check_shadow(c, node, e);
  else
    check_element(c, node, e);
}

static void check_required(gm__fhir_check *c, const gm_json *node, int32_t type,
                           const int8_t *chosen)
{
  const gm__fhir_type *t = gm__fhir_type_of(c->rules, type);
  for (int32_t i = 0; i < t->element_count; i++) {
    const gm__fhir_element *e = &c->rules->element[t->element + i];
    if (e->required && !gm__fhir_has(node, e->name))
      gm__fhir_issue(c, GM_FHIR_ERROR, "required", node, "%s is missing", e->name);
  }
  for (int32_t i = 0; i < t->choice_count; i++)
    if (t->choice_required[i] && !chosen[i])
      gm__fhir_issue(c, GM_FHIR_ERROR, "required", node, "%s[x] is missing", t->choice_name[i]);
}

static void check_object(gm__fhir_check *c, const gm_json *node, int32_t type)
{
  int8_t chosen[GM__FHIR_CHOICES_MAX] = {0};
  bool resource = gm__fhir_is_resource(c->rules, type);
  if (node->kind != GM_JSON_OBJECT) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "%s, where an object (%s) belongs",
                   gm__json_kind_text(node->kind), gm__fhir_type_name(c->rules, type));
    return;
  }
  if (!node->first) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", node, "an empty object");
    return;
  }
  if (!resource && node->count == 1 && node->first->key_bytes == 2 &&
      strcmp(node->first->key, "id") == 0)
    gm__fhir_demand(c, false, node, "ele-1: an element has a value or children besides its id");
  for (const gm_json *child = node->first; child; child = child->next) {
    if (resource && strcmp(child->key, "resourceType") == 0) continue;
    check_child(c, child, type, chosen);
  }
  check_required(c, node, type, chosen);
  if (!c->status) gm__fhir_invariants(c, node, type);
}

void gm__fhir_check_entry(gm__fhir_check *c, const gm_json *node)
{
  if (node->kind == GM_JSON_NULL)
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", node, "null, where an object belongs");
  else
    check_object(c, node, gm__fhir_type_find(c->rules, "Bundle_Entry", 12));
}

/* ---- resources ------------------------------------------------------------------------------- */
/* Its type; -1, with an issue, when it has none. */
static int32_t resource_type(gm__fhir_check *c, const gm_json *node)
{
  if (node->kind != GM_JSON_OBJECT) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "%s, where a resource belongs",
                   gm__json_kind_text(node->kind));
    return -1;
  }
  const gm_json *name = gm__json_find(node, "resourceType");
  if (!name || name->kind != GM_JSON_TEXT) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", node, "a resource without a resourceType");
    return -1;
  }
  int32_t type = gm__fhir_type_find(c->rules, name->text, name->bytes);
  if (type < 0 || !gm__fhir_is_resource(c->rules, type)) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "structure", name, "not the name of a resource type of R4");
    return -1;
  }
  return type;
}

static void check_own(gm__fhir_check *c, const gm_json *node, int32_t type)
{
  static const char bundle_name[] = "Bundle";
  gm__fhir_holder holder, *above = c->holder;
  bool bundle = strcmp(gm__fhir_type_name(c->rules, type), bundle_name) == 0;
  bool begun = bundle && c->bundle && c->streamed && !node->parent;
  gm__fhir_bundle own;
  gm__fhir_holder_begin(c, &holder, node);
  c->holder = &holder;
  if (bundle && !begun) gm__fhir_bundle_begin(c, &own, node);
  check_object(c, node, type);
  if (bundle) gm__fhir_bundle_end(c, node);
  c->holder = above;
  if (!c->status) gm__fhir_holder_end(c, &holder);
}

void gm__fhir_check_resource(gm__fhir_check *c, const gm_json *node, bool contained)
{
  if (c->status) return;
  c->report->report.resources++;
  int32_t type = resource_type(c, node);
  if (type < 0) return;
  if (contained && strcmp(gm__fhir_type_name(c->rules, type), "Bundle") != 0)
    check_object(c, node, type);
  else
    check_own(c, node, type);
}
