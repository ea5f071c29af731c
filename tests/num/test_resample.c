/* test_resample.c - systematic resampling: how often each is chosen, and who stays where.
 * label: quick */
#include "num/resample.h"
#include "gemel/rand.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 1000 };

static double u_of(uint64_t i)
{
  return gm_uniform(gm_key_make(1, GM_PURPOSE_TEST, 0, 0), i, 0, gm_kind_draw(0, 0), 0);
}

/* Weights that sum to 1: many alike, a few heavy ones, zeros, all on one. */
static void weights_of(int how, int32_t n, uint64_t round, double *w)
{
  double sum = 0;
  for (int32_t m = 0; m < n; m++) {
    double u = u_of(round * MOST + (uint64_t)m);
    w[m] = how == 0   ? 1
           : how == 1 ? u
           : how == 2 ? exp(40 * u)
           : how == 3 ? (u < 0.3 ? u : 0)
                      : m == (int32_t)(round % (uint64_t)n);
    sum += w[m];
  }
  for (int32_t m = 0; m < n && sum == 0; m++) w[m] = 1;
  for (int32_t m = 0; m < n; m++) w[m] /= sum > 0 ? sum : n;
}

/* Each is chosen n w times rounded up or down, nobody without weight; the ascending form and the
 * one that stays choose the same as often; who is chosen at all stays in its place. */
static void resample__chooses_by_weight(void **state)
{
  (void)state;
  static double w[MOST];
  static int32_t up[MOST + 1], still[MOST + 1], scratch[2 * MOST + 1];
  static const int32_t size[] = {1, 2, 3, 4, 5, 8, 50, 999, MOST};
  for (int s = 0; s < 9; s++)
    for (int how = 0; how < 5; how++)
      for (uint64_t round = 0; round < 40; round++) {
        const int32_t n = size[s];
        int32_t times[MOST] = {0}, again[MOST] = {0};
        double u = round == 0 ? 0x1p-53 : round == 1 ? 1 - 0x1p-53 : u_of(round);
        weights_of(how, n, round, w);
        up[n] = still[n] = scratch[2 * n] = -7;
        gm__resample(n, w, u, up);
        gm__resample_still(n, w, u, still, scratch);
        assert_true(up[n] == -7 && still[n] == -7 && scratch[2 * n] == -7);
        for (int32_t m = 0; m < n; m++) {
          assert_in_range(up[m], m ? up[m - 1] : 0, n - 1);
          assert_in_range(still[m], 0, n - 1);
          assert_int_equal(still[still[m]], still[m]);
          times[up[m]]++;
          again[still[m]]++;
        }
        for (int32_t m = 0; m < n; m++) {
          assert_int_equal(times[m], again[m]);
          assert_true(fabs(times[m] - n * w[m]) < 1 + 1e-9);
          if (!(w[m] > 0)) assert_int_equal(times[m], 0);
        }
      }
}

/* The points of the definition: (i + u)/n falls to the member in whose stretch of the summed
 * weights it lies. Weights are multiples of 1/64 so that sums are exact. */
static void resample__is_the_definition(void **state)
{
  (void)state;
  const double w[6] = {8.0 / 64, 0, 24.0 / 64, 1.0 / 64, 31.0 / 64, 0};
  int32_t got[6];
  for (int k = 1; k < 128; k++) {
    const double u = k / 128.0 + 1e-9;
    gm__resample(6, w, u, got);
    for (int i = 0; i < 6; i++) {
      double at = (i + u) / 6, sum = 0;
      int want = 0;
      while (sum + w[want] <= at) sum += w[want++];
      assert_int_equal(got[i], want);
    }
  }
}

/* Over many u each is chosen n w times on average: unbiased (four standard errors; the variance of
 * a count that is rounded up or down is at most 1/4). */
static void resample__is_unbiased(void **state)
{
  (void)state;
  enum { N = 37, ROUNDS = 20000 };
  double w[N], sum[N] = {0};
  int32_t a[N], scratch[2 * N];
  weights_of(1, N, 5, w);
  for (uint64_t r = 0; r < ROUNDS; r++) {
    gm__resample_still(N, w, u_of(r), a, scratch);
    for (int m = 0; m < N; m++) sum[a[m]]++;
  }
  for (int m = 0; m < N; m++)
    assert_true(fabs(sum[m] / ROUNDS - N * w[m]) < 4 * sqrt(0.25 / ROUNDS));
}

/* Over an even grid of u the mean count is n w but for one point of the grid at either end of the
 * member's stretch, in both forms. */
static void resample__mean_count_over_a_grid(void **state)
{
  (void)state;
  enum { N = 37, ROUNDS = 400 };
  double w[N], mean[N] = {0}, still_mean[N] = {0};
  int32_t up[N], still[N], scratch[2 * N];
  weights_of(3, N, 9, w);
  for (int r = 0; r < ROUNDS; r++) {
    gm__resample(N, w, (r + 0.5) / ROUNDS, up);
    gm__resample_still(N, w, (r + 0.5) / ROUNDS, still, scratch);
    for (int m = 0; m < N; m++) {
      mean[up[m]] += 1.0 / ROUNDS;
      still_mean[still[m]] += 1.0 / ROUNDS;
    }
  }
  for (int m = 0; m < N; m++) {
    assert_true(fabs(mean[m] - N * w[m]) <= 2.0 / ROUNDS + 1e-9);
    assert_true(fabs(still_mean[m] - N * w[m]) <= 2.0 / ROUNDS + 1e-9);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resample__chooses_by_weight),
      cmocka_unit_test(resample__is_the_definition),
      cmocka_unit_test(resample__is_unbiased),
      cmocka_unit_test(resample__mean_count_over_a_grid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
