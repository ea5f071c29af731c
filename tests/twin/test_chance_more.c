/* Twins of models that move by chance, against the exact law of people who come at rate kin and go
 * at rate mu each (immigration and death): posterior, evidence and its error, history, records of
 * one time, calibration over simulated subjects, long streams.
 * label: full */
#include "twin/twin_case.h"

enum { COUNTS = 91, GRID = 15, DATA_MAX = 40 };

static const char MODEL[] = "time has \"d\"\nspecies A\nA = 10\nkin = 10; mu = 1\n"
                            "kin has \"1/d\"; mu has \"1/d\"\nenter: => A; kin\n"
                            "leave: A => ; mu*A\n";
static const char OBSERVED[] = "kind: jump\nobservables:\n"
                               "  n: {is: A, unit: \"1\", error: {additive: 1.5}}\n";
static const char UNKNOWN[] =
    "parameters:\n"
    "  kin: {typical: 10, unit: 1/d, between-subjects: {lognormal: 0.5}}\n"
    "  mu: {typical: 1, unit: 1/d, between-subjects: {lognormal: 0.4}}\n";
static const char KNOWN[] = "parameters:\n  kin: {typical: 10, unit: 1/d, fixed: true}\n"
                            "  mu: {typical: 1, unit: 1/d, fixed: true}\n";
static const double noise = 1.5, sd_kin = 0.5, sd_mu = 0.4;

/* ---- simulated subjects ---------------------------------------------------------------------- */
static uint64_t state_random = 88172645463325252u;

/* Marsaglia's xorshift, so that nothing is shared with the draws under test. */
static double uniform(void)
{
  state_random ^= state_random << 13;
  state_random ^= state_random >> 7;
  state_random ^= state_random << 17;
  return ((double)(state_random >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void) { return sqrt(-2 * log(uniform())) * cos(2 * acos(-1) * uniform()); }

static int walk(int a, double kin, double mu, double days)
{
  for (;;) {
    double rate = kin + mu * a;
    days += log(uniform()) / rate;
    if (days < 0) return a;
    a += uniform() * rate < kin ? 1 : -1;
  }
}

typedef struct {
  int32_t count;
  double step, value[DATA_MAX], eta[2];
  int now; /* how many are there at the last datum */
} subject_data;

static subject_data simulate(int32_t count, double step)
{
  subject_data s = {.count = count, .step = step, .now = 10};
  s.eta[0] = sd_kin * normal();
  s.eta[1] = sd_mu * normal();
  for (int32_t k = 0; k < count; k++) {
    s.now = walk(s.now, 10 * exp(s.eta[0]), exp(s.eta[1]), step);
    s.value[k] = s.now + noise * normal();
  }
  return s;
}

static void take(twin_case *c, const subject_data *s)
{
  char csv[4000];
  int n = snprintf(csv, sizeof csv, "ID,TIME,EVID,DVID,DV\n1,0,2,n,.\n");
  for (int32_t k = 0; k < s->count; k++)
    n += snprintf(csv + n, sizeof csv - (size_t)n, "1,%.17g,0,n,%.17g\n", s->step * (k + 1),
                  s->value[k]);
  gm_twin_free(c->t);
  gm_subject_free(c->s);
  gm_records_free(c->r);
  c->t = NULL;
  c->r = case_records(csv);
  case_must(gm_subject_new(ctx, c->d, c->r, 0, &c->s), "subject");
}

static twin_case definition_of(const char *parameters)
{
  char twin[2000];
  snprintf(twin, sizeof twin, "%s%s", OBSERVED, parameters);
  return (twin_case){.d = case_definition(MODEL, twin)};
}

static void learn(twin_case *c, double t_now, int32_t members, uint64_t seed)
{
  gm_twin_options o = {.t_now = t_now, .members = members, .seed = seed};
  gm_twin_free(c->t);
  c->t = NULL;
  case_must(gm_twin_new(ctx, c->d, c->s, &o, &c->t), "twin");
}

static gm_forecast *forecast(const twin_case *c, const double *time, int32_t count)
{
  gm_forecast_request q = {.time = time, .time_count = count};
  gm_forecast *f = NULL;
  case_must(gm_forecast_make(ctx, c->t, &q, &f), "forecast");
  return f;
}

/* ---- exact ----------------------------------------------------------------------------------- */
static double binomial(int n, int k, double p)
{
  return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
             (n - k) * log1p(-p));
}

/* Of a people each stays with exp(-mu t), and those who came are Poisson. */
static void transition(double kin, double mu, double t, double to[COUNTS][COUNTS])
{
  double stay = exp(-mu * t), mean = kin / mu * (1 - stay), come[COUNTS];
  for (int k = 0; k < COUNTS; k++) come[k] = exp(k * log(mean) - mean - lgamma(k + 1.0));
  for (int a = 0; a < COUNTS; a++) {
    memset(to[a], 0, sizeof to[a]);
    for (int k = 0; k <= a; k++) {
      double b = binomial(a, k, stay);
      for (int j = k; j < COUNTS; j++) to[a][j] += b * come[j - k];
    }
  }
}

/* ln p(data) for given parameters; p[COUNTS]: the law at the last datum. */
static double filter(const subject_data *s, double kin, double mu, double *p)
{
  static double to[COUNTS][COUNTS];
  double ll = 0;
  transition(kin, mu, s->step, to);
  memset(p, 0, COUNTS * sizeof *p);
  p[10] = 1;
  for (int32_t k = 0; k < s->count; k++) {
    double q[COUNTS] = {0}, total = 0;
    for (int a = 0; a < COUNTS; a++)
      for (int b = 0; p[a] > 0 && b < COUNTS; b++) q[b] += p[a] * to[a][b];
    for (int b = 0; b < COUNTS; b++) {
      double x = (s->value[k] - b) / noise;
      q[b] *= exp(-0.5 * x * x) / (noise * sqrt(2 * acos(-1)));
      total += q[b];
    }
    for (int b = 0; b < COUNTS; b++) p[b] = q[b] / total;
    ll += log(total);
  }
  return ll;
}

typedef struct {
  double log_evidence, eta[2], variance[2];
} answers;

/* Trapezoidal rule over both effects, spectrally accurate on normal tails. */
static answers exact(const subject_data *s)
{
  answers a = {0};
  double p[COUNTS], total = 0, second[2] = {0};
  for (int i = 0; i < GRID; i++)
    for (int j = 0; j < GRID; j++) {
      double u[2] = {0.5 * (i - GRID / 2), 0.5 * (j - GRID / 2)};
      double e[2] = {sd_kin * u[0], sd_mu * u[1]};
      double ll = filter(s, 10 * exp(e[0]), exp(e[1]), p);
      if (!isfinite(ll)) continue;
      double w = exp(ll - 0.5 * (u[0] * u[0] + u[1] * u[1])) * 0.25 / (2 * acos(-1));
      total += w;
      for (int k = 0; k < 2; k++) {
        a.eta[k] += w * e[k];
        second[k] += w * e[k] * e[k];
      }
    }
  a.log_evidence = log(total);
  for (int k = 0; k < 2; k++) {
    a.eta[k] /= total;
    a.variance[k] = second[k] / total - a.eta[k] * a.eta[k];
  }
  return a;
}

static double eta_mean(const gm_twin *t, int k)
{
  double sum = 0;
  for (int32_t m = 0; m < t->posterior->n; m++)
    sum += t->posterior->weight[m] * t->posterior->z[2 * m + k];
  return sum;
}

/* ---- cases ----------------------------------------------------------------------------------- */
/* Without unknowns the twin is a particle filter: evidence, the present, and the chance to come are
 * those of the exact filter. Errors: of a mean of n draws, by the effective size of the weights. */
static void filter__is_exact_without_unknowns(void **state)
{
  (void)state;
  twin_case c = definition_of(KNOWN);
  subject_data s = {.count = 3, .step = 1, .value = {9, 12, 8}};
  double p[COUNTS], ll = filter(&s, 10, 1, p), mean = 0, square = 0, q = exp(-0.5);
  for (int a = 0; a < COUNTS; a++) mean += a * p[a];
  for (int a = 0; a < COUNTS; a++) square += (a - mean) * (a - mean) * p[a];
  take(&c, &s);
  learn(&c, 3, 8000, 11);
  const gm_members *m = c.t->posterior;
  case_near(m->log_evidence, ll, 5 * m->log_evidence_sd, "evidence");
  assert_true(m->log_evidence_sd > 0.005 && m->log_evidence_sd < 0.05);
  static const double time[2] = {3, 3.5};
  gm_forecast *f = forecast(&c, time, 2);
  double chance = mean * q * (1 - q) + 10 * (1 - q), later = mean * q + 10 * (1 - q);
  case_near(f->mean[0], mean, 5 * sqrt(square / m->ess), "the present");
  case_near(f->mean[1], later, 5 * sqrt((square + chance) / m->ess), "half a day later");
  case_near(f->var_intrinsic[1], chance, 5 * chance * sqrt(2 / m->ess), "chance to come");
  case_near(f->var_state[1], q * q * square, 5 * (chance + square) * sqrt(2 / m->ess), "state");
  case_near(f->var_intrinsic[0], 0, 0, "no chance lies before now");
  gm_forecast_free(f);
  case_close(&c);
}

/* Asked for the past, between data and at them, a twin shows the paths that it learned. */
static void history__is_what_was_learned(void **state)
{
  (void)state;
  twin_case c = definition_of(UNKNOWN);
  subject_data s = {.count = 4, .step = 1, .value = {9, 14, 18, 15}};
  take(&c, &s);
  learn(&c, 4, 300, 3);
  const gm_members *m = c.t->posterior;
  assert_true(c.t->lineage->renewal_count > 0);
  double time[21];
  for (int i = 0; i <= 20; i++) time[i] = 0.25 * i;
  gm_forecast *f = forecast(&c, time, 21);
  for (int32_t i = 0; i < m->n; i++)
    for (int k = 0; k < 4; k++)
      case_near(f->member[(ptrdiff_t)i * 21 + 4 * (k + 1)], m->f[(ptrdiff_t)i * 4 + k], 0,
                "a member at a datum");
  for (int i = 0; i <= 20; i++)
    assert_true(i <= 16 ? f->var_intrinsic[i] == 0 : f->var_intrinsic[i] > 0);
  gm_forecast_free(f);
  case_close(&c);
}

/* Doses, data and a change of a covariate at one time, between data that are learned: each datum
 * sees what stands above it in the table. A dose of 5 is 5 more for every member. */
static void records__of_one_time_keep_their_order(void **state)
{
  (void)state;
  char twin[2000];
  snprintf(twin, sizeof twin,
           "%sinputs: {in: {into: A, unit: \"1\"}}\nsubject: {WT: {unit: kg}}\n%s", OBSERVED,
           "parameters:\n  kin: {typical: 10, unit: 1/d, between-subjects: {lognormal: 0.5}, "
           "covariate: WT/70}\n  mu: {typical: 1, unit: 1/d, fixed: true}\n");
  twin_case c = case_subject(MODEL, twin,
                             "ID,TIME,EVID,DVID,DV,INPUT,AMT,WT\n1,0,2,n,.,.,.,70\n"
                             "1,1,0,n,9,.,.,70\n1,2,1,n,.,in,20,80\n1,2,0,n,29,.,.,80\n"
                             "1,2,1,n,.,in,5,90\n1,2,0,n,35,.,.,90\n1,3,0,n,24,.,.,90\n");
  learn(&c, 3, 400, 5);
  const gm_members *m = c.t->posterior;
  assert_true(m->stages > 0);
  double before = 0, after = 0, later = 0;
  for (int32_t i = 0; i < m->n; i++) {
    const double *f = m->f + (ptrdiff_t)i * 4;
    case_near(f[2] - f[1], 5, 0, "a dose of 5");
    before += m->weight[i] * f[0];
    after += m->weight[i] * f[1];
    later += m->weight[i] * f[3];
  }
  assert_true(before < 14 && after > 24 && later < after);
  case_close(&c);
}

/* Over simulated subjects whose law is the twin's, truth lies in the central 90 % of the belief as
 * often as that says, the twin is hardly ever lost, and the square of the evidence's error is what
 * the twin says it is. 60 subjects: a share of 0.9 errs by 0.04; 400 members lower it a little. */
static void simulated_subjects__are_covered(void **state)
{
  (void)state;
  enum { SUBJECTS = 60, EXACT = 12 };
  twin_case c = definition_of(UNKNOWN);
  int covered[3] = {0}, lost = 0;
  double error = 0, said = 0;
  for (int k = 0; k < SUBJECTS; k++) {
    subject_data s = simulate(4, 1);
    int later = walk(s.now, 10 * exp(s.eta[0]), exp(s.eta[1]), 2);
    take(&c, &s);
    learn(&c, 4, 400, 1000 + (uint64_t)k);
    const gm_members *m = c.t->posterior;
    double below[3] = {0}, time = 6;
    gm_forecast *f = forecast(&c, &time, 1);
    for (int32_t i = 0; i < m->n; i++) {
      for (int e = 0; e < 2; e++) below[e] += m->weight[i] * (m->z[2 * i + e] < s.eta[e]);
      below[2] += f->weight[i] * ((f->member[i] < later) + 0.5 * (f->member[i] == later));
    }
    gm_forecast_free(f);
    for (int e = 0; e < 3; e++) covered[e] += below[e] >= 0.05 && below[e] <= 0.95;
    lost += c.t->health == GM_HEALTH_LOST;
    if (k >= EXACT) continue;
    double d = m->log_evidence - exact(&s).log_evidence;
    error += d * d / EXACT;
    said += m->log_evidence_sd * m->log_evidence_sd / EXACT;
  }
  printf("  90 %% hold %d, %d, %d of %d; lost %d; evidence errs by %.3f, said %.3f\n", covered[0],
         covered[1], covered[2], SUBJECTS, lost, sqrt(error), sqrt(said));
  for (int e = 0; e < 3; e++) assert_true(covered[e] >= 45 && covered[e] <= SUBJECTS);
  assert_true(lost <= 1);
  assert_true(error < 4 * said && said < 4 * error);
  case_close(&c);
}

/* A long stream wears the parameters' members out: the twin says so (few effective members, health
 * uncertain, a large error of the evidence), and what it says is good for the errors it makes. */
static void long_stream__is_not_passed_off_as_good(void **state)
{
  (void)state;
  twin_case c = definition_of(UNKNOWN);
  subject_data s = simulate(DATA_MAX, 0.5);
  answers want = exact(&s);
  take(&c, &s);
  learn(&c, 20, 200, 3);
  const gm_members *m = c.t->posterior;
  printf("  ess %.1f of %d; effects %.3f %.3f (%.3f %.3f); evidence %.2f +- %.2f (%.2f)\n", m->ess,
         m->n, eta_mean(c.t, 0), eta_mean(c.t, 1), want.eta[0], want.eta[1], m->log_evidence,
         m->log_evidence_sd, want.log_evidence);
  assert_true(m->ess < 20);
  assert_int_equal(GM_HEALTH_UNCERTAIN, c.t->health);
  for (int k = 0; k < 2; k++)
    case_near(eta_mean(c.t, k), want.eta[k], 4 * sqrt(want.variance[k] / m->ess), "effect");
  case_near(m->log_evidence, want.log_evidence, 4 * m->log_evidence_sd, "evidence");
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(filter__is_exact_without_unknowns),
      cmocka_unit_test(history__is_what_was_learned),
      cmocka_unit_test(records__of_one_time_keep_their_order),
      cmocka_unit_test(simulated_subjects__are_covered),
      cmocka_unit_test(long_stream__is_not_passed_off_as_good),
  };
  return cmocka_run_group_tests_name("chance more", tests, case_begin, case_end);
}
