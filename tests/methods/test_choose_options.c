/* test_choose_options.c - options compared: closed forms, couplings, parts of variance, models.
 * label: quick */
#include "gemel/choose.h"
#include "gemel/math.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

static gm_key test_key(uint64_t n) { return gm_key_make(41, GM_PURPOSE_TEST, n, 0); }

static void choose(const gm_choice *c, double threshold, gm_choice_option *o, gm_choice_summary *s)
{
  if (gm_choose(ctx, c, 0, threshold, 0, o, s)) fail_msg("%s", gm_message(ctx));
}

/* A gain of law N(4, 10^2) over the members, no chance: P(better) = Phi(0.4) = 0.655422, regret of
 * choosing it = value of perfect information = 10 phi(0.4) - 4 Phi(-0.4) = 2.304388. */
static void normal_gain__regret_and_probability(void **state)
{
  (void)state;
  enum { N = 20000 };
  static double value[2 * N];
  for (int m = 0; m < N; m++) value[N + m] = 4 + 10 * gm_norm_quantile((m + 0.5) / N);
  gm_choice c = {.option_count = 2, .member_count = N, .replicate_count = 1, .value = value};
  gm_choice_option o[2];
  gm_choice_summary s;
  choose(&c, 0, o, &s);
  near(o[1].better, 0.655422, 1e-4, "probability better");
  near(s.perfect, 2.304388, 2e-4, "value of perfect information");
  near(o[1].regret, s.perfect, 0, "regret of the best");
  near(o[0].regret, 6.304388, 3e-4, "regret of the other");
  near(o[1].versus_regret, 6.304388, 3e-4, "the lower mean's regret");
  near(o[1].gain.low, 4 - 16.449, 0.02, "low");
  near(o[1].gain.error, 10 / sqrt(N), 1e-3, "Monte Carlo error");
  assert_true(s.best == 1 && s.noise_inside && o[1].verdict == GM_SAME_SPANS_ZERO);
  choose(&c, 7, o, &s);
  assert_int_equal(o[1].verdict, GM_SAME_SMALL);
  /* constant first option against a spread: coupling cannot matter */
  near(o[1].better_low, o[1].better, 1e-9, "lowest over couplings");
  near(o[1].better_high, o[1].better, 1e-9, "highest over couplings");
}

/* A certain small gain is told apart; its regret is not the reason to call it none. */
static void certain_gain__is_told_apart(void **state)
{
  (void)state;
  double value[200];
  for (int m = 0; m < 100; m++) value[100 + m] = (value[m] = m) + 1;
  gm_choice c = {.option_count = 2, .member_count = 100, .replicate_count = 1, .value = value};
  gm_choice_option o[2];
  choose(&c, 0.5, o, NULL);
  assert_int_equal(o[1].verdict, GM_DIFFERS);
  near(o[1].regret, 0, 1e-12, "regret");
  assert_true(o[1].better == 1 && o[0].verdict == GM_SAME_SMALL && o[0].better == 0.5);
  /* between members no coupling of the pooled values is as sure as the members are */
  assert_true(o[1].better_low < 0.1 && o[1].better_high == 1);
}

/* Value = member + chance, gain N(1, 2^2) between members, chance sd 3 shared between the options
 * but for 0.5 of its own: parts as made, when coupled and when not; regret only of the members. */
static void parts__are_as_made(void **state)
{
  (void)state;
  enum { N = 4000, R = 8 };
  static double value[2 * N * R];
  for (uint64_t m = 0; m < N; m++)
    for (uint64_t r = 0; r < R; r++) {
      double shared = 3 * gm_normal(test_key(1), m, 1, 0, r);
      value[m * R + r] = shared;
      value[(N + m) * R + r] = 1 + 2 * gm_normal(test_key(1), m, 0, 0, 0) + shared +
                               0.5 * gm_normal(test_key(1), m, 2, 0, r);
    }
  gm_choice c = {2, N, R, value, NULL, NULL, 0, true};
  gm_choice_option o[2];
  gm_choice_summary s;
  choose(&c, 0, o, &s);
  near(o[1].parts.parameter, 4, 0.4, "parameter part");
  near(o[1].parts.intrinsic, 0.25, 0.01, "intrinsic part, coupled");
  near(o[1].parts.monte_carlo, (4 + 0.25 / R) / N, 1e-4, "Monte Carlo part");
  near(o[1].parts.total, 4.25, 0.4, "sum");
  /* E max(0, N(1, 4)) - 1 = 2 phi(.5) - Phi(-.5) */
  double wanted = 2 * exp(-0.125) / sqrt(2 * M_PI) - gm_norm_cdf(-0.5);
  near(s.perfect, wanted, 4 * s.perfect_error, "perfect information");
  near(o[1].better, gm_norm_cdf(1 / sqrt(4.25)), 0.03, "coupled");
  near(o[1].better_independent, gm_norm_cdf(1 / sqrt(4 + 18.25)), 0.03, "not coupled");
  assert_false(s.noise_inside);
  for (uint64_t i = 0; i < N * R; i++) value[i] = 3 * gm_normal(test_key(3), i, 0, 0, 0);
  c.coupled = false;
  choose(&c, 0, o, &s);
  near(o[1].parts.intrinsic, 18.25, 0.6, "intrinsic part, not coupled");
  near(o[1].parts.parameter, 4, 0.8, "parameter part, not coupled");
  near(s.perfect, wanted, 0.12, "perfect information, noise shrunk away");
  near(o[1].better, o[1].better_independent, 1e-12, "all pairs");
}

/* No difference between members at all: chance alone has no value of information, while the raw
 * maximum of noisy means would show one. */
static void chance__alone_is_worth_nothing(void **state)
{
  (void)state;
  enum { N = 500, R = 4 };
  static double value[3 * N * R];
  for (uint64_t i = 0; i < 3 * N * R; i++) value[i] = gm_normal(test_key(2), i, 0, 0, 0);
  gm_choice c = {3, N, R, value, NULL, NULL, 0, true};
  gm_choice_option o[3];
  gm_choice_summary s;
  choose(&c, 0, o, &s);
  assert_true(s.perfect < 0.12); /* raw: 0.85 / sqrt(4) = 0.42 */
  assert_true(o[1].parts.parameter < 0.15 && fabs(o[1].parts.intrinsic - 2) < 0.2);
}

/* The range over couplings against all couplings of two small laws, enumerated (permutations), and
 * independent pairs by the double sum. */
static void coupling__range_is_that_of_all_permutations(void **state)
{
  (void)state;
  enum { R = 6 };
  const double a[R] = {1, 4, 2.5, 7, 3, 9}, b[R] = {2, 3.5, 6, 0, 8, 5};
  double value[2 * R], least = 1, most = 0, wins = 0;
  memcpy(value, b, sizeof b);
  memcpy(value + R, a, sizeof a);
  int p[R];
  for (int code = 0; code < 46656; code++) { /* 6^6 words, the permutations among them */
    int used = 0, rest = code, better = 0;
    for (int i = 0; i < R; i++, rest /= R) used |= 1 << (p[i] = rest % R);
    if (used != (1 << R) - 1) continue;
    for (int i = 0; i < R; i++) better += a[i] > b[p[i]];
    least = fmin(least, better / (double)R);
    most = fmax(most, better / (double)R);
  }
  for (int i = 0; i < R; i++)
    for (int j = 0; j < R; j++) wins += (a[i] > b[j]) / (double)(R * R);
  gm_choice c = {2, 1, R, value, NULL, NULL, 0, true};
  gm_choice_option o[2];
  choose(&c, 0, o, NULL);
  near(o[1].within_low, least, 1e-12, "least within");
  near(o[1].within_high, most, 1e-12, "most within");
  near(o[1].better_low, least, 1e-12, "least");
  near(o[1].better_high, most, 1e-12, "most");
  near(o[1].better_independent, wins, 1e-12, "independent");
  near(o[1].better, 3 / 6.0, 1e-12, "as paired"); /* 1<2, 4>3.5, 2.5<6, 7>0, 3<8, 9>5 */
}

/* With ties too the range is that of all permutations, ties counted half. Values that differ by
 * rounding alone are ties everywhere; where all are equal no coupling matters. */
static void coupling__range_with_ties(void **state)
{
  (void)state;
  enum { R = 5, LAWS = 200 };
  double value[2 * R];
  for (int law = 0; law < LAWS; law++) {
    double least = 1, most = 0;
    for (int i = 0; i < 2 * R; i++)
      value[i] = floor(4 * gm_uniform(gm_key_make(5, 1, 2, 3), (uint64_t)law, (uint64_t)i, 0, 0)) +
                 (i % 2 ? 1e-15 : 0);
    for (int code = 0; code < 3125; code++) { /* 5^5 words, the permutations among them */
      int used = 0, rest = code, p[R];
      double better = 0;
      for (int i = 0; i < R; i++, rest /= R) used |= 1 << (p[i] = rest % R);
      if (used != (1 << R) - 1) continue;
      for (int i = 0; i < R; i++) {
        double gain = value[R + i] - value[p[i]];
        better += fabs(gain) < 1e-9 ? 0.5 : gain > 0;
      }
      least = fmin(least, better / R);
      most = fmax(most, better / R);
    }
    gm_choice c = {2, 1, R, value, NULL, NULL, 0, true};
    gm_choice_option o[2];
    choose(&c, 0, o, NULL);
    near(o[1].better_low, least, 1e-12, "least");
    near(o[1].better_high, most, 1e-12, "most");
    near(o[1].within_low, least, 1e-12, "least within");
    near(o[1].within_high, most, 1e-12, "most within");
  }
  for (int i = 0; i < 2 * R; i++) value[i] = i < R ? 3 : 3 + 1e-15;
  gm_choice c = {2, 1, R, value, NULL, NULL, 0, true};
  gm_choice_option o[2];
  choose(&c, 0, o, NULL);
  near(o[1].better_low, 0.5, 1e-12, "equal, least");
  near(o[1].better_high, 0.5, 1e-12, "equal, most");
  near(o[1].better_independent, 0.5, 1e-12, "equal, independent");
  near(o[1].within_low, 0.5, 1e-12, "equal, least within");
}

/* Regrets are of the options, not of what they are compared with: the same with every base, and in
 * any order. Two options of the same worth and one that varies three times as much, all known with
 * noise: the expected maximum over members is sqrt(10) / sqrt(2 pi), and the means are 0. */
static void regret__does_not_depend_on_the_base(void **state)
{
  (void)state;
  enum { N = 4000, R = 2, O = 3 };
  double *value = gm_alloc(ctx, O * N * R, sizeof *value), perfect[O], truth = 0;
  gm_key key = gm_key_make(8, 1, 2, 3);
  assert_non_null(value);
  for (int coupled = 0; coupled < 2; coupled++) {
    for (int m = 0; m < N; m++) {
      double far = 3 * gm_normal(key, (uint64_t)m, 0, 0, 0);
      double same = gm_normal(key, (uint64_t)m, 1, 0, 0);
      for (int o = 0; o < O; o++)
        for (int r = 0; r < R; r++)
          value[(o * N + m) * R + r] =
              (o ? same : far) + 2 * gm_normal(key, (uint64_t)m, (uint64_t)(2 + o), 0, (uint64_t)r);
    }
    gm_choice c = {O, N, R, value, NULL, NULL, 0, coupled};
    gm_choice_option o[O], first[O];
    gm_choice_summary s;
    for (int base = 0; base < O; base++) {
      if (gm_choose(ctx, &c, base, 0, 0, o, &s)) fail_msg("%s", gm_message(ctx));
      perfect[base] = s.perfect;
      if (!base) memcpy(first, o, sizeof o);
      for (int k = 0; k < O; k++) near(o[k].regret, first[k].regret, 1e-10, "regret by base");
    }
    double best = fmax(o[0].value, fmax(o[1].value, o[2].value));
    truth = sqrt(10 / (2 * acos(-1))) - best;
    printf("perfect information %.4f, %.4f, %.4f with three bases; about %.4f\n", perfect[0],
           perfect[1], perfect[2], truth);
    near(perfect[0], truth, 0.08, "perfect information");
  }
  gm_free(value);
}

/* Weights act as copies: a member of weight 2 is two members, one of weight 0 (with NaN) none. */
static void weights__act_as_copies(void **state)
{
  (void)state;
  const double w[4] = {2, 1, 0, 3};
  const double value[8] = {1, 2, NAN, 4, 3, 1, NAN, 6};
  const double copies[12] = {1, 1, 2, 4, 4, 4, 3, 3, 1, 6, 6, 6};
  gm_choice a = {2, 4, 1, value, w, NULL, 0, true}, b = {2, 6, 1, copies, NULL, NULL, 0, true};
  gm_choice_option x[2], y[2];
  choose(&a, 0, x, NULL);
  choose(&b, 0, y, NULL);
  near(x[1].gain.mean, y[1].gain.mean, 1e-14, "gain");
  near(x[1].regret, y[1].regret, 1e-14, "regret");
  near(x[0].regret, y[0].regret, 1e-14, "regret of the base");
  near(x[1].better, y[1].better, 1e-14, "better");
  near(x[1].better_low, y[1].better_low, 1e-14, "coupling");
}

/* Two models that prefer different arms: the table of losses by hand; between them a model part. */
static void models__who_loses_what(void **state)
{
  (void)state;
  const int32_t model[4] = {0, 0, 1, 1};
  const double value[12] = {1, 3, 1, 1,  /* arm 0: 2 and 1 */
                            5, 5, 0, 0,  /* arm 1: 5 and 0 */
                            4, 4, 3, 5}; /* arm 2: 4 and 4 */
  gm_choice c = {3, 4, 1, value, NULL, model, 2, true};
  gm_disagreement *d;
  assert_int_equal(gm_disagreement_make(ctx, &c, &d), GM_OK);
  assert_true(d->prefers[0] == 1 && d->prefers[1] == 2 && !d->agree);
  assert_true(d->loss[0] == 0 && d->loss[3] == 0);
  near(d->loss[1], 4, 1e-14, "model 0's arm under model 1");
  near(d->loss[2], 1, 1e-14, "model 1's arm under model 0");
  near(d->error[1], 1, 1e-14, "its error"); /* differences 3, 5: sd sqrt 2, over sqrt 2 */
  assert_int_equal(d->cautious, 2);
  near(d->cautious_loss, 1, 1e-14, "cautious");
  gm_disagreement_free(d);
  gm_choice_option o[3];
  choose(&c, 0, o, NULL);
  /* gains of arm 1: 4, 2 | -1, -1: model means 3 and -1, half the gap squared less its noise */
  near(o[1].parts.model, 4 - 0.5 * 0.5 * (2 / 2.0), 1e-12, "model part");
  near(o[1].parts.parameter, 1, 1e-12, "parameter part");
  c.model_count = 3;
  gm_disagreement *none = NULL;
  assert_int_equal(gm_disagreement_make(ctx, &c, &none), GM_EINVAL);
  assert_null(none);
}

static void refusals__are_named(void **state)
{
  (void)state;
  double value[4] = {1, 2, 3, NAN};
  const double none[2] = {0, 0};
  const int32_t model[2] = {0, 2};
  gm_choice c = {2, 2, 1, value, NULL, NULL, 0, true};
  gm_choice_option o[2] = {{.better = -5}};
  assert_int_equal(gm_choose(ctx, &c, 0, 0, 0, o, NULL), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "option 1, member 1"));
  value[3] = 1;
  assert_int_equal(gm_choose(ctx, &c, 2, 0, 0, o, NULL), GM_ERANGE);
  assert_int_equal(gm_choose(ctx, &c, 0, -1, 0, o, NULL), GM_ERANGE);
  assert_int_equal(gm_choose(ctx, &c, 0, 0, 1, o, NULL), GM_ERANGE);
  c.weight = none;
  assert_int_equal(gm_choose(ctx, &c, 0, 0, 0, o, NULL), GM_EDOMAIN);
  c.weight = NULL;
  c.model = model;
  c.model_count = 2;
  assert_int_equal(gm_choose(ctx, &c, 0, 0, 0, o, NULL), GM_ERANGE);
  assert_true(o[0].better == -5);
}

static gm_status trial(gm_ctx *k, void *user)
{
  (void)user;
  const double value[8] = {1, 2, 3, 5, 3, 4, 5, 2};
  const int32_t model[2] = {0, 1};
  gm_choice c = {2, 2, 2, value, NULL, model, 2, false};
  gm_choice_option o[2];
  gm_disagreement *d = NULL;
  gm_status s = gm_choose(k, &c, 0, 0, 0, o, NULL);
  if (!s) s = gm_disagreement_make(k, &c, &d);
  gm_disagreement_free(d);
  return s;
}

static void memory__every_refusal_is_clean(void **state)
{
  (void)state;
  assert_true(fault_sweep("choice", trial, NULL) > 5);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(normal_gain__regret_and_probability),
      cmocka_unit_test(certain_gain__is_told_apart),
      cmocka_unit_test(parts__are_as_made),
      cmocka_unit_test(chance__alone_is_worth_nothing),
      cmocka_unit_test(coupling__range_is_that_of_all_permutations),
      cmocka_unit_test(coupling__range_with_ties),
      cmocka_unit_test(regret__does_not_depend_on_the_base),
      cmocka_unit_test(weights__act_as_copies),
      cmocka_unit_test(models__who_loses_what),
      cmocka_unit_test(refusals__are_named),
      cmocka_unit_test(memory__every_refusal_is_clean),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
