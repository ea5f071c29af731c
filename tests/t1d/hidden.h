/* hidden.h - a hidden virtual person with a noisy sensor, and the twin that follows it. */
#ifndef GEMEL_TESTS_T1D_HIDDEN_H
#define GEMEL_TESTS_T1D_HIDDEN_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_course.h"
#include "t1d_sensor.h"
#include "t1d_twin.h"
#include "gemel/ensemble.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  const t1d_subject *subject;
  gm_model *model;
  gm_ensemble *truth;
  t1d_course *course;
  t1d_sensor sensor;
  double bw_kg;
  t1d_group group;
} hidden;

static inline void hidden_must(gm_ctx *ctx, gm_status s)
{
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
}

static inline double hidden_value(const t1d_subject *s, const char *name)
{
  for (int32_t i = 0; i < T1D_PARAMETER_COUNT; i++)
    if (!strcmp(t1d_parameter_name[i], name)) return s->theta[i];
  fail_msg("no parameter %s", name);
  return NAN;
}

/* A parameter of the truth, to be written before hidden_begin. */
static inline double *hidden_parameter(hidden *p, const char *name)
{
  int32_t row = gm_model_find(p->model, GM_TABLE_PARAMETER, name);
  if (row < 0) fail_msg("the model has no %s", name);
  return gm_ensemble_theta(p->truth) + row;
}

/* The subject of this number, or a member of another text that has its parameters. */
static inline void hidden_open(hidden *p, gm_ctx *ctx, int32_t number, gm_model *model)
{
  *p = (hidden){.ctx = ctx, .subject = t1d_subject_at(number), .model = model};
  p->bw_kg = hidden_value(p->subject, "BW");
  p->group = t1d_subject_group(p->subject);
  if (!model) hidden_must(ctx, t1d_s2008_new(ctx, NULL, &p->model));
  hidden_must(ctx, gm_ensemble_new(ctx, p->model, NULL, 1, &p->truth));
  int32_t rows;
  const gm_var *v = gm_model_table(p->model, GM_TABLE_PARAMETER, &rows);
  for (int32_t i = 0; i < rows; i++) gm_ensemble_theta(p->truth)[i] = v[i].initial;
  hidden_must(ctx, t1d_subject_theta(ctx, p->subject, p->model, gm_ensemble_theta(p->truth), 1));
  gm_ensemble_seat(p->truth, (gm_key){0}, 0);
  hidden_must(ctx, t1d_course_new(ctx, p->model, p->bw_kg, 0, &p->course));
  hidden_must(ctx, t1d_course_basal(p->course, ctx, 0, p->subject->basal_u_per_h));
  t1d_sensor_options o = t1d_sensor_defaults(T1D_SENSOR_BRETON);
  o.seed = 11;
  o.subject = (uint64_t)number;
  hidden_must(ctx, t1d_sensor_new(ctx, T1D_SENSOR_BRETON, &o, &p->sensor));
}

/* s2013.ant with the outputs of s2008.ant: with its options off the same, with them on a truth that
 * the twin's equations do not have. For hidden_open. */
static inline gm_model *hidden_s2013(gm_ctx *ctx)
{
  static const gm_eq_output out[] = {{.name = "G", .expression = "G", .unit = "mg/dL"},
                                     {.name = "CGM", .expression = "CGM", .unit = "mg/dL"}};
  char *text;
  size_t bytes;
  gm_model *m;
  hidden_must(ctx, gm_file_read(ctx, "models/t1d/s2013.ant", 1 << 20, &text, &bytes));
  const gm_eq_config c = {.text = text,
                          .text_name = "s2013.ant",
                          .output = out,
                          .output_count = 2,
                          .solver = GM_EQ_EXPLICIT,
                          .rtol = 1e-6,
                          .atol = 1e-8};
  hidden_must(ctx, gm_model_new(ctx, &gm_equations, &c, &m));
  gm_free(text);
  return m;
}

static inline void hidden_begin(hidden *p)
{
  hidden_must(p->ctx, gm_ensemble_init(p->truth, p->ctx, 0));
}

static inline void hidden_close(hidden *p)
{
  t1d_course_free(p->course);
  gm_ensemble_free(p->truth);
  gm_model_free(p->model);
}

/* Glucose under the skin at t, after more edges (sorted, not before the last t). The model's
 * outputs are G and CGM. */
static inline double hidden_go(hidden *p, double t_min, const gm_edge *more, int32_t count)
{
  gm_drive d;
  gm_edge all[64];
  double y[2];
  hidden_must(p->ctx, t1d_course_read(p->course, p->ctx, t_min, &d));
  assert_true(d.edge_count + count <= 64);
  int32_t n = 0;
  for (int32_t i = 0, j = 0; i < d.edge_count || j < count;)
    all[n++] =
        j == count || (i < d.edge_count && d.edge[i].t <= more[j].t) ? d.edge[i++] : more[j++];
  const gm_drive whole = {all, n};
  hidden_must(p->ctx, gm_ensemble_advance(p->truth, p->ctx, t_min, &whole, NULL, NULL, 0, NULL));
  hidden_must(p->ctx, gm_ensemble_observe(p->truth, p->ctx, y));
  return y[1];
}

static inline double hidden_read(hidden *p, double t_min)
{
  return t1d_sensor_read(&p->sensor, t_min, hidden_go(p, t_min, NULL, 0));
}

static inline t1d_twin_options hidden_options(const hidden *p)
{
  return (t1d_twin_options){.bw_kg = p->bw_kg,
                            .basal_u_per_h = p->subject->basal_u_per_h,
                            .group = &p->group,
                            .is_virtual = true,
                            .first_mgdl = 140,
                            .seed = 3};
}

/* A meal and its bolus, for the person and, when told, for the twin. */
static inline void hidden_eat(hidden *p, t1d_twin *twin, double t_min, double carbs_g, bool told)
{
  const double dose_u = carbs_g / p->subject->cr_g_per_u;
  hidden_must(p->ctx, t1d_course_meal(p->course, p->ctx, t_min, carbs_g));
  hidden_must(p->ctx, t1d_course_bolus(p->course, p->ctx, t_min, dose_u));
  hidden_must(p->ctx, t1d_twin_bolus(twin, p->ctx, t_min, dose_u));
  if (told) hidden_must(p->ctx, t1d_twin_meal(twin, p->ctx, t_min, carbs_g));
}

/* Three meals on this day. */
static inline void hidden_day(hidden *p, t1d_twin *twin, int32_t day, bool told)
{
  static const double at_h[3] = {7, 12.5, 19}, carbs_g[3] = {50, 75, 65};
  for (int32_t i = 0; i < 3; i++) hidden_eat(p, twin, 1440 * day + 60 * at_h[i], carbs_g[i], told);
}
#endif
