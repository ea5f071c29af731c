/* The lane machine: closed form and integrator against textbook formulas, order, derivatives. */
#include "gemel/equations.h"
#include "gemel/schedule.h"
#include "kinds/equations/ir.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_runner *runner;
} bench_model;

static void open_model(bench_model *b, const char *text, const char *expression,
                       gm_eq_solver solver, double rtol)
{
  gm_eq_output out = {.name = "y", .expression = expression, .where = "test"};
  gm_eq_config config = {.text = text,
                         .output = &out,
                         .output_count = 1,
                         .solver = solver,
                         .rtol = rtol,
                         .atol = rtol * 1e-2};
  assert_int_equal(gm_ctx_new(NULL, &b->ctx), GM_OK);
  gm_status s = gm_model_new(b->ctx, &gm_equations, &config, &b->model);
  if (s) fail_msg("%s", gm_message(b->ctx));
  assert_int_equal(gm_runner_new(b->ctx, b->model, NULL, &b->runner), GM_OK);
}

static void close_model(bench_model *b)
{
  gm_runner_free(b->runner);
  gm_model_free(b->model);
  gm_ctx_free(b->ctx);
}

enum { POINTS = 40 };

/* y at the times t under one event, parameters in the order of the text. */
static void run(const bench_model *b, gm_event e, double *theta, const double *t, double *y)
{
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_end = t[POINTS - 1],
                           .event = &e,
                           .sample = t,
                           .event_count = 1,
                           .sample_count = POINTS,
                           .port_count = 3};
  int8_t status;
  gm_model_info info;
  gm_model_get_info(b->model, &info);
  spec.port_count = info.input_count;
  e.input = -1;
  gm_status s = gm_timeline_build(b->ctx, &spec, &timeline);
  if (s) fail_msg("%s", gm_message(b->ctx));
  gm_run job = {.n = 1, .timeline = &timeline, .theta = theta, .y = y, .status = &status};
  assert_int_equal(gm_runner_run(b->runner, b->ctx, &job), GM_OK);
  assert_int_equal(status, GM_MEMBER_OK);
  gm_timeline_free(&timeline);
}

static void times(double *t, double t_end)
{
  for (int i = 0; i < POINTS; i++) t[i] = t_end * (i + 1) / POINTS;
}

static const char one_oral[] = "model a\n KA = 1; KE = 1; V = 1\n d = 0; c = 0\n"
                               " d' = -KA*d\n c' = KA*d - KE*c\nend\n";

/* One compartment, oral: D ka/(V (ka - ke)) (e^-ke t - e^-ka t), and D ka t e^-ka t / V where the
 * rates are equal (Gibaldi & Perrier 1982, chapter 1). The reference is evaluated through expm1, so
 * that it is itself good near equal rates. */
static double oral(double ka, double ke, double v, double dose, double t)
{
  double d = ka - ke;
  return dose * ka / v * exp(-ke * t) * (d == 0 ? t : -expm1(-d * t) / d);
}

static void closed_form__one_compartment_oral(void **state)
{
  (void)state;
  const double ka[] = {1.5, 0.1, 0.1000001, 0.1 + 1e-12, 20, 0.001};
  double t[POINTS], y[POINTS];
  times(t, 72);
  for (int solver = 0; solver < 2; solver++) {
    bench_model b;
    open_model(&b, one_oral, "c/V", (gm_eq_solver)solver, 1e-12);
    gm_model_info info;
    gm_model_get_info(b.model, &info);
    assert_int_equal(info.flags & GM_MODEL_LINEAR_INPUT, solver ? 0 : GM_MODEL_LINEAR_INPUT);
    for (size_t k = 0; k < sizeof ka / sizeof *ka; k++) {
      double theta[3] = {ka[k], 0.1, 12};
      gm_event dose = {.amount = 100, .kind = GM_EVENT_DOSE};
      run(&b, dose, theta, t, y);
      for (int i = 0; i < POINTS; i++) {
        double want = oral(ka[k], 0.1, 12, 100, t[i]);
        /* closed form: s squarings, 2^s <= 8 |A| t, multiply the two roundings of the first factor
         * by 2^s; integrator: 1e-10 as promised, relative to the peak */
        double squarings = 8 + 8 * (ka[k] + 0.1) * t[i];
        double bound =
            solver == GM_EQ_AUTO ? 2 * DBL_EPSILON * squarings * want : 1e-10 * (want + 1e-2);
        if (fabs(y[i] - want) > bound)
          fail_msg("ka %g t %g: %.17g, the formula gives %.17g", ka[k], t[i], y[i], want);
      }
    }
    close_model(&b);
  }
}

static const char two_iv[] = "model b\n CL = 1; V1 = 1; Q = 1; V2 = 1\n c = 0; p = 0\n"
                             " c' = -(CL + Q)/V1*c + Q/V2*p\n p' = Q/V1*c - Q/V2*p\nend\n";

/* Two compartments, infusion of rate R over T: sum over alpha, beta of A_i R/lambda_i
 * (1 - e^-l t), after its end times e^-l (t - T) (Gibaldi & Perrier 1982, chapter 2). */
static double two_infusion(double cl, double v1, double q, double v2, double rate, double duration,
                           double t)
{
  double k10 = cl / v1, k12 = q / v1, k21 = q / v2, s = k10 + k12 + k21;
  double root = sqrt(s * s - 4 * k10 * k21), alpha = 0.5 * (s + root), beta = k10 * k21 / alpha;
  double a = (alpha - k21) / (alpha - beta) / v1, b = (k21 - beta) / (alpha - beta) / v1;
  double on = fmin(t, duration), after = fmax(0, t - duration);
  return rate * (a / alpha * -expm1(-alpha * on) * exp(-alpha * after) +
                 b / beta * -expm1(-beta * on) * exp(-beta * after));
}

static void closed_form__two_compartments_infusion(void **state)
{
  (void)state;
  double t[POINTS], y[POINTS];
  times(t, 96);
  const double set[][4] = {{4, 30, 6, 70}, {0.9, 10, 1, 10}, {10, 5, 0.01, 200}};
  for (int solver = 0; solver < 2; solver++) {
    bench_model b;
    open_model(&b, two_iv, "c/V1", (gm_eq_solver)solver, 1e-12);
    for (int k = 0; k < 3; k++) {
      double theta[4];
      memcpy(theta, set[k], sizeof theta);
      gm_event dose = {.amount = 500, .rate = 100, .kind = GM_EVENT_DOSE};
      run(&b, dose, theta, t, y);
      for (int i = 0; i < POINTS; i++) {
        double want = two_infusion(theta[0], theta[1], theta[2], theta[3], 100, 5, t[i]);
        double bound = solver == GM_EQ_AUTO ? 1e-12 * want : 1e-10 * (want + 1e-2);
        if (fabs(y[i] - want) > bound)
          fail_msg("set %d t %g: %.17g, the formula gives %.17g", k, t[i], y[i], want);
      }
    }
    close_model(&b);
  }
}

/* A nonlinear equation with a known solution: x' = x (1 - x), x(0) = 0.1. The error falls with the
 * tolerance: ten thousand times less tolerance, at least a thousand times less error. */
static void integrator__error_follows_tolerance(void **state)
{
  (void)state;
  static const char logistic[] = "model l\n r = 1; K = 1\n x = 0.1\n x' = r*x*(1 - x/K)\nend\n";
  double t[POINTS], y[POINTS], theta[2] = {1, 1}, error[2];
  times(t, 12);
  for (int k = 0; k < 2; k++) {
    bench_model b;
    open_model(&b, logistic, "x", GM_EQ_AUTO, k ? 1e-10 : 1e-6);
    gm_event none = {.kind = GM_EVENT_OTHER};
    run(&b, none, theta, t, y);
    error[k] = 0;
    for (int i = 0; i < POINTS; i++)
      error[k] = fmax(error[k], fabs(y[i] - 1 / (1 + 9 * exp(-t[i]))));
    close_model(&b);
  }
  assert_true(error[0] < 1e-5);
  assert_true(error[1] < 1e-3 * error[0]);
}

/* Steady state of a nonlinear (Michaelis-Menten) model: the cycle closes, and long dosing by hand
 * comes to the same values. */
static void steady_state__nonlinear_equals_long_dosing(void **state)
{
  (void)state;
  static const char mm[] = "model m\n VM = 10; KM = 2; V = 20\n c = 0\n"
                           " c' = -VM*(c/V)/(KM + c/V)\nend\n";
  double t[POINTS], ss[POINTS], by_hand[POINTS], theta[3] = {10, 2, 20};
  bench_model b;
  open_model(&b, mm, "c/V", GM_EQ_AUTO, 1e-11);
  times(t, 12);
  gm_event dose = {.amount = 80, .interval = 12, .steady = 1, .kind = GM_EVENT_DOSE};
  run(&b, dose, theta, t, ss);
  for (int i = 0; i < POINTS; i++) t[i] += 600 * 12;
  gm_event many = {.amount = 80, .interval = 12, .additional = 600, .kind = GM_EVENT_DOSE};
  run(&b, many, theta, t, by_hand);
  for (int i = 0; i + 1 < POINTS; i++)
    if (fabs(ss[i] - by_hand[i]) > 1e-8 * by_hand[i])
      fail_msg("at %g: steady %.12g, after 600 doses %.12g", t[i], ss[i], by_hand[i]);
  close_model(&b);
}

/* Symbolic derivatives of every operator agree with central differences. */
static void derivatives__agree_with_differences(void **state)
{
  (void)state;
  gm_ctx *ctx;
  ir_graph g;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(ir_graph_init(&g, ctx), GM_OK);
  int checked = 0;
  for (int op = IR_NEG; op < IR_OP_COUNT; op++) {
    if (!ir_has_derivative((ir_op)op) || op == IR_RATE_OF) continue;
    ir_ref x = ir_state(&g, 0), p = ir_param(&g, 0);
    ir_ref inner = ir_make(&g, IR_MUL, x, p, IR_NONE), third = ir_make(&g, IR_ADD, x, p, IR_NONE);
    ir_ref f = ir_make(&g, (ir_op)op, inner, third, p);
    ir_ref d = ir_diff(&g, f, IR_STATE, 0);
    assert_int_equal(g.status, GM_OK);
    double scratch[1024], at = 0.37, h = 1e-6, theta = 0.8;
    assert_true(g.count < 1024);
    double up = at + h, down = at - h;
    double want =
        (ir_eval(&g, f, 0, &up, &theta, scratch) - ir_eval(&g, f, 0, &down, &theta, scratch)) /
        (2 * h);
    double got = ir_eval(&g, d, 0, &at, &theta, scratch);
    if (fabs(got - want) > 1e-8 * (1 + fabs(want)))
      fail_msg("operator %d (%s): derivative %.12g, difference %.12g", op, ir_op_name((ir_op)op),
               got, want);
    checked++;
  }
  assert_int_equal(checked, IR_OP_COUNT - IR_NEG - 6);
  ir_graph_free(&g);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_form__one_compartment_oral),
      cmocka_unit_test(closed_form__two_compartments_infusion),
      cmocka_unit_test(integrator__error_follows_tolerance),
      cmocka_unit_test(steady_state__nonlinear_equals_long_dosing),
      cmocka_unit_test(derivatives__agree_with_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
