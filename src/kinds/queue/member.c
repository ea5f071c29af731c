/* member.c - a member from its start on: census, parameters that change, doses, numbers set. */
#include "gemel/math.h"
#include "kinds/queue/run.h"
#include <math.h>
#include <string.h>

static const gm_key no_key = {{0, 0, 0, 0}};

void gm__queue_take(queue_run *r, const gm_batch *b, int32_t i)
{
  r->o = b->obj[i];
  r->key = b->key ? b->key[i] : no_key;
  int64_t resets = r->o->head->resets;
  r->slot_given = b->slot ? b->slot[i] : b->slot0 + (uint64_t)i;
  r->slot = resets ? gm_hash64(r->slot_given, (uint64_t)resets) : r->slot_given;
  r->now = r->o->head->now;
  r->status = (int8_t)r->o->head->failed;
  r->other_stale = true;
  r->dirty_count = r->check_count = 0;
  memset(r->is_dirty, 0, (size_t)r->m->channel_count * sizeof *r->is_dirty);
  memset(r->is_check, 0, (size_t)r->m->station_count * sizeof *r->is_check);
  for (int32_t k = 0; k < r->m->channel_count; k++) r->draw_block[k] = -1;
}

/* What expressions need of the moment is no state: it is taken back, and the member stands. */
void gm__queue_leave(queue_run *r)
{
  double *v = r->o->value;
  v[r->m->at_time] = v[r->m->at_group] = v[r->m->at_priority] = 0;
  r->o->head->now = r->now;
  r->o->head->failed = r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS);
}

/* ---- schedules ------------------------------------------------------------------------------- */
/* Step n of a schedule, from the epoch: no sum of periods, so that no error grows. */
static double step_time(const queue_schedule *s, int64_t n)
{
  if (s->period == 0) return n < 0 ? -INFINITY : n < s->count ? s->at[n] : INFINITY;
  int64_t cycle = n / s->count - (n % s->count < 0);
  return (double)cycle * s->period + s->at[n - cycle * s->count];
}

static double step_value(const queue_schedule *s, int64_t n)
{
  if (s->period == 0) return s->value[n < 0 ? 0 : n];
  int64_t cycle = n / s->count - (n % s->count < 0);
  return s->value[n - cycle * s->count];
}

static void schedule_start(queue_run *r, int32_t k)
{
  const queue_schedule *s = &r->m->schedule[k];
  queue_next *q = &r->o->schedule[k];
  double cycles = s->period > 0 ? floor(r->now / s->period) : 0;
  if (!(fabs(cycles) < 1e12)) {
    r->status |= GM_MEMBER_DIVERGED;
    cycles = 0;
  }
  int64_t n = (int64_t)cycles * s->count;
  while (step_time(s, n) <= r->now) n++;
  while (step_time(s, n - 1) > r->now) n--;
  q->number = n;
  q->when = step_time(s, n);
  r->o->value[r->m->at_schedule + k] = step_value(s, n - 1);
}

void gm__queue_schedule_step(queue_run *r, int32_t k)
{
  const queue_schedule *s = &r->m->schedule[k];
  queue_next *q = &r->o->schedule[k];
  r->o->value[r->m->at_schedule + k] = step_value(s, q->number);
  gm__queue_mark(r, r->m->at_schedule + k);
  q->number++;
  q->when = step_time(s, q->number);
}

void gm__queue_renewal_next(queue_run *r, int32_t k)
{
  const queue_stream *s = &r->m->stream[r->m->renewal_stream[k]];
  queue_next *n = &r->o->renewal[k];
  double a, b;
  queue_meaning q = {.key = r->key,
                     .slot = r->slot,
                     .entity = s->id,
                     .kind_draw = gm_kind_draw(QUEUE_KIND_GAP, 0),
                     .index = (uint64_t)n->number};
  gm__queue_law_of(r, &s->gap, -1, &a, &b);
  double gap = gm__queue_draw(s->gap.kind, a, b, &q);
  if (!(gap >= 0)) {
    r->status |= GM_MEMBER_DIVERGED;
    gap = INFINITY;
  }
  n->when = r->now + gap;
  r->other_stale = true;
}

/* ---- capacities ------------------------------------------------------------------------------ */
static double whole(queue_run *r, const queue_formula *f)
{
  double v = floor(gm__queue_eval(f, r->o->value));
  if (v >= 0) return v;
  r->status |= GM_MEMBER_DIVERGED;
  return 0;
}

static void resource_units(queue_run *r, int32_t k)
{
  queue_resource_state *q = &r->o->resource[k];
  double units = whole(r, &r->m->resource[k].units);
  if (units == q->units) return;
  gm__queue_resource_area(r, k);
  q->units = units;
  r->o->value[r->m->at_free + k] = units - q->used;
  gm__queue_mark(r, r->m->at_free + k);
  for (int32_t s = 0; s < r->m->station_count; s++) gm__queue_check(r, s);
}

/* Those in service stay when servers become fewer. */
void gm__queue_capacities(queue_run *r)
{
  for (int32_t s = 0; s < r->m->station_count; s++) {
    const queue_station *of = &r->m->station[s];
    queue_station_state *st = &r->o->station[s];
    if (of->roomed) (void)whole(r, &of->room); /* must be a number */
    double servers = of->limited ? whole(r, &of->servers) : INFINITY;
    if (servers == st->servers) continue;
    gm__queue_areas(r, s);
    st->servers = servers;
    gm__queue_check(r, s);
  }
  for (int32_t k = 0; k < r->m->resource_count; k++) resource_units(r, k);
}

/* ---- parameters ------------------------------------------------------------------------------ */
static bool uses(const queue_formula *f, const bool *changed, const queue_run *r)
{
  for (int32_t i = 0; i < f->use_count; i++)
    if (f->use[i] < r->m->parameter_count && changed[f->use[i]]) return true;
  return false;
}

/* An exponential time is a constant hazard 1/mean: when the mean changes, what is left of the time
 * changes in proportion, and the law is that of the new hazard from now on. */
static void follow(queue_run *r, int32_t i, const bool *changed)
{
  queue_customer *c = &r->o->customer[i];
  const queue_station *s = &r->m->station[c->station];
  bool timed = c->heap >= 0;
  const queue_law *law = timed && c->place == QUEUE_WAITS ? &s->patience : &s->service;
  double old = timed ? c->mean : c->left_mean, a, b;
  if (!(old > 0) || !uses(&law->a, changed, r)) return;
  double mean = gm__queue_law_of(r, law, i, &a, &b);
  if (gm__queue_law_wrong(law->kind, a, b)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  if (timed) {
    double left = r->o->heap[c->heap].t - r->now;
    gm__queue_calendar_remove(r->o, i);
    gm__queue_calendar_add(r->o, i, r->now + left * (mean / old));
    c->mean = mean;
  } else {
    c->left *= mean / old;
    c->left_mean = mean;
  }
}

static void parameters_changed(queue_run *r, const bool *changed)
{
  gm__queue_capacities(r);
  for (int32_t i = 0; i < r->o->head->used; i++)
    if (r->o->customer[i].place != QUEUE_FREE) follow(r, i, changed);
  gm__queue_settle(r);
  gm__queue_rates(r);
}

static bool parameter_set(queue_run *r, int32_t i, double v)
{
  double *now = &r->o->value[i];
  if (!isfinite(v)) {
    r->status |= GM_MEMBER_DIVERGED;
    return false;
  }
  if (*now == v) return false;
  *now = v;
  gm__queue_mark(r, i);
  return r->is_changed[i] = true;
}

void gm__queue_parameters(queue_run *r, const double *theta, ptrdiff_t stride)
{
  bool any = false;
  for (int32_t i = 0; i < r->m->parameter_count; i++) {
    bool changed = parameter_set(r, i, theta[i * stride]);
    any = any || changed;
  }
  if (any) {
    parameters_changed(r, r->is_changed);
    memset(r->is_changed, 0, (size_t)r->m->parameter_count * sizeof *r->is_changed);
  }
}

/* ---- the start ------------------------------------------------------------------------------- */
static void census_one(queue_run *r, const queue_census *c, uint64_t id, double elapsed)
{
  int32_t i = gm__queue_customer_new(r, id, c->group, c->priority);
  if (i < 0) return;
  queue_customer *p = &r->o->customer[i];
  p->station = c->station;
  p->arrived = r->now - elapsed;
  p->visit = 1;
  if (!c->waiting && gm__queue_can_start(r, c->station)) {
    gm__queue_serve(r, i, c->station, elapsed);
    return;
  }
  if (!c->waiting) r->status |= GM_MEMBER_PROJECTED;
  gm__queue_wait(r, i, c->station, true);
  gm__queue_check(r, c->station);
}

static void census(queue_run *r)
{
  for (int32_t k = 0; k < r->m->census_count; k++) {
    const queue_census *c = &r->m->census[k];
    double count = gm__queue_eval(&c->count, r->o->value);
    double elapsed = gm__queue_eval(&c->elapsed, r->o->value);
    double n = rint(count);
    if (n < 0) n = 0;
    if (n != count) r->status |= GM_MEMBER_PROJECTED;
    if (!isfinite(count) || !(elapsed >= 0 && elapsed < INFINITY)) {
      r->status |= GM_MEMBER_DIVERGED;
      return;
    }
    if (n > (double)r->m->customer_max) {
      r->status |= GM_MEMBER_STEPS;
      return;
    }
    for (int64_t i = 0; i < (int64_t)n; i++)
      census_one(r, c, gm_hash64(c->id, (uint64_t)i), elapsed);
  }
}

static void parameters_start(queue_run *r, const double *theta, ptrdiff_t stride)
{
  for (int32_t i = 0; i < r->m->parameter_count; i++) {
    r->o->value[i] = theta[i * stride];
    if (!isfinite(theta[i * stride])) r->status |= GM_MEMBER_DIVERGED;
  }
}

void gm__queue_begin(queue_run *r, const double *theta, ptrdiff_t stride, double t0)
{
  const queue_machine *m = r->m;
  int64_t resets = r->o->head->resets;
  gm__queue_object_clear(m, r->o);
  r->o->head->resets = resets;
  r->o->head->start = r->o->head->now = r->now = t0;
  r->status = GM_MEMBER_OK;
  parameters_start(r, theta, stride);
  for (int32_t k = 0; k < m->schedule_count; k++) schedule_start(r, k);
  for (int32_t s = 0; s < m->station_count; s++) r->o->station[s].since = t0;
  for (int32_t k = 0; k < m->resource_count; k++) r->o->resource[k].since = t0;
  gm__queue_capacities(r);
  census(r);
  gm__queue_settle(r);
  for (int32_t k = 0; k < m->renewal_count; k++) gm__queue_renewal_next(r, k);
  for (int32_t k = 0; k < m->channel_count; k++) {
    gm__queue_clock_start(r, k, 0);
    if (!r->is_dirty[k]) {
      r->is_dirty[k] = true;
      r->dirty[r->dirty_count++] = k;
    }
  }
  gm__queue_rates(r);
}

/* ---- numbers set ----------------------------------------------------------------------------- */
/* Everybody there is as likely to go: selection sampling in one pass (Knuth, The Art of Computer
 * Programming 2, 3.4.2, algorithm S). */
static void remove_some(queue_run *r, int32_t station, int64_t count)
{
  int64_t there = r->o->station[station].count;
  uint64_t kind = gm_kind_draw(QUEUE_KIND_SET, r->m->station[station].draw);
  for (int32_t i = 0; i < r->o->head->used && count > 0; i++) {
    const queue_customer *c = &r->o->customer[i];
    if (c->place == QUEUE_FREE || c->station != station) continue;
    double u = gm_uniform(r->key, r->slot, c->id, kind, (uint64_t)r->o->head->set);
    if (u * (double)there-- >= (double)count) continue;
    gm__queue_take_out(r, i);
    gm__queue_dismiss(r, i); /* what it held is free */
    count--;
  }
  gm__queue_settle(r);
}

/* No arrivals in the sense of the statistics. False: there is no room. */
static bool add_one(queue_run *r, int32_t station, uint64_t id)
{
  const queue_station *s = &r->m->station[station];
  bool start = !r->o->station[station].waiting && gm__queue_can_start(r, station);
  if (!start && !gm__queue_has_room(r, station)) return false;
  int32_t i = gm__queue_customer_new(r, id, s->group, s->priority);
  if (i < 0) return false;
  r->o->customer[i].visit = 1;
  if (start)
    gm__queue_serve(r, i, station, 0);
  else
    gm__queue_wait(r, i, station, true);
  return true;
}

void gm__queue_set_count(queue_run *r, int32_t station, double want)
{
  const queue_station_state *st = &r->o->station[station];
  double n = isfinite(want) ? rint(want) : st->count, others = 0;
  for (int32_t s = 0; s < r->m->station_count; s++)
    if (s != station) others += r->o->station[s].count;
  if (n < 0) n = 0;
  if (n > (double)r->m->customer_max - others) n = (double)r->m->customer_max - others;
  int64_t number = ++r->o->head->set;
  if (n < st->count) remove_some(r, station, st->count - (int64_t)n);
  uint64_t id =
      gm_hash64(gm_hash64(gm_hash_text("set"), r->m->station[station].id), (uint64_t)number);
  for (uint64_t i = 0; st->count < n; i++) {
    if (!add_one(r, station, gm_hash64(id, i))) break;
    st = &r->o->station[station]; /* a member that grows moves */
  }
  if (!(r->o->station[station].count == want)) r->status |= GM_MEMBER_PROJECTED;
}

/* ---- edges ----------------------------------------------------------------------------------- */
static void bolus(queue_run *r, int32_t station, double value)
{
  const queue_station *s = &r->m->station[station];
  double n = rint(value);
  if (n < 0) n = 0;
  if (n != value) r->status |= GM_MEMBER_PROJECTED;
  if (n > (double)r->m->customer_max) {
    r->status |= GM_MEMBER_STEPS;
    return;
  }
  uint64_t id = gm_hash64(gm_hash_text("dose"), s->id);
  for (int64_t i = 0; i < (int64_t)n; i++) {
    int32_t c = gm__queue_customer_new(r, gm_hash64(id, (uint64_t)r->o->head->injected++), s->group,
                                       s->priority);
    if (c < 0) return;
    gm__queue_enter(r, c, station);
  }
}

static void inflow(queue_run *r, int32_t station, double value)
{
  int32_t k = r->m->station[station].inflow;
  if (!(value >= 0)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  r->o->station[station].inflow = value;
  if (r->is_dirty[k]) return;
  r->is_dirty[k] = true;
  r->dirty[r->dirty_count++] = k;
}

static void reset(queue_run *r)
{
  int8_t before = r->status;
  double *theta = r->theta;
  memcpy(theta, r->o->value, (size_t)r->m->parameter_count * sizeof *theta);
  int64_t resets = ++r->o->head->resets;
  r->slot = gm_hash64(r->slot_given, (uint64_t)resets);
  for (int32_t k = 0; k < r->m->channel_count; k++) r->draw_block[k] = -1;
  gm__queue_begin(r, theta, 1, r->now);
  r->status |= before & GM_MEMBER_PROJECTED;
}

void gm__queue_edge(queue_run *r, const gm_edge *e)
{
  int32_t ports = e->kind == GM_EDGE_PARAMETER ? r->m->parameter_count : r->m->station_count;
  if (e->kind != GM_EDGE_RESET && (e->port < 0 || e->port >= ports || !isfinite(e->value))) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  switch (e->kind) {
  case GM_EDGE_BOLUS: bolus(r, e->port, e->value); break;
  case GM_EDGE_RATE: inflow(r, e->port, e->value); break;
  case GM_EDGE_PARAMETER:
    if (parameter_set(r, e->port, e->value)) {
      parameters_changed(r, r->is_changed);
      r->is_changed[e->port] = false;
    }
    break;
  case GM_EDGE_REPLACE: gm__queue_set_count(r, e->port, e->value); break;
  case GM_EDGE_RESET: reset(r); break;
  }
  gm__queue_settle(r);
  gm__queue_rates(r);
}

/* ---- fresh slots ----------------------------------------------------------------------------- */
static void refresh_customer(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  bool timed = c->heap >= 0;
  bool patience = timed && c->place == QUEUE_WAITS;
  double mean = timed ? c->mean : c->left_mean;
  if (!(mean > 0)) return;
  uint64_t kind = gm_kind_draw(patience ? QUEUE_KIND_PATIENCE : QUEUE_KIND_SERVICE,
                               r->m->station[c->station].draw);
  double left = mean * gm_exponential(r->key, r->slot, c->id, kind, (uint64_t)c->visit);
  if (timed) {
    gm__queue_calendar_remove(r->o, i);
    gm__queue_calendar_add(r->o, i, r->now + left);
  } else {
    c->left = left;
  }
}

void gm__queue_refresh(queue_run *r)
{
  for (int32_t k = 0; k < r->m->channel_count; k++)
    gm__queue_clock_start(r, k, r->o->clock[k].rate);
  for (int32_t i = 0; i < r->o->head->used; i++)
    if (r->o->customer[i].place != QUEUE_FREE) refresh_customer(r, i);
}
