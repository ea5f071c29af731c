/* mapping_form.c - every field that a mapping may have, as tables. docs/mapping.schema.json and
 * docs/mapping.md say the same, and a test holds the three together. */
#include "interop/mapping_internal.h"
#include <string.h>

static void *at(const gm_yaml_field *f, void *into) { return (char *)into + f->at; }

static gm_status no_memory(const gm_yaml *node)
{
  return gm_fail(node->doc->ctx, GM_ENOMEM, "%s: mapping", node->doc->name);
}

/* ---- takes ----------------------------------------------------------------------------------- */
/* The name of a column. */
static gm_status take_column(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  static const gm_yaml_field first = {0};
  gm__map_column c = {NULL, node, -1};
  gm_status s = gm__yaml_take_text(arena, node, &first, &c.name);
  if (!s) memcpy(at(f, into), &c, sizeof c);
  return s;
}

/* A list of columns, or one: both go to the same place. */
static gm_status take_columns(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  static const gm_yaml_field first = {0};
  bool list = node->kind == GM_YAML_LIST;
  int32_t count = 0;
  memcpy(&count, (char *)into + f->count_at - 1, sizeof count);
  if (count)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "`column` and `columns`; one of them is expected");
  if (list && !node->count)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "an empty list; names of columns are expected");
  gm__map_column *c = gm_arena_get(arena, list ? node->count : 1, sizeof *c);
  if (!c) return no_memory(node);
  gm_status s = GM_OK;
  for (const gm_yaml *n = list ? node->first : node; n && !s; n = list ? n->next : NULL)
    s = take_column(arena, n, &first, &c[count++]);
  if (s) return s;
  memcpy(at(f, into), &c, sizeof c);
  memcpy((char *)into + f->count_at - 1, &count, sizeof count);
  return GM_OK;
}

static gm_status take_words(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                            void *into)
{
  static const gm_yaml_field first = {0};
  gm__map_words w = {0};
  gm_status s = gm__yaml_is_map(node);
  if (s) return s;
  w.word = gm_arena_get(arena, node->count, sizeof *w.word);
  if (!w.word) return no_memory(node);
  for (const gm_yaml *n = node->first; n && !s; n = n->next) {
    gm__map_word *word = &w.word[w.count++];
    *word = (gm__map_word){.from = n->key, .node = n};
    s = gm__yaml_take_text(arena, n, &first, &word->to);
  }
  if (!s) memcpy(at(f, into), &w, sizeof w);
  return s;
}

/* One struct of the form f->of; a text goes where the form's `plain` says. */
static gm_status take_form(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f, void *into)
{
  const gm_yaml_form *form = f->of;
  void *place = at(f, into);
  if (form->plain && node->kind == GM_YAML_TEXT)
    return form->plain->take(arena, node, form->plain, place);
  return gm__yaml_read(arena, node, form, place);
}

/* The same of a map of names; the list and its count lie side by side. */
static gm_status take_targets(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                              void *into)
{
  gm_yaml_field named = *f;
  named.count_at = 1 + f->at + offsetof(gm__map_targets, count);
  gm_status s = gm__yaml_take_named(arena, node, &named, into);
  if (!s && !node->count)
    s = gm__yaml_fail(node, NULL, GM_EPARSE, "empty; what a column becomes is expected");
  return s;
}

/* ---- forms ----------------------------------------------------------------------------------- */
#define FORM(type, fields, ...)                                                                    \
  {                                                                                                \
    .bytes = sizeof(type), .field = fields, .field_count = sizeof fields / sizeof fields[0],       \
    __VA_ARGS__                                                                                    \
  }
#define NODE_CHECK(name, type)                                                                     \
  static gm_status name(const gm_yaml *node, void *into)                                           \
  {                                                                                                \
    ((type *)into)->node = node;                                                                   \
    return GM_OK;                                                                                  \
  }
NODE_CHECK(time_node, gm__map_time)
NODE_CHECK(target_node, gm__map_target)
NODE_CHECK(long_node, gm__map_long)
NODE_CHECK(file_node, gm__map_file)
NODE_CHECK(name_node, gm__map_name)
NODE_CHECK(quantity_node, gm__map_quantity)

static const char *const decimal_words[] = {"point", "comma", NULL};
static const gm_yaml_field file_fields[] = {
    {"delimiter", gm__yaml_take_text, GM_YAML_AT(gm__map_file, delimiter)},
    {"decimal", gm__yaml_take_choice, GM_YAML_AT(gm__map_file, decimal), .of = decimal_words},
    {"missing", gm__yaml_take_texts, GM_YAML_LIST_AT(gm__map_file, missing, missing_count)},
    {"comments", gm__yaml_take_text, GM_YAML_AT(gm__map_file, comments)},
    {"names", gm__yaml_take_texts, GM_YAML_LIST_AT(gm__map_file, names, name_count)},
};
static const gm_yaml_form file_form = FORM(gm__map_file, file_fields, .check = file_node);

static gm_status take_name_plain(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                                 void *into)
{
  gm_status s = take_columns(arena, node, f, into);
  if (!s) ((gm__map_name *)into)->node = node;
  return s;
}
static const gm_yaml_field name_plain = {"", take_name_plain,
                                         GM_YAML_LIST_AT(gm__map_name, column, column_count)};
static const gm_yaml_field name_fields[] = {
    {"column", take_columns, GM_YAML_LIST_AT(gm__map_name, column, column_count)},
    {"columns", take_columns, GM_YAML_LIST_AT(gm__map_name, column, column_count)},
    {"is", gm__yaml_take_text, GM_YAML_AT(gm__map_name, is)},
    {"prefix", gm__yaml_take_text, GM_YAML_AT(gm__map_name, prefix)},
};
static const gm_yaml_form name_form =
    FORM(gm__map_name, name_fields, .plain = &name_plain, .check = name_node);

static const gm_yaml_field withdrawn_fields[] = {
    {"column", take_columns, GM_YAML_LIST_AT(gm__map_name, column, column_count),
     .needed = "the name of a column"},
    {"is", gm__yaml_take_texts, GM_YAML_LIST_AT(gm__map_name, among, among_count),
     .needed = "a list of texts"},
};
static const gm_yaml_form withdrawn_form = FORM(gm__map_name, withdrawn_fields, .check = name_node);

static const gm_yaml_field origin_plain = {"", gm__yaml_take_text,
                                           GM_YAML_AT(gm__map_time, origin)};
static const gm_yaml_field origin_fields[] = {
    {"column", take_column, GM_YAML_AT(gm__map_time, origin_column),
     .needed = "the name of a column"},
};
/* It fills the whole struct of the time: the place is that of the time. */
static const gm_yaml_form origin_form = FORM(gm__map_time, origin_fields, .plain = &origin_plain);
static const gm_yaml_field time_fields[] = {
    {"column", take_columns, GM_YAML_LIST_AT(gm__map_time, column, column_count)},
    {"columns", take_columns, GM_YAML_LIST_AT(gm__map_time, column, column_count)},
    {"format", gm__yaml_take_text, GM_YAML_AT(gm__map_time, format)},
    {"unit", gm__yaml_take_text, GM_YAML_AT(gm__map_time, unit)},
    {"zone", gm__yaml_take_text, GM_YAML_AT(gm__map_time, zone)},
    {"origin", take_form, .at = 0, .of = &origin_form},
    {"is", gm__yaml_take_text, GM_YAML_AT(gm__map_time, fixed)},
};
static const gm_yaml_form time_form = FORM(gm__map_time, time_fields, .check = time_node);

static gm_status take_quantity_plain(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                                     void *into)
{
  ((gm__map_quantity *)into)->node = node;
  return gm__yaml_take_text(arena, node, f, into);
}
static const gm_yaml_field quantity_plain = {"", take_quantity_plain,
                                             GM_YAML_AT(gm__map_quantity, text)};
static const gm_yaml_field quantity_fields[] = {
    {"column", take_column, GM_YAML_AT(gm__map_quantity, column), .needed = "the name of a column"},
    {"unit", gm__yaml_take_text, GM_YAML_AT(gm__map_quantity, unit), .needed = "a UCUM code"},
};
static const gm_yaml_form quantity_form =
    FORM(gm__map_quantity, quantity_fields, .plain = &quantity_plain, .check = quantity_node);

static const gm_yaml_field unit_plain = {"", gm__yaml_take_text, GM_YAML_AT(gm__map_target, unit)};
static const gm_yaml_field unit_fields[] = {
    {"column", take_column, GM_YAML_AT(gm__map_target, unit_column),
     .needed = "the name of a column"},
};
static const gm_yaml_form unit_form = FORM(gm__map_target, unit_fields, .plain = &unit_plain);
static const gm_yaml_field as_plain = {"", gm__yaml_take_text, GM_YAML_AT(gm__map_target, as)};
static const gm_yaml_field as_fields[] = {
    {"column", take_column, GM_YAML_AT(gm__map_target, as_column),
     .needed = "the name of a column"},
    {"values", take_words, GM_YAML_AT(gm__map_target, as_values), .needed = "what its words mean"},
};
static const gm_yaml_form as_form = FORM(gm__map_target, as_fields, .plain = &as_plain);
static const char *const zeros_words[] = {"nothing", "taken", NULL};
static const gm_yaml_field target_fields[] = {
    {"observable", gm__yaml_take_text, GM_YAML_AT(gm__map_target, observable)},
    {"input", gm__yaml_take_text, GM_YAML_AT(gm__map_target, input)},
    {"covariate", gm__yaml_take_text, GM_YAML_AT(gm__map_target, covariate)},
    {"unit", take_form, .at = 0, .of = &unit_form},
    {"as", take_form, .at = 0, .of = &as_form},
    {"values", take_words, GM_YAML_AT(gm__map_target, values)},
    {"marks", take_words, GM_YAML_AT(gm__map_target, marks)},
    {"duration", take_form, GM_YAML_AT(gm__map_target, duration), .of = &quantity_form},
    {"rate", take_form, GM_YAML_AT(gm__map_target, rate), .of = &quantity_form},
    {"end", take_column, GM_YAML_AT(gm__map_target, end)},
    {"zeros", gm__yaml_take_choice, GM_YAML_AT(gm__map_target, zeros), .of = zeros_words},
    {"class", gm__yaml_take_text, GM_YAML_AT(gm__map_target, data_class)},
    {"code", gm__yaml_take_text, GM_YAML_AT(gm__map_target, code)},
};
static const gm__map_target target_initial = {.unit_column = {NULL, NULL, -1},
                                              .end = {NULL, NULL, -1}};
static const gm_yaml_form target_form =
    FORM(gm__map_target, target_fields, .name_at = 1 + offsetof(gm__map_target, key),
         .initial = &target_initial, .check = target_node);

static const gm_yaml_field long_fields[] = {
    {"name", take_column, GM_YAML_AT(gm__map_long, name), .needed = "the column of names"},
    {"value", take_column, GM_YAML_AT(gm__map_long, value), .needed = "the column of values"},
    {"unit", take_column, GM_YAML_AT(gm__map_long, unit)},
    {"is", take_targets, GM_YAML_AT(gm__map_long, is), .of = &target_form,
     .needed = "what each name becomes"},
};
static const gm_yaml_form long_form = FORM(gm__map_long, long_fields, .check = long_node);

static const char *const form_words[] = {"table", "nm-tran", NULL};
static const gm_yaml_field top_fields[] = {
    {"mapping", gm__yaml_take_text, GM_YAML_AT(gm_mapping, name), .needed = "a name"},
    {"source", gm__yaml_take_text, GM_YAML_AT(gm_mapping, source),
     .needed = "who or what the data are from"},
    {"licence", gm__yaml_take_text, GM_YAML_AT(gm_mapping, licence)},
    {"class", gm__yaml_take_text, GM_YAML_AT(gm_mapping, data_class)},
    {"form", gm__yaml_take_choice, GM_YAML_AT(gm_mapping, form), .of = form_words},
    {"file", take_form, GM_YAML_AT(gm_mapping, file), .of = &file_form},
    {"subject", take_form, GM_YAML_AT(gm_mapping, subject), .of = &name_form},
    {"id", take_form, GM_YAML_AT(gm_mapping, id), .of = &name_form},
    {"version", take_form, GM_YAML_AT(gm_mapping, version), .of = &name_form},
    {"withdrawn", take_form, GM_YAML_AT(gm_mapping, withdrawn), .of = &withdrawn_form},
    {"time", take_form, GM_YAML_AT(gm_mapping, time), .of = &time_form, .needed = "when it was"},
    {"columns", take_targets, GM_YAML_AT(gm_mapping, columns), .of = &target_form},
    {"rows", take_form, GM_YAML_AT(gm_mapping, rows), .of = &long_form},
    {"units", take_words, GM_YAML_AT(gm_mapping, units)},
    {"doses", take_targets, GM_YAML_AT(gm_mapping, doses), .of = &target_form},
    {"measured", take_targets, GM_YAML_AT(gm_mapping, measured), .of = &target_form},
    {"steady-doses", gm__yaml_take_int, GM_YAML_AT(gm_mapping, steady_doses)},
};
const gm_yaml_form gm__map_form = FORM(gm_mapping, top_fields);

const gm__map_place gm__map_places[] = {
    {"", &gm__map_form},         {"file", &file_form},
    {"subject", &name_form},     {"withdrawn", &withdrawn_form},
    {"time", &time_form},        {"time.origin", &origin_form},
    {"columns.*", &target_form}, {"columns.*.unit", &unit_form},
    {"columns.*.as", &as_form},  {"columns.*.duration", &quantity_form},
    {"rows", &long_form},
};
const int32_t gm__map_place_count = sizeof gm__map_places / sizeof gm__map_places[0];
