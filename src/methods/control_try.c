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

static gm_status episode_run(gm_ctx *ctx, const trial *t, int32_t number, control_episode *e)
{
  const gm_control *c = t->p->c;
  double cost = 0, weight = 1;
  gm_status s = GM_OK;
  for (int32_t k = 0; k < c->decisions && !s; k++, weight *= t->p->discount) {
    const double now = gm__control_time(c, k), end = gm__control_time(c, k + 1);
    gm_ensemble *belief;
    s = gm__episode_belief(ctx, e, now, &belief);
    if (s) break;
    int32_t a = gm_policy_choose(t->p, k, gm_ensemble_size(belief), e->cloud, e->weight, NULL);
    if (a < 0) return gm_fail(ctx, GM_ERANGE, "control: no choice within the limits");
    t->chosen[(ptrdiff_t)number * c->decisions + k] = a;
    s = gm__episode_live(ctx, e, c->choice[a].edge, c->choice[a].edge_count, now, end);
    if (!s) cost += weight * (c->choice[a].cost + c->cost(c->user, k, e->before, e->y));
  }
  t->cost[number] = cost;
  t->lost[number] = e->lost;
  return s;
}

/* The state is seen: all episodes side by side, each member with the key of its own episode. */
static gm_status seen_begin(gm_ctx *ctx, const trial *t, gm_ensemble *all)
{
  const gm_control *c = t->p->c;
  const int32_t n = t->o->episodes, np = t->p->np;
  double *theta = gm_ensemble_theta(all), *one = gm_alloc(ctx, np, sizeof *one);
  if (!one) return gm_fail(ctx, GM_ENOMEM, "episodes");
  for (int32_t m = 0; m < n; m++) {
    double z[GM_UNKNOWN_MAX];
    uint64_t replicate = t->o->replicate + (uint64_t)m;
    gm_system_prior_draw(c->system, gm_system_key(c->system, GM_PURPOSE_PRIOR, replicate), 1, z);
    gm_system_theta(c->system, 1, z, one);
    for (int32_t i = 0; i < np; i++) theta[(ptrdiff_t)i * n + m] = one[i];
    gm_ensemble_key(all)[m] = gm_system_key(c->system, GM_PURPOSE_INTRINSIC, replicate);
    gm_ensemble_slot(all)[m] = 0;
  }
  gm_free(one);
  gm_status s = gm_ensemble_init(all, ctx, c->system->t0);
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
  double weight = 1;
  for (int32_t k = 0; k < c->decisions && !s; k++, weight *= t->p->discount) {
    for (int32_t m = 0; m < n; m++) {
      index[m] = t->chosen[(ptrdiff_t)m * c->decisions + k] =
          gm_policy_choose(t->p, k, 1, y + (ptrdiff_t)m * ny, NULL, NULL);
      if (index[m] < 0) s = gm_fail(ctx, GM_ERANGE, "control: no choice within the limits");
    }
    if (s) break;
    gm__control_drives_at(c, &drives, k);
    memcpy(before, y, (size_t)n * (size_t)ny * sizeof *y);
    s = gm_ensemble_advance(all, ctx, gm__control_time(c, k + 1), drives.drive, index, NULL, 0,
                            NULL);
    if (!s) s = gm_ensemble_observe(all, ctx, y);
    for (int32_t m = 0; m < n && !s; m++)
      t->cost[m] +=
          weight * (c->choice[index[m]].cost +
                    c->cost(c->user, k, before + (ptrdiff_t)m * ny, y + (ptrdiff_t)m * ny));
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
  gm__episode_sum(n, t->cost, t->lost, out);
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * decisions; i++)
    if (t->chosen[i] < 8) out->choices[t->chosen[i]] += 1.0 / n;
}

enum { EPISODES_ROUND = 64 }; /* between looks at the watch */

typedef struct {
  const trial *t;
  int32_t first;
} part;

static gm_status part_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const part *q = user;
  const gm_control *c = q->t->p->c;
  control_episode e = {0};
  int32_t most = 0;
  (void)worker;
  for (int32_t a = 0; a < c->choice_count; a++)
    most = c->choice[a].edge_count > most ? c->choice[a].edge_count : most;
  gm_status s = gm__episode_new(ctx, c->system, c->t_first, most * c->decisions, q->t->o,
                                q->first + task, &e);
  if (!s) s = episode_run(ctx, q->t, q->first + task, &e);
  gm__episode_free(&e);
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
  gm_status s = gm__episode_check(ctx, p->c->system, o);
  if (s) return s;
  const int32_t n = o->episodes;
  trial t = {.p = p, .o = o};
  t.cost = gm_alloc(ctx, n, sizeof *t.cost);
  t.chosen = gm_alloc(ctx, (ptrdiff_t)n * p->c->decisions, sizeof *t.chosen);
  t.lost = gm_alloc(ctx, n, sizeof *t.lost);
  if (!t.cost || !t.chosen || !t.lost) s = gm_fail(ctx, GM_ENOMEM, "episodes");
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
