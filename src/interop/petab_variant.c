/* petab_variant.c - the models that run.
 *
 * A name that a table gives a value to is a free initial value NAME(0) of the model. An empty cell
 * of the condition table leaves the value to the model; where that is worked out from other
 * values (an initial assignment, an amount in a compartment), freeing the name would freeze it.
 * So conditions with values for the same names share a model in which just these are free. */
#include "interop/petab.h"
#include <stdio.h>
#include <string.h>

enum { VARIANTS_MAX = 256 };

/* ---- names that get values ------------------------------------------------------------------ */
static gm_status given_parameters(gm_petab *p, pt_problem *q)
{
  pt_parameters *all = &p->parameters;
  for (int32_t i = 0; i < all->count; i++) {
    const char *id = all->row[i].id;
    int32_t k = net_find(&q->names, id, strlen(id));
    if (k < 0) continue;
    const net_symbol *y = &q->names.symbol[k];
    if (y->rule >= 0 || y->kind == NET_REACTION || y->kind == NET_SPECIES)
      return pt_fail(&p->reader, all->table[i], all->table_row[i],
                     pt_column(all->table[i], "parameterId"), GM_EPARSE,
                     "%.80s is %s in the model; a parameter is expected here", id,
                     y->kind == NET_SPECIES    ? "a species"
                     : y->kind == NET_REACTION ? "a reaction"
                                               : "what a rule gives");
    all->used[i] = true;
    q->given[q->given_count++] = (pt_given){id, -1, i};
  }
  return GM_OK;
}

static gm_status given_make(gm_petab *p, pt_problem *q)
{
  gm_status s =
      pt_get(&p->reader, q->column_count + p->parameters.count, sizeof *q->given, &q->given);
  for (int32_t k = 0; k < q->column_count && !s; k++)
    if (q->column[k].symbol >= 0) q->given[q->given_count++] = (pt_given){q->column[k].id, k, -1};
  return s ? s : given_parameters(p, q);
}

static bool is_free(const pt_problem *q, const pt_condition *c, int32_t i)
{
  int32_t k = q->given[i].column;
  return k < 0 || !q->column[k].worked_out || c->cell[k].kind != PT_NOTHING;
}

/* ---- models --------------------------------------------------------------------------------- */
static gm_status rows_find(gm_petab *p, const pt_problem *q, pt_variant *v)
{
  char name[300];
  int32_t count;
  gm_status s = pt_get(&p->reader, q->given_count, sizeof *v->row, &v->row);
  if (!s) s = pt_get(&p->reader, q->given_count, sizeof *v->state, &v->state);
  if (!s) s = pt_get(&p->reader, v->info.parameter_count, sizeof *v->theta, &v->theta);
  if (s) return s;
  const gm_var *parameter = gm_model_table(v->model, GM_TABLE_PARAMETER, &count);
  for (int32_t i = 0; i < count; i++) v->theta[i] = parameter[i].initial;
  for (int32_t i = 0; i < q->given_count; i++) {
    snprintf(name, sizeof name, "%.255s(0)", q->given[i].id);
    v->row[i] = v->free[i] ? gm_model_find(v->model, GM_TABLE_PARAMETER, name) : -1;
    v->state[i] = gm_model_find(v->model, GM_TABLE_STATE, q->given[i].id);
  }
  v->moving = v->info.input_count; /* behind them: held rates, memory of events and delays */
  return GM_OK;
}

/* Names and outputs of the model to be made. */
typedef struct {
  gm_eq_output *output;
  const char **free;
  int32_t free_count;
  int32_t directions; /* most tangents at once */
} wanted;

static gm_status wanted_make(gm_petab *p, const pt_problem *q, const bool *is, wanted *w)
{
  gm_status s = pt_get(&p->reader, q->output_count + 1, sizeof *w->output, &w->output);
  if (!s) s = pt_get(&p->reader, q->given_count, sizeof *w->free, &w->free);
  if (s) return s;
  for (int32_t i = 0; i < q->given_count; i++)
    if (is[i]) w->free[w->free_count++] = q->given[i].id;
  for (int32_t i = 0; i < q->output_count; i++)
    w->output[i] = (gm_eq_output){.name = q->output[i], .expression = q->output[i]};
  return GM_OK;
}

static gm_status model_make(gm_petab *p, const pt_problem *q, const wanted *w, pt_variant *v)
{
  /* searches go far from sensible parameters: a model that can be solved by the stiff method is */
  bool chosen = p->options.solver != GM_EQ_AUTO;
  gm_eq_config config = {.text = q->text,
                         .format = GM_EQ_FORMAT_SBML,
                         .text_name = q->model_path,
                         .output = w->output,
                         .output_count = q->output_count,
                         .solver = chosen ? p->options.solver : GM_EQ_STIFF,
                         .free_initial = w->free,
                         .free_initial_count = w->free_count,
                         .directions_max = w->directions,
                         .rtol = p->options.rtol,
                         .atol = p->options.atol};
  gm_status s = gm_model_new(p->ctx, &gm_equations, &config, &v->model);
  if (s == GM_EUNSUPPORTED && !chosen) {
    config.solver = GM_EQ_AUTO;
    s = gm_model_new(p->ctx, &gm_equations, &config, &v->model);
  }
  if (s) return s;
  gm_model_get_info(v->model, &v->info);
  return rows_find(p, q, v);
}

/* Delays remember times of their own, and fast reactions hold sums in place of species: neither
 * can take up a state where another condition left it. */
static gm_status memory_check(gm_petab *p, const pt_problem *q, const pt_variant *v)
{
  int32_t count;
  const gm_var *state = gm_model_table(v->model, GM_TABLE_STATE, &count);
  if (!q->before_count) return GM_OK;
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(state[i].name, "memory:history"))
      return gm_fail(p->ctx, GM_EUNSUPPORTED, "%.400s: delays together with pre-equilibration",
                     q->model_path);
  for (int32_t i = 0; i < q->names.reaction_count; i++)
    if (q->names.reaction[i].fast)
      return gm_fail(p->ctx, GM_EUNSUPPORTED,
                     "%.400s: fast reactions together with pre-equilibration", q->model_path);
  const pt_variant *first = &q->variant[0];
  const gm_var *other = gm_model_table(first->model, GM_TABLE_STATE, &count);
  bool same = first->moving == v->moving;
  for (int32_t i = 0; i < v->moving && same; i++) same = !strcmp(state[i].name, other[i].name);
  if (same) return GM_OK;
  return gm_fail(p->ctx, GM_EUNSUPPORTED,
                 "%.400s: initial assignments that depend on time, with pre-equilibration",
                 q->model_path);
}

static gm_status variant_make(gm_petab *p, pt_problem *q, const pt_condition *c)
{
  pt_variant *v = &q->variant[q->variant_count];
  wanted w = {0};
  if (q->variant_count == VARIANTS_MAX)
    return pt_fail(&p->reader, c->table, c->row, -1, GM_ERANGE,
                   "more than %d different sets of empty cells in the condition table",
                   (int)VARIANTS_MAX);
  gm_status s = pt_get(&p->reader, q->given_count, sizeof *v->free, &v->free);
  if (s) return s;
  for (int32_t i = 0; i < q->given_count; i++) v->free[i] = is_free(q, c, i);
  s = wanted_make(p, q, v->free, &w);
  if (s) return s;
  q->variant_count++; /* its model is freed with it */
  s = model_make(p, q, &w, v);
  return s ? s : memory_check(p, q, v);
}

static gm_status variant_of(gm_petab *p, pt_problem *q, pt_condition *c)
{
  if (c->variant >= 0) return GM_OK;
  for (int32_t k = 0; k < q->variant_count; k++) {
    int32_t i = 0;
    while (i < q->given_count && q->variant[k].free[i] == is_free(q, c, i)) i++;
    if (i == q->given_count) {
      c->variant = k;
      return GM_OK;
    }
  }
  gm_status s = variant_make(p, q, c);
  if (!s) c->variant = q->variant_count - 1;
  return s;
}

gm_status pt_variants_make(gm_petab *p, pt_problem *q)
{
  gm_status s = given_make(p, q);
  if (!s) s = pt_get(&p->reader, VARIANTS_MAX, sizeof *q->variant, &q->variant);
  for (int32_t i = 0; i < q->before_count && !s; i++)
    s = variant_of(p, q, &q->condition[q->before[i]]);
  for (int32_t i = 0; i < q->experiment_count && !s; i++)
    s = variant_of(p, q, &q->condition[q->experiment[i].condition]);
  return s;
}

void pt_variant_free(pt_variant *v)
{
  for (int32_t w = 0; w < v->workers; w++)
    if (v->work[w]) v->model->type->work_free(v->work[w]);
  gm_model_free(v->model);
}

gm_status pt_variants_slope(gm_petab *p, pt_problem *q)
{
  pt_variant *v;
  int32_t made = 0;
  if (q->sloped) return GM_OK;
  if (q->no_slopes) return gm_fail(p->ctx, GM_EUNSUPPORTED, "%.400s: no tangents", q->model_path);
  gm_status s = pt_get(&p->reader, q->variant_count, sizeof *v, &v);
  while (!s && made < q->variant_count) {
    wanted w = {.directions = PT_DIRECTIONS_MAX};
    v[made].free = q->variant[made].free;
    s = wanted_make(p, q, v[made].free, &w);
    if (!s) s = model_make(p, q, &w, &v[made++]);
  }
  if (!s) {
    q->sloped = v;
    return GM_OK;
  }
  for (int32_t i = 0; i < made; i++) pt_variant_free(&v[i]);
  q->no_slopes = s == GM_EUNSUPPORTED;
  return s;
}
