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
  bool spread; /* linear models: only members whose rates are too far apart for the closed form */
} lane_run;

/* What the step control remembers of the last error is at least this. */
static const double error_least = 1e-4, log_error_least = -9.210340371976182;

/* lane_discrete.h and lane_history.h */
static int lane_settle(const lane_run *r, int lane, bool edges);
static double queue_next(const lane_run *r, int lane);
static void memory_take(const lane_run *r, int lane);
static void memory_store(const lane_run *r, int lane);
static void delays_load(const lane_run *r, uint32_t mask);
/* lane_tangent.h */
static void tangents_take(const lane_run *r, int lane);
static void tangents_put(const lane_run *r, int lane);
static void tangents_shift(const lane_run *r, int lane, double sign);
static void tau_set(const lane_run *r, int lane, const double *tau);
static void edge_apply_dot(const lane_run *r, int lane, const gm_edge *e, const double *valued);
static void samples_write_dot(const lane_run *r, uint32_t mask, const gm_v8 *x, const gm_v8 *xd,
                              gm_v8 t);
static void lane_reset(const lane_run *r, int lane, double t);
static void conditions_take(const lane_run *r, int lane);
static void algebra_trust(const lane_run *r, int lane);
/* lane_tape.h: nothing happens there while no tape runs */
static void tape_take(const lane_run *r, int lane);
static void tape_sample(const lane_run *r, int lane);
static void tape_edge_before(const lane_run *r, int lane, int32_t number);
static void tape_edge_after(const lane_run *r, int lane);

/* The sign and payload of a NaN hang on the order of operands: one NaN is stored (decision
 * 0002). */
static double one_nan(double v) { return v == v ? v : (double)NAN; }

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
  gm_v8 *to = w->reg + m->reg_state;
  if (x != to) memcpy(to, x, (size_t)m->nx * sizeof *to);
}

static gm_key lane_key(const gm_batch *b, int32_t member)
{
  return b->key ? b->key[member] : (gm_key){{0}};
}

/* Draws of one member by meaning: what (0 the start, 1 an event, 2 a tie) at which time. */
static double lane_uniform(const gm_batch *b, int32_t member, int32_t entity, int32_t what,
                           double t)
{
  uint64_t bits, slot = b->slot ? b->slot[member] : b->slot0 + (uint64_t)member;
  memcpy(&bits, &t, sizeof bits);
  return gm_uniform(lane_key(b, member), slot, (uint64_t)entity, (uint64_t)what, bits);
}

static void uniforms_load(const lane_machine *m, lane_work *w, const gm_batch *b, int32_t member,
                          int lane, int32_t what, double t)
{
  for (int32_t i = 0; i < m->uniform_count; i++)
    w->reg[m->reg_uniform + i][lane] = lane_uniform(b, member, i, what, t);
}

/* When the lane's next sample is due. */
static void sample_next(const lane_run *r, int lane)
{
  const lane_slot *s = &r->w->slot[lane];
  const gm_span *span = &r->span[s->member];
  r->w->due[lane] = s->sample < span->sample_count ? span->sample[s->sample] : INFINITY;
}

/* Is no output in the registers a NaN, in any lane? x - x is 0, but NaN for the infinities too. */
static bool outputs_are_numbers(const lane_machine *m, const lane_work *w)
{
  lane_part zero[PARTS];
  for (int p = 0; p < PARTS; p++) zero[p] = part_set(0);
  for (int32_t k = 0; k < m->ny; k++) {
    const lane_part *y = (const lane_part *)(w->reg + m->out_reg[k]);
    for (int p = 0; p < PARTS; p++) zero[p] += y[p] - y[p];
  }
  for (int p = 1; p < PARTS; p++) zero[0] += zero[p];
  gm_v8 all = {0};
  memcpy(&all, zero, sizeof *zero);
  return !v8_bits(~v8_at_most(all, all));
}

/* Outputs of the states x at the times t, written for the lanes of mask to their next sample. */
static void samples_write(const lane_run *r, uint32_t mask, const gm_v8 *x, const gm_v8 *xd,
                          gm_v8 t)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  state_to_registers(m, w, x);
  w->reg[0] = t;
  delays_load(r, mask);
  vm_run(m, w, &m->out);
  bool numbers = outputs_are_numbers(m, w);
  for (int l = 0; l < LANES; l++) {
    if (!(mask >> l & 1)) continue;
    lane_slot *s = &w->slot[l];
    double *y = r->span[s->member].y + (ptrdiff_t)s->sample * m->ny;
    const double *from = (const double *)w->reg + l;
    for (int32_t k = 0; k < m->ny; k++) y[k] = from[(ptrdiff_t)m->out_reg[k] * LANES];
    for (int32_t k = 0; k < m->ny && !numbers; k++) y[k] = one_nan(y[k]);
    s->sample++;
    sample_next(r, l);
  }
  if (r->b->nd) samples_write_dot(r, mask, x, xd, t);
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
  while (sample_is_due(&r->span[s->member], s, t, before)) {
    samples_write(r, 1u << lane, r->w->x, r->w->xd, v8_set(t));
    tape_sample(r, lane);
  }
}

static void edge_apply(const lane_run *r, int lane, const gm_edge *e)
{
  lane_work *w = r->w;
  switch (e->kind) {
  case GM_EDGE_BOLUS: w->x[e->port][lane] += e->value; break;
  case GM_EDGE_RATE: w->rate[e->port][lane] = e->value; break;
  case GM_EDGE_REPLACE: w->x[e->port][lane] = e->value; break;
  case GM_EDGE_RESET: lane_reset(r, lane, e->t); break;
  case GM_EDGE_PARAMETER:
    w->reg[r->m->reg_param + e->port][lane] = e->value;
    vm_run(r->m, w, &r->m->setup);
    break;
  }
}

/* One edge, with its directions. */
static void edge_take(const lane_run *r, int lane, int32_t number)
{
  const gm_span *span = &r->span[r->w->slot[lane].member];
  const gm_edge *e = &span->edge[number];
  int32_t nd = r->b->nd;
  if (!nd) {
    tape_edge_before(r, lane, number);
    edge_apply(r, lane, e);
    tape_edge_after(r, lane);
    return;
  }
  ptrdiff_t at = (ptrdiff_t)number * nd;
  tau_set(r, lane, span->edge_td ? span->edge_td + at : NULL);
  tangents_shift(r, lane, 1);
  edge_apply_dot(r, lane, e, span->edge_valued ? span->edge_valued + at : NULL);
  edge_apply(r, lane, e);
  tangents_shift(r, lane, -1);
}

/* The lane's state back to its member. */
static void lane_put(const lane_run *r, int lane)
{
  const gm_batch *b = r->b;
  const lane_work *w = r->w;
  int32_t member = w->slot[lane].member;
  for (int32_t i = 0; i < r->m->nx; i++) {
    b->x[i * b->sx + member * b->sm] = one_nan(w->x[i][lane]);
    b->x[(r->m->nx + i) * b->sx + member * b->sm] = one_nan(w->rate[i][lane]);
  }
  memory_store(r, lane);
  if (b->nd) tangents_put(r, lane);
}

/* A member is done with: its state goes back; its samples not reached become NaN, those too that a
 * member was ending at when they were written (algebra_trust). */
static void lane_store(const lane_run *r, int lane, int status)
{
  lane_slot *s = &r->w->slot[lane];
  const gm_span *span = &r->span[s->member];
  int8_t *all = &r->b->status[s->member];
  if (GM_MEMBER_FAILED(status) && r->m->algebraic_count) s->sample = s->trusted;
  if (r->b->step) r->b->step[s->member] = status ? 0 : r->w->h[lane];
  lane_put(r, lane);
  if (s->method == LANE_FALLBACK && !GM_MEMBER_FAILED(status)) status |= GM_MEMBER_FALLBACK;
  *all = (int8_t)(*all | status);
  for (ptrdiff_t k = (ptrdiff_t)s->sample * r->m->ny; k < (ptrdiff_t)span->sample_count * r->m->ny;
       k++) {
    span->y[k] = NAN;
    for (int32_t d = 0; d < r->b->nd; d++) span->yd[k * r->b->nd + d] = NAN;
  }
  s->member = -1;
  r->w->relook = true;
}

static bool lane_is_finite(const lane_run *r, int lane)
{
  for (int32_t i = 0; i < r->m->nx; i++)
    if (!isfinite(r->w->x[i][lane]) || !isfinite(r->w->rate[i][lane])) return false;
  return true;
}

/* A first step is at least this much of the time, so that time can take it. */
static const double step_shortest = 1e-12;

/* Of two numbers. fmax is a call of the C library's, whose code may not be compiled for vectors:
 * between the two some processors (seen: Xeon, 4th generation) wait 200 cycles. */
static inline double larger(double a, double b) { return a > b ? a : b; }

/* Absolute tolerances from here on: atol for states of size 1 or more, less in proportion for
 * smaller ones, so that moles and litres need no tolerances of their own. A state's size is the
 * largest it had where its member (re)started; one that is 0 takes the size of the largest of all.
 */
static void tolerances_take(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  double largest = 0, atol = r->m->atol;
  for (int32_t i = 0; i < r->m->nx; i++) largest = larger(largest, fabs(w->x[i][lane]));
  for (int32_t i = 0; i < r->m->nx; i++) {
    double x = fabs(w->x[i][lane]), size = larger(w->size[i][lane], x > 0 ? x : largest);
    w->size[i][lane] = size;
    w->atol[i][lane] = size > 0 && size < 1 ? larger(atol * size, 1e-300) : atol;
  }
}

/* All that happens at the lane's present time. False when the member is finished. */
static bool lane_point(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  const gm_span *span = &r->span[s->member];
  double t = w->t[lane];
  bool edges = s->edge < span->edge_count && span->edge[s->edge].t <= t;
  samples_at_point(r, lane, true);
  while (s->edge < span->edge_count && span->edge[s->edge].t <= t) edge_take(r, lane, s->edge++);
  int status = lane_settle(r, lane, edges);
  if (!status && !lane_is_finite(r, lane)) status = GM_MEMBER_DIVERGED;
  if (status) {
    lane_store(r, lane, status);
    return false;
  }
  samples_at_point(r, lane, false);
  if (t >= span->t1) {
    lane_store(r, lane, GM_MEMBER_OK);
    return false;
  }
  const double next = queue_next(r, lane);
  s->t_stop = s->edge < span->edge_count ? span->edge[s->edge].t : span->t1;
  if (next < s->t_stop) s->t_stop = next;
  w->stop[lane] = s->t_stop;
  if (w->restart[lane] != LANE_RESTART_SLOPES) {
    const bool kept = t == span->t0 && w->h[lane] > step_shortest * larger(fabs(t), 1e-90);
    w->restart[lane] = kept ? LANE_RESTART_SLOPES : LANE_RESTART_NEW;
    tolerances_take(r, lane);
  }
  algebra_trust(r, lane);
  return true;
}

static void lane_take(const lane_run *r, int lane, int32_t member)
{
  const gm_batch *b = r->b;
  lane_work *w = r->w;
  w->slot[lane] = (lane_slot){.member = member, .method = r->m->start_method};
  w->steps[lane] = 0;
  w->relook = true;
  sample_next(r, lane);
  b->status[member] = GM_MEMBER_OK;
  for (int32_t i = 0; i < r->m->nx; i++) {
    w->x[i][lane] = b->x[i * b->sx + member * b->sm];
    w->rate[i][lane] = b->x[(r->m->nx + i) * b->sx + member * b->sm];
  }
  parameters_load(r->m, w, b, member, lane);
  vm_run(r->m, w, &r->m->setup);
  w->t[lane] = r->span[member].t0;
  w->h[lane] = b->step ? b->step[member] : 0;
  w->log_last[lane] = log_error_least;
  w->restart[lane] = LANE_RESTART_NEW;
  for (int32_t i = 0; i < r->m->nx; i++) {
    w->size[i][lane] = 0;
    w->atol[i][lane] = r->m->atol;
  }
  memory_take(r, lane);
  if (b->nd) tangents_take(r, lane);
  tape_take(r, lane);
  if (b->nd || w->tape) conditions_take(r, lane); /* slopes before an edge at t0 read them */
}

static bool is_spread(const lane_run *r, int lane); /* lane_linear.h */

/* Gives the lane members until one has a way to go. False: no more members. */
static bool lane_refill(const lane_run *r, int lane)
{
  while (r->w->next_member < r->b->n) {
    lane_take(r, lane, r->w->next_member++);
    if (r->m->is_linear && is_spread(r, lane) != r->spread) {
      r->w->slot[lane].member = -1;
      r->w->postponed = true;
      continue;
    }
    if (lane_point(r, lane)) return true;
  }
  return false;
}

/* After the lane reached its stop: what happens there, and if it is finished the next member. */
static bool lane_arrive(const lane_run *r, int lane)
{
  return lane_point(r, lane) || lane_refill(r, lane);
}

/* Empty lanes, constants in the registers. */
static void lanes_clear(const lane_run *r)
{
  lane_work *w = r->w;
  w->native = lane_kernel_table(r->m->kernel);
  constants_load(r->m, w);
  w->t = w->h = w->stop = w->due = v8_set(0);
  w->alone = w->watched = 0;
  w->relook = true;
  for (int l = 0; l < LANES; l++) {
    w->slot[l] = (lane_slot){.member = -1};
    w->restart[l] = LANE_RESTART_NONE;
    w->queue_count[l] = 0;
  }
}

static bool lanes_begin(const lane_run *r)
{
  bool any = false;
  r->w->next_member = 0;
  lanes_clear(r);
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
