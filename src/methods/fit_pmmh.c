/* fit_pmmh.c - particle marginal Metropolis-Hastings (Andrieu, Doucet & Holenstein, J. R. Stat.
 * Soc. B 72:269, 2010): the adaptive walk on likelihoods that particle filters estimate, with as
 * many particles as the walk needs to move. */
#include "methods/fit.h"
#include <math.h>
#include <string.h>

/* Below PARTICLES_LEAST the law of ln likelihood has a long tail that a few repeats at a good place
 * do not show, and walks stick (the epidemic of the tests: sd 0.3 with 200 particles, R-hat 1.5
 * with 20). */
enum { PILOT_PLACES = 64, PILOT_PARTICLES = 200, NOISE_REPEATS = 40, PARTICLES_LEAST = 100 };

typedef struct {
  const gm_system *s;
  gm_ctx *ctx;
  gm_pmmh_options o;
  double noise;
} pilot;

static gm_status options_take(gm_ctx *ctx, const gm_pmmh_options *options, gm_pmmh_options *o)
{
  *o = options ? *options : (gm_pmmh_options){0};
  if (o->noise == 0) o->noise = 1.2;
  if (!o->particles_max) o->particles_max = 20000;
  if (o->particles < 0 || o->particles == 1 || o->particles_max < 2)
    return gm_fail(ctx, GM_ERANGE, "particle MCMC: %d particles, at most %d; 2 or more are needed",
                   (int)o->particles, (int)o->particles_max);
  if (!(o->noise > 0 && isfinite(o->noise)))
    return gm_fail(ctx, GM_ERANGE, "particle MCMC: noise %g, expected > 0", o->noise);
  return GM_OK;
}

/* With a ledger: by way of it. */
static const gm_target *target_of(const gm_pmmh_options *o, const gm_fit_target *t,
                                  gm_kept_target *kept)
{
  const gm_target *target = gm_fit_target_get(t);
  if (!o->ledger) return target;
  gm_ledger_target(o->ledger, target, kept);
  return &kept->target;
}

/* The likeliest of a few draws of the prior, weighed by small filters. */
static gm_status best_place(pilot *p, const gm_target *target, double *place)
{
  const ptrdiff_t d = p->s->unknown_count;
  uint64_t replicate[PILOT_PLACES];
  double *z = gm_alloc(p->ctx, PILOT_PLACES * (d + 1), sizeof *z);
  if (!z) return gm_fail(p->ctx, GM_ENOMEM, "particle MCMC");
  double *ll = z + PILOT_PLACES * d;
  int32_t best = 0;
  gm_key key = gm_system_key(p->s, GM_PURPOSE_SEARCH, p->o.replicate);
  gm_system_prior_draw(p->s, key, PILOT_PLACES, z);
  for (int32_t i = 0; i < PILOT_PLACES; i++) replicate[i] = (uint64_t)i;
  gm_status st = target->loglik(target->user, p->ctx, PILOT_PLACES, z, replicate, ll);
  for (int32_t i = 0; i < PILOT_PLACES && !st; i++)
    if (ll[i] > ll[best]) best = i;
  if (!st && !(ll[best] > -INFINITY))
    st = gm_fail(p->ctx, GM_EDOMAIN,
                 "particle MCMC: none of %d draws of the prior can have given "
                 "the data",
                 PILOT_PLACES);
  if (!st) memcpy(place, z + best * d, (size_t)d * sizeof *place);
  gm_free(z);
  return st;
}

/* sd of ln likelihood at a place, repeats that came to nothing left out. */
static gm_status noise_at(pilot *p, const gm_target *target, const double *place, double *sd)
{
  const ptrdiff_t d = p->s->unknown_count;
  uint64_t replicate[NOISE_REPEATS];
  double *z = gm_alloc(p->ctx, NOISE_REPEATS * (d + 1), sizeof *z), mean = 0, square = 0;
  if (!z) return gm_fail(p->ctx, GM_ENOMEM, "particle MCMC");
  double *ll = z + NOISE_REPEATS * d;
  int32_t count = 0;
  for (int32_t i = 0; i < NOISE_REPEATS; i++) {
    memcpy(z + i * d, place, (size_t)d * sizeof *z);
    replicate[i] = (uint64_t)(PILOT_PLACES + i);
  }
  gm_status st = target->loglik(target->user, p->ctx, NOISE_REPEATS, z, replicate, ll);
  for (int32_t i = 0; i < NOISE_REPEATS && !st; i++)
    if (isfinite(ll[i])) {
      double step = ll[i] - mean;
      mean += step / ++count;
      square += step * (ll[i] - mean);
    }
  *sd = count > NOISE_REPEATS / 2 ? sqrt(square / (count - 1)) : INFINITY;
  gm_free(z);
  return st;
}

/* Noise with n particles; the place is found with the first. */
static gm_status noise_with(pilot *p, int32_t n, bool first, double *place)
{
  gm_fit_options o = {.particles = n, .replicate = gm_hash64(p->o.replicate, UINT64_C(0x9110))};
  gm_fit_target *t = NULL;
  gm_kept_target kept;
  gm_status st = gm_fit_target_new(p->ctx, p->s, &o, &t);
  const gm_target *target = st ? NULL : target_of(&p->o, t, &kept);
  if (!st && first) st = best_place(p, target, place);
  if (!st) st = noise_at(p, target, place, &p->noise);
  gm_fit_target_free(t);
  return st;
}

/* The variance falls as one over the number of particles; at most four times as many at once. */
static int32_t asked_for(const pilot *p, int32_t n)
{
  double ratio = p->noise / p->o.noise, asked = ceil(n * ratio * ratio);
  return (int32_t)fmin(fmin(fmax(asked, PARTICLES_LEAST), 4.0 * n), p->o.particles_max);
}

static gm_status choose_particles(pilot *p)
{
  const int32_t most = p->o.particles_max;
  int32_t n = PILOT_PARTICLES < most ? PILOT_PARTICLES : most;
  double *place = gm_alloc(p->ctx, p->s->unknown_count, sizeof *place);
  gm_status st = place ? GM_OK : gm_fail(p->ctx, GM_ENOMEM, "particle MCMC");
  for (bool first = true; !st; first = false) {
    st = noise_with(p, n, first, place);
    if (st) break;
    p->o.particles = n;
    int32_t asked = asked_for(p, n);
    if (asked < n) p->o.particles = asked;
    if (n == most || p->noise < 1.15 * p->o.noise) break;
    n = asked;
  }
  gm_free(place);
  return st;
}

gm_status gm_pmmh_run(gm_ctx *ctx, const gm_system *s, const gm_pmmh_options *options,
                      gm_pmmh **out)
{
  pilot p = {.s = s, .ctx = ctx, .noise = NAN};
  gm_model_info info;
  gm_fit_target *t = NULL;
  gm_pmmh *r = NULL;
  gm_kept_target kept;
  gm_status st = gm__fit_check(ctx, s, "particle MCMC");
  if (!st) st = options_take(ctx, options, &p.o);
  if (st) return st;
  gm_model_get_info(s->model, &info);
  if ((info.flags & GM_MODEL_STOCHASTIC) && !p.o.particles) st = choose_particles(&p);
  gm_fit_options fit = {.particles = p.o.particles, .replicate = p.o.replicate};
  if (!st) st = gm_fit_target_new(ctx, s, &fit, &t);
  if (!st && !(r = gm_alloc(ctx, 1, sizeof *r))) st = gm_fail(ctx, GM_ENOMEM, "particle MCMC");
  const uint64_t *v = p.o.chain.key.v;
  if (!(v[0] | v[1] | v[2] | v[3]))
    p.o.chain.key = gm_system_key(s, GM_PURPOSE_MOVE, p.o.replicate);
  if (!st) st = gm_walk(ctx, target_of(&p.o, t, &kept), &p.o.chain, &r->chains);
  gm_fit_target_free(t);
  if (st) {
    gm_pmmh_free(r);
    return st;
  }
  r->particles = info.flags & GM_MODEL_STOCHASTIC ? p.o.particles : 0;
  r->noise = p.noise;
  *out = r;
  return GM_OK;
}

void gm_pmmh_free(gm_pmmh *r)
{
  if (!r) return;
  gm_chains_free(r->chains);
  gm_free(r);
}
