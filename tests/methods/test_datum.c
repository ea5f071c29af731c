/* test_datum.c - a measured value as a law: counts against their sums and formulas, draws against
 * the distribution.
 * label: quick */
#include "gemel/infer.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

static const gm_datum counts[] = {{.count = GM_COUNT_POISSON, .share = 1},
                                  {.count = GM_COUNT_POISSON, .share = 0.3},
                                  {.count = GM_COUNT_BINOMIAL, .share = 0.6},
                                  {.count = GM_COUNT_NEGATIVE_BINOMIAL, .share = 0.5, .size = 4}};
static const gm_datum values[] = {{.additive = 0.5},
                                  {.additive = 0.2, .proportional = 0.3},
                                  {.additive = 0.1, .proportional = 0.2, .sum = true},
                                  {.additive = 0.4, .log_scale = true}};
enum { COUNTS = sizeof counts / sizeof *counts, VALUES = sizeof values / sizeof *values, K = 400 };
static const double f = 20;

static double chance_of(gm_datum d, int k)
{
  d.value = k;
  return exp(gm_datum_loglik(&d, f));
}

/* Mean and variance of a count of f things as gemel/infer.h defines the laws. */
static void defined(const gm_datum *d, double *mean, double *variance)
{
  *mean = d->share * f;
  *variance = *mean;
  if (d->count == GM_COUNT_BINOMIAL) *variance *= 1 - d->share;
  if (d->count == GM_COUNT_NEGATIVE_BINOMIAL) *variance += *mean * *mean / d->size;
}

/* Chances of a count sum to 1; their mean and variance are those of the definition, and so are
 * gm_datum_moments and gm_datum_sd. */
static void counts__have_the_moments_of_their_law(void **state)
{
  (void)state;
  for (int i = 0; i < COUNTS; i++) {
    double sum = 0, first = 0, second = 0, mean, sd, wanted, variance;
    for (int k = 0; k < K; k++) {
      double p = chance_of(counts[i], k);
      sum += p;
      first += k * p;
      second += (double)k * k * p;
    }
    defined(&counts[i], &wanted, &variance);
    gm_datum_moments(&counts[i], f, &mean, &sd);
    near(sum, 1, 1e-12, "chances");
    near(first, wanted, 1e-10, "mean of the chances");
    near(second - first * first, variance, 1e-9, "variance of the chances");
    near(mean, wanted, 1e-12, "mean");
    near(sd * sd, variance, 1e-11, "variance");
    near(gm_datum_sd(&counts[i], f), sd, 0, "sd");
  }
}

/* P(Y <= k) is the sum of the chances to k, and *below the sum without k's own. */
static void counts__cdf_is_the_sum(void **state)
{
  (void)state;
  for (int i = 0; i < COUNTS; i++) {
    double sum = 0;
    for (int k = 0; k < 60; k++) {
      double below, upto = gm_datum_cdf(&counts[i], f, k, &below);
      near(below, sum, 1e-12, "P(Y < k)");
      sum += chance_of(counts[i], k);
      near(upto, sum, 1e-12, "P(Y <= k)");
    }
  }
}

/* 20,000 draws of a count: their share of every k that is not rare is its chance, within five
 * standard errors. */
static void counts__draws_have_the_law(void **state)
{
  (void)state;
  enum { DRAWS = 20000 };
  const gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  for (int i = 0; i < COUNTS; i++) {
    int32_t seen[K] = {0};
    for (int j = 0; j < DRAWS; j++) {
      double y = gm_datum_draw(&counts[i], f, 0.5, key, (uint64_t)j, 7);
      assert_true(y >= 0 && y < K && y == rint(y));
      seen[(int)y]++;
    }
    for (int k = 0; k < K; k++) {
      double p = chance_of(counts[i], k);
      if (p * DRAWS < 20) continue;
      near((double)seen[k] / DRAWS, p, 5 * sqrt(p * (1 - p) / DRAWS), "share of draws");
    }
  }
}

/* Of a value with normal errors the draw at a chance is the quantile: P(Y <= draw) is the chance,
 * with nothing on the draw itself. */
static void values__draw_is_the_quantile(void **state)
{
  (void)state;
  const gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  for (int i = 0; i < VALUES; i++)
    for (double chance = 0.01; chance < 1; chance += 0.07) {
      double y = gm_datum_draw(&values[i], f, chance, key, 0, 0), below;
      near(gm_datum_cdf(&values[i], f, y, &below), chance, 1e-12, "P(Y <= draw)");
      near(below, chance, 1e-12, "P(Y < draw)");
    }
}

/* Mean and sd of a value are those of its quantiles, by the midpoint rule in the chance (the tails
 * that it cuts are below 1e-4 of the sd). */
static void values__moments_are_of_the_quantiles(void **state)
{
  (void)state;
  enum { PARTS = 200000 };
  const gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  for (int i = 0; i < VALUES; i++) {
    double first = 0, second = 0, mean, sd;
    for (int j = 0; j < PARTS; j++) {
      double e = gm_datum_draw(&values[i], f, (j + 0.5) / PARTS, key, 0, 0) - f;
      first += e / PARTS;
      second += e * e / PARTS;
    }
    gm_datum_moments(&values[i], f, &mean, &sd);
    near(mean, f + first, 1e-3 * sd, "mean");
    near(sd, sqrt(second - first * first), 1e-3 * sd, "sd");
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts__have_the_moments_of_their_law),
      cmocka_unit_test(counts__cdf_is_the_sum),
      cmocka_unit_test(counts__draws_have_the_law),
      cmocka_unit_test(values__draw_is_the_quantile),
      cmocka_unit_test(values__moments_are_of_the_quantiles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
