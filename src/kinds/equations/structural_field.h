/* structural_field.h - numbers modulo a prime below 2^61 that is 3 modulo 4, and linear spans. */
#ifndef GEMEL_EQUATIONS_STRUCTURAL_FIELD_H
#define GEMEL_EQUATIONS_STRUCTURAL_FIELD_H
#include "gemel/base.h"

__extension__ typedef unsigned __int128 sf_wide;

static inline uint64_t sf_add(uint64_t p, uint64_t a, uint64_t b)
{
  uint64_t s = a + b;
  return s >= p ? s - p : s;
}
static inline uint64_t sf_sub(uint64_t p, uint64_t a, uint64_t b)
{
  return a >= b ? a - b : a + p - b;
}
static inline uint64_t sf_mul(uint64_t p, uint64_t a, uint64_t b)
{
  return (uint64_t)((sf_wide)a * b % p);
}
uint64_t gm__field_power(uint64_t p, uint64_t a, uint64_t n);
static inline uint64_t sf_inverse(uint64_t p, uint64_t a) { return gm__field_power(p, a, p - 2); }
/* A root of a; false where there is none. */
bool gm__field_root(uint64_t p, uint64_t a, uint64_t *out);
/* The number that a decimal of at most 17 digits stands for, else the double's own value; false:
 * not finite. */
bool gm__field_from(uint64_t p, double v, uint64_t *out);
/* a = num/den with |num|, den <= most; false: none so small. */
bool gm__field_ratio(uint64_t p, uint64_t a, int64_t most, int64_t *num, int64_t *den);

/* Vectors kept in reduced echelon form. */
typedef struct {
  uint64_t p;
  int32_t columns, count;
  int32_t *pivot; /* [columns] of row i */
  uint64_t *row;  /* [columns][columns] */
} sf_span;
GM_NODISCARD gm_status gm__span_init(sf_span *s, gm_ctx *ctx, uint64_t p, int32_t columns);
void gm__span_free(sf_span *s);
/* Adds a vector, which is overwritten; false: it was in the span. */
bool gm__span_add(sf_span *s, uint64_t *v);
/* The i-th vector [columns] that every row of s is orthogonal to, i in 0..columns-count-1. */
void gm__span_normal(const sf_span *s, int32_t i, uint64_t *out);
#endif
