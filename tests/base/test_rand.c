/* test_rand.c - keyed random numbers: published vectors of the generator, the meaning of each word
 * of key and counter, and the distributions. Keys are fixed, so a run repeats to the bit; bounds
 * are 5 standard errors of the statistic under the claim (one false alarm in two million), or for
 * Kolmogorov-Smirnov sqrt(n) D < 2.7 (P = 2 exp(-2 * 2.7^2) = 9e-7).
 * label: quick */
#include "gemel/rand.h"
#include "base/rand_block.h"
#include "gemel/math.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { DRAWS = 200000 };

static gm_key test_key(uint64_t replicate)
{
  return gm_key_make(20240607, GM_PURPOSE_TEST, 42, replicate);
}

/* ---- the generator ---- */

/* Threefry4x64-20 gives the known answers of Random123's kat_vectors: all zeros, all ones, and the
 * digits of pi (in this order: counter, key, answer). */
static void block__known_answers(void **state)
{
  (void)state;
  static const uint64_t ones = UINT64_MAX;
  static const uint64_t kat[3][3][4] = {
      {{0, 0, 0, 0},
       {0, 0, 0, 0},
       {0x09218ebde6c85537, 0x55941f5266d86105, 0x4bd25e16282434dc, 0xee29ec846bd2e40b}},
      {{ones, ones, ones, ones},
       {ones, ones, ones, ones},
       {0x29c24097942bba1b, 0x0371bbfb0f6f4e11, 0x3c231ffa33f83a1c, 0xcd29113fde32d168}},
      {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
       {0x452821e638d01377, 0xbe5466cf34e90c6c, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd},
       {0xa7e8fde591651bd9, 0xbaafd0c30138319b, 0x84a5c1a729e685b9, 0x901d406ccebc1ba4}},
  };
  for (int i = 0; i < 3; i++) {
    gm_key key;
    gm__counter counter;
    uint64_t out[4];
    memcpy(counter.v, kat[i][0], sizeof counter.v);
    memcpy(key.v, kat[i][1], sizeof key.v);
    gm__block(key, counter, out);
    assert_memory_equal(out, kat[i][2], sizeof out);
  }
}

/* The public call puts seed, purpose, subject, replicate and slot, entity, kind and draw, index
 * where the header says. */
static void draw4__is_the_block_of_its_words(void **state)
{
  (void)state;
  gm_key key = {{11, 12, 13, 14}}, made = gm_key_make(11, 12, 13, 14);
  assert_memory_equal(&key, &made, sizeof key);
  uint64_t want[4], got[4];
  gm__block(key, (gm__counter){{1, 2, (UINT64_C(3) << 32) + 4, 5}}, want);
  gm_draw4(key, 1, 2, gm_kind_draw(3, 4), 5, got);
  assert_memory_equal(got, want, sizeof got);
}

static int bits_set(const uint64_t a[4], const uint64_t b[4])
{
  int n = 0;
  for (int i = 0; i < 4; i++) n += __builtin_popcountll(a[i] ^ b[i]);
  return n;
}

/* Turning any single bit of seed, purpose, subject, replicate, slot, entity, kind-draw or index
 * turns about half of the 256 bits: 128 +- 8 each, and no case outside 6 standard deviations. */
static void draw4__every_bit_of_the_meaning_counts(void **state)
{
  (void)state;
  const uint64_t base[8] = {1, GM_PURPOSE_TEST, 7, 0, 3, 2, 1, 1000};
  uint64_t from[4], to[4], w[8];
  gm_draw4(gm_key_make(base[0], base[1], base[2], base[3]), base[4], base[5], base[6], base[7],
           from);
  double sum = 0;
  int cases = 0;
  for (int word = 0; word < 8; word++)
    for (int bit = 0; bit < (word == 6 ? 56 : 64); bit++, cases++) {
      memcpy(w, base, sizeof w);
      w[word] ^= UINT64_C(1) << bit;
      gm_draw4(gm_key_make(w[0], w[1], w[2], w[3]), w[4], w[5], w[6], w[7], to);
      int n = bits_set(from, to);
      assert_in_range(n, 128 - 48, 128 + 48);
      sum += n;
    }
  assert_true(fabs(sum / cases - 128) < 5 * 8 / sqrt(cases));
}

static gm_status fill_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  (void)worker, (void)ctx;
  double *out = user;
  for (int i = 0; i < 100; i++)
    out[task * 100 + i] = gm_gamma(test_key(1), (uint64_t)task, 0, 0, (uint64_t)i, 0.7);
  return GM_OK;
}

/* The order in which numbers are asked for, and the thread that asks, change nothing. */
static void draws__do_not_depend_on_threads_or_order(void **state)
{
  (void)state;
  enum { TASKS = 64 };
  static double by_pool[TASKS * 100], backwards[TASKS * 100];
  gm_ctx *ctx;
  gm_pool *pool;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 4, &pool), GM_OK);
  assert_int_equal(gm_pool_run(pool, ctx, TASKS, fill_task, by_pool), GM_OK);
  for (int32_t t = TASKS; t-- > 0;) (void)fill_task(backwards, t, 0, ctx);
  assert_memory_equal(by_pool, backwards, sizeof by_pool);
  gm_pool_free(pool);
  gm_ctx_free(ctx);
}

/* ---- helpers: goodness of fit ---- */

typedef double cdf_function(double x, double parameter);

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* sqrt(n) times the Kolmogorov-Smirnov distance; sorts x. */
static double ks(double *x, int n, cdf_function *cdf, double parameter)
{
  qsort(x, (size_t)n, sizeof *x, by_size);
  double d = 0;
  for (int i = 0; i < n; i++) {
    double f = cdf(x[i], parameter);
    d = fmax(d, fmax((i + 1.0) / n - f, f - (double)i / n));
  }
  return d * sqrt(n);
}

static double cdf_uniform(double x, double unused) { return (void)unused, x; }
static double cdf_normal(double x, double unused) { return (void)unused, 0.5 * erfc(-x / sqrt(2)); }
static double cdf_exponential(double x, double unused) { return (void)unused, -expm1(-x); }
static double cdf_gamma_half(double x, double unused) { return (void)unused, erf(sqrt(x)); }
/* Erlang: whole shape */
static double cdf_erlang(double x, double shape)
{
  double term = 1, sum = 0;
  for (int k = 0; k < (int)shape; k++) {
    sum += term;
    term *= x / (k + 1);
  }
  return 1 - exp(-x) * sum;
}

/* Pearson's statistic against its degrees of freedom: 5 standard errors, and 12 more for the skew
 * of a chi-square with few degrees of freedom (P(chi2_1 > 1 + 7 + 12) = 8e-6). */
static void chi2_check(const char *what, double chi2, int freedom)
{
  if (chi2 > freedom + 5 * sqrt(2.0 * freedom) + 12)
    fail_msg("%s: chi-square %.1f on %d degrees of freedom", what, chi2, freedom);
}

/* ---- uniform and normal ---- */

/* The ends of the range: the smallest is 2^-53, the largest 1 - 2^-53, neither 0 nor 1. */
static void uniform__lies_inside_the_open_interval(void **state)
{
  (void)state;
  assert_true(gm__unit(0) == 0x1p-53);
  assert_true(gm__unit(UINT64_MAX) == 1 - 0x1p-53 && gm__unit(UINT64_MAX) < 1);
  for (uint64_t i = 0; i < 64; i++) {
    uint64_t x = UINT64_MAX << i; /* the mirror image of x is the mirror image of its uniform */
    assert_true(gm__unit(~x) == 1 - gm__unit(x));
  }
  assert_true(fabs(gm_norm_quantile(0x1p-53)) < 8.21);
}

/* The first of four is the single draw, and the normal is the quantile of the uniform. */
static void draws__forms_agree(void **state)
{
  (void)state;
  for (uint64_t i = 0; i < 1000; i++) {
    double u[4], z[4];
    gm_uniform4(test_key(2), i, 1, 2, 3, u);
    gm_normal4(test_key(2), i, 1, 2, 3, z);
    assert_true(gm_uniform(test_key(2), i, 1, 2, 3) == u[0]);
    assert_true(gm_normal(test_key(2), i, 1, 2, 3) == z[0]);
    assert_true(gm_exponential(test_key(2), i, 1, 2, 3) == -gm_ln(u[0]));
    for (int j = 0; j < 4; j++) assert_true(z[j] == gm_norm_quantile(u[j]));
  }
}

/* 2^20 numbers fall evenly into 1,024 bins, whichever of the four words they come from. */
static void uniform__is_even_in_each_word(void **state)
{
  (void)state;
  enum { BINS = 1024, N = 1 << 20 };
  static int count[4][BINS];
  memset(count, 0, sizeof count);
  for (uint64_t i = 0; i < N; i++) {
    double u[4];
    gm_uniform4(test_key(3), 0, 0, 0, i, u);
    for (int j = 0; j < 4; j++) count[j][(int)(u[j] * BINS)]++;
  }
  for (int j = 0; j < 4; j++) {
    double chi2 = 0, expected = (double)N / BINS;
    for (int b = 0; b < BINS; b++) chi2 += pow(count[j][b] - expected, 2) / expected;
    chi2_check("uniform", chi2, BINS - 1);
  }
}

/* Kolmogorov-Smirnov for the continuous draws without a parameter. */
static void continuous__distribution_functions(void **state)
{
  (void)state;
  static double u[DRAWS], z[DRAWS], e[DRAWS];
  for (uint64_t i = 0; i < DRAWS; i++) {
    u[i] = gm_uniform(test_key(4), i, 0, 0, 0);
    z[i] = gm_normal(test_key(5), i, 0, 0, 0);
    e[i] = gm_exponential(test_key(6), i, 0, 0, 0);
    assert_true(e[i] > 0);
  }
  assert_true(ks(u, DRAWS, cdf_uniform, 0) < 2.7);
  assert_true(ks(z, DRAWS, cdf_normal, 0) < 2.7);
  assert_true(ks(e, DRAWS, cdf_exponential, 0) < 2.7);
}

/* Moments 1 to 6 of the normal are 0, 1, 0, 3, 0, 15, with variances of x^k of (2k-1)!! - m_k^2. */
static void normal__moments(void **state)
{
  (void)state;
  enum { N = 1000000 };
  static const double moment[7] = {1, 0, 1, 0, 3, 0, 15}, even[7] = {1, 1, 3, 15, 105, 945, 10395};
  double sum[7] = {0};
  for (uint64_t i = 0; i < N / 4; i++) {
    double z[4];
    gm_normal4(test_key(7), i, 0, 0, 0, z);
    for (int j = 0; j < 4; j++)
      for (int k = 1; k <= 6; k++) sum[k] += pow(z[j], k);
  }
  for (int k = 1; k <= 6; k++) {
    double error = sqrt((even[k] - moment[k] * moment[k]) / N);
    if (fabs(sum[k] / N - moment[k]) > 5 * error)
      fail_msg("moment %d: %g, %g +- %g expected", k, sum[k] / N, moment[k], error);
  }
}

static double normal_of(const uint64_t w[8])
{
  return gm_normal(gm_key_make(w[0], w[1], w[2], w[3]), w[4], w[5], w[6], w[7]);
}

/* Numbers whose meaning differs by one in one word (seed, ..., index) are independent: correlation
 * of z and of z^2 within 5 standard errors, and a 16 by 16 table even. */
static void neighbours__are_independent_in_every_word(void **state)
{
  (void)state;
  enum { N = 1 << 16, SIDE = 16 };
  static int table[SIDE][SIDE];
  for (int word = 0; word < 8; word++) {
    double r1 = 0, r2 = 0, chi2 = 0;
    memset(table, 0, sizeof table);
    for (uint64_t i = 0; i < N; i++) {
      uint64_t w[8] = {5, GM_PURPOSE_TEST, 1, 1, 1, 1, 1, 1};
      w[word == 7 ? 4 : 7] = 1000 + i; /* another word runs, so that pairs do not overlap */
      double a = normal_of(w);
      w[word]++;
      double b = normal_of(w);
      r1 += a * b;
      r2 += (a * a - 1) * (b * b - 1) / 2;
      table[(int)(SIDE * cdf_normal(a, 0))][(int)(SIDE * cdf_normal(b, 0))]++;
    }
    if (fabs(r1) > 5 * sqrt(N) || fabs(r2) > 5 * sqrt(N))
      fail_msg("word %d: correlations %g, %g; error %g", word, r1 / N, r2 / N, 1 / sqrt(N));
    double expected = (double)N / (SIDE * SIDE);
    for (int i = 0; i < SIDE * SIDE; i++)
      chi2 += pow(table[i / SIDE][i % SIDE] - expected, 2) / expected;
    chi2_check("pairs", chi2, SIDE * SIDE - 1);
  }
}

/* ---- gamma ---- */

static void gamma__distribution_functions(void **state)
{
  (void)state;
  static const struct {
    double shape;
    cdf_function *cdf;
  } c[] = {{0.5, cdf_gamma_half},
           {1, cdf_exponential},
           {2, cdf_erlang},
           {3, cdf_erlang},
           {20, cdf_erlang}};
  static double x[DRAWS];
  for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
    for (uint64_t i = 0; i < DRAWS; i++) x[i] = gm_gamma(test_key(8), i, k, 0, 0, c[k].shape);
    double d = ks(x, DRAWS, c[k].cdf, c[k].shape);
    if (d > 2.7) fail_msg("gamma of shape %g: sqrt(n) D = %g", c[k].shape, d);
  }
}

/* Mean and variance are the shape a; the fourth central moment is 3 a^2 + 6 a, so the sample
 * variance has variance (2 a^2 + 6 a) / n. */
static void gamma__mean_and_variance_are_the_shape(void **state)
{
  (void)state;
  static const double shape[] = {0.02, 0.1, 0.9, 1.7, 12.5, 1e3, 1e8};
  for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
    double a = shape[k], s1 = 0, s2 = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
      double d = gm_gamma(test_key(9), i, k, 0, 0, a) - a;
      assert_true(d >= -a);
      s1 += d;
      s2 += d * d;
    }
    if (fabs(s1 / DRAWS) > 5 * sqrt(a / DRAWS) ||
        fabs(s2 / DRAWS - a) > 5 * sqrt((2 * a * a + 6 * a) / DRAWS))
      fail_msg("shape %g: mean off by %g, variance %g", a, s1 / DRAWS, s2 / DRAWS);
  }
  const double bad[] = {0, -1, INFINITY, NAN};
  for (int i = 0; i < 4; i++) assert_true(isnan(gm_gamma(test_key(9), 0, 0, 0, 0, bad[i])));
}

/* ---- counts ---- */

static double poisson_mass(double k, double mean, double unused)
{
  (void)unused;
  return (double)expl(k * logl(mean) - mean - lgammal(k + 1));
}

static double binomial_mass(double k, double n, double p)
{
  return (double)expl(lgammal(n + 1) - lgammal(k + 1) - lgammal(n - k + 1) + k * logl(p) +
                      (n - k) * log1pl(-p));
}

/* Pearson's test of counts against their probabilities over [low, high]; neighbours are joined
 * until 20 are expected; what lies outside joins the last cell. */
static void counts_check(const char *what, const int64_t *x, double low, double high,
                         double (*mass)(double, double, double), double a, double b)
{
  int cells = (int)(high - low) + 1, freedom = -1;
  int *seen = calloc((size_t)cells, sizeof *seen);
  assert_non_null(seen);
  double outside = DRAWS, chi2 = 0, expected = 0, got = 0, expected_all = 0;
  for (int i = 0; i < DRAWS; i++)
    if ((double)x[i] >= low && (double)x[i] <= high) seen[(int)((double)x[i] - low)]++, outside--;
  for (int c = 0; c < cells; c++) {
    expected += DRAWS * mass(low + c, a, b);
    got += seen[c];
    if (expected < 20) continue;
    chi2 += (got - expected) * (got - expected) / expected;
    expected_all += expected;
    expected = got = 0;
    freedom++;
  }
  double rest = DRAWS - expected_all, got_rest = outside + got;
  if (rest > 20)
    chi2 += (got_rest - rest) * (got_rest - rest) / rest, freedom++;
  else
    assert_true(got_rest < 20 + 5 * sqrt(20) + 20);
  free(seen);
  chi2_check(what, chi2, freedom);
}

static int64_t counts[DRAWS];

/* Poisson counts have the probabilities of that law on both sides of the change of method. */
static void poisson__probabilities(void **state)
{
  (void)state;
  static const double mean[] = {0.01, 0.5, 5, 29.999, 30, 31.5, 100, 2500, 1e5};
  for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) {
    double m = mean[k], spread = 5 * sqrt(m) + 5;
    for (uint64_t i = 0; i < DRAWS; i++) {
      counts[i] = gm_poisson(test_key(10), i, k, 0, 0, m);
      assert_true(counts[i] >= 0);
    }
    counts_check("poisson", counts, fmax(0, floor(m - spread)), ceil(m + spread), poisson_mass, m,
                 0);
  }
}

/* Mean m and variance m also where the probabilities cannot be tabled; (x - m)^2 of a Poisson has
 * variance 2 m^2 + m. */
static void poisson__large_means(void **state)
{
  (void)state;
  static const double mean[] = {1e7, 1e10, 1e15};
  for (size_t k = 0; k < sizeof mean / sizeof *mean; k++) {
    static double z[DRAWS];
    for (uint64_t i = 0; i < DRAWS; i++)
      z[i] = ((double)gm_poisson(test_key(11), i, k, 0, 0, mean[k]) - mean[k]) / sqrt(mean[k]);
    double s1 = 0, s2 = 0;
    for (int i = 0; i < DRAWS; i++) s1 += z[i], s2 += z[i] * z[i];
    assert_true(fabs(s1 / DRAWS) < 5 / sqrt(DRAWS));
    assert_true(fabs(s2 / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
    /* far from 0 it is normal: the skew 1/sqrt(m) moves the distribution by less than 1e-4 */
    assert_true(ks(z, DRAWS, cdf_normal, 0) < 2.7);
  }
}

static void binomial__probabilities(void **state)
{
  (void)state;
  static const struct {
    double n, p;
  } c[] = {{1, 0.3},   {10, 0.5},     {10, 0.97},  {59, 0.5},    {60, 0.5},      {100, 0.31},
           {100, 0.9}, {1000, 0.001}, {5000, 0.4}, {1e5, 0.999}, {1000000, 3e-5}};
  for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
    double n = c[k].n, p = c[k].p, spread = 5 * sqrt(n * p * (1 - p)) + 5;
    for (uint64_t i = 0; i < DRAWS; i++) {
      counts[i] = gm_binomial(test_key(12), i, k, 0, 0, (int64_t)n, p);
      assert_true(counts[i] >= 0 && (double)counts[i] <= n);
    }
    counts_check("binomial", counts, fmax(0, floor(n * p - spread)), fmin(n, ceil(n * p + spread)),
                 binomial_mass, n, p);
  }
}

static void binomial__large_n(void **state)
{
  (void)state;
  static const double n[] = {1e8, 1e12, 1e15}, p = 0.25;
  for (size_t k = 0; k < sizeof n / sizeof *n; k++) {
    static double z[DRAWS];
    double s1 = 0, s2 = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
      double x = (double)gm_binomial(test_key(13), i, k, 0, 0, (int64_t)n[k], p);
      z[i] = (x - n[k] * p) / sqrt(n[k] * p * (1 - p));
      s1 += z[i];
      s2 += z[i] * z[i];
    }
    assert_true(fabs(s1 / DRAWS) < 5 / sqrt(DRAWS));
    assert_true(fabs(s2 / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
    assert_true(ks(z, DRAWS, cdf_normal, 0) < 2.7);
  }
}

/* The certain cases, and what is refused. */
static void counts__edges(void **state)
{
  (void)state;
  gm_key key = test_key(14);
  for (uint64_t i = 0; i < 100; i++) {
    assert_true(gm_poisson(key, i, 0, 0, 0, 0) == 0);
    assert_true(gm_binomial(key, i, 0, 0, 0, 0, 0.5) == 0);
    assert_true(gm_binomial(key, i, 0, 0, 0, 1000, 0) == 0);
    assert_true(gm_binomial(key, i, 0, 0, 0, 1000, 1) == 1000);
  }
  assert_true(gm_poisson(key, 0, 0, 0, 0, -1) == -1 && gm_poisson(key, 0, 0, 0, 0, NAN) == -1);
  assert_true(gm_poisson(key, 0, 0, 0, 0, 1.1e15) == -1);
  assert_true(gm_binomial(key, 0, 0, 0, 0, -1, 0.5) == -1);
  assert_true(gm_binomial(key, 0, 0, 0, 0, 5, -0.1) == -1);
  assert_true(gm_binomial(key, 0, 0, 0, 0, 5, 1.1) == -1);
  assert_true(gm_binomial(key, 0, 0, 0, 0, 5, NAN) == -1);
  assert_true(gm_binomial(key, 0, 0, 0, 0, INT64_C(1) << 60, 0.5) == -1);
}

/* Below a mean of 30 one meaning gives a count that grows with the mean, with n and with p up to
 * 1/2: paired plans stay paired. */
static void counts__small_ones_grow_with_their_parameters(void **state)
{
  (void)state;
  for (uint64_t i = 0; i < 300; i++) {
    int64_t before = 0, before_p = 0, before_n = 0;
    for (int j = 1; j < 59; j++) {
      int64_t k = gm_poisson(test_key(15), i, 0, 0, 0, 0.5 * j);
      int64_t b = gm_binomial(test_key(15), i, 0, 0, 0, 59, j / 118.0);
      int64_t n = gm_binomial(test_key(15), i, 0, 0, 0, 2 * j, 0.25);
      assert_true(k >= before && b >= before_p && n >= before_n);
      before = k, before_p = b, before_n = n;
    }
  }
}

/* ---- hashes ---- */

static int by_bits(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Three generations of newborns, 2^18 ids: all different (an accident has probability 2^-29). */
static void hash64__newborn_ids_do_not_meet(void **state)
{
  (void)state;
  enum { N = 1 << 18 };
  static uint64_t id[N];
  for (uint64_t i = 0; i < N; i++)
    id[i] = gm_hash64(gm_hash64(gm_hash64(i >> 12, i >> 8 & 15), i >> 4 & 15), i & 15);
  qsort(id, N, sizeof *id, by_bits);
  for (int i = 1; i < N; i++) assert_true(id[i] != id[i - 1]);
  assert_true(gm_hash64(1, 2) != gm_hash64(2, 1) && gm_hash64(0, 0) != 0);
}

/* Names of every length and content differ, and the same name is the same anywhere. */
static void hash_text__names_differ(void **state)
{
  (void)state;
  static uint64_t id[40000];
  size_t n = 0;
  char name[64];
  for (int i = 0; i < 20000; i++) {
    snprintf(name, sizeof name, "patient %d", i);
    id[n++] = gm_hash_text(name);
  }
  memset(name, 'a', sizeof name);
  for (int length = 0; length < 40; length++) { /* "", "a", "aa", ... cross the 8-byte words */
    name[length] = 0;
    id[n++] = gm_hash_text(name);
    name[length] = 'a';
  }
  id[n++] = gm_hash_text("\xc3\xa9"); /* bytes above 127 */
  id[n++] = gm_hash_text("\x43\x29");
  qsort(id, n, sizeof *id, by_bits);
  for (size_t i = 1; i < n; i++) assert_true(id[i] != id[i - 1]);
  char copy[] = "..cohort A";
  assert_true(gm_hash_text(copy + 2) == gm_hash_text("cohort A"));
}

/* Turning one bit of either number turns 32 +- 4 bits of the hash. */
static void hash64__bits_turn_by_half(void **state)
{
  (void)state;
  double sum = 0;
  for (int i = 0; i < 128; i++) {
    uint64_t a = 17, b = 4;
    if (i < 64)
      a ^= UINT64_C(1) << i;
    else
      b ^= UINT64_C(1) << (i - 64);
    sum += __builtin_popcountll(gm_hash64(a, b) ^ gm_hash64(17, 4));
  }
  assert_true(fabs(sum / 128 - 32) < 5 * 4 / sqrt(128));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(block__known_answers),
      cmocka_unit_test(draw4__is_the_block_of_its_words),
      cmocka_unit_test(draw4__every_bit_of_the_meaning_counts),
      cmocka_unit_test(draws__do_not_depend_on_threads_or_order),
      cmocka_unit_test(uniform__lies_inside_the_open_interval),
      cmocka_unit_test(draws__forms_agree),
      cmocka_unit_test(uniform__is_even_in_each_word),
      cmocka_unit_test(continuous__distribution_functions),
      cmocka_unit_test(normal__moments),
      cmocka_unit_test(neighbours__are_independent_in_every_word),
      cmocka_unit_test(gamma__distribution_functions),
      cmocka_unit_test(gamma__mean_and_variance_are_the_shape),
      cmocka_unit_test(poisson__probabilities),
      cmocka_unit_test(poisson__large_means),
      cmocka_unit_test(binomial__probabilities),
      cmocka_unit_test(binomial__large_n),
      cmocka_unit_test(counts__edges),
      cmocka_unit_test(counts__small_ones_grow_with_their_parameters),
      cmocka_unit_test(hash64__newborn_ids_do_not_meet),
      cmocka_unit_test(hash_text__names_differ),
      cmocka_unit_test(hash64__bits_turn_by_half),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
