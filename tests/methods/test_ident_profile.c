/* test_ident_profile.c - profiles with known ends, and profiles with a fault that must be named.
 * label: full */
#include "gemel/identify.h"
#include "support/fault.h"
#include "support/sir_exact.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static gm_ctx *ctx;
static const double cut = 3.841458820694124; /* chi-square, 1 degree of freedom, 95 % */

typedef double scalar(const double *z);
typedef struct {
  scalar *f;
  int32_t d;
} box;

static gm_status each(void *user, gm_ctx *c, int32_t n, const double *z, const uint64_t *key,
                      double *value)
{
  (void)c, (void)key;
  const box *b = user;
  for (int32_t i = 0; i < n; i++) value[i] = b->f(z + (ptrdiff_t)i * b->d);
  return GM_OK;
}

static gm_profile *run(scalar *f, int32_t d, const double *low, const double *high, const double *z,
                       int32_t j, const gm_profile_options *o)
{
  box b = {f, d};
  gm_objective g = {d, NULL, each, &b, low, high};
  gm_profile *p = NULL;
  if (gm_profile_run(ctx, &g, z, j, o, &p)) fail_msg("%s", gm_message(ctx));
  for (int32_t k = 1; k < p->point_count; k++) assert_true(p->x[k - 1] <= p->x[k]);
  return p;
}

/* 1/2 (z - m)^T A (z - m) with A = {{4, 1.5, 0}, {1.5, 1, 0.2}, {0, 0.2, 2}}, m = (1, -2, 0.5). */
static double bowl(const double *z)
{
  double a = z[0] - 1, b = z[1] + 2, c = z[2] - 0.5;
  return 7 + 0.5 * (4 * a * a + b * b + 2 * c * c) + 1.5 * a * b + 0.2 * b * c;
}

/* A quadratic: the ends are m_j +- sqrt(cut (A^-1)_jj). */
static void profile__of_a_quadratic_is_exact(void **state)
{
  (void)state;
  const double m[3] = {1, -2, 0.5};
  double det = 4 * (2 - 0.04) - 1.5 * 1.5 * 2;
  const double inverse[3] = {(2 - 0.04) / det, 8 / det, (4 - 2.25) / det};
  for (int32_t j = 0; j < 3; j++) {
    gm_profile *p = run(bowl, 3, NULL, NULL, m, j, NULL);
    double half = sqrt(cut * inverse[j]);
    assert_int_equal(p->verdict, GM_IDENT_IDENTIFIED);
    assert_int_equal(p->reasons, 0);
    assert_true(fabs(p->low - (m[j] - half)) < 1e-4 && fabs(p->high - (m[j] + half)) < 1e-4);
    for (int32_t k = 0; k < p->point_count; k++)
      assert_true(fabs(p->rise[k] - (p->x[k] - m[j]) * (p->x[k] - m[j]) / inverse[j]) < 1e-4);
    assert_in_range(p->point_count, 10, 60);
    gm_profile_free(p);
  }
}

/* One unknown alone has no refits. */
static double one(const double *z) { return cosh(z[0]); }
static void profile__of_one_unknown(void **state)
{
  (void)state;
  const double z = 0;
  gm_profile *p = run(one, 1, NULL, NULL, &z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_IDENTIFIED);
  assert_true(fabs(p->high - acosh(1 + cut / 2)) < 1e-4 && fabs(p->low + p->high) < 2e-4);
  gm_profile_free(p);
}

/* Only the sum is seen: flat for each, and the other follows it. */
static double sum_only(const double *z) { return 50 * (z[0] + z[1] - 1) * (z[0] + z[1] - 1); }
static void profile__of_a_sum_is_flat(void **state)
{
  (void)state;
  const double z[2] = {0.4, 0.6};
  gm_profile *p = run(sum_only, 2, NULL, NULL, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_FLAT);
  assert_true(isinf(p->low) && isinf(p->high) && p->rise_low < 1e-6 && p->rise_high < 1e-6);
  assert_non_null(strstr(p->text, "z1: flat"));
  gm_profile_free(p);
}

/* Saturation: exp(-z) fades out upward, so only the lower end exists: (1 - e^-z)^2 k/2 with
 * optimum where the term is 0. */
static double fading(const double *z)
{
  double e = exp(-z[0]) - exp(-1.0);
  return 6 * e * e + (z[1] - z[0]) * (z[1] - z[0]);
}
static void profile__of_saturation_is_one_sided(void **state)
{
  (void)state;
  const double z[2] = {1, 1};
  gm_profile *p = run(fading, 2, NULL, NULL, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_ONE_SIDED);
  assert_true(isinf(p->high));
  assert_true(fabs(p->low + log(exp(-1.0) + sqrt(cut / 12))) < 1e-4);
  assert_true(fabs(p->rise_high - 12 * exp(-2.0)) < 1e-3);
  gm_profile_free(p);
}

/* The other unknown runs into its bound inside the interval: the ends are conditional on that. */
static void profile__names_the_other_on_its_bound(void **state)
{
  (void)state;
  const double z[3] = {1, -2, 0.5}, low[3] = {-10, -2.3, -10}, high[3] = {10, 10, 10};
  gm_profile *p = run(bowl, 3, low, high, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_NOT_TRUSTED);
  assert_int_equal(p->seen, GM_IDENT_IDENTIFIED);
  assert_int_equal(p->reasons, GM_IDENT_OTHER_ON_BOUND);
  assert_int_equal(p->on_bound, 1);
  assert_non_null(strstr(p->text, "z2 on its bound"));
  /* upward z2 wants below -2.3 and stays: rise 4 a^2 + 0.09 - 0.9 a + 2 c^2 - 0.12 c at best c */
  double a = p->high - 1, c = 0.03;
  assert_true(fabs(4 * a * a + 0.09 - 0.9 * a + 2 * c * c - 0.12 * c - cut) < 1e-3);
  gm_profile_free(p);
  /* its own bound cuts the profile off: open on that side, and no fault */
  const double near[3] = {0.9, -10, -10};
  p = run(bowl, 3, near, high, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_ONE_SIDED);
  assert_true(isinf(p->low) && p->x[0] == 0.9);
  gm_profile_free(p);
}

/* A jump, and a second valley. */
static double jumps(const double *z) { return bowl(z) + (z[0] > 1.3 ? 1.5 : 0); }
static double waves(const double *z)
{
  return 0.8 * (1 - cos(3 * z[0])) + 0.01 * z[0] * z[0] + z[1] * z[1];
}
static void profile__names_what_is_not_smooth(void **state)
{
  (void)state;
  const double z[3] = {1, -2, 0.5}, origin[2] = {0, 0};
  gm_profile *p = run(jumps, 3, NULL, NULL, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_NOT_TRUSTED);
  assert_true(p->reasons & GM_IDENT_NOT_SMOOTH);
  gm_profile_free(p);
  p = run(waves, 2, NULL, NULL, origin, 0, NULL);
  assert_int_equal(p->reasons, GM_IDENT_NOT_SMOOTH);
  assert_int_equal(p->seen, GM_IDENT_IDENTIFIED); /* 0.01 z^2 ends it far out: a union of pieces */
  gm_profile_free(p);
}

/* Not the optimum: said, with the better point. */
static void profile__names_a_better_optimum(void **state)
{
  (void)state;
  const double off[3] = {1.2, -2, 0.5};
  gm_profile *p = run(bowl, 3, NULL, NULL, off, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_NOT_TRUSTED);
  assert_true(p->reasons & GM_IDENT_BETTER_OPTIMUM);
  assert_true(p->best < bowl(off) && fabs(bowl(p->z_best) - p->best) < 1e-12);
  gm_profile_free(p);
}

/* Not feasible beyond a wall that is no bound: the refits fail there and it is said. */
static double walled(const double *z) { return z[0] > 1.4 ? NAN : bowl(z); }
static void profile__names_refits_that_fail(void **state)
{
  (void)state;
  const double z[3] = {1, -2, 0.5};
  gm_profile *p = run(walled, 3, NULL, NULL, z, 0, NULL);
  assert_int_equal(p->verdict, GM_IDENT_NOT_TRUSTED);
  assert_true(p->reasons & GM_IDENT_REFIT_FAILED);
  assert_true(isinf(p->high) && isfinite(p->low));
  gm_profile_free(p);
}

/* Two valleys for the other unknown that trade places along the profile: warm starts stay in the
 * first and find an interval, though the true profile never rises above 3.5. */
static double valleys(const double *z)
{
  double a = z[1] - 2, b = z[1] + 2;
  double left = 8 * b * b + 0.3 * z[0] * z[0], right = 8 * a * a + 1.5 + 1e-3 * z[0] * z[0];
  return -log(exp(-left) + exp(-right));
}
static void profile__names_fits_that_depend_on_their_start(void **state)
{
  (void)state;
  const double z[2] = {0, -2};
  gm_profile *p = run(valleys, 2, NULL, NULL, z, 0, NULL);
  assert_int_equal(p->seen, GM_IDENT_IDENTIFIED);
  assert_int_equal(p->verdict, GM_IDENT_NOT_TRUSTED);
  assert_true(p->reasons & GM_IDENT_REFIT_FAILED);
  gm_profile_free(p);
}

static gm_status epidemic(void *user, gm_ctx *c, int32_t n, const double *z, const uint64_t *key,
                          double *value)
{
  (void)user, (void)c, (void)key;
  for (int32_t i = 0; i < n; i++)
    value[i] = -sir_loglik(SIR_DAYS, sir_tests, exp(z[2 * i]), exp(z[2 * i + 1]), 0.6, NULL);
  return GM_OK;
}

/* The stochastic epidemic with its exact likelihood: published 95 % profile intervals beta
 * [0.69907, 2.12315], gamma [0.27049, 0.51345]. */
static void profile__of_the_epidemic(void **state)
{
  (void)state;
  static const char *const name[] = {"ln beta", "ln gamma"};
  const double z[2] = {log(1.28358645), log(0.37758432)};
  const double low[2] = {log(0.05), log(0.05)}, high[2] = {log(20), log(5)};
  static const double want[2][2] = {{0.69907, 2.12315}, {0.27049, 0.51345}};
  gm_objective f = {2, name, epidemic, NULL, low, high};
  for (int32_t j = 0; j < 2; j++) {
    gm_profile *p = NULL;
    gm_profile_options o = {.no_check = true, .step = 0.15};
    assert_int_equal(gm_profile_run(ctx, &f, z, j, &o, &p), GM_OK);
    printf("%s: [%.5f, %.5f], %d points, %d likelihoods\n", p->text, exp(p->low), exp(p->high),
           (int)p->point_count, (int)p->evaluations);
    assert_int_equal(p->verdict, GM_IDENT_IDENTIFIED);
    assert_true(fabs(exp(p->low) - want[j][0]) < 2e-5 * 2);
    assert_true(fabs(exp(p->high) - want[j][1]) < 2e-5 * 2);
    gm_profile_free(p);
  }
}

typedef struct {
  int32_t left;
} patience;
static bool stop(void *user) { return ((patience *)user)->left-- <= 0; }

/* Stopped: what was done, not trusted. Bad use: refused. */
static void profile__stops_and_refusals(void **state)
{
  (void)state;
  const double z[3] = {1, -2, 0.5};
  patience some = {40};
  gm_watch watch = {stop, NULL, &some};
  gm_profile_options o = {.watch = &watch};
  gm_profile *p = run(bowl, 3, NULL, NULL, z, 0, &o);
  assert_true(p->verdict == GM_IDENT_NOT_TRUSTED && p->reasons & GM_IDENT_STOPPED);
  gm_profile_free(p);
  gm_profile_options short_of = {.points_max = 3};
  p = run(bowl, 3, NULL, NULL, z, 0, &short_of);
  assert_int_equal(p->reasons, GM_IDENT_LIMIT);
  assert_true(isinf(p->low) && p->point_count == 7);
  gm_profile_free(p);
  p = NULL;
  box b = {bowl, 3};
  gm_objective f = {3, NULL, each, &b, NULL, NULL};
  const double nan_start[3] = {NAN, 0, 0};
  assert_int_equal(gm_profile_run(ctx, &f, z, 3, NULL, &p), GM_ERANGE);
  assert_int_equal(gm_profile_run(ctx, &f, nan_start, 0, NULL, &p), GM_ERANGE);
  gm_profile_options level = {.level = 2};
  assert_int_equal(gm_profile_run(ctx, &f, z, 0, &level, &p), GM_ERANGE);
  b.f = walled;
  const double beyond[3] = {2, 0, 0};
  assert_int_equal(gm_profile_run(ctx, &f, beyond, 0, NULL, &p), GM_EDOMAIN);
  assert_null(p);
}

static gm_status make(gm_ctx *c, void *user)
{
  (void)user;
  box b = {bowl, 3};
  gm_objective f = {3, NULL, each, &b, NULL, NULL};
  gm_profile_options o = {.points_max = 2, .no_check = true};
  const double z[3] = {1, -2, 0.5};
  gm_profile *p = NULL;
  gm_status s = gm_profile_run(c, &f, z, 0, &o, &p);
  gm_profile_free(p);
  return s;
}

static void profile__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("profile", make, NULL) > 6);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(profile__of_a_quadratic_is_exact),
      cmocka_unit_test(profile__of_one_unknown),
      cmocka_unit_test(profile__of_a_sum_is_flat),
      cmocka_unit_test(profile__of_saturation_is_one_sided),
      cmocka_unit_test(profile__names_the_other_on_its_bound),
      cmocka_unit_test(profile__names_what_is_not_smooth),
      cmocka_unit_test(profile__names_a_better_optimum),
      cmocka_unit_test(profile__names_refits_that_fail),
      cmocka_unit_test(profile__names_fits_that_depend_on_their_start),
      cmocka_unit_test(profile__of_the_epidemic),
      cmocka_unit_test(profile__stops_and_refusals),
      cmocka_unit_test(profile__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
