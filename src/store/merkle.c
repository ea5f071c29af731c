/* merkle.c - the hash tree of RFC 6962 and its proofs. */
#include "store/merkle.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

enum { BYTES = GM__MERKLE_BYTES };
typedef unsigned char hash[BYTES];

/* ---- hashes ---------------------------------------------------------------------------------- */
static void hash_of(unsigned char prefix, const void *a, size_t a_bytes, const void *b,
                    size_t b_bytes, unsigned char *out)
{
  crypto_generichash_state h;
  crypto_generichash_init(&h, NULL, 0, BYTES);
  crypto_generichash_update(&h, &prefix, 1);
  crypto_generichash_update(&h, a, a_bytes);
  crypto_generichash_update(&h, b, b_bytes);
  crypto_generichash_final(&h, out, BYTES);
}

static void empty_root(unsigned char out[BYTES])
{
  crypto_generichash(out, BYTES, NULL, 0, NULL, 0);
}

void gm__merkle_leaf(const void *row, size_t bytes, const void *more, size_t more_bytes,
                     unsigned char out[BYTES])
{
  hash_of(0, row, bytes, more, more_bytes, out);
}

void gm__merkle_node(const unsigned char left[BYTES], const unsigned char right[BYTES],
                     unsigned char out[BYTES])
{
  hash_of(1, left, BYTES, right, BYTES, out);
}

/* ---- growing --------------------------------------------------------------------------------- */
gm_status gm__merkle_add(gm__merkle_edge *e, gm_ctx *ctx, const unsigned char leaf[BYTES],
                         gm__merkle_keep *keep, void *user)
{
  hash h;
  int32_t level = 0;
  gm_status st = GM_OK;
  memcpy(h, leaf, BYTES);
  for (; e->size >> level & 1 && !st; level++) {
    gm__merkle_node(e->node[level], h, h);
    st = keep(user, ctx, level + 1, e->size >> (level + 1), h);
  }
  if (st) return st;
  memcpy(e->node[level], h, BYTES);
  e->size++;
  return GM_OK;
}

void gm__merkle_root(const gm__merkle_edge *e, unsigned char out[BYTES])
{
  bool any = false;
  empty_root(out);
  for (int32_t level = 0; level < GM__MERKLE_LEVELS; level++) {
    if (!(e->size >> level & 1)) continue;
    if (any)
      gm__merkle_node(e->node[level], out, out);
    else
      memcpy(out, e->node[level], BYTES);
    any = true;
  }
}

gm_status gm__merkle_edge_fetch(gm_ctx *ctx, int64_t size, gm__merkle_fetch *fetch, void *user,
                                gm__merkle_edge *out)
{
  gm_status st = GM_OK;
  out->size = size;
  for (int32_t level = 0; level < GM__MERKLE_LEVELS && !st; level++)
    if (size >> level & 1) /* it begins where the greater ones end */
      st = fetch(user, ctx, level, (size >> level) - 1, out->node[level]);
  return st;
}

/* ---- proofs ---------------------------------------------------------------------------------- */
/* MTH(D[first:end]); first is a multiple of a power of two that is not below end - first, as in all
 * ranges that come of splitting: its full subtrees are the bits of its length. */
static gm_status range_hash(gm_ctx *ctx, int64_t first, int64_t end, gm__merkle_fetch *fetch,
                            void *user, unsigned char *out)
{
  gm_status st = GM_OK;
  bool any = false;
  for (int32_t level = 0; level < GM__MERKLE_LEVELS && !st; level++) {
    hash h;
    int64_t leaves = (int64_t)1 << level;
    if (!((end - first) >> level & 1)) continue;
    end -= leaves; /* from the right: the smallest one stands last */
    st = fetch(user, ctx, level, end >> level, h);
    if (any)
      gm__merkle_node(h, out, out);
    else
      memcpy(out, h, BYTES);
    any = true;
  }
  return st;
}

/* The greatest power of two below n > 1. */
static int64_t split(int64_t n)
{
  int64_t k = 1;
  while (k < n - k) k *= 2;
  return k;
}

static void turn(gm__merkle_path *p)
{
  for (int32_t i = 0, j = p->count - 1; i < j; i++, j--) {
    hash h;
    memcpy(h, p->hash[i], BYTES);
    memcpy(p->hash[i], p->hash[j], BYTES);
    memcpy(p->hash[j], h, BYTES);
  }
}

gm_status gm__merkle_prove(gm_ctx *ctx, int64_t index, int64_t size, gm__merkle_fetch *fetch,
                           void *user, gm__merkle_path *out)
{
  assert(0 <= index && index < size && size <= (int64_t)1 << (GM__MERKLE_LEVELS - 1));
  gm_status st = GM_OK;
  int64_t first = 0, end = size;
  for (out->count = 0; end - first > 1 && !st; out->count++) {
    int64_t middle = first + split(end - first);
    bool left = index < middle;
    st = range_hash(ctx, left ? middle : first, left ? end : middle, fetch, user,
                    out->hash[out->count]);
    *(left ? &end : &first) = middle;
  }
  turn(out);
  return st;
}

gm_status gm__merkle_prove_growth(gm_ctx *ctx, int64_t from, int64_t to, gm__merkle_fetch *fetch,
                                  void *user, gm__merkle_path *out)
{
  assert(0 <= from && from <= to && to <= (int64_t)1 << (GM__MERKLE_LEVELS - 1));
  gm_status st = GM_OK;
  int64_t first = 0, end = to;
  bool whole = true; /* the subtree at hand is that of all `from` leaves: whoever checks knows it */
  out->count = 0;
  if (!from) return GM_OK;
  for (; from != end && !st; out->count++) {
    int64_t middle = first + split(end - first);
    bool left = from <= middle;
    st = range_hash(ctx, left ? middle : first, left ? end : middle, fetch, user,
                    out->hash[out->count]);
    whole = whole && left;
    *(left ? &end : &first) = middle;
  }
  if (!st && !whole) st = range_hash(ctx, first, end, fetch, user, out->hash[out->count++]);
  turn(out);
  return st;
}

/* Section 2.1.3.2 and 2.1.4.2 walk alike: where the path's next hash stands, left or right. */
typedef struct {
  uint64_t at, last; /* place of the subtree at hand on its level, and of the last one there */
} walk;

static bool stands_left(walk *w)
{
  bool left = w->at & 1 || w->at == w->last;
  while (left && !(w->at & 1) && w->at) w->at >>= 1, w->last >>= 1;
  w->at >>= 1;
  w->last >>= 1;
  return left;
}

bool gm__merkle_holds(const unsigned char leaf[BYTES], int64_t index, int64_t size,
                      const unsigned char path[][BYTES], int32_t count,
                      const unsigned char root[BYTES])
{
  if (index < 0 || index >= size) return false;
  walk w = {(uint64_t)index, (uint64_t)size - 1};
  hash h;
  memcpy(h, leaf, BYTES);
  for (int32_t i = 0; i < count; i++) {
    if (!w.last) return false;
    if (stands_left(&w))
      gm__merkle_node(path[i], h, h);
    else
      gm__merkle_node(h, path[i], h);
  }
  return !w.last && !memcmp(h, root, BYTES);
}

/* 0 < from < to. first: the hash that the path begins with. */
static bool grew(int64_t from, const unsigned char *from_root, int64_t to,
                 const unsigned char *to_root, const unsigned char *first,
                 const unsigned char path[][BYTES], int32_t count)
{
  walk w = {(uint64_t)from - 1, (uint64_t)to - 1};
  hash old, now;
  while (w.at & 1) w.at >>= 1, w.last >>= 1;
  memcpy(old, first, BYTES);
  memcpy(now, first, BYTES);
  for (int32_t i = 0; i < count; i++) {
    if (!w.last) return false;
    if (stands_left(&w)) {
      gm__merkle_node(path[i], old, old);
      gm__merkle_node(path[i], now, now);
    } else {
      gm__merkle_node(now, path[i], now);
    }
  }
  return !w.last && !memcmp(old, from_root, BYTES) && !memcmp(now, to_root, BYTES);
}

bool gm__merkle_growth_holds(int64_t from, const unsigned char from_root[BYTES], int64_t to,
                             const unsigned char to_root[BYTES], const unsigned char path[][BYTES],
                             int32_t count)
{
  hash empty;
  if (from < 0 || from > to) return false;
  empty_root(empty);
  if (!from) return !count && !memcmp(empty, from_root, BYTES);
  if (from == to) return !count && !memcmp(from_root, to_root, BYTES);
  /* a full subtree of the greater tree stands first, and is not in the path */
  if (!(from & (from - 1))) return grew(from, from_root, to, to_root, from_root, path, count);
  return count > 0 && grew(from, from_root, to, to_root, path[0], path + 1, count - 1);
}
