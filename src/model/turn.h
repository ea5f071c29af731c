/* turn.h - a member's turn: its rows in the batch, and the edges and samples of its span in order.
 *
 * For kinds that take members one after another and jump from event to event. Samples read the
 * state of their time: those marked `before` ahead of the edges of that time, the others behind. */
#ifndef GEMEL_MODEL_TURN_H
#define GEMEL_MODEL_TURN_H
#include "gemel/model.h"
#include <math.h>

typedef struct {
  const gm_batch *b;
  const gm_span *span;
  int32_t member, edge, sample; /* edge, sample: the next one */
  double due;                   /* when the next sample is; infinite: there is none */
} gm_turn;

static inline gm_key gm__key_of(const gm_batch *b, int32_t member)
{
  return b->key ? b->key[member] : (gm_key){{0}};
}

static inline uint64_t gm__slot_of(const gm_batch *b, int32_t member)
{
  return b->slot ? b->slot[member] : b->slot0 + (uint64_t)member;
}

static inline double *gm__row_of(const gm_batch *b, int32_t member, int32_t row)
{
  return &b->x[row * b->sx + member * b->sm];
}

static inline double gm__row_get(const gm_turn *t, int32_t row)
{
  return *gm__row_of(t->b, t->member, row);
}

static inline void gm__row_set(const gm_turn *t, int32_t row, double value)
{
  *gm__row_of(t->b, t->member, row) = value;
}

/* A number that counts: whole, from 0 to below 2^53; what is none is 0. */
static inline double gm__count_of(double value)
{
  return value > 0 && value < 0x1p53 ? floor(value) : 0;
}

static inline double gm__row_count(const gm_turn *t, int32_t row)
{
  return gm__count_of(gm__row_get(t, row));
}

/* No span is in hand yet: nothing is due. */
static inline gm_turn gm__turn_of(const gm_batch *b, int32_t member)
{
  return (gm_turn){.b = b, .member = member, .due = INFINITY};
}

static inline void gm__turn_due(gm_turn *t)
{
  t->due = t->sample < t->span->sample_count ? t->span->sample[t->sample] : INFINITY;
}

static inline void gm__turn_begin(gm_turn *t, const gm_span *span)
{
  t->span = span;
  t->edge = t->sample = 0;
  gm__turn_due(t);
}

/* Is there a sample at or ahead of `now`? before: only one that is read ahead of the edges. */
static inline bool gm__sample_is_due(const gm_turn *t, double now, bool before)
{
  const uint8_t *marks = t->span->sample_before;
  return t->due <= now && (!before || (marks && marks[t->sample]));
}

/* Where the next sample goes, [ny]; moves on to the one behind it. */
static inline double *gm__sample_take(gm_turn *t, int32_t ny)
{
  double *y = t->span->y + (ptrdiff_t)t->sample++ * ny;
  gm__turn_due(t);
  return y;
}

/* The next edge, when it is at or ahead of `now`, and moves on; else NULL. */
static inline const gm_edge *gm__edge_take(gm_turn *t, double now)
{
  const gm_span *s = t->span;
  return t->edge < s->edge_count && s->edge[t->edge].t <= now ? &s->edge[t->edge++] : NULL;
}

/* How far the member may go on by itself: to the next edge or the end. */
static inline double gm__turn_stop(const gm_turn *t)
{
  const gm_span *s = t->span;
  return t->edge < s->edge_count ? fmin(s->t1, s->edge[t->edge].t) : s->t1;
}

static inline bool gm__turn_is_over(const gm_turn *t, double now)
{
  return now >= t->span->t1 && t->edge == t->span->edge_count;
}

/* NaN for the samples that were not reached, and the member's status. */
static inline void gm__turn_end(const gm_turn *t, int32_t ny, int8_t status)
{
  const gm_span *s = t->span;
  for (ptrdiff_t i = (ptrdiff_t)t->sample * ny; i < (ptrdiff_t)s->sample_count * ny; i++)
    s->y[i] = NAN;
  t->b->status[t->member] = status;
}
#endif
