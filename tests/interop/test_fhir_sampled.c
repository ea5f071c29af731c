/* test_fhir_sampled.c - samples at even times: where each stands when the step is no round number,
 * and what is written of a forecast read again.
 * label: quick */
#include "interop/test_fhir_in_case.h"
#include "base/json_tree.h"
#include "gemel/fhir_out.h"

enum { SAMPLES = 300 };

typedef struct {
  double t_s[SAMPLES + 1], value[SAMPLES + 1];
  int32_t count;
} heard;

static gm_status hear(void *user, const gm_fact *f)
{
  heard *h = user;
  assert_true(h->count <= SAMPLES);
  h->t_s[h->count] = f->t_true_s;
  h->value[h->count++] = strtod(f->value, NULL);
  return GM_OK;
}

/* An Observation of cp [mg/L] with these samples from start on. */
static void samples_read(const char *start, const char *period, const char *data, heard *h)
{
  gm_text t;
  gm_fhir_totals totals;
  reading none = {0};
  gm_fhir_options o = case_options(&none);
  gm_text_init(&t, ctx);
  gm_text_addf(&t,
               "{'resourceType':'Observation','id':'o1','status':'final','code':{'coding':[{"
               "'system':'http://loinc.org','code':'20578-1'}]},'subject':{'reference':"
               "'Patient/p1'},'effectivePeriod':{'start':'%s'},'valueSampledData':{'origin':{"
               "'value':0,'system':'http://unitsofmeasure.org','code':'mg/L'},'period':%s,"
               "'dimensions':1,'data':'%s'}}",
               start, period, data);
  case_write_json("in.json", t.data);
  gm_text_free(&t);
  o.fact = hear;
  o.account = NULL;
  o.user = h;
  h->count = 0;
  if (gm_fhir_read_file(ctx, case_path("in.json"), &o, &totals)) fail_msg("%s", gm_message(ctx));
}

/* Sample i of a step of 1,234,567 ms stands i steps behind the first: 300 of them, counted in whole
 * milliseconds here. */
static void sampled__odd_period_keeps_its_times(void **state)
{
  (void)state;
  static heard h;
  gm_text data;
  gm_text_init(&data, ctx);
  for (int32_t i = 0; i < SAMPLES; i++) gm_text_addf(&data, "%s%d.25", i ? " " : "", (int)i);
  samples_read("2015-02-07T13:28:17Z", "1234567", data.data, &h);
  gm_text_free(&data);
  assert_int_equal(SAMPLES, h.count);
  for (int32_t i = 0; i < SAMPLES; i++) {
    int64_t ms = INT64_C(1423315697000) + (int64_t)i * 1234567;
    assert_true(fabs(h.t_s[i] - (double)(ms / 1000) - 1e-3 * (double)(ms % 1000)) < 1e-6);
    assert_true(h.value[i] == i + 0.25);
  }
}

/* The samples of the first Observation in a bundle. */
typedef struct {
  const char *start, *period, *data;
} sampled;

static const gm_json *at(const gm_json *n, const char *a, const char *b)
{
  const gm_json *found = gm__json_find(gm__json_find(n, a), b);
  if (!found) fail_msg("nothing at %s.%s", a, b);
  return found;
}

static sampled sampled_of(const gm_json *bundle)
{
  for (const gm_json *e = gm__json_find(bundle, "entry")->first; e; e = e->next) {
    const gm_json *r = gm__json_find(e, "resource");
    if (strcmp(gm__json_find(r, "resourceType")->text, "Observation") != 0) continue;
    const gm_json *first = gm__json_find(r, "component")->first;
    return (sampled){.start = at(r, "effectivePeriod", "start")->text,
                     .period = at(first, "valueSampledData", "period")->text,
                     .data = at(first, "valueSampledData", "data")->text};
  }
  fail_msg("no Observation");
  return (sampled){0};
}

static double value_at(int32_t i) { return 5 + sin(i) + 1e-3 * i; }

/* A forecast of all observables at SAMPLES times, step_ms apart, from begin_h hours on. */
static void forecast_write(double begin_h, double step_ms, gm_text *out)
{
  static double time[SAMPLES], quantile[16 * SAMPLES * GM_QUANTILE_COUNT];
  assert_true(definition->observable_count <= 16);
  for (int32_t i = 0; i < SAMPLES; i++) time[i] = begin_h + i * step_ms / 3.6e6;
  for (int32_t i = 0; i < definition->observable_count * SAMPLES * GM_QUANTILE_COUNT; i++)
    quantile[i] = value_at(i / GM_QUANTILE_COUNT % SAMPLES) + 0.1 * (i % GM_QUANTILE_COUNT);
  gm_forecast forecast = {.time_count = SAMPLES,
                          .observable_count = definition->observable_count,
                          .time = time,
                          .quantile = quantile,
                          .with_noise = quantile};
  gm_fhir_out_options o = {.base = "https://a.b/fhir",
                           .patient = "p1",
                           .twin = "case",
                           .definition = definition,
                           .t0_s = 1600000000,
                           .now_s = 1600086400};
  gm_fhir_out_forecast f = {.id = "f1",
                            .forecast = &forecast,
                            .t_now = begin_h,
                            .issued_s = 1600007300,
                            .input_hash = "abc",
                            .build = "g123"};
  gm_fhir_out *w = NULL;
  gm_fhir_out_device twin = {.version = "1", .health = "tracking", .level = "mirror"};
  gm_status st = gm_fhir_out_new(ctx, &o, out, &w);
  if (!st) st = gm_fhir_out_twin(w, &twin);
  if (!st) st = gm_fhir_out_forecast_add(w, &f);
  if (!st) st = gm_fhir_out_end(w);
  gm_fhir_out_free(w);
  if (st) fail_msg("%s", gm_message(ctx));
}

/* A forecast's samples, read as those of a measurement: each at the time and of the value that was
 * written, to the six digits that are. An even step is written as it is; years after the twin's
 * epoch a time in hours carries some microseconds less. */
static void forecast__samples_come_back(void **state)
{
  (void)state;
  static const struct {
    double begin_h, step_ms, within_s;
    const char *period; /* NULL: any */
  } c[] = {
      {0, 1234567, 1e-6, "1234567"},   {0, 300000, 1e-6, "300000"}, {0, 1, 1e-6, "1"},
      {0, 86400000, 1e-6, "86400000"}, {0, 2.5, 1e-6, "2.5"},       {50000, 1234567, 1e-3, NULL},
      {87654.321, 333, 1e-3, NULL}};
  static heard h;
  for (size_t k = 0; k < sizeof c / sizeof c[0]; k++) {
    gm_text t;
    gm_arena *arena = NULL;
    gm_json *tree = NULL;
    gm_text_init(&t, ctx);
    forecast_write(c[k].begin_h, c[k].step_ms, &t);
    assert_int_equal(GM_OK, gm_arena_new(ctx, 65536, &arena));
    assert_int_equal(GM_OK, gm__json_parse(ctx, arena, NULL, t.data, t.bytes, &tree));
    sampled s = sampled_of(tree);
    if (c[k].period) assert_string_equal(c[k].period, s.period);
    samples_read(s.start, s.period, s.data, &h);
    assert_int_equal(SAMPLES, h.count);
    for (int32_t i = 0; i < SAMPLES; i++) {
      double t_s = 1600000000 + c[k].begin_h * 3600 + 1e-3 * c[k].step_ms * i;
      if (!(fabs(h.t_s[i] - t_s) <= c[k].within_s))
        fail_msg("step %g ms: sample %d is %g s off", c[k].step_ms, (int)i, h.t_s[i] - t_s);
      assert_true(fabs(h.value[i] - value_at(i)) <= 5e-6 * value_at(i));
    }
    gm_arena_free(arena);
    gm_text_free(&t);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(sampled__odd_period_keeps_its_times),
                                     cmocka_unit_test(forecast__samples_come_back)};
  return cmocka_run_group_tests_name("sampled", tests, case_begin, case_end);
}
