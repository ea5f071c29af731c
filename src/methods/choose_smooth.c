/* choose_smooth.c - what a measurement is worth, by smoothing gains on what it would show.
 * Penalised splines (Eilers & Marx, Stat. Sci. 11:89, 1996): 13 cubic B-splines a measure on the
 * normal scores of its ranks (so that no outlier moves the knots, and a normal measure enters
 * linearly), second differences penalised, and the products of the scores of pairs unpenalised.
 * Several measures have one smooth more, on their linear combination that explains most of a gain:
 * readings of one quantity tell by their mean, which no sum of smooths of each can follow.
 * Penalties by generalised cross-validation with degrees of freedom counted 1.4 times (Kim & Gu,
 * J. R. Stat. Soc. B 66:337, 2004), one measure after the other, twice. */
#include "gemel/math.h"
#include "methods/choose_internal.h"
#include "methods/fore_law.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { SPLINES = 13, PIECES = SPLINES - 3, MEMBERS_LEAST = 20, GRID = 17, DRAWS = 100 };

typedef struct {
  const gm__gains *g;
  int32_t n, d, columns;
  int32_t blocks;              /* smooths: d, and that of the combination where d > 1 */
  double size;                 /* effective number of members, the sum of weights below */
  double *design;              /* [n][columns] */
  double *score;               /* [n][blocks] normal scores */
  double *gram, *a, *l;        /* [columns][columns] */
  double *right, *beta, *work; /* [columns] */
  double *fit;                 /* [option][n] */
  double *beta_all, *l_all;    /* [option][columns], [option][columns][columns] */
  double *rest;                /* [option][n] residuals */
  double *residual;            /* [option][option] their covariance, then its factor */
} smooth;

/* ---- design --------------------------------------------------------------------------------- */
/* The first of the ascending v[n] that is not below x; x is one of them. */
static int32_t place(int32_t n, const double *v, double x)
{
  int32_t low = 0, high = n - 1;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (v[middle] < x)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Weighted mid-ranks of x[m * stride] as normal scores of block j. */
static gm_status normal_scores(gm_ctx *ctx, smooth *s, int32_t j, const double *x, int32_t stride)
{
  const double *w = s->g->weight;
  double *v = gm_alloc(ctx, 2 * (ptrdiff_t)s->n, sizeof *v), *cum = v ? v + s->n : NULL;
  if (!v) return gm_fail(ctx, GM_ENOMEM, "ranks of %d members", (int)s->n);
  int32_t k = 0, kinds = 0;
  for (int32_t m = 0; m < s->n; m++) {
    if (!(w[m] > 0)) continue;
    v[k] = x[(ptrdiff_t)m * stride];
    cum[k++] = w[m];
  }
  gm_status status = gm_stats_sort(ctx, k, v, cum);
  double before = 0;
  for (int32_t i = 0; i < k && !status; kinds++) { /* values and their mid-ranks, ties together */
    int32_t from = i;
    double tie = 0;
    for (; i < k && v[i] == v[from]; i++) tie += cum[i];
    v[kinds] = v[from];
    cum[kinds] = gm_norm_quantile(fmin(1 - 1e-12, fmax(1e-12, before + 0.5 * tie)));
    before += tie;
  }
  if (!status && kinds < 2)
    status = gm_fail(ctx, GM_ENUMERIC, "measure %d is the same for all members", (int)j);
  for (int32_t m = 0; m < s->n && !status; m++) {
    double score = w[m] > 0 ? cum[place(kinds, v, x[(ptrdiff_t)m * stride])] : 0;
    s->score[(ptrdiff_t)m * s->blocks + j] = score;
  }
  gm_free(v);
  return status;
}

/* Coefficients b[d] of the least squares of gain o on the scores; the variance they explain. */
static double linear_fit(const smooth *s, int32_t o, double *b)
{
  enum { SIDE = GM_WORTH_MEASURES_MAX };
  double a[SIDE * SIDE] = {0}, l[SIDE * SIDE], right[SIDE] = {0};
  const double *u = s->g->gain + (ptrdiff_t)o * s->n, *w = s->g->weight;
  double mean = gm_la_dot(s->n, u, w);
  for (int32_t m = 0; m < s->n; m++) { /* scores of ranks have mean 0 */
    const double *z = s->score + (ptrdiff_t)m * s->blocks;
    for (int32_t i = 0; i < s->d && w[m] > 0; i++) {
      right[i] += w[m] * z[i] * (u[m] - mean);
      for (int32_t j = 0; j <= i; j++) a[i * s->d + j] += w[m] * z[i] * z[j];
    }
  }
  for (int32_t i = 0; i < s->d; i++) a[i * s->d + i] += 1e-7; /* a measure given twice */
  if (gm__la_cholesky(s->d, a, l)) return 0;
  gm_la_solve_cholesky(s->d, l, right, b);
  return gm_la_dot(s->d, b, right);
}

static gm_status combination_score(gm_ctx *ctx, smooth *s)
{
  double b[GM_WORTH_MEASURES_MAX] = {1}, trial[GM_WORTH_MEASURES_MAX] = {0}, most = 0;
  double *v = gm_alloc(ctx, s->n, sizeof *v);
  if (!v) return gm_fail(ctx, GM_ENOMEM, "measures of %d members", (int)s->n);
  for (int32_t o = 0; o < s->g->c->option_count; o++) {
    double explained = linear_fit(s, o, trial);
    if (!(explained > most)) continue;
    most = explained;
    memcpy(b, trial, sizeof b);
  }
  for (int32_t m = 0; m < s->n; m++) v[m] = gm_la_dot(s->d, b, s->score + (ptrdiff_t)m * s->blocks);
  gm_status status = normal_scores(ctx, s, s->d, v, 1);
  gm_free(v);
  return status;
}

/* Cubic B-splines on equal pieces of [low, high] at z: 4 of SPLINES are not 0 (Eilers & Marx). */
static void splines(double low, double high, double z, double *out)
{
  double u = (z - low) / (high - low) * PIECES;
  int32_t piece = (int32_t)fmin(PIECES - 1, fmax(0, floor(u)));
  double t = u - piece, r = 1 - t;
  memset(out, 0, SPLINES * sizeof *out);
  out[piece] = r * r * r / 6;
  out[piece + 1] = (3 * t * t * t - 6 * t * t + 4) / 6;
  out[piece + 2] = (3 * r * r * r - 6 * r * r + 4) / 6;
  out[piece + 3] = t * t * t / 6;
}

static void make_design(smooth *s)
{
  for (int32_t j = 0; j < s->blocks; j++) {
    double low = INFINITY, high = -INFINITY;
    for (int32_t m = 0; m < s->n; m++) {
      low = fmin(low, s->score[(ptrdiff_t)m * s->blocks + j]);
      high = fmax(high, s->score[(ptrdiff_t)m * s->blocks + j]);
    }
    for (int32_t m = 0; m < s->n; m++)
      splines(low, high, s->score[(ptrdiff_t)m * s->blocks + j],
              s->design + (ptrdiff_t)m * s->columns + 1 + j * SPLINES);
  }
  for (int32_t m = 0; m < s->n; m++) {
    double *row = s->design + (ptrdiff_t)m * s->columns, *z = s->score + (ptrdiff_t)m * s->blocks;
    int32_t k = 1 + s->blocks * SPLINES;
    row[0] = 1;
    for (int32_t i = 0; i < s->d; i++)
      for (int32_t j = i + 1; j < s->d; j++) row[k++] = z[i] * z[j];
  }
}

static double weight_of(const smooth *s, int32_t m) { return s->g->weight[m] * s->size; }

static void make_gram(smooth *s)
{
  int32_t p = s->columns;
  memset(s->gram, 0, (size_t)p * (size_t)p * sizeof *s->gram);
  for (int32_t m = 0; m < s->n; m++) {
    const double *row = s->design + (ptrdiff_t)m * p;
    double w = weight_of(s, m);
    for (int32_t i = 0; i < p && w > 0; i++) {
      if (row[i] == 0) continue;
      for (int32_t j = 0; j <= i; j++) s->gram[i * p + j] += w * row[i] * row[j];
    }
  }
  for (int32_t i = 0; i < p; i++)
    for (int32_t j = 0; j < i; j++) s->gram[j * p + i] = s->gram[i * p + j];
}

/* ---- fitting -------------------------------------------------------------------------------- */
/* Gram + penalties, with a trace of a ridge: splines of a measure sum to the constant. */
static void penalised(const smooth *s, const double *penalty, double *a)
{
  int32_t p = s->columns;
  memcpy(a, s->gram, (size_t)p * (size_t)p * sizeof *a);
  for (int32_t i = 1; i < p; i++) a[i * p + i] += 1e-7 * s->size;
  for (int32_t j = 0; j < s->blocks; j++)
    for (int32_t k = 0; k + 2 < SPLINES; k++) {
      static const double difference[3] = {1, -2, 1};
      int32_t at = 1 + j * SPLINES + k;
      for (int32_t x = 0; x < 3; x++)
        for (int32_t y = 0; y < 3; y++)
          a[(at + x) * p + at + y] += penalty[j] * difference[x] * difference[y];
    }
}

/* Fits `right` under the penalties: factor to l, coefficients to beta, degrees of freedom to *edf;
 * returns the criterion, +inf where there is no factor. */
static double criterion(smooth *s, double square, const double *penalty, double *edf)
{
  int32_t p = s->columns;
  penalised(s, penalty, s->a);
  if (gm__la_cholesky(p, s->a, s->l)) return INFINITY;
  gm_la_solve_cholesky(p, s->l, s->right, s->beta);
  *edf = 0; /* trace of (gram + penalty)^-1 gram, column by column */
  for (int32_t i = 0; i < p; i++) {
    gm_la_solve_cholesky(p, s->l, s->gram + (ptrdiff_t)i * p, s->work);
    *edf += s->work[i];
  }
  double rest = square - 2 * gm_la_dot(p, s->beta, s->right) + gm_la_quadratic(p, s->gram, s->beta);
  double left = s->size - 1.4 * *edf;
  return left > 1 ? s->size * fmax(rest, 1e-14 * square) / (left * left) : INFINITY;
}

static double best_penalties(smooth *s, double square, double *penalty, double *edf)
{
  double best = INFINITY;
  for (int32_t j = 0; j < s->blocks; j++) penalty[j] = s->size;
  for (int32_t sweep = 0; sweep < (s->d > 1 ? 2 : 1); sweep++)
    for (int32_t j = 0; j < s->blocks; j++) {
      double kept = penalty[j];
      for (int32_t k = 0; k < GRID; k++) {
        double old = penalty[j];
        penalty[j] = s->size * pow(10, -5 + 0.75 * k);
        double v = criterion(s, square, penalty, edf);
        if (v < best) {
          best = v;
          kept = penalty[j];
        }
        penalty[j] = old;
      }
      penalty[j] = kept;
    }
  return criterion(s, square, penalty, edf);
}

/* Smooths the gain of option o; *edf is raised to its degrees of freedom. */
static gm_status smooth_option(gm_ctx *ctx, smooth *s, int32_t o, double *edf)
{
  int32_t p = s->columns, n = s->n;
  const double *u = s->g->gain + (ptrdiff_t)o * n;
  double penalty[GM_WORTH_MEASURES_MAX + 1], used = 0, square = 0;
  double *fit = s->fit + (ptrdiff_t)o * n, *rest = s->rest + (ptrdiff_t)o * n;
  memset(s->right, 0, (size_t)p * sizeof *s->right);
  for (int32_t m = 0; m < n; m++) {
    double w = weight_of(s, m) * u[m];
    square += w * u[m];
    for (int32_t i = 0; i < p; i++) s->right[i] += w * s->design[(ptrdiff_t)m * p + i];
  }
  if (!(square > 0)) { /* the base, or an option that is the same */
    return GM_OK;
  }
  if (!isfinite(best_penalties(s, square, penalty, &used)))
    return gm_fail(ctx, GM_ENUMERIC, "no smooth of option %d on %d measures with %g members",
                   (int)o, (int)s->d, s->size);
  memcpy(s->beta_all + (ptrdiff_t)o * p, s->beta, (size_t)p * sizeof *s->beta);
  memcpy(s->l_all + (ptrdiff_t)o * p * p, s->l, (size_t)p * (size_t)p * sizeof *s->l);
  for (int32_t m = 0; m < n; m++) {
    fit[m] = gm_la_dot(p, s->design + (ptrdiff_t)m * p, s->beta);
    rest[m] = (u[m] - fit[m]) * sqrt(s->size / fmax(1, s->size - used));
  }
  *edf = fmax(*edf, used);
  return GM_OK;
}

/* ---- error ---------------------------------------------------------------------------------- */
static void residual_factor(smooth *s)
{
  int32_t options = s->g->c->option_count;
  for (int32_t a = 0; a < options; a++)
    for (int32_t b = 0; b < options; b++) {
      double sum = 0;
      for (int32_t m = 0; m < s->n; m++)
        sum +=
            s->g->weight[m] * s->rest[(ptrdiff_t)a * s->n + m] * s->rest[(ptrdiff_t)b * s->n + m];
      s->residual[a * options + b] = sum;
    }
  /* semidefinite, with zero rows for options that are the same as the base: plain elimination */
  for (int32_t j = 0; j < options; j++) {
    double *row = s->residual + (ptrdiff_t)j * options, pivot = row[j];
    for (int32_t k = 0; k < j; k++) pivot -= row[k] * row[k];
    double root = pivot > 1e-12 * fabs(row[j]) ? sqrt(pivot) : 0;
    for (int32_t i = j + 1; i < options; i++) {
      double *r = s->residual + (ptrdiff_t)i * options, v = r[j];
      for (int32_t k = 0; k < j; k++) v -= r[k] * row[k];
      r[j] = root > 0 ? v / root : 0;
    }
    row[j] = root;
  }
}

/* One draw of all fits from the law of the coefficients, residuals of options correlated:
 * fit[option][n] into `fit`. */
static void draw_fits(smooth *s, gm_key key, int32_t draw, double *z, double *fit)
{
  int32_t options = s->g->c->option_count, p = s->columns;
  for (int32_t o = 0; o < options; o++)
    for (int32_t i = 0; i < p; i++)
      z[o * p + i] = gm_normal(key, (uint64_t)draw, (uint64_t)o, gm_kind_draw(GM__KIND_SMOOTH, 0),
                               (uint64_t)i);
  for (int32_t o = 0; o < options; o++) {
    double *to = fit + (ptrdiff_t)o * s->n;
    memset(to, 0, (size_t)s->n * sizeof *to);
    if (!(s->l_all[(ptrdiff_t)o * p * p] > 0)) continue;
    memset(s->work, 0, (size_t)p * sizeof *s->work);
    for (int32_t k = 0; k <= o; k++)
      for (int32_t i = 0; i < p; i++) s->work[i] += s->residual[o * options + k] * z[k * p + i];
    gm_la_solve_lower_t(p, s->l_all + (ptrdiff_t)o * p * p, s->work, s->work);
    for (int32_t i = 0; i < p; i++) s->work[i] += s->beta_all[(ptrdiff_t)o * p + i];
    for (int32_t m = 0; m < s->n; m++) to[m] = gm_la_dot(p, s->design + (ptrdiff_t)m * p, s->work);
  }
}

/* E max - max E of fits. */
static double worth_of(const smooth *s, const double *fit, double *error)
{
  int32_t best = 0;
  double top = -INFINITY;
  for (int32_t o = 0; o < s->g->c->option_count; o++) {
    double v = gm__gains_mean(s->g, fit + (ptrdiff_t)o * s->n, NULL);
    if (v > top) {
      top = v;
      best = o;
    }
  }
  return gm__gains_loss(s->g, fit, best, error);
}

static gm_status smoother_error(gm_ctx *ctx, smooth *s, gm_key key, double *error)
{
  ptrdiff_t options = s->g->c->option_count;
  double *fit = gm_alloc(ctx, options * s->n + options * s->columns, sizeof *fit);
  double sum = 0, square = 0;
  if (!fit) return gm_fail(ctx, GM_ENOMEM, "draws of the smooth");
  key.v[1] = GM_PURPOSE_BOOTSTRAP;
  residual_factor(s);
  for (int32_t k = 0; k < DRAWS; k++) {
    draw_fits(s, key, k, fit + options * s->n, fit);
    double v = worth_of(s, fit, NULL);
    sum += v;
    square += v * v;
  }
  gm_free(fit);
  *error = sqrt(fmax(0, square - sum * sum / DRAWS) / (DRAWS - 1));
  return GM_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */
static double *seat(gm_ctx *ctx, smooth *s)
{
  ptrdiff_t p = s->columns, n = s->n, options = s->g->c->option_count;
  double *b = gm_alloc(ctx,
                       n * p + n * s->blocks + 3 * p * p + 3 * p + 2 * options * n + options * p +
                           options * p * p + options * options,
                       sizeof *b);
  if (!b) return NULL;
  s->design = b;
  s->score = s->design + n * p;
  s->gram = s->score + n * s->blocks;
  s->a = s->gram + p * p;
  s->l = s->a + p * p;
  s->right = s->l + p * p;
  s->beta = s->right + p;
  s->work = s->beta + p;
  s->fit = s->work + p;
  s->rest = s->fit + options * n;
  s->beta_all = s->rest + options * n;
  s->l_all = s->beta_all + options * p;
  s->residual = s->l_all + options * p * p;
  return b;
}

static gm_status check(gm_ctx *ctx, const gm_choice *c, int32_t d, const double *x,
                       const gm__gains *g)
{
  int32_t count = 0;
  for (int32_t m = 0; m < c->member_count; m++) {
    count += g->weight[m] > 0;
    for (int32_t j = 0; j < d && g->weight[m] > 0; j++)
      if (!isfinite(x[(ptrdiff_t)m * d + j]))
        return gm_fail(ctx, GM_EDOMAIN, "measure %d of member %d is %g", (int)j, (int)m,
                       x[(ptrdiff_t)m * d + j]);
  }
  if (count < MEMBERS_LEAST)
    return gm_fail(ctx, GM_ERANGE, "worth of a measurement from %d members, at least %d",
                   (int)count, (int)MEMBERS_LEAST);
  return GM_OK;
}

static gm_status run(gm_ctx *ctx, smooth *s, const double *x, gm_key key, gm_worth *w)
{
  gm_status status = GM_OK;
  double sampling, smoothing = 0;
  for (int32_t j = 0; j < s->d && !status; j++) status = normal_scores(ctx, s, j, x + j, s->d);
  if (!status && s->d > 1) status = combination_score(ctx, s);
  if (status) return status;
  make_design(s);
  make_gram(s);
  for (int32_t o = 0; o < s->g->c->option_count && !status; o++)
    status = smooth_option(ctx, s, o, &w->edf);
  if (!status) status = smoother_error(ctx, s, key, &smoothing);
  if (status) return status;
  w->value = fmax(0, worth_of(s, s->fit, &sampling));
  w->error = sqrt(sampling * sampling + smoothing * smoothing);
  for (int32_t o = 0; o < s->g->c->option_count && w->share; o++) {
    const double *fit = s->fit + (ptrdiff_t)o * s->n;
    double between = s->g->parts[o].parameter + s->g->parts[o].model, error;
    gm__gains_mean(s->g, fit, &error);
    double variance = error * error * s->g->ess;
    w->share[o] = between > 0 ? fmin(1, variance / between) : 0;
  }
  return GM_OK;
}

gm_status gm_worth_regression(gm_ctx *ctx, const gm_choice *c, int32_t d, const double *x,
                              gm_key key, gm_worth *out)
{
  assert(c && x && out);
  gm__gains g;
  if (d < 1 || d > GM_WORTH_MEASURES_MAX)
    return gm_fail(ctx, GM_ERANGE, "%d measures, expected 1 to %d; give summaries of more", (int)d,
                   (int)GM_WORTH_MEASURES_MAX);
  gm_status s = gm__gains_make(ctx, c, -1, &g);
  if (s) return s;
  smooth m = {.g = &g, .n = c->member_count, .d = d, .size = g.ess};
  m.blocks = d > 1 ? d + 1 : d;
  m.columns = 1 + m.blocks * SPLINES + d * (d - 1) / 2;
  double *block = NULL;
  s = check(ctx, c, d, x, &g);
  if (!s) block = seat(ctx, &m);
  if (!s && !block) s = gm_fail(ctx, GM_ENOMEM, "smooth of %d members", (int)m.n);
  gm_worth w = {.best = g.best, .share = out->share};
  if (!s) s = run(ctx, &m, x, key, &w);
  if (!s) {
    w.perfect = gm__gains_loss(&g, g.shrunk, g.best, NULL);
    *out = w;
  }
  gm_free(block);
  gm__gains_free(&g);
  return s;
}
