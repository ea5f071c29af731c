/* clock.c - clocks of channels, their order, and firing. */
#include "gemel/math.h"
#include "kinds/jump/run.h"
#include <stdint.h>

/* ---- draws ----------------------------------------------------------------------------------- */
/* -log of eight uniforms: two blocks of the generator, one call of the eight-lane logarithm (whose
 * bytes are those of gm_ln). */
static void draws_fill(jump_run *r, int32_t k, uint64_t block)
{
  _Alignas(64) double u[JUMP_DRAWS];
  uint64_t id = r->m->channel[k].id, kind = gm_kind_draw(JUMP_KIND_CLOCK, 0);
  gm_uniform4(r->key, r->slot, id, kind, 2 * block, u);
  gm_uniform4(r->key, r->slot, id, kind, 2 * block + 1, u + 4);
  r->vmath->ln(u, u);
  for (int i = 0; i < JUMP_DRAWS; i++) r->draw[(ptrdiff_t)k * JUMP_DRAWS + i] = -u[i];
  r->draw_block[k] = (double)block;
}

void jump_draw_new(jump_run *r, int32_t k)
{
  uint64_t number = (uint64_t)r->number[k], block = number / JUMP_DRAWS;
  if (r->draw_block[k] != (double)block) draws_fill(r, k, block);
  r->left[k] = r->draw[(ptrdiff_t)k * JUMP_DRAWS + (ptrdiff_t)(number % JUMP_DRAWS)];
}

/* ---- propensities ---------------------------------------------------------------------------- */
double jump_rate_of(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  const jump_need *need = r->m->need + c->need;
  for (int32_t i = 0; i < c->need_count; i++)
    if (r->x[need[i].state] < need[i].least) return 0;
  double a = jump_code_run(r->m, &c->propensity, r->reg);
  if (a >= 0 && a < INFINITY) return a;
  r->status |= GM_MEMBER_DIVERGED;
  return 0;
}

bool jump_is_varying(const jump_run *r, int32_t k)
{
  jump_motion motion = r->m->channel[k].motion;
  return motion == JUMP_VARYING || (motion == JUMP_BY_INFLOW && r->inflow) || r->any_fast;
}

void jump_when_set(jump_run *r, int32_t k)
{
  r->when[k] = r->rate[k] > 0 ? r->since[k] + r->left[k] / r->rate[k] : INFINITY;
}

void jump_clock_to(jump_run *r, int32_t k, double t)
{
  double left = r->left[k] - r->rate[k] * (t - r->since[k]);
  r->left[k] = left > 0 ? left : 0; /* below 0 by rounding only */
  r->since[k] = t;
}

static inline void rate_change(jump_run *r, int32_t k, double t)
{
  double a = jump_rate_of(r, k);
  if (a == r->rate[k]) return;
  jump_clock_to(r, k, t);
  r->rate[k] = a;
  jump_when_set(r, k);
  if (r->use_heap) jump_heap_fix(r, k);
}

void jump_refresh(jump_run *r, double t)
{
  r->reg[0] = t;
  for (int32_t k = 0; k < r->m->channel_count; k++) {
    double a = jump_rate_of(r, k);
    if (a != r->rate[k]) {
      jump_clock_to(r, k, t);
      r->rate[k] = a;
    }
    jump_when_set(r, k);
  }
  if (r->use_heap) jump_heap_make(r);
  r->flow.fresh = false;
}

/* ---- which is first: a heap of channels, or a look at all of them ---------------------------- */
static void sift_down(jump_run *r, int32_t at)
{
  int32_t n = r->m->channel_count, k = r->heap[at];
  for (;;) {
    int32_t child = 2 * at + 1;
    if (child >= n) break;
    if (child + 1 < n && r->when[r->heap[child + 1]] < r->when[r->heap[child]]) child++;
    if (!(r->when[r->heap[child]] < r->when[k])) break;
    r->heap[at] = r->heap[child];
    r->place[r->heap[at]] = at;
    at = child;
  }
  r->heap[at] = k;
  r->place[k] = at;
}

static void sift_up(jump_run *r, int32_t at)
{
  int32_t k = r->heap[at];
  while (at > 0) {
    int32_t parent = (at - 1) / 2;
    if (!(r->when[k] < r->when[r->heap[parent]])) break;
    r->heap[at] = r->heap[parent];
    r->place[r->heap[at]] = at;
    at = parent;
  }
  r->heap[at] = k;
  r->place[k] = at;
}

void jump_heap_make(jump_run *r)
{
  int32_t n = r->m->channel_count;
  for (int32_t i = 0; i < n; i++) r->heap[i] = r->place[i] = i;
  for (int32_t i = n / 2 - 1; i >= 0; i--) sift_down(r, i);
}

void jump_heap_fix(jump_run *r, int32_t k)
{
  sift_up(r, r->place[k]);
  sift_down(r, r->place[k]);
}

int32_t jump_first(const jump_run *r)
{
  int32_t n = r->m->channel_count;
  if (r->use_heap) return r->when[r->heap[0]] < INFINITY ? r->heap[0] : -1;
  int32_t first = -1;
  double least = INFINITY;
  for (int32_t k = 0; k < n; k++)
    if (r->when[k] < least) {
      least = r->when[k];
      first = k;
    }
  return first;
}

/* ---- firing ---------------------------------------------------------------------------------- */
void jump_change_apply(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  const jump_change *h = r->m->change + c->change;
  for (int32_t i = 0; i < c->change_count; i++) {
    double by = h[i].by;
    if (h[i].code.count >= 0) { /* worked out: what it may do is seen only now */
      by = jump_code_run(r->m, &h[i].code, r->reg);
      double after = r->x[h[i].state] + by;
      bool whole = r->m->method == GM_JUMP_HYBRID || rint(by) == by;
      if (!(whole && after >= 0 && after < INFINITY)) {
        r->status |= GM_MEMBER_DIVERGED;
        continue;
      }
    }
    r->x[h[i].state] += by;
  }
}

void jump_fire(jump_run *r, int32_t k, double t)
{
  const jump_channel *c = &r->m->channel[k];
  const int32_t *next = r->m->next + c->next;
  r->reg[0] = t;
  jump_change_apply(r, k);
  r->number[k] += 1;
  jump_draw_new(r, k);
  r->since[k] = t;
  r->rate[k] = jump_rate_of(r, k);
  jump_when_set(r, k);
  if (r->use_heap) jump_heap_fix(r, k);
  for (int32_t i = 0; i < c->next_count; i++) rate_change(r, next[i], t);
}

bool jump_firing_count(jump_run *r, double t)
{
  r->stuck = t > r->t ? 0 : r->stuck + 1;
  if (++r->firings <= r->m->firing_max && r->stuck <= JUMP_STUCK_MAX) return true;
  r->status |= GM_MEMBER_STEPS;
  return false;
}
