/* t1d_trial_result.c - means over people, differences between arms, the table. */
#include "t1d_trial_internal.h"
#include "gemel/math.h"
#include <math.h>

/* Abramowitz & Stegun 26.7.5; below three degrees the closed forms. */
double t1d__student975(double degrees)
{
  if (!(degrees >= 1)) return NAN;
  if (degrees < 2) return 12.706204736174694; /* tan(0.475 pi) */
  if (degrees < 3) return 4.302652729749462;  /* 0.95 sqrt(2 / (1 - 0.95^2)) */
  const double z = 1.959963984540054, n = degrees, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z,
               z9 = z7 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n) +
         (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * n * n * n * n);
}

static const t1d_trial_person *at(const t1d_trial *t, int32_t person, int32_t arm)
{
  return &t->person[(ptrdiff_t)person * t->arm_count + arm];
}

/* Mean of arm, less base where base >= 0. */
static t1d_trial_figure figure(const t1d_trial *t, int32_t arm, int32_t base, int32_t group,
                               t1d_metric m)
{
  double n = 0, sum = 0, squares = 0, noise = 0;
  for (int32_t i = 0; i < t->person_count; i++) {
    const t1d_trial_person *a = at(t, i, arm), *b = base >= 0 ? at(t, i, base) : NULL;
    if (group >= 0 && (int32_t)a->group != group) continue;
    const t1d_figure *x = &a->metrics.by_reading[m];
    const t1d_figure *y = b ? &b->metrics.by_reading[m] : NULL;
    const double v = x->value - (y ? y->value : 0), before = n > 0 ? sum / n : 0;
    n++;
    sum += v;
    squares += (v - before) * (v - sum / n);
    noise += x->se * x->se + (y ? y->se * y->se : 0);
  }
  if (n < 1) return (t1d_trial_figure){NAN, NAN, NAN, NAN, NAN};
  t1d_trial_figure f = {sum / n, gm_sqrt(noise) / n, NAN, NAN, NAN};
  if (n < 2) return f;
  f.se_people = gm_sqrt(squares / (n - 1) / n);
  const double half = t1d__student975(n - 1) * f.se_people;
  f.low = f.mean - half;
  f.high = f.mean + half;
  return f;
}

t1d_trial_figure t1d_trial_mean(const t1d_trial *t, int32_t arm, int32_t group, t1d_metric m)
{
  return figure(t, arm, -1, group, m);
}

t1d_trial_figure t1d_trial_difference(const t1d_trial *t, int32_t arm, int32_t base, int32_t group,
                                      t1d_metric m)
{
  return figure(t, arm, base, group, m);
}

void t1d_trial_table(const t1d_trial *t, const t1d_arm *arm, gm_text *out)
{
  static const char *const group[] = {"adolescents", "adults", "children"};
  static const t1d_metric shown[] = {T1D_TIR, T1D_TBR70, T1D_TBR54, T1D_TAR180, T1D_MEAN, T1D_LBGI};
  gm_text_addf(out, "%-16s %-12s %15s %13s %13s %13s %11s %9s\n", "arm", "group", "70-180 %",
               "<70 %", "<54 %", ">180 %", "mean mg/dL", "LBGI");
  for (int32_t g = 0; g < 3; g++)
    for (int32_t a = 0; a < t->arm_count; a++) {
      if (!isfinite(t1d_trial_mean(t, a, g, T1D_TIR).mean)) continue;
      gm_text_addf(out, "%-16s %-12s", arm[a].name, group[g]);
      for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const t1d_trial_figure f = t1d_trial_mean(t, a, g, shown[i]);
        gm_text_addf(out, " %7.2f+-%.2f", f.mean, f.se_run);
      }
      gm_text_addf(out, "\n");
    }
}
