/* Factors on lanes: the code they are made of, run here number by number, against a dense pivoted
 * solve; sizes of the code. */
#include "gemel/rand.h"
#include "kinds/equations/lane_lu.h"
#include "num/linalg.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N_MAX = 1000, ENTRY_MAX = 40000 };

/* A machine of which only what the factors look at is there. Registers: time, states, a parameter,
 * then one an entry. */
typedef struct {
  lane_machine m;
  int32_t row[ENTRY_MAX], col[ENTRY_MAX], reg[ENTRY_MAX], place_reg[N_MAX];
  uint8_t kind[N_MAX];
  double value[ENTRY_MAX];
  lane_op op[ENTRY_MAX];
  int32_t draw;
  gm_ctx *ctx;
} made;

static made *made_new(int32_t n)
{
  made *d = calloc(1, sizeof *d);
  assert_non_null(d);
  assert_int_equal(gm_ctx_new(NULL, &d->ctx), GM_OK);
  d->m = (lane_machine){.nx = n, .reg_state = 1, .kind = d->kind};
  d->m.jacobian.row = d->row;
  d->m.jacobian.col = d->col;
  d->m.jacobian.reg = d->reg;
  d->m.jacobian.code.op = d->op; /* which registers the Jacobian's code writes */
  return d;
}

static void made_free(made *d)
{
  gm_ctx_free(d->ctx);
  free(d);
}

static double uniform(made *d, double low, double high)
{
  gm_key key = gm_key_make(11, GM_PURPOSE_TEST, 0, 0);
  return low + (high - low) * gm_uniform(key, 0, 0, 0, (uint64_t)d->draw++);
}

/* Entries must come by row, then column. */
static void add(made *d, int32_t row, int32_t col, double value)
{
  lane_jacobian *j = &d->m.jacobian;
  assert_true(j->count < ENTRY_MAX);
  d->row[j->count] = row;
  d->col[j->count] = col;
  d->value[j->count] = value;
  d->reg[j->count] = 2 + d->m.nx + j->count;
  d->op[j->code.count++].dst = d->reg[j->count];
  j->count++;
}

static int32_t registers(const made *d) { return 2 + d->m.nx + d->m.jacobian.count; }

/* The meaning of lane code, operation by operation. */
static void execute(const lane_code *code, double *r)
{
  for (int32_t i = 0; i < code->count; i++) {
    lane_op o = code->op[i];
    switch (o.op) {
    case IR_NEG: r[o.dst] = -r[o.a]; break;
    case IR_ADD: r[o.dst] = r[o.a] + r[o.b]; break;
    case IR_SUB: r[o.dst] = r[o.a] - r[o.b]; break;
    case IR_MUL: r[o.dst] = r[o.a] * r[o.b]; break;
    case IR_DIV: r[o.dst] = r[o.a] / r[o.b]; break;
    case LANE_MADD: r[o.dst] = fma(r[o.a], r[o.b], r[o.c]); break;
    case LANE_MSUB: r[o.dst] = fma(r[o.a], r[o.b], -r[o.c]); break;
    case LANE_NMADD: r[o.dst] = fma(-r[o.a], r[o.b], r[o.c]); break;
    default: fail_msg("operation %d", (int)o.op);
    }
  }
}

static lane_lu *factors(made *d, int32_t op_max)
{
  lane_lu *lu = NULL;
  assert_int_equal(lane_lu_new(d->ctx, &d->m, registers(d), op_max, &lu), GM_OK);
  return lu;
}

static bool algebraic(const made *d, int32_t i) { return d->kind[i] == EQ_STATE_ALGEBRAIC; }

/* Solves for two right-hand sides by the code and by a dense pivoted solve; largest difference over
 * the largest component. All registers of the Jacobian are spoilt after the factorisation. */
static double difference(made *d, const lane_lu *lu, double gamma)
{
  int32_t n = d->m.nx, count = d->m.jacobian.count;
  double *r = calloc((size_t)lu->reg_end, sizeof *r);
  double *a = calloc((size_t)n * (size_t)n, sizeof *a);
  double *b = calloc((size_t)n, sizeof *b), *x = calloc((size_t)n, sizeof *x), worst = 0;
  assert_true(r && a && b && x);
  for (int32_t e = 0; e < count; e++) {
    r[d->reg[e]] = d->value[e];
    a[d->row[e] * n + d->col[e]] -= d->value[e];
  }
  for (int32_t i = 0; i < n; i++)
    if (!algebraic(d, i)) a[i * n + i] += gamma;
  r[lu->gamma_reg] = gamma;
  r[lu->one_reg] = 1;
  execute(&lu->factor, r);
  for (int32_t i = 0; i < registers(d); i++) r[i] = NAN;
  for (int k = 0; k < 2; k++) {
    double largest = 0;
    for (int32_t i = 0; i < n; i++) {
      b[i] = uniform(d, -1, 1);
      r[lu->solution_reg + lu->place[i]] = b[i];
    }
    execute(&lu->solve, r);
    assert_int_equal(gm_la_solve(d->ctx, n, a, 1, b, x), GM_OK);
    for (int32_t i = 0; i < n; i++) largest = fmax(largest, fabs(x[i]));
    for (int32_t i = 0; i < n; i++) {
      double off = fabs(r[lu->solution_reg + i] - x[i]) / largest;
      if (!(off <= worst)) worst = off;
    }
  }
  free(r);
  free(a);
  free(b);
  free(x);
  return worst;
}

/* Sparse random systems whose diagonal is larger than the rest of its row: the same solution as the
 * dense pivoted one, to rounding. */
static void lane_lu_random__agrees_with_dense_pivoting(void **state)
{
  (void)state;
  for (int32_t trial = 0; trial < 60; trial++) {
    int32_t n = 1 + trial;
    made *d = made_new(n);
    d->draw = 100000 * trial;
    double share = uniform(d, 0.02, 0.4);
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) {
        if (i == j && uniform(d, 0, 1) < 0.8) add(d, i, j, -uniform(d, 0, 3));
        if (i != j && uniform(d, 0, 1) < share) add(d, i, j, uniform(d, -1, 1));
      }
    lane_lu *lu = factors(d, 1000000);
    assert_non_null(lu);
    assert_true(difference(d, lu, 2.0 * n) < 1e-13);
    lane_lu_free(lu);
    made_free(d);
  }
}

/* Algebraic equations have no gamma, and none here has an entry on the diagonal: they change
 * places. Each holds one algebraic state, with a large factor, and states with a slope. */
static void lane_lu_algebraic__finds_its_diagonal(void **state)
{
  (void)state;
  for (int32_t trial = 0; trial < 60; trial++) {
    int32_t n = 3 + trial / 2, first = n / 3, zeros = 0; /* from `first` on algebraic, in a ring */
    made *d = made_new(n);
    d->draw = 100000 * trial;
    for (int32_t i = 0; i < n; i++) {
      d->kind[i] = i < first ? EQ_STATE_RATE : EQ_STATE_ALGEBRAIC;
      int32_t partner = i < first ? i : first + (i - first + 1) % (n - first);
      zeros += partner != i;
      for (int32_t j = 0; j < n; j++) {
        if (j == partner && i >= first)
          add(d, i, j, 3.0 * n + uniform(d, 0, 1));
        else if (j != i && (i < first || j < first) && uniform(d, 0, 1) < 0.3)
          add(d, i, j, uniform(d, -1, 1));
      }
    }
    assert_true(zeros > 0);
    lane_lu *lu = factors(d, 1000000);
    assert_non_null(lu);
    assert_true(difference(d, lu, 2.0 * n) < 1e-12);
    lane_lu_free(lu);
    made_free(d);
  }
}

/* An equation with a slope whose column an algebraic equation needs takes another one, gamma and
 * all: x' = z, 0 = x - 1 (index 2, yet W is regular: -z = b1 - gamma x, x = -b2). */
static void lane_lu_moved_slope__keeps_gamma(void **state)
{
  (void)state;
  made *d = made_new(2);
  d->kind[1] = EQ_STATE_ALGEBRAIC;
  add(d, 0, 1, 1);
  add(d, 1, 0, 1);
  lane_lu *lu = factors(d, 1000);
  assert_non_null(lu);
  assert_true(difference(d, lu, 0.75) < 1e-15);
  lane_lu_free(lu);
  made_free(d);
}

/* A system that is singular whatever its numbers, and one whose factors would be too long, give no
 * factors and no failure. */
static void lane_lu_hopeless__gives_none(void **state)
{
  (void)state;
  made *d = made_new(3);
  d->kind[1] = d->kind[2] = EQ_STATE_ALGEBRAIC; /* two equations in x1 alone */
  add(d, 0, 0, 1);
  add(d, 1, 1, 1);
  add(d, 2, 1, 1);
  assert_null(factors(d, 1000));
  made_free(d);
  d = made_new(100);
  for (int32_t i = 0; i < 100; i++)
    for (int32_t j = 0; j < 100; j++) add(d, i, j, 1);
  assert_null(factors(d, 300000)); /* n^3/3 = 333,333 */
  lane_lu *lu = factors(d, 400000);
  assert_non_null(lu);
  assert_true(lu->factor.count + lu->solve.count <= 400000);
  lane_lu_free(lu);
  made_free(d);
}

/* A chain of 1,000 states (three entries a row), numbered at random, has no fill: its factors
 * take a few operations a state. So does an arrow, which a bad order would fill completely. */
static void lane_lu_chain__takes_linear_work(void **state)
{
  (void)state;
  made *d = made_new(N_MAX);
  for (int32_t i = 0; i < N_MAX; i++)
    for (int32_t j = 0; j < N_MAX; j++) {
      int32_t a = (i * 337) % N_MAX, b = (j * 337) % N_MAX; /* places in the chain */
      if (abs(a - b) <= 1) add(d, i, j, a == b ? -2 : 1);
    }
  lane_lu *lu = factors(d, 100000);
  assert_non_null(lu);
  print_message("chain: %d + %d operations\n", (int)lu->factor.count, (int)lu->solve.count);
  assert_true(lu->factor.count <= 6 * N_MAX && lu->solve.count <= 3 * N_MAX);
  assert_true(difference(d, lu, 0.1) < 1e-12);
  lane_lu_free(lu);
  made_free(d);
  d = made_new(N_MAX);
  for (int32_t i = 0; i < N_MAX; i++)
    for (int32_t j = 0; j < N_MAX; j++)
      if (i == j || i == 0 || j == 0) add(d, i, j, i == j ? -2 : 0.001);
  lu = factors(d, 100000);
  assert_non_null(lu);
  assert_true(lu->factor.count <= 6 * N_MAX && lu->solve.count <= 3 * N_MAX);
  lane_lu_free(lu);
  made_free(d);
}

/* The same pattern gives the same code. */
static void lane_lu_twice__is_the_same_code(void **state)
{
  (void)state;
  made *d = made_new(40);
  for (int32_t i = 0; i < 40; i++)
    for (int32_t j = 0; j < 40; j++)
      if (i == j || uniform(d, 0, 1) < 0.1) add(d, i, j, 1);
  lane_lu *a = factors(d, 100000), *b = factors(d, 100000);
  assert_true(a && b);
  assert_int_equal(a->factor.count, b->factor.count);
  assert_int_equal(a->solve.count, b->solve.count);
  assert_memory_equal(a->factor.op, b->factor.op, (size_t)a->factor.count * sizeof(lane_op));
  assert_memory_equal(a->solve.op, b->solve.op, (size_t)a->solve.count * sizeof(lane_op));
  lane_lu_free(a);
  lane_lu_free(b);
  made_free(d);
}

static gm_status make_once(gm_ctx *ctx, void *user)
{
  made *d = user;
  lane_lu *lu = NULL;
  gm_status s = lane_lu_new(ctx, &d->m, registers(d), 100000, &lu);
  if (!s) assert_non_null(lu);
  if (!s) lane_lu_free(lu);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void lane_lu_new__survives_every_failed_allocation(void **state)
{
  (void)state;
  made *d = made_new(30);
  d->kind[7] = EQ_STATE_ALGEBRAIC;
  for (int32_t i = 0; i < 30; i++)
    for (int32_t j = 0; j < 30; j++)
      if ((i == j && i != 7) || uniform(d, 0, 1) < 0.2) add(d, i, j, 1);
  assert_true(fault_sweep("factors", make_once, d) > 20);
  made_free(d);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lane_lu_random__agrees_with_dense_pivoting),
      cmocka_unit_test(lane_lu_algebraic__finds_its_diagonal),
      cmocka_unit_test(lane_lu_moved_slope__keeps_gamma),
      cmocka_unit_test(lane_lu_hopeless__gives_none),
      cmocka_unit_test(lane_lu_chain__takes_linear_work),
      cmocka_unit_test(lane_lu_twice__is_the_same_code),
      cmocka_unit_test(lane_lu_new__survives_every_failed_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
