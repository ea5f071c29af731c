/* likelihood.c - how probable a measured value is when the model predicts f. */
#include "gemel/math.h"
#include "gemel/system.h"
#include "methods/infer_posterior.h"
#include <assert.h>
#include <math.h>

/* ---- counts ---------------------------------------------------------------------------------- */
static gm_sensor sensor_of(const gm_datum *d)
{
  static const gm_sense_law law[] = {[GM_COUNT_POISSON] = GM_SENSE_POISSON,
                                     [GM_COUNT_BINOMIAL] = GM_SENSE_BINOMIAL,
                                     [GM_COUNT_NEGATIVE_BINOMIAL] = GM_SENSE_NEGATIVE_BINOMIAL};
  return (gm_sensor){
      .law = law[d->count], .p0 = d->share, .p1 = d->size, .parameter0 = -1, .parameter1 = -1};
}

/* d ln p / df of a count, and the information on f; of the binomial, whose f is a whole number,
 * neither. */
static double count_slope(const gm_datum *d, double f)
{
  double m = d->share * f, more = d->count == GM_COUNT_POISSON ? 0 : m / d->size;
  return m > 0 ? d->share * (d->value - m) / (m * (1 + more)) : 0;
}

static double count_information(const gm_datum *d, double f)
{
  double m = d->share * f, more = d->count == GM_COUNT_POISSON ? 0 : m / d->size;
  return m > 0 ? d->share * d->share / (m * (1 + more)) : 0;
}

/* ---- values ---------------------------------------------------------------------------------- */
double gm_datum_sd(const gm_datum *d, double f)
{
  assert(d);
  if (d->count) {
    double mean, sd;
    gm_datum_moments(d, f, &mean, &sd);
    return sd;
  }
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

void gm_datum_moments(const gm_datum *d, double f, double *mean, double *sd)
{
  double variance;
  if (d->count) {
    gm_sensor s = sensor_of(d);
    gm_sense_moments(&s, &f, NULL, 0, mean, &variance);
    *sd = sqrt(variance);
    return;
  }
  double e = gm_datum_sd(d, f), e2 = e * e;
  *mean = d->log_scale ? f * gm_exp(0.5 * e2) : f;
  *sd = d->log_scale ? fabs(*mean) * sqrt(gm_expm1(e2)) : e;
}

double gm_datum_cdf(const gm_datum *d, double f, double value, double *below)
{
  if (d->count) {
    gm_sensor s = sensor_of(d);
    return gm_sense_cdf(&s, &f, NULL, 0, value, below);
  }
  gm_datum at = *d;
  at.value = value;
  double sd = gm_datum_sd(d, f), r = residual(&at, f);
  if (sd > 0) return *below = gm_norm_cdf(r / sd);
  *below = r > 0;
  return r >= 0;
}

double gm_datum_draw(const gm_datum *d, double f, double chance, gm_key key, uint64_t slot,
                     uint64_t index)
{
  if (d->count) {
    gm_sensor s = sensor_of(d);
    return gm_sense_draw(&s, &f, NULL, 0, key, slot, index);
  }
  double e = gm_norm_quantile(chance) * gm_datum_sd(d, f);
  return d->log_scale ? f * gm_exp(e) : f + e;
}

double gm_datum_loglik(const gm_datum *d, double f)
{
  assert(d);
  if (!isfinite(f)) return -INFINITY;
  if (d->count) {
    gm_sensor s = sensor_of(d);
    return gm_sense_logpdf(&s, &f, NULL, 0, d->value, d->censored);
  }
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
    if (!d[j].censored && !d[j].count)
      sum -= 0.5 * GM__LN_2PI + (d[j].log_scale ? gm_ln(d[j].value) : 0);
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
  if (d->count) return count_slope(d, f);
  if (!parts(d, f, &x, &by, &grow)) return 0;
  double slope = d->censored ? censored_slope(x) * by : -x * by - grow;
  return isfinite(slope) ? slope : 0;
}

double gm__datum_information(const gm_datum *d, double f)
{
  double x, by, grow, info;
  if (d->count) return count_information(d, f);
  if (!parts(d, f, &x, &by, &grow)) return 0;
  if (d->censored) {
    info = censored_curvature(x) * by * by;
  } else {
    double plain = by + x * grow; /* dx/df with sd held: the mean of the square of the rest */
    info = plain * plain + 2 * grow * grow;
  }
  return isfinite(info) ? info : 0;
}
