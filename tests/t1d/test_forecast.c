/* test_forecast.c - the forecaster of readings by itself: what it makes of a line, of a gap, of a
 * day that repeats, and of its own bytes. */
#include "t1d_forecast.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

static void must(gm_status s)
{
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
}

static void step(t1d_forecast *f, double t_min, double cgm_mgdl, gm_online_law *law)
{
  const t1d_forecast_now now = {.t_min = t_min, .cgm_mgdl = cgm_mgdl, .weight = 1};
  must(t1d_forecast_step(f, ctx, &now, law));
}

/* Before anything is learned the forecast is the last reading, with nothing of a twin that has not
 * spoken. */
static void forecast__begins_with_the_last_reading(void **state)
{
  (void)state;
  t1d_forecast *f;
  gm_online_law law[T1D_FORECAST_HORIZONS];
  must(t1d_forecast_new(ctx, &f));
  step(f, 0, 137, law);
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    assert_true(fabs(law[h].expert[T1D_FORECAST_READINGS] - 137) < 1e-6);
    assert_true(fabs(law[h].mean - 137) < 1e-6 && fabs(law[h].median - 137) < 1e-6);
    assert_true(law[h].weight[T1D_FORECAST_TWIN] == 0 && law[h].weight[T1D_FORECAST_ALL] == 0);
  }
  t1d_forecast_free(f);
}

/* The day repeats: a wave of 40 mg/dL and a peak at one hour. After six days of it the error at two
 * hours is a few mg/dL, where the last reading errs by 40 and more. */
static double wave(double t_min)
{
  const double turn = 2 * 3.14159265358979323846 * t_min / 1440, from = fmod(t_min, 1440) - 780;
  return 140 + 40 * sin(turn) + 60 * exp(-from * from / (2 * 40 * 40));
}

static void forecast__learns_a_day_that_repeats(void **state)
{
  (void)state;
  t1d_forecast *f;
  gm_online_law law[T1D_FORECAST_HORIZONS];
  must(t1d_forecast_new(ctx, &f));
  for (int32_t k = 0; k < 8 * 288; k++) {
    step(f, 5 * k, wave(5 * k), law);
    if (k == 6 * 288) gm_online_score_clear(t1d_forecast_online(f));
  }
  const gm_online_score s = gm_online_scored(t1d_forecast_online(f), 2);
  double square = 0;
  for (int32_t k = 0; k < 288; k++) square += pow(wave(5 * k + 120) - wave(5 * k), 2) / 288;
  print_message("a day that repeats, 2 h ahead: %.1f mg/dL; the last reading %.1f\n", s.rmse,
                sqrt(square));
  assert_true(s.rmse < 0.35 * sqrt(square));
  t1d_forecast_free(f);
}

/* Two missing readings are filled on the line; of a gap of two hours the twelve lags before the new
 * reading are missing, and said to be. */
static void forecast__counts_what_a_gap_leaves_out(void **state)
{
  (void)state;
  t1d_forecast *f;
  gm_online_law law[T1D_FORECAST_HORIZONS];
  must(t1d_forecast_new(ctx, &f));
  for (int32_t k = 0; k < 400; k++) step(f, 5 * k, wave(5 * k), law);
  const int32_t whole = law[0].filled; /* the twin's three features */
  step(f, 5 * 402, wave(5 * 402), law);
  assert_int_equal(law[0].filled, whole);
  step(f, 5 * 402 + 125, 150, law);
  print_message("missing features: %d, behind a gap of two hours %d\n", (int)whole,
                (int)law[0].filled);
  assert_true(law[0].filled >= whole + 12);
  t1d_forecast_free(f);
}

/* Saved in the middle and loaded, it goes on to the bit; cut or changed bytes are refused. */
static void forecast__goes_on_from_its_bytes(void **state)
{
  (void)state;
  t1d_forecast *f[2];
  gm_online_law law[2][T1D_FORECAST_HORIZONS];
  gm_text bytes;
  gm_text_init(&bytes, ctx);
  for (int32_t q = 0; q < 2; q++) must(t1d_forecast_new(ctx, &f[q]));
  for (int32_t k = 0; k < 400; k++) step(f[0], 5 * k, wave(5 * k) + k % 3, law[0]);
  must(t1d_forecast_save(f[0], ctx, &bytes));
  for (size_t cut = 0; cut < bytes.bytes; cut += 1 + bytes.bytes / 53)
    assert_int_equal(t1d_forecast_load(f[1], ctx, bytes.data, cut), GM_EPARSE);
  for (size_t at = 0; at < bytes.bytes; at += 1 + bytes.bytes / 53) {
    bytes.data[at] ^= 4;
    assert_int_equal(t1d_forecast_load(f[1], ctx, bytes.data, bytes.bytes), GM_EPARSE);
    bytes.data[at] ^= 4;
  }
  must(t1d_forecast_load(f[1], ctx, bytes.data, bytes.bytes));
  for (int32_t k = 400; k < 800; k++) {
    for (int32_t q = 0; q < 2; q++) step(f[q], 5 * k, wave(5 * k) + k % 3, law[q]);
    for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
      assert_true(law[0][h].mean == law[1][h].mean);
      assert_true(law[0][h].expert[T1D_FORECAST_ALL] == law[1][h].expert[T1D_FORECAST_ALL] ||
                  isnan(law[0][h].expert[T1D_FORECAST_ALL]));
    }
  }
  gm_text_free(&bytes);
  for (int32_t q = 0; q < 2; q++) t1d_forecast_free(f[q]);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(forecast__begins_with_the_last_reading),
      cmocka_unit_test(forecast__learns_a_day_that_repeats),
      cmocka_unit_test(forecast__counts_what_a_gap_leaves_out),
      cmocka_unit_test(forecast__goes_on_from_its_bytes),
  };
  return cmocka_run_group_tests(test, begin, end);
}
