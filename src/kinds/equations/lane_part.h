/* lane_part.h - the eight lanes of a value in parts of the processor's own width.
 * Loops over many values run on flat arrays of parts: compilers split 64-byte vectors on a narrower
 * processor into pieces that go through memory. Part p of value i is element i*PARTS + p. */
#ifndef GEMEL_EQUATIONS_LANE_PART_H
#define GEMEL_EQUATIONS_LANE_PART_H
#include "base/math_lanes.h"
#include <math.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
typedef __m512d lane_part;
static inline lane_part part_fma(lane_part a, lane_part b, lane_part c)
{
  return _mm512_fmadd_pd(a, b, c);
}
static inline lane_part part_set(double a) { return _mm512_set1_pd(a); }
static inline lane_part part_root(lane_part a) { return _mm512_sqrt_pd(a); }
static inline lane_part part_abs(lane_part a) { return _mm512_abs_pd(a); }
static inline lane_part part_larger(lane_part a, lane_part b) { return _mm512_max_pd(a, b); }
static inline lane_part part_smaller(lane_part a, lane_part b) { return _mm512_min_pd(a, b); }
static inline lane_part part_blend(lane_part mask, lane_part yes, lane_part no)
{
  return _mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)mask), no, yes);
}
#elif defined(__AVX2__)
typedef __m256d lane_part;
static inline lane_part part_fma(lane_part a, lane_part b, lane_part c)
{
  return _mm256_fmadd_pd(a, b, c);
}
static inline lane_part part_set(double a) { return _mm256_set1_pd(a); }
static inline lane_part part_root(lane_part a) { return _mm256_sqrt_pd(a); }
static inline lane_part part_abs(lane_part a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
static inline lane_part part_larger(lane_part a, lane_part b) { return _mm256_max_pd(a, b); }
static inline lane_part part_smaller(lane_part a, lane_part b) { return _mm256_min_pd(a, b); }
static inline lane_part part_blend(lane_part mask, lane_part yes, lane_part no)
{
  return _mm256_blendv_pd(no, yes, mask);
}
#else
typedef double lane_part;
static inline lane_part part_fma(lane_part a, lane_part b, lane_part c)
{
  return __builtin_fma(a, b, c);
}
static inline lane_part part_set(double a) { return a; }
static inline lane_part part_root(lane_part a) { return sqrt(a); }
static inline lane_part part_abs(lane_part a) { return fabs(a); }
static inline lane_part part_larger(lane_part a, lane_part b) { return a > b ? a : b; }
static inline lane_part part_smaller(lane_part a, lane_part b) { return a < b ? a : b; }
static inline lane_part part_blend(lane_part mask, lane_part yes, lane_part no)
{
  return signbit(mask) ? yes : no;
}
#endif

/* What a comparison says of every lane: all bits or none. */
#if defined(__AVX2__)
typedef long long part_mask __attribute__((vector_size(sizeof(lane_part))));
#define PART_MASK(condition) ((part_mask)(condition))
static inline lane_part part_truth(part_mask k)
{
  return (lane_part)(k & (part_mask)part_set(1.0));
}
static inline lane_part part_choose(part_mask k, lane_part yes, lane_part no)
{
  return part_blend((lane_part)k, yes, no);
}
#else
typedef int64_t part_mask;
#define PART_MASK(condition) (-(part_mask)(condition))
static inline lane_part part_truth(part_mask k) { return k ? 1.0 : 0.0; }
static inline lane_part part_choose(part_mask k, lane_part yes, lane_part no)
{
  return k ? yes : no;
}
#endif
static inline part_mask part_is(lane_part a) { return PART_MASK(a != part_set(0.0)); }

enum { PARTS = (int)(sizeof(gm_v8) / sizeof(lane_part)) }; /* in the lanes of one state */
#endif
