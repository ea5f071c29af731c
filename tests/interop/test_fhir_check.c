/* Checking FHIR resources: structure, values, invariants, Bundles, limits, memory.
 * Every expectation is a sentence of the specification of FHIR R4 (hl7.org/fhir/R4).
 * label: quick */
#include "gemel/fhir_check.h"
#include "base/json_tree.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

static gm_fhir_report *report_of(const char *json)
{
  gm_fhir_report *r = NULL;
  assert_int_equal(GM_OK, gm_fhir_check(ctx, rules, NULL, json, strlen(json), &r));
  return r;
}

static void good(const char *json)
{
  gm_fhir_report *r = report_of(json);
  if (r->errors) fail_msg("%s: %s: %s", json, r->issue[0].expression, r->issue[0].reason);
  gm_fhir_report_free(r);
}

/* One error is at the place and its reason begins with, or has, the words. */
static void bad(const char *json, const char *place, const char *words)
{
  gm_fhir_report *r = report_of(json);
  bool found = false;
  for (int32_t i = 0; i < r->issue_count; i++)
    found =
        found || (r->issue[i].severity <= GM_FHIR_ERROR &&
                  strcmp(r->issue[i].expression, place) == 0 && strstr(r->issue[i].reason, words));
  if (!found)
    fail_msg("%s: expected an error at %s (%s); there are %lld, the first at %s: %s", json, place,
             words, (long long)r->errors, r->issue_count ? r->issue[0].expression : "",
             r->issue_count ? r->issue[0].reason : "");
  gm_fhir_report_free(r);
}

#define PATIENT(rest) "{\"resourceType\":\"Patient\"" rest "}"
#define OBSERVATION(rest)                                                                          \
  "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"      \
  "\"http://loinc.org\",\"code\":\"4548-4\"}]}" rest "}"

/* A resource is an object that names a resource type of R4. */
static void type__is_known(void **state)
{
  (void)state;
  good(PATIENT(""));
  bad("{\"resourceType\":\"Pacient\"}", "resourceType", "resource type");
  bad("{\"resourceType\":\"Quantity\",\"value\":1}", "resourceType", "resource type");
  bad("{}", "", "without a resourceType");
  bad("[]", "", "where a resource belongs");
  bad("\"Patient\"", "", "where a resource belongs");
  bad("{\"resourceType\":", "", "");
  bad("{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}", "Patient", "");
}

/* Elements belong to their type, and are arrays where several may be, and only there. */
static void element__is_one_of_its_type(void **state)
{
  (void)state;
  bad(PATIENT(",\"nick\":\"x\""), "Patient.nick", "no element of Patient");
  bad(PATIENT(",\"name\":{\"family\":\"x\"}"), "Patient.name", "where an array belongs");
  bad(PATIENT(",\"gender\":[\"male\"]"), "Patient.gender", "at most one");
  bad(PATIENT(",\"name\":[[{\"family\":\"x\"}]]"), "Patient.name[0]", "where an object");
  bad(PATIENT(",\"name\":[\"x\"]"), "Patient.name[0]", "where an object");
  bad(PATIENT(",\"birthDate\":{\"value\":1}"), "Patient.birthDate", "where a value");
  good(PATIENT(",\"name\":[{\"family\":\"x\",\"given\":[\"y\",\"z\"]}]"));
}

/* What must be there is there; a primitive may be there by its extensions alone. */
static void required__is_there(void **state)
{
  (void)state;
  bad("{\"resourceType\":\"Observation\",\"status\":\"final\"}", "Observation", "code is missing");
  bad("{\"resourceType\":\"Observation\",\"code\":{\"text\":\"x\"}}", "Observation",
      "status is missing");
  good("{\"resourceType\":\"Observation\",\"code\":{\"text\":\"x\"},\"_status\":{\"extension\":[{"
       "\"url\":\"http://a.b/c\",\"valueCode\":\"d\"}]}}");
  bad("{\"resourceType\":\"MedicationStatement\",\"status\":\"active\",\"subject\":{\"reference\":"
      "\"Patient/1\"}}",
      "MedicationStatement", "medication[x] is missing");
}

/* A choice is made once. */
static void choice__is_made_once(void **state)
{
  (void)state;
  good(OBSERVATION(",\"valueString\":\"x\",\"_valueString\":{\"id\":\"i\",\"extension\":[{\"url\":"
                   "\"http://a.b/c\",\"valueCode\":\"d\"}]}"));
  bad(OBSERVATION(",\"valueString\":\"x\",\"valueInteger\":1"), "Observation.valueInteger",
      "more than one form");
  bad(OBSERVATION(",\"valueString\":\"x\",\"_valueInteger\":{\"extension\":[{\"url\":"
                  "\"http://a.b/c\",\"valueCode\":\"d\"}]}"),
      "Observation._valueInteger", "more than one form");
  bad(OBSERVATION(",\"value\":1"), "Observation.value", "no element");
  bad(OBSERVATION(",\"valueMoney\":{\"value\":1}"), "Observation.valueMoney", "no element");
}

/* Nothing is empty; null stands only in arrays, beside extensions. */
static void empty__is_refused(void **state)
{
  (void)state;
  bad(PATIENT(",\"name\":[]"), "Patient.name", "an empty array");
  bad(PATIENT(",\"name\":[{}]"), "Patient.name[0]", "an empty object");
  bad(PATIENT(",\"language\":\"\""), "Patient.language", "an empty text");
  bad(PATIENT(",\"meta\":null"), "Patient.meta", "null");
  bad(PATIENT(",\"name\":[{\"given\":[null]}]"), "Patient.name[0].given[0]", "null");
  bad(PATIENT(",\"name\":[{\"given\":[\"a\",null],\"_given\":[{\"id\":\"b\"},null]}]"),
      "Patient.name[0].given[1]", "null");
  good(PATIENT(",\"name\":[{\"given\":[\"a\",null],\"_given\":[null,{\"extension\":[{\"url\":"
               "\"http://a.b/c\",\"valueCode\":\"d\"}]}]}]"));
  bad(PATIENT(",\"_name\":[{\"id\":\"b\"}]"), "Patient._name", "no element");
  bad(PATIENT(",\"gender\":\"male\",\"_gender\":{\"value\":\"x\"}"), "Patient._gender.value",
      "no element of Element");
  bad(PATIENT(",\"maritalStatus\":{\"id\":\"x\"}"), "Patient.maritalStatus", "ele-1");
}

/* Required bindings: the codes of the schema, exactly. */
static void code__is_of_its_list(void **state)
{
  (void)state;
  good(PATIENT(",\"gender\":\"unknown\""));
  bad(PATIENT(",\"gender\":\"Male\""), "Patient.gender", "none of the codes");
  bad(PATIENT(",\"gender\":\"male female\""), "Patient.gender", "none of the codes");
  bad(PATIENT(",\"gender\":\"mal\""), "Patient.gender", "none of the codes");
}

typedef struct {
  const char *element, *value; /* of Extension, as JSON */
  bool good;
} form;

/* The forms of primitive values, among them days that are not in the calendar. */
static void value__has_its_form(void **state)
{
  static const form forms[] = {
      {"valueDate", "\"2020\"", true},
      {"valueDate", "\"2020-02\"", true},
      {"valueDate", "\"2020-02-29\"", true},
      {"valueDate", "\"2021-02-29\"", false},
      {"valueDate", "\"1900-02-29\"", false},
      {"valueDate", "\"2000-02-29\"", true},
      {"valueDate", "\"2020-13\"", false},
      {"valueDate", "\"2020-04-31\"", false},
      {"valueDate", "\"0000\"", false},
      {"valueDate", "\"20\"", false},
      {"valueDate", "\"2020-01-01T00:00:00Z\"", false},
      {"valueDate", "\" 2020\"", false},
      {"valueDateTime", "\"2020-01-01\"", true},
      {"valueDateTime", "\"2020-01-01T10:00:00Z\"", true},
      {"valueDateTime", "\"2020-01-01T10:00:00.123456-04:30\"", true},
      {"valueDateTime", "\"2016-12-31T23:59:60Z\"", true},
      {"valueDateTime", "\"2020-01-01T10:00Z\"", false},
      {"valueDateTime", "\"2020-01-01T10:00:00\"", false},
      {"valueDateTime", "\"2020-01T10:00:00Z\"", false},
      {"valueDateTime", "\"2020-01-01T24:00:00Z\"", false},
      {"valueDateTime", "\"2020-01-01T10:00:00+14:01\"", false},
      {"valueDateTime", "\"2020-01-01T10:00:00+14:00\"", true},
      {"valueDateTime", "\"2020-01-01 10:00:00Z\"", false},
      {"valueInstant", "\"2020-01-01\"", false},
      {"valueInstant", "\"2020-01-01T10:00:00.5Z\"", true},
      {"valueTime", "\"10:00:00\"", true},
      {"valueTime", "\"10:00\"", false},
      {"valueTime", "\"10:00:00Z\"", false},
      {"valueBoolean", "true", true},
      {"valueBoolean", "\"true\"", false},
      {"valueInteger", "-2147483648", true},
      {"valueInteger", "2147483648", false},
      {"valueInteger", "1.0", false},
      {"valueInteger", "1e2", false},
      {"valueInteger", "\"1\"", false},
      {"valueUnsignedInt", "0", true},
      {"valueUnsignedInt", "-1", false},
      {"valuePositiveInt", "0", false},
      {"valuePositiveInt", "1", true},
      {"valueDecimal", "6.30", true},
      {"valueDecimal", "-1.5e-7", true},
      {"valueDecimal", "\"6.30\"", false},
      {"valueId", "\"a-B.9\"", true},
      {"valueId", "\"a_b\"", false},
      {"valueId", "\"1234567890123456789012345678901234567890123456789012345678901234\"", true},
      {"valueId", "\"12345678901234567890123456789012345678901234567890123456789012345\"", false},
      {"valueOid", "\"urn:oid:2.16.840.1\"", true},
      {"valueOid", "\"2.16.840.1\"", false},
      {"valueOid", "\"urn:oid:3.1\"", false},
      {"valueOid", "\"urn:oid:1.01\"", false},
      {"valueUuid", "\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\"", true},
      {"valueUuid", "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"", false},
      {"valueUuid", "\"c757873d-ec9a-4326-a141-556f43239520\"", false},
      {"valueUri", "\"a/b?c\"", true},
      {"valueUri", "\"a b\"", false},
      {"valueUri", "\"urn:oid:1.2.x\"", false},
      {"valueUri", "\"urn:uuid:12\"", false},
      {"valueCanonical", "\"http://a.b/c|1\"", true},
      {"valueCanonical", "\"a/b\"", false},
      {"valueCode", "\"a b\"", true},
      {"valueCode", "\"a  b\"", false},
      {"valueCode", "\" a\"", false},
      {"valueCode", "\"a \"", false},
      {"valueString", "\" a\\n\"", true},
      {"valueString", "\"a\\u0007\"", false},
      {"valueString", "\"a\\u0000b\"", false},
      {"valueString", "1", false},
      {"valueBase64Binary", "\"QUJD\"", true},
      {"valueBase64Binary", "\"QU JD\\nQQ==\"", true},
      {"valueBase64Binary", "\"QUJ\"", false},
      {"valueBase64Binary", "\"QU=D\"", false},
      {"valueBase64Binary", "\"%%%2@()()\"", false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    char json[400], place[100];
    snprintf(json, sizeof json, PATIENT(",\"extension\":[{\"url\":\"http://a.b/c\",\"%s\":%s}]"),
             forms[i].element, forms[i].value);
    snprintf(place, sizeof place, "Patient.extension[0].%s", forms[i].element);
    if (forms[i].good)
      good(json);
    else
      bad(json, place, "");
  }
}

/* No issue quotes a value: what was written is nowhere in it. */
static void issue__never_quotes_a_value(void **state)
{
  static const char *const json[] = {
      PATIENT(",\"id\":\"Sec ret\""),
      PATIENT(",\"birthDate\":\"Secret\""),
      PATIENT(",\"gender\":\"Secret\""),
      PATIENT(",\"managingOrganization\":{\"reference\":\"Secret\"}"),
      PATIENT(",\"name\":[{\"period\":{\"start\":\"2021-Secret\"}}]"),
      PATIENT(",\"link\":[{\"other\":{\"reference\":\"#Secret\"},\"type\":\"Secret\"}]"),
      PATIENT(",\"extension\":[{\"url\":\"Secret|1\"}]"),
      "{\"resourceType\":\"Secret\"}",
      "{\"resourceType\":\"Patient\",\"id\":\"Secret}",
      "{\"resourceType\":\"Patient\",\"id\":\"Secret\"Secret}",
  };
  (void)state;
  for (size_t i = 0; i < sizeof json / sizeof json[0]; i++) {
    gm_fhir_report *r = report_of(json[i]);
    assert_true(r->errors > 0);
    for (int32_t k = 0; k < r->issue_count; k++) {
      assert_null(strstr(r->issue[k].reason, "Sec"));
      assert_null(strstr(r->issue[k].expression, "Sec"));
    }
    assert_null(strstr(gm_message(ctx), "Sec"));
    gm_fhir_report_free(r);
  }
}

/* Invariants of data types. */
static void invariant__of_data_types(void **state)
{
  (void)state;
  bad(PATIENT(",\"extension\":[{\"url\":\"http://a.b/c\"}]"), "Patient.extension[0]", "ext-1");
  bad(PATIENT(",\"extension\":[{\"url\":\"http://a.b/c\",\"valueCode\":\"d\",\"extension\":[{"
              "\"url\":\"e\",\"valueCode\":\"f\"}]}]"),
      "Patient.extension[0]", "ext-1");
  bad(PATIENT(",\"telecom\":[{\"value\":\"1\"}]"), "Patient.telecom[0]", "cpt-2");
  bad(PATIENT(",\"name\":[{\"period\":{\"start\":\"2021\",\"end\":\"2020\"}}]"),
      "Patient.name[0].period", "per-1");
  bad(PATIENT(",\"name\":[{\"period\":{\"start\":\"2020-01-01T01:00:00Z\",\"end\":\"2020-01-01T01:"
              "30:00+01:00\"}}]"),
      "Patient.name[0].period", "per-1");
  good(PATIENT(",\"name\":[{\"period\":{\"start\":\"2020-01-01T02:00:00+02:00\",\"end\":"
               "\"2020-01-01T00:00:00.001Z\"}}]"));
  bad(OBSERVATION(",\"valueQuantity\":{\"value\":1,\"code\":\"mg\"}"), "Observation.valueQuantity",
      "qty-3");
  bad(OBSERVATION(",\"valueRange\":{\"low\":{\"value\":2},\"high\":{\"value\":1.5}}"),
      "Observation.valueRange", "rng-2");
  good(OBSERVATION(",\"valueRange\":{\"low\":{\"value\":2,\"unit\":\"mg\"},\"high\":{\"value\":1,"
                   "\"unit\":\"g\"}}"));
  bad(OBSERVATION(",\"valueRatio\":{\"numerator\":{\"value\":2}}"), "Observation.valueRatio",
      "rat-1");
  bad(PATIENT(",\"photo\":[{\"data\":\"QUJD\"}]"), "Patient.photo[0]", "att-1");
  bad(PATIENT(",\"photo\":[{\"contentType\":\"image/png\",\"data\":\"QUJD\",\"size\":4}]"),
      "Patient.photo[0]", "size");
  good(PATIENT(",\"photo\":[{\"contentType\":\"image/png\",\"data\":\"QUI=\",\"size\":2}]"));
#define BOUNDS(x) OBSERVATION(",\"effectiveTiming\":{\"repeat\":{\"boundsDuration\":{" x "}}}")
  good(BOUNDS("\"value\":1,\"unit\":\"weeks\""));
  good(BOUNDS("\"value\":1,\"system\":\"http://unitsofmeasure.org\",\"code\":\"wk\""));
  bad(BOUNDS("\"value\":1,\"system\":\"http://a.b\",\"code\":\"wk\""),
      "Observation.effectiveTiming.repeat.boundsDuration", "drt-1");
  bad(OBSERVATION(",\"effectiveTiming\":{\"repeat\":{\"period\":1}}"),
      "Observation.effectiveTiming.repeat", "tim-2");
  bad(OBSERVATION(",\"effectiveTiming\":{\"repeat\":{\"offset\":1,\"when\":[\"CM\"]}}"),
      "Observation.effectiveTiming.repeat", "tim-9");
  bad(OBSERVATION(",\"effectiveTiming\":{\"repeat\":{\"duration\":-1,\"durationUnit\":\"h\"}}"),
      "Observation.effectiveTiming.repeat", "tim-4");
}

/* Invariants of resources. */
static void invariant__of_resources(void **state)
{
  (void)state;
  bad(OBSERVATION(",\"valueInteger\":1,\"dataAbsentReason\":{\"text\":\"x\"}"), "Observation",
      "obs-6");
  bad(OBSERVATION(",\"valueInteger\":1,\"component\":[{\"code\":{\"coding\":[{\"system\":"
                  "\"http://loinc.org\",\"code\":\"4548-4\"}]}}]"),
      "Observation", "obs-7");
  good(OBSERVATION(",\"valueInteger\":1,\"component\":[{\"code\":{\"coding\":[{\"system\":"
                   "\"http://loinc.org\",\"code\":\"4548-5\"}]}}]"));
  bad("{\"resourceType\":\"Condition\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"abatementDateTime\":\"2020\"}",
      "Condition", "con-4");
  bad("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"x\"}]}",
      "Parameters.parameter[0]", "inv-1");
  bad("{\"resourceType\":\"RiskAssessment\",\"status\":\"final\",\"subject\":{\"reference\":"
      "\"Patient/1\"},\"prediction\":[{\"probabilityDecimal\":100.5}]}",
      "RiskAssessment.prediction[0]", "ras-2");
  bad("{\"resourceType\":\"Organization\",\"active\":true}", "Organization", "org-1");
  bad("{\"resourceType\":\"CarePlan\",\"status\":\"draft\",\"intent\":\"proposal\",\"subject\":{"
      "\"reference\":\"Patient/1\"},\"activity\":[{\"detail\":{\"status\":\"not-started\"},"
      "\"reference\":{\"reference\":\"RequestGroup/1\"}}]}",
      "CarePlan.activity[0]", "cpl-3");
}

/* Contained resources are referred to, hold none themselves and are found by their id. */
static void contained__is_referred_to(void **state)
{
  (void)state;
#define CONTAINED "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"x\""
  good(PATIENT("," CONTAINED "}],\"managingOrganization\":{\"reference\":\"#o\"}"));
  bad(PATIENT("," CONTAINED "}]"), "Patient.contained[0]", "dom-3");
  good(PATIENT("," CONTAINED ",\"partOf\":{\"reference\":\"#\"}}]"));
  bad(PATIENT("," CONTAINED "}],\"managingOrganization\":{\"reference\":\"#p\"}"),
      "Patient.managingOrganization.reference", "ref-1");
  bad(PATIENT("," CONTAINED ",\"meta\":{\"versionId\":\"1\"}}],\"managingOrganization\":{"
              "\"reference\":\"#o\"}"),
      "Patient.contained[0]", "dom-4");
  bad(PATIENT("," CONTAINED "," CONTAINED "}]}],\"managingOrganization\":{\"reference\":\"#o\"}"),
      "Patient.contained[0]", "dom-2");
  bad(PATIENT(",\"contained\":[{\"id\":\"o\"}]"), "Patient.contained[0]", "without a resourceType");
}

static void reference__has_a_form(void **state)
{
  static const char *const right[] = {"Patient/1", "Patient/1/_history/2", "http://a.b/c",
                                      "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
                                      "Patient?identifier=x"};
  static const char *const wrong[] = {"Pacient/1",   "1",           "Patient/",
                                      "Patient/a_b", "Patient/1/2", "/Patient/1"};
  char json[300];
  (void)state;
  for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
    snprintf(json, sizeof json, OBSERVATION(",\"subject\":{\"reference\":\"%s\"}"), right[i]);
    good(json);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    snprintf(json, sizeof json, OBSERVATION(",\"subject\":{\"reference\":\"%s\"}"), wrong[i]);
    bad(json, "Observation.subject.reference", "TYPE/ID");
  }
}

#define ENTRY(n)                                                                                   \
  "{\"fullUrl\":\"http://a.b/Patient/" n "\",\"resource\":{\"resourceType\":"                      \
  "\"Patient\",\"id\":\"" n "\"}}"
#define BUNDLE(type, entries)                                                                      \
  "{\"resourceType\":\"Bundle\",\"type\":\"" type "\",\"entry\":[" entries "]}"

/* Bundles: entries go with the kind; full URLs are absolute, unique, and fit the resource. */
static void bundle__entries_go_with_its_kind(void **state)
{
  (void)state;
  good(BUNDLE("collection", ENTRY("1") "," ENTRY("2")));
  good("{\"resourceType\":\"Bundle\",\"type\":\"collection\"}");
  bad("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[]}", "Bundle.entry",
      "an empty array");
  bad(BUNDLE("collection", ENTRY("1") "," ENTRY("2") "," ENTRY("1")), "Bundle.entry[2]", "bdl-7");
  bad(BUNDLE("transaction", ENTRY("1")), "Bundle.entry[0]", "bdl-3");
  bad(BUNDLE("history", ENTRY("1")), "Bundle.entry[0]", "bdl-4");
  bad("{\"resourceType\":\"Bundle\",\"total\":1,\"type\":\"collection\",\"entry\":[" ENTRY(
          "1") "]}",
      "Bundle", "bdl-1");
  bad(BUNDLE("collection", "{\"fullUrl\":\"http://a.b/Patient/1\"}"), "Bundle.entry[0]", "bdl-5");
  bad(BUNDLE("collection", "{\"fullUrl\":\"Patient/1\",\"resource\":" PATIENT("") "}"),
      "Bundle.entry[0]", "absolute");
  bad(BUNDLE("collection",
             "{\"fullUrl\":\"http://a.b/Patient/2\",\"resource\":" PATIENT(",\"id\":\"1\"") "}"),
      "Bundle.entry[0]", "TYPE/ID");
  bad(BUNDLE("collection", "{\"resource\":" PATIENT("") "}"), "Bundle.entry[0]", "full URL");
  bad(BUNDLE("document", ENTRY("1")), "Bundle", "bdl-9");
  bad(BUNDLE("document", ENTRY("1")), "Bundle", "bdl-11");
  bad(BUNDLE("message", ENTRY("1")), "Bundle", "bdl-12");
  bad(BUNDLE("collection", "null"), "Bundle.entry[0]", "null");
  bad(BUNDLE("collection", "{\"fullUrl\":\"http://a.b/c\",\"resource\":{\"resourceType\":"
                           "\"Patient\",\"birthDate\":\"x\"}}"),
      "Bundle.entry[0].resource.birthDate", "no date");
  /* the type may come last, and Bundles may hold Bundles */
  good("{\"entry\":[" ENTRY("1") "],\"type\":\"collection\",\"resourceType\":\"Bundle\"}");
  bad("{\"entry\":[" ENTRY("1") "],\"type\":\"batch\",\"resourceType\":\"Bundle\"}",
      "Bundle.entry[0]", "bdl-3");
  bad(BUNDLE("collection", "{\"fullUrl\":\"http://a.b/c\",\"resource\":" BUNDLE(
                               "collection", ENTRY("1") "," ENTRY("1")) "}"),
      "Bundle.entry[0].resource.entry[1]", "bdl-7");
}

/* A document holds what its composition refers to, by the rules for full URLs. */
static void document__holds_what_it_refers_to(void **state)
{
  static const char document[] =
      "{\"resourceType\":\"Bundle\",\"type\":\"document\",\"timestamp\":\"2020-01-01T00:00:00Z\","
      "\"identifier\":{\"system\":\"http://a.b\",\"value\":\"1\"},\"entry\":[{\"fullUrl\":"
      "\"http://a.b/Composition/1\",\"resource\":{\"resourceType\":\"Composition\",\"id\":\"1\","
      "\"status\":\"final\",\"type\":{\"text\":\"x\"},\"date\":\"2020\",\"title\":\"x\",\"author\":"
      "[{\"reference\":\"%s\"}]}}," ENTRY("1") "]}";
  char json[1200];
  (void)state;
  snprintf(json, sizeof json, document, "Patient/1");
  good(json);
  snprintf(json, sizeof json, document, "http://a.b/Patient/1");
  good(json);
  snprintf(json, sizeof json, document, "Patient/2");
  bad(json, "Bundle.entry[0].resource.author[0]", "no entry");
  snprintf(json, sizeof json, document, "http://c.d/Patient/1");
  bad(json, "Bundle.entry[0].resource.author[0]", "no entry");
}

/* A report becomes an OperationOutcome that is itself right. */
static void report__is_an_operation_outcome(void **state)
{
  static const char *const json[] = {PATIENT(""), PATIENT(",\"x\":1,\"name\":[]"), "{"};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    gm_text t;
    gm_fhir_report *r = report_of(json[i]);
    gm_text_init(&t, ctx);
    assert_int_equal(GM_OK, gm_fhir_report_json(ctx, r, &t));
    good(t.data);
    assert_non_null(
        strstr(t.data, i ? "\"error\"" : "\"information\"") ? t.data : strstr(t.data, "\"fatal\""));
    gm_text_free(&t);
    gm_fhir_report_free(r);
  }
}

/* Issues beyond the limit are counted, not kept. */
static void limit__of_issues(void **state)
{
  gm_text t;
  gm_fhir_report *r;
  const gm_fhir_check_options o = {.issue_count_max = 10};
  (void)state;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "{\"resourceType\":\"Patient\",\"name\":[{}");
  for (int i = 1; i < 1000; i++) gm_text_add(&t, ",{}");
  gm_text_add(&t, "]}");
  assert_int_equal(GM_OK, gm_fhir_check(ctx, rules, &o, t.data, t.bytes, &r));
  assert_int_equal(10, r->issue_count);
  assert_int_equal(1000, r->errors);
  assert_int_equal(990, r->left_out);
  gm_fhir_report_free(r);
  gm_text_free(&t);
  assert_int_equal(
      GM_EINVAL,
      gm_fhir_check(ctx, rules, &(gm_fhir_check_options){.issue_count_max = -1}, "{}", 2, &r));
}

/* ---- memory ---------------------------------------------------------------------------------- */
typedef struct {
  size_t now, peak;
} meter;

static void *meter_alloc(void *user, size_t bytes)
{
  meter *m = user;
  size_t *p = malloc(bytes + 16);
  if (!p) return NULL;
  *p = bytes;
  m->now += bytes;
  if (m->now > m->peak) m->peak = m->now;
  return (char *)p + 16;
}

static void meter_free(void *user, void *p)
{
  meter *m = user;
  if (!p) return;
  m->now -= *(size_t *)((char *)p - 16);
  free((char *)p - 16);
}

/* A Bundle of 100,000 entries needs little more memory than one of 1,000: its full URLs. */
static void bundle__of_any_length_needs_little_memory(void **state)
{
  size_t peak[2];
  const int32_t count[2] = {1000, 100000};
  (void)state;
  for (int k = 0; k < 2; k++) {
    char path[] = "/tmp/gemel-fhir-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    fputs("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[", f);
    for (int32_t i = 0; i < count[k]; i++)
      fprintf(f,
              "%s{\"fullUrl\":\"http://a.b/Observation/%d\",\"resource\":{\"resourceType\":"
              "\"Observation\",\"id\":\"%d\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
              "\"valueQuantity\":{\"value\":%d.50}}}",
              i ? "," : "", (int)i, (int)i, (int)i);
    fputs("]}", f);
    fclose(f);
    meter m = {0};
    gm_ctx *metered;
    gm_fhir_report *r;
    gm_ctx_options o = {.allocator = {meter_alloc, meter_free, &m}};
    assert_int_equal(GM_OK, gm_ctx_new(&o, &metered));
    assert_int_equal(GM_OK, gm_fhir_check_file(metered, rules, NULL, path, &r));
    assert_int_equal(0, r->errors);
    assert_int_equal(count[k] + 1, r->resources);
    peak[k] = m.peak;
    gm_fhir_report_free(r);
    gm_ctx_free(metered);
    assert_int_equal(0, m.now);
    remove(path);
  }
  printf("peak memory: %zu bytes for 1,000 entries, %zu for 100,000\n", peak[0], peak[1]);
  assert_true(peak[1] < peak[0] + (size_t)100000 * 24 * 3);
}

/* Deep nesting ends in a message, not in the stack. */
static void depth__is_bounded(void **state)
{
  gm_text t;
  (void)state;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "{\"resourceType\":\"Parameters\",\"parameter\":[");
  for (int i = 0; i < 5000; i++) gm_text_add(&t, "{\"name\":\"x\",\"part\":[");
  gm_fhir_report *r = report_of(t.data);
  assert_int_equal(GM_FHIR_FATAL, r->issue[0].severity);
  gm_fhir_report_free(r);
  gm_text_free(&t);
}

static gm_status trial_rules(gm_ctx *c, void *user)
{
  gm_fhir_rules *r;
  (void)user;
  gm_status s = gm_fhir_rules_new(c, &r);
  if (!s) gm_fhir_rules_free(r);
  return s;
}

static gm_status trial_check(gm_ctx *c, void *user)
{
  static const char json[] = BUNDLE("document", ENTRY("1") "," ENTRY("1") ",{\"resource\":" PATIENT(
                                                    "," CONTAINED "}],\"x\":1,\"name\":[]") "}");
  gm_fhir_report *r;
  (void)user;
  gm_status s = gm_fhir_check(c, rules, NULL, json, sizeof json - 1, &r);
  if (!s) gm_fhir_report_free(r);
  return s;
}

/* Memory that runs out anywhere gives GM_ENOMEM and leaks nothing. */
static void memory__may_run_out(void **state)
{
  (void)state;
  fault_sweep("rules", trial_rules, NULL);
  fault_sweep("check", trial_check, NULL);
}

static void file__that_is_not_there(void **state)
{
  gm_fhir_report *r;
  (void)state;
  assert_int_equal(GM_EIO, gm_fhir_check_file(ctx, rules, NULL, "/nonexistent/x.json", &r));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(type__is_known),
      cmocka_unit_test(element__is_one_of_its_type),
      cmocka_unit_test(required__is_there),
      cmocka_unit_test(choice__is_made_once),
      cmocka_unit_test(empty__is_refused),
      cmocka_unit_test(code__is_of_its_list),
      cmocka_unit_test(value__has_its_form),
      cmocka_unit_test(issue__never_quotes_a_value),
      cmocka_unit_test(invariant__of_data_types),
      cmocka_unit_test(invariant__of_resources),
      cmocka_unit_test(contained__is_referred_to),
      cmocka_unit_test(reference__has_a_form),
      cmocka_unit_test(bundle__entries_go_with_its_kind),
      cmocka_unit_test(document__holds_what_it_refers_to),
      cmocka_unit_test(report__is_an_operation_outcome),
      cmocka_unit_test(limit__of_issues),
      cmocka_unit_test(bundle__of_any_length_needs_little_memory),
      cmocka_unit_test(depth__is_bounded),
      cmocka_unit_test(memory__may_run_out),
      cmocka_unit_test(file__that_is_not_there),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
