/* mode_find.c - the mode of one subject's posterior, from one start or several. */
#include "gemel/math.h"
#include "methods/mode_climb.h"
#include "num/linalg.h"
#include "num/quasi.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { CANDIDATES_EACH = 16, STARTS_SPARE = 4, STARTS_MAX = 4096 };

static const double tolerance_usual = 1e-9;

/* Starting points other than 0: the likeliest of an even spread of prior draws. */
typedef struct {
  int32_t n;
  double *u;      /* [n*d] owned */
  double *energy; /* [n]: those taken are infinite */
} spread;

void gm_mode_free(gm_mode *m) { gm_free(m); }

static gm_status mode_new(gm_ctx *ctx, int32_t d, gm_mode **out)
{
  _Static_assert(sizeof(gm_mode) % sizeof(double) == 0, "the numbers lie behind the struct");
  size_t bytes = sizeof(gm_mode) + sizeof(double) * ((size_t)d + 2 * (size_t)d * (size_t)d);
  gm_mode *m = gm_alloc(ctx, 1, bytes);
  if (!m) return gm_fail(ctx, GM_ENOMEM, "mode of %d coordinates", (int)d);
  m->dim = d;
  m->z = (double *)(m + 1);
  m->covariance = m->z + d;
  m->hessian = m->covariance + (ptrdiff_t)d * d;
  m->rung = "differences";
  *out = m;
  return GM_OK;
}

/* ---- starts -------------------------------------------------------------------------------- */
static gm_status spread_draw(gm__posterior *q, spread *a)
{
  uint64_t scramble = gm_quasi_hash(GM_PURPOSE_SEARCH, 0); /* a mode has no key: always the same */
  gm_key key = gm_key_make(0, GM_PURPOSE_SEARCH, 0, 0);
  gm_sobol *sobol = NULL;
  gm_status s = GM_OK;
  if (q->d <= GM_SOBOL_FEW_MAX) s = gm_sobol_new(q->ctx, q->d, &scramble, &sobol);
  for (int32_t m = 0; m < a->n && !s; m++) {
    double *u = a->u + (ptrdiff_t)m * q->d;
    if (sobol) s = gm_sobol_point(sobol, (uint64_t)m, u);
    for (int32_t i = 0; i < q->d; i++)
      u[i] = sobol ? gm_norm_quantile(u[i])
                   : gm_normal(key, (uint64_t)m, 0, gm_kind_draw(1, 0), (uint64_t)i);
  }
  gm_sobol_free(sobol);
  return s;
}

static gm_status spread_new(gm__posterior *q, int32_t n, spread *a)
{
  *a = (spread){.n = n, .u = gm_alloc(q->ctx, (ptrdiff_t)n * (q->d + 1), sizeof *a->u)};
  if (!a->u) return gm_fail(q->ctx, GM_ENOMEM, "%d starting points", (int)n);
  a->energy = a->u + (ptrdiff_t)n * q->d;
  gm_status s = spread_draw(q, a);
  if (!s) s = gm__posterior_energy(q, n, a->u, a->energy);
  return s;
}

/* The likeliest point not yet taken; false when the rest is impossible. */
static bool spread_take(spread *a, int32_t d, double *u)
{
  int32_t best = -1;
  for (int32_t m = 0; m < a->n; m++)
    if (isfinite(a->energy[m]) && (best < 0 || a->energy[m] < a->energy[best])) best = m;
  if (best < 0) return false;
  memcpy(u, a->u + (ptrdiff_t)best * d, (size_t)d * sizeof *u);
  a->energy[best] = INFINITY;
  return true;
}

/* ---- climbs -------------------------------------------------------------------------------- */
/* One climb from try->u; *best takes it over if it is better. A start from which nothing can be
 * had is passed by. */
static gm_status climb(gm__posterior *q, double tolerance, gm__climb *try, gm__climb *best,
                       bool *found)
{
  gm_status s = gm__climb_run(q, tolerance, try);
  if (s) return gm__posterior_soft(q, s) ? GM_OK : s;
  int32_t iterations = best->iterations + try->iterations;
  /* A climb that came to its end beats one that did not, unless that one is visibly lower. */
  bool better = !*found || try->energy < best->energy - 1e-6 ||
                (try->converged && !best->converged && try->energy < best->energy + 1e-6);
  if (better) {
    gm__climb old = *best;
    *best = *try;
    *try = old;
  }
  best->iterations = iterations;
  *found = true;
  return GM_OK;
}

static gm_status climbs(gm__posterior *q, int32_t starts, double tolerance, gm__climb *try,
                        gm__climb *best)
{
  bool found = false;
  spread a = {0};
  gm_status s = climb(q, tolerance, try, best, &found); /* from 0 */
  int32_t more = starts > 0 ? starts - 1 : found && best->converged ? 0 : STARTS_SPARE;
  if (!s && more) s = spread_new(q, more * CANDIDATES_EACH, &a);
  for (int32_t k = 0; k < more && !s; k++) {
    if (starts == 0 && found && best->converged) break;
    if (!spread_take(&a, q->d, try->u)) break;
    s = climb(q, tolerance, try, best, &found);
    gm_watch_progress(q->watch, "mode", (k + 1.0) / more);
  }
  gm_free(a.u);
  if (!s && !found)
    s = gm_fail(q->ctx, GM_ENUMERIC, "no start of %d gives the data a finite probability",
                (int)(1 + more * CANDIDATES_EACH));
  return s;
}

/* ---- result -------------------------------------------------------------------------------- */
/* covariance = (L F^-T)(L F^-T)' and hessian = (L^-T F)(L^-T F)', with F F' the Hessian by u. */
static gm_status matrices_set(const gm__posterior *q, const gm__climb *c, gm_mode *m)
{
  ptrdiff_t d = q->d;
  double *f = gm_alloc(q->ctx, 2 * d * d, sizeof *f), *a = f + d * d;
  if (!f) return gm_fail(q->ctx, GM_ENOMEM, "covariance of a mode");
  gm_status s = gm_la_cholesky(q->ctx, q->d, c->hessian, f);
  if (s) goto out;
  for (ptrdiff_t i = 0; i < d; i++) gm_la_solve_lower(q->d, f, q->l + i * d, a + i * d);
  gm_la_mul_t(q->d, q->d, q->d, a, a, m->covariance);
  for (ptrdiff_t j = 0; j < d; j++) { /* row j of a: column j of L^-T F */
    for (ptrdiff_t i = 0; i < d; i++) a[j * d + i] = f[i * d + j];
    gm_la_solve_lower_t(q->d, q->l, a + j * d, a + j * d);
  }
  memset(m->hessian, 0, (size_t)(d * d) * sizeof *m->hessian);
  for (ptrdiff_t j = 0; j < d; j++)
    for (ptrdiff_t i = 0; i < d; i++)
      for (ptrdiff_t k = 0; k < d; k++) m->hessian[i * d + k] += a[j * d + i] * a[j * d + k];
out:
  gm_free(f);
  return s;
}

static gm_status result_set(const gm__posterior *q, const gm__climb *c, gm_mode *m)
{
  double constant = gm__data_constant(q->p->datum_count, q->p->datum);
  gm__posterior_z(q, 1, c->u, m->z);
  m->objective = 2 * (c->energy + constant);
  m->log_posterior =
      -c->energy - 0.5 * q->d * GM__LN_2PI - 0.5 * gm_la_cholesky_log_det(q->d, q->l);
  m->iterations = c->iterations;
  m->evaluations = (int32_t)fmin((double)q->evaluations, INT32_MAX);
  m->converged = c->converged;
  m->repaired = c->repaired;
  m->stopped = c->stopped;
  return matrices_set(q, c, m);
}

/* Without coordinates the mode is the one point there is. */
static gm_status single(gm__posterior *q, gm__climb *c)
{
  gm_status s = gm__posterior_energy(q, 1, c->u, &c->energy);
  if (s) return s;
  if (!isfinite(c->energy)) return gm_fail(q->ctx, GM_ENUMERIC, "the data is impossible");
  c->converged = true;
  c->stopped = "no coordinates";
  return GM_OK;
}

gm_status gm_mode_find(gm_ctx *ctx, const gm_problem *p, const gm_mode_options *options,
                       const gm_watch *watch, gm_mode **out)
{
  assert(ctx && p && out);
  gm_mode_options o = options ? *options : (gm_mode_options){0};
  if (o.starts < 0 || o.starts > STARTS_MAX || !(o.tolerance >= 0))
    return gm_fail(ctx, GM_EINVAL, "mode: %d starts (0 to %d), tolerance %g (>= 0)", (int)o.starts,
                   STARTS_MAX, o.tolerance);
  if (o.tolerance == 0) o.tolerance = tolerance_usual;
  gm__posterior q = {0};
  gm__climb try = {0}, best = {0};
  gm_mode *m = NULL;
  gm_status s = gm__posterior_open(ctx, p, watch, &q);
  if (!s) s = gm__climb_open(ctx, q.d, &try);
  if (!s) s = gm__climb_open(ctx, q.d, &best);
  if (!s) s = q.d ? climbs(&q, o.starts, o.tolerance, &try, &best) : single(&q, &best);
  if (!s) s = mode_new(ctx, q.d, &m);
  if (!s) s = result_set(&q, &best, m);
  if (s) {
    gm_mode_free(m);
  } else {
    *out = m;
  }
  gm__climb_close(&try);
  gm__climb_close(&best);
  gm__posterior_close(&q);
  return s;
}
