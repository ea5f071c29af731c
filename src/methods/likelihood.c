/* likelihood.c - how probable a measured value is when the model predicts f. */
#include "gemel/math.h"
#include "methods/infer_posterior.h"
#include <assert.h>
#include <math.h>

double gm_datum_sd(const gm_datum *d, double f)
{
  assert(d);
  if (d->log_scale) return d->additive;
  double part = d->proportional * fabs(f);
  return d->sum ? d->additive + part : sqrt(d->additive * d->additive + part * part);
}

/* Residual on the scale of the error model. On the log scale a prediction that is not positive lies
 * infinitely far below every value. */
static double residual(const gm_datum *d, double f)
{
  if (!d->log_scale) return d->value - f;
  return f > 0 ? gm_ln(d->value) - gm_ln(f) : INFINITY;
}

/* ln Phi(x/sd); sd may be 0 (proportional error of a prediction of 0): then the value is sure. */
static double log_share(double x, double sd)
{
  if (sd > 0) return gm_norm_logcdf(x / sd);
  return x > 0 ? 0 : -INFINITY;
}

double gm_datum_loglik(const gm_datum *d, double f)
{
  assert(d);
  if (!isfinite(f)) return -INFINITY;
  double sd = gm_datum_sd(d, f), r = residual(d, f), ll;
  if (d->censored) {
    ll = log_share(d->censored > 0 ? r : -r, sd);
  } else {
    double x = r / sd;
    ll = -0.5 * x * x - gm_ln(sd) - 0.5 * GM__LN_2PI - (d->log_scale ? gm_ln(d->value) : 0);
  }
  /* sd = 0 or overflow: a density that is no number carries no weight */
  return isnan(ll) || ll == INFINITY ? -INFINITY : ll;
}

double gm__data_constant(int32_t n, const gm_datum *d)
{
  double sum = 0;
  for (int32_t j = 0; j < n; j++)
    if (!d[j].censored) sum -= 0.5 * GM__LN_2PI + (d[j].log_scale ? gm_ln(d[j].value) : 0);
  return sum;
}

/* h = phi/Phi, the slope of ln Phi at x. */
static double censored_slope(double x)
{
  return gm_exp(-0.5 * x * x - 0.5 * GM__LN_2PI - gm_norm_logcdf(x));
}

/* -d2 ln Phi / dx2 = h (h + x): falls from 1 to 0. Far left it is 1 - 1/x2, where the sum h + x
 * would be rounding alone. */
static double censored_curvature(double x)
{
  if (x < -50) return 1;
  double h = censored_slope(x);
  return fmin(1, fmax(0, h * (h + x)));
}

/* What both derivatives are made of: x = the standardised residual (of a censored value so that its
 * probability is Phi(x)), by = dx/df, grow = d ln sd/df. False where it is impossible. */
static bool parts(const gm_datum *d, double f, double *x, double *by, double *grow)
{
  double sd = gm_datum_sd(d, f), r = residual(d, f);
  if (!isfinite(f) || !(sd > 0) || !isfinite(r)) return false;
  double sign = d->censored < 0 ? -1 : 1;
  *grow = 0;
  if (!d->log_scale)
    *grow = d->sum ? d->proportional * (f < 0 ? -1 : f > 0) / sd
                   : d->proportional * d->proportional * f / (sd * sd);
  *x = sign * r / sd;
  *by = -sign * (d->log_scale ? 1 / f : 1) / sd - *x * *grow;
  return true;
}

double gm__datum_slope(const gm_datum *d, double f)
{
  double x, by, grow;
  if (!parts(d, f, &x, &by, &grow)) return 0;
  double slope = d->censored ? censored_slope(x) * by : -x * by - grow;
  return isfinite(slope) ? slope : 0;
}

double gm__datum_information(const gm_datum *d, double f)
{
  double x, by, grow, info;
  if (!parts(d, f, &x, &by, &grow)) return 0;
  if (d->censored) {
    info = censored_curvature(x) * by * by;
  } else {
    double plain = by + x * grow; /* dx/df with sd held: the mean of the square of the rest */
    info = plain * plain + 2 * grow * grow;
  }
  return isfinite(info) ? info : 0;
}
