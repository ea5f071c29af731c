/* Every method gives the same bytes with the caller's thread alone and with 1, 2, 3 and 4 workers.
 * label: full */
#include "methods/every_method.h"
#include <string.h>

static gm_ctx *ctx;

/* The bytes of a method on a pool of so many workers (0: no pool). */
static gm_text bytes_with(const method_row *row, int32_t workers)
{
  world w;
  gm_pool *pool = NULL;
  gm_text out;
  gm_text_init(&out, ctx);
  if (workers) assert_int_equal(gm_pool_new(ctx, workers, &pool), GM_OK);
  world_open(&w, ctx);
  world_pool(&w, pool);
  if (row->run(&w, &out)) fail_msg("%s: %s", row->name, gm_message(ctx));
  assert_int_equal(out.status, GM_OK);
  world_close(&w);
  gm_pool_free(pool);
  return out;
}

static void same_bytes(void **state)
{
  const method_row *row = *state;
  gm_text one = bytes_with(row, 0);
  assert_true(one.bytes > 16);
  for (int32_t workers = 1; workers <= 4; workers++) {
    gm_text many = bytes_with(row, workers);
    if (many.bytes != one.bytes || memcmp(many.data, one.data, one.bytes) != 0) {
      size_t at = 0;
      while (at < one.bytes && at < many.bytes && one.data[at] == many.data[at]) at++;
      fail_msg("%s: %d workers: byte %zu of %zu (%zu) is another", row->name, (int)workers, at,
               many.bytes, one.bytes);
    }
    gm_text_free(&many);
  }
  print_message("%s: %zu bytes\n", row->name, one.bytes);
  gm_text_free(&one);
}

/* The test can fail: a method whose answer holds the number of workers is not the same. */
static gm_status tells_workers(world *w, gm_text *out)
{
  put_whole(out, gm_pool_workers(w->jump.s.pool));
  return GM_OK;
}

static void test__sees_a_difference(void **state)
{
  (void)state;
  method_row row = {"workers", tells_workers};
  gm_text a = bytes_with(&row, 2), b = bytes_with(&row, 3);
  assert_true(a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) != 0);
  gm_text_free(&a);
  gm_text_free(&b);
}

int main(void)
{
  struct CMUnitTest tests[METHOD_COUNT + 1] = {cmocka_unit_test(test__sees_a_difference)};
  for (int32_t i = 0; i < METHOD_COUNT; i++)
    tests[i + 1] = (struct CMUnitTest){.name = every_method[i].name,
                                       .test_func = same_bytes,
                                       .initial_state = (void *)&every_method[i]};
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
