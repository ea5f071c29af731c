/* test_root.c - Brent's root and minimum.
 * label: quick */
#include "num/root.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static gm_ctx *ctx;
static int32_t calls;

static gm_status kepler(void *user, double x, double *y)
{
  (void)user;
  calls++;
  *y = x - 0.9 * sin(x) - 1;
  return GM_OK;
}

static gm_status power9(void *user, double x, double *y)
{
  calls++;
  *y = pow(x - *(double *)user, 9);
  return GM_OK;
}

static gm_status step(void *user, double x, double *y)
{
  *y = x < *(double *)user ? -INFINITY : 2;
  return GM_OK;
}

static gm_status broken(void *user, double x, double *y)
{
  (void)user;
  *y = x > 0.3 && x < 0.9 ? NAN : x - 0.5;
  return GM_OK;
}

static gm_status refuses(void *user, double x, double *y)
{
  (void)user, (void)x, (void)y;
  return GM_ECANCELLED;
}

/* A root of Kepler's equation: x = 1 + 0.9 sin x is met to rounding, in few calls. */
static void root__kepler_is_met_to_rounding(void **state)
{
  (void)state;
  double x = 0;
  calls = 0;
  assert_int_equal(gm_root_brent(ctx, kepler, NULL, 0, 3, 0, &x), GM_OK);
  assert_true(fabs(x - 0.9 * sin(x) - 1) < 4e-16);
  assert_true(calls < 20);
}

/* A root of order nine, a jump through infinity, and a root at an end. */
static void root__hard_functions(void **state)
{
  (void)state;
  double where = 0.3, x = 0;
  calls = 0;
  assert_int_equal(gm_root_brent(ctx, power9, &where, -1, 2, 1e-10, &x), GM_OK);
  assert_true(fabs(x - where) <= 1e-10 && calls < 200);
  assert_int_equal(gm_root_brent(ctx, step, &where, -1, 2, 1e-12, &x), GM_OK);
  assert_true(fabs(x - where) <= 1e-12);
  assert_int_equal(gm_root_brent(ctx, power9, &where, 0.3, 2, 1e-10, &x), GM_OK);
  assert_true(x == 0.3);
}

/* No change of sign, NaN and the callback's own status are told apart; x stays as it was. */
static void root__refusals(void **state)
{
  (void)state;
  double where = 5, x = 77;
  assert_int_equal(gm_root_brent(ctx, power9, &where, 0, 1, 0, &x), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "no change of sign"));
  assert_int_equal(gm_root_brent(ctx, broken, NULL, 0, 1, 0, &x), GM_ENUMERIC);
  assert_int_equal(gm_root_brent(ctx, refuses, NULL, 0, 1, 0, &x), GM_ECANCELLED);
  assert_true(x == 77);
}

/* A bracket walks to a far root, on either side, and stops at its limits. */
static void bracket__finds_far_roots(void **state)
{
  (void)state;
  double a = 0, b = 1, where = 1000, x;
  assert_int_equal(gm_root_bracket(ctx, power9, &where, -1e6, 1e6, &a, &b), GM_OK);
  assert_true(a <= 1000 && b >= 1000);
  assert_int_equal(gm_root_brent(ctx, power9, &where, a, b, 1e-9, &x), GM_OK);
  a = 0, b = 1, where = -1000;
  assert_int_equal(gm_root_bracket(ctx, power9, &where, -1e6, 1e6, &a, &b), GM_OK);
  assert_true(a <= -1000 && b >= -1000);
  a = 0, b = 1;
  assert_int_equal(gm_root_bracket(ctx, power9, &where, -10, 10, &a, &b), GM_ENOTFOUND);
  assert_true(a == 0 && b == 1);
  assert_int_equal(gm_root_bracket(ctx, power9, &where, 0.5, 10, &a, &b), GM_ERANGE);
}

static gm_status log_gamma_like(void *user, double x, double *y)
{
  (void)user;
  calls++;
  *y = x * (log(x) - 1); /* minimum -1 at x = 1 */
  return GM_OK;
}

static gm_status walled(void *user, double x, double *y)
{
  (void)user;
  *y = x < 0.25 ? INFINITY : (x - 0.2) * (x - 0.2); /* least feasible value at the wall */
  return GM_OK;
}

/* The minimum of x (log x - 1) is 1, to the square root of rounding. */
static void minimum__smooth_and_walled(void **state)
{
  (void)state;
  double x, y;
  calls = 0;
  assert_int_equal(gm_root_minimum(ctx, log_gamma_like, NULL, 0.01, 9, 1e-9, &x, &y), GM_OK);
  assert_true(fabs(x - 1) < 1e-7 && fabs(y + 1) < 1e-14 && calls < 60);
  assert_int_equal(gm_root_minimum(ctx, walled, NULL, 0, 3, 1e-9, &x, &y), GM_OK);
  assert_true(fabs(x - 0.25) < 1e-6 && x >= 0.25);
  assert_int_equal(gm_root_minimum(ctx, walled, NULL, 3, 3, 1e-9, &x, &y), GM_ERANGE);
  assert_int_equal(gm_root_minimum(ctx, broken, NULL, 0, 1, 1e-9, &x, &y), GM_ENUMERIC);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(root__kepler_is_met_to_rounding),
      cmocka_unit_test(root__hard_functions),
      cmocka_unit_test(root__refusals),
      cmocka_unit_test(bracket__finds_far_roots),
      cmocka_unit_test(minimum__smooth_and_walled),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
