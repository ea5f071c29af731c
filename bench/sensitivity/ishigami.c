/* ishigami.c - Sobol' indices of the Ishigami function, 1.31 million runs, with intervals: the
 * library beside a plain program that does the same by ordinary sampling and a bootstrap.
 * The times of one run are to be compared with each other, not with those of another machine. */
#include "gemel/sensitivity.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1 << 18, BOOTSTRAPS = 100 };
static const double first_exact[3] = {0.31390519114781146, 0.4424111447900409, 0};

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double ishigami(const double *u)
{
  const double pi = 3.14159265358979323846;
  double a = pi * (2 * u[0] - 1), b = pi * (2 * u[1] - 1), c = pi * (2 * u[2] - 1), s = sin(b);
  return sin(a) * (1 + 0.1 * c * c * c * c) + 7 * s * s;
}

static gm_status eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                      const uint64_t *replicate, double *y)
{
  (void)user, (void)ctx, (void)replicate;
  for (int32_t i = 0; i < n; i++) y[i] = ishigami(u + 3 * (ptrdiff_t)i);
  return GM_OK;
}

/* ---- the plain reference: one sample of 2^18 rows, percentile-free bootstrap errors -------- */
static uint64_t stream = 1;
static double uniform(void)
{
  stream = stream * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return ((double)(stream >> 12) + 0.5) * 0x1p-52;
}

static double first_order(const double *a, const double *b, const double *ab, const int32_t *pick)
{
  double sum = 0, square = 0, part = 0;
  for (int32_t i = 0; i < ROWS; i++) {
    int32_t k = pick ? pick[i] : i;
    sum += a[k], square += a[k] * a[k], part += b[k] * (ab[k] - a[k]);
  }
  double mean = sum / ROWS;
  return part / ROWS / (square / ROWS - mean * mean);
}

static double plain(void)
{
  double *y[5], worst = 0, start = now_s();
  for (int32_t k = 0; k < 5; k++) y[k] = malloc(ROWS * sizeof(double));
  int32_t *pick = malloc(ROWS * sizeof *pick);
  for (int32_t i = 0; i < ROWS; i++) {
    double a[3], b[3];
    for (int32_t j = 0; j < 3; j++) a[j] = uniform(), b[j] = uniform();
    y[0][i] = ishigami(a), y[1][i] = ishigami(b);
    for (int32_t j = 0; j < 3; j++) {
      double keep = a[j];
      a[j] = b[j];
      y[2 + j][i] = ishigami(a);
      a[j] = keep;
    }
  }
  double error[3] = {0};
  for (int32_t r = 0; r < BOOTSTRAPS; r++) {
    for (int32_t i = 0; i < ROWS; i++) pick[i] = (int32_t)(uniform() * ROWS);
    for (int32_t j = 0; j < 3; j++) {
      double s = first_order(y[0], y[1], y[2 + j], pick) - first_order(y[0], y[1], y[2 + j], NULL);
      error[j] += s * s / BOOTSTRAPS;
    }
  }
  for (int32_t j = 0; j < 3; j++)
    worst = fmax(worst, fabs(first_order(y[0], y[1], y[2 + j], NULL) - first_exact[j]));
  double took = now_s() - start;
  printf("plain sampling, bootstrap: %.3f s, claimed error %.1e, worst true error %.1e\n", took,
         sqrt(error[0]), worst);
  for (int32_t k = 0; k < 5; k++) free(y[k]);
  free(pick);
  return took;
}

static double library(gm_ctx *ctx)
{
  double best = INFINITY, claimed = 0, worst = 0;
  for (uint64_t r = 0; r < 5; r++) {
    gm_sobol_options o = {.seed = r, .log2_rows = 14, .replicate_count = 16};
    gm_function f = {3, 1, eval, NULL, false};
    gm_sobol_shares *s = NULL;
    double start = now_s();
    if (gm_sobol_run(ctx, &f, &o, &s)) {
      fprintf(stderr, "%s\n", gm_message(ctx));
      exit(1);
    }
    best = fmin(best, now_s() - start);
    for (int32_t j = 0; j < 3; j++) {
      claimed = fmax(claimed, s->first[j].error);
      worst = fmax(worst, fabs(s->first[j].value - first_exact[j]));
    }
    gm_sobol_shares_free(s);
  }
  printf("gemel, 16 nets of 16,384: %.3f s, claimed error %.1e, worst true error %.1e\n", best,
         claimed, worst);
  return best;
}

static void evaluation(void)
{
  double sum = 0, u[3] = {0.1, 0.2, 0.3}, start = now_s();
  for (int32_t i = 0; i < 5 * ROWS; i++) {
    u[i % 3] = fmod(u[i % 3] + 0.618, 1);
    sum += ishigami(u);
  }
  printf("the function alone, 1.31 million times: %.3f s (sum %.3g)\n", now_s() - start, sum);
}

int main(void)
{
  gm_ctx *ctx;
  if (gm_ctx_new(NULL, &ctx)) return 1;
  evaluation();
  double ours = library(ctx), theirs = plain();
  printf("ratio %.1f\n", theirs / ours);
  gm_ctx_free(ctx);
  return 0;
}
