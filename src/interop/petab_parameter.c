/* petab_parameter.c - the parameter table. */
#include "gemel/math.h"
#include "interop/petab.h"
#include "interop/records_line.h"
#include <math.h>
#include <string.h>
#include <strings.h>

double gm_petab_to_scale(gm_petab_scale s, double value)
{
  switch (s) {
  case GM_PETAB_LIN: return value;
  case GM_PETAB_LOG: return gm_ln(value);
  case GM_PETAB_LOG10: return gm_log10(value);
  }
  return NAN;
}

double gm_petab_from_scale(gm_petab_scale s, double scaled)
{
  switch (s) {
  case GM_PETAB_LIN: return scaled;
  case GM_PETAB_LOG: return gm_exp(scaled);
  case GM_PETAB_LOG10: return gm_pow(10, scaled);
  }
  return NAN;
}

/* Columns of the table at hand, -1 where it lacks one. */
typedef struct {
  int32_t id, name, scale, low, high, nominal, estimate, prior[2], prior_numbers[2];
} columns;

typedef struct {
  const pt_reader *r;
  const pt_table *t;
  columns c;
  pt_parameters *p;
} reading;

static columns columns_of(const pt_table *t)
{
  return (columns){
      .id = pt_column(t, "parameterId"),
      .name = pt_column(t, "parameterName"),
      .scale = pt_column(t, "parameterScale"),
      .low = pt_column(t, "lowerBound"),
      .high = pt_column(t, "upperBound"),
      .nominal = pt_column(t, "nominalValue"),
      .estimate = pt_column(t, "estimate"),
      .prior = {pt_column(t, "initializationPriorType"), pt_column(t, "objectivePriorType")},
      .prior_numbers = {pt_column(t, "initializationPriorParameters"),
                        pt_column(t, "objectivePriorParameters")}};
}

static gm_status estimate_read(const reading *g, int32_t row, bool *out)
{
  const char *text = pt_cell(g->t, row, g->c.estimate);
  double v = NAN;
  if (!strcasecmp(text, "true")) v = 1;
  if (!strcasecmp(text, "false")) v = 0;
  if (isnan(v) && (!pt_number(g->r, text, false, &v) || (v != 0 && v != 1)))
    return pt_fail(g->r, g->t, row, g->c.estimate, GM_EPARSE, "\"%s\": 0 or 1 is expected",
                   gm__show(text).text);
  *out = v == 1;
  return GM_OK;
}

/* ---- priors --------------------------------------------------------------------------------- */
static const char *const prior_word[] = {"",
                                         "uniform",
                                         "normal",
                                         "laplace",
                                         "logNormal",
                                         "logLaplace",
                                         "parameterScaleUniform",
                                         "parameterScaleNormal",
                                         "parameterScaleLaplace",
                                         NULL};

/* "a;b" */
static gm_status two_numbers(const reading *g, int32_t row, int32_t column, const char *text,
                             double out[2])
{
  char part[2][64];
  const char *half = strchr(text, ';');
  size_t n = half ? (size_t)(half - text) : 0;
  bool good = half && n < sizeof part[0] && strlen(half + 1) < sizeof part[1];
  if (good) {
    memcpy(part[0], text, n);
    part[0][n] = 0;
    memcpy(part[1], half + 1, strlen(half + 1) + 1);
  }
  for (int i = 0; i < 2 && good; i++) {
    char *from = part[i] + strspn(part[i], " "), *end = from + strlen(from);
    while (end > from && end[-1] == ' ') *--end = 0;
    good = pt_number(g->r, from, false, &out[i]);
  }
  if (good) return GM_OK;
  return pt_fail(g->r, g->t, row, column, GM_EPARSE,
                 "\"%s\": two numbers with ; between them are "
                 "expected",
                 gm__show(text).text);
}

static gm_status prior_check(const reading *g, int32_t row, int32_t column, int32_t kind,
                             const double v[2])
{
  bool uniform = kind == PT_UNIFORM || kind == PT_SCALE_UNIFORM;
  bool bad = uniform ? !(v[0] < v[1] && isfinite(v[0]) && isfinite(v[1])) : !(v[1] > 0);
  if (!bad) return GM_OK;
  return pt_fail(g->r, g->t, row, column, GM_EDOMAIN, "%s(%g; %g): %s is expected",
                 prior_word[kind], v[0], v[1],
                 uniform ? "a finite lower bound below a finite upper one" : "a width > 0");
}

static gm_status prior_read(const reading *g, int32_t row, int which, int32_t i, pt_prior *out)
{
  int32_t kind, numbers = g->c.prior_numbers[which];
  const char *text = pt_cell(g->t, row, numbers);
  const gm_petab_parameter *p = &g->p->row[i];
  gm_status s = pt_cell_word(g->r, g->t, row, g->c.prior[which], prior_word, true, &kind);
  if (s) return s;
  double v[2] = {p->lower, p->upper};
  if (kind == PT_SCALE_UNIFORM) {
    v[0] = g->p->low[i];
    v[1] = g->p->high[i];
  }
  /* parameters without a type are those of the default type */
  if (!kind && text[0] && which == 0) kind = PT_SCALE_UNIFORM;
  if (!kind) {
    *out = (pt_prior){0};
    return GM_OK;
  }
  bool uniform = kind == PT_UNIFORM || kind == PT_SCALE_UNIFORM;
  if (text[0]) {
    s = two_numbers(g, row, numbers, text, v);
    if (s) return s;
  } else if (!uniform) {
    return pt_fail(g->r, g->t, row, g->c.prior[which], GM_EPARSE, "%s needs its two parameters",
                   prior_word[kind]);
  }
  s = prior_check(g, row, numbers, kind, v);
  if (s) return s;
  *out = (pt_prior){(uint8_t)kind, v[0], v[1]};
  return GM_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */
static gm_status bounds_check(const reading *g, int32_t row, int32_t i)
{
  const gm_petab_parameter *p = &g->p->row[i];
  if (!p->estimate) return GM_OK;
  if (!(p->lower < p->upper))
    return pt_fail(g->r, g->t, row, g->c.low, GM_EDOMAIN,
                   "bounds [%g, %g]: a lower bound below the upper one is expected", p->lower,
                   p->upper);
  if (p->scale != GM_PETAB_LIN && (p->lower < 0 || !(p->upper > 0)))
    return pt_fail(g->r, g->t, row, g->c.low, GM_EDOMAIN,
                   "bounds [%g, %g] on a logarithmic scale: positive ones are expected (they are "
                   "stated in linear space)",
                   p->lower, p->upper);
  return GM_OK;
}

static gm_status numbers_read(const reading *g, int32_t row, int32_t i)
{
  gm_petab_parameter *p = &g->p->row[i];
  bool free = p->estimate;
  if (free && (g->c.low < 0 || g->c.high < 0))
    return pt_fail(g->r, g->t, row, -1, GM_EPARSE,
                   "%.80s is estimated: columns lowerBound and upperBound are expected", p->id);
  if (!free && g->c.nominal < 0)
    return pt_fail(g->r, g->t, row, -1, GM_EPARSE,
                   "%.80s is not estimated: a column nominalValue is expected", p->id);
  gm_status s = pt_cell_number(g->r, g->t, row, g->c.low, true, !free, &p->lower);
  if (!s) s = pt_cell_number(g->r, g->t, row, g->c.high, true, !free, &p->upper);
  if (!s) s = pt_cell_number(g->r, g->t, row, g->c.nominal, false, free, &p->nominal);
  if (!s) s = bounds_check(g, row, i);
  g->p->low[i] = gm_petab_to_scale(p->scale, p->lower);
  g->p->high[i] = gm_petab_to_scale(p->scale, p->upper);
  return s;
}

static gm_status row_read(const reading *g, int32_t row)
{
  static const char *const scales[] = {"lin", "log", "log10", NULL};
  pt_parameters *p = g->p;
  int32_t i = p->count, scale;
  gm_petab_parameter *q = &p->row[i];
  q->id = pt_cell(g->t, row, g->c.id);
  q->name = pt_cell(g->t, row, g->c.name);
  if (!pt_is_id(q->id))
    return pt_fail(g->r, g->t, row, g->c.id, GM_EPARSE,
                   "\"%s\": an id of letters, digits and _ is expected", gm__show(q->id).text);
  if (pt_index_get(&p->index, q->id) >= 0)
    return pt_fail(g->r, g->t, row, g->c.id, GM_EPARSE, "%.80s is there twice", q->id);
  gm_status s = pt_index_put(g->r, &p->index, q->id, i);
  if (!s) s = pt_cell_word(g->r, g->t, row, g->c.scale, scales, false, &scale);
  if (s) return s;
  q->scale = (gm_petab_scale)scale;
  s = estimate_read(g, row, &q->estimate);
  if (!s) s = numbers_read(g, row, i);
  if (!s && q->estimate) s = prior_read(g, row, 0, i, &p->start[i]);
  if (!s && q->estimate) s = prior_read(g, row, 1, i, &p->objective[i]);
  if (s) return s;
  p->coordinate[i] = -1;
  p->table[i] = g->t;
  p->table_row[i] = row;
  if (q->estimate) {
    p->coordinate[i] = p->d;
    p->estimated[p->d++] = i;
  }
  p->count++;
  return GM_OK;
}

static gm_status room(const pt_reader *r, int32_t n, pt_parameters *p)
{
  gm_status s = pt_get(r, n, sizeof *p->row, &p->row);
  if (!s) s = pt_get(r, n, sizeof *p->start, &p->start);
  if (!s) s = pt_get(r, n, sizeof *p->objective, &p->objective);
  if (!s) s = pt_get(r, n, sizeof *p->low, &p->low);
  if (!s) s = pt_get(r, n, sizeof *p->high, &p->high);
  if (!s) s = pt_get(r, n, sizeof *p->estimated, &p->estimated);
  if (!s) s = pt_get(r, n, sizeof *p->coordinate, &p->coordinate);
  if (!s) s = pt_get(r, n, sizeof *p->used, &p->used);
  if (!s) s = pt_get(r, n, sizeof(*p->table), &p->table);
  return s ? s : pt_get(r, n, sizeof *p->table_row, &p->table_row);
}

gm_status pt_parameters_make(const pt_reader *r, pt_table *t, pt_parameters *out)
{
  pt_parameters p = {.first = t};
  int32_t n = 0;
  for (const pt_table *k = t; k; k = k->next) n += k->rows;
  gm_status s = room(r, n, &p);
  for (const pt_table *k = t; k && !s; k = k->next) {
    reading g = {r, k, columns_of(k), &p};
    for (int32_t i = 0; i < k->rows && !s; i++) s = row_read(&g, i);
  }
  if (!s) *out = p;
  return s;
}
