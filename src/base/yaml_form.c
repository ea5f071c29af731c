/* yaml_form.c - maps, lists and scalars of a YAML tree into structs. */
#include "base/yaml_form.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void *place_of(const gm_yaml_field *f, void *into) { return (char *)into + f->at; }

static gm_status unlike(const gm_yaml *node, const char *expected)
{
  return gm__yaml_fail(node, NULL, GM_EPARSE, "found %s, %s is expected", gm__yaml_kind_text(node),
                       expected);
}

gm_status gm__yaml_is_map(const gm_yaml *node)
{
  return node->kind == GM_YAML_MAP ? GM_OK : unlike(node, "a map");
}

gm_status gm__yaml_is_list(const gm_yaml *node)
{
  return node->kind == GM_YAML_LIST ? GM_OK : unlike(node, "a list");
}

/* ---- single values --------------------------------------------------------------------------- */
gm_status gm__yaml_take_words(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  (void)arena;
  if (node->kind != GM_YAML_TEXT || gm__yaml_is_null(node)) return unlike(node, "a text");
  memcpy(place_of(f, into), &node->text, sizeof node->text);
  return GM_OK;
}

gm_status gm__yaml_take_text(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  if (node->quoted && !node->text[0])
    return gm__yaml_fail(node, NULL, GM_EPARSE, "an empty text; one with letters is expected");
  return gm__yaml_take_words(arena, node, f, into);
}

static gm_status number_of(const gm_yaml *node, double *out)
{
  if (node->kind != GM_YAML_TEXT || gm__yaml_is_null(node)) return unlike(node, "a number");
  const char *t = node->text;
  bool negative = t[0] == '-';
  const char *word = t + (negative || t[0] == '+');
  if (!strcmp(word, "inf") || !strcmp(word, ".inf"))
    *out = negative ? -INFINITY : INFINITY;
  else if (!gm__number_parse(t, out))
    return gm__yaml_fail(node, NULL, GM_EPARSE, "\"%.60s\" is no number", t);
  return GM_OK;
}

static gm_status whole_of(const gm_yaml *node, double most, double *out)
{
  gm_status s = number_of(node, out);
  if (!s && !(*out == floor(*out) && fabs(*out) <= most))
    s = gm__yaml_fail(node, NULL, GM_EPARSE, "\"%.60s\", a whole number up to %g is expected",
                      node->text, most);
  return s;
}

gm_status gm__yaml_take_number(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                               void *into)
{
  double v = 0;
  (void)arena;
  gm_status s = number_of(node, &v);
  if (!s) memcpy(place_of(f, into), &v, sizeof v);
  return s;
}

gm_status gm__yaml_take_int(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                            void *into)
{
  double v = 0;
  (void)arena;
  gm_status s = whole_of(node, 1e9, &v);
  if (!s) memcpy(place_of(f, into), &(int32_t){(int32_t)v}, sizeof(int32_t));
  return s;
}

gm_status gm__yaml_take_int64(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  double v = 0;
  (void)arena;
  gm_status s = whole_of(node, 1e15, &v);
  if (!s) memcpy(place_of(f, into), &(int64_t){(int64_t)v}, sizeof(int64_t));
  return s;
}

gm_status gm__yaml_take_bool(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  (void)arena;
  bool yes = !strcmp(node->text, "true");
  if (!yes && strcmp(node->text, "false") != 0)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "\"%.60s\", true or false is expected", node->text);
  memcpy(place_of(f, into), &yes, sizeof yes);
  return GM_OK;
}

gm_status gm__yaml_take_choice(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                               void *into)
{
  const char *const *word = f->of;
  char known[500] = "";
  size_t at = 0;
  (void)arena;
  for (int i = 0; word[i]; i++) {
    if (node->kind == GM_YAML_TEXT && !strcmp(node->text, word[i])) {
      memcpy(place_of(f, into), &i, sizeof i);
      return GM_OK;
    }
    if (at < sizeof known)
      at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", word[i]);
  }
  if (node->kind != GM_YAML_TEXT) return unlike(node, "a word");
  return gm__yaml_fail(node, NULL, GM_EPARSE, "there is no %s \"%.60s\"; known are %s", f->key,
                       node->text, known);
}

/* ---- lists ----------------------------------------------------------------------------------- */
static gm_status room_for(gm_arena *arena, const gm_yaml *node, size_t bytes, char **out)
{
  *out = gm_arena_get(arena, node->count, bytes);
  return *out ? GM_OK : gm_fail(node->doc->ctx, GM_ENOMEM, "%s: a list", node->doc->name);
}

static void list_give(const gm_yaml_field *f, void *into, char *list, int32_t count)
{
  if (count) memcpy(place_of(f, into), &list, sizeof list);
  if (f->count_at) memcpy((char *)into + f->count_at - 1, &count, sizeof count);
}

static gm_status scalars(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f, void *into,
                         gm_yaml_take *take, size_t bytes)
{
  static const gm_yaml_field first = {0};
  char *list = NULL;
  gm_status s = gm__yaml_is_list(node);
  if (!s) s = room_for(arena, node, bytes, &list);
  for (const gm_yaml *n = node->first; n && !s; n = n->next)
    s = take(arena, n, &first, list + (size_t)n->index * bytes);
  if (!s) list_give(f, into, list, node->count);
  return s;
}

gm_status gm__yaml_take_texts(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  return scalars(arena, node, f, into, gm__yaml_take_text, sizeof(const char *));
}

gm_status gm__yaml_take_numbers(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                                void *into)
{
  return scalars(arena, node, f, into, gm__yaml_take_number, sizeof(double));
}

gm_status gm__yaml_take_ints(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  return scalars(arena, node, f, into, gm__yaml_take_int, sizeof(int32_t));
}

/* ---- records --------------------------------------------------------------------------------- */
static const gm_yaml_field *field_of(const gm_yaml_form *form, const char *key)
{
  for (size_t i = 0; i < form->field_count; i++)
    if (!strcmp(form->field[i].key, key)) return &form->field[i];
  return NULL;
}

static gm_status not_known(const gm_yaml *node, const gm_yaml_form *form)
{
  char known[500] = "";
  size_t at = 0;
  for (size_t i = 0; i < form->field_count && at < sizeof known; i++)
    at +=
        (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", form->field[i].key);
  return gm__yaml_fail(node, NULL, GM_EPARSE, "is not known here; known are %s", known);
}

gm_status gm__yaml_read(gm_arena *arena, const gm_yaml *node, const gm_yaml_form *form, void *into)
{
  gm_status s = gm__yaml_is_map(node);
  for (const gm_yaml *n = s ? NULL : node->first; n && !s; n = n->next) {
    const gm_yaml_field *f = field_of(form, n->key);
    s = f ? f->take(arena, n, f, into) : not_known(n, form);
  }
  for (size_t i = 0; i < form->field_count && !s; i++)
    if (form->field[i].needed && !gm__yaml_find(node, form->field[i].key))
      s = gm__yaml_fail(node, NULL, GM_EPARSE, "needs %s (%s)", form->field[i].needed,
                        form->field[i].key);
  return s || !form->check ? s : form->check(node, into);
}

static gm_status record(gm_arena *arena, const gm_yaml *node, const gm_yaml_form *form, void *into)
{
  if (form->initial) memcpy(into, form->initial, form->bytes);
  if (form->name_at) memcpy((char *)into + form->name_at - 1, &node->key, sizeof node->key);
  if (form->plain && (node->kind == GM_YAML_TEXT || !form->field_count))
    return form->plain->take(arena, node, form->plain, into);
  return gm__yaml_read(arena, node, form, into);
}

static gm_status records(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f, void *into)
{
  const gm_yaml_form *form = f->of;
  char *list = NULL;
  gm_status s = room_for(arena, node, form->bytes, &list);
  for (const gm_yaml *n = node->first; n && !s; n = n->next)
    s = record(arena, n, form, list + (size_t)n->index * form->bytes);
  if (!s) list_give(f, into, list, node->count);
  return s;
}

gm_status gm__yaml_take_list(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  gm_status s = gm__yaml_is_list(node);
  return s ? s : records(arena, node, f, into);
}

gm_status gm__yaml_take_named(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  gm_status s = gm__yaml_is_map(node);
  return s ? s : records(arena, node, f, into);
}
