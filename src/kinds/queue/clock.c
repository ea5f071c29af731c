/* clock.c - unit-rate clocks: a channel fires when the integral of its rate has used up an
 * exponential time (Anderson, J. Chem. Phys. 127:214107, 2007). Rates are constant between events,
 * so this is the exact law, also where they depend on counts. */
#include "gemel/math.h"
#include "kinds/queue/run.h"
#include <math.h>

/* The exponential of this number of the channel; four of a block are made at once. */
void gm__queue_clock_new(queue_run *r, int32_t k)
{
  queue_clock *c = &r->o->clock[k];
  int64_t block = c->number / 4;
  double *d = r->draw + (ptrdiff_t)4 * k;
  if (r->draw_block[k] != block) {
    gm_uniform4(r->key, r->slot, r->m->channel[k].id, gm_kind_draw(QUEUE_KIND_CLOCK, 0),
                (uint64_t)block, d);
    for (int i = 0; i < 4; i++) d[i] = -gm_ln(d[i]);
    r->draw_block[k] = block;
  }
  c->left = d[c->number % 4];
}

static void when(queue_run *r, queue_clock *c)
{
  c->when = c->rate > 0 ? c->since + c->left / c->rate : INFINITY;
  r->other_stale = true;
}

void gm__queue_clock_start(queue_run *r, int32_t k, double rate)
{
  queue_clock *c = &r->o->clock[k];
  gm__queue_clock_new(r, k);
  c->since = r->now;
  c->rate = rate;
  when(r, c);
}

static double rate_of(queue_run *r, int32_t k)
{
  const queue_channel *c = &r->m->channel[k];
  const queue_station_state *st = &r->o->station[c->of];
  if (c->kind == QUEUE_INFLOW) return st->inflow;
  if (c->kind == QUEUE_HAZARD && !st->busy) return 0;
  double rate = gm__queue_eval(&c->rate, r->o->value);
  if (rate >= 0 && rate < INFINITY) return rate;
  r->status |= GM_MEMBER_DIVERGED;
  return 0;
}

void gm__queue_mark(queue_run *r, int32_t value)
{
  const queue_machine *m = r->m;
  for (int32_t i = m->dependent_at[value]; i < m->dependent_at[value + 1]; i++) {
    int32_t k = m->dependent[i];
    if (r->is_dirty[k]) continue;
    r->is_dirty[k] = true;
    r->dirty[r->dirty_count++] = k;
  }
}

/* A rate that is the same to the bit leaves its clock alone. */
void gm__queue_rates(queue_run *r)
{
  for (int32_t i = 0; i < r->dirty_count; i++) {
    int32_t k = r->dirty[i];
    queue_clock *c = &r->o->clock[k];
    double rate = rate_of(r, k);
    r->is_dirty[k] = false;
    if (rate == c->rate) continue;
    double left = c->left - c->rate * (r->now - c->since);
    c->left = left > 0 ? left : 0; /* below 0 by rounding only */
    c->since = r->now;
    c->rate = rate;
    when(r, c);
  }
  r->dirty_count = 0;
}

/* The earliest of what is no customer's; of one time schedules come first, then renewals. */
void gm__queue_other(queue_run *r)
{
  const queue_machine *m = r->m;
  const queue_object *o = r->o;
  double least = INFINITY;
  int32_t which = -1, i = 0;
  for (int32_t k = 0; k < m->schedule_count; k++, i++)
    if (o->schedule[k].when < least) {
      least = o->schedule[k].when;
      which = i;
    }
  for (int32_t k = 0; k < m->renewal_count; k++, i++)
    if (o->renewal[k].when < least) {
      least = o->renewal[k].when;
      which = i;
    }
  for (int32_t k = 0; k < m->channel_count; k++, i++)
    if (o->clock[k].when < least) {
      least = o->clock[k].when;
      which = i;
    }
  r->other_when = least;
  r->other = which;
  r->other_stale = false;
}
