/* sense_avx2.c - laws of measurement for many members: what sense.c says of one, for the laws that
 * are met most, part by part of the members; the others one by one. For the least processor Gemel
 * runs on. */
#ifndef __clang__ /* selects may be made of both sides: the flags of exceptions mean nothing here */
#pragma GCC optimize("no-trapping-math")
#endif
#include "gemel/many.h"
#include "gemel/math.h"
#include "methods/sense_many.h"
#include <math.h>

enum { PART = 256 };

static const double ln_2pi = 0x1.d67f1c864beb5p+0; /* ln(2 pi) */

/* Outputs and noise of members first .. first + n - 1. */
typedef struct {
  int32_t n;
  bool fixed; /* is the noise the same for all? */
  double f[PART], p0[PART], p1[PART];
} part;

static void row_take(int32_t n, int32_t row, double value, const double *theta, ptrdiff_t psx,
                     double *out)
{
  if (row >= 0)
    for (int32_t m = 0; m < n; m++) out[m] = theta[row * psx + m];
  else
    for (int32_t m = 0; m < n; m++) out[m] = value;
}

static void part_take(const gm_sensor *s, int32_t n, const double *y, ptrdiff_t sy,
                      const double *theta, ptrdiff_t psx, part *p)
{
  p->n = n;
  p->fixed = s->parameter0 < 0 && s->parameter1 < 0;
  if (sy == 1)
    for (int32_t m = 0; m < n; m++) p->f[m] = y[m + s->output];
  else
    for (int32_t m = 0; m < n; m++) p->f[m] = y[m * sy + s->output];
  row_take(n, s->parameter0, s->p0, theta, psx, p->p0);
  row_take(n, s->parameter1, s->p1, theta, psx, p->p1);
}

/* ---- density --------------------------------------------------------------------------------- */
/* ln of the normal density at r with sd > 0; ln_sd as given. */
static inline double normal(double r, double sd, double ln_sd)
{
  return -0.5 * (r / sd) * (r / sd) - ln_sd - 0.5 * ln_2pi;
}

/* ln sd[n]; where all are the same, one is enough. */
static void ln_all(const part *p, bool same, const double *sd, double *out)
{
  if (same) {
    double one = gm_ln(sd[0]);
    for (int32_t m = 0; m < p->n; m++) out[m] = one;
  } else {
    gm_ln_many(p->n, sd, out);
  }
}

static void normal_part(const part *p, double value, double *out)
{
  double sd[PART], ln[PART];
  for (int32_t m = 0; m < p->n; m++)
    sd[m] = sqrt(p->p0[m] * p->p0[m] + p->p1[m] * p->p1[m] * p->f[m] * p->f[m]);
  ln_all(p, p->fixed && p->p1[0] == 0, sd, ln);
  for (int32_t m = 0; m < p->n; m++) {
    double r = value - p->f[m];
    double flat = r == 0 ? INFINITY : -INFINITY;
    int stands = (fabs(p->f[m]) < INFINITY) & (p->p0[m] >= 0);
    double lp = normal(r, sd[m], ln[m]);
    lp = sd[m] > 0 ? lp : flat;
    out[m] = stands ? lp : -INFINITY;
  }
}

static void lognormal_part(const part *p, double value, double *out)
{
  double r[PART], ln[PART];
  const double ln_value = gm_ln(value);
  for (int32_t m = 0; m < p->n; m++) r[m] = value / p->f[m];
  gm_ln_many(p->n, r, r);
  ln_all(p, p->fixed, p->p0, ln);
  for (int32_t m = 0; m < p->n; m++) {
    int stands = (p->f[m] > 0) & (p->f[m] < INFINITY) & (p->p0[m] > 0);
    double lp = normal(r[m], p->p0[m], ln[m]) - ln_value;
    out[m] = stands ? lp : -INFINITY;
  }
}

static void poisson_part(const part *p, double k, double *out)
{
  double mean[PART], ln[PART];
  const double constant = gm_lgamma(k + 1), none = k == 0 ? 0 : -INFINITY;
  for (int32_t m = 0; m < p->n; m++) mean[m] = p->p0[m] * p->f[m];
  gm_ln_many(p->n, mean, ln);
  for (int32_t m = 0; m < p->n; m++) {
    int stands = (p->f[m] >= 0) & (p->f[m] < INFINITY) & (p->p0[m] >= 0);
    double lp = k * ln[m] - mean[m] - constant;
    lp = mean[m] == 0 ? none : lp;
    out[m] = stands ? lp : -INFINITY;
  }
}

typedef void part_law(const part *p, double value, double *out);

static part_law *law_for(const gm_sensor *s, double value)
{
  switch (s->law) {
  case GM_SENSE_NORMAL: return normal_part;
  case GM_SENSE_LOGNORMAL: return value > 0 ? lognormal_part : NULL;
  case GM_SENSE_POISSON: return value >= 0 && value == rint(value) ? poisson_part : NULL;
  default: return NULL;
  }
}

void gm_sense_logpdf_all(const gm_sensor *s, int32_t n, const double *y, ptrdiff_t sy,
                         const double *theta, double value, int8_t censored, double *out)
{
  part_law *law = censored ? NULL : law_for(s, value);
  part p;
  for (int32_t m = 0; m < n; m += PART) {
    int32_t count = n - m < PART ? n - m : PART;
    for (int32_t i = m; i < m + count && !law; i++)
      out[i] = gm_sense_logpdf(s, y + i * sy, theta + i, n, value, censored);
    if (!law) continue;
    part_take(s, count, y + m * sy, sy, theta + m, n, &p);
    law(&p, value, out + m);
  }
}

/* ---- moments --------------------------------------------------------------------------------- */
static void normal_moments(const part *p, double *mean, double *variance)
{
  for (int32_t m = 0; m < p->n; m++) {
    int stands = (fabs(p->f[m]) < INFINITY) & (p->p0[m] >= 0);
    double v = p->p0[m] * p->p0[m] + p->p1[m] * p->p1[m] * p->f[m] * p->f[m];
    mean[m] = stands ? p->f[m] : NAN;
    variance[m] = stands ? v : NAN;
  }
}

static void poisson_moments(const part *p, double *mean, double *variance)
{
  for (int32_t m = 0; m < p->n; m++) {
    int stands = (p->f[m] >= 0) & (p->f[m] < INFINITY) & (p->p0[m] >= 0);
    double a = p->p0[m] * p->f[m];
    mean[m] = variance[m] = stands ? a : NAN;
  }
}

void gm__sense_moments_many(const gm_sensor *s, int32_t n, const double *y, ptrdiff_t sy,
                            const double *theta, ptrdiff_t psx, double *mean, double *variance)
{
  bool many = s->law == GM_SENSE_NORMAL || s->law == GM_SENSE_POISSON;
  part p;
  for (int32_t m = 0; m < n; m += PART) {
    int32_t count = n - m < PART ? n - m : PART;
    for (int32_t i = m; i < m + count && !many; i++)
      gm_sense_moments(s, y + i * sy, theta + i, psx, &mean[i], &variance[i]);
    if (!many) continue;
    part_take(s, count, y + m * sy, sy, theta + m, psx, &p);
    (s->law == GM_SENSE_NORMAL ? normal_moments : poisson_moments)(&p, mean + m, variance + m);
  }
}
