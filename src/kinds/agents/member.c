/* member.c - members from where they are to the end of their spans. */
#include "kinds/agents/engine.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { FAILED = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS };

/* ---- whose it is ----------------------------------------------------------------------------- */
void agents_run_begin(agents_run *r, const agents_model *m, const gm_batch *b, int32_t member)
{
  r->m = m;
  r->w = b->obj[member];
  r->key = b->key ? b->key[member] : (gm_key){{0}};
  r->slot = b->slot ? b->slot[member] : b->slot0 + (uint64_t)member;
  r->was_breed = -1;
  r->touched_count = 0;
  r->firings = r->stuck = 0;
  r->status = GM_MEMBER_OK;
  r->t = agents_head_of(r->w)->t;
}

gm_agents_turn agents_world_turn(agents_run *r, uint32_t meaning, uint64_t index)
{
  return (gm_agents_turn){.world = r->w,
                          .theta = agents_theta(r->w),
                          .t = r->t,
                          .breed = -1,
                          .agent = -1,
                          .entity = 0,
                          .index = index,
                          .meaning = meaning,
                          .work = r};
}

static void theta_take(agents_run *r, const gm_batch *b, int32_t member)
{
  for (int32_t i = 0; i < r->m->parameter_count; i++)
    r->theta[i] = b->theta[i * b->psx + member * b->psm];
}

static bool theta_differs(const agents_run *r)
{
  size_t bytes = (size_t)r->m->parameter_count * sizeof(double);
  return bytes && memcmp(agents_theta(r->w), r->theta, bytes) != 0;
}

static void theta_hold(agents_run *r)
{
  if (!theta_differs(r)) return;
  memcpy(agents_theta(r->w), r->theta, (size_t)r->m->parameter_count * sizeof(double));
  agents_look_all(r);
}

/* ---- the start ------------------------------------------------------------------------------- */
static void settle(agents_run *r, int32_t breed)
{
  const agents_breed *b = &r->m->breed[breed];
  int32_t n = b->initial == GM_AGENTS_EVERY_CELL ? r->m->cells : b->initial;
  for (int32_t i = 0; i < n; i++) {
    uint64_t id = gm_hash64(b->id, (uint64_t)i);
    int32_t cell = i;
    if (b->initial != GM_AGENTS_EVERY_CELL)
      cell = agents_cell_draw(r, breed, NULL, id, b->meaning_place, 0);
    if (agents_add(r, breed, cell, id) < 0) {
      r->status |= GM_MEMBER_PROJECTED; /* other breeds fill the cells */
      return;
    }
  }
}

void agents_start(agents_run *r, double t0, uint64_t life)
{
  const agents_model *m = r->m;
  gm_agents *w = r->w;
  agents_clear(w);
  agents_head *head = agents_head_of(w);
  head->t = r->t = t0;
  head->life = life;
  if (m->step > 0) head->step = agents_grid_index(m, t0, NULL);
  if (m->parameter_count)
    memcpy(agents_theta(w), r->theta, (size_t)m->parameter_count * sizeof(double));
  for (int32_t i = 0; i < m->shared_count; i++) gm_agents_shared(w)[i] = m->shared[i].initial;
  for (int32_t i = 0; i < m->field_count; i++) {
    double *f = gm_agents_field_of(w, i);
    for (int32_t c = 0; c < m->cells; c++) f[c] = m->field[i].f.initial;
  }
  agents_group *g = w->at[AGENTS_GROUP];
  for (int32_t i = 1; i < m->group_count; i++) g[i].since = t0;
  for (int32_t b = 0; b < m->breed_count; b++) settle(r, b);
  if (m->start) {
    gm_agents_turn turn = agents_world_turn(r, m->meaning_start, 0);
    m->start(&turn);
  }
  agents_sweep(w);
  agents_look_all(r);
}

void agents_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  agents_run *r = (agents_run *)work;
  for (int32_t i = 0; i < b->n; i++) {
    agents_run_begin(r, (const agents_model *)model, b, i);
    theta_take(r, b, i);
    agents_start(r, t0, 0);
    if (b->status) b->status[i] = r->status;
  }
}

/* ---- samples: what is read changes nothing --------------------------------------------------- */
static void sample_write(agents_run *r)
{
  int32_t ny = r->m->output_count;
  double *y = r->span->y + (ptrdiff_t)r->sample++ * ny;
  if (!(r->status & FAILED)) agents_outputs(r->w, y);
  for (int32_t k = 0; k < ny && !(r->status & FAILED); k++)
    if (!isfinite(y[k])) r->status |= GM_MEMBER_DIVERGED;
  for (int32_t k = 0; k < ny && (r->status & FAILED); k++) y[k] = NAN;
}

static bool sample_left(const agents_run *r)
{
  return r->span->y && r->sample < r->span->sample_count;
}

static void samples_before(agents_run *r, double t)
{
  while (sample_left(r) && r->span->sample[r->sample] < t) sample_write(r);
}

static void samples_before_tick(agents_run *r, int64_t index)
{
  while (sample_left(r) && agents_grid_index(r->m, r->span->sample[r->sample], NULL) < index)
    sample_write(r);
}

/* Those at t that are to be read before what happens there. */
static void samples_ahead(agents_run *r, double t)
{
  samples_before(r, t);
  while (sample_left(r) && r->span->sample[r->sample] == t && r->span->sample_before &&
         r->span->sample_before[r->sample])
    sample_write(r);
}

/* ---- on the way ------------------------------------------------------------------------------ */
static bool count_firing(agents_run *r, double t)
{
  r->stuck = t > r->t ? 0 : r->stuck + 1;
  if (++r->firings <= r->m->firing_max && r->stuck <= AGENTS_STUCK_MAX) return true;
  r->status |= GM_MEMBER_STEPS;
  return false;
}

/* The earliest of clocks and arrivals: *group, or else *port. */
static double next_of(const agents_run *r, int32_t *group, int32_t *port)
{
  double least = agents_next_time(r, group);
  *port = -1;
  for (int32_t i = 0; i < r->m->port_count; i++) {
    double t = agents_stream_next(r, i);
    if (t < least) {
      least = t;
      *port = i;
    }
  }
  return least;
}

/* Everything up to t, that at t with it. */
static void run_to(agents_run *r, double t)
{
  const agents_model *m = r->m;
  int64_t last = m->step > 0 ? agents_grid_index(m, t, NULL) : 0;
  while (!(r->status & FAILED)) {
    int32_t group, port;
    int64_t step = agents_head_of(r->w)->step;
    double fire = next_of(r, &group, &port), tick = INFINITY;
    if (m->step > 0 && step < last) tick = fmin(agents_grid_time(m, step + 1), t);
    if (fire <= t && fire <= tick) {
      samples_before(r, fire);
      if (!count_firing(r, fire)) return;
      r->t = fire;
      if (port >= 0)
        agents_stream_fire(r, port);
      else
        agents_fire(r, group, fire);
    } else if (tick < INFINITY) {
      samples_before_tick(r, step + 1);
      if (!count_firing(r, INFINITY)) return;
      agents_tick(r);
    } else {
      return;
    }
  }
}

static void edge_keep(agents_run *r, const gm_edge *e)
{
  gm_agents *w = r->w;
  int32_t c = r->m->breed_count;
  r->status |= GM_MEMBER_PROJECTED; /* it moves to the next grid point, and says so */
  if (e->kind == GM_EDGE_PARAMETER) return;
  if (!agents_grow(w, c)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  ((agents_edge *)w->at[AGENTS_PENDING])[w->size[c]++] =
      (agents_edge){.value = e->value, .port = e->port, .kind = (int32_t)e->kind};
}

static void edge_at(agents_run *r, const gm_edge *e)
{
  bool now = true;
  if (r->m->step > 0) (void)agents_grid_index(r->m, e->t, &now);
  if (e->kind == GM_EDGE_PARAMETER) {
    assert(e->port >= 0 && e->port < r->m->parameter_count);
    r->theta[e->port] = e->value;
    if (now) theta_hold(r);
  } else {
    assert(e->kind == GM_EDGE_RESET || (e->port >= 0 && e->port < r->m->port_count));
    if (now) agents_edge_apply(r, e->port, e->value, e->kind);
  }
  if (!now) edge_keep(r, e);
}

/* What the numbers came to: no member is left with a NaN and a clean status. */
static void last_look(agents_run *r)
{
  const agents_model *m = r->m;
  for (int32_t i = 0; i < m->macro_count && !(r->status & FAILED); i++)
    if (m->macro[i].q.kind != GM_AGENTS_COUNT && !isfinite(agents_quantity_of(r->w, &m->macro[i])))
      r->status |= GM_MEMBER_DIVERGED;
  for (int32_t i = 0; i < m->shared_count && !(r->status & FAILED); i++)
    if (!isfinite(gm_agents_shared(r->w)[i])) r->status |= GM_MEMBER_DIVERGED;
}

static void member_advance(agents_run *r, const gm_span *span)
{
  bool now = true;
  r->span = span;
  r->edge = r->sample = 0;
  r->t = span->t0;
  if (r->m->step > 0) {
    int64_t index = agents_grid_index(r->m, span->t0, &now);
    now = now && index == agents_head_of(r->w)->step;
  }
  if (now) theta_hold(r);
  for (int32_t i = 0; i < span->edge_count; i++) {
    const gm_edge *e = &span->edge[i];
    run_to(r, e->t);
    samples_ahead(r, e->t);
    if (r->status & FAILED) break;
    if (e->t > r->t) r->t = e->t;
    edge_at(r, e);
  }
  run_to(r, span->t1);
  last_look(r);
  while (sample_left(r)) sample_write(r);
  agents_head_of(r->w)->t = span->t1;
}

void agents_advance(const gm_model *model, gm_work *work, const gm_batch *b, const gm_span *span,
                    gm_arena *arena)
{
  agents_run *r = (agents_run *)work;
  assert(b->nd == 0);
  for (int32_t i = 0; i < b->n; i++) {
    agents_run_begin(r, (const agents_model *)model, b, i);
    theta_take(r, b, i);
    r->arena = arena;
    gm_arena_mark mark = gm_arena_at(arena);
    member_advance(r, &span[i]);
    gm_arena_back(arena, mark);
    r->arena = NULL;
    if (b->status) b->status[i] = r->status;
  }
}

void agents_refresh(const gm_model *model, const gm_batch *b, double t)
{
  for (int32_t i = 0; i < b->n; i++) {
    agents_run r = {.m = (const agents_model *)model};
    agents_run_begin(&r, r.m, b, i);
    r.t = t;
    agents_redraw(&r);
  }
}
