/* t1d_profile.h - the ambulatory glucose profile: many days laid on top of each other.
 *
 * Mazze et al., Diabetes Technol. Ther. 10:149 (2008); the layout of the consensus, Battelino et
 * al., Diabetes Care 42:1593 (2019): 14 days, 5, 25, 50, 75 and 95 % by time of day.
 *
 * A bin of five minutes holds one reading a day, 14 in all: too few for its 5 and 95 %. So the
 * quantiles of a bin are those of the readings of all days within smooth_min of its middle (round
 * the clock: 23:55 is next to 00:05), a reading weighing 1 - |distance| / smooth_min. Quantile p of
 * weighted values: with C_k the sum of the weights up to value k, the value where (C_k - w_k / 2) /
 * C_n reaches p, straight lines between, the outermost values beyond (Hazen's rule where weights
 * are equal; Hyndman & Fan, Am. Stat. 50:361, 1996, type 5).
 *
 * Uncertainty: a 90 % interval of each quantile by Woodruff's method (J. Am. Stat. Assoc. 47:635,
 * 1952): the spread, over days, of each day's share below the quantile, with Student's t, carried
 * back to glucose. Days are what is independent; readings within a day are not. An interval that
 * would go beyond the outermost reading ends there, as it does for 5 and 95 % of few days: then it
 * holds too little. Threads: all functions may run together. */
#ifndef T1D_PROFILE_H
#define T1D_PROFILE_H
#include "t1d_metrics.h"

enum { T1D_LEVEL_COUNT = 5 };
extern const double t1d_profile_level[T1D_LEVEL_COUNT]; /* 0.05, 0.25, 0.5, 0.75, 0.95 */

typedef struct {
  int32_t day_count;   /* the last so many times 24 h of the readings; 0: 14 */
  int32_t bin_min;     /* divides 1440; 0: 5 */
  double smooth_min;   /* at most 360; 0: 30; negative: none, each bin by itself */
  double midnight_min; /* any local midnight on the clock of the readings: 0 h of the profile */
  t1d_same_time same_time;
} t1d_profile_options;

/* Arrays over [bin], [bin][level]; owned. Bin b begins b * bin_min after midnight. */
typedef struct {
  double *quantile_mgdl;   /* [bin][level]; NaN where no reading is near */
  double *low_mgdl;        /* [bin][level]; NaN with fewer than two days near */
  double *high_mgdl;       /* [bin][level] */
  int32_t *days_in_bin;    /* [bin]: days with a reading in the bin */
  int32_t *days_behind;    /* [bin]: days with a reading within smooth_min: behind quantiles */
  double from_min, to_min; /* readings with from_min < t <= to_min, the last one's time */
  double smooth_min;       /* 0: none */
  int32_t bin_count, bin_min, day_count, reading_count;
} t1d_profile;

/* Makes the profile of the last days of r. options may be NULL (all 0). *out: freed by the caller.
 * Fails: as t1d_metrics_of. */
GM_NODISCARD gm_status t1d_profile_new(gm_ctx *ctx, const t1d_readings *r,
                                       const t1d_profile_options *options, t1d_profile **out);
void t1d_profile_free(t1d_profile *p); /* NULL ok */

/* Adds the profile to out as one SVG document (nothing is loaded, no script): bands of 90 and 50 %
 * and the median over 24 h, the range 70-180, lines at 54 and 250, the interval of the median, how
 * many days lie behind each time of day; mg/dL on the left, mmol/L on the right. With m (may be
 * NULL) the figures by readings with their standard errors and the stacked times in ranges, and
 * what m.reason says; m should be of the same days. clock: which one the times of day are of
 * ("UTC+2"), without markup; NULL: not said. The axis ends at 350 mg/dL or above the highest value
 * drawn. Failure: in out->status. */
void t1d_profile_svg(const t1d_profile *p, const t1d_metrics *m, const char *clock, gm_text *out);

/* ---- between the files of this folder -------------------------------------------------------- */
/* Digits behind the point, from `digits` (at most 4) to two more, with which an error shows a
 * figure of its own. -1: there is none to show, as it is NaN, 0 or smaller than that. */
int t1d__error_digits(double se, int digits);
/* What stands in the place of an error of 0, which is no certainty: "none seen" or "all seen" of a
 * share in ranges, else "". Static text. */
const char *t1d__not_seen(t1d_metric m, const t1d_figure *f);
#endif
