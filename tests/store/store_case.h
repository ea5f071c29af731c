/* store_case.h - stores in a folder of their own, with a master key of the test. */
#ifndef GEMEL_TESTS_STORE_CASE_H
#define GEMEL_TESTS_STORE_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gm_ctx *ctx;
static char case_folder[300], case_file[340];

static inline void case_must(gm_status s, const char *what)
{
  if (s) fail_msg("%s: %s: %s", what, gm_status_name(s), gm_message(ctx));
}

static inline void case_unlink(void)
{
  static const char *const end[] = {"", "-wal", "-shm"};
  char path[360];
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s%s", case_file, end[i]);
    unlink(path);
  }
}

static int case_begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%s/gemel-store-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder)) return -1;
  snprintf(case_file, sizeof case_file, "%s/store.db", case_folder);
  setenv("GEMEL_TEST_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int case_end(void **state)
{
  (void)state;
  case_unlink();
  rmdir(case_folder);
  gm_ctx_free(ctx);
  return 0;
}

static inline gm_store *case_store(void)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = case_file, .master = "env:GEMEL_TEST_KEY", .create = true};
  case_must(gm_store_open(ctx, &o, &s), "open");
  return s;
}

static inline int64_t case_twin(gm_store *s, const char *subject, const char *twin)
{
  int64_t who = 0, id = 0;
  case_must(gm_store_subject(s, ctx, subject, true, &who), "subject");
  case_must(gm_store_twin(s, ctx, who, twin, true, &id), "twin");
  return id;
}

/* An observation of glucose; its body is the text. */
static inline gm_entry case_entry(double t, const char *id, const char *version, const char *text)
{
  return (gm_entry){.kind = GM_RECORD_OBSERVATION,
                    .series = "glucose",
                    .t_true_s = t,
                    .source = "sensor",
                    .id = id,
                    .version = version,
                    .body = text,
                    .bytes = strlen(text)};
}
#endif
