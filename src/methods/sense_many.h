/* sense_many.h - laws of measurement for many members at a time: the bytes of the functions for one
 * (gemel/system.h). y[m*sy + k] outputs, theta[i*psx + m] parameters.
 * Threads: no state. */
#ifndef GEMEL_METHODS_SENSE_MANY_H
#define GEMEL_METHODS_SENSE_MANY_H
#include "gemel/system.h"

/* gm_sense_moments of members: mean[n], variance[n]. */
void gm__sense_moments_many(const gm_sensor *s, int32_t n, const double *y, ptrdiff_t sy,
                            const double *theta, ptrdiff_t psx, double *mean, double *variance);
#endif
