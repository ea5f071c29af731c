/* calib_nuts_chain.c - one chain of the no-U-turn sampler.
 * Hoffman & Gelman, JMLR 15:1593 (2014): doubling, U-turns, dual averaging (algorithm 6).
 * Betancourt, arXiv:1701.02434 (2017): multinomial choice with a biased progressive step between
 * subtrees, the U-turn by the sum of the momenta. The trees are grown leaf by leaf with one kept
 * momentum for each level (Phan, Pradhan & Jankowiak, arXiv:1912.11554; Lao & Dillon 2019): leaf k
 * closes the subtrees that end at it, whose first leaves are the kept ones. */
#include "methods/calib_nuts.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

static const double energy_limit = 1000; /* an error of the energy above this is a divergence */

static size_t vector_bytes(const gm__nuts *s) { return (size_t)s->d * sizeof(double); }

static void point_copy(const gm__nuts *s, gm__nuts_point *to, const gm__nuts_point *from)
{
  memcpy(to->u, from->u, vector_bytes(s));
  memcpy(to->p, from->p, vector_bytes(s));
  memcpy(to->g, from->g, vector_bytes(s));
  to->lp = from->lp;
  to->ll = from->ll;
}

gm_status gm__nuts_open(gm_ctx *ctx, gm__nuts *s)
{
  ptrdiff_t d = s->d, points = 6 * 3 * d;
  ptrdiff_t count = points + 2 * GM__NUTS_DEPTH_MOST * d + 5 * d + 3 * d * d;
  s->block = gm_alloc(ctx, count, sizeof *s->block);
  if (!s->block) return gm_fail(ctx, GM_ENOMEM, "no-U-turn sampler in %d dimensions", (int)d);
  double *b = s->block;
  gm__nuts_point *p[] = {&s->now, &s->here, &s->left, &s->right, &s->chosen, &s->sub};
  for (int i = 0; i < 6; i++) {
    p[i]->u = b + 3 * i * d;
    p[i]->p = p[i]->u + d;
    p[i]->g = p[i]->p + d;
  }
  s->check_p = b + points;
  s->check_sum = s->check_p + GM__NUTS_DEPTH_MOST * d;
  s->sum = s->check_sum + GM__NUTS_DEPTH_MOST * d;
  s->sub_sum = s->sum + d;
  s->velocity = s->sub_sum + d;
  s->work = s->velocity + d;
  s->window_mean = s->work + d;
  s->window_cov = s->window_mean + d;
  s->metric = s->window_cov + d * d;
  s->factor = s->metric + d * d;
  return GM_OK;
}

void gm__nuts_close(gm__nuts *s) { gm_free(s->block); }

/* ---- metric -------------------------------------------------------------------------- */
/* velocity = M^-1 p */
static void velocity_set(gm__nuts *s, const double *p)
{
  if (s->dense)
    gm_la_mul_vec(s->d, s->d, s->metric, p, s->velocity);
  else
    for (int32_t i = 0; i < s->d; i++) s->velocity[i] = s->metric[i] * p[i];
}

static double kinetic(gm__nuts *s, const double *p)
{
  velocity_set(s, p);
  return 0.5 * gm_la_dot(s->d, p, s->velocity);
}

/* p ~ N(0, M): with M^-1 = L L^T, p = L^-T n. */
static void momentum_draw(gm__nuts *s, double *p)
{
  double four[4];
  uint32_t again = (uint32_t)s->probes;
  for (int32_t i = 0; i < s->d; i++) {
    if (i % 4 == 0)
      gm_normal4(s->key, s->chain, (uint64_t)s->iteration, gm_kind_draw(10, again), (uint64_t)i / 4,
                 four);
    p[i] = four[i % 4];
  }
  if (s->dense)
    gm_la_solve_lower_t(s->d, s->factor, p, p);
  else
    for (int32_t i = 0; i < s->d; i++) p[i] /= sqrt(s->metric[i]);
}

/* The window's covariance, drawn to a small unit matrix as in Stan, is the new inverse mass. */
static void metric_learn(gm__nuts *s)
{
  ptrdiff_t d = s->d, n = s->window_count;
  if (n < 3) return;
  double share = (double)n / (double)(n + 5), added = 1e-3 * 5 / (double)(n + 5);
  bool dense = s->dense_wanted || (s->dense_allowed && n >= 10 * d);
  if (dense) {
    for (ptrdiff_t k = 0; k < d * d; k++) s->window_cov[k] *= share / (double)(n - 1);
    for (ptrdiff_t i = 0; i < d; i++) s->window_cov[i * d + i] += added;
    if (!gm__la_cholesky(s->d, s->window_cov, s->factor)) {
      memcpy(s->metric, s->window_cov, (size_t)(d * d) * sizeof *s->metric);
      s->dense = true;
      return;
    }
    for (ptrdiff_t i = 0; i < d; i++) s->metric[i] = s->window_cov[i * d + i];
  } else {
    for (ptrdiff_t i = 0; i < d; i++)
      s->metric[i] = s->window_cov[i * d + i] * share / (double)(n - 1) + added;
  }
  s->dense = false;
}

static void window_clear(gm__nuts *s)
{
  s->window_count = 0;
  memset(s->window_mean, 0, vector_bytes(s));
  memset(s->window_cov, 0, vector_bytes(s) * (size_t)s->d);
}

static void window_add(gm__nuts *s, const double *u)
{
  ptrdiff_t d = s->d;
  double n = ++s->window_count;
  for (ptrdiff_t i = 0; i < d; i++) s->work[i] = u[i] - s->window_mean[i];
  for (ptrdiff_t i = 0; i < d; i++) s->window_mean[i] += s->work[i] / n;
  for (ptrdiff_t i = 0; i < d; i++)
    for (ptrdiff_t j = 0; j < d; j++)
      s->window_cov[i * d + j] += s->work[i] * s->work[j] * (n - 1) / n;
}

/* Stan's schedule: a first buffer, windows that double, a last buffer. */
static void windows_set(gm__nuts *s)
{
  s->buffer_first = 75;
  s->buffer_last = 50;
  s->window_size = 25;
  if (s->warmup < 150) {
    s->buffer_first = s->warmup * 15 / 100;
    s->buffer_last = s->warmup / 10;
    s->window_size = s->warmup - s->buffer_first - s->buffer_last;
  }
  s->window_end = s->buffer_first + s->window_size;
}

/* ---- step size ------------------------------------------------------------------------ */
static void averaging_begin(gm__nuts *s)
{
  s->da_mu = log(10 * s->epsilon);
  s->da_error = s->da_log_mean = 0;
  s->da_count = 0;
}

static void averaging_add(gm__nuts *s, double accept)
{
  const double gamma = 0.05, t0 = 10, kappa = 0.75; /* the paper's */
  double n = ++s->da_count, w = 1 / (n + t0);
  s->da_error = (1 - w) * s->da_error + w * (s->acceptance_target - accept);
  double x = s->da_mu - s->da_error * sqrt(n) / gamma, share = pow(n, -kappa);
  s->da_log_mean = share * x + (1 - share) * s->da_log_mean;
  s->epsilon = fmin(1e7, fmax(1e-12, exp(x)));
}

/* ---- iterations ------------------------------------------------------------------------ */
static void probe_begin(gm__nuts *s)
{
  s->phase = GM__NUTS_PROBE;
  s->probed = false;
  s->forward = true;
  point_copy(s, &s->now, &s->here);
  s->probes++;
  momentum_draw(s, s->now.p);
  s->energy = kinetic(s, s->now.p) - s->now.lp;
}

static void subtree_begin(gm__nuts *s)
{
  double u =
      gm_uniform(s->key, s->chain, (uint64_t)s->iteration, gm_kind_draw(11, 0), (uint64_t)s->depth);
  s->forward = u < 0.5;
  s->leaf = 0;
  s->leaf_count = 1 << s->depth;
  s->weight_sub = -INFINITY;
  memset(s->sub_sum, 0, vector_bytes(s));
  point_copy(s, &s->now, s->forward ? &s->right : &s->left);
}

static void iteration_begin(gm__nuts *s)
{
  s->phase = GM__NUTS_TREE;
  s->probes = 0;
  momentum_draw(s, s->here.p);
  s->energy = kinetic(s, s->here.p) - s->here.lp;
  point_copy(s, &s->left, &s->here);
  point_copy(s, &s->right, &s->here);
  point_copy(s, &s->chosen, &s->here);
  memcpy(s->sum, s->here.p, vector_bytes(s));
  s->weight_tree = 0;
  s->accept_sum = 0;
  s->depth = s->steps = 0;
  subtree_begin(s);
}

/* Warm-up after an iteration; true when the step size must be probed again. */
static bool warm(gm__nuts *s)
{
  int32_t k = s->iteration;
  averaging_add(s, s->steps ? s->accept_sum / s->steps : 0);
  if (k >= s->buffer_first && k < s->warmup - s->buffer_last) window_add(s, s->here.u);
  if (k + 1 == s->warmup) {
    s->epsilon = exp(s->da_log_mean);
    return false;
  }
  if (k + 1 != s->window_end) return false;
  metric_learn(s);
  window_clear(s);
  s->window_size *= 2;
  /* the last window takes what would be too short for one of its own */
  int32_t end = s->warmup - s->buffer_last;
  s->window_end = s->window_end + s->window_size;
  if (s->window_end + 2 * s->window_size > end) s->window_end = end;
  return true;
}

static void iteration_end(gm__nuts *s, bool diverged)
{
  point_copy(s, &s->here, &s->chosen);
  s->drawn = true;
  bool again = false;
  if (s->iteration < s->warmup) {
    again = warm(s);
  } else {
    s->accept_total += s->steps ? s->accept_sum / s->steps : 0;
    s->accept_count++;
    s->divergences += diverged;
    s->depth_hits += s->depth >= s->depth_max;
  }
  s->iteration++;
  if (s->iteration >= s->warmup + s->draws * s->thin)
    s->phase = GM__NUTS_DONE;
  else if (again)
    probe_begin(s);
  else
    iteration_begin(s);
}

/* U-turn of a stretch with momenta a and b at its ends and the sum of all of them. */
static bool turned(gm__nuts *s, const double *a, const double *b, const double *sum)
{
  for (int32_t i = 0; i < s->d; i++) s->work[i] = sum[i] - 0.5 * (a[i] + b[i]);
  velocity_set(s, a);
  if (gm_la_dot(s->d, s->velocity, s->work) <= 0) return true;
  velocity_set(s, b);
  return gm_la_dot(s->d, s->velocity, s->work) <= 0;
}

/* Closes the subtrees that end at this leaf. */
static bool subtree_turned(gm__nuts *s)
{
  ptrdiff_t d = s->d;
  int32_t level = 0, ends = 0, leaf = s->leaf;
  for (int32_t k = leaf >> 1; k; k >>= 1) level += k & 1;
  if (leaf % 2 == 0) {
    memcpy(s->check_p + level * d, s->now.p, vector_bytes(s));
    memcpy(s->check_sum + level * d, s->sub_sum, vector_bytes(s));
    return false;
  }
  for (int32_t k = leaf; k & 1; k >>= 1) ends++;
  double *part = s->sub.p; /* not otherwise used */
  for (int32_t k = level; k > level - ends; k--) {
    const double *first = s->check_p + k * d, *before = s->check_sum + k * d;
    for (ptrdiff_t i = 0; i < d; i++) part[i] = s->sub_sum[i] - before[i] + first[i];
    if (turned(s, first, s->now.p, part)) return true;
  }
  return false;
}

static double log_add(double a, double b)
{
  if (a == -INFINITY) return b;
  if (b == -INFINITY) return a;
  double top = fmax(a, b);
  return top + log1p(exp(-fabs(a - b)));
}

/* The subtree is whole: its draw may become the tree's; the tree may have turned. */
static void subtree_join(gm__nuts *s)
{
  double u =
      gm_uniform(s->key, s->chain, (uint64_t)s->iteration, gm_kind_draw(13, 0), (uint64_t)s->depth);
  if (log(u) < s->weight_sub - s->weight_tree) point_copy(s, &s->chosen, &s->sub);
  s->weight_tree = log_add(s->weight_tree, s->weight_sub);
  point_copy(s, s->forward ? &s->right : &s->left, &s->now);
  for (int32_t i = 0; i < s->d; i++) s->sum[i] += s->sub_sum[i];
  s->depth++;
  if (turned(s, s->left.p, s->right.p, s->sum) || s->depth >= s->depth_max)
    iteration_end(s, false);
  else
    subtree_begin(s);
}

static void leaf_add(gm__nuts *s, double gain)
{
  s->steps++;
  s->accept_sum += gain > 0 ? 1 : exp(gain);
  if (!(gain >= -energy_limit)) {
    iteration_end(s, true);
    return;
  }
  for (int32_t i = 0; i < s->d; i++) s->sub_sum[i] += s->now.p[i];
  s->weight_sub = log_add(s->weight_sub, gain);
  double u = gm_uniform(s->key, s->chain, (uint64_t)s->iteration,
                        gm_kind_draw(12, (uint32_t)s->depth), (uint64_t)s->leaf);
  if (log(u) < gain - s->weight_sub) {
    memcpy(s->sub.u, s->now.u, vector_bytes(s));
    memcpy(s->sub.g, s->now.g, vector_bytes(s));
    s->sub.lp = s->now.lp;
    s->sub.ll = s->now.ll;
  }
  if (subtree_turned(s)) {
    iteration_end(s, false);
    return;
  }
  if (++s->leaf == s->leaf_count) subtree_join(s);
}

/* The heuristic of the paper (algorithm 4): double or halve until the acceptance of one step
 * crosses the wanted one. */
static void probe_add(gm__nuts *s, double gain)
{
  bool good = gain > log(s->acceptance_target);
  bool crossed = s->probed && good != s->probing_up;
  if (!s->probed) s->probing_up = good;
  s->probed = true;
  if (crossed || s->probes > 100 || s->epsilon > 1e6 || s->epsilon < 1e-10) {
    averaging_begin(s);
    iteration_begin(s);
    return;
  }
  s->epsilon *= s->probing_up ? 2 : 0.5;
  bool up = s->probing_up;
  probe_begin(s);
  s->probed = true;
  s->probing_up = up;
}

void gm__nuts_begin(gm__nuts *s)
{
  s->epsilon = 1;
  s->iteration = 0;
  s->probes = 0;
  for (int32_t i = 0; i < s->d; i++) s->metric[i] = 1;
  window_clear(s);
  windows_set(s);
  probe_begin(s);
}

void gm__nuts_drift(gm__nuts *s)
{
  double step = s->forward ? s->epsilon : -s->epsilon;
  s->drawn = false;
  for (int32_t i = 0; i < s->d; i++) s->now.p[i] += 0.5 * step * s->now.g[i];
  velocity_set(s, s->now.p);
  for (int32_t i = 0; i < s->d; i++) s->now.u[i] += step * s->velocity[i];
}

void gm__nuts_arrive(gm__nuts *s)
{
  double step = s->forward ? s->epsilon : -s->epsilon;
  for (int32_t i = 0; i < s->d; i++) s->now.p[i] += 0.5 * step * s->now.g[i];
  double gain = s->energy - (kinetic(s, s->now.p) - s->now.lp);
  if (isnan(gain)) gain = -INFINITY;
  if (s->phase == GM__NUTS_PROBE)
    probe_add(s, gain);
  else
    leaf_add(s, gain);
}
