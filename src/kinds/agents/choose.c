/* choose.c - agents in a random order that hangs on their ids alone, not on their places. */
#include "kinds/agents/engine.h"
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3, FEW = 96 };

static void sort_few(agents_rank *a, int64_t n)
{
  for (int64_t i = 1; i < n; i++) {
    agents_rank x = a[i];
    int64_t j = i;
    for (; j > 0 && a[j - 1].key > x.key; j--) a[j] = a[j - 1];
    a[j] = x;
  }
}

/* By the upper 33 bits of the keys: equal ones (about n^2 / 2^34 pairs) stay as they stood. */
void agents_rank_sort(agents_rank *a, agents_rank *scratch, int64_t n)
{
  if (n <= FEW) {
    sort_few(a, n);
    return;
  }
  agents_rank *from = a, *to = scratch;
  for (int pass = 0; pass < PASSES; pass++) {
    int shift = 64 - DIGIT_BITS * (PASSES - pass);
    int64_t begin[DIGITS] = {0}, sum = 0;
    for (int64_t i = 0; i < n; i++) begin[from[i].key >> shift & (DIGITS - 1)]++;
    for (int d = 0; d < DIGITS; d++) {
      int64_t count = begin[d];
      begin[d] = sum;
      sum += count;
    }
    for (int64_t i = 0; i < n; i++) to[begin[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    agents_rank *t = from;
    from = to;
    to = t;
  }
  if (from != a) memcpy(a, from, (size_t)n * sizeof *a);
}

static bool passes(const gm_agents *w, const agents_filter *f, int32_t i)
{
  if (!gm_agents_alive(w, f->breed, i)) return false;
  return f->attribute < 0 || gm_agents_whole(w, f->breed, f->attribute)[i] == f->value;
}

static int64_t gather(const gm_agents *w, const agents_filter *f, agents_rank *to)
{
  int64_t n = 0;
  if (!f->region || !f->region->cell) {
    for (int32_t i = 0; i < w->size[f->breed]; i++)
      if (passes(w, f, i)) to[n++].agent = i;
    return n;
  }
  for (int32_t c = 0; c < f->region->cell_count; c++)
    for (int32_t i = gm_agents_first(w, f->breed, f->region->cell[c]); i >= 0;
         i = gm_agents_next(w, f->breed, i))
      if (passes(w, f, i)) to[n++].agent = i;
  return n;
}

int64_t agents_ranked(agents_run *r, const agents_filter *f, uint32_t meaning, uint64_t index,
                      agents_rank **out)
{
  const gm_agents *w = r->w;
  int64_t room = w->size[f->breed];
  agents_rank *a = gm_alloc(r->m->base.ctx, 2 * room + 1, sizeof *a);
  if (!a) {
    r->status |= GM_MEMBER_DIVERGED;
    return -1;
  }
  int64_t n = gather(w, f, a);
  uint64_t word[4];
  gm_draw4(r->key, r->slot, 0, gm_kind_draw(meaning, 2), index, word);
  for (int64_t i = 0; i < n; i++)
    a[i].key = gm_hash64(word[0], gm_agents_id(w, f->breed, a[i].agent));
  agents_rank_sort(a, a + room, n);
  *out = a;
  return n;
}
