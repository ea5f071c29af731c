/* t1d_replay.c - records as a stream of readings, meals and insulin. */
#include "t1d_replay.h"
#include "t1d_exercise.h"
#include "t1d_prior.h"
#include "t1d_unit.h"
#include <math.h>
#include <stdlib.h>

static const double day_s = 86400, day_min = 1440, step_min = 5;
/* Longer than this without a reading: steps are made in between, so many at most. */
static const double gap_min = 7.5, stale_min = 10.5; /* no forecasts from older readings */
static const double thin_min = 4.5;                  /* sensors of 5 min wander by seconds */
enum { GAP_STEPS = 24, MEMBERS = 32, PIECES = 1440 };

typedef struct {
  gm_ctx *ctx;
  const t1d_records *r;
  t1d_replay_options o;
  t1d_replay_listener *listener;
  void *user;
  const gm_watch *watch;
  double day0_s, t0_min, clear_min, read_min;
  double schedule_u_per_h; /* what runs where nothing else does */
  int32_t next;            /* record not told yet */
  t1d_twin *twin;
  t1d_forecast *forecast;
  bool cleared, last, stopped;
  t1d_replay out;
} replay;

static double minutes(const replay *p, double t_s) { return (t_s - p->day0_s) / 60; }

/* ---- what is told ---------------------------------------------------------------------------- */
typedef gm_status giver(t1d_twin *t, gm_ctx *ctx, double t_min, double amount);

/* An amount over its minutes, in pieces less than a minute apart so that a meal is eaten on without
 * a pause (t1d_course.h); nothing that is recorded takes longer than a day. */
static gm_status give(replay *p, giver *to, const t1d_record *e, double at_min)
{
  const double over = e->duration_min > 1 ? fmin(e->duration_min, day_min) : 0;
  const int32_t pieces = over < PIECES ? (int32_t)over + 1 : PIECES;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < pieces && !s; i++)
    s = to(p->twin, p->ctx, at_min + over * i / pieces, e->value / pieces);
  return s;
}

/* Where the rate of record i ends by its own word; INFINITY: not said. A record that comes before
 * takes its place when it comes. */
static double end_of(const replay *p, int32_t i)
{
  const t1d_record *e = &p->r->record[i];
  return e->duration_min > 0 ? minutes(p, e->t_s) + e->duration_min : INFINITY;
}

/* The rate of record i from at_min on, and what follows it: told at once, as the pump knows it. A
 * rate that is told for that very time later stands in its place. */
static gm_status basal(replay *p, int32_t i, double at_min)
{
  const t1d_record *e = &p->r->record[i];
  const double end = end_of(p, i);
  p->out.basal_rates++;
  if (!p->twin) return GM_OK;
  if (e->flags & T1D_FLAG_SCHEDULED) p->schedule_u_per_h = e->value;
  gm_status s = t1d_twin_basal(p->twin, p->ctx, at_min, e->value);
  if (s || !isfinite(end)) return s;
  return t1d_twin_basal(p->twin, p->ctx, fmax(end, at_min), p->schedule_u_per_h);
}

/* Heart rates and sessions. */
static gm_status moves(replay *p, const t1d_record *e, double at_min)
{
  const bool beats = e->kind == T1D_RECORD_HEART_RATE && e->value >= T1D_HEART_RATE_LEAST &&
                     e->value <= T1D_HEART_RATE_MOST;
  const bool session = e->kind == T1D_RECORD_EXERCISE && e->value > 0 && e->duration_min > 0 &&
                       e->duration_min <= day_min;
  if (!p->twin || !(p->o.rest_heart_rate > 0) || !(beats || session)) {
    p->out.unused++;
    return GM_OK;
  }
  p->out.heart_rates += beats;
  p->out.sessions += session;
  return beats ? t1d_twin_heart_rate(p->twin, p->ctx, at_min, e->value)
               : t1d_twin_exercise(p->twin, p->ctx, at_min, e->duration_min, 0);
}

static gm_status tell_one(replay *p, int32_t i, double at_min)
{
  const t1d_record *e = &p->r->record[i];
  switch (e->kind) {
  case T1D_RECORD_GLUCOSE: return GM_OK;
  case T1D_RECORD_BOLUS:
    p->out.boluses++;
    return p->twin ? give(p, t1d_twin_bolus, e, at_min) : GM_OK;
  case T1D_RECORD_CARBS:
    p->out.meals_told++;
    return p->twin ? give(p, t1d_twin_meal, e, at_min) : GM_OK;
  case T1D_RECORD_BASAL: return basal(p, i, at_min);
  default: return moves(p, e, at_min);
  }
}

/* What was given and eaten up to t_min; the twin hears of it at the step that passes it. */
static gm_status tell(replay *p, double t_min, double before_min)
{
  gm_status s = GM_OK;
  for (; p->next < p->r->count && !s; p->next++) {
    const double at = minutes(p, p->r->record[p->next].t_s);
    if (at >= t_min) break;
    s = tell_one(p, p->next, fmax(at, before_min));
  }
  return s;
}

/* Before the first reading: what was given is counted, the rate that runs then begins there. */
static gm_status tell_before(replay *p, int32_t first, double t0_min)
{
  int32_t runs = -1;
  for (int32_t i = 0; i < first; i++) {
    const t1d_record_kind k = p->r->record[i].kind;
    p->out.before += k == T1D_RECORD_BOLUS || k == T1D_RECORD_CARBS;
    if (k == T1D_RECORD_BASAL) runs = i;
  }
  p->next = first;
  return runs >= 0 && end_of(p, runs) > t0_min ? basal(p, runs, t0_min) : GM_OK;
}

static int64_t left_behind(const replay *p)
{
  int64_t n = 0;
  for (int32_t i = p->next; i < p->r->count; i++)
    n += p->r->record[i].kind == T1D_RECORD_BOLUS || p->r->record[i].kind == T1D_RECORD_CARBS;
  return n;
}

/* ---- steps ----------------------------------------------------------------------------------- */
/* The twin at t_min and what it sees to come. */
static gm_status twin_step(replay *p, double t_min, t1d_replay_moment *m, t1d_outlook *outlook)
{
  const t1d_outlook_options o = {.members = p->o.members, .basal_u_per_h = -1};
  gm_status s = t1d_twin_step(p->twin, p->ctx, t_min, m->cgm_mgdl, &m->news);
  if (!s) s = t1d_twin_outlook(p->twin, p->ctx, &o, outlook);
  m->outlook = outlook;
  return s;
}

static void count(t1d_replay *out, const t1d_replay_moment *m)
{
  const bool read = !isnan(m->cgm_mgdl);
  out->steps++;
  out->readings += read;
  out->held_out += read && m->outlook && !m->news.taken;
  out->meals_found += m->news.hidden_meal_g > 0;
  out->lost += m->news.lost;
  for (int32_t i = 0; i < GM_QUALITY_REASONS; i++)
    out->fault[i] += (m->news.faults & GM_QUALITY_BIT(i)) != 0;
}

/* A reading that is merely suspect is scored, and teaches half. */
static double weight_of(const t1d_replay_moment *m)
{
  if (isnan(m->cgm_mgdl)) return 1;
  return m->news.weight > 0 ? fmax(m->news.weight, 0.5) : 0;
}

/* Forecasts, unless the last reading is too old; scores begin when their time has come. */
static gm_status forecast_step(replay *p, double t_min, t1d_replay_moment *m, gm_online_law *law)
{
  if (!p->cleared && t_min >= p->clear_min) {
    gm_online_score_clear(t1d_forecast_online(p->forecast));
    p->cleared = true;
  }
  if (!isnan(m->cgm_mgdl)) p->read_min = t_min;
  if (!(t_min - p->read_min <= stale_min)) return GM_OK;
  const t1d_forecast_now now = {
      .t_min = t_min,
      .cgm_mgdl = m->cgm_mgdl,
      .weight = weight_of(m),
      .outlook = m->outlook,
      .glucose_mgdl = m->news.glucose_mgdl,
      .disturbance_mg_kg_min = m->news.disturbance_mg_kg_min,
  };
  m->law = law;
  return t1d_forecast_step(p->forecast, p->ctx, &now, law);
}

/* Where it ends or is stopped: what is of that time is told, and the outlook explained. */
static gm_status last_step(replay *p, double t_min, t1d_replay_moment *m, t1d_explanation *why)
{
  gm_status s = tell(p, nextafter(t_min, INFINITY), t_min);
  if (s || !p->o.explain || !p->twin) return s;
  m->outlook = NULL; /* the explanation has its place */
  m->why = why;
  return t1d_twin_explain(p->twin, p->ctx, NULL, why);
}

/* What is known before the twin has spoken. */
static t1d_replay_moment moment_at(const replay *p, double t_min, double cgm_mgdl)
{
  return (t1d_replay_moment){.t_s = p->day0_s + 60 * t_min,
                             .cgm_mgdl = cgm_mgdl,
                             .news = {.t_min = t_min,
                                      .mean_mgdl = NAN,
                                      .sd_mgdl = NAN,
                                      .glucose_mgdl = NAN,
                                      .glucose_sd_mgdl = NAN,
                                      .disturbance_mg_kg_min = NAN,
                                      .disturbance_sd = NAN,
                                      .hidden_meal_g = NAN,
                                      .weight = 1}};
}

static gm_status one_step(replay *p, double t_min, double before_min, double cgm_mgdl)
{
  t1d_replay_moment m = moment_at(p, t_min, cgm_mgdl);
  t1d_outlook outlook;
  t1d_explanation why;
  gm_online_law law[T1D_FORECAST_HORIZONS];
  gm_status s = tell(p, t_min, before_min);
  if (!s && p->twin) s = twin_step(p, t_min, &m, &outlook);
  if (!s) s = forecast_step(p, t_min, &m, law);
  if (s) return s;
  count(&p->out, &m);
  p->out.days = (t_min - p->t0_min) / day_min;
  p->stopped = !p->last && gm_watch_stop(p->watch);
  if (p->last || p->stopped) s = last_step(p, t_min, &m, &why);
  if (!s && p->listener) p->listener(p->user, &m);
  return s;
}

static int32_t reading_from(const t1d_records *r, int32_t i)
{
  while (i < r->count && r->record[i].kind != T1D_RECORD_GLUCOSE) i++;
  return i;
}

/* Is no reading behind it that will be used? */
static bool is_last(const replay *p, int32_t i, double t_min)
{
  for (i = reading_from(p->r, i + 1); i < p->r->count; i = reading_from(p->r, i + 1))
    if (minutes(p, p->r->record[i].t_s) - t_min >= thin_min) return false;
  return true;
}

/* The reading at record i, and steps without one on the way there. */
static gm_status reading(replay *p, int32_t i, double *last_min)
{
  const double t_min = minutes(p, p->r->record[i].t_s);
  gm_status s = GM_OK;
  if (t_min - p->read_min < thin_min) { /* of one time: the first counts */
    p->out.between++;
    return GM_OK;
  }
  for (int32_t k = 0; k < GAP_STEPS && !s && !p->stopped && t_min - *last_min > gap_min; k++) {
    s = one_step(p, *last_min + step_min, *last_min, NAN);
    *last_min += step_min;
  }
  if (s || p->stopped) return s;
  p->last = is_last(p, i, t_min);
  s = one_step(p, t_min, isnan(*last_min) ? t_min : *last_min, p->r->record[i].value);
  *last_min = t_min;
  return s;
}

static int up(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The 10th percentile of a day of heart rates or more; fewer say nothing of rest. */
static gm_status rest_of(replay *p)
{
  enum { LEAST = 288 };
  int32_t n = 0;
  double *all = gm_alloc(p->ctx, p->r->count, sizeof *all);
  if (!all) return gm_fail(p->ctx, GM_ENOMEM, "heart rates");
  for (int32_t i = 0; i < p->r->count; i++)
    if (p->r->record[i].kind == T1D_RECORD_HEART_RATE) all[n++] = p->r->record[i].value;
  qsort(all, (size_t)n, sizeof *all, up);
  if (n >= LEAST && all[n / 10] >= T1D_HEART_RATE_LEAST) p->o.rest_heart_rate = all[n / 10];
  gm_free(all);
  return GM_OK;
}

static gm_status twin_make(replay *p, int32_t first, double t0_min)
{
  t1d_prior prior;
  const t1d_prior_patient patient = {.bw_kg = p->o.bw_kg, .basal_u_per_h = p->o.basal_u_per_h};
  gm_status s = t1d_prior_get(p->ctx, &patient, &prior);
  if (!s && p->o.rest_heart_rate == 0) s = rest_of(p);
  if (s) return s;
  p->schedule_u_per_h = p->o.basal_u_per_h > 0 ? p->o.basal_u_per_h : prior.basal_u_per_h;
  const double first_mgdl = p->r->record[first].value;
  const t1d_twin_options o = {.t0_min = t0_min,
                              .bw_kg = p->o.bw_kg,
                              .basal_u_per_h = p->o.basal_u_per_h,
                              .first_mgdl = first_mgdl >= 20 && first_mgdl <= 1000 ? first_mgdl : 0,
                              .rest_heart_rate = fmax(p->o.rest_heart_rate, 0),
                              .seed = p->o.seed};
  return t1d_twin_new(p->ctx, &o, &p->twin);
}

static gm_status make(replay *p, int32_t first)
{
  int32_t last = p->r->count - 1;
  while (p->r->record[last].kind != T1D_RECORD_GLUCOSE) last--;
  const double t0 = p->r->record[first].t_s, t1 = p->r->record[last].t_s;
  p->day0_s = floor((t0 + 3600 * p->o.zone_h) / day_s) * day_s - 3600 * p->o.zone_h;
  p->out.days_recorded = (t1 - t0) / day_s;
  p->t0_min = minutes(p, t0);
  p->clear_min = minutes(p, p->o.score_share > 0 ? t0 + p->o.score_share * (t1 - t0) : t0 + day_s);
  p->read_min = NAN;
  gm_status s = t1d_forecast_new(p->ctx, &p->forecast);
  if (!s && !p->o.no_twin) s = twin_make(p, first, p->t0_min);
  return s ? s : tell_before(p, first, p->t0_min);
}

static gm_status check(gm_ctx *ctx, const t1d_records *r)
{
  bool read = false;
  for (int32_t i = reading_from(r, 0); i < r->count; i = reading_from(r, i + 1)) {
    read = true;
    if (!(r->record[i].value < T1D_MMOL_L_MOST)) return GM_OK;
  }
  return read ? gm_fail(ctx, GM_EUNIT, "no reading above %g: mg/dL is expected, not mmol/L",
                        T1D_MMOL_L_MOST)
              : gm_fail(ctx, GM_EINVAL, "records: no reading of a glucose sensor");
}

gm_status t1d_replay_run(gm_ctx *ctx, const t1d_records *r, const t1d_replay_options *options,
                         t1d_replay_listener *listener, void *user, const gm_watch *watch,
                         t1d_replay *out)
{
  replay p = {.ctx = ctx, .r = r, .listener = listener, .user = user, .watch = watch};
  if (options) p.o = *options;
  if (p.o.bw_kg == 0) p.o.bw_kg = 70;
  if (p.o.members == 0) p.o.members = MEMBERS;
  gm_status s = check(ctx, r);
  if (s) return s;
  int32_t i = reading_from(r, 0);
  double last_min = NAN;
  s = make(&p, i);
  for (; i < r->count && !s && !p.stopped; i = reading_from(r, i + 1)) {
    s = reading(&p, i, &last_min);
    gm_watch_progress(watch, "replaying", (double)i / r->count);
  }
  p.out.complete = !p.stopped;
  if (!p.stopped) { /* to the last reading, be it too close to the one before for a step */
    p.out.days = p.out.days_recorded;
    p.out.after = left_behind(&p);
  }
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && !s; h++)
    p.out.score[h] = gm_online_scored(t1d_forecast_online(p.forecast), h);
  t1d_twin_free(p.twin);
  t1d_forecast_free(p.forecast);
  if (!s) *out = p.out;
  return s;
}
