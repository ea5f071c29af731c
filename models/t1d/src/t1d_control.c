/* t1d_control.c - what controllers and limits have in common: profile, insulin on board, trace. */
#include "t1d_control.h"
#include "t1d_effect.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const t1d_controller *const all[] = {&t1d_openloop, &t1d_pid, &t1d_rules, &t1d_mpc};

const t1d_controller *t1d_controller_at(int32_t index)
{
  return index >= 0 && index < (int32_t)(sizeof all / sizeof *all) ? all[index] : NULL;
}

const t1d_controller *t1d_controller_find(const char *name)
{
  for (int32_t i = 0; t1d_controller_at(i); i++)
    if (!strcmp(all[i]->name, name)) return all[i];
  return NULL;
}

/* ---- settings -------------------------------------------------------------------------------- */
double t1d_basal_at(const t1d_therapy *t, double t_min)
{
  if (!isfinite(t_min)) return t->basal_u_per_h[0];
  const double day = t_min - 1440 * floor(t_min / 1440);
  const int32_t hour = (int32_t)(day / 60);
  return t->basal_u_per_h[hour < 0 ? 0 : (hour > 23 ? 23 : hour)];
}

double t1d_target(const t1d_therapy *t) { return t->target_mgdl > 0 ? t->target_mgdl : 115; }

double t1d_carbs_told(const t1d_view *v)
{
  static const double ahead_min = 20;
  double g = 0;
  for (int32_t i = 0; i < v->meal_count; i++) {
    const t1d_told_meal *m = &v->meal[i];
    if (m->told_min > v->now_min - v->step_min && m->told_min <= v->now_min &&
        m->t_min <= v->now_min + ahead_min && m->carbs_g > 0)
      g += m->carbs_g;
  }
  return g;
}

/* ---- insulin on board ------------------------------------------------------------------------ */
static t1d_insulin_model curve_of(const t1d_view *v)
{
  return t1d_insulin_of(v->therapy->group == T1D_ADULT ? T1D_INSULIN_ADULT : T1D_INSULIN_CHILD);
}

typedef double share_of(const t1d_insulin_model *m, double t_min);

static double on_board(const t1d_view *v, share_of *share, bool basal)
{
  const t1d_insulin_model m = curve_of(v);
  double sum = 0;
  for (int32_t i = 0; i < v->given_count; i++) {
    const t1d_given *g = &v->given[i];
    const double age = v->now_min - g->t_min;
    if (age < 0 || age > m.delay_min + m.duration_min + g->minutes) continue;
    sum += g->bolus_u * share(&m, age);
    if (!basal) continue;
    const double beyond = g->basal_u - t1d_basal_at(v->therapy, g->t_min) * g->minutes / 60;
    sum += beyond * share(&m, fmax(age - g->minutes / 2, 0));
  }
  return sum;
}

double t1d_iob(const t1d_view *v) { return on_board(v, t1d_insulin_left, true); }

double t1d_bolus_iob(const t1d_view *v) { return on_board(v, t1d_insulin_left, false); }

double t1d_iob_activity(const t1d_view *v) { return on_board(v, t1d_insulin_activity, true); }

/* ---- readings -------------------------------------------------------------------------------- */
static bool usable(double glucose_mgdl)
{
  return glucose_mgdl >= 20 && glucose_mgdl <= 600; /* NaN: no */
}

t1d_trace t1d_trace_of(const t1d_view *v)
{
  static const double window_min = 20.5, ahead_min = 0.5;
  t1d_trace r = {.age_min = INFINITY, .glucose_mgdl = NAN, .smooth_mgdl = NAN};
  double at = 0, n = 0, st = 0, sg = 0, stt = 0, stg = 0;
  for (int32_t i = v->cgm.count - 1; i >= 0; i--) {
    const double t = v->cgm.t_min[i], g = v->cgm.glucose_mgdl[i];
    if (!usable(g) || !(t <= v->now_min + ahead_min)) continue;
    if (n == 0) {
      at = t;
      r.age_min = fmax(v->now_min - t, 0);
      r.glucose_mgdl = r.smooth_mgdl = g;
    }
    const double back = t - at;
    if (back > 0 || back < -window_min) break;
    n++;
    st += back;
    sg += g;
    stt += back * back;
    stg += back * g;
  }
  const double d = n * stt - st * st;
  if (n >= 3 && d > 0) {
    r.slope_mgdl_per_min = (n * stg - st * sg) / d;
    r.smooth_mgdl = (sg - r.slope_mgdl_per_min * st) / n;
  }
  return r;
}

void t1d_command_profile(const t1d_view *v, t1d_command *out, const char *reason)
{
  out->basal_u_per_h = t1d_basal_at(v->therapy, v->now_min);
  out->bolus_u = 0;
  snprintf(out->reason, sizeof out->reason, "%s", reason);
}
