/* lane_member.h - members on lanes: taking one, its edges and samples, giving it back.
 * Included once for each instruction set, like lane_vm.h. Shared by the integrator and the closed
 * form, which differ only in how they go from one point in time to the next. */
#ifndef GEMEL_EQUATIONS_LANE_MEMBER_H
#define GEMEL_EQUATIONS_LANE_MEMBER_H
#include "kinds/equations/lane_vm.h"

typedef struct {
  const lane_machine *m;
  lane_work *w;
  const gm_batch *b;
  const gm_span *span;
} lane_run;

static void constants_load(const lane_machine *m, lane_work *w)
{
  for (int32_t i = 0; i < m->constant_count; i++)
    w->reg[m->reg_constant + i] = v8_set(m->constant[i]);
}

static void parameters_load(const lane_machine *m, lane_work *w, const gm_batch *b, int32_t member,
                            int lane)
{
  for (int32_t i = 0; i < m->np; i++)
    w->reg[m->reg_param + i][lane] = b->theta[i * b->psx + member * b->psm];
}

static void state_to_registers(const lane_machine *m, lane_work *w, const gm_v8 *x)
{
  for (int32_t i = 0; i < m->nx; i++) w->reg[m->reg_state + i] = x[i];
}

/* Initial values at time t into one lane's state; its input rates become 0. */
static void lane_reset(const lane_machine *m, lane_work *w, int lane, double t)
{
  w->reg[0] = v8_set(t);
  vm_run(&m->init, m->vmath, w->reg);
  for (int32_t i = 0; i < m->nx; i++) {
    w->x[i][lane] = w->reg[m->init_reg[i]][lane];
    w->rate[i][lane] = 0;
  }
}

/* Outputs of the states x at the times t, written for the lanes of mask to their next sample. */
static void samples_write(const lane_run *r, uint32_t mask, const gm_v8 *x, gm_v8 t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  state_to_registers(m, w, x);
  w->reg[0] = t;
  vm_run(&m->out, m->vmath, w->reg);
  for (int l = 0; l < LANES; l++) {
    if (!(mask >> l & 1)) continue;
    lane_slot *s = &w->slot[l];
    double *y = r->span[s->member].y + (ptrdiff_t)s->sample * m->ny;
    for (int32_t k = 0; k < m->ny; k++) y[k] = w->reg[m->out_reg[k]][l];
    s->sample++;
  }
}

static bool sample_is_due(const gm_span *span, const lane_slot *s, double t, bool before)
{
  if (s->sample >= span->sample_count || span->sample[s->sample] > t) return false;
  bool is_before = span->sample_before && span->sample_before[s->sample];
  return !before || is_before;
}

static void samples_at_point(const lane_run *r, int lane, bool before)
{
  lane_slot *s = &r->w->slot[lane];
  double t = r->w->t[lane];
  while (sample_is_due(&r->span[s->member], s, t, before))
    samples_write(r, 1u << lane, r->w->x, v8_set(t));
}

static void edge_apply(const lane_run *r, int lane, const gm_edge *e)
{
  lane_work *w = r->w;
  switch (e->kind) {
  case GM_EDGE_BOLUS: w->x[e->port][lane] += e->value; break;
  case GM_EDGE_RATE: w->rate[e->port][lane] = e->value; break;
  case GM_EDGE_REPLACE: w->x[e->port][lane] = e->value; break;
  case GM_EDGE_RESET: lane_reset(r->m, w, lane, e->t); break;
  case GM_EDGE_PARAMETER:
    w->reg[r->m->reg_param + e->port][lane] = e->value;
    vm_run(&r->m->setup, r->m->vmath, w->reg);
    break;
  }
}

/* The member's state back to the batch; its samples not reached become NaN when it failed. */
static void lane_store(const lane_run *r, int lane, int status)
{
  const gm_batch *b = r->b;
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  const gm_span *span = &r->span[s->member];
  for (int32_t i = 0; i < r->m->nx; i++) {
    b->x[i * b->sx + s->member * b->sm] = w->x[i][lane];
    b->x[(r->m->nx + i) * b->sx + s->member * b->sm] = w->rate[i][lane];
  }
  b->status[s->member] = (int8_t)(b->status[s->member] | status);
  for (ptrdiff_t k = (ptrdiff_t)s->sample * r->m->ny; k < (ptrdiff_t)span->sample_count * r->m->ny;
       k++)
    span->y[k] = NAN;
  s->member = -1;
}

static bool lane_is_finite(const lane_run *r, int lane)
{
  for (int32_t i = 0; i < r->m->nx; i++)
    if (!isfinite(r->w->x[i][lane]) || !isfinite(r->w->rate[i][lane])) return false;
  return true;
}

/* All that happens at the lane's present time. False when the member is finished. */
static bool lane_point(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  const gm_span *span = &r->span[s->member];
  double t = w->t[lane];
  samples_at_point(r, lane, true);
  while (s->edge < span->edge_count && span->edge[s->edge].t <= t)
    edge_apply(r, lane, &span->edge[s->edge++]);
  if (!lane_is_finite(r, lane)) {
    lane_store(r, lane, GM_MEMBER_DIVERGED);
    return false;
  }
  samples_at_point(r, lane, false);
  if (t >= span->t1) {
    lane_store(r, lane, GM_MEMBER_OK);
    return false;
  }
  s->t_stop = s->edge < span->edge_count ? span->edge[s->edge].t : span->t1;
  w->restart[lane] = true;
  return true;
}

static void lane_take(const lane_run *r, int lane, int32_t member)
{
  const gm_batch *b = r->b;
  lane_work *w = r->w;
  w->slot[lane] = (lane_slot){.member = member};
  b->status[member] = GM_MEMBER_OK;
  for (int32_t i = 0; i < r->m->nx; i++) {
    w->x[i][lane] = b->x[i * b->sx + member * b->sm];
    w->rate[i][lane] = b->x[(r->m->nx + i) * b->sx + member * b->sm];
  }
  parameters_load(r->m, w, b, member, lane);
  vm_run(&r->m->setup, r->m->vmath, w->reg);
  w->t[lane] = r->span[member].t0;
  w->h[lane] = 0;
}

/* Gives the lane members until one has a way to go. False: no more members. */
static bool lane_refill(const lane_run *r, int lane)
{
  while (r->w->next_member < r->b->n) {
    lane_take(r, lane, r->w->next_member++);
    if (lane_point(r, lane)) return true;
  }
  return false;
}

/* After the lane reached its stop: what happens there, and if it is finished the next member. */
static bool lane_arrive(const lane_run *r, int lane)
{
  return lane_point(r, lane) || lane_refill(r, lane);
}

static bool lanes_begin(const lane_run *r)
{
  lane_work *w = r->w;
  w->next_member = 0;
  constants_load(r->m, w);
  w->t = w->h = v8_set(0);
  bool any = false;
  for (int l = 0; l < LANES; l++) {
    w->slot[l].member = -1;
    w->restart[l] = false;
  }
  for (int l = 0; l < LANES; l++) any = lane_refill(r, l) || any;
  return any;
}

static bool lanes_active(const lane_work *w)
{
  for (int l = 0; l < LANES; l++)
    if (w->slot[l].member >= 0) return true;
  return false;
}
#endif
