/* tables.c - arrays that grow, and the hash of names. */
#include "kinds/equations/tables.h"

gm_status eq_room(gm_ctx *ctx, void *array_address, int32_t count, int32_t *room, size_t bytes)
{
  if (count < *room) return GM_OK;
  if (*room > INT32_MAX / 2) return gm_fail(ctx, GM_ERANGE, "a model of too many parts");
  int32_t more = *room ? 2 * *room : 16; /* doubled: n additions cost n moves, not their square */
  gm_status s = gm_grow(ctx, array_address, *room, more, bytes);
  if (!s) *room = more;
  return s;
}

/* FNV-1a, 64 bits (G. Fowler, L. C. Noll, K.-P. Vo, 1991); folded, since its low bits alone are
 * weak. */
uint64_t eq_name_hash(const char *name, size_t bytes)
{
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < bytes; i++) h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
  return h ^ (h >> 29) ^ (h >> 47);
}
