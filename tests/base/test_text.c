/* test_text.c - growing text.
 * label: quick */
#include "gemel/base.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <cmocka.h>

static fault memory;

static gm_ctx *ctx_new(void)
{
  fault_init(&memory);
  return fault_ctx(&memory);
}

/* Frees the context; nothing that was had through it may be left. */
static void ctx_done(gm_ctx *ctx)
{
  gm_ctx_free(ctx);
  assert_int_equal(memory.live, 0);
}

/* Pieces of all three sorts stand one behind the other; NUL ends them all. */
static void text__grows(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  gm_text t;
  gm_text_init(&t, ctx);
  char want[6001] = "";
  for (int i = 0; i < 1000; i++) {
    char piece[16];
    snprintf(piece, sizeof piece, "%05d,", i);
    strcat(want, piece);
    if (i % 3 == 0)
      gm_text_add(&t, piece);
    else if (i % 3 == 1)
      gm_text_addn(&t, piece, 6);
    else
      gm_text_addf(&t, "%05d,", i);
    assert_int_equal(t.data[t.bytes], 0);
  }
  assert_int_equal(t.status, GM_OK);
  assert_int_equal(t.bytes, 6000);
  assert_string_equal(t.data, want);
  gm_text_addn(&t, "a\0b", 3); /* bytes, not text */
  assert_int_equal(t.bytes, 6003);
  gm_text_free(&t);
  assert_null(t.data);
  gm_text_add(&t, "again");
  assert_string_equal(t.data, "again");
  gm_text_free(&t);
  ctx_done(ctx);
}

/* After a refused allocation the text stays as it was, says so, and takes nothing more. */
static void text__stays_whole_without_memory(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "head");
  fault_arm(&memory, 1, false);
  gm_text_addf(&t, "%0600d", 1);
  assert_int_equal(t.status, GM_ENOMEM);
  gm_text_add(&t, "tail");
  assert_string_equal(t.data, "head");
  gm_text_free(&t);
  ctx_done(ctx);
}

/* A size no memory can have, and a format that cannot be printed, leave the text as it was. */
static void text__refuses_the_impossible(void **state)
{
  (void)state;
  gm_ctx *ctx = ctx_new();
  static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4, PTRDIFF_MAX, PTRDIFF_MAX - 4,
                                 PTRDIFF_MAX - 5};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    gm_text t;
    gm_text_init(&t, ctx);
    gm_text_add(&t, "head");
    gm_text_addn(&t, "x", sizes[i]); /* refused before x is read */
    assert_int_equal(t.status, GM_ENOMEM);
    assert_string_equal(t.data, "head");
    gm_text_free(&t);
  }
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "head");
  gm_text_addf(&t, "%lc", (wint_t)0x20AC); /* no such character in the locale "C": EILSEQ */
  assert_int_equal(t.status, GM_EINVAL);
  assert_string_equal(gm_message(ctx), "text: \"%lc\" cannot be printed");
  gm_text_add(&t, "tail");
  assert_string_equal(t.data, "head");
  gm_text_free(&t);
  ctx_done(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text__grows),
      cmocka_unit_test(text__stays_whole_without_memory),
      cmocka_unit_test(text__refuses_the_impossible),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
