/* Tangents on lanes against derivatives worked out by hand. */
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 11, DIRECTIONS = 4, TIMES = 6 };

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  double *x, *xd, *theta, *thetad;
  double y[MEMBERS][TIMES], yd[MEMBERS][TIMES * DIRECTIONS];
  int8_t status[MEMBERS];
} crowd;

static void open_with(crowd *c, const char *text, const char *expression, gm_eq_solver solver)
{
  gm_eq_output out = {.name = "y", .expression = expression, .where = "test"};
  gm_eq_config config = {.text = text,
                         .output = &out,
                         .output_count = 1,
                         .solver = solver,
                         .rtol = 1e-11,
                         .atol = 1e-13,
                         .directions_max = DIRECTIONS};
  memset(c, 0, sizeof *c);
  assert_int_equal(gm_ctx_new(NULL, &c->ctx), GM_OK);
  gm_status s = gm_model_new(c->ctx, &gm_equations, &config, &c->model);
  if (s) fail_msg("%s", gm_message(c->ctx));
  assert_int_equal(c->model->type->work_new(c->model, c->ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(c->ctx, 0, &c->arena), GM_OK);
  gm_model_get_info(c->model, &c->info);
  assert_true(c->info.flags & GM_MODEL_TANGENTS);
  size_t nx = (size_t)c->info.state_count * MEMBERS, np = (size_t)c->info.parameter_count * MEMBERS;
  c->x = calloc(nx, sizeof *c->x);
  c->xd = calloc(nx * DIRECTIONS, sizeof *c->xd);
  c->theta = calloc(np, sizeof *c->theta);
  c->thetad = calloc(np * DIRECTIONS, sizeof *c->thetad);
}

static void open_crowd(crowd *c, const char *text, const char *expression)
{
  open_with(c, text, expression, GM_EQ_AUTO);
}

static void close_crowd(crowd *c)
{
  gm_arena_free(c->arena);
  c->model->type->work_free(c->work);
  gm_model_free(c->model);
  gm_ctx_free(c->ctx);
  free(c->x);
  free(c->xd);
  free(c->theta);
  free(c->thetad);
}

/* Parameter i of member m: its stated value times 1 + m/50; direction d moves parameter d. */
static void parameters(crowd *c)
{
  int32_t n;
  const gm_var *p = gm_model_table(c->model, GM_TABLE_PARAMETER, &n);
  for (int32_t i = 0; i < n; i++)
    for (int32_t m = 0; m < MEMBERS; m++) {
      c->theta[i * MEMBERS + m] = p[i].initial * (1 + m / 50.0);
      for (int32_t d = 0; d < DIRECTIONS; d++)
        c->thetad[(d * n + i) * MEMBERS + m] = d == i ? 1 : 0;
    }
}

static void run(crowd *c, const double *t, const gm_edge *edge, int32_t edge_count,
                const double *edge_td, const double *edge_valued)
{
  gm_span span[MEMBERS];
  gm_batch b = {.n = MEMBERS,
                .sx = MEMBERS,
                .sm = 1,
                .psx = MEMBERS,
                .psm = 1,
                .x = c->x,
                .theta = c->theta,
                .status = c->status,
                .nd = DIRECTIONS,
                .xd = c->xd,
                .thetad = c->thetad};
  parameters(c);
  for (int32_t m = 0; m < MEMBERS; m++)
    span[m] = (gm_span){.t1 = t[TIMES - 1] + 1,
                        .edge = edge,
                        .edge_count = edge_count,
                        .edge_td = edge_td,
                        .edge_valued = edge_valued,
                        .sample = t,
                        .sample_count = TIMES,
                        .y = c->y[m],
                        .yd = c->yd[m]};
  c->model->type->init(c->model, c->work, &b, 0);
  c->model->type->advance(c->model, c->work, &b, span, c->arena);
  for (int32_t m = 0; m < MEMBERS; m++) assert_int_equal(c->status[m], GM_MEMBER_OK);
}

static void close_to(double got, double want, const char *what, double t)
{
  if (!(fabs(got - want) <= 1e-7 * (1 + fabs(want))))
    fail_msg("%s at %g: %.12g, by hand %.12g", what, t, got, want);
}

/* A dose of D at lag L into x' = -k x, from x0: y = x0 e^-kt + D e^-k(t - L), with derivatives in
 * k, x0, D and L. */
static void tangent__dose_and_lag(void **state)
{
  (void)state;
  crowd c;
  double t[TIMES] = {0.5, 1, 2.5, 3, 5, 9}, lag = 1.7, dose = 2.5;
  const gm_edge edge = {.t = 1.7, .value = 2.5, .kind = GM_EDGE_BOLUS};
  /* directions: 0 k, 1 x0, 2 D, 3 L */
  const double td[DIRECTIONS] = {0, 0, 0, 1}, valued[DIRECTIONS] = {0, 0, 1, 0};
  open_crowd(&c, "k = 0.3; x0 = 2; x = x0; x' = -k*x", "x");
  run(&c, t, &edge, 1, td, valued);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int i = 0; i < TIMES; i++) {
      double k = c.theta[m], x0 = c.theta[MEMBERS + m], own = x0 * exp(-k * t[i]);
      double given = t[i] < lag ? 0 : exp(-k * (t[i] - lag));
      const double *yd = &c.yd[m][i * DIRECTIONS];
      close_to(c.y[m][i], own + dose * given, "y", t[i]);
      close_to(yd[0], -t[i] * own - (t[i] < lag ? 0 : (t[i] - lag) * dose * given), "dy/dk", t[i]);
      close_to(yd[1], own / x0, "dy/dx0", t[i]);
      close_to(yd[2], given, "dy/dD", t[i]);
      close_to(yd[3], k * dose * given, "dy/dL", t[i]);
    }
  close_crowd(&c);
}

/* x' = -k x from x0; where x falls below c, b is added, once. Then tau = ln(x0/c)/k and behind it
 * y = (c + b) e^-k(t - tau), so dy/dk = -t y, dy/dx0 = y/x0, dy/dc = y (1/(c + b) - 1/c),
 * dy/db = y/(c + b). */
static void tangent__event_at_a_threshold(void **state)
{
  (void)state;
  crowd c;
  double t[TIMES] = {0.5, 1, 3.5, 4, 4.5, 5};
  open_crowd(&c,
             "k = 0.3; x0 = 2; c = 1; b = 4; n = 0; x = x0; x' = -k*x; n' = 0\n"
             " at (x < c && n < 1): x = x + b, n = 1",
             "x");
  run(&c, t, NULL, 0, NULL, NULL);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int i = 0; i < TIMES; i++) {
      double k = c.theta[m], x0 = c.theta[MEMBERS + m], cc = c.theta[2 * MEMBERS + m];
      double b = c.theta[3 * MEMBERS + m], tau = log(x0 / cc) / k;
      bool after = t[i] > tau;
      double y = after ? (cc + b) * exp(-k * (t[i] - tau)) : x0 * exp(-k * t[i]);
      const double *yd = &c.yd[m][i * DIRECTIONS];
      close_to(c.y[m][i], y, "y", t[i]);
      close_to(yd[0], -t[i] * y, "dy/dk", t[i]);
      close_to(yd[1], y / x0, "dy/dx0", t[i]);
      close_to(yd[2], after ? y * (1 / (cc + b) - 1 / cc) : 0, "dy/dc", t[i]);
      close_to(yd[3], after ? y / (cc + b) : 0, "dy/db", t[i]);
    }
  close_crowd(&c);
}

/* The same with a delay w, values taken when triggered: at tau + w x becomes c + b. Behind it
 * y = (c + b) e^-k(t - tau - w); directions k, c, b, w. */
static void tangent__delayed_event(void **state)
{
  (void)state;
  crowd c;
  double t[TIMES] = {0.5, 1, 5, 5.5, 6, 7};
  open_crowd(&c,
             "k = 0.3; c = 1; b = 4; w = 1.2; n = 0; x = 2; x' = -k*x; n' = 0\n"
             " at w after (x < c && n < 1), fromTrigger=true: x = x + b, n = 1",
             "x");
  run(&c, t, NULL, 0, NULL, NULL);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int i = 0; i < TIMES; i++) {
      double k = c.theta[m], cc = c.theta[MEMBERS + m], b = c.theta[2 * MEMBERS + m];
      double w = c.theta[3 * MEMBERS + m], tau = log(2 / cc) / k;
      bool after = t[i] > tau + w;
      double y = after ? (cc + b) * exp(-k * (t[i] - tau - w)) : 2 * exp(-k * t[i]);
      const double *yd = &c.yd[m][i * DIRECTIONS];
      close_to(c.y[m][i], y, "y", t[i]);
      close_to(yd[0], after ? -(t[i] - w) * y : -t[i] * y, "dy/dk", t[i]);
      close_to(yd[1], after ? y * (1 / (cc + b) - 1 / cc) : 0, "dy/dc", t[i]);
      close_to(yd[2], after ? y / (cc + b) : 0, "dy/db", t[i]);
      close_to(yd[3], after ? k * y : 0, "dy/dw", t[i]);
    }
  close_crowd(&c);
}

/* A slope that switches from a to b at time s: y = a s + b (t - s), dy/ds = a - b. */
static void tangent__switch_of_the_slope(void **state)
{
  (void)state;
  crowd c;
  double t[TIMES] = {0.5, 1, 3, 4, 5, 6};
  open_crowd(&c, "a = 3; b = -1; s = 2; x0 = 1; x = x0; x' = piecewise(a, time < s, b)", "x^2");
  run(&c, t, NULL, 0, NULL, NULL);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int i = 0; i < TIMES; i++) {
      double a = c.theta[m], b = c.theta[MEMBERS + m], s = c.theta[2 * MEMBERS + m];
      double x0 = c.theta[3 * MEMBERS + m], past = t[i] > s ? t[i] - s : 0, x;
      const double *yd = &c.yd[m][i * DIRECTIONS];
      x = x0 + a * (t[i] - past) + b * past;
      close_to(c.y[m][i], x * x, "y", t[i]);
      close_to(yd[0], 2 * x * (t[i] - past), "dy/da", t[i]);
      close_to(yd[1], 2 * x * past, "dy/db", t[i]);
      close_to(yd[2], t[i] > s ? 2 * x * (a - b) : 0, "dy/ds", t[i]);
      close_to(yd[3], 2 * x, "dy/dx0", t[i]);
    }
  close_crowd(&c);
}

/* x' = -a x, y' = a x - b y with a far above b: y = x0 a/(a - b) (e^-bt - e^-at), through the stiff
 * method, and through the change from the explicit one. */
static void tangent__stiff_chain(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    crowd c;
    double t[TIMES] = {0.5, 1, 2, 4, 6, 8};
    open_with(&c, "a = 2000; b = 0.5; x0 = 3; x = x0; y = 0; x' = -a*x; y' = a*x - b*y", "y",
              k ? GM_EQ_STIFF : GM_EQ_AUTO);
    run(&c, t, NULL, 0, NULL, NULL);
    for (int32_t m = 0; m < MEMBERS; m++)
      for (int i = 0; i < TIMES; i++) { /* e^-at is below 1e-400 */
        double a = c.theta[m], b = c.theta[MEMBERS + m], x0 = c.theta[2 * MEMBERS + m];
        double y = x0 * a / (a - b) * exp(-b * t[i]);
        const double *yd = &c.yd[m][i * DIRECTIONS];
        close_to(c.y[m][i], y, "y", t[i]);
        close_to(yd[0], -x0 * b / ((a - b) * (a - b)) * exp(-b * t[i]), "dy/da", t[i]);
        close_to(yd[1], y * (1 / (a - b) - t[i]), "dy/db", t[i]);
        close_to(yd[2], y / x0, "dy/dx0", t[i]);
      }
    close_crowd(&c);
  }
}

/* Van der Pol's oscillator, a member alone and beside one that is four times as stiff, so that both
 * change their method, each at its own time: states and tangents are the same to the byte. */
static void tangent__neighbours_change_nothing(void **state)
{
  (void)state;
  static const double r[2] = {90, 360};
  const gm_eq_config c = {.text = "x = 2; u = 0; r = 300; x' = u; u' = r*((1 - x*x)*u - x)",
                          .rtol = 1e-6,
                          .atol = 1e-8,
                          .directions_max = 1};
  gm_ctx *ctx;
  gm_model *model;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_model_new(ctx, &gm_equations, &c, &model), GM_OK);
  for (double t1 = 0.01; t1 < 3.5; t1 *= 1.5) {
    double first[2][2][2]; /* [alone, beside][x, xd][state] */
    for (int32_t n = 1; n <= 2; n++) {
      double x[16] = {0}, xd[16] = {0}, theta[2] = {r[0], r[1]}, moved[2] = {1, 1};
      int8_t status[2];
      const gm_span span[2] = {{.t1 = t1}, {.t1 = t1}};
      const gm_batch b = {.n = n,
                          .sx = n,
                          .sm = 1,
                          .psx = n,
                          .psm = 1,
                          .x = x,
                          .theta = theta,
                          .status = status,
                          .nd = 1,
                          .xd = xd,
                          .thetad = moved};
      gm_work *work;
      gm_arena *arena;
      assert_int_equal(model->type->work_new(model, ctx, &work), GM_OK);
      assert_int_equal(gm_arena_new(ctx, 0, &arena), GM_OK);
      model->type->init(model, work, &b, 0);
      model->type->advance(model, work, &b, span, arena);
      for (int i = 0; i < 2; i++) {
        first[n - 1][0][i] = x[i * n];
        first[n - 1][1][i] = xd[i * n];
      }
      gm_arena_free(arena);
      model->type->work_free(work);
    }
    assert_memory_equal(first[0], first[1], sizeof first[0]);
  }
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* x' = -k z with 0 = z^2 - x: z = sqrt(x0) - k t/2. A dose of D at L lifts x, so that behind it
 * z = sqrt(z(L)^2 + D) - k (t - L)/2. */
static void tangent__algebraic_equation(void **state)
{
  (void)state;
  crowd c;
  double t[TIMES] = {0.5, 1, 1.4, 1.5, 2.5, 3}, lag = 1.45, dose = 2;
  gm_edge edge = {.t = 1.45, .value = 2, .kind = GM_EDGE_BOLUS};
  const double td[DIRECTIONS] = {0, 0, 0, 1}, valued[DIRECTIONS] = {0, 0, 1, 0};
  open_crowd(&c, "const k, x0; k = 0.8; x0 = 4; x = x0; var z; z = 2; x' = -k*z; 0 = z^2 - x", "z");
  edge.port = gm_model_find(c.model, GM_TABLE_INPUT, "x");
  run(&c, t, &edge, 1, td, valued);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int i = 0; i < TIMES; i++) {
      double k = c.theta[m], x0 = c.theta[MEMBERS + m], at = sqrt(x0) - k * lag / 2;
      double up = sqrt(at * at + dose);
      bool after = t[i] > lag;
      const double *yd = &c.yd[m][i * DIRECTIONS];
      close_to(c.y[m][i], after ? up - k * (t[i] - lag) / 2 : sqrt(x0) - k * t[i] / 2, "z", t[i]);
      close_to(yd[0], after ? at / up * -lag / 2 - (t[i] - lag) / 2 : -t[i] / 2, "dz/dk", t[i]);
      close_to(yd[1], (after ? at / up : 1) / (2 * sqrt(x0)), "dz/dx0", t[i]);
      close_to(yd[2], after ? 1 / (2 * up) : 0, "dz/dD", t[i]);
      close_to(yd[3], after ? at / up * -k / 2 + k / 2 : 0, "dz/dL", t[i]);
    }
  close_crowd(&c);
}

/* At rest, with tangents: A <-> B keeps A + B = T, so A = T kb/(kf + kb); and x' = a - x^2 rests at
 * sqrt(a). A clock never rests. */
static void rest__steady_state_and_its_tangents(void **state)
{
  (void)state;
  crowd c;
  open_crowd(&c,
             "kf = 0.03; kb = 2; T = 5; a = 9; A = T; B = 0; x = 1\n"
             " A' = kb*B - kf*A; B' = kf*A - kb*B; x' = a - x^2",
             "A");
  gm_batch b = {.n = MEMBERS,
                .sx = MEMBERS,
                .sm = 1,
                .psx = MEMBERS,
                .psm = 1,
                .x = c.x,
                .theta = c.theta,
                .status = c.status,
                .nd = DIRECTIONS,
                .xd = c.xd,
                .thetad = c.thetad};
  parameters(&c);
  c.model->type->init(c.model, c.work, &b, 0);
  assert_int_equal(gm_model_rest(c.model, c.work, &b, NULL, c.arena), GM_OK);
  int32_t nx = c.info.state_count;
  for (int32_t m = 0; m < MEMBERS; m++) {
    double kf = c.theta[m], kb = c.theta[MEMBERS + m], T = c.theta[2 * MEMBERS + m];
    double a = c.theta[3 * MEMBERS + m], sum = kf + kb;
    assert_int_equal(c.status[m], GM_MEMBER_OK);
    const double want[DIRECTIONS] = {-T * kb / (sum * sum), T * kf / (sum * sum), kb / sum, 0};
    close_to(c.x[m], T * kb / sum, "A at rest", m);
    close_to(c.x[2 * MEMBERS + m], sqrt(a), "x at rest", m);
    for (int d = 0; d < DIRECTIONS; d++)
      close_to(c.xd[(ptrdiff_t)d * MEMBERS * nx + m], want[d], "its tangent", d);
    close_to(c.xd[(3 * (ptrdiff_t)MEMBERS * nx) + 2 * MEMBERS + m], 1 / (2 * sqrt(a)), "dx/da", m);
  }
  close_crowd(&c);
  open_crowd(&c, "k = 1; x = 0; x' = k + 0*x", "x");
  b = (gm_batch){.n = MEMBERS,
                 .sx = MEMBERS,
                 .sm = 1,
                 .psx = MEMBERS,
                 .psm = 1,
                 .x = c.x,
                 .theta = c.theta,
                 .status = c.status};
  parameters(&c);
  c.model->type->init(c.model, c.work, &b, 0);
  assert_int_equal(gm_model_rest(c.model, c.work, &b, NULL, c.arena), GM_OK);
  for (int32_t m = 0; m < MEMBERS; m++) assert_int_equal(c.status[m], GM_MEMBER_MOVING);
  close_crowd(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tangent__dose_and_lag),
      cmocka_unit_test(tangent__event_at_a_threshold),
      cmocka_unit_test(tangent__delayed_event),
      cmocka_unit_test(tangent__switch_of_the_slope),
      cmocka_unit_test(tangent__stiff_chain),
      cmocka_unit_test(tangent__neighbours_change_nothing),
      cmocka_unit_test(tangent__algebraic_equation),
      cmocka_unit_test(rest__steady_state_and_its_tangents),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
