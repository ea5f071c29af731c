/* stats.h - what statistics of results ask for.
 * room: num
 * Uses libm: for statistics, not inside model members. Threads: no state. */
#ifndef GEMEL_STATS_H
#define GEMEL_STATS_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif
/* The x with P(T <= x) = p for Student's t with df > 0 degrees of freedom (infinity: the normal
 * law); relative error below 1e-10. p 0 and 1: the infinities; NaN outside the domain. */
GM_API double gm_dist_t_quantile(double p, double df);

#ifdef __cplusplus
}
#endif
#endif
