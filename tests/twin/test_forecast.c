/* Beliefs and forecasts where theory gives the answer: a value that stays as it is, B ~ N(10, 2^2),
 * measured with sd 1 (conjugate normal), and one compartment without spread.
 * Monte Carlo: N = 20,000 members; tolerances are four standard errors of independent draws
 * (importance sampling: of the effective number). */
#include "twin_case.h"

enum { N = 20000 };
#define BASE                                                                                       \
  "parameters:\n"                                                                                  \
  "  B: {typical: 10, unit: mg/L, between-subjects: {normal: 2}, source: test}\n"                  \
  "  T: {typical: 1, unit: h, source: test}\n"
#define OBSERVED "observables:\n  b: {is: x, unit: mg/L, error: {additive: 1}}\n"
#define FIXED                                                                                      \
  "parameters:\n"                                                                                  \
  "  CL: {typical: 1, unit: L/h, source: test}\n"                                                  \
  "  V: {typical: 10, unit: L, source: test}\n"                                                    \
  "  KA: {typical: 1, unit: /h, source: test}\n"
#define IV "inputs:\n  iv: {into: central, unit: mg}\n"
#define CP "observables:\n  cp: {is: central/V, unit: mg/L, error: {additive: 0.1}}\n"

static const double Z[GM_QUANTILE_COUNT] = {-1.959963985, -1.644853627, -0.674489750, 0,
                                            0.674489750,  1.644853627,  1.959963985};

static const gm_twin_options ALL = {.t_now = NAN, .members = N, .seed = 7};

static double density(double z) { return exp(-0.5 * z * z) / sqrt(2 * M_PI); }
static double cumulated(double z) { return 0.5 * erfc(-z / sqrt(2)); }

/* Quantiles of a normal law within four standard errors sd sqrt(p (1 - p) / n) / density. */
static void expect_normal(const double *q, double mean, double sd, double n, const char *what)
{
  for (int i = 0; i < GM_QUANTILE_COUNT; i++) {
    double p = gm_quantile_level[i];
    case_near(q[i], mean + sd * Z[i], 4 * sd * sqrt(p * (1 - p) / n) / density(Z[i]), what);
  }
}

static gm_forecast *forecast(const twin_case *c, const gm_forecast_request *q)
{
  gm_forecast *f = NULL;
  case_must(gm_forecast_make(ctx, c->t, q, &f), "forecast");
  return f;
}

/* Mean and variance of the posterior's B. */
static void posterior(const twin_case *c, double *mean, double *variance)
{
  const gm_members *p = c->t->posterior;
  double m = 0, v = 0;
  for (int32_t i = 0; i < p->n; i++) m += p->weight[i] * (10 + p->z[i]);
  for (int32_t i = 0; i < p->n; i++) v += p->weight[i] * (10 + p->z[i] - m) * (10 + p->z[i] - m);
  *mean = m;
  *variance = v;
}

static void expect_posterior(const twin_case *c, double mean, double variance)
{
  double m, v, n = c->t->posterior->ess;
  posterior(c, &m, &v);
  assert_true(n > 0.2 * N);
  case_near(m, mean, 4 * sqrt(variance / n), "posterior mean");
  case_near(v, variance, 4 * variance * sqrt(2 / n), "posterior variance");
}

/* ---- the population's forecast --------------------------------------------------------------- */
/* With no data the forecast is the population's: N(10, 2^2); of a measurement, N(10, 5); the
 * variances are 4 and 1, nothing is due to state or chance. The twin is warming up. */
static void forecast__without_data_is_the_population(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,EVID,DV\n1,0,2,.\n", &ALL);
  const double t[] = {0, 50};
  for (int prior = 0; prior < 2; prior++) {
    gm_forecast *f =
        forecast(&c, &(gm_forecast_request){.time = t, .time_count = 2, .from_prior = prior});
    assert_int_equal(N, f->n);
    assert_int_equal(0, f->diverged);
    for (int i = 0; i < 2; i++) {
      expect_normal(f->quantile + i * GM_QUANTILE_COUNT, 10, 2, N, "quantile");
      expect_normal(f->with_noise + i * GM_QUANTILE_COUNT, 10, sqrt(5), N, "with noise");
      case_near(f->mean[i], 10, 4 * 2 / sqrt(N), "mean");
      case_near(f->var_parameter[i], 4, 4 * 4 * sqrt(2.0 / N), "variance of the parameter");
      case_near(f->var_measurement[i], 1, 1e-12, "variance of the measurement");
      case_near(f->var_state[i], 0, 0, "variance of the state");
      case_near(f->var_intrinsic[i], 0, 0, "variance by chance");
    }
    gm_forecast_free(f);
  }
  assert_int_equal(GM_HEALTH_WARMING, c.t->health);
  case_close(&c);
}

/* Proportional error: the measurement's variance is a^2 + b^2 E f^2 = 0.25 + 0.01 (100 + 4) as root
 * sum square, and E (a + b f)^2 = 1.5^2 + 0.01 x 4 as sum. */
static void forecast__proportional_noise(void **state)
{
  (void)state;
  static const char *const form[] = {"root-sum-square", "sum"};
  const double want[] = {0.25 + 0.01 * 104, 2.25 + 0.04};
  for (int i = 0; i < 2; i++) {
    char twin[800];
    snprintf(twin, sizeof twin,
             BASE "observables:\n  b: {is: x, unit: mg/L, error: {additive: 0.5, proportional: "
                  "0.1, form: %s}}\n",
             form[i]);
    twin_case c = case_twin(MODEL_BASE, twin, "ID,TIME,EVID,DV\n1,0,2,.\n", &ALL);
    const double t[] = {1};
    gm_forecast *f = forecast(&c, &(gm_forecast_request){.time = t, .time_count = 1});
    case_near(f->var_measurement[0], want[i], 0.02, form[i]); /* b^2 sd(f^2)/sqrt(N) x 4 = 0.011 */
    gm_forecast_free(f);
    case_close(&c);
  }
}

/* Error on the logarithmic scale, sd 0.5 about 10: quantiles 10 exp(0.5 z), variance of the
 * lognormal law 100 exp(s2) (exp(s2) - 1). A parameter without spread has no variance. */
static void forecast__noise_on_a_log_scale(void **state)
{
  (void)state;
  twin_case c =
      case_twin(MODEL_BASE,
                "parameters:\n  B: {typical: 10, unit: mg/L, source: test}\n"
                "  T: {typical: 1, unit: h, source: test}\n"
                "observables:\n  b: {is: x, unit: mg/L, error: {additive: 0.5}, scale: log}\n",
                "ID,TIME,EVID,DV\n1,0,2,.\n", &ALL);
  const double t[] = {1};
  gm_forecast *f = forecast(&c, &(gm_forecast_request){.time = t, .time_count = 1});
  double logs[GM_QUANTILE_COUNT];
  for (int i = 0; i < GM_QUANTILE_COUNT; i++) {
    case_near(f->quantile[i], 10, 1e-12, "without spread");
    logs[i] = log(f->with_noise[i] / 10);
  }
  expect_normal(logs, 0, 0.5, N, "with noise");
  case_near(f->var_parameter[0], 0, 1e-20, "no spread");
  case_near(f->var_measurement[0], 100 * exp(0.25) * (exp(0.25) - 1), 1e-9, "lognormal variance");
  gm_forecast_free(f);
  case_close(&c);
}

/* ---- learning -------------------------------------------------------------------------------- */
/* One datum 13: posterior N((10/4 + 13)/(1/4 + 1), 1/(1/4 + 1)) = N(12.4, 0.8); the mode has the
 * same place and curvature; the residual at it is 0.6 sd. */
static void twin__one_datum_gives_the_conjugate_posterior(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV\n1,3,13\n", &ALL);
  expect_posterior(&c, 12.4, 0.8);
  case_near(c.t->mode->z[0], 2.4, 1e-5, "mode");
  case_near(c.t->mode->covariance[0], 0.8, 1e-4, "curvature");
  case_near(c.t->residual[0], 0.6, 1e-5, "residual");
  /* (13 - 10)^2 / (4 + 1) is chi-square with one degree of freedom */
  case_near(c.t->fit_p, erfc(sqrt(0.9)), 1e-5, "fit");
  assert_int_equal(GM_HEALTH_TRACKING, c.t->health);
  const double t[] = {100};
  gm_forecast *f = forecast(&c, &(gm_forecast_request){.time = t, .time_count = 1});
  expect_normal(f->quantile, 12.4, sqrt(0.8), c.t->posterior->ess, "forecast");
  expect_normal(f->with_noise, 12.4, sqrt(1.8), c.t->posterior->ess, "measurement");
  gm_forecast_free(f);
  case_close(&c);
}

/* Two data of one time count twice: precision 1/4 + 2, mean (10/4 + 12 + 14)/2.25. */
static void twin__data_of_equal_times_all_count(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV\n1,3,12\n1,3,14\n", &ALL);
  expect_posterior(&c, 28.5 / 2.25, 1 / 2.25);
  case_close(&c);
}

/* All data below the limit 9: with Y = B + e ~ N(10, 5), a = (9 - 10)/sqrt 5 and h = phi(a)/Phi(a),
 * E(B | Y < 9) = 10 - 4/sqrt 5 h, var = 4 - 16/5 (a h + h^2). There is no residual then. */
static void twin__censored_data_alone(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV,CENS\n1,3,9,1\n", &ALL);
  double a = -1 / sqrt(5), h = density(a) / cumulated(a);
  expect_posterior(&c, 10 - 4 / sqrt(5) * h, 4 - 16.0 / 5 * (a * h + h * h));
  assert_true(isnan(c.t->residual[0]));
  case_near(c.t->fit_p, 1, 0, "fit of nothing");
  case_close(&c);
}

/* A datum 25 population sd away is still weighed by the formula (mean 50), and the twin says that
 * it has lost the patient: the residual at the mode is 10 sd. */
static void twin__impossible_patient_is_lost(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV\n1,3,60\n", &ALL);
  expect_posterior(&c, 50, 0.8);
  assert_int_equal(GM_HEALTH_LOST, c.t->health);
  case_close(&c);
}

/* Data after now is not learned from; data of now is. */
static void twin__learns_up_to_now(void **state)
{
  (void)state;
  gm_twin_options o = ALL;
  o.t_now = 3;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV\n1,3,13\n1,4,0\n", &o);
  assert_int_equal(1, c.t->learned);
  expect_posterior(&c, 12.4, 0.8);
  case_close(&c);
}

/* The score of a datum 14 after now under N(12.4, 1.8): CRPS sd (w (2 Phi(w) - 1) + 2 phi(w) -
 * 1/sqrt pi) (Gneiting & Raftery 2007, eq. 21), w = 1.6/sd = 1.193: outside the central half,
 * inside the central 90 %. */
static void score__is_that_of_the_normal_law(void **state)
{
  (void)state;
  gm_twin_options o = ALL;
  o.t_now = 3;
  twin_case c = case_twin(MODEL_BASE, BASE OBSERVED, "ID,TIME,DV\n1,3,13\n1,4,14\n", &o);
  gm_score_sum s[1];
  case_must(gm_twin_score(ctx, c.t, false, s), "score");
  double sd = sqrt(1.8), w = 1.6 / sd;
  double crps = sd * (w * (2 * cumulated(w) - 1) + 2 * density(w) - 1 / sqrt(M_PI));
  assert_int_equal(1, s[0].count);
  case_near(s[0].crps, crps, 4 * sd / sqrt(c.t->posterior->ess), "CRPS");
  case_near(s[0].covered50, 0, 0, "half");
  case_near(s[0].covered90, 1, 0, "90 %");
  case_close(&c);
}

/* ---- courses --------------------------------------------------------------------------------- */
/* Before now a forecast is the history, whatever the plan: the same bytes as along the records. */
static void forecast__before_now_is_history(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 30, .members = 50, .seed = 1};
  twin_case c = case_twin(MODEL_PK,
                          IV "parameters:\n"
                             "  CL: {typical: 1, unit: L/h, source: test, between-subjects: "
                             "{lognormal: 0.3}}\n"
                             "  V: {typical: 10, unit: L, source: test}\n"
                             "  KA: {typical: 1, unit: /h, source: test}\n" CP,
                          "ID,TIME,EVID,AMT,DV\n1,0,1,100,.\n1,10,0,.,3\n1,24,1,50,.\n"
                          "1,48,1,70,.\n",
                          &o);
  const double t[] = {0, 1, 24, 29.5};
  const gm_event plan = {.t = 30, .amount = 500, .port = 1, .kind = GM_EVENT_DOSE};
  gm_forecast *a = forecast(
      &c, &(gm_forecast_request){.time = t, .time_count = 4, .plan = &plan, .plan_count = 1});
  gm_forecast *b =
      forecast(&c, &(gm_forecast_request){.time = t, .time_count = 4, .as_recorded = true});
  assert_memory_equal(a->member, b->member, (size_t)a->n * 4 * sizeof *a->member);
  gm_forecast_free(a);
  gm_forecast_free(b);
  case_close(&c);
}

/* Additional doses (100 mg every 24 h from 0) are given up to now and no further, unless the
 * records are followed; a dose at now itself has been given, and what it does is not undone. */
static void forecast__additional_doses_end_now(void **state)
{
  (void)state;
  const double now[] = {47.9, 48, 50};
  const int given[] = {2, 3, 3};
  for (int i = 0; i < 3; i++) {
    gm_twin_options o = {.t_now = now[i], .members = 4};
    twin_case c = case_twin(MODEL_PK, IV FIXED CP,
                            "ID,TIME,EVID,AMT,II,ADDL\n1,0,1,100,24,9\n1,300,2,.,.,.\n", &o);
    const double t[] = {50, 100};
    gm_forecast *f = forecast(&c, &(gm_forecast_request){.time = t, .time_count = 2});
    gm_forecast *r =
        forecast(&c, &(gm_forecast_request){.time = t, .time_count = 2, .as_recorded = true});
    for (int k = 0; k < 2; k++) {
      double cut = 0, all = 0;
      for (int j = 0; j < 10; j++) {
        double y = t[k] >= 24 * j ? 10 * exp(-0.1 * (t[k] - 24 * j)) : 0;
        all += y;
        if (j < given[i]) cut += y;
      }
      case_near(f->mean[k], cut, 1e-9, "plan of nothing");
      case_near(r->mean[k], all, 1e-9, "as recorded");
    }
    gm_forecast_free(f);
    gm_forecast_free(r);
    case_close(&c);
  }
}

/* An infusion that runs now goes on under a plan of nothing: 20 mg/h for 10 h from 0, now 5. */
static void forecast__running_infusion_goes_on(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 5, .members = 4};
  twin_case c =
      case_twin(MODEL_PK, IV FIXED CP, "ID,TIME,EVID,AMT,RATE\n1,0,1,200,20\n1,30,2,.,.\n", &o);
  const double t[] = {8, 20};
  gm_forecast *f = forecast(&c, &(gm_forecast_request){.time = t, .time_count = 2});
  case_near(f->mean[0], 20 * (1 - exp(-0.8)), 1e-9, "while it runs");
  case_near(f->mean[1], 20 * (1 - exp(-1)) * exp(-1), 1e-9, "after");
  gm_forecast_free(f);
  case_close(&c);
}

/* x' = 0.1 x from 1 at the first record (10 h): 2.718 at 20 h, also when a time before the first
 * record is asked for together with it - or that time is refused. */
static void forecast__early_times_do_not_move_the_beginning(void **state)
{
  (void)state;
  static const char model[] = "model g\ntime has \"h\"\nx has \"mg\"\nx = 1\nk = 0.1 \"/h\"\n"
                              "x' = k*x\nend\n";
  gm_twin_options o = {.t_now = NAN, .members = 4};
  twin_case c = case_twin(model,
                          "parameters:\n  k: {typical: 0.1, unit: /h, source: test}\n"
                          "observables:\n  x: {is: x, unit: mg, error: {additive: 1}}\n",
                          "ID,TIME,DV\n1,10,1\n1,20,2.7\n", &o);
  const double t[] = {5, 20};
  gm_forecast *f = NULL;
  gm_status s = gm_forecast_make(ctx, c.t, &(gm_forecast_request){.time = t, .time_count = 2}, &f);
  if (!s) case_near(f->mean[1], exp(1), 1e-6, "at 20 h");
  gm_forecast_free(f);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forecast__without_data_is_the_population),
      cmocka_unit_test(forecast__proportional_noise),
      cmocka_unit_test(forecast__noise_on_a_log_scale),
      cmocka_unit_test(twin__one_datum_gives_the_conjugate_posterior),
      cmocka_unit_test(twin__data_of_equal_times_all_count),
      cmocka_unit_test(twin__censored_data_alone),
      cmocka_unit_test(twin__impossible_patient_is_lost),
      cmocka_unit_test(twin__learns_up_to_now),
      cmocka_unit_test(score__is_that_of_the_normal_law),
      cmocka_unit_test(forecast__before_now_is_history),
      cmocka_unit_test(forecast__additional_doses_end_now),
      cmocka_unit_test(forecast__running_infusion_goes_on),
      cmocka_unit_test(forecast__early_times_do_not_move_the_beginning),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
