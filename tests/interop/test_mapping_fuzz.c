/* test_mapping_fuzz.c - the corpus of fuzz_mapping, and some thousands of changes to it, without
 * libFuzzer: whatever the bytes, an outcome as promised, and nothing left.
 * label: quick */
#include "gemel/mapping.h"
#include "support/fault.h"
#include "../../fuzz/fuzz_mapping.c"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { SEED_BYTES_MAX = 65536, CHANGES = 300 };
static const char folder[] = "fuzz/corpus/mapping";

static gm_status once(const char *name, const char *data, size_t bytes)
{
  fault f;
  gm_status s = GM_OK;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  const char *wrong = fuzz_once(ctx, data, bytes, &s);
  if (wrong) fail_msg("%s: %s (%s)", name, wrong, gm_message(ctx));
  gm_ctx_free(ctx);
  assert_int_equal(f.live, 0);
  return s;
}

static uint32_t next(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u; }

/* A byte, a cut, a doubling or a jump of bytes. */
static size_t change(char *data, size_t bytes, uint32_t *seed)
{
  static const char words[] = "\n,;\"{}[]:-<>.\xFF\x00 #\t0123456789eTZ%|";
  for (uint32_t n = 1 + next(seed) % 4; n-- && bytes;) {
    size_t at = (next(seed) >> 8) % bytes, to = (next(seed) >> 8) % bytes;
    switch ((next(seed) >> 16) % 4) {
    case 0: data[at] = (char)(next(seed) >> 24); break;
    case 1: data[at] = words[(next(seed) >> 8) % (sizeof words - 1)]; break;
    case 2:
      memmove(data + at, data + at + 1, bytes - at - 1);
      bytes--;
      break;
    default: memmove(data + at, data + to, (bytes - (at > to ? at : to)) % 16); break;
    }
  }
  return bytes;
}

/* Seeds end as their names say; changed ones end somehow. */
static void fuzz__corpus_and_changes(void **state)
{
  (void)state;
  uint32_t seed = 20240501;
  int32_t count = 0;
  gm_ctx *ctx = NULL;
  (void)fuzz_definition();
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d)); count++) {
    char path[512], *data = NULL;
    size_t bytes = 0;
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_int_equal(gm_file_read(ctx, path, SEED_BYTES_MAX, &data, &bytes), GM_OK);
    gm_status s = once(path, data, bytes);
    if ((strncmp(e->d_name, "good", 4) == 0) != (s == GM_OK))
      fail_msg("%s: %s", path, gm_status_name(s));
    char *copy = malloc(bytes + 1);
    assert_non_null(copy);
    for (int32_t i = 0; i < CHANGES; i++) {
      memcpy(copy, data, bytes);
      size_t n = change(copy, bytes, &seed);
      (void)once(path, copy, n);
    }
    free(copy);
    gm_free(data);
  }
  closedir(d);
  gm_ctx_free(ctx);
  assert_true(count > 15);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(fuzz__corpus_and_changes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
