/* t1d_replay.c - records as a stream of readings, meals and insulin. */
#include "t1d_replay.h"
#include <math.h>
#include <string.h>

static const double day_s = 86400, step_min = 5;
/* Longer than this without a reading: steps are made in between, so many at most. */
static const double gap_min = 7.5, stale_min = 10.5; /* no forecasts from older readings */
enum { GAP_STEPS = 24, MEMBERS = 32 };

typedef struct {
  gm_ctx *ctx;
  const t1d_records *r;
  t1d_replay_options o;
  t1d_replay_listener *listener;
  void *user;
  double day0_s, clear_min, read_min;
  int32_t next; /* record not told yet */
  t1d_twin *twin;
  t1d_forecast *forecast;
  bool cleared;
  t1d_replay *out;
} replay;

static double minutes(const replay *p, double t_s) { return (t_s - p->day0_s) / 60; }

/* What was given and eaten up to t_min; the twin hears of it at the step that passes it. */
static gm_status tell(replay *p, double t_min, double before_min)
{
  gm_status s = GM_OK;
  for (; p->next < p->r->count && minutes(p, p->r->record[p->next].t_s) < t_min && !s; p->next++) {
    const t1d_record *e = &p->r->record[p->next];
    const double at = fmax(minutes(p, e->t_s), before_min);
    switch (e->kind) {
    case T1D_RECORD_BOLUS: s = t1d_twin_bolus(p->twin, p->ctx, at, e->value); break;
    case T1D_RECORD_CARBS: s = t1d_twin_meal(p->twin, p->ctx, at, e->value); break;
    case T1D_RECORD_BASAL: s = t1d_twin_basal(p->twin, p->ctx, at, e->value); break;
    default: continue;
    }
    p->out->boluses += e->kind == T1D_RECORD_BOLUS;
    p->out->meals_told += e->kind == T1D_RECORD_CARBS;
  }
  return s;
}

/* The twin at t_min and what it sees to come. */
static gm_status twin_step(replay *p, double t_min, double before_min, t1d_replay_moment *m,
                           t1d_outlook *outlook)
{
  const t1d_outlook_options o = {.members = p->o.members, .basal_u_per_h = -1};
  gm_status s = tell(p, t_min, before_min);
  if (!s) s = t1d_twin_step(p->twin, p->ctx, t_min, m->cgm_mgdl, &m->news);
  if (!s) s = t1d_twin_outlook(p->twin, p->ctx, &o, outlook);
  m->outlook = outlook;
  return s;
}

static void count(t1d_replay *out, const t1d_replay_moment *m)
{
  const bool read = !isnan(m->cgm_mgdl);
  out->steps++;
  out->readings += read;
  out->held_out += read && m->news.weight < 0.5;
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

static gm_status one_step(replay *p, double t_min, double before_min, double cgm_mgdl)
{
  t1d_replay_moment m = {
      .t_s = p->day0_s + 60 * t_min, .cgm_mgdl = cgm_mgdl, .news = {.t_min = t_min, .weight = 1}};
  t1d_outlook outlook;
  gm_online_law law[T1D_FORECAST_HORIZONS];
  gm_status s = p->twin ? twin_step(p, t_min, before_min, &m, &outlook) : GM_OK;
  if (s) return s;
  if (!p->cleared && t_min >= p->clear_min) {
    gm_online_score_clear(t1d_forecast_online(p->forecast));
    p->cleared = true;
  }
  const t1d_forecast_now now = {
      t_min, cgm_mgdl, weight_of(&m), m.outlook, m.news.glucose_mgdl, m.news.disturbance_mg_kg_min};
  if (!isnan(cgm_mgdl)) p->read_min = t_min;
  if (t_min - p->read_min <= stale_min) {
    s = t1d_forecast_step(p->forecast, p->ctx, &now, law);
    m.law = law;
  }
  if (s) return s;
  count(p->out, &m);
  if (p->listener) p->listener(p->user, &m);
  return GM_OK;
}

/* The reading at record i, and steps without one on the way there. */
static gm_status reading(replay *p, int32_t i, double *last_min)
{
  const double t_min = minutes(p, p->r->record[i].t_s);
  gm_status s = GM_OK;
  if (!isnan(*last_min) && !(t_min > *last_min)) return GM_OK; /* of one time: the first counts */
  for (int32_t k = 0; k < GAP_STEPS && !s && t_min - *last_min > gap_min; k++) {
    s = one_step(p, *last_min + step_min, *last_min, NAN);
    *last_min += step_min;
  }
  if (!s) s = one_step(p, t_min, isnan(*last_min) ? t_min : *last_min, p->r->record[i].value);
  *last_min = t_min;
  return s;
}

static gm_status make(replay *p, int32_t first)
{
  const double t0 = p->r->record[first].t_s, t1 = p->r->record[p->r->count - 1].t_s;
  p->day0_s = floor((t0 + 3600 * p->o.zone_h) / day_s) * day_s - 3600 * p->o.zone_h;
  p->out->days = (t1 - t0) / day_s;
  p->clear_min = minutes(p, p->o.score_share > 0 ? t0 + p->o.score_share * (t1 - t0) : t0 + day_s);
  gm_status s = t1d_forecast_new(p->ctx, &p->forecast);
  if (s || p->o.no_twin) return s;
  const t1d_twin_options o = {.t0_min = minutes(p, t0),
                              .bw_kg = p->o.bw_kg,
                              .basal_u_per_h = p->o.basal_u_per_h,
                              .first_mgdl = p->r->record[first].value,
                              .seed = p->o.seed};
  return t1d_twin_new(p->ctx, &o, &p->twin);
}

static int32_t reading_from(const t1d_records *r, int32_t i)
{
  while (i < r->count && r->record[i].kind != T1D_RECORD_GLUCOSE) i++;
  return i;
}

gm_status t1d_replay_run(gm_ctx *ctx, const t1d_records *r, const t1d_replay_options *options,
                         t1d_replay_listener *listener, void *user, const gm_watch *watch,
                         t1d_replay *out)
{
  replay p = {.ctx = ctx, .r = r, .listener = listener, .user = user, .out = out};
  if (options) p.o = *options;
  if (p.o.bw_kg == 0) p.o.bw_kg = 70;
  if (p.o.members == 0) p.o.members = MEMBERS;
  int32_t i = reading_from(r, 0);
  if (i == r->count) return gm_fail(ctx, GM_EINVAL, "records: no reading of a glucose sensor");
  *out = (t1d_replay){0};
  double last_min = NAN;
  p.next = i;
  gm_status s = make(&p, i);
  bool stopped = false;
  for (; i < r->count && !s && !stopped; i = reading_from(r, i + 1)) {
    s = reading(&p, i, &last_min);
    gm_watch_progress(watch, "replaying", (double)i / r->count);
    stopped = gm_watch_stop(watch);
  }
  out->complete = !stopped;
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && !s; h++)
    out->score[h] = gm_online_scored(t1d_forecast_online(p.forecast), h);
  t1d_twin_free(p.twin);
  t1d_forecast_free(p.forecast);
  return s;
}
