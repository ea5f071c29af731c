/* calib_nlopt.c - NLopt's local methods on a target: BOBYQA and Sbplx through num/optimise.h, SLSQP
 * (Kraft 1994) here, as it needs a gradient. Each start is a search of its own, one point at a
 * time. */
#include "methods/calib_internal.h"
#include "num/optimise.h"
#include <math.h>
#include <nlopt.h>
#include <string.h>

typedef struct {
  gm__calib c;
  gm_nlopt_fit_options o;
  int32_t d;
  gm_status status;
  double *best, best_value, worst; /* of the present start; values are -log density */
  double *g, *prior, *work;
  nlopt_opt opt;
} fit;

static gm_status value_batch(void *user, int32_t n, const double *z, double *value)
{
  fit *w = user;
  for (int32_t k = 0; k < n; k++) {
    double lp, ll;
    gm_status s = gm__calib_loglik(&w->c, 1, z + (ptrdiff_t)k * w->d, NULL, &lp, &ll);
    if (s) return s;
    value[k] = ll > -INFINITY ? -(ll + (w->o.common.likelihood ? 0 : lp)) : INFINITY;
  }
  return GM_OK;
}

static double objective(unsigned n, const double *z, double *gradient, void *user)
{
  fit *w = user;
  double lp = 0, ll = 0;
  if (!w->status && gm_watch_stop(w->c.watch)) w->status = GM_ECANCELLED;
  if (!w->status) w->status = gm__calib_gradient(&w->c, 1, z, &lp, &ll, w->g);
  if (w->status) {
    nlopt_force_stop(w->opt);
    return w->worst;
  }
  bool prior = !w->o.common.likelihood;
  double value = ll > -INFINITY ? -(ll + (prior ? lp : 0)) : INFINITY;
  if (gradient) {
    memset(gradient, 0, n * sizeof *gradient);
    if (isfinite(value) && prior) gm__target_log_prior_gradient(w->c.t, z, w->prior, w->work);
    for (unsigned i = 0; isfinite(value) && i < n; i++)
      gradient[i] = -(w->g[i] + (prior ? w->prior[i] : 0));
  }
  if (!isfinite(value)) return w->worst + fmax(1, w->worst - w->best_value);
  w->worst = fmax(w->worst, value);
  if (value < w->best_value) {
    w->best_value = value;
    memcpy(w->best, z, n * sizeof *z);
  }
  return value;
}

static nlopt_opt slsqp_make(fit *w)
{
  const gm_target *t = w->c.t;
  nlopt_opt opt = nlopt_create(NLOPT_LD_SLSQP, (unsigned)w->d);
  if (!opt) return NULL;
  bool ok = (!t->lower || nlopt_set_lower_bounds(opt, t->lower) >= 0) &&
            (!t->upper || nlopt_set_upper_bounds(opt, t->upper) >= 0) &&
            nlopt_set_min_objective(opt, objective, w) >= 0 &&
            nlopt_set_xtol_rel(opt, w->o.common.step_tolerance) >= 0 &&
            nlopt_set_ftol_rel(opt, 1e-14) >= 0 &&
            nlopt_set_maxeval(opt, w->o.evaluations_max) >= 0;
  if (ok) return opt;
  nlopt_destroy(opt);
  return NULL;
}

static gm_status slsqp(fit *w, const double *start, double *end, gm__end *out)
{
  double value;
  memcpy(end, start, (size_t)w->d * sizeof *end);
  gm_status s = value_batch(w, 1, start, &value);
  if (s || !isfinite(value)) return s;
  w->best = end;
  w->best_value = w->worst = value;
  w->status = GM_OK;
  nlopt_result code = NLOPT_FAILURE;
  double *x = gm_alloc(w->c.ctx, w->d, sizeof *x);
  w->opt = x ? slsqp_make(w) : NULL;
  bool made = w->opt;
  if (made) {
    memcpy(x, start, (size_t)w->d * sizeof *x);
    code = nlopt_optimize(w->opt, x, &value);
    nlopt_destroy(w->opt);
  }
  gm_free(x);
  if (!made) return gm_fail(w->c.ctx, GM_ENOMEM, "SLSQP did not start");
  if (w->status) return w->status;
  out->value = -w->best_value;
  out->converged = (code > 0 && code != NLOPT_MAXEVAL_REACHED) || code == NLOPT_ROUNDOFF_LIMITED;
  return GM_OK;
}

static gm_status without_derivatives(fit *w, const double *start, double *end, gm__end *out)
{
  bool simplex = w->o.method == GM_CALIB_SBPLX || w->d < 2;
  gm_nlopt_options o = {.method = simplex ? GM_NLOPT_SBPLX : GM_NLOPT_BOBYQA,
                        .low = w->c.t->lower,
                        .high = w->c.t->upper,
                        .step_tolerance = w->o.common.step_tolerance,
                        .value_tolerance = 1e-13,
                        .evaluations_max = w->o.evaluations_max,
                        .watch = w->c.watch};
  gm_opt_result r;
  double value;
  memcpy(end, start, (size_t)w->d * sizeof *end);
  gm_status s = value_batch(w, 1, start, &value);
  if (s || !isfinite(value)) return s;
  s = gm_nlopt_minimise(w->c.ctx, w->d, value_batch, w, &o, start, end, &r);
  if (s) return s;
  out->value = -r.value;
  out->converged = r.converged;
  return GM_OK;
}

/* All starts; *done is the number that came to an end. */
static gm_status run(fit *w, const double *start, double *end, gm__end *ends, int32_t *done)
{
  for (*done = 0; *done < w->o.common.starts; (*done)++) {
    ptrdiff_t at = (ptrdiff_t)*done * w->d;
    gm__end *e = &ends[*done];
    *e = (gm__end){.z = end + at, .value = -INFINITY, .loglik = -INFINITY};
    gm_status s = w->o.method == GM_CALIB_SLSQP ? slsqp(w, start + at, end + at, e)
                                                : without_derivatives(w, start + at, end + at, e);
    if (s) return s;
    double lp = w->o.common.likelihood ? 0 : gm__target_log_prior(w->c.t, e->z);
    e->loglik = e->value > -INFINITY ? e->value - lp : -INFINITY;
    gm_watch_progress(w->c.watch, "NLopt", (*done + 1.0) / w->o.common.starts);
  }
  return GM_OK;
}

static gm_status options_set(fit *w, const gm_nlopt_fit_options *options)
{
  const gm_target *t = w->c.t;
  gm_multistart_options *o = &w->o.common;
  if (options) w->o = *options;
  if (!o->starts) o->starts = 1;
  if (o->step_tolerance == 0) o->step_tolerance = 1e-8;
  if (!w->o.evaluations_max) w->o.evaluations_max = 2000 + 500 * t->dim;
  w->d = t->dim;
  w->c.watch = o->watch;
  if (o->starts < 1 || w->o.evaluations_max < 1 || !(o->step_tolerance > 0) || o->start_given < 0 ||
      (o->start_given > 0 && !o->start))
    return gm_fail(w->c.ctx, GM_ERANGE, "NLopt: %d starts, %d evaluations", (int)o->starts,
                   (int)w->o.evaluations_max);
  if (t->noisy)
    return gm_fail(w->c.ctx, GM_EUNSUPPORTED, "NLopt: the likelihood is noisy; use gm_cma");
  if (w->o.method == GM_CALIB_SLSQP && !t->gradient)
    return gm_fail(w->c.ctx, GM_EUNSUPPORTED, "SLSQP: the target has no gradient; use BOBYQA");
  return GM_OK;
}

static void describe(const fit *w, bool cancelled, gm_optima *r)
{
  static const char *const name[] = {"NLopt BOBYQA", "NLopt Sbplx", "NLopt SLSQP"};
  bool simplex = w->o.method == GM_CALIB_BOBYQA && w->d < 2;
  r->method = name[simplex ? GM_CALIB_SBPLX : w->o.method];
  r->rung = w->o.method == GM_CALIB_SLSQP ? "gradient" : "likelihood";
  r->cancelled = cancelled;
  if (!cancelled) return;
  r->converged = false;
  r->verdict = "not converged: stopped before its end";
}

gm_status gm_nlopt_fit(gm_ctx *ctx, const gm_target *t, const gm_nlopt_fit_options *options,
                       gm_optima **out)
{
  fit w = {.c = {.ctx = ctx, .t = t}};
  gm_optima *r = NULL;
  double *block = NULL;
  gm__end *ends = NULL;
  int32_t done = 0;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(&w, options);
  if (s) return s;
  ptrdiff_t n = w.o.common.starts, d = w.d;
  block = gm_alloc(ctx, 2 * n * d + 3 * d, sizeof *block);
  ends = gm_alloc(ctx, n, sizeof *ends);
  if (!block || !ends) {
    s = gm_fail(ctx, GM_ENOMEM, "NLopt: %td starts", n);
    goto out;
  }
  w.g = block + 2 * n * d;
  w.prior = w.g + d;
  w.work = w.prior + d;
  s = gm__calib_spread(&w.c, &w.o.common, (int32_t)n, block);
  if (!s) s = run(&w, block, block + n * d, ends, &done);
  bool cancelled = s == GM_ECANCELLED && gm_watch_stop(w.c.watch);
  if (cancelled && done) s = GM_OK; /* the searches that ended are a result */
  if (!s) s = gm__optima_make(&w.c, done, ends, w.o.common.same, &r);
  if (s) {
    if (s == GM_ECANCELLED) (void)gm_fail(ctx, s, "NLopt: stopped before the first end");
    goto out;
  }
  describe(&w, cancelled, r);
  *out = r;
out:
  gm_free(block);
  gm_free(ends);
  gm__calib_close(&w.c);
  return s;
}
