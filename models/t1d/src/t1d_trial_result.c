/* t1d_trial_result.c - means over people, differences between arms, the table. */
#include "t1d_trial_internal.h"
#include "gemel/math.h"
#include "gemel/stats.h"
#include <math.h>

static ptrdiff_t cell(const t1d_trial *t, int32_t person, int32_t arm)
{
  return (ptrdiff_t)person * t->arm_count + arm;
}

/* What is compared: arm, less base where base >= 0. */
typedef struct {
  const t1d_trial *t;
  int32_t arm, base;
  t1d_metric metric;
} contrast;

static double value_of(const contrast *c, int32_t person)
{
  const t1d_trial_person *p = c->t->person;
  const double a = p[cell(c->t, person, c->arm)].metrics.by_reading[c->metric].value;
  if (c->base < 0) return a;
  return a - p[cell(c->t, person, c->base)].metrics.by_reading[c->metric].value;
}

/* Square of the error of value_of, from its own values without one block: days stay paired. */
static double noise_of(const contrast *c, int32_t person)
{
  const t1d_trial *t = c->t;
  double left[T1D_TRIAL_BLOCKS];
  if (!t->left_out || t->block_count < 2) return NAN;
  for (int32_t k = 0; k < t->block_count; k++) {
    const ptrdiff_t a = cell(t, person, c->arm) * t->block_count + k;
    left[k] = t->left_out[a * T1D_METRIC_COUNT + c->metric];
    if (c->base < 0) continue;
    const ptrdiff_t b = cell(t, person, c->base) * t->block_count + k;
    left[k] -= t->left_out[b * T1D_METRIC_COUNT + c->metric];
  }
  const double se = t1d__block_se(value_of(c, person), left, 1, t->weight, t->block_count);
  return se * se;
}

/* Sums over people; of the person under way, over its replicates. */
typedef struct {
  double people, sum, squares, noise;
  double n, own_sum, own_noise;
} tally;

static void close_person(tally *s)
{
  if (s->n < 1) return;
  const double v = s->own_sum / s->n, before = s->people > 0 ? s->sum / s->people : 0;
  s->people++;
  s->sum += v;
  s->squares += (v - before) * (v - s->sum / s->people); /* Welford 1962 */
  s->noise += s->own_noise / (s->n * s->n);
  s->n = s->own_sum = s->own_noise = 0;
}

static t1d_trial_figure figure(const contrast *c, int32_t group)
{
  const t1d_trial *t = c->t;
  tally s = {0};
  for (int32_t i = 0; i < t->person_count; i++) {
    const t1d_trial_person *p = &t->person[cell(t, i, c->arm)];
    if (i > 0 && p->subject != t->person[cell(t, i - 1, c->arm)].subject) close_person(&s);
    if (group >= 0 && (int32_t)p->group != group) continue;
    s.n++;
    s.own_sum += value_of(c, i);
    s.own_noise += noise_of(c, i);
  }
  close_person(&s);
  const double n = s.people;
  if (n < 1) return (t1d_trial_figure){NAN, NAN, NAN, NAN, NAN};
  t1d_trial_figure f = {s.sum / n, gm_sqrt(s.noise) / n, NAN, NAN, NAN};
  if (n < 2) return f;
  f.se_people = gm_sqrt(s.squares / (n - 1) / n);
  const double half = gm_dist_t_quantile(0.975, n - 1) * f.se_people;
  f.low = f.mean - half;
  f.high = f.mean + half;
  return f;
}

t1d_trial_figure t1d_trial_mean(const t1d_trial *t, int32_t arm, int32_t group, t1d_metric m)
{
  const contrast c = {t, arm, -1, m};
  return figure(&c, group);
}

t1d_trial_figure t1d_trial_difference(const t1d_trial *t, int32_t arm, int32_t base, int32_t group,
                                      t1d_metric m)
{
  const contrast c = {t, arm, base, m};
  return figure(&c, group);
}

/* ---- text ------------------------------------------------------------------------------------ */
static const char *const group_name[] = {"adolescents", "adults", "children"};
enum { GROUPS = 3 };

static void add_row(const t1d_trial *t, int32_t arm, int32_t group, gm_text *out)
{
  static const t1d_metric shown[] = {T1D_TIR, T1D_TBR70, T1D_TBR54, T1D_TAR180, T1D_MEAN, T1D_LBGI};
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    const t1d_trial_figure f = t1d_trial_mean(t, arm, group, shown[i]);
    gm_text_addf(out, " %7.2f+-", f.mean);
    if (isfinite(f.se_run))
      gm_text_addf(out, "%.2f", f.se_run);
    else
      gm_text_addf(out, "%4s", "-");
  }
  gm_text_addf(out, "\n");
}

static void add_difference(const t1d_trial *t, int32_t arm, int32_t group, gm_text *out)
{
  static const t1d_metric shown[] = {T1D_TIR, T1D_TBR70};
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    const t1d_trial_figure f = t1d_trial_difference(t, arm, 0, group, shown[i]);
    gm_text_addf(out, " %+7.2f", f.mean);
    if (isfinite(f.low))
      gm_text_addf(out, " (%+.2f to %+.2f)", f.low, f.high);
    else
      gm_text_addf(out, " %17s", "(-)");
  }
  gm_text_addf(out, "\n");
}

void t1d_trial_table(const t1d_trial *t, const t1d_arm *arm, gm_text *out)
{
  gm_text_addf(out, "%-16s %-12s %15s %13s %13s %13s %11s %9s\n", "arm", "group", "70-180 %",
               "<70 %", "<54 %", ">180 %", "mean mg/dL", "LBGI");
  for (int32_t g = 0; g < GROUPS; g++)
    for (int32_t a = 0; a < t->arm_count; a++) {
      if (!isfinite(t1d_trial_mean(t, a, g, T1D_TIR).mean)) continue;
      gm_text_addf(out, "%-16s %-12s", arm[a].name, group_name[g]);
      add_row(t, a, g, out);
    }
  if (t->arm_count < 2) return;
  gm_text_addf(out, "\nless %s, the same people and days: 70-180 %%, <70 %% (95 %% over people)\n",
               arm[0].name);
  for (int32_t g = 0; g < GROUPS; g++)
    for (int32_t a = 1; a < t->arm_count; a++) {
      if (!isfinite(t1d_trial_mean(t, a, g, T1D_TIR).mean)) continue;
      gm_text_addf(out, "%-16s %-12s", arm[a].name, group_name[g]);
      add_difference(t, a, g, out);
    }
}
