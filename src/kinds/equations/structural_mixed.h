/* structural_mixed.h - sums of products that can be found where no product and no sum can alone. */
#ifndef GEMEL_EQUATIONS_STRUCTURAL_MIXED_H
#define GEMEL_EQUATIONS_STRUCTURAL_MIXED_H
#include "gemel/structural.h"
#include "kinds/equations/structural_series.h"

/* Adds to s->combination (which has room for another unknown_count) functions such as a*x + a*y or
 * k + CL/V: sums, with whole coefficients, of products and ratios of at most two unknowns. known:
 * derivatives of what is known to be found at the last random point (s->point_count - 1) modulo
 * known->p; those of the new are added. Nothing is added where the unknowns are too many.
 * Fails: as gm__series_point. */
GM_NODISCARD gm_status gm__structural_mixed(gm_structural *s, const ss_problem *p, sf_span *known);

/* "a*b^2/c" for the exponents e [unknown_count]. */
void gm__structural_product(gm_text *t, const gm_structural *s, const int64_t *e);
/* v as whole numbers without common factor, the first positive; false: none below 1,000. */
bool gm__structural_whole(uint64_t p, int32_t n, const uint64_t *v, int64_t *out);
#endif
