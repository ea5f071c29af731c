/* net_case.h - members of a flat model, run together; for the tests of networks and composites. */
#ifndef GEMEL_TESTS_NET_CASE_H
#define GEMEL_TESTS_NET_CASE_H
#include "gemel/network.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  gm_model *m;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  int32_t n, samples;
  double *x, *theta, *y;
  int8_t *status;
  gm_key *key;
  gm_batch b;
} crowd;

/* Takes the model over. */
static inline void crowd_of(crowd *c, gm_ctx *ctx, gm_model *m, int32_t n)
{
  int32_t count;
  *c = (crowd){.n = n, .ctx = ctx, .m = m};
  assert_int_equal(c->m->type->work_new(c->m, c->ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(c->ctx, 0, &c->arena), GM_OK);
  gm_model_get_info(c->m, &c->info);
  const gm_var *p = gm_model_table(c->m, GM_TABLE_PARAMETER, &count);
  c->x = calloc((size_t)n * (size_t)c->info.state_count + 1, sizeof *c->x);
  c->theta = calloc((size_t)n * (size_t)count + 1, sizeof *c->theta);
  c->status = calloc((size_t)n, 1);
  c->key = calloc((size_t)n, sizeof *c->key);
  for (int32_t i = 0; i < n; i++) {
    c->key[i] = gm_key_make(11, GM_PURPOSE_INTRINSIC, 0, (uint64_t)i);
    for (int32_t k = 0; k < count; k++) c->theta[(ptrdiff_t)i * count + k] = p[k].initial;
  }
  c->b = (gm_batch){.n = n,
                    .sx = 1,
                    .sm = c->info.state_count,
                    .x = c->x,
                    .theta = c->theta,
                    .psx = 1,
                    .psm = count,
                    .key = c->key,
                    .status = c->status};
}

static inline void crowd_open(crowd *c, const gm_network_config *config, int32_t n)
{
  gm_ctx *ctx;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_model_new(ctx, &gm_network, config, &m)) fail_msg("%s", gm_message(ctx));
  crowd_of(c, ctx, m, n);
}

static inline void crowd_close(crowd *c)
{
  c->m->type->work_free(c->work);
  gm_arena_free(c->arena);
  gm_model_free(c->m);
  gm_ctx_free(c->ctx);
  free(c->x);
  free(c->theta);
  free(c->y);
  free(c->status);
  free(c->key);
}

static inline int32_t crowd_row(const crowd *c, gm_table which, const char *name)
{
  int32_t i = gm_model_find(c->m, which, name);
  if (i < 0) fail_msg("no row %s", name);
  return i;
}

static inline void crowd_parameter(crowd *c, const char *name, double value)
{
  int32_t p = crowd_row(c, GM_TABLE_PARAMETER, name);
  for (int32_t i = 0; i < c->n; i++) c->theta[(ptrdiff_t)i * c->info.parameter_count + p] = value;
}

static inline void crowd_init(crowd *c) { c->m->type->init(c->m, c->work, &c->b, 0); }

/* On from t0 to t1, the same edges for all. y becomes [n][samples][outputs]. */
static inline void crowd_go(crowd *c, double t0, double t1, const double *sample, int32_t samples,
                            const gm_edge *edge, int32_t edges)
{
  gm_span *span = calloc((size_t)c->n, sizeof *span);
  ptrdiff_t each = (ptrdiff_t)samples * c->info.output_count;
  free(c->y);
  c->samples = samples;
  c->y = calloc((size_t)(c->n * each) + 1, sizeof *c->y);
  for (int32_t i = 0; i < c->n; i++)
    span[i] = (gm_span){.t0 = t0,
                        .t1 = t1,
                        .sample = sample,
                        .sample_count = samples,
                        .edge = edge,
                        .edge_count = edges,
                        .y = c->y + i * each};
  c->m->type->advance(c->m, c->work, &c->b, span, c->arena);
  free(span);
}

static inline double crowd_y(const crowd *c, int32_t member, int32_t sample, const char *output)
{
  int32_t k = crowd_row(c, GM_TABLE_OUTPUT, output);
  return c->y[((ptrdiff_t)member * c->samples + sample) * c->info.output_count + k];
}

static inline void crowd_all_well(const crowd *c)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->status[i]) fail_msg("member %d has status %d", (int)i, (int)c->status[i]);
}

static inline double crowd_mean(const crowd *c, int32_t sample, const char *output)
{
  double sum = 0;
  for (int32_t i = 0; i < c->n; i++) sum += crowd_y(c, i, sample, output);
  return sum / c->n;
}

static inline double crowd_variance(const crowd *c, int32_t sample, const char *output)
{
  double mean = crowd_mean(c, sample, output), square = 0;
  for (int32_t i = 0; i < c->n; i++) square += pow(crowd_y(c, i, sample, output) - mean, 2);
  return square / (c->n - 1);
}

/* |value - want| <= 4 standard errors; keys are fixed, so that it fails always or never. */
static inline void within(const char *what, double value, double want, double standard_error)
{
  if (!(fabs(value - want) <= 4 * standard_error))
    fail_msg("%s: %.6g, theory %.6g, %.2f standard errors away", what, value, want,
             (value - want) / standard_error);
}

/* Share of members whose output is v, against probability p. */
static inline void share_is(const char *what, const crowd *c, int32_t sample, const char *output,
                            double v, double p)
{
  int32_t seen = 0;
  for (int32_t i = 0; i < c->n; i++) seen += crowd_y(c, i, sample, output) == v;
  within(what, (double)seen / c->n, p, sqrt(p * (1 - p) / c->n) + 1e-9);
}

/* p := p exp(Q t), Q[n][n] with rows that sum to 0: scaling, Taylor's series, squaring. */
static inline void chain_solve(const double *q, int32_t n, double t, double *p)
{
  size_t size = (size_t)(n * n);
  double *e = calloc(3 * size, sizeof *e), *term = e + size, *next = e + 2 * size, largest = 0;
  int squarings = 0;
  for (size_t i = 0; i < size; i++) largest = fmax(largest, fabs(q[i] * t));
  for (; ldexp(1, squarings) < 16 * n * largest; squarings++) {}
  double scale = ldexp(t, -squarings);
  for (int32_t i = 0; i < n; i++) e[i * n + i] = term[i * n + i] = 1;
  for (int k = 1; k < 20; k++) {
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) {
        double sum = 0;
        for (int32_t l = 0; l < n; l++) sum += term[i * n + l] * q[l * n + j];
        next[i * n + j] = sum * scale / k;
      }
    for (size_t i = 0; i < size; i++) e[i] += term[i] = next[i];
  }
  for (; squarings > 0; squarings--) {
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) {
        double sum = 0;
        for (int32_t l = 0; l < n; l++) sum += e[i * n + l] * e[l * n + j];
        next[i * n + j] = sum;
      }
    memcpy(e, next, size * sizeof *e);
  }
  for (int32_t j = 0; j < n; j++) {
    next[j] = 0;
    for (int32_t l = 0; l < n; l++) next[j] += p[l] * e[l * n + j];
  }
  memcpy(p, next, (size_t)n * sizeof *p);
  free(e);
}
#endif
