/* test_fact_equivalents.c - facts in equivalents: they are kept and given back as they were said,
 * and become numbers of equivalents alone, since the charge is not known.
 * label: quick */
#include "interop/test_fhir_in_case.h"
#include "gemel/store.h"

static char *potassium_code[] = {"loinc|2823-3"}, *calcium_code[] = {"loinc|17861-6"},
            *chloride_code[] = {"rxnorm|8591"};
static gm_observable observable[2] = {
    {.name = (char *)"K", .unit = (char *)"meq/L", .coding = {.code = potassium_code, .count = 1}},
    {.name = (char *)"Ca",
     .unit = (char *)"mmol/L",
     .coding = {.code = calcium_code, .count = 1, .molar_mass_g_per_mol = 40.08}}};
static gm_def_input input = {
    .name = (char *)"KCl", .unit = (char *)"meq", .coding = {.code = chloride_code, .count = 1}};
static gm_definition salts = {
    .hour = 1, .observable = observable, .observable_count = 2, .input = &input, .input_count = 1};

static const struct {
  gm_record_kind kind;
  const char *series, *value, *unit;
  double duration_s, expected; /* NAN: no number */
} c[] = {{GM_RECORD_OBSERVATION, "K", "4.80", "meq/L", 0, 4.8},
         {GM_RECORD_OBSERVATION, "K", "4800", "ueq/L", 0, 4.8},
         {GM_RECORD_OBSERVATION, "K", "0.48", "meq/dL", 0, 4.8},
         {GM_RECORD_OBSERVATION, "K", "4.8", "mmol/L", 0, NAN},
         {GM_RECORD_OBSERVATION, "Ca", "4.8", "meq/L", 0, NAN}, /* 2.4 mmol/L, if it were known */
         {GM_RECORD_OBSERVATION, "Ca", "9.6192", "mg/dL", 0, 2.4},
         {GM_RECORD_GIVEN, "KCl", "20", "meq", 0, 20},
         {GM_RECORD_GIVEN, "KCl", "10", "meq/h", 7200, 20},
         {GM_RECORD_GIVEN, "KCl", "20", "mmol", 0, NAN},
         {GM_RECORD_GIVEN, "KCl", "10", "mmol/h", 7200, NAN},
         {GM_RECORD_GIVEN, "KCl", "1.5", "g", 0, NAN}};
enum { CASES = sizeof c / sizeof c[0] };

static gm_fact fact_of(int i)
{
  return (gm_fact){.kind = c[i].kind,
                   .subject = "Patient/p1",
                   .series = c[i].series,
                   .t_true_s = 1.6e9,
                   .duration_s = c[i].duration_s,
                   .value = c[i].value,
                   .unit = c[i].unit,
                   .data_class = GM_CLASS_CLINICAL,
                   .licence = "",
                   .source = "lab",
                   .id = "Observation/o1",
                   .version = "1",
                   .code = "local|x"};
}

/* As a record and back every text is as it was; the number is that of the definition's unit, or
 * there is none and the message says what is missing. */
static void fact__in_equivalents_is_no_amount_of_substance(void **state)
{
  (void)state;
  gm_arena *memory = NULL;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 4096, &memory));
  for (int i = 0; i < CASES; i++) {
    gm_text body;
    gm_fact f = fact_of(i), back;
    double v = -1;
    gm_text_init(&body, ctx);
    assert_int_equal(GM_OK, gm_fact_body(ctx, &f, &body));
    gm_record_found r = {.kind = f.kind,
                         .series = f.series,
                         .source = f.source,
                         .id = f.id,
                         .version = f.version,
                         .licence = "",
                         .t_true_s = f.t_true_s,
                         .data_class = f.data_class,
                         .body = body.data,
                         .bytes = body.bytes};
    if (gm_fact_read(ctx, &r, memory, &back)) fail_msg("%s", gm_message(ctx));
    assert_string_equal(c[i].value, back.value);
    assert_string_equal(c[i].unit, back.unit);
    gm_status st = gm_fact_value(ctx, &salts, &back, &v);
    if (isnan(c[i].expected)) {
      assert_int_equal(GM_EUNIT, st);
      assert_true(v == -1);
    } else {
      if (st) fail_msg("%s %s: %s", c[i].series, c[i].unit, gm_message(ctx));
      assert_true(fabs(v - c[i].expected) <= 1e-12 * c[i].expected);
    }
    gm_text_free(&body);
  }
  gm_arena_free(memory);
}

/* A reader of FHIR refuses them where the definition has an amount of substance, and says why. */
static void fhir__refuses_equivalents(void **state)
{
  (void)state;
  case_is("{'resourceType':'Observation','id':'o1','meta':{'versionId':'3'},'status':'final',"
          "'code':{'coding':[{'system':'http://loinc.org','code':'2345-7'}]},'subject':{"
          "'reference':'Patient/p1'},'effectiveDateTime':'2015-02-07T13:28:17Z','valueQuantity':{"
          "'value':4.80,'system':'http://unitsofmeasure.org','code':'meq/L'}}",
          "",
          "refused 0/1 value: Observation.valueQuantity: glucose: between eq or osm and mol, mass "
          "or a number the charge of the ion or the dissociation is needed, which no unit tells: "
          "state the value in mol\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fact__in_equivalents_is_no_amount_of_substance),
      cmocka_unit_test(fhir__refuses_equivalents)};
  return cmocka_run_group_tests_name("equivalents", tests, case_begin, case_end);
}
