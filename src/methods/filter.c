/* filter.c - the life of a filter: members of the prior, steps, news, restart. */
#include "methods/filter_rows.h"
#include "methods/kalman.h"
#include "methods/sense_many.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static bool is_particle(const gm_filter *f)
{
  return f->o.kind == GM_FILTER_PARTICLE || f->o.kind == GM_FILTER_GUIDED;
}

/* ---- making and ending ----------------------------------------------------------------------- */
static void defaults_set(gm_filter_options *o, bool particle)
{
  if (o->members == 0) o->members = particle ? 1000 : 50;
  if (o->ess_least == 0) o->ess_least = 0.5;
  if (o->inflation == 0) o->inflation = 1;
  if (o->liu_west == 0) o->liu_west = 0.98;
}

static gm_status options_take(gm_filter *f, gm_ctx *ctx, const gm_filter_options *options)
{
  if (options) f->o = *options;
  gm_filter_options *o = &f->o;
  defaults_set(o, is_particle(f));
  if (o->members < 2)
    return gm_fail(ctx, GM_ERANGE, "filter: %d members, expected 2 or more", (int)o->members);
  if (!(o->ess_least > 0 && o->ess_least <= 1))
    return gm_fail(ctx, GM_ERANGE, "filter: ess_least %g, expected in (0, 1]", o->ess_least);
  if (!(o->liu_west > 0.5 && o->liu_west <= 1))
    return gm_fail(ctx, GM_ERANGE, "filter: discount %g, expected in (0.5, 1]", o->liu_west);
  if (!(o->state_kernel >= 0 && isfinite(o->state_kernel)))
    return gm_fail(ctx, GM_ERANGE, "filter: a kernel on states of %g bandwidths, expected >= 0",
                   o->state_kernel);
  if (!(o->reach >= 0 && isfinite(o->reach)))
    return gm_fail(ctx, GM_ERANGE, "filter: sigma points at %g sd, expected >= 0", o->reach);
  if (!(o->inflation > 0 && isfinite(o->inflation)))
    return gm_fail(ctx, GM_ERANGE, "filter: inflation %g, expected > 0", o->inflation);
  return gm__states_check(f, ctx);
}

static gm_status members_new(gm_filter *f, gm_ctx *ctx)
{
  for (int32_t i = 0; i < f->s->sensor_count; i++)
    f->colours = f->colours || f->s->sensor[i].memory > 0;
  ptrdiff_t n = f->n, wide = f->d > f->s->sensor_count ? f->d : f->s->sensor_count;
  f->z = gm_alloc(ctx, n * f->d, sizeof *f->z);
  f->weight = gm_alloc(ctx, n, sizeof *f->weight);
  f->residual = gm_alloc(ctx, n * f->s->sensor_count, sizeof *f->residual);
  f->residual_t = gm_alloc(ctx, f->s->sensor_count, sizeof *f->residual_t);
  f->drift = gm_alloc(ctx, f->d, sizeof *f->drift);
  f->y = gm_alloc(ctx, n * f->info.output_count, sizeof *f->y);
  f->lp = gm_alloc(ctx, n, sizeof *f->lp);
  f->lookahead = gm_alloc(ctx, n, sizeof *f->lookahead);
  f->ancestor = gm_alloc(ctx, 3 * n, sizeof *f->ancestor);
  f->take = gm_alloc(ctx, n * wide, sizeof *f->take);
  if (!f->z || !f->weight || !f->residual || !f->residual_t || !f->drift || !f->y || !f->lp ||
      !f->lookahead || !f->ancestor || !f->take)
    return gm_fail(ctx, GM_ENOMEM, "members of a filter");
  return gm_ensemble_new(ctx, f->s->model, f->s->pool, f->n, &f->e);
}

/* Members of the prior at t0, drawn for round `round` of the filter. */
static gm_status members_begin(gm_filter *f, gm_ctx *ctx, uint64_t round)
{
  gm_key prior = gm_system_key(f->s, GM_PURPOSE_PRIOR, gm_hash64(f->o.replicate, round));
  gm_key inside = gm_system_key(f->s, GM_PURPOSE_INTRINSIC, gm_hash64(f->o.replicate, round));
  gm_system_prior_draw(f->s, prior, f->n, f->z);
  gm_ensemble_seat(f->e, inside, 0);
  gm__filter_theta(f);
  gm_status s = gm_ensemble_init(f->e, ctx, f->s->t0);
  for (int32_t m = 0; m < f->n; m++) f->weight[m] = 1.0 / f->n;
  memset(f->drift, 0, (size_t)f->d * sizeof *f->drift);
  if (f->o.kind == GM_FILTER_UKF) {
    gm__kalman_sigma_begin(f);
    gm__filter_theta(f);
    s = gm_ensemble_init(f->e, ctx, f->s->t0);
  }
  for (ptrdiff_t i = 0; i < (ptrdiff_t)f->n * f->s->sensor_count; i++) f->residual[i] = NAN;
  f->edge = 0;
  return s;
}

gm_status gm_filter_new(gm_ctx *ctx, const gm_system *s, const gm_filter_options *options,
                        gm_filter **out)
{
  gm_filter *f = gm_alloc(ctx, 1, sizeof *f);
  if (!f) return gm_fail(ctx, GM_ENOMEM, "filter");
  f->ctx = ctx;
  f->s = s;
  f->d = s->unknown_count;
  gm_status st = gm_system_check(ctx, s);
  if (!st) gm_model_get_info(s->model, &f->info);
  if (!st) st = options_take(f, ctx, options);
  f->n = f->o.members;
  if (!st && !is_particle(f)) st = gm__kalman_new(f, ctx);
  if (!st) st = gm_alarm_start(ctx, &f->o.alarm, &f->alarm);
  if (!st) st = members_new(f, ctx);
  f->key = gm_system_key(s, GM_PURPOSE_RESAMPLE, f->o.replicate);
  if (!st && f->o.keep_history) st = gm__history_new(f, ctx);
  if (!st && f->o.rejuvenate == GM_REJUVENATE_MOVE) st = gm__move_new(f, ctx);
  if (!st) st = members_begin(f, ctx, 0);
  if (st) {
    gm_filter_free(f);
    return st;
  }
  *out = f;
  return GM_OK;
}

void gm_filter_free(gm_filter *f)
{
  if (!f) return;
  gm__kalman_free(f);
  gm__history_free(f);
  gm__move_free(f);
  gm_ensemble_free(f->e);
  gm_free(f->z);
  gm_free(f->weight);
  gm_free(f->residual);
  gm_free(f->residual_t);
  gm_free(f->drift);
  gm_free(f->y);
  gm_free(f->lp);
  gm_free(f->lookahead);
  gm_free(f->ancestor);
  gm_free(f->take);
  gm_free(f->news_mean);
  gm_free(f->news_sd);
  gm_free(f->news_pit);
  gm_free(f);
}

gm_ensemble *gm_filter_ensemble(gm_filter *f) { return f->e; }
const double *gm_filter_weight(const gm_filter *f) { return f->weight; }
const double *gm_filter_coordinate(const gm_filter *f) { return f->z; }
const gm_alarm *gm_filter_alarm(const gm_filter *f) { return &f->alarm; }
void gm_filter_alarm_clear(gm_filter *f) { gm_alarm_clear(&f->alarm); }
double gm_filter_loglik(const gm_filter *f) { return f->loglik; }

/* ---- what all kinds share -------------------------------------------------------------------- */
void gm__filter_theta(gm_filter *f) { gm_system_theta(f->s, f->n, f->z, gm_ensemble_theta(f->e)); }

void gm__filter_unknowns(gm_filter *f)
{
  double *theta = gm_ensemble_theta(f->e);
  for (int32_t d = 0; d < f->d; d++)
    gm_unknown_values(&f->s->unknown[d], f->n, f->z + d, f->d,
                      theta + (ptrdiff_t)f->s->unknown[d].parameter * f->n);
}

/* Unknowns over dt: z becomes rho z + sd e. Sigma points carry the noise as a variance that the
 * next analysis adds. */
static void drift(gm_filter *f, double dt)
{
  gm_key key = gm_system_key(f->s, GM_PURPOSE_MOVE, f->o.replicate);
  const uint64_t *slot = gm_ensemble_slot(f->e);
  const bool sigma = f->o.kind == GM_FILTER_UKF;
  bool any = false;
  for (int32_t d = 0; d < f->d; d++) {
    const gm_unknown *u = &f->s->unknown[d];
    double rho = u->memory > 0 ? exp(-dt / u->memory) : 1;
    double sd = u->memory > 0 ? sqrt(-expm1(-2 * dt / u->memory)) : u->drift * sqrt(dt);
    if (sigma) f->drift[d] = rho * rho * f->drift[d] + sd * sd;
    if (!(sd > 0) || (sigma && rho == 1)) continue;
    any = true;
    for (int32_t m = 0; m < f->n; m++) {
      double *z = &f->z[(ptrdiff_t)m * f->d + d];
      double e = sigma ? 0 : gm_normal(key, slot[m], (uint64_t)d, gm_kind_draw(1, 0), f->step);
      *z = rho * *z + sd * e;
    }
  }
  if (any) gm__filter_unknowns(f);
}

gm_status gm__filter_advance(gm_filter *f, gm_ctx *ctx, double t)
{
  double now = gm_ensemble_time(f->e);
  gm_drive part = {0};
  if (f->s->drive) {
    int32_t end = f->edge;
    while (end < f->s->drive->edge_count && f->s->drive->edge[end].t <= t) end++;
    part = (gm_drive){f->s->drive->edge + f->edge, end - f->edge};
    f->edge = end;
  }
  if (t > now) drift(f, t - now);
  return gm_ensemble_advance(f->e, ctx, t, &part, NULL, NULL, 0, NULL);
}

double gm__filter_ess(const gm_filter *f)
{
  double sum = gm__row_dot(f->n, f->weight, f->weight);
  return sum > 0 ? 1 / sum : 0;
}

void gm_filter_edges_dropped(gm_filter *f, int32_t count)
{
  assert(count <= f->edge);
  f->edge -= count;
}

gm_status gm__filter_select(gm_filter *f, gm_ctx *ctx, const int32_t *ancestor)
{
  gm_status s = gm_ensemble_select(f->e, f->e, ctx, ancestor, ++f->generation, false);
  if (s) return s;
  gm__history_select(f, ancestor);
  const ptrdiff_t d = f->d, k = f->s->sensor_count;
  for (int32_t m = 0; m < f->n && (d || f->colours); m++) {
    const int32_t a = ancestor[m];
    if (a == m) continue;
    memcpy(f->z + m * d, f->z + a * d, (size_t)d * sizeof *f->z);
    memcpy(f->residual + m * k, f->residual + a * k, (size_t)k * sizeof *f->residual);
  }
  for (int32_t m = 0; m < f->n; m++) f->weight[m] = 1.0 / f->n;
  return GM_OK;
}

/* ---- what was predicted ---------------------------------------------------------------------- */
static gm_status news_room(gm_filter *f, gm_ctx *ctx, int32_t count)
{
  if (count <= f->news_room) return GM_OK;
  double **a[] = {&f->news_mean, &f->news_sd, &f->news_pit};
  for (int i = 0; i < 3; i++) {
    double *more = gm_alloc(ctx, count, sizeof *more);
    if (!more) return gm_fail(ctx, GM_ENOMEM, "news of a filter");
    gm_free(*a[i]);
    *a[i] = more;
  }
  f->news_room = count;
  return GM_OK;
}

/* P(Y <= y) and P(Y < y) of the mixture, by at most PIT_MEMBERS members chosen by weight
 * (systematically): the alarm needs no more, and a distribution function costs much. */
static double pit_of(gm_filter *f, const gm_reading *r, int32_t i)
{
  enum { PIT_MEMBERS = 256, SKIP = 64 };
  const gm_sensor *o = &f->s->sensor[r->sensor];
  const double *theta = gm_ensemble_theta(f->e);
  const int32_t ny = f->info.output_count, count = f->n < PIT_MEMBERS ? f->n : PIT_MEMBERS;
  double upto = 0, under = 0, all = 0, at = 0.5 / count, sum = 0;
  for (int32_t m = 0, taken = 0; m < f->n && taken < count; m++) {
    int32_t times = 0;
    if (m % SKIP == 0 && m + SKIP <= f->n) { /* is none of these chosen? */
      double upon = sum + gm__row_sum(SKIP, f->weight + m);
      if (at >= upon) {
        sum = upon;
        m += SKIP - 1;
        continue;
      }
    }
    for (sum += f->weight[m]; taken < count && at < sum; at += 1.0 / count, taken++) times++;
    const double *y = f->y + (ptrdiff_t)m * ny;
    double below;
    if (!times || !isfinite(y[o->output])) continue;
    upto += times * gm_sense_cdf(o, y, theta + m, f->n, r->value, &below);
    under += times * below;
    all += times;
  }
  double u = gm_uniform(f->key, 0, (uint64_t)i, gm_kind_draw(2, 0), f->step);
  return (under + u * (upto - under)) / all;
}

/* Mean and sd of the mixture of the members' laws of one reading. */
static void predict_one(gm_filter *f, const gm_reading *r, int32_t i)
{
  enum { PART = 256 };
  const gm_sensor *o = &f->s->sensor[r->sensor];
  const double *theta = gm_ensemble_theta(f->e);
  const ptrdiff_t ny = f->info.output_count;
  double mean[PART], variance[PART], y[PART], a = 0, square = 0, weight = 0;
  for (int32_t m = 0; m < f->n; m += PART) {
    const int32_t count = f->n - m < PART ? f->n - m : PART;
    gm__sense_moments_many(o, count, f->y + m * ny, ny, theta + m, f->n, mean, variance);
    for (int32_t l = 0; l < count; l++) y[l] = f->y[(m + l) * ny + o->output];
    gm__mixture part = gm__row_mixture(count, f->weight + m, y, mean, variance);
    weight += part.weight;
    a += part.mean;
    square += part.square;
  }
  a /= weight;
  f->news_mean[i] = a;
  f->news_sd[i] = sqrt(fmax(0, square / weight - a * a));
  f->news_pit[i] = is_particle(f) ? pit_of(f, r, i) : gm_norm_cdf((r->value - a) / f->news_sd[i]);
}

gm_status gm__filter_predict(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                             gm_filter_news *news)
{
  gm_status s = news_room(f, ctx, count);
  if (s) return s;
  for (int32_t i = 0; i < count; i++) predict_one(f, &r[i], i);
  news->count = count;
  news->mean = f->news_mean;
  news->sd = f->news_sd;
  news->pit = f->news_pit;
  return GM_OK;
}

/* ---- steps ----------------------------------------------------------------------------------- */
static gm_status readings_check(const gm_filter *f, gm_ctx *ctx, double t, const gm_reading *r,
                                int32_t count)
{
  double now = gm_ensemble_time(f->e);
  if (!(t >= now))
    return gm_fail(ctx, GM_EDOMAIN, "filter: a datum at %g, expected at or after %g", t, now);
  for (int32_t i = 0; i < count; i++)
    if (r[i].sensor < 0 || r[i].sensor >= f->s->sensor_count || !isfinite(r[i].value))
      return gm_fail(ctx, GM_EDOMAIN, "filter: reading %d: sensor %d, value %g", (int)i,
                     (int)r[i].sensor, r[i].value);
  return GM_OK;
}

/* One score of all data of this time, for the alarm. */
static double score_of(const gm_filter_news *news)
{
  if (isfinite(news->d2)) return gm_alarm_score(news->d2, news->dof);
  /* A squared normal score of each PIT: chi-square of count if the belief is right. */
  double d2 = 0;
  for (int32_t i = 0; i < news->count; i++) {
    double z = gm_norm_quantile(news->pit[i]);
    d2 += isnan(z) ? 67 : fmin(z * z, 67);
  }
  return gm_alarm_score(d2, news->count);
}

/* The members are at t: what was predicted, what the data make of it, the alarm. */
static gm_status take(gm_filter *f, gm_ctx *ctx, const gm_reading *reading, int32_t count,
                      gm_filter_news *news)
{
  gm_status s = gm_ensemble_observe(f->e, ctx, f->y);
  if (!s) s = gm__filter_predict(f, ctx, reading, count, news);
  if (s) return s;
  s = is_particle(f) ? gm__particle_take(f, ctx, reading, count, news)
                     : gm__kalman_take(f, ctx, reading, count, news);
  if (!s) f->loglik += news->log_predictive;
  if (s == GM_ENUMERIC) news->alarm = gm_alarm_feed(&f->alarm, gm_alarm_score(INFINITY, 1), 0);
  if (s) return s;
  news->alarm = gm_alarm_feed(&f->alarm, score_of(news), news->ess);
  news->alarm = gm_alarm_ranks(&f->alarm, news->count, news->pit);
  s = gm__move_take(f, ctx, reading, count);
  return s ? s : gm__history_take(f, ctx);
}

gm_status gm_filter_step(gm_filter *f, gm_ctx *ctx, double t, const gm_reading *reading,
                         int32_t count, gm_filter_news *news)
{
  gm_filter_news none;
  if (!news) news = &none;
  *news = (gm_filter_news){.t = t, .d2 = NAN, .alarm = f->alarm.state};
  gm_status s = readings_check(f, ctx, t, reading, count);
  if (s) return s;
  f->step++;
  s = is_particle(f) ? gm__particle_before(f, ctx, t, reading, count, news)
                     : gm__filter_advance(f, ctx, t);
  if (!s && count) s = take(f, ctx, reading, count, news);
  if (!s && !count && f->o.kind == GM_FILTER_UKF) s = gm__kalman_wait(f, ctx);
  news->failed = gm__row_failed(f->n, gm_ensemble_status(f->e));
  return s;
}

gm_status gm_filter_run(gm_filter *f, gm_ctx *ctx, gm_filter_listener *listener, void *user,
                        const gm_watch *watch, double *loglik_out)
{
  const gm_system *s = f->s;
  gm_status st = GM_OK;
  double sum = 0;
  for (int32_t i = 0; i < s->reading_count && !st;) {
    int32_t end = i + 1;
    while (end < s->reading_count && s->reading[end].t == s->reading[i].t) end++;
    gm_filter_news news;
    st = gm_filter_step(f, ctx, s->reading[i].t, s->reading + i, end - i, &news);
    if (!st) sum += news.log_predictive;
    if (!st && listener) listener(user, f, &news);
    i = end;
    gm_watch_progress(watch, "filtering", (double)i / s->reading_count);
    if (!st && i < s->reading_count && gm_watch_stop(watch))
      st = gm_fail(ctx, GM_ECANCELLED, "filter: stopped after %d of %d readings", (int)i,
                   (int)s->reading_count);
  }
  if (loglik_out) *loglik_out = st ? -INFINITY : sum;
  return st;
}

/* ---- looking at it --------------------------------------------------------------------------- */
gm_status gm_filter_output(gm_filter *f, gm_ctx *ctx, int32_t output, double *mean, double *sd)
{
  if (output < 0 || output >= f->info.output_count)
    return gm_fail(ctx, GM_EINVAL, "filter: output %d of %d", (int)output,
                   (int)f->info.output_count);
  gm_status s = gm_ensemble_observe(f->e, ctx, f->y);
  if (s) return s;
  double a = 0, b = 0, weight = 0;
  for (int32_t m = 0; m < f->n; m++) {
    double v = f->y[(ptrdiff_t)m * f->info.output_count + output], w = f->weight[m];
    if (!isfinite(v)) continue;
    weight += w;
    a += w * v;
  }
  a /= weight;
  /* sigma points whose middle one has a negative weight spread about that one */
  const double about = f->weight[0] < 0 ? f->y[output] : a;
  for (int32_t m = 0; m < f->n; m++) {
    double v = f->y[(ptrdiff_t)m * f->info.output_count + output];
    if (isfinite(v)) b += f->weight[m] * (v - about) * (v - about);
  }
  *mean = a;
  *sd = sqrt(b / weight);
  return GM_OK;
}

gm_status gm_filter_restart(gm_filter *f, gm_ctx *ctx)
{
  double now = gm_ensemble_time(f->e);
  gm_status s = members_begin(f, ctx, ++f->generation);
  gm__history_forget(f);
  gm__move_forget(f);
  if (!s) s = gm__filter_advance(f, ctx, now);
  gm_alarm_clear(&f->alarm);
  return s;
}
