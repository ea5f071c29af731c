/* ir_quantile.h - the distribution functions behind the quantiles of ir.h. Pure functions, the same
 * bytes on every processor; NaN where the distribution does not exist. */
#ifndef GEMEL_EQUATIONS_IR_QUANTILE_H
#define GEMEL_EQUATIONS_IR_QUANTILE_H

/* P(X <= x); *above_out (NULL ok): P(X > x), without the loss of 1 - P. Relative errors are below
 * 1e-12 while shape, mean and trials are below 1e10. */
double ir_cdf_gamma(double x, double shape, double *above_out); /* scale 1 */
double ir_cdf_poisson(double k, double mean, double *above_out);
double ir_cdf_binomial(double k, double trials, double probability, double *above_out);
#endif
