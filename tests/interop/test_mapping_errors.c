/* test_mapping_errors.c - what is wrong in a mapping is said with file, line, field and what is
 * expected; the published schema and the guide know the same fields as the reader.
 * label: quick */
#include "interop/test_mapping_case.h"
#include "base/yaml.h"
#include "interop/mapping_internal.h"
#include "support/fault.h"

typedef struct {
  const char *text;
  gm_status status;
  const char *message; /* how it begins */
} wrong;

static void check(const wrong *w, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    gm_mapping *m = NULL;
    gm_status s = gm_mapping_parse(ctx, "m.yaml", w[i].text, strlen(w[i].text), definition, &m);
    const char *got = gm_message(ctx);
    if (s != w[i].status || strncmp(got, w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\"\n  expected %s \"%s\"", w[i].text, gm_status_name(s), got,
               gm_status_name(w[i].status), w[i].message);
    assert_null(m);
  }
}

#define CHECK(list) check(list, sizeof(list) / sizeof(list)[0])
#define START       "mapping: m\nsource: s\n"
#define SUBJECT     "subject: p\n"
#define TIME        "time: {column: t, format: iso}\n"
#define G           "columns: {g: {observable: glucose, unit: mg/dL}}\n"

/* Fields that are missing, unknown, twice or of the other form. */
static void errors__fields(void **state)
{
  (void)state;
  const wrong w[] = {
      {"", GM_EPARSE, "m.yaml:1: "},
      {"- a\n", GM_EPARSE, "m.yaml:1: "},
      {"source: s\n" SUBJECT TIME G, GM_EPARSE, "m.yaml:1: needs a name (mapping)"},
      {"mapping: m\n" SUBJECT TIME G, GM_EPARSE,
       "m.yaml:1: needs who or what the data are from (source)"},
      {START SUBJECT G, GM_EPARSE, "m.yaml:1: needs when it was (time)"},
      {START TIME G, GM_EPARSE, "m.yaml:1: subject: missing; the column of the subject, or is: "},
      {START SUBJECT TIME, GM_EPARSE, "m.yaml:1: nothing is asked of the table; "},
      {START SUBJECT TIME "columns: {}\n", GM_EPARSE, "m.yaml:5: columns: empty; "},
      {START SUBJECT TIME G "colour: red\n", GM_EPARSE, "m.yaml:6: colour: is not known here; "},
      {START SUBJECT TIME G "class: secret\n", GM_EPARSE,
       "m.yaml:1: class: there is no class \"secret\"; known are clinical, device, "},
      {START SUBJECT TIME G "form: xls\n", GM_EPARSE, "m.yaml:6: form: there is no form \"xls\"; "},
      {START SUBJECT TIME G "doses: {any: {input: drug, as: given}}\n", GM_EPARSE,
       "m.yaml:6: doses: is of `form: nm-tran`"},
      {START SUBJECT TIME G "file: {delimiter: x}\n", GM_EPARSE,
       "m.yaml:6: file.delimiter: \",\", "},
      {START SUBJECT TIME G "file: {decimal: comma, delimiter: \",\"}\n", GM_EPARSE,
       "m.yaml:6: file.decimal: a comma in numbers and between cells; "},
      {START SUBJECT TIME G "file: {names: [a, b]}\n", GM_EPARSE,
       "m.yaml:6: file.delimiter: missing; without a header it must be stated"},
      {START "subject: {is: a, column: p}\n" TIME G, GM_EPARSE,
       "m.yaml:3: subject: one of column, columns and is, is expected for the subject"},
      {START "subject: {column: a, columns: [p]}\n" TIME G, GM_EPARSE,
       "m.yaml:3: subject.columns: "},
      {START SUBJECT TIME G "id: {is: day}\n", GM_EPARSE,
       "m.yaml:6: id.is: row, line or `column` is expected"},
      {START SUBJECT TIME G "withdrawn: {column: w, is: [x]}\n", GM_EPARSE,
       "m.yaml:6: withdrawn: needs `id` of columns"},
      {START SUBJECT TIME G "withdrawn: {column: w}\n", GM_EPARSE, "m.yaml:6: withdrawn: needs a "},
      {START SUBJECT TIME G "units: {x: furlong}\n", GM_EPARSE, "m.yaml:6: units.x: "},
  };
  CHECK(w);
}

/* Times that do not say when: format, unit, zone, origin. */
static void errors__times(void **state)
{
  (void)state;
#define WITH_TIME(t) START SUBJECT "time: {" t "}\n" G
  const wrong w[] = {
      {WITH_TIME("column: t"), GM_EPARSE, "m.yaml:4: time.format: missing; iso, local, unix, "},
      {WITH_TIME("format: iso"), GM_EPARSE, "m.yaml:4: time.column: missing; the column of "},
      {WITH_TIME("column: t, format: local"), GM_EPARSE,
       "m.yaml:4: time.zone: missing; the offset"},
      {WITH_TIME("column: t, format: DD.MM.YYYY"), GM_EPARSE, "m.yaml:4: time.zone: missing; "},
      {WITH_TIME("column: t, format: iso, zone: Z"), GM_EPARSE,
       "m.yaml:4: time.zone: is of times without a zone of their own"},
      {WITH_TIME("column: t, format: elapsed, origin: 2024-05-01T08:00:00Z"), GM_EUNIT,
       "m.yaml:4: time.unit: missing; the unit of the times, such as h, is expected"},
      {WITH_TIME("column: t, format: elapsed, unit: kg, origin: 2024-05-01T08:00:00Z"), GM_EUNIT,
       "m.yaml:4: time.unit: "},
      {WITH_TIME("column: t, format: elapsed, unit: h"), GM_EPARSE,
       "m.yaml:4: time.origin: missing; when time 0 was, "},
      {WITH_TIME("column: t, format: elapsed, unit: h, origin: 2024-05-01T08:00:00"), GM_EPARSE,
       "m.yaml:4: time.origin: \"2024-05-01T08:00:00\": no zone; a time with zone such as "},
      {WITH_TIME("column: t, format: iso, origin: 2024-05-01T08:00:00Z"), GM_EPARSE,
       "m.yaml:4: time.origin: is of times that are elapsed or a clock"},
      {WITH_TIME("column: t, format: iso, unit: h"), GM_EPARSE,
       "m.yaml:4: time.unit: is of times that are numbers"},
      {WITH_TIME("column: t, format: yyyy-mm-dd, zone: Z"), GM_EPARSE,
       "m.yaml:4: time.format: \"yyyy-mm-dd\": a letter that stands for nothing; "},
      {WITH_TIME("column: t, format: DD.MM.YY, zone: Z"), GM_EPARSE, "m.yaml:4: time.format: "},
      {WITH_TIME("column: t, format: DD.MM hh:mm, zone: Z"), GM_EPARSE,
       "m.yaml:4: time.format: \"DD.MM hh:mm\": a pattern with year, month and day, "},
      {WITH_TIME("column: t, format: DD.MM.YYYY mm, zone: Z"), GM_EPARSE,
       "m.yaml:4: time.format: \"DD.MM.YYYY mm\": a time of day begins with its hour (hh)"},
      {WITH_TIME("is: 2024-05-01T08:00:00Z, column: t"), GM_EPARSE,
       "m.yaml:4: time.is: one time for all rows; "},
      {WITH_TIME("is: today"), GM_EPARSE, "m.yaml:4: time.is: \"today\": no time in the format"},
  };
  CHECK(w);
}

/* What a column becomes is held against the definition before the first row. */
static void errors__targets(void **state)
{
  (void)state;
#define WITH(c) START SUBJECT TIME "columns: {x: {" c "}}\n"
  const wrong w[] = {
      {WITH("unit: mg"), GM_EPARSE, "m.yaml:5: columns.x: one of observable, input and covariate "},
      {WITH("observable: glucose, input: drug"), GM_EPARSE, "m.yaml:5: columns.x: one of "},
      {WITH("observable: gluc, unit: mg/dL"), GM_ENOTFOUND,
       "m.yaml:5: columns.x.observable: \"gluc\" is no observable of the definition; known are "
       "glucose, lactate, map"},
      {WITH("input: pill, unit: mg, as: given"), GM_ENOTFOUND,
       "m.yaml:5: columns.x.input: \"pill\" is no input of the definition; known are insulin, "
       "drug,"},
      {WITH("covariate: HT, unit: cm"), GM_ENOTFOUND,
       "m.yaml:5: columns.x.covariate: \"HT\" is no "},
      {WITH("observable: glucose"), GM_EUNIT,
       "m.yaml:5: columns.x.unit: missing; a UCUM code or {column: ...} is expected"},
      {WITH("observable: glucose, unit: furlong"), GM_EPARSE, "m.yaml:5: columns.x.unit: "},
      {WITH("observable: glucose, unit: kg"), GM_EUNIT, "m.yaml:5: columns.x.unit: glucose: "},
      {WITH("observable: lactate, unit: mg/dL"), GM_EUNIT, "m.yaml:5: columns.x.unit: lactate: "},
      {WITH("covariate: SEX, unit: kg"), GM_EPARSE,
       "m.yaml:5: columns.x.unit: SEX has levels, and no unit"},
      {WITH("covariate: SEX, values: {M: man}"), GM_ENOTFOUND,
       "m.yaml:5: columns.x.values.M: SEX: "},
      {WITH("observable: map, unit: mmHg, values: {a: b}"), GM_EPARSE,
       "m.yaml:5: columns.x.values.a: a number is expected"},
      {WITH("observable: map, unit: mmHg, marks: {Low: 40}"), GM_EPARSE,
       "m.yaml:5: columns.x.marks.Low: a limit such as \"<40\""},
      {WITH("input: drug, unit: mg, as: given, marks: {Low: \"<40\"}"), GM_EPARSE,
       "m.yaml:5: columns.x.marks: is of observables"},
      {WITH("input: drug, unit: mg"), GM_EPARSE,
       "m.yaml:5: columns.x.as: missing; given, ordered or reported is expected"},
      {WITH("input: drug, unit: mg, as: taken"), GM_EPARSE,
       "m.yaml:5: columns.x.as: no such word; "},
      {WITH("observable: map, unit: mmHg, as: given"), GM_EPARSE, "m.yaml:5: columns.x.as: is of "},
      {WITH("input: drug, unit: mg, as: {column: k, values: {G: taken}}"), GM_EPARSE,
       "m.yaml:5: columns.x.as.values.G: given, ordered or reported is expected"},
      {WITH("input: drug, unit: mg, as: {column: k}"), GM_EPARSE, "m.yaml:5: columns.x.as: needs "},
      {WITH("input: drug, unit: mg/h, as: given"), GM_EUNIT, "m.yaml:5: columns.x.unit: drug: "},
      {WITH("input: drug, unit: mg, as: given, end: e, duration: 5 min"), GM_EPARSE,
       "m.yaml:5: columns.x: one of duration, rate and end is expected"},
      {WITH("observable: map, unit: mmHg, duration: 5 min"), GM_EPARSE, "m.yaml:5: columns.x: dur"},
      {WITH("input: drug, unit: mg, as: given, duration: 5"), GM_EPARSE,
       "m.yaml:5: columns.x.duration: "},
      {WITH("input: drug, unit: mg, as: given, duration: 5 kg"), GM_EUNIT,
       "m.yaml:5: columns.x.duration: "},
      {WITH("input: drug, unit: mg, as: given, duration: -5 min"), GM_EPARSE,
       "m.yaml:5: columns.x.duration: a number above 0 and its unit, "},
      {WITH("input: drug, unit: mg, as: given, rate: {column: r, unit: mL/h}"), GM_EUNIT,
       "m.yaml:5: columns.x.rate: "},
      {WITH("input: drug, unit: mg, as: given, rate: {column: r}"), GM_EPARSE,
       "m.yaml:5: columns.x.rate: needs a UCUM code (unit)"},
      {WITH("observable: map, unit: mmHg, zeros: taken"), GM_EPARSE, "m.yaml:5: columns.x.zeros: "},
      {WITH("observable: map, unit: mmHg, code: x"), GM_EPARSE, "m.yaml:5: columns.x.code: SYSTEM"},
      {WITH("observable: map, unit: mmHg, class: x"), GM_EPARSE, "m.yaml:5: columns.x.class: "},
      {START SUBJECT TIME "rows: {name: n, value: v, is: {x: {observable: map}}}\n", GM_EUNIT,
       "m.yaml:5: rows.is.x.unit: missing; "},
      {START SUBJECT TIME "rows: {name: n, is: {x: {observable: map}}}\n", GM_EPARSE,
       "m.yaml:5: rows: needs the column of values (value)"},
  };
  CHECK(w);
}

/* NM-TRAN files have columns of their own. */
static void errors__nmtran(void **state)
{
  (void)state;
#define NM       "form: nm-tran\nmapping: m\nsource: s\n"
#define NM_TIME  "time: {origin: 2024-05-01T08:00:00Z}\n"
#define NM_DOSES "doses: {any: {input: drug, as: given}}\n"
  const wrong w[] = {
      {NM NM_TIME, GM_EPARSE, "m.yaml:1: `doses` or `measured` is expected"},
      {NM NM_TIME NM_DOSES SUBJECT, GM_EPARSE, "m.yaml:6: subject: is of `form: table`; "},
      {NM TIME NM_DOSES, GM_EPARSE, "m.yaml:4: time: {origin: when TIME 0 was, unit: of TIME}"},
      {NM "time: {origin: 2024-05-01}\n" NM_DOSES, GM_EPARSE, "m.yaml:4: time.origin: a time with"},
      {NM "time: {origin: 2024-05-01T08:00:00Z, unit: mg}\n" NM_DOSES, GM_EUNIT,
       "m.yaml:4: time.unit: "},
      {NM NM_TIME NM_DOSES "file: {decimal: comma}\n", GM_EPARSE, "m.yaml:6: file: only `missing`"},
      {NM NM_TIME "doses: {any: {observable: map}}\n", GM_EPARSE, "m.yaml:5: doses.any: input is "},
      {NM NM_TIME NM_DOSES "columns: {x: {observable: map}}\n", GM_EPARSE,
       "m.yaml:6: columns.x: covariate is expected here"},
      {NM NM_TIME "doses: {any: {input: drug, as: given, end: e}}\n", GM_EPARSE,
       "m.yaml:5: doses.any: duration, rate, end, marks, units and kinds in columns are not of"},
      {NM NM_TIME NM_DOSES "steady-doses: -1\n", GM_ERANGE, "m.yaml:1: steady-doses: 0 to 10,000"},
      {NM NM_TIME "doses: {any: {input: drug, as: given, unit: kg/L}}\n", GM_EUNIT,
       "m.yaml:5: doses.any.unit: drug: "},
  };
  CHECK(w);
}

/* ---- what is published ----------------------------------------------------------------------- */
static gm_yaml *schema;

static const gm_yaml *follow(const gm_yaml *n)
{
  for (const gm_yaml *ref; n && (ref = gm__yaml_find(n, "$ref"));)
    n = gm__yaml_find(gm__yaml_find(schema, "$defs"), ref->text + strlen("#/$defs/"));
  return n;
}

/* The alternative of a node that has a key. */
static const gm_yaml *with_key(const gm_yaml *n, const char *key)
{
  n = follow(n);
  const gm_yaml *one = n ? gm__yaml_find(n, "oneOf") : NULL;
  if (!n || gm__yaml_find(n, key)) return n;
  for (const gm_yaml *a = one ? one->first : NULL; a; a = a->next)
    if (gm__yaml_find(follow(a), key)) return follow(a);
  return NULL;
}

static const gm_yaml *place_of(const char *path)
{
  const gm_yaml *n = schema;
  char copy[100], *rest = copy;
  snprintf(copy, sizeof copy, "%s", path);
  while (n && rest && *rest) {
    const char *part = strsep(&rest, ".");
    const char *how = !strcmp(part, "*") ? "additionalProperties" : "properties";
    n = with_key(n, how);
    if (n) n = gm__yaml_find(n, how);
    if (n && how[0] == 'p') n = gm__yaml_find(n, part);
  }
  return n ? with_key(n, "properties") : NULL;
}

/* Every field that the reader knows is in the schema at its place and in the guide, and the schema
 * has no other. */
static void schema__has_the_fields_of_the_reader(void **state)
{
  (void)state;
  gm_arena *arena = NULL;
  char *text = NULL, *guide = NULL, quoted[60];
  size_t bytes = 0;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 16384, &arena));
  if (gm_file_read(ctx, "docs/mapping.schema.json", 1 << 20, &text, &bytes) ||
      gm__yaml_parse(ctx, arena, "schema", text, bytes, &schema) ||
      gm_file_read(ctx, "docs/mapping.md", 1 << 20, &guide, &bytes))
    fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < gm__map_place_count; i++) {
    const gm_yaml_form *form = gm__map_places[i].form;
    const gm_yaml *place = place_of(gm__map_places[i].path);
    if (!place) fail_msg("the schema has no place \"%s\"", gm__map_places[i].path);
    const gm_yaml *properties = gm__yaml_find(place, "properties");
    assert_string_equal("false", gm__yaml_find(place, "additionalProperties")->text);
    assert_int_equal(form->field_count, properties->count);
    for (size_t k = 0; k < form->field_count; k++) {
      if (!gm__yaml_find(properties, form->field[k].key))
        fail_msg("the schema does not know %s.%s", gm__map_places[i].path, form->field[k].key);
      snprintf(quoted, sizeof quoted, "`%s`", form->field[k].key);
      if (!strstr(guide, quoted)) fail_msg("docs/mapping.md does not explain %s", quoted);
    }
  }
  gm_free(text);
  gm_free(guide);
  gm_arena_free(arena);
}

/* Every example of the guide that is a mapping is read: by a definition that has what it names. */
static void guide__examples(void **state)
{
  (void)state;
  static const char twin[] =
      "twin: t\nquestion: q\ncontext-of-use: c\nmodel: body.ant\n"
      "subject:\n  WT: {unit: kg, default: 70}\n  SEX: {levels: [female, male], default: male}\n"
      "inputs:\n  bolus: {into: I, unit: \"[IU]\"}\n  warfarin: {into: D, unit: mg}\n"
      "observables:\n  glucose: {is: G, unit: mg/dL, error: {additive: 5}}\n"
      "  cp: {is: L, unit: mg/L, error: {additive: 1}}\n"
      "  pca: {is: P, unit: \"%\", error: {additive: 1}}\n";
  gm_definition *d = NULL;
  char *guide = NULL, path[260];
  size_t bytes = 0;
  int32_t count = 0;
  case_write("table.csv", twin);
  snprintf(path, sizeof path, "%s/table.csv", case_folder);
  if (gm_definition_read(ctx, path, &d) ||
      gm_file_read(ctx, "docs/mapping.md", 1 << 20, &guide, &bytes))
    fail_msg("%s", gm_message(ctx));
  for (const char *at = guide; (at = strstr(at, "```yaml\n"));) {
    const char *end = strstr(at += 8, "```");
    gm_mapping *m = NULL;
    if (strncmp(at, "mapping:", 8) != 0) continue;
    if (gm_mapping_parse(ctx, "guide", at, (size_t)(end - at), d, &m))
      fail_msg("%s", gm_message(ctx));
    gm_mapping_free(m);
    count++;
  }
  assert_int_equal(2, count);
  gm_free(guide);
  gm_definition_free(d);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors__fields),
      cmocka_unit_test(errors__times),
      cmocka_unit_test(errors__targets),
      cmocka_unit_test(errors__nmtran),
      cmocka_unit_test(schema__has_the_fields_of_the_reader),
      cmocka_unit_test(guide__examples),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
