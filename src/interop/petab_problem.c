/* petab_problem.c - one problem: its condition and observable tables, and what may be in them. */
#include "interop/petab.h"
#include "interop/records_line.h"
#include "kinds/equations/sbml/sbml.h"
#include <math.h>
#include <string.h>

/* ---- values --------------------------------------------------------------------------------- */
double pt_value_of(const pt_value *v, const double *linear)
{
  switch ((pt_value_kind)v->kind) {
  case PT_NOTHING: return NAN;
  case PT_NUMBER: return v->number;
  case PT_PARAMETER: return linear[v->index];
  }
  return NAN;
}

/* A constant of the model that no table changes has the value that is stated there. */
static gm_status model_constant(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row,
                                int32_t column, const char *id, pt_value *out)
{
  int32_t i = net_find(&q->names, id, strlen(id));
  if (i < 0)
    return pt_fail(&p->reader, t, row, column, GM_EPARSE,
                   "%.100s: neither a number nor an id in the parameter table or the model", id);
  const net_symbol *y = &q->names.symbol[i];
  bool plain = (y->kind == NET_PARAMETER || y->kind == NET_COMPARTMENT) && y->rule < 0 &&
               y->rate < 0 && y->initial < 0 && isfinite(y->value);
  if (!plain || pt_index_get(&q->column_index, id) >= 0)
    return pt_fail(&p->reader, t, row, column, GM_EUNSUPPORTED,
                   "%.100s: a number, a parameter of the parameter table or a constant of the "
                   "model is expected here",
                   id);
  *out = (pt_value){PT_NUMBER, -1, y->value};
  return GM_OK;
}

gm_status pt_value_read(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row, int32_t column,
                        const char *text, pt_value *out)
{
  pt_value v = {.kind = PT_NUMBER, .index = -1};
  if (pt_number(&p->reader, text, false, &v.number)) {
    *out = v;
    return GM_OK;
  }
  if (!pt_is_id(text))
    return pt_fail(&p->reader, t, row, column, GM_EPARSE, "\"%s\": a number or an id is expected",
                   gm__show(text).text);
  v.index = pt_index_get(&p->parameters.index, text);
  if (v.index < 0) return model_constant(p, q, t, row, column, text, out);
  p->parameters.used[v.index] = true;
  v.kind = PT_PARAMETER;
  *out = v;
  return GM_OK;
}

/* ---- conditions ----------------------------------------------------------------------------- */
static bool is_own_column(const char *head)
{
  return !strcmp(head, "conditionId") || !strcmp(head, "conditionName");
}

static gm_status column_take(gm_petab *p, pt_problem *q, const pt_table *t, int32_t k)
{
  const char *id = t->head[k];
  if (is_own_column(id) || pt_index_get(&q->column_index, id) >= 0) return GM_OK;
  if (!pt_is_id(id))
    return pt_fail(&p->reader, t, -1, k, GM_EPARSE, "the head \"%s\" is not an id",
                   gm__show(id).text);
  if (pt_index_get(&p->parameters.index, id) >= 0)
    return pt_fail(&p->reader, t, -1, k, GM_EPARSE,
                   "it is in the parameter table too: an id may be in one of them");
  pt_column_of c = {.id = id, .symbol = net_find(&q->names, id, strlen(id))};
  if (c.symbol >= 0) {
    const net_symbol *y = &q->names.symbol[c.symbol];
    if (y->rule >= 0 || y->kind == NET_REACTION)
      return pt_fail(&p->reader, t, -1, k, GM_EPARSE,
                     "a rule or a rate of the model gives its value; it cannot be set");
    c.worked_out = y->initial >= 0 || y->kind == NET_SPECIES;
  }
  gm_status s = pt_index_put(&p->reader, &q->column_index, id, q->column_count);
  if (!s) q->column[q->column_count++] = c;
  return s;
}

static gm_status condition_cells(gm_petab *p, pt_problem *q, pt_condition *c)
{
  gm_status s = pt_get(&p->reader, q->column_count, sizeof *c->cell, &c->cell);
  for (int32_t k = 0; k < c->table->columns && !s; k++) {
    int32_t i = pt_index_get(&q->column_index, c->table->head[k]);
    const char *text = pt_cell(c->table, c->row, k);
    if (i >= 0 && text[0]) s = pt_value_read(p, q, c->table, c->row, k, text, &c->cell[i]);
  }
  return s;
}

static gm_status condition_take(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row)
{
  int32_t k = pt_column(t, "conditionId");
  pt_condition c = {.id = pt_cell(t, row, k), .table = t, .row = row, .variant = -1};
  if (!pt_is_id(c.id))
    return pt_fail(&p->reader, t, row, k, GM_EPARSE,
                   "\"%s\": an id of letters, digits and _ is expected", gm__show(c.id).text);
  if (pt_index_get(&q->condition_of, c.id) >= 0)
    return pt_fail(&p->reader, t, row, k, GM_EPARSE, "%.80s is there twice", c.id);
  gm_status s = pt_index_put(&p->reader, &q->condition_of, c.id, q->condition_count);
  if (!s) s = condition_cells(p, q, &c);
  if (!s) q->condition[q->condition_count++] = c;
  return s;
}

gm_status pt_conditions_make(gm_petab *p, pt_problem *q)
{
  int32_t columns = 0, rows = 0;
  for (const pt_table *t = q->conditions; t; t = t->next) {
    columns += t->columns;
    rows += t->rows;
  }
  gm_status s = pt_get(&p->reader, columns, sizeof *q->column, &q->column);
  if (!s) s = pt_get(&p->reader, rows, sizeof *q->condition, &q->condition);
  for (const pt_table *t = q->conditions; t && !s; t = t->next)
    for (int32_t k = 0; k < t->columns && !s; k++)
      if (t->head[k][0]) s = column_take(p, q, t, k);
  for (const pt_table *t = q->conditions; t && !s; t = t->next)
    for (int32_t i = 0; i < t->rows && !s; i++) s = condition_take(p, q, t, i);
  return s;
}

/* A column that is not in the model must be in a formula. */
static gm_status columns_check(gm_petab *p, const pt_problem *q)
{
  for (int32_t k = 0; k < q->column_count; k++) {
    bool used = q->column[k].symbol >= 0;
    for (int32_t i = 0; i < q->observable_count && !used; i++) {
      const pt_formula *f[] = {&q->observable[i].formula, &q->observable[i].noise};
      for (int32_t j = 0; j < 2; j++)
        for (int32_t n = 0; n < f[j]->slot_count; n++)
          used = used || (f[j]->slot[n].kind == PT_SLOT_COLUMN && f[j]->slot[n].index == k);
    }
    if (used) continue;
    const pt_table *t = q->conditions;
    while (pt_column(t, q->column[k].id) < 0) t = t->next;
    return pt_fail(&p->reader, t, -1, pt_column(t, q->column[k].id), GM_EPARSE,
                   "neither in the model nor in a formula of an observable");
  }
  return GM_OK;
}

/* ---- observables ---------------------------------------------------------------------------- */
/* Of the override parameters observableParameterN_ and noiseParameterN_ every one up to the last
 * must be there. */
static gm_status places_check(gm_petab *p, const pt_observable *o, const pt_table *t, int32_t row)
{
  const pt_formula *f[] = {&o->formula, &o->noise};
  for (int32_t kind = 0; kind < 2; kind++) {
    int32_t count = kind ? o->noise_parameters : o->observable_parameters;
    for (int32_t n = 0; n < count; n++) {
      bool there = false;
      for (int32_t j = 0; j < 2; j++)
        for (int32_t i = 0; i < f[j]->slot_count; i++)
          there = there || (f[j]->slot[i].kind == (kind ? PT_SLOT_NOISE : PT_SLOT_OBSERVABLE) &&
                            f[j]->slot[i].index == n);
      if (!there)
        return pt_fail(&p->reader, t, row, -1, GM_EPARSE,
                       "%sParameter%d_%.80s is missing, but a later one is there",
                       kind ? "noise" : "observable", (int)n + 1, o->id);
    }
  }
  return GM_OK;
}

static gm_status observable_take(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row)
{
  static const char *const scales[] = {"lin", "log", "log10", NULL};
  static const char *const noises[] = {"normal", "laplace", NULL};
  const pt_reader *r = &p->reader;
  int32_t id = pt_column(t, "observableId"), scale, noise;
  pt_observable *o = &q->observable[q->observable_count];
  pt_places places = {0};
  *o = (pt_observable){.id = pt_cell(t, row, id)};
  if (!pt_is_id(o->id))
    return pt_fail(r, t, row, id, GM_EPARSE, "\"%s\": an id of letters, digits and _ is expected",
                   gm__show(o->id).text);
  if (pt_index_get(&q->observable_of, o->id) >= 0)
    return pt_fail(r, t, row, id, GM_EPARSE, "%.80s is there twice", o->id);
  gm_status s = pt_index_put(r, &q->observable_of, o->id, q->observable_count);
  if (!s)
    s = pt_cell_word(r, t, row, pt_column(t, "observableTransformation"), scales, true, &scale);
  if (!s) s = pt_cell_word(r, t, row, pt_column(t, "noiseDistribution"), noises, true, &noise);
  if (s) return s;
  q->observable_count++; /* its expressions are freed with it */
  o->scale = (gm_petab_scale)scale;
  o->laplace = noise == 1;
  s = pt_formula_read(p, q, t, row, pt_column(t, "observableFormula"), o->id, &places, &o->formula);
  if (!s)
    s = pt_formula_read(p, q, t, row, pt_column(t, "noiseFormula"), o->id, &places, &o->noise);
  o->observable_parameters = places.observable;
  o->noise_parameters = places.noise;
  return s ? s : places_check(p, o, t, row);
}

gm_status pt_observables_make(gm_petab *p, pt_problem *q)
{
  int32_t rows = 0;
  for (const pt_table *t = q->observables; t; t = t->next) rows += t->rows;
  gm_status s = pt_get(&p->reader, rows, sizeof *q->observable, &q->observable);
  for (const pt_table *t = q->observables; t && !s; t = t->next)
    for (int32_t i = 0; i < t->rows && !s; i++) s = observable_take(p, q, t, i);
  return s ? s : columns_check(p, q);
}

/* ---- the whole ------------------------------------------------------------------------------ */
gm_status pt_problem_make(gm_petab *p, pt_problem *q)
{
  gm_status s = sbml_read(p->ctx, q->text, q->model_path, &q->names);
  if (s) return s;
  q->names_open = true;
  s = pt_conditions_make(p, q);
  if (!s) s = pt_observables_make(p, q);
  if (!s) s = pt_measurements_make(p, q);
  if (!s) s = pt_variants_make(p, q);
  net_free(&q->names);
  q->names_open = false;
  return s;
}

void pt_problem_free(pt_problem *q)
{
  if (q->names_open) net_free(&q->names);
  gm_free(q->text);
  for (int32_t i = 0; i < q->observable_count; i++) {
    gm_expr_free(q->observable[i].formula.expr);
    gm_expr_free(q->observable[i].noise.expr);
  }
  for (int32_t i = 0; i < q->variant_count; i++) {
    pt_variant_free(&q->variant[i]);
    if (q->sloped) pt_variant_free(&q->sloped[i]);
  }
}
