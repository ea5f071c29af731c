/* lane_discrete.h - what happens to a lane between two steps: algebraic equations, events.
 *
 * Events follow SBML L3V2 section 4.11: an event is triggered when its trigger turns true; it is
 * executed after its delay; of several that are due the one of highest priority goes first, ties
 * are broken by a keyed draw; after each execution all triggers are looked at again, and events
 * that are not persistent are withdrawn when their trigger has fallen back. */
#ifndef GEMEL_EQUATIONS_LANE_DISCRETE_H
#define GEMEL_EQUATIONS_LANE_DISCRETE_H
#include "kinds/equations/lane_tangent.h"
#include "kinds/equations/lane_tape.h"

enum { FIRINGS_AT_ONCE_MAX = 10000, NEWTON_MAX = 100 };

/* One lane's state and time into the registers, delays and held conditions with them. */
static void lane_present(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  state_to_registers(r->m, w, w->x);
  w->reg[0] = w->t;
  delays_load(r, 1u << lane);
}

static void modes_load(const lane_run *r)
{
  for (int32_t i = 0; i < r->m->mode_count; i++) r->w->reg[r->m->reg_mode + i] = r->w->condition[i];
}

/* Conditions at the lane's present time and state. */
static void conditions_take(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  if (!m->condition_count) return;
  lane_present(r, lane);
  vm_run(m, w, &m->condition);
  for (int32_t i = 0; i < m->condition_count; i++)
    w->condition[i][lane] = w->reg[m->condition_reg[i]][lane];
  for (int32_t i = 0; i < m->condition_count; i++) {
    int32_t reg = m->condition_reg[m->condition_count + i];
    w->gap[i][lane] = reg >= 0 ? w->reg[reg][lane] : 0;
  }
  modes_load(r);
}

/* ---- algebraic equations --------------------------------------------------------------------- */
/* Solves a (n rows of n + 1) in place by elimination with row exchange; the solution is the last
 * column. False: singular. */
static bool eliminate(double *a, int32_t n)
{
  int32_t width = n + 1;
  for (int32_t c = 0; c < n; c++) {
    int32_t best = c;
    for (int32_t i = c + 1; i < n; i++)
      if (fabs(a[i * width + c]) > fabs(a[best * width + c])) best = i;
    if (!(fabs(a[best * width + c]) > 0)) return false;
    for (int32_t j = c; j < width && best != c; j++) {
      double swap = a[c * width + j];
      a[c * width + j] = a[best * width + j];
      a[best * width + j] = swap;
    }
    for (int32_t i = 0; i < n; i++) {
      double f = i == c ? 0 : a[i * width + c] / a[c * width + c];
      for (int32_t j = c; j < width && f != 0; j++) a[i * width + j] -= f * a[c * width + j];
    }
  }
  for (int32_t i = 0; i < n; i++) a[i * width + n] /= a[i * width + i];
  return true;
}

/* Which algebraic row or column a state is, or -1. */
static int32_t algebraic_number(const lane_machine *m, int32_t state)
{
  for (int32_t i = 0; i < m->algebraic_count; i++)
    if (m->algebraic[i] == state) return i;
  return -1;
}

/* Jacobian of the algebraic rows and minus their residuals into w->algebra. */
static void algebra_fill(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->algebraic_count, width = n + 1;
  memset(w->algebra, 0, (size_t)n * (size_t)width * sizeof(double));
  lane_present(r, lane);
  vm_run(m, w, &m->rhs);
  for (int32_t i = 0; i < n; i++)
    w->algebra[i * width + n] = -w->reg[m->rhs_reg[m->algebraic[i]]][lane];
  vm_run(m, w, &m->jacobian.code);
  for (int32_t e = 0; e < m->jacobian.count; e++) {
    if (m->kind[m->jacobian.row[e]] != EQ_STATE_ALGEBRAIC ||
        m->kind[m->jacobian.col[e]] != EQ_STATE_ALGEBRAIC)
      continue;
    int32_t i = algebraic_number(m, m->jacobian.row[e]);
    int32_t j = algebraic_number(m, m->jacobian.col[e]);
    w->algebra[i * width + j] = w->reg[m->jacobian.reg[e]][lane];
  }
}

/* Newton's method from the present values until they stand still. False: no solution found. */
static bool algebra_solve(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->algebraic_count, width = n + 1;
  double before = INFINITY;
  for (int32_t k = 0; k < NEWTON_MAX && n; k++) {
    double change = 0;
    algebra_fill(r, lane);
    if (!eliminate(w->algebra, n)) return false;
    for (int32_t i = 0; i < n; i++) {
      double *z = &((double *)&w->x[m->algebraic[i]])[lane], d = w->algebra[i * width + n];
      *z += d;
      change = fmax(change, fabs(d) / (fabs(*z) + w->atol[m->algebraic[i]][lane]));
    }
    if (!(change < INFINITY)) return false;
    if (change < 1e-14 || (change < 1e-9 && change >= before)) return true;
    before = change;
  }
  return n == 0;
}

/* A tolerance of the other states may move the algebraic ones by so many of theirs. */
enum { AMPLIFIED_MAX = 100 };

/* Remembers how many samples were written while the algebraic equations were good ones at the
 * lane's present point. Towards a point where they become singular (0 = z^3 - x at x = 0), which is
 * where a member ends, ever smaller changes of the others move their states by ever more: samples
 * written since are not told when the member ends so. */
static void algebra_trust(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  int32_t n = m->algebraic_count, width = n + 1;
  if (!n || s->trusted == s->sample) return;
  algebra_fill(r, lane);
  for (int32_t i = 0; i < n; i++) w->algebra[i * width + n] = 0;
  for (int32_t e = 0; e < m->jacobian.count; e++) {
    int32_t i = m->jacobian.row[e], j = m->jacobian.col[e];
    if (m->kind[i] != EQ_STATE_ALGEBRAIC || m->kind[j] == EQ_STATE_ALGEBRAIC) continue;
    double off = m->rtol * fabs(w->x[j][lane]) + w->atol[j][lane];
    w->algebra[algebraic_number(m, i) * width + n] += fabs(w->reg[m->jacobian.reg[e]][lane]) * off;
  }
  if (!eliminate(w->algebra, n)) return;
  for (int32_t i = 0; i < n; i++) {
    int32_t z = m->algebraic[i];
    double most = AMPLIFIED_MAX * (m->rtol * fabs(w->x[z][lane]) + w->atol[z][lane]);
    if (!(fabs(w->algebra[i * width + n]) <= most)) return;
  }
  s->trusted = s->sample;
}

/* Slopes of one lane at its present state, input rates included, those of algebraic states from
 * g_z z' = - (g along the slopes of all else and time). */
static void lane_slopes(const lane_run *r, int lane, gm_v8 *slope)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->algebraic_count, width = n + 1;
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  vm_run(m, w, &m->rhs);
  for (int32_t i = 0; i < m->nx; i++) slope[i] = w->reg[m->rhs_reg[i]] + w->rate[i];
  if (!n) return;
  for (int32_t i = 0; i < n; i++) slope[m->algebraic[i]] = v8_set(0);
  algebra_fill(r, lane);
  lane_present(r, lane);
  w->reg[m->reg_time_dot] = v8_set(1);
  for (int32_t i = 0; i < m->nx; i++) w->reg[m->reg_state_dot + i] = slope[i];
  for (int32_t i = 0; i < m->np; i++) w->reg[m->reg_param_dot + i] = v8_set(0);
  vm_run(m, w, &m->tangent.rhs);
  for (int32_t i = 0; i < n; i++)
    w->algebra[i * width + n] = -w->reg[m->tangent.rhs_reg[m->algebraic[i]]][lane];
  bool ok = eliminate(w->algebra, n);
  for (int32_t i = 0; i < n; i++)
    slope[m->algebraic[i]][lane] = ok ? w->algebra[i * width + n] : (double)NAN;
}

/* Directions of the algebraic states, from g_z z' = - (g along the direction of all else); time
 * moves by tau. */
static void algebra_dot(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->algebraic_count, width = n + 1;
  for (int32_t d = 0; d < r->b->nd && n; d++) {
    gm_v8 *xd = tangent_x(r, d);
    for (int32_t i = 0; i < n; i++) xd[m->algebraic[i]][lane] = 0;
    algebra_fill(r, lane);
    lane_present(r, lane);
    dots_load(r, d, xd, w->tau[d]);
    vm_run(m, w, &m->tangent.rhs);
    for (int32_t i = 0; i < n; i++)
      w->algebra[i * width + n] = -w->reg[m->tangent.rhs_reg[m->algebraic[i]]][lane];
    bool ok = eliminate(w->algebra, n);
    for (int32_t i = 0; i < n; i++)
      xd[m->algebraic[i]][lane] = ok ? w->algebra[i * width + n] : (double)NAN;
  }
}

/* ---- initial values -------------------------------------------------------------------------- */
/* Initial values at time t; input rates 0, triggers as before the start, nothing waits. */
static void lane_reset(const lane_run *r, int lane, double t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  uniforms_load(m, w, r->b, w->slot[lane].member, lane, 0, 0);
  w->reg[0] = v8_set(t);
  vm_run(m, w, &m->init);
  for (int32_t i = 0; i < m->nx; i++) {
    w->x[i][lane] = w->reg[m->init_reg[i]][lane];
    w->rate[i][lane] = 0;
  }
  for (int32_t i = 0; i < m->event_count; i++) w->flag[i][lane] = m->event[i].initial;
  w->queue_count[lane] = 0;
  conditions_take(r, lane);
  if (!algebra_solve(r, lane)) w->x[m->algebraic[0]][lane] = (double)NAN;
  if (m->delay_count) history_begin(r, lane, t);
  if (r->b->nd) {
    tangents_reset(r, lane, t);
    algebra_dot(r, lane);
  }
  tape_reset(r, lane, t);
}

/* ---- events ---------------------------------------------------------------------------------- */
/* Delay, priority and values of an event at the lane's present state into the registers. */
static void event_run(const lane_run *r, int lane, int32_t event)
{
  const lane_machine *m = r->m;
  lane_present(r, lane);
  uniforms_load(m, r->w, r->b, r->w->slot[lane].member, lane, 1 + 2 * event, r->w->t[lane]);
  vm_run(m, r->w, &m->event[event].code);
}

/* ---- several changes at one instant ---------------------------------------------------------- */
/* Tangents stand at a moving time; they go to another, of the waiting event at place i, or the
 * fixed one (-1). */
static void tau_move(const lane_run *r, int lane, int32_t place)
{
  lane_work *w = r->w;
  bool same = true;
  for (int32_t d = 0; d < r->b->nd; d++) {
    double to = place < 0 ? 0 : waiting_dot(r, lane, place, d)[WAIT_TIME];
    same = same && w->tau[d][lane] == to;
  }
  if (same) return;
  tangents_shift(r, lane, -1);
  for (int32_t d = 0; d < r->b->nd; d++)
    w->tau[d][lane] = place < 0 ? 0 : waiting_dot(r, lane, place, d)[WAIT_TIME];
  tangents_shift(r, lane, 1);
  algebra_dot(r, lane);
}

/* Tangents go from the fixed time to that of a condition which is about to change. */
static void tau_leave(const lane_run *r, int lane, int32_t condition)
{
  if (r->b->nd) {
    tau_of_condition(r, lane, condition);
    tangents_shift(r, lane, 1);
    algebra_dot(r, lane);
  }
  tape_leave(r, lane, condition);
}

static void tau_return(const lane_run *r, int lane)
{
  if (r->b->nd) tau_move(r, lane, -1);
  tape_return(r, lane);
}

/* Marks the conditions that differ from what is held; true: there are several, or one and an event
 * that is due, and directions to be carried. */
static bool changes_look(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t changes = 0, due = 0;
  if (!(r->b->nd || w->tape) || !m->condition_count || w->restart[lane] != LANE_RESTART_SLOPES)
    return false;
  lane_present(r, lane);
  vm_run(m, w, &m->condition);
  for (int32_t i = 0; i < m->condition_count; i++) {
    w->jumps[i] = w->reg[m->condition_reg[i]][lane] != w->condition[i][lane];
    changes += w->jumps[i];
  }
  for (int32_t i = 0; i < w->queue_count[lane]; i++)
    due += waiting(r, lane, i)[WAIT_TIME] <= w->t[lane];
  return changes > 0 && changes + due > 1;
}

/* Conditions that change at one instant each have a moving time of their own: their modes change
 * one after the other, each at its time. Events follow, each at its own (event_own_time). False: an
 * algebraic equation has no solution. */
static bool changes_part(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  w->several = changes_look(r, lane) ? SEVERAL_FIRST : SEVERAL_NOT;
  for (int32_t i = 0; i < m->mode_count && w->several; i++) {
    if (!w->jumps[i]) continue;
    if (r->b->nd) tau_set(r, lane, NULL);
    tau_leave(r, lane, i);
    lane_present(r, lane);
    vm_run(m, w, &m->condition);
    w->condition[i][lane] = w->reg[m->condition_reg[i]][lane];
    modes_load(r);
    if (!algebra_solve(r, lane)) return false;
    tape_algebra(r, lane);
    tau_return(r, lane);
  }
  return true;
}

/* An event that is triggered goes with the condition that did it. */
static void event_own_time(const lane_run *r, int lane, int32_t event)
{
  const lane_machine *m = r->m;
  const uint8_t *uses = m->event_uses + (ptrdiff_t)event * m->condition_count;
  if (r->w->several != SEVERAL_FIRST) return;
  for (int32_t i = 0; i < m->condition_count; i++) {
    if (!uses[i] || !r->w->jumps[i]) continue;
    tau_return(r, lane);
    tau_leave(r, lane, i);
    return;
  }
}

/* Puts a triggered event into the queue. False: no room, or its delay is no time. */
static bool event_trigger(const lane_run *r, int lane, int32_t event)
{
  const lane_machine *m = r->m;
  const lane_event *e = &m->event[event];
  event_own_time(r, lane, event);
  event_run(r, lane, event);
  double delay = e->delay_reg >= 0 ? r->w->reg[e->delay_reg][lane] : 0;
  if (!(delay >= 0)) return false;
  double *q = queue_add(r, lane, event, r->w->t[lane] + delay);
  if (!q) return false;
  for (int32_t i = 0; i < e->assign_count; i++)
    q[WAIT_VALUES + i] = r->w->reg[e->value_reg[i]][lane];
  if (r->b->nd) event_trigger_dot(r, lane, event, r->w->queue_count[lane] - 1);
  tape_event(r, lane, TAPE_TRIGGER, event, r->w->queue_count[lane] - 1);
  return true;
}

/* Looks at all triggers. False: the queue ran over. */
static bool triggers_look(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  bool ok = true;
  lane_present(r, lane);
  vm_run(m, w, &m->trigger);
  for (int32_t i = 0; i < m->event_count; i++) w->trigger[i] = w->reg[m->trigger_reg[i]];
  for (int32_t i = 0; i < m->event_count && ok; i++) {
    bool was = w->flag[i][lane] != 0;
    bool is = w->trigger[i][lane] != 0 && w->trigger[i][lane] == w->trigger[i][lane];
    w->flag[i][lane] = is;
    if (was && !is && !m->event[i].persistent) queue_cancel(r, lane, i);
    if (!was && is) ok = event_trigger(r, lane, i);
  }
  return ok;
}

static double event_priority(const lane_run *r, int lane, int32_t event)
{
  const lane_event *e = &r->m->event[event];
  if (e->priority_reg < 0) return -INFINITY;
  event_run(r, lane, event);
  return r->w->reg[e->priority_reg][lane];
}

/* The waiting event to be executed now, or -1. */
static int32_t event_due(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  int32_t best = -1;
  double best_priority = 0, best_tie = 0, t = w->t[lane];
  for (int32_t i = 0; i < w->queue_count[lane]; i++) {
    const double *q = waiting(r, lane, i);
    if (q[WAIT_TIME] > t) continue;
    double priority = event_priority(r, lane, (int32_t)q[WAIT_EVENT]);
    double tie = priority > -INFINITY
                     ? lane_uniform(r->b, w->slot[lane].member, (int32_t)q[WAIT_EVENT], 2, t)
                     : -q[WAIT_ORDER];
    if (best >= 0 && !(priority > best_priority || (priority == best_priority && tie > best_tie)))
      continue;
    best = i;
    best_priority = priority;
    best_tie = tie;
  }
  return best;
}

static void event_execute(const lane_run *r, int lane, int32_t i)
{
  lane_work *w = r->w;
  const double *q = waiting(r, lane, i);
  int32_t number = (int32_t)q[WAIT_EVENT];
  const lane_event *e = &r->m->event[number];
  if (r->b->nd) tau_move(r, lane, i);
  if (w->several || e->delay_reg >= 0) tape_move(r, lane, i);
  if (r->b->nd) event_execute_dot(r, lane, number, i);
  tape_event(r, lane, TAPE_EXECUTE, number, i);
  if (!e->at_trigger) event_run(r, lane, number);
  for (int32_t k = 0; k < e->assign_count; k++)
    w->x[e->state[k]][lane] = e->at_trigger ? q[WAIT_VALUES + k] : w->reg[e->value_reg[k]][lane];
  queue_remove(r, lane, i);
}

/* Events that are due, one after the other. Returns 0 or the member's status bits; *changed is set
 * where one was executed. */
static int events_happen(const lane_run *r, int lane, bool *changed)
{
  for (int32_t firings = 0;; firings++) {
    if (!triggers_look(r, lane)) return GM_MEMBER_DIVERGED;
    if (r->w->several) r->w->several = SEVERAL_LATER;
    int32_t due = event_due(r, lane);
    if (due < 0) break;
    if (firings >= FIRINGS_AT_ONCE_MAX) return GM_MEMBER_STEPS;
    event_execute(r, lane, due);
    conditions_take(r, lane);
    if (!algebra_solve(r, lane)) return GM_MEMBER_DIVERGED;
    if (r->b->nd) algebra_dot(r, lane);
    tape_algebra(r, lane);
    *changed = true;
  }
  return r->w->queue_count[lane] > r->m->pending_max ? GM_MEMBER_DIVERGED : 0;
}

/* Tangents to the moving time of what is about to happen, and back from it. */
static void tangents_leave(const lane_run *r, int lane, bool moved)
{
  if (!r->b->nd) return;
  if (!moved || r->w->several) tau_set(r, lane, NULL);
  if (!r->w->several) tau_find(r, lane);
  tangents_shift(r, lane, 1);
  algebra_dot(r, lane);
}

static void tangents_return(const lane_run *r, int lane)
{
  if (!r->b->nd) return;
  tangents_shift(r, lane, -1);
  tau_set(r, lane, NULL);
  algebra_dot(r, lane);
}

/* Brings the lane to rest at its present time: algebraic equations hold, events that are due have
 * happened, conditions are known. moved: something was given from outside. Returns 0 or the
 * member's status bits. */
static int lane_settle(const lane_run *r, int lane, bool moved)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  bool changed = moved, cut = w->restart[lane] == LANE_RESTART_SLOPES;
  if (!changes_part(r, lane)) return GM_MEMBER_DIVERGED;
  tangents_leave(r, lane, moved);
  tape_settle_before(r, lane, moved);
  conditions_take(r, lane);
  if (!algebra_solve(r, lane)) return GM_MEMBER_DIVERGED; /* a condition may have changed it */
  int status = m->event_count ? events_happen(r, lane, &changed) : 0;
  if (status) return status;
  if (changed || m->algebraic_count) conditions_take(r, lane);
  tangents_return(r, lane);
  tape_settle_after(r, lane);
  if ((changed || cut) && m->delay_count) history_jump(r, lane);
  if (changed) {
    w->restart[lane] = LANE_RESTART_NEW;
    w->h[lane] = 0; /* it was of before */
  }
  return 0;
}
#endif
