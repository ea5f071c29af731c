/* by_gemel.c - the ensembles by Gemel, from the text alone. */
#include "ensemble.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void must(gm_status s, gm_ctx *ctx)
{
  if (!s) return;
  fprintf(stderr, "bench: Gemel: %s\n", gm_message(ctx));
  exit(3);
}

static gm_model *model_of(gm_ctx *ctx, const ensemble *e, const char *text, const variant *v)
{
  setenv("GEMEL_ISA", v->isa, 1);
  setenv("GEMEL_KERNEL", v->kernel ? "now" : "off", 1);
  gm_eq_config config = {.text = text,
                         .text_name = e->path,
                         .output = e->p->output,
                         .output_count = e->p->ny,
                         .solver = v->solver,
                         .rtol = v->rtol,
                         .atol = v->rtol * e->p->atol_share};
  gm_model *model;
  must(gm_model_new(ctx, &gm_equations, &config, &model), ctx);
  return model;
}

/* The kernel is made in the background. */
static void kernel_wait(const gm_model *model, const variant *v)
{
  if (v->kernel && !gm_equations_kernel_wait(model))
    fprintf(stderr, "bench: %s: no kernel was made: what follows is bytecode\n", v->isa);
}

typedef struct {
  double *theta, *y;
  int8_t *status;
  gm_timeline *timeline; /* borrowed contents */
  int32_t n;
} place;

/* The patients repeats times over, as one ensemble. */
static place place_make(const ensemble *e, int32_t n, int32_t repeats)
{
  const problem *p = e->p;
  place out = {.n = n * repeats};
  size_t all = (size_t)out.n;
  out.theta = malloc((size_t)p->np * all * sizeof(double));
  out.y = malloc(ensemble_values(e, out.n) * sizeof(double));
  out.status = malloc(all);
  out.timeline = malloc(all * sizeof(gm_timeline));
  if (!out.theta || !out.y || !out.status || !out.timeline) abort();
  memset(out.y, 0, ensemble_values(e, out.n) * sizeof(double)); /* pages there before the clock */
  for (int32_t m = 0; m < out.n; m++) out.timeline[m] = e->timeline[m % n];
  return out;
}

static void place_fill(const ensemble *e, int32_t n, place *to)
{
  for (int32_t i = 0; i < e->p->np; i++)
    for (int32_t m = 0; m < to->n; m++)
      to->theta[(ptrdiff_t)i * to->n + m] = e->theta[(ptrdiff_t)i * e->p->patients + m % n];
}

static void place_free(place *p)
{
  free(p->theta);
  free(p->y);
  free(p->status);
  free(p->timeline);
}

static double pass(gm_ctx *ctx, gm_runner *runner, place *at)
{
  gm_run job = {
      .n = at->n, .timeline = at->timeline, .theta = at->theta, .y = at->y, .status = at->status};
  double begin = bench_cpu_s();
  must(gm_runner_run(runner, ctx, &job), ctx);
  return bench_cpu_s() - begin;
}

double gemel_run(gm_ctx *ctx, const ensemble *e, const variant *v, int32_t n, int32_t repeats,
                 int32_t tries, double *y, int32_t *failed)
{
  gm_model *model = model_of(ctx, e, e->text, v);
  gm_pool *pool = NULL;
  gm_runner *runner;
  if (v->threads > 1) must(gm_pool_new(ctx, v->threads, &pool), ctx);
  must(gm_runner_new(ctx, model, pool, &runner), ctx);
  kernel_wait(model, v);
  place at = place_make(e, n, repeats);
  double best = 0;
  for (int32_t i = 0; i < tries; i++) {
    place_fill(e, n, &at); /* the run leaves theta as its switches left it */
    double used = pass(ctx, runner, &at);
    if (i == 0 || used < best) best = used;
  }
  if (y) memcpy(y, at.y, ensemble_values(e, n) * sizeof *y);
  *failed = 0;
  for (int32_t m = 0; m < n; m++) *failed += at.status[m] != GM_MEMBER_OK;
  place_free(&at);
  gm_runner_free(runner);
  gm_pool_free(pool);
  gm_model_free(model);
  return best / repeats;
}

static double wall_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

double gemel_latency_ms(gm_ctx *ctx, const ensemble *e, const variant *v)
{
  variant quiet = *v;
  quiet.kernel = false;
  place at = place_make(e, 1, 1);
  double best = 0;
  for (int i = 0; i < 5; i++) {
    place_fill(e, 1, &at);
    double begin = wall_ms();
    char *text = bench_read_file(ctx, e->path);
    gm_model *model = model_of(ctx, e, text, &quiet);
    gm_runner *runner;
    must(gm_runner_new(ctx, model, NULL, &runner), ctx);
    pass(ctx, runner, &at);
    double used = wall_ms() - begin;
    if (i == 0 || used < best) best = used;
    gm_runner_free(runner);
    gm_model_free(model);
    gm_free(text);
  }
  place_free(&at);
  return best;
}
