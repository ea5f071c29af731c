/* The sparse Jacobian: against differences, by hand, on branches, on large and on nasty graphs. */
#include "gemel/rand.h"
#include "kinds/equations/jacobian.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  ir_graph g;
} bench_graph;

static void graph_open(bench_graph *b)
{
  assert_int_equal(gm_ctx_new(NULL, &b->ctx), GM_OK);
  assert_int_equal(ir_graph_init(&b->g, b->ctx), GM_OK);
}

static void graph_close(bench_graph *b)
{
  ir_graph_free(&b->g);
  gm_ctx_free(b->ctx);
}

static ir_ref op2(ir_graph *g, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(g, op, a, b, IR_NONE);
}
static ir_ref op1(ir_graph *g, ir_op op, ir_ref a) { return ir_make(g, op, a, IR_NONE, IR_NONE); }

static double value(const ir_graph *g, ir_ref f, double t, const double *x, const double *theta)
{
  double *scratch = malloc((size_t)g->count * sizeof *scratch);
  assert_non_null(scratch);
  double v = ir_eval(g, f, t, x, theta, scratch);
  free(scratch);
  return v;
}

/* Entry (row, col) at a point; 0 where there is none. */
static double entry(const ir_graph *g, const eq_jacobian *j, int32_t row, int32_t col, double t,
                    const double *x, const double *theta)
{
  for (int32_t e = 0; e < j->count; e++)
    if (j->row[e] == row && j->col[e] == col) return value(g, j->entry[e], t, x, theta);
  return 0;
}

static void order_is_kept(const eq_jacobian *j)
{
  for (int32_t e = 1; e < j->count; e++)
    assert_true(j->row[e - 1] < j->row[e] ||
                (j->row[e - 1] == j->row[e] && j->col[e - 1] < j->col[e]));
}

enum { NX = 5, NP = 3 };

/* Five rates that hold every operator with a slope, in shapes that share parts. */
static void many_rates(ir_graph *g, ir_ref *rate)
{
  ir_ref x[NX], p[NP], t = ir_time(g);
  for (int32_t i = 0; i < NX; i++) x[i] = ir_state(g, i);
  for (int32_t i = 0; i < NP; i++) p[i] = ir_param(g, i);
  ir_ref v =
      op2(g, IR_DIV, op2(g, IR_MUL, p[0], op2(g, IR_MUL, x[0], x[1])), op2(g, IR_ADD, p[1], x[0]));
  ir_ref hill = op2(g, IR_POW, op2(g, IR_DIV, x[2], p[2]), op2(g, IR_ADD, p[1], ir_const(g, 2)));
  ir_ref wave = op1(g, IR_SIN, op2(g, IR_MUL, t, x[3]));
  ir_ref grow = op1(g, IR_EXP, op1(g, IR_NEG, op2(g, IR_DIV, x[4], p[0])));
  ir_ref root = op1(g, IR_SQRT, op2(g, IR_ADD, op2(g, IR_MUL, x[1], x[1]), x[2]));
  ir_ref power = op2(g, IR_POW, x[0], x[2]);
  ir_ref bend = ir_make(g, IR_SELECT, op2(g, IR_LT, x[0], x[1]), op2(g, IR_MUL, x[0], x[3]),
                        op2(g, IR_SUB, x[4], x[0]));
  ir_ref least = op2(g, IR_MIN, op2(g, IR_MUL, x[1], x[2]), x[3]);
  ir_ref most = op2(g, IR_MAX, x[4], op2(g, IR_MUL, p[1], x[0]));
  ir_ref size = op1(g, IR_ABS, op2(g, IR_SUB, x[2], x[4]));
  ir_ref curve = op1(g, IR_TANH, op2(g, IR_ADD, op1(g, IR_LOG, x[1]), op1(g, IR_ATAN, x[3])));
  rate[0] = op2(g, IR_SUB, op2(g, IR_DIV, v, p[2]), op2(g, IR_MUL, p[0], x[0]));
  rate[1] = op2(g, IR_ADD, op2(g, IR_SUB, hill, op2(g, IR_MUL, ir_const(g, 2), v)), bend);
  rate[2] = op2(g, IR_MUL, wave, op2(g, IR_ADD, grow, root));
  rate[3] = op2(g, IR_SUB, op2(g, IR_ADD, least, most), op2(g, IR_DIV, size, p[0]));
  rate[4] = op2(g, IR_ADD, op2(g, IR_MUL, curve, power),
                op2(g, IR_MUL, p[1], op2(g, IR_SUB, t, op2(g, IR_ADD, v, x[4]))));
}

static double uniform(int32_t draw, double low, double high)
{
  return low +
         (high - low) * gm_uniform(gm_key_make(3, GM_PURPOSE_TEST, 0, 0), 0, 0, 0, (uint64_t)draw);
}

/* Every entry is the slope of a central difference, and where no entry is the difference is 0; so
 * for time. */
static void jacobian_entries__match_central_differences(void **state)
{
  (void)state;
  bench_graph b;
  graph_open(&b);
  ir_ref rate[NX];
  many_rates(&b.g, rate);
  eq_jacobian j;
  assert_int_equal(eq_jacobian_make(&b.g, rate, NX, &j), GM_OK);
  order_is_kept(&j);
  for (int32_t trial = 0; trial < 30; trial++) {
    double x[NX], theta[NP], t = uniform(100 * trial, 0.1, 2);
    for (int32_t i = 0; i < NX; i++) x[i] = uniform(100 * trial + 1 + i, 0.3, 3);
    for (int32_t i = 0; i < NP; i++) theta[i] = uniform(100 * trial + 20 + i, 0.5, 2);
    for (int32_t i = 0; i < NX; i++) {
      for (int32_t k = 0; k < NX; k++) {
        double h = 1e-5, keep = x[k];
        x[k] = keep + h;
        double up = value(&b.g, rate[i], t, x, theta);
        x[k] = keep - h;
        double down = value(&b.g, rate[i], t, x, theta);
        x[k] = keep;
        double slope = (up - down) / (2 * h), got = entry(&b.g, &j, i, k, t, x, theta);
        assert_true(fabs(got - slope) <= 1e-7 * (1 + fabs(slope)));
      }
      double h = 1e-5;
      double slope =
          (value(&b.g, rate[i], t + h, x, theta) - value(&b.g, rate[i], t - h, x, theta)) / (2 * h);
      double got = j.time[i] >= 0 ? value(&b.g, j.time[i], t, x, theta) : 0;
      assert_true(fabs(got - slope) <= 1e-7 * (1 + fabs(slope)));
    }
  }
  eq_jacobian_free(&j);
  graph_close(&b);
}

/* Robertson's kinetics: the seven entries as one writes them by hand; nothing moves with time. */
static void jacobian_robertson__is_as_by_hand(void **state)
{
  (void)state;
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref x[3], k[3], rate[3];
  for (int32_t i = 0; i < 3; i++) x[i] = ir_state(g, i);
  for (int32_t i = 0; i < 3; i++) k[i] = ir_param(g, i);
  ir_ref first = op2(g, IR_MUL, k[0], x[0]);
  ir_ref back = op2(g, IR_MUL, op2(g, IR_MUL, k[2], x[1]), x[2]);
  ir_ref pair = op2(g, IR_MUL, k[1], op2(g, IR_POW, x[1], ir_const(g, 2)));
  rate[0] = op2(g, IR_SUB, back, first);
  rate[1] = op2(g, IR_SUB, op2(g, IR_SUB, first, back), pair);
  rate[2] = pair;
  eq_jacobian j;
  assert_int_equal(eq_jacobian_make(g, rate, 3, &j), GM_OK);
  const double v[3] = {0.5, 0.25, 2}, p[3] = {3, 5, 7}; /* all products are exact */
  const double hand[3][3] = {{-p[0], p[2] * v[2], p[2] * v[1]},
                             {p[0], -p[2] * v[2] - 2 * p[1] * v[1], -p[2] * v[1]},
                             {0, 2 * p[1] * v[1], 0}};
  assert_int_equal(j.count, 7);
  for (int32_t i = 0; i < 3; i++) {
    assert_int_equal(j.time[i], IR_NONE);
    for (int32_t c = 0; c < 3; c++) assert_true(entry(g, &j, i, c, 0, v, p) == hand[i][c]);
  }
  eq_jacobian_free(&j);
  graph_close(&b);
}

/* What cancels, and what does not depend on a state, is no entry. */
static void jacobian_pattern__holds_no_zeros(void **state)
{
  (void)state;
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref x = ir_state(g, 0), y = ir_state(g, 1), p = ir_param(g, 0);
  ir_ref sum = op2(g, IR_ADD, x, op2(g, IR_MUL, p, y));
  const ir_ref rate[3] = {op2(g, IR_SUB, sum, x), /* p y */
                          op2(g, IR_MUL, p, op1(g, IR_EXP, p)),
                          op2(g, IR_ADD, op1(g, IR_FLOOR, x), op2(g, IR_LT, x, y))};
  eq_jacobian j;
  assert_int_equal(eq_jacobian_make(g, rate, 3, &j), GM_OK);
  assert_int_equal(j.count, 1);
  assert_int_equal(j.row[0], 0);
  assert_int_equal(j.col[0], 1);
  assert_int_equal(j.entry[0], p);
  eq_jacobian_free(&j);
  graph_close(&b);
}

/* The slope of the branch not taken may be infinite: it does not reach the entry. */
static void jacobian_branch__keeps_the_other_side_out(void **state)
{
  (void)state;
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref x = ir_state(g, 0), zero = ir_const(g, 0);
  ir_ref safe = ir_make(g, IR_SELECT, op2(g, IR_LT, zero, x), op1(g, IR_SQRT, x), zero);
  ir_ref twice = op2(g, IR_MUL, safe, ir_const(g, 2));
  eq_jacobian j;
  assert_int_equal(eq_jacobian_make(g, &twice, 1, &j), GM_OK);
  const double at_zero = 0, at_four = 4;
  assert_true(entry(g, &j, 0, 0, 0, &at_zero, NULL) == 0);
  assert_true(entry(g, &j, 0, 0, 0, &at_four, NULL) == 0.5);
  eq_jacobian_free(&j);
  graph_close(&b);
}

/* 1,000 states with 5 entries each and 100,000 nodes take well below a second; the count of entries
 * is that of the pattern. */
static void jacobian_large__takes_little_time(void **state)
{
  (void)state;
  enum { N = 1000, TERMS = 25 };
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref *rate = malloc(N * sizeof *rate);
  assert_non_null(rate);
  for (int32_t i = 0; i < N; i++) {
    rate[i] = ir_const(g, 0);
    for (int32_t k = 0; k < TERMS; k++) { /* each an own function of two of five neighbours */
      ir_ref p = ir_const(g, 1 + i * TERMS + k), a = ir_state(g, (i + k % 5) % N);
      ir_ref c = ir_state(g, (i + k / 5) % N);
      ir_ref v = op2(g, IR_DIV, op2(g, IR_MUL, p, a), op2(g, IR_ADD, p, c));
      rate[i] = op2(g, IR_ADD, rate[i], v);
    }
  }
  assert_true(g->count > 100000);
  eq_jacobian j;
  clock_t begin = clock();
  assert_int_equal(eq_jacobian_make(g, rate, N, &j), GM_OK);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  print_message("%d nodes before, %.3f s\n", (int)g->count, seconds);
  assert_true(seconds < 2); /* a machine under load, sanitizers; alone it takes some 0.1 s */
  assert_int_equal(j.count, 5 * N);
  order_is_kept(&j);
  eq_jacobian_free(&j);
  free(rate);
  graph_close(&b);
}

/* Expressions 200,000 deep, linear and not, need no deep stack; the slopes are right. */
static void jacobian_deep__does_not_recurse(void **state)
{
  (void)state;
  enum { DEPTH = 200000 };
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref x = ir_state(g, 0), y = ir_state(g, 1), rate[2] = {x, y};
  for (int32_t k = 0; k < DEPTH; k++) {
    rate[0] = op2(g, IR_ADD, op1(g, IR_NEG, rate[0]), op2(g, IR_MUL, ir_const(g, k + 1), y));
    rate[1] = op2(g, IR_SUB, op1(g, IR_ABS, rate[1]), ir_const(g, 1e-6));
  }
  eq_jacobian j;
  assert_int_equal(eq_jacobian_make(g, rate, 2, &j), GM_OK);
  const double at[2] = {1, 1}; /* y - k 1e-6 stays positive */
  /* d/dx: (-1)^DEPTH; d/dy: sum over k of (k + 1) (-1)^(DEPTH - 1 - k) = DEPTH / 2 */
  assert_true(entry(g, &j, 0, 0, 0, at, NULL) == 1);
  assert_true(entry(g, &j, 0, 1, 0, at, NULL) == DEPTH / 2);
  assert_true(entry(g, &j, 1, 1, 0, at, NULL) == 1);
  eq_jacobian_free(&j);
  graph_close(&b);
}

/* A sum of 100,000 terms in every one of 100 rates: bounded work, or a clear refusal. */
static void jacobian_shared_sum__ends_in_bounded_time(void **state)
{
  (void)state;
  enum { N = 100, TERMS = 100000 };
  bench_graph b;
  graph_open(&b);
  ir_graph *g = &b.g;
  ir_ref sum = ir_const(g, 0), rate[N];
  for (int32_t k = 0; k < TERMS; k++)
    sum = op2(g, IR_ADD, sum, op2(g, IR_MUL, ir_const(g, 1.0 / (k + 1)), ir_state(g, k % N)));
  for (int32_t i = 0; i < N; i++)
    rate[i] = op2(g, IR_MUL, ir_param(g, i), op2(g, IR_MUL, ir_state(g, i), sum));
  eq_jacobian j;
  clock_t begin = clock();
  gm_status s = eq_jacobian_make(g, rate, N, &j);
  double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  assert_int_equal(s, GM_OK);
  assert_true(seconds < 10);
  assert_int_equal(j.count, N * N);
  eq_jacobian_free(&j);
  graph_close(&b);
}

static gm_status make_once(gm_ctx *ctx, void *user)
{
  (void)user;
  ir_graph g;
  ir_ref rate[NX];
  eq_jacobian j;
  gm_status s = ir_graph_init(&g, ctx);
  if (s) return s;
  many_rates(&g, rate);
  s = g.status ? g.status : eq_jacobian_make(&g, rate, NX, &j);
  if (!s) eq_jacobian_free(&j);
  ir_graph_free(&g);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void jacobian_make__survives_every_failed_allocation(void **state)
{
  (void)state;
  assert_true(fault_sweep("Jacobian", make_once, NULL) > 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(jacobian_entries__match_central_differences),
      cmocka_unit_test(jacobian_robertson__is_as_by_hand),
      cmocka_unit_test(jacobian_pattern__holds_no_zeros),
      cmocka_unit_test(jacobian_branch__keeps_the_other_side_out),
      cmocka_unit_test(jacobian_large__takes_little_time),
      cmocka_unit_test(jacobian_deep__does_not_recurse),
      cmocka_unit_test(jacobian_shared_sum__ends_in_bounded_time),
      cmocka_unit_test(jacobian_make__survives_every_failed_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
