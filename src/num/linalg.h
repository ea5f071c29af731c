/* linalg.h - small dense matrices, row-major double, every sum in one fixed order.
 *
 * A matrix a of r rows and c columns is the array a[i * c + j]. No BLAS: the same bits on every
 * machine and thread count. Meant for the sizes of parameter vectors (to some hundreds); larger
 * systems belong to LAPACK.
 * Pointers: all borrowed for the call; outputs may not overlap inputs unless said.
 * Threads: no state; calls may run together (each with a ctx of its own). */
#ifndef GM_NUM_LINALG_H
#define GM_NUM_LINALG_H
#include "gemel/base.h"

double gm_la_dot(int32_t n, const double *a, const double *b);
/* sqrt(sum x^2) without overflow or underflow; 0 for n = 0. */
double gm_la_norm(int32_t n, const double *x);
/* y[r] = A[r][c] x[c] */
void gm_la_mul_vec(int32_t r, int32_t c, const double *a, const double *x, double *y);
/* y[c] = A[r][c]^T x[r] */
void gm_la_tmul_vec(int32_t r, int32_t c, const double *a, const double *x, double *y);
/* out[r][c] = A[r][k] B[k][c] */
void gm_la_mul(int32_t r, int32_t k, int32_t c, const double *a, const double *b, double *out);
/* out[r][c] = A[r][k] B[c][k]^T */
void gm_la_mul_t(int32_t r, int32_t k, int32_t c, const double *a, const double *b, double *out);
/* x^T A x for a square A[n][n] */
double gm_la_quadratic(int32_t n, const double *a, const double *x);

/* ---- positive definite ---------------------------------------------------------------------- */
/* The factor itself without messages: l lower triangular (above it 0) with L L^T = A. Reads only
 * the lower triangle of a; l may be a. Returns 0, or 1 + the row of the first pivot that is not
 * larger than n * 2^-52 * a_jj (l is then undefined). */
int32_t gm__la_cholesky(int32_t n, const double *a, double *l);
/* The same; l[n][n] untouched on failure, l may be a.
 * Fails: GM_ENUMERIC "matrix is not positive definite" (names the pivot), GM_ENOMEM. */
GM_NODISCARD gm_status gm_la_cholesky(gm_ctx *ctx, int32_t n, const double *a, double *l);
void gm_la_solve_lower(int32_t n, const double *l, const double *b, double *x);   /* L x = b   */
void gm_la_solve_lower_t(int32_t n, const double *l, const double *b, double *x); /* L^T x = b */
/* L L^T x = b. In all three x may be b. */
void gm_la_solve_cholesky(int32_t n, const double *l, const double *b, double *x);
/* log det of L L^T */
double gm_la_cholesky_log_det(int32_t n, const double *l);
/* Inverse of a symmetric positive definite a (lower triangle read); out symmetric to the bit.
 * Fails as gm_la_cholesky. */
GM_NODISCARD gm_status gm_la_spd_inverse(gm_ctx *ctx, int32_t n, const double *a, double *out);

/* ---- symmetric eigenvalues ------------------------------------------------------------------ */
/* Eigenvalues in ascending order and, if vectors is not NULL, the orthonormal eigenvectors as its
 * COLUMNS: A vectors[.][k] = value[k] vectors[.][k]. Reads the lower triangle of a. Cyclic Jacobi
 * (Golub & Van Loan, 4th ed., 8.5). The sign of a vector: its component of largest size is > 0.
 * Fails: GM_EDOMAIN (an entry is not finite), GM_ENUMERIC (60 sweeps), GM_ENOMEM. */
GM_NODISCARD gm_status gm_la_eigen(gm_ctx *ctx, int32_t n, const double *a, double *value,
                                   double *vectors);
/* The nearest (Frobenius) symmetric matrix whose eigenvalues are all at least
 * floor_relative * largest |eigenvalue| (Higham 1988). A matrix that satisfies this already comes
 * back as it was and *repaired is false; an all-zero matrix cannot be repaired. out may be a.
 * Fails: GM_ERANGE (floor_relative outside (0, 1)), GM_ENUMERIC (zero matrix), as gm_la_eigen. */
GM_NODISCARD gm_status gm_la_pd_repair(gm_ctx *ctx, int32_t n, const double *a,
                                       double floor_relative, double *out, bool *repaired);

/* ---- general -------------------------------------------------------------------------------- */
/* Solves A X = B for right_count right sides, B and X [n][right_count] row-major; LU with partial
 * pivoting. x may be b; a is kept. Fails: GM_ENUMERIC "matrix is singular" (names the column),
 * GM_EDOMAIN (not finite), GM_ENOMEM. */
GM_NODISCARD gm_status gm_la_solve(gm_ctx *ctx, int32_t n, const double *a, int32_t right_count,
                                   const double *b, double *x);
#endif
