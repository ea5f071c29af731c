/* math_lanes.h - elementary functions on 8 lanes, for kernels.
 *
 * Three tables, one for each instruction set; every entry gives, lane by lane, the bytes of the
 * function of the same name in gemel/math.h (NaN: GM_NAN_BITS), so a kernel may take any table.
 * Arrays: 8 doubles, aligned to 64 bytes; out may be an input. Threads: tables are constant. */
#ifndef GEMEL_BASE_MATH_LANES_H
#define GEMEL_BASE_MATH_LANES_H
#include "base/isa.h"
#include "base/math_list.h"

enum { GM_LANES = 8 };
typedef double gm_v8 __attribute__((vector_size(64)));

typedef void gm_vmath1(const double *x, double *out);
typedef void gm_vmath2(const double *x, const double *y, double *out);

typedef struct {
#define GM_X(name, sleef, bound) gm_vmath1 *name;
  GM__MATH_UNARY(GM_X)
#undef GM_X
#define GM_X(name, sleef, bound) gm_vmath2 *name;
  GM__MATH_BINARY(GM_X)
#undef GM_X
  gm_vmath1 *sqrt;
} gm_vmath;

/* The table of an instruction set the processor has: never a wider one than gm__isa() can give. */
const gm_vmath *gm__vmath(gm_isa isa);

extern const gm_vmath gm__vmath_scalar, gm__vmath_avx2, gm__vmath_avx512;
#endif
