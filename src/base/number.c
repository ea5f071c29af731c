/* number.c - decimal numbers whatever the locale: checked by hand, converted by strtod_l, and
 * printed with a point. */
#include "base/number.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES_MAX = 63, BEGIN_BYTES_MAX = 400 };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_sign(char c) { return c == '+' || c == '-'; }

static size_t digits(const char *text)
{
  size_t n = 0;
  while (is_digit(text[n])) n++;
  return n;
}

/* How many bytes the number takes, 0 none. */
static size_t decimal_bytes(const char *text)
{
  size_t at = is_sign(text[0]), whole = digits(text + at), part = 0;
  at += whole;
  if (text[at] == '.') {
    part = digits(text + at + 1);
    if (whole || part) at += 1 + part;
  }
  if (!whole && !part) return 0;
  if (text[at] == 'e' || text[at] == 'E') {
    size_t sign = is_sign(text[at + 1]);
    size_t power = digits(text + at + 1 + sign);
    if (power) at += 1 + sign + power;
  }
  return at;
}

int32_t gm__number_begin(const char *text, double *out)
{
  char copy[BEGIN_BYTES_MAX + 1]; /* strtod would read on where we stop: "0x10" */
  size_t n = decimal_bytes(text);
  if (!n || n > BEGIN_BYTES_MAX) return n ? -1 : 0;
  memcpy(copy, text, n);
  copy[n] = 0;
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) return -2;
  double v = strtod_l(copy, NULL, c);
  freelocale(c);
  if (!isfinite(v)) return -1;
  *out = v;
  return (int32_t)n;
}

bool gm__number_parse(const char *text, double *out)
{
  double v = 0;
  size_t bytes = strnlen(text, NUMBER_BYTES_MAX + 1);
  if (bytes == 0 || bytes > NUMBER_BYTES_MAX) return false;
  if (gm__number_begin(text, &v) != (int32_t)bytes) return false;
  *out = v;
  return true;
}

char *gm__number_point(char *text)
{
  char *to = text;
  for (const char *from = text; *from; from++)
    if (is_digit(*from) || is_sign(*from) || *from == 'e')
      *to++ = *from;
    else if (to == text || to[-1] != '.')
      *to++ = '.';
  *to = 0;
  return text;
}

const char *gm__number_text(double v, char out[GM__NUMBER_TEXT_BYTES])
{
  snprintf(out, GM__NUMBER_TEXT_BYTES, "%.17g", v);
  if (isfinite(v)) gm__number_point(out);
  return out;
}
