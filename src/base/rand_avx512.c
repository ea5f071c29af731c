/* rand_avx512.c - 8 lanes as one AVX-512 register. */
#include "base/normal_table.h"
#include "base/rand_lanes.h"
#include "gemel/math.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>

__m512d Sleef_finz_expd8_u10avx512f(__m512d);
__m512d Sleef_finz_logd8_u10avx512f(__m512d);

#define WIDE                  8
#define wide_exp(x)           ((wide)Sleef_finz_expd8_u10avx512f((__m512d)(x)))
#define wide_ln(x)            ((wide)Sleef_finz_logd8_u10avx512f((__m512d)(x)))
#define wide_root(x)          ((wide)_mm512_sqrt_pd((__m512d)(x)))
#define wide_fma(a, b, c)     ((wide)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define wide_outside(x, most) _mm512_cmp_pd_mask((__m512d)(x), _mm512_set1_pd(most), _CMP_NLE_UQ)
#include "base/rand_wide.h"

const gm__rand_lanes gm__rand_avx512 = {exp_many, ln_many, block, unit, quantile};
