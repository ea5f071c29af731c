/* members_temper.c - sequential Monte Carlo from the prior to the posterior.
 * The likelihood is let in by powers t from 0 to 1 (Neal, Stat. Comput. 11:125, 2001; Del Moral,
 * Doucet & Jasra, J. R. Stat. Soc. B 68:411, 2006), each power chosen by the effective size of its
 * weights (Jasra et al., Scand. J. Stat. 38:1, 2011; for equal weights this is the conditional one
 * of Zhou, Johansen & Aston, J. Comput. Graph. Stat. 25:701, 2016). After each: systematic
 * resampling, then Metropolis-Hastings moves that leave the tempered posterior as it is - by turns
 * a random walk with the members' own covariance, scaled by 2.38/sqrt(d) (Roberts & Rosenthal,
 * Stat. Sci. 16:351, 2001), and an independent draw of a t fitted to the members, which is what
 * carries members between separate modes. */
#include "gemel/math.h"
#include "methods/members_internal.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

/* Share of the members that the weights of one stage may leave. */
static const double share_kept = 0.5;
/* Moves go on until no coordinate's correlation with its place before them is above this ... */
static const double correlation_between = 0.5, correlation_last = 0.2;
/* ... or these many pairs of moves were made. */
enum { PAIRS_LEAST = 2, PAIRS_BETWEEN = 10, PAIRS_LAST = 30 };
static const double acceptance_wanted = 0.3;  /* of the walk, between 0.44 (d = 1) and 0.234 */
static const double spread_independent = 1.2; /* of its scale matrix over the fitted covariance */

typedef struct {
  gm__posterior *q;
  gm_key move, resample;
  int32_t n, d;
  double *u, *f, *loglik;    /* the members                              */
  double *u1, *f1, *loglik1; /* proposals; also the room for resampling  */
  double *u0;                /* [n*d] whitened places before the moves   */
  double *logw, *w;          /* [n]                                      */
  int32_t *index;            /* [n]                                      */
  double *mean, *k, *k_wide; /* of the members; K and the t's K          */
  double *cov, *work, *work2;
  double *block;
  double t;          /* the present power                        */
  double walk_scale; /* on top of 2.38/sqrt(d), adapted           */
  double proposed, accepted;
  uint32_t moves; /* made in this stage                       */
  int32_t stage;
} smc;

static gm_status smc_open(gm__posterior *q, gm_key key, int32_t n, gm__tempered *o, smc *w)
{
  ptrdiff_t d = q->d, count = q->p->datum_count, size = n;
  ptrdiff_t cells = size * (2 * d + count + 3) + 3 * d * d + 3 * d;
  double *p = gm_alloc(q->ctx, cells, sizeof *p);
  int32_t *index = gm_alloc(q->ctx, n, sizeof *index);
  if (!p || !index) {
    gm_free(p);
    gm_free(index);
    return gm_fail(q->ctx, GM_ENOMEM, "tempering of %d members", (int)n);
  }
  *w = (smc){.q = q, .n = n, .d = q->d, .index = index, .block = p, .walk_scale = 1};
  w->u = o->u;
  w->f = o->f;
  w->loglik = o->loglik;
  w->u1 = p;
  w->u0 = w->u1 + size * d;
  w->f1 = w->u0 + size * d;
  w->loglik1 = w->f1 + size * count;
  w->logw = w->loglik1 + size;
  w->w = w->logw + size;
  w->k = w->w + size;
  w->k_wide = w->k + d * d;
  w->cov = w->k_wide + d * d;
  w->mean = w->cov + d * d;
  w->work = w->mean + d;
  w->work2 = w->work + d;
  w->move = w->resample = key;
  w->move.v[1] = GM_PURPOSE_MOVE;
  w->resample.v[1] = GM_PURPOSE_RESAMPLE;
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
  for (int32_t m = 0; m < w->n; m++)
    w->logw[m] = w->loglik[m] == -INFINITY ? -INFINITY : step * w->loglik[m];
}

static double size_after(smc *w, double step)
{
  double top = -INFINITY, sum = 0, square = 0;
  weights_log(w, step);
  for (int32_t m = 0; m < w->n; m++) top = fmax(top, w->logw[m]);
  for (int32_t m = 0; m < w->n; m++) {
    double x = gm_exp(w->logw[m] - top);
    sum += x;
    square += x * x;
  }
  return sum * sum / square;
}

/* The largest step of the power that keeps the wanted share of the members that are possible. */
static gm_status step_find(smc *w, double *step)
{
  int32_t possible = 0;
  for (int32_t m = 0; m < w->n; m++) possible += w->loglik[m] > -INFINITY;
  if (!possible)
    return gm_fail(w->q->ctx, GM_ENUMERIC, "none of %d prior members can have given the data",
                   (int)w->n);
  double low = 0, high = 1 - w->t, wanted = share_kept * possible;
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

/* Weights of the step; the stage's part of the evidence and of its variance. */
static gm_status reweight(smc *w, double step, gm__tempered *o)
{
  double log_sum;
  weights_log(w, step);
  gm_status s = gm_stats_normalise_log(w->q->ctx, w->n, w->logw, w->w, &log_sum);
  if (s) return s;
  o->log_evidence += log_sum - gm_ln(w->n);
  o->log_evidence_sd += fmax(0, 1 / gm_stats_ess(w->n, w->w) - 1.0 / w->n); /* a variance yet */
  w->t = w->t + step >= 1 - 1e-12 ? 1 : w->t + step;
  return GM_OK;
}

/* Mean and covariance of the weighted members: the shape of the moves. A degenerate covariance
 * (few distinct members) keeps a trace of the prior's. */
static gm_status shape_set(smc *w)
{
  ptrdiff_t d = w->d;
  gm_status s = gm_stats_covariance(w->q->ctx, w->n, w->d, w->u, w->w, w->mean, w->cov);
  if (s) return s;
  if (gm__la_cholesky(w->d, w->cov, w->k)) {
    for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] = w->cov[i * d + i] * (1 + 1e-6) + 1e-6;
    s = gm_la_cholesky(w->q->ctx, w->d, w->cov, w->k);
    if (s) return s;
  }
  for (ptrdiff_t i = 0; i < d * d; i++) w->k_wide[i] = w->k[i] * sqrt(spread_independent);
  return GM_OK;
}

static gm_status resample(smc *w)
{
  double u = gm_uniform(w->resample, 0, (uint64_t)w->stage, gm_kind_draw(1, 0), 0);
  gm_status s = gm_stats_resample(w->q->ctx, w->n, w->w, w->n, u, w->index);
  if (s) return s;
  size_t d = (size_t)w->d, count = (size_t)w->q->p->datum_count, n = (size_t)w->n;
  for (size_t m = 0; m < n; m++) {
    size_t from = (size_t)w->index[m];
    memcpy(w->u1 + m * d, w->u + from * d, d * sizeof *w->u);
    memcpy(w->f1 + m * count, w->f + from * count, count * sizeof *w->f);
    w->loglik1[m] = w->loglik[from];
  }
  memcpy(w->u, w->u1, n * d * sizeof *w->u);
  memcpy(w->f, w->f1, n * count * sizeof *w->f);
  memcpy(w->loglik, w->loglik1, n * sizeof *w->loglik);
  return GM_OK;
}

/* ---- moves --------------------------------------------------------------------------------- */
static double log_target(const smc *w, const double *u, double loglik)
{
  return loglik == -INFINITY ? -INFINITY : w->t * loglik - 0.5 * gm_la_dot(w->d, u, u);
}

static double log_independent(const smc *w, const double *u)
{
  return gm_dist_mvt_log_pdf(w->d, u, w->mean, w->k_wide, GM__MEMBERS_DF, w->work);
}

static void propose_walk(smc *w)
{
  ptrdiff_t d = w->d;
  double scale = w->walk_scale * 2.38 / sqrt(w->d), four[4];
  for (ptrdiff_t m = 0; m < w->n; m++) {
    for (ptrdiff_t i = 0; i < d; i++) {
      if (i % 4 == 0)
        gm_normal4(w->move, (uint64_t)m, (uint64_t)w->stage, gm_kind_draw(1, w->moves),
                   (uint64_t)i / 4, four);
      w->work[i] = four[i % 4];
    }
    for (ptrdiff_t i = 0; i < d; i++)
      w->u1[m * d + i] = w->u[m * d + i] + scale * gm_la_dot((int32_t)i + 1, w->k + i * d, w->work);
  }
}

static void propose_independent(smc *w)
{
  for (ptrdiff_t m = 0; m < w->n; m++)
    gm__members_t_draw(w->move, (uint64_t)m, (uint64_t)w->stage, w->moves, w->d, w->mean, w->k_wide,
                       w->work, w->u1 + m * w->d);
}

static void take(smc *w, ptrdiff_t m)
{
  ptrdiff_t d = w->d, count = w->q->p->datum_count;
  memcpy(w->u + m * d, w->u1 + m * d, (size_t)d * sizeof *w->u);
  memcpy(w->f + m * count, w->f1 + m * count, (size_t)count * sizeof *w->f);
  w->loglik[m] = w->loglik1[m];
}

/* One move of every member. */
static gm_status move(smc *w, bool independent)
{
  int32_t taken = 0;
  if (independent)
    propose_independent(w);
  else
    propose_walk(w);
  gm_status s = gm__posterior_loglik(w->q, w->n, w->u1, w->f1, w->loglik1);
  for (ptrdiff_t m = 0; m < w->n && !s; m++) {
    const double *to = w->u1 + m * w->d, *from = w->u + m * w->d;
    double gain = log_target(w, to, w->loglik1[m]) - log_target(w, from, w->loglik[m]);
    if (independent) gain += log_independent(w, from) - log_independent(w, to);
    double chance =
        gm_uniform(w->move, (uint64_t)m, (uint64_t)w->stage, gm_kind_draw(3, w->moves), 0);
    if (!(gm_ln(chance) < gain)) continue;
    take(w, m);
    taken++;
  }
  if (s) return s;
  w->moves++;
  w->proposed += w->n;
  w->accepted += taken;
  if (!independent) { /* one scale for all members, from the share that moved */
    double scale = w->walk_scale * gm_exp((double)taken / w->n - acceptance_wanted);
    w->walk_scale = fmin(4, fmax(0.01, scale));
  }
  return GM_OK;
}

static void whiten(smc *w, ptrdiff_t m, double *out)
{
  for (int32_t i = 0; i < w->d; i++) out[i] = w->u[m * w->d + i] - w->mean[i];
  gm_la_solve_lower(w->d, w->k, out, out);
}

/* Largest correlation, over the whitened coordinates, between the places before and now. */
static double correlation(smc *w)
{
  double worst = -1;
  double *both = w->cov, *old = w->work; /* cov is not needed any more */
  memset(both, 0, (size_t)w->d * sizeof *both);
  memset(old, 0, (size_t)w->d * sizeof *old);
  for (ptrdiff_t m = 0; m < w->n; m++) {
    whiten(w, m, w->work2);
    for (ptrdiff_t i = 0; i < w->d; i++) {
      double x = w->u0[m * w->d + i];
      both[i] += x * w->work2[i];
      old[i] += x * x;
    }
  }
  for (int32_t i = 0; i < w->d; i++) worst = fmax(worst, old[i] > 0 ? both[i] / old[i] : 0);
  return worst;
}

static gm_status moves(smc *w)
{
  bool last = w->t >= 1;
  double wanted = last ? correlation_last : correlation_between;
  int32_t most = last ? PAIRS_LAST : PAIRS_BETWEEN;
  for (ptrdiff_t m = 0; m < w->n; m++) whiten(w, m, w->u0 + m * w->d);
  w->moves = 0;
  for (int32_t pair = 0; pair < most; pair++) {
    gm_status s = move(w, false);
    if (!s) s = move(w, true);
    if (s) return s;
    if (pair + 1 >= PAIRS_LEAST && correlation(w) < wanted) break;
  }
  return GM_OK;
}

static gm_status stage_run(smc *w, gm__tempered *o)
{
  double step = 0;
  gm_status s = step_find(w, &step);
  if (!s) s = reweight(w, step, o);
  if (!s) s = shape_set(w);
  if (!s) s = resample(w);
  if (!s) s = moves(w);
  if (!s) gm_watch_progress(w->q->watch, "tempering", w->t);
  return s;
}

gm_status gm__members_temper(gm__posterior *q, gm_key key, int32_t n, gm__tempered *out)
{
  smc w = {0};
  gm_status s = smc_open(q, key, n, out, &w);
  if (s) return s;
  out->log_evidence = out->log_evidence_sd = 0;
  gm__members_prior_draw(key, n, q->d, out->u);
  s = gm__posterior_loglik(q, n, out->u, out->f, out->loglik);
  for (w.stage = 1; w.t < 1 && !s; w.stage++) {
    if (w.stage > GM__STAGES_MAX)
      s = gm_fail(q->ctx, GM_ENUMERIC, "tempering: power %g after %d stages", w.t, GM__STAGES_MAX);
    if (!s) s = stage_run(&w, out);
  }
  if (!s) {
    out->stages = w.stage - 1;
    out->log_evidence_sd = sqrt(out->log_evidence_sd);
    out->acceptance = w.accepted / w.proposed;
  }
  smc_close(&w);
  return s;
}
