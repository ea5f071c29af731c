/* test_sobol_net.c - whole Sobol' nets: the direction numbers and the scramble by their properties.
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

static gm_sobol *sobol(int32_t d)
{
  gm_sobol *s = NULL;
  if (gm_sobol_new(ctx, d, NULL, &s)) fail_msg("%s", gm_message(ctx));
  return s;
}

/* The ten points in three dimensions that Joe and Kuo publish with their numbers. */
static void plain__first_points_are_the_published_ones(void **state)
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
  gm_sobol *s = sobol(3);
  double x[10][3];
  gm_sobol_net(s, 4, NULL);
  gm_sobol_next(s, 4, x[0]);
  gm_sobol_next(s, 6, x[4]);
  assert_memory_equal(x, want, sizeof x);
  gm_sobol_free(s);
}

/* A plain net is the points that are had one by one. */
static void plain__agrees_with_points_one_by_one(void **state)
{
  (void)state;
  enum { D = GM_SOBOL_DIMENSION_MAX, N = 512 };
  gm_sobol *one = NULL;
  assert_int_equal(gm_sobol_new(ctx, D, NULL, &one), GM_OK);
  gm_sobol *s = sobol(D);
  gm_sobol_net(s, 9, NULL);
  for (uint64_t i = 0; i < N; i++) {
    double x[D], y[D];
    assert_int_equal(gm_sobol_point(one, i, x), GM_OK);
    gm_sobol_next(s, 1, y);
    assert_memory_equal(x, y, sizeof x);
  }
  gm_sobol_free(one);
  gm_sobol_free(s);
}

/* x has order 2^s - 1 modulo the polynomial: it is primitive (2^s - 1 steps at most, s <= 13). */
static bool primitive(uint32_t polynomial, int32_t s)
{
  uint32_t x = 1, order = 0;
  do {
    x <<= 1;
    if (x >> s & 1) x ^= polynomial;
    order++;
  } while (x != 1 && order <= 1u << s);
  return order == (1u << s) - 1;
}

/* Dimensions 2 to 1,111 hold each primitive polynomial of degree 1 to 13 once (Euler:
 * phi(2^s - 1)/s of degree s), with odd m_k < 2^k. */
static void table__holds_the_primitive_polynomials(void **state)
{
  (void)state;
  static const int32_t want[14] = {0, 1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144, 630};
  int32_t count[14] = {0};
  uint32_t before = 1;
  for (int32_t j = 1; j < GM_SOBOL_DIMENSION_MAX; j++) {
    uint32_t p, m[GM_SOBOL_DEGREE_MAX];
    int32_t s = gm__sobol_row(j, &p, m);
    assert_in_range(s, 1, 13);
    assert_true(p > before && (s == 1 ? p == 3 : primitive(p, s)));
    before = p;
    count[s]++;
    for (int32_t k = 0; k < s; k++) assert_true(m[k] % 2 == 1 && m[k] < 2u << k);
  }
  assert_memory_equal(count, want, sizeof want);
}

/* Property A (Sobol' 1976), which Joe & Kuo 2008 have for their numbers up to dimension 1,111: for
 * every d the first 2^d points put one in each orthant, so the leading d x d matrix of first digits
 * of the direction numbers has full rank over GF(2). The first digit of v_k is the highest of m_k,
 * and from k = s on it follows the polynomial's own recurrence. One wrong number of the table
 * breaks it with probability 1/2. */
static void table__has_property_a(void **state)
{
  (void)state;
  enum { D = GM_SOBOL_DIMENSION_MAX, WORDS = (D + 63) / 64 };
  uint64_t(*row)[WORDS] = calloc(D, sizeof *row);
  for (int32_t j = 0; j < D; j++) {
    uint8_t digit[D];
    uint32_t p, m[GM_SOBOL_DEGREE_MAX];
    int32_t s = gm__sobol_row(j, &p, m);
    for (int32_t k = 0; k < D; k++) {
      digit[k] = k == 0 && s == 0;
      if (k < s) digit[k] = m[k] >> k & 1;
      for (int32_t i = 1; s && k >= s && i <= s; i++) digit[k] ^= (p >> (s - i) & 1) & digit[k - i];
      row[j][k / 64] |= (uint64_t)digit[k] << k % 64;
    }
    if (s == 0) row[j][0] = 1; /* van der Corput: v_k = 2^-k */
  }
  for (int32_t i = 0; i < D; i++) { /* no exchange of columns: each leading block must be regular */
    for (int32_t k = 0; k < i; k++)
      if (row[i][k / 64] >> k % 64 & 1)
        for (int32_t w = 0; w < WORDS; w++) row[i][w] ^= row[k][w];
    if (!(row[i][i / 64] >> i % 64 & 1)) fail_msg("property A fails in dimension %d", (int)i + 1);
  }
  free(row);
}

/* 2^k scrambled points: one in each of 2^k slices of every coordinate, in all 1,111 dimensions. */
static void scramble__keeps_slices(void **state)
{
  (void)state;
  enum { D = GM_SOBOL_DIMENSION_MAX };
  gm_sobol *s = sobol(D);
  for (int32_t m = 0; m <= 9; m++) {
    int32_t n = 1 << m;
    double *x = malloc((size_t)n * D * sizeof *x);
    bool *hit = malloc((size_t)n);
    gm_sobol_net(s, m, &(uint64_t){77});
    gm_sobol_next(s, n, x);
    for (int32_t j = 0; j < D; j++) {
      memset(hit, 0, (size_t)n);
      for (int32_t i = 0; i < n; i++) {
        double v = x[(ptrdiff_t)i * D + j];
        assert_true(v > 0 && v < 1);
        assert_false(hit[(int32_t)(v * n)]);
        hit[(int32_t)(v * n)] = true;
      }
    }
    free(x), free(hit);
  }
  gm_sobol_free(s);
}

/* Owen 1995: scrambling keeps the (0, m, 2)-net of the first two coordinates. */
static void scramble__keeps_the_net(void **state)
{
  (void)state;
  enum { M = 11, N = 1 << M };
  gm_sobol *s = sobol(2);
  static double x[N][2];
  static int32_t count[N];
  gm_sobol_net(s, M, &(uint64_t){5});
  gm_sobol_next(s, N, x[0]);
  for (int32_t k = 0; k <= M; k++) {
    memset(count, 0, sizeof count);
    for (int32_t i = 0; i < N; i++)
      count[(int32_t)ldexp(x[i][0], k) << (M - k) | (int32_t)ldexp(x[i][1], M - k)]++;
    for (int32_t i = 0; i < N; i++) assert_int_equal(count[i], 1);
  }
  gm_sobol_free(s);
}

/* Over keys a point is uniform to its last digits, two coordinates are independent, and so are two
 * points of one coordinate but for the slice they may not share (correlation -1/(n+1) at most). */
static void scramble__point_is_uniform_over_keys(void **state)
{
  (void)state;
  enum { KEYS = 8192 };
  double sum = 0, square = 0, cross = 0;
  int32_t bin[16] = {0}, fine[16] = {0};
  gm_sobol *s = sobol(2);
  for (uint64_t key = 0; key < KEYS; key++) {
    double x[8][2];
    gm_sobol_net(s, 3, &key);
    gm_sobol_next(s, 8, x[0]);
    double v = x[5][0];
    sum += v - 0.5, square += (v - 0.5) * (v - 0.5), cross += (v - 0.5) * (x[5][1] - 0.5);
    bin[(int32_t)(16 * v)]++;
    fine[(int32_t)(16 * (ldexp(v, 30) - floor(ldexp(v, 30))))]++;
  }
  double chi = 0, chi_fine = 0, expected = KEYS / 16.0;
  for (int32_t i = 0; i < 16; i++) {
    chi += (bin[i] - expected) * (bin[i] - expected) / expected;
    chi_fine += (fine[i] - expected) * (fine[i] - expected) / expected;
  }
  assert_true(chi < 44.3 && chi_fine < 44.3); /* chi-square 15: P = 1e-4 */
  assert_true(fabs(sum / KEYS) < 4 * sqrt(1.0 / 12 / KEYS));
  assert_true(fabs(square / KEYS - 1.0 / 12) < 4 * sqrt(1.0 / 180 / KEYS));
  assert_true(fabs(cross / KEYS) < 4 / 12.0 / sqrt(KEYS));
  gm_sobol_free(s);
}

static double integral(gm_sobol *s, uint64_t key, int32_t m)
{
  double sum = 0, x[3];
  gm_sobol_net(s, m, &key);
  for (int32_t i = 0; i < 1 << m; i++) {
    gm_sobol_next(s, 1, x);
    sum += exp(x[0] + 0.5 * x[1] - 0.7 * x[2]);
  }
  return sum / (1 << m);
}

/* Owen (1997): for a smooth function the variance over keys falls nearly like n^-3, and the mean
 * over keys is right: a digit kept fixed by mistake would show as bias. */
static void scramble__variance_falls_faster_than_square(void **state)
{
  (void)state;
  enum { KEYS = 256 };
  gm_sobol *s = sobol(3);
  double exact = (exp(1) - 1) * 2 * (exp(0.5) - 1) * (1 - exp(-0.7)) / 0.7, few = 0, many = 0;
  double bias = 0;
  for (uint64_t key = 0; key < KEYS; key++) {
    double a = integral(s, key, 6) - exact, b = integral(s, key, 10) - exact;
    few += a * a, many += b * b, bias += a;
  }
  assert_true(few / many > pow(16, 2.3));
  assert_true(fabs(bias / KEYS) < 4 * sqrt(few / KEYS / KEYS));
  gm_sobol_free(s);
}

static void sobol_net__refusals(void **state)
{
  (void)state;
  gm_sobol *s = NULL;
  assert_int_equal(gm_sobol_new(ctx, 1112, NULL, &s), GM_EUNSUPPORTED);
  assert_non_null(strstr(gm_message(ctx), "1112 dimensions"));
  assert_int_equal(gm_sobol_new(ctx, 0, NULL, &s), GM_ERANGE);
  assert_null(s);
  gm_sobol_free(NULL);
}

static gm_status make(gm_ctx *c, void *user)
{
  (void)user;
  gm_sobol *s = NULL;
  gm_status status = gm_sobol_new(c, 200, NULL, &s);
  gm_sobol_free(s);
  return status;
}

static void sobol_net__survives_lack_of_memory(void **state)
{
  (void)state;
  assert_int_equal(fault_sweep("nets", make, NULL), 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain__first_points_are_the_published_ones),
      cmocka_unit_test(plain__agrees_with_points_one_by_one),
      cmocka_unit_test(table__holds_the_primitive_polynomials),
      cmocka_unit_test(table__has_property_a),
      cmocka_unit_test(scramble__keeps_slices),
      cmocka_unit_test(scramble__keeps_the_net),
      cmocka_unit_test(scramble__point_is_uniform_over_keys),
      cmocka_unit_test(scramble__variance_falls_faster_than_square),
      cmocka_unit_test(sobol_net__refusals),
      cmocka_unit_test(sobol_net__survives_lack_of_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failures;
}
