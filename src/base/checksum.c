/* checksum.c - Fowler, Noll & Vo's hash 1a, by words. */
#include "gemel/base.h"
#include "gemel/rand.h"
#include <string.h>

uint64_t gm_checksum(const void *data, size_t bytes)
{
  const char *p = data;
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t word;
    memcpy(&word, p + i, 8);
    h = (h ^ word) * UINT64_C(0x100000001b3);
    h ^= h >> 29;
  }
  for (; i < bytes; i++) h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
  return gm_hash64(h, bytes);
}
