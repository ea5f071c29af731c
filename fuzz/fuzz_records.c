/* fuzz_records.c - any bytes through the reader of data files (libFuzzer; preset `fuzz`).
 * Corpus: fuzz/corpus/records. tests/interop/test_records_fuzz.c includes this file and replays the
 * corpus without libFuzzer. */
#include "gemel/records.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong with an outcome of reading, by the promises of gemel/records.h, or NULL. */
static const char *record_wrong(const gm_record *c)
{
  if (!isfinite(c->time) || c->time < 0) return "a time that is not finite or negative";
  if (c->evid < 0 || (c->evid > 4 && c->evid != 8)) return "an EVID that is not carried out";
  if (!isfinite(c->amount) || !isfinite(c->rate) || !isfinite(c->interval))
    return "a dose that is not finite";
  bool dose = c->evid == 1 || c->evid == 4;
  if (!dose && c->evid != 8 && c->amount != 0) return "an amount on what is no dose";
  if (!dose && (c->rate != 0 || c->interval != 0 || c->additional || c->steady))
    return "items of a dose on what is none";
  if (dose && (c->amount < 0 || (c->rate < 0 && c->rate != -1 && c->rate != -2)))
    return "a dose below 0";
  if (c->additional < 0 || c->steady < 0 || c->steady > 2 || c->interval < 0)
    return "a dose that cannot be repeated";
  if (c->compartment < 0 || c->occasion < -1) return "a number below its least";
  if (!c->observable || !c->input) return "no text";
  if (c->missing != (isnan(c->value) != 0)) return "a value that is missing and there";
  if (!c->missing && c->evid != 0) return "a value that was not observed";
  if (c->missing && c->censored) return "a censored value without limit";
  return NULL;
}

static const char *subject_wrong(const gm_records *r, int32_t k)
{
  const gm_record_subject *s = &r->subject[k];
  int32_t first = k ? r->subject[k - 1].first + r->subject[k - 1].count : 0;
  if (s->first != first || s->count < 1) return "a subject without place";
  if (gm_records_subject(r, s->id) != k) return "a subject that is not found";
  for (int32_t i = s->first; i < s->first + s->count; i++) {
    const gm_record *c = &r->record[i];
    const char *wrong = record_wrong(c);
    if (wrong) return wrong;
    if (i == s->first) continue;
    if (c->line <= c[-1].line) return "lines that fall";
    if (c->time < c[-1].time && c->evid != 3 && c->evid != 4) return "times that fall";
  }
  return NULL;
}

static const char *outcome_wrong(const gm_ctx *ctx, gm_status s, const gm_records *r)
{
  if (s) {
    bool known = s == GM_EPARSE || s == GM_ERANGE || s == GM_EIO || s == GM_ENOMEM;
    if (r || !known || !gm_message(ctx)[0]) return "a failure that is not told as promised";
    return NULL;
  }
  if (!r || r->record_count < 1 || r->subject_count < 1) return "nothing read, and no failure";
  const gm_record_subject *last = &r->subject[r->subject_count - 1];
  if (last->first + last->count != r->record_count) return "records without subject";
  for (int32_t k = 0; k < r->subject_count; k++) {
    const char *wrong = subject_wrong(r, k);
    if (wrong) return wrong;
  }
  for (int64_t i = 0; i < (int64_t)r->record_count * r->covariate_count; i++)
    if (!r->cell[i] || strcmp(r->cell[i], ".") == 0 || strcmp(r->cell[i], "NA") == 0)
      return "a missing cell that is not empty";
  return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx = NULL;
  if (gm_ctx_new(NULL, &ctx)) abort();
  gm_records *r = NULL;
  gm_status s = gm_records_parse(ctx, "fuzz.csv", (const char *)data, bytes, &r);
  const char *wrong = outcome_wrong(ctx, s, r);
  if (wrong) {
    fprintf(stderr, "%s: %s\n", wrong, gm_message(ctx));
    abort();
  }
  gm_records_free(r);
  gm_ctx_free(ctx);
  return 0;
}
