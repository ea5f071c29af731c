/* filter_kalman.c - what Kalman filters share: joint vectors, predicted measurements, inflation. */
#include "gemel/math.h"
#include "methods/filter_rows.h"
#include "methods/kalman.h"
#include "methods/sense_many.h"
#include "num/dense.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* ---- coordinates of a state ------------------------------------------------------------------ */
double gm__state_free(const gm_var *var, double x)
{
  const double tiny = 1e-12;
  if (var->transform == GM_TRANSFORM_LOG) {
    double low = isfinite(var->lower) ? var->lower : 0;
    return log(fmax(x - low, tiny));
  }
  if (var->transform == GM_TRANSFORM_LOGIT) {
    double share = (x - var->lower) / (var->upper - var->lower);
    share = fmin(fmax(share, tiny), 1 - tiny);
    return log(share / (1 - share));
  }
  return x;
}

double gm__state_bound(const gm_var *var, double v)
{
  if (var->transform == GM_TRANSFORM_LOG)
    return (isfinite(var->lower) ? var->lower : 0) + exp(fmin(v, 700));
  if (var->transform == GM_TRANSFORM_LOGIT)
    return var->lower + (var->upper - var->lower) / (1 + exp(-v));
  return v;
}

/* ---- making ---------------------------------------------------------------------------------- */
static gm_status sensors_check(const gm_filter *f, gm_ctx *ctx)
{
  for (int32_t i = 0; i < f->s->sensor_count; i++)
    if (f->s->sensor[i].law == GM_SENSE_OWN)
      return gm_fail(ctx, GM_EUNSUPPORTED,
                     "filter: sensor %s has a law without moments, which "
                     "Kalman filters need",
                     f->s->sensor[i].name ? f->s->sensor[i].name : "?");
  if (f->o.kind == GM_FILTER_UKF && (f->info.flags & GM_MODEL_STOCHASTIC))
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: sigma points need a model that does not move by chance");
  if (f->o.kind == GM_FILTER_LETKF && (!f->o.distance || !(f->o.radius > 0)))
    return gm_fail(ctx, GM_EINVAL, "filter: a local filter needs distances and a radius");
  if (f->o.radius > 0 && f->o.kind != GM_FILTER_LETKF)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "filter: localisation is there for the local filter alone");
  return GM_OK;
}

static void rows_choose(gm_filter *f, kalman *k)
{
  int32_t rows;
  k->var = gm_model_table(f->s->model, GM_TABLE_STATE, &rows);
  for (int32_t i = 0; i < k->mc && i < rows; i++)
    if (k->var[i].role == GM_ROLE_CONTINUOUS || k->var[i].role == GM_ROLE_COUNT)
      k->row[k->moving++] = i;
  for (int32_t i = 0; i < f->s->sensor_count; i++)
    if (f->s->sensor[i].memory > 0) k->colour[k->coloured++] = i;
  k->nv = k->moving + k->coloured + f->d;
}

gm_status gm__kalman_new(gm_filter *f, gm_ctx *ctx)
{
  gm_status s = sensors_check(f, ctx);
  if (s) return s;
  kalman *k = f->kalman = gm_alloc(ctx, 1, sizeof *k);
  if (!k) return gm_fail(ctx, GM_ENOMEM, "filter");
  k->mc = gm_model_macro_count(f->s->model);
  if (k->mc < 1)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: model %s has no macro view", f->info.name);
  k->row = gm_alloc(ctx, k->mc, sizeof *k->row);
  k->colour = gm_alloc(ctx, f->s->sensor_count, sizeof *k->colour);
  if (!k->row || !k->colour) return gm_fail(ctx, GM_ENOMEM, "filter");
  rows_choose(f, k);
  k->spread = 1;
  if (f->o.kind == GM_FILTER_UKF) f->n = f->o.members = gm__kalman_sigma_count(k);
  ptrdiff_t n = f->n;
  k->macro = gm_alloc(ctx, n * k->mc, sizeof *k->macro);
  k->v = gm_alloc(ctx, n * k->nv, sizeof *k->v);
  k->vp = gm_alloc(ctx, n * k->nv, sizeof *k->vp);
  if (!k->macro || !k->v || !k->vp) return gm_fail(ctx, GM_ENOMEM, "filter");
  return GM_OK;
}

static void measure_free(kalman *k)
{
  double **a[] = {&k->h, &k->hp,   &k->perturbed, &k->innovation, &k->r,
                  &k->s, &k->gain, &k->work,      &k->fresh,      &k->loud};
  for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
    gm_free(*a[i]);
    *a[i] = NULL;
  }
  gm_free(k->voice);
  k->voice = NULL;
  k->room = 0;
}

void gm__kalman_free(gm_filter *f)
{
  kalman *k = f->kalman;
  if (!k) return;
  measure_free(k);
  gm_free(k->row);
  gm_free(k->colour);
  gm_free(k->macro);
  gm_free(k->v);
  gm_free(k->vp);
  gm_free(k);
}

static gm_status measure_room(gm_filter *f, gm_ctx *ctx, int32_t m)
{
  kalman *k = f->kalman;
  if (m <= k->room) return GM_OK;
  measure_free(k);
  ptrdiff_t n = f->n, nv = k->nv;
  bool transform = f->o.kind == GM_FILTER_ETKF || f->o.kind == GM_FILTER_LETKF;
  ptrdiff_t work = transform ? n * n + 4 * n : 0;
  const struct {
    double **a;
    ptrdiff_t count;
  } need[] = {{&k->h, m * n},
              {&k->hp, m * n},
              {&k->perturbed, m * n},
              {&k->innovation, m},
              {&k->r, m},
              {&k->fresh, m},
              {&k->loud, m},
              {&k->s, transform && n > m ? n * n : (ptrdiff_t)m * m},
              {&k->gain, transform || nv >= n ? n * n : nv * m},
              {&k->work, work > m * n ? work : m * n}};
  for (size_t i = 0; i < sizeof need / sizeof *need; i++)
    if (!(*need[i].a = gm_alloc(ctx, need[i].count, sizeof(double))))
      return gm_fail(ctx, GM_ENOMEM, "measurements of a filter");
  k->voice = gm_alloc(ctx, m, sizeof *k->voice);
  if (!k->voice) return gm_fail(ctx, GM_ENOMEM, "measurements of a filter");
  k->room = m;
  return GM_OK;
}

/* ---- joint vectors --------------------------------------------------------------------------- */
gm_status gm__kalman_gather(gm_filter *f, gm_ctx *ctx)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  gm_status s = gm_ensemble_get(f->e, ctx, k->macro);
  if (s) return s;
  for (int32_t i = 0; i < k->moving; i++)
    for (int32_t m = 0; m < n; m++)
      k->v[(ptrdiff_t)i * n + m] =
          gm__state_free(&k->var[k->row[i]], k->macro[(ptrdiff_t)m * k->mc + k->row[i]]);
  for (int32_t i = 0; i < k->coloured; i++)
    for (int32_t m = 0; m < n; m++) { /* a sensor that never spoke has no residual yet */
      double a = f->residual[(ptrdiff_t)m * f->s->sensor_count + k->colour[i]];
      k->v[(ptrdiff_t)(k->moving + i) * n + m] = isnan(a) ? 0 : a;
    }
  for (int32_t i = 0; i < f->d; i++)
    for (int32_t m = 0; m < n; m++)
      k->v[(ptrdiff_t)(k->moving + k->coloured + i) * n + m] = f->z[(ptrdiff_t)m * f->d + i];
  return GM_OK;
}

gm_status gm__kalman_scatter(gm_filter *f, gm_ctx *ctx)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  for (int32_t i = 0; i < k->moving; i++)
    for (int32_t m = 0; m < n; m++)
      k->macro[(ptrdiff_t)m * k->mc + k->row[i]] =
          gm__state_bound(&k->var[k->row[i]], k->v[(ptrdiff_t)i * n + m]);
  for (int32_t i = 0; i < k->coloured; i++)
    for (int32_t m = 0; m < n; m++) {
      double *a = &f->residual[(ptrdiff_t)m * f->s->sensor_count + k->colour[i]];
      if (!isnan(*a)) *a = k->v[(ptrdiff_t)(k->moving + i) * n + m];
    }
  for (int32_t i = 0; i < f->d; i++)
    for (int32_t m = 0; m < n; m++)
      f->z[(ptrdiff_t)m * f->d + i] = k->v[(ptrdiff_t)(k->moving + k->coloured + i) * n + m];
  gm__filter_unknowns(f);
  return gm_ensemble_set(f->e, ctx, k->macro);
}

static void center(const gm_filter *f, int32_t rows, const double *a, double *out)
{
  const int32_t n = f->n;
  for (int32_t i = 0; i < rows; i++) {
    double *to = out + (ptrdiff_t)i * n;
    memcpy(to, a + (ptrdiff_t)i * n, (size_t)n * sizeof *to);
    gm__row_map(n, to, f->weight[0] < 0 ? to[0] : gm__row_dot(n, f->weight, to), 1, 0);
  }
}

void gm__kalman_center(gm_filter *f, int32_t m)
{
  kalman *k = f->kalman;
  center(f, k->nv, k->v, k->vp);
  center(f, m, k->h, k->hp);
}

/* ---- measurements ---------------------------------------------------------------------------- */
/* The coloured residual behind reading i goes on to the time of its datum. New ones begin with
 * their stationary law. Sigma points take no draws: what is new is a variance, `fresh`. */
static void colour_go(gm_filter *f, const gm_reading *r, int32_t i)
{
  kalman *k = f->kalman;
  const gm_sensor *o = &f->s->sensor[r->sensor];
  const uint64_t *slot = gm_ensemble_slot(f->e);
  const bool sigma = f->o.kind == GM_FILTER_UKF;
  double dt = r->t - f->residual_t[r->sensor], rho = exp(-dt / o->memory);
  k->fresh[i] = isnan(f->residual[r->sensor]) ? 1 : -expm1(-2 * dt / o->memory);
  for (int32_t q = 0; q < k->coloured; q++)
    if (k->colour[q] == r->sensor) k->voice[i] = k->moving + q;
  for (int32_t m = 0; m < f->n; m++) {
    double *a = &f->residual[(ptrdiff_t)m * f->s->sensor_count + r->sensor];
    double e =
        sigma ? 0 : gm_normal(f->key, slot[m], (uint64_t)r->sensor, gm_kind_draw(4, 0), f->step);
    *a = isnan(*a) ? e : rho * *a + sqrt(1 - rho * rho) * e;
  }
  f->residual_t[r->sensor] = r->t;
}

/* Predictions h[n] and variances v[n]; those of log-normal sensors on their log scale. */
static void predictions(const gm_filter *f, const gm_sensor *o, double *h, double *v)
{
  const double *theta = gm_ensemble_theta(f->e);
  const ptrdiff_t n = f->n, ny = f->info.output_count;
  if (o->law != GM_SENSE_LOGNORMAL) {
    gm__sense_moments_many(o, f->n, f->y, ny, theta, n, h, v);
    return;
  }
  for (int32_t m = 0; m < n; m++) {
    double p0 = o->parameter0 >= 0 ? theta[o->parameter0 * n + m] : o->p0;
    h[m] = log(f->y[m * ny + o->output]);
    v[m] = p0 * p0;
  }
}

/* Row i of h, the datum's innovation and its variance. */
static gm_status measure(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t i)
{
  kalman *k = f->kalman;
  const gm_sensor *o = &f->s->sensor[r->sensor];
  const bool logs = o->law == GM_SENSE_LOGNORMAL, coloured = o->memory > 0;
  const ptrdiff_t n = f->n, sensors = f->s->sensor_count;
  double *h = k->h + i * n, *v = k->work;
  if (r->censored)
    return gm_fail(ctx, GM_EUNSUPPORTED, "filter: a censored datum; use a particle filter");
  predictions(f, o, h, v);
  for (int32_t m = 0; m < n; m++)
    if (!isfinite(h[m]) || !isfinite(v[m]))
      return gm_fail(ctx, GM_ENUMERIC, "filter: member %d has no prediction at %g", (int)m, r->t);
  for (int32_t m = 0; m < n && coloured; m++) {
    h[m] += sqrt(v[m]) * f->residual[m * sensors + r->sensor];
    v[m] *= 1e-6; /* all of the error is in the residual: only so much that S can be solved */
  }
  k->innovation[i] = (logs ? log(r->value) : r->value) - gm__row_dot(f->n, f->weight, h);
  k->r[i] = gm__row_dot(f->n, f->weight, v);
  k->loud[i] = sqrt(1e6 * k->r[i]);
  if (coloured && f->o.kind == GM_FILTER_UKF) k->r[i] += k->fresh[i] * k->loud[i] * k->loud[i];
  return GM_OK;
}

/* ---- inflation ------------------------------------------------------------------------------- */
static void spread_rows(gm_filter *f, int32_t rows, double *a, double factor)
{
  const int32_t n = f->n;
  for (int32_t i = 0; i < rows; i++) {
    double *row = a + (ptrdiff_t)i * n, mean = gm__row_dot(n, f->weight, row);
    gm__row_map(n, row, mean, factor, mean);
  }
}

/* Spread that makes the innovations what they should be: (sum v^2/R - m) / (sum HPH'/R), kept in
 * [1, 9] and averaged over `adaptive` data (Wang & Bishop, J. Atmos. Sci. 60:1140, 2003). */
static void spread_adapt(gm_filter *f, int32_t m)
{
  kalman *k = f->kalman;
  double over = 0, under = 0;
  center(f, m, k->h, k->hp);
  for (int32_t i = 0; i < m; i++) {
    double variance = 0;
    for (int32_t j = 0; j < f->n; j++)
      variance += f->weight[j] * k->hp[(ptrdiff_t)i * f->n + j] * k->hp[(ptrdiff_t)i * f->n + j];
    over += k->innovation[i] * k->innovation[i] / k->r[i] - 1;
    under += variance / k->r[i];
  }
  double asked = under > 0 ? fmin(fmax(over / under, 1), 9) : 1;
  k->spread += (asked - k->spread) / fmax(f->o.adaptive, 1);
  spread_rows(f, k->nv, k->v, sqrt(k->spread));
  spread_rows(f, m, k->h, sqrt(k->spread));
}

/* ---- the step -------------------------------------------------------------------------------- */
gm_status gm__kalman_innovation(gm_filter *f, gm_ctx *ctx, int32_t m, gm_filter_news *news)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  memset(k->s, 0, (size_t)m * (size_t)m * sizeof *k->s);
  memcpy(k->work, k->hp, (size_t)m * (size_t)n * sizeof *k->work);
  if (f->o.kind != GM_FILTER_UKF) gm__row_map(m * n, k->work, 0, 1.0 / (n - 1), 0);
  for (int32_t i = 0; i < m && f->o.kind == GM_FILTER_UKF; i++)
    for (int32_t j = 0; j < n; j++) k->work[(ptrdiff_t)i * n + j] *= f->weight[j];
  gm__dense_add_bt_lower(m, n, k->work, k->hp, k->s);
  for (int32_t i = 0; i < m; i++) k->s[(ptrdiff_t)i * m + i] += k->r[i];
  if (!gm__dense_factor(m, k->s))
    return gm_fail(ctx, GM_ENUMERIC, "filter: innovations without variance at %g", news->t);
  double d2 = 0, logdet = 0, *u = k->work;
  gm_la_solve_lower(m, k->s, k->innovation, u);
  for (int32_t i = 0; i < m; i++) {
    d2 += u[i] * u[i];
    logdet += 2 * log(k->s[(ptrdiff_t)i * m + i]);
  }
  news->d2 = d2;
  news->dof = m;
  news->log_predictive = -0.5 * (d2 + logdet + m * log(2 * acos(-1)));
  return GM_OK;
}

/* What was predicted of a coloured sensor hangs on its last residual, and with a middle sigma point
 * of negative weight no members tell it: the news are those of the normal law. */
static void law_tell(const gm_filter *f, const gm_reading *r, int32_t m)
{
  const kalman *k = f->kalman;
  for (int32_t i = 0; i < m; i++) {
    if ((k->voice[i] < 0 && f->weight[0] >= 0) || f->s->sensor[r[i].sensor].law != GM_SENSE_NORMAL)
      continue;
    const double *row = k->s + (ptrdiff_t)i * m; /* of the factor of S */
    double variance = 0;
    for (int32_t j = 0; j <= i; j++) variance += row[j] * row[j];
    f->news_mean[i] = r[i].value - k->innovation[i];
    f->news_sd[i] = sqrt(variance);
    f->news_pit[i] = gm_norm_cdf(k->innovation[i] / f->news_sd[i]);
  }
}

static gm_status analyse(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count)
{
  switch (f->o.kind) {
  case GM_FILTER_UKF: return gm__kalman_sigma(f, ctx, count);
  case GM_FILTER_ENKF: return gm__kalman_stochastic(f, ctx, count);
  case GM_FILTER_ETKF: return gm__kalman_transform(f, ctx, count);
  default: return gm__kalman_local(f, ctx, r, count);
  }
}

/* Members that diverged are replaced by copies of others, taken in turn; sigma points cannot be. */
static gm_status replace_failed(gm_filter *f, gm_ctx *ctx)
{
  const int8_t *status = gm_ensemble_status(f->e);
  int32_t failed = 0, next = 0;
  for (int32_t m = 0; m < f->n; m++) failed += GM_MEMBER_FAILED(status[m]) != 0;
  if (!failed) return GM_OK;
  if (failed > f->n / 2 || f->o.kind == GM_FILTER_UKF)
    return gm_fail(ctx, GM_ENUMERIC, "filter: %d of %d members diverged before %g", (int)failed,
                   (int)f->n, gm_ensemble_time(f->e));
  for (int32_t m = 0; m < f->n; m++) {
    f->ancestor[m] = m;
    if (!GM_MEMBER_FAILED(status[m])) continue;
    while (GM_MEMBER_FAILED(status[next])) next = (next + 1) % f->n;
    f->ancestor[m] = next;
    next = (next + 1) % f->n;
  }
  gm_status s = gm__filter_select(f, ctx, f->ancestor);
  return s ? s : gm_ensemble_observe(f->e, ctx, f->y);
}

gm_status gm__kalman_wait(gm_filter *f, gm_ctx *ctx)
{
  double gained = 0;
  for (int32_t i = 0; i < f->d; i++) gained += f->drift[i];
  if (!(gained > 0)) return GM_OK;
  gm_status s = gm__kalman_gather(f, ctx);
  if (s) return s;
  gm__kalman_center(f, 0);
  s = gm__kalman_sigma(f, ctx, 0);
  return s ? s : gm__kalman_scatter(f, ctx);
}

gm_status gm__kalman_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                          gm_filter_news *news)
{
  kalman *k = f->kalman;
  gm_status s = replace_failed(f, ctx);
  if (!s) s = measure_room(f, ctx, count);
  for (int32_t i = 0; i < count && !s; i++) {
    k->voice[i] = -1;
    if (f->s->sensor[r[i].sensor].memory > 0) colour_go(f, &r[i], i);
    s = measure(f, ctx, &r[i], i);
  }
  if (!s) s = gm__kalman_gather(f, ctx);
  if (s) return s;
  if (f->o.adaptive > 0 && f->o.kind != GM_FILTER_UKF) spread_adapt(f, count);
  gm__kalman_center(f, count);
  s = gm__kalman_innovation(f, ctx, count, news);
  if (!s) law_tell(f, r, count);
  if (!s) s = analyse(f, ctx, r, count);
  if (s) return s;
  if (f->o.inflation != 1 && f->o.kind != GM_FILTER_UKF)
    spread_rows(f, k->nv, k->v, f->o.inflation);
  news->ess = f->n;
  return gm__kalman_scatter(f, ctx);
}
