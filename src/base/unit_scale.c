/* unit_scale.c - special units: temperatures, levels, acidity and other points on a scale.
 * Temperatures are affine and done to twice the digits; the rest goes through libm. */
#include "base/unit_internal.h"

/* Zero of the scale over the reference of its row, exact: times 100 it is an integer. */
static gm__dd offset_of(uint8_t scale)
{
  double hundredfold = scale == GM__SCALE_CELSIUS      ? 27315
                       : scale == GM__SCALE_FAHRENHEIT ? 45967
                                                       : 21852;
  return gm__dd_div(gm__dd_of(hundredfold), gm__dd_of(100));
}

static bool is_temperature(uint8_t scale)
{
  return scale == GM__SCALE_CELSIUS || scale == GM__SCALE_FAHRENHEIT || scale == GM__SCALE_REAUMUR;
}

/* -273.15 is not a double: the nearest one to absolute zero must still pass */
static const double below_zero = -1e-12;

static gm_status fail_cold(gm_ctx *ctx)
{
  return gm_fail(ctx, GM_EDOMAIN, "a temperature below absolute zero");
}

static gm_status fail_log(gm_ctx *ctx, double r)
{
  return gm_fail(ctx, GM_EDOMAIN,
                 "the logarithm of %g (a level, pH or potency needs a value above 0)", r);
}

static double exp_scale(gm__scale scale, double x)
{
  static const double ln_50k = 10.819778284410283; /* ln 50,000 = 4 ln 10 + ln 5 */
  switch (scale) {
  case GM__SCALE_LN: return exp(x);
  case GM__SCALE_LG: return pow(10, x);
  case GM__SCALE_2LG: return pow(10, x / 2);
  case GM__SCALE_LD: return exp2(x);
  case GM__SCALE_MINUS_LG: return pow(10, -x);
  case GM__SCALE_MINUS_LG2: return pow(100, -x);
  case GM__SCALE_MINUS_LG3: return pow(1000, -x);
  default: return exp(-x * ln_50k);
  }
}

gm_status gm__scale_to_ratio(gm_ctx *ctx, uint8_t scale, gm__dd x, gm__dd *r)
{
  double v = 0;
  if (scale == GM__SCALE_NONE) {
    *r = x;
    return GM_OK;
  }
  if (is_temperature(scale)) {
    x = gm__dd_add(x, offset_of(scale));
    if (x.hi < below_zero) return fail_cold(ctx);
    *r = x;
    return GM_OK;
  }
  if (scale == GM__SCALE_100TAN) {
    v = atan(x.hi / 100);
  } else if (scale == GM__SCALE_SQRT) {
    if (x.hi < 0) return gm_fail(ctx, GM_EDOMAIN, "a root amplitude of %g is below 0", x.hi);
    v = x.hi * x.hi;
  } else {
    v = exp_scale((gm__scale)scale, x.hi);
    if (v == 0) v = INFINITY; /* too small to be told from nothing */
  }
  if (!isfinite(v))
    return gm_fail(ctx, GM_ERANGE, "%g on this scale is beyond the range of doubles", x.hi);
  *r = gm__dd_of(v);
  return GM_OK;
}

static double log_scale(gm__scale scale, double v)
{
  switch (scale) {
  case GM__SCALE_LN: return log(v);
  case GM__SCALE_LG: return log10(v);
  case GM__SCALE_2LG: return 2 * log10(v);
  case GM__SCALE_LD: return log2(v);
  case GM__SCALE_MINUS_LG: return -log10(v);
  case GM__SCALE_MINUS_LG2: return -log10(v) / 2;
  case GM__SCALE_MINUS_LG3: return -log10(v) / 3;
  default: return -log(v) / log(50000.0);
  }
}

gm_status gm__scale_from_ratio(gm_ctx *ctx, uint8_t scale, gm__dd r, gm__dd *x)
{
  const double right_angle = 1.5707963267948966;
  if (scale == GM__SCALE_NONE) {
    *x = r;
    return GM_OK;
  }
  if (!isfinite(r.hi))
    return gm_fail(ctx, GM_ERANGE, "the converted value is beyond the range of doubles");
  if (is_temperature(scale)) {
    if (r.hi < below_zero) return fail_cold(ctx);
    *x = gm__dd_add(r, gm__dd_negate(offset_of(scale)));
    return GM_OK;
  }
  if (scale == GM__SCALE_100TAN) {
    if (fabs(r.hi) >= right_angle)
      return gm_fail(ctx, GM_EDOMAIN, "a slope of %g rad is not below a right angle", r.hi);
    *x = gm__dd_of(100 * tan(r.hi));
    return GM_OK;
  }
  if (scale == GM__SCALE_SQRT) {
    if (r.hi < 0) return gm_fail(ctx, GM_EDOMAIN, "the root of %g", r.hi);
    *x = gm__dd_of(sqrt(r.hi));
    return GM_OK;
  }
  if (r.hi <= 0) return fail_log(ctx, r.hi);
  *x = gm__dd_of(log_scale((gm__scale)scale, r.hi));
  return GM_OK;
}
