/* t1d_twin_ahead.c - members drawn from the belief run on, in variants that share members and
 * chance: with and without what is on board, with a unit of insulin or a meal more. */
#include "t1d_twin_internal.h"
#include "gemel/many.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

enum { MEMBERS = 64, STEPS = 72, STRETCH = 3, CAUSE_ROWS = 2 * (T1D_CAUSES + 1) };
/* STRETCH: steps in which the unknowns stand still */
/* Numbers of the twin's keys, apart from the filter's own (0): members drawn, and what moves them.
 */
enum { KEY_MEMBERS = 77, KEY_MOVES = 78 };

static void room_free(twin_ahead *a)
{
  double *all[] = {a->z, a->w0, a->value, a->start, a->y, a->glucose, a->weight, a->mean};
  gm_ensemble_free(a->e);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) gm_free(all[i]);
  gm_free(a->drive_of);
  gm_free(a->key);
  *a = (twin_ahead){0};
}

void t1d__twin_ahead_free(t1d_twin *t)
{
  room_free(&t->ahead);
  room_free(&t->ahead_spare);
}

static int32_t outputs_of(const t1d_twin *t)
{
  int32_t count;
  gm_model_table(t->model, GM_TABLE_OUTPUT, &count);
  return count;
}

/* Two rooms are kept, the one of the last time in t->ahead: outlooks with and without a unit take
 * turns. True: a room of this size is there. */
static bool room_take(t1d_twin *t, int32_t n, int32_t variants, int32_t steps)
{
  const twin_ahead *a = &t->ahead;
  for (int32_t room = 0; room < 2; room++) {
    if (a->e && n == a->members && variants == a->variants && steps == a->steps) return true;
    const twin_ahead last = t->ahead;
    t->ahead = t->ahead_spare;
    t->ahead_spare = last;
  }
  room_free(&t->ahead_spare);
  t->ahead_spare = t->ahead;
  t->ahead = (twin_ahead){0};
  return false;
}

static gm_status room_fill(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t variants, int32_t steps)
{
  twin_ahead *a = &t->ahead;
  const ptrdiff_t mc = gm_model_macro_count(t->model), all = (ptrdiff_t)n * variants;
  const struct {
    double **a;
    ptrdiff_t count;
  } need[] = {{&a->z, (ptrdiff_t)n * t->d},
              {&a->w0, n},
              {&a->value, n},
              {&a->start, all * mc},
              {&a->glucose, all * steps},
              {&a->y, all * STRETCH * outputs_of(t)},
              {&a->weight, n},
              {&a->mean, (ptrdiff_t)CAUSE_ROWS * steps}};
  for (size_t i = 0; i < sizeof need / sizeof *need; i++)
    if (!(*need[i].a = gm_alloc(ctx, need[i].count, sizeof(double))))
      return gm_fail(ctx, GM_ENOMEM, "outlook");
  a->drive_of = gm_alloc(ctx, all, sizeof *a->drive_of);
  a->key = gm_alloc(ctx, n / 2, sizeof *a->key);
  if (!a->drive_of || !a->key) return gm_fail(ctx, GM_ENOMEM, "outlook");
  gm_status s = gm_ensemble_new(ctx, t->model, NULL, (int32_t)all, &a->e);
  return s ? s : gm_ensemble_keep_steps(a->e, ctx);
}

static gm_status room_make(t1d_twin *t, gm_ctx *ctx, int32_t n, int32_t variants, int32_t steps)
{
  twin_ahead *a = &t->ahead;
  if (room_take(t, n, variants, steps)) return GM_OK;
  gm_status s = room_fill(t, ctx, n, variants, steps);
  if (s) {
    room_free(a);
    return s;
  }
  a->members = n;
  a->variants = variants;
  a->steps = steps;
  for (int32_t m = 0; m < n * variants; m++) a->drive_of[m] = m / n;
  for (int32_t m = 0; m < n / 2; m++)
    a->key[m] = gm_system_key(&t->system, GM_PURPOSE_MOVE, KEY_MOVES);
  return GM_OK;
}

/* ---- members --------------------------------------------------------------------------------- */
/* Members of the belief. States that the model keeps at 0 or above stay there: all but X, an
 * increment, and rest, which may owe what the stomach has passed on. */
static gm_status members_draw(t1d_twin *t, gm_ctx *ctx)
{
  twin_ahead *a = &t->ahead;
  const int32_t mc = gm_model_macro_count(t->model);
  const gm_key key = gm_system_key(&t->system, GM_PURPOSE_MOVE, KEY_MEMBERS);
  const int32_t any[2] = {gm_model_find(t->model, GM_TABLE_STATE, "X"),
                          gm_model_find(t->model, GM_TABLE_STATE, "rest")};
  int32_t states;
  gm_model_table(t->model, GM_TABLE_STATE, &states);
  gm_status s = gm_filter_draw(t->filter, ctx, a->members, key, a->chance, a->start, a->z);
  for (int32_t m = 0; m < a->members && !s; m++) {
    double *state = a->start + (ptrdiff_t)m * mc;
    for (int32_t k = 0; k < states; k++)
      if (k != any[0] && k != any[1]) state[k] = fmax(state[k], 0);
    a->w0[m] = a->z[(ptrdiff_t)m * t->d + TWIN_W];
  }
  return s;
}

/* ---- what is taken away ---------------------------------------------------------------------- */
static double *parameter_of(t1d_twin *t, const char *name)
{
  return gm_ensemble_theta(t->ahead.e) +
         (ptrdiff_t)gm_model_find(t->model, GM_TABLE_PARAMETER, name) * t->ahead.members *
             t->ahead.variants;
}

/* Insulin in the equilibrium of a basal rate: s2008.ant with all rates of change 0. */
static void insulin_settle(t1d_twin *t, double basal_u_per_h, int32_t member, double *state)
{
  enum { KD, KA1, KA2, M1, M2, M4, HEB, VI, IB, NEEDED };
  static const char *const name[NEEDED] = {"kd", "ka1", "ka2", "m1", "m2", "m4", "HEb", "Vi", "Ib"};
  double p[NEEDED];
  for (int32_t i = 0; i < NEEDED; i++) p[i] = parameter_of(t, name[i])[member];
  const double rate = basal_u_per_h * 6000 / t->o.bw_kg / 60; /* pmol/kg/min */
  const double m30 = p[HEB] * p[M1] / (1 - p[HEB]);
  const double ip = rate / (p[M2] + p[M4] - p[M1] * p[M2] / (p[M1] + m30));
  const double i = ip / p[VI], isc1 = rate / (p[KD] + p[KA1]);
  const struct {
    const char *name;
    double value;
  } settled[] = {{"Isc1", isc1},  {"Isc2", p[KD] / p[KA2] * isc1},
                 {"Ip", ip},      {"Il", p[M2] * ip / (p[M1] + m30)},
                 {"I1", i},       {"Id", i},
                 {"X", i - p[IB]}};
  for (size_t k = 0; k < sizeof settled / sizeof *settled; k++)
    state[gm_model_find(t->model, GM_TABLE_STATE, settled[k].name)] = settled[k].value;
}

static void stomach_empty(t1d_twin *t, double *state)
{
  static const char *const name[] = {"Qsto1", "Qsto2", "Qgut", "rest", "bite"};
  for (size_t k = 0; k < sizeof name / sizeof *name; k++)
    state[gm_model_find(t->model, GM_TABLE_STATE, name[k])] = 0;
}

/* Members of the first variant are there; the others are made of them. */
static void variants_make(t1d_twin *t, const twin_variant *variant, double basal_u_per_h)
{
  twin_ahead *a = &t->ahead;
  const int32_t mc = gm_model_macro_count(t->model), n = a->members;
  for (int32_t v = a->variants - 1; v >= 0; v--) {
    const uint32_t w = variant[v].without;
    for (int32_t m = 0; m < n; m++) {
      double *state = a->start + ((ptrdiff_t)v * n + m) * mc;
      if (v) memcpy(state, a->start + (ptrdiff_t)m * mc, (size_t)mc * sizeof *state);
      if (w & WITHOUT_INSULIN) insulin_settle(t, basal_u_per_h, v * n + m, state);
      if (w & WITHOUT_CARBS) stomach_empty(t, state);
    }
  }
}

/* theta of all variants from z; w without what is there now where that is taken away. */
static void theta_set(t1d_twin *t, const twin_variant *variant, int32_t k)
{
  twin_ahead *a = &t->ahead;
  const gm_unknown *u = &t->unknown[k];
  const int32_t n = a->members, all = n * a->variants;
  double *theta = gm_ensemble_theta(a->e) + (ptrdiff_t)u->parameter * all;
  const double *z = a->z + k;
  gm_unknown_values(u, n, z, t->d, a->value);
  for (int32_t v = 0; v < a->variants; v++) {
    memcpy(theta + (ptrdiff_t)v * n, a->value, (size_t)n * sizeof *theta);
    if (k != TWIN_W || !(variant[v].without & WITHOUT_TREND)) continue;
    for (int32_t m = 0; m < n; m++)
      theta[v * n + m] = gm_unknown_value(u, z[(ptrdiff_t)m * t->d] - a->w0[m]);
  }
}

static gm_status members_seat(t1d_twin *t, gm_ctx *ctx, const twin_variant *variant,
                              double basal_u_per_h)
{
  twin_ahead *a = &t->ahead;
  const int32_t n = a->members, all = n * a->variants;
  gm_status s = members_draw(t, ctx);
  if (s) return s;
  gm_ensemble_seat(a->e, gm_system_key(&t->system, GM_PURPOSE_INTRINSIC, KEY_MEMBERS), 0);
  double *theta = gm_ensemble_theta(a->e);
  int32_t rows;
  gm_model_table(t->model, GM_TABLE_PARAMETER, &rows);
  t->theta[t->part_row] = t1d__twin_part(t->now_min);
  t->theta[t->move_row] = t->move;
  t->theta[t->after_row] = t->after;
  for (int32_t k = 0; k < rows; k++)
    for (int32_t m = 0; m < all; m++) theta[(ptrdiff_t)k * all + m] = t->theta[k];
  for (int32_t k = 0; k < t->d; k++) theta_set(t, variant, k);
  for (int32_t m = 0; m < all; m++)
    if (variant[m / n].without & WITHOUT_EXERCISE)
      theta[(ptrdiff_t)t->move_row * all + m] = theta[(ptrdiff_t)t->after_row * all + m] = 0;
  s = gm_ensemble_init(a->e, ctx, t->now_min);
  variants_make(t, variant, basal_u_per_h);
  return s ? s : gm_ensemble_set(a->e, ctx, a->start);
}

/* Unknowns that move, over dt. */
static void unknowns_move(t1d_twin *t, const twin_variant *variant, int32_t step, double dt)
{
  twin_ahead *a = &t->ahead;
  for (int32_t k = 0; k < t->d; k++) {
    const gm_unknown *u = &t->unknown[k];
    if (!(u->memory > 0)) continue;
    const double rho = gm_exp(-dt / u->memory), sd = sqrt(1 - rho * rho);
    gm_normal_many(a->members / 2, a->key, NULL, 0, (uint64_t)k, gm_kind_draw(1, 0),
                   a->chance * 1000000 + (uint64_t)step, a->value);
    for (int32_t m = 0; m < a->members; m++) { /* in pairs of opposite chance */
      const double e = a->value[m / 2];
      double *z = &a->z[(ptrdiff_t)m * t->d + k];
      *z = rho * *z + sd * (m % 2 ? -e : e);
      if (k == TWIN_W) a->w0[m] *= rho;
    }
    theta_set(t, variant, k);
  }
}

/* ---- what is on the way ---------------------------------------------------------------------- */
typedef struct {
  gm_edge *edge[VARIANTS_MAX];
  int32_t count[VARIANTS_MAX], at[VARIANTS_MAX], variants;
} future;

static void future_free(future *f)
{
  for (int32_t v = 0; v < f->variants; v++) gm_free(f->edge[v]);
}

/* Sorted by time; those of one time as they came. */
static void edges_sort(gm_edge *e, int32_t count)
{
  for (int32_t i = 1; i < count; i++) {
    const gm_edge x = e[i];
    int32_t at = i;
    for (; at > 0 && e[at - 1].t > x.t; at--) e[at] = e[at - 1];
    e[at] = x;
  }
}

/* Parts of the day and exercise. */
static void edges_changing(t1d_twin *t, double t1, bool exercise, int32_t room, future *f,
                           int32_t v)
{
  for (double at = t1d__twin_part_next(t->now_min); at <= t1; at = t1d__twin_part_next(at))
    f->edge[v][f->count[v]++] = (gm_edge){at, t1d__twin_part(at), t->part_row, GM_EDGE_PARAMETER};
  if (!exercise) return;
  t1d_exercise e = t->exercise;
  double move = t->move, after = t->after;
  f->count[v] +=
      t1d__twin_exercise_edges(t, &e, t1, true, &move, &after, room, f->edge[v] + f->count[v]);
}

static gm_status future_variant(t1d_twin *t, gm_ctx *ctx, const twin_variant *variant,
                                const t1d_outlook_options *o, double basal_u_per_h, future *f,
                                int32_t v)
{
  const double t1 = t->now_min + o->step_min * o->steps;
  const int32_t moves = t1d__twin_exercise_most(t, t1 - t->now_min);
  const int32_t parts = T1D_DAY_PARTS * (1 + (int32_t)ceil((t1 - t->now_min) / 1440));
  t1d_course *c;
  gm_drive d = {0};
  gm_status s = t1d_course_copy(t->course, ctx, &c);
  if (s) return s;
  t1d_course_clear(c, variant->without & WITHOUT_CARBS, variant->without & WITHOUT_INSULIN);
  if (o->basal_u_per_h >= 0 || variant->without & WITHOUT_INSULIN) /* no rate but the lasting one */
    s = t1d_course_basal(c, ctx, t->now_min, basal_u_per_h);
  if (!s && variant->meal_g > 0) s = t1d_course_meal(c, ctx, t->now_min, variant->meal_g);
  if (!s) s = t1d_course_read(c, ctx, t1, &d);
  if (!s) f->edge[v] = gm_alloc(ctx, d.edge_count + 2 + moves + parts, sizeof(gm_edge));
  if (!s && !f->edge[v]) s = gm_fail(ctx, GM_ENOMEM, "outlook");
  if (!s) {
    if (variant->without & WITHOUT_INSULIN) /* the rate of a bolus that runs ends */
      f->edge[v][f->count[v]++] =
          (gm_edge){t->now_min, basal_u_per_h * 100 / t->o.bw_kg, t->insulin_port, GM_EDGE_RATE};
    if (variant->unit_u > 0)
      f->edge[v][f->count[v]++] = (gm_edge){t->now_min, variant->unit_u * 6000 / t->o.bw_kg,
                                            t->insulin_port, GM_EDGE_BOLUS};
    for (int32_t i = 0; i < d.edge_count; i++) f->edge[v][f->count[v]++] = d.edge[i];
    edges_changing(t, t1, !(variant->without & WITHOUT_EXERCISE), moves, f, v);
    edges_sort(f->edge[v], f->count[v]);
  }
  t1d_course_free(c);
  return s;
}

/* Edges of a stretch that ends at t1: the next ones up to there. */
static void future_part(future *f, double t1, gm_drive *drive)
{
  for (int32_t v = 0; v < f->variants; v++) {
    int32_t end = f->at[v];
    while (end < f->count[v] && f->edge[v][end].t <= t1) end++;
    drive[v] = (gm_drive){f->edge[v] + f->at[v], end - f->at[v]};
    f->at[v] = end;
  }
}

/* ---- running --------------------------------------------------------------------------------- */
static void take_glucose(t1d_twin *t, int32_t at, int32_t count)
{
  twin_ahead *a = &t->ahead;
  const int32_t ny = outputs_of(t), all = a->members * a->variants;
  for (int32_t m = 0; m < all; m++)
    for (int32_t i = 0; i < count; i++)
      a->glucose[(ptrdiff_t)m * a->steps + at + i] =
          a->y[((ptrdiff_t)m * count + i) * ny + t->output_cgm];
}

static gm_status run(t1d_twin *t, gm_ctx *ctx, const twin_variant *variant, double step_min,
                     future *f)
{
  twin_ahead *a = &t->ahead;
  gm_status s = GM_OK;
  for (int32_t at = 0; at < a->steps && !s; at += STRETCH) {
    double sample[STRETCH];
    gm_drive drive[VARIANTS_MAX];
    int32_t count = a->steps - at < STRETCH ? a->steps - at : STRETCH;
    for (int32_t i = 0; i < count; i++) sample[i] = t->now_min + step_min * (at + i + 1);
    future_part(f, sample[count - 1], drive);
    unknowns_move(t, variant, at, count * step_min);
    s = gm_ensemble_advance(a->e, ctx, sample[count - 1], drive, a->drive_of, sample, count, a->y);
    if (!s) take_glucose(t, at, count);
  }
  return s;
}

/* Members that are no number anywhere have no weight. */
static gm_status weigh(t1d_twin *t, gm_ctx *ctx)
{
  twin_ahead *a = &t->ahead;
  const ptrdiff_t steps = a->steps;
  int32_t good = 0;
  for (int32_t m = 0; m < a->members; m++) {
    bool fine = true;
    for (int32_t v = 0; v < a->variants; v++)
      for (ptrdiff_t k = 0; k < steps; k++)
        fine = fine && isfinite(a->glucose[((ptrdiff_t)v * a->members + m) * steps + k]);
    a->weight[m] = fine;
    good += fine;
  }
  if (10 * good < 9 * a->members)
    return gm_fail(ctx, GM_ENUMERIC, "outlook: %d of %d members are no numbers",
                   (int)(a->members - good), (int)a->members);
  for (int32_t m = 0; m < a->members; m++) a->weight[m] /= good;
  return GM_OK;
}

gm_status t1d__twin_ahead_options(gm_ctx *ctx, const t1d_outlook_options *options,
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

gm_status t1d__twin_ahead(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o, int32_t variants,
                          const twin_variant *variant)
{
  future f = {.variants = variants};
  const double basal = o->basal_u_per_h >= 0 ? o->basal_u_per_h : t1d_course_basal_last(t->course);
  gm_status s = room_make(t, ctx, o->members, variants, o->steps);
  t->ahead.chance = o->chance ? o->chance : (uint64_t)t->steps;
  if (!s) s = members_seat(t, ctx, variant, basal);
  for (int32_t v = 0; v < variants && !s; v++)
    s = future_variant(t, ctx, &variant[v], o, basal, &f, v);
  if (!s) s = run(t, ctx, variant, o->step_min, &f);
  future_free(&f);
  return s ? s : weigh(t, ctx);
}
