/* member.c - a member taken from a batch, its edges and samples, and given back. */
#include "kinds/network/run.h"
#include <math.h>
#include <string.h>

/* ---- choosing nodes -------------------------------------------------------------------------- */
static bool comes_before(const net_run *r, int32_t a, int32_t b)
{
  return r->pick_u[a] < r->pick_u[b] || (r->pick_u[a] == r->pick_u[b] && r->pick[a] < r->pick[b]);
}

static void pick_swap(net_run *r, int32_t a, int32_t b)
{
  double u = r->pick_u[a];
  int32_t node = r->pick[a];
  r->pick_u[a] = r->pick_u[b];
  r->pick[a] = r->pick[b];
  r->pick_u[b] = u;
  r->pick[b] = node;
}

static void pick_sift(net_run *r, int32_t place, int32_t n)
{
  for (int32_t child = 2 * place + 1; child < n; child = 2 * place + 1) {
    if (child + 1 < n && comes_before(r, child + 1, child)) child++;
    if (!comes_before(r, child, place)) return;
    pick_swap(r, place, child);
    place = child;
  }
}

/* Moves k of the n nodes in r->pick to a state: those with the least numbers drawn for them, so
 * that more asked for are the same and some more. Rates are left. */
static void pick_move(net_run *r, int32_t n, int32_t k, int32_t to, uint64_t kind_draw,
                      uint64_t index)
{
  for (int32_t i = 0; i < n; i++)
    r->pick_u[i] = gm_uniform(r->key, r->slot, (uint64_t)r->pick[i], kind_draw, index);
  for (int32_t i = n / 2 - 1; i >= 0; i--) pick_sift(r, i, n);
  for (; k > 0; k--) {
    net_move(r, r->pick[0], to);
    pick_swap(r, 0, --n);
    pick_sift(r, 0, n);
  }
}

/* A wish brought to a whole number 0 .. most. */
static int32_t whole_number(net_run *r, double wish, double most)
{
  double is = isfinite(wish) ? rint(wish) : 0;
  is = is < 0 ? 0 : is > most ? most : is;
  if (is != wish) r->status |= GM_MEMBER_PROJECTED;
  return (int32_t)is;
}

/* ---- the start ------------------------------------------------------------------------------- */
static void start_rules(net_run *r, uint64_t bits)
{
  const net_machine *m = r->m;
  for (int32_t i = 0; i < m->n; i++) {
    r->x[i] = 0;
    if (!m->rule[i].start.expr) continue;
    double p = net_eval(r, &m->rule[i].start, i);
    if (isnan(p)) r->status |= GM_MEMBER_DIVERGED;
    if (p < 0 || p > 1) r->status |= GM_MEMBER_PROJECTED;
    double u = gm_uniform(r->key, r->slot, (uint64_t)i, gm_kind_draw(NET_KIND_START, 0), bits);
    r->x[i] = u < p;
  }
}

/* Nodes that no start names, still in the first state of those chosen among. */
static int32_t pick_unnamed(net_run *r)
{
  int32_t n = 0;
  for (int32_t i = 0; i < r->m->n; i++)
    if (!r->m->given[i] && r->x[i] == 0) r->pick[n++] = i;
  return n;
}

static void start_alike(net_run *r, uint64_t bits)
{
  const net_machine *m = r->m;
  for (int32_t i = 0; i < m->n; i++) r->x[i] = 0;
  for (int32_t q = 0; q < m->nstart; q++)
    for (int32_t i = 0; i < m->start[q].node_count; i++)
      r->x[m->start[q].node[i]] = m->start[q].state;
  net_near_make(r);
  for (int32_t q = 0; q < m->nstart; q++) {
    const net_start *s = &m->start[q];
    if (!s->count.expr) continue;
    double wish = net_eval(r, &s->count, 0);
    if (isnan(wish)) r->status |= GM_MEMBER_DIVERGED;
    int32_t n = pick_unnamed(r), k = whole_number(r, wish, n);
    if (s->state) pick_move(r, n, k, s->state, gm_kind_draw(NET_KIND_START, (uint32_t)q), bits);
  }
}

static void start_values(net_run *r, double t)
{
  const net_machine *m = r->m;
  uint64_t bits;
  memcpy(&bits, &t, sizeof bits);
  for (int32_t k = 0; k < m->nc; k++) r->counter[k] = 0;
  if (m->boolean)
    start_rules(r, bits);
  else
    start_alike(r, bits);
  net_near_make(r);
}

void net_member_init(net_run *r, double t0)
{
  const net_machine *m = r->m;
  r->t = t0;
  for (int32_t i = 0; i <= m->nport; i++) r->done[i] = 0;
  for (int32_t c = 0; c < r->clock_count; c++) {
    r->number[c] = r->rate[c] = 0;
    r->since[c] = t0;
    net_draw_new(r, c);
  }
  net_profiles_at(r, t0);
  start_values(r, t0);
  net_refresh(r, t0);
}

/* ---- to and from the batch ------------------------------------------------------------------- */
void net_member_take(net_run *r, const gm_batch *b, int32_t member)
{
  r->turn = gm__turn_of(b, member);
  r->key = gm__key_of(b, member);
  r->slot = gm__slot_of(b, member);
  r->status = GM_MEMBER_OK;
  r->firings = 0;
  for (int32_t i = 0; i < r->m->np; i++) r->theta[i] = b->theta[i * b->psx + member * b->psm];
  net_memory_clear(r);
}

void net_member_load(net_run *r, double t0)
{
  const net_machine *m = r->m;
  double shift = t0 - gm__row_get(&r->turn, m->at_time);
  if (!isfinite(shift)) shift = 0;
  for (int32_t i = 0; i < m->n; i++) {
    double state = gm__row_get(&r->turn, m->at_node + i);
    r->x[i] = state >= 0 && state < m->ns ? (int32_t)state : 0;
  }
  for (int32_t k = 0; k < m->nc; k++) r->counter[k] = gm__row_get(&r->turn, m->at_counter + k);
  for (int32_t i = 0; i <= m->nport; i++) r->done[i] = gm__row_count(&r->turn, m->at_done + i);
  int32_t row = m->at_clock;
  for (int32_t c = 0; c < r->clock_count; c++, row += NET_CLOCK_ROWS) {
    r->left[c] = gm__row_get(&r->turn, row);
    r->since[c] = gm__row_get(&r->turn, row + 1) + shift;
    r->rate[c] = gm__row_get(&r->turn, row + 2);
    r->number[c] = gm__row_count(&r->turn, row + 3);
    if (!(r->left[c] >= 0 && r->left[c] < INFINITY)) net_draw_new(r, c);
    if (!(r->rate[c] >= 0 && r->rate[c] < INFINITY)) r->rate[c] = 0;
  }
  r->t = t0;
  net_near_make(r);
  net_profiles_at(r, t0);
}

void net_member_store(net_run *r)
{
  const net_machine *m = r->m;
  for (int32_t q = 0; q < m->macro_count; q++)
    gm__row_set(&r->turn, q, m->boolean ? r->x[q] : r->count[q]);
  for (int32_t k = 0; k < m->nc; k++) gm__row_set(&r->turn, m->at_counter + k, r->counter[k]);
  for (int32_t i = 0; i < m->n; i++) gm__row_set(&r->turn, m->at_node + i, r->x[i]);
  gm__row_set(&r->turn, m->at_time, r->t);
  for (int32_t i = 0; i <= m->nport; i++) gm__row_set(&r->turn, m->at_done + i, r->done[i]);
  int32_t row = m->at_clock;
  for (int32_t c = 0; c < r->clock_count; c++, row += NET_CLOCK_ROWS) {
    gm__row_set(&r->turn, row, r->left[c]);
    gm__row_set(&r->turn, row + 1, r->since[c]);
    gm__row_set(&r->turn, row + 2, r->rate[c]);
    gm__row_set(&r->turn, row + 3, r->number[c]);
  }
}

/* ---- samples --------------------------------------------------------------------------------- */
void net_outputs(net_run *r, double *y)
{
  const net_machine *m = r->m;
  if (m->boolean) {
    for (int32_t i = 0; i < m->n; i++) *y++ = r->x[i];
  } else {
    for (int32_t q = 0; q < m->ns; q++) *y++ = r->count[q];
    for (int32_t k = 0; k < m->nc; k++) *y++ = r->counter[k];
  }
  for (int32_t i = 0; i < m->nwatch; i++) *y++ = r->x[m->watch[i].node] == m->watch[i].state;
  for (int32_t i = 0; i < m->noutput; i++) *y++ = net_eval(r, &m->output[i], 0);
}

static void samples_until(net_run *r, double t)
{
  while (r->turn.due < t) net_outputs(r, gm__sample_take(&r->turn, r->m->ny));
}

static void samples_at(net_run *r, double t, bool before)
{
  while (gm__sample_is_due(&r->turn, t, before))
    net_outputs(r, gm__sample_take(&r->turn, r->m->ny));
}

/* ---- edges ----------------------------------------------------------------------------------- */
static void node_edge(net_run *r, const net_port *port, const gm_edge *e)
{
  double wish = e->kind == GM_EDGE_BOLUS ? r->x[port->node] + e->value : e->value;
  int32_t is = wish >= 0.5;
  if (is != wish) r->status |= GM_MEMBER_PROJECTED;
  if (is != r->x[port->node]) net_move(r, port->node, is);
}

/* Moves nodes by a port until the edge's wish is met, or as far as it can be. */
static void port_edge(net_run *r, const gm_edge *e)
{
  const net_port *port = &r->m->port[e->port];
  if (port->node >= 0) {
    node_edge(r, port, e);
    return;
  }
  int32_t from = port->from, to = port->to, n = 0;
  double wish = e->value;
  if (e->kind == GM_EDGE_REPLACE) {
    wish -= r->count[to];
    if (wish < 0) { /* back again */
      from = port->to;
      to = port->from;
      wish = -wish;
    }
  }
  int32_t k = whole_number(r, wish, r->count[from]);
  for (int32_t i = 0; i < r->m->n; i++)
    if (r->x[i] == from) r->pick[n++] = i;
  pick_move(r, n, k, to, gm_kind_draw(NET_KIND_PORT, (uint32_t)e->port),
            (uint64_t)r->done[e->port]);
  r->done[e->port]++;
}

static void edge_apply(net_run *r, const gm_edge *e)
{
  switch (e->kind) {
  case GM_EDGE_BOLUS:
  case GM_EDGE_REPLACE: port_edge(r, e); break;
  case GM_EDGE_RATE:
    if (!(e->value >= 0 && e->value < INFINITY))
      r->status |= GM_MEMBER_DIVERGED;
    else
      net_rate_set(r, r->m->n + e->port, e->value, r->t);
    break;
  case GM_EDGE_PARAMETER: r->theta[e->port] = e->value; break;
  case GM_EDGE_RESET:
    start_values(r, e->t);
    for (int32_t p = 0; p < r->m->nport; p++) net_rate_set(r, r->m->n + p, 0, r->t);
    break;
  }
}

/* All that happens at the present time. */
static void point(net_run *r, bool first)
{
  bool anew = first || r->t >= r->next_profile;
  samples_until(r, r->t);
  samples_at(r, r->t, true);
  if (r->t >= r->next_profile) net_profiles_at(r, r->t);
  for (const gm_edge *e; (e = gm__edge_take(&r->turn, r->t)); anew = true) edge_apply(r, e);
  if (anew) net_refresh(r, r->t);
  if (r->status & GM_MEMBER_DIVERGED) return;
  samples_at(r, r->t, false);
}

/* Firings until `stop`. */
static void go_on(net_run *r, double stop)
{
  for (;;) {
    int32_t c = r->heap[0];
    double t = r->when[c];
    if (!(t <= stop)) break;
    samples_until(r, t);
    if (t < r->t) t = r->t; /* by rounding */
    net_fire(r, c, t);
    r->t = t;
    if (r->status & GM_MEMBER_DIVERGED) return;
    if (++r->firings > r->m->firing_max) {
      r->status |= GM_MEMBER_STEPS;
      return;
    }
  }
  r->t = stop;
}

void net_member_advance(net_run *r, const gm_span *span)
{
  const int failed = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS;
  gm__turn_begin(&r->turn, span);
  net_member_load(r, span->t0);
  for (bool first = true;; first = false) {
    point(r, first);
    if (r->status & failed || gm__turn_is_over(&r->turn, r->t)) break;
    go_on(r, fmin(gm__turn_stop(&r->turn), r->next_profile));
    if (r->status & failed) break;
  }
  net_member_store(r);
  gm__turn_end(&r->turn, r->m->ny, r->status);
}
