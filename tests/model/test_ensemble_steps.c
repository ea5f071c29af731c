/* test_ensemble_steps.c - steps of the integration handed on between short stretches
 * (gm_ensemble_keep_steps): a hint that changes nothing but the cost. */
#include "gemel/ensemble.h"
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { N = 21 }; /* not a multiple of the lanes */
static const double rtol = 1e-6, x0 = 0.01;
/* Growth to a full place: x = x0 e^(rt) / (1 - x0 + x0 e^(rt)), clearance as a second state. */
static const char text[] = "model growth\n  species x = 0.01, u = 0\n  x' = r*x*(1 - x)\n"
                           "  u' = -k*u\n  r = 1\n  k = 0.5\nend\n";

static gm_ctx *ctx;

static double grown(double rate, double t)
{
  const double e = exp(rate * t);
  return x0 * e / (1 - x0 + x0 * e);
}

static double rate_of(int32_t m) { return 0.2 + 0.1 * m; }

static gm_model *model_new(void)
{
  gm_model *model;
  const gm_eq_config c = {
      .text = text, .solver = GM_EQ_EXPLICIT, .rtol = rtol, .atol = 1e-2 * rtol};
  if (gm_model_new(ctx, &gm_equations, &c, &model)) fail_msg("%s", gm_message(ctx));
  return model;
}

/* Rates rise with the member, or fall where it is turned round. */
static gm_ensemble *members_new(const gm_model *model, gm_pool *pool, bool keep, bool turned)
{
  gm_ensemble *e;
  assert_int_equal(gm_ensemble_new(ctx, model, pool, N, &e), GM_OK);
  if (keep) assert_int_equal(gm_ensemble_keep_steps(e, ctx), GM_OK);
  const int32_t r = gm_model_find(model, GM_TABLE_PARAMETER, "r"),
                k = gm_model_find(model, GM_TABLE_PARAMETER, "k");
  for (int32_t m = 0; m < N; m++) {
    gm_ensemble_theta(e)[r * N + m] = rate_of(turned ? N - 1 - m : m);
    gm_ensemble_theta(e)[k * N + m] = 0.5;
  }
  assert_int_equal(gm_ensemble_init(e, ctx, 0), GM_OK);
  return e;
}

static void go(gm_ensemble *e, double from, double stretch, int32_t count, const gm_edge *edge,
               int32_t edges)
{
  const gm_drive drive = {edge, edges};
  for (int32_t i = 0; i < count; i++) {
    const double t1 = from + stretch * (i + 1);
    gm_drive d = {edge, 0};
    for (int32_t j = 0; j < drive.edge_count; j++) {
      const double t = edge[j].t;
      if (t <= t1 - stretch && !(i == 0 && t == from))
        d.edge++;
      else if (t <= t1)
        d.edge_count++;
    }
    assert_int_equal(gm_ensemble_advance(e, ctx, t1, &d, NULL, NULL, 0, NULL), GM_OK);
  }
}

/* In stretches of any length members are where the closed form says. Errors of steps of size rtol
 * add up over some dozens of them, and grow with the solution, by e^(rt) at most while it is
 * small: relative to it they do not. */
static void stretches__meet_the_closed_form(void **state)
{
  (void)state;
  gm_model *model = model_new();
  for (double stretch = 0.05; stretch < 4; stretch *= 2.7) {
    gm_ensemble *e = members_new(model, NULL, true, false);
    const int32_t count = (int32_t)(8 / stretch);
    go(e, 0, stretch, count, NULL, 0);
    for (int32_t m = 0; m < N; m++) {
      const double want = grown(rate_of(m), count * stretch);
      assert_true(fabs(gm_ensemble_state(e)[m] - want) < 200 * rtol * want);
    }
    gm_ensemble_free(e);
  }
  gm_model_free(model);
}

/* A bolus where a stretch ends, begins, and between: behind it the step of before says nothing. */
static void edges__are_met(void **state)
{
  (void)state;
  gm_model *model = model_new();
  static const double at[] = {1, 1.05, 1.1};
  const int32_t u = gm_model_find(model, GM_TABLE_STATE, "u");
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    const gm_edge edge = {at[i], 1000, u, GM_EDGE_BOLUS};
    gm_ensemble *e = members_new(model, NULL, true, false);
    go(e, 0, 0.1, 40, &edge, 1);
    for (int32_t m = 0; m < N; m++) {
      const double want = 1000 * exp(-0.5 * (4 - at[i]));
      assert_true(fabs(gm_ensemble_state(e)[u * N + m] - want) < 200 * rtol * want);
      assert_true(fabs(gm_ensemble_state(e)[m] - grown(rate_of(m), 4)) < 200 * rtol);
    }
    gm_ensemble_free(e);
  }
  gm_model_free(model);
}

/* Neither a member's place nor the number of threads changes a byte. */
static void place_and_threads__change_nothing(void **state)
{
  (void)state;
  gm_model *model = model_new();
  gm_pool *pool;
  assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
  gm_ensemble *a = members_new(model, NULL, true, false), *b = members_new(model, pool, true, true);
  go(a, 0, 0.25, 30, NULL, 0);
  go(b, 0, 0.25, 30, NULL, 0);
  for (int32_t m = 0; m < N; m++)
    assert_memory_equal(&gm_ensemble_state(a)[m], &gm_ensemble_state(b)[N - 1 - m], sizeof(double));
  gm_ensemble_free(a);
  gm_ensemble_free(b);
  gm_pool_free(pool);
  gm_model_free(model);
}

/* What begins anew goes on as if nothing had been kept: init, set, load and select. What does not
 * goes on with its steps: within tolerances at the same place, but not to the byte. */
static void anew__nothing_is_left(void **state)
{
  (void)state;
  enum { INIT, SET, LOAD, SELECT, NOT, WAYS };
  gm_model *model = model_new();
  for (int way = 0; way < WAYS; way++) {
    gm_ensemble *a = members_new(model, NULL, true, false),
                *b = members_new(model, NULL, true, false);
    static double macro[16 * N];
    int32_t same[N];
    assert_true(gm_model_macro_count(model) <= 16);
    gm_text saved;
    for (int32_t m = 0; m < N; m++) same[m] = m;
    gm_text_init(&saved, ctx);
    go(a, 0, 0.5, 5, NULL, 0);
    assert_int_equal(gm_ensemble_save(a, ctx, &saved), GM_OK);
    assert_int_equal(gm_ensemble_get(a, ctx, macro), GM_OK);
    assert_int_equal(gm_ensemble_load(b, ctx, saved.data, saved.bytes), GM_OK);
    switch (way) {
    case INIT:
      assert_int_equal(gm_ensemble_init(a, ctx, 2.5), GM_OK);
      assert_int_equal(gm_ensemble_init(b, ctx, 2.5), GM_OK);
      break;
    case SET: assert_int_equal(gm_ensemble_set(a, ctx, macro), GM_OK); break;
    case LOAD: assert_int_equal(gm_ensemble_load(a, ctx, saved.data, saved.bytes), GM_OK); break;
    case SELECT: assert_int_equal(gm_ensemble_select(a, a, ctx, same, 1, true), GM_OK); break;
    default: break;
    }
    go(a, 2.5, 0.5, 5, NULL, 0); /* b never had a step to hand on */
    go(b, 2.5, 0.5, 5, NULL, 0);
    const bool equal = !memcmp(gm_ensemble_state(a), gm_ensemble_state(b), 2 * N * sizeof(double));
    assert_true(equal == (way != NOT));
    gm_text_free(&saved);
    gm_ensemble_free(a);
    gm_ensemble_free(b);
  }
  gm_model_free(model);
}

static gm_batch batch_of(double *x, double *theta, gm_key *key, int8_t *status, double *step)
{
  return (gm_batch){.n = 1,
                    .sx = 1,
                    .sm = 1,
                    .x = x,
                    .theta = theta,
                    .psx = 1,
                    .psm = 1,
                    .key = key,
                    .status = status,
                    .step = step};
}

/* The step that comes out is one that would have come next: longer than the span that cut it short,
 * 0 behind an edge, 0 of a member that has failed; and a first step that is far too long costs
 * tries, not accuracy. */
static void step__is_handed_on(void **state)
{
  (void)state;
  gm_model *model = model_new();
  gm_model_info info;
  gm_work *work;
  double x[8] = {x0, 0}, theta[2] = {1, 0.5}, step = 0;
  gm_key key = {{0}};
  int8_t status = 0;
  gm_model_get_info(model, &info);
  assert_true(info.state_count <= 8);
  if (gm_model_find(model, GM_TABLE_PARAMETER, "r") != 0) {
    theta[0] = 0.5;
    theta[1] = 1;
  }
  assert_int_equal(model->type->work_new(model, ctx, &work), GM_OK);
  gm_arena *arena;
  assert_int_equal(gm_arena_new(ctx, 1 << 16, &arena), GM_OK);
  const gm_batch b = batch_of(x, theta, &key, &status, &step);
  model->type->init(model, work, &b, 0);
  const gm_span calm = {.t0 = 0, .t1 = 0.01};
  model->type->advance(model, work, &b, &calm, arena);
  assert_true(step > 0.01 && step < 8);
  step = 1e3;
  const gm_span longer = {.t0 = 0.01, .t1 = 5};
  model->type->advance(model, work, &b, &longer, arena);
  assert_int_equal(status, GM_MEMBER_OK);
  assert_true(fabs(x[0] - grown(1, 5)) < 200 * rtol);
  const gm_edge bolus = {5.01, 1, gm_model_find(model, GM_TABLE_STATE, "u"), GM_EDGE_BOLUS};
  const gm_span edge = {.t0 = 5, .t1 = 5.01, .edge = &bolus, .edge_count = 1};
  model->type->advance(model, work, &b, &edge, arena);
  assert_true(step == 0);
  step = 1;
  x[0] = NAN;
  const gm_span lost = {.t0 = 5.01, .t1 = 6};
  model->type->advance(model, work, &b, &lost, arena);
  assert_true(GM_MEMBER_FAILED(status) && step == 0);
  gm_arena_free(arena);
  model->type->work_free(work);
  gm_model_free(model);
}

/* A hint too short for time to take it, or that is no number, is none. */
static void hint__of_no_use_is_none(void **state)
{
  (void)state;
  static const double hint[] = {1e-300, 5e-324, -1, NAN, INFINITY, 1e300};
  gm_model *model = model_new();
  for (size_t i = 0; i < sizeof hint / sizeof *hint; i++) {
    double x[8] = {x0, 0}, theta[2] = {1, 1}, step = hint[i]; /* k = r: u stays 0 */
    gm_key key = {{0}};
    int8_t status = 0;
    gm_work *work;
    gm_arena *arena;
    assert_int_equal(model->type->work_new(model, ctx, &work), GM_OK);
    assert_int_equal(gm_arena_new(ctx, 1 << 16, &arena), GM_OK);
    const gm_batch b = batch_of(x, theta, &key, &status, &step);
    const gm_span span = {.t0 = 0, .t1 = 3};
    model->type->init(model, work, &b, 0);
    model->type->advance(model, work, &b, &span, arena);
    assert_int_equal(status, GM_MEMBER_OK);
    assert_true(fabs(x[0] - grown(1, 3)) < 200 * rtol && step > 0 && step < INFINITY);
    gm_arena_free(arena);
    model->type->work_free(work);
  }
  gm_model_free(model);
}

/* Backward, nobody hands on steps: 130 like members (more than are worked on at once) whose hints
 * differ come out alike, and so do their hints. */
static void vjp__leaves_steps(void **state)
{
  (void)state;
  enum { MANY = 130 };
  static double x[8 * MANY], xbar[8 * MANY], theta[2 * MANY], bar[2 * MANY], y[MANY], ybar[MANY];
  static double step[MANY];
  static int8_t status[MANY];
  static gm_span span[MANY];
  static gm_pull pull[MANY];
  const double at = 2;
  const gm_eq_output out = {.name = "y", .expression = "x", .where = "test"};
  const gm_eq_config c = {
      .text = text, .output = &out, .output_count = 1, .adjoint = true, .rtol = rtol};
  gm_model *model;
  gm_work *work;
  gm_arena *arena;
  assert_int_equal(gm_model_new(ctx, &gm_equations, &c, &model), GM_OK);
  assert_int_equal(model->type->work_new(model, ctx, &work), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 1 << 16, &arena), GM_OK);
  for (int32_t m = 0; m < MANY; m++) {
    theta[m] = theta[MANY + m] = 1;
    ybar[m] = 1;
    step[m] = 0.001 * (m + 1);
    span[m] = (gm_span){.t1 = 2, .sample = &at, .sample_count = 1, .y = &y[m]};
    pull[m] = (gm_pull){.ybar = &ybar[m]};
  }
  const gm_batch b = {.n = MANY,
                      .sx = MANY,
                      .sm = 1,
                      .psx = MANY,
                      .psm = 1,
                      .x = x,
                      .theta = theta,
                      .status = status,
                      .step = step};
  assert_int_equal(model->type->vjp(model, work, &b, span, pull, GM_VJP_INIT, xbar, bar, arena),
                   GM_OK);
  assert_true(fabs(y[0] - grown(1, 2)) < 200 * rtol);
  for (int32_t m = 0; m < MANY; m++) {
    assert_memory_equal(&y[m], &y[0], sizeof *y);
    assert_memory_equal(&bar[m], &bar[0], sizeof *bar);
    assert_true(step[m] == 0.001 * (m + 1));
  }
  gm_arena_free(arena);
  model->type->work_free(work);
  gm_model_free(model);
}

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(stretches__meet_the_closed_form),
      cmocka_unit_test(edges__are_met),
      cmocka_unit_test(place_and_threads__change_nothing),
      cmocka_unit_test(anew__nothing_is_left),
      cmocka_unit_test(step__is_handed_on),
      cmocka_unit_test(hint__of_no_use_is_none),
      cmocka_unit_test(vjp__leaves_steps),
  };
  return cmocka_run_group_tests(test, begin, end);
}
