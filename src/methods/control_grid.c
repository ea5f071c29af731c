/* control_grid.c - dynamic programming on a grid of states, its transitions by simulation.
 * Bellman, Dynamic Programming, 1957; value iteration and the bound on its error: Puterman, Markov
 * Decision Processes, 1994, section 6.3. */
#include "methods/control_value.h"
#include <math.h>
#include <string.h>

enum { RUNS_MAX = 1 << 17, STORED_MAX = 1 << 27, VALUES_MAX = 1 << 27 };

struct control_grid {
  gm_grid_options o;
  gm_grid_axis axis[GM_GRID_AXES_MAX];
  ptrdiff_t stride[GM_GRID_AXES_MAX];
  int32_t d, points, stages; /* stages: decisions, or 1 */
  double *q;                 /* [stage][choice][points] */
};

typedef struct {
  gm_policy *p;
  control_grid *g;
  gm_grid_report report;
  int32_t states, block;       /* points that are states; of them simulated at once */
  int32_t *point, *nearest;    /* [states] their numbers; [points] place in `point` */
  gm_ensemble *base, *all;     /* [block * replicates], [choice][block * replicates] */
  double *z, *macro, *y0, *y;  /* of base; outputs before and after */
  int32_t *index;              /* [all] */
  double *next, *cost, *value; /* [kept][choice][replicates][d], [kept][choice], [points] */
  int64_t ends, left;          /* periods simulated, that ended outside */
  control_drives drives;
} solver;

void gm__grid_free(control_grid *g)
{
  if (!g) return;
  gm_free(g->q);
  gm_free(g);
}

/* ---- interpolation --------------------------------------------------------------------------- */
static double coordinate(const control_grid *g, int32_t axis, int32_t point)
{
  const gm_grid_axis *a = &g->axis[axis];
  int32_t i = (int32_t)(point / g->stride[axis]) % a->points;
  return a->lower + (a->upper - a->lower) * i / (a->points - 1);
}

/* Multilinear in x, brought within the grid; NaN where x is. */
static double interpolate(const control_grid *g, const double *x, const double *value)
{
  double share[GM_GRID_AXES_MAX], sum = 0;
  ptrdiff_t at = 0;
  for (int32_t i = 0; i < g->d; i++) {
    const gm_grid_axis *a = &g->axis[i];
    double u = (x[i] - a->lower) / (a->upper - a->lower) * (a->points - 1);
    if (isnan(u)) return NAN;
    u = fmin(fmax(u, 0), a->points - 1);
    int32_t cell = (int32_t)u < a->points - 1 ? (int32_t)u : a->points - 2;
    share[i] = u - cell;
    at += cell * g->stride[i];
  }
  for (int32_t corner = 0; corner < 1 << g->d; corner++) {
    double w = 1;
    ptrdiff_t here = at;
    for (int32_t i = 0; i < g->d; i++) {
      bool up = corner >> i & 1;
      w *= up ? share[i] : 1 - share[i];
      here += up ? g->stride[i] : 0;
    }
    if (w > 0) sum += w * value[here];
  }
  return sum;
}

double gm__grid_value(const gm_policy *p, int32_t decision, int32_t choice, const double *y)
{
  const control_grid *g = p->grid;
  double x[GM_GRID_AXES_MAX];
  const int32_t stage = g->stages > 1 ? decision : 0;
  for (int32_t i = 0; i < g->d; i++) x[i] = y[g->axis[i].output];
  return interpolate(g, x, g->q + ((ptrdiff_t)stage * p->c->choice_count + choice) * g->points);
}

/* ---- set-up ---------------------------------------------------------------------------------- */
static gm_status axes_check(gm_ctx *ctx, const gm_policy *p, control_grid *g, int32_t macros)
{
  int64_t points = 1;
  for (int32_t i = 0; i < g->d; i++) {
    const gm_grid_axis *a = &g->axis[i];
    if (a->output < 0 || a->output >= p->ny || a->macro < -1 || a->macro >= macros)
      return gm_fail(ctx, GM_ERANGE,
                     "control: axis %d has output %d, state %d of a macro view of %d", (int)i,
                     (int)a->output, (int)a->macro, (int)macros);
    if (a->macro < 0 && !g->o.place)
      return gm_fail(ctx, GM_EINVAL, "control: nothing sets axis %d", (int)i);
    if (!(a->points >= 2 && isfinite(a->lower) && isfinite(a->upper) && a->lower < a->upper))
      return gm_fail(ctx, GM_EDOMAIN, "control: axis %d of %d points from %g to %g", (int)i,
                     (int)a->points, a->lower, a->upper);
    g->stride[i] = (ptrdiff_t)points;
    points *= a->points;
    if (points > GM_GRID_POINTS_MAX)
      return gm_fail(ctx, GM_ERANGE, "control: more than %d points of a grid",
                     (int)GM_GRID_POINTS_MAX);
  }
  g->points = (int32_t)points;
  return GM_OK;
}

static void defaults_set(const gm_policy *p, gm_grid_options *o)
{
  gm_model_info info;
  gm_model_get_info(p->c->system->model, &info);
  if (o->replicates == 0)
    o->replicates = info.flags & GM_MODEL_STOCHASTIC || p->c->system->unknown_count ? 64 : 1;
  if (o->discount == 0) o->discount = 1;
  if (o->tolerance == 0) o->tolerance = 1e-6;
  if (o->sweeps_max == 0) o->sweeps_max = 100000;
  o->stationary = o->stationary || o->endless;
}

static gm_status options_check(gm_ctx *ctx, const gm_grid_options *o)
{
  if (o->axis_count < 1 || o->axis_count > GM_GRID_AXES_MAX || !o->axis)
    return gm_fail(ctx, GM_ERANGE, "control: %d axes, expected 1 to %d", (int)o->axis_count,
                   (int)GM_GRID_AXES_MAX);
  const bool discount = o->discount > 0 && (o->endless ? o->discount < 1 : o->discount <= 1);
  if (o->replicates < 1 || o->replicates > RUNS_MAX || o->sweeps_max < 1 || !(o->tolerance > 0) ||
      !discount)
    return gm_fail(ctx, GM_ERANGE,
                   "control: %d replicates, discount %g (without end below 1), tolerance %g",
                   (int)o->replicates, o->discount, o->tolerance);
  return GM_OK;
}

static gm_status task_check(gm_ctx *ctx, const gm_control *c)
{
  if (c->risk != GM_RISK_MEAN || c->breach)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "control: a value on a grid stands for mean cost; search plans for other risks");
  if (c->system->drive && c->system->drive->edge_count)
    return gm_fail(ctx, GM_EUNSUPPORTED, "control: a grid knows nothing of the system's own drive");
  return GM_OK;
}

static gm_status grid_new(gm_ctx *ctx, gm_policy *p, const gm_grid_options *options)
{
  const gm_control *c = p->c;
  control_grid *g = p->grid = gm_alloc(ctx, 1, sizeof *g);
  gm_model_info info;
  gm_model_get_info(c->system->model, &info);
  p->ny = info.output_count;
  p->np = info.parameter_count;
  if (!g) return gm_fail(ctx, GM_ENOMEM, "grid");
  g->o = *options;
  g->d = options->axis_count;
  defaults_set(p, &g->o);
  gm_status s = task_check(ctx, c);
  if (!s) s = options_check(ctx, &g->o);
  if (s) return s;
  memcpy(g->axis, options->axis, (size_t)g->d * sizeof *g->axis);
  s = axes_check(ctx, p, g, gm_model_macro_count(c->system->model));
  if (s) return s;
  p->discount = g->o.discount;
  g->stages = g->o.endless ? 1 : c->decisions;
  const double values = (double)g->stages * c->choice_count * g->points,
               stored = (double)g->points * c->choice_count * g->o.replicates * g->d;
  if (values > VALUES_MAX || (g->o.stationary && stored > STORED_MAX))
    return gm_fail(ctx, GM_ERANGE, "control: %g values on a grid, %g to keep of its periods",
                   values, g->o.stationary ? stored : 0);
  g->q = gm_alloc(ctx, (ptrdiff_t)values, sizeof *g->q);
  return g->q ? GM_OK : gm_fail(ctx, GM_ENOMEM, "values on a grid");
}

/* Coordinates of a point into a member's macro view. False: it is no state. */
static bool point_place(const solver *q, int32_t point, double *macro)
{
  const control_grid *g = q->g;
  double x[GM_GRID_AXES_MAX];
  for (int32_t i = 0; i < g->d; i++) {
    x[i] = coordinate(g, i, point);
    if (g->axis[i].macro >= 0) macro[g->axis[i].macro] = x[i];
  }
  return !g->o.place || g->o.place(q->p->c->user, x, macro);
}

/* Which points are states; the others get the nearest by steps along the axes. */
static gm_status states_find(gm_ctx *ctx, solver *q, const double *macro, int32_t macros)
{
  const control_grid *g = q->g;
  int32_t *queue = gm_alloc(ctx, g->points, sizeof *queue), begin = 0, end = 0;
  double *one = gm_alloc(ctx, macros, sizeof *one);
  for (int32_t i = 0; i < g->points && queue && one; i++) {
    memcpy(one, macro, (size_t)macros * sizeof *one);
    q->nearest[i] = -1;
    if (!point_place(q, i, one)) continue;
    q->nearest[i] = q->states;
    q->point[q->states++] = queue[end++] = i;
  }
  gm_status s = queue && one ? GM_OK : gm_fail(ctx, GM_ENOMEM, "points of a grid");
  if (!s && !end) s = gm_fail(ctx, GM_EINVAL, "control: no point of the grid is a state");
  for (; begin < end; begin++)
    for (int32_t i = 0; i < 2 * g->d; i++) {
      const ptrdiff_t stride = g->stride[i / 2], place = queue[begin] / stride;
      const int32_t along = (int32_t)place % g->axis[i / 2].points;
      if (i % 2 ? along == 0 : along == g->axis[i / 2].points - 1) continue;
      int32_t to = (int32_t)(queue[begin] + (i % 2 ? -stride : stride));
      if (q->nearest[to] >= 0) continue;
      q->nearest[to] = q->nearest[queue[begin]];
      queue[end++] = to;
    }
  gm_free(queue);
  gm_free(one);
  return s;
}

static gm_status states_new(gm_ctx *ctx, solver *q)
{
  const gm_control *c = q->p->c;
  const int32_t macros = gm_model_macro_count(c->system->model);
  gm_ensemble *one = NULL;
  q->point = gm_alloc(ctx, q->g->points, sizeof *q->point);
  q->nearest = gm_alloc(ctx, q->g->points, sizeof *q->nearest);
  double *macro = gm_alloc(ctx, macros, sizeof *macro);
  gm_status s = q->point && q->nearest && macro ? GM_OK : gm_fail(ctx, GM_ENOMEM, "grid");
  if (!s) s = gm__control_begin(ctx, c->system, c->t_first, 1, q->g->o.replicate, &one);
  if (!s) s = gm_ensemble_get(one, ctx, macro);
  if (!s) s = states_find(ctx, q, macro, macros);
  gm_ensemble_free(one);
  gm_free(macro);
  return s;
}

static void solver_free(solver *q)
{
  gm_free(q->point);
  gm_free(q->nearest);
  gm_ensemble_free(q->base);
  gm_ensemble_free(q->all);
  gm_free(q->z);
  gm_free(q->macro);
  gm_free(q->y0);
  gm_free(q->y);
  gm_free(q->index);
  gm_free(q->next);
  gm_free(q->cost);
  gm_free(q->value);
  gm__control_drives_free(&q->drives);
}

static gm_status solver_new(gm_ctx *ctx, solver *q)
{
  const gm_control *c = q->p->c;
  const control_grid *g = q->g;
  gm_status s = states_new(ctx, q);
  if (s) return s;
  const int32_t runs = g->o.replicates * c->choice_count;
  q->block = RUNS_MAX / runs < 1 ? 1 : RUNS_MAX / runs;
  if (q->block > q->states) q->block = q->states;
  const ptrdiff_t n = (ptrdiff_t)q->block * g->o.replicates, all = n * c->choice_count,
                  kept = g->o.stationary ? q->states : q->block;
  q->z = gm_alloc(ctx, n * c->system->unknown_count, sizeof *q->z);
  q->macro = gm_alloc(ctx, n * gm_model_macro_count(c->system->model), sizeof *q->macro);
  q->y0 = gm_alloc(ctx, n * q->p->ny, sizeof *q->y0);
  q->y = gm_alloc(ctx, all * q->p->ny, sizeof *q->y);
  q->index = gm_alloc(ctx, all, sizeof *q->index);
  q->next = gm_alloc(ctx, kept * runs * g->d, sizeof *q->next);
  q->cost = gm_alloc(ctx, kept * c->choice_count, sizeof *q->cost);
  q->value = gm_alloc(ctx, g->points, sizeof *q->value);
  if (!q->z || !q->macro || !q->y0 || !q->y || !q->index || !q->next || !q->cost || !q->value)
    return gm_fail(ctx, GM_ENOMEM, "dynamic programming");
  s = gm__control_drives_new(ctx, c, &q->drives);
  if (!s) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)n, &q->base);
  if (!s) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)all, &q->all);
  return s;
}

/* ---- one period from a block of points ------------------------------------------------------- */
static gm_status kept_check(gm_ctx *ctx, const solver *q, int32_t first)
{
  const control_grid *g = q->g;
  for (int32_t i = 0; i < q->block * g->o.replicates; i++) {
    const int32_t point = q->point[(first + i / g->o.replicates) % q->states];
    for (int32_t a = 0; a < g->d; a++) {
      double want = coordinate(g, a, point),
             got = q->y0[(ptrdiff_t)i * q->p->ny + g->axis[a].output];
      if (!(fabs(got - want) <= 1e-9 * (fabs(want) + fabs(g->axis[a].upper - g->axis[a].lower))))
        return gm_fail(
            ctx, GM_EINVAL,
            "control: axis %d of the grid set to %.9g reads %.9g; expected a state of its "
            "own",
            (int)a, want, got);
    }
  }
  return GM_OK;
}

/* base: every point of the block with its replicates at decision k, keyed by point, replicate and
 * decision. The last block is filled up with the first points. */
static gm_status block_begin(gm_ctx *ctx, solver *q, int32_t k, int32_t first)
{
  const gm_control *c = q->p->c;
  const control_grid *g = q->g;
  const int32_t r = g->o.replicates, n = q->block * r,
                macros = gm_model_macro_count(c->system->model);
  const uint64_t replicate = gm_hash64(g->o.replicate, (uint64_t)k);
  const gm_key prior =
      gm_system_key(c->system, GM_PURPOSE_PRIOR, gm_hash64(replicate, (uint64_t)first));
  gm_system_prior_draw(c->system, prior, n, q->z);
  gm_system_theta(c->system, n, q->z, gm_ensemble_theta(q->base));
  gm_ensemble_seat(q->base, gm_system_key(c->system, GM_PURPOSE_INTRINSIC, replicate), 0);
  for (int32_t i = 0; i < n; i++)
    gm_ensemble_slot(q->base)[i] =
        (uint64_t)q->point[(first + i / r) % q->states] * (uint64_t)r + (uint64_t)(i % r);
  gm_status s = gm_ensemble_init(q->base, ctx, gm__control_time(c, k));
  if (!s) s = gm_ensemble_get(q->base, ctx, q->macro);
  for (int32_t i = 0; i < n && !s; i++)
    (void)point_place(q, q->point[(first + i / r) % q->states], q->macro + (ptrdiff_t)i * macros);
  if (!s) s = gm_ensemble_set(q->base, ctx, q->macro);
  if (s) return s;
  gm_ensemble_renew(q->base, (uint64_t)k);
  s = gm_ensemble_observe(q->base, ctx, q->y0);
  return s ? s : kept_check(ctx, q, first);
}

static gm_status block_run(gm_ctx *ctx, solver *q, int32_t k, int32_t first)
{
  const gm_control *c = q->p->c;
  const int32_t n = q->block * q->g->o.replicates;
  gm_status s = block_begin(ctx, q, k, first);
  if (s) return s;
  for (int32_t i = 0; i < n * c->choice_count; i++) q->index[i] = i % n;
  s = gm_ensemble_select(q->all, q->base, ctx, q->index, 0, true);
  for (int32_t i = 0; i < n * c->choice_count; i++) q->index[i] = i / n;
  gm__control_drives_at(c, &q->drives, k);
  if (!s)
    s = gm_ensemble_advance(q->all, ctx, gm__control_time(c, k + 1), q->drives.drive, q->index,
                            NULL, 0, NULL);
  return s ? s : gm_ensemble_observe(q->all, ctx, q->y);
}

/* Mean cost and ends of point `first + i` under a choice, into place `slot` of cost and next. */
static gm_status keep(gm_ctx *ctx, solver *q, int32_t k, int32_t i, int32_t choice, ptrdiff_t slot)
{
  const gm_control *c = q->p->c;
  const control_grid *g = q->g;
  const int32_t r = g->o.replicates, ny = q->p->ny;
  double sum = 0, *next = q->next + slot * r * g->d;
  for (int32_t j = 0; j < r; j++) {
    const ptrdiff_t from = (ptrdiff_t)i * r + j;
    const double *y = q->y + ((ptrdiff_t)choice * q->block * r + from) * ny;
    bool out = false;
    sum += c->cost(c->user, k, q->y0 + from * ny, y);
    for (int32_t a = 0; a < g->d; a++) {
      const double x = next[(ptrdiff_t)j * g->d + a] = y[g->axis[a].output],
                   slack = 1e-9 * (g->axis[a].upper - g->axis[a].lower);
      out = out || x < g->axis[a].lower - slack || x > g->axis[a].upper + slack;
      if (!isfinite(x)) sum = NAN;
    }
    q->ends++;
    q->left += out;
  }
  q->cost[slot] = c->choice[choice].cost + sum / r;
  return isfinite(q->cost[slot])
             ? GM_OK
             : gm_fail(ctx, GM_ENUMERIC, "control: model or cost fails at decision %d, choice %s",
                       (int)k, c->choice[choice].name);
}

static gm_status block_keep(gm_ctx *ctx, solver *q, int32_t k, int32_t first)
{
  const gm_control *c = q->p->c;
  const int32_t shift = q->g->o.stationary ? first : 0;
  gm_status s = block_run(ctx, q, k, first);
  for (int32_t i = 0; i < q->block && first + i < q->states && !s; i++)
    for (int32_t a = 0; a < c->choice_count && !s; a++)
      s = keep(ctx, q, k, i, a, (ptrdiff_t)(shift + i) * c->choice_count + a);
  return s;
}

/* ---- backwards ------------------------------------------------------------------------------- */
/* Q of `count` points that lie in cost and next from the begin; ahead NULL: nothing follows. */
static void back_up(solver *q, int32_t stage, int32_t first, int32_t count, const double *ahead)
{
  const gm_control *c = q->p->c;
  const control_grid *g = q->g;
  const int32_t r = g->o.replicates;
  for (int32_t i = 0; i < count; i++)
    for (int32_t a = 0; a < c->choice_count; a++) {
      const ptrdiff_t slot = (ptrdiff_t)i * c->choice_count + a;
      double sum = 0;
      for (int32_t j = 0; ahead && j < r; j++)
        sum += interpolate(g, q->next + (slot * r + j) * g->d, ahead);
      g->q[((ptrdiff_t)stage * c->choice_count + a) * g->points + q->point[first + i]] =
          q->cost[slot] + g->o.discount * sum / r;
    }
}

/* Points that are no states take over; value: least over the choices allowed. Returns the largest
 * change of a value; *most: the largest value. */
static double settle(solver *q, int32_t stage, double *most)
{
  const gm_control *c = q->p->c;
  const control_grid *g = q->g;
  double *of = g->q + (ptrdiff_t)stage * c->choice_count * g->points, change = 0;
  *most = 0;
  for (int32_t a = 0; a < c->choice_count; a++)
    for (int32_t i = 0; i < g->points; i++) {
      double *at = of + (ptrdiff_t)a * g->points;
      at[i] = at[q->point[q->nearest[i]]];
    }
  for (int32_t i = 0; i < g->points; i++) {
    double least = INFINITY;
    for (int32_t a = 0; a < c->choice_count; a++)
      if (!c->allowed || c->allowed(c->user, stage, NULL, a))
        least = fmin(least, of[(ptrdiff_t)a * g->points + i]);
    change = fmax(change, fabs(least - q->value[i]));
    *most = fmax(*most, fabs(least));
    q->value[i] = least;
  }
  return change;
}

static gm_status watched(gm_ctx *ctx, const gm_watch *watch, double share)
{
  gm_watch_progress(watch, "dynamic programming", share);
  return gm_watch_stop(watch) ? gm_fail(ctx, GM_ECANCELLED, "control: stopped") : GM_OK;
}

static gm_status choices_left(gm_ctx *ctx, const gm_control *c, int32_t stages)
{
  for (int32_t k = 0; k < stages && c->allowed; k++) {
    bool any = false;
    for (int32_t a = 0; a < c->choice_count; a++) any = any || c->allowed(c->user, k, NULL, a);
    if (!any)
      return gm_fail(ctx, GM_ERANGE, "control: no choice within the limits at decision %d", (int)k);
  }
  return GM_OK;
}

static gm_status backwards(gm_ctx *ctx, solver *q, const gm_watch *watch)
{
  const gm_control *c = q->p->c;
  gm_status s = GM_OK;
  for (int32_t k = c->decisions - 1; k >= 0 && !s; k--) {
    const double *ahead = k + 1 < c->decisions ? q->value : NULL;
    double most;
    for (int32_t first = 0; first < q->states && !s; first += q->block) {
      const int32_t rest = q->states - first;
      s = block_keep(ctx, q, k, first);
      if (!s) back_up(q, k, first, rest < q->block ? rest : q->block, ahead);
      if (!s)
        s = watched(ctx, watch, (c->decisions - 1 - k + (double)first / q->states) / c->decisions);
    }
    if (!s) (void)settle(q, k, &most);
  }
  return s;
}

static gm_status endless(gm_ctx *ctx, solver *q, const gm_watch *watch)
{
  const control_grid *g = q->g;
  gm_status s = GM_OK;
  for (int32_t sweep = 0; sweep < g->o.sweeps_max && !s; sweep++) {
    double most;
    back_up(q, 0, 0, q->states, q->value);
    const double change = settle(q, 0, &most);
    q->report.sweeps = sweep + 1;
    q->report.bound = change * g->o.discount / (1 - g->o.discount);
    if (q->report.bound <= g->o.tolerance * (1 + most)) return GM_OK;
    s = watched(ctx, watch, 0.5 + 0.5 * sweep / g->o.sweeps_max);
  }
  return s ? s
           : gm_fail(ctx, GM_ENUMERIC, "control: value iteration is off by %g after %d sweeps",
                     q->report.bound, (int)q->report.sweeps);
}

static gm_status stationary(gm_ctx *ctx, solver *q, const gm_watch *watch)
{
  const gm_control *c = q->p->c;
  gm_status s = GM_OK;
  for (int32_t first = 0; first < q->states && !s; first += q->block) {
    s = block_keep(ctx, q, 0, first);
    if (!s) s = watched(ctx, watch, 0.5 * first / q->states);
  }
  if (s) return s;
  if (q->g->o.endless) return endless(ctx, q, watch);
  for (int32_t k = c->decisions - 1; k >= 0 && !s; k--) {
    double most;
    back_up(q, k, 0, q->states, k + 1 < c->decisions ? q->value : NULL);
    (void)settle(q, k, &most);
    s = watched(ctx, watch, 1 - 0.5 * k / c->decisions);
  }
  return s;
}

gm_status gm_policy_grid(gm_ctx *ctx, const gm_control *c, const gm_grid_options *options,
                         const gm_watch *watch, gm_grid_report *report, gm_policy **out)
{
  gm_status s = gm__control_check(ctx, c);
  if (!s && !options) s = gm_fail(ctx, GM_EINVAL, "control: a grid needs axes");
  if (s) return s;
  gm_policy *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "policy");
  solver q = {.p = p};
  p->c = c;
  s = grid_new(ctx, p, options);
  q.g = p->grid;
  if (!s) s = choices_left(ctx, c, q.g->stages);
  if (!s) s = solver_new(ctx, &q);
  if (!s) s = q.g->o.stationary ? stationary(ctx, &q, watch) : backwards(ctx, &q, watch);
  solver_free(&q);
  if (s) {
    gm_policy_free(p);
    return s;
  }
  q.report.points = q.g->points;
  q.report.states = q.states;
  q.report.left = (double)q.left / (double)q.ends;
  if (report) *report = q.report;
  *out = p;
  return GM_OK;
}
