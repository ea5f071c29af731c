/* fore_sense.c - the law of what a sensor will show, from the members' outputs. */
#include "methods/fore_law.h"
#include <math.h>

static double sensed_cdf(const void *user, int32_t m, double y, double *below)
{
  const gm_sensed *d = user;
  const double *theta = d->theta ? d->theta + m : NULL;
  if (isinf(y)) return *below = y > 0;
  return gm_sense_cdf(d->sensor, d->y + m * d->stride, theta, d->n, y, below);
}

static double sensed_logpdf(const void *user, int32_t m, double y)
{
  const gm_sensed *d = user;
  const double *theta = d->theta ? d->theta + m : NULL;
  return gm_sense_logpdf(d->sensor, d->y + m * d->stride, theta, d->n, y, 0);
}

gm_law gm_law_sensed(const gm_sensed *d, const double *weight)
{
  return (gm_law){.n = d->n,
                  .weight = weight,
                  .cdf = sensed_cdf,
                  .logpdf = sensed_logpdf,
                  .user = d,
                  .count = gm_sense_is_count(d->sensor)};
}
