/* test_sens_sobol.c - Sobol' indices against closed forms, and their intervals.
 * label: quick */
#include "methods/sens_cases.h"
#include "support/fault.h"
#include <string.h>

static gm_ctx *ctx;
static const gm_function the_ishigami = {3, 1, ishigami_eval, NULL, false};

static gm_sobol_shares *run(const gm_function *f, const gm_sobol_options *o)
{
  gm_sobol_shares *s = NULL;
  if (gm_sobol_run(ctx, f, o, &s)) fail_msg("%s", gm_message(ctx));
  return s;
}

/* Ishigami: first order, total, interactions and the one pair that interacts, to 4 errors of
 * a few 1e-4 and less. */
static void sobol__ishigami_shares_are_exact(void **state)
{
  (void)state;
  gm_sobol_options o = {.seed = 1, .log2_rows = 11, .second = true};
  gm_sobol_shares *s = run(&the_ishigami, &o);
  for (int32_t j = 0; j < 3; j++) {
    assert_estimate("first", s->first[j], ishigami_first[j], 4);
    assert_estimate("total", s->total[j], ishigami_total[j], 4);
    assert_estimate("interaction", s->interaction[j], ishigami_total[j] - ishigami_first[j], 4);
    assert_true(s->first[j].error < 2e-3 && s->total[j].error < 2e-3);
    assert_true(s->first[j].low < s->first[j].value && s->first[j].value < s->first[j].high);
    assert_estimate("explained first", s->explained_first[j], ishigami_first[j], 4);
  }
  assert_int_equal(s->pairs, 3);
  assert_estimate("13", s->second[gm_sobol_pair(3, 2, 0)], ishigami_total[2], 4);
  assert_estimate("12", s->second[gm_sobol_pair(3, 0, 1)], 0, 4);
  assert_estimate("23", s->second[gm_sobol_pair(3, 1, 2)], 0, 4);
  assert_estimate("mean", s->mean[0], 3.5, 4);
  assert_estimate("variance", s->variance[0], ishigami_variance, 4);
  assert_true(s->explained[0].value == 1 && s->explained[0].error == 0);
  assert_true(s->count.complete && s->count.used == 16 && s->count.failed == 0);
  assert_int_equal(s->count.runs, 16 * 2048 * 8);
  gm_sobol_shares_free(s);
}

/* 16 nets of 8,192 rows know the shares ten times better than plain sampling would. */
static void sobol__nets_beat_plain_sampling(void **state)
{
  (void)state;
  gm_sobol_options o = {.seed = 2, .log2_rows = 13};
  gm_sobol_shares *s = run(&the_ishigami, &o);
  /* plain Monte Carlo of the same size has an error of about 1 / sqrt(131072) = 0.003 */
  for (int32_t j = 0; j < 3; j++) {
    assert_true(s->first[j].error < 5e-4);
    assert_estimate("first", s->first[j], ishigami_first[j], 4);
  }
  gm_sobol_shares_free(s);
}

/* Sobol's G in eight dimensions, over four decades of importance. */
static void sobol__g_function(void **state)
{
  (void)state;
  double first[8], total[8], variance;
  g_shares(first, total, &variance);
  assert_true(fabs(first[0] - 0.716192169) < 1e-9 && fabs(total[3] - 0.010460387) < 1e-9);
  gm_function f = {8, 1, g_eval, NULL, false};
  gm_sobol_options o = {.seed = 3, .log2_rows = 11};
  gm_sobol_shares *s = run(&f, &o);
  for (int32_t j = 0; j < 8; j++) {
    assert_estimate("first", s->first[j], first[j], 4);
    assert_estimate("total", s->total[j], total[j], 4);
  }
  assert_estimate("variance", s->variance[0], variance, 4);
  assert_true(s->total[7].error < 1e-5);
  gm_sobol_shares_free(s);
}

/* Over 400 seeds the 95 % intervals of nets of 64 rows hold the truth as often as they say, within
 * four Monte Carlo errors of the count (0.011 each); a bootstrap of one net fails this. */
static void sobol__intervals_cover(void **state)
{
  (void)state;
  enum { REPEATS = 400 };
  double first[3] = {0}, total[3] = {0};
  for (uint64_t seed = 0; seed < REPEATS; seed++) {
    gm_sobol_options o = {.seed = 1000 + seed, .log2_rows = 6, .replicate_count = 8};
    gm_sobol_shares *s = run(&the_ishigami, &o);
    for (int32_t j = 0; j < 3; j++) {
      first[j] += s->first[j].low <= ishigami_first[j] && ishigami_first[j] <= s->first[j].high;
      total[j] += s->total[j].low <= ishigami_total[j] && ishigami_total[j] <= s->total[j].high;
    }
    gm_sobol_shares_free(s);
  }
  double mc = sqrt(0.95 * 0.05 / REPEATS);
  printf("coverage of 95 %% intervals (+-%.3f): first %.3f %.3f %.3f, total %.3f %.3f %.3f\n", mc,
         first[0] / REPEATS, first[1] / REPEATS, first[2] / REPEATS, total[0] / REPEATS,
         total[1] / REPEATS, total[2] / REPEATS);
  for (int32_t j = 0; j < 3; j++) {
    assert_true(fabs(first[j] / REPEATS - 0.95) < 4 * mc);
    assert_true(fabs(total[j] / REPEATS - 0.95) < 4 * mc);
  }
}

/* y = u0 + noise + u0 noise': outputs with everything known, and a batch size that changes. */
static gm_status noisy_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                            const uint64_t *replicate, double *y)
{
  (void)c;
  int32_t *most = user;
  if (n > *most) *most = n;
  for (int32_t i = 0; i < n; i++) {
    gm_key key = gm_key_make(9, GM_PURPOSE_TEST, 0, replicate[i]);
    double e = gm_normal(key, 0, 0, 0, 0), x = u[2 * (ptrdiff_t)i] - 0.5;
    y[2 * (ptrdiff_t)i] = x + 0.5 * e + 0.8 * x * e + 7e5;
    y[2 * (ptrdiff_t)i + 1] = 4;
  }
  return GM_OK;
}

/* The key is an input: additive noise is its first order, noise that grows with an input its
 * interaction. Var = 1/12 + 1/4 + 0.64/12. An output that does not vary has NaN shares. */
static void sobol__key_is_an_input(void **state)
{
  (void)state;
  int32_t most = 0;
  gm_function f = {2, 2, noisy_eval, &most, true};
  gm_sobol_options o = {.seed = 4, .log2_rows = 12, .second = true};
  gm_sobol_shares *s = run(&f, &o);
  double v = 1 / 12.0 + 0.25 + 0.64 / 12;
  assert_int_equal(s->inputs, 3);
  assert_estimate("input", s->first[0], 1 / 12.0 / v, 4);
  assert_estimate("idle", s->first[1], 0, 4);
  assert_estimate("key", s->first[2], 0.25 / v, 4);
  assert_estimate("key, total", s->total[2], (0.25 + 0.64 / 12) / v, 4);
  assert_estimate("interaction", s->interaction[2], 0.64 / 12 / v, 4);
  assert_estimate("pair", s->second[gm_sobol_pair(3, 0, 2)], 0.64 / 12 / v, 4);
  assert_estimate("explained", s->explained[0], 1 / 12.0 / v, 4);
  assert_estimate("of the mean", s->explained_first[0], 1, 4);
  assert_true(s->total[2].error < 0.01 && fabs(s->mean[0].value - 7e5) < 0.05);
  assert_true(isnan(s->first[3].value) && isnan(s->total[5].value) && isnan(s->explained[1].low));
  assert_true(s->mean[1].value == 4 && s->variance[1].value == 0);
  gm_sobol_shares_free(s);
}

/* The numbers do not depend on how many points a call takes. */
static void sobol__batches_change_no_bit(void **state)
{
  (void)state;
  int32_t most = 0;
  gm_function f = {2, 2, noisy_eval, &most, true};
  gm_sobol_options o = {.seed = 5, .log2_rows = 5, .replicate_count = 3};
  gm_sobol_shares *a = run(&f, &o);
  o.batch_max = 7;
  most = 0;
  gm_sobol_shares *b = run(&f, &o);
  assert_int_equal(most, 5); /* one row: A, B, three */
  assert_memory_equal(a->first, b->first, 6 * sizeof *a->first);
  assert_memory_equal(a->total, b->total, 6 * sizeof *a->total);
  gm_sobol_shares_free(a), gm_sobol_shares_free(b);
}

static gm_status holes_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                            const uint64_t *replicate, double *y)
{
  (void)ishigami_eval(user, c, n, u, replicate, y);
  for (int32_t i = 0; i < n; i++)
    if (u[3 * (ptrdiff_t)i] > 0.999) y[i] = NAN;
  return GM_OK;
}

/* An output that is not finite is refused with its point, or counted and its rows left out. */
static void sobol__holes_are_refused_or_counted(void **state)
{
  (void)state;
  gm_function f = {3, 1, holes_eval, NULL, false};
  gm_sobol_options o = {.seed = 6};
  gm_sobol_shares *s = NULL;
  assert_int_equal(gm_sobol_run(ctx, &f, &o, &s), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "output 1 is nan at u = (0.999"));
  assert_null(s);
  o.leave_out = true;
  s = run(&f, &o);
  /* each of 16 nets has 1 or 2 of 1024 A in the last thousandth, as many B; A is in 4 of the row's
   * points with this input and B in 1 more */
  assert_in_range(s->count.left_out, 16, 16 * 4);
  assert_in_range(s->count.failed, s->count.left_out, 4 * s->count.left_out);
  assert_true(fabs(s->first[1].value - ishigami_first[1]) < 0.01);
  gm_sobol_shares_free(s);
}

typedef struct {
  int32_t asked, limit;
} patience;
static bool lose_patience(void *user)
{
  patience *p = user;
  return p->asked++ >= p->limit;
}

/* Stopped on the way, the nets that are done give a result, marked partial; too early: refused. */
static void sobol__stop_keeps_what_is_done(void **state)
{
  (void)state;
  patience p = {0, 5};
  gm_watch watch = {lose_patience, NULL, &p};
  gm_sobol_options o = {.seed = 7, .log2_rows = 8, .watch = &watch};
  gm_sobol_shares *s = run(&the_ishigami, &o);
  assert_false(s->count.complete);
  assert_int_equal(s->count.used, 5);
  assert_estimate("first", s->first[1], ishigami_first[1], 6);
  gm_sobol_shares_free(s);
  p = (patience){0, 1};
  s = NULL;
  assert_int_equal(gm_sobol_run(ctx, &the_ishigami, &o, &s), GM_ECANCELLED);
  assert_null(s);
}

static void sobol__refusals(void **state)
{
  (void)state;
  gm_sobol_shares *s = NULL;
  gm_function many = {556, 1, ishigami_eval, NULL, false};
  assert_int_equal(gm_sobol_run(ctx, &many, NULL, &s), GM_EUNSUPPORTED);
  gm_sobol_options one = {.replicate_count = 1}, bad = {.level = 1}, wide = {.log2_rows = 27};
  assert_int_equal(gm_sobol_run(ctx, &the_ishigami, &one, &s), GM_ERANGE);
  assert_int_equal(gm_sobol_run(ctx, &the_ishigami, &bad, &s), GM_ERANGE);
  assert_int_equal(gm_sobol_run(ctx, &the_ishigami, &wide, &s), GM_ERANGE);
  assert_null(s);
}

static gm_status sum_eval(void *user, gm_ctx *c, int32_t n, const double *u,
                          const uint64_t *replicate, double *y)
{
  (void)c, (void)replicate;
  int32_t d = *(int32_t *)user;
  for (int32_t i = 0; i < n; i++) {
    y[i] = 0;
    for (int32_t j = 0; j < d; j++) y[i] += (1 + j % 3) * u[(ptrdiff_t)i * d + j];
  }
  return GM_OK;
}

/* 555 inputs, the most: a sum of c_j u_j has shares c_j^2 / sum c^2, and they add up to 1. */
static void sobol__many_inputs(void **state)
{
  (void)state;
  int32_t d = 555;
  gm_function f = {d, 1, sum_eval, &d, false};
  gm_sobol_options o = {.seed = 8, .log2_rows = 4, .replicate_count = 6};
  gm_sobol_shares *s = run(&f, &o);
  int32_t far = 0;
  for (int32_t j = 0; j < d; j++) {
    double want = (1 + j % 3) * (1 + j % 3) / (185.0 * 14);
    far += !(want >= s->total[j].low && want <= s->total[j].high);
  }
  assert_in_range(far, 0, 60); /* 5 % of 555 is 28 */
  gm_sobol_shares_free(s);
}

static gm_status make(gm_ctx *c, void *user)
{
  (void)user;
  gm_sobol_options o = {.log2_rows = 2, .replicate_count = 2, .second = true};
  gm_sobol_shares *s = NULL;
  gm_status status = gm_sobol_run(c, &the_ishigami, &o, &s);
  gm_sobol_shares_free(s);
  return status;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void sobol__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_in_range(fault_sweep("Sobol' indices", make, NULL), 8, 12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sobol__ishigami_shares_are_exact),
      cmocka_unit_test(sobol__nets_beat_plain_sampling),
      cmocka_unit_test(sobol__g_function),
      cmocka_unit_test(sobol__intervals_cover),
      cmocka_unit_test(sobol__key_is_an_input),
      cmocka_unit_test(sobol__batches_change_no_bit),
      cmocka_unit_test(sobol__holes_are_refused_or_counted),
      cmocka_unit_test(sobol__stop_keeps_what_is_done),
      cmocka_unit_test(sobol__refusals),
      cmocka_unit_test(sobol__many_inputs),
      cmocka_unit_test(sobol__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
