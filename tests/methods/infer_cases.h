/* infer_cases.h - problems whose answer is known, for the tests of inference. */
#ifndef GEMEL_TESTS_INFER_CASES_H
#define GEMEL_TESTS_INFER_CASES_H
#include "gemel/infer.h"
#include <math.h>
#include <string.h>

enum { CASE_DIM = 8, CASE_DATA = 12 };

/* A problem made of one formula f(z)[datum_count]. calls and points count what was asked. */
typedef struct infer_case infer_case;
struct infer_case {
  void (*formula)(const infer_case *c, const double *z, double *f);
  int32_t dim, count;
  double prior[CASE_DIM * CASE_DIM];
  gm_datum datum[CASE_DATA];
  double a[CASE_DATA * CASE_DIM]; /* matrix of the linear case */
  double constant[8];             /* doses and covariates of the others */
  int64_t calls, points;
};

static gm_status case_predict(void *user, gm_ctx *ctx, int32_t n, const double *z, double *f)
{
  infer_case *c = user;
  (void)ctx;
  c->calls++;
  c->points += n;
  for (ptrdiff_t m = 0; m < n; m++) c->formula(c, z + m * c->dim, f + m * c->count);
  return GM_OK;
}

static inline gm_problem case_problem(infer_case *c)
{
  return (gm_problem){.dim = c->dim,
                      .prior_covariance = c->prior,
                      .datum_count = c->count,
                      .datum = c->datum,
                      .predict = case_predict,
                      .user = c};
}

static inline void case_prior_diagonal(infer_case *c, const double *variance)
{
  for (int32_t i = 0; i < c->dim; i++) c->prior[i * (c->dim + 1)] = variance[i];
}

/* ---- f = A z ------------------------------------------------------------------------------- */
static inline void formula_linear(const infer_case *c, const double *z, double *f)
{
  for (int32_t j = 0; j < c->count; j++) {
    f[j] = 0;
    for (int32_t i = 0; i < c->dim; i++) f[j] += c->a[j * c->dim + i] * z[i];
  }
}

/* A fixed, not special, linear problem of d coordinates and d + 2 data (at most 10). */
static inline infer_case case_linear(int32_t d)
{
  infer_case c = {.formula = formula_linear, .dim = d, .count = d + 2};
  for (int32_t i = 0; i < d; i++)
    for (int32_t k = 0; k < d; k++) c.prior[i * d + k] = (i == k ? 1 + 0.3 * i : 0) + 0.2;
  for (int32_t j = 0; j < c.count; j++) {
    for (int32_t i = 0; i < d; i++) c.a[j * d + i] = sin(1.7 * j + 2.3 * i + 0.4);
    c.datum[j] = (gm_datum){.t = j, .value = cos(3.1 * j), .additive = 0.5 + 0.1 * j};
  }
  return c;
}

/* Inverse by Gauss-Jordan without pivoting (positive definite input); returns log det. */
static inline double invert(int32_t n, const double *a, double *out)
{
  double w[CASE_DATA * 2 * CASE_DATA], log_det = 0;
  int32_t c = 2 * n;
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < c; j++) w[i * c + j] = j < n ? a[i * n + j] : i == j - n;
  for (int32_t k = 0; k < n; k++) {
    double pivot = w[k * c + k];
    log_det += log(pivot);
    for (int32_t j = 0; j < c; j++) w[k * c + j] /= pivot;
    for (int32_t i = 0; i < n; i++) {
      if (i == k) continue;
      double x = w[i * c + k];
      for (int32_t j = 0; j < c; j++) w[i * c + j] -= x * w[k * c + j];
    }
  }
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) out[i * n + j] = w[i * c + j + n];
  return log_det;
}

/* Posterior of the linear case: mean[d], covariance[d*d], and the log evidence. */
static inline double linear_exact(const infer_case *c, double *mean, double *covariance)
{
  int32_t d = c->dim, n = c->count;
  double precision[CASE_DIM * CASE_DIM], b[CASE_DIM] = {0}, marginal[CASE_DATA * CASE_DATA] = {0};
  double inverse[CASE_DATA * CASE_DATA];
  invert(d, c->prior, precision);
  for (int32_t j = 0; j < n; j++) {
    double s2 = c->datum[j].additive * c->datum[j].additive;
    for (int32_t i = 0; i < d; i++) {
      b[i] += c->a[j * d + i] * c->datum[j].value / s2;
      for (int32_t k = 0; k < d; k++)
        precision[i * d + k] += c->a[j * d + i] * c->a[j * d + k] / s2;
    }
    for (int32_t m = 0; m < n; m++) {
      double x = j == m ? s2 : 0;
      for (int32_t i = 0; i < d; i++)
        for (int32_t k = 0; k < d; k++)
          x += c->a[j * d + i] * c->prior[i * d + k] * c->a[m * d + k];
      marginal[j * n + m] = x;
    }
  }
  invert(d, precision, covariance);
  for (int32_t i = 0; i < d; i++) {
    mean[i] = 0;
    for (int32_t k = 0; k < d; k++) mean[i] += covariance[i * d + k] * b[k];
  }
  double log_det = invert(n, marginal, inverse), q = 0;
  for (int32_t j = 0; j < n; j++)
    for (int32_t m = 0; m < n; m++) q += c->datum[j].value * inverse[j * n + m] * c->datum[m].value;
  return -0.5 * (q + log_det + n * log(2 * acos(-1)));
}

/* ---- two compartments, infusion ------------------------------------------------------------ */
/* Concentration at t during and after an infusion of rate over duration from 0; the closed form in
 * two exponentials. */
static inline double two_compartments(double cl, double v, double k12, double k21, double rate,
                                      double duration, double t)
{
  double k10 = cl / v, sum = k10 + k12 + k21, root = sqrt(sum * sum - 4 * k10 * k21);
  double lambda[2] = {(sum + root) / 2, (sum - root) / 2}, f = 0;
  double weight[2] = {(lambda[0] - k21) / root, (k21 - lambda[1]) / root};
  for (int k = 0; k < 2; k++)
    f += rate / v * weight[k] / lambda[k] * (1 - exp(-lambda[k] * fmin(t, duration))) *
         exp(-lambda[k] * fmax(0, t - duration));
  return f;
}

/* Gentamicin, 180 mg over 0.5 h; z: CL, V, k12, k21. Creatinine clearance 38, weight 63. */
static inline void formula_gentamicin(const infer_case *c, const double *z, double *f)
{
  for (int32_t j = 0; j < c->count; j++)
    f[j] = two_compartments(0.047 * 38 * exp(z[0]), 0.28 * 63 * exp(z[1]), 0.092 * exp(z[2]),
                            0.071 * exp(z[3]), 360, 0.5, c->datum[j].t);
}

static inline infer_case case_gentamicin(void)
{
  infer_case c = {.formula = formula_gentamicin, .dim = 4, .count = 2};
  case_prior_diagonal(&c, (const double[]){0.084, 0.003, 0.398, 0.342});
  for (int j = 0; j < 2; j++)
    c.datum[j] = (gm_datum){
        .t = j ? 11 : 1, .value = j ? 2 : 9, .additive = 0.23, .proportional = 0.237, .sum = true};
  return c;
}

/* The example of mapbayr: two compartments, 100 mg at 20 mg/h, weight 90 kg; z: CL, V1. */
static inline void formula_mapbayr(const infer_case *c, const double *z, double *f)
{
  double cl = 0.9 * pow(90.0 / 70, 1.2) * exp(z[0]), v = 10 * exp(z[1]);
  for (int32_t j = 0; j < c->count; j++)
    f[j] = two_compartments(cl, v, 1 / v, 1 / 10.0, 20, 5, c->datum[j].t);
}

static inline infer_case case_mapbayr(void)
{
  infer_case c = {.formula = formula_mapbayr, .dim = 2, .count = 2};
  case_prior_diagonal(&c, (const double[]){0.3, 0.3});
  for (int j = 0; j < 2; j++)
    c.datum[j] = (gm_datum){
        .t = j ? 15 : 6, .value = j ? 1.1 : 3.9, .additive = sqrt(0.1), .proportional = sqrt(0.05)};
  return c;
}

/* ---- one compartment, by mouth ------------------------------------------------------------- */
/* Dose 100, ka 1.2, CL 4, V 30; z: ka, CL, V. Also the slopes df[count*3] unless NULL. */
static inline void oral(const infer_case *c, const double *z, double *f, double *df)
{
  double ka = 1.2 * exp(z[0]), cl = 4 * exp(z[1]), v = 30 * exp(z[2]), k = cl / v, dose = 100;
  for (int32_t j = 0; j < c->count; j++) {
    double t = c->datum[j].t, e1 = exp(-k * t), e2 = exp(-ka * t), gap = ka - k;
    f[j] = dose / v * ka / gap * (e1 - e2);
    if (!df) continue;
    double by_ka = dose / v * (-k / (gap * gap) * (e1 - e2) + ka / gap * t * e2);
    double by_k = dose / v * (ka / (gap * gap) * (e1 - e2) - ka / gap * t * e1);
    df[3 * j] = ka * by_ka;
    df[3 * j + 1] = k * by_k;
    df[3 * j + 2] = -f[j] - k * by_k;
  }
}

static inline void formula_oral(const infer_case *c, const double *z, double *f)
{
  oral(c, z, f, NULL);
}

static inline infer_case case_oral(void)
{
  static const double t[6] = {0.5, 1, 2, 4, 8, 12}, y[6] = {0.9, 1.9, 2.6, 2.2, 1.4, 0.55};
  infer_case c = {.formula = formula_oral, .dim = 3, .count = 6};
  case_prior_diagonal(&c, (const double[]){0.25, 0.09, 0.04});
  c.prior[1 * 3 + 2] = c.prior[2 * 3 + 1] = 0.03;
  for (int j = 0; j < 6; j++)
    c.datum[j] = (gm_datum){.t = t[j], .value = y[j], .additive = 0.1, .proportional = 0.12};
  return c;
}
#endif
