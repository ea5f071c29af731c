/* bounded.c - NLopt's derivative-free methods behind batches, statuses and messages.
 * NLopt: S. G. Johnson. BOBYQA and NEWUOA: Powell 2009, 2004; Sbplx: after Subplex, Rowan 1990. */
#include "num/optimise.h"
#include <assert.h>
#include <math.h>
#include <nlopt.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  int32_t d;
  gm_batch_f *f;
  void *user;
  const gm_watch *watch;
  nlopt_opt opt;
  gm_status status;
  double best, worst;
  double *z; /* [d] best so far */
  int64_t evaluations;
} bridge;

/* A method built on quadratic models must not see infinity: a point that is not feasible is worse
 * than all seen, by as much as they differ. */
static double value_for_method(bridge *b, double v)
{
  if (isfinite(v)) {
    b->worst = fmax(b->worst, v);
    return v;
  }
  return b->worst + fmax(1, b->worst - b->best);
}

static double objective(unsigned n, const double *x, double *gradient, void *user)
{
  (void)n;
  (void)gradient; /* NULL: methods without derivatives */
  bridge *b = user;
  double v = NAN;
  if (!b->status) b->status = b->f(b->user, 1, x, &v);
  if (!b->status && gm_watch_stop(b->watch))
    b->status = gm_fail(b->ctx, GM_ECANCELLED, "bounded minimiser stopped after %lld evaluations",
                        (long long)b->evaluations);
  if (b->status) {
    nlopt_force_stop(b->opt);
    return b->worst;
  }
  b->evaluations++;
  if (isfinite(v) && v < b->best) {
    b->best = v;
    memcpy(b->z, x, (size_t)b->d * sizeof *x);
  }
  return value_for_method(b, v);
}

static gm_status bounds_check(gm_ctx *ctx, int32_t d, const gm_nlopt_options *o,
                              const double *start)
{
  for (int32_t i = 0; i < d; i++) {
    double low = o->low ? o->low[i] : -INFINITY, high = o->high ? o->high[i] : INFINITY;
    if (!(low < high))
      return gm_fail(ctx, GM_EINVAL, "bounds of coordinate %d: [%g, %g]", (int)i + 1, low, high);
    if (!(start[i] >= low && start[i] <= high) || !isfinite(start[i]))
      return gm_fail(ctx, GM_EDOMAIN, "start of coordinate %d, %g, is outside [%g, %g]", (int)i + 1,
                     start[i], low, high);
    if (o->step && !(o->step[i] > 0 && isfinite(o->step[i])))
      return gm_fail(ctx, GM_EINVAL, "first step of coordinate %d: %g", (int)i + 1, o->step[i]);
  }
  if (d < 2 && o->method != GM_NLOPT_SBPLX)
    return gm_fail(ctx, GM_EUNSUPPORTED, "BOBYQA and NEWUOA need two coordinates; use Sbplx");
  return GM_OK;
}

static bool limits_set(nlopt_opt opt, int32_t d, const gm_nlopt_options *o)
{
  int32_t evaluations = o->evaluations_max > 0 ? o->evaluations_max : 2000 + 500 * d;
  return nlopt_set_ftol_rel(opt, o->value_tolerance > 0 ? o->value_tolerance : 1e-10) >= 0 &&
         nlopt_set_xtol_rel(opt, o->step_tolerance > 0 ? o->step_tolerance : 1e-8) >= 0 &&
         nlopt_set_maxeval(opt, evaluations) >= 0 &&
         (!o->use_target || nlopt_set_stopval(opt, o->value_target) >= 0);
}

static nlopt_opt method_make(int32_t d, const gm_nlopt_options *o)
{
  static const nlopt_algorithm id[] = {NLOPT_LN_BOBYQA, NLOPT_LN_SBPLX, NLOPT_LN_NEWUOA_BOUND};
  nlopt_opt opt = nlopt_create(id[o->method], (unsigned)d);
  if (!opt) return NULL;
  bool ok = (!o->low || nlopt_set_lower_bounds(opt, o->low) >= 0) &&
            (!o->high || nlopt_set_upper_bounds(opt, o->high) >= 0) &&
            (!o->step || nlopt_set_initial_step(opt, o->step) >= 0) && limits_set(opt, d, o);
  if (ok) return opt;
  nlopt_destroy(opt);
  return NULL;
}

/* What NLopt's ending means. Returns GM_OK with r->stop set, or the failure. */
static gm_status ending(bridge *b, nlopt_result code, gm_opt_result *r)
{
  if (b->status) return b->status;
  switch (code) {
  case NLOPT_STOPVAL_REACHED: r->stop = GM_OPT_TARGET; break;
  case NLOPT_SUCCESS:
  case NLOPT_FTOL_REACHED:
  case NLOPT_ROUNDOFF_LIMITED: r->stop = GM_OPT_DECREASE; break;
  case NLOPT_XTOL_REACHED: r->stop = GM_OPT_STEP; break;
  case NLOPT_MAXEVAL_REACHED: r->stop = GM_OPT_EVALUATIONS; break;
  case NLOPT_OUT_OF_MEMORY: return gm_fail(b->ctx, GM_ENOMEM, "bounded minimiser: no memory");
  default: {
    const char *why = nlopt_get_errmsg(b->opt);
    return gm_fail(b->ctx, GM_ENUMERIC, "bounded minimiser failed: %s", why ? why : "no reason");
  }
  }
  r->converged = r->stop == GM_OPT_DECREASE || r->stop == GM_OPT_STEP;
  return GM_OK;
}

gm_status gm_nlopt_minimise(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                            const gm_nlopt_options *options, const double *start, double *z,
                            gm_opt_result *result)
{
  assert(d >= 1 && f && options && start && z && result);
  gm_status s = bounds_check(ctx, d, options, start);
  if (s) return s;
  double *x = gm_alloc(ctx, 2 * (ptrdiff_t)d, sizeof *x), value;
  if (!x) return gm_fail(ctx, GM_ENOMEM, "bounded minimiser of %d coordinates", (int)d);
  bridge b = {.ctx = ctx, .d = d, .f = f, .user = user, .watch = options->watch, .z = x + d};
  gm_opt_result r = {.gradient_norm = NAN};
  memcpy(x, start, (size_t)d * sizeof *x);
  memcpy(b.z, start, (size_t)d * sizeof *x);
  s = f(user, 1, start, &value);
  if (s) goto out;
  if (!isfinite(value)) {
    s = gm_fail(ctx, GM_EDOMAIN, "bounded minimiser: the start is not feasible (value %g)", value);
    goto out;
  }
  b.best = b.worst = value;
  b.opt = method_make(d, options);
  if (!b.opt) {
    s = gm_fail(ctx, GM_ENOMEM, "bounded minimiser: NLopt did not start");
    goto out;
  }
  nlopt_set_min_objective(b.opt, objective, &b);
  s = ending(&b, nlopt_optimize(b.opt, x, &value), &r);
  nlopt_destroy(b.opt);
  if (s) goto out;
  r.value = b.best;
  r.evaluations = r.batches = b.evaluations + 1;
  memcpy(z, b.z, (size_t)d * sizeof *z);
  *result = r;
out:
  gm_free(x);
  return s;
}
