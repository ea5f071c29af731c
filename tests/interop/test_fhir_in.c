/* test_fhir_in.c - Observations and Bundles: what is told of them, and why something is not.
 * Expected facts by hand from the rules of docs/fhir.md; times by date(1).
 * label: quick */
#include "interop/test_fhir_in_case.h"

#define AT                 "'effectiveDateTime':'2015-02-07T13:28:17+01:00'," /* 1423312097 */
#define WHO                "'subject':{'reference':'Patient/p1'},"
#define HEAD               "'resourceType':'Observation','id':'o1','meta':{'versionId':'3'},"
#define OBS(body)          "{" HEAD WHO body "}"
#define CODE(system, code) "'code':{'coding':[{'system':'" system "','code':'" code "'}]},"
#define LOINC(code)        CODE("http://loinc.org", code)
#define GLU                LOINC("2345-7")
#define FINAL              "'status':'final',"
#define QUANTITY(value, unit)                                                                      \
  "{'value':" value ",'system':'http://unitsofmeasure.org','code':'" unit "'}"
#define VALUE(value, unit) "'valueQuantity':" QUANTITY(value, unit)
#define NONE(body, account)                                                                        \
  case_is(OBS(body), "", "Observation Observation o1 refused 0/1 " account "\n")

/* ---- Observation: values --------------------------------------------------------------------- */
/* A number stays as it was written, with its unit, its time to the second, its version. */
static void value__stays_as_written(void **state)
{
  (void)state;
  case_is(
      OBS(FINAL GLU AT VALUE("6.30", "mmol/L")),
      "observation glucose '6.30' mmol/L @1423312097 Patient/p1 Observation/o1 3 loinc|2345-7\n",
      "Observation Observation o1 taken 1/0 informational: \n");
  case_is(OBS(FINAL GLU AT VALUE("1.08E2", "mg/dL")),
          "observation glucose '1.08E2' mg/dL @1423312097 Patient/p1 Observation/o1 3 "
          "loinc|2345-7\n",
          NULL);
}

/* A code may be known by its system's URL, its OID, or a URL that only the definition knows. */
static void code__systems(void **state)
{
  (void)state;
  case_is(OBS(FINAL CODE("urn:oid:2.16.840.1.113883.6.1", "2339-0") AT VALUE("5", "mmol/L")),
          "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 3 loinc|2339-0\n",
          NULL);
  case_is(OBS(FINAL CODE("http://a.org/codes", "glu") AT VALUE("5", "mmol/L")),
          "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 3 "
          "http://a.org/codes|glu\n",
          NULL);
  case_is(OBS(FINAL CODE("loinc", "2345-7") AT VALUE("5", "mmol/L")), "",
          "not mapped 0/0 informational: no coding of code is asked for by the definition\n");
}

/* What both an observable and a covariate ask for, is told to both, under two ids. */
static void code__observable_and_covariate(void **state)
{
  (void)state;
  case_is(OBS(FINAL LOINC("29463-7") AT VALUE("70", "kg")),
          "observation weight '70' kg @1423312097 Patient/p1 Observation/o1 3 loinc|29463-7\n"
          "covariate WT '70' kg @1423312097 Patient/p1 Observation/o1#WT 3 loinc|29463-7\n",
          NULL);
  NONE(FINAL "'code':{'coding':[{'system':'http://loinc.org','code':'2345-7'},"
             "{'system':'http://loinc.org','code':'8480-6'}]}," AT VALUE("5", "mmol/L"),
       "multiple-matches: Observation.code: codings of more than one observable");
}

/* A unit must be UCUM and convert; in words alone it must be understood. */
static void unit__must_convert(void **state)
{
  (void)state;
  NONE(FINAL GLU AT VALUE("5", "kg"),
       "value: Observation.valueQuantity: glucose: cannot convert a unit of dimension g to one of "
       "dimension mol.m-3");
  NONE(FINAL GLU AT VALUE("5", "mmol//L"),
       "code-invalid: Observation.valueQuantity.code: not a unit of UCUM");
  NONE(FINAL GLU AT "'valueQuantity':{'value':5}",
       "required: Observation.valueQuantity.code: missing; a unit in UCUM was expected");
  NONE(FINAL GLU AT "'valueQuantity':{'value':5,'code':'mmol/L'}",
       "invariant: Observation.valueQuantity.system: missing beside a code (qty-3)");
  NONE(FINAL GLU AT "'valueQuantity':{'value':5,'code':'258813002','system':'http://snomed.info/"
                    "sct'}",
       "not-supported: Observation.valueQuantity.system: a unit that is not coded in UCUM");
  NONE(FINAL GLU AT "'valueQuantity':{'value':'5','unit':'mmol/L'}",
       "structure: Observation.valueQuantity.value: a text; a number was expected");
  case_is(OBS(FINAL LOINC("8480-6") AT "'valueQuantity':{'value':120,'unit':'mmHg'}"),
          "observation sbp '120' mm[Hg] @1423312097 Patient/p1 Observation/o1 3 loinc|8480-6\n",
          NULL);
  NONE(FINAL LOINC("8480-6") AT "'valueQuantity':{'value':120,'unit':'unit'}",
       "code-invalid: Observation.valueQuantity.unit: a unit in words that are not understood");
}

/* A comparator makes a bound: less than is below, more than is above. */
static void comparator__bounds(void **state)
{
  (void)state;
  static const char *const how[4] = {"<", "<=", ">", ">="};
  for (int i = 0; i < 4; i++) {
    char text[800], want[300];
    snprintf(text, sizeof text,
             OBS(FINAL GLU AT "'valueQuantity':{'value':0.5,'comparator':'%s',"
                              "'system':'http://unitsofmeasure.org','code':'mmol/L'}"),
             how[i]);
    snprintf(want, sizeof want,
             "observation glucose '0.5' mmol/L @1423312097 Patient/p1 Observation/o1 3 "
             "loinc|2345-7 %s\n",
             i < 2 ? "below" : "above");
    case_is(text, want, NULL);
  }
  NONE(FINAL GLU AT "'valueQuantity':{'value':5,'comparator':'~','system':'http://"
                    "unitsofmeasure.org','code':'mmol/L'}",
       "code-invalid: Observation.valueQuantity.comparator: one of < <= > >= was expected");
  NONE(FINAL LOINC("2160-0") AT "'valueQuantity':{'value':5,'comparator':'<','system':'http://"
                                "unitsofmeasure.org','code':'umol/L'}",
       "not-supported: Observation.valueQuantity.comparator: a bound, where a covariate needs a "
       "value");
}

/* Concepts, booleans and texts are levels where a covariate has levels, and nothing elsewhere. */
static void value__levels(void **state)
{
  (void)state;
  case_is(OBS(FINAL LOINC("72166-2") AT
              "'valueCodeableConcept':{'coding':[{'system':'http://snomed.info/sct',"
              "'code':'266919005','display':'Never smoker'}]}"),
          "covariate SMOKE 'Never smoker' - @1423312097 Patient/p1 Observation/o1 3 "
          "loinc|72166-2\n",
          NULL);
  case_is(OBS(FINAL LOINC("72166-2") AT
              "'valueCodeableConcept':{'coding':[{'system':'http://snomed.info/sct',"
              "'code':'8517006'}]}"),
          "covariate SMOKE 'snomed|8517006' - @1423312097 Patient/p1 Observation/o1 3 "
          "loinc|72166-2\n",
          NULL);
  case_is(OBS(FINAL LOINC("72166-2") AT "'valueString':'Current'"),
          "covariate SMOKE 'current' - @1423312097 Patient/p1 Observation/o1 3 loinc|72166-2\n",
          NULL);
  case_is(OBS(FINAL LOINC("82810-3") AT "'valueBoolean':true"),
          "covariate PREG 'true' - @1423312097 Patient/p1 Observation/o1 3 loinc|82810-3\n", NULL);
  NONE(FINAL LOINC("72166-2") AT "'valueCodeableConcept':{'text':'now and then'}",
       "code-invalid: Observation.valueCodeableConcept: not a level of 'SMOKE'");
  NONE(FINAL GLU AT "'valueString':'high'",
       "not-supported: Observation.valueString: 'glucose' takes a number: a Quantity, integer or "
       "SampledData");
  NONE(FINAL LOINC("72166-2") AT "'valueInteger':3",
       "not-supported: Observation.valueInteger: 'SMOKE' takes a level: a CodeableConcept, boolean "
       "or string");
  case_is(OBS(FINAL CODE("urn:iso:std:iso:11073:10101", "150452") AT "'valueInteger':-3"),
          "observation pleth '-3' - @1423312097 Patient/p1 Observation/o1 3 ieee11073|150452\n",
          NULL);
}

/* No value: refused with what dataAbsentReason adds; two values: refused. */
static void value__absent(void **state)
{
  (void)state;
  NONE(FINAL GLU AT "'dataAbsentReason':{'text':'lost'}",
       "required: Observation.value[x]: missing, as dataAbsentReason says");
  NONE(FINAL GLU AT "'issued':'2015-02-07T13:28:17Z'", "required: Observation.value[x]: missing");
  NONE(FINAL GLU AT "'valueInteger':1," VALUE("5", "mmol/L"),
       "structure: Observation.value[x]: more than one");
}

/* ---- Observation: status, time, subject ------------------------------------------------------ */
static void status__decides(void **state)
{
  (void)state;
  static const char *const taken[] = {"final", "amended", "corrected", "preliminary"};
  const char *want =
      "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 3 loinc|2345-7\n";
  char text[800];
  for (int i = 0; i < 4; i++) {
    snprintf(text, sizeof text, OBS("'status':'%s'," GLU AT VALUE("5", "mmol/L")), taken[i]);
    case_is(text, want, NULL);
  }
  NONE("'status':'registered'," GLU AT VALUE("5", "mmol/L"),
       "business-rule: Observation.status: registered only: there is no result yet");
  NONE("'status':'cancelled'," GLU AT VALUE("5", "mmol/L"),
       "business-rule: Observation.status: cancelled: there is no result");
  NONE("'status':'unknown'," GLU AT VALUE("5", "mmol/L"),
       "business-rule: Observation.status: unknown: whether the result holds, is not said");
  NONE("'status':'done'," GLU AT VALUE("5", "mmol/L"),
       "code-invalid: Observation.status: not one of Observation");
  NONE(GLU AT VALUE("5", "mmol/L"), "required: Observation.status: missing; a code was expected");
}

/* Entered in error: the fact of that id is withdrawn, with or without time and value. */
static void status__entered_in_error(void **state)
{
  (void)state;
  case_is(OBS("'status':'entered-in-error'," GLU AT VALUE("5", "mmol/L")),
          "observation glucose '' - @1423312097 Patient/p1 Observation/o1 3 loinc|2345-7 "
          "withdrawn\n",
          NULL);
  case_is(OBS("'status':'entered-in-error',"
              "'code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]}"),
          "observation glucose '' - @0 Patient/p1 Observation/o1 3 loinc|2345-7 withdrawn\n", NULL);
  case_is(OBS("'status':'entered-in-error','effectiveDateTime':'once'," LOINC(
              "85354-9") "'component':[{" LOINC("8462-4")
                  VALUE("80", "mm[Hg]") "},"
                                        "{" LOINC("8480-6") "'extension':[]}]"),
          "observation dbp '' - @0 Patient/p1 Observation/o1#component 0 3 loinc|8462-4 withdrawn\n"
          "observation sbp '' - @0 Patient/p1 Observation/o1#component 1 3 loinc|8480-6 "
          "withdrawn\n",
          NULL);
}

/* A measurement needs a second and a zone; a covariate may be known to the day. A period counts by
 * its end, a Timing by its one event. */
static void time__precision(void **state)
{
  (void)state;
#define T(text) FINAL GLU text VALUE("5", "mmol/L")
  NONE(T("'effectiveDateTime':'2015-02-07',"),
       "value: Observation.effectiveDateTime: a day; a time with seconds and zone was expected");
  NONE(T("'effectiveDateTime':'2020-05',"),
       "value: Observation.effectiveDateTime: a month; a time with seconds and zone was expected");
  NONE(T("'effectiveDateTime':'2015-02-07T13:28:17',"),
       "value: Observation.effectiveDateTime: has no zone; a time with seconds and zone was "
       "expected");
  NONE(T("'effectiveDateTime':'2015-02-30T13:28:17Z',"),
       "value: Observation.effectiveDateTime: not a time; a dateTime such as "
       "2015-02-07T13:28:17+01:00 was expected");
  NONE(T(""), "required: Observation.effective[x]: missing");
  NONE(T("'effectivePeriod':{'start':'2015-02-07T13:28:17Z','end':'2015-02-06T13:28:17Z'},"),
       "invariant: Observation.effectivePeriod: ends before it begins");
  NONE(T("'effectiveTiming':{'repeat':{'frequency':1}},"),
       "not-supported: Observation.effectiveTiming: a Timing other than one event");
#undef T
#define T(text, at)                                                                                \
  case_is(OBS(FINAL GLU text VALUE("5", "mmol/L")),                                                \
          "observation glucose '5' mmol/L @" at " Patient/p1 Observation/o1 3 loinc|2345-7\n",     \
          NULL)
  T("'effectiveInstant':'2015-02-07T13:28:17.25Z',", "1423315697.25");
  T("'effectivePeriod':{'start':'2015-02-07T13:28:17Z','end':'2015-02-07T14:28:17Z'},",
    "1423319297");
  T("'effectivePeriod':{'start':'2015-02-07T13:28:17Z'},", "1423315697");
  T("'effectiveTiming':{'event':['2015-02-07T13:28:17Z']},", "1423315697");
#undef T
  case_is(OBS(FINAL LOINC("2160-0") "'effectiveDateTime':'2020-05'," VALUE("88", "umol/L")),
          "covariate CREA '88' umol/L @1588291200 Patient/p1 Observation/o1 3 loinc|2160-0\n",
          NULL);
}

/* Without a subject nobody can be told whose it is; a conditional reference is refused by name. */
static void subject__is_needed(void **state)
{
  (void)state;
#define S(text)    FINAL GLU AT text VALUE("5", "mmol/L")
#define BARE(body) "{'resourceType':'Observation','id':'o1'," body "}"
#define NO(body, account)                                                                          \
  case_is(BARE(body), "", "Observation Observation o1 refused 0/1 " account "\n")
  NO(S(""), "required: Observation.subject: missing; nobody can be told whose it is");
  NO(S("'subject':{'reference':'Patient?identifier=http://a.org|1'},"),
     "not-supported: Observation.subject.reference: a conditional one, which only a server can "
     "resolve; a literal one to a Patient");
  NO(S("'subject':{'reference':'urn:uuid:1'},"),
     "not-found: Observation.subject.reference: no entry of the file has this fullUrl and is a "
     "Patient");
  NO(S("'subject':{'reference':'Group/g1'},"),
     "not-supported: Observation.subject.reference: not one to a Patient");
  NO(S("'subject':{'reference':'#p'},"),
     "not-supported: Observation.subject.reference: one to a contained Patient");
  NO(S("'subject':{'display':'somebody'},"),
     "required: Observation.subject.reference: missing; a literal reference was expected");
  case_is(OBS(FINAL GLU AT "'implicitRules':'http://a.org'," VALUE("5", "mmol/L")), "",
          "not-supported: Observation.implicitRules: rules that are not known here\n");
  case_is(OBS(FINAL GLU AT "'modifierExtension':[{'url':'http://a.org'}]," VALUE("5", "mmol/L")),
          "",
          "extension: Observation.modifierExtension: may change the meaning, and is not known "
          "here\n");
  case_is(OBS(FINAL GLU AT "'focus':[{'reference':'Patient/donor'}]," VALUE("5", "mmol/L")), "",
          "not-supported: Observation.focus: it is about something else than the subject\n");
#undef NO
}

/* ---- components, samples --------------------------------------------------------------------- */
/* A blood pressure: two facts, each with its place; the part that cannot be taken is counted, and
 * the other one is taken. */
static void component__each_by_itself(void **state)
{
  (void)state;
  case_is(OBS(FINAL LOINC("85354-9") AT "'component':[{" LOINC("8480-6")
                  VALUE("120", "mm[Hg]") "},"
                                         "{" LOINC("8462-4") VALUE("80", "mm[Hg]") "}]"),
          "observation sbp '120' mm[Hg] @1423312097 Patient/p1 Observation/o1#component 0 3 "
          "loinc|8480-6\n"
          "observation dbp '80' mm[Hg] @1423312097 Patient/p1 Observation/o1#component 1 3 "
          "loinc|8462-4\n",
          "taken 2/0 informational: \n");
  case_is(OBS(FINAL LOINC("85354-9") AT "'component':[{" LOINC("8480-6")
                  VALUE("120", "mm[Hg]") "},"
                                         "{" LOINC("8462-4") "'dataAbsentReason':{'text':'no'}}]"),
          "observation sbp '120' mm[Hg] @1423312097 Patient/p1 Observation/o1#component 0 3 "
          "loinc|8480-6\n",
          "taken 1/1 required: Observation.component[1].value[x]: missing, as dataAbsentReason "
          "says\n");
}

/* Samples every 2.5 s from the start of the period: data times factor plus origin, exactly; E is no
 * fact, L and U are bounds at the limits. */
static void sampled__unrolled(void **state)
{
  (void)state;
#define PLETH FINAL CODE("urn:iso:std:iso:11073:10101", "150452")
#define FACT(value, at, k, more)                                                                   \
  "observation pleth '" value "' 1 @" at " Patient/p1 Observation/o1#sample " k                    \
  " 3 ieee11073|150452" more "\n"
  case_is(OBS(PLETH
              "'effectivePeriod':{'start':'2015-02-07T13:28:17Z','end':'2015-02-07T13:29:17Z'}"
              ",'valueSampledData':{'origin':" QUANTITY(
                  "-3.4", "1") ",'period':2500,"
                               "'factor':0.1,'dimensions':1,'lowerLimit':-9,'upperLimit':99.50,"
                               "'data':'123 E L\\n  U -7'}"),
          FACT("8.9", "1423315697", "0", "") FACT("-9", "1423315702", "2", " below")
              FACT("99.50", "1423315704.5", "3", " above") FACT("-4.1", "1423315707", "4", ""),
          "taken 4/1 value: Observation.valueSampledData.data: a sample that is an error (E)\n");
#define SAMPLES(more)                                                                              \
  PLETH AT "'valueSampledData':{'origin':" QUANTITY("0", "1") ",'dimensions':1," more "}"
  NONE(SAMPLES("'period':1,'data':'U'"),
       "required: Observation.valueSampledData.upperLimit: missing beside a sample beyond it");
  NONE(SAMPLES("'period':0,'data':'1'"),
       "value: Observation.valueSampledData.period: milliseconds above 0 were expected");
  NONE(SAMPLES("'period':1,'data':'1234567890123456789012345678901234567890123456789012345678901234"
               "567890'"),
       "value: Observation.valueSampledData.data: a sample that is no decimal and none of E, L, U");
  NONE(SAMPLES("'period':1,'data':'one'"),
       "value: Observation.valueSampledData.data: a sample that is no decimal and none of E, L, U");
  NONE(
      PLETH AT
      "'valueSampledData':{'origin':" QUANTITY("0", "1") ",'dimensions':2,'period':1,'data':'1 2'}",
      "not-supported: Observation.valueSampledData.dimensions: 1 was expected: which of several is "
      "the series, cannot be told");
#undef FACT
}

/* ---- classes of data ------------------------------------------------------------------------- */
static void data_class__of_the_resource(void **state)
{
  (void)state;
  static const struct {
    const char *element, *word;
  } c[] = {
      {"'category':[{'coding':[{'code':'laboratory'}]}],", ""},
      {"'device':{'reference':'Device/d1'},", " device"},
      {"'performer':[{'reference':'Practitioner/x'},{'reference':'Patient/p1'}],",
       " patient-reported"},
      {"'performer':[{'reference':'Patient/p1'}],'device':{'display':'meter'},", " device"},
      {"'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v2-0074',"
       "'code':'GE'}]}],'device':{'display':'meter'},",
       " genetic"},
  };
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    char text[900], want[300];
    snprintf(text, sizeof text, OBS("%s" FINAL GLU AT VALUE("5", "mmol/L")), c[i].element);
    snprintf(want, sizeof want,
             "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 3 "
             "loinc|2345-7%s\n",
             c[i].word);
    case_is(text, want, NULL);
  }
  static const char *const label[] = {
      "'system':'http://terminology.hl7.org/CodeSystem/v3-Confidentiality','code':'R'",
      "'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'HIV'"};
  for (size_t i = 0; i < 2; i++) {
    char text[900];
    snprintf(text, sizeof text,
             "{'resourceType':'Observation','id':'o1','meta':{'versionId':'3','security':[{%s}]},"
             "'device':{'display':'x'}," WHO FINAL GLU AT VALUE("5", "mmol/L") "}",
             label[i]);
    case_is(text,
            "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 3 loinc|2345-7 "
            "sensitive\n",
            NULL);
  }
}

/* ---- versions -------------------------------------------------------------------------------- */
/* Without versionId the time of the last change; without both a hash of the content, the same for
 * the same content and another one for another. */
static void version__found(void **state)
{
  (void)state;
  case_is(
      "{'resourceType':'Observation','id':'o1','meta':{'lastUpdated':'2020-01-01T00:00:00Z'}," WHO
          FINAL GLU AT VALUE("5", "mmol/L") "}",
      "observation glucose '5' mmol/L @1423312097 Patient/p1 Observation/o1 "
      "2020-01-01T00:00:00Z loinc|2345-7\n",
      NULL);
#define PLAIN(value)                                                                               \
  "{'resourceType':'Observation','id':'o1'," WHO FINAL GLU AT VALUE(value, "mmol/L") "}"
  reading a = case_read_as(PLAIN("5"), false, NULL), b = case_read_as(PLAIN(" 5"), false, NULL),
          c = case_read_as(PLAIN("5.0"), false, NULL);
  assert_non_null(strstr(a.facts.data, " hash-"));
  assert_string_equal(a.facts.data, b.facts.data);
  assert_string_not_equal(strstr(a.facts.data, "hash-"), strstr(c.facts.data, "hash-"));
  reading_free(&a);
  reading_free(&b);
  reading_free(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(value__stays_as_written),
      cmocka_unit_test(code__systems),
      cmocka_unit_test(code__observable_and_covariate),
      cmocka_unit_test(unit__must_convert),
      cmocka_unit_test(comparator__bounds),
      cmocka_unit_test(value__levels),
      cmocka_unit_test(value__absent),
      cmocka_unit_test(status__decides),
      cmocka_unit_test(status__entered_in_error),
      cmocka_unit_test(time__precision),
      cmocka_unit_test(subject__is_needed),
      cmocka_unit_test(component__each_by_itself),
      cmocka_unit_test(sampled__unrolled),
      cmocka_unit_test(data_class__of_the_resource),
      cmocka_unit_test(version__found),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
