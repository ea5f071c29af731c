/* ensemble.c - the patients of a problem, drawn by meaning: the same in every run. */
#include "ensemble.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(gm_ctx *ctx, const problem *p)
{
  fprintf(stderr, "bench: %s: %s\n", p->name, gm_message(ctx));
  exit(3);
}

char *bench_read_file(gm_ctx *ctx, const char *path)
{
  char *text = NULL;
  if (gm_file_read(ctx, path, 1 << 20, &text, NULL)) {
    fprintf(stderr, "bench: %s\n", gm_message(ctx));
    exit(2);
  }
  return text;
}

/* The text's values, and that its names stand in the order of the C code. */
static void nominal(gm_ctx *ctx, ensemble *e, double *theta)
{
  const problem *p = e->p;
  gm_eq_config config = {
      .text = e->text, .text_name = e->path, .output = p->output, .output_count = p->ny};
  gm_model *model;
  if (gm_model_new(ctx, &gm_equations, &config, &model)) stop(ctx, p);
  int32_t count;
  const gm_var *v = gm_model_table(model, GM_TABLE_PARAMETER, &count);
  bool same = count == p->np;
  for (int32_t i = 0; same && i < count; i++) {
    same = !strcmp(v[i].name, p->parameter[i]);
    theta[i] = v[i].initial;
  }
  if (!same) {
    fprintf(stderr, "bench: %s: the parameters are not those of the C code\n", e->path);
    exit(3);
  }
  gm_model_free(model);
}

static void timeline_of(gm_ctx *ctx, const problem *p, const course *c, gm_timeline *out)
{
  double *even = malloc((size_t)p->sample_count * sizeof *even);
  if (!even) abort();
  for (int32_t i = 0; i < p->sample_count; i++)
    even[i] = p->sample
                  ? p->sample[i]
                  : p->sample_first + (p->t_end - p->sample_first) * i / (p->sample_count - 1);
  gm_timeline_spec spec = {.t_begin = 0,
                           .t_end = p->t_end,
                           .event = c->event,
                           .event_count = c->event_count,
                           .change = c->change,
                           .change_count = c->change_count,
                           .sample = even,
                           .sample_count = p->sample_count,
                           .port_count = p->nx};
  if (gm_timeline_build(ctx, &spec, out)) stop(ctx, p);
  free(even);
}

void ensemble_make(gm_ctx *ctx, const problem *p, const char *folder, ensemble *out)
{
  double value[PARAMETER_MAX], theta[PARAMETER_MAX];
  size_t n = (size_t)p->patients, bytes = strlen(folder) + strlen(p->name) + 16;
  *out = (ensemble){.p = p,
                    .path = malloc(bytes),
                    .theta = malloc((size_t)p->np * n * sizeof(double)),
                    .timeline = calloc(n, sizeof(gm_timeline))};
  if (!out->path || !out->theta || !out->timeline) abort();
  snprintf(out->path, bytes, "%s/%s.ant", folder, p->name);
  out->text = bench_read_file(ctx, out->path);
  nominal(ctx, out, value);
  gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 0, 0);
  for (size_t m = 0; m < n; m++) {
    course c;
    memcpy(theta, value, sizeof theta);
    p->patient(key, (int32_t)m, theta, &c);
    for (int32_t i = 0; i < p->np; i++) out->theta[(size_t)i * n + m] = theta[i];
    timeline_of(ctx, p, &c, &out->timeline[m]);
  }
}

void ensemble_free(ensemble *e)
{
  for (int32_t m = 0; m < e->p->patients; m++) gm_timeline_free(&e->timeline[m]);
  free(e->timeline);
  free(e->theta);
  gm_free(e->text);
  free(e->path);
}

size_t ensemble_values(const ensemble *e, int32_t patients)
{
  return (size_t)patients * (size_t)e->p->sample_count * (size_t)e->p->ny;
}

bench_error ensemble_error(const ensemble *e, int32_t n, const double *y, const double *reference)
{
  int32_t rows = e->p->sample_count, ny = e->p->ny;
  bench_error out = {0, 0};
  for (int32_t m = 0; m < n; m++)
    for (int32_t k = 0; k < ny; k++) {
      const double *r = reference + (ptrdiff_t)m * rows * ny + k, *v = y + (r - reference);
      double largest = 0;
      for (int32_t s = 0; s < rows; s++) largest = fmax(largest, fabs(r[(ptrdiff_t)s * ny]));
      for (ptrdiff_t s = 0; s < (ptrdiff_t)rows * ny; s += ny) {
        double scale = fmax(fabs(r[s]), 1e-6 * largest), off = fabs(v[s] - r[s]);
        double error = off == 0 ? 0 : off / scale; /* 0/0: a state that stays 0 */
        if (!(error <= out.max)) out.max = error;
        out.rms += error * error;
      }
    }
  out.rms = sqrt(out.rms / (double)ensemble_values(e, n));
  return out;
}
