/* label: quick
 * test_twin_fhir.c - what `gemel twin propose --fhir` and `gemel twin export` write is FHIR R4 by
 * gm_fhir_check, proposals are drafts, and things of two sources that have one id both go out. The
 * twin is that of docs/keep-a-twin.md. */
#include "gemel/fhir_check.h"
#include "base/json_tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char *gemel; /* NULL: no command */
static char folder[400], home[400];
static gm_ctx *ctx;
static gm_arena *memory;

static void skip_all(void)
{
  print_message("skipped: 1 case (GEMEL_CLI names no command)\n");
  skip();
}

/* Runs it in the folder; every command must give that code. */
static void run(int code, const char *arguments)
{
  char line[2400];
  snprintf(line, sizeof line, "cd %s && '%s%s%s' %s >out 2>err </dev/null", folder,
           gemel[0] == '/' ? "" : home, gemel[0] == '/' ? "" : "/", gemel, arguments);
  int status = system(line); /* lint: allow system, because the command is what is tested */
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
    fail_msg("gemel %s: %d, not %d", arguments, WEXITSTATUS(status), code);
}

static void file_put(const char *name, const char *text)
{
  char path[500];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(gm_file_write(ctx, path, text, strlen(text)), GM_OK);
}

static const gm_json *file_json(const char *name)
{
  char path[500], *text = NULL;
  size_t bytes = 0;
  gm_json *root = NULL;
  gm_json_options o = {.name = name};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(gm_file_read(ctx, path, 1 << 24, &text, &bytes), GM_OK);
  if (gm__json_parse(ctx, memory, &o, text, bytes, &root)) fail_msg("%s", gm_message(ctx));
  gm_free(text);
  return root;
}

/* The Bundle in a file, which is FHIR R4 without a fault. */
static const gm_json *bundle(const char *name)
{
  char path[500];
  gm_fhir_rules *rules = NULL;
  gm_fhir_report *report = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(gm_fhir_rules_new(ctx, &rules), GM_OK);
  assert_int_equal(gm_fhir_check_file(ctx, rules, NULL, path, &report), GM_OK);
  if (report->errors)
    fail_msg("%s: %s: %s", name, report->issue[0].expression, report->issue[0].reason);
  assert_string_equal(report->type, "Bundle");
  gm_fhir_report_free(report);
  gm_fhir_rules_free(rules);
  return file_json(name);
}

static const char *text_of(const gm_json *node, const char *key)
{
  const gm_json *n = gm__json_find(node, key);
  return n ? n->text : "";
}

/* The i-th resource of a type, from 0; NULL: there are not so many. */
static const gm_json *resource(const gm_json *root, const char *type, int i)
{
  const gm_json *list = gm__json_find(root, "entry");
  for (const gm_json *e = list ? list->first : NULL; e; e = e->next) {
    const gm_json *r = gm__json_find(e, "resource");
    if (!strcmp(text_of(r, "resourceType"), type) && i-- == 0) return r;
  }
  return NULL;
}

static int resources(const gm_json *root, const char *type)
{
  int n = 0;
  while (resource(root, type, n)) n++;
  return n;
}

static void is_draft(const gm_json *r)
{
  assert_non_null(r);
  assert_string_equal(text_of(r, "status"), "draft");
  assert_string_equal(text_of(r, "intent"), "proposal");
}

static int begin(void **state)
{
  (void)state;
  const char *tmp = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/gemel-fhir-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
  gemel = getenv("GEMEL_CLI");
  if (gemel && access(gemel, X_OK) != 0) gemel = NULL;
  unsetenv("GEMEL_STORE");
  unsetenv("GEMEL_KEY");
  if (!getcwd(home, sizeof home) || !mkdtemp(folder)) return -1;
  if (gm_ctx_new(NULL, &ctx) || gm_arena_new(ctx, 1 << 16, &memory)) return -1;
  if (gemel) run(0, "store new");
  return 0;
}

static int end(void **state)
{
  (void)state;
  char line[500];
  gm_arena_free(memory);
  gm_ctx_free(ctx);
  snprintf(line, sizeof line, "rm -r '%s'", folder);
  return system(line); /* lint: allow system, because it empties a folder of its own */
}

static void twin_new(const char *name)
{
  char line[700];
  snprintf(line, sizeof line,
           "twin new %s --definition %s/examples/keep/twin.yaml --subject %s --consent care", name,
           home, name);
  run(0, line);
}

static void twin_add(const char *name, const char *file, const char *more)
{
  char line[1400];
  snprintf(line, sizeof line, "twin add %s --data %s/examples/keep/%s %s", name, home, file, more);
  run(0, line);
}

/* ---- cases ----------------------------------------------------------------------------------- */
/* A twin that follows its patient: a CarePlan, one RequestGroup of alternatives, at most one to be
 * taken, for each a MedicationRequest, all drafts; and the same candidates as with --json, in that
 * order. The record's number is the id, so that the decision and the Bundle find each other. */
static void propose__writes_drafts(void **state)
{
  (void)state;
  char id[40], map[500];
  int64_t record = 0;
  if (!gemel) skip_all();
  twin_new("s1");
  twin_add("s1", "first.json", "--no-update");
  snprintf(map, sizeof map, "--map %s/examples/keep/later.yaml --no-update", home);
  twin_add("s1", "later.csv", map);
  twin_add("s1", "correct.json", "");
  run(0, "twin propose s1 --now 2026-05-01T16:00:00Z --fhir p.json --json");
  const gm_json *said = file_json("out"), *root = bundle("p.json");
  assert_int_equal(gm__json_int(gm__json_find(said, "record"), &record), GM_OK);
  snprintf(id, sizeof id, "proposal-%lld", (long long)record);
  const gm_json *plan = resource(root, "CarePlan", 0), *group = resource(root, "RequestGroup", 0);
  is_draft(plan);
  is_draft(group);
  assert_string_equal(text_of(plan, "id"), id);
  assert_int_equal(resources(root, "RequestGroup"), 1);
  assert_int_equal(resources(root, "Patient"), 1);
  assert_int_equal(resources(root, "Device"), 1);
  assert_int_equal(resources(root, "Observation"), 0);
  int requests = resources(root, "MedicationRequest");
  assert_in_range(requests, 2, 10);
  for (int i = 0; i < requests; i++) is_draft(resource(root, "MedicationRequest", i));
  const gm_json *alternatives = gm__json_find(group, "action")->first;
  assert_string_equal(text_of(alternatives, "selectionBehavior"), "at-most-one");
  run(0, "twin history s1 --kind proposal");
  run(0, "audit list --as auditor:x");
}

/* The first alternative is what the text proposes: docs/keep-a-twin.md says "100 mg every 6 h". */
static void propose__first_is_the_best(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  const gm_json *request = resource(file_json("p.json"), "MedicationRequest", 0);
  const gm_json *dosage = gm__json_find(request, "dosageInstruction")->first;
  const gm_json *dose = gm__json_find(gm__json_find(dosage, "doseAndRate")->first, "doseQuantity");
  assert_string_equal(text_of(dosage, "text"), "100 mg every 6 h");
  assert_string_equal(text_of(dose, "value"), "100");
  assert_string_equal(text_of(dose, "code"), "mg");
}

/* A twin that lost its patient proposes nothing: a CarePlan that says so, and no request. */
static void propose__withholds(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  twin_new("lost");
  twin_add("lost", "first.json", "--patient s1");
  run(0, "twin propose lost --now 2026-05-01T16:00:00Z --fhir l.json");
  const gm_json *root = bundle("l.json"), *plan = resource(root, "CarePlan", 0);
  is_draft(plan);
  assert_null(gm__json_find(plan, "activity"));
  assert_int_equal(resources(root, "RequestGroup"), 0);
  assert_int_equal(resources(root, "MedicationRequest"), 0);
}

/* Who may not carry off gets no file, and nothing is proposed. */
static void propose__asks_consent(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  run(0, "twin consent lost --deny --id no --action export --as patient:lost");
  run(2, "twin propose lost --now 2026-05-01T16:00:00Z --fhir no.json");
  char path[500];
  snprintf(path, sizeof path, "%s/no.json", folder);
  assert_int_not_equal(access(path, F_OK), 0);
  run(0, "twin consent lost --withdraw no --as patient:lost");
}

static const char of_lab[] =
    "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"meta\":{\"versionId\":\"%d\"},"
    "\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
    "\"code\":\"4049-3\"}]},\"subject\":{\"reference\":\"Patient/two\"},"
    "\"effectiveDateTime\":\"2026-05-01T%s:00:00Z\",\"valueQuantity\":{\"value\":%s,"
    "\"unit\":\"mg/L\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg/L\"}}";

/* Two laboratories, each with its own first Observation o1: both go out, each with its value; the
 * one that spoke first keeps its id, and still does after it was corrected. */
static void export__of_two_sources_with_one_id(void **state)
{
  (void)state;
  char text[1000];
  if (!gemel) skip_all();
  twin_new("two");
  snprintf(text, sizeof text, of_lab, 1, "08", "6.30");
  file_put("north.json", text);
  snprintf(text, sizeof text, of_lab, 1, "07", "7.25");
  file_put("south.json", text);
  run(0, "twin add two --data north.json --source north --no-update");
  run(0, "twin add two --data south.json --source south --no-update");
  for (int again = 0; again < 2; again++) {
    run(0, "twin export two --out two.json");
    const gm_json *root = bundle("two.json");
    const char *value[2], *id[2];
    assert_int_equal(resources(root, "Observation"), 2);
    for (int i = 0; i < 2; i++) {
      const gm_json *o = resource(root, "Observation", i);
      value[i] = text_of(gm__json_find(o, "valueQuantity"), "value");
      id[i] = text_of(o, "id");
    }
    int north = !strcmp(value[1], again ? "6.40" : "6.30");
    assert_string_equal(value[north], again ? "6.40" : "6.30");
    assert_string_equal(value[!north], "7.25");
    assert_string_equal(id[north], "o1");
    assert_string_not_equal(id[!north], "o1");
    if (again) break;
    snprintf(text, sizeof text, of_lab, 2, "08", "6.40"); /* its correction */
    file_put("north.json", text);
    run(0, "twin add two --data north.json --source north --no-update");
  }
}

/* That twin has no weight, which its definition needs: the facts are the subject's all the same,
 * and nothing of a twin is written. */
static void export__of_facts_alone(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  assert_int_equal(resources(file_json("two.json"), "Device"), 0);
}

/* Definitions have no version, so none is claimed: the Device has Gemel's alone. */
static void export__claims_no_version_of_the_definition(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  run(0, "twin export s1 --out s1.json");
  const gm_json *device = resource(bundle("s1.json"), "Device", 0);
  const gm_json *version = gm__json_find(device, "version");
  assert_int_equal(version->count, 1);
  assert_string_equal(text_of(version->first, "value"), gm_version());
}

/* The thread as JSON is JSON: bodies end where they end, those of consents too. */
static void history__is_json(void **state)
{
  (void)state;
  if (!gemel) skip_all();
  run(0, "twin history lost --json --all");
  int consents = 0;
  for (const gm_json *r = file_json("out")->first; r; r = r->next) {
    if (strcmp(text_of(r, "kind"), "consent") != 0) continue;
    const gm_json *body = gm__json_find(r, "body");
    assert_true(body == NULL || body->kind == GM_JSON_OBJECT);
    consents += body != NULL;
  }
  assert_true(consents >= 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(propose__writes_drafts),
      cmocka_unit_test(propose__first_is_the_best),
      cmocka_unit_test(propose__withholds),
      cmocka_unit_test(propose__asks_consent),
      cmocka_unit_test(export__of_two_sources_with_one_id),
      cmocka_unit_test(export__of_facts_alone),
      cmocka_unit_test(export__claims_no_version_of_the_definition),
      cmocka_unit_test(history__is_json),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
