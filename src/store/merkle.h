/* merkle.h - the hash tree of RFC 6962, section 2.1, over BLAKE2b-256 in place of SHA-256: a root
 * that stands for all rows of a log, and short proofs that a row is in it and that it only grew.
 *
 * Leaf: hash of 0x00 and the row; node: hash of 0x01 and its two children; of no rows: hash of
 * nothing. A tree of n leaves splits at the greatest power of two below n. Subtrees of 2^level
 * leaves that begin at a multiple of it never change once they are full; they are numbered (level,
 * place) and are all that has to be kept. Threads: no shared state. */
#ifndef GEMEL_STORE_MERKLE_H
#define GEMEL_STORE_MERKLE_H
#include "gemel/base.h"

enum { GM__MERKLE_BYTES = 32, GM__MERKLE_LEVELS = 62, GM__MERKLE_PATH = 64 };

/* Of a row in two pieces. */
void gm__merkle_leaf(const void *row, size_t bytes, const void *more, size_t more_bytes,
                     unsigned char out[GM__MERKLE_BYTES]);
void gm__merkle_node(const unsigned char left[GM__MERKLE_BYTES],
                     const unsigned char right[GM__MERKLE_BYTES],
                     unsigned char out[GM__MERKLE_BYTES]); /* out may be one of them */

/* The right edge of a tree: of its full subtrees those that are in no greater one, the one of
 * 2^level leaves at node[level] where that bit of size is set. All 0: an empty tree. */
typedef struct {
  int64_t size;
  unsigned char node[GM__MERKLE_LEVELS][GM__MERKLE_BYTES];
} gm__merkle_edge;

/* Takes a subtree that has become full, of level 1 and up. Not GM_OK stops. */
typedef gm_status gm__merkle_keep(void *user, gm_ctx *ctx, int32_t level, int64_t place,
                                  const unsigned char hash[GM__MERKLE_BYTES]);
/* One more leaf; keep is called once a leaf in the mean. After a failure the edge is of no use. */
gm_status gm__merkle_add(gm__merkle_edge *e, gm_ctx *ctx,
                         const unsigned char leaf[GM__MERKLE_BYTES], gm__merkle_keep *keep,
                         void *user);
void gm__merkle_root(const gm__merkle_edge *e, unsigned char out[GM__MERKLE_BYTES]);

/* Full subtrees, from level 0 (leaves) up. */
typedef gm_status gm__merkle_fetch(void *user, gm_ctx *ctx, int32_t level, int64_t place,
                                   unsigned char out[GM__MERKLE_BYTES]);
/* The edge of the tree of the first `size` leaves: one fetch for each bit that is set. */
gm_status gm__merkle_edge_fetch(gm_ctx *ctx, int64_t size, gm__merkle_fetch *fetch, void *user,
                                gm__merkle_edge *out);

typedef struct {
  unsigned char hash[GM__MERKLE_PATH][GM__MERKLE_BYTES];
  int32_t count;
} gm__merkle_path;
/* PATH(index, D[size]), section 2.1.1; at most twice as many fetches as the tree has levels.
 * 0 <= index < size. */
gm_status gm__merkle_prove(gm_ctx *ctx, int64_t index, int64_t size, gm__merkle_fetch *fetch,
                           void *user, gm__merkle_path *out);
/* PROOF(from, D[to]), section 2.1.2; 0 <= from <= to; empty for 0 and for to. */
gm_status gm__merkle_prove_growth(gm_ctx *ctx, int64_t from, int64_t to, gm__merkle_fetch *fetch,
                                  void *user, gm__merkle_path *out);
/* By the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
bool gm__merkle_holds(const unsigned char leaf[GM__MERKLE_BYTES], int64_t index, int64_t size,
                      const unsigned char path[][GM__MERKLE_BYTES], int32_t count,
                      const unsigned char root[GM__MERKLE_BYTES]);
bool gm__merkle_growth_holds(int64_t from, const unsigned char from_root[GM__MERKLE_BYTES],
                             int64_t to, const unsigned char to_root[GM__MERKLE_BYTES],
                             const unsigned char path[][GM__MERKLE_BYTES], int32_t count);
#endif
