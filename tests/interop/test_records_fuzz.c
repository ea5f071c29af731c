/* test_records_fuzz.c - the corpus of fuzz_records, and some thousands of changes to it, without
 * libFuzzer: whatever the bytes, an outcome as promised, and nothing left.
 * label: quick */
#include "gemel/records.h"
#include "support/fault.h"
#include "../../fuzz/fuzz_records.c"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SEEDS_MAX = 256, SEED_BYTES_MAX = 65536, CHANGES = 400 };
static const char folder[] = "fuzz/corpus/records";

typedef struct {
  char *data;
  size_t bytes;
} seed;

static gm_status once(const char *name, const char *data, size_t bytes)
{
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  gm_records *r = NULL;
  gm_status s = gm_records_parse(ctx, name, data, bytes, &r);
  const char *wrong = outcome_wrong(ctx, s, r);
  if (wrong) fail_msg("%s: %s (%s)", name, wrong, gm_message(ctx));
  gm_records_free(r);
  gm_ctx_free(ctx);
  assert_int_equal(f.live, 0);
  return s;
}

static int32_t seeds_load(gm_ctx *ctx, seed *list)
{
  DIR *d = opendir(folder);
  assert_non_null(d);
  int32_t n = 0;
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_true(n < SEEDS_MAX);
    assert_int_equal(gm_file_read(ctx, path, SEED_BYTES_MAX, &list[n].data, &list[n].bytes), GM_OK);
    gm_status s = once(path, list[n].data, list[n].bytes);
    /* the name of a seed says what becomes of it */
    if ((strncmp(e->d_name, "good", 4) == 0) != (s == GM_OK))
      fail_msg("%s: %s", path, gm_status_name(s));
    n++;
  }
  closedir(d);
  return n;
}

/* SplitMix64 (Steele, Lea & Flood 2014): the changes are the same on every run. */
static uint64_t draw(uint64_t *state)
{
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* Changes a text by one to four edits: a byte, a piece left out, a piece of another seed put in. */
static size_t change(char *text, size_t bytes, const seed *other, uint64_t *state)
{
  static const char telling[] = ",;\t\n\r\".#-+0159eENAxX:/<C ";
  for (uint64_t edits = 1 + draw(state) % 4; edits; edits--) {
    size_t at = draw(state) % (bytes + 1);
    uint64_t how = draw(state) % 4;
    if (how == 0 && at < bytes) text[at] = (char)draw(state);
    if (how == 1 && at < bytes) text[at] = telling[draw(state) % (sizeof telling - 1)];
    if (how == 2) {
      size_t n = draw(state) % (bytes - at + 1) % 64;
      memmove(text + at, text + at + n, bytes - at - n);
      bytes -= n;
    }
    if (how == 3 && other->bytes) {
      size_t from = draw(state) % other->bytes, n = draw(state) % (other->bytes - from + 1) % 64;
      memmove(text + at + n, text + at, bytes - at);
      memcpy(text + at, other->data + from, n);
      bytes += n;
    }
  }
  return bytes;
}

/* Every seed, and every change of it, ends as promised; some changed texts still read and some do
 * not, so that both ways were gone. */
static void fuzz__corpus_and_changes(void **state)
{
  (void)state;
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  static seed list[SEEDS_MAX];
  static char text[SEED_BYTES_MAX + 1024];
  int32_t n = seeds_load(ctx, list), good = 0, bad = 0;
  assert_true(n >= 10);
  for (int32_t i = 0; i < n; i++) {
    uint64_t random = (uint64_t)i;
    for (int k = 0; k < CHANGES; k++) {
      memcpy(text, list[i].data, list[i].bytes);
      size_t bytes = change(text, list[i].bytes, &list[draw(&random) % (uint64_t)n], &random);
      char *exact = malloc(bytes ? bytes : 1); /* so that a byte read too far is seen */
      memcpy(exact, text, bytes);
      if (once("changed", exact, bytes) == GM_OK)
        good++;
      else
        bad++;
      free(exact);
    }
  }
  assert_true(good > CHANGES / 2 && bad > CHANGES / 2);
  for (int32_t i = 0; i < n; i++) gm_free(list[i].data);
  gm_ctx_free(ctx);
  assert_int_equal(f.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(fuzz__corpus_and_changes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
