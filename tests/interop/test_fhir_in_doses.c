/* test_fhir_in_doses.c - doses given, ordered and reported; Condition, Procedure, Encounter,
 * Patient. Expected facts by hand from the rules of docs/fhir.md; times by date(1). label: quick */
#include "interop/test_fhir_in_case.h"

#define UNIT(value, unit)                                                                          \
  "{'value':" value ",'system':'http://unitsofmeasure.org','code':'" unit "'}"
#define DRUG                                                                                       \
  "'medicationCodeableConcept':{'coding':[{'system':'http://www.nlm.nih.gov/research/umls/rxnorm'" \
  ",'code':'11124'}]},"
#define HEAD(type)                                                                                 \
  "{'resourceType':'" type "','id':'m1','meta':{'versionId':'1'},"                                 \
  "'subject':{'reference':'Patient/p1'},"
#define GIVEN(body)     HEAD("MedicationAdministration") body "}"
#define DONE            "'status':'completed',"
#define AT              "'effectiveDateTime':'2015-02-07T13:28:17Z'," /* 1423315697 */
#define BEGIN           "2015-02-07T13:28:17Z"
#define HOURS2          "'effectivePeriod':{'start':'" BEGIN "','end':'2015-02-07T15:28:17Z'},"
#define DOSAGE(body)    "'dosage':{" body "}"
#define DOSE            "'dose':" UNIT("500.0", "mg")
#define FACT(kind, end) kind " drug '500.0' mg @1423315697 Patient/p1 " end

static void refused(const char *type, const char *text, const char *why)
{
  char account[400];
  snprintf(account, sizeof account, "%s %s m1 refused 0/1 %s\n", type, type, why);
  case_is(text, "", account);
}

/* ---- given ----------------------------------------------------------------------------------- */
#define M    "MedicationAdministration/m1 1 rxnorm|11124"
#define G(w) FACT("given", M w "\n")
static void given__dose_and_duration(void **state)
{
  (void)state;
  case_is(GIVEN(DONE DRUG AT DOSAGE(DOSE)), G(""), "taken 1/0 informational: \n");
  case_is(GIVEN(DONE DRUG HOURS2 DOSAGE(DOSE)), G(" over 7200"), NULL);
  /* 500 mg at 1 g/h are half an hour; a volume's rate tells nothing of milligrams */
  case_is(GIVEN(DONE DRUG AT DOSAGE(DOSE ",'rateQuantity':" UNIT("1", "g/h"))), G(" over 1800"),
          NULL);
  case_is(GIVEN(DONE DRUG HOURS2 DOSAGE(DOSE ",'rateQuantity':" UNIT("100", "mL/h"))),
          G(" over 7200"), NULL);
  refused("MedicationAdministration",
          GIVEN(DONE DRUG AT DOSAGE(DOSE ",'rateQuantity':" UNIT("100", "mL/h"))),
          "value: MedicationAdministration.dosage.rate[x]: does not go with the dose, and how long "
          "it took is not said");
}

/* A rate over a period is an amount; of a ratio the unit is that of the quotient. */
static void given__rate(void **state)
{
  (void)state;
#define R(value, unit) "given drug '" value "' " unit " @1423315697 Patient/p1 " M " over 7200\n"
  case_is(GIVEN(DONE DRUG HOURS2 DOSAGE("'rateQuantity':" UNIT("250", "mg/h"))), R("250", "mg/h"),
          NULL);
  case_is(GIVEN(DONE DRUG HOURS2 DOSAGE(
              "'rateRatio':{'numerator':" UNIT("250", "mg") ",'denominator':" UNIT("1", "h") "}")),
          R("250", "mg/h"), NULL);
  case_is(GIVEN("'status':'stopped'," DRUG HOURS2 DOSAGE(DOSE ",'rateRatio':{'numerator':" UNIT(
              "1000", "mg") ",'denominator':" UNIT("4", "h") "}")),
          R("250", "mg/h"), NULL);
  refused("MedicationAdministration",
          GIVEN(DONE DRUG AT DOSAGE("'rateQuantity':" UNIT("250", "mg/h"))),
          "required: MedicationAdministration.dosage.dose: missing, and how long the rate held is "
          "too");
  refused(
      "MedicationAdministration", GIVEN("'status':'stopped'," DRUG HOURS2 DOSAGE(DOSE)),
      "business-rule: MedicationAdministration.status: stopped: only a rate over a period tells "
      "how much was given");
#undef R
}

static void given__refused(void **state)
{
  (void)state;
  const char *type = "MedicationAdministration";
  refused(type, GIVEN(DONE DRUG AT "'note':[]"),
          "required: MedicationAdministration.dosage: missing; how much was given");
  refused(type, GIVEN(DONE DRUG AT DOSAGE("'text':'500 mg'")),
          "required: MedicationAdministration.dosage.dose: missing; a Quantity was expected");
  refused(type, GIVEN(DONE DRUG "'effectiveDateTime':'2015-02-07'," DOSAGE(DOSE)),
          "value: MedicationAdministration.effectiveDateTime: a day; a time with seconds and zone "
          "was expected");
  refused(type, GIVEN(DONE DRUG DOSAGE(DOSE)),
          "required: MedicationAdministration.effective[x]: missing: when it began");
  refused(type, GIVEN(DONE DRUG AT DOSAGE("'dose':" UNIT("2", "mL"))),
          "value: MedicationAdministration.dosage: drug: cannot convert a unit of dimension m3 to "
          "one of dimension g");
  refused(
      type, GIVEN("'status':'in-progress'," DRUG AT DOSAGE(DOSE)),
      "business-rule: MedicationAdministration.status: in progress: how much is given, is known "
      "when it has ended");
  refused(type, GIVEN("'status':'not-done'," DRUG AT DOSAGE(DOSE)),
          "business-rule: MedicationAdministration.status: not done: nothing was given");
  case_is(GIVEN("'status':'entered-in-error'," DRUG AT "'note':[]"),
          "given drug '' - @1423315697 Patient/p1 " M " withdrawn\n", NULL);
}

/* The drug is the concept's, that of a contained Medication, or of another entry before or behind;
 * one that is nowhere is refused, one that nobody asks for is not mapped. */
static void given__which_drug(void **state)
{
  (void)state;
#define MED(id, code)                                                                              \
  "{'resourceType':'Medication','id':'" id                                                         \
  "','code':{'coding':[{'system':'http://www.whocc.no/atc','code':'" code "'}]}}"
#define BY(ref) "'medicationReference':{'reference':'" ref "'},"
#define WANT    FACT("given", "MedicationAdministration/m1 1 atc|J01XA01\n")
  case_is(GIVEN("'contained':[" MED("x", "A") "," MED("d", "J01XA01") "]," DONE BY("#d")
                    AT DOSAGE(DOSE)),
          WANT, NULL);
#define BUNDLE(a, b) "{'resourceType':'Bundle','type':'collection','entry':[{" a "},{" b "}]}"
#define ADMIN(ref)   "'resource':" GIVEN(DONE BY(ref) AT DOSAGE(DOSE))
  case_is(BUNDLE(ADMIN("Medication/d"), "'resource':" MED("d", "J01XA01")), WANT, NULL);
  case_is(BUNDLE(ADMIN("urn:uuid:d"), "'fullUrl':'urn:uuid:d','resource':" MED("d", "J01XA01")),
          WANT, NULL);
  case_is(
      BUNDLE("'resource':" MED("d", "J01"), ADMIN("Medication/d")), "",
      "MedicationAdministration m1 not mapped 0/0 informational: no coding of its Medication is "
      "asked for by the definition\n");
  case_is(
      BUNDLE("'resource':" MED("d", "J01"), ADMIN("Medication/e")), "",
      "MedicationAdministration m1 refused 0/1 not-found: "
      "MedicationAdministration.medicationReference.reference: no Medication of the file; which "
      "drug it is, cannot be told\n");
#undef ADMIN
}

/* ---- ordered and reported -------------------------------------------------------------------- */
#define ORDER(body)  HEAD("MedicationRequest") DRUG body "}"
#define RATED        "'doseAndRate':[{'doseQuantity':" UNIT("500.0", "mg") "}]"
#define AUTHORED     "'authoredOn':'2015-02-07T13:28:17Z',"
#define LIVE         "'status':'active','intent':'order'," AUTHORED
#define O(suffix, w) FACT("ordered", "MedicationRequest/m1" suffix " 1 rxnorm|11124" w "\n")

/* An order is ordered, from its first event, the beginning of its bounds or its writing on. */
static void ordered__dose_and_begin(void **state)
{
  (void)state;
  case_is(ORDER(LIVE "'dosageInstruction':[{" RATED "}]"), O("", ""), NULL);
  case_is(ORDER("'status':'active','intent':'order','authoredOn':'2014-01-01',"
                "'dosageInstruction':[{'timing':{'event':['2015-02-07T13:28:17Z']}," RATED "}]"),
          O("", ""), NULL);
  case_is(ORDER("'status':'stopped','intent':'order','authoredOn':'2014-01-01','dosageInstruction':"
                "[{'timing':{'repeat':{'boundsPeriod':{'start':'2015-02-07T13:28:17Z'},"
                "'duration':90,'durationUnit':'min'}}," RATED "}]"),
          O("", " over 5400"), NULL);
  case_is(ORDER(LIVE "'dosageInstruction':[{" RATED "},{'timing':{'event':['2015-02-07T13:28:17Z',"
                     "'2015-02-07T13:28:17+00:00']}," RATED "}]"),
          O("", "") O("#dosage 1", "") O("#dosage 1#event 1", ""), NULL);
}

static void ordered__refused(void **state)
{
  (void)state;
  const char *type = "MedicationRequest";
#define I "'dosageInstruction':[{" RATED "}]"
  refused(type, ORDER(AUTHORED "'status':'active','intent':'proposal'," I),
          "business-rule: MedicationRequest.intent: not that of an order");
  refused(type, ORDER(AUTHORED "'status':'active','intent':'plan'," I),
          "business-rule: MedicationRequest.intent: not that of an order");
  refused(type, ORDER(LIVE "'doNotPerform':true," I),
          "business-rule: MedicationRequest.doNotPerform: an order not to give it");
  refused(type, ORDER(AUTHORED "'status':'draft','intent':'order'," I),
          "business-rule: MedicationRequest.status: a draft is no order");
  refused(type, ORDER("'status':'active','intent':'order','authoredOn':'2015-02-07'," I),
          "value: MedicationRequest.authoredOn: a day; a time with seconds and zone was expected");
  refused(type, ORDER("'status':'active','intent':'order'," I),
          "required: MedicationRequest.authoredOn: missing: when it begins");
  refused(type, ORDER(LIVE "'note':[]"),
          "required: MedicationRequest.dosageInstruction: missing; how much at a time");
  refused(
      type,
      ORDER(LIVE
            "'dosageInstruction':[{'doseAndRate':[{'doseRange':{'low':" UNIT("1", "mg") "}}]}]"),
      "not-supported: MedicationRequest.dosageInstruction[0].doseAndRate[0]: a range instead of "
      "an amount");
#undef I
}

/* What is reported stays reported. */
static void reported__dose(void **state)
{
  (void)state;
#define SAID(body) HEAD("MedicationStatement") DRUG body "}"
  case_is(SAID("'status':'active'," AT "'dosage':[{" RATED "}]"),
          FACT("reported", "MedicationStatement/m1 1 rxnorm|11124 patient-reported\n"), NULL);
  case_is(SAID("'status':'completed'," HOURS2 "'dosage':[{" RATED "}]"),
          FACT("reported", "MedicationStatement/m1 1 rxnorm|11124 patient-reported\n"), NULL);
  refused("MedicationStatement", SAID("'status':'not-taken'," AT "'dosage':[{" RATED "}]"),
          "business-rule: MedicationStatement.status: not taken");
  refused("MedicationStatement", SAID("'status':'intended'," AT "'dosage':[{" RATED "}]"),
          "business-rule: MedicationStatement.status: intended: nothing was taken yet");
}

/* ---- Condition, Procedure, Encounter --------------------------------------------------------- */
#define TERMS "'http://terminology.hl7.org/CodeSystem/condition-"
#define STATE(clinical, verified)                                                                  \
  "'clinicalStatus':{'coding':[{'system':" TERMS "clinical','code':'" clinical "'}]},"             \
  "'verificationStatus':{'coding':[{'system':" TERMS "ver-status','code':'" verified "'}]},"
#define DIAB       "'code':{'coding':[{'system':'http://snomed.info/sct','code':'44054006'}]}"
#define COND(body) HEAD("Condition") body DIAB "}"
#define C(value, at, suffix)                                                                       \
  "covariate DIAB '" value "' - @" at " Patient/p1 Condition/m1" suffix " 1 snomed|44054006"

/* Yes from the onset, no from the end of the abatement on. */
static void condition__yes_and_no(void **state)
{
  (void)state;
  case_is(COND(STATE("active", "confirmed") "'onsetDateTime':'2010-03',"),
          C("yes", "1267401600", "") "\n", NULL);
  case_is(COND("'recordedDate':'2010-03-01T00:00:00Z','onsetAge':{'value':50},"),
          C("yes", "1267401600", "") "\n", NULL);
  case_is(COND(STATE("resolved", "confirmed") "'onsetDateTime':'2010-03',"
                                              "'abatementDateTime':'2010-04',"),
          C("yes", "1267401600", "") "\n" C("no", "1272672000", "#abatement") "\n", NULL);
  case_is(COND(STATE("active", "refuted") "'onsetDateTime':'2010-03',"),
          C("no", "1267401600", "") "\n", NULL);
  case_is(COND(STATE("active", "entered-in-error")),
          C("", "0", "") " withdrawn\n" C("", "0", "#abatement") " withdrawn\n", NULL);
}
#undef C

/* A newer version that has not ended takes back the end that an earlier one may have told. */
static void condition__relapse(void **state)
{
  (void)state;
  case_is("{'resourceType':'Condition','id':'m1','meta':{'versionId':'2'},"
          "'subject':{'reference':'Patient/p1'},'onsetDateTime':'2010-03'," DIAB "}",
          "covariate DIAB 'yes' - @1267401600 Patient/p1 Condition/m1 2 snomed|44054006\n"
          "covariate DIAB '' - @1267401600 Patient/p1 Condition/m1#abatement 2 snomed|44054006 "
          "withdrawn\n",
          NULL);
}

static void condition__refused(void **state)
{
  (void)state;
  refused("Condition", COND(STATE("active", "provisional") "'onsetDateTime':'2010-03',"),
          "business-rule: Condition.verificationStatus: not confirmed");
  refused("Condition", COND(STATE("resolved", "confirmed") "'onsetDateTime':'2010-03',"),
          "required: Condition.abatement[x]: missing: clinicalStatus says that it is over, and not "
          "since when");
  refused(
      "Condition", COND(STATE("active", "confirmed")),
      "required: Condition.onset[x]: missing, and recordedDate too: when it began, is not said");
}

static void procedure__yes(void **state)
{
  (void)state;
#define DIAL       "'code':{'coding':[{'system':'http://snomed.info/sct','code':'302497006'}]}}"
#define PROC(body) HEAD("Procedure") body DIAL
#define P(value, at)                                                                               \
  "covariate DIAL '" value "' - @" at " Patient/p1 Procedure/m1 1 snomed|302497006"
  case_is(PROC(DONE
               "'performedPeriod':{'start':'2010-03-01T00:00:00Z','end':'2010-03-01T04:00:00Z'}"
               ","),
          P("yes", "1267401600") "\n", NULL);
  case_is(PROC("'status':'entered-in-error',"), P("", "0") " withdrawn\n", NULL);
  refused("Procedure", PROC("'status':'not-done',"), "business-rule: Procedure.status: not done");
  refused("Procedure", PROC(DONE), "required: Procedure.performed[x]: missing: when it was done");
#undef P
}

/* Of its class from its beginning on; from its end on none. */
static void encounter__class(void **state)
{
  (void)state;
#define ENC(status, class)                                                                         \
  HEAD("Encounter")                                                                                \
  "'status':'" status "','class':{'code':'" class "'},"                                            \
                                                  "'period':{'start':'2010-03-01T00:00:00Z'}}"
  case_is(ENC("finished", "IMP"),
          "covariate CLASS 'IMP' - @1267401600 Patient/p1 Encounter/m1 1 fhir|Encounter.class\n",
          NULL);
  case_is(
      HEAD("Encounter") "'status':'finished','class':{'code':'EMER'},'period':{'start':'2010-03',"
                        "'end':'2010-04'}}",
      "covariate CLASS 'EMER' - @1267401600 Patient/p1 Encounter/m1 1 fhir|Encounter.class\n"
      "covariate CLASS 'none' - @1272672000 Patient/p1 Encounter/m1#end 1 "
      "fhir|Encounter.class\n",
      NULL);
  refused("Encounter", ENC("planned", "IMP"),
          "business-rule: Encounter.status: planned: it has not begun");
  refused("Encounter", ENC("finished", "VR"),
          "code-invalid: Encounter.class.code: not a level of 'CLASS'");
}

/* ---- Patient --------------------------------------------------------------------------------- */
#define PAT(body) "{'resourceType':'Patient','id':'p1','meta':{'versionId':'1'}," body "}"
#define F(series, value, unit, at, what)                                                           \
  "covariate " series " '" value "' " unit " @" at " Patient/p1 Patient/p1#" what                  \
  " 1 fhir|Patient." what "\n"
#define MALE(at) F("SEX", "male", "-", at, "gender")

/* Alone: as of the reading, 2020-09-13T12:26:40Z. 2000-01-01 was 7561 days and 44800 s before:
 * 20.7023 Julian years; of a year alone its middle counts (2 July): 20.2013. */
static void patient__at_the_reading(void **state)
{
  (void)state;
  case_is(PAT("'gender':'male','birthDate':'2000-01-01'"),
          MALE("1600000000") F("AGE", "20.7023", "a", "1600000000", "birthDate"), NULL);
  case_is(PAT("'gender':'male','birthDate':'2000'"),
          MALE("1600000000") F("AGE", "20.2013", "a", "1600000000", "birthDate"), NULL);
  case_is(PAT("'gender':'male','birthDate':'2000-01-01','deceasedDateTime':'2010-03'"),
          MALE("1600000000") F("AGE", "20.7023", "a", "1600000000", "birthDate")
              F("DEAD", "yes", "-", "1267401600", "deceased"),
          NULL);
  case_is(PAT("'gender':'male','deceasedBoolean':false"),
          MALE("1600000000") F("DEAD", "no", "-", "1600000000", "deceased"),
          "taken 2/1 required: Patient.birthDate: missing; 'AGE' needs it\n");
  case_is(PAT("'gender':'other','birthDate':'2021-01-01'"), "",
          "refused 0/2 code-invalid: Patient.gender: not a level of 'SEX'\n");
}

/* With data: as of the first of them, wherever it stands; a covariate counts only where there is no
 * measurement and no dose. The first Observation here is of 2015-02-07T13:28:17Z: 15.1035 years. */
static void patient__at_the_first_datum(void **state)
{
  (void)state;
#define SEEN(id, time)                                                                             \
  "'resource':{'resourceType':'Observation','id':'" id "','meta':{'versionId':'1'},'status':"      \
  "'final','subject':{'reference':'Patient/p1'},'effectiveDateTime':'" time "','code':{'coding':[" \
  "{'system':'http://loinc.org','code':'2345-7'}]},'valueQuantity':" UNIT("5", "mmol/L") "}"
#define SEEN_IN ENC("finished", "IMP")
#define BORN    PAT("'gender':'male','birthDate':'2000-01-01'")
#define DATA                                                                                       \
  "{" SEEN("a", "2016-02-07T13:28:17Z") "},{" SEEN("b", "2015-02-07T13:28:17Z") "},{" SEEN(        \
      "c", "2014-02-07") "}"
  static const char *const bundle[] = {
      "{'resourceType':'Bundle','entry':[{'resource':" BORN "}," DATA ",{'resource':" SEEN_IN "}]}",
      "{'resourceType':'Bundle','entry':[{'resource':" SEEN_IN "}," DATA ",{'resource':" BORN "}]}",
  };
  for (int i = 0; i < 2; i++) {
    reading r = case_read_as(bundle[i], false, NULL);
    assert_int_equal(GM_OK, r.status);
    assert_non_null(strstr(r.facts.data, MALE("1423315697")));
    assert_non_null(strstr(r.facts.data, F("AGE", "15.1035", "a", "1423315697", "birthDate")));
    assert_int_equal(5, r.totals.entries);
    assert_int_equal(4, r.totals.taken);
    assert_int_equal(5, r.totals.facts);
    reading_free(&r);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(given__dose_and_duration), cmocka_unit_test(given__rate),
      cmocka_unit_test(given__refused),           cmocka_unit_test(given__which_drug),
      cmocka_unit_test(ordered__dose_and_begin),  cmocka_unit_test(ordered__refused),
      cmocka_unit_test(reported__dose),           cmocka_unit_test(condition__yes_and_no),
      cmocka_unit_test(condition__relapse),       cmocka_unit_test(condition__refused),
      cmocka_unit_test(procedure__yes),           cmocka_unit_test(encounter__class),
      cmocka_unit_test(patient__at_the_reading),  cmocka_unit_test(patient__at_the_first_datum),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
