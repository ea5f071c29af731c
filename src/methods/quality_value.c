/* quality_value.c - range, steps of the sensor, unit slips, rates, spikes, dips. */
#include "methods/quality_internal.h"
#include "num/distribution.h"
#include <math.h>

static double outside(double v, double low, double high)
{
  return v < low ? low - v : v > high ? v - high : 0;
}

static bool clamped(const gm_quality_rules *r, double v)
{
  return v <= r->sensor_low || v >= r->sensor_high;
}

void gm__quality_range(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const gm_quality_rules *r = &q->rules;
  double v = a->d.value, hard = outside(v, r->hard_low, r->hard_high);
  double soft = outside(v, r->soft_low, r->soft_high);
  if (hard > 0)
    gm__quality_add(f, GM_QUALITY_HARD_RANGE, hard);
  else if (soft > 0)
    gm__quality_add(f, GM_QUALITY_SOFT_RANGE, soft);
  if (clamped(r, v)) gm__quality_add(f, GM_QUALITY_CLAMPED, v);
  if (r->resolution > 0) {
    double steps = v / r->resolution, off = fabs(steps - nearbyint(steps));
    if (off > 1e-6 + 1e-12 * fabs(steps)) gm__quality_add(f, GM_QUALITY_OFF_GRID, off);
  }
}

/* ---- units ----------------------------------------------------------------------------------- */
/* What the right value should be: near what is expected, or before there are data, what people
 * have. Tails of a t law with 8 degrees of freedom: the level is known less well than it looks. */
static const double slip_tails = 8;
static const double slip_again = 3;

static bool level_of(const gm_quality *q, const gm_quality_finding *f, double *level, double *scale)
{
  const gm_quality_rules *r = &q->rules;
  if (!isnan(f->expected)) {
    *level = f->expected;
    *scale = f->scale;
    return true;
  }
  if (isnan(r->typical_low)) return false;
  *level = (r->typical_low + r->typical_high) / 2;
  *scale = (r->typical_high - r->typical_low) / (2 * 1.959963984540054);
  return true;
}

/* P(ratio > 1/rate) <= rate when the value is in its own unit: Markov's inequality for the ratio of
 * two densities, whatever the second is. */
void gm__quality_slip(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const gm_quality_rules *r = &q->rules;
  double level, scale, best = q->slip_limit;
  if (!isfinite(best) || !level_of(q, f, &level, &scale)) return;
  if (q->s.slipped > 0) best = fmin(best, slip_again); /* a source that slipped goes on */
  double own = gm_dist_t_log_pdf((a->d.value - level) / scale, slip_tails);
  for (int32_t i = 0; i < r->unit_count; i++) {
    double v = r->unit[i].factor * a->d.value + r->unit[i].offset, z = (v - level) / scale;
    double ratio = gm_dist_t_log_pdf(z, slip_tails) + log(fabs(r->unit[i].factor)) - own;
    if (fabs(z) > 6 || !(ratio > best) || outside(v, r->hard_low, r->hard_high) > 0) continue;
    best = ratio;
    f->slip_unit = i;
    f->corrected = v;
  }
  if (f->slip_unit >= 0) gm__quality_add(f, GM_QUALITY_UNIT_SLIP, best);
}

/* ---- changes --------------------------------------------------------------------------------- */
static void find_rate(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const gm_quality_rules *r = &q->rules;
  const point *p = gm__quality_trusted(&q->s, 0);
  double dt = a->t - p->t, change = a->d.value - p->value;
  double noise = hypot(gm__quality_noise(r, a->d.value), gm__quality_noise(r, p->value));
  double allowed = q->rate_z * noise;
  if (!isfinite(q->rate_z) || !(dt > 0)) return;
  if (change > r->rise_per_h * dt + allowed) gm__quality_add(f, GM_QUALITY_RISE, change / dt);
  if (-change > r->fall_per_h * dt + allowed) gm__quality_add(f, GM_QUALITY_FALL, change / dt);
}

void gm__quality_change(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const series *s = &q->s;
  if (gm__quality_has(f, GM_QUALITY_UNIT_SLIP) || gm__quality_has(f, GM_QUALITY_HARD_RANGE) ||
      s->trusted_count == 0)
    return;
  find_rate(q, a, f);
  if (isnan(f->expected)) return;
  double z = (a->d.value - f->expected) / f->scale;
  int64_t known = s->error_count < ERRORS ? s->error_count : ERRORS;
  if (fabs(z) > q->spike_limit[known]) gm__quality_add(f, GM_QUALITY_SPIKE, z);
}

/* ---- dips ------------------------------------------------------------------------------------ */
static void begin_dip(gm_quality *q, const arrival *a)
{
  series *s = &q->s;
  double within = q->rules.dip_fall / q->rules.dip_fall_per_h, top = a->d.value;
  for (int64_t i = 0; i < s->past_count && i < PAST; i++) {
    const point *p = gm__quality_past(s, i);
    if (p->t < a->t - within - q->rules.tie_h) break;
    top = fmax(top, p->value);
  }
  if (top - a->d.value < q->rules.dip_fall) return;
  s->dip_start = a->t;
  s->dip_top = top;
  s->dip_low = a->d.value;
}

void gm__quality_dip(gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  const gm_quality_rules *r = &q->rules;
  if (!(r->dip_fall > 0)) return;
  if (!isnan(s->dip_start)) {
    s->dip_low = fmin(s->dip_low, a->d.value);
    bool back = a->d.value >= s->dip_low + r->dip_back * (s->dip_top - s->dip_low);
    if (a->t - s->dip_start > r->dip_h) {
      s->dip_start = NAN; /* it stays down: no dip */
      return;
    }
    if (back) {
      s->dip_start = NAN;
      return;
    }
  } else {
    begin_dip(q, a);
  }
  if (!isnan(s->dip_start)) gm__quality_add(f, GM_QUALITY_DIP, s->dip_top - a->d.value);
}
