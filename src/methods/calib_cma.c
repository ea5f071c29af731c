/* calib_cma.c - CMA-ES with restarts, bounds and noisy values.
 * Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772 (2016): weights (eq. 49-53, with
 * negative ones), step size (eq. 43, 44), covariance (eq. 45-47), parameters of table 1.
 * Restarts with a population twice as large: Auger & Hansen, CEC 2005.
 * Bounds: a point outside counts as the nearest one inside plus a growing penalty (Hansen et al.,
 * IEEE Trans. Evol. Comput. 13:180, 2009, section IV.B).
 * Noise: some members are valued twice; where ranks change more than chance would, each point gets
 * more replicates (in the manner of the same paper, section III). */
#include "gemel/math.h"
#include "methods/calib_internal.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t lambda, mu;
  double mueff, cc, cs, c1, cmu, ds, chi;
  double *w; /* [lambda] */
} weights;

typedef struct {
  double value;
  int32_t member;
} rank;

enum { HISTORY_MOST = 4096 };

typedef struct {
  gm__calib c;
  gm_cma_options o;
  gm_key key;
  int32_t d, lambda_room, run;
  weights p;
  double *mean, *ps, *pc, *cov, *b, *axis; /* [d] or [d][d]; cov = b axis^2 b' */
  double *work, *work2, *penalty;          /* [d] */
  double *y, *z, *f, *f_inside;            /* [lambda][d] twice, [lambda]: -log density */
  double *lp, *ll, *copies;                /* [lambda * replicates] and their places */
  uint64_t *number;
  rank *order;
  double *history; /* [HISTORY_MOST] best of each generation */
  double *block, *block_run;
  double sigma, best, best_ll;
  double *best_z;
  int32_t generation, eigen_at, replicates;
  uint64_t asked; /* numbers of replicates, never used twice */
  bool penalty_on, converged, stuck;
} cma;

/* ---- parameters ------------------------------------------------------------------------ */
static void weights_set(weights *p, double d)
{
  double sum = 0, square = 0, sum_minus = 0, square_minus = 0;
  p->mu = p->lambda / 2;
  for (int32_t i = 0; i < p->lambda; i++) {
    p->w[i] = log((p->lambda + 1) / 2.0) - log(i + 1.0);
    if (i < p->mu) {
      sum += p->w[i];
      square += p->w[i] * p->w[i];
    } else {
      sum_minus += p->w[i];
      square_minus += p->w[i] * p->w[i];
    }
  }
  p->mueff = sum * sum / square;
  double mueff_minus = sum_minus * sum_minus / square_minus;
  p->cc = (4 + p->mueff / d) / (d + 4 + 2 * p->mueff / d);
  p->cs = (p->mueff + 2) / (d + p->mueff + 5);
  p->c1 = 2 / ((d + 1.3) * (d + 1.3) + p->mueff);
  p->cmu =
      fmin(1 - p->c1, 2 * (0.25 + p->mueff + 1 / p->mueff - 2) / ((d + 2) * (d + 2) + p->mueff));
  p->ds = 1 + 2 * fmax(0, sqrt((p->mueff - 1) / (d + 1)) - 1) + p->cs;
  p->chi = sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));
  double alpha = fmin(1 + p->c1 / p->cmu, 1 + 2 * mueff_minus / (p->mueff + 2));
  alpha = fmin(alpha, (1 - p->c1 - p->cmu) / (d * p->cmu));
  for (int32_t i = 0; i < p->lambda; i++)
    p->w[i] *= i < p->mu ? 1 / sum : -alpha / sum_minus; /* sum_minus < 0: stays negative */
}

static gm_status cma_open(cma *w)
{
  ptrdiff_t d = w->d;
  w->block = gm_alloc(w->c.ctx, 8 * d + 2 * d * d + HISTORY_MOST, sizeof *w->block);
  if (!w->block) return gm_fail(w->c.ctx, GM_ENOMEM, "CMA-ES in %td dimensions", d);
  double *b = w->block;
  double **vector[] = {&w->mean, &w->ps,    &w->pc,      &w->axis,
                       &w->work, &w->work2, &w->penalty, &w->best_z};
  for (int i = 0; i < 8; i++, b += d) *vector[i] = b;
  w->cov = b;
  w->b = b + d * d;
  w->history = w->b + d * d;
  return GM_OK;
}

static void run_close(cma *w)
{
  gm_free(w->block_run);
  gm_free(w->number);
  gm_free(w->order);
  w->block_run = NULL;
  w->number = NULL;
  w->order = NULL;
}

/* Room for a population; one member more for the check of the mean. */
static gm_status run_open(cma *w, int32_t lambda)
{
  ptrdiff_t n = lambda, d = w->d, k = (w->c.t->noisy ? w->o.replicates_max : 1) * (n + 1);
  run_close(w);
  w->block_run = gm_alloc(w->c.ctx, n * (2 * d + 3) + k * (d + 2), sizeof *w->block_run);
  w->number = gm_alloc(w->c.ctx, k, sizeof *w->number);
  w->order = gm_alloc(w->c.ctx, 2 * n, sizeof *w->order);
  if (!w->block_run || !w->number || !w->order)
    return gm_fail(w->c.ctx, GM_ENOMEM, "CMA-ES with a population of %d", (int)lambda);
  w->y = w->block_run;
  w->z = w->y + n * d;
  w->f = w->z + n * d;
  w->f_inside = w->f + n;
  w->p.w = w->f_inside + n;
  w->copies = w->p.w + n;
  w->lp = w->copies + k * d;
  w->ll = w->lp + k;
  w->p.lambda = lambda;
  weights_set(&w->p, d);
  return GM_OK;
}

static void cma_close(cma *w)
{
  run_close(w);
  gm_free(w->block);
  gm__calib_close(&w->c);
}

/* ---- values ---------------------------------------------------------------------------- */
static double inside(const gm_target *t, int32_t i, double x)
{
  if (t->lower) x = fmax(x, t->lower[i]);
  if (t->upper) x = fmin(x, t->upper[i]);
  return x;
}

/* f[n] = -log density at the places inside of z[n][d]. Noisy: -ln of the mean likelihood of the
 * replicates, whose numbers are fresh. ll_out[n] may be NULL. */
static gm_status values(cma *w, int32_t n, const double *z, double *f, double *ll_out)
{
  ptrdiff_t d = w->d, k = w->c.t->noisy ? w->replicates : 1;
  for (ptrdiff_t m = 0; m < n; m++)
    for (ptrdiff_t r = 0; r < k; r++) {
      for (int32_t i = 0; i < w->d; i++)
        w->copies[(m * k + r) * d + i] = inside(w->c.t, i, z[m * d + i]);
      w->number[m * k + r] = gm_hash64(gm_hash64(w->key.v[0], UINT64_C(0xc3a)), w->asked++);
    }
  gm_status s = gm__calib_loglik(&w->c, (int32_t)(n * k), w->copies, w->number, w->lp, w->ll);
  for (ptrdiff_t m = 0; m < n && !s; m++) {
    double ll = gm_stats_log_sum_exp((int32_t)k, w->ll + m * k) - log((double)k);
    f[m] = ll > -INFINITY ? -(ll + (w->o.common.likelihood ? 0 : w->lp[m * k])) : INFINITY;
    if (ll_out) ll_out[m] = ll;
  }
  return s;
}

static int by_value(const void *a, const void *b)
{
  const rank *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->member < y->member ? -1 : x->member > y->member;
}

static int by_number(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* ---- bounds ----------------------------------------------------------------------------- */
/* Weights of the penalty: begun when the mean leaves the bounds, from the spread of the values;
 * raised while it stays far outside. */
static gm_status penalty_adapt(cma *w)
{
  const gm_target *t = w->c.t;
  int32_t d = w->d, count = 0;
  bool out = false;
  double trace = 0;
  if (!t->lower && !t->upper) return GM_OK;
  for (int32_t i = 0; i < d; i++) {
    out = out || inside(t, i, w->mean[i]) != w->mean[i];
    trace += w->cov[(ptrdiff_t)i * d + i] / d;
  }
  if (out && !w->penalty_on) {
    double *v = w->lp;
    for (int32_t m = 0; m < w->p.lambda; m++)
      if (isfinite(w->f_inside[m])) v[count++] = w->f_inside[m];
    qsort(v, (size_t)count, sizeof *v, by_number);
    double range = count > 3 ? v[3 * count / 4] - v[count / 4] : 1;
    for (int32_t i = 0; i < d; i++)
      w->penalty[i] = 2 * fmax(range, 1e-12) / (w->sigma * w->sigma * trace);
    w->penalty_on = count > 3;
  }
  for (int32_t i = 0; i < d && w->penalty_on; i++) {
    double away = fabs(w->mean[i] - inside(t, i, w->mean[i]));
    double width = w->sigma * sqrt(w->cov[(ptrdiff_t)i * d + i]);
    if (away > 3 * width * fmax(1, sqrt(d) / w->p.mueff))
      w->penalty[i] *= pow(1.1, fmax(1, w->p.mueff / (10.0 * d)));
  }
  return GM_OK;
}

static double penalty(const cma *w, const double *z)
{
  double sum = 0, log_mean = 0;
  if (!w->penalty_on) return 0;
  for (ptrdiff_t i = 0; i < w->d; i++) log_mean += log(w->cov[i * w->d + i]) / w->d;
  for (ptrdiff_t i = 0; i < w->d; i++) {
    double away = z[i] - inside(w->c.t, (int32_t)i, z[i]);
    double xi = exp(0.9 * (log(w->cov[i * w->d + i]) - log_mean));
    sum += w->penalty[i] * away * away / xi;
  }
  return sum / w->d;
}

/* ---- a generation ------------------------------------------------------------------------ */
static void sample(cma *w)
{
  ptrdiff_t d = w->d;
  for (ptrdiff_t m = 0; m < w->p.lambda; m++) {
    double four[4];
    for (ptrdiff_t i = 0; i < d; i++) {
      if (i % 4 == 0)
        gm_normal4(w->key, (uint64_t)m, (uint64_t)w->generation, gm_kind_draw(20, (uint32_t)w->run),
                   (uint64_t)i / 4, four);
      w->work[i] = w->axis[i] * four[i % 4];
    }
    gm_la_mul_vec(w->d, w->d, w->b, w->work, w->y + m * d);
    for (ptrdiff_t i = 0; i < d; i++) w->z[m * d + i] = w->mean[i] + w->sigma * w->y[m * d + i];
  }
}

static gm_status value_population(cma *w)
{
  ptrdiff_t d = w->d;
  gm_status s = values(w, w->p.lambda, w->z, w->f_inside, NULL);
  if (!s) s = penalty_adapt(w);
  for (ptrdiff_t m = 0; m < w->p.lambda && !s; m++) {
    w->f[m] = w->f_inside[m] + penalty(w, w->z + m * d);
    w->order[m] = (rank){w->f[m], (int32_t)m};
    if (w->c.t->noisy || !(w->f_inside[m] < w->best)) continue;
    w->best = w->f_inside[m];
    for (int32_t i = 0; i < w->d; i++) w->best_z[i] = inside(w->c.t, i, w->z[m * d + i]);
  }
  if (!s) qsort(w->order, (size_t)w->p.lambda, sizeof *w->order, by_value);
  return s;
}

/* Values the best half's every other member again. Where the mean change of rank is above a fifth
 * of the population, noise decides: more replicates; below a tenth fewer. */
static gm_status noise_check(cma *w)
{
  int32_t n = w->p.lambda, checked = n / 4 > 2 ? n / 4 : 2;
  double change = 0;
  if (!w->c.t->noisy || w->generation % 3) return GM_OK;
  for (int32_t k = 0; k < checked; k++) {
    int32_t at = k * n / checked;
    double again;
    gm_status s = values(w, 1, w->z + (ptrdiff_t)w->order[at].member * w->d, &again, NULL);
    if (s) return s;
    again += penalty(w, w->z + (ptrdiff_t)w->order[at].member * w->d);
    int32_t place = 0;
    for (int32_t m = 0; m < n; m++) place += m != at && w->order[m].value < again;
    change += abs(place - at) / (double)(checked * n);
  }
  if (change > 0.2) w->replicates = w->replicates * 3 / 2 + 1;
  if (change < 0.1) w->replicates = w->replicates * 3 / 4;
  if (w->replicates < 1) w->replicates = 1;
  if (w->replicates > w->o.replicates_max) w->replicates = w->o.replicates_max;
  return GM_OK;
}

/* out = C^(-1/2) y */
static void whiten(const cma *w, const double *y, double *scratch, double *out)
{
  gm_la_tmul_vec(w->d, w->d, w->b, y, scratch);
  for (int32_t i = 0; i < w->d; i++) scratch[i] /= w->axis[i];
  gm_la_mul_vec(w->d, w->d, w->b, scratch, out);
}

static void covariance_update(cma *w, bool hold)
{
  ptrdiff_t d = w->d;
  const weights *p = &w->p;
  double sum = 0;
  for (int32_t k = 0; k < p->lambda; k++) sum += p->w[k];
  double keep = 1 - p->c1 - p->cmu * sum + (hold ? p->c1 * p->cc * (2 - p->cc) : 0);
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j <= i; j++) {
      double *a = &w->cov[i * d + j];
      *a = keep * *a + p->c1 * w->pc[i] * w->pc[j];
    }
  for (int32_t k = 0; k < p->lambda; k++) {
    const double *y = w->y + (ptrdiff_t)w->order[k].member * d;
    double share = p->w[k] * p->cmu;
    if (!isfinite(w->order[k].value)) continue; /* an impossible point tells nothing of shape */
    if (share < 0) { /* eq. 46: a long step away gets no more than its part */
      whiten(w, y, w->work, w->work2);
      share *= (double)d / fmax(1e-300, gm_la_dot(w->d, w->work2, w->work2));
    }
    for (ptrdiff_t i = 0; i < d; i++)
      for (ptrdiff_t j = 0; j <= i; j++) w->cov[i * d + j] += share * y[i] * y[j];
  }
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < i; j++) w->cov[j * d + i] = w->cov[i * d + j];
}

static void update(cma *w)
{
  ptrdiff_t d = w->d;
  const weights *p = &w->p;
  double *step = w->work; /* weighted mean of the best steps */
  memset(step, 0, (size_t)d * sizeof *step);
  for (int32_t k = 0; k < p->mu; k++)
    for (ptrdiff_t i = 0; i < d; i++)
      step[i] += p->w[k] * w->y[(ptrdiff_t)w->order[k].member * d + i];
  double cs = sqrt(p->cs * (2 - p->cs) * p->mueff), cc = sqrt(p->cc * (2 - p->cc) * p->mueff);
  double *white = w->work2, *scratch = w->copies; /* copies: free between batches */
  whiten(w, step, scratch, white);
  for (ptrdiff_t i = 0; i < d; i++) {
    w->mean[i] += w->sigma * step[i];
    w->ps[i] = (1 - p->cs) * w->ps[i] + cs * white[i];
  }
  double length = gm_la_norm(w->d, w->ps);
  double begun = 1 - pow(1 - p->cs, 2.0 * (w->generation + 1));
  bool hold = !(length / sqrt(begun) < (1.4 + 2 / (d + 1.0)) * p->chi); /* h_sigma = 0 */
  for (ptrdiff_t i = 0; i < d; i++) w->pc[i] = (1 - p->cc) * w->pc[i] + (hold ? 0 : cc * step[i]);
  covariance_update(w, hold); /* eq. 45: where p_c is held, the variance that it lacks is added */
  w->sigma *= exp(fmin(1, p->cs / p->ds * (length / p->chi - 1)));
}

static gm_status axes_update(cma *w)
{
  ptrdiff_t d = w->d;
  double gap = 1 / (w->p.c1 + w->p.cmu) / (double)d / 10;
  if (w->generation && w->generation - w->eigen_at < gap) return GM_OK;
  w->eigen_at = w->generation;
  gm_status s = gm_la_eigen(w->c.ctx, w->d, w->cov, w->axis, w->b);
  if (s) return s;
  for (ptrdiff_t i = 0; i < d; i++) {
    if (!(w->axis[i] > 0) || w->axis[d - 1] > 1e14 * w->axis[i]) w->stuck = true;
    w->axis[i] = sqrt(fmax(w->axis[i], 1e-300));
  }
  return GM_OK;
}

/* ---- a run ------------------------------------------------------------------------------- */
/* No more to be had: values alike over a stretch, or steps too small. */
static bool ended(cma *w)
{
  int32_t stretch = 10 + (int32_t)ceil(30.0 * w->d / w->p.lambda), g = w->generation;
  double low = INFINITY, high = -INFINITY, size = 0, scale = 0;
  for (int32_t i = 0; i < w->d; i++) {
    double s = w->sigma * fmax(sqrt(w->cov[(ptrdiff_t)i * w->d + i]), fabs(w->pc[i]));
    size = fmax(size, s / (1 + fabs(w->mean[i])));
    scale = fmax(scale, w->sigma * w->axis[i]);
  }
  if (size < w->o.common.step_tolerance) w->converged = true;
  if (g >= stretch) {
    for (int32_t k = g - stretch; k < g; k++) {
      low = fmin(low, w->history[k % HISTORY_MOST]);
      high = fmax(high, w->history[k % HISTORY_MOST]);
    }
    for (int32_t m = 0; m < w->p.lambda; m++) high = fmax(high, w->f[m]);
    if (high - low <= w->o.value_tolerance) w->converged = true;
  }
  if (!isfinite(w->sigma) || w->sigma > 1e8 * w->o.sigma || !(scale > 0)) w->stuck = true;
  int32_t most = 100 + (int32_t)(150.0 * (w->d + 3) * (w->d + 3) / sqrt(w->p.lambda));
  return w->converged || w->stuck || g >= most;
}

static bool budget_left(const cma *w)
{
  if (w->o.use_target && -w->best >= w->o.target && !w->c.t->noisy) return false;
  return w->c.evaluations < w->o.evaluations_max;
}

static gm_status run_begin(cma *w, const double *start)
{
  ptrdiff_t d = w->d;
  memcpy(w->mean, start, (size_t)d * sizeof *start);
  memset(w->ps, 0, (size_t)d * sizeof *start);
  memset(w->pc, 0, (size_t)d * sizeof *start);
  memset(w->cov, 0, (size_t)(d * d) * sizeof *start);
  for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] = 1;
  w->sigma = w->o.sigma;
  w->generation = w->eigen_at = 0;
  w->penalty_on = w->converged = w->stuck = false;
  w->replicates = 1;
  w->best = INFINITY;
  memcpy(w->best_z, w->mean, (size_t)d * sizeof *start);
  return GM_OK;
}

/* Noisy: the mean of the search is its answer, valued with the most replicates. */
static gm_status mean_check(cma *w)
{
  for (int32_t i = 0; i < w->d; i++) w->best_z[i] = inside(w->c.t, i, w->mean[i]);
  w->replicates = w->o.replicates_max;
  return values(w, 1, w->best_z, &w->best, &w->best_ll);
}

static gm_status run(cma *w, const double *start, bool *cancelled)
{
  gm_status s = run_begin(w, start);
  while (!s && budget_left(w)) {
    *cancelled = gm_watch_stop(w->c.watch);
    if (*cancelled) break;
    s = axes_update(w);
    if (s || w->stuck) break;
    sample(w);
    s = value_population(w);
    if (!s) s = noise_check(w);
    if (s) break;
    w->history[w->generation % HISTORY_MOST] = w->order[0].value;
    if (w->order[0].value < INFINITY)
      update(w);
    else
      w->sigma *= 0.7; /* all impossible: nearer to the start */
    w->generation++;
    if (ended(w)) break;
    gm_watch_progress(w->c.watch, "CMA-ES",
                      (double)w->c.evaluations / (double)w->o.evaluations_max);
  }
  if (w->o.use_target && -w->best >= w->o.target) w->converged = true;
  if (!s && w->c.t->noisy) s = mean_check(w);
  return s;
}

static gm_status options_check(const cma *w)
{
  const gm_multistart_options *o = &w->o.common;
  if (o->starts < 1 || o->starts > 20 || w->o.population < 4 || !(w->o.sigma > 0) ||
      w->o.replicates_max < 1 || w->o.evaluations_max < w->o.population || o->start_given < 0 ||
      (o->start_given > 0 && !o->start) || w->o.value_tolerance < 0)
    return gm_fail(w->c.ctx, GM_ERANGE,
                   "CMA-ES: %d runs (1 to 20), population %d (4 or more), sigma %g", (int)o->starts,
                   (int)w->o.population, w->o.sigma);
  return GM_OK;
}

static gm_status options_set(cma *w, const gm_cma_options *options)
{
  const gm_target *t = w->c.t;
  gm_multistart_options *o = &w->o.common;
  if (options) w->o = *options;
  if (!o->starts) o->starts = 1;
  if (o->step_tolerance == 0) o->step_tolerance = 1e-9;
  if (!w->o.population) w->o.population = 4 + (int32_t)(3 * log(t->dim));
  if (w->o.sigma == 0) w->o.sigma = 0.5;
  if (w->o.value_tolerance == 0) w->o.value_tolerance = 1e-9;
  if (!w->o.evaluations_max) w->o.evaluations_max = 10000 * (int64_t)(t->dim + 5);
  if (!w->o.replicates_max) w->o.replicates_max = 64;
  w->d = t->dim;
  w->key = gm__calib_key(o->key, GM_PURPOSE_SEARCH);
  w->c.watch = o->watch;
  return options_check(w);
}

/* All runs; their ends in ends[] with places in z. */
static gm_status runs(cma *w, const double *start, double *z, gm__end *ends, int32_t *done,
                      bool *cancelled)
{
  int64_t lambda = w->o.population;
  gm_status s = GM_OK;
  for (*done = 0; *done < w->o.common.starts && !*cancelled && !s; lambda *= 2) {
    ptrdiff_t at = (ptrdiff_t)*done * w->d;
    if (*done && !budget_left(w)) break;
    w->run = *done;
    s = run_open(w, (int32_t)lambda);
    if (!s) s = run(w, start + at, cancelled);
    if (s) break;
    memcpy(z + at, w->best_z, (size_t)w->d * sizeof *z);
    double lp = w->o.common.likelihood ? 0 : gm__target_log_prior(w->c.t, w->best_z);
    ends[(*done)++] = (gm__end){
        .z = z + at, .value = -w->best, .loglik = -w->best - lp, .converged = w->converged};
  }
  return s;
}

static void describe(const cma *w, bool cancelled, gm_optima *r)
{
  r->method = w->c.t->noisy ? "CMA-ES with replicates" : "CMA-ES";
  r->rung = w->c.t->noisy ? "noisy likelihood" : "likelihood";
  r->iterations = w->generation;
  r->cancelled = cancelled;
  if (!cancelled) return;
  r->converged = false;
  r->verdict = "not converged: stopped before its end";
}

gm_status gm_cma(gm_ctx *ctx, const gm_target *t, const gm_cma_options *options, gm_optima **out)
{
  cma w = {.c = {.ctx = ctx, .t = t}};
  gm_optima *r = NULL;
  double *block = NULL;
  gm__end *ends = NULL;
  int32_t done = 0;
  bool cancelled = false;
  gm_status s = gm__target_check(ctx, t, true);
  if (!s) s = options_set(&w, options);
  if (!s) s = cma_open(&w);
  if (s) goto out;
  ptrdiff_t n = w.o.common.starts, d = w.d;
  block = gm_alloc(ctx, 2 * n * d, sizeof *block);
  ends = gm_alloc(ctx, n, sizeof *ends);
  if (!block || !ends) {
    s = gm_fail(ctx, GM_ENOMEM, "CMA-ES: %td runs", n);
    goto out;
  }
  s = gm__calib_spread(&w.c, &w.o.common, (int32_t)n, block);
  if (!s) s = runs(&w, block, block + n * d, ends, &done, &cancelled);
  if (!s && cancelled && (!done || ends[0].value == -INFINITY))
    s = gm_fail(ctx, GM_ECANCELLED, "CMA-ES: stopped before its first generation");
  if (!s) s = gm__optima_make(&w.c, done, ends, w.o.common.same, &r);
  if (s) goto out;
  describe(&w, cancelled, r);
  *out = r;
out:
  gm_free(block);
  gm_free(ends);
  cma_close(&w);
  return s;
}
