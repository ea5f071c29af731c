/* test_petab_errors.c - what is wrong in a PEtab problem is said with file, line and column; and no
 * allocation that fails leaves anything behind.
 * label: quick */
#include "support/fault.h"
#include "test_petab_case.h"

#define M_HEAD "observableId\tsimulationConditionId\ttime\tmeasurement\n"
#define M_GOOD M_HEAD "obs_a\tc0\t1\t0.7\n"
#define P_HEAD "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"

typedef struct {
  petab_files files;
  gm_status status;
  const char *message; /* part of it */
} wrong;

static const wrong cases[] = {
    {{.measurement = M_HEAD "obs_x\tc0\t1\t0.7\n"},
     GM_EPARSE,
     "measurements.tsv:2: observableId: obs_x is not in the observable table"},
    {{.measurement = M_HEAD "obs_a\tc0\t1\t0.7\n\nobs_a\tc7\t1\t0.7\n"},
     GM_EPARSE,
     "measurements.tsv:4: simulationConditionId: c7 is not in the condition table"},
    {{.measurement = M_HEAD "obs_a\tc0\t1\tx\n"},
     GM_EPARSE,
     "measurements.tsv:2: measurement: \"x\" is not a number"},
    {{.measurement = M_HEAD "obs_a\tc0\t1\t\n"},
     GM_EPARSE,
     "measurements.tsv:2: measurement: a number is expected, the cell is empty"},
    {{.measurement = M_HEAD "obs_a\tc0\t-1\t0.7\n"}, GM_EDOMAIN, "measurements.tsv:2: time: -1"},
    {{.measurement = M_HEAD "obs_a\tc0\t1\t0.7\t5\n"},
     GM_EPARSE,
     "measurements.tsv:2: more cells than the head has columns"},
    {{.measurement = M_HEAD}, GM_EPARSE, "measurements.tsv:1: no measurement in the table"},
    {{.measurement = ""}, GM_EPARSE, "measurements.tsv: the table is empty"},
    {{.measurement = "observableId\ttime\tmeasurement\nobs_a\t1\t0.7\n"},
     GM_EPARSE,
     "measurements.tsv:1: the column simulationConditionId is missing"},
    {{.measurement = "observableId,simulationConditionId,time,measurement\nobs_a,c0,1,0.7\n"},
     GM_EPARSE,
     "measurements.tsv:1: the column observableId is missing"},
    {{.measurement = "time\tobservableId\tsimulationConditionId\ttime\tmeasurement\n"},
     GM_EPARSE,
     "measurements.tsv:1: time: this column is there twice"},
    {{.measurement =
          "observableId\tsimulationConditionId\ttime\tmeasurement\tobservableParameters\n"
          "obs_a\tc0\t1\t0.7\t2;3\n"},
     GM_EPARSE,
     "measurements.tsv:2: observableParameters: 2 observableParameters given, the "
     "formulas of the observable need 0"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t"
                    "noiseParameter1_obs_a\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "0 noiseParameters given, the formulas of the observable need 1"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t"
                    "noiseParameter2_obs_a\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: noiseParameter1_obs_a is missing"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA+X\t0.5\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: observableFormula: X: neither in the model"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA+\t0.5\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: observableFormula"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tzeta(A)\t0.5\n",
      .measurement = M_GOOD},
     GM_EUNSUPPORTED,
     "observables.tsv:2: observableFormula: zeta: no function"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA$\t0.5\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: observableFormula: $: not a sign of formulas"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: noiseFormula: a formula is expected"},
    {{.observable = OBS_A "obs_a\tB\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:3: observableId: obs_a is there twice"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\n"
                    "obs_a\tA\t1\tln\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "observables.tsv:2: observableTransformation: \"ln\": one of lin, log, log10"},
    {{.observable = "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\n"
                    "obs_a\tA\t1\tlog\n",
      .measurement = M_HEAD "obs_a\tc0\t1\t0\n"},
     GM_EDOMAIN,
     "measurements.tsv:2: measurement: 0: a positive number is expected"},
    {{.condition = "conditionId\tX\nc0\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:1: X: neither in the model nor in a formula"},
    {{.condition = "conditionId\tk1\nc0\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:1: k1: it is in the parameter table too"},
    {{.condition = "conditionId\tfwd\nc0\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:1: fwd: a rule or a rate of the model gives its value"},
    {{.condition = "conditionId\ta0\nc0\tx1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:2: a0: x1: neither a number nor an id"},
    {{.condition = "conditionId\ta0\nc0\tA\n", .measurement = M_GOOD},
     GM_EUNSUPPORTED,
     "conditions.tsv:2: a0: A: a number, a parameter"},
    {{.condition = "conditionId\nc0\nc0\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:3: conditionId: c0 is there twice"},
    {{.condition = "conditionId\n2c\n", .measurement = M_GOOD},
     GM_EPARSE,
     "conditions.tsv:2: conditionId: \"2c\": an id"},
    {{.parameter = K1_K2 "k1\tlin\t0\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:4: parameterId: k1 is there twice"},
    {{.parameter = K1_K2 "k9\tlin\t0\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:4: parameterId: k9 is not in the model"},
    {{.parameter = K1_K2 "A\tlin\t0\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:4: parameterId: A is a species"},
    {{.parameter = P_HEAD "k1\tln\t0\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:2: parameterScale: \"ln\": one of lin, log, log10 is expected"},
    {{.parameter = P_HEAD "k1\tlin\t0\t1\t1\t2\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:2: estimate: \"2\": 0 or 1 is expected"},
    {{.parameter = P_HEAD "k1\tlin\t2\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EDOMAIN,
     "parameters.tsv:2: lowerBound: bounds [2, 1]"},
    {{.parameter = P_HEAD "k1\tlog10\t-1\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EDOMAIN,
     "parameters.tsv:2: lowerBound: bounds [-1, 1] on a logarithmic scale"},
    {{.parameter = P_HEAD "k1\tlin\t\t1\t1\t1\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:2: lowerBound: a number is expected"},
    {{.parameter = P_HEAD "k1\tlin\t\t\t\t0\n", .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:2: nominalValue: a number is expected"},
    {{.parameter = "parameterId\tparameterScale\testimate\tobjectivePriorType\tlowerBound\t"
                   "upperBound\nk1\tlin\t1\tnormal\t0\t1\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "parameters.tsv:2: objectivePriorType: normal needs its two parameters"},
    {{.parameter = "parameterId\tparameterScale\testimate\tobjectivePriorType\tlowerBound\t"
                   "upperBound\tobjectivePriorParameters\nk1\tlin\t1\tnormal\t0\t1\t0;0\n",
      .measurement = M_GOOD},
     GM_EDOMAIN,
     "parameters.tsv:2: objectivePriorParameters: normal(0; 0): a width > 0"},
    {{.parameter = "parameterId\tparameterScale\testimate\tobjectivePriorType\tlowerBound\t"
                   "upperBound\tobjectivePriorParameters\nk1\tlin\t1\tcauchy\t0\t1\t0;1\n",
      .measurement = M_GOOD},
     GM_EPARSE,
     "objectivePriorType: \"cauchy\": one of uniform, normal"},
    {{.model = "<sbml", .measurement = M_GOOD}, GM_EPARSE, "model.xml"},
};

/* Each fault is named with its place. */
static void faults__are_named_with_their_place(void **state)
{
  (void)state;
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gm_petab *p = NULL;
    petab_files_write(&cases[i].files);
    gm_status s = gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p);
    if (s != cases[i].status || !strstr(gm_message(ctx), cases[i].message))
      fail_msg("case %d: %s \"%s\", expected %s \"%s\"", (int)i, gm_status_name(s), gm_message(ctx),
               gm_status_name(cases[i].status), cases[i].message);
    assert_null(p);
  }
  gm_ctx_free(ctx);
}

/* So is what is wrong in the problem file. */
static void problem_file__faults(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    gm_status status;
    const char *message;
  } c[] = {
      {"format_version: 2.0.0\nproblems: []\n", GM_EUNSUPPORTED,
       "yaml:1: format_version: version 2"},
      {"format_version: 1\nparameter_file: p.tsv\n", GM_EPARSE, "a list `problems` is expected"},
      {"format_version: 1\nproblems: []\n", GM_EPARSE, "parameter_file is missing"},
      {"format_version: 1\nparameter_file: p.tsv\nproblems:\n- sbml_files: [a, b]\n",
       GM_EUNSUPPORTED, "yaml:4: problems[1].sbml_files: 2 models in one problem"},
      {"format_version: 1\nparameter_file: p.tsv\nproblems:\n- sbml_files: [a]\n", GM_EPARSE,
       "condition_files is missing"},
      {"format_version: 1\nparameter_file: http://x/p.tsv\nproblems: []\n", GM_EUNSUPPORTED,
       "only files are read"},
      {"format_version: 1\nparameter_file: p.tsv\nmapping_files: []\nproblems: []\n",
       GM_EUNSUPPORTED, "yaml:3: mapping_files: PEtab version 1 does not know this key"},
      {"- 1\n", GM_EPARSE, "a map is expected"},
      {"format_version: 1\nparameter_file: none.tsv\nproblems:\n- sbml_files: [model.xml]\n"
       "  condition_files: [conditions.tsv]\n  observable_files: [observables.tsv]\n"
       "  measurement_files: [measurements.tsv]\n",
       GM_EIO, "none.tsv"}};
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    gm_petab *p = NULL;
    petab_write("problem.yaml", c[i].text);
    gm_status s = gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p);
    if (s != c[i].status || !strstr(gm_message(ctx), c[i].message))
      fail_msg("case %d: %s \"%s\", expected \"%s\"", (int)i, gm_status_name(s), gm_message(ctx),
               c[i].message);
    assert_null(p);
  }
  gm_petab *none = NULL;
  assert_int_equal(gm_petab_read(ctx, petab_path("nothing.yaml"), NULL, &none), GM_EIO);
  assert_false(gm_petab_is_problem(ctx, "model: x\n", 9));
  assert_true(gm_petab_is_problem(ctx, c[0].text, strlen(c[0].text)));
  gm_ctx_free(ctx);
}

/* A point that cannot be worked out makes the value impossible and is named; the others stand. */
static void point__without_value_is_named(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t0.5\n"
                    "obs_s\tA\tk1-1\nobs_n\tln(-A)\t1\n",
      .measurement = M_HEAD "obs_a\tc0\t1\t0.7\nobs_s\tc0\t1\t0.7\nobs_n\tc0\t1\t0.7\n"};
  gm_ctx *ctx;
  char text[400];
  double z[2], y[3];
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL), GM_OK);
  petab_near(y[0], conversion_a(1, 1, 1, 0.8, 0.6), 1e-7, "simulation", 0);
  assert_true(isinf(v.llh) && v.llh < 0 && isinf(v.chi2) && v.bad_point == 1);
  gm_petab_bad_point(p, v.bad_point, text, sizeof text);
  assert_non_null(strstr(text, "measurements.tsv:3: obs_s under condition c0"));
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

#define K1_ONE PARAMETER("k1", "1")

/* A model that never comes to rest has no steady state: the point has no value, soon. */
static void steady_state__that_is_none(void **state)
{
  (void)state;
  static const char model[] =
      SBML_HEAD "<listOfParameters><parameter id=\"A\" value=\"1\" constant=\"false\"/>" K1_ONE
                "</listOfParameters>" RATE_RULE("A", CI("k1")) SBML_TAIL;
  const petab_files f = {.model = model,
                         .measurement = M_HEAD "obs_a\tc0\tinf\t0.7\nobs_a\tc0\t2\t0.7\n",
                         .parameter = P_HEAD "k1\tlin\t0\t9\t3\t1\n"};
  gm_ctx *ctx;
  double z[2], y[2];
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL), GM_OK);
  assert_true(isnan(y[0]) && v.bad_point == 0);
  petab_near(y[1], 7, 1e-9, "simulation", 1);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  gm_petab *p = NULL;
  double z[4], gradient[4], information[16];
  gm_petab_value v;
  gm_status s = gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p);
  if (!s) s = gm_petab_nominal(p, z);
  if (!s) s = gm_petab_evaluate(p, NULL, 1, z, &v, NULL, NULL, NULL);
  if (!s && user) s = gm_petab_slopes(p, NULL, z, &v, gradient, information);
  gm_petab_free(p);
  return s;
}

/* Reading, working out and slopes survive the failure of every allocation. Without the thread that
 * compiles kernels: what it is refused it does without. */
static void allocations__may_fail(void **state)
{
  (void)state;
  const petab_files f = {
      .condition = "conditionId\tA\tB\npre\t1\t2\nc0\tNaN\t1\n",
      .observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA+B*b0\t"
                    "noiseParameter1_obs_a\n",
      .measurement = "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\t"
                     "measurement\tnoiseParameters\nobs_a\tpre\tc0\t1\t0.7\t0.5\n"
                     "obs_a\t\tc0\tinf\t0.7\t0.5\n"};
  bool slopes = true;
  petab_files_write(&f);
  assert_int_equal(setenv("GEMEL_KERNEL", "off", 1), 0);
  int64_t values = fault_sweep("a PEtab problem", trial, NULL);
  assert_true(values > 20);
  assert_true(fault_sweep("its slopes", trial, &slopes) > values);
  assert_int_equal(unsetenv("GEMEL_KERNEL"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faults__are_named_with_their_place),
      cmocka_unit_test(problem_file__faults),
      cmocka_unit_test(point__without_value_is_named),
      cmocka_unit_test(steady_state__that_is_none),
      cmocka_unit_test(allocations__may_fail),
  };
  return cmocka_run_group_tests(tests, petab_setup, petab_teardown);
}
