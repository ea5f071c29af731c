/* t1d_rules.c - rules in the manner of OpenAPS: forecasts from insulin on board, from announced
 * carbohydrate and from what neither explains; the most cautious one decides.
 * The quantities are those that oref0 names (facts of its determine-basal): BGI, what insulin does
 * to glucose in 5 min; deviation, what glucose did beyond it; a forecast each for insulin alone,
 * for carbohydrate and for an unannounced meal, whose deviation fades; microboluses of a share of
 * the insulin required. The code and the way forecasts are joined are our own. */
#include "t1d_control.h"
#include <math.h>
#include <stdio.h>

/* Ours: four hours, by when nine tenths of a bolus of now have acted; a deviation up fades sooner
 * than one down, so that doubt withholds insulin (oref0: 60 min). */
enum { POINTS = 24 };
static const double point_min = 10, fade_up_min = 40, fade_down_min = 60;

typedef struct {
  t1d_rules_options o;
  double cob_g;
  double deviation; /* smoothed, mg/dL a minute */
} memory;

t1d_rules_options t1d_rules_defaults(void)
{
  return (t1d_rules_options){
      /* ours: oref0 gives half of it, here the rate goes up beside it; on ten virtual adults
       * without announcements 0, 0.15, 0.5 have 74, 85, 87 % in range and 1.7, 3.1, 3.7 % below 70
       * mg/dL */
      .micro_share = 0.15,
      .micro_min = 30,      /* oref0: maxSMBBasalMinutes */
      .meal_share = 0.9,    /* ours: microboluses give what is left */
      .absorb_g_per_h = 25, /* ours: 60 g, a meal, in 2.4 h; Loop's default is 3 h and half as long
                             * again at most */
  };
}

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  *m = (memory){.o = options ? *(const t1d_rules_options *)options : t1d_rules_defaults()};
}

/* What glucose did beyond insulin, smoothed over some 15 min; what a sensor's error does to a slope
 * of 20 min is taken off. */
static double smoothed(memory *m, double deviation)
{
  /* ours: 1 - exp(-5/15); the slope of 5 readings with a sensor's rough part of 3 mg/dL has an
   * error of 0.2 mg/dL a minute */
  static const double share = 0.3, error = 0.2;
  m->deviation += share * (deviation - m->deviation);
  return m->deviation > 0 ? fmax(m->deviation - error, 0) : fmin(m->deviation + error, 0);
}

/* Insulin on board now and at each point, U. */
static double on_board(const t1d_view *v, double iob[POINTS])
{
  for (int32_t k = 0; k < POINTS; k++) iob[k] = t1d_iob_in(v, (k + 1) * point_min);
  return t1d_iob(v);
}

/* What a deviation of now (mg/dL a minute) adds up to by t while it fades in a straight line. */
static double faded(double deviation, double t)
{
  const double fade = deviation > 0 ? fade_up_min : fade_down_min;
  const double u = fmin(t, fade);
  return deviation * u * (1 - u / (2 * fade));
}

/* Carbohydrate is counted away as fast as glucose shows it, and at least at the option's rate. */
static void count_carbs(memory *m, const t1d_view *v, double deviation)
{
  static const double most_g = 120; /* oref0: maxCOB */
  const t1d_therapy *t = v->therapy;
  const double shown = fmax(deviation, 0) * t->cr_g_per_u / t->cf_mgdl_per_u;
  m->cob_g -= v->step_min * fmax(shown, m->o.absorb_g_per_h / 60);
  m->cob_g = fmin(fmax(m->cob_g, 0) + t1d_carbs_told(v), most_g);
}

typedef struct {
  double least, late, eventual; /* of all points; of those behind 90 min; the last */
} forecast;

static forecast look_ahead(const memory *m, const t1d_view *v, double glucose, double deviation)
{
  /* ours: what insulin of now can change lies behind its peak (75 min) and a step or two; a meal is
   * taken up in two and a half hours */
  static const double late_min = 90, absorb_min = 150;
  double iob[POINTS];
  const double now_iob = on_board(v, iob), isf = v->therapy->cf_mgdl_per_u;
  const double carbs = m->cob_g * isf / v->therapy->cr_g_per_u; /* mg/dL in all */
  forecast f = {glucose, INFINITY, glucose};
  for (int32_t k = 0; k < POINTS; k++) {
    const double t = (k + 1) * point_min;
    const double meal = carbs * fmin(t / absorb_min, 1), hidden = faded(deviation, t);
    const double up = carbs > 0 ? fmax(meal, hidden) : hidden;
    f.eventual = glucose - isf * (now_iob - iob[k]) + up;
    f.least = fmin(f.least, f.eventual);
    if (t >= late_min) f.late = fmin(f.late, f.eventual);
  }
  return f;
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  static const double suspend_mgdl = 80; /* ours: 70 and a sensor's error (sd 11 mg/dL) */
  memory *m = state;
  const t1d_therapy *t = v->therapy;
  const double carbs = t1d_carbs_told(v), basal = t1d_basal_at(t, v->now_min);
  const t1d_trace g = t1d_trace_of(v);
  t1d_command_profile(v, out, "no reading: profile");
  if (carbs > 0) out->bolus_u = m->o.meal_share * carbs / t->cr_g_per_u;
  if (!(g.age_min <= 15)) { /* Loop: 15 min */
    count_carbs(m, v, 0);
    return;
  }
  const double isf = t->cf_mgdl_per_u, bgi = -t1d_iob_activity(v) * isf; /* a minute */
  const double deviation = smoothed(m, g.slope_mgdl_per_min - bgi);
  count_carbs(m, v, deviation);
  const forecast f = look_ahead(m, v, g.smooth_mgdl, deviation);
  if (f.least < suspend_mgdl && carbs <= 0) {
    out->basal_u_per_h = 0;
    snprintf(out->reason, sizeof out->reason, "forecast low: basal off");
    return;
  }
  const double required = (fmin(f.late, f.eventual) - t1d_target(t)) / isf;
  const double micro =
      carbs > 0 ? 0 : fmax(fmin(m->o.micro_share * required, basal * m->o.micro_min / 60), 0);
  const double pulse = 0.05; /* less is left to the basal rate: a usual pump's least bolus */
  if (carbs > 0) /* ours: a meal that is eaten gets half of its bolus at once whatever comes */
    out->bolus_u = fmax(out->bolus_u + fmin(required, 0), 0.5 * out->bolus_u);
  else
    out->bolus_u = micro >= pulse ? micro : 0;
  out->basal_u_per_h = fmax(basal + required - micro, 0); /* what is left, over an hour */
  snprintf(out->reason, sizeof out->reason, "insulin required %.2f U, %.2f U of it now", required,
           out->bolus_u);
}

const t1d_controller t1d_rules = {
    "rules", "rules in the manner of OpenAPS", false, sizeof(memory), start, step};
