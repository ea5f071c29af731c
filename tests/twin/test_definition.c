/* test_definition.c - what a definition says is what the program gets; values by hand.
 * label: quick */
#include "twin/test_definition_case.h"
#include <locale.h>
#include <math.h>

static gm_definition *good(const char *text)
{
  gm_definition *d = NULL;
  if (case_read(text, &d)) fail_msg("%s", gm_message(ctx));
  return d;
}

/* The case with one place changed. */
static gm_definition *changed(const char *find, const char *put)
{
  char *text = case_change(find, put);
  gm_definition *d = good(text);
  free(text);
  return d;
}

static void near_value(double expected, double got)
{
  if (!(fabs(expected - got) <= 1e-14 * (1 + fabs(expected))))
    fail_msg("%.17g, expected %.17g", got, expected);
}

/* Texts, options and notes come through as written. */
static void definition__texts_and_options(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  assert_string_equal("case", d->twin);
  assert_string_equal("A case", d->title);
  assert_string_equal("Which dose keeps cp above 5?", d->question);
  assert_string_equal("tests", d->context_of_use);
  assert_string_equal("model.ant", d->model_file);
  assert_string_equal(case_path, d->path);
  assert_string_equal(case_folder, d->folder);
  assert_false(d->nocb);
  near_value(1, d->hour);
  assert_int_equal(2, d->assumption_count);
  assert_string_equal("clearance does not change", d->assumption[0].text);
  assert_string_equal("", d->assumption[0].on);
  assert_string_equal("KA", d->assumption[1].on);
  assert_int_equal(2, d->source_count);
  assert_string_equal("Other 1991", d->source[1]);
  gm_definition_free(d);
}

/* Covariates keep unit, range and default; the default of a category is the number of its level. */
static void definition__covariates(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  assert_int_equal(2, d->covariate_count);
  const gm_covariate *wt = &d->covariate[0], *sex = &d->covariate[1];
  assert_string_equal("kg", wt->unit);
  assert_int_equal(1, wt->coding.count);
  assert_string_equal("loinc|29463-7", wt->coding.code[0]);
  assert_int_equal(0, wt->level_count);
  near_value(40, wt->lower);
  near_value(150, wt->upper);
  near_value(70, wt->fallback);
  assert_int_equal(2, sex->level_count);
  assert_string_equal("male", sex->level[1]);
  assert_string_equal("", sex->unit);
  near_value(1, sex->fallback);
  assert_int_equal(1, gm_definition_covariate(d, "SEX"));
  assert_int_equal(-1, gm_definition_covariate(d, "AGE"));
  gm_definition_free(d);
  d = changed("range: [40, 150], default: 70", "range: [40000 g, 150]");
  near_value(40, d->covariate[0].lower);
  assert_true(isnan(d->covariate[0].fallback));
  gm_definition_free(d);
}

/* A parameter feeds the model's row of its name, converted: 8 L/d are 1/3 L/h. */
static void definition__parameters_meet_the_model(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  double x[] = {105, 1, 2}; /* WT, SEX, occasion */
  assert_int_equal(5, d->parameter_count);
  const gm_def_parameter *cl = &d->parameter[0], *v = &d->parameter[1], *ka = &d->parameter[2];
  const gm_def_parameter *lag = &d->parameter[gm_definition_parameter(d, "TLAG")];
  assert_int_equal(gm_model_find(d->model, GM_TABLE_PARAMETER, "CL"), cl->parameter);
  near_value(1.0 / 24, cl->to_model);
  near_value(8, gm_expr_eval(cl->typical, x));
  near_value(pow(1.5, 0.75), gm_expr_eval(cl->covariate, x));
  assert_string_equal("L/d", cl->unit);
  assert_string_equal("Someone 1990", cl->source);
  near_value(8.8, gm_expr_eval(v->typical, x));
  assert_null(v->covariate);
  near_value(1, v->to_model);
  assert_int_equal(-1, lag->parameter);
  assert_int_equal(GM_SPREAD_NONE, lag->spread);
  assert_int_equal(-1, lag->eta);
  assert_int_equal(GM_SPREAD_NORMAL, ka->spread);
  near_value(0.2, ka->spread_sd);
  gm_definition_free(d);
  d = changed("typical: 8, unit", "typical: 8 * occasion, unit");
  near_value(16, gm_expr_eval(d->parameter[0].typical, x));
  gm_definition_free(d);
}

/* Omega is sd_i r_ij sd_j in the order of the parameters that vary: r = 0.5, sd 0.25 and 0.2 give
 * the covariance 0.025; what varies by occasion has a matrix of its own. */
static void definition__random_effects(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  const double omega[] = {0.0625, 0.025, 0, 0.025, 0.04, 0, 0, 0, 0.04};
  assert_int_equal(3, d->eta_count);
  assert_int_equal(1, d->occasion_effect_count);
  for (int32_t i = 0; i < 9; i++) near_value(omega[i], d->omega[i]);
  near_value(0.01, d->occasion_omega[0]);
  for (int32_t i = 0; i < 3; i++) assert_int_equal(i, d->parameter[i].eta);
  assert_int_equal(0, d->parameter[0].occasion);
  assert_int_equal(GM_SPREAD_LOGNORMAL, d->parameter[0].occasion_spread);
  near_value(0.1, d->parameter[0].occasion_sd);
  assert_int_equal(-1, d->parameter[1].occasion);
  gm_definition_free(d);
}

/* What varies by occasion only has no effect between subjects, and the kind of its formula. */
static void definition__occasion_alone(void **state)
{
  (void)state;
  gm_definition *d = changed("R1: {typical: 100,", "R1: {typical: 100, occasion: {normal: 3},");
  const gm_def_parameter *p = &d->parameter[4];
  assert_int_equal(-1, p->eta);
  assert_int_equal(1, p->occasion);
  assert_int_equal(GM_SPREAD_NORMAL, p->spread);
  assert_int_equal(GM_SPREAD_NORMAL, p->occasion_spread);
  assert_int_equal(3, d->eta_count);
  assert_int_equal(2, d->occasion_effect_count);
  near_value(0, d->occasion_omega[1]);
  near_value(9, d->occasion_omega[3]);
  gm_definition_free(d);
}

/* Spread in the parameter's unit converts: 500 mL are 0.5 L; a variance is squared sd. */
static void definition__spread_units(void **state)
{
  (void)state;
  gm_definition *d = changed("{lognormal: {variance: 0.04}}", "{normal: 500 mL}");
  near_value(0.5, d->parameter[1].spread_sd);
  gm_definition_free(d);
  d = changed("{lognormal: 0.25}", "{lognormal: 25 %}");
  near_value(0.25, d->parameter[0].spread_sd);
  gm_definition_free(d);
}

/* An input's amount comes to the state's unit (1 g = 1000 mg); its formulas to the model's time and
 * to the input's own amount: 15 min = 0.25 h, 2*100 mg/h = 0.2 g/h. */
static void definition__inputs(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  double x[] = {0.3, 8, 1, 15, 100, 70, 0}; /* parameters, then covariates */
  const gm_def_input *in = &d->input[0];
  assert_int_equal(1, d->input_count);
  assert_string_equal("g", in->unit);
  assert_int_equal(gm_model_find(d->model, GM_TABLE_INPUT, "depot"), in->port);
  near_value(1000, in->to_model);
  near_value(0.25, gm_expr_eval(in->lag, x));
  near_value(0.8, gm_expr_eval(in->availability, x));
  near_value(0.5, gm_expr_eval(in->duration, x));
  near_value(0.2, gm_expr_eval(in->rate, x));
  assert_true(gm_expr_depends(in->lag, 3));
  gm_definition_free(d);
  /* covariates have their units there */
  d = changed("lag: TLAG", "lag: TLAG * WT / 70 \"kg\"");
  x[5] = 140;
  near_value(0.5, gm_expr_eval(d->input[0].lag, x));
  gm_definition_free(d);
  d = changed("lag: TLAG, bioavailability: 80 %,", "lag: TLAG, bioavailability: 0.5 + SEX,");
  near_value(0.5, gm_expr_eval(d->input[0].availability, x));
  gm_definition_free(d);
}

/* Where the decimal sign of the program is a comma, constants and conversion factors stay what they
 * are: a number printed and read again on the way would lose what is behind its sign. */
static void definition__is_the_same_under_a_comma(void **state)
{
  (void)state;
  static const double x[] = {0.3, 8, 1, 15, 100, 70, 0};
  char *text = case_change("typical: 8, unit: L/d", "typical: 7.25, unit: L/d");
  bool there = setlocale(LC_NUMERIC, "de_DE.UTF-8") || setlocale(LC_NUMERIC, "fr_FR.UTF-8");
  if (!there) print_message("no locale with a decimal comma is installed: 1 case skipped\n");
  gm_definition *d = good(text);
  near_value(7.25, gm_expr_eval(d->parameter[0].typical, x));
  near_value(0.25, gm_expr_eval(d->input[0].lag, x));
  near_value(0.8, gm_expr_eval(d->input[0].availability, x));
  near_value(0.2, gm_expr_eval(d->input[0].rate, x));
  setlocale(LC_NUMERIC, "C");
  gm_definition_free(d);
  free(text);
}

/* Errors of observables in their units; a log scale has none; `none` measures nothing. */
static void definition__observables(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  assert_int_equal(3, d->observable_count);
  const gm_observable *cp = &d->observable[0], *amount = &d->observable[1];
  const gm_observable *eff = &d->observable[gm_definition_observable(d, "eff")];
  assert_string_equal("mg/L", cp->unit);
  assert_string_equal("central/V", cp->is);
  assert_string_equal("Concentration", cp->label);
  near_value(0.4, cp->additive);
  near_value(0.1, cp->proportional);
  near_value(0.1, cp->loq);
  assert_true(cp->censor_zero);
  assert_int_equal(GM_ERROR_ROOT_SUM_SQUARE, cp->form);
  assert_false(cp->log_scale);
  assert_true(amount->log_scale);
  near_value(0.2, amount->additive);
  assert_true(isnan(amount->loq));
  near_value(0, eff->additive);
  near_value(0, eff->proportional);
  for (int32_t i = 0; i < 3; i++)
    assert_int_equal(gm_model_find(d->model, GM_TABLE_OUTPUT, d->observable[i].name),
                     d->observable[i].output);
  gm_definition_free(d);
  d = changed("proportional: 10 %}", "proportional: 0.1, form: sum}");
  assert_int_equal(GM_ERROR_SUM, d->observable[0].form);
  gm_definition_free(d);
}

/* The model has an output for each observable; what the definition does not name stays as its text
 * says. */
static void definition__model_as_its_text(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  gm_model_info info;
  gm_model_get_info(d->model, &info);
  assert_int_equal(3, info.output_count);
  assert_string_equal("h", info.time_unit);
  int32_t count;
  const gm_var *row = gm_model_table(d->model, GM_TABLE_PARAMETER, &count);
  assert_int_equal(4, count);
  near_value(0.05, row[gm_model_find(d->model, GM_TABLE_PARAMETER, "KE")].initial);
  gm_definition_free(d);
}

/* Targets: a list or one; an area is kept in the observable's unit times the model's time. */
static void definition__targets(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  assert_int_equal(3, d->target_count);
  const gm_def_target *t = d->target;
  assert_int_equal(GM_TARGET_TROUGH, t[0].kind);
  near_value(5, t[0].low);
  near_value(10, t[0].high);
  assert_true(isnan(t[0].best));
  assert_string_equal("mg/L", t[0].unit);
  assert_int_equal(GM_TARGET_AUC24, t[1].kind);
  near_value(48, t[1].low); /* 2 mg.d/L = 48 mg.h/L */
  near_value(96, t[1].high);
  near_value(72, t[1].best);
  assert_string_equal("mg/L.h", t[1].unit);
  assert_int_equal(GM_TARGET_RANGE, t[2].kind);
  assert_int_equal(2, t[2].index);
  assert_string_equal("eff", t[2].observable);
  assert_true(isinf(t[2].low) && t[2].low < 0);
  near_value(40, t[2].high);
  gm_definition_free(d);
  d = changed("unit: mg.d/L", "unit: ug.h/mL");
  assert_string_equal("ug.h/mL", d->target[1].unit); /* the same size: kept as written */
  near_value(2, d->target[1].low);
  gm_definition_free(d);
  d = changed("{low: 5, high: 10, of: trough}", "{low: 5000 ug/L, high: 10, of: peak}");
  near_value(5, d->target[0].low);
  gm_definition_free(d);
}

/* Doses and intervals come sorted, in the input's unit and the model's time. */
static void definition__actions_limits_need(void **state)
{
  (void)state;
  gm_definition *d = good(CASE_TWIN);
  const gm_action *a = d->action;
  assert_int_equal(1, d->action_count);
  assert_int_equal(3, a->dose_count);
  near_value(0.5, a->dose[0]);
  near_value(1, a->dose[1]);
  near_value(2, a->dose[2]);
  assert_int_equal(2, a->every_count);
  near_value(12, a->every[0]);
  near_value(24, a->every[1]);
  near_value(0.5, a->duration);
  assert_string_equal("drug", a->input);
  near_value(4, d->limit[0].per_day);
  near_value(2, d->limit[0].per_dose);
  near_value(6, d->limit[0].interval_least);
  near_value(0.1, d->need[0].within);
  assert_true(isnan(d->need[0].within_absolute));
  near_value(72, d->need[0].at);
  assert_string_equal("last-value", d->need[0].against);
  assert_true(isnan(d->need[1].within));
  near_value(5, d->need[1].within_absolute);
  assert_string_equal("population", d->need[1].against);
  gm_definition_free(d);
  d = changed("within: 10 %", "within: 2000 ug/L");
  near_value(2, d->need[0].within_absolute);
  gm_definition_free(d);
}

/* In a model whose unit of time is the day, an hour is 1/24 of it and 24 h are 1. */
static void definition__time_in_days(void **state)
{
  (void)state;
  static const char model[] = "time has \"d\"\nx has \"mg\"\nx = 0\nk = 1 \"/d\"\nx' = -k*x\n";
  static const char twin[] = "twin: a\nquestion: b\ncontext-of-use: c\nmodel: model.ant\n"
                             "inputs: {x: {into: x, unit: mg}}\n"
                             "observables: {x: {is: x, unit: mg, error: {additive: 1}}}\n"
                             "actions: {x: {doses: [1], every: 24 h}}\n";
  case_write("model.ant", model, strlen(model));
  gm_definition *d = good(twin);
  case_write("model.ant", CASE_MODEL, strlen(CASE_MODEL));
  near_value(1.0 / 24, d->hour);
  near_value(1, d->action[0].every[0]);
  assert_true(d->nocb); /* next value backwards is the default */
  assert_int_equal(0, d->eta_count);
  gm_definition_free(d);
}

/* The example of the design page, as it is written there, on a model that fits it. */
static void definition__example_of_the_design(void **state)
{
  (void)state;
  static const char twin[] =
      "twin: warfarin\n"
      "question: Which daily dose keeps prothrombin complex activity between 20 and 40 %?\n"
      "context-of-use: research; a clinician decides\n"
      "model: model.ant            # time in h\n"
      "subject:    {WT: {unit: kg, code: loinc|29463-7}, AGE: {unit: a}, SEX: {levels: [female, "
      "male]}}\n"
      "inputs:     {warfarin: {into: depot, unit: mg, code: rxnorm|11289}}\n"
      "parameters:\n"
      "  CL: {typical: 0.133, unit: L/h, between-subjects: {lognormal: 0.27}, covariate: "
      "\"(WT/70)^0.75\", source: \"...\"}\n"
      "observables:\n"
      "  cp:  {is: central/V, unit: mg/L, error: {additive: 0.4, proportional: 0.1}}\n"
      "  pca: {is: E, unit: \"%\", error: {additive: 3.8}}\n"
      "targets:    {pca: {low: 20, high: 40}}\n"
      "actions:    {warfarin: {doses: [1, 2, 3, 4, 5, 6, 7.5, 10], every: 24 h}}\n"
      "limits:     {warfarin: {per-day: 15 mg}}\n"
      "need:       {pca: {within: 10 %, at: 72 h, against: population}}   # how accurate\n";
  gm_definition *d = good(twin);
  assert_int_equal(3, d->covariate_count);
  near_value(0.0729, d->omega[0]);
  near_value(3.8, d->observable[1].additive);
  assert_int_equal(8, d->action[0].dose_count);
  near_value(15, d->limit[0].per_day);
  assert_true(isinf(d->limit[0].per_dose));
  near_value(0.1, d->need[0].within); /* a share, although the observable is in % itself */
  gm_definition_free(d);
}

/* The example of the guide can be read (against a model with its names), and means what it says. */
static void definition__example_of_the_guide(void **state)
{
  (void)state;
  char *guide = NULL;
  size_t bytes = 0;
  if (gm_file_read(ctx, "docs/definition.md", 1 << 20, &guide, &bytes))
    fail_msg("%s", gm_message(ctx));
  char *begin = strstr(guide, "```yaml\n"), *end = begin ? strstr(begin, "\n```\n") : NULL;
  assert_non_null(end);
  end[1] = 0;
  gm_definition *d = good(begin + 8);
  near_value(0.3 * 0.27 * 0.2, d->omega[1]);
  double x[] = {0.133, 8.1, 55, 70, 50, 0};
  near_value(55.0 / 60, gm_expr_eval(d->input[0].lag, x));
  assert_string_equal("KA", d->assumption[0].on);
  gm_definition_free(d);
  gm_free(guide);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(definition__texts_and_options),
      cmocka_unit_test(definition__covariates),
      cmocka_unit_test(definition__parameters_meet_the_model),
      cmocka_unit_test(definition__random_effects),
      cmocka_unit_test(definition__occasion_alone),
      cmocka_unit_test(definition__spread_units),
      cmocka_unit_test(definition__inputs),
      cmocka_unit_test(definition__is_the_same_under_a_comma),
      cmocka_unit_test(definition__observables),
      cmocka_unit_test(definition__model_as_its_text),
      cmocka_unit_test(definition__targets),
      cmocka_unit_test(definition__actions_limits_need),
      cmocka_unit_test(definition__time_in_days),
      cmocka_unit_test(definition__example_of_the_design),
      cmocka_unit_test(definition__example_of_the_guide),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
