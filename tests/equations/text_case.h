/* text_case.h - what tests of model texts share: reading, looking names up, working values out. */
#ifndef GEMEL_TESTS_TEXT_CASE_H
#define GEMEL_TESTS_TEXT_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/equations/source.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static gm_ctx *ctx;

static int make_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int drop_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

static inline eq_source read_model(const char *text)
{
  eq_source s = {0};
  gm_eq_config c = {.text = text, .text_name = "m"};
  if (eq_source_read(ctx, &c, &s)) fail_msg("%s\n%s", text, gm_message(ctx));
  return s;
}

static inline int32_t named(const eq_name *n, int32_t count, const char *name)
{
  for (int32_t i = 0; i < count; i++)
    if (strcmp(n[i].name, name) == 0) return i;
  return -1;
}

static inline int32_t state_named(const eq_source *s, const char *name)
{
  int32_t i = named(s->state, s->state_count, name);
  if (i < 0) fail_msg("no state %s", name);
  return i;
}

/* A value at time t with states x (NULL: as at the start) and nominal parameters. */
static inline double work_out(const eq_source *s, ir_ref f, double t, const double *x)
{
  double theta[64] = {0}, start[64] = {0},
         *scratch = gm_alloc(ctx, s->graph.count, sizeof *scratch);
  assert_non_null(scratch);
  assert_true(s->parameter_count <= 64 && s->state_count <= 64 && f >= 0);
  for (int32_t i = 0; i < s->parameter_count; i++) theta[i] = s->parameter[i].value;
  for (int32_t i = 0; i < s->state_count && !x; i++)
    start[i] = ir_eval(&s->graph, s->initial[i], t, NULL, theta, scratch);
  double v = ir_eval(&s->graph, f, t, x ? x : start, theta, scratch);
  gm_free(scratch);
  return v;
}

/* At the start: the slope of a state, and the value of an output. */
static inline double slope(const eq_source *s, const char *name)
{
  return work_out(s, s->rate[state_named(s, name)], 0, NULL);
}

static inline double output(const eq_source *s, const char *name)
{
  int32_t i = named(s->output, s->output_count, name);
  if (i < 0) fail_msg("no output %s", name);
  return work_out(s, s->value[i], 0, NULL);
}

static inline void near_at(double expected, double got, int line)
{
  if (!(fabs(expected - got) <= 1e-13 * (1 + fabs(expected))))
    fail_msg("line %d: expected %.17g, got %.17g", line, expected, got);
}
#define NEAR(expected, got) near_at(expected, got, __LINE__)

typedef struct {
  const char *text, *message; /* message: how it begins */
  gm_status status;
} wrong;

static inline void check_wrong(const wrong *w, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    eq_source s;
    gm_eq_config c = {.text = w[i].text, .text_name = "m"};
    gm_status got = eq_source_read(ctx, &c, &s);
    if (got != w[i].status || strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\"\n  expected %s \"%s\"", w[i].text, gm_status_name(got),
               gm_message(ctx), gm_status_name(w[i].status), w[i].message);
  }
}
#define CHECK(list) check_wrong(list, sizeof(list) / sizeof(list)[0])
#endif
