/* library_cases.h - what the tests of the model library share: a definition with its records, the
 * mode of a subject, predictions for any coordinates, and the published numbers of a case file. */
#ifndef GEMEL_TESTS_LIBRARY_CASES_H
#define GEMEL_TESTS_LIBRARY_CASES_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/twin.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;

static int library_begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int library_end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

/* Ends the test with the message when a call failed. */
static inline void must(gm_status s)
{
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
}

/* A line `quantity,unit,value,within` of a case file. */
static inline void expected(const char *file, const char *quantity, double *value, double *within)
{
  FILE *f = fopen(file, "r");
  if (!f) fail_msg("%s is not there", file);
  char line[400], name[100], unit[50];
  while (fgets(line, sizeof line, f)) {
    if (line[0] == '#') continue;
    if (sscanf(line, "%99[^,],%49[^,],%lf,%lf", name, unit, value, within) != 4) continue;
    if (strcmp(name, quantity) != 0) continue;
    fclose(f);
    return;
  }
  fclose(f);
  fail_msg("%s has no line of %s", file, quantity);
}

static inline void agrees(const char *file, const char *quantity, double found)
{
  double value = NAN, within = NAN;
  expected(file, quantity, &value, &within);
  if (!(fabs(found - value) <= within))
    fail_msg("%s: %s is %.9g, published %.9g within %g", file, quantity, found, value, within);
}

typedef struct {
  gm_definition *d;
  gm_records *r;
  gm_subject *s;
  gm_runner *runner;
} library_case;

/* One subject of a table under a definition. */
static inline void library_open(library_case *c, const char *twin, const char *csv, int32_t subject)
{
  *c = (library_case){0};
  must(gm_definition_read(ctx, twin, &c->d));
  must(gm_records_read(ctx, csv, &c->r));
  must(gm_subject_new(ctx, c->d, c->r, subject, &c->s));
  must(gm_runner_new(ctx, c->d->model, NULL, &c->runner));
}

static inline void library_close(library_case *c)
{
  gm_runner_free(c->runner);
  gm_subject_free(c->s);
  gm_records_free(c->r);
  gm_definition_free(c->d);
}

/* The twin of all data; few members, because these tests look at the mode. */
static inline gm_twin *library_twin(const library_case *c)
{
  gm_twin *t = NULL;
  gm_twin_options o = {.t_now = NAN, .members = 64, .seed = 1};
  must(gm_twin_new(ctx, c->d, c->s, &o, &t));
  assert_true(t->mode->converged);
  return t;
}

/* An observable at one time for coordinates z, under events (NULL: the subject's own). */
static inline double library_value(const library_case *c, const double *z, const gm_event *event,
                                   int32_t event_count, int32_t observable, double t)
{
  double y[8];
  int32_t outputs = 0;
  gm_model_table(c->d->model, GM_TABLE_OUTPUT, &outputs);
  assert_in_range(outputs, 1, 8);
  gm_course course = {.event = event, .event_count = event_count, .sample = &t, .sample_count = 1};
  if (!event) course.event = gm_subject_events(c->s, &course.event_count);
  must(gm_subject_run(c->s, ctx, c->runner, &course, 1, z, NULL, y, NULL));
  return y[c->d->observable[observable].output];
}

static inline int32_t eta_of(const gm_definition *d, const char *parameter)
{
  int32_t i = gm_definition_parameter(d, parameter);
  if (i < 0 || d->parameter[i].eta < 0) fail_msg("%s does not vary", parameter);
  return d->parameter[i].eta;
}
/* ---- the objective of NONMEM's first-order conditional method with interaction ------------- */
enum { LIBRARY_DATUM_MAX = 80, LIBRARY_DIM_MAX = 8 };

/* Solves a x = b by Gauss-Jordan with pivots, a [n*n] and b [n] overwritten; returns the
 * determinant of a. */
static inline double library_solve(int32_t n, double *a, double *b)
{
  double det = 1;
  for (int32_t k = 0; k < n; k++) {
    int32_t best = k;
    for (int32_t i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
    for (int32_t j = 0; j < n && best != k; j++) {
      double t = a[k * n + j];
      a[k * n + j] = a[best * n + j];
      a[best * n + j] = t;
    }
    if (best != k) {
      double t = b[k];
      b[k] = b[best];
      b[best] = t;
      det = -det;
    }
    det *= a[k * n + k];
    for (int32_t i = 0; i < n; i++) {
      if (i == k) continue;
      double m = a[i * n + k] / a[k * n + k];
      for (int32_t j = k; j < n; j++) a[i * n + j] -= m * a[k * n + j];
      b[i] -= m * b[k];
    }
  }
  for (int32_t k = 0; k < n; k++) b[k] /= a[k * n + k];
  return det;
}

/* Predictions of the subject's data for coordinates z. */
static inline void library_predict(const library_case *c, const double *z, double *f)
{
  double t[LIBRARY_DATUM_MAX], y[LIBRARY_DATUM_MAX * 8];
  int32_t n = 0, outputs = 0;
  const gm_datum *d = gm_subject_data(c->s, &n);
  gm_model_table(c->d->model, GM_TABLE_OUTPUT, &outputs);
  assert_in_range(n, 1, LIBRARY_DATUM_MAX);
  assert_in_range(outputs, 1, 8);
  for (int32_t j = 0; j < n; j++) t[j] = d[j].t;
  gm_course course = {.sample = t, .sample_count = n};
  course.event = gm_subject_events(c->s, &course.event_count);
  must(gm_subject_run(c->s, ctx, c->runner, &course, 1, z, NULL, y, NULL));
  for (int32_t j = 0; j < n; j++) f[j] = y[j * outputs + c->d->observable[d[j].observable].output];
}

/* ln |Om| + ln |H| at the mode z, H = Om^-1 + sum a a'/s2 + 1/2 sum c c', a = df/deta,
 * c = dln s2/deta (Wang 2007, J Pharmacokinet Pharmacodyn 34:575). For an Om without
 * correlations and errors whose parts add in squares. */
static inline double library_curvature(const library_case *c, const double *z)
{
  static const double h = 1e-4;
  double up[LIBRARY_DATUM_MAX], down[LIBRARY_DATUM_MAX], f[LIBRARY_DATUM_MAX];
  double a[LIBRARY_DIM_MAX][LIBRARY_DATUM_MAX], x[LIBRARY_DIM_MAX], none[LIBRARY_DIM_MAX] = {0};
  double hessian[LIBRARY_DIM_MAX * LIBRARY_DIM_MAX], sum = 0;
  int32_t n = 0, dim = gm_subject_dim(c->s);
  const gm_datum *d = gm_subject_data(c->s, &n);
  assert_in_range(dim, 1, LIBRARY_DIM_MAX);
  library_predict(c, z, f);
  for (int32_t i = 0; i < dim; i++) {
    memcpy(x, z, (size_t)dim * sizeof *x);
    x[i] = z[i] + h;
    library_predict(c, x, up);
    x[i] = z[i] - h;
    library_predict(c, x, down);
    for (int32_t j = 0; j < n; j++) a[i][j] = (up[j] - down[j]) / (2 * h);
    sum += log(c->d->omega[i * dim + i]);
  }
  for (int32_t i = 0; i < dim; i++)
    for (int32_t k = 0; k < dim; k++) {
      double *v = &hessian[i * dim + k];
      *v = i == k ? 1 / c->d->omega[i * dim + i] : 0;
      for (int32_t j = 0; j < n; j++) {
        double b = d[j].proportional * d[j].proportional * f[j];
        double s2 = d[j].additive * d[j].additive + b * f[j], g = 2 * b / s2; /* dln s2/df */
        *v += a[i][j] * a[k][j] * (1 / s2 + 0.5 * g * g);
      }
    }
  return sum + log(library_solve(dim, hessian, none));
}
#endif
