/* shoot_sqp.c - multiple shooting: the sequence of quadratic programs.
 * J. Nocedal & S. J. Wright, Numerical Optimization, 2nd ed. 2006: damped BFGS (procedure 18.2),
 * weight of the l1 merit function (18.36), elastic mode for contradicting rows (18.12, here with
 * one slack as M. J. D. Powell did). Reduced Hessian: Biegler, Nocedal & Schmid, SIAM J. Optim. 5
 * (1995) 314. */
#include "methods/shoot_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

enum { HALVINGS = 30, RESTARTS = 3 };

typedef struct {
  gm__shoot q;
  gm__shot now, trial, best;
  double *b, *step, *price, *lag, *lo, *hi; /* Hessian; step and bounds in scaled unknowns */
  double *big, *big_g, *big_c, *big_x, *big_p, *big_lo; /* elastic program, n + 1 unknowns */
  double nu, slack, kkt;
  int32_t restarts, iterations;
  bool fresh;  /* b is not scaled yet */
  bool newton; /* b is the Lagrangian's own */
  gm_shoot_stop stop;
} sqp;

const char *gm_shoot_stop_text(gm_shoot_stop stop)
{
  static const char *const text[] = {"converged", "no step improves any more",
                                     "limit of iterations", "stopped on request"};
  return stop >= GM_SHOOT_CONVERGED && stop <= GM_SHOOT_CANCELLED ? text[stop] : "?";
}

/* ---- start ---------------------------------------------------------------------------------- */
static void sqp_free(sqp *a)
{
  gm__shot_free(&a->now);
  gm__shot_free(&a->trial);
  gm__shot_free(&a->best);
  gm_free(a->b);
  gm__shoot_close(&a->q);
}

static gm_status sqp_new(sqp *a)
{
  gm__shoot *q = &a->q;
  gm_status st = gm__shot_new(q, &a->now);
  if (!st) st = gm__shot_new(q, &a->trial);
  if (!st) st = gm__shot_new(q, &a->best);
  if (st) return st;
  const ptrdiff_t n = q->nw, r = q->rows, n1 = n + 1;
  const ptrdiff_t part[] = {n * n,   n,  2 * n1 + r, n,  n,          n,
                            n1 * n1, n1, r * n1,     n1, 2 * n1 + r, 2 * n1};
  double **to[] = {&a->b,   &a->step,  &a->price, &a->lag,   &a->lo,    &a->hi,
                   &a->big, &a->big_g, &a->big_c, &a->big_x, &a->big_p, &a->big_lo};
  ptrdiff_t all = 0;
  for (int32_t i = 0; i < 12; i++) all += part[i];
  double *at = gm_alloc(q->ctx, all, sizeof *at);
  if (!at) return gm_fail(q->ctx, GM_ENOMEM, "shooting of %d unknowns", (int)n);
  for (int32_t i = 0; i < 12; at += part[i++]) *to[i] = at;
  return GM_OK;
}

static void state_sizes(gm__shoot *q, const gm__shot *a)
{
  for (int32_t i = 0; i < q->ns; i++) {
    double most = 0;
    for (int32_t j = 0; j < q->m; j++)
      most = fmax(most, fabs(a->end[(ptrdiff_t)j * q->nx + q->row[i]]));
    q->state_size[i] = most > 0 ? most : 1;
  }
}

static void identity(sqp *a, double size)
{
  const int32_t n = a->q.nw;
  memset(a->b, 0, (size_t)n * (size_t)n * sizeof *a->b);
  for (int32_t i = 0; i < n; i++) a->b[(ptrdiff_t)i * n + i] = size;
  a->fresh = true;
}

static void hessian_begin(sqp *a)
{
  const double most = gm__shoot_steepest(&a->q, &a->now);
  identity(a, most > 0 ? most : 1);
}

static gm_status derive(sqp *a)
{
  bool good;
  gm_status st = gm__shoot_slopes(&a->q, &a->now, &good);
  if (!st && !good)
    st = gm_fail(a->q.ctx, GM_ENUMERIC, "shooting: the model has no derivatives at a point");
  return st ? st : gm__shoot_reduce(&a->q, &a->now);
}

static gm_status start(sqp *a)
{
  gm__shoot *q = &a->q;
  const gm_shoot *p = q->p;
  for (int32_t l = 0; l < q->nw; l++) {
    const int32_t k = l - q->ni * q->nu;
    const gm_shoot_control *c = k < 0 ? &p->control[l % q->nu] : NULL;
    double w = !c ? p->parameter[k].start : c->start_at ? c->start_at[l / q->nu] : c->start;
    a->now.w[l] = fmin(fmax(w, q->lower[l]), q->upper[l]);
  }
  bool good;
  gm_status st = gm__shoot_run(q, &a->now, true, &good);
  if (!st && !good)
    st = gm_fail(q->ctx, GM_ENUMERIC, "shooting: the model fails under the controls to start with");
  if (st) return st;
  state_sizes(q, &a->now);
  gm__shoot_measure(q, &a->now);
  gm__shot_copy(q, &a->best, &a->now);
  st = derive(a);
  if (!st) hessian_begin(a);
  return st;
}

/* ---- one step ------------------------------------------------------------------------------- */
/* Contradicting rows: one slack x[n] in [0, 1] takes off a share of every violation. */
static gm_status elastic(sqp *a)
{
  gm__shoot *q = &a->q;
  const int32_t n = q->nw, n1 = n + 1;
  double most = 1;
  for (int32_t i = 0; i < n; i++) {
    memcpy(a->big + (ptrdiff_t)i * n1, a->b + (ptrdiff_t)i * n, (size_t)n * sizeof *a->b);
    a->big[(ptrdiff_t)i * n1 + n] = a->big[(ptrdiff_t)n * n1 + i] = 0;
    most = fmax(most, fmax(fabs(a->now.g[i]), a->b[(ptrdiff_t)i * n + i]));
    a->big_g[i] = a->now.g[i];
    a->big_lo[i] = a->lo[i];
    a->big_lo[n1 + i] = a->hi[i];
  }
  a->big[(ptrdiff_t)n * n1 + n] = 1e4 * most;
  a->big_g[n] = 1e3 * most;
  a->big_lo[n] = 0;
  a->big_lo[n1 + n] = 1;
  for (int32_t r = 0; r < q->rows; r++) {
    double *c = a->big_c + (ptrdiff_t)r * n1, v = a->now.vl[r];
    memcpy(c, a->now.c + (ptrdiff_t)r * n, (size_t)n * sizeof *c);
    c[n] = r < q->equals || v < 0 ? -v : 0;
  }
  gm__qp p = {n1,        q->rows,        q->equals, a->big,   a->big_g,
              a->big_lo, a->big_lo + n1, a->big_c,  a->now.vl};
  bool clash;
  gm_status st = gm__qp_solve(q->ctx, &p, a->big_x, a->big_p, &clash);
  if (!st && clash) st = gm_fail(q->ctx, GM_ENUMERIC, "shooting: elastic program has no solution");
  if (st) return st;
  memcpy(a->step, a->big_x, (size_t)n * sizeof *a->step);
  memcpy(a->price, a->big_p, (size_t)n * sizeof *a->price);
  memcpy(a->price + n, a->big_p + n1, (size_t)n * sizeof *a->price);
  memcpy(a->price + (ptrdiff_t)2 * n, a->big_p + (ptrdiff_t)2 * n1,
         (size_t)q->rows * sizeof *a->price);
  a->slack = a->big_x[n];
  return GM_OK;
}

/* Of the KKT conditions at the present point, relative. G d + g = sum price normal: what the
 * multipliers leave of the gradient here is G d; the step to far bounds may have a small G d where
 * G is small, so g d counts; and a price belongs to a constraint that has no slack. */
static double residual(const sqp *a)
{
  const gm__shoot *q = &a->q;
  const int32_t n = q->nw;
  double most = fabs(gm_la_dot(n, a->now.g, a->step));
  for (int32_t i = 0; i < n; i++) {
    most = fmax(most, fabs(gm_la_dot(n, a->b + (ptrdiff_t)i * n, a->step)));
    most = fmax(most, fmax(-a->price[i] * a->lo[i], a->price[n + i] * a->hi[i]));
  }
  for (int32_t r = 0; r < q->rows; r++) most = fmax(most, fabs(a->price[2 * n + r] * a->now.vl[r]));
  return most / (1 + fabs(a->now.f));
}

static gm_status step_find(sqp *a)
{
  gm__shoot *q = &a->q;
  const int32_t n = q->nw;
  for (int32_t i = 0; i < n; i++) {
    a->lo[i] = (q->lower[i] - a->now.w[i]) / q->size[i];
    a->hi[i] = (q->upper[i] - a->now.w[i]) / q->size[i];
  }
  gm__qp p = {n, q->rows, q->equals, a->b, a->now.g, a->lo, a->hi, a->now.c, a->now.vl};
  bool clash;
  a->slack = 0;
  gm_status st = gm__qp_solve(q->ctx, &p, a->step, a->price, &clash);
  if (!st && clash) st = elastic(a);
  if (st) return st;
  a->kkt = residual(a);
  return GM_OK;
}

static gm_status no_way(const sqp *a)
{
  const gm__shoot *q = &a->q;
  const int32_t r = a->now.worst_row;
  const char *name = "continuity";
  if (r >= 0 && q->row_of[r] < 0) {
    const gm_shoot_control *c = &q->p->control[q->p->total[~q->row_of[r]].control];
    name = c->name ? c->name : "total";
  } else if (r >= 0) {
    int32_t count;
    const gm_shoot_bound *b = &q->p->bound[q->bound[q->row_of[r]].item];
    const gm_var *y = gm_model_table(q->p->model, GM_TABLE_OUTPUT, &count);
    name = b->name ? b->name : y[b->output].name;
  }
  return gm_fail(q->ctx, GM_ERANGE,
                 "shooting: no controls found that keep the constraints; worst is %s, by %g of its "
                 "scale",
                 name, a->now.worst);
}

static void trial_make(sqp *a, double alpha)
{
  const gm__shoot *q = &a->q;
  for (int32_t l = 0; l < q->nw; l++) {
    double w = a->now.w[l] + alpha * q->size[l] * a->step[l];
    a->trial.w[l] = fmin(fmax(w, q->lower[l]), q->upper[l]);
  }
  memcpy(a->trial.joint, a->now.joint, (size_t)q->m * (size_t)q->nx * sizeof *a->now.joint);
  for (int32_t j = 1; j < q->m; j++)
    for (int32_t i = 0; i < q->ns; i++) {
      const ptrdiff_t at = (ptrdiff_t)j * q->ns + i;
      a->trial.joint[(ptrdiff_t)j * q->nx + q->row[i]] +=
          alpha * (a->now.e[at] + gm_la_dot(q->nw, a->now.s + at * q->nw, a->step));
    }
}

/* Sets the weight of violations so that the step goes down; returns the slope. */
static double merit_slope(sqp *a)
{
  const gm__shoot *q = &a->q;
  double slope = gm_la_dot(q->nw, a->now.g, a->step) + a->now.f_gap,
         curve = gm_la_quadratic(q->nw, a->b, a->step), gone = a->now.infeasibility;
  gone *= 1 - a->slack;
  if (gone > 1e-14) {
    double need = (slope + curve / 2) / (0.7 * gone);
    if (a->nu < need) a->nu = 1.5 * need;
  }
  return slope - a->nu * gone;
}

static gm_status line_search(sqp *a, double *alpha_out)
{
  gm__shoot *q = &a->q;
  const double slope = merit_slope(a), merit = a->now.f + a->nu * a->now.infeasibility;
  double alpha = 1;
  *alpha_out = 0;
  for (int32_t i = 0; i < HALVINGS; i++, alpha /= 2) {
    bool good;
    trial_make(a, alpha);
    gm_status st = gm__shoot_run(q, &a->trial, false, &good);
    if (st) return st;
    if (!good) continue;
    gm__shoot_measure(q, &a->trial);
    double got = a->trial.f + a->nu * a->trial.infeasibility;
    if (got <= merit + 1e-4 * alpha * slope + 1e-13 * (1 + fabs(a->now.f))) {
      *alpha_out = alpha;
      return GM_OK;
    }
  }
  return GM_OK;
}

/* ---- Hessian -------------------------------------------------------------------------------- */
/* out[n] += sign * gradient of the Lagrangian in the scaled unknowns, bounds apart. */
static void lagrangian(const sqp *a, double sign, double *out)
{
  const int32_t n = a->q.nw;
  const double *price = a->price + (ptrdiff_t)2 * n;
  for (int32_t i = 0; i < n; i++) out[i] += sign * a->now.g[i];
  for (int32_t r = 0; r < a->q.rows; r++)
    for (int32_t i = 0; price[r] != 0 && i < n; i++)
      out[i] -= sign * price[r] * a->now.c[(ptrdiff_t)r * n + i];
}

static void bfgs(sqp *a, double alpha)
{
  const int32_t n = a->q.nw;
  double *s = a->step, *y = a->lag, *bs = a->lo; /* lo is made anew before it is used */
  for (int32_t i = 0; i < n; i++) s[i] *= alpha;
  double sy = gm_la_dot(n, s, y), ss = gm_la_dot(n, s, s), yy = gm_la_dot(n, y, y);
  if (ss < 1e-24) return;
  /* of a linear problem y is noise; the program's rounding grows with gradient over curvature */
  if (a->fresh && sy > 1e-8 * sqrt(ss * yy))
    identity(a, fmax(yy / sy, 1e-6 * gm__shoot_steepest(&a->q, &a->now)));
  a->fresh = false;
  gm_la_mul_vec(n, n, a->b, s, bs);
  double sbs = gm_la_dot(n, s, bs);
  if (sy < 0.2 * sbs) {
    double theta = 0.8 * sbs / (sbs - sy);
    for (int32_t i = 0; i < n; i++) y[i] = theta * y[i] + (1 - theta) * bs[i];
    sy = gm_la_dot(n, s, y);
  }
  for (int32_t i = 0; i < n; i++)
    for (int32_t k = 0; k < n; k++)
      a->b[(ptrdiff_t)i * n + k] += y[i] * y[k] / sy - bs[i] * bs[k] / sbs;
}

static bool is_better(const gm__shoot *q, const gm__shot *x, const gm__shot *than)
{
  bool fine = x->worst <= q->o.feasibility, was = than->worst <= q->o.feasibility;
  if (fine != was) return fine;
  return fine ? x->f < than->f : x->worst < than->worst;
}

static gm_status move(sqp *a, double alpha)
{
  gm__shoot *q = &a->q;
  memset(a->lag, 0, (size_t)q->nw * sizeof *a->lag);
  lagrangian(a, -1, a->lag);
  gm__shot_copy(q, &a->now, &a->trial);
  if (is_better(q, &a->now, &a->best)) gm__shot_copy(q, &a->best, &a->now);
  gm_status st = derive(a);
  if (st) return st;
  lagrangian(a, 1, a->lag);
  if (q->o.gauss_newton || a->newton) return GM_OK;
  bfgs(a, alpha);
  return GM_OK;
}

/* Where the Lagrangian has no second derivatives: BFGS from here on. */
static gm_status newton(sqp *a)
{
  gm_status st =
      gm__shoot_newton(&a->q, &a->now, a->price + (ptrdiff_t)2 * a->q.nw, a->b, &a->newton);
  if (!st && !a->newton) hessian_begin(a);
  return st;
}

/* ---- the whole ------------------------------------------------------------------------------ */
static gm_status iterate(sqp *a, bool *done)
{
  gm__shoot *q = &a->q;
  gm_status st = GM_OK;
  if (q->o.gauss_newton) st = gm__shoot_gauss_newton(q, &a->now, a->b);
  if (a->newton) st = newton(a);
  if (!st) st = step_find(a);
  if (st) return st;
  if (a->now.worst <= q->o.feasibility && a->kkt <= q->o.tolerance) {
    a->stop = GM_SHOOT_CONVERGED;
    *done = true;
    return GM_OK;
  }
  double alpha = 0;
  if (a->slack < 0.999) st = line_search(a, &alpha);
  if (st) return st;
  if (alpha > 0) return move(a, alpha);
  if (a->restarts++ < RESTARTS && !q->o.gauss_newton) {
    a->newton = false;
    hessian_begin(a);
    return GM_OK;
  }
  if (a->now.worst > q->o.feasibility) return no_way(a);
  a->stop = GM_SHOOT_STALLED;
  *done = true;
  return GM_OK;
}

static gm_status run(sqp *a)
{
  gm__shoot *q = &a->q;
  gm_status st = start(a);
  bool done = false;
  a->newton = q->o.newton;
  a->stop = GM_SHOOT_ITERATIONS;
  for (; !st && !done && a->iterations < q->o.iterations_max; a->iterations++) {
    gm_watch_progress(q->watch, "control", (double)a->iterations / q->o.iterations_max);
    if (gm_watch_stop(q->watch)) {
      a->stop = GM_SHOOT_CANCELLED;
      break;
    }
    st = iterate(a, &done);
  }
  return st;
}

static gm_status report(const sqp *a, gm_shoot_result *out)
{
  const gm__shoot *q = &a->q;
  const gm__shot *x = a->stop == GM_SHOOT_CONVERGED ? &a->now : &a->best;
  const int32_t nc = q->ni * q->nu, bounds = q->p->bound_count, n = q->nw;
  gm_shoot_result r = {.objective = x->f,
                       .violation = x->worst,
                       .kkt = a->kkt,
                       .iterations = a->iterations,
                       .evaluations = q->evaluations,
                       .simulations = q->simulations,
                       .unknown_count = n,
                       .stop = a->stop,
                       .converged = a->stop == GM_SHOOT_CONVERGED,
                       .tangents = q->o.directions > 0};
  double *mem = gm_alloc(
      q->ctx, (ptrdiff_t)2 * nc + q->np + (ptrdiff_t)q->ni * q->ny + bounds + q->p->total_count,
      sizeof *mem);
  if (!mem) return gm_fail(q->ctx, GM_ENOMEM, "result of a shooting");
  r.control = mem;
  r.parameter = mem + nc;
  r.control_price = r.parameter + q->np;
  r.bound_price = r.control_price + nc;
  r.total_price = r.bound_price + bounds;
  r.y = r.total_price + q->p->total_count;
  memcpy(r.control, x->w, (size_t)n * sizeof *mem);
  for (int32_t k = 0; k < q->ni; k++)
    memcpy(r.y + (ptrdiff_t)k * q->ny, x->y + (ptrdiff_t)(2 * k + 1) * q->ny,
           (size_t)q->ny * sizeof *mem);
  for (int32_t l = 0; l < nc; l++)
    r.control_price[l] = (a->price[l] - a->price[n + l]) / q->size[l];
  for (int32_t i = 0; i < q->rows; i++) {
    double price = q->row_sign[i] * a->price[2 * n + i] / q->row_scale[i];
    double *to = q->row_of[i] < 0 ? &r.total_price[~q->row_of[i]]
                                  : &r.bound_price[q->bound[q->row_of[i]].item];
    if (fabs(price) > fabs(*to)) *to = price;
  }
  *out = r;
  return GM_OK;
}

gm_status gm_shoot_solve(gm_ctx *ctx, const gm_shoot *p, const gm_shoot_options *options,
                         const gm_watch *watch, gm_shoot_result *out)
{
  sqp a = {.q = {.ctx = ctx, .p = p, .watch = watch}};
  if (options) a.q.o = *options;
  gm_status st = gm__shoot_setup(&a.q);
  if (!st) st = sqp_new(&a);
  if (!st) st = run(&a);
  if (!st) st = report(&a, out);
  if (!st && a.stop == GM_SHOOT_CANCELLED)
    st = gm_fail(ctx, GM_ECANCELLED, "shooting: stopped after %d iterations", (int)a.iterations);
  sqp_free(&a);
  return st;
}

void gm_shoot_result_free(gm_shoot_result *r)
{
  if (!r) return;
  gm_free(r->control);
  *r = (gm_shoot_result){0};
}
