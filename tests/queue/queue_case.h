/* queue_case.h - a queue model with one member after the other, for tests of the kind `queue`. */
#ifndef GEMEL_TESTS_QUEUE_CASE_H
#define GEMEL_TESTS_QUEUE_CASE_H
#include "gemel/queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
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
  double theta[32];
  gm_key key;
  void *obj;
  int8_t status;
} queue_case;

static inline gm_batch case_batch(queue_case *c, uint64_t slot)
{
  return (gm_batch){.n = 1,
                    .obj = &c->obj,
                    .theta = c->theta,
                    .psx = 1,
                    .psm = 32,
                    .key = &c->key,
                    .slot0 = slot,
                    .status = &c->status};
}

static inline void case_close(queue_case *c)
{
  if (c->m && c->obj) c->m->type->obj_free(c->m, c->obj);
  if (c->work) c->m->type->work_free(c->work);
  gm_model_free(c->m);
  gm_arena_free(c->arena);
  gm_ctx_free(c->ctx);
  *c = (queue_case){0};
}

/* After c->ctx and c->m are there. */
static inline void case_ready(queue_case *c)
{
  int32_t n;
  gm_model_get_info(c->m, &c->info);
  const gm_var *p = gm_model_table(c->m, GM_TABLE_PARAMETER, &n);
  for (int32_t i = 0; i < n; i++) c->theta[i] = p[i].initial;
  c->key = gm_key_make(11, GM_PURPOSE_INTRINSIC, 0, 0);
  assert_int_equal(c->m->type->work_new(c->m, c->ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(c->ctx, 0, &c->arena), GM_OK);
  assert_int_equal(c->m->type->obj_new(c->m, c->ctx, &c->obj), GM_OK);
}

static inline void case_open(queue_case *c, const gm_queue_config *config)
{
  *c = (queue_case){0};
  assert_int_equal(gm_ctx_new(NULL, &c->ctx), GM_OK);
  gm_status s = gm_model_new(c->ctx, &gm_queue, config, &c->m);
  if (s) fail_msg("the model cannot be made: %s", gm_message(c->ctx));
  case_ready(c);
}

static inline void case_init(queue_case *c, uint64_t slot)
{
  gm_batch b = case_batch(c, slot);
  c->m->type->init(c->m, c->work, &b, 0);
}

static inline void case_span(queue_case *c, uint64_t slot, const gm_span *span)
{
  gm_batch b = case_batch(c, slot);
  c->m->type->advance(c->m, c->work, &b, span, c->arena);
}

/* From t0 to t1, the outputs at t1 in y. */
static inline void case_run(queue_case *c, uint64_t slot, double t0, double t1, double *y)
{
  gm_span span = {.t0 = t0, .t1 = t1, .sample = &t1, .sample_count = 1, .y = y};
  case_span(c, slot, &span);
}

/* Mean over replicates against what theory says: within 4 standard errors. */
typedef struct {
  double n, sum, squares;
} tally;

static inline void tally_add(tally *t, double x)
{
  t->n++;
  t->sum += x;
  t->squares += x * x;
}

static inline void tally_must_be(const tally *t, double expected, const char *what)
{
  double mean = t->sum / t->n, variance = (t->squares - t->n * mean * mean) / (t->n - 1);
  double error = sqrt(fmax(variance, 0) / t->n);
  print_message("  %-44s %10.6g +- %-9.3g theory %10.6g  %+.2f s.e.\n", what, mean, error, expected,
                (mean - expected) / error);
  if (!(fabs(mean - expected) <= 4 * error))
    fail_msg("%s: %.8g, expected %.8g, standard error %.3g (n = %g)", what, mean, expected, error,
             t->n);
}
#endif
