/* port.c - what is put in from outside. */
#include "kinds/agents/engine.h"
#include <math.h>

static uint64_t port_entity(const agents_run *r, int32_t port)
{
  return gm_hash64(UINT64_C(0x706f7274), r->m->port[port].meaning); /* "port" */
}

static gm_agents_turn port_turn(agents_run *r, int32_t port, uint64_t index)
{
  gm_agents_turn t = agents_world_turn(r, r->m->port[port].meaning, index);
  t.entity = port_entity(r, port);
  return t;
}

static void into_field(agents_run *r, const agents_port *p, double value, gm_edge_kind kind)
{
  double *f = gm_agents_field_of(r->w, p->of);
  int32_t n = p->cell ? p->cell_count : r->m->cells;
  double each = value / n;
  for (int32_t i = 0; i < n; i++) {
    double *x = &f[p->cell ? p->cell[i] : i], v = kind == GM_EDGE_REPLACE ? each : *x + each;
    if (v < 0) {
      v = 0; /* no cell holds less than nothing */
      r->status |= GM_MEMBER_PROJECTED;
    }
    *x = v;
  }
}

static void into_shared(agents_run *r, const agents_port *p, double value, gm_edge_kind kind)
{
  const gm_agents_attribute *a = &r->m->shared[p->of];
  double *x = &gm_agents_shared(r->w)[p->of];
  double want = kind == GM_EDGE_REPLACE ? value : *x + value, is = a->whole ? rint(want) : want;
  is = is < a->lower ? a->lower : is > a->upper ? a->upper : is;
  if (is != want) r->status |= GM_MEMBER_PROJECTED;
  *x = is;
}

static void place(agents_run *r, int32_t port, gm_agents_turn *turn)
{
  const agents_port *p = &r->m->port[port];
  uint64_t number = agents_head_of(r->w)->births | agents_head_of(r->w)->life << 48;
  int32_t cell = agents_cell_draw(r, p->of, p, turn->entity, p->meaning, number);
  int32_t i = r->m->cells && cell < 0 ? -1 : gm_agents_birth(turn, p->of, cell);
  if (i < 0) {
    r->status |= GM_MEMBER_PROJECTED;
    return;
  }
  if (!p->p.place) return;
  gm_agents_turn its = *turn;
  its.breed = p->of;
  its.agent = i;
  its.entity = gm_agents_id(r->w, p->of, i);
  p->p.place(&its);
}

static void into_count(agents_run *r, int32_t port, double value, gm_edge_kind kind, uint64_t index)
{
  const agents_port *p = &r->m->port[port];
  agents_filter f = {.breed = p->of, .attribute = -1, .region = p};
  double change = rint(value);
  if (change != value) r->status |= GM_MEMBER_PROJECTED;
  gm_agents_turn turn = port_turn(r, port, index);
  agents_rank *who = NULL;
  if (kind == GM_EDGE_REPLACE || change < 0) {
    int64_t n = agents_ranked(r, &f, p->meaning, index, &who);
    if (n < 0) return;
    if (kind == GM_EDGE_REPLACE) change -= (double)n;
    if (-change > (double)n) r->status |= GM_MEMBER_PROJECTED;
    for (int64_t i = 0; i < n && (double)i < -change; i++)
      gm_agents_death(&turn, p->of, who[i].agent);
    gm_free(who);
  }
  double max = r->m->breed[p->of].count_max;
  if (change > max) { /* more than there can be */
    change = max;
    r->status |= GM_MEMBER_PROJECTED;
  }
  for (double i = 0; i < change && !(r->status & GM_MEMBER_DIVERGED); i++) {
    int32_t before = gm_agents_count(r->w, p->of);
    place(r, port, &turn);
    if (gm_agents_count(r->w, p->of) == before) break; /* full */
  }
}

void agents_bolus(agents_run *r, int32_t port, double value, gm_edge_kind kind, uint64_t index)
{
  const agents_port *p = &r->m->port[port];
  if (!isfinite(value)) {
    r->status |= GM_MEMBER_DIVERGED;
    return;
  }
  switch (p->p.into) {
  case GM_AGENTS_INTO_FIELD: into_field(r, p, value, kind); break;
  case GM_AGENTS_INTO_COUNT: into_count(r, port, value, kind, index); break;
  case GM_AGENTS_INTO_SHARED: into_shared(r, p, value, kind); break;
  default: {
    gm_agents_turn turn = port_turn(r, port, index);
    p->p.dose(&turn, value, kind);
  }
  }
  if (p->p.into == GM_AGENTS_INTO_FIELD)
    agents_look_all(r); /* any agent may look at its field */
  else
    agents_look_touched(r);
  agents_sweep(r->w);
}

void agents_edge_apply(agents_run *r, int32_t port, double value, gm_edge_kind kind)
{
  if (kind == GM_EDGE_RESET) {
    agents_start(r, r->t, agents_head_of(r->w)->life + 1);
    return;
  }
  if (kind == GM_EDGE_RATE) {
    agents_stream_rate(r, port, value);
    return;
  }
  uint64_t index = ((agents_stream *)r->w->at[AGENTS_PORT])[port].boluses++;
  agents_bolus(r, port, value, kind, index | agents_head_of(r->w)->life << 48);
}

/* Whole things arrive by a Poisson number, the rest in even parts. */
void agents_rates_step(agents_run *r)
{
  const agents_model *m = r->m;
  for (int32_t i = 0; i < m->port_count; i++) {
    double amount = ((const agents_stream *)r->w->at[AGENTS_PORT])[i].rate * m->step;
    if (!(amount > 0)) continue;
    const agents_port *p = &m->port[i];
    uint64_t index = (uint64_t)agents_head_of(r->w)->step & ((UINT64_C(1) << 46) - 1);
    index |= UINT64_C(1) << 47;
    bool whole = p->p.into == GM_AGENTS_INTO_COUNT ||
                 (p->p.into == GM_AGENTS_INTO_SHARED && m->shared[p->of].whole);
    if (whole) {
      amount = (double)gm_poisson(r->key, r->slot, 0, gm_kind_draw(p->meaning, 3), index, amount);
      if (amount < 0) r->status |= GM_MEMBER_DIVERGED;
    }
    if (amount > 0) agents_bolus(r, i, amount, GM_EDGE_BOLUS, index);
  }
}
