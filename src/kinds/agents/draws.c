/* draws.c - random numbers of rules, by meaning. */
#include "kinds/agents/engine.h"
#include <assert.h>

enum { DRAW_BITS = 16, PICK_TRIES = 1000 };

static uint64_t kind_draw(const gm_agents_turn *t, uint32_t draw)
{
  assert(draw < 1u << DRAW_BITS);
  return gm_kind_draw(t->meaning, draw);
}

double gm_agents_uniform(const gm_agents_turn *t, uint32_t draw)
{
  return gm_uniform(t->work->key, t->work->slot, t->entity, kind_draw(t, draw), t->index);
}

void gm_agents_uniform4(const gm_agents_turn *t, uint32_t draw, double out[4])
{
  gm_uniform4(t->work->key, t->work->slot, t->entity, kind_draw(t, draw), t->index, out);
}

double gm_agents_normal(const gm_agents_turn *t, uint32_t draw)
{
  return gm_normal(t->work->key, t->work->slot, t->entity, kind_draw(t, draw), t->index);
}

double gm_agents_exponential(const gm_agents_turn *t, uint32_t draw)
{
  return gm_exponential(t->work->key, t->work->slot, t->entity, kind_draw(t, draw), t->index);
}

int32_t gm_agents_below(const gm_agents_turn *t, uint32_t draw, int32_t n)
{
  assert(n > 0);
  return (int32_t)(gm_agents_uniform(t, draw) * n); /* u <= 1 - 2^-53, n < 2^31: below n */
}

/* Those who died in this rule still have their place: try again, with numbers of its own. */
int32_t gm_agents_pick(const gm_agents_turn *t, uint32_t draw, int32_t breed)
{
  const gm_agents *w = t->world;
  int32_t n = w->size[breed];
  if (gm_agents_count(w, breed) == 0) return -1;
  int32_t i = 0;
  for (uint32_t k = 0; k < PICK_TRIES; k++) {
    uint64_t meaning = kind_draw(t, draw) | (uint64_t)k << DRAW_BITS;
    i = (int32_t)(gm_uniform(t->work->key, t->work->slot, t->entity, meaning, t->index) * n);
    if (gm_agents_alive(w, breed, i)) return i;
  }
  while (!gm_agents_alive(w, breed, i)) i = i + 1 < n ? i + 1 : 0;
  return i;
}

const double *gm_agents_real_was(const gm_agents_turn *t, int32_t attribute)
{
  assert(t->work->was_breed == t->breed && t->breed >= 0);
  assert(!t->world->m->breed[t->breed].attribute[attribute].whole);
  return t->work->was[attribute];
}

const int32_t *gm_agents_whole_was(const gm_agents_turn *t, int32_t attribute)
{
  assert(t->work->was_breed == t->breed && t->breed >= 0);
  assert(t->world->m->breed[t->breed].attribute[attribute].whole);
  return t->work->was[attribute];
}

void gm_agents_fail(gm_agents_turn *t) { t->work->status |= GM_MEMBER_DIVERGED; }
