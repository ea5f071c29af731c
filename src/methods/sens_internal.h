/* sens_internal.h - what the methods of sensitivity.h share: evaluation by blocks of rows, and
 * intervals from independent repeats. */
#ifndef GM_METHODS_SENS_INTERNAL_H
#define GM_METHODS_SENS_INTERNAL_H
#include "gemel/sensitivity.h"

/* Rows of points that are evaluated together: point k of row i is u[(i*per_row + k)*dim ...], its
 * key key[i*per_row + k], its outputs y[(i*per_row + k)*output_count ...]. */
typedef struct {
  gm_ctx *ctx;
  const gm_function *f;
  int32_t per_row, rows; /* rows: most in one block */
  bool leave_out;
  double *u;     /* owned, as the next three */
  uint64_t *key; /* 0 for a deterministic model */
  double *y;
  bool *good; /* [rows] after eval: all outputs of the row are finite */
  gm_sens_count *count;
} gm__sens_block;

/* batch_max: most points a call (0: 8192). The numbers of a method must not depend on `rows`.
 * Fails: GM_ERANGE (f, batch_max), GM_ENOMEM; b is then empty and may be freed. */
gm_status gm__sens_block_new(gm_ctx *ctx, const gm_function *f, int32_t per_row, int32_t rows_max,
                             int32_t batch_max, bool leave_out, gm_sens_count *count,
                             gm__sens_block *b);
void gm__sens_block_free(gm__sens_block *b);
/* Evaluates the first `rows` rows. Fails: eval's status, GM_EDOMAIN (not finite, not left out). */
gm_status gm__sens_block_eval(gm__sens_block *b, int32_t rows);

/* options' defaults: level in (0, 1), 0 is 0.95. Fails: GM_ERANGE. */
gm_status gm__sens_level(gm_ctx *ctx, double *level);

/* n independent estimates x: their mean and its t interval. n >= 2. */
gm_sens_value gm__sens_mean(int32_t n, const double *x, double level);
/* The ratio sum num / sum den of n independent pairs, by the linearised error of a ratio (Cochran
 * 1977, section 6.4) and the t law; NaN where the sum of den is not above 0. */
gm_sens_value gm__sens_ratio(int32_t n, const double *num, const double *den, double level);
#endif
