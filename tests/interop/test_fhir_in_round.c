/* test_fhir_in_round.c - what is read, written by gemel/fhir_out.h, and read again; and the account
 * of a reading as FHIR.
 * label: quick */
#include "interop/test_fhir_in_case.h"
#include "gemel/fhir_check.h"
#include "gemel/fhir_out.h"

#define UCUM "'system':'http://unitsofmeasure.org','code':"
#define DRUG                                                                                       \
  "'subject':{'reference':'Patient/p1'},'medicationCodeableConcept':{'coding':[{'system':"         \
  "'http://www.whocc.no/atc','code':'J01XA01'}]},"
#define TWO_HOURS "'effectivePeriod':{'start':'2015-02-07T13:28:17Z','end':'2015-02-07T15:28:17Z'},"

/* Observations: their code, and the rest of them. */
static const struct {
  const char *loinc, *rest;
} observed[] = {
    {"2345-7", "'status':'final','valueQuantity':{'value':6.30," UCUM "'mmol/L'}"},
    {"2345-7", "'status':'final','device':{'display':'meter'},'valueQuantity':{'value':0.50,"
               "'comparator':'<'," UCUM "'mg/dL'}"},
    {"85354-9", "'status':'final','component':[{'code':{'coding':[{'system':'http://loinc.org',"
                "'code':'8480-6'}]},'valueQuantity':{'value':120," UCUM "'mm[Hg]'}}]"},
    {"72166-2", "'status':'final','valueString':'current','performer':[{'reference':"
                "'Patient/p1'}]"},
    {"2160-0", "'status':'final','valueQuantity':{'value':1.20," UCUM "'mg/dL'}"},
    {"2345-7", "'status':'entered-in-error'"},
};

static const char *const others[] = {
    "'resourceType':'Condition','code':{'coding':[{'system':'http://snomed.info/sct',"
    "'code':'44054006'}]},'subject':{'reference':'Patient/p1'},"
    "'onsetDateTime':'2010-03-01T00:00:00Z'",
    "'resourceType':'MedicationAdministration','status':'completed'," DRUG TWO_HOURS
    "'dosage':{'dose':{'value':500.0," UCUM "'mg'}}",
    "'resourceType':'MedicationAdministration','status':'completed'," DRUG TWO_HOURS
    "'dosage':{'rateQuantity':{'value':0.25," UCUM "'g/h'}}",
    "'resourceType':'MedicationRequest','status':'active','intent':'order'," DRUG
    "'authoredOn':'2015-02-07T13:28:17Z','dosageInstruction':[{'doseAndRate':[{'doseQuantity':"
    "{'value':1," UCUM "'g'}}]}]",
    "'resourceType':'MedicationStatement','status':'completed'," DRUG TWO_HOURS
    "'dosage':[{'doseAndRate':[{'doseQuantity':{'value':1," UCUM "'g'}}]}]",
};
enum { OBSERVED = sizeof observed / sizeof observed[0], OTHERS = sizeof others / sizeof others[0] };

/* All of them as in.json; more: further entries, "" or ",{...}". */
static void bundle_write(const char *more)
{
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "{'resourceType':'Bundle','type':'collection','entry':[");
  for (int i = 0; i < OBSERVED; i++)
    gm_text_addf(&t,
                 "%s{'resource':{'resourceType':'Observation','id':'o%d','meta':{'versionId':'1'},"
                 "'code':{'coding':[{'system':'http://loinc.org','code':'%s'}]},'subject':"
                 "{'reference':'Patient/p1'},'effectiveDateTime':'2015-02-07T13:28:17.25+01:00',"
                 "%s}}",
                 i ? "," : "", i, observed[i].loinc, observed[i].rest);
  for (int i = 0; i < OTHERS; i++)
    gm_text_addf(&t, ",{'resource':{'id':'x%d','meta':{'versionId':'1'},%s}}", i, others[i]);
  gm_text_addf(&t, "%s]}", more);
  case_write_json("in.json", t.data);
  gm_text_free(&t);
}

/* ---- facts without their names --------------------------------------------------------------- */
typedef struct {
  gm_text lines;
  gm_fhir_out *out; /* NULL: not written */
} told;

static gm_status fact_take(void *user, const gm_fact *f)
{
  told *t = user;
  gm_text_addf(&t->lines, "%s %s %s %s @%.15g %s %d %.15g %d %s %s\n", gm_record_kind_name(f->kind),
               f->series, f->value, f->unit, f->t_true_s, f->subject, f->censored, f->duration_s,
               f->withdrawn, gm_data_class_name(f->data_class), f->code);
  return t->out ? gm_fhir_out_fact(t->out, f) : GM_OK;
}

/* The Patient says nothing here of sex and age. */
static gm_status account_take(void *user, const gm_fhir_account *a)
{
  (void)user;
  if (a->parts_refused && strcmp(a->resource, "Patient") != 0)
    fail_msg("%s: %s", a->place, a->reason);
  return GM_OK;
}

static void read_in(told *t)
{
  gm_fhir_totals n;
  const gm_fhir_options o = {.definition = definition,
                             .source = "lab",
                             .fact = fact_take,
                             .account = account_take,
                             .user = t};
  gm_text_init(&t->lines, ctx);
  if (gm_fhir_read_file(ctx, case_path("in.json"), &o, &n)) fail_msg("%s", gm_message(ctx));
}

/* Facts that are carried off as FHIR and read again say the same: value as written, unit, time,
 * bound, duration, code, class of data, and of whom. */
static void round__says_the_same(void **state)
{
  (void)state;
  gm_text text;
  told there = {0}, back = {0};
  int lines = 0;
  const gm_fhir_out_options o = {.patient = "p1", .definition = definition, .now_s = 1600000000};
  gm_text_init(&text, ctx);
  if (gm_fhir_out_new(ctx, &o, &text, &there.out)) fail_msg("%s", gm_message(ctx));
  bundle_write("");
  read_in(&there);
  if (gm_fhir_out_end(there.out)) fail_msg("%s", gm_message(ctx));
  gm_fhir_out_free(there.out);
  case_write("in.json", text.data);
  read_in(&back);
  assert_string_equal(there.lines.data, back.lines.data);
  for (const char *p = there.lines.data; (p = strchr(p, '\n')); p++) lines++;
  assert_int_equal(OBSERVED + OTHERS, lines);
  gm_text_free(&text);
  gm_text_free(&there.lines);
  gm_text_free(&back.lines);
}

/* ---- the account ----------------------------------------------------------------------------- */
static gm_status account_write(void *user, const gm_fhir_account *a)
{
  gm_fhir_account_json(user, a);
  return GM_OK;
}

/* The account of a reading is FHIR R4 itself. */
static void account__is_fhir(void **state)
{
  (void)state;
  gm_text text;
  gm_fhir_account_writer w;
  gm_fhir_totals n;
  gm_fhir_rules *rules;
  gm_fhir_report *report;
  const gm_fhir_options o = {.definition = definition, .account = account_write, .user = &w};
  gm_text_init(&text, ctx);
  gm_fhir_account_begin(&w, &text);
  bundle_write(",{},{'resource':{'resourceType':'Basic'}}");
  if (gm_fhir_read_file(ctx, case_path("in.json"), &o, &n)) fail_msg("%s", gm_message(ctx));
  gm_fhir_account_end(&w);
  assert_int_equal(OBSERVED + OTHERS, n.taken);
  assert_int_equal(1, n.not_mapped);
  assert_int_equal(1, n.refused);
  assert_int_equal(GM_OK, gm_fhir_rules_new(ctx, &rules));
  assert_int_equal(GM_OK, gm_fhir_check(ctx, rules, NULL, text.data, text.bytes, &report));
  if (report->errors) fail_msg("%s: %s", report->issue[0].expression, report->issue[0].reason);
  gm_fhir_report_free(report);
  gm_fhir_rules_free(rules);
  gm_text_free(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round__says_the_same),
      cmocka_unit_test(account__is_fhir),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
