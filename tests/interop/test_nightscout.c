/* test_nightscout.c - exports of Nightscout as facts: what is taken, what is refused and why, how
 * long a basal rate lasts. The documents are written by hand after the schemas of API v1 and v3.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/nightscout.h"
#include "support/fault.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gm_ctx *ctx;
static char folder[300];

/* ---- what asks ------------------------------------------------------------------------------- */
static char *sgv[] = {"loinc|99504-3", "nightscout|sgv"}, *mbg[] = {"nightscout|mbg"};
static char *insulin[] = {"nightscout|insulin"}, *basal[] = {"nightscout|basal"};
static char *carbs[] = {"nightscout|carbs"}, *exercise[] = {"nightscout|exercise"};
static char *levels[] = {"no", "yes"};
static gm_observable observables[] = {
    {.name = "glucose", .unit = "mg/dL", .coding = {sgv, 2, 180.156}, .loq = NAN},
    {.name = "meter", .unit = "mg/dL", .coding = {mbg, 1, 180.156}, .loq = NAN}};
static gm_def_input inputs[] = {{.name = "bolus", .unit = "[IU]", .coding = {insulin, 1, NAN}},
                                {.name = "basal", .unit = "[IU]", .coding = {basal, 1, NAN}},
                                {.name = "carbs", .unit = "g", .coding = {carbs, 1, NAN}}};
static gm_covariate covariates[] = {{.name = "exercise",
                                     .unit = "",
                                     .coding = {exercise, 1, NAN},
                                     .level = levels,
                                     .level_count = 2}};
static const gm_definition definition = {.observable = observables,
                                         .observable_count = 2,
                                         .input = inputs,
                                         .input_count = 3,
                                         .covariate = covariates,
                                         .covariate_count = 1};

static int begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/gemel-ns-XXXXXX", where && where[0] ? where : "/tmp");
  return !mkdtemp(folder) || gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static const char *file(int32_t i)
{
  static char path[3][340];
  snprintf(path[i], sizeof path[i], "%s/%d.json", folder, (int)i);
  return path[i];
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  for (int32_t i = 0; i < 3; i++) unlink(file(i));
  return rmdir(folder);
}

/* JSON with ' for ". */
static void write_json(int32_t i, const char *text)
{
  char *copy = gm_strdup(ctx, text);
  for (char *p = copy; *p; p++)
    if (*p == '\'') *p = '"';
  if (gm_file_write(ctx, file(i), copy, strlen(copy))) fail_msg("%s", gm_message(ctx));
  gm_free(copy);
}

/* ---- readings as text ------------------------------------------------------------------------ */
/* "given basal '0.8' [IU]/h @1525383600 over 1800 treatments/t1#basal\n" */
static gm_status take(void *user, const gm_fact *f)
{
  gm_text *t = user;
  gm_text_addf(t, "%s %s '%s' %s @%.15g", gm_record_kind_name(f->kind), f->series, f->value,
               f->unit[0] ? f->unit : "-", f->t_true_s);
  if (f->duration_s > 0) gm_text_addf(t, " over %.10g", f->duration_s);
  if (f->censored) gm_text_add(t, f->censored > 0 ? " below" : " above");
  if (f->withdrawn) gm_text_add(t, " withdrawn");
  gm_text_addf(t, " %s", f->id);
  if (strstr(f->code, "noisy")) gm_text_add(t, " noisy");
  gm_text_add(t, "\n");
  return GM_OK;
}

/* "[0] entry e1 refused: entry.sgv: ...\n" */
static gm_status note(void *user, const gm_nightscout_account *a)
{
  gm_text *t = user;
  gm_text_addf(t, "= %s %s %s %s: %s\n", a->place, a->kind, a->id,
               gm_nightscout_outcome_name(a->outcome), a->reason);
  return GM_OK;
}

typedef struct {
  gm_text text;
  gm_nightscout_totals totals;
  gm_status status;
} reading;

static reading read_files(int32_t count, gm_nightscout_options o)
{
  reading r = {0};
  const char *path[3];
  for (int32_t i = 0; i < count; i++) path[i] = file(i);
  gm_text_init(&r.text, ctx);
  gm_text_add(&r.text, "");
  if (!o.definition) o.definition = &definition;
  o.fact = take;
  o.account = note;
  o.user = &r.text;
  gm_message_clear(ctx);
  r.status = gm_nightscout_read(ctx, path, count, &o, &r.totals);
  return r;
}

static void is_with(const char *json, const char *expected, gm_nightscout_options o)
{
  write_json(0, json);
  reading r = read_files(1, o);
  if (r.status) fail_msg("%s", gm_message(ctx));
  assert_string_equal(r.text.data, expected);
  assert_int_equal(r.totals.documents, r.totals.taken + r.totals.not_mapped + r.totals.refused);
  gm_text_free(&r.text);
}

static void is(const char *json, const char *expected)
{
  is_with(json, expected, (gm_nightscout_options){0});
}

static void fails(const char *json, gm_status status, const char *words)
{
  write_json(0, json);
  reading r = read_files(1, (gm_nightscout_options){0});
  assert_int_equal(r.status, status);
  if (!strstr(gm_message(ctx), words)) fail_msg("%s", gm_message(ctx));
  assert_string_equal(r.text.data, "");
  gm_text_free(&r.text);
}

/* ---- entries --------------------------------------------------------------------------------- */
/* A sensor's glucose is mg/dL; its number stays as it was written; date comes before dateString. */
static void entry__is_told_as_it_was_written(void **state)
{
  (void)state;
  is("[{'_id':'e1','type':'sgv','sgv':135.0,'date':1448227670000,'direction':'Flat','noise':1,"
     "'dateString':'Sun Nov 22 23:27:50 EET 2015','device':'dexcom'},"
     "{'_id':'e2','type':'mbg','mbg':63,'date':1448208792000},"
     "{'_id':'e3','type':'cal','slope':846.2,'intercept':30923,'date':1448710948000}]",
     "observation glucose '135.0' mg/dL @1448227670 entries/e1\n"
     "= [0] entry e1 taken: \n"
     "observation meter '63' mg/dL @1448208792 entries/e2\n"
     "= [1] entry e2 taken: \n"
     "= [2] entry e3 not mapped: a calibration of raw signals\n");
}

/* 39 and 401 are a sensor's words for below 40 and above 400; up to 12 it says what is wrong with
 * it; a number between is nothing a sensor can say. Noise of 3 and more is kept. */
static void entry__codes_of_a_sensor_are_no_glucose(void **state)
{
  (void)state;
  is("[{'_id':'a','sgv':39,'date':1448227670000},{'_id':'b','sgv':401,'date':1448227670000},"
     "{'_id':'c','sgv':'LOW','date':1448227670000},{'_id':'d','sgv':5,'date':1448227670000},"
     "{'_id':'e','sgv':0,'date':1448227670000},{'_id':'f','sgv':13,'date':1448227670000},"
     "{'_id':'g','sgv':40,'noise':4,'date':1448227670000},"
     "{'_id':'h','sgv':true,'date':1448227670000}]",
     "observation glucose '40' mg/dL @1448227670 below entries/a\n= [0] entry a taken: \n"
     "observation glucose '400' mg/dL @1448227670 above entries/b\n= [1] entry b taken: \n"
     "observation glucose '40' mg/dL @1448227670 below entries/c\n= [2] entry c taken: \n"
     "= [3] entry d refused: entry.sgv: a sensor's error code, no glucose\n"
     "= [4] entry e refused: entry.sgv: a sensor's error code, no glucose\n"
     "= [5] entry f refused: entry.sgv: below what a sensor can say in mg/dL; units are not stated "
     "as mmol\n"
     "observation glucose '40' mg/dL @1448227670 entries/g noisy\n= [6] entry g taken: \n"
     "= [7] entry h refused: entry.sgv: not a number, LOW or HIGH\n");
}

/* Units are what the document says; mmol with a number that only mg/dL has is refused. */
static void entry__units_that_cannot_be_are_refused(void **state)
{
  (void)state;
  is("{'status':200,'result':[{'identifier':'a','sgv':6.7,'units':'mmol','date':1448227670000},"
     "{'identifier':'b','sgv':120,'units':'mmol/l','date':1448227670000},"
     "{'identifier':'c','sgv':120,'units':'stone','date':1448227670000}]}",
     "observation glucose '6.7' mmol/L @1448227670 entries/a\n= result[0] entry a taken: \n"
     "= result[1] entry b refused: entry.units: mmol, with a sgv that can only be mg/dL\n"
     "= result[2] entry c refused: entry.units: not known; mg/dl or mmol was expected\n");
}

/* Milliseconds, seconds, ISO with a zone in any of its forms, ISO with utcOffset: one moment. */
static void time__is_read_in_every_form(void **state)
{
  (void)state;
  static const char *const form[] = {"'date':1525383610000",
                                     "'date':1525383610",
                                     "'date':'1525383610000'",
                                     "'date':'2018-05-03T21:40:10Z'",
                                     "'dateString':'2018-05-03T23:40:10.000+02:00'",
                                     "'dateString':'2018-05-03 23:40:10+0200'",
                                     "'dateString':'2018-05-03T23:40:10','utcOffset':120",
                                     "'date':{'$numberLong':'1525383610000'}",
                                     "'date':{'$date':'2018-05-03T21:40:10.000Z'}"};
  for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
    char json[200];
    snprintf(json, sizeof json, "[{'_id':{'$oid':'a'},'sgv':100,%s}]", form[i]);
    is(json, "observation glucose '100' mg/dL @1525383610 entries/a\n= [0] entry a taken: \n");
  }
}

/* A time without zone, before 1973 or that is none is refused by its field. */
static void time__without_zone_is_refused(void **state)
{
  (void)state;
  static const char *const form[] = {"'dateString':'2018-05-03T23:40:10'",
                                     "'date':0",
                                     "'date':-1",
                                     "'date':'yesterday'",
                                     "'date':1e300",
                                     "'date':null"};
  for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
    char json[200];
    snprintf(json, sizeof json, "[{'_id':'a','sgv':100,%s}]", form[i]);
    is(json, "= [0] entry a refused: entry.date: missing or not a time; milliseconds since 1970 "
             "were expected\n");
  }
}

/* ---- treatments ------------------------------------------------------------------------------ */
/* A meal bolus is insulin and carbohydrate at one moment; a finger's glucose needs its units. */
static void treatment__parts_are_told_each(void **state)
{
  (void)state;
  is("[{'_id':'t1','eventType':'Meal Bolus','created_at':'2018-05-03T21:40:10Z','insulin':4.5,"
     "'carbs':'60','glucose':'13.5','glucoseType':'Finger','units':'mmol','notes':'x'},"
     "{'_id':'t2','eventType':'BG Check','created_at':'2018-05-03T21:40:10Z','glucose':120},"
     "{'_id':'t3','eventType':'Carb Correction','created_at':'2018-05-03T21:40:10Z','carbs':30,"
     "'duration':60,'insulin':null},"
     "{'_id':'t4','eventType':'Note','created_at':'2018-05-03T21:40:10Z','notes':'y'},"
     "{'_id':'t5','eventType':'Correction "
     "Bolus','created_at':'2018-05-03T21:40:10Z','insulin':-1}]",
     "given bolus '4.5' [IU] @1525383610 treatments/t1#insulin\n"
     "given carbs '60' g @1525383610 treatments/t1#carbs\n"
     "observation meter '13.5' mmol/L @1525383610 treatments/t1#glucose\n"
     "= [0] treatment t1 taken: \n"
     "= [1] treatment t2 refused: treatment.units: missing; mg/dl or mmol was expected with a "
     "glucose\n"
     "given carbs '30' g @1525383610 over 3600 treatments/t3#carbs\n"
     "= [2] treatment t3 taken: \n"
     "= [3] treatment t4 not mapped: it says nothing that the definition asks for\n"
     "= [4] treatment t5 refused: treatment.insulin: bolus: below 0, an amount is expected\n");
}

/* Insulin that does not reach the body as a bolus is not told as one. */
static void treatment__other_insulin_is_not_a_bolus(void **state)
{
  (void)state;
  is("[{'_id':'a','eventType':'Correction Bolus','created_at':'2018-05-03T21:40:10Z','insulin':1,"
     "'type':'PRIMING'},"
     "{'_id':'b','eventType':'Correction Bolus','created_at':'2018-05-03T21:40:10Z','insulin':12,"
     "'isBasalInsulin':true},"
     "{'_id':'c','eventType':'Combo Bolus','created_at':'2018-05-03T21:40:10Z','insulin':2,"
     "'enteredinsulin':5,'splitNow':40,'splitExt':60,'duration':120,'relative':1.5},"
     "{'_id':'d','eventType':'Suspend Pump','created_at':'2018-05-03T21:40:10Z'}]",
     "= [0] treatment a not mapped: insulin that fills a tube is not given\n"
     "= [1] treatment b refused: treatment.isBasalInsulin: long-acting insulin, which no bolus "
     "stands for\n"
     "given bolus '2' [IU] @1525383610 treatments/c#insulin\n"
     "given bolus '1.5' [IU]/h @1525383610 over 7200 treatments/c#extended\n"
     "= [2] treatment c taken: \n"
     "= [3] treatment d refused: treatment.eventType: a pump was stopped, and no temporary rate "
     "says for how long\n");
}

/* Exercise is a level that begins and ends. */
static void treatment__exercise_ends(void **state)
{
  (void)state;
  is("[{'_id':'x','eventType':'Exercise','created_at':'2018-05-03T21:40:10Z','duration':30}]",
     "covariate exercise 'yes' - @1525383610 treatments/x#exercise\n"
     "covariate exercise 'no' - @1525385410 treatments/x#exercise end\n"
     "= [0] treatment x taken: \n");
}

/* What was deleted withdraws what it had told. */
static void treatment__deleted_is_withdrawn(void **state)
{
  (void)state;
  is("[{'identifier':'w','eventType':'Snack Bolus','date':1525383610000,'insulin':1,'carbs':10,"
     "'isValid':false,'srvModified':1525383650000}]",
     "given bolus '' - @1525383610 withdrawn treatments/w#insulin\n"
     "given carbs '' - @1525383610 withdrawn treatments/w#carbs\n"
     "= [0] treatment w taken: \n");
}

/* ---- basal ----------------------------------------------------------------------------------- */
/* 2018-05-03T12:00Z is 1525348800. */
#define TEMP(id, clock, rest)                                                                      \
  "{'_id':'" id "','eventType':'Temp Basal','created_at':'2018-05-03T" clock ":00Z'," rest "}"

/* A temporary rate ends where the next one begins, in whatever order they stand, and one without
 * duration ends it as well. A pump at 0 is told: that no insulin came matters. */
static void temporary__ends_where_the_next_begins(void **state)
{
  (void)state;
  is("[" TEMP("c", "12:50", "'duration':0") "," TEMP(
         "b", "12:20", "'duration':60,'rate':0") "," TEMP("a", "12:00",
                                                          "'duration':30,'absolute':1.25,'rate':1."
                                                          "25,'temp':'absolute'") "]",
     "= [0] treatment c not mapped: it only ends the rate before it\n"
     "given basal '0' [IU]/h @1525350000 over 1800 treatments/b#basal\n"
     "= [1] treatment b taken: \n"
     "given basal '1.25' [IU]/h @1525348800 over 1200 treatments/a#basal\n"
     "= [2] treatment a taken: \n");
}

#define PROFILE                                                                                    \
  "{'_id':'p','defaultProfile':'D','startDate':'2018-05-03T00:00:00Z','store':{'D':{'timezone':"   \
  "'Etc/GMT-2','basal':[{'time':'00:00','value':'0.5'},{'time':'15:00','value':0.75}]},"           \
  "'N':{'timezone':'UTC','basal':[{'time':'00:00','value':2}]}}}"

/* A percentage is a change of what the profile asks for at that time, its own clock counting: 15:00
 * two hours east of UTC is 13:00Z. Told step by step. */
static void temporary__percent_follows_the_profile(void **state)
{
  (void)state;
  is("[" TEMP("a", "12:30", "'duration':60,'percent':-50") "," PROFILE "]",
     "given basal '0.25' [IU]/h @1525350600 over 1800 treatments/a#basal\n"
     "given basal '0.375' [IU]/h @1525352400 over 1800 treatments/a#basal 2\n"
     "= [0] treatment a taken: \n"
     "= [1] profile p not mapped: it holds at no time of the data\n");
}

/* Without a profile there is nothing that a percentage could be of, but 0 is 0. */
static void temporary__percent_of_nothing_is_refused(void **state)
{
  (void)state;
  is("[" TEMP("a", "12:30", "'duration':60,'percent':20") "," TEMP(
         "b", "13:30", "'duration':60,'percent':-100") "," TEMP("c", "14:30", "'duration':60") "]",
     "= [0] treatment a refused: treatment.percent: of a profile whose basal or time zone is not "
     "known\n"
     "given basal '0' [IU]/h @1525354200 over 3600 treatments/b#basal\n"
     "= [1] treatment b taken: \n"
     "= [2] treatment c refused: treatment.absolute: missing, and no percent >= -100 either\n");
}

/* A profile is told as ordered for the time of the data; as given only where no temporary rate
 * runs. */
static void profile__is_told_for_the_time_of_the_data(void **state)
{
  (void)state;
  static const char json[] = "[{'_id':'e','sgv':100,'date':1525348800000}," TEMP(
      "a", "12:30", "'duration':60,'absolute':1") ",{'_id':'f','sgv':100,'date':1525356000000}"
                                                  "," PROFILE "]";
  is(json, "observation glucose '100' mg/dL @1525348800 entries/e\n= [0] entry e taken: \n"
           "given basal '1' [IU]/h @1525350600 over 3600 treatments/a#basal\n"
           "= [1] treatment a taken: \n"
           "observation glucose '100' mg/dL @1525356000 entries/f\n= [2] entry f taken: \n"
           "ordered basal '0.5' [IU]/h @1525348800 over 3600 "
           "profile/p#basal 1525348800\n"
           "ordered basal '0.75' [IU]/h @1525352400 over 3600 "
           "profile/p#basal 1525352400\n"
           "= [3] profile p taken: \n");
  is_with(json,
          "observation glucose '100' mg/dL @1525348800 entries/e\n= [0] entry e taken: \n"
          "given basal '1' [IU]/h @1525350600 over 3600 treatments/a#basal\n"
          "= [1] treatment a taken: \n"
          "observation glucose '100' mg/dL @1525356000 entries/f\n= [2] entry f taken: \n"
          "given basal '0.5' [IU]/h @1525348800 over 1800 "
          "profile/p#basal 1525348800\n"
          "given basal '0.75' [IU]/h @1525354200 over 1800 "
          "profile/p#basal 1525354200\n"
          "= [3] profile p taken: \n",
          (gm_nightscout_options){.profile_given = true});
}

/* A switch for an hour names another profile of the document; its share scales the rates. */
static void profile__switch_holds_for_its_time(void **state)
{
  (void)state;
  is("[{'_id':'e','sgv':100,'date':1525348800000},{'_id':'f','sgv':100,'date':1525356000000},"
     "{'_id':'s','eventType':'Profile Switch','created_at':'2018-05-03T12:30:00Z','profile':'N',"
     "'percentage':80,'duration':60},"
     "{'_id':'u','eventType':'Profile Switch','created_at':'2018-05-03T13:45:00Z','profile':'own',"
     "'profileJson':'{\\'timezone\\':\\'UTC\\',\\'basal\\':[{\\'time\\':\\'00:00\\',"
     "\\'timeAsSeconds\\':0,\\'value\\':3}]}'}," PROFILE "]",
     "observation glucose '100' mg/dL @1525348800 entries/e\n= [0] entry e taken: \n"
     "observation glucose '100' mg/dL @1525356000 entries/f\n= [1] entry f taken: \n"
     "ordered basal '1.6000000000000001' [IU]/h @1525350600 over 3600 "
     "treatments/s#basal 1525350600\n"
     "= [2] treatment s taken: \n"
     "ordered basal '3' [IU]/h @1525355100 over 900 "
     "treatments/u#basal 1525355100\n"
     "= [3] treatment u taken: \n"
     "ordered basal '0.5' [IU]/h @1525348800 over 1800 "
     "profile/p#basal 1525348800\n"
     "ordered basal '0.75' [IU]/h @1525354200 over 900 "
     "profile/p#basal 1525354200\n"
     "= [4] profile p taken: \n");
}

/* The name of a time zone needs an offset from the caller. */
static void profile__zone_by_name_needs_an_offset(void **state)
{
  (void)state;
  static const char json[] =
      "[{'_id':'e','sgv':100,'date':1525348800000},{'_id':'f','sgv':100,'date':1525352400000},"
      "{'_id':'p','defaultProfile':'D','startDate':'1970-01-01T00:00:00Z','store':{'D':{'timezone':"
      "'Europe/Berlin','basal':[{'time':'00:00','value':1},{'time':'14:30','value':2}]}}}]";
#define SEEN                                                                                       \
  "observation glucose '100' mg/dL @1525348800 entries/e\n= [0] entry e taken: \n"                 \
  "observation glucose '100' mg/dL @1525352400 entries/f\n= [1] entry f taken: \n"
  is(json,
     SEEN "= [2] profile p refused: profile.timezone: a name, or missing; the offset from UTC "
          "is not known\n");
  is_with(json,
          SEEN "ordered basal '1' [IU]/h @1525348800 over 1800 "
               "profile/p#basal 1525348800\n"
               "ordered basal '2' [IU]/h @1525350600 over 1800 "
               "profile/p#basal 1525350600\n= [2] profile p taken: \n",
          (gm_nightscout_options){.zone_known = true, .zone_min = 120});
}

/* ---- files ----------------------------------------------------------------------------------- */
/* Files are one export: the profile may stand in another one than the rate. Lines, an object of
 * arrays and one document are read as well. */
static void files__are_one_export(void **state)
{
  (void)state;
  write_json(0, "[" TEMP("a", "12:00", "'duration':30,'percent':100") "]");
  write_json(1, PROFILE);
  write_json(2, "{'entries':[{'_id':'e','sgv':100,'date':1525348800000}],'treatments':["
                "{'_id':'t','insulin':1,'created_at':'2018-05-03T12:00:00Z'}],'devicestatus':"
                "[{'device':'x','pump':{}}]}");
  reading r = read_files(3, (gm_nightscout_options){.insulin_unit = "6000.pmol/kg"});
  assert_int_equal(r.status, GM_OK); /* and a unit that the definition does not have: */
  assert_non_null(strstr(r.text.data, "= [0] treatment a refused: treatment.absolute: "));
  gm_text_free(&r.text);
  r = read_files(3, (gm_nightscout_options){0});
  assert_int_equal(r.status, GM_OK);
  assert_non_null(strstr(r.text.data, "given basal '1' [IU]/h @1525348800 over 1800"));
  assert_non_null(strstr(r.text.data, "= entries[0] entry e taken: \n"));
  assert_non_null(strstr(r.text.data, "= treatments[0] treatment t taken: \n"));
  assert_non_null(strstr(r.text.data, "= devicestatus[0] "));
  assert_int_equal(r.totals.documents, 5);
  gm_text_free(&r.text);
}

/* A line that is no JSON is one refused document, and the next line is read. */
static void files__lines_go_on_behind_a_bad_one(void **state)
{
  (void)state;
  write_json(0, "{'_id':'a','sgv':100,'date':1525348800000}\n{'_id':'b',\n"
                "{'_id':'c','sgv':110,'date':1525348800000}\n");
  reading r = read_files(1, (gm_nightscout_options){.lines = true});
  assert_int_equal(r.status, GM_OK);
  assert_int_equal(r.totals.documents, 3);
  assert_int_equal(r.totals.refused, 1);
  assert_non_null(strstr(r.text.data, "= line 2   refused: "));
  assert_non_null(strstr(r.text.data, "= line 3 entry c taken: "));
  gm_text_free(&r.text);
}

/* What is no export fails before anything is told. */
static void files__of_nothing_known_fail(void **state)
{
  (void)state;
  fails("", GM_EPARSE, "");
  fails("'text'", GM_EPARSE, "an array of documents or an object was expected");
  fails("[{'sgv':100,'date':1525348800000},", GM_EPARSE, "");
  gm_nightscout_totals n;
  const gm_nightscout_options o = {.definition = &definition};
  const char *none = "/nowhere/at/all.json", *dev = "/dev/null";
  assert_int_equal(gm_nightscout_read(ctx, &none, 1, &o, &n), GM_EIO);
  assert_int_equal(gm_nightscout_read(ctx, &dev, 1, &o, &n), GM_EIO);
  assert_int_equal(gm_nightscout_read(ctx, &none, 0, &o, &n), GM_EINVAL);
}

/* A code that is not known, or of another sort of series, or of two series, is the definition's
 * error; so are options that cannot be. */
static void definition__codes_are_checked(void **state)
{
  (void)state;
  static char *wrong[] = {"nightscout|glucose"}, *sort[] = {"nightscout|carbs"};
  gm_observable o[2] = {observables[0], observables[1]};
  gm_definition d = {.observable = o, .observable_count = 2};
  gm_nightscout_totals n;
  gm_nightscout_options options = {.definition = &d};
  const char *path = file(0);
  write_json(0, "[]");
  for (int32_t i = 0; i < 3; i++) {
    o[1].coding.code = i == 0 ? wrong : i == 1 ? sort : sgv + 1;
    assert_int_equal(gm_nightscout_read(ctx, &path, 1, &options, &n), GM_EINVAL);
  }
  options = (gm_nightscout_options){.definition = &definition, .from_s = 2, .to_s = 1};
  assert_int_equal(gm_nightscout_read(ctx, &path, 1, &options, &n), GM_EINVAL);
  options = (gm_nightscout_options){.definition = &definition, .insulin_unit = "what"};
  assert_int_equal(gm_nightscout_read(ctx, &path, 1, &options, &n), GM_EUNIT);
}

/* No message, reason or account quotes a value. */
static void refusals__quote_no_value(void **state)
{
  (void)state;
  write_json(0, "[{'_id':'a','sgv':'SECRET','date':1525348800000},"
                "{'_id':'b','eventType':'Meal Bolus','insulin':'SECRET','carbs':'SECRET',"
                "'created_at':'2018-05-03T12:00:00Z'},"
                "{'_id':'c','eventType':'Temp Basal','absolute':'SECRET','duration':'SECRET',"
                "'created_at':'2018-05-03T12:00:00Z'},"
                "{'_id':'d','sgv':100,'units':'SECRET','date':'SECRET'}]");
  reading r = read_files(1, (gm_nightscout_options){0});
  assert_int_equal(r.status, GM_OK);
  assert_int_equal(r.totals.refused, 4);
  assert_null(strstr(r.text.data, "SECRET"));
  gm_text_free(&r.text);
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_nightscout_totals n;
  const gm_nightscout_options o = {.definition = &definition};
  const char *path = user;
  return gm_nightscout_read(c, &path, 1, &o, &n);
}

/* Whichever allocation fails, reading fails with it and leaves nothing behind. */
static void memory__every_failure_is_told(void **state)
{
  (void)state;
  write_json(0, "[{'_id':'e','sgv':100,'date':1525348800000}," TEMP(
                    "a", "12:00",
                    "'duration':30,'percent':100") "," PROFILE
                                                   "," TEMP("b", "14:00",
                                                            "'duration':30,'absolute':1") "]");
  assert_true(fault_sweep("an export", trial, (void *)(uintptr_t)file(0)) > 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entry__is_told_as_it_was_written),
      cmocka_unit_test(entry__codes_of_a_sensor_are_no_glucose),
      cmocka_unit_test(entry__units_that_cannot_be_are_refused),
      cmocka_unit_test(time__is_read_in_every_form),
      cmocka_unit_test(time__without_zone_is_refused),
      cmocka_unit_test(treatment__parts_are_told_each),
      cmocka_unit_test(treatment__other_insulin_is_not_a_bolus),
      cmocka_unit_test(treatment__exercise_ends),
      cmocka_unit_test(treatment__deleted_is_withdrawn),
      cmocka_unit_test(temporary__ends_where_the_next_begins),
      cmocka_unit_test(temporary__percent_follows_the_profile),
      cmocka_unit_test(temporary__percent_of_nothing_is_refused),
      cmocka_unit_test(profile__is_told_for_the_time_of_the_data),
      cmocka_unit_test(profile__switch_holds_for_its_time),
      cmocka_unit_test(profile__zone_by_name_needs_an_offset),
      cmocka_unit_test(files__are_one_export),
      cmocka_unit_test(files__lines_go_on_behind_a_bad_one),
      cmocka_unit_test(files__of_nothing_known_fail),
      cmocka_unit_test(definition__codes_are_checked),
      cmocka_unit_test(refusals__quote_no_value),
      cmocka_unit_test(memory__every_failure_is_told),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
