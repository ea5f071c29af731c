/* reference_draws.h - reference draws of published posteriors (posteriordb: zipped JSON; sbibm:
 * CSV), and whether draws have the same law: moments, and a kernel two-sample test. */
#ifndef GEMEL_TESTS_REFERENCE_DRAWS_H
#define GEMEL_TESTS_REFERENCE_DRAWS_H
#include "gemel/calibrate.h"
#include "support/data.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { DIM_MOST = 10, REFERENCE_MOST = 10000 };

/* ---- reference draws ------------------------------------------------------------------- */
/* The text that a command prints; owned; NULL when it fails. */
static inline char *command_text(const char *command)
{
  FILE *f = popen(command, "r");
  size_t room = 1 << 24, used = 0;
  char *text = f ? calloc(1, room + 1) : NULL;
  if (text) used = fread(text, 1, room, f);
  if (f) pclose(f);
  if (text && used) return text;
  free(text);
  return NULL;
}

/* draws[.][d] of the named parameters from a list of chains of named arrays; returns their
 * number. */
static inline int32_t json_draws(const char *text, int32_t d, const char *const *name,
                                 double *draws)
{
  int32_t total = 0;
  for (int32_t i = 0; i < d; i++) {
    char key[64];
    const char *p = text;
    snprintf(key, sizeof key, "\"%s\":", name[i]);
    total = 0;
    while ((p = strstr(p, key))) {
      p = strchr(p + strlen(key), '[') + 1; /* names hold brackets too */
      while (total < REFERENCE_MOST) {
        char *end;
        double v = strtod(p, &end);
        if (end == p) break;
        draws[total++ * d + i] = v;
        p = end + strspn(end, ", \n");
      }
    }
  }
  return total;
}

static inline int32_t csv_draws(const char *text, int32_t d, double *draws)
{
  int32_t total = 0;
  const char *p = strchr(text, '\n');
  while (p && *++p && total < REFERENCE_MOST) {
    for (int32_t i = 0; i < d; i++) {
      char *end;
      draws[total * d + i] = strtod(p, &end);
      p = end + (*end == ',');
    }
    total++;
    p = strchr(p, '\n');
  }
  return total;
}

static inline double *reference(const char *file, int32_t d, const char *const *name,
                                int32_t *count)
{
  char path[900], command[1000];
  if (!data_path(file, path, sizeof path)) return NULL;
  snprintf(command, sizeof command, name ? "unzip -p '%s' 2>/dev/null" : "bzcat '%s' 2>/dev/null",
           path);
  char *text = command_text(command);
  if (!text) return NULL;
  double *draws = calloc((size_t)REFERENCE_MOST * (size_t)d, sizeof *draws);
  *count = name ? json_draws(text, d, name, draws) : csv_draws(text, d, draws);
  free(text);
  return draws;
}

/* ---- comparison ------------------------------------------------------------------------ */
static inline void mean_cov(int32_t n, int32_t d, const double *x, double *mean, double *cov)
{
  for (int32_t i = 0; i < d; i++) {
    mean[i] = 0;
    for (int32_t m = 0; m < n; m++) mean[i] += x[m * d + i] / n;
  }
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < d; j++) {
      cov[i * d + j] = 0;
      for (int32_t m = 0; m < n; m++)
        cov[i * d + j] += (x[m * d + i] - mean[i]) * (x[m * d + j] - mean[j]) / n;
    }
}

/* Monte Carlo error of the mean of f over chains of draws. Each `group` of consecutive values is
 * one ensemble at one draw, whose walkers depend on each other: their averages are the chains. */
static inline double error_of(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t group,
                              const double *f)
{
  static double mean[1 << 17];
  double e;
  for (int32_t m = 0; m < chains * draws / group; m++) {
    mean[m] = 0;
    for (int32_t w = 0; w < group; w++) mean[m] += f[m * group + w] / group;
  }
  assert_int_equal(gm_diag_mcse_mean(ctx, chains, draws / group, mean, &e), GM_OK);
  return e;
}

/* The variance of values about their mean. */
static inline double spread_of(int32_t n, const double *f, double mean)
{
  double v = 0;
  for (int32_t m = 0; m < n; m++) v += (f[m] - mean) * (f[m] - mean) / n;
  return v;
}

/* Means and all second moments about the reference's mean, each within 4 standard errors of the
 * difference. A moment with heavy tails is rarely far off and then much: draws that saw no such
 * value would find too small an error for themselves. Both having the same law is what is claimed,
 * so that the spread of a value is the reference's, whose draws are many and hardly depend on each
 * other, and of the draws' own only their effective number is asked. (Michaelis and Menten, 24
 * keys: the means over keys are the reference's within 1.6 standard errors; V_m's second moment is
 * 2.1 of the draws' own errors off in root mean square, 1.15 of these.) */
static inline void moments_compare(gm_ctx *ctx, int32_t chains, int32_t draws, int32_t group,
                                   int32_t d, const double *x, int32_t nr, const double *ref)
{
  static double f[1 << 17], g[REFERENCE_MOST];
  double mean[DIM_MOST], cov[DIM_MOST * DIM_MOST];
  int32_t n = chains * draws;
  assert_true(n <= 1 << 17);
  mean_cov(nr, d, ref, mean, cov);
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = -1; j <= i; j++) {
      double a = 0, b = 0;
      for (int32_t m = 0; m < n; m++) {
        double u = x[m * d + i] - mean[i], v = j < 0 ? 1 : x[m * d + j] - mean[j];
        a += (f[m] = u * v) / n;
      }
      for (int32_t m = 0; m < nr; m++) {
        double u = ref[m * d + i] - mean[i], v = j < 0 ? 1 : ref[m * d + j] - mean[j];
        b += (g[m] = u * v) / nr;
      }
      double same = sqrt(spread_of(nr, g, b) / spread_of(n, f, a));
      double error =
          hypot(same * error_of(ctx, chains, draws, group, f), error_of(ctx, 1, nr, 1, g));
      if (!(fabs(a - b) <= 4 * error))
        print_error("moment %d, %d: %g against %g +- %g\n", (int)i, (int)j, a, b, error);
      assert_true(fabs(a - b) <= 4 * error);
    }
}

/* Maximum mean discrepancy with a Gaussian kernel of the median distance, on 250 thinned draws of
 * each, by 200 keyed permutations: the share of permutations that are as far apart. */
static inline double mmd_p_value(int32_t n, const double *x, int32_t nr, const double *ref,
                                 int32_t d)
{
  enum { N = 250, ALL = 2 * N, PERMUTATIONS = 200 };
  static double z[ALL * DIM_MOST], k[ALL * ALL];
  double mean[DIM_MOST], cov[DIM_MOST * DIM_MOST], scale = 0, seen = 0;
  int32_t order[ALL], as_far = 0;
  mean_cov(nr, d, ref, mean, cov);
  for (int32_t m = 0; m < ALL; m++)
    for (int32_t i = 0; i < d; i++) {
      const double *from = m < N ? x + (ptrdiff_t)(m * (int64_t)n / N) * d
                                 : ref + (ptrdiff_t)((m - N) * (int64_t)nr / N) * d;
      z[m * d + i] = (from[i] - mean[i]) / sqrt(cov[i * d + i]);
    }
  for (int32_t a = 0; a < ALL; a++)
    for (int32_t b = 0; b < ALL; b++) {
      double s = 0;
      for (int32_t i = 0; i < d; i++) s += pow(z[a * d + i] - z[b * d + i], 2);
      k[a * ALL + b] = s;
      scale += s / ALL / ALL;
    }
  for (int32_t a = 0; a < ALL * ALL; a++) k[a] = exp(-k[a] / scale);
  for (int32_t p = 0; p <= PERMUTATIONS; p++) { /* p = 0: as they are */
    double sum = 0;
    for (int32_t m = 0; m < ALL; m++) order[m] = m;
    for (int32_t m = ALL - 1; p && m > 0; m--) {
      int32_t o = (int32_t)(gm_uniform(gm_key_make(1, GM_PURPOSE_TEST, 0, 0), (uint64_t)p, 0,
                                       gm_kind_draw(3, 0), (uint64_t)m) *
                            (m + 1));
      int32_t keep = order[m];
      order[m] = order[o];
      order[o] = keep;
    }
    for (int32_t a = 0; a < ALL; a++)
      for (int32_t b = 0; b < ALL; b++)
        sum += (a < N) == (b < N) ? k[order[a] * ALL + order[b]] : -k[order[a] * ALL + order[b]];
    if (!p)
      seen = sum;
    else
      as_far += sum >= seen;
  }
  return (as_far + 1.0) / (PERMUTATIONS + 1);
}
#endif
