/* petab_measurement.c - the measurement table, and what has to be simulated for it. */
#include "interop/petab.h"
#include "interop/records_line.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t observable, before, condition, value, time, observable_parameters, noise_parameters;
} columns;

typedef struct {
  gm_petab *p;
  pt_problem *q;
  const pt_table *t;
  columns c;
  int32_t *next; /* [conditions] the first experiment of each, -1; see link */
  int32_t *link; /* [experiments] the next one of the same condition */
  double *time;  /* [points] */
} reading;

static columns columns_of(const pt_table *t)
{
  return (columns){pt_column(t, "observableId"),
                   pt_column(t, "preequilibrationConditionId"),
                   pt_column(t, "simulationConditionId"),
                   pt_column(t, "measurement"),
                   pt_column(t, "time"),
                   pt_column(t, "observableParameters"),
                   pt_column(t, "noiseParameters")};
}

static gm_status id_read(const reading *g, int32_t row, int32_t column, const pt_index *known,
                         const char *what, int32_t *out)
{
  const char *text = pt_cell(g->t, row, column);
  *out = pt_index_get(known, text);
  if (*out >= 0) return GM_OK;
  return pt_fail(&g->p->reader, g->t, row, column, GM_EPARSE, "%s%s%s is not in the %s table",
                 text[0] ? "" : "nothing", gm__show(text).text, "", what);
}

/* "a;b;3": as many as the observable has placeholders. */
static gm_status overrides_read(const reading *g, int32_t row, int32_t column, int32_t count,
                                const char *what, pt_value **out)
{
  const pt_reader *r = &g->p->reader;
  const char *text = pt_cell(g->t, row, column);
  char part[256];
  int32_t given = text[0] ? 1 : 0;
  for (const char *k = text; *k; k++) given += *k == ';';
  if (given != count)
    return pt_fail(r, g->t, row, column, GM_EPARSE,
                   "%d %s given, the formulas of the observable need %d", (int)given, what,
                   (int)count);
  gm_status s = pt_get(r, count, sizeof **out, out);
  for (int32_t i = 0; i < count && !s; i++) {
    size_t n = strcspn(text, ";"), from = 0, end = n < sizeof part ? n : sizeof part - 1;
    while (from < end && text[from] == ' ') from++;
    while (end > from && text[end - 1] == ' ') end--;
    memcpy(part, text + from, end - from);
    part[end - from] = 0;
    s = pt_value_read(g->p, g->q, g->t, row, column, part, &(*out)[i]);
    text += n + (text[n] == ';');
  }
  return s;
}

/* The experiment of a pair of conditions, made when it is new. */
static gm_status experiment_of(reading *g, int32_t before, int32_t condition, int32_t *out)
{
  pt_problem *q = g->q;
  for (int32_t e = g->next[condition]; e >= 0; e = g->link[e])
    if (q->experiment[e].before == before) {
      *out = e;
      return GM_OK;
    }
  int32_t e = q->experiment_count++;
  q->experiment[e] = (pt_experiment){.before = before, .condition = condition};
  g->link[e] = g->next[condition];
  g->next[condition] = e;
  *out = e;
  return GM_OK;
}

static gm_status value_check(const reading *g, int32_t row, const pt_observable *o, double value)
{
  if (o->scale == GM_PETAB_LIN || value > 0) return GM_OK;
  return pt_fail(&g->p->reader, g->t, row, g->c.value, GM_EDOMAIN,
                 "%g: a positive number is expected, %.80s is compared on a logarithmic scale",
                 value, o->id);
}

static gm_status row_read(reading *g, int32_t row)
{
  pt_problem *q = g->q;
  const pt_reader *r = &g->p->reader;
  pt_point *k = &q->point[q->point_count];
  int32_t before = -1, condition;
  double time;
  *k = (pt_point){.table = g->t, .row = row, .sample = -1};
  gm_status s = id_read(g, row, g->c.observable, &q->observable_of, "observable", &k->observable);
  if (!s) s = id_read(g, row, g->c.condition, &q->condition_of, "condition", &condition);
  if (!s && pt_cell(g->t, row, g->c.before)[0])
    s = id_read(g, row, g->c.before, &q->condition_of, "condition", &before);
  if (!s) s = pt_cell_number(r, g->t, row, g->c.value, false, false, &k->value);
  if (!s) s = pt_cell_number(r, g->t, row, g->c.time, true, false, &time);
  if (s) return s;
  if (!(time >= 0))
    return pt_fail(r, g->t, row, g->c.time, GM_EDOMAIN, "%g: 0 or more, or inf, is expected", time);
  const pt_observable *o = &q->observable[k->observable];
  s = value_check(g, row, o, k->value);
  if (!s)
    s = overrides_read(g, row, g->c.observable_parameters, o->observable_parameters,
                       "observableParameters", &k->observable_parameter);
  if (!s)
    s = overrides_read(g, row, g->c.noise_parameters, o->noise_parameters, "noiseParameters",
                       &k->noise_parameter);
  if (!s) s = experiment_of(g, before, condition, &k->experiment);
  if (s) return s;
  pt_experiment *e = &q->experiment[k->experiment];
  e->point_count++;
  e->steady = e->steady || isinf(time);
  if (isfinite(time)) e->time_count++;
  g->time[q->point_count++] = time;
  return GM_OK;
}

/* ---- times ---------------------------------------------------------------------------------- */
static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static gm_status times_make(reading *g, pt_experiment *e)
{
  const pt_reader *r = &g->p->reader;
  int32_t count = 0, unique = 0;
  gm_status s = pt_get(r, e->time_count, sizeof *e->time, &e->time);
  if (s) return s;
  for (int32_t i = 0; i < e->point_count; i++) {
    double t = g->time[e->point[i]];
    if (isfinite(t)) e->time[count++] = t;
  }
  qsort(e->time, (size_t)count, sizeof *e->time, by_value);
  for (int32_t i = 0; i < count; i++)
    if (i == 0 || e->time[i] != e->time[unique - 1]) e->time[unique++] = e->time[i];
  e->time_count = unique;
  for (int32_t i = 0; i < e->point_count; i++) {
    double t = g->time[e->point[i]];
    if (isinf(t)) continue;
    const double *at = bsearch(&t, e->time, (size_t)unique, sizeof t, by_value);
    g->q->point[e->point[i]].sample = (int32_t)(at - e->time);
  }
  if (unique && e->time[unique - 1] > g->q->time_scale) g->q->time_scale = e->time[unique - 1];
  return GM_OK;
}

static gm_status experiments_make(reading *g)
{
  pt_problem *q = g->q;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < q->experiment_count && !s; i++) {
    pt_experiment *e = &q->experiment[i];
    s = pt_get(&g->p->reader, e->point_count, sizeof *e->point, &e->point);
    e->point_count = 0;
  }
  for (int32_t i = 0; i < q->point_count && !s; i++) {
    pt_experiment *e = &q->experiment[q->point[i].experiment];
    e->point[e->point_count++] = i;
  }
  for (int32_t i = 0; i < q->experiment_count && !s; i++) s = times_make(g, &q->experiment[i]);
  if (q->time_scale <= 0) q->time_scale = 1;
  return s;
}

/* Conditions to be brought to a steady state: every one once, whatever follows. */
static gm_status befores_make(reading *g)
{
  pt_problem *q = g->q;
  int32_t *number;
  gm_status s = pt_get(&g->p->reader, q->condition_count, sizeof *number, &number);
  if (!s) s = pt_get(&g->p->reader, q->condition_count, sizeof *q->before, &q->before);
  for (int32_t i = 0; i < q->experiment_count && !s; i++) {
    pt_experiment *e = &q->experiment[i];
    if (e->before < 0) continue;
    if (!number[e->before]) {
      q->before[q->before_count] = e->before;
      number[e->before] = ++q->before_count;
    }
    e->before = number[e->before] - 1; /* from now on: its place in q->before */
  }
  return s;
}

static gm_status room(reading *g)
{
  const pt_reader *r = &g->p->reader;
  pt_problem *q = g->q;
  int32_t rows = 0;
  for (const pt_table *t = q->measurements; t; t = t->next) rows += t->rows;
  gm_status s = pt_get(r, rows, sizeof *q->point, &q->point);
  if (!s) s = pt_get(r, rows, sizeof *q->experiment, &q->experiment);
  if (!s) s = pt_get(r, rows, sizeof *g->link, &g->link);
  if (!s) s = pt_get(r, rows, sizeof *g->time, &g->time);
  if (!s) s = pt_get(r, q->condition_count, sizeof *g->next, &g->next);
  for (int32_t i = 0; i < q->condition_count && !s; i++) g->next[i] = -1;
  return s;
}

gm_status pt_measurements_make(gm_petab *p, pt_problem *q)
{
  reading g = {.p = p, .q = q};
  gm_status s = room(&g);
  for (const pt_table *t = q->measurements; t && !s; t = t->next) {
    g.t = t;
    g.c = columns_of(t);
    for (int32_t i = 0; i < t->rows && !s; i++) s = row_read(&g, i);
  }
  if (!s && q->point_count == 0)
    s = pt_fail(&p->reader, q->measurements, -1, -1, GM_EPARSE, "no measurement in the table");
  if (!s) s = experiments_make(&g);
  return s ? s : befores_make(&g);
}
