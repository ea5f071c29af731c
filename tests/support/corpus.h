/* corpus.h - a fuzzer's function (LLVMFuzzerTestOneInput, included before this) over every file of
 * its corpus: whole, cut short at many places, and with bytes changed. Runs in the project's root.
 * The program says beforehand: corpus_folder, corpus_letters (bytes that tell in that language),
 * corpus_cuts and corpus_changes (how many of each a file), corpus_mends (of so many changes one is
 * kept, the others are taken back before the next). */
#ifndef GEMEL_TESTS_CORPUS_H
#define GEMEL_TESTS_CORPUS_H
#include "gemel/base.h"
#include "gemel/rand.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static char *load(const char *name, size_t *bytes_out)
{
  char path[400], *data = NULL;
  gm_ctx *ctx;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  snprintf(path, sizeof path, "%s/%s", corpus_folder, name);
  if (gm_file_read(ctx, path, 1 << 22, &data, bytes_out)) fail_msg("%s", gm_message(ctx));
  gm_ctx_free(ctx); /* a block knows its own allocator */
  return data;
}

/* Calls f on every file; returns how many. */
static int32_t each(void (*f)(char *data, size_t bytes, uint64_t file))
{
  DIR *d = opendir(corpus_folder);
  if (!d) fail_msg("%s is not there: run in the project's root", corpus_folder);
  int32_t count = 0;
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    size_t bytes;
    if (e->d_name[0] == '.') continue;
    char *data = load(e->d_name, &bytes);
    f(data, bytes, gm_hash_text(e->d_name));
    gm_free(data);
    count++;
  }
  closedir(d);
  return count;
}

static void whole(char *data, size_t bytes, uint64_t file)
{
  (void)file;
  LLVMFuzzerTestOneInput((const uint8_t *)data, bytes);
}

static void cut(char *data, size_t bytes, uint64_t file)
{
  (void)file;
  size_t step = bytes / corpus_cuts + 1;
  for (size_t n = 0; n < bytes; n += step) LLVMFuzzerTestOneInput((const uint8_t *)data, n);
}

static void changed(char *data, size_t bytes, uint64_t file)
{
  const gm_key key = {{file, 7, 7, 7}};
  for (uint64_t i = 0; i < corpus_changes && bytes; i++) {
    uint64_t r[4];
    gm_draw4(key, 0, 0, 0, i, r);
    char before = data[r[0] % bytes];
    data[r[0] % bytes] = r[1] % 8 ? corpus_letters[r[2] % strlen(corpus_letters)] : (char)r[2];
    LLVMFuzzerTestOneInput((const uint8_t *)data, bytes);
    if (r[3] % corpus_mends) data[r[0] % bytes] = before;
  }
}

/* Every text of the corpus ends with a message or a whole result. */
static void corpus__ends_whole(void **state)
{
  (void)state;
  assert_true(each(whole) >= 20);
}

/* So does every text cut short. */
static void corpus__ends_when_cut(void **state)
{
  (void)state;
  assert_true(each(cut) >= 20);
}

/* So do texts with bytes changed, one after another. */
static void corpus__ends_when_changed(void **state)
{
  (void)state;
  assert_true(each(changed) >= 20);
}

static inline int corpus_main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(corpus__ends_whole),
      cmocka_unit_test(corpus__ends_when_cut),
      cmocka_unit_test(corpus__ends_when_changed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
