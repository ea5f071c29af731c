/* fuzz_records.c - any bytes through the reader of data files (libFuzzer; preset `fuzz`).
 * Corpus: fuzz/corpus/records, which tests/interop/test_records_fuzz.c replays without libFuzzer. */
#include "gemel/records.h"
#include "interop/records_check.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx = NULL;
  if (gm_ctx_new(NULL, &ctx)) abort();
  gm_records *r = NULL;
  gm_status s = gm_records_parse(ctx, "fuzz.csv", (const char *)data, bytes, &r);
  if (gm__records_wrong(ctx, s, r)) abort();
  gm_records_free(r);
  gm_ctx_free(ctx);
  return 0;
}
