/* Choices searched anew at every decision, and risk. The epidemic of test_control.c under a
 * receding horizon against the exact cost of that controller, by enumeration; tails and chance
 * constraints of a normal law in closed form. label: full */
#include "gemel/control.h"
#include "support/fault.h"
#include "support/sir_exact.h"
#include "support/sir_jump.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

/* ---- the epidemic ---------------------------------------------------------------------------- */
enum { DECISIONS = 7, HORIZON = 3 };
static const double beta_of[2] = {0.9, 0.36}, price[2] = {0, 3}, gamma_all = 0.3;

static double infections(void *user, int32_t decision, const double *begin, const double *end)
{
  (void)user;
  (void)decision;
  return end[2] - begin[2];
}

/* next[a][from * SIR_STATES + to] over a period of four days; new infections expected in it. */
typedef struct {
  double *next[2], *cost[2];
} chain;

static chain chain_make(void)
{
  chain c;
  for (int a = 0; a < 2; a++) {
    c.next[a] = calloc((size_t)SIR_STATES * SIR_STATES, sizeof(double));
    c.cost[a] = calloc(SIR_STATES, sizeof(double));
    for (int32_t s = 0; s <= 47; s++)
      for (int32_t i = 0; s + i <= 50; i++) {
        int32_t from = sir_index(s, i);
        double *p = c.next[a] + (ptrdiff_t)from * SIR_STATES, mean_s, mean_i;
        p[from] = 1;
        sir_advance(p, beta_of[a], gamma_all, 4);
        sir_mean(p, &mean_s, &mean_i);
        c.cost[a][from] = price[a] + s - mean_s;
      }
  }
  return c;
}

static void chain_free(chain *c)
{
  for (int a = 0; a < 2; a++) {
    free(c->next[a]);
    free(c->cost[a]);
  }
}

/* Cost of choice a, and of what `after` costs from there. */
static void backward(const chain *c, int a, const double *after, double *out)
{
  for (int32_t i = 0; i < SIR_STATES; i++) {
    const double *p = c->next[a] + (ptrdiff_t)i * SIR_STATES;
    out[i] = c->cost[a][i];
    for (int32_t j = 0; j < SIR_STATES && after; j++) out[i] += p[j] * after[j];
  }
}

/* first[i]: the first choice of the best plan of `length` decisions from state i. */
static void plan_best(const chain *c, int length, int8_t *first)
{
  static double go[HORIZON + 1][SIR_STATES], least[SIR_STATES];
  for (int32_t i = 0; i < SIR_STATES; i++) least[i] = INFINITY;
  for (int plan = 0; plan < 1 << length; plan++) {
    for (int k = length - 1; k >= 0; k--)
      backward(c, plan >> k & 1, k == length - 1 ? NULL : go[k + 1], go[k]);
    for (int32_t i = 0; i < SIR_STATES; i++)
      if (go[0][i] < least[i]) {
        least[i] = go[0][i];
        first[i] = (int8_t)(plan & 1);
      }
  }
}

/* What the receding horizon costs, from 47 and 3. */
static double receding_exact(void)
{
  static double value[2][SIR_STATES], made[2][SIR_STATES];
  static int8_t first[SIR_STATES];
  chain c = chain_make();
  for (int k = DECISIONS - 1; k >= 0; k--) {
    int left = DECISIONS - k;
    const double *after = k == DECISIONS - 1 ? NULL : value[(k + 1) % 2];
    plan_best(&c, left < HORIZON ? left : HORIZON, first);
    for (int a = 0; a < 2; a++) backward(&c, a, after, made[a]);
    for (int32_t i = 0; i < SIR_STATES; i++) value[k % 2][i] = made[first[i]][i];
  }
  chain_free(&c);
  return value[0][sir_index(47, 3)];
}

/* With the state seen the cost is the exact one of this controller, but for ties that 100 members
 * do not tell (below 0.3) and the error of the episodes; plans by enumeration and by cross-entropy.
 * By tests alone it is still below the best fixed plan, 28.81656. */
static void epidemic__receding_horizon(void **state)
{
  (void)state;
  gm_model *m;
  assert_int_equal(sir_jump_new(ctx, false, &m), GM_OK);
  const int32_t beta = gm_model_find(m, GM_TABLE_PARAMETER, "beta");
  gm_sensor sensor = {.name = "tests",
                      .output = 1,
                      .law = GM_SENSE_BINOMIAL,
                      .p0 = 0.6,
                      .parameter0 = -1,
                      .parameter1 = -1};
  gm_system system = {.model = m, .sensor = &sensor, .sensor_count = 1, .seed = 3};
  gm_edge edge[2];
  for (int a = 0; a < 2; a++)
    edge[a] = (gm_edge){.kind = GM_EDGE_PARAMETER, .port = beta, .value = beta_of[a]};
  gm_control_choice choice[2] = {{"open", &edge[0], 1, price[0]},
                                 {"closed", &edge[1], 1, price[1]}};
  gm_control c = {.system = &system,
                  .every = 4,
                  .decisions = DECISIONS,
                  .choice = choice,
                  .choice_count = 2,
                  .cost = infections};
  const double exact = receding_exact();
  assert_true(exact > 24.04704 && exact < 28.81656);
  const gm_search_options by[2] = {{.members = 100, .plans = 8, .horizon = HORIZON},
                                   {.members = 50, .plans = 6, .rounds = 4, .horizon = HORIZON}};
  for (int i = 0; i < 2; i++) {
    gm_episode_result seen;
    gm_episode_options e = {.episodes = i ? 200 : 400, .replicate = 5};
    if (gm_control_try(ctx, &c, &by[i], &e, NULL, NULL, NULL, &seen))
      fail_msg("%s", gm_message(ctx));
    print_message("seen, %s: %.2f +- %.2f; exact %.4f, optimum 24.0470\n",
                  i ? "cross-entropy" : "all plans", seen.cost, seen.error, exact);
    assert_true(seen.cost > exact - 4 * seen.error && seen.cost < exact + 0.3 + 4 * seen.error);
    assert_true(i || seen.cost + 3 * seen.error < 28.81656);
    assert_true(fabs(seen.choices[0] + seen.choices[1] - DECISIONS) < 1e-9);
  }
  gm_episode_result hidden;
  gm_episode_options e = {.episodes = 100, .look = 1, .filter = {.members = 200}};
  if (gm_control_try(ctx, &c, &by[0], &e, NULL, NULL, NULL, &hidden))
    fail_msg("%s", gm_message(ctx));
  print_message("tests alone: %.2f +- %.2f; lost %d\n", hidden.cost, hidden.error,
                (int)hidden.lost);
  assert_true(hidden.cost < 28.81656 + 2 * hidden.error);
  gm_model_free(m);
}

/* ---- a normal law ---------------------------------------------------------------------------- */
/* x' = u z with z ~ N(0, 1): a period costs u z and the price of its choice. The mean of the worst
 * tenth of z is density(1.28155)/0.1 = 1.75498. */
static const double tail_mean = 1.7549833193248687;

typedef struct {
  gm_model *model;
  gm_unknown z;
  gm_sensor sensor;
  gm_system system;
  gm_edge edge[3];
  gm_control_choice choice[3];
  gm_lever lever;
  gm_control c;
  gm_steer s;
} gamble;

static double moved(void *user, int32_t k, const double *begin, const double *end)
{
  (void)user;
  (void)k;
  return end[0] - begin[0];
}

static double gambled(void *user, int32_t k, const double *u, const double *begin,
                      const double *end)
{
  return 0.3 * moved(user, k, begin, end) - u[0] + u[0] * u[0] / 2;
}

static bool beyond_one(void *user, int32_t k, const double *y)
{
  (void)user;
  (void)k;
  return y[0] > 1;
}

enum { RISKY, MILD, SAFE };

static void gamble_open(gamble *q, gm_ctx *c)
{
  static const double rate[3] = {1, 0.2, 0}, cost[3] = {0, 0.1, 0.8};
  static const char *const name[3] = {"risky", "mild", "safe"};
  gm_eq_config config = {.text = "x' = u*z\nx = 0\nu = 0\nz = 0"};
  *q = (gamble){0};
  if (gm_model_new(c, &gm_equations, &config, &q->model)) fail_msg("%s", gm_message(c));
  q->z = (gm_unknown){.name = "z", .law = GM_PRIOR_NORMAL, .center = 0, .spread = 1};
  q->z.parameter = gm_model_find(q->model, GM_TABLE_PARAMETER, "z");
  int32_t u = gm_model_find(q->model, GM_TABLE_PARAMETER, "u");
  q->sensor = (gm_sensor){
      .name = "blind", .law = GM_SENSE_NORMAL, .p0 = 1e6, .parameter0 = -1, .parameter1 = -1};
  q->system = (gm_system){.model = q->model,
                          .unknown = &q->z,
                          .unknown_count = 1,
                          .sensor = &q->sensor,
                          .sensor_count = 1,
                          .seed = 8};
  for (int a = 0; a < 3; a++) {
    q->edge[a] = (gm_edge){.kind = GM_EDGE_PARAMETER, .port = u, .value = rate[a]};
    q->choice[a] = (gm_control_choice){name[a], &q->edge[a], 1, cost[a]};
  }
  q->c = (gm_control){.system = &q->system,
                      .every = 1,
                      .decisions = 2,
                      .choice = q->choice,
                      .choice_count = 3,
                      .cost = moved};
  q->lever =
      (gm_lever){.name = "u", .kind = GM_EDGE_PARAMETER, .port = u, .upper = 1, .start = 0.9};
  q->s = (gm_steer){.system = &q->system,
                    .every = 1,
                    .decisions = 1,
                    .lever = &q->lever,
                    .lever_count = 1,
                    .cost = gambled};
}

/* CVAR of a plan: sum of rates times 1.75498, and the prices; within 4 of its stated errors, which
 * are those of 40 repetitions within a third. */
static void risk__tail_of_a_normal_cost(void **state)
{
  (void)state;
  enum { REPEATS = 40 };
  gamble q;
  gamble_open(&q, ctx);
  static const int32_t plan[3][2] = {{RISKY, RISKY}, {RISKY, MILD}, {SAFE, MILD}};
  static const double want[3] = {2 * 1.7549833193248687, 1.2 * 1.7549833193248687 + 0.1,
                                 0.2 * 1.7549833193248687 + 0.9};
  q.c.risk = GM_RISK_CVAR;
  q.c.tail = 0.1;
  for (int p = 0; p < 3; p++) {
    double sum = 0, square = 0, told = 0;
    for (uint64_t r = 0; r < REPEATS; r++) {
      gm_plan_cost out;
      assert_int_equal(gm_control_evaluate(ctx, &q.c, 2000, r, 1, plan[p], &out), GM_OK);
      sum += out.cost / REPEATS;
      square += out.cost * out.cost / REPEATS;
      told += out.error / REPEATS;
    }
    double sd = sqrt(square - sum * sum);
    print_message("CVAR %.4f +- %.4f (told %.4f), exact %.4f\n", sum, sd, told, want[p]);
    assert_true(fabs(sum - want[p]) < 4 * told / sqrt(REPEATS));
    assert_true(told > sd / 1.5 && told < sd * 1.5);
  }
  gm_model_free(q.model);
}

/* By the mean the risky choice, by the tail the mild one (0.2 * 2 * 1.755 + 0.2), under P(x > 1) <=
 * 0.05 the mild one too: in a search, and searched anew at every decision by one who cannot see z.
 */
static void risk__decides_the_choice(void **state)
{
  (void)state;
  gamble q;
  gamble_open(&q, ctx);
  static const int32_t want[3] = {RISKY, MILD, MILD};
  for (int way = 0; way < 3; way++) {
    gm_search_options o = {.members = 2000, .plans = 16};
    gm_episode_options e = {.episodes = 3, .look = 1, .filter = {.members = 2000}};
    gm_episode_result made;
    gm_plan_cost cost;
    int32_t plan[2], each[3][2];
    q.c.risk = way == 1 ? GM_RISK_CVAR : GM_RISK_MEAN;
    q.c.tail = 0.1;
    q.c.breach = way == 2 ? beyond_one : NULL;
    q.c.chance = 0.05;
    assert_int_equal(gm_control_search(ctx, &q.c, &o, NULL, plan, &cost), GM_OK);
    if (gm_control_try(ctx, &q.c, &o, &e, NULL, each[0], NULL, &made))
      fail_msg("%s", gm_message(ctx));
    for (int k = 0; k < 2; k++) {
      assert_int_equal(plan[k], want[way]);
      for (int i = 0; i < 3; i++) assert_int_equal(each[i][k], want[way]);
    }
    if (way == 1) assert_true(fabs(cost.cost - (0.4 * tail_mean + 0.2)) < 4 * cost.error);
    if (way == 2) assert_true(cost.breach <= 0.05);
  }
  gm_model_free(q.model);
}

/* Continuous: u^2/2 - u + 0.3 u z has its least mean at u = 1, -1/2, and the least CVAR at
 * u = 1 - 0.3 * 1.75498 = 0.4735, -u^2/2 = -0.1121. */
static void risk__decides_the_dose(void **state)
{
  (void)state;
  gamble q;
  gamble_open(&q, ctx);
  for (int way = 0; way < 2; way++) {
    const double best = way ? 1 - 0.3 * tail_mean : 1;
    double u[1] = {NAN};
    gm_plan_cost cost;
    gm_steer_options o = {.members = 4000, .plans = 32, .rounds = 25};
    q.s.risk = way ? GM_RISK_CVAR : GM_RISK_MEAN;
    q.s.tail = 0.1;
    if (gm_steer_search(ctx, &q.s, NULL, &o, NULL, u, &cost)) fail_msg("%s", gm_message(ctx));
    print_message("u %.4f (exact %.4f), cost %.4f +- %.4f (exact %.4f)\n", u[0], best, cost.cost,
                  cost.error, -best * best / 2);
    assert_true(fabs(u[0] - best) < 0.06);
    assert_true(fabs(cost.cost + best * best / 2) < 4 * cost.error + 0.002);
  }
  gm_model_free(q.model);
}

/* ---- limits, threads, refusals --------------------------------------------------------------- */
/* At most one risky choice in all: what was chosen before is looked at. */
static bool once(void *user, int32_t k, const int32_t *chosen, int32_t choice)
{
  (void)user;
  int32_t made = choice == RISKY;
  for (int32_t i = 0; i < k; i++) made += chosen[i] == RISKY;
  return made <= 1;
}

static bool stop_now(void *user) { return user == NULL; }

static void again__keeps_limits_and_bytes(void **state)
{
  (void)state;
  gamble q;
  gamble_open(&q, ctx);
  gm_search_options o = {.members = 200, .plans = 16};
  gm_episode_options e = {.episodes = 20};
  gm_episode_result out;
  gm_pool *pool = NULL;
  int32_t chosen[2][20][2];
  double cost[2][20];
  q.c.allowed = once;
  assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
  for (int way = 0; way < 2; way++) {
    q.system.pool = way ? pool : NULL;
    assert_int_equal(gm_control_try(ctx, &q.c, &o, &e, NULL, chosen[way][0], cost[way], &out),
                     GM_OK);
  }
  assert_memory_equal(chosen[0], chosen[1], sizeof chosen[0]);
  assert_memory_equal(cost[0], cost[1], sizeof cost[0]);
  int risky = 0;
  for (int i = 0; i < 20; i++) {
    int32_t n = (chosen[0][i][0] == RISKY) + (chosen[0][i][1] == RISKY);
    assert_true(n <= 1);
    risky += n;
  }
  assert_true(risky > 0); /* z is seen, and where it is below 0 the risky one is best */
  gm_watch watch = {.stop = stop_now};
  out.cost = -7;
  assert_int_equal(gm_control_try(ctx, &q.c, &o, &e, &watch, NULL, NULL, &out), GM_ECANCELLED);
  o.horizon = -1;
  assert_int_equal(gm_control_try(ctx, &q.c, &o, &e, NULL, NULL, NULL, &out), GM_ERANGE);
  e.episodes = 0;
  assert_int_equal(gm_control_try(ctx, &q.c, NULL, &e, NULL, NULL, NULL, &out), GM_ERANGE);
  assert_true(out.cost == -7);
  gm_pool_free(pool);
  gm_model_free(q.model);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gamble *q = user;
  gm_search_options o = {.members = 4, .plans = 4, .rounds = 2};
  gm_episode_options e = {.episodes = 1, .look = 1, .filter = {.members = 5}};
  gm_episode_result out;
  return gm_control_try(c, &q->c, &o, &e, NULL, NULL, NULL, &out);
}

static void memory__running_out_is_told(void **state)
{
  (void)state;
  gamble q;
  gamble_open(&q, ctx);
  assert_true(fault_sweep("searching anew", trial, &q) > 20);
  gm_model_free(q.model);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(epidemic__receding_horizon),
      cmocka_unit_test(risk__tail_of_a_normal_cost),
      cmocka_unit_test(risk__decides_the_choice),
      cmocka_unit_test(risk__decides_the_dose),
      cmocka_unit_test(again__keeps_limits_and_bytes),
      cmocka_unit_test(memory__running_out_is_told),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
