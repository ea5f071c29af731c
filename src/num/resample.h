/* resample.h - which members go on: systematic resampling, for filters, swarms and samplers.
 * Carpenter, Clifford & Fearnhead, IEE Proc. Radar Sonar Navig. 146:2 (1999): the points
 * (i + u)/n, i = 0..n-1, on the line of the summed weights. Member m is chosen n weight[m] times,
 * rounded up or down; a member without weight never.
 * weight[n]: >= 0, sum 1. u in (0, 1). The sum runs over m ascending, so the bytes are the same
 * everywhere. No allocation, no failure. Threads: no state. */
#ifndef GEMEL_NUM_RESAMPLE_H
#define GEMEL_NUM_RESAMPLE_H
#include <stdint.h>

/* ancestor[n], ascending. */
void gm__resample(int32_t n, const double *weight, double u, int32_t *ancestor);

/* The same members as often, but whoever is chosen at all stays in its place (ancestor[m] = m), and
 * the further copies fill the places that fell free, in order: gm_ensemble_select then copies only
 * these. scratch[2n]. */
void gm__resample_still(int32_t n, const double *weight, double u, int32_t *ancestor,
                        int32_t *scratch);
#endif
