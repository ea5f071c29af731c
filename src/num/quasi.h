/* quasi.h - evenly spread points: Sobol' sequences with Owen scrambling, Latin hypercubes.
 *
 * Everything is a pure function of (key, index, dimension): points can be had in any order, by any
 * thread, with the same bits. Scrambled points and hypercubes lie in the open (0, 1). */
#ifndef GM_NUM_QUASI_H
#define GM_NUM_QUASI_H
#include "gemel/base.h"

enum { GM_SOBOL_DIMENSION_MAX = 101, GM_SOBOL_BITS = 52 };

/* 64 well-mixed bits of two words (not for secrets). */
uint64_t gm_quasi_hash(uint64_t key, uint64_t word);

typedef struct gm_sobol gm_sobol;

/* A Sobol' sequence of `dimension` coordinates (Joe & Kuo 2008 direction numbers). key NULL: the
 * plain sequence. key given: Owen's nested uniform scrambling (Owen 1995), where bit k of a
 * coordinate is flipped by a hash of key, dimension and the k higher bits, so that each point is
 * uniform on (0, 1) and every net property is kept. *out is owned by the caller.
 * Threads: afterwards const; points may be asked for by several threads.
 * Fails: GM_ERANGE (dimension < 1), GM_EUNSUPPORTED (dimension > 101), GM_ENOMEM. */
GM_NODISCARD gm_status gm_sobol_new(gm_ctx *ctx, int32_t dimension, const uint64_t *key,
                                    gm_sobol **out);
void gm_sobol_free(gm_sobol *s); /* NULL ok */
int32_t gm_sobol_dimension(const gm_sobol *s);

/* Point number index (Gray-code order, the first is 0), x[dimension]. Plain: in [0, 1), point 0 is
 * the origin; scrambled: in (0, 1). index < 2^52, else GM_ERANGE: 52 bits are kept.
 * Use 2^k points from a multiple of 2^k: that is a net; a part of it is not. */
GM_NODISCARD gm_status gm_sobol_point(const gm_sobol *s, uint64_t index, double *x);

/* n points in d dimensions, x[n][d]: each coordinate has exactly one point in each of n equal
 * slices, at a uniform place in it; the slices are permuted by key for each dimension on its own.
 * Fails: GM_ERANGE (n or d < 1), GM_ENOMEM. */
GM_NODISCARD gm_status gm_latin_hypercube(gm_ctx *ctx, int32_t n, int32_t d, uint64_t key,
                                          double *x);

/* ---- for tests ------------------------------------------------------------------------------ */
typedef struct {
  uint8_t degree;
  uint8_t inner; /* a_1 ... a_(s-1), a_1 the highest bit */
  uint16_t m[9];
} gm__sobol_row;
extern const gm__sobol_row gm__sobol_table[GM_SOBOL_DIMENSION_MAX - 1]; /* dimension 2 and on */
#endif
