/* Paired comparison of options: gains, regret and what can be told apart, against hand counts. */
#include "gemel/choose.h"
#include "methods/compare.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static gm_ctx *ctx_new(void)
{
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  return ctx;
}

/* Four equal members, three options: every figure by hand. */
static void compare__small_table_by_hand(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  const double weight[4] = {0.25, 0.25, 0.25, 0.25};
  const double value[12] = {0.2, 0.4, 0.6, 0.8,  /* base */
                            0.3, 0.5, 0.7, 0.9,  /* always 0.1 better */
                            0.2, 0.9, 0.1, 0.8}; /* equal, better, worse, equal */
  gm_option_result r[3];
  assert_int_equal(gm__compare_options(ctx, 3, 4, value, weight, 0, r), GM_OK);
  assert_true(r[0].gain.mean == 0 && r[0].better == 0.5 && !r[0].distinguishable);
  assert_true(fabs(r[1].gain.mean - 0.1) < 1e-15 && r[1].better == 1 && r[1].distinguishable);
  assert_true(fabs(r[2].gain.mean) < 1e-15 && r[2].better == 0.5 && !r[2].distinguishable);
  /* best of each member: .3 .9 .7 .9, mean .7 */
  assert_true(fabs(r[0].regret - 0.2) < 1e-15);
  assert_true(fabs(r[1].regret - 0.1) < 1e-15);
  assert_true(fabs(r[2].regret - 0.2) < 1e-15);
  gm_ctx_free(ctx);
}

/* Regret is never negative, and for the best option by mean it is the smallest. */
static void compare__regret_orders_like_the_mean(void **state)
{
  (void)state;
  enum { N = 500, OPTIONS = 6 };
  gm_ctx *ctx = ctx_new();
  static double value[OPTIONS * N], weight[N];
  gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  double sum = 0;
  for (int m = 0; m < N; m++) sum += weight[m] = gm_uniform(key, (uint64_t)m, 1, 0, 0);
  for (int m = 0; m < N; m++) weight[m] /= sum;
  for (int i = 0; i < OPTIONS * N; i++) value[i] = gm_uniform(key, (uint64_t)i, 2, 0, 0);
  gm_option_result r[OPTIONS];
  assert_int_equal(gm__compare_options(ctx, OPTIONS, N, value, weight, 2, r), GM_OK);
  for (int i = 0; i < OPTIONS; i++) {
    assert_true(r[i].regret >= 0);
    for (int j = 0; j < OPTIONS; j++) /* mean + regret is the same for all: the mean of the best */
      assert_true(fabs(r[i].utility.mean + r[i].regret - r[j].utility.mean - r[j].regret) < 1e-12);
  }
  gm_ctx_free(ctx);
}

/* A gain of 0 or 1 in each member (a trough met or not): 84 % gain and none loses, so the options
 * can be told apart, though the central 90 % of the gains reaches 0; when 10 % lose, they cannot.
 */
static void compare__all_or_nothing_gains(void **state)
{
  (void)state;
  enum { N = 100 };
  gm_ctx *ctx = ctx_new();
  double value[2 * N], weight[N];
  for (int m = 0; m < N; m++) {
    weight[m] = 1.0 / N;
    value[m] = m < 11;
    value[N + m] = m < 95;
  }
  gm_option_result r[2];
  assert_int_equal(gm__compare_options(ctx, 2, N, value, weight, 0, r), GM_OK);
  assert_true(r[1].distinguishable && r[1].gain.low == 0 && fabs(r[1].gain.mean - 0.84) < 1e-12);
  for (int m = 0; m < 10; m++) value[N + m] = 0;
  assert_int_equal(gm__compare_options(ctx, 2, N, value, weight, 0, r), GM_OK);
  assert_false(r[1].distinguishable);
  gm_ctx_free(ctx);
}

/* The long form of gemel/choose.h says the same of one replicate where it says the same thing: mean
 * and gain, its Monte Carlo error, probability better with ties halved, regret, the best. Its
 * intervals are wider by the Monte Carlo error, and its verdict asks something else (above: 84 %
 * gain and none loses, but its interval reaches 0). */
static void compare__agrees_with_the_long_form(void **state)
{
  (void)state;
  enum { N = 400, OPTIONS = 5 };
  gm_ctx *ctx = ctx_new();
  static double value[OPTIONS * N], weight[N];
  gm_key key = gm_key_make(4, GM_PURPOSE_TEST, 0, 0);
  double sum = 0;
  for (int m = 0; m < N; m++) sum += weight[m] = gm_uniform(key, (uint64_t)m, 1, 0, 0);
  for (int m = 0; m < N; m++) weight[m] /= sum;
  for (int i = 0; i < OPTIONS * N; i++) /* in steps of 0.1: with ties */
    value[i] = rint(10 * gm_uniform(key, (uint64_t)i, 2, 0, 0)) / 10 + 0.02 * (i / N);
  for (int m = 0; m < N; m++) value[3 * N + m] = value[N + m] + (m % 3 - 1) * 1e-15;
  gm_option_result r[OPTIONS];
  gm_choice_option o[OPTIONS];
  gm_choice_summary best;
  gm_choice c = {.option_count = OPTIONS,
                 .member_count = N,
                 .replicate_count = 1,
                 .value = value,
                 .weight = weight,
                 .coupled = true};
  assert_int_equal(gm__compare_options(ctx, OPTIONS, N, value, weight, 1, r), GM_OK);
  assert_int_equal(gm_choose(ctx, &c, 1, 0, 0.9, o, &best), GM_OK);
  for (int i = 0; i < OPTIONS; i++) {
    assert_true(fabs(r[i].utility.mean - o[i].value) < 1e-12);
    assert_true(fabs(r[i].gain.mean - o[i].gain.mean) < 1e-12);
    assert_true(fabs(r[i].gain.error - o[i].gain.error) < 1e-12);
    assert_true(fabs(r[i].better - o[i].better) < 1e-12);
    assert_true(fabs(r[i].regret - o[i].regret) < 1e-12);
    assert_true(r[i].regret >= r[best.best].regret - 1e-12);
    assert_true(o[i].gain.low <= r[i].gain.low + 1e-12 && o[i].gain.high >= r[i].gain.high - 1e-12);
  }
  assert_true(r[3].better == 0.5 && r[3].gain.mean == 0);
  gm_ctx_free(ctx);
}

/* The Monte Carlo error of a mean is sd / sqrt(effective size). */
static void estimate__error_of_the_mean(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  const double x[4] = {1, 2, 3, 4}, weight[4] = {0.25, 0.25, 0.25, 0.25};
  gm_estimate e;
  assert_int_equal(gm__estimate(ctx, 4, x, weight, &e), GM_OK);
  assert_true(fabs(e.mean - 2.5) < 1e-15);
  assert_true(fabs(e.error - sqrt((2 * (2.25 + 0.25) / 3) / 4)) < 1e-14);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compare__small_table_by_hand),
      cmocka_unit_test(compare__regret_orders_like_the_mean),
      cmocka_unit_test(compare__all_or_nothing_gains),
      cmocka_unit_test(compare__agrees_with_the_long_form),
      cmocka_unit_test(estimate__error_of_the_mean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
