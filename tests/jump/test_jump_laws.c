/* The laws of jump processes: what the kind `jump` draws, against distributions known in closed
 * form or from the master equation, solved here.
 * label: full */
#include "jump_case.h"

enum { N = 20000 };

static void poisson(double mean, double *p, int32_t count)
{
  for (int32_t k = 0; k < count; k++) p[k] = exp(k * log(mean) - mean - lgamma(k + 1.0));
}

static void binomial(int32_t n, double q, double *p)
{
  for (int32_t k = 0; k <= n; k++)
    p[k] = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(q) +
               (n - k) * log1p(-q));
}

/* ---- exact ----------------------------------------------------------------------------------- */
/* Arrivals at a constant rate are Poisson counts, and those of disjoint times independent. */
static void exact__arrivals_are_poisson(void **state)
{
  (void)state;
  crowd c;
  double p[60], t[] = {2, 4}, covariance = 0;
  jump_run(&c, "species X; X = 0; A = 4; enter: => X; A", GM_JUMP_EXACT, N, t, 2);
  poisson(8, p, 60);
  distributed("arrivals by 2", &c, 0, "X", p, 60);
  for (int32_t i = 0; i < N; i++) {
    double first = crowd_y(&c, i, 0, "X"), later = crowd_y(&c, i, 1, "X") - first;
    covariance += (first - 8) * (later - 8) / N;
  }
  within("covariance of disjoint times", covariance, 0, 8 / sqrt(N));
  crowd_close(&c);
}

/* Of things that die each by itself, a binomial number is left. */
static void exact__deaths_are_binomial(void **state)
{
  (void)state;
  crowd c;
  double p[31], t[] = {1};
  jump_run(&c, "species X; X = 30; M = 0.5; leave: X => ; M*X", GM_JUMP_EXACT, N, t, 1);
  binomial(30, exp(-0.5), p);
  distributed("left", &c, 0, "X", p, 31);
  crowd_close(&c);
}

/* Immigration and death from 0: Poisson with mean A/M (1 - exp(-M t)), at every time. */
static void exact__immigration_death(void **state)
{
  (void)state;
  crowd c;
  double p[80], t[] = {0.5, 3, 20};
  jump_run(&c, "species X; X = 0; A = 10; M = 0.5; enter: => X; A; leave: X => ; M*X",
           GM_JUMP_EXACT, N, t, 3);
  for (int32_t k = 0; k < 3; k++) {
    double mu = 20 * (1 - exp(-0.5 * t[k]));
    within("mean", crowd_mean(&c, k, "X"), mu, sqrt(mu / N));
    within("variance", crowd_variance(&c, k, "X"), mu, mu * sqrt((2 + 1 / mu) / N));
    poisson(mu, p, 80);
    distributed("immigration-death", &c, k, "X", p, 80);
  }
  crowd_close(&c);
}

/* Birth and death of each by itself, from one: extinct with probability a, else geometric with
 * ratio b = a birth/death (Kendall, Ann. Math. Stat. 19:1, 1948). The rates are those of case
 * 00003 of the SBML Test Suite, whose heavy tail its bounds for the variance hardly allow for. */
static void exact__birth_death_is_geometric(void **state)
{
  (void)state;
  crowd c;
  double p[60], t[] = {5, 20};
  jump_run(&c, "species X; X = 1; L = 1; M = 1.1; birth: X => 2 X; L*X; death: X => ; M*X",
           GM_JUMP_EXACT, 5 * N, t, 2);
  for (int32_t k = 0; k < 2; k++) {
    double e = exp(-0.1 * t[k]), a = 1.1 * (e - 1) / (e - 1.1), b = a / 1.1;
    p[0] = a;
    for (int32_t n = 1; n < 60; n++) p[n] = (1 - a) * (1 - b) * pow(b, n - 1);
    distributed("birth-death", &c, k, "X", p, 60);
  }
  crowd_close(&c);
}

/* One step of Runge-Kutta's fourth order on the master equation of a birth-death chain. */
static void master_slope(const double *up, const double *down, int32_t n, const double *p,
                         double *d)
{
  for (int32_t k = 0; k < n; k++)
    d[k] = -(up[k] + down[k]) * p[k] + (k > 0 ? up[k - 1] * p[k - 1] : 0) +
           (k + 1 < n ? down[k + 1] * p[k + 1] : 0);
}

static void master_solve(const double *up, const double *down, int32_t n, double *p, double t)
{
  double fastest = 0, *k = calloc(5 * (size_t)n, sizeof *k), *q = k + 4 * n;
  for (int32_t i = 0; i < n; i++) fastest = fmax(fastest, up[i] + down[i]);
  int32_t steps = (int32_t)(t * fastest) + 100; /* h (fastest) <= 1: well inside of stability */
  double h = t / steps;
  for (int32_t s = 0; s < steps; s++) {
    master_slope(up, down, n, p, k);
    for (int stage = 1; stage < 4; stage++) {
      for (int32_t i = 0; i < n; i++)
        q[i] = p[i] + h * (stage < 3 ? 0.5 : 1) * k[(stage - 1) * n + i];
      master_slope(up, down, n, q, k + stage * n);
    }
    for (int32_t i = 0; i < n; i++)
      p[i] += h / 6 * (k[i] + 2 * k[n + i] + 2 * k[2 * n + i] + k[3 * n + i]);
  }
  free(k);
}

/* Dimers of 60 monomers follow the master equation, at an early and a late time. */
static void exact__dimerisation_follows_the_master_equation(void **state)
{
  (void)state;
  enum { D = 31 };
  crowd c;
  double up[D], down[D], t[] = {3, 30};
  jump_run(&c,
           "species P, D; P = 60; D = 0; k1 = 0.01; k2 = 0.05\n"
           "join: 2 P => D; k1*P*(P - 1)/2\n part: D => 2 P; k2*D",
           GM_JUMP_EXACT, N, t, 2);
  for (int32_t d = 0; d < D; d++) {
    double m = 60 - 2 * d;
    up[d] = 0.01 * m * (m - 1) / 2;
    down[d] = 0.05 * d;
  }
  for (int32_t k = 0; k < 2; k++) {
    double p[D] = {1}, mu = 0, square = 0, fourth = 0;
    master_solve(up, down, D, p, t[k]);
    for (int32_t d = 0; d < D; d++) mu += p[d] * d;
    for (int32_t d = 0; d < D; d++) square += p[d] * pow(d - mu, 2);
    for (int32_t d = 0; d < D; d++) fourth += p[d] * pow(d - mu, 4);
    within("mean dimers", crowd_mean(&c, k, "D"), mu, sqrt(square / N));
    within("variance of dimers", crowd_variance(&c, k, "D"), square,
           sqrt((fourth - square * square) / N));
    distributed("dimers", &c, k, "D", p, D);
    for (int32_t i = 0; i < N; i++) /* nothing is lost */
      assert_true(crowd_y(&c, i, k, "P") + 2 * crowd_y(&c, i, k, "D") == 60);
  }
  crowd_close(&c);
}

/* Schloegl's reactions, of third order, are bistable; the share in the upper state and the mean
 * agree with the master equation. Constants: Cao & Petzold, J. Comput. Phys. 212:6 (2006). */
static void exact__schloegl_is_bistable(void **state)
{
  (void)state;
  enum { MEMBERS = 1000, STATES = 900, CUT = 300 };
  static double up[STATES], down[STATES], p[STATES];
  crowd c;
  double t[] = {4};
  jump_run(&c,
           "species X; X = 250; c1 = 3e-7; c2 = 1e-4; c3 = 1e-3; c4 = 3.5; A = 1e5; B = 2e5\n"
           "r1: 2 X => 3 X; c1/2*A*X*(X - 1)\n r2: 3 X => 2 X; c2/6*X*(X - 1)*(X - 2)\n"
           "r3: => X; c3*B\n r4: X => ; c4*X",
           GM_JUMP_EXACT, MEMBERS, t, 1);
  for (int32_t x = 0; x < STATES; x++) {
    up[x] = x + 1 < STATES ? 0.015 * x * (x - 1.0) + 200 : 0;
    down[x] = 1e-4 / 6 * x * (x - 1.0) * (x - 2.0) + 3.5 * x;
  }
  p[250] = 1;
  master_solve(up, down, STATES, p, 4);
  double mu = 0, square = 0, above = 0, share = 0;
  for (int32_t x = 0; x < STATES; x++) mu += p[x] * x;
  for (int32_t x = 0; x < STATES; x++) square += p[x] * (x - mu) * (x - mu);
  for (int32_t x = CUT; x < STATES; x++) above += p[x];
  for (int32_t i = 0; i < MEMBERS; i++) share += (crowd_y(&c, i, 0, "X") >= CUT) / (double)MEMBERS;
  assert_true(above > 0.1 && above < 0.9);
  within("mean", crowd_mean(&c, 0, "X"), mu, sqrt(square / MEMBERS));
  within("share above", share, above, sqrt(above * (1 - above) / MEMBERS));
  crowd_close(&c);
}

/* The epidemic that ends has the final size of the embedded chain: enumerated here, and 41.279987
 * as found by enumeration of all 1,320 states and confirmed by independent simulation. */
static void exact__final_size_of_an_epidemic(void **state)
{
  (void)state;
  static double p[51][102]; /* susceptible, infected */
  static double size_p[52];
  crowd c;
  double t[] = {400}, mu = 0, square = 0;
  p[47][3] = 1;
  for (int32_t s = 47; s >= 0; s--)
    for (int32_t i = 100; i >= 0; i--) {
      if (p[s][i] == 0) continue;
      if (i == 0) {
        size_p[50 - s] += p[s][0];
        continue;
      }
      double infect = 0.9 * s / 50 / (0.9 * s / 50 + 0.3);
      if (s > 0) p[s - 1][i + 1] += p[s][i] * infect;
      p[s][i - 1] += p[s][i] * (1 - infect);
    }
  for (int32_t k = 0; k <= 50; k++) mu += size_p[k] * k;
  for (int32_t k = 0; k <= 50; k++) square += size_p[k] * (k - mu) * (k - mu);
  assert_true(fabs(mu - 3 - 41.279987) < 1e-6); /* new cases, without the first three */
  jump_run(&c,
           "species S, I, R; S = 47; I = 3; R = 0; b = 0.9; g = 0.3\n"
           "infect: S + I => 2 I; b*S*I/50\n heal: I => R; g*I",
           GM_JUMP_EXACT, N, t, 1);
  within("final size", crowd_mean(&c, 0, "R"), mu, sqrt(square / N));
  distributed("final size", &c, 0, "R", size_p, 51);
  crowd_close(&c);
}

/* ---- hazards that move ----------------------------------------------------------------------- */
/* Arrivals at a rate that swings are Poisson with the integral of the rate. */
static void exact__a_rate_that_swings_is_integrated(void **state)
{
  (void)state;
  crowd c;
  double p[60], t[] = {2.5};
  jump_run(&c, "species X; X = 0; A = 4; enter: => X; A*(1 + 0.5*sin(3*time))", GM_JUMP_EXACT, N, t,
           1);
  poisson(4 * (2.5 + 0.5 / 3 * (1 - cos(7.5))), p, 60);
  distributed("arrivals", &c, 0, "X", p, 60);
  crowd_close(&c);
}

/* A hazard proportional to a drug that is eliminated: survival is exp(-k/e (1 - exp(-e t))). */
static void exact__a_hazard_follows_a_rate_rule(void **state)
{
  (void)state;
  crowd c;
  double p[21], t[] = {1, 4};
  jump_run(&c, "species X; X = 20; k = 0.8; V = 1; V' = -0.7*V; leave: X => ; k*V*X", GM_JUMP_EXACT,
           5000, t, 2);
  for (int32_t k = 0; k < 2; k++) {
    binomial(20, exp(-0.8 / 0.7 * (1 - exp(-0.7 * t[k]))), p);
    distributed("survivors", &c, k, "X", p, 21);
    assert_true(fabs(crowd_y(&c, 0, k, "V") - exp(-0.7 * t[k])) < 1e-7);
  }
  crowd_close(&c);
}

/* Conditions on time are met exactly and cost no integration: a rate in steps, also by floor(). */
static void exact__conditions_on_time_are_exact(void **state)
{
  (void)state;
  crowd c;
  double p[80], t[] = {5, 7.5};
  jump_open(&c,
            "species X, Y; X = 0; Y = 0; inx: => X; piecewise(1, time < 5, 6)\n"
            "iny: => Y; floor(time/2)",
            GM_JUMP_EXACT, N);
  assert_non_null(strstr(c.info.solver, "(exact)"));
  crowd_init(&c);
  crowd_go(&c, 0, 7.5, t, 2, NULL, 0);
  crowd_all_well(&c);
  poisson(5, p, 80);
  distributed("before the step", &c, 0, "X", p, 80);
  poisson(5 + 6 * 2.5, p, 80);
  distributed("after the step", &c, 1, "X", p, 80);
  poisson(2 * 1 + 2 * 2 + 1.5 * 3, p, 80);
  distributed("steps of floor", &c, 1, "Y", p, 80);
  crowd_close(&c);
}

/* An input rate into a count is a stream of single arrivals; a parameter edge changes a rate. */
static void exact__inputs_and_edges(void **state)
{
  (void)state;
  crowd c;
  double p[80], t[] = {6};
  jump_open(&c, "species X; X = 0; A = 1; enter: => X; A", GM_JUMP_EXACT, N);
  gm_edge edge[] = {{.t = 1, .kind = GM_EDGE_RATE, .value = 3},
                    {.t = 2, .kind = GM_EDGE_PARAMETER, .value = 2},
                    {.t = 4, .kind = GM_EDGE_RATE, .value = 0},
                    {.t = 5, .kind = GM_EDGE_BOLUS, .value = 7}};
  crowd_init(&c);
  crowd_go(&c, 0, 6, t, 1, edge, 4);
  crowd_all_well(&c);
  poisson(3 * 3 + 1 * 2 + 2 * 4, p + 7, 70);
  for (int32_t k = 0; k < 7; k++) p[k] = 0;
  distributed("arrivals", &c, 0, "X", p, 77);
  crowd_close(&c);
}

/* ---- leaps ----------------------------------------------------------------------------------- */
/* Leaps keep the mean within epsilon of the exact law and the variance within twice that. */
static void tau__moments_are_within_epsilon(void **state)
{
  (void)state;
  enum { MEMBERS = 4000 };
  crowd c;
  double t[] = {2, 10, 60};
  gm_jump_config config = {.method = GM_JUMP_TAU, .tau_epsilon = 0.03};
  config.equations.text = "species X; X = 0; A = 1000; M = 0.1; enter: => X; A; leave: X => ; M*X";
  crowd_run(&c, &gm_jump, &config, MEMBERS, t, 3);
  for (int32_t k = 0; k < 3; k++) {
    double mu = 1e4 * (1 - exp(-0.1 * t[k]));
    double mean = crowd_mean(&c, k, "X"), variance = crowd_variance(&c, k, "X");
    print_message("t %g: mean %.1f of %.1f, variance %.1f\n", t[k], mean, mu, variance);
    assert_true(fabs(mean / mu - 1) < 0.03);
    assert_true(fabs(variance / mu - 1) < 0.06 + 4 * sqrt(2.0 / MEMBERS));
  }
  crowd_close(&c);
}

/* Arrivals alone have a constant propensity: leaps over them are exact, also where samples and the
 * ends of spans lie inside of a leap. */
static void tau__arrivals_stay_poisson_inside_of_leaps(void **state)
{
  (void)state;
  crowd c;
  double p[120], t[] = {0.7, 2}, later[] = {2.3}, q[120];
  jump_run(&c, "species X; X = 0; A = 20; enter: => X; A", GM_JUMP_TAU, N, t, 2);
  assert_true(crowd_x(&c, 0, "leap:length") > 2); /* it is inside of one */
  poisson(14, p, 120);
  distributed("by 0.7", &c, 0, "X", p, 120);
  poisson(40, q, 120);
  distributed("by 2", &c, 1, "X", q, 120);
  double covariance = 0;
  for (int32_t i = 0; i < N; i++)
    covariance +=
        (crowd_y(&c, i, 0, "X") - 14) * (crowd_y(&c, i, 1, "X") - crowd_y(&c, i, 0, "X") - 26) / N;
  within("covariance inside", covariance, 0, sqrt(14.0 * 26 / N));
  crowd_go(&c, 2, 2.3, later, 1, NULL, 0);
  poisson(46, p, 120);
  distributed("by 2.3", &c, 0, "X", p, 120);
  crowd_close(&c);
}

/* Where counts are small leaps give way to single firings of the same clocks: the same paths as the
 * exact method, bit for bit, and never below zero. */
static void tau__small_counts_are_exact(void **state)
{
  (void)state;
  const char *text = "species A, B; A = 9; B = 0; k = 1; j = 0.5; f: A => B; k*A; g: B => A; j*B";
  crowd e, l;
  double t[] = {1, 2, 3, 10};
  jump_open(&e, text, GM_JUMP_EXACT, 1000);
  jump_open(&l, text, GM_JUMP_TAU, 1000);
  crowd_init(&e);
  crowd_init(&l);
  crowd_go(&e, 0, 10, t, 4, NULL, 0);
  crowd_go(&l, 0, 10, t, 4, NULL, 0);
  assert_memory_equal(e.y, l.y, 1000 * 4 * (size_t)e.info.output_count * sizeof(double));
  crowd_close(&e);
  crowd_close(&l);
}

/* A decay from many to none passes from leaps to single firings: what is left is binomial. */
static void tau__decay_to_extinction(void **state)
{
  (void)state;
  enum { MEMBERS = 5000 };
  crowd c;
  double t[] = {3, 9}, none = 0, left = 5000 * exp(-3);
  jump_run(&c, "species X; X = 5000; M = 1; leave: X => ; M*X", GM_JUMP_TAU, MEMBERS, t, 2);
  double mean = crowd_mean(&c, 0, "X"), variance = crowd_variance(&c, 0, "X");
  assert_true(fabs(mean / left - 1) < 0.06); /* 3 relaxations, each within epsilon/2 */
  assert_true(fabs(variance / (left * (1 - exp(-3))) - 1) < 0.12 + 4 * sqrt(2.0 / MEMBERS));
  for (int32_t i = 0; i < MEMBERS; i++) {
    assert_true(crowd_y(&c, i, 1, "X") >= 0);
    none += (crowd_y(&c, i, 1, "X") == 0) / (double)MEMBERS;
  }
  double want = pow(1 - exp(-9), 5000); /* 0.54; the mean of what remains may be off by 6 % */
  assert_true(fabs(log(none) / log(want) - 1) < 0.09 + 4 * sqrt((1 - want) / want / MEMBERS) / 0.6);
  crowd_close(&c);
}

/* ---- hybrid ---------------------------------------------------------------------------------- */
/* While all counts are large the model flows: the solution of the rate equations. */
static void hybrid__large_counts_flow(void **state)
{
  (void)state;
  crowd c;
  double t[] = {1, 5, 20};
  jump_run(&c, "species X; X = 1e6; A = 5000; M = 0.1; enter: => X; A; leave: X => ; M*X",
           GM_JUMP_HYBRID, 2, t, 3);
  for (int32_t k = 0; k < 3; k++)
    assert_true(fabs(crowd_y(&c, 0, k, "X") / (5e4 + 9.5e5 * exp(-0.1 * t[k])) - 1) < 1e-7);
  crowd_close(&c);
}

/* A gene that switches (jumps) and its product (flows): the telegraph process drives a linear
 * equation; stationary mean K/M p and variance (K/M)^2 p (1 - p) M/(M + on + off). */
static void hybrid__a_switch_drives_a_flow(void **state)
{
  (void)state;
  enum { MEMBERS = 4000 };
  crowd c;
  double t[] = {30};
  double p = 0.4 / (0.4 + 0.6), mu = 1e5 * p, want = 1e10 * p * (1 - p) * 0.5 / (0.5 + 1);
  gm_jump_config config = {.method = GM_JUMP_HYBRID, .hybrid_population = 100};
  config.equations.rtol = 1e-6;
  config.equations.text =
      "species G, F, X; F = 1; G = 0; X = 40000; on = 0.4; off = 0.6; K = 50000\n"
      "a: F => G; on*F\n b: G => F; off*G\n c: => X; K*G\n d: X => ; 0.5*X";
  crowd_run(&c, &gm_jump, &config, MEMBERS, t, 1);
  within("mean product", crowd_mean(&c, 0, "X"), mu, sqrt(want / MEMBERS));
  within("variance of product", crowd_variance(&c, 0, "X"), want, want * sqrt(2.0 / MEMBERS));
  crowd_close(&c);
}

/* A decay that begins as a flow ends in jumps: extinction has its exact probability, since the flow
 * hands over long before chance matters. */
static void hybrid__flow_hands_over_to_jumps(void **state)
{
  (void)state;
  enum { MEMBERS = 5000 };
  crowd c;
  double t[] = {9}, none = 0, want = exp(5000 * log1p(-exp(-9)));
  gm_jump_config config = {.method = GM_JUMP_HYBRID, .hybrid_population = 400};
  config.equations.rtol = 1e-6;
  config.equations.text = "species X; X = 5000; M = 1; leave: X => ; M*X";
  crowd_run(&c, &gm_jump, &config, MEMBERS, t, 1);
  for (int32_t i = 0; i < MEMBERS; i++) {
    double x = crowd_y(&c, i, 0, "X");
    assert_true(x >= 0 && x == rint(x));
    none += (x == 0) / (double)MEMBERS;
  }
  within("extinct", none, want, sqrt(want * (1 - want) / MEMBERS));
  crowd_close(&c);
}

/* Under leaps too a trigger on a count is met by every firing: X is emptied at its third arrival,
 * so that of 5 t arrivals a third are counted: n = floor(N/3) with N Poisson of mean 5 t. */
static void tau__triggers_on_counts_are_met(void **state)
{
  (void)state;
  crowd c;
  double p[400], want[134] = {0}, t[] = {40};
  jump_run(&c, "species X; X = 0; n = 0; A = 5; enter: => X; A; at (X >= 3): X = 0, n = n + 1",
           GM_JUMP_TAU, N, t, 1);
  poisson(200, p, 400);
  for (int32_t k = 0; k < 400; k++) want[k / 3] += p[k];
  distributed("emptied", &c, 0, "n", want, 134);
  crowd_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact__arrivals_are_poisson),
      cmocka_unit_test(exact__deaths_are_binomial),
      cmocka_unit_test(exact__immigration_death),
      cmocka_unit_test(exact__birth_death_is_geometric),
      cmocka_unit_test(exact__dimerisation_follows_the_master_equation),
      cmocka_unit_test(exact__schloegl_is_bistable),
      cmocka_unit_test(exact__final_size_of_an_epidemic),
      cmocka_unit_test(exact__a_rate_that_swings_is_integrated),
      cmocka_unit_test(exact__a_hazard_follows_a_rate_rule),
      cmocka_unit_test(exact__conditions_on_time_are_exact),
      cmocka_unit_test(exact__inputs_and_edges),
      cmocka_unit_test(tau__moments_are_within_epsilon),
      cmocka_unit_test(tau__arrivals_stay_poisson_inside_of_leaps),
      cmocka_unit_test(tau__small_counts_are_exact),
      cmocka_unit_test(tau__decay_to_extinction),
      cmocka_unit_test(hybrid__large_counts_flow),
      cmocka_unit_test(hybrid__a_switch_drives_a_flow),
      cmocka_unit_test(hybrid__flow_hands_over_to_jumps),
      cmocka_unit_test(tau__triggers_on_counts_are_met),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
