/* space.c - where agents are: cells, births, deaths, moves. */
#include "gemel/math.h"
#include "kinds/agents/engine.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- looking --------------------------------------------------------------------------------- */
const void *gm_agents_user(const gm_agents *w) { return w->m->user; }

int32_t gm_agents_count(const gm_agents *w, int32_t breed)
{
  return w->size[breed] - w->gone[breed];
}

int32_t gm_agents_size(const gm_agents *w, int32_t breed) { return w->size[breed]; }

bool gm_agents_alive(const gm_agents *w, int32_t breed, int32_t agent)
{
  assert(agent >= 0 && agent < w->size[breed]);
  return ((const uint8_t *)agents_column(w, breed, AGENTS_LIVE))[agent] != 0;
}

uint64_t gm_agents_id(const gm_agents *w, int32_t breed, int32_t agent)
{
  return ((const uint64_t *)agents_column(w, breed, AGENTS_ID))[agent];
}

double *gm_agents_real(const gm_agents *w, int32_t breed, int32_t attribute)
{
  assert(!w->m->breed[breed].attribute[attribute].whole);
  return agents_column(w, breed, AGENTS_COLUMNS + attribute);
}

int32_t *gm_agents_whole(const gm_agents *w, int32_t breed, int32_t attribute)
{
  assert(w->m->breed[breed].attribute[attribute].whole);
  return agents_column(w, breed, AGENTS_COLUMNS + attribute);
}

double *gm_agents_shared(const gm_agents *w) { return w->at[AGENTS_SHARED_S]; }

double *gm_agents_field_of(const gm_agents *w, int32_t field)
{
  return (double *)w->at[AGENTS_FIELD_S] + (ptrdiff_t)field * w->m->cells;
}

double gm_agents_field_total(const gm_agents *w, int32_t field)
{
  return w->m->kernel->total(gm_agents_field_of(w, field), w->m->cells);
}

int32_t gm_agents_cells(const gm_agents *w) { return w->m->cells; }

int32_t gm_agents_cell(const gm_agents *w, int32_t breed, int32_t agent)
{
  return ((const int32_t *)agents_column(w, breed, AGENTS_CELL))[agent];
}

int32_t gm_agents_degree(const gm_agents *w, int32_t cell)
{
  switch (w->m->space) {
  case GM_AGENTS_MOORE: return 8;
  case GM_AGENTS_VON_NEUMANN: return 4;
  case GM_AGENTS_GRAPH: return w->m->edge_first[cell + 1] - w->m->edge_first[cell];
  default: return 0;
  }
}

/* The four first neighbours of Moore are those of von Neumann. */
int32_t gm_agents_neighbour(const gm_agents *w, int32_t cell, int32_t k)
{
  static const int8_t dx[8] = {1, -1, 0, 0, 1, -1, 1, -1}, dy[8] = {0, 0, 1, -1, 1, 1, -1, -1};
  assert(k >= 0 && k < gm_agents_degree(w, cell));
  if (w->m->space == GM_AGENTS_GRAPH) return w->m->edge_to[w->m->edge_first[cell] + k];
  int32_t width = w->m->width, height = w->m->height;
  int32_t x = cell % width + dx[k], y = cell / width + dy[k];
  x = x < 0 ? width - 1 : x == width ? 0 : x;
  y = y < 0 ? height - 1 : y == height ? 0 : y;
  return y * width + x;
}

int32_t gm_agents_first(const gm_agents *w, int32_t breed, int32_t cell)
{
  return ((const int32_t *)agents_column(w, breed, AGENTS_FIRST))[cell];
}

int32_t gm_agents_next(const gm_agents *w, int32_t breed, int32_t agent)
{
  return ((const int32_t *)agents_column(w, breed, AGENTS_NEXT))[agent];
}

int32_t gm_agents_here(const gm_agents *w, int32_t breed, int32_t cell)
{
  return ((const int32_t *)agents_column(w, breed, AGENTS_HERE))[cell];
}

/* ---- cells ----------------------------------------------------------------------------------- */
bool agents_fits(const gm_agents *w, int32_t breed, int32_t cell)
{
  const agents_model *m = w->m;
  if (m->breed[breed].cell_max && gm_agents_here(w, breed, cell) >= m->breed[breed].cell_max)
    return false;
  return !m->cell_max || ((const int32_t *)w->at[AGENTS_OCCUPIED])[cell] < m->cell_max;
}

static void enter_cell(gm_agents *w, int32_t breed, int32_t agent, int32_t at)
{
  int32_t *first = agents_column(w, breed, AGENTS_FIRST),
          *here = agents_column(w, breed, AGENTS_HERE);
  int32_t *next = agents_column(w, breed, AGENTS_NEXT),
          *prev = agents_column(w, breed, AGENTS_PREV);
  ((int32_t *)agents_column(w, breed, AGENTS_CELL))[agent] = at;
  next[agent] = first[at];
  prev[agent] = -1;
  if (first[at] >= 0) prev[first[at]] = agent;
  first[at] = agent;
  here[at]++;
  ((int32_t *)w->at[AGENTS_OCCUPIED])[at]++;
}

void agents_leave_cell(gm_agents *w, int32_t breed, int32_t agent)
{
  int32_t *cell = agents_column(w, breed, AGENTS_CELL), at = cell[agent];
  if (at < 0) return;
  int32_t *next = agents_column(w, breed, AGENTS_NEXT),
          *prev = agents_column(w, breed, AGENTS_PREV);
  if (prev[agent] >= 0)
    next[prev[agent]] = next[agent];
  else
    ((int32_t *)agents_column(w, breed, AGENTS_FIRST))[at] = next[agent];
  if (next[agent] >= 0) prev[next[agent]] = prev[agent];
  ((int32_t *)agents_column(w, breed, AGENTS_HERE))[at]--;
  ((int32_t *)w->at[AGENTS_OCCUPIED])[at]--;
  cell[agent] = -1;
}

bool gm_agents_move(gm_agents_turn *turn, int32_t breed, int32_t agent, int32_t cell)
{
  gm_agents *w = turn->world;
  assert(cell >= 0 && cell < w->m->cells && gm_agents_alive(w, breed, agent));
  int32_t from = gm_agents_cell(w, breed, agent);
  if (from == cell) return true;
  agents_leave_cell(w, breed, agent); /* first: room is counted without it */
  bool fits = agents_fits(w, breed, cell);
  enter_cell(w, breed, agent, fits ? cell : from);
  return fits;
}

/* ---- births ---------------------------------------------------------------------------------- */
static void fill(gm_agents *w, int32_t breed, int32_t i, uint64_t id)
{
  const agents_breed *b = &w->m->breed[breed];
  ((uint64_t *)agents_column(w, breed, AGENTS_ID))[i] = id;
  ((int32_t *)agents_column(w, breed, AGENTS_CELL))[i] = -1;
  ((int32_t *)agents_column(w, breed, AGENTS_NEXT))[i] = -1;
  ((int32_t *)agents_column(w, breed, AGENTS_PREV))[i] = -1;
  ((uint64_t *)agents_column(w, breed, AGENTS_BORN))[i] = 0;
  ((uint8_t *)agents_column(w, breed, AGENTS_LIVE))[i] = 1;
  for (int32_t a = 0; a < b->attribute_count; a++) {
    if (b->attribute[a].whole)
      gm_agents_whole(w, breed, a)[i] = (int32_t)b->attribute[a].initial;
    else
      gm_agents_real(w, breed, a)[i] = b->attribute[a].initial;
  }
  for (int32_t e = 0; e < b->event_count; e++)
    agents_clocks(w, b->event_first + e)[i] = (agents_clock){.left = NAN, .place = -1};
}

int32_t agents_add(agents_run *r, int32_t breed, int32_t cell, uint64_t id)
{
  gm_agents *w = r->w;
  if (gm_agents_count(w, breed) >= w->m->breed[breed].count_max) return -1;
  if (w->m->cells && !agents_fits(w, breed, cell)) return -1;
  if (!agents_grow(w, breed)) {
    r->status |= GM_MEMBER_DIVERGED; /* no memory: nothing that could be gone on with */
    return -1;
  }
  int32_t i = w->size[breed]++;
  fill(w, breed, i, id);
  if (w->m->cells) enter_cell(w, breed, i, cell);
  if (r->touched_count < AGENTS_TOUCHED_MAX) {
    r->touched[r->touched_count][0] = breed;
    r->touched[r->touched_count][1] = i;
  }
  r->touched_count++;
  return i;
}

int32_t gm_agents_birth(gm_agents_turn *turn, int32_t breed, int32_t cell)
{
  gm_agents *w = turn->world;
  assert(breed >= 0 && breed < w->m->breed_count);
  assert(!w->m->cells || (cell >= 0 && cell < w->m->cells));
  uint64_t *births = &agents_head_of(w)->births;
  if (turn->agent >= 0)
    births = (uint64_t *)agents_column(w, turn->breed, AGENTS_BORN) + turn->agent;
  uint64_t id = gm_hash64(turn->entity, *births);
  int32_t i = agents_add(turn->work, breed, cell, id);
  if (i < 0) return -1;
  /* the columns may have moved */
  if (turn->agent >= 0)
    ((uint64_t *)agents_column(w, turn->breed, AGENTS_BORN))[turn->agent]++;
  else
    agents_head_of(w)->births++;
  return i;
}

int32_t agents_cell_draw(agents_run *r, int32_t breed, const agents_port *region, uint64_t entity,
                         uint32_t meaning, uint64_t index)
{
  const gm_agents *w = r->w;
  int32_t n = region && region->cell ? region->cell_count : w->m->cells;
  if (!n) return -1;
  double u = gm_uniform(r->key, r->slot, entity, gm_kind_draw(meaning, 0), index);
  int32_t begin = (int32_t)(u * n);
  for (int32_t i = 0; i < n; i++) { /* where it is full: the next one with room */
    int32_t k = begin + i < n ? begin + i : begin + i - n;
    int32_t cell = region && region->cell ? region->cell[k] : k;
    if (agents_fits(w, breed, cell)) return cell;
  }
  return -1;
}

/* ---- deaths ---------------------------------------------------------------------------------- */
void gm_agents_death(gm_agents_turn *turn, int32_t breed, int32_t agent)
{
  gm_agents *w = turn->world;
  if (!gm_agents_alive(w, breed, agent)) return;
  agents_leave_cell(w, breed, agent);
  const agents_breed *b = &w->m->breed[breed];
  for (int32_t e = 0; e < b->event_count; e++) agents_heap_take(w, b->event_first + e, agent);
  ((uint8_t *)agents_column(w, breed, AGENTS_LIVE))[agent] = 0;
  ((int32_t *)agents_column(w, breed, AGENTS_NEXT))[agent] = w->dead[breed];
  w->dead[breed] = agent;
  w->gone[breed]++;
}

/* Everything of agent `from` to place `to`. */
static void agent_to(gm_agents *w, int32_t breed, int32_t from, int32_t to)
{
  const agents_model *m = w->m;
  const agents_breed *b = &m->breed[breed];
  int32_t sections = AGENTS_COLUMNS + b->attribute_count + b->event_count;
  for (int32_t i = 0; i < sections; i++) {
    const agents_section *s = &m->section[b->section + i];
    if (s->grows < 0) continue;
    char *p = w->at[b->section + i];
    memcpy(p + (size_t)to * s->bytes, p + (size_t)from * s->bytes, s->bytes);
  }
  for (int32_t e = 0; e < b->event_count; e++) agents_place_moved(w, b->event_first + e, from, to);
  int32_t at = gm_agents_cell(w, breed, to);
  if (at < 0) return;
  int32_t *next = agents_column(w, breed, AGENTS_NEXT),
          *prev = agents_column(w, breed, AGENTS_PREV);
  if (next[to] >= 0) prev[next[to]] = to;
  if (prev[to] >= 0)
    next[prev[to]] = to;
  else
    ((int32_t *)agents_column(w, breed, AGENTS_FIRST))[at] = to;
}

static void sweep_breed(gm_agents *w, int32_t breed)
{
  const uint8_t *live = agents_column(w, breed, AGENTS_LIVE);
  const int32_t *next = agents_column(w, breed, AGENTS_NEXT);
  int32_t *size = &w->size[breed];
  for (int32_t i = w->dead[breed]; i >= 0;) {
    int32_t then = next[i]; /* before another one comes to place i */
    while (*size > 0 && !live[*size - 1]) --*size;
    if (i < *size) {
      agent_to(w, breed, *size - 1, i);
      --*size;
    }
    i = then;
  }
  w->dead[breed] = -1;
  w->gone[breed] = 0;
}

void agents_sweep(gm_agents *w)
{
  for (int32_t b = 0; b < w->m->breed_count; b++)
    if (w->dead[b] >= 0) sweep_breed(w, b);
}
