/* step.c - from one grid point in time to the next. */
#include "kinds/agents/engine.h"
#include <math.h>
#include <string.h>

static const int64_t index_max = INT64_C(1) << 46; /* draws have 48 bits for it */

/* A time within 1e-9 of a step of a grid point is taken as that point: 0.3 is one of step 0.1. */
int64_t agents_grid_index(const agents_model *m, double t, bool *on_grid)
{
  double x = (t - m->origin) / m->step, near = rint(x);
  bool on = fabs(x - near) <= 1e-9 + 4e-16 * fabs(x);
  if (on_grid) *on_grid = on;
  if (!on) near = floor(x);
  if (!(near < (double)index_max)) return index_max;
  return near > -(double)index_max ? (int64_t)near : -index_max;
}

double agents_grid_time(const agents_model *m, int64_t index)
{
  return m->origin + (double)index * m->step;
}

/* ---- one breed ------------------------------------------------------------------------------- */
/* Keys by id: an agent more or less does not change in which order the others come. The mixing is
 * the finaliser of splitmix64 (Steele, Lea & Flood, OOPSLA 2014). */
static uint64_t mixed(uint64_t x)
{
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static agents_rank *shuffled(agents_run *r, int32_t breed, uint64_t index)
{
  const gm_agents *w = r->w;
  int32_t n = w->size[breed];
  agents_rank *a = gm_arena_get(r->arena, 2 * (ptrdiff_t)n + 1, sizeof *a);
  if (!a) return NULL;
  uint64_t word[4];
  gm_draw4(r->key, r->slot, 0, gm_kind_draw(r->m->breed[breed].meaning_order, 0), index, word);
  const uint64_t *id = agents_column(w, breed, AGENTS_ID);
  for (int32_t i = 0; i < n; i++)
    a[i] = (agents_rank){.key = mixed(mixed(id[i] ^ word[0]) + word[1]), .agent = i};
  agents_rank_sort(a, a + n, n);
  return a;
}

static bool remember(agents_run *r, int32_t breed)
{
  const agents_breed *b = &r->m->breed[breed];
  size_t n = (size_t)r->w->size[breed];
  for (int32_t a = 0; a < b->attribute_count; a++) {
    size_t bytes = n * (b->attribute[a].whole ? sizeof(int32_t) : sizeof(double));
    r->was[a] = gm_arena_get(r->arena, (ptrdiff_t)bytes + 1, 1);
    if (!r->was[a]) return false;
    memcpy(r->was[a], agents_column(r->w, breed, AGENTS_COLUMNS + a), bytes);
  }
  r->was_breed = breed;
  return true;
}

static void breed_step(agents_run *r, int32_t breed, uint64_t index)
{
  const agents_breed *b = &r->m->breed[breed];
  gm_agents *w = r->w;
  gm_arena_mark mark = gm_arena_at(r->arena);
  const agents_rank *order = NULL;
  bool ready = true;
  if (b->order == GM_AGENTS_SHUFFLED) ready = (order = shuffled(r, breed, index)) != NULL;
  if (b->order == GM_AGENTS_TOGETHER) ready = remember(r, breed);
  if (!ready) r->status |= GM_MEMBER_DIVERGED;
  gm_agents_turn turn = agents_world_turn(r, b->meaning_step, index);
  turn.breed = breed;
  int32_t n = w->size[breed];
  for (int32_t k = 0; k < n && !(r->status & GM_MEMBER_DIVERGED); k++) {
    turn.agent = order ? order[k].agent : k;
    if (!gm_agents_alive(w, breed, turn.agent)) continue;
    turn.entity = gm_agents_id(w, breed, turn.agent);
    b->step(&turn);
  }
  r->was_breed = -1;
  gm_arena_back(r->arena, mark);
  agents_sweep(w);
}

/* ---- the world ------------------------------------------------------------------------------- */
static void world_rule(agents_run *r, gm_agents_rule *rule, uint32_t meaning, uint64_t index)
{
  if (!rule) return;
  gm_agents_turn turn = agents_world_turn(r, meaning, index);
  rule(&turn);
  agents_sweep(r->w);
}

/* What came in since the last grid point. */
static void pending_apply(agents_run *r)
{
  gm_agents *w = r->w;
  int32_t *n = &w->size[r->m->breed_count], count = *n;
  if (!count) return;
  gm_arena_mark mark = gm_arena_at(r->arena);
  agents_edge *e = gm_arena_get(r->arena, count, sizeof *e);
  if (!e) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  memcpy(e, w->at[AGENTS_PENDING], (size_t)count * sizeof *e);
  *n = 0;
  for (int32_t i = 0; i < count; i++)
    agents_edge_apply(r, e[i].port, e[i].value, (gm_edge_kind)e[i].kind);
  gm_arena_back(r->arena, mark);
}

void agents_tick(agents_run *r)
{
  const agents_model *m = r->m;
  agents_head *head = agents_head_of(r->w);
  uint64_t index = (uint64_t)(head->step + 1) & ((UINT64_C(1) << 48) - 1);
  r->t = agents_grid_time(m, head->step + 1);
  world_rule(r, m->before, m->meaning_before, index);
  agents_rates_step(r);
  if (!m->fields_last) agents_fields_move(r);
  for (int32_t b = 0; b < m->breed_count; b++)
    if (m->breed[b].step) breed_step(r, b, index);
  if (m->fields_last) agents_fields_move(r);
  world_rule(r, m->after, m->meaning_after, index);
  agents_head_of(r->w)->step++;
  if (m->parameter_count)
    memcpy(agents_theta(r->w), r->theta, (size_t)m->parameter_count * sizeof(double));
  pending_apply(r);
  agents_look_all(r);
}
