/* What a measurement is worth to a choice between plans, where the answer is known; and what a
 * comparison keeps that was stopped.
 * An unknown c ~ N(0, 1), read with error sd s. "nothing" meets its target where c > 0, the other
 * plan where c < 0, so that the best of them after the reading has P(c of the sign of its mean m)
 * = Phi(|m|/sqrt(v)), v = s^2/(1 + s^2), m ~ N(0, 1 - v). P(|Z| < |M|) of two normal variables is
 * 2/pi arctan of the ratio of their sd, so the reading is worth arctan(1/s)/pi: 1/4 for s = 1, 1/2
 * for none. k readings: s/sqrt(k). */
#include "twin_case.h"
#include "support/fault.h"

enum { N = 20000 };
static const double pi = 3.14159265358979323846;
static const char MODEL[] =
    "time has \"h\"\n"
    "x = 0; x' = 0; x has \"1\"; c = 1; c has \"1\"; k = 0.5; k has \"/h\"\n"
    "u := c*(1 - 2*x); w := c*exp(-k*time); high := c + 10\n"
    "u has \"1\"; w has \"1\"; high has \"1\"\n";
#define INPUTS  "inputs: {turn: {into: x, unit: \"1\"}}\n"
#define UNKNOWN "parameters: {c: {typical: 0, unit: \"1\", between-subjects: {normal: 1}}}\n"
#define OBSERVED                                                                                   \
  "observables:\n"                                                                                 \
  "  u: {is: u, unit: \"1\", error: {additive: 1}}\n"                                              \
  "  fine: {is: c, unit: \"1\", error: {additive: 0.5}}\n"                                         \
  "  rough: {is: c, unit: \"1\", error: {additive: 2}}\n"                                          \
  "  fading: {is: w, unit: \"1\", error: {additive: 1}}\n"                                         \
  "  sign: {is: high, unit: \"1\", error: {additive: 1}, loq: 10}\n"                               \
  "  blind: {is: c, unit: \"1\", error: {additive: 1}, loq: 1000}\n"                               \
  "  never: {is: c, unit: \"1\", error: none}\n"
#define TARGET  "targets: {u: {low: 0, of: trough}}\n"
#define ACTIONS "actions: {turn: {doses: [0.25, 0.5, 0.75, 1], every: [1000 h]}}\n"
static const char YAML[] = INPUTS UNKNOWN OBSERVED TARGET ACTIONS;
static const char CSV_NONE[] = "ID,TIME,EVID,AMT\n1,0,2,.\n";
static const gm_twin_options NOW0 = {.t_now = 0, .members = N, .seed = 3};

/* The belief, and a comparison of "nothing" with the dose that turns the sign at time 2. */
static gm_comparison *turned(const twin_case *c)
{
  gm_comparison *q = NULL;
  gm_event dose = {.t = 2, .amount = 1, .kind = GM_EVENT_DOSE};
  char name[] = "turn";
  gm_plan p = {.name = name, .event = &dose, .event_count = 1, .action = -1};
  dose.port = c->d->input[0].port;
  case_must(gm_compare(ctx, c->t, &p, 1, c->t->t_now + 10, NULL, &q), "comparison");
  return q;
}

static gm_worth worth(const twin_case *c, const gm_comparison *q, const gm_measure *m,
                      int32_t count)
{
  gm_worth w = {0};
  case_must(gm_comparison_worth(ctx, c->t, q, m, count, &w), "worth");
  assert_true(w.value >= 0 && w.error >= 0 && w.value <= w.perfect + 4 * w.error);
  return w;
}

static void worth_near(gm_worth w, double want, const char *what)
{
  assert_true(w.error > 0 && w.error < 0.01);
  case_near(w.value, want, 4 * w.error, what);
}

/* Errors of sd 1/2, 1, 2: arctan(1/s)/pi. Knowing all is worth 1/2. */
static void worth__is_the_closed_form(void **state)
{
  (void)state;
  static const char *const name[] = {"fine", "u", "rough"};
  static const double sd[] = {0.5, 1, 2};
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &NOW0);
  gm_comparison *q = turned(&c);
  for (int i = 0; i < 3; i++) {
    gm_measure m = {gm_definition_observable(c.d, name[i]), 0};
    gm_worth w = worth(&c, q, &m, 1);
    worth_near(w, atan(1 / sd[i]) / pi, name[i]);
    case_near(w.perfect, 0.5, 0.02, "perfect information");
  }
  gm_comparison_free(q);
  case_close(&c);
}

/* Three readings have errors of their own: as one of sd s/sqrt(3). In any order of time. */
static void worth__of_several_readings(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &NOW0);
  gm_comparison *q = turned(&c);
  int32_t u = gm_definition_observable(c.d, "u");
  gm_measure m[] = {{u, 1}, {u, 0}, {u, 0.5}};
  worth_near(worth(&c, q, m, 3), atan(sqrt(3)) / pi, "three readings");
  gm_comparison_free(q);
  case_close(&c);
}

/* A reading taken later, under "as it is": c exp(-t/2) with sd 1 is c with sd exp(t/2). */
static void worth__of_a_later_reading(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &NOW0);
  gm_comparison *q = turned(&c);
  gm_measure m = {gm_definition_observable(c.d, "fading"), 1.5};
  worth_near(worth(&c, q, &m, 1), atan(exp(-0.75)) / pi, "later reading");
  gm_comparison_free(q);
  case_close(&c);
}

/* After one datum of 0 with sd 1 the belief is N(0, 1/2): arctan(sqrt(1/2))/pi. */
static void worth__of_the_next_reading(void **state)
{
  (void)state;
  gm_twin_options o = NOW0;
  o.t_now = 1;
  twin_case c = case_twin(MODEL, YAML, "ID,TIME,EVID,AMT,DV,DVID\n1,0,2,.,.,.\n1,1,0,.,0,u\n", &o);
  gm_comparison *q = turned(&c);
  gm_measure m = {gm_definition_observable(c.d, "u"), 1};
  worth_near(worth(&c, q, &m, 1), atan(sqrt(0.5)) / pi, "next reading");
  gm_comparison_free(q);
  case_close(&c);
}

/* With its limit of quantification at 10, where c is 0, a reading below it says no more than that;
 * here the sign is all that the choice needs, and it is that of c with chance 1/2 +
 * arcsin(1/sqrt(2))/pi = 3/4. What is the same for all members is worth exactly nothing. */
static void worth__below_the_limit_and_nothing(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &NOW0);
  gm_comparison *q = turned(&c);
  gm_measure m = {gm_definition_observable(c.d, "sign"), 0};
  worth_near(worth(&c, q, &m, 1), 0.25, "a reading with a limit");
  m.observable = gm_definition_observable(c.d, "blind");
  gm_worth w = worth(&c, q, &m, 1);
  assert_true(w.value == 0 && w.error == 0);
  gm_comparison_free(q);
  case_close(&c);
}

static void worth__refusals(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &(gm_twin_options){.t_now = 0, .members = 10});
  gm_comparison *q = turned(&c);
  gm_worth w;
  gm_measure m[7] = {{0, 0}};
  assert_int_equal(GM_ERANGE, gm_comparison_worth(ctx, c.t, q, m, 0, &w));
  assert_int_equal(GM_ERANGE, gm_comparison_worth(ctx, c.t, q, m, 7, &w));
  assert_int_equal(GM_ERANGE, gm_comparison_worth(ctx, c.t, q, m, 1, &w)); /* 10 members */
  m[0].observable = 99;
  assert_int_equal(GM_ERANGE, gm_comparison_worth(ctx, c.t, q, m, 1, &w));
  m[0].observable = gm_definition_observable(c.d, "never");
  assert_int_equal(GM_EINVAL, gm_comparison_worth(ctx, c.t, q, m, 1, &w));
  const double t[] = {-1, 11, NAN};
  for (int i = 0; i < 3; i++) {
    m[0] = (gm_measure){0, t[i]};
    assert_int_equal(GM_EDOMAIN, gm_comparison_worth(ctx, c.t, q, m, 1, &w));
  }
  gm_comparison_free(q);
  case_close(&c);
}

/* ---- stopped --------------------------------------------------------------------------------- */
static bool stop_after(void *user)
{
  int *left = user;
  return (*left)-- <= 0;
}

/* Stopped before the n-th plan: from the third on the plans before it are kept, and have the bytes
 * of a comparison that was never stopped. */
static void compare__stopped_keeps_what_is_done(void **state)
{
  (void)state;
  twin_case c =
      case_twin(MODEL, YAML, CSV_NONE, &(gm_twin_options){.t_now = 0, .members = 300, .seed = 3});
  gm_proposal *whole = NULL;
  case_must(gm_propose(ctx, c.t, 10, NULL, &whole), "proposal");
  assert_int_equal(6, whole->comparison->plan_count);
  assert_int_equal(6, whole->comparison->asked);
  for (int n = 0; n < 6; n++) {
    int left = n;
    gm_watch watch = {.stop = stop_after, .user = &left};
    gm_proposal *p = NULL;
    gm_status s = gm_propose(ctx, c.t, 10, &watch, &p);
    assert_int_equal(n < 3 ? GM_ECANCELLED : GM_OK, s);
    if (s) continue;
    assert_int_equal(n, p->comparison->plan_count);
    assert_int_equal(6, p->comparison->asked);
    assert_int_equal(n - 2, p->candidate_count);
    assert_string_equal("the search was stopped", p->withheld);
    for (int32_t i = 0; i < n; i++) {
      const gm_plan_result *a = &p->comparison->result[i], *b = &whole->comparison->result[i];
      assert_string_equal(p->comparison->plan[i].name, whole->comparison->plan[i].name);
      assert_true(a->utility.mean == b->utility.mean && a->gain.mean == b->gain.mean);
    }
    gm_proposal_free(p);
  }
  gm_proposal_free(whole);
  case_close(&c);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status worth_trial(gm_ctx *c, void *user)
{
  const twin_case *k = user;
  gm_comparison *q = NULL;
  gm_worth w;
  const gm_measure m[] = {{0, 0}, {1, 1}};
  gm_status s = gm_compare(c, k->t, NULL, 0, 10, NULL, &q);
  if (!s) s = gm_comparison_worth(c, k->t, q, m, 2, &w);
  gm_comparison_free(q);
  return s;
}

/* Every allocation of a comparison and a worth may fail: told, and nothing is left. */
static void memory__running_out_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL, YAML, CSV_NONE, &(gm_twin_options){.t_now = 0, .members = 30});
  assert_true(fault_sweep("worth", worth_trial, &c) >= 20);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(worth__is_the_closed_form),
      cmocka_unit_test(worth__of_several_readings),
      cmocka_unit_test(worth__of_a_later_reading),
      cmocka_unit_test(worth__of_the_next_reading),
      cmocka_unit_test(worth__below_the_limit_and_nothing),
      cmocka_unit_test(worth__refusals),
      cmocka_unit_test(compare__stopped_keeps_what_is_done),
      cmocka_unit_test(memory__running_out_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
