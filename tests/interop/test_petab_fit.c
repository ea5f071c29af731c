/* test_petab_fit.c - priors, draws, slopes, searches and the tables written back.
 * label: quick */
#include "test_petab_case.h"

#define M_HEAD "observableId\tsimulationConditionId\ttime\tmeasurement\n"
#define PRIOR_HEAD                                                                                 \
  "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\t"                  \
  "objectivePriorType\tobjectivePriorParameters\tinitializationPriorType\t"                        \
  "initializationPriorParameters\n"

static double normal(double x, double m, double s)
{
  return log(exp(-(x - m) * (x - m) / (2 * s * s)) / (s * sqrt(2 * 3.14159265358979323846)));
}
static double laplace(double x, double m, double b) { return log(exp(-fabs(x - m) / b) / (2 * b)); }

/* Every type of prior, on its own scale; k1 = 0.8 with parameterScale log10. */
static void prior__every_type(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    double a, b;
    int type;
  } c[] = {{"", 0, 0, 0},
           {"uniform\t0.5;3", 0.5, 3, 1},
           {"normal\t0.3;2", 0.3, 2, 2},
           {"laplace\t0.3; 2", 0.3, 2, 3},
           {"logNormal\t0.3;2", 0.3, 2, 4},
           {"logLaplace\t0.3;2", 0.3, 2, 5},
           {"parameterScaleUniform\t-2;3", -2, 3, 6},
           {"parameterScaleNormal\t0.3;2", 0.3, 2, 7},
           {"parameterScaleLaplace\t0.3;2", 0.3, 2, 8},
           {"uniform\t", 0.01, 10, 1},
           {"parameterScaleUniform\t", -2, 1, 6}};
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    char text[400];
    double z[1], v = 0.8, s = log10(v), want = 0;
    gm_petab_value got;
    snprintf(text, sizeof text, PRIOR_HEAD "k1\tlog10\t0.01\t10\t0.8\t1\t%s\nk2\tlin\t\t\t0.6\t0\n",
             c[i].text);
    const petab_files f = {.measurement = M_HEAD "obs_a\tc0\t1\t0.7\n", .parameter = text};
    gm_petab *p = petab_open(ctx, &f);
    switch (c[i].type) {
    case 1:
    case 6: want = -log(c[i].b - c[i].a); break;
    case 2: want = normal(v, c[i].a, c[i].b); break;
    case 3: want = laplace(v, c[i].a, c[i].b); break;
    case 4: want = normal(log(v), c[i].a, c[i].b) - log(v); break;
    case 5: want = laplace(log(v), c[i].a, c[i].b) - log(v); break;
    case 7: want = normal(s, c[i].a, c[i].b); break;
    case 8: want = laplace(s, c[i].a, c[i].b); break;
    default: break;
    }
    assert_int_equal(gm_petab_nominal(p, z), GM_OK);
    petab_near(z[0], s, 1e-14, "nominal on its scale", 0);
    assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &got, NULL, NULL, NULL), GM_OK);
    petab_near(got.log_prior, want, 1e-12, c[i].text, (int32_t)i);
    gm_petab_free(p);
  }
  gm_ctx_free(ctx);
}

/* Starts: within the bounds, the same for the same number, spread as the prior says (mean and
 * standard deviation of 4000 draws within five standard errors). */
static void draw__follows_the_prior(void **state)
{
  (void)state;
  const petab_files f = {.measurement = M_HEAD "obs_a\tc0\t1\t0.7\n",
                         .parameter = PRIOR_HEAD
                         "k1\tlog10\t0.01\t100\t0.8\t1\t\t\t\t\n"
                         "k2\tlin\t-100\t100\t0.6\t1\t\t\tnormal\t2;3\n"
                         "a0\tlog\t1e-9\t1e9\t1\t1\t\t\tparameterScaleLaplace\t1;0.5\n"
                         "b0\tlin\t0\t0.5\t0.2\t1\t\t\tuniform\t0;1\n"};
  enum { N = 4000 };
  static const double mean[] = {0, 2, 1}, sd[] = {1.1547005383792515, 3, 0.70710678118654752};
  static double z[N][4], again[4];
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  int at_bound = 0;
  for (uint64_t i = 0; i < N; i++) {
    assert_int_equal(gm_petab_draw(p, 7, i, z[i]), GM_OK);
    assert_true(z[i][3] >= 0 && z[i][3] <= 0.5);
    at_bound += z[i][3] == 0.5;
  }
  assert_int_equal(gm_petab_draw(p, 7, 5, again), GM_OK);
  assert_memory_equal(again, z[5], sizeof again);
  for (int k = 0; k < 3; k++) {
    double m = 0, v = 0;
    for (int i = 0; i < N; i++) m += z[i][k] / N;
    for (int i = 0; i < N; i++) v += (z[i][k] - m) * (z[i][k] - m) / N;
    assert_true(fabs(m - mean[k]) < 5 * sd[k] / sqrt(N));
    assert_true(fabs(sqrt(v) / sd[k] - 1) < 0.1);
  }
  assert_true(abs(at_bound - N / 2) < 5 * sqrt(N) / 2); /* clipped: half of them */
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

#define MEASURED 12
/* Data with known wobbles, for a problem with all kinds of parameters. */
static void data_make(char *text, size_t bytes, double *time, double *value)
{
  size_t used = (size_t)snprintf(text, bytes, M_HEAD);
  for (int i = 0; i < MEASURED; i++) {
    time[i] = 0.3 * i;
    value[i] = conversion_a(time[i], 2, 1, 0.9, 0.4) * (1 + 0.02 * sin(5.0 * i));
    used +=
        (size_t)snprintf(text + used, bytes - used, "obs_a\tc0\t%.17g\t%.17g\n", time[i], value[i]);
  }
}

static double direct_llh(const double *time, const double *value, double k1, double k2, double sd)
{
  double sum = 0, chi2 = 0;
  for (int i = 0; i < MEASURED; i++) {
    const petab_row r = {value[i], conversion_a(time[i], 2, 1, k1, k2), sd, GM_PETAB_LIN, false};
    sum += petab_row_llh(&r, &chi2);
  }
  return sum;
}

#define FIT_P                                                                                      \
  "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\nk1\tlog10\t1e-3\t" \
  "1e3\t2\t1\nk2\tlin\t0\t10\t1\t1\nsd\tlog\t1e-4\t10\t0.3\t1\na0\tlin\t\t\t2\t0\n"
#define FIT_O "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\tsd\n"

/* The gradient is that of the closed form, and the information that of its sensitivities. */
static void slopes__are_those_of_the_closed_form(void **state)
{
  (void)state;
  char text[2000];
  double time[MEASURED], value[MEASURED], z[3], g[3], h[9];
  data_make(text, sizeof text, time, value);
  const petab_files f = {.observable = FIT_O, .measurement = text, .parameter = FIT_P};
  gm_ctx *ctx;
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  if (gm_petab_slopes(p, NULL, z, &v, g, h)) fail_msg("%s", gm_message(ctx));
  petab_near(v.llh, direct_llh(time, value, 2, 1, 0.3), 1e-7, "llh", 0);
  double e = 1e-5;
  petab_near(g[0],
             (direct_llh(time, value, pow(10, log10(2) + e), 1, 0.3) -
              direct_llh(time, value, pow(10, log10(2) - e), 1, 0.3)) /
                 (2 * e),
             1e-5, "gradient", 0);
  petab_near(g[1],
             (direct_llh(time, value, 2, 1 + e, 0.3) - direct_llh(time, value, 2, 1 - e, 0.3)) /
                 (2 * e),
             1e-5, "gradient", 1);
  petab_near(
      g[2],
      (direct_llh(time, value, 2, 1, 0.3 * exp(e)) - direct_llh(time, value, 2, 1, 0.3 * exp(-e))) /
          (2 * e),
      1e-5, "gradient", 2);
  double want[3] = {0};
  for (int i = 0; i < MEASURED; i++) {
    double s = (conversion_a(time[i], 2, 1, 2, 1 + e) - conversion_a(time[i], 2, 1, 2, 1 - e)) /
               (2 * e) / 0.3;
    double r = (conversion_a(time[i], 2, 1, 2 * pow(10, e), 1) -
                conversion_a(time[i], 2, 1, 2 * pow(10, -e), 1)) /
               (2 * e) / 0.3;
    want[0] += r * r;
    want[1] += s * s;
    want[2] += r * s;
  }
  petab_near(h[0], want[0], 1e-5, "information", 0);
  petab_near(h[4], want[1], 1e-5, "information", 4);
  petab_near(h[1], want[2], 1e-5, "information", 1);
  petab_near(h[3], want[2], 1e-5, "information", 3);
  petab_near(h[8], 2 * MEASURED, 1e-5, "information", 8); /* of ln sd */
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

/* One parameter of each way into the objective: rates of the model, the start a condition gives
 * (b1) or the model works out (a0), a scale in measurements and in a formula, noise in both, and
 * one that is noise and rate at once (k2). */
#define WAYS_P                                                                                     \
  "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"                  \
  "a0\tlog10\t0.1\t10\t1.5\t1\nk1\tlog10\t0.01\t10\t0.8\t1\nk2\tlin\t0\t10\t0.6\t1\n"              \
  "b1\tlog\t0.01\t10\t0.7\t1\nscale\tlin\t0\t9\t1.3\t1\nsd\tlog10\t0.01\t9\t0.2\t1\n"              \
  "b0\tlin\t\t\t1\t0\n"
#define WAYS_O                                                                                     \
  "observableId\tobservableFormula\tnoiseFormula\tobservableTransformation\tnoiseDistribution\n"   \
  "obs_a\tA*observableParameter1_obs_a+B^2\tsd*(1+k2)\tlin\tnormal\n"                              \
  "obs_b\tB+0.1*scale\tnoiseParameter1_obs_b\tlog10\tlaplace\n"
#define WAYS_M                                                                                     \
  "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\tmeasurement\t"          \
  "observableParameters\tnoiseParameters\nobs_a\tpre\tc1\t0\t0.9\tscale\t\n"                       \
  "obs_a\tpre\tc1\t1\t1.1\t2\t\nobs_b\tpre\tc1\t2\t0.4\t\tsd\nobs_a\t\tc0\tinf\t1.9\tscale\t\n"    \
  "obs_b\t\tc0\t0.5\t2\t\t0.3\nobs_b\t\tc1\t0.5\t1.5\t\tsd\n"

enum { WAYS = 6 };
/* The objective of these tables in closed form; v: a0 k1 k2 b1 scale sd. */
static double ways_llh(const double *v)
{
  double a0 = v[0], k1 = v[1], k2 = v[2], b1 = v[3], scale = v[4], sd = v[5], chi2 = 0, sum = 0;
  double rest = k2 * (a0 + 1) / (k1 + k2), a1 = conversion_a(1, rest, b1, k1, k2);
  double b = conversion_b(1, rest, b1, k1, k2), end = a0 + 1 - rest;
  const petab_row row[] = {
      {0.9, rest * scale + b1 * b1, sd * (1 + k2), GM_PETAB_LIN, false},
      {1.1, 2 * a1 + b * b, sd * (1 + k2), GM_PETAB_LIN, false},
      {0.4, conversion_b(2, rest, b1, k1, k2) + 0.1 * scale, sd, GM_PETAB_LOG10, true},
      {1.9, rest * scale + end * end, sd * (1 + k2), GM_PETAB_LIN, false},
      {2, conversion_b(0.5, a0, 1, k1, k2) + 0.1 * scale, 0.3, GM_PETAB_LOG10, true},
      {1.5, conversion_b(0.5, a0, b1, k1, k2) + 0.1 * scale, sd, GM_PETAB_LOG10, true}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) sum += petab_row_llh(&row[i], &chi2);
  return sum;
}

static double ways_at(const double *z)
{
  static const gm_petab_scale scale[WAYS] = {GM_PETAB_LOG10, GM_PETAB_LOG10, GM_PETAB_LIN,
                                             GM_PETAB_LOG,   GM_PETAB_LIN,   GM_PETAB_LOG10};
  double v[WAYS];
  for (int k = 0; k < WAYS; k++) v[k] = gm_petab_from_scale(scale[k], z[k]);
  return ways_llh(v);
}

/* Every way a parameter comes in has its part in the gradient: that of the closed form, through
 * steady states, conditions and formulas; and workers change no bit of it. */
static void slopes__every_way_in(void **state)
{
  (void)state;
  const petab_files f = {.condition = "conditionId\tB\npre\t1\nc0\t1\nc1\tb1\n",
                         .observable = WAYS_O,
                         .measurement = WAYS_M,
                         .parameter = WAYS_P};
  double z[WAYS], g[WAYS], h[WAYS * WAYS], g2[WAYS], h2[WAYS * WAYS], e = 1e-5;
  gm_ctx *ctx;
  gm_pool *pool;
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  if (gm_petab_slopes(p, NULL, z, &v, g, h)) fail_msg("%s", gm_message(ctx));
  petab_near(v.llh, ways_at(z), 1e-7, "llh", 0);
  for (int k = 0; k < WAYS; k++) {
    double up[WAYS], down[WAYS];
    memcpy(up, z, sizeof up);
    memcpy(down, z, sizeof down);
    up[k] += e;
    down[k] -= e;
    petab_near(g[k], (ways_at(up) - ways_at(down)) / (2 * e), 1e-6, "gradient", k);
    assert_true(h[k * WAYS + k] > 0);
  }
  assert_int_equal(gm_petab_slopes(p, pool, z, &v, g2, h2), GM_OK);
  assert_memory_equal(g2, g, sizeof g);
  assert_memory_equal(h2, h, sizeof h);
  gm_petab_free(p);
  gm_pool_free(pool);
  gm_ctx_free(ctx);
}

/* A model that starts where it rests, but whose rest hangs on a slow rate: the slopes need long to
 * get there, and so does the value close by. A rests at k2 (a0 + b0)/(k1 + k2). */
static void slopes__slow_where_the_state_is_at_rest(void **state)
{
  (void)state;
  const petab_files f = {
      .condition = "conditionId\npre\nc0\n",
      .observable = "observableId\tobservableFormula\tnoiseFormula\nobs_a\tA\t0.01\n",
      .measurement = "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\t"
                     "measurement\nobs_a\tpre\tc0\t0.01\t1.02\nobs_a\t\tc0\tinf\t0.99\n",
      .parameter = "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
                   "k1\tlog10\t1e-9\t10\t1e-3\t1\nk2\tlog10\t1e-9\t10\t1e-3\t1\n"};
  double z[2], g[2], h[4], y[2], slope = -0.5 * log(10); /* of A by log10 k1, at rest */
  double want = ((1.02 - 1) + (0.99 - 1)) / 1e-4 * slope;
  gm_ctx *ctx;
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  if (gm_petab_slopes(p, NULL, z, &v, g, h)) fail_msg("%s", gm_message(ctx));
  petab_near(g[0], want, 1e-5, "gradient", 0);
  petab_near(g[1], -want, 1e-5, "gradient", 1);
  z[0] += 1e-5;
  assert_int_equal(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL), GM_OK);
  for (int i = 0; i < 2; i++) petab_near(y[i], 2 / (1 + pow(10, 1e-5)), 1e-8, "value close by", i);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

#define DELAY_OF_A                                                                                 \
  "<apply><csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/delay\">d"   \
  "</csymbol><ci>A</ci><cn>1</cn></apply>"
#define MODEL_DELAY                                                                                \
  MODEL_C_K1_K2(                                                                                   \
      SPECIES("A", "initialConcentration=\"1\""),                                                  \
      RATE_RULE("A", "<apply><minus/><apply><times/>" CI("k1") DELAY_OF_A "</apply></apply>"))

/* A model with a delay has no tangents: differences then. dA/dt = -k1 A(t - 1) from A = 1 gives
 * A = 1 - k1 t up to time 1. */
static void slopes__without_tangents(void **state)
{
  (void)state;
  const petab_files f = {
      .model = MODEL_DELAY,
      .measurement = M_HEAD "obs_a\tc0\t0.5\t0.7\nobs_a\tc0\t1\t0.3\n",
      .parameter = "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
                   "k1\tlin\t0\t1\t0.4\t1\nk2\tlin\t\t\t0\t0\n"};
  double z[1], g[1], h[1];
  gm_ctx *ctx;
  gm_petab_value v;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  if (gm_petab_slopes(p, NULL, z, &v, g, h)) fail_msg("%s", gm_message(ctx));
  petab_near(g[0], ((0.7 - 0.8) * -0.5 + (0.3 - 0.6) * -1) / 0.25, 1e-6, "gradient", 0);
  petab_near(h[0], (0.25 + 1) / 0.25, 1e-6, "information", 0);
  assert_string_equal(gm_message(ctx), "");
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

/* The best of the closed form by a search of its own: coordinate-wise golden steps. */
static double closed_best(const double *time, const double *value, double *k1, double *k2,
                          double *sd)
{
  double step = 0.5, best;
  *k1 = 1;
  *k2 = 1;
  *sd = 0.1;
  best = direct_llh(time, value, *k1, *k2, *sd);
  while (step > 1e-9) {
    bool better = false;
    for (int i = 0; i < 27; i++) {
      double a = *k1 * (1 + step * (i % 3 - 1)), b = *k2 * (1 + step * (i / 3 % 3 - 1)),
             c = *sd * (1 + step * (i / 9 - 1));
      double l = direct_llh(time, value, a, b, c);
      if (!(l > best)) continue;
      best = l;
      *k1 = a;
      *k2 = b;
      *sd = c;
      better = true;
    }
    if (!better) step *= 0.6;
  }
  return best;
}

/* A search finds that best value, whatever the start, with the errors its information says; and
 * without tripping over a bound that holds. */
static void fit__finds_the_best(void **state)
{
  (void)state;
  char text[2000];
  double time[MEASURED], value[MEASURED], z[3], error[3], k1, k2, sd;
  data_make(text, sizeof text, time, value);
  double best = closed_best(time, value, &k1, &k2, &sd);
  const petab_files f = {.observable = FIT_O, .measurement = text, .parameter = FIT_P};
  gm_ctx *ctx;
  gm_petab_fit fit;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  for (uint64_t i = 0; i < 5; i++) {
    assert_int_equal(i ? gm_petab_draw(p, 3, i, z) : gm_petab_nominal(p, z), GM_OK);
    if (gm_petab_minimise(p, NULL, NULL, z, z, error, &fit)) fail_msg("%s", gm_message(ctx));
    assert_true(fit.converged && !fit.stopped && fit.value.llh >= fit.first);
    petab_near(fit.value.llh, best, 1e-6, "best of start", (int32_t)i);
    petab_near(gm_petab_from_scale(GM_PETAB_LOG10, z[0]), k1, 1e-3, "k1", (int32_t)i);
    petab_near(z[1], k2, 1e-3, "k2", (int32_t)i);
    petab_near(error[2], 1 / sqrt(2 * MEASURED), 1e-3, "error of ln sd", (int32_t)i);
  }
  gm_petab_free(p);
  /* k2 held at 0.5, where its best value lies below */
  const petab_files held = {
      .observable = FIT_O,
      .measurement = text,
      .parameter =
          "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
          "k1\tlog10\t1e-3\t1e3\t2\t1\nk2\tlin\t0.5\t10\t0.5\t1\nsd\tlog\t1e-4\t10\t0.3\t1\n"
          "a0\tlin\t\t\t2\t0\n"};
  p = petab_open(ctx, &held);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  if (gm_petab_minimise(p, NULL, NULL, z, z, NULL, &fit)) fail_msg("%s", gm_message(ctx));
  assert_true(k2 < 0.45 && z[1] >= 0.5 && z[1] < 0.5 + 1e-4);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

static bool stop_at_once(void *user)
{
  (void)user;
  return true;
}

/* Stopped from outside it gives the best so far; without anything to estimate, the value. */
static void fit__stopped_and_empty(void **state)
{
  (void)state;
  char text[2000];
  double time[MEASURED], value[MEASURED], z[3];
  data_make(text, sizeof text, time, value);
  const petab_files f = {.observable = FIT_O, .measurement = text, .parameter = FIT_P};
  const gm_watch watch = {.stop = stop_at_once};
  gm_ctx *ctx;
  gm_petab_fit fit;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  assert_int_equal(gm_petab_nominal(p, z), GM_OK);
  assert_int_equal(gm_petab_minimise(p, NULL, &watch, z, z, NULL, &fit), GM_OK);
  assert_true(fit.stopped && !fit.converged && isfinite(fit.value.llh));
  gm_petab_free(p);
  const petab_files fixed = {.measurement = M_HEAD "obs_a\tc0\t1\t0.7\n",
                             .parameter = "parameterId\tparameterScale\tnominalValue\testimate\n"
                                          "k1\tlin\t0.8\t0\nk2\tlin\t0.6\t0\n"};
  const petab_row r = {0.7, conversion_a(1, 1, 1, 0.8, 0.6), 0.5, 0, false};
  double chi2 = 0;
  p = petab_open(ctx, &fixed);
  assert_int_equal(gm_petab_minimise(p, NULL, NULL, NULL, NULL, NULL, &fit), GM_OK);
  petab_near(fit.value.llh, petab_row_llh(&r, &chi2), 1e-7, "llh", 0);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

/* Vectors, their number and the workers change no bit of a value. */
static void evaluate__batches_and_workers_are_alike(void **state)
{
  (void)state;
  const petab_files f = {
      .condition = "conditionId\tA\tB\npre\t1\t2\nc0\tNaN\t1\nc1\t3\t\n",
      .measurement = "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\t"
                     "measurement\nobs_a\tpre\tc0\t1\t0.7\nobs_a\t\tc1\tinf\t0.7\n"
                     "obs_a\t\tc1\t2\t0.7\nobs_a\tpre\tc1\t2\t0.7\n"};
  enum { N = 70 };
  static double z[N][2], y[N][4], one[4];
  static gm_petab_value v[N], w;
  gm_ctx *ctx;
  gm_pool *pool;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 2, &pool), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  for (uint64_t i = 0; i < N; i++) assert_int_equal(gm_petab_draw(p, 1, i, z[i]), GM_OK);
  assert_int_equal(gm_petab_evaluate(p, pool, N, z[0], v, y[0], NULL, NULL), GM_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(gm_petab_evaluate(p, NULL, 1, z[i], &w, one, NULL, NULL), GM_OK);
    assert_memory_equal(one, y[i], sizeof one);
    assert_true(w.llh == v[i].llh && w.chi2 == v[i].chi2);
  }
  gm_petab_free(p);
  gm_pool_free(pool);
  gm_ctx_free(ctx);
}

/* What is written can be read again: values as nominal ones, simulations for measurements. */
static void tables__written_and_read(void **state)
{
  (void)state;
  const petab_files f = {
      .measurement = "observableId\tsimulationConditionId\tnote\ttime\tmeasurement\n"
                     "obs_a\tc0\t\"a \"\"b\"\"\tc\"\t1\t0.7\nobs_a\tc0\t\t2\t0.6\n",
      .parameter = "parameterId\tparameterName\tparameterScale\tlowerBound\tupperBound\t"
                   "nominalValue\testimate\nk1\tfirst rate\tlog10\t0.01\t10\t0.8\t1\n"
                   "k2\t\tlin\t\t\t0.6\t0\n"};
  double z[1] = {0.125}, y[2] = {0.1, 1.0 / 3};
  gm_text text;
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_petab *p = petab_open(ctx, &f);
  gm_text_init(&text, ctx);
  assert_int_equal(gm_petab_write_simulation(p, y, &text), GM_OK);
  assert_string_equal(text.data, "observableId\tsimulationConditionId\tnote\ttime\tsimulation\n"
                                 "obs_a\tc0\t\"a \"\"b\"\"\tc\"\t1\t0.10000000000000001\n"
                                 "obs_a\tc0\t\t2\t0.33333333333333331\n");
  gm_text_free(&text);
  gm_text_init(&text, ctx);
  assert_int_equal(gm_petab_write_parameters(p, z, &text), GM_OK);
  assert_non_null(strstr(text.data, "k2\t\tlin\t\t\t0.6\t0\n"));
  assert_non_null(strstr(text.data, "k1\tfirst rate\tlog10\t0.01\t10\t1.33"));
  gm_petab_free(p);
  petab_write("parameters.tsv", text.data);
  if (gm_petab_read(ctx, petab_path("problem.yaml"), NULL, &p)) fail_msg("%s", gm_message(ctx));
  double back[1];
  assert_int_equal(gm_petab_nominal(p, back), GM_OK);
  petab_near(back[0], 0.125, 1e-14, "nominal", 0);
  gm_text_free(&text);
  gm_petab_free(p);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prior__every_type),
      cmocka_unit_test(draw__follows_the_prior),
      cmocka_unit_test(slopes__are_those_of_the_closed_form),
      cmocka_unit_test(slopes__every_way_in),
      cmocka_unit_test(slopes__without_tangents),
      cmocka_unit_test(slopes__slow_where_the_state_is_at_rest),
      cmocka_unit_test(fit__finds_the_best),
      cmocka_unit_test(fit__stopped_and_empty),
      cmocka_unit_test(evaluate__batches_and_workers_are_alike),
      cmocka_unit_test(tables__written_and_read),
  };
  return cmocka_run_group_tests(tests, petab_setup, petab_teardown);
}
