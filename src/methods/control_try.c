/* control_try.c - what a policy costs: episodes that see the state, or only readings. */
#include "methods/control_value.h"
#include <math.h>
#include <string.h>

typedef struct {
  const gm_policy *p;
  const gm_episode_options *o;
  double *cost;    /* [episodes] */
  int32_t *chosen; /* [episodes][decisions] */
  bool *lost;      /* [episodes] */
} trial;

/* One patient that is never seen itself. */
typedef struct {
  gm_system system; /* the filter's: the drive grows with every decision */
  gm_drive drive;
  gm_edge *edge; /* of the drive */
  gm_ensemble *truth;
  gm_filter *filter;
  gm_reading *reading;
  double *y, *before, *cloud;
  gm_key noise;
  uint64_t readings;
} episode;

static void episode_free(episode *e)
{
  gm_filter_free(e->filter);
  gm_ensemble_free(e->truth);
  gm_free(e->edge);
  gm_free(e->reading);
  gm_free(e->y);
  gm_free(e->before);
  gm_free(e->cloud);
}

static gm_status episode_new(gm_ctx *ctx, const trial *t, int32_t number, episode *e)
{
  const gm_control *c = t->p->c;
  const gm_system *s = c->system;
  int32_t edges = s->drive ? s->drive->edge_count : 0, most = 0;
  uint64_t replicate = t->o->replicate + (uint64_t)number;
  for (int32_t a = 0; a < c->choice_count; a++)
    most = c->choice[a].edge_count > most ? c->choice[a].edge_count : most;
  gm_edge *edge = e->edge = gm_alloc(ctx, (ptrdiff_t)most * c->decisions + edges, sizeof *edge);
  e->drive = (gm_drive){edge, 0};
  e->system = *s;
  e->system.pool = NULL;
  e->system.drive = &e->drive;
  e->reading = gm_alloc(ctx, s->sensor_count, sizeof *e->reading);
  e->y = gm_alloc(ctx, t->p->ny, sizeof *e->y);
  e->before = gm_alloc(ctx, t->p->ny, sizeof *e->before);
  if (!edge || !e->reading || !e->y || !e->before) return gm_fail(ctx, GM_ENOMEM, "episode");
  for (int32_t i = 0; i < edges && s->drive->edge[i].t <= c->t_first; i++)
    edge[e->drive.edge_count++] = s->drive->edge[i];
  gm_filter_options f = t->o->filter;
  f.replicate = gm_hash64(replicate, 1);
  e->noise = gm_system_key(s, GM_PURPOSE_MEASUREMENT, replicate);
  gm_status st = gm_filter_new(ctx, &e->system, &f, &e->filter);
  if (st) return st;
  int32_t n = gm_ensemble_size(gm_filter_ensemble(e->filter));
  e->cloud = gm_alloc(ctx, (ptrdiff_t)n * t->p->ny, sizeof *e->cloud);
  if (!e->cloud) return gm_fail(ctx, GM_ENOMEM, "episode");
  gm_control own = *c;
  own.system = &e->system;
  return gm__control_begin(ctx, &own, 1, replicate, &e->truth);
}

/* Truth to t along the edges of (its time, t]; those at the present time belong to it too. */
static gm_status truth_to(gm_ctx *ctx, episode *e, double t, int32_t *edge)
{
  int32_t end = *edge;
  while (end < e->drive.edge_count && e->drive.edge[end].t <= t) end++;
  gm_drive part = {e->drive.edge + *edge, end - *edge};
  *edge = end;
  gm_status s = gm_ensemble_advance(e->truth, ctx, t, &part, NULL, NULL, 0, NULL);
  return s ? s : gm_ensemble_observe(e->truth, ctx, e->y);
}

static gm_status look(gm_ctx *ctx, const trial *t, episode *e, double time, bool *lost)
{
  const gm_system *s = t->p->c->system;
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
    *lost = true;
    gm_message_clear(ctx);
    st = gm_filter_restart(e->filter, ctx);
  }
  *lost = *lost || news.alarm == GM_ALARM_RAISED;
  return st;
}

static gm_status decide(gm_ctx *ctx, const trial *t, episode *e, int32_t k, int32_t *choice)
{
  const gm_control *c = t->p->c;
  gm_ensemble *cloud = gm_filter_ensemble(e->filter);
  gm_status s = gm_ensemble_observe(cloud, ctx, e->cloud);
  if (s) return s;
  *choice = gm_policy_choose(t->p, k, gm_ensemble_size(cloud), e->cloud,
                             gm_filter_weight(e->filter), NULL);
  if (*choice < 0) return gm_fail(ctx, GM_ERANGE, "control: no choice within the limits");
  for (int32_t i = 0; i < c->choice[*choice].edge_count; i++) {
    gm_edge *edge = &e->edge[e->drive.edge_count++];
    *edge = c->choice[*choice].edge[i];
    edge->t += gm__control_time(c, k);
  }
  return GM_OK;
}

static gm_status episode_run(gm_ctx *ctx, const trial *t, int32_t number, episode *e)
{
  const gm_control *c = t->p->c;
  int32_t edge = e->drive.edge_count;
  double cost = 0, next = c->system->t0 + t->o->look;
  gm_status s = gm_ensemble_observe(e->truth, ctx, e->y);
  for (int32_t k = 0; k < c->decisions && !s; k++) {
    int32_t *choice = &t->chosen[(ptrdiff_t)number * c->decisions + k];
    double end = gm__control_time(c, k + 1);
    memcpy(e->before, e->y, (size_t)t->p->ny * sizeof *e->y);
    s = gm_filter_step(e->filter, ctx, gm__control_time(c, k), NULL, 0, NULL);
    if (!s) s = decide(ctx, t, e, k, choice);
    for (; next <= end * (1 + 1e-12) && !s; next += t->o->look) {
      s = truth_to(ctx, e, fmin(next, end), &edge);
      if (!s) s = look(ctx, t, e, fmin(next, end), &t->lost[number]);
    }
    if (!s) s = truth_to(ctx, e, end, &edge);
    if (!s) cost += c->choice[*choice].cost + c->cost(c->user, k, e->before, e->y);
  }
  t->cost[number] = cost;
  return s;
}

/* The state is seen: all episodes side by side, each member with the key of its own episode. */
static gm_status seen_begin(gm_ctx *ctx, const trial *t, gm_ensemble *all)
{
  const gm_control *c = t->p->c;
  const int32_t n = t->o->episodes, np = t->p->np;
  double *theta = gm_ensemble_theta(all);
  gm_status s = GM_OK;
  for (int32_t m = 0; m < n && !s; m++) {
    double z[GM_UNKNOWN_MAX], *one = gm_alloc(ctx, np, sizeof *one);
    uint64_t replicate = t->o->replicate + (uint64_t)m;
    if (!one) return gm_fail(ctx, GM_ENOMEM, "episodes");
    gm_system_prior_draw(c->system, gm_system_key(c->system, GM_PURPOSE_PRIOR, replicate), 1, z);
    gm_system_theta(c->system, 1, z, one);
    for (int32_t i = 0; i < np; i++) theta[(ptrdiff_t)i * n + m] = one[i];
    gm_ensemble_key(all)[m] = gm_system_key(c->system, GM_PURPOSE_INTRINSIC, replicate);
    gm_ensemble_slot(all)[m] = 0;
    gm_free(one);
  }
  s = gm_ensemble_init(all, ctx, c->system->t0);
  gm_drive before = {0};
  if (c->system->drive) before.edge = c->system->drive->edge;
  while (c->system->drive && before.edge_count < c->system->drive->edge_count &&
         before.edge[before.edge_count].t <= c->t_first)
    before.edge_count++;
  return s ? s : gm_ensemble_advance(all, ctx, c->t_first, &before, NULL, NULL, 0, NULL);
}

static gm_status seen_run(gm_ctx *ctx, const trial *t)
{
  const gm_control *c = t->p->c;
  const int32_t n = t->o->episodes, ny = t->p->ny;
  gm_ensemble *all = NULL;
  control_drives drives = {0};
  int32_t *index = gm_alloc(ctx, n, sizeof *index);
  double *y = gm_alloc(ctx, (ptrdiff_t)n * ny, 2 * sizeof *y), *before = y ? y + n * ny : NULL;
  gm_status s =
      index && y ? gm__control_drives_new(ctx, c, &drives) : gm_fail(ctx, GM_ENOMEM, "episodes");
  if (!s) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, n, &all);
  if (!s) s = seen_begin(ctx, t, all);
  if (!s) s = gm_ensemble_observe(all, ctx, y);
  for (int32_t k = 0; k < c->decisions && !s; k++) {
    for (int32_t m = 0; m < n; m++)
      index[m] = t->chosen[(ptrdiff_t)m * c->decisions + k] =
          gm_policy_choose(t->p, k, 1, y + (ptrdiff_t)m * ny, NULL, NULL);
    gm__control_drives_at(c, &drives, k);
    memcpy(before, y, (size_t)n * (size_t)ny * sizeof *y);
    s = gm_ensemble_advance(all, ctx, gm__control_time(c, k + 1), drives.drive, index, NULL, 0,
                            NULL);
    if (!s) s = gm_ensemble_observe(all, ctx, y);
    for (int32_t m = 0; m < n && !s; m++)
      t->cost[m] += c->choice[index[m]].cost +
                    c->cost(c->user, k, before + (ptrdiff_t)m * ny, y + (ptrdiff_t)m * ny);
  }
  gm_ensemble_free(all);
  gm__control_drives_free(&drives);
  gm_free(index);
  gm_free(y);
  return s;
}

static void sum_up(const trial *t, gm_episode_result *out)
{
  const int32_t n = t->o->episodes, decisions = t->p->c->decisions;
  double sum = 0, square = 0;
  *out = (gm_episode_result){.episodes = n};
  for (int32_t m = 0; m < n; m++) {
    sum += t->cost[m];
    out->lost += t->lost[m];
    for (int32_t k = 0; k < decisions; k++) {
      int32_t a = t->chosen[(ptrdiff_t)m * decisions + k];
      if (a < 8) out->choices[a] += 1.0 / n;
    }
  }
  for (int32_t m = 0; m < n; m++) square += (t->cost[m] - sum / n) * (t->cost[m] - sum / n);
  out->cost = sum / n;
  out->error = n > 1 ? sqrt(square / (n - 1) / n) : INFINITY;
}

enum { EPISODES_ROUND = 64 }; /* between looks at the watch */

typedef struct {
  const trial *t;
  int32_t first;
} part;

static gm_status part_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const part *q = user;
  episode e = {0};
  (void)worker;
  gm_status s = episode_new(ctx, q->t, q->first + task, &e);
  if (!s) s = episode_run(ctx, q->t, q->first + task, &e);
  episode_free(&e);
  return s;
}

static gm_status hidden_run(gm_ctx *ctx, const trial *t, const gm_watch *watch)
{
  gm_status s = GM_OK;
  for (int32_t first = 0; first < t->o->episodes && !s; first += EPISODES_ROUND) {
    part q = {t, first};
    int32_t left = t->o->episodes - first;
    s = gm_pool_run(t->p->c->system->pool, ctx, left < EPISODES_ROUND ? left : EPISODES_ROUND,
                    part_task, &q);
    gm_watch_progress(watch, "episodes", (double)first / t->o->episodes);
    if (!s && gm_watch_stop(watch)) s = gm_fail(ctx, GM_ECANCELLED, "control: stopped");
  }
  return s;
}

gm_status gm_policy_try(gm_ctx *ctx, const gm_policy *p, const gm_episode_options *o,
                        const gm_watch *watch, double *cost_each, gm_episode_result *out)
{
  const int32_t n = o->episodes;
  if (n < 1) return gm_fail(ctx, GM_ERANGE, "control: %d episodes", (int)n);
  if (o->look < 0 || (o->look > 0 && p->c->system->sensor_count < 1))
    return gm_fail(ctx, GM_EINVAL, "control: looking every %g without a sensor", o->look);
  trial t = {.p = p, .o = o};
  t.cost = gm_alloc(ctx, n, sizeof *t.cost);
  t.chosen = gm_alloc(ctx, (ptrdiff_t)n * p->c->decisions, sizeof *t.chosen);
  t.lost = gm_alloc(ctx, n, sizeof *t.lost);
  gm_status s = t.cost && t.chosen && t.lost ? GM_OK : gm_fail(ctx, GM_ENOMEM, "episodes");
  if (!s) s = o->look > 0 ? hidden_run(ctx, &t, watch) : seen_run(ctx, &t);
  if (!s) {
    sum_up(&t, out);
    if (cost_each) memcpy(cost_each, t.cost, (size_t)n * sizeof *t.cost);
  }
  gm_free(t.cost);
  gm_free(t.chosen);
  gm_free(t.lost);
  return s;
}
