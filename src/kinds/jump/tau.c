/* tau.c - leaps over many firings: adaptive tau-leaping (Cao, Gillespie & Petzold, J. Chem. Phys.
 * 124:044109, 2006) on the clocks of the exact method (Anderson, J. Chem. Phys. 128:054103, 2008).
 *
 * A leap holds the propensities over begin .. begin + length and gives each channel that leaps the
 * number of firings its unit-rate clock makes in that internal time: none while the internal time
 * to the next firing, known already, is longer; else that one and a Poisson number more. Where
 * something happens inside (a sample, an edge, the end of a span), the firings up to there follow
 * from halving the rest of the leap by fair coins again and again, each of its own key; so what is
 * read at one time does not depend on what is read at others, and a stretch cut in two is the
 * same. */
#include "kinds/jump/run.h"
#include <string.h>

/* CRITICAL_FIRINGS, SINGLE_STEPS and LEAST_FIRINGS are those of Cao et al., section II. TREE_DEPTH:
 * halvings of a leap, so that a time in it is met to a billionth of its length. */
enum { CRITICAL_FIRINGS = 10, SINGLE_STEPS = 100, LEAST_FIRINGS = 10, TREE_DEPTH = 30 };
static const double firings_most = 1e6; /* of a leap that nothing bounds */

/* A channel that could exhaust something in fewer than ten firings fires one by one (their n_c); so
 * does one that a trigger follows, which is then looked at after every firing. */
static bool is_critical(const jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  if (c->watch_count > 0) return true;
  for (int32_t i = 0; i < c->change_count; i++) {
    const jump_change *h = &r->m->change[c->change + i];
    if (h->code.count >= 0) return true;
    if (h->by < 0 && r->x[h->state] < -h->by * CRITICAL_FIRINGS) return true;
  }
  return false;
}

/* ---- firings in a leap ----------------------------------------------------------------------- */
void jump_leap_draw(jump_run *r)
{
  jump_leap *l = &r->leap;
  memcpy(r->x, l->x, (size_t)r->m->nx * sizeof *r->x);
  for (int32_t k = 0; k < r->m->channel_count; k++) {
    double inner = r->rate[k] * l->length;
    if (is_critical(r, k) || inner < r->left[k]) {
      l->total[k] = is_critical(r, k) ? -1 : 0; /* -1: it does not leap */
      continue;
    }
    int64_t more = gm_poisson(r->key, r->slot, r->m->channel[k].id, gm_kind_draw(JUMP_KIND_LEAP, 0),
                              (uint64_t)r->number[k], inner - r->left[k]);
    if (more < 0) r->status |= GM_MEMBER_DIVERGED;
    l->total[k] = 1 + (double)(more > 0 ? more : 0);
  }
}

/* Of n firings spread evenly over a stretch, those in its first `share`. */
static double firings_in(const jump_run *r, int32_t k, double n, double share)
{
  double before = 0;
  uint32_t at = 1;
  for (int depth = 0; depth < TREE_DEPTH && n > 0; depth++) {
    int64_t half =
        gm_binomial(r->key, r->slot, r->m->channel[k].id, gm_kind_draw(JUMP_KIND_BRIDGE, at),
                    (uint64_t)r->number[k], (int64_t)n, 0.5);
    bool right = share >= 0.5;
    if (right) before += (double)half;
    n = right ? n - (double)half : (double)half;
    share = right ? 2 * share - 1 : 2 * share;
    at = 2 * at + right;
  }
  return before;
}

/* Firings of k from the leap's begin to t. */
static double firings_to(const jump_run *r, int32_t k, double t)
{
  const jump_leap *l = &r->leap;
  if (l->total[k] <= 0) return 0;
  double whole = r->rate[k] * l->length, inner = r->rate[k] * (t - l->begin);
  if (t >= l->begin + l->length) return l->total[k];
  if (inner < r->left[k]) return 0;
  return 1 + firings_in(r, k, l->total[k] - 1, (inner - r->left[k]) / (whole - r->left[k]));
}

static bool leap_state(jump_run *r, double t)
{
  const jump_machine *m = r->m;
  bool feasible = true;
  memcpy(r->x, r->leap.x, (size_t)m->nx * sizeof *r->x);
  for (int32_t k = 0; k < m->channel_count; k++) {
    double n = firings_to(r, k, t);
    const jump_channel *c = &m->channel[k];
    for (int32_t i = 0; n > 0 && i < c->change_count; i++)
      r->x[m->change[c->change + i].state] += n * m->change[c->change + i].by;
  }
  for (int32_t i = 0; i < m->nx; i++)
    if (m->is_count[i] && r->x[i] < 0) {
      feasible = false;
      r->x[i] = 0;
    }
  return feasible;
}

void jump_leap_state(jump_run *r, double t) { (void)leap_state(r, t); }

/* The leap ends at t: states and clocks as of then. */
void jump_leap_cut(jump_run *r, double t)
{
  jump_leap *l = &r->leap;
  if (!leap_state(r, t)) r->status |= GM_MEMBER_PROJECTED; /* within it a count was below 0 */
  for (int32_t k = 0; k < r->m->channel_count; k++) {
    double n = firings_to(r, k, t);
    if (l->total[k] < 0) continue;
    if (n > 0) {
      r->number[k] += n;
      jump_draw_new(r, k); /* what follows is fresh */
      r->since[k] = t;
    } else {
      jump_clock_to(r, k, t);
    }
  }
  l->length = 0;
}

/* ---- choosing a leap ------------------------------------------------------------------------- */
/* For every state that a propensity reads: order, the g of Cao et al., is how strongly propensities
 * follow it, as the sum of their elasticities (X (X - 1) gives their 2 + 1/(x - 1); a channel that
 * stands still has none: its number of states serves); pull is how fast it goes back by itself. */
static void orders_find(jump_run *r)
{
  const jump_machine *m = r->m;
  jump_leap *l = &r->leap;
  for (int32_t k = 0; k < m->reaction_count; k++) {
    const jump_channel *c = &m->channel[k];
    double sum = r->rate[k] > 0 ? 0 : c->read_count;
    for (int32_t i = 0; i < c->read_count; i++) {
      const jump_read *read = &m->read[c->read + i];
      double slope = fabs(jump_code_run(m, &read->slope, r->reg));
      if (r->rate[k] > 0) sum += slope * fabs(r->x[read->state]) / r->rate[k];
      for (int32_t q = 0; q < c->change_count; q++)
        if (m->change[c->change + q].state == read->state)
          l->pull[read->state] += fabs(m->change[c->change + q].by) * slope;
    }
    if (!(sum >= 1)) sum = 1;
    for (int32_t i = 0; i < c->read_count; i++) {
      double *g = &l->order[m->read[c->read + i].state];
      *g = fmax(*g, sum);
    }
  }
}

/* Sum of all propensities; mean and variance of what channels that leap do to each state. */
static double drifts_find(jump_run *r)
{
  const jump_machine *m = r->m;
  double total = 0;
  for (int32_t k = 0; k < m->channel_count; k++) {
    const jump_channel *c = &m->channel[k];
    total += r->rate[k];
    for (int32_t i = 0; i < c->change_count && !is_critical(r, k); i++) {
      const jump_change *h = &m->change[c->change + i];
      r->leap.drift[h->state] += h->by * r->rate[k];
      r->leap.spread[h->state] += h->by * h->by * r->rate[k];
    }
  }
  return total;
}

/* Longest leap over which no propensity changes by more than its share (their equation 33). A state
 * in balance hardly drifts, whatever the leap; but one that goes back at rate p varies by
 * 1/(1 - p length/2) too much (explicit leaps; Cao, Petzold, Rathinam & Gillespie, J. Chem. Phys.
 * 121:12169, 2004), and that is held to the same share. */
static double leap_length(jump_run *r, double *total_out)
{
  const jump_machine *m = r->m;
  jump_leap *l = &r->leap;
  double length = INFINITY, share = m->tau_epsilon;
  for (int32_t i = 0; i < m->nx; i++) l->drift[i] = l->spread[i] = l->order[i] = l->pull[i] = 0;
  orders_find(r);
  *total_out = drifts_find(r);
  for (int32_t i = 0; i < m->nx; i++) {
    if (!(l->order[i] > 0)) continue;
    double allowed = fmax(share * r->x[i] / l->order[i], 1);
    if (l->drift[i] != 0) length = fmin(length, allowed / fabs(l->drift[i]));
    if (l->spread[i] > 0) length = fmin(length, allowed * allowed / l->spread[i]);
    if (l->spread[i] > 0 && l->pull[i] > 0) length = fmin(length, 2 * share / l->pull[i]);
  }
  return length;
}

/* Opens a leap at the present time, or sets a number of single firings to make. False: nothing can
 * happen before `stop`. */
static bool leap_begin(jump_run *r)
{
  const jump_machine *m = r->m;
  jump_leap *l = &r->leap;
  double total, length = leap_length(r, &total), t = r->t, first = INFINITY;
  bool any = false;
  if (!(total > 0)) return false;
  for (int32_t k = 0; k < m->channel_count; k++) {
    if (is_critical(r, k))
      first = fmin(first, r->when[k]);
    else
      any |= r->rate[k] > 0;
  }
  length = fmin(length, firings_most / total);
  if (!any || !(length >= LEAST_FIRINGS / total)) {
    l->singles = SINGLE_STEPS;
    return true;
  }
  for (int32_t k = 0; k < m->channel_count; k++)
    if (!is_critical(r, k)) jump_clock_to(r, k, t);
  memcpy(l->x, r->x, (size_t)m->nx * sizeof *r->x);
  l->begin = t;
  l->length = fmin(length, fmax(first - t, 0));
  l->end = t + l->length;
  if (!(l->end > t)) {
    l->length = 0;
    l->singles = 1; /* the critical one is due now */
    return true;
  }
  jump_leap_draw(r);
  for (int i = 0; i < TREE_DEPTH && !leap_state(r, l->end); i++)
    l->end = l->begin + 0.5 * (l->end - l->begin); /* too many: half of it */
  memcpy(r->x, l->x, (size_t)m->nx * sizeof *r->x);
  return true;
}

/* ---- walking --------------------------------------------------------------------------------- */
static bool must_stop(const jump_run *r)
{
  return r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS);
}

/* One firing of the exact method; false: none up to stop. stop_here: the caller must look. */
static bool single(jump_run *r, double stop, bool *stop_here)
{
  int32_t k = jump_first(r);
  double t = k >= 0 ? fmax(r->when[k], r->t) : INFINITY;
  if (!(t <= stop)) return false;
  jump_samples_before(r, t);
  jump_fire(r, k, t);
  *stop_here = !jump_firing_count(r, t);
  r->t = t;
  const jump_channel *c = &r->m->channel[k];
  *stop_here |= c->moves_condition || (c->watch_count && jump_watched_differ(r, k));
  if (r->leap.singles > 0) r->leap.singles -= 1;
  return true;
}

/* To the end of the open leap; false: stop comes first and the leap stays open. */
static bool leap_finish(jump_run *r, double stop)
{
  jump_leap *l = &r->leap;
  if (l->end > stop) return false;
  jump_samples_before(r, l->end);
  double end = l->end;
  jump_leap_cut(r, end);
  (void)jump_firing_count(r, end);
  r->t = end;
  jump_refresh(r, end);
  for (int32_t i = 0; i < r->m->nx; i++)
    if (!(r->x[i] <= 0x1p53)) r->status |= GM_MEMBER_DIVERGED;
  return true;
}

void jump_tau_to(jump_run *r, double stop)
{
  bool stop_here = false;
  while (!must_stop(r) && !stop_here) {
    if (r->leap.length > 0) {
      if (!leap_finish(r, stop)) break;
      stop_here = r->m->condition_count > 0 || (r->m->event_count && jump_triggers_differ(r));
      continue;
    }
    if (r->leap.singles > 0) {
      if (!single(r, stop, &stop_here)) break;
      continue;
    }
    if (r->t >= stop || !leap_begin(r)) break;
  }
  if (!must_stop(r) && !stop_here) r->t = stop;
}
