/* test_mapping.c - what a table says is what the facts say; every row has its account. Expected
 * facts by hand.
 * label: quick */
#include "interop/test_mapping_case.h"
#include "support/fault.h"
#include <math.h>

#define T8 "2024-05-01T08:00:00Z" /* 1714550400 */

/* ---- wide tables ----------------------------------------------------------------------------- */
/* Each cell that is asked for becomes a fact with its number as it was written; other columns map
 * to nothing; an empty cell is no value. */
static void wide__cells_become_facts(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns:\n  g: {observable: glucose, unit: mg/dL}\n"
                        "  l: {observable: lactate, unit: mmol/L}\n",
              "p,t,g,note,l\np1," T8 ",101.50,x,\np2," T8 ",5.0e1,,1.0\np2," T8 ",.,NA,NA\n", false,
              "observation p1 glucose @1714550400 101.50 mg/dL\n"
              "observation p2 glucose @1714550400 5.0e1 mg/dL\n"
              "observation p2 lactate @1714550400 1.0 mmol/L\n",
              "2 taken 1\n3 taken 2\n4 nothing 0\n");
}

/* The source, licence and code go with the fact, and the class of its column before that of all. */
static gm_status one_fact(void *user, const gm_fact *f)
{
  int32_t *count = user;
  assert_string_equal("clinic", f->source);
  assert_string_equal("CC BY 4.0", f->licence);
  assert_string_equal("loinc|2345-7", f->code);
  assert_int_equal(GM_CLASS_DEVICE, f->data_class);
  assert_int_equal(GM_RECORD_OBSERVATION, f->kind);
  assert_false(f->withdrawn);
  (*count)++;
  return GM_OK;
}

static void wide__what_goes_with_a_fact(void **state)
{
  (void)state;
  int32_t count = 0;
  gm_mapping_totals totals;
  gm_mapping *m =
      case_mapping("mapping: m\nsource: clinic\nlicence: CC BY 4.0\nclass: clinical\nsubject: p\n"
                   "time: {column: t, format: iso}\ncolumns:\n"
                   "  g: {observable: glucose, unit: mg/dL, code: loinc|2345-7, class: device}\n");
  static const char table[] = "p,t,g\np1," T8 ",101.50\n";
  assert_int_equal(GM_OK, gm_mapping_facts_text(ctx, m, "t", table, strlen(table), one_fact, NULL,
                                                &count, &totals));
  assert_int_equal(1, count);
  gm_mapping_free(m);
}

/* The id is BLAKE2b-128 of the row's bytes unless stated (figure of b2sum -l 128), with the column
 * behind it. */
static void wide__ids_and_versions(void **state)
{
  (void)state;
  static const char table[] = "p,t,g,k,v\np1," T8 ",101.50,7,2\n";
#define G "columns: {g: {observable: glucose, unit: mg/dL}}\n"
  case_expect(CASE_HEAD G, "p,t,g\np1," T8 ",101.50\n", true,
              "observation p1 glucose @1714550400 101.50 mg/dL "
              "[b42deb719272f8d622dd52a1ee37c2f2#g|b42deb719272f8d622dd52a1ee37c2f2]\n",
              NULL);
  case_expect(CASE_HEAD "id: k\nversion: v\n" G, table, true,
              "observation p1 glucose @1714550400 101.50 mg/dL [7#g|2]\n", NULL);
  case_expect(CASE_HEAD "id: {columns: [p, k], prefix: x/}\nversion: {is: line}\n" G, table, true,
              "observation p1 glucose @1714550400 101.50 mg/dL [x/p1|7#g|2]\n", NULL);
}

/* Subjects: one for all rows, joined columns, a prefix; a row without one is refused. */
static void wide__subjects(void **state)
{
  (void)state;
  case_expect("mapping: m\nsource: s\nsubject: {is: anna}\ntime: {column: t, format: iso}\n" G,
              "t,g\n" T8 ",1\n", false, "observation anna glucose @1714550400 1 mg/dL\n",
              "2 taken 1\n");
  case_expect("mapping: m\nsource: s\nsubject: {columns: [a, b], prefix: Patient/}\n"
              "time: {column: t, format: iso}\n" G,
              "a,b,t,g\nx,1," T8 ",1\nx,," T8 ",2\nx,,,\n", false,
              "observation Patient/x|1 glucose @1714550400 1 mg/dL\n",
              "2 taken 1\n3 refused 0 b: missing, whose it is is expected;\n4 nothing 0\n");
}

/* A covariate is told where it changes within the rows of a subject. One that is refused is refused
 * each time. */
static void wide__covariates_where_they_change(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns:\n  sex: {covariate: SEX, values: {F: female, M: male}}\n"
                        "  w: {covariate: WT, unit: g}\n",
              "p,t,sex,w\na," T8 ",F,70000\na," T8 ",F,70000\na," T8 ",F,71000\nb," T8
              ",F,71000\nb," T8 ",X,71000\nb," T8 ",X,71000\nb," T8 ",M,.\n",
              false,
              "covariate a SEX @1714550400 female\ncovariate a WT @1714550400 70000 g\n"
              "covariate a WT @1714550400 71000 g\n"
              "covariate b SEX @1714550400 female\ncovariate b WT @1714550400 71000 g\n"
              "covariate b SEX @1714550400 male\n",
              "2 taken 2\n3 taken 0\n4 taken 1\n5 taken 2\n"
              "6 refused 0 sex: a word that `values` of the mapping does not have;\n"
              "7 refused 0 sex: a word that `values` of the mapping does not have;\n"
              "8 taken 1\n");
}

/* Levels without a list of words are the definition's own; words of numbers become numbers. */
static void wide__words(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns:\n  sex: {covariate: SEX}\n"
                        "  l: {observable: lactate, unit: mmol/L, values: {none: 0}}\n",
              "p,t,sex,l\na," T8 ",male,none\na," T8 ",Male,much\n", false,
              "covariate a SEX @1714550400 male\nobservation a lactate @1714550400 0 mmol/L\n",
              "2 taken 2\n3 refused 0 sex: SEX: a level that the definition does not have; "
              "l: lactate: not a decimal number;\n");
}

/* ---- numbers --------------------------------------------------------------------------------- */
/* Limits: "<", "<=", "≤" are below, their mirror images above; words of a sensor through marks. */
static void values__limits(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns: {g: {observable: glucose, unit: mg/dL, marks: {Low: \"<40\", "
                        "High: \">400\"}}}\n",
              "p,t,g\na," T8 ",<0.5\na," T8 ",<= 40\na," T8 ",> 400\na," T8 ",\xE2\x89\xA5"
              "1\na," T8 ",Low\na," T8 ",High\na," T8 ",low\n",
              false,
              "observation a glucose @1714550400 0.5 mg/dL below\n"
              "observation a glucose @1714550400 40 mg/dL below\n"
              "observation a glucose @1714550400 400 mg/dL above\n"
              "observation a glucose @1714550400 1 mg/dL above\n"
              "observation a glucose @1714550400 40 mg/dL below\n"
              "observation a glucose @1714550400 400 mg/dL above\n",
              "2 taken 1\n3 taken 1\n4 taken 1\n5 taken 1\n6 taken 1\n7 taken 1\n"
              "8 refused 0 g: glucose: not a decimal number;\n");
}

/* A limit is of what was measured: as an amount given it is refused. */
static void values__limits_are_of_observables(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg, as: given}}\n",
              "p,t,d\na," T8 ",<5\n", false, "", "2 refused 0 d: drug: not a decimal number;\n");
}

/* A decimal comma only where it is stated, a point only where it is not: 1,500 and 1.500 are two
 * things. */
static void values__decimal_sign(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "file: {decimal: comma}\n" G,
              "p;t;g\na;" T8 ";1,50\na;" T8 ";7\na;" T8 ";1.500\na;" T8 ";1,5,0\na;" T8 ";<0,5\n",
              false,
              "observation a glucose @1714550400 1.50 mg/dL\n"
              "observation a glucose @1714550400 7 mg/dL\n"
              "observation a glucose @1714550400 0.5 mg/dL below\n",
              "2 taken 1\n3 taken 1\n"
              "4 refused 0 g: a point in a number, where the mapping states a decimal comma;\n"
              "5 refused 0 g: glucose: not a decimal number;\n6 taken 1\n");
  case_expect(CASE_HEAD G, "p;t;g\na;" T8 ";1,50\n", false, "",
              "2 refused 0 g: a comma in a number, where the mapping states a decimal point;\n");
  gm_mapping *m = case_mapping(CASE_HEAD "file: {decimal: comma}\n" G);
  static const char table[] = "p,t,g\na," T8 ",1\n";
  case_told t = case_read_with(m, table, strlen(table), false);
  assert_int_equal(GM_EPARSE, t.status);
  assert_non_null(strstr(gm_message(ctx), "a comma between cells"));
  case_told_free(&t);
  gm_mapping_free(m);
}

/* Units in a column, in everyday spellings or the mapping's own; the one stated where the cell is
 * empty; one that is not known, or does not convert, is refused. */
static void values__units_in_a_column(void **state)
{
  (void)state;
  case_expect(
      "mapping: m\nsource: s\nsubject: p\ntime: {column: t, format: iso}\n"
      "units: {zuckermass: mmol/L}\n"
      "columns: {g: {observable: glucose, unit: {column: u}}}\n",
      "p,t,g,u\na," T8 ",100,mcg/mL\na," T8 ",5,mmol/L\na," T8 ",5,zuckermass\na," T8 ",5,\na," T8
      ",5,furlong\na," T8 ",5,kg\n",
      false,
      "observation a glucose @1714550400 100 ug/mL\n"
      "observation a glucose @1714550400 5 mmol/L\n"
      "observation a glucose @1714550400 5 mmol/L\n",
      "2 taken 1\n3 taken 1\n4 taken 1\n5 refused 0 u: no unit; a UCUM code is expected;\n"
      "6 refused 0 u: a unit that is not known; `units` of the mapping can say what it is;\n"
      "7 refused 0 g: glucose: cannot convert a unit of dimension g to one of dimension "
      "g.m-3;\n");
}

/* ---- long tables ----------------------------------------------------------------------------- */
static void long__names_become_series(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "rows:\n  name: n\n  value: v\n  unit: u\n  is:\n"
                        "    Glu: {observable: glucose}\n"
                        "    Lac: {observable: lactate, unit: mmol/L}\n"
                        "    Sex: {covariate: SEX, values: {0: female, 1: male}}\n"
                        "    Ins: {input: insulin, as: ordered}\n",
              "p,t,n,v,u\na," T8 ",Glu,5,mmol/L\na," T8 ",Lac,2,\na," T8 ",Sex,1,\na," T8
              ",Ins,4,[IU]\na," T8 ",Na,140,mmol/L\na," T8 ",Glu,,mg/dL\na," T8 ",Glu,9,\na," T8
              ",Lac,2,kg\n",
              false,
              "observation a glucose @1714550400 5 mmol/L\n"
              "observation a lactate @1714550400 2 mmol/L\n"
              "covariate a SEX @1714550400 male\n"
              "ordered a insulin @1714550400 4 [IU]\n",
              "2 taken 1\n3 taken 1\n4 taken 1\n5 taken 1\n6 nothing 0\n7 nothing 0\n"
              "8 refused 0 u: no unit; a UCUM code is expected;\n"
              "9 refused 0 v: lactate: cannot convert a unit of dimension g to one of dimension "
              "mol.m-3;\n");
}

/* ---- doses ----------------------------------------------------------------------------------- */
/* Given, ordered and reported stay apart; an amount of 0 is none unless asked for; below 0 it is
 * refused. */
static void doses__kinds_and_zeros(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns:\n  a: {input: drug, unit: g, as: given}\n"
                        "  b: {input: drug, unit: mg, as: ordered, zeros: taken}\n"
                        "  c: {input: insulin, unit: \"[IU]\", as: reported}\n",
              "p,t,a,b,c\nx," T8 ",0.5,0,4\nx," T8 ",0,.,0\nx," T8 ",-1,2,\n", false,
              "given x drug @1714550400 0.5 g\nordered x drug @1714550400 0 mg\n"
              "reported x insulin @1714550400 4 [IU]\n"
              "ordered x drug @1714550400 2 mg\n",
              "2 taken 3\n3 nothing 0\n4 partly 1 a: drug: below 0, an amount is expected;\n");
}

/* Where a column says which, each row goes its way; a word that is not known is refused. */
static void doses__kinds_in_a_column(void **state)
{
  (void)state;
  case_expect(CASE_HEAD
              "columns: {d: {input: drug, unit: mg, as: {column: k, values: {G: given, O: "
              "ordered}}}}\n",
              "p,t,d,k\nx," T8 ",1,G\nx," T8 ",2,O\nx," T8 ",3,X\nx," T8 ",4,\n", false,
              "given x drug @1714550400 1 mg\nordered x drug @1714550400 2 mg\n",
              "2 taken 1\n3 taken 1\n"
              "4 refused 0 k: a word that `as` of the mapping does not have;\n"
              "5 refused 0 k: a word that `as` of the mapping does not have;\n");
}

/* How long a dose took: stated, in a column, by its rate (60 mg at 120 mg/h: half an hour), by its
 * end. */
static void doses__how_long(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg, as: given, duration: 30 min}}\n",
              "p,t,d\nx," T8 ",5\n", false, "given x drug @1714550400 5 mg for 1800\n", NULL);
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg, as: given, duration: {column: m, "
                        "unit: min}}}\n",
              "p,t,d,m\nx," T8 ",5,1.5\nx," T8 ",5,\nx," T8 ",5,-1\nx," T8 ",5,q\n", false,
              "given x drug @1714550400 5 mg for 90\ngiven x drug @1714550400 5 mg\n",
              "2 taken 1\n3 taken 1\n4 refused 0 m: below 0, a duration is expected;\n"
              "5 refused 0 m: no number;\n");
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg, as: given, rate: {column: r, unit: "
                        "g/h}}}\n",
              "p,t,d,r\nx," T8 ",60,0.12\nx," T8 ",60,0\nx," T8 ",60,\nx," T8 ",60,-1\n", false,
              "given x drug @1714550400 60 mg for 1800\ngiven x drug @1714550400 60 mg\n"
              "given x drug @1714550400 60 mg\n",
              NULL);
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg, as: given, rate: 60 mg/h}}\n",
              "p,t,d\nx," T8 ",5\n", false, "given x drug @1714550400 5 mg for 300\n", NULL);
  case_expect(CASE_HEAD "columns: {d: {input: drug, unit: mg/h, as: given, end: e}}\n",
              "p,t,d,e\nx," T8 ",5,2024-05-01T10:30:00+01:00\nx," T8 ",5,\nx," T8
              ",5,2024-05-01T07:00:00Z\n",
              false, "given x drug @1714550400 5 mg/h for 5400\n",
              "2 taken 1\n3 refused 0 e: no end, the time when it ended is expected;\n"
              "4 refused 0 e: an end before its beginning;\n");
}

/* What was said in error is taken back under its id, whatever else the row says. */
static void withdrawn__takes_back(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "id: k\nversion: v\nwithdrawn: {column: w, is: [x, error]}\n" G,
              "p,t,g,k,v,w\na," T8 ",1,k1,1,ok\na," T8 ",,k1,2,error\n", true,
              "observation a glucose @1714550400 1 mg/dL [k1#g|1]\n"
              "observation a glucose @1714550400  taken back [k1#g|2]\n",
              "2 taken 1\n3 taken 1\n");
}

/* ---- the text of the table ------------------------------------------------------------------- */
/* Rows that cannot be read are refused, and the ones behind them are read. */
static void table__bad_rows_are_refused_alone(void **state)
{
  (void)state;
  case_expect(CASE_HEAD "file: {comments: \"#\"}\n" G,
              "# export\np,t,g\n\na," T8 ",1\na," T8 "\na," T8 ",\"2\n# remark\na," T8
              ",\"3\"x\na," T8 ",\xFF\na," T8 ",1,2\na,yesterday,5\na," T8 ",\"4\"\r\n",
              false,
              "observation a glucose @1714550400 1 mg/dL\nobservation a glucose @1714550400 4 "
              "mg/dL\n",
              "4 taken 1\n5 refused 0 : 2 cells, 3 as in the header are expected;\n"
              "6 refused 0 : a quote that does not end on its line;\n"
              "8 refused 0 : text behind a closing quote;\n"
              "9 refused 0 : not text in UTF-8 without control characters;\n"
              "10 refused 0 : 4 cells, 3 as in the header are expected;\n"
              "11 refused 0 t: no time in the format stated;\n12 taken 1\n");
}

/* Delimiters are found or stated; names can be stated where there is no header. */
static void table__delimiters_and_names(void **state)
{
  (void)state;
  static const char fact[] = "observation a glucose @1714550400 1 mg/dL\n";
  case_expect(CASE_HEAD G, "p\tt\tg\na\t" T8 "\t1\n", false, fact, "2 taken 1\n");
  case_expect(CASE_HEAD G, "\xEF\xBB\xBFp|t|g\na|" T8 "|1\n", false, fact, "2 taken 1\n");
  case_expect(CASE_HEAD "file: {delimiter: \";\"}\n" G, "p;t;g;x,y,z,w\na;" T8 ";1;\n", false, fact,
              "2 taken 1\n");
  case_expect(CASE_HEAD "file: {delimiter: tab, names: [t, p, g]}\n" G, T8 "\ta\t1\n", false, fact,
              "1 taken 1\n");
  case_expect(CASE_HEAD "file: {missing: [\"-1\"]}\n" G, "p,t,g\na," T8 ",-1\na," T8 ",NA\n", false,
              "", "2 nothing 0\n3 refused 0 g: glucose: not a decimal number;\n");
}

/* Where there is no table, reading ends and says why. */
static void table__none(void **state)
{
  (void)state;
  static const struct {
    const char *table;
    gm_status status;
    const char *message;
  } w[] = {
      {"", GM_EPARSE, "table.csv: no header, names of columns are expected"},
      {"p,t\na,b\n", GM_ENOTFOUND, "table.csv: there is no column \"g\", which mapping.yaml names"},
      {"p,t,g,g\n", GM_EPARSE, "table.csv: column \"g\" is there twice"},
      {"p,t,\"g\n", GM_EPARSE, "table.csv: a quote in the header"},
      {"\xFF\xFEp", GM_EPARSE, "table.csv:1: the file is UTF-16"},
  };
  gm_mapping *m = case_mapping(CASE_HEAD G);
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
    case_told t = case_read_with(m, w[i].table, strlen(w[i].table), false);
    assert_int_equal(w[i].status, t.status);
    if (strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s", gm_message(ctx));
    assert_int_equal(0, t.totals.rows);
    case_told_free(&t);
  }
  gm_mapping_totals totals;
  assert_int_equal(GM_EIO, gm_mapping_facts(ctx, m, "no-such-file.csv", NULL, NULL, NULL, &totals));
  assert_int_equal(GM_EIO, gm_mapping_facts(ctx, m, case_folder, NULL, NULL, NULL, &totals));
  gm_mapping_free(m);
}

/* What a listener returns ends the reading; what was told before it is in the totals. */
static gm_status stop_at(void *user, const gm_mapping_account *a)
{
  (void)user;
  return a->line == 3 ? GM_ECANCELLED : GM_OK;
}

static void table__listeners_stop(void **state)
{
  (void)state;
  static const char table[] = "p,t,g\na," T8 ",1\na," T8 ",2\na," T8 ",3\n";
  gm_mapping_totals totals;
  gm_mapping *m = case_mapping(CASE_HEAD G);
  assert_int_equal(GM_ECANCELLED, gm_mapping_facts_text(ctx, m, "t", table, strlen(table), NULL,
                                                        stop_at, NULL, &totals));
  assert_int_equal(2, totals.rows);
  assert_int_equal(2, totals.facts);
  gm_mapping_free(m);
}

/* No reason quotes what stands in a cell: rows of nothing but a secret are refused without it. */
static void reasons__quote_no_value(void **state)
{
  (void)state;
  static const char *const table[] = {
      "p,t,g,u,d,m,sex\na," T8 ",Hugo,mg/dL,Hugo,Hugo,Hugo\na," T8
      ",1,Hugo,1,Hugo,\na,Hugo,1,,,,\n",
      "p,t,g,u,d,m,sex\na,Hugo Hugo,Hugo,Hugo,Hugo,Hugo,Hugo\nHugo\n\"Hugo\n"};
  gm_mapping *m = case_mapping(
      CASE_HEAD "columns:\n  g: {observable: glucose, unit: {column: u}}\n"
                "  d: {input: drug, unit: mg, as: given, duration: {column: m, unit: min}}\n"
                "  sex: {covariate: SEX}\n");
  for (size_t i = 0; i < 2; i++) {
    case_told t = case_read_with(m, table[i], strlen(table[i]), false);
    assert_int_equal(GM_OK, t.status);
    assert_int_equal(0, t.totals.facts);
    assert_true(t.totals.refused >= 3);
    assert_null(strstr(t.rows.data, "Hugo"));
    case_told_free(&t);
  }
  gm_mapping_free(m);
  static const char *const items = "ID,TIME,AMT,RATE,II,ADDL,SS,EVID,CMT,DV,MDV,CENS\n";
  m = case_mapping("mapping: m\nform: nm-tran\nsource: s\ntime: {origin: " T8 "}\n"
                   "doses: {any: {input: drug, as: given}}\n"
                   "measured: {any: {observable: glucose}}\n");
  for (int32_t k = 1; k < 12; k++) {
    char rows[400];
    size_t n = (size_t)snprintf(rows, sizeof rows, "%s", items);
    for (int32_t i = 0; i < 12; i++)
      n += (size_t)snprintf(rows + n, sizeof rows - n, "%s%s", i ? "," : "",
                            i == k             ? "\"Hu\"\"go\""
                            : i == 2 || i == 7 ? "1"
                                               : "0");
    case_told t = case_read_with(m, rows, strlen(rows), false);
    assert_int_equal(GM_OK, t.status);
    assert_int_equal(1, t.totals.refused);
    if (strstr(t.rows.data, "Hu") || strstr(t.rows.data, "go\"")) fail_msg("%s", t.rows.data);
    case_told_free(&t);
  }
  gm_mapping_free(m);
}

/* ---- size and memory ------------------------------------------------------------------------- */
/* A table a hundred times as long takes no more memory: as many allocations, and none is left. */
static int64_t allocations_of(int32_t rows)
{
  fault f;
  char path[260];
  gm_mapping *m = NULL;
  gm_mapping_totals totals;
  static const char yaml[] = CASE_HEAD "columns: {g: {observable: glucose, unit: mmol/L}, "
                                       "s: {covariate: SEX}}\n";
  snprintf(path, sizeof path, "%s/table.csv", case_folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fprintf(file, "p,t,g,s\n");
  for (int32_t i = 0; i < rows; i++)
    fprintf(file, "p%d,2024-05-%02dT08:%02d:00Z,%d.%d,%s\n", (int)(i / 100), (int)(i % 28 + 1),
            (int)(i % 60), (int)(i % 30), (int)(i % 10), i % 7 ? "male" : "bad");
  assert_int_equal(0, fclose(file));
  fault_init(&f);
  gm_ctx *c = fault_ctx(&f);
  assert_int_equal(GM_OK, gm_mapping_parse(c, "m", yaml, strlen(yaml), definition, &m));
  int64_t before = f.calls;
  assert_int_equal(GM_OK, gm_mapping_facts(c, m, path, NULL, NULL, NULL, &totals));
  int64_t calls = f.calls - before;
  assert_int_equal(rows, totals.rows);
  assert_int_equal(rows, totals.taken + totals.partly);
  gm_mapping_free(m);
  gm_ctx_free(c);
  assert_int_equal(0, f.live);
  return calls;
}

static void table__memory_does_not_grow(void **state)
{
  (void)state;
  int64_t few = allocations_of(1000), many = allocations_of(100000);
  assert_int_equal(few, many);
}

static gm_status trial(gm_ctx *c, void *user)
{
  const char *const *text = user;
  gm_mapping *m = NULL;
  gm_mapping_totals totals;
  gm_status s = gm_mapping_parse(c, "m", text[0], strlen(text[0]), definition, &m);
  if (!s) s = gm_mapping_facts_text(c, m, "t", text[1], strlen(text[1]), NULL, NULL, NULL, &totals);
  gm_mapping_free(m);
  return s;
}

/* Any allocation may fail. */
static void table__out_of_memory(void **state)
{
  (void)state;
  const char *wide[] = {
      CASE_HEAD "id: {columns: [p, t]}\ncolumns:\n"
                "  g: {observable: glucose, unit: {column: u}}\n"
                "  d: {input: drug, unit: mg, as: given, duration: {column: m, unit: min}}\n"
                "  sex: {covariate: SEX, values: {F: female}}\n",
      "p,t,g,u,d,m,sex\na," T8 ",1,mg/dl,2,3,F\nb," T8 ",x,y,z,w,v\n"};
  const char *nm[] = {
      "mapping: m\nform: nm-tran\nsource: s\ntime: {origin: " T8 "}\n"
      "doses: {any: {input: drug, as: given}}\ncolumns: {WT: {covariate: WT}}\n"
      "measured: {any: {observable: glucose}}\n",
      "ID,TIME,AMT,II,ADDL,DV,WT\n1,0,5,24,2,.,70\n1,1,.,.,.,7,70\n1,2,.,.,.,q,70\n"};
  assert_true(fault_sweep("gm_mapping", trial, wide) > 10);
  assert_true(fault_sweep("gm_mapping", trial, nm) > 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide__cells_become_facts),
      cmocka_unit_test(wide__what_goes_with_a_fact),
      cmocka_unit_test(wide__ids_and_versions),
      cmocka_unit_test(wide__subjects),
      cmocka_unit_test(wide__covariates_where_they_change),
      cmocka_unit_test(wide__words),
      cmocka_unit_test(values__limits),
      cmocka_unit_test(values__limits_are_of_observables),
      cmocka_unit_test(values__decimal_sign),
      cmocka_unit_test(values__units_in_a_column),
      cmocka_unit_test(long__names_become_series),
      cmocka_unit_test(doses__kinds_and_zeros),
      cmocka_unit_test(doses__kinds_in_a_column),
      cmocka_unit_test(doses__how_long),
      cmocka_unit_test(withdrawn__takes_back),
      cmocka_unit_test(table__bad_rows_are_refused_alone),
      cmocka_unit_test(table__delimiters_and_names),
      cmocka_unit_test(table__none),
      cmocka_unit_test(table__listeners_stop),
      cmocka_unit_test(reasons__quote_no_value),
      cmocka_unit_test(table__memory_does_not_grow),
      cmocka_unit_test(table__out_of_memory),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
