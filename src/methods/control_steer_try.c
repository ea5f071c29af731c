/* control_steer_try.c - what searching anew at every decision costs: episodes under a receding
 * horizon, from the state itself or a filter's belief. */
#include "methods/control_steer.h"
#include <math.h>
#include <string.h>

typedef struct {
  const gm_steer *c;
  const gm_steer_options *o;
  const gm_episode_options *e;
  int32_t first;
  double *u, *cost; /* [episodes][decisions][lever_count], [episodes] */
  bool *lost;
} trial;

/* One decision: a plan from what is known, the first controls of it given, the rest kept. */
static gm_status decide(gm_ctx *ctx, const trial *t, const gm_steer *c, int32_t k, uint64_t number,
                        control_episode *e, double *u)
{
  const double t0 = gm__steer_time(c, k), t1 = gm__steer_time(c, k + 1);
  gm_steer_options o = *t->o;
  gm_steer_from from = {.first = k};
  gm_ensemble *belief;
  gm_plan_cost cost;
  gm_edge edge[GM_LEVERS_MAX];
  o.replicate = gm_hash64(gm_hash64(t->o->replicate, number), (uint64_t)k);
  gm_status s = gm__episode_belief(ctx, e, t0, &belief);
  if (s) return s;
  from.belief = belief;
  from.weight = e->weight;
  s = gm__steer_plan(ctx, c, &from, &o, u, &cost);
  if (s) return s;
  gm__steer_edges(c, u + (ptrdiff_t)k * c->lever_count, edge);
  return gm__episode_live(ctx, e, edge, c->lever_count, t0, t1);
}

static gm_status episode_run(gm_ctx *ctx, const trial *t, int32_t number, control_episode *e)
{
  const int32_t nl = t->c->lever_count;
  double *u = t->u + (ptrdiff_t)number * t->c->decisions * nl;
  gm_system alone = *t->c->system;
  gm_steer c = *t->c;
  gm_status s = GM_OK;
  alone.pool = NULL; /* episodes run side by side */
  c.system = &alone;
  for (int32_t i = 0; i < c.decisions * nl; i++) u[i] = NAN;
  for (int32_t k = 0; k < c.decisions && !s; k++) {
    s = decide(ctx, t, &c, k, (uint64_t)number, e, u);
    if (!s) t->cost[number] += c.cost(c.user, k, u + (ptrdiff_t)k * nl, e->before, e->y);
  }
  t->lost[number] = e->lost;
  return s;
}

static gm_status task_run(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const trial *t = user;
  const int32_t number = t->first + task;
  control_episode e = {0};
  (void)worker;
  gm_status s = gm__episode_new(ctx, t->c->system, t->c->t_first,
                                t->c->lever_count * t->c->decisions, t->e, number, &e);
  if (!s) s = episode_run(ctx, t, number, &e);
  gm__episode_free(&e);
  return s;
}

gm_status gm_steer_try(gm_ctx *ctx, const gm_steer *c, const gm_steer_options *options,
                       const gm_episode_options *episodes, const gm_watch *watch, double *u_each,
                       double *cost_each, gm_episode_result *out)
{
  gm_status s = gm__steer_check(ctx, c);
  if (!s) s = gm__episode_check(ctx, c->system, episodes);
  if (s) return s;
  const int32_t n = episodes->episodes;
  const gm_steer_options none = {0};
  const ptrdiff_t size = (ptrdiff_t)c->decisions * c->lever_count;
  trial t = {.c = c, .o = options ? options : &none, .e = episodes};
  t.u = gm_alloc(ctx, n * size, sizeof *t.u);
  t.cost = gm_alloc(ctx, n, sizeof *t.cost);
  t.lost = gm_alloc(ctx, n, sizeof *t.lost);
  s = t.u && t.cost && t.lost
          ? gm__episodes_run(ctx, c->system->pool, n, task_run, &t, &t.first, watch)
          : gm_fail(ctx, GM_ENOMEM, "episodes");
  if (!s) {
    gm__episode_sum(n, t.cost, t.lost, out);
    if (cost_each) memcpy(cost_each, t.cost, (size_t)n * sizeof *t.cost);
    if (u_each) memcpy(u_each, t.u, (size_t)(n * size) * sizeof *t.u);
  }
  gm_free(t.u);
  gm_free(t.cost);
  gm_free(t.lost);
  return s;
}
