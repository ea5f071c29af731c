/* test_fhir_in_times.c - times of FHIR as Unix seconds, samples as decimals, names of code systems.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/fhir.h"
#include "interop/fhir_in.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static gm_fhir_time good(const char *text)
{
  gm_fhir_time t;
  if (!gm_fhir_time_read(text, &t)) fail_msg("%s was refused", text);
  return t;
}

/* Every day from 1 to 2400, at a time and a zone of its own, is what timegm of the C library says.
 */
static void time__as_timegm(void **state)
{
  (void)state;
  for (int64_t day = -719162; day < 157054; day += 7) {
    time_t at = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
    int32_t zone = (int32_t)(day % 840); /* minutes */
    time_t shown = at + 60 * zone;
    struct tm tm;
    char text[64];
    assert_non_null(gmtime_r(&shown, &tm));
    if (tm.tm_year + 1900 < 1) continue;
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, zone < 0 ? '-' : '+',
             (zone < 0 ? -zone : zone) / 60, (zone < 0 ? -zone : zone) % 60);
    gm_fhir_time t = good(text);
    if (t.begin_s != (double)at) fail_msg("%s: %.17g, not %lld", text, t.begin_s, (long long)at);
    assert_true(t.zone && t.precision == GM_FHIR_INSTANT && t.end_s == t.begin_s);
    assert_int_equal(at, timegm(&tm) - 60 * zone);
  }
}

/* Fractions are kept, however many digits they have; second 60 is just before the minute. */
static void time__fractions(void **state)
{
  (void)state;
  assert_true(good("1970-01-01T00:00:00.25Z").begin_s == 0.25);
  assert_true(good("2015-02-07T13:28:17.239+02:00").begin_s == 1423308497.239);
  assert_true(good("1969-12-31T23:59:59.5Z").begin_s == -0.5);
  char text[300] = "1970-01-01T00:00:00.";
  memset(text + 20, '9', 200);
  strcpy(text + 220, "Z");
  assert_true(good(text).begin_s == 1);
  assert_true(good("2016-12-31T23:59:60Z").begin_s == 1483228799.999999);
  assert_true(good("2016-12-31T23:59:60.7Z").begin_s == 1483228799.999999);
}

/* A year, a month and a day are spans. */
static void time__spans(void **state)
{
  (void)state;
  gm_fhir_time t = good("1970");
  assert_true(t.precision == GM_FHIR_YEAR && t.begin_s == 0 && t.end_s == 365 * 86400.0 && !t.zone);
  t = good("1972-02");
  assert_true(t.precision == GM_FHIR_MONTH && t.end_s - t.begin_s == 29 * 86400.0);
  t = good("1999-12");
  assert_true(t.end_s == good("2000-01-01").begin_s);
  t = good("1970-01-02");
  assert_true(t.precision == GM_FHIR_DAY && t.begin_s == 86400 && t.end_s == 2 * 86400.0);
  t = good("2000-01-01T00:00:00");
  assert_true(t.precision == GM_FHIR_INSTANT && !t.zone && t.begin_s == 946684800);
}

static void time__refused(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "",
      "0000",
      "970",
      "19700",
      "1970-",
      "1970-1",
      "1970-00",
      "1970-13",
      "1970-01-00",
      "1970-01-32",
      "1970-02-29",
      "1900-02-29",
      "2000-02-30",
      "1970-04-31",
      "1970-01-01T",
      "1970-01-01 00:00:00Z",
      "1970-01-01T00:00Z",
      "1970-01-01T24:00:00Z",
      "1970-01-01T00:60:00Z",
      "1970-01-01T00:00:61Z",
      "1970-01-01T00:00:00.Z",
      "1970-01-01T00:00:00,5Z",
      "1970-01-01T00:00:00z",
      "1970-01-01T00:00:00+1:00",
      "1970-01-01T00:00:00+01",
      "1970-01-01T00:00:00+0100",
      "1970-01-01T00:00:00+14:01",
      "1970-01-01T00:00:00+15:00",
      "1970-01-01T00:00:00+01:60",
      "1970-01-01T00:00:00Z ",
      " 1970",
      "1970-01-01T00:00:00ZZ",
      "-1970",
      "+1970",
      "1970/01/01",
  };
  gm_fhir_time t;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (gm_fhir_time_read(bad[i], &t)) fail_msg("'%s' was taken", bad[i]);
  assert_true(good("2000-02-29").precision == GM_FHIR_DAY);
}

/* Decimals of samples are exact: no digit comes or goes by way of a binary fraction. */
static void sample__exact(void **state)
{
  (void)state;
  static const struct {
    const char *data, *factor, *origin, *want;
  } c[] = {
      {"3", "0.1", "0", "0.3"},
      {"3", "0.10", "0.200", "0.500"},
      {"-5", "2", "3", "-7"},
      {"-1", "0.05", "0", "-0.05"},
      {"0", "5", "0", "0"},
      {"1.5", "1", "-1.5", "0.0"},
      {"123456789", "0.001", "0", "123456.789"},
      {"1", "0.00000000000000001", "0", "0.00000000000000001"},
  };
  char out[32];
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    assert_true(fhir_sample_value(c[i].data, c[i].factor, c[i].origin, out));
    assert_string_equal(c[i].want, out);
  }
  assert_true(fhir_sample_value("1e3", "2", "0", out)); /* as doubles */
  assert_string_equal("2000", out);
  assert_true(fhir_sample_value("99999999999999999999", "10", "0", out));
  assert_false(fhir_sample_value("1e308", "10", "0", out));
  assert_false(fhir_sample_value("x", "1", "0", out));
  assert_false(fhir_sample_value("", "1", "0", out));
}

/* A system has a name, a URL and an OID, and each leads to the others. */
static void system__names(void **state)
{
  (void)state;
  assert_string_equal("http://loinc.org", gm_fhir_system_url("loinc"));
  assert_string_equal("http://loinc.org", gm_fhir_system_url("urn:oid:2.16.840.1.113883.6.1"));
  assert_string_equal("ieee11073", gm_fhir_system_name("urn:iso:std:iso:11073:10101"));
  assert_string_equal("icd10", gm_fhir_system_name("http://hl7.org/fhir/sid/icd-10"));
  assert_string_equal("icd10cm", gm_fhir_system_name("http://hl7.org/fhir/sid/icd-10-cm"));
  assert_null(gm_fhir_system_url("http://a.org"));
  assert_null(gm_fhir_system_name(""));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time__as_timegm), cmocka_unit_test(time__fractions),
      cmocka_unit_test(time__spans),     cmocka_unit_test(time__refused),
      cmocka_unit_test(sample__exact),   cmocka_unit_test(system__names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
