/* filter.c - what filters cost, one core, CPU time: a cycle of the ensemble Kalman filter with
 * perturbed data on Lorenz 1996 (40 states, 40 members, 40 sensors), and a particle's step on
 * Ricker's map (Poisson data), each beside a plain program that can do nothing else.
 * usage: filter [CYCLES] [PARTICLES] */
#include "gemel/assimilate.h"
#include "ricker.h"
#include "../../tests/support/lorenz.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_s(void) { return (double)clock() / CLOCKS_PER_SEC; }

static void stop(gm_ctx *ctx, gm_status s)
{
  if (!s) return;
  fprintf(stderr, "%s\n", gm_message(ctx));
  exit(1);
}

/* ---- Lorenz 1996 ----------------------------------------------------------------------------- */
static double lorenz_us(int32_t cycles)
{
  gm_ctx *ctx;
  gm_model *model;
  gm_filter *f;
  stop(NULL, gm_ctx_new(NULL, &ctx));
  lorenz_config config = {40, 0.05};
  stop(ctx, gm_model_new(ctx, &lorenz_type, &config, &model));
  gm_sensor sensor[40];
  for (int32_t i = 0; i < 40; i++)
    sensor[i] = (gm_sensor){.name = "x",
                            .output = i,
                            .law = GM_SENSE_NORMAL,
                            .p0 = 1,
                            .parameter0 = -1,
                            .parameter1 = -1};
  gm_system s = {.model = model, .sensor = sensor, .sensor_count = 40, .seed = 1};
  gm_filter_options o = {.kind = GM_FILTER_ENKF, .members = 40, .inflation = 1.06};
  stop(ctx, gm_filter_new(ctx, &s, &o, &f));
  gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 0, 0);
  double truth[40], k[160], force = 8, *x = gm_ensemble_state(gm_filter_ensemble(f)), used = 0;
  for (int32_t i = 0; i < 40; i++) truth[i] = 8 + gm_normal(key, 0, (uint64_t)i, 0, 0);
  for (int i = 0; i < 1000; i++) lorenz_step(40, 1, 0.05, truth, &force, k);
  for (int32_t i = 0; i < 1600; i++)
    x[i] = truth[i / 40] + 0.5 * gm_normal(key, 1, (uint64_t)i, 0, 0);
  gm_reading reading[40];
  for (int32_t c = 1; c <= cycles; c++) {
    lorenz_step(40, 1, 0.05, truth, &force, k);
    for (int32_t i = 0; i < 40; i++)
      reading[i] = (gm_reading){.t = 0.05 * c,
                                .sensor = i,
                                .value = truth[i] + gm_normal(key, 2, (uint64_t)i, 0, (uint64_t)c)};
    double begin = cpu_s();
    stop(ctx, gm_filter_step(f, ctx, 0.05 * c, reading, 40, NULL));
    used += cpu_s() - begin;
  }
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return 1e6 * used / cycles;
}

/* ---- Ricker ---------------------------------------------------------------------------------- */
enum { DAYS = 50 };

static double ricker_data[DAYS];

static double ricker_ns(int32_t particles, double *ll)
{
  gm_ctx *ctx;
  gm_model *model;
  gm_filter *f;
  stop(NULL, gm_ctx_new(NULL, &ctx));
  stop(ctx, gm_model_new(ctx, &ricker_type, NULL, &model));
  gm_sensor sensor = {
      .name = "y", .law = GM_SENSE_POISSON, .p0 = 10, .parameter0 = -1, .parameter1 = -1};
  gm_reading reading[DAYS];
  for (int32_t i = 0; i < DAYS; i++) reading[i] = (gm_reading){.t = i + 1, .value = ricker_data[i]};
  gm_system s = {.model = model,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = DAYS,
                 .seed = 1};
  gm_filter_options o = {.members = particles, .ess_least = 1};
  stop(ctx, gm_filter_new(ctx, &s, &o, &f));
  double begin = cpu_s();
  stop(ctx, gm_filter_run(f, ctx, NULL, NULL, NULL, ll));
  double used = cpu_s() - begin;
  gm_filter_free(f);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return 1e9 * used / DAYS / particles;
}

static uint64_t plain_state = 88172645463325252u;
static double plain_uniform(void)
{
  plain_state ^= plain_state << 13;
  plain_state ^= plain_state >> 7;
  plain_state ^= plain_state << 17;
  return ((double)(plain_state >> 11) + 0.5) * 0x1p-53;
}
/* Box and Muller, one of the two thrown away by nobody */
static double plain_normal(void)
{
  static double spare;
  static int have;
  if (have) {
    have = 0;
    return spare;
  }
  double r = sqrt(-2 * log(plain_uniform())), a = 6.283185307179586 * plain_uniform();
  have = 1;
  spare = r * sin(a);
  return r * cos(a);
}

/* Bootstrap filter with systematic resampling at every datum. */
static double plain_ns(int32_t n, double *ll)
{
  double *x = malloc(sizeof *x * (size_t)n), *next = malloc(sizeof *x * (size_t)n);
  double *w = malloc(sizeof *x * (size_t)n), begin = cpu_s();
  *ll = 0;
  for (int32_t i = 0; i < n; i++) x[i] = 7;
  for (int32_t d = 0; d < DAYS; d++) {
    double top = -INFINITY, sum = 0, k = ricker_data[d], lg = lgamma(k + 1);
    for (int32_t i = 0; i < n; i++) {
      x[i] = 44.7 * x[i] * exp(0.3 * plain_normal() - x[i]);
      double mean = 10 * x[i];
      w[i] = k * log(mean) - mean - lg;
      top = w[i] > top ? w[i] : top;
    }
    for (int32_t i = 0; i < n; i++) sum += w[i] = exp(w[i] - top);
    *ll += top + log(sum / n);
    double u = plain_uniform() / n, at = 0;
    for (int32_t i = 0, j = -1; i < n; i++) {
      while (at <= u + (double)i / n && j < n - 1) at += w[++j] / sum;
      next[i] = x[j];
    }
    double *swap = x;
    x = next;
    next = swap;
  }
  free(x);
  free(next);
  free(w);
  return 1e9 * (cpu_s() - begin) / DAYS / n;
}

int main(int argc, char **argv)
{
  int32_t cycles = argc > 1 ? atoi(argv[1]) : 5000, n = argc > 2 ? atoi(argv[2]) : 100000;
  double x = 7, best = INFINITY, other = INFINITY, us = INFINITY, ll, plain_ll;
  gm_key key = gm_key_make(5, GM_PURPOSE_TEST, 0, 0);
  for (int32_t d = 0; d < DAYS; d++) {
    x = 44.7 * x * exp(0.3 * gm_normal(key, 0, 0, 0, (uint64_t)d) - x);
    ricker_data[d] = (double)gm_poisson(key, 0, 1, 0, (uint64_t)d, 10 * x);
  }
  for (int pass = 0; pass < 3; pass++) {
    us = fmin(us, lorenz_us(cycles));
    best = fmin(best, ricker_ns(n, &ll));
    other = fmin(other, plain_ns(n, &plain_ll));
  }
  printf("Lorenz 1996, 40 states, 40 members: %.1f us a cycle\n", us);
  printf("Ricker: %.1f ns a particle step (ln likelihood %.3f), plain %.1f ns (%.3f): %.2f times\n",
         best, ll, other, plain_ll, best / other);
  return 0;
}
