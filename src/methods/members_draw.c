/* members_draw.c - the ensemble of a posterior: importance sampling at its mode, else tempering. */
#include "gemel/math.h"
#include "methods/infer_posterior.h"
#include "methods/temper.h"
#include "num/distribution.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { MEMBERS_USUAL = 1000, MEMBERS_MAX = 10000000, LIMIT_FROM = 20 };
/* Degrees of freedom of the proposals: heavy enough for tails, with a finite covariance. */
enum { DEGREES = 5 };

static const double share_usual = 0.2;
/* The curvature at the mode tells the middle of the posterior; a proposal somewhat wider than that
 * costs little when it is right and saves the weights when the posterior is wider. */
static const double inflation = 1.2;

void gm_members_free(gm_members *m) { gm_free(m); }

static gm_status members_new(gm__posterior *q, int32_t n, gm_members **out)
{
  _Static_assert(sizeof(gm_members) % sizeof(double) == 0, "the numbers lie behind the struct");
  ptrdiff_t cells = (ptrdiff_t)n * (q->d + 1 + (ptrdiff_t)q->p->datum_count);
  gm_members *m = gm_alloc(q->ctx, 1, sizeof *m + (size_t)cells * sizeof(double));
  if (!m)
    return gm_fail(q->ctx, GM_ENOMEM, "%d members of %d coordinates and %d data", (int)n, (int)q->d,
                   (int)q->p->datum_count);
  m->n = n;
  m->dim = q->d;
  m->z = (double *)(m + 1);
  m->weight = m->z + (ptrdiff_t)n * q->d;
  m->f = m->weight + n;
  m->khat = m->acceptance = NAN;
  *out = m;
  return GM_OK;
}

static void weights_equal(gm_members *m)
{
  for (int32_t i = 0; i < m->n; i++) m->weight[i] = 1.0 / m->n;
  m->ess = m->n;
}

static gm_status options_set(gm_ctx *ctx, const gm_members_options *options, gm_members_options *o)
{
  *o = options ? *options : (gm_members_options){0};
  if (o->n == 0) o->n = MEMBERS_USUAL;
  if (o->ess_least == 0) o->ess_least = share_usual;
  if (o->n < 1 || o->n > MEMBERS_MAX)
    return gm_fail(ctx, GM_ERANGE, "%d members, expected 1 to %d", (int)o->n, MEMBERS_MAX);
  if (!(o->ess_least > 0 && o->ess_least <= 1))
    return gm_fail(ctx, GM_ERANGE, "least share of the effective size %g is outside (0, 1]",
                   o->ess_least);
  return GM_OK;
}

static gm_key key_for(gm_key key, gm_purpose purpose)
{
  key.v[1] = purpose;
  return key;
}

/* ---- draws --------------------------------------------------------------------------------- */
/* u[n*d] ~ N(0, I). Slot m depends on (key, m) alone. */
static void prior_draw(gm_key key, int32_t n, int32_t d, double *u)
{
  for (int32_t m = 0; m < n; m++)
    gm__normals_draw(key_for(key, GM_PURPOSE_PRIOR), (uint64_t)m, 0, gm_kind_draw(1, 0), d,
                     u + (ptrdiff_t)m * d);
}

/* ---- from the prior ------------------------------------------------------------------------ */
/* Mean likelihood of equally weighted prior draws, and the error of its logarithm. */
static void evidence_of_prior(gm_members *m, const double *loglik)
{
  double sum = gm_stats_log_sum_exp(m->n, loglik), square = 0;
  m->log_evidence = sum - gm_ln(m->n);
  m->log_evidence_sd = NAN;
  if (sum == -INFINITY) return;
  for (int32_t i = 0; i < m->n; i++) {
    double w = gm_exp(loglik[i] - sum);
    square += w * w;
  }
  /* delta method: variance of the mean over its square */
  m->log_evidence_sd = sqrt(fmax(0, square - 1.0 / m->n));
}

static gm_status from_prior(gm__posterior *q, gm_key key, gm_members *m)
{
  double *u = gm_alloc(q->ctx, (ptrdiff_t)m->n * (q->d + 1), sizeof *u);
  if (!u) return gm_fail(q->ctx, GM_ENOMEM, "%d prior draws", (int)m->n);
  double *loglik = u + (ptrdiff_t)m->n * q->d;
  prior_draw(key, m->n, q->d, u);
  gm_status s = gm__posterior_loglik(q, m->n, u, m->f, loglik);
  if (!s) {
    gm__posterior_z(q, m->n, u, m->z);
    weights_equal(m);
    m->ess_raw = m->n;
    if (q->p->datum_count) evidence_of_prior(m, loglik); /* no data: 0, exactly */
    m->method = "prior draws";
  }
  gm_free(u);
  return s;
}

/* Without coordinates all members are the one point there is. */
static gm_status from_point(gm__posterior *q, gm_members *m)
{
  double loglik, none = 0;
  gm_status s = gm__posterior_loglik(q, 1, &none, m->f, &loglik);
  if (s) return s;
  size_t row = (size_t)q->p->datum_count * sizeof *m->f;
  for (int32_t i = 1; i < m->n; i++) memcpy(m->f + (ptrdiff_t)i * q->p->datum_count, m->f, row);
  weights_equal(m);
  m->ess_raw = m->n;
  m->log_evidence = loglik;
  m->method = "no coordinates";
  return GM_OK;
}

/* ---- importance sampling ------------------------------------------------------------------- */
/* Every tenth member is drawn from the prior instead, and weighted by the mixture (defensive
 * sampling: Hesterberg, Technometrics 37:185, 1995; in fixed turns: Owen & Zhou, J. Am. Stat.
 * Assoc. 95:135, 2000). It costs a tenth, bounds the weights by ten times the likelihood over the
 * evidence, and is what can show a second mode: a draw that meets one gets so much weight that the
 * sample is refused. A mode so narrow that no prior draw meets it stays unseen. */
enum { PRIOR_EACH = 10 };

static bool is_prior_draw(int32_t m) { return m % PRIOR_EACH == PRIOR_EACH - 1; }

typedef struct {
  double *u;         /* [n*d]                                  */
  double *loglik;    /* [n]                                    */
  double *log_ratio; /* [n] posterior over proposal            */
  double *mean, *k;  /* [d], [d*d] the proposal's              */
  double *work;      /* [d*d]                                  */
  double *block;     /* owned: all of them                     */
} importance;

static gm_status importance_new(gm__posterior *q, int32_t n, importance *a)
{
  ptrdiff_t d = q->d, cells = (ptrdiff_t)n * (d + 2) + d + 2 * d * d;
  double *p = gm_alloc(q->ctx, cells, sizeof *p);
  if (!p) return gm_fail(q->ctx, GM_ENOMEM, "%d importance draws", (int)n);
  *a = (importance){.u = p, .loglik = p + n * d, .block = p};
  a->log_ratio = a->loglik + n;
  a->mean = a->log_ratio + n;
  a->k = a->mean + d;
  a->work = a->k + d * d;
  return GM_OK;
}

/* mean = L^-1 z and K = L^-1 chol(covariance), inflated. */
static gm_status proposal_set(const gm__posterior *q, const gm_mode *mode, importance *a)
{
  ptrdiff_t d = q->d;
  if (mode->dim != q->d)
    return gm_fail(q->ctx, GM_EINVAL, "mode of %d coordinates for a problem of %d", (int)mode->dim,
                   (int)q->d);
  gm_la_solve_lower(q->d, q->l, mode->z, a->mean);
  if (gm__la_cholesky(q->d, mode->covariance, a->work))
    return gm_fail(q->ctx, GM_EDOMAIN, "covariance of the mode is not positive definite");
  double *column = a->u; /* not yet used */
  for (ptrdiff_t j = 0; j < d; j++) {
    for (ptrdiff_t i = 0; i < d; i++) column[i] = a->work[i * d + j];
    gm_la_solve_lower(q->d, q->l, column, column);
    for (ptrdiff_t i = 0; i < d; i++) a->k[i * d + j] = i < j ? 0 : column[i] * sqrt(inflation);
  }
  return GM_OK;
}

static void ratios_set(const gm__posterior *q, int32_t n, importance *a)
{
  double share = (double)(n / PRIOR_EACH) / n; /* of the draws from the prior: 0 below ten */
  for (int32_t m = 0; m < n; m++) {
    const double *u = a->u + (ptrdiff_t)m * q->d;
    double prior = -0.5 * (gm_la_dot(q->d, u, u) + q->d * GM__LN_2PI);
    double part[2] = {gm_dist_mvt_log_pdf(q->d, u, a->mean, a->k, DEGREES, a->work) +
                          gm_ln(1 - share),
                      prior + gm_ln(share)};
    a->log_ratio[m] = a->loglik[m] + prior - gm_stats_log_sum_exp(2, part);
  }
}

static void proposals_draw(const gm__posterior *q, gm_key key, int32_t n, importance *a)
{
  for (int32_t m = 0; m < n; m++) {
    double *u = a->u + (ptrdiff_t)m * q->d;
    if (is_prior_draw(m))
      gm__normals_draw(key, (uint64_t)m, 0, gm_kind_draw(3, 0), q->d, u);
    else
      gm__t_draw(key, (uint64_t)m, 0, 0, DEGREES, q->d, a->mean, a->k, a->work, u);
  }
}

/* The Pareto shape above which weights are not trusted. The bound that depends on n (stats.h) has
 * no meaning for a handful of draws: it is below 0.24 for n < 20 and negative for n < 10. */
static double khat_limit(int32_t n) { return n < LIMIT_FROM ? 0.7 : gm_stats_psis_limit(n); }

/* Raw size and evidence, then smoothed weights. *good: they can be trusted. */
static gm_status weights_set(gm__posterior *q, const gm_members_options *o, importance *a,
                             gm_members *m, bool *good)
{
  double log_sum;
  *good = false;
  m->ess_raw = 0;
  gm_status s = gm_stats_normalise_log(q->ctx, m->n, a->log_ratio, m->weight, &log_sum);
  if (s) return s == GM_ENUMERIC ? GM_OK : s; /* no draw was possible */
  m->ess_raw = gm_stats_ess(m->n, m->weight);
  m->log_evidence = log_sum - gm_ln(m->n);
  m->log_evidence_sd = sqrt(fmax(0, 1 / m->ess_raw - 1.0 / m->n));
  s = gm_stats_psis(q->ctx, m->n, a->log_ratio, 1, a->log_ratio, &m->khat);
  if (!s) s = gm_stats_normalise_log(q->ctx, m->n, a->log_ratio, m->weight, NULL);
  if (s) return s;
  /* a tail of fewer than five draws has no shape */
  if (m->khat == INFINITY && m->n < 5 * 5) m->khat = NAN;
  m->ess = gm_stats_ess(m->n, m->weight);
  *good = m->ess >= o->ess_least * m->n && !(m->khat > khat_limit(m->n));
  return GM_OK;
}

static gm_status by_importance(gm__posterior *q, const gm_mode *mode, const gm_members_options *o,
                               gm_members *m, bool *good)
{
  importance a = {0};
  gm_status s = importance_new(q, m->n, &a);
  if (s) return s;
  s = proposal_set(q, mode, &a);
  if (s) goto out;
  proposals_draw(q, key_for(o->key, GM_PURPOSE_POSTERIOR), m->n, &a);
  s = gm__posterior_loglik(q, m->n, a.u, m->f, a.loglik);
  if (s) goto out;
  ratios_set(q, m->n, &a);
  s = weights_set(q, o, &a, m, good);
  if (s) goto out;
  gm__posterior_z(q, m->n, a.u, m->z);
  m->method = "importance sampling from a t at the mode and the prior, Pareto-smoothed";
out:
  gm_free(a.block);
  return s;
}

/* ---- tempering ----------------------------------------------------------------------------- */
static gm_status density(void *user, int32_t n, const double *u, uint64_t turn, double *log_prior,
                         double *loglik, double *f)
{
  gm__posterior *q = user;
  (void)turn; /* the likelihood is exact */
  gm_status s = gm__posterior_loglik(q, n, u, f, loglik);
  for (ptrdiff_t m = 0; m < n && !s; m++)
    log_prior[m] = -0.5 * gm_la_dot(q->d, u + m * q->d, u + m * q->d);
  return s;
}

static gm_status reached(void *user, double power)
{
  gm__posterior *q = user;
  if (power > 0) gm_watch_progress(q->watch, "tempering", power);
  return GM_OK;
}

static void tempered_take(gm__posterior *q, const gm__tempered *t, gm_members *m)
{
  gm__posterior_z(q, m->n, t->u, m->z);
  weights_equal(m);
  m->log_evidence = t->log_evidence;
  m->log_evidence_sd = sqrt(t->variance);
  m->acceptance = t->accepted / t->proposed;
  m->stages = t->stages;
  m->method = "tempered resample-move from the prior";
}

static gm_status by_tempering(gm__posterior *q, gm_key key, gm_members *m)
{
  ptrdiff_t n = m->n, d = q->d;
  gm__temper o = {.ctx = q->ctx,
                  .n = m->n,
                  .d = q->d,
                  .carried = q->p->datum_count,
                  .key = key,
                  .share_kept = 0.5,
                  .correlation_last = 0.2,
                  .pairs_last = 30,
                  .density = density,
                  .reached = reached,
                  .user = q};
  double *u = gm_alloc(q->ctx, n * (d + 2), sizeof *u);
  if (!u) return gm_fail(q->ctx, GM_ENOMEM, "%d tempered members", (int)m->n);
  gm__tempered t = {.u = u, .log_prior = u + n * d, .loglik = u + n * (d + 1), .carried = m->f};
  prior_draw(key, m->n, q->d, u);
  gm_status s = density(q, m->n, u, 0, t.log_prior, t.loglik, t.carried);
  if (!s) s = gm__temper_run(&o, &t);
  if (!s) tempered_take(q, &t, m);
  gm_free(u);
  return s;
}

static gm_status posterior_draw(gm__posterior *q, const gm_mode *mode, const gm_members_options *o,
                                gm_members *m)
{
  bool good = false;
  gm_status s = GM_OK;
  if (q->p->datum_count == 0) return from_prior(q, o->key, m);
  if (q->d == 0) {
    s = from_point(q, m);
    if (!s && m->log_evidence == -INFINITY)
      s = gm_fail(q->ctx, GM_ENUMERIC, "the data is impossible, and there is no coordinate");
    return s;
  }
  if (mode) s = by_importance(q, mode, o, m, &good);
  if (s || good) return s;
  return by_tempering(q, o->key, m);
}

gm_status gm_members_draw(gm_ctx *ctx, const gm_problem *p, const gm_mode *mode,
                          const gm_members_options *options, const gm_watch *watch,
                          gm_members **out)
{
  assert(ctx && p && out);
  gm_members_options o;
  gm__posterior q = {0};
  gm_members *m = NULL;
  gm_status s = options_set(ctx, options, &o);
  if (!s) s = gm__posterior_open(ctx, p, watch, &q);
  if (!s) s = members_new(&q, o.n, &m);
  if (!s) s = posterior_draw(&q, mode, &o, m);
  if (s)
    gm_members_free(m);
  else
    *out = m;
  gm__posterior_close(&q);
  return s;
}

gm_status gm_members_prior(gm_ctx *ctx, const gm_problem *p, const gm_members_options *options,
                           gm_members **out)
{
  assert(ctx && p && out);
  gm_members_options o;
  gm__posterior q = {0};
  gm_members *m = NULL;
  gm_status s = options_set(ctx, options, &o);
  if (!s) s = gm__posterior_open(ctx, p, NULL, &q);
  if (!s) s = members_new(&q, o.n, &m);
  if (!s) s = q.d ? from_prior(&q, o.key, m) : from_point(&q, m);
  if (s)
    gm_members_free(m);
  else
    *out = m;
  gm__posterior_close(&q);
  return s;
}
