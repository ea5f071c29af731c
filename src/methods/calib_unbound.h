/* calib_unbound.h - coordinates without bounds, for methods that move along gradients.
 * room: methods
 * One bound: z = lower + e^u or upper - e^u; both: z = lower + (upper - lower) / (1 + e^-u). */
#ifndef GM_METHODS_CALIB_UNBOUND_H
#define GM_METHODS_CALIB_UNBOUND_H
#include "gemel/calibrate.h"
/* z[dim] of u[dim]; slope[dim] = dz/du; returns ln of the product of the slopes and, in
 * log_slope_slope[dim], the derivative of each ln slope by its u. */
double gm__unbound(const gm_target *t, const double *u, double *z, double *slope,
                   double *log_slope_slope);
/* u[dim] of z[dim]; a z on a bound is moved inside by a 1e-9 part. */
void gm__unbound_inverse(const gm_target *t, const double *z, double *u);
#endif
