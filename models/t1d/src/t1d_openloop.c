/* t1d_openloop.c - basal profile and boluses by ratio: what a person does without a loop. */
#include "t1d_control.h"
#include <math.h>
#include <stdio.h>

typedef struct {
  t1d_openloop_options o;
} memory;

t1d_openloop_options t1d_openloop_defaults(void)
{
  return (t1d_openloop_options){.correct_mgdl = 150}; /* as simglucose's basal-bolus controller */
}

static void start(void *state, const t1d_therapy *therapy, const void *options)
{
  memory *m = state;
  (void)therapy;
  m->o = options ? *(const t1d_openloop_options *)options : t1d_openloop_defaults();
}

static void step(void *state, const t1d_view *v, t1d_command *out)
{
  const memory *m = state;
  const t1d_therapy *t = v->therapy;
  const double carbs = t1d_carbs_told(v);
  t1d_command_profile(v, out, "profile");
  if (!(carbs > 0)) return;
  const t1d_trace g = t1d_trace_of(v);
  double correction = 0;
  if (!m->o.never_correct && g.age_min <= 15 && g.smooth_mgdl > m->o.correct_mgdl)
    correction = fmax((g.smooth_mgdl - t1d_target(t)) / t->cf_mgdl_per_u - t1d_bolus_iob(v), 0);
  out->bolus_u = carbs / t->cr_g_per_u + correction;
  snprintf(out->reason, sizeof out->reason, "meal: %.2f U for carbohydrate, %.2f U to correct",
           carbs / t->cr_g_per_u, correction);
}

const t1d_controller t1d_openloop = {
    "open-loop", "basal profile and boluses by ratio", false, sizeof(memory), start, step};
