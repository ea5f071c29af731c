/* t1d_pump.c - insulin asked for and insulin delivered (t1d_pump.h). */
#include "t1d_pump.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* Limits and steps: pump table of simglucose (MIT, a6f6777), which applies the limits of U/h to
 * U/min (its issue 71) and the steps to pmol: not so here. An occlusion is noticed at 1.25 U: the
 * typical time of a pump's manual (MiniMed 511: 75 min at 1 U/h, 12.5 h at 0.1 U/h, at most 3 U);
 * pumps measured by Freckmann et al., J. Diabetes Sci. Technol. 12:608 (2018) took up to 5 h at
 * 1 U/h. */
static const struct {
  const char *name;
  t1d_pump_options o;
} row[T1D_PUMP_KINDS] = {
    [T1D_PUMP_IDEAL] = {"ideal", {.occlusion_u = 1.25}},
    [T1D_PUMP_COZMO] = {"cozmo",
                        {.bolus_step_u = 0.05,
                         .basal_step_u_per_h = 0.05,
                         .bolus_max_u = 75,
                         .basal_max_u_per_h = 35,
                         .occlusion_u = 1.25}},
    [T1D_PUMP_INSULET] = {"insulet",
                          {.bolus_step_u = 0.05,
                           .basal_step_u_per_h = 0.05,
                           .bolus_max_u = 30,
                           .basal_max_u_per_h = 30,
                           .occlusion_u = 1.25}},
};

const char *t1d_pump_name(t1d_pump_kind kind)
{
  return (unsigned)kind < T1D_PUMP_KINDS ? row[kind].name : NULL;
}

gm_status t1d_pump_find(gm_ctx *ctx, const char *name, t1d_pump_kind *out)
{
  assert(name && out);
  for (int k = 0; k < T1D_PUMP_KINDS; k++) {
    if (strcmp(name, row[k].name) != 0) continue;
    *out = (t1d_pump_kind)k;
    return GM_OK;
  }
  return gm_fail(ctx, GM_ENOTFOUND, "pump '%.40s': none of that name", name);
}

t1d_pump_options t1d_pump_defaults(t1d_pump_kind kind)
{
  assert((unsigned)kind < T1D_PUMP_KINDS);
  return row[kind].o;
}

static bool all_at_least_0(const double *x, int n)
{
  for (int i = 0; i < n; i++)
    if (!(x[i] >= 0) || !isfinite(x[i])) return false;
  return true;
}

gm_status t1d_pump_new(gm_ctx *ctx, const t1d_pump_options *options, double t_min, t1d_pump *out)
{
  assert(out);
  t1d_pump_options o = options ? *options : t1d_pump_defaults(T1D_PUMP_IDEAL);
  const double sizes[] = {o.bolus_step_u,      o.basal_step_u_per_h, o.bolus_max_u,
                          o.basal_max_u_per_h, o.bolus_u_per_min,    o.reservoir_u},
               times[] = {o.site_day, o.change_min, o.occlusion_u, o.occlusion_min, o.release};
  if (!all_at_least_0(sizes, sizeof sizes / sizeof sizes[0]))
    return gm_fail(ctx, GM_EDOMAIN, "pump: steps, limits and reservoir must be at least 0");
  if (!all_at_least_0(times, sizeof times / sizeof times[0]) || o.release > 1)
    return gm_fail(ctx, GM_EDOMAIN, "pump: set changes and occlusions out of their domain");
  if ((o.round != T1D_ROUND_NEAREST && o.round != T1D_ROUND_DOWN) || !isfinite(t_min))
    return gm_fail(ctx, GM_EDOMAIN, "pump: rounding %d from %g min", (int)o.round, t_min);
  *out = (t1d_pump){.o = o, .t_min = t_min, .left_u = o.reservoir_u, .site_min = t_min};
  return GM_OK;
}

/* ---- what is asked for becomes an order ------------------------------------------------------ */
typedef struct {
  double step, max;
  double *carry_u;
} rule;

/* The multiple of the step that stands for x, not above max. */
static double rounded(const t1d_pump *p, const rule *r, double x)
{
  if (!(r->step > 0)) return x;
  double n = p->o.round == T1D_ROUND_DOWN ? floor(x / r->step + 1e-9) : nearbyint(x / r->step);
  while (n > 0 && r->max > 0 && n * r->step > r->max * (1 + 1e-12)) n--;
  return fmax(n, 0) * r->step;
}

/* unit_u: units of insulin that one of asked is. */
static double order(t1d_pump *p, const rule *r, double asked, double unit_u, uint32_t *flags)
{
  if (!isfinite(asked) || asked < 0) {
    *flags |= T1D_PUMP_REFUSED;
    return 0;
  }
  p->account.asked += asked * unit_u;
  double x = asked;
  if (r->max > 0 && x > r->max) {
    *flags |= T1D_PUMP_CUT;
    p->account.cut += (x - r->max) * unit_u;
    x = r->max;
  }
  if (!(x > 0)) return 0;
  double want = p->o.carry ? x + *r->carry_u / unit_u : x, given = rounded(p, r, want);
  if (p->o.carry) *r->carry_u = fmin(want - given, r->step) * unit_u;
  p->account.rounded += (x - given) * unit_u;
  return given;
}

/* ---- the infusion set ------------------------------------------------------------------------ */
static void set_change(t1d_pump *p)
{
  p->site_min = p->t_min;
  p->left_u = p->o.reservoir_u;
  p->occluded = p->alarm = false;
  p->held_u = p->release_u = 0;
  p->change_left_min = p->o.change_min;
}

void t1d_pump_change(t1d_pump *p)
{
  assert(p);
  set_change(p);
}

void t1d_pump_occlude(t1d_pump *p, bool occluded)
{
  assert(p);
  if (occluded == p->occluded) return;
  p->occluded = occluded;
  if (occluded) {
    p->occluded_min = p->t_min;
  } else {
    p->alarm = false;
    p->release_u += p->o.release * p->held_u;
  }
  p->held_u = 0;
}

/* Does it notice, at the end of a stretch? Whatever waited is given up then. */
static void notice(t1d_pump *p)
{
  const t1d_pump_options *o = &p->o;
  if (!p->occluded || p->alarm) return;
  p->alarm = (o->occlusion_u > 0 && p->held_u >= o->occlusion_u * (1 - 1e-9)) ||
             (o->occlusion_min > 0 && p->t_min - p->occluded_min >= o->occlusion_min);
  if (!p->alarm) return;
  p->account.idle += p->pending_u;
  p->pending_u = 0;
}

/* ---- what flows ------------------------------------------------------------------------------ */
/* As much of u as the reservoir has. */
static double draw(t1d_pump *p, double u, uint32_t *flags)
{
  if (!(p->o.reservoir_u > 0)) return u;
  double had = fmin(u, p->left_u);
  if (had < u) *flags |= T1D_PUMP_EMPTY;
  p->account.empty += u - had;
  p->left_u -= had;
  return had;
}

/* Units that leave the pump, of the bolus and of basal; flow_min: how long the pump runs. */
static void run(t1d_pump *p, double flow_min, double basal_u, t1d_delivery *d, double out[2])
{
  double wish = p->pending_u, speed = p->o.bolus_u_per_min;
  if (speed > 0) wish = fmin(wish, speed * flow_min);
  if (!(flow_min > 0)) wish = 0;
  p->pending_u -= wish;
  out[0] = draw(p, wish, &d->flags);
  out[1] = draw(p, basal_u, &d->flags);
  if (out[0] > 0) d->bolus_min = speed > 0 ? out[0] / speed : fmin(1, flow_min);
  if (d->flags & T1D_PUMP_EMPTY) {
    p->account.empty += p->pending_u;
    p->pending_u = 0;
  }
}

/* The pump runs: out leaves it, and reaches the body unless the set is blocked. */
static void flow(t1d_pump *p, double length_min, double rate, t1d_delivery *d)
{
  double stop = fmin(p->change_left_min, length_min), flow_min = length_min - stop, out[2];
  p->change_left_min -= stop;
  if (stop > 0) d->flags |= T1D_PUMP_CHANGING;
  p->account.idle += rate * stop / 60;
  run(p, flow_min, rate * flow_min / 60, d, out);
  d->reported_bolus_u = out[0];
  d->reported_basal_u_per_h = out[1] * 60 / length_min;
  p->account.reported += out[0] + out[1];
  if (p->occluded) {
    d->flags |= T1D_PUMP_OCCLUDED;
    d->bolus_min = 0;
    p->held_u += out[0] + out[1];
    p->account.lost += out[0] + out[1];
    return;
  }
  d->bolus_u = out[0];
  d->basal_u_per_h = d->reported_basal_u_per_h;
  p->account.delivered += out[0] + out[1];
}

/* What an occlusion held back and lets go reaches the body like a bolus, unreported. */
static void release(t1d_pump *p, double length_min, t1d_delivery *d)
{
  if (!(p->release_u > 0)) return;
  d->flags |= T1D_PUMP_RELEASED;
  d->bolus_u += p->release_u;
  d->bolus_min = fmax(d->bolus_min, fmin(1, length_min));
  p->account.delivered += p->release_u;
  p->account.lost -= p->release_u;
  p->release_u = 0;
}

t1d_delivery t1d_pump_give(t1d_pump *p, double length_min, double basal_u_per_h, double bolus_u)
{
  assert(p && length_min > 0 && isfinite(length_min));
  t1d_delivery d = {0};
  const rule basal = {p->o.basal_step_u_per_h, p->o.basal_max_u_per_h, &p->basal_carry_u},
             bolus = {p->o.bolus_step_u, p->o.bolus_max_u, &p->bolus_carry_u};
  if (p->o.site_day > 0 && p->t_min - p->site_min >= p->o.site_day * 1440 - 1e-6) set_change(p);
  double rate = order(p, &basal, basal_u_per_h, length_min / 60, &d.flags);
  p->pending_u += order(p, &bolus, bolus_u, 1, &d.flags);
  if (p->alarm) {
    d.flags |= T1D_PUMP_ALARM | T1D_PUMP_OCCLUDED;
    p->account.idle += rate * length_min / 60 + p->pending_u;
    p->pending_u = 0;
  } else {
    release(p, length_min, &d);
    t1d_delivery f = {.flags = d.flags};
    flow(p, length_min, rate, &f);
    f.bolus_u += d.bolus_u;
    f.bolus_min = fmax(f.bolus_min, d.bolus_min);
    d = f;
  }
  p->t_min += length_min;
  notice(p);
  if (p->alarm) d.flags |= T1D_PUMP_ALARM;
  p->account.waiting = p->pending_u;
  return d;
}
