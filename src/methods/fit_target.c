/* fit_target.c - a system as the target of calibration, as the objective of profiles, as moments
 * for information, and as a function of the unit cube. */
#include "gemel/math.h"
#include "methods/fit.h"
#include "methods/fit_slopes.h"
#include <math.h>
#include <string.h>

/* Most outputs that one batch of runs holds: 64 MB. */
enum { BATCH_VALUES = 1 << 23 };

struct gm_fit_target {
  const gm_system *s;
  gm_target t;
  int32_t particles, worker_count, time_count, np, ny;
  uint64_t replicate;
  bool stochastic;
  double *time;       /* [time_count] of the readings */
  double *observed;   /* [reading_count] */
  gm__swarm **swarm;  /* [worker_count] */
  gm__slopes *slopes; /* NULL: no tangents */
};

/* ---- runs of a batch ------------------------------------------------------------------------- */
/* Outputs of n points at the times of the readings. */
typedef struct {
  double *y, *theta, *work, *residual, *residual_t;
  int8_t *status;
  double *block;
} runs;

static void runs_free(runs *r)
{
  gm_free(r->block);
  gm_free(r->status);
}

static gm_status runs_new(const gm_fit_target *t, gm_ctx *ctx, int32_t n, runs *r)
{
  ptrdiff_t k = t->s->sensor_count, values = (ptrdiff_t)t->time_count * t->ny;
  r->block = gm_alloc(ctx, n * (values + t->np + 1 + k) + k, sizeof *r->block);
  r->status = gm_alloc(ctx, n, 1);
  if (!r->block || !r->status) {
    runs_free(r);
    return gm_fail(ctx, GM_ENOMEM, "%d runs of a fit", (int)n);
  }
  r->y = r->block;
  r->theta = r->y + n * values;
  r->work = r->theta + (ptrdiff_t)n * t->np;
  r->residual = r->work + n;
  r->residual_t = r->residual + n * k;
  return GM_OK;
}

static int32_t batch_max(const gm_fit_target *t)
{
  int64_t values = (int64_t)t->time_count * t->ny + t->np + 1;
  int64_t most = BATCH_VALUES / values;
  return most < 1 ? 1 : most > INT32_MAX ? INT32_MAX : (int32_t)most;
}

typedef gm_status point_reader(const gm_fit_target *t, gm_ctx *ctx, const runs *r, int32_t first,
                               int32_t n, const double *z, const uint64_t *replicate, void *user);

/* Runs n points batch by batch and has each batch read. */
static gm_status run_points(const gm_fit_target *t, gm_ctx *ctx, int32_t n, const double *z,
                            const uint64_t *replicate, point_reader *reader, void *user)
{
  const gm_system *s = t->s;
  int32_t most = batch_max(t), room = n < most ? n : most;
  gm_status st = GM_OK;
  runs r;
  uint64_t *number = gm_alloc(ctx, room, sizeof *number);
  if (!number) return gm_fail(ctx, GM_ENOMEM, "%d runs of a fit", (int)n);
  st = runs_new(t, ctx, room, &r);
  if (st) {
    gm_free(number);
    return st;
  }
  for (int32_t first = 0; first < n && !st; first += room) {
    int32_t count = n - first < room ? n - first : room;
    const double *from = z + (ptrdiff_t)first * s->unknown_count;
    for (int32_t m = 0; m < count; m++)
      number[m] = gm_hash64(t->replicate, replicate ? replicate[first + m] : 0);
    st = gm_system_simulate(s, ctx, count, from, number, t->time, t->time_count, r.y, r.status);
    if (st) break;
    gm_system_theta(s, count, from, r.theta);
    st = reader(t, ctx, &r, first, count, from, replicate ? replicate + first : NULL, user);
  }
  runs_free(&r);
  gm_free(number);
  return st;
}

/* ---- likelihood ------------------------------------------------------------------------------ */
static gm_status read_loglik(const gm_fit_target *t, gm_ctx *ctx, const runs *r, int32_t first,
                             int32_t n, const double *z, const uint64_t *replicate, void *user)
{
  double *out = (double *)user + first;
  gm__fit_memory memory = {r->residual, r->residual_t};
  (void)ctx;
  (void)z;
  (void)replicate;
  gm__fit_weigh_all(t->s, t->s->reading, t->s->reading_count, n, r->y, t->time_count, r->theta,
                    &memory, r->work, out);
  for (int32_t m = 0; m < n; m++)
    if (GM_MEMBER_FAILED(r->status[m])) out[m] = -INFINITY;
  return GM_OK;
}

static gm_status target_loglik(void *user, gm_ctx *ctx, int32_t n, const double *z,
                               const uint64_t *replicate, double *out)
{
  gm_fit_target *t = user;
  if (t->stochastic)
    return gm__fit_loglik(t->s, ctx, t->swarm, t->particles, t->replicate, n, z, replicate, out);
  return run_points(t, ctx, n, z, NULL, read_loglik, out);
}

/* ---- residuals ------------------------------------------------------------------------------- */
static double sd_of(const gm_sensor *o, const double *theta, ptrdiff_t psx)
{
  return o->parameter0 >= 0 ? theta[o->parameter0 * psx] : o->p0;
}

static gm_status read_residual(const gm_fit_target *t, gm_ctx *ctx, const runs *r, int32_t first,
                               int32_t n, const double *z, const uint64_t *replicate, void *user)
{
  const gm_system *s = t->s;
  double *out = (double *)user + (ptrdiff_t)first * s->reading_count;
  (void)ctx;
  (void)z;
  (void)replicate;
  for (int32_t m = 0; m < n; m++)
    for (int32_t i = 0, at = 0; i < s->reading_count; i++) {
      if (i && s->reading[i].t > s->reading[i - 1].t) at++;
      const gm_sensor *o = &s->sensor[s->reading[i].sensor];
      double f = r->y[((ptrdiff_t)m * t->time_count + at) * t->ny + o->output];
      double value = s->reading[i].value, sd = sd_of(o, r->theta + m, n);
      bool logs = o->law == GM_SENSE_LOGNORMAL;
      double e = logs ? log(value) - (f > 0 ? log(f) : NAN) : value - f;
      out[(ptrdiff_t)m * s->reading_count + i] =
          GM_MEMBER_FAILED(r->status[m]) || !isfinite(e) ? NAN : e / sd;
    }
  return GM_OK;
}

static gm_status target_residual(void *user, gm_ctx *ctx, int32_t n, const double *z, double *r,
                                 double *jac)
{
  const gm_fit_target *t = user;
  if (jac && t->slopes) return gm__slopes_jacobian(t->slopes, ctx, n, z, r, jac);
  if (jac) return gm_fail(ctx, GM_EUNSUPPORTED, "fit: residuals without a jacobian");
  return run_points(user, ctx, n, z, NULL, read_residual, r);
}

static bool is_unknown(const gm_system *s, int32_t parameter)
{
  for (int32_t d = 0; d < s->unknown_count; d++)
    if (s->unknown[d].parameter == parameter) return true;
  return false;
}

static bool switches_parameters(const gm_system *s)
{
  for (int32_t i = 0; s->drive && i < s->drive->edge_count; i++)
    if (s->drive->edge[i].kind == GM_EDGE_PARAMETER) return true;
  return false;
}

/* Is the log-likelihood a constant less half the sum of squares? The sds must not move. */
static bool has_constant_sd(const gm_system *s, const gm_sensor *o)
{
  bool normal = o->law == GM_SENSE_NORMAL && o->p1 == 0 && o->parameter1 < 0;
  if (!normal && o->law != GM_SENSE_LOGNORMAL) return false;
  if (o->memory > 0) return false;
  if (o->parameter0 < 0) return o->p0 > 0;
  return !is_unknown(s, o->parameter0) && !switches_parameters(s);
}

static bool has_residuals(const gm_system *s)
{
  for (int32_t i = 0; i < s->sensor_count; i++)
    if (!has_constant_sd(s, &s->sensor[i])) return false;
  for (int32_t i = 0; i < s->reading_count; i++) {
    const gm_reading *r = &s->reading[i];
    if (r->censored || (s->sensor[r->sensor].law == GM_SENSE_LOGNORMAL && !(r->value > 0)))
      return false;
  }
  return true;
}

/* ---- derivatives ----------------------------------------------------------------------------- */
static gm_status target_gradient(void *user, gm_ctx *ctx, int32_t n, const double *z, double *ll,
                                 double *g)
{
  const gm_fit_target *t = user;
  return gm__slopes_gradient(t->slopes, ctx, n, z, ll, g);
}

/* -(L L')^-1 z, L the prior's factor. */
static void target_prior_gradient(void *user, const double *z, double *g)
{
  const gm_system *s = ((gm_fit_target *)user)->s;
  const int32_t d = s->unknown_count;
  const double *l = s->prior_factor;
  for (int32_t i = 0; i < d; i++) {
    g[i] = -z[i];
    for (int32_t j = 0; l && j < i; j++) g[i] -= l[(ptrdiff_t)i * d + j] * g[j];
    if (l) g[i] /= l[(ptrdiff_t)i * d + i];
  }
  for (int32_t i = d - 1; l && i >= 0; i--) {
    for (int32_t j = i + 1; j < d; j++) g[i] -= l[(ptrdiff_t)j * d + i] * g[j];
    g[i] /= l[(ptrdiff_t)i * d + i];
  }
}

/* ---- simulated data -------------------------------------------------------------------------- */
static bool can_simulate(const gm_system *s)
{
  for (int32_t i = 0; i < s->sensor_count; i++)
    if (s->sensor[i].memory > 0) return false;
  for (int32_t i = 0; i < s->reading_count; i++)
    if (s->reading[i].censored) return false;
  return !switches_parameters(s);
}

static gm_status read_data(const gm_fit_target *t, gm_ctx *ctx, const runs *r, int32_t first,
                           int32_t n, const double *z, const uint64_t *replicate, void *user)
{
  const gm_system *s = t->s;
  double *out = (double *)user + (ptrdiff_t)first * s->reading_count;
  (void)ctx;
  (void)z;
  for (int32_t m = 0; m < n; m++) {
    uint64_t number = gm_hash64(t->replicate, replicate ? replicate[m] : 0);
    gm_key key = gm_system_key(s, GM_PURPOSE_MEASUREMENT, number);
    for (int32_t i = 0, at = 0; i < s->reading_count; i++) {
      if (i && s->reading[i].t > s->reading[i - 1].t) at++;
      const double *y = r->y + ((ptrdiff_t)m * t->time_count + at) * t->ny;
      out[(ptrdiff_t)m * s->reading_count + i] =
          GM_MEMBER_FAILED(r->status[m]) ? NAN
                                         : gm_sense_draw(&s->sensor[s->reading[i].sensor], y,
                                                         r->theta + m, n, key, 0, (uint64_t)i);
    }
  }
  return GM_OK;
}

static gm_status target_simulate(void *user, gm_ctx *ctx, int32_t n, const double *z,
                                 const uint64_t *replicate, double *summary)
{
  return run_points(user, ctx, n, z, replicate, read_data, summary);
}

/* ---- prior ----------------------------------------------------------------------------------- */
static double target_prior(void *user, const double *z)
{
  return gm_system_log_prior(((gm_fit_target *)user)->s, z);
}

static void target_draw(void *user, gm_key key, uint64_t slot, double *z)
{
  key.v[3] = gm_hash64(key.v[3], slot);
  gm_system_prior_draw(((gm_fit_target *)user)->s, key, 1, z);
}

/* ---- making ---------------------------------------------------------------------------------- */
static void rungs(gm_fit_target *t)
{
  const gm_system *s = t->s;
  t->t = (gm_target){.dim = s->unknown_count,
                     .loglik = target_loglik,
                     .log_prior = target_prior,
                     .prior_draw = target_draw,
                     .noisy = t->stochastic,
                     .user = t};
  if (!t->stochastic && has_residuals(s)) {
    t->t.residual = target_residual;
    t->t.residual_count = s->reading_count;
    t->t.no_jacobian = !t->slopes;
  }
  if (t->slopes) {
    t->t.gradient = target_gradient;
    t->t.log_prior_gradient = target_prior_gradient;
  }
  if (can_simulate(s)) {
    t->t.simulate = target_simulate;
    t->t.summary_count = s->reading_count;
    t->t.observed = t->observed;
  }
}

static gm_status directions_check(gm_ctx *ctx, const gm_model_info *info, int32_t directions)
{
  if (directions < 0)
    return gm_fail(ctx, GM_ERANGE, "fit: %d directions, expected 0 or more", (int)directions);
  if (directions && !(info->flags & GM_MODEL_TANGENTS))
    return gm_fail(ctx, GM_EUNSUPPORTED, "fit: model %s has no tangents; directions 0",
                   info->name ? info->name : "");
  return GM_OK;
}

gm_status gm_fit_target_new(gm_ctx *ctx, const gm_system *s, const gm_fit_options *options,
                            gm_fit_target **out)
{
  gm_fit_options o = options ? *options : (gm_fit_options){0};
  gm_status st = gm__fit_check(ctx, s, "fit");
  if (st) return st;
  if (o.particles == 0) o.particles = 1000;
  if (o.particles < 2)
    return gm_fail(ctx, GM_ERANGE, "fit: %d particles, expected 2 or more", (int)o.particles);
  gm_model_info info;
  gm_model_get_info(s->model, &info);
  st = directions_check(ctx, &info, o.directions);
  if (st) return st;
  gm_fit_target *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "target of a fit");
  t->s = s;
  t->particles = o.particles;
  t->replicate = o.replicate;
  t->worker_count = gm_pool_workers(s->pool);
  t->np = info.parameter_count;
  t->ny = info.output_count;
  t->stochastic = info.flags & GM_MODEL_STOCHASTIC;
  t->time = gm_alloc(ctx, s->reading_count, sizeof *t->time);
  t->observed = gm_alloc(ctx, s->reading_count, sizeof *t->observed);
  t->swarm = gm_alloc(ctx, t->worker_count, sizeof(gm__swarm *));
  if (!t->time || !t->observed || !t->swarm) {
    gm_fit_target_free(t);
    return gm_fail(ctx, GM_ENOMEM, "target of a fit");
  }
  t->time_count = gm__fit_times(s->reading, s->reading_count, t->time);
  for (int32_t i = 0; i < s->reading_count; i++) t->observed[i] = s->reading[i].value;
  if (o.directions && !t->stochastic && gm__slopes_possible(s))
    st = gm__slopes_new(ctx, s, o.directions, t->time_count, t->time, &t->slopes);
  if (st) {
    gm_fit_target_free(t);
    return st;
  }
  rungs(t);
  *out = t;
  return GM_OK;
}

void gm_fit_target_free(gm_fit_target *t)
{
  if (!t) return;
  for (int32_t i = 0; t->swarm && i < t->worker_count; i++) gm__swarm_free(t->swarm[i]);
  gm__slopes_free(t->slopes);
  gm_free(t->swarm);
  gm_free(t->time);
  gm_free(t->observed);
  gm_free(t);
}

const gm_target *gm_fit_target_get(const gm_fit_target *t) { return &t->t; }

/* ---- objective and moments ------------------------------------------------------------------- */
static gm_status objective_eval(void *user, gm_ctx *ctx, int32_t n, const double *z,
                                const uint64_t *key, double *value)
{
  gm_status st = target_loglik(user, ctx, n, z, key, value);
  for (int32_t m = 0; m < n && !st; m++) value[m] = -value[m];
  return st;
}

gm_objective gm_fit_objective(const gm_fit_target *t)
{
  return (gm_objective){.dim = t->t.dim, .eval = objective_eval, .user = t->t.user};
}

typedef struct {
  double *mean, *variance;
} moments;

static gm_status read_moments(const gm_fit_target *t, gm_ctx *ctx, const runs *r, int32_t first,
                              int32_t n, const double *z, const uint64_t *replicate, void *user)
{
  const gm_system *s = t->s;
  const moments *to = user;
  (void)ctx;
  (void)z;
  (void)replicate;
  for (int32_t m = 0; m < n; m++)
    for (int32_t i = 0, at = 0; i < s->reading_count; i++) {
      if (i && s->reading[i].t > s->reading[i - 1].t) at++;
      ptrdiff_t place = (ptrdiff_t)(first + m) * s->reading_count + i;
      gm_sense_moments(&s->sensor[s->reading[i].sensor],
                       r->y + ((ptrdiff_t)m * t->time_count + at) * t->ny, r->theta + m, n,
                       &to->mean[place], &to->variance[place]);
    }
  return GM_OK;
}

static gm_status moments_eval(void *user, gm_ctx *ctx, int32_t n, const double *z, double *mean,
                              double *variance)
{
  moments to = {mean, variance};
  return run_points(user, ctx, n, z, NULL, read_moments, &to);
}

gm_status gm_fit_moments(gm_ctx *ctx, const gm_fit_target *t, gm_moments *out)
{
  const gm_system *s = t->s;
  bool all_normal = true;
  if (t->stochastic || !can_simulate(s))
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "fit: moments need a model without chance, sensors without memory, data that "
                   "are not censored, and parameters that nothing switches");
  for (int32_t i = 0; i < s->sensor_count; i++) {
    if (s->sensor[i].law == GM_SENSE_OWN)
      return gm_fail(ctx, GM_EUNSUPPORTED, "fit: a sensor's own law has no moments");
    all_normal = all_normal && s->sensor[i].law == GM_SENSE_NORMAL;
  }
  *out = (gm_moments){.dim = t->t.dim,
                      .output_count = s->reading_count,
                      .eval = moments_eval,
                      .user = t->t.user,
                      .variance_informs = all_normal};
  return GM_OK;
}

/* ---- a function of the unit cube ------------------------------------------------------------- */
struct gm_fit_function {
  const gm_system *s;
  gm_function f;
  int32_t ny, output_count, time_count;
  int32_t *output;
  double *time;
};

/* Coordinates at cumulative prior u: independent quantiles, then the prior's coupling. */
static void from_cube(const gm_system *s, int32_t n, const double *u, double *z)
{
  const int32_t d = s->unknown_count;
  for (int32_t m = 0; m < n; m++) {
    double *to = z + (ptrdiff_t)m * d;
    for (int32_t i = 0; i < d; i++)
      to[i] = fmin(fmax(gm_norm_quantile(u[(ptrdiff_t)m * d + i]), -8.2), 8.2);
    for (int32_t i = d - 1; s->prior_factor && i >= 0; i--) {
      const double *row = s->prior_factor + (ptrdiff_t)i * d;
      double sum = 0;
      for (int32_t j = 0; j <= i; j++) sum += row[j] * to[j];
      to[i] = sum;
    }
  }
}

static void pick(const gm_fit_function *f, int32_t n, const double *y, double *out)
{
  for (ptrdiff_t k = 0; k < (ptrdiff_t)n * f->time_count; k++)
    for (int32_t o = 0; o < f->output_count; o++)
      out[k * f->output_count + o] = y[k * f->ny + f->output[o]];
}

static gm_status function_eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                               const uint64_t *replicate, double *y)
{
  const gm_fit_function *f = user;
  const gm_system *s = f->s;
  ptrdiff_t values = (ptrdiff_t)f->time_count * f->ny, d = s->unknown_count;
  int64_t most = BATCH_VALUES / (values + d);
  int32_t room = most < 1 ? 1 : n < most ? n : (int32_t)most;
  double *all = gm_alloc(ctx, room * (values + d), sizeof *all);
  uint64_t *same = gm_alloc(ctx, replicate ? 0 : room, sizeof *same);
  gm_status st = all && same ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d runs", (int)n);
  for (int32_t first = 0; first < n && !st; first += room) {
    int32_t count = n - first < room ? n - first : room;
    double *z = all + room * values;
    from_cube(s, count, u + first * d, z);
    st = gm_system_simulate(s, ctx, count, z, replicate ? replicate + first : same, f->time,
                            f->time_count, all, NULL);
    if (!st) pick(f, count, all, y + (ptrdiff_t)first * f->time_count * f->output_count);
  }
  gm_free(all);
  gm_free(same);
  return st;
}

static gm_status function_check(gm_ctx *ctx, const gm_system *s, int32_t output_count,
                                const int32_t *output, int32_t time_count, const double *time)
{
  int32_t ny;
  gm_status st = gm_system_check(ctx, s);
  if (st) return st;
  (void)gm_model_table(s->model, GM_TABLE_OUTPUT, &ny);
  if (s->unknown_count < 1 || output_count < 1 || time_count < 1)
    return gm_fail(ctx, GM_EINVAL, "function: %d unknowns, %d outputs, %d times; 1 of each needed",
                   (int)s->unknown_count, (int)output_count, (int)time_count);
  for (int32_t i = 0; i < output_count; i++)
    if (output[i] < 0 || output[i] >= ny)
      return gm_fail(ctx, GM_EINVAL, "function: output %d of a model that has %d", (int)output[i],
                     (int)ny);
  for (int32_t i = 0; i < time_count; i++)
    if (!(time[i] >= s->t0 && isfinite(time[i])) || (i && time[i] < time[i - 1]))
      return gm_fail(ctx, GM_EINVAL, "function: time %g, expected in order, not before %g", time[i],
                     s->t0);
  return GM_OK;
}

gm_status gm_fit_function_new(gm_ctx *ctx, const gm_system *s, int32_t output_count,
                              const int32_t *output, int32_t time_count, const double *time,
                              gm_fit_function **out)
{
  gm_status st = function_check(ctx, s, output_count, output, time_count, time);
  if (st) return st;
  gm_model_info info;
  gm_model_get_info(s->model, &info);
  gm_fit_function *f = gm_alloc(ctx, 1, sizeof *f);
  if (!f) return gm_fail(ctx, GM_ENOMEM, "function");
  *f = (gm_fit_function){
      .s = s, .ny = info.output_count, .output_count = output_count, .time_count = time_count};
  f->output = gm_alloc(ctx, output_count, sizeof *f->output);
  f->time = gm_alloc(ctx, time_count, sizeof *f->time);
  if (!f->output || !f->time) {
    gm_fit_function_free(f);
    return gm_fail(ctx, GM_ENOMEM, "function");
  }
  memcpy(f->output, output, (size_t)output_count * sizeof *output);
  memcpy(f->time, time, (size_t)time_count * sizeof *time);
  f->f = (gm_function){.dim = s->unknown_count,
                       .output_count = output_count * time_count,
                       .eval = function_eval,
                       .user = f,
                       .noisy = info.flags & GM_MODEL_STOCHASTIC};
  *out = f;
  return GM_OK;
}

void gm_fit_function_free(gm_fit_function *f)
{
  if (!f) return;
  gm_free(f->output);
  gm_free(f->time);
  gm_free(f);
}

const gm_function *gm_fit_function_get(const gm_fit_function *f) { return &f->f; }
