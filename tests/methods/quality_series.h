/* quality_series.h - clean series of several temperaments, for the tests of data quality. */
#ifndef GEMEL_TESTS_QUALITY_SERIES_H
#define GEMEL_TESTS_QUALITY_SERIES_H
#include "gemel/math.h"
#include "gemel/quality.h"
#include "gemel/rand.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* A smooth part (its change decays by keep from datum to datum; drawn back to level), a daily
 * swing, drift, white noise, and the sensor's step. */
typedef struct {
  const char *name;
  double dt_h, jitter; /* interval; uniform share of it by which times are off */
  double level, pull, keep, push, swing, drift_per_h;
  double noise_sd, step, lost; /* lost: share of data that never come */
  bool tell_noise;             /* the rules know the noise */
} temper;

static const temper tempers[] = {
    {"glucose sensor", 1.0 / 12, 0.02, 170, 0.02, 0.85, 1.1, 15, 0, 3, 1, 0.02, true},
    {"the same, noise not told", 1.0 / 12, 0.02, 170, 0.02, 0.85, 1.1, 15, 0, 3, 1, 0.02, false},
    {"smooth sensor, little noise", 1.0 / 12, 0, 150, 0.02, 0.9, 0.6, 10, 0, 0.4, 1, 0, false},
    {"heart rate by the hour", 1, 0.1, 75, 0.05, 0.3, 1.5, 6, 0, 4, 1, 0.05, true},
    {"creatinine by the day", 24, 0.25, 90, 0.1, 0, 3, 0, 0.001, 4.5, 1, 0.1, true},
    {"temperature in coarse steps", 1, 0.1, 37, 0.05, 0.5, 0.03, 0.3, 0, 0.05, 0.1, 0.02, true},
    {"random walk, no steps", 0.25, 0, 1000, 0, 0, 5, 0, 0, 0, 0, 0, false},
    {"white noise, no steps", 1, 0, 5, 0, 0, 0, 0, 0, 0.3, 0, 0, false},
};
enum { TEMPERS = sizeof tempers / sizeof *tempers };

/* Datum 0.. of a series in order; returns how many of n were not lost. learned_h: a steady delay of
 * a fifth of the interval, give or take a tenth. */
static int32_t clean_series(const temper *m, uint64_t replicate, int32_t n, gm_quality_datum *out)
{
  gm_key key = gm_key_make(20261121, GM_PURPOSE_TEST, (uint64_t)(m - tempers), replicate);
  double x = 0, change = 0;
  int32_t count = 0;
  for (int32_t i = 0; i < n; i++) {
    double e[4], u[4], t = i * m->dt_h;
    gm_normal4(key, 0, 0, gm_kind_draw(1, 0), (uint64_t)i, e);
    gm_uniform4(key, 0, 0, gm_kind_draw(2, 0), (uint64_t)i, u);
    change = m->keep * change + m->push * e[0];
    x += change - m->pull * x;
    double day = m->swing * gm_sin(2 * 3.14159265358979 * t / 24);
    double v = m->level + x + day + m->drift_per_h * t + m->noise_sd * e[1];
    if (m->step > 0) v = m->step * nearbyint(v / m->step);
    if (u[0] < m->lost) continue;
    t += m->dt_h * m->jitter * (2 * u[1] - 1);
    out[count++] = (gm_quality_datum){t, t + m->dt_h * (0.2 + 0.1 * (2 * u[2] - 1)), v};
  }
  return count;
}

static gm_quality_rules rules_of(const temper *m)
{
  gm_quality_rules r = gm_quality_defaults();
  r.resolution = m->step;
  if (m->tell_noise) r.noise_sd = m->noise_sd;
  r.unit[r.unit_count++] = (gm_quality_unit){18.016, 0};
  r.unit[r.unit_count++] = (gm_quality_unit){1 / 18.016, 0};
  r.unit[r.unit_count++] = (gm_quality_unit){1.8, 32};
  return r;
}
#endif
