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

static double or_else(double value, double otherwise) { return value > 0 ? value : otherwise; }

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  *m = (memory){{0}, 0};
  if (options) m->o = *(const t1d_pid_options *)options;
  m->o.gain = or_else(m->o.gain, 0.45);
  m->o.integral_min = or_else(m->o.integral_min, 450);
  m->o.derivative_min = or_else(m->o.derivative_min, 90);
  m->o.feedback = or_else(m->o.feedback, 0.8);
  m->o.meal_share = or_else(m->o.meal_share, 0.8);
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  /* Above: the integral stops growing (a meal is no lasting error); below: it falls fast. */
  static const double windup_mgdl = 60;
  memory *m = state;
  const t1d_therapy *t = v->therapy;
  const t1d_trace g = t1d_trace_of(v);
  const double carbs = t1d_carbs_told(v), basal = t1d_basal_at(t, v->now_min);
  t1d_command_profile(v, out, "no reading: profile");
  if (carbs > 0) out->bolus_u = m->o.meal_share * carbs / t->cr_g_per_u;
  if (!(g.age_min <= 15)) return;
  const double gain = m->o.gain * t->daily_dose_u / 1e4; /* U/h per mg/dL */
  const double error = g.smooth_mgdl - t1d_target(t);
  m->integral += v->step_min * fmin(error, windup_mgdl);
  const double most = basal / gain * m->o.integral_min; /* the integral at most doubles the basal */
  m->integral = fmax(fmin(m->integral, most), -most);
  const double pid =
      gain * (error + m->integral / m->o.integral_min + m->o.derivative_min * g.slope_mgdl_per_min);
  const double blood = 60 * t1d_iob_activity(v); /* U/h beyond the profile */
  const double rate = basal + (1 + m->o.feedback) * pid - m->o.feedback * blood;
  out->basal_u_per_h = fmax(rate, 0);
  snprintf(out->reason, sizeof out->reason, "rate %.2f U/h, of it %.2f U/h by feedback of insulin",
           fmax(rate, 0), -m->o.feedback * blood);
}

const t1d_controller t1d_pid = {
    "pid", "PID with the feedback of insulin", false, sizeof(memory), start, step};
