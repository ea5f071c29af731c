/* eigen.c - eigenvalues of small symmetric matrices by cyclic Jacobi rotations.
 * Jacobi is slower than QR but simple, accurate for graded matrices, and its order of operations
 * is fixed. Golub & Van Loan, Matrix Computations, 4th ed., section 8.5. */
#include "num/linalg.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { SWEEPS_MAX = 60 };

typedef struct {
  int32_t n;
  double *a; /* [n][n], symmetric, goes to diagonal */
  double *v; /* [n][n], columns become eigenvectors  */
} jacobi;

/* One rotation in the plane (p, q) that makes a_pq zero. */
static void rotate(jacobi *w, int32_t p, int32_t q)
{
  int32_t n = w->n;
  double *a = w->a, *v = w->v;
  double apq = a[(ptrdiff_t)p * n + q];
  if (apq == 0) return;
  double app = a[(ptrdiff_t)p * (n + 1)], aqq = a[(ptrdiff_t)q * (n + 1)];
  double tau = (aqq - app) / (2 * apq);
  double t = 1 / (fabs(tau) + hypot(1, tau)); /* the smaller root: a rotation below 45 degrees */
  if (tau < 0) t = -t;
  double c = 1 / hypot(1, t), s = t * c;
  a[(ptrdiff_t)p * (n + 1)] = app - t * apq;
  a[(ptrdiff_t)q * (n + 1)] = aqq + t * apq;
  a[(ptrdiff_t)p * n + q] = a[(ptrdiff_t)q * n + p] = 0;
  for (int32_t i = 0; i < n; i++) {
    if (i != p && i != q) {
      double x = a[(ptrdiff_t)i * n + p], y = a[(ptrdiff_t)i * n + q];
      a[(ptrdiff_t)i * n + p] = a[(ptrdiff_t)p * n + i] = c * x - s * y;
      a[(ptrdiff_t)i * n + q] = a[(ptrdiff_t)q * n + i] = s * x + c * y;
    }
    double x = v[(ptrdiff_t)i * n + p], y = v[(ptrdiff_t)i * n + q];
    v[(ptrdiff_t)i * n + p] = c * x - s * y;
    v[(ptrdiff_t)i * n + q] = s * x + c * y;
  }
}

/* Whether every off-diagonal entry is rounding beside its two diagonal entries (or beside the
 * whole matrix, for zero diagonals). */
static bool is_diagonal(const jacobi *w, double norm)
{
  for (int32_t p = 0; p < w->n; p++)
    for (int32_t q = p + 1; q < w->n; q++) {
      double d =
          sqrt(fabs(w->a[(ptrdiff_t)p * (w->n + 1)])) * sqrt(fabs(w->a[(ptrdiff_t)q * (w->n + 1)]));
      double off = fabs(w->a[(ptrdiff_t)p * w->n + q]);
      if (off > DBL_EPSILON * d && off > DBL_EPSILON * DBL_EPSILON * norm) return false;
    }
  return true;
}

/* The component of largest size is made positive: a sign that does not depend on the path. */
static double column_sign(int32_t n, const double *v, int32_t k)
{
  int32_t big = 0;
  for (int32_t i = 1; i < n; i++)
    if (fabs(v[(ptrdiff_t)i * n + k]) > fabs(v[(ptrdiff_t)big * n + k])) big = i;
  return v[(ptrdiff_t)big * n + k] < 0 ? -1 : 1;
}

/* Writes values in ascending order (ties: the earlier column first). taken[n] is scratch. */
static void write_sorted(const jacobi *w, double *taken, double *value, double *vectors)
{
  int32_t n = w->n;
  for (int32_t k = 0; k < n; k++) {
    int32_t least = -1;
    for (int32_t i = 0; i < n; i++)
      if (taken[i] == 0 &&
          (least < 0 || w->a[(ptrdiff_t)i * (n + 1)] < w->a[(ptrdiff_t)least * (n + 1)]))
        least = i;
    taken[least] = 1;
    value[k] = w->a[(ptrdiff_t)least * (n + 1)];
    if (!vectors) continue;
    double sign = column_sign(n, w->v, least);
    for (int32_t i = 0; i < n; i++)
      vectors[(ptrdiff_t)i * n + k] = sign * w->v[(ptrdiff_t)i * n + least];
  }
}

/* Copies the lower triangle to both halves. Returns the largest size, or NaN/inf. */
static double load(jacobi *w, const double *a)
{
  double big = 0;
  for (int32_t i = 0; i < w->n; i++)
    for (int32_t j = 0; j <= i; j++) {
      double x = a[(ptrdiff_t)i * w->n + j];
      if (!isfinite(x)) return x;
      big = fmax(big, fabs(x));
      w->a[(ptrdiff_t)i * w->n + j] = w->a[(ptrdiff_t)j * w->n + i] = x;
      w->v[(ptrdiff_t)i * w->n + j] = w->v[(ptrdiff_t)j * w->n + i] = i == j;
    }
  return big;
}

gm_status gm_la_eigen(gm_ctx *ctx, int32_t n, const double *a, double *value, double *vectors)
{
  assert(n >= 0 && a && value);
  ptrdiff_t cells = (ptrdiff_t)n * n;
  double *work = gm_alloc(ctx, 2 * cells + n, sizeof *work);
  if (!work) return gm_fail(ctx, GM_ENOMEM, "eigenvalues of order %d", (int)n);
  jacobi w = {n, work, work + cells};
  gm_status s = GM_OK;
  double norm = load(&w, a);
  if (!isfinite(norm)) {
    s = gm_fail(ctx, GM_EDOMAIN, "symmetric matrix of order %d: an entry is not finite", (int)n);
    goto out;
  }
  int32_t sweep = 0;
  while (!is_diagonal(&w, norm) && ++sweep <= SWEEPS_MAX)
    for (int32_t p = 0; p < n; p++)
      for (int32_t q = p + 1; q < n; q++) rotate(&w, p, q);
  if (sweep > SWEEPS_MAX) {
    s = gm_fail(ctx, GM_ENUMERIC, "eigenvalues of order %d: no end after %d sweeps", (int)n,
                SWEEPS_MAX);
    goto out;
  }
  write_sorted(&w, work + 2 * cells, value, vectors);
out:
  gm_free(work);
  return s;
}

gm_status gm_la_pd_repair(gm_ctx *ctx, int32_t n, const double *a, double floor_relative,
                          double *out, bool *repaired)
{
  assert(n >= 0 && a && out && repaired);
  if (!(floor_relative > 0 && floor_relative < 1))
    return gm_fail(ctx, GM_ERANGE, "eigenvalue floor %g is not between 0 and 1", floor_relative);
  ptrdiff_t cells = (ptrdiff_t)n * n;
  double *value = gm_alloc(ctx, cells + n, sizeof *value);
  if (!value) return gm_fail(ctx, GM_ENOMEM, "repair of order %d", (int)n);
  double *v = value + n;
  gm_status s = gm_la_eigen(ctx, n, a, value, v);
  if (s) goto out;
  double big = n ? fmax(fabs(value[0]), fabs(value[n - 1])) : 1;
  if (big == 0) {
    s = gm_fail(ctx, GM_ENUMERIC, "matrix of order %d is zero and cannot be made definite", (int)n);
    goto out;
  }
  double floor = floor_relative * big;
  bool change = n && value[0] < floor;
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j <= i; j++) {
      double x = a[(ptrdiff_t)i * n + j];
      if (change) {
        x = 0;
        for (int32_t k = 0; k < n; k++)
          x += v[(ptrdiff_t)i * n + k] * fmax(value[k], floor) * v[(ptrdiff_t)j * n + k];
      }
      out[(ptrdiff_t)i * n + j] = out[(ptrdiff_t)j * n + i] = x;
    }
  *repaired = change;
out:
  gm_free(value);
  return s;
}
