/* Writing FHIR: whatever is written passes the checker and the schema; facts come back from the
 * reader as they were; forecasts are no measurements and proposals no orders.
 * label: quick */
#include "gemel/fhir_out.h"
#include "gemel/fhir.h"
#include "gemel/fhir_check.h"
#include "support/fault.h"
#include "test_fhir_schema_case.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

enum { TIMES = 7, OBS = 2, CANDIDATES_HERE = 2 };

static gm_ctx *ctx;
static gm_fhir_rules *rules;

/* ---- a small world -----------------------------------------------------------------------------
 */
static char *glucose_code[] = {"loinc|15074-8"}, *weight_code[] = {"loinc|29463-7"},
            *drug_code[] = {"rxnorm|11289"}, *smoker_code[] = {"loinc|72166-2"};
static char *smoker_level[] = {"no", "yes"};
static gm_observable observable[OBS] = {
    {.name = (char *)"G",
     .unit = (char *)"mmol/L",
     .coding = {.code = glucose_code, .count = 1, .molar_mass_g_per_mol = 180.156}},
    {.name = (char *)"n", .unit = (char *)"1"}};
static gm_covariate covariate[2] = {
    {.name = (char *)"WT", .unit = (char *)"kg", .coding = {.code = weight_code, .count = 1}},
    {.name = (char *)"SMOKER",
     .unit = (char *)"",
     .coding = {.code = smoker_code, .count = 1},
     .level = smoker_level,
     .level_count = 2}};
static gm_def_input input = {
    .name = (char *)"warfarin", .unit = (char *)"mg", .coding = {.code = drug_code, .count = 1}};
static gm_action action = {.input = (char *)"warfarin", .duration = 0.5};
static gm_definition definition = {.twin = (char *)"glucose",
                                   .question = (char *)"Which dose?",
                                   .context_of_use = (char *)"research; a clinician decides",
                                   .hour = 1,
                                   .covariate = covariate,
                                   .input = &input,
                                   .observable = observable,
                                   .action = &action,
                                   .covariate_count = 2,
                                   .input_count = 1,
                                   .observable_count = OBS,
                                   .action_count = 1};

/* Three times a step of an hour, then of two: two stretches, and one time alone. */
static double times[TIMES] = {0, 1, 2, 4, 6, 8, 20};
static double quantile[OBS * TIMES * GM_QUANTILE_COUNT], noisy[OBS * TIMES * GM_QUANTILE_COUNT];
static gm_forecast forecast = {.time_count = TIMES,
                               .observable_count = OBS,
                               .time = times,
                               .quantile = quantile,
                               .with_noise = noisy};
static gm_event dose[1] = {{.t = 3, .amount = 5}};
static gm_plan plan[4] = {
    {.name = (char *)"nothing", .action = -1},
    {.name = (char *)"as it is", .action = -1},
    {.name = (char *)"5 mg every 24 h", .event = dose, .event_count = 1, .dose = 5, .every = 24},
    {.name = (char *)"2.5 mg every 12 h",
     .event = dose,
     .event_count = 1,
     .dose = 2.5,
     .every = 12}};
static gm_comparison comparison = {
    .plan_count = 4, .plan = plan, .nothing = 0, .as_it_is = 1, .t_now = 2, .t_end = 50};
static int32_t rank[CANDIDATES_HERE] = {3, 2};
static char *reason[CANDIDATES_HERE] = {(char *)"on target 80 % of the time", (char *)""};
static char *left_out[1] = {(char *)"50 mg every 24 h: more than 15 mg a day"};

static gm_proposal proposal_make(const char *withheld)
{
  return (gm_proposal){.comparison = &comparison,
                       .rank = rank,
                       .reason = reason,
                       .left_out = left_out,
                       .withheld = withheld,
                       .candidate_count = CANDIDATES_HERE,
                       .left_out_count = 1};
}

static const double t0 = 1600000000; /* 2020-09-13T12:26:40Z */

#define FACT(k, s, t, v, u, i)                                                                     \
  {                                                                                                \
    .kind = GM_RECORD_##k, .subject = "Patient/p1", .series = s, .t_true_s = t, .value = v,        \
    .unit = u, .data_class = GM_CLASS_CLINICAL, .licence = "", .source = "test", .id = i,          \
    .version = "1", .code = ""                                                                     \
  }

/* One of each kind; those of resources of one fact come back under their id. */
static const gm_fact facts[] = {
    FACT(OBSERVATION, "G", 1600000000, "6.30", "mmol/L", "Observation/o1"),
    FACT(OBSERVATION, "G", 1600003600.25, "113", "mg/dL", "Observation/o2"),
    FACT(OBSERVATION, "G", 1600007200, "1e-1", "mmol/L", "Observation/o3"),
    FACT(GIVEN, "warfarin", 1600000100, "5", "mg", "MedicationAdministration/a1"),
    FACT(GIVEN, "warfarin", 1600000200, "2.50", "mg/h", "MedicationAdministration/a2"),
    FACT(REPORTED, "warfarin", 1500000000, "0.005", "g", "MedicationStatement/s1"),
    FACT(COVARIATE, "WT", 1600000000, "70.0", "kg", "Observation/w1"),
    FACT(COVARIATE, "SMOKER", 1600000000, "yes", "", "Observation/c1"),
};
enum { FACTS = sizeof facts / sizeof facts[0] };

static void fact_vary(gm_fact *f, int32_t i)
{
  *f = facts[i];
  f->code = f->kind == GM_RECORD_OBSERVATION ? "loinc|15074-8"
            : f->kind != GM_RECORD_COVARIATE ? "rxnorm|11289"
            : strcmp(f->series, "WT") == 0   ? "loinc|29463-7"
                                             : "loinc|72166-2";
  if (i == 1) f->censored = 1;
  if (i == 2) f->data_class = GM_CLASS_SENSITIVE;
  if (i == 4) f->duration_s = 7200;
  if (i == 5) f->data_class = GM_CLASS_REPORTED;
  if (i == 6) f->data_class = GM_CLASS_DEVICE;
}

static gm_fhir_out_options options(const char *base, bool document)
{
  return (gm_fhir_out_options){.base = base,
                               .patient = "p1",
                               .identifier = "http://a.b/mrn|12345",
                               .gender = "female",
                               .birth_date = "1970-05",
                               .twin = "ward 3/bed 7",
                               .definition = &definition,
                               .t0_s = t0,
                               .now_s = t0 + 86400,
                               .document = document};
}

static void forecast_fill(void)
{
  for (int32_t i = 0; i < OBS * TIMES * GM_QUANTILE_COUNT; i++) {
    quantile[i] = 5 + sin(i) / 3;
    noisy[i] = 5 + sin(i) / 2;
  }
}

static const gm_fhir_out_event events[] = {{"G below 4", 0.63449999, 2, 20},
                                           {"G above 10", 0, 2, 20}};

static gm_fhir_out_forecast forecast_make(gm_fact *basis)
{
  fact_vary(&basis[0], 0);
  fact_vary(&basis[1], 3);
  return (gm_fhir_out_forecast){.id = "f1",
                                .forecast = &forecast,
                                .t_now = 2,
                                .issued_s = t0 + 7300,
                                .measured = true,
                                .seed = 7,
                                .input_hash = "abc",
                                .build = "g123",
                                .event = events,
                                .event_count = 2,
                                .basis = basis,
                                .basis_count = 2};
}

static gm_status write_all(gm_ctx *c, const gm_fhir_out_options *o, gm_text *out)
{
  gm_fhir_out *w;
  gm_fact basis[2], f;
  gm_proposal p = proposal_make(NULL);
  gm_fhir_out_forecast q = forecast_make(basis);
  gm_fhir_out_proposal r = {.id = "p1", .proposal = &p, .issued_s = t0 + 7300};
  gm_fhir_out_device d = {.version = "1.2", .health = "tracking", .level = "mirror"};
  gm_status s = gm_fhir_out_new(c, o, out, &w);
  if (s) return s;
  for (int32_t i = 0; i < FACTS && !s; i++) {
    fact_vary(&f, i);
    s = gm_fhir_out_fact(w, &f);
  }
  if (!s) s = gm_fhir_out_twin(w, &d);
  if (!s) s = gm_fhir_out_forecast_add(w, &q);
  if (!s) s = gm_fhir_out_proposal_add(w, &r);
  if (!s) s = gm_fhir_out_end(w);
  gm_fhir_out_free(w);
  return s;
}

static void must(gm_status s)
{
  if (s) fail_msg("%s", gm_message(ctx));
}

static void must_be_right(const gm_text *t)
{
  gm_fhir_report *r;
  must(gm_fhir_check(ctx, rules, NULL, t->data, t->bytes, &r));
  if (r->errors || r->warnings)
    fail_msg("%s: %s\n%s", r->issue[0].expression, r->issue[0].reason, t->data);
  gm_fhir_report_free(r);
}

static int setup(void **state)
{
  (void)state;
  forecast_fill();
  return gm_ctx_new(NULL, &ctx) || gm_fhir_rules_new(ctx, &rules);
}

static int teardown(void **state)
{
  (void)state;
  gm_fhir_rules_free(rules);
  gm_ctx_free(ctx);
  return 0;
}

/* ---- what is written is right ------------------------------------------------------------------
 */
/* Collections and documents, with a base and with UUIDs, pass the checker and the schema. */
static void bundle__passes_checker_and_schema(void **state)
{
  schema s;
  bool there = schema_open(&s, ctx);
  (void)state;
  if (!there) data_skip("schema of what is written", 4);
  for (int k = 0; k < 4; k++) {
    gm_text t;
    gm_json *tree;
    gm_arena *arena;
    gm_fhir_out_options o = options(k & 1 ? "https://a.b/fhir/" : NULL, k & 2);
    gm_text_init(&t, ctx);
    must(write_all(ctx, &o, &t));
    must_be_right(&t);
    must(gm_arena_new(ctx, 65536, &arena));
    must(gm__json_parse(ctx, arena, NULL, t.data, t.bytes, &tree));
    /* Patient, 8 facts, Device, RiskAssessment, 3 stretches of 2 observables, Provenance, CarePlan,
     * RequestGroup, 2 MedicationRequests; the Composition of a document */
    assert_int_equal(22 + (k & 2 ? 1 : 0), gm__json_find(tree, "entry")->count);
    if (there && !schema_resource(&s, tree)) fail_msg("%s\n%s", s.fault, t.data);
    gm_arena_free(arena);
    gm_text_free(&t);
  }
  if (there) schema_close(&s);
}

/* The same export twice is the same, byte by byte. */
static void bundle__is_the_same_each_time(void **state)
{
  gm_text a, b;
  gm_fhir_out_options o = options(NULL, true);
  (void)state;
  gm_text_init(&a, ctx);
  gm_text_init(&b, ctx);
  must(write_all(ctx, &o, &a));
  must(write_all(ctx, &o, &b));
  assert_int_equal(a.bytes, b.bytes);
  assert_memory_equal(a.data, b.data, a.bytes);
  gm_text_free(&a);
  gm_text_free(&b);
}

/* ---- facts come back
 * ----------------------------------------------------------------------------- */
typedef struct {
  gm_fact fact[40];
  char text[40][5][100];
  int32_t count, refused;
  char reason[300];
} heard;

static gm_status hear_fact(void *user, const gm_fact *f)
{
  heard *h = user;
  assert_true(h->count < 40);
  gm_fact *g = &h->fact[h->count];
  char(*t)[100] = h->text[h->count++];
  *g = *f;
  const char **field[] = {&g->series, &g->value, &g->unit, &g->id, &g->code};
  for (int i = 0; i < 5; i++) {
    snprintf(t[i], 100, "%s", *field[i]);
    *field[i] = t[i];
  }
  assert_string_equal("1", f->version);
  return GM_OK;
}

static gm_status hear_account(void *user, const gm_fhir_account *a)
{
  heard *h = user;
  if (a->outcome == GM_FHIR_REFUSED) {
    if (!h->refused++) snprintf(h->reason, sizeof h->reason, "%s", a->reason);
  }
  return GM_OK;
}

static void read_back(const gm_text *t, heard *h)
{
  char path[] = "/tmp/gemel-fhir-XXXXXX";
  gm_fhir_totals totals;
  gm_fhir_options o = {.definition = &definition,
                       .source = "test",
                       .fact = hear_fact,
                       .account = hear_account,
                       .user = h};
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(t->bytes, write(fd, t->data, t->bytes));
  close(fd);
  memset(h, 0, sizeof *h);
  gm_status s = gm_fhir_read_file(ctx, path, &o, &totals);
  remove(path);
  must(s);
}

static void same_fact(const gm_fact *a, const gm_fact *b)
{
  assert_int_equal(a->kind, b->kind);
  assert_string_equal(a->series, b->series);
  assert_true(fabs(a->t_true_s - b->t_true_s) < 1e-6);
  assert_true(fabs(a->duration_s - b->duration_s) < 1e-6);
  assert_string_equal(a->value, b->value);
  assert_string_equal(a->unit, b->unit);
  assert_int_equal(a->censored, b->censored);
  assert_int_equal(a->withdrawn, b->withdrawn);
  assert_int_equal(a->data_class, b->data_class);
  assert_string_equal(a->code, b->code);
}

/* Everything held is read back as it was, decimals to the digit, and nothing else is: no forecast
 * is taken for a measurement, and no proposal for an order. */
static void fact__comes_back_as_it_was(void **state)
{
  heard h;
  (void)state;
  for (int k = 0; k < 2; k++) {
    gm_text t;
    gm_fhir_out_options o = options(k ? "https://a.b/fhir" : NULL, false);
    gm_text_init(&t, ctx);
    must(write_all(ctx, &o, &t));
    read_back(&t, &h);
    if (h.count != FACTS) fail_msg("%d facts; refused: %s", (int)h.count, h.reason);
    assert_int_equal(2, h.refused); /* the two drafts of the proposal */
    assert_non_null(strstr(h.reason, "draft"));
    for (int32_t i = 0; i < FACTS; i++) {
      gm_fact f;
      fact_vary(&f, i);
      same_fact(&f, &h.fact[i]);
      if (k) assert_string_equal(f.id, h.fact[i].id);
    }
    gm_text_free(&t);
  }
}

static void write_fact(const gm_fact *f, gm_text *t)
{
  gm_fhir_out *w;
  gm_fhir_out_options o = options("https://a.b/fhir", false);
  gm_text_init(t, ctx);
  must(gm_fhir_out_new(ctx, &o, t, &w));
  must(gm_fhir_out_fact(w, f));
  must(gm_fhir_out_end(w));
  gm_fhir_out_free(w);
  must_be_right(t);
}

/* Numbers stay as they were written, but for what JSON does not know. */
static void decimal__stays_as_written(void **state)
{
  static const char *const number[][2] = {
      {"6.30", "6.30"},
      {"-0.0", "-0.0"},
      {"1E-7", "1E-7"},
      {"+5", "5"},
      {".5", "0.5"},
      {"05.10", "5.10"},
      {"5.", "5"},
      {"-.5e2", "-0.5e2"},
      {"00", "0"},
      {"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"}};
  (void)state;
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
    gm_text t;
    char wanted[100];
    gm_fact f = facts[0];
    f.value = number[i][0];
    write_fact(&f, &t);
    snprintf(wanted, sizeof wanted, "\"value\":%s,", number[i][1]);
    if (!strstr(t.data, wanted)) fail_msg("%s: no %s in\n%s", number[i][0], wanted, t.data);
    gm_text_free(&t);
  }
}

/* What was entered in error goes out as that, and what was ordered as an order of unknown state. */
static void fact__withdrawn_or_ordered(void **state)
{
  gm_text t;
  heard h;
  gm_fact f = facts[0], order = facts[3];
  (void)state;
  f.withdrawn = true;
  write_fact(&f, &t);
  assert_non_null(strstr(t.data, "entered-in-error"));
  read_back(&t, &h);
  assert_int_equal(1, h.count);
  assert_true(h.fact[0].withdrawn);
  gm_text_free(&t);
  f.value = "";
  f.t_true_s = 0;
  write_fact(&f, &t);
  gm_text_free(&t);
  order.kind = GM_RECORD_ORDERED;
  order.id = "line 7 of a file";
  write_fact(&order, &t);
  assert_non_null(strstr(t.data, "\"status\":\"unknown\",\"intent\":\"order\""));
  assert_non_null(strstr(t.data, "line 7 of a file"));
  gm_text_free(&t);
}

/* Names that FHIR does not allow, texts with control characters, a licence, a genetic datum. */
static void fact__of_odd_texts_is_right(void **state)
{
  gm_text t;
  gm_fact f = facts[0];
  (void)state;
  f.id = "a\x01 b/c#component 1";
  f.source = "a \x02 device";
  f.version = "not an id!";
  f.licence = "CC0-1.0";
  f.series = "not of the definition";
  f.code = "no-system|x";
  f.data_class = GM_CLASS_DEVICE;
  write_fact(&f, &t);
  assert_non_null(strstr(t.data, "CC0-1.0"));
  gm_text_free(&t);
  f.data_class = GM_CLASS_GENETIC;
  f.source = "https://a.b/lab";
  f.code = "http://x.y/z|1 2";
  f.unit = "";
  write_fact(&f, &t);
  assert_non_null(strstr(t.data, "\"code\":\"GE\""));
  gm_text_free(&t);
}

/* Two sources that use the same id: one keeps it, the other does not clash. */
static void fact__of_two_sources(void **state)
{
  gm_text t;
  gm_fhir_out *w;
  gm_fact f = facts[0];
  gm_fhir_out_options o = options("https://a.b/fhir", false);
  (void)state;
  o.source = "test";
  gm_text_init(&t, ctx);
  must(gm_fhir_out_new(ctx, &o, &t, &w));
  must(gm_fhir_out_fact(w, &f));
  f.source = "another";
  must(gm_fhir_out_fact(w, &f));
  assert_int_equal(GM_EEXIST, gm_fhir_out_fact(w, &f));
  must(gm_fhir_out_end(w));
  must_be_right(&t);
  char *first = strstr(t.data, "/Observation/o1\"");
  assert_non_null(first);
  assert_null(strstr(first + 1, "/Observation/o1\""));
  assert_non_null(strstr(t.data, "\"value\":\"Observation/o1\"")); /* as an identifier */
  gm_fhir_out_free(w);
  gm_text_free(&t);
}

/* ---- forecasts ----------------------------------------------------------------------------------
 */
static const gm_json *entry_of(const gm_json *bundle, const char *type, int32_t nth)
{
  for (const gm_json *e = gm__json_find(bundle, "entry")->first; e; e = e->next) {
    const gm_json *r = gm__json_find(e, "resource");
    if (strcmp(gm__json_find(r, "resourceType")->text, type) == 0 && nth-- == 0) return r;
  }
  fail_msg("no %s", type);
  return NULL;
}

static const gm_json *at(const gm_json *n, const char *path)
{
  char name[50];
  while (n && *path) {
    size_t bytes = strcspn(path, ".");
    memcpy(name, path, bytes);
    name[bytes] = 0;
    path += bytes + (path[bytes] == '.');
    if (name[0] >= '0' && name[0] <= '9') {
      n = n->first;
      for (int i = atoi(name); i > 0; i--) n = n->next;
    } else {
      n = gm__json_find(n, name);
    }
  }
  if (!n) fail_msg("nothing at %s", path);
  return n;
}

/* Quantiles stand at their times, in their order, with 6 digits; probabilities in per cent. */
static void forecast__has_its_numbers(void **state)
{
  static const int32_t first[] = {0, 3, 6}, count[] = {3, 3, 1};
  static const char *const start[] = {"2020-09-13T12:26:40Z", "2020-09-13T16:26:40Z",
                                      "2020-09-14T08:26:40Z"};
  static const char *const step_ms[] = {"3600000", "7200000", "1"};
  gm_text t;
  gm_json *tree;
  gm_arena *arena;
  gm_fhir_out_options o = options("https://a.b/fhir", false);
  (void)state;
  gm_text_init(&t, ctx);
  must(write_all(ctx, &o, &t));
  must(gm_arena_new(ctx, 65536, &arena));
  must(gm__json_parse(ctx, arena, NULL, t.data, t.bytes, &tree));
  for (int32_t k = 0; k < OBS; k++)
    for (int32_t p = 0; p < 3; p++) {
      const gm_json *r = entry_of(tree, "Observation", 5 + 3 * k + p); /* after the facts */
      assert_string_equal(start[p], at(r, "effectivePeriod.start")->text);
      assert_int_equal(GM_QUANTILE_COUNT, at(r, "component")->count);
      const gm_json *c = at(r, "component")->first;
      for (int32_t q = 0; q < GM_QUANTILE_COUNT; q++, c = c->next) {
        char *end, *data = (char *)at(c, "valueSampledData.data")->text;
        assert_true(strtod(at(c, "code.coding.0.code")->text, NULL) == gm_quantile_level[q]);
        assert_string_equal(step_ms[p], at(c, "valueSampledData.period")->text);
        assert_string_equal(k ? "1" : "mmol/L", at(c, "valueSampledData.origin.code")->text);
        for (int32_t i = 0; i < count[p]; i++, data = end) {
          double v = strtod(data, &end);
          double w = noisy[(k * TIMES + first[p] + i) * GM_QUANTILE_COUNT + q];
          assert_true(fabs(v - w) <= 5e-6 * fabs(w));
          assert_true(end - data <= 8); /* a space, six digits, a point */
        }
        assert_true(*data == 0);
      }
    }
  const gm_json *risk = entry_of(tree, "RiskAssessment", 0);
  assert_string_equal("63.45", at(risk, "prediction.0.probabilityDecimal")->text);
  assert_string_equal("0", at(risk, "prediction.1.probabilityDecimal")->text);
  assert_string_equal("Observation/o1", at(risk, "basis.0.reference")->text);
  assert_string_equal("MedicationAdministration/a1", at(risk, "basis.1.reference")->text);
  const gm_json *run = entry_of(tree, "Provenance", 0);
  assert_int_equal(7, at(run, "target")->count);
  assert_int_equal(5, at(run, "entity")->count);
  gm_arena_free(arena);
  gm_text_free(&t);
}

/* ---- proposals ----------------------------------------------------------------------------------
 */
/* Everything of a proposal is a draft of intent proposal; the best stands first. */
static void proposal__is_a_draft(void **state)
{
  static const char *const type[] = {"CarePlan", "RequestGroup", "MedicationRequest",
                                     "MedicationRequest"};
  gm_text t;
  gm_json *tree;
  gm_arena *arena;
  gm_fhir_out_options o = options("https://a.b/fhir", false);
  (void)state;
  gm_text_init(&t, ctx);
  must(write_all(ctx, &o, &t));
  must(gm_arena_new(ctx, 65536, &arena));
  must(gm__json_parse(ctx, arena, NULL, t.data, t.bytes, &tree));
  for (int32_t i = 0; i < 4; i++) {
    const gm_json *r = entry_of(tree, type[i], i == 3);
    assert_string_equal("draft", at(r, "status")->text);
    assert_string_equal("proposal", at(r, "intent")->text);
  }
  assert_null(strstr(t.data, "\"intent\":\"order\""));
  assert_null(strstr(t.data, "\"intent\":\"plan\""));
  const gm_json *best = entry_of(tree, "MedicationRequest", 0);
  assert_string_equal("2.5",
                      at(best, "dosageInstruction.0.doseAndRate.0.doseQuantity.value")->text);
  assert_string_equal("12", at(best, "dosageInstruction.0.timing.repeat.period")->text);
  assert_string_equal("0.5", at(best, "dosageInstruction.0.timing.repeat.duration")->text);
  assert_string_equal("2020-09-13T15:26:40Z",
                      at(best, "dosageInstruction.0.timing.repeat.boundsPeriod.start")->text);
  const gm_json *group = entry_of(tree, "RequestGroup", 0);
  assert_string_equal("2.5 mg every 12 h", at(group, "action.0.action.0.title")->text);
  assert_string_equal("at-most-one", at(group, "action.0.selectionBehavior")->text);
  gm_arena_free(arena);
  gm_text_free(&t);
}

/* What is withheld is not there, and why is said. */
static void proposal__withheld_is_not_there(void **state)
{
  gm_text t;
  gm_fhir_out *w;
  gm_proposal p = proposal_make("the twin is lost");
  gm_fhir_out_proposal r = {.proposal = &p, .issued_s = t0};
  gm_fhir_out_options o = options(NULL, false);
  (void)state;
  gm_text_init(&t, ctx);
  must(gm_fhir_out_new(ctx, &o, &t, &w));
  assert_int_equal(GM_EINVAL, gm_fhir_out_proposal_add(w, &r)); /* the twin comes first */
  must(gm_fhir_out_twin(w, &(gm_fhir_out_device){0}));
  must(gm_fhir_out_proposal_add(w, &r));
  must(gm_fhir_out_end(w));
  must_be_right(&t);
  assert_non_null(strstr(t.data, "Nothing is proposed: the twin is lost"));
  assert_null(strstr(t.data, "MedicationRequest"));
  assert_null(strstr(t.data, "RequestGroup"));
  gm_fhir_out_free(w);
  gm_text_free(&t);
}

/* ---- failures
 * ------------------------------------------------------------------------------------ */
/* What fails adds nothing, and the Bundle goes on. */
static void failure__adds_nothing(void **state)
{
  gm_text t;
  gm_fhir_out *w;
  gm_fact basis[2], f = facts[0];
  gm_fhir_out_forecast q = forecast_make(basis);
  const gm_fhir_out_event wrong[] = {{"x", 1.5, 0, 1}};
  (void)state;
  for (int k = 0; k < 2; k++) {
    gm_fhir_out_options o = options(NULL, k);
    gm_text_init(&t, ctx);
    must(gm_fhir_out_new(ctx, &o, &t, &w));
    must(gm_fhir_out_twin(w, &(gm_fhir_out_device){0}));
    must(gm_fhir_out_fact(w, &f));
    size_t bytes = t.bytes;
    assert_int_equal(GM_EEXIST, gm_fhir_out_fact(w, &f));
    f.value = "secret";
    f.version = "2";
    assert_int_equal(GM_EPARSE, gm_fhir_out_fact(w, &f));
    assert_null(strstr(gm_message(ctx), "secret"));
    f.value = "7";
    f.t_true_s = NAN;
    assert_int_equal(GM_ERANGE, gm_fhir_out_fact(w, &f));
    f.t_true_s = 1e15;
    assert_int_equal(GM_ERANGE, gm_fhir_out_fact(w, &f));
    q.event = wrong, q.event_count = 1;
    assert_int_equal(GM_ERANGE, gm_fhir_out_forecast_add(w, &q));
    f.kind = GM_RECORD_BELIEF;
    assert_int_equal(GM_EINVAL, gm_fhir_out_fact(w, &f));
    assert_int_equal(bytes, t.bytes);
    f = facts[0];
    f.version = "2";
    must(gm_fhir_out_fact(w, &f)); /* another version of the same */
    f.version = "1";
    q = forecast_make(basis);
    must(gm_fhir_out_forecast_add(w, &q));
    must(gm_fhir_out_end(w));
    must_be_right(&t);
    gm_fhir_out_free(w);
    gm_text_free(&t);
  }
}

static void options__are_checked(void **state)
{
  gm_text t;
  gm_fhir_out *w;
  gm_fhir_out_options o;
  (void)state;
  gm_text_init(&t, ctx);
  o = options(NULL, false), o.patient = NULL;
  assert_int_equal(GM_EINVAL, gm_fhir_out_new(ctx, &o, &t, &w));
  o = options(NULL, false), o.gender = "F";
  assert_int_equal(GM_EINVAL, gm_fhir_out_new(ctx, &o, &t, &w));
  o = options(NULL, false), o.gender = "male|";
  assert_int_equal(GM_EINVAL, gm_fhir_out_new(ctx, &o, &t, &w));
  o = options(NULL, false), o.birth_date = "17 May 1970";
  assert_int_equal(GM_EINVAL, gm_fhir_out_new(ctx, &o, &t, &w));
  o = options("fhir", false);
  assert_int_equal(GM_EINVAL, gm_fhir_out_new(ctx, &o, &t, &w));
  o = options(NULL, false), o.now_s = INFINITY;
  assert_int_equal(GM_ERANGE, gm_fhir_out_new(ctx, &o, &t, &w));
  assert_int_equal(0, t.bytes);
  gm_text_free(&t);
}

/* Instants of the Gregorian calendar, to the microsecond. */
static void time__is_written_exactly(void **state)
{
  static const struct {
    double s;
    const char *text;
  } when[] = {{0, "1970-01-01T00:00:00Z"},
              {-1, "1969-12-31T23:59:59Z"},
              {951782400, "2000-02-29T00:00:00Z"},
              {1000000000.25, "2001-09-09T01:46:40.25Z"},
              {-0.000001, "1969-12-31T23:59:59.999999Z"},
              {-62135596800, "0001-01-01T00:00:00Z"},
              {253402300799, "9999-12-31T23:59:59Z"}};
  (void)state;
  for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
    gm_text t;
    gm_fhir_out *w;
    char wanted[100];
    gm_fhir_out_options o = options(NULL, false);
    o.now_s = when[i].s;
    gm_text_init(&t, ctx);
    must(gm_fhir_out_new(ctx, &o, &t, &w));
    snprintf(wanted, sizeof wanted, "\"timestamp\": \"%s\"", when[i].text);
    if (!strstr(t.data, wanted)) fail_msg("no %s in %s", wanted, t.data);
    gm_fhir_out_free(w);
    gm_text_free(&t);
  }
}

/* The text may be taken away between calls, so that an export of any size needs little memory. */
static void text__may_be_emptied(void **state)
{
  gm_text t, all;
  gm_fhir_out *w;
  size_t most = 0;
  gm_fhir_out_options o = options("https://a.b/fhir", false);
  (void)state;
  gm_text_init(&t, ctx);
  gm_text_init(&all, ctx);
  must(gm_fhir_out_new(ctx, &o, &t, &w));
  for (int32_t i = 0; i < 3000; i++) {
    char id[40];
    gm_fact f = facts[0];
    snprintf(id, sizeof id, "Observation/n%d", (int)i);
    f.id = id;
    must(gm_fhir_out_fact(w, &f));
    most = t.bytes > most ? t.bytes : most;
    gm_text_addn(&all, t.data, t.bytes);
    t.bytes = 0;
  }
  must(gm_fhir_out_end(w));
  gm_text_addn(&all, t.data, t.bytes);
  assert_true(most < 2000);
  must_be_right(&all);
  gm_fhir_out_free(w);
  gm_text_free(&t);
  gm_text_free(&all);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_text t;
  gm_fhir_out_options o = options(NULL, *(bool *)user);
  gm_text_init(&t, c);
  gm_status s = write_all(c, &o, &t);
  gm_text_free(&t);
  return s;
}

static void memory__may_run_out(void **state)
{
  bool document = false;
  (void)state;
  fault_sweep("collection", trial, &document);
  document = true;
  fault_sweep("document", trial, &document);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bundle__passes_checker_and_schema),
      cmocka_unit_test(bundle__is_the_same_each_time),
      cmocka_unit_test(fact__comes_back_as_it_was),
      cmocka_unit_test(decimal__stays_as_written),
      cmocka_unit_test(fact__withdrawn_or_ordered),
      cmocka_unit_test(fact__of_odd_texts_is_right),
      cmocka_unit_test(fact__of_two_sources),
      cmocka_unit_test(forecast__has_its_numbers),
      cmocka_unit_test(proposal__is_a_draft),
      cmocka_unit_test(proposal__withheld_is_not_there),
      cmocka_unit_test(failure__adds_nothing),
      cmocka_unit_test(options__are_checked),
      cmocka_unit_test(time__is_written_exactly),
      cmocka_unit_test(text__may_be_emptied),
      cmocka_unit_test(memory__may_run_out),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
