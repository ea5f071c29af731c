/* test_profile.c - the ambulatory glucose profile: quantiles, days, intervals, picture.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_profile_html.h"
#include "support/fault.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 288, ROOM = 366 * DAY, LEVELS = T1D_LEVEL_COUNT };

static gm_ctx *ctx;
static double t[ROOM], g[ROOM];
static t1d_profile *p;
static gm_text text;

static int setup(void **state)
{
  (void)state;
  p = NULL;
  if (gm_ctx_new(NULL, &ctx)) return -1;
  gm_text_init(&text, ctx);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  t1d_profile_free(p);
  gm_text_free(&text);
  gm_ctx_free(ctx);
  return 0;
}

static void near(double is, double should, double tolerance)
{
  if (!(fabs(is - should) <= tolerance)) fail_msg("%.12g, expected %.12g", is, should);
}

static void make(int32_t n, const t1d_profile_options *o)
{
  t1d_readings r = {t, g, n};
  t1d_profile_free(p);
  p = NULL;
  if (t1d_profile_new(ctx, &r, o, &p)) fail_msg("%s", gm_message(ctx));
}

static double q(int32_t bin, int level) { return p->quantile_mgdl[bin * LEVELS + level]; }
static double low(int32_t bin, int level) { return p->low_mgdl[bin * LEVELS + level]; }
static double high(int32_t bin, int level) { return p->high_mgdl[bin * LEVELS + level]; }

static void grid(int32_t n)
{
  for (int32_t i = 0; i < n; i++) t[i] = 5.0 * i;
}

/* The same numbers on every machine: Lehmer's generator (Park & Miller 1988). */
static uint64_t seed;
static double uniform(void)
{
  seed = seed * 48271 % 2147483647;
  return (double)seed / 2147483647.0;
}
static double normal(void)
{
  double u = uniform();
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * uniform());
}

/* ---- quantiles ------------------------------------------------------------------------------- */
/* Without smoothing a bin of 14 days with values 101..114 has Hazen's quantiles: the k-th value
 * lies at (k - 1/2)/14, so 5 % is 101.2, 25 % 104, the median 107.5. */
static void quantiles__of_one_bin_are_hazens(void **state)
{
  (void)state;
  t1d_profile_options o = {.smooth_min = -1};
  grid(14 * DAY);
  for (int i = 0; i < 14 * DAY; i++) g[i] = 101 + (i / DAY * 5) % 14; /* in no order */
  make(14 * DAY, &o);
  assert_int_equal(p->bin_count, DAY);
  assert_int_equal(p->reading_count, 14 * DAY);
  for (int32_t b = 0; b < DAY; b++) {
    const double should[LEVELS] = {101.2, 104, 107.5, 111, 113.8};
    for (int l = 0; l < LEVELS; l++) near(q(b, l), should[l], 1e-9);
    assert_int_equal(p->days_in_bin[b], 14);
    assert_int_equal(p->days_behind[b], 14);
  }
}

static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* The weighted quantile by a second way: sort all weighted readings of the life, walk the steps. */
static double brute(int32_t n, double middle, double smooth, double level)
{
  static double pair[ROOM][2];
  double all = 0, before = 0, last_at = 0, last_value = 0;
  int32_t m = 0;
  for (int32_t i = 0; i < n; i++) {
    double off = fabs(fmod(t[i], 1440) - middle);
    if (off > 720) off = 1440 - off;
    if (isnan(g[i]) || off >= smooth) continue;
    pair[m][0] = g[i];
    pair[m++][1] = 1 - off / smooth;
    all += 1 - off / smooth;
  }
  qsort(pair, (size_t)m, sizeof pair[0], by_value);
  for (int32_t i = 0; i < m; i++) {
    double at = (before + 0.5 * pair[i][1]) / all;
    if (at >= level)
      return i ? last_value + (pair[i][0] - last_value) * (level - last_at) / (at - last_at)
               : pair[i][0];
    before += pair[i][1];
    last_at = at;
    last_value = pair[i][0];
  }
  return last_value;
}

/* Smoothed quantiles equal the second way at every bin, round midnight as elsewhere, with readings
 * missing and a clock that wanders. */
static void quantiles__smoothed_equal_a_second_way(void **state)
{
  (void)state;
  seed = 3;
  for (int32_t i = 0; i < 14 * DAY; i++) {
    t[i] = 5.0 * i + uniform();
    g[i] = uniform() < 0.1 ? NAN : 150 + 80 * sin(i * 0.0217) + 10 * normal();
  }
  t[0] = 1; /* inside the 14 days before the last reading */
  t[14 * DAY - 1] = 14 * 1440 - 1;
  g[14 * DAY - 1] = 140;
  make(14 * DAY, NULL);
  for (int32_t b = 0; b < DAY; b++)
    for (int l = 0; l < LEVELS; l++)
      near(q(b, l), brute(14 * DAY, 5 * b + 2.5, 30, t1d_profile_level[l]), 1e-9);
}

/* Quantiles are in order at every bin, and their intervals hold them. */
static void quantiles__in_order_within_their_intervals(void **state)
{
  (void)state;
  seed = 4;
  grid(14 * DAY);
  for (int32_t i = 0; i < 14 * DAY; i++) g[i] = floor(140 + 60 * sin(i * 0.013) + 25 * normal());
  make(14 * DAY, NULL);
  for (int32_t b = 0; b < DAY; b++)
    for (int l = 0; l < LEVELS; l++) {
      assert_true(l == 0 || q(b, l - 1) <= q(b, l));
      assert_true(low(b, l) <= q(b, l) && q(b, l) <= high(b, l));
    }
}

/* Only the last 14 times 24 h count: older readings change nothing. */
static void window__older_days_do_not_count(void **state)
{
  (void)state;
  grid(30 * DAY);
  for (int32_t i = 0; i < 30 * DAY; i++) g[i] = i < 16 * DAY ? 300 : 120;
  make(30 * DAY, NULL);
  near(q(100, 4), 120, 0);
  assert_int_equal(p->reading_count, 14 * DAY);
  near(p->to_min - p->from_min, 14 * 1440, 1e-9);
  t1d_profile_options o = {.day_count = 15};
  make(29 * DAY, &o);
  assert_int_equal(p->day_count, 15);
  near(q(100, 4), 300, 0); /* 2 of 15 days: the 95 % is theirs */
}

/* 0 h of the profile is midnight on the clock of the readings. */
static void midnight__moves_the_profile(void **state)
{
  (void)state;
  t1d_profile_options o = {.smooth_min = -1, .midnight_min = -300.0 * 1440 + 360};
  grid(3 * DAY);
  for (int32_t i = 0; i < 3 * DAY; i++) g[i] = 100 + i % DAY;
  make(3 * DAY, &o);
  near(q(0, 2), 100 + 72, 1e-9); /* 6 h later on the clock of the readings */
  near(q(DAY - 72, 2), 100, 1e-9);
}

/* ---- days ------------------------------------------------------------------------------------ */
/* A night without the sensor: no number where nothing is near, fewer days where some are. */
static void days__are_counted_by_bin(void **state)
{
  (void)state;
  int32_t n = 0;
  for (int32_t i = 0; i < 14 * DAY; i++) {
    int32_t bin = i % DAY, day = i / DAY;
    if (bin >= 12 && bin < 60) continue;              /* 1 h to 5 h: never */
    if (bin >= 120 && bin < 180 && day < 9) continue; /* 10 h to 15 h: on five days */
    t[n] = 5.0 * i;
    g[n++] = 120;
  }
  make(n, NULL);
  assert_true(isnan(q(36, 2)) && isnan(low(36, 2)));
  assert_int_equal(p->days_behind[36], 0);
  assert_int_equal(p->days_in_bin[12], 0);
  assert_int_equal(p->days_behind[12], 14); /* the hour before is near */
  assert_int_equal(p->days_behind[150], 5);
  near(q(150, 2), 120, 0);
  assert_int_equal(p->days_in_bin[200], 14);
}

/* A sensor of 15 min fills every third bin; behind each quantile all days stand all the same. */
static void days__slow_sensor_is_behind_every_bin(void **state)
{
  (void)state;
  for (int32_t i = 0; i < 14 * 96; i++) {
    t[i] = 15.0 * i;
    g[i] = 130;
  }
  make(14 * 96, NULL);
  for (int32_t b = 0; b < DAY; b++) {
    assert_int_equal(p->days_in_bin[b], b % 3 ? 0 : 14);
    assert_int_equal(p->days_behind[b], 14);
  }
}

/* ---- intervals ------------------------------------------------------------------------------- */
/* Each day keeps a level of its own: over many lives the 90 % interval of the median holds the true
 * median about nine times in ten, though a bin holds 168 readings and only 14 days. (14 days give
 * steps of 7 %, so 90 % cannot be met exactly.) */
static void intervals__hold_the_true_median(void **state)
{
  (void)state;
  enum { LIVES = 600 };
  int32_t held = 0;
  t1d_profile_options o = {.bin_min = 60};
  seed = 21;
  for (int life = 0; life < LIVES; life++) {
    int32_t n = 0;
    for (int d = 0; d < 14; d++) {
      double level = 150 + 30 * normal();
      for (int i = 0; i < 12; i++) {
        t[n] = 1440.0 * d + 600 + 5 * i;
        g[n++] = level + 8 * normal();
      }
    }
    make(n, &o);
    held += low(10, 2) <= 150 && 150 <= high(10, 2);
  }
  printf("90 %% interval of the median holds it in %.1f %%\n", 100.0 * held / LIVES);
  assert_in_range(held, LIVES * 84 / 100, LIVES * 97 / 100);
}

/* One day alone: quantiles, but no interval. */
static void intervals__one_day_has_none(void **state)
{
  (void)state;
  grid(DAY);
  for (int32_t i = 0; i < DAY; i++) g[i] = 120 + i % 7;
  make(DAY, NULL);
  assert_true(isfinite(q(50, 2)) && isnan(low(50, 2)) && isnan(high(50, 2)));
  assert_int_equal(p->days_behind[50], 1);
}

/* ---- picture --------------------------------------------------------------------------------- */
/* Tags open and close in order, attributes stand in quotes, no number is NaN or infinite. */
static void check_markup(const char *s)
{
  char open[64][32];
  int depth = 0;
  assert_null(strstr(s, " nan"));
  assert_null(strstr(s, ">nan"));
  assert_null(strstr(s, "\"nan"));
  assert_null(strstr(s, "-nan"));
  assert_null(strstr(s, "inf "));
  for (s = strchr(s, '<'); s; s = strchr(s, '<')) {
    const char *end = strchr(s, '>');
    size_t name = strcspn(s + 1 + (s[1] == '/'), " >/");
    int quotes = 0;
    assert_non_null(end);
    for (const char *c = s; c < end; c++) quotes += *c == '"';
    assert_true(quotes % 2 == 0 && name < sizeof open[0]);
    if (s[1] == '/') {
      assert_true(depth > 0);
      assert_int_equal(strlen(open[depth - 1]), name);
      assert_memory_equal(open[--depth], s + 2, name);
    } else if (end[-1] != '/') {
      assert_true(depth < 64);
      snprintf(open[depth++], sizeof open[0], "%.*s", (int)name, s + 1);
    }
    s = end;
  }
  assert_int_equal(depth, 0);
}

static int32_t count(const char *what)
{
  int32_t n = 0;
  for (const char *s = text.data; (s = strstr(s, what)) != NULL; s += strlen(what)) n++;
  return n;
}

static void draw(int32_t n, bool with_metrics)
{
  t1d_readings r = {t, g, n};
  t1d_metrics m;
  make(n, NULL);
  if (with_metrics && t1d_metrics_of(ctx, &r, NULL, &m)) fail_msg("%s", gm_message(ctx));
  t1d_profile_svg(p, with_metrics ? &m : NULL, "UTC+2", &text);
  assert_int_equal(text.status, GM_OK);
  check_markup(text.data);
}

/* The picture is sound markup that loads nothing, with both units, the range and every figure. */
static void picture__is_sound_and_complete(void **state)
{
  (void)state;
  grid(14 * DAY);
  for (int32_t i = 0; i < 14 * DAY; i++) g[i] = 150 + 60 * sin(i * 0.021) + i / DAY;
  draw(14 * DAY, true);
  assert_null(strstr(text.data, "href"));
  assert_null(strstr(text.data, "<script"));
  const char *must[] = {"mg/dL", "mmol/L",          ">180<",    ">10.0<", ">70<", ">3.9<",
                        "GMI ",  "time of day [h]", "14 of 14", "mean ",  "GRI ", "&lt;54 "};
  for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
    if (!strstr(text.data, must[i])) fail_msg("no %s", must[i]);
  assert_int_equal(count("<path class=\"band90\""), 1);
  assert_int_equal(count("<path class=\"median\""), 1);
  assert_null(strstr(text.data, "Too little data"));
}

/* The height of the median in the picture is that of its glucose on the axis with 70 and 180. */
static void picture__median_lies_where_the_axis_says(void **state)
{
  (void)state;
  double x, y70, y180, at;
  grid(14 * DAY);
  for (int32_t i = 0; i < 14 * DAY; i++) g[i] = 125; /* half way from 70 to 180 */
  draw(14 * DAY, false);
  const char *s = strstr(text.data, "<line class=\"target-edge\"");
  assert_int_equal(sscanf(strstr(s, "y1"), "y1=\"%lf", &y180), 1);
  s = strstr(s + 1, "<line class=\"target-edge\"");
  assert_int_equal(sscanf(strstr(s, "y1"), "y1=\"%lf", &y70), 1);
  s = strstr(text.data, "<path class=\"median\" d=\"M");
  assert_int_equal(sscanf(s, "<path class=\"median\" d=\"M%lf %lf", &x, &at), 2);
  near(at, 0.5 * (y70 + y180), 0.11); /* printed to 0.1 */
}

/* Where nothing is near, the curves break; too little data is said. */
static void picture__breaks_at_gaps_and_says_what_is_short(void **state)
{
  (void)state;
  int32_t n = 0;
  for (int32_t i = 0; i < 5 * DAY; i++) {
    if (i % DAY >= 60 && i % DAY < 120) continue;
    t[n] = 5.0 * i;
    g[n++] = 130 + 400 * (i / DAY == 3);
  }
  draw(n, true);
  assert_int_equal(count("<path class=\"median\""), 2);
  assert_int_equal(count("<path class=\"band90\""), 2);
  assert_non_null(strstr(text.data, "Too little data: 5.0 days"));
  assert_non_null(strstr(text.data, ">550<")); /* the axis grew to hold 530 */
}

/* ---- report ---------------------------------------------------------------------------------- */
static void report(int32_t n, const char *account)
{
  t1d_readings r = {t, g, n};
  t1d_metrics m;
  make(n, NULL);
  if (t1d_metrics_of(ctx, &r, NULL, &m)) fail_msg("%s", gm_message(ctx));
  const t1d_profile_report what = {p, &m, &r, account, "UTC+5:30", NULL};
  t1d_profile_html(&what, &text);
  assert_int_equal(text.status, GM_OK);
  check_markup(strstr(text.data, "<html"));
  assert_null(strstr(text.data, "<script"));
  assert_int_equal(count("http"),
                   count("xmlns=\"http://www.w3.org/2000/svg\"")); /* loads nothing */
}

/* The cells of the row that begins with name. */
static bool row_has(const char *name, const char *what)
{
  const char *at = strstr(text.data, name), *end = at ? strstr(at, "</tr>") : NULL;
  const char *found = at ? strstr(at, what) : NULL;
  return found && found < end;
}

/* Four of ten readings at 300, six at 125: 2418 of 4032 in range and 40 % above 250, which is
 * not what the consensus asks for (70, 5 %); nothing is below 70, which is. Each day has its strip.
 * Texts of others are no markup. */
static void report__says_targets_and_days(void **state)
{
  (void)state;
  grid(14 * DAY);
  for (int32_t i = 0; i < 14 * DAY; i++) g[i] = i % 10 < 4 ? 300 : 125;
  report(14 * DAY, "3 rows <b> & 1 refused\n");
  assert_true(row_has("In range, 70-180 mg/dL", "59.97"));
  assert_true(row_has("Below 54 mg/dL", ">0 %, none seen<"));
  assert_non_null(strstr(text.data, "Clock: UTC+5:30"));
  assert_non_null(strstr(text.data, "time of day [h], clock: UTC+5:30<"));
  assert_null(strstr(text.data, "\xC2\xB1 0<"));
  assert_null(strstr(text.data, "\xC2\xB1 0.0<"));
  assert_true(row_has("In range, 70-180 mg/dL", ">not met<"));
  assert_true(row_has("Above 250 mg/dL", ">not met<"));
  assert_true(row_has("Below 70 mg/dL, all", ">met<"));
  assert_true(row_has("Below 54 mg/dL", ">met<"));
  assert_true(row_has("Sensor active", "100.0 %"));
  assert_int_equal(count("<path class=\"curve\""), 14);
  assert_non_null(strstr(text.data, "3 rows &lt;b&gt; &amp; 1 refused"));
  assert_null(strstr(text.data, "Too little data"));
}

/* An error is shown with a figure of its own, two digits further at most, and never as 0: by hand.
 */
static void errors__are_never_a_false_zero(void **state)
{
  (void)state;
  static const struct {
    double se;
    int digits, shown;
  } c[] = {{3, 0, 0},     {0.97, 0, 0}, {0.3, 0, 1},    {0.03, 0, 2}, {0.003, 0, -1},
           {0.003, 1, 3}, {12, 1, 1},   {1e-15, 1, -1}, {0, 1, -1},   {NAN, 1, -1}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++)
    assert_int_equal(t1d__error_digits(c[i].se, c[i].digits), c[i].shown);
  assert_string_equal(t1d__not_seen(T1D_TBR54, &(t1d_figure){0, 0}), "none seen");
  assert_string_equal(t1d__not_seen(T1D_TIR, &(t1d_figure){100, 0}), "all seen");
  assert_string_equal(t1d__not_seen(T1D_TIR, &(t1d_figure){99, 1}), "");
  assert_string_equal(t1d__not_seen(T1D_SD, &(t1d_figure){0, 0}), "");
}

/* Fourteen times 24 h that end in the middle of a day touch fifteen calendar days: the first one,
 * of which the window holds the evening alone, has no strip, and that is said. Readings above the
 * edge of a cell are marked there; each share ends at the right edge of its cell. */
static void report__days_are_those_of_the_window(void **state)
{
  (void)state;
  const int32_t n = 15 * DAY + DAY / 2;
  grid(n);
  for (int32_t i = 0; i < n; i++) g[i] = i / DAY == 5 ? 400 : 125;
  report(n, "");
  assert_int_equal(count("<path class=\"curve\""), 14);
  assert_int_equal(count("<path class=\"over\""), 1);
  assert_non_null(strstr(text.data, "The last 14 of the 15 calendar days"));
  assert_null(strstr(text.data, ">Fri 2 Jan<")); /* the window begins at its noon */
  assert_non_null(strstr(text.data, ">Sat 3 Jan<"));
  assert_non_null(strstr(text.data, ">Fri 16 Jan<"));
  assert_int_equal(count("text-anchor=\"end\">100 %</text>"), 13);
  assert_int_equal(count("text-anchor=\"end\">0 %</text>"), 1);
}

/* Too little is said in front, and no target is met or missed by it; only days that there are have
 * a strip; a day of 1970 has its name. */
static void report__says_what_is_short(void **state)
{
  (void)state;
  grid(3 * DAY);
  for (int32_t i = 0; i < 3 * DAY; i++) g[i] = 125;
  report(3 * DAY, "");
  assert_non_null(strstr(text.data, "Too little data for a report"));
  assert_non_null(strstr(text.data, "3.0 of 14 days"));
  assert_true(row_has("In range, 70-180 mg/dL", ">too little data<"));
  assert_true(row_has("Below 54 mg/dL", ">too little data<"));
  assert_null(strstr(text.data, ">met"));
  assert_null(strstr(text.data, ">not met"));
  assert_int_equal(count("<path class=\"curve\""), 3);
  assert_non_null(strstr(text.data, ">Thu 1 Jan<")); /* 1970 began on a Thursday */
  assert_non_null(strstr(text.data, ">Sat 3 Jan<"));
}

/* ---- refusals -------------------------------------------------------------------------------- */
static void refuse(int32_t n, const t1d_profile_options *o, gm_status should)
{
  t1d_readings r = {t, g, n};
  t1d_profile *out = NULL;
  assert_int_equal(t1d_profile_new(ctx, &r, o, &out), should);
  assert_null(out);
}

/* Wrong options and wrong readings are refused by code. */
static void refusals__each_has_its_code(void **state)
{
  (void)state;
  const t1d_profile_options wrong[] = {{.bin_min = 7},        {.bin_min = -5},
                                       {.day_count = -1},     {.smooth_min = 361},
                                       {.smooth_min = NAN},   {.midnight_min = INFINITY},
                                       {.day_count = 100000}, {.same_time = T1D_SAME_TIME_COUNT}};
  grid(10);
  for (int i = 0; i < 10; i++) g[i] = 120;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) refuse(10, &wrong[i], GM_EINVAL);
  refuse(0, NULL, GM_ENOTFOUND);
  t[4] = t[5];
  refuse(10, NULL, GM_EINVAL);
  t[4] = NAN;
  refuse(10, NULL, GM_EDOMAIN);
  t[4] = 20;
  g[3] = -1;
  refuse(10, NULL, GM_EDOMAIN);
  for (int i = 0; i < 10; i++) g[i] = NAN;
  refuse(10, NULL, GM_ENOTFOUND);
  for (int i = 0; i < 10; i++) g[i] = 6;
  refuse(10, NULL, GM_EUNIT);
}

/* Bins as wide as the smoothing allows, and wider, still see each reading once. */
static void bins__of_any_width_count_once(void **state)
{
  (void)state;
  const int32_t width[] = {1, 60, 480, 720, 1440};
  grid(2 * DAY);
  for (int32_t i = 0; i < 2 * DAY; i++) g[i] = 100 + i % DAY;
  for (size_t k = 0; k < sizeof width / sizeof width[0]; k++) {
    t1d_profile_options o = {.bin_min = width[k], .smooth_min = 360};
    make(2 * DAY, &o);
    for (int32_t b = 0; b < p->bin_count; b++) {
      near(q(b, 2), brute(2 * DAY, (b + 0.5) * width[k], 360, 0.5), 1e-9);
      assert_int_equal(p->days_behind[b], 2);
    }
  }
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  t1d_profile *out;
  t1d_metrics m;
  t1d_readings r = {t, g, DAY};
  gm_text s;
  gm_status status = t1d_metrics_of(c, &r, NULL, &m);
  if (!status) status = t1d_profile_new(c, &r, NULL, &out);
  if (status) return status;
  const t1d_profile_report report = {out, &m, &r, "1 row", NULL, NULL};
  gm_text_init(&s, c);
  t1d_profile_html(&report, &s);
  status = s.status;
  gm_text_free(&s);
  t1d_profile_free(out);
  return status;
}

/* Any allocation may fail, also while drawing. */
static void faults__no_memory(void **state)
{
  (void)state;
  grid(DAY);
  for (int32_t i = 0; i < DAY; i++) g[i] = 120;
  assert_true(fault_sweep("profile", trial, NULL) > 4);
}

/* 14 days, and a whole year, take milliseconds (bounds generous for a loaded machine). */
static void speed__milliseconds(void **state)
{
  (void)state;
  const int32_t days[] = {14, 365};
  seed = 9;
  grid(365 * DAY);
  for (int32_t i = 0; i < 365 * DAY; i++) g[i] = floor(150 + 60 * sin(i * 0.021) + 15 * normal());
  for (int k = 0; k < 2; k++) {
    struct timespec a, b;
    t1d_profile_options o = {.day_count = days[k]};
    clock_gettime(CLOCK_MONOTONIC, &a);
    make(365 * DAY, &o);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double ms = 1e3 * (double)(b.tv_sec - a.tv_sec) + 1e-6 * (double)(b.tv_nsec - a.tv_nsec);
    printf("profile of %d days: %.2f ms\n", (int)days[k], ms);
    assert_true(ms < 2000);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(quantiles__of_one_bin_are_hazens, setup, teardown),
      cmocka_unit_test_setup_teardown(quantiles__smoothed_equal_a_second_way, setup, teardown),
      cmocka_unit_test_setup_teardown(quantiles__in_order_within_their_intervals, setup, teardown),
      cmocka_unit_test_setup_teardown(window__older_days_do_not_count, setup, teardown),
      cmocka_unit_test_setup_teardown(midnight__moves_the_profile, setup, teardown),
      cmocka_unit_test_setup_teardown(days__are_counted_by_bin, setup, teardown),
      cmocka_unit_test_setup_teardown(days__slow_sensor_is_behind_every_bin, setup, teardown),
      cmocka_unit_test_setup_teardown(bins__of_any_width_count_once, setup, teardown),
      cmocka_unit_test_setup_teardown(intervals__hold_the_true_median, setup, teardown),
      cmocka_unit_test_setup_teardown(intervals__one_day_has_none, setup, teardown),
      cmocka_unit_test_setup_teardown(picture__is_sound_and_complete, setup, teardown),
      cmocka_unit_test_setup_teardown(picture__median_lies_where_the_axis_says, setup, teardown),
      cmocka_unit_test_setup_teardown(picture__breaks_at_gaps_and_says_what_is_short, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(report__says_targets_and_days, setup, teardown),
      cmocka_unit_test_setup_teardown(report__says_what_is_short, setup, teardown),
      cmocka_unit_test_setup_teardown(report__days_are_those_of_the_window, setup, teardown),
      cmocka_unit_test(errors__are_never_a_false_zero),
      cmocka_unit_test_setup_teardown(refusals__each_has_its_code, setup, teardown),
      cmocka_unit_test_setup_teardown(faults__no_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(speed__milliseconds, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
