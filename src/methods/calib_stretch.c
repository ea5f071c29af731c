/* calib_stretch.c - ensembles of walkers that propose to each other.
 * The walkers of a half move in one batch, with partners from the other half, so that the product
 * of the posteriors of all walkers stays as it is (Foreman-Mackey et al., PASP 125:306, 2013).
 *   stretch: Goodman & Weare, Comm. App. Math. Comp. Sci. 5:65 (2010), a = 2
 *   differential evolution: ter Braak, Stat. Comput. 16:239 (2006), gamma = 2.38/sqrt(2d), one in
 *   ten with gamma = 1 (which carries walkers between separate modes) */
#include "methods/calib_internal.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm__calib c;
  gm_chain_options o;
  gm_key move;
  double share_stretch;
  int32_t ensembles, walkers, d;
  double *z, *lp, *ll;           /* [ensembles*walkers] and [..][d] */
  double *z1, *lp1, *ll1, *gain; /* half of them */
  double *block;
  uint64_t *replicate;
  int64_t iteration, taken, offered;
} flock;

static gm_status options_check(gm_ctx *ctx, const flock *f)
{
  if (f->o.chains < 1 || f->o.warmup < 0 || f->o.draws < 1 || f->o.thin < 1)
    return gm_fail(ctx, GM_ERANGE, "ensembles: %d of them, warm-up %d, %d draws, thin %d",
                   (int)f->o.chains, (int)f->o.warmup, (int)f->o.draws, (int)f->o.thin);
  if (f->walkers < 4 || f->walkers % 2 || f->walkers <= f->d)
    return gm_fail(ctx, GM_ERANGE,
                   "ensembles: %d walkers in %d dimensions, expected an even number above that",
                   (int)f->walkers, (int)f->d);
  if (!(f->share_stretch <= 1))
    return gm_fail(ctx, GM_ERANGE, "ensembles: share of stretch moves %g", f->share_stretch);
  return GM_OK;
}

static gm_status options_set(gm_ctx *ctx, const gm_target *t, const gm_ensemble_mcmc_options *given,
                             flock *f)
{
  gm_ensemble_mcmc_options o = given ? *given : (gm_ensemble_mcmc_options){0};
  f->o = o.common;
  if (!f->o.chains) f->o.chains = 4;
  if (!f->o.warmup) f->o.warmup = 2000;
  if (!f->o.draws) f->o.draws = 500;
  if (!f->o.thin) f->o.thin = 10;
  f->d = t->dim;
  f->ensembles = f->o.chains;
  f->walkers = o.walkers ? o.walkers : 2 * t->dim + 2 < 20 ? 20 : 2 * t->dim + 2;
  f->share_stretch = o.share_stretch == 0 ? 0.5 : fmax(0, o.share_stretch);
  f->move = gm__calib_key(f->o.key, GM_PURPOSE_MOVE);
  f->c.watch = f->o.watch;
  return options_check(ctx, f);
}

static gm_status flock_open(flock *f)
{
  ptrdiff_t n = (ptrdiff_t)f->ensembles * f->walkers, d = f->d;
  f->block = gm_alloc(f->c.ctx, n * (2 * d + 5), sizeof *f->block);
  f->replicate = gm_alloc(f->c.ctx, n, sizeof *f->replicate);
  if (!f->block || !f->replicate) return gm_fail(f->c.ctx, GM_ENOMEM, "%td walkers", n);
  f->z = f->block;
  f->lp = f->z + n * d;
  f->ll = f->lp + n;
  f->z1 = f->ll + n;
  f->lp1 = f->z1 + n * d;
  f->ll1 = f->lp1 + n;
  f->gain = f->ll1 + n;
  return GM_OK;
}

static void flock_close(flock *f)
{
  gm_free(f->block);
  gm_free(f->replicate);
  gm__calib_close(&f->c);
}

/* Proposal for walker w (in its ensemble, whose first place is z); the other half begins at other.
 * Returns the log of the factor that the acceptance gets besides the densities. */
static double propose(const flock *f, const double *z, int32_t w, int32_t other, const double u[4],
                      uint64_t slot, double *z1)
{
  int32_t h = f->walkers / 2;
  ptrdiff_t d = f->d;
  const double *x = z + w * d;
  int32_t a = (int32_t)(u[1] * h);
  const double *p = z + (other + a) * d;
  if (u[0] < f->share_stretch) {
    double root = 1 + u[2], factor = 0.5 * root * root; /* density ~ 1/sqrt on [1/2, 2] */
    for (ptrdiff_t i = 0; i < d; i++) z1[i] = p[i] + factor * (x[i] - p[i]);
    return (double)(d - 1) * log(factor);
  }
  int32_t b = (int32_t)(u[2] * (h - 1));
  b += b >= a;
  const double *q = z + (other + b) * d;
  double gamma = u[3] < 0.1 ? 1 : 2.38 / sqrt(2.0 * (double)d), four[4] = {0};
  for (ptrdiff_t i = 0; i < d; i++) {
    if (i % 4 == 0)
      gm_normal4(f->move, slot, (uint64_t)f->iteration, gm_kind_draw(5, 0), (uint64_t)i / 4, four);
    z1[i] = x[i] + gamma * (p[i] - q[i]) + 1e-5 * four[i % 4];
  }
  return 0;
}

static gm_status half_step(flock *f, int32_t side)
{
  int32_t h = f->walkers / 2, n = f->ensembles * h, other = side ? 0 : h;
  ptrdiff_t d = f->d;
  for (int32_t k = 0; k < n; k++) {
    int32_t e = k / h, w = side * h + k % h;
    uint64_t slot = (uint64_t)e * (uint64_t)f->walkers + (uint64_t)w;
    double u[4];
    gm_uniform4(f->move, slot, (uint64_t)f->iteration, gm_kind_draw(4, 0), 0, u);
    f->gain[k] = propose(f, f->z + (ptrdiff_t)e * f->walkers * d, w, other, u, slot, f->z1 + k * d);
    f->replicate[k] = gm_hash64(gm_hash64(f->move.v[0], slot + 1), (uint64_t)f->iteration + 1);
  }
  gm_status s = gm__calib_loglik(&f->c, n, f->z1, f->replicate, f->lp1, f->ll1);
  for (int32_t k = 0; k < n && !s; k++) {
    ptrdiff_t m = (ptrdiff_t)(k / h) * f->walkers + side * h + k % h;
    double gain = f->ll1[k] > -INFINITY ? f->gain[k] + f->lp1[k] + f->ll1[k] - f->lp[m] - f->ll[m]
                                        : -INFINITY;
    double u = gm_uniform(f->move, (uint64_t)m, (uint64_t)f->iteration, gm_kind_draw(6, 0), 0);
    f->offered += f->iteration >= f->o.warmup;
    if (!(log(u) < gain)) continue;
    memcpy(f->z + m * d, f->z1 + k * d, (size_t)d * sizeof *f->z);
    f->lp[m] = f->lp1[k];
    f->ll[m] = f->ll1[k];
    f->taken += f->iteration >= f->o.warmup;
  }
  return s;
}

static void keep(flock *f, gm_chains *r, ptrdiff_t draw)
{
  for (ptrdiff_t m = 0; m < r->chain_count; m++) {
    ptrdiff_t at = m * r->draw_count + draw;
    memcpy(r->z + at * f->d, f->z + m * f->d, (size_t)f->d * sizeof *r->z);
    r->loglik[at] = f->ll[m];
    r->log_posterior[at] = f->ll[m] + f->lp[m];
  }
}

static gm_status run(flock *f, gm_chains *r)
{
  int64_t all = f->o.warmup + (int64_t)f->o.draws * f->o.thin;
  int32_t done = 0;
  while (f->iteration < all && !gm_watch_stop(f->c.watch)) {
    gm_status s = half_step(f, 0);
    if (!s) s = half_step(f, 1);
    if (s) return s;
    int64_t after = ++f->iteration - f->o.warmup;
    if (after > 0 && after % f->o.thin == 0) keep(f, r, done++);
    if (f->iteration % 64 == 0)
      gm_watch_progress(f->c.watch, "ensemble", (double)f->iteration / (double)all);
  }
  r->evaluations = f->c.evaluations;
  r->acceptance = f->offered ? (double)f->taken / (double)f->offered : NAN;
  return gm__chains_finish(f->c.ctx, r, done);
}

gm_status gm_ensemble_mcmc(gm_ctx *ctx, const gm_target *t, const gm_ensemble_mcmc_options *options,
                           gm_chains **out)
{
  flock f = {.c = {.ctx = ctx, .t = t}};
  gm_chains *r = NULL;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(ctx, t, options, &f);
  if (s) return s;
  int32_t n = f.ensembles * f.walkers;
  s = flock_open(&f);
  if (!s) s = gm__chains_new(ctx, n, f.o.draws, f.d, &r);
  if (!s) s = gm__calib_starts(&f.c, f.o.key, n, f.o.start, f.z, f.lp, f.ll);
  if (s) goto out;
  r->group = f.walkers;
  r->method = "ensemble MCMC (stretch, differential evolution)";
  r->rung = t->noisy ? "noisy likelihood" : "likelihood";
  s = run(&f, r);
out:
  flock_close(&f);
  if (s)
    gm_chains_free(r);
  else
    *out = r;
  return s;
}
