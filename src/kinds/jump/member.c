/* member.c - a member taken from a batch, its edges, samples and points in time, and given back. */
#include "kinds/jump/run.h"
#include <string.h>

static const double count_max = 0x1p53; /* above it a count plus one is the count */

/* ---- values ---------------------------------------------------------------------------------- */
void jump_setup_run(jump_run *r) { (void)jump_code_run(r->m, &r->m->setup, r->reg); }

void jump_count_set(jump_run *r, int32_t state, double value)
{
  double is = rint(value);
  if (is != value && r->any_fast && jump_state_flows(r, state)) is = value;
  is = is < 0 ? 0 : is;
  if (!(is <= count_max)) r->status |= GM_MEMBER_DIVERGED;
  if (is != value) r->status |= GM_MEMBER_PROJECTED;
  r->x[state] = is;
}

static void inflow_look(jump_run *r)
{
  r->inflow = false;
  for (int32_t i = 0; i < r->m->nx; i++)
    r->inflow |= !r->m->is_count[i] && r->reg[r->m->reg_rate + i] != 0;
}

static bool states_are_finite(const jump_run *r)
{
  for (int32_t i = 0; i < 2 * r->m->nx; i++) /* states and input rates lie behind each other */
    if (!isfinite(r->x[i])) return false;
  return true;
}

/* Initial values at time t; input rates 0, no event waits. Draws as gm_equations has them, so that
 * both kinds begin alike. */
static void start_values(jump_run *r, double t)
{
  const jump_machine *m = r->m;
  uint64_t bits;
  memcpy(&bits, &t, sizeof bits);
  for (int32_t i = 0; i < m->nu; i++)
    r->reg[m->reg_uniform + i] = gm_uniform(r->key, r->slot, (uint64_t)i, 0, bits);
  r->reg[0] = t;
  (void)jump_code_run(m, &m->init, r->reg);
  for (int32_t i = 0; i < m->nx; i++) r->flow.z[i] = r->reg[m->init_reg[i]];
  for (int32_t i = 0; i < m->nx; i++) {
    r->reg[m->reg_rate + i] = 0;
    if (m->is_count[i])
      jump_count_set(r, i, r->flow.z[i]);
    else
      r->x[i] = r->flow.z[i];
  }
  r->inflow = false;
  jump_events_begin(r);
}

/* ---- to and from the batch ------------------------------------------------------------------- */
void jump_member_take(jump_run *r, const gm_batch *b, int32_t member)
{
  const jump_machine *m = r->m;
  r->turn = gm__turn_of(b, member);
  r->key = gm__key_of(b, member);
  r->slot = gm__slot_of(b, member);
  r->status = GM_MEMBER_OK;
  r->firings = r->stuck = 0;
  r->flow.h = 0;
  r->flow.fresh = false;
  r->leap.length = 0;
  r->leap.singles = 0;
  r->any_fast = false;
  for (int32_t i = 0; i < m->constant_count; i++) r->reg[m->reg_constant + i] = m->constant[i];
  for (int32_t i = 0; i < m->np; i++)
    r->reg[m->reg_param + i] = b->theta[i * b->psx + member * b->psm];
  for (int32_t k = 0; k < m->channel_count; k++) {
    r->draw_block[k] = -1;
    r->fast[k] = 0;
  }
  jump_setup_run(r);
}

void jump_member_init(jump_run *r, double t0)
{
  const jump_machine *m = r->m;
  r->t = t0;
  for (int32_t e = 0; e < m->event_count; e++) r->fired[e] = 0;
  start_values(r, t0);
  for (int32_t k = 0; k < m->channel_count; k++) {
    r->number[k] = r->rate[k] = 0;
    r->since[k] = t0;
    jump_draw_new(r, k);
  }
  (void)jump_events_at(r, t0);
  jump_refresh(r, t0);
}

static void load_clocks(jump_run *r, double shift)
{
  int32_t row = r->m->at_clock;
  for (int32_t k = 0; k < r->m->channel_count; k++, row += JUMP_CLOCK_ROWS) {
    r->number[k] = gm__row_count(&r->turn, row + 3);
    r->left[k] = gm__row_get(&r->turn, row);
    r->since[k] = gm__row_get(&r->turn, row + 1) + shift;
    r->rate[k] = gm__row_get(&r->turn, row + 2);
    if (!(r->left[k] >= 0 && r->left[k] < INFINITY)) jump_draw_new(r, k);
    if (!(r->rate[k] >= 0 && r->rate[k] < INFINITY)) r->rate[k] = 0;
  }
}

static void load_events(jump_run *r, double shift)
{
  const jump_machine *m = r->m;
  for (int32_t e = 0; e < m->event_count; e++) {
    r->flag[e] = gm__row_get(&r->turn, m->at_event + JUMP_EVENT_ROWS * e) != 0;
    r->fired[e] = gm__row_count(&r->turn, m->at_event + JUMP_EVENT_ROWS * e + 1);
  }
  r->queue_count = 0;
  for (int32_t q = 0; m->delayed && q < m->pending_max; q++) {
    double *w = r->queue + (ptrdiff_t)r->queue_count * m->queue_width;
    int32_t row = m->at_queue + q * m->queue_width;
    double event = gm__row_get(&r->turn, row + 1) - 1; /* 0 in the state: empty */
    if (!(event >= 0 && event < m->event_count)) continue;
    for (int32_t i = 0; i < m->queue_width; i++) w[i] = gm__row_get(&r->turn, row + i);
    w[0] += shift;
    w[1] = floor(event);
    w[2] = gm__count_of(w[2]);
    r->queue_count++;
  }
}

/* A leap that was open goes on when nothing was changed from outside since; else it ends here. */
static void load_leap(jump_run *r, double t0, double shift)
{
  const jump_machine *m = r->m;
  jump_leap *l = &r->leap;
  size_t bytes = (size_t)m->nx * sizeof *r->x;
  l->begin = gm__row_get(&r->turn, m->at_leap) + shift;
  l->length = gm__row_get(&r->turn, m->at_leap + 1);
  l->end = fmin(gm__row_get(&r->turn, m->at_leap + 2) + shift, l->begin + l->length);
  l->singles = gm__row_count(&r->turn, m->at_leap + 3);
  for (int32_t i = 0; i < m->nx; i++)
    l->x[i] = gm__row_get(&r->turn, m->at_leap + JUMP_LEAP_ROWS + i);
  if (!(l->length > 0 && l->begin <= t0 && t0 < l->end)) l->length = 0;
  if (l->length == 0) return;
  bool same = true;
  memcpy(l->drift, r->x, bytes); /* what is seen */
  memcpy(r->x, l->x, bytes);
  r->reg[0] = l->begin;
  for (int32_t k = 0; k < m->channel_count; k++) same &= jump_rate_of(r, k) == r->rate[k];
  jump_leap_draw(r);
  jump_leap_state(r, t0);
  same &= memcmp(r->x, l->drift, bytes) == 0;
  if (same) return;
  memcpy(l->spread, l->drift, bytes);
  jump_leap_cut(r, t0);
  memcpy(r->x, l->spread, bytes);
}

void jump_member_load(jump_run *r, double t0)
{
  const jump_machine *m = r->m;
  double shift = t0 - gm__row_get(&r->turn, m->at_time);
  if (!isfinite(shift)) shift = 0;
  for (int32_t k = 0; m->method == GM_JUMP_HYBRID && k < m->channel_count; k++)
    r->any_fast |= r->fast[k] = gm__row_get(&r->turn, m->at_fast + k) != 0;
  for (int32_t i = 0; i < m->nx; i++) {
    double value = gm__row_get(&r->turn, i);
    r->x[i] = value;
    if (m->is_count[i]) jump_count_set(r, i, value);
    r->reg[m->reg_rate + i] = gm__row_get(&r->turn, m->at_rate + i);
  }
  inflow_look(r);
  load_clocks(r, shift);
  load_events(r, shift);
  r->t = t0;
  if (m->method == GM_JUMP_TAU) load_leap(r, t0, shift);
}

static void store_queue(jump_run *r)
{
  const jump_machine *m = r->m;
  int32_t kept = 0;
  for (int32_t q = 0; q < r->queue_count && kept < m->pending_max; q++, kept++)
    for (int32_t i = 0; i < m->queue_width; i++)
      gm__row_set(&r->turn, m->at_queue + kept * m->queue_width + i,
                  r->queue[(ptrdiff_t)q * m->queue_width + i] + (i == 1));
  for (int32_t i = kept * m->queue_width; i < m->pending_max * m->queue_width; i++)
    gm__row_set(&r->turn, m->at_queue + i, 0);
}

static void store_leap(jump_run *r)
{
  const jump_machine *m = r->m;
  const jump_leap *l = &r->leap;
  bool open = l->length > 0;
  gm__row_set(&r->turn, m->at_leap, open ? l->begin : 0);
  gm__row_set(&r->turn, m->at_leap + 1, open ? l->length : 0);
  gm__row_set(&r->turn, m->at_leap + 2, open ? l->end : 0);
  gm__row_set(&r->turn, m->at_leap + 3, l->singles);
  for (int32_t i = 0; i < m->nx; i++)
    gm__row_set(&r->turn, m->at_leap + JUMP_LEAP_ROWS + i, open ? l->x[i] : 0);
}

void jump_member_store(jump_run *r)
{
  const jump_machine *m = r->m;
  if (m->method == GM_JUMP_TAU && r->leap.length > 0) jump_leap_state(r, r->t);
  for (int32_t i = 0; i < m->nx; i++) {
    gm__row_set(&r->turn, i, r->x[i]);
    gm__row_set(&r->turn, m->at_rate + i, r->reg[m->reg_rate + i]);
  }
  gm__row_set(&r->turn, m->at_time, r->t);
  int32_t row = m->at_clock;
  for (int32_t k = 0; k < m->channel_count; k++, row += JUMP_CLOCK_ROWS) {
    gm__row_set(&r->turn, row, r->left[k]);
    gm__row_set(&r->turn, row + 1, r->since[k]);
    gm__row_set(&r->turn, row + 2, r->rate[k]);
    gm__row_set(&r->turn, row + 3, r->number[k]);
  }
  for (int32_t e = 0; e < m->event_count; e++) {
    gm__row_set(&r->turn, m->at_event + JUMP_EVENT_ROWS * e, r->flag[e]);
    gm__row_set(&r->turn, m->at_event + JUMP_EVENT_ROWS * e + 1, r->fired[e]);
  }
  if (m->delayed) store_queue(r);
  if (m->method == GM_JUMP_TAU) store_leap(r);
  for (int32_t k = 0; m->method == GM_JUMP_HYBRID && k < m->channel_count; k++)
    gm__row_set(&r->turn, m->at_fast + k, r->fast[k]);
}

/* ---- samples --------------------------------------------------------------------------------- */
void jump_sample_write(jump_run *r)
{
  const jump_machine *m = r->m;
  r->reg[0] = r->turn.due;
  (void)jump_code_run(m, &m->out, r->reg);
  double *y = gm__sample_take(&r->turn, m->ny);
  for (int32_t i = 0; i < m->ny; i++) y[i] = r->reg[m->out_reg[i]];
}

/* The next sample, of the state at its own time. */
static void sample_now(jump_run *r)
{
  if (r->leap.length > 0) jump_leap_state(r, r->turn.due);
  jump_sample_write(r);
}

void jump_samples_before(jump_run *r, double t)
{
  while (r->turn.due < t) sample_now(r);
}

static void samples_at(jump_run *r, double t, bool before)
{
  while (gm__sample_is_due(&r->turn, t, before)) sample_now(r);
}

/* ---- points in time -------------------------------------------------------------------------- */
static void add_or_set(jump_run *r, const gm_edge *e)
{
  double value = e->kind == GM_EDGE_BOLUS ? r->x[e->port] + e->value : e->value;
  if (r->m->is_count[e->port])
    jump_count_set(r, e->port, value);
  else
    r->x[e->port] = value;
}

static void edge_apply(jump_run *r, const gm_edge *e)
{
  switch (e->kind) {
  case GM_EDGE_BOLUS:
  case GM_EDGE_REPLACE: add_or_set(r, e); break;
  case GM_EDGE_RATE:
    r->reg[r->m->reg_rate + e->port] = e->value;
    inflow_look(r);
    break;
  case GM_EDGE_PARAMETER:
    r->reg[r->m->reg_param + e->port] = e->value;
    jump_setup_run(r);
    break;
  case GM_EDGE_RESET: start_values(r, e->t); break;
  }
}

static bool edges_apply(jump_run *r, double t)
{
  bool any = false;
  for (const gm_edge *e; (e = gm__edge_take(&r->turn, t)); any = true) {
    if (!any && r->leap.length > 0) jump_leap_cut(r, t);
    edge_apply(r, e);
  }
  return any;
}

/* All that happens at the present time. timed: a time condition may have changed here. */
static void point(jump_run *r, bool first, bool timed)
{
  double t = r->t;
  bool open = r->leap.length > 0, anew = (first && !open) || timed;
  jump_samples_before(r, t);
  samples_at(r, t, true);
  if (edges_apply(r, t)) anew = true;
  if (r->leap.length > 0 && (timed || jump_queue_next(r) <= t)) jump_leap_cut(r, t);
  if (open && r->leap.length == 0) anew = true;
  if (!states_are_finite(r)) r->status |= GM_MEMBER_DIVERGED;
  if (r->status & GM_MEMBER_DIVERGED) return;
  /* within a leap triggers are not looked at: cutting a span in two must change nothing */
  if (r->leap.length == 0 && jump_events_at(r, t)) anew = true;
  if (anew) jump_refresh(r, t);
  if (r->status & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) return;
  samples_at(r, t, false);
}

static void go_on(jump_run *r, double stop)
{
  if (r->m->method == GM_JUMP_HYBRID) (void)jump_partition(r, r->t);
  if (r->m->flows || r->inflow || r->any_fast)
    jump_flow_to(r, stop);
  else if (r->m->method == GM_JUMP_TAU)
    jump_tau_to(r, stop);
  else
    jump_exact_to(r, stop);
}

void jump_member_advance(jump_run *r, const gm_span *span)
{
  const int failed = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS;
  double condition = INFINITY;
  gm__turn_begin(&r->turn, span);
  jump_member_load(r, span->t0);
  for (bool first = true;; first = false) {
    point(r, first, r->t >= condition);
    if (r->status & failed || gm__turn_is_over(&r->turn, r->t)) break;
    condition = jump_condition_next(r, r->t);
    go_on(r, fmin(gm__turn_stop(&r->turn), fmin(condition, jump_queue_next(r))));
    if (r->status & failed) break;
  }
  jump_member_store(r);
  gm__turn_end(&r->turn, r->m->ny, r->status);
}
