/* test_deidentify_cuts.c - bins that the caller asks for: whoever stands at a cut is in the bin
 * whose label says so, also where the cut is not the number that is printed of it.
 * label: quick */
#include "store/store_case.h"
#include "gemel/deidentify.h"
#include "gemel/fact.h"

enum { EACH = 12, VALUES = 7, SUBJECTS = EACH * VALUES };

/* Weights at the cuts, between and outside of them; 3 * 0.1 and 7 * 0.1 are a little more than 0.3
 * and 0.7, the last one is 1.2 to 15 digits. */
static const char *const weight[VALUES] = {"0.2", "0.3", "0.5", "0.7", "1.1", "1.2", "1.9"};

static void fact_add(gm_session *a, int64_t twin, gm_record_kind kind, const char *series,
                     const char *value, const char *unit)
{
  gm_text body;
  gm_fact f = {.kind = kind,
               .subject = "",
               .series = series,
               .t_true_s = 1.7e9,
               .value = value,
               .unit = unit,
               .data_class = GM_CLASS_CLINICAL,
               .licence = "",
               .source = "test",
               .id = series,
               .version = "1",
               .code = ""};
  gm_text_init(&body, ctx);
  case_must(gm_fact_body(ctx, &f, &body), "body");
  gm_entry e = {.kind = kind,
                .series = series,
                .t_true_s = f.t_true_s,
                .source = f.source,
                .id = f.id,
                .version = f.version,
                .body = body.data,
                .bytes = body.bytes,
                .data_class = f.data_class};
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  gm_text_free(&body);
}

/* Field n of a line of CSV without its quotes. */
static void field_of(const char *line, int n, char out[60])
{
  size_t used = 0;
  for (; *line && *line != '\n' && n >= 0; line++) {
    if (*line == ',')
      n--;
    else if (n == 0 && *line != '"' && used < 59)
      out[used++] = *line;
  }
  out[used] = 0;
}

static const char *line_after(const char *at)
{
  const char *end = strchr(at, '\n');
  return end && end[1] ? end + 1 : NULL;
}

/* The number of a subject, which its glucose is. */
static int subject_of(const char *facts, const char *name)
{
  char text[60];
  for (const char *at = line_after(facts); at; at = line_after(at)) {
    field_of(at, 0, text);
    if (strcmp(text, name) != 0) continue;
    field_of(at, 5, text);
    return atoi(text);
  }
  fail_msg("a subject without facts");
  return -1;
}

/* Does the label "<0.3", "0.3 to <0.7" or ">=1.2" hold the value, as its numbers are printed? */
static bool holds(const char *label, double v)
{
  const char *to = strstr(label, " to <");
  if (label[0] == '<') return v < strtod(label + 1, NULL);
  if (!strncmp(label, ">=", 2)) return v >= strtod(label + 2, NULL);
  return to && v >= strtod(label, NULL) && v < strtod(to + 5, NULL);
}

static void cut__asked_for_parts_as_its_label_says(void **state)
{
  (void)state;
  static const double cut[] = {3 * 0.1, 7 * 0.1, 1.2000000000000002};
  gm_session *a = case_store();
  for (int i = 0; i < SUBJECTS; i++) {
    char name[20], value[20];
    snprintf(name, sizeof name, "s%d", i);
    snprintf(value, sizeof value, "%d", i);
    int64_t twin = case_twin(a, name, name);
    fact_add(a, twin, GM_RECORD_COVARIATE, "WT", weight[i % VALUES], "kg");
    fact_add(a, twin, GM_RECORD_OBSERVATION, "glucose", value, "mmol/L");
  }
  const gm_deidentify_quasi by = {.name = "WT", .cut = cut, .cut_count = 3};
  gm_deidentify_options o = {.quasi = &by, .quasi_count = 1};
  gm_deidentified d = {0};
  gm_session *r = case_session(a, GM_AS_RESEARCHER, GM_USE_RESEARCH_EXPORT);
  case_must(gm_deidentify(r, ctx, &o, &d), "export");
  int told = 0, bins = 0;
  char seen[8][60];
  for (const char *at = line_after(d.subjects.data); at; at = line_after(at), told++) {
    char name[60], label[60];
    int known = 0;
    field_of(at, 0, name);
    field_of(at, 1, label);
    double v = strtod(weight[subject_of(d.facts.data, name) % VALUES], NULL);
    if (!holds(label, v)) fail_msg("%g is in '%s'", v, label);
    while (known < bins && strcmp(seen[known], label) != 0) known++;
    if (known == bins && bins < 8) snprintf(seen[bins++], sizeof seen[0], "%s", label);
  }
  assert_int_equal(SUBJECTS, told);
  assert_int_equal(4, bins);
  assert_non_null(strstr(d.report_json.data, "\"bins of the caller\""));
  gm_deidentified_free(&d);
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

/* Exports by one quasi-identifier with one cut in that unit. */
static gm_status cut_in(gm_session *r, const char *name, double cut, const char *unit,
                        gm_deidentified *d)
{
  const gm_deidentify_quasi by = {.name = name, .unit = unit, .cut = &cut, .cut_count = 1};
  gm_deidentify_options o = {.quasi = &by, .quasi_count = 1};
  return gm_deidentify(r, ctx, &o, d);
}

/* A unit of cuts that is none, or that nobody's value converts to, is refused, and not an empty
 * column; ages are in years whatever the cut's unit of time: 480 months are 40 years. */
static void cut__has_a_unit_that_converts(void **state)
{
  (void)state;
  gm_session *a = case_store();
  for (int i = 0; i < 2 * EACH; i++) {
    char name[20];
    snprintf(name, sizeof name, "s%d", i);
    int64_t twin = case_twin(a, name, name);
    fact_add(a, twin, GM_RECORD_COVARIATE, "WT", i % 2 ? "65" : "75", "kg");
    fact_add(a, twin, GM_RECORD_COVARIATE, "AGE", i % 2 ? "30" : "50", "a");
    fact_add(a, twin, GM_RECORD_OBSERVATION, "glucose", "5", "mmol/L");
  }
  gm_session *r = case_session(a, GM_AS_RESEARCHER, GM_USE_RESEARCH_EXPORT);
  gm_deidentified d = {0};
  assert_int_not_equal(GM_OK, cut_in(r, "WT", 70, "foo", &d));
  assert_int_equal(GM_EUNIT, cut_in(r, "WT", 70, "mL", &d));
  assert_int_equal(GM_EUNIT, cut_in(r, "AGE", 40, "kg", &d));
  gm_message_clear(ctx);
  case_must(cut_in(r, "WT", 70000, "g", &d), "grams");
  assert_non_null(strstr(d.subjects.data, "<70000"));
  assert_non_null(strstr(d.report_json.data, "\"unit\": \"g\""));
  assert_non_null(strstr(d.report_text.data, "cuts 70000 [g]"));
  gm_deidentified_free(&d);
  case_must(cut_in(r, "AGE", 480, "mo", &d), "months");
  assert_non_null(strstr(d.subjects.data, "<40"));
  assert_non_null(strstr(d.subjects.data, ">=40"));
  gm_deidentified_free(&d);
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(cut__asked_for_parts_as_its_label_says),
                                     cmocka_unit_test(cut__has_a_unit_that_converts)};
  return case_main("cuts", tests);
}
