/* temper.c - sequential Monte Carlo from a prior to a posterior.
 * The likelihood is let in by powers t from 0 to 1 (Neal, Stat. Comput. 11:125, 2001; Del Moral,
 * Doucet & Jasra, J. R. Stat. Soc. B 68:411, 2006), each power chosen by the effective size of its
 * weights (Jasra et al., Scand. J. Stat. 38:1, 2011; for equal weights this is the conditional one
 * of Zhou, Johansen & Aston, J. Comput. Graph. Stat. 25:701, 2016). After each: systematic
 * resampling, then Metropolis-Hastings moves that leave the tempered posterior as it is - by turns
 * a random walk with the particles' own covariance, scaled by 2.38/sqrt(d) (Roberts & Rosenthal,
 * Stat. Sci. 16:351, 2001), and an independent draw of a t fitted to the particles, which is what
 * carries particles between separate modes. */
#include "methods/temper.h"
#include "gemel/math.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "num/resample.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { PAIRS_LEAST = 2, PAIRS_BETWEEN = 10, T_DEGREES = 5 };
/* Kinds of draws under GM_PURPOSE_MOVE; the t takes KIND_NORMAL and the one after it. */
enum { KIND_NORMAL = 1, KIND_CHANCE = 3 };
static const double correlation_between = 0.5; /* moves between stages stop below this */
static const double acceptance_wanted = 0.3;   /* of the walk, between 0.44 (d = 1) and 0.234 */
static const double spread_independent = 1.2;  /* of its scale matrix over the fitted covariance */

typedef struct {
  const gm__temper *o;
  gm__tempered *p;
  gm_key move, resample;
  double *u1, *log_prior1, *loglik1, *carried1; /* proposals; also the room for resampling */
  double *u0;                                   /* [n][d] whitened places before the moves */
  double *logw, *w;                             /* [n] */
  double *mean, *k, *k_wide; /* of the particles: mean, factor of the covariance, the t's factor */
  double *cov, *work, *work2;
  double *block;
  int32_t *index;    /* [n] */
  double t;          /* the present power */
  double walk_scale; /* on top of 2.38/sqrt(d), adapted */
  uint32_t moves;    /* made in this stage */
  int32_t stage;
} smc;

static gm_status smc_open(const gm__temper *o, gm__tempered *p, smc *out)
{
  ptrdiff_t n = o->n, d = o->d;
  smc w = {.o = o, .p = p, .walk_scale = 1, .move = o->key, .resample = o->key};
  w.block = gm_alloc(o->ctx, n * (2 * d + o->carried + 4) + 3 * d * d + 3 * d, sizeof *w.block);
  w.index = gm_alloc(o->ctx, n, sizeof *w.index);
  if (!w.block || !w.index) {
    gm_free(w.block);
    gm_free(w.index);
    return gm_fail(o->ctx, GM_ENOMEM, "tempering of %d particles", (int)n);
  }
  w.u1 = w.block;
  w.u0 = w.u1 + n * d;
  w.carried1 = w.u0 + n * d;
  w.log_prior1 = w.carried1 + n * o->carried;
  w.loglik1 = w.log_prior1 + n;
  w.logw = w.loglik1 + n;
  w.w = w.logw + n;
  w.k = w.w + n;
  w.k_wide = w.k + d * d;
  w.cov = w.k_wide + d * d;
  w.mean = w.cov + d * d;
  w.work = w.mean + d;
  w.work2 = w.work + d;
  w.move.v[1] = GM_PURPOSE_MOVE;
  w.resample.v[1] = GM_PURPOSE_RESAMPLE;
  *out = w;
  return GM_OK;
}

static void smc_close(smc *w)
{
  gm_free(w->block);
  gm_free(w->index);
}

/* ---- the next power ------------------------------------------------------------------------ */
static void weights_log(smc *w, double step)
{
  const double *ll = w->p->loglik;
  for (int32_t m = 0; m < w->o->n; m++) w->logw[m] = ll[m] == -INFINITY ? -INFINITY : step * ll[m];
}

static double size_after(smc *w, double step)
{
  double top = -INFINITY, sum = 0, square = 0;
  weights_log(w, step);
  for (int32_t m = 0; m < w->o->n; m++) top = fmax(top, w->logw[m]);
  for (int32_t m = 0; m < w->o->n; m++) {
    double x = gm_exp(w->logw[m] - top);
    sum += x;
    square += x * x;
  }
  return sum * sum / square;
}

/* The largest step of the power that keeps the wanted share of the particles that are possible. */
static gm_status step_find(smc *w, double *step)
{
  int32_t possible = 0;
  for (int32_t m = 0; m < w->o->n; m++) possible += w->p->loglik[m] > -INFINITY;
  if (!possible)
    return gm_fail(w->o->ctx, GM_ENUMERIC, "none of %d prior members can have given the data",
                   (int)w->o->n);
  double low = 0, high = 1 - w->t, wanted = w->o->share_kept * possible;
  *step = high;
  if (size_after(w, high) >= wanted) return GM_OK;
  for (int i = 0; i < 60; i++) {
    double middle = 0.5 * (low + high);
    if (size_after(w, middle) >= wanted)
      low = middle;
    else
      high = middle;
  }
  *step = low > 0 ? low : high;
  return GM_OK;
}

/* Weights of the step; the stage's part of the evidence and of its variance. What the last moves
 * did not forget makes the stages' errors alike: as for the mean of an autoregression with that
 * correlation. */
static gm_status reweight(smc *w, double step)
{
  double log_sum;
  gm__tempered *p = w->p;
  weights_log(w, step);
  gm_status s = gm_stats_normalise_log(w->o->ctx, w->o->n, w->logw, w->w, &log_sum);
  if (s) return s;
  double kept = w->stage > 1 ? fmin(0.9, fmax(0, p->correlation)) : 0;
  double variance = fmax(0, 1 / gm_stats_ess(w->o->n, w->w) - 1.0 / w->o->n);
  p->log_evidence += log_sum - gm_ln(w->o->n);
  p->variance += variance;
  p->variance_kept += variance * (1 + kept) / (1 - kept);
  w->t = w->t + step >= 1 - 1e-12 ? 1 : w->t + step;
  return GM_OK;
}

/* Mean and covariance of the weighted particles: the shape of the moves. A degenerate covariance
 * (few distinct particles) gets a trace of spread; only its scale is known. */
static gm_status shape_set(smc *w)
{
  int32_t n = w->o->n, dim = w->o->d;
  ptrdiff_t d = dim;
  gm_status s = gm_stats_covariance(w->o->ctx, n, dim, w->p->u, w->w, w->mean, w->cov);
  if (s) return s;
  if (gm__la_cholesky(dim, w->cov, w->k)) {
    double top = 0;
    for (ptrdiff_t i = 0; i < d; i++) top = fmax(top, w->cov[i * d + i]);
    double least = top > 0 ? 1e-8 * top : 1e-6;
    for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] += 1e-6 * w->cov[i * d + i] + least;
    s = gm_la_cholesky(w->o->ctx, dim, w->cov, w->k);
    if (s) return s;
  }
  for (ptrdiff_t i = 0; i < d * d; i++) w->k_wide[i] = w->k[i] * sqrt(spread_independent);
  return GM_OK;
}

static void rows_take(size_t n, size_t row, const int32_t *index, double *from, double *room)
{
  for (size_t m = 0; m < n && row; m++)
    memcpy(room + m * row, from + (size_t)index[m] * row, row * sizeof *from);
  if (row) memcpy(from, room, n * row * sizeof *from);
}

static void resample(smc *w)
{
  double u = gm_uniform(w->resample, w->o->run, (uint64_t)w->stage, gm_kind_draw(1, 0), 0);
  gm__resample(w->o->n, w->w, u, w->index);
  size_t n = (size_t)w->o->n;
  rows_take(n, (size_t)w->o->d, w->index, w->p->u, w->u1);
  rows_take(n, (size_t)w->o->carried, w->index, w->p->carried, w->carried1);
  rows_take(n, 1, w->index, w->p->log_prior, w->log_prior1);
  rows_take(n, 1, w->index, w->p->loglik, w->loglik1);
}

/* ---- draws --------------------------------------------------------------------------------- */
void gm__normals_draw(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, int32_t d,
                      double *u)
{
  double four[4];
  for (int32_t i = 0; i < d; i++) {
    if (i % 4 == 0) gm_normal4(key, slot, entity, kind_draw, (uint64_t)i / 4, four);
    u[i] = four[i % 4];
  }
}

void gm__t_draw(gm_key key, uint64_t slot, uint64_t entity, uint32_t draw, double df, int32_t d,
                const double *mean, const double *k, double *work, double *u)
{
  gm__normals_draw(key, slot, entity, gm_kind_draw(KIND_NORMAL, draw), d, work);
  /* chi-square with df degrees of freedom is twice a gamma of shape df/2 */
  double chi2 = 2 * gm_gamma(key, slot, entity, gm_kind_draw(KIND_NORMAL + 1, draw), 0, 0.5 * df);
  double scale = gm_sqrt(df / chi2);
  for (ptrdiff_t i = 0; i < d; i++)
    u[i] = mean[i] + scale * gm_la_dot((int32_t)i + 1, k + i * d, work);
}

/* ---- moves --------------------------------------------------------------------------------- */
static uint64_t slot_of(const smc *w, ptrdiff_t m)
{
  return w->o->run * (uint64_t)w->o->n + (uint64_t)m;
}

static double log_target(const smc *w, double log_prior, double loglik)
{
  return loglik == -INFINITY ? -INFINITY : w->t * loglik + log_prior;
}

static double log_independent(const smc *w, const double *u)
{
  return gm_dist_mvt_log_pdf(w->o->d, u, w->mean, w->k_wide, T_DEGREES, w->work);
}

static void propose_walk(smc *w)
{
  ptrdiff_t d = w->o->d;
  double scale = w->walk_scale * 2.38 / sqrt((double)d);
  for (ptrdiff_t m = 0; m < w->o->n; m++) {
    const double *u = w->p->u + m * d;
    gm__normals_draw(w->move, slot_of(w, m), (uint64_t)w->stage,
                     gm_kind_draw(KIND_NORMAL, w->moves), w->o->d, w->work);
    for (ptrdiff_t i = 0; i < d; i++)
      w->u1[m * d + i] = u[i] + scale * gm_la_dot((int32_t)i + 1, w->k + i * d, w->work);
  }
}

static void propose_independent(smc *w)
{
  for (ptrdiff_t m = 0; m < w->o->n; m++)
    gm__t_draw(w->move, slot_of(w, m), (uint64_t)w->stage, w->moves, T_DEGREES, w->o->d, w->mean,
               w->k_wide, w->work, w->u1 + m * w->o->d);
}

static void take(smc *w, ptrdiff_t m)
{
  ptrdiff_t d = w->o->d, carried = w->o->carried;
  memcpy(w->p->u + m * d, w->u1 + m * d, (size_t)d * sizeof *w->u1);
  if (carried)
    memcpy(w->p->carried + m * carried, w->carried1 + m * carried,
           (size_t)carried * sizeof *w->carried1);
  w->p->log_prior[m] = w->log_prior1[m];
  w->p->loglik[m] = w->loglik1[m];
}

/* ln of the ratio by which a proposal is taken. */
static double gain_of(const smc *w, ptrdiff_t m, bool independent)
{
  const double *to = w->u1 + m * w->o->d, *from = w->p->u + m * w->o->d;
  double gain = log_target(w, w->log_prior1[m], w->loglik1[m]) -
                log_target(w, w->p->log_prior[m], w->p->loglik[m]);
  if (independent) gain += log_independent(w, from) - log_independent(w, to);
  return gain;
}

/* One move of every particle. */
static gm_status move(smc *w, bool independent)
{
  int32_t taken = 0, n = w->o->n;
  if (independent)
    propose_independent(w);
  else
    propose_walk(w);
  gm_status s = w->o->density(w->o->user, n, w->u1, ((uint64_t)w->stage << 32) + w->moves + 1,
                              w->log_prior1, w->loglik1, w->carried1);
  if (s) return s;
  for (ptrdiff_t m = 0; m < n; m++) {
    double chance = gm_uniform(w->move, slot_of(w, m), (uint64_t)w->stage,
                               gm_kind_draw(KIND_CHANCE, w->moves), 0);
    if (!(gm_ln(chance) < gain_of(w, m, independent))) continue;
    take(w, m);
    taken++;
  }
  w->moves++;
  w->p->proposed_last += n;
  w->p->accepted_last += taken;
  if (!independent) { /* one scale for all particles, from the share that moved */
    double scale = w->walk_scale * gm_exp((double)taken / n - acceptance_wanted);
    w->walk_scale = fmin(4, fmax(0.01, scale));
  }
  return GM_OK;
}

static void whiten(const smc *w, ptrdiff_t m, double *out)
{
  for (int32_t i = 0; i < w->o->d; i++) out[i] = w->p->u[m * w->o->d + i] - w->mean[i];
  gm_la_solve_lower(w->o->d, w->k, out, out);
}

/* Largest correlation, over the whitened coordinates, between the places before and now. */
static double correlation(smc *w)
{
  double worst = -1;
  double *both = w->cov, *old = w->work; /* cov is not needed any more */
  ptrdiff_t d = w->o->d;
  memset(both, 0, (size_t)d * sizeof *both);
  memset(old, 0, (size_t)d * sizeof *old);
  for (ptrdiff_t m = 0; m < w->o->n; m++) {
    whiten(w, m, w->work2);
    for (ptrdiff_t i = 0; i < d; i++) {
      double x = w->u0[m * d + i];
      both[i] += x * w->work2[i];
      old[i] += x * x;
    }
  }
  for (ptrdiff_t i = 0; i < d; i++) worst = fmax(worst, old[i] > 0 ? both[i] / old[i] : 0);
  return worst;
}

static gm_status moves(smc *w)
{
  bool last = w->t >= 1;
  gm__tempered *p = w->p;
  double wanted = last ? w->o->correlation_last : correlation_between;
  int32_t most = last ? w->o->pairs_last : PAIRS_BETWEEN;
  for (ptrdiff_t m = 0; m < w->o->n; m++) whiten(w, m, w->u0 + m * w->o->d);
  w->moves = 0;
  p->proposed_last = p->accepted_last = 0;
  for (int32_t pair = 0; pair < most; pair++) {
    gm_status s = move(w, false);
    if (!s) s = move(w, true);
    if (s) return s;
    if (pair + 1 < PAIRS_LEAST) continue;
    p->correlation = correlation(w);
    if (p->correlation < wanted) break;
  }
  p->proposed += p->proposed_last;
  p->accepted += p->accepted_last;
  return GM_OK;
}

/* ---- stages -------------------------------------------------------------------------------- */
static gm_status stage_run(smc *w)
{
  double step = 0;
  if (w->stage > GM__STAGES_MAX)
    return gm_fail(w->o->ctx, GM_ENUMERIC, "tempering: power %g after %d stages", w->t,
                   GM__STAGES_MAX);
  gm_status s = step_find(w, &step);
  if (!s) s = reweight(w, step);
  if (!s) s = shape_set(w);
  if (s) return s;
  resample(w);
  return moves(w);
}

static gm_status reached(const smc *w)
{
  return w->o->reached ? w->o->reached(w->o->user, w->t) : GM_OK;
}

gm_status gm__temper_run(const gm__temper *o, gm__tempered *p)
{
  assert(o && p && o->n >= 1 && o->d >= 1 && o->density && o->pairs_last >= PAIRS_LEAST);
  smc w;
  gm_status s = smc_open(o, p, &w);
  if (s) return s;
  p->log_evidence = p->variance = p->variance_kept = 0;
  p->accepted = p->proposed = p->accepted_last = p->proposed_last = p->correlation = 0;
  s = reached(&w);
  for (w.stage = 1; w.t < 1 && !s; w.stage++) {
    s = stage_run(&w);
    if (!s) s = reached(&w);
  }
  p->stages = w.stage - 1;
  smc_close(&w);
  return s;
}
