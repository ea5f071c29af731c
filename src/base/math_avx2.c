/* math_avx2.c - 8 lanes as two AVX2 halves. */
#include "base/math_lanes.h"
#include "base/math_sleef.h"
#include <immintrin.h>
#include <math.h>

static __m256d one_nan(__m256d y)
{
  return _mm256_blendv_pd(y, _mm256_set1_pd(gm__nan()), _mm256_cmp_pd(y, y, _CMP_UNORD_Q));
}

static int infinite_lanes(const double *y)
{
  const __m256d inf = _mm256_set1_pd(INFINITY), sign = _mm256_set1_pd(-0.0);
  __m256d low = _mm256_cmp_pd(_mm256_andnot_pd(sign, _mm256_load_pd(y)), inf, _CMP_EQ_OQ);
  __m256d high = _mm256_cmp_pd(_mm256_andnot_pd(sign, _mm256_load_pd(y + 4)), inf, _CMP_EQ_OQ);
  return _mm256_movemask_pd(low) | _mm256_movemask_pd(high) << 4;
}

#define WIDE1(name, sleef, bound)                                                                  \
  __m256d Sleef_finz_##sleef##d4_##bound##avx2(__m256d);                                           \
  static void wide_##name(const double *x, double *out)                                            \
  {                                                                                                \
    __m256d low = Sleef_finz_##sleef##d4_##bound##avx2(_mm256_load_pd(x));                         \
    __m256d high = Sleef_finz_##sleef##d4_##bound##avx2(_mm256_load_pd(x + 4));                    \
    _mm256_store_pd(out, one_nan(low));                                                            \
    _mm256_store_pd(out + 4, one_nan(high));                                                       \
  }
#define WIDE2(name, sleef, bound)                                                                  \
  __m256d Sleef_finz_##sleef##d4_##bound##avx2(__m256d, __m256d);                                  \
  static void lanes_##name(const double *x, const double *y, double *out)                          \
  {                                                                                                \
    __m256d low = Sleef_finz_##sleef##d4_##bound##avx2(_mm256_load_pd(x), _mm256_load_pd(y));      \
    __m256d high =                                                                                 \
        Sleef_finz_##sleef##d4_##bound##avx2(_mm256_load_pd(x + 4), _mm256_load_pd(y + 4));        \
    _mm256_store_pd(out, one_nan(low));                                                            \
    _mm256_store_pd(out + 4, one_nan(high));                                                       \
  }
GM__MATH_SLEEF(WIDE1)
GM__MATH_BINARY(WIDE2)

typedef __m256d wide;
static inline wide wide_set(double a) { return _mm256_set1_pd(a); }
static inline wide wide_fma(wide a, wide b, wide c) { return _mm256_fmadd_pd(a, b, c); }
static inline wide wide_smaller(wide a, wide b) { return _mm256_min_pd(a, b); }
static inline wide wide_abs(wide a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
static inline wide wide_sign(wide a, wide x)
{
  return _mm256_or_pd(a, _mm256_and_pd(_mm256_set1_pd(-0.0), x));
}
static inline wide wide_power(wide t)
{
  __m256i n = _mm256_slli_epi64(_mm256_castpd_si256(t), 52);
  return _mm256_castsi256_pd(_mm256_add_epi64(n, _mm256_castpd_si256(_mm256_set1_pd(1))));
}
static inline wide wide_choose(wide a, wide b, wide yes, wide no)
{
  return _mm256_blendv_pd(no, yes, _mm256_cmp_pd(a, b, _CMP_GT_OQ));
}
static inline wide wide_one_nan(wide x, wide y)
{
  return _mm256_blendv_pd(y, _mm256_set1_pd(gm__nan()), _mm256_cmp_pd(x, x, _CMP_UNORD_Q));
}
#include "base/math_tanh.h"

static void wide_tanh(const double *x, double *out)
{
  wide low = tanh_of(_mm256_load_pd(x)), high = tanh_of(_mm256_load_pd(x + 4));
  _mm256_store_pd(out, low);
  _mm256_store_pd(out + 4, high);
}

#include "base/math_wide.h"

static void lanes_sqrt(const double *x, double *out)
{
  _mm256_store_pd(out, one_nan(_mm256_sqrt_pd(_mm256_load_pd(x))));
  _mm256_store_pd(out + 4, one_nan(_mm256_sqrt_pd(_mm256_load_pd(x + 4))));
}

const gm_vmath gm__vmath_avx2 = GM__WIDE_TABLE;
