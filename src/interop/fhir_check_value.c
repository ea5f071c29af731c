/* fhir_check_value.c - written after the regular expressions of the specification, by hand: days of
 * months and leap years are looked at too. */
#include "interop/fhir_check_value.h"
#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* n digits at *p as a number, *p behind them; -1: there are not so many. */
static int32_t digits(const char **p, int32_t n)
{
  int32_t v = 0;
  for (; n > 0; n--, (*p)++) {
    if (!is_digit(**p)) return -1;
    v = 10 * v + (**p - '0');
  }
  return v;
}

/* ---- dates and times ------------------------------------------------------------------------- */
typedef struct {
  int64_t day;          /* since 1970-01-01 */
  int32_t second;       /* of the day, 60 in a leap second counted on */
  const char *fraction; /* digits behind the point, "" none */
  int32_t precision;    /* 1 year, 2 month, 3 day, 4 time */
  int32_t zone_s;
  bool zone;
} stamp;

/* Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant, chrono-compatible
 * low-level date algorithms, 2013: days_from_civil). */
static int64_t day_number(int32_t y, int32_t m, int32_t d)
{
  y -= m <= 2;
  int32_t era = (y >= 0 ? y : y - 399) / 400;
  int32_t yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int32_t month_days(int32_t y, int32_t m)
{
  static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  return m == 2 && leap ? 29 : days[m - 1];
}

static const char *read_date(const char **p, stamp *out)
{
  int32_t y = digits(p, 4), m = 1, d = 1;
  if (y < 0) return "a year of four digits was expected first";
  if (y == 0) return "there is no year 0000";
  out->precision = 1;
  if (**p == '-') {
    ++*p;
    m = digits(p, 2);
    if (m < 1 || m > 12) return "a month from 01 to 12 was expected";
    out->precision = 2;
    if (**p == '-') {
      ++*p;
      d = digits(p, 2);
      if (d < 1 || d > month_days(y, m)) return "the month has no such day";
      out->precision = 3;
    }
  }
  out->day = day_number(y, m, d);
  return NULL;
}

static const char *read_clock(const char **p, stamp *out)
{
  int32_t h = digits(p, 2), m = -1, s = -1;
  if (h >= 0 && **p == ':') ++*p, m = digits(p, 2);
  if (m >= 0 && **p == ':') ++*p, s = digits(p, 2);
  if (h < 0 || m < 0 || s < 0) return "a time hh:mm:ss was expected";
  if (h > 23 || m > 59 || s > 60) return "there is no such time of day";
  out->second = h * 3600 + m * 60 + s;
  out->fraction = "";
  if (**p == '.') {
    out->fraction = ++*p;
    if (!is_digit(**p)) return "digits were expected behind the point";
    while (is_digit(**p)) ++*p;
  }
  out->precision = 4;
  return NULL;
}

static const char *read_zone(const char **p, stamp *out)
{
  char sign = **p;
  out->zone = true;
  if (sign == 'Z') {
    ++*p;
    return NULL;
  }
  if (sign != '+' && sign != '-') return "a time needs a zone, Z or +hh:mm";
  ++*p;
  int32_t h = digits(p, 2), m = -1;
  if (h >= 0 && **p == ':') ++*p, m = digits(p, 2);
  if (h < 0 || m < 0 || m > 59 || h > 14 || (h == 14 && m)) return "there is no such zone";
  out->zone_s = (h * 3600 + m * 60) * (sign == '-' ? -1 : 1);
  return NULL;
}

static const char *read_date_time(const char *text, stamp *out)
{
  const char *p = text, *fault = read_date(&p, out);
  if (!fault && *p == 'T') {
    if (out->precision < 3) return "a time needs a whole date before it";
    p++;
    fault = read_clock(&p, out);
    if (!fault) fault = read_zone(&p, out);
  }
  if (!fault && *p) fault = "something stands behind it";
  return fault;
}

static const char *date_fault(const char *text)
{
  stamp at = {0};
  const char *fault = read_date(&text, &at);
  return fault ? fault : *text ? "something stands behind the date" : NULL;
}

static const char *date_time_fault(const char *text)
{
  stamp at = {0};
  return read_date_time(text, &at);
}

static const char *instant_fault(const char *text)
{
  stamp at = {0};
  const char *fault = read_date_time(text, &at);
  return fault ? fault : at.precision < 4 ? "an instant needs a date, a time and a zone" : NULL;
}

static const char *time_fault(const char *text)
{
  stamp at = {0};
  const char *fault = read_clock(&text, &at);
  return fault ? fault : *text ? "something stands behind the time" : NULL;
}

/* Fractions, as if followed by zeros. */
static int32_t fraction_compare(const char *a, const char *b)
{
  while (is_digit(*a) || is_digit(*b)) {
    char x = is_digit(*a) ? *a++ : '0', y = is_digit(*b) ? *b++ : '0';
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

/* The part up to a precision: year, month or day, as it was written. */
static int32_t civil_compare(const char *a, const char *b, int32_t precision)
{
  static const int8_t bytes[] = {0, 4, 7, 10};
  int32_t way = strncmp(a, b, (size_t)bytes[precision]);
  return way < 0 ? -1 : way > 0;
}

int32_t gm__fhir_time_compare(const char *a, const char *b)
{
  stamp x = {0}, y = {0};
  if (read_date_time(a, &x) || read_date_time(b, &y)) return 2;
  int32_t common = x.precision < y.precision ? x.precision : y.precision;
  if (common < 4) {
    int32_t way = civil_compare(a, b, common);
    return way || x.precision == y.precision ? way : 2;
  }
  int64_t s = (x.day - y.day) * 86400 + (x.second - x.zone_s) - (y.second - y.zone_s);
  if (s) return s < 0 ? -1 : 1;
  return fraction_compare(x.fraction, y.fraction);
}

/* ---- names ----------------------------------------------------------------------------------- */
bool gm__fhir_is_id(const char *text, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++)
    if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-' && text[i] != '.') return false;
  return bytes >= 1 && bytes <= 64;
}

bool gm__fhir_is_absolute(const char *text)
{
  if (!is_letter(*text)) return false;
  while (is_letter(*text) || is_digit(*text) || *text == '+' || *text == '-' || *text == '.')
    text++;
  return *text == ':';
}

static const char *id_fault(const char *text, size_t bytes)
{
  if (bytes > 64) return "an id has at most 64 characters";
  return gm__fhir_is_id(text, bytes) ? NULL : "an id has letters, digits, - and . only";
}

/* [0-2](\.(0|[1-9][0-9]*))+ */
static const char *oid_fault(const char *p)
{
  static const char fault[] =
      "an OID is 0, 1 or 2, then numbers without leading zeros, with points";
  if (*p < '0' || *p > '2' || p[1] != '.') return fault;
  for (p++; *p == '.';) {
    p++;
    if (!is_digit(*p) || (*p == '0' && is_digit(p[1]))) return fault;
    while (is_digit(*p)) p++;
  }
  return *p ? fault : NULL;
}

static const char *uuid_fault(const char *p, bool lower)
{
  static const int8_t group[] = {8, 4, 4, 4, 12};
  for (int32_t g = 0; g < 5; g++) {
    for (int32_t i = 0; i < group[g]; i++, p++) {
      bool hex = is_digit(*p) || (*p >= 'a' && *p <= 'f') || (!lower && *p >= 'A' && *p <= 'F');
      if (!hex) return "a UUID has 8-4-4-4-12 hexadecimal digits";
    }
    if (*p != (g < 4 ? '-' : 0)) return "a UUID has 8-4-4-4-12 hexadecimal digits";
    p += g < 4;
  }
  return NULL;
}

static const char *uri_fault(const char *text, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++)
    if (is_space(text[i]) || text[i] == '\f' || text[i] == '\v' || !text[i])
      return "a URI has no spaces";
  if (strncmp(text, "urn:oid:", 8) == 0) return oid_fault(text + 8);
  if (strncmp(text, "urn:uuid:", 9) == 0) return uuid_fault(text + 9, false);
  return NULL;
}

/* [^\s]+(\s[^\s]+)* */
static const char *code_fault(const char *text, size_t bytes)
{
  bool before = true;
  for (size_t i = 0; i < bytes; i++) {
    bool space = is_space(text[i]);
    if (space && before) return "a code has no leading and no double spaces";
    before = space;
  }
  return before ? "a code does not end in a space" : NULL;
}

static const char *text_fault(const char *text, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 && !is_space((char)c)) return "control characters are not allowed in a text";
  }
  return NULL;
}

static const char *xhtml_fault(const char *text)
{
  while (is_space(*text)) text++;
  bool div = strncmp(text, "<div", 4) == 0 && (is_space(text[4]) || text[4] == '>');
  return div ? NULL : "a narrative is one div element";
}

int64_t gm__fhir_base64_bytes(const char *text, size_t bytes)
{
  int64_t digit = 0, pad = 0;
  for (size_t i = 0; i < bytes; i++) {
    char c = text[i];
    if (is_space(c)) continue;
    bool good = is_letter(c) || is_digit(c) || c == '+' || c == '/';
    if (c == '=')
      pad++;
    else if (!good || pad)
      return -1;
    else
      digit++;
  }
  if (pad > 2 || (digit + pad) % 4) return -1;
  return (digit + pad) / 4 * 3 - pad;
}

/* ---- numbers --------------------------------------------------------------------------------- */
/* Whole, as the schema's patterns have it (no fraction, no exponent), within 32 bits. */
static const char *integer_fault(const gm_json *n, int64_t least)
{
  const char *p = n->text + (n->text[0] == '-');
  int64_t v = 0;
  for (size_t i = 0; p[i]; i++) {
    if (!is_digit(p[i])) return "a whole number was expected, without point or exponent";
    v = 10 * v + (p[i] - '0');
    if (v > (int64_t)INT32_MAX + 1) return "a whole number of 32 bits was expected";
  }
  if (n->text[0] == '-') v = -v;
  if (v > INT32_MAX) return "a whole number of 32 bits was expected";
  if (v < least)
    return least ? "a number above 0 was expected" : "a number of 0 or more was expected";
  return NULL;
}

static const char *number_fault(int32_t primitive, const gm_json *n)
{
  if (n->kind != GM_JSON_NUMBER) return "a number was expected";
  switch (primitive) {
  case GM__FHIR_INTEGER: return integer_fault(n, INT32_MIN);
  case GM__FHIR_UNSIGNED_INT: return integer_fault(n, 0);
  case GM__FHIR_POSITIVE_INT: return integer_fault(n, 1);
  default: return NULL;
  }
}

static const char *name_fault(int32_t primitive, const gm_json *n)
{
  switch (primitive) {
  case GM__FHIR_ID: return id_fault(n->text, n->bytes);
  case GM__FHIR_OID:
    return strncmp(n->text, "urn:oid:", 8) ? "urn:oid: was expected first" : oid_fault(n->text + 8);
  case GM__FHIR_UUID:
    return strncmp(n->text, "urn:uuid:", 9) ? "urn:uuid: was expected first"
                                            : uuid_fault(n->text + 9, true);
  case GM__FHIR_CANONICAL:
    if (n->text[0] != '#' && !gm__fhir_is_absolute(n->text))
      return "a canonical URL is absolute or a fragment (#...)";
    return uri_fault(n->text, n->bytes);
  default: return uri_fault(n->text, n->bytes);
  }
}

const char *gm__fhir_value_fault(int32_t primitive, const gm_json *n)
{
  if (primitive == GM__FHIR_BOOLEAN)
    return n->kind == GM_JSON_TRUE || n->kind == GM_JSON_FALSE ? NULL
                                                               : "true or false was expected";
  if (primitive == GM__FHIR_DECIMAL || primitive == GM__FHIR_INTEGER ||
      primitive == GM__FHIR_UNSIGNED_INT || primitive == GM__FHIR_POSITIVE_INT)
    return number_fault(primitive, n);
  if (n->kind != GM_JSON_TEXT) return "a text was expected";
  if (!n->bytes) return "an empty text";
  if (strlen(n->text) != n->bytes) return "the character NUL is not allowed";
  switch (primitive) {
  case GM__FHIR_BASE64:
    return gm__fhir_base64_bytes(n->text, n->bytes) < 0 ? "base64 was expected" : NULL;
  case GM__FHIR_CODE: return code_fault(n->text, n->bytes);
  case GM__FHIR_DATE: return date_fault(n->text);
  case GM__FHIR_DATE_TIME: return date_time_fault(n->text);
  case GM__FHIR_INSTANT: return instant_fault(n->text);
  case GM__FHIR_TIME: return time_fault(n->text);
  case GM__FHIR_STRING:
  case GM__FHIR_MARKDOWN: return text_fault(n->text, n->bytes);
  case GM__FHIR_XHTML: return xhtml_fault(n->text);
  default: return name_fault(primitive, n);
  }
}
