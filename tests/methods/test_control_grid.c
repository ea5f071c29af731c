/* Dynamic programming on grids of states against closed forms: linear-quadratic (Riccati),
 * replacement of a machine, stock by base level and by (s, S), the epidemic of 50 people.
 * label: full */
#include "gemel/control.h"
#include "support/fault.h"
#include "support/sir_agents.h"
#include "support/sir_exact.h"
#include "support/sir_jump.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static gm_ctx *ctx;

static gm_model *equations(gm_ctx *c, const char *text)
{
  gm_eq_config config = {.text = text, .solver = GM_EQ_EXPLICIT, .rtol = 1e-9};
  gm_model *m = NULL;
  if (gm_model_new(c, &gm_equations, &config, &m)) fail_msg("%s", gm_message(c));
  return m;
}

static gm_policy *solve(const gm_control *c, const gm_grid_options *o, gm_grid_report *report)
{
  gm_policy *p = NULL;
  if (gm_policy_grid(ctx, c, o, NULL, report, &p)) fail_msg("%s", gm_message(ctx));
  return p;
}

static void near(double got, double want, double tolerance, const char *what)
{
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: %.9g, expected %.9g within %g", what, got, want, tolerance);
}

/* ---- linear-quadratic ------------------------------------------------------------------------ */
static double square_end(void *user, int32_t decision, const double *begin, const double *end)
{
  const int32_t ny = *(const int32_t *)user;
  double sum = 0;
  (void)decision;
  (void)begin;
  for (int32_t i = 0; i < ny; i++) sum += end[i] * end[i];
  return sum;
}

/* `count` values of parameter u from -most to most, each at its cost of effort u^2. */
static void choices_of_u(const gm_model *m, int32_t count, double most, double effort,
                         gm_edge *edge, gm_control_choice *choice)
{
  for (int32_t a = 0; a < count; a++) {
    double u = -most + 2 * most * a / (count - 1);
    edge[a] = (gm_edge){
        .kind = GM_EDGE_PARAMETER, .port = gm_model_find(m, GM_TABLE_PARAMETER, "u"), .value = u};
    choice[a] = (gm_control_choice){"u", &edge[a], 1, effort * u * u};
  }
}

/* x' = x/2 + u, held for 0.2: the policy costs no less than Riccati's optimum p x^2 and no more
 * than rounding u to the nearest choice (a quadratic of known curvature) and interpolating a
 * parabola can add. */
static void linear_quadratic__one_axis(void **state)
{
  (void)state;
  enum { N = 10, CHOICES = 41, POINTS = 801 };
  const double dt = 0.2, effort = 0.1, most = 4, A = exp(dt / 2), B = (A - 1) * 2;
  gm_model *m = equations(ctx, "x' = x/2 + u\nx = 1\nu = 0");
  gm_edge edge[CHOICES];
  gm_control_choice choice[CHOICES];
  choices_of_u(m, CHOICES, most, effort, edge, choice);
  double p = 0, rounding = 0, between = 0;
  const double du = 2 * most / (CHOICES - 1), h = 4.0 / (POINTS - 1);
  for (int32_t k = 0; k < N; k++) {
    const double q = 1 + p, curve = effort + B * B * q;
    rounding += curve * du * du / 4;
    between += p * h * h / 4;
    p = q * A * A - q * A * B * q * A * B / curve;
  }
  gm_system s = {.model = m};
  int32_t ny = 1;
  gm_control c = {.system = &s,
                  .every = dt,
                  .decisions = N,
                  .choice = choice,
                  .choice_count = CHOICES,
                  .cost = square_end,
                  .user = &ny};
  const gm_grid_axis axis = {0, 0, POINTS, -2, 2};
  for (int32_t stationary = 0; stationary < 2; stationary++) {
    gm_grid_report report;
    gm_policy *policy = solve(
        &c, &(gm_grid_options){.axis = &axis, .axis_count = 1, .stationary = stationary}, &report);
    gm_episode_result r;
    assert_int_equal(
        gm_policy_try(ctx, policy, &(gm_episode_options){.episodes = 1}, NULL, NULL, &r), GM_OK);
    print_message("%.8f, Riccati %.8f, at most + %.2g\n", r.cost, p, rounding + between);
    assert_true(r.cost >= p * (1 - 1e-7) && r.cost <= p * (1 + 1e-7) + rounding + 2 * between);
    const double one = 1;
    double claimed[CHOICES], least = INFINITY;
    (void)gm_policy_choose(policy, 0, 1, &one, NULL, claimed);
    for (int32_t a = 0; a < CHOICES; a++) least = fmin(least, claimed[a]);
    assert_true(least >= p * (1 - 1e-7) && least <= p * (1 + 1e-7) + rounding + between);
    assert_int_equal(report.states, POINTS);
    gm_policy_free(policy);
  }
  gm_model_free(m);
}

/* The double integrator on two axes: within 1 % of Riccati's optimum, from above. */
static void linear_quadratic__two_axes(void **state)
{
  (void)state;
  enum { N = 8, CHOICES = 41 };
  const double dt = 0.25, effort = 0.3 * dt, A[2][2] = {{1, dt}, {0, 1}}, B[2] = {dt * dt / 2, dt};
  double p[2][2] = {{0}};
  for (int k = 0; k < N; k++) {
    double q[2][2] = {{1 + p[0][0], p[0][1]}, {p[0][1], 1 + p[1][1]}}, qa[2][2], qb[2], ba[2];
    for (int i = 0; i < 2; i++) {
      qb[i] = q[i][0] * B[0] + q[i][1] * B[1];
      for (int j = 0; j < 2; j++) qa[i][j] = q[i][0] * A[0][j] + q[i][1] * A[1][j];
    }
    for (int j = 0; j < 2; j++) ba[j] = B[0] * qa[0][j] + B[1] * qa[1][j];
    const double curve = effort + B[0] * qb[0] + B[1] * qb[1];
    for (int i = 0; i < 2; i++)
      for (int j = 0; j < 2; j++)
        p[i][j] = A[0][i] * qa[0][j] + A[1][i] * qa[1][j] - ba[i] * ba[j] / curve;
  }
  const double want = p[0][0] - 2 * 0.5 * p[0][1] + 0.25 * p[1][1]; /* x 1, v -0.5 */
  gm_model *m = equations(ctx, "x' = v\nv' = u\nx = 1\nv = -0.5\nu = 0");
  gm_edge edge[CHOICES];
  gm_control_choice choice[CHOICES];
  choices_of_u(m, CHOICES, 4, effort, edge, choice);
  gm_system s = {.model = m};
  int32_t ny = 2;
  gm_control c = {.system = &s,
                  .every = dt,
                  .decisions = N,
                  .choice = choice,
                  .choice_count = CHOICES,
                  .cost = square_end,
                  .user = &ny};
  const gm_grid_axis axis[2] = {{0, 0, 81, -0.5, 1.5}, {1, 1, 81, -2.5, 1.5}};
  gm_policy *policy =
      solve(&c, &(gm_grid_options){.axis = axis, .axis_count = 2, .stationary = true}, NULL);
  gm_episode_result r;
  assert_int_equal(gm_policy_try(ctx, policy, &(gm_episode_options){.episodes = 1}, NULL, NULL, &r),
                   GM_OK);
  print_message("%.6f, Riccati %.6f\n", r.cost, want);
  assert_true(r.cost >= want * (1 - 1e-7) && r.cost <= want * 1.01);
  gm_policy_free(policy);
  gm_model_free(m);
}

/* ---- replacement ----------------------------------------------------------------------------- */
static double wear(void *user, int32_t decision, const double *begin, const double *end)
{
  (void)user;
  (void)decision;
  (void)begin;
  return end[0];
}

/* Wear grows by 1 a period and costs as much; a new machine costs 25. Without end at discount 0.95
 * the best age of replacement and the value follow from the sum of a cycle. */
static void machine__replaced_at_the_best_age(void **state)
{
  (void)state;
  const double discount = 0.95, price = 25;
  double want = INFINITY;
  int32_t best = 0;
  for (int32_t age = 2; age < 30; age++) { /* from wear 1: kept until `age`, then anew */
    double sum = 0;
    for (int32_t j = 0; j <= age - 2; j++) sum += pow(discount, j) * (j + 2);
    double value = (sum + pow(discount, age - 1) * (price + 1)) / (1 - pow(discount, age));
    if (value < want) {
      want = value;
      best = age;
    }
  }
  gm_model *m = equations(ctx, "w' = 1\nw = 0");
  const gm_edge anew = {.kind = GM_EDGE_REPLACE, .port = gm_model_find(m, GM_TABLE_INPUT, "w")};
  const gm_control_choice choice[2] = {{"keep", NULL, 0, 0}, {"anew", &anew, 1, price}};
  gm_system s = {.model = m};
  gm_control c = {.system = &s,
                  .every = 1,
                  .decisions = 256,
                  .choice = choice,
                  .choice_count = 2,
                  .cost = wear};
  const gm_grid_axis axis = {0, 0, 41, 0, 40};
  gm_grid_report report;
  gm_policy *p = solve(
      &c,
      &(gm_grid_options){
          .axis = &axis, .axis_count = 1, .endless = true, .discount = discount, .tolerance = 1e-9},
      &report);
  print_message("value %.8f, closed form %.8f, age %d; %d sweeps, bound %.2g\n",
                gm_policy_value(p, 0, 0, (double[]){1}), want, best, (int)report.sweeps,
                report.bound);
  near(fmin(gm_policy_value(p, 7, 0, (double[]){1}), gm_policy_value(p, 7, 1, (double[]){1})), want,
       1e-6 * want, "value");
  for (int32_t w = 0; w < 30; w++)
    assert_int_equal(gm_policy_choose(p, 3, 1, (double[]){w}, NULL, NULL), w >= best);
  gm_episode_result r;
  assert_int_equal(gm_policy_try(ctx, p, &(gm_episode_options){.episodes = 1}, NULL, NULL, &r),
                   GM_OK);
  /* from wear 0 a period at cost 1, then on; 0.95^256 of the value is not lived */
  near(r.cost, 1 + discount * want, 2e-5 * want, "lived");
  gm_policy_free(p);
  gm_model_free(m);
}

/* ---- stock ----------------------------------------------------------------------------------- */
enum { STOCK_LOW = -15, STOCK_HIGH = 20, STOCK = STOCK_HIGH - STOCK_LOW + 1, ORDERS = 21 };
static const double demand = 3, unit = 1, hold = 1, lack = 8, discount = 0.9;

static double stock_cost(double stock) { return stock > 0 ? hold * stock : -lack * stock; }

static double stock_period(void *user, int32_t decision, const double *begin, const double *end)
{
  (void)user;
  (void)decision;
  (void)begin;
  return stock_cost(end[0] - 100);
}

/* Value iteration with the Poisson law itself, on the same states: the least cost (order NULL) or
 * that of orders order[stock]. */
static void stock_exact(double fixed, const int32_t *order, double *value)
{
  double next[STOCK];
  memset(value, 0, STOCK * sizeof *value);
  for (int32_t sweep = 0; sweep < 400; sweep++) {
    for (int32_t x = 0; x < STOCK; x++) {
      next[x] = INFINITY;
      for (int32_t a = 0; a < ORDERS; a++) {
        if (order && order[x] != a) continue;
        double sum = unit * a + (a ? fixed : 0), chance = exp(-demand);
        for (int32_t d = 0; d < 40; d++, chance *= demand / d) {
          int32_t to = x + a - d, in = to < 0 ? 0 : to >= STOCK ? STOCK - 1 : to;
          sum += chance * (stock_cost(to + STOCK_LOW) + discount * value[in]);
        }
        next[x] = fmin(next[x], sum);
      }
    }
    memcpy(value, next, sizeof next);
  }
}

/* Sd of a value learned from `runs` draws at every state, by first order: variances of one period
 * and what follows, weighted by the square of the discounted visits from `begin`. */
static double stock_error(const int32_t *order, const double *value, int32_t begin, int32_t runs)
{
  double visit[STOCK] = {0}, law[STOCK] = {0}, sum = 0;
  law[begin] = 1;
  for (int32_t t = 0; t < 200; t++) {
    double next[STOCK] = {0};
    for (int32_t x = 0; x < STOCK; x++) {
      double chance = exp(-demand);
      visit[x] += pow(discount, t) * law[x];
      for (int32_t d = 0; d < 40; d++, chance *= demand / d) {
        int32_t to = x + order[x] - d;
        next[to < 0 ? 0 : to >= STOCK ? STOCK - 1 : to] += chance * law[x];
      }
    }
    memcpy(law, next, sizeof law);
  }
  for (int32_t x = 0; x < STOCK; x++) {
    double mean = 0, square = 0, chance = exp(-demand);
    for (int32_t d = 0; d < 40; d++, chance *= demand / d) {
      int32_t to = x + order[x] - d, in = to < 0 ? 0 : to >= STOCK ? STOCK - 1 : to;
      double v = stock_cost(to + STOCK_LOW) + discount * value[in];
      mean += chance * v;
      square += chance * v * v;
    }
    sum += visit[x] * visit[x] * (square - mean * mean) / runs;
  }
  return sqrt(sum);
}

/* Poisson demand, orders at once: without a fixed cost the best level is the newsvendor's, with one
 * the policy's cost is the optimum's within 0.5 % and it is an (s, S) policy; values lie within 4
 * of their errors. */
static void stock__level_and_two_bins(void **state)
{
  (void)state;
  gm_jump_config config = {
      .equations = {.text = "species X\nX = 100\nd = 3\nsell: X => ; d\n"},
  };
  gm_model *m = NULL;
  if (gm_model_new(ctx, &gm_jump, &config, &m)) fail_msg("%s", gm_message(ctx));
  gm_edge edge[ORDERS];
  gm_control_choice choice[ORDERS];
  gm_system s = {.model = m, .seed = 5};
  gm_control c = {.system = &s,
                  .every = 1,
                  .decisions = 1,
                  .choice = choice,
                  .choice_count = ORDERS,
                  .cost = stock_period};
  const gm_grid_axis axis = {gm_model_find(m, GM_TABLE_OUTPUT, "X"), 0, STOCK, 100 + STOCK_LOW,
                             100 + STOCK_HIGH};
  int32_t level = 0;
  for (double f = exp(-demand), p = f; f < (lack - (1 - discount) * unit) / (lack + hold);) {
    p *= demand / ++level;
    f += p;
  }
  for (int32_t way = 0; way < 2; way++) {
    const double fixed = way ? 6 : 0;
    for (int32_t a = 0; a < ORDERS; a++) {
      edge[a] = (gm_edge){.kind = GM_EDGE_BOLUS, .value = a};
      choice[a] = (gm_control_choice){"order", &edge[a], a > 0, unit * a + (a ? fixed : 0)};
    }
    gm_grid_options o = {
        .axis = &axis, .axis_count = 1, .endless = true, .discount = discount, .replicates = 4000};
    gm_policy *p = solve(&c, &o, NULL);
    int32_t order[STOCK], low = 0;
    double best[STOCK], cost[STOCK];
    for (int32_t x = 0; x < STOCK; x++)
      order[x] = gm_policy_choose(p, 0, 1, (double[]){100 + STOCK_LOW + x}, NULL, NULL);
    stock_exact(fixed, NULL, best);
    stock_exact(fixed, order, cost);
    for (int32_t x = 5; x < STOCK; x++) { /* far below: more is owed than may be ordered */
      const int32_t stock = x + STOCK_LOW;
      if (!way) assert_int_equal(order[x], stock < level ? level - stock : 0);
      assert_true(cost[x] <= best[x] * 1.005);
      double claimed = gm_policy_value(p, 0, order[x], (double[]){100 + stock});
      near(claimed, best[x], 4 * stock_error(order, best, x, o.replicates), "value");
      if (order[x] > 0) low = stock;
    }
    for (int32_t x = 5; x < STOCK; x++)
      assert_true((order[x] > 0) == (x + STOCK_LOW <= low)); /* one threshold */
    print_message("fixed %g: order below %d up to %d; value at 0 %.4f +- %.2f, exact %.4f\n", fixed,
                  low + 1, order[-STOCK_LOW],
                  gm_policy_value(p, 0, order[-STOCK_LOW], (double[]){100}),
                  stock_error(order, best, -STOCK_LOW, o.replicates), best[-STOCK_LOW]);
    gm_policy_free(p);
  }
  gm_model_free(m);
}

/* ---- the epidemic ---------------------------------------------------------------------------- */
static double infections(void *user, int32_t decision, const double *begin, const double *end)
{
  (void)user;
  (void)decision;
  return end[2] - begin[2];
}

static bool recovered(void *user, const double *x, double *macro)
{
  (void)user;
  macro[2] = SIR_N - x[0] - x[1];
  return macro[2] >= 0;
}

/* Cost of a policy by the law of the 1,320 states itself. */
static double epidemic_exact(const gm_policy *p, double *closures)
{
  static double law[SIR_STATES], part[2][SIR_STATES];
  double begin, end, i;
  *closures = 0;
  sir_start(law);
  for (int32_t k = 0; k < 7; k++) {
    memset(part, 0, sizeof part);
    for (int32_t s = 0; s <= SIR_S0; s++)
      for (int32_t n = 0; n <= SIR_N - s; n++) {
        const double y[3] = {s, n, SIR_S0 - s};
        part[gm_policy_choose(p, k, 1, y, NULL, NULL)][sir_index(s, n)] = law[sir_index(s, n)];
      }
    for (int32_t j = 0; j < SIR_STATES; j++) *closures += part[1][j];
    sir_advance(part[0], 0.9, 0.3, 4);
    sir_advance(part[1], 0.36, 0.3, 4);
    for (int32_t j = 0; j < SIR_STATES; j++) law[j] = part[0][j] + part[1][j];
  }
  begin = SIR_S0;
  sir_mean(law, &end, &i);
  return begin - end + 3 * *closures;
}

static const int32_t infected = 3;

typedef struct {
  gm_model *model;
  gm_system system;
  gm_edge edge[2];
  gm_control_choice choice[2];
  gm_control c;
} epidemic;

static const gm_grid_axis epidemic_axis[2] = {{0, 0, 48, 0, 47}, {1, 1, 51, 0, 50}};

static void epidemic_open(epidemic *q, bool agents)
{
  *q = (epidemic){0};
  if (agents)
    assert_int_equal(sir_agents_make(ctx, SIR_N, &infected, &q->model), GM_OK);
  else
    assert_int_equal(sir_jump_new(ctx, false, &q->model), GM_OK);
  int32_t beta = gm_model_find(q->model, GM_TABLE_PARAMETER, "beta");
  q->system = (gm_system){.model = q->model, .seed = 3};
  q->edge[0] = (gm_edge){.kind = GM_EDGE_PARAMETER, .port = beta, .value = 0.9};
  q->edge[1] = (gm_edge){.kind = GM_EDGE_PARAMETER, .port = beta, .value = 0.36};
  q->choice[0] = (gm_control_choice){"open", &q->edge[0], 1, 0};
  q->choice[1] = (gm_control_choice){"closed", &q->edge[1], 1, 3};
  q->c = (gm_control){.system = &q->system,
                      .every = 4,
                      .decisions = 7,
                      .choice = q->choice,
                      .choice_count = 2,
                      .cost = infections};
}

/* The grid of all states: the policy's exact cost is the optimum 24.04704 within 0.02, and its own
 * opinion of it within the error of 400 runs a state. */
static void epidemic__optimum(void **state)
{
  (void)state;
  epidemic q;
  epidemic_open(&q, false);
  gm_grid_report report;
  gm_grid_options o = {.axis = epidemic_axis,
                       .axis_count = 2,
                       .place = recovered,
                       .stationary = true,
                       .replicates = 400};
  gm_policy *p = solve(&q.c, &o, &report);
  double closures, exact = epidemic_exact(p, &closures);
  const double y[3] = {47, 3, 0};
  double claimed = fmin(gm_policy_value(p, 0, 0, y), gm_policy_value(p, 0, 1, y));
  print_message("policy %.5f (optimum 24.04704), closures %.4f (3.70045), claimed %.3f\n", exact,
                closures, claimed);
  assert_int_equal(report.states, SIR_STATES);
  assert_true(report.left == 0);
  assert_true(exact >= 24.047036 && exact <= 24.04704 + 0.02);
  near(claimed, 24.04704, 4 * 14 / sqrt(400), "claimed"); /* sd of the cost of one life: 14 */
  gm_episode_result r;
  assert_int_equal(gm_policy_try(ctx, p, &(gm_episode_options){.episodes = 4000}, NULL, NULL, &r),
                   GM_OK);
  near(r.cost, exact, 4 * r.error, "episodes");
  near(r.choices[1], closures, 0.15, "closures");
  gm_policy_free(p);
  gm_model_free(q.model);
}

/* The same people as agents, set by their macro view: with 30 runs a state the exact cost of the
 * policy is the optimum's within 0.1. */
static void epidemic__of_agents(void **state)
{
  (void)state;
  epidemic q;
  epidemic_open(&q, true);
  gm_grid_options o = {.axis = epidemic_axis,
                       .axis_count = 2,
                       .place = recovered,
                       .stationary = true,
                       .replicates = 30};
  gm_policy *p = solve(&q.c, &o, NULL);
  double closures, exact = epidemic_exact(p, &closures);
  print_message("agents: policy %.5f (optimum 24.04704), closures %.4f\n", exact, closures);
  assert_true(exact >= 24.047036 && exact <= 24.04704 + 0.1);
  gm_policy_free(p);
  gm_model_free(q.model);
}

/* ---- what is refused, stopped, failed -------------------------------------------------------- */
static bool never_closed(void *user, int32_t k, const int32_t *chosen, int32_t choice)
{
  (void)user;
  (void)k;
  (void)chosen;
  return choice == 0;
}

static bool stop_now(void *user)
{
  (void)user;
  return true;
}

static bool misplaced(void *user, const double *x, double *macro)
{
  (void)user;
  macro[0] = x[0] + 1;
  return true;
}

/* Limits hold at every state; a point that the model does not keep, unfit tasks and a stop are
 * told by their codes; any number of threads gives the same bytes. */
static void grid__limits_and_refusals(void **state)
{
  (void)state;
  epidemic q;
  epidemic_open(&q, false);
  gm_policy *p = NULL, *many = NULL;
  gm_grid_options o = {.axis = epidemic_axis,
                       .axis_count = 2,
                       .place = recovered,
                       .stationary = true,
                       .replicates = 4};
  gm_pool *pool = NULL;
  assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
  p = solve(&q.c, &o, NULL);
  q.system.pool = pool;
  many = solve(&q.c, &o, NULL);
  for (int32_t i = 0; i < 40; i++) {
    const double y[3] = {i, 10.3, 0};
    double one = gm_policy_value(p, 0, 1, y), other = gm_policy_value(many, 0, 1, y);
    assert_memory_equal(&one, &other, sizeof one);
  }
  gm_policy_free(p);
  gm_policy_free(many);
  q.system.pool = NULL;
  q.c.allowed = never_closed;
  p = solve(&q.c, &o, NULL);
  for (int32_t i = 0; i < 40; i++)
    assert_int_equal(gm_policy_choose(p, 2, 1, (double[]){i, 10, 0}, NULL, NULL), 0);
  gm_policy_free(p);
  p = NULL;
  gm_watch watch = {.stop = stop_now};
  assert_int_equal(gm_policy_grid(ctx, &q.c, &o, &watch, NULL, &p), GM_ECANCELLED);
  o.place = misplaced;
  assert_int_equal(gm_policy_grid(ctx, &q.c, &o, NULL, NULL, &p), GM_EINVAL);
  o.place = recovered;
  o.endless = true;
  assert_int_equal(gm_policy_grid(ctx, &q.c, &o, NULL, NULL, &p), GM_ERANGE);
  o.endless = false;
  q.c.risk = GM_RISK_CVAR;
  q.c.tail = 0.1;
  assert_int_equal(gm_policy_grid(ctx, &q.c, &o, NULL, NULL, &p), GM_EUNSUPPORTED);
  q.c.risk = GM_RISK_MEAN;
  const gm_grid_axis bad = {0, 0, 1, 0, 1};
  o.axis = &bad;
  o.axis_count = 1;
  assert_int_equal(gm_policy_grid(ctx, &q.c, &o, NULL, NULL, &p), GM_EDOMAIN);
  assert_null(p);
  gm_pool_free(pool);
  gm_model_free(q.model);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_grid_options o = {.axis = epidemic_axis, .axis_count = 2, .place = recovered, .replicates = 1};
  gm_policy *p = NULL;
  gm_status s = gm_policy_grid(c, user, &o, NULL, NULL, &p);
  gm_policy_free(p);
  return s;
}

/* Every allocation that fails gives GM_ENOMEM and leaves nothing behind. */
static void memory__runs_out(void **state)
{
  (void)state;
  epidemic q;
  epidemic_open(&q, false);
  q.c.decisions = 2;
  assert_true(fault_sweep("grid", trial, &q.c) > 10);
  gm_model_free(q.model);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linear_quadratic__one_axis),
      cmocka_unit_test(linear_quadratic__two_axes),
      cmocka_unit_test(machine__replaced_at_the_best_age),
      cmocka_unit_test(stock__level_and_two_bins),
      cmocka_unit_test(epidemic__optimum),
      cmocka_unit_test(epidemic__of_agents),
      cmocka_unit_test(grid__limits_and_refusals),
      cmocka_unit_test(memory__runs_out),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
