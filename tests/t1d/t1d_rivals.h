/* t1d_rivals.h - what the tests of the rival models share: a text of models/t1d with one member,
 * days of meals, insulin and exercise, and an independent simulation of any equations by RK4. */
#ifndef GEMEL_TESTS_T1D_RIVALS_H
#define GEMEL_TESTS_T1D_RIVALS_H
#include "t1d_course.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RIVAL_ROWS = 289, RIVAL_STATES = 32, RIVAL_EDGES = 512, RIVAL_OUTPUTS = 8 };

/* ---- one member of a text -------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *e;
} rival;

static inline void rival_must(const rival *r, gm_status s)
{
  if (s) fail_msg("%s", gm_message(r->ctx));
}

/* The text of a file, with `extra` lines in front of its last `end`. To be freed by gm_free. */
static inline char *rival_text(const rival *r, const char *file, const char *extra)
{
  char path[200], *text = NULL;
  size_t bytes = 0;
  snprintf(path, sizeof path, "models/t1d/%.63s", file);
  rival_must(r, gm_file_read(r->ctx, path, 1 << 20, &text, &bytes));
  char *whole = gm_alloc(r->ctx, bytes + strlen(extra) + 8, 1);
  assert_non_null(whole);
  char *end = strstr(text, "\nend\n"), *next;
  assert_non_null(end);
  while ((next = strstr(end + 1, "\nend\n"))) end = next;
  *end = 0;
  snprintf(whole, bytes + strlen(extra) + 8, "%s\n%s\nend\n", text, extra);
  gm_free(text);
  return whole;
}

/* Outputs: NULL-terminated expressions over the text's names, beside `extra` lines of text. */
static inline void rival_open(rival *r, const char *file, const char *extra,
                              const char *const *output)
{
  gm_eq_output out[RIVAL_OUTPUTS];
  gm_eq_config c = {
      .text_name = file, .output = out, .solver = GM_EQ_EXPLICIT, .rtol = 1e-11, .atol = 1e-13};
  *r = (rival){0};
  if (gm_ctx_new(NULL, &r->ctx)) fail_msg("no context");
  for (; output[c.output_count]; c.output_count++) {
    assert_true(c.output_count < RIVAL_OUTPUTS);
    out[c.output_count] =
        (gm_eq_output){.name = output[c.output_count], .expression = output[c.output_count]};
  }
  char *text = rival_text(r, file, extra);
  c.text = text;
  rival_must(r, gm_model_new(r->ctx, &gm_equations, &c, &r->model));
  gm_free(text);
  rival_must(r, gm_ensemble_new(r->ctx, r->model, NULL, 1, &r->e));
  int32_t count = 0;
  const gm_var *v = gm_model_table(r->model, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count; i++) gm_ensemble_theta(r->e)[i] = v[i].initial;
}

static inline void rival_close(rival *r)
{
  gm_ensemble_free(r->e);
  gm_model_free(r->model);
  gm_ctx_free(r->ctx);
}

static inline int32_t rival_row(const rival *r, gm_table which, const char *name)
{
  int32_t row = gm_model_find(r->model, which, name);
  if (row < 0) fail_msg("the model has no %s", name);
  return row;
}

/* The parameter's value, to be read or written before rival_begin. */
static inline double *rival_parameter(const rival *r, const char *name)
{
  return gm_ensemble_theta(r->e) + rival_row(r, GM_TABLE_PARAMETER, name);
}

static inline double rival_state(const rival *r, const char *name)
{
  return gm_ensemble_state(r->e)[rival_row(r, GM_TABLE_STATE, name)];
}

/* To the start, where the first outputs are written to y. */
static inline void rival_begin(const rival *r, double *y)
{
  rival_must(r, gm_ensemble_init(r->e, r->ctx, 0));
  if (y) rival_must(r, gm_ensemble_observe(r->e, r->ctx, y));
}

/* From the start through sorted edges; y[count][outputs] at the times. */
static inline void rival_run(const rival *r, const gm_edge *edge, int32_t edge_count,
                             const double *at, int32_t count, double *y)
{
  gm_drive d = {edge, edge_count};
  rival_begin(r, NULL);
  rival_must(r, gm_ensemble_advance(r->e, r->ctx, at[count - 1], &d, NULL, at, count, y));
  assert_int_equal(GM_MEMBER_FAILED(gm_ensemble_status(r->e)[0]), 0);
}

/* Is it so to this share of it? */
static inline void rival_close_to(const char *what, double found, double expected, double share)
{
  if (!(fabs(found - expected) <= share * fmax(fabs(expected), 1e-300)))
    fail_msg("%s is %.12g, expected %.12g within %g of it", what, found, expected, share);
}

/* The basal rate of a text at its present parameters, U/h. */
static inline double rival_basal_u_per_h(const rival *r, double basal_pmol_per_kg_min)
{
  return basal_pmol_per_kg_min * *rival_parameter(r, "BW") * 60 / 6000;
}

/* ---- a day ----------------------------------------------------------------------------------- */
enum { RIVAL_MEALS = 3, RIVAL_BASALS = 2 };
typedef struct {
  double meal_t[RIVAL_MEALS], meal_g[RIVAL_MEALS], bolus_t[RIVAL_MEALS], bolus_u[RIVAL_MEALS];
  double basal_u_per_h; /* from 0 on; then times a factor from each of basal_count times on */
  double basal_t[RIVAL_BASALS], basal_factor[RIVAL_BASALS];
  int32_t basal_count;
  double exercise_from, exercise_to, exercise, rest; /* of the port below */
  const char *exercise_port;                         /* NULL: none */
  double glucagon_t, glucagon;                       /* into Hsc1; 0: none */
} rival_day;

static inline void rival_edge(gm_edge *edge, int32_t *count, gm_edge e)
{
  int32_t at = (*count)++;
  assert_true(*count <= RIVAL_EDGES);
  for (; at > 0 && edge[at - 1].t > e.t; at--) edge[at] = edge[at - 1];
  edge[at] = e;
}

/* Meals and insulin of the day into a course. */
static inline gm_status rival_course(gm_ctx *ctx, t1d_course *c, const rival_day *q)
{
  gm_status s = t1d_course_basal(c, ctx, 0, q->basal_u_per_h);
  for (int32_t i = 0; i < q->basal_count && !s; i++)
    s = t1d_course_basal(c, ctx, q->basal_t[i], q->basal_u_per_h * q->basal_factor[i]);
  for (int32_t i = 0; i < RIVAL_MEALS && !s; i++) {
    s = t1d_course_meal(c, ctx, q->meal_t[i], q->meal_g[i]);
    if (!s) s = t1d_course_bolus(c, ctx, q->bolus_t[i], q->bolus_u[i]);
  }
  return s;
}

/* The day as edges, by t1d_course.h: it drives every one of these texts. */
static inline int32_t rival_edges(const rival *r, const rival_day *q, gm_edge *edge)
{
  t1d_course *c = NULL;
  gm_drive d;
  int32_t count = 0;
  rival_must(r, t1d_course_new(r->ctx, r->model, *rival_parameter(r, "BW"), 0, &c));
  rival_must(r, rival_course(r->ctx, c, q));
  rival_must(r, t1d_course_read(c, r->ctx, 1440, &d));
  for (int32_t i = 0; i < d.edge_count; i++) rival_edge(edge, &count, d.edge[i]);
  t1d_course_free(c);
  if (q->exercise_port) {
    const int32_t port = rival_row(r, GM_TABLE_INPUT, q->exercise_port);
    rival_edge(edge, &count, (gm_edge){q->exercise_from, q->exercise, port, GM_EDGE_REPLACE});
    rival_edge(edge, &count, (gm_edge){q->exercise_to, q->rest, port, GM_EDGE_REPLACE});
  }
  if (q->glucagon > 0)
    rival_edge(
        edge, &count,
        (gm_edge){q->glucagon_t, q->glucagon, rival_row(r, GM_TABLE_INPUT, "Hsc1"), GM_EDGE_BOLUS});
  return count;
}

/* The first output every 5 min of the day: g[RIVAL_ROWS] of outputs `width` wide. */
static inline void rival_simulate(const rival *r, const rival_day *q, int32_t width, double *g)
{
  static double y[RIVAL_ROWS * RIVAL_OUTPUTS], at[RIVAL_ROWS];
  gm_edge edge[RIVAL_EDGES];
  for (int32_t i = 0; i < RIVAL_ROWS; i++) at[i] = 5 * i;
  rival_run(r, edge, rival_edges(r, q, edge), at, RIVAL_ROWS, y);
  for (int32_t i = 0; i < RIVAL_ROWS; i++) g[i] = y[i * width];
}

/* Three such days in stretches of 5 min, as a loop goes: the first output at the end of each is
 * that of one long stretch. */
static inline void rival_streams(rival *r, const rival_day *q, int32_t width)
{
  static gm_edge one[RIVAL_EDGES], all[3 * RIVAL_EDGES];
  double at[3] = {1440, 2880, 4320}, whole[3 * RIVAL_OUTPUTS], y[RIVAL_OUTPUTS];
  int32_t count = 0, next = 0;
  const int32_t edges = rival_edges(r, q, one);
  for (int32_t day = 0; day < 3; day++)
    for (int32_t i = 0; i < edges; i++) {
      all[count] = one[i];
      all[count++].t += 1440 * day;
    }
  rival_run(r, all, count, at, 3, whole);
  rival_begin(r, NULL);
  for (int32_t t = 5; t <= 4320; t += 5) {
    const double end = t;
    gm_drive d = {all + next, 0};
    while (next < count && all[next].t < end) {
      d.edge_count++;
      next++;
    }
    rival_must(r, gm_ensemble_advance(r->e, r->ctx, end, &d, NULL, &end, 1, y));
    if (gm_ensemble_status(r->e)[0])
      fail_msg("status %d at %d min", gm_ensemble_status(r->e)[0], (int)t);
    if (t % 1440 == 0) rival_close_to("glucose", y[0], whole[(t / 1440 - 1) * width], 1e-6);
  }
}

/* ---- an independent simulation: RK4 of 3 s, inputs constant in each minute ------------------- */
typedef struct {
  double t_min, eaten_mg, insulin_u; /* per min */
  double dose_mg; /* of the meal, for a stomach that knows it: content at its start and eaten */
  double exercise;
} rival_moment;

typedef void rival_slopes(const void *p, const rival_moment *m, const double *x, double *o);

static inline void rival_minute(rival_slopes *slopes, const void *p, rival_moment m, int32_t n,
                                double *x)
{
  const double h = 0.05, part[4] = {0, 0.5, 0.5, 1}, t = m.t_min;
  double k[4][RIVAL_STATES], y[RIVAL_STATES];
  for (int32_t step = 0; step < 20; step++) {
    for (int32_t s = 0; s < 4; s++) {
      for (int32_t i = 0; i < n; i++) y[i] = x[i] + (s ? h * part[s] * k[s - 1][i] : 0);
      m.t_min = t + h * (step + part[s]);
      slopes(p, &m, y, k[s]);
    }
    for (int32_t i = 0; i < n; i++) x[i] += h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
  }
}

typedef struct {
  rival_slopes *slopes;
  const void *p;
  int32_t n;       /* states; the first two are those of the stomach */
  int32_t glucose; /* this state times scale is glucose in mg/dL */
  double scale;
  int32_t glucagon; /* the state that a dose of glucagon goes into */
} rival_equations;

/* What simglucose says of meals: 5 g a minute, a meal that comes while one is eaten lengthens it.
 */
static inline void rival_independent(const rival_equations *q, const rival_day *d, double *x,
                                     double *g)
{
  double plate = 0, q0 = 0, taken = 0;
  bool eating = false;
  for (int32_t t = 0; t <= 1440; t++) {
    if (t % 5 == 0) g[t / 5] = x[q->glucose] * q->scale;
    if (d->glucagon > 0 && t == d->glucagon_t) x[q->glucagon] += d->glucagon;
    double u = d->basal_u_per_h / 60;
    for (int32_t i = 0; i < d->basal_count; i++)
      if (t >= d->basal_t[i]) u = d->basal_u_per_h * d->basal_factor[i] / 60;
    for (int32_t i = 0; i < RIVAL_MEALS; i++) {
      if (t == d->meal_t[i]) plate += 1000 * d->meal_g[i];
      if (t == d->bolus_t[i]) u += d->bolus_u[i];
    }
    const double bite = fmin(plate, 5000);
    if (bite > 0 && !eating) {
      q0 = x[0] + x[1];
      taken = 0;
    }
    eating = bite > 0;
    taken += bite;
    plate -= bite;
    const bool moves = d->exercise_port && t >= d->exercise_from && t < d->exercise_to;
    rival_moment m = {t, bite, u, q0 + taken, moves ? d->exercise : d->rest};
    rival_minute(q->slopes, q->p, m, q->n, x);
  }
}

static inline double rival_worst(const double *a, const double *b)
{
  double worst = 0;
  for (int32_t i = 0; i < RIVAL_ROWS; i++) worst = fmax(worst, fabs(a[i] - b[i]));
  return worst;
}

static inline double rival_least(const double *a)
{
  double least = a[0];
  for (int32_t i = 1; i < RIVAL_ROWS; i++) least = fmin(least, a[i]);
  return least;
}

/* The line `quantity,unit,value,within` of models/t1d/cases/expected.csv. */
static inline void rival_agrees(const char *quantity, double found)
{
  FILE *f = fopen("models/t1d/cases/expected.csv", "r");
  char line[400], name[100], unit[50];
  double value, within;
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) {
    if (line[0] == '#') continue;
    if (sscanf(line, "%99[^,],%49[^,],%lf,%lf", name, unit, &value, &within) != 4) continue;
    if (strcmp(name, quantity) != 0) continue;
    fclose(f);
    if (!(fabs(found - value) <= within))
      fail_msg("%s is %.9g, expected %.9g within %g", quantity, found, value, within);
    return;
  }
  fclose(f);
  fail_msg("cases/expected.csv has no line of %s", quantity);
}
#endif
