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
gm_status t1d_twin_ratios(t1d_twin *t, gm_ctx *ctx, double basal_u_per_h, t1d_ratios *out)
{
  enum { BACK_STEPS = 60 }; /* 5 h */
  static const uint32_t rest = WITHOUT_INSULIN | WITHOUT_CARBS | WITHOUT_TREND | WITHOUT_EXERCISE;
  static const double meal_g = 50;
  const twin_variant variant[3] = {
      {.without = rest}, {.without = rest, .unit_u = 1}, {.without = rest, .meal_g = meal_g}};
  t1d_outlook_options o;
  gm_status s = t1d__twin_ahead_options(
      ctx, &(t1d_outlook_options){.members = 64, .basal_u_per_h = basal_u_per_h}, &o);
  if (!s) s = t1d__twin_ahead(t, ctx, &o, 3, variant);
  if (s) return s;
  const twin_ahead *a = &t->ahead;
  moment cr = {0}, cf = {0};
  for (int32_t m = 0; m < a->members; m++) {
    const double *none = a->glucose + (ptrdiff_t)m * a->steps;
    const double *unit = none + (ptrdiff_t)a->members * a->steps;
    const double *meal = unit + (ptrdiff_t)a->members * a->steps;
    double most = 1e-3;
    for (int32_t k = 0; k < a->steps; k++) most = fmax(most, none[k] - unit[k]);
    const double fall = fmax(none[BACK_STEPS - 1] - unit[BACK_STEPS - 1], 1e-3);
    const double rise = fmax(meal[BACK_STEPS - 1] - none[BACK_STEPS - 1], 1e-3);
    add(&cr, a->weight[m], gm_ln(fall * meal_g / rise));
    add(&cf, a->weight[m], gm_ln(most));
  }
  *out = (t1d_ratios){gm_exp(cr.mean), sqrt(fmax(0, cr.square - cr.mean * cr.mean)),
                      gm_exp(cf.mean), sqrt(fmax(0, cf.square - cf.mean * cf.mean))};
  return GM_OK;
}
