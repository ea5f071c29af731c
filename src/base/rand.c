/* rand.c - keyed draws: Threefry blocks, uniforms, hashes. Distributions: rand_scalar.c. */
#include "gemel/rand.h"
#include "base/rand_lanes.h"
#include "gemel/math.h"
#include <assert.h>

gm_key gm_key_make(uint64_t seed, uint64_t purpose, uint64_t subject, uint64_t replicate)
{
  return (gm_key){{seed, purpose, subject, replicate}};
}

uint64_t gm_kind_draw(uint32_t kind, uint32_t draw)
{
  assert(kind < UINT32_C(1) << 24);
  return (uint64_t)kind << 32 | draw;
}

void gm_draw4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
              uint64_t out[4])
{
  assert(kind_draw >> 56 == 0);
  gm__block(key, (gm__counter){{slot, entity, kind_draw, index}}, out);
}

double gm_uniform(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index)
{
  uint64_t x[4];
  gm_draw4(key, slot, entity, kind_draw, index, x);
  return gm__unit(x[0]);
}

void gm_uniform4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                 double out[4])
{
  uint64_t x[4];
  gm_draw4(key, slot, entity, kind_draw, index, x);
  for (int i = 0; i < 4; i++) out[i] = gm__unit(x[i]);
}

double gm_normal(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index)
{
  return gm_norm_quantile(gm_uniform(key, slot, entity, kind_draw, index));
}

void gm_normal4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                double out[4])
{
  gm_uniform4(key, slot, entity, kind_draw, index, out);
  for (int i = 0; i < 4; i++) out[i] = gm_norm_quantile(out[i]);
}

double gm_exponential(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                      uint64_t index)
{
  return -gm_ln(gm_uniform(key, slot, entity, kind_draw, index));
}

/* The key of the hashes, from the fraction of pi. Its purpose word is none of gm_purpose, so that
 * no hash is a draw. */
const gm_key gm__hash_key = {{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344),
                              UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89)}};

static uint64_t hash3(uint64_t a, uint64_t b, uint64_t domain)
{
  uint64_t x[4];
  gm__block(gm__hash_key, (gm__counter){{a, b, domain, 0}}, x);
  return x[0];
}

uint64_t gm_hash64(uint64_t a, uint64_t b) { return hash3(a, b, 0); }

/* Eight bytes at a time, low byte first on every machine; the length at the end tells "a" from
 * "a\0". */
uint64_t gm_hash_text(const char *text)
{
  assert(text);
  uint64_t h = 0, word = 0, bytes = 0;
  for (const char *c = text; *c; c++) {
    word |= (uint64_t)(unsigned char)*c << 8 * (bytes % 8);
    if (++bytes % 8) continue;
    h = hash3(h, word, 1);
    word = 0;
  }
  return hash3(hash3(h, word, 1), bytes, 2);
}
