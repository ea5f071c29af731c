/* jump_case.h - members of a jump model, run together; for the tests of the kind `jump`. */
#ifndef GEMEL_TESTS_JUMP_CASE_H
#define GEMEL_TESTS_JUMP_CASE_H
#include "gemel/jump.h"
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

static inline void crowd_open_config(crowd *c, const gm_jump_config *config, int32_t n)
{
  int32_t count;
  *c = (crowd){.n = n};
  assert_int_equal(gm_ctx_new(NULL, &c->ctx), GM_OK);
  if (gm_model_new(c->ctx, &gm_jump, config, &c->m)) fail_msg("%s", gm_message(c->ctx));
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

static inline void crowd_open(crowd *c, const char *text, gm_jump_method method, int32_t n)
{
  gm_jump_config config = {.equations.text = text, .method = method};
  crowd_open_config(c, &config, n);
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

static inline double crowd_x(const crowd *c, int32_t member, const char *row)
{
  return c->x[(ptrdiff_t)member * c->info.state_count + crowd_row(c, GM_TABLE_STATE, row)];
}

static inline void crowd_all_well(const crowd *c)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->status[i]) fail_msg("member %d has status %d", (int)i, (int)c->status[i]);
}

static inline void crowd_moments(const crowd *c, int32_t sample, const char *output, double *mean,
                                 double *variance)
{
  double sum = 0, square = 0;
  for (int32_t i = 0; i < c->n; i++) sum += crowd_y(c, i, sample, output);
  *mean = sum / c->n;
  for (int32_t i = 0; i < c->n; i++) {
    double d = crowd_y(c, i, sample, output) - *mean;
    square += d * d;
  }
  *variance = square / (c->n - 1);
}

/* |value - want| <= 4.5 standard errors: fails by chance once in 150,000 checks, and the keys are
 * fixed, so that it fails always or never. */
static inline void within(const char *what, double value, double want, double standard_error)
{
  if (!(fabs(value - want) <= 4.5 * standard_error))
    fail_msg("%s: %.6g, theory %.6g, %.2f standard errors away", what, value, want,
             (value - want) / standard_error);
}

/* Chi-squared of counts against probabilities p[0..count-1] (the rest lies beyond): classes of at
 * least ten expected; within 4.5 standard deviations. */
static inline void distributed(const char *what, const crowd *c, int32_t sample, const char *output,
                               const double *p, int32_t count)
{
  int32_t *seen = calloc((size_t)count + 1, sizeof *seen);
  for (int32_t i = 0; i < c->n; i++) {
    double v = crowd_y(c, i, sample, output);
    assert_true(v >= 0 && v == rint(v));
    seen[v < count ? (int32_t)v : count]++;
  }
  double chi = 0, class_p = 0, used = 0;
  int32_t classes = 0, class_seen = 0, left = c->n;
  for (int32_t k = 0; k < count; k++) {
    class_p += p[k];
    class_seen += seen[k];
    if (class_p * c->n < 10 || (1 - used - class_p) * c->n < 10) continue;
    chi += pow(class_seen - class_p * c->n, 2) / (class_p * c->n);
    used += class_p;
    left -= class_seen;
    classes++;
    class_p = 0;
    class_seen = 0;
  }
  chi += pow(left - (1 - used) * c->n, 2) / ((1 - used) * c->n);
  free(seen);
  assert_true(classes >= 3);
  within(what, chi, classes, sqrt(2.0 * classes));
}
#endif
