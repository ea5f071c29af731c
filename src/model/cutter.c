/* cutter.c - one block of memory cut into aligned pieces. */
#include "model/cutter.h"

enum { LINE = 64 };

static size_t lines(size_t bytes) { return (bytes + LINE - 1) / LINE * LINE; }

void *gm__cut(gm_cutter *c, ptrdiff_t count, size_t bytes)
{
  void *p = c->base ? c->base + c->used : NULL;
  c->used += lines((size_t)count * bytes);
  return p;
}

void *gm__cut_work(gm_ctx *ctx, size_t head, gm_cut_fn *cut, const void *machine, void *sizes)
{
  gm_cutter c = {0};
  cut(&c, sizes, machine);
  char *work = gm_alloc(ctx, (ptrdiff_t)(lines(head) + c.used + LINE), 1);
  if (!work) return NULL;
  uintptr_t first = lines((uintptr_t)work + head);
  c = (gm_cutter){.base = work + (first - (uintptr_t)work)};
  cut(&c, work, machine);
  return work;
}
