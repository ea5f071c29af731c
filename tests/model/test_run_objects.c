/* Members with object state along timelines. */
#include "gemel/schedule.h"
#include "support/sir_queue.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 130, SAMPLES = 3 };

static double sample[SAMPLES] = {4, 12, 28};

/* From 0 to t_end with the samples up to there; objects of the caller or none. */
static void run_to(gm_ctx *ctx, const gm_model *m, gm_pool *pool, double t_begin, double t_end,
                   void **obj, double *y)
{
  gm_runner *r;
  gm_timeline line = {0};
  int32_t first = 0, count = 0;
  while (first < SAMPLES && sample[first] <= t_begin && t_begin > 0) first++;
  while (first + count < SAMPLES && sample[first + count] <= t_end) count++;
  gm_timeline_spec spec = {.t_begin = t_begin,
                           .t_end = t_end,
                           .sample = sample + first,
                           .sample_count = count,
                           .port_count = 2};
  assert_int_equal(gm_timeline_build(ctx, &spec, &line), GM_OK);
  assert_int_equal(gm_runner_new(ctx, m, pool, &r), GM_OK);
  int32_t np, ny;
  const gm_var *p = gm_model_table(m, GM_TABLE_PARAMETER, &np);
  (void)gm_model_table(m, GM_TABLE_OUTPUT, &ny);
  double *theta = calloc((size_t)np * MEMBERS, sizeof *theta);
  double *part = calloc((size_t)MEMBERS * SAMPLES * (size_t)ny, sizeof *part);
  gm_key key[MEMBERS];
  int8_t status[MEMBERS];
  for (int32_t k = 0; k < MEMBERS; k++) {
    key[k] = gm_key_make(1, GM_PURPOSE_INTRINSIC, 0, 0);
    for (int32_t i = 0; i < np; i++) theta[i * MEMBERS + k] = p[i].initial;
  }
  gm_run run = {.n = MEMBERS,
                .timeline = &line,
                .shared_timeline = true,
                .keep_state = t_begin > 0,
                .theta = theta,
                .obj = obj,
                .key = key,
                .y = part,
                .status = status};
  if (gm_runner_run(r, ctx, &run)) fail_msg("%s", gm_message(ctx));
  for (int32_t k = 0; k < MEMBERS; k++)
    memcpy(y + (k * SAMPLES + first) * ny, part + k * count * ny, (size_t)(count * ny) * sizeof *y);
  free(theta);
  free(part);
  gm_timeline_free(&line);
  gm_runner_free(r);
}

/* One worker, four workers, and a run cut in two with objects kept give the same bytes. */
static void objects__run_along_timelines(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_model *m;
  gm_pool *pool;
  static double a[MEMBERS * SAMPLES * 8], b[MEMBERS * SAMPLES * 8], c[MEMBERS * SAMPLES * 8];
  void *obj[MEMBERS];
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 4, &pool), GM_OK);
  assert_int_equal(sir_queue_new(ctx, 0.9, 0.3, 50, 3, &m), GM_OK);
  run_to(ctx, m, NULL, 0, 28, NULL, a);
  run_to(ctx, m, pool, 0, 28, NULL, b);
  assert_memory_equal(a, b, sizeof a);
  for (int k = 0; k < MEMBERS; k++) assert_int_equal(m->type->obj_new(m, ctx, &obj[k]), GM_OK);
  run_to(ctx, m, NULL, 0, 12, obj, c);
  run_to(ctx, m, pool, 12, 28, obj, c);
  assert_memory_equal(a, c, sizeof a);
  double sum = 0;
  for (int k = 0; k < MEMBERS; k++) sum += a[(k * SAMPLES + 2) * 3 + 2];
  /* mean 41.239, sd below 12: four standard errors of 130 members */
  assert_true(fabs(sum / MEMBERS - 41.239) < 4 * 12 / sqrt(MEMBERS));
  for (int k = 0; k < MEMBERS; k++) m->type->obj_free(m, obj[k]);
  gm_model_free(m);
  gm_pool_free(pool);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(objects__run_along_timelines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
