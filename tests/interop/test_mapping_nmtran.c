/* test_mapping_nmtran.c - NM-TRAN data files as facts: doses by the rules of docs/schedules.md, by
 * hand; what a fact cannot say is refused.
 * label: quick */
#include "interop/test_mapping_case.h"

#define HEAD "mapping: m\nform: nm-tran\nsource: s\ntime: {origin: 2024-05-01T08:00:00Z, unit: h}\n"

/* Doses and values go where the mapping says, by name or number; values stay as they were written;
 * covariates are told where they change. Hour 1 is 1714554000. */
static void rows__become_facts(void **state)
{
  (void)state;
  case_expect(HEAD "doses: {1: {input: drug, as: given}, pump: {input: insulin, as: reported}}\n"
                   "measured: {cp: {observable: glucose, unit: mmol/L}, 2: {observable: lactate}}\n"
                   "columns: {WT: {covariate: WT}, SEX: {covariate: SEX, values: {0: female, 1: "
                   "male}}}\n",
              "ID,TIME,AMT,CMT,INPUT,DV,DVID,WT,SEX\n"
              "1,0,100,1,.,.,.,70,1\n"
              "1,1,4,1,pump,.,.,70,1\n"
              "1,1,.,.,.,5.60,cp,70,1\n"
              "1,1,.,2,.,1.0,.,70.0,1\n"
              "1,1,.,2,.,1.0,other,70.0,1\n"
              "2,1,9,3,.,.,.,.,0\n",
              false,
              "covariate 1 WT @1714550400 70 kg\ncovariate 1 SEX @1714550400 male\n"
              "given 1 drug @1714550400 100 mg\n"
              "reported 1 insulin @1714554000 4 [IU]\n"
              "observation 1 glucose @1714554000 5.60 mmol/L\n"
              "covariate 1 WT @1714554000 70.0 kg\n"
              "observation 1 lactate @1714554000 1.0 mmol/L\n"
              "covariate 2 SEX @1714554000 female\n",
              "2 taken 3\n3 taken 1\n4 taken 1\n5 taken 2\n6 taken 0\n7 taken 1\n");
}

/* ADDL doses more, II apart; an infusion lasts AMT / RATE; the unit of TIME counts (days here). */
static void doses__expand(void **state)
{
  (void)state;
  case_expect("mapping: m\nform: nm-tran\nsource: s\n"
              "time: {origin: 2024-05-01T08:00:00Z, unit: d}\n"
              "doses: {any: {input: drug, as: given}}\n",
              "ID,TIME,AMT,II,ADDL,RATE\n1,1,50,0.5,2,200\n", false,
              "given 1 drug @1714636800 50 mg for 21600\n"
              "given 1 drug @1714680000 50 mg for 21600\n"
              "given 1 drug @1714723200 50 mg for 21600\n",
              "2 taken 3\n");
}

/* Doses that stand for a steady state lie before it, at its interval; without their number, after
 * other doses (SS = 1), or as a constant infusion it is refused. */
static void doses__steady_state(void **state)
{
  (void)state;
  static const char table[] = "ID,TIME,AMT,II,ADDL,SS,RATE,EVID\n1,0,50,12,1,1,0,1\n"
                              "1,48,50,12,0,1,0,1\n1,48,50,12,0,2,0,1\n2,0,0,0,0,1,5,1\n";
  case_expect(
      HEAD "doses: {any: {input: drug, as: given}}\nsteady-doses: 2\n", table, false,
      "given 1 drug @1714464000 50 mg\ngiven 1 drug @1714507200 50 mg\n"
      "given 1 drug @1714550400 50 mg\ngiven 1 drug @1714593600 50 mg\n"
      "given 1 drug @1714636800 50 mg\ngiven 1 drug @1714680000 50 mg\n"
      "given 1 drug @1714723200 50 mg\n",
      "2 taken 4\n"
      "3 refused 0 SS: steady state that takes the place of earlier doses, which facts "
      "cannot take back;\n"
      "4 taken 3\n"
      "5 refused 0 SS: a constant infusion without beginning, which a fact does not have;\n");
  case_expect(HEAD "doses: {any: {input: drug, as: given}}\n", table, false, "", NULL);
}

/* Ids: those of one row differ, and are the same when the row is read again. */
static void doses__ids(void **state)
{
  (void)state;
  gm_mapping *m = case_mapping(HEAD "doses: {any: {input: drug, as: given}}\nsteady-doses: 1\n");
  static const char table[] = "ID,TIME,AMT,II,ADDL,SS,EVID\n1,0,50,12,1,1,1\n";
  case_told a = case_read_with(m, table, strlen(table), true);
  case_told b = case_read_with(m, table, strlen(table), true);
  assert_string_equal(a.facts.data, b.facts.data);
  assert_non_null(strstr(a.facts.data, "#-1|"));
  assert_non_null(strstr(a.facts.data, "#+1|"));
  case_told_free(&a);
  case_told_free(&b);
  gm_mapping_free(m);
}

/* What a fact has no place for is refused with the reason, and rows that are not rows with theirs;
 * the covariates of a row are told all the same. */
static void rows__refused(void **state)
{
  (void)state;
  case_expect(HEAD "doses: {1: {input: drug, as: given}, 2: {input: syrup, as: given}}\n"
                   "measured: {any: {observable: map}}\ncolumns: {WT: {covariate: WT}}\n",
              "ID,TIME,AMT,RATE,EVID,CMT,ADDL,II,DV,WT\n"
              "1,0,.,.,3,.,.,.,.,70\n"
              "1,0,9,.,4,1,.,.,.,70\n"
              "1,0,9,.,8,1,.,.,.,70\n"
              "1,0,9,-1,1,1,.,.,.,70\n"
              "1,0,9,-2,1,1,.,.,.,70\n"
              "1,0,9,3,1,2,.,.,.,70\n"
              "1,0,9,0,1,1,200000,1,.,70\n"
              "1,0,9,0,101,1,.,.,.,70\n"
              "1,-1,.,.,0,.,.,.,7,70\n"
              "1,9:30,.,.,0,.,.,.,7,70\n"
              "1,0,.,.,0,.,.,.,\"7,5\",70\n"
              ",0,.,.,0,.,.,.,7,70\n"
              "1,0,.,.,2,.,.,.,.,70\n"
              "1,0,9\n",
              false, "covariate 1 WT @1714550400 70 kg\n",
              "2 partly 1 EVID: a reset (EVID 3, 4), which a fact does not have;\n"
              "3 refused 0 EVID: a reset (EVID 3, 4), which a fact does not have;\n"
              "4 refused 0 EVID: a replacement (EVID 8), which a fact does not have;\n"
              "5 refused 0 RATE: a modelled rate or duration, which a fact does not have;\n"
              "6 refused 0 RATE: a modelled rate or duration, which a fact does not have;\n"
              "7 refused 0 RATE: an infusion by its rate into an input with `bioavailability`, "
              "which changes how long it lasts;\n"
              "8 refused 0 ADDL: more than 100,000 doses in one row;\n"
              "9 refused 0 EVID: one of 0, 1, 2, 3, 4, 8 was expected (numbers above 100 are the "
              "compound events of nlmixr and RxODE, not read);\n"
              "10 refused 0 TIME: is negative, times from 0 on were expected;\n"
              "11 refused 0 TIME: is a time of day, elapsed time as a number was expected;\n"
              "12 refused 0 DV: has a decimal comma, a decimal point was expected;\n"
              "13 refused 0 ID: missing or too long, the subject's id is expected;\n"
              "14 taken 0\n"
              "15 refused 0 : 3 cells, 10 as in the header are expected;\n");
}

/* Censored values carry their limit; MDV and missing values are none; comments are counted. */
static void rows__censored_and_missing(void **state)
{
  (void)state;
  gm_mapping *m = case_mapping(HEAD "measured: {any: {observable: map}}\n");
  static const char table[] = "C,ID,TIME,DV,CENS,MDV\n.,1,0,5,1,0\n.,1,0,5,-1,0\n.,1,0,5,0,1\n"
                              "C,1,0,5,0,0\n# remark\n.,1,0,.,0,0\n";
  case_told t = case_read_with(m, table, strlen(table), false);
  assert_int_equal(GM_OK, t.status);
  assert_string_equal("observation 1 map @1714550400 5 mm[Hg] below\n"
                      "observation 1 map @1714550400 5 mm[Hg] above\n",
                      t.facts.data);
  assert_string_equal("2 taken 1\n3 taken 1\n4 nothing 0\n7 nothing 0\n", t.rows.data);
  assert_int_equal(2, t.totals.comments);
  case_told_free(&t);
  gm_mapping_free(m);
}

/* A file without the columns of one, or without a covariate that is named, is none. */
static void file__none(void **state)
{
  (void)state;
  gm_mapping *m = case_mapping(HEAD "measured: {any: {observable: map}}\ncolumns: {WT: {covariate: "
                                    "WT}}\n");
  static const char *const table[] = {"", "ID,DV,WT\n", "ID,TIME,DV\n1,0,5\n", "ID,TIME,WT,DATE\n"};
  static const gm_status expected[] = {GM_EPARSE, GM_EPARSE, GM_ENOTFOUND, GM_EPARSE};
  for (size_t i = 0; i < 4; i++) {
    case_told t = case_read_with(m, table[i], strlen(table[i]), false);
    assert_int_equal(expected[i], t.status);
    assert_int_equal(0, t.totals.rows);
    case_told_free(&t);
  }
  gm_mapping_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows__become_facts),  cmocka_unit_test(doses__expand),
      cmocka_unit_test(doses__steady_state), cmocka_unit_test(doses__ids),
      cmocka_unit_test(rows__refused),       cmocka_unit_test(rows__censored_and_missing),
      cmocka_unit_test(file__none),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
