/* fhir_time.c - date, dateTime and instant of R4 (datatypes.html#primitive) to Unix seconds. */
#include "base/number.h"
#include "gemel/fhir.h"
#include <string.h>

/* Exactly count digits; the rest of the text, or NULL. */
static const char *digits(const char *p, int32_t count, int32_t *out)
{
  int32_t v = 0;
  for (int32_t i = 0; p && i < count; i++) {
    if (p[i] < '0' || p[i] > '9') return NULL;
    v = 10 * v + (p[i] - '0');
  }
  *out = v;
  return p ? p + count : NULL;
}

static const char *sign(const char *p, char c) { return p && *p == c ? p + 1 : NULL; }

/* Days since 1970-01-01 of a Gregorian date; month may be 13. After E. G. Richards, "Calendars", in
 * the Explanatory Supplement to the Astronomical Almanac (3rd ed.), with years that begin in March.
 */
static int64_t days_of(int32_t year, int32_t month, int32_t day)
{
  if (month > 12) return days_of(year + 1, month - 12, day);
  int64_t y = month > 2 ? year : year - 1, era = (y >= 0 ? y : y - 399) / 400;
  int64_t of_era = y - 400 * era, march = (month + 9) % 12;
  int64_t of_year = (153 * march + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Of a fraction of a second: "." and digits. More than some 50 tell nothing: they are looked at
 * and left out. */
static const char *fraction_read(const char *p, double *out)
{
  char text[60] = "0";
  size_t n = strspn(p + 1, "0123456789"), kept = n < 50 ? n : 50;
  if (!n) return NULL;
  memcpy(text + 1, p, kept + 1);
  text[kept + 2] = 0;
  return gm__number_parse(text, out) ? p + 1 + n : NULL;
}

/* "Z", "+hh:mm" or nothing. */
static const char *zone_read(const char *p, gm_fhir_time *t, int32_t *seconds)
{
  int32_t h = 0, m = 0, west = *p == '-';
  *seconds = 0;
  t->zone = *p != 0;
  if (*p == 0) return p;
  if (*p == 'Z') return p + 1;
  if (*p != '+' && *p != '-') return NULL;
  p = digits(sign(digits(p + 1, 2, &h), ':'), 2, &m);
  if (!p || m > 59 || h > 14 || (h == 14 && m)) return NULL;
  *seconds = (h * 3600 + m * 60) * (west ? -1 : 1);
  return p;
}

/* "hh:mm:ss.fff" and the zone, behind the T. */
static const char *clock_read(const char *p, int64_t day, gm_fhir_time *t)
{
  int32_t h, m, s, zone;
  double fraction = 0;
  p = digits(sign(digits(sign(digits(p, 2, &h), ':'), 2, &m), ':'), 2, &s);
  if (!p || h > 23 || m > 59 || s > 60) return NULL;
  if (*p == '.') p = fraction_read(p, &fraction);
  if (p) p = zone_read(p, t, &zone);
  if (!p) return NULL;
  if (s == 60) {
    s = 59;
    fraction = 0.999999;
  }
  int64_t whole = day * 86400 + h * 3600 + m * 60 + s - zone;
  t->begin_s = t->end_s = (double)whole + fraction;
  t->precision = GM_FHIR_INSTANT;
  return p;
}

static void span(gm_fhir_time *t, gm_fhir_precision precision, int64_t first, int64_t next)
{
  t->precision = precision;
  t->begin_s = 86400.0 * (double)first;
  t->end_s = 86400.0 * (double)next;
}

/* "-mm" where something stands; 0: nothing more. */
static const char *month_read(const char *p, int32_t *m)
{
  *m = 0;
  if (!p || !*p) return p;
  p = digits(sign(p, '-'), 2, m);
  return p && *m >= 1 && *m <= 12 ? p : NULL;
}

bool gm_fhir_time_read(const char *text, gm_fhir_time *out)
{
  gm_fhir_time t = {0};
  int32_t y, m, d;
  const char *p = digits(text, 4, &y);
  p = month_read(p, &m);
  if (!p || y < 1) return false;
  if (!m) {
    span(&t, GM_FHIR_YEAR, days_of(y, 1, 1), days_of(y + 1, 1, 1));
  } else if (!*p) {
    span(&t, GM_FHIR_MONTH, days_of(y, m, 1), days_of(y, m + 1, 1));
  } else {
    p = digits(sign(p, '-'), 2, &d);
    if (!p || d < 1 || d > days_of(y, m + 1, 1) - days_of(y, m, 1)) return false;
    int64_t day = days_of(y, m, d);
    if (!*p) span(&t, GM_FHIR_DAY, day, day + 1);
    if (*p) p = *p == 'T' ? clock_read(p + 1, day, &t) : NULL;
  }
  if (!p || *p) return false;
  *out = t;
  return true;
}
