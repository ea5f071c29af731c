/* fuzz_mapping.c - any bytes as a mapping and as a table (libFuzzer; preset `fuzz`). The text up to
 * a line of "====" is the mapping; what is behind it, the table. Corpus: fuzz/corpus/mapping.
 * tests/interop/test_mapping_fuzz.c includes this file and replays the corpus without libFuzzer. */
#include "gemel/mapping.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char fuzz_model[] = "model body\ntime has \"h\"\nG = 100; I = 0\n"
                                 "G' = 0; I' = 0\nend\n";
static const char fuzz_twin[] =
    "twin: fuzz\nquestion: q\ncontext-of-use: tests\nmodel: body.ant\n"
    "subject:\n  WT: {unit: kg, default: 70}\n  SEX: {levels: [female, male], default: female}\n"
    "inputs:\n  drug: {into: I, unit: mg}\n"
    "observables:\n  G: {is: G, unit: mg/dL, error: {additive: 5}, molar-mass: 180 g/mol}\n";

static void fuzz_write(const char *folder, const char *file, const char *text)
{
  char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *f = fopen(path, "wb");
  if (!f || fputs(text, f) < 0 || fclose(f)) abort();
}

static gm_ctx *fuzz_ctx;
static gm_definition *fuzz_held;

static void fuzz_end(void)
{
  gm_definition_free(fuzz_held);
  gm_ctx_free(fuzz_ctx);
}

/* The definition that every input is held against; it lives as long as the program. */
static const gm_definition *fuzz_definition(void)
{
  char folder[] = "/tmp/gemel-fuzz-XXXXXX", path[300];
  if (fuzz_held) return fuzz_held;
  if (!mkdtemp(folder) || gm_ctx_new(NULL, &fuzz_ctx) || atexit(fuzz_end)) abort();
  fuzz_write(folder, "body.ant", fuzz_model);
  fuzz_write(folder, "twin.yaml", fuzz_twin);
  snprintf(path, sizeof path, "%s/twin.yaml", folder);
  if (gm_definition_read(fuzz_ctx, path, &fuzz_held)) abort();
  unlink(path);
  snprintf(path, sizeof path, "%s/body.ant", folder);
  unlink(path);
  rmdir(folder);
  return fuzz_held;
}

typedef struct {
  int64_t facts, rows, line;
  const char *wrong; /* NULL: nothing */
} fuzz_told;

/* What is told is as gemel/fact.h and gemel/mapping.h promise. */
static gm_status fuzz_fact(void *user, const gm_fact *f)
{
  fuzz_told *t = user;
  bool dose =
      f->kind == GM_RECORD_GIVEN || f->kind == GM_RECORD_ORDERED || f->kind == GM_RECORD_REPORTED;
  t->facts++;
  if (!f->subject || !f->series || !f->value || !f->unit || !f->licence || !f->source || !f->id ||
      !f->version || !f->code)
    t->wrong = "a text that is NULL";
  else if (!f->subject[0] || !f->id[0] || !f->version[0] || strlen(f->id) > 2000)
    t->wrong = "a fact without name";
  else if (!isfinite(f->t_true_s) || !isfinite(f->duration_s) || f->duration_s < 0)
    t->wrong = "a time that is none";
  else if (!dose && (f->duration_s != 0 || (f->kind != GM_RECORD_OBSERVATION && f->censored)))
    t->wrong = "what is of doses on what is none";
  else if (!f->withdrawn && !f->value[0])
    t->wrong = "a fact without value";
  return GM_OK;
}

static gm_status fuzz_row(void *user, const gm_mapping_account *a)
{
  fuzz_told *t = user;
  bool refused = a->outcome == GM_MAPPING_REFUSED || a->outcome == GM_MAPPING_PARTLY;
  t->rows++;
  if (a->line <= t->line) t->wrong = "lines that fall";
  t->line = a->line;
  if (refused != (a->refusal_count > 0)) t->wrong = "a refusal without reason";
  if (a->outcome == GM_MAPPING_NOTHING && a->facts) t->wrong = "facts of nothing";
  if (a->outcome == GM_MAPPING_REFUSED && a->facts) t->wrong = "facts of a row that was refused";
  for (int32_t i = 0; i < a->refusal_count; i++)
    if (!a->refusal[i].reason[0] || !a->refusal[i].column || !a->refusal[i].status)
      t->wrong = "a refusal without reason";
  return GM_OK;
}

/* NULL, or what is wrong with what became of an input. */
static const char *fuzz_once(gm_ctx *ctx, const char *data, size_t bytes, gm_status *out)
{
  static const char mark[] = "\n====\n";
  const char *cut = bytes ? memmem(data, bytes, mark, strlen(mark)) : NULL;
  size_t head = cut ? (size_t)(cut - data) + 1 : bytes;
  const char *table = cut ? cut + strlen(mark) : "";
  size_t rest = cut ? bytes - (size_t)(table - data) : 0;
  gm_mapping *m = NULL;
  fuzz_told t = {0};
  gm_mapping_totals k = {0};
  *out = gm_mapping_parse(ctx, "fuzz.yaml", data, head, fuzz_definition(), &m);
  if (*out) return m || !gm_message(ctx)[0] ? "a failure that is not told" : NULL;
  *out = gm_mapping_facts_text(ctx, m, "fuzz.csv", table, rest, fuzz_fact, fuzz_row, &t, &k);
  gm_mapping_free(m);
  if (*out && !gm_message(ctx)[0]) return "a failure that is not told";
  if (t.wrong) return t.wrong;
  if (k.rows != t.rows || k.facts != t.facts) return "totals of something else";
  if (k.rows != k.taken + k.partly + k.nothing + k.refused) return "a row without account";
  return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx = NULL;
  gm_status s = GM_OK;
  if (gm_ctx_new(NULL, &ctx)) abort();
  const char *wrong = fuzz_once(ctx, (const char *)data, bytes, &s);
  if (wrong) {
    fprintf(stderr, "%s: %s\n", wrong, gm_message(ctx));
    abort();
  }
  gm_ctx_free(ctx);
  return 0;
}
