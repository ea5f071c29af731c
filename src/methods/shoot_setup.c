/* shoot_setup.c - multiple shooting: what a problem must be, and the tables made from it. */
#include "methods/shoot_internal.h"
#include <math.h>
#include <string.h>

/* ---- checks --------------------------------------------------------------------------------- */
static const char *control_name(const gm_shoot_control *c) { return c->name ? c->name : "control"; }

static gm_status model_check(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  if (!p->model) return gm_fail(q->ctx, GM_EINVAL, "shooting: no model");
  gm_model_get_info(p->model, &q->info);
  const char *why = q->info.flags & GM_MODEL_STOCHASTIC ? "moves by chance"
                    : q->info.flags & GM_MODEL_STEPPED  ? "moves in steps"
                    : q->info.flags & GM_MODEL_OBJECT   ? "has object state"
                                                        : NULL;
  if (why)
    return gm_fail(q->ctx, GM_EUNSUPPORTED,
                   "shooting: model %s %s; it needs a flat deterministic one (gm_control_search "
                   "takes every kind)",
                   q->info.name, why);
  return GM_OK;
}

static gm_status drive_check(const gm__shoot *q)
{
  const gm_shoot *p = q->p;
  for (int32_t i = 0; p->drive && i < p->drive->edge_count; i++) {
    const gm_edge *e = &p->drive->edge[i];
    if (!(e->t >= p->t[0] && e->t <= p->t[p->interval_count]) || (i && e->t < e[-1].t))
      return gm_fail(q->ctx, GM_EDOMAIN,
                     "shooting: edge %d of the drive at %g, expected sorted times on the grid",
                     (int)i, e->t);
  }
  return GM_OK;
}

static gm_status grid_check(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  if (p->interval_count < 1 || p->interval_count > GM_SHOOT_INTERVALS_MAX || !p->t)
    return gm_fail(q->ctx, GM_ERANGE, "shooting: %d intervals, expected 1 to %d",
                   (int)p->interval_count, (int)GM_SHOOT_INTERVALS_MAX);
  if (p->segment_count < 1 || p->segment_count > p->interval_count)
    return gm_fail(q->ctx, GM_ERANGE, "shooting: %d segments, expected 1 to %d intervals",
                   (int)p->segment_count, (int)p->interval_count);
  for (int32_t k = 0; k <= p->interval_count; k++)
    if (!isfinite(p->t[k]) || (k && !(p->t[k] > p->t[k - 1])))
      return gm_fail(q->ctx, GM_EDOMAIN, "shooting: grid time %d is %g, expected ascending times",
                     (int)k, p->t[k]);
  return drive_check(q);
}

static bool drive_has(const gm_shoot *p, gm_edge_kind kind, int32_t port)
{
  for (int32_t i = 0; p->drive && i < p->drive->edge_count; i++)
    if (p->drive->edge[i].kind == kind && p->drive->edge[i].port == port) return true;
  return false;
}

static bool range_good(double lower, double upper)
{
  return isfinite(lower) && isfinite(upper) && lower < upper;
}

static gm_status control_start_check(const gm__shoot *q, const gm_shoot_control *c)
{
  const gm_shoot *p = q->p;
  for (int32_t k = 0; c->start_at && k < p->interval_count; k++)
    if (!isfinite(c->start_at[k]))
      return gm_fail(q->ctx, GM_EDOMAIN, "shooting: start %d of %s is not finite", (int)k,
                     control_name(c));
  if (c->kind != GM_EDGE_BOLUS && drive_has(p, c->kind, c->port))
    return gm_fail(q->ctx, GM_EINVAL, "shooting: the drive sets %s too", control_name(c));
  for (const gm_shoot_control *o = p->control; o < c; o++)
    if (o->kind == c->kind && o->port == c->port)
      return gm_fail(q->ctx, GM_EINVAL, "shooting: %s and %s are the same", control_name(o),
                     control_name(c));
  return GM_OK;
}

static gm_status control_check(gm__shoot *q, const gm_shoot_control *c)
{
  bool parameter = c->kind == GM_EDGE_PARAMETER;
  if (!parameter && c->kind != GM_EDGE_RATE && c->kind != GM_EDGE_BOLUS)
    return gm_fail(q->ctx, GM_EINVAL, "shooting: %s is neither rate, parameter nor bolus",
                   control_name(c));
  if (c->port < 0 || c->port >= (parameter ? q->info.parameter_count : q->info.input_count))
    return gm_fail(q->ctx, GM_ERANGE, "shooting: %s has port %d, which the model lacks",
                   control_name(c), (int)c->port);
  if (!range_good(c->lower, c->upper) || !isfinite(c->start) || !(c->effort >= 0))
    return gm_fail(q->ctx, GM_EDOMAIN,
                   "shooting: %s from %g to %g, start %g, effort %g; expected finite bounds, lower "
                   "< upper, effort >= 0",
                   control_name(c), c->lower, c->upper, c->start, c->effort);
  return control_start_check(q, c);
}

/* Is parameter i set by the drive, a control or an earlier parameter too? */
static bool set_twice(const gm_shoot *p, int32_t i)
{
  int32_t row = p->parameter[i].parameter;
  bool twice = drive_has(p, GM_EDGE_PARAMETER, row);
  for (int32_t k = 0; k < i; k++) twice = twice || p->parameter[k].parameter == row;
  for (int32_t c = 0; c < p->control_count; c++)
    twice = twice || (p->control[c].kind == GM_EDGE_PARAMETER && p->control[c].port == row);
  return twice;
}

static gm_status unknowns_check(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  if (p->control_count < 0 || p->parameter_count < 0 || p->control_count + p->parameter_count < 1)
    return gm_fail(q->ctx, GM_EINVAL, "shooting: nothing to choose");
  int64_t all = (int64_t)p->control_count * p->interval_count + p->parameter_count;
  if (all > GM_SHOOT_UNKNOWNS_MAX)
    return gm_fail(q->ctx, GM_ERANGE, "shooting: %lld unknowns, at most %d", (long long)all,
                   (int)GM_SHOOT_UNKNOWNS_MAX);
  gm_status st = GM_OK;
  for (int32_t c = 0; c < p->control_count && !st; c++) st = control_check(q, &p->control[c]);
  for (int32_t i = 0; i < p->parameter_count && !st; i++) {
    const gm_shoot_parameter *a = &p->parameter[i];
    if (a->parameter < 0 || a->parameter >= q->info.parameter_count)
      st = gm_fail(q->ctx, GM_ERANGE, "shooting: the model has no parameter %d", (int)a->parameter);
    else if (!range_good(a->lower, a->upper) || !isfinite(a->start))
      st = gm_fail(q->ctx, GM_EDOMAIN, "shooting: parameter %d from %g to %g", (int)a->parameter,
                   a->lower, a->upper);
    else if (set_twice(p, i))
      st = gm_fail(q->ctx, GM_EINVAL, "shooting: parameter %d is set twice", (int)a->parameter);
  }
  return st;
}

static gm_status terms_check(const gm__shoot *q)
{
  const gm_shoot *p = q->p;
  for (int32_t i = 0; i < p->term_count; i++) {
    const gm_shoot_term *t = &p->term[i];
    if (t->output < 0 || t->output >= q->info.output_count || t->where > GM_SHOOT_PEAK)
      return gm_fail(q->ctx, GM_ERANGE, "shooting: term %d has output %d", (int)i, (int)t->output);
    if (!isfinite(t->weight) || !isfinite(t->target))
      return gm_fail(q->ctx, GM_EDOMAIN, "shooting: weight %g, target %g", t->weight, t->target);
    if (q->o.gauss_newton && !(t->square && t->weight >= 0))
      return gm_fail(q->ctx, GM_EINVAL,
                     "shooting: Gauss-Newton needs squares of weight >= 0; term %d is none",
                     (int)i);
  }
  return GM_OK;
}

static gm_status bounds_check(const gm__shoot *q)
{
  const gm_shoot *p = q->p;
  for (int32_t i = 0; i < p->bound_count; i++) {
    const gm_shoot_bound *b = &p->bound[i];
    if (b->output < 0 || b->output >= q->info.output_count || b->where > GM_SHOOT_PEAK)
      return gm_fail(q->ctx, GM_ERANGE, "shooting: bound %d has output %d", (int)i, (int)b->output);
    if (!(b->lower <= b->upper) || !(b->scale >= 0) || b->lower == INFINITY ||
        b->upper == -INFINITY)
      return gm_fail(q->ctx, GM_EDOMAIN, "shooting: bound %d from %g to %g contradicts itself",
                     (int)i, b->lower, b->upper);
  }
  for (int32_t i = 0; i < p->total_count; i++)
    if (p->total[i].control < 0 || p->total[i].control >= p->control_count ||
        !(p->total[i].lower <= p->total[i].upper))
      return gm_fail(q->ctx, GM_EINVAL, "shooting: total %d of control %d from %g to %g", (int)i,
                     (int)p->total[i].control, p->total[i].lower, p->total[i].upper);
  return GM_OK;
}

static gm_status rows_check(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  bool effort = false;
  for (int32_t c = 0; c < p->control_count; c++) effort = effort || p->control[c].effort > 0;
  if (p->term_count < 1 && !effort)
    return gm_fail(q->ctx, GM_EINVAL, "shooting: nothing to minimise");
  gm_status st = terms_check(q);
  return st ? st : bounds_check(q);
}

static gm_status options_check(gm__shoot *q)
{
  gm_shoot_options *o = &q->o;
  if (!(o->tolerance >= 0) || !(o->feasibility >= 0) || !(o->step >= 0) || o->iterations_max < 0 ||
      o->directions < 0)
    return gm_fail(q->ctx, GM_EINVAL, "shooting: an option is negative");
  if (o->directions && !(q->info.flags & GM_MODEL_TANGENTS))
    return gm_fail(q->ctx, GM_EUNSUPPORTED, "shooting: model %s has no tangents; directions 0",
                   q->info.name);
  if (o->newton && (o->gauss_newton || !o->directions))
    return gm_fail(q->ctx, GM_EINVAL,
                   "shooting: Newton needs tangents (directions > 0) and goes "
                   "without Gauss-Newton");
  if (o->tolerance == 0) o->tolerance = 1e-6;
  if (o->feasibility == 0) o->feasibility = 1e-7;
  if (o->step == 0) o->step = 1e-5;
  if (o->iterations_max == 0) o->iterations_max = 300;
  return GM_OK;
}

/* ---- tables --------------------------------------------------------------------------------- */
/* Instances of one term or bound, appended to list (NULL: only counted). */
static void places(const gm__shoot *q, int32_t output, gm_shoot_where where, int32_t item,
                   gm__place *list, int32_t *count)
{
  int32_t k0 = where == GM_SHOOT_END ? q->ni - 1 : 0;
  for (int32_t k = k0; k < q->ni; k++, ++*count)
    if (list) list[*count] = (gm__place){output, 2 * k + (where != GM_SHOOT_PEAK), item};
}

static void row_add(gm__shoot *q, int32_t of, double sign, double base, double scale)
{
  if (q->row_of) {
    q->row_of[q->rows] = of;
    q->row_sign[q->rows] = sign;
    q->row_base[q->rows] = base;
    q->row_scale[q->rows] = scale > 0 ? scale : fmax(1, fabs(base));
  }
  q->rows++;
}

static void rows_of(gm__shoot *q, int32_t of, double lower, double upper, double scale, bool equal)
{
  if (equal != (lower == upper)) return;
  if (isfinite(lower)) row_add(q, of, 1, lower, scale);
  if (isfinite(upper) && !equal) row_add(q, of, -1, upper, scale);
}

/* Equations first. */
static void rows_fill(gm__shoot *q)
{
  q->rows = 0;
  for (int32_t equal = 1; equal >= 0; equal--) {
    for (int32_t i = 0; i < q->bounds; i++) {
      const gm_shoot_bound *b = &q->p->bound[q->bound[i].item];
      rows_of(q, i, b->lower, b->upper, b->scale, equal);
    }
    for (int32_t i = 0; i < q->p->total_count; i++)
      rows_of(q, ~i, q->p->total[i].lower, q->p->total[i].upper, 0, equal);
    if (equal) q->equals = q->rows;
  }
}

static gm_status rows_make(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  for (int32_t pass = 0; pass < 2; pass++) {
    q->terms = q->bounds = 0;
    for (int32_t i = 0; i < p->term_count; i++)
      places(q, p->term[i].output, p->term[i].where, i, q->term, &q->terms);
    for (int32_t i = 0; i < p->bound_count; i++)
      places(q, p->bound[i].output, p->bound[i].where, i, q->bound, &q->bounds);
    if (pass) break;
    q->term = gm_alloc(q->ctx, q->terms, sizeof *q->term);
    q->bound = gm_alloc(q->ctx, q->bounds, sizeof *q->bound);
    if (!q->term || !q->bound) return gm_fail(q->ctx, GM_ENOMEM, "places of a shooting");
  }
  rows_fill(q);
  if (q->rows > GM_SHOOT_ROWS_MAX)
    return gm_fail(q->ctx, GM_ERANGE, "shooting: %d rows of constraints, at most %d", (int)q->rows,
                   (int)GM_SHOOT_ROWS_MAX);
  double *mem = gm_alloc(q->ctx, (ptrdiff_t)3 * q->rows, sizeof *mem);
  q->row_sign = mem;
  int32_t *of = gm_alloc(q->ctx, q->rows, sizeof *of);
  if (!mem || !of) {
    gm_free(of);
    return gm_fail(q->ctx, GM_ENOMEM, "rows of a shooting");
  }
  q->row_base = mem + q->rows;
  q->row_scale = q->row_base + q->rows;
  q->row_of = of;
  rows_fill(q);
  return GM_OK;
}

static gm_status states_make(gm__shoot *q)
{
  int32_t count;
  const gm_var *state = gm_model_table(q->p->model, GM_TABLE_STATE, &count);
  q->row = gm_alloc(q->ctx, count, sizeof *q->row);
  q->state_size = gm_alloc(q->ctx, count, sizeof *q->state_size);
  q->first = gm_alloc(q->ctx, q->m + 1, sizeof *q->first);
  if (!q->row || !q->state_size || !q->first) return gm_fail(q->ctx, GM_ENOMEM, "shooting");
  int32_t memory = 0;
  for (int32_t i = 0; i < count; i++) {
    if (state[i].role == GM_ROLE_MEMORY) {
      memory++;
      continue;
    }
    if (state[i].role != GM_ROLE_CONTINUOUS)
      return gm_fail(q->ctx, GM_EUNSUPPORTED, "shooting: state %s is not continuous",
                     state[i].name);
    q->row[q->ns++] = i;
  }
  if (q->m > 1 && memory > q->info.input_count)
    return gm_fail(q->ctx, GM_EUNSUPPORTED,
                   "shooting: model %s has memory (events, delays); use one segment", q->info.name);
  for (int32_t j = 0; j <= q->m; j++) q->first[j] = (int32_t)((int64_t)j * q->ni / q->m);
  return GM_OK;
}

static gm_status unknowns_make(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  int32_t count;
  const gm_var *row = gm_model_table(p->model, GM_TABLE_PARAMETER, &count);
  q->theta = gm_alloc(q->ctx, count, sizeof *q->theta);
  q->lower = gm_alloc(q->ctx, (ptrdiff_t)3 * q->nw, sizeof *q->lower);
  if (!q->theta || !q->lower) return gm_fail(q->ctx, GM_ENOMEM, "unknowns of a shooting");
  q->upper = q->lower + q->nw;
  q->size = q->upper + q->nw;
  for (int32_t i = 0; i < count; i++) {
    q->theta[i] = p->theta ? p->theta[i] : row[i].initial;
    if (!isfinite(q->theta[i]))
      return gm_fail(q->ctx, GM_EDOMAIN, "shooting: parameter %s has no value", row[i].name);
  }
  for (int32_t l = 0; l < q->nw; l++) {
    int32_t k = l - q->ni * q->nu;
    q->lower[l] = k < 0 ? p->control[l % q->nu].lower : p->parameter[k].lower;
    q->upper[l] = k < 0 ? p->control[l % q->nu].upper : p->parameter[k].upper;
    q->size[l] = q->upper[l] - q->lower[l];
  }
  return GM_OK;
}

static gm_status workers_make(gm__shoot *q)
{
  const gm_model_type *type = q->p->model->type;
  q->workers = gm_pool_workers(q->p->pool);
  q->work = gm_alloc(q->ctx, q->workers, sizeof(gm_work *));
  q->arena = gm_alloc(q->ctx, q->workers, sizeof(gm_arena *));
  gm_status st = q->work && q->arena ? GM_OK : gm_fail(q->ctx, GM_ENOMEM, "workers");
  for (int32_t i = 0; i < q->workers && !st; i++) {
    st = type->work_new(q->p->model, q->ctx, &q->work[i]);
    if (!st) st = gm_arena_new(q->ctx, 1 << 16, &q->arena[i]);
  }
  return st;
}

gm_status gm__shoot_setup(gm__shoot *q)
{
  const gm_shoot *p = q->p;
  gm_status st = model_check(q);
  if (!st) st = options_check(q);
  if (!st) st = grid_check(q);
  if (!st) st = unknowns_check(q);
  if (!st) st = rows_check(q);
  if (st) return st;
  q->ni = p->interval_count;
  q->nu = p->control_count;
  q->np = p->parameter_count;
  q->nw = q->ni * q->nu + q->np;
  q->nx = q->info.state_count;
  q->ny = q->info.output_count;
  q->m = p->segment_count;
  st = states_make(q);
  if (!st) st = unknowns_make(q);
  if (!st) st = rows_make(q);
  return st ? st : workers_make(q);
}

void gm__shoot_close(gm__shoot *q)
{
  for (int32_t i = 0; i < q->workers && q->work; i++)
    if (q->work[i]) q->p->model->type->work_free(q->work[i]);
  for (int32_t i = 0; i < q->workers && q->arena; i++) gm_arena_free(q->arena[i]);
  gm_free(q->work);
  gm_free(q->arena);
  gm_free(q->row);
  gm_free(q->first);
  gm_free(q->theta);
  gm_free(q->lower);
  gm_free(q->state_size);
  gm_free(q->term);
  gm_free(q->bound);
  gm_free(q->row_of);
  gm_free(q->row_sign);
}
