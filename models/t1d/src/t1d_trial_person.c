/* t1d_trial_person.c - five minutes of one person in one arm: sensor, belief, controller, limits,
 * pump. */
#include "t1d_trial_internal.h"
#include <math.h>
#include <string.h>

/* ---- memory of the last hours -----------------------------------------------------------------
 */
/* Was there one? */
static bool keep_reading(t1d__person *p)
{
  if (!isfinite(p->now.reading_mgdl) || !isfinite(p->now.reading_min)) return false;
  if (p->reading_count == T1D__READINGS) {
    const size_t n = (size_t)--p->reading_count;
    memmove(p->reading_t, p->reading_t + 1, n * sizeof *p->reading_t);
    memmove(p->reading_g, p->reading_g + 1, n * sizeof *p->reading_g);
    memmove(p->reading_fault, p->reading_fault + 1, n * sizeof *p->reading_fault);
  }
  p->reading_t[p->reading_count] = p->now.reading_min;
  p->reading_g[p->reading_count] = p->now.reading_mgdl;
  p->reading_fault[p->reading_count++] = 0;
  return true;
}

static void keep_given(t1d__person *p, t1d_given g)
{
  if (p->given_count == T1D__GIVEN)
    memmove(p->given, p->given + 1, (size_t)--p->given_count * sizeof *p->given);
  p->given[p->given_count++] = g;
}

static void keep_told(t1d__person *p, t1d_told_meal m)
{
  if (p->told_count == T1D__TOLD)
    memmove(p->told, p->told + 1, (size_t)--p->told_count * sizeof *p->told);
  p->told[p->told_count++] = m;
}

/* ---- what is seen ------------------------------------------------------------------------------
 */
enum { MEALS = 4 * T1D_MEALS_A_DAY };

static gm_status see_meals(t1d__person *p, gm_ctx *ctx)
{
  static const double eps = 1e-6; /* announced since the last moment, this one included */
  t1d_moment *n = &p->now;
  t1d_meal meal[MEALS];
  int32_t count = 0;
  n->told_g[0] = n->told_g[1] = n->eaten_g = 0;
  p->eaten_at_min = n->t_min;
  gm_status s =
      t1d_meals_eaten(ctx, &p->meals, n->t_min, n->t_min + T1D__STEP_MIN, meal, MEALS, &count);
  for (int32_t i = 0; i < count && !s; i++) {
    (void)t1d_fault_meal(&p->script, &meal[i]);
    if (n->eaten_g == 0) p->eaten_at_min = meal[i].t_min;
    n->eaten_g += meal[i].carbs_g;
  }
  if (!s)
    s = t1d_meals_told(ctx, &p->meals, n->t_min - T1D__STEP_MIN + eps, n->t_min + eps, meal, MEALS,
                       &count);
  for (int32_t i = 0; i < count && !s; i++) {
    const int32_t times = t1d_fault_meal(&p->script, &meal[i]);
    if (times > 0) n->told_g[0] += meal[i].told_g;
    if (times > 1) n->told_g[1] += meal[i].told_g;
  }
  return s;
}

static gm_status draw_faults(t1d__person *p, gm_ctx *ctx)
{
  if (!p->o->fault_law || fmod(p->now.t_min, 1440) != 0) return GM_OK;
  t1d_fault_law law = *p->o->fault_law;
  law.seed = p->o->seed;
  law.subject = (uint64_t)p->now.person;
  return t1d_fault_add_day(ctx, &p->script, &law, (int64_t)(p->now.t_min / 1440));
}

static gm_status look(t1d__person *p, gm_ctx *ctx)
{
  t1d_moment *n = &p->now;
  gm_status s = draw_faults(p, ctx);
  if (!s) s = see_meals(p, ctx);
  if (s) return s;
  t1d_sample r = t1d_sensor_sample(&p->sensor, n->t_min, n->interstitial_mgdl);
  r = t1d_fault_reading(&p->script, r);
  n->reading_mgdl = p->arm->open_sensor || r.flags & T1D_SAMPLE_MISSING ? NAN : r.mgdl;
  n->reading_min = r.t_min;
  n->faults = t1d_fault_active(&p->script, n->t_min);
  n->occluded = (n->faults & T1D_FAULT_BIT(T1D_FAULT_OCCLUSION)) != 0;
  if (p->o->fault) p->o->fault(p->o->fault_user, n);
  return GM_OK;
}

/* A failure of numbers ends the belief, not the trial. */
static gm_status believed(t1d__person *p, gm_status s)
{
  if (s != GM_ENUMERIC) return s;
  p->dead = true;
  return GM_OK;
}

static gm_status learn(t1d__person *p, gm_ctx *ctx, t1d_belief_news *news)
{
  const t1d_moment *n = &p->now;
  const bool fresh =
      n->reading_min > n->t_min - T1D__STEP_MIN / 2.0 && n->reading_min < n->t_min + 1;
  const double cgm = fresh ? n->reading_mgdl : NAN;
  *news = (t1d_belief_news){.lost = p->dead};
  if (!p->belief || p->dead) return GM_OK;
  gm_status s = believed(p, p->arm->belief->step(p->belief, ctx, n->t_min, cgm, news));
  for (int32_t i = 0; i < 2 && !s && !p->dead; i++)
    if (n->told_g[i] > 0)
      s = believed(p, p->arm->belief->meal(p->belief, ctx, n->t_min, n->told_g[i]));
  news->lost |= p->dead;
  return s;
}

/* ---- what is done ------------------------------------------------------------------------------
 */
static gm_status decide(t1d__person *p, gm_ctx *ctx, const t1d_belief_news *news)
{
  t1d_moment *n = &p->now;
  t1d_outlook outlook = {0};
  gm_status s = GM_OK;
  const double basal = t1d_basal_at(&p->therapy, n->t_min);
  if (p->belief && !p->dead && p->arm->controller->needs_outlook)
    s = believed(p, p->arm->belief->outlook(p->belief, ctx, basal, &outlook));
  if (s) return s;
  const t1d_view view = {.now_min = n->t_min,
                         .step_min = T1D__STEP_MIN,
                         .cgm = {p->reading_t, p->reading_g, p->reading_count},
                         .reading_faults = p->reading_fault,
                         .given = p->given,
                         .given_count = p->given_count,
                         .meal = p->told,
                         .meal_count = p->told_count,
                         .therapy = &p->therapy,
                         .outlook = outlook.members > 0 ? &outlook : NULL,
                         .twin_lost = news->lost || p->dead,
                         .sensor_faults = news->sensor_faults};
  n->lost = view.twin_lost;
  n->iob_u = t1d_iob(&view);
  memset(&n->asked, 0, sizeof n->asked);
  p->arm->controller->step(p->memory, &view, &n->asked);
  n->given = n->asked;
  t1d_limit_apply(&p->limits, &view, &n->given, &n->limits);
  return GM_OK;
}

/* Into the body: what the pump delivered, a slow bolus minute by minute. */
static gm_status infuse(t1d__person *p, gm_ctx *ctx)
{
  const t1d_moment *n = &p->now;
  const t1d_delivery *d = &n->delivery;
  gm_status s = t1d_course_basal(p->course, ctx, n->t_min, d->basal_u_per_h);
  int32_t parts = (int32_t)ceil(d->bolus_min - 1e-9);
  parts = parts < 1 ? 1 : (parts > T1D__STEP_MIN ? T1D__STEP_MIN : parts);
  for (int32_t i = 0; i < parts && d->bolus_u > 0 && !s; i++)
    s = t1d_course_bolus(p->course, ctx, n->t_min + i, d->bolus_u / parts);
  if (!s && n->eaten_g > 0) s = t1d_course_meal(p->course, ctx, p->eaten_at_min, n->eaten_g);
  return s;
}

static gm_status give(t1d__person *p, gm_ctx *ctx)
{
  t1d_moment *n = &p->now;
  const double hours = T1D__STEP_MIN / 60.0;
  t1d_pump_occlude(&p->pump, n->occluded);
  n->delivery = t1d_pump_give(&p->pump, T1D__STEP_MIN, n->given.basal_u_per_h, n->given.bolus_u);
  const t1d_delivery *d = &n->delivery;
  keep_given(p, (t1d_given){n->t_min, T1D__STEP_MIN, d->reported_basal_u_per_h * hours,
                            d->reported_bolus_u});
  if (n->t_min >= p->kept_from_min) p->insulin_u += d->basal_u_per_h * hours + d->bolus_u;
  gm_status s = infuse(p, ctx);
  if (s || !p->belief || p->dead) return s;
  s = believed(p, p->arm->belief->basal(p->belief, ctx, n->t_min, d->reported_basal_u_per_h));
  if (!s && !p->dead && d->reported_bolus_u > 0)
    s = believed(p, p->arm->belief->bolus(p->belief, ctx, n->t_min, d->reported_bolus_u));
  return s;
}

static void count(t1d__person *p)
{
  if (p->now.t_min < p->kept_from_min) return;
  for (int32_t i = 0; i < T1D_LIMIT_COUNT; i++)
    if (p->now.limits & T1D_LIMIT_BIT(i)) p->limited[i]++;
  if (p->now.lost) p->lost_count++;
}

gm_status t1d__person_live(t1d__person *p, gm_ctx *ctx, gm_drive *drive)
{
  t1d_belief_news news = {0};
  gm_status s = look(p, ctx);
  if (s) return s;
  const bool heard = keep_reading(p);
  for (int32_t i = 0; i < 2; i++)
    if (p->now.told_g[i] > 0)
      keep_told(p, (t1d_told_meal){p->now.t_min, p->now.t_min, p->now.told_g[i]});
  s = learn(p, ctx, &news);
  if (heard) p->reading_fault[p->reading_count - 1] = news.sensor_faults;
  if (!s) s = decide(p, ctx, &news);
  if (!s) s = give(p, ctx);
  if (s) return s;
  count(p);
  return t1d_course_read(p->course, ctx, p->now.t_min + T1D__STEP_MIN, drive);
}
