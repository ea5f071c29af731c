/* optimise.c - trust-region minimiser on batches of function values.
 * Conn, Gould & Toint, Trust-Region Methods, SIAM 2000; symmetric rank-one model: Nocedal & Wright,
 * Numerical Optimization, 2nd ed. 2006, algorithm 6.2; subproblem: More & Sorensen 1983. */
#include "num/linalg.h"
#include "num/optimise.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { TRIALS = 4, FULL_REFRESH_MAX = 30 };

typedef struct {
  double predicted; /* decrease the model promises     */
  double length;    /* of the step, scaled             */
  bool boundary;    /* the radius held it back         */
} trial;

/* All vectors [d]; matrices [d][d]. Scaled coordinates are y_i = scale_i z_i. */
typedef struct {
  gm_ctx *ctx;
  int32_t d;
  gm_batch_f *f;
  void *user;
  gm_opt_options o;
  gm_opt_result r;
  double *z, *g, *curvature;
  double *model;           /* B, the model of the Hessian             */
  double *scale;           /* about sqrt(|B_ii|)                      */
  double *value, *vectors; /* eigenvalues and -vectors of scaled B    */
  double *gv;              /* scaled gradient along the eigenvectors  */
  double *work;            /* [d][d]                                  */
  double *y, *z_old, *g_old;
  double *probe; /* [TRIALS][d] */
  double probe_value[TRIALS];
  trial trial[TRIALS];
  int32_t trial_count;
  double radius;
  bool fresh; /* the model is measured, not updated */
} search;

const char *gm_opt_stop_text(gm_opt_stop why)
{
  switch (why) {
  case GM_OPT_GRADIENT: return "gradient below its tolerance";
  case GM_OPT_DECREASE: return "no visible decrease left";
  case GM_OPT_STEP: return "step below its tolerance";
  case GM_OPT_ITERATIONS: return "limit of iterations";
  case GM_OPT_EVALUATIONS: return "limit of evaluations";
  case GM_OPT_TARGET: return "wanted value reached";
  }
  return "unknown reason";
}

/* ---- function, gradient, model ------------------------------------------------------------- */
static gm_status ask(search *w, int32_t n, const double *z, double *value)
{
  w->r.evaluations += n;
  w->r.batches++;
  return w->f(w->user, n, z, value);
}

/* Gradient at w->z; the curvatures too where they come with it. */
static gm_status gradient_make(search *w)
{
  if (!w->o.gradient) {
    w->r.batches++;
    return gm_diff_gradient(w->ctx, w->d, w->f, w->user, &w->o.difference, w->z, w->r.value, w->g,
                            w->curvature, &w->r.evaluations);
  }
  gm_status s = w->o.gradient(w->user, w->z, w->g);
  if (s) return s;
  for (int32_t i = 0; i < w->d; i++)
    if (!isfinite(w->g[i]))
      return gm_fail(w->ctx, GM_ENUMERIC, "gradient of coordinate %d is %g", (int)i + 1, w->g[i]);
  return GM_OK;
}

static double gradient_norm(const search *w)
{
  double big = 0;
  for (int32_t i = 0; i < w->d; i++) big = fmax(big, fabs(w->g[i]) * (1 + fabs(w->z[i])));
  return big / w->o.value_scale;
}

/* The model from the curvatures along the axes alone. */
static gm_status model_diagonal(search *w)
{
  gm_status s = GM_OK;
  if (w->o.gradient) { /* no differences were made for the gradient: make them now */
    w->r.batches++;
    s = gm_diff_gradient(w->ctx, w->d, w->f, w->user, &w->o.difference, w->z, w->r.value, w->y,
                         w->curvature, &w->r.evaluations);
    if (s) return s;
  }
  memset(w->model, 0, (size_t)w->d * (size_t)w->d * sizeof *w->model);
  for (int32_t i = 0; i < w->d; i++) w->model[(ptrdiff_t)i * (w->d + 1)] = w->curvature[i];
  return s;
}

static gm_status model_callback(search *w)
{
  gm_status s = w->o.hessian(w->user, w->z, w->model);
  for (int32_t i = 0; i < w->d && !s; i++)
    for (int32_t j = 0; j <= i && !s; j++) {
      double x = w->model[(ptrdiff_t)i * w->d + j];
      if (!isfinite(x))
        s = gm_fail(w->ctx, GM_ENUMERIC, "Hessian entry %d, %d is %g", (int)i + 1, (int)j + 1, x);
      w->model[(ptrdiff_t)j * w->d + i] = x;
    }
  return s;
}

/* Symmetric rank-one update from the step z - z_old; skipped when its denominator is only
 * rounding (Nocedal & Wright eq. 6.26, in scaled norms). */
static void model_update(search *w)
{
  int32_t d = w->d;
  double *step = w->y, *rest = w->work, den = 0, step2 = 0, rest2 = 0;
  for (int32_t i = 0; i < d; i++) step[i] = w->z[i] - w->z_old[i];
  gm_la_mul_vec(d, d, w->model, step, rest);
  for (int32_t i = 0; i < d; i++) {
    rest[i] = w->g[i] - w->g_old[i] - rest[i];
    den += rest[i] * step[i];
    step2 += step[i] * w->scale[i] * step[i] * w->scale[i];
    rest2 += rest[i] / w->scale[i] * rest[i] / w->scale[i];
  }
  if (!(fabs(den) >= 1e-8 * sqrt(step2) * sqrt(rest2)) || den == 0) return;
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j <= i; j++) {
      w->model[(ptrdiff_t)i * d + j] += rest[i] * rest[j] / den;
      w->model[(ptrdiff_t)j * d + i] = w->model[(ptrdiff_t)i * d + j];
    }
}

/* Scales from the diagonal of the model; they shrink by at most half in one iteration. */
static void scale_set(search *w, bool first)
{
  double big = 0;
  for (int32_t i = 0; i < w->d; i++)
    big = fmax(big, sqrt(fabs(w->model[(ptrdiff_t)i * (w->d + 1)])) * (1 + fabs(w->z[i])));
  for (int32_t i = 0; i < w->d; i++) {
    double unit = 1 + fabs(w->z[i]);
    double x = sqrt(fabs(w->model[(ptrdiff_t)i * (w->d + 1)]));
    x = fmax(x, (big > 0 ? 1e-6 * big : 1) / unit); /* a flat direction keeps a finite reach */
    w->scale[i] = first ? x : fmax(x, 0.5 * w->scale[i]);
  }
}

/* ---- the subproblem ------------------------------------------------------------------------ */
static gm_status model_factor(search *w)
{
  int32_t d = w->d;
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < d; j++)
      w->work[(ptrdiff_t)i * d + j] = w->model[(ptrdiff_t)i * d + j] / (w->scale[i] * w->scale[j]);
  gm_status s = gm_la_eigen(w->ctx, d, w->work, w->value, w->vectors);
  if (s) return s;
  for (int32_t i = 0; i < d; i++) w->y[i] = w->g[i] / w->scale[i];
  gm_la_tmul_vec(d, d, w->vectors, w->y, w->gv);
  return GM_OK;
}

/* Length of the step whose shift is `shift`, in eigen-coordinates. */
static double shifted_length(const search *w, double shift)
{
  double s = 0;
  for (int32_t k = 0; k < w->d; k++) {
    double q = w->gv[k] == 0 ? 0 : w->gv[k] / (w->value[k] + shift);
    s += q * q;
  }
  return sqrt(s);
}

/* The shift at which the step has length radius; 0 when the Newton step is shorter. */
static double shift_find(const search *w, double radius)
{
  double least = w->value[0], low = fmax(0, -least);
  if (least > 0 && shifted_length(w, 0) <= radius) return 0;
  double high = low + gm_la_norm(w->d, w->gv) / radius; /* there the length is <= radius */
  for (int i = 0; i < 200; i++) {
    double m = 0.5 * (low + high);
    if (m <= low || m >= high) break;
    if (shifted_length(w, m) > radius)
      low = m;
    else
      high = m;
  }
  return high;
}

/* Step of at most radius in probe row t, and what the model promises for it. */
static void trial_make(search *w, int32_t t, double radius)
{
  int32_t d = w->d;
  double shift = shift_find(w, radius), promise = 0, length2 = 0;
  for (int32_t k = 0; k < d; k++) {
    double den = w->value[k] + shift;
    w->y[k] = w->gv[k] == 0 || den <= 0 ? 0 : -w->gv[k] / den;
    length2 += w->y[k] * w->y[k];
  }
  /* hard case: no slope along the direction of negative curvature; go along it to the edge */
  if (w->value[0] < 0 && length2 < 0.98 * radius * radius) {
    w->y[0] += (w->y[0] < 0 ? -1 : 1) * sqrt(radius * radius - length2);
    length2 = radius * radius;
  }
  for (int32_t k = 0; k < d; k++) promise -= w->y[k] * (w->gv[k] + 0.5 * w->value[k] * w->y[k]);
  w->trial[t] = (trial){promise, sqrt(length2), shift > 0};
  double *x = w->probe + (ptrdiff_t)t * d;
  gm_la_mul_vec(d, d, w->vectors, w->y, x);
  for (int32_t i = 0; i < d; i++) x[i] = w->z[i] + x[i] / w->scale[i];
}

/* Several radii at once: one batch costs about as much as one point. */
static gm_status trials_run(search *w)
{
  static const double factor[TRIALS] = {1, 4, 0.25, 0.0625};
  w->trial_count = 0;
  for (int32_t k = 0; k < TRIALS; k++) {
    if (k == 1 && !w->trial[0].boundary) continue; /* the same Newton step again */
    double radius = factor[k] * w->radius;
    if (k > 1) radius = factor[k] * fmin(w->radius, w->trial[0].length);
    if (!(radius > 0)) continue;
    trial_make(w, w->trial_count++, radius);
  }
  return ask(w, w->trial_count, w->probe, w->probe_value);
}

/* Measures the model anew where the search got stuck, and gives the radius back its reach: a stiff
 * valley across the axes (curvatures 1 and 1e12 in turned coordinates) is what gets it stuck. */
static gm_status model_refresh(search *w)
{
  w->fresh = true;
  gm_status s = GM_ENUMERIC;
  if (w->d <= FULL_REFRESH_MAX) {
    w->r.batches++;
    s = gm_diff_hessian(w->ctx, w->d, w->f, w->user, NULL, w->z, w->r.value, w->model,
                        &w->r.evaluations);
  }
  if (s == GM_ENUMERIC) s = model_diagonal(w);
  if (s) return s;
  scale_set(w, true);
  s = model_factor(w);
  if (s) return s;
  double newton = w->value[0] > 0 ? shifted_length(w, 0) : 1;
  w->radius = fmax(w->radius, newton);
  return GM_OK;
}

/* ---- the loop ------------------------------------------------------------------------------ */
/* The trial with the least feasible value, or -1. */
static int32_t trial_best(const search *w)
{
  int32_t best = -1;
  for (int32_t k = 0; k < w->trial_count; k++)
    if (isfinite(w->probe_value[k]) && (best < 0 || w->probe_value[k] < w->probe_value[best]))
      best = k;
  return best;
}

/* Largest relative change of a coordinate in trial k. */
static double step_size(const search *w, int32_t k)
{
  double big = 0;
  for (int32_t i = 0; i < w->d; i++)
    big = fmax(big, fabs(w->probe[(ptrdiff_t)k * w->d + i] - w->z[i]) / (1 + fabs(w->z[i])));
  return big;
}

static gm_status accept(search *w, int32_t k)
{
  const trial *t = &w->trial[k];
  double ratio = (w->r.value - w->probe_value[k]) / t->predicted;
  if (ratio < 0.25)
    w->radius = 0.5 * t->length;
  else if (t->boundary)
    w->radius = (ratio > 0.75 ? 2 : 1) * t->length;
  memcpy(w->z_old, w->z, (size_t)w->d * sizeof *w->z);
  memcpy(w->g_old, w->g, (size_t)w->d * sizeof *w->g);
  memcpy(w->z, w->probe + (ptrdiff_t)k * w->d, (size_t)w->d * sizeof *w->z);
  w->r.value = w->probe_value[k];
  gm_status s = gradient_make(w);
  if (s) return s;
  w->fresh = false;
  if (w->o.hessian) return model_callback(w);
  model_update(w);
  return GM_OK;
}

/* No trial went down. Returns true when the search is at its end, with r.stop set. */
static gm_status reject(search *w, bool *end)
{
  double length = INFINITY, size = INFINITY;
  for (int32_t k = 0; k < w->trial_count; k++)
    if (w->trial[k].length < length) {
      length = w->trial[k].length;
      size = step_size(w, k);
    }
  double visible = 16 * DBL_EPSILON * fabs(w->r.value) + DBL_MIN;
  bool nothing_left = w->trial[0].predicted <= visible && !w->trial[0].boundary;
  bool tiny = size <= w->o.step_tolerance;
  w->radius = 0.25 * length;
  *end = false;
  if (!nothing_left && !tiny) return GM_OK;
  if (!w->fresh && !w->o.hessian) return model_refresh(w);
  w->r.stop = nothing_left ? GM_OPT_DECREASE : GM_OPT_STEP;
  *end = true;
  return GM_OK;
}

/* One iteration. *end: r.stop says why. */
static gm_status iterate(search *w, bool *end)
{
  scale_set(w, false);
  gm_status s = model_factor(w);
  if (!s) s = trials_run(w);
  if (s) return s;
  int32_t k = trial_best(w);
  bool down = k >= 0 && w->trial[k].predicted > 0 &&
              w->r.value - w->probe_value[k] > 1e-4 * w->trial[k].predicted;
  if (!down) return reject(w, end);
  bool tiny = step_size(w, k) <= w->o.step_tolerance;
  bool sure = (w->fresh || w->o.hessian) && !w->trial[k].boundary;
  s = accept(w, k);
  if (s || !tiny) return s;
  if (!sure) return w->o.hessian ? GM_OK : model_refresh(w); /* it may be the model that is small */
  w->r.stop = GM_OPT_STEP;
  *end = true;
  return GM_OK;
}

/* Whether a limit or the gradient ends the search. */
static bool ended(search *w, gm_opt_stop *why)
{
  w->r.gradient_norm = gradient_norm(w);
  if (w->r.gradient_norm <= w->o.gradient_tolerance)
    *why = GM_OPT_GRADIENT;
  else if (w->r.iterations >= w->o.iterations_max)
    *why = GM_OPT_ITERATIONS;
  else if (w->o.evaluations_max && w->r.evaluations >= w->o.evaluations_max)
    *why = GM_OPT_EVALUATIONS;
  else
    return false;
  return true;
}

/* First radius: the whole first Newton step, but no coordinate further than 3 (1 + |z|). */
static void radius_first(search *w)
{
  double length = 0, far = 0;
  for (int32_t i = 0; i < w->d; i++) {
    double y = w->g[i] / w->scale[i];
    length += y * y;
    far = fmax(far, fabs(y) / w->scale[i] / (1 + fabs(w->z[i])));
  }
  length = sqrt(length);
  if (far > 3) length *= 3 / far;
  w->radius = w->o.radius > 0 ? w->o.radius : fmax(length, 1e-3);
}

static gm_status begin(search *w)
{
  gm_status s = ask(w, 1, w->z, &w->r.value);
  if (s) return s;
  if (!isfinite(w->r.value))
    return gm_fail(w->ctx, GM_EDOMAIN, "minimiser: the start is not feasible (value %g)",
                   w->r.value);
  s = gradient_make(w);
  if (!s) s = w->o.hessian ? model_callback(w) : model_diagonal(w);
  if (s) return s;
  scale_set(w, true);
  radius_first(w);
  return GM_OK;
}

static gm_status run(search *w)
{
  gm_status s = begin(w);
  bool end = false;
  while (!s && !end && !ended(w, &w->r.stop)) {
    if (gm_watch_stop(w->o.watch))
      return gm_fail(w->ctx, GM_ECANCELLED, "minimiser stopped after %d iterations",
                     (int)w->r.iterations);
    s = iterate(w, &end);
    w->r.iterations++;
  }
  if (s) return s;
  w->r.gradient_norm = gradient_norm(w);
  w->r.converged =
      w->r.stop == GM_OPT_GRADIENT || w->r.stop == GM_OPT_DECREASE || w->r.stop == GM_OPT_STEP;
  if (!w->o.hessian_at_end || w->o.hessian) return GM_OK;
  w->r.batches++;
  return gm_diff_hessian(w->ctx, w->d, w->f, w->user, NULL, w->z, w->r.value, w->model,
                         &w->r.evaluations);
}

static gm_status options_set(gm_ctx *ctx, const gm_opt_options *options, int32_t d,
                             gm_opt_options *o)
{
  *o = options ? *options : (gm_opt_options){0};
  if (!(o->gradient_tolerance >= 0 && o->step_tolerance >= 0 && o->value_scale >= 0 &&
        o->radius >= 0 && o->iterations_max >= 0 && o->evaluations_max >= 0))
    return gm_fail(ctx, GM_EINVAL, "minimiser: a tolerance or limit is negative or NaN");
  if (o->gradient_tolerance == 0) o->gradient_tolerance = 1e-5;
  if (o->step_tolerance == 0) o->step_tolerance = 1e-10;
  if (o->value_scale == 0) o->value_scale = 1;
  if (o->iterations_max == 0) o->iterations_max = 200 + 20 * d;
  return GM_OK;
}

/* Cuts one block into the arrays of the search. */
static void arrays_set(search *w, double *p)
{
  ptrdiff_t d = w->d, cells = d * d;
  double **vector[] = {&w->z,  &w->g, &w->curvature, &w->scale, &w->value,
                       &w->gv, &w->y, &w->z_old,     &w->g_old};
  for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++, p += d) *vector[i] = p;
  double **matrix[] = {&w->model, &w->vectors, &w->work};
  for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++, p += cells) *matrix[i] = p;
  w->probe = p;
}

gm_status gm_opt_minimise(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                          const gm_opt_options *options, const double *start, double *z,
                          double *gradient, double *hessian, gm_opt_result *result)
{
  assert(d >= 1 && f && start && z && result);
  search w = {.ctx = ctx, .d = d, .f = f, .user = user};
  gm_status s = options_set(ctx, options, d, &w.o);
  if (s) return s;
  ptrdiff_t cells = (ptrdiff_t)d * d;
  double *block =
      gm_alloc(ctx, 9 * (ptrdiff_t)d + 3 * cells + TRIALS * (ptrdiff_t)d, sizeof *block);
  if (!block) return gm_fail(ctx, GM_ENOMEM, "minimiser of %d coordinates", (int)d);
  arrays_set(&w, block);
  memcpy(w.z, start, (size_t)d * sizeof *w.z);
  s = run(&w);
  if (!s) {
    memcpy(z, w.z, (size_t)d * sizeof *z);
    if (gradient) memcpy(gradient, w.g, (size_t)d * sizeof *gradient);
    if (hessian) memcpy(hessian, w.model, (size_t)cells * sizeof *hessian);
    *result = w.r;
  }
  gm_free(block);
  return s;
}
