/* many.h - draws and functions for many members at a time, several times faster than one by one.
 * room: base
 * out[i] has the bytes of the function of the same name in gemel/rand.h or gemel/math.h; n and the
 * processor change nothing. out may be an input. n >= 0; nothing is allocated.
 * Failure: none. Threads: all functions may run together. */
#ifndef GEMEL_MANY_H
#define GEMEL_MANY_H
#include "gemel/rand.h"

#ifdef __cplusplus
extern "C" {
#endif

/* gm_exp, gm_ln, gm_norm_quantile of x[n]. */
GM_API void gm_exp_many(int32_t n, const double *x, double *out);
GM_API void gm_ln_many(int32_t n, const double *x, double *out);
GM_API void gm_norm_quantile_many(int32_t n, const double *p, double *out);

/* gm_uniform, gm_normal of (key[i], slot[i], entity, kind_draw, index); slot NULL: slot0 + i, as in
 * gm_batch. */
GM_API void gm_uniform_many(int32_t n, const gm_key *key, const uint64_t *slot, uint64_t slot0,
                            uint64_t entity, uint64_t kind_draw, uint64_t index, double *out);
GM_API void gm_normal_many(int32_t n, const gm_key *key, const uint64_t *slot, uint64_t slot0,
                           uint64_t entity, uint64_t kind_draw, uint64_t index, double *out);

#ifdef __cplusplus
}
#endif
#endif
