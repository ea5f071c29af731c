/* test_records_examples.c - the data sets that come along, against what was published of them.
 * label: quick */
#include "gemel/records.h"
#include "interop/records_reader.h"
#include "support/data.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fault memory;
static gm_ctx *ctx;

static int setup(void **state)
{
  (void)state;
  fault_init(&memory);
  ctx = fault_ctx(&memory);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  assert_int_equal(memory.live, 0);
  return 0;
}

static gm_records *read_file(const char *path)
{
  gm_records *r = NULL;
  if (gm_records_read(ctx, path, &r)) fail_msg("%s", gm_message(ctx));
  return r;
}

static int32_t count(const gm_records *r, int32_t evid, const char *observable)
{
  int32_t n = 0;
  for (int32_t i = 0; i < r->record_count; i++)
    n += r->record[i].evid == evid && strcmp(r->record[i].observable, observable) == 0;
  return n;
}

static double covariate(const gm_records *r, int32_t record, const char *name)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (strcmp(r->covariate[i], name) == 0)
      return strtod(r->cell[record * r->covariate_count + i], NULL);
  fail_msg("no covariate %s", name);
  return NAN;
}

/* Warfarin: 32 subjects, a dose each at time 0 and of about 1.5 mg/kg (O'Reilly 1968), 251
 * concentrations of which 4 are 0, 232 activities of the prothrombin complex between 0 and 100
 * %. */
static void warfarin__counts(void **state)
{
  (void)state;
  gm_records *r = read_file("examples/warfarin/warfarin.csv");
  assert_int_equal(r->subject_count, 32);
  assert_int_equal(count(r, 1, ""), 32);
  assert_int_equal(count(r, 0, "cp"), 251);
  assert_int_equal(count(r, 0, "pca"), 232);
  assert_int_equal(r->record_count, 32 + 251 + 232);
  int32_t zeros = 0;
  for (int32_t i = 0; i < r->record_count; i++) {
    const gm_record *c = &r->record[i];
    if (c->evid == 1) continue;
    assert_false(c->missing);
    zeros += strcmp(c->observable, "cp") == 0 && c->value == 0;
    assert_true(c->value >= 0 && c->value <= (c->observable[0] == 'c' ? 25 : 110));
  }
  assert_int_equal(zeros, 4);
  for (int32_t k = 0; k < r->subject_count; k++) {
    const gm_record *first = &r->record[r->subject[k].first];
    double per_kg = first->amount / covariate(r, r->subject[k].first, "WT");
    assert_true(first->evid == 1 && first->time == 0);
    assert_string_equal(first->input, "warfarin");
    assert_true(per_kg > 1.4 && per_kg < 1.6);
  }
  gm_records_free(r);
}

/* Theophylline: 12 subjects, 11 concentrations each after one oral dose; the amounts are those
 * of the NONMEM form of the data set (319.992 mg for subject 1: 4.02 mg/kg, 79.6 kg). */
static void theophylline__counts(void **state)
{
  (void)state;
  gm_records *r = read_file("examples/theophylline/theophylline.csv");
  assert_int_equal(r->subject_count, 12);
  assert_int_equal(count(r, 1, ""), 12);
  assert_int_equal(count(r, 0, ""), 132);
  for (int32_t k = 0; k < 12; k++) assert_int_equal(r->subject[k].count, 12);
  assert_true(r->record[0].amount == 319.992);
  gm_records_free(r);
}

/* Phenobarbital: 59 neonates, 155 concentrations (Grasela & Donn 1985), 589 doses. */
static void phenobarbital__counts(void **state)
{
  (void)state;
  gm_records *r = read_file("examples/phenobarbital/phenobarbital.csv");
  assert_int_equal(r->subject_count, 59);
  assert_int_equal(count(r, 0, ""), 155);
  assert_int_equal(count(r, 1, ""), 589);
  for (int32_t i = 0; i < r->record_count; i++) {
    double apgar = covariate(r, i, "APGAR"), weight = covariate(r, i, "WT");
    assert_true(apgar >= 1 && apgar <= 10 && apgar == floor(apgar));
    assert_true(weight >= 0.6 && weight <= 3.6);
  }
  gm_records_free(r);
}

/* ---- against the files they were taken from ------------------------------------------------ */
enum { CELL_BYTES = 16, CELLS = 20 };
typedef struct {
  FILE *file;
  char cell[CELLS][CELL_BYTES];
} table;

/* A reader as plain as can be: lines without quotes, cells by commas. */
static bool table_next(table *t)
{
  char line[512];
  if (!fgets(line, sizeof line, t->file)) return false;
  memset(t->cell, 0, sizeof t->cell);
  int column = 0, at = 0;
  for (const char *p = line; *p && *p != '\n' && *p != '\r'; p++) {
    if (*p == ',') {
      column++;
      at = 0;
    } else if (column < CELLS && at < CELL_BYTES - 1) {
      t->cell[column][at++] = *p;
    }
  }
  return true;
}

static bool table_open(table *t, const char *file)
{
  char path[512];
  if (!data_path(file, path, sizeof path)) {
    data_skip(file, 1);
    return false;
  }
  t->file = fopen(path, "r");
  assert_non_null(t->file);
  return table_next(t); /* the header */
}

/* Every number of the three files is the one of the collection they come from, in the same
 * order. */
static void examples__same_numbers(void **state)
{
  (void)state;
  table t;
  if (table_open(&t, "pharma/warfarin.csv")) { /* id,time,amt,dv,dvid,evid,wt,age,sex */
    gm_records *r = read_file("examples/warfarin/warfarin.csv");
    int32_t i = 0;
    for (; table_next(&t); i++) {
      const gm_record *c = &r->record[i];
      bool dose = t.cell[5][0] == '1';
      assert_true(c->time == strtod(t.cell[1], NULL) && c->evid == dose);
      assert_true(dose ? c->amount == strtod(t.cell[2], NULL)
                       : c->value == strtod(t.cell[3], NULL));
      assert_string_equal(c->observable, dose ? "" : t.cell[4]);
      assert_true(covariate(r, i, "WT") == strtod(t.cell[6], NULL));
      assert_true(covariate(r, i, "AGE") == strtod(t.cell[7], NULL));
      assert_string_equal(r->cell[i * r->covariate_count + 2], t.cell[8]);
      assert_true(gm_records_subject(r, t.cell[0]) >= 0);
    }
    assert_int_equal(i, r->record_count);
    fclose(t.file);
    gm_records_free(r);
  }
  if (table_open(&t, "pharma/theoph.csv")) { /* Subject,Wt,Dose,Time,conc */
    gm_records *r = read_file("examples/theophylline/theophylline.csv");
    int32_t i = 0;
    for (; table_next(&t); i++) {
      if (r->record[i].evid == 1) {
        double amount = strtod(t.cell[2], NULL) * strtod(t.cell[1], NULL);
        assert_true(fabs(r->record[i].amount - amount) < 1e-9);
        i++;
      }
      assert_true(r->record[i].time == strtod(t.cell[3], NULL));
      assert_true(r->record[i].value == strtod(t.cell[4], NULL));
      assert_true(covariate(r, i, "WT") == strtod(t.cell[1], NULL));
    }
    assert_int_equal(i, r->record_count);
    fclose(t.file);
    gm_records_free(r);
  }
  if (table_open(&t, "pharma/pheno_nonmem.csv")) { /* ID,TIME,AMT,WGT,APGR,DV,FA1,FA2 */
    gm_records *r = read_file("examples/phenobarbital/phenobarbital.csv");
    int32_t i = 0;
    for (; table_next(&t); i++) {
      const gm_record *c = &r->record[i];
      assert_true(c->time == strtod(t.cell[1], NULL) && c->amount == strtod(t.cell[2], NULL));
      if (c->evid == 0) assert_true(c->value == strtod(t.cell[5], NULL));
      assert_true(covariate(r, i, "APGAR") == strtod(t.cell[4], NULL));
    }
    assert_int_equal(i, r->record_count);
    fclose(t.file);
    gm_records_free(r);
  }
}

/* docs/data.md names, in the first two columns of its table and in the list of what is refused,
 * just the columns that the reader knows; `EVID` and the like elsewhere in the text do not
 * count. */
static void docs__same_columns(void **state)
{
  (void)state;
  char *text = NULL;
  assert_int_equal(gm_file_read(ctx, "docs/data.md", 1 << 20, &text, NULL), GM_OK);
  char *part = strstr(text, "## The columns"), *end = strstr(text, "## Kinds of record");
  assert_true(part && end);
  *end = 0;
  part = strstr(part, "|---");
  assert_non_null(part);
  int32_t documented = 0, known = 0;
  bool refusals = false;
  for (char *line = strtok(part, "\n"); line; line = strtok(NULL, "\n")) {
    refusals = refusals || strncmp(line, "Refused by name", 15) == 0;
    if (line[0] != '|' && !refusals) continue;
    const char *stop = refusals ? line + strlen(line) : strchr(strchr(line + 1, '|') + 1, '|');
    for (const char *p = line; (p = strchr(p, '`')) && p < stop; p = strchr(p + 1, '`') + 1) {
      char name[32];
      int n = (int)strcspn(p + 1, "`");
      snprintf(name, sizeof name, "%.*s", n, p + 1);
      bool synonym;
      const char *why;
      gm__column_kind kind = gm__column_find(name, &synonym, &why);
      if (refusals ? !why : kind == GM__COL_COVARIATE || why) fail_msg("docs/data.md: %s", name);
      documented++;
    }
  }
  while (gm__column_known(known)) known++;
  assert_int_equal(documented, known); /* no name stands twice, so equal counts are equal lists */
  gm_free(text);
}

/* The NONMEM files of the collection read as they are, without EVID, with EVID 1, 3 and 4, and
 * with a column C; counts by a look at the files with other tools. */
static void collection__reads(void **state)
{
  (void)state;
  char path[512];
  if (!data_path("pharma/nm_dosing_1001_data.csv", path, sizeof path)) {
    data_skip("files of other programs", 3);
    return;
  }
  gm_records *r = read_file(path);
  assert_int_equal(count(r, 0, ""), 3799);
  assert_int_equal(count(r, 1, ""), 28);
  assert_int_equal(count(r, 4, ""), 8);
  assert_int_equal(count(r, 3, ""), 2);
  gm_records_free(r);
  data_path("pharma/pheno_nonmem.csv", path, sizeof path); /* no EVID, no MDV; times as "0." */
  r = read_file(path);
  assert_int_equal(count(r, 0, ""), 155);
  assert_int_equal(count(r, 1, ""), 589);
  gm_records_free(r);
  data_path("pharma/theo_md.csv", path, sizeof path); /* EVID 101 of nlmixr */
  r = NULL;
  assert_int_equal(gm_records_read(ctx, path, &r), GM_EPARSE);
  assert_non_null(strstr(gm_message(ctx), "theo_md.csv:2:EVID: \"101\""));
  assert_null(r);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(warfarin__counts),       CASE(theophylline__counts), CASE(phenobarbital__counts),
      CASE(examples__same_numbers), CASE(docs__same_columns),   CASE(collection__reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
