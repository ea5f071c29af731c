/* rand_block.h - the generator's block and what is made of one word, for the files of rand. */
#ifndef GEMEL_BASE_RAND_BLOCK_H
#define GEMEL_BASE_RAND_BLOCK_H
#include "gemel/rand.h"

typedef struct {
  uint64_t v[4]; /* slot, entity, attempt << 56 | kind_draw, index */
} gm__counter;

void gm__block(gm_key key, gm__counter counter, uint64_t out[4]);

/* 52 bits: a 53-bit integer plus a half is no double in the upper half of the range and would
 * round to even, at the end to exactly 1. */
static inline double gm__unit(uint64_t x) { return ((double)(x >> 12) + 0.5) * 0x1p-52; }
#endif
