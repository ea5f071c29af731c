/* calib_multistart.c - Levenberg-Marquardt from many starts, side by side.
 * Minimises F = -(log-likelihood + log prior). Model of F: gradient and either Gauss-Newton's
 * matrix (residuals) with the prior's curvature, or BFGS updates damped as by Powell (Nocedal &
 * Wright 2006, procedure 18.2). Damping by Nielsen's rule (IMM-REP-1999-05), scaled by the largest
 * diagonal seen (More, Lect. Notes Math. 630:105, 1978). Bounds: coordinates on a bound that the
 * gradient pushes outward are held, the step of the others is cut at the bounds. Each start has its
 * own damping, so that it ends where it would have ended alone. */
#include "methods/calib_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* Below this decrease of the log density, to be had by the model of second order, a search that can
 * go no further has arrived. */
static const double decrement_arrived = 1e-6;

typedef struct {
  double *z, *g, *h, *scale; /* [d], [d], [d][d], [d] */
  double *z1, *g1, *h1;      /* of the trial */
  double f, f1, predicted, lambda, nu;
  bool active, converged, curved; /* curved: BFGS has made its first update */
  int32_t iterations;
} search;

typedef struct {
  gm__calib c;
  gm_multistart_options o;
  int32_t d, n;
  search *s;
  int32_t *active; /* [n] starts in the present batch */
  double *z, *lp, *ll, *g, *r, *jac, *work, *matrix, *step;
  double *block, *own;
} multi;

static gm_status multi_open(multi *w)
{
  ptrdiff_t d = w->d, n = w->n, rows = w->c.t->residual ? w->c.t->residual_count : 0;
  ptrdiff_t each = 5 * d + 2 * d * d;
  w->s = gm_alloc(w->c.ctx, n, sizeof *w->s);
  w->active = gm_alloc(w->c.ctx, n, sizeof *w->active);
  w->own = gm_alloc(w->c.ctx, n * each, sizeof *w->own);
  w->block = gm_alloc(w->c.ctx, n * (2 * d + 2 + rows * (1 + d)) + 4 * d + d * d, sizeof *w->block);
  if (!w->s || !w->active || !w->own || !w->block)
    return gm_fail(w->c.ctx, GM_ENOMEM, "multistart of %td searches", n);
  for (ptrdiff_t m = 0; m < n; m++) {
    search *s = &w->s[m];
    s->z = w->own + m * each;
    s->g = s->z + d;
    s->z1 = s->g + d;
    s->g1 = s->z1 + d;
    s->scale = s->g1 + d;
    s->h = s->scale + d;
    s->h1 = s->h + d * d;
  }
  w->z = w->block;
  w->g = w->z + n * d;
  w->lp = w->g + n * d;
  w->ll = w->lp + n;
  w->r = w->ll + n;
  w->jac = w->r + n * rows;
  w->work = w->jac + n * rows * d;
  w->step = w->work + 3 * d;
  w->matrix = w->step + d;
  return GM_OK;
}

static void multi_close(multi *w)
{
  gm_free(w->s);
  gm_free(w->active);
  gm_free(w->own);
  gm_free(w->block);
  gm__calib_close(&w->c);
}

/* ---- value, gradient, curvature of a batch ---------------------------------------------- */
/* Takes the prior's gradient from g and, for Gauss-Newton, its curvature from h. */
static void prior_take(multi *w, const double *z, double *g, double *h)
{
  ptrdiff_t d = w->d;
  const gm_target *t = w->c.t;
  double *a = w->work, *b = a + d, *x = b + d;
  if (w->o.likelihood) return;
  gm__target_log_prior_gradient(t, z, a, x);
  for (ptrdiff_t i = 0; i < d; i++) g[i] -= a[i];
  if (!h) return;
  if (!t->log_prior) {
    for (ptrdiff_t i = 0; i < d; i++) h[i * d + i] += 1;
    return;
  }
  double *at = w->step;
  memcpy(at, z, (size_t)d * sizeof *z);
  for (ptrdiff_t i = 0; i < d; i++) {
    double step = 1e-4 * (1 + fabs(z[i]));
    at[i] = z[i] + step;
    if (t->upper && at[i] > t->upper[i]) at[i] = z[i] - step;
    gm__target_log_prior_gradient(t, at, b, x);
    for (ptrdiff_t j = 0; j < d; j++) {
      double bend = (b[j] - a[j]) / (at[i] - z[i]);
      h[i * d + j] -= 0.5 * bend;
      h[j * d + i] -= 0.5 * bend;
    }
    at[i] = z[i];
  }
}

/* F and gradient and Gauss-Newton's matrix of row k of the batch, from its residuals. */
static double from_residuals(multi *w, ptrdiff_t k, double *g, double *h)
{
  ptrdiff_t d = w->d, rows = w->c.t->residual_count;
  const double *r = w->r + k * rows, *jac = w->jac + k * rows * d;
  double f = 0;
  memset(g, 0, (size_t)d * sizeof *g);
  memset(h, 0, (size_t)(d * d) * sizeof *h);
  for (ptrdiff_t j = 0; j < rows; j++) {
    f += 0.5 * r[j] * r[j];
    for (ptrdiff_t a = 0; a < d; a++) {
      double x = jac[j * d + a];
      g[a] += x * r[j];
      for (ptrdiff_t b = 0; b <= a; b++) h[a * d + b] += x * jac[j * d + b];
    }
  }
  for (ptrdiff_t a = 0; a < d; a++)
    for (ptrdiff_t b = 0; b < a; b++) h[b * d + a] = h[a * d + b];
  return f;
}

/* Row k of the batch to the trial of its search. */
static void row_take(multi *w, ptrdiff_t k)
{
  ptrdiff_t d = w->d;
  bool gauss = w->c.t->residual;
  search *x = &w->s[w->active[k]];
  double prior = w->o.likelihood ? 0 : gm__target_log_prior(w->c.t, x->z1);
  if (gauss) {
    x->f1 = from_residuals(w, k, x->g1, x->h1) - prior;
  } else {
    x->f1 = -w->ll[k] - prior;
    for (ptrdiff_t i = 0; i < d; i++) x->g1[i] = -w->g[k * d + i];
  }
  if (prior > -INFINITY) prior_take(w, x->z1, x->g1, gauss ? x->h1 : NULL);
  bool fine = isfinite(x->f1);
  for (ptrdiff_t i = 0; i < d; i++) fine = fine && isfinite(x->g1[i]);
  for (ptrdiff_t i = 0; gauss && i < d * d; i++) fine = fine && isfinite(x->h1[i]);
  if (!fine) x->f1 = INFINITY;
}

/* Fills f1, g1 (and h1) of the active starts at z1. */
static gm_status evaluate(multi *w, int32_t count)
{
  ptrdiff_t d = w->d;
  bool gauss = w->c.t->residual;
  for (int32_t k = 0; k < count; k++)
    memcpy(w->z + k * d, w->s[w->active[k]].z1, (size_t)d * sizeof *w->z);
  gm_status s = gauss ? gm__calib_residual(&w->c, count, w->z, w->r, w->jac)
                      : gm__calib_gradient(&w->c, count, w->z, w->lp, w->ll, w->g);
  for (int32_t k = 0; k < count && !s; k++) row_take(w, k);
  return s;
}

/* ---- one search ------------------------------------------------------------------------ */
static bool held(const multi *w, const search *s, ptrdiff_t i)
{
  const gm_target *t = w->c.t;
  if (t->lower && s->z[i] <= t->lower[i] && s->g[i] > 0) return true;
  return t->upper && s->z[i] >= t->upper[i] && s->g[i] < 0;
}

/* Step of the free coordinates with damping lambda into w->step; false: not positive definite. */
static bool solve(multi *w, const search *s, double lambda)
{
  ptrdiff_t d = w->d;
  for (ptrdiff_t i = 0; i < d; i++) {
    bool fixed = held(w, s, i);
    w->step[i] = fixed ? 0 : -s->g[i];
    for (ptrdiff_t j = 0; j < d; j++)
      w->matrix[i * d + j] = fixed || held(w, s, j) ? 0 : s->h[i * d + j];
    if (fixed)
      w->matrix[i * d + i] = 1;
    else
      w->matrix[i * d + i] += lambda * s->scale[i];
  }
  if (gm__la_cholesky(w->d, w->matrix, w->matrix)) return false;
  gm_la_solve_cholesky(w->d, w->matrix, w->step, w->step);
  return true;
}

/* Decrease that the undamped model promises. */
static double decrement(multi *w, const search *s)
{
  if (!solve(w, s, 1e-14)) return INFINITY;
  return -0.5 * gm_la_dot(w->d, s->g, w->step);
}

static void stop(multi *w, search *s, bool arrived)
{
  s->active = false;
  s->converged = arrived || decrement(w, s) < decrement_arrived;
}

/* The next trial of a search, or its end. */
static void trial(multi *w, search *s)
{
  const gm_target *t = w->c.t;
  double slope = 0, move = 0;
  for (ptrdiff_t i = 0; i < w->d; i++)
    if (!held(w, s, i)) slope = fmax(slope, fabs(s->g[i]) * (1 + fabs(s->z[i])));
  if (slope <= w->o.gradient_tolerance) {
    /* a small slope in badly scaled coordinates may still lead somewhere */
    if (slope == 0 || decrement(w, s) < 1e-3 * w->o.gradient_tolerance) {
      stop(w, s, true);
      return;
    }
  }
  while (!solve(w, s, s->lambda) && s->lambda < 1e30) s->lambda = fmax(1e-10, 10 * s->lambda);
  for (ptrdiff_t i = 0; i < w->d; i++) {
    s->z1[i] = s->z[i] + w->step[i];
    if (t->lower) s->z1[i] = fmax(s->z1[i], t->lower[i]);
    if (t->upper) s->z1[i] = fmin(s->z1[i], t->upper[i]);
    w->step[i] = s->z1[i] - s->z[i];
    move = fmax(move, fabs(w->step[i]) / (1 + fabs(s->z[i])));
  }
  s->predicted = -gm_la_dot(w->d, s->g, w->step) - 0.5 * gm_la_quadratic(w->d, s->h, w->step);
  if (!(move > w->o.step_tolerance) || s->lambda >= 1e30) stop(w, s, false);
}

/* Powell's damped BFGS update of h by the step z1 - z. */
static void bfgs(multi *w, search *s)
{
  ptrdiff_t d = w->d;
  double *step = w->work, *y = step + d, *hs = y + d, sy = 0, shs, yy = 0;
  for (ptrdiff_t i = 0; i < d; i++) {
    step[i] = s->z1[i] - s->z[i];
    y[i] = s->g1[i] - s->g[i];
    sy += step[i] * y[i];
    yy += y[i] * y[i];
  }
  if (!s->curved && sy > 0) {
    for (ptrdiff_t i = 0; i < d; i++) s->h[i * d + i] = yy / sy;
    s->curved = true;
  }
  gm_la_mul_vec(w->d, w->d, s->h, step, hs);
  shs = gm_la_dot(w->d, step, hs);
  if (!(shs > 0)) return;
  double theta = sy >= 0.2 * shs ? 1 : 0.8 * shs / (shs - sy);
  for (ptrdiff_t i = 0; i < d; i++) y[i] = theta * y[i] + (1 - theta) * hs[i];
  sy = gm_la_dot(w->d, step, y);
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < d; j++) s->h[i * d + j] += y[i] * y[j] / sy - hs[i] * hs[j] / shs;
}

static void scale_raise(multi *w, search *s, bool begin)
{
  for (ptrdiff_t i = 0; i < w->d; i++) {
    double h = s->h[i * w->d + i];
    s->scale[i] = begin ? fmax(h, 1e-30) : fmax(s->scale[i], h);
  }
}

static void take(multi *w, search *s)
{
  ptrdiff_t d = w->d;
  if (w->c.t->residual)
    memcpy(s->h, s->h1, (size_t)(d * d) * sizeof *s->h);
  else
    bfgs(w, s);
  memcpy(s->z, s->z1, (size_t)d * sizeof *s->z);
  memcpy(s->g, s->g1, (size_t)d * sizeof *s->g);
  s->f = s->f1;
  scale_raise(w, s, !w->c.t->residual);
}

static void judge(multi *w, search *s)
{
  double ratio = s->predicted > 0 && isfinite(s->f1) ? (s->f - s->f1) / s->predicted : -1;
  /* within rounding of F the ratio says nothing: a step that does no harm is taken */
  double noise = 8 * 2.220446049250313e-16 * (1 + fabs(s->f));
  bool level = isfinite(s->f1) && fabs(s->f - s->f1) <= noise && s->predicted <= noise;
  s->iterations++;
  if (level) {
    if (s->f1 <= s->f) take(w, s);
    stop(w, s, false);
    return;
  }
  if (ratio > 1e-4) {
    double x = 2 * ratio - 1;
    take(w, s);
    s->lambda *= fmax(1.0 / 3, 1 - x * x * x);
    s->lambda = fmax(s->lambda, 1e-15);
    s->nu = 2;
  } else {
    s->lambda *= s->nu;
    s->nu *= 2;
  }
  if (s->iterations >= w->o.iterations_max) stop(w, s, false);
}

/* ---- all searches ----------------------------------------------------------------------- */
static gm_status begin(multi *w)
{
  gm_status s = GM_OK;
  double *z = gm_alloc(w->c.ctx, (ptrdiff_t)w->n * w->d, sizeof *z);
  if (!z) return gm_fail(w->c.ctx, GM_ENOMEM, "%d starts", (int)w->n);
  s = gm__calib_spread(&w->c, &w->o, w->n, z);
  for (int32_t m = 0; m < w->n; m++) {
    memcpy(w->s[m].z1, z + (ptrdiff_t)m * w->d, (size_t)w->d * sizeof *z);
    w->active[m] = m;
  }
  gm_free(z);
  if (!s) s = evaluate(w, w->n);
  for (int32_t m = 0; m < w->n && !s; m++) {
    search *x = &w->s[m];
    memcpy(x->z, x->z1, (size_t)w->d * sizeof *x->z);
    memcpy(x->g, x->g1, (size_t)w->d * sizeof *x->g);
    x->f = x->f1;
    x->active = isfinite(x->f);
    x->lambda = 1e-3;
    x->nu = 2;
    if (w->c.t->residual) {
      memcpy(x->h, x->h1, (size_t)w->d * (size_t)w->d * sizeof *x->h);
    } else { /* a first step of length 1 or less */
      double size = fmax(1, gm_la_norm(w->d, x->g));
      for (ptrdiff_t i = 0; i < w->d; i++) x->h[i * w->d + i] = size;
    }
    scale_raise(w, x, true);
  }
  return s;
}

static gm_status run(multi *w, bool *cancelled, int32_t *rounds)
{
  gm_status s = begin(w);
  int32_t left = 1;
  for (*rounds = 0; left && !s; (*rounds)++) {
    int32_t count = 0;
    left = 0;
    *cancelled = gm_watch_stop(w->c.watch);
    if (*cancelled) break;
    for (int32_t m = 0; m < w->n; m++) {
      if (w->s[m].active) trial(w, &w->s[m]);
      if (w->s[m].active) w->active[count++] = m;
    }
    if (count) s = evaluate(w, count);
    for (int32_t k = 0; k < count && !s; k++) {
      judge(w, &w->s[w->active[k]]);
      left += w->s[w->active[k]].active;
    }
    gm_watch_progress(w->c.watch, "multistart", 1 - (double)left / w->n);
  }
  return s;
}

/* The log densities at the ends, with the constants that residuals leave out. */
static gm_status conclude(multi *w, gm_optima **out)
{
  gm__end *ends = gm_alloc(w->c.ctx, w->n, sizeof *ends);
  if (!ends) return gm_fail(w->c.ctx, GM_ENOMEM, "%d ends", (int)w->n);
  gm_status s = GM_OK;
  for (int32_t m = 0; m < w->n; m++)
    memcpy(w->z + (ptrdiff_t)m * w->d, w->s[m].z, (size_t)w->d * sizeof *w->z);
  if (w->c.t->loglik) s = gm__calib_loglik(&w->c, w->n, w->z, NULL, w->lp, w->ll);
  for (int32_t m = 0; m < w->n && !s; m++) {
    const search *x = &w->s[m];
    double prior = gm__target_log_prior(w->c.t, x->z), own = w->o.likelihood ? 0 : prior;
    double ll = w->c.t->loglik ? w->ll[m] : -x->f - own;
    bool fine = isfinite(x->f) && isfinite(ll);
    ends[m] = (gm__end){
        .z = x->z, .value = fine ? ll + own : -INFINITY, .loglik = ll, .converged = x->converged};
  }
  if (!s) s = gm__optima_make(&w->c, w->n, ends, w->o.same, out);
  gm_free(ends);
  return s;
}

static gm_status options_set(multi *w, const gm_multistart_options *options)
{
  const gm_target *t = w->c.t;
  if (options) w->o = *options;
  if (!w->o.starts) w->o.starts = 10 + 2 * t->dim;
  if (w->o.gradient_tolerance == 0) w->o.gradient_tolerance = 1e-6;
  if (w->o.step_tolerance == 0) w->o.step_tolerance = 1e-10;
  if (!w->o.iterations_max) w->o.iterations_max = 200 + 20 * t->dim;
  w->n = w->o.starts;
  w->d = t->dim;
  w->c.watch = w->o.watch;
  if (w->n < 1 || w->o.start_given < 0 || (w->o.start_given > 0 && !w->o.start) ||
      w->o.iterations_max < 1 || !(w->o.gradient_tolerance > 0) || !(w->o.step_tolerance > 0))
    return gm_fail(w->c.ctx, GM_ERANGE, "multistart: %d starts, %d given, %d iterations", (int)w->n,
                   (int)w->o.start_given, (int)w->o.iterations_max);
  if (t->noisy)
    return gm_fail(w->c.ctx, GM_EUNSUPPORTED, "multistart: the likelihood is noisy; use gm_cma");
  return GM_OK;
}

static void describe(const gm_target *t, bool cancelled, gm_optima *r)
{
  if (t->residual) {
    r->method = "multistart Gauss-Newton";
    r->rung = t->no_jacobian ? "residuals, differences" : "residuals";
  } else {
    r->method = "multistart BFGS";
    r->rung = t->gradient ? "gradient" : "differences of the likelihood";
  }
  r->cancelled = cancelled;
  if (!cancelled) return;
  r->converged = false;
  r->verdict = "not converged: stopped before its end";
}

gm_status gm_multistart(gm_ctx *ctx, const gm_target *t, const gm_multistart_options *options,
                        gm_optima **out)
{
  multi w = {.c = {.ctx = ctx, .t = t}};
  gm_optima *r = NULL;
  bool cancelled = false;
  int32_t rounds = 0;
  gm_status s = gm__target_check(ctx, t, false);
  if (!s && !t->loglik && !t->residual && !t->gradient)
    s = gm_fail(ctx, GM_EUNSUPPORTED, "multistart: a log-likelihood is needed");
  if (!s) s = options_set(&w, options);
  if (!s) s = multi_open(&w);
  if (!s) s = run(&w, &cancelled, &rounds);
  if (!s) s = conclude(&w, &r);
  if (!s) {
    describe(t, cancelled, r);
    r->iterations = rounds;
    *out = r;
  }
  multi_close(&w);
  return s;
}
