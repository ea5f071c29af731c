/* Twins of models that move by chance: belief, evidence, forecast and plans against the law of the
 * epidemic of 50 people (sir_exact.h), for the kinds jump and network; queues against theory.
 * label: full */
#include "twin/twin_case.h"
#include "support/sir_exact.h"

enum { RUNS = 16, DATA = 4, GRID = 21, OBSERVABLES = 2 };

static const double found[DATA] = {7, 12, 17, 14}; /* on days 2, 4, 6, 8 */
static const double noise_sd = 1.5, sd_beta = 0.5, sd_gamma = 0.3;
static const char DATA_CSV[] =
    "ID,TIME,EVID,DVID,DV\n1,0,2,cases,.\n1,2,0,cases,7\n1,4,0,cases,12\n"
    "1,6,0,cases,17\n1,8,0,cases,14\n";
static const char PARAMETERS[] =
    "parameters:\n"
    "  beta: {typical: 0.9, unit: 1/d, between-subjects: {lognormal: 0.5}}\n"
    "  gamma: {typical: 0.3, unit: 1/d, between-subjects: {lognormal: 0.3}}\n";
static const char JUMP_MODEL[] = "time has \"d\"\nspecies S, I, R\nS = 47; I = 3; R = 0\n"
                                 "beta = 0.9; gamma = 0.3\nbeta has \"1/d\"; gamma has \"1/d\"\n"
                                 "infect: S + I => 2 I; beta*S*I/50\nrecover: I => R; gamma*I\n";
static const char JUMP_TWIN[] = "kind: jump\n"
                                "observables:\n"
                                "  cases: {is: I, unit: \"1\", error: {additive: 1.5}}\n"
                                "  free: {is: S, unit: \"1\", error: none}\n";
static const char NETWORK_MODEL[] =
    "network: ward\ntime_unit: d\nnodes: 50\nstates: [S, I, R]\n"
    "parameters:\n  beta: {value: 0.9, unit: 1/d}\n  gamma: {value: 0.3, unit: 1/d}\n"
    "layers:\n  - {name: all, kind: complete}\n"
    "transitions:\n  - {from: S, to: I, rate: beta*near_I/50}\n  - {from: I, to: R, rate: gamma}\n"
    "start:\n  - {state: I, count: 3}\n"
    "outputs:\n  - {name: ill, unit: \"1\", is: I}\n  - {name: well, unit: \"1\", is: S}\n";
static const char NETWORK_TWIN[] = "observables:\n"
                                   "  cases: {is: ill, unit: \"1\", error: {additive: 1.5}}\n"
                                   "  free: {is: well, unit: \"1\", error: none}\n";

/* Definition of a model file of this name. */
static gm_definition *definition(const char *file, const char *model, const char *twin)
{
  char path[340], text[4000];
  snprintf(text, sizeof text,
           "twin: case\nquestion: How many?\ncontext-of-use: tests\nmodel: %s\n%s", file, twin);
  case_write(file, model);
  case_write("twin.yaml", text);
  case_path("twin.yaml", path);
  gm_definition *d = NULL;
  case_must(gm_definition_read(ctx, path, &d), "definition");
  case_path(file, path);
  unlink(path);
  return d;
}

static twin_case subject_of(gm_definition *d, const char *csv)
{
  twin_case c = {.d = d, .r = case_records(csv)};
  case_must(gm_subject_new(ctx, c.d, c.r, 0, &c.s), "subject");
  return c;
}

static twin_case epidemic(bool network)
{
  char twin[2000];
  snprintf(twin, sizeof twin, "%s%s", network ? NETWORK_TWIN : JUMP_TWIN, PARAMETERS);
  return subject_of(network ? definition("model.yaml", NETWORK_MODEL, twin)
                            : definition("model.ant", JUMP_MODEL, twin),
                    DATA_CSV);
}

/* ---- exact ----------------------------------------------------------------------------------- */
typedef struct {
  double log_evidence, eta[2], ill_now, ill_later, variance_later; /* later: day 12 */
} answers;

static double normal_update(double *p, double value)
{
  double total = 0;
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) {
      double x = (value - i) / noise_sd;
      p[sir_index(s, i)] *= exp(-0.5 * x * x) / (noise_sd * sqrt(2 * acos(-1)));
      total += p[sir_index(s, i)];
    }
  for (int32_t k = 0; k < SIR_STATES; k++) p[k] /= total;
  return log(total);
}

/* Posterior by the trapezoidal rule over both random effects: spectrally accurate on normal tails.
 */
static answers exact(void)
{
  answers a = {0};
  double total = 0, second = 0;
  for (int32_t b = 0; b < GRID; b++)
    for (int32_t g = 0; g < GRID; g++) {
      double ub = 0.4 * (b - GRID / 2), ug = 0.4 * (g - GRID / 2), p[SIR_STATES], s, now, ll = 0;
      double beta = 0.9 * exp(sd_beta * ub), gamma = 0.3 * exp(sd_gamma * ug), law[SIR_N + 1];
      sir_start(p);
      for (int k = 0; k < DATA; k++) {
        sir_advance(p, beta, gamma, 2);
        ll += normal_update(p, found[k]);
      }
      double w = exp(ll - 0.5 * (ub * ub + ug * ug)) * 0.16 / (2 * acos(-1));
      total += w;
      a.eta[0] += w * sd_beta * ub;
      a.eta[1] += w * sd_gamma * ug;
      sir_mean(p, &s, &now);
      a.ill_now += w * now;
      sir_advance(p, beta, gamma, 4);
      sir_law_infectious(p, law);
      for (int32_t i = 0; i <= SIR_N; i++) {
        a.ill_later += w * law[i] * i;
        second += w * law[i] * i * i;
      }
    }
  a.log_evidence = log(total);
  a.eta[0] /= total;
  a.eta[1] /= total;
  a.ill_now /= total;
  a.ill_later /= total;
  a.variance_later = second / total - a.ill_later * a.ill_later;
  return a;
}

/* ---- one twin -------------------------------------------------------------------------------- */
static answers estimate(twin_case *c, uint64_t seed)
{
  gm_twin_options o = {.t_now = 8, .members = 1000, .seed = seed};
  case_must(gm_twin_new(ctx, c->d, c->s, &o, &c->t), "twin");
  const gm_members *m = c->t->posterior;
  assert_non_null(c->t->lineage);
  assert_null(c->t->mode);
  answers a = {.log_evidence = m->log_evidence};
  for (int32_t i = 0; i < m->n; i++)
    for (int k = 0; k < 2; k++) a.eta[k] += m->weight[i] * m->z[2 * i + k];
  static const double time[2] = {8, 12};
  gm_forecast_request q = {.time = time, .time_count = 2};
  gm_forecast *f = NULL;
  case_must(gm_forecast_make(ctx, c->t, &q, &f), "forecast");
  a.ill_now = f->mean[0];
  a.ill_later = f->mean[1];
  a.variance_later = f->var_parameter[1] + f->var_state[1] + f->var_intrinsic[1];
  case_near(f->var_intrinsic[0], 0, 0, "no chance lies between now and now");
  assert_true(f->var_intrinsic[1] > 0);
  gm_forecast_free(f);
  gm_twin_free(c->t);
  c->t = NULL;
  return a;
}

static void near_mean(const double *x, double want, const char *what)
{
  double mean = 0, var = 0;
  for (int i = 0; i < RUNS; i++) mean += x[i] / RUNS;
  for (int i = 0; i < RUNS; i++) var += (x[i] - mean) * (x[i] - mean) / (RUNS - 1);
  double se = sqrt(var / RUNS);
  printf("  %-28s %9.4f +- %.4f (%.4f)\n", what, mean, se, want);
  case_near(mean, want, 4 * se, what);
  assert_true(se < 0.1 * (fabs(want) + 1)); /* the errors are small enough to say something */
}

/* Log evidence (its mean is below the truth by half its variance, which is added), parameters, the
 * present and the forecast of both kinds are within 4 standard errors (16 twins) of the exact ones.
 */
static void belief__is_the_exact_posterior(void **state)
{
  (void)state;
  answers want = exact();
  for (int network = 0; network < 2; network++) {
    double x[6][RUNS], bias = 0, mean = 0;
    twin_case c = epidemic(network);
    for (int i = 0; i < RUNS; i++) {
      answers a = estimate(&c, 100 + (uint64_t)i);
      double each[6] = {a.log_evidence, a.eta[0],    a.eta[1],
                        a.ill_now,      a.ill_later, a.variance_later};
      for (int k = 0; k < 6; k++) x[k][i] = each[k];
      mean += a.log_evidence / RUNS;
    }
    for (int i = 0; i < RUNS; i++) bias += 0.5 * pow(x[0][i] - mean, 2) / (RUNS - 1);
    printf("%s\n", network ? "network" : "jump");
    near_mean(x[0], want.log_evidence - bias, "log evidence");
    near_mean(x[1], want.eta[0], "effect of beta");
    near_mean(x[2], want.eta[1], "effect of gamma");
    near_mean(x[3], want.ill_now, "ill now");
    near_mean(x[4], want.ill_later, "ill on day 12");
    near_mean(x[5], want.variance_later, "variance on day 12");
    case_close(&c);
  }
}

/* ---- counts ---------------------------------------------------------------------------------- */
/* Binomial tests of the ill, the epidemic's rates known: the evidence is the exact likelihood of
 * the tests of eight days, and what is known of the present the exact filter's mean. */
static void counts__have_the_exact_likelihood(void **state)
{
  (void)state;
  char csv[400];
  int used = snprintf(csv, sizeof csv, "ID,TIME,EVID,DVID,DV\n1,0,2,tests,.\n");
  for (int k = 0; k < 8; k++)
    used +=
        snprintf(csv + used, sizeof csv - (size_t)used, "1,%d,0,tests,%d\n", k + 1, sir_tests[k]);
  twin_case c =
      subject_of(definition("model.ant", JUMP_MODEL,
                            "kind: jump\nobservables:\n"
                            "  tests: {is: I, unit: \"1\", error: {counts: binomial, share: 0.6}}\n"
                            "parameters:\n  beta: {typical: 0.9, unit: 1/d, fixed: true}\n"),
                 csv);
  double p[SIR_STATES], s, ill, x[2][RUNS], bias = 0, mean = 0;
  double want = sir_loglik(8, sir_tests, 0.9, 0.3, 0.6, p);
  sir_mean(p, &s, &ill);
  for (int i = 0; i < RUNS; i++) {
    gm_twin_options o = {.t_now = 8, .members = 1000, .seed = 30 + (uint64_t)i};
    case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
    x[0][i] = c.t->posterior->log_evidence;
    static const double time[1] = {8};
    gm_forecast_request q = {.time = time, .time_count = 1};
    gm_forecast *f = NULL;
    case_must(gm_forecast_make(ctx, c.t, &q, &f), "forecast");
    x[1][i] = f->mean[0];
    /* a binomial count's variance, 0.6 * 0.4 of the number there is */
    case_near(f->var_measurement[0], 0.24 * f->mean[0], 1e-9 * f->mean[0], "noise of a count");
    mean += x[0][i] / RUNS;
    gm_forecast_free(f);
    gm_twin_free(c.t);
    c.t = NULL;
  }
  for (int i = 0; i < RUNS; i++) bias += 0.5 * pow(x[0][i] - mean, 2) / (RUNS - 1);
  near_mean(x[0], want - bias, "log likelihood of tests");
  near_mean(x[1], ill, "ill now");
  case_close(&c);
}

/* Poisson counts about a constant c = 10 exp(eta), eta ~ N(0, 0.5^2): the mode solves
 * sum y - n 10 exp(eta) - eta/0.25 = 0 (bisection here). Negative binomial likewise with its slope.
 */
static void counts__are_fitted_at_the_mode(void **state)
{
  (void)state;
  static const double y[4] = {14, 9, 17, 21};
  for (int negative = 0; negative < 2; negative++) {
    twin_case c = subject_of(
        definition("model.ant", "time has \"d\"\nx = 0; x' = 0\nc = 10; c has \"1\"\n",
                   negative ? "observables:\n  n: {is: c, unit: \"1\", error: {counts: "
                              "negative-binomial, size: 5}}\n"
                              "parameters:\n  c: {typical: 10, unit: \"1\", between-subjects: "
                              "{lognormal: 0.5}}\n"
                            : "observables:\n  n: {is: c, unit: \"1\", error: {counts: poisson}}\n"
                              "parameters:\n  c: {typical: 10, unit: \"1\", between-subjects: "
                              "{lognormal: 0.5}}\n"),
        "ID,TIME,DV\n1,1,14\n1,2,9\n1,3,17\n1,4,21\n");
    gm_twin_options o = {.t_now = NAN, .members = 200, .seed = 1};
    case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
    double low = -3, high = 3;
    for (int i = 0; i < 100; i++) {
      double eta = 0.5 * (low + high), m = 10 * exp(eta), slope = -eta / 0.25;
      for (int k = 0; k < 4; k++) slope += (y[k] - m) / (negative ? 1 + m / 5 : 1);
      if (slope > 0)
        low = eta;
      else
        high = eta;
    }
    case_near(c.t->mode->z[0], low, 1e-6, "mode of counts");
    case_close(&c);
  }
}

/* ---- a model without chance, followed in time -------------------------------------------------
 */
/* A constant c = 2 + eta, eta ~ N(0, 1), measured with sd 1: after k data the belief is normal with
 * mean 2 + sum (y - 2)/(k + 1) and variance 1/(k + 1), so the innovation of datum k + 1 has mean
 * that and variance 1 + 1/(k + 1), and the evidence is the product of these densities. */
static void follow__gives_innovations_and_evidence(void **state)
{
  (void)state;
  static const double y[4] = {3.1, 1.9, 2.7, 3.4};
  twin_case c = subject_of(
      definition("model.ant", "time has \"d\"\nx = 0; x' = 0\nc = 2; c has \"1\"\n",
                 "observables: {y: {is: c, unit: \"1\", error: {additive: 1}}}\n"
                 "parameters: {c: {typical: 2, unit: \"1\", between-subjects: {normal: 1}}}\n"),
      "ID,TIME,DV\n1,1,3.1\n1,2,1.9\n1,3,2.7\n1,4,3.4\n");
  double score[4][RUNS], evidence[RUNS], mean[RUNS], bias = 0, average = 0, want = 0, sum = 0;
  for (int i = 0; i < RUNS; i++) {
    gm_twin_options o = {.t_now = NAN, .members = 1000, .seed = 70 + (uint64_t)i, .follow = true};
    case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
    assert_null(c.t->mode);
    assert_null(c.t->lineage);
    evidence[i] = c.t->posterior->log_evidence;
    average += evidence[i] / RUNS;
    mean[i] = 0;
    for (int32_t m = 0; m < 1000; m++)
      mean[i] += c.t->posterior->weight[m] * (2 + c.t->posterior->z[m]);
    for (int k = 0; k < 4; k++) score[k][i] = c.t->residual[k];
    gm_twin_free(c.t);
    c.t = NULL;
  }
  for (int k = 0; k < 4; k++) {
    double at = 2 + sum / (k + 1), var = 1 + 1.0 / (k + 1), r = y[k] - at;
    near_mean(score[k], r / sqrt(var), "innovation");
    want += -0.5 * r * r / var - 0.5 * log(2 * acos(-1) * var);
    sum += y[k] - 2;
  }
  for (int i = 0; i < RUNS; i++) bias += 0.5 * pow(evidence[i] - average, 2) / (RUNS - 1);
  near_mean(evidence, want - bias, "log evidence");
  near_mean(mean, 2 + sum / 5, "mean");
  case_close(&c);
}

/* ---- shares of variance ---------------------------------------------------------------------- */
/* 100 cells that die at rate k: the chance to come has variance 100 E[p (1 - p)], p = exp(-k t);
 * what is not known of k brings the rest, and a regression on its effect finds most of it. */
static void forecast__tells_chance_from_parameters(void **state)
{
  (void)state;
  twin_case c = subject_of(
      definition(
          "model.ant",
          "time has \"d\"\nspecies A\nA = 100\nk = 0.5\nk has \"1/d\"\ndie: A => ; k*A\n",
          "kind: jump\nobservables:\n  cells: {is: A, unit: \"1\", error: {additive: 1}}\n"
          "parameters:\n  k: {typical: 0.5, unit: 1/d, between-subjects: {lognormal: 0.2}}\n"),
      "ID,TIME,EVID,DVID,DV\n1,0,2,cells,.\n");
  gm_twin_options o = {.t_now = 0, .members = 20000, .seed = 5};
  case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
  assert_int_equal(GM_HEALTH_WARMING, c.t->health);
  static const double time[1] = {2};
  gm_forecast_request q = {.time = time, .time_count = 1};
  gm_forecast *f = NULL;
  case_must(gm_forecast_make(ctx, c.t, &q, &f), "forecast");
  double mean = 0, square = 0, chance = 0, total = 0;
  for (int i = -40; i <= 40; i++) {
    double u = 0.2 * i, w = exp(-0.5 * u * u), p = exp(-0.5 * exp(0.2 * u) * 2);
    total += w;
    mean += w * p;
    square += w * p * p;
    chance += w * 100 * p * (1 - p);
  }
  mean /= total;
  chance /= total;
  double parameter = 1e4 * (square / total - mean * mean);
  /* errors: of a variance of n draws, sqrt(2/n) = 1 %; 4 of them */
  case_near(f->mean[0], 100 * mean, 4 * sqrt((chance + parameter) / 20000), "mean");
  case_near(f->var_intrinsic[0], chance, 0.04 * chance, "chance");
  case_near(f->var_parameter[0] + f->var_state[0], parameter, 0.06 * parameter, "parameters");
  assert_true(f->var_parameter[0] > 0.9 * parameter);
  gm_forecast_free(f);
  case_close(&c);
}

/* A ward of so many beds that nobody waits: arrivals at 10/d, stays of 3 days on average. The
 * number there is Poisson with mean 30 (1 - exp(-t/3)) (M/M/inf from empty). */
static void queue__is_a_twin_too(void **state)
{
  (void)state;
  twin_case c = subject_of(
      definition("model.yaml",
                 "queue: ward\ntime: d\nparameters:\n  stay: {value: 9, unit: d}\n"
                 "streams:\n  all: {to: beds, rate: 10}\n"
                 "stations:\n  beds: {servers: 1000, service: {exponential: stay}}\n"
                 "outputs:\n  there: beds\n",
                 "observables:\n  census: {is: there, unit: \"1\", error: {additive: 1}}\n"
                 "parameters:\n  stay: {typical: 3, unit: d, fixed: true}\n"),
      "ID,TIME,EVID,DVID,DV\n1,0,2,census,.\n");
  gm_twin_options o = {.t_now = 0, .members = 4000, .seed = 5};
  case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
  static const double time[2] = {1, 6};
  gm_forecast_request q = {.time = time, .time_count = 2};
  gm_forecast *f = NULL;
  case_must(gm_forecast_make(ctx, c.t, &q, &f), "forecast");
  for (int i = 0; i < 2; i++) {
    double mean = 30 * (1 - exp(-time[i] / 3));
    case_near(f->mean[i], mean, 4 * sqrt(mean / 4000), "mean of the census");
    /* a variance of n Poisson draws errs by sqrt((2 + 1/mean)/n) of itself, 2.3 % */
    case_near(f->var_intrinsic[i], mean, 0.1 * mean, "chance in the census");
    case_near(f->var_parameter[i], 0, 0, "nothing is unknown");
  }
  gm_forecast_free(f);
  case_close(&c);
}

/* ---- health, plans, threads ------------------------------------------------------------------ */
/* An epidemic that the model cannot make: the twin says that it has lost it. */
static void health__lost_when_data_are_another_law(void **state)
{
  (void)state;
  twin_case c = epidemic(false);
  gm_records_free(c.r);
  gm_subject_free(c.s);
  c.r = case_records("ID,TIME,EVID,DVID,DV\n1,0,2,cases,.\n1,1,0,cases,30\n1,2,0,cases,2\n"
                     "1,3,0,cases,35\n1,4,0,cases,1\n1,5,0,cases,33\n");
  case_must(gm_subject_new(ctx, c.d, c.r, 0, &c.s), "subject");
  gm_twin_options o = {.t_now = NAN, .members = 500, .seed = 1};
  case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
  assert_int_equal(GM_HEALTH_LOST, c.t->health);
  case_close(&c);
}

/* Members, weights, slots and forecasts are the same bytes with 1, 2 and 4 workers. */
static void threads__change_nothing(void **state)
{
  (void)state;
  gm_members *first = NULL;
  static const double time[3] = {1, 8, 12};
  double mean[3];
  twin_case one = epidemic(false);
  for (int workers = 1; workers <= 4; workers *= 2) {
    twin_case c = epidemic(false);
    gm_pool *pool = NULL;
    case_must(gm_pool_new(ctx, workers, &pool), "pool");
    gm_twin_options o = {.t_now = 8, .members = 300, .seed = 3, .pool = pool};
    case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
    gm_forecast_request q = {.time = time, .time_count = 3};
    gm_forecast *f = NULL;
    case_must(gm_forecast_make(ctx, c.t, &q, &f), "forecast");
    if (workers == 1) {
      memcpy(mean, f->mean, sizeof mean);
      first = c.t->posterior;
      c.t->posterior = NULL;
    } else {
      assert_memory_equal(first->z, c.t->posterior->z, 300 * 2 * sizeof(double));
      assert_memory_equal(first->weight, c.t->posterior->weight, 300 * sizeof(double));
      assert_memory_equal(mean, f->mean, sizeof mean);
    }
    gm_forecast_free(f);
    case_close(&c);
    gm_pool_free(pool);
  }
  gm_members_free(first);
  case_close(&one);
}

/* A plan that does nothing is, draw for draw, the plan "nothing": all members gain 0. One that
 * brings in ill people makes the outbreak worse for all but a few. */
static void plans__share_their_draws(void **state)
{
  (void)state;
  char twin[2000];
  snprintf(twin, sizeof twin, "%s%s%s", JUMP_TWIN, PARAMETERS,
           "inputs: {visitors: {into: I, unit: \"1\"}}\n"
           "targets: {cases: {high: 10}}\nactions: {visitors: {doses: [0, 5], every: [24 h]}}\n");
  twin_case c = subject_of(definition("model.ant", JUMP_MODEL, twin), DATA_CSV);
  gm_twin_options o = {.t_now = 8, .members = 500, .seed = 3};
  case_must(gm_twin_new(ctx, c.d, c.s, &o, &c.t), "twin");
  gm_plan plan[2];
  gm_comparison *k = NULL;
  case_must(gm_plan_repeat(ctx, c.t, 0, 0, 1, 8, 18, &plan[0]), "plan");
  case_must(gm_plan_repeat(ctx, c.t, 0, 5, 1, 8, 18, &plan[1]), "plan");
  case_must(gm_compare(ctx, c.t, plan, 2, 18, NULL, &k), "comparison");
  int32_t seen = 0;
  for (int32_t i = 0; i < k->plan_count; i++) {
    const gm_plan_result *r = &k->result[i];
    seen += k->plan[i].dose > 0;
    if (k->plan[i].dose > 0) {
      assert_true(r->gain.high < 0);
      assert_true(r->distinguishable);
    } else {
      case_near(r->gain.low, 0, 0, "gain of nothing");
      case_near(r->gain.high, 0, 0, "gain of nothing");
      case_near(r->better, 0.5, 0, "ties");
    }
  }
  assert_int_equal(1, seen);
  gm_comparison_free(k);
  gm_plan_free(&plan[0]);
  gm_plan_free(&plan[1]);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(belief__is_the_exact_posterior),
      cmocka_unit_test(counts__have_the_exact_likelihood),
      cmocka_unit_test(counts__are_fitted_at_the_mode),
      cmocka_unit_test(follow__gives_innovations_and_evidence),
      cmocka_unit_test(forecast__tells_chance_from_parameters),
      cmocka_unit_test(queue__is_a_twin_too),
      cmocka_unit_test(health__lost_when_data_are_another_law),
      cmocka_unit_test(threads__change_nothing),
      cmocka_unit_test(plans__share_their_draws),
  };
  return cmocka_run_group_tests_name("chance", tests, case_begin, case_end);
}
