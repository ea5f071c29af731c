/* test_mode.c - the mode of one subject's posterior against closed forms, published figures and an
 * optimiser of its own.
 * label: quick */
#include "methods/infer_cases.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static gm_ctx *ctx;

static gm_mode *find(infer_case *c)
{
  gm_problem p = case_problem(c);
  gm_mode *m = NULL;
  gm_status s = gm_mode_find(ctx, &p, NULL, NULL, &m);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
  return m;
}

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.12g, expected %.12g within %g", what, got, wanted, tolerance);
}

/* For a linear model with Gaussian errors mode, covariance and Hessian are those of the conjugate
 * posterior, for 1 to 8 coordinates; log_posterior is prior times likelihood. */
static void mode_linear__is_conjugate(void **state)
{
  (void)state;
  for (int32_t d = 1; d <= 8; d++) {
    infer_case c = case_linear(d);
    double mean[CASE_DIM], cov[CASE_DIM * CASE_DIM], inverse[CASE_DIM * CASE_DIM];
    double evidence = linear_exact(&c, mean, cov);
    double log_det = invert(d, cov, inverse);
    gm_mode *m = find(&c);
    assert_true(m->converged && !m->repaired);
    assert_int_equal(m->dim, d);
    for (int32_t i = 0; i < d; i++) near(m->z[i], mean[i], 1e-9, "mode");
    for (int32_t i = 0; i < d * d; i++) {
      near(m->covariance[i], cov[i], 1e-7, "covariance");
      near(m->hessian[i], inverse[i], 1e-7, "Hessian");
    }
    /* at the mean of a normal posterior: density = evidence * N(mean; mean, cov) */
    double peak = evidence - 0.5 * d * log(2 * acos(-1)) - 0.5 * log_det;
    near(m->log_posterior, peak, 1e-8, "log posterior");
    gm_mode_free(m);
  }
}

/* ---- an optimiser of the test's own: analytic slopes, damped Gauss-Newton ------------------ */
static double oral_objective(const infer_case *c, const double *inverse, const double *z, double *g,
                             double *h)
{
  double f[6], df[18], value = 0;
  oral(c, z, f, df);
  for (int i = 0; i < 3; i++) {
    g[i] = 0;
    for (int k = 0; k < 3; k++) {
      g[i] += inverse[3 * i + k] * z[k];
      h[3 * i + k] = inverse[3 * i + k];
      value += z[i] * inverse[3 * i + k] * z[k];
    }
  }
  for (int j = 0; j < 6; j++) {
    const gm_datum *d = &c->datum[j];
    double p2 = d->proportional * d->proportional,
           s2 = d->additive * d->additive + p2 * f[j] * f[j];
    double r = d->value - f[j], slope = 2 * p2 * f[j] / s2;
    value += r * r / s2 + log(s2);
    double by_f = -r / s2 + 0.5 * slope * (1 - r * r / s2), info = 1 / s2 + 0.5 * slope * slope;
    for (int i = 0; i < 3; i++) {
      g[i] += by_f * df[3 * j + i];
      for (int k = 0; k < 3; k++) h[3 * i + k] += info * df[3 * j + i] * df[3 * j + k];
    }
  }
  return value;
}

/* The mode of a nonlinear problem (oral dose, mixed error, correlated prior) is where an optimiser
 * with analytic derivatives ends, and its objective is the same number. */
static void mode_oral__agrees_with_analytic_newton(void **state)
{
  (void)state;
  infer_case c = case_oral();
  double inverse[9], z[3] = {0}, g[3], h[9], a[9], value = 0, size = 1;
  invert(3, c.prior, inverse);
  for (int it = 0; it < 500 && size > 1e-13; it++) {
    value = oral_objective(&c, inverse, z, g, h);
    invert(3, h, a);
    size = 0;
    for (int i = 0; i < 3; i++) {
      double step = 0;
      for (int k = 0; k < 3; k++) step -= a[3 * i + k] * g[k];
      z[i] += 0.7 * step;
      size = fmax(size, fabs(step));
    }
  }
  assert_true(size <= 1e-13);
  gm_mode *m = find(&c);
  assert_true(m->converged && !m->repaired);
  for (int i = 0; i < 3; i++) near(m->z[i], z[i], 1e-7, "mode");
  near(m->objective, value, 1e-10, "objective");
  double e = 1e-5, g1[3], g2[3], unused[9]; /* Hessian from differences of the analytic gradient */
  for (int i = 0; i < 3; i++) {
    double up[3] = {z[0], z[1], z[2]}, down[3] = {z[0], z[1], z[2]};
    up[i] += e;
    down[i] -= e;
    oral_objective(&c, inverse, up, g1, unused);
    oral_objective(&c, inverse, down, g2, unused);
    for (int k = 0; k < 3; k++)
      near(m->hessian[3 * i + k], (g1[k] - g2[k]) / (2 * e), 1e-4 * fabs(m->hessian[4 * i]),
           "Hessian");
  }
  gm_mode_free(m);
}

/* Two published cases of Bayesian dosing: gentamicin (figures of a dosing program, five digits) and
 * the example of mapbayr (Le Louedec et al., CPT Pharmacometrics Syst. Pharmacol. 10:1208,
 * 2021). */
static void mode_published__is_reproduced(void **state)
{
  (void)state;
  static const double gentamicin[4] = {0.0370106, 0.0014473, 0.0890469, -0.0483889};
  static const double mapbayr[2] = {0.3872104, 0.1569604};
  infer_case c = case_gentamicin();
  gm_mode *m = find(&c);
  for (int i = 0; i < 4; i++) near(m->z[i], gentamicin[i], 1e-5, "gentamicin");
  gm_mode_free(m);
  c = case_mapbayr();
  m = find(&c);
  for (int i = 0; i < 2; i++) near(m->z[i], mapbayr[i], 1e-5, "mapbayr");
  gm_mode_free(m);
}

/* ---- shapes -------------------------------------------------------------------------------- */
static void formula_square(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = z[0] * z[0];
}

/* z^2 = 4 seen with little error: z = 0, where the search starts, is a stationary point but a
 * maximum; the mode is at z^2 = 4 - s2/(2 v) (derivative of the objective by hand). */
static void mode_saddle__is_left(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_square, .dim = 1, .count = 1, .prior = {4}};
  c.datum[0] = (gm_datum){.value = 4, .additive = 0.3};
  gm_mode *m = find(&c);
  assert_true(m->converged && !m->repaired);
  near(fabs(m->z[0]), sqrt(4 - 0.09 / 8), 1e-7, "mode");
  gm_mode_free(m);
}

static void formula_valley(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = z[1] + 0.5 * (z[0] * z[0] - 4);
  f[1] = z[0];
}

/* A narrow curved valley: mode by the test's own minimiser over z0 with z1 solved exactly. */
static void mode_valley__is_followed(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_valley, .dim = 2, .count = 2};
  case_prior_diagonal(&c, (const double[]){9, 9});
  c.datum[0] = (gm_datum){.value = 0, .additive = 0.001};
  c.datum[1] = (gm_datum){.value = 3, .additive = 1};
  double best = INFINITY, at[2] = {0}, low = 0, high = 4;
  for (int round = 0; round < 12; round++) { /* grids, each ten times finer */
    for (int k = 0; k <= 100; k++) {
      double x = low + (high - low) * k / 100, b = 0.5 * (x * x - 4);
      double y = -b / 1e-6 / (1 / 1e-6 + 1 / 9.0); /* normal equations for z1 */
      double o = (y + b) * (y + b) / 1e-6 + (x - 3) * (x - 3) + x * x / 9 + y * y / 9;
      if (o < best) {
        best = o;
        at[0] = x;
        at[1] = y;
      }
    }
    double reach = (high - low) / 20;
    low = at[0] - reach;
    high = at[0] + reach;
  }
  gm_mode *m = find(&c);
  print_message("valley: %d iterations, %d evaluations (%s)\n", m->iterations, m->evaluations,
                m->stopped);
  assert_true(m->converged);
  near(m->z[0], at[0], 1e-6, "mode");
  near(m->z[1], at[1], 1e-6, "mode");
  gm_mode_free(m);
}

/* Without data the mode is the prior's; without coordinates it is the one point. */
static void mode_empty__is_prior_or_point(void **state)
{
  (void)state;
  infer_case c = case_linear(3);
  c.count = 0;
  gm_mode *m = find(&c);
  for (int i = 0; i < 3; i++) near(m->z[i], 0, 1e-12, "mode");
  for (int i = 0; i < 9; i++) near(m->covariance[i], c.prior[i], 1e-9, "covariance");
  assert_int_equal(c.calls, 0);
  gm_mode_free(m);
  c = case_linear(1);
  c.dim = 0;
  c.count = 1;
  m = find(&c);
  double s2 = c.datum[0].additive * c.datum[0].additive;
  near(m->objective, 1 / s2 + log(s2), 1e-12, "objective"); /* the value is cos 0 = 1, f is 0 */
  assert_true(m->converged);
  gm_mode_free(m);
}

static void formula_impossible(const infer_case *c, const double *z, double *f)
{
  f[0] = z[0] > c->constant[0] ? z[0] : NAN;
}

/* A model that diverges at z = 0 but not beyond 0.5: another start finds the mode (derivative of
 * the objective by hand); one that diverges everywhere is refused. */
static void mode_infeasible_start__others_are_tried(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_impossible, .dim = 1, .count = 1, .prior = {1}};
  c.constant[0] = 0.5;
  c.datum[0] = (gm_datum){.value = 2, .additive = 0.5};
  gm_mode *m = find(&c);
  near(m->z[0], 8.0 / 5, 1e-8, "mode"); /* (2/0.25) / (1/0.25 + 1) */
  assert_true(m->converged);
  gm_mode_free(m);
  c.constant[0] = 1e9;
  gm_problem p = case_problem(&c);
  m = NULL;
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_ENUMERIC);
  assert_null(m);
  assert_true(gm_message(ctx)[0]);
}

/* Several starts find the lower of two modes where one start from 0 may end in either. */
static void mode_starts__find_the_lower(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_valley, .dim = 2, .count = 2};
  case_prior_diagonal(&c, (const double[]){9, 0.01});
  c.datum[0] = (gm_datum){.value = 0, .additive = 0.1};
  c.datum[1] = (gm_datum){.value = -1, .additive = 5}; /* prefers the mode at -2 a little */
  gm_problem p = case_problem(&c);
  gm_mode_options o = {.starts = 6};
  gm_mode *m = NULL;
  assert_int_equal(gm_mode_find(ctx, &p, &o, NULL, &m), GM_OK);
  assert_true(m->z[0] < -1.9 && m->z[0] > -2.1 && m->converged);
  gm_mode_free(m);
}

static void formula_noisy(const infer_case *c, const double *z, double *f)
{
  oral(c, z, f, NULL);
  for (int32_t j = 0; j < c->count; j++) f[j] *= 1 + 1e-7 * sin(1e9 * (z[0] + z[1] + z[2]) + j);
}

/* Predictions with the noise of an integrator (1e-7, fast in z) do not keep the search from its
 * end: the mode is that of the smooth problem within a thousandth of a standard deviation, the
 * Hessian within a thousandth. */
static void mode_noisy__still_converges(void **state)
{
  (void)state;
  infer_case smooth = case_oral(), noisy = case_oral();
  noisy.formula = formula_noisy;
  gm_mode *a = find(&smooth), *b = find(&noisy);
  assert_true(b->converged && !b->repaired);
  print_message("noisy: %d evaluations (%s)\n", b->evaluations, b->stopped);
  for (int i = 0; i < 3; i++) {
    near(b->z[i], a->z[i], 1e-3 * sqrt(a->covariance[4 * i]), "mode");
    for (int k = 0; k < 3; k++)
      near(b->hessian[3 * i + k], a->hessian[3 * i + k],
           1e-3 * sqrt(a->hessian[4 * i] * a->hessian[4 * k]), "Hessian");
  }
  gm_mode_free(a);
  gm_mode_free(b);
}

/* ---- refusals ------------------------------------------------------------------------------ */
static void mode_bad_problem__is_refused(void **state)
{
  (void)state;
  infer_case c = case_linear(2);
  gm_problem p = case_problem(&c);
  gm_mode *m = NULL;
  c.prior[0] = c.prior[1] = c.prior[2] = 0; /* a coordinate without variance */
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "left out"));
  c = case_linear(2);
  c.datum[1].additive = 0;
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_EDOMAIN);
  assert_non_null(strstr(gm_message(ctx), "datum 2"));
  c.datum[1] = (gm_datum){.value = -1, .additive = 1, .log_scale = true};
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_EDOMAIN);
  c.datum[1] = (gm_datum){.value = NAN, .additive = 1};
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_EDOMAIN);
  c.datum[1] = (gm_datum){.value = 1, .additive = 1};
  assert_int_equal(gm_mode_find(ctx, &p, &(gm_mode_options){.tolerance = -1}, NULL, &m), GM_EINVAL);
  assert_int_equal(gm_mode_find(ctx, &p, &(gm_mode_options){.starts = -1}, NULL, &m), GM_EINVAL);
  assert_null(m);
}

static int32_t asked;
static bool stop_later(void *user) { return ++asked > *(int32_t *)user; }

/* Whenever the watch says stop, the search ends with GM_ECANCELLED and gives nothing. */
static void mode_watch__stops(void **state)
{
  (void)state;
  infer_case c = case_oral();
  gm_problem p = case_problem(&c);
  for (int32_t after = 0; after < 12; after += 1) {
    gm_watch w = {.stop = stop_later, .user = &after};
    gm_mode *m = NULL;
    asked = 0;
    assert_int_equal(gm_mode_find(ctx, &p, NULL, &w, &m), GM_ECANCELLED);
    assert_null(m);
  }
}

static gm_status predict_fails(void *user, gm_ctx *c, int32_t n, const double *z, double *f)
{
  int32_t *left = user;
  for (int32_t m = 0; m < n; m++) f[m] = z[m];
  return --*left < 0 ? gm_fail(c, GM_ENUMERIC, "the solver is out of order") : GM_OK;
}

/* What the forward map itself fails with comes back, whenever it fails; it is not taken for a point
 * that is impossible. */
static void mode_predict_failure__comes_back(void **state)
{
  (void)state;
  double prior = 1;
  gm_datum d = {.value = 1, .additive = 1};
  for (int32_t k = 0; k < 6; k++) {
    int32_t left = k;
    gm_problem p = {1, &prior, 1, &d, predict_fails, &left};
    gm_mode *m = NULL;
    assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &m), GM_ENUMERIC);
    assert_string_equal(gm_message(ctx), "the solver is out of order");
  }
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_problem p = case_problem(user);
  gm_mode *m = NULL;
  gm_status s = gm_mode_find(c, &p, &(gm_mode_options){.starts = 2}, NULL, &m);
  assert_true(!s == !!m);
  gm_mode_free(m);
  return s;
}

/* A refused allocation gives GM_ENOMEM, no mode and no leak. */
static void mode_memory__failure_leaves_nothing(void **state)
{
  (void)state;
  infer_case c = case_linear(2);
  assert_true(fault_sweep("gm_mode_find", trial, &c) > 10);
}

/* How much is asked for: printed, and a bound against accidents. */
static void mode_cost__is_modest(void **state)
{
  (void)state;
  infer_case c = case_gentamicin();
  gm_mode *m = find(&c);
  print_message("gentamicin: %d iterations, %d evaluations in %lld calls (%s)\n", m->iterations,
                m->evaluations, (long long)c.calls, m->stopped);
  assert_int_equal(m->evaluations, c.points);
  assert_true(m->evaluations < 1000);
  gm_mode_free(m);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
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
      cmocka_unit_test(mode_linear__is_conjugate),
      cmocka_unit_test(mode_oral__agrees_with_analytic_newton),
      cmocka_unit_test(mode_published__is_reproduced),
      cmocka_unit_test(mode_saddle__is_left),
      cmocka_unit_test(mode_valley__is_followed),
      cmocka_unit_test(mode_empty__is_prior_or_point),
      cmocka_unit_test(mode_infeasible_start__others_are_tried),
      cmocka_unit_test(mode_starts__find_the_lower),
      cmocka_unit_test(mode_noisy__still_converges),
      cmocka_unit_test(mode_bad_problem__is_refused),
      cmocka_unit_test(mode_watch__stops),
      cmocka_unit_test(mode_predict_failure__comes_back),
      cmocka_unit_test(mode_memory__failure_leaves_nothing),
      cmocka_unit_test(mode_cost__is_modest),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
