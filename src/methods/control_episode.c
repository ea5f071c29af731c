/* control_episode.c - one patient that is never seen itself: truth, readings, a filter's belief. */
#include "methods/control.h"
#include <math.h>
#include <string.h>

gm_status gm__episode_check(gm_ctx *ctx, const gm_system *s, const gm_episode_options *o)
{
  if (o->episodes < 1) return gm_fail(ctx, GM_ERANGE, "control: %d episodes", (int)o->episodes);
  if (!(o->look >= 0) || (o->look > 0 && s->sensor_count < 1))
    return gm_fail(ctx, GM_EINVAL, "control: looking every %g without a sensor", o->look);
  return GM_OK;
}

void gm__episode_free(control_episode *e)
{
  gm_filter_free(e->filter);
  gm_ensemble_free(e->truth);
  gm_free(e->edge);
  gm_free(e->reading);
  gm_free(e->y);
  gm_free(e->cloud);
}

static gm_status filter_start(gm_ctx *ctx, const gm_episode_options *o, uint64_t replicate,
                              control_episode *e)
{
  gm_filter_options f = o->filter;
  f.replicate = gm_hash64(replicate, 1);
  gm_status st = gm_filter_new(ctx, &e->system, &f, &e->filter);
  if (!st) e->weight = gm_filter_weight(e->filter);
  return st;
}

gm_status gm__episode_new(gm_ctx *ctx, const gm_system *s, double t_first, int32_t edges_most,
                          const gm_episode_options *o, int32_t number, control_episode *e)
{
  const int32_t edges = s->drive ? s->drive->edge_count : 0;
  const uint64_t replicate = o->replicate + (uint64_t)number;
  gm_model_info info;
  gm_model_get_info(s->model, &info);
  *e = (control_episode){.own = s, .system = *s, .look = o->look, .next = s->t0 + o->look};
  gm_edge *edge = e->edge = gm_alloc(ctx, (ptrdiff_t)edges_most + edges, sizeof *edge);
  e->drive = (gm_drive){edge, 0};
  e->system.pool = NULL;
  e->system.drive = &e->drive;
  e->reading = gm_alloc(ctx, s->sensor_count, sizeof *e->reading);
  e->y = gm_alloc(ctx, (ptrdiff_t)2 * info.output_count, sizeof *e->y);
  if (!edge || !e->reading || !e->y) return gm_fail(ctx, GM_ENOMEM, "episode");
  e->before = e->y + info.output_count;
  for (int32_t i = 0; i < edges && s->drive->edge[i].t <= s->t0; i++)
    edge[e->drive.edge_count++] = s->drive->edge[i];
  e->told = e->drive.edge_count;
  e->noise = gm_system_key(s, GM_PURPOSE_MEASUREMENT, replicate);
  gm_status st = o->look > 0 ? filter_start(ctx, o, replicate, e) : GM_OK;
  if (!st) st = gm__control_begin(ctx, &e->system, s->t0, 1, replicate, &e->truth);
  const int32_t n = e->filter ? gm_ensemble_size(gm_filter_ensemble(e->filter)) : 1;
  if (!st && !(e->cloud = gm_alloc(ctx, (ptrdiff_t)n * info.output_count, sizeof *e->cloud)))
    st = gm_fail(ctx, GM_ENOMEM, "episode");
  return st ? st : gm__episode_live(ctx, e, NULL, 0, s->t0, t_first);
}

/* Truth to t along the edges of (its time, t]; those at the present time belong to it too. */
static gm_status truth_to(gm_ctx *ctx, control_episode *e, double t)
{
  int32_t end = e->told;
  while (end < e->drive.edge_count && e->drive.edge[end].t <= t) end++;
  gm_drive part = {e->drive.edge + e->told, end - e->told};
  e->told = end;
  gm_status s = gm_ensemble_advance(e->truth, ctx, t, &part, NULL, NULL, 0, NULL);
  return s ? s : gm_ensemble_observe(e->truth, ctx, e->y);
}

static gm_status look(gm_ctx *ctx, control_episode *e, double time)
{
  const gm_system *s = e->own;
  const double *theta = gm_ensemble_theta(e->truth);
  for (int32_t i = 0; i < s->sensor_count; i++)
    e->reading[i] = (gm_reading){
        .t = time,
        .sensor = i,
        .value = gm_sense_draw(&s->sensor[i], e->y, theta, 1, e->noise, (uint64_t)i, e->readings)};
  e->readings++;
  gm_filter_news news;
  gm_status st = gm_filter_step(e->filter, ctx, time, e->reading, s->sensor_count, &news);
  if (st == GM_ENUMERIC) { /* nobody can have given it: begin anew, and say so */
    e->lost = true;
    gm_message_clear(ctx);
    return gm_filter_restart(e->filter, ctx);
  }
  if (!st) e->lost = e->lost || news.alarm == GM_ALARM_RAISED;
  return st;
}

gm_status gm__episode_belief(gm_ctx *ctx, control_episode *e, double t, gm_ensemble **belief)
{
  gm_status s = e->filter ? gm_filter_step(e->filter, ctx, t, NULL, 0, NULL) : GM_OK;
  if (s) return s;
  *belief = e->filter ? gm_filter_ensemble(e->filter) : e->truth;
  e->weight = e->filter ? gm_filter_weight(e->filter) : NULL;
  return gm_ensemble_observe(*belief, ctx, e->cloud);
}

gm_status gm__episode_live(gm_ctx *ctx, control_episode *e, const gm_edge *edge, int32_t count,
                           double t0, double t1)
{
  gm_model_info info;
  gm_model_get_info(e->own->model, &info);
  e->drive.edge_count +=
      gm__control_merge(e->own, t0, t1, edge, count, t0, e->edge + e->drive.edge_count);
  gm_status s = gm_ensemble_observe(e->truth, ctx, e->before);
  for (; e->filter && !s && e->next <= t1 + 1e-12 * fabs(t1); e->next += e->look) {
    s = truth_to(ctx, e, fmin(e->next, t1));
    if (!s) s = look(ctx, e, fmin(e->next, t1));
  }
  return s ? s : truth_to(ctx, e, t1);
}

gm_status gm__episodes_run(gm_ctx *ctx, gm_pool *pool, int32_t n, gm_task *f, void *user,
                           int32_t *first, const gm_watch *watch)
{
  enum { ROUND = 8 }; /* between looks at the watch */
  gm_status s = GM_OK;
  for (*first = 0; *first < n && !s; *first += ROUND) {
    const int32_t left = n - *first;
    s = gm_pool_run(pool, ctx, left < ROUND ? left : ROUND, f, user);
    gm_watch_progress(watch, "episodes", (double)*first / n);
    if (!s && gm_watch_stop(watch)) s = gm_fail(ctx, GM_ECANCELLED, "control: stopped");
  }
  return s;
}

void gm__episode_sum(int32_t n, const double *cost, const bool *lost, gm_episode_result *out)
{
  double sum = 0, square = 0;
  *out = (gm_episode_result){.episodes = n};
  for (int32_t m = 0; m < n; m++) {
    sum += cost[m];
    out->lost += lost[m];
  }
  for (int32_t m = 0; m < n; m++) square += (cost[m] - sum / n) * (cost[m] - sum / n);
  out->cost = sum / n;
  out->error = n > 1 ? sqrt(square / (n - 1) / n) : INFINITY;
}
