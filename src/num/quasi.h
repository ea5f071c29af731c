/* quasi.h - evenly spread points: Sobol' sequences with Owen scrambling, Latin hypercubes.
 *
 * Everything is a pure function of (key, index, dimension): points can be had in any order, by any
 * thread, with the same bits. Scrambled points and hypercubes lie in the open (0, 1). */
#ifndef GM_NUM_QUASI_H
#define GM_NUM_QUASI_H
#include "gemel/base.h"

enum {
  GM_SOBOL_DIMENSION_MAX = 1111, /* all primitive polynomials to degree 13; property A holds */
  /* Up to here (degree 9) some hundred points are even in each pair of coordinates; for so few in
   * more dimensions a Latin hypercube is the better choice. */
  GM_SOBOL_FEW_MAX = 101,
  GM_SOBOL_BITS = 52,
  GM_SOBOL_NET_MAX = 30 /* log2 of the points of a net */
};

/* 64 well-mixed bits of two words (not for secrets). */
uint64_t gm_quasi_hash(uint64_t key, uint64_t word);

typedef struct gm_sobol gm_sobol;

/* A Sobol' sequence of `dimension` coordinates (Joe & Kuo 2008 direction numbers). key NULL: the
 * plain sequence. key given: Owen's nested uniform scrambling (Owen 1995), where bit k of a
 * coordinate is flipped by a hash of key, dimension and the k higher bits, so that each point is
 * uniform on (0, 1) and every net property is kept. *out is owned by the caller.
 * Threads: gm_sobol_point may be called by several threads, gm_sobol_net and gm_sobol_next by one.
 * Fails: GM_ERANGE (dimension < 1), GM_EUNSUPPORTED (dimension > 1,111), GM_ENOMEM. */
GM_NODISCARD gm_status gm_sobol_new(gm_ctx *ctx, int32_t dimension, const uint64_t *key,
                                    gm_sobol **out);
void gm_sobol_free(gm_sobol *s); /* NULL ok */
int32_t gm_sobol_dimension(const gm_sobol *s);

/* Point number index (Gray-code order, the first is 0), x[dimension]. Plain: in [0, 1), point 0 is
 * the origin; scrambled: in (0, 1). index < 2^52, else GM_ERANGE: 52 bits are kept.
 * Use 2^k points from a multiple of 2^k: that is a net; a part of it is not. */
GM_NODISCARD gm_status gm_sobol_point(const gm_sobol *s, uint64_t index, double *x);

/* A whole net in order, several times as fast. Begins the net of the first 2^log2_count points
 * (0 <= log2_count <= 30), scrambled by this key (not that of gm_sobol_new; another key is another,
 * independent scramble) or, key NULL, plain. How many there will be is known here, so that the
 * scramble, which is Owen's again, asks for fewer coins: below its 2^-log2_count slices no two
 * points share the digits above, and the lower digits are plain random ones. Its points are
 * therefore not those of gm_sobol_point. */
void gm_sobol_net(gm_sobol *s, int32_t log2_count, const uint64_t *key);
/* The next n points, x[n][dimension]. n at most what is left of the net (asserted). */
void gm_sobol_next(gm_sobol *s, int32_t n, double *x);

/* n points in d dimensions, x[n][d]: each coordinate has exactly one point in each of n equal
 * slices, at a uniform place in it; the slices are permuted by key for each dimension on its own.
 * Fails: GM_ERANGE (n or d < 1), GM_ENOMEM. */
GM_NODISCARD gm_status gm_latin_hypercube(gm_ctx *ctx, int32_t n, int32_t d, uint64_t key,
                                          double *x);

/* ---- for tests ------------------------------------------------------------------------------ */
enum { GM_SOBOL_DEGREE_MAX = 13, GM_SOBOL_INITIAL = 12113 };
extern const uint16_t gm__sobol_polynomial[GM_SOBOL_DIMENSION_MAX - 1];
extern const uint16_t gm__sobol_initial[GM_SOBOL_INITIAL];
/* Degree of dimension j (from 0), its polynomial and m[degree]; dimension 0: degree 0. */
int32_t gm__sobol_row(int32_t j, uint32_t *polynomial, uint32_t m[GM_SOBOL_DEGREE_MAX]);
#endif
