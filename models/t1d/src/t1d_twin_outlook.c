/* t1d_twin_outlook.c - members drawn from the belief run on: glucose to come, and what a unit of
 * insulin would change in it. */
#include "t1d_twin_internal.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

enum { MEMBERS = 64, STEPS = 72, STRETCH = 3 }; /* steps in which the unknowns stand still */

void t1d__twin_outlook_free(t1d_twin *t)
{
  gm_ensemble_free(t->ahead);
  double **a[] = {&t->ahead_z, &t->macro,   &t->ahead_macro, &t->draw,
                  &t->y,       &t->glucose, &t->per_unit,    &t->weight};
  for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
    gm_free(*a[i]);
    *a[i] = NULL;
  }
  t->ahead = NULL;
  t->ahead_room = t->ahead_steps_room = 0;
}

static int32_t outputs_of(const t1d_twin *t)
{
  int32_t count;
  gm_model_table(t->model, GM_TABLE_OUTPUT, &count);
  return count;
}

/* Room for n members, or twice (with and without a unit), and so many steps. */
static gm_status room_make(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t all, int32_t steps)
{
  if (t->ahead && all == gm_ensemble_size(t->ahead) && n == t->ahead_room &&
      steps <= t->ahead_steps_room)
    return GM_OK;
  t1d__twin_outlook_free(t);
  const ptrdiff_t mc = gm_model_macro_count(t->model);
  const ptrdiff_t points = gm_ensemble_size(gm_filter_ensemble(t->filter));
  gm_status s = gm_ensemble_new(ctx, t->model, NULL, all, &t->ahead);
  if (s) return s;
  t->ahead_z = gm_alloc(ctx, (ptrdiff_t)all * TWIN_UNKNOWNS, sizeof(double));
  t->macro = gm_alloc(ctx, points * mc, sizeof(double));
  t->ahead_macro = gm_alloc(ctx, (ptrdiff_t)all * mc, sizeof(double));
  t->draw = gm_alloc(ctx, points, sizeof(double));
  t->y = gm_alloc(ctx, (ptrdiff_t)all * STRETCH * outputs_of(t), sizeof(double));
  t->glucose = gm_alloc(ctx, (ptrdiff_t)n * steps, sizeof(double));
  t->per_unit = gm_alloc(ctx, (ptrdiff_t)n * steps, sizeof(double));
  t->weight = gm_alloc(ctx, n, sizeof(double));
  if (!t->ahead_z || !t->macro || !t->ahead_macro || !t->draw || !t->y || !t->glucose ||
      !t->per_unit || !t->weight) {
    t1d__twin_outlook_free(t);
    return gm_fail(ctx, GM_ENOMEM, "outlook");
  }
  t->ahead_room = n;
  t->ahead_steps_room = steps;
  for (int32_t m = 0; m < n; m++) t->weight[m] = 1.0 / n;
  return GM_OK;
}

/* Members of the normal law that the sigma points stand for: the mean and, along each pair of
 * points, half their difference over their distance times a normal number. Every second member has
 * the numbers of the one before with the other sign. */
static gm_status members_draw(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t all)
{
  const int32_t mc = gm_model_macro_count(t->model), d = TWIN_UNKNOWNS;
  const double *z = gm_filter_coordinate(t->filter), *weight = gm_filter_weight(t->filter);
  const int32_t points = gm_ensemble_size(gm_filter_ensemble(t->filter)), pairs = (points - 1) / 2;
  const double reach = sqrt(0.5 / weight[1]);
  const gm_key key = gm_system_key(&t->system, GM_PURPOSE_MOVE, 77);
  int32_t rows;
  const gm_var *var = gm_model_table(t->model, GM_TABLE_STATE, &rows);
  gm_status s = gm_ensemble_get(gm_filter_ensemble(t->filter), ctx, t->macro);
  if (s) return s;
  for (int32_t m = 0; m < n; m++) {
    double *to = t->ahead_macro + (ptrdiff_t)m * mc, *zm = t->ahead_z + (ptrdiff_t)m * d;
    for (int32_t i = 0; i < pairs; i++) {
      double e =
          gm_normal(key, (uint64_t)(m / 2), (uint64_t)i, gm_kind_draw(1, 0), (uint64_t)t->steps);
      t->draw[i] = (m % 2 ? -e : e) / (2 * reach);
    }
    for (int32_t k = 0; k < mc; k++) {
      double v = 0;
      for (int32_t q = 0; q < points; q++) v += weight[q] * t->macro[(ptrdiff_t)q * mc + k];
      for (int32_t i = 0; i < pairs; i++)
        v += t->draw[i] * (t->macro[(ptrdiff_t)(1 + i) * mc + k] -
                           t->macro[(ptrdiff_t)(1 + pairs + i) * mc + k]);
      bool positive = k < rows && strcmp(var[k].name, "X") != 0 && strcmp(var[k].name, "rest") != 0;
      to[k] = positive ? fmax(v, 0) : v;
    }
    for (int32_t k = 0; k < d; k++) {
      double v = 0;
      for (int32_t q = 0; q < points; q++) v += weight[q] * z[(ptrdiff_t)q * d + k];
      for (int32_t i = 0; i < pairs; i++)
        v += t->draw[i] * (z[(ptrdiff_t)(1 + i) * d + k] - z[(ptrdiff_t)(1 + pairs + i) * d + k]);
      zm[k] = v;
    }
  }
  if (all == n) return GM_OK;
  memcpy(t->ahead_macro + (ptrdiff_t)n * mc, t->ahead_macro,
         (size_t)n * (size_t)mc * sizeof(double));
  memcpy(t->ahead_z + (ptrdiff_t)n * d, t->ahead_z, (size_t)n * (size_t)d * sizeof(double));
  return GM_OK;
}

static gm_status members_seat(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t all)
{
  gm_status s = members_draw(t, ctx, n, all);
  if (s) return s;
  gm_ensemble_seat(t->ahead, gm_system_key(&t->system, GM_PURPOSE_INTRINSIC, 77), 0);
  t->theta[t->part_row] = t1d__twin_part(t->now_min);
  gm_system_theta(&t->system, all, t->ahead_z, gm_ensemble_theta(t->ahead));
  s = gm_ensemble_init(t->ahead, ctx, t->now_min);
  return s ? s : gm_ensemble_set(t->ahead, ctx, t->ahead_macro);
}

/* Unknowns that move, over dt; both halves alike. */
static void unknowns_move(t1d_twin *t, int32_t n, int32_t all, int32_t step, double dt)
{
  const gm_key key = gm_system_key(&t->system, GM_PURPOSE_MOVE, 78);
  double *theta = gm_ensemble_theta(t->ahead);
  for (int32_t k = 0; k < TWIN_UNKNOWNS; k++) {
    const gm_unknown *u = &t->unknown[k];
    if (!(u->memory > 0)) continue;
    const double rho = gm_exp(-dt / u->memory), sd = sqrt(1 - rho * rho);
    for (int32_t m = 0; m < n; m++) {
      double e = gm_normal(key, (uint64_t)(m / 2), (uint64_t)k, gm_kind_draw(1, 0),
                           (uint64_t)t->steps * 1000 + (uint64_t)step);
      double z = rho * t->ahead_z[(ptrdiff_t)m * TWIN_UNKNOWNS + k] + sd * (m % 2 ? -e : e);
      t->ahead_z[(ptrdiff_t)m * TWIN_UNKNOWNS + k] = z;
      double v = gm_unknown_value(u, z);
      for (int32_t q = m; q < all; q += n) theta[(ptrdiff_t)u->parameter * all + q] = v;
    }
  }
}

/* What is on the way already, and the basal rate; the second drive with one unit more. */
typedef struct {
  t1d_course *course;
  gm_edge *edge[2];
  int32_t count[2], at[2];
} future;

static void future_free(future *f)
{
  t1d_course_free(f->course);
  gm_free(f->edge[0]);
  gm_free(f->edge[1]);
}

static gm_status future_make(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o, double t1,
                             future *f)
{
  gm_drive d = {0};
  *f = (future){0};
  gm_status s = t1d_course_copy(t->course, ctx, &f->course);
  if (!s && o->basal_u_per_h >= 0)
    s = t1d_course_basal(f->course, ctx, t->now_min, o->basal_u_per_h);
  if (!s) s = t1d_course_read(f->course, ctx, t1, &d);
  if (s) return s;
  for (int32_t k = 0; k < 2; k++) {
    f->edge[k] = gm_alloc(ctx, d.edge_count + 2, sizeof(gm_edge));
    if (!f->edge[k]) return gm_fail(ctx, GM_ENOMEM, "outlook");
  }
  gm_edge unit = {t->now_min, 6000 / t->o.bw_kg, gm_model_find(t->model, GM_TABLE_INPUT, "Isc1"),
                  GM_EDGE_BOLUS};
  f->edge[1][f->count[1]++] = unit;
  for (int32_t i = 0; i < d.edge_count; i++)
    f->edge[0][f->count[0]++] = f->edge[1][f->count[1]++] = d.edge[i];
  return GM_OK;
}

/* Edges of a stretch that ends at t1: the next ones up to there. */
static void future_part(future *f, double t1, gm_drive drive[2])
{
  for (int32_t k = 0; k < 2; k++) {
    int32_t end = f->at[k];
    while (end < f->count[k] && f->edge[k][end].t <= t1) end++;
    drive[k] = (gm_drive){f->edge[k] + f->at[k], end - f->at[k]};
    f->at[k] = end;
  }
}

static void take_glucose(t1d_twin *t, int32_t n, int32_t all, int32_t at, int32_t count,
                         int32_t steps)
{
  const int32_t ny = outputs_of(t);
  for (int32_t m = 0; m < n; m++)
    for (int32_t i = 0; i < count; i++) {
      double a = t->y[((ptrdiff_t)m * count + i) * ny + t->output_cgm];
      t->glucose[(ptrdiff_t)m * steps + at + i] = a;
      if (all == n) continue;
      double b = t->y[((ptrdiff_t)(n + m) * count + i) * ny + t->output_cgm];
      t->per_unit[(ptrdiff_t)m * steps + at + i] = b - a;
    }
}

static gm_status run(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t steps, double step_min, future *f,
                     int32_t *drive_of)
{
  gm_status s = GM_OK;
  const int32_t all = gm_ensemble_size(t->ahead);
  for (int32_t m = 0; m < all; m++) drive_of[m] = m >= n;
  for (int32_t at = 0; at < steps && !s; at += STRETCH) {
    double sample[STRETCH];
    int32_t count = steps - at < STRETCH ? steps - at : STRETCH;
    for (int32_t i = 0; i < count; i++) sample[i] = t->now_min + step_min * (at + i + 1);
    gm_drive drive[2];
    future_part(f, sample[count - 1], drive);
    unknowns_move(t, n, all, at, count * step_min);
    s = gm_ensemble_advance(t->ahead, ctx, sample[count - 1], drive, drive_of, sample, count, t->y);
    if (!s) take_glucose(t, n, all, at, count, steps);
  }
  return s;
}

/* Defaults in; an even number of members. */
static gm_status options_take(gm_ctx *ctx, const t1d_outlook_options *options,
                              t1d_outlook_options *o)
{
  *o = options ? *options : (t1d_outlook_options){.basal_u_per_h = -1};
  if (o->step_min == 0) o->step_min = 5;
  if (o->steps == 0) o->steps = STEPS;
  if (o->members == 0) o->members = MEMBERS;
  o->members += o->members % 2;
  if (!(o->step_min > 0) || o->steps < 0 || o->members < 2 || isnan(o->basal_u_per_h))
    return gm_fail(ctx, GM_EDOMAIN, "outlook: %d steps of %g min, %d members", (int)o->steps,
                   o->step_min, (int)o->members);
  return GM_OK;
}

gm_status t1d_twin_outlook(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *options,
                           t1d_outlook *out)
{
  t1d_outlook_options o;
  gm_status s = options_take(ctx, options, &o);
  if (s) return s;
  const int32_t n = o.members, all = o.per_unit ? 2 * n : n;
  future f = {0};
  int32_t *drive_of = gm_alloc(ctx, all, sizeof *drive_of);
  s = drive_of ? room_make(t, ctx, n, all, o.steps) : gm_fail(ctx, GM_ENOMEM, "outlook");
  if (!s) s = members_seat(t, ctx, n, all);
  if (!s) s = future_make(t, ctx, &o, t->now_min + o.step_min * o.steps, &f);
  if (!s) s = run(t, ctx, n, o.steps, o.step_min, &f, drive_of);
  future_free(&f);
  gm_free(drive_of);
  if (s) return s;
  *out = (t1d_outlook){.t_min = t->now_min,
                       .step_min = o.step_min,
                       .steps = o.steps,
                       .members = n,
                       .basal_u_per_h = o.basal_u_per_h,
                       .glucose_mgdl = t->glucose,
                       .per_unit_mgdl = o.per_unit ? t->per_unit : NULL,
                       .weight = t->weight};
  return GM_OK;
}
