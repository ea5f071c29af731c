/* engine.c - one event after the other. Of one time come schedules, then customers in the order
 * their times were set, then renewals, then clocks. */
#include "kinds/queue/run.h"
#include <math.h>

enum { STILL_MAX = 1000000 }; /* events without time moving: a circle of services of no length */

static void arrive(queue_run *r, uint64_t id, int32_t station, int32_t group, int32_t priority)
{
  int32_t c = gm__queue_customer_new(r, id, group, priority);
  if (c >= 0) gm__queue_enter(r, c, station);
}

static void fire_clock(queue_run *r, int32_t k)
{
  const queue_channel *ch = &r->m->channel[k];
  queue_clock *c = &r->o->clock[k];
  uint64_t number = (uint64_t)c->number++;
  gm__queue_clock_start(r, k, c->rate);
  if (ch->kind == QUEUE_STREAM) {
    const queue_stream *s = &r->m->stream[ch->of];
    r->o->streamed[ch->of]++;
    arrive(r, gm_hash64(s->id, number), s->to, s->group, s->priority);
  } else if (ch->kind == QUEUE_INFLOW) {
    const queue_station *s = &r->m->station[ch->of];
    arrive(r, gm_hash64(ch->id, number), ch->of, s->group, s->priority);
  } else {
    double u = gm_uniform(r->key, r->slot, ch->id, gm_kind_draw(QUEUE_KIND_PICK, 0), number);
    int32_t n = r->o->station[ch->of].picks, at = (int32_t)(u * n);
    if (!n) return;
    const int32_t *all = r->o->pick + (ptrdiff_t)r->m->station[ch->of].pick * r->o->head->room;
    gm__queue_finish(r, all[at < n ? at : n - 1]);
  }
}

static void fire_renewal(queue_run *r, int32_t k)
{
  int32_t stream = r->m->renewal_stream[k];
  const queue_stream *s = &r->m->stream[stream];
  uint64_t number = (uint64_t)r->o->renewal[k].number++;
  gm__queue_renewal_next(r, k);
  r->o->streamed[stream]++;
  arrive(r, gm_hash64(s->id, number), s->to, s->group, s->priority);
}

static void fire_other(queue_run *r)
{
  const queue_machine *m = r->m;
  int32_t k = r->other;
  r->other_stale = true;
  if (k < m->schedule_count) {
    gm__queue_schedule_step(r, k);
    gm__queue_capacities(r);
  } else if (k < m->schedule_count + m->renewal_count) {
    fire_renewal(r, k - m->schedule_count);
  } else {
    fire_clock(r, k - m->schedule_count - m->renewal_count);
  }
}

static void fire_customer(queue_run *r)
{
  int32_t c = r->o->heap[0].customer;
  if (r->o->customer[c].place == QUEUE_SERVED)
    gm__queue_finish(r, c);
  else
    gm__queue_renege(r, c);
}

void gm__queue_until(queue_run *r, double t, int64_t *events_left)
{
  const int8_t ended = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS;
  int32_t still = 0;
  while (!(r->status & ended)) {
    if (r->other_stale) gm__queue_other(r);
    double next = r->o->head->heaped ? r->o->heap[0].t : INFINITY;
    bool other = r->other_when < next ||
                 (r->other_when == next && r->other >= 0 && r->other < r->m->schedule_count);
    if (other) next = r->other_when;
    if (!(next <= t) || next == INFINITY) break;
    still = next > r->now ? 0 : still + 1;
    if (still > STILL_MAX || (*events_left)-- <= 0) {
      r->status |= GM_MEMBER_STEPS;
      return;
    }
    r->now = next;
    if (other)
      fire_other(r);
    else
      fire_customer(r);
    gm__queue_settle(r);
    gm__queue_rates(r);
  }
  if (!(r->status & ended)) r->now = t;
}
