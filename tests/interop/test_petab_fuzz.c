/* test_petab_fuzz.c - the fuzzer's function over every file of fuzz/corpus/petab, whole, cut short
 * and with bytes changed. Runs in the project's root.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../fuzz/fuzz_petab.c"
#include "gemel/rand.h"
#include <dirent.h>

static const char folder[] = "fuzz/corpus/petab";
static const char telling[] = "\t\t\n\n;:.,-+*/^()0159eENaAk_%\"'[]# inf";

static void changed(const char *data, size_t bytes, uint64_t file)
{
  enum { CHANGES = 25, CUTS = 10 };
  const gm_key key = {{file, 7, 7, 7}};
  char *copy = malloc(bytes + 1);
  assert_non_null(copy);
  for (uint64_t i = 0; i < CHANGES && bytes; i++) {
    uint64_t r[4];
    gm_draw4(key, 0, 0, 0, i, r);
    memcpy(copy, data, bytes);
    for (uint64_t k = 0; k <= r[3] % 3; k++)
      copy[(r[0] >> (8 * k)) % bytes] = telling[(r[1] >> (8 * k)) % (sizeof telling - 1)];
    LLVMFuzzerTestOneInput((const uint8_t *)copy, bytes);
  }
  free(copy);
  for (size_t i = 1; i < CUTS; i++) LLVMFuzzerTestOneInput((const uint8_t *)data, bytes * i / CUTS);
}

/* Every problem of the corpus, and what is near it, ends with a message or a whole problem. */
static void corpus__ends_whole(void **state)
{
  (void)state;
  gm_ctx *ctx;
  int32_t count = 0;
  DIR *d = opendir(folder);
  if (!d) fail_msg("%s is not there: run in the project's root", folder);
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (struct dirent *e = readdir(d); e; e = readdir(d)) {
    char path[400], *data = NULL;
    size_t bytes;
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (gm_file_read(ctx, path, 1 << 20, &data, &bytes)) fail_msg("%s", gm_message(ctx));
    LLVMFuzzerTestOneInput((const uint8_t *)data, bytes);
    changed(data, bytes, gm_hash_text(e->d_name));
    gm_free(data);
    count++;
  }
  closedir(d);
  gm_ctx_free(ctx);
  assert_true(count >= 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(corpus__ends_whole)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
