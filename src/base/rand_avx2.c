/* rand_avx2.c - 8 lanes as two AVX2 halves. */
#include "base/normal_table.h"
#include "base/rand_lanes.h"
#include "gemel/math.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>

__m256d Sleef_finz_expd4_u10avx2(__m256d);
__m256d Sleef_finz_logd4_u10avx2(__m256d);

#define WIDE              4
#define wide_exp(x)       ((wide)Sleef_finz_expd4_u10avx2((__m256d)(x)))
#define wide_ln(x)        ((wide)Sleef_finz_logd4_u10avx2((__m256d)(x)))
#define wide_root(x)      ((wide)_mm256_sqrt_pd((__m256d)(x)))
#define wide_fma(a, b, c) ((wide)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define wide_outside(x, most)                                                                      \
  _mm256_movemask_pd(_mm256_cmp_pd((__m256d)(x), _mm256_set1_pd(most), _CMP_NLE_UQ))
#include "base/rand_wide.h"

const gm__rand_lanes gm__rand_avx2 = {exp_many, ln_many, block, unit, quantile};
