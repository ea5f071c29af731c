/* life_case.h - a drug given twice and measured six times, in a store: what tests of lives share.
 */
#ifndef GEMEL_TESTS_TWIN_LIFE_CASE_H
#define GEMEL_TESTS_TWIN_LIFE_CASE_H
#include "store/store_case.h"
#include "gemel/life.h"
#include <math.h>
#include <time.h>

enum { DATA = 6 };
static const double hour = 3600, origin = 1700002000;
static char definition_path[340], model_path[340];

static inline void file_write(char *path, size_t bytes, const char *name, const char *text)
{
  snprintf(path, bytes, "%s/%s", case_folder, name);
  case_must(gm_file_write(ctx, path, text, strlen(text)), "file");
}

static const char model_text[] = "time has \"h\"\nCL = 4; V = 20\n"
                                 "CL has \"L/h\"; V has \"L\"\nA' = -CL/V*A\nA = 0\n"
                                 "A has \"mg\"\n";
static const char definition_text[] =
    "twin: case\nquestion: How much?\ncontext-of-use: tests\nmodel: model.ant\n"
    "update-within: 10 min\n"
    "subject:\n  WT: {unit: kg, default: 70}\n  SEX: {levels: [female, male], default: female}\n"
    "inputs:\n  drug: {into: A, unit: mg, molar-mass: 500 g/mol}\n"
    "parameters:\n"
    "  CL: {typical: 4, unit: L/h, between-subjects: {lognormal: 0.3}, covariate: (WT/70)^0.75}\n"
    "  V: {typical: 20, unit: L, between-subjects: {lognormal: 0.2}}\n"
    "observables:\n  cp: {is: A/V, unit: mg/L, molar-mass: 500 g/mol, error: {additive: 0.1, "
    "proportional: 0.1}}\n"
    "targets: {cp: {low: 2, high: 8, of: trough}}\n"
    "actions: {drug: {doses: [50, 100, 200], every: 12 h}}\n";

static inline gm_fact fact(gm_record_kind kind, const char *series, double t_h, const char *value,
                           const char *unit, const char *id)
{
  return (gm_fact){.kind = kind,
                   .subject = "",
                   .series = series,
                   .t_true_s = origin + t_h * hour,
                   .value = value,
                   .unit = unit,
                   .licence = "",
                   .source = "ward",
                   .id = id,
                   .version = "1",
                   .code = ""};
}

static const char *const value_text[DATA] = {"4.31", "3.52", "2.6", "1.61", "4.9", "2.20"};
static const double value_h[DATA] = {1, 2, 4, 8, 13, 20};
static char id_text[DATA][8];

static inline gm_fact datum(int i)
{
  snprintf(id_text[i], sizeof id_text[i], "d%d", i);
  return fact(GM_RECORD_OBSERVATION, "cp", value_h[i], value_text[i], "mg/L", id_text[i]);
}

static inline void add(gm_life *l, const gm_fact *f, int32_t count)
{
  gm_life_intake in;
  case_must(gm_life_add(l, ctx, f, count, NULL, &in), "add");
}

static inline gm_life_update renew(gm_life *l)
{
  gm_life_update u;
  case_must(gm_life_renew(l, ctx, NAN, &u), "renew");
  return u;
}

static inline void doses_add(gm_life *l)
{
  gm_fact f[4] = {fact(GM_RECORD_GIVEN, "drug", 0, "100", "mg", "a"),
                  fact(GM_RECORD_GIVEN, "drug", 12, "0.2", "mmol", "b"), /* 100 mg */
                  fact(GM_RECORD_ORDERED, "drug", 15, "500", "mg", "c"),
                  fact(GM_RECORD_COVARIATE, "WT", -9000, "82.5", "kg", "w")};
  add(l, f, 4);
}

static inline gm_life *life_open(gm_session *a, const char *twin, int64_t as_of)
{
  gm_life *l = NULL;
  gm_life_options o = {.session = a, .twin = twin, .as_of = as_of};
  case_must(gm_life_open(ctx, &o, &l), "open");
  return l;
}

static inline gm_life *life_of(gm_session *a, const char *twin, int32_t members, const char *model,
                               const char *definition)
{
  gm_consent_rule all = {.permit = true, .actor = ""};
  gm_life_options o = {.session = a, .twin = twin};
  gm_life_new n = {.subject = "p1",
                   .definition = definition_path,
                   .origin_s = origin,
                   .seed = 7,
                   .members = members,
                   .consent = &all,
                   .consent_count = 1};
  file_write(model_path, sizeof model_path, "model.ant", model);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition);
  case_must(gm_life_make(ctx, &o, &n), "make");
  unlink(model_path); /* the store has them */
  unlink(definition_path);
  return life_open(a, twin, 0);
}

static inline gm_life *life_new(gm_session *a, const char *twin)
{
  return life_of(a, twin, 200, model_text, definition_text);
}

/* The twin that gm_twin_new makes of the same records as a table. */
static inline void table_twin(int count, double *mean_cl, double *crps_free)
{
  (void)crps_free;
  gm_text csv;
  gm_records *r = NULL;
  gm_definition *d = NULL;
  gm_subject *s = NULL;
  gm_twin *t = NULL;
  gm_text_init(&csv, ctx);
  gm_text_add(&csv, "ID,TIME,EVID,AMT,INPUT,DV,WT\n");
  double dose_h[2] = {0, 12};
  for (int i = 0, j = 0; i < count || j < 2;) {
    if (j < 2 && (i >= count || dose_h[j] <= value_h[i]))
      gm_text_addf(&csv, "p1,%g,1,100,drug,.,82.5\n", dose_h[j++]);
    else
      gm_text_addf(&csv, "p1,%g,0,.,.,%s,82.5\n", value_h[i], value_text[i]), i++;
  }
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  file_write(definition_path, sizeof definition_path, "twin.yaml", definition_text);
  case_must(gm_definition_read(ctx, definition_path, &d), "definition");
  unlink(model_path);
  unlink(definition_path);
  case_must(gm_records_parse(ctx, "csv", csv.data, csv.bytes, &r), "records");
  case_must(gm_subject_new(ctx, d, r, 0, &s), "subject");
  gm_twin_options o = {.t_now = NAN, .members = 200, .seed = 7};
  case_must(gm_twin_new(ctx, d, s, &o, &t), "twin");
  *mean_cl = 0;
  for (int32_t m = 0; m < t->posterior->n; m++)
    *mean_cl += t->posterior->weight[m] * t->posterior->z[m * t->posterior->dim];
  gm_twin_free(t);
  gm_subject_free(s);
  gm_definition_free(d);
  gm_records_free(r);
  gm_text_free(&csv);
}

static inline double mean_cl(gm_life *l)
{
  const gm_twin *t = NULL;
  double sum = 0;
  case_must(gm_life_belief(l, ctx, &t), "belief");
  assert_non_null(t);
  for (int32_t m = 0; m < t->posterior->n; m++)
    sum += t->posterior->weight[m] * t->posterior->z[m * t->posterior->dim];
  return sum;
}
#endif
