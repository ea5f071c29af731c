/* control_steer.c - path-integral search of continuous controls. G. Williams, A. Aldrich & E. A.
 * Theodorou, J. Guid. Control Dyn. 40:344 (2017); spread learned from the weighted plans: F. Stulp
 * & O. Sigaud, ICML 2012. */
#include "methods/control_steer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_ALL_MAX = 1 << 24 };

/* ---- checks ---------------------------------------------------------------------------------- */
static const char *name_of(const gm_lever *l) { return l->name ? l->name : "lever"; }

double gm__steer_time(const gm_steer *c, int32_t decision)
{
  return c->t_first + decision * c->every;
}

static gm_status total_check(gm_ctx *ctx, const gm_steer *c, const gm_lever *l)
{
  if (l->total > 0 && (l->lower < 0 || l->change > 0 || l->lower * c->decisions > l->total))
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "control: %s has a total of %g; expected no limit of change and a lower bound "
                   "from 0 to total / decisions (others by project)",
                   name_of(l), l->total);
  return GM_OK;
}

static gm_status lever_check(gm_ctx *ctx, const gm_steer *c, const gm_lever *l)
{
  gm_model_info info;
  gm_model_get_info(c->system->model, &info);
  const bool parameter = l->kind == GM_EDGE_PARAMETER;
  if (!parameter && l->kind != GM_EDGE_RATE && l->kind != GM_EDGE_BOLUS)
    return gm_fail(ctx, GM_EINVAL, "control: %s is neither rate, parameter nor bolus", name_of(l));
  if (l->port < 0 || l->port >= (parameter ? info.parameter_count : info.input_count))
    return gm_fail(ctx, GM_ERANGE, "control: %s has port %d, which the model lacks", name_of(l),
                   (int)l->port);
  if (!isfinite(l->lower) || !isfinite(l->upper) || !(l->lower < l->upper) || !isfinite(l->start) ||
      !(l->change >= 0) || !(l->total >= 0))
    return gm_fail(ctx, GM_EDOMAIN, "control: %s from %g to %g, start %g, change %g, total %g",
                   name_of(l), l->lower, l->upper, l->start, l->change, l->total);
  return total_check(ctx, c, l);
}

static gm_status levers_check(gm_ctx *ctx, const gm_steer *c)
{
  if (c->lever_count < 1 || c->lever_count > GM_LEVERS_MAX || !c->lever)
    return gm_fail(ctx, GM_ERANGE, "control: %d levers, expected 1 to %d", (int)c->lever_count,
                   (int)GM_LEVERS_MAX);
  gm_status s = GM_OK;
  for (int32_t l = 0; l < c->lever_count && !s; l++) s = lever_check(ctx, c, &c->lever[l]);
  return s;
}

gm_status gm__steer_check(gm_ctx *ctx, const gm_steer *c)
{
  if (!c->system || !c->cost)
    return gm_fail(ctx, GM_EINVAL, "control: no %s", c->system ? "cost" : "system");
  if (c->decisions < 1 || c->decisions > GM_DECISIONS_MAX)
    return gm_fail(ctx, GM_ERANGE, "control: %d decisions, expected 1 to %d", (int)c->decisions,
                   (int)GM_DECISIONS_MAX);
  if (!(c->every > 0) || !(c->t_first >= c->system->t0))
    return gm_fail(ctx, GM_EDOMAIN, "control: first decision at %g, every %g", c->t_first,
                   c->every);
  if (c->risk == GM_RISK_CVAR && !(c->tail > 0 && c->tail <= 1))
    return gm_fail(ctx, GM_ERANGE, "control: tail %g, expected in (0, 1]", c->tail);
  gm_status s = gm_system_check(ctx, c->system);
  return s ? s : levers_check(ctx, c);
}

void gm__steer_edges(const gm_steer *c, const double *u, gm_edge *edge)
{
  for (int32_t l = 0; l < c->lever_count; l++)
    edge[l] = (gm_edge){.kind = c->lever[l].kind, .port = c->lever[l].port, .value = u[l]};
}

/* ---- plans side by side ---------------------------------------------------------------------- */
typedef struct {
  const gm_steer *c;
  int32_t n, plans, ny, first, end; /* members; decisions first .. end - 1 */
  bool tolerant;                    /* a plan that fails costs INFINITY */
  gm_ensemble *start, *all;         /* [n], [plan*n + m] */
  double *y, *before, *cost;
  bool *breach;
  int32_t *index, *plan_of;
  gm_edge *edge;
  gm_drive *drive;
} race;

static void race_free(race *r)
{
  gm_ensemble_free(r->start);
  gm_ensemble_free(r->all);
  gm_free(r->y);
  gm_free(r->cost);
  gm_free(r->breach);
  gm_free(r->index);
  gm_free(r->edge);
  gm_free(r->drive);
}

static gm_status start_check(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from)
{
  if (from->first < 0 || from->first >= c->decisions)
    return gm_fail(ctx, GM_ERANGE, "control: first decision %d of %d", (int)from->first,
                   (int)c->decisions);
  if (!from->belief) return GM_OK;
  const double t = gm_ensemble_time(from->belief), want = gm__steer_time(c, from->first);
  if (gm_ensemble_model(from->belief) != c->system->model)
    return gm_fail(ctx, GM_EINVAL, "control: the belief is of another model");
  if (!(fabs(t - want) <= 1e-9 * (c->every + fabs(want))))
    return gm_fail(ctx, GM_EINVAL, "control: the belief is of time %g, decision %d is at %g", t,
                   (int)from->first, want);
  return GM_OK;
}

static gm_status race_new(gm_ctx *ctx, race *r)
{
  const gm_steer *c = r->c;
  const gm_drive *own = c->system->drive;
  gm_model_info info;
  gm_model_get_info(c->system->model, &info);
  const ptrdiff_t all = (ptrdiff_t)r->n * r->plans,
                  edges = c->lever_count + (own ? own->edge_count : 0);
  if (all > MEMBERS_ALL_MAX)
    return gm_fail(ctx, GM_ERANGE, "control: %d plans of %d members", (int)r->plans, (int)r->n);
  r->ny = info.output_count;
  r->y = gm_alloc(ctx, all * r->ny, 2 * sizeof *r->y);
  r->cost = gm_alloc(ctx, all, sizeof *r->cost);
  r->breach = gm_alloc(ctx, all, sizeof *r->breach);
  r->index = gm_alloc(ctx, all, 2 * sizeof *r->index);
  r->edge = gm_alloc(ctx, edges * r->plans, sizeof *r->edge);
  r->drive = gm_alloc(ctx, r->plans, sizeof *r->drive);
  if (!r->y || !r->cost || !r->breach || !r->index || !r->edge || !r->drive)
    return gm_fail(ctx, GM_ENOMEM, "members of plans");
  r->before = r->y + all * r->ny;
  r->plan_of = r->index + all;
  for (ptrdiff_t i = 0; i < all; i++) {
    r->index[i] = (int32_t)(i % r->n);
    r->plan_of[i] = (int32_t)(i / r->n);
  }
  return gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)all, &r->all);
}

/* One period of all plans u[plan][decisions][lever_count]. */
static gm_status race_period(gm_ctx *ctx, race *r, int32_t k, const double *u)
{
  const gm_steer *c = r->c;
  const int32_t nl = c->lever_count;
  const double t0 = gm__steer_time(c, k), t1 = gm__steer_time(c, k + 1);
  gm_edge *at = r->edge, own[GM_LEVERS_MAX];
  for (int32_t p = 0; p < r->plans; p++) {
    gm__steer_edges(c, u + ((ptrdiff_t)p * c->decisions + k) * nl, own);
    r->drive[p] = (gm_drive){at, gm__control_merge(c->system, t0, t1, own, nl, t0, at)};
    at += r->drive[p].edge_count;
  }
  gm_status s = gm_ensemble_advance(r->all, ctx, t1, r->drive, r->plan_of, NULL, 0, NULL);
  if (!s) s = gm_ensemble_observe(r->all, ctx, r->y);
  for (int32_t i = 0; i < r->n * r->plans && !s; i++) {
    const double *y = r->y + (ptrdiff_t)i * r->ny;
    r->cost[i] += c->cost(c->user, k, u + ((ptrdiff_t)r->plan_of[i] * c->decisions + k) * nl,
                          r->before + (ptrdiff_t)i * r->ny, y);
    r->breach[i] = r->breach[i] || (c->breach && c->breach(c->user, k, y));
  }
  return s;
}

static gm_status race_run(gm_ctx *ctx, race *r, const double *u, gm_plan_cost *out)
{
  const gm_steer *c = r->c;
  const size_t all = (size_t)r->n * (size_t)r->plans;
  gm_status s = gm_ensemble_select(r->all, r->start, ctx, r->index, 0, true);
  if (!s) s = gm_ensemble_observe(r->all, ctx, r->before);
  memset(r->cost, 0, all * sizeof *r->cost);
  memset(r->breach, 0, all * sizeof *r->breach);
  for (int32_t k = r->first; k < r->end && !s; k++) {
    s = race_period(ctx, r, k, u);
    memcpy(r->before, r->y, all * (size_t)r->ny * sizeof *r->y);
  }
  for (int32_t p = 0; p < r->plans && !s; p++) {
    double *cost = r->cost + (ptrdiff_t)p * r->n;
    bool fine = true;
    for (int32_t m = 0; m < r->n; m++) fine = fine && isfinite(cost[m]);
    out[p] = (gm_plan_cost){INFINITY, INFINITY, 1};
    if (fine || !r->tolerant)
      s = gm__control_sum(ctx, c->risk, c->tail, r->n, cost, r->breach + (ptrdiff_t)p * r->n,
                          &out[p]);
  }
  return s;
}

/* Prior members at `first`, led there by the controls of the decisions before. */
static gm_status members_lead(gm_ctx *ctx, race *r, uint64_t replicate, const double *u)
{
  const gm_steer *c = r->c;
  const int32_t nl = c->lever_count;
  gm_ensemble *e = NULL;
  gm_status s = gm__control_begin(ctx, c->system, c->t_first, r->n, replicate, &e);
  for (int32_t k = 0; k < r->first && !s; k++) {
    const double t0 = gm__steer_time(c, k), t1 = gm__steer_time(c, k + 1);
    gm_edge own[GM_LEVERS_MAX];
    gm__steer_edges(c, u + (ptrdiff_t)k * nl, own);
    gm_drive d = {r->edge, gm__control_merge(c->system, t0, t1, own, nl, t0, r->edge)};
    s = gm_ensemble_advance(e, ctx, t1, &d, NULL, NULL, 0, NULL);
  }
  r->start = e;
  return s;
}

static gm_status race_begin(gm_ctx *ctx, race *r, const gm_steer_from *from, uint64_t replicate,
                            const double *u)
{
  gm_status s = race_new(ctx, r);
  if (s) return s;
  if (from->belief)
    return gm__control_members(ctx, r->c->system, from->belief, from->weight, r->n, replicate,
                               &r->start);
  return members_lead(ctx, r, replicate, u);
}

static int32_t end_of(const gm_steer *c, int32_t first, int32_t horizon)
{
  return horizon > 0 && horizon < c->decisions - first ? first + horizon : c->decisions;
}

static gm_status evaluate(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from, int32_t end,
                          int32_t members, uint64_t replicate, int32_t plan_count, const double *u,
                          gm_plan_cost *out)
{
  race r = {.c = c, .n = members, .plans = plan_count, .first = from->first, .end = end};
  gm_status s = race_begin(ctx, &r, from, replicate, u);
  if (!s) s = race_run(ctx, &r, u, out);
  race_free(&r);
  return s;
}

static const gm_steer_from from_begin = {0};

/* One where nothing differs between them; more tell the error. */
static int32_t members_least(const gm_steer *c, const gm_steer_from *from)
{
  gm_model_info info;
  gm_model_get_info(c->system->model, &info);
  const bool many = from->belief && gm_ensemble_size(from->belief) > 1;
  return many || info.flags & GM_MODEL_STOCHASTIC || c->system->unknown_count ? 2 : 1;
}

gm_status gm_steer_evaluate(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from,
                            int32_t horizon, int32_t members, uint64_t replicate,
                            int32_t plan_count, const double *u, gm_plan_cost *out)
{
  if (!from) from = &from_begin;
  gm_status s = gm__steer_check(ctx, c);
  if (!s) s = start_check(ctx, c, from);
  if (!s && (members < members_least(c, from) || plan_count < 1 || horizon < 0))
    s = gm_fail(ctx, GM_ERANGE, "control: %d members, %d plans, horizon %d", (int)members,
                (int)plan_count, (int)horizon);
  if (s) return s;
  const int32_t end = end_of(c, from->first, horizon), nl = c->lever_count;
  for (int32_t p = 0; p < plan_count; p++)
    for (int32_t i = 0; i < end * nl; i++) {
      const gm_lever *l = &c->lever[i % nl];
      const double v = u[(ptrdiff_t)p * c->decisions * nl + i];
      if (!(v >= l->lower && v <= l->upper))
        return gm_fail(ctx, GM_EDOMAIN, "control: %s is %g at decision %d, expected %g to %g",
                       name_of(l), v, (int)(i / nl), l->lower, l->upper);
    }
  return evaluate(ctx, c, from, end, members, replicate, plan_count, u, out);
}

/* ---- limits ---------------------------------------------------------------------------------- */
/* Brings one plan u[decisions][lever_count] within its limits from decision `first` on. */
static gm_status limits_keep(gm_ctx *ctx, const gm_steer *c, int32_t first, int32_t end, double *u)
{
  const int32_t nl = c->lever_count;
  for (int32_t k = first; k < end; k++) {
    for (int32_t i = 0; i < nl; i++) {
      const gm_lever *l = &c->lever[i];
      double low = l->lower, high = l->upper, used = 0, *v = &u[(ptrdiff_t)k * nl + i];
      if (l->change > 0 && k > 0) {
        low = fmax(low, v[-nl] - l->change);
        high = fmin(high, v[-nl] + l->change);
      }
      for (int32_t j = 0; j < k && l->total > 0; j++) used += u[(ptrdiff_t)j * nl + i];
      if (l->total > 0)
        high = fmax(low, fmin(high, l->total - used - l->lower * (c->decisions - 1 - k)));
      *v = fmin(fmax(*v, low), high);
    }
    if (!c->project) continue;
    c->project(c->user, k, u);
    for (int32_t i = 0; i < nl; i++) {
      const double v = u[(ptrdiff_t)k * nl + i];
      if (!(v >= c->lever[i].lower && v <= c->lever[i].upper))
        return gm_fail(ctx, GM_EINVAL, "control: project made %s %g, expected %g to %g",
                       name_of(&c->lever[i]), v, c->lever[i].lower, c->lever[i].upper);
    }
  }
  return GM_OK;
}

/* ---- search ---------------------------------------------------------------------------------- */
typedef struct {
  const gm_steer *c;
  gm_steer_options o;
  race r;
  double *mean, *spread, *best; /* [decisions][lever_count] */
  double *u;                    /* [plans][decisions][lever_count] */
  double *weight, *loss;        /* [plans] by order */
  gm_plan_cost *cost, best_cost;
  int32_t *order;
  bool any;
} search;

static void search_free(search *q)
{
  race_free(&q->r);
  gm_free(q->mean);
  gm_free(q->u);
  gm_free(q->cost);
  gm_free(q->order);
}

static void defaults_set(const gm_steer *c, const gm_steer_from *from,
                         const gm_steer_options *given, gm_steer_options *o)
{
  if (given) *o = *given;
  if (o->members == 0) o->members = members_least(c, from) > 1 ? 64 : 1;
  if (o->plans == 0) o->plans = 64;
  if (o->rounds == 0) o->rounds = 60;
  if (o->spread == 0) o->spread = 0.25;
  if (o->effective == 0) o->effective = 0.15;
  if (o->elite == 0) o->elite = 1;
}

static bool is_share(double x) { return x > 0 && x <= 1; }

static gm_status options_take(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from,
                              const gm_steer_options *given, gm_steer_options *o)
{
  defaults_set(c, from, given, o);
  if (o->members < members_least(c, from) || o->plans < 4 || o->rounds < 1 || o->horizon < 0 ||
      !(o->spread > 0) || !(o->smooth >= 0 && o->smooth < 1) || !(o->temperature >= 0) ||
      !is_share(o->effective) || !is_share(o->elite))
    return gm_fail(ctx, GM_ERANGE,
                   "control: search of %d members, %d plans, %d rounds, spread %g, smooth %g, "
                   "temperature %g, effective %g, elite %g",
                   (int)o->members, (int)o->plans, (int)o->rounds, o->spread, o->smooth,
                   o->temperature, o->effective, o->elite);
  return GM_OK;
}

static gm_status search_new(gm_ctx *ctx, const gm_steer_from *from, const double *u, search *q)
{
  const gm_steer *c = q->c;
  const ptrdiff_t size = (ptrdiff_t)c->decisions * c->lever_count;
  q->mean = gm_alloc(ctx, size, 3 * sizeof *q->mean);
  q->u = gm_alloc(ctx, (size + 2) * q->o.plans, sizeof *q->u);
  q->cost = gm_alloc(ctx, q->o.plans, sizeof *q->cost);
  q->order = gm_alloc(ctx, q->o.plans, sizeof *q->order);
  if (!q->mean || !q->u || !q->cost || !q->order) return gm_fail(ctx, GM_ENOMEM, "search of plans");
  q->spread = q->mean + size;
  q->best = q->spread + size;
  q->weight = q->u + size * q->o.plans;
  q->loss = q->weight + q->o.plans;
  for (ptrdiff_t i = 0; i < size; i++) {
    const gm_lever *l = &c->lever[i % c->lever_count];
    const bool done = i / c->lever_count < from->first;
    if (done && !isfinite(u[i]))
      return gm_fail(ctx, GM_EDOMAIN, "control: %s of decision %d, which was made, is %g",
                     name_of(l), (int)(i / c->lever_count), u[i]);
    q->mean[i] = isfinite(u[i]) ? u[i] : l->start;
    q->spread[i] = q->o.spread * (l->upper - l->lower);
  }
  q->r = (race){.c = c,
                .n = q->o.members,
                .plans = q->o.plans,
                .tolerant = true,
                .first = from->first,
                .end = end_of(c, from->first, q->o.horizon)};
  gm_status s = limits_keep(ctx, c, from->first, c->decisions, q->mean);
  memcpy(q->best, q->mean, (size_t)size * sizeof *q->best);
  return s ? s : race_begin(ctx, &q->r, from, q->o.replicate, q->mean);
}

/* The plans of a round: the mean, the best so far, and pairs on either side of the mean. */
static gm_status plans_draw(gm_ctx *ctx, search *q, int32_t round)
{
  const gm_steer *c = q->c;
  const int32_t nl = c->lever_count;
  const ptrdiff_t size = (ptrdiff_t)c->decisions * nl;
  const gm_key key = gm_system_key(c->system, GM_PURPOSE_SEARCH, q->o.replicate);
  const double old = q->o.smooth, fresh = sqrt(1 - old * old);
  gm_status s = GM_OK;
  for (int32_t p = 0; p < q->o.plans && !s; p++) {
    double *u = q->u + p * size, noise[GM_LEVERS_MAX];
    memcpy(u, p == 1 ? q->best : q->mean, (size_t)size * sizeof *u);
    for (int32_t k = q->r.first; k < q->r.end && p > 1; k++)
      for (int32_t l = 0; l < nl; l++) {
        const uint64_t kind = gm_kind_draw((uint32_t)l, 1);
        double e = gm_normal(key, (uint64_t)(p / 2), (uint64_t)k, kind, (uint64_t)round);
        noise[l] = k == q->r.first ? e : old * noise[l] + fresh * e;
        u[k * nl + l] += (p % 2 ? -1 : 1) * q->spread[k * nl + l] * noise[l];
      }
    s = limits_keep(ctx, c, q->r.first, c->decisions, u);
  }
  return s;
}

static double chance_of(const gm_steer *c) { return c->breach ? c->chance : 1; }

/* Weights exp(-(loss - least) / heat) of the best `count`; returns what they are worth in plans. */
static double softmax(search *q, int32_t count, double heat)
{
  const double *loss = q->loss;
  double sum = 0, square = 0;
  for (int32_t i = 0; i < count; i++) {
    double w = exp(-(loss[i] - loss[0]) / heat);
    q->weight[i] = w;
    sum += w;
    square += w * w;
  }
  for (int32_t i = 0; i < count; i++) q->weight[i] /= sum;
  return sum * sum / square;
}

/* weight[i] of plan order[i]; returns how many have any. Plans that break the chance constraint
 * have none beside one that keeps it; when none does, the excess is the loss. */
static int32_t weigh(search *q)
{
  const double chance = chance_of(q->c);
  const bool kept = gm__control_excess(chance, &q->cost[q->order[0]]) == 0;
  const int32_t most = (int32_t)fmax(2, rint(q->o.elite * q->o.plans));
  double *loss = q->loss, low = 1e-12, high = 1e12;
  int32_t count = 0;
  for (; count < most && count < q->o.plans; count++) {
    const gm_plan_cost *a = &q->cost[q->order[count]];
    const double excess = gm__control_excess(chance, a);
    if ((kept && excess > 0) || !isfinite(a->cost)) break;
    loss[count] = kept ? a->cost : excess;
  }
  const double range = loss[count - 1] - loss[0];
  if (q->o.temperature > 0 && kept) {
    (void)softmax(q, count, q->o.temperature);
    return count;
  }
  const double want = fmin(fmax(1.5, q->o.effective * q->o.plans), 0.9 * count);
  for (int32_t i = 0; i < 60 && range > 0; i++) {
    const double middle = sqrt(low * high);
    *(softmax(q, count, range * middle) < want ? &low : &high) = middle;
  }
  (void)softmax(q, count, range > 0 ? range * high : 1);
  return count;
}

/* The mean moves to the weighted one; spreads half way to the weighted distance from the old mean,
 * never below 1e-6 of the width. */
static gm_status learn(gm_ctx *ctx, search *q)
{
  const gm_steer *c = q->c;
  const int32_t nl = c->lever_count, count = weigh(q);
  const ptrdiff_t size = (ptrdiff_t)c->decisions * nl;
  for (int32_t i = q->r.first * nl; i < q->r.end * nl; i++) {
    const gm_lever *l = &c->lever[i % nl];
    double sum = 0, square = 0;
    for (int32_t p = 0; p < count; p++) {
      const double e = q->u[q->order[p] * size + i] - q->mean[i];
      sum += q->weight[p] * e;
      square += q->weight[p] * e * e;
    }
    q->mean[i] += sum;
    q->spread[i] =
        fmax(sqrt(0.5 * q->spread[i] * q->spread[i] + 0.5 * square), 1e-6 * (l->upper - l->lower));
  }
  return limits_keep(ctx, c, q->r.first, c->decisions, q->mean);
}

static gm_status search_run(gm_ctx *ctx, search *q, const gm_watch *watch)
{
  const ptrdiff_t size = (ptrdiff_t)q->c->decisions * q->c->lever_count;
  gm_status s = GM_OK;
  for (int32_t round = 0; round < q->o.rounds && !s; round++) {
    s = plans_draw(ctx, q, round);
    if (!s) s = race_run(ctx, &q->r, q->u, q->cost);
    if (s) break;
    gm__control_order(chance_of(q->c), q->o.plans, q->cost, q->order);
    const gm_plan_cost *first = &q->cost[q->order[0]];
    if (!isfinite(first->cost))
      return gm_fail(ctx, GM_ENUMERIC, "control: model or cost fails under every plan of round %d",
                     (int)round);
    if (!q->any || gm__control_better(chance_of(q->c), first, &q->best_cost)) {
      q->best_cost = *first;
      memcpy(q->best, q->u + q->order[0] * size, (size_t)size * sizeof *q->best);
      q->any = true;
    }
    s = learn(ctx, q);
    gm_watch_progress(watch, "searching controls", (round + 1.0) / q->o.rounds);
    if (!s && gm_watch_stop(watch)) s = gm_fail(ctx, GM_ECANCELLED, "control: stopped");
  }
  return s;
}

static gm_status search_all(gm_ctx *ctx, const gm_steer_from *from, const gm_steer_options *options,
                            const gm_watch *watch, const double *u, search *q)
{
  gm_status s = start_check(ctx, q->c, from);
  if (!s) s = options_take(ctx, q->c, from, options, &q->o);
  if (!s) s = search_new(ctx, from, u, q);
  return s ? s : search_run(ctx, q, watch);
}

static void plan_out(const search *q, double *u)
{
  const ptrdiff_t nl = q->c->lever_count, begin = q->r.first * nl;
  memcpy(u + begin, q->best + begin, (size_t)(q->r.end * nl - begin) * sizeof *u);
}

gm_status gm__steer_plan(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from,
                         const gm_steer_options *options, double *u, gm_plan_cost *cost)
{
  search q = {.c = c};
  gm_status s = search_all(ctx, from, options, NULL, u, &q);
  if (!s) {
    plan_out(&q, u);
    *cost = q.best_cost;
  }
  search_free(&q);
  return s;
}

gm_status gm_steer_search(gm_ctx *ctx, const gm_steer *c, const gm_steer_from *from,
                          const gm_steer_options *options, const gm_watch *watch, double *u,
                          gm_plan_cost *out)
{
  search q = {.c = c};
  if (!from) from = &from_begin;
  gm_status s = gm__steer_check(ctx, c);
  if (s) return s;
  s = search_all(ctx, from, options, watch, u, &q);
  gm_plan_cost cost = q.best_cost;
  if (!s)
    s = evaluate(ctx, c, from, q.r.end, q.o.members > 1 ? 4 * q.o.members : 1,
                 gm_hash64(q.o.replicate, 1), 1, q.best, &cost);
  if (!s || (s == GM_ECANCELLED && q.any)) {
    plan_out(&q, u);
    *out = cost;
  }
  search_free(&q);
  return s;
}
