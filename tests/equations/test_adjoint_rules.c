/* Derivatives backward through members' steps: against those worked out by hand, and by the rules
 * of the contract. */
#include "adjoint_case.h"

/* ---- by hand --------------------------------------------------------------------------------- */
/* x' = -k x from x0, a dose D at L: y = x0 e^-kt + D e^-k(t - L); the objective is the sum of
 * weighted outputs. */
static void adjoint__dose_and_lag_by_hand(void **state)
{
  (void)state;
  const problem p = {.text = "k = 0.3; x0 = 2; x = x0; x' = -k*x",
                     .output = {"x"},
                     .rtol = 1e-11,
                     .t = {0, 0.5, 1, 2.5, 3, 5, 9},
                     .edge = {{1.7, 2.5, 0, GM_EDGE_BOLUS}},
                     .edge_count = 1};
  crowd c;
  crowd_open(&c, &p);
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  for (int32_t m = 0; m < MEMBERS; m++) {
    double k = c.theta[m], x0 = c.theta[MEMBERS + m], dk = 0, dx0 = 0, dD = 0, dL = 0;
    for (int i = 0; i < TIMES; i++) {
      double t = p.t[i], own = exp(-k * t), given = t < 1.7 ? 0 : exp(-k * (t - 1.7));
      double bar = c.ybar[m * TIMES + i];
      close_to(c.y[m * TIMES + i], x0 * own + 2.5 * given, "y");
      dk += bar * (-t * x0 * own - (t - 1.7) * 2.5 * given);
      dx0 += bar * own;
      dD += bar * given;
      dL += bar * k * 2.5 * given;
    }
    close_to(c.thetabar[m], dk, "dk");
    close_to(c.thetabar[MEMBERS + m], dx0, "dx0");
    close_to(c.xbar[m], dx0, "dx(0)");
    close_to(c.edge_valuebar[m][0], dD, "dD");
    close_to(c.edge_tbar[m][0], dL, "dL");
  }
  crowd_close(&c);
}

/* x' = -k x from x0; where x falls below c, b is added, once: at tau = ln(x0/c)/k, and behind it
 * y = (c + b) e^-k(t - tau). */
static void adjoint__event_by_hand(void **state)
{
  (void)state;
  const problem p = {.text = "k = 0.3; x0 = 2; c = 1; b = 4; n = 0; x = x0; x' = -k*x; n' = 0\n"
                             " at (x < c && n < 1): x = x + b, n = 1",
                     .output = {"x"},
                     .rtol = 1e-11,
                     .t = {0, 0.5, 1, 3.5, 4, 4.5, 5}};
  crowd c;
  crowd_open(&c, &p);
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  for (int32_t m = 0; m < MEMBERS; m++) {
    double k = c.theta[m], x0 = c.theta[MEMBERS + m], cc = c.theta[2 * MEMBERS + m];
    double b = c.theta[3 * MEMBERS + m], tau = log(x0 / cc) / k, want[4] = {0};
    for (int i = 0; i < TIMES; i++) {
      double t = p.t[i], bar = c.ybar[m * TIMES + i];
      bool after = t > tau;
      double y = bar * (after ? (cc + b) * exp(-k * (t - tau)) : x0 * exp(-k * t));
      want[0] += -t * y;
      want[1] += y / x0;
      want[2] += after ? y * (1 / (cc + b) - 1 / cc) : 0;
      want[3] += after ? y / (cc + b) : 0;
    }
    for (int i = 0; i < 4; i++) close_to(c.thetabar[i * MEMBERS + m], want[i], "derivative");
  }
  crowd_close(&c);
}

/* z = ln 2x and w = ln x, x = x0 e^-kt, out of two equations in both orders: in one of them what
 * comes to lie on the diagonal is p, as good as nothing, so that steps are factored with exchange
 * of rows. */
static void adjoint__lost_pivots_by_hand(void **state)
{
  (void)state;
  static const char *const form[2] = {
      "0 = exp(z) + p*tanh(w) - 2*x\n 0 = p*tanh(z) + exp(w) - x\n",
      "0 = p*tanh(z) + exp(w) - x\n 0 = exp(z) + p*tanh(w) - 2*x\n"};
  for (int f = 0; f < 4; f++) {
    char text[400];
    snprintf(text, sizeof text,
             "const k, x0, p; k = 1; x0 = 1; p = 1e-200\n x = x0; %s\n x' = -k*x\n %s",
             f / 2 ? "w = 1; z = 1" : "z = 1; w = 1", form[f % 2]);
    const problem p = {
        .text = text, .output = {"z", "w"}, .rtol = 1e-11, .t = {0, 0.5, 1, 1.3, 1.5, 1.8, 2}};
    crowd c;
    crowd_open(&c, &p);
    run_back(&c, 0, MEMBERS, GM_VJP_INIT);
    for (int32_t m = 0; m < MEMBERS; m++) {
      double dk = 0, dx0 = 0, x0 = c.theta[MEMBERS + m];
      for (int i = 0; i < TIMES; i++) {
        const double *bar = &c.ybar[(m * TIMES + i) * 2];
        dk -= (bar[0] + bar[1]) * p.t[i];
        dx0 += (bar[0] + bar[1]) / x0;
      }
      close_to(c.thetabar[m], dk, "dk");
      close_to(c.thetabar[MEMBERS + m], dx0, "dx0");
    }
    crowd_close(&c);
  }
}

/* 240 states that all depend on each other by way of their mean: x_i = (x_i(0) - mean(0)) e^-at +
 * mean(0) e^-(a + b)t. Their factors would be too long as lane code. */
static void adjoint__dense_by_hand(void **state)
{
  (void)state;
  enum { N = 240, ROOM = 40 * 3 * N };
  char *text = malloc(ROOM);
  size_t at = (size_t)snprintf(text, ROOM, "a = 2; b = 1e3\n m := (0");
  for (int i = 1; i <= N; i++) at += (size_t)snprintf(text + at, ROOM - at, " + x%d", i);
  at += (size_t)snprintf(text + at, ROOM - at, ")/%d\n", N);
  for (int i = 1; i <= N; i++)
    at += (size_t)snprintf(text + at, ROOM - at, "x%d = %d; x%d' = -a*x%d - b*m\n", i, i % 5, i, i);
  const problem p = {.text = text,
                     .output = {"x3"},
                     .solver = GM_EQ_STIFF,
                     .rtol = 1e-7,
                     .alone = true,
                     .t = {0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3}};
  crowd c;
  crowd_open(&c, &p);
  run_back(&c, 0, 1, GM_VJP_INIT);
  for (int32_t m = 0; m < 1; m++) {
    double a = c.theta[m], b = c.theta[MEMBERS + m], da = 0, db = 0, mean = 2;
    for (int i = 0; i < TIMES; i++) {
      double t = p.t[i], bar = c.ybar[m * TIMES + i], fast = mean * exp(-(a + b) * t);
      da -= bar * t * ((3 - mean) * exp(-a * t) + fast);
      db -= bar * t * fast;
    }
    assert_true(fabs(c.thetabar[m] - da) < 1e-5);
    assert_true(fabs(c.thetabar[MEMBERS + m] - db) < 1e-8);
  }
  crowd_close(&c);
  free(text);
}

/* ---- the rules of the contract --------------------------------------------------------------- */
static const problem busy = {
    .text = "k = 0.3; c = 1; b = 4; w = 0.6; a = 700; x = 2; n = 0; z = 0\n"
            " x' = -k*x*piecewise(1, x < 1.5, 0.9); n' = -0.01*n; z' = a*(x - z)\n"
            " at w after (x < c), fromTrigger=false: x = x + b, n = n + time",
    .output = {"x + z", "n*x"},
    .rtol = 1e-6,
    .t = {0, 1, 2, 4, 6, 8, 9.5},
    .edge = {{3.1, 0.2, 0, GM_EDGE_BOLUS}, {5, 0.4, 0, GM_EDGE_PARAMETER}},
    .edge_count = 2,
    .spread = 0.05};

typedef struct {
  double *thetabar, *xbar;
  double edge_tbar[MEMBERS][EDGES_MAX], edge_valuebar[MEMBERS][EDGES_MAX];
} result;

/* All members, so many at once. */
static result result_of(const problem *p, int32_t at_once)
{
  crowd c;
  result r;
  crowd_open(&c, p);
  for (int32_t first = 0; first < MEMBERS; first += at_once)
    run_back(&c, first, first + at_once < MEMBERS ? at_once : MEMBERS - first, GM_VJP_INIT);
  r.thetabar = room((size_t)c.np * MEMBERS);
  r.xbar = room((size_t)c.nx * MEMBERS);
  memcpy(r.thetabar, c.thetabar, (size_t)c.np * MEMBERS * sizeof *r.thetabar);
  memcpy(r.xbar, c.xbar, (size_t)c.nx * MEMBERS * sizeof *r.xbar);
  memcpy(r.edge_tbar, c.edge_tbar, sizeof r.edge_tbar);
  memcpy(r.edge_valuebar, c.edge_valuebar, sizeof r.edge_valuebar);
  crowd_close(&c);
  return r;
}

static void result_free(result *r)
{
  free(r->thetabar);
  free(r->xbar);
}

static void same_bytes(const result *p, const result *q, int32_t nx, int32_t np)
{
  assert_memory_equal(p->thetabar, q->thetabar, (size_t)np * MEMBERS * sizeof(double));
  assert_memory_equal(p->xbar, q->xbar, (size_t)nx * MEMBERS * sizeof(double));
  assert_memory_equal(p->edge_tbar, q->edge_tbar, sizeof p->edge_tbar);
  assert_memory_equal(p->edge_valuebar, q->edge_valuebar, sizeof p->edge_valuebar);
}

/* Whatever the instruction set and whoever else is in the batch. */
static void adjoint__same_bytes(void **state)
{
  (void)state;
  static const char *const isa[] = {"avx512", "avx2", "scalar"};
  const char *old = getenv("GEMEL_ISA");
  char *keep = old ? strdup(old) : NULL;
  crowd c;
  crowd_open(&c, &busy);
  int32_t nx = c.nx, np = c.np;
  crowd_close(&c);
  result first = result_of(&busy, MEMBERS);
  for (int i = 0; i < 3; i++) {
    setenv("GEMEL_ISA", isa[i], 1);
    static const int32_t at_once[] = {1, 3, MEMBERS};
    for (int k = 0; k < 3; k++) {
      result r = result_of(&busy, at_once[k]);
      same_bytes(&first, &r, nx, np);
      result_free(&r);
    }
  }
  unsetenv("GEMEL_ISA");
  if (keep) setenv("GEMEL_ISA", keep, 1);
  free(keep);
  result_free(&first);
}

/* Outputs and states are those of init and advance, to the byte. */
static void adjoint__forward_is_advance(void **state)
{
  (void)state;
  crowd c;
  crowd_open(&c, &busy);
  size_t nx = (size_t)c.nx * MEMBERS, ny = (size_t)c.ny * MEMBERS * TIMES;
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  double *x = room(nx), *y = room(ny);
  memcpy(x, c.x, nx * sizeof *x);
  memcpy(y, c.y, ny * sizeof *y);
  gm_batch b = batch_of(&c, 0, MEMBERS);
  c.model->type->init(c.model, c.work, &b, 0);
  c.model->type->advance(c.model, c.work, &b, c.span, c.arena);
  assert_memory_equal(x, c.x, nx * sizeof *x);
  assert_memory_equal(y, c.y, ny * sizeof *y);
  free(x);
  free(y);
  crowd_close(&c);
}

/* Two stretches, the second's first: the objective's derivatives at their border are handed on. */
static void adjoint__stretches_follow_each_other(void **state)
{
  (void)state;
  const problem whole = {.text = "k = 0.4; r = 1.2; x = 2; x' = r*x*(1 - x/10) - k*sqrt(x)",
                         .output = {"x^2"},
                         .rtol = 1e-11,
                         .t = {0.5, 1, 1.5, 2, 2.5, 3, 4}};
  crowd c, d;
  crowd_open(&c, &whole);
  crowd_open(&d, &whole);
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  gm_batch b = batch_of(&d, 0, MEMBERS);
  double *x1 = room((size_t)d.nx * MEMBERS);
  gm_span first[MEMBERS];
  for (int32_t m = 0; m < MEMBERS; m++) {
    first[m] = d.span[m];
    first[m].t1 = d.span[m].t0 = 1.7; /* between the third and the fourth sample */
    first[m].sample_count = 3;
    d.span[m].sample += 3;
    d.span[m].sample_count -= 3;
    d.span[m].y += 3;
    d.pull[m].ybar += 3;
  }
  d.model->type->init(d.model, d.work, &b, 0);
  d.model->type->advance(d.model, d.work, &b, first, d.arena);
  memcpy(x1, d.x, (size_t)d.nx * MEMBERS * sizeof *x1);
  run_back(&d, 0, MEMBERS, 0);
  memcpy(d.span, first, sizeof first);
  for (int32_t m = 0; m < MEMBERS; m++) d.pull[m].ybar -= 3;
  run_back(&d, 0, MEMBERS, GM_VJP_INIT);
  for (int32_t i = 0; i < d.np * MEMBERS; i++) close_to(d.thetabar[i], c.thetabar[i], "of both");
  for (int32_t i = 0; i < MEMBERS; i++) close_to(d.x[i], x1[i], "the border");
  free(x1);
  crowd_close(&c);
  crowd_close(&d);
}

/* x' = x^2 goes to infinity before the end: no derivatives there, and the others have theirs. */
static void adjoint__diverged_member_has_none(void **state)
{
  (void)state;
  const problem p = {
      .text = "q = 0.1; x = 1; x' = q*x^2", .output = {"x"}, .t = {0, 0.5, 1, 2, 3, 4, 5}};
  crowd c;
  crowd_open(&c, &p);
  c.theta[3] = 4;
  gm_batch b = batch_of(&c, 0, MEMBERS);
  assert_int_equal(c.model->type->vjp(c.model, c.work, &b, c.span, c.pull, GM_VJP_INIT, c.xbar,
                                      c.thetabar, c.arena),
                   GM_OK);
  for (int32_t m = 0; m < MEMBERS; m++) {
    assert_int_equal(c.status[m] == GM_MEMBER_OK, m != 3);
    assert_int_equal(isfinite(c.thetabar[m]) != 0, m != 3);
    if (m == 3) continue;
    double want = 0; /* x = 1/(1 - q t) */
    for (int i = 0; i < TIMES; i++) {
      double left = 1 - c.theta[m] * p.t[i];
      want += c.ybar[m * TIMES + i] * p.t[i] / (left * left);
    }
    close_to(c.thetabar[m], want, "dq");
  }
  crowd_close(&c);
}

/* More members than go back at once, in both layouts: x' = -k x + b from x0, b given from 1 on. */
static void adjoint__many_members_in_both_layouts(void **state)
{
  (void)state;
  enum { MANY = 150 };
  static const double t[2] = {0.5, 3}, ybar[2] = {2, -1};
  const gm_edge edge = {.t = 1, .value = 0.6, .port = 0, .kind = GM_EDGE_RATE};
  const problem p = {.text = "k = 0.5; x0 = 2; x = x0; x' = -k*x", .output = {"x"}, .rtol = 1e-11};
  crowd c;
  crowd_open(&c, &p);
  for (int layout = 0; layout < 2; layout++) {
    double x[2][MANY], xbar[2 * MANY] = {0}, theta[2 * MANY], thetabar[2 * MANY] = {0};
    double y[MANY][2], edge_valuebar[MANY], edge_tbar[MANY];
    int8_t status[MANY];
    gm_span span[MANY];
    gm_pull pull[MANY];
    int32_t stride = layout ? 1 : MANY, member = layout ? 2 : 1;
    gm_batch b = {.n = MANY,
                  .sx = stride,
                  .sm = member,
                  .psx = stride,
                  .psm = member,
                  .x = x[0],
                  .theta = theta,
                  .status = status};
    for (int32_t m = 0; m < MANY; m++) {
      theta[m * member] = 0.5 + 0.001 * m;
      theta[stride + m * member] = 2;
      span[m] = (gm_span){
          .t1 = 4, .edge = &edge, .edge_count = 1, .sample = t, .sample_count = 2, .y = y[m]};
      pull[m] = (gm_pull){ybar, &edge_tbar[m], &edge_valuebar[m]};
    }
    assert_int_equal(
        c.model->type->vjp(c.model, c.work, &b, span, pull, GM_VJP_INIT, xbar, thetabar, c.arena),
        GM_OK);
    for (int32_t m = 0; m < MANY; m++) {
      double k = 0.5 + 0.001 * m, e = exp(-2 * k), given = 0.6 * (1 - e) / k;
      double dk = ybar[0] * -t[0] * 2 * exp(-k * t[0]) + ybar[1] * -t[1] * 2 * exp(-k * t[1]);
      dk += ybar[1] * 0.6 * (2 * e / k - (1 - e) / (k * k));
      close_to(y[m][1], 2 * exp(-3 * k) + given, "y");
      close_to(thetabar[m * member], dk, "dk");
      close_to(thetabar[stride + m * member], ybar[0] * exp(-k * t[0]) + ybar[1] * exp(-k * t[1]),
               "dx0");
      close_to(edge_valuebar[m], ybar[1] * (1 - e) / k, "db");
      close_to(edge_tbar[m], -ybar[1] * 0.6 * e, "d begin");
    }
  }
  crowd_close(&c);
}

/* A model made without it says so; one with delays cannot be made with it. */
static void adjoint__is_refused_by_name(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_model *model;
  gm_work *work;
  gm_eq_config config = {.text = "k = 1; x = 1; x' = -k*delay(x, 1)", .adjoint = true};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_model_new(ctx, &gm_equations, &config, &model), GM_EUNSUPPORTED);
  assert_non_null(strstr(gm_message(ctx), "delay"));
  config = (gm_eq_config){.text = "k = 1; x = 1; x' = -k*x"};
  assert_int_equal(gm_model_new(ctx, &gm_equations, &config, &model), GM_OK);
  gm_model_info info;
  gm_model_get_info(model, &info);
  assert_false(info.flags & GM_MODEL_ADJOINT);
  assert_int_equal(model->type->work_new(model, ctx, &work), GM_OK);
  gm_batch b = {0};
  assert_int_equal(model->type->vjp(model, work, &b, NULL, NULL, 0, NULL, NULL, NULL),
                   GM_EUNSUPPORTED);
  assert_non_null(strstr(gm_message(ctx), "adjoint"));
  model->type->work_free(work);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status make_and_free(gm_ctx *ctx, void *user)
{
  gm_model *model;
  gm_work *work;
  gm_status s = make_model(ctx, user, &model);
  if (s) return s;
  s = model->type->work_new(model, ctx, &work);
  if (!s) model->type->work_free(work);
  gm_model_free(model);
  return s;
}

/* Whichever allocation fails while a model or its work is made, it says so and leaves nothing. */
static void adjoint__every_allocation_may_fail(void **state)
{
  (void)state;
  problem p = busy;
  assert_true(fault_sweep("model with an adjoint", make_and_free, &p) > 20);
}

/* Steps that find no room in the arena: GM_ENOMEM, and the next call is as good as ever. */
static void adjoint__arena_may_be_full(void **state)
{
  (void)state;
  fault memory;
  crowd c;
  fault_init(&memory);
  gm_ctx *ctx = fault_ctx(&memory);
  gm_arena *small;
  assert_int_equal(gm_arena_new(ctx, 4096, &small), GM_OK);
  crowd_open(&c, &busy);
  gm_arena *own = c.arena;
  gm_batch b = batch_of(&c, 0, MEMBERS);
  for (int n = 1; n < 4; n++) {
    fault_arm(&memory, n, true);
    assert_int_equal(c.model->type->vjp(c.model, c.work, &b, c.span, c.pull, GM_VJP_INIT, c.xbar,
                                        c.thetabar, small),
                     GM_ENOMEM);
  }
  fault_disarm(&memory);
  memset(c.xbar, 0, (size_t)c.nx * MEMBERS * sizeof *c.xbar);
  memset(c.thetabar, 0, (size_t)c.np * MEMBERS * sizeof *c.thetabar);
  c.arena = small;
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  result r = result_of(&busy, MEMBERS);
  assert_memory_equal(r.thetabar, c.thetabar, (size_t)c.np * MEMBERS * sizeof *r.thetabar);
  result_free(&r);
  c.arena = own;
  crowd_close(&c);
  gm_arena_free(small);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adjoint__dose_and_lag_by_hand),
      cmocka_unit_test(adjoint__event_by_hand),
      cmocka_unit_test(adjoint__lost_pivots_by_hand),
      cmocka_unit_test(adjoint__dense_by_hand),
      cmocka_unit_test(adjoint__same_bytes),
      cmocka_unit_test(adjoint__forward_is_advance),
      cmocka_unit_test(adjoint__stretches_follow_each_other),
      cmocka_unit_test(adjoint__diverged_member_has_none),
      cmocka_unit_test(adjoint__many_members_in_both_layouts),
      cmocka_unit_test(adjoint__is_refused_by_name),
      cmocka_unit_test(adjoint__every_allocation_may_fail),
      cmocka_unit_test(adjoint__arena_may_be_full),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
