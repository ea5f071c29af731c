/* t1d_mpc.c - zone predictive control on the belief of a twin.
 * After Grosman et al., J. Diabetes Sci. Technol. 4:961 (2010): no cost inside a zone; Gondhalekar
 * et al., Automatica 71:237 (2016): a zone by the time of day, insulin above basal costs more than
 * below. Ours: every member of the belief counts, and the chance of a low is bounded
 * (t1d_control_zone.h). A meal that was announced is in the outlook; its bolus is what the same
 * optimisation asks for at once. */
#include "t1d_control_zone.h"
#include "t1d_control.h"
#include "t1d_effect.h"
#include <math.h>
#include <stdio.h>

typedef struct {
  t1d_mpc_options o;
} memory;

static double or_else(double value, double otherwise) { return value > 0 ? value : otherwise; }

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  *m = (memory){{0}};
  if (options) m->o = *(const t1d_mpc_options *)options;
  t1d_mpc_options *o = &m->o;
  o->zone_low_mgdl = or_else(o->zone_low_mgdl, 80);
  o->zone_high_mgdl = or_else(o->zone_high_mgdl, 140);
  o->night_low_mgdl = or_else(o->night_low_mgdl, 90);
  o->night_high_mgdl = or_else(o->night_high_mgdl, 130);
  o->low_weight = or_else(o->low_weight, 20);
  o->more_cost = or_else(o->more_cost, 1);
  o->meal_cost = or_else(o->meal_cost, 0.02);
  o->less_cost = or_else(o->less_cost, 0.1);
  o->risk = or_else(o->risk, 0.05);
  o->risk_mgdl = or_else(o->risk_mgdl, 70);
  o->risk_min = or_else(o->risk_min, 300);
  o->reply_min = or_else(o->reply_min, 45);
  o->act_mgdl = or_else(o->act_mgdl, 110);
  o->full_mgdl = or_else(o->full_mgdl, 150);
  o->meal_min = or_else(o->meal_min, 360);
  o->land_mgdl = or_else(o->land_mgdl, 130);
  o->rise_min = or_else(o->rise_min, 60);
  o->horizon_min = or_else(o->horizon_min, 240);
}

/* 0 by night, 1 by day, a ramp of an hour between. */
static double daylight(double t_min)
{
  const double h = (t_min - 1440 * floor(t_min / 1440)) / 60;
  return fmax(fmin(fmin(h - 6, 23 - h), 1), 0);
}

static int32_t points_of(double minutes, double step_min)
{
  const double n = minutes / (2 * step_min);
  return n >= T1D_ZONE_POINTS ? T1D_ZONE_POINTS : (n < 1 ? 1 : (int32_t)n);
}

/* A belief may expect what has not been seen yet: a meal that is none, a drift. Without an
 * announcement of late there is nothing above basal before readings are above act_mgdl, and all of
 * it only at full_mgdl. */
static double seen_high(const t1d_mpc_options *o, const t1d_view *v)
{
  const t1d_trace g = t1d_trace_of(v);
  if (!isfinite(g.smooth_mgdl)) return 0;
  const double level = fmin(g.smooth_mgdl, g.glucose_mgdl);
  return fmax(fmin((level - o->act_mgdl) / fmax(o->full_mgdl - o->act_mgdl, 1), 1), 0);
}

static bool meal_lately(const t1d_view *v, double minutes)
{
  for (int32_t i = 0; i < v->meal_count; i++)
    if (v->meal[i].carbs_g > 0 && v->meal[i].told_min > v->now_min - minutes) return true;
  return false;
}

/* What a unit does at its strongest, mean of the belief, mg/dL. */
static double unit_of(const t1d_outlook *o)
{
  double sum = 0;
  for (int32_t m = 0; m < o->members; m++) {
    double strongest = 0;
    for (int32_t k = 0; k < o->steps; k++)
      strongest = fmax(strongest, -o->per_unit_mgdl[(ptrdiff_t)m * o->steps + k]);
    sum += o->weight[m] * strongest;
  }
  return sum;
}

/* Insulin on board by a curve slower than that of the limits, as some people's insulin is: what was
 * given counts at 0.7 of its age. Net of the profile: basal that was held back counts against it, as
 * it does for glucose. */
static double slow_iob(const t1d_view *v)
{
  static const double slower = 0.7;
  const t1d_insulin_model curve = t1d_insulin_of(T1D_INSULIN_ADULT);
  double sum = 0;
  for (int32_t i = 0; i < v->given_count; i++) {
    const t1d_given *x = &v->given[i];
    const double profile = t1d_basal_at(v->therapy, x->t_min) * x->minutes / 60;
    sum += (x->bolus_u + x->basal_u - profile) *
           t1d_insulin_left(&curve, slower * fmax(v->now_min - x->t_min, 0));
  }
  return sum;
}

/* Where no meal was announced: the insulin (U) that brings glucose of now, and what its rise adds
 * in rise_min, down to land_mgdl, less what is on board. What a belief expects beyond that has to
 * be seen first: without announcements it may take meals for insulin that does little. */
static double room_unannounced(const t1d_mpc_options *o, const t1d_view *v)
{
  const t1d_trace g = t1d_trace_of(v);
  const double unit = fmax(fmax(unit_of(v->outlook), v->therapy->cf_mgdl_per_u), 1);
  if (!isfinite(g.smooth_mgdl)) return 0;
  const double high = g.smooth_mgdl + o->rise_min * fmax(g.slope_mgdl_per_min, 0) - o->land_mgdl;
  return fmax(high / unit - fmax(slow_iob(v), t1d_iob(v)), 0);
}

static void task_of(const t1d_mpc_options *o, const t1d_view *v, double carbs, t1d_zone_task *t)
{
  const t1d_outlook *w = v->outlook;
  const t1d_therapy *p = v->therapy;
  *t = (t1d_zone_task){.low_weight = o->low_weight,
                       .more = carbs > 0 ? o->meal_cost : o->more_cost,
                       .less = o->less_cost,
                       .risk = o->risk,
                       .risk_mgdl = o->risk_mgdl,
                       .reply_steps = (int32_t)fmax(o->reply_min / w->step_min, 1),
                       .points = points_of(o->horizon_min, w->step_min),
                       .risk_points = points_of(o->risk_min, w->step_min)};
  for (int32_t k = 0; k < T1D_ZONE_POINTS; k++) {
    const double day = daylight(w->t_min + 2 * (k + 1) * w->step_min);
    t->low_mgdl[k] = o->night_low_mgdl + day * (o->zone_low_mgdl - o->night_low_mgdl);
    t->high_mgdl[k] = o->night_high_mgdl + day * (o->zone_high_mgdl - o->night_high_mgdl);
  }
  /* what limits will let through later: about nine times the basal rate (t1d_limit.h) */
  const double most = 8 * w->basal_u_per_h * w->step_min / 60;
  for (int32_t b = 0; b < T1D_ZONE_BLOCKS; b++) t->upper_u[b] = most;
  if (!o->trusting && !meal_lately(v, o->meal_min))
    t->upper_u[0] = fmin(t->upper_u[0] * seen_high(o, v), room_unannounced(o, v));
  if (carbs > 0) t->upper_u[0] += 1.5 * carbs / p->cr_g_per_u;
}

static bool usable(const t1d_view *v)
{
  const t1d_outlook *o = v->outlook;
  return o && !v->twin_lost && o->per_unit_mgdl && o->members > 0 && o->steps >= 12 &&
         o->basal_u_per_h >= 0 && o->step_min > 0;
}

/* As much as three times the basal rate carries as basal, the rest at once. */
static void share_out(double insulin_u, double basal_u_per_h, double step_min, bool meal,
                      t1d_command *out)
{
  const double hours = step_min / 60, rate = insulin_u / hours;
  out->basal_u_per_h = fmax(fmin(rate, (meal ? 1 : 3) * basal_u_per_h), 0);
  out->bolus_u = fmax(insulin_u - out->basal_u_per_h * hours, 0);
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  const memory *m = state;
  const double carbs = t1d_carbs_told(v);
  if (!usable(v)) {
    t1d_command_profile(v, out, "no outlook: profile");
    if (carbs > 0) out->bolus_u = carbs / v->therapy->cr_g_per_u;
    return;
  }
  const t1d_outlook *o = v->outlook;
  t1d_zone_task task;
  t1d_zone_plan plan;
  t1d_zone_room room;
  task_of(&m->o, v, carbs, &task);
  t1d_zone_solve(o, &task, &room, &plan);
  const double basal_u = o->basal_u_per_h * o->step_min / 60;
  share_out(basal_u + plan.u[0], o->basal_u_per_h, o->step_min, carbs > 0, out);
  snprintf(out->reason, sizeof out->reason, "plan %+.2f U in %g min%s", plan.u[0], o->step_min,
           plan.share < 1 ? ", held back by the risk of a low" : "");
}

const t1d_controller t1d_mpc = {
    "mpc", "zone predictive control on the twin's belief", true, sizeof(memory), start, step};
