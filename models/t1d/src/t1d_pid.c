/* t1d_pid.c - proportional, integral and derivative of glucose, with the feedback of insulin.
 * G. M. Steil et al., Diabetes 55:3344 (2006): gain as a share of the daily dose, derivative of 60
 * to 90 min; G. M. Steil et al., J. Clin. Endocrinol. Metab. 96:1402 (2011): insulin predicted to
 * be in blood lessens the rate, as the beta cell does. Here "in blood" is the activity of what is
 * on board beyond the profile (t1d_control.h). */
#include "t1d_control.h"
#include <math.h>
#include <stdio.h>

typedef struct {
  t1d_pid_options o;
  double integral; /* mg/dL min */
} memory;

t1d_pid_options t1d_pid_defaults(void)
{
  return (t1d_pid_options){
      /* ours: of 0.3, 0.45, 0.9, 1.8 the largest with less than 2 % below 70 mg/dL on ten virtual
       * adults without announcements (72, 78, 82, 81 % in range; 0.7, 1.4, 3.2, 4.7 % below); in
       * size as LoopInsighT1's 0.5 U/h for 100 mg/dL */
      .gain = 0.45,         .integral_min = 450, /* ours: slower than a meal and its insulin */
      .derivative_min = 90,                      /* Steil et al. 2006: 60 to 90 */
      .feedback = 0.8,   /* ours: on the same people better than 0.5 in range and below */
      .meal_share = 0.8, /* ours: the derivative gives what is left of a meal */
  };
}

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  m->o = options ? *(const t1d_pid_options *)options : t1d_pid_defaults();
  m->integral = 0;
}

/* The integral's part, mg/dL; most: at which it doubles the basal rate or takes it away, no more.
 */
static double integrate(memory *m, double by, double most)
{
  if (!(m->o.integral_min > 0)) return 0;
  most *= m->o.integral_min;
  m->integral = fmax(fmin(m->integral + by, most), -most);
  return m->integral / m->o.integral_min;
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  /* Above: the integral grows no faster (a meal is no lasting error); below: it falls fast. Ours:
   * target and 60 is 175, the end of the range in which glucose should be. */
  static const double windup_mgdl = 60;
  memory *m = state;
  const t1d_therapy *t = v->therapy;
  const t1d_trace g = t1d_trace_of(v);
  const double carbs = t1d_carbs_told(v), basal = t1d_basal_at(t, v->now_min);
  t1d_command_profile(v, out, "no reading: profile");
  if (carbs > 0) out->bolus_u = m->o.meal_share * carbs / t->cr_g_per_u;
  if (!(g.age_min <= 15)) return;                        /* Loop: 15 min */
  const double gain = m->o.gain * t->daily_dose_u / 1e4; /* U/h per mg/dL */
  const double error = g.smooth_mgdl - t1d_target(t);
  const double lasting = integrate(m, v->step_min * fmin(error, windup_mgdl), basal / gain);
  const double pid = gain * (error + lasting + m->o.derivative_min * g.slope_mgdl_per_min);
  const double blood = 60 * t1d_iob_activity(v); /* U/h beyond the profile */
  const double rate = basal + (1 + m->o.feedback) * pid - m->o.feedback * blood;
  out->basal_u_per_h = fmax(rate, 0);
  snprintf(out->reason, sizeof out->reason, "rate %.2f U/h, of it %.2f U/h by feedback of insulin",
           fmax(rate, 0), -m->o.feedback * blood);
}

const t1d_controller t1d_pid = {
    "pid", "PID with the feedback of insulin", false, sizeof(memory), start, step};
