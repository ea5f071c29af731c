/* test_fhir_in_case.h - a definition that asks for something of every sort, a folder for files, and
 * readings as text: a line for each fact, a line for each account. */
#ifndef GEMEL_TESTS_INTEROP_FHIR_IN_CASE_H
#define GEMEL_TESTS_INTEROP_FHIR_IN_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/fhir.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char CASE_MODEL[] =
    "model one\n"
    "time has \"h\"\n"
    "depot has \"mg\"; central has \"mg\"; G has \"mmol/L\"; P has \"mm[Hg]\"; W has \"kg\";\n"
    "Q has \"1\"\n"
    "depot = 0; central = 0; G = 5; P = 120; W = 70; Q = 1\n"
    "KA = 1 \"/h\"; CL = 5 \"L/h\"; V = 50 \"L\"\n"
    "depot' = -KA*depot\n"
    "central' = KA*depot - CL/V*central\n"
    "G' = -KA*G\n"
    "P' = -KA*P\n"
    "W' = -KA*W\n"
    "Q' = -KA*Q\n"
    "end\n";

static const char CASE_TWIN[] =
    "twin: case\n"
    "question: What is read?\n"
    "context-of-use: tests\n"
    "model: model.ant\n"
    "subject:\n"
    "  WT: {unit: kg, code: loinc|29463-7}\n"
    "  SEX: {levels: [female, male], code: fhir|Patient.gender}\n"
    "  AGE: {unit: a, code: fhir|Patient.birthDate}\n"
    "  DEAD: {levels: [\"no\", \"yes\"], code: fhir|Patient.deceased}\n"
    "  CLASS: {levels: [none, AMB, IMP, EMER], code: fhir|Encounter.class}\n"
    "  DIAB: {levels: [\"no\", \"yes\"], code: [snomed|44054006, icd10|E11]}\n"
    "  DIAL: {levels: [\"no\", \"yes\"], code: snomed|302497006}\n"
    "  SMOKE: {levels: [Never smoker, snomed|8517006, current], code: loinc|72166-2}\n"
    "  PREG: {levels: [\"false\", \"true\"], code: loinc|82810-3}\n"
    "  CREA: {unit: umol/L, code: loinc|2160-0, molar-mass: 113.12 g/mol}\n"
    "inputs:\n"
    "  drug: {into: depot, unit: mg, code: [rxnorm|11124, atc|J01XA01]}\n"
    "  other: {into: central, unit: mg, code: rxnorm|5856}\n"
    "parameters:\n"
    "  CL: {typical: 5, unit: L/h, between-subjects: {lognormal: 0.3}}\n"
    "observables:\n"
    "  cp: {is: central/V, unit: mg/L, error: {proportional: 10 %}, code: loinc|20578-1}\n"
    "  glucose: {is: G, unit: mmol/L, error: {proportional: 5 %}, molar-mass: 180.156 g/mol,\n"
    "            code: [loinc|2345-7, loinc|2339-0, http://a.org/codes|glu]}\n"
    "  sbp: {is: P, unit: \"mm[Hg]\", error: {additive: 5}, code: loinc|8480-6}\n"
    "  dbp: {is: P, unit: \"mm[Hg]\", error: {additive: 5}, code: loinc|8462-4}\n"
    "  weight: {is: W, unit: kg, error: {additive: 1}, code: loinc|29463-7}\n"
    "  pleth: {is: Q, unit: \"1\", error: {additive: 1}, code: ieee11073|150452}\n";

static gm_ctx *ctx;
static gm_definition *definition;
static char case_folder[300];

static const char *case_path(const char *file)
{
  static char path[340];
  snprintf(path, sizeof path, "%s/%s", case_folder, file);
  return path;
}

static void case_write(const char *file, const char *text)
{
  if (gm_file_write(ctx, case_path(file), text, strlen(text))) fail_msg("%s", gm_message(ctx));
}

static int case_begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%s/gemel-fhir-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder) || gm_ctx_new(NULL, &ctx)) return -1;
  case_write("model.ant", CASE_MODEL);
  case_write("twin.yaml", CASE_TWIN);
  if (gm_definition_read(ctx, case_path("twin.yaml"), &definition)) {
    fprintf(stderr, "%s\n", gm_message(ctx));
    return -1;
  }
  return 0;
}

static int case_end(void **state)
{
  (void)state;
  static const char *const files[] = {"model.ant", "twin.yaml", "in.json"};
  gm_definition_free(definition);
  gm_ctx_free(ctx);
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) unlink(case_path(files[i]));
  return rmdir(case_folder);
}

/* ---- readings as text ------------------------------------------------------------------------ */
typedef struct {
  gm_text facts, accounts;
  gm_fhir_totals totals;
  gm_status status;
} reading;

/* "observation glucose 5.4 mmol/L @1423312097 Patient/p1 Observation/o1 v1 loinc|2345-7"; "below"
 * or "above", "over 3600", "withdrawn" and the class, where it is not clinical, behind it. */
static gm_status case_fact(void *user, const gm_fact *f)
{
  reading *r = user;
  gm_text *t = &r->facts;
  gm_text_addf(t, "%s %s '%s' %s @%.15g %s %s %s %s", gm_record_kind_name(f->kind), f->series,
               f->value, f->unit[0] ? f->unit : "-", f->t_true_s, f->subject, f->id, f->version,
               f->code);
  if (f->censored) gm_text_add(t, f->censored > 0 ? " below" : " above");
  if (f->duration_s > 0) gm_text_addf(t, " over %.10g", f->duration_s);
  if (f->withdrawn) gm_text_add(t, " withdrawn");
  if (f->data_class != GM_CLASS_CLINICAL) gm_text_addf(t, " %s", gm_data_class_name(f->data_class));
  gm_text_add(t, "\n");
  return GM_OK;
}

/* "Bundle.entry[0] Observation o1 taken 1/0 informational: " */
static gm_status case_account(void *user, const gm_fhir_account *a)
{
  reading *r = user;
  gm_text_addf(&r->accounts, "%s %s %s %s %" PRId64 "/%" PRId64 " %s: %s\n", a->place, a->resource,
               a->id, gm_fhir_outcome_name(a->outcome), a->facts, a->parts_refused, a->code,
               a->reason);
  return GM_OK;
}

static gm_fhir_options case_options(reading *r)
{
  return (gm_fhir_options){.definition = definition,
                           .source = "lab",
                           .read_s = 1600000000,
                           .fact = case_fact,
                           .account = case_account,
                           .user = r};
}

/* JSON with ' for ". */
static void case_write_json(const char *file, const char *text)
{
  char *copy = gm_strdup(ctx, text);
  assert_non_null(copy);
  for (char *p = copy; *p; p++)
    if (*p == '\'') *p = '"';
  case_write(file, copy);
  gm_free(copy);
}

/* The text is written to a file and read. Freed by reading_free. */
static inline reading case_read_as(const char *text, bool lines, const char *patient)
{
  reading r = {0};
  gm_text_init(&r.facts, ctx);
  gm_text_init(&r.accounts, ctx);
  gm_text_add(&r.facts, "");
  gm_text_add(&r.accounts, "");
  gm_fhir_options o = case_options(&r);
  o.user = &r;
  o.lines = lines;
  o.patient = patient;
  case_write_json("in.json", text);
  gm_message_clear(ctx);
  r.status = gm_fhir_read_file(ctx, case_path("in.json"), &o, &r.totals);
  return r;
}

static inline void reading_free(reading *r)
{
  gm_text_free(&r->facts);
  gm_text_free(&r->accounts);
}

/* Reads one resource or Bundle; the facts must be these, and the account must end so (NULL: is not
 * looked at). */
static inline void case_is(const char *text, const char *facts, const char *account)
{
  reading r = case_read_as(text, false, NULL);
  if (r.status) fail_msg("%s", gm_message(ctx));
  assert_string_equal(facts, r.facts.data);
  if (account) {
    size_t n = strlen(account), all = strlen(r.accounts.data);
    if (n > all || strcmp(r.accounts.data + all - n, account) != 0)
      fail_msg("account:\n%s\nexpected at its end:\n%s", r.accounts.data, account);
  }
  reading_free(&r);
}
#endif
