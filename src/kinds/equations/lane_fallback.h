/* lane_fallback.h - the last method of a lane: CVODE or IDA (lane_sundials.h), where they are built
 * in, for a member whose own methods made no step any more or used up their steps.
 *
 * It takes the member from its last accepted step to the end of its span. A step of CVODE is a step
 * like another: samples, conditions, events and edges are met as with the methods of the lanes, on
 * CVODE's own interpolant; after each of them CVODE begins anew. There is one solver in a worker's
 * memory, so such a lane goes alone until its member is done, while the others stand still; nothing
 * of them changes, so that results do not depend on who is beside. Part of lane_drive.h. */
#ifndef GEMEL_EQUATIONS_LANE_FALLBACK_H
#define GEMEL_EQUATIONS_LANE_FALLBACK_H
#include "kinds/equations/lane_cut.h"
#include "kinds/equations/lane_sundials.h"

/* Errors of BDF at the end are ten to fifty times the tolerance that its steps keep, those of the
 * lanes' methods below it: so its tolerances are this share of theirs. */
static const double fallback_share = 0.01;
static const double fallback_rtol_least = 1e-13; /* no step keeps less */
/* Share of itself by which a state may change within the least step. */
static const double fallback_change_max = 1e-3;

/* Kept out of the loop over steps, whose every nanosecond counts. */
#define FALLBACK_RARE __attribute__((noinline, cold))

enum { FALLBACK_STEPS = 10000 };

typedef struct {
  const lane_run *r;
  int lane;
} fallback_user;

static void fallback_load(const fallback_user *u, double t, const double *x)
{
  const lane_machine *m = u->r->m;
  gm_v8 *reg = u->r->w->reg;
  reg[0][u->lane] = t;
  for (int32_t i = 0; i < m->nx; i++) reg[m->reg_state + i][u->lane] = x[i];
}

static bool fallback_rates(void *user, double t, const double *x, double *f)
{
  const fallback_user *u = user;
  const lane_machine *m = u->r->m;
  const lane_work *w = u->r->w;
  bool good = true;
  fallback_load(u, t, x);
  vm_run(m, u->r->w, &m->rhs);
  for (int32_t i = 0; i < m->nx; i++) {
    f[i] = w->reg[m->rhs_reg[i]][u->lane];
    if (m->kind[i] != EQ_STATE_ALGEBRAIC) f[i] += w->rate[i][u->lane];
    good = good && isfinite(f[i]);
  }
  return good;
}

static void fallback_jacobian(void *user, double t, const double *x, double *jacobian)
{
  const fallback_user *u = user;
  const lane_machine *m = u->r->m;
  const lane_jacobian *j = &m->jacobian;
  fallback_load(u, t, x);
  vm_run(m, u->r->w, &j->code);
  for (int32_t e = 0; e < j->count; e++)
    jacobian[(ptrdiff_t)j->col[e] * m->nx + j->row[e]] = u->r->w->reg[j->reg[e]][u->lane];
}

/* The shortest step that is still one at time t. */
static double step_least(double t) { return 4 * 2.220446049250313e-16 * fmax(fabs(t), 1e-100); }

/* Does the solution itself end here: has it no slope, or one that would change it within the least
 * step (a pole)? */
static bool solution_ends(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  fallback_user u = {r, lane};
  double *x = lane_sundials_state(w->fallback),
         *f = lane_sundials_atol(w->fallback); /* both free */
  for (int32_t i = 0; i < m->nx; i++) x[i] = w->x[i][lane];
  if (!fallback_rates(&u, w->t[lane], x, f)) return true;
  double least = step_least(w->t[lane]);
  for (int32_t i = 0; i < m->nx; i++) {
    if (m->kind[i] == EQ_STATE_ALGEBRAIC) continue;
    if (!(fabs(f[i]) * least <= fallback_change_max * (fabs(x[i]) + w->atol[i][lane]))) return true;
  }
  return false;
}

/* Does the lane that goes alone come on? However few steps the others may make, it has some. */
static bool fallback_goes(const lane_run *r, const lane_slot *s)
{
  int32_t steps = r->m->step_max > FALLBACK_STEPS ? r->m->step_max : FALLBACK_STEPS;
  return r->w->fallback_good && r->w->steps[s - r->w->slot] < steps;
}

/* A member that would end with `status` by its own method: true where it goes on with the fallback
 * instead. */
FALLBACK_RARE static bool fallback_take(const lane_run *r, int lane, int status)
{
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  if (!w->fallback || s->method == LANE_FALLBACK || r->b->nd || w->tape) return false;
  if (solution_ends(r, lane)) return false;
  s->method = LANE_FALLBACK;
  s->reason = status;
  s->failures = s->bends = 0;
  w->steps[lane] = 0;
  w->relook = true;
  return true;
}

/* One lane goes alone. */
FALLBACK_RARE static void fallback_look(lane_work *w)
{
  int lane = __builtin_ctz(w->alone);
  lane_slot *s = &w->slot[lane];
  w->active = w->stiff_lanes = w->alone;
  w->alone_lane = lane;
  w->fallback_anew = w->fallback_anew || !s->begun || w->restart[lane] != LANE_RESTART_NONE;
  s->begun = true;
}

/* The solver at the lane's present point: where it went on from there, nothing is to be done. */
static bool fallback_begin(const lane_run *r, int lane, const lane_sundials_model *model)
{
  lane_work *w = r->w;
  double t = w->t[lane], first = 0;
  if (!w->fallback_anew && w->fallback_t == t) return true;
  if (!w->fallback_anew) first = w->h[lane]; /* its last step was not taken: a shorter one */
  w->fallback_anew = false;
  for (int32_t i = 0; i < r->m->nx; i++) {
    lane_sundials_state(w->fallback)[i] = w->x[i][lane];
    lane_sundials_atol(w->fallback)[i] = fallback_share * w->atol[i][lane];
  }
  double rtol = fmax(fallback_share * r->m->rtol, fallback_rtol_least);
  return lane_sundials_begin(w->fallback, model, t, first, rtol);
}

/* A way too short for the solver, of some last digits of t: by the slope. The algebraic states are
 * solved for where it ends. */
static bool fallback_nudge(fallback_user *u, double h)
{
  const lane_run *r = u->r;
  lane_work *w = r->w;
  double *x = lane_sundials_state(w->fallback), *f = lane_sundials_atol(w->fallback);
  for (int32_t i = 0; i < r->m->nx; i++) x[i] = w->x[i][u->lane];
  bool good = fallback_rates(u, w->t[u->lane], x, f);
  for (int32_t i = 0; i < r->m->nx; i++)
    if (r->m->kind[i] != EQ_STATE_ALGEBRAIC) x[i] += h * f[i];
  w->fallback_anew = w->fallback_nudged = true;
  return good;
}

/* One step of the lane that goes alone: its length and end. */
FALLBACK_RARE static void fallback_step(const lane_run *r, gm_v8 *h, gm_v8 *t_new)
{
  lane_work *w = r->w;
  int lane = w->alone_lane;
  fallback_user u = {r, lane};
  const lane_sundials_model model = {&u, fallback_rates, fallback_jacobian};
  double from = w->t[lane], stop = fmin(w->slot[lane].t_stop, from + r->m->step_longest), t = stop;
  w->fallback_nudged = false;
  if (stop - from <= 8 * step_least(stop)) {
    w->fallback_good = fallback_nudge(&u, stop - from);
  } else {
    w->fallback_good = fallback_begin(r, lane, &model) &&
                       lane_sundials_step(w->fallback, stop, &t) &&
                       (t >= stop || t - from > step_least(from));
    w->fallback_t = t;
  }
  if (!w->fallback_good) return;
  for (int32_t i = 0; i < r->m->nx; i++) w->x_new[i][lane] = lane_sundials_state(w->fallback)[i];
  (*h)[lane] = t - from;
  (*t_new)[lane] = t;
}

/* 0 where the step was made. */
static gm_v8 fallback_error(const lane_work *w)
{
  gm_v8 error = v8_set(0);
  if (!w->fallback_good) error[w->alone_lane] = INFINITY;
  return error;
}

/* States at theta of the last step of the lane that goes alone. */
FALLBACK_RARE static void fallback_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  const lane_work *w = r->w;
  int lane = w->alone_lane;
  double part = theta[lane];
  const double *inside =
      w->fallback_nudged ? NULL : lane_sundials_at(w->fallback, w->t[lane] + part * h[lane]);
  for (int32_t i = 0; i < r->m->nx; i++) {
    double from = w->x[i][lane];
    x[i][lane] = inside ? inside[i] : from + part * (w->x_new[i][lane] - from);
  }
}
#endif
