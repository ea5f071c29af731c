/* test_mapping_data.c - published tables through mappings: every row has its account, and the facts
 * are as many, and say the same, as a plain count of the file's lines finds.
 * label: quick */
#include "interop/test_mapping_case.h"
#include "support/data.h"
#include <math.h>

enum { CELLS = 40 };

typedef struct {
  int64_t facts, rows, subjects;
  double sum;
  char subject[64];
  double first_s, last_s;
} tally;

static gm_status count_fact(void *user, const gm_fact *f)
{
  tally *t = user;
  t->facts++;
  t->sum += f->value[0] ? strtod(f->value, NULL) : 0;
  if (strcmp(t->subject, f->subject) != 0) t->subjects++;
  snprintf(t->subject, sizeof t->subject, "%s", f->subject);
  if (t->facts == 1) t->first_s = f->t_true_s;
  t->last_s = f->t_true_s;
  return GM_OK;
}

static gm_status count_row(void *user, const gm_mapping_account *a)
{
  (void)a;
  ((tally *)user)->rows++;
  return GM_OK;
}

/* Reads a file of the data folder; false: it is not there. */
static bool read_file(const char *file, const char *mapping, gm_mapping_totals *totals, tally *t)
{
  char path[600];
  *t = (tally){0};
  if (!data_path(file, path, sizeof path)) {
    data_skip(file, 1);
    return false;
  }
  gm_mapping *m = case_mapping(mapping);
  if (gm_mapping_facts(ctx, m, path, count_fact, count_row, t, totals))
    fail_msg("%s", gm_message(ctx));
  gm_mapping_free(m);
  assert_int_equal(totals->rows, t->rows);
  assert_int_equal(totals->facts, t->facts);
  assert_int_equal(totals->rows,
                   totals->taken + totals->partly + totals->nothing + totals->refused);
  print_message("%s: %lld rows, %lld facts, %lld refused\n", file, (long long)totals->rows,
                (long long)totals->facts, (long long)totals->refused);
  return true;
}

/* Calls back for each row of a file of plain cells (no quotes with commas in them). */
static int64_t plain_rows(const char *file, bool (*wanted)(char **cell), double *sum, int32_t value)
{
  char path[600], line[4000];
  assert_true(data_path(file, path, sizeof path));
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  int64_t count = 0;
  for (int64_t row = 0; fgets(line, sizeof line, f); row++) {
    char *cell[CELLS] = {0}, *rest = line;
    line[strcspn(line, "\r\n")] = 0;
    for (int32_t i = 0; i < CELLS && rest; i++) cell[i] = strsep(&rest, ",");
    if (!row || !wanted(cell)) continue;
    count++;
    if (sum) *sum += strtod(cell[value], NULL);
  }
  fclose(f);
  return count;
}

static bool any_row(char **cell) { return cell[1] && cell[1][0]; }

/* A month of a glucose sensor: as many facts as lines, and the mean that was published with it. */
static void cgm__azt1d(void **state)
{
  (void)state;
  static const char file[] = "t1d/cgm_real/azt1d_subject1.csv";
  gm_mapping_totals k;
  tally t;
  if (!read_file(
          file,
          "mapping: m\nsource: azt1d\nlicence: CC BY 4.0\nclass: device\n"
          "subject: {is: subject-1}\ntime: {column: timestamp, format: local, zone: "
          "\"-07:00\"}\ncolumns: {glucose_value_mg_dl: {observable: glucose, unit: mg/dL}}\n",
          &k, &t))
    return;
  assert_int_equal(plain_rows(file, any_row, NULL, 0), k.facts);
  assert_int_equal(10449, k.facts);                               /* azt1d_metadata.csv */
  assert_true(fabs(t.sum / (double)k.facts - 140.765911) < 1e-6); /* cgm_metrics_expected.csv */
  assert_true(t.first_s == 1702019040); /* date -d "2023-12-08 00:04 -0700" */
}

static bool of_physionet(char **cell)
{
  static const char *const name[] = {"Age", "Gender", "Weight", "Lactate", "MAP", "Glucose"};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++)
    if (!strcmp(cell[2], name[i])) return strcmp(cell[3], "-1") != 0;
  return false;
}

/* 200 stays of PhysioNet's challenge of 2012: clock times, a long table, -1 for missing. */
static void icu__physionet_2012(void **state)
{
  (void)state;
  static const char file[] = "critical-care/icu/physionet2012_set_a_200.csv";
  gm_mapping_totals k;
  tally t;
  if (!read_file(file,
                 "mapping: m\nsource: physionet2012\nsubject: RecordID\n"
                 "time: {column: Time, format: clock, origin: 2101-01-01T00:00:00Z}\n"
                 "file: {missing: [\"-1\"]}\nrows:\n  name: Parameter\n  value: Value\n  is:\n"
                 "    Age: {covariate: AGE, unit: a}\n"
                 "    Gender: {covariate: SEX, values: {0: female, 1: male}}\n"
                 "    Weight: {covariate: WT, unit: kg}\n"
                 "    Lactate: {observable: lactate, unit: mmol/L}\n"
                 "    MAP: {observable: map, unit: mmHg}\n"
                 "    Glucose: {observable: glucose, unit: mg/dL}\n",
                 &k, &t))
    return;
  assert_int_equal(plain_rows(file, of_physionet, NULL, 0), k.facts);
  assert_int_equal(0, k.refused);
  assert_int_equal(200, t.subjects);
}

static bool of_mimic(char **cell)
{
  return !strcmp(cell[2], "lactate") || !strcmp(cell[2], "MBP") || !strcmp(cell[2], "glucose_lab");
}

/* 35 stays of MIMIC-III's demo: minutes since admission, also before it. */
static void icu__mimic_observations(void **state)
{
  (void)state;
  static const char file[] = "critical-care/icu/mimic3demo_sepsis_obs.csv";
  gm_mapping_totals k;
  tally t;
  double sum = 0;
  if (!read_file(file,
                 "mapping: m\nsource: mimic3demo\nlicence: ODbL 1.0\nsubject: icustay_id\n"
                 "time: {column: t_min, format: elapsed, unit: min, origin: 2101-01-01T00:00:00Z}\n"
                 "rows:\n  name: var\n  value: value\n  is:\n"
                 "    lactate: {observable: lactate, unit: mmol/L}\n"
                 "    MBP: {observable: map, unit: mmHg}\n"
                 "    glucose_lab: {observable: glucose, unit: mg/dL}\n",
                 &k, &t))
    return;
  assert_int_equal(plain_rows(file, of_mimic, &sum, 3), k.facts);
  assert_int_equal(0, k.refused);
  assert_true(fabs(t.sum - sum) < 1e-6 * sum);
}

/* Its infusions: amount and unit in columns, begin and end; what ends before it begins is refused.
 */
static void icu__mimic_infusions(void **state)
{
  (void)state;
  gm_mapping_totals k;
  tally t;
  if (!read_file("critical-care/icu/mimic3demo_sepsis_inputs.csv",
                 "mapping: m\nsource: mimic3demo\nsubject: icustay_id\n"
                 "time: {column: start_min, format: elapsed, unit: min, "
                 "origin: 2101-01-01T00:00:00Z}\n"
                 "rows:\n  name: drug\n  value: amount\n  unit: unit\n  is:\n"
                 "    Norepinephrine: {input: drug, as: given, end: end_min}\n"
                 "    Fentanyl: {input: drug, as: given, end: end_min}\n",
                 &k, &t))
    return;
  assert_int_equal(1743, k.rows); /* wc -l, less the header */
  /* awk: 427 rows of the two drugs, one of which ends before it begins and one is an amount of 0 */
  assert_int_equal(427 - 2, k.facts);
  assert_int_equal(1, k.refused);
}

/* Remifentanil in 65 adults: amounts with their rates, covariates at each row. */
static bool of_remifentanil(char **cell) { return strcmp(cell[3], "NA") != 0; }
static bool dose_of_remifentanil(char **cell)
{
  return strcmp(cell[5], "NA") != 0 && strtod(cell[5], NULL) > 0;
}

static void pk__remifentanil(void **state)
{
  (void)state;
  static const char file[] = "pharma/remifentanil.csv";
  gm_mapping_totals k;
  tally t;
  if (!read_file(file,
                 "mapping: m\nsource: nlme\nsubject: {column: ID, prefix: Patient/}\n"
                 "id: {columns: [ID, Time]}\n"
                 "time: {column: Time, format: elapsed, unit: min, origin: 2020-01-01T00:00:00Z}\n"
                 "columns:\n  conc: {observable: glucose, unit: ng/mL}\n"
                 "  Amt: {input: drug, unit: ug, as: given, rate: {column: Rate, unit: ug/min}}\n"
                 "  Sex: {covariate: SEX, values: {Male: male, Female: female}}\n"
                 "  Wt: {covariate: WT, unit: kg}\n",
                 &k, &t))
    return;
  int64_t measured = plain_rows(file, of_remifentanil, NULL, 0);
  int64_t doses = plain_rows(file, dose_of_remifentanil, NULL, 0);
  assert_int_equal(measured + doses + 65 * 2, k.facts);
  assert_int_equal(65, t.subjects);
  assert_int_equal(0, k.refused);
}

/* Warfarin in the NM-TRAN form: 32 doses, 251 concentrations (docs/data.md), sex and weight of each
 * of 32 subjects. */
static void pk__warfarin(void **state)
{
  (void)state;
  gm_mapping_totals k;
  tally t;
  if (!read_file("pharma/warfarin.csv",
                 "mapping: m\nform: nm-tran\nsource: oreilly\n"
                 "time: {origin: 2020-01-01T00:00:00Z, unit: h}\n"
                 "doses: {any: {input: drug, as: given}}\n"
                 "measured: {cp: {observable: glucose, unit: mg/L}}\n"
                 "columns: {wt: {covariate: WT}, sex: {covariate: SEX}}\n",
                 &k, &t))
    return;
  assert_int_equal(32 + 251 + 2 * 32, k.facts);
  assert_int_equal(515, k.rows);
  assert_int_equal(0, k.refused);
  assert_int_equal(32, t.subjects);
}

/* NONMEM's 29 ways to dose: what is not told is told why. */
static void pk__ways_to_dose(void **state)
{
  (void)state;
  gm_mapping_totals k;
  tally t;
  if (!read_file("pharma/nm_dosing_1001_data.csv",
                 "mapping: m\nform: nm-tran\nsource: nmtests\nsteady-doses: 20\n"
                 "time: {origin: 2020-01-01T00:00:00Z, unit: h}\n"
                 "doses: {any: {input: drug, as: given}}\n",
                 &k, &t))
    return;
  assert_int_equal(3837, k.rows);
  assert_int_equal(3837, k.taken + k.nothing + k.refused);
  assert_true(k.refused > 0 && k.refused < 29);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cgm__azt1d),
      cmocka_unit_test(icu__physionet_2012),
      cmocka_unit_test(icu__mimic_observations),
      cmocka_unit_test(icu__mimic_infusions),
      cmocka_unit_test(pk__remifentanil),
      cmocka_unit_test(pk__warfarin),
      cmocka_unit_test(pk__ways_to_dose),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
