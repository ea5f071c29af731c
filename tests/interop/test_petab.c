/* test_petab.c - every rule of PEtab 1 on a problem of its own; what is expected are closed forms
 * of the conversion A <-> B and the densities of the specification.
 * label: quick */
#include "test_petab_case.h"

#define M_HEAD   "observableId\tsimulationConditionId\ttime\tmeasurement\n"
#define P_HEAD   "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
#define COUNT(a) ((int32_t)(sizeof(a) / sizeof *(a)))

/* Two time points of one observable. */
static void petab__plain(void **state)
{
  (void)state;
  const petab_files f = {.measurement = M_HEAD "obs_a\tc0\t0\t0.7\nobs_a\tc0\t10\t0.1\n"};
  const petab_row r[] = {{0.7, conversion_a(0, 1, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(10, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* A cell of the condition table replaces the model's value, under its condition. */
static void condition__number(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tconditionName\ta0\nc0\tfirst\t0.8\nc1\t\t0.9\n",
                         .measurement = M_HEAD "obs_a\tc0\t0\t0.7\nobs_a\tc0\t10\t0.1\n"
                                               "obs_a\tc1\t0\t0.8\nobs_a\tc1\t10\t0.2\n"};
  const petab_row r[] = {{0.7, conversion_a(0, 0.8, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(10, 0.8, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.8, conversion_a(0, 0.9, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.2, conversion_a(10, 0.9, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* A parameter id in a cell stands for its value, also when the model does not know it. */
static void condition__parameter(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tk1\nc0\tk1_c0\nc1\tk1_c1\n",
                         .measurement = M_HEAD "obs_a\tc0\t1\t0.7\nobs_a\tc1\t1\t0.1\n",
                         .parameter =
                             P_HEAD "k1_c0\tlog10\t1e-3\t10\t0.8\t1\nk1_c1\tlin\t\t\t0.2\t0\n"
                                    "k2\tlog\t1e-3\t10\t0.6\t1\n"};
  const petab_row r[] = {{0.7, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(1, 1, 1, 0.2, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* A constant of the model in a cell of the condition table has its value in the model. */
static void condition__model_constant(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tB\nc0\ta0\n",
                         .measurement = M_HEAD "obs_a\tc0\t2\t0.7\n"};
  const petab_row r[] = {{0.7, conversion_a(2, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Placeholders of an observable are filled row by row, by numbers and by parameters. */
static void observable__overrides(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\n"
                    "obs_a\tobservableParameter1_obs_a * A + observableParameter2_obs_a\t0.5\n",
      .measurement = "observableId\tsimulationConditionId\ttime\tmeasurement\t"
                     "observableParameters\nobs_a\tc0\t0\t0.7\t0.5;2\nobs_a\tc0\t10\t0.1\t"
                     "scale;offset\n",
      .parameter =
          P_HEAD "k1\tlin\t0\t10\t0.8\t1\nk2\tlin\t0\t10\t0.6\t1\nscale\tlin\t0\t10\t3\t1\n"
                 "offset\tlin\t-1\t10\t-0.25\t1\n"};
  const petab_row r[] = {{0.7, 0.5 * 1 + 2, 0.5, 0, false},
                         {0.1, 3 * conversion_a(10, 1, 1, 0.8, 0.6) - 0.25, 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Parameters of formulas may be in the parameter table alone. */
static void observable__parameters_of_the_table(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tscale*A+offset\tsd\n",
      .measurement = M_HEAD "obs_a\tc0\t1\t0.7\n",
      .parameter =
          P_HEAD "k1\tlin\t0\t10\t0.8\t1\nk2\tlin\t0\t10\t0.6\t1\nscale\tlin\t0\t10\t0.5\t1\n"
                 "offset\tlin\t0\t10\t2\t0\nsd\tlog10\t0.01\t10\t0.3\t1\n"};
  const petab_row r[] = {{0.7, 0.5 * conversion_a(1, 1, 1, 0.8, 0.6) + 2, 0.3, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* A column of the condition table may be a name of formulas alone. */
static void condition__column_of_a_formula(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tscale\nc0\t2\nc1\ts1\n",
                         .observable =
                             "observableId\tobservableFormula\tnoiseFormula\nobs_a\tscale*A\t0.1\n",
                         .measurement = M_HEAD "obs_a\tc0\t1\t0.7\nobs_a\tc1\t1\t0.7\n",
                         .parameter = K1_K2 "s1\tlin\t0\t10\t5\t1\n"};
  const petab_row r[] = {{0.7, 2 * conversion_a(1, 1, 1, 0.8, 0.6), 0.1, 0, false},
                         {0.7, 5 * conversion_a(1, 1, 1, 0.8, 0.6), 0.1, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Comparison on the scales lin, log and log10, with normal and with Laplace noise. */
static void noise__six_densities(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\t"
                    "noiseDistribution\no1\tA\t0.5\tlin\tnormal\no2\tA\t0.6\tlog\t\n"
                    "o3\tA\t0.7\tlog10\tnormal\no4\tA\t0.8\t\tlaplace\no5\tA\t0.9\tlog\tlaplace\n"
                    "o6\tA\t1.1\tlog10\tlaplace\n",
      .measurement = M_HEAD "o1\tc0\t1\t0.2\no2\tc0\t1\t0.3\no3\tc0\t1\t0.4\no4\tc0\t1\t0.5\n"
                            "o5\tc0\t1\t0.6\no6\tc0\t1\t0.7\n"};
  double a = conversion_a(1, 1, 1, 0.8, 0.6);
  const petab_row r[] = {{0.2, a, 0.5, GM_PETAB_LIN, false},   {0.3, a, 0.6, GM_PETAB_LOG, false},
                         {0.4, a, 0.7, GM_PETAB_LOG10, false}, {0.5, a, 0.8, GM_PETAB_LIN, true},
                         {0.6, a, 0.9, GM_PETAB_LOG, true},    {0.7, a, 1.1, GM_PETAB_LOG10, true}};
  petab_expect(&f, r, COUNT(r));
}

/* Noise may depend on the model and on several parameters of the row, and on the observable's. */
static void noise__formula_and_overrides(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\t"
                    "observableParameter1_obs_a*A\tnoiseParameter1_obs_a + noiseParameter2_obs_a * "
                    "observableParameter1_obs_a * A\n",
      .measurement = "observableId\tsimulationConditionId\ttime\tmeasurement\tnoiseParameters\t"
                     "observableParameters\nobs_a\tc0\t1\t0.7\t0.5;2\t3\nobs_a\tc0\t10\t0.1\t"
                     "noise;0.25\t1\n",
      .parameter = K1_K2 "noise\tlin\t0\t10\t5\t1\n"};
  double a1 = conversion_a(1, 1, 1, 0.8, 0.6), a10 = conversion_a(10, 1, 1, 0.8, 0.6);
  const petab_row r[] = {{0.7, 3 * a1, 0.5 + 2 * 3 * a1, 0, false},
                         {0.1, a10, 5 + 0.25 * a10, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Several measurements of one thing count each. */
static void measurement__replicates(void **state)
{
  (void)state;
  const petab_files f = {.measurement = M_HEAD "obs_a\tc0\t10\t0.7\nobs_a\tc0\t0\t0.8\n"
                                               "obs_a\tc0\t10\t0.1\nobs_a\tc0\t10\t0.1\n"};
  double a = conversion_a(10, 1, 1, 0.8, 0.6);
  const petab_row r[] = {{0.7, a, 0.5, 0, false},
                         {0.8, 1, 0.5, 0, false},
                         {0.1, a, 0.5, 0, false},
                         {0.1, a, 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

#define M_BEFORE                                                                                   \
  "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\tmeasurement\n"
#define OBS_A_B OBS_A "obs_b\tB\t0.2\n"

/* A condition before: its steady state is where the simulation begins; an empty one is none. */
static void before__steady_state(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tk1\npre\t0.3\nc0\t0.8\n",
                         .measurement = M_BEFORE "obs_a\tpre\tc0\t1\t0.7\nobs_a\tpre\tc0\t10\t0.1\n"
                                                 "obs_a\t\tc0\t1\t0.5\n",
                         .parameter = P_HEAD "k2\tlin\t0\t10\t0.6\t1\n"};
  double a = 0.6 * 2 / 0.9, b = 2 - a;
  const petab_row r[] = {{0.7, conversion_a(1, a, b, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(10, a, b, 0.8, 0.6), 0.5, 0, false},
                         {0.5, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* After it a species with a value begins there; one with NaN, or an empty cell, where it was. */
static void before__partly_set_again(void **state)
{
  (void)state;
  for (int i = 0; i < 2; i++) {
    const petab_files f = {
        .condition = i ? "conditionId\tk1\tB\tA\npre\t0.3\t2\t0\nc0\t0.8\tNaN\t1\n"
                       : "conditionId\tk1\tB\tA\npre\t0.3\t2\t0\nc0\t0.8\t\t1\n",
        .observable = OBS_A_B,
        .measurement = M_BEFORE "obs_a\tpre\tc0\t0\t0.1\nobs_a\tpre\tc0\t1\t0.7\n"
                                "obs_a\tpre\tc0\t10\t0.1\nobs_b\tpre\tc0\t0\t0.1\n",
        .parameter = P_HEAD "k2\tlin\t0\t10\t0.6\t1\n"};
    double b = 2 * 0.3 / 0.9;
    const petab_row r[] = {{0.1, 1, 0.5, 0, false},
                           {0.7, conversion_a(1, 1, b, 0.8, 0.6), 0.5, 0, false},
                           {0.1, conversion_a(10, 1, b, 0.8, 0.6), 0.5, 0, false},
                           {0.1, b, 0.2, 0, false}};
    petab_expect(&f, r, COUNT(r));
  }
}

#define A_CONCENTRATION SPECIES("A", "initialConcentration=\"1\"")
#define K1_K2_ZERO      PARAMETER("k1", "0") PARAMETER("k2", "0")
#define A_FROM_B        MATH(MINUS(TIMES(CI("k2"), CI("B"), ""), TIMES(CI("k1"), CI("A"), "")))
#define B_FROM_A        MATH(MINUS(TIMES(CI("k1"), CI("A"), ""), TIMES(CI("k2"), CI("B"), "")))

/* The same with rate rules on a species and on a parameter. */
static void before__rate_rules(void **state)
{
  (void)state;
  static const char model[] = SBML_HEAD COMPARTMENT_C
      "<listOfSpecies>" A_CONCENTRATION "</listOfSpecies>\n<listOfParameters>"
      "<parameter id=\"B\" value=\"1\" constant=\"false\"/>" K1_K2_ZERO
      "</listOfParameters>\n<listOfRules><rateRule variable=\"A\">" A_FROM_B
      "</rateRule><rateRule variable=\"B\">" B_FROM_A "</rateRule></listOfRules>\n" SBML_TAIL;
  const petab_files f = {.model = model,
                         .condition = "conditionId\tk1\tB\tA\npre\t0.3\t2\t0\nc0\t0.8\tNaN\t1\n",
                         .observable = OBS_A_B,
                         .measurement = M_BEFORE "obs_a\tpre\tc0\t1\t0.7\nobs_b\tpre\tc0\t0\t0.1\n",
                         .parameter = P_HEAD "k2\tlin\t0\t10\t0.6\t1\n"};
  double b = 2 * 0.3 / 0.9;
  const petab_row r[] = {{0.7, conversion_a(1, 1, b, 0.8, 0.6), 0.5, 0, false},
                         {0.1, b, 0.2, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* A value for a species counts instead of its initial assignment; the other keeps its own. */
static void condition__species(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tB\nc0\t2\n",
                         .measurement = M_HEAD "obs_a\tc0\t0\t0.7\nobs_a\tc0\t10\t0.1\n"};
  const petab_row r[] = {{0.7, 1, 0.5, 0, false},
                         {0.1, conversion_a(10, 1, 2, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* NaN without a condition before leaves the value to the model, as worked out there: from the
 * estimated a0 = 3, not from the 1 that the model states for it. */
static void condition__nan_is_the_models(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tA\tB\nc0\tNaN\tb_start\nc1\t4\tNaN\n",
                         .measurement = M_HEAD "obs_a\tc0\t0\t0.7\nobs_a\tc0\t1\t0.1\n"
                                               "obs_a\tc1\t1\t0.1\n",
                         .parameter =
                             K1_K2 "a0\tlog10\t0.1\t10\t3\t1\nb_start\tlog\t0.1\t10\t2\t1\n"};
  const petab_row r[] = {{0.7, 3, 0.5, 0, false},
                         {0.1, conversion_a(1, 3, 2, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(1, 4, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

#define A_AMOUNT        SPECIES("A", "initialAmount=\"6\"")
#define B_CONCENTRATION SPECIES("B", "initialConcentration=\"1\"")
#define FORWARD         REACTION("fwd", "A", "B", "k1")
#define BACKWARD        REACTION("rev", "B", "A", "k2")
#define BOTH_WAYS       "<listOfReactions>" FORWARD BACKWARD "</listOfReactions>\n"

/* The size of a compartment: concentrations set by assignments stay what they are, amounts stated
 * in the model (here 6) are diluted. */
static void condition__compartment(void **state)
{
  (void)state;
  static const char model[] = MODEL_C_K1_K2(A_AMOUNT B_CONCENTRATION, BOTH_WAYS);
  const petab_files f = {.condition = "conditionId\tc\nc0\t3\n",
                         .measurement = M_HEAD "obs_a\tc0\t0\t0.7\nobs_a\tc0\t1\t0.1\n"};
  const petab_files amount = {.model = model,
                              .condition = "conditionId\tc\tA\nc0\t3\t\nc1\t3\t5\n",
                              .measurement = M_HEAD "obs_a\tc0\t1\t0.7\nobs_a\tc1\t1\t0.1\n"};
  const petab_row r[] = {{0.7, 1, 0.5, 0, false},
                         {0.1, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  const petab_row s[] = {{0.7, conversion_a(1, 2, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.1, conversion_a(1, 5, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
  petab_expect(&amount, s, COUNT(s));
}

/* A parameter of the model without any value: the model is refused with its name, though a table
 * would give it one. */
static void condition__parameter_without_value(void **state)
{
  (void)state;
  char model[8192], *at;
  gm_ctx *ctx;
  gm_petab *p = NULL;
  snprintf(model, sizeof model, "%s", CONVERSION);
  at = strstr(model, "<parameter id=\"k1\" value=\"0\"");
  assert_non_null(at);
  memset(at + 18, ' ', strlen(" value=\"0\""));
  const petab_files f = {.model = model,
                         .condition = "conditionId\tk1\nc0\t0.8\n",
                         .measurement = M_HEAD "obs_a\tc0\t1\t0.7\n",
                         .parameter = P_HEAD "k2\tlin\t0\t10\t0.6\t1\n"};
  petab_files_write(&f);
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p)) fail_msg("%s", gm_message(ctx));
  const petab_row r[] = {{0.7, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  gm_petab_free(p);
  petab_expect(&f, r, COUNT(r));
  gm_ctx_free(ctx);
}

/* Time inf is the steady state, also behind finite times and after a condition before. */
static void measurement__at_infinity(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tk1\tB\npre\t0.3\t2\nc0\t0.8\tNaN\n",
                         .measurement = M_BEFORE "obs_a\t\tc0\tinf\t0.7\nobs_a\t\tc0\t1\t0.7\n"
                                                 "obs_a\tpre\tc0\tinf\t0.5\n",
                         .parameter = P_HEAD "k2\tlin\t0\t10\t0.6\t1\n"};
  const petab_row r[] = {{0.7, 0.6 * 2 / 1.4, 0.5, 0, false},
                         {0.7, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.5, 0.6 * 3 / 1.4, 0.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Formulas: powers from the right and above signs, natural logarithms, conditions, time. */
static void formula__spelling(void **state)
{
  (void)state;
  const petab_files f = {
      .observable = "observableId\tobservableFormula\tnoiseFormula\n"
                    "o1\t-A**2 + 2^3^0.5\t1e-1\no2\tlog(A) + ln(2.) + log10(3) + log2(8)\t1\n"
                    "o3\tpiecewise(A, time > 0.5 && B >= 0, 7) + min(A, .5) + pow(A, 2)\t1.5E0\n"
                    "o4\ttime*exp(-k1)/(1+abs(fwd))\t1\n",
      .measurement =
          M_HEAD "o1\tc0\t1\t1\no2\tc0\t1\t1\no3\tc0\t1\t1\no4\tc0\t2\t1\no3\tc0\t0\t1\n"};
  double a = conversion_a(1, 1, 1, 0.8, 0.6), a2 = conversion_a(2, 1, 1, 0.8, 0.6);
  const petab_row r[] = {{1, -a * a + pow(2, pow(3, 0.5)), 0.1, 0, false},
                         {1, log(a) + log(2) + log10(3) + 3, 1, 0, false},
                         {1, a + fmin(a, 0.5) + a * a, 1.5, 0, false},
                         {1, 2 * exp(-0.8) / (1 + 0.8 * a2), 1, 0, false},
                         {1, 7 + 0.5 + 1, 1.5, 0, false}};
  petab_expect(&f, r, COUNT(r));
}

/* Tables may be parted into several files, with their columns in any order, quoted, with empty
 * lines and with columns that mean nothing here. */
static void tables__several_files(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\ta0\nc0\t0.8\n",
                         .measurement =
                             "measurement\ttime\tsimulationConditionId\tobservableId\tdatasetId\r\n"
                             "0.7\t1\tc0\tobs_a\td\r\n\r\n"};
  gm_ctx *ctx;
  gm_petab *p = NULL;
  gm_petab_value v;
  double z[2], y[2];
  petab_files_write(&f);
  petab_write("more.tsv", "\"conditionId\"\tb0\n\"c1\"\t5\n");
  petab_write("other.tsv", M_HEAD "obs_a\tc1\t1\t0.3\n");
  petab_write("problem.yaml",
              "format_version: 1\nparameter_file: [parameters.tsv]\nproblems:\n"
              "- sbml_files: [model.xml]\n  condition_files: [conditions.tsv, more.tsv]\n"
              "  observable_files: [observables.tsv]\n  visualization_files: [none.tsv]\n"
              "  measurement_files: [measurements.tsv, other.tsv]\n");
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL), GM_OK);
  petab_near(y[0], conversion_a(1, 0.8, 1, 0.8, 0.6), 1e-7, "simulation", 0);
  petab_near(y[1], conversion_a(1, 1, 5, 0.8, 0.6), 1e-7, "simulation", 1);
  assert_int_equal(gm_petab_condition_count(p), 2);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

/* Two problems of one file share their parameters; their likelihoods add up. */
static void problems__share_parameters(void **state)
{
  (void)state;
  const petab_files f = {.measurement = M_HEAD "obs_a\tc0\t1\t0.7\n"};
  gm_ctx *ctx;
  gm_petab *p = NULL;
  gm_petab_value v;
  double z[2], y[2], chi2 = 0;
  petab_files_write(&f);
  petab_write("other.tsv", M_HEAD "obs_a\tc0\t3\t0.3\n");
  petab_write("problem.yaml",
              "format_version: 1\nparameter_file: parameters.tsv\nproblems:\n"
              "- sbml_files: [model.xml]\n  condition_files: [conditions.tsv]\n"
              "  observable_files: [observables.tsv]\n  measurement_files: [measurements.tsv]\n"
              "- sbml_files: [model.xml]\n  condition_files: [conditions.tsv]\n"
              "  observable_files: [observables.tsv]\n  measurement_files: [other.tsv]\n");
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL), GM_OK);
  const petab_row r[] = {{0.7, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false},
                         {0.3, conversion_a(3, 1, 1, 0.8, 0.6), 0.5, 0, false}};
  petab_near(y[1], r[1].simulated, 1e-7, "simulation", 1);
  petab_near(v.llh, petab_row_llh(&r[0], &chi2) + petab_row_llh(&r[1], &chi2), 1e-7, "llh", 0);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(petab__plain),
      cmocka_unit_test(condition__number),
      cmocka_unit_test(condition__parameter),
      cmocka_unit_test(condition__model_constant),
      cmocka_unit_test(observable__overrides),
      cmocka_unit_test(observable__parameters_of_the_table),
      cmocka_unit_test(condition__column_of_a_formula),
      cmocka_unit_test(noise__six_densities),
      cmocka_unit_test(noise__formula_and_overrides),
      cmocka_unit_test(measurement__replicates),
      cmocka_unit_test(before__steady_state),
      cmocka_unit_test(before__partly_set_again),
      cmocka_unit_test(before__rate_rules),
      cmocka_unit_test(condition__species),
      cmocka_unit_test(condition__nan_is_the_models),
      cmocka_unit_test(condition__compartment),
      cmocka_unit_test(condition__parameter_without_value),
      cmocka_unit_test(measurement__at_infinity),
      cmocka_unit_test(formula__spelling),
      cmocka_unit_test(tables__several_files),
      cmocka_unit_test(problems__share_parameters),
  };
  return cmocka_run_group_tests(tests, petab_setup, petab_teardown);
}
