/* online_cases.h - for the tests of the online forecaster: a small stream, an independent solve. */
#ifndef GEMEL_TESTS_ONLINE_CASES_H
#define GEMEL_TESTS_ONLINE_CASES_H
#include "gemel/math.h"
#include "gemel/online.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Uniform in (0, 1) and standard normal number i of series `series`. */
static inline double uniform(uint64_t series, uint64_t i)
{
  uint64_t r[4];
  gm_draw4((gm_key){{series, 17, 4, 1}}, 0, 0, 0, i, r);
  return ((double)(r[0] >> 11) + 0.5) / 9007199254740992.0;
}

static inline double normal(uint64_t series, uint64_t i)
{
  return gm_norm_quantile(uniform(series, i));
}

/* Solves a x = b by elimination in long double; a[n][n] and b are overwritten, b becomes x. */
static inline void eliminate(int n, long double *a, long double *b)
{
  for (int c = 0; c < n; c++) {
    int pivot = c;
    for (int r = c + 1; r < n; r++)
      if (fabsl(a[r * n + c]) > fabsl(a[pivot * n + c])) pivot = r;
    for (int k = 0; k < n; k++) {
      long double swap = a[c * n + k];
      a[c * n + k] = a[pivot * n + k];
      a[pivot * n + k] = swap;
    }
    long double swap = b[c];
    b[c] = b[pivot];
    b[pivot] = swap;
    for (int r = c + 1; r < n; r++) {
      long double f = a[r * n + c] / a[c * n + c];
      for (int k = c; k < n; k++) a[r * n + k] -= f * a[c * n + k];
      b[r] -= f * b[c];
    }
  }
  for (int c = n - 1; c >= 0; c--) {
    for (int k = c + 1; k < n; k++) b[c] -= a[c * n + k] * b[k];
    b[c] /= a[c * n + c];
  }
}

static inline void solve(int n, const long double *a, const long double *b, double *x)
{
  long double left[64 * 64], right[64];
  memcpy(left, a, (size_t)(n * n) * sizeof *a);
  memcpy(right, b, (size_t)n * sizeof *b);
  eliminate(n, left, right);
  for (int i = 0; i < n; i++) x[i] = (double)right[i];
}

static inline gm_online *made(gm_ctx *ctx, const gm_online_options *o)
{
  gm_online *out;
  if (gm_online_new(ctx, o, &out)) fail_msg("%s", gm_message(ctx));
  return out;
}

/* A datum, then a forecast from its time. */
static inline void step(gm_online *o, gm_ctx *ctx, double t, double y, const double *x,
                        gm_online_law *law)
{
  if (gm_online_learn(o, ctx, t, y, 1) || gm_online_forecast(o, ctx, t, x, law))
    fail_msg("%s", gm_message(ctx));
}

static inline gm_ctx *context(void)
{
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  return ctx;
}
#endif
