/* lowdisc.c - scrambled Sobol' nets in order.
 * Sobol' 1967; Antonov & Saleev 1979 (Gray-code order); Bratley & Fox, ACM TOMS 14 (1988) 88; A. B.
 * Owen, Randomly permuted (t,m,s)-nets and (t,s)-sequences, 1995. */
#include "num/lowdisc.h"
#include "num/quasi.h"
#include <assert.h>
#include <string.h>

enum { BITS = 32, GROUP = 6 };

struct gm_lowdisc {
  int32_t dimension, log2_count;
  bool plain;
  uint32_t index;              /* of the next point */
  uint64_t *key;               /* [dimension] */
  uint32_t *x;                 /* [dimension] digits of the next point, the first at bit 31 */
  uint32_t (*direction)[BITS]; /* [dimension] */
};

int32_t gm__lowdisc_row(int32_t j, uint32_t *polynomial, uint32_t m[13])
{
  *polynomial = 1;
  if (j == 0) return 0;
  if (j < GM_SOBOL_DIMENSION_MAX) {
    const gm__sobol_row *row = &gm__sobol_table[j - 1];
    *polynomial = 1u << row->degree | (uint32_t)row->inner << 1 | 1u;
    for (int32_t k = 0; k < row->degree; k++) m[k] = row->m[k];
    return row->degree;
  }
  int32_t at = 0, degree = 0;
  for (int32_t r = 0;; r++) {
    *polynomial = gm__lowdisc_polynomial[r];
    degree = 31 - __builtin_clz(*polynomial);
    if (r == j - GM_SOBOL_DIMENSION_MAX) break;
    at += degree - 1;
  }
  m[0] = 1;
  for (int32_t k = 1; k < degree; k++, at++)
    m[k] = at < GM_LOWDISC_FIRST ? gm__lowdisc_first[at] : gm__lowdisc_rest[at - GM_LOWDISC_FIRST];
  return degree;
}

/* Bratley & Fox eq. 2: m_k = 2 a_1 m_(k-1) ^ ... ^ 2^s m_(k-s) ^ m_(k-s), scaled to 32 bits. */
static void directions_fill(int32_t j, uint32_t *v)
{
  uint32_t polynomial, m[13];
  int32_t s = gm__lowdisc_row(j, &polynomial, m);
  for (int32_t k = 0; k < (s ? s : BITS); k++) v[k] = (s ? m[k] : 1u) << (BITS - 1 - k);
  for (int32_t k = s; s && k < BITS; k++) {
    v[k] = v[k - s] ^ (v[k - s] >> s);
    for (int32_t i = 1; i < s; i++)
      if (polynomial >> (s - i) & 1) v[k] ^= v[k - i];
  }
}

gm_status gm_lowdisc_new(gm_ctx *ctx, int32_t dimension, gm_lowdisc **out)
{
  assert(out);
  if (dimension < 1) return gm_fail(ctx, GM_ERANGE, "Sobol' net: dimension %d < 1", (int)dimension);
  if (dimension > GM_LOWDISC_DIMENSION_MAX)
    return gm_fail(ctx, GM_EUNSUPPORTED, "Sobol' net in %d dimensions: the table ends at %d",
                   (int)dimension, GM_LOWDISC_DIMENSION_MAX);
  size_t row = sizeof(uint64_t) + sizeof(uint32_t) + BITS * sizeof(uint32_t);
  gm_lowdisc *s = gm_alloc(ctx, 1, sizeof *s + (size_t)dimension * row);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "Sobol' net of %d dimensions", (int)dimension);
  s->dimension = dimension;
  s->key = (uint64_t *)(s + 1);
  s->direction = (uint32_t(*)[BITS])(s->key + dimension);
  s->x = (uint32_t *)(s->direction + dimension);
  for (int32_t j = 0; j < dimension; j++) directions_fill(j, s->direction[j]);
  gm_lowdisc_begin_plain(s, 0);
  *out = s;
  return GM_OK;
}

void gm_lowdisc_free(gm_lowdisc *s) { gm_free(s); }

void gm_lowdisc_begin(gm_lowdisc *s, int32_t log2_count, uint64_t key)
{
  assert(log2_count >= 0 && log2_count <= GM_LOWDISC_LOG2_MAX);
  s->log2_count = log2_count;
  s->plain = false;
  s->index = 0;
  memset(s->x, 0, (size_t)s->dimension * sizeof *s->x);
  for (int32_t j = 0; j < s->dimension; j++) s->key[j] = gm_quasi_hash(key, (uint64_t)j);
}

void gm_lowdisc_begin_plain(gm_lowdisc *s, int32_t log2_count)
{
  gm_lowdisc_begin(s, log2_count, 0);
  s->plain = true;
}

/* A digit is flipped by a coin that belongs to the digits above it: the node of the binary tree
 * that the point passes through. One hash gives the 63 coins of a subtree of six levels. */
static double scramble(uint64_t key, uint32_t x, int32_t log2_count)
{
  uint64_t out = 0;
  int32_t depth = 0;
  for (; depth < log2_count; depth += GROUP) { /* at most 5 rounds: 30 digits */
    uint64_t above = (uint64_t)x >> (BITS - depth);
    uint64_t coin = gm_quasi_hash(key, UINT64_C(1) << depth | above);
    uint32_t six = x << depth >> (BITS - GROUP), flip = 0;
    for (int32_t k = 0; k < GROUP; k++) {
      uint32_t node = 1u << k | six >> (GROUP - k);
      flip = flip << 1 | (uint32_t)(coin >> node & 1);
    }
    out = out << GROUP | (six ^ flip);
  }
  /* every point is alone by now: the rest of 52 digits is uniform, whatever it was */
  int32_t rest = 52 - depth;
  uint64_t node = UINT64_C(1) << 62 | (depth ? (uint64_t)(x >> (BITS - depth)) : 0);
  out = out << rest | gm_quasi_hash(key, node) >> (64 - rest);
  return ((double)out + 0.5) * 0x1p-52;
}

void gm_lowdisc_next(gm_lowdisc *s, int32_t n, double *x)
{
  assert(n >= 0 && (uint64_t)s->index + (uint64_t)n <= UINT64_C(1) << s->log2_count);
  int32_t d = s->dimension;
  for (int32_t i = 0; i < n; i++, x += d) {
    if (s->plain)
      for (int32_t j = 0; j < d; j++) x[j] = s->x[j] * 0x1p-32;
    else
      for (int32_t j = 0; j < d; j++) x[j] = scramble(s->key[j], s->x[j], s->log2_count);
    s->index++;
    int32_t digit = __builtin_ctz(s->index);
    for (int32_t j = 0; j < d; j++) s->x[j] ^= s->direction[j][digit];
  }
}
