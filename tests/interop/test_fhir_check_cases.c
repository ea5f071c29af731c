/* The checker against published examples, the cases of the FHIR validator (FHIR/fhir-test-cases)
 * with the outcomes of the Java validator, and the JSON schema itself. label: quick */
#include "gemel/fhir_check.h"
#include "base/json_write.h"
#include "test_fhir_schema_case.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static gm_ctx *ctx;
static gm_fhir_rules *rules;

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) || gm_fhir_rules_new(ctx, &rules);
}

static int teardown(void **state)
{
  (void)state;
  gm_fhir_rules_free(rules);
  gm_ctx_free(ctx);
  return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */
enum { FILES_MAX = 400 };

static char *file_name[FILES_MAX];

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names below the data folder of the files of a folder that hold JSON; -1: no such folder. */
static int32_t files_of(const char *folder)
{
  char path[1000];
  int32_t count = 0;
  if (!data_path(folder, path, sizeof path)) return -1;
  DIR *d = opendir(path);
  for (struct dirent *e; (e = readdir(d)) && count < FILES_MAX;) {
    if (!strstr(e->d_name, ".json")) continue;
    file_name[count] = malloc(strlen(folder) + strlen(e->d_name) + 2);
    sprintf(file_name[count++], "%s/%s", folder, e->d_name);
  }
  closedir(d);
  qsort(file_name, (size_t)count, sizeof file_name[0], by_name);
  return count;
}

static void files_free(int32_t count)
{
  for (int32_t i = 0; i < count; i++) free(file_name[i]);
}

static gm_fhir_report *report_of(const char *text, size_t bytes)
{
  gm_fhir_report *r = NULL;
  assert_int_equal(GM_OK, gm_fhir_check(ctx, rules, NULL, text, bytes, &r));
  return r;
}

/* ---- examples -------------------------------------------------------------------------------- */
/* What is wrong in the published files themselves:
 * - a canonical URL must be absolute; these two have relative ones;
 * - Narrative.div is 1..1; US Core publishes this narrative without it, for its tools to fill. */
static const char *const wrong_examples[] = {"capabilitystatement-example.json",
                                             "operationdefinition-example.json",
                                             "diagnosticreport-cbc.json"};

static bool is_wrong_example(const char *file)
{
  for (size_t i = 0; i < 3; i++)
    if (strstr(file, wrong_examples[i])) return true;
  return false;
}

/* Published examples pass, but for three whose faults are known. */
static void example__passes(void **state)
{
  static const char *const folder[] = {"platform/fhir-r4-examples", "platform/us-core-examples",
                                       "platform/phd-device-examples", "platform/synthea-r4",
                                       "platform/synthea-r4-v2"};
  (void)state;
  for (int k = 0; k < 5; k++) {
    int32_t count = files_of(folder[k]), wrong = 0;
    int64_t resources = 0;
    if (count < 0) {
      data_skip(folder[k], 1);
      continue;
    }
    for (int32_t i = 0; i < count; i++) {
      size_t bytes;
      char *text = schema_file(file_name[i], &bytes);
      assert_non_null(text);
      gm_fhir_report *r = report_of(text, bytes);
      if ((r->errors > 0) != is_wrong_example(file_name[i]))
        fail_msg("%s: %lld errors, the first %s: %s", file_name[i], (long long)r->errors,
                 r->issue_count ? r->issue[0].expression : "",
                 r->issue_count ? r->issue[0].reason : "");
      wrong += r->errors > 0;
      resources += r->resources;
      gm_fhir_report_free(r);
      free(text);
    }
    printf("%s: %d files, %lld resources, %d with a fault of their own\n", folder[k], (int)count,
           (long long)resources, (int)wrong);
    files_free(count);
  }
}

/* ---- validator cases ---------------------------------------------------------------------------
 */
/* The rule: an expected error is out when its text speaks of
 *   terminology (displays, codes of a code system, filters, ECL), extension definitions, profiles,
 *   slices and snapshots, narrative and markdown (XHTML), FHIRPath, signatures, resolving what is
 *   outside the resource, or what a publisher may do;
 * a case is in when one of its expected errors is not out, or when none is expected. Also out: the
 * case that asks for comments in JSON to be let through, and cases without an outcome here. */
static const char *const out_of_scope[] = {"Wrong Display Name",
                                           "Unknown code",
                                           "is not valid in the system",
                                           "not in the value set",
                                           "must be a valid code from the system",
                                           "is not allowed for property",
                                           "filter based on",
                                           "filter constraint",
                                           "could not be found so is not allowed",
                                           "not allowed to be used at this",
                                           "definition allows for the types",
                                           "Slic",
                                           "slic",
                                           "in the profile",
                                           "profile http",
                                           "Snapshot",
                                           "StructureDefinition/bp",
                                           "XHTML",
                                           "txt-1",
                                           "Hyperlink",
                                           "HTML tag",
                                           "fragment AllergyIntolerance",
                                           "(AllergyIntolerance-",
                                           "FHIRPath",
                                           "expression language",
                                           "signature",
                                           "Unable to resolve resource",
                                           "in the derivedFrom",
                                           "Experimental content",
                                           "Example URLs"};

static bool is_in_scope(const char *text)
{
  for (size_t i = 0; i < sizeof out_of_scope / sizeof out_of_scope[0]; i++)
    if (strstr(text, out_of_scope[i])) return false;
  return true;
}

typedef struct {
  int32_t in, out, missing, agree, wrong; /* wrong: cases in scope with an expected error */
  int32_t errors, placed;                 /* expected errors in scope; those found at their place */
} tally;

static gm_json *tree_of(gm_arena *arena, const char *file, char **text)
{
  size_t bytes;
  gm_json *root = NULL;
  *text = schema_file(file, &bytes);
  if (*text) assert_int_equal(GM_OK, gm__json_parse(ctx, arena, NULL, *text, bytes, &root));
  return root;
}

/* The Java validator's place as ours: no comments, no [url=...], value.ofType(X) is valueX. */
static void place_of(const char *java, char *out)
{
  while (*java) {
    if (strncmp(java, "/*", 2) == 0) {
      java = strstr(java, "*/") + 2;
    } else if (strncmp(java, "[url=", 5) == 0) {
      java = strchr(java, ']') + 1;
    } else if (strncmp(java, ".ofType(", 8) == 0) {
      const char *type = java + 8;
      for (bool first = true; *type != ')'; type++, first = false)
        *out++ = first && *type >= 'a' && *type <= 'z' ? (char)(*type - 32) : *type;
      java = type + 1;
    } else {
      *out++ = *java++;
    }
  }
  *out = 0;
}

/* Is there an error of ours at the place, just above it or below it? */
static bool is_placed(const gm_fhir_report *r, const char *place)
{
  size_t bytes = strlen(place);
  for (int32_t i = 0; i < r->issue_count; i++) {
    const char *own = r->issue[i].expression, *last = strrchr(place, '.');
    size_t above = last ? (size_t)(last - place) : 0;
    if (r->issue[i].severity > GM_FHIR_ERROR) continue;
    if (strncmp(own, place, bytes) == 0 || r->issue[i].severity == GM_FHIR_FATAL) return true;
    if (above && strncmp(own, place, strlen(own)) == 0 && strlen(own) >= above) return true;
  }
  return false;
}

static void judge(const gm_json *c, const gm_json *outcome, tally *t)
{
  char path[200], place[1000];
  size_t bytes;
  const char *name = gm__json_find(c, "name")->text;
  const char *file = gm__json_find(c, "file")->text, *slash = strrchr(file, '/');
  snprintf(path, sizeof path, "platform/fhir-validator-cases/%s", slash ? slash + 1 : file);
  char *text = schema_file(path, &bytes);
  const gm_json *list = gm__json_find(outcome, "issue");
  int32_t errors = 0, in = 0;
  if (!text || strcmp(name, "json-comments-2-yes") == 0) {
    t->out += text != NULL;
    t->missing += text == NULL;
    free(text);
    return;
  }
  gm_fhir_report *r = report_of(text, bytes);
  for (const gm_json *i = list ? list->first : NULL; i; i = i->next) {
    const char *severity = gm__json_find(i, "severity")->text;
    if (strcmp(severity, "error") != 0 && strcmp(severity, "fatal") != 0) continue;
    errors++;
    if (!is_in_scope(gm__json_find(gm__json_find(i, "details"), "text")->text)) continue;
    in++;
    const gm_json *expression = gm__json_find(i, "expression");
    place_of(expression ? expression->first->text : "", place);
    if (is_placed(r, place))
      t->placed++;
    else
      printf("  not found: %s: %s\n", name, place);
  }
  t->errors += in;
  if (errors && !in) {
    t->out++;
  } else {
    bool agree = (in > 0) == (r->errors > 0);
    t->in++;
    t->wrong += in > 0;
    t->agree += agree;
    if (!agree)
      printf("  DISAGREES: %s: expected %d errors, found %lld (%s)\n", name, (int)in,
             (long long)r->errors, r->issue_count ? r->issue[0].reason : "");
  }
  gm_fhir_report_free(r);
  free(text);
}

/* The verdict, any error or none, is that of the Java validator for 95 % of the cases in scope. */
static void validator_case__has_the_expected_verdict(void **state)
{
  tally t = {0};
  gm_arena *arena;
  char *text, *outcome_text, path[300];
  (void)state;
  if (!data_folder()) {
    data_skip("validator cases", 1);
    return;
  }
  assert_int_equal(GM_OK, gm_arena_new(ctx, 65536, &arena));
  const gm_json *list = tree_of(arena, "platform/fhir-validator-cases/manifest.json", &text);
  assert_non_null(list);
  for (const gm_json *c = list->first; c; c = c->next) {
    const gm_json *java = gm__json_find(c, "java"), *outcome = NULL;
    outcome_text = NULL;
    if (java->kind == GM_JSON_TEXT) {
      snprintf(path, sizeof path, "platform/fhir-validator-cases/outcomes/%s",
               strchr(java->text, '/') + 1);
      outcome = tree_of(arena, path, &outcome_text);
    } else if (gm__json_find(java, "outcome")) {
      outcome = gm__json_find(java, "outcome");
    } else if (gm__json_find(java, "errorCount")) {
      outcome = java; /* 0: no issue */
    }
    if (outcome)
      judge(c, outcome, &t);
    else
      t.missing++;
    free(outcome_text);
  }
  printf("validator cases: %d in scope (%d of them with errors), %d out, %d without an outcome or "
         "file here; %d agree (%.1f %%); of %d expected errors in scope %d are at their place\n",
         (int)t.in, (int)t.wrong, (int)t.out, (int)t.missing, (int)t.agree, 100.0 * t.agree / t.in,
         (int)t.errors, (int)t.placed);
  free(text);
  gm_arena_free(arena);
  assert_true(t.in >= 80 && t.wrong >= 30);
  assert_true(t.agree >= 0.95 * t.in);
  assert_true(t.placed >= 0.8 * t.errors);
}

/* ---- the schema --------------------------------------------------------------------------------
 */
typedef enum {
  DROP,
  RENAME,
  TO_ARRAY,
  TO_TEXT,
  TO_NUMBER,
  TO_OBJECT,
  EMPTY_TEXT,
  MUTATIONS
} mutation;

typedef struct {
  gm_json_writer w;
  const gm_json *at; /* the node that is changed */
  mutation how;
} mutant;

static void write_node(mutant *m, const char *key, const gm_json *n)
{
  gm_json_writer *w = &m->w;
  bool here = n == m->at;
  if (here && m->how == DROP) return;
  if (here && key && m->how == RENAME) key = "valueOfNothing";
  if (here && m->how == TO_TEXT) {
    gm_json_write_text(w, key, "not what was here");
    return;
  }
  if (here && m->how == EMPTY_TEXT) {
    gm_json_write_text(w, key, "");
    return;
  }
  if (here && m->how == TO_NUMBER) {
    gm_json_write_decimal(w, key, "12.5");
    return;
  }
  bool wrap = here && (m->how == TO_ARRAY || m->how == TO_OBJECT);
  if (wrap && m->how == TO_ARRAY) gm_json_write_array(w, key);
  if (wrap && m->how == TO_OBJECT) gm_json_write_object(w, key);
  if (wrap) key = m->how == TO_ARRAY ? NULL : "id";
  if (n->kind == GM_JSON_OBJECT)
    gm_json_write_object(w, key);
  else if (n->kind == GM_JSON_ARRAY)
    gm_json_write_array(w, key);
  else
    gm__json_write_tree(w, key, n);
  for (const gm_json *k = n->first; k; k = k->next)
    write_node(m, n->kind == GM_JSON_OBJECT ? k->key : NULL, k);
  if (n->kind == GM_JSON_OBJECT) gm_json_write_object_end(w);
  if (n->kind == GM_JSON_ARRAY) gm_json_write_array_end(w);
  if (wrap && m->how == TO_ARRAY) gm_json_write_array_end(w);
  if (wrap && m->how == TO_OBJECT) gm_json_write_object_end(w);
}

static const gm_json *next_node(const gm_json *n, const gm_json *root)
{
  if (n->first) return n->first;
  while (n != root && !n->next) n = n->parent;
  return n == root ? NULL : n->next;
}

/* Does the report hold something that the schema would have to see as well? (It lets several ways
 * of a choice be, and has no type for xhtml.) */
static const gm_fhir_issue *seen_by_schema(const gm_fhir_report *r)
{
  for (int32_t i = 0; i < r->issue_count; i++) {
    const gm_fhir_issue *k = &r->issue[i];
    bool form = strcmp(k->code, "structure") == 0 || strcmp(k->code, "code-invalid") == 0;
    bool more = strstr(k->reason, "more than one form") || strstr(k->reason, "size is not") ||
                strstr(k->expression, "text.div");
    if (k->severity <= GM_FHIR_ERROR && form && !more) return k;
  }
  return NULL;
}

typedef struct {
  int64_t changed, refused, only_ours; /* only_ours: valid by the schema, an error for us */
} agreement;

static void compare(schema *s, const char *text, size_t bytes, const char *file, agreement *a)
{
  gm_arena *arena;
  gm_json *tree;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 65536, &arena));
  assert_int_equal(GM_OK, gm__json_parse(ctx, arena, NULL, text, bytes, &tree));
  bool valid = schema_resource(s, tree);
  gm_fhir_report *r = report_of(text, bytes);
  const gm_fhir_issue *ours = seen_by_schema(r);
  if (!valid && !r->errors)
    fail_msg("%s: not valid by the schema: %s\n%.3000s", file, s->fault, text);
  if (valid && ours)
    fail_msg("%s: valid by the schema, ours: %s: %s\n%.3000s", file, ours->expression, ours->reason,
             text);
  a->changed++;
  a->refused += !valid;
  a->only_ours += valid && r->errors;
  gm_fhir_report_free(r);
  gm_arena_free(arena);
}

/* Every node of small examples is changed in every way; both say the same of the outcome: what the
 * schema refuses is an error, and what we refuse by structure or code the schema refuses. */
static void change__is_judged_as_by_the_schema(void **state)
{
  static const char *const folder[] = {"platform/fhir-r4-examples", "platform/us-core-examples",
                                       "platform/phd-device-examples"};
  schema s;
  agreement a = {0};
  (void)state;
  if (!schema_open(&s, ctx)) {
    data_skip("agreement with the schema", 1);
    return;
  }
  for (int k = 0; k < 3; k++) {
    int32_t count = files_of(folder[k]);
    for (int32_t i = 0; i < count; i++) {
      size_t bytes;
      gm_arena *arena;
      gm_json *root;
      char *text = schema_file(file_name[i], &bytes);
      assert_int_equal(GM_OK, gm_arena_new(ctx, 65536, &arena));
      assert_int_equal(GM_OK, gm__json_parse(ctx, arena, NULL, text, bytes, &root));
      compare(&s, text, bytes, file_name[i], &a);
      int32_t at = 0;
      for (const gm_json *n = next_node(root, root); n && bytes < 7000; n = next_node(n, root)) {
        /* a change of each kind for every seventh node, beginning elsewhere in each file */
        if ((at++ + i) % 7) continue;
        for (int how = 0; how < MUTATIONS; how++) {
          gm_text t;
          mutant m = {.at = n, .how = (mutation)how};
          gm_text_init(&t, ctx);
          gm_json_write_begin(&m.w, &t, 0);
          write_node(&m, NULL, root);
          assert_int_equal(GM_OK, t.status);
          compare(&s, t.data, t.bytes, file_name[i], &a);
          gm_text_free(&t);
        }
      }
      gm_arena_free(arena);
      free(text);
    }
    if (count > 0) files_free(count);
  }
  printf("schema: %lld resources, %lld not valid by the schema and an error for us; %lld valid by "
         "the schema, but an error by the specification\n",
         (long long)a.changed, (long long)a.refused, (long long)a.only_ours);
  assert_true(a.refused > 1000);
  schema_close(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(example__passes),
      cmocka_unit_test(validator_case__has_the_expected_verdict),
      cmocka_unit_test(change__is_judged_as_by_the_schema),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
