/* petab_prior.c - the densities of PEtab's priors: on the linear value, or on the parameter's
 * scale (parameterScale...). Each is a density of the quantity it is stated for; no Jacobian of the
 * scale is added (PEtab 1, "Parameter table"). */
#include "gemel/math.h"
#include "interop/petab.h"
#include <math.h>

#define LN_SQRT_2PI 0.91893853320467274178 /* ln(2 pi)/2 */

static double normal_log(double x, double mean, double sd)
{
  double r = (x - mean) / sd;
  return -LN_SQRT_2PI - gm_ln(sd) - 0.5 * r * r;
}

static double laplace_log(double x, double at, double width)
{
  return -gm_ln(2 * width) - fabs(x - at) / width;
}

static double uniform_log(double x, double low, double high)
{
  return x >= low && x <= high ? -gm_ln(high - low) : -INFINITY;
}

double pt_prior_log(const pt_prior *p, gm_petab_scale s, double scaled)
{
  double v = gm_petab_from_scale(s, scaled);
  switch ((pt_prior_kind)p->kind) {
  case PT_PRIOR_NONE: return 0;
  case PT_UNIFORM: return uniform_log(v, p->a, p->b);
  case PT_NORMAL: return normal_log(v, p->a, p->b);
  case PT_LAPLACE: return laplace_log(v, p->a, p->b);
  case PT_LOG_NORMAL: return v > 0 ? normal_log(gm_ln(v), p->a, p->b) - gm_ln(v) : -INFINITY;
  case PT_LOG_LAPLACE: return v > 0 ? laplace_log(gm_ln(v), p->a, p->b) - gm_ln(v) : -INFINITY;
  case PT_SCALE_UNIFORM: return uniform_log(scaled, p->a, p->b);
  case PT_SCALE_NORMAL: return normal_log(scaled, p->a, p->b);
  case PT_SCALE_LAPLACE: return laplace_log(scaled, p->a, p->b);
  }
  return NAN;
}

/* ---- draws ---------------------------------------------------------------------------------- */
static double normal_quantile(double q, double mean, double sd)
{
  return mean + sd * gm_norm_quantile(q);
}

static double laplace_quantile(double q, double at, double width)
{
  return q < 0.5 ? at + width * gm_ln(2 * q) : at - width * gm_ln(2 * (1 - q));
}

double pt_prior_quantile(const pt_prior *p, gm_petab_scale s, double q)
{
  double a = p->a, b = p->b;
  switch ((pt_prior_kind)p->kind) {
  case PT_PRIOR_NONE: return NAN;
  case PT_UNIFORM: return gm_petab_to_scale(s, a + q * (b - a));
  case PT_NORMAL: return gm_petab_to_scale(s, normal_quantile(q, a, b));
  case PT_LAPLACE: return gm_petab_to_scale(s, laplace_quantile(q, a, b));
  case PT_LOG_NORMAL: return gm_petab_to_scale(s, gm_exp(normal_quantile(q, a, b)));
  case PT_LOG_LAPLACE: return gm_petab_to_scale(s, gm_exp(laplace_quantile(q, a, b)));
  case PT_SCALE_UNIFORM: return a + q * (b - a);
  case PT_SCALE_NORMAL: return normal_quantile(q, a, b);
  case PT_SCALE_LAPLACE: return laplace_quantile(q, a, b);
  }
  return NAN;
}
