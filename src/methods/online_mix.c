/* online_mix.c - the convex combination of experts with the least square error: stacking, Breiman,
 * Machine Learning 24:49 (1996), kept up by discounted sums, and held near the shares of each one's
 * own likelihood while data are few. */
#include "gemel/math.h"
#include "methods/online_internal.h"
#include <math.h>
#include <string.h>

enum { SWEEPS = 200 };

/* Shares of experts by their own errors as of so many independent normal data: those that are about
 * as good are alike, one that is worse for sure gets none. Half the logarithm of the likelihood:
 * real errors have longer tails. */
static void alone(int32_t n, const double *square, double least, double data, double *share)
{
  double sum = 0;
  for (int32_t i = 0; i < n; i++)
    sum += share[i] = gm_exp(-data / 4 * (square[(ptrdiff_t)i * n + i] / least - 1));
  for (int32_t i = 0; i < n; i++) share[i] /= sum;
}

/* Moves weight from j to i as far as that lowers w'Aw - 2 b'w; aw = A w - b is kept. Returns the
 * move. */
static double move(int32_t n, const double *a, int32_t i, int32_t j, double *w, double *aw)
{
  double bend = a[i * n + i] + a[j * n + j] - a[i * n + j] - a[j * n + i];
  double slope = aw[i] - aw[j];
  if (!(bend > 0) || slope == 0) return 0;
  double by = fmin(fmax(-slope / bend, -w[i]), w[j]);
  w[i] += by;
  w[j] -= by;
  for (int32_t k = 0; k < n; k++) aw[k] += by * (a[k * n + i] - a[k * n + j]);
  return fabs(by);
}

void gm__online_mix(int32_t n, const double *a, const double *b, double *w)
{
  double aw[GM_ONLINE_EXPERTS];
  for (int32_t i = 0; i < n; i++) {
    aw[i] = -b[i];
    for (int32_t k = 0; k < n; k++) aw[i] += a[i * n + k] * w[k];
  }
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double moved = 0;
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = i + 1; j < n; j++) moved = fmax(moved, move(n, a, i, j, w, aw));
    if (moved < 1e-12) break;
  }
  double sum = 0; /* rounding would add up over a long stream */
  for (int32_t i = 0; i < n; i++) sum += w[i] = fmax(w[i], 0);
  for (int32_t i = 0; i < n; i++) w[i] /= sum;
}

void gm__online_weigh(int32_t n, const double *square, double data, double hold, double *w)
{
  double a[GM_ONLINE_EXPERTS * GM_ONLINE_EXPERTS], b[GM_ONLINE_EXPERTS], least = INFINITY;
  for (int32_t i = 0; i < n; i++) least = fmin(least, square[(ptrdiff_t)i * n + i]);
  if (!(least > 0)) return; /* one that never errs: no more to be learned */
  alone(n, square, least, data, b);
  memcpy(a, square, (size_t)n * (size_t)n * sizeof *a);
  for (int32_t i = 0; i < n; i++) {
    a[(ptrdiff_t)i * n + i] += hold / data * least;
    b[i] *= hold / data * least;
  }
  gm__online_mix(n, a, b, w);
}
