/* plan_compare.c - plans simulated on the same members, measured by the definition's targets. */
#include "gemel/plan.h"
#include "methods/compare.h"
#include "twin/forecast.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { GRID_COARSE = 97, GRID_FINE = 49, GRID_MAX = GRID_COARSE + GRID_FINE };

typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  gm_comparison *c;
  int32_t n, outputs, time_count;
  double time[GRID_MAX];
  int32_t order[GRID_MAX];
  double *y, *weight, *value, *met, *utility; /* [n][time][outputs] [n] [targets*n] [targets*n]
                                                 [plans*n] */
  int8_t *status, *failed;
  double last_from; /* beginning of the last interval of the plan at hand */
} comparer;

/* Coarse over the horizon, fine over its last part (a day or the longest interval). */
static void grid_make(comparer *k)
{
  const gm_comparison *c = k->c;
  double span = c->t_end - c->t_now, tail = 24 * k->t->definition->hour;
  for (int32_t i = 0; i < c->plan_count; i++) tail = fmax(tail, c->plan[i].every);
  if (tail > 0.5 * span) tail = 0.5 * span;
  int32_t n = 0;
  for (int32_t i = 0; i < GRID_COARSE; i++)
    k->time[n++] = c->t_now + (span - tail) * i / GRID_COARSE;
  for (int32_t i = 0; i < GRID_FINE; i++)
    k->time[n++] = c->t_end - tail + tail * i / (GRID_FINE - 1);
  k->time[n - 1] = c->t_end;
  /* the first is what holds now, before the plan does anything; the last is before any dose then */
  for (int32_t i = 0; i < n; i++) k->order[i] = i == 0 ? 999999 : INT32_MAX - 1;
  k->time_count = n;
}

static double at(const comparer *k, int32_t m, int32_t time, int32_t output)
{
  return k->y[((ptrdiff_t)m * k->time_count + time) * k->outputs + output];
}

/* Area under an output from t_from to the end, by trapezia; *span_out: the time covered. */
static double area(const comparer *k, int32_t m, int32_t output, double t_from, double *span_out)
{
  double sum = 0, span = 0;
  for (int32_t i = 0; i + 1 < k->time_count; i++) {
    double h = k->time[i + 1] - k->time[i];
    if (k->time[i] < t_from - 1e-9 * h) continue;
    sum += 0.5 * h * (at(k, m, i, output) + at(k, m, i + 1, output));
    span += h;
  }
  *span_out = span;
  return sum;
}

static double peak(const comparer *k, int32_t m, int32_t output)
{
  double best = -INFINITY;
  for (int32_t i = 0; i < k->time_count; i++)
    if (k->time[i] >= k->last_from) best = fmax(best, at(k, m, i, output));
  return best;
}

/* Shares of the horizon below, inside and above the range; trapezoidal weights of the grid. */
static void shares(const comparer *k, int32_t m, int32_t output, const gm_target *g, double out[3])
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

static double quantity(const comparer *k, int32_t m, const gm_target *g, int32_t output)
{
  double span, hour = k->t->definition->hour;
  switch (g->kind) {
  case GM_TARGET_TROUGH: return at(k, m, k->time_count - 1, output);
  case GM_TARGET_PEAK: return peak(k, m, output);
  case GM_TARGET_AUC24: {
    double a = area(k, m, output, k->c->t_end - 24 * hour, &span);
    return span > 0 ? a * 24 * hour / span / hour : NAN; /* value x hours */
  }
  case GM_TARGET_AVERAGE: {
    double a = area(k, m, output, k->last_from, &span);
    return a / span;
  }
  case GM_TARGET_RANGE: break;
  }
  return NAN;
}

/* One target under one plan: the quantity of each member and how far it meets the target. */
static gm_status target_measure(comparer *k, int32_t target, gm_target_result *out)
{
  const gm_target *g = &k->t->definition->target[target];
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
    s = gm_subject_run(k->t->subject, k->ctx, k->t->runner, &course, k->n, k->t->posterior->z, k->y,
                       k->status);
  gm_free(event);
  return s;
}

static gm_status plan_measure(comparer *k, int32_t plan)
{
  gm_comparison *c = k->c;
  const gm_plan *p = &c->plan[plan];
  double day = 24 * k->t->definition->hour;
  double every = p->every > 0 ? p->every : p->event_count ? p->event[0].interval : day;
  k->last_from = c->t_end - fmin(every > 0 ? every : day, c->t_end - c->t_now);
  gm_status s = plan_run(k, p);
  for (int32_t m = 0; m < k->n && !s; m++) k->failed[m] = (int8_t)(k->failed[m] | k->status[m]);
  c->diverged = gm__weights_without_failed(k->n, k->t->posterior->weight, k->failed, k->weight);
  if (!s && c->diverged == k->n)
    s = gm_fail(k->ctx, GM_ENUMERIC, "no member of the belief got through the plan \"%s\"",
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

/* A member that fails under one plan is left out of all, so that the pairs stay pairs: when a plan
 * lost members that plans before it still had, all are measured once more. */
static gm_status measure_all(comparer *k, const gm_watch *watch)
{
  gm_comparison *c = k->c;
  gm_status s = GM_OK;
  for (int32_t before = -1; before != c->diverged && !s;) {
    before = c->diverged;
    for (int32_t i = 0; i < c->plan_count && !s; i++) {
      if (gm_watch_stop(watch)) return gm_fail(k->ctx, GM_ECANCELLED, "comparison stopped");
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
  c->nothing = plan_named(c, "nothing");
  c->as_it_is = plan_named(c, "as it is");
  return s;
}

static gm_status comparer_alloc(comparer *k)
{
  gm_ctx *ctx = k->ctx;
  ptrdiff_t n = k->n;
  k->y = gm_alloc(ctx, n * k->time_count * k->outputs, sizeof *k->y);
  k->weight = gm_alloc(ctx, n, sizeof *k->weight);
  k->value = gm_alloc(ctx, n, sizeof *k->value);
  k->met = gm_alloc(ctx, n * k->c->target_count, sizeof *k->met);
  k->utility = gm_alloc(ctx, n * k->c->plan_count, sizeof *k->utility);
  k->status = gm_alloc(ctx, n, 1);
  k->failed = gm_alloc(ctx, n, 1);
  bool good = k->y && k->weight && k->value && k->met && k->utility && k->status && k->failed;
  return good ? GM_OK : gm_fail(ctx, GM_ENOMEM, "comparison of %d members", (int)n);
}

static void comparer_free(comparer *k)
{
  gm_free(k->y);
  gm_free(k->weight);
  gm_free(k->value);
  gm_free(k->met);
  gm_free(k->utility);
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
  comparer k = {.ctx = ctx, .t = t, .c = c, .n = t->posterior->n};
  gm_model_table(t->definition->model, GM_TABLE_OUTPUT, &k.outputs);
  gm_status s = plans_take(ctx, t, plan, plan_count, c);
  if (!s) grid_make(&k);
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
  gm_free(c);
}
