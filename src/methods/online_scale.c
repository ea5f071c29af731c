/* online_scale.c - how large the residual of this forecast will be: a regression of its logarithm.
 * Multiplicative heteroscedasticity: Harvey, Econometrica 44:461 (1976). A normal residual's
 * logarithm has mean ln E|e| - 0.410; the intervals do not depend on that. */
#include "gemel/math.h"
#include "methods/online_internal.h"
#include <math.h>
#include <string.h>

enum { BASE_MEMORY = 500, NEAR_MEMORY = 6, MOMENT_MEMORY = 2000, LEVEL_LEAST = 100 };
static const double log_mean = 0.4096; /* ln sqrt(2/pi) - (-gamma - ln 2)/2 */

static double within(double x, double most) { return fmin(fmax(x, -most), most); }

/* Logarithm of x over its mean, 0 where there is none, damped near 0. */
static double relative(double x, double mean)
{
  if (!(mean > 0)) return 0;
  return within(gm_ln((x / mean + 0.1) / 1.1), 3);
}

static double base_of(const gm_online *o, int32_t horizon)
{
  const gm__online_head *d = o->head;
  const double *base = o->cell[horizon].base;
  if (base[1] > 0) return base[0];
  return d->changes > 0 ? d->slow * sqrt(o->o.horizon[horizon] * d->step) : NAN;
}

void gm__online_scale_features(const gm_online *o, int32_t horizon, const double *x, double mean,
                               double spread, double *g, double *apart)
{
  const gm__online_head *d = o->head;
  const gm__online_cell *c = &o->cell[horizon];
  double level = d->variance > 0 ? within((mean - d->mean) / sqrt(d->variance), 3) : 0;
  level *= d->seen / (d->seen + LEVEL_LEAST); /* a variance of few data is too small */
  apart[0] = isnan(d->y) ? c->apart[0] : fabs(mean - d->y);
  apart[1] = spread;
  g[0] = 1;
  g[1] = relative(d->fast, d->slow);
  g[2] = relative(apart[0], c->apart[0]);
  g[3] = relative(apart[1], c->apart[1]);
  g[4] = level;
  g[5] = level * level - 1;
  g[6] = relative(*c->near, c->base[0]);
  for (int32_t i = 0; i < o->o.scale_count; i++) {
    const double *m = c->moment + 3 * i;
    double off = x[o->o.scale_feature[i]] - m[0];
    g[GM__ONLINE_OWN + i] = m[1] > 0 ? within(off / sqrt(m[1]), 3) : 0;
  }
}

/* As those of a random walk: the way from the newest datum is longer by its age. */
double gm__online_wider(const gm_online *o, int32_t horizon)
{
  const gm__online_head *d = o->head;
  double age = d->t - d->y_t; /* NaN: no datum */
  return age > 0 ? sqrt(1 + age / o->o.horizon[horizon]) : 1;
}

double gm__online_scale(const gm_online *o, int32_t horizon, const double *g, double mean)
{
  const gm__online_cell *c = &o->cell[horizon];
  double floor_of = 1e-9 * fabs(mean) + 1e-150; /* a residual over it stays finite */
  double base = base_of(o, horizon) * gm__online_wider(o, horizon);
  if (isnan(base)) return base;
  return fmax(base * gm_exp(within(gm__rls_say(&c->scale, g), 2.5)), floor_of);
}

static void follow(double *mean, double x, double share) { *mean += (x - *mean) * share; }

void gm__online_scale_learn(gm_online *o, int32_t horizon, const double *record, double residual,
                            double weight, double share)
{
  gm__online_cell *c = &o->cell[horizon];
  double g[GM__ONLINE_SCALE_MAX], size = fabs(residual) / record[o->at.wider];
  double base = base_of(o, horizon);
  const double *x = record + o->at.x;
  if (c->base[1] == 0) {
    c->base[0] = *c->near = isnan(base) ? size : base;
    c->base[1] = isnan(base) ? 0 : 5;
  }
  if (base > 0) { /* no scale of 0 is taken a logarithm of */
    double target = gm_ln(fmin(fmax(size / base, 0.01), 100)) + log_mean;
    memcpy(g, record + o->at.g, (size_t)o->scale_side * sizeof *g);
    c->scale.forgetting = 1 - (1 - o->o.scale_forgetting) * share;
    gm__rls_learn(&c->scale, g, target, weight * share);
  }
  double each = weight * share, count = c->base[1] += weight, slow = BASE_MEMORY / share;
  double part = weight / fmin(fmax(count, 1), slow), quick = each / NEAR_MEMORY;
  follow(&c->base[0], size, part);
  follow(c->near, size, quick);
  c->pooled[0] += weight * size;
  c->pooled[1] += weight;
  follow(&c->apart[0], record[o->at.apart], part);
  follow(&c->apart[1], record[o->at.apart + 1], part);
  for (int32_t i = 0; i < o->o.scale_count; i++) {
    double *m = c->moment + 3 * i, off = x[o->o.scale_feature[i]] - m[0];
    double own = 1 / fmin(++m[2], MOMENT_MEMORY);
    m[0] += own * off;
    m[1] = (1 - own) * (m[1] + own * off * off);
  }
}
