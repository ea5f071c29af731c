/* test_records.c - what rows of a data file mean, and which are refused (docs/data.md).
 * label: quick */
#include "gemel/records.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

/* Whatever a case did, nothing may be left. */
static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  assert_int_equal(memory.live, 0);
  return 0;
}

static gm_records *accept(const char *text)
{
  gm_records *r = NULL;
  if (gm_records_parse(ctx, "t.csv", text, strlen(text), &r))
    fail_msg("refused: %s\n%s", gm_message(ctx), text);
  assert_non_null(r);
  return r;
}

/* The text is refused with GM_EPARSE, a message that begins with `where` and has `what` in it, and
 * leaves the output alone. */
static void refuse(const char *text, const char *where, const char *what)
{
  gm_records *mark = (gm_records *)(void *)&memory, *r = mark;
  gm_message_clear(ctx);
  gm_status s = gm_records_parse(ctx, "t.csv", text, strlen(text), &r);
  if (s != GM_EPARSE) fail_msg("%s instead of GM_EPARSE for\n%s", gm_status_name(s), text);
  assert_ptr_equal(r, mark);
  const char *m = gm_message(ctx);
  if (strncmp(m, where, strlen(where)) != 0) fail_msg("\"%s\" does not begin with %s", m, where);
  if (!strstr(m, what)) fail_msg("\"%s\" does not say \"%s\"", m, what);
  if (!strstr(m, "expected")) fail_msg("\"%s\" does not say what was expected", m);
}

static const char *cell(const gm_records *r, int32_t record, const char *name)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (strcmp(r->covariate[i], name) == 0) return r->cell[record * r->covariate_count + i];
  fail_msg("no covariate %s", name);
  return NULL;
}

/* ---- the table ----------------------------------------------------------------------------- */

/* A small file comes out record by record as it stands there, with lines, subjects and
 * covariates. */
static void table__as_written(void **state)
{
  (void)state;
  gm_records *r = accept("ID,TIME,AMT,RATE,II,ADDL,SS,EVID,CMT,DV,OBSERVABLE,INPUT,OCC,WT,Sex\n"
                         "A,0,100,-2,24,3,1,1,2,.,.,drug,1,70.5,male\n"
                         "\n"
                         "A,1.5,.,.,.,.,.,0,1,12.25,cp,.,1,NA,male\n"
                         "B,2e0,0,0,0,0,0,0,0,NA,pca,,2,,female\n");
  assert_string_equal(r->path, "t.csv");
  assert_int_equal(r->record_count, 3);
  assert_int_equal(r->subject_count, 2);
  const gm_record *a = &r->record[0], *b = &r->record[1], *c = &r->record[2];
  assert_int_equal(a->line, 2);
  assert_int_equal(b->line, 4); /* the empty line is a line */
  assert_int_equal(c->line, 5);
  assert_int_equal(a->evid, 1);
  assert_true(a->amount == 100 && a->rate == -2 && a->interval == 24 && a->time == 0);
  assert_int_equal(a->additional, 3);
  assert_int_equal(a->steady, 1);
  assert_int_equal(a->compartment, 2);
  assert_int_equal(a->occasion, 1);
  assert_string_equal(a->input, "drug");
  assert_string_equal(a->observable, "");
  assert_true(a->missing && isnan(a->value));
  assert_int_equal(b->evid, 0);
  assert_true(b->time == 1.5 && b->value == 12.25 && !b->missing && b->amount == 0);
  assert_string_equal(b->observable, "cp");
  assert_string_equal(b->input, "");
  assert_true(c->time == 2 && c->missing && isnan(c->value));
  assert_int_equal(c->compartment, 0);
  assert_string_equal(r->subject[0].id, "A");
  assert_int_equal(r->subject[0].first, 0);
  assert_int_equal(r->subject[0].count, 2);
  assert_string_equal(r->subject[1].id, "B");
  assert_int_equal(r->subject[1].first, 2);
  assert_int_equal(r->subject[1].count, 1);
  assert_int_equal(r->covariate_count, 2);
  assert_string_equal(r->covariate[0], "WT");
  assert_string_equal(r->covariate[1], "Sex");
  assert_string_equal(cell(r, 0, "WT"), "70.5");
  assert_string_equal(cell(r, 1, "WT"), "");
  assert_string_equal(cell(r, 2, "WT"), "");
  assert_string_equal(cell(r, 2, "Sex"), "female");
  assert_int_equal(gm_records_subject(r, "B"), 1);
  assert_int_equal(gm_records_subject(r, "A"), 0);
  assert_int_equal(gm_records_subject(r, "C"), -1);
  assert_int_equal(gm_records_subject(r, "male"), -1); /* a text of the file, but no id */
  gm_records_free(r);
  gm_records_free(NULL);
}

/* Ids are texts: 1, 01 and 1.0 are three subjects. */
static void id__is_text(void **state)
{
  (void)state;
  gm_records *r = accept("ID,TIME,DV\n1,0,1\n01,0,1\n1.0,0,1\n");
  assert_int_equal(r->subject_count, 3);
  assert_int_equal(gm_records_subject(r, "01"), 1);
  gm_records_free(r);
}

/* Many subjects: every one is found again, at its place. */
static void id__many(void **state)
{
  (void)state;
  enum { COUNT = 5000 };
  gm_text t;
  gm_text_init(&t, ctx);
  gm_text_add(&t, "ID,TIME,DV,WT\n");
  for (int i = 0; i < COUNT; i++) gm_text_addf(&t, "s%d,0,1,%d\ns%d,1,2,%d\n", i, i, i, i);
  gm_records *r = accept(t.data);
  assert_int_equal(r->subject_count, COUNT);
  assert_int_equal(r->record_count, 2 * COUNT);
  for (int i = 0; i < COUNT; i++) {
    char id[16];
    snprintf(id, sizeof id, "s%d", i);
    assert_int_equal(gm_records_subject(r, id), i);
    assert_int_equal(r->subject[i].first, 2 * i);
    assert_string_equal(cell(r, 2 * i + 1, "WT"), id + 1);
  }
  gm_records_free(r);
  gm_text_free(&t);
}

/* Rows of one subject stand together; what comes again is refused with both lines. */
static void id__again_is_refused(void **state)
{
  (void)state;
  refuse("ID,TIME,DV\n1,0,1\n1,1,1\n2,0,1\n1,2,1\n", "t.csv:5:ID: ", "ended on line 3");
  refuse("ID,TIME,DV\n.,0,1\n", "t.csv:2:ID: ", "missing");
  refuse("subjid,TIME,DV\nNA,0,1\n", "t.csv:2:subjid: ", "missing");
}

/* Comment rows (column C, or # in front) are left out; the number of them is told to the log. */
static char logged[256];
static void logger(void *user, gm_log_level level, const char *text)
{
  (void)user;
  if (level == GM_LOG_INFO) snprintf(logged, sizeof logged, "%s", text);
}
static void comment__left_out_and_counted(void **state)
{
  (void)state;
  gm_ctx *c = NULL;
  gm_ctx_options options = {.logger = logger};
  assert_int_equal(gm_ctx_new(&options, &c), GM_OK);
  const char *text = "# made by hand; id, time as in the protocol\n"
                     "C,ID,TIME,DV\n"
                     ".,1,0,1\n"
                     "C,9,not,read\n"
                     "# nor this\n"
                     "NA,1,1,2\n";
  gm_records *r = NULL;
  logged[0] = 0;
  assert_int_equal(gm_records_parse(c, "t.csv", text, strlen(text), &r), GM_OK);
  assert_int_equal(r->record_count, 2);
  assert_int_equal(r->record[1].line, 6);
  assert_int_equal(r->covariate_count, 0);
  assert_non_null(strstr(logged, "3 comment"));
  gm_records_free(r);
  gm_ctx_free(c);
  refuse("C,ID,TIME,DV\n3.2,1,0,1\n", "t.csv:2:C: ", "covariate");
}

/* ---- the header ---------------------------------------------------------------------------- */

/* Names in any case, with blanks, quotes, a leading #, any of the three separators: one table. */
static void header__forms(void **state)
{
  (void)state;
  static const char *const text[] = {
      "ID,TIME,DV,WT\n1,0,5,70\n",
      "id,Time,dv,WT\n1,0,5,70\n",
      "#ID,TIME,DV,WT\n1,0,5,70\n",
      "# ID , TIME , DV , WT \n 1 , 0 , 5 , 70 \n",
      "\"ID\",\"TIME\",\"DV\",\"WT\"\n\"1\",\"0\",\"5\",\"70\"\n",
      "ID;TIME;DV;WT\n1;0;5;70\n",
      "ID\tTIME\tDV\tWT\n1\t0\t5\t70\n",
      "\xEF\xBB\xBFID,TIME,DV,WT\r\n1,0,5,70\r\n",
      "\n\nID,TIME,DV,WT\n1,0,5,70",
      "\"ID\";\"TIME\";\"DV\";\"WT\"\n1;0;5;70\n",
  };
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
    gm_records *r = accept(text[i]);
    assert_int_equal(r->record_count, 1);
    assert_string_equal(r->subject[0].id, "1");
    assert_true(r->record[0].value == 5);
    assert_string_equal(cell(r, 0, "WT"), "70");
    gm_records_free(r);
  }
}

/* Columns mean what their names say wherever they stand, first too. */
static void header__any_order(void **state)
{
  (void)state;
  gm_records *r = accept("DV,TIME,ID\n5,2,a\n");
  assert_true(r->record[0].value == 5 && r->record[0].time == 2);
  gm_records_free(r);
  r = accept("BLQ,DV,TIME,ID\n1,5,2,a\n");
  assert_int_equal(r->record[0].censored, 1);
  gm_records_free(r);
  refuse("BLQ,DV,TIME,ID\n1,0,2,a\n", "t.csv:2:BLQ: ", "without the limit");
  r = accept("EVID,TIME,ID\n2,3,a\n");
  assert_int_equal(r->record[0].evid, 2);
  gm_records_free(r);
  r = accept("AMT,TIME,ID\n2,3,a\n");
  assert_int_equal(r->record[0].evid, 1);
  gm_records_free(r);
}

/* Every documented synonym stands for its main name, in any case. */
static void header__synonyms(void **state)
{
  (void)state;
  gm_records *r = accept("Subject,time,amount,additional,ii,compartment,y,ytype,occasion,bql\n"
                         "7,0,10,2,12,3,.,.,4,.\n"
                         "7,1,0,0,0,2,0.5,pca,5,1\n");
  assert_int_equal(r->covariate_count, 0);
  assert_true(r->record[0].amount == 10 && r->record[0].additional == 2);
  assert_int_equal(r->record[0].compartment, 3);
  assert_int_equal(r->record[0].occasion, 4);
  assert_string_equal(r->record[1].observable, "pca");
  assert_true(r->record[1].value == 0.5 && r->record[1].censored == 1);
  gm_records_free(r);
  r = accept("usubjid,time,value,dvid,censored\n7,0,3,cp,-1\n");
  assert_true(r->record[0].value == 3 && r->record[0].censored == -1);
  assert_string_equal(r->record[0].observable, "cp");
  gm_records_free(r);
}

/* A synonym beside the main name is a covariate like any other; two synonyms are refused. */
static void header__main_name_wins(void **state)
{
  (void)state;
  gm_records *r = accept("SUBJECT,ID,TIME,DV\nx,1,0,5\n");
  assert_string_equal(r->subject[0].id, "1");
  assert_string_equal(cell(r, 0, "SUBJECT"), "x");
  gm_records_free(r);
  refuse("SUBJ,SUBJECT,TIME,DV\nx,1,0,5\n", "t.csv:1:SUBJECT: ", "SUBJ");
  refuse("ID,TIME,DV,CENS,BLQ\n1,0,5,0,0\n", "t.csv:1:BLQ: ", "CENS");
}

/* What no table can be made of is refused with the reason. */
static void header__refused(void **state)
{
  (void)state;
  refuse("", "t.csv: ", "header");
  refuse("\n \n", "t.csv: ", "header");
  refuse("# only a remark\n", "t.csv: ", "header");
  refuse("ID,TIME,DV\n", "t.csv: ", "no records");
  refuse("C,ID,TIME,DV\nC,1,0,1\n", "t.csv: ", "no records");
  refuse("ID TIME DV\n1 0 5\n", "t.csv:1: ", "separator");
  refuse("TIME,DV\n0,5\n", "t.csv:1:ID: ", "no such column");
  refuse("\nID,DV\n1,5\n", "t.csv:2:TIME: ", "no such column");
  refuse("Subject,Wt,Dose,Time,conc\n1,79.6,4.02,0,0.74\n", "t.csv:1: ", "DV, AMT or EVID");
  refuse("ID,TIME,DV,WT,wt\n1,0,5,1,1\n", "t.csv:1:wt: ", "twice");
  refuse("ID,TIME,DV,id\n1,0,5,1\n", "t.csv:1:id: ", "twice");
  refuse("\"\",\"ID\",TIME,DV\n1,1,0,5\n", "t.csv:1: ", "column 1 has no name");
  refuse("ID,TIME,DV,\n1,0,5,\n", "t.csv:1: ", "column 4 has no name");
  refuse("ID,TIME,\"DV\n1,0,5\n", "t.csv:1: ", "quote");
}

/* Known items that would change the meaning, and that nothing here carries out, are refused by name
 * rather than taken for covariates. */
static void header__unsupported_by_name(void **state)
{
  (void)state;
  static const char *const name[] = {"DATE", "dat1", "DAT2", "DAT3", "ELTM", "CALL", "CONT",
                                     "PCMT", "L1",   "L2",   "MRG_", "RAW_", "RPT_"};
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
    char text[64], where[32];
    snprintf(text, sizeof text, "ID,TIME,DV,%s\n1,0,5,0\n", name[i]);
    snprintf(where, sizeof where, "t.csv:1:%s: ", name[i]);
    refuse(text, where, "expected");
  }
}

/* ---- times --------------------------------------------------------------------------------- */

/* Times are numbers from 0 on, and do not fall within a subject unless a reset lies between. */
static void time__order(void **state)
{
  (void)state;
  refuse("ID,TIME,DV\n1,5,1\n1,4,1\n", "t.csv:3:TIME: ", "line 2");
  refuse("ID,TIME,DV\n1,-1,1\n", "t.csv:2:TIME: ", "negative");
  refuse("ID,TIME,DV\n1,-1e-300,1\n", "t.csv:2:TIME: ", "negative");
  refuse("ID,TIME,DV\n1,.,1\n", "t.csv:2:TIME: ", "missing");
  refuse("ID,TIME,DV\n1,08:30,1\n", "t.csv:2:TIME: ", "time of day");
  refuse("ID,TIME,DV\n1,2021-03-04,1\n", "t.csv:2:TIME: ", "date");
  refuse("ID,TIME,DV\n1,3/4/2021,1\n", "t.csv:2:TIME: ", "date");
  refuse("ID,TIME,DV,EVID\n1,5,1,0\n1,4,.,2\n", "t.csv:3:TIME: ", "line 2");
  gm_records *r = accept("ID,TIME,AMT,EVID,DV\n1,5,.,0,1\n1,5,.,0,1\n1,0,.,3,.\n1,2,.,0,1\n"
                         "1,1,10,4,.\n2,0,.,0,1\n");
  assert_int_equal(r->record_count, 6);
  assert_int_equal(r->record[2].evid, 3);
  assert_int_equal(r->record[4].evid, 4);
  gm_records_free(r);
  r = accept("ID,TIME,DV\n1,-0.0,1\n");
  assert_false(signbit(r->record[0].time));
  gm_records_free(r);
}

/* ---- EVID and MDV -------------------------------------------------------------------------- */

/* Without EVID: an amount (or a constant infusion) makes a dose, as NM-TRAN has it (NONMEM Users
 * Guide IV, V.B); MDV = 1 alone, another event. */
static void evid__worked_out(void **state)
{
  (void)state;
  gm_records *r = accept("ID,TIME,AMT,RATE,SS,MDV,DV\n"
                         "1,0,100,0,0,1,0\n"
                         "1,1,0,0,0,0,5\n"
                         "1,2,.,.,.,1,5\n"
                         "1,3,0,10,1,1,.\n"
                         "1,4,0,0,0,.,.\n"
                         "1,5,100,0,0,.,0\n");
  static const int32_t evid[] = {1, 0, 2, 1, 0, 1};
  static const bool missing[] = {true, false, true, true, true, true};
  for (int i = 0; i < 6; i++) {
    assert_int_equal(r->record[i].evid, evid[i]);
    assert_int_equal(r->record[i].missing, missing[i]);
    assert_int_equal(isnan(r->record[i].value) != 0, missing[i]);
  }
  gm_records_free(r);
  r = accept("ID,TIME,EVID\n1,0,0\n1,1,.\n1,2,2\n"); /* no DV at all: times of interest */
  assert_true(r->record[0].missing && r->record[1].missing);
  assert_int_equal(r->record[1].evid, 0);
  gm_records_free(r);
}

/* A value that the rules would drop without a word is refused. */
static void evid__value_beside_dose(void **state)
{
  (void)state;
  refuse("ID,TIME,AMT,DV\n1,0,100,3.2\n", "t.csv:2:DV: ", "two rows");
  refuse("ID,TIME,AMT,DV,EVID,MDV\n1,0,100,3.2,1,0\n", "t.csv:2:MDV: ", "two rows");
  gm_records *r = accept("ID,TIME,AMT,DV,MDV\n1,0,100,3.2,1\n");
  assert_true(r->record[0].evid == 1 && r->record[0].missing);
  gm_records_free(r);
}

/* Only 0, 1, 2, 3, 4 and 8 are carried out; the dialects of other programs are named. */
static void evid__refused(void **state)
{
  (void)state;
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,101,0\n", "t.csv:2:EVID: ", "nlmixr");
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,10101,0\n", "t.csv:2:EVID: ", "nlmixr");
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,5,0\n", "t.csv:2:EVID: ", "rxode2");
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,9,0\n", "t.csv:2:EVID: ", "one of 0, 1, 2, 3, 4, 8");
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,-1,0\n", "t.csv:2:EVID: ", "one of 0, 1, 2, 3, 4, 8");
  refuse("ID,TIME,AMT,EVID,DV\n1,0,100,0.5,0\n", "t.csv:2:EVID: ", "one of 0, 1, 2, 3, 4, 8");
  refuse("ID,TIME,DV,MDV\n1,0,1,100\n", "t.csv:2:MDV: ", "from 0 to 1");
  gm_records *r = accept("ID,TIME,AMT,EVID,DV\n1,0,-3,8,.\n1,0,1,1.0,.\n");
  assert_true(r->record[0].evid == 8 && r->record[0].amount == -3);
  assert_int_equal(r->record[1].evid, 1);
  gm_records_free(r);
}

/* ---- doses --------------------------------------------------------------------------------- */

typedef struct {
  const char *row, *where, *what;
} refusal;

/* Items of a dose stand on doses only, and only where they mean something. */
static void dose__rules(void **state)
{
  (void)state;
  static const refusal list[] = {
      {"100,0,0,0,0,0", "AMT", "an observation"},
      {"0,5,0,0,0,0", "RATE", "an observation"},
      {"0,0,12,0,0,0", "II", "an observation"},
      {"0,0,0,2,0,0", "ADDL", "an observation"},
      {"0,0,0,0,1,0", "SS", "an observation"},
      {"100,0,0,0,0,2", "AMT", "another event"},
      {"100,0,0,0,0,3", "AMT", "a reset"},
      {"100,5,0,0,0,8", "RATE", "a replacement"},
      {".,0,0,0,0,8", "AMT", "missing"},
      {".,0,0,0,0,1", "AMT", "missing"},
      {".,0,0,0,0,4", "AMT", "missing"},
      {"-1,0,0,0,0,1", "AMT", "negative"},
      {"100,-3,0,0,0,1", "RATE", "modelled"},
      {"100,-0.5,0,0,0,1", "RATE", "modelled"},
      {"0,5,0,0,0,1", "RATE", "without an amount"},
      {"100,0,-1,0,0,1", "II", "negative"},
      {"100,0,0,3,0,1", "ADDL", "II > 0"},
      {"100,0,0,0,1,1", "SS", "II > 0"},
      {"100,0,12,-1,0,1", "ADDL", "from 0"},
      {"100,0,12,1.5,0,1", "ADDL", "whole"},
      {"100,0,12,10000001,0,1", "ADDL", "from 0"},
      {"100,0,12,0,3,1", "SS", "from 0 to 2"},
      {"0,5,12,0,1,1", "II", "constant infusion"},
      {"0,5,12,2,1,1", "ADDL", "constant infusion"},
      {"0,0,0,0,1,1", "SS", "II > 0"},
      {"x,0,0,0,0,1", "AMT", "not a number"},
  };
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    char text[128], where[32];
    snprintf(text, sizeof text, "ID,TIME,AMT,RATE,II,ADDL,SS,EVID\n1,0,%s\n", list[i].row);
    snprintf(where, sizeof where, "t.csv:2:%s: ", list[i].where);
    refuse(text, where, list[i].what);
  }
  static const char *const good[] = {"0,0,0,0,0,1",   "100,-1,0,0,0,1", "100,-2,24,3,2,4",
                                     "0,5,0,0,1,1",   ".,5,0,0,2,1",    "100,8.33,12,10000000,1,1",
                                     "100,0,24,0,0,1"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    char text[128];
    snprintf(text, sizeof text, "ID,TIME,AMT,RATE,II,ADDL,SS,EVID\n1,0,%s\n", good[i]);
    gm_records_free(accept(text));
  }
  refuse("ID,TIME,EVID,DV\n1,0,1,.\n", "t.csv:2:AMT: ", "missing"); /* no such column */
}

/* A duration would need the availability to become a rate: refused, unless it says nothing. */
static void dose__duration(void **state)
{
  (void)state;
  refuse("ID,TIME,AMT,DUR\n1,0,100,2\n", "t.csv:2:DUR: ", "RATE = -2");
  refuse("ID,TIME,AMT,Tinf\n1,0,100,2\n", "t.csv:2:Tinf: ", "RATE = AMT / DUR");
  refuse("ID,TIME,AMT,DUR,DV\n1,0,0,2,1\n", "t.csv:2:DUR: ", "an observation");
  gm_records_free(accept("ID,TIME,AMT,DUR,DV\n1,0,100,0,.\n1,1,.,.,3\n"));
}

/* Compartments and occasions are whole numbers from 0 on; names have columns of their own. */
static void dose__compartment(void **state)
{
  (void)state;
  refuse("ID,TIME,AMT,CMT\n1,0,100,depot\n", "t.csv:2:CMT: ", "not a number");
  refuse("ID,TIME,AMT,CMT\n1,0,100,-1\n", "t.csv:2:CMT: ", "from 0");
  refuse("ID,TIME,AMT,CMT\n1,0,100,3000000000\n", "t.csv:2:CMT: ", "from 0");
  refuse("ID,TIME,AMT,OCC\n1,0,100,1.5\n", "t.csv:2:OCC: ", "whole");
}

/* ---- values -------------------------------------------------------------------------------- */

/* A censored value needs its limit; the other end of an interval is not carried out. */
static void censored__rules(void **state)
{
  (void)state;
  gm_records *r = accept("ID,TIME,DV,CENS,LIMIT,MDV\n1,0,0.5,1,.,0\n1,1,9,-1,.,0\n1,2,3,0,7,0\n"
                         "1,3,.,1,.,1\n");
  assert_int_equal(r->record[0].censored, 1);
  assert_true(r->record[0].value == 0.5 && !r->record[0].missing);
  assert_int_equal(r->record[1].censored, -1);
  assert_int_equal(r->record[2].censored, 0);
  assert_true(r->record[3].missing && r->record[3].censored == 0);
  gm_records_free(r);
  refuse("ID,TIME,DV,CENS\n1,0,.,1\n", "t.csv:2:CENS: ", "without the limit");
  refuse("ID,TIME,DV,BLQ\n1,0,0,1\n", "t.csv:2:BLQ: ", "without the limit");
  refuse("ID,TIME,DV,BLQ\n1,0,1,-1\n", "t.csv:2:BLQ: ", "from 0 to 1");
  refuse("ID,TIME,DV,CENS\n1,0,1,2\n", "t.csv:2:CENS: ", "from -1 to 1");
  refuse("ID,TIME,DV,CENS,LIMIT\n1,0,0.5,1,0\n", "t.csv:2:LIMIT: ", "interval");
  refuse("ID,TIME,DV\n1,0,<0.5\n", "t.csv:2:DV: ", "CENS = 1");
}

/* On a dose a value, a flag of censoring, and its limit say nothing, and come out as nothing. */
static void censored__not_on_doses(void **state)
{
  (void)state;
  gm_records *r = accept("ID,TIME,AMT,EVID,DV,CENS\n1,0,100,1,0,1\n");
  assert_true(r->record[0].censored == 0 && r->record[0].missing && isnan(r->record[0].value));
  gm_records_free(r);
}

/* ---- faults -------------------------------------------------------------------------------- */

static gm_text large;

static gm_status parse_trial(gm_ctx *c, void *user)
{
  (void)user;
  gm_records *r = NULL;
  gm_status s = gm_records_parse(c, "t.csv", large.data, large.bytes, &r);
  if (!s) gm_records_free(r);
  return s;
}

static gm_status read_trial(gm_ctx *c, void *path)
{
  gm_records *r = NULL;
  gm_status s = gm_records_read(c, path, &r);
  if (!s) gm_records_free(r);
  return s;
}

/* Whichever allocation fails while reading: GM_ENOMEM, a message, and nothing left behind. */
static void fault__every_allocation(void **state)
{
  (void)state;
  gm_text_init(&large, ctx);
  gm_text_add(&large, "# remark\nID,TIME,AMT,DV,OBSERVABLE,WT,NOTE\n");
  for (int i = 0; i < 300; i++) /* so that every array and table grows */
    gm_text_addf(&large, "%d,0,10,.,.,%d,n%d\n%d,1,.,%d.5,cp,%d,%0*d\n", i, i, 1000 + i, i, i, i,
                 i % 7 == 0 ? 400 : 3, i);
  char path[] = "test_records.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, large.data, large.bytes), (ssize_t)large.bytes);
  assert_int_equal(close(fd), 0);
  int64_t n = fault_sweep("gm_records_parse", parse_trial, NULL);
  int64_t m = fault_sweep("gm_records_read", read_trial, path);
  assert_int_equal(unlink(path), 0);
  assert_true(n > 20);
  assert_int_equal(m, n + 1); /* the window of the file */
  gm_text_free(&large);
}

/* Files are made where they do not matter. */
static int work_elsewhere(void **state)
{
  (void)state;
  const char *temporary = getenv("TMPDIR");
  return chdir(temporary ? temporary : "/tmp");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(table__as_written),
      CASE(id__is_text),
      CASE(id__many),
      CASE(id__again_is_refused),
      CASE(comment__left_out_and_counted),
      CASE(header__forms),
      CASE(header__any_order),
      CASE(header__synonyms),
      CASE(header__main_name_wins),
      CASE(header__refused),
      CASE(header__unsupported_by_name),
      CASE(time__order),
      CASE(evid__worked_out),
      CASE(evid__value_beside_dose),
      CASE(evid__refused),
      CASE(dose__rules),
      CASE(dose__duration),
      CASE(dose__compartment),
      CASE(censored__rules),
      CASE(censored__not_on_doses),
      CASE(fault__every_allocation),
  };
  return cmocka_run_group_tests(tests, work_elsewhere, NULL);
}
