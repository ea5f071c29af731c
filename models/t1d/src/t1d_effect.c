/* t1d_effect.c - settings, grid, and what insulin does (t1d_effect.h). */
#include "t1d_effect.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>

/* ---- settings and grid ----------------------------------------------------------------------- */
const t1d_effect_span *t1d_effect_span_at(t1d_effect_schedule s, double t_s)
{
  const t1d_effect_span *found = NULL;
  for (int32_t i = 0; i < s.count && s.span[i].start_s <= t_s; i++) found = &s.span[i];
  return found && found->end_s >= t_s ? found : NULL;
}

static gm_status check_schedule(gm_ctx *ctx, t1d_effect_schedule s, const char *what, double least)
{
  for (int32_t i = 0; i < s.count; i++) {
    const t1d_effect_span *p = &s.span[i];
    if (!isfinite(p->start_s) || !isfinite(p->end_s) || p->end_s < p->start_s)
      return gm_fail(ctx, GM_EDOMAIN, "%s: span %d has no proper times", what, (int)i);
    if (!isfinite(p->value) || p->value < least)
      return gm_fail(ctx, GM_EDOMAIN, "%s: value of span %d", what, (int)i);
    if (i > 0 && p->start_s < s.span[i - 1].end_s)
      return gm_fail(ctx, GM_EINVAL, "%s: span %d begins before the one before it ends", what,
                     (int)i);
  }
  return GM_OK;
}

gm_status t1d_effect_grid_over(gm_ctx *ctx, double start_s, double end_s, double step_s,
                               t1d_effect_grid *out)
{
  assert(out);
  if (!isfinite(start_s) || !isfinite(end_s) || end_s < start_s)
    return gm_fail(ctx, GM_EDOMAIN, "grid: start and end must be finite and in order");
  if (!isfinite(step_s) || step_s <= 0) return gm_fail(ctx, GM_EDOMAIN, "grid: step %g s", step_s);
  double first = floor(start_s / step_s), last = ceil(end_s / step_s);
  if (last - first + 1 > 1e6)
    return gm_fail(ctx, GM_ERANGE, "grid: %.0f times, more than 1,000,000", last - first + 1);
  *out = (t1d_effect_grid){first * step_s, step_s, (int32_t)(last - first) + 1};
  return GM_OK;
}

double t1d_effect_grid_at(const t1d_effect_grid *g, int32_t index)
{
  return g->start_s + index * g->step_s;
}

/* ---- activity of insulin --------------------------------------------------------------------- */
gm_status t1d_insulin_model_of(gm_ctx *ctx, double peak_min, double duration_min, double delay_min,
                               t1d_insulin_model *out)
{
  assert(out);
  if (!isfinite(duration_min) || !(peak_min > 0) || !(2 * peak_min < duration_min))
    return gm_fail(ctx, GM_EDOMAIN,
                   "insulin: peak %g min, duration %g min: needs 0 < 2 peak < "
                   "duration",
                   peak_min, duration_min);
  if (!isfinite(delay_min) || delay_min < 0)
    return gm_fail(ctx, GM_EDOMAIN, "insulin: delay %g min", delay_min);
  double r = peak_min / duration_min, tau = peak_min * (1 - r) / (1 - 2 * r);
  double a = 2 * tau / duration_min;
  double s = 1 / (1 - a + (1 + a) * gm_exp(-duration_min / tau));
  *out = (t1d_insulin_model){peak_min, duration_min, delay_min, tau, a, s};
  return GM_OK;
}

t1d_insulin_model t1d_insulin_of(t1d_insulin_preset preset)
{
  /* LoopAlgorithm, ExponentialInsulinModelPreset */
  static const double peak_min[] = {
      [T1D_INSULIN_ADULT] = 75, [T1D_INSULIN_CHILD] = 65, [T1D_INSULIN_FIASP] = 55};
  t1d_insulin_model m = {0};
  assert(preset >= T1D_INSULIN_ADULT && preset <= T1D_INSULIN_FIASP);
  gm_status s = t1d_insulin_model_of(NULL, peak_min[preset], 360, 10, &m);
  assert(s == GM_OK);
  (void)s;
  return m;
}

double t1d_insulin_left(const t1d_insulin_model *m, double t_min)
{
  double t = t_min - m->delay_min;
  if (t <= 0) return 1;
  if (t >= m->duration_min) return 0;
  double b = 1 - m->a;
  double c = t * t / (m->tau_min * m->duration_min * b) - t / m->tau_min - 1;
  return 1 - m->s * b * (c * gm_exp(-t / m->tau_min) + 1);
}

double t1d_insulin_activity(const t1d_insulin_model *m, double t_min)
{
  double t = t_min - m->delay_min;
  if (t <= 0 || t >= m->duration_min) return 0;
  return m->s / (m->tau_min * m->tau_min) * t * (1 - t / m->duration_min) * gm_exp(-t / m->tau_min);
}

/* ---- doses against the schedule -------------------------------------------------------------- */
static gm_status check_dose(gm_ctx *ctx, const t1d_effect_dose *d, int32_t i)
{
  if (!isfinite(d->start_s) || !isfinite(d->end_s) || d->end_s < d->start_s)
    return gm_fail(ctx, GM_EDOMAIN, "dose %d has no proper times", (int)i);
  if (!isfinite(d->dose_u) || d->dose_u < 0)
    return gm_fail(ctx, GM_EDOMAIN, "dose %d must be a number of units, at least 0", (int)i);
  return GM_OK;
}

typedef struct {
  t1d_effect_net_dose *net;
  int32_t count, max;
} net_list;

static gm_status net_add(gm_ctx *ctx, net_list *l, t1d_effect_net_dose d)
{
  if (l->count == l->max) return gm_fail(ctx, GM_EFULL, "more than %d net doses", (int)l->max);
  l->net[l->count++] = d;
  return GM_OK;
}

/* One piece for each setting; the delivered amount is shared by time. A basal record of no length
 * has delivered and scheduled nothing that could differ: it is left out. */
static gm_status split_basal(gm_ctx *ctx, const t1d_effect_dose *d, int32_t index,
                             t1d_effect_schedule basal, net_list *l)
{
  double at = d->start_s, length = d->end_s - d->start_s;
  for (int32_t i = 0; i < basal.count && at < d->end_s; i++) {
    const t1d_effect_span *p = &basal.span[i];
    if (p->end_s <= at) continue;
    if (p->start_s > at) break; /* a hole */
    double end = fmin(p->end_s, d->end_s), part = end - at;
    double net = d->dose_u * (part / length) - p->value * (part / 3600);
    gm_status s = net_add(ctx, l, (t1d_effect_net_dose){at, end, net, true});
    if (s != GM_OK) return s;
    at = end;
  }
  if (at < d->end_s)
    return gm_fail(ctx, GM_ENOTFOUND, "basal schedule does not cover dose %d", (int)index);
  return GM_OK;
}

gm_status t1d_effect_net(gm_ctx *ctx, const t1d_effect_dose *dose, int32_t dose_count,
                         t1d_effect_schedule basal, t1d_effect_net_dose *net, int32_t net_max,
                         int32_t *net_count)
{
  assert(net_count && (net || net_max == 0));
  net_list l = {net, 0, net_max};
  gm_status s = check_schedule(ctx, basal, "basal", 0);
  for (int32_t i = 0; i < dose_count && s == GM_OK; i++) {
    const t1d_effect_dose *d = &dose[i];
    s = check_dose(ctx, d, i);
    if (s != GM_OK) break;
    if (d->basal)
      s = split_basal(ctx, d, i, basal, &l);
    else
      s = net_add(ctx, &l, (t1d_effect_net_dose){d->start_s, d->end_s, d->dose_u, false});
  }
  if (s == GM_OK) *net_count = l.count;
  return s;
}

/* ---- effect ---------------------------------------------------------------------------------- */
/* Share of a dose still on board t_s after its start, where `none` stands for what was not begun:
 * pieces of step_s, each from its beginning. A dose of at most 1.05 steps acts at once (as Loop has
 * it: a record is rarely exactly one step long). */
static double dose_left(const t1d_insulin_model *m, double length_s, double step_s, double t_s)
{
  if (t_s < 0) return 1;
  if (length_s <= 1.05 * step_s) return t1d_insulin_left(m, t_s / 60);
  double left = 0;
  for (double at = 0; at < length_s; at += step_s) {
    double share = fmin(step_s, length_s - at) / length_s;
    left += share * t1d_insulin_left(m, (t_s - at) / 60);
  }
  return left;
}

/* Insulin on board counts what was delivered by t_s; what is not yet delivered is not on board. */
static double dose_on_board(const t1d_insulin_model *m, const t1d_effect_net_dose *d, double step_s,
                            double t_s)
{
  double t = t_s - d->start_s, length = d->end_s - d->start_s;
  if (t < 0) return 0;
  if (length <= 1.05 * step_s) return d->net_u * t1d_insulin_left(m, t / 60);
  double left = 0, until = fmin(floor((t + m->delay_min * 60) / step_s) * step_s, length);
  for (double at = 0; at <= until; at += step_s) {
    double share = fmax(0, fmin(step_s, length - at)) / length;
    left += share * t1d_insulin_left(m, (t - at) / 60);
  }
  return d->net_u * left;
}

void t1d_effect_iob(const t1d_insulin_model *m, const t1d_effect_net_dose *net, int32_t net_count,
                    double step_s, double t_s, double *bolus_u, double *basal_u)
{
  double sum[2] = {0, 0};
  for (int32_t i = 0; i < net_count; i++)
    sum[net[i].basal] += dose_on_board(m, &net[i], step_s, t_s);
  *bolus_u = sum[0];
  *basal_u = sum[1];
}

static void add_of_dose(const t1d_insulin_model *m, const t1d_effect_net_dose *d, double isf,
                        const t1d_effect_grid *grid, double *effect)
{
  for (int32_t k = 0; k < grid->count; k++) {
    double t = t1d_effect_grid_at(grid, k) - d->start_s;
    if (t < 0) continue;
    effect[k] -= d->net_u * isf * (1 - dose_left(m, d->end_s - d->start_s, grid->step_s, t));
  }
}

/* What is used between two times acts with the sensitivity of each stretch between them. */
static double act_between(const t1d_insulin_model *m, const t1d_effect_net_dose *d,
                          t1d_effect_schedule isf, double step_s, double from_s, double to_s)
{
  double length = d->end_s - d->start_s, sum = 0, at = from_s;
  for (int32_t i = 0; i < isf.count && at < to_s; i++) {
    double end = i + 1 < isf.count ? fmin(isf.span[i + 1].start_s, to_s) : to_s;
    if (end <= at) continue;
    double used = dose_left(m, length, step_s, at - d->start_s) -
                  dose_left(m, length, step_s, end - d->start_s);
    sum += used * isf.span[i].value;
    at = end;
  }
  return d->net_u * sum;
}

static void add_of_time(const t1d_insulin_model *m, const t1d_effect_net_dose *d,
                        t1d_effect_schedule isf, const t1d_effect_grid *grid, double *effect)
{
  double sum = 0, before = fmin(d->start_s, grid->start_s);
  for (int32_t k = 0; k < grid->count; k++) {
    double t = t1d_effect_grid_at(grid, k);
    sum += act_between(m, d, isf, grid->step_s, before, t);
    effect[k] -= sum;
    before = t;
  }
}

static gm_status check_net(gm_ctx *ctx, const t1d_effect_net_dose *net, int32_t net_count,
                           t1d_effect_schedule isf, t1d_isf_rule rule)
{
  gm_status s = check_schedule(ctx, isf, "insulin sensitivity", 0);
  if (s != GM_OK) return s;
  if (net_count > 0 && isf.count == 0) return gm_fail(ctx, GM_ENOTFOUND, "no insulin sensitivity");
  for (int32_t i = 0; i < net_count; i++) {
    const t1d_effect_net_dose *d = &net[i];
    if (!isfinite(d->start_s) || !isfinite(d->end_s) || d->end_s < d->start_s ||
        !isfinite(d->net_u))
      return gm_fail(ctx, GM_EDOMAIN, "net dose %d", (int)i);
    if (rule == T1D_ISF_OF_DOSE && !t1d_effect_span_at(isf, d->start_s))
      return gm_fail(ctx, GM_ENOTFOUND, "no insulin sensitivity at the start of net dose %d",
                     (int)i);
  }
  return GM_OK;
}

gm_status t1d_effect_insulin(gm_ctx *ctx, const t1d_insulin_model *m,
                             const t1d_effect_net_dose *net, int32_t net_count,
                             t1d_effect_schedule isf, t1d_isf_rule rule,
                             const t1d_effect_grid *grid, double *bolus, double *basal)
{
  assert(m && grid && bolus && basal);
  gm_status s = check_net(ctx, net, net_count, isf, rule);
  if (s != GM_OK) return s;
  for (int32_t k = 0; k < grid->count; k++) bolus[k] = basal[k] = 0;
  for (int32_t i = 0; i < net_count; i++) {
    const t1d_effect_net_dose *d = &net[i];
    double *effect = d->basal ? basal : bolus;
    if (d->net_u == 0) continue;
    if (rule == T1D_ISF_OF_DOSE)
      add_of_dose(m, d, t1d_effect_span_at(isf, d->start_s)->value, grid, effect);
    else
      add_of_time(m, d, isf, grid, effect);
  }
  return GM_OK;
}
