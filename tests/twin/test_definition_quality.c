/* test_definition_quality.c - `quality`, `code`, `molar-mass` and `update-within`: what a file says
 * is what the checks get, in the observable's unit and hours; values by hand.
 * label: quick */
#include "twin/test_definition_case.h"
#include "support/fault.h"
#include <ctype.h>
#include <math.h>

static const char label[] = "label: Concentration";

/* The case with more keys for its observable cp (mg/L, error 0.4 and 10 %, loq 0.1). */
static gm_status with(const char *more, gm_definition **out)
{
  char put[2000];
  snprintf(put, sizeof put, "%s, %s", label, more);
  char *text = case_change(label, put);
  gm_status s = case_read(text, out);
  free(text);
  return s;
}

static gm_definition *good(const char *more)
{
  gm_definition *d = NULL;
  if (with(more, &d)) fail_msg("%s", gm_message(ctx));
  return d;
}

static void near_value(double expected, double got)
{
  if (!(fabs(expected - got) <= 1e-14 * (1 + fabs(expected))))
    fail_msg("%.17g, expected %.17g", got, expected);
}

/* ---- what is read ---------------------------------------------------------------------------- */
/* Not asked for, there are no rules. Asked for without figures they are the defaults, with the
 * noise that `error` says and the limit of quantification as the sensor's lower end. */
static void quality__empty_is_the_defaults(void **state)
{
  (void)state;
  gm_definition *d = good("molar-mass: 180 g/mol");
  for (int32_t i = 0; i < d->observable_count; i++) assert_null(d->observable[i].quality);
  gm_definition_free(d);
  d = good("quality: {}");
  gm_quality_rules expected = gm_quality_defaults();
  expected.noise_sd = 0.4;
  expected.noise_cv = 0.1;
  expected.sensor_low = 0.1;
  const gm_quality_rules *got = d->observable[0].quality;
  assert_non_null(got);
  assert_memory_equal(&expected, got, sizeof expected);
  assert_null(d->observable[1].quality);
  gm_definition_free(d);
}

/* Amounts come to mg/L, rates to mg/L/h, times to hours: 0.5 mg/L/min = 30 mg/L/h, 12 ug/mL/d =
 * 0.5 mg/L/h, 5 min = 1/12 h. */
static void quality__in_the_observables_unit(void **state)
{
  (void)state;
  gm_definition *d = good("quality: {possible: [0, 100 ug/mL], plausible: [none, 80],"
                          " sensor: [0.2, none], typical: [2000 ug/L, 20], rise: 0.5 mg/L/min,"
                          " fall: 12 ug/mL/d, resolution: 100 ug/L, every: 5 min, gap: 4,"
                          " dip: {depth: 2, rate: 0.05 mg/L/min, within: 90 min, back: 50 %}}");
  const gm_quality_rules *q = d->observable[0].quality;
  near_value(0, q->hard_low);
  near_value(100, q->hard_high);
  assert_true(isinf(q->soft_low) && q->soft_low < 0);
  near_value(80, q->soft_high);
  near_value(0.2, q->sensor_low);
  assert_true(isinf(q->sensor_high) && q->sensor_high > 0);
  near_value(2, q->typical_low);
  near_value(20, q->typical_high);
  near_value(30, q->rise_per_h);
  near_value(0.5, q->fall_per_h);
  near_value(0.1, q->resolution);
  near_value(1.0 / 12, q->usual_h);
  near_value(4, q->gap_factor);
  near_value(2, q->dip_fall);
  near_value(3, q->dip_fall_per_h);
  near_value(1.5, q->dip_h);
  near_value(0.5, q->dip_back);
  gm_definition_free(d);
  d = good("quality: {dip: {depth: 2, rate: 3 mg/L/h, within: 2 h}}");
  near_value(gm_quality_defaults().dip_back, d->observable[0].quality->dip_back);
  gm_definition_free(d);
}

/* 1 mmol of glucose weighs 180.156 mg, so mmol/L read as mg/L are off by that factor; and limits in
 * mmol/L come to mg/L. */
static void quality__molar_mass(void **state)
{
  (void)state;
  gm_definition *d = good("molar-mass: 180.156 g/mol, quality: {units: [mmol/L, ug/L],"
                          " possible: [0, 10 mmol/L], rise: 0.1 mmol/L/min}");
  const gm_quality_rules *q = d->observable[0].quality;
  assert_int_equal(2, q->unit_count);
  near_value(180.156, q->unit[0].factor);
  near_value(0, q->unit[0].offset);
  near_value(1e-3, q->unit[1].factor);
  near_value(1801.56, q->hard_high);
  near_value(0.1 * 60 * 180.156, q->rise_per_h);
  gm_definition_free(d);
}

/* A temperature: degrees Fahrenheit are off by a line, 36.6 Cel = (97.88 - 32) 5/9; a rate is in
 * kelvin, 1 K/h = 1 degree of Celsius an hour. */
static void quality__temperatures(void **state)
{
  (void)state;
  static const char model[] = "model body\ntime has \"h\"\nT = 37\nT' = 0\nend\n";
  static const char twin[] =
      "twin: t\nquestion: q\ncontext-of-use: c\nmodel: body.ant\nobservables:\n"
      "  T: {is: T, unit: Cel, error: {additive: 0.1},\n"
      "      quality: {units: [\"[degF]\"], rise: 2 K/h, possible: [20, \"113 [degF]\"]}}\n";
  gm_definition *d = NULL;
  case_write("body.ant", model, strlen(model));
  if (case_read(twin, &d)) fail_msg("%s", gm_message(ctx));
  const gm_quality_rules *q = d->observable[0].quality;
  assert_true(fabs(q->unit[0].factor * 97.88 + q->unit[0].offset - 36.6) < 1e-11);
  assert_true(fabs(q->rise_per_h - 2) < 1e-11);
  assert_true(fabs(q->hard_high - 45) < 1e-11);
  gm_definition_free(d);
  char path[340];
  snprintf(path, sizeof path, "%s/body.ant", case_folder);
  unlink(path);
}

/* Weights by reason; a reason held out has weight 0; the others keep theirs. */
static void quality__weights(void **state)
{
  (void)state;
  gm_definition *d =
      good("quality: {weights: {soft-range: 0.5, spike: 30 %}, hold-out: [dip, off-grid]}");
  const gm_quality_rules *q = d->observable[0].quality, k = gm_quality_defaults();
  for (int i = 0; i < GM_QUALITY_REASONS; i++) {
    double expected = i == GM_QUALITY_SOFT_RANGE                        ? 0.5
                      : i == GM_QUALITY_SPIKE                           ? 0.3
                      : i == GM_QUALITY_DIP || i == GM_QUALITY_OFF_GRID ? 0
                                                                        : k.weight[i];
    near_value(expected, q->weight[i]);
  }
  gm_definition_free(d);
}

/* The noise: of a sum of both parts never less than it, whatever the value; of a logarithm with
 * standard deviation s the lognormal's coefficient of variation; of counts not known. */
static void quality__noise_of_the_error(void **state)
{
  (void)state;
  char *text = case_change("proportional: 10 %}", "proportional: 10 %, form: sum}, quality: {}");
  gm_definition *d = NULL;
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  const gm_quality_rules *q = d->observable[0].quality;
  for (double f = 0.01; f < 1000; f *= 1.5) {
    double sum = 0.4 + 0.1 * f, root = hypot(q->noise_sd, q->noise_cv * f);
    assert_true(root >= sum * (1 - 1e-12) && root <= sum * sqrt(2) * (1 + 1e-12));
  }
  gm_definition_free(d);
  text = case_change("scale: log}", "scale: log, quality: {}}");
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  near_value(0, d->observable[1].quality->noise_sd);
  near_value(sqrt(exp(0.04) - 1), d->observable[1].quality->noise_cv);
  gm_definition_free(d);
  text = case_change("error: {additive: 0.2}, scale: log", "error: {counts: poisson}, quality: {}");
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  near_value(0, d->observable[1].quality->noise_sd);
  near_value(0, d->observable[1].quality->noise_cv);
  gm_definition_free(d);
}

/* ---- code, molar-mass, update-within --------------------------------------------------------- */
/* One code or a list of them, in order; the molar mass in g/mol whatever unit it is written in. */
static void coding__of_every_series(void **state)
{
  (void)state;
  gm_definition *d = NULL;
  char *text = case_change("code: loinc|1-8", "code: [loinc|1-8, \"http://x.org/a b|2\"]");
  assert_int_equal(GM_EPARSE, case_read(text, &d));
  free(text);
  text = case_change("code: loinc|1-8", "code: [loinc|1-8, \"http://x.org/a|2\"]");
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  const gm_coding *c = &d->observable[0].coding;
  assert_int_equal(2, c->count);
  assert_string_equal("loinc|1-8", c->code[0]);
  assert_string_equal("http://x.org/a|2", c->code[1]);
  assert_true(isnan(c->molar_mass_g_per_mol));
  assert_int_equal(1, d->input[0].coding.count);
  assert_string_equal("rxnorm|11289", d->input[0].coding.code[0]);
  assert_int_equal(0, d->observable[1].coding.count);
  gm_definition_free(d);
  text = case_change("code: loinc|29463-7", "molar-mass: 0.30833 kg/mol");
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  near_value(308.33, d->covariate[0].coding.molar_mass_g_per_mol);
  gm_definition_free(d);
}

/* In seconds, whatever the model's unit of time; NaN when it is not asked for. */
static void update_within__in_seconds(void **state)
{
  (void)state;
  gm_definition *d = NULL;
  char *text = case_change("title: A case", "title: A case\nupdate-within: 10 min");
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  free(text);
  assert_true(fabs(d->update_within_s - 600) < 1e-9);
  gm_definition_free(d);
  d = good("quality: {}");
  assert_true(isnan(d->update_within_s));
  gm_definition_free(d);
}

/* ---- refusals -------------------------------------------------------------------------------- */
typedef struct {
  const char *more;
  gm_status status;
  const char *message; /* how it goes on behind "twin.yaml:25: observables.cp." */
} wrong;

static void check(const wrong *w, size_t count)
{
  static const char where[] = "twin.yaml:25: observables.cp.";
  for (size_t i = 0; i < count; i++) {
    gm_definition *d = NULL;
    gm_status s = with(w[i].more, &d);
    const char *m = case_message();
    bool same = !strncmp(m, where, strlen(where)) &&
                !strncmp(m + strlen(where), w[i].message, strlen(w[i].message));
    if (s != w[i].status || !same)
      fail_msg("\"%s\"\n  gave %s \"%s\"\n  expected %s \"%s\"", w[i].more, gm_status_name(s), m,
               gm_status_name(w[i].status), w[i].message);
    assert_null(d);
  }
}

#define CHECK(list) check(list, sizeof(list) / sizeof(list)[0])

/* Ranges and rates that cannot be, each with its field and what was expected. */
static void errors__ranges_and_rates(void **state)
{
  (void)state;
  const wrong w[] = {
      {"quality: 3", GM_EPARSE, "quality: a text; a map"},
      {"quality: {posible: [1, 2]}", GM_EPARSE,
       "quality.posible: 'posible' is not a key here; did you mean 'possible'?"},
      {"quality: {possible: 3}", GM_EPARSE,
       "quality.possible: [lowest, highest], `none` for an end that is not limited, is expected"},
      {"quality: {possible: [1, 2, 3]}", GM_EPARSE, "quality.possible: [lowest, highest], "},
      {"quality: {possible: [none, none]}", GM_EPARSE, "quality.possible: limits nothing; "},
      {"quality: {possible: [5, 5]}", GM_ERANGE, "quality.possible: low 5 is not below high 5"},
      {"quality: {plausible: [1 kg, 2]}", GM_EUNIT, "quality.plausible[1]: "},
      {"quality: {plausible: [1, x]}", GM_EPARSE, "quality.plausible[2]: 'x'; a number and its "},
      {"quality: {typical: [none, 3]}", GM_EPARSE, "quality.typical[1]: 'none'; a number and "},
      {"quality: {possible: [0, 3 mmol/L]}", GM_EUNIT, "quality.possible[2]: "},
      {"quality: {rise: 3}", GM_EUNIT,
       "quality.rise: '3' has no unit; an amount by time is expected, as in '2 mg/L/h'"},
      {"quality: {rise: 3 mg/L}", GM_EUNIT, "quality.rise: "},
      {"quality: {fall: -3 mg/L/h}", GM_ERANGE, "quality.fall: '-3 mg/L/h'; more than 0 is "},
      {"quality: {resolution: 0}", GM_ERANGE, "quality.resolution: '0'; more than 0 is expected"},
      {"quality: {every: 5}", GM_EUNIT, "quality.every: '5' has no unit; "},
      {"quality: {gap: 1}", GM_ERANGE, "quality.gap: '1'; so many usual intervals, above 1, "},
      {"quality: {dip: {rate: 3 mg/L/h, within: 2 h}}", GM_EPARSE,
       "quality.dip.depth: missing; how far the value falls is expected"},
      {"quality: {dip: {depth: 1, rate: 3 mg/L/h}}", GM_EPARSE, "quality.dip.within: missing; "},
      {"quality: {dip: {depth: 1, rate: 3, within: 2 h}}", GM_EUNIT, "quality.dip.rate: "},
      {"quality: {dip: {depth: 1, rate: 3 mg/L/h, within: 2 h, back: 2}}", GM_ERANGE,
       "quality.dip.back: '2'; above 0 and at most 100 % is expected"},
      {"quality: {sensor: [none, 0.05]}", GM_ERANGE, "quality.sensor: low 0.1 is not below high"},
  };
  CHECK(w);
}

/* Units that are none, the same, twice, or need a molar mass; reasons that are none or twice. */
static void errors__units_and_weights(void **state)
{
  (void)state;
  const wrong w[] = {
      {"quality: {units: []}", GM_EPARSE, "quality.units: an empty list; a list"},
      {"quality: {units: mmol/L}", GM_EPARSE, "quality.units: a text; a list"},
      {"quality: {units: [furlong]}", GM_EPARSE, "quality.units[1]: "},
      {"quality: {units: [mmol/L]}", GM_EUNIT, "quality.units[1]: "},
      {"quality: {units: [kg]}", GM_EUNIT, "quality.units[1]: "},
      {"quality: {units: [g/L, ug/mL]}", GM_EPARSE,
       "quality.units[2]: values in it are the same as in mg/L; "},
      {"quality: {units: [g/L, mg/mL]}", GM_EPARSE, "quality.units[2]: the same as another one"},
      {"quality: {units: [g/L, ug/L, ng/L, pg/L, kg/L, mg/dL, ug/dL, ng/dL, pg/dL]}", GM_ERANGE,
       "quality.units[9]: at most 8 units are expected"},
      {"quality: {weights: [spike]}", GM_EPARSE, "quality.weights: a list; a map"},
      {"quality: {weights: {spikes: 1}}", GM_EPARSE,
       "quality.weights.spikes: 'spikes' is not a reason; did you mean 'spike'? known: "},
      {"quality: {weights: {spike: 1.5}}", GM_ERANGE,
       "quality.weights.spike: '1.5'; 0 (held out) to 1 (as it is) is expected"},
      {"quality: {weights: {spike: -1}}", GM_ERANGE, "quality.weights.spike: '-1'; 0 or more "},
      {"quality: {hold-out: spike}", GM_EPARSE, "quality.hold-out: a text; a list"},
      {"quality: {hold-out: [SPIKE]}", GM_EPARSE,
       "quality.hold-out[1]: 'SPIKE' is not a reason; did you mean 'spike'?"},
      {"quality: {hold-out: [spike, spike]}", GM_EPARSE,
       "quality.hold-out[2]: 'spike' has its weight elsewhere; one is expected"},
      {"quality: {weights: {spike: 0.1}, hold-out: [spike]}", GM_EPARSE,
       "quality.hold-out[1]: 'spike' has its weight elsewhere; "},
      {"molar-mass: 180", 0, ""},
  };
  check(w, sizeof w / sizeof *w - 1);
}

/* What is never measured has no data to check; molar masses and times must be ones. */
static void errors__elsewhere(void **state)
{
  (void)state;
  static const struct {
    const char *find, *put;
    gm_status status;
    const char *message;
  } w[] = {
      {"error: none", "error: none, quality: {}", GM_EPARSE,
       "twin.yaml:27: observables.eff.quality: is of what is measured, and `error` is none here"},
      {"code: loinc|1-8", "molar-mass: 180", GM_EUNIT,
       "twin.yaml:25: observables.cp.molar-mass: '180' has no unit; one that converts to g/mol is "
       "expected, as in "
       "'2 g/mol'"},
      {"code: loinc|1-8", "molar-mass: 0 g/mol", GM_ERANGE,
       "twin.yaml:25: observables.cp.molar-mass: '0 g/mol'; more than 0 is expected"},
      {"code: loinc|1-8", "molar-mass: 2 mg", GM_EUNIT,
       "twin.yaml:25: observables.cp.molar-mass: mg does not convert to g/mol"},
      {"code: loinc|1-8", "code: []", GM_EPARSE, "twin.yaml:25: observables.cp.code: an empty "},
      {"code: loinc|1-8", "code: [loinc|1-8, x]", GM_EPARSE,
       "twin.yaml:25: observables.cp.code[2]: 'x'; SYSTEM|CODE such as loinc|29463-7 is expected"},
      {"title: A case", "update-within: 10", GM_EUNIT, "twin.yaml:2: update-within: '10' has no "},
      {"title: A case", "update-within: 0 min", GM_ERANGE, "twin.yaml:2: update-within: '0 min';"},
  };
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
    gm_definition *d = NULL;
    char *text = case_change(w[i].find, w[i].put);
    gm_status s = case_read(text, &d);
    free(text);
    if (s != w[i].status || strncmp(case_message(), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("\"%s\" gave %s \"%s\"", w[i].put, gm_status_name(s), case_message());
    assert_null(d);
  }
}

/* ---- what is published ----------------------------------------------------------------------- */
/* The guide lists every reason in the row of the weight that it has unless stated, and the schema
 * knows it. */
static void guide__has_the_reasons(void **state)
{
  (void)state;
  char *guide = NULL, *schema = NULL;
  size_t bytes = 0;
  if (gm_file_read(ctx, "docs/definition.md", 1 << 20, &guide, &bytes) ||
      gm_file_read(ctx, "docs/twin.schema.json", 1 << 20, &schema, &bytes))
    fail_msg("%s", gm_message(ctx));
  const gm_quality_rules k = gm_quality_defaults();
  const char *table = strstr(guide, "| weight | reasons |");
  assert_non_null(table);
  for (int i = 0; i < GM_QUALITY_REASONS; i++) {
    char name[40], row[40], word[44];
    size_t n = 0;
    for (const char *c = gm_quality_reason_name((gm_quality_reason)i); *c; c++)
      name[n++] = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
    name[n] = 0;
    snprintf(row, sizeof row, "\n| %g | ", k.weight[i]);
    const char *line = strstr(table, row);
    assert_non_null(line);
    snprintf(word, sizeof word, "`%s`", name);
    const char *at = strstr(line + 1, word), *end = strchr(line + 1, '\n');
    if (!at || at > end)
      fail_msg("docs/definition.md: %s is not in the row of %g", word, k.weight[i]);
    snprintf(word, sizeof word, "\"%s\"", name);
    if (!strstr(strstr(schema, "\"reason\": {"), word)) fail_msg("the schema has no %s", word);
  }
  gm_free(guide);
  gm_free(schema);
}

/* The example of the guide is read. */
static void guide__example(void **state)
{
  (void)state;
  char *guide = NULL;
  size_t bytes = 0;
  gm_definition *d = NULL;
  if (gm_file_read(ctx, "docs/definition.md", 1 << 20, &guide, &bytes))
    fail_msg("%s", gm_message(ctx));
  const char *from = strstr(strstr(guide, "\n## `quality`"), "```yaml\n");
  assert_non_null(from);
  const char *to = strstr(from += 8, "```");
  char text[3000];
  snprintf(text, sizeof text, "twin: t\nquestion: q\ncontext-of-use: c\nmodel: body.ant\n%.*s",
           (int)(to - from), from);
  static const char model[] = "model body\ntime has \"h\"\nG = 5\nG' = 0\nend\n";
  case_write("body.ant", model, strlen(model));
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  near_value(1 / 18.0156, d->observable[0].quality->unit[0].factor);
  near_value(18, d->observable[0].quality->rise_per_h);
  gm_definition_free(d);
  char path[340];
  snprintf(path, sizeof path, "%s/body.ant", case_folder);
  unlink(path);
  gm_free(guide);
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_definition *d = NULL;
  gm_status s = gm_definition_read(c, case_path, &d);
  gm_definition_free(d);
  return s;
}

/* Any allocation may fail. */
static void quality__out_of_memory(void **state)
{
  (void)state;
  gm_definition_free(good("molar-mass: 180 g/mol, quality: {possible: [0, 9], units: [mmol/L],"
                          " rise: 1 mg/L/h, weights: {spike: 0}, hold-out: [flat]}"));
  assert_true(fault_sweep("gm_definition_read", trial, NULL) > 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quality__empty_is_the_defaults),
      cmocka_unit_test(quality__in_the_observables_unit),
      cmocka_unit_test(quality__molar_mass),
      cmocka_unit_test(quality__temperatures),
      cmocka_unit_test(quality__weights),
      cmocka_unit_test(quality__noise_of_the_error),
      cmocka_unit_test(coding__of_every_series),
      cmocka_unit_test(update_within__in_seconds),
      cmocka_unit_test(errors__ranges_and_rates),
      cmocka_unit_test(errors__units_and_weights),
      cmocka_unit_test(errors__elsewhere),
      cmocka_unit_test(guide__has_the_reasons),
      cmocka_unit_test(guide__example),
      cmocka_unit_test(quality__out_of_memory),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
