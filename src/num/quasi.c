/* quasi.c - Sobol' points with nested uniform scrambling, and Latin hypercubes.
 * Sobol' 1967; Antonov & Saleev 1979 (Gray-code order); Bratley & Fox, ACM TOMS 14 (1988) 88; Joe &
 * Kuo 2008; A. B. Owen, Randomly permuted (t,m,s)-nets and (t,s)-sequences, 1995. */
#include "num/quasi.h"
#include <assert.h>
#include <string.h>

enum { NET_BITS = 32, GROUP = 6 };

struct gm_sobol {
  int32_t dimension;
  bool scrambled;
  uint64_t key;
  /* the net that is being written */
  int32_t log2_count;
  bool net_scrambled;
  uint32_t index;                       /* of its next point */
  uint64_t *net_key;                    /* [dimension] */
  uint64_t *x;                          /* [dimension] digits of its next point, as below */
  uint64_t (*direction)[GM_SOBOL_BITS]; /* [dimension] v_k, the first binary digit at bit 51 */
};

static uint64_t mix(uint64_t x)
{
  /* finaliser of SplitMix64 (Steele, Lea & Flood 2014), Stafford's variant 13 */
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

uint64_t gm_quasi_hash(uint64_t key, uint64_t word)
{
  return mix(mix(word + UINT64_C(0x9e3779b97f4a7c15)) ^ mix(key ^ UINT64_C(0xd1b54a32d192ed03)));
}

/* ---- direction numbers ---------------------------------------------------------------------- */
static int32_t degree_of(uint32_t polynomial) { return 31 - __builtin_clz(polynomial); }

/* Row j of the table, whose initial numbers begin at `at`; returns where the next one's begin. */
static int32_t row_read(int32_t j, int32_t at, uint32_t *polynomial, uint32_t *m)
{
  *polynomial = gm__sobol_polynomial[j - 1];
  m[0] = 1;
  for (int32_t k = 1; k < degree_of(*polynomial); k++) m[k] = gm__sobol_initial[at++];
  return at;
}

int32_t gm__sobol_row(int32_t j, uint32_t *polynomial, uint32_t m[GM_SOBOL_DEGREE_MAX])
{
  int32_t at = 0;
  *polynomial = 1;
  for (int32_t i = 1; i < j; i++) at += degree_of(gm__sobol_polynomial[i - 1]) - 1;
  if (j > 0) row_read(j, at, polynomial, m);
  return degree_of(*polynomial);
}

/* Bratley & Fox eq. 2: m_k = 2 a_1 m_(k-1) ^ ... ^ 2^s m_(k-s) ^ m_(k-s), scaled to 52 bits. */
static void directions_fill(uint32_t polynomial, const uint32_t *m, uint64_t *v)
{
  int32_t s = degree_of(polynomial);
  for (int32_t k = 0; k < s; k++) v[k] = (uint64_t)m[k] << (GM_SOBOL_BITS - 1 - k);
  for (int32_t k = s; k < GM_SOBOL_BITS; k++) {
    v[k] = v[k - s] ^ (v[k - s] >> s);
    for (int32_t i = 1; i < s; i++)
      if (polynomial >> (s - i) & 1) v[k] ^= v[k - i];
  }
}

static void directions_all(gm_sobol *s)
{
  for (int32_t k = 0; k < GM_SOBOL_BITS; k++)
    s->direction[0][k] = UINT64_C(1) << (GM_SOBOL_BITS - 1 - k);
  for (int32_t j = 1, at = 0; j < s->dimension; j++) {
    uint32_t polynomial, m[GM_SOBOL_DEGREE_MAX];
    at = row_read(j, at, &polynomial, m);
    directions_fill(polynomial, m, s->direction[j]);
  }
}

gm_status gm_sobol_new(gm_ctx *ctx, int32_t dimension, const uint64_t *key, gm_sobol **out)
{
  assert(out);
  if (dimension < 1) return gm_fail(ctx, GM_ERANGE, "Sobol' dimension %d < 1", (int)dimension);
  if (dimension > GM_SOBOL_DIMENSION_MAX)
    return gm_fail(ctx, GM_EUNSUPPORTED, "Sobol' points in %d dimensions: the table ends at %d",
                   (int)dimension, GM_SOBOL_DIMENSION_MAX);
  size_t row = (2 + GM_SOBOL_BITS) * sizeof(uint64_t);
  gm_sobol *s = gm_alloc(ctx, 1, sizeof *s + (size_t)dimension * row);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "Sobol' directions of %d dimensions", (int)dimension);
  s->dimension = dimension;
  s->scrambled = key != NULL;
  s->key = key ? *key : 0;
  s->net_key = (uint64_t *)(s + 1);
  s->x = s->net_key + dimension;
  s->direction = (uint64_t(*)[GM_SOBOL_BITS])(s->x + dimension);
  directions_all(s);
  gm_sobol_net(s, 0, NULL);
  *out = s;
  return GM_OK;
}

void gm_sobol_free(gm_sobol *s) { gm_free(s); }

int32_t gm_sobol_dimension(const gm_sobol *s) { return s->dimension; }

/* ---- points one by one ----------------------------------------------------------------------- */
/* Each digit is flipped by a coin that belongs to the digits above it (before flipping) - the node
 * of the binary tree the point passes through. A leading 1 marks the depth of the node. */
static uint64_t scramble(uint64_t key, uint64_t x)
{
  uint64_t flips = 0;
  for (int32_t k = 0; k < GM_SOBOL_BITS; k++) {
    uint64_t node = (UINT64_C(1) << k) | (x >> (GM_SOBOL_BITS - k));
    flips = (flips << 1) | (gm_quasi_hash(key, node) >> 63);
  }
  return x ^ flips;
}

/* (bits + 1/2) / 2^52 is exact in double and never 0 or 1. */
static double open_unit(uint64_t bits) { return ((double)bits + 0.5) * 0x1p-52; }

gm_status gm_sobol_point(const gm_sobol *s, uint64_t index, double *x)
{
  assert(s && x);
  if (index >> GM_SOBOL_BITS) return GM_ERANGE; /* no message: s is shared between threads */
  uint64_t gray = index ^ (index >> 1);
  for (int32_t j = 0; j < s->dimension; j++) {
    uint64_t bits = 0;
    for (uint64_t left = gray; left; left &= left - 1)
      bits ^= s->direction[j][__builtin_ctzll(left)];
    if (s->scrambled)
      x[j] = open_unit(scramble(gm_quasi_hash(s->key, (uint64_t)j), bits));
    else
      x[j] = (double)bits * 0x1p-52;
  }
  return GM_OK;
}

/* ---- nets in order --------------------------------------------------------------------------- */
void gm_sobol_net(gm_sobol *s, int32_t log2_count, const uint64_t *key)
{
  assert(log2_count >= 0 && log2_count <= GM_SOBOL_NET_MAX);
  s->log2_count = log2_count;
  s->net_scrambled = key != NULL;
  s->index = 0;
  memset(s->x, 0, (size_t)s->dimension * sizeof *s->x);
  for (int32_t j = 0; j < s->dimension; j++)
    s->net_key[j] = key ? gm_quasi_hash(*key, (uint64_t)j) : 0;
}

/* As scramble(), for one of 2^log2_count points: digits beyond these are 0. One hash gives the 63
 * coins of a subtree of six levels. */
static double scramble_net(uint64_t key, uint32_t x, int32_t log2_count)
{
  uint64_t out = 0;
  int32_t depth = 0;
  for (; depth < log2_count; depth += GROUP) { /* at most 5 rounds: 30 digits */
    uint64_t above = (uint64_t)x >> (NET_BITS - depth);
    uint64_t coin = gm_quasi_hash(key, UINT64_C(1) << depth | above);
    uint32_t six = x << depth >> (NET_BITS - GROUP), flip = 0;
    for (int32_t k = 0; k < GROUP; k++) {
      uint32_t node = 1u << k | six >> (GROUP - k);
      flip = flip << 1 | (uint32_t)(coin >> node & 1);
    }
    out = out << GROUP | (six ^ flip);
  }
  /* every point is alone by now: the rest of 52 digits is uniform, whatever it was */
  int32_t rest = GM_SOBOL_BITS - depth;
  uint64_t node = UINT64_C(1) << 62 | (depth ? (uint64_t)(x >> (NET_BITS - depth)) : 0);
  return open_unit(out << rest | gm_quasi_hash(key, node) >> (64 - rest));
}

void gm_sobol_next(gm_sobol *s, int32_t n, double *x)
{
  assert(n >= 0 && (uint64_t)s->index + (uint64_t)n <= UINT64_C(1) << s->log2_count);
  int32_t d = s->dimension;
  for (int32_t i = 0; i < n; i++, x += d) {
    if (s->net_scrambled)
      for (int32_t j = 0; j < d; j++)
        x[j] = scramble_net(s->net_key[j], (uint32_t)(s->x[j] >> (GM_SOBOL_BITS - NET_BITS)),
                            s->log2_count);
    else
      for (int32_t j = 0; j < d; j++) x[j] = (double)s->x[j] * 0x1p-52;
    s->index++;
    int32_t digit = __builtin_ctz(s->index);
    for (int32_t j = 0; j < d; j++) s->x[j] ^= s->direction[j][digit];
  }
}

/* ---- Latin hypercube ------------------------------------------------------------------------ */
/* A uniform integer in 0..n-1 from a stream of hashes; the few values that would favour some
 * results are thrown away (Lemire 2019). */
static uint32_t below(uint64_t key, uint64_t *counter, uint32_t n)
{
  uint32_t reject = (uint32_t)(-n) % n;
  for (;;) {
    uint64_t product = (gm_quasi_hash(key, (*counter)++) >> 32) * n;
    if ((uint32_t)product >= reject) return (uint32_t)(product >> 32);
  }
}

gm_status gm_latin_hypercube(gm_ctx *ctx, int32_t n, int32_t d, uint64_t key, double *x)
{
  assert(x);
  if (n < 1 || d < 1)
    return gm_fail(ctx, GM_ERANGE, "Latin hypercube of %d points in %d dimensions", (int)n, (int)d);
  int32_t *slice = gm_alloc(ctx, n, sizeof *slice);
  if (!slice) return gm_fail(ctx, GM_ENOMEM, "Latin hypercube of %d points", (int)n);
  for (int32_t j = 0; j < d; j++) {
    uint64_t shuffle_key = gm_quasi_hash(key, 2 * (uint64_t)j), counter = 0;
    uint64_t place_key = gm_quasi_hash(key, 2 * (uint64_t)j + 1);
    for (int32_t i = 0; i < n; i++) { /* Fisher-Yates, inside out */
      uint32_t k = below(shuffle_key, &counter, (uint32_t)i + 1);
      slice[i] = slice[k];
      slice[k] = i;
    }
    for (int32_t i = 0; i < n; i++) {
      double place = ((double)(gm_quasi_hash(place_key, (uint64_t)i) >> 43) + 0.5) * 0x1p-21;
      x[(ptrdiff_t)i * d + j] = (slice[i] + place) / n;
    }
  }
  gm_free(slice);
  return GM_OK;
}
