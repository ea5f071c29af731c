/* t1d_effect_carb.c - carbohydrate: assumed absorption, and the absorption that was seen
 * (t1d_effect.h). What glucose did beyond the insulin effect is credited to the meals that can be
 * absorbing; what is left of them absorbs as assumed, within the longest time. */
#include "t1d_effect.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>

/* Loop compares sums of effects to within the spacing of single precision at 1. */
static const double NOTHING = 1.1920928955078125e-7;

/* ---- shapes ---------------------------------------------------------------------------------- */
/* LoopAlgorithm, piecewise linear absorption: the rate rises to RISE of the time, stays to FALL. */
static const double RISE = 0.15, FALL = 0.5;

static double piecewise_top(void) { return 2 / (1 + FALL - RISE); } /* so that the area is 1 */

static double piecewise_share(double x)
{
  double top = piecewise_top();
  if (x < RISE) return 0.5 * top * x * x / RISE;
  if (x < FALL) return top * (x - 0.5 * RISE);
  double over = x - FALL;
  return top * (FALL - 0.5 * RISE + over * (1 - 0.5 * over / (1 - FALL)));
}

static double piecewise_time(double y)
{
  double top = piecewise_top();
  if (y < 0.5 * top * RISE) return gm_sqrt(2 * RISE * y / top);
  if (y < top * (FALL - 0.5 * RISE)) return 0.5 * RISE + y / top;
  return 1 - gm_sqrt((1 - FALL) * (1 + FALL - RISE) * (1 - y));
}

static double piecewise_rate(double x)
{
  double top = piecewise_top();
  if (x < RISE) return top * x / RISE;
  return x < FALL ? top : top * (1 - x) / (1 - FALL);
}

double t1d_absorb_share(t1d_absorb_shape shape, double time_share)
{
  double x = time_share;
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  if (shape == T1D_ABSORB_LINEAR) return x;
  if (shape == T1D_ABSORB_PARABOLIC) return x <= 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
  return piecewise_share(x);
}

double t1d_absorb_time(t1d_absorb_shape shape, double share)
{
  double y = share;
  if (!(y > 0)) return 0;
  if (y >= 1) return 1;
  if (shape == T1D_ABSORB_LINEAR) return y;
  if (shape == T1D_ABSORB_PARABOLIC) return y <= 0.5 ? gm_sqrt(y / 2) : 1 - gm_sqrt((1 - y) / 2);
  return piecewise_time(y);
}

double t1d_absorb_rate(t1d_absorb_shape shape, double time_share)
{
  double x = time_share;
  if (!(x > 0)) return 0;
  if (shape == T1D_ABSORB_LINEAR) return x <= 1 ? 1 : 0;
  if (x >= 1) return 0;
  if (shape == T1D_ABSORB_PARABOLIC) return x <= 0.5 ? 4 * x : 4 * (1 - x);
  return piecewise_rate(x);
}

t1d_carb_options t1d_carb_defaults(void)
{
  return (t1d_carb_options){.shape = T1D_ABSORB_PIECEWISE,
                            .absorb_s = 3 * 3600.0,
                            .delay_s = 600,
                            .assumed_overrun = 1.5,
                            .longest_overrun = 1.5,
                            .adaptive = false,
                            .adaptive_after = 0.2};
}

/* ---- one meal -------------------------------------------------------------------------------- */
typedef t1d_effect_absorption meal_state;

static double observed_span(const meal_state *p)
{
  return (isnan(p->done_s) ? p->seen_until_s : p->done_s) - p->start_s;
}

/* Time since absorption can have begun, as far as was seen. */
static double seen_time(const meal_state *p, const t1d_carb_options *o)
{
  return p->seen_until_s - p->start_s - o->delay_s;
}

static double least_grams(const meal_state *p, const t1d_carb_options *o)
{
  return p->carb_g * t1d_absorb_share(o->shape, seen_time(p, o) / p->longest_s);
}

/* Brings grams and times in line with what was credited. */
static void update(meal_state *p, const t1d_carb_options *o)
{
  double seen = seen_time(p, o);
  bool rate_seen = o->adaptive && seen > o->adaptive_after * p->assumed_s;
  p->observed_g = p->seen_mgdl / p->mgdl_per_g;
  p->clamped_g = fmin(p->carb_g, fmax(least_grams(p, o), p->observed_g));
  p->observed_s = observed_span(p);
  double share = p->carb_g > 0 ? p->clamped_g / p->carb_g : 1;
  double share_time = t1d_absorb_time(o->shape, share);
  p->used_s = 0, p->left_s = p->assumed_s;
  if (seen <= 0) return;
  p->used_s = fmin(rate_seen ? seen : share_time * p->assumed_s, p->longest_s);
  double left_max = fmax(p->longest_s - seen, 0);
  double left =
      rate_seen ? seen / fmax(share_time, 2.220446049250313e-16) - seen : p->assumed_s - p->used_s;
  p->left_s = left_max > 0 ? fmin(left, left_max) : 0;
}

static meal_state begin(const t1d_effect_meal *meal, double mgdl_per_g, const t1d_carb_options *o,
                        double last_seen_s)
{
  double stated = meal->absorb_s > 0 ? meal->absorb_s : o->absorb_s;
  meal_state p = {.start_s = meal->start_s,
                  .carb_g = meal->carb_g,
                  .mgdl_per_g = mgdl_per_g,
                  .assumed_s = stated * o->assumed_overrun,
                  .longest_s = stated * o->longest_overrun,
                  .done_s = NAN};
  double last_possible = p.start_s + p.longest_s + o->delay_s;
  p.seen_until_s = fmin(last_possible, fmax(last_seen_s, p.start_s));
  update(&p, o);
  return p;
}

static bool can_be_absorbing(const meal_state *p, const t1d_carb_options *o, double t_s)
{
  return t_s >= p->start_s && t_s < p->start_s + p->longest_s + o->delay_s;
}

/* Rate at which it should absorb [g/s], by what is known of its time so far. */
static double rate_due(const meal_state *p, const t1d_carb_options *o, double t_s)
{
  double whole = fmin(p->observed_s + p->left_s, p->longest_s);
  if (!(whole > 0)) return 0;
  return p->carb_g / whole * t1d_absorb_rate(o->shape, (t_s - p->start_s) / whole);
}

static void credit(meal_state *p, const t1d_carb_options *o, double mgdl, int32_t index,
                   const t1d_effect_velocity *v, double *credit_g)
{
  p->seen_mgdl += mgdl;
  if (isnan(p->done_s)) {
    if (p->credit_count == 0) p->first = index;
    p->credit_count = index - p->first + 1;
    credit_g[index] += mgdl / p->mgdl_per_g;
    if (p->seen_mgdl + NOTHING >= p->carb_g * p->mgdl_per_g) p->done_s = v->end_s;
  }
  update(p, o);
}

/* ---- sharing out ----------------------------------------------------------------------------- */
typedef struct {
  const t1d_carb_options *options;
  meal_state *state;
  double *credit_g;
  int32_t meal_count, velocity_count;
} credit_book;

/* Shares one observation among the meals by the rates due. What no meal can take any more goes to
 * the last one as more than was entered: it must not be lost, since it was seen. */
static void share_out(credit_book *b, const t1d_effect_velocity *v, int32_t index)
{
  const t1d_carb_options *o = b->options;
  double mgdl = fmax(0, v->mgdl_s * (v->end_s - v->start_s)), due = 0;
  int32_t last = -1;
  for (int32_t i = 0; i < b->meal_count; i++) {
    if (!can_be_absorbing(&b->state[i], o, v->start_s)) continue;
    due += rate_due(&b->state[i], o, v->start_s);
    last = i;
  }
  for (int32_t i = 0; i <= last; i++) {
    meal_state *p = &b->state[i];
    double *row = b->credit_g + (ptrdiff_t)i * b->velocity_count;
    if (!can_be_absorbing(p, o, v->start_s)) continue;
    double part = 0, rate = rate_due(p, o, v->start_s);
    if (due > 0) {
      double room = fmax(p->carb_g * p->mgdl_per_g - p->seen_mgdl, 0);
      part = fmin(room, rate / due * mgdl);
      due -= rate;
      mgdl -= part;
    }
    credit(p, o, part, index, v, row);
    if (i == last && mgdl > NOTHING) credit(p, o, mgdl, index, v, row);
  }
}

static gm_status check_settings(gm_ctx *ctx, double t_s, int32_t index, t1d_effect_schedule isf,
                                t1d_effect_schedule ratio)
{
  const t1d_effect_span *f = t1d_effect_span_at(isf, t_s), *r = t1d_effect_span_at(ratio, t_s);
  if (!f || !r)
    return gm_fail(ctx, GM_ENOTFOUND, "no %s at meal %d",
                   f ? "carbohydrate ratio" : "insulin sensitivity", (int)index);
  if (isfinite(f->value) && f->value > 0 && isfinite(r->value) && r->value > 0) return GM_OK;
  return gm_fail(ctx, GM_EDOMAIN, "sensitivity or ratio at meal %d must be above 0", (int)index);
}

static gm_status check_meals(gm_ctx *ctx, const t1d_effect_meal *meal, int32_t meal_count,
                             t1d_effect_schedule isf, t1d_effect_schedule ratio)
{
  for (int32_t i = 0; i < meal_count; i++) {
    const t1d_effect_meal *p = &meal[i];
    if (!isfinite(p->start_s) || !isfinite(p->carb_g) || p->carb_g < 0)
      return gm_fail(ctx, GM_EDOMAIN, "meal %d needs a time and at least 0 g", (int)i);
    if (!isfinite(p->absorb_s) || p->absorb_s < 0)
      return gm_fail(ctx, GM_EDOMAIN, "meal %d: absorption time", (int)i);
    if (i > 0 && p->start_s < meal[i - 1].start_s)
      return gm_fail(ctx, GM_EINVAL, "meal %d is before the one before it", (int)i);
    gm_status s = check_settings(ctx, p->start_s, i, isf, ratio);
    if (s != GM_OK) return s;
  }
  return GM_OK;
}

static gm_status check_velocities(gm_ctx *ctx, const t1d_effect_velocity *v, int32_t count)
{
  for (int32_t i = 0; i < count; i++) {
    if (!isfinite(v[i].start_s) || !isfinite(v[i].end_s) || !isfinite(v[i].mgdl_s) ||
        !(v[i].end_s > v[i].start_s))
      return gm_fail(ctx, GM_EDOMAIN, "observation %d", (int)i);
    if (i > 0 && v[i].start_s < v[i - 1].end_s)
      return gm_fail(ctx, GM_EINVAL, "observation %d begins before the one before it ends", (int)i);
  }
  return GM_OK;
}

static gm_status check_carb_options(gm_ctx *ctx, const t1d_carb_options *o)
{
  bool times = isfinite(o->absorb_s) && o->absorb_s > 0 && isfinite(o->delay_s) && o->delay_s >= 0;
  bool factors = isfinite(o->assumed_overrun) && o->assumed_overrun > 0 &&
                 isfinite(o->longest_overrun) && o->longest_overrun > 0;
  bool rest =
      o->adaptive_after >= 0 && o->shape >= T1D_ABSORB_PIECEWISE && o->shape <= T1D_ABSORB_LINEAR;
  if (times && factors && rest) return GM_OK;
  return gm_fail(ctx, GM_EINVAL, "carbohydrate options: times and factors must be above 0");
}

gm_status t1d_effect_absorb(gm_ctx *ctx, const t1d_effect_meal *meal, int32_t meal_count,
                            const t1d_effect_velocity *velocity, int32_t velocity_count,
                            t1d_effect_schedule isf, t1d_effect_schedule ratio,
                            const t1d_carb_options *options, t1d_effect_absorption *state,
                            double *credit_g)
{
  assert(options && meal_count >= 0 && velocity_count >= 0);
  gm_status s = check_carb_options(ctx, options);
  if (s == GM_OK) s = check_meals(ctx, meal, meal_count, isf, ratio);
  if (s == GM_OK) s = check_velocities(ctx, velocity, velocity_count);
  if (s != GM_OK) return s;
  double last_seen_s = velocity_count > 0 ? velocity[velocity_count - 1].end_s : -INFINITY;
  for (int32_t i = 0; i < meal_count; i++) {
    double per_g = t1d_effect_span_at(isf, meal[i].start_s)->value /
                   t1d_effect_span_at(ratio, meal[i].start_s)->value;
    state[i] = begin(&meal[i], per_g, options, last_seen_s);
  }
  for (ptrdiff_t i = 0; i < (ptrdiff_t)meal_count * velocity_count; i++) credit_g[i] = 0;
  credit_book b = {options, state, credit_g, meal_count, velocity_count};
  for (int32_t k = 0; k < velocity_count; k++) share_out(&b, &velocity[k], k);
  for (int32_t i = 0; i < meal_count; i++)
    state[i].timeline =
        state[i].credit_count > 0 && state[i].observed_g >= least_grams(&state[i], options);
  return GM_OK;
}

/* ---- absorbed and on board ------------------------------------------------------------------- */
static double share_of(t1d_absorb_shape shape, double time_s, double whole_s)
{
  if (whole_s > 0) return t1d_absorb_share(shape, time_s / whole_s);
  return time_s > 0 ? 1 : 0;
}

/* After the last observation, or with none: the model, from the place that the observed amount has
 * in it. */
static double modelled_share(const meal_state *p, const t1d_carb_options *o, double seen_end_s,
                             double t_s)
{
  if (!p->timeline)
    return share_of(o->shape, t_s - p->start_s - o->delay_s, p->observed_s + p->left_s);
  double share = share_of(o->shape, t_s - seen_end_s + p->used_s, p->used_s + p->left_s);
  return p->carb_g > 0 ? fmax(share, p->clamped_g / p->carb_g) : share;
}

/* An observation counts once a step has passed since it began; the last of them by the part that
 * has passed. */
static double seen_grams(const meal_state *p, const t1d_effect_velocity *v, const double *credit_g,
                         double step_s, double t_s)
{
  double sum = 0;
  for (int32_t i = p->first; i < p->first + p->credit_count; i++) {
    if (v[i].start_s + step_s > t_s) break;
    double part = fmin(1, (t_s - v[i].start_s) / (v[i].end_s - v[i].start_s));
    sum += part * credit_g[i];
  }
  return fmin(sum, p->carb_g);
}

static double absorbed_of(const meal_state *p, const t1d_effect_velocity *v, const double *credit_g,
                          const t1d_carb_options *o, double step_s, double t_s)
{
  if (t_s < p->start_s) return 0;
  double seen_end_s = p->timeline ? v[p->first + p->credit_count - 1].end_s : -INFINITY;
  if (t_s > seen_end_s) return p->carb_g * modelled_share(p, o, seen_end_s, t_s);
  return seen_grams(p, v, credit_g, step_s, t_s);
}

static double cob_of(const meal_state *p, const t1d_effect_velocity *v, const double *credit_g,
                     const t1d_carb_options *o, double step_s, double t_s)
{
  if (t_s < p->start_s - step_s) return 0;
  double seen_end_s = p->timeline ? v[p->first + p->credit_count - 1].end_s : -INFINITY;
  if (t_s > seen_end_s) return p->carb_g * (1 - modelled_share(p, o, seen_end_s, t_s));
  double left = p->carb_g;
  for (int32_t i = p->first; i < p->first + p->credit_count && v[i].end_s <= t_s; i++)
    left -= credit_g[i];
  return fmax(left, 0);
}

double t1d_effect_cob(const t1d_effect_absorption *state, int32_t meal_count,
                      const t1d_effect_velocity *velocity, int32_t velocity_count,
                      const double *credit_g, const t1d_carb_options *options, double step_s,
                      double t_s)
{
  double sum = 0;
  for (int32_t i = 0; i < meal_count; i++)
    sum +=
        cob_of(&state[i], velocity, credit_g + (ptrdiff_t)i * velocity_count, options, step_s, t_s);
  return sum;
}

void t1d_effect_carbs(const t1d_effect_absorption *state, int32_t meal_count,
                      const t1d_effect_velocity *velocity, int32_t velocity_count,
                      const double *credit_g, const t1d_carb_options *options,
                      const t1d_effect_grid *grid, double *carb)
{
  for (int32_t k = 0; k < grid->count; k++) {
    double t = t1d_effect_grid_at(grid, k), sum = 0;
    for (int32_t i = 0; i < meal_count; i++) {
      const double *row = credit_g + (ptrdiff_t)i * velocity_count;
      sum += state[i].mgdl_per_g * absorbed_of(&state[i], velocity, row, options, grid->step_s, t);
    }
    carb[k] = sum;
  }
}
