/* test_definition_case.h - a definition that uses every key, written to a folder of its own. */
#ifndef GEMEL_TESTS_TWIN_DEFINITION_CASE_H
#define GEMEL_TESTS_TWIN_DEFINITION_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/definition.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char CASE_MODEL[] = "model one\n"
                                 "time has \"h\"\n"
                                 "depot has \"mg\"; central has \"mg\"; E has \"%\"\n"
                                 "depot = 0; central = 0; E = 100\n"
                                 "CL = 0.1 \"L/h\"; V = 8 \"L\"; KA = 1 \"/h\"; KE = 0.05 \"/h\"\n"
                                 "depot' = -KA*depot\n"
                                 "central' = KA*depot - CL/V*central\n"
                                 "E' = -KE*E\n"
                                 "end\n";

static const char CASE_TWIN[] =
    "twin: case\n"                                                           /* 1 */
    "title: A case\n"                                                        /* 2 */
    "question: Which dose keeps cp above 5?\n"                               /* 3 */
    "context-of-use: tests\n"                                                /* 4 */
    "model: model.ant\n"                                                     /* 5 */
    "solver: {rtol: 1e-9, atol: 1e-12, method: explicit}\n"                  /* 6 */
    "covariates-between-records: last\n"                                     /* 7 */
    "subject:\n"                                                             /* 8 */
    "  WT: {unit: kg, code: loinc|29463-7, range: [40, 150], default: 70}\n" /* 9 */
    "  SEX: {levels: [female, male], default: male}\n"                       /* 10 */
    "inputs:\n"                                                              /* 11 */
    "  drug: {into: depot, unit: g, code: rxnorm|11289, lag: TLAG, bioavailability: 80 %,\n"
    "         duration: 30 min, rate: 2 * R1}\n"                           /* 13 */
    "parameters:\n"                                                        /* 14 */
    "  CL: {typical: 8, unit: L/d, between-subjects: {lognormal: 0.25},\n" /* 15 */
    "       occasion: {lognormal: 0.1}, covariate: \"(WT/70)^0.75\", source: Someone 1990}\n"
    "  V: {typical: 8 * (1 + 0.1*SEX), unit: L, between-subjects: {lognormal: {variance: 0.04}}}\n"
    "  KA: {typical: 1, unit: /h, between-subjects: {normal: 0.2}}\n"                      /* 18 */
    "  TLAG: {typical: 15, unit: min, fixed: true}\n"                                      /* 19 */
    "  R1: {typical: 100, unit: mg/h}\n"                                                   /* 20 */
    "correlations:\n"                                                                      /* 21 */
    "  - {between: [CL, V], is: 0.5}\n"                                                    /* 22 */
    "observables:\n"                                                                       /* 23 */
    "  cp: {is: central/V, unit: mg/L, error: {additive: 400 ug/L, proportional: 10 %},\n" /* 24 */
    "       code: loinc|1-8, label: Concentration, loq: 0.1, censor-zero: true}\n"         /* 25 */
    "  amount: {is: depot, unit: mg, error: {additive: 0.2}, scale: log}\n"                /* 26 */
    "  eff: {is: E, unit: \"%\", error: none}\n"                                           /* 27 */
    "targets:\n"                                                                           /* 28 */
    "  cp:\n"                                                                              /* 29 */
    "    - {low: 5, high: 10, of: trough}\n"                                               /* 30 */
    "    - {low: 2, high: 4, best: 3, of: auc24, unit: mg.d/L}\n"                          /* 31 */
    "  eff: {high: 40}\n"                                                                  /* 32 */
    "actions:\n"                                                                           /* 33 */
    "  drug: {doses: [2, 0.5, 1000 mg], every: [24 h, 0.5 d], duration: 30 min}\n"         /* 34 */
    "limits:\n"                                                                            /* 35 */
    "  drug: {per-day: 4000 mg, per-dose: 2, interval-least: 0.25 d}\n"                    /* 36 */
    "need:\n"                                                                              /* 37 */
    "  cp: {within: 10 %, at: 3 d, against: last-value}\n"                                 /* 38 */
    "  eff: {within-absolute: 5, at: 72 h}\n"                                              /* 39 */
    "assumptions:\n"                                                                       /* 40 */
    "  - clearance does not change\n"                                                      /* 41 */
    "  - {text: absorption is first order, on: KA}\n"                                      /* 42 */
    "sources: [Someone 1990, Other 1991]\n";                                               /* 43 */

static gm_ctx *ctx;
static char case_folder[300], case_path[340];

static void case_write(const char *file, const char *data, size_t bytes)
{
  char path[340];
  snprintf(path, sizeof path, "%s/%s", case_folder, file);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(bytes, fwrite(data, 1, bytes, f));
  assert_int_equal(0, fclose(f));
}

static int case_begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%s/gemel-definition-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder)) return -1;
  snprintf(case_path, sizeof case_path, "%s/twin.yaml", case_folder);
  if (gm_ctx_new(NULL, &ctx)) return -1;
  case_write("model.ant", CASE_MODEL, strlen(CASE_MODEL));
  return 0;
}

static int case_end(void **state)
{
  (void)state;
  char path[340];
  static const char *const file[] = {"twin.yaml", "model.ant"};
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", case_folder, file[i]);
    unlink(path);
  }
  rmdir(case_folder);
  gm_ctx_free(ctx);
  return 0;
}

/* What gm_definition_read makes of a text. */
static inline gm_status case_read_bytes(const char *text, size_t bytes, gm_definition **out)
{
  case_write("twin.yaml", text, bytes);
  return gm_definition_read(ctx, case_path, out);
}

static inline gm_status case_read(const char *text, gm_definition **out)
{
  return case_read_bytes(text, strlen(text), out);
}

/* The case with the first `find` replaced; the caller frees it. */
static inline char *case_change(const char *find, const char *put)
{
  const char *at = strstr(CASE_TWIN, find);
  if (!at) fail_msg("the case has no \"%s\"", find);
  size_t room = sizeof CASE_TWIN + strlen(put);
  char *text = malloc(room);
  assert_non_null(text);
  snprintf(text, room, "%.*s%s%s", (int)(at - CASE_TWIN), CASE_TWIN, put, at + strlen(find));
  return text;
}

/* The message without the folder. */
static inline const char *case_message(void)
{
  const char *m = gm_message(ctx);
  size_t n = strlen(case_folder);
  return strncmp(m, case_folder, n) ? m : m + n + 1;
}
#endif
