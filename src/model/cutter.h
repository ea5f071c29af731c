/* cutter.h - the work of a kind as one block of memory: its struct, then its arrays.
 *
 * A kind says once, in a gm_cut_fn, which arrays there are and how long; that is run twice, first
 * to add up the bytes, then to give the arrays their places, each on a cache line of its own. */
#ifndef GEMEL_MODEL_CUTTER_H
#define GEMEL_MODEL_CUTTER_H
#include "gemel/base.h"

typedef struct {
  char *base; /* NULL: bytes are added up only */
  size_t used;
} gm_cutter;

/* The next piece, aligned to 64 bytes; NULL while bytes are added up. */
void *gm__cut(gm_cutter *c, ptrdiff_t count, size_t bytes);

/* Sets the arrays of `work` for a model's machine. */
typedef void gm_cut_fn(gm_cutter *c, void *work, const void *machine);
/* A struct of head bytes, zeroed, with its arrays behind it, zeroed; freed by gm_free. NULL when
 * there is no memory. `sizes` is a struct of the same kind, written over. */
void *gm__cut_work(gm_ctx *ctx, size_t head, gm_cut_fn *cut, const void *machine, void *sizes);
#endif
