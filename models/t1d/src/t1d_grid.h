/* t1d_grid.h - how dangerous the error of a glucose estimate is: the Clarke and Parkes grids.
 *
 * Clarke: Clarke et al., Diabetes Care 10:622 (1987). Parkes, type 1 diabetes: Parkes et al.,
 * Diabetes Care 23:1143 (2000), with the vertices first printed in Pfuetzner et al., J. Diabetes
 * Sci. Technol. 7:1275 (2013), table 1. (Some programs draw the lower edge of D from another point;
 * here it is the printed line from (250, 40) to (550, 150).)
 * Threads: all functions may run together. */
#ifndef T1D_GRID_H
#define T1D_GRID_H
#include "gemel/base.h"

typedef enum { T1D_CLARKE, T1D_PARKES_TYPE1, T1D_GRID_COUNT } t1d_grid;
typedef enum {
  T1D_ERROR_A, /* clinically accurate */
  T1D_ERROR_B, /* no or benign consequences */
  T1D_ERROR_C, /* Clarke: needless treatment; Parkes: outcome likely altered */
  T1D_ERROR_D, /* Clarke: danger not seen; Parkes: significant medical risk */
  T1D_ERROR_E, /* Clarke: low taken for high or the reverse; Parkes: dangerous consequences */
  T1D_ERROR_ZONES
} t1d_error_zone;

/* The zone of one pair, in mg/dL. Points on a boundary:
 *  - Clarke: zones are tested in the order A, E, D, C, B and the first that holds the point has it.
 *    A: both below 70, or the error at most 20 % of the reference. E: reference <= 70 and estimate
 *    >= 180, or reference >= 180 and estimate <= 70. D: reference >= 240 and 70 <= estimate <= 180,
 *    or reference <= 70 <= estimate <= 180. C: 70 <= reference <= 290 and estimate >= reference +
 *    110, or 130 <= reference <= 180 and estimate <= 7/5 reference - 182. B: what is left.
 *  - Parkes: a point on a line has the milder of the two zones.
 * Beyond the printed grids (400, 550 mg/dL) Clarke's conditions and the last pieces of Parkes'
 * lines go straight on. Fails: GM_EINVAL (no such grid), GM_EDOMAIN (a number not finite, negative
 * or above 2000; a reference of 0). */
GM_NODISCARD gm_status t1d_grid_zone(gm_ctx *ctx, t1d_grid grid, double reference_mgdl,
                                     double estimate_mgdl, t1d_error_zone *out);

char t1d_error_zone_letter(t1d_error_zone z); /* 'A' to 'E' */

typedef struct {
  int32_t pair_count;    /* used */
  int32_t missing_count; /* pairs with a NaN */
  int32_t block_count;
  int32_t count[T1D_ERROR_ZONES];
  double share_pct[T1D_ERROR_ZONES];
  double se_pct[T1D_ERROR_ZONES]; /* standard error; NaN with fewer than two blocks */
  /* 90 % interval of the share, which says something at 0 and 100 % too: Wilson's (J. Am. Stat.
   * Assoc. 22:209, 1927) for as many independent pairs as have this standard error; for a share of
   * 0 or 100 % as many as there are blocks. 0 to 100 with fewer than two blocks. */
  double low_pct[T1D_ERROR_ZONES], high_pct[T1D_ERROR_ZONES];
} t1d_grid_counts;

/* Counts pairs by zone. reference_mgdl, estimate_mgdl [pair_count]: borrowed for the call. block
 * [pair_count]: pairs with equal numbers (those of a day, of a subject) belong together and stand
 * next to each other; errors are those of blocks left out one by one (t1d_metrics.h). NULL: each
 * pair stands for itself, which for neighbouring sensor readings promises far too much.
 * Fails: as t1d_grid_zone; GM_EUNIT (no reference above 33.4: mmol/L), GM_ENOTFOUND (no pair),
 * GM_ENOMEM. */
GM_NODISCARD gm_status t1d_grid_count(gm_ctx *ctx, t1d_grid grid, const double *reference_mgdl,
                                      const double *estimate_mgdl, const int32_t *block,
                                      int32_t pair_count, t1d_grid_counts *out);
#endif
