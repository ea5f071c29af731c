/* calib_unbound.c - see the header. */
#include "methods/calib_unbound.h"
#include <math.h>

double gm__unbound(const gm_target *t, const double *u, double *z, double *slope,
                   double *log_slope_slope)
{
  double sum = 0;
  for (int32_t i = 0; i < t->dim; i++) {
    double low = t->lower ? t->lower[i] : -INFINITY, high = t->upper ? t->upper[i] : INFINITY;
    if (isfinite(low) && isfinite(high)) {
      double e = exp(-fabs(u[i])), small = e / (1 + e), large = 1 / (1 + e), width = high - low;
      z[i] = u[i] < 0 ? low + width * small : high - width * small;
      slope[i] = width * small * large;
      sum += log(width) - fabs(u[i]) - 2 * log1p(e);
      log_slope_slope[i] = u[i] < 0 ? large - small : small - large;
    } else if (isfinite(low) || isfinite(high)) {
      double e = exp(u[i]);
      z[i] = isfinite(low) ? low + e : high - e;
      slope[i] = isfinite(low) ? e : -e;
      sum += u[i];
      log_slope_slope[i] = 1;
    } else {
      z[i] = u[i];
      slope[i] = 1;
      log_slope_slope[i] = 0;
    }
  }
  return sum;
}

void gm__unbound_inverse(const gm_target *t, const double *z, double *u)
{
  for (int32_t i = 0; i < t->dim; i++) {
    double low = t->lower ? t->lower[i] : -INFINITY, high = t->upper ? t->upper[i] : INFINITY;
    if (isfinite(low) && isfinite(high)) {
      double share = fmin(1 - 1e-9, fmax(1e-9, (z[i] - low) / (high - low)));
      u[i] = log(share) - log1p(-share);
    } else if (isfinite(low)) {
      u[i] = log(fmax(z[i] - low, 1e-9 * (1 + fabs(low))));
    } else if (isfinite(high)) {
      u[i] = log(fmax(high - z[i], 1e-9 * (1 + fabs(high))));
    } else {
      u[i] = z[i];
    }
  }
}
