/* t1d_prior_law.c - the thirty subjects as a Gaussian law of natural coordinates: covariates,
 * residual correlations shrunk towards 0, width of people, conditioning. */
#include "t1d_prior_law.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

enum { N = T1D_SUBJECT_COUNT, D = T1D__DIM, BW = 6, GROUPS = 3 };

/* ---- coordinates ----------------------------------------------------------------------------- */
enum {
  KMAX,
  KMIN,
  KABS,
  B,
  DD,
  GB,
  EGPB,
  VG,
  K1,
  K2,
  KP2,
  KP3,
  VMX,
  KM0,
  KSC,
  IB,
  VI,
  M1,
  M2,
  KI,
  P2U,
  KD,
  KA1,
  KA2
};
static const int8_t row[T1D__FREE] = {0,  1,  2,  3,  4,  7,  8,  9,  10, 11, 12, 13,
                                      15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30};
enum { FCNS = 14, ROW_M2 = 23, ROW_M4 = 24, ROW_IB = 20, ROW_VI = 21, ROW_M1 = 22, ROW_HEB = 25 };
static const double bw_reference = 70;

int32_t t1d__free_row(int32_t i) { return row[i]; }

/* b and d are shares. At rest the liver makes more than Fcns = 1 mg/kg/min, what the brain takes,
 * or tissues would give glucose back (Vm0 < 0); 8 is far beyond any (subjects: 2.1 to 4.2). */
void t1d__free_bounds(int32_t i, double *lower, double *upper)
{
  *lower = i == EGPB;
  *upper = i == B || i == DD ? 1 : (i == EGPB ? 8 : 0);
}

double t1d__natural(int32_t i, double value)
{
  double lower, upper;
  t1d__free_bounds(i, &lower, &upper);
  return upper > 0 ? gm_ln((value - lower) / (upper - value)) : gm_ln(value);
}

double t1d__value(int32_t i, double natural)
{
  double lower, upper;
  t1d__free_bounds(i, &lower, &upper);
  return upper > 0 ? lower + (upper - lower) / (1 + gm_exp(-natural)) : gm_exp(natural);
}

void t1d__subject_natural(const t1d_subject *s, double *y)
{
  for (int32_t i = 0; i < T1D__FREE; i++) y[i] = t1d__natural(i, s->theta[row[i]]);
  y[T1D__DAILY] = gm_ln(s->tdi_u_per_day / s->theta[BW]);
  y[T1D__RATIO] = gm_ln(s->cr_g_per_u);
  y[T1D__CORRECTION] = gm_ln(s->cf_mgdl_per_u);
}

void t1d__theta(double bw_kg, const double *y, double *theta)
{
  memcpy(theta, t1d_subject_at(0)->theta, T1D_PARAMETER_COUNT * sizeof *theta);
  for (int32_t i = 0; i < T1D__FREE; i++) theta[row[i]] = t1d__value(i, y[i]);
  theta[BW] = bw_kg;
  theta[ROW_M4] = 0.4 * theta[ROW_M2];
}

double t1d_prior_basal(const double *theta)
{
  const double m1 = theta[ROW_M1], m2 = theta[ROW_M2], heb = theta[ROW_HEB],
               ipb = theta[ROW_IB] * theta[ROW_VI], m30 = heb * m1 / (1 - heb),
               ilb = m2 * ipb / (m1 + m30);
  return ((m2 + theta[ROW_M4]) * ipb - m1 * ilb) * theta[BW] / 100; /* 60 min/h / (6000 pmol/U) */
}

/* ---- covariates ------------------------------------------------------------------------------ */
/* One coordinate on one design: its mean at the person; residuals; the variance of a prediction,
 * (1 + h) times that of Student's t with the residual's degrees of freedom. */
typedef struct {
  double mean, h, variance, residual[N], criterion;
} fit;

typedef struct {
  double x[N], at; /* ln(weight / 70 kg) of the subjects and of the person */
  int32_t group[N], of;
  int32_t n; /* people */
} table;

static void line_fit(const table *t, const double *y, bool slope, fit *f)
{
  double x_mean = 0, y_mean = 0, xx = 0, xy = 0;
  for (int32_t k = 0; k < t->n; k++) {
    x_mean += t->x[k] / t->n;
    y_mean += y[k] / t->n;
  }
  for (int32_t k = 0; k < t->n; k++) {
    xx += (t->x[k] - x_mean) * (t->x[k] - x_mean);
    xy += (t->x[k] - x_mean) * y[k];
  }
  const double b = slope ? xy / xx : 0;
  f->mean = y_mean + b * (t->at - x_mean);
  f->h = 1.0 / t->n + (slope ? (t->at - x_mean) * (t->at - x_mean) / xx : 0);
  for (int32_t k = 0; k < t->n; k++) f->residual[k] = y[k] - y_mean - b * (t->x[k] - x_mean);
}

static void group_fit(const table *t, const double *y, fit *f)
{
  double sum[GROUPS] = {0}, count[GROUPS] = {0};
  for (int32_t k = 0; k < t->n; k++) {
    sum[t->group[k]] += y[k];
    count[t->group[k]]++;
  }
  for (int32_t k = 0; k < t->n; k++) f->residual[k] = y[k] - sum[t->group[k]] / count[t->group[k]];
  f->mean = sum[t->of] / count[t->of];
  f->h = 1 / count[t->of];
}

/* Least squares by the design of least AICc (Hurvich & Tsai, Biometrika 76:297, 1989); that of the
 * groups only where the person's is told. */
static int8_t coordinate_fit(const table *t, const double *y, fit *best)
{
  static const int32_t means[] = {1, 2, GROUPS};
  int8_t chosen = 0;
  for (int8_t design = 0; design < (t->of < 0 ? 2 : 3); design++) {
    fit f = {0};
    double sum = 0;
    if (design < 2)
      line_fit(t, y, design == 1, &f);
    else
      group_fit(t, y, &f);
    for (int32_t k = 0; k < t->n; k++) sum += f.residual[k] * f.residual[k];
    const double n = t->n, q = means[design] + 1;
    f.variance = sum / (n - means[design] - 2); /* of Student's t: s^2 nu/(nu - 2) */
    f.criterion = n * gm_ln(sum / n) + 2 * q + 2 * q * (q + 1) / (n - q - 1);
    if (design && !(f.criterion < best->criterion)) continue;
    *best = f;
    chosen = design;
  }
  return chosen;
}

/* ---- correlations ---------------------------------------------------------------------------- */
/* Shrunk towards 0 by lambda = sum Var(r_ij) / sum r_ij^2 over i != j (Schaefer & Strimmer, Stat.
 * Appl. Genet. Mol. Biol. 4:32, 2005, target D), so positive definite. */
static double correlation(int32_t n, const fit *f, double *r)
{
  double z[D][N], noise = 0, size = 0;
  for (int32_t i = 0; i < D; i++) {
    double sum = 0;
    for (int32_t k = 0; k < n; k++) sum += f[i].residual[k] * f[i].residual[k];
    for (int32_t k = 0; k < n; k++) z[i][k] = f[i].residual[k] / gm_sqrt(sum / (n - 1));
  }
  for (int32_t i = 0; i < D; i++)
    for (int32_t j = 0; j <= i; j++) {
      double mean = 0, spread = 0;
      for (int32_t k = 0; k < n; k++) mean += z[i][k] * z[j][k] / n;
      for (int32_t k = 0; k < n; k++)
        spread += (z[i][k] * z[j][k] - mean) * (z[i][k] * z[j][k] - mean);
      r[i * D + j] = r[j * D + i] = mean * n / (n - 1);
      if (i == j) continue;
      noise += spread * n / ((double)(n - 1) * (n - 1) * (n - 1));
      size += r[i * D + j] * r[i * D + j];
    }
  const double lambda = fmin(1, noise / size);
  for (int32_t i = 0; i < D; i++)
    for (int32_t j = 0; j < D; j++) r[i * D + j] = i == j ? 1 : (1 - lambda) * r[i * D + j];
  return lambda;
}

/* Shrinking towards independence needs axes that can be independent. Two combinations are far
 * better known than what makes them up, and stand for m2 and ka1 while the law is estimated: the
 * need of insulin at rest, m2 Ib Vi (subjects: r(m2, Vi) = -0.77), and ka1/ka2 (r = 0.89). */
static void to_axes(double *y)
{
  y[M2] += y[IB] + y[VI];
  y[KA1] -= y[KA2];
}

static void from_axes(t1d__law *law)
{
  double *mean = law->mean, *cov = law->cov;
  mean[M2] -= mean[IB] + mean[VI];
  mean[KA1] += mean[KA2];
  for (int32_t j = 0; j < D; j++) {
    cov[M2 * D + j] -= cov[IB * D + j] + cov[VI * D + j];
    cov[KA1 * D + j] += cov[KA2 * D + j];
  }
  for (int32_t i = 0; i < D; i++) {
    cov[i * D + M2] -= cov[i * D + IB] + cov[i * D + VI];
    cov[i * D + KA1] += cov[i * D + KA2];
  }
}

void t1d__sample_fill(int32_t leave_out, t1d__sample *sample)
{
  int32_t n = 0;
  for (int32_t s = 0; s < N; s++) {
    if (s == leave_out) continue;
    const t1d_subject *subject = t1d_subject_at(s);
    t1d__subject_natural(subject, sample->y[n]);
    sample->bw_kg[n] = subject->theta[BW];
    sample->group[n++] = t1d_subject_group(subject);
  }
  sample->n = n;
}

void t1d__law_fit(const t1d__sample *sample, double bw_kg, const t1d_group *group, t1d__law *law)
{
  table t = {.n = sample->n, .at = gm_ln(bw_kg / bw_reference), .of = group ? (int32_t)*group : -1};
  double y[N][D], column[N], sd[D];
  fit f[D];
  for (int32_t k = 0; k < t.n; k++) {
    memcpy(y[k], sample->y[k], sizeof y[k]);
    to_axes(y[k]);
    t.x[k] = gm_ln(sample->bw_kg[k] / bw_reference);
    t.group[k] = (int32_t)sample->group[k];
  }
  for (int32_t i = 0; i < D; i++) {
    for (int32_t k = 0; k < t.n; k++) column[k] = y[k][i];
    law->design[i] = coordinate_fit(&t, column, &f[i]);
    law->mean[i] = f[i].mean;
    sd[i] = gm_sqrt(f[i].variance * (1 + f[i].h));
  }
  law->shrinkage = correlation(t.n, f, law->cov);
  for (int32_t i = 0; i < D; i++)
    for (int32_t j = 0; j < D; j++) law->cov[i * D + j] *= sd[i] * sd[j];
  from_axes(law);
}

/* ---- people ---------------------------------------------------------------------------------- */
/* Variance that people have beyond the thirty, as one deviation common to some coordinates.
 * ReplayBG: priors of py_replay_bg 1.4 (Cappon et al., IEEE Trans. Biomed. Eng. 70:3227, 2023). */
static const struct {
  double variance;
  int8_t count, of[3];
} wider[] = {
    /* insulin sensitivity: ReplayBG's SI VG ~ Gamma(3.3, .), Var ln = trigamma(3.3) = 0.3535; here
     * Var ln Vmx = Var ln kp3 = 0.2580 */
    {0.0955, 2, {KP3, VMX}},
    /* insulin need at rest: 8.7 +- 2.9 U a day in 35 adults (Kuroda et al., Diabetes Care 34:1089,
     * 2011), Var ln = ln(1 + 0.333^2) = 0.1054; here 0.0624 */
    {0.0430, 1, {VI}},
    /* mean time under the skin: ReplayBG's sd of ln kd 0.6187 and of ln ka2 0.4274, with the shares
     * 0.31 and 0.69 that 1/kd and 1/ka2 have of the time, give Var ln = 0.1237; here 0.0485 */
    {0.0752, 3, {KD, KA1, KA2}},
    /* emptying of the stomach: ReplayBG's ln kempt, sd 0.7069; here Var ln kmax = 0.1927 */
    {0.3070, 2, {KMAX, KMIN}},
    /* absorption: ReplayBG's ln kabs, sd 1.4396; here 1.018 */
    {1.0361, 1, {KABS}},
    /* fasting glucose: two sources, 141.7 mg/dL (sd of ln 0.0414; here) and N(119.13, 7.11)
     * (ReplayBG; sd of ln 0.0597): variance of their even mixture 0.0102, less 0.0017 here */
    {0.0085, 1, {GB}},
};
static const double gb_shift = -0.0867; /* (ln 119.13 - ln 141.7) / 2: to the mixture's mean */

void t1d__law_widen(t1d__law *law)
{
  for (size_t w = 0; w < sizeof wider / sizeof *wider; w++)
    for (int32_t i = 0; i < wider[w].count; i++)
      for (int32_t j = 0; j < wider[w].count; j++)
        law->cov[wider[w].of[i] * D + wider[w].of[j]] += wider[w].variance;
  law->mean[GB] += gb_shift;
}

/* ---- what is told ---------------------------------------------------------------------------- */
void t1d__law_given(t1d__law *law, const double *g, double value, double variance)
{
  double c[D], total = variance, off = value;
  for (int32_t i = 0; i < D; i++) {
    c[i] = 0;
    for (int32_t j = 0; j < D; j++) c[i] += law->cov[i * D + j] * g[j];
  }
  for (int32_t i = 0; i < D; i++) {
    total += g[i] * c[i];
    off -= g[i] * law->mean[i];
  }
  for (int32_t i = 0; i < D; i++) {
    law->mean[i] += c[i] / total * off;
    for (int32_t j = 0; j < D; j++) law->cov[i * D + j] -= c[i] * c[j] / total;
  }
}

static gm_status patient_check(gm_ctx *ctx, const t1d_prior_patient *p)
{
  const double told[] = {p->basal_u_per_h, p->daily_u, p->cr_g_per_u, p->cf_mgdl_per_u};
  static const char *const name[] = {"basal rate", "daily dose", "carbohydrate ratio",
                                     "correction factor"};
  if (!(p->bw_kg > 0) || !isfinite(p->bw_kg))
    return gm_fail(ctx, GM_EDOMAIN, "prior: a weight above 0 kg is expected");
  if (p->group && (*p->group < T1D_ADOLESCENT || *p->group > T1D_CHILD))
    return gm_fail(ctx, GM_EDOMAIN, "prior: no group %d", (int)*p->group);
  for (int i = 0; i < 4; i++)
    if (!(told[i] >= 0) || !isfinite(told[i]))
      return gm_fail(ctx, GM_EDOMAIN, "prior: %s: above 0, or 0 where it is not told", name[i]);
  return GM_OK;
}

gm_status t1d__law_of(gm_ctx *ctx, const t1d_prior_patient *p, t1d__law *law)
{
  gm_status s = patient_check(ctx, p);
  if (s) return s;
  t1d__sample all;
  t1d__sample_fill(-1, &all);
  t1d__law_fit(&all, p->bw_kg, p->group, law);
  if (!p->is_virtual) t1d__law_widen(law);
  const double basal_sd = p->is_virtual ? 0.02 : 0.15, error_sd = p->is_virtual ? 1e-3 : 0.2;
  /* basal need is (m2 + m4) Ipb - m1 Ilb = m2 Ib Vi (m4 = 0.4 m2, HEb = 0.6): linear here */
  const double basal[D] = {[IB] = 1, [VI] = 1, [M2] = 1}, daily[D] = {[T1D__DAILY] = 1},
               ratio[D] = {[T1D__RATIO] = 1}, correction[D] = {[T1D__CORRECTION] = 1};
  if (p->basal_u_per_h > 0)
    t1d__law_given(law, basal, gm_ln(100 * p->basal_u_per_h / p->bw_kg), basal_sd * basal_sd);
  if (p->daily_u > 0) t1d__law_given(law, daily, gm_ln(p->daily_u / p->bw_kg), error_sd * error_sd);
  if (p->cr_g_per_u > 0) t1d__law_given(law, ratio, gm_ln(p->cr_g_per_u), error_sd * error_sd);
  if (p->cf_mgdl_per_u > 0)
    t1d__law_given(law, correction, gm_ln(p->cf_mgdl_per_u), error_sd * error_sd);
  return GM_OK;
}

bool t1d__cholesky(int32_t n, const double *a, double *l)
{
  memset(l, 0, (size_t)n * (size_t)n * sizeof *l);
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j <= i; j++) {
      double sum = a[i * n + j];
      for (int32_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i == j && !(sum > 0)) return false;
      l[i * n + j] = i == j ? gm_sqrt(sum) : sum / l[j * n + j];
    }
  return true;
}

/* Glucose in tissues at rest above 0 (Gtb of s2008.ant). */
static bool can_rest(const double *y)
{
  const double gpb = gm_exp(y[GB] + y[VG]);
  return t1d_subject_at(0)->theta[FCNS] - t1d__value(EGPB, y[EGPB]) + gm_exp(y[K1]) * gpb > 0;
}

gm_status t1d__law_draw(gm_ctx *ctx, const t1d__law *law, gm_key key, uint64_t index, double *y)
{
  enum { ATTEMPTS = 100 };
  double l[D * D], e[D];
  if (!t1d__cholesky(D, law->cov, l))
    return gm_fail(ctx, GM_ENUMERIC, "prior: what was told leaves no spread");
  for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (int32_t i = 0; i < D; i++)
      e[i] = gm_normal(key, 0, 0, gm_kind_draw(attempt, (uint32_t)i), index);
    for (int32_t i = 0; i < D; i++) {
      y[i] = law->mean[i];
      for (int32_t j = 0; j <= i; j++) y[i] += l[i * D + j] * e[j];
    }
    if (can_rest(y)) return GM_OK;
  }
  return gm_fail(ctx, GM_ENUMERIC, "prior: nobody with what was told can be at rest");
}
