/* test_shoot.c - smooth optimal control against closed forms and published optima.
 * label: full */
#include "gemel/equations.h"
#include "gemel/shoot.h"
#include "methods/shoot_internal.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N_MAX = 120, DIRECTIONS = 16 };

static gm_ctx *ctx;

static gm_model *model_of(gm_ctx *c, const char *text, int32_t directions)
{
  gm_model *m = NULL;
  gm_eq_config config = {
      .text = text, .directions_max = directions, .solver = GM_EQ_EXPLICIT, .rtol = 1e-9};
  gm_status s = gm_model_new(c, &gm_equations, &config, &m);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(c));
  return m;
}

static int32_t find(const gm_model *m, gm_table table, const char *name)
{
  int32_t i = gm_model_find(m, table, name);
  if (i < 0) fail_msg("no %s", name);
  return i;
}

static void grid(int32_t n, double end, double *t)
{
  for (int32_t k = 0; k <= n; k++) t[k] = end * k / n;
}

/* One control on a grid, and what is to be minimised. */
static gm_shoot task(const gm_model *m, const double *t, int32_t intervals, int32_t segments,
                     const gm_shoot_control *u, const gm_shoot_term *term, int32_t term_count)
{
  return (gm_shoot){.model = m,
                    .t = t,
                    .interval_count = intervals,
                    .segment_count = segments,
                    .control = u,
                    .control_count = 1,
                    .term = term,
                    .term_count = term_count};
}

/* The parameter u, held. */
static gm_shoot_control control_u(const gm_model *m, double lower, double upper, double start)
{
  return (gm_shoot_control){.name = "u",
                            .kind = GM_EDGE_PARAMETER,
                            .port = find(m, GM_TABLE_PARAMETER, "u"),
                            .lower = lower,
                            .upper = upper,
                            .start = start};
}

static bool stop_at_once(void *user) { return ++*(int32_t *)user > 2; }

static gm_shoot_result solve(const gm_shoot *p, const gm_shoot_options *o)
{
  gm_shoot_result r = {0};
  gm_status s = gm_shoot_solve(ctx, p, o, NULL, &r);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
  if (getenv("SHOOT_SHOW"))
    printf("f %.8f kkt %.2g violation %.2g iterations %d simulations %.0f: %s\n", r.objective,
           r.kkt, r.violation, (int)r.iterations, r.simulations, gm_shoot_stop_text(r.stop));
  return r;
}

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

/* A program of two unknowns with active bound and equation has the solution found by hand. */
static void quadratic_program__by_hand(void **state)
{
  (void)state;
  /* min (x-1)^2 + (y-2.5)^2, x - 2y + 2 >= 0, -x - 2y + 6 >= 0, -x + 2y + 2 >= 0, x, y >= 0:
   * (1.4, 1.7), multiplier 0.8 (Nocedal & Wright 2006, example 16.4) */
  const double h[4] = {2, 0, 0, 2}, g[2] = {-2, -5}, lo[2] = {0, 0}, hi[2] = {9, 9},
               c[6] = {1, -2, -1, -2, -1, 2}, v[3] = {2, 6, 2};
  double x[2], price[7];
  bool clash;
  gm__qp q = {2, 3, 0, h, g, lo, hi, c, v};
  assert_int_equal(gm__qp_solve(ctx, &q, x, price, &clash), GM_OK);
  assert_false(clash);
  near(x[0], 1.4, 1e-12, "x");
  near(x[1], 1.7, 1e-12, "y");
  near(price[4], 0.8, 1e-12, "multiplier");
  const double bad[3] = {2, 6, -20};
  q.v = bad;
  assert_int_equal(gm__qp_solve(ctx, &q, x, price, &clash), GM_OK);
  assert_true(clash);
}

/* Double integrator held by steps: least squares on the grid equals the discrete Riccati solution,
 * with one segment and many, Gauss-Newton and BFGS, tangents and differences. */
static void linear_quadratic__is_riccati(void **state)
{
  (void)state;
  enum { N = 20 };
  const double dt = 0.25, effort = 0.3;
  /* backwards: P for cost 1/2 sum (x^2 + v^2)_{k+1} + effort/2 u^2 dt */
  double p[2][2] = {{0, 0}, {0, 0}};
  const double A[2][2] = {{1, dt}, {0, 1}}, B[2] = {dt * dt / 2, dt};
  for (int k = 0; k < N; k++) {
    double q[2][2] = {{p[0][0] + 1, p[0][1]}, {p[1][0], p[1][1] + 1}}, qb[2], qa[2][2], ba[2];
    for (int i = 0; i < 2; i++) qb[i] = q[i][0] * B[0] + q[i][1] * B[1];
    for (int i = 0; i < 2; i++) ba[i] = qb[0] * A[0][i] + qb[1] * A[1][i];
    for (int i = 0; i < 2; i++)
      for (int l = 0; l < 2; l++) qa[i][l] = q[i][0] * A[0][l] + q[i][1] * A[1][l];
    double bqb = B[0] * qb[0] + B[1] * qb[1] + effort * dt;
    for (int i = 0; i < 2; i++)
      for (int l = 0; l < 2; l++)
        p[i][l] = A[0][i] * qa[0][l] + A[1][i] * qa[1][l] - ba[i] * ba[l] / bqb;
  }
  const double want = (p[0][0] - 2 * 0.5 * p[0][1] + 0.25 * p[1][1]) / 2; /* x 1, v -0.5 */
  gm_model *m = model_of(ctx, "x' = v\nv' = u\nx = 1\nv = -0.5\nu = 0", DIRECTIONS);
  double t[N + 1];
  grid(N, N * dt, t);
  const int32_t x = find(m, GM_TABLE_OUTPUT, "x"), v = find(m, GM_TABLE_OUTPUT, "v");
  gm_shoot_term term[2] = {{x, GM_SHOOT_GRID, 1, 0, true}, {v, GM_SHOOT_GRID, 1, 0, true}};
  for (int way = 0; way < 8; way++) {
    gm_shoot_control u = {.name = "u", .lower = -20, .upper = 20, .start = 0.1, .effort = effort};
    u.kind = way & 4 ? GM_EDGE_RATE : GM_EDGE_PARAMETER;
    u.port = way & 4 ? find(m, GM_TABLE_INPUT, "v") : find(m, GM_TABLE_PARAMETER, "u");
    gm_shoot s = task(m, t, N, way & 1 ? 7 : 1, &u, term, 2);
    gm_shoot_options o = {.directions = way & 2 ? DIRECTIONS : 0, .gauss_newton = way < 6};
    gm_shoot_result r = solve(&s, &o);
    assert_true(r.converged);
    near(r.objective, want, 1e-6 * want, "cost");
    gm_shoot_result_free(&r);
  }
  gm_model_free(m);
}

static const char tumour[] =
    "p' = T*(-xi*p*ln(p/q))\n"
    "q' = T*(q*(b - mu - d*p^(2/3) - G*u))\n"
    "y' = T*u\n"
    "T = 1\nu = 0\nxi = 0.084\nb = 5.85\nmu = 0.02\nd = 0.00873\nG = 0.15\n"
    "p = ((b - mu)/d)^(3/2)/2\nq = ((b - mu)/d)^(3/2)/4\ny = 0\n";

/* Tumour anti-angiogenesis with free end time: published optimum 7571.6712 (Betts ex. 10.141) is
 * the bound from below; piecewise constant doses on 60 intervals come to 7571.68. */
static void tumour__published(void **state)
{
  (void)state;
  gm_model *m = model_of(ctx, tumour, DIRECTIONS);
  double t[61];
  grid(60, 1, t);
  gm_shoot_control u = control_u(m, 0, 75, 12);
  gm_shoot_parameter end = {find(m, GM_TABLE_PARAMETER, "T"), 0.2, 2, 1};
  gm_shoot_term term = {find(m, GM_TABLE_OUTPUT, "p"), GM_SHOOT_END, 1, 0, false};
  gm_shoot_bound total = {.output = find(m, GM_TABLE_OUTPUT, "y"),
                          .lower = -INFINITY,
                          .upper = 15,
                          .where = GM_SHOOT_END};
  static const int32_t segments[4] = {1, 6, 6, 60};
  for (int32_t way = 0; way < 4; way++) {
    gm_shoot s = task(m, t, 60, segments[way], &u, &term, 1);
    s.parameter = &end;
    s.parameter_count = 1;
    s.bound = &total;
    s.bound_count = 1;
    gm_shoot_options o = {.directions = DIRECTIONS, .newton = way > 1};
    gm_shoot_result r = solve(&s, &o);
    assert_true(r.violation <= 1e-6);
    assert_true(r.objective >= 7571.6712 - 0.01 && r.objective <= 7571.75);
    near(r.parameter[0], 1.1961, 0.01, "end time");
    assert_true(r.control[0] > 74.9 && r.control[59] < 0.1);
    gm_shoot_result_free(&r);
  }
  gm_model_free(m);
}

/* Fishing of Lotka-Volterra (Sager; PSOPT 1.344093): relaxed controls on 60 intervals reach it from
 * above, and the Lagrangian's own Hessian with a fifth of the simulations of BFGS. */
static void fishing__published(void **state)
{
  (void)state;
  gm_model *m = model_of(ctx,
                         "a' = a - a*b - 0.4*a*u\nb' = -b + a*b - 0.2*b*u\n"
                         "j' = (a-1)^2 + (b-1)^2\na = 0.5\nb = 0.7\nj = 0\nu = 0",
                         DIRECTIONS);
  double t[61];
  grid(60, 12, t);
  gm_shoot_control u = control_u(m, 0, 1, 0.3);
  gm_shoot_term term = {find(m, GM_TABLE_OUTPUT, "j"), GM_SHOOT_END, 1, 0, false};
  double simulations[2];
  for (int32_t newton = 0; newton < 2; newton++) {
    gm_shoot s = task(m, t, 60, newton ? 60 : 6, &u, &term, 1);
    gm_shoot_result r = solve(&s, &(gm_shoot_options){.directions = DIRECTIONS, .newton = newton});
    assert_true(r.converged && r.violation <= 1e-6);
    assert_true(r.objective >= 1.34403 && r.objective <= 1.3455);
    simulations[newton] = r.simulations;
    gm_shoot_result_free(&r);
  }
  print_message("simulations: BFGS %.0f, Newton %.0f\n", simulations[0], simulations[1]);
  assert_true(simulations[1] <= 400 && simulations[1] < simulations[0] / 5);
  gm_model_free(m);
}

/* Simulations are counted by hand: a horizon with its directions, whatever it is cut into. */
static void simulations__counted(void **state)
{
  (void)state;
  enum { N = 4 };
  gm_model *m = model_of(ctx, "x' = u - x\nx = 1\nu = 0", DIRECTIONS);
  double t[N + 1];
  grid(N, 1, t);
  gm_shoot_control u = control_u(m, -1, 1, 0.5);
  gm_shoot_term term = {0, GM_SHOOT_END, 1, 0, true};
  gm_shoot s = task(m, t, N, 2, &u, &term, 1);
  gm_shoot_result r = {0};
  int32_t asked = 2; /* stopped before the first step */
  gm_watch watch = {.stop = stop_at_once, .user = &asked};
  /* the start, and slopes: two halves with one state and two controls each as 3 directions */
  assert_int_equal(
      gm_shoot_solve(ctx, &s, &(gm_shoot_options){.directions = DIRECTIONS}, &watch, &r),
      GM_ECANCELLED);
  near(r.simulations, 1 + (1 + 3), 1e-12, "tangents");
  gm_shoot_result_free(&r);
  /* differences: two runs of a half a direction, 2 and 3 of them */
  asked = 2;
  assert_int_equal(gm_shoot_solve(ctx, &s, NULL, &watch, &r), GM_ECANCELLED);
  near(r.simulations, 1 + (2 + 3), 1e-12, "differences");
  gm_shoot_result_free(&r);
  gm_model_free(m);
}

/* ---- brachistochrone ------------------------------------------------------------------------- */
/* phi of the cycloid through (1, 1): (phi - sin phi) = (1 - cos phi). */
static double cycloid(void)
{
  double low = 1, high = 4;
  for (int32_t i = 0; i < 60; i++) {
    double phi = (low + high) / 2;
    *(phi - sin(phi) < 1 - cos(phi) ? &low : &high) = phi;
  }
  return low;
}

/* The fastest way down under g = 9.81 from rest, by angles held on 40 intervals: to x = 1 at any
 * depth it takes sqrt(pi/g) along half a cycloid, whose angle grows evenly; to (1, 1) phi
 * sqrt(a/g). Held angles take longer, by less than 1e-3. */
static void brachistochrone__cycloid(void **state)
{
  (void)state;
  enum { N = 40 };
  const double g = 9.81, phi = cycloid(), half = acos(-1.0) / 2;
  const double want[2] = {sqrt(2 * half / g), phi * sqrt(1 / (1 - cos(phi)) / g)};
  gm_model *m = model_of(ctx,
                         "x' = T*v*sin(u)\ny' = T*v*cos(u)\nv' = T*9.81*cos(u)\nc' = T\n"
                         "x = 0\ny = 0\nv = 0\nc = 0\nT = 1\nu = 0.8",
                         DIRECTIONS);
  double t[N + 1], start[N];
  grid(N, 1, t);
  for (int32_t k = 0; k < N; k++) start[k] = 0.4 + 0.02 * k;
  gm_shoot_control u = control_u(m, 0, 2.5, 0);
  u.start_at = start;
  gm_shoot_parameter end = {find(m, GM_TABLE_PARAMETER, "T"), 0.2, 2, 0.8};
  gm_shoot_term term = {find(m, GM_TABLE_OUTPUT, "c"), GM_SHOOT_END, 1, 0, false};
  gm_shoot_bound there[2] = {
      {.output = find(m, GM_TABLE_OUTPUT, "x"), .where = GM_SHOOT_END, .lower = 1, .upper = 1},
      {.output = find(m, GM_TABLE_OUTPUT, "y"), .where = GM_SHOOT_END, .lower = 1, .upper = 1}};
  for (int32_t way = 0; way < 4; way++) {
    gm_shoot s = task(m, t, N, way & 1 ? N : 4, &u, &term, 1);
    s.parameter = &end;
    s.parameter_count = 1;
    s.bound = there;
    s.bound_count = way & 2 ? 2 : 1;
    gm_shoot_result r = solve(&s, &(gm_shoot_options){.directions = DIRECTIONS, .newton = way & 1});
    const double best = want[way >> 1];
    assert_true(r.converged && r.violation <= 1e-7);
    assert_true(r.objective >= best * (1 - 1e-7) && r.objective <= best * (1 + 1e-3));
    for (int32_t k = 0; k < N && way < 2; k++)
      near(r.control[k], half * (k + 0.5) / N, 0.02, "angle");
    gm_shoot_result_free(&r);
  }
  gm_model_free(m);
}

/* Several segments of a model with events or a delay are refused by name; one is taken. */
static void memory__several_segments_refused(void **state)
{
  (void)state;
  static const char *const text[2] = {"x' = u - x\nx = 1\nu = 0\nat (x > 2): x = 1",
                                      "x' = u - delay(x, 0.3)\nx = 1\nu = 0"};
  for (int32_t i = 0; i < 2; i++) {
    gm_model *m = model_of(ctx, text[i], 0);
    double t[5];
    grid(4, 1, t);
    gm_shoot_control u = control_u(m, 0, 1, 0.5);
    gm_shoot_term term = {0, GM_SHOOT_END, 1, 0.7, true};
    gm_shoot s = task(m, t, 4, 2, &u, &term, 1);
    gm_shoot_result r = {0};
    assert_int_equal(gm_shoot_solve(ctx, &s, NULL, NULL, &r), GM_EUNSUPPORTED);
    assert_non_null(strstr(gm_message(ctx), "events, delays"));
    s.segment_count = 1;
    r = solve(&s, NULL);
    assert_true(r.converged);
    near(r.y[3], 0.7, 1e-3, "target");
    gm_shoot_result_free(&r);
    assert_int_equal(gm_shoot_solve(ctx, &s, &(gm_shoot_options){.newton = true}, NULL, &r),
                     GM_EINVAL);
    gm_model_free(m);
  }
}

/* Doses given for the most at the end, of limited total: late, by hand; prices are the slopes of
 * the optimum; a bound on the peak changes them as by hand. */
static void doses__by_hand(void **state)
{
  (void)state;
  const double k = 0.5, a = exp(-k);
  gm_model *m = model_of(ctx, "x' = -k*x\nx = 0.5\nk = 0.5", DIRECTIONS);
  double t[5];
  grid(4, 4, t);
  gm_shoot_control u = {"dose", GM_EDGE_BOLUS, 0, 0, 2, 0.3, NULL, 0};
  gm_shoot_term term = {0, GM_SHOOT_END, -1, 0, false};
  gm_shoot_total total = {0, 0, 3};
  gm_shoot_bound peak = {.where = GM_SHOOT_PEAK, .lower = -INFINITY, .upper = 2.1};
  gm_shoot s = task(m, t, 4, 2, &u, &term, 1);
  s.total = &total;
  s.total_count = 1;
  gm_shoot_options o = {.tolerance = 1e-9};
  for (int32_t tangents = 0; tangents < 2; tangents++) {
    o.directions = tangents ? 2 : 0; /* bundles smaller than a segment's directions */
    s.bound_count = 0;
    gm_shoot_result r = solve(&s, &o);
    assert_true(r.converged);
    near(r.objective, -(2 * a + a * a + 0.5 * a * a * a * a), 1e-6, "late doses");
    near(r.total_price[0], -a * a, 1e-5, "price of the total");
    near(r.control_price[3], a * a - a, 1e-5, "price of the last dose's bound");
    gm_shoot_result_free(&r);
    s.bound = &peak;
    s.bound_count = 1;
    r = solve(&s, &o);
    assert_true(r.converged);
    /* x after the last dose is 2.1 in every optimum */
    near(r.objective, -2.1 * a, 1e-6, "peak held");
    near(r.bound_price[0], -a, 1e-5, "price of the peak");
    gm_shoot_result_free(&r);
    o.newton = tangents; /* nothing is curved: the answer is the same */
    s.bound_count = 0;
    r = solve(&s, &o);
    assert_true(r.converged);
    near(r.objective, -(2 * a + a * a + 0.5 * a * a * a * a), 1e-9, "late doses");
    gm_shoot_result_free(&r);
  }
  gm_model_free(m);
}

/* A stop gives the best so far with GM_ECANCELLED; threads change no bit. */
static void stopped__best_so_far(void **state)
{
  (void)state;
  gm_model *m = model_of(ctx, tumour, DIRECTIONS);
  double t[13];
  grid(12, 1.2, t);
  gm_shoot_control u = control_u(m, 0, 75, 12);
  gm_shoot_term term = {find(m, GM_TABLE_OUTPUT, "p"), GM_SHOOT_END, 1, 0, false};
  gm_pool *pool = NULL;
  assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
  gm_shoot s = task(m, t, 12, 3, &u, &term, 1);
  gm_shoot_options o = {.directions = 4};
  double f = 0;
  for (int32_t way = 0; way < 4; way++) {
    int32_t asked = 0;
    gm_watch watch = {.stop = stop_at_once, .user = &asked};
    gm_shoot_result r = {0};
    o.newton = way > 1;
    s.pool = way % 2 ? pool : NULL;
    assert_int_equal(gm_shoot_solve(ctx, &s, &o, &watch, &r), GM_ECANCELLED);
    assert_true(r.control && !r.converged && r.stop == GM_SHOOT_CANCELLED);
    if (way % 2) assert_memory_equal(&f, &r.objective, sizeof f);
    f = r.objective;
    gm_shoot_result_free(&r);
  }
  gm_pool_free(pool);
  gm_model_free(m);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_shoot_options o = {.directions = DIRECTIONS, .iterations_max = 2, .newton = true};
  gm_shoot_result r = {0};
  gm_status s = gm_shoot_solve(c, user, &o, NULL, &r);
  gm_shoot_result_free(&r);
  return s;
}

/* Every allocation that fails gives GM_ENOMEM and leaves nothing behind. */
static void memory__runs_out(void **state)
{
  (void)state;
  gm_model *m = model_of(ctx, "x' = u - x\nx = 1\nu = 0", DIRECTIONS);
  double t[5];
  grid(4, 1, t);
  gm_shoot_control u = control_u(m, 0, 1, 0.5);
  u.effort = 1;
  gm_shoot_term term = {0, GM_SHOOT_GRID, 1, 0.5, true};
  gm_shoot_bound b = {.lower = 0.4, .upper = 2, .where = GM_SHOOT_GRID};
  gm_shoot s = task(m, t, 4, 2, &u, &term, 1);
  s.bound = &b;
  s.bound_count = 1;
  assert_true(fault_sweep("shooting", trial, &s) > 10);
  gm_model_free(m);
}

/* What cannot be kept is refused by the name of the bound; bad problems are refused. */
static void impossible__named(void **state)
{
  (void)state;
  gm_model *m = model_of(ctx, "x' = u - x\nx = 0\nu = 0", DIRECTIONS);
  double t[6];
  grid(5, 1, t);
  gm_shoot_control u = control_u(m, 0, 1, 0.5);
  u.effort = 1;
  gm_shoot_bound b = {.name = "wish", .lower = 5, .upper = INFINITY, .where = GM_SHOOT_END};
  gm_shoot s = task(m, t, 5, 2, &u, NULL, 0);
  s.bound = &b;
  s.bound_count = 1;
  gm_shoot_options o = {.directions = DIRECTIONS};
  gm_shoot_result r = {0};
  assert_int_equal(gm_shoot_solve(ctx, &s, &o, NULL, &r), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "wish"));
  assert_null(r.control);
  u.upper = -1;
  assert_int_equal(gm_shoot_solve(ctx, &s, &o, NULL, &r), GM_EDOMAIN);
  u.upper = 1;
  s.segment_count = 9;
  assert_int_equal(gm_shoot_solve(ctx, &s, &o, NULL, &r), GM_ERANGE);
  gm_model_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(quadratic_program__by_hand),
                                     cmocka_unit_test(linear_quadratic__is_riccati),
                                     cmocka_unit_test(tumour__published),
                                     cmocka_unit_test(fishing__published),
                                     cmocka_unit_test(simulations__counted),
                                     cmocka_unit_test(brachistochrone__cycloid),
                                     cmocka_unit_test(memory__several_segments_refused),
                                     cmocka_unit_test(doses__by_hand),
                                     cmocka_unit_test(stopped__best_so_far),
                                     cmocka_unit_test(memory__runs_out),
                                     cmocka_unit_test(impossible__named)};
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
