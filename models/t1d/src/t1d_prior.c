/* t1d_prior.c - the law of a person reduced to what glucose tells, as unknowns of a gm_system. */
#include "t1d_prior.h"
#include "t1d_prior_law.h"
#include "gemel/math.h"
#include <assert.h>
#include <string.h>

enum { F = T1D__FREE, K = T1D_PRIOR_COUNT, D = T1D__DIM };

/* The smallest set, going back from all 24 one by one, that carries more than 99 % of the variance
 * of glucose in both populations (../prior.md). k2 stands for k1 too, and Vi for m2: glucose tells
 * the ratio of the first two and the product of the others, and with k1 where it is no EGPb below
 * its bound can empty the tissues (Gtb <= 0). */
static const char *const kept_name[K] = {"kmax", "kmin", "kabs", "b",   "d",  "Gb", "EGPb",
                                         "k2",   "kp2",  "kp3",  "Vmx", "Vi", "ki", "ka2"};
static const int8_t kept[K] = {0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 16, 19, 23};

int32_t t1d__kept(int32_t k) { return kept[k]; }

/* ---- change within a person ------------------------------------------------------------------ */
const double t1d_prior_day_sd = 0.12, t1d_prior_part_sd = 0.29;
const double t1d_prior_part_h[T1D_DAY_PARTS] = {0, 4, 11, 17};
/* A random walk whose change from day to day is that of two days of insulin need 17 % apart each
 * (Ruan 2016): 0.17 sqrt(2) in a day. Sensitivity of the liver and of tissues. */
static const double walk_per_sqrt_min = 0.17 * 1.4142135623730951 / 37.94733192202055;

static double drift_of(int32_t k)
{
  return !strcmp(kept_name[k], "kp3") || !strcmp(kept_name[k], "Vmx") ? walk_per_sqrt_min : 0;
}

/* ---- reduction ------------------------------------------------------------------------------- */
/* Share of what keeps an unknown by its own value where glucose does not tell: without it the
 * stand-ins for parameters that glucose hardly sees would be large. */
static const double ridge = 1e-3;

static double traced(const double *h, const double *c, int32_t stride)
{
  double sum = 0;
  for (int32_t i = 0; i < F; i++)
    for (int32_t j = 0; j < F; j++) sum += h[i * F + j] * c[i * stride + j];
  return sum;
}

static void weight_full(double *h)
{
  for (int32_t i = 0, at = 0; i < F; i++)
    for (int32_t j = 0; j <= i; j++) h[i * F + j] = h[j * F + i] = t1d__glucose_weight[at++];
}

/* x = (l l')^-1 x */
static void solve(const double *l, double *x)
{
  for (int32_t i = 0; i < K; i++) {
    for (int32_t j = 0; j < i; j++) x[i] -= l[i * K + j] * x[j];
    x[i] /= l[i * K + i];
  }
  for (int32_t i = K - 1; i >= 0; i--) {
    for (int32_t j = i + 1; j < K; j++) x[i] -= l[j * K + i] * x[j];
    x[i] /= l[i * K + i];
  }
}

/* left: what of each coordinate no unknown stands for, glucose variance of it against all. */
static double share(const double *h, const double *cov, const double *a)
{
  double left[F * F], part[F * F], rest[F * F];
  for (int32_t i = 0; i < F; i++)
    for (int32_t j = 0; j < F; j++) left[i * F + j] = i == j;
  for (int32_t k = 0; k < K; k++)
    for (int32_t j = 0; j < F; j++) left[kept[k] * F + j] -= a[k * F + j];
  for (int32_t i = 0; i < F; i++)
    for (int32_t j = 0; j < F; j++) {
      part[i * F + j] = 0;
      for (int32_t m = 0; m < F; m++) part[i * F + j] += left[i * F + m] * cov[m * D + j];
    }
  for (int32_t i = 0; i < F; i++)
    for (int32_t j = 0; j < F; j++) {
      rest[i * F + j] = 0;
      for (int32_t m = 0; m < F; m++) rest[i * F + j] += part[i * F + m] * left[j * F + m];
    }
  return 1 - traced(h, rest, F) / traced(h, cov, D);
}

/* Deviations u of the kept ones stand for deviations y of all: the u of least (y - E u)' H (y - E
 * u) with H = t1d__glucose_weight and the ridge, so a = (E'HE)^-1 E'H. */
void t1d__reduction(const t1d__law *law, double *a, double *explained)
{
  double h[F * F], ridged[F * F], block[K * K], l[K * K], x[K];
  weight_full(h);
  memcpy(ridged, h, sizeof h);
  const double total = traced(h, law->cov, D);
  for (int32_t i = 0; i < F; i++) ridged[i * F + i] += ridge * total / F / law->cov[i * D + i];
  for (int32_t i = 0; i < K; i++)
    for (int32_t j = 0; j < K; j++) block[i * K + j] = ridged[kept[i] * F + kept[j]];
  const bool positive = t1d__cholesky(K, block, l);
  assert(positive); /* a sum of squares and a ridge */
  (void)positive;
  for (int32_t j = 0; j < F; j++) {
    for (int32_t k = 0; k < K; k++) x[k] = ridged[kept[k] * F + j];
    solve(l, x);
    for (int32_t k = 0; k < K; k++) a[k * F + j] = x[k];
  }
  *explained = share(h, law->cov, a);
}

/* c = a S a' */
static void project(const double *a, const double *cov, double *c)
{
  double part[K * F];
  for (int32_t k = 0; k < K; k++)
    for (int32_t j = 0; j < F; j++) {
      part[k * F + j] = 0;
      for (int32_t m = 0; m < F; m++) part[k * F + j] += a[k * F + m] * cov[m * D + j];
    }
  for (int32_t k = 0; k < K; k++)
    for (int32_t n = 0; n < K; n++) {
      c[k * K + n] = 0;
      for (int32_t m = 0; m < F; m++) c[k * K + n] += part[k * F + m] * a[n * F + m];
    }
}

/* ---- prior ----------------------------------------------------------------------------------- */
static void unknown_fill(t1d_prior *p, int32_t k, double mean, double sd)
{
  t1d__free_bounds(kept[k], &p->lower[k], &p->upper[k]);
  p->name[k] = kept_name[k];
  p->law[k] = p->upper[k] > 0 ? GM_PRIOR_LOGIT : GM_PRIOR_LOGNORMAL;
  p->center[k] = p->upper[k] > 0 ? mean : gm_exp(mean);
  p->spread[k] = sd;
  p->drift[k] = drift_of(k) / sd;
}

gm_status t1d_prior_get(gm_ctx *ctx, const t1d_prior_patient *patient, t1d_prior *out)
{
  assert(patient && out);
  t1d__law law;
  t1d_prior p = {0};
  double a[K * F], c[K * K];
  gm_status s = t1d__law_of(ctx, patient, &law);
  if (s) return s;
  p.shrinkage = law.shrinkage;
  t1d__reduction(&law, a, &p.explained);
  project(a, law.cov, c);
  for (int32_t k = 0; k < K; k++) unknown_fill(&p, k, law.mean[kept[k]], gm_sqrt(c[k * K + k]));
  for (int32_t i = 0; i < K; i++)
    for (int32_t j = 0; j < K; j++) c[i * K + j] /= p.spread[i] * p.spread[j];
  if (!t1d__cholesky(K, c, p.factor))
    return gm_fail(ctx, GM_ENUMERIC, "prior: what was told leaves no spread");
  t1d__theta(patient->bw_kg, law.mean, p.theta);
  p.basal_u_per_h = t1d_prior_basal(p.theta);
  *out = p;
  return GM_OK;
}

gm_status t1d_prior_unknowns(gm_ctx *ctx, const t1d_prior *p, const gm_model *model,
                             gm_unknown *unknown, double *theta)
{
  assert(p && unknown && theta);
  t1d_subject person = *t1d_subject_at(0);
  memcpy(person.theta, p->theta, sizeof person.theta);
  gm_status s = t1d_subject_theta(ctx, &person, model, theta, 1);
  for (int32_t k = 0; k < K && !s; k++)
    unknown[k] = (gm_unknown){.name = p->name[k],
                              .parameter = gm_model_find(model, GM_TABLE_PARAMETER, p->name[k]),
                              .law = p->law[k],
                              .center = p->center[k],
                              .spread = p->spread[k],
                              .lower = p->lower[k],
                              .upper = p->upper[k],
                              .drift = p->drift[k]};
  return s;
}

gm_status t1d_prior_person(gm_ctx *ctx, const t1d_prior_patient *patient, gm_key key,
                           uint64_t index, double *theta)
{
  assert(patient && theta);
  t1d__law law;
  double y[D];
  gm_status s = t1d__law_of(ctx, patient, &law);
  if (!s) s = t1d__law_draw(ctx, &law, key, index, y);
  if (!s) t1d__theta(patient->bw_kg, y, theta);
  return s;
}
