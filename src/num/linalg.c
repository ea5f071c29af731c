/* linalg.c - products, Cholesky and LU of small dense matrices in one fixed order of sums. */
#include "num/linalg.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

double gm_la_dot(int32_t n, const double *a, const double *b)
{
  double s = 0;
  for (int32_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

double gm_la_norm(int32_t n, const double *x)
{
  double big = 0;
  for (int32_t i = 0; i < n; i++) {
    if (isnan(x[i])) return x[i];
    big = fmax(big, fabs(x[i]));
  }
  if (big == 0 || isinf(big)) return big;
  double s = 0;
  for (int32_t i = 0; i < n; i++) s += (x[i] / big) * (x[i] / big);
  return big * sqrt(s);
}

void gm_la_mul_vec(int32_t r, int32_t c, const double *a, const double *x, double *y)
{
  for (int32_t i = 0; i < r; i++) y[i] = gm_la_dot(c, a + (ptrdiff_t)i * c, x);
}

void gm_la_tmul_vec(int32_t r, int32_t c, const double *a, const double *x, double *y)
{
  for (int32_t j = 0; j < c; j++) y[j] = 0;
  for (int32_t i = 0; i < r; i++)
    for (int32_t j = 0; j < c; j++) y[j] += a[(ptrdiff_t)i * c + j] * x[i];
}

void gm_la_mul(int32_t r, int32_t k, int32_t c, const double *a, const double *b, double *out)
{
  for (int32_t i = 0; i < r; i++) {
    double *row = out + (ptrdiff_t)i * c;
    for (int32_t j = 0; j < c; j++) row[j] = 0;
    for (int32_t l = 0; l < k; l++)
      for (int32_t j = 0; j < c; j++) row[j] += a[(ptrdiff_t)i * k + l] * b[(ptrdiff_t)l * c + j];
  }
}

void gm_la_mul_t(int32_t r, int32_t k, int32_t c, const double *a, const double *b, double *out)
{
  for (int32_t i = 0; i < r; i++)
    for (int32_t j = 0; j < c; j++)
      out[(ptrdiff_t)i * c + j] = gm_la_dot(k, a + (ptrdiff_t)i * k, b + (ptrdiff_t)j * k);
}

double gm_la_quadratic(int32_t n, const double *a, const double *x)
{
  double s = 0;
  for (int32_t i = 0; i < n; i++) s += x[i] * gm_la_dot(n, a + (ptrdiff_t)i * n, x);
  return s;
}

/* ---- Cholesky ------------------------------------------------------------------------------- */
int32_t gm__la_cholesky(int32_t n, const double *a, double *l)
{
  for (int32_t j = 0; j < n; j++) {
    double *lj = l + (ptrdiff_t)j * n;
    for (int32_t k = 0; k < j; k++) { /* row by row, so that l may be a */
      const double *lk = l + (ptrdiff_t)k * n;
      lj[k] = (a[(ptrdiff_t)j * n + k] - gm_la_dot(k, lj, lk)) / lk[k];
    }
    double diagonal = a[(ptrdiff_t)j * n + j];
    double pivot = diagonal - gm_la_dot(j, lj, lj);
    /* a pivot that is only rounding of its diagonal stands for a singular matrix */
    if (!(pivot > n * DBL_EPSILON * diagonal && pivot > 0) || isinf(pivot)) return 1 + j;
    lj[j] = sqrt(pivot);
    for (int32_t k = j + 1; k < n; k++) lj[k] = 0;
  }
  return 0;
}

gm_status gm_la_cholesky(gm_ctx *ctx, int32_t n, const double *a, double *l)
{
  assert(n >= 0 && a && l);
  ptrdiff_t cells = (ptrdiff_t)n * n;
  double *work = gm_alloc(ctx, cells, sizeof *work);
  if (!work) return gm_fail(ctx, GM_ENOMEM, "Cholesky factor of order %d", (int)n);
  int32_t bad = gm__la_cholesky(n, a, work);
  if (!bad) memcpy(l, work, (size_t)cells * sizeof *l);
  gm_free(work);
  if (bad)
    return gm_fail(ctx, GM_ENUMERIC,
                   "matrix is not positive definite: pivot %d of %d (diagonal %g) is not above 0",
                   (int)bad, (int)n, a[(ptrdiff_t)(bad - 1) * (n + 1)]);
  return GM_OK;
}

void gm_la_solve_lower(int32_t n, const double *l, const double *b, double *x)
{
  for (int32_t i = 0; i < n; i++)
    x[i] = (b[i] - gm_la_dot(i, l + (ptrdiff_t)i * n, x)) / l[(ptrdiff_t)i * (n + 1)];
}

void gm_la_solve_lower_t(int32_t n, const double *l, const double *b, double *x)
{
  for (int32_t i = n - 1; i >= 0; i--) {
    double s = b[i];
    for (int32_t k = i + 1; k < n; k++) s -= l[(ptrdiff_t)k * n + i] * x[k];
    x[i] = s / l[(ptrdiff_t)i * (n + 1)];
  }
}

void gm_la_solve_cholesky(int32_t n, const double *l, const double *b, double *x)
{
  gm_la_solve_lower(n, l, b, x);
  gm_la_solve_lower_t(n, l, x, x);
}

double gm_la_cholesky_log_det(int32_t n, const double *l)
{
  double s = 0;
  for (int32_t i = 0; i < n; i++) s += log(l[(ptrdiff_t)i * (n + 1)]);
  return 2 * s;
}

gm_status gm_la_spd_inverse(gm_ctx *ctx, int32_t n, const double *a, double *out)
{
  assert(n >= 0 && a && out);
  ptrdiff_t cells = (ptrdiff_t)n * n;
  double *l = gm_alloc(ctx, cells + n, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "inverse of order %d", (int)n);
  double *column = l + cells;
  gm_status s = gm_la_cholesky(ctx, n, a, l);
  if (s) goto out;
  for (int32_t j = 0; j < n; j++) {
    for (int32_t i = 0; i < n; i++) column[i] = i == j;
    gm_la_solve_cholesky(n, l, column, column);
    for (int32_t i = j; i < n; i++) {
      out[(ptrdiff_t)i * n + j] = column[i];
      out[(ptrdiff_t)j * n + i] = column[i];
    }
  }
out:
  gm_free(l);
  return s;
}

/* ---- LU ------------------------------------------------------------------------------------- */
static void rows_swap(int32_t c, double *a, double *b)
{
  for (int32_t j = 0; j < c; j++) {
    double t = a[j];
    a[j] = b[j];
    b[j] = t;
  }
}

/* Eliminates column k of lu[n][n] and of the right sides x[n][c]. Returns false when singular. */
static bool eliminate(int32_t n, int32_t c, int32_t k, double scale, double *lu, double *x)
{
  int32_t p = k;
  for (int32_t i = k + 1; i < n; i++)
    if (fabs(lu[(ptrdiff_t)i * n + k]) > fabs(lu[(ptrdiff_t)p * n + k])) p = i;
  if (!(fabs(lu[(ptrdiff_t)p * n + k]) > n * DBL_EPSILON * scale)) return false;
  if (p != k) {
    rows_swap(n, lu + (ptrdiff_t)p * n, lu + (ptrdiff_t)k * n);
    rows_swap(c, x + (ptrdiff_t)p * c, x + (ptrdiff_t)k * c);
  }
  for (int32_t i = k + 1; i < n; i++) {
    double f = lu[(ptrdiff_t)i * n + k] / lu[(ptrdiff_t)k * n + k];
    for (int32_t j = k + 1; j < n; j++) lu[(ptrdiff_t)i * n + j] -= f * lu[(ptrdiff_t)k * n + j];
    for (int32_t j = 0; j < c; j++) x[(ptrdiff_t)i * c + j] -= f * x[(ptrdiff_t)k * c + j];
  }
  return true;
}

static void back_substitute(int32_t n, int32_t c, const double *lu, double *x)
{
  for (int32_t i = n - 1; i >= 0; i--)
    for (int32_t j = 0; j < c; j++) {
      double s = x[(ptrdiff_t)i * c + j];
      for (int32_t k = i + 1; k < n; k++) s -= lu[(ptrdiff_t)i * n + k] * x[(ptrdiff_t)k * c + j];
      x[(ptrdiff_t)i * c + j] = s / lu[(ptrdiff_t)i * (n + 1)];
    }
}

/* Divides each row of the system by its largest entry, so that "singular" is judged without
 * regard to the units of the rows. Returns the first bad row + 1, or 0. */
static int32_t rows_scale(int32_t n, int32_t c, double *lu, double *x)
{
  for (int32_t i = 0; i < n; i++) {
    double big = 0;
    for (int32_t j = 0; j < n; j++) {
      double v = fabs(lu[(ptrdiff_t)i * n + j]);
      if (!isfinite(v)) return i + 1;
      big = fmax(big, v);
    }
    if (big == 0) continue; /* elimination will find it */
    /* a power of two keeps every digit */
    int e;
    frexp(big, &e);
    for (int32_t j = 0; j < n; j++) lu[(ptrdiff_t)i * n + j] = ldexp(lu[(ptrdiff_t)i * n + j], -e);
    for (int32_t j = 0; j < c; j++) x[(ptrdiff_t)i * c + j] = ldexp(x[(ptrdiff_t)i * c + j], -e);
  }
  return 0;
}

/* The largest entry of column k before elimination: the scale its pivots are judged by. */
static double column_scale(int32_t n, int32_t k, const double *a)
{
  double big = 0;
  for (int32_t i = 0; i < n; i++) big = fmax(big, fabs(a[(ptrdiff_t)i * n + k]));
  return big;
}

gm_status gm_la_solve(gm_ctx *ctx, int32_t n, const double *a, int32_t right_count, const double *b,
                      double *x)
{
  assert(n >= 0 && right_count >= 0 && a && b && x);
  ptrdiff_t cells = (ptrdiff_t)n * n, right = (ptrdiff_t)n * right_count;
  double *lu = gm_alloc(ctx, cells + right + n, sizeof *lu);
  if (!lu) return gm_fail(ctx, GM_ENOMEM, "linear system of order %d", (int)n);
  double *y = lu + cells, *scale = y + right;
  memcpy(lu, a, (size_t)cells * sizeof *lu);
  memcpy(y, b, (size_t)right * sizeof *y);
  gm_status s = GM_OK;
  int32_t bad = rows_scale(n, right_count, lu, y);
  if (bad) {
    s = gm_fail(ctx, GM_EDOMAIN, "row %d of the matrix is not finite", (int)bad);
    goto out;
  }
  for (int32_t k = 0; k < n; k++) scale[k] = column_scale(n, k, lu);
  for (int32_t k = 0; k < n; k++)
    if (!eliminate(n, right_count, k, scale[k], lu, y)) {
      s = gm_fail(ctx, GM_ENUMERIC, "matrix is singular: column %d of %d", (int)k + 1, (int)n);
      goto out;
    }
  back_substitute(n, right_count, lu, y);
  memcpy(x, y, (size_t)right * sizeof *x);
out:
  gm_free(lu);
  return s;
}
