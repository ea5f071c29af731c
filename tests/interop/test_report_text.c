/* test_report_text.c - numbers as people read them, escaping, axes and ticks.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "interop/report_text.h"
#include "interop/svg.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\xE2\x88\x92"
#define NBSP  "\xC2\xA0"

/* Three significant digits, no exponent from 1e-3 to 1e5, a true minus. */
static void number__has_three_digits(void **state)
{
  (void)state;
  static const struct {
    double v;
    const char *text;
  } known[] = {{0, "0"},
               {1, "1.00"},
               {0.133333, "0.133"},
               {12.345, "12.3"},
               {123.4, "123"},
               {999.6, "1000"},
               {9.996, "10.0"},
               {1234, "1230"},
               {12345, "12300"},
               {99940, "99900"},
               {0.001, "0.00100"},
               {0.0123456, "0.0123"},
               {-4.5, MINUS "4.50"},
               {2.11e-4, "2.11e" MINUS "4"},
               {123456, "1.23e5"},
               {NAN, "\xE2\x80\x93"},
               {INFINITY, "\xE2\x88\x9E"},
               {-INFINITY, MINUS "\xE2\x88\x9E"}};
  char out[GM__NUMBER_BYTES];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_string_equal(gm__number(known[i].v, out), known[i].text);
}

/* Over the whole range: the text read back is within half a unit of the third digit. */
static void number__reads_back_to_three_digits(void **state)
{
  (void)state;
  char out[GM__NUMBER_BYTES];
  for (double v = 1.00321e-3; v < 9.9e4; v *= 1.0737) {
    gm__number(v, out);
    assert_null(strchr(out, 'e'));
    double back = strtod(out, NULL);
    assert_true(fabs(back - v) <= 0.5001 * pow(10, floor(log10(v)) - 2));
  }
}

/* What was recorded is shown as it was. */
static void number_given__is_kept(void **state)
{
  (void)state;
  char out[GM__NUMBER_BYTES];
  assert_string_equal(gm__number_given(1250, out), "1250");
  assert_string_equal(gm__number_given(7.5, out), "7.5");
  assert_string_equal(gm__number_given(0, out), "0");
  assert_string_equal(gm__number_given(-0.0, out), "0");
  assert_string_equal(gm__number_given(-1.25, out), MINUS "1.25");
}

/* One number of decimals for value and bounds, unless that would hide a small bound. */
static void interval__shares_decimals(void **state)
{
  (void)state;
  char out[GM__INTERVAL_BYTES];
  assert_string_equal(gm__interval(0.133, 0.0904, 0.196, out),
                      "0.133 (0.090" NBSP "to" NBSP "0.196)");
  assert_string_equal(gm__interval(31.24, 20.06, 44.99, out), "31.2 (20.1" NBSP "to" NBSP "45.0)");
  assert_string_equal(gm__interval(10, 0.0002, 90, out),
                      "10.0 (2.00e" MINUS "4" NBSP "to" NBSP "90.0)");
  assert_string_equal(gm__interval(0.1, -0.2, 0.4, out),
                      "0.100 (" MINUS "0.200" NBSP "to" NBSP "0.400)");
}

/* Shares of members are never shown as certain. */
static void percent__is_never_certain_by_rounding(void **state)
{
  (void)state;
  char out[GM__NUMBER_BYTES];
  assert_string_equal(gm__percent(0.632, false, out), "63" NBSP "%");
  assert_string_equal(gm__percent(0, false, out), "<1" NBSP "%");
  assert_string_equal(gm__percent(0.999, false, out), ">99" NBSP "%");
  assert_string_equal(gm__percent(1, false, out), ">99" NBSP "%");
  assert_string_equal(gm__percent(0, true, out), "0" NBSP "%");
  assert_string_equal(gm__percent(1, true, out), "100" NBSP "%");
  assert_string_equal(gm__percent(NAN, true, out), "\xE2\x80\x93");
}

/* Utilities: three decimals; what would round to nothing is called less than a thousandth. */
static void utility__has_three_decimals(void **state)
{
  (void)state;
  char out[GM__NUMBER_BYTES];
  assert_string_equal(gm__utility(0.71234, out), "0.712");
  assert_string_equal(gm__utility(3e-9, out), "<0.001");
  assert_string_equal(gm__utility(-3e-9, out), ">" MINUS "0.001");
  assert_string_equal(gm__utility(0, out), "0.000");
}

static void escaped(const char *from, const char *to)
{
  gm_ctx *ctx = NULL;
  gm_text t;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_text_init(&t, ctx);
  gm_text_add(&t, "");
  gm__html_text(&t, from);
  assert_string_equal(t.data, to);
  gm_text_free(&t);
  gm_ctx_free(ctx);
}

/* Markup becomes references, control characters go, broken UTF-8 becomes U+FFFD, the rest stays. */
static void html_text__is_safe(void **state)
{
  (void)state;
  escaped("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
  escaped("\x01\x02tab\tline\n\x7F", "tab\tline\n");
  escaped("\xC2\xB5g \xE2\x82\xAC \xF0\x9F\x99\x82", "\xC2\xB5g \xE2\x82\xAC \xF0\x9F\x99\x82");
  escaped("\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD");                 /* overlong < */
  escaped("\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD");                 /* cut off */
  escaped("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* a surrogate */
  escaped("\xE2<", "\xEF\xBF\xBD&lt;"); /* a broken sequence does not swallow markup */
  escaped(NULL, "");
}

/* ---- axes ------------------------------------------------------------------------------------ */
/* Ends go to ends, the middle to the middle (of the logs on a log axis), outside is clipped. */
static void axis__maps_ends_to_ends(void **state)
{
  (void)state;
  svg_axis a = {.lo = -2, .hi = 6, .from = 200, .to = 40};
  assert_true(gm__svg_at(&a, -2) == 200);
  assert_true(gm__svg_at(&a, 6) == 40);
  assert_true(gm__svg_at(&a, 2) == 120);
  assert_true(gm__svg_at(&a, 60) == 40);
  assert_true(isnan(gm__svg_at(&a, NAN)));
  svg_axis b = {.lo = 0.01, .hi = 100, .from = 0, .to = 400, .log = true};
  assert_true(fabs(gm__svg_at(&b, 1) - 200) < 1e-9);
  assert_true(gm__svg_at(&b, 0) == 0);
  assert_true(gm__svg_at(&b, -1) == 0);
}

/* Any axis gets some ticks, all inside, equally far apart, with steps of 1, 2 or 5 times ten. */
static void ticks__are_round_and_inside(void **state)
{
  (void)state;
  double tick[GM__SVG_TICKS_MAX];
  for (double span = 1e-6; span < 1e7; span *= 1.31)
    for (double lo = -0.7 * span; lo < span; lo += 0.37 * span) {
      svg_axis a = {.lo = lo, .hi = lo + span, .to = 1};
      int32_t n = gm__svg_ticks(&a, 5, false, tick);
      assert_in_range(n, 2, 12);
      double step = tick[1] - tick[0], ten = pow(10, floor(log10(step) + 1e-9)), m = step / ten;
      assert_true(fabs(m - 1) < 1e-6 || fabs(m - 2) < 1e-6 || fabs(m - 5) < 1e-6);
      for (int32_t i = 0; i < n; i++)
        assert_true(tick[i] >= a.lo - 1e-6 * span && tick[i] <= a.hi + 1e-6 * span);
    }
}

/* Hours of many days are ticked by whole days; decades on a log axis. */
static void ticks__suit_hours_and_decades(void **state)
{
  (void)state;
  double tick[GM__SVG_TICKS_MAX];
  svg_axis h = {.lo = 0, .hi = 312, .to = 1};
  int32_t n = gm__svg_ticks(&h, 8, true, tick);
  assert_true(n > 3);
  for (int32_t i = 0; i < n; i++) assert_true(fmod(tick[i], 24) == 0);
  svg_axis g = {.lo = 1e-3, .hi = 1e4, .to = 1, .log = true};
  n = gm__svg_ticks(&g, 5, false, tick);
  assert_int_equal(n, 8);
  for (int32_t i = 0; i < n; i++) assert_true(fabs(log10(tick[i]) - (i - 3)) < 1e-9);
  svg_axis none = {.lo = 1, .hi = 1, .to = 1};
  assert_int_equal(gm__svg_ticks(&none, 5, false, tick), 0);
}

/* An axis holds its data, begins at 0 when that is near, and never is empty. */
static void axis_around__holds_its_data(void **state)
{
  (void)state;
  svg_axis a = gm__svg_axis_around(1, 10, 0, 1, false);
  assert_true(a.lo == 0 && a.hi > 10);
  a = gm__svg_axis_around(90, 100, 0, 1, false);
  assert_true(a.lo < 90 && a.lo > 80 && a.hi > 100);
  a = gm__svg_axis_around(-5, 5, 0, 1, false);
  assert_true(a.lo < -5 && a.hi > 5);
  a = gm__svg_axis_around(3, 3, 0, 1, false);
  assert_true(a.lo < 3 && a.hi > 3);
  a = gm__svg_axis_around(INFINITY, -INFINITY, 0, 1, true);
  assert_true(a.lo == 0 && a.hi == 1 && !a.log);
  a = gm__svg_axis_around(0.1, 1000, 0, 1, true);
  assert_true(a.log && a.lo > 0 && a.lo < 0.1 && a.hi > 1000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(number__has_three_digits),
      cmocka_unit_test(number__reads_back_to_three_digits),
      cmocka_unit_test(number_given__is_kept),
      cmocka_unit_test(interval__shares_decimals),
      cmocka_unit_test(percent__is_never_certain_by_rounding),
      cmocka_unit_test(utility__has_three_decimals),
      cmocka_unit_test(html_text__is_safe),
      cmocka_unit_test(axis__maps_ends_to_ends),
      cmocka_unit_test(ticks__are_round_and_inside),
      cmocka_unit_test(ticks__suit_hours_and_decades),
      cmocka_unit_test(axis_around__holds_its_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
