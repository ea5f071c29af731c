/* t1d_mpc.c - zone predictive control on the belief of a twin.
 * After Grosman et al., J. Diabetes Sci. Technol. 4:961 (2010): no cost inside a zone; Gondhalekar
 * et al., Automatica 71:237 (2016): a zone by the time of day, insulin above basal costs more than
 * below. Ours: every member of the belief counts, and the chance of a low is bounded
 * (t1d_control_zone.h). A meal that was announced is in the outlook; its bolus is what the same
 * optimisation asks for at once. */
#include "t1d_control_zone.h"
#include "t1d_control.h"
#include <math.h>
#include <stdio.h>

typedef struct {
  t1d_mpc_options o;
} memory;

/* Ours where no source is named; the reason stands beside each. */
t1d_mpc_options t1d_mpc_defaults(void)
{
  return (t1d_mpc_options){
      .zone_low_mgdl = 80, /* Gondhalekar et al. 2016: 80 to 140 by day */
      .zone_high_mgdl = 140,
      .night_low_mgdl = 90,   /* nobody eats or wakes: further from a low, */
      .night_high_mgdl = 130, /* and with no meal about nothing that needs a wide zone */
      .low_weight = 20,  /* 70, 10 below the zone, is as bad as 180, 40 above it, by the risk of
                         * Kovatchev et al. (t1d_metrics.h): 16; a little more */
      .more_cost = 1,    /* a unit too much is as bad as missing the zone by what it does, */
      .less_cost = 0.1,  /* one withheld ten times less: Gondhalekar et al. 2016 ask for less below
                         * basal than above, without our scale */
      .meal_cost = 0.02, /* an announced meal is a fact: its bolus is not held back by cost */
      .risk = 0.05,      /* of the 32 members one may be low, two may not */
      .risk_mgdl = 70,   /* consensus: Battelino et al., Diabetes Care 42:1593 (2019) */
      .risk_min = 300,   /* by then all of a bolus of now but a fiftieth has acted */
      .reply_min = 45, /* until a sensor's lag, a trend of 20 min and one step have shown a fall */
      .horizon_min = 240, /* by then nine tenths of a bolus of now have acted */
      .act_mgdl = 110,    /* usual target of a loop: below it nobody asks for more, */
      .full_mgdl = 150, /* above it everybody (oref0, Control-IQ and the open loop correct there) */
      .meal_min = 360,  /* as long as a meal and its insulin are about (insulin: six hours) */
      .land_mgdl = 130, /* middle of 80 and 180 */
      .rise_min = 60,   /* a rise that is seen goes on as long as a meal takes to be taken up */
      .trusting = false,
  };
}

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  m->o = options ? *(const t1d_mpc_options *)options : t1d_mpc_defaults();
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

/* Where no meal was announced: the insulin (U) that brings glucose of now, and what its rise adds
 * in rise_min, down to land_mgdl, less what is on board, net of the profile: basal that was held
 * back counts against it, as it does for glucose. What a belief expects beyond that has to
 * be seen first: without announcements it may take meals for insulin that does little. */
static double room_unannounced(const t1d_mpc_options *o, const t1d_view *v)
{
  const t1d_trace g = t1d_trace_of(v);
  /* slower than that of the limits, as some people's insulin is: a peak at 75 / 0.7 = 107 min */
  static const double pace = 0.7;
  const double unit = fmax(fmax(unit_of(v->outlook), v->therapy->cf_mgdl_per_u), 1);
  if (!isfinite(g.smooth_mgdl)) return 0;
  const double high = g.smooth_mgdl + o->rise_min * fmax(g.slope_mgdl_per_min, 0) - o->land_mgdl;
  return fmax(high / unit - fmax(t1d_iob_slow(v, pace), t1d_iob(v)), 0);
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
  /* what limits will let through later: 3 times the basal rate and a microbolus of 30 min, in all 9
   * times what basal gives in a step of 5 min (t1d_limit.c), so 8 beyond it */
  const double most = 8 * w->basal_u_per_h * w->step_min / 60;
  for (int32_t b = 0; b < T1D_ZONE_BLOCKS; b++) t->upper_u[b] = most;
  if (!o->trusting && !meal_lately(v, o->meal_min))
    t->upper_u[0] = fmin(t->upper_u[0] * seen_high(o, v), room_unannounced(o, v));
  if (carbs > 0) t->upper_u[0] += 1.5 * carbs / p->cr_g_per_u; /* meal_share of t1d_limits */
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

/* Profile, and a meal as by hand. */
static void without_outlook(const t1d_view *v, double carbs, t1d_command *out)
{
  t1d_command_profile(v, out, "no outlook: profile");
  if (carbs > 0) out->bolus_u = carbs / v->therapy->cr_g_per_u;
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  static const double unsound_most = 0.1; /* ours: more, and what is left is not the belief */
  const memory *m = state;
  const double carbs = t1d_carbs_told(v);
  if (!usable(v)) {
    without_outlook(v, carbs, out);
    return;
  }
  const t1d_outlook *o = v->outlook;
  t1d_zone_task task;
  t1d_zone_plan plan;
  t1d_zone_room room;
  task_of(&m->o, v, carbs, &task);
  t1d_zone_solve(o, &task, &room, &plan);
  if (plan.unsound > unsound_most) {
    without_outlook(v, carbs, out);
    return;
  }
  const double basal_u = o->basal_u_per_h * o->step_min / 60;
  share_out(basal_u + plan.u[0], o->basal_u_per_h, o->step_min, carbs > 0, out);
  snprintf(out->reason, sizeof out->reason, "plan %+.2f U in %g min%s", plan.u[0], o->step_min,
           plan.share < 1 ? ", held back by the risk of a low" : "");
}

const t1d_controller t1d_mpc = {
    "mpc", "zone predictive control on the twin's belief", true, sizeof(memory), start, step};
