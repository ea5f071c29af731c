/* quality_run.c - patterns of many data: flat lines, sawteeth, stretches that come twice. */
#include "methods/quality_internal.h"
#include "gemel/math.h"
#include "num/distribution.h"
#include <math.h>

/* ---- flat ------------------------------------------------------------------------------------ */
/* Chance that the next value equals this one: of noise alone on a level in the middle of a step
 * (the worst case), and as the series itself showed, by how long it was flat before; the larger. */
static double tie_chance(const gm_quality *q, double value, int32_t after)
{
  const gm_quality_rules *r = &q->rules;
  const series *s = &q->s;
  while (after > 0 && s->tie_pairs[after] < 30) after--; /* too rare to have shown anything */
  double noise = hypot(r->noise_sd, r->noise_cv * value), theory = 0;
  double n = s->tie_pairs[after], p = (s->tie_ties[after] + 0.5) / (n + 1);
  double shown = n > 0 ? fmin(p + 2 * sqrt(p * (1 - p) / (n + 1)), 0.999) : 0;
  if (noise > 0) theory = 1 - 2 * gm_norm_cdf(-r->resolution / (2 * noise));
  if (!(noise > 0) && s->tie_pairs[0] < 50) return 1; /* nothing is known yet */
  return fmax(theory, shown);
}

/* Runs so long begin at no more than a share flat_rate of data. */
static double flat_limit(const gm_quality *q, double value)
{
  double first = tie_chance(q, value, 0), more = tie_chance(q, value, 1);
  more = fmax(more, tie_chance(q, value, 2));
  if (!(q->rules.flat_rate > 0) || more >= 0.999) return INFINITY;
  if (more < 1e-12) more = 1e-12;
  if (first < 1e-12) first = 1e-12;
  double limit = 2 + ceil(log(q->rules.flat_rate / first) / log(more));
  return fmax(limit, q->rules.flat_least);
}

/* The run that ended was not a fault: learn from it how often values repeat. */
static void commit_run(series *s)
{
  for (int64_t i = 0; i < s->flat_run; i++) {
    int32_t after = i < TIES - 1 ? (int32_t)i : TIES - 1;
    s->tie_pairs[after] += 1;
    s->tie_ties[after] += i + 1 < s->flat_run;
  }
  for (int32_t k = 0; k < TIES; k++) /* of the last thousand or so */
    if (s->tie_pairs[k] > 2000) {
      s->tie_pairs[k] /= 2;
      s->tie_ties[k] /= 2;
    }
}

void gm__quality_flat(gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  bool counts = !gm__quality_has(f, GM_QUALITY_CLAMPED) && !gm__quality_has(f, GM_QUALITY_GAP);
  const point *p = s->past_count > 0 ? gm__quality_past(s, 0) : NULL;
  if (counts && s->flat_run > 0 && p && p->value == a->d.value) {
    s->flat_run++;
    double limit = flat_limit(q, a->d.value);
    if ((double)s->flat_run >= limit) gm__quality_add(f, GM_QUALITY_FLAT, (double)s->flat_run);
    return;
  }
  if (p && s->flat_run > 0 && (double)s->flat_run < flat_limit(q, p->value)) commit_run(s);
  s->flat_run = counts;
}

/* ---- repeats --------------------------------------------------------------------------------- */
/* Chance that two changes of this series agree, given that both are changes. */
static double agreement(const series *s)
{
  int32_t n = (int32_t)(s->past_count < PAST ? s->past_count : PAST) - 1, count = 0;
  double change[PAST], pairs = 0, same = 0;
  for (int32_t i = 0; i < n; i++) {
    double d = gm__quality_past(s, i)->value - gm__quality_past(s, i + 1)->value;
    if (d != 0) change[count++] = d;
  }
  for (int32_t i = 0; i < count; i++)
    for (int32_t j = 0; j < i; j++) {
      pairs++;
      same += change[i] == change[j];
    }
  return fmin((same + 1) / (pairs + 2), 0.999);
}

/* The newest datum against the one `lag` before it; past holds only the older ones yet. */
void gm__quality_repeat(gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  int32_t known = (int32_t)(s->past_count < PAST ? s->past_count : PAST), longest = 0;
  if (!(q->rules.repeat_rate > 0) || known < 2) return;
  double before = gm__quality_past(s, 0)->value;
  for (int32_t i = 0; i + 1 < known; i++) {
    double then = gm__quality_past(s, i)->value, then_before = gm__quality_past(s, i + 1)->value;
    if (a->d.value != then)
      s->match[i] = 0;
    else if (a->d.value != before || then != then_before)
      s->match[i]++; /* a level held in both tells nothing */
    if (s->match[i] > longest) longest = s->match[i];
  }
  if (longest < 6) return;
  /* smooth series agree for longer once they agree: half as many again */
  double need = 1.5 * log(q->rules.repeat_rate / PAST) / log(agreement(s));
  if (longest >= need) gm__quality_add(f, GM_QUALITY_REPEAT, longest);
}

/* ---- sawtooth -------------------------------------------------------------------------------- */
/* Changes by phase: one-way analysis of variance. For a random walk the changes are independent and
 * F is exact; measurement noise makes neighbouring changes pull against each other (correlation
 * -1/2), which can double the variance between phases but not within: F is halved. */
static double phases(int32_t period, const double change[SAW_WINDOW], double *height)
{
  int32_t n = SAW_WINDOW / period * period;
  double mean[SAW_PERIOD] = {0}, all = 0, within = 0, between = 0, level = 0, low = 0, high = 0;
  for (int32_t i = 0; i < n; i++) mean[i % period] += change[i] * period / n;
  for (int32_t k = 0; k < period; k++) all += mean[k] / period;
  for (int32_t i = 0; i < n; i++) {
    double e = change[i] - mean[i % period];
    within += e * e;
  }
  for (int32_t k = 0; k < period; k++) {
    between += (mean[k] - all) * (mean[k] - all) * n / period;
    level += mean[k] - all;
    low = fmin(low, level);
    high = fmax(high, level);
  }
  *height = high - low;
  double df1 = period - 1, df2 = n - period;
  if (!(between > 0)) return 1;
  if (!(within > 0)) return 0;
  double ratio = between / 2 / df1 / (within / df2);
  return gm_dist_beta_cdf(df2 / (df2 + df1 * ratio), df2 / 2, df1 / 2); /* P(F > ratio) */
}

/* Changes between the newest data, newest first, whatever their verdict: the teeth may be taken for
 * spikes. False unless the data are evenly spaced. */
static bool even_changes(const series *s, const arrival *a, double change[SAW_WINDOW])
{
  if (s->past_count < SAW_WINDOW || isnan(a->usual)) return false;
  point after = {a->t, a->d.value};
  for (int32_t i = 0; i < SAW_WINDOW; i++) {
    const point *before = gm__quality_past(s, i);
    if (fabs(after.t - before->t - a->usual) > a->usual / 4) return false;
    change[i] = after.value - before->value;
    after = *before;
  }
  return true;
}

void gm__quality_saw(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const gm_quality_rules *r = &q->rules;
  double change[SAW_WINDOW], height, most = 0;
  if (!(r->saw_rate > 0) || !even_changes(&q->s, a, change)) return;
  double least = fmax(r->saw_least, fmax(3 * hypot(r->noise_sd, r->noise_cv * a->d.value),
                                         2 * gm__quality_step(q)));
  for (int32_t period = 2; period <= SAW_PERIOD; period++) {
    double p = phases(period, change, &height);
    if (p < r->saw_rate / (SAW_PERIOD - 1) && height >= least) most = fmax(most, height);
  }
  if (most > 0) gm__quality_add(f, GM_QUALITY_SAWTOOTH, most);
}
