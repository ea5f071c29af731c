/* lane_history.h - what a model's delays look at: past values of their expressions, step by step.
 *
 * A step is remembered by the values at four equal parts of it, which with the end of the step
 * before make a polynomial of degree 4, the order of the methods' own interpolants. A history is
 *   [count] [start time] [time of the very start] [values at the start]
 *   count steps of: [end time] [4 values each of delay_count expressions]
 * Before the start an expression has the value of its own code for that. */
#ifndef GEMEL_EQUATIONS_LANE_HISTORY_H
#define GEMEL_EQUATIONS_LANE_HISTORY_H
#include "kinds/equations/lane_member.h"

enum { HISTORY_PARTS = 4 };

static int32_t history_width(const lane_machine *m) { return 1 + HISTORY_PARTS * m->delay_count; }

static double *history_of(const lane_run *r, int lane)
{
  return r->w->history + (ptrdiff_t)lane * r->m->history_count;
}

static double *history_step(const lane_run *r, double *history, int32_t i)
{
  return history + 3 + r->m->delay_count + (ptrdiff_t)i * history_width(r->m);
}

/* Doubles of a lane's history that mean something. */
static int32_t history_used(const lane_run *r, int lane)
{
  double *h = history_of(r, lane);
  return (int32_t)(history_step(r, h, (int32_t)h[0]) - h);
}

/* Degree-4 polynomial through v[0..4] at 0, 1/4, 1/2, 3/4, 1 (Newton's forward differences). */
static double quartic(const double v[5], double u)
{
  double d1 = v[1] - v[0], d2 = v[2] - 2 * v[1] + v[0], d3 = v[3] - 3 * v[2] + 3 * v[1] - v[0];
  double d4 = v[4] - 4 * v[3] + 6 * v[2] - 4 * v[1] + v[0], s = 4 * u;
  return v[0] + s * (d1 + (s - 1) / 2 * (d2 + (s - 2) / 3 * (d3 + (s - 3) / 4 * d4)));
}

/* The last step that begins at or before t; -1: t lies before the first. */
static int32_t history_find(const lane_run *r, double *history, double t)
{
  int32_t low = -1, high = (int32_t)history[0] - 1;
  while (low < high) {
    int32_t middle = low + (high - low + 1) / 2;
    double begin = middle ? history_step(r, history, middle - 1)[0] : history[1];
    if (begin <= t)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

/* What a delay k asks of time t: OK, with *value; LATER than all that is remembered; FORGOTTEN,
 * which also is before the start. */
typedef enum { HISTORY_OK, HISTORY_LATER, HISTORY_BEFORE, HISTORY_FORGOTTEN } history_answer;

static history_answer history_at(const lane_run *r, double *history, int32_t k, double t,
                                 double *value)
{
  double v[5];
  int32_t i = history_find(r, history, t);
  if (i < 0) {
    if (t < history[1]) return t < history[2] ? HISTORY_BEFORE : HISTORY_FORGOTTEN;
    *value = history[3 + k];
    return t > history[1] ? HISTORY_LATER : HISTORY_OK;
  }
  const double *step = history_step(r, history, i);
  const double *before = i ? step - history_width(r->m) : NULL;
  double begin = before ? before[0] : history[1];
  v[0] = before ? before[1 + k * HISTORY_PARTS + 3] : history[3 + k];
  memcpy(v + 1, step + 1 + k * HISTORY_PARTS, HISTORY_PARTS * sizeof *v);
  *value = step[0] > begin ? quartic(v, (t - begin) / (step[0] - begin)) : v[4];
  return t <= step[0] ? HISTORY_OK : HISTORY_LATER;
}

/* Delay k of one lane, its length being lag, into its register. A delay that reaches into what is
 * not known is NaN, and with it the step is made shorter. */
static void delay_load(const lane_run *r, int lane, int32_t k, double lag)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  gm_v8 now = w->reg[0];
  double t = now[lane] - lag, v = (double)NAN;
  history_answer a = history_at(r, history_of(r, lane), k, t, &v);
  if (lag == 0) {
    vm_run(m, w, &m->past);
    v = w->reg[m->past_reg[k]][lane];
  } else if (a == HISTORY_BEFORE) {
    w->reg[0] = v8_set(t);
    vm_run(m, w, &m->before);
    v = w->reg[m->before_reg[k]][lane];
    w->reg[0] = now;
  } else if (a != HISTORY_OK || !(lag > 0)) {
    v = (double)NAN;
  }
  w->reg[m->reg_delayed + k][lane] = v;
}

/* Values of the delays for the lanes of mask, states and times being in the registers. */
static void delays_load(const lane_run *r, uint32_t mask)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  if (!m->delay_count) return;
  int32_t passes = m->lag_nested ? m->delay_count : 1; /* lengths that hang on other delays */
  for (int32_t pass = 0; pass < passes; pass++) {
    vm_run(m, w, &m->lag);
    for (int32_t k = 0; k < m->delay_count; k++) w->lag[k] = w->reg[m->lag_reg[k]];
    for (int32_t k = 0; k < m->delay_count; k++)
      for (int l = 0; l < LANES; l++)
        if (mask >> l & 1) delay_load(r, l, k, w->lag[k][l]);
  }
}

/* How long until what a delay looks at, lag ago, jumps: less the rounding, so that a step ends
 * before it, and where that is now, until behind it. Infinity: not within the step wanted. Jumps
 * are steps of no length. Only a delay whose length stands still is sure to be met so; where it
 * does not, the error of the step says so. */
static double jump_next(const lane_run *r, int lane, double lag)
{
  double *history = history_of(r, lane), t = r->w->t[lane], past = t - lag;
  double rounding = 16 * 2.220446049250313e-16 * fmax(fabs(t), fabs(past));
  int32_t count = (int32_t)history[0];
  for (int32_t i = history_find(r, history, past - rounding) + 1; i < count; i++) {
    double begin = i ? history_step(r, history, i - 1)[0] : history[1];
    double left = begin - past;
    if (left > r->w->h[lane]) break;
    if (history_step(r, history, i)[0] != begin || left <= -rounding) continue;
    return left > 2 * rounding ? left - rounding : left + 2 * rounding;
  }
  return INFINITY;
}

/* Smallest delay of a lane at its present state: no step may be longer, nor go over a jump of what
 * a delay looks at. (A delay that hangs on another has its present value in w->lag.) */
static double delay_least(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  double least = INFINITY;
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  delays_load(r, 1u << lane);
  for (int32_t k = 0; k < m->delay_count; k++) {
    double lag = w->lag[k][lane];
    if (lag > 0) least = fmin(least, fmin(lag, jump_next(r, lane, lag)));
  }
  return least;
}

/* Begins a history at the lane's present state. */
static void history_begin(const lane_run *r, int lane, double t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  double *h = history_of(r, lane);
  state_to_registers(m, w, w->x);
  w->reg[0] = v8_set(t);
  h[0] = 0;
  h[1] = t;
  h[2] = t;
  delays_load(r, 1u << lane);
  vm_run(m, w, &m->past);
  for (int32_t k = 0; k < m->delay_count; k++) h[3 + k] = w->reg[m->past_reg[k]][lane];
}

/* Room for one more step that ends at t, which history_keep makes part of it; the oldest step is
 * forgotten when there is none. */
static double *history_room(const lane_run *r, int lane, double t)
{
  const lane_machine *m = r->m;
  double *h = history_of(r, lane);
  int32_t width = history_width(m), count = (int32_t)h[0];
  if (count == m->history_max) {
    double *first = history_step(r, h, 0);
    h[1] = first[0];
    for (int32_t k = 0; k < m->delay_count; k++) h[3 + k] = first[1 + k * HISTORY_PARTS + 3];
    memmove(first, first + width, (size_t)(count - 1) * (size_t)width * sizeof *h);
    count--;
  }
  h[0] = count;
  double *step = history_step(r, h, count);
  step[0] = t;
  return step;
}

static void history_keep(const lane_run *r, int lane) { history_of(r, lane)[0] += 1; }

/* The state has jumped: a step of no length that ends with the values behind the jump. */
static void history_jump(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  double *step = history_room(r, lane, w->t[lane]);
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  delays_load(r, 1u << lane);
  vm_run(m, w, &m->past);
  for (int32_t k = 0; k < m->delay_count; k++)
    for (int32_t j = 0; j < HISTORY_PARTS; j++)
      step[1 + k * HISTORY_PARTS + j] = w->reg[m->past_reg[k]][lane];
  history_keep(r, lane);
}
#endif
