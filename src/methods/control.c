/* control.c - decisions on members: periods, costs of fixed plans, search over plans. */
#include "methods/control.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- shared ---------------------------------------------------------------------------------- */
static gm_status choices_check(gm_ctx *ctx, const gm_control *c)
{
  for (int32_t a = 0; a < c->choice_count; a++)
    for (int32_t i = 0; i < c->choice[a].edge_count; i++) {
      const gm_edge *e = &c->choice[a].edge[i];
      if (!(e->t >= 0 && e->t <= c->every && isfinite(e->value)) || (i && e->t < e[-1].t))
        return gm_fail(ctx, GM_EDOMAIN,
                       "control: edge %d of choice %s at %g, expected times in order within the "
                       "period of %g",
                       (int)i, c->choice[a].name, e->t, c->every);
    }
  return GM_OK;
}

gm_status gm__control_check(gm_ctx *ctx, const gm_control *c)
{
  if (!c->system || !c->cost)
    return gm_fail(ctx, GM_EINVAL, "control: no %s", c->system ? "cost" : "system");
  if (c->decisions < 1 || c->decisions > GM_DECISIONS_MAX)
    return gm_fail(ctx, GM_ERANGE, "control: %d decisions, expected 1 to %d", (int)c->decisions,
                   (int)GM_DECISIONS_MAX);
  if (c->choice_count < 2 || c->choice_count > 64)
    return gm_fail(ctx, GM_ERANGE, "control: %d choices, expected 2 to 64", (int)c->choice_count);
  if (!(c->every > 0) || !(c->t_first >= c->system->t0))
    return gm_fail(ctx, GM_EDOMAIN, "control: first decision at %g, every %g", c->t_first,
                   c->every);
  if (c->risk == GM_RISK_CVAR && !(c->tail > 0 && c->tail <= 1))
    return gm_fail(ctx, GM_ERANGE, "control: tail %g, expected in (0, 1]", c->tail);
  gm_status s = gm_system_check(ctx, c->system);
  return s ? s : choices_check(ctx, c);
}

double gm__control_time(const gm_control *c, int32_t decision)
{
  return c->t_first + decision * c->every;
}

/* Edges of the system's own drive in (t0, t1]: the first one's number, how many. */
static int32_t own_edges(const gm_system *s, double t0, double t1, int32_t *first_out)
{
  int32_t first = 0, end;
  const int32_t all = s->drive ? s->drive->edge_count : 0;
  while (first < all && s->drive->edge[first].t <= t0) first++;
  for (end = first; end < all && s->drive->edge[end].t <= t1;) end++;
  *first_out = first;
  return end - first;
}

int32_t gm__control_merge(const gm_system *s, double t0, double t1, const gm_edge *edge,
                          int32_t count, double shift, gm_edge *out)
{
  int32_t at, own = own_edges(s, t0, t1, &at), n = 0;
  for (int32_t i = 0; i < count || own > 0;) {
    bool mine = i < count && (own == 0 || edge[i].t + shift < s->drive->edge[at].t);
    out[n] = mine ? edge[i++] : s->drive->edge[at++];
    if (mine)
      out[n].t += shift;
    else
      own--;
    n++;
  }
  return n;
}

gm_status gm__control_drives_new(gm_ctx *ctx, const gm_control *c, control_drives *d)
{
  const gm_drive *own = c->system->drive;
  ptrdiff_t all = own ? (ptrdiff_t)own->edge_count * c->choice_count : 0;
  for (int32_t a = 0; a < c->choice_count; a++) all += c->choice[a].edge_count;
  d->edge = gm_alloc(ctx, all, sizeof *d->edge);
  d->drive = gm_alloc(ctx, c->choice_count, sizeof *d->drive);
  return d->edge && d->drive ? GM_OK : gm_fail(ctx, GM_ENOMEM, "choices");
}

void gm__control_drives_free(control_drives *d)
{
  gm_free(d->edge);
  gm_free(d->drive);
}

void gm__control_drives_at(const gm_control *c, control_drives *d, int32_t decision)
{
  gm_edge *at = d->edge;
  const double t0 = gm__control_time(c, decision), t1 = gm__control_time(c, decision + 1);
  for (int32_t a = 0; a < c->choice_count; a++) {
    int32_t n =
        gm__control_merge(c->system, t0, t1, c->choice[a].edge, c->choice[a].edge_count, t0, at);
    d->drive[a] = (gm_drive){at, n};
    at += n;
  }
}

gm_status gm__control_begin(gm_ctx *ctx, const gm_system *s, double t_first, int32_t n,
                            uint64_t replicate, gm_ensemble **out)
{
  const int32_t d = s->unknown_count;
  gm_ensemble *e = NULL;
  double *z = gm_alloc(ctx, (ptrdiff_t)n * d, sizeof *z);
  gm_status st = z ? gm_ensemble_new(ctx, s->model, s->pool, n, &e)
                   : gm_fail(ctx, GM_ENOMEM, "members of a plan");
  if (!st) {
    gm_system_prior_draw(s, gm_system_key(s, GM_PURPOSE_PRIOR, replicate), n, z);
    gm_system_theta(s, n, z, gm_ensemble_theta(e));
    gm_ensemble_seat(e, gm_system_key(s, GM_PURPOSE_INTRINSIC, replicate), 0);
    st = gm_ensemble_init(e, ctx, s->t0);
  }
  gm_drive before = {0};
  while (s->drive && before.edge_count < s->drive->edge_count &&
         s->drive->edge[before.edge_count].t <= t_first)
    before.edge_count++;
  if (s->drive) before.edge = s->drive->edge;
  if (!st) st = gm_ensemble_advance(e, ctx, t_first, &before, NULL, NULL, 0, NULL);
  gm_free(z);
  if (st) {
    gm_ensemble_free(e);
    return st;
  }
  *out = e;
  return GM_OK;
}

gm_status gm__control_members(gm_ctx *ctx, const gm_system *s, const gm_ensemble *belief,
                              const double *weight, int32_t n, uint64_t replicate,
                              gm_ensemble **out)
{
  const int32_t size = gm_ensemble_size(belief);
  int32_t *index = gm_alloc(ctx, n, sizeof *index), m = 0;
  double all = 0, sum = 0;
  gm_ensemble *e = NULL;
  if (!index) return gm_fail(ctx, GM_ENOMEM, "members of a belief");
  for (int32_t i = 0; i < size; i++) all += weight ? weight[i] : 1;
  for (int32_t i = 0; i < size && all > 0; i++) {
    sum += (weight ? weight[i] : 1) / all;
    while (m < n && (m + 0.5) / n <= sum) index[m++] = i;
  }
  for (; m > 0 && m < n; m++) index[m] = index[m - 1]; /* rounding of the sum */
  gm_status st = m == n ? gm_ensemble_new(ctx, s->model, s->pool, n, &e)
                        : gm_fail(ctx, GM_EINVAL, "control: a belief without weight");
  if (!st) st = gm_ensemble_select(e, belief, ctx, index, replicate, false);
  if (!st) gm_ensemble_renew(e, replicate);
  gm_free(index);
  if (st)
    gm_ensemble_free(e);
  else
    *out = e;
  return st;
}

/* ---- fixed plans ----------------------------------------------------------------------------- */
typedef struct {
  int32_t n, plans, ny;
  int32_t first, end; /* decisions that are run */
  gm_ensemble *all;   /* [plan*n + m] */
  double *y, *before, *cost;
  bool *breach;
  int32_t *index;
  control_drives drives;
} race;

static void race_free(race *r)
{
  gm_ensemble_free(r->all);
  gm_free(r->y);
  gm_free(r->before);
  gm_free(r->cost);
  gm_free(r->breach);
  gm_free(r->index);
  gm__control_drives_free(&r->drives);
}

static gm_status race_new(gm_ctx *ctx, const gm_control *c, const gm_ensemble *start, race *r)
{
  gm_model_info info;
  gm_model_get_info(c->system->model, &info);
  ptrdiff_t all = (ptrdiff_t)r->n * r->plans;
  if (all > INT32_MAX / 2) return gm_fail(ctx, GM_ERANGE, "control: too many members");
  r->ny = info.output_count;
  r->y = gm_alloc(ctx, all * r->ny, sizeof *r->y);
  r->before = gm_alloc(ctx, all * r->ny, sizeof *r->before);
  r->cost = gm_alloc(ctx, all, sizeof *r->cost);
  r->breach = gm_alloc(ctx, all, sizeof *r->breach);
  r->index = gm_alloc(ctx, all, sizeof *r->index);
  if (!r->y || !r->before || !r->cost || !r->breach || !r->index)
    return gm_fail(ctx, GM_ENOMEM, "members of plans");
  gm_status s = gm__control_drives_new(ctx, c, &r->drives);
  if (!s) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)all, &r->all);
  for (ptrdiff_t i = 0; i < all; i++) r->index[i] = (int32_t)(i % r->n);
  if (!s) s = gm_ensemble_select(r->all, start, ctx, r->index, 0, true);
  return s ? s : gm_ensemble_observe(r->all, ctx, r->before);
}

static gm_status race_run(gm_ctx *ctx, const gm_control *c, const int32_t *chosen, race *r)
{
  const int32_t all = r->n * r->plans;
  for (int32_t k = r->first; k < r->end; k++) {
    gm__control_drives_at(c, &r->drives, k);
    for (int32_t i = 0; i < all; i++)
      r->index[i] = chosen[(ptrdiff_t)(i / r->n) * c->decisions + k];
    gm_status s = gm_ensemble_advance(r->all, ctx, gm__control_time(c, k + 1), r->drives.drive,
                                      r->index, NULL, 0, NULL);
    if (!s) s = gm_ensemble_observe(r->all, ctx, r->y);
    if (s) return s;
    for (int32_t i = 0; i < all; i++) {
      const double *y = r->y + (ptrdiff_t)i * r->ny;
      r->cost[i] +=
          c->choice[r->index[i]].cost + c->cost(c->user, k, r->before + (ptrdiff_t)i * r->ny, y);
      r->breach[i] = r->breach[i] || (c->breach && c->breach(c->user, k, y));
    }
    memcpy(r->before, r->y, (size_t)all * (size_t)r->ny * sizeof *r->y);
  }
  return GM_OK;
}

static int falling(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x < y) - (x > y);
}

gm_status gm__control_sum(gm_ctx *ctx, gm_risk risk, double tail, int32_t n, double *cost,
                          const bool *breach, gm_plan_cost *out)
{
  int32_t kept = n;
  double sum = 0, square = 0, broke = 0;
  for (int32_t m = 0; m < n; m++) {
    broke += breach[m];
    if (!isfinite(cost[m]))
      return gm_fail(ctx, GM_ENUMERIC, "control: the cost of member %d is not a number", (int)m);
  }
  if (risk == GM_RISK_CVAR) {
    kept = (int32_t)ceil(tail * n);
    qsort(cost, (size_t)n, sizeof *cost, falling);
  }
  for (int32_t m = 0; m < kept; m++) sum += cost[m];
  double mean = sum / kept;
  for (int32_t m = 0; m < kept; m++) square += (cost[m] - mean) * (cost[m] - mean);
  /* CVAR: the spread of the tail and of where it begins (Manistre & Hancock, N. Am. Actuar. J.
   * 9:129, 2005) */
  double variance = kept > 1 ? square / (kept - 1) : 0;
  if (kept < n) variance += (1 - tail) * (mean - cost[kept - 1]) * (mean - cost[kept - 1]);
  *out = (gm_plan_cost){mean, sqrt(variance / kept), broke / n};
  return GM_OK;
}

/* r: the counts alone. */
static gm_status race_all(gm_ctx *ctx, const gm_control *c, const gm_ensemble *start, race r,
                          const int32_t *chosen, gm_plan_cost *out)
{
  gm_status s = race_new(ctx, c, start, &r);
  if (!s) s = race_run(ctx, c, chosen, &r);
  for (int32_t p = 0; p < r.plans && !s; p++)
    s = gm__control_sum(ctx, c->risk, c->tail, r.n, r.cost + (ptrdiff_t)p * r.n,
                        r.breach + (ptrdiff_t)p * r.n, &out[p]);
  race_free(&r);
  return s;
}

gm_status gm_control_evaluate(gm_ctx *ctx, const gm_control *c, int32_t members, uint64_t replicate,
                              int32_t plan_count, const int32_t *chosen, gm_plan_cost *out)
{
  gm_ensemble *start = NULL;
  gm_status s = gm__control_check(ctx, c);
  for (ptrdiff_t i = 0; !s && i < (ptrdiff_t)plan_count * c->decisions; i++)
    if (chosen[i] < 0 || chosen[i] >= c->choice_count)
      s = gm_fail(ctx, GM_EINVAL, "control: choice %d of %d", (int)chosen[i], (int)c->choice_count);
  if (!s && (members < 2 || plan_count < 1))
    s = gm_fail(ctx, GM_ERANGE, "control: %d members, %d plans", (int)members, (int)plan_count);
  if (!s) s = gm__control_begin(ctx, c->system, c->t_first, members, replicate, &start);
  race r = {.n = members, .plans = plan_count, .end = c->decisions};
  if (!s) s = race_all(ctx, c, start, r, chosen, out);
  gm_ensemble_free(start);
  return s;
}

double gm__control_excess(double chance, const gm_plan_cost *a)
{
  return fmax(0, a->breach - chance);
}

bool gm__control_better(double chance, const gm_plan_cost *a, const gm_plan_cost *b)
{
  const double x = gm__control_excess(chance, a), y = gm__control_excess(chance, b);
  return x != y ? x < y : a->cost < b->cost;
}

void gm__control_order(double chance, int32_t count, const gm_plan_cost *cost, int32_t *order)
{
  for (int32_t i = 0; i < count; i++) {
    int32_t j = i;
    for (; j > 0 && gm__control_better(chance, &cost[i], &cost[order[j - 1]]); j--)
      order[j] = order[j - 1];
    order[j] = i;
  }
}

/* ---- cross-entropy search -------------------------------------------------------------------- */
typedef struct {
  const gm_control *c;
  gm_search_options o;
  double *chance;                /* [decisions][choice_count] */
  int32_t *plan, *best;          /* [plans][decisions], [decisions] */
  gm_plan_cost *cost, best_cost; /* [plans] */
  int32_t *order;                /* [plans] */
  bool any;                      /* is there a best? */
  int32_t first, end;            /* decisions that are searched; those before are in every plan */
} search;

static bool within(const gm_control *c, int32_t k, const int32_t *plan, int32_t choice)
{
  return !c->allowed || c->allowed(c->user, k, plan, choice);
}

/* One plan by the present chances, limits kept. False: the limits leave no choice. */
static bool plan_draw(const search *q, int32_t round, int32_t p)
{
  const gm_control *c = q->c;
  gm_key key = gm_system_key(c->system, GM_PURPOSE_SEARCH, q->o.replicate);
  int32_t *plan = q->plan + (ptrdiff_t)p * c->decisions;
  for (int32_t k = q->first; k < q->end; k++) {
    const double *chance = q->chance + (ptrdiff_t)k * c->choice_count;
    double all = 0, u = gm_uniform(key, (uint64_t)p, (uint64_t)k, 0, (uint64_t)round);
    for (int32_t a = 0; a < c->choice_count; a++) all += within(c, k, plan, a) ? chance[a] : 0;
    int32_t last = -1;
    for (int32_t a = 0; a < c->choice_count; a++) {
      if (!within(c, k, plan, a)) continue;
      last = a;
      u -= chance[a] / all;
      if (u <= 0) break;
    }
    if (last < 0) return false;
    plan[k] = last;
  }
  return true;
}

/* Chances move towards the elite's shares, by 0.7, and never quite to 0. */
static void chances_learn(search *q)
{
  const gm_control *c = q->c;
  int32_t elite = (int32_t)fmax(2, rint(q->o.elite * q->o.plans));
  for (int32_t k = q->first; k < q->end; k++)
    for (int32_t a = 0; a < c->choice_count; a++) {
      double share = 0, *chance = &q->chance[(ptrdiff_t)k * c->choice_count + a];
      for (int32_t i = 0; i < elite; i++)
        share += q->plan[(ptrdiff_t)q->order[i] * c->decisions + k] == a;
      *chance = fmax(0.3 * *chance + 0.7 * share / elite, 0.01);
    }
}

static double plans_possible(const search *q) { return pow(q->c->choice_count, q->end - q->first); }

static void plan_number(const search *q, int32_t number, int32_t *plan)
{
  for (int32_t k = q->first; k < q->end; k++, number /= q->c->choice_count)
    plan[k] = number % q->c->choice_count;
}

static bool plan_within(const search *q, const int32_t *plan)
{
  bool ok = true;
  for (int32_t k = q->first; k < q->end && ok; k++) ok = within(q->c, k, plan, plan[k]);
  return ok;
}

/* Fills the plans of a round; returns how many. */
static int32_t plans_fill(search *q, int32_t round, bool whole)
{
  int32_t count = 0, all = whole ? (int32_t)plans_possible(q) : q->o.plans;
  for (int32_t i = 0; i < all; i++) {
    int32_t *plan = q->plan + (ptrdiff_t)count * q->c->decisions;
    if (whole) plan_number(q, i, plan);
    bool ok = whole ? plan_within(q, plan) : plan_draw(q, round, i);
    if (ok && !whole && count != i)
      memcpy(plan, q->plan + (ptrdiff_t)i * q->c->decisions,
             (size_t)q->c->decisions * sizeof *plan);
    count += ok;
  }
  return count;
}

static void best_take(search *q, int32_t count, double chance)
{
  const int32_t decisions = q->c->decisions;
  gm__control_order(chance, count, q->cost, q->order);
  int32_t first = q->order[0];
  if (q->any && !gm__control_better(chance, &q->cost[first], &q->best_cost)) return;
  q->best_cost = q->cost[first];
  memcpy(q->best, q->plan + (ptrdiff_t)first * decisions, (size_t)decisions * sizeof *q->best);
  q->any = true;
}

static gm_status search_run(gm_ctx *ctx, search *q, const gm_ensemble *start, const gm_watch *watch)
{
  const gm_control *c = q->c;
  const double chance = c->breach ? c->chance : 1;
  const bool whole = plans_possible(q) <= q->o.plans;
  gm_status s = GM_OK;
  for (int32_t round = 0; round < (whole ? 1 : q->o.rounds) && !s; round++) {
    int32_t count = plans_fill(q, round, whole);
    race r = {.n = q->o.members, .plans = count, .first = q->first, .end = q->end};
    if (!count) return gm_fail(ctx, GM_ERANGE, "control: no plan within the limits");
    s = race_all(ctx, c, start, r, q->plan, q->cost);
    if (s) return s;
    best_take(q, count, chance);
    if (!whole && count == q->o.plans) chances_learn(q);
    gm_watch_progress(watch, "searching plans", (round + 1.0) / q->o.rounds);
    if (gm_watch_stop(watch)) s = gm_fail(ctx, GM_ECANCELLED, "control: stopped");
  }
  return s;
}

static void defaults_set(gm_search_options *o, const gm_search_options *given)
{
  if (given) *o = *given;
  if (o->members == 0) o->members = 200;
  if (o->plans == 0) o->plans = 64;
  if (o->rounds == 0) o->rounds = 30;
  if (o->elite == 0) o->elite = 0.15;
}

static gm_status search_new(gm_ctx *ctx, const gm_search_options *options, search *q)
{
  const gm_control *c = q->c;
  gm_search_options *o = &q->o;
  defaults_set(o, options);
  if (o->members < 2 || o->plans < 4 || o->rounds < 1 || !(o->elite > 0 && o->elite < 1) ||
      o->horizon < 0)
    return gm_fail(ctx, GM_ERANGE, "control: search of %d members, %d plans, %d rounds, elite %g",
                   (int)o->members, (int)o->plans, (int)o->rounds, o->elite);
  q->chance = gm_alloc(ctx, (ptrdiff_t)c->decisions * c->choice_count, sizeof *q->chance);
  q->plan = gm_alloc(ctx, (ptrdiff_t)(o->plans + 1) * c->decisions, sizeof *q->plan);
  q->cost = gm_alloc(ctx, o->plans, sizeof *q->cost);
  q->order = gm_alloc(ctx, o->plans, sizeof *q->order);
  if (!q->chance || !q->plan || !q->cost || !q->order)
    return gm_fail(ctx, GM_ENOMEM, "search of plans");
  q->best = q->plan + (ptrdiff_t)o->plans * c->decisions;
  for (int32_t i = 0; i < c->decisions * c->choice_count; i++) q->chance[i] = 1.0 / c->choice_count;
  return GM_OK;
}

static void search_free(search *q)
{
  gm_free(q->chance);
  gm_free(q->plan);
  gm_free(q->cost);
  gm_free(q->order);
}

gm_status gm_control_search(gm_ctx *ctx, const gm_control *c, const gm_search_options *options,
                            const gm_watch *watch, int32_t *chosen_out, gm_plan_cost *out)
{
  search q = {.c = c, .end = c->decisions};
  gm_ensemble *start = NULL;
  gm_status s = gm__control_check(ctx, c);
  if (!s) s = search_new(ctx, options, &q);
  if (!s) s = gm__control_begin(ctx, c->system, c->t_first, q.o.members, q.o.replicate, &start);
  if (!s) s = search_run(ctx, &q, start, watch);
  gm_ensemble_free(start);
  gm_plan_cost cost = q.best_cost;
  if (!s)
    s = gm_control_evaluate(ctx, c, 4 * q.o.members, gm_hash64(q.o.replicate, 1), 1, q.best, &cost);
  if (!s || (s == GM_ECANCELLED && q.any)) {
    memcpy(chosen_out, q.best, (size_t)c->decisions * sizeof *chosen_out);
    *out = cost;
  }
  search_free(&q);
  return s;
}

gm_status gm__control_plan(gm_ctx *ctx, const gm_control *c, int32_t first,
                           const gm_ensemble *belief, const double *weight,
                           const gm_search_options *options, int32_t *chosen)
{
  search q = {.c = c, .first = first, .end = c->decisions};
  gm_ensemble *start = NULL;
  gm_status s = search_new(ctx, options, &q);
  if (!s && q.o.horizon > 0 && q.o.horizon < c->decisions - first) q.end = first + q.o.horizon;
  for (int32_t p = 0; p < q.o.plans && !s; p++)
    memcpy(q.plan + (ptrdiff_t)p * c->decisions, chosen, (size_t)first * sizeof *chosen);
  if (!s)
    s = gm__control_members(ctx, c->system, belief, weight, q.o.members, q.o.replicate, &start);
  if (!s) s = search_run(ctx, &q, start, NULL);
  if (!s) memcpy(chosen, q.best, (size_t)c->decisions * sizeof *chosen);
  gm_ensemble_free(start);
  search_free(&q);
  return s;
}
