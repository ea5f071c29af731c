/* number.c - decimal numbers whatever the locale: checked by hand, converted by strtod_l. */
#include "base/number.h"
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES_MAX = 63 };

static const char *digits(const char *p, int32_t *count)
{
  const char *first = p;
  while (*p >= '0' && *p <= '9') p++;
  *count += (int32_t)(p - first);
  return p;
}

static const char *sign(const char *p) { return *p == '+' || *p == '-' ? p + 1 : p; }

static bool is_decimal(const char *p)
{
  int32_t mantissa = 0, exponent = 0;
  p = digits(sign(p), &mantissa);
  if (*p == '.') p = digits(p + 1, &mantissa);
  if (mantissa == 0) return false;
  if (*p != 'e' && *p != 'E') return *p == 0;
  p = digits(sign(p + 1), &exponent);
  return exponent > 0 && *p == 0;
}

bool gm__number_parse(const char *text, double *out)
{
  if (strnlen(text, NUMBER_BYTES_MAX + 1) > NUMBER_BYTES_MAX || !is_decimal(text)) return false;
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) return false;
  double v = strtod_l(text, NULL, c);
  freelocale(c);
  if (!isfinite(v)) return false;
  *out = v;
  return true;
}
