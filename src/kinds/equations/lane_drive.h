/* lane_drive.h - lanes from step to step: methods, samples, the points where steps are cut.
 * Step control: PI controller with the exponents 0.7/5 and 0.4/5 (Hairer, Norsett & Wanner, Solving
 * ODE I (1993), II.4; II, IV.2); the stiff method has its own exponents. */
#ifndef GEMEL_EQUATIONS_LANE_DRIVE_H
#define GEMEL_EQUATIONS_LANE_DRIVE_H
#include "kinds/equations/lane_explicit.h"
#include "kinds/equations/lane_cut.h"
#include "kinds/equations/lane_fallback.h"
#include "kinds/equations/lane_stiff_tangent.h"

enum { STIFF_SIGNS = 15, FAILURES_MAX = 8 };

/* States at theta of the lanes' last step, each by its method. */
static void dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  lane_work *w = r->w;
  uint32_t stiff = w->stiff_lanes & w->active;
  if (__builtin_expect(w->alone != 0, 0)) {
    fallback_dense(r, h, theta, x);
    return;
  }
  if (stiff != w->active) explicit_dense(r, h, theta, x);
  if (!stiff) return;
  if (stiff == w->active) {
    stiff_dense(r, h, theta, x);
    return;
  }
  gm_v8 *other = w->other;
  v8i mask = lanes_mask(stiff);
  stiff_dense(r, h, theta, other);
  for (int32_t i = 0; i < r->m->nx; i++) x[i] = v8_blend(mask, other[i], x[i]);
}

/* ---- tangents ------------------------------------------------------------------------------ */
/* Directions of the steps just made, each lane's by its method. Returns the larger of their scaled
 * error and the states'. */
static gm_v8 tangents_step(const lane_run *r, gm_v8 h, gm_v8 error)
{
  uint32_t stiff = r->w->active & r->w->stiff_lanes;
  r->w->unstable = 0;
  if (stiff != r->w->active) {
    explicit_tangents(r, h);
    gm_v8 border = explicit_tangents_error(r);
    r->w->unstable = v8_bits(border > v8_set(1.0)) & ~stiff;
    /* elsewhere steps are those of a run without directions */
    error = v8_blend(lanes_mask(r->w->unstable), v8_max(error, border), error);
  }
  if (stiff) stiff_tangents(r, h);
  return error;
}

/* Tangents at theta of the lanes' last step. */
static void tangents_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *xd)
{
  const lane_work *w = r->w;
  explicit_tangents_dense(r, h, theta, xd);
  if (w->stiff_lanes & w->active) stiff_tangents_dense(r, lanes_mask(w->stiff_lanes), theta, xd);
}

/* ---- samples ------------------------------------------------------------------------------- */
/* All samples before t_end that the accepted steps, of length h, went over. */
static void lanes_samples(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 t_end)
{
  lane_work *w = r->w;
  bool direct = !r->b->nd && !r->m->delay_count; /* nothing reads the registers on the way */
  gm_v8 *x = direct ? w->reg + r->m->reg_state : w->scale; /* free here, both */
  for (;;) {
    v8i over = v8_less(w->due, v8_min(t_end, w->stop)) & lanes_mask(accepted);
    uint32_t mask = v8_bits(over);
    if (!mask) return;
    gm_v8 t = v8_blend(over, w->due, w->t);
    gm_v8 theta = v8_blend(v8_less(v8_set(0), h), (t - w->t) / h, v8_set(0));
    dense(r, h, theta, x);
    if (r->b->nd) tangents_dense(r, h, theta, w->probed);
    samples_write(r, mask, x, w->probed, t);
  }
}

/* ---- steps --------------------------------------------------------------------------------- */
/* New step sizes: growth within [0.2, 10]; a lane without a number shrinks tenfold. */
static void steps_choose(const lane_run *r, gm_v8 h, gm_v8 error, v8i ok)
{
  lane_work *w = r->w;
  const gm_vmath *f = r->m->vmath;
  gm_v8 e = v8_max(v8_min(error, v8_set(1e10)), v8_set(1e-10));
  e = v8_blend(v8_at_most(error, error), e, v8_set(1e10));
  gm_v8 log_e, exponent, factor;
  v8i stiff = lanes_mask(w->stiff_lanes);
  gm_v8 q = v8_blend(stiff, v8_set(stiff_error_exponent), v8_set(0.2));
  f->ln((const double *)&e, (double *)&log_e);
  exponent = q * v8_blend(ok, v8_set(0.4) * w->log_last - v8_set(0.7) * log_e, -log_e);
  f->exp((const double *)&exponent, (double *)&factor);
  factor *= v8_set(0.9);
  gm_v8 grow = v8_min(v8_max(factor, v8_set(0.2)), v8_set(10));
  gm_v8 shrink = v8_max(factor, v8_set(0.1));
  w->h = v8_blend(ok, h * grow, h * shrink);
  log_e = v8_blend(v8_less(v8_set(error_least), e), log_e, v8_set(log_error_least));
  w->log_last = v8_blend(ok, log_e, w->log_last);
}

/* Steps in which gaps bend, or that are cut, do not grow; one that was not taken because of it is
 * tried again with a quarter of what was looked at. */
static void steps_hold(const lane_run *r, uint32_t cut, gm_v8 h, gm_v8 t_new)
{
  lane_work *w = r->w;
  if (!(w->bent | w->broken | cut)) return;
  w->h = v8_blend(lanes_mask(w->bent | cut), v8_min(w->h, h), w->h);
  w->h = v8_blend(lanes_mask(w->broken), v8_set(0.25) * (t_new - w->t), w->h);
}

/* What a lane that does not come on has come to: its step has vanished (one about to restart has
 * none yet), or its steps are used up; 0: it does come on. */
static int lane_stuck(const lane_run *r, int lane)
{
  const lane_work *w = r->w;
  const lane_slot *s = &w->slot[lane];
  if (s->method == LANE_FALLBACK) return fallback_goes(r, s) ? 0 : s->reason;
  if (!(w->h[lane] > step_least(w->t[lane])) && !w->restart[lane]) return GM_MEMBER_DIVERGED;
  return w->steps[lane] >= r->m->step_max ? GM_MEMBER_STEPS : 0;
}

/* Counts the attempts of all lanes. Returns lanes that may be stuck: the others are not. */
static uint32_t lanes_count(const lane_run *r)
{
  lane_work *w = r->w;
  gm_v8 least = v8_set(1e-15) * v8_max(v8_abs(w->t), v8_set(1e-100)); /* above step_least */
  uint32_t slow = w->active & (w->alone | ~v8_bits(v8_less(least, w->h)));
  for (int l = 0; l < LANES; l++) {
    w->steps[l] += (int32_t)(w->active >> l & 1);
    slow |= (uint32_t)(w->steps[l] >= r->m->step_max) << l;
  }
  return slow & w->active;
}

/* Ends members that are stuck, when there is no fallback for them. */
static void lane_refuse(const lane_run *r, int lane)
{
  int status = lane_stuck(r, lane);
  if (!status || fallback_take(r, lane, status)) return;
  lane_store(r, lane, status);
  lane_refill(r, lane);
}

/* Remembers the accepted steps, from w->t to t_new, for the delays. */
static void lanes_remember(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 t_new)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  double *step[LANES] = {NULL};
  for (int l = 0; l < LANES; l++)
    if (accepted >> l & 1) step[l] = history_room(r, l, t_new[l]);
  for (int j = 0; j < HISTORY_PARTS; j++) {
    gm_v8 t = v8_fma(t_new - w->t, v8_set((j + 1.0) / HISTORY_PARTS), w->t);
    dense(r, h, (t - w->t) / h, w->probe);
    state_to_registers(m, w, j == HISTORY_PARTS - 1 ? w->x_new : w->probe);
    w->reg[0] = t;
    delays_load(r, accepted);
    vm_run(m, w, &m->past);
    for (int l = 0; l < LANES; l++)
      for (int32_t k = 0; step[l] && k < m->delay_count; k++)
        step[l][1 + k * HISTORY_PARTS + j] = w->reg[m->past_reg[k]][l];
  }
  for (int l = 0; l < LANES; l++)
    if (step[l]) history_keep(r, l);
}

/* Takes over accepted steps, then lets every lane that reached its stop, or was cut, go on from
 * there. */
static void lanes_move(const lane_run *r, uint32_t accepted, uint32_t cut, gm_v8 h, gm_v8 t_new)
{
  lane_work *w = r->w;
  int32_t nx = r->m->nx, nd = r->b->nd;
  v8i ok = lanes_mask(accepted);
  tape_steps(r, accepted, h, t_new);
  if (nd) tangents_dense(r, h, (t_new - w->t) / h, w->probed);
  v8_take(ok, (ptrdiff_t)nd * nx, w->probed, w->xd);
  v8_take(ok, nx, w->x_new, w->x);
  if (w->stiff_lanes != w->active) v8_take(ok, nx, w->k + (STAGES - 1) * (ptrdiff_t)nx, w->k);
  w->t = v8_blend(ok, t_new, w->t);
  uint32_t there = accepted & (cut | v8_bits(v8_at_most(w->stop, w->t))), slow = lanes_count(r);
  if (r->m->algebraic_count)
    for (int l = 0; l < LANES; l++)
      if (accepted >> l & 1) algebra_trust(r, l);
  for (uint32_t left = there | cut | slow; left; left &= left - 1) {
    int l = __builtin_ctz(left);
    if (cut >> l & 1) w->restart[l] = LANE_RESTART_SLOPES;
    if (there >> l & 1) {
      if (!(cut >> l & 1)) w->restart[l] = LANE_RESTART_NEW;
      lane_arrive(r, l);
      if (w->slot[l].member < 0) continue;
    }
    lane_refuse(r, l);
  }
}

/* Counts the signs of stiffness of an explicit lane: of its state where its step was accepted, and
 * of its tangents. */
static void signs_count(const lane_run *r, lane_slot *s, bool accepted, bool sign, bool unstable)
{
  if (unstable || (accepted && sign))
    s->stiff_signs += unstable ? 3 : 1; /* between two that were not taken others are */
  else if (accepted && s->stiff_signs > 0)
    s->stiff_signs--;
  if (s->stiff_signs < STIFF_SIGNS) return;
  s->method = r->m->lu ? LANE_STIFF : LANE_PIVOTED;
  r->w->relook = true;
}

/* Which lanes look stiff: from stages that the tangents' steps overwrite in all lanes. */
static v8i signs_look(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  v8i sign = {0};
  bool may = m->jacobian.time_reg && m->solver == GM_EQ_AUTO;
  if (may && w->stiff_lanes != w->active) sign = explicit_looks_stiff(r, h);
  return sign;
}

/* Lanes that turned out stiff change their method; those that find no number get a factorisation of
 * their own. */
static void methods_choose(const lane_run *r, uint32_t accepted, v8i sign, gm_v8 error)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  bool may = m->jacobian.time_reg && m->solver == GM_EQ_AUTO;
  uint32_t look =
      w->watched | w->unstable | v8_bits(sign) | ~v8_bits(v8_at_most(error, v8_set(1e300)));
  w->watched &= ~w->active;
  for (look &= w->active; look; look &= look - 1) {
    int l = __builtin_ctz(look);
    lane_slot *s = &w->slot[l];
    s->failures = error[l] <= 1e300 ? 0 : s->failures + 1;
    if (s->method == LANE_EXPLICIT && may) {
      signs_count(r, s, accepted >> l & 1, sign[l] != 0, w->unstable >> l & 1);
    } else if (s->method == LANE_STIFF && s->failures >= FAILURES_MAX && !r->b->nd) {
      s->method = LANE_PIVOTED;
      s->failures = 0;
      w->relook = true;
    }
    w->watched |= (uint32_t)(s->failures || s->stiff_signs) << l;
  }
}

/* One attempt on all lanes. Returns the scaled errors. */
static gm_v8 lanes_attempt(const lane_run *r, gm_v8 h)
{
  lane_work *w = r->w;
  uint32_t stiff = w->stiff_lanes & w->active, pivoted = 0;
  gm_v8 error = v8_set(0);
  w->pivoted = 0;
  if (__builtin_expect(w->alone != 0, 0)) return fallback_error(w);
  if (stiff != w->active) error = explicit_step(r, h);
  if (!stiff) return error;
  for (int l = 0; l < LANES; l++)
    if (w->slot[l].member >= 0 && w->slot[l].method == LANE_PIVOTED) pivoted |= 1u << l;
  if (stiff & ~pivoted) {
    v8i mask = lanes_mask(stiff & ~pivoted);
    error = v8_blend(mask, stiff_step(r, mask, h), error);
  }
  for (int l = 0; l < LANES; l++)
    if (pivoted >> l & 1) error[l] = stiff_pivoted_step(r, l, h[l]);
  return error;
}

/* Where every lane wants to go: step sizes and the times they lead to. */
static gm_v8 steps_plan(const lane_run *r, gm_v8 *t_new)
{
  lane_work *w = r->w;
  gm_v8 t_stop = v8_blend(lanes_mask(w->active), w->stop, w->t),
        longest = v8_set(r->m->step_longest);
  for (int l = 0; l < LANES && r->m->delay_count; l++)
    if (w->slot[l].member >= 0) longest[l] = fmin(longest[l], delay_least(r, l));
  gm_v8 wanted = v8_min(w->h, longest), left = t_stop - w->t;
  v8i lands = v8_at_most(left * v8_set(0.99), wanted); /* no tiny last step */
  lands &= v8_at_most(left, longest);
  *t_new = v8_blend(lands, t_stop, w->t + wanted);
  return v8_blend(lands, left, wanted);
}

/* Which lanes have members, and which of these are on the stiff method. */
static void lanes_look(lane_work *w)
{
  w->relook = false;
  w->active = w->stiff_lanes = 0;
  uint32_t fallback = 0;
  for (int l = 0; l < LANES; l++) {
    if (w->slot[l].member < 0) continue;
    w->active |= 1u << l;
    if (w->slot[l].method != LANE_EXPLICIT) w->stiff_lanes |= 1u << l;
    if (w->slot[l].method == LANE_FALLBACK) fallback |= 1u << l;
  }
  w->alone = fallback & -fallback; /* the first */
  if (__builtin_expect(fallback != 0, 0)) fallback_look(w);
}

static void drive_advance(const lane_machine *m, lane_work *w, const gm_batch *b,
                          const gm_span *span)
{
  lane_run run = {.m = m, .w = w, .b = b, .span = span, .spread = true}, *r = &run;
  if (!lanes_begin(r)) return;
  for (;;) {
    uint64_t restarts;
    if (w->relook || w->alone) lanes_look(w);
    if (!w->active) return;
    memcpy(&restarts, w->restart, sizeof restarts);
    if (restarts) lanes_restart(r);
    gm_v8 kept = w->h, t_new, h = steps_plan(r, &t_new);
    if (__builtin_expect(w->alone != 0, 0)) fallback_step(r, &h, &t_new);
    gm_v8 error = lanes_attempt(r, h);
    const v8i sign = signs_look(r, h); /* before tangents take its room */
    if (b->nd) error = tangents_step(r, h, error);
    v8i ok = v8_at_most(error, v8_set(1.0)) & lanes_mask(w->active);
    uint32_t accepted = v8_bits(ok), cut = 0;
    methods_choose(r, accepted, sign, error);
    if (m->condition_count) {
      cut = lanes_cut(r, accepted, h, &t_new);
      accepted &= ~w->broken;
      cut &= accepted;
      ok &= lanes_mask(accepted);
    }
    if (m->delay_count) lanes_remember(r, accepted, h, t_new);
    lanes_samples(r, accepted, h, t_new);
    steps_choose(r, h, error, ok);
    if (__builtin_expect(w->alone != 0, 0))
      w->h = v8_blend(lanes_mask(w->alone), w->h, kept); /* the others stand still */
    if (b->step) /* a step that only the end of the span made short says nothing of the next */
      w->h = v8_blend(ok & v8_less(h, kept), v8_max(w->h, kept), w->h);
    if (m->condition_count) steps_hold(r, cut, h, t_new);
    lanes_move(r, accepted, cut, h, t_new);
  }
}
#endif
