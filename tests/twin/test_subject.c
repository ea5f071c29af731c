/* From records to a subject: covariates, inputs, observables, occasions; what is refused, and
 * where. Expected values are formulas of one compartment (k = CL/V) or the texts of the records. */
#include "twin_case.h"
#include "support/fault.h"

#define PARAMETERS                                                                                 \
  "parameters:\n"                                                                                  \
  "  CL: {typical: 1, unit: L/h, source: test}\n"                                                  \
  "  V: {typical: 10, unit: L, source: test, covariate: WT/70}\n"                                  \
  "  KA: {typical: 1, unit: /h, source: test}\n"
#define WEIGHT "subject:\n  WT: {unit: kg}\n"
#define IV     "inputs:\n  iv: {into: central, unit: mg}\n"
#define CP     "observables:\n  cp: {is: central/V, unit: mg/L, error: {additive: 0.1}}\n"

static double volume_at(const twin_case *c, double t)
{
  double value[8];
  gm_subject_parameters(c->s, NULL, t, value);
  return value[gm_definition_parameter(c->d, "V")];
}

/* ---- covariates ------------------------------------------------------------------------------ */
static const char CSV_WEIGHT[] = "ID,TIME,EVID,AMT,DV,WT\n"
                                 "1,0,1,100,.,.\n"
                                 "1,5,0,.,1,70\n"
                                 "1,10,0,.,1,.\n"
                                 "1,15,0,.,1,140\n"
                                 "1,20,0,.,1,.\n";

/* A covariate without value takes the one before; before the first value, the first one. Between
 * records the next value holds (NM-TRAN), so that 140 kg begin after 10 h. */
static void covariate__is_filled_and_next_value_holds(void **state)
{
  (void)state;
  twin_case c = case_subject(MODEL_PK, WEIGHT IV PARAMETERS CP, CSV_WEIGHT);
  const double t[] = {0, 5, 10, 10.001, 15, 30}, want[] = {10, 10, 10, 20, 20, 20};
  for (int i = 0; i < 6; i++) case_near(volume_at(&c, t[i]), want[i], 1e-12, "volume");
  case_near(gm_subject_covariate(c.s, 0), 70, 0, "weight at the first record");
  case_close(&c);
}

/* With `last` a value holds from its own record on. */
static void covariate__last_value_holds_when_asked_for(void **state)
{
  (void)state;
  twin_case c = case_subject(MODEL_PK, "covariates-between-records: last\n" WEIGHT IV PARAMETERS CP,
                             CSV_WEIGHT);
  const double t[] = {0, 14.999, 15, 30}, want[] = {10, 10, 20, 20};
  for (int i = 0; i < 4; i++) case_near(volume_at(&c, t[i]), want[i], 1e-12, "volume");
  case_close(&c);
}

/* Weight 70 kg (V 10, k 0.1) at 0 h, 140 kg (V 20, k 0.05) at 10 and 20 h; 100 mg at 0 h. */
static const char CSV_CHANGE[] = "ID,TIME,EVID,AMT,DV,WT\n"
                                 "1,0,1,100,.,70\n"
                                 "1,0,0,.,1,70\n"
                                 "1,10,0,.,1,140\n"
                                 "1,20,0,.,1,140\n";

static void change_case(const char *rule, const double want[3])
{
  char twin[1500];
  snprintf(twin, sizeof twin, "%s%s", rule, WEIGHT IV PARAMETERS CP);
  twin_case c = case_subject(MODEL_PK, twin, CSV_CHANGE);
  const double t[] = {0, 10, 20};
  const int32_t order[] = {1, 2, 3};
  double y[3];
  case_run(&c, NULL, t, order, 3, y);
  for (int i = 0; i < 3; i++) case_near(y[i], want[i], 1e-9, rule[0] ? "last" : "next");
  case_close(&c);
}

/* The outputs at a record use the covariates of that record, whichever value holds between records:
 * next: 100/10, 100 exp(-0.5)/20, 100 exp(-1)/20. */
static void covariate__next_value_reaches_the_outputs(void **state)
{
  (void)state;
  change_case("", (const double[]){10, 5 * exp(-0.5), 5 * exp(-1)});
}

/* Last: 100/10, then 100 exp(-1)/20 (140 kg are known at 10 h), 100 exp(-1.5)/20. */
static void covariate__last_value_reaches_the_outputs(void **state)
{
  (void)state;
  change_case("covariates-between-records: last\n",
              (const double[]){10, 5 * exp(-1), 5 * exp(-1.5)});
}

/* Levels are numbered as the definition lists them; a default serves a subject without value. */
static void covariate__levels_and_defaults(void **state)
{
  (void)state;
  const char *twin = "subject:\n  SEX: {levels: [female, male]}\n  WT: {unit: kg, default: 35}\n" IV
                     "parameters:\n"
                     "  CL: {typical: 1 + 2*SEX, unit: L/h, source: test}\n"
                     "  V: {typical: 10, unit: L, source: test, covariate: WT/70}\n"
                     "  KA: {typical: 1, unit: /h, source: test}\n" CP;
  twin_case c = case_subject(MODEL_PK, twin, "ID,TIME,DV,SEX\n1,0,1,male\n");
  double value[3];
  gm_subject_parameters(c.s, NULL, 0, value);
  case_near(value[0], 3, 1e-12, "clearance of a man");
  case_near(value[1], 5, 1e-12, "volume of 35 kg");
  case_close(&c);
}

/* ---- refusals -------------------------------------------------------------------------------- */
static void refused(const char *twin, const char *csv, gm_status want, const char *where,
                    const char *word)
{
  gm_definition *d = case_definition(MODEL_PK, twin);
  gm_records *r = case_records(csv);
  gm_subject *s = NULL;
  gm_message_clear(ctx);
  gm_status st = gm_subject_new(ctx, d, r, 0, &s);
  if (st != want || s)
    fail_msg("%s: %s, %s expected", csv, gm_status_name(st), gm_status_name(want));
  if (strncmp(gm_message(ctx), where, strlen(where)) || !strstr(gm_message(ctx), word))
    fail_msg("message \"%s\": \"%s ... %s\" expected", gm_message(ctx), where, word);
  gm_records_free(r);
  gm_definition_free(d);
}

/* What a record names and the definition does not know is refused with file and line. */
static void record__unknown_names_are_refused_with_their_line(void **state)
{
  (void)state;
  const char *two = WEIGHT "inputs:\n  iv: {into: central, unit: mg}\n  po: {into: depot, unit: "
                           "mg}\n" PARAMETERS "observables:\n"
                           "  cp: {is: central/V, unit: mg/L, error: {additive: 0.1}}\n"
                           "  a: {is: depot, unit: mg, error: {additive: 0.1}}\n";
  const char *one =
      "subject:\n  SEX: {levels: [female, male]}\n  WT: {unit: kg}\n" IV PARAMETERS CP;
  refused(two, "ID,TIME,EVID,AMT,INPUT,WT\n1,0,1,5,iv,70\n1,1,1,5,xx,70\n", GM_ENOTFOUND,
          "data.csv:3", "xx");
  refused(two, "ID,TIME,EVID,AMT,WT\n1,0,1,5,70\n", GM_ENOTFOUND, "data.csv:2", "INPUT");
  refused(two, "ID,TIME,EVID,AMT,CMT,WT\n1,0,1,5,3,70\n", GM_ENOTFOUND, "data.csv:2", "3");
  refused(two, "ID,TIME,DV,OBSERVABLE,WT\n1,0,1,cp,70\n1,2,1,zz,70\n", GM_ENOTFOUND, "data.csv:3",
          "zz");
  refused(two, "ID,TIME,DV,DVID,WT\n1,0,1,3,70\n", GM_ENOTFOUND, "data.csv:2", "3");
  refused(two, "ID,TIME,DV,WT\n1,0,1,70\n", GM_ENOTFOUND, "data.csv:2", "OBSERVABLE");
  refused(one, "ID,TIME,DV,SEX,WT\n1,0,1,male,70\n1,1,1,Male,70\n", GM_EPARSE, "data.csv:3:SEX",
          "female, male");
  refused(one, "ID,TIME,DV,SEX,WT\n1,0,1,male,7O\n", GM_EPARSE, "data.csv:2:WT", "7O");
  refused(one, "ID,TIME,DV,SEX\n1,0,1,male\n", GM_ENOTFOUND, "data.csv", "WT");
  refused(one, "ID,TIME,DV,SEX,WT\n1,0,1,male,.\n", GM_ENOTFOUND, "data.csv", "WT");
}

/* A clock that starts again at a reset would put the events of the second part among the data of
 * the first: it is refused, not scrambled. */
static void record__a_clock_that_starts_again_is_refused(void **state)
{
  (void)state;
  refused(WEIGHT IV PARAMETERS CP,
          "ID,TIME,EVID,AMT,DV,WT\n1,0,1,100,.,70\n1,24,0,.,1,70\n1,0,3,.,.,70\n"
          "1,0,1,200,.,70\n1,24,0,.,2,70\n",
          GM_EUNSUPPORTED, "data.csv:4", "time");
}

/* RATE = -1 and -2 ask for a rate or duration of the definition; where it has none the record is
 * refused, with its line. */
static void record__modelled_rate_needs_one_in_the_definition(void **state)
{
  (void)state;
  refused(WEIGHT IV PARAMETERS CP, "ID,TIME,EVID,AMT,RATE,WT\n1,0,1,100,-1,70\n", GM_ENOTFOUND,
          "data.csv:2", "rate");
  refused(WEIGHT IV PARAMETERS CP, "ID,TIME,EVID,AMT,RATE,WT\n1,0,1,100,-2,70\n", GM_ENOTFOUND,
          "data.csv:2", "duration");
}

/* ---- doses and data -------------------------------------------------------------------------- */
/* Amounts and rates in the input's unit become the model's: 0.1 g are 100 mg, 0.02 g/h 20 mg/h. */
static void dose__amount_and_rate_are_converted(void **state)
{
  (void)state;
  const char *twin = WEIGHT "inputs:\n  iv: {into: central, unit: g}\n" PARAMETERS CP;
  twin_case c =
      case_subject(MODEL_PK, twin, "ID,TIME,EVID,AMT,RATE,WT\n1,0,1,0.1,0.02,70\n1,9,2,.,.,70\n");
  int32_t count;
  const gm_event *e = gm_subject_events(c.s, &count);
  assert_int_equal(2, count);
  case_near(e[0].amount, 100, 1e-12, "amount");
  case_near(e[0].rate, 20, 1e-12, "rate");
  const double t[] = {2, 5, 9}, k = 0.1;
  double y[3];
  case_run(&c, NULL, t, NULL, 3, y);
  case_near(y[0], 20 / k * (1 - exp(-k * 2)) / 10, 1e-9, "during");
  case_near(y[1], 20 / k * (1 - exp(-k * 5)) / 10, 1e-9, "at the end");
  case_near(y[2], 20 / k * (1 - exp(-k * 5)) * exp(-k * 4) / 10, 1e-9, "after");
  case_close(&c);
}

/* Lag and availability of the definition, with their units (minutes, per cent). */
static void dose__lag_and_availability_of_the_definition(void **state)
{
  (void)state;
  const char *twin =
      WEIGHT "inputs:\n  iv: {into: central, unit: mg, lag: TLAG, bioavailability: "
             "50 %}\n" PARAMETERS "  TLAG: {typical: 90, unit: min, source: test}\n" CP;
  twin_case c = case_subject(MODEL_PK, twin, "ID,TIME,EVID,AMT,WT\n1,1,1,100,70\n1,9,2,.,70\n");
  const double t[] = {2.4, 2.5, 9};
  double y[3];
  case_run(&c, NULL, t, NULL, 3, y);
  case_near(y[0], 0, 0, "before the lag is over");
  case_near(y[1], 5, 1e-9, "on arrival");
  case_near(y[2], 5 * exp(-0.65), 1e-9, "later");
  case_close(&c);
}

/* An observable by its name or by its number in the definition's order; below the limit of
 * quantification a value becomes "below the limit"; a value that is missing is no datum. */
static void datum__observable_and_limit(void **state)
{
  (void)state;
  const char *twin = WEIGHT IV PARAMETERS
      "observables:\n"
      "  a: {is: depot, unit: mg, error: {additive: 0.2}}\n"
      "  cp: {is: central/V, unit: mg/L, error: {additive: 0.3, proportional: 0.1, form: sum},\n"
      "       loq: 0.5, censor-zero: true}\n";
  twin_case c = case_subject(MODEL_PK, twin,
                             "ID,TIME,EVID,AMT,DV,DVID,WT,CENS\n"
                             "1,0,1,100,.,.,70,0\n1,1,0,.,0.4,2,70,0\n1,2,0,.,0.4,a,70,0\n"
                             "1,3,0,.,0.5,cp,70,0\n1,4,0,.,.,cp,70,0\n1,5,0,.,9,1,70,-1\n"
                             "1,6,0,.,0.7,2,70,1\n1,7,0,.,0,cp,70,0\n");
  static const struct {
    double t, value;
    int observable, censored;
  } want[] = {{1, 0.5, 1, 1}, {2, 0.4, 0, 0}, {3, 0.5, 1, 0},
              {5, 9, 0, -1},  {6, 0.7, 1, 1}, {7, 0.5, 1, 1}};
  int32_t count;
  const gm_datum *x = gm_subject_data(c.s, &count);
  assert_int_equal(6, count);
  for (int i = 0; i < 6; i++) {
    case_near(x[i].t, want[i].t, 0, "time");
    case_near(x[i].value, want[i].value, 0, "value");
    assert_int_equal(want[i].observable, x[i].observable);
    assert_int_equal(want[i].censored, x[i].censored);
    case_near(x[i].additive, want[i].observable ? 0.3 : 0.2, 0, "additive");
    assert_int_equal(want[i].observable, x[i].sum);
  }
  case_near(gm_subject_t_first(c.s), 0, 0, "first");
  case_near(gm_subject_t_last(c.s), 7, 0, "last");
  case_close(&c);
}

/* A value that cannot lie on a logarithmic scale is refused with its line. */
static void datum__zero_on_a_log_scale_is_refused(void **state)
{
  (void)state;
  refused(WEIGHT IV PARAMETERS
          "observables:\n  cp: {is: central/V, unit: mg/L, error: {additive: 0.1}, scale: log}\n",
          "ID,TIME,DV,WT\n1,0,0,70\n", GM_EDOMAIN, "data.csv:2:DV", "logarithmic");
}

/* ---- occasions ------------------------------------------------------------------------------- */
/* Each occasion has effects of its own: dimension 2 + 3 x 1, covariance a block of each, and the
 * individual value is typical exp(eta + kappa of the occasion). */
static void occasion__has_effects_of_its_own(void **state)
{
  (void)state;
  const char *twin = "parameters:\n"
                     "  CL: {typical: 2, unit: L/h, source: test, between-subjects: {lognormal: "
                     "0.3},\n       occasion: {lognormal: 0.1}}\n"
                     "  V: {typical: 10, unit: L, source: test, between-subjects: {normal: 2}}\n"
                     "  KA: {typical: 1, unit: /h, source: test}\n"
                     "correlations:\n  - {between: [CL, V], is: 0.5}\n" CP;
  twin_case c =
      case_subject(MODEL_PK, twin, "ID,TIME,DV,OCC\n1,0,1,1\n1,5,1,1\n1,10,1,2\n1,20,1,3\n");
  assert_int_equal(5, gm_subject_dim(c.s));
  const double want[5][5] = {{0.09, 0.3, 0, 0, 0},
                             {0.3, 4, 0, 0, 0},
                             {0, 0, 0.01, 0, 0},
                             {0, 0, 0, 0.01, 0},
                             {0, 0, 0, 0, 0.01}};
  for (int i = 0; i < 25; i++)
    case_near(gm_subject_prior(c.s)[i], want[i / 5][i % 5], 1e-12, "prior covariance");
  const double z[] = {0.2, -1, 0.01, 0.02, 0.03}, t[] = {0, 5, 10, 20};
  const int kappa[] = {0, 0, 1, 2};
  for (int i = 0; i < 4; i++) {
    double v[3];
    gm_subject_parameters(c.s, z, t[i], v);
    case_near(v[0], 2 * exp(0.2 + z[2 + kappa[i]]), 1e-12, "clearance");
    case_near(v[1], 9, 1e-12, "volume");
  }
  case_close(&c);
}

/* OCC counts from 0 (docs/data.md): 0 and 1 are two occasions. */
static void occasion__zero_is_an_occasion(void **state)
{
  (void)state;
  const char *twin = "parameters:\n"
                     "  CL: {typical: 2, unit: L/h, source: test, occasion: {lognormal: 0.1}}\n"
                     "  V: {typical: 10, unit: L, source: test}\n"
                     "  KA: {typical: 1, unit: /h, source: test}\n" CP;
  twin_case c = case_subject(MODEL_PK, twin, "ID,TIME,DV,OCC\n1,0,1,0\n1,5,1,0\n1,10,1,1\n");
  assert_int_equal(2, gm_subject_dim(c.s));
  case_close(&c);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status subject_trial(gm_ctx *c, void *user)
{
  twin_case *k = user;
  gm_subject *s;
  gm_status st = gm_subject_new(c, k->d, k->r, 0, &s);
  if (!st) gm_subject_free(s);
  return st;
}

static gm_status twin_trial(gm_ctx *c, void *user)
{
  twin_case *k = user;
  gm_subject *s;
  gm_twin *t = NULL;
  gm_status st = gm_subject_new(c, k->d, k->r, 0, &s);
  if (st) return st;
  st = gm_twin_new(c, k->d, s, &(gm_twin_options){.t_now = NAN, .members = 8}, &t);
  gm_twin_free(t);
  gm_subject_free(s);
  return st;
}

/* Every allocation of a subject and of a twin may fail: told as such, and nothing is left. */
static void memory__running_out_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  twin_case c = case_subject(MODEL_PK,
                             WEIGHT IV "parameters:\n"
                                       "  CL: {typical: 1, unit: L/h, source: test, "
                                       "between-subjects: {lognormal: 0.3}}\n"
                                       "  V: {typical: 10, unit: L, source: test}\n"
                                       "  KA: {typical: 1, unit: /h, source: test}\n" CP,
                             CSV_CHANGE);
  assert_true(fault_sweep("subject", subject_trial, &c) >= 6);
  assert_true(fault_sweep("twin", twin_trial, &c) >= 20);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(covariate__is_filled_and_next_value_holds),
      cmocka_unit_test(covariate__last_value_holds_when_asked_for),
      cmocka_unit_test(covariate__next_value_reaches_the_outputs),
      cmocka_unit_test(covariate__last_value_reaches_the_outputs),
      cmocka_unit_test(covariate__levels_and_defaults),
      cmocka_unit_test(record__unknown_names_are_refused_with_their_line),
      cmocka_unit_test(record__a_clock_that_starts_again_is_refused),
      cmocka_unit_test(record__modelled_rate_needs_one_in_the_definition),
      cmocka_unit_test(dose__amount_and_rate_are_converted),
      cmocka_unit_test(dose__lag_and_availability_of_the_definition),
      cmocka_unit_test(datum__observable_and_limit),
      cmocka_unit_test(datum__zero_on_a_log_scale_is_refused),
      cmocka_unit_test(occasion__has_effects_of_its_own),
      cmocka_unit_test(occasion__zero_is_an_occasion),
      cmocka_unit_test(memory__running_out_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
