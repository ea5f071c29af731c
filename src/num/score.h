/* score.h - how good a probabilistic forecast was, in the unit of the quantity (lower is better).
 * Weights, finite values, threads and pointers as in num/stats.h. */
#ifndef GM_NUM_SCORE_H
#define GM_NUM_SCORE_H
#include "gemel/base.h"

/* Continuous ranked probability score of the weighted ensemble x[n], w[n] at the outcome y: the
 * integral of (F - 1{. >= y})^2 = E|X - y| - E|X - X'|/2 (Gneiting & Raftery 2007, eq. 20-21),
 * exact, in O(n log n). Fails: GM_ERANGE (n < 1), GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status gm_score_crps(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                                     double y, double *crps);
/* The same of values xs[n] ascending with cumulated shares cum[n]: F is cum[i] from xs[i] on, 1 at
 * the last. *apart (may be NULL): E|X - X'|/2, the integral of F (1 - F). Nothing is checked. */
double gm_score_crps_sorted(int32_t n, const double *xs, const double *cum, double y,
                            double *apart);
/* The same of a normal law; sd >= 0 (0: |y - mean|), else NaN. Ibid., section 4.2. */
double gm_score_crps_normal(double mean, double sd, double y);

typedef struct {
  double score;      /* = dispersion + below + above; the median's share is in below or above */
  double dispersion; /* width of the intervals           */
  double below;      /* penalty: the outcome lay below   */
  double above;      /* penalty: the outcome lay above   */
} gm_wis;
/* Weighted interval score (Bracher, Ray, Gneiting & Reich 2021, eq. 2-3) of quantiles q[n] at
 * levels p[n]: p ascending, symmetric about 1/2 (to 1e-9) with 1/2 among them, so n is odd; q not
 * descending. Fails: GM_EINVAL (levels), GM_EDOMAIN. */
GM_NODISCARD gm_status gm_score_wis(gm_ctx *ctx, int32_t n, const double *p, const double *q,
                                    double y, gm_wis *out);
/* Pinball loss of one quantile. */
double gm_score_pinball(double p, double q, double y);

/* Share of outcomes y[n] inside [low[n], high[n]] (ends count), and its Clopper-Pearson interval
 * of level 1 - alpha; share_low and share_high may be NULL.
 * Fails: GM_ERANGE (n < 1, alpha), GM_EDOMAIN. */
GM_NODISCARD gm_status gm_score_coverage(gm_ctx *ctx, int32_t n, const double *low,
                                         const double *high, const double *y, double alpha,
                                         double *share, double *share_low, double *share_high);
/* Probability integral transform F(y-) + v (F(y) - F(y-)) of y in the weighted ensemble; v in
 * [0, 1] breaks ties (1/2: mid-PIT). Fails: GM_ERANGE (n < 1, v), GM_EDOMAIN. */
GM_NODISCARD gm_status gm_score_pit(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                                    double y, double v, double *pit);
#endif
