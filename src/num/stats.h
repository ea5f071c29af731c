/* stats.h - weighted samples: moments, quantiles, importance weights, tests.
 *
 * Weights: w[n] >= 0, finite, with a positive sum; they need not sum to 1; w NULL means equal.
 * Every sum runs over fixed blocks of 256 in index order, the blocks joined by compensated
 * addition (Neumaier 1974), so that a result depends on the values and their order alone.
 * Values that are not finite are refused: GM_EDOMAIN, with the index.
 * Threads: no state. Pointers: borrowed for the call; outputs do not overlap inputs unless said. */
#ifndef GM_NUM_STATS_H
#define GM_NUM_STATS_H
#include "gemel/base.h"

double gm_stats_sum(int32_t n, const double *x);
double gm_stats_dot(int32_t n, const double *x, const double *w); /* w NULL: the sum */

/* *mean and *variance = sum w (x - mean)^2 / sum w * n_eff / (n_eff - 1), n_eff as of gm_stats_ess:
 * for equal weights the usual n - 1 form; 0 when n_eff is 1. variance may be NULL.
 * Fails: GM_ERANGE (n < 1), GM_EDOMAIN. */
GM_NODISCARD gm_status gm_stats_mean(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                                     double *mean, double *variance);
/* mean[d] and, unless NULL, covariance[d][d] (same form) of the rows of x[n][d]. Fails likewise. */
GM_NODISCARD gm_status gm_stats_covariance(gm_ctx *ctx, int32_t n, int32_t d, const double *x,
                                           const double *w, double *mean, double *covariance);
/* Kish's effective size (sum w)^2 / sum w^2, in [1, n]. n >= 1, weights as above. */
double gm_stats_ess(int32_t n, const double *w);

/* Quantiles q[k] at p[k] in [0, 1]. Definition: Akinshin 2023 (arXiv:2304.07265), type 7. With
 * n_eff as above, t_i the cumulated normalised weights of the sorted values and
 * h = p (n_eff - 1) + 1, q is the mean of the weighted empirical quantile function over
 * [(h-1)/n_eff, h/n_eff]. Equal weights give the ordinary type 7 (Hyndman & Fan 1996); a value of
 * weight 0 has no influence; q is continuous in p and in the weights.
 * Fails: GM_ERANGE (n < 1, p), GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status gm_stats_quantiles(gm_ctx *ctx, int32_t n, const double *x, const double *w,
                                          int32_t quantile_count, const double *p, double *q);
/* Sorts x ascending (equal values keep their order) with w beside it; w may be NULL.
 * Fails: GM_ENOMEM, nothing moved. */
GM_NODISCARD gm_status gm_stats_sort(gm_ctx *ctx, int32_t n, double *x, double *w);

/* ---- weights in logs ---------------------------------------------------------------------- */
/* log sum exp(x); -inf for n = 0 or all -inf; +inf and NaN go through. */
double gm_stats_log_sum_exp(int32_t n, const double *x);
/* w[n] = exp(log_w) / sum (w may be log_w); *log_sum (or NULL) = log of the sum.
 * Fails: GM_ENUMERIC (all -inf, or one is NaN or +inf). */
GM_NODISCARD gm_status gm_stats_normalise_log(gm_ctx *ctx, int32_t n, const double *log_w,
                                              double *w, double *log_sum);

/* ---- Pareto-smoothed importance sampling --------------------------------------------------- */
/* Vehtari, Simpson, Gelman, Yao & Gabry, JMLR 25(72), 2024. log_ratio[n] may hold -inf (weight 0),
 * not +inf or NaN. relative_ess: that of the draws themselves, 1 for independent ones. The tail of
 * M = ceil(min(n/5, 3 sqrt(n / relative_ess))) largest is fitted by a generalised Pareto law
 * (Zhang & Stephens 2009, with the weak prior of the paper's appendix) and replaced by its expected
 * order statistics, cut at the largest raw ratio. log_w[n] (may be log_ratio): log of the
 * normalised weights. *k_hat: shape of the tail; +inf when the tail is too short to fit (M < 5 or
 * fewer than 5 of it above the cutoff), -inf when all ratios are equal; then nothing is smoothed.
 * Fails: GM_ERANGE (n < 1, relative_ess <= 0), GM_ENUMERIC (as gm_stats_normalise_log),
 * GM_ENOMEM. */
GM_NODISCARD gm_status gm_stats_psis(gm_ctx *ctx, int32_t n, const double *log_ratio,
                                     double relative_ess, double *log_w, double *k_hat);
/* k_hat above this means the weights cannot be trusted: min(1 - 1/log10(n), 0.7). */
double gm_stats_psis_limit(int32_t n);
/* Generalised Pareto fit to excesses x[n] > 0, ascending, n >= 5: shape *k (with the prior) and
 * scale *sigma. Fails: GM_ERANGE (n < 5 or x_1 <= 0), GM_ENOMEM. */
GM_NODISCARD gm_status gm_stats_pareto_fit(gm_ctx *ctx, int32_t n, const double *x, double *k,
                                           double *sigma);

/* ---- Kolmogorov-Smirnov -------------------------------------------------------------------- */
/* Two samples: *statistic = sup |F_x - F_y|, *p_value = P(at least that) when both have one
 * continuous law: exact (path counting, Hodges 1957) for n m <= 10,000 and no ties between or
 * within the samples; else Kolmogorov's limit with Stephens' (1970) correction (conservative with
 * ties). Fails: GM_ERANGE (n or m < 1), GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status gm_stats_ks_two(gm_ctx *ctx, int32_t n, const double *x, int32_t m,
                                       const double *y, double *statistic, double *p_value);
/* One sample u[n] in [0, 1] against the uniform law (PIT values, ranks of SBC); p_value by the
 * limit with Stephens' correction. Fails likewise; GM_EDOMAIN for a u outside [0, 1]. */
GM_NODISCARD gm_status gm_stats_ks_uniform(gm_ctx *ctx, int32_t n, const double *u,
                                           double *statistic, double *p_value);
#endif
