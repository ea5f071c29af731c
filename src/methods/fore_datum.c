/* fore_datum.c - the law of one subject's next measurement: predictions and their error model. */
#include "gemel/math.h"
#include "methods/fore_law.h"
#include <assert.h>
#include <math.h>

static double predicted_cdf(const void *user, int32_t m, double y, double *below)
{
  const gm_predicted *p = user;
  const gm_datum *e = &p->error;
  double f = p->f[m * p->stride], sd = gm_datum_sd(e, f), x = y;
  *below = NAN;
  if (e->count) return isfinite(f) ? gm_datum_cdf(e, f, y, below) : NAN;
  if (!isfinite(f) || !isfinite(sd) || !(e->additive >= 0 && e->proportional >= 0)) return NAN;
  if (e->log_scale) { /* f, and so the law of its measurement, is positive */
    if (!(f > 0)) return NAN;
    if (!(y > 0)) return *below = 0;
    x = gm_ln(y);
    f = gm_ln(f);
  }
  if (!(sd > 0)) { /* a proportional error of a prediction of 0 */
    *below = x > f;
    return x >= f;
  }
  return *below = gm_norm_cdf((x - f) / sd);
}

static double predicted_logpdf(const void *user, int32_t m, double y)
{
  const gm_predicted *p = user;
  gm_datum d = p->error;
  if (d.log_scale && !(y > 0)) return -INFINITY;
  d.value = y;
  d.censored = 0;
  return gm_datum_loglik(&d, p->f[m * p->stride]);
}

gm_law gm_law_predicted(const gm_predicted *p, const double *weight)
{
  assert(p);
  gm_law law = {.n = p->n, .weight = weight, .x = p->f, .stride = p->stride, .user = p};
  law.count = p->error.count != GM_COUNT_NONE;
  if (gm_datum_sd(&p->error, 1) == 0) return law;
  law.cdf = predicted_cdf;
  law.logpdf = predicted_logpdf;
  if (p->stride < 1) law.n = 0; /* refused by all that use the law */
  return law;
}
