/* rand.h - random numbers by meaning.
 *
 * There is no stream and no hidden state: a number is a pure function of what it is for. The key
 * says whose number it is, the counter says which: (slot, entity, kind and draw, index). The same
 * meaning gives the same number in any order, on any thread, rank or processor, and two plans that
 * are compared share every number that has the same meaning (common random numbers).
 * Generator: Threefry4x64-20 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011;
 * implementation Random123). Not for secrets: it is no cryptographic generator.
 * Threads: all functions may run together. Failure: none but the values named below. */
#ifndef GEMEL_RAND_H
#define GEMEL_RAND_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a number is for. Saved beliefs name these: a number is never given to another meaning. */
typedef enum {
  GM_PURPOSE_PRIOR = 1,        /* members drawn from the prior                      */
  GM_PURPOSE_POSTERIOR = 2,    /* members drawn from an approximation to the belief */
  GM_PURPOSE_RESAMPLE = 3,     /* which members are copied                          */
  GM_PURPOSE_MOVE = 4,         /* moves of members after resampling, MCMC steps     */
  GM_PURPOSE_INTRINSIC = 5,    /* noise inside a model                              */
  GM_PURPOSE_MEASUREMENT = 6,  /* noise of what is measured                         */
  GM_PURPOSE_POPULATION = 7,   /* virtual subjects                                  */
  GM_PURPOSE_DESIGN = 8,       /* trials: allocation, dropout, arrival              */
  GM_PURPOSE_OCCASION = 9,     /* variation between occasions                       */
  GM_PURPOSE_SEARCH = 10,      /* starting points of optimisers                     */
  GM_PURPOSE_SENSITIVITY = 11, /* scrambles and samples of sensitivity analysis     */
  GM_PURPOSE_BOOTSTRAP = 12,   /* resampling of data                                */
  GM_PURPOSE_TEST = 13         /* tests and benchmarks                              */
} gm_purpose;

typedef struct {
  uint64_t v[4]; /* seed, purpose, subject, replicate */
} gm_key;

GM_API gm_key gm_key_make(uint64_t seed, uint64_t purpose, uint64_t subject, uint64_t replicate);

/* The third word of a counter: which kind of event and which draw within it. kind < 2^24; the top
 * 8 bits of the word stay 0 (asserted): the rejection loops below count their attempts there, so
 * that they never take a number that means something else. */
GM_API uint64_t gm_kind_draw(uint32_t kind, uint32_t draw);

/* Four words of 64 random bits: the generator's block for this meaning.
 *   slot       member slot      entity     agent, voxel, channel ... (0 if there is none)
 *   kind_draw  gm_kind_draw()   index      number of the event, or of the grid point in time */
GM_API void gm_draw4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                     uint64_t out[4]);

/* Uniform on the open interval (0, 1): (top 52 bits + 1/2) * 2^-52. 53 bits would round up to 1.
 * 1 - u is exact and as likely as u. gm_uniform is the first number of gm_uniform4. */
GM_API double gm_uniform(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                         uint64_t index);
GM_API void gm_uniform4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                        uint64_t index, double out[4]);

/* Standard normal: gm_norm_quantile of the uniform of the same meaning, so one number of input
 * gives one of output, growing together. Lies within +-8.21. */
GM_API double gm_normal(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                        uint64_t index);
GM_API void gm_normal4(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                       uint64_t index, double out[4]);

/* Exponential with mean 1, -log(u): always > 0. */
GM_API double gm_exponential(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                             uint64_t index);

/* Gamma with the given shape (finite, > 0) and scale 1; may underflow to 0 for shape below 0.05.
 * NaN for any other shape. Marsaglia & Tsang, ACM Trans. Math. Softw. 26:363 (2000). */
GM_API double gm_gamma(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                       uint64_t index, double shape);

/* Counts. While the mean (for the binomial n p or n (1-p), the smaller) is below 30, an inversion
 * of the uniform: grows with the mean, with n, and with p on either side of 1/2. Above it a
 * rejection with the exact probabilities: PTRS (Hoermann, Insurance Math. Econom. 12:39, 1993) and
 * BTRS (Hoermann, J. Stat. Comput. Simul. 46:101, 1993).
 * poisson: mean in [0, 1e15]. binomial: n in [0, 1e15], p in [0, 1]. Otherwise -1. */
GM_API int64_t gm_poisson(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                          uint64_t index, double mean);
GM_API int64_t gm_binomial(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                           uint64_t index, int64_t n, double p);

/* A 64-bit hash of two numbers, order matters; the id of a newborn is gm_hash64(parent, birth).
 * Like a random function: among n results some two agree with probability about n^2 / 2^65. */
GM_API uint64_t gm_hash64(uint64_t a, uint64_t b);
/* The same of a name (bytes up to NUL): a stable number for "cohort A" or "patient 17". */
GM_API uint64_t gm_hash_text(const char *text);

#ifdef __cplusplus
}
#endif
#endif
