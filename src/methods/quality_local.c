/* quality_local.c - what the next datum should be, from the trusted ones before it.
 * Four simple forecasters run side by side, from one for smooth curves to one for pure noise; the
 * one with the smallest median absolute error of late is believed. */
#include "methods/quality_internal.h"
#include <math.h>
#include <string.h>

enum {
  ERRORS_LEAST = 12, /* before that there is no scale */
  SHORT = 5,
  LINE = 4
};

static const double mad_to_sd = 1.482602218505602;   /* 1 / Phi^-1(3/4) */
static const double mean_to_sd = 1.2533141373155001; /* sqrt(pi / 2) */
static const double long_memory = 1.0 / 200;         /* weight of the newest error */

const point *gm__quality_past(const series *s, int64_t back)
{
  return &s->past[(s->past_count - 1 - back) % PAST];
}

const point *gm__quality_trusted(const series *s, int64_t back)
{
  return &s->trusted[(s->trusted_count - 1 - back) % TRUSTED];
}

double gm__quality_median(int32_t n, double *x)
{
  for (int32_t i = 1; i < n; i++) {
    double v = x[i];
    int32_t j = i;
    for (; j > 0 && x[j - 1] > v; j--) x[j] = x[j - 1];
    x[j] = v;
  }
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

double gm__quality_noise(const gm_quality_rules *r, double value)
{
  double relative = r->noise_cv * value;
  return sqrt(r->noise_sd * r->noise_sd + relative * relative + r->resolution * r->resolution / 12);
}

double gm__quality_usual(const gm_quality *q)
{
  const series *s = &q->s;
  if (q->rules.usual_h > 0) return q->rules.usual_h;
  int32_t n = (int32_t)(s->interval_count < ERRORS ? s->interval_count : ERRORS);
  if (n < 3) return NAN;
  double x[ERRORS];
  memcpy(x, s->interval, (size_t)n * sizeof *x);
  return gm__quality_median(n, x);
}

double gm__quality_step(const gm_quality *q)
{
  return q->rules.resolution > 0 ? q->rules.resolution : q->s.least_change;
}

static int32_t least_of(int64_t a, int32_t b) { return a < b ? (int32_t)a : b; }

static double median_of_last(const series *s, int32_t n)
{
  double x[TRUSTED];
  n = least_of(s->trusted_count, n);
  for (int32_t i = 0; i < n; i++) x[i] = gm__quality_trusted(s, i)->value;
  return gm__quality_median(n, x);
}

/* Least-squares line through the last LINE values, continued to t. */
static double line_at(const series *s, double t)
{
  int32_t n = least_of(s->trusted_count, LINE);
  double mt = 0, mv = 0, tt = 0, tv = 0;
  for (int32_t i = 0; i < n; i++) {
    mt += gm__quality_trusted(s, i)->t / n;
    mv += gm__quality_trusted(s, i)->value / n;
  }
  for (int32_t i = 0; i < n; i++) {
    const point *p = gm__quality_trusted(s, i);
    tt += (p->t - mt) * (p->t - mt);
    tv += (p->t - mt) * (p->value - mv);
  }
  return tt > 0 ? mv + tv / tt * (t - mt) : mv;
}

static void forecast(const series *s, double t, double out[FORECASTERS])
{
  const point *a = gm__quality_trusted(s, 0);
  out[0] = a->value;
  out[1] = median_of_last(s, SHORT);
  out[2] = line_at(s, t);
  out[3] = a->value;
  if (s->trusted_count > 1) {
    const point *b = gm__quality_trusted(s, 1);
    double share = a->t > b->t ? fmin((t - a->t) / (a->t - b->t), 2) : 0;
    out[3] += 0.7 * share * (a->value - b->value); /* changes persist, but not in full */
  }
}

/* Median absolute error of each; the best one, and its scale. */
static int32_t best_of(const series *s, double *scale)
{
  int32_t n = least_of(s->error_count, ERRORS), best = 0;
  *scale = INFINITY;
  for (int32_t k = 0; k < FORECASTERS; k++) {
    double x[ERRORS];
    for (int32_t i = 0; i < n; i++) x[i] = fabs(s->error[k][i]);
    double m = mad_to_sd * gm__quality_median(n, x);
    if (m < *scale) {
      *scale = m;
      best = k;
    }
  }
  *scale = fmax(*scale, mean_to_sd * s->long_error);
  return best;
}

/* Usual intervals since the newest trusted value, at least 1. */
static double steps_ahead(const gm_quality *q, const arrival *a)
{
  double h = fabs(a->t - gm__quality_trusted(&q->s, 0)->t) / a->usual;
  return h > 1 ? h : 1;
}

/* Nothing near in time: the level of late and its spread. */
static void expect_level(const gm_quality *q, const arrival *a, double scale, double h,
                         gm_quality_finding *f)
{
  const series *s = &q->s;
  int32_t n = least_of(s->trusted_count, TRUSTED);
  double x[TRUSTED];
  f->expected = median_of_last(s, TRUSTED);
  for (int32_t i = 0; i < n; i++) x[i] = fabs(gm__quality_trusted(s, i)->value - f->expected);
  double spread = mad_to_sd * gm__quality_median(n, x);
  f->scale = fmax(scale * fmin(sqrt(h), 4), fmax(spread, gm__quality_noise(&q->rules, a->d.value)));
}

bool gm__quality_expect(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const series *s = &q->s;
  if (s->error_count < ERRORS_LEAST || s->trusted_count < 3 || isnan(a->usual)) return false;
  double scale, all[FORECASTERS];
  int32_t best = best_of(s, &scale);
  double h = steps_ahead(q, a);
  if (a->late || a->untimed || h > q->rules.gap_factor) {
    expect_level(q, a, scale, h, f);
  } else {
    forecast(s, a->t, all);
    f->expected = all[best];
    f->scale = scale * h;
  }
  f->scale = fmax(f->scale, gm__quality_noise(&q->rules, f->expected));
  f->scale = fmax(f->scale, gm__quality_step(q) / sqrt(12));
  if (f->scale > 0) return true;
  f->expected = f->scale = NAN; /* nothing but one value so far */
  return false;
}

/* Errors enter cut at the limit of a spike: they may tell of rougher times, one alone may not. */
static void learn_errors(gm_quality *q, const arrival *a)
{
  series *s = &q->s;
  if (isnan(a->usual) || steps_ahead(q, a) > q->rules.gap_factor) return;
  double all[FORECASTERS], scale = INFINITY, h = steps_ahead(q, a);
  bool scaled = s->error_count >= ERRORS_LEAST;
  int32_t best = scaled ? best_of(s, &scale) : 0;
  scale = fmax(scale, fmax(gm__quality_noise(&q->rules, a->d.value), gm__quality_step(q)));
  forecast(s, a->t, all);
  int64_t at = s->error_count++ % ERRORS;
  for (int32_t k = 0; k < FORECASTERS; k++)
    s->error[k][at] = fmin(fmax((a->d.value - all[k]) / h, -6 * scale), 6 * scale);
  if (!scaled) return;
  double e = fmin(fabs(s->error[best][at]), 3 * scale);
  s->long_count++;
  s->long_error += (e - s->long_error) * fmax(long_memory, 1.0 / (double)s->long_count);
}

void gm__quality_learn(gm_quality *q, const arrival *a, const gm_quality_finding *f, bool believed)
{
  series *s = &q->s;
  if (gm__quality_has(f, GM_QUALITY_UNIT_SLIP) || gm__quality_has(f, GM_QUALITY_HARD_RANGE)) return;
  if (s->trusted_count > 0 && !gm__quality_has(f, GM_QUALITY_STEP)) learn_errors(q, a);
  if (!believed) return;
  if (s->trusted_count > 0) {
    const point *p = gm__quality_trusted(s, 0);
    double change = fabs(a->d.value - p->value);
    if (change > 0 && !(s->least_change > 0 && s->least_change <= change)) s->least_change = change;
  }
  s->trusted[s->trusted_count++ % TRUSTED] = (point){a->t, a->d.value};
}

/* Neighbours among the waiting agree: no larger changes than a spike's limit. */
static bool agree(const gm_quality *q, const gm_quality_finding *f)
{
  const series *s = &q->s;
  double scale = f->scale > 0 ? f->scale : gm__quality_noise(&q->rules, f->corrected);
  for (int64_t i = 1; i < s->pending_count; i++) {
    const point *a = &s->pending[i - 1], *b = &s->pending[i];
    double change = b->value - a->value, dt = b->t - a->t;
    bool slow = change <= q->rules.rise_per_h * dt && -change <= q->rules.fall_per_h * dt;
    bool small = !isfinite(q->spike_limit[ERRORS]) || !(scale > 0) ||
                 fabs(change) <= q->spike_limit[ERRORS] * scale;
    if (!slow || !small) return false;
  }
  return true;
}

bool gm__quality_relock(gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  int64_t need = q->rules.relock;
  if (gm__quality_has(f, GM_QUALITY_UNIT_SLIP) || gm__quality_has(f, GM_QUALITY_HARD_RANGE) ||
      gm__quality_has(f, GM_QUALITY_CONFLICT))
    return false;
  if (s->pending_count == need) {
    memmove(s->pending, s->pending + 1, (size_t)(need - 1) * sizeof *s->pending);
    s->pending_count--;
  }
  s->pending[s->pending_count++] = (point){a->t, a->d.value};
  if (s->pending_count < need || !agree(q, f)) return false;
  double before = s->trusted_count > 0 ? median_of_last(s, SHORT) : a->d.value;
  s->trusted_count = 0;
  for (int64_t i = 0; i + 1 < need; i++) s->trusted[s->trusted_count++] = s->pending[i];
  s->pending_count = 0;
  gm__quality_drop(f, GM_QUALITY_SPIKE);
  gm__quality_drop(f, GM_QUALITY_RISE);
  gm__quality_drop(f, GM_QUALITY_FALL);
  gm__quality_add(f, GM_QUALITY_STEP, a->d.value - before);
  return true;
}
