/* t1d_meals.c - meals of virtual people (t1d_meals.h). */
#include "t1d_meals.h"
#include "gemel/math.h"
#include "gemel/rand.h"
#include <assert.h>
#include <math.h>

static const double day_min = 1440;

/* Drawn days: probability, time (normal, cut to [from, to)) and size (normal, whole grams, none at
 * 0) of each meal: the random scenario of simglucose (MIT, a6f6777). */
typedef struct {
  double share, from_h, to_h, mean_h, sd_min, mean_g, sd_g;
} meal_law;
static const meal_law law[T1D_MEALS_A_DAY] = {
    {0.95, 5, 9, 7, 60, 45, 10},   {0.30, 9, 10, 9.5, 30, 10, 5},  {0.95, 10, 14, 12, 60, 70, 10},
    {0.30, 14, 16, 15, 30, 10, 5}, {0.95, 16, 20, 18, 60, 80, 10}, {0.30, 20, 23, 21.5, 30, 10, 5},
};

t1d_meal_plan t1d_meals_defaults(t1d_meals_kind kind)
{
  return (t1d_meal_plan){.kind = kind, .scale = 1, .factor = 1, .cv = 0.2};
}

gm_status t1d_meals_check(gm_ctx *ctx, const t1d_meal_plan *p)
{
  assert(p);
  if (p->kind != T1D_MEALS_STANDARD && p->kind != T1D_MEALS_DRAWN)
    return gm_fail(ctx, GM_EINVAL, "meals: no kind %d", (int)p->kind);
  if ((unsigned)p->announce > T1D_ANNOUNCE_NONE)
    return gm_fail(ctx, GM_EINVAL, "meals: no way %d of announcing", (int)p->announce);
  if (!(p->scale >= 0 && p->scale <= 100) || !(p->factor >= 0 && p->factor <= 100) ||
      !(p->cv >= 0 && p->cv <= 10))
    return gm_fail(ctx, GM_EDOMAIN, "meals: scale %g, factor %g, variation %g", p->scale, p->factor,
                   p->cv);
  if (!(p->missed >= 0 && p->missed <= 1))
    return gm_fail(ctx, GM_EDOMAIN, "meals: share missed %g", p->missed);
  if (!(fabs(p->late_min) <= 720) || !(p->late_sd_min >= 0 && p->late_sd_min <= 60))
    return gm_fail(ctx, GM_EDOMAIN, "meals: announced %g min late, sd %g", p->late_min,
                   p->late_sd_min);
  return GM_OK;
}

/* ---- a day ----------------------------------------------------------------------------------- */
enum { KIND = 0x743102 }; /* of rand.h: this file's own */
enum { DRAW_SHARE, DRAW_TIME, DRAW_SIZE, DRAW_TOLD, DRAW_MISSED, DRAW_LATE };

/* entity: which meal of the day. Each number is used for one thing alone: a plan that announces
 * otherwise eats the same. */
static double uniform(const t1d_meal_plan *p, uint32_t draw, int32_t slot, int64_t day)
{
  gm_key key = gm_key_make(p->seed, GM_PURPOSE_OCCASION, p->subject, 0);
  return gm_uniform(key, 0, (uint64_t)slot, gm_kind_draw(KIND, draw), (uint64_t)day);
}

static double normal(const t1d_meal_plan *p, uint32_t draw, int32_t slot, int64_t day)
{
  return gm_norm_quantile(uniform(p, draw, slot, day));
}

static bool eat_drawn(const t1d_meal_plan *p, int32_t slot, int64_t day, t1d_meal *m)
{
  const meal_law *l = &law[slot];
  if (uniform(p, DRAW_SHARE, slot, day) >= l->share) return false;
  /* normal within bounds, by inversion */
  double low = gm_norm_cdf((l->from_h - l->mean_h) * 60 / l->sd_min),
         high = gm_norm_cdf((l->to_h - l->mean_h) * 60 / l->sd_min);
  double z = gm_norm_quantile(low + (high - low) * uniform(p, DRAW_TIME, slot, day));
  double t = floor(l->mean_h * 60 + l->sd_min * z); /* so stays before to_h */
  m->t_min = fmin(fmax(t, l->from_h * 60), l->to_h * 60 - 1);
  m->carbs_g = fmax(nearbyint(l->mean_g + l->sd_g * normal(p, DRAW_SIZE, slot, day)), 0);
  return m->carbs_g > 0;
}

static bool eat_standard(int32_t slot, t1d_meal *m)
{
  static const double t_min[] = {420, 720, 1080}, carbs_g[] = {45, 70, 80};
  if (slot % 2 != 0) return false;
  m->t_min = t_min[slot / 2];
  m->carbs_g = carbs_g[slot / 2];
  return true;
}

static double told_factor(const t1d_meal_plan *p, int32_t slot, int64_t day)
{
  double z, s2;
  switch (p->announce) {
  case T1D_ANNOUNCE_FACTOR: return p->factor;
  case T1D_ANNOUNCE_LOGNORMAL:
    z = normal(p, DRAW_TOLD, slot, day);
    s2 = gm_log1p(p->cv * p->cv);
    return p->factor * gm_exp(sqrt(s2) * z - s2 / 2);
  case T1D_ANNOUNCE_NORMAL: return fmax(p->factor + p->cv * normal(p, DRAW_TOLD, slot, day), 0);
  default: return 1;
  }
}

static void tell(const t1d_meal_plan *p, t1d_meal *m)
{
  m->announced =
      p->announce != T1D_ANNOUNCE_NONE && uniform(p, DRAW_MISSED, m->slot, m->day) >= p->missed;
  m->told_min = m->told_g = NAN;
  if (!m->announced) return;
  double late = p->late_min;
  if (p->late_sd_min > 0) late += p->late_sd_min * normal(p, DRAW_LATE, m->slot, m->day);
  late = nearbyint(fmin(fmax(late, -day_min), day_min));
  m->told_min = m->t_min + late;
  m->told_g = m->carbs_g * told_factor(p, m->slot, m->day);
}

int32_t t1d_meals_day(const t1d_meal_plan *plan, int64_t day, t1d_meal out[T1D_MEALS_A_DAY])
{
  assert(plan && out);
  int32_t count = 0;
  for (int32_t slot = 0; slot < T1D_MEALS_A_DAY; slot++) {
    t1d_meal m = {.slot = slot, .day = day};
    bool eats =
        plan->kind == T1D_MEALS_STANDARD ? eat_standard(slot, &m) : eat_drawn(plan, slot, day, &m);
    if (!eats || !(plan->scale > 0)) continue;
    m.t_min += (double)day * day_min;
    m.carbs_g *= plan->scale;
    tell(plan, &m);
    out[count++] = m;
  }
  return count; /* in order: the slots' hours do not overlap */
}

/* ---- a stretch ------------------------------------------------------------------------------- */
static double when(const t1d_meal *m, bool told) { return told ? m->told_min : m->t_min; }

/* Meals of the days around whose time (of eating, of announcing) lies within, sorted as they come.
 */
static gm_status stretch(gm_ctx *ctx, const t1d_meal_plan *p, double t0, double t1, bool told,
                         t1d_meal *out, int32_t out_max, int32_t *count)
{
  assert(p && count && (out || out_max == 0));
  if (!(fabs(t0) <= 1e12) || !(fabs(t1) <= 1e12) || t1 < t0)
    return gm_fail(ctx, GM_EDOMAIN, "meals: from %g to %g min", t0, t1);
  const int64_t around = told ? 1 : 0; /* announced a day before or after at most */
  int32_t n = 0;
  int64_t first = (int64_t)floor(t0 / day_min) - around,
          last = (int64_t)floor(t1 / day_min) + around;
  for (int64_t day = first; day <= last; day++) {
    t1d_meal m[T1D_MEALS_A_DAY];
    int32_t here = t1d_meals_day(p, day, m);
    for (int32_t i = 0; i < here; i++) {
      double t = when(&m[i], told);
      if (!(t >= t0) || !(t < t1)) continue;
      if (n == out_max) return gm_fail(ctx, GM_EFULL, "meals: more than %d", (int)out_max);
      int32_t at = n++;
      for (; at > 0 && when(&out[at - 1], told) > t; at--) out[at] = out[at - 1];
      out[at] = m[i];
    }
  }
  *count = n;
  return GM_OK;
}

gm_status t1d_meals_eaten(gm_ctx *ctx, const t1d_meal_plan *plan, double t0_min, double t1_min,
                          t1d_meal *out, int32_t out_max, int32_t *count)
{
  return stretch(ctx, plan, t0_min, t1_min, false, out, out_max, count);
}

gm_status t1d_meals_told(gm_ctx *ctx, const t1d_meal_plan *plan, double t0_min, double t1_min,
                         t1d_meal *out, int32_t out_max, int32_t *count)
{
  return stretch(ctx, plan, t0_min, t1_min, true, out, out_max, count);
}

double t1d_meal_bolus_u(const t1d_meal *meal, double cr_g_per_u, double times)
{
  assert(meal && cr_g_per_u > 0);
  return meal->announced ? times * meal->told_g / cr_g_per_u : 0;
}
