/* report_text.c - numbers and words as the report shows them. */
#include "base/utf8.h"
#include "interop/report_text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- escaping ------------------------------------------------------------------------------ */
static const char *reference(char c)
{
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  case '\'': return "&#39;";
  default: return NULL;
  }
}

void gm__html_text(gm_text *out, const char *text)
{
  for (const char *s = text ? text : ""; *s;) {
    int32_t n = gm__utf8_bytes((const unsigned char *)s, GM__UTF8_BYTES_MAX);
    const char *safe = reference(*s);
    bool control = ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7F;
    if (n == 0)
      gm_text_add(out, "\xEF\xBF\xBD");
    else if (safe)
      gm_text_add(out, safe);
    else if (!control)
      gm_text_addn(out, s, (size_t)n);
    s += n ? n : 1;
  }
}

/* ---- numbers ------------------------------------------------------------------------------- */
#define MINUS "\xE2\x88\x92"
#define NBSP  "\xC2\xA0"

static const char *with_minus(const char *plain, char *out, size_t room)
{
  if (plain[0] == '-' && !strpbrk(plain, "123456789")) plain++; /* rounds to zero */
  if (plain[0] == '-')
    snprintf(out, room, MINUS "%s", plain + 1);
  else
    snprintf(out, room, "%s", plain);
  return out;
}

/* Not a number one can write: its sign; else NULL. */
static const char *not_finite(double v)
{
  if (isnan(v)) return "\xE2\x80\x93";
  if (isinf(v)) return v > 0 ? "\xE2\x88\x9E" : MINUS "\xE2\x88\x9E";
  return NULL;
}

/* v to three digits, as 2.11 and its power of ten: the rounding may raise it (9.996). */
static int power_of(double v, char digits[GM__NUMBER_BYTES])
{
  snprintf(digits, GM__NUMBER_BYTES, "%.2e", v);
  char *e = strchr(digits, 'e');
  int ten = 0;
  for (const char *s = e + 2; *s; s++) ten = 10 * ten + (*s - '0');
  if (e[1] == '-') ten = -ten;
  *e = 0;
  return ten;
}

/* Decimals that show three significant digits of v; -1: it takes an exponent. */
static int decimals_of(double v)
{
  char digits[GM__NUMBER_BYTES];
  int ten = v == 0 ? 2 : power_of(v, digits);
  if (ten < -3 || ten > 4) return -1;
  return ten >= 2 ? 0 : 2 - ten;
}

/* 2.11e-4, without the zeros that C puts in front of an exponent, and with a minus that no line
 * breaks at. */
static void short_exponent(double v, char out[GM__NUMBER_BYTES])
{
  char digits[GM__NUMBER_BYTES];
  int ten = power_of(v, digits);
  snprintf(out, GM__NUMBER_BYTES, "%.20se%s%d", digits, ten < 0 ? MINUS : "", ten < 0 ? -ten : ten);
}

const char *gm__number(double v, char out[GM__NUMBER_BYTES])
{
  char plain[GM__NUMBER_BYTES];
  const char *sign = not_finite(v);
  if (sign) {
    snprintf(out, GM__NUMBER_BYTES, "%s", sign);
    return out;
  }
  int decimals = decimals_of(v);
  if (decimals < 0)
    short_exponent(v, plain);
  else if (decimals == 0 && fabs(v) >= 1000) /* three digits, then zeros */
    snprintf(plain, sizeof plain, "%.0f",
             fabs(v) >= 9995 ? 100 * round(v / 100) : 10 * round(v / 10));
  else
    snprintf(plain, sizeof plain, "%.*f", decimals, v);
  return with_minus(plain, out, GM__NUMBER_BYTES);
}

const char *gm__number_given(double v, char out[GM__NUMBER_BYTES])
{
  char plain[GM__NUMBER_BYTES];
  const char *sign = not_finite(v);
  snprintf(plain, sizeof plain, "%s", sign ? sign : "");
  if (!sign && v != 0 && fabs(v) < 1e-3 && fabs(v) >= 1e-6)
    snprintf(plain, sizeof plain, "%.3g", v);
  else if (!sign)
    snprintf(plain, sizeof plain, "%.6g", v);
  return with_minus(plain, out, GM__NUMBER_BYTES);
}

const char *gm__interval(double v, double low, double high, char out[GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], c[GM__NUMBER_BYTES];
  double most = fmax(fabs(v), fmax(fabs(low), fabs(high)));
  double least = fmin(low != 0 ? fabs(low) : most, v != 0 ? fabs(v) : most);
  int decimals = isfinite(v) && isfinite(low) && isfinite(high) ? decimals_of(most) : -1;
  /* one number of decimals for all, unless that would make a small one look like zero */
  if (decimals >= 0 && most < 1000 && (least * pow(10, decimals) >= 1 || low < 0)) {
    char plain[3][GM__NUMBER_BYTES];
    const double x[3] = {v, low, high};
    for (int i = 0; i < 3; i++) snprintf(plain[i], sizeof plain[i], "%.*f", decimals, x[i]);
    with_minus(plain[0], a, sizeof a);
    with_minus(plain[1], b, sizeof b);
    with_minus(plain[2], c, sizeof c);
  } else {
    gm__number(v, a);
    gm__number(low, b);
    gm__number(high, c);
  }
  snprintf(out, GM__INTERVAL_BYTES, "%s (%s" NBSP "to" NBSP "%s)", a, b, c);
  return out;
}

const char *gm__utility(double v, char out[GM__NUMBER_BYTES])
{
  char plain[GM__NUMBER_BYTES];
  const char *sign = not_finite(v);
  bool tiny = v != 0 && fabs(v) < 0.0005;
  if (sign)
    snprintf(out, GM__NUMBER_BYTES, "%s", sign);
  else if (tiny)
    snprintf(out, GM__NUMBER_BYTES, "%s", v > 0 ? "<0.001" : ">" MINUS "0.001");
  else {
    snprintf(plain, sizeof plain, "%.3f", v);
    with_minus(plain, out, GM__NUMBER_BYTES);
  }
  return out;
}

const char *gm__utility_interval(double v, double low, double high, char out[GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], c[GM__NUMBER_BYTES];
  snprintf(out, GM__INTERVAL_BYTES, "%s (%s" NBSP "to" NBSP "%s)", gm__utility(v, a),
           gm__utility(low, b), gm__utility(high, c));
  return out;
}

const char *gm__percent(double p, bool certain, char out[GM__NUMBER_BYTES])
{
  if (isnan(p))
    snprintf(out, GM__NUMBER_BYTES, "\xE2\x80\x93");
  else if (p < 0.005 && p >= 0 && !(certain && p == 0))
    snprintf(out, GM__NUMBER_BYTES, "<1" NBSP "%%");
  else if (p > 0.995 && p <= 1 && !(certain && p == 1))
    snprintf(out, GM__NUMBER_BYTES, ">99" NBSP "%%");
  else {
    char plain[GM__NUMBER_BYTES];
    snprintf(plain, sizeof plain, "%.0f" NBSP "%%", 100 * p);
    with_minus(plain, out, GM__NUMBER_BYTES);
  }
  return out;
}

const char *gm__unit_after(const char *unit, char out[GM__INTERVAL_BYTES])
{
  bool none = !unit || !unit[0] || !strcmp(unit, "1");
  snprintf(out, GM__INTERVAL_BYTES, "%s%s", none ? "" : " ", none ? "" : unit);
  return out;
}
