/* distribution.h - densities, distribution functions and quantiles.
 *
 * Relative accuracy is better than 1e-10 in both tails for shape parameters from 0.05 to 1e6, and
 * 1e-12 as a rule; a result below 1e-290 is good to its absolute size only. Where there is no value
 * (an argument outside its domain) the result is NaN.
 * Uses libm: for statistics, not inside model members.
 * Threads: no state. */
#ifndef GM_NUM_DISTRIBUTION_H
#define GM_NUM_DISTRIBUTION_H
#include "gemel/stats.h"

/* ---- normal --------------------------------------------------------------------------------- */
double gm_dist_normal_log_pdf(double x);
double gm_dist_normal_cdf(double x);
double gm_dist_normal_upper(double x);    /* P(X > x), accurate for large x */
double gm_dist_normal_quantile(double p); /* -inf and +inf at 0 and 1 */

/* ---- regularised incomplete functions ------------------------------------------------------ */
/* *p = P(a, x) = lower incomplete gamma / Gamma(a), *q = 1 - *p, each to full relative accuracy.
 * a > 0, x >= 0 (x may be inf). */
void gm_dist_gamma(double a, double x, double *p, double *q);
/* *p = I_x(a, b), *q = 1 - *p, given both x and y = 1 - x (each exact), a, b > 0. */
void gm_dist_beta(double a, double b, double x, double y, double *p, double *q);

/* ---- chi-square, df > 0 -------------------------------------------------------------------- */
double gm_dist_chi_square_cdf(double x, double df);
double gm_dist_chi_square_upper(double x, double df); /* P(X > x) */
double gm_dist_chi_square_quantile(double p, double df);

/* ---- beta, a, b > 0 ------------------------------------------------------------------------- */
double gm_dist_beta_cdf(double x, double a, double b);
double gm_dist_beta_quantile(double p, double a, double b);

/* ---- Student's t, df > 0 (df = inf is the normal) ------------------------------------------ */
double gm_dist_t_log_pdf(double t, double df);
double gm_dist_t_pdf(double t, double df);
double gm_dist_t_cdf(double t, double df);
/* gm_dist_t_quantile: gemel/stats.h */

/* ---- binomial ------------------------------------------------------------------------------ */
/* Clopper-Pearson (1934) interval of level 1 - alpha for k successes in n trials: equal tails
 * alpha/2, one-sided 0 and 1 at the ends. Fails: GM_ERANGE (not 0 <= k <= n, n >= 1, 0<alpha<1). */
GM_NODISCARD gm_status gm_dist_binomial_interval(gm_ctx *ctx, int32_t k, int32_t n, double alpha,
                                                 double *low, double *high);

/* ---- many dimensions ------------------------------------------------------------------------ */
/* Log density at x[d] of the normal (mean[d]; covariance L L^T) and of the t with df degrees of
 * freedom, location mean and SCALE matrix L L^T (its covariance is df/(df-2) times that).
 * l[d][d] as of gm_la_cholesky; work[d] is scratch. */
double gm_dist_mvn_log_pdf(int32_t d, const double *x, const double *mean, const double *l,
                           double *work);
double gm_dist_mvt_log_pdf(int32_t d, const double *x, const double *mean, const double *l,
                           double df, double *work);
#endif
