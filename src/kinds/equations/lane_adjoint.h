/* lane_adjoint.h - derivatives of an objective, pulled back through the very steps members made.
 *
 * The transposed of what lane_tangent.h and lane_stiff_tangent.h do, record by record of the tape
 * from the newest on (discrete adjoint; for Runge-Kutta and Rosenbrock methods A. Sandu, P. Miehe
 * and others, e.g. H. Zhang & A. Sandu, FATODE, SIAM J. Sci. Comput. 36 (2014) C504). `bar` of
 * something is the derivative of the objective with respect to it. Every lane goes back through a
 * member of its own; between steps lanes go one by one.
 *
 * Included once for each instruction set, like lane_tangent.h. */
#ifndef GEMEL_EQUATIONS_LANE_ADJOINT_H
#define GEMEL_EQUATIONS_LANE_ADJOINT_H
#include "kinds/equations/lane_drive.h"
#include "kinds/equations/lane_tape.h"

_Static_assert((int)BAR_STAGES >= (int)RODAS_STAGES && (int)BAR_STAGES >= (int)STAGES,
               "room of the stages' bars");

typedef struct {
  const lane_run *r;
  const lane_tape *tape;
  double *xbar, *thetabar;
  const lane_record *at[LANES];     /* the record to be undone next */
  const double *environment[LANES]; /* what the registers hold */
} lane_back;

/* ---- members come and go --------------------------------------------------------------------- */
static double *bar_row(const lane_back *k, int32_t member, int32_t row)
{
  const gm_batch *b = k->r->b;
  return k->xbar + row * b->sx + member * b->sm;
}

static double *bar_waiting(const lane_run *r, int lane, int32_t i)
{
  return r->w->bar.queue + (waiting(r, lane, i) - r->w->queue);
}

static void waiting_clear(const lane_run *r, int lane)
{
  size_t count = (size_t)r->m->queue_max * (size_t)r->m->pending_width;
  memset(bar_waiting(r, lane, 0), 0, count * sizeof(double));
}

static double *bar_lane(gm_v8 *v, int lane) { return (double *)v + lane; }

/* A member without a result has no derivatives. */
static void back_refuse(const lane_back *k, int32_t member)
{
  const lane_machine *m = k->r->m;
  const gm_batch *b = k->r->b;
  const gm_span *span = &k->r->span[member];
  const gm_pull *pull = &k->tape->pull[member];
  for (int32_t i = 0; i < 2 * m->nx + m->memory_count; i++) *bar_row(k, member, i) = (double)NAN;
  for (int32_t i = 0; i < m->np; i++) k->thetabar[i * b->psx + member * b->psm] = (double)NAN;
  for (int32_t i = 0; i < span->edge_count; i++) {
    if (pull->edge_tbar) pull->edge_tbar[i] = (double)NAN;
    if (pull->edge_valuebar) pull->edge_valuebar[i] = (double)NAN;
  }
}

/* Waiting events' bars out of the rows of xbar, or into them. Only times and values have any. */
static void back_queue(const lane_back *k, int lane, bool out)
{
  const lane_run *r = k->r;
  const lane_machine *m = r->m;
  int32_t member = r->w->slot[lane].member, first = 2 * m->nx + m->event_count + 1;
  double count = m->pending_max ? r->b->x[(first - 1) * r->b->sx + member * r->b->sm] : 0;
  if (!m->queue_max) return;
  if (!out) waiting_clear(r, lane);
  for (int32_t i = 0; i < m->pending_max * m->pending_width; i++) {
    int32_t part = i % m->pending_width;
    bool has = part == WAIT_TIME || part >= WAIT_VALUES;
    double *row = bar_row(k, member, first + i), *bar = bar_waiting(r, lane, 0) + i;
    if (out)
      *row = has ? *bar : 0;
    else if (has && i < count * m->pending_width)
      *bar = *row;
  }
}

/* A member into the lane. False: it has no derivatives. */
static bool back_take(lane_back *k, int lane, int32_t member)
{
  const lane_run *r = k->r;
  const gm_pull *pull = &k->tape->pull[member];
  lane_bars *bar = &r->w->bar;
  if (r->b->status[member] != GM_MEMBER_OK) {
    back_refuse(k, member);
    return false;
  }
  r->w->slot[lane] = (lane_slot){.member = member};
  k->at[lane] = k->tape->last[member];
  k->environment[lane] = NULL;
  for (int32_t i = 0; i < r->m->nx; i++) {
    *bar_lane(&bar->x[i], lane) = *bar_row(k, member, i);
    *bar_lane(&bar->rate[i], lane) = *bar_row(k, member, r->m->nx + i);
  }
  for (int32_t i = 0; i < r->m->np; i++) *bar_lane(&bar->param[i], lane) = 0;
  *bar_lane(&bar->tau, lane) = 0;
  back_queue(k, lane, false);
  for (int32_t i = 0; i < r->span[member].edge_count; i++) {
    if (pull->edge_tbar) pull->edge_tbar[i] = 0;
    if (pull->edge_valuebar) pull->edge_valuebar[i] = 0;
  }
  return true;
}

static void back_finish(const lane_back *k, int lane)
{
  const lane_run *r = k->r;
  const lane_machine *m = r->m;
  const gm_batch *b = r->b;
  lane_bars *bar = &r->w->bar;
  int32_t member = r->w->slot[lane].member;
  for (int32_t i = 0; i < m->nx; i++) {
    *bar_row(k, member, i) = one_nan(*bar_lane(&bar->x[i], lane));
    *bar_row(k, member, m->nx + i) = one_nan(*bar_lane(&bar->rate[i], lane));
  }
  for (int32_t i = 0; i < m->memory_count; i++) *bar_row(k, member, 2 * m->nx + i) = 0;
  back_queue(k, lane, true);
  for (int32_t i = 0; i < m->np; i++) {
    double *sum = &k->thetabar[i * b->psx + member * b->psm];
    *sum = one_nan(*sum + *bar_lane(&bar->param[i], lane));
  }
  r->w->slot[lane].member = -1;
}

/* The lane's state, as it was recorded. */
static void record_load(lane_back *k, int lane, const lane_record *q)
{
  const lane_machine *m = k->r->m;
  lane_work *w = k->r->w;
  const double *e = q->environment;
  w->t[lane] = q->t;
  for (int32_t i = 0; i < m->nx && q->what > TAPE_REMOVE; i++) *bar_lane(&w->x[i], lane) = q->x[i];
  if (e == k->environment[lane]) return;
  k->environment[lane] = e;
  for (int32_t i = 0; i < m->nx; i++) *bar_lane(&w->rate[i], lane) = *e++;
  for (int32_t i = 0; i < m->np; i++) *bar_lane(&w->reg[m->reg_param + i], lane) = *e++;
  for (int32_t i = 0; i < m->mode_count; i++) *bar_lane(&w->reg[m->reg_mode + i], lane) = *e++;
  vm_run(m, w, &m->setup);
}

/* ---- between steps: one lane ----------------------------------------------------------------- */
static void present_load(const lane_run *r)
{
  state_to_registers(r->m, r->w, r->w->x);
  r->w->reg[0] = r->w->t;
}

static void seed_lane(const lane_run *r, int32_t i, int lane, double v)
{
  *bar_lane(&r->w->reg[r->m->adjoint.reg_seed + i], lane) = v;
}

static void seeds_clear(const lane_run *r, int32_t count)
{
  for (int32_t i = 0; i < count; i++) r->w->reg[r->m->adjoint.reg_seed + i] = v8_set(0);
}

/* Runs a gradient's code and adds factor times what it gives to the lane's bars; skip: states
 * whose share is dropped (NULL: none). */
static void pull_lane(const lane_run *r, int lane, const lane_gradient *g, double factor,
                      const uint8_t *kind)
{
  const lane_machine *m = r->m;
  lane_bars *bar = &r->w->bar;
  vm_run(m, r->w, &g->code);
  for (int32_t e = 0; e < g->count; e++) {
    int32_t row = g->row[e];
    double v = factor * *bar_lane(&r->w->reg[g->reg[e]], lane);
    if (row < m->nx && kind && kind[row] == EQ_STATE_ALGEBRAIC) continue;
    if (row < m->nx)
      *bar_lane(&bar->x[row], lane) += v;
    else if (row < m->nx + m->np)
      *bar_lane(&bar->param[row - m->nx], lane) += v;
    else
      *bar_lane(&bar->tau, lane) += v;
  }
}

/* Algebraic states move with all else by z' = - (dg/dz)^-1 g', so that weight . z' = seeds . g'
 * with (dg/dz)^T seeds = - weight. The seeds, for the code of the rates, of one lane at its present
 * state. */
static void algebra_seeds(const lane_run *r, int lane, const gm_v8 *weight)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t n = m->algebraic_count, width = n + 1;
  algebra_fill(r, lane);
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < i; j++) {
      double swap = w->algebra[i * width + j];
      w->algebra[i * width + j] = w->algebra[j * width + i];
      w->algebra[j * width + i] = swap;
    }
  for (int32_t i = 0; i < n; i++) w->algebra[i * width + n] = -weight[m->algebraic[i]][lane];
  bool ok = eliminate(w->algebra, n);
  seeds_clear(r, m->nx);
  for (int32_t i = 0; i < n; i++)
    seed_lane(r, m->algebraic[i], lane, ok ? w->algebra[i * width + n] : (double)NAN);
}

/* The sum over states of weight times slope of one lane at its present state (lane_slopes). */
static double along_slopes(const lane_run *r, int lane, const gm_v8 *weight)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const lane_gradient *g = &m->adjoint.rhs;
  double sum = 0;
  present_load(r);
  vm_run(m, w, &m->rhs);
  for (int32_t i = 0; i < m->nx; i++) {
    w->probe[i] = w->reg[m->rhs_reg[i]] + w->rate[i];
    if (m->kind[i] == EQ_STATE_ALGEBRAIC) continue;
    sum = __builtin_fma(w->probe[i][lane], weight[i][lane], sum);
  }
  if (!m->algebraic_count) return sum;
  algebra_seeds(r, lane, weight);
  present_load(r);
  vm_run(m, w, &g->code);
  for (int32_t e = 0; e < g->count; e++) {
    int32_t row = g->row[e];
    double v = w->reg[g->reg[e]][lane];
    if (row == m->nx + m->np) sum += v;
    if (row < m->nx && m->kind[row] != EQ_STATE_ALGEBRAIC)
      sum = __builtin_fma(v, w->probe[row][lane], sum);
  }
  return sum;
}

/* States went along their slopes by sign tau. */
static void back_shift(const lane_run *r, int lane, int32_t sign)
{
  lane_work *w = r->w;
  *bar_lane(&w->bar.tau, lane) += sign * along_slopes(r, lane, w->bar.x);
}

/* tau = - (gap along the direction) / (gap along time), 0 where that is no number. */
static void back_tau_condition(const lane_run *r, int lane, int32_t condition)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const lane_gradient *g = &m->adjoint.gap;
  double along_time = 0, tau = w->bar.tau[lane];
  present_load(r);
  seeds_clear(r, m->condition_count);
  seed_lane(r, condition, lane, 1);
  vm_run(m, w, &g->code);
  for (int32_t i = 0; i < m->nx; i++) w->bar.slope[i] = v8_set(0);
  for (int32_t e = 0; e < g->count; e++) {
    if (g->row[e] < m->nx) w->bar.slope[g->row[e]] = w->reg[g->reg[e]];
    if (g->row[e] == m->nx + m->np) along_time = w->reg[g->reg[e]][lane];
  }
  along_time += along_slopes(r, lane, w->bar.slope);
  present_load(r);
  seeds_clear(r, m->condition_count);
  seed_lane(r, condition, lane, 1);
  if (isfinite(1 / along_time)) pull_lane(r, lane, g, -tau / along_time, NULL);
  *bar_lane(&w->bar.tau, lane) = 0;
}

static void back_edge(const lane_back *k, int lane, int32_t number)
{
  const lane_run *r = k->r;
  int32_t member = r->w->slot[lane].member;
  const gm_edge *e = &r->span[member].edge[number];
  lane_bars *bar = &r->w->bar;
  double v = 0;
  switch (e->kind) {
  case GM_EDGE_BOLUS: v = bar->x[e->port][lane]; break;
  case GM_EDGE_RATE:
    v = bar->rate[e->port][lane];
    *bar_lane(&bar->rate[e->port], lane) = 0;
    break;
  case GM_EDGE_REPLACE:
    v = bar->x[e->port][lane];
    *bar_lane(&bar->x[e->port], lane) = 0;
    break;
  case GM_EDGE_PARAMETER:
    v = bar->param[e->port][lane];
    *bar_lane(&bar->param[e->port], lane) = 0;
    break;
  case GM_EDGE_RESET: break; /* TAPE_INIT does it */
  }
  if (k->tape->pull[member].edge_valuebar) k->tape->pull[member].edge_valuebar[number] = one_nan(v);
}

/* States and rates have begun anew. The first of all keeps what belongs to its outcome: the
 * states at t0, which the caller may ask for. */
static void back_init(const lane_run *r, int lane, bool first)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  uniforms_load(m, w, r->b, w->slot[lane].member, lane, 0, 0);
  w->reg[0] = w->t;
  for (int32_t i = 0; i < m->nx; i++) {
    seed_lane(r, i, lane, w->bar.x[i][lane]);
    if (!first) *bar_lane(&w->bar.x[i], lane) = *bar_lane(&w->bar.rate[i], lane) = 0;
  }
  pull_lane(r, lane, &m->adjoint.init, 1, NULL);
  if (m->queue_max) waiting_clear(r, lane);
}

/* Seeds of an event's delay (0) and values are there. */
static void pull_event(const lane_run *r, int lane, int32_t event)
{
  present_load(r);
  uniforms_load(r->m, r->w, r->b, r->w->slot[lane].member, lane, 1 + 2 * event, r->w->t[lane]);
  pull_lane(r, lane, &r->m->adjoint.event[event], 1, NULL);
}

static void back_trigger(const lane_run *r, int lane, int32_t event, int32_t place)
{
  lane_work *w = r->w;
  double *q = bar_waiting(r, lane, place), due = q[WAIT_TIME];
  seed_lane(r, 0, lane, due);
  for (int32_t i = 0; i < r->m->event[event].assign_count; i++)
    seed_lane(r, 1 + i, lane, q[WAIT_VALUES + i]);
  memset(q, 0, (size_t)r->m->pending_width * sizeof *q);
  *bar_lane(&w->bar.tau, lane) += due;
  pull_event(r, lane, event);
}

static void back_execute(const lane_run *r, int lane, int32_t event, int32_t place)
{
  const lane_event *e = &r->m->event[event];
  double *q = bar_waiting(r, lane, place);
  seed_lane(r, 0, lane, 0);
  for (int32_t i = e->assign_count - 1; i >= 0; i--) {
    double *bar = bar_lane(&r->w->bar.x[e->state[i]], lane);
    if (e->at_trigger)
      q[WAIT_VALUES + i] += *bar;
    else
      seed_lane(r, 1 + i, lane, *bar);
    *bar = 0;
  }
  if (!e->at_trigger) pull_event(r, lane, event);
}

/* The removed event gets its place back; nothing hung on it any more. */
static void back_remove(const lane_run *r, int lane, int32_t place)
{
  size_t width = (size_t)r->m->pending_width, behind = (size_t)(r->m->queue_max - 1 - place);
  double *q = bar_waiting(r, lane, place);
  memmove(q + width, q, behind * width * sizeof *q);
  memset(q, 0, width * sizeof *q);
}

/* z follows from 0 = g: z' = - (dg/dz)^-1 (g along all else). */
static void back_algebra(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  algebra_seeds(r, lane, r->w->bar.x);
  for (int32_t i = 0; i < m->algebraic_count; i++)
    *bar_lane(&r->w->bar.x[m->algebraic[i]], lane) = 0;
  present_load(r);
  pull_lane(r, lane, &m->adjoint.rhs, 1, m->kind);
}

static const double *sample_bar(const lane_back *k, int lane, int32_t sample)
{
  const lane_run *r = k->r;
  return k->tape->pull[r->w->slot[lane].member].ybar + (ptrdiff_t)sample * r->m->ny;
}

static void back_sample(const lane_back *k, int lane, int32_t sample)
{
  const lane_run *r = k->r;
  const double *ybar = sample_bar(k, lane, sample);
  present_load(r);
  for (int32_t i = 0; i < r->m->ny; i++) seed_lane(r, i, lane, ybar[i]);
  double tau = r->w->bar.tau[lane];
  pull_lane(r, lane, &r->m->adjoint.out, 1, NULL);
  *bar_lane(&r->w->bar.tau, lane) = tau; /* a sample does not move */
}

static void back_tau(const lane_back *k, int lane, const lane_record *q)
{
  const lane_run *r = k->r;
  double *tau = bar_lane(&r->w->bar.tau, lane);
  if (q->what == TAPE_TAU_WAITING) bar_waiting(r, lane, q->place)[WAIT_TIME] += *tau;
  if (q->what == TAPE_TAU_EDGE)
    k->tape->pull[r->w->slot[lane].member].edge_tbar[q->number] = one_nan(*tau);
  *tau = 0;
}

static void back_record(lane_back *k, int lane, const lane_record *q)
{
  const lane_run *r = k->r;
  record_load(k, lane, q);
  switch (q->what) {
  case TAPE_TAU_CONDITION: back_tau_condition(r, lane, q->number); break;
  case TAPE_SHIFT: back_shift(r, lane, q->number); break;
  case TAPE_EDGE: back_edge(k, lane, q->number); break;
  case TAPE_INIT: back_init(r, lane, !q->before); break;
  case TAPE_TRIGGER: back_trigger(r, lane, q->number, q->place); break;
  case TAPE_EXECUTE: back_execute(r, lane, q->number, q->place); break;
  case TAPE_REMOVE: back_remove(r, lane, q->place); break;
  case TAPE_ALGEBRA: back_algebra(r, lane); break;
  case TAPE_SAMPLE: back_sample(k, lane, q->number); break;
  default: back_tau(k, lane, q); break;
  }
}

/* Everything up to the next step. False: the member is finished. */
static bool back_point(lane_back *k, int lane)
{
  const lane_record *q = k->at[lane];
  for (; q && q->what != TAPE_STEP; q = q->before) back_record(k, lane, q);
  k->at[lane] = q;
  if (!q) back_finish(k, lane);
  return q != NULL;
}

static void back_refill(lane_back *k, int lane)
{
  lane_work *w = k->r->w;
  while (w->next_member < k->r->b->n)
    if (back_take(k, lane, w->next_member++) && back_point(k, lane)) return;
}

/* ---- steps: all lanes ------------------------------------------------------------------------ */
/* Runs a gradient's code; for the lanes of mask its shares of states go to bar.slope (0
 * elsewhere), those of parameters are added. Within a step time does not move. */
static void pull_lanes(const lane_run *r, v8i mask, const lane_gradient *g)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const gm_v8 bits = (gm_v8)mask;
  const lane_part *chosen = (const lane_part *)&bits, zero = part_set(0);
  vm_run(m, w, &g->code);
  memset(w->bar.slope, 0, (size_t)m->nx * sizeof *w->bar.slope);
  for (int32_t e = 0; e < g->count; e++) {
    int32_t row = g->row[e];
    if (row == m->nx + m->np) continue;
    const lane_part *from = (const lane_part *)(w->reg + g->reg[e]);
    lane_part *to = (lane_part *)(row < m->nx ? w->bar.slope + row : w->bar.param + (row - m->nx));
    for (int p = 0; p < PARTS; p++) to[p] += part_blend(chosen[p], from[p], zero);
  }
}

/* Weights of the stages at theta of a step h. */
static void stiff_weights(gm_v8 theta, gm_v8 weight[RODAS_STAGES])
{
  gm_v8 scale = theta * (v8_set(1) - theta);
  for (int s = 0; s < RODAS_STAGES; s++) {
    gm_v8 v = v8_fma(v8_set(rodas_H[2][s]), theta, v8_set(rodas_H[1][s]));
    weight[s] = v8_fma(v, theta, v8_set(rodas_H[0][s])) * scale;
  }
}

/* bar.slope is what belongs to the states at theta: to the beginning, the end and the stages with
 * it. */
static void back_dense(const lane_run *r, v8i mask, gm_v8 h, gm_v8 theta)
{
  lane_work *w = r->w;
  lane_bars *bar = &w->bar;
  int32_t nx = r->m->nx;
  gm_v8 weight[BAR_STAGES], zero = v8_set(0), of_stiff[RODAS_STAGES], of_explicit[STAGES];
  v8i stiff = lanes_mask(w->stiff_lanes) & mask, other = mask & ~stiff;
  stiff_weights(theta, of_stiff);
  explicit_weights(h, theta, of_explicit);
  for (int s = 0; s < BAR_STAGES; s++)
    weight[s] =
        v8_blend(stiff, of_stiff[s], v8_blend(other, s < STAGES ? of_explicit[s] : zero, zero));
  gm_v8 begin = v8_blend(stiff, v8_set(1) - theta, v8_blend(other, v8_set(1), zero));
  gm_v8 end = v8_blend(stiff, theta, zero);
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 v = bar->slope[i];
    bar->x[i] = v8_fma(begin, v, bar->x[i]);
    bar->end[i] = v8_fma(end, v, bar->end[i]);
    for (int s = 0; s < BAR_STAGES; s++) {
      gm_v8 *stage = &bar->stage[(ptrdiff_t)s * nx + i];
      *stage = v8_fma(weight[s], v, *stage);
    }
  }
}

/* Samples number `turn` of the steps, counted from their last; false: there are none. */
static bool back_samples(const lane_back *k, gm_v8 h, int32_t turn)
{
  const lane_run *r = k->r;
  lane_work *w = r->w;
  uint32_t mask = 0;
  gm_v8 t = w->t;
  for (int l = 0; l < LANES; l++) {
    if (!(w->active >> l & 1)) continue;
    const lane_record *q = k->at[l];
    int32_t number = q->sample - 1 - turn;
    if (number < (q->before ? q->before->sample : 0)) continue;
    const double *ybar = sample_bar(k, l, number);
    for (int32_t i = 0; i < r->m->ny; i++) seed_lane(r, i, l, ybar[i]);
    t[l] = r->span[w->slot[l].member].sample[number];
    mask |= 1u << l;
  }
  if (!mask) return false;
  v8i chosen = lanes_mask(mask);
  gm_v8 theta = v8_blend(h > v8_set(0), (t - w->t) / h, v8_set(0));
  dense(r, h, theta, w->scale);
  state_to_registers(r->m, w, w->scale);
  w->reg[0] = t;
  pull_lanes(r, chosen, &r->m->adjoint.out);
  back_dense(r, chosen, h, theta);
  return true;
}

/* The argument of stage s and its bar as weights into the registers. Inlined with a constant s. */
static inline __attribute__((always_inline)) void explicit_load(const lane_run *r, v8i mask,
                                                                gm_v8 h, const int s)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)m->nx * PARTS;
  const lane_part *x = (const lane_part *)w->x, *k = (const lane_part *)w->k;
  const lane_part *bar = (const lane_part *)w->bar.stage + s * count;
  lane_part *argument = (lane_part *)(w->reg + m->reg_state), *rate = (lane_part *)w->bar.rate;
  lane_part *seed = (lane_part *)(w->reg + m->adjoint.reg_seed), zero = part_set(0);
  const gm_v8 bits = (gm_v8)mask;
  for (int p = 0; p < PARTS; p++) {
    lane_part chosen = ((const lane_part *)&bits)[p], step = ((const lane_part *)&h)[p];
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part sum = zero;
      for (int j = 0; j < s; j++) sum = part_fma(part_set(tsit_a[s][j]), k[j * count + e], sum);
      argument[e] = part_fma(step, sum, x[e]);
      seed[e] = bar[e];
      rate[e] += part_blend(chosen, bar[e], zero);
    }
  }
}

/* bar.slope is what belongs to the argument of stage s: to the states and the stages before. */
static inline __attribute__((always_inline)) void explicit_give(const lane_run *r, v8i mask,
                                                                gm_v8 h, const int s)
{
  lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *slope = (const lane_part *)w->bar.slope;
  lane_part *x = (lane_part *)w->bar.x, *stage = (lane_part *)w->bar.stage;
  gm_v8 own = v8_blend(mask, h, v8_set(0));
  for (int p = 0; p < PARTS; p++) {
    lane_part step = ((const lane_part *)&own)[p];
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part v = step * slope[e];
      x[e] += slope[e];
      for (int j = 0; j < s; j++)
        stage[j * count + e] = part_fma(part_set(tsit_a[s][j]), v, stage[j * count + e]);
    }
  }
}

static inline __attribute__((always_inline)) void explicit_back(const lane_run *r, v8i mask,
                                                                gm_v8 h, const int s)
{
  explicit_load(r, mask, h, s);
  r->w->reg[0] = v8_fma(v8_set(tsit_c[s]), h, r->w->t);
  pull_lanes(r, mask, &r->m->adjoint.rhs);
  explicit_give(r, mask, h, s);
}

/* The transposed of explicit_tangents. */
static void back_explicit(const lane_run *r, v8i mask, gm_v8 h)
{
  explicit_back(r, mask, h, 6);
  explicit_back(r, mask, h, 5);
  explicit_back(r, mask, h, 4);
  explicit_back(r, mask, h, 3);
  explicit_back(r, mask, h, 2);
  explicit_back(r, mask, h, 1);
  explicit_back(r, mask, h, 0);
}

/* ---- the stiff method ------------------------------------------------------------------------ */
/* The argument of stage s into the registers. */
static void stiff_argument(const lane_run *r, int s)
{
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *from = (const lane_part *)w->x, *u = (const lane_part *)w->stiff;
  lane_part *to = (lane_part *)(w->reg + r->m->reg_state);
  int free = s < RODAS_FREE ? s : RODAS_FREE - 1;
  for (ptrdiff_t e = 0; e < count; e++) {
    lane_part x = from[e];
    for (int j = 0; j < free; j++) x = part_fma(part_set(rodas_a[free][j]), u[j * count + e], x);
    for (int j = free; j < s; j++) x += u[j * count + e];
    to[e] = x;
  }
}

/* W^T v = bar of stage s: v into w->other, 0 in lanes that are not of mask. */
static void stage_transposed(const lane_run *r, v8i mask, int s)
{
  const lane_lu *lu = r->m->lu;
  lane_work *w = r->w;
  const gm_v8 *from = w->bar.stage + (ptrdiff_t)s * r->m->nx;
  for (int32_t i = 0; i < r->m->nx; i++) w->reg[lu->solution_reg + i] = from[i];
  vm_run(r->m, w, &r->m->adjoint.solve);
  for (int32_t i = 0; i < r->m->nx; i++)
    w->other[i] = v8_blend(mask, w->reg[lu->solution_reg + lu->place[i]], v8_set(0));
}

/* The same of one lane, with its own factors P W = L U. */
static void stage_pivoted(const lane_run *r, pivoted_lu *p, int lane, int s)
{
  ptrdiff_t n = p->n;
  const gm_v8 *from = r->w->bar.stage + s * n;
  double *y = p->y;
  for (int32_t i = 0; i < n; i++) {
    double sum = from[i][lane];
    for (int32_t j = 0; j < i; j++) sum = __builtin_fma(-p->a[j * n + i], y[j], sum);
    y[i] = sum / p->a[i * n + i];
  }
  for (int32_t i = p->n - 1; i >= 0; i--) {
    double sum = y[i];
    for (int32_t j = i + 1; j < n; j++) sum = __builtin_fma(-p->a[j * n + i], y[j], sum);
    y[i] = sum;
  }
  for (int32_t i = 0; i < n; i++) r->w->other[i] = v8_set(0);
  for (int32_t i = 0; i < n; i++) *bar_lane(&r->w->other[p->order[i]], lane) = y[i];
}

/* v u^T, entry by entry of the Jacobian, is added. */
static void weights_of_matrix(const lane_machine *m, const gm_v8 *v, const gm_v8 *u, gm_v8 *sum)
{
  for (int32_t e = 0; e < m->jacobian.count; e++) {
    const lane_part *a = (const lane_part *)(v + m->jacobian.row[e]);
    const lane_part *b = (const lane_part *)(u + m->jacobian.col[e]);
    lane_part *to = (lane_part *)(sum + e);
    for (int p = 0; p < PARTS; p++) to[p] = part_fma(a[p], b[p], to[p]);
  }
}

/* What v = w->other of stage s means for f, the input, the stages before and W. */
static void stage_back(const lane_run *r, v8i mask, int s, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  lane_bars *bar = &w->bar;
  ptrdiff_t nx = m->nx;
  const gm_v8 *v = w->other;
  gm_v8 over_h = v8_blend(mask, v8_set(1) / h, v8_set(0)), moved = v8_set(rodas_d[s]) * h;
  const lane_part *part_over_h = (const lane_part *)&over_h;
  for (int32_t i = 0; i < nx; i++) {
    w->reg[m->adjoint.reg_seed + i] = v[i];
    gm_v8 *time = &bar->jacobian[m->jacobian.count + i];
    *time = v8_fma(moved, v[i], *time);
    if (m->kind[i] == EQ_STATE_ALGEBRAIC) continue;
    bar->rate[i] += v[i];
    for (int p = 0; p < PARTS; p++) {
      lane_part q = ((const lane_part *)(v + i))[p] * part_over_h[p];
      for (int j = 0; j < s; j++) {
        lane_part *stage = (lane_part *)(bar->stage + j * nx + i) + p;
        *stage = part_fma(part_set(rodas_C[s][j]), q, *stage);
      }
    }
  }
  weights_of_matrix(m, v, w->stiff + s * nx, bar->jacobian);
  stiff_argument(r, s);
  w->reg[0] = v8_fma(v8_set(rodas_c[s]), h, w->t);
  pull_lanes(r, mask, &m->adjoint.rhs);
}

/* bar.slope is what belongs to the argument of stage s: to where that is from. Arguments from
 * RODAS_FREE on hang on the one before, whose bar is bar.argument. */
static void argument_back(const lane_run *r, v8i mask, int s)
{
  const lane_bars *bar = &r->w->bar;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *slope = (const lane_part *)bar->slope, zero = part_set(0);
  lane_part *stage = (lane_part *)bar->stage, *argument = (lane_part *)bar->argument;
  lane_part *x = (lane_part *)bar->x;
  const gm_v8 bits = (gm_v8)mask;
  for (int p = 0; p < PARTS; p++) {
    lane_part chosen = ((const lane_part *)&bits)[p];
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part v = slope[e];
      if (s >= RODAS_FREE - 1) v = argument[e] += v;
      v = part_blend(chosen, v, zero);
      if (s >= RODAS_FREE) {
        stage[(s - 1) * count + e] += v;
        continue;
      }
      x[e] += v;
      for (int j = 0; j < s; j++)
        stage[j * count + e] = part_fma(part_set(rodas_a[s][j]), v, stage[j * count + e]);
    }
  }
}

/* The transposed of stiff_tangents, in the lanes of mask; p: factors of the one lane, NULL: those
 * of lane_lu.h, which the step just made has left in the registers. */
static void back_stiff(const lane_run *r, v8i mask, gm_v8 h, pivoted_lu *p, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  lane_bars *bar = &w->bar;
  int32_t nx = m->nx, entries = m->jacobian.count + nx;
  for (int32_t e = 0; e < entries; e++) bar->jacobian[e] = v8_set(0);
  for (int32_t i = 0; i < nx; i++) {
    bar->argument[i] = v8_blend(mask, bar->end[i], v8_set(0));
    bar->stage[(ptrdiff_t)(RODAS_STAGES - 1) * nx + i] += bar->argument[i];
  }
  for (int s = RODAS_STAGES - 1; s >= 0; s--) {
    if (p)
      stage_pivoted(r, p, lane, s);
    else
      stage_transposed(r, mask, s);
    stage_back(r, mask, s, h);
    argument_back(r, mask, s);
  }
  present_load(r);
  for (int32_t e = 0; e < entries; e++) w->reg[m->adjoint.reg_seed + e] = bar->jacobian[e];
  pull_lanes(r, mask, &m->adjoint.jacobian);
  for (int32_t i = 0; i < nx; i++) bar->x[i] += bar->slope[i];
}

static void back_pivoted(const lane_run *r, int lane, gm_v8 h)
{
  const lane_machine *m = r->m;
  pivoted_lu p = pivoted_of(r);
  present_load(r);
  vm_run(m, r->w, &m->jacobian.code);
  pivoted_fill(r, &p, lane, 1 / (rodas_gamma * h[lane]));
  bool ok = pivoted_factor(&p); /* as in the step itself, which was accepted */
  if (!ok) p.a[0] = (double)NAN;
  back_stiff(r, lanes_mask(1u << lane), h, &p, lane);
}

/* ---- the whole ------------------------------------------------------------------------------- */
/* The steps are made again, so that their stages are there. */
static void steps_load(lane_back *k, gm_v8 *h, gm_v8 *theta)
{
  const lane_run *r = k->r;
  lane_work *w = r->w;
  *h = *theta = v8_set(1);
  for (int l = 0; l < LANES; l++) {
    const lane_record *q = k->at[l];
    if (w->slot[l].member < 0) continue;
    record_load(k, l, q);
    w->slot[l].method = (lane_method)q->number;
    (*h)[l] = q->h;
    (*theta)[l] = (q->t_new - q->t) / q->h;
  }
  lanes_look(w);
  if (w->stiff_lanes != w->active) {
    state_to_registers(r->m, w, w->x);
    slopes(r, w->t, w->k);
  }
  (void)lanes_attempt(r, *h);
}

static void back_steps(lane_back *k)
{
  const lane_run *r = k->r;
  lane_work *w = r->w;
  lane_bars *bar = &w->bar;
  int32_t nx = r->m->nx;
  gm_v8 h, theta;
  steps_load(k, &h, &theta);
  v8i active = lanes_mask(w->active);
  for (int32_t i = 0; i < nx; i++) {
    bar->slope[i] = v8_blend(active, bar->x[i], v8_set(0));
    bar->x[i] = bar->end[i] = v8_set(0);
  }
  for (int32_t i = 0; i < BAR_STAGES * nx; i++) bar->stage[i] = v8_set(0);
  back_dense(r, active, h, theta);
  for (int32_t turn = 0; back_samples(k, h, turn); turn++) {}
  uint32_t pivoted = w->pivoted & w->active, stiff = w->stiff_lanes & ~pivoted;
  if (w->active & ~w->stiff_lanes) back_explicit(r, lanes_mask(w->active & ~w->stiff_lanes), h);
  if (stiff) back_stiff(r, lanes_mask(stiff), h, NULL, 0);
  for (int l = 0; l < LANES; l++)
    if (pivoted >> l & 1) back_pivoted(r, l, h);
  for (int l = 0; l < LANES; l++) {
    if (w->slot[l].member < 0) continue;
    k->at[l] = k->at[l]->before;
    if (!back_point(k, l)) back_refill(k, l);
  }
}

static void adjoint_run(const lane_run *r, const lane_tape *tape, double *xbar, double *thetabar)
{
  lane_back k = {.r = r, .tape = tape, .xbar = xbar, .thetabar = thetabar};
  lane_work *w = r->w;
  w->next_member = 0;
  lanes_clear(r);
  for (int l = 0; l < LANES; l++) back_refill(&k, l);
  while (lanes_active(w)) back_steps(&k);
}
#endif
