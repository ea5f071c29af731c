/* object_check.c - do the places inside of a member hang together? Bytes from outside may have a
 * good checksum and be wrong on purpose: nothing here may be followed before it was looked at. */
#include "kinds/queue/run.h"
#include <math.h>

static bool in(int32_t i, int32_t count) { return i >= 0 && i < count; }

static bool head_sound(const queue_head *h)
{
  return in(h->used, h->room + 1) && in(h->heaped, h->used + 1) &&
         (h->free == -1 || in(h->free, h->used)) && isfinite(h->now) && isfinite(h->start);
}

static bool links_sound(const queue_machine *m, const queue_object *o, const queue_customer *c)
{
  int32_t used = o->head->used;
  return (c->next == -1 || in(c->next, used)) && (c->before == -1 || in(c->before, used)) &&
         in(c->station, m->station_count) && in(c->priority, m->priority_count);
}

static bool customer_sound(const queue_machine *m, const queue_object *o, int32_t i)
{
  const queue_customer *c = &o->customer[i];
  if (c->place < QUEUE_FREE || c->place > QUEUE_SERVED || !links_sound(m, o, c)) return false;
  if (c->place == QUEUE_FREE) return c->heap == -1;
  if (c->heap != -1 && (!in(c->heap, o->head->heaped) || o->heap[c->heap].customer != i))
    return false;
  int32_t pick = m->station[c->station].pick;
  bool picked = pick >= 0 && c->place == QUEUE_SERVED;
  if (!picked) return c->pick == -1 && (c->place == QUEUE_WAITS || c->heap >= 0);
  return c->heap == -1 && in(c->pick, o->station[c->station].picks) &&
         o->pick[(ptrdiff_t)pick * o->head->room + c->pick] == i;
}

static bool entry_before(const queue_entry *a, const queue_entry *b)
{
  return a->t < b->t || (a->t == b->t && a->order < b->order);
}

static bool heap_sound(const queue_object *o)
{
  for (int32_t i = 0; i < o->head->heaped; i++) {
    const queue_entry *e = &o->heap[i];
    if (isnan(e->t) || !in(e->customer, o->head->used) || o->customer[e->customer].heap != i)
      return false;
    if (i && entry_before(e, &o->heap[(i - 1) / 4])) return false;
  }
  return true;
}

/* A list from its first to its last; returns how many, -1 when it is broken. */
static int32_t list_length(const queue_object *o, const int32_t *end, int32_t station,
                           int32_t level, bool ranked, queue_place place)
{
  int32_t n = 0, before = -1, c = end[QUEUE_FIRST];
  for (; c != -1; c = o->customer[c].next) {
    if (!in(c, o->head->used) || n > o->head->used) return -1;
    const queue_customer *p = &o->customer[c];
    if (p->before != before || p->station != station || p->place != (int32_t)place ||
        level != (ranked ? p->priority : 0))
      return -1;
    before = c;
    n++;
  }
  return end[QUEUE_LAST] == before ? n : -1;
}

static bool station_sound(const queue_machine *m, const queue_object *o, int32_t s)
{
  const queue_station_state *st = &o->station[s];
  bool ranked = m->station[s].discipline >= GM_QUEUE_PRIORITY;
  int32_t waiting = 0, busy = 0;
  for (int32_t p = 0; p < m->priority_count; p++) {
    const queue_level *l = &o->level[s * m->priority_count + p];
    int32_t w = list_length(o, l->line, s, p, ranked, QUEUE_WAITS);
    int32_t b = list_length(o, l->served, s, p, ranked, QUEUE_SERVED);
    if (w < 0 || b < 0) return false;
    waiting += w;
    busy += b;
  }
  int32_t picks = m->station[s].pick >= 0 ? busy : 0;
  return st->waiting == waiting && st->busy == busy && st->count == waiting + busy &&
         st->picks == picks && st->inflow >= 0 && st->inflow < INFINITY && st->servers >= 0 &&
         o->value[m->at_count + s] == st->count && o->value[m->at_waiting + s] == st->waiting &&
         o->value[m->at_busy + s] == st->busy;
}

/* What is held of a resource is what its customers hold. */
static bool resource_sound(const queue_machine *m, const queue_object *o, int32_t k)
{
  const queue_resource_state *q = &o->resource[k];
  double sum = 0;
  for (int32_t i = 0; i < o->head->used; i++) {
    int32_t held = o->held[(ptrdiff_t)i * m->resource_count + k];
    if (held < 0 || held > INT32_MAX / 2 || (held && o->customer[i].place == QUEUE_FREE))
      return false;
    sum += held;
  }
  return q->used == sum && q->units >= 0 && o->value[m->at_free + k] == q->units - q->used;
}

static bool free_sound(const queue_object *o, int32_t total)
{
  int32_t n = 0;
  for (int32_t c = o->head->free; c != -1; c = o->customer[c].next, n++)
    if (!in(c, o->head->used) || n > o->head->used || o->customer[c].place != QUEUE_FREE)
      return false;
  return n + total == o->head->used;
}

/* The step a schedule waits for must be one of its own: it is looked up when it comes. */
static bool schedule_sound(const queue_schedule *s, const queue_next *q)
{
  if (s->period > 0) return fabs((double)q->number) < 1e15 && isfinite(q->when);
  return q->number >= 0 && q->number <= s->count &&
         q->when == (q->number < s->count ? s->at[q->number] : INFINITY);
}

static bool moving_sound(const queue_machine *m, const queue_object *o)
{
  for (int32_t k = 0; k < m->channel_count; k++) {
    const queue_clock *c = &o->clock[k];
    if (!(c->left >= 0) || !(c->rate >= 0 && c->rate < INFINITY) || !isfinite(c->since) ||
        isnan(c->when) || c->number < 0 || c->number > INT64_MAX / 2)
      return false;
  }
  for (int32_t k = 0; k < m->renewal_count; k++)
    if (isnan(o->renewal[k].when) || o->renewal[k].number < 0) return false;
  for (int32_t k = 0; k < m->schedule_count; k++)
    if (!schedule_sound(&m->schedule[k], &o->schedule[k])) return false;
  return true;
}

bool gm__queue_object_sound(const queue_machine *m, const queue_object *o)
{
  int32_t total = 0;
  if (!head_sound(o->head)) return false;
  for (int32_t i = 0; i < o->head->used; i++)
    if (!customer_sound(m, o, i)) return false;
  for (int32_t s = 0; s < m->station_count; s++) {
    if (!in(o->station[s].picks, o->head->room + 1) || !station_sound(m, o, s)) return false;
    total += o->station[s].count;
  }
  for (int32_t k = 0; k < m->resource_count; k++)
    if (!resource_sound(m, o, k)) return false;
  return heap_sound(o) && free_sound(o, total) && moving_sound(m, o);
}
