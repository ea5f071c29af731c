/* test_optimise.c - minimisers on the classical problems of More, Garbow & Hillstrom (1981), on bad
 * scales and on functions that are not feasible everywhere.
 * label: quick */
#include "num/linalg.h"
#include "num/optimise.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

enum { D = 15 };

static gm_ctx *ctx;

typedef double scalar(int32_t d, const double *z);

typedef struct {
  int32_t d;
  scalar *f;
  int64_t calls, points;
} problem;

static gm_status batch(void *user, int32_t n, const double *z, double *value)
{
  problem *p = user;
  p->calls++;
  p->points += n;
  for (int32_t i = 0; i < n; i++) value[i] = p->f(p->d, z + (ptrdiff_t)i * p->d);
  return GM_OK;
}

static double rosenbrock(int32_t d, const double *z)
{
  double s = 0;
  for (int32_t i = 0; i + 1 < d; i++) {
    double a = z[i + 1] - z[i] * z[i], b = 1 - z[i];
    s += 100 * a * a + b * b;
  }
  return d == 1 ? (1 - z[0]) * (1 - z[0]) : s;
}

/* Powell's singular function: the Hessian at the minimum 0 has rank two. */
static double powell(int32_t d, const double *z)
{
  (void)d;
  double a = z[0] + 10 * z[1], b = z[2] - z[3], c = z[1] - 2 * z[2], e = z[0] - z[3];
  return a * a + 5 * b * b + c * c * c * c + 10 * e * e * e * e;
}

/* Curvatures from 1 to 1e12 in turned coordinates; minimum at z_i = i + 1. */
static double scaled(int32_t d, const double *z)
{
  double s = 0;
  for (int32_t i = 0; i < d; i++) {
    double u = z[i] - (i + 1);
    if (i) u += 0.5 * (z[i - 1] - i);
    s += pow(10, 12.0 * i / (d > 1 ? d - 1 : 1)) * u * u;
  }
  return 0.5 * s + 3;
}

static double helix(int32_t d, const double *z)
{
  (void)d;
  double theta = atan2(z[1], z[0]) / (2 * M_PI), r = hypot(z[0], z[1]);
  double a = 10 * (z[2] - 10 * theta), b = 10 * (r - 1);
  return a * a + b * b + z[2] * z[2];
}

/* x - log x in each coordinate: not feasible at and below 0; minimum d at 1. */
static double logs(int32_t d, const double *z)
{
  double s = 0;
  for (int32_t i = 0; i < d; i++) {
    if (z[i] <= 0) return i % 2 ? NAN : INFINITY;
    s += z[i] - log(z[i]);
  }
  return s;
}

/* A saddle at 0: -z^2 + z^4 in the first coordinate; minima -1/4 at +-1/sqrt 2. */
static double saddle(int32_t d, const double *z)
{
  double s = z[0] * z[0] * (z[0] * z[0] - 1);
  for (int32_t i = 1; i < d; i++) s += z[i] * z[i];
  return s;
}

static double minimise(problem *p, const gm_opt_options *o, const double *start, double *z,
                       gm_opt_result *r)
{
  gm_status s = gm_opt_minimise(ctx, p->d, batch, p, o, start, z, NULL, NULL, r);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
  assert_int_equal(r->evaluations, p->points);
  return r->value;
}

static void assert_at(int32_t d, const double *z, const double *want, double tolerance)
{
  for (int32_t i = 0; i < d; i++)
    if (!(fabs(z[i] - want[i]) <= tolerance * (1 + fabs(want[i]))))
      fail_msg("coordinate %d of %d: %.12g, not %.12g", (int)i + 1, (int)d, z[i], want[i]);
}

/* Rosenbrock's valley in 1 to 15 dimensions from (-1.2, 1, ...), to the bias of the differences:
 * second-order ones with h = 2e-4 shift the minimum by about h^2 f'''/6 H^-1, 4e-5. */
static void minimise__rosenbrock_to_fifteen_dimensions(void **state)
{
  (void)state;
  double start[D], z[D], ones[D];
  for (int32_t d = 1; d <= D; d++) {
    for (int32_t i = 0; i < d; i++) {
      start[i] = i % 2 ? 1 : -1.2;
      ones[i] = 1;
    }
    for (int32_t order = 2; order <= 4; order += 2) {
      problem p = {d, rosenbrock, 0, 0};
      gm_opt_options o = {.difference = {.order = order}};
      gm_opt_result r;
      double value = minimise(&p, &o, start, z, &r);
      assert_true(r.converged);
      if (value > 1) { /* the known other minimum near (-1, 1, ..., 1) for d >= 4 */
        assert_true(d >= 4 && fabs(value - 3.98) < 0.02);
        continue;
      }
      assert_true(value < 1e-7);
      assert_at(d, z, ones, order == 2 ? 3e-4 : 1e-6);
      if (r.iterations > 200) fail_msg("d %d: %d iterations", (int)d, (int)r.iterations);
    }
  }
}

/* Powell's singular function goes to (nearly) 0 although no rate is owed there. */
static void minimise__powell_singular(void **state)
{
  (void)state;
  const double start[4] = {3, -1, 0, 1}, zero[4] = {0};
  double z[4];
  problem p = {4, powell, 0, 0};
  gm_opt_options o = {.gradient_tolerance = 1e-8, .difference = {.order = 4}};
  gm_opt_result r;
  assert_true(minimise(&p, &o, start, z, &r) < 1e-9);
  assert_at(4, z, zero, 2e-2);
  assert_true(r.converged && r.iterations < 150);
}

/* The helical valley, whose minimum is (1, 0, 0), across its jump. */
static void minimise__helical_valley(void **state)
{
  (void)state;
  const double start[3] = {-1, 0.1, 0}, want[3] = {1, 0, 0};
  double z[3];
  problem p = {3, helix, 0, 0};
  gm_opt_options o = {.gradient_tolerance = 1e-8, .difference = {.order = 4}};
  gm_opt_result r;
  minimise(&p, &o, start, z, &r);
  assert_true(r.converged && r.iterations < 80);
  assert_at(3, z, want, 1e-6);
}

/* Quadratics with curvatures over twelve orders of magnitude, d = 1 .. 15. */
static void minimise__badly_scaled_quadratics(void **state)
{
  (void)state;
  double start[D], z[D], want[D];
  for (int32_t d = 1; d <= D; d++) {
    problem p = {d, scaled, 0, 0};
    for (int32_t i = 0; i < d; i++) {
      start[i] = i % 2 ? 12 : -7;
      want[i] = i + 1;
    }
    gm_opt_result r;
    double value = minimise(&p, NULL, start, z, &r);
    assert_true(r.converged);
    assert_true(value - 3 < 1e-6);
    assert_at(d, z, want, 2e-3); /* a change of 1e-6 in value along curvature 1 */
    if (r.iterations > 20 + 6 * d) fail_msg("d %d: %d iterations", (int)d, (int)r.iterations);
  }
}

/* Half the space is not feasible (NaN or inf); the start is near the wall or far from it. */
static void minimise__infeasible_half_space(void **state)
{
  (void)state;
  double z[6], ones[6] = {1, 1, 1, 1, 1, 1};
  const double near[6] = {1e-5, 2e-5, 1e-4, 1e-3, 0.5, 3}, far[6] = {300, 20, 100, 5, 1, 1000};
  for (int32_t k = 0; k < 2; k++) {
    problem p = {6, logs, 0, 0};
    gm_opt_result r;
    double value = minimise(&p, NULL, k ? far : near, z, &r);
    assert_true(r.converged && fabs(value - 6) < 1e-9);
    assert_at(6, z, ones, 1e-4);
    if (r.iterations > 100) fail_msg("%d iterations", (int)r.iterations);
  }
}

/* From a ridge beside a saddle the negative curvature is used. */
static void minimise__leaves_a_saddle(void **state)
{
  (void)state;
  const double start[3] = {1e-3, 1, -1};
  double z[3];
  problem p = {3, saddle, 0, 0};
  gm_opt_result r;
  assert_true(fabs(minimise(&p, NULL, start, z, &r) + 0.25) < 1e-9);
  assert_true(fabs(fabs(z[0]) - sqrt(0.5)) < 1e-4 && r.converged);
}

/* ---- callbacks ---- */
static gm_status rosenbrock_gradient(void *user, const double *z, double *g)
{
  int32_t d = ((problem *)user)->d;
  for (int32_t i = 0; i < d; i++) g[i] = 0;
  for (int32_t i = 0; i + 1 < d; i++) {
    double a = z[i + 1] - z[i] * z[i];
    g[i] += -400 * a * z[i] - 2 * (1 - z[i]);
    g[i + 1] += 200 * a;
  }
  return GM_OK;
}

/* Gauss-Newton: residuals 10 (z_{i+1} - z_i^2) and 1 - z_i. */
static gm_status rosenbrock_gauss_newton(void *user, const double *z, double *h)
{
  int32_t d = ((problem *)user)->d;
  memset(h, 0, (size_t)(d * d) * sizeof *h);
  for (int32_t i = 0; i + 1 < d; i++) {
    h[i * (d + 1)] += 800 * z[i] * z[i] + 2;
    h[(i + 1) * (d + 1)] += 200;
    h[i * d + i + 1] -= 400 * z[i];
    h[(i + 1) * d + i] -= 400 * z[i];
  }
  return GM_OK;
}

/* Exact gradients reach rounding; Gauss-Newton, whose residual vanishes at the minimum, needs
 * fewer iterations than updates do. */
static void minimise__uses_gradient_and_gauss_newton(void **state)
{
  (void)state;
  double start[8], z[8], ones[8];
  for (int32_t i = 0; i < 8; i++) {
    start[i] = i % 2 ? 1.3 : 0.5;
    ones[i] = 1;
  }
  problem p = {8, rosenbrock, 0, 0}, q = p;
  gm_opt_options o = {.gradient = rosenbrock_gradient, .gradient_tolerance = 1e-10};
  gm_opt_result r, s;
  minimise(&p, &o, start, z, &r);
  assert_at(8, z, ones, 1e-9); /* tolerance / least curvature */
  o.hessian = rosenbrock_gauss_newton;
  minimise(&q, &o, start, z, &s);
  assert_at(8, z, ones, 1e-9); /* tolerance / least curvature */
  assert_true(s.converged && s.iterations < r.iterations && s.iterations < 40);
}

/* The Hessian in the result: by differences on request, and nearly so from the updates, for a
 * quadratic with a known one. */
static void minimise__hessian_of_a_quadratic(void **state)
{
  (void)state;
  const double start[3] = {5, -5, 5};
  double z[3], g[3], h[9];
  for (int32_t k = 0; k < 2; k++) {
    problem p = {3, scaled, 0, 0};
    gm_opt_options o = {.hessian_at_end = k == 1};
    gm_opt_result r;
    assert_int_equal(gm_opt_minimise(ctx, 3, batch, &p, &o, start, z, g, h, &r), GM_OK);
    double w[3] = {1, 1e6, 1e12}; /* f = sum w_i (u_i + u_(i-1)/2)^2 / 2 */
    for (int32_t i = 0; i < 3; i++) {
      double want = w[i] + (i < 2 ? 0.25 * w[i + 1] : 0);
      assert_true(fabs(h[i * 4] / want - 1) < (k ? 1e-5 : 1e-2));
      if (i < 2) assert_true(fabs(h[i * 3 + i + 1] / (0.5 * w[i + 1]) - 1) < (k ? 1e-5 : 1e-2));
      assert_true(h[i * 3 + (i + 1) % 3] == h[(i + 1) % 3 * 3 + i]);
    }
    assert_true(fabs(z[0] - 1) < 1e-3);
  }
}

/* ---- differences ---- */
static double wavy(int32_t d, const double *z)
{
  double s = 0;
  for (int32_t i = 0; i < d; i++) s += exp(sin(z[i] + 0.3 * z[(i + 1) % d]));
  return s;
}

static void wavy_gradient(int32_t d, const double *z, double *g)
{
  for (int32_t i = 0; i < d; i++) g[i] = 0;
  for (int32_t i = 0; i < d; i++) {
    double u = z[i] + 0.3 * z[(i + 1) % d], v = exp(sin(u)) * cos(u);
    g[i] += v;
    g[(i + 1) % d] += 0.3 * v;
  }
}

static double gradient_error(int32_t order, double step)
{
  const double z[3] = {0.4, -1.1, 2.3};
  problem p = {3, wavy, 0, 0};
  gm_difference how = {.order = order, .step = step};
  double got[3], want[3], big = 0;
  wavy_gradient(3, z, want);
  assert_int_equal(gm_diff_gradient(ctx, 3, batch, &p, &how, z, wavy(3, z), got, NULL, NULL),
                   GM_OK);
  assert_int_equal(p.calls, 1);
  assert_int_equal(p.points, 3 * order);
  for (int32_t i = 0; i < 3; i++) big = fmax(big, fabs(got[i] - want[i]));
  return big;
}

/* Halving h takes a factor of 4 and of 16 off the error: orders two and four, one batch each. */
static void difference__orders_are_two_and_four(void **state)
{
  (void)state;
  double two = log2(gradient_error(2, 0.02) / gradient_error(2, 0.01));
  double four = log2(gradient_error(4, 0.04) / gradient_error(4, 0.02));
  assert_true(fabs(two - 2) < 0.1);
  assert_true(fabs(four - 4) < 0.2);
  assert_true(gradient_error(2, 0) < 1e-7 && gradient_error(4, 0) < 1e-10);
}

/* The curvatures that come with the gradient, and the full Hessian, against derivatives by hand. */
static void difference__second_derivatives(void **state)
{
  (void)state;
  const double z[3] = {0.4, -1.1, 2.3};
  problem p = {3, wavy, 0, 0};
  double g[3], c[3], h[9], want[9] = {0};
  for (int32_t i = 0; i < 3; i++) {
    int32_t j = (i + 1) % 3;
    double u = z[i] + 0.3 * z[j], v = exp(sin(u)) * (cos(u) * cos(u) - sin(u));
    want[i * 4] += v;
    want[j * 4] += 0.09 * v;
    want[i * 3 + j] += 0.3 * v;
    want[j * 3 + i] += 0.3 * v;
  }
  int64_t count = 0;
  assert_int_equal(gm_diff_hessian(ctx, 3, batch, &p, NULL, z, wavy(3, z), h, &count), GM_OK);
  assert_true(count == 18 && p.calls == 1);
  for (int32_t i = 0; i < 9; i++) assert_true(fabs(h[i] - want[i]) < 2e-5);
  for (int32_t order = 2; order <= 4; order += 2) {
    gm_difference how = {.order = order};
    assert_int_equal(gm_diff_gradient(ctx, 3, batch, &p, &how, z, wavy(3, z), g, c, NULL), GM_OK);
    for (int32_t i = 0; i < 3; i++) assert_true(fabs(c[i] - want[i * 4]) < 1e-5);
  }
}

/* Beside a wall the step shrinks; on it the feasible side serves; enclosed, it is refused. */
static double wall_at;
static double walled(int32_t d, const double *z)
{
  (void)d;
  return z[1] < wall_at ? NAN : z[0] + exp(z[1]);
}
static double enclosed(int32_t d, const double *z)
{
  (void)d;
  return z[1] == 0 ? z[0] : INFINITY;
}

static void difference__near_what_is_not_feasible(void **state)
{
  (void)state;
  const double z[2] = {0, 0};
  double g[2] = {9, 9}, h[4];
  problem p = {2, walled, 0, 0};
  wall_at = -2e-5; /* inside the first step, outside the second */
  assert_int_equal(gm_diff_gradient(ctx, 2, batch, &p, NULL, z, 1, g, NULL, NULL), GM_OK);
  assert_true(fabs(g[0] - 1) < 1e-9 && fabs(g[1] - 1) < 1e-9);
  assert_int_equal(p.calls, 2);
  wall_at = 0;
  assert_int_equal(gm_diff_gradient(ctx, 2, batch, &p, NULL, z, 1, g, NULL, NULL), GM_OK);
  assert_true(fabs(g[1] - 1) < 1e-7);
  assert_int_equal(gm_diff_hessian(ctx, 2, batch, &p, NULL, z, 1, h, NULL), GM_ENUMERIC);
  p.f = enclosed;
  assert_int_equal(gm_diff_gradient(ctx, 2, batch, &p, NULL, z, 0, g, NULL, NULL), GM_ENUMERIC);
  assert_non_null(strstr(gm_message(ctx), "coordinate 2"));
  gm_difference how = {.order = 3};
  assert_int_equal(gm_diff_gradient(ctx, 2, batch, &p, &how, z, 0, g, NULL, NULL), GM_EINVAL);
}

/* ---- refusals, limits, stopping ---- */
static bool always(void *user)
{
  (void)user;
  return true;
}

static gm_status failing(void *user, int32_t n, const double *z, double *value)
{
  (void)user, (void)n, (void)z, (void)value;
  return GM_EIO;
}

static void minimise__limits_and_refusals(void **state)
{
  (void)state;
  const double start[2] = {-1.2, 1}, bad[2] = {-1, 1};
  double z[2] = {7, 7};
  gm_opt_result r;
  problem p = {2, rosenbrock, 0, 0}, q = {2, logs, 0, 0};
  gm_watch watch = {.stop = always};
  gm_opt_options stop = {.watch = &watch}, few = {.iterations_max = 3},
                 cheap = {.evaluations_max = 30}, wrong = {.radius = -1};
  assert_int_equal(gm_opt_minimise(ctx, 2, batch, &p, &stop, start, z, NULL, NULL, &r),
                   GM_ECANCELLED);
  assert_int_equal(gm_opt_minimise(ctx, 2, batch, &q, NULL, bad, z, NULL, NULL, &r), GM_EDOMAIN);
  assert_int_equal(gm_opt_minimise(ctx, 2, batch, &q, &wrong, start, z, NULL, NULL, &r), GM_EINVAL);
  assert_int_equal(gm_opt_minimise(ctx, 2, failing, &q, NULL, start, z, NULL, NULL, &r), GM_EIO);
  assert_true(z[0] == 7 && z[1] == 7);
  assert_int_equal(gm_opt_minimise(ctx, 2, batch, &p, &few, start, z, NULL, NULL, &r), GM_OK);
  assert_true(r.stop == GM_OPT_ITERATIONS && r.iterations == 3 && !r.converged && r.value < 24.2);
  assert_int_equal(gm_opt_minimise(ctx, 2, batch, &p, &cheap, start, z, NULL, NULL, &r), GM_OK);
  assert_true(r.stop == GM_OPT_EVALUATIONS && r.evaluations < 45 && !r.converged);
  assert_non_null(strstr(gm_opt_stop_text(r.stop), "evaluations"));
}

/* ---- NLopt ---- */
/* Three methods on Rosenbrock inside bounds that hold the minimum and that cut it off: with
 * z_1 <= 1/2 the least value is (1 - 1/2)^2 at (1/2, 1/4). */
static void nlopt__rosenbrock_within_bounds(void **state)
{
  (void)state;
  const double start[2] = {-1.2, 1}, low[2] = {-2, -2}, high[2] = {2, 2}, tight[2] = {0.5, 2};
  const double ones[2] = {1, 1}, cut[2] = {0.5, 0.25};
  for (int m = GM_NLOPT_BOBYQA; m <= GM_NLOPT_NEWUOA; m++) {
    problem p = {2, rosenbrock, 0, 0};
    gm_nlopt_options o = {.method = (gm_nlopt_method)m,
                          .low = low,
                          .high = high,
                          .value_tolerance = 1e-14,
                          .evaluations_max = 20000};
    double z[2];
    gm_opt_result r;
    assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_OK);
    assert_at(2, z, ones, 1e-3);
    assert_true(r.converged && r.evaluations == p.points && r.value == rosenbrock(2, z));
    o.high = tight;
    assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_OK);
    assert_at(2, z, cut, 1e-3);
    assert_true(z[0] <= 0.5);
  }
}

/* Points that are not feasible do not lead the methods astray. */
static void nlopt__infeasible_points(void **state)
{
  (void)state;
  const double start[3] = {0.2, 4, 2}, ones[3] = {1, 1, 1}, step[3] = {1, 1, 1};
  for (int m = GM_NLOPT_BOBYQA; m <= GM_NLOPT_SBPLX; m++) {
    problem p = {3, logs, 0, 0};
    gm_nlopt_options o = {.method = (gm_nlopt_method)m, .step = step, .value_tolerance = 1e-13};
    double z[3];
    gm_opt_result r;
    assert_int_equal(gm_nlopt_minimise(ctx, 3, batch, &p, &o, start, z, &r), GM_OK);
    assert_at(3, z, ones, 1e-3);
  }
}

static void nlopt__limits_and_refusals(void **state)
{
  (void)state;
  const double start[2] = {-1.2, 1}, low[2] = {-2, -2}, high[2] = {-1.5, 2}, empty[2] = {-3, 5};
  double z[2] = {7, 7};
  gm_opt_result r;
  problem p = {2, rosenbrock, 0, 0};
  gm_watch watch = {.stop = always};
  gm_nlopt_options o = {.low = low, .high = high};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_EDOMAIN);
  o.high = empty;
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_EINVAL);
  o = (gm_nlopt_options){.watch = &watch};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_ECANCELLED);
  o = (gm_nlopt_options){0};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, failing, &p, &o, start, z, &r), GM_EIO);
  problem q = {2, logs, 0, 0};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &q, &o, start, z, &r), GM_EDOMAIN);
  problem one = {1, rosenbrock, 0, 0};
  assert_int_equal(gm_nlopt_minimise(ctx, 1, batch, &one, &o, start, z, &r), GM_EUNSUPPORTED);
  assert_true(z[0] == 7 && z[1] == 7);
  o.method = GM_NLOPT_SBPLX;
  assert_int_equal(gm_nlopt_minimise(ctx, 1, batch, &one, &o, start, z, &r), GM_OK);
  assert_true(fabs(z[0] - 1) < 1e-3);
  o = (gm_nlopt_options){.evaluations_max = 10};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_OK);
  assert_true(r.stop == GM_OPT_EVALUATIONS && !r.converged);
  o = (gm_nlopt_options){.use_target = true, .value_target = 1};
  assert_int_equal(gm_nlopt_minimise(ctx, 2, batch, &p, &o, start, z, &r), GM_OK);
  assert_true(r.stop == GM_OPT_TARGET && r.value <= 1);
}

static gm_status make_all(gm_ctx *c, void *user)
{
  (void)user;
  const double start[2] = {0.9, 0.9};
  double z[2];
  problem p = {2, rosenbrock, 0, 0};
  gm_opt_options o = {.hessian_at_end = true, .iterations_max = 2};
  gm_nlopt_options n = {.evaluations_max = 10};
  gm_opt_result r;
  gm_status s = gm_opt_minimise(c, 2, batch, &p, &o, start, z, NULL, NULL, &r);
  if (!s) s = gm_nlopt_minimise(c, 2, batch, &p, &n, start, z, &r);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void optimise__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("optimise", make_all, NULL) >= 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(minimise__rosenbrock_to_fifteen_dimensions),
      cmocka_unit_test(minimise__powell_singular),
      cmocka_unit_test(minimise__helical_valley),
      cmocka_unit_test(minimise__badly_scaled_quadratics),
      cmocka_unit_test(minimise__infeasible_half_space),
      cmocka_unit_test(minimise__leaves_a_saddle),
      cmocka_unit_test(minimise__uses_gradient_and_gauss_newton),
      cmocka_unit_test(minimise__hessian_of_a_quadratic),
      cmocka_unit_test(difference__orders_are_two_and_four),
      cmocka_unit_test(difference__second_derivatives),
      cmocka_unit_test(difference__near_what_is_not_feasible),
      cmocka_unit_test(minimise__limits_and_refusals),
      cmocka_unit_test(nlopt__rosenbrock_within_bounds),
      cmocka_unit_test(nlopt__infeasible_points),
      cmocka_unit_test(nlopt__limits_and_refusals),
      cmocka_unit_test(optimise__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
