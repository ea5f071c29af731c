/* agents_case.h - members of a model of agents, run by the contract's functions alone. */
#ifndef GEMEL_TESTS_AGENTS_CASE_H
#define GEMEL_TESTS_AGENTS_CASE_H
#include "gemel/agents.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
  int32_t n;
  void **obj;
  double *theta;
  int8_t *status;
  uint64_t *slot;
  gm_key *key;
  gm_batch b;
} agents_case;

/* n members with the model's own parameters, slots 0.., one key. Takes the model over. */
static inline void case_open_model(agents_case *c, gm_ctx *ctx, gm_model *m, int32_t n)
{
  memset(c, 0, sizeof *c);
  c->ctx = ctx;
  c->m = m;
  c->n = n;
  gm_model_get_info(m, &c->info);
  assert_int_equal(m->type->work_new(m, ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 0, &c->arena), GM_OK);
  int32_t np = c->info.parameter_count;
  const gm_var *p = gm_model_table(m, GM_TABLE_PARAMETER, &np);
  c->obj = calloc((size_t)n, sizeof *c->obj);
  c->theta = calloc((size_t)(n * np) + 1, sizeof *c->theta);
  c->status = calloc((size_t)n, 1);
  c->slot = calloc((size_t)n, sizeof *c->slot);
  c->key = calloc((size_t)n, sizeof *c->key);
  for (int32_t i = 0; i < n; i++) {
    assert_int_equal(m->type->obj_new(m, ctx, &c->obj[i]), GM_OK);
    c->slot[i] = (uint64_t)i;
    c->key[i] = gm_key_make(11, GM_PURPOSE_TEST, 0, 0);
    for (int32_t k = 0; k < np; k++) c->theta[k * n + i] = p[k].initial;
  }
  c->b = (gm_batch){.n = n,
                    .sx = n,
                    .sm = 1,
                    .obj = c->obj,
                    .theta = c->theta,
                    .psx = n,
                    .psm = 1,
                    .key = c->key,
                    .slot = c->slot,
                    .status = c->status};
}

static inline void case_open(agents_case *c, const gm_agents_config *config, int32_t n)
{
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_model_new(ctx, &gm_agents_type, config, &m)) fail_msg("%s", gm_message(ctx));
  case_open_model(c, ctx, m, n);
}

static inline void case_close(agents_case *c)
{
  for (int32_t i = 0; i < c->n; i++) c->m->type->obj_free(c->m, c->obj[i]);
  c->m->type->work_free(c->work);
  gm_arena_free(c->arena);
  gm_model_free(c->m);
  gm_ctx_free(c->ctx);
  free(c->obj);
  free(c->theta);
  free(c->status);
  free(c->slot);
  free(c->key);
}

static inline void case_init(agents_case *c) { c->m->type->init(c->m, c->work, &c->b, 0); }

/* Everybody from t0 to t1, the same edges and samples for all; y [n][sample_count][ny]. */
static inline void case_run(agents_case *c, double t0, double t1, const gm_edge *edge,
                            int32_t edge_count, const double *sample, int32_t sample_count,
                            double *y)
{
  gm_span *span = calloc((size_t)c->n, sizeof *span);
  for (int32_t i = 0; i < c->n; i++)
    span[i] = (gm_span){.t0 = t0,
                        .t1 = t1,
                        .edge = edge,
                        .sample = sample,
                        .y = y ? y + (ptrdiff_t)i * sample_count * c->info.output_count : NULL,
                        .edge_count = edge_count,
                        .sample_count = sample_count};
  c->m->type->advance(c->m, c->work, &c->b, span, c->arena);
  free(span);
}

/* Outputs of the present states: y [n][ny], for free. */
static inline double *case_outputs(agents_case *c)
{
  double *y = calloc((size_t)(c->n * c->info.output_count) + 1, sizeof *y);
  c->m->type->observe(c->m, c->work, &c->b, 0, y, c->arena);
  return y;
}

typedef struct {
  double mean, variance, se, variance_se;
} case_moments;

static inline case_moments moments_of(const double *x, int32_t n, int32_t stride)
{
  double mean = 0, m2 = 0, m4 = 0;
  for (int32_t i = 0; i < n; i++) mean += x[(ptrdiff_t)i * stride];
  mean /= n;
  for (int32_t i = 0; i < n; i++) {
    double d = x[(ptrdiff_t)i * stride] - mean;
    m2 += d * d;
    m4 += d * d * d * d;
  }
  m2 /= n;
  m4 /= n;
  return (case_moments){mean, m2, sqrt(m2 / n), sqrt((m4 - m2 * m2) / n)};
}

static inline void must_be_near(const char *what, double is, double expected, double se)
{
  if (!(fabs(is - expected) <= 4 * se))
    fail_msg("%s: %.6g, expected %.6g, standard error %.2g", what, is, expected, se);
}
#endif
