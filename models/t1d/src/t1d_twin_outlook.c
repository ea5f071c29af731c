/* t1d_twin_outlook.c - what a twin says of the next hours: glucose, what a unit of insulin would
 * change, why, and what doses the person needs. */
#include "t1d_twin_internal.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>

const char *const t1d_cause_name[T1D_CAUSES] = {"basal rate", "insulin on board", "carbohydrate",
                                                "no known cause", "exercise"};

gm_status t1d_twin_outlook(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *options,
                           t1d_outlook *out)
{
  static const twin_variant variant[2] = {{0}, {.unit_u = 1}};
  t1d_outlook_options o;
  gm_status s = t1d__twin_ahead_options(ctx, options, &o);
  if (!s) s = t1d__twin_ahead(t, ctx, &o, o.per_unit ? 2 : 1, variant);
  if (s) return s;
  double *glucose = t->ahead.glucose, *with = glucose + (ptrdiff_t)o.members * o.steps;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)o.members * o.steps && o.per_unit; i++)
    with[i] -= glucose[i];
  *out = (t1d_outlook){.t_min = t->now_min,
                       .step_min = o.step_min,
                       .steps = o.steps,
                       .members = o.members,
                       .basal_u_per_h = o.basal_u_per_h,
                       .glucose_mgdl = glucose,
                       .per_unit_mgdl = o.per_unit ? with : NULL,
                       .weight = t->ahead.weight};
  return GM_OK;
}

/* ---- why ------------------------------------------------------------------------------------- */
/* A player's worth: the mean over all orders of the players of what its coming changes. value[set]:
 * glucose with those players that are in the set. */
static double shapley(const double *value, int32_t players, int32_t player)
{
  double sum = 0, orders = 1;
  for (int32_t i = 2; i <= players; i++) orders *= i;
  for (uint32_t set = 0; set < 1u << players; set++) {
    if (set & 1u << player) continue;
    int32_t before = 0;
    double ways = 1;
    for (int32_t i = 0; i < players; i++) before += (set >> i) & 1;
    for (int32_t i = 2; i <= before; i++) ways *= i;
    for (int32_t i = 2; i <= players - 1 - before; i++) ways *= i;
    sum += ways / orders * (value[set | 1u << player] - value[set]);
  }
  return sum;
}

/* Sums of a cause over members: mean, then sd. */
typedef struct {
  double mean, square;
} moment;

static void add(moment *m, double weight, double x)
{
  if (!(weight > 0)) return; /* a member that is no number */
  m->mean += weight * x;
  m->square += weight * x * x;
}

/* Of one step: causes, and behind them the total. start: glucose of the members now. */
static void explain_step(t1d_twin *t, int32_t players, int32_t k, const double *start,
                         moment m[T1D_CAUSES + 1])
{
  const twin_ahead *a = &t->ahead;
  const uint32_t all = (1u << players) - 1;
  double value[VARIANTS_MAX];
  for (int32_t i = 0; i < a->members; i++) {
    /* variant v is without what v says: its set of players is the others */
    for (uint32_t v = 0; v <= all; v++)
      value[all & ~v] = a->glucose[((ptrdiff_t)v * a->members + i) * a->steps + k];
    add(&m[T1D_CAUSE_BASAL], a->weight[i], value[0] - start[i]);
    for (int32_t p = 0; p < players; p++) add(&m[1 + p], a->weight[i], shapley(value, players, p));
    add(&m[T1D_CAUSES], a->weight[i], value[all]);
  }
}

gm_status t1d_twin_explain(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *options,
                           t1d_explanation *out)
{
  t1d_outlook_options o;
  gm_status s = t1d__twin_ahead_options(ctx, options, &o);
  if (s) return s;
  /* causes behind the basal rate and WITHOUT_ bits are in one order */
  static_assert(WITHOUT_INSULIN == 1 << (T1D_CAUSE_INSULIN - 1) &&
                    WITHOUT_CARBS == 1 << (T1D_CAUSE_CARBS - 1) &&
                    WITHOUT_TREND == 1 << (T1D_CAUSE_TREND - 1) &&
                    WITHOUT_EXERCISE == 1 << (T1D_CAUSE_EXERCISE - 1),
                "causes and what is taken away");
  const int32_t players = t->o.rest_heart_rate > 0 ? 4 : 3,
                state = gm_model_find(t->model, GM_TABLE_STATE, "Gs");
  twin_variant variant[VARIANTS_MAX];
  for (uint32_t v = 0; v < 1u << players; v++) variant[v] = (twin_variant){.without = v};
  s = t1d__twin_ahead(t, ctx, &o, 1 << players, variant);
  if (s) return s;
  twin_ahead *a = &t->ahead;
  const int32_t mc = gm_model_macro_count(t->model), rows = T1D_CAUSES + 1;
  const double *vg =
      gm_ensemble_theta(a->e) +
      (ptrdiff_t)gm_model_find(t->model, GM_TABLE_PARAMETER, "Vg") * a->members * a->variants;
  double *start = a->w0, now = 0; /* w0 is spent */
  for (int32_t i = 0; i < a->members; i++) {
    start[i] = a->start[(ptrdiff_t)i * mc + state] / vg[i];
    if (a->weight[i] > 0) now += a->weight[i] * start[i];
  }
  for (int32_t k = 0; k < o.steps; k++) {
    moment m[T1D_CAUSES + 1] = {{0, 0}};
    explain_step(t, players, k, start, m);
    for (int32_t c = 0; c < rows; c++) {
      a->mean[c * o.steps + k] = m[c].mean;
      a->mean[(rows + c) * o.steps + k] = sqrt(fmax(0, m[c].square - m[c].mean * m[c].mean));
    }
  }
  *out = (t1d_explanation){.t_min = t->now_min,
                           .step_min = o.step_min,
                           .steps = o.steps,
                           .now_mgdl = now,
                           .mean = a->mean,
                           .sd = a->mean + (ptrdiff_t)rows * o.steps,
                           .total_mean = a->mean + (ptrdiff_t)T1D_CAUSES * o.steps,
                           .total_sd = a->mean + (ptrdiff_t)(rows + T1D_CAUSES) * o.steps};
  return GM_OK;
}

/* ---- doses ----------------------------------------------------------------------------------- */
enum { BACK_STEPS = 60, DOSES = 5 }; /* glucose is to be back after 5 h */
static const uint32_t at_rest = WITHOUT_INSULIN | WITHOUT_CARBS | WITHOUT_TREND | WITHOUT_EXERCISE;
static const double meal_g_per_kg = 0.7; /* 50 g of 70 kg */

/* Of members that fall low on the basal rate alone a dose can take nothing more, and says nothing.
 */
static const double low_mgdl = 60, held_least = 0.25;

static bool holds(const double *glucose, int32_t steps)
{
  for (int32_t k = 0; k < steps; k++)
    if (glucose[k] < low_mgdl) return false;
  return true;
}

static const double *path_of(const twin_ahead *a, int32_t variant, int32_t m)
{
  return a->glucose + ((ptrdiff_t)variant * a->members + m) * a->steps;
}

/* What a unit does, and by what it and a meal would do if both acted in proportion the dose for the
 * meal. */
static gm_status unit_and_meal(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o,
                               double meal_g, moment *cf, double *dose_u)
{
  const twin_variant variant[3] = {{.without = at_rest},
                                   {.without = at_rest, .unit_u = 1},
                                   {.without = at_rest, .meal_g = meal_g}};
  moment dose = {0};
  double counted = 0;
  gm_status s = t1d__twin_ahead(t, ctx, o, 3, variant);
  if (s) return s;
  const twin_ahead *a = &t->ahead;
  for (int32_t m = 0; m < a->members; m++) {
    const double *none = path_of(a, 0, m), *unit = path_of(a, 1, m), *meal = path_of(a, 2, m);
    double most = 1e-3;
    if (!holds(none, a->steps)) continue;
    counted += a->weight[m];
    for (int32_t k = 0; k < a->steps; k++) most = fmax(most, none[k] - unit[k]);
    const double fall = fmax(none[BACK_STEPS - 1] - unit[BACK_STEPS - 1], 1e-3);
    add(cf, a->weight[m], gm_ln(most));
    add(&dose, a->weight[m], gm_ln(fmax(meal[BACK_STEPS - 1] - none[BACK_STEPS - 1], 1e-3) / fall));
  }
  if (counted < held_least)
    return gm_fail(
        ctx, GM_ENUMERIC,
        "ratios: at this basal rate glucose falls below %g mg/dL in %.0f %% of the belief",
        low_mgdl, 100 * (1 - counted));
  cf->mean /= counted;
  cf->square /= counted;
  *dose_u = gm_exp(dose.mean / counted);
  return GM_OK;
}

/* Where glucose above rest, falling with the dose, is 0: on the line between the doses next to it,
 * or on that through the last two. */
static double dose_back(const double dose_u[DOSES], const double above[DOSES])
{
  int32_t k = 1;
  while (k < DOSES - 1 && above[k] > 0) k++;
  const double fall = fmax(above[k - 1] - above[k], 1e-3);
  return fmax(dose_u[k - 1] + (dose_u[k] - dose_u[k - 1]) * above[k - 1] / fall, 1e-3);
}

gm_status t1d_twin_ratios(t1d_twin *t, gm_ctx *ctx, double basal_u_per_h, t1d_ratios *out)
{
  /* large doses do less than in proportion (the liver stops at 0), meals too */
  static const double share[DOSES] = {0, 0.35, 0.6, 1, 1.7};
  const double meal_g = meal_g_per_kg * t->o.bw_kg;
  double dose_u[DOSES], linear_u = 0;
  twin_variant variant[1 + DOSES] = {{.without = at_rest}};
  moment cr = {0}, cf = {0};
  const double usual = t->o.basal_u_per_h > 0 ? t->o.basal_u_per_h : t->prior.basal_u_per_h;
  t1d_outlook_options o = {.members = 64,
                           .basal_u_per_h = basal_u_per_h >= 0 ? basal_u_per_h : usual};
  gm_status s = t1d__twin_ahead_options(ctx, &o, &o);
  if (!s) s = unit_and_meal(t, ctx, &o, meal_g, &cf, &linear_u);
  for (int32_t k = 0; k < DOSES; k++) {
    dose_u[k] = share[k] * linear_u;
    variant[1 + k] =
        (twin_variant){.without = at_rest, .meal_g = meal_g, .unit_u = share[k] * linear_u};
  }
  if (!s) s = t1d__twin_ahead(t, ctx, &o, 1 + DOSES, variant);
  if (s) return s;
  const twin_ahead *a = &t->ahead;
  double counted = 0;
  for (int32_t m = 0; m < a->members; m++) {
    double above[DOSES];
    const double rest = path_of(a, 0, m)[BACK_STEPS - 1];
    if (!holds(path_of(a, 0, m), a->steps)) continue;
    counted += a->weight[m];
    for (int32_t k = 0; k < DOSES; k++) above[k] = path_of(a, 1 + k, m)[BACK_STEPS - 1] - rest;
    add(&cr, a->weight[m], gm_ln(meal_g / dose_back(dose_u, above)));
  }
  cr.mean /= counted;
  cr.square /= counted;
  *out = (t1d_ratios){gm_exp(cr.mean), sqrt(fmax(0, cr.square - cr.mean * cr.mean)),
                      gm_exp(cf.mean), sqrt(fmax(0, cf.square - cf.mean * cf.mean))};
  return GM_OK;
}
