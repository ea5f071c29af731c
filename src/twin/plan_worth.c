/* plan_worth.c - what a measurement would be worth to the choice between plans: the members measure
 * it, each with an error of its own, and gains are smoothed on what they would read. */
#include "gemel/plan.h"
#include "twin/forecast.h"
#include "twin/subject.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* As a plan's own samples: after every record of its time, before the plan's doses. */
enum { ORDER_BEFORE_PLAN = 999999 };

typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  const gm_comparison *c;
  const gm_measure *measure;
  int32_t count, outputs;
  double time[GM_WORTH_MEASURES_MAX]; /* ascending; [column[j]] is that of measure j */
  int32_t order[GM_WORTH_MEASURES_MAX], column[GM_WORTH_MEASURES_MAX];
  double *y, *x; /* [n][count][outputs]; [n][count] what each member reads */
  int8_t *status;
} asker;

static gm_status measures_check(const asker *a)
{
  const gm_comparison *c = a->c;
  if (a->count < 1 || a->count > GM_WORTH_MEASURES_MAX)
    return gm_fail(a->ctx, GM_ERANGE, "%d measurements at once; 1 to %d are expected",
                   (int)a->count, (int)GM_WORTH_MEASURES_MAX);
  for (int32_t j = 0; j < a->count; j++) {
    const gm_measure *m = &a->measure[j];
    if (m->observable < 0 || m->observable >= a->t->definition->observable_count)
      return gm_fail(a->ctx, GM_ERANGE, "measurement of observable %d", (int)m->observable);
    const gm_observable *o = &a->t->definition->observable[m->observable];
    if (!o->count && !(o->additive > 0) && !(o->proportional > 0))
      return gm_fail(a->ctx, GM_EINVAL, "%s is never measured (error: none)", o->name);
    if (!(m->t >= c->t_now && m->t <= c->t_end))
      return gm_fail(a->ctx, GM_EDOMAIN,
                     "measurement at %g: a time from now (%g) to %g is expected", m->t, c->t_now,
                     c->t_end);
  }
  return GM_OK;
}

static void times_sort(asker *a)
{
  for (int32_t j = 0; j < a->count; j++) {
    int32_t at = j;
    for (; at > 0 && a->time[at - 1] > a->measure[j].t; at--) a->time[at] = a->time[at - 1];
    a->time[at] = a->measure[j].t;
    for (int32_t i = 0; i < j; i++) a->column[i] += a->column[i] >= at;
    a->column[j] = at;
    a->order[j] = ORDER_BEFORE_PLAN;
  }
}

static gm_status members_run(asker *a)
{
  gm_plan plan = {.action = -1};
  gm_event *event = NULL;
  int32_t events = 0;
  gm_status s = gm_plan_as_it_is(a->ctx, a->t, a->c->t_end, &plan);
  if (s) return s;
  s = gm__course_events(a->ctx, a->t, plan.event, plan.event_count, false, &event, &events);
  gm_course course = {.event = event,
                      .event_count = events,
                      .sample = a->time,
                      .sample_order = a->order,
                      .sample_count = a->count};
  if (!s)
    s = gm_subject_run(a->t->subject, a->ctx, a->t->runner, &course, a->c->member_count,
                       a->t->posterior->z, a->t->lineage, a->y, a->status);
  gm_free(event);
  gm_plan_free(&plan);
  return s;
}

/* What member m reads of measure j. */
static double reading(const asker *a, gm_key key, int32_t m, int32_t j)
{
  const gm_observable *o = &a->t->definition->observable[a->measure[j].observable];
  double f = a->y[((ptrdiff_t)m * a->count + a->column[j]) * a->outputs + o->output];
  gm_datum d = gm__measured(o);
  double u = gm_uniform(key, (uint64_t)m, (uint64_t)j, 0, 0);
  if (o->count) key.v[3] = gm_hash64(key.v[3], (uint64_t)j); /* counts draw more than one number */
  double v = gm_datum_draw(&d, f, u, key, (uint64_t)m, (uint64_t)j);
  if (!isnan(o->loq)) return v < o->loq ? o->loq : v; /* NaN stays NaN */
  return o->censor_zero && v < 0 ? 0 : v;
}

/* Into x, and whether any measure differs between members; those that do not are left out. */
static gm_status readings_take(asker *a, int32_t *kept)
{
  gm_key key = gm_key_make(a->t->seed, GM_PURPOSE_MEASUREMENT,
                           gm_hash_text(gm_subject_id(a->t->subject)), 5);
  int32_t n = a->c->member_count, d = 0, column[GM_WORTH_MEASURES_MAX];
  for (int32_t j = 0; j < a->count; j++) {
    double low = INFINITY, high = -INFINITY;
    for (int32_t m = 0; m < n; m++) {
      double v = a->x[(ptrdiff_t)m * a->count + j] = reading(a, key, m, j);
      if (!(a->c->weight[m] > 0)) continue;
      if (!isfinite(v))
        return gm_fail(a->ctx, GM_ENUMERIC, "measurement %d of member %d is %g", (int)j, (int)m, v);
      low = fmin(low, v);
      high = fmax(high, v);
    }
    if (high > low) column[d++] = j;
  }
  for (int32_t m = 0; m < n; m++) /* packed from the front: what is written has been read */
    for (int32_t i = 0; i < d; i++)
      a->x[(ptrdiff_t)m * d + i] = a->x[(ptrdiff_t)m * a->count + column[i]];
  *kept = d;
  return GM_OK;
}

static gm_status worth_make(asker *a, gm_worth *w)
{
  const gm_comparison *c = a->c;
  int32_t kept = 0;
  gm_choice choice = {.option_count = c->plan_count,
                      .member_count = c->member_count,
                      .replicate_count = 1,
                      .value = c->utility,
                      .weight = c->weight,
                      .model_count = 1,
                      .coupled = true};
  gm_status s = members_run(a);
  if (!s) s = readings_take(a, &kept);
  if (s) return s;
  if (kept > 0) {
    gm_key key = gm_key_make(a->t->seed, GM_PURPOSE_BOOTSTRAP,
                             gm_hash_text(gm_subject_id(a->t->subject)), 5);
    return gm_worth_regression(a->ctx, &choice, kept, a->x, key, w);
  }
  double *none = gm_alloc(a->ctx, c->plan_count, sizeof *none); /* zeros: nothing is explained */
  if (!none) return gm_fail(a->ctx, GM_ENOMEM, "worth of a measurement");
  s = gm_worth_moments(a->ctx, &choice, none, w);
  gm_free(none);
  return s;
}

gm_status gm_comparison_worth(gm_ctx *ctx, const gm_twin *t, const gm_comparison *c,
                              const gm_measure *measure, int32_t count, gm_worth *out)
{
  assert(ctx && t && c && measure && out);
  asker a = {.ctx = ctx, .t = t, .c = c, .measure = measure, .count = count};
  gm_status s = measures_check(&a);
  if (s) return s;
  gm_model_table(t->definition->model, GM_TABLE_OUTPUT, &a.outputs);
  times_sort(&a);
  ptrdiff_t n = c->member_count;
  a.y = gm_alloc(ctx, n * count * a.outputs, sizeof *a.y);
  a.x = gm_alloc(ctx, n * count, sizeof *a.x);
  a.status = gm_alloc(ctx, n, 1);
  gm_worth w = {.share = out->share};
  if (!a.y || !a.x || !a.status) s = gm_fail(ctx, GM_ENOMEM, "measurements of %d members", (int)n);
  if (!s) s = worth_make(&a, &w);
  gm_free(a.y);
  gm_free(a.x);
  gm_free(a.status);
  if (!s) *out = w;
  return s;
}
