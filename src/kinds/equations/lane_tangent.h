/* lane_tangent.h - derivatives of a member along the batch's directions, carried with its steps.
 *
 * Between events the discrete solution itself is differentiated: each stage of an accepted step has
 * its direction (internal differentiation, Bock 1981). Where the state jumps at a time tau that
 * moves by dtau along the direction, the tangent goes to the moving time, x' + f- dtau, through the
 * jump, and back with the slope behind it, - f+ dtau (Galan, Feehery & Barton, Appl. Numer. Math.
 * 31 (1999) 17-47). */
#ifndef GEMEL_EQUATIONS_LANE_TANGENT_H
#define GEMEL_EQUATIONS_LANE_TANGENT_H
#include "kinds/equations/lane_queue.h"

static gm_v8 *tangent_x(const lane_run *r, int32_t d) { return r->w->xd + (ptrdiff_t)d * r->m->nx; }
static gm_v8 *tangent_rate(const lane_run *r, int32_t d)
{
  return r->w->rated + (ptrdiff_t)d * r->m->nx;
}
static gm_v8 *tangent_param(const lane_run *r, int32_t d)
{
  return r->w->pd + (ptrdiff_t)d * r->m->np;
}
static gm_v8 *tangent_stage(const lane_run *r, int32_t d, int stage)
{
  return r->w->kd + ((ptrdiff_t)d * TANGENT_STAGES + stage) * r->m->nx;
}

/* Directions of time, states and parameters into the registers. */
static void dots_load(const lane_run *r, int32_t d, const gm_v8 *xd, gm_v8 td)
{
  const lane_machine *m = r->m;
  gm_v8 *reg = r->w->reg;
  const gm_v8 *pd = tangent_param(r, d);
  reg[m->reg_time_dot] = td;
  for (int32_t i = 0; i < m->nx; i++) reg[m->reg_state_dot + i] = xd[i];
  for (int32_t i = 0; i < m->np; i++) reg[m->reg_param_dot + i] = pd[i];
}

static void lane_slopes(const lane_run *r, int lane, gm_v8 *slope); /* lane_discrete.h */

/* Adds sign * slope * dtau of one lane at its present state to its tangents. */
static void tangents_shift(const lane_run *r, int lane, double sign)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  bool moves = false;
  for (int32_t d = 0; d < r->b->nd; d++) moves = moves || w->tau[d][lane] != 0;
  if (!moves) return;
  lane_slopes(r, lane, w->probe);
  for (int32_t i = 0; i < m->nx; i++)
    for (int32_t d = 0; d < r->b->nd; d++)
      tangent_x(r, d)[i][lane] += sign * w->probe[i][lane] * w->tau[d][lane];
}

static void tau_set(const lane_run *r, int lane, const double *tau)
{
  for (int32_t d = 0; d < r->b->nd; d++) r->w->tau[d][lane] = tau ? tau[d] : 0;
}

/* ---- moving times -----------------------------------------------------------------------------
 */
/* dtau where condition i, with held modes, is about to change: - (gap along the direction) / (gap
 * along time). */
static void tau_of_condition(const lane_run *r, int lane, int32_t i)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t reg = m->tangent.gap_reg[i];
  lane_slopes(r, lane, w->probe);
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  for (int32_t k = 0; k < m->nx; k++) w->reg[m->reg_state_dot + k] = w->probe[k];
  for (int32_t k = 0; k < m->np; k++) w->reg[m->reg_param_dot + k] = v8_set(0);
  w->reg[m->reg_time_dot] = v8_set(1);
  vm_run(m, w, &m->tangent.gap);
  double along_time = w->reg[reg][lane];
  for (int32_t d = 0; d < r->b->nd; d++) {
    dots_load(r, d, tangent_x(r, d), v8_set(0));
    vm_run(m, w, &m->tangent.gap);
    double tau = -w->reg[reg][lane] / along_time;
    w->tau[d][lane] = isfinite(tau) ? tau : 0;
  }
}

static double *waiting_dot(const lane_run *r, int lane, int32_t i, int32_t d)
{
  ptrdiff_t block = (ptrdiff_t)LANES * r->m->queue_max * r->m->pending_width;
  return r->w->queued + d * block + (waiting(r, lane, i) - r->w->queue);
}

/* dtau of the lane's present point: of the first condition that changes here, or of the event that
 * was waited for; else what it is. */
static void tau_find(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  for (int32_t i = 0; i < w->queue_count[lane]; i++) {
    if (waiting(r, lane, i)[WAIT_TIME] > w->t[lane]) continue;
    for (int32_t d = 0; d < r->b->nd; d++) w->tau[d][lane] = waiting_dot(r, lane, i, d)[WAIT_TIME];
    return;
  }
  if (!m->condition_count || w->restart[lane] != LANE_RESTART_SLOPES) return;
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  vm_run(m, w, &m->condition);
  for (int32_t i = 0; i < m->condition_count; i++) {
    if (w->reg[m->condition_reg[i]][lane] == w->condition[i][lane]) continue;
    tau_of_condition(r, lane, i);
    return;
  }
}

/* ---- jumps -------------------------------------------------------------------------------------
 */
/* Directions of an event that was just put into the queue at place i. */
static void event_trigger_dot(const lane_run *r, int lane, int32_t event, int32_t i)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const int32_t *reg = m->tangent.event_reg[event];
  for (int32_t d = 0; d < r->b->nd; d++) {
    double *q = waiting_dot(r, lane, i, d);
    dots_load(r, d, tangent_x(r, d), w->tau[d]);
    vm_run(m, w, &m->tangent.event[event]);
    q[WAIT_TIME] = w->tau[d][lane] + (reg[0] >= 0 ? w->reg[reg[0]][lane] : 0);
    for (int32_t k = 0; k < m->event[event].assign_count; k++)
      q[WAIT_VALUES + k] = w->reg[reg[1 + k]][lane];
  }
}

/* Directions of the assignments of the event at place i, before they are made. */
static void event_execute_dot(const lane_run *r, int lane, int32_t event, int32_t i)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const lane_event *e = &m->event[event];
  const int32_t *reg = m->tangent.event_reg[event];
  for (int32_t d = 0; d < r->b->nd; d++) {
    const double *q = waiting_dot(r, lane, i, d);
    gm_v8 *xd = tangent_x(r, d);
    if (!e->at_trigger) {
      state_to_registers(m, w, w->x);
      w->reg[0] = w->t;
      uniforms_load(m, w, r->b, w->slot[lane].member, lane, 1 + 2 * event, w->t[lane]);
      dots_load(r, d, xd, w->tau[d]);
      vm_run(m, w, &m->tangent.event[event]);
    }
    for (int32_t k = 0; k < e->assign_count; k++)
      xd[e->state[k]][lane] = e->at_trigger ? q[WAIT_VALUES + k] : w->reg[reg[1 + k]][lane];
  }
}

static void queue_remove_dot(const lane_run *r, int lane, int32_t i)
{
  size_t after = (size_t)(r->w->queue_count[lane] - 1 - i) * (size_t)r->m->pending_width;
  for (int32_t d = 0; d < r->b->nd; d++)
    memmove(waiting_dot(r, lane, i, d), waiting_dot(r, lane, i + 1, d), after * sizeof(double));
}

/* Directions of the initial values at the lane's time, which moves by dtau. */
static void tangents_reset(const lane_run *r, int lane, double t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  for (int32_t d = 0; d < r->b->nd; d++) {
    w->reg[0] = v8_set(t);
    dots_load(r, d, tangent_x(r, d), w->tau[d]);
    vm_run(m, w, &m->tangent.init);
    for (int32_t i = 0; i < m->nx; i++) {
      tangent_x(r, d)[i][lane] = w->reg[m->tangent.init_reg[i]][lane];
      tangent_rate(r, d)[i][lane] = 0;
    }
  }
}

static void edge_apply_dot(const lane_run *r, int lane, const gm_edge *e, const double *valued)
{
  for (int32_t d = 0; d < r->b->nd; d++) {
    double v = valued ? valued[d] : 0;
    switch (e->kind) {
    case GM_EDGE_BOLUS: tangent_x(r, d)[e->port][lane] += v; break;
    case GM_EDGE_RATE: tangent_rate(r, d)[e->port][lane] = v; break;
    case GM_EDGE_REPLACE: tangent_x(r, d)[e->port][lane] = v; break;
    case GM_EDGE_PARAMETER: tangent_param(r, d)[e->port][lane] = v; break;
    case GM_EDGE_RESET: break; /* lane_reset does it */
    }
  }
}

/* ---- a member's tangents ------------------------------------------------------------------------
 */
static double *tangent_row(const lane_run *r, int32_t d, int32_t member, int32_t row)
{
  const gm_batch *b = r->b;
  int32_t rows = 2 * r->m->nx + r->m->memory_count;
  return b->xd + (ptrdiff_t)d * b->n * rows + row * b->sx + member * b->sm;
}

static void tangents_take(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  const gm_batch *b = r->b;
  lane_work *w = r->w;
  int32_t member = w->slot[lane].member, first = 2 * m->nx + m->event_count + 1;
  for (int32_t d = 0; d < b->nd; d++) {
    for (int32_t i = 0; i < m->nx; i++) {
      tangent_x(r, d)[i][lane] = *tangent_row(r, d, member, i);
      tangent_rate(r, d)[i][lane] = *tangent_row(r, d, member, m->nx + i);
    }
    for (int32_t i = 0; i < m->np; i++)
      tangent_param(r, d)[i][lane] =
          b->thetad[(ptrdiff_t)d * b->n * m->np + i * b->psx + member * b->psm];
    for (int32_t i = 0; i < w->queue_count[lane] * m->pending_width; i++)
      waiting_dot(r, lane, 0, d)[i] = *tangent_row(r, d, member, first + i);
    w->tau[d][lane] = 0;
  }
}

static void tangents_put(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  int32_t member = w->slot[lane].member, first = 2 * m->nx + m->event_count + 1;
  for (int32_t d = 0; d < r->b->nd; d++) {
    for (int32_t i = 0; i < m->nx; i++) {
      *tangent_row(r, d, member, i) = tangent_x(r, d)[i][lane];
      *tangent_row(r, d, member, m->nx + i) = tangent_rate(r, d)[i][lane];
    }
    for (int32_t i = 0; i < m->memory_count; i++) *tangent_row(r, d, member, 2 * m->nx + i) = 0;
    for (int32_t i = 0; m->pending_max && i < w->queue_count[lane] * m->pending_width; i++)
      *tangent_row(r, d, member, first + i) = waiting_dot(r, lane, 0, d)[i];
  }
}

/* Directions of the outputs at times t, states being x and tangents xd [nd][nx], for the samples
 * that samples_write has just counted. */
static void samples_write_dot(const lane_run *r, uint32_t mask, const gm_v8 *x, const gm_v8 *xd,
                              gm_v8 t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t nd = r->b->nd;
  for (int32_t d = 0; d < nd; d++) {
    state_to_registers(m, w, x);
    w->reg[0] = t;
    dots_load(r, d, xd + (ptrdiff_t)d * m->nx, v8_set(0));
    vm_run(m, w, &m->tangent.out);
    for (int l = 0; l < LANES; l++) {
      if (!(mask >> l & 1)) continue;
      const lane_slot *s = &w->slot[l];
      double *yd = r->span[s->member].yd + (ptrdiff_t)(s->sample - 1) * m->ny * nd + d;
      for (int32_t k = 0; k < m->ny; k++) yd[(ptrdiff_t)k * nd] = w->reg[m->tangent.out_reg[k]][l];
    }
  }
}
#endif
