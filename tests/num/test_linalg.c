/* test_linalg.c - small dense algebra against matrices whose answers are known.
 * label: quick */
#include "num/linalg.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

enum { N = 12 };

static gm_ctx *ctx;

/* A dull generator of test numbers in (-1, 1). */
static double noise(uint64_t *state)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(int32_t)(*state >> 32) / 2147483648.0;
}

static void fill(int32_t count, uint64_t seed, double *a)
{
  for (int32_t i = 0; i < count; i++) a[i] = noise(&seed);
}

static void assert_near(double got, double want, double tolerance, const char *what)
{
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.17g, not %.17g", what, got, want);
}

/* Hilbert's matrix of order n: a_ij = 1 / (i + j + 1). */
static void hilbert(int32_t n, double *a)
{
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) a[i * n + j] = 1.0 / (i + j + 1);
}

static void random_spd(int32_t n, uint64_t seed, double *a)
{
  double m[N * N];
  fill(n * n, seed, m);
  gm_la_mul_t(n, n, n, m, m, a);
  for (int32_t i = 0; i < n; i++) a[i * (n + 1)] += 0.5;
}

/* The factor of min(i, j) (the covariance of a random walk) is the triangle of ones. */
static void cholesky__walk_covariance_has_factor_of_ones(void **state)
{
  (void)state;
  double a[N * N], l[N * N];
  for (int32_t i = 0; i < N; i++)
    for (int32_t j = 0; j < N; j++) a[i * N + j] = 1 + (i < j ? i : j);
  assert_int_equal(gm_la_cholesky(ctx, N, a, l), GM_OK);
  for (int32_t i = 0; i < N; i++)
    for (int32_t j = 0; j < N; j++) assert_true(l[i * N + j] == (j <= i ? 1.0 : 0.0));
  assert_true(gm_la_cholesky_log_det(N, l) == 0);
}

/* L L^T gives the matrix back, and in place gives the same bits. */
static void cholesky__product_is_the_matrix(void **state)
{
  (void)state;
  double a[N * N], l[N * N], back[N * N];
  for (uint64_t seed = 1; seed < 20; seed++) {
    random_spd(N, seed, a);
    assert_int_equal(gm_la_cholesky(ctx, N, a, l), GM_OK);
    gm_la_mul_t(N, N, N, l, l, back);
    for (int32_t i = 0; i < N * N; i++) assert_near(back[i], a[i], 1e-14 * N, "L L^T");
    assert_int_equal(gm_la_cholesky(ctx, N, a, a), GM_OK);
    assert_memory_equal(a, l, sizeof l);
  }
}

/* An indefinite and a singular matrix are refused, the pivot is named, the output is untouched. */
static void cholesky__refuses_what_is_not_definite(void **state)
{
  (void)state;
  const double indefinite[9] = {1, 0, 0, 0, 1, 2, 0, 2, 1};
  const double singular[4] = {1, 0.1, 0.1, 0.01}; /* rank one up to rounding */
  const double nan[1] = {NAN};
  double l[9] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
  assert_int_equal(gm_la_cholesky(ctx, 3, indefinite, l), GM_ENUMERIC);
  assert_non_null(strstr(gm_message(ctx), "matrix is not positive definite: pivot 3"));
  assert_int_equal(gm_la_cholesky(ctx, 2, singular, l), GM_ENUMERIC);
  assert_non_null(strstr(gm_message(ctx), "pivot 2"));
  assert_int_equal(gm_la_cholesky(ctx, 1, nan, l), GM_ENUMERIC);
  for (int32_t i = 0; i < 9; i++) assert_true(l[i] == 7);
}

/* The inverse of Hilbert's matrix is known in integers: (-1)^(i+j) (i+j+1) C(n+i,n-j-1)
 * C(n+j,n-i-1) C(i+j,i)^2 (Choi 1983). */
static double choose(int32_t n, int32_t k)
{
  double c = 1;
  for (int32_t i = 1; i <= k; i++) c = c * (n - k + i) / i;
  return c;
}

static void inverse__of_hilbert_is_integer(void **state)
{
  (void)state;
  enum { H = 6 };
  double a[H * H], inverse[H * H];
  hilbert(H, a);
  assert_int_equal(gm_la_spd_inverse(ctx, H, a, inverse), GM_OK);
  for (int32_t i = 0; i < H; i++)
    for (int32_t j = 0; j < H; j++) {
      double c = choose(i + j, i);
      double want = ((i + j) % 2 ? -1 : 1) * (i + j + 1) * choose(H + i, H - j - 1) *
                    choose(H + j, H - i - 1) * c * c;
      /* condition 1.5e7 */
      assert_near(inverse[i * H + j] / want, 1, 1e-8, "inverse of Hilbert");
      assert_true(inverse[i * H + j] == inverse[j * H + i]);
    }
}

/* Triangular solves undo the products they are named after. */
static void solve__cholesky_undoes_the_product(void **state)
{
  (void)state;
  double a[N * N], l[N * N], x[N], b[N];
  random_spd(N, 5, a);
  fill(N, 6, x);
  assert_int_equal(gm_la_cholesky(ctx, N, a, l), GM_OK);
  gm_la_mul_vec(N, N, a, x, b);
  gm_la_solve_cholesky(N, l, b, b);
  for (int32_t i = 0; i < N; i++) assert_near(b[i], x[i], 1e-11, "Cholesky solve");
  gm_la_tmul_vec(N, N, l, x, b);
  gm_la_solve_lower_t(N, l, b, b);
  for (int32_t i = 0; i < N; i++) assert_near(b[i], x[i], 1e-12, "transposed solve");
}

/* The eigenvalues of the second-difference matrix are 2 - 2 cos(k pi/(n+1)), its vectors sines. */
static void eigen__second_difference_has_cosines(void **state)
{
  (void)state;
  double a[N * N] = {0}, value[N], v[N * N];
  for (int32_t i = 0; i < N; i++) {
    a[i * (N + 1)] = 2;
    if (i) a[i * N + i - 1] = -1; /* only the lower triangle is read */
  }
  assert_int_equal(gm_la_eigen(ctx, N, a, value, v), GM_OK);
  for (int32_t k = 0; k < N; k++) {
    assert_near(value[k], 2 - 2 * cos((k + 1) * M_PI / (N + 1)), 1e-14, "eigenvalue");
    double dot = 0;
    for (int32_t i = 0; i < N; i++)
      dot += v[i * N + k] * sqrt(2.0 / (N + 1)) * sin((i + 1) * (k + 1) * M_PI / (N + 1));
    assert_near(fabs(dot), 1, 1e-13, "eigenvector");
  }
}

/* Vectors are orthonormal, A v = value v, values ascend, and the sign rule holds. */
static void eigen__decomposes_random_matrices(void **state)
{
  (void)state;
  double a[N * N], value[N], v[N * N], av[N], column[N];
  for (uint64_t seed = 1; seed < 15; seed++) {
    fill(N * N, seed, a);
    for (int32_t i = 0; i < N; i++)
      for (int32_t j = 0; j < i; j++) a[j * N + i] = a[i * N + j];
    assert_int_equal(gm_la_eigen(ctx, N, a, value, v), GM_OK);
    for (int32_t k = 0; k < N; k++) {
      double big = 0;
      for (int32_t i = 0; i < N; i++) {
        column[i] = v[i * N + k];
        if (fabs(column[i]) > fabs(big)) big = column[i];
      }
      assert_true(big > 0);
      gm_la_mul_vec(N, N, a, column, av);
      for (int32_t i = 0; i < N; i++) assert_near(av[i], value[k] * column[i], 1e-13, "A v");
      assert_near(gm_la_norm(N, column), 1, 1e-14, "length");
      assert_true(k == 0 || value[k] >= value[k - 1]);
    }
  }
}

/* A graded matrix keeps the relative accuracy of its small eigenvalues (Demmel & Veselic 1992). */
static void eigen__keeps_small_values_of_graded_matrices(void **state)
{
  (void)state;
  /* D B D with B = [[1, 1/2], [1/2, 1]], D = diag(1e10, 1): det 3/4 1e20, trace 1e20 + 1 */
  const double a[4] = {1e20, 0, 0.5e10, 1};
  double value[2];
  assert_int_equal(gm_la_eigen(ctx, 2, a, value, NULL), GM_OK);
  assert_near(value[0], 0.75, 1e-14, "small eigenvalue"); /* det / (1e20 + 1/4 ...) */
  const double bad[1] = {INFINITY};
  assert_int_equal(gm_la_eigen(ctx, 1, bad, value, NULL), GM_EDOMAIN);
}

/* Repair lifts only what lies below the floor, says so, and leaves good matrices as they were. */
static void repair__lifts_negative_eigenvalues(void **state)
{
  (void)state;
  const double a[4] = {1, 2, 2, 1}; /* eigenvalues 3 and -1 along (1, 1) and (1, -1) */
  double out[4], l[4];
  bool repaired = false;
  assert_int_equal(gm_la_pd_repair(ctx, 2, a, 0.01, out, &repaired), GM_OK);
  assert_true(repaired);
  assert_near(out[0], (3 + 0.03) / 2, 1e-15 * 8, "diagonal");
  assert_near(out[1], (3 - 0.03) / 2, 1e-15 * 8, "side");
  assert_int_equal(gm_la_cholesky(ctx, 2, out, l), GM_OK);
  double again[4];
  assert_int_equal(gm_la_pd_repair(ctx, 2, out, 0.0099, again, &repaired), GM_OK);
  assert_false(repaired);
  assert_memory_equal(again, out, sizeof out);
  const double zero[4] = {0};
  assert_int_equal(gm_la_pd_repair(ctx, 2, zero, 0.01, out, &repaired), GM_ENUMERIC);
  assert_int_equal(gm_la_pd_repair(ctx, 2, a, 0, out, &repaired), GM_ERANGE);
}

/* LU needs its pivoting (zero first pivot), takes several right sides and rows of any scale. */
static void solve__general_systems(void **state)
{
  (void)state;
  double a[N * N], x[N * 2], b[N * 2], keep[N * N];
  for (uint64_t seed = 1; seed < 20; seed++) {
    fill(N * N, seed, a);
    a[0] = 0;
    for (int32_t i = 0; i < N; i++)
      for (int32_t j = 0; j < N; j++) a[i * N + j] *= pow(10, i - 6);
    fill(N * 2, seed + 100, x);
    gm_la_mul(N, N, 2, a, x, b);
    memcpy(keep, a, sizeof a);
    assert_int_equal(gm_la_solve(ctx, N, a, 2, b, b), GM_OK);
    for (int32_t i = 0; i < N * 2; i++) assert_near(b[i], x[i], 1e-10, "LU solve");
    assert_memory_equal(a, keep, sizeof a);
  }
}

/* A singular system is refused by the number of its column, one with NaN by its row. */
static void solve__refuses_singular_systems(void **state)
{
  (void)state;
  const double singular[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, nan[1] = {NAN}, b[3] = {1, 2, 3};
  double x[3] = {5, 5, 5};
  assert_int_equal(gm_la_solve(ctx, 3, singular, 1, b, x), GM_ENUMERIC);
  assert_non_null(strstr(gm_message(ctx), "matrix is singular: column 3"));
  assert_int_equal(gm_la_solve(ctx, 1, nan, 1, b, x), GM_EDOMAIN);
  assert_true(x[0] == 5 && x[1] == 5 && x[2] == 5);
}

/* The norm neither overflows nor vanishes where the squares do. */
static void norm__survives_extreme_sizes(void **state)
{
  (void)state;
  const double big[2] = {3e300, 4e300}, small[2] = {3e-300, 4e-300};
  assert_near(gm_la_norm(2, big) / 5e300, 1, 1e-15, "large norm");
  assert_near(gm_la_norm(2, small) / 5e-300, 1, 1e-15, "small norm");
  assert_true(gm_la_norm(0, NULL) == 0);
  const double a[4] = {1, 2, 3, 4}, x[2] = {1, -1};
  assert_true(gm_la_quadratic(2, a, x) == 1 - 2 - 3 + 4);
}

static gm_status all_once(gm_ctx *c, void *user)
{
  (void)user;
  const double a[4] = {2, 1, 1, 2};
  double x[4], value[2];
  bool repaired;
  gm_status s = gm_la_cholesky(c, 2, a, x);
  if (!s) s = gm_la_spd_inverse(c, 2, a, x);
  if (!s) s = gm_la_eigen(c, 2, a, value, x);
  if (!s) s = gm_la_pd_repair(c, 2, a, 0.1, x, &repaired);
  if (!s) s = gm_la_solve(c, 2, a, 2, a, x);
  return s;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void linalg__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("linalg", all_once, NULL), 7);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cholesky__walk_covariance_has_factor_of_ones),
      cmocka_unit_test(cholesky__product_is_the_matrix),
      cmocka_unit_test(cholesky__refuses_what_is_not_definite),
      cmocka_unit_test(inverse__of_hilbert_is_integer),
      cmocka_unit_test(solve__cholesky_undoes_the_product),
      cmocka_unit_test(eigen__second_difference_has_cosines),
      cmocka_unit_test(eigen__decomposes_random_matrices),
      cmocka_unit_test(eigen__keeps_small_values_of_graded_matrices),
      cmocka_unit_test(repair__lifts_negative_eigenvalues),
      cmocka_unit_test(solve__general_systems),
      cmocka_unit_test(solve__refuses_singular_systems),
      cmocka_unit_test(norm__survives_extreme_sizes),
      cmocka_unit_test(linalg__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
