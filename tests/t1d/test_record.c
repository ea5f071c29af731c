/* test_record.c - facts of one person as one series in order of time: versions, duplicates, units,
 * basal as steps; tables of real sensors.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_record.h"
#include "gemel/fhir.h"
#include "gemel/mapping.h"
#include "gemel/nightscout.h"
#include "support/data.h"
#include "support/fault.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gm_ctx *ctx;
static char folder[300];

static const char *file(const char *name)
{
  static char path[340];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static int begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/gemel-t1d-XXXXXX", where && where[0] ? where : "/tmp");
  return !mkdtemp(folder) || gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  unlink(file("in"));
  return rmdir(folder);
}

/* ' for ". */
static const char *written(const char *text)
{
  char *copy = gm_strdup(ctx, text);
  for (char *p = copy; *p; p++)
    if (*p == '\'') *p = '"';
  if (gm_file_write(ctx, file("in"), copy, strlen(copy))) fail_msg("%s", gm_message(ctx));
  gm_free(copy);
  return file("in");
}

/* Times of facts by hand are seconds behind this one, 2024-05-06 00:00. */
static const double epoch_s = 1714953600;

static gm_fact fact(gm_record_kind kind, const char *series, double t_s, const char *value,
                    const char *unit, const char *id)
{
  return (gm_fact){.kind = kind,
                   .subject = "p",
                   .series = series,
                   .t_true_s = epoch_s + t_s,
                   .value = value,
                   .unit = unit,
                   .licence = "",
                   .source = "s",
                   .id = id,
                   .version = "1",
                   .code = ""};
}

static t1d_records made(const gm_fact *f, int32_t count, bool hold)
{
  const t1d_record_options o = {.hold_basal = hold};
  t1d_record_builder *b;
  t1d_records r = {0};
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, &o, &b));
  for (int32_t i = 0; i < count; i++) assert_int_equal(GM_OK, t1d_record_take(b, &f[i]));
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  return r;
}

static void is(const t1d_record *r, t1d_record_kind kind, double t_s, double value, double minutes)
{
  assert_int_equal(r->kind, kind);
  if (r->t_s != t_s || !(fabs(r->value - value) <= 1e-9 * fabs(value)) ||
      !(fabs(r->duration_min - minutes) < 1e-9))
    fail_msg("%.15g: %.15g for %.15g, expected %.15g: %.15g for %.15g", r->t_s, r->value,
             r->duration_min, t_s, value, minutes);
}

/* As is, of a fact by hand. */
static void by_hand(const t1d_record *r, t1d_record_kind kind, double t_s, double value,
                    double minutes)
{
  is(r, kind, epoch_s + t_s, value, minutes);
}

/* ---- facts ----------------------------------------------------------------------------------- */
/* Sorted by time; mmol/L to one decimal as whole mg/dL; a unit of insulin in both its spellings. */
static void record__has_one_order_and_one_unit(void **state)
{
  (void)state;
  const gm_fact f[] = {
      fact(GM_RECORD_GIVEN, "bolus", 1300, "2", T1D_INSULIN_UNIT, "c"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1200, "6.7", "mmol/L", "b"),
      fact(GM_RECORD_OBSERVATION, "glucose", 900, "120", "mg/dL", "a"),
      fact(GM_RECORD_REPORTED, "carbs", 1300, "45000", "mg", "d"),
      fact(GM_RECORD_GIVEN, "bolus", 1400, "0.5", "[IU]", "e"),
      fact(GM_RECORD_COVARIATE, "heart_rate", 1500, "72", "/min", "f"),
      fact(GM_RECORD_ORDERED, "bolus", 1600, "9", "[IU]", "g"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1700, "9", "kg", "h"),
  };
  t1d_records r = made(f, 8, false);
  assert_int_equal(r.count, 6);
  by_hand(&r.record[0], T1D_RECORD_GLUCOSE, 900, 120, 0);
  by_hand(&r.record[1], T1D_RECORD_GLUCOSE, 1200, 121, 0);
  by_hand(&r.record[2], T1D_RECORD_BOLUS, 1300, 2, 0);
  by_hand(&r.record[3], T1D_RECORD_CARBS, 1300, 45, 0);
  by_hand(&r.record[4], T1D_RECORD_BOLUS, 1400, 0.5, 0);
  by_hand(&r.record[5], T1D_RECORD_HEART_RATE, 1500, 72, 0);
  assert_int_equal(r.not_taken, 1);
  assert_int_equal(r.refused, 1);
  t1d_records_free(&r);
}

/* The bounds of the consensus in both units (Battelino et al. 2019, table 1: 3.0 3.9 7.8 10.0 13.9
 * are 54 70 140 180 250) and the ends of a sensor that reads 40 to 400 are one and the same; more
 * decimals go by the molar mass. */
static void record__bounds_are_the_same_in_both_units(void **state)
{
  (void)state;
  static const char *const told[] = {"2.2", "3.0", "3.9", "7.8", "10.0", "13.9", "22.2", "10.04"};
  static const double mgdl[] = {40, 54, 70, 140, 180, 250, 400, 10.04 * 18.0156};
  gm_fact f[8];
  char id[8][2];
  for (int i = 0; i < 8; i++) {
    snprintf(id[i], sizeof id[i], "%d", i);
    f[i] = fact(GM_RECORD_OBSERVATION, "glucose", 300 * (i + 1), told[i], "mmol/L", id[i]);
  }
  t1d_records r = made(f, 8, false);
  assert_int_equal(r.count, 8);
  for (int i = 0; i < 8; i++) by_hand(&r.record[i], T1D_RECORD_GLUCOSE, 300 * (i + 1), mgdl[i], 0);
  t1d_records_free(&r);
}

/* Two apps each tell two doses of one time, in any order: two doses. */
static void record__copies_in_any_order(void **state)
{
  (void)state;
  static const char *const order[3][4] = {
      {"4", "1", "4", "1"}, {"4", "4", "1", "1"}, {"1", "4", "4", "1"}};
  for (int k = 0; k < 3; k++) {
    gm_fact f[4];
    static const char *const id[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
      f[i] = fact(GM_RECORD_GIVEN, "bolus", 900, order[k][i], "[IU]", id[i]);
    t1d_records r = made(f, 4, false);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.duplicates, 2);
    assert_true(r.record[0].value + r.record[1].value == 5);
    t1d_records_free(&r);
  }
}

/* A newer version replaces, a withdrawal takes back, a copy under another id is one datum, two
 * values of a sensor at one time are a conflict; two doses at one time are two. */
static void record__versions_and_copies(void **state)
{
  (void)state;
  gm_fact f[] = {
      fact(GM_RECORD_OBSERVATION, "glucose", 900, "120", "mg/dL", "a"),
      fact(GM_RECORD_OBSERVATION, "glucose", 900, "121", "mg/dL", "a"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1200, "130", "mg/dL", "b"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1200, "130", "mg/dL", "b2"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1500, "140", "mg/dL", "c"),
      fact(GM_RECORD_OBSERVATION, "glucose", 1500, "141", "mg/dL", "c2"),
      fact(GM_RECORD_GIVEN, "bolus", 1500, "1", "[IU]", "d"),
      fact(GM_RECORD_GIVEN, "bolus", 1500, "2", "[IU]", "e"),
      fact(GM_RECORD_GIVEN, "bolus", 1500, "", "", "d"),
      fact(GM_RECORD_GIVEN, "bolus", 1600, "3", "[IU]", "g"),
  };
  f[8].withdrawn = true;
  f[9].subject = "another";
  t1d_records r = made(f, 10, false);
  assert_int_equal(r.count, 4);
  by_hand(&r.record[0], T1D_RECORD_GLUCOSE, 900, 121, 0);
  by_hand(&r.record[1], T1D_RECORD_GLUCOSE, 1200, 130, 0);
  by_hand(&r.record[2], T1D_RECORD_GLUCOSE, 1500, 141, 0);
  by_hand(&r.record[3], T1D_RECORD_BOLUS, 1500, 2, 0);
  assert_int_equal(r.duplicates, 3); /* a, b2, and d before it was withdrawn */
  assert_int_equal(r.conflicts, 1);
  assert_int_equal(r.withdrawn, 1);
  assert_int_equal(r.of_others, 1);
  t1d_records_free(&r);
}

/* A temporary rate ends where the next one begins and stands in place of the schedule, which goes
 * on behind it. U/h whatever the fact had. */
static void basal__steps_do_not_overlap(void **state)
{
  (void)state;
  gm_fact f[] = {
      fact(GM_RECORD_ORDERED, "basal", 0, "1", "[IU]/h", "p1"),
      fact(GM_RECORD_ORDERED, "basal", 7200, "2", "[IU]/h", "p2"),
      fact(GM_RECORD_GIVEN, "basal", 3600, "0", "[IU]/h", "t1"),
      fact(GM_RECORD_GIVEN, "basal", 5400, "1.5", T1D_INSULIN_UNIT "/h", "t2"),
      fact(GM_RECORD_GIVEN, "basal", 12600, "0.1", "1200.pmol/kg/min", "t3"),
  };
  f[0].duration_s = f[1].duration_s = 7200;
  f[2].duration_s = 3600;
  f[3].duration_s = 3600;
  f[4].duration_s = 300;
  t1d_records r = made(f, 5, false);
  assert_int_equal(r.count, 6);
  by_hand(&r.record[0], T1D_RECORD_BASAL, 0, 1, 60);
  assert_int_equal(r.record[0].flags, T1D_FLAG_SCHEDULED);
  by_hand(&r.record[1], T1D_RECORD_BASAL, 3600, 0, 30);
  assert_int_equal(r.record[1].flags, 0);
  by_hand(&r.record[2], T1D_RECORD_BASAL, 5400, 1.5, 60);
  by_hand(&r.record[3], T1D_RECORD_BASAL, 9000, 2, 60);
  by_hand(&r.record[4], T1D_RECORD_BASAL, 12600, 1.2, 5);
  by_hand(&r.record[5], T1D_RECORD_BASAL, 12900, 2, 25);
  t1d_records_free(&r);
}

/* Where a source tells changes, a rate holds to the next. */
static void basal__changes_hold(void **state)
{
  (void)state;
  gm_fact f[] = {fact(GM_RECORD_GIVEN, "basal", 0, "1", "[IU]/h", "a"),
                 fact(GM_RECORD_GIVEN, "basal", 7200, "0", "[IU]/h", "b")};
  f[0].duration_s = f[1].duration_s = 300;
  t1d_records r = made(f, 2, true);
  assert_int_equal(r.count, 2);
  by_hand(&r.record[0], T1D_RECORD_BASAL, 0, 1, 120);
  by_hand(&r.record[1], T1D_RECORD_BASAL, 7200, 0, 5);
  t1d_records_free(&r);
}

/* yes ... no is one record; a sensor's ends and a source's word on noise are flags. */
static void record__flags_and_exercise(void **state)
{
  (void)state;
  gm_fact f[] = {fact(GM_RECORD_COVARIATE, "exercise", 600, "yes", "", "a"),
                 fact(GM_RECORD_COVARIATE, "exercise", 2400, "no", "", "b"),
                 fact(GM_RECORD_OBSERVATION, "glucose", 900, "40", "mg/dL", "c"),
                 fact(GM_RECORD_OBSERVATION, "glucose", 1200, "400", "mg/dL", "d"),
                 fact(GM_RECORD_OBSERVATION, "meter", 1200, "380", "mg/dL", "e")};
  f[2].censored = 1;
  f[3].censored = -1;
  f[3].code = "nightscout|sgv.noisy";
  t1d_records r = made(f, 5, false);
  assert_int_equal(r.count, 4);
  by_hand(&r.record[0], T1D_RECORD_EXERCISE, 600, 1, 30);
  assert_int_equal(r.record[1].flags, T1D_FLAG_LOW);
  assert_int_equal(r.record[2].flags, T1D_FLAG_HIGH | T1D_FLAG_NOISY);
  by_hand(&r.record[3], T1D_RECORD_METER, 1200, 380, 0);
  assert_int_equal(r.record[3].flags, T1D_FLAG_CALIBRATION);
  t1d_records_free(&r);
}

/* Two sessions back to back, the later one told first, as newest-first exports have it. */
static void exercise__back_to_back(void **state)
{
  (void)state;
  const gm_fact f[] = {fact(GM_RECORD_COVARIATE, "exercise", 2400, "yes", "", "b"),
                       fact(GM_RECORD_COVARIATE, "exercise", 4200, "no", "", "b end"),
                       fact(GM_RECORD_COVARIATE, "exercise", 600, "yes", "", "a"),
                       fact(GM_RECORD_COVARIATE, "exercise", 2400, "no", "", "a end")};
  t1d_records r = made(f, 4, false);
  assert_int_equal(r.count, 2);
  by_hand(&r.record[0], T1D_RECORD_EXERCISE, 600, 1, 30);
  by_hand(&r.record[1], T1D_RECORD_EXERCISE, 2400, 1, 30);
  t1d_records_free(&r);
}

/* What cannot be is refused with its series and reason and never with its value, and what lies on
 * the bound is not: slips of the pen, states in the place of a glucose, clocks that were not set. A
 * number that may be mmol/L under the name of mg/dL stays. */
static void implausible__is_refused_by_fact(void **state)
{
  (void)state;
  static const struct {
    gm_record_kind told;
    const char *series, *value, *unit;
    double t_s, duration_s;
    const char *why; /* NULL: a record */
  } c[] = {
      {GM_RECORD_GIVEN, "bolus", "100", "[IU]", 0, 0, NULL},
      {GM_RECORD_GIVEN, "bolus", "600", "[IU]", 0, 0, "bolus: below 0 or above 100 U"},
      {GM_RECORD_GIVEN, "bolus", "100.5", T1D_INSULIN_UNIT, 0, 0, "bolus: below 0 or above 100 U"},
      {GM_RECORD_GIVEN, "basal", "35", "[IU]/h", 0, 3600, NULL},
      {GM_RECORD_GIVEN, "basal", "36", "[IU]/h", 0, 3600, "basal: below 0 or above 35 U/h"},
      {GM_RECORD_GIVEN, "basal", "3", "[IU]/(5.min)", 0, 300, "basal: below 0 or above 35 U/h"},
      {GM_RECORD_GIVEN, "basal", "1", "[IU]/h", 0, 0, "basal: "}, /* a rate for no time */
      {GM_RECORD_REPORTED, "carbs", "500", "g", 0, 0, NULL},
      {GM_RECORD_REPORTED, "carbs", "6000", "g", 0, 0, "carbs: below 0 or above 500 g"},
      {GM_RECORD_OBSERVATION, "glucose", "1500", "mg/dL", 0, 0, NULL},
      {GM_RECORD_OBSERVATION, "glucose", "1501", "mg/dL", 300, 0, "glucose: not above 1 or above"},
      {GM_RECORD_OBSERVATION, "glucose", "120", "mmol/L", 300, 0, "glucose: not above 1 or above"},
      {GM_RECORD_OBSERVATION, "glucose", "0", "mg/dL", 300, 0, "glucose: not above 1 or above"},
      {GM_RECORD_OBSERVATION, "glucose", "-5", "mg/dL", 300, 0, "glucose: not above 1 or above"},
      {GM_RECORD_OBSERVATION, "meter", "0", "mg/dL", 300, 0, "meter: not above 1 or above"},
      {GM_RECORD_OBSERVATION, "glucose", "5.5", "mg/dL", 300, 0, NULL},
      {GM_RECORD_OBSERVATION, "glucose", "120", "mg/dL", -1614953600, 0, NULL}, /* March 1973 */
      {GM_RECORD_OBSERVATION, "glucose", "120", "mg/dL", -1614953601, 0, "glucose: a time before"},
      {GM_RECORD_OBSERVATION, "glucose", "120", "mg/dL", 2387491199, 0, NULL}, /* 2099 */
      {GM_RECORD_OBSERVATION, "glucose", "120", "mg/dL", 2387491200, 0, "glucose: a time before"},
      {GM_RECORD_OBSERVATION, "glucose", "120", "mg/dL", NAN, 0, "glucose: a time before"},
      {GM_RECORD_OBSERVATION, "glucose", "120", "kg", 0, 0, "glucose: "},
  };
  t1d_record_builder *b;
  t1d_records r;
  int32_t records = 0, refused = 0;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    char id[8];
    const char *why;
    snprintf(id, sizeof id, "%d", (int)i);
    gm_fact f = fact(c[i].told, c[i].series, c[i].t_s, c[i].value, c[i].unit, id);
    f.duration_s = c[i].duration_s;
    assert_int_equal(GM_OK, t1d_record_take(b, &f));
    records += !c[i].why;
    refused += c[i].why != NULL;
    if (t1d_record_refused(b, &why) != refused) fail_msg("fact %d", (int)i);
    if (c[i].why && strncmp(why, c[i].why, strlen(c[i].why)) != 0)
      fail_msg("\"%s\", expected \"%s\"", why, c[i].why);
  }
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  assert_int_equal(r.count, records);
  assert_int_equal(r.refused, 2); /* the rate for no time, the unit */
  assert_int_equal(r.implausible, refused - 2);
  t1d_records_free(&r);
}

/* ---- readers --------------------------------------------------------------------------------- */
/* A Nightscout export, held against the records' own definition. */
static void nightscout__becomes_records(void **state)
{
  (void)state;
  const char *path = written(
      "[{'_id':'e1','sgv':100,'date':1525348800000},"
      "{'_id':'t1','eventType':'Temp Basal','created_at':'2018-05-03T12:30:00Z','duration':30,"
      "'percent':-50},"
      "{'_id':'t2','eventType':'Meal Bolus','created_at':'2018-05-03T13:00:00Z','insulin':3,"
      "'carbs':40},"
      "{'_id':'p','defaultProfile':'D','startDate':'2018-05-01T00:00:00Z','store':{'D':{'timezone':"
      "'UTC','basal':[{'time':'00:00','value':0.8}]}}},"
      "{'_id':'e2','sgv':401,'date':1525354200000}]");
  t1d_record_builder *b;
  t1d_records r;
  gm_nightscout_totals n;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  const gm_nightscout_options o = {
      .definition = t1d_record_definition(), .fact = t1d_record_take, .user = b};
  assert_int_equal(GM_OK, gm_nightscout_read(ctx, &path, 1, &o, &n));
  assert_int_equal(n.refused, 0);
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  assert_int_equal(r.count, 7);
  is(&r.record[0], T1D_RECORD_GLUCOSE, 1525348800, 100, 0);
  is(&r.record[1], T1D_RECORD_BASAL, 1525348800, 0.8, 30);
  is(&r.record[2], T1D_RECORD_BASAL, 1525350600, 0.4, 30);
  is(&r.record[3], T1D_RECORD_BOLUS, 1525352400, 3, 0);
  is(&r.record[4], T1D_RECORD_BASAL, 1525352400, 0.8, 30);
  is(&r.record[5], T1D_RECORD_CARBS, 1525352400, 40, 0);
  is(&r.record[6], T1D_RECORD_GLUCOSE, 1525354200, 400, 0);
  assert_int_equal(r.record[6].flags, T1D_FLAG_HIGH);
  t1d_records_free(&r);
}

/* FHIR: a sensor's readings by HL7's guide for continuous glucose (mass and molar), a finger's, a
 * series as SampledData. */
#define UCUM "'system':'http://unitsofmeasure.org','code':"
#define OBSERVED(id, code, time, value)                                                            \
  "{'resource':{'resourceType':'Observation','id':'" id "','status':'final','code':{'coding':[{"   \
  "'system':'http://loinc.org','code':'" code "'}]},'subject':{'reference':'Patient/p'},"          \
  "'effectiveDateTime':'2024-05-02T" time ":00Z','value" value "}}"
static const char bundle[] = "{'resourceType':'Bundle','type':'collection','entry':["  /* */
    OBSERVED("a", "99504-3", "10:15", "Quantity':{'value':120," UCUM "'mg/dL'}") ","   /* */
    OBSERVED("b", "105272-9", "10:30", "Quantity':{'value':6.7," UCUM "'mmol/L'}") "," /* */
    OBSERVED("c", "15074-8", "10:31", "Quantity':{'value':6.3," UCUM "'mmol/L'}") ","  /* */
    OBSERVED("d", "99504-3", "11:00",
             "SampledData':{'origin':{'value':0," UCUM "'mg/dL'},'period':300000,"
             "'dimensions':1,'data':'130 131 E 133'}") "]}";

static void fhir__becomes_records(void **state)
{
  (void)state;
  const char *path = written(bundle);
  t1d_record_builder *b;
  t1d_records r;
  gm_fhir_totals n;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  const gm_fhir_options o = {
      .definition = t1d_record_definition(), .fact = t1d_record_take, .user = b};
  if (gm_fhir_read_file(ctx, path, &o, &n)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  assert_int_equal(r.count, 6);
  is(&r.record[0], T1D_RECORD_GLUCOSE, 1714644900, 120, 0);
  is(&r.record[1], T1D_RECORD_GLUCOSE, 1714645800, 121, 0);
  is(&r.record[2], T1D_RECORD_METER, 1714645860, 113, 0);
  is(&r.record[3], T1D_RECORD_GLUCOSE, 1714647600, 130, 0);
  is(&r.record[5], T1D_RECORD_GLUCOSE, 1714648500, 133, 0);
  t1d_records_free(&r);
}

/* A table by its header: units, words for a sensor's ends, the zone; a row that is wrong is counted
 * and the others are read. */
static void table__is_known_by_its_header(void **state)
{
  (void)state;
  const t1d_csv_options o = {.zone_min = 60};
  t1d_records r;
  int64_t rows, refused;
  const char *path = written("timestamp,glucose_value_mg_dl\n2018-05-03 13:00:00,100\n"
                             "2018-05-03 13:05:00,Low\nyesterday,100\n2018-05-03 13:10:00,NA\n");
  if (t1d_record_read_csv(ctx, path, &o, &r, &rows, &refused)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(rows, 4);
  assert_int_equal(refused, 1);
  assert_int_equal(r.count, 2);
  is(&r.record[0], T1D_RECORD_GLUCOSE, 1525348800, 100, 0);
  is(&r.record[1], T1D_RECORD_GLUCOSE, 1525349100, 40, 0);
  assert_int_equal(r.record[1].flags, T1D_FLAG_LOW);
  t1d_records_free(&r);
  path = written("a,b\n1,2\n");
  assert_int_equal(t1d_record_read_csv(ctx, path, NULL, &r, NULL, NULL), GM_ENOTFOUND);
}

static void same_records(const t1d_records *a, const t1d_records *b)
{
  assert_int_equal(a->count, b->count);
  for (int32_t i = 0; i < a->count; i++) {
    const t1d_record *x = &a->record[i], *y = &b->record[i];
    is(x, y->kind, y->t_s, y->value, y->duration_min);
    assert_int_equal(x->flags, y->flags);
  }
}

/* What is built in is what stands in models/t1d/maps: a table reads the same by its header and by
 * the file. The file's basal is in changes only where the table is known by its header. */
static void table__maps_are_the_files(void **state)
{
  (void)state;
  static const struct {
    const char *map, *table;
  } c[] = {{"models/t1d/maps/glucose-ml.yaml",
            "timestamp,glucose_value_mg_dl\n2018-05-03 13:00:00,100\n2018-05-03 13:05:00,Low\n"
            "2018-05-03 13:10:00,HIGH\nyesterday,7\n"},
           {"models/t1d/maps/hupa-events.yaml",
            "time,basal_U_per_5min,bolus_U,carb_servings_10g\n2018-06-13T18:40:00,0.09,0,0\n"
            "2018-06-13T18:45:00,0,1.5,2\n2018-06-13T18:50:00,0.1,0,0\n"}};
  for (size_t i = 0; i < 2; i++) {
    const char *path = written(c[i].table);
    const t1d_csv_options by_file = {
        .mapping = &c[i].map, .mapping_count = 1, .records = {.hold_basal = i == 1}};
    t1d_records a, b;
    if (t1d_record_read_csv(ctx, path, NULL, &a, NULL, NULL)) fail_msg("%s", gm_message(ctx));
    if (t1d_record_read_csv(ctx, path, &by_file, &b, NULL, NULL)) fail_msg("%s", gm_message(ctx));
    assert_true(a.count >= 3);
    same_records(&a, &b);
    t1d_records_free(&a);
    t1d_records_free(&b);
  }
}

/* Two tables of one person are one series; the first row that is refused is told by its place; a
 * basal rate of a table of changes holds to the end of all records. */
static void table__two_of_one_person(void **state)
{
  (void)state;
  t1d_record_builder *b;
  t1d_records r;
  t1d_table_told told;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  const char *path = written("timestamp,glucose_value_mg_dl\n2018-06-13 18:40:00,100\n"
                             "2018-06-13 19:40:00,110\n2018-06-13 19:45:00,many\n");
  assert_int_equal(GM_OK, t1d_record_take_csv(b, ctx, path, NULL, &told));
  assert_int_equal(told.rows, 3);
  assert_int_equal(told.refused, 1);
  assert_non_null(strstr(told.first_refused, "line 4, glucose_value_mg_dl: "));
  path = written("time,basal_U_per_5min,bolus_U,carb_servings_10g\n2018-06-13T18:45:00,0.1,1,2\n");
  assert_int_equal(GM_OK, t1d_record_take_csv(b, ctx, path, NULL, &told));
  assert_int_equal(told.rows, 1);
  assert_string_equal(told.first_refused, "");
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  assert_int_equal(r.count, 5);
  is(&r.record[0], T1D_RECORD_GLUCOSE, 1528915200, 100, 0);
  is(&r.record[1], T1D_RECORD_BOLUS, 1528915500, 1, 0);
  is(&r.record[2], T1D_RECORD_BASAL, 1528915500, 1.2, 55);
  is(&r.record[3], T1D_RECORD_CARBS, 1528915500, 20, 0);
  is(&r.record[4], T1D_RECORD_GLUCOSE, 1528918800, 110, 0);
  t1d_records_free(&r);
}

/* A row whose cells the mapping takes and the records do not is refused in the table's account,
 * with its line: once where both refuse a part of it, and only the first is told. */
static void table__tells_where_it_cannot_be(void **state)
{
  (void)state;
  t1d_record_builder *b;
  t1d_records r;
  t1d_table_told told;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  const char *path = written("time,basal_U_per_5min,bolus_U,carb_servings_10g\n"
                             "2018-06-13T18:40:00,0.1,1,2\n2018-06-13T18:45:00,0.1,600,600\n"
                             "2018-06-13T18:50:00,many,1,600\n1970-06-13T18:50:00,0.1,0,0\n");
  assert_int_equal(GM_OK, t1d_record_take_csv(b, ctx, path, NULL, &told));
  assert_int_equal(told.rows, 4);
  assert_int_equal(told.refused, 3);
  assert_non_null(strstr(told.first_refused, "line 3, carbs: below 0 or above 500 g at once"));
  assert_null(strstr(told.first_refused, "600"));
  path = written("timestamp,glucose_value_mg_dl\n2018-06-13 18:40:00,100\n"
                 "2018-06-13 18:45:00,-5\n2018-06-13 18:50:00,0\n2018-06-13 18:55:00,2001\n");
  assert_int_equal(GM_OK, t1d_record_take_csv(b, ctx, path, NULL, &told));
  assert_int_equal(told.refused, 3);
  assert_non_null(strstr(told.first_refused, "line 3, glucose: not above 1 or above 1500 mg/dL"));
  assert_int_equal(GM_OK, t1d_record_finish(b, &r));
  t1d_record_builder_free(b);
  assert_int_equal(r.implausible, 7);
  t1d_records_free(&r);
}

/* Each table takes the mapping whose columns it has, in whatever order they are given, and where
 * none fits its header counts; a column that is missing is named where nothing fits. */
static void table__takes_the_mapping_that_fits(void **state)
{
  (void)state;
  static const char *const map[] = {"models/t1d/maps/hupa-events.yaml",
                                    "models/t1d/maps/glucose-ml.yaml"};
  static const struct {
    const char *table;
    int32_t maps, taken;
    bool unfit;
  } c[] = {
      {"timestamp,glucose_value_mg_dl\n2018-05-03 13:00:00,100\n", 2, 1, true},
      {"time,basal_U_per_5min,bolus_U,carb_servings_10g\n2018-06-13T18:40:00,0,1,0\n", 2, 0, false},
      {"timestamp,glucose_value_mg_dl\n2018-05-03 13:00:00,100\n", 1, -1, true},
      {"timestamp,glucose_value_mg_dl\n2018-05-03 13:00:00,100\n", 0, -1, false}};
  t1d_record_builder *b;
  t1d_table_told told;
  assert_int_equal(GM_OK, t1d_record_builder_new(ctx, NULL, &b));
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    const t1d_csv_options o = {.mapping = map, .mapping_count = c[i].maps};
    if (t1d_record_take_csv(b, ctx, written(c[i].table), &o, &told))
      fail_msg("%s", gm_message(ctx));
    assert_int_equal(told.rows, 1);
    assert_int_equal(told.refused, 0);
    assert_int_equal(told.mapping, c[i].taken);
    assert_int_equal(told.unfit[0] != 0, c[i].unfit);
  }
  const t1d_csv_options both = {.mapping = map, .mapping_count = 2};
  assert_int_equal(t1d_record_take_csv(b, ctx, written("a,b\n1,2\n"), &both, &told), GM_ENOTFOUND);
  assert_non_null(strstr(gm_message(ctx), "there is no column \"timestamp\""));
  static const char *const gone[] = {"models/t1d/maps/none.yaml"};
  const t1d_csv_options none = {.mapping = gone, .mapping_count = 1};
  assert_int_not_equal(
      t1d_record_take_csv(b, ctx, written("timestamp,glucose_value_mg_dl\n"), &none, &told), GM_OK);
  t1d_record_builder_free(b);
}

/* ---- published data -------------------------------------------------------------------------- */
/* Every row of the published series is a record: as many as lines behind the header. */
static void table__real_series_are_whole(void **state)
{
  (void)state;
  static const struct {
    const char *file;
    int32_t rows;
  } c[] = {{"t1d/cgm_real/azt1d_subject1.csv", 10449},
           {"t1d/cgm_real/azt1d_subject7.csv", 12676},
           {"t1d/cgm_real/bigideas_001.csv", 2561},
           {"t1d/cgm_real/hupa_0001P.csv", 4096},
           {"t1d/cgm_real/hupa_0011P.csv", 3839}};
  char path[600];
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    t1d_records r;
    int64_t rows, refused;
    if (!data_path(c[i].file, path, sizeof path)) {
      data_skip(c[i].file, 1);
      continue;
    }
    if (t1d_record_read_csv(ctx, path, NULL, &r, &rows, &refused)) fail_msg("%s", gm_message(ctx));
    assert_int_equal(rows, c[i].rows);
    assert_int_equal(refused, 0);
    printf("%s: %lld rows, %d records, %d duplicates, %d conflicts\n", c[i].file, (long long)rows,
           (int)r.count, (int)r.duplicates, (int)r.conflicts);
    assert_int_equal(r.count + r.duplicates + r.conflicts, c[i].rows);
    for (int32_t k = 1; k < r.count; k++) assert_true(r.record[k].t_s > r.record[k - 1].t_s);
    t1d_records_free(&r);
  }
}

/* The day of HUPA 0001P: sums by the table's own columns; basal is held from change to change. */
static void table__events_of_a_day(void **state)
{
  (void)state;
  char path[600];
  t1d_records r;
  int64_t rows, refused;
  double sum[T1D_RECORD_KINDS] = {0};
  int32_t count[T1D_RECORD_KINDS] = {0};
  if (!data_path("t1d/cgm_real/hupa_0001P_day1_events.csv", path, sizeof path)) {
    data_skip("hupa_0001P_day1_events.csv", 1);
    return;
  }
  if (t1d_record_read_csv(ctx, path, NULL, &r, &rows, &refused)) fail_msg("%s", gm_message(ctx));
  assert_int_equal(refused, 0);
  for (int32_t i = 0; i < r.count; i++) {
    const t1d_record *x = &r.record[i];
    bool basal = x->kind == T1D_RECORD_BASAL;
    sum[x->kind] += basal ? x->value * x->duration_min / 60 : x->value;
    count[x->kind]++;
  }
  assert_int_equal(count[T1D_RECORD_BASAL], rows);
  is(&r.record[0], T1D_RECORD_BASAL, 1528915200, 12 * 0.091666667, 20);
  printf("%d rows: %.4f U basal, %g U in %d boluses, %g g in %d meals\n", (int)rows,
         sum[T1D_RECORD_BASAL], sum[T1D_RECORD_BOLUS], (int)count[T1D_RECORD_BOLUS],
         sum[T1D_RECORD_CARBS], (int)count[T1D_RECORD_CARBS]);
  assert_true(fabs(sum[T1D_RECORD_BOLUS] - 10.9) < 1e-9);
  assert_true(fabs(sum[T1D_RECORD_CARBS] - 110) < 1e-9);
  t1d_records_free(&r);
}

/* twin.yaml is a definition that all three sorts of export can be held against, and that the files
 * in maps fit. */
static void twin__takes_what_is_read(void **state)
{
  (void)state;
  static const char *const codes[] = {"bolus", "basal", "carbs"};
  gm_definition *d = NULL;
  gm_mapping *m = NULL;
  if (access("models/t1d/twin.yaml", R_OK) != 0) fail_msg("run in the project's root");
  if (gm_definition_read(ctx, "models/t1d/twin.yaml", &d)) fail_msg("%s", gm_message(ctx));
  for (size_t i = 0; i < 3; i++) {
    const double unit = i < 2 ? 2 : 30;
    gm_fact f =
        fact(GM_RECORD_GIVEN, codes[i], 0, i < 2 ? "2" : "30", i < 2 ? T1D_INSULIN_UNIT : "g", "a");
    double v = NAN;
    assert_int_equal(GM_OK, gm_fact_value(ctx, d, &f, &v));
    assert_true(v == unit);
    int32_t at = gm_definition_input(d, codes[i]);
    assert_true(d->input[at].to_model == (i < 2 ? 6000 : 1000));
  }
  static const char *const maps[] = {"models/t1d/maps/glucose-ml.yaml",
                                     "models/t1d/maps/hupa-events.yaml"};
  for (size_t i = 0; i < 2; i++) {
    if (gm_mapping_read(ctx, maps[i], d, &m)) fail_msg("%s", gm_message(ctx));
    gm_mapping_free(m);
  }
  gm_definition_free(d);
}

static gm_status trial(gm_ctx *c, void *user)
{
  t1d_records r;
  gm_status s = t1d_record_read_csv(c, user, NULL, &r, NULL, NULL);
  if (!s) t1d_records_free(&r);
  return s;
}

/* Whichever allocation fails, reading fails with it and leaves nothing behind. */
static void memory__every_failure_is_told(void **state)
{
  (void)state;
  const char *path = written("time,basal_U_per_5min,bolus_U,carb_servings_10g\n"
                             "2018-06-13T18:40:00,0.09,0,0\n2018-06-13T19:00:00,0.075,1,2\n");
  assert_true(fault_sweep("records", trial, (void *)(uintptr_t)path) > 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(record__has_one_order_and_one_unit),
      cmocka_unit_test(record__versions_and_copies),
      cmocka_unit_test(basal__steps_do_not_overlap),
      cmocka_unit_test(basal__changes_hold),
      cmocka_unit_test(record__flags_and_exercise),
      cmocka_unit_test(record__bounds_are_the_same_in_both_units),
      cmocka_unit_test(record__copies_in_any_order),
      cmocka_unit_test(exercise__back_to_back),
      cmocka_unit_test(implausible__is_refused_by_fact),
      cmocka_unit_test(nightscout__becomes_records),
      cmocka_unit_test(fhir__becomes_records),
      cmocka_unit_test(table__is_known_by_its_header),
      cmocka_unit_test(table__maps_are_the_files),
      cmocka_unit_test(table__takes_the_mapping_that_fits),
      cmocka_unit_test(table__two_of_one_person),
      cmocka_unit_test(table__tells_where_it_cannot_be),
      cmocka_unit_test(table__real_series_are_whole),
      cmocka_unit_test(table__events_of_a_day),
      cmocka_unit_test(twin__takes_what_is_read),
      cmocka_unit_test(memory__every_failure_is_told),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
