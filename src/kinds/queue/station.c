/* station.c - what happens to customers at stations: arriving, waiting, being served, leaving. */
#include "gemel/math.h"
#include "kinds/queue/run.h"
#include <math.h>

/* ---- sums over time and counts --------------------------------------------------------------- */
void gm__queue_areas(queue_run *r, int32_t station)
{
  queue_station_state *st = &r->o->station[station];
  double dt = r->now - st->since;
  st->area_count += st->count * dt;
  st->area_waiting += st->waiting * dt;
  st->area_busy += st->busy * dt;
  if (st->servers < INFINITY) st->area_servers += st->servers * dt;
  st->since = r->now;
}

void gm__queue_resource_area(queue_run *r, int32_t resource)
{
  queue_resource_state *q = &r->o->resource[resource];
  double dt = r->now - q->since;
  q->area_used += q->used * dt;
  q->area_units += q->units * dt;
  q->since = r->now;
}

static void value_set(queue_run *r, int32_t i, double v)
{
  if (r->o->value[i] == v) return;
  r->o->value[i] = v;
  gm__queue_mark(r, i);
}

static void counts(queue_run *r, int32_t station, int32_t waiting, int32_t busy)
{
  queue_station_state *st = &r->o->station[station];
  gm__queue_areas(r, station);
  st->waiting += waiting;
  st->busy += busy;
  st->count += waiting + busy;
  value_set(r, r->m->at_count + station, st->count);
  value_set(r, r->m->at_waiting + station, st->waiting);
  value_set(r, r->m->at_busy + station, st->busy);
}

static double *sums(queue_run *r, const queue_customer *c)
{
  ptrdiff_t at = (ptrdiff_t)c->station * r->m->priority_count + c->priority;
  return r->o->sum + at * QUEUE_SUMS;
}

/* ---- lists ----------------------------------------------------------------------------------- */
static int32_t *list_of(queue_run *r, const queue_customer *c)
{
  bool ranked = r->m->station[c->station].discipline >= GM_QUEUE_PRIORITY;
  queue_level *l = &r->o->level[c->station * r->m->priority_count + (ranked ? c->priority : 0)];
  return c->place == QUEUE_WAITS ? l->line : l->served;
}

static void append(queue_run *r, int32_t i)
{
  queue_customer *all = r->o->customer, *c = &all[i];
  int32_t *end = list_of(r, c);
  c->next = -1;
  c->before = end[QUEUE_LAST];
  if (c->before >= 0)
    all[c->before].next = i;
  else
    end[QUEUE_FIRST] = i;
  end[QUEUE_LAST] = i;
}

static void push_front(queue_run *r, int32_t i)
{
  queue_customer *all = r->o->customer, *c = &all[i];
  int32_t *end = list_of(r, c);
  c->before = -1;
  c->next = end[QUEUE_FIRST];
  if (c->next >= 0)
    all[c->next].before = i;
  else
    end[QUEUE_LAST] = i;
  end[QUEUE_FIRST] = i;
}

static void unlink_from_list(queue_run *r, int32_t i)
{
  queue_customer *all = r->o->customer, *c = &all[i];
  int32_t *end = list_of(r, c);
  if (c->before >= 0)
    all[c->before].next = c->next;
  else
    end[QUEUE_FIRST] = c->next;
  if (c->next >= 0)
    all[c->next].before = c->before;
  else
    end[QUEUE_LAST] = c->before;
}

static void pick_add(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  int32_t which = r->m->station[c->station].pick;
  if (which < 0) return;
  c->pick = r->o->station[c->station].picks++;
  r->o->pick[(ptrdiff_t)which * r->o->head->room + c->pick] = i;
}

static void pick_remove(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  if (c->pick < 0) return;
  int32_t *all = r->o->pick + (ptrdiff_t)r->m->station[c->station].pick * r->o->head->room;
  int32_t last = all[--r->o->station[c->station].picks];
  all[c->pick] = last;
  r->o->customer[last].pick = c->pick;
  c->pick = -1;
}

/* ---- resources ------------------------------------------------------------------------------- */
static bool station_needs(const queue_station *s, int32_t resource)
{
  for (int32_t i = 0; i < s->need_count; i++)
    if (s->need[i].resource == resource) return true;
  return false;
}

/* units > 0: taken, < 0: given back; those who wait for them are looked at. */
static void hold(queue_run *r, int32_t customer, int32_t resource, int32_t units)
{
  queue_resource_state *q = &r->o->resource[resource];
  if (!units) return;
  gm__queue_resource_area(r, resource);
  r->o->held[(ptrdiff_t)customer * r->m->resource_count + resource] += units;
  q->used += units;
  value_set(r, r->m->at_free + resource, q->units - q->used);
  for (int32_t s = 0; s < r->m->station_count && units < 0; s++)
    if (r->o->station[s].waiting && station_needs(&r->m->station[s], resource))
      gm__queue_check(r, s);
}

static void hold_all(queue_run *r, int32_t customer, const queue_station *s)
{
  for (int32_t i = 0; i < s->need_count; i++)
    hold(r, customer, s->need[i].resource, s->need[i].units);
}

static int32_t held(const queue_run *r, int32_t customer, int32_t resource)
{
  return r->o->held[(ptrdiff_t)customer * r->m->resource_count + resource];
}

/* interrupted: also what would be kept; it is taken again when the service resumes */
static void give_back(queue_run *r, int32_t customer, const queue_station *s, bool interrupted)
{
  for (int32_t i = 0; i < s->need_count; i++)
    if (interrupted || !s->need[i].keep) hold(r, customer, s->need[i].resource, -s->need[i].units);
  for (int32_t i = 0; i < s->release_count && !interrupted; i++)
    hold(r, customer, s->release[i], -held(r, customer, s->release[i]));
}

bool gm__queue_can_start(const queue_run *r, int32_t station)
{
  const queue_station *s = &r->m->station[station];
  const queue_station_state *st = &r->o->station[station];
  if (!(st->busy < st->servers)) return false;
  for (int32_t i = 0; i < s->need_count; i++) {
    const queue_resource_state *q = &r->o->resource[s->need[i].resource];
    if (q->units - q->used < s->need[i].units) return false;
  }
  return true;
}

bool gm__queue_has_room(const queue_run *r, int32_t station)
{
  const queue_station *s = &r->m->station[station];
  return !s->roomed ||
         r->o->station[station].waiting < floor(gm__queue_eval(&s->room, r->o->value));
}

/* ---- times ----------------------------------------------------------------------------------- */
double gm__queue_law_of(queue_run *r, const queue_law *law, int32_t c, double *a, double *b)
{
  double *v = r->o->value;
  if (law->a.kind != QUEUE_CONSTANT || law->b.kind != QUEUE_CONSTANT) {
    v[r->m->at_time] = r->now;
    v[r->m->at_group] = c >= 0 ? r->o->customer[c].group : 0;
    v[r->m->at_priority] = c >= 0 ? r->o->customer[c].priority : 0;
  }
  *a = gm__queue_eval(&law->a, v);
  *b = gm__queue_eval(&law->b, v);
  return law->kind == GM_QUEUE_EXPONENTIAL ? *a : 0;
}

/* Puts the customer's time into the calendar; elapsed: how long it has run already. */
static void timer(queue_run *r, int32_t i, const queue_law *law, uint32_t kind, double elapsed)
{
  double a, b;
  queue_customer *c = &r->o->customer[i];
  queue_meaning q = {.key = r->key,
                     .slot = r->slot,
                     .entity = c->id,
                     .kind_draw = gm_kind_draw(kind, r->m->station[c->station].draw),
                     .index = (uint64_t)c->visit};
  c->mean = gm__queue_law_of(r, law, i, &a, &b);
  double time = elapsed > 0 ? gm__queue_residual(law->kind, a, b, elapsed, &q)
                            : gm__queue_draw(law->kind, a, b, &q);
  if (!(time >= 0)) {
    r->status |= GM_MEMBER_DIVERGED;
    time = INFINITY;
  }
  gm__queue_calendar_add(r->o, i, r->now + time);
}

/* ---- coming and going ------------------------------------------------------------------------ */
int32_t gm__queue_customer_new(queue_run *r, uint64_t id, int32_t group, int32_t priority)
{
  queue_head *h = r->o->head;
  int32_t i = h->free;
  if (i >= 0) {
    h->free = r->o->customer[i].next;
  } else {
    if (h->used >= r->m->customer_max) {
      r->status |= GM_MEMBER_STEPS;
      return -1;
    }
    if (h->used == h->room && !gm__queue_object_grow(r->m, r->o)) {
      r->status |= GM_MEMBER_DIVERGED;
      return -1;
    }
    i = r->o->head->used++;
  }
  queue_customer c = {.id = id, .arrived = r->now, .left = -1, .next = -1, .before = -1};
  c.heap = c.pick = -1;
  c.group = group;
  c.priority = priority;
  r->o->customer[i] = c;
  return i;
}

void gm__queue_dismiss(queue_run *r, int32_t i)
{
  for (int32_t k = 0; k < r->m->resource_count; k++) hold(r, i, k, -held(r, i, k));
  queue_customer *c = &r->o->customer[i];
  *c = (queue_customer){.next = r->o->head->free, .before = -1, .heap = -1, .pick = -1};
  r->o->head->free = i;
}

void gm__queue_serve(queue_run *r, int32_t i, int32_t station, double elapsed)
{
  queue_customer *c = &r->o->customer[i];
  const queue_station *s = &r->m->station[station];
  hold_all(r, i, s);
  c->station = station;
  c->place = QUEUE_SERVED;
  append(r, i);
  counts(r, station, 0, 1);
  if (s->pick >= 0) {
    pick_add(r, i);
  } else if (c->left >= 0) {
    c->mean = c->left_mean;
    gm__queue_calendar_add(r->o, i, r->now + c->left);
    c->left = -1;
    c->left_mean = 0;
  } else {
    timer(r, i, &s->service, QUEUE_KIND_SERVICE, elapsed);
  }
}

void gm__queue_wait(queue_run *r, int32_t i, int32_t station, bool patient)
{
  queue_customer *c = &r->o->customer[i];
  const queue_station *s = &r->m->station[station];
  c->station = station;
  c->place = QUEUE_WAITS;
  c->mean = 0;
  if (!patient || s->discipline == GM_QUEUE_LIFO)
    push_front(r, i); /* an interrupted one goes on first */
  else
    append(r, i);
  counts(r, station, 1, 0);
  if (patient && s->patience.kind != GM_QUEUE_NO_LAW)
    timer(r, i, &s->patience, QUEUE_KIND_PATIENCE, r->now - c->arrived);
}

/* Service begins: the first time of a visit it ends a wait. */
static void begin(queue_run *r, int32_t i)
{
  const queue_customer *c = &r->o->customer[i];
  double *sum = sums(r, c);
  if (c->left >= 0) return;
  sum[QUEUE_SUM_STARTED]++;
  sum[QUEUE_SUM_WAIT] += r->now - c->arrived;
  if (r->now > c->arrived) sum[QUEUE_SUM_DELAYED]++;
}

/* Takes a server from the last begun of the least urgent less urgent than this one. */
static bool preempt(queue_run *r, int32_t station, int32_t priority)
{
  const queue_station *s = &r->m->station[station];
  const queue_station_state *st = &r->o->station[station];
  if (s->discipline != GM_QUEUE_PREEMPTIVE || st->busy > st->servers) return false;
  for (int32_t i = 0; i < s->need_count; i++)
    if (r->o->resource[s->need[i].resource].units < r->o->resource[s->need[i].resource].used)
      return false;
  for (int32_t p = r->m->priority_count - 1; p > priority; p--) {
    int32_t v = r->o->level[station * r->m->priority_count + p].served[QUEUE_LAST];
    if (v < 0) continue;
    queue_customer *c = &r->o->customer[v];
    double left = r->o->heap[c->heap].t - r->now;
    gm__queue_calendar_remove(r->o, v);
    c->left = left > 0 ? left : 0;
    c->left_mean = c->mean;
    unlink_from_list(r, v);
    counts(r, station, 0, -1);
    give_back(r, v, s, true);
    gm__queue_wait(r, v, station, false);
    return true;
  }
  return false;
}

void gm__queue_enter(queue_run *r, int32_t i, int32_t station)
{
  for (int32_t hop = 0;; hop++) {
    queue_customer *c = &r->o->customer[i];
    const queue_station *s = &r->m->station[station];
    c->station = station;
    c->arrived = r->now;
    c->left = -1;
    c->visit++;
    sums(r, c)[QUEUE_SUM_ARRIVALS]++;
    bool direct = !r->o->station[station].waiting && gm__queue_can_start(r, station);
    if (direct || preempt(r, station, c->priority)) {
      begin(r, i);
      gm__queue_serve(r, i, station, 0);
      return;
    }
    if (gm__queue_has_room(r, station)) {
      gm__queue_wait(r, i, station, true);
      gm__queue_check(r, station);
      return;
    }
    sums(r, c)[QUEUE_SUM_BALKED]++;
    station = s->balk_to;
    if (station < 0 || hop >= r->m->station_count) {
      gm__queue_dismiss(r, i);
      return;
    }
  }
}

void gm__queue_check(queue_run *r, int32_t station)
{
  if (r->is_check[station]) return;
  r->is_check[station] = true;
  r->check[r->check_count++] = station;
}

static int32_t head_of_line(const queue_run *r, int32_t station)
{
  const queue_level *l = &r->o->level[station * r->m->priority_count];
  for (int32_t p = 0; p < r->m->priority_count; p++)
    if (l[p].line[QUEUE_FIRST] >= 0) return l[p].line[QUEUE_FIRST];
  return -1;
}

/* Between stations that share resources the more urgent comes first, then who came first. */
static bool goes_before(const queue_run *r, int32_t a, int32_t b)
{
  const queue_customer *x = &r->o->customer[a], *y = &r->o->customer[b];
  if (x->priority != y->priority) return x->priority < y->priority;
  if (x->arrived != y->arrived) return x->arrived < y->arrived;
  return x->station < y->station;
}

/* Starts whoever can start, at the stations where something has changed. */
void gm__queue_settle(queue_run *r)
{
  while (r->check_count) {
    int32_t best = -1, kept = 0;
    for (int32_t k = 0; k < r->check_count; k++) {
      int32_t s = r->check[k];
      if (!r->o->station[s].waiting || !gm__queue_can_start(r, s)) {
        r->is_check[s] = false;
        continue;
      }
      r->check[kept++] = s;
      int32_t head = head_of_line(r, s);
      if (best < 0 || goes_before(r, head, best)) best = head;
    }
    r->check_count = kept;
    if (best < 0) return;
    queue_customer *c = &r->o->customer[best];
    if (c->heap >= 0) gm__queue_calendar_remove(r->o, best);
    unlink_from_list(r, best);
    counts(r, c->station, -1, 0);
    begin(r, best);
    gm__queue_serve(r, best, c->station, 0);
  }
}

/* Out of the line or the service, wherever the customer is; then nowhere. */
void gm__queue_take_out(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  bool served = c->place == QUEUE_SERVED;
  if (c->heap >= 0) gm__queue_calendar_remove(r->o, i);
  pick_remove(r, i);
  unlink_from_list(r, i);
  counts(r, c->station, served ? 0 : -1, served ? -1 : 0);
  c->mean = c->left_mean = 0;
  if (served) gm__queue_check(r, c->station);
}

static int32_t route(queue_run *r, int32_t i, const queue_station *s)
{
  const queue_customer *c = &r->o->customer[i];
  double *v = r->o->value, sum = 0, u = 2;
  if (!s->next_count) return -1;
  v[r->m->at_time] = r->now;
  v[r->m->at_group] = c->group;
  v[r->m->at_priority] = c->priority;
  int32_t to = -1;
  for (int32_t k = 0; k < s->next_count; k++) {
    double p = gm__queue_eval(&s->next[k].probability, v);
    if (!(p >= 0)) r->status |= GM_MEMBER_DIVERGED;
    if (u > 1 && p < 1) /* certain ways take no draw */
      u = gm_uniform(r->key, r->slot, c->id, gm_kind_draw(QUEUE_KIND_ROUTE, s->draw),
                     (uint64_t)c->visit);
    sum += p;
    if (to < 0 && (u > 1 ? sum >= 1 : u < sum)) to = s->next[k].to;
  }
  if (!(sum <= 1 + 1e-9)) r->status |= GM_MEMBER_DIVERGED;
  return to;
}

void gm__queue_finish(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  const queue_station *s = &r->m->station[c->station];
  double *sum = sums(r, c);
  sum[QUEUE_SUM_DEPARTURES]++;
  sum[QUEUE_SUM_SOJOURN] += r->now - c->arrived;
  gm__queue_take_out(r, i);
  give_back(r, i, s, false);
  gm__queue_settle(r); /* those who wait come before this one, should it come back */
  int32_t to = route(r, i, s);
  if (to >= 0)
    gm__queue_enter(r, i, to);
  else
    gm__queue_dismiss(r, i);
}

void gm__queue_renege(queue_run *r, int32_t i)
{
  queue_customer *c = &r->o->customer[i];
  int32_t to = r->m->station[c->station].renege_to;
  sums(r, c)[QUEUE_SUM_RENEGED]++;
  gm__queue_take_out(r, i);
  if (to >= 0)
    gm__queue_enter(r, i, to);
  else
    gm__queue_dismiss(r, i);
}
