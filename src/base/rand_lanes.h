/* rand_lanes.h - the generator and the normal quantile for many at a time, one table for each
 * instruction set. Every entry gives, one by one, the bytes of gm__block, gm__unit and
 * gm_norm_quantile; only speed differs. Arrays aligned to 64 bytes. Threads: tables are constant.
 */
#ifndef GEMEL_BASE_RAND_LANES_H
#define GEMEL_BASE_RAND_LANES_H
#include "base/math_lanes.h"
#include "base/rand_block.h"

enum { GM__MANY = 256 }; /* numbers of one call of `quantile` at most */

/* Word w of lane i at v[w][i]. */
typedef struct {
  _Alignas(64) uint64_t v[4][GM_LANES];
} gm__words;

typedef struct {
  /* gm_exp, gm_ln of x[n], n a multiple of GM_LANES; arrays at any place, out may be x. */
  void (*exp)(int32_t n, const double *x, double *out);
  void (*ln)(int32_t n, const double *x, double *out);
  void (*block)(const gm__words *key, const gm__words *counter, gm__words *out);
  void (*unit)(const uint64_t word[GM_LANES], double out[GM_LANES]);
  /* x[n] becomes its quantile; n a multiple of GM_LANES, at most GM__MANY. */
  void (*quantile)(int32_t n, double *x);
} gm__rand_lanes;

/* The table of an instruction set the processor has. */
const gm__rand_lanes *gm__rand_table(gm_isa isa);
/* That of gm__isa(), found once. */
const gm__rand_lanes *gm__rand_widest(void);

extern const gm__rand_lanes gm__rand_scalar, gm__rand_avx2, gm__rand_avx512;

/* What every hash is keyed with, and hashes of (slot[i], generation, member[i]), which are fresh
 * slots: no draw, and none of gm_hash64's. */
extern const gm_key gm__hash_key;
void gm__fresh_slots(int32_t n, const uint64_t *slot, uint64_t generation, const int32_t *member,
                     uint64_t *out);
/* The four normals of gm_normal4 of (key, slot[i], entity[i], kind_draw, index): out[4*i + j]. */
void gm__normal4_many(int32_t n, gm_key key, const uint64_t *slot, const uint64_t *entity,
                      uint64_t kind_draw, uint64_t index, double *out);
#endif
