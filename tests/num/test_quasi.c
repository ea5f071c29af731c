/* test_quasi.c - Sobol' points, scrambling and Latin hypercubes by the properties they must have.
 * label: quick */
#include "num/quasi.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;

static gm_sobol *sobol(int32_t d, const uint64_t *key)
{
  gm_sobol *s = NULL;
  assert_int_equal(gm_sobol_new(ctx, d, key, &s), GM_OK);
  return s;
}

/* n points from the first on, row-major; freed by the caller. */
static double *points(gm_sobol *s, int32_t n)
{
  int32_t d = gm_sobol_dimension(s);
  double *x = malloc((size_t)n * (size_t)d * sizeof *x);
  for (int32_t i = 0; i < n; i++)
    assert_int_equal(gm_sobol_point(s, (uint64_t)i, x + (ptrdiff_t)i * d), GM_OK);
  return x;
}

/* The ten points in three dimensions that Joe and Kuo publish with their numbers. */
static void sobol__first_points_are_the_published_ones(void **state)
{
  (void)state;
  static const double want[10][3] = {{0, 0, 0},
                                     {0.5, 0.5, 0.5},
                                     {0.75, 0.25, 0.25},
                                     {0.25, 0.75, 0.75},
                                     {0.375, 0.375, 0.625},
                                     {0.875, 0.875, 0.125},
                                     {0.625, 0.125, 0.875},
                                     {0.125, 0.625, 0.375},
                                     {0.1875, 0.3125, 0.9375},
                                     {0.6875, 0.8125, 0.4375}};
  gm_sobol *s = sobol(3, NULL);
  for (uint64_t i = 0; i < 10; i++) {
    double x[3];
    assert_int_equal(gm_sobol_point(s, i, x), GM_OK);
    for (int32_t j = 0; j < 3; j++) assert_true(x[j] == want[i][j]);
  }
  gm_sobol_free(s);
}

/* Property A (Sobol' 1976; Joe & Kuo 2008 state it of their numbers): the first 2^d points in d
 * dimensions put one in each orthant, that is, the leading d x d matrix of first digits of v_1..v_d
 * has full rank over GF(2), for every d. v_j is point 2^j - 1 in Gray order. */
static void sobol__satisfies_property_a(void **state)
{
  (void)state;
  enum { D = GM_SOBOL_BITS };
  gm_sobol *s = sobol(D, NULL);
  uint64_t row[D] = {0};
  for (int32_t j = 0; j < D; j++) {
    double x[D];
    assert_int_equal(gm_sobol_point(s, (UINT64_C(2) << j) - 1, x), GM_OK);
    for (int32_t i = 0; i < D; i++)
      if (x[i] >= 0.5) row[i] |= UINT64_C(1) << j;
  }
  /* elimination without exchange of columns: each leading block has full rank only if row d,
   * reduced by the rows before, still has digit d */
  for (int32_t i = 0; i < D; i++) {
    for (int32_t k = 0; k < i; k++)
      if (row[i] >> k & 1) row[i] ^= row[k];
    if (!(row[i] >> i & 1)) fail_msg("property A fails in dimension %d", (int)i + 1);
  }
  gm_sobol_free(s);
}

static void assert_stratified(const double *x, int32_t n, int32_t d)
{
  bool *hit = malloc((size_t)n);
  for (int32_t j = 0; j < d; j++) {
    memset(hit, 0, (size_t)n);
    for (int32_t i = 0; i < n; i++) {
      double v = x[(ptrdiff_t)i * d + j];
      assert_true(v >= 0 && v < 1);
      assert_false(hit[(int32_t)(v * n)]);
      hit[(int32_t)(v * n)] = true;
    }
  }
  free(hit);
}

/* 2^k points have one point in each of 2^k slices of every coordinate, scrambled or not. */
static void sobol__each_coordinate_is_stratified(void **state)
{
  (void)state;
  const uint64_t key = 99;
  for (int32_t scrambled = 0; scrambled < 2; scrambled++) {
    gm_sobol *s = sobol(GM_SOBOL_DIMENSION_MAX, scrambled ? &key : NULL);
    for (int32_t k = 0; k <= 9; k++) {
      double *x = points(s, 1 << k);
      assert_stratified(x, 1 << k, GM_SOBOL_DIMENSION_MAX);
      free(x);
    }
    gm_sobol_free(s);
  }
}

/* Whether the first 2^m points in coordinates (a, b) hold 2^t in each box of area 2^(t-m). */
static bool is_net(const double *x, int32_t d, int32_t a, int32_t b, int32_t m, int32_t t)
{
  int32_t boxes = 1 << (m - t), *count = calloc((size_t)boxes, sizeof *count);
  bool good = true;
  for (int32_t k = 0; k <= m - t && good; k++) { /* box: 2^-k by 2^-(m-t-k) */
    memset(count, 0, (size_t)boxes * sizeof *count);
    for (int32_t i = 0; i < 1 << m; i++) {
      int32_t u = (int32_t)ldexp(x[(ptrdiff_t)i * d + a], k);
      int32_t v = (int32_t)ldexp(x[(ptrdiff_t)i * d + b], m - t - k);
      count[(u << (m - t - k)) | v]++;
    }
    for (int32_t i = 0; i < boxes; i++) good = good && count[i] == 1 << t;
  }
  free(count);
  return good;
}

static int32_t degree(int32_t j)
{
  uint32_t polynomial, m[GM_SOBOL_DEGREE_MAX];
  return gm__sobol_row(j, &polynomial, m);
}

/* Sobol' (1967), Niederreiter (1992): a projection is a (t, m, 2)-net with t at most the sum of
 * (degree - 1); the first two coordinates have t = 0. Scrambling keeps it (Owen 1995). */
static void sobol__projections_are_nets(void **state)
{
  (void)state;
  enum { D = 13, M = 11 };
  const uint64_t key = 4711;
  for (int32_t scrambled = 0; scrambled < 2; scrambled++) {
    gm_sobol *s = sobol(D, scrambled ? &key : NULL);
    double *x = points(s, 1 << M);
    for (int32_t m = 1; m <= M; m++) assert_true(is_net(x, D, 0, 1, m, 0));
    for (int32_t a = 0; a < D; a++)
      for (int32_t b = a + 1; b < D; b++) {
        int32_t t = degree(b) - 1;
        if (a) t += degree(a) - 1;
        assert_true(is_net(x, D, a, b, M, t));
      }
    free(x);
    gm_sobol_free(s);
  }
}

/* Over keys a scrambled point is uniform and its coordinates are independent. */
static void scramble__point_is_uniform_over_keys(void **state)
{
  (void)state;
  enum { KEYS = 4096 };
  double sum[2] = {0}, square[2] = {0}, cross = 0;
  int32_t bin[16] = {0};
  for (uint64_t key = 0; key < KEYS; key++) {
    gm_sobol *s = sobol(2, &key);
    double x[2];
    assert_int_equal(gm_sobol_point(s, 5, x), GM_OK);
    for (int32_t j = 0; j < 2; j++) {
      assert_true(x[j] > 0 && x[j] < 1);
      sum[j] += x[j] - 0.5;
      square[j] += (x[j] - 0.5) * (x[j] - 0.5);
    }
    cross += (x[0] - 0.5) * (x[1] - 0.5);
    bin[(int32_t)(16 * x[1])]++;
    gm_sobol_free(s);
  }
  double chi = 0, expected = KEYS / 16.0;
  for (int32_t i = 0; i < 16; i++) chi += (bin[i] - expected) * (bin[i] - expected) / expected;
  assert_true(chi < 44.3); /* chi-square 15: P = 1e-4 */
  for (int32_t j = 0; j < 2; j++) {
    assert_true(fabs(sum[j] / KEYS) < 4 * sqrt(1.0 / 12 / KEYS));
    assert_true(fabs(square[j] / KEYS - 1.0 / 12) < 4 * sqrt(1.0 / 180 / KEYS));
  }
  assert_true(fabs(cross / KEYS) < 4 / 12.0 / sqrt(KEYS));
}

static double integral(uint64_t key, int32_t n)
{
  gm_sobol *s = sobol(3, &key);
  double sum = 0;
  for (int32_t i = 0; i < n; i++) {
    double x[3];
    assert_int_equal(gm_sobol_point(s, (uint64_t)i, x), GM_OK);
    sum += exp(x[0] + 0.5 * x[1] - 0.7 * x[2]);
  }
  gm_sobol_free(s);
  return sum / n;
}

/* Owen (1997): for a smooth function the variance over keys falls nearly like n^-3, so 16 times
 * the points take more than 16^2.3 off it; a random shift of points would fall like n^-2. */
static void scramble__variance_falls_faster_than_square(void **state)
{
  (void)state;
  enum { KEYS = 64 };
  double exact = (exp(1) - 1) * 2 * (exp(0.5) - 1) * (1 - exp(-0.7)) / 0.7, few = 0, many = 0;
  for (uint64_t key = 0; key < KEYS; key++) {
    double a = integral(key, 64) - exact, b = integral(key, 1024) - exact;
    few += a * a;
    many += b * b;
  }
  assert_true(few / many > pow(16, 2.3));
}

/* Another key gives other points; the same key the same bits. */
static void scramble__is_a_function_of_the_key(void **state)
{
  (void)state;
  uint64_t key[2] = {1, 2};
  gm_sobol *a = sobol(4, &key[0]), *b = sobol(4, &key[0]), *c = sobol(4, &key[1]);
  double x[4], y[4], z[4];
  for (uint64_t i = 100; i-- > 0;) {
    assert_int_equal(gm_sobol_point(a, i, x) | gm_sobol_point(b, i, y) | gm_sobol_point(c, i, z),
                     GM_OK);
    assert_memory_equal(x, y, sizeof x);
    for (int32_t j = 0; j < 4; j++) assert_true(x[j] != z[j]);
  }
  gm_sobol_free(a), gm_sobol_free(b), gm_sobol_free(c);
}

/* Too many dimensions are refused by name, an index past the digits too. */
static void sobol__refusals(void **state)
{
  (void)state;
  gm_sobol *s = NULL;
  assert_int_equal(gm_sobol_new(ctx, 1112, NULL, &s), GM_EUNSUPPORTED);
  assert_non_null(strstr(gm_message(ctx), "1112 dimensions"));
  assert_int_equal(gm_sobol_new(ctx, 0, NULL, &s), GM_ERANGE);
  assert_null(s);
  s = sobol(1, NULL);
  double x = 7;
  assert_int_equal(gm_sobol_point(s, UINT64_C(1) << 52, &x), GM_ERANGE);
  assert_true(x == 7);
  assert_int_equal(gm_sobol_point(s, (UINT64_C(1) << 52) - 1, &x), GM_OK);
  gm_sobol_free(s);
  gm_sobol_free(NULL);
}

/* One point in each slice of each coordinate, for any n. */
static void hypercube__is_latin(void **state)
{
  (void)state;
  static const int32_t size[] = {1, 2, 7, 100, 1000};
  for (int32_t k = 0; k < 5; k++) {
    int32_t n = size[k];
    double *x = malloc((size_t)n * 5 * sizeof *x);
    assert_int_equal(gm_latin_hypercube(ctx, n, 5, 3, x), GM_OK);
    assert_stratified(x, n, 5);
    free(x);
  }
  double one[1];
  assert_int_equal(gm_latin_hypercube(ctx, 0, 5, 3, one), GM_ERANGE);
}

/* The six orders of three slices are equally likely over keys, the places uniform within them. */
static void hypercube__orders_are_equally_likely(void **state)
{
  (void)state;
  enum { KEYS = 6000 };
  int32_t count[27] = {0};
  double place = 0;
  for (uint64_t key = 0; key < KEYS; key++) {
    double x[3];
    assert_int_equal(gm_latin_hypercube(ctx, 3, 1, key, x), GM_OK);
    count[9 * (int32_t)(3 * x[0]) + 3 * (int32_t)(3 * x[1]) + (int32_t)(3 * x[2])]++;
    place += 3 * x[0] - floor(3 * x[0]) - 0.5;
  }
  static const int32_t order[6] = {5, 7, 11, 15, 19, 21}; /* 012 021 102 120 201 210 */
  double chi = 0;
  for (int32_t k = 0; k < 6; k++)
    chi += (count[order[k]] - KEYS / 6.0) * (count[order[k]] - KEYS / 6.0) / (KEYS / 6.0);
  assert_true(chi < 25.7); /* chi-square 5: P = 1e-4 */
  assert_true(fabs(place / KEYS) < 4 * sqrt(1.0 / 12 / KEYS));
}

static gm_status make_all(gm_ctx *c, void *user)
{
  (void)user;
  gm_sobol *s = NULL;
  double x[8];
  gm_status status = gm_sobol_new(c, 5, NULL, &s);
  if (!status) status = gm_latin_hypercube(c, 4, 2, 1, x);
  gm_sobol_free(s);
  return status;
}

/* Any allocation may fail: GM_ENOMEM, nothing leaks. */
static void quasi__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("quasi", make_all, NULL), 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sobol__first_points_are_the_published_ones),
      cmocka_unit_test(sobol__satisfies_property_a),
      cmocka_unit_test(sobol__each_coordinate_is_stratified),
      cmocka_unit_test(sobol__projections_are_nets),
      cmocka_unit_test(scramble__point_is_uniform_over_keys),
      cmocka_unit_test(scramble__variance_falls_faster_than_square),
      cmocka_unit_test(scramble__is_a_function_of_the_key),
      cmocka_unit_test(sobol__refusals),
      cmocka_unit_test(hypercube__is_latin),
      cmocka_unit_test(hypercube__orders_are_equally_likely),
      cmocka_unit_test(quasi__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
