/* calib_abc.c - population Monte Carlo for models that can only be simulated.
 * Beaumont, Cornuet, Marin & Robert, Biometrika 96:983 (2009): each generation draws from the last
 * one, perturbed by a normal with twice its covariance, keeps what falls within the tolerance and
 * weighs it by prior over proposal density. The tolerance is a quantile of the last distances (Del
 * Moral, Doucet & Jasra, Stat. Comput. 22:1009, 2012). Candidates are judged in the order of their
 * numbers, so that a batch's size changes nothing but how many are run in vain. A generation that
 * is not whole is thrown away. */
#include "methods/calib_internal.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

enum { GENERATIONS_MAX = 100 };

typedef struct {
  double *z, *s, *distance, *weight; /* [n][d], [n][k], [n], [n] */
  double tolerance;
} generation;

typedef struct {
  gm__calib c;
  gm_abc_options o;
  gm_key move, prior;
  int32_t n, d, k, stage;
  generation now, next;
  double *z1, *s1;        /* a batch of candidates */
  double *mean, *cov, *l; /* of the proposals */
  double *white, *scale, *column, *step;
  double *block;
  uint64_t *replicate;
  int32_t *candidate; /* [n] numbers of the batch's runs that were made */
  double acceptance;
} abc;

static gm_status options_check(const abc *w)
{
  gm_ctx *ctx = w->c.ctx;
  const gm_target *t = w->c.t;
  if (!t->simulate || !t->observed || t->summary_count < 1)
    return gm_fail(ctx, GM_EUNSUPPORTED, "ABC: the target cannot simulate summaries");
  if (w->n < 2 * w->d + 2 || !(w->o.quantile > 0 && w->o.quantile < 1) ||
      !(w->o.acceptance_least > 0 && w->o.acceptance_least < 1) || w->o.tolerance_target < 0 ||
      w->o.simulations_max < w->n)
    return gm_fail(ctx, GM_ERANGE, "ABC: %d particles, quantile %g, acceptance %g, %lld runs",
                   (int)w->n, w->o.quantile, w->o.acceptance_least,
                   (long long)w->o.simulations_max);
  for (int32_t i = 0; i < w->k; i++) {
    if (!isfinite(t->observed[i]))
      return gm_fail(ctx, GM_EDOMAIN, "ABC: observed summary %d is %g", (int)i + 1, t->observed[i]);
    if (w->o.scale && !(w->o.scale[i] > 0))
      return gm_fail(ctx, GM_ERANGE, "ABC: scale of summary %d is %g", (int)i + 1, w->o.scale[i]);
  }
  return GM_OK;
}

static gm_status options_set(abc *w, const gm_abc_options *options)
{
  const gm_target *t = w->c.t;
  if (options) w->o = *options;
  if (!w->o.n) w->o.n = 1000;
  if (w->o.quantile == 0) w->o.quantile = 0.5;
  if (w->o.acceptance_least == 0) w->o.acceptance_least = 0.01;
  if (!w->o.simulations_max) w->o.simulations_max = 200 * (int64_t)w->o.n;
  w->n = w->o.n;
  w->d = t->dim;
  w->k = t->summary_count;
  w->c.watch = w->o.watch;
  w->move = gm__calib_key(w->o.key, GM_PURPOSE_MOVE);
  w->prior = gm__calib_key(w->o.key, GM_PURPOSE_PRIOR);
  return options_check(w);
}

static gm_status abc_open(abc *w)
{
  ptrdiff_t n = w->n, d = w->d, k = w->k, most = d > k ? d : k;
  ptrdiff_t each = n * (d + k + 2);
  w->block = gm_alloc(w->c.ctx, 2 * each + n * (2 * d + k + 1) + 2 * d * d + d + k + most,
                      sizeof *w->block);
  w->replicate = gm_alloc(w->c.ctx, n, sizeof *w->replicate);
  w->candidate = gm_alloc(w->c.ctx, n, sizeof *w->candidate);
  if (!w->block || !w->replicate || !w->candidate)
    return gm_fail(w->c.ctx, GM_ENOMEM, "ABC of %td particles", n);
  double *b = w->block;
  generation *g[] = {&w->now, &w->next};
  for (int i = 0; i < 2; i++, b += each) {
    g[i]->z = b;
    g[i]->s = b + n * d;
    g[i]->distance = g[i]->s + n * k;
    g[i]->weight = g[i]->distance + n;
  }
  w->z1 = b;
  w->s1 = w->z1 + n * d;
  w->white = w->s1 + n * k;
  w->column = w->white + n * d;
  w->cov = w->column + n;
  w->l = w->cov + d * d;
  w->mean = w->l + d * d;
  w->scale = w->mean + d;
  w->step = w->scale + k;
  return GM_OK;
}

static void abc_close(abc *w)
{
  gm_free(w->block);
  gm_free(w->replicate);
  gm_free(w->candidate);
  gm__calib_close(&w->c);
}

static double distance(const abc *w, const double *s)
{
  double sum = 0;
  for (int32_t i = 0; i < w->k; i++) {
    double x = (s[i] - w->c.t->observed[i]) / w->scale[i];
    sum += x * x;
  }
  return isfinite(sum) ? sqrt(sum) : INFINITY;
}

static uint64_t replicate_of(const abc *w, uint64_t number)
{
  return gm_hash64(gm_hash64(w->move.v[0], (uint64_t)w->stage + UINT64_C(0xabc00000000)), number);
}

/* ---- first generation ------------------------------------------------------------------ */
/* Median absolute deviation of each summary; where that is 0, the standard deviation, then 1. */
static gm_status scale_set(abc *w)
{
  static const double half = 0.5;
  for (ptrdiff_t i = 0; i < w->k; i++) {
    int32_t count = 0;
    double median, mad, mean, variance;
    if (w->o.scale) {
      w->scale[i] = w->o.scale[i];
      continue;
    }
    for (ptrdiff_t m = 0; m < w->n; m++)
      if (isfinite(w->now.s[m * w->k + i])) w->column[count++] = w->now.s[m * w->k + i];
    if (count < 2)
      return gm_fail(w->c.ctx, GM_EDOMAIN, "ABC: summary %d is a number in %d of %d prior runs",
                     (int)i + 1, (int)count, (int)w->n);
    gm_status s = gm_stats_quantiles(w->c.ctx, count, w->column, NULL, 1, &half, &median);
    if (!s) s = gm_stats_mean(w->c.ctx, count, w->column, NULL, &mean, &variance);
    for (int32_t m = 0; m < count; m++) w->column[m] = fabs(w->column[m] - median);
    if (!s) s = gm_stats_quantiles(w->c.ctx, count, w->column, NULL, 1, &half, &mad);
    if (s) return s;
    w->scale[i] = mad > 0 ? mad : variance > 0 ? sqrt(variance) : 1;
  }
  return GM_OK;
}

static gm_status begin(abc *w)
{
  gm_status s = GM_OK;
  int32_t count = 0;
  for (ptrdiff_t m = 0; m < w->n && !s; m++) {
    s = gm__target_prior_draw(w->c.ctx, w->c.t, w->prior, (uint64_t)m, w->now.z + m * w->d);
    w->replicate[m] = replicate_of(w, (uint64_t)m);
  }
  if (!s) s = w->c.t->simulate(w->c.t->user, w->c.ctx, w->n, w->now.z, w->replicate, w->now.s);
  if (!s) s = scale_set(w);
  if (s) return s;
  w->c.evaluations = w->n;
  w->now.tolerance = 0;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    w->now.distance[m] = distance(w, w->now.s + m * w->k);
    count += isfinite(w->now.distance[m]);
    if (isfinite(w->now.distance[m])) w->now.tolerance = fmax(w->now.tolerance, w->now.distance[m]);
  }
  if (count < 2 * w->d + 2)
    return gm_fail(w->c.ctx, GM_EDOMAIN, "ABC: %d of %d runs of the prior came through", (int)count,
                   (int)w->n);
  for (ptrdiff_t m = 0; m < w->n; m++)
    w->now.weight[m] = isfinite(w->now.distance[m]) / (double)count;
  w->acceptance = (double)count / w->n;
  return GM_OK;
}

/* ---- further generations --------------------------------------------------------------- */
/* The proposals' factor l: of twice the weighted covariance. */
static gm_status shape_set(abc *w)
{
  ptrdiff_t d = w->d;
  gm_status s = gm_stats_covariance(w->c.ctx, w->n, w->d, w->now.z, w->now.weight, w->mean, w->cov);
  if (s) return s;
  for (ptrdiff_t i = 0; i < d * d; i++) w->cov[i] *= 2;
  for (ptrdiff_t i = 0; i < d; i++) w->cov[i * d + i] += 1e-12 * (1e-12 + w->cov[i * d + i]);
  return gm_la_cholesky(w->c.ctx, w->d, w->cov, w->l);
}

/* Distance below which the wanted share of the weight lies. */
static gm_status tolerance_next(abc *w, double *tolerance)
{
  double *x = w->column, *u = w->next.weight, sum = 0;
  int32_t count = 0;
  for (int32_t m = 0; m < w->n; m++) {
    if (!isfinite(w->now.distance[m])) continue;
    x[count] = w->now.distance[m];
    u[count++] = w->now.weight[m];
  }
  gm_status s = gm_stats_sort(w->c.ctx, count, x, u);
  if (s) return s;
  int32_t at = 0;
  while (at + 1 < count && (sum += u[at]) < w->o.quantile) at++;
  *tolerance = fmax(x[at], w->o.tolerance_target);
  return GM_OK;
}

/* Candidate `number` of this generation: a perturbed member of the last one. */
static void candidate_draw(abc *w, uint64_t number, const double *cumulated, double *z)
{
  uint64_t stage = (uint64_t)w->stage;
  double u = gm_uniform(w->move, number, stage, gm_kind_draw(1, 0), 0) * cumulated[w->n - 1];
  int32_t low = 0, high = w->n - 1;
  while (low < high) {
    int32_t middle = (low + high) / 2;
    if (cumulated[middle] < u)
      low = middle + 1;
    else
      high = middle;
  }
  double four[4];
  for (int32_t i = 0; i < w->d; i++) {
    if (i % 4 == 0) gm_normal4(w->move, number, stage, gm_kind_draw(2, 0), (uint64_t)i / 4, four);
    w->step[i] = four[i % 4];
  }
  for (ptrdiff_t i = 0; i < w->d; i++)
    z[i] =
        w->now.z[(ptrdiff_t)low * w->d + i] + gm_la_dot((int32_t)i + 1, w->l + i * w->d, w->step);
}

/* One batch of n candidates from number `first`; *taken members of the next generation so far. */
static gm_status batch(abc *w, uint64_t first, double tolerance, int32_t *taken, int64_t *judged)
{
  ptrdiff_t d = w->d, k = w->k;
  int32_t count = 0;
  for (int32_t m = 0; m < w->n; m++) {
    double *z = w->z1 + count * d;
    candidate_draw(w, first + (uint64_t)m, w->column, z);
    if (gm__target_log_prior(w->c.t, z) == -INFINITY) continue;
    w->replicate[count] = replicate_of(w, first + (uint64_t)m);
    w->candidate[count++] = m;
  }
  gm_status s = GM_OK;
  if (count) s = w->c.t->simulate(w->c.t->user, w->c.ctx, count, w->z1, w->replicate, w->s1);
  if (s) return s;
  w->c.evaluations += count;
  *judged += w->n;
  for (int32_t m = 0; m < count && *taken < w->n; m++) {
    double away = distance(w, w->s1 + m * k);
    if (!(away <= tolerance)) continue;
    ptrdiff_t at = (*taken)++;
    memcpy(w->next.z + at * d, w->z1 + m * d, (size_t)d * sizeof *w->z1);
    memcpy(w->next.s + at * k, w->s1 + m * k, (size_t)k * sizeof *w->s1);
    w->next.distance[at] = away;
    if (*taken == w->n) *judged += w->candidate[m] + 1 - w->n;
  }
  return GM_OK;
}

/* Prior over the density of the proposals, in whitened places. */
static gm_status weigh(abc *w)
{
  ptrdiff_t d = w->d;
  for (ptrdiff_t m = 0; m < w->n; m++)
    gm_la_solve_lower(w->d, w->l, w->now.z + m * d, w->white + m * d);
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double *x = w->step, sum = 0;
    gm_la_solve_lower(w->d, w->l, w->next.z + m * d, x);
    for (ptrdiff_t j = 0; j < w->n; j++) {
      double square = 0;
      if (w->now.weight[j] == 0) continue;
      for (ptrdiff_t i = 0; i < d; i++) {
        double a = x[i] - w->white[j * d + i];
        square += a * a;
      }
      sum += w->now.weight[j] * exp(-0.5 * square);
    }
    w->next.weight[m] = gm__target_log_prior(w->c.t, w->next.z + m * d) - log(sum);
  }
  return gm_stats_normalise_log(w->c.ctx, w->n, w->next.weight, w->next.weight, NULL);
}

/* *whole: the generation came to its end and is now `now`. */
static gm_status generation_run(abc *w, bool *whole)
{
  double tolerance, sum = 0;
  int32_t taken = 0;
  int64_t judged = 0;
  *whole = false;
  gm_status s = shape_set(w);
  if (!s) s = tolerance_next(w, &tolerance);
  if (s) return s;
  for (int32_t m = 0; m < w->n; m++) w->column[m] = sum += w->now.weight[m];
  for (uint64_t first = 0; taken < w->n; first += (uint64_t)w->n) {
    if (gm_watch_stop(w->c.watch)) return GM_OK;
    if (w->c.evaluations + w->n > w->o.simulations_max) return GM_OK;
    s = batch(w, first, tolerance, &taken, &judged);
    if (s) return s;
    if (taken < w->n && judged * w->o.acceptance_least > taken + 3 * sqrt(taken + 1.0))
      return GM_OK; /* fewer than the least share, beyond what chance does */
    gm_watch_progress(w->c.watch, "ABC", (double)w->c.evaluations / (double)w->o.simulations_max);
  }
  s = weigh(w);
  if (s) return s;
  generation old = w->now;
  w->now = w->next;
  w->next = old;
  w->now.tolerance = tolerance;
  w->acceptance = (double)w->n / (double)judged;
  *whole = true;
  return GM_OK;
}

/* ---- end ------------------------------------------------------------------------------- */
/* How far summary i of particle m is from the one observed, in its scale. */
static double summary_away(const abc *w, ptrdiff_t m, ptrdiff_t i)
{
  return (w->now.s[m * w->k + i] - w->c.t->observed[i]) / w->scale[i];
}

/* Weights by Epanechnikov's kernel in the distance; sums a[c][c], right[c][d] of the normal
 * equations. row[c]: scratch. */
static void regression_sums(abc *w, double *a, double *right, double *row)
{
  ptrdiff_t d = w->d, c = w->k + 1;
  for (ptrdiff_t m = 0; m < w->n; m++) {
    double near = w->now.distance[m] / w->now.tolerance;
    w->now.weight[m] *= isfinite(near) ? fmax(0, 1 - near * near) : 0;
    if (w->now.weight[m] == 0) continue;
    row[0] = 1;
    for (ptrdiff_t i = 1; i < c; i++) row[i] = summary_away(w, m, i - 1);
    for (ptrdiff_t i = 0; i < c; i++) {
      for (ptrdiff_t j = 0; j < c; j++) a[i * c + j] += w->now.weight[m] * row[i] * row[j];
      for (ptrdiff_t j = 0; j < d; j++)
        right[i * d + j] += w->now.weight[m] * row[i] * w->now.z[m * d + j];
    }
  }
  for (ptrdiff_t i = 1; i < c; i++) a[i * c + i] += 1e-9 * a[i * c + i] + 1e-300;
}

/* z - b (s - observed) with b from that regression, kept within the bounds. */
static gm_status adjust(abc *w)
{
  ptrdiff_t d = w->d, k = w->k, c = k + 1;
  double *a = gm_alloc(w->c.ctx, c * c + 2 * c * d + c, sizeof *a);
  if (!a) return gm_fail(w->c.ctx, GM_ENOMEM, "ABC: regression on %td summaries", k);
  double *right = a + c * c, *b = right + c * d, *row = b + c * d;
  regression_sums(w, a, right, row);
  gm_status s = gm_la_solve(w->c.ctx, (int32_t)c, a, (int32_t)d, right, b);
  for (ptrdiff_t m = 0; m < w->n && !s; m++) {
    if (w->now.weight[m] == 0) continue;
    for (ptrdiff_t j = 0; j < d; j++) {
      double *z = &w->now.z[m * d + j];
      for (ptrdiff_t i = 0; i < k; i++) *z -= b[(i + 1) * d + j] * summary_away(w, m, i);
      if (w->c.t->lower) *z = fmax(*z, w->c.t->lower[j]);
      if (w->c.t->upper) *z = fmin(*z, w->c.t->upper[j]);
    }
  }
  gm_free(a);
  return s;
}

static gm_status finish(abc *w, gm_particles *r)
{
  double sum = 0;
  if (w->o.adjust && w->stage > 1 && w->now.tolerance > 0) {
    gm_status s = adjust(w);
    if (s) return s;
  }
  for (int32_t m = 0; m < w->n; m++) sum += w->now.weight[m];
  memcpy(r->z, w->now.z, (size_t)w->n * (size_t)w->d * sizeof *r->z);
  memcpy(r->distance, w->now.distance, (size_t)w->n * sizeof *r->z);
  for (int32_t m = 0; m < w->n; m++) r->weight[m] = w->now.weight[m] / sum;
  r->tolerance = w->now.tolerance;
  r->acceptance = w->acceptance;
  r->evaluations = w->c.evaluations;
  r->stages = w->stage - 1;
  r->converged = w->o.tolerance_target > 0 && r->tolerance <= w->o.tolerance_target;
  if (r->cancelled)
    r->verdict = "approximate: stopped before its end";
  else if (r->converged)
    r->verdict = "approximate: posterior of the wanted tolerance, not of the data itself";
  else
    r->verdict = "approximate: the runs allowed for ended at the tolerance named";
  return gm__particles_finish(w->c.ctx, r);
}

gm_status gm_abc(gm_ctx *ctx, const gm_target *t, const gm_abc_options *options, gm_particles **out)
{
  abc w = {.c = {.ctx = ctx, .t = t}};
  gm_particles *r = NULL;
  gm_status s = gm__target_check(ctx, t, false);
  if (!s) s = options_set(&w, options);
  if (!s) s = abc_open(&w);
  if (!s) s = gm__particles_new(ctx, w.n, w.d, &r);
  if (!s) s = begin(&w);
  bool whole = true;
  for (w.stage = 1; !s && whole && w.stage < GENERATIONS_MAX; w.stage++) {
    if (w.o.tolerance_target > 0 && w.now.tolerance <= w.o.tolerance_target) break;
    s = generation_run(&w, &whole);
    if (!whole) break;
  }
  if (s) goto out;
  r->method = w.o.adjust ? "ABC-SMC with regression" : "ABC-SMC";
  r->rung = "simulation only";
  r->cancelled = gm_watch_stop(w.c.watch);
  s = finish(&w, r);
out:
  abc_close(&w);
  if (s)
    gm_particles_free(r);
  else
    *out = r;
  return s;
}
