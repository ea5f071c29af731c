/* petab_tangent.c - slopes of simulations and noise by the tangents of the models.
 *
 * What moves a model are the estimated parameters that its conditions give to it; others stand in
 * formulas only and need no run. Along a direction the outputs have slopes by the model, and what
 * a formula makes of them is worked out by a difference of the formula alone: it has no noise but
 * rounding. */
#include "interop/petab_run.h"
#include <math.h>
#include <string.h>

/* Of the difference of a formula, relative to the quickest of its values. */
#define STEP 1e-5

/* ---- directions ----------------------------------------------------------------------------- */
/* The row of the parameter table that a condition gives to given name i, -1: a number. */
static int32_t parameter_of(const pt_problem *q, const pt_condition *c, int32_t i)
{
  const pt_given *g = &q->given[i];
  if (g->column < 0) return g->parameter;
  const pt_value *v = &c->cell[g->column];
  return v->kind == PT_PARAMETER ? v->index : -1;
}

/* Its place among the directions of a chunk, -1. */
static int32_t direction_of(const run *r, int32_t chunk, int32_t parameter)
{
  int32_t at = parameter < 0 ? -1 : r->along->place[parameter] - chunk * r->nd;
  return parameter >= 0 && r->along->place[parameter] >= 0 && at >= 0 && at < r->nd ? at : -1;
}

void pt_thetad_fill(block *b, int32_t m)
{
  const run *r = b->r;
  const pt_condition *c = condition_of(b, m);
  ptrdiff_t count = b->v->info.parameter_count; /* all are 0 as yet */
  for (int32_t i = 0; i < r->q->given_count; i++) {
    int32_t parameter = parameter_of(r->q, c, i);
    int32_t d = direction_of(r, b->job[m].vector, parameter);
    if (d < 0 || b->v->row[i] < 0) continue;
    b->thetad[(d * count + b->v->row[i]) * b->n + m] = r->along->lineard[parameter];
  }
}

int32_t pt_direction(const block *b, int32_t m, int32_t d)
{
  int32_t k = b->job[m].vector * b->r->nd + d;
  return k < b->r->along->count ? b->r->along->parameter[k] : -1;
}

double pt_size_of(const run *r, int32_t parameter)
{
  double value = r->linear[parameter];
  return value != 0 ? fabs(value / r->along->lineard[parameter]) : 1;
}

static void condition_mark(const run *r, int32_t condition, bool *says)
{
  const pt_condition *c = &r->q->condition[condition];
  for (int32_t i = 0; i < r->q->given_count; i++) {
    int32_t parameter = parameter_of(r->q, c, i);
    if (parameter >= 0 && r->along->place[parameter] >= 0)
      says[r->along->place[parameter] / r->nd] = true;
  }
}

void pt_chunks_mark(const run *r, int32_t unit, bool *says)
{
  const pt_experiment *e = &r->q->experiment[unit];
  for (int32_t c = 0; c < r->n; c++) says[c] = c == 0; /* it has what stands in formulas only */
  for (int32_t k = 0; k < r->along->count; k++)
    if (r->along->direct[k]) says[k / r->nd] = true;
  condition_mark(r, e->condition, says);
  if (e->before >= 0) condition_mark(r, r->q->before[e->before], says);
}

static void direct_mark(pt_along *a, const pt_value *v)
{
  if (v->kind == PT_PARAMETER && a->place[v->index] >= 0) a->direct[a->place[v->index]] = true;
}

static void formula_mark(const pt_problem *q, pt_along *a, const pt_formula *f)
{
  for (int32_t i = 0; i < f->slot_count; i++) {
    const pt_slot *slot = &f->slot[i];
    const pt_value v = {.kind = PT_PARAMETER, .index = slot->index};
    if (slot->kind == PT_SLOT_PARAMETER) direct_mark(a, &v);
    for (int32_t c = 0; c < q->condition_count && slot->kind == PT_SLOT_COLUMN; c++)
      direct_mark(a, &q->condition[c].cell[slot->index]);
  }
}

static void direct_find(const pt_problem *q, pt_along *a)
{
  for (int32_t i = 0; i < q->observable_count; i++) {
    formula_mark(q, a, &q->observable[i].formula);
    formula_mark(q, a, &q->observable[i].noise);
  }
  for (int32_t i = 0; i < q->point_count; i++) {
    const pt_point *k = &q->point[i];
    const pt_observable *o = &q->observable[k->observable];
    for (int32_t j = 0; j < o->observable_parameters; j++)
      direct_mark(a, &k->observable_parameter[j]);
    for (int32_t j = 0; j < o->noise_parameters; j++) direct_mark(a, &k->noise_parameter[j]);
  }
}

/* Those of one problem; a's arrays have room for all estimated parameters. */
static void along_make(const gm_petab *p, const pt_problem *q, pt_along *a)
{
  const pt_parameters *all = &p->parameters;
  a->count = 0;
  for (int32_t i = 0; i < all->count; i++) a->place[i] = -1;
  for (int32_t c = 0; c < q->condition_count; c++)
    for (int32_t i = 0; i < q->given_count; i++) {
      int32_t parameter = parameter_of(q, &q->condition[c], i);
      if (parameter < 0 || all->coordinate[parameter] < 0 || a->place[parameter] >= 0) continue;
      if (q->condition[c].variant < 0) continue; /* not used */
      a->direct[a->count] = false;
      a->parameter[a->count] = parameter;
      a->place[parameter] = a->count++;
    }
  direct_find(q, a);
}

/* How many directions a member has: one costs eight lanes about as much as three runs. */
static int32_t width_choose(const pt_problem *q, int32_t count)
{
  int32_t best = 1;
  int64_t least = INT64_MAX;
  for (int32_t nd = 1; nd <= PT_DIRECTIONS_MAX; nd++) {
    int64_t members = (int64_t)q->experiment_count * ((count + nd - 1) / nd);
    int64_t cost = (members + 7) / 8 * (1 + 3 * nd);
    if (cost >= least) continue;
    least = cost;
    best = nd;
  }
  return best;
}

/* ---- formulas ------------------------------------------------------------------------------- */
/* The parameter in a slot, -1. */
static int32_t slot_parameter(const block *b, int32_t m, const pt_point *k, const pt_slot *slot)
{
  const pt_value *v = NULL;
  switch ((pt_slot_kind)slot->kind) {
  case PT_SLOT_PARAMETER: return slot->index;
  case PT_SLOT_COLUMN: v = &condition_of(b, m)->cell[slot->index]; break;
  case PT_SLOT_OBSERVABLE: v = &k->observable_parameter[slot->index]; break;
  case PT_SLOT_NOISE: v = &k->noise_parameter[slot->index]; break;
  case PT_SLOT_OUTPUT:
  case PT_SLOT_TIME: break;
  }
  return v && v->kind == PT_PARAMETER ? v->index : -1;
}

/* Slope of f at v[count] along vd; size: that of the parameter moved, in its coordinate. */
static double slope_along(const pt_formula *f, const double *v, const double *vd, double size,
                          double *at)
{
  double quick = size;
  bool moves = false;
  for (int32_t i = 0; i < f->slot_count; i++) {
    moves = moves || vd[i] != 0;
    if (vd[i] != 0 && v[i] != 0) quick = fmin(quick, fabs(v[i] / vd[i]));
  }
  if (!moves) return 0;
  double h = STEP * fmax(quick, 1e-3 * size);
  for (int32_t i = 0; i < f->slot_count; i++) at[i] = v[i] + h * vd[i];
  double up = gm_expr_eval(f->expr, at);
  for (int32_t i = 0; i < f->slot_count; i++) at[i] = v[i] - h * vd[i];
  return (up - gm_expr_eval(f->expr, at)) / (2 * h);
}

/* What is looked at: a point of a member, and what its outputs are. */
typedef struct {
  const block *b;
  int32_t m;
  const pt_point *k;
  const double *y, *yd;
} place;

/* Slope along one parameter, that is direction d of the chunk (-1: it moves no output). */
static double formula_slope(const place *l, const pt_formula *f, int32_t parameter, int32_t d,
                            double *room)
{
  const run *r = l->b->r;
  double *v = room, *vd = room + f->slot_count, *at = vd + f->slot_count;
  double step = r->along->lineard[parameter];
  for (int32_t i = 0; i < f->slot_count; i++) {
    const pt_slot *slot = &f->slot[i];
    v[i] = pt_slot_value(l->b, l->m, l->k, slot, l->y);
    vd[i] = slot_parameter(l->b, l->m, l->k, slot) == parameter ? step : 0;
    if (slot->kind == PT_SLOT_OUTPUT && d >= 0) vd[i] = l->yd[(ptrdiff_t)slot->index * r->nd + d];
  }
  return slope_along(f, v, vd, pt_size_of(r, parameter), at);
}

static void slopes_put(const place *l, int32_t point, int32_t parameter, int32_t d, double *room)
{
  const run *r = l->b->r;
  const pt_parameters *all = &r->p->parameters;
  const pt_observable *o = &r->q->observable[l->k->observable];
  ptrdiff_t to = (ptrdiff_t)(r->q->first_point + point) * all->d + all->coordinate[parameter];
  r->along->simulation[to] = l->y ? formula_slope(l, &o->formula, parameter, d, room) : NAN;
  r->along->sigma[to] = l->y ? formula_slope(l, &o->noise, parameter, d, room) : NAN;
}

/* Parameters that stand in a formula and move no model. */
static void still_put(const place *l, const pt_formula *f, int32_t point, double *room)
{
  const run *r = l->b->r;
  for (int32_t i = 0; i < f->slot_count; i++) {
    int32_t parameter = slot_parameter(l->b, l->m, l->k, &f->slot[i]);
    if (parameter < 0 || r->p->parameters.coordinate[parameter] < 0) continue;
    if (r->along->place[parameter] < 0) slopes_put(l, point, parameter, -1, room);
  }
}

void pt_point_slopes(const block *b, int32_t m, int32_t point, const double *y, const double *yd,
                     double *room)
{
  const run *r = b->r;
  int32_t chunk = b->job[m].vector, first = chunk * r->nd;
  const place l = {b, m, &r->q->point[point], y, yd};
  const pt_observable *o = &r->q->observable[l.k->observable];
  for (int32_t d = 0; d < r->nd && first + d < r->along->count; d++)
    slopes_put(&l, point, r->along->parameter[first + d], d, room);
  if (chunk > 0) return;
  still_put(&l, &o->formula, point, room);
  still_put(&l, &o->noise, point, room);
}

/* ---- the whole ------------------------------------------------------------------------------ */
static gm_status problems_run(gm_petab *p, gm_pool *pool, const double *linear, pt_along *a)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < p->problem_count && !s; i++) s = pt_variants_slope(p, &p->problem[i]);
  if (!s) s = pt_workers_ensure(p, pool);
  for (int32_t i = 0; i < p->problem_count && !s; i++) {
    pt_problem *q = &p->problem[i];
    along_make(p, q, a);
    run r = {.p = p, .q = q, .linear = linear, .variant = q->sloped, .along = a};
    r.nd = width_choose(q, a->count);
    r.n = a->count ? (a->count + r.nd - 1) / r.nd : 1;
    s = pt_run(&r, pool);
  }
  return s;
}

gm_status pt_tangents(gm_petab *p, gm_pool *pool, const double *linear, const double *lineard,
                      double *simulation, double *sigma)
{
  gm_ctx *ctx = p->ctx;
  int32_t count = p->parameters.count;
  size_t bytes = (size_t)p->point_count * (size_t)p->parameters.d * sizeof *sigma;
  pt_along a = {.lineard = lineard, .simulation = simulation, .sigma = sigma};
  a.parameter = gm_alloc(ctx, count, sizeof *a.parameter);
  a.place = gm_alloc(ctx, count, sizeof *a.place);
  a.direct = gm_alloc(ctx, count, sizeof *a.direct);
  memset(simulation, 0, bytes);
  memset(sigma, 0, bytes);
  gm_status s = a.parameter && a.place && a.direct ? problems_run(p, pool, linear, &a)
                                                   : gm_fail(ctx, GM_ENOMEM, "slopes");
  gm_free(a.parameter);
  gm_free(a.place);
  gm_free(a.direct);
  return s;
}
