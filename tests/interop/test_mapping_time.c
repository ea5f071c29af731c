/* test_mapping_time.c - times of tables against the C library's calendar and RFC 3339; what does
 * not say when it was is refused.
 * label: quick */
#include "interop/test_mapping_case.h"
#include "interop/mapping_internal.h"
#include <math.h>
#include <time.h>

static double iso(const char *text)
{
  double t = NAN;
  bool zoned = false;
  const char *wrong = gm__map_time_iso(text, &t, &zoned);
  if (wrong) fail_msg("%s: %s", text, wrong);
  if (!zoned) fail_msg("%s: no zone", text);
  return t;
}

static bool is_iso(const char *text)
{
  double t = 0;
  bool zoned = false;
  return !gm__map_time_iso(text, &t, &zoned);
}

/* Every 37th hour or so of the years 1 to 9999 is what timegm makes of it. */
static void iso__is_the_calendar_of_the_library(void **state)
{
  (void)state;
  for (int64_t s = -62135596800; s < 253402300800; s += 86400 * 97 + 4001) {
    char text[40];
    struct tm tm;
    time_t now = (time_t)s;
    assert_non_null(gmtime_r(&now, &tm));
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (iso(text) != (double)s) fail_msg("%s: %.17g, expected %lld", text, iso(text), (long long)s);
  }
}

/* Examples of RFC 3339 section 5.8, and instants that are the same written in several ways. A leap
 * second is the end of the second before it. */
static void iso__forms(void **state)
{
  (void)state;
  assert_true(fabs(iso("1985-04-12T23:20:50.52Z") - 482196050.52) < 1e-6);
  assert_true(iso("1996-12-19T16:39:57-08:00") == iso("1996-12-20T00:39:57Z"));
  assert_true(iso("1990-12-31T23:59:60Z") < iso("1991-01-01T00:00:00Z"));
  assert_true(iso("1990-12-31T23:59:60Z") > iso("1990-12-31T23:59:59.9Z"));
  assert_true(fabs(iso("1937-01-01T12:00:27.87+00:20") - iso("1937-01-01T11:40:27.87Z")) < 1e-6);
  static const char *const same[] = {"2024-05-01T10:00:00+02:00", "2024-05-01 10:00+02",
                                     "2024-05-01 08:00:00 UTC",   "2024-05-01t08:00:00z",
                                     "2024-05-01T00:30:00-0730",  "2024-05-01T08:00:00,000Z"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_true(iso(same[i]) == 1714550400);
}

static void iso__refusals(void **state)
{
  (void)state;
  static const char *const wrong[] = {"",
                                      "2024",
                                      "2024-05-01",
                                      "2024-05",
                                      "24-05-01T08:00:00Z",
                                      "2024-5-1T08:00:00Z",
                                      "2024-13-01T08:00:00Z",
                                      "2023-02-29T08:00:00Z",
                                      "1900-02-29T08:00:00Z",
                                      "2024-04-31T08:00:00Z",
                                      "2024-05-01T24:00:00Z",
                                      "2024-05-01T08:60:00Z",
                                      "2024-05-01T08:00:61Z",
                                      "2024-05-01T08Z",
                                      "2024-05-01T08:00:00 Europe/Berlin",
                                      "2024-05-01T08:00:00+15:00",
                                      "2024-05-01T08:00:00Zx",
                                      "0000-01-01T00:00:00Z",
                                      "01/05/2024 08:00"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (is_iso(wrong[i])) fail_msg("\"%s\" was taken", wrong[i]);
  assert_true(is_iso("2024-02-29T08:00:00Z") && is_iso("2000-02-29T08:00:00Z"));
}

/* The same instant by patterns of several countries. */
static void pattern__forms(void **state)
{
  (void)state;
  static const struct {
    const char *pattern, *text;
    double expected; /* NaN: refused */
  } w[] = {
      {"DD.MM.YYYY hh:mm", "01.05.2024 08:00", 1714550400},
      {"M/D/YYYY h:mm AP", "5/1/2024 8:00 AM", 1714550400},
      {"M/D/YYYY h:mm AP", "05/01/2024 08:00 pm", 1714550400 + 12 * 3600},
      {"M/D/YYYY h:mm AP", "5/1/2024 12:00 AM", 1714550400 - 8 * 3600},
      {"M/D/YYYY h:mm AP", "5/1/2024 12:30 PM", 1714550400 + 4.5 * 3600},
      {"DD-MMM-YYYY hh:mm:ss", "01-May-2024 08:00:30.5", 1714550430.5},
      {"YYYYMMDDhhmmsszz", "20240501100000+0200", 1714550400},
      {"YYYY-MM-DD", "2024-05-01", 1714550400 - 8 * 3600},
      {"M/D/YYYY h:mm AP", "5/1/2024 13:00 PM", NAN},
      {"M/D/YYYY h:mm AP", "5/1/2024 8:00", NAN},
      {"DD.MM.YYYY hh:mm", "1.5.2024 08:00", NAN},
      {"DD.MM.YYYY hh:mm", "05/01/2024 08:00", NAN},
      {"DD.MM.YYYY hh:mm", "01.05.2024 08:00:00", NAN},
      {"DD-MMM-YYYY", "01-Mai-2024", NAN},
      {"DD.MM.YYYY", "31.02.2024", NAN},
  };
  for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
    double t = NAN;
    bool zoned = false;
    const char *wrong = gm__map_time_pattern(w[i].pattern, w[i].text, &t, &zoned);
    if (isnan(w[i].expected) ? !wrong : wrong || t != w[i].expected)
      fail_msg("%s as %s: %.17g (%s)", w[i].text, w[i].pattern, t, wrong ? wrong : "");
  }
}

/* ---- through mappings ------------------------------------------------------------------------ */
#define HEAD                                                                                       \
  "mapping: m\nsource: s\nsubject: {is: a}\ncolumns: {g: {observable: map, unit: mmHg}}\n"

static void expect(const char *time, const char *cells, const char *facts, const char *rows)
{
  char mapping[600];
  snprintf(mapping, sizeof mapping, HEAD "time: %s\n", time);
  case_expect(mapping, cells, false, facts, rows);
}

/* Local times lie in the zone stated; Unix times and elapsed ones in their unit; a clock may go on
 * beyond a day; one time for all; two columns; an origin for each row. */
static void time__formats(void **state)
{
  (void)state;
  static const char fact[] = "observation a map @1714550400 1 mm[Hg]\n";
  expect("{column: t, format: local, zone: \"+02:00\"}", "t,g\n2024-05-01 10:00:00,1\n", fact,
         NULL);
  expect("{column: t, format: iso}", "t,g\n2024-05-01T03:00:00-05:00,1\n", fact, NULL);
  expect("{column: t, format: DD.MM.YYYY hh:mm, zone: Z}", "t,g\n01.05.2024 08:00,1\n", fact, NULL);
  expect("{column: t, format: unix}", "t,g\n1714550400,1\n", fact, NULL);
  expect("{column: t, format: unix, unit: ms}", "t,g\n1714550400000,1\n", fact, NULL);
  expect("{column: t, format: elapsed, unit: min, origin: 2024-05-01T09:00:00Z}", "t,g\n-60,1\n",
         fact, NULL);
  expect("{column: t, format: elapsed, unit: h, origin: {column: o}, zone: \"+01:00\"}",
         "t,g,o\n1.5,1,2024-05-01 07:30\n-1,1,2024-05-01T09:00Z\n1,1,\n1,1,soon\n",
         "observation a map @1714550400 1 mm[Hg]\nobservation a map @1714550400 1 mm[Hg]\n",
         "2 taken 1\n3 taken 1\n4 refused 0 o: no time, when time 0 was is expected;\n"
         "5 refused 0 o: no time in the format stated;\n");
  expect("{column: t, format: clock, origin: 2024-04-29T08:00:00Z}", "t,g\n48:00,1\n", fact, NULL);
  expect("{is: 2024-05-01T08:00:00Z}", "t,g\n,1\n", fact, NULL);
  expect("{columns: [d, t], format: M/D/YYYY hh:mm, zone: \"-07:00\"}", "d,t,g\n5/1/2024,01:00,1\n",
         fact, NULL);
}

/* What a cell of another format says is refused, not guessed at. */
static void time__of_another_format(void **state)
{
  (void)state;
  expect("{column: t, format: iso}", "t,g\n2024-05-01T08:00:00,1\n,1\n", "",
         "2 refused 0 t: a time without zone; one with zone (Z, +01:00) is expected;\n"
         "3 refused 0 t: missing, when it was is expected;\n");
  expect("{column: t, format: local, zone: Z}", "t,g\n2024-05-01T08:00:00+01:00,1\n", "",
         "2 refused 0 t: a time with a zone of its own, and the mapping states one;\n");
  expect("{column: t, format: unix}", "t,g\n2024-05-01T08:00:00Z,1\n1e300,1\n", "",
         "2 refused 0 t: no number, where a time as a number is expected;\n"
         "3 refused 0 t: a time beyond the years 1 to 9999;\n");
  expect("{column: t, format: clock, origin: 2024-05-01T08:00:00Z}", "t,g\n1:60,1\n-1:00,1\n1,1\n",
         "",
         "2 refused 0 t: no time in the format stated;\n3 refused 0 t: no time in the format "
         "stated;\n4 refused 0 t: no time in the format stated;\n");
}

/* A zone by its name is refused by that name: it does not say when its summer time began. */
static void time__named_zones_are_refused(void **state)
{
  (void)state;
  static const char *const zone[] = {"Europe/Berlin", "CET", "EST5EDT", "America/Denver", "+25:00"};
  for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
    char mapping[400], expected[100];
    gm_mapping *m = NULL;
    snprintf(mapping, sizeof mapping, HEAD "time: {column: t, format: local, zone: %s}\n", zone[i]);
    assert_int_equal(GM_EUNSUPPORTED,
                     gm_mapping_parse(ctx, "m.yaml", mapping, strlen(mapping), definition, &m));
    snprintf(expected, sizeof expected, "m.yaml:5: time.zone: \"%s\" is no offset such as +01:00",
             zone[i]);
    if (strncmp(expected, gm_message(ctx), strlen(expected)) != 0) fail_msg("%s", gm_message(ctx));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(iso__is_the_calendar_of_the_library),
      cmocka_unit_test(iso__forms),
      cmocka_unit_test(iso__refusals),
      cmocka_unit_test(pattern__forms),
      cmocka_unit_test(time__formats),
      cmocka_unit_test(time__of_another_format),
      cmocka_unit_test(time__named_zones_are_refused),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
