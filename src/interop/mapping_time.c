/* mapping_time.c - times as tables write them, to Unix seconds. A time without a zone is taken in
 * the fixed offset that the mapping states: a zone's name would need its whole history of summer
 * times, and an hour of the autumn would stay open all the same. */
#include "base/number.h"
#include "interop/mapping_internal.h"
#include <math.h>
#include <string.h>
#include <strings.h>

static const char no_time[] = "no time in the format stated";

typedef struct {
  int year, month, day, hour, minute;
  int half; /* 0 AM, 1 PM, -1 not said */
  double second, zone_s;
  bool zoned;
} parts;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* least to most digits as a number. */
static bool take_digits(const char **p, int least, int most, int *out)
{
  int n = 0, v = 0;
  while (n < most && is_digit((*p)[n])) v = 10 * v + ((*p)[n++] - '0');
  if (n < least) return false;
  *p += n;
  *out = v;
  return true;
}

/* ss, and a fraction of any length behind a point or a comma. */
static bool take_second(const char **p, double *out)
{
  int whole = 0;
  if (!take_digits(p, 2, 2, &whole)) return false;
  double v = 0, size = 1;
  if ((**p == '.' || **p == ',') && is_digit((*p)[1]))
    for ((*p)++; is_digit(**p); (*p)++)
      if (size < 1e12) {
        v = 10 * v + (**p - '0');
        size *= 10;
      }
  *out = whole + v / size;
  return true;
}

static bool take_zone(const char **p, double *out)
{
  int hour = 0, minute = 0;
  if (**p == 'Z' || **p == 'z') {
    (*p)++;
    *out = 0;
    return true;
  }
  if (**p != '+' && **p != '-') return false;
  double sign = **p == '-' ? -1 : 1;
  (*p)++;
  if (!take_digits(p, 2, 2, &hour)) return false;
  if (**p == ':') (*p)++;
  if (is_digit(**p) && !take_digits(p, 2, 2, &minute)) return false;
  if (hour > 14 || minute > 59) return false;
  *out = sign * (3600 * hour + 60 * minute);
  return true;
}

const char *gm__map_zone(const char *text, double *seconds_out)
{
  const char *p = text;
  if (!strcmp(text, "UTC")) p = "Z";
  double v = 0;
  if (!take_zone(&p, &v) || *p)
    return "is no offset such as +01:00, -0730 or Z (a zone's name does not say when its summer "
           "time began)";
  *seconds_out = v;
  return NULL;
}

/* ---- the calendar ---------------------------------------------------------------------------- */
static int days_in_month(int year, int month)
{
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the leap day
 * is the last one. */
static int64_t days_since_1970(int year, int month, int day)
{
  int64_t y = year - (month <= 2), m = (month + 9) % 12;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static const char *parts_finish(parts *t, double *out, bool *zoned_out)
{
  if (t->year < 1 || t->month < 1 || t->month > 12 || t->day < 1 ||
      t->day > days_in_month(t->year, t->month))
    return "a date that the calendar does not have";
  if (t->half >= 0) {
    if (t->hour < 1 || t->hour > 12) return "a time of day that does not exist";
    t->hour = t->hour % 12 + 12 * t->half;
  }
  if (t->hour > 23 || t->minute > 59 || t->second >= 61) return "a time of day that does not exist";
  if (t->second >= 60) t->second = 59.999999; /* a leap second: Unix time has no place for it */
  *out = (double)(days_since_1970(t->year, t->month, t->day) * 86400 + t->hour * 3600 +
                  t->minute * 60) +
         t->second - t->zone_s;
  *zoned_out = t->zoned;
  return NULL;
}

/* ---- ISO 8601 -------------------------------------------------------------------------------- */
static bool take_date(const char **p, parts *t)
{
  return take_digits(p, 4, 4, &t->year) && *(*p)++ == '-' && take_digits(p, 2, 2, &t->month) &&
         *(*p)++ == '-' && take_digits(p, 2, 2, &t->day);
}

/* hh:mm[:ss] */
static bool take_clock(const char **p, int digits_least, int digits_most, parts *t)
{
  if (!take_digits(p, digits_least, digits_most, &t->hour) || *(*p)++ != ':' ||
      !take_digits(p, 2, 2, &t->minute))
    return false;
  if (**p != ':') return true;
  (*p)++;
  return take_second(p, &t->second);
}

/* Nothing, or a zone and the end. */
static bool take_zone_end(const char *p, parts *t)
{
  if (*p == ' ') p++;
  if (!strcmp(p, "UTC") || !strcmp(p, "GMT")) p = "Z";
  t->zoned = *p != 0;
  return !t->zoned || (take_zone(&p, &t->zone_s) && !*p);
}

const char *gm__map_time_iso(const char *text, double *out, bool *zoned_out)
{
  parts t = {.half = -1};
  const char *p = text;
  if (!take_date(&p, &t)) return no_time;
  if (!*p) return "a date without time of day";
  if (*p != 'T' && *p != 't' && *p != ' ') return no_time;
  p++;
  if (!take_clock(&p, 2, 2, &t) || !take_zone_end(p, &t)) return no_time;
  return parts_finish(&t, out, zoned_out);
}

/* ---- patterns -------------------------------------------------------------------------------- */
static bool take_month(const char **p, int *out)
{
  static const char name[12][4] = {"jan", "feb", "mar", "apr", "may", "jun",
                                   "jul", "aug", "sep", "oct", "nov", "dec"};
  for (int i = 0; i < 12; i++)
    if (!strncasecmp(*p, name[i], 3)) {
      *p += 3;
      *out = i + 1;
      return true;
    }
  return false;
}

static bool take_half(const char **p, int *out)
{
  if (!strncasecmp(*p, "am", 2))
    *out = 0;
  else if (!strncasecmp(*p, "pm", 2))
    *out = 1;
  else
    return false;
  *p += 2;
  return true;
}

/* The pieces of a pattern; of two that begin alike the longer one first. */
typedef enum { YEAR, MONTH_NAME, MONTH, DAY, HOUR, MINUTE, SECOND, HALF, ZONE, PIECES } piece;
static const struct {
  const char *text;
  piece what;
  int least;
} pieces[] = {{"YYYY", YEAR, 4}, {"MMM", MONTH_NAME, 0}, {"MM", MONTH, 2}, {"M", MONTH, 1},
              {"DD", DAY, 2},    {"D", DAY, 1},          {"hh", HOUR, 2},  {"h", HOUR, 1},
              {"mm", MINUTE, 2}, {"ss", SECOND, 2},      {"AP", HALF, 0},  {"zz", ZONE, 0}};

/* Number of the piece that a pattern goes on with, or -1. */
static int piece_at(const char *pattern)
{
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    if (!strncmp(pattern, pieces[i].text, strlen(pieces[i].text))) return (int)i;
  return -1;
}

static bool piece_take(int i, const char **p, parts *t)
{
  switch (pieces[i].what) {
  case YEAR: return take_digits(p, 4, 4, &t->year);
  case MONTH_NAME: return take_month(p, &t->month);
  case MONTH: return take_digits(p, pieces[i].least, 2, &t->month);
  case DAY: return take_digits(p, pieces[i].least, 2, &t->day);
  case HOUR: return take_digits(p, pieces[i].least, 2, &t->hour);
  case MINUTE: return take_digits(p, 2, 2, &t->minute);
  case SECOND: return take_second(p, &t->second);
  case HALF: return take_half(p, &t->half);
  default: t->zoned = true; return take_zone(p, &t->zone_s);
  }
}

const char *gm__map_time_pattern(const char *pattern, const char *text, double *out,
                                 bool *zoned_out)
{
  parts t = {.half = -1};
  const char *p = text;
  while (*pattern) {
    int i = piece_at(pattern);
    if (i < 0 && *p++ != *pattern++) return no_time;
    if (i < 0) continue;
    if (!piece_take(i, &p, &t)) return no_time;
    pattern += strlen(pieces[i].text);
  }
  return *p ? no_time : parts_finish(&t, out, zoned_out);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* How often a pattern has each piece; NULL, or why it is no pattern. */
static const char *pieces_count(const char *pattern, int *seen)
{
  for (const char *p = pattern; *p;) {
    int i = piece_at(p);
    if (i < 0 && *p != 'T' && is_letter(*p))
      return "a letter that stands for nothing; iso, local, unix, elapsed, clock or a pattern such "
             "as DD.MM.YYYY hh:mm is expected (YYYY MM MMM DD hh mm ss AP zz)";
    if (i >= 0 && seen[pieces[i].what]++) return "the same piece twice";
    p += i < 0 ? 1 : (ptrdiff_t)strlen(pieces[i].text);
  }
  return NULL;
}

/* NULL, or why it is no pattern. */
static const char *pattern_wrong(const char *pattern, bool *zoned)
{
  int seen[PIECES] = {0};
  const char *wrong = pieces_count(pattern, seen);
  if (wrong) return wrong;
  if (!seen[YEAR] || seen[MONTH] + seen[MONTH_NAME] != 1 || !seen[DAY])
    return "a pattern with year, month and day, such as DD.MM.YYYY hh:mm, is expected";
  bool hour_needed = seen[HALF] || seen[MINUTE] || seen[SECOND];
  if ((hour_needed && !seen[HOUR]) || (seen[SECOND] && !seen[MINUTE]))
    return "a time of day begins with its hour (hh)";
  *zoned = seen[ZONE] != 0;
  return NULL;
}

/* ---- since an origin ------------------------------------------------------------------------- */
static const char *clock_read(const char *text, double *out)
{
  parts t = {0};
  const char *p = text;
  if (!take_clock(&p, 1, 6, &t) || *p || t.minute > 59 || t.second >= 60) return no_time;
  *out = 3600.0 * t.hour + 60.0 * t.minute + t.second;
  return NULL;
}

const char *gm__map_time_of(const gm__map_time *t, const char *text, double origin_s, double *out)
{
  double v = 0;
  bool zoned = false;
  const char *wrong = NULL;
  switch (t->kind) {
  case GM__MAP_ISO:
    wrong = gm__map_time_iso(text, &v, &zoned);
    if (!wrong && !zoned) wrong = "a time without zone; one with zone (Z, +01:00) is expected";
    break;
  case GM__MAP_LOCAL:
    wrong = gm__map_time_iso(text, &v, &zoned);
    if (!wrong && zoned) wrong = "a time with a zone of its own, and the mapping states one";
    v -= t->zone_s;
    break;
  case GM__MAP_PATTERN:
    wrong = gm__map_time_pattern(t->format, text, &v, &zoned);
    if (!t->zoned) v -= t->zone_s;
    break;
  case GM__MAP_CLOCK:
    wrong = clock_read(text, &v);
    v += origin_s;
    break;
  case GM__MAP_FIXED: v = t->fixed_s; break;
  default:
    if (!gm__number_parse(text, &v)) wrong = "no number, where a time as a number is expected";
    v = v * t->unit_s + origin_s;
  }
  if (wrong) return wrong;
  /* the years 1 to 9999 */
  if (!(v >= -62135596800.0 && v < 253402300800.0)) return "a time beyond the years 1 to 9999";
  *out = v;
  return NULL;
}

/* ---- the mapping's own fields ---------------------------------------------------------------- */
static gm_status unit_check(gm_ctx *ctx, gm__map_time *t)
{
  gm_unit second, unit;
  bool unix_time = t->kind == GM__MAP_UNIX;
  if (!t->unit && !unix_time)
    return gm__yaml_fail(t->node, "unit", GM_EUNIT,
                         "missing; the unit of the times, such as h, is expected");
  gm_status s = gm_unit_parse_friendly(ctx, t->unit ? t->unit : "s", &unit, NULL);
  if (!s) s = gm_unit_parse(ctx, "s", &second);
  if (!s) s = gm_unit_factor(ctx, &unit, &second, &t->unit_s);
  return s ? gm__yaml_fail_at(t->node, "unit", s) : GM_OK;
}

static gm_status instant_read(const gm__map_time *t, const char *key, const char *text, double *out)
{
  bool zoned = false;
  const char *wrong = gm__map_time_iso(text, out, &zoned);
  if (!wrong && !zoned) wrong = "no zone";
  if (!wrong) return GM_OK;
  return gm__yaml_fail(t->node, key, GM_EPARSE,
                       "\"%.60s\": %s; a time with zone such as 2024-05-01T08:00:00Z is expected",
                       text, wrong);
}

static gm_status origin_check(gm__map_time *t)
{
  bool wants = t->kind == GM__MAP_ELAPSED || t->kind == GM__MAP_CLOCK;
  bool has = t->origin || t->origin_column.name;
  if (wants && !has)
    return gm__yaml_fail(t->node, "origin", GM_EPARSE,
                         "missing; when time 0 was, such as 2024-05-01T08:00:00Z, or {column: ...} "
                         "is expected");
  if (!wants && has)
    return gm__yaml_fail(t->node, "origin", GM_EPARSE, "is of times that are elapsed or a clock");
  return t->origin ? instant_read(t, "origin", t->origin, &t->origin_s) : GM_OK;
}

static gm_status zone_check(gm__map_time *t)
{
  bool column = t->origin_column.name != NULL; /* its cells may be without zone */
  bool wants = t->kind == GM__MAP_LOCAL || (t->kind == GM__MAP_PATTERN && !t->zoned);
  if (wants && !t->zone)
    return gm__yaml_fail(
        t->node, "zone", GM_EPARSE,
        "missing; the offset of these times from UTC, such as +01:00, is expected");
  if (!t->zone) return GM_OK;
  if (!wants && !column)
    return gm__yaml_fail(t->node, "zone", GM_EPARSE, "is of times without a zone of their own");
  const char *wrong = gm__map_zone(t->zone, &t->zone_s);
  return wrong ? gm__yaml_fail(t->node, "zone", GM_EUNSUPPORTED, "\"%.60s\" %s", t->zone, wrong)
               : GM_OK;
}

static gm_status kind_find(gm__map_time *t)
{
  static const char *const word[] = {"iso", "local", "unix", "elapsed", "clock"};
  static const gm__map_time_kind kind[] = {GM__MAP_ISO, GM__MAP_LOCAL, GM__MAP_UNIX,
                                           GM__MAP_ELAPSED, GM__MAP_CLOCK};
  if (!t->format)
    return gm__yaml_fail(t->node, "format", GM_EPARSE,
                         "missing; iso, local, unix, elapsed, clock or a pattern such as "
                         "DD.MM.YYYY hh:mm is expected");
  for (size_t i = 0; i < sizeof word / sizeof *word; i++)
    if (!strcmp(t->format, word[i])) {
      t->kind = kind[i];
      return GM_OK;
    }
  t->kind = GM__MAP_PATTERN;
  const char *wrong = pattern_wrong(t->format, &t->zoned);
  return wrong ? gm__yaml_fail(t->node, "format", GM_EPARSE, "\"%.60s\": %s", t->format, wrong)
               : GM_OK;
}

static gm_status fixed_check(gm__map_time *t)
{
  if (t->column_count || t->format || t->unit || t->zone || t->origin || t->origin_column.name)
    return gm__yaml_fail(t->node, "is", GM_EPARSE,
                         "one time for all rows; no other field is expected beside it");
  t->kind = GM__MAP_FIXED;
  return instant_read(t, "is", t->fixed, &t->fixed_s);
}

gm_status gm__map_time_check(gm_ctx *ctx, gm__map_time *t)
{
  if (t->fixed) return fixed_check(t);
  if (!t->column_count)
    return gm__yaml_fail(t->node, "column", GM_EPARSE,
                         "missing; the column of the time (or columns, or is: one time for all) "
                         "is expected");
  gm_status s = kind_find(t);
  bool number = t->kind == GM__MAP_UNIX || t->kind == GM__MAP_ELAPSED;
  if (!s && number) s = unit_check(ctx, t);
  if (!s && !number && t->unit)
    s = gm__yaml_fail(t->node, "unit", GM_EPARSE, "is of times that are numbers");
  if (!s) s = origin_check(t);
  return s ? s : zone_check(t);
}
