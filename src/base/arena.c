/* arena.c - scratch memory as a stack over a chain of blocks. */
#include "gemel/base.h"
#include <assert.h>
#include <string.h>

typedef struct block {
  struct block *next;
  size_t room, used;
  max_align_t data[];
} block;

struct gm_arena {
  gm_ctx *ctx;
  size_t block_bytes;
  block *first, *now; /* now: the block in use; later ones are empty */
};

static block *block_new(gm_arena *a, size_t bytes)
{
  size_t room = bytes > a->block_bytes ? bytes : a->block_bytes;
  block *b = gm_alloc(a->ctx, 1, sizeof *b + room);
  if (b) b->room = room;
  return b;
}

gm_status gm_arena_new(gm_ctx *ctx, size_t block_bytes, gm_arena **out)
{
  assert(ctx && out);
  gm_arena *a = gm_alloc(ctx, 1, sizeof *a);
  if (!a) return gm_fail(ctx, GM_ENOMEM, "arena");
  a->ctx = ctx;
  a->block_bytes = block_bytes ? block_bytes : 65536;
  a->first = a->now = block_new(a, 0);
  if (!a->first) {
    gm_free(a);
    return gm_fail(ctx, GM_ENOMEM, "arena of %zu bytes", block_bytes);
  }
  *out = a;
  return GM_OK;
}

void gm_arena_free(gm_arena *a)
{
  if (!a) return;
  for (block *b = a->first; b;) {
    block *next = b->next;
    gm_free(b);
    b = next;
  }
  gm_free(a);
}

void *gm_arena_get(gm_arena *a, ptrdiff_t count, size_t bytes)
{
  assert(a);
  if (count < 0 || (bytes && (size_t)count > PTRDIFF_MAX / 2 / bytes)) return NULL;
  size_t need =
      ((size_t)count * bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
  while (a->now->used + need > a->now->room) {
    if (a->now->next && a->now->next->room >= need) {
      a->now = a->now->next;
      a->now->used = 0;
      continue;
    }
    block *b = block_new(a, need);
    if (!b) return NULL;
    b->next = a->now->next;
    a->now->next = b;
    a->now = b;
  }
  void *p = (char *)a->now->data + a->now->used;
  a->now->used += need;
  return memset(p, 0, need);
}

gm_arena_mark gm_arena_at(const gm_arena *a) { return (gm_arena_mark){a->now, a->now->used}; }

void gm_arena_back(gm_arena *a, gm_arena_mark mark)
{
  a->now = mark.block;
  a->now->used = mark.used;
}
