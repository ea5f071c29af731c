/* fuzz_fhir_check.c - any bytes as a FHIR resource to be checked.
 *
 * Whatever they are, there is a report: of issues with texts that hold no control characters, the
 * same each time, and as an OperationOutcome that passes the check itself. libFuzzer calls the
 * function below; tests/interop/test_fhir_check_corpus.c runs it over fuzz/corpus/fhir_check. */
#include "gemel/fhir_check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Small, so that short inputs reach them. */
static const gm_fhir_check_options limits = {
    .name = "fuzz", .issue_count_max = 20, .memory_bytes_max = 200000, .entry_count_max = 8};

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_fhir_check: %s\n", what);
  abort();
}

static void demand_text(const char *text)
{
  for (const unsigned char *p = (const unsigned char *)text; *p; p++)
    demand(*p >= 0x20 && *p != 0x7F, "a control character in an issue");
}

static void demand_report(const gm_fhir_report *r)
{
  int64_t errors = 0;
  demand(r->issue_count <= limits.issue_count_max, "more issues than are allowed");
  for (int32_t i = 0; i < r->issue_count; i++) {
    demand(r->issue[i].reason[0] && r->issue[i].code[0], "an issue without a reason");
    demand_text(r->issue[i].reason);
    demand_text(r->issue[i].expression);
    errors += r->issue[i].severity <= GM_FHIR_ERROR;
  }
  demand(errors <= r->errors && r->errors <= errors + r->left_out, "errors are not counted");
}

/* The outcome of a check as JSON. */
static bool outcome(gm_ctx *ctx, const gm_fhir_rules *rules, const char *data, size_t bytes,
                    gm_text *out)
{
  gm_fhir_report *r;
  gm_text_init(out, ctx);
  demand(gm_fhir_check(ctx, rules, &limits, data, bytes, &r) == GM_OK, "no report");
  demand_report(r);
  demand(gm_fhir_report_json(ctx, r, out) == GM_OK, "no OperationOutcome");
  bool good = !r->errors;
  gm_fhir_report_free(r);
  return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  static gm_ctx *ctx;
  static gm_fhir_rules *rules;
  gm_text first, again, own;
  if (!ctx && gm_ctx_new(NULL, &ctx)) return 0;
  if (!rules && gm_fhir_rules_new(ctx, &rules)) return 0;
  bool good = outcome(ctx, rules, (const char *)data, bytes, &first);
  demand(outcome(ctx, rules, (const char *)data, bytes, &again) == good, "another verdict");
  demand(first.bytes == again.bytes && !memcmp(first.data, again.data, first.bytes),
         "another report of the same");
  demand(outcome(ctx, rules, first.data, first.bytes, &own), "an OperationOutcome that is wrong");
  gm_text_free(&first);
  gm_text_free(&again);
  gm_text_free(&own);
  return 0;
}
