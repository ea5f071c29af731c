/* sens_cases.h - functions whose variance shares are known in closed form. */
#ifndef GEMEL_TESTS_SENS_CASES_H
#define GEMEL_TESTS_SENS_CASES_H
#include "gemel/rand.h"
#include "gemel/sensitivity.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

/* Ishigami & Homma 1990, a = 7, b = 0.1, inputs uniform on (-pi, pi). */
static inline double ishigami(const double *u)
{
  const double pi = 3.14159265358979323846;
  double x[3];
  for (int32_t j = 0; j < 3; j++) x[j] = pi * (2 * u[j] - 1);
  double s = sin(x[1]), z = x[2] * x[2];
  return sin(x[0]) + 7 * s * s + 0.1 * z * z * sin(x[0]);
}

/* Closed form (Sobol' & Levitan 1999): V1 = (1 + b pi^4/5)^2/2, V2 = a^2/8, V13 = 8 b^2 pi^8/225;
 * the Shapley effects share V13 between its two. */
static const double ishigami_variance = 13.844587940719254;
static const double ishigami_first[3] = {0.31390519114781146, 0.4424111447900409, 0};
static const double ishigami_total[3] = {0.5575888552099592, 0.4424111447900409,
                                         0.2436836640621477};
static const double ishigami_shapley[3] = {0.4357470231788853, 0.4424111447900409,
                                           0.12184183203107385};

static inline gm_status ishigami_eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                                      const uint64_t *replicate, double *y)
{
  (void)user, (void)ctx, (void)replicate;
  for (int32_t i = 0; i < n; i++) y[i] = ishigami(u + 3 * (ptrdiff_t)i);
  return GM_OK;
}

/* Sobol' G with a = (0, 1, 4.5, 9, 99, 99, 99, 99): V_j = 1 / (3 (1 + a_j)^2). */
static const double g_a[8] = {0, 1, 4.5, 9, 99, 99, 99, 99};

static inline gm_status g_eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                               const uint64_t *replicate, double *y)
{
  (void)user, (void)ctx, (void)replicate;
  for (int32_t i = 0; i < n; i++) {
    y[i] = 1;
    for (int32_t j = 0; j < 8; j++)
      y[i] *= (fabs(4 * u[8 * (ptrdiff_t)i + j] - 2) + g_a[j]) / (1 + g_a[j]);
  }
  return GM_OK;
}

static inline void g_shares(double *first, double *total, double *variance)
{
  double part[8], all = 1;
  for (int32_t j = 0; j < 8; j++) {
    part[j] = 1 / (3 * (1 + g_a[j]) * (1 + g_a[j]));
    all *= 1 + part[j];
  }
  *variance = all - 1;
  for (int32_t j = 0; j < 8; j++) {
    first[j] = part[j] / *variance;
    total[j] = part[j] * all / (1 + part[j]) / *variance;
  }
}

/* True value within `errors` standard errors of the estimate. */
static inline void assert_estimate(const char *what, gm_sens_value v, double want, double errors)
{
  if (!(fabs(v.value - want) <= errors * v.error + 1e-12))
    fail_msg("%s: %.8f +- %.2g, %.8f expected", what, v.value, v.error, want);
}
#endif
