/* t1d_effect_forecast.c - all effects in step, blended with the trend and summed (t1d_effect.h). */
#include "t1d_effect.h"
#include <assert.h>
#include <math.h>

t1d_effect_options t1d_effect_defaults(void)
{
  return (t1d_effect_options){.insulin = t1d_insulin_of(T1D_INSULIN_ADULT),
                              .carb = t1d_carb_defaults(),
                              .isf_rule = T1D_ISF_OF_DOSE,
                              .trend = true,
                              .retrospective = true,
                              .step_s = 300,
                              .horizon_s = 370 * 60.0,
                              .stale_s = 900,
                              .rise_max_mgdl_min = 4,
                              .jump_max_mgdl = 40,
                              .lower_mgdl = 20,
                              .upper_mgdl = 600};
}

/* LoopAlgorithm: the trend is read from 15 min and lasts 15 min; misfit is compared from 180 min
 * before now; readings that jump within the misfit's 30 min spoil it. */
static const double TREND_S = 900, COMPARE_S = 180 * 60.0, GROUP_S = 1800;

/* What one forecast works on; arrays lie in the scratch. */
typedef struct {
  const t1d_effect_record *record;
  const t1d_effect_options *options;
  double last_s;
  t1d_effect_grid grid;
  t1d_effect_net_dose *net;
  int32_t net_count, velocity_count;
  double *bolus, *basal, *insulin, *carb, *credit_g;
  t1d_effect_velocity *velocity;
  t1d_effect_absorption *state;
  t1d_effect_row *row;
  t1d_effect_note note;
} work;

static gm_status check_options(gm_ctx *ctx, const t1d_effect_options *o)
{
  bool times = o->step_s > 0 && o->horizon_s > 0 && o->stale_s >= 0 && isfinite(o->horizon_s);
  bool bounds = o->lower_mgdl < o->upper_mgdl && isfinite(o->lower_mgdl) && isfinite(o->upper_mgdl);
  bool rates = o->rise_max_mgdl_min > 0 && o->jump_max_mgdl > 0;
  if (times && bounds && rates) return GM_OK;
  return gm_fail(ctx, GM_EINVAL, "forecast options: step, horizon, rates above 0, lower < upper");
}

static gm_status check_now(gm_ctx *ctx, const t1d_effect_record *r, const t1d_effect_options *o)
{
  if (r->reading_count < 1) return gm_fail(ctx, GM_EINVAL, "forecast: no glucose reading");
  double age = r->now_s - r->reading[r->reading_count - 1].time_s;
  if (!isfinite(age) || age < 0)
    return gm_fail(ctx, GM_EDOMAIN, "forecast: the last reading is not before now");
  if (age > o->stale_s)
    return gm_fail(ctx, GM_EDOMAIN, "forecast: the last reading is %.0f s old, more than %.0f s",
                   age, o->stale_s);
  return GM_OK;
}

/* From the first thing that can matter to the end of the horizon. */
static gm_status lay_grid(gm_ctx *ctx, work *w)
{
  const t1d_effect_record *r = w->record;
  double start = fmin(r->reading[0].time_s, r->now_s - COMPARE_S);
  for (int32_t i = 0; i < r->dose_count; i++) start = fmin(start, r->dose[i].start_s);
  return t1d_effect_grid_over(ctx, start, r->now_s + w->options->horizon_s, w->options->step_s,
                              &w->grid);
}

static int32_t pieces(const t1d_effect_record *r)
{
  int32_t n = r->dose_count;
  for (int32_t i = 0; i < r->dose_count; i++)
    for (int32_t k = 0; k < r->basal.count; k++) {
      double t = r->basal.span[k].start_s;
      n += t > r->dose[i].start_s && t < r->dose[i].end_s;
    }
  return n;
}

static gm_status get_arrays(gm_ctx *ctx, work *w, gm_arena *a, int32_t net_max)
{
  const t1d_effect_record *r = w->record;
  ptrdiff_t pairs = (ptrdiff_t)r->meal_count * r->reading_count;
  w->net = gm_arena_get(a, net_max, sizeof *w->net);
  w->velocity = gm_arena_get(a, r->reading_count, sizeof *w->velocity);
  w->state = gm_arena_get(a, r->meal_count, sizeof *w->state);
  w->credit_g = gm_arena_get(a, pairs, sizeof *w->credit_g);
  w->bolus = gm_arena_get(a, w->grid.count, sizeof(double));
  w->basal = gm_arena_get(a, w->grid.count, sizeof(double));
  w->insulin = gm_arena_get(a, w->grid.count, sizeof(double));
  w->carb = gm_arena_get(a, w->grid.count, sizeof(double));
  w->row = gm_arena_get(a, w->grid.count + 1, sizeof *w->row);
  if (w->net && w->velocity && w->state && w->credit_g && w->bolus && w->basal && w->insulin &&
      w->carb && w->row)
    return GM_OK;
  return gm_fail(ctx, GM_ENOMEM, "scratch of a forecast over %d steps", (int)w->grid.count);
}

static gm_status find_insulin(gm_ctx *ctx, work *w, int32_t net_max)
{
  const t1d_effect_record *r = w->record;
  const t1d_effect_options *o = w->options;
  gm_status s =
      t1d_effect_net(ctx, r->dose, r->dose_count, r->basal, w->net, net_max, &w->net_count);
  if (s == GM_OK)
    s = t1d_effect_insulin(ctx, &o->insulin, w->net, w->net_count, r->isf, o->isf_rule, &w->grid,
                           w->bolus, w->basal);
  if (s != GM_OK) return s;
  for (int32_t k = 0; k < w->grid.count; k++) w->insulin[k] = w->bolus[k] + w->basal[k];
  t1d_effect_iob(&o->insulin, w->net, w->net_count, o->step_s, r->now_s, &w->note.bolus_iob_u,
                 &w->note.basal_iob_u);
  return t1d_effect_counteraction(ctx, r->reading, r->reading_count, &w->grid, w->insulin,
                                  w->velocity, &w->velocity_count);
}

static gm_status find_carbs(gm_ctx *ctx, work *w)
{
  const t1d_effect_record *r = w->record;
  const t1d_carb_options *o = &w->options->carb;
  gm_status s = t1d_effect_absorb(ctx, r->meal, r->meal_count, w->velocity, w->velocity_count,
                                  r->isf, r->carb_ratio, o, w->state, w->credit_g);
  if (s != GM_OK) return s;
  t1d_effect_carbs(w->state, r->meal_count, w->velocity, w->velocity_count, w->credit_g, o,
                   &w->grid, w->carb);
  w->note.cob_g = t1d_effect_cob(w->state, r->meal_count, w->velocity, w->velocity_count,
                                 w->credit_g, o, w->options->step_s, r->now_s);
  for (int32_t i = 0; i < r->meal_count; i++) {
    const t1d_effect_absorption *p = &w->state[i];
    if (p->observed_g > p->carb_g + 1) w->note.flags |= T1D_EFFECT_MORE_CARB;
    if (p->credit_count > 0 && !p->timeline) w->note.flags |= T1D_EFFECT_LESS_CARB;
  }
  return GM_OK;
}

/* First reading at or after t_s. */
static int32_t readings_from(const t1d_effect_record *r, double t_s)
{
  int32_t i = r->reading_count;
  while (i > 0 && r->reading[i - 1].time_s >= t_s) i--;
  return i;
}

/* One reading alone may be such a jump. */
static bool jumps(const t1d_effect_record *r, double since_s, double most)
{
  if (r->reading_count - readings_from(r, since_s) < 2) return true;
  for (int32_t i = readings_from(r, since_s) + 1; i < r->reading_count; i++)
    if (!r->reading[i].calibration && !r->reading[i - 1].calibration &&
        fabs(r->reading[i].glucose_mgdl - r->reading[i - 1].glucose_mgdl) > most)
      return true;
  return false;
}

static void find_trend(work *w)
{
  const t1d_effect_record *r = w->record;
  const t1d_effect_options *o = w->options;
  bool jump = jumps(r, r->now_s - GROUP_S, o->jump_max_mgdl);
  int32_t from = readings_from(r, r->now_s - TREND_S);
  w->note.trend = (t1d_effect_trend){.state = T1D_TREND_OFF};
  if (o->trend)
    w->note.trend = t1d_effect_momentum(r->reading + from, r->reading_count - from, TREND_S,
                                        o->step_s, o->rise_max_mgdl_min, o->jump_max_mgdl);
  if (o->trend && jump) w->note.trend = (t1d_effect_trend){.state = T1D_TREND_JUMP};
  if (o->retrospective && !jump)
    w->note.retro = t1d_effect_retrospective(w->velocity, w->velocity_count, &w->grid, w->carb,
                                             r->now_s - COMPARE_S, w->last_s, o->rise_max_mgdl_min);
  if (jump) w->note.flags |= T1D_EFFECT_JUMP;
  if (w->note.trend.limited) w->note.flags |= T1D_EFFECT_TREND_LIMITED;
  if (w->note.retro.limited) w->note.flags |= T1D_EFFECT_RETRO_LIMITED;
}

/* Share of the trend in the change on the step that ends at t_s: 1 on the first step after the last
 * reading, falling by equal parts to 0 on its last one; a reading between steps shifts it
 * (LoopAlgorithm, LoopMath.predictGlucose). */
static double trend_share(const t1d_effect_trend *m, double step_s, double t_s)
{
  double index = (t_s - m->start_s) / step_s, steps = m->count - 2;
  if (m->state != T1D_TREND_USED || m->count < 3 || index > m->count - 1) return 0;
  double shift = (m->last_s - m->start_s) / step_s;
  return fmin(1, fmax(0, (m->count - index - 1 + shift) / steps));
}

static void finish_row(const t1d_effect_options *o, t1d_effect_row *row)
{
  row->total_mgdl = row->start_mgdl + row->bolus_mgdl + row->basal_mgdl + row->carb_mgdl +
                    row->trend_mgdl + row->retro_mgdl;
  row->held_mgdl = fmin(o->upper_mgdl, fmax(o->lower_mgdl, row->total_mgdl));
  row->flags = (row->total_mgdl < o->lower_mgdl ? T1D_EFFECT_LOW : 0u) |
               (row->total_mgdl > o->upper_mgdl ? T1D_EFFECT_HIGH : 0u);
}

static t1d_effect_row next_row(const work *w, const t1d_effect_row *before, int32_t k)
{
  const t1d_effect_trend *m = &w->note.trend;
  double step = w->grid.step_s, t = t1d_effect_grid_at(&w->grid, k), t0 = t - step;
  double share = trend_share(m, step, t), rest = 1 - share;
  t1d_effect_row row = *before;
  row.time_s = t;
  row.bolus_mgdl += rest * (w->bolus[k] - w->bolus[k - 1]);
  row.basal_mgdl += rest * (w->basal[k] - w->basal[k - 1]);
  row.carb_mgdl += rest * (w->carb[k] - w->carb[k - 1]);
  row.retro_mgdl += rest * (t1d_effect_retrospective_at(&w->note.retro, t) -
                            t1d_effect_retrospective_at(&w->note.retro, t0));
  row.trend_mgdl += share * (t1d_effect_momentum_at(m, t) - t1d_effect_momentum_at(m, t0));
  finish_row(w->options, &row);
  return row;
}

static gm_status sum_up(gm_ctx *ctx, work *w, t1d_effect_row *out, int32_t row_max,
                        int32_t *row_count)
{
  const t1d_effect_record *r = w->record;
  int32_t k = 0, n = 0;
  t1d_effect_row *row = w->row;
  while (k < w->grid.count && t1d_effect_grid_at(&w->grid, k) <= w->last_s) k++;
  if (w->grid.count - k + 1 > row_max)
    return gm_fail(ctx, GM_EFULL, "a forecast of %d rows, room for %d",
                   (int)(w->grid.count - k + 1), (int)row_max);
  t1d_effect_row first = {.time_s = w->last_s,
                          .start_mgdl = r->reading[r->reading_count - 1].glucose_mgdl};
  finish_row(w->options, &first);
  row[n++] = first;
  for (; k < w->grid.count; k++, n++) row[n] = next_row(w, &row[n - 1], k);
  for (int32_t i = 0; i < n; i++) {
    if (!isfinite(row[i].total_mgdl))
      return gm_fail(ctx, GM_ENUMERIC, "forecast: row %d is beyond the numbers", (int)i);
    w->note.flags |= row[i].flags;
  }
  for (int32_t i = 0; i < n; i++) out[i] = row[i];
  *row_count = n;
  return GM_OK;
}

gm_status t1d_effect_sum(gm_ctx *ctx, const t1d_effect_record *record,
                         const t1d_effect_options *options, gm_arena *scratch, t1d_effect_row *row,
                         int32_t row_max, int32_t *row_count, t1d_effect_note *note)
{
  assert(record && options && scratch && row && row_count);
  gm_arena_mark mark = gm_arena_at(scratch);
  work w = {.record = record, .options = options};
  gm_status s = check_options(ctx, options);
  if (s == GM_OK) s = check_now(ctx, record, options);
  if (s != GM_OK) return s;
  w.last_s = record->reading[record->reading_count - 1].time_s;
  int32_t net_max = pieces(record);
  s = lay_grid(ctx, &w);
  if (s == GM_OK) s = get_arrays(ctx, &w, scratch, net_max);
  if (s == GM_OK) s = find_insulin(ctx, &w, net_max);
  if (s == GM_OK) s = find_carbs(ctx, &w);
  if (s == GM_OK) {
    find_trend(&w);
    s = sum_up(ctx, &w, row, row_max, row_count);
  }
  if (s == GM_OK && note) *note = w.note;
  gm_arena_back(scratch, mark);
  return s;
}
