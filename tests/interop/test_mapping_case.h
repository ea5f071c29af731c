/* test_mapping_case.h - a definition, mappings from text, and what a reading told, as lines. */
#ifndef GEMEL_TESTS_INTEROP_MAPPING_CASE_H
#define GEMEL_TESTS_INTEROP_MAPPING_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/mapping.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char CASE_MODEL[] = "model body\ntime has \"h\"\n"
                                 "G = 100; L = 1; P = 80; I = 0; D = 0\n"
                                 "G' = 0; L' = 0; P' = 0; I' = 0; D' = 0\nend\n";
static const char CASE_TWIN[] =
    "twin: case\nquestion: q\ncontext-of-use: tests\nmodel: body.ant\n"
    "subject:\n"
    "  AGE: {unit: a, default: 50}\n"
    "  SEX: {levels: [female, male], default: female}\n"
    "  WT: {unit: kg, default: 70}\n"
    "inputs:\n"
    "  insulin: {into: I, unit: \"[IU]\"}\n"
    "  drug: {into: D, unit: mg}\n"
    "  syrup: {into: D, unit: mg, bioavailability: 50 %}\n"
    "observables:\n"
    "  glucose: {is: G, unit: mg/dL, error: {additive: 5}, molar-mass: 180.156 g/mol}\n"
    "  lactate: {is: L, unit: mmol/L, error: {additive: 1}}\n"
    "  map: {is: P, unit: \"mm[Hg]\", error: {additive: 5}}\n";

static gm_ctx *ctx;
static gm_definition *definition;
static char case_folder[200];

static void case_write(const char *file, const char *text)
{
  char path[260];
  snprintf(path, sizeof path, "%s/%s", case_folder, file);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(0, fclose(f));
}

static int case_begin(void **state)
{
  (void)state;
  char path[260];
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%.100s/gemel-mapping-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder) || gm_ctx_new(NULL, &ctx)) return -1;
  case_write("body.ant", CASE_MODEL);
  case_write("twin.yaml", CASE_TWIN);
  snprintf(path, sizeof path, "%s/twin.yaml", case_folder);
  if (gm_definition_read(ctx, path, &definition)) {
    fprintf(stderr, "%s\n", gm_message(ctx));
    return -1;
  }
  return 0;
}

static int case_end(void **state)
{
  (void)state;
  char path[260];
  static const char *const file[] = {"body.ant", "twin.yaml", "table.csv"};
  for (size_t i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", case_folder, file[i]);
    unlink(path);
  }
  rmdir(case_folder);
  gm_definition_free(definition);
  gm_ctx_free(ctx);
  return 0;
}

/* ---- what was told --------------------------------------------------------------------------- */
typedef struct {
  gm_text facts, rows;
  gm_mapping_totals totals;
  gm_status status;
  bool ids; /* lines of facts end with id and version */
} case_told;

/* "observation p1 glucose @1714550400 101.50 mg/dL", with "below" or "above", "for 60" s, "taken
 * back" where they are said. */
static inline gm_status case_fact(void *user, const gm_fact *f)
{
  case_told *t = user;
  gm_text_addf(&t->facts, "%s %s %s @%.10g %s%s%s", gm_record_kind_name(f->kind), f->subject,
               f->series, f->t_true_s, f->value, f->unit[0] ? " " : "", f->unit);
  if (f->censored) gm_text_add(&t->facts, f->censored > 0 ? " below" : " above");
  if (f->duration_s > 0) gm_text_addf(&t->facts, " for %.10g", f->duration_s);
  if (f->withdrawn) gm_text_add(&t->facts, " taken back");
  if (t->ids) gm_text_addf(&t->facts, " [%s|%s]", f->id, f->version);
  gm_text_add(&t->facts, "\n");
  return t->facts.status;
}

/* "3 taken 1", and for each refusal " column: reason;". */
static inline gm_status case_row(void *user, const gm_mapping_account *a)
{
  case_told *t = user;
  gm_text_addf(&t->rows, "%lld %s %lld", (long long)a->line, gm_mapping_outcome_name(a->outcome),
               (long long)a->facts);
  for (int32_t i = 0; i < a->refusal_count; i++)
    gm_text_addf(&t->rows, " %s: %s;", a->refusal[i].column, a->refusal[i].reason);
  gm_text_add(&t->rows, "\n");
  return t->rows.status;
}

static inline gm_mapping *case_mapping(const char *text)
{
  gm_mapping *m = NULL;
  if (gm_mapping_parse(ctx, "mapping.yaml", text, strlen(text), definition, &m))
    fail_msg("%s", gm_message(ctx));
  return m;
}

static inline void case_told_free(case_told *t)
{
  gm_text_free(&t->facts);
  gm_text_free(&t->rows);
}

static inline case_told case_read_with(const gm_mapping *m, const char *table, size_t bytes,
                                       bool ids)
{
  case_told t = {.ids = ids};
  gm_text_init(&t.facts, ctx);
  gm_text_init(&t.rows, ctx);
  gm_text_add(&t.facts, "");
  gm_text_add(&t.rows, "");
  t.status =
      gm_mapping_facts_text(ctx, m, "table.csv", table, bytes, case_fact, case_row, &t, &t.totals);
  const gm_mapping_totals *k = &t.totals;
  assert_int_equal(k->rows, k->taken + k->partly + k->nothing + k->refused);
  return t;
}

/* A table through a mapping gives these facts and these accounts of its rows (NULL: not asked). */
static inline void case_expect(const char *mapping, const char *table, bool ids, const char *facts,
                               const char *rows)
{
  gm_mapping *m = case_mapping(mapping);
  case_told t = case_read_with(m, table, strlen(table), ids);
  if (t.status) fail_msg("%s", gm_message(ctx));
  if (facts && strcmp(facts, t.facts.data) != 0)
    fail_msg("facts\n%s---- expected\n%s", t.facts.data, facts);
  if (rows && strcmp(rows, t.rows.data) != 0)
    fail_msg("rows\n%s---- expected\n%s", t.rows.data, rows);
  case_told_free(&t);
  gm_mapping_free(m);
}

/* Head of a mapping of a table with a column p, a column t in ISO 8601. */
#define CASE_HEAD "mapping: m\nsource: s\nsubject: p\ntime: {column: t, format: iso}\n"
#endif
