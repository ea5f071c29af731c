/* pkpd.c - the PK/PD benchmark: 10,000 patients, 28 daily doses, 673 hourly outputs of two
 * quantities (673 * 10,000 rows), one core. Prints CPU time and the largest relative error after
 * t = 0 of the first patients against a reference run with tolerance 1e-13.
 * usage: pkpd [patients] [rtol] [atol] */
#include "gemel/equations.h"
#include "gemel/math.h"
#include "gemel/schedule.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char text[] =
    "model pkpd\n"
    "  KA = 1.2; CL = 5; V = 50; IC50 = 1; Q = 8; V2 = 80; KIN = 10; KOUT = 0.1; IMAX = 0.9\n"
    "  GUT = 0; CENT = 0; PERI = 0; RESP = KIN/KOUT\n"
    "  C := CENT/V\n"
    "  GUT' = -KA*GUT\n"
    "  CENT' = KA*GUT - (CL+Q)/V*CENT + Q/V2*PERI\n"
    "  PERI' = Q/V*CENT - Q/V2*PERI\n"
    "  RESP' = KIN*(1 - IMAX*C/(IC50+C)) - KOUT*RESP\n"
    "end\n";
static const gm_eq_output output[] = {{.name = "CP", .expression = "CENT/V"},
                                      {.name = "E", .expression = "RESP"}};
enum { HOURS = 673 };

static double cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(gm_status s, gm_ctx *ctx)
{
  if (!s) return;
  fprintf(stderr, "pkpd: %s\n", gm_message(ctx));
  exit(3);
}

/* Runs n patients; y[n][HOURS][2]. Returns CPU seconds of the run without reading the model. */
static double run(gm_ctx *ctx, int32_t n, double rtol, double atol, double *y)
{
  gm_eq_config config = {
      .text = text, .output = output, .output_count = 2, .rtol = rtol, .atol = atol};
  gm_model *model;
  gm_runner *runner;
  must(gm_model_new(ctx, &gm_equations, &config, &model), ctx);
  must(gm_runner_new(ctx, model, NULL, &runner), ctx);
  int32_t rows;
  const gm_var *v = gm_model_table(model, GM_TABLE_PARAMETER, &rows);
  double begin = cpu_s();
  double *theta = malloc((size_t)rows * (size_t)n * sizeof *theta);
  int8_t *status = malloc((size_t)n);
  gm_key key = gm_key_make(1, GM_PURPOSE_POPULATION, 0, 0);
  static const struct {
    const char *name;
    double typical, sd;
  } vary[] = {{"CL", 5, .3}, {"V", 50, .2}, {"KA", 1.2, .5}, {"IC50", 1, .3}};
  for (int32_t i = 0; i < rows; i++)
    for (int32_t m = 0; m < n; m++) theta[(size_t)i * (size_t)n + (size_t)m] = v[i].initial;
  for (int32_t m = 0; m < n; m++) {
    double z[4];
    gm_normal4(key, (uint64_t)m, 0, 0, 0, z);
    for (int k = 0; k < 4; k++)
      theta[(size_t)gm_model_find(model, GM_TABLE_PARAMETER, vary[k].name) * (size_t)n +
            (size_t)m] = vary[k].typical * gm_exp(vary[k].sd * z[k]);
  }
  double sample[HOURS];
  for (int h = 0; h < HOURS; h++) sample[h] = h;
  gm_event dose = {.t = 0,
                   .amount = 100,
                   .interval = 24,
                   .additional = 27,
                   .port = 0,
                   .input = -1,
                   .kind = GM_EVENT_DOSE};
  gm_effect effect = {0.25, 1, 0, 0};
  gm_timeline_spec spec = {.t_begin = 0,
                           .t_end = HOURS - 1,
                           .event = &dose,
                           .effect = &effect,
                           .sample = sample,
                           .event_count = 1,
                           .sample_count = HOURS,
                           .port_count = 4};
  gm_timeline timeline = {0};
  must(gm_timeline_build(ctx, &spec, &timeline), ctx);
  gm_run job = {.n = n,
                .timeline = &timeline,
                .shared_timeline = true,
                .theta = theta,
                .y = y,
                .status = status};
  must(gm_runner_run(runner, ctx, &job), ctx);
  double used = cpu_s() - begin;
  gm_timeline_free(&timeline);
  free(theta);
  free(status);
  gm_runner_free(runner);
  gm_model_free(model);
  return used;
}

int main(int argc, char **argv)
{
  int32_t n = argc > 1 ? atoi(argv[1]) : 10000, few = n < 200 ? n : 200;
  double rtol = argc > 2 ? strtod(argv[2], NULL) : 3e-9;
  double atol = argc > 3 ? strtod(argv[3], NULL) : 1e-9;
  gm_ctx *ctx;
  if (gm_ctx_new(NULL, &ctx)) return 3;
  double *y = malloc((size_t)n * HOURS * 2 * sizeof *y);
  double *ref = malloc((size_t)few * HOURS * 2 * sizeof *ref);
  double used = run(ctx, n, rtol, atol, y);
  run(ctx, few, 1e-13, 1e-13, ref);
  double worst[2] = {0, 0};
  for (size_t i = 0; i < (size_t)few * HOURS * 2; i++) {
    double e = fabs(y[i] - ref[i]) / fabs(ref[i]);
    if (i / 2 % HOURS > 0 && e > worst[i % 2]) worst[i % 2] = e;
  }
  printf(
      "pkpd: %d patients, rtol %g atol %g: %.3f CPU s, %.1f us a patient; largest relative error "
      "CP %.2e, RESP %.2e (first %d)\n",
      (int)n, rtol, atol, used, 1e6 * used / n, worst[0], worst[1], (int)few);
  free(y);
  free(ref);
  gm_ctx_free(ctx);
  return 0;
}
