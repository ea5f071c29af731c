/* flow.c - what moves between jumps: rate rules, inputs into continuous states, reactions that flow
 * (hybrid: Haseltine & Rawlings, J. Chem. Phys. 117:6959, 2002), and the hazards of the channels
 * that jump, integrated until a clock runs out.
 *
 * Rows: states, then clocks (left), then the bends of conditions, which only keep steps short where
 * a condition turns. Dormand & Prince 5(4) with its dense output (Hairer, Norsett & Wanner, Solving
 * ordinary differential equations I, 2nd ed., sections II.5 and II.6). */
#include "gemel/math.h"
#include "kinds/jump/run.h"
#include <string.h>

/* LOOKS: places in a step at which triggers are looked at. HALVINGS: more than the 53 bits of a
 * double, so that a place is found to the last one. */
enum { STAGES = 7, LOOKS = 4, HALVINGS = 60 };

static const double node[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
static const double weight[STAGES][6] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
static const double error_weight[STAGES] = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
static const double dense_weight[STAGES] = {
    -12715105075.0 / 11282082432.0,  0,
    87487479700.0 / 32700410799.0,   -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0, -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0};

static int32_t row_count(const jump_machine *m) { return m->nx + m->channel_count + m->bend_count; }

/* ---- slopes ---------------------------------------------------------------------------------- */
static void states_to_registers(jump_run *r, double t, const double *z)
{
  r->reg[0] = t;
  memcpy(r->x, z, (size_t)r->m->nx * sizeof *z);
}

/* A count can fall below 0 by an error of the step; propensities there are taken as 0, and a
 * propensity below 0 at the end of a step is found by jump_refresh. */
static double flow_rate(jump_run *r, int32_t k)
{
  int8_t status = r->status;
  double a = jump_rate_of(r, k);
  r->status = status;
  return a;
}

static void slopes(jump_run *r, double t, const double *z, double *dz)
{
  const jump_machine *m = r->m;
  states_to_registers(r, t, z);
  (void)jump_code_run(m, &m->slope, r->reg);
  for (int32_t i = 0; i < m->nx; i++) {
    dz[i] = m->slope_reg[i] >= 0 ? r->reg[m->slope_reg[i]] : 0;
    if (!m->is_count[i]) dz[i] += r->reg[m->reg_rate + i];
  }
  for (int32_t k = 0; k < m->channel_count; k++) {
    dz[m->nx + k] = 0;
    if (!jump_is_varying(r, k)) continue;
    double a = flow_rate(r, k);
    const jump_channel *c = &m->channel[k];
    if (!r->fast[k]) dz[m->nx + k] = -a;
    for (int32_t i = 0; r->fast[k] && i < c->change_count; i++)
      dz[m->change[c->change + i].state] += m->change[c->change + i].by * a;
  }
  for (int32_t i = 0; i < m->bend_count; i++)
    dz[m->nx + m->channel_count + i] = jump_code_run(m, &m->bend[i], r->reg);
}

/* ---- one step -------------------------------------------------------------------------------- */
static double scale_of(const jump_run *r, int32_t i, double a, double b)
{
  const jump_machine *m = r->m;
  double size = fmax(fabs(a), fabs(b));
  return (i < m->nx ? m->atol : m->rtol) + m->rtol * size; /* clocks and bends are of order 1 */
}

/* All stages from r->t over h. Returns the error, 1 being the tolerance; NaN: no number. */
static double step_try(jump_run *r, double h)
{
  jump_flow *f = &r->flow;
  int32_t n = row_count(r->m);
  double worst = 0;
  for (int s = 1; s < STAGES; s++) {
    double *to = s < STAGES - 1 ? f->stage : f->z_new;
    for (int32_t i = 0; i < n; i++) {
      double sum = 0;
      for (int q = 0; q < s; q++) sum += weight[s][q] * f->k[(ptrdiff_t)q * n + i];
      to[i] = f->z[i] + h * sum;
    }
    slopes(r, r->t + node[s] * h, to, f->k + (ptrdiff_t)s * n);
  }
  for (int32_t i = 0; i < n; i++) {
    double e = 0;
    for (int s = 0; s < STAGES; s++) e += error_weight[s] * f->k[(ptrdiff_t)s * n + i];
    e = fabs(h * e) / scale_of(r, i, f->z[i], f->z_new[i]);
    if (!(e <= worst)) worst = e; /* keeps a NaN */
    if (worst != worst) return worst;
  }
  return worst;
}

static void dense_make(jump_run *r, double h)
{
  jump_flow *f = &r->flow;
  int32_t n = row_count(r->m);
  const double *first = f->k, *last = f->k + (ptrdiff_t)(STAGES - 1) * n;
  for (int32_t i = 0; i < n; i++) {
    double *d = f->dense + 5 * (ptrdiff_t)i;
    double rise = f->z_new[i] - f->z[i], sum = 0;
    for (int s = 0; s < STAGES; s++) sum += dense_weight[s] * f->k[(ptrdiff_t)s * n + i];
    d[0] = f->z[i];
    d[1] = rise;
    d[2] = h * first[i] - rise;
    d[3] = rise - h * last[i] - d[2];
    d[4] = h * sum;
  }
}

static double dense_at(const jump_run *r, int32_t i, double share)
{
  const double *d = r->flow.dense + 5 * (ptrdiff_t)i;
  double rest = 1 - share;
  return d[0] + share * (d[1] + rest * (d[2] + share * (d[3] + rest * d[4])));
}

static void dense_to_registers(jump_run *r, double h, double share)
{
  r->reg[0] = r->t + share * h;
  for (int32_t i = 0; i < r->m->nx; i++) r->x[i] = dense_at(r, i, share);
}

/* ---- what a step runs into ------------------------------------------------------------------- */
static bool is_out(const jump_run *r, int32_t k, double share)
{
  return dense_at(r, r->m->nx + k, share) <= 0;
}

/* The first clock that runs out within the step: its channel or -1; *share: where. */
static int32_t clock_out(const jump_run *r, double *share)
{
  int32_t first = -1;
  for (int32_t k = 0; k < r->m->channel_count; k++) {
    if (!jump_is_varying(r, k) || r->fast[k] || !is_out(r, k, *share)) continue;
    double low = 0, high = *share;
    for (int i = 0; i < HALVINGS && low < high; i++) {
      double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) break;
      *(is_out(r, k, middle) ? &high : &low) = middle;
    }
    *share = high;
    first = k;
  }
  return first;
}

/* Once it flows it goes on until a count is below half the bound, so that it does not flicker. */
static bool should_flow(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  double share = r->fast[k] ? 0.5 : 1;
  for (int32_t i = 0; i < c->change_count; i++) {
    const jump_change *h = &r->m->change[c->change + i];
    if (h->code.count >= 0 || r->x[h->state] < share * r->m->hybrid_population) return false;
  }
  if (c->change_count == 0) return false;
  double a = flow_rate(r, k);
  return a > 0 && a >= share * r->m->hybrid_rate;
}

/* HYBRID: would a channel change over at the present registers? */
static bool partition_differs(jump_run *r)
{
  if (r->m->method != GM_JUMP_HYBRID) return false;
  for (int32_t k = 0; k < r->m->channel_count; k++)
    if (should_flow(r, k) != (r->fast[k] != 0)) return true;
  return false;
}

static bool something_moved(jump_run *r, double h, double share)
{
  dense_to_registers(r, h, share);
  return jump_triggers_differ(r) || partition_differs(r);
}

/* The first place up to *share where a trigger differs or a channel changes over; false: nowhere
 * one looked. */
static bool change_find(jump_run *r, double h, double *share)
{
  if (!r->m->event_count && r->m->method != GM_JUMP_HYBRID) return false;
  double low = 0;
  for (int look = 1; look <= LOOKS; look++) {
    double high = *share * look / LOOKS;
    if (!something_moved(r, h, high)) {
      low = high;
      continue;
    }
    for (int i = 0; i < HALVINGS; i++) {
      double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) break;
      *(something_moved(r, h, middle) ? &high : &low) = middle;
    }
    *share = high;
    return true;
  }
  return false;
}

/* ---- walking --------------------------------------------------------------------------------- */
static void rows_load(jump_run *r)
{
  const jump_machine *m = r->m;
  memcpy(r->flow.z, r->x, (size_t)m->nx * sizeof *r->x);
  memcpy(r->flow.z + m->nx, r->left, (size_t)m->channel_count * sizeof *r->left);
  for (int32_t i = 0; i < m->bend_count; i++) r->flow.z[m->nx + m->channel_count + i] = 0;
}

/* Takes the place `share` of the step as the present one. */
static void arrive(jump_run *r, double t, double share)
{
  const jump_machine *m = r->m;
  jump_flow *f = &r->flow;
  if (share < 1)
    for (int32_t i = 0; i < row_count(m); i++) f->z[i] = dense_at(r, i, share);
  else
    memcpy(f->z, f->z_new, (size_t)row_count(m) * sizeof *f->z);
  if (share >= 1) /* the last stage is the first of the next step */
    memcpy(f->k, f->k + (ptrdiff_t)(STAGES - 1) * row_count(m),
           (size_t)row_count(m) * sizeof *f->k);
  f->fresh = share >= 1;
  states_to_registers(r, t, f->z);
  for (int32_t k = 0; k < m->channel_count; k++) {
    if (!jump_is_varying(r, k)) continue;
    r->left[k] = r->fast[k] ? r->left[k] : fmax(f->z[m->nx + k], 0);
    r->since[k] = t;
    r->rate[k] = jump_rate_of(r, k);
    jump_when_set(r, k);
    if (r->use_heap) jump_heap_fix(r, k);
  }
  r->t = t;
}

/* A first step that changes what is there by a hundredth of itself, in units of the tolerance
 * (Hairer, Norsett & Wanner I, section II.4, the guess h0 of their algorithm). */
static double first_step(const jump_run *r, double room)
{
  const jump_flow *f = &r->flow;
  double size = 0, slope = 0;
  for (int32_t i = 0; i < row_count(r->m); i++) {
    double scale = scale_of(r, i, f->z[i], 0);
    size = fmax(size, fabs(f->z[i]) / scale);
    slope = fmax(slope, fabs(f->k[i]) / scale);
  }
  double h = slope > 0 && size > 0 ? 0.01 * size / slope : 1e-3 * room;
  return h > 0 && h < room ? h : room;
}

/* An accepted step of h: samples in it, and how much of it holds. Returns the channel that fires at
 * its end, or -1. */
static int32_t step_take(jump_run *r, double h, double end)
{
  double share = 1;
  dense_make(r, h);
  int32_t k = clock_out(r, &share);
  if (change_find(r, h, &share)) k = -1;
  double t = share < 1 ? r->t + share * h : end;
  while (r->turn.due < t) {
    double at = (r->turn.due - r->t) / h;
    dense_to_registers(r, h, at > 0 ? at : 0);
    jump_sample_write(r);
  }
  arrive(r, t, share);
  return k;
}

/* The next firing of a channel whose propensity does not move by itself. */
static int32_t steady_first(const jump_run *r, double *when)
{
  int32_t first = -1;
  for (int32_t k = 0; k < r->m->channel_count; k++)
    if (!jump_is_varying(r, k) && r->when[k] < *when) {
      *when = r->when[k];
      first = k;
    }
  return first;
}

/* One attempt from the present time, not beyond stop; the size of the next one is set. False: it
 * was not good enough, or the member is at its end (status). */
static bool step_make(jump_run *r, double stop, double *h_out)
{
  jump_flow *f = &r->flow;
  double room = stop - r->t;
  if (!f->fresh) {
    rows_load(r);
    slopes(r, r->t, f->z, f->k);
    f->fresh = true;
  }
  if (!(f->h > 0)) f->h = first_step(r, room);
  double h = f->h < 0.99 * room ? f->h : room; /* no sliver is left before stop */
  double error = step_try(r, h);
  bool good = error <= 1;
  /* safety 0.9, exponent 1/5 and bounds 0.2 and 5: Hairer, Norsett & Wanner I, equation II.4.13 */
  double factor = error > 0 ? 0.9 * gm_pow(error, -0.2) : 5;
  if (!(factor >= 0.2)) factor = error != error ? 0.1 : 0.2;
  if (!good || h == f->h || factor < 1) f->h = h * fmin(factor, good ? 5 : 1);
  if (++f->steps > r->m->step_max) r->status |= GM_MEMBER_STEPS;
  if (!(r->t + f->h > r->t)) r->status |= GM_MEMBER_DIVERGED;
  states_to_registers(r, r->t, f->z);
  *h_out = h;
  return good && !(r->status & (GM_MEMBER_STEPS | GM_MEMBER_DIVERGED));
}

/* Steps to `stop` or until something happens; the channel that fires now, or -1. */
static int32_t steps_to(jump_run *r, double stop)
{
  const int failed = GM_MEMBER_STEPS | GM_MEMBER_DIVERGED;
  while (r->t < stop && !(r->status & failed)) {
    double h, before = r->t;
    if (!step_make(r, stop, &h)) continue;
    double end = h < stop - r->t ? r->t + h : stop;
    int32_t k = step_take(r, h, end);
    if (k >= 0 || r->t < fmin(before + h, stop) || jump_triggers_differ(r)) return k;
    if (partition_differs(r)) return -1;
  }
  return -1;
}

/* Fires channel k now; true when the caller must look at what came of it. */
static bool flow_fire(jump_run *r, int32_t k)
{
  jump_samples_before(r, r->t);
  jump_fire(r, k, r->t);
  r->flow.fresh = false;
  if (!jump_firing_count(r, r->t)) return true;
  if (r->m->method == GM_JUMP_HYBRID) (void)jump_partition(r, r->t);
  return r->m->channel[k].moves_condition || jump_triggers_differ(r);
}

/* Nothing fired: true when the caller must look; else what flows may be parted anew. */
static bool flow_pause(jump_run *r, double stop)
{
  if (r->t >= stop || jump_triggers_differ(r)) return true;
  if (r->m->method == GM_JUMP_HYBRID) (void)jump_partition(r, r->t);
  return false;
}

void jump_flow_to(jump_run *r, double stop)
{
  const int failed = GM_MEMBER_STEPS | GM_MEMBER_DIVERGED;
  r->flow.steps = 0;
  for (int32_t k = 0; k < r->m->channel_count; k++)
    if (jump_is_varying(r, k)) jump_clock_to(r, k, r->t);
  while (!(r->status & failed)) {
    double when = stop;
    int32_t steady = steady_first(r, &when);
    int32_t k = steps_to(r, when);
    if (k < 0 && steady >= 0 && r->t >= when) k = steady;
    if (r->status & failed) return;
    if (k >= 0 ? flow_fire(r, k) : flow_pause(r, stop)) return;
    if (!(r->m->flows || r->inflow || r->any_fast)) return;
  }
}

/* ---- which channels flow --------------------------------------------------------------------- */
bool jump_state_flows(const jump_run *r, int32_t state)
{
  const jump_machine *m = r->m;
  for (int32_t k = 0; k < m->channel_count; k++)
    for (int32_t i = 0; r->fast[k] && i < m->channel[k].change_count; i++)
      if (m->change[m->channel[k].change + i].state == state) return true;
  return false;
}

/* Counts that no channel moves continuously any more become whole, up or down by a draw that keeps
 * the mean. k: the channel that stopped flowing. */
static void counts_round(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  for (int32_t i = 0; i < c->change_count; i++) {
    int32_t state = r->m->change[c->change + i].state;
    if (jump_state_flows(r, state)) continue;
    double low = floor(r->x[state]);
    double u = gm_uniform(r->key, r->slot, c->id, gm_kind_draw(JUMP_KIND_ROUND, (uint32_t)i),
                          (uint64_t)r->number[k]);
    r->x[state] = u < r->x[state] - low ? low + 1 : fmax(low, 0);
  }
}

bool jump_partition(jump_run *r, double t)
{
  bool moved = false;
  for (int32_t k = 0; k < r->m->channel_count; k++) {
    bool flow = should_flow(r, k);
    if (flow == (r->fast[k] != 0)) continue;
    moved = true;
    r->fast[k] = flow;
    r->since[k] = t;
    if (flow) continue;
    r->number[k] += 1; /* a clock is memoryless: a fresh one */
    jump_draw_new(r, k);
    counts_round(r, k);
  }
  if (!moved) return false;
  r->any_fast = false;
  for (int32_t k = 0; k < r->m->channel_count; k++) r->any_fast |= r->fast[k];
  jump_refresh(r, t);
  return true;
}

bool jump_partition_moves(jump_run *r, int32_t k)
{
  const jump_channel *c = &r->m->channel[k];
  if (should_flow(r, k) != (r->fast[k] != 0)) return true;
  for (int32_t i = 0; i < c->next_count; i++) {
    int32_t q = r->m->next[c->next + i];
    if (should_flow(r, q) != (r->fast[q] != 0)) return true;
  }
  return false;
}
