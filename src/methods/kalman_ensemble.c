/* kalman_ensemble.c - analyses of ensembles: with perturbed data, by a transform, and locally. */
#include "base/rand_lanes.h"
#include "gemel/math.h"
#include "methods/filter_rows.h"
#include "methods/kalman.h"
#include "num/dense.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

/* ---- perturbed data -------------------------------------------------------------------------- */
/* Standard normals d[m][n]: number j of datum i is one of the block of (j/4, i). */
static void noise(const gm_filter *f, int32_t m, double *d)
{
  enum { PART = 64 };
  const int32_t n = f->n, row = (n + 3) / 4, all = m * row;
  const gm_key key = gm_system_key(f->s, GM_PURPOSE_MEASUREMENT, f->o.replicate);
  uint64_t slot[PART], entity[PART];
  double e[4 * PART];
  for (int32_t from = 0; from < all; from += PART) {
    const int32_t count = all - from < PART ? all - from : PART;
    for (int32_t b = 0; b < count; b++) {
      slot[b] = (uint64_t)((from + b) % row);
      entity[b] = (uint64_t)((from + b) / row);
    }
    gm__normal4_many(count, key, slot, entity, gm_kind_draw(0, 0), f->step, e);
    for (int32_t b = 0; b < count; b++) {
      const int32_t at = 4 * (int32_t)slot[b], some = n - at < 4 ? n - at : 4;
      memcpy(d + (ptrdiff_t)entity[b] * n + at, e + 4 * b, (size_t)some * sizeof *d);
    }
  }
}

/* Column j of d: datum plus noise minus prediction of member j. The noises are made to have mean 0,
 * so that the mean is updated as by the exact gain. */
static void perturb(gm_filter *f, int32_t m)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  noise(f, m, k->perturbed);
  for (int32_t i = 0; i < m; i++) {
    double *d = k->perturbed + (ptrdiff_t)i * n, mean = gm__row_sum(n, d) / n;
    /* centering takes 1/n off the variance: given back */
    double sd = sqrt(k->r[i]) * sqrt(n / (n - 1.0));
    gm__row_map(n, d, mean, sd, k->innovation[i]);
    gm__row_add(n, -1, k->hp + (ptrdiff_t)i * n, d);
  }
}

/* v += V' (H'^T S^-1 D)/(n-1). Burgers, van Leeuwen & Evensen, Mon. Weather Rev. 126:1719 (1998).
 */
gm_status gm__kalman_stochastic(gm_filter *f, gm_ctx *ctx, int32_t m)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  (void)ctx;
  perturb(f, m);
  gm__dense_solve(m, n, k->s, k->perturbed);
  gm__row_map(m * n, k->perturbed, 0, 1.0 / (n - 1), 0);
  gm__history_update(f, m, k->hp, k->perturbed);
  if (k->nv < n) { /* the cheaper order of the products */
    memset(k->gain, 0, (size_t)k->nv * (size_t)m * sizeof *k->gain);
    gm__dense_add_bt(k->nv, n, m, k->vp, k->hp, k->gain);
    gm__dense_add(k->nv, m, n, k->gain, k->perturbed, k->v);
  } else {
    memset(k->gain, 0, (size_t)n * (size_t)n * sizeof *k->gain);
    gm__dense_add_at(n, m, n, k->hp, k->perturbed, k->gain);
    gm__dense_add(k->nv, n, n, k->vp, k->gain, k->v);
  }
  return GM_OK;
}

/* ---- transform ------------------------------------------------------------------------------- */
/* right[n] = H'^T R^-1 d, seen from the eigenvectors and divided by the values: A^-1 of it. */
static bool mean_weights(const gm_filter *f, int32_t m, const double *weighted, const double *value,
                         const double *vectors, double *right, double *turned)
{
  const kalman *k = f->kalman;
  const int32_t n = f->n;
  memset(right, 0, (size_t)n * sizeof *right);
  memset(turned, 0, (size_t)n * sizeof *turned);
  for (int32_t i = 0; i < m; i++)
    for (int32_t j = 0; j < n; j++) right[j] += weighted[(ptrdiff_t)i * n + j] * k->innovation[i];
  for (int32_t j = 0; j < n; j++)
    for (int32_t l = 0; l < n; l++) turned[l] += vectors[(ptrdiff_t)j * n + l] * right[j];
  for (int32_t l = 0; l < n; l++) {
    if (!(value[l] > 0)) return false;
    turned[l] /= value[l];
  }
  for (int32_t j = 0; j < n; j++) {
    right[j] = 0;
    for (int32_t l = 0; l < n; l++) right[j] += vectors[(ptrdiff_t)j * n + l] * turned[l];
  }
  return true;
}

/* With A = (n-1) I + H'^T R^-1 H' (rows of h weighted by rho): mean weights w = A^-1 H'^T R^-1 d
 * and T = sqrt(n-1) A^-1/2; gain[j][l] = w[j] + T[j][l]. Hunt, Kostelich & Szunyogh, Physica D
 * 230:112 (2007). scale[m]: rho/R. */
static gm_status weights_of(gm_filter *f, gm_ctx *ctx, int32_t m, const double *scale, double *gain)
{
  kalman *k = f->kalman;
  const int32_t n = f->n;
  double *a = k->s, *weighted = k->perturbed, *value = k->work, *vectors = k->work + n;
  double *right = vectors + (ptrdiff_t)n * n, *turned = right + n;
  for (int32_t i = 0; i < m; i++)
    for (int32_t j = 0; j < n; j++)
      weighted[(ptrdiff_t)i * n + j] = scale[i] * k->hp[(ptrdiff_t)i * n + j];
  memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
  gm__dense_add_at(n, m, n, weighted, k->hp, a);
  for (int32_t j = 0; j < n; j++) a[(ptrdiff_t)j * n + j] += n - 1;
  gm_status s = gm_la_eigen(ctx, n, a, value, vectors);
  if (s) return s;
  if (!mean_weights(f, m, weighted, value, vectors, right, turned))
    return gm_fail(ctx, GM_ENUMERIC, "filter: transform is not positive");
  for (int32_t j = 0; j < n; j++)
    for (int32_t l = 0; l < n; l++) {
      gain[(ptrdiff_t)j * n + l] = right[j];
      a[(ptrdiff_t)j * n + l] = vectors[(ptrdiff_t)j * n + l] * sqrt((n - 1) / value[l]);
    }
  gm__dense_add_bt(n, n, n, a, vectors, gain);
  return GM_OK;
}

/* A random rotation that keeps the mean: Householder's reflection takes (1,..,1)/sqrt(n) to the
 * last axis, a random orthogonal matrix turns the others, and back. Sakov & Oke, Mon. Weather Rev.
 * 136:1042 (2008). The random part is a product of n-1 reflections by normal vectors (Stewart, SIAM
 * J. Numer. Anal. 17:403, 1980). Applied to the columns of g from the right. */
static void reflect(int32_t n, int32_t rows, double *g, const double *u)
{
  double norm = 0;
  for (int32_t j = 0; j < n; j++) norm += u[j] * u[j];
  if (!(norm > 0)) return;
  for (int32_t i = 0; i < rows; i++) {
    double *row = g + (ptrdiff_t)i * n, dot = 0;
    for (int32_t j = 0; j < n; j++) dot += row[j] * u[j];
    dot *= 2 / norm;
    for (int32_t j = 0; j < n; j++) row[j] -= dot * u[j];
  }
}

static void rotate(gm_filter *f, int32_t rows, double *g, double *u)
{
  const int32_t n = f->n;
  gm_key key = gm_system_key(f->s, GM_PURPOSE_MOVE, f->o.replicate);
  for (int32_t j = 0; j < n; j++) u[j] = 1 / sqrt(n);
  u[n - 1] += 1;
  reflect(n, rows, g, u);
  for (int32_t i = 0; i < n - 2; i++) {
    double norm = 0;
    memset(u, 0, (size_t)n * sizeof *u);
    for (int32_t j = i; j < n - 1; j++) {
      u[j] = gm_normal(key, (uint64_t)i, (uint64_t)j, gm_kind_draw(5, 0), f->step);
      norm += u[j] * u[j];
    }
    u[i] += u[i] < 0 ? -sqrt(norm) : sqrt(norm);
    reflect(n, rows, g, u);
  }
  for (int32_t j = 0; j < n; j++) u[j] = 1 / sqrt(n);
  u[n - 1] += 1;
  reflect(n, rows, g, u);
}

/* Rows of v become mean + V' gain. */
static void rows_apply(const gm_filter *f, int32_t first, int32_t count, const double *gain)
{
  const kalman *k = f->kalman;
  const int32_t n = f->n;
  for (int32_t i = first; i < first + count; i++) {
    double *v = k->v + (ptrdiff_t)i * n, mean = v[0] - k->vp[(ptrdiff_t)i * n];
    for (int32_t j = 0; j < n; j++) v[j] = mean;
  }
  gm__dense_add(count, n, n, k->vp + (ptrdiff_t)first * n, gain, k->v + (ptrdiff_t)first * n);
}

/* gain holds w + T: the rotation must turn T alone. w is every row's own mean over columns less
 * that of T, whose rows sum to one, and the rotation keeps means; so turning w + T is right too. */
gm_status gm__kalman_transform(gm_filter *f, gm_ctx *ctx, int32_t m)
{
  kalman *k = f->kalman;
  double *scale = k->h; /* predictions are used up */
  for (int32_t i = 0; i < m; i++) scale[i] = 1 / k->r[i];
  gm_status s = weights_of(f, ctx, m, scale, k->gain);
  if (s) return s;
  rotate(f, f->n, k->gain, k->work);
  gm__history_transform(f, k->gain);
  rows_apply(f, 0, k->nv, k->gain);
  return GM_OK;
}

/* ---- local ----------------------------------------------------------------------------------- */
/* Gaspari & Cohn, Q. J. R. Meteorol. Soc. 125:723 (1999), eq. 4.10: zero beyond 2. */
static double taper(double x)
{
  if (x >= 2) return 0;
  double x2 = x * x, x3 = x2 * x, x4 = x3 * x, x5 = x4 * x;
  if (x <= 1) return 1 - 5.0 / 3 * x2 + 5.0 / 8 * x3 + 0.5 * x4 - 0.25 * x5;
  return 4 - 5 * x + 5.0 / 3 * x2 + 5.0 / 8 * x3 - 0.5 * x4 + x5 / 12 - 2 / (3 * x);
}

/* Each state row by the data near it; residuals and unknowns by all. */
gm_status gm__kalman_local(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t m)
{
  kalman *k = f->kalman;
  double *scale = k->h;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < k->moving && !s; i++) {
    bool any = false;
    for (int32_t q = 0; q < m; q++) {
      double far = f->o.distance[(ptrdiff_t)r[q].sensor * k->mc + k->row[i]];
      scale[q] = taper(far / f->o.radius) / k->r[q];
      any = any || scale[q] > 0;
    }
    if (!any) continue;
    s = weights_of(f, ctx, m, scale, k->gain);
    if (!s) rows_apply(f, i, 1, k->gain);
  }
  if (s || k->nv == k->moving) return s;
  for (int32_t q = 0; q < m; q++) scale[q] = 1 / k->r[q];
  s = weights_of(f, ctx, m, scale, k->gain);
  if (!s) rows_apply(f, k->moving, k->nv - k->moving, k->gain);
  return s;
}
