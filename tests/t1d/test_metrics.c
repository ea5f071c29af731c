/* test_metrics.c - the consensus metrics: definitions, gaps, uncertainty, refusals.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_metrics.h"
#include "support/data.h"
#include "support/fault.h"
#include "gemel/rand.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROOM = 110000, DAY = 288 };

static gm_ctx *ctx;
static double t[ROOM], g[ROOM];
static t1d_metrics m;

static int setup(void **state)
{
  (void)state;
  memset(&m, 0, sizeof m);
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

static void near(double is, double should, double tolerance)
{
  if (!(fabs(is - should) <= tolerance)) fail_msg("%.12g, expected %.12g", is, should);
}

static void measure(int32_t n, const t1d_metrics_options *o)
{
  t1d_readings r = {t, g, n};
  if (t1d_metrics_of(ctx, &r, o, &m)) fail_msg("%s", gm_message(ctx));
}

static void refuse(int32_t n, const t1d_metrics_options *o, gm_status should)
{
  t1d_readings r = {t, g, n};
  t1d_metrics before = {.reading_count = 77}, after = before;
  assert_int_equal(t1d_metrics_of(ctx, &r, o, &after), should);
  assert_memory_equal(&after, &before, sizeof before);
  assert_true(gm_message(ctx)[0] != 0);
}

static void grid(int32_t n, double period_min)
{
  for (int32_t i = 0; i < n; i++) t[i] = period_min * i;
}

/* The same numbers on every machine. */
static uint64_t seed, drawn;
static gm_key key_now(void) { return gm_key_make(seed, GM_PURPOSE_TEST, 0, 0); }
static double uniform(void) { return gm_uniform(key_now(), drawn++, 0, 0, 0); }
static double normal(void) { return gm_normal(key_now(), drawn++, 0, 0, 1); }

/* ---- definitions --------------------------------------------------------------------------- */
/* Two readings of 100 and 200 mg/dL give by hand: mean 150, SD 100/sqrt(2), half in range. */
static void metrics__two_readings_by_hand(void **state)
{
  (void)state;
  grid(2, 5);
  g[0] = 100;
  g[1] = 200;
  measure(2, NULL);
  double sd = 100 / sqrt(2);
  near(m.by_reading[T1D_MEAN].value, 150, 1e-12);
  near(m.by_reading[T1D_SD].value, sd, 1e-12);
  near(m.by_reading[T1D_CV].value, sd / 1.5, 1e-12);
  near(m.by_reading[T1D_TIR].value, 50, 1e-12);
  near(m.by_reading[T1D_TAR180].value, 50, 1e-12);
  near(m.by_reading[T1D_GMI].value, 3.31 + 0.02392 * 150, 1e-12);
  near(m.by_reading[T1D_J].value, 0.001 * (150 + sd) * (150 + sd), 1e-12);
  near(m.by_reading[T1D_GRI].value, 0.8 * 50, 1e-12);
  assert_int_equal(m.reading_count, 2);
}

/* The limits themselves belong where the consensus puts them: 54 is not below 54, 70, 140 and 180
 * are in range, 250 is not above 250. */
static void metrics__limits_belong_to_the_range(void **state)
{
  (void)state;
  const double limit[] = {53.9, 54, 69.9, 70, 140, 140.1, 180, 180.1, 250, 250.1};
  grid(10, 5);
  memcpy(g, limit, sizeof limit);
  measure(10, NULL);
  near(m.by_reading[T1D_TBR54].value, 10, 1e-9);
  near(m.by_reading[T1D_TBR_LEVEL1].value, 20, 1e-9);
  near(m.by_reading[T1D_TBR70].value, 30, 1e-9);
  near(m.by_reading[T1D_TIR].value, 40, 1e-9);
  near(m.by_reading[T1D_TITR].value, 20, 1e-9);
  near(m.by_reading[T1D_TAR180].value, 30, 1e-9);
  near(m.by_reading[T1D_TAR_LEVEL1].value, 20, 1e-9);
  near(m.by_reading[T1D_TAR250].value, 10, 1e-9);
}

/* The risk scale is 0 at 112.5 mg/dL and its risk 100 at both ends, 20 and 600 mg/dL: what it was
 * made for (Kovatchev 1997). Its constants are rounded to four digits. */
static void risk__scale_is_centred_and_reaches_100(void **state)
{
  (void)state;
  near(t1d_risk_scale(112.5), 0, 3e-4);
  near(10 * pow(t1d_risk_scale(20), 2), 100, 0.3);
  near(10 * pow(t1d_risk_scale(600), 2), 100, 0.3);
}

/* LBGI and HBGI are means over all readings of the risk of one side (Kovatchev 2006). */
static void risk__indices_are_means_over_all_readings(void **state)
{
  (void)state;
  const double v[] = {50.3, 80, 112, 113, 200, 311.7};
  double low = 0, high = 0;
  grid(6, 5);
  memcpy(g, v, sizeof v);
  measure(6, NULL);
  for (int i = 0; i < 6; i++) {
    double f = 1.509 * (pow(log(v[i]), 1.084) - 5.381);
    *(f < 0 ? &low : &high) += 10 * f * f / 6;
  }
  near(m.by_reading[T1D_LBGI].value, low, 1e-12);
  near(m.by_reading[T1D_HBGI].value, high, 1e-12);
}

/* GRI = 3 <54 + 2.4 54-69 + 1.6 >250 + 0.8 181-250, and never above 100 (Klonoff 2023). */
static void gri__weights_and_its_top(void **state)
{
  (void)state;
  grid(10, 5);
  for (int i = 0; i < 10; i++) g[i] = 100;
  g[0] = 40;
  g[1] = 60;
  g[2] = 200;
  g[3] = 300;
  measure(10, NULL);
  near(m.by_reading[T1D_GRI].value, 30 + 24 + 8 + 16, 1e-9);
  for (int i = 0; i < 5; i++) g[i] = 40;
  measure(10, NULL);
  near(m.by_reading[T1D_GRI].value, 100, 0);
}

static double minutes_of(const char *text)
{
  struct tm c = {0};
  double second = 0;
  int n = sscanf(text, "%d-%d-%d %d:%d:%lf", &c.tm_year, &c.tm_mon, &c.tm_mday, &c.tm_hour,
                 &c.tm_min, &second);
  assert_int_equal(n, 6);
  c.tm_year -= 1900;
  c.tm_mon -= 1;
  return (double)timegm(&c) / 60 + second / 60;
}

static int32_t read_series(const char *path)
{
  char line[256];
  int32_t n = 0;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof line, f));
  while (fgets(line, sizeof line, f)) {
    char *comma = strchr(line, ',');
    assert_true(n < ROOM && comma);
    *comma = 0;
    t[n] = minutes_of(line);
    g[n++] = strtod(comma + 1, NULL);
  }
  fclose(f);
  return n;
}

static void compare_row(char *row)
{
  const t1d_metric order[] = {T1D_MEAN,  T1D_SD,    T1D_CV,     T1D_TIR,    T1D_TITR,
                              T1D_TBR70, T1D_TBR54, T1D_TAR180, T1D_TAR250, T1D_GMI,
                              T1D_LBGI,  T1D_HBGI,  T1D_GRI,    T1D_J};
  char *end;
  assert_int_equal(strtol(row, &end, 10), m.reading_count);
  for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
    char is[32], *next;
    assert_int_equal(*end, ',');
    (void)strtod(end + 1, &next);
    int digits = snprintf(is, sizeof is, "%.6f", m.by_reading[order[k]].value);
    if (digits != next - end - 1 || memcmp(is, end + 1, (size_t)digits) != 0)
      fail_msg("%s: %s, printed %.20s", t1d_metric_name(order[k]), is, end + 1);
    end = next;
  }
}

/* Every printed digit of the table of expected metrics, for each series that is there. */
static void metrics__equal_the_published_table(void **state)
{
  (void)state;
  char path[512], line[512];
  int32_t done = 0, skipped = 0;
  if (!data_path("t1d/cgm_metrics_expected.csv", path, sizeof path)) {
    data_skip("metrics of real series", 23);
    return;
  }
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof line, f));
  while (fgets(line, sizeof line, f)) {
    char name[256], *comma = strchr(line, ',');
    *comma = 0;
    snprintf(name, sizeof name, "t1d/%.200s", line);
    if (strstr(line, ".csv:") || !data_path(name, path, sizeof path)) {
      skipped++;
      continue;
    }
    t1d_metrics_options o = {.same_time = T1D_SAME_TIME_ALL};
    measure(read_series(path), &o);
    compare_row(comma + 1);
    done++;
  }
  fclose(f);
  if (skipped) data_skip("metrics of series that are not there", skipped);
  printf("%d series equal to their printed digits\n", (int)done);
}

/* ---- by time ------------------------------------------------------------------------------- */
/* A line from 60 to 80 is half its time below 70; its mean is 70, its SD 20/sqrt(12). */
static void by_time__a_line_is_cut_where_it_crosses(void **state)
{
  (void)state;
  grid(2, 5);
  g[0] = 60;
  g[1] = 80;
  measure(2, NULL);
  near(m.by_time[T1D_TBR70].value, 50, 1e-12);
  near(m.by_time[T1D_TIR].value, 50, 1e-12);
  near(m.by_time[T1D_MEAN].value, 70, 1e-12);
  near(m.by_time[T1D_SD].value, 20 / sqrt(12), 1e-12);
  near(m.timed_days * 1440, 5, 1e-12);
}

/* The risk of the line equals fine quadrature of 10 f^2, also where the line passes from one side
 * to the other. The pieces of Simpson's rule are good to some 1e-4. */
static void by_time__risk_equals_quadrature(void **state)
{
  (void)state;
  const double v[] = {62, 95, 131, 160.4, 120, 85, 51};
  double low = 0, high = 0;
  grid(7, 5);
  memcpy(g, v, sizeof v);
  measure(7, NULL);
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < 20000; k++) {
      double at = v[i] + (v[i + 1] - v[i]) * (k + 0.5) / 20000;
      double f = 1.509 * (pow(log(at), 1.084) - 5.381);
      *(f < 0 ? &low : &high) += 10 * f * f / 120000;
    }
  near(m.by_time[T1D_LBGI].value, low, 2e-4 * low);
  near(m.by_time[T1D_HBGI].value, high, 2e-4 * high);
}

/* Reading every minute while low and every five otherwise bends the metrics by readings, not those
 * by time: the line is the same. */
static void by_time__denser_readings_change_nothing(void **state)
{
  (void)state;
  int32_t n = 0;
  for (int32_t i = 0; i < 2 * DAY; i++) {
    double a = 120 + 70 * sin(i * 0.05), b = 120 + 70 * sin((i + 1) * 0.05);
    for (int k = 0; k < (a < 70 ? 5 : 1); k++) {
      t[n] = 5 * i + k;
      g[n++] = a + (b - a) * k / 5;
    }
  }
  t1d_metrics_options o = {.period_min = 5};
  measure(n, &o);
  t1d_metrics dense = m;
  for (int32_t i = 0; i < 2 * DAY; i++) {
    t[i] = 5 * i;
    g[i] = 120 + 70 * sin(i * 0.05);
  }
  measure(2 * DAY, &o);
  near(dense.by_time[T1D_TBR70].value, m.by_time[T1D_TBR70].value, 0.2);
  near(dense.by_time[T1D_MEAN].value, m.by_time[T1D_MEAN].value, 0.1);
  assert_true(dense.by_reading[T1D_TBR70].value > m.by_reading[T1D_TBR70].value + 10);
}

/* A gap as long as bridge_min is bridged; one longer is no data: neither time nor crossing. */
static void gaps__longer_than_the_bridge_are_no_data(void **state)
{
  (void)state;
  for (int i = 0; i < 10; i++) {
    t[i] = 5 * i + (i >= 5 ? 10 : 0); /* 15 min between the fifth and the sixth */
    g[i] = i < 5 ? 60 : 160;
  }
  measure(10, NULL); /* bridges three periods of 5 min */
  assert_int_equal(m.gap_count, 0);
  near(m.timed_days * 1440, 55, 1e-9);
  near(m.by_time[T1D_TBR70].value, 100 * (20 + 1.5) / 55, 1e-9);
  t1d_metrics_options o = {.bridge_min = 14.9};
  measure(10, &o);
  assert_int_equal(m.gap_count, 1);
  near(m.gap_longest_min, 15, 1e-12);
  near(m.timed_days * 1440, 40, 1e-9);
  near(m.by_time[T1D_TBR70].value, 50, 1e-9);
  near(m.by_reading[T1D_TBR70].value, 50, 1e-9);
}

/* Readings that all stand alone cover no time: by time there is no number, by readings there is. */
static void gaps__lonely_readings_have_no_time(void **state)
{
  (void)state;
  grid(5, 60);
  for (int i = 0; i < 5; i++) g[i] = 100 + i;
  t1d_metrics_options o = {.period_min = 5};
  measure(5, &o);
  assert_true(isnan(m.by_time[T1D_TIR].value));
  near(m.by_reading[T1D_TIR].value, 100, 1e-12);
  assert_int_equal(m.gap_count, 4);
}

/* Each treatment of two readings at one time, by hand. */
static void same_time__each_treatment(void **state)
{
  (void)state;
  const double mean[T1D_SAME_TIME_COUNT] = {0, 150, 100, 500. / 3, 400. / 3};
  const int32_t used[T1D_SAME_TIME_COUNT] = {0, 4, 3, 3, 3};
  const double at[] = {0, 5, 5, 10}, v[] = {100, 100, 300, 100};
  memcpy(t, at, sizeof at);
  memcpy(g, v, sizeof v);
  refuse(4, NULL, GM_EINVAL);
  for (int k = 1; k < T1D_SAME_TIME_COUNT; k++) {
    t1d_metrics_options o = {.same_time = (t1d_same_time)k};
    measure(4, &o);
    assert_int_equal(m.reading_count, used[k]);
    assert_int_equal(m.same_time_count, 1);
    near(m.by_reading[T1D_MEAN].value, mean[k], 1e-12);
    near(m.timed_days * 1440, 10, 1e-12);
  }
}

/* ---- how much data ------------------------------------------------------------------------- */
/* 14 days complete suffice; 13.9 do not; 14 days with every third reading lost (67 %) do not, with
 * every fourth (75 %) they do. The reason names what is short. */
static void sufficiency__fourteen_days_and_seventy_percent(void **state)
{
  (void)state;
  for (int32_t i = 0; i < 14 * DAY; i++) g[i] = 120;
  grid(14 * DAY, 5);
  measure(14 * DAY, NULL);
  assert_true(m.sufficient && m.reason[0] == 0);
  near(m.active_pct, 100, 1e-9);
  near(m.span_days, 14, 1e-9);
  assert_int_equal(m.day_count, 14);
  measure(14 * DAY - 30, NULL);
  assert_false(m.sufficient);
  assert_non_null(strstr(m.reason, "13.9 days"));
  for (int lost = 3; lost <= 4; lost++) {
    for (int32_t i = 0; i < 14 * DAY; i++) g[i] = i % lost == 1 ? NAN : 120;
    measure(14 * DAY, NULL);
    near(m.active_pct, 100 - 100. / lost, 0.1);
    assert_int_equal(m.missing_count, 14 * DAY / lost);
    assert_int_equal(m.sufficient, lost == 4);
    assert_int_equal(strstr(m.reason, "66.7 %") != NULL, lost == 3);
  }
}

/* A clock that wanders by half a minute, and double readings, leave the active share at 100 %. */
static void active__wandering_clock_and_doubles_do_not_bend_it(void **state)
{
  (void)state;
  int32_t n = 0;
  seed = 5;
  for (int32_t i = 0; i < DAY; i++) {
    double at = 5 * i + uniform() - 0.5;
    for (int k = 0; k < (i % 4 ? 1 : 2); k++) {
      t[n] = at;
      g[n++] = 120;
    }
  }
  t1d_metrics_options o = {.same_time = T1D_SAME_TIME_ALL, .period_min = 5};
  measure(n, &o);
  near(m.active_pct, 100, 1e-6);
}

/* Readings of all hours of the day, or of 8, or of 2, told again three seconds later by a second
 * uploader: the period is the sensor's, or those three seconds less, and nothing is missing. */
static void active__second_uploader_seconds_behind(void **state)
{
  (void)state;
  for (int hours = 24; hours > 0; hours /= 3) {
    int32_t n = 0;
    for (int32_t i = 0; i < 15 * DAY; i++)
      for (int k = 0; k < (i / 12 % 24 < hours ? 2 : 1); k++) {
        t[n] = 5 * i + 3 / 60. * k;
        g[n++] = 120;
      }
    t1d_metrics_options o = {.same_time = T1D_SAME_TIME_ALL};
    measure(n, &o);
    assert_true(m.period_min > 4.95 - 1e-9 && m.period_min < 5 + 1e-9);
    near(m.active_pct, 100, 1e-9);
    near(m.timed_days, (t[n - 1] - t[0]) / 1440, 1e-9);
    assert_true(m.sufficient);
  }
}

/* A gap at the beginning of a window of 14 days is missing data, and not a day too few. */
static void window__a_gap_at_its_edge_is_a_gap(void **state)
{
  (void)state;
  grid(30 * DAY, 5);
  const double begins = 16 * 1440;
  for (int32_t i = 0; i < 30 * DAY; i++) g[i] = t[i] >= begins && t[i] < begins + 45 ? NAN : 120;
  t1d_metrics_options o = {.from_min = begins, .to_min = 30 * 1440};
  measure(30 * DAY, &o);
  assert_true(m.sufficient);
  near(m.active_pct, 100 - 100. * 45 / (14 * 1440), 1e-9);
  o.from_min = 17 * 1440;
  measure(30 * DAY, &o);
  assert_false(m.sufficient);
}

/* With a window, what is expected is the window: readings outside do not count. */
static void window__is_what_is_expected(void **state)
{
  (void)state;
  grid(2 * DAY, 5);
  for (int32_t i = 0; i < 2 * DAY; i++) g[i] = i < DAY ? 60 : 120;
  t1d_metrics_options o = {.from_min = 1440, .to_min = 4 * 1440};
  measure(2 * DAY, &o);
  assert_int_equal(m.reading_count, DAY);
  near(m.by_reading[T1D_TIR].value, 100, 0);
  near(m.active_pct, 100. / 3, 1e-9);
  o.from_min = 10 * 1440;
  o.to_min = 11 * 1440;
  refuse(2 * DAY, &o, GM_ENOTFOUND);
}

/* The period found is the sensor's, though four in ten readings are lost. */
static void period__is_found_despite_losses(void **state)
{
  (void)state;
  grid(100, 15);
  for (int i = 0; i < 100; i++) g[i] = i % 6 < 3 && i % 6 > 0 ? NAN : i % 9 ? 120 : NAN;
  measure(100, NULL);
  near(m.period_min, 15, 1e-12);
  near(m.bridge_min, 45, 1e-12);
}

/* ---- uncertainty --------------------------------------------------------------------------- */
/* For days of equal size the jackknife of the mean is SD(day means) / sqrt(days), exactly. */
static void se__of_the_mean_is_that_of_day_means(void **state)
{
  (void)state;
  double day[14], mean = 0, square = 0;
  seed = 11;
  grid(14 * DAY, 5);
  for (int d = 0; d < 14; d++) {
    day[d] = 140 + 20 * normal();
    for (int i = 0; i < DAY; i++) g[d * DAY + i] = day[d] + (i % 2 ? 5 : -5);
    mean += day[d] / 14;
  }
  for (int d = 0; d < 14; d++) square += (day[d] - mean) * (day[d] - mean);
  measure(14 * DAY, NULL);
  near(m.by_reading[T1D_MEAN].value, mean, 1e-9);
  near(m.by_reading[T1D_MEAN].se, sqrt(square / 13 / 14), 1e-9);
  near(m.by_reading[T1D_GMI].se, 0.02392 * sqrt(square / 13 / 14), 1e-9);
}

/* Every metric's standard error equals the textbook jackknife, (D-1)/D sum (T_(d) - mean)^2, with
 * each T_(d) measured on its own from the readings without day d. */
static void se__equals_leaving_days_out_by_hand(void **state)
{
  (void)state;
  enum { D = 6 };
  static double left[D][T1D_METRIC_COUNT], full[D * DAY];
  seed = 12;
  for (int i = 0; i < D * DAY; i++)
    full[i] = 150 + 20 * (i / DAY) + 75 * sin(i * 0.02 * (1 + i / DAY % 3));
  for (int d = 0; d < D; d++) {
    int32_t n = 0;
    for (int i = 0; i < D * DAY; i++) {
      if (i / DAY == d) continue;
      t[n] = 5 * i;
      g[n++] = full[i];
    }
    measure(n, NULL);
    for (int k = 0; k < T1D_METRIC_COUNT; k++) left[d][k] = m.by_reading[k].value;
  }
  grid(D * DAY, 5);
  memcpy(g, full, sizeof full);
  measure(D * DAY, NULL);
  for (int k = 0; k < T1D_METRIC_COUNT; k++) {
    double mean = 0, square = 0;
    for (int d = 0; d < D; d++) mean += left[d][k] / D;
    for (int d = 0; d < D; d++) square += pow(left[d][k] - mean, 2);
    near(m.by_reading[k].se, sqrt(square * (D - 1) / D), 1e-7);
  }
}

/* Over many lives of 14 independent days, some half lost, the standard error has the size of the
 * spread that the figures really have. */
static void se__has_the_size_of_the_true_spread(void **state)
{
  (void)state;
  enum { LIVES = 400, EVERY = 12 };
  const t1d_metric check[] = {T1D_MEAN, T1D_SD, T1D_TIR, T1D_HBGI};
  double sum[4] = {0}, square[4] = {0}, variance[4] = {0};
  seed = 13;
  for (int life = 0; life < LIVES; life++) {
    int32_t n = 0;
    for (int d = 0; d < 14; d++) {
      double level = 145 + 25 * normal(), wave = 30 + 10 * normal();
      for (int i = 0; i < (d % 3 ? DAY : DAY / 2); i += EVERY) {
        t[n] = 1440 * d + 5 * i;
        g[n++] = level + wave * sin(6.2832 * i / (DAY / 2));
      }
    }
    measure(n, NULL);
    for (int k = 0; k < 4; k++) {
      t1d_figure f = m.by_reading[check[k]];
      sum[k] += f.value / LIVES;
      square[k] += f.value * f.value / LIVES;
      variance[k] += f.se * f.se / LIVES;
    }
  }
  for (int k = 0; k < 4; k++)
    near(sqrt(variance[k] / (square[k] - sum[k] * sum[k])), 1, 0.12); /* 3 % Monte Carlo, bias */
}

/* Where days begin is an option: half a day later, other days are left out. One day: no error. */
static void se__days_begin_at_midnight(void **state)
{
  (void)state;
  grid(2 * DAY, 5);
  for (int32_t i = 0; i < 2 * DAY; i++) g[i] = i < DAY ? 100 : 140;
  measure(2 * DAY, NULL);
  assert_int_equal(m.day_count, 2);
  near(m.by_reading[T1D_MEAN].se, 20, 1e-9);
  t1d_metrics_options o = {.midnight_min = 720};
  measure(2 * DAY, &o);
  assert_int_equal(m.day_count, 3);
  measure(DAY, NULL);
  assert_true(isnan(m.by_reading[T1D_MEAN].se));
}

/* ---- refusals ------------------------------------------------------------------------------ */
/* Nothing wrong is measured: each fault has its code, and the result stays as it was. */
static void refusals__each_has_its_code(void **state)
{
  (void)state;
  grid(4, 5);
  for (int i = 0; i < 4; i++) g[i] = 120;
  refuse(0, NULL, GM_ENOTFOUND);
  t[2] = 4;
  refuse(4, NULL, GM_EINVAL);
  t[2] = NAN;
  refuse(4, NULL, GM_EDOMAIN);
  t[2] = 10;
  const double bad[] = {INFINITY, -INFINITY, 0, -3, 1, 2001};
  for (int i = 0; i < 6; i++) {
    g[1] = bad[i];
    refuse(4, NULL, GM_EDOMAIN);
  }
  for (int i = 0; i < 4; i++) g[i] = NAN;
  refuse(4, NULL, GM_ENOTFOUND);
  for (int i = 0; i < 4; i++) g[i] = 5.5 + i; /* mmol/L */
  refuse(4, NULL, GM_EUNIT);
  g[2] = 33.3; /* 600 mg/dL: the highest that a meter shows */
  refuse(4, NULL, GM_EUNIT);
  g[2] = 33.5; /* beyond every meter in mmol/L */
  measure(4, NULL);
  assert_int_equal(m.reading_count, 4);
  for (int i = 0; i < 4; i++) g[i] = 120;
  const t1d_metrics_options wrong[] = {
      {.period_min = -1},           {.bridge_min = NAN},        {.to_min = -5},
      {.from_min = 5, .to_min = 5}, {.midnight_min = INFINITY}, {.same_time = T1D_SAME_TIME_COUNT}};
  for (int i = 0; i < 6; i++) refuse(4, &wrong[i], GM_EINVAL);
}

/* No message carries a reading. */
static void refusals__messages_hold_no_reading(void **state)
{
  (void)state;
  grid(2, 5);
  g[0] = 120;
  g[1] = 4321;
  refuse(2, NULL, GM_EDOMAIN);
  assert_null(strstr(gm_message(ctx), "4321"));
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  t1d_metrics out;
  t1d_readings r = {t, g, DAY};
  return t1d_metrics_of(c, &r, NULL, &out);
}

/* Any allocation may fail. */
static void faults__no_memory(void **state)
{
  (void)state;
  grid(DAY, 5);
  for (int32_t i = 0; i < DAY; i++) g[i] = 120;
  assert_true(fault_sweep("metrics", trial, NULL) > 0);
}

/* A year of five-minute readings takes milliseconds (bound generous for a loaded machine). */
static void speed__a_year_takes_milliseconds(void **state)
{
  (void)state;
  struct timespec a, b;
  seed = 17;
  grid(365 * DAY, 5);
  for (int32_t i = 0; i < 365 * DAY; i++)
    g[i] = floor(150 + 60 * sin(i * 0.021) + 20 * (uniform() - 0.5));
  clock_gettime(CLOCK_MONOTONIC, &a);
  measure(365 * DAY, NULL);
  clock_gettime(CLOCK_MONOTONIC, &b);
  double ms = 1e3 * (double)(b.tv_sec - a.tv_sec) + 1e-6 * (double)(b.tv_nsec - a.tv_nsec);
  printf("a year of metrics: %.2f ms\n", ms);
  assert_true(ms < 500);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(metrics__two_readings_by_hand, setup, teardown),
      cmocka_unit_test_setup_teardown(metrics__limits_belong_to_the_range, setup, teardown),
      cmocka_unit_test_setup_teardown(risk__scale_is_centred_and_reaches_100, setup, teardown),
      cmocka_unit_test_setup_teardown(risk__indices_are_means_over_all_readings, setup, teardown),
      cmocka_unit_test_setup_teardown(gri__weights_and_its_top, setup, teardown),
      cmocka_unit_test_setup_teardown(metrics__equal_the_published_table, setup, teardown),
      cmocka_unit_test_setup_teardown(by_time__a_line_is_cut_where_it_crosses, setup, teardown),
      cmocka_unit_test_setup_teardown(by_time__risk_equals_quadrature, setup, teardown),
      cmocka_unit_test_setup_teardown(by_time__denser_readings_change_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(gaps__longer_than_the_bridge_are_no_data, setup, teardown),
      cmocka_unit_test_setup_teardown(gaps__lonely_readings_have_no_time, setup, teardown),
      cmocka_unit_test_setup_teardown(same_time__each_treatment, setup, teardown),
      cmocka_unit_test_setup_teardown(sufficiency__fourteen_days_and_seventy_percent, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(active__wandering_clock_and_doubles_do_not_bend_it, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(active__second_uploader_seconds_behind, setup, teardown),
      cmocka_unit_test_setup_teardown(window__a_gap_at_its_edge_is_a_gap, setup, teardown),
      cmocka_unit_test_setup_teardown(window__is_what_is_expected, setup, teardown),
      cmocka_unit_test_setup_teardown(period__is_found_despite_losses, setup, teardown),
      cmocka_unit_test_setup_teardown(se__of_the_mean_is_that_of_day_means, setup, teardown),
      cmocka_unit_test_setup_teardown(se__equals_leaving_days_out_by_hand, setup, teardown),
      cmocka_unit_test_setup_teardown(se__has_the_size_of_the_true_spread, setup, teardown),
      cmocka_unit_test_setup_teardown(se__days_begin_at_midnight, setup, teardown),
      cmocka_unit_test_setup_teardown(refusals__each_has_its_code, setup, teardown),
      cmocka_unit_test_setup_teardown(refusals__messages_hold_no_reading, setup, teardown),
      cmocka_unit_test_setup_teardown(faults__no_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(speed__a_year_takes_milliseconds, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
