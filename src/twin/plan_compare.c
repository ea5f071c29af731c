/* plan_compare.c - plans simulated on the same members, measured by the definition's targets. */
#include "gemel/plan.h"
#include "methods/compare.h"
#include "twin/forecast.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Coarse points over the horizon; in the last interval(s) points that crowd after each dose. */
enum {
  GRID_COARSE = 97,
  GRID_INTERVAL = 64,
  GRID_TAIL = 256,
  GRID_MAX = 512,
  ORDER_BEFORE_PLAN = 999999,
  ORDER_AFTER_ALL = INT32_MAX - 1
};

typedef struct {
  double t;
  int32_t order;
} grid_point;

typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  gm_comparison *c;
  int32_t n, outputs, time_count;
  double time[GRID_MAX];
  int32_t order[GRID_MAX];
  double *y, *weight, *value, *met, *utility; /* [n][GRID_MAX][outputs] [n] [n] [targets*n]
                                                 [plans*n]; weight and utility are c's */
  int8_t *status, *failed;
  /* of the plan at hand: its last whole interval ends at window_to, just before a dose */
  double window_from, window_to, tail_from;
} comparer;

/* The dose that is repeated most slowly: its interval holds those of the plan's other inputs. */
static const gm_event *slowest(const gm_plan *p)
{
  const gm_event *e = NULL;
  for (int32_t i = 0; i < p->event_count; i++)
    if (!e || p->event[i].interval > e->interval) e = &p->event[i];
  return e;
}

/* Where the quantities of the last interval are read: [window_from, window_to], and the whole
 * intervals before it that make up at least a day, from tail_from on. */
static void window_find(comparer *k, const gm_plan *p)
{
  const gm_comparison *c = k->c;
  double day = 24 * k->t->definition->hour;
  const gm_event *e = slowest(p);
  double every = e ? e->interval : 0, first = e ? e->t : c->t_end;
  double whole = every > 0 ? floor((c->t_end - first) / every + 1e-9) : 0;
  if (whole < 1) { /* no interval is finished: the end of the horizon */
    k->window_to = c->t_end;
    k->window_from = k->tail_from = fmax(c->t_now, c->t_end - fmax(every, day));
    return;
  }
  k->window_to = fmin(first + whole * every, c->t_end);
  k->window_from = first + (whole - 1) * every;
  double back = fmin(ceil(day / every - 1e-9), whole);
  k->tail_from = first + (whole - back) * every;
}

static void point_add(grid_point *g, int32_t *count, double t, int32_t order)
{
  if (*count < GRID_MAX) g[(*count)++] = (grid_point){t, order};
}

/* One interval: after its dose, quadratically spaced, the end of an infusion, before the next. */
static void interval_points(const gm_event *e, double from, double to, int32_t n, grid_point *g,
                            int32_t *count)
{
  for (int32_t i = 0; i < n; i++) {
    double u = (double)i / n;
    point_add(g, count, from + (to - from) * u * u, ORDER_AFTER_ALL);
  }
  double lasts = !e ? 0 : e->duration > 0 ? e->duration : e->rate > 0 ? e->amount / e->rate : 0;
  if (lasts > 0 && from + lasts < to) point_add(g, count, from + lasts, ORDER_AFTER_ALL);
  point_add(g, count, to, ORDER_BEFORE_PLAN);
}

static int point_compare(const void *pa, const void *pb)
{
  const grid_point *a = pa, *b = pb;
  if (a->t != b->t) return a->t < b->t ? -1 : 1;
  return (a->order > b->order) - (a->order < b->order);
}

static void grid_make(comparer *k, const gm_plan *p)
{
  const gm_comparison *c = k->c;
  grid_point g[GRID_MAX];
  int32_t n = 0;
  window_find(k, p);
  double step = k->window_to - k->window_from;
  int32_t intervals = (int32_t)fmax(1, fmin(rint((k->window_to - k->tail_from) / step), 24));
  int32_t each = GRID_TAIL / intervals < GRID_INTERVAL ? GRID_TAIL / intervals : GRID_INTERVAL;
  point_add(g, &n, c->t_now, ORDER_BEFORE_PLAN);
  for (int32_t i = 1; i <= GRID_COARSE; i++) {
    double t = c->t_now + (c->t_end - c->t_now) * i / GRID_COARSE;
    if (t < k->tail_from || t > k->window_to) point_add(g, &n, t, ORDER_AFTER_ALL);
  }
  const gm_event *e = slowest(p);
  for (int32_t i = 0; i < intervals; i++) {
    double to = k->window_to - (intervals - 1 - i) * step;
    interval_points(e, fmax(to - step, c->t_now), to, each, g, &n);
  }
  qsort(g, (size_t)n, sizeof *g, point_compare);
  for (int32_t i = 0; i < n; i++) {
    k->time[i] = g[i].t;
    k->order[i] = g[i].order;
  }
  k->time_count = n;
}

static double at(const comparer *k, int32_t m, int32_t time, int32_t output)
{
  return k->y[((ptrdiff_t)m * k->time_count + time) * k->outputs + output];
}

/* Area under an output from t_from to the end of the window, by trapezia. */
static double area(const comparer *k, int32_t m, int32_t output, double t_from)
{
  double sum = 0;
  for (int32_t i = 0; i + 1 < k->time_count; i++)
    if (k->time[i] >= t_from && k->time[i + 1] <= k->window_to)
      sum += 0.5 * (k->time[i + 1] - k->time[i]) * (at(k, m, i, output) + at(k, m, i + 1, output));
  return sum;
}

static double peak(const comparer *k, int32_t m, int32_t output)
{
  double best = -INFINITY;
  for (int32_t i = 0; i < k->time_count; i++)
    if (k->time[i] >= k->window_from && k->time[i] <= k->window_to)
      best = fmax(best, at(k, m, i, output));
  return best;
}

static double trough(const comparer *k, int32_t m, int32_t output)
{
  int32_t i = k->time_count - 1;
  while (i > 0 && (k->time[i] > k->window_to ||
                   (k->time[i] == k->window_to && k->order[i] != ORDER_BEFORE_PLAN)))
    i--;
  return at(k, m, i, output);
}

/* Shares of the horizon below, inside and above the range; trapezoidal weights of the grid. */
static void shares(const comparer *k, int32_t m, int32_t output, const gm_def_target *g,
                   double out[3])
{
  double total = 0;
  out[0] = out[1] = out[2] = 0;
  for (int32_t i = 0; i < k->time_count; i++) {
    double left = i ? k->time[i] - k->time[i - 1] : 0;
    double right = i + 1 < k->time_count ? k->time[i + 1] - k->time[i] : 0;
    double v = at(k, m, i, output), w = 0.5 * (left + right);
    out[v < g->low ? 0 : v > g->high ? 2 : 1] += w;
    total += w;
  }
  for (int j = 0; j < 3; j++) out[j] /= total;
}

static double quantity(const comparer *k, int32_t m, const gm_def_target *g, int32_t output)
{
  double day = 24 * k->t->definition->hour;
  switch (g->kind) {
  case GM_TARGET_TROUGH: return trough(k, m, output);
  case GM_TARGET_PEAK: return peak(k, m, output);
  case GM_TARGET_AUC24: /* of whole intervals, scaled to a day; value x model time */
    return area(k, m, output, k->tail_from) * day / (k->window_to - k->tail_from);
  case GM_TARGET_AVERAGE:
    return area(k, m, output, k->window_from) / (k->window_to - k->window_from);
  case GM_TARGET_RANGE: break;
  }
  return NAN;
}

/* One target under one plan: the quantity of each member and how far it meets the target. */
static gm_status target_measure(comparer *k, int32_t target, gm_target_result *out)
{
  const gm_def_target *g = &k->t->definition->target[target];
  int32_t output = k->t->definition->observable[g->index].output;
  double *value = k->value, *met = k->met + (ptrdiff_t)target * k->n;
  gm_target_result r = {0};
  for (int32_t m = 0; m < k->n; m++) {
    double share[3] = {0, 0, 0};
    value[m] = met[m] = 0;
    if (!(k->weight[m] > 0)) continue;
    if (g->kind == GM_TARGET_RANGE) {
      shares(k, m, output, g, share);
      value[m] = share[1];
    } else {
      value[m] = quantity(k, m, g, output);
      share[value[m] < g->low ? 0 : value[m] > g->high ? 2 : 1] = 1;
    }
    met[m] = share[1];
    r.below += k->weight[m] * share[0];
    r.attained += k->weight[m] * share[1];
    r.above += k->weight[m] * share[2];
  }
  gm_status s = gm__estimate(k->ctx, k->n, value, k->weight, &r.value);
  if (!s) *out = r;
  return s;
}

/* A member whose outputs are not all numbers (a model that divides by zero) has failed too. */
static void outputs_check(comparer *k)
{
  const gm_definition *d = k->t->definition;
  for (int32_t m = 0; m < k->n; m++)
    for (int32_t g = 0; g < d->target_count; g++)
      for (int32_t i = 0; i < k->time_count; i++)
        if (!isfinite(at(k, m, i, d->observable[d->target[g].index].output)))
          k->status[m] |= GM_MEMBER_DIVERGED;
}

static gm_status plan_run(comparer *k, const gm_plan *p)
{
  gm_event *event = NULL;
  int32_t events = 0;
  gm_status s = gm__course_events(k->ctx, k->t, p->event, p->event_count, false, &event, &events);
  gm_course course = {.event = event,
                      .event_count = events,
                      .sample = k->time,
                      .sample_order = k->order,
                      .sample_count = k->time_count};
  if (!s)
    s = gm_subject_run(k->t->subject, k->ctx, k->t->runner, &course, k->n, k->t->posterior->z,
                       k->t->lineage, k->y, k->status);
  gm_free(event);
  if (!s) outputs_check(k);
  return s;
}

static gm_status plan_measure(comparer *k, int32_t plan)
{
  gm_comparison *c = k->c;
  const gm_plan *p = &c->plan[plan];
  grid_make(k, p);
  gm_status s = plan_run(k, p);
  for (int32_t m = 0; m < k->n && !s; m++) k->failed[m] = (int8_t)(k->failed[m] | k->status[m]);
  c->diverged = gm__weights_without_failed(k->n, k->t->posterior->weight, k->failed, k->weight);
  if (!s && c->diverged == k->n)
    s = gm_fail(k->ctx, GM_ENUMERIC,
                "no member of the belief got through the plan \"%s\" with finite "
                "outputs; does the model divide by zero?",
                p->name);
  for (int32_t g = 0; g < c->target_count && !s; g++)
    s = target_measure(k, g, &c->result[plan].target[g]);
  for (int32_t m = 0; m < k->n && !s; m++) {
    double sum = 0;
    for (int32_t g = 0; g < c->target_count; g++) sum += k->met[(ptrdiff_t)g * k->n + m];
    k->utility[(ptrdiff_t)plan * k->n + m] = sum / c->target_count;
  }
  return s;
}

/* Keeps the first plans, if there is something to compare among them. */
static gm_status plans_keep(gm_ctx *ctx, gm_comparison *c, int32_t count)
{
  if (count < 3 || c->nothing >= count || c->as_it_is >= count)
    return gm_fail(ctx, GM_ECANCELLED, "comparison stopped");
  for (int32_t i = count; i < c->plan_count; i++) {
    gm_plan_free(&c->plan[i]);
    gm_free(c->result[i].target);
  }
  c->plan_count = count;
  return GM_OK;
}

/* A member that fails under one plan is left out of all, so that the pairs stay pairs: when a plan
 * lost members that plans before it still had, all are measured once more. */
static gm_status measure_all(comparer *k, const gm_watch *watch)
{
  gm_comparison *c = k->c;
  gm_status s = GM_OK;
  for (int32_t before = -1; before != c->diverged && !s;) {
    before = c->diverged;
    for (int32_t i = 0; i < c->plan_count && !s; i++) {
      if (c->plan_count == c->asked && gm_watch_stop(watch)) {
        s = plans_keep(k->ctx, c, i);
        break; /* and those that are kept are measured once more if members were lost */
      }
      s = plan_measure(k, i);
      gm_watch_progress(watch, "comparing plans", (i + 1.0) / c->plan_count);
    }
  }
  return s;
}

static gm_status compare_all(comparer *k, const gm_watch *watch)
{
  gm_comparison *c = k->c;
  gm_status s = measure_all(k, watch);
  gm_option_result *o = gm_alloc(k->ctx, c->plan_count, sizeof *o);
  if (!o) return gm_fail(k->ctx, GM_ENOMEM, "comparison");
  if (!s)
    s = gm__compare_options(k->ctx, c->plan_count, k->n, k->utility, k->weight, c->as_it_is, o);
  for (int32_t i = 0; i < c->plan_count && !s; i++) {
    gm_plan_result *r = &c->result[i];
    r->utility = o[i].utility;
    r->gain = o[i].gain;
    r->better = o[i].better;
    r->regret = o[i].regret;
    r->distinguishable = o[i].distinguishable;
  }
  gm_free(o);
  return s;
}

/* ---- taking the plans ------------------------------------------------------------------------ */
static int32_t plan_named(const gm_comparison *c, const char *name)
{
  for (int32_t i = 0; i < c->plan_count; i++)
    if (!strcmp(c->plan[i].name, name)) return i;
  return -1;
}

static gm_status plan_copy(gm_ctx *ctx, const gm_plan *from, gm_plan *to)
{
  gm_plan p = *from;
  p.name = gm_strdup(ctx, from->name);
  p.event = gm_alloc(ctx, from->event_count, sizeof *p.event);
  if (!p.name || !p.event) {
    gm_plan_free(&p);
    return gm_fail(ctx, GM_ENOMEM, "plan");
  }
  if (from->event_count) memcpy(p.event, from->event, (size_t)from->event_count * sizeof *p.event);
  *to = p;
  return GM_OK;
}

static bool is_given(const gm_plan *plan, int32_t count, const char *name)
{
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(plan[i].name, name)) return true;
  return false;
}

/* The two plans that are always there, in front, unless they were given. */
static gm_status plans_always(gm_ctx *ctx, const gm_twin *t, const gm_plan *plan, int32_t count,
                              gm_comparison *c)
{
  gm_status s = GM_OK;
  if (!is_given(plan, count, "nothing")) {
    s = gm_plan_nothing(ctx, t, c->t_end, &c->plan[c->plan_count]);
    if (!s) c->plan_count++;
  }
  if (!s && !is_given(plan, count, "as it is")) {
    s = gm_plan_as_it_is(ctx, t, c->t_end, &c->plan[c->plan_count]);
    if (!s) c->plan_count++;
  }
  return s;
}

static gm_status plans_take(gm_ctx *ctx, const gm_twin *t, const gm_plan *plan, int32_t count,
                            gm_comparison *c)
{
  c->plan = gm_alloc(ctx, count + 2, sizeof *c->plan);
  c->result = gm_alloc(ctx, count + 2, sizeof *c->result);
  if (!c->plan || !c->result) return gm_fail(ctx, GM_ENOMEM, "comparison of %d plans", (int)count);
  gm_status s = plans_always(ctx, t, plan, count, c);
  for (int32_t i = 0; i < count && !s; i++) {
    s = plan_copy(ctx, &plan[i], &c->plan[c->plan_count]);
    if (!s) c->plan_count++;
  }
  for (int32_t i = 0; i < c->plan_count && !s; i++) {
    c->result[i].target = gm_alloc(ctx, c->target_count, sizeof *c->result[i].target);
    if (!c->result[i].target) s = gm_fail(ctx, GM_ENOMEM, "comparison");
  }
  c->asked = c->plan_count;
  c->nothing = plan_named(c, "nothing");
  c->as_it_is = plan_named(c, "as it is");
  return s;
}

static gm_status comparer_alloc(comparer *k)
{
  gm_ctx *ctx = k->ctx;
  ptrdiff_t n = k->n;
  k->y = gm_alloc(ctx, n * GRID_MAX * k->outputs, sizeof *k->y);
  k->weight = k->c->weight = gm_alloc(ctx, n, sizeof *k->weight);
  k->value = gm_alloc(ctx, n, sizeof *k->value);
  k->met = gm_alloc(ctx, n * k->c->target_count, sizeof *k->met);
  k->utility = k->c->utility = gm_alloc(ctx, n * k->c->plan_count, sizeof *k->utility);
  k->status = gm_alloc(ctx, n, 1);
  k->failed = gm_alloc(ctx, n, 1);
  bool good = k->y && k->weight && k->value && k->met && k->utility && k->status && k->failed;
  return good ? GM_OK : gm_fail(ctx, GM_ENOMEM, "comparison of %d members", (int)n);
}

static void comparer_free(comparer *k)
{
  gm_free(k->y);
  gm_free(k->value);
  gm_free(k->met);
  gm_free(k->status);
  gm_free(k->failed);
}

gm_status gm_compare(gm_ctx *ctx, const gm_twin *t, const gm_plan *plan, int32_t plan_count,
                     double t_end, const gm_watch *watch, gm_comparison **out)
{
  assert(ctx && t && out && (plan || plan_count == 0));
  if (t->definition->target_count == 0)
    return gm_fail(ctx, GM_EINVAL,
                   "%s: no targets: plans cannot be compared; a field `targets` is "
                   "expected",
                   t->definition->path);
  if (!(isfinite(t_end) && t_end > t->t_now))
    return gm_fail(ctx, GM_EINVAL, "horizon ends at %g, which is not after now (%g)", t_end,
                   t->t_now);
  gm_comparison *c = gm_alloc(ctx, 1, sizeof *c);
  if (!c) return gm_fail(ctx, GM_ENOMEM, "comparison");
  c->t_now = t->t_now;
  c->t_end = t_end;
  c->target_count = t->definition->target_count;
  c->member_count = t->posterior->n;
  comparer k = {.ctx = ctx, .t = t, .c = c, .n = c->member_count};
  gm_model_table(t->definition->model, GM_TABLE_OUTPUT, &k.outputs);
  gm_status s = plans_take(ctx, t, plan, plan_count, c);
  if (!s) s = comparer_alloc(&k);
  if (!s) s = compare_all(&k, watch);
  comparer_free(&k);
  if (s) {
    gm_comparison_free(c);
    return s;
  }
  *out = c;
  return GM_OK;
}

void gm_comparison_free(gm_comparison *c)
{
  if (!c) return;
  for (int32_t i = 0; c->plan && i < c->plan_count; i++) gm_plan_free(&c->plan[i]);
  for (int32_t i = 0; c->result && i < c->plan_count; i++) gm_free(c->result[i].target);
  gm_free(c->plan);
  gm_free(c->result);
  gm_free(c->utility);
  gm_free(c->weight);
  gm_free(c);
}
