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

/* Ours: half of it, since a controller may have taken off what was to come down. */
static bool answered(const t1d_view *v, const t1d_told_meal *m)
{
  for (int32_t i = v->given_count - 1; i >= 0; i--) {
    const t1d_given *g = &v->given[i];
    if (g->t_min >= m->told_min && g->t_min < m->told_min + v->step_min &&
        2 * g->bolus_u * v->therapy->cr_g_per_u >= m->carbs_g)
      return true;
  }
  return false;
}

double t1d_carbs_told(const t1d_view *v)
{
  static const double ahead_min = 20; /* ours: a bolus is best 15 to 20 min before a meal */
  double g = 0;
  for (int32_t i = 0; i < v->meal_count; i++) {
    const t1d_told_meal *m = &v->meal[i];
    if (m->told_min > v->now_min - v->step_min && m->told_min <= v->now_min &&
        m->t_min <= v->now_min + ahead_min && m->carbs_g > 0 && !answered(v, m))
      g += m->carbs_g;
  }
  return g;
}

/* ---- insulin on board ------------------------------------------------------------------------ */
static t1d_insulin_model curve_of(const t1d_view *v)
{
  return t1d_insulin_of(v->therapy->group == T1D_ADULT ? T1D_INSULIN_ADULT : T1D_INSULIN_CHILD);
}

/* From entry i to the one behind it (or now) by the clock, min. */
static double clock_step(const t1d_view *v, int32_t i)
{
  const double next = i + 1 < v->given_count ? v->given[i + 1].t_min : v->now_min;
  return next - v->given[i].t_min;
}

/* Of that, what the entry covers: what has passed at least. */
static double covered(const t1d_view *v, int32_t i)
{
  const double minutes = v->given[i].minutes;
  return isfinite(minutes) ? fmin(fmax(clock_step(v, i), 0), fmax(minutes, 0)) : 0;
}

/* Does the clock agree with the entries here? One decision may be missed, with half a minute;
 * short_min: by how much the clock may fall short of what the entry covers. */
static bool follows(const t1d_view *v, int32_t i, double short_min)
{
  const double step = clock_step(v, i), minutes = fmax(v->given[i].minutes, 0);
  return step >= fmax(minutes - short_min, 0) && step <= minutes + fmax(v->step_min, 0) + 0.5;
}

double t1d_clock_moved_min(const t1d_view *v)
{
  double age = 0;
  for (int32_t i = v->given_count - 1; i >= 0; i--) {
    if (!follows(v, i, INFINITY)) return age;
    age += covered(v, i);
  }
  return INFINITY;
}

typedef double share_of(const t1d_insulin_model *m, double t_min);

typedef struct {
  t1d_insulin_model curve;
  share_of *share;
  bool basal;
  double ahead_min, pace;
} account;

/* What the profile gives over an entry, U. A decision stands against the profile of its moment;
 * what flowed while nobody decided, against all hours of the profile that it passed. */
static double profile_u(const t1d_view *v, const t1d_given *g)
{
  const bool decided = g->minutes <= v->step_min;
  if (decided || !isfinite(g->t_min) || !(g->minutes <= 1440))
    return t1d_basal_at(v->therapy, g->t_min) * g->minutes / 60;
  const double end = g->t_min + g->minutes;
  double sum = 0;
  for (double at = g->t_min, next; at < end; at = next) {
    next = fmin(60 * (floor(at / 60) + 1), end);
    sum += t1d_basal_at(v->therapy, at) * (next - at) / 60;
  }
  return sum;
}

/* Basal of entry i that is beyond the profile and has yet to act, U. Above it age counts; below it,
 * where insulin counts less the older it is, what the clock says, and no more than can have been
 * held back by then. */
static double basal_of(const t1d_view *v, const account *a, int32_t i, double age, double clock_age)
{
  const t1d_given *g = &v->given[i];
  const double profile_u_per_h = t1d_basal_at(v->therapy, g->t_min), half = g->minutes / 2;
  double u = g->basal_u - profile_u(v, g);
  if (u < 0) {
    u = fmax(u, -profile_u_per_h * clock_age / 60);
    age = clock_age;
  }
  return u * a->share(&a->curve, a->pace * fmax(age - half, 0));
}

static double on_board(const t1d_view *v, const account *a)
{
  static const double jitter_min = 1;
  double sum = 0, age = fmax(a->ahead_min, 0), clock_age = age;
  for (int32_t i = v->given_count - 1; i >= 0; i--) {
    const t1d_given *g = &v->given[i];
    age += covered(v, i);
    /* behind a move of the clock what was held back counts for nothing: its age is not known */
    clock_age = follows(v, i, jitter_min) ? clock_age + clock_step(v, i) : INFINITY;
    if (a->pace * (age - g->minutes) > a->curve.delay_min + a->curve.duration_min) break;
    if (!(g->bolus_u <= 0)) sum += g->bolus_u * a->share(&a->curve, a->pace * age);
    if (a->basal) sum += basal_of(v, a, i, age, clock_age);
  }
  return sum;
}

double t1d_iob_in(const t1d_view *v, double ahead_min)
{
  return on_board(v, &(account){curve_of(v), t1d_insulin_left, true, ahead_min, 1});
}

double t1d_iob(const t1d_view *v) { return t1d_iob_in(v, 0); }

double t1d_iob_slow(const t1d_view *v, double pace)
{
  const t1d_insulin_model adult = t1d_insulin_of(T1D_INSULIN_ADULT);
  return on_board(v, &(account){adult, t1d_insulin_left, true, 0, pace});
}

double t1d_bolus_iob(const t1d_view *v)
{
  return on_board(v, &(account){curve_of(v), t1d_insulin_left, false, 0, 1});
}

double t1d_iob_activity(const t1d_view *v)
{
  return on_board(v, &(account){curve_of(v), t1d_insulin_activity, true, 0, 1});
}

/* ---- readings -------------------------------------------------------------------------------- */
bool t1d_reading_usable(double glucose_mgdl)
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
    if (!t1d_reading_usable(g) || isnan(t)) continue;
    if (t > v->now_min + ahead_min) break; /* what lies behind it may be older than it says */
    if (v->reading_faults && v->reading_faults[i]) continue;
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
