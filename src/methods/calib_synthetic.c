/* calib_synthetic.c - a likelihood made of simulated summaries that count as normal.
 * Wood, Nature 466:1102 (2010); the unbiased estimator of a normal density: Ghurye & Olkin, Ann.
 * Math. Stat. 40:1261 (1969), as used by Price, Drovandi, Lee & Nott, J. Comput. Graph. Stat. 27:1
 * (2018), eq. (4). */
#include "gemel/math.h"
#include "methods/calib_internal.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

struct gm_synthetic {
  gm_target target; /* the noisy one; user is this */
  const gm_target *base;
  int32_t simulations;
  bool unbiased;
};

typedef struct {
  double *z, *summary, *mean, *cov, *factor, *away, *block; /* one batch's scratch */
  uint64_t *replicate;
} scratch;

/* The share of a summary's variance that the ones before it must leave. */
static const double dependent = 1e-14;
enum { BATCH_MOST = 4096 }; /* runs of the model asked for at once */

static gm_status scratch_open(gm_ctx *ctx, const gm_synthetic *y, int32_t points, scratch *a)
{
  ptrdiff_t d = y->base->dim, k = y->base->summary_count, n = (ptrdiff_t)points * y->simulations;
  a->block = gm_alloc(ctx, n * (d + k) + 2 * k + 2 * k * k, sizeof *a->block);
  a->replicate = gm_alloc(ctx, n, sizeof *a->replicate);
  if (!a->block || !a->replicate) return gm_fail(ctx, GM_ENOMEM, "%td synthetic runs", n);
  a->z = a->block;
  a->summary = a->z + n * d;
  a->mean = a->summary + n * k;
  a->away = a->mean + k;
  a->cov = a->away + k;
  a->factor = a->cov + k * k;
  return GM_OK;
}

static double log_normal_plain(int32_t k, const double *factor, const double *away, double *work)
{
  gm_la_solve_lower(k, factor, away, work);
  return -0.5 * (k * log(2 * M_PI) + gm_la_cholesky_log_det(k, factor) + gm_la_dot(k, work, work));
}

/* ln of the constant c(k, v) of Ghurye & Olkin. */
static double log_constant(int32_t k, double v)
{
  double sum = -0.5 * k * v * log(2) - 0.25 * k * (k - 1) * log(M_PI);
  for (int32_t i = 1; i <= k; i++) sum -= gm_lgamma(0.5 * (v - i + 1));
  return sum;
}

/* M = (n-1) S and M - a a' / (1 - 1/n), whose determinant is |M| (1 - a' M^-1 a / (1 - 1/n)). */
static double log_normal_unbiased(int32_t k, int32_t n, const double *factor, const double *away,
                                  double *work)
{
  gm_la_solve_lower(k, factor, away, work);
  double log_det = gm_la_cholesky_log_det(k, factor) + k * log(n - 1.0);
  double rest = 1 - gm_la_dot(k, work, work) / (n - 1.0) / (1 - 1.0 / n);
  if (!(rest > 0)) return -INFINITY;
  return -0.5 * k * log(2 * M_PI) + log_constant(k, n - 2) - log_constant(k, n - 1) -
         0.5 * k * log(1 - 1.0 / n) - 0.5 * (n - k - 2) * log_det +
         0.5 * (n - k - 3) * (log_det + log(rest));
}

/* Log-likelihood from the summaries of one point. A run that failed makes the point impossible. */
static gm_status density(gm_ctx *ctx, const gm_synthetic *y, const double *summary, scratch *a,
                         double *out)
{
  int32_t k = y->base->summary_count, n = y->simulations;
  *out = -INFINITY;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * k; i++)
    if (!isfinite(summary[i])) return GM_OK;
  gm_status s = gm_stats_covariance(ctx, n, k, summary, NULL, a->mean, a->cov);
  if (s) return s;
  if (gm__la_cholesky(k, a->cov, a->factor)) return GM_OK; /* summaries that do not vary */
  for (int32_t i = 0; i < k; i++) { /* nor one that the others determine but for rounding */
    double own = a->factor[(ptrdiff_t)i * (k + 1)];
    if (!(own * own > dependent * a->cov[(ptrdiff_t)i * (k + 1)])) return GM_OK;
  }
  double *work = a->cov;
  for (int32_t i = 0; i < k; i++) a->away[i] = y->base->observed[i] - a->mean[i];
  *out = y->unbiased ? log_normal_unbiased(k, n, a->factor, a->away, work)
                     : log_normal_plain(k, a->factor, a->away, work);
  return GM_OK;
}

static gm_status synthetic_loglik(void *user, gm_ctx *ctx, int32_t n, const double *z,
                                  const uint64_t *replicate, double *out)
{
  const gm_synthetic *y = user;
  ptrdiff_t d = y->base->dim, k = y->base->summary_count, runs = y->simulations;
  int32_t points = BATCH_MOST / y->simulations;
  if (points < 1) points = 1;
  if (points > n) points = n;
  scratch a = {0};
  gm_status s = scratch_open(ctx, y, points, &a);
  for (int32_t first = 0; first < n && !s; first += points) {
    int32_t count = n - first < points ? n - first : points;
    for (ptrdiff_t m = 0; m < count; m++)
      for (ptrdiff_t r = 0; r < runs; r++) {
        memcpy(a.z + (m * runs + r) * d, z + (first + m) * d, (size_t)d * sizeof *z);
        a.replicate[m * runs + r] = gm_hash64(replicate[first + m], (uint64_t)r);
      }
    s = y->base->simulate(y->base->user, ctx, (int32_t)(count * runs), a.z, a.replicate, a.summary);
    for (ptrdiff_t m = 0; m < count && !s; m++)
      s = density(ctx, y, a.summary + m * runs * k, &a, &out[first + m]);
  }
  gm_free(a.block);
  gm_free(a.replicate);
  return s;
}

static double base_log_prior(void *user, const double *z)
{
  const gm_synthetic *y = user;
  return y->base->log_prior(y->base->user, z);
}

static void base_prior_draw(void *user, gm_key key, uint64_t slot, double *z)
{
  const gm_synthetic *y = user;
  y->base->prior_draw(y->base->user, key, slot, z);
}

gm_status gm_synthetic_new(gm_ctx *ctx, const gm_target *t, int32_t simulations, bool unbiased,
                           gm_synthetic **out)
{
  if (!simulations) simulations = 200;
  gm_status s = gm__target_check(ctx, t, false);
  if (s) return s;
  if (!t->simulate || !t->observed || t->summary_count < 1)
    return gm_fail(ctx, GM_EUNSUPPORTED, "synthetic likelihood: the target cannot simulate");
  if (simulations <= t->summary_count + 3)
    return gm_fail(ctx, GM_ERANGE, "synthetic likelihood: %d runs for %d summaries, expected %d+",
                   (int)simulations, (int)t->summary_count, (int)t->summary_count + 4);
  for (int32_t i = 0; i < t->summary_count; i++)
    if (!isfinite(t->observed[i]))
      return gm_fail(ctx, GM_EDOMAIN, "synthetic likelihood: observed summary %d is %g", (int)i + 1,
                     t->observed[i]);
  gm_synthetic *y = gm_alloc(ctx, 1, sizeof *y);
  if (!y) return gm_fail(ctx, GM_ENOMEM, "synthetic likelihood");
  *y = (gm_synthetic){.base = t, .simulations = simulations, .unbiased = unbiased};
  y->target = (gm_target){.dim = t->dim,
                          .lower = t->lower,
                          .upper = t->upper,
                          .loglik = synthetic_loglik,
                          .log_prior = t->log_prior ? base_log_prior : NULL,
                          .prior_draw = t->prior_draw ? base_prior_draw : NULL,
                          .noisy = true,
                          .user = y};
  *out = y;
  return GM_OK;
}

void gm_synthetic_free(gm_synthetic *s) { gm_free(s); }

const gm_target *gm_synthetic_target(const gm_synthetic *s) { return &s->target; }
