/* lane_queue.h - events that wait: their queue, and the memory of a member that runs on a lane.
 * Behind states and input rates a member's state holds: the triggers' values, then (where events
 * have delays) the number of waiting events and pending_max of them, then the history of delays. */
#ifndef GEMEL_EQUATIONS_LANE_QUEUE_H
#define GEMEL_EQUATIONS_LANE_QUEUE_H
#include "kinds/equations/lane_history.h"

enum { WAIT_TIME, WAIT_EVENT, WAIT_ORDER, WAIT_VALUES }; /* a waiting event's doubles */

static double *waiting(const lane_run *r, int lane, int32_t i)
{
  const lane_machine *m = r->m;
  return r->w->queue + ((ptrdiff_t)lane * m->queue_max + i) * m->pending_width;
}

/* When the first waiting event is due; infinity: none waits. */
static double queue_next(const lane_run *r, int lane)
{
  double t = INFINITY;
  for (int32_t i = 0; i < r->w->queue_count[lane]; i++) t = fmin(t, waiting(r, lane, i)[WAIT_TIME]);
  return t;
}

/* Room for an event at the end of the queue, or NULL. */
static double *queue_add(const lane_run *r, int lane, int32_t event, double t)
{
  lane_work *w = r->w;
  int32_t n = w->queue_count[lane];
  if (n == r->m->queue_max) return NULL;
  double *q = waiting(r, lane, n);
  memset(q, 0, (size_t)r->m->pending_width * sizeof *q);
  q[WAIT_ORDER] = n ? waiting(r, lane, n - 1)[WAIT_ORDER] + 1 : 0;
  q[WAIT_TIME] = t;
  q[WAIT_EVENT] = event;
  w->queue_count[lane] = n + 1;
  return q;
}

static void queue_remove_dot(const lane_run *r, int lane, int32_t i); /* lane_tangent.h */
static void tape_remove(const lane_run *r, int lane, int32_t i);      /* lane_tape.h */

static void queue_remove(const lane_run *r, int lane, int32_t i)
{
  if (r->b->nd) queue_remove_dot(r, lane, i);
  tape_remove(r, lane, i);
  lane_work *w = r->w;
  int32_t after = --w->queue_count[lane] - i;
  memmove(waiting(r, lane, i), waiting(r, lane, i + 1),
          (size_t)after * (size_t)r->m->pending_width * sizeof(double));
}

static void queue_cancel(const lane_run *r, int lane, int32_t event)
{
  for (int32_t i = r->w->queue_count[lane] - 1; i >= 0; i--)
    if (waiting(r, lane, i)[WAIT_EVENT] == event) queue_remove(r, lane, i);
}

/* ---- a member's memory ----------------------------------------------------------------------- */
static double *member_row(const lane_run *r, int lane, int32_t row)
{
  const gm_batch *b = r->b;
  return b->x + (2 * (ptrdiff_t)r->m->nx + row) * b->sx + r->w->slot[lane].member * b->sm;
}

static void memory_take(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t row = 0;
  w->queue_count[lane] = 0;
  for (int32_t i = 0; i < m->event_count; i++) w->flag[i][lane] = *member_row(r, lane, row++);
  if (m->pending_max) {
    double n = *member_row(r, lane, row++);
    w->queue_count[lane] = n > 0 && n <= m->pending_max ? (int32_t)n : 0;
    for (int32_t i = 0; i < m->pending_max * m->pending_width; i++, row++)
      if (i < w->queue_count[lane] * m->pending_width)
        waiting(r, lane, 0)[i] = *member_row(r, lane, row);
  }
  for (int32_t i = 0; i < m->history_count; i++)
    history_of(r, lane)[i] = *member_row(r, lane, row++);
}

static void memory_store(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t row = 0,
          n = w->queue_count[lane] < m->pending_max ? w->queue_count[lane] : m->pending_max;
  for (int32_t i = 0; i < m->event_count; i++) *member_row(r, lane, row++) = w->flag[i][lane];
  if (m->pending_max) {
    *member_row(r, lane, row++) = n;
    for (int32_t i = 0; i < m->pending_max * m->pending_width; i++)
      *member_row(r, lane, row++) = i < n * m->pending_width ? waiting(r, lane, 0)[i] : 0;
  }
  int32_t used = m->history_count ? history_used(r, lane) : 0;
  for (int32_t i = 0; i < m->history_count; i++)
    *member_row(r, lane, row++) = i < used ? history_of(r, lane)[i] : 0;
}
#endif
