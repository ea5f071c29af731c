/* Plans, comparison and proposal where the answer is known. A constant infusion of R mg/h settles
 * at R/CL; with CL lognormal about 1 L/h, sd of the log 0.3, the share of patients between 0.8 and
 * 1.25 mg/L is a difference of normal distribution functions. V = 1 L: settled within hours.
 * Monte Carlo: N = 4,000 members; a share p is known to sqrt(p (1 - p)/N) <= 0.008; tolerance 4 of
 * those. */
#include "twin_case.h"
#include "support/fault.h"

enum { N = 4000 };
#define IV "inputs:\n  iv: {into: central, unit: mg}\n"
#define CP "observables:\n  cp: {is: central/V, unit: mg/L, error: {additive: 0.1}}\n"
#define SPREAD                                                                                     \
  "parameters:\n"                                                                                  \
  "  CL: {typical: 1, unit: L/h, source: test, between-subjects: {lognormal: 0.3}}\n"              \
  "  V: {typical: 1, unit: L, source: test}\n"                                                     \
  "  KA: {typical: 1, unit: /h, source: test}\n"
#define FIXED                                                                                      \
  "parameters:\n"                                                                                  \
  "  CL: {typical: 1, unit: L/h, source: test}\n"                                                  \
  "  V: {typical: 10, unit: L, source: test}\n"                                                    \
  "  KA: {typical: 1, unit: /h, source: test}\n"
#define AVERAGE "targets: {cp: {low: 0.8, high: 1.25, of: average}}\n"
#define TROUGH  "targets: {cp: {low: 0.5, high: 5, of: trough}}\n"
#define DAILY   "actions: {iv: {doses: [12, 24, 48, 96], every: [24 h], duration: 24 h}}\n"
#define BOLUS   "actions: {iv: {doses: [100], every: [24 h]}}\n"

static double cumulated(double z) { return 0.5 * erfc(-z / sqrt(2)); }

/* Share of patients whose rate/CL lies within 0.8 to 1.25. */
static double share(double rate)
{
  return cumulated((log(rate) - log(0.8)) / 0.3) - cumulated((log(rate) - log(1.25)) / 0.3);
}

static const gm_twin_options NOW0 = {.t_now = 0, .members = N, .seed = 11};
static const char CSV_NONE[] = "ID,TIME,EVID,AMT\n1,0,2,.\n";

static gm_plan repeat(const twin_case *c, double dose, double every, double first, double t_end)
{
  gm_plan p = {0};
  case_must(gm_plan_repeat(ctx, c->t, 0, dose, every, first, t_end, &p), "plan");
  return p;
}

static gm_comparison *compare(const twin_case *c, const gm_plan *p, int32_t count, double t_end)
{
  gm_comparison *q = NULL;
  case_must(gm_compare(ctx, c->t, p, count, t_end, NULL, &q), "comparison");
  return q;
}

static int32_t named(const gm_comparison *q, const char *name)
{
  for (int32_t i = 0; i < q->plan_count; i++)
    if (!strcmp(q->plan[i].name, name)) return i;
  fail_msg("no plan \"%s\"", name);
  return -1;
}

/* What holds of every comparison: the two plans are there, shares add up to 1, no regret is
 * negative, and the plan of the greatest utility has the smallest. */
static void invariants(const gm_comparison *q)
{
  double best = -1, least = INFINITY;
  assert_string_equal("nothing", q->plan[q->nothing].name);
  assert_string_equal("as it is", q->plan[q->as_it_is].name);
  for (int32_t i = 0; i < q->plan_count; i++) {
    const gm_plan_result *r = &q->result[i];
    assert_true(r->regret >= 0 && r->better >= 0 && r->better <= 1);
    for (int32_t g = 0; g < q->target_count; g++)
      case_near(r->target[g].below + r->target[g].attained + r->target[g].above, 1, 1e-9, "shares");
    if (r->utility.mean > best) best = r->utility.mean;
    if (r->regret < least) least = r->regret;
  }
  for (int32_t i = 0; i < q->plan_count; i++) /* U + regret is the same for all: E max U */
    case_near(q->result[i].utility.mean + q->result[i].regret, best + least, 1e-9, "U + regret");
}

/* ---- comparison ------------------------------------------------------------------------------ */
/* 24 mg and 48 mg a day as constant infusions: attained by shares p1 and p2 of patients that do not
 * overlap (CL from 0.8 to 1.25 and from 1.6 to 2.5), so E max U = p1 + p2, regret of the first is
 * p2, of nothing p1 + p2; better than nothing: p1 + (1 - p1)/2. */
static void compare__average_is_the_normal_distribution_function(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_PK, IV SPREAD CP AVERAGE DAILY, CSV_NONE, &NOW0);
  gm_plan p[] = {repeat(&c, 24, 24, 0, 240), repeat(&c, 48, 24, 0, 240)};
  gm_comparison *q = compare(&c, p, 2, 240);
  const double p1 = share(1), p2 = share(2), tolerance = 4 * 0.008;
  assert_int_equal(4, q->plan_count);
  invariants(q);
  const gm_plan_result *one = &q->result[named(q, p[0].name)],
                       *two = &q->result[named(q, p[1].name)], *none = &q->result[q->nothing];
  case_near(one->target[0].attained, p1, tolerance, "24 mg");
  case_near(two->target[0].attained, p2, tolerance, "48 mg");
  case_near(one->target[0].below, cumulated(log(0.8) / 0.3), tolerance, "24 mg below");
  case_near(two->target[0].above, cumulated(log(2 / 1.25) / 0.3), tolerance, "48 mg above");
  case_near(one->target[0].value.mean, exp(0.045), 4 * 0.33 / sqrt(N), "mean of 1/CL");
  case_near(none->target[0].below, 1, 1e-12, "nothing");
  case_near(one->regret, p2, tolerance, "regret of 24 mg");
  case_near(two->regret, p1, tolerance, "regret of 48 mg");
  case_near(none->regret, p1 + p2, tolerance, "regret of nothing");
  case_near(one->better, p1 + 0.5 * (1 - p1), tolerance, "24 mg better than as it is");
  case_near(one->gain.mean, p1, tolerance, "gain");
  gm_comparison_free(q);
  for (int i = 0; i < 2; i++) gm_plan_free(&p[i]);
  case_close(&c);
}

/* A plan that does just what goes on anyway gains exactly nothing and is not told from it. */
static void compare__the_same_plan_gains_exactly_nothing(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 48, .members = 300, .seed = 3};
  twin_case c = case_twin(MODEL_PK, IV SPREAD CP TROUGH BOLUS,
                          "ID,TIME,EVID,AMT,DV\n1,0,1,100,.\n1,20,0,.,0.1\n1,24,1,100,.\n"
                          "1,48,1,100,.\n",
                          &o);
  gm_plan same;
  case_must(gm_plan_as_it_is(ctx, c.t, 288, &same), "as it is");
  same.name[0] = 'A';
  gm_comparison *q = compare(&c, &same, 1, 288);
  assert_int_equal(3, q->plan_count);
  const gm_plan_result *r = &q->result[named(q, "As it is")];
  case_near(r->gain.mean, 0, 0, "gain");
  case_near(r->gain.low, 0, 0, "gain");
  case_near(r->gain.high, 0, 0, "gain");
  case_near(r->better, 0.5, 1e-12, "better");
  assert_false(r->distinguishable);
  invariants(q);
  gm_comparison_free(q);
  gm_plan_free(&same);
  case_close(&c);
}

/* Nothing and as it is are there when no plan is given, and not twice when they are. */
static void compare__nothing_and_as_it_is_are_always_there(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 30, .members = 50};
  twin_case c =
      case_twin(MODEL_PK, IV FIXED CP TROUGH, "ID,TIME,EVID,AMT\n1,0,1,100\n1,24,1,100\n", &o);
  gm_comparison *q = compare(&c, NULL, 0, 240);
  assert_int_equal(2, q->plan_count);
  invariants(q);
  gm_comparison *again = compare(&c, q->plan, 2, 240);
  assert_int_equal(2, again->plan_count);
  invariants(again);
  gm_comparison_free(q);
  gm_comparison_free(again);
  assert_int_equal(GM_EINVAL, gm_compare(ctx, c.t, NULL, 0, 30, NULL, &q));
  assert_int_equal(GM_EINVAL, gm_compare(ctx, c.t, NULL, 0, NAN, NULL, &q));
  case_close(&c);
}

/* ---- targets --------------------------------------------------------------------------------- */
/* 100 mg every 24 h into 10 L, k 0.1: trough q/(1 - q) x 10 with q = exp(-2.4); as it is and the
 * same as a plan are the same thing. The dose that falls on the horizon's end is not in its trough.
 */
static void target__trough_is_before_the_next_dose(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 48, .members = 4};
  twin_case c = case_twin(MODEL_PK, IV FIXED CP TROUGH BOLUS,
                          "ID,TIME,EVID,AMT,II,ADDL\n1,0,1,100,24,2\n1,49,2,.,.,.\n", &o);
  gm_plan p = repeat(&c, 100, 24, 72, 288);
  gm_comparison *q = compare(&c, &p, 1, 288);
  const double f = exp(-2.4), want = 10 * f / (1 - f);
  case_near(q->result[named(q, p.name)].target[0].value.mean, want, 1e-6, "plan");
  case_near(q->result[q->as_it_is].target[0].value.mean, want, 1e-6, "as it is");
  gm_comparison_free(q);
  gm_plan_free(&p);
  case_close(&c);
}

/* When the horizon does not end where an interval does (doses at 64, 88, ... 280, end at 288), the
 * trough is still that before a dose and not the value 8 h after one. */
static void target__trough_when_the_horizon_ends_within_an_interval(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 48, .members = 4};
  twin_case c = case_twin(MODEL_PK, IV FIXED CP TROUGH BOLUS,
                          "ID,TIME,EVID,AMT,II,ADDL\n1,40,1,100,24,0\n1,49,2,.,.,.\n", &o);
  gm_plan p = repeat(&c, 100, 24, 64, 288);
  gm_comparison *q = compare(&c, &p, 1, 288);
  const double f = exp(-2.4), want = 10 * f / (1 - f);
  case_near(q->result[named(q, p.name)].target[0].value.mean, want, 0.01 * want, "trough");
  gm_comparison_free(q);
  gm_plan_free(&p);
  case_close(&c);
}

/* Boluses jump within the day: AUC24 at steady state is still (daily dose)/CL = 300 mg h/L, the
 * average 12.5 mg/L, the peak 10/(1 - exp(-8 k)); k = 0.1 and 0.5 /h. Trapezia on half an hour are
 * good to (k h)^2/12 of it where they do not cross a jump: 0.6 %. */
static void target__areas_do_not_cross_the_jump_of_a_bolus(void **state)
{
  (void)state;
  gm_twin_options o = {.t_now = 0, .members = 4};
  for (int i = 0; i < 2; i++) {
    double k = i ? 0.5 : 0.1;
    char twin[1500];
    snprintf(twin, sizeof twin,
             IV "parameters:\n  CL: {typical: %g, unit: L/h, source: test}\n"
                "  V: {typical: 10, unit: L, source: test}\n"
                "  KA: {typical: 1, unit: /h, source: test}\n" CP
                "targets: {cp: [{low: 1, high: 5, of: auc24, unit: mg.h/L}, {low: 1, high: 5, of: "
                "average}, {low: 1, high: 5, of: peak}]}\n"
                "actions: {iv: {doses: [100], every: [8 h]}}\n",
             10 * k);
    twin_case c = case_twin(MODEL_PK, twin, CSV_NONE, &o);
    gm_plan p = repeat(&c, 100, 8, 0, 240);
    gm_comparison *q = compare(&c, &p, 1, 240);
    const gm_target_result *r = q->result[named(q, p.name)].target;
    case_near(r[2].value.mean, 10 / (1 - exp(-8 * k)), 1e-6, "peak");
    case_near(r[0].value.mean, 300 / (10 * k), 0.006 * 300 / (10 * k), "AUC24");
    case_near(r[1].value.mean, 12.5 / (10 * k), 0.006 * 12.5 / (10 * k), "average");
    gm_comparison_free(q);
    gm_plan_free(&p);
    case_close(&c);
  }
}

/* ---- as it is -------------------------------------------------------------------------------- */
static gm_plan as_it_is(const twin_case *c, double t_end)
{
  gm_plan p = {0};
  case_must(gm_plan_as_it_is(ctx, c->t, t_end, &p), "as it is");
  return p;
}

static twin_case dosed(const char *inputs, const char *csv, double t_now)
{
  char twin[1500];
  snprintf(twin, sizeof twin, "%s%s", inputs, FIXED CP TROUGH);
  return case_twin(MODEL_PK, twin, csv, &(gm_twin_options){.t_now = t_now, .members = 4});
}

/* Doses pending by ADDL go on also before the first of them has been given. */
static void as_it_is__pending_additional_doses_go_on(void **state)
{
  (void)state;
  twin_case c = dosed(IV, "ID,TIME,EVID,AMT,II,ADDL\n1,0,1,100,24,20\n1,49,2,.,.,.\n", 12);
  gm_plan p = as_it_is(&c, 252);
  assert_int_equal(1, p.event_count);
  case_near(p.event[0].t, 24, 1e-12, "next dose");
  case_near(p.event[0].interval, 24, 1e-12, "interval");
  gm_plan_free(&p);
  case_close(&c);
}

/* Two doses of one record's interval apart; one dose alone is not repeated. */
static void as_it_is__repeats_the_last_interval(void **state)
{
  (void)state;
  twin_case c = dosed(IV, "ID,TIME,EVID,AMT\n1,0,1,100\n1,24,1,100\n1,36,1,70\n", 40);
  gm_plan p = as_it_is(&c, 240);
  assert_int_equal(1, p.event_count);
  case_near(p.event[0].t, 48, 1e-12, "next dose");
  case_near(p.event[0].amount, 70, 1e-12, "amount");
  case_near(p.event[0].interval, 12, 1e-12, "interval");
  gm_plan_free(&p);
  case_close(&c);
  c = dosed(IV, "ID,TIME,EVID,AMT\n1,0,1,100\n", 40);
  p = as_it_is(&c, 240);
  assert_int_equal(0, p.event_count);
  gm_plan_free(&p);
  case_close(&c);
}

/* Two drugs, each every 24 h, given together or 2 h apart: both go on, each at its own interval. */
static void as_it_is__each_input_goes_on_at_its_own_interval(void **state)
{
  (void)state;
  const char *csv[] = {
      "ID,TIME,EVID,AMT,INPUT\n1,0,1,100,iv\n1,0,1,50,po\n1,24,1,100,iv\n1,24,1,50,po\n",
      "ID,TIME,EVID,AMT,INPUT\n1,0,1,100,iv\n1,2,1,50,po\n1,24,1,100,iv\n1,26,1,50,po\n"};
  for (int i = 0; i < 2; i++) {
    twin_case c = dosed("inputs:\n  iv: {into: central, unit: mg}\n  po: {into: depot, unit: mg}\n",
                        csv[i], 30);
    gm_plan p = as_it_is(&c, 240);
    assert_int_equal(2, p.event_count);
    for (int k = 0; k < 2; k++) {
      case_near(p.event[k].interval, 24, 1e-12, "interval");
      case_near(p.event[k].t, p.event[k].input == 1 && i ? 50 : 48, 1e-12, "next dose");
    }
    assert_true(p.event[0].t <= p.event[1].t && p.event[0].input != p.event[1].input);
    gm_plan_free(&p);
    case_close(&c);
  }
}

/* A dose that is due at now has either been given or comes next: with 0.1 h between doses and now
 * at 0.6 (0.6/0.1 < 6 in doubles) none is lost. */
static void as_it_is__no_dose_is_lost_to_rounding(void **state)
{
  (void)state;
  twin_case c = dosed(IV, "ID,TIME,EVID,AMT,II,ADDL\n1,0,1,100,0.1,20\n1,49,2,.,.,.\n", 0.6);
  gm_plan p = as_it_is(&c, 3.05);
  assert_int_equal(1, p.event_count);
  const double t[] = {0.65};
  gm_forecast *f;
  case_must(gm_forecast_make(
                ctx, c.t,
                &(gm_forecast_request){
                    .time = t, .time_count = 1, .plan = p.event, .plan_count = p.event_count},
                &f),
            "forecast");
  double want = 0;
  for (int j = 0; j <= 6; j++) want += 10 * exp(-0.1 * (0.65 - 0.1 * j));
  case_near(f->mean[0], want, 1e-9, "seven doses");
  gm_forecast_free(f);
  gm_plan_free(&p);
  case_close(&c);
}

/* ---- proposals ------------------------------------------------------------------------------- */
/* Doses over a limit are left out, each with the limit's name and number; the best of the rest
 * comes first, with a reason. */
static void propose__limits_leave_out_with_their_reason(void **state)
{
  (void)state;
  twin_case c = case_twin(
      MODEL_PK, IV SPREAD CP AVERAGE DAILY "limits: {iv: {per-day: 30 mg, per-dose: 60 mg}}\n",
      CSV_NONE, &NOW0);
  gm_proposal *g = NULL;
  case_must(gm_propose(ctx, c.t, 240, NULL, &g), "proposal");
  assert_int_equal(2, g->candidate_count);
  assert_int_equal(2, g->left_out_count);
  assert_string_equal("24 mg every 24 h", g->comparison->plan[g->rank[0]].name);
  assert_string_equal("12 mg every 24 h", g->comparison->plan[g->rank[1]].name);
  for (int i = 0; i < 2; i++) assert_true(g->reason[i][0] != 0);
  assert_non_null(strstr(g->left_out[0], "48 mg every 24 h"));
  assert_non_null(strstr(g->left_out[0], "30"));
  assert_non_null(strstr(g->left_out[1], "96 mg every 24 h"));
  assert_non_null(strstr(g->left_out[1], "60"));
  invariants(g->comparison);
  gm_proposal_free(g);
  case_close(&c);
}

/* The daily limit is of what is given within 24 h, not of the average: 100 mg every 48 h and 40 mg
 * every 18 h (two of them within 24 h) are over 60 mg a day. */
static void propose__daily_limit_is_of_any_day(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_PK,
                          IV FIXED CP TROUGH "actions: {iv: {doses: [40, 100], every: [18 h, 24 h, "
                                             "48 h]}}\nlimits: {iv: {per-day: 60 mg}}\n",
                          CSV_NONE, &(gm_twin_options){.t_now = 0, .members = 4});
  gm_proposal *g = NULL;
  case_must(gm_propose(ctx, c.t, 480, NULL, &g), "proposal");
  assert_int_equal(2, g->candidate_count); /* 40 mg every 24 and 48 h */
  assert_int_equal(4, g->left_out_count);
  for (int i = 0; i < 2; i++) {
    const gm_plan *p = &g->comparison->plan[g->rank[i]];
    case_near(p->dose, 40, 0, p->name);
    assert_true(p->every >= 24);
  }
  gm_proposal_free(g);
  case_close(&c);
}

/* Doses closer than the least interval, and all doses forbidden. */
static void propose__interval_limit_and_nothing_left(void **state)
{
  (void)state;
  const gm_twin_options o = {.t_now = 0, .members = 4};
  twin_case c = case_twin(MODEL_PK,
                          IV FIXED CP TROUGH "actions: {iv: {doses: [10], every: [6 h, 12 h]}}\n"
                                             "limits: {iv: {interval-least: 8 h}}\n",
                          CSV_NONE, &o);
  gm_proposal *g = NULL;
  case_must(gm_propose(ctx, c.t, 240, NULL, &g), "proposal");
  assert_int_equal(1, g->candidate_count);
  assert_int_equal(1, g->left_out_count);
  assert_non_null(strstr(g->left_out[0], "every 6 h"));
  gm_proposal_free(g);
  case_close(&c);
  c = case_twin(MODEL_PK, IV FIXED CP TROUGH BOLUS "limits: {iv: {per-dose: 1 mg}}\n", CSV_NONE,
                &o);
  assert_int_equal(GM_EINVAL, gm_propose(ctx, c.t, 240, NULL, &g));
  case_close(&c);
}

/* Everything of a comparison in one text, every bit of it. */
static void dump(const gm_proposal *g, gm_text *out)
{
  const gm_comparison *q = g->comparison;
  for (int32_t i = 0; i < q->plan_count; i++) {
    const gm_plan_result *r = &q->result[i];
    gm_text_addf(out, "%s %a %a %a %a %a %d", q->plan[i].name, r->utility.mean, r->utility.error,
                 r->gain.mean, r->better, r->regret, r->distinguishable);
    gm_text_addf(out, " %a %a %a\n", r->target[0].value.mean, r->target[0].value.low,
                 r->target[0].attained);
  }
  for (int32_t i = 0; i < g->candidate_count; i++)
    gm_text_addf(out, "%d %s\n", (int)g->rank[i], g->reason[i]);
}

/* One, two and four threads: the same belief, comparison and order, to the last bit. */
static void propose__same_bytes_on_every_number_of_threads(void **state)
{
  (void)state;
  static const int32_t threads[] = {1, 2, 4};
  gm_text text[3];
  for (int i = 0; i < 3; i++) {
    gm_pool *pool;
    gm_proposal *g = NULL;
    case_must(gm_pool_new(ctx, threads[i], &pool), "pool");
    gm_twin_options o = {.t_now = 40, .members = 300, .seed = 5, .pool = pool};
    twin_case c =
        case_twin(MODEL_PK, IV SPREAD CP AVERAGE DAILY,
                  "ID,TIME,EVID,AMT,DV\n1,0,1,5,.\n1,1,0,.,2\n1,24,1,5,.\n1,26,0,.,0.6\n", &o);
    case_must(gm_propose(ctx, c.t, 280, NULL, &g), "proposal");
    gm_text_init(&text[i], ctx);
    dump(g, &text[i]);
    gm_proposal_free(g);
    case_close(&c);
    gm_pool_free(pool);
  }
  for (int i = 1; i < 3; i++) assert_string_equal(text[0].data, text[i].data);
  for (int i = 0; i < 3; i++) gm_text_free(&text[i]);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status propose_trial(gm_ctx *c, void *user)
{
  const twin_case *k = user;
  gm_proposal *g = NULL;
  gm_status s = gm_propose(c, k->t, 48, NULL, &g);
  gm_proposal_free(g);
  return s;
}

/* Every allocation of a proposal may fail: told, and nothing is left. */
static void memory__running_out_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_PK, IV FIXED CP TROUGH BOLUS, CSV_NONE,
                          &(gm_twin_options){.t_now = 0, .members = 4});
  assert_true(fault_sweep("proposal", propose_trial, &c) >= 20);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compare__average_is_the_normal_distribution_function),
      cmocka_unit_test(compare__the_same_plan_gains_exactly_nothing),
      cmocka_unit_test(compare__nothing_and_as_it_is_are_always_there),
      cmocka_unit_test(target__trough_is_before_the_next_dose),
      cmocka_unit_test(target__trough_when_the_horizon_ends_within_an_interval),
      cmocka_unit_test(target__areas_do_not_cross_the_jump_of_a_bolus),
      cmocka_unit_test(as_it_is__pending_additional_doses_go_on),
      cmocka_unit_test(as_it_is__repeats_the_last_interval),
      cmocka_unit_test(as_it_is__each_input_goes_on_at_its_own_interval),
      cmocka_unit_test(as_it_is__no_dose_is_lost_to_rounding),
      cmocka_unit_test(propose__limits_leave_out_with_their_reason),
      cmocka_unit_test(propose__daily_limit_is_of_any_day),
      cmocka_unit_test(propose__interval_limit_and_nothing_left),
      cmocka_unit_test(propose__same_bytes_on_every_number_of_threads),
      cmocka_unit_test(memory__running_out_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
