/* math_avx512.c - 8 lanes as one AVX-512 register. */
#include "base/math_lanes.h"
#include "base/math_sleef.h"
#include <immintrin.h>
#include <math.h>

static __m512d one_nan(__m512d y)
{
  return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(y, y, _CMP_UNORD_Q), y, _mm512_set1_pd(gm__nan()));
}

static int infinite_lanes(const double *y)
{
  __m512d a = _mm512_andnot_pd(_mm512_set1_pd(-0.0), _mm512_load_pd(y));
  return _mm512_cmp_pd_mask(a, _mm512_set1_pd(INFINITY), _CMP_EQ_OQ);
}

#define WIDE1(name, sleef, bound)                                                                  \
  __m512d Sleef_finz_##sleef##d8_##bound##avx512f(__m512d);                                        \
  static void wide_##name(const double *x, double *out)                                            \
  {                                                                                                \
    _mm512_store_pd(out, one_nan(Sleef_finz_##sleef##d8_##bound##avx512f(_mm512_load_pd(x))));     \
  }
#define WIDE2(name, sleef, bound)                                                                  \
  __m512d Sleef_finz_##sleef##d8_##bound##avx512f(__m512d, __m512d);                               \
  static void lanes_##name(const double *x, const double *y, double *out)                          \
  {                                                                                                \
    __m512d r = Sleef_finz_##sleef##d8_##bound##avx512f(_mm512_load_pd(x), _mm512_load_pd(y));     \
    _mm512_store_pd(out, one_nan(r));                                                              \
  }
GM__MATH_UNARY(WIDE1)
GM__MATH_BINARY(WIDE2)

#include "base/math_wide.h"

static void lanes_sqrt(const double *x, double *out)
{
  _mm512_store_pd(out, one_nan(_mm512_sqrt_pd(_mm512_load_pd(x))));
}

const gm_vmath gm__vmath_avx512 = GM__WIDE_TABLE;
