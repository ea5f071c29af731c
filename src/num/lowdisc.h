/* lowdisc.h - whole Sobol' nets of 2^m points in up to 1,111 dimensions, scrambled, fast.
 *
 * Beside quasi.h, whose points can be asked for one by one: here the 2^m points of one net are
 * written in order, and a net may have ten times the dimensions. Scrambling is Owen's nested
 * uniform one (Owen 1995), exact for the net: below its 2^-m slices no two points share a digit's
 * parent, so the lower digits are plain random ones. Direction numbers: Joe & Kuo 2008. */
#ifndef GM_NUM_LOWDISC_H
#define GM_NUM_LOWDISC_H
#include "gemel/base.h"

enum {
  GM_LOWDISC_DIMENSION_MAX = 1111, /* all primitive polynomials to degree 13; property A holds */
  GM_LOWDISC_LOG2_MAX = 30
};

typedef struct gm_lowdisc gm_lowdisc;

/* Nets of dimension coordinates. *out is owned by the caller. Threads: one call at a time.
 * Fails: GM_ERANGE (dimension < 1), GM_EUNSUPPORTED (above 1,111), GM_ENOMEM. */
GM_NODISCARD gm_status gm_lowdisc_new(gm_ctx *ctx, int32_t dimension, gm_lowdisc **out);
void gm_lowdisc_free(gm_lowdisc *s); /* NULL ok */

/* Begins the net of 2^log2_count points (0 <= log2_count <= 30) scrambled by key; the points are
 * then had in order by gm_lowdisc_next. Another key: another, independent scramble. */
void gm_lowdisc_begin(gm_lowdisc *s, int32_t log2_count, uint64_t key);
/* The same points without scrambling (the first is the origin). */
void gm_lowdisc_begin_plain(gm_lowdisc *s, int32_t log2_count);
/* The next n points, x[n][dimension]: scrambled in (0, 1), plain in [0, 1). n at most what is left
 * of the net (asserted). */
void gm_lowdisc_next(gm_lowdisc *s, int32_t n, double *x);

/* ---- for tests ------------------------------------------------------------------------------ */
enum { GM_LOWDISC_ROWS = 1010, GM_LOWDISC_FIRST = 7004, GM_LOWDISC_REST = 4440 };
extern const uint16_t gm__lowdisc_polynomial[GM_LOWDISC_ROWS];
extern const uint16_t gm__lowdisc_first[GM_LOWDISC_FIRST];
extern const uint16_t gm__lowdisc_rest[GM_LOWDISC_REST];
/* Degree of dimension j (from 0) with its polynomial and m[degree]; dimension 0: degree 0. */
int32_t gm__lowdisc_row(int32_t j, uint32_t *polynomial, uint32_t m[13]);
#endif
