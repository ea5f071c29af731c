/* control_again.c - what it costs to search plans of choices anew at every decision: episodes under
 * a receding horizon, from the state itself or a filter's belief. */
#include "methods/control.h"
#include <string.h>

typedef struct {
  const gm_control *c;
  const gm_search_options *o;
  const gm_episode_options *e;
  int32_t first;   /* episode of this round */
  int32_t *chosen; /* [episodes][decisions] */
  double *cost;    /* [episodes] */
  bool *lost;
} trial;

/* One decision: a plan from what is known, its first choice made. */
static gm_status decide(gm_ctx *ctx, const trial *t, const gm_control *c, int32_t k,
                        uint64_t number, control_episode *e, int32_t *chosen)
{
  const double t0 = gm__control_time(c, k), t1 = gm__control_time(c, k + 1);
  gm_search_options o = *t->o;
  gm_ensemble *belief;
  o.replicate = gm_hash64(gm_hash64(t->o->replicate, number), (uint64_t)k);
  gm_status s = gm__episode_belief(ctx, e, t0, &belief);
  if (!s) s = gm__control_plan(ctx, c, k, belief, e->weight, &o, chosen);
  if (s) return s;
  const gm_control_choice *a = &c->choice[chosen[k]];
  return gm__episode_live(ctx, e, a->edge, a->edge_count, t0, t1);
}

static gm_status episode_run(gm_ctx *ctx, const trial *t, int32_t number, control_episode *e)
{
  int32_t *chosen = t->chosen + (ptrdiff_t)number * t->c->decisions;
  gm_system alone = *t->c->system;
  gm_control c = *t->c;
  gm_status s = GM_OK;
  alone.pool = NULL; /* episodes run side by side */
  c.system = &alone;
  for (int32_t k = 0; k < c.decisions && !s; k++) {
    s = decide(ctx, t, &c, k, (uint64_t)number, e, chosen);
    if (!s) t->cost[number] += c.choice[chosen[k]].cost + c.cost(c.user, k, e->before, e->y);
  }
  t->lost[number] = e->lost;
  return s;
}

static gm_status task_run(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const trial *t = user;
  const gm_control *c = t->c;
  const int32_t number = t->first + task;
  control_episode e = {0};
  int32_t most = 0;
  (void)worker;
  for (int32_t a = 0; a < c->choice_count; a++)
    most = c->choice[a].edge_count > most ? c->choice[a].edge_count : most;
  gm_status s = gm__episode_new(ctx, c->system, c->t_first, most * c->decisions, t->e, number, &e);
  if (!s) s = episode_run(ctx, t, number, &e);
  gm__episode_free(&e);
  return s;
}

static void sum_up(const trial *t, gm_episode_result *out)
{
  const int32_t n = t->e->episodes;
  gm__episode_sum(n, t->cost, t->lost, out);
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * t->c->decisions; i++)
    if (t->chosen[i] < 8) out->choices[t->chosen[i]] += 1.0 / n;
}

gm_status gm_control_try(gm_ctx *ctx, const gm_control *c, const gm_search_options *options,
                         const gm_episode_options *episodes, const gm_watch *watch,
                         int32_t *chosen_each, double *cost_each, gm_episode_result *out)
{
  gm_status s = gm__control_check(ctx, c);
  if (!s) s = gm__episode_check(ctx, c->system, episodes);
  if (s) return s;
  const int32_t n = episodes->episodes;
  const gm_search_options none = {0};
  const ptrdiff_t all = (ptrdiff_t)n * c->decisions;
  trial t = {.c = c, .o = options ? options : &none, .e = episodes};
  t.chosen = gm_alloc(ctx, all, sizeof *t.chosen);
  t.cost = gm_alloc(ctx, n, sizeof *t.cost);
  t.lost = gm_alloc(ctx, n, sizeof *t.lost);
  s = t.chosen && t.cost && t.lost
          ? gm__episodes_run(ctx, c->system->pool, n, task_run, &t, &t.first, watch)
          : gm_fail(ctx, GM_ENOMEM, "episodes");
  if (!s) {
    sum_up(&t, out);
    if (cost_each) memcpy(cost_each, t.cost, (size_t)n * sizeof *t.cost);
    if (chosen_each) memcpy(chosen_each, t.chosen, (size_t)all * sizeof *t.chosen);
  }
  gm_free(t.chosen);
  gm_free(t.cost);
  gm_free(t.lost);
  return s;
}
