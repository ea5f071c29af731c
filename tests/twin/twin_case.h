/* twin_case.h - definitions, records, subjects and twins from texts, in a folder of their own. */
#ifndef GEMEL_TESTS_TWIN_TWIN_CASE_H
#define GEMEL_TESTS_TWIN_TWIN_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/plan.h"
#include "gemel/twin.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gm_ctx *ctx;
static char case_folder[300];

/* What a case is made of. Zero-initialise; case_close frees what is there. */
typedef struct {
  gm_definition *d;
  gm_records *r;
  gm_subject *s;
  gm_twin *t;
} twin_case;

static inline void case_path(const char *file, char path[340])
{
  snprintf(path, 340, "%s/%s", case_folder, file);
}

static inline void case_write(const char *file, const char *text)
{
  char path[340];
  case_path(file, path);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), f));
  assert_int_equal(0, fclose(f));
}

static int case_begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%s/gemel-twin-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder)) return -1;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int case_end(void **state)
{
  (void)state;
  char path[340];
  case_path("twin.yaml", path);
  unlink(path);
  case_path("model.ant", path);
  unlink(path);
  rmdir(case_folder);
  gm_ctx_free(ctx);
  return 0;
}

static inline void case_must(gm_status s, const char *what)
{
  if (s) fail_msg("%s: %s: %s", what, gm_status_name(s), gm_message(ctx));
}

/* Definition from the texts of model and twin; the latter begins with twin, question, context. */
static inline gm_definition *case_definition(const char *model, const char *twin)
{
  char path[340], text[4000];
  snprintf(text, sizeof text,
           "twin: case\nquestion: Which dose?\ncontext-of-use: tests\nmodel: model.ant\n%s", twin);
  case_write("model.ant", model);
  case_write("twin.yaml", text);
  case_path("twin.yaml", path);
  gm_definition *d = NULL;
  case_must(gm_definition_read(ctx, path, &d), "definition");
  return d;
}

static inline gm_records *case_records(const char *csv)
{
  gm_records *r = NULL;
  case_must(gm_records_parse(ctx, "data.csv", csv, strlen(csv), &r), "records");
  return r;
}

/* Definition, records and the first subject. */
static inline twin_case case_subject(const char *model, const char *twin, const char *csv)
{
  twin_case c = {.d = case_definition(model, twin), .r = case_records(csv)};
  case_must(gm_subject_new(ctx, c.d, c.r, 0, &c.s), "subject");
  return c;
}

static inline twin_case case_twin(const char *model, const char *twin, const char *csv,
                                  const gm_twin_options *o)
{
  twin_case c = case_subject(model, twin, csv);
  case_must(gm_twin_new(ctx, c.d, c.s, o, &c.t), "twin");
  return c;
}

static inline void case_close(twin_case *c)
{
  gm_twin_free(c->t);
  gm_subject_free(c->s);
  gm_records_free(c->r);
  gm_definition_free(c->d);
  *c = (twin_case){0};
}

/* Outputs of one member along the subject's own records: y[sample][output]. */
static inline void case_run(const twin_case *c, const double *z, const double *t,
                            const int32_t *order, int32_t count, double *y)
{
  gm_runner *runner;
  int8_t status;
  gm_course course = {.sample = t, .sample_order = order, .sample_count = count};
  course.event = gm_subject_events(c->s, &course.event_count);
  case_must(gm_runner_new(ctx, c->d->model, NULL, &runner), "runner");
  case_must(gm_subject_run(c->s, ctx, runner, &course, 1, z, NULL, y, &status), "run");
  assert_int_equal(0, status);
  gm_runner_free(runner);
}

static inline void case_near(double got, double want, double tolerance, const char *what)
{
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: %.12g, %.12g +- %.3g expected", what, got, want, tolerance);
}

/* One compartment, given into the blood (central) or by mouth (depot). */
static const char MODEL_PK[] = "model pk\n"
                               "time has \"h\"\n"
                               "depot has \"mg\"; central has \"mg\"\n"
                               "depot = 0; central = 0\n"
                               "CL = 1 \"L/h\"; V = 10 \"L\"; KA = 1 \"/h\"\n"
                               "depot' = -KA*depot\n"
                               "central' = KA*depot - CL/V*central\n"
                               "end\n";
/* A value that stays as it is. */
static const char MODEL_BASE[] = "model base\n"
                                 "time has \"h\"\n"
                                 "x has \"mg/L\"\n"
                                 "B = 10 \"mg/L\"\n"
                                 "x = B\n"
                                 "x' = 0*B/T\n"
                                 "T = 1 \"h\"\n"
                                 "end\n";
#endif
