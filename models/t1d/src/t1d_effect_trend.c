/* t1d_effect_trend.c - what glucose does beyond insulin, its trend, and the recent misfit
 * (t1d_effect.h). */
#include "t1d_effect.h"
#include <assert.h>
#include <math.h>

enum { MINUTE = 60 };

/* ---- counteraction --------------------------------------------------------------------------- */
static gm_status check_readings(gm_ctx *ctx, const t1d_effect_reading *r, int32_t count)
{
  for (int32_t i = 0; i < count; i++) {
    if (!isfinite(r[i].time_s) || !isfinite(r[i].glucose_mgdl) || !(r[i].glucose_mgdl > 0))
      return gm_fail(ctx, GM_EDOMAIN, "reading %d needs a time and a glucose above 0", (int)i);
    if (i > 0 && r[i].time_s < r[i - 1].time_s)
      return gm_fail(ctx, GM_EINVAL, "reading %d is before the one before it", (int)i);
  }
  return GM_OK;
}

static int32_t grid_from(const t1d_effect_grid *g, double t_s, int32_t from)
{
  while (from < g->count && t1d_effect_grid_at(g, from) < t_s) from++;
  return from;
}

gm_status t1d_effect_counteraction(gm_ctx *ctx, const t1d_effect_reading *reading,
                                   int32_t reading_count, const t1d_effect_grid *grid,
                                   const double *insulin, t1d_effect_velocity *velocity,
                                   int32_t *velocity_count)
{
  assert(grid && insulin && velocity_count);
  gm_status s = check_readings(ctx, reading, reading_count);
  if (s != GM_OK) return s;
  int32_t a = 0, n = 0, k = 0; /* k: steps before it lie in pairs that are done */
  while (a < reading_count && reading[a].time_s < grid->start_s) a++;
  for (int32_t b = a + 1; b < reading_count; b++) {
    const t1d_effect_reading *from = &reading[a], *to = &reading[b];
    double time = to->time_s - from->time_s;
    if (!(time > 4 * MINUTE)) continue;
    a = b;
    if (from->source != to->source || from->calibration || to->calibration) continue;
    int32_t k0 = grid_from(grid, from->time_s, k), k1 = grid_from(grid, to->time_s, k0 + 1);
    if (k1 >= grid->count) break;
    double rest = to->glucose_mgdl - from->glucose_mgdl - (insulin[k1] - insulin[k0]);
    velocity[n++] = (t1d_effect_velocity){from->time_s, to->time_s, rest / time};
    k = k1;
  }
  *velocity_count = n;
  return GM_OK;
}

/* ---- trend ----------------------------------------------------------------------------------- */
static t1d_trend_state unfit(const t1d_effect_reading *r, int32_t count, double jump_max_mgdl)
{
  if (count < 3) return T1D_TREND_FEW;
  if (!(fabs(r[count - 1].time_s - r[0].time_s) < 5.0 * MINUTE * count)) return T1D_TREND_GAP;
  for (int32_t i = 0; i < count; i++) {
    if (r[i].calibration) return T1D_TREND_CALIBRATION;
    if (r[i].source != r[0].source) return T1D_TREND_SOURCES;
  }
  for (int32_t i = 1; i < count; i++)
    if (!(fabs(r[i].glucose_mgdl - r[i - 1].glucose_mgdl) <= jump_max_mgdl)) return T1D_TREND_JUMP;
  return r[count - 1].time_s > r[0].time_s ? T1D_TREND_USED : T1D_TREND_NO_SLOPE;
}

/* Least squares, times counted from the first reading [mg/dL per s]. */
static double slope_of(const t1d_effect_reading *r, int32_t count)
{
  double x_mean = 0, y_mean = 0, xx = 0, xy = 0;
  for (int32_t i = 0; i < count; i++) {
    x_mean += (r[i].time_s - r[0].time_s) / count;
    y_mean += r[i].glucose_mgdl / count;
  }
  for (int32_t i = 0; i < count; i++) {
    double x = r[i].time_s - r[0].time_s - x_mean;
    xx += x * x;
    xy += x * (r[i].glucose_mgdl - y_mean);
  }
  return xy / xx;
}

t1d_effect_trend t1d_effect_momentum(const t1d_effect_reading *reading, int32_t reading_count,
                                     double duration_s, double step_s, double rise_max_mgdl_min,
                                     double jump_max_mgdl)
{
  t1d_effect_trend m = {.state = unfit(reading, reading_count, jump_max_mgdl)};
  if (m.state != T1D_TREND_USED) return m;
  double slope = slope_of(reading, reading_count), most = rise_max_mgdl_min / MINUTE;
  if (!isfinite(slope)) {
    m.state = T1D_TREND_NO_SLOPE;
    return m;
  }
  m.last_s = reading[reading_count - 1].time_s;
  m.limited = slope > most;
  m.mgdl_s = fmin(slope, most);
  m.start_s = floor(m.last_s / step_s) * step_s;
  m.count = (int32_t)(ceil((m.last_s + duration_s) / step_s) - floor(m.last_s / step_s)) + 1;
  return m;
}

double t1d_effect_momentum_at(const t1d_effect_trend *m, double t_s)
{
  return m->state == T1D_TREND_USED ? fmax(0, t_s - m->last_s) * m->mgdl_s : 0;
}

/* ---- recent misfit --------------------------------------------------------------------------- */
/* LoopAlgorithm: grouped over 30 min, 1 % for inexact clocks; decays over 60 min. */
static const double GROUP_S = 30 * MINUTE, GROUP_SLACK = 1.01, DECAY_S = 60 * MINUTE,
                    RECENT_S = 15 * MINUTE;

/* Observations are paired with the steps of the carbohydrate effect in turn, one a step, none
 * before the step that covers it; each is taken at one step's length, so that a gap is not made up
 * for. */
static double misfit_since(const t1d_effect_velocity *v, int32_t count, int32_t first,
                           const t1d_effect_grid *g, const double *carb, int32_t k, double from_s,
                           double *start_s)
{
  double sum = 0;
  *start_s = NAN;
  for (int32_t i = first; i < count; i++) {
    do k++;
    while (k < g->count && v[i].end_s > t1d_effect_grid_at(g, k));
    double expected = k < g->count ? carb[k] - carb[k - 1] : 0;
    if (v[i].end_s < from_s) continue;
    if (isnan(*start_s)) *start_s = v[i].end_s;
    sum += v[i].mgdl_s * g->step_s - expected;
  }
  return sum;
}

t1d_effect_retro t1d_effect_retrospective(const t1d_effect_velocity *velocity,
                                          int32_t velocity_count, const t1d_effect_grid *grid,
                                          const double *carb, double since_s, double last_s,
                                          double rise_max_mgdl_min)
{
  t1d_effect_retro r = {.used = false, .step_s = grid->step_s};
  if (velocity_count == 0) return r;
  double begin = floor(since_s / grid->step_s) * grid->step_s, start;
  int32_t k = grid_from(grid, fmax(velocity[0].end_s, begin), 0), first = 0;
  if (k >= grid->count) return r;
  while (first < velocity_count && velocity[first].end_s < t1d_effect_grid_at(grid, k)) first++;
  if (first == velocity_count) return r;
  double end = velocity[velocity_count - 1].end_s;
  if (last_s - end > RECENT_S) return r;
  r.discrepancy_mgdl = misfit_since(velocity, velocity_count, first, grid, carb, k,
                                    end - GROUP_S * GROUP_SLACK, &start);
  double most = rise_max_mgdl_min / MINUTE, rate = r.discrepancy_mgdl / fmax(end - start, GROUP_S);
  r.used = true;
  r.limited = rate > most;
  r.mgdl_s = fmin(rate, most);
  r.last_s = last_s;
  r.end_s = ceil((last_s + DECAY_S) / grid->step_s) * grid->step_s;
  return r;
}

/* The rate r on the first step d, then falling linearly to 0 at D = 60 min after the reading: the
 * quadratic r t (1 + (d - t) / (2 (D - d))) of LoopAlgorithm's decayEffect, which does not depend
 * on where the reading lies between steps. */
double t1d_effect_retrospective_at(const t1d_effect_retro *r, double t_s)
{
  if (!r->used || t_s <= r->last_s) return 0;
  double t = fmin(fmin(t_s, r->end_s - r->step_s) - r->last_s, DECAY_S);
  return r->mgdl_s * t * (1 + (r->step_s - t) / (2 * (DECAY_S - r->step_s)));
}
