/* clock.c - clocks of agents: unit exponentials used up by the integrated hazard.
 *
 * Each event of each agent has a unit-rate Poisson process of its own (Anderson, J. Chem. Phys.
 * 127:214107, 2007). Events with the same speed form a group with an internal time that runs at
 * that speed, so that a change of what all of them share moves no clock: within the internal time a
 * clock with hazard h rings at since + left / h (next reaction: Gibson & Bruck, J. Phys. Chem. A
 * 104:1876, 2000), and a heap a group holds who is next. Nothing is touched between events, so a
 * stretch cut in two gives the same bytes. */
#include "gemel/math.h"
#include "kinds/agents/engine.h"
#include <assert.h>
#include <math.h>

/* ---- heaps ----------------------------------------------------------------------------------- */
static agents_due *heap_of(const gm_agents *w, int32_t group) { return w->at[AGENTS_HEAP + group]; }

static agents_group *groups(const gm_agents *w) { return w->at[AGENTS_GROUP]; }

static void put(gm_agents *w, agents_due *heap, int64_t at, agents_due d)
{
  heap[at] = d;
  agents_clocks(w, d.event)[d.agent].place = (int32_t)at;
}

static void sift(gm_agents *w, int32_t group, int64_t at)
{
  agents_due *heap = heap_of(w, group), d = heap[at];
  int64_t n = groups(w)[group].heap_count;
  while (at > 0 && d.when < heap[(at - 1) / 2].when) {
    put(w, heap, at, heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  for (;;) {
    int64_t child = 2 * at + 1;
    if (child >= n) break;
    if (child + 1 < n && heap[child + 1].when < heap[child].when) child++;
    if (!(heap[child].when < d.when)) break;
    put(w, heap, at, heap[child]);
    at = child;
  }
  put(w, heap, at, d);
}

static void heap_set(gm_agents *w, int32_t event, int32_t agent, double when)
{
  agents_clock *c = &agents_clocks(w, event)[agent];
  int32_t group = w->m->event[event].group;
  if (c->place < 0) c->place = (int32_t)groups(w)[group].heap_count++;
  heap_of(w, group)[c->place] = (agents_due){.when = when, .event = event, .agent = agent};
  sift(w, group, c->place);
}

void agents_heap_take(gm_agents *w, int32_t event, int32_t agent)
{
  agents_clock *c = &agents_clocks(w, event)[agent];
  if (c->place < 0) return;
  int32_t group = w->m->event[event].group;
  int64_t last = --groups(w)[group].heap_count, at = c->place;
  c->place = -1;
  if (at == last) return;
  put(w, heap_of(w, group), at, heap_of(w, group)[last]);
  sift(w, group, at);
}

void agents_place_moved(gm_agents *w, int32_t event, int32_t from, int32_t to)
{
  (void)from;
  int32_t place = agents_clocks(w, event)[to].place;
  if (place >= 0) heap_of(w, w->m->event[event].group)[place].agent = to;
}

/* ---- looking at hazards and speeds ----------------------------------------------------------- */
static double internal_time(const agents_group *g, double t)
{
  return g->internal + g->speed * (t - g->since);
}

static bool sound(agents_run *r, double rate)
{
  if (rate >= 0 && rate < INFINITY) return true;
  r->status |= GM_MEMBER_DIVERGED;
  return false;
}

static double clock_draw(const agents_run *r, const agents_event *e, uint64_t id, uint64_t number)
{
  uint64_t index = number | agents_head_of(r->w)->life << 48;
  return gm_exponential(r->key, r->slot, id, gm_kind_draw(e->meaning_clock, 0), index);
}

/* The clock is brought to the group's present time and goes on with hazard h. */
static void clock_go(agents_run *r, int32_t event, int32_t agent, double h, double now)
{
  gm_agents *w = r->w;
  agents_clock *c = &agents_clocks(w, event)[agent];
  const agents_event *e = &r->m->event[event];
  if (isnan(c->left)) {
    if (h == 0) return; /* not drawn before it is needed */
    c->left = clock_draw(r, e, gm_agents_id(w, e->breed, agent), c->number);
  } else {
    double left = c->left - c->rate * (now - c->since);
    c->left = left > 0 ? left : 0; /* below 0 by rounding only */
  }
  c->since = now;
  c->rate = h;
  double when = h > 0 ? now + c->left / h : INFINITY;
  if (when < INFINITY)
    heap_set(w, event, agent, when);
  else
    agents_heap_take(w, event, agent);
}

void agents_look_one(agents_run *r, int32_t breed, int32_t agent)
{
  const agents_breed *b = &r->m->breed[breed];
  const agents_group *g = groups(r->w);
  for (int32_t i = b->event_first; i < b->event_first + b->event_count; i++) {
    const agents_event *e = &r->m->event[i];
    if (!e->hazard) continue;
    double h = e->hazard(r->w, agents_theta(r->w), agent);
    const agents_clock *c = &agents_clocks(r->w, i)[agent];
    if (!sound(r, h)) continue;
    if (h == c->rate && !(h > 0 && isnan(c->left))) continue;
    clock_go(r, i, agent, h, internal_time(&g[e->group], r->t));
  }
}

static void look_speeds(agents_run *r)
{
  agents_group *g = groups(r->w);
  for (int32_t i = 1; i < r->m->group_count; i++) {
    double v = r->m->speed[i - 1].speed(r->w, agents_theta(r->w));
    if (!sound(r, v) || v == g[i].speed) continue;
    g[i].internal = internal_time(&g[i], r->t);
    g[i].since = r->t;
    g[i].speed = v;
  }
}

void agents_look_all(agents_run *r)
{
  for (int32_t b = 0; b < r->m->breed_count && r->m->event_count; b++)
    for (int32_t i = 0; r->m->breed[b].event_count && i < r->w->size[b]; i++)
      if (gm_agents_alive(r->w, b, i)) agents_look_one(r, b, i);
  r->touched_count = 0;
  look_speeds(r);
}

void agents_look_touched(agents_run *r)
{
  if (r->touched_count > AGENTS_TOUCHED_MAX) {
    agents_look_all(r);
    return;
  }
  for (int32_t i = 0; i < r->touched_count; i++)
    if (gm_agents_alive(r->w, r->touched[i][0], r->touched[i][1]))
      agents_look_one(r, r->touched[i][0], r->touched[i][1]);
  r->touched_count = 0;
  look_speeds(r);
}

void gm_agents_touch(gm_agents_turn *turn, int32_t breed, int32_t agent)
{
  agents_run *r = turn->work;
  assert(agent >= 0 && agent < r->w->size[breed]);
  if (r->touched_count < AGENTS_TOUCHED_MAX) {
    r->touched[r->touched_count][0] = breed;
    r->touched[r->touched_count][1] = agent;
  }
  if (r->touched_count <= AGENTS_TOUCHED_MAX) r->touched_count++;
}

/* ---- what is next ---------------------------------------------------------------------------- */
static double real_time(const agents_group *g, double when)
{
  if (!(g->speed > 0)) return INFINITY;
  double t = g->since + (when - g->internal) / g->speed;
  return t > g->since ? t : g->since;
}

double agents_next_time(const agents_run *r, int32_t *group_out)
{
  const agents_group *g = groups(r->w);
  double least = INFINITY;
  *group_out = -1;
  for (int32_t i = 0; i < r->m->group_count; i++) {
    if (!g[i].heap_count) continue;
    double t = real_time(&g[i], heap_of(r->w, i)[0].when);
    if (t < least) {
      least = t;
      *group_out = i;
    }
  }
  return least;
}

void agents_fire(agents_run *r, int32_t group, double t)
{
  gm_agents *w = r->w;
  agents_due d = heap_of(w, group)[0];
  const agents_event *e = &r->m->event[d.event];
  agents_clock *c = &agents_clocks(w, d.event)[d.agent];
  uint64_t number = c->number++, id = gm_agents_id(w, e->breed, d.agent);
  agents_heap_take(w, d.event, d.agent);
  if (e->hazard) { /* the next one, from here; its hazard is looked at after the rule */
    c->left = clock_draw(r, e, id, c->number);
    c->since = d.when;
    c->rate = 0;
  }
  gm_agents_turn turn = {.world = w,
                         .theta = agents_theta(w),
                         .t = t,
                         .breed = e->breed,
                         .agent = d.agent,
                         .entity = id,
                         .index = number | agents_head_of(w)->life << 48,
                         .meaning = e->meaning_fire,
                         .work = r};
  gm_agents_touch(&turn, e->breed, d.agent);
  e->fire(&turn);
  agents_look_touched(r);
  agents_sweep(w);
}

void gm_agents_alarm(gm_agents_turn *turn, int32_t breed, int32_t event, int32_t agent,
                     double delay)
{
  agents_run *r = turn->work;
  const agents_breed *b = &r->m->breed[breed];
  assert(event >= 0 && event < b->event_count && gm_agents_alive(r->w, breed, agent));
  int32_t i = b->event_first + event;
  assert(!r->m->event[i].hazard);
  if (!(delay >= 0)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  if (delay < INFINITY)
    heap_set(r->w, i, agent, r->t + delay);
  else
    agents_heap_take(r->w, i, agent);
}

/* ---- drawn anew ------------------------------------------------------------------------------ */
void agents_redraw(agents_run *r)
{
  const agents_group *g = groups(r->w);
  for (int32_t i = 0; i < r->m->event_count; i++) {
    const agents_event *e = &r->m->event[i];
    if (!e->hazard) continue;
    for (int32_t a = 0; a < r->w->size[e->breed]; a++) {
      agents_clock *c = &agents_clocks(r->w, i)[a];
      if (isnan(c->left)) continue;
      double h = c->rate;
      c->left = clock_draw(r, e, gm_agents_id(r->w, e->breed, a), c->number);
      c->rate = 0; /* nothing of it is used up */
      clock_go(r, i, a, h, internal_time(&g[e->group], r->t));
    }
  }
  agents_stream *s = r->w->at[AGENTS_PORT];
  for (int32_t p = 0; p < r->m->port_count; p++) {
    if (isnan(s[p].left)) continue;
    s[p].left = NAN;
    double rate = s[p].rate;
    s[p].rate = 0;
    agents_stream_rate(r, p, rate);
  }
}

/* ---- arrivals through ports, where there is no grid in time ---------------------------------- */
void agents_stream_rate(agents_run *r, int32_t port, double rate)
{
  agents_stream *s = (agents_stream *)r->w->at[AGENTS_PORT] + port;
  if (!sound(r, rate)) return;
  if (r->m->step > 0) { /* a level: steps take their share of it */
    s->rate = rate;
    return;
  }
  if (isnan(s->left)) {
    if (rate == 0) return;
    uint64_t index = s->number | agents_head_of(r->w)->life << 48;
    s->left = gm_exponential(r->key, r->slot, 0, gm_kind_draw(r->m->port[port].meaning, 1), index);
  } else {
    double left = s->left - s->rate * (r->t - s->since);
    s->left = left > 0 ? left : 0;
  }
  s->since = r->t;
  s->rate = rate;
}

double agents_stream_next(const agents_run *r, int32_t port)
{
  const agents_stream *s = (const agents_stream *)r->w->at[AGENTS_PORT] + port;
  if (r->m->step > 0 || !(s->rate > 0) || isnan(s->left)) return INFINITY;
  return s->since + s->left / s->rate;
}

void agents_stream_fire(agents_run *r, int32_t port)
{
  agents_stream *s = (agents_stream *)r->w->at[AGENTS_PORT] + port;
  uint64_t number = s->number++;
  double rate = s->rate;
  s->left = NAN;
  s->rate = 0;
  agents_stream_rate(r, port, rate);
  agents_bolus(r, port, 1, GM_EDGE_BOLUS, number | UINT64_C(1) << 47);
}
