/* fore_rank.c - histograms of ranks and PIT values, and whether they are flat. */
#include "methods/fore_law.h"
#include "num/distribution.h"
#include <assert.h>
#include <math.h>

const char *gm_shape_text(gm_shape s)
{
  static const char *const text[] = {
      "too few forecasts to say", "as it should be",    "forecasts too high", "forecasts too low",
      "forecasts too narrow",     "forecasts too wide", "not as it should be"};
  return (unsigned)s < sizeof text / sizeof text[0] ? text[s] : "unknown";
}

int32_t gm_pit_bin(double pit, int32_t bins)
{
  assert(bins >= 1);
  if (!(pit > 0)) return 0;
  return pit >= 1 ? bins - 1 : (int32_t)fmin(bins - 1, floor(pit * bins));
}

int32_t gm_rank(int32_t n, const double *x, double y, gm_key key, uint64_t index)
{
  assert(x || n < 1);
  int32_t below = 0, equal = 0;
  for (int32_t m = 0; m < n; m++) {
    below += x[m] < y;
    equal += x[m] == y;
  }
  key.v[1] = GM_PURPOSE_BOOTSTRAP;
  double v = gm_uniform(key, 0, 0, gm_kind_draw(GM__KIND_RANK, 0), index);
  return below + (int32_t)floor(v * (equal + 1));
}

/* Orthonormal in the bins: a line, and a parabola free of constant and line. Departures
 * (count - e)/sqrt(e) projected on them are standard normal when flat. */
static void along(int32_t bins, const int64_t *count, double e, double *slope, double *bend)
{
  double line = 0, curve = 0, line2 = 0, curve2 = 0;
  double c = 0.5 * (bins - 1.0), mean2 = ((double)bins * bins - 1) / 12; /* of (i - c)^2 */
  for (int32_t i = 0; i < bins; i++) {
    double u = i - c, v = u * u - mean2, off = ((double)count[i] - e) / sqrt(e);
    line += u * off;
    curve += v * off;
    line2 += u * u;
    curve2 += v * v;
  }
  *slope = line / sqrt(line2);
  *bend = curve / sqrt(curve2);
}

static gm_shape shape_of(const gm_flatness *f, double e, double alpha)
{
  double beyond = gm_dist_normal_quantile(1 - 0.5 * alpha);
  if (e < 5) return GM_SHAPE_UNKNOWN;
  if (!(f->p_value < alpha)) return GM_SHAPE_FLAT;
  if (fmax(fabs(f->slope), fabs(f->bend)) <= beyond) return GM_SHAPE_OTHER;
  if (fabs(f->slope) >= fabs(f->bend)) return f->slope < 0 ? GM_SHAPE_HIGH : GM_SHAPE_LOW;
  return f->bend > 0 ? GM_SHAPE_NARROW : GM_SHAPE_WIDE;
}

gm_status gm_histogram_flatness(gm_ctx *ctx, int32_t bins, const int64_t *count, double alpha,
                                gm_flatness *out)
{
  assert(count && out);
  gm_flatness f = {.chi_square = NAN, .p_value = NAN, .slope = NAN, .bend = NAN};
  if (bins < 3 || !(alpha > 0 && alpha < 1))
    return gm_fail(ctx, GM_ERANGE, "histogram of %d bins at level %g", (int)bins, alpha);
  for (int32_t i = 0; i < bins; i++) {
    if (count[i] < 0)
      return gm_fail(ctx, GM_ERANGE, "bin %d holds %lld", (int)i, (long long)count[i]);
    f.n += count[i];
  }
  if (f.n > 0) {
    double e = (double)f.n / bins, sum = 0;
    for (int32_t i = 0; i < bins; i++) sum += ((double)count[i] - e) * ((double)count[i] - e) / e;
    f.chi_square = sum;
    f.p_value = gm_dist_chi_square_upper(sum, bins - 1);
    along(bins, count, e, &f.slope, &f.bend);
    f.shape = shape_of(&f, e, alpha);
  }
  *out = f;
  return GM_OK;
}
