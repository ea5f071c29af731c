/* forecast.c - quantiles of the outputs over the members of a belief, and how good they were. */
#include "twin/forecast.h"
#include "gemel/math.h"
#include "num/score.h"
#include "num/stats.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

const double gm_quantile_level[GM_QUANTILE_COUNT] = {0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975};

enum { PLAN_EVENTS_MAX = 100000 };

/* ---- the course ------------------------------------------------------------------------------ */
/* A share of 1e-9 of an interval forgives rounding: a dose due at now has been given. */
int32_t gm__additional_given(const gm_event *e, double t_now)
{
  if (e->additional <= 0) return 0;
  double room = floor((t_now - e->t) / e->interval + 1e-9);
  return room >= e->additional ? e->additional : room > 0 ? (int32_t)room : 0;
}

static gm_event event_until(gm_event e, double t_now)
{
  if (e.additional > 0) {
    e.additional = gm__additional_given(&e, t_now);
  }
  return e;
}

/* A plan's doses one by one, so that a sample at the time of one can come before it. */
static int32_t plan_unroll(const gm_event *plan, int32_t plan_count, gm_event *out)
{
  int32_t n = 0;
  for (int32_t i = 0; i < plan_count; i++)
    for (int32_t j = 0; j <= plan[i].additional; j++) {
      gm_event e = plan[i];
      e.t += j * e.interval;
      e.additional = 0;
      if (j > 0) e.steady = 0;
      int32_t at = n++;
      for (; at > 0 && out[at - 1].t > e.t; at--) out[at] = out[at - 1];
      out[at] = e;
    }
  for (int32_t i = 0; i < n; i++) out[i].order = 1000000 + i; /* after every record of its time */
  return n;
}

gm_status gm__course_events(gm_ctx *ctx, const gm_twin *t, const gm_event *plan, int32_t plan_count,
                            bool as_recorded, gm_event **event, int32_t *count)
{
  const gm_subject *s = t->subject;
  ptrdiff_t room = s->event_count;
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  gm_status st = as_recorded ? GM_OK : gm_schedule_check(ctx, plan, plan_count, info.input_count);
  if (st) return gm_fail_at(ctx, st, "plan");
  for (int32_t i = 0; i < plan_count && !as_recorded; i++)
    room += 1 + (ptrdiff_t)plan[i].additional;
  if (room > PLAN_EVENTS_MAX)
    return gm_fail(ctx, GM_ERANGE, "a course of %td doses; at most %d are expected", room,
                   (int)PLAN_EVENTS_MAX);
  gm_event *e = gm_alloc(ctx, room, sizeof *e);
  if (!e) return gm_fail(ctx, GM_ENOMEM, "course of %td events", room);
  int32_t n = 0;
  for (int32_t i = 0; i < s->event_count; i++) {
    if (!as_recorded && s->event[i].t > t->t_now) break;
    e[n++] = as_recorded ? s->event[i] : event_until(s->event[i], t->t_now);
  }
  if (!as_recorded) n += plan_unroll(plan, plan_count, e + n);
  *event = e;
  *count = n;
  return GM_OK;
}

int32_t gm__weights_without_failed(int32_t n, const double *weight, const int8_t *status,
                                   double *out)
{
  double sum = 0;
  int32_t left_out = 0;
  for (int32_t m = 0; m < n; m++) {
    bool failed = status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS);
    out[m] = failed ? 0 : weight[m];
    sum += out[m];
    left_out += failed;
  }
  for (int32_t m = 0; m < n && sum > 0; m++) out[m] /= sum;
  return left_out;
}

gm_datum gm__measured(const gm_observable *o)
{
  return (gm_datum){.additive = o->additive,
                    .proportional = o->proportional,
                    .sum = o->form == GM_ERROR_SUM,
                    .log_scale = o->log_scale,
                    .count = o->count,
                    .share = o->share,
                    .size = o->size};
}

/* A draw is addressed by what it is for: the time itself, not its place in a request. */
static uint64_t time_index(double t)
{
  uint64_t bits;
  memcpy(&bits, &t, sizeof bits);
  return bits;
}

void gm__noise_draws(const gm_observable *o, double f, gm_key key, int32_t member,
                     uint64_t observable, uint64_t index, double out[GM__NOISE_DRAWS])
{
  double u = gm_uniform(key, (uint64_t)member, observable, 0, index);
  gm_datum d = gm__measured(o);
  for (int k = 0; k < GM__NOISE_DRAWS; k++) {
    gm_key own = key; /* counts draw more than one number */
    if (o->count) own.v[3] = gm_hash64(gm_hash64(key.v[3], observable), (uint64_t)k);
    out[k] = gm_datum_draw(&d, f, (k + u) / GM__NOISE_DRAWS, own, (uint64_t)member, index);
  }
}

/* ---- making one ------------------------------------------------------------------------------ */
typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  const gm_members *members;
  const gm_lineage *lineage; /* NULL: nothing moves by chance */
  gm_forecast *f;
  double *y, *anew; /* outputs; the same with the chance to come drawn anew, or NULL */
  double *x, *x_anew, *z, *w, *noisy, *noisy_w;
  int8_t *status;
  int32_t outputs;
  gm_key key;
} maker;

static gm_status forecast_alloc(gm_ctx *ctx, gm_forecast *f)
{
  ptrdiff_t cells = (ptrdiff_t)f->time_count * f->observable_count;
  f->time = gm_alloc(ctx, f->time_count, sizeof *f->time);
  f->quantile = gm_alloc(ctx, cells * GM_QUANTILE_COUNT, sizeof *f->quantile);
  f->with_noise = gm_alloc(ctx, cells * GM_QUANTILE_COUNT, sizeof *f->with_noise);
  f->mean = gm_alloc(ctx, cells, sizeof *f->mean);
  f->var_parameter = gm_alloc(ctx, cells, sizeof *f->mean);
  f->var_state = gm_alloc(ctx, cells, sizeof *f->mean);
  f->var_intrinsic = gm_alloc(ctx, cells, sizeof *f->mean);
  f->var_measurement = gm_alloc(ctx, cells, sizeof *f->mean);
  f->member = gm_alloc(ctx, cells * f->n, sizeof *f->member);
  f->weight = gm_alloc(ctx, f->n, sizeof *f->weight);
  bool good = f->time && f->quantile && f->with_noise && f->mean && f->var_parameter &&
              f->var_state && f->var_intrinsic && f->var_measurement && f->member && f->weight;
  return good ? GM_OK : gm_fail(ctx, GM_ENOMEM, "forecast of %td values", cells);
}

static gm_status maker_alloc(maker *k)
{
  gm_ctx *ctx = k->ctx;
  int32_t n = k->f->n;
  k->y = gm_alloc(ctx, (ptrdiff_t)n * k->f->time_count * k->outputs, sizeof *k->y);
  k->x = gm_alloc(ctx, n, sizeof *k->x);
  k->x_anew = gm_alloc(ctx, n, sizeof *k->x);
  k->z = gm_alloc(ctx, (ptrdiff_t)n * k->members->dim, sizeof *k->z);
  if (k->lineage)
    k->anew = gm_alloc(ctx, (ptrdiff_t)n * k->f->time_count * k->outputs, sizeof *k->y);
  k->w = gm_alloc(ctx, n, sizeof *k->w);
  k->noisy = gm_alloc(ctx, (ptrdiff_t)n * GM__NOISE_DRAWS, sizeof *k->noisy);
  k->noisy_w = gm_alloc(ctx, (ptrdiff_t)n * GM__NOISE_DRAWS, sizeof *k->noisy_w);
  k->status = gm_alloc(ctx, n, 1);
  bool good = k->y && k->x && k->x_anew && k->z && k->w && k->noisy && k->noisy_w && k->status &&
              (k->anew || !k->lineage);
  return good ? GM_OK : gm_fail(ctx, GM_ENOMEM, "forecast of %d members", (int)n);
}

/* Members that got through, with their values of one cell and measurements of them. */
static int32_t cell_values(maker *k, int32_t observable, int32_t time)
{
  const gm_observable *o = &k->t->definition->observable[observable];
  gm_forecast *f = k->f;
  int32_t kept = 0;
  for (int32_t m = 0; m < f->n; m++) {
    double v = k->y[((ptrdiff_t)m * f->time_count + time) * k->outputs + o->output];
    f->member[((ptrdiff_t)m * f->observable_count + observable) * f->time_count + time] = v;
    if (!(f->weight[m] > 0) || !isfinite(v)) continue;
    k->x[kept] = v;
    if (k->anew) {
      double other = k->anew[((ptrdiff_t)m * f->time_count + time) * k->outputs + o->output];
      k->x_anew[kept] = other;
      memcpy(k->z + (ptrdiff_t)kept * k->members->dim,
             k->members->z + (ptrdiff_t)m * k->members->dim,
             (size_t)k->members->dim * sizeof *k->z);
    }
    k->w[kept] = f->weight[m];
    gm__noise_draws(o, v, k->key, m, (uint64_t)observable, time_index(f->time[time]),
                    k->noisy + (ptrdiff_t)kept * GM__NOISE_DRAWS);
    for (int j = 0; j < GM__NOISE_DRAWS; j++)
      k->noisy_w[(ptrdiff_t)kept * GM__NOISE_DRAWS + j] = f->weight[m];
    kept++;
  }
  return kept;
}

static gm_status cell_make(maker *k, int32_t observable, int32_t time)
{
  gm_forecast *f = k->f;
  const gm_observable *o = &k->t->definition->observable[observable];
  ptrdiff_t cell = (ptrdiff_t)observable * f->time_count + time;
  int32_t kept = cell_values(k, observable, time);
  if (kept == 0)
    return gm_fail(k->ctx, GM_ENUMERIC,
                   "no member of the belief has a finite value of %s at time %g; does "
                   "the model divide by zero?",
                   o->name, f->time[time]);
  double variance, noise = 0, weight = 0;
  const gm_datum error = gm__measured(o);
  gm_status st = gm_stats_mean(k->ctx, kept, k->x, k->w, &f->mean[cell], &variance);
  for (int32_t m = 0; m < kept; m++) {
    double mean, sd;
    gm_datum_moments(&error, k->x[m], &mean, &sd);
    noise += k->w[m] * sd * sd;
    weight += k->w[m];
  }
  f->var_parameter[cell] = variance;
  f->var_measurement[cell] = noise / weight;
  if (!st)
    st = gm_stats_quantiles(k->ctx, kept, k->x, k->w, GM_QUANTILE_COUNT, gm_quantile_level,
                            f->quantile + cell * GM_QUANTILE_COUNT);
  if (!st)
    st = gm_stats_quantiles(k->ctx, kept * GM__NOISE_DRAWS, k->noisy, k->noisy_w, GM_QUANTILE_COUNT,
                            gm_quantile_level, f->with_noise + cell * GM_QUANTILE_COUNT);
  if (st || !k->anew) return st;
  double share[3];
  for (int32_t m = 0; m < kept; m++) k->w[m] /= weight;
  st = gm__forecast_shares(k->ctx, kept, k->members->dim, k->z, k->w, k->x, k->x_anew, share);
  f->var_parameter[cell] = share[0];
  f->var_state[cell] = share[1];
  f->var_intrinsic[cell] = share[2];
  return st;
}

static gm_status members_run(maker *k, const gm_course *course)
{
  const gm_subject *s = k->t->subject;
  gm_lineage *anew = NULL;
  gm_status st = GM_OK;
  if (k->lineage) {
    st = gm__lineage_anew(k->ctx, k->lineage, k->t->t_now, &anew);
    if (!st)
      st = gm_subject_run(s, k->ctx, k->t->runner, course, k->f->n, k->members->z, anew, k->anew,
                          k->status);
    gm_lineage_free(anew);
  }
  if (st) return st;
  return gm_subject_run(s, k->ctx, k->t->runner, course, k->f->n, k->members->z, k->lineage, k->y,
                        k->status);
}

static gm_status forecast_fill(maker *k, const gm_forecast_request *q)
{
  gm_forecast *f = k->f;
  gm_event *event = NULL;
  int32_t events = 0;
  gm_status st =
      gm__course_events(k->ctx, k->t, q->plan, q->plan_count, q->as_recorded, &event, &events);
  gm_course course = {.event = event,
                      .event_count = events,
                      .sample = q->time,
                      .sample_order = q->time_order,
                      .sample_count = q->time_count};
  if (!st) st = members_run(k, &course);
  gm_free(event);
  if (st) return st;
  f->diverged = gm__weights_without_failed(f->n, k->members->weight, k->status, f->weight);
  for (int32_t o = 0; o < f->observable_count && !st; o++)
    for (int32_t i = 0; i < f->time_count && !st; i++) st = cell_make(k, o, i);
  return st;
}

gm_status gm_forecast_make(gm_ctx *ctx, const gm_twin *t, const gm_forecast_request *q,
                           gm_forecast **out)
{
  assert(ctx && t && q && out);
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  for (int32_t i = 0; i < q->time_count; i++)
    if (!(q->time[i] >= fmin(t->subject->t_first, t->t_now)))
      return gm_fail(ctx, GM_EDOMAIN,
                     "forecast at time %g: a time not before the subject's first record at %g is "
                     "expected",
                     q->time[i], t->subject->t_first);
  gm_forecast *f = gm_alloc(ctx, 1, sizeof *f);
  if (!f) return gm_fail(ctx, GM_ENOMEM, "forecast");
  maker k = {.ctx = ctx,
             .t = t,
             .f = f,
             .members = q->from_prior ? t->prior : t->posterior,
             .lineage = q->from_prior ? t->prior_lineage : t->lineage,
             .outputs = info.output_count,
             .key = gm_key_make(t->seed, GM_PURPOSE_MEASUREMENT, gm_hash_text(t->subject->id), 0)};
  f->n = k.members->n;
  f->time_count = q->time_count;
  f->observable_count = t->definition->observable_count;
  gm_status st = forecast_alloc(ctx, f);
  if (!st) st = maker_alloc(&k);
  if (!st) memcpy(f->time, q->time, (size_t)q->time_count * sizeof *f->time);
  if (!st) st = forecast_fill(&k, q);
  gm_free(k.y);
  gm_free(k.anew);
  gm_free(k.x);
  gm_free(k.x_anew);
  gm_free(k.z);
  gm_free(k.w);
  gm_free(k.noisy);
  gm_free(k.noisy_w);
  gm_free(k.status);
  if (st) {
    gm_forecast_free(f);
    return st;
  }
  *out = f;
  return GM_OK;
}

void gm_forecast_free(gm_forecast *f)
{
  if (!f) return;
  gm_free(f->time);
  gm_free(f->quantile);
  gm_free(f->with_noise);
  gm_free(f->mean);
  gm_free(f->var_parameter);
  gm_free(f->var_state);
  gm_free(f->var_intrinsic);
  gm_free(f->var_measurement);
  gm_free(f->member);
  gm_free(f->weight);
  gm_free(f);
}

/* ---- scores ---------------------------------------------------------------------------------- */
/* One datum against the measurements forecast for it. */
static gm_status datum_score(gm_ctx *ctx, const gm_twin *t, const gm_forecast *f, int32_t time,
                             const gm_datum *d, gm_score_sum *sum)
{
  int32_t n = f->n * GM__NOISE_DRAWS, kept = 0;
  double *x = gm_alloc(ctx, n, sizeof *x), *w = gm_alloc(ctx, n, sizeof *w);
  gm_status st = x && w ? GM_OK : gm_fail(ctx, GM_ENOMEM, "score");
  gm_key key = gm_key_make(t->seed, GM_PURPOSE_MEASUREMENT, gm_hash_text(t->subject->id), 1);
  const gm_observable *o = &t->definition->observable[d->observable];
  for (int32_t m = 0; m < f->n && !st; m++) {
    double v =
        f->member[((ptrdiff_t)m * f->observable_count + d->observable) * f->time_count + time];
    if (!(f->weight[m] > 0) || !isfinite(v)) continue;
    gm__noise_draws(o, v, key, m, (uint64_t)d->observable, time_index(f->time[time]), x + kept);
    for (int j = 0; j < GM__NOISE_DRAWS; j++) w[kept + j] = f->weight[m];
    kept += GM__NOISE_DRAWS;
  }
  double crps = 0;
  gm_wis wis = {0};
  const double *q =
      f->with_noise + ((ptrdiff_t)d->observable * f->time_count + time) * GM_QUANTILE_COUNT;
  if (!st) st = gm_score_crps(ctx, kept, x, w, d->value, &crps);
  if (!st) st = gm_score_wis(ctx, GM_QUANTILE_COUNT, gm_quantile_level, q, d->value, &wis);
  gm_free(x);
  gm_free(w);
  if (st) return st;
  sum->count++;
  sum->crps += crps;
  sum->wis += wis.score;
  sum->covered50 += d->value >= q[2] && d->value <= q[4];
  sum->covered90 += d->value >= q[1] && d->value <= q[5];
  return GM_OK;
}

gm_status gm_twin_score(gm_ctx *ctx, const gm_twin *t, bool from_prior, gm_score_sum *score)
{
  const gm_subject *s = t->subject;
  int32_t first = t->learned, n = s->datum_count - first;
  gm_score_sum *sum = gm_alloc(ctx, t->definition->observable_count, sizeof *sum);
  double *time = gm_alloc(ctx, n, sizeof *time);
  gm_forecast *f = NULL;
  gm_status st = sum && time ? GM_OK : gm_fail(ctx, GM_ENOMEM, "scores");
  for (int32_t j = 0; j < n && !st; j++) time[j] = s->datum[first + j].t;
  gm_forecast_request q = {.as_recorded = true,
                           .time = time,
                           .time_count = n,
                           .time_order = s->datum_order + first,
                           .from_prior = from_prior};
  if (!st && n) st = gm_forecast_make(ctx, t, &q, &f);
  for (int32_t j = 0; j < n && !st; j++) {
    const gm_datum *d = &s->datum[first + j];
    if (!d->censored) st = datum_score(ctx, t, f, j, d, &sum[d->observable]);
  }
  for (int32_t k = 0; k < t->definition->observable_count && !st; k++) {
    double c = sum[k].count ? sum[k].count : 1;
    score[k] = (gm_score_sum){sum[k].count, sum[k].crps / c, sum[k].wis / c, sum[k].covered50 / c,
                              sum[k].covered90 / c};
  }
  gm_forecast_free(f);
  gm_free(time);
  gm_free(sum);
  return st;
}
