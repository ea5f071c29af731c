/* system.c - a model put to data: parameters from coordinates, prior, simulation. */
#include "gemel/system.h"
#include "gemel/many.h"
#include "gemel/math.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* gm_norm_quantile of the smallest and largest uniform that gm_uniform gives. */
static const double coordinate_max = 8.2;

/* ---- coordinates ----------------------------------------------------------------------------- */
double gm_unknown_value(const gm_unknown *u, double z)
{
  double s = u->center + u->spread * z;
  switch (u->law) {
  case GM_PRIOR_NORMAL: return s;
  case GM_PRIOR_LOGNORMAL: return u->center * gm_exp(u->spread * z);
  case GM_PRIOR_LOGIT: return u->lower + (u->upper - u->lower) / (1 + gm_exp(-s));
  case GM_PRIOR_UNIFORM: return u->lower + (u->upper - u->lower) * gm_norm_cdf(z);
  }
  return NAN;
}

void gm_unknown_values(const gm_unknown *u, int32_t n, const double *z, int32_t stride, double *out)
{
  const double range = u->upper - u->lower;
  switch (u->law) {
  case GM_PRIOR_LOGNORMAL:
    for (int32_t m = 0; m < n; m++) out[m] = u->spread * z[(ptrdiff_t)m * stride];
    gm_exp_many(n, out, out);
    for (int32_t m = 0; m < n; m++) out[m] = u->center * out[m];
    break;
  case GM_PRIOR_LOGIT:
    for (int32_t m = 0; m < n; m++) out[m] = -(u->center + u->spread * z[(ptrdiff_t)m * stride]);
    gm_exp_many(n, out, out);
    for (int32_t m = 0; m < n; m++) out[m] = u->lower + range / (1 + out[m]);
    break;
  default:
    for (int32_t m = 0; m < n; m++) out[m] = gm_unknown_value(u, z[(ptrdiff_t)m * stride]);
  }
}

static double coordinate_of(const gm_unknown *u, double value)
{
  double share = (value - u->lower) / (u->upper - u->lower);
  switch (u->law) {
  case GM_PRIOR_NORMAL: return (value - u->center) / u->spread;
  case GM_PRIOR_LOGNORMAL: return value > 0 ? gm_ln(value / u->center) / u->spread : -INFINITY;
  case GM_PRIOR_LOGIT:
    if (!(share > 0)) return -INFINITY;
    if (!(share < 1)) return INFINITY;
    return (gm_ln(share / (1 - share)) - u->center) / u->spread;
  case GM_PRIOR_UNIFORM: return gm_norm_quantile(share < 0 ? 0 : share > 1 ? 1 : share);
  }
  return NAN;
}

double gm_unknown_coordinate(const gm_unknown *u, double value)
{
  return fmin(fmax(coordinate_of(u, value), -coordinate_max), coordinate_max);
}

static const gm_var *parameters_of(const gm_system *s, int32_t *count)
{
  return gm_model_table(s->model, GM_TABLE_PARAMETER, count);
}

void gm_system_theta(const gm_system *s, int32_t n, const double *z, double *theta)
{
  int32_t np;
  const gm_var *p = parameters_of(s, &np);
  for (int32_t i = 0; i < np; i++) {
    double value = s->theta ? s->theta[i] : p[i].initial;
    for (int32_t m = 0; m < n; m++) theta[(ptrdiff_t)i * n + m] = value;
  }
  for (int32_t d = 0; d < s->unknown_count; d++)
    gm_unknown_values(&s->unknown[d], n, z + d, s->unknown_count,
                      theta + (ptrdiff_t)s->unknown[d].parameter * n);
}

/* ---- prior ----------------------------------------------------------------------------------- */
double gm_system_log_prior(const gm_system *s, const double *z)
{
  const int32_t d = s->unknown_count;
  double e[GM_UNKNOWN_MAX], sum = -0.5 * d * log(2 * acos(-1));
  assert(d <= GM_UNKNOWN_MAX);
  for (int32_t i = 0; i < d; i++) {
    const double *row = s->prior_factor ? s->prior_factor + (ptrdiff_t)i * d : NULL;
    e[i] = z[i];
    for (int32_t j = 0; row && j < i; j++) e[i] -= row[j] * e[j];
    if (row) {
      e[i] /= row[i];
      sum -= log(row[i]);
    }
    sum -= 0.5 * e[i] * e[i];
  }
  return sum;
}

void gm_system_prior_draw(const gm_system *s, gm_key key, int32_t n, double *z)
{
  const int32_t d = s->unknown_count;
  for (int32_t m = 0; m < n; m++) {
    double *to = z + (ptrdiff_t)m * d;
    for (int32_t i = 0; i < d; i++)
      to[i] = gm_normal(key, (uint64_t)m, (uint64_t)i, gm_kind_draw(0, 0), 0);
    for (int32_t i = d - 1; s->prior_factor && i >= 0; i--) {
      const double *row = s->prior_factor + (ptrdiff_t)i * d;
      double sum = 0;
      for (int32_t j = 0; j <= i; j++) sum += row[j] * to[j];
      to[i] = sum;
    }
  }
}

/* ---- checks ---------------------------------------------------------------------------------- */
/* NULL, or what is wrong with the law of an unknown. */
static const char *law_fault(const gm_unknown *u)
{
  bool bounded = u->law == GM_PRIOR_LOGIT || u->law == GM_PRIOR_UNIFORM;
  if (bounded && !(u->lower < u->upper && isfinite(u->upper - u->lower)))
    return "expected finite bounds, lower < upper";
  if (u->law != GM_PRIOR_UNIFORM && !(u->spread > 0 && isfinite(u->spread)))
    return "expected a spread > 0";
  if (u->law != GM_PRIOR_UNIFORM && !isfinite(u->center)) return "expected a finite center";
  if (u->law == GM_PRIOR_LOGNORMAL && !(u->center > 0)) return "expected a center > 0";
  return NULL;
}

/* NULL, or what is wrong with how it moves. */
static const char *motion_fault(const gm_unknown *u)
{
  if (!(u->drift >= 0 && isfinite(u->drift))) return "expected a drift >= 0";
  if (!(u->memory >= 0 && isfinite(u->memory))) return "expected a memory >= 0";
  return u->memory > 0 && u->drift > 0 ? "expected a drift or a memory, not both" : NULL;
}

/* Does prior_factor couple unknown d to others? */
static bool coupled(const gm_system *s, int32_t d)
{
  for (int32_t j = 0; s->prior_factor && j < s->unknown_count; j++)
    if (j != d && (s->prior_factor[(ptrdiff_t)d * s->unknown_count + j] != 0 ||
                   s->prior_factor[(ptrdiff_t)j * s->unknown_count + d] != 0))
      return true;
  return s->prior_factor && s->prior_factor[(ptrdiff_t)d * (s->unknown_count + 1)] != 1;
}

static gm_status unknown_check(gm_ctx *ctx, const gm_system *s, int32_t d)
{
  int32_t np;
  const gm_unknown *u = &s->unknown[d];
  (void)parameters_of(s, &np);
  const char *name = u->name ? u->name : "?", *fault = law_fault(u);
  if (!fault) fault = motion_fault(u);
  if (u->parameter < 0 || u->parameter >= np)
    return gm_fail(ctx, GM_EINVAL, "unknown %s: parameter %d of a model that has %d", name,
                   (int)u->parameter, (int)np);
  if (fault)
    return gm_fail(ctx, GM_ERANGE, "unknown %s: center %g, spread %g, bounds %g and %g: %s", name,
                   u->center, u->spread, u->lower, u->upper, fault);
  if (u->memory > 0 && coupled(s, d))
    return gm_fail(ctx, GM_EUNSUPPORTED, "unknown %s: a memory, and coupled to others by the prior",
                   name);
  for (int32_t j = 0; j < d; j++)
    if (s->unknown[j].parameter == u->parameter)
      return gm_fail(ctx, GM_EINVAL, "unknowns %s and %s are one parameter", s->unknown[j].name,
                     name);
  if (s->prior_factor && !(s->prior_factor[(ptrdiff_t)d * s->unknown_count + d] > 0))
    return gm_fail(ctx, GM_ERANGE, "unknown %s: the prior's factor has no positive diagonal", name);
  return GM_OK;
}

/* NULL, or what is wrong with the noise of a sensor whose noise parameters are numbers. */
static const char *noise_fault(const gm_sensor *o)
{
  if (o->law == GM_SENSE_OWN) return o->logpdf && o->draw ? NULL : "expected logpdf and draw";
  if (o->memory != 0 && !(o->memory > 0 && isfinite(o->memory))) return "expected a memory >= 0";
  if (o->parameter0 >= 0) return NULL;
  if (o->law == GM_SENSE_NORMAL && o->p0 == 0 && (o->p1 > 0 || o->parameter1 >= 0)) return NULL;
  if (!(o->p0 > 0)) return "expected a first noise parameter > 0";
  return o->law == GM_SENSE_BINOMIAL && !(o->p0 <= 1) ? "expected a probability <= 1" : NULL;
}

static gm_status sensor_check(gm_ctx *ctx, const gm_system *s, const gm_sensor *o)
{
  int32_t ny, np;
  (void)parameters_of(s, &np);
  (void)gm_model_table(s->model, GM_TABLE_OUTPUT, &ny);
  const char *name = o->name ? o->name : "?", *fault = noise_fault(o);
  if (o->output < 0 || o->output >= ny)
    return gm_fail(ctx, GM_EINVAL, "sensor %s: output %d of a model that has %d", name,
                   (int)o->output, (int)ny);
  if (o->parameter0 >= np || o->parameter1 >= np)
    return gm_fail(ctx, GM_EINVAL, "sensor %s: a noise parameter that the model has not", name);
  if (fault)
    return gm_fail(ctx, GM_ERANGE, "sensor %s: noise %g and %g, memory %g: %s", name, o->p0, o->p1,
                   o->memory, fault);
  if (o->memory > 0 && o->law != GM_SENSE_NORMAL && o->law != GM_SENSE_LOGNORMAL)
    return gm_fail(ctx, GM_EUNSUPPORTED, "sensor %s: memory with a law that is not normal", name);
  return GM_OK;
}

static gm_status reading_check(gm_ctx *ctx, const gm_system *s, int32_t i)
{
  const gm_reading *r = &s->reading[i];
  if (!(r->t >= s->t0 && isfinite(r->t)) || (i && r->t < r[-1].t))
    return gm_fail(ctx, GM_EDOMAIN, "reading %d at time %g: expected times in order, not before %g",
                   (int)i, r->t, s->t0);
  if (r->sensor < 0 || r->sensor >= s->sensor_count)
    return gm_fail(ctx, GM_EINVAL, "reading %d: sensor %d of %d", (int)i, (int)r->sensor,
                   (int)s->sensor_count);
  if (!isfinite(r->value))
    return gm_fail(ctx, GM_EDOMAIN, "reading %d: value %g, expected a number", (int)i, r->value);
  return GM_OK;
}

static gm_status drive_check(gm_ctx *ctx, const gm_system *s)
{
  for (int32_t i = 0; s->drive && i < s->drive->edge_count; i++) {
    const gm_edge *e = &s->drive->edge[i];
    if (!(e->t >= s->t0 && isfinite(e->t) && isfinite(e->value)) || (i && e->t < e[-1].t))
      return gm_fail(ctx, GM_EDOMAIN, "edge %d at time %g: expected times in order, not before %g",
                     (int)i, e->t, s->t0);
  }
  return GM_OK;
}

gm_status gm_system_check(gm_ctx *ctx, const gm_system *s)
{
  gm_status st = GM_OK;
  if (!s->model) return gm_fail(ctx, GM_EINVAL, "a system without a model");
  if (s->unknown_count < 0 || s->unknown_count > GM_UNKNOWN_MAX)
    return gm_fail(ctx, GM_ERANGE, "%d unknowns, expected at most %d", (int)s->unknown_count,
                   (int)GM_UNKNOWN_MAX);
  for (int32_t i = 0; i < s->unknown_count && !st; i++) st = unknown_check(ctx, s, i);
  for (int32_t i = 0; i < s->sensor_count && !st; i++) st = sensor_check(ctx, s, &s->sensor[i]);
  for (int32_t i = 0; i < s->reading_count && !st; i++) st = reading_check(ctx, s, i);
  return st ? st : drive_check(ctx, s);
}

/* ---- simulation ------------------------------------------------------------------------------ */
gm_key gm_system_key(const gm_system *s, gm_purpose purpose, uint64_t replicate)
{
  return gm_key_make(s->seed, purpose, s->subject, replicate);
}

gm_status gm_system_simulate(const gm_system *s, gm_ctx *ctx, int32_t n, const double *z,
                             const uint64_t *replicate, const double *time, int32_t time_count,
                             double *y, int8_t *status)
{
  gm_ensemble *e;
  gm_status st = gm_ensemble_new(ctx, s->model, s->pool, n, &e);
  if (st) return st;
  gm_system_theta(s, n, z, gm_ensemble_theta(e));
  for (int32_t m = 0; m < n; m++) {
    uint64_t number = replicate ? replicate[m] : (uint64_t)m;
    gm_ensemble_key(e)[m] = gm_system_key(s, GM_PURPOSE_INTRINSIC, number);
    gm_ensemble_slot(e)[m] = 0; /* equal numbers: equal draws */
  }
  st = gm_ensemble_init(e, ctx, s->t0);
  if (!st && time_count) {
    double t1 = time[time_count - 1];
    gm_drive part = {0};
    if (s->drive) {
      part = *s->drive;
      while (part.edge_count && part.edge[part.edge_count - 1].t > t1) part.edge_count--;
    }
    st = gm_ensemble_advance(e, ctx, t1, &part, NULL, time, time_count, y);
  }
  if (!st && status) memcpy(status, gm_ensemble_status(e), (size_t)n);
  gm_ensemble_free(e);
  return st;
}
