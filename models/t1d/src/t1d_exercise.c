/* t1d_exercise.c - two states driven by the heart rate, in steps of a quarter of a minute. */
#include "t1d_exercise.h"
#include "gemel/math.h"
#include <math.h>

/* Deichmann 2021: uptake and sensitivity for each beat; share of the heart rate at rest at which
 * the long effect builds up; time constants. */
static const double beta = 3.39e-4, alpha = 2.59e-4, share = 0.1, tau_min = 5, tau_long_min = 600;
static const double active_least = 20, apart_min = 60;
/* Below these there is no exercise: of uptake 0.03 % of glucose in an hour, of sensitivity 0.1 %.
 */
static const double move_least = 5e-6, after_least = 1e-3;

void t1d_exercise_begin(t1d_exercise *e, double t_min, double rest)
{
  *e = (t1d_exercise){.t_min = t_min, .rest = rest, .active_min = -INFINITY};
}

/* y' = (above - y)/tau exactly; z' = f(y) (1 - z) - z/tau_long with f of the middle of the step. */
static void step(t1d_exercise *e, double dt, double above)
{
  const double half = gm_exp(-0.5 * dt / tau_min);
  const double middle = above + (e->y - above) * half, r = middle / (share * e->rest);
  const double r4 = r * r * r * r, f = r4 / (1 + r4), rate = f + 1 / tau_long_min;
  e->y = above + (e->y - above) * half * half;
  e->z = f / rate + (e->z - f / rate) * gm_exp(-rate * dt);
  e->beats += above * dt;
  e->t_min += dt;
}

bool t1d_exercise_is(const t1d_exercise *e, double heart_rate)
{
  return heart_rate - e->rest >= active_least;
}

void t1d_exercise_go(t1d_exercise *e, double t_min, double heart_rate)
{
  double above = heart_rate - e->rest;
  if (!t1d_exercise_is(e, heart_rate)) above = 0;
  if (above > 0 && e->t_min - e->active_min >= apart_min) e->beats = 0;
  while (e->t_min < t_min) {
    if (above == 0 && e->y < 1e-6 && e->z < 1e-6)
      e->t_min = t_min; /* at rest for long */
    else
      step(e, fmin(0.25, t_min - e->t_min), above);
  }
  if (above > 0) e->active_min = t_min;
}

double t1d_exercise_move(const t1d_exercise *e)
{
  const double v = beta * e->y;
  return v > move_least ? v : 0;
}

double t1d_exercise_after(const t1d_exercise *e)
{
  const double v = alpha * e->beats * e->z;
  return v > after_least ? v : 0;
}
