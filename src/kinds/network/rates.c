/* rates.c - what each node does next: rates, clocks, firings. */
#include "gemel/math.h"
#include "kinds/network/run.h"
#include <math.h>
#include <string.h>

/* ---- formulas -------------------------------------------------------------------------------- */
/* Summed weights of the neighbours in a state, in a layer. Stored weights lie on a grid on which
 * sums are exact, so the order in which neighbours changed does not matter. */
static double near_in(const net_run *r, int32_t node, int32_t layer, int32_t state)
{
  const net_machine *m = r->m;
  const net_graph *g = &m->graph[layer];
  if (g->complete) return g->weight * (r->count[state] - (r->x[node] == state));
  return r->near[((ptrdiff_t)node * m->nstored + m->stored[layer]) * m->ns + state];
}

static double degree_in(const net_machine *m, int32_t node, int32_t layer)
{
  const net_graph *g = &m->graph[layer];
  return g->complete ? g->weight * (m->n - 1) : g->degree[node];
}

static double near_slot(const net_run *r, int32_t slot, int32_t node)
{
  const net_machine *m = r->m;
  double sum = 0;
  if (slot < m->slot_near) {
    int32_t layer = slot - m->slot_degree - 1;
    if (layer >= 0) return degree_in(m, node, layer);
    for (int32_t l = 0; l < m->nl; l++) sum += degree_in(m, node, l);
    return sum;
  }
  int32_t state = (slot - m->slot_near) % m->ns, layer = (slot - m->slot_near) / m->ns - 1;
  if (layer >= 0) return near_in(r, node, layer, state);
  for (int32_t l = 0; l < m->nl; l++) sum += near_in(r, node, l, state);
  return sum;
}

static double slot_value(const net_run *r, int32_t slot, int32_t node)
{
  const net_machine *m = r->m;
  if (slot < m->slot_profile) return r->theta[slot];
  if (slot < m->slot_population) return r->profile[slot - m->slot_profile];
  if (slot == m->slot_population) return m->n;
  if (slot < m->slot_degree) return m->attribute[slot - m->slot_attribute][node];
  if (slot < m->slot_count) return near_slot(r, slot, node);
  if (slot < m->slot_counter) return r->count[slot - m->slot_count];
  if (slot < m->slot_node) return r->counter[slot - m->slot_counter];
  return r->x[slot - m->slot_node];
}

void net_memory_clear(net_run *r)
{
  for (int32_t i = 0; i < r->m->memory; i++) r->memory[i] = NAN;
}

/* Nodes alike with neighbours alike ask for the same again: the last values and their result are
 * kept. */
double net_eval(net_run *r, const net_formula *f, int32_t node)
{
  double *last = r->memory + f->memory;
  bool same = f->count > 0;
  for (int32_t i = 0; i < f->count; i++) {
    r->value[i] = slot_value(r, f->slot[i], node);
    same &= r->value[i] == last[i];
  }
  if (same) return last[f->count];
  for (int32_t i = 0; i < f->count; i++) last[i] = r->value[i];
  return last[f->count] = gm_expr_eval(f->expr, r->value);
}

static double rate_checked(net_run *r, double rate)
{
  if (rate >= 0 && rate < INFINITY) return rate;
  r->status |= GM_MEMBER_DIVERGED;
  return 0;
}

static double rule_rate(net_run *r, int32_t node)
{
  const net_rule *rule = &r->m->rule[node];
  bool on = r->x[node] != 0;
  if (rule->logic.count && net_logic_eval(&rule->logic, r->x) == on) return 0;
  return rate_checked(r, net_eval(r, on ? &rule->down : &rule->up, node));
}

double net_rate(net_run *r, int32_t node)
{
  const net_machine *m = r->m;
  if (m->boolean) return rule_rate(r, node);
  double sum = 0;
  for (int32_t k = m->leave[r->x[node]]; k < m->leave[r->x[node] + 1]; k++)
    sum += rate_checked(r, net_eval(r, &m->transition[k].rate, node));
  return rate_checked(r, sum);
}

int32_t net_choose(net_run *r, int32_t node, int32_t *counter)
{
  const net_machine *m = r->m;
  *counter = -1;
  if (m->boolean) return !r->x[node];
  int32_t first = m->leave[r->x[node]], end = m->leave[r->x[node] + 1], chosen = first;
  if (end - first > 1) {
    double u = gm_uniform(r->key, r->slot, (uint64_t)node, gm_kind_draw(NET_KIND_CHOICE, 0),
                          (uint64_t)r->number[node]);
    double rest = u * net_rate(r, node);
    for (int32_t k = first; k < end; k++) { /* by rounding: the last that can happen */
      double rate = net_eval(r, &m->transition[k].rate, node);
      if (!(rate > 0)) continue;
      chosen = k;
      rest -= rate;
      if (rest <= 0) break;
    }
  }
  *counter = m->transition[chosen].counter;
  return m->transition[chosen].to;
}

/* ---- clocks ---------------------------------------------------------------------------------- */
void net_draw_new(net_run *r, int32_t c)
{
  r->left[c] = gm_exponential(r->key, r->slot, (uint64_t)c, gm_kind_draw(NET_KIND_CLOCK, 0),
                              (uint64_t)r->number[c]);
}

static void when_set(net_run *r, int32_t c)
{
  r->when[c] = r->rate[c] > 0 ? r->since[c] + r->left[c] / r->rate[c] : INFINITY;
}

void net_rate_set(net_run *r, int32_t c, double rate, double t)
{
  if (rate == r->rate[c]) return;
  r->left[c] -= (t - r->since[c]) * r->rate[c];
  if (!(r->left[c] > 0)) r->left[c] = 0;
  r->since[c] = t;
  r->rate[c] = rate;
  when_set(r, c);
}

static bool earlier(const net_run *r, int32_t a, int32_t b)
{
  return r->when[a] < r->when[b] || (r->when[a] == r->when[b] && a < b);
}

static void heap_put(net_run *r, int32_t place, int32_t c)
{
  r->heap[place] = c;
  r->place[c] = place;
}

static void sift_down(net_run *r, int32_t place)
{
  int32_t c = r->heap[place], n = r->clock_count;
  for (;;) {
    int32_t child = 2 * place + 1;
    if (child >= n) break;
    if (child + 1 < n && earlier(r, r->heap[child + 1], r->heap[child])) child++;
    if (!earlier(r, r->heap[child], c)) break;
    heap_put(r, place, r->heap[child]);
    place = child;
  }
  heap_put(r, place, c);
}

static void sift_up(net_run *r, int32_t place)
{
  int32_t c = r->heap[place];
  while (place > 0 && earlier(r, c, r->heap[(place - 1) / 2])) {
    heap_put(r, place, r->heap[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  heap_put(r, place, c);
}

void net_heap_make(net_run *r)
{
  for (int32_t c = 0; c < r->clock_count; c++) heap_put(r, c, c);
  for (int32_t i = r->clock_count / 2 - 1; i >= 0; i--) sift_down(r, i);
}

void net_heap_fix(net_run *r, int32_t c)
{
  sift_up(r, r->place[c]);
  sift_down(r, r->place[c]);
}

void net_refresh(net_run *r, double t)
{
  for (int32_t i = 0; i < r->m->n; i++) net_rate_set(r, i, net_rate(r, i), t);
  for (int32_t c = 0; c < r->clock_count; c++) when_set(r, c);
  net_heap_make(r);
}

/* ---- neighbours ------------------------------------------------------------------------------ */
static void near_add(net_run *r, int32_t node, int32_t state, double sign)
{
  const net_machine *m = r->m;
  for (int32_t l = 0; l < m->nl; l++) {
    const net_graph *g = &m->graph[l];
    if (g->complete) continue;
    double *near = r->near + (ptrdiff_t)m->stored[l] * m->ns + state;
    ptrdiff_t stride = (ptrdiff_t)m->nstored * m->ns;
    for (int32_t e = g->first[node]; e < g->first[node + 1]; e++)
      near[g->to[e] * stride] += sign * g->w[e];
  }
}

void net_near_make(net_run *r)
{
  const net_machine *m = r->m;
  memset(r->count, 0, (size_t)m->ns * sizeof *r->count);
  memset(r->near, 0, (size_t)m->n * (size_t)m->nstored * (size_t)m->ns * sizeof *r->near);
  for (int32_t i = 0; i < m->n; i++) {
    r->count[r->x[i]]++;
    near_add(r, i, r->x[i], 1);
  }
}

void net_move(net_run *r, int32_t node, int32_t to)
{
  int32_t from = r->x[node];
  r->count[from]--;
  r->count[to]++;
  near_add(r, node, from, -1);
  near_add(r, node, to, 1);
  r->x[node] = to;
}

/* ---- firings --------------------------------------------------------------------------------- */
static void look(net_run *r, int32_t node, double t)
{
  double before = r->when[node];
  if (r->stamp[node] == r->serial) return;
  r->stamp[node] = r->serial;
  net_rate_set(r, node, net_rate(r, node), t);
  if (r->when[node] != before) net_heap_fix(r, node);
}

/* Rates of those that read a state among `changed`, along stored edges from node. */
static void look_along(net_run *r, int32_t node, uint64_t changed, double t)
{
  const net_machine *m = r->m;
  for (int32_t l = 0; l < m->nl; l++) {
    const net_graph *g = &m->graph[l];
    if (g->complete) continue;
    for (int32_t e = g->first[node]; e < g->first[node + 1]; e++)
      if (m->reads[r->x[g->to[e]]] & changed) look(r, g->to[e], t);
  }
}

static void look_everywhere(net_run *r, uint64_t changed, double t)
{
  const net_machine *m = r->m;
  uint64_t any = 0;
  for (int32_t q = 0; q < m->ns; q++)
    if (r->count[q] > 0 && m->reads_all[q] & changed) any |= (uint64_t)1 << q;
  for (int32_t i = 0; any && i < m->n; i++)
    if (any >> r->x[i] & 1) look(r, i, t);
}

static void look_after(net_run *r, int32_t node, int32_t from, double t)
{
  const net_machine *m = r->m;
  if (++r->serial == INT32_MAX) {
    memset(r->stamp, 0, (size_t)m->n * sizeof *r->stamp);
    r->serial = 1;
  }
  look(r, node, t);
  if (m->boolean) {
    for (int32_t e = m->reach[node]; e < m->reach[node + 1]; e++) look(r, m->reacts[e], t);
    return;
  }
  uint64_t changed = (uint64_t)1 << from | (uint64_t)1 << r->x[node];
  look_along(r, node, changed, t);
  look_everywhere(r, changed, t);
}

static void clock_again(net_run *r, int32_t c, double t)
{
  r->number[c]++;
  net_draw_new(r, c);
  r->since[c] = t;
  when_set(r, c);
  net_heap_fix(r, c);
}

/* A single arrival by a port: one of those in its state `from`, if there are any. */
static void enter(net_run *r, int32_t p, double t)
{
  const net_port *port = &r->m->port[p];
  double u = gm_uniform(r->key, r->slot, (uint64_t)p, gm_kind_draw(NET_KIND_ENTER, 0),
                        (uint64_t)r->number[r->m->n + p]);
  int32_t node = port->node, chosen = -1;
  if (node >= 0) {
    if (r->x[node] == port->from) chosen = node;
  } else {
    double which = floor(u * r->count[port->from]), seen = 0;
    for (int32_t i = 0; i < r->m->n && seen <= which; i++)
      if (r->x[i] == port->from) {
        chosen = i;
        seen++;
      }
  }
  if (chosen < 0) return;
  net_move(r, chosen, port->to);
  look_after(r, chosen, port->from, t);
}

void net_fire(net_run *r, int32_t c, double t)
{
  if (c >= r->m->n) {
    enter(r, c - r->m->n, t);
    clock_again(r, c, t);
    return;
  }
  int32_t counter, from = r->x[c], to = net_choose(r, c, &counter);
  if (counter >= 0) r->counter[counter]++;
  net_move(r, c, to);
  clock_again(r, c, t);
  look_after(r, c, from, t);
}

/* ---- profiles -------------------------------------------------------------------------------- */
static double profile_at(const net_profile *p, double t, double *next)
{
  double begin = 0;
  if (p->period > 0) { /* whole periods before t, by the comparison that is used below too */
    double whole = floor(t / p->period);
    if ((whole + 1) * p->period <= t) whole++;
    if (whole * p->period > t) whole--;
    begin = whole * p->period;
    *next = (whole + 1) * p->period;
  }
  int32_t k = 0;
  while (k + 1 < p->count && begin + p->t[k + 1] <= t) k++;
  if (k + 1 < p->count) *next = begin + p->t[k + 1]; /* before t[0] its value holds already */
  return p->value[k];
}

void net_profiles_at(net_run *r, double t)
{
  r->next_profile = INFINITY;
  for (int32_t i = 0; i < r->m->nf; i++) {
    double next = INFINITY;
    r->profile[i] = profile_at(&r->m->profile[i], t, &next);
    if (next > t && next < r->next_profile) r->next_profile = next;
  }
}
