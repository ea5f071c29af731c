/* test_fhir_in_bundle.c - files: Bundles, NDJSON, references between entries, accounts, refusals of
 * the whole.
 * label: quick */
#include "interop/test_fhir_in_case.h"
#include "base/json_tree.h"
#include "support/fault.h"
#include <sys/stat.h>

#define OBS(id, more, subject, value)                                                              \
  "{'resourceType':'Observation','id':'" id "','meta':{'versionId':'1'" more "},"                  \
  "'status':'final','subject':{'reference':'" subject                                              \
  "'},'effectiveDateTime':'2015-02-07T13:28:17Z','code':{'coding':[{'system':'http://loinc.org',"  \
  "'code':'2345-7'}]},'valueQuantity':{'value':" value                                             \
  ",'system':'http://unitsofmeasure.org','code':'mmol/L'}}"
#define FACT(value, subject, id)                                                                   \
  "observation glucose '" value "' mmol/L @1423315697 " subject " " id " 1 loinc|2345-7\n"
#define PAT(id, more)      "{'resourceType':'Patient','id':'" id "'" more "}"
#define BUNDLE(type, list) "{'resourceType':'Bundle','type':'" type "','entry':[" list "]}"
#define E(url, resource)   "{'fullUrl':'" url "','resource':" resource "}"
#define BARE(resource)     "{'resource':" resource "}"

static void facts_are(const char *text, const char *patient, const char *facts)
{
  reading r = case_read_as(text, false, patient);
  if (r.status) fail_msg("%s", gm_message(ctx));
  assert_string_equal(facts, r.facts.data);
  assert_int_equal(r.totals.entries, r.totals.taken + r.totals.not_mapped + r.totals.refused);
  reading_free(&r);
}

/* ---- references ------------------------------------------------------------------------------ */
/* A fullUrl finds its Patient behind the data as before it; a version in a reference says nothing
 * of who it is; what is not in the file goes by its own name. */
static void reference__to_a_patient(void **state)
{
  (void)state;
#define PU E("urn:uuid:7", PAT("p1", ""))
#define AU E("http://a.org/fhir/Patient/p1", PAT("p1", ""))
  facts_are(BUNDLE("transaction", BARE(OBS("o1", "", "urn:uuid:7", "5")) "," PU), NULL,
            FACT("5", "Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("transaction", PU "," BARE(OBS("o1", "", "urn:uuid:7", "5"))), NULL,
            FACT("5", "Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("collection", BARE(OBS("o1", "", "Patient/p1/_history/4", "5"))), NULL,
            FACT("5", "Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("collection", BARE(OBS("o1", "", "http://a.org/fhir/Patient/p1", "5")) "," AU),
            NULL, FACT("5", "Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("collection", BARE(OBS("o1", "", "http://b.org/fhir/Patient/p1", "5")) "," AU),
            NULL, FACT("5", "http://b.org/fhir/Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("transaction", E("urn:uuid:7", "{'resourceType':'Patient'}") "," BARE(
                                      OBS("o1", "", "urn:uuid:7", "5"))),
            NULL, FACT("5", "urn:uuid:7", "Observation/o1"));
}

/* Patients of two servers with the same id are two people: a relative reference means the entry's
 * own server, and without one it is refused. */
static void reference__two_servers(void **state)
{
  (void)state;
#define TWO                                                                                        \
  E("http://a.org/Patient/p1", PAT("p1", "")) "," E("http://b.org/Patient/p1", PAT("p1", "")) ","
  facts_are(
      BUNDLE("collection", TWO E("http://b.org/Observation/o1", OBS("o1", "", "Patient/p1", "5"))),
      NULL, FACT("5", "http://b.org/Patient/p1", "Observation/o1"));
  facts_are(
      BUNDLE("collection", TWO E("http://a.org/Observation/o1", OBS("o1", "", "Patient/p1", "5"))),
      NULL, FACT("5", "http://a.org/Patient/p1", "Observation/o1"));
  case_is(BUNDLE("collection", TWO BARE(OBS("o1", "", "Patient/p1", "5"))), "",
          "refused 0/1 multiple-matches: Observation.subject.reference: an id of more than one "
          "Patient\n");
}

/* An identifier alone finds the Patient who has it. */
static void reference__by_identifier(void **state)
{
  (void)state;
#define IDENTIFIER ",'identifier':[{'system':'http://a.org/mrn','value':'42'}]"
#define BY                                                                                         \
  "{'resourceType':'Observation','id':'o1','meta':{'versionId':'1'},'status':'final','subject':{"  \
  "'identifier':{'system':'http://a.org/mrn','value':'42'}},'effectiveDateTime':"                  \
  "'2015-02-07T13:28:17Z','code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]},"      \
  "'valueQuantity':{'value':5,'system':'http://unitsofmeasure.org','code':'mmol/L'}}"
  facts_are(BUNDLE("collection", BARE(BY) "," BARE(PAT("p1", IDENTIFIER))), NULL,
            FACT("5", "Patient/p1", "Observation/o1"));
  facts_are(BUNDLE("collection", BARE(BY)), NULL,
            FACT("5", "http://a.org/mrn|42", "Observation/o1"));
  facts_are(BUNDLE("collection", BARE(BY)), "http://a.org/mrn|42",
            FACT("5", "http://a.org/mrn|42", "Observation/o1"));
}

/* ---- one patient ----------------------------------------------------------------------------- */
static void patient__only_one(void **state)
{
  (void)state;
  static const char *const ways[] = {"p2", "Patient/p2", "http://a.org/mrn|42"};
  const char *text =
      BUNDLE("collection", BARE(OBS("o1", "", "Patient/p1", "5")) "," BARE(
                               OBS("o2", "", "Patient/p2", "6")) "," BARE(PAT("p2", IDENTIFIER)));
  for (int i = 0; i < 3; i++) {
    reading r = case_read_as(text, false, ways[i]);
    assert_int_equal(GM_OK, r.status);
    assert_non_null(strstr(r.facts.data, FACT("6", "Patient/p2", "Observation/o2")));
    assert_null(strstr(r.facts.data, "Patient/p1"));
    assert_non_null(strstr(r.accounts.data, "Bundle.entry[0] Observation o1 not mapped 0/0 "
                                            "informational: of another patient than the one asked "
                                            "for\n"));
    reading_free(&r);
  }
  reading r = case_read_as(
      BUNDLE("collection", BARE(PAT("p1", IDENTIFIER)) "," BARE(PAT("p2", IDENTIFIER))), false,
      "http://a.org/mrn|42");
  assert_int_equal(GM_EINVAL, r.status);
  assert_null(strstr(gm_message(ctx), "42"));
  assert_int_equal(0, r.totals.entries);
  reading_free(&r);
}

/* ---- Bundles --------------------------------------------------------------------------------- */
/* Entries are the same whatever the Bundle is for. */
static void bundle__of_every_type(void **state)
{
  (void)state;
  static const char *const type[] = {"transaction", "batch",     "collection",
                                     "document",    "searchset", "message"};
  for (int i = 0; i < 6; i++) {
    char text[900];
    snprintf(text, sizeof text, BUNDLE("%s", BARE(OBS("o1", "", "Patient/p1", "5"))), type[i]);
    facts_are(text, NULL, FACT("5", "Patient/p1", "Observation/o1"));
  }
}

/* Every entry has an account, also one without a resource. */
static void bundle__entries_without_resource(void **state)
{
  (void)state;
  reading r = case_read_as(BUNDLE("batch", "{'request':{'method':'GET','url':'Patient'}},"
                                           "{'request':{'method':'DELETE','url':'Observation/o1'}},"
                                           "{'response':{'status':'201'}},{},7,{'resource':[]},"
                                           "{'resource':{'id':'x'}}," BARE(BUNDLE("batch", ""))),
                           false, NULL);
  assert_int_equal(GM_OK, r.status);
  assert_string_equal(
      "Bundle.entry[0]   not mapped 0/0 informational: a request to read\n"
      "Bundle.entry[1]   refused 0/1 not-supported: entry.resource: missing: to delete or patch is "
      "not carried out; what was wrong is sent as entered-in-error\n"
      "Bundle.entry[2]   not mapped 0/0 informational: a response without a resource\n"
      "Bundle.entry[3]   refused 0/1 required: entry.resource: missing\n"
      "Bundle.entry[4]   refused 0/1 required: entry.resource: missing\n"
      "Bundle.entry[5] resource  refused 0/1 structure: resource: not an object\n"
      "Bundle.entry[6] resource  refused 0/1 structure: resource.resourceType: missing or not the "
      "name of a type\n"
      "Bundle.entry[7] Bundle  refused 0/1 not-supported: Bundle: a Bundle within another one\n",
      r.accounts.data);
  assert_int_equal(8, r.totals.entries);
  assert_int_equal(2, r.totals.not_mapped);
  assert_int_equal(6, r.totals.refused);
  reading_free(&r);
}

/* Of a history the newest version counts, wherever it stands; the others are accounted for. */
static void bundle__history(void **state)
{
  (void)state;
#define V(n, time, value)                                                                          \
  BARE("{'resourceType':'Observation','id':'o1','meta':{'versionId':'" n "','lastUpdated':'" time  \
       "'},'status':'final','subject':{'reference':'Patient/p1'},'effectiveDateTime':"             \
       "'2015-02-07T13:28:17Z','code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]}," \
       "'valueQuantity':{'value':" value                                                           \
       ",'system':'http://unitsofmeasure.org','code':'mmol/L'}}")
  reading r = case_read_as(
      "{'entry':[" V("1", "2015-02-08T00:00:00Z", "5") "," V(
          "10", "2015-02-09T00:00:00Z", "7") "," V("2", "2015-02-08T12:00:00Z",
                                                   "6") "],"
                                                        "'type':'history','resourceType':'Bundle'}",
      false, NULL);
  assert_int_equal(GM_OK, r.status);
  assert_string_equal("observation glucose '7' mmol/L @1423315697 Patient/p1 Observation/o1 10 "
                      "loinc|2345-7\n",
                      r.facts.data);
  assert_int_equal(1, r.totals.taken);
  assert_int_equal(2, r.totals.not_mapped);
  reading_free(&r);
}

/* Without times of change the number of the version tells. */
static void bundle__history_by_number(void **state)
{
  (void)state;
#define N(n, value)                                                                                \
  BARE("{'resourceType':'Observation','id':'o1','meta':{'versionId':'" n                           \
       "'},'status':'final','subject':{'reference':'Patient/p1'},'effectiveDateTime':"             \
       "'2015-02-07T13:28:17Z','code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]}," \
       "'valueQuantity':{'value':" value                                                           \
       ",'system':'http://unitsofmeasure.org','code':'mmol/L'}}")
  facts_are(BUNDLE("history", N("9", "5") "," N("10", "6") "," N("8", "7")), NULL,
            "observation glucose '6' mmol/L @1423315697 Patient/p1 Observation/o1 10 "
            "loinc|2345-7\n");
}

/* What a Bundle says of its confidentiality, it says of all that is in it, wherever it stands. */
static void bundle__sensitive(void **state)
{
  (void)state;
  facts_are("{'entry':[" BARE(OBS(
                "o1", "", "Patient/p1",
                "5")) "],'meta':{'security':[{'system':"
                      "'http://terminology.hl7.org/CodeSystem/v3-Confidentiality','code':'V'}]},"
                      "'resourceType':'Bundle','type':'collection'}",
            NULL,
            "observation glucose '5' mmol/L @1423315697 Patient/p1 Observation/o1 1 loinc|2345-7 "
            "sensitive\n");
}

/* A resource by itself is one entry, also one that has a list named entry. */
static void resource__by_itself(void **state)
{
  (void)state;
  case_is("{'resourceType':'List','id':'l1','status':'current','entry':[{'item':{}},{'item':{}}]}",
          "",
          "List List l1 not mapped 0/0 informational: no fact is made of this type of "
          "resource\n");
  reading r = case_read_as("{'resourceType':'Bundle','type':'collection'}", false, NULL);
  assert_int_equal(GM_OK, r.status);
  assert_int_equal(0, r.totals.entries);
  reading_free(&r);
}

/* ---- order ----------------------------------------------------------------------------------- */
static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in order of their letters. */
static void sort_lines(char *text, gm_text *out)
{
  char *line[64], *rest = text;
  int n = 0;
  for (char *p; (p = strsep(&rest, "\n")) && *p;) line[n++] = p;
  qsort(line, (size_t)n, sizeof line[0], by_text);
  for (int i = 0; i < n; i++) gm_text_addf(out, "%s\n", line[i]);
}

/* However the entries are turned and mixed, the facts are the same. */
static void order__changes_no_fact(void **state)
{
  (void)state;
  static const char *const entry[] = {
      E("urn:uuid:1", PAT("p1", ",'gender':'male','birthDate':'1960-01-01','meta':{'versionId':"
                                "'1'}")),
      BARE(OBS("o1", "", "urn:uuid:1", "5")),
      BARE(OBS("o2", "", "Patient/p1", "6")),
      BARE(OBS("o3", "", "Patient/p2", "7")),
      E("urn:uuid:2", PAT("p2", ",'gender':'female','birthDate':'1970','meta':{'versionId':'1'}")),
      BARE("{'resourceType':'MedicationAdministration','id':'m1','meta':{'versionId':'1'},"
           "'status':'completed','subject':{'reference':'urn:uuid:2'},'effectiveDateTime':"
           "'2015-02-01T13:28:17Z','medicationReference':{'reference':'urn:uuid:3'},'dosage':{"
           "'dose':{'value':500,'system':'http://unitsofmeasure.org','code':'mg'}}}"),
      E("urn:uuid:3", "{'resourceType':'Medication','id':'d','code':{'coding':[{'system':"
                      "'http://www.whocc.no/atc','code':'J01XA01'}]}}"),
  };
  enum { COUNT = sizeof entry / sizeof entry[0] };
  gm_text first, text, sorted;
  gm_text_init(&first, ctx);
  gm_text_init(&text, ctx);
  gm_text_init(&sorted, ctx);
  for (int32_t turn = 0; turn < 6 * COUNT; turn++) {
    static const int32_t step[] = {1, 2, 3, 4, 5, 6};
    text.bytes = sorted.bytes = 0;
    gm_text_add(&text, "{'resourceType':'Bundle','entry':[");
    for (int32_t i = 0; i < COUNT; i++)
      gm_text_addf(&text, "%s%s", i ? "," : "", entry[(turn + i * step[turn % 6]) % COUNT]);
    gm_text_add(&text, "],'type':'collection'}");
    reading r = case_read_as(text.data, false, NULL);
    assert_int_equal(GM_OK, r.status);
    assert_int_equal(8, r.totals.facts);
    sort_lines(r.facts.data, &sorted);
    if (!turn) gm_text_add(&first, sorted.data);
    assert_string_equal(first.data, sorted.data);
    reading_free(&r);
  }
  gm_text_free(&first);
  gm_text_free(&text);
  gm_text_free(&sorted);
}

/* ---- lines ----------------------------------------------------------------------------------- */
/* A line that is no JSON is one refused entry; those around it are read. */
static void lines__bad_ones_are_refused(void **state)
{
  (void)state;
  reading r = case_read_as(OBS("o1", "", "Patient/p1", "5") "\n\n{'resourceType':}\n" OBS(
                               "o2", "", "Patient/p1", "6") "\n" BUNDLE("batch", "") "\n",
                           true, NULL);
  assert_int_equal(GM_OK, r.status);
  assert_string_equal(FACT("5", "Patient/p1", "Observation/o1")
                          FACT("6", "Patient/p1", "Observation/o2"),
                      r.facts.data);
  assert_non_null(strstr(r.accounts.data, "line 1 Observation o1 taken 1/0 informational: \n"));
  assert_non_null(strstr(r.accounts.data, "line 3   refused 0/1 structure: "));
  assert_non_null(strstr(r.accounts.data, "in.json:3:17: "));
  assert_non_null(strstr(r.accounts.data, "line 5 Bundle  refused 0/1 not-supported: "));
  assert_int_equal(4, r.totals.entries);
  assert_int_equal(2, r.totals.refused);
  reading_free(&r);
}

/* ---- the whole refused ----------------------------------------------------------------------- */
static void fails(const char *text, gm_status status, const char *message)
{
  reading r = case_read_as(text, false, NULL);
  if (r.status != status || !strstr(gm_message(ctx), message))
    fail_msg("%s %s, expected %s ... %s", gm_status_name(r.status), gm_message(ctx),
             gm_status_name(status), message);
  assert_string_equal("", r.facts.data);
  assert_string_equal("", r.accounts.data);
  assert_int_equal(0, r.totals.entries);
  reading_free(&r);
}

/* A Bundle that is damaged at its end has told nothing of its beginning. */
static void file__refused_whole(void **state)
{
  (void)state;
#define GOOD BARE(OBS("o1", "", "Patient/p1", "5"))
  fails("{'resourceType':'Bundle','entry':[" GOOD ",{]}", GM_EPARSE, "in.json:1:");
  fails("{'resourceType':'Bundle','entry':[" GOOD, GM_EPARSE, "in.json:1:");
  fails("{'resourceType':'Bundle','entry':[" GOOD ",{'a':1,'a':2}]}", GM_EPARSE, "entry[1]");
  fails("{'resourceType':'Bundle','entry':[" GOOD ",{'a':'\xC3'}]}", GM_EPARSE, "in.json:1:");
  fails("{'resourceType':'Bundle','entry':{'a':1}}", GM_EPARSE, "entry: an object; an array");
  fails("[1,2]", GM_EPARSE, "no FHIR resource");
  fails("{'id':'x'}", GM_EPARSE, "no FHIR resource");
  fails("", GM_EPARSE, "in.json");
  gm_text deep;
  gm_text_init(&deep, ctx);
  gm_text_add(&deep, "{'resourceType':'Bundle','entry':[" GOOD ",");
  for (int i = 0; i < 120; i++) gm_text_add(&deep, "[");
  fails(deep.data, GM_ERANGE, "in.json:1:");
  gm_text_free(&deep);
}

static void file__that_is_none(void **state)
{
  (void)state;
  gm_fhir_totals totals;
  const gm_fhir_options o = {.definition = definition};
  assert_int_equal(GM_EIO, gm_fhir_read_file(ctx, case_path("none"), &o, &totals));
  assert_int_equal(GM_EIO, gm_fhir_read_file(ctx, case_folder, &o, &totals));
  assert_non_null(strstr(gm_message(ctx), "not a regular file"));
  assert_int_equal(0, mkfifo(case_path("pipe"), 0600));
  assert_int_equal(GM_EIO, gm_fhir_read_file(ctx, case_path("pipe"), &o, &totals));
  assert_int_equal(0, unlink(case_path("pipe")));
}

/* ---- definitions ----------------------------------------------------------------------------- */
static void with_code(const char *where, const char *code, const char *message)
{
  gm_definition *d;
  gm_text t;
  gm_text_init(&t, ctx);
  const char *at = strstr(CASE_TWIN, where);
  assert_non_null(at);
  gm_text_addn(&t, CASE_TWIN, (size_t)(at - CASE_TWIN));
  gm_text_add(&t, code);
  gm_text_add(&t, at + strlen(where));
  case_write("twin.yaml", t.data);
  assert_int_equal(GM_OK, gm_definition_read(ctx, case_path("twin.yaml"), &d));
  gm_fhir_totals totals;
  const gm_fhir_options o = {.definition = d};
  case_write_json("in.json", PAT("p1", ""));
  assert_int_equal(GM_EINVAL, gm_fhir_read_file(ctx, case_path("in.json"), &o, &totals));
  if (!strstr(gm_message(ctx), message)) fail_msg("%s", gm_message(ctx));
  gm_definition_free(d);
  gm_text_free(&t);
}

/* One code for two observables, and a property of FHIR that is none, are said before anything. */
static void definition__codes(void **state)
{
  (void)state;
  with_code("code: loinc|8462-4", "code: loinc|8480-6",
            "'sbp' and 'dbp' have the same code loinc|8480-6");
  with_code("fhir|Patient.gender", "fhir|Patient.sex", "'fhir|Patient.sex': not known");
  with_code("code: loinc|8462-4", "code: fhir|Patient.gender", "is of a covariate only");
}

/* Without a definition everything is accounted for, and nothing mapped. */
static void definition__none(void **state)
{
  (void)state;
  gm_fhir_totals t;
  const gm_fhir_options o = {.definition = NULL};
  case_write_json("in.json", BUNDLE("batch", GOOD "," BARE(PAT("p1", "")) "," GOOD));
  assert_int_equal(GM_OK, gm_fhir_read_file(ctx, case_path("in.json"), &o, &t));
  assert_int_equal(3, t.entries);
  assert_int_equal(3, t.not_mapped);
}

/* ---- listeners, accounts, memory ------------------------------------------------------------- */
static gm_status stop_fact(void *user, const gm_fact *f)
{
  int *left = user;
  (void)f;
  return (*left)-- > 0 ? GM_OK : gm_fail(ctx, GM_EDENIED, "enough");
}

/* A listener that stops, stops the reading; the totals say what was told before. */
static void listener__stops(void **state)
{
  (void)state;
  gm_fhir_totals t;
  int left = 1;
  const gm_fhir_options o = {.definition = definition, .fact = stop_fact, .user = &left};
  case_write_json("in.json", BUNDLE("batch", GOOD "," GOOD "," GOOD));
  assert_int_equal(GM_EDENIED, gm_fhir_read_file(ctx, case_path("in.json"), &o, &t));
  assert_string_equal("enough", gm_message(ctx));
  assert_int_equal(1, t.entries);
  assert_int_equal(1, t.facts);
  left = 1; /* in the middle of an entry: a weight is an observation and a covariate */
  case_write_json("in.json",
                  "{'resourceType':'Observation','status':'final','subject':{'reference':"
                  "'Patient/p1'},'effectiveDateTime':'2015-02-07T13:28:17Z','code':{'coding':[{"
                  "'system':'http://loinc.org','code':'29463-7'}]},'valueQuantity':{'value':70,"
                  "'system':'http://unitsofmeasure.org','code':'kg'}}");
  assert_int_equal(GM_EDENIED, gm_fhir_read_file(ctx, case_path("in.json"), &o, &t));
  assert_int_equal(0, t.entries);
  assert_int_equal(1, t.facts);
}

/* ---- privacy --------------------------------------------------------------------------------- */
static gm_status no_canary(void *user, const gm_fhir_account *a)
{
  int *refused = user;
  if (strstr(a->reason, "CANARY") || strstr(a->reason, "4711"))
    fail_msg("%s quotes a value: %s", a->place, a->reason);
  *refused += a->outcome == GM_FHIR_REFUSED;
  return GM_OK;
}

/* No reason quotes what stands in an element, whichever it is that is wrong. */
static void reason__quotes_no_value(void **state)
{
  (void)state;
#define TIMED   "'effectiveDateTime':'2015-02-07T13:28:17Z',"
#define SUBJ    "'subject':{'reference':'Patient/p1'},"
#define CODED   "'code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]},"
#define R(more) BARE("{'resourceType':'Observation'," CODED more "}")
#define Q(value, more)                                                                             \
  "'valueQuantity':{'value':" value ",'system':'http://unitsofmeasure.org'," more "}"
#define SMOKES "'code':{'coding':[{'system':'http://loinc.org','code':'72166-2'}]},"
#define DOSES(more)                                                                                \
  BARE("{'resourceType':'MedicationAdministration','status':'completed'," SUBJ TIMED               \
       "'medicationCodeableConcept':{'coding':[{'system':'http://www.whocc.no/atc','code':"        \
       "'J01XA01'}]}," more "}")
  static const char *const entry[] = {
      R("'id':'CANARY 4711'," SUBJ "'status':'final'"),
      R("'status':'CANARY'," SUBJ TIMED Q("5", "'code':'mmol/L'")),
      R("'status':'final'," SUBJ "'effectiveDateTime':'CANARY 4711'," Q("5", "'code':'mmol/L'")),
      R("'status':'final','subject':{'reference':'CANARY/4711'}," TIMED Q("5", "'code':'mmol/L'")),
      R("'status':'final','subject':{'reference':'CANARY?4711'}," TIMED Q("5", "'code':'mmol/L'")),
      R("'status':'final','subject':{'reference':'urn:CANARY'}," TIMED Q("5", "'code':'mmol/L'")),
      R("'status':'final'," SUBJ TIMED Q("4711", "'code':'CANARY'")),
      R("'status':'final'," SUBJ TIMED Q("4711", "'code':'kg'")),
      R("'status':'final'," SUBJ TIMED Q("4711e400", "'code':'mmol/L'")),
      R("'status':'final'," SUBJ TIMED Q("'CANARY'", "'code':'mmol/L'")),
      R("'status':'final'," SUBJ TIMED Q("4711", "'code':'mmol/L','comparator':'CANARY'")),
      R("'status':'final'," SUBJ TIMED "'valueQuantity':{'value':4711,'unit':'CANARY'}"),
      R("'status':'final'," SUBJ TIMED "'valueString':'CANARY'"),
      R("'status':'final'," SUBJ TIMED "'valueSampledData':{'origin':{'value':0,'unit':'mmol/L'},"
        "'period':1,'dimensions':1,'data':'CANARY 4711x'}"),
      BARE("{'resourceType':'Observation','status':'final'," SMOKES SUBJ TIMED
           "'valueCodeableConcept':{'text':'CANARY','coding':[{'code':'4711'}]}}"),
      BARE("{'resourceType':'Patient','id':'p1','gender':'CANARY','birthDate':'CANARY'}"),
      BARE("{'resourceType':'Patient','id':'p2','gender':'CANARY','birthDate':'4711-01-01'}"),
      BARE("{'resourceType':'Encounter','status':'finished'," SUBJ
           "'class':{'code':'CANARY'},'period':{'start':'2010'}}"),
      DOSES(
          "'dosage':{'dose':{'value':4711,'system':'http://unitsofmeasure.org','code':'CANARY'}}"),
      DOSES("'dosage':{'dose':{'value':4711,'system':'http://unitsofmeasure.org','code':'L'}}"),
      DOSES("'dosage':{'text':'CANARY 4711'}"),
  };
  enum { COUNT = sizeof entry / sizeof entry[0] };
  int refused = 0;
  gm_text t;
  gm_fhir_totals n;
  const gm_fhir_options o = {.definition = definition, .account = no_canary, .user = &refused};
  gm_text_init(&t, ctx);
  gm_text_add(&t, "{'resourceType':'Bundle','entry':[");
  for (int i = 0; i < COUNT; i++) gm_text_addf(&t, "%s%s", i ? "," : "", entry[i]);
  gm_text_add(&t, "]}");
  case_write_json("in.json", t.data);
  if (gm_fhir_read_file(ctx, case_path("in.json"), &o, &n)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(COUNT, refused);
  gm_text_free(&t);
}

static gm_status write_account(void *user, const gm_fhir_account *a)
{
  gm_fhir_account_json(user, a);
  return GM_OK;
}

static const gm_json *below(const gm_json *n, const char *a, const char *b, const char *c)
{
  return gm__json_find(gm__json_find(gm__json_find(n, a), b), c);
}

/* The account as a batch-response: as many entries, an OperationOutcome each. */
static void account__as_json(void **state)
{
  (void)state;
  gm_text text;
  gm_fhir_account_writer w;
  gm_fhir_totals t;
  gm_arena *arena;
  gm_json *root;
  const gm_fhir_options o = {.definition = definition, .account = write_account, .user = &w};
  gm_text_init(&text, ctx);
  gm_fhir_account_begin(&w, &text);
  case_write_json("in.json",
                  BUNDLE("batch", GOOD "," BARE(PAT("p1", "")) "," BARE(
                                      "{'resourceType':'Observation','code':{'coding':[{"
                                      "'system':'http://loinc.org','code':'2345-7'}]}}")));
  assert_int_equal(GM_OK, gm_fhir_read_file(ctx, case_path("in.json"), &o, &t));
  gm_fhir_account_end(&w);
  assert_int_equal(GM_OK, text.status);
  assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &arena));
  if (gm__json_parse(ctx, arena, NULL, text.data, text.bytes, &root))
    fail_msg("%s", gm_message(ctx));
  const gm_json *entry = gm__json_find(root, "entry");
  assert_int_equal(3, entry->count);
  assert_string_equal("201 Created",
                      gm__json_find(gm__json_find(entry->first, "response"), "status")->text);
  const gm_json *issue = below(entry->last, "response", "outcome", "issue")->first;
  assert_string_equal("error", gm__json_find(issue, "severity")->text);
  assert_string_equal("required", gm__json_find(issue, "code")->text);
  assert_string_equal("Bundle.entry[2]", gm__json_find(issue, "expression")->first->text);
  gm_arena_free(arena);
  gm_text_free(&text);
  gm_text_init(&text, ctx);
  gm_fhir_account_begin(&w, &text);
  gm_fhir_account_end(&w);
  assert_string_equal("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\"}\n", text.data);
  gm_text_free(&text);
}

static gm_status read_trial(gm_ctx *c, void *user)
{
  gm_fhir_totals t;
  return gm_fhir_read_file(c, case_path("in.json"), user, &t);
}

/* Any allocation that fails ends the reading with GM_ENOMEM, and nothing stays. */
static void memory__faults(void **state)
{
  (void)state;
  gm_fhir_options o = {.definition = definition};
  case_write_json(
      "in.json", BUNDLE("history", E("urn:uuid:1", PAT("p1", IDENTIFIER)) "," GOOD "," BARE(
                                       "{'resourceType':'Observation','status':'final','subject':{"
                                       "'reference':'urn:uuid:1'},'effectiveDateTime':"
                                       "'2015-02-07T13:28:17Z','code':{'coding':[{'system':"
                                       "'http://loinc.org','code':'2345-7'}]},'valueInteger':5}")));
  assert_true(fault_sweep("gm_fhir_read_file", read_trial, &o) > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reference__to_a_patient),
      cmocka_unit_test(reference__two_servers),
      cmocka_unit_test(reference__by_identifier),
      cmocka_unit_test(patient__only_one),
      cmocka_unit_test(bundle__of_every_type),
      cmocka_unit_test(bundle__entries_without_resource),
      cmocka_unit_test(bundle__history),
      cmocka_unit_test(bundle__sensitive),
      cmocka_unit_test(bundle__history_by_number),
      cmocka_unit_test(resource__by_itself),
      cmocka_unit_test(order__changes_no_fact),
      cmocka_unit_test(lines__bad_ones_are_refused),
      cmocka_unit_test(file__refused_whole),
      cmocka_unit_test(file__that_is_none),
      cmocka_unit_test(definition__codes),
      cmocka_unit_test(definition__none),
      cmocka_unit_test(listener__stops),
      cmocka_unit_test(reason__quotes_no_value),
      cmocka_unit_test(account__as_json),
      cmocka_unit_test(memory__faults),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
