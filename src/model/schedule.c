/* schedule.c - from the records of a schedule to the edges one member meets.
 *
 * Every record becomes items (dose arrives, infusion begins, infusion ends, reset, ...); items are
 * sorted by time and order and swept once. A port's rate is set to the sum of its running infusions
 * in the order they began, so that it returns to exactly 0. */
#include "gemel/schedule.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER_DERIVED = -1, ORDER_LAST = INT32_MAX, ADDITIONAL_MAX = 10000000, ITEMS_MAX = 400000 };
/* Items of equal time and order: what ends comes before what begins. */
typedef enum {
  ITEM_END,
  ITEM_RESET,
  ITEM_STEADY,
  ITEM_CLEAR, /* a state becomes 0 before a dose */
  ITEM_BOLUS,
  ITEM_BEGIN,
  ITEM_REPLACE,
  ITEM_SWITCH
} item_kind;

typedef struct {
  double t, value, until; /* value: amount, rate, or the parameter's value */
  int32_t order, index;   /* index: event, switch or (END) the infusion's number */
  int32_t port;
  int32_t serial; /* keeps equal items in the order they were made */
  item_kind kind;
} item;

typedef struct {
  double rate;
  int32_t port;
  bool on;
} infusion;

typedef struct {
  gm_ctx *ctx;
  const gm_timeline_spec *spec;
  gm_timeline *out;
  item *list;
  int32_t count, room;
  infusion *running;
  int32_t infusion_count, infusion_room;
  int32_t sample; /* next one */
  int32_t leg_edge;
  double leg_t0;
} builder;

gm_effect gm_effect_none(void) { return (gm_effect){.availability = 1}; }

/* ---- checks ---------------------------------------------------------------------------------- */
static bool not_negative(double v) { return isfinite(v) && v >= 0; }

static gm_status dose_numbers_check(gm_ctx *ctx, const gm_event *e)
{
  int n = (int)e->order;
  if (!not_negative(e->amount))
    return gm_fail(ctx, GM_EDOMAIN, "record %d: amount %g; a finite amount >= 0 is expected", n,
                   e->amount);
  if (!not_negative(e->rate) || !not_negative(e->duration))
    return gm_fail(ctx, GM_EDOMAIN, "record %d: rate %g, duration %g; >= 0 is expected", n, e->rate,
                   e->duration);
  if (e->additional < 0 || e->additional > ADDITIONAL_MAX)
    return gm_fail(ctx, GM_ERANGE, "record %d: ADDL %d; 0 to %d are expected", n,
                   (int)e->additional, (int)ADDITIONAL_MAX);
  if (e->steady < 0 || e->steady > 2)
    return gm_fail(ctx, GM_ERANGE, "record %d: SS %d; 0, 1 or 2 is expected", n, (int)e->steady);
  return GM_OK;
}

/* SS with AMT = 0 and a rate: a constant infusion that has run for ever until the record. */
static bool is_constant_infusion(const gm_event *e)
{
  return e->steady && e->amount == 0 && e->rate > 0;
}

static gm_status dose_check(gm_ctx *ctx, const gm_event *e)
{
  gm_status s = dose_numbers_check(ctx, e);
  if (s) return s;
  bool repeats = e->additional > 0 || (e->steady && !is_constant_infusion(e));
  if (repeats && !(isfinite(e->interval) && e->interval > 0))
    return gm_fail(ctx, GM_EDOMAIN, "record %d: ADDL or SS need an interval II > 0, not %g",
                   (int)e->order, e->interval);
  return GM_OK;
}

static gm_status event_check(gm_ctx *ctx, const gm_event *e, int32_t port_count)
{
  int n = (int)e->order;
  if (!isfinite(e->t)) return gm_fail(ctx, GM_EDOMAIN, "record %d: time is not finite", n);
  if (e->kind == GM_EVENT_OTHER || e->kind == GM_EVENT_RESET) return GM_OK;
  if (e->port < 0 || e->port >= port_count)
    return gm_fail(ctx, GM_ERANGE, "record %d: compartment %d; 1 to %d are expected", n,
                   (int)e->port + 1, (int)port_count);
  if (e->kind != GM_EVENT_REPLACE) return dose_check(ctx, e);
  if (!isfinite(e->amount))
    return gm_fail(ctx, GM_EDOMAIN, "record %d: amount %g; a finite one is expected", n, e->amount);
  return GM_OK;
}

gm_status gm_schedule_check(gm_ctx *ctx, const gm_event *event, int32_t count, int32_t port_count)
{
  for (int32_t i = 0; i < count; i++) {
    gm_status s = event_check(ctx, &event[i], port_count);
    if (s) return s;
    if (i && event[i].t < event[i - 1].t)
      return gm_fail(ctx, GM_EDOMAIN,
                     "record %d: time %g comes after %g; sorted records are "
                     "expected",
                     (int)event[i].order, event[i].t, event[i - 1].t);
  }
  return GM_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */
static gm_status item_add(builder *b, item it)
{
  if (b->count >= ITEMS_MAX)
    return gm_fail(b->ctx, GM_ERANGE,
                   "more than %d doses until time %g; fewer ADDL or a longer II are expected",
                   (int)ITEMS_MAX / 2, b->spec->t_end);
  if (b->count == b->room) {
    int32_t room = b->room ? 2 * b->room : 64;
    gm_status s = gm_grow(b->ctx, &b->list, b->count, room, sizeof *b->list);
    if (s) return s;
    b->room = room;
  }
  it.serial = b->count;
  b->list[b->count++] = it;
  return GM_OK;
}

static gm_status infusion_add(builder *b, const gm_event *e, double t0, double t1, double rate,
                              int32_t order, int32_t index)
{
  if (b->infusion_count == b->infusion_room) {
    int32_t room = b->infusion_room ? 2 * b->infusion_room : 16;
    gm_status s = gm_grow(b->ctx, &b->running, b->infusion_count, room, sizeof *b->running);
    if (s) return s;
    b->infusion_room = room;
  }
  int32_t number = b->infusion_count++;
  b->running[number] = (infusion){rate, e->port, false};
  gm_status s = item_add(b, (item){.t = t0,
                                   .value = number,
                                   .order = order,
                                   .port = e->port,
                                   .index = index,
                                   .kind = ITEM_BEGIN});
  if (!s)
    s = item_add(b, (item){.t = t1,
                           .value = number,
                           .order = ORDER_DERIVED,
                           .port = e->port,
                           .index = index,
                           .kind = ITEM_END});
  return s;
}

/* How long an infusion lasts and how fast it runs; duration 0: a bolus. */
static void dose_shape(const gm_event *e, const gm_effect *f, double *duration, double *rate)
{
  double amount = e->amount * f->availability;
  double r = e->mode == GM_DOSE_RATE_MODELLED ? f->rate : e->rate;
  double d = e->mode == GM_DOSE_DURATION_MODELLED ? f->duration : e->duration;
  *duration = d > 0 ? d : r > 0 ? amount / r : 0;
  *rate = d > 0 ? amount / d : r;
}

static gm_status dose_add(builder *b, const gm_event *e, const gm_effect *f, double t,
                          int32_t order)
{
  double duration, rate;
  int32_t index = (int32_t)(e - b->spec->event);
  dose_shape(e, f, &duration, &rate);
  if (duration <= 0 && e->amount == 0) return GM_OK;
  if (f->clears > 0) {
    const item clear = {
        .t = t, .order = order, .port = f->clears - 1, .index = index, .kind = ITEM_CLEAR};
    gm_status s = item_add(b, clear);
    if (s) return s;
  }
  if (duration > 0) return infusion_add(b, e, t, t + duration, rate, order, index);
  return item_add(b, (item){.t = t,
                            .value = e->amount * f->availability,
                            .order = order,
                            .port = e->port,
                            .index = index,
                            .kind = ITEM_BOLUS});
}

/* Doses of the steady pattern that arrived before the record but still run, and those that are on
 * their way (lag longer than the interval). */
static gm_status steady_past(builder *b, const gm_event *e, const gm_effect *f)
{
  double duration, rate;
  dose_shape(e, f, &duration, &rate);
  double reach = duration > f->lag ? duration : f->lag;
  double need = ceil((reach + f->lag) / e->interval) + 1;
  if (!(need < ITEMS_MAX / 4))
    return gm_fail(b->ctx, GM_ERANGE, "record %d: a lag or duration of %g intervals II",
                   (int)e->order, need);
  int32_t most = (int32_t)need;
  for (int32_t j = most; j >= 1; j--) {
    double late = f->lag - j * e->interval, arrives = e->t + late, ends = arrives + duration;
    gm_status s = GM_OK;
    if (late > 0)
      s = dose_add(b, e, f, arrives, ORDER_DERIVED);
    else if (late == 0 && duration <= 0) /* arrives now; the cycle ends just before it */
      s = dose_add(b, e, f, e->t, e->order);
    else if (duration > 0 && ends > e->t)
      s = infusion_add(b, e, e->t, ends, rate, e->order, (int32_t)(e - b->spec->event));
    if (s) return s;
  }
  return GM_OK;
}

static gm_status effect_check(builder *b, const gm_event *e, const gm_effect *f)
{
  int n = (int)e->order;
  if (!(isfinite(f->lag) && f->lag >= 0) || !(isfinite(f->availability) && f->availability >= 0))
    return gm_fail(b->ctx, GM_EDOMAIN, "record %d: lag %g, availability %g; >= 0 is expected", n,
                   f->lag, f->availability);
  if (e->mode == GM_DOSE_RATE_MODELLED && !(isfinite(f->rate) && f->rate > 0))
    return gm_fail(b->ctx, GM_EDOMAIN, "record %d: modelled rate %g; > 0 is expected", n, f->rate);
  if (e->mode == GM_DOSE_DURATION_MODELLED && !(isfinite(f->duration) && f->duration > 0))
    return gm_fail(b->ctx, GM_EDOMAIN, "record %d: modelled duration %g; > 0 is expected", n,
                   f->duration);
  if (f->clears < 0 || f->clears > b->spec->port_count)
    return gm_fail(b->ctx, GM_ERANGE, "record %d: a dose that clears port %d of %d", n,
                   (int)f->clears, (int)b->spec->port_count);
  if (f->clears && e->steady)
    return gm_fail(b->ctx, GM_EUNSUPPORTED, "record %d: SS of a dose that clears a state", n);
  return GM_OK;
}

/* The dose of a record and those after it. */
static gm_status dose_items(builder *b, const gm_event *e, const gm_effect *f)
{
  int32_t index = (int32_t)(e - b->spec->event);
  gm_status s = GM_OK;
  if (e->steady)
    s = item_add(b, (item){.t = e->t, .order = e->order, .index = index, .kind = ITEM_STEADY});
  if (s || is_constant_infusion(e)) return s;
  if (e->steady) s = steady_past(b, e, f);
  for (int32_t j = 0; j <= e->additional && !s; j++) {
    double t = e->t + f->lag + j * e->interval;
    if (t > b->spec->t_end) break;
    s = dose_add(b, e, f, t, j == 0 && f->lag == 0 ? e->order : ORDER_DERIVED);
  }
  return s;
}

static gm_status event_items(builder *b, const gm_event *e, const gm_effect *f)
{
  int32_t index = (int32_t)(e - b->spec->event);
  if (e->kind == GM_EVENT_OTHER) return GM_OK;
  gm_status s = effect_check(b, e, f);
  if (!s && (e->kind == GM_EVENT_RESET || e->kind == GM_EVENT_RESET_DOSE))
    s = item_add(b, (item){.t = e->t, .order = e->order, .kind = ITEM_RESET});
  if (s || e->kind == GM_EVENT_RESET) return s;
  if (e->kind == GM_EVENT_REPLACE)
    return item_add(b, (item){.t = e->t,
                              .value = e->amount,
                              .order = e->order,
                              .port = e->port,
                              .index = index,
                              .kind = ITEM_REPLACE});
  return dose_items(b, e, f);
}

static int item_compare(const void *pa, const void *pb)
{
  const item *a = pa, *b = pb;
  if (a->t != b->t) return a->t < b->t ? -1 : 1;
  if (a->order != b->order) return a->order < b->order ? -1 : 1;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static gm_status collect(builder *b)
{
  const gm_timeline_spec *p = b->spec;
  const gm_effect none = gm_effect_none();
  gm_status s = gm_schedule_check(b->ctx, p->event, p->event_count, p->port_count);
  for (int32_t i = 0; i < p->event_count && !s; i++)
    s = event_items(b, &p->event[i], p->effect ? &p->effect[i] : &none);
  for (int32_t i = 0; i < p->change_count && !s; i++)
    s = item_add(b, (item){.t = p->change[i].t,
                           .value = p->change[i].value,
                           .order = p->change[i].order > 0 ? p->change[i].order : ORDER_LAST,
                           .port = p->change[i].parameter,
                           .kind = ITEM_SWITCH});
  if (!s && b->count) qsort(b->list, (size_t)b->count, sizeof *b->list, item_compare);
  return s;
}

/* ---- the sweep ------------------------------------------------------------------------------- */
static gm_status edge_add(builder *b, double t, gm_edge_kind kind, int32_t port, double value)
{
  gm_timeline *o = b->out;
  if (o->edge_count == o->edge_room) {
    int32_t room = o->edge_room ? 2 * o->edge_room : 64;
    gm_status s = gm_grow(b->ctx, &o->edge, o->edge_count, room, sizeof *o->edge);
    if (s) return s;
    o->edge_room = room;
  }
  o->edge[o->edge_count++] = (gm_edge){.t = t, .value = value, .port = port, .kind = kind};
  return GM_OK;
}

static double port_rate(const builder *b, int32_t port)
{
  double rate = 0;
  for (int32_t i = 0; i < b->infusion_count; i++)
    if (b->running[i].on && b->running[i].port == port) rate += b->running[i].rate;
  return rate;
}

static gm_status leg_add(builder *b, gm_leg leg)
{
  gm_timeline *o = b->out;
  if (o->leg_count == o->leg_room) {
    int32_t room = o->leg_room ? 2 * o->leg_room : 4;
    gm_status s = gm_grow(b->ctx, &o->leg, o->leg_count, room, sizeof *o->leg);
    if (s) return s;
    o->leg_room = room;
  }
  o->leg[o->leg_count++] = leg;
  return GM_OK;
}

/* Ends the present stretch at t; it takes the samples up to number sample_end. */
static gm_status leg_close(builder *b, double t, int32_t sample_end)
{
  gm_leg leg = {.kind = GM_LEG_SPAN,
                .t0 = b->leg_t0,
                .t1 = t,
                .edge = b->leg_edge,
                .edge_count = b->out->edge_count - b->leg_edge,
                .sample = b->sample,
                .sample_count = sample_end - b->sample};
  b->sample = sample_end;
  b->leg_edge = b->out->edge_count;
  b->leg_t0 = t;
  return leg_add(b, leg);
}

/* Running infusions end and later doses are dropped: those of events at or before (t, order). */
static void cancel(builder *b, int32_t at)
{
  const item *now = &b->list[at];
  for (int32_t i = 0; i < b->infusion_count; i++) b->running[i].on = false;
  for (int32_t i = at + 1; i < b->count; i++) {
    item *it = &b->list[i];
    if (it->kind != ITEM_BOLUS && it->kind != ITEM_BEGIN && it->kind != ITEM_CLEAR) continue;
    const gm_event *e = &b->spec->event[it->index];
    if (e->t < now->t || (e->t == now->t && e->order < now->order)) it->kind = ITEM_END;
    if (it->kind == ITEM_END) it->value = -1; /* of nothing */
  }
}

/* One cycle of a steady pattern, beginning with a dose at t0. */
static gm_status steady_edges(builder *b, const gm_event *e, const gm_effect *f, gm_leg *leg)
{
  double duration, rate, t = e->t;
  dose_shape(e, f, &duration, &rate);
  if (is_constant_infusion(e)) { /* any cycle will do */
    leg->interval = 100;
    leg->phase = 0;
    return edge_add(b, t, GM_EDGE_RATE, e->port, e->rate);
  }
  leg->interval = e->interval;
  double late = fmod(f->lag, e->interval);
  leg->phase = late > 0 ? e->interval - late : 0;
  if (duration <= 0) return edge_add(b, t, GM_EDGE_BOLUS, e->port, e->amount * f->availability);
  double whole = floor(duration / e->interval), rest = duration - whole * e->interval;
  gm_status s = edge_add(b, t, GM_EDGE_RATE, e->port, (whole + (rest > 0)) * rate);
  if (!s && rest > 0) s = edge_add(b, t + rest, GM_EDGE_RATE, e->port, whole * rate);
  return s;
}

static gm_status rates_again(builder *b, double t)
{
  gm_status s = GM_OK;
  for (int32_t p = 0; p < b->spec->port_count && !s; p++) {
    double rate = port_rate(b, p);
    if (rate > 0) s = edge_add(b, t, GM_EDGE_RATE, p, rate);
  }
  return s;
}

static gm_status steady_leg(builder *b, int32_t at)
{
  const item *it = &b->list[at];
  const gm_event *e = &b->spec->event[it->index];
  gm_effect f = b->spec->effect ? b->spec->effect[it->index] : gm_effect_none();
  int32_t sample = b->sample;
  while (sample < b->spec->sample_count &&
         (b->spec->sample[sample] < it->t ||
          (b->spec->sample[sample] == it->t && b->spec->sample_order &&
           b->spec->sample_order[sample] < it->order)))
    sample++;
  gm_status s = leg_close(b, it->t, sample);
  if (s) return s;
  if (e->steady == 1) cancel(b, at);
  gm_leg leg = {.kind = GM_LEG_STEADY,
                .t0 = it->t,
                .t1 = it->t,
                .edge = b->out->edge_count,
                .add = e->steady == 2};
  s = steady_edges(b, e, &f, &leg);
  leg.edge_count = b->out->edge_count - leg.edge;
  if (!s) s = leg_add(b, leg);
  b->leg_edge = b->out->edge_count;
  return s ? s : rates_again(b, it->t);
}

static gm_status item_apply(builder *b, int32_t at)
{
  const item *it = &b->list[at];
  switch (it->kind) {
  case ITEM_BOLUS: return edge_add(b, it->t, GM_EDGE_BOLUS, it->port, it->value);
  case ITEM_CLEAR: return edge_add(b, it->t, GM_EDGE_REPLACE, it->port, 0);
  case ITEM_REPLACE: return edge_add(b, it->t, GM_EDGE_REPLACE, it->port, it->value);
  case ITEM_SWITCH: return edge_add(b, it->t, GM_EDGE_PARAMETER, it->port, it->value);
  case ITEM_RESET: cancel(b, at); return edge_add(b, it->t, GM_EDGE_RESET, 0, 0);
  case ITEM_STEADY: return steady_leg(b, at);
  case ITEM_BEGIN:
    b->running[(int32_t)it->value].on = true;
    return edge_add(b, it->t, GM_EDGE_RATE, it->port, port_rate(b, it->port));
  case ITEM_END:
    if (it->value < 0 || !b->running[(int32_t)it->value].on) return GM_OK;
    b->running[(int32_t)it->value].on = false;
    return edge_add(b, it->t, GM_EDGE_RATE, it->port, port_rate(b, it->port));
  }
  return GM_OK;
}

/* A sample that lies between two things of one time ends the stretch there, so that it sees the
 * first and not the second; one that comes before all of them is only marked. */
static gm_status samples_before(builder *b, const item *it, bool edges_at_t)
{
  const gm_timeline_spec *p = b->spec;
  int32_t i = b->sample;
  while (i < p->sample_count && p->sample[i] < it->t) i++;
  int32_t first = i;
  while (i < p->sample_count && p->sample[i] == it->t && p->sample_order &&
         p->sample_order[i] < it->order)
    b->out->before[i++] = !edges_at_t;
  return edges_at_t && i > first ? leg_close(b, it->t, i) : GM_OK;
}

static gm_status sweep(builder *b)
{
  gm_status s = GM_OK;
  double last = NAN;
  for (int32_t i = 0; i < b->count && !s; i++) {
    const item *it = &b->list[i];
    if (it->t > b->spec->t_end) break;
    if (it->t < b->spec->t_begin)
      return gm_fail(b->ctx, GM_EDOMAIN, "a dose at time %g lies before the beginning at %g", it->t,
                     b->spec->t_begin);
    s = samples_before(b, it, it->t == last);
    if (!s) s = item_apply(b, i);
    last = it->t;
  }
  return s ? s : leg_close(b, b->spec->t_end, b->spec->sample_count);
}

static gm_status samples_copy(builder *b)
{
  const gm_timeline_spec *p = b->spec;
  gm_timeline *o = b->out;
  if (o->sample_room < p->sample_count) {
    gm_status s = gm_grow(b->ctx, &o->sample, o->sample_room, p->sample_count, sizeof *o->sample);
    if (!s) s = gm_grow(b->ctx, &o->before, o->sample_room, p->sample_count, sizeof *o->before);
    if (s) return s;
    o->sample_room = p->sample_count;
  }
  for (int32_t i = 0; i < p->sample_count; i++) {
    double t = p->sample[i];
    if (!(t >= p->t_begin && t <= p->t_end) || (i && t < p->sample[i - 1]))
      return gm_fail(b->ctx, GM_EDOMAIN,
                     "sample %d at time %g: sorted times within [%g, %g] are "
                     "expected",
                     (int)i, t, p->t_begin, p->t_end);
    o->sample[i] = t;
    o->before[i] = 0;
  }
  o->sample_count = p->sample_count;
  return GM_OK;
}

gm_status gm_timeline_build(gm_ctx *ctx, const gm_timeline_spec *spec, gm_timeline *out)
{
  assert(ctx && spec && out);
  if (!(isfinite(spec->t_begin) && isfinite(spec->t_end) && spec->t_begin <= spec->t_end))
    return gm_fail(ctx, GM_EDOMAIN, "from %g to %g: a finite stretch of time is expected",
                   spec->t_begin, spec->t_end);
  builder b = {.ctx = ctx,
               .spec = spec,
               .out = out,
               .list = out->scratch,
               .room = out->scratch_room,
               .leg_t0 = spec->t_begin};
  out->edge_count = out->leg_count = 0;
  gm_status s = samples_copy(&b);
  if (!s) s = collect(&b);
  if (!s) s = sweep(&b);
  out->scratch = b.list;
  out->scratch_room = b.room;
  gm_free(b.running);
  return s;
}

void gm_timeline_free(gm_timeline *t)
{
  if (!t) return;
  gm_free(t->edge);
  gm_free(t->leg);
  gm_free(t->sample);
  gm_free(t->before);
  gm_free(t->scratch);
  *t = (gm_timeline){0};
}
