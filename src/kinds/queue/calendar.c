/* calendar.c - what customers wait for, in a heap of four children a node: one entry a customer at
 * most, found again through the customer. Entries of one time come in the order they were made. */
#include "kinds/queue/run.h"

static inline bool before(const queue_entry *a, const queue_entry *b)
{
  return a->t < b->t || (a->t == b->t && a->order < b->order);
}

static inline void put(queue_object *o, int32_t i, queue_entry e)
{
  o->heap[i] = e;
  o->customer[e.customer].heap = i;
}

static void rise(queue_object *o, int32_t i, queue_entry e)
{
  while (i > 0) {
    int32_t up = (i - 1) / 4;
    if (!before(&e, &o->heap[up])) break;
    put(o, i, o->heap[up]);
    i = up;
  }
  put(o, i, e);
}

static void sink(queue_object *o, int32_t i, queue_entry e)
{
  int32_t n = o->head->heaped;
  for (;;) {
    int32_t first = 4 * i + 1, least = first;
    if (first >= n) break;
    int32_t last = first + 4 < n ? first + 4 : n;
    for (int32_t k = first + 1; k < last; k++)
      if (before(&o->heap[k], &o->heap[least])) least = k;
    if (!before(&o->heap[least], &e)) break;
    put(o, i, o->heap[least]);
    i = least;
  }
  put(o, i, e);
}

void gm__queue_calendar_add(queue_object *o, int32_t customer, double t)
{
  queue_entry e = {.t = t, .order = o->head->order++, .customer = customer};
  rise(o, o->head->heaped++, e);
}

void gm__queue_calendar_remove(queue_object *o, int32_t customer)
{
  int32_t i = o->customer[customer].heap, n = --o->head->heaped;
  o->customer[customer].heap = -1;
  queue_entry last = o->heap[n];
  if (i == n) return;
  if (i > 0 && before(&last, &o->heap[(i - 1) / 4]))
    rise(o, i, last);
  else
    sink(o, i, last);
}
