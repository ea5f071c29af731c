/* compare.h - paired comparison of options on the members of one belief. Knows no model.
 * value[option*n + m] is the utility of an option for member m; weight[n] >= 0, sum 1. All options
 * saw the same members, so differences are taken member by member.
 * This is the short form for plans of one belief, as reports show it: intervals are those of the
 * members, nothing is known of chance or other models. gemel/choose.h is the long form; where both
 * say the same thing (means, probability better, regret of one replicate) they agree. */
#ifndef GEMEL_METHODS_COMPARE_H
#define GEMEL_METHODS_COMPARE_H
#include "gemel/infer.h"

/* Mean, central 90 % (weighted quantiles) and the Monte Carlo error of the mean,
 * sqrt(variance / effective size). Fails: GM_ENOMEM, GM_ENUMERIC (no member). */
GM_NODISCARD gm_status gm__estimate(gm_ctx *ctx, int32_t n, const double *x, const double *weight,
                                    gm_estimate *out);
/* a - b; differences below rounding of the utilities count as none. */
double gm__gain_of(double a, double b);
/* For every option against option `base`: gain, probability better, whether the difference can be
 * told from none. regret[option]: expected loss against each member's own best option
 * (= expected value of perfect information about the member, for the best option). */
typedef struct {
  gm_estimate utility, gain;
  double better, regret;
  bool distinguishable;
} gm_option_result;
GM_NODISCARD gm_status gm__compare_options(gm_ctx *ctx, int32_t option_count, int32_t n,
                                           const double *value, const double *weight, int32_t base,
                                           gm_option_result *out);
#endif
