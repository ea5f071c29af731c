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
GM__MATH_SLEEF(WIDE1)
GM__MATH_BINARY(WIDE2)

typedef __m512d wide;
static inline wide wide_set(double a) { return _mm512_set1_pd(a); }
static inline wide wide_fma(wide a, wide b, wide c) { return _mm512_fmadd_pd(a, b, c); }
static inline wide wide_smaller(wide a, wide b) { return _mm512_min_pd(a, b); }
static inline wide wide_abs(wide a) { return _mm512_andnot_pd(_mm512_set1_pd(-0.0), a); }
static inline wide wide_sign(wide a, wide x)
{
  return _mm512_or_pd(a, _mm512_and_pd(_mm512_set1_pd(-0.0), x));
}
static inline wide wide_power(wide t)
{
  __m512i n = _mm512_slli_epi64(_mm512_castpd_si512(t), 52);
  return _mm512_castsi512_pd(_mm512_add_epi64(n, _mm512_castpd_si512(_mm512_set1_pd(1))));
}
static inline wide wide_choose(wide a, wide b, wide yes, wide no)
{
  return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_GT_OQ), no, yes);
}
static inline wide wide_one_nan(wide x, wide y)
{
  return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q), y, _mm512_set1_pd(gm__nan()));
}
#include "base/math_tanh.h"

static void wide_tanh(const double *x, double *out)
{
  _mm512_store_pd(out, tanh_of(_mm512_load_pd(x)));
}

#include "base/math_wide.h"

static void lanes_sqrt(const double *x, double *out)
{
  _mm512_store_pd(out, one_nan(_mm512_sqrt_pd(_mm512_load_pd(x))));
}

const gm_vmath gm__vmath_avx512 = GM__WIDE_TABLE;
