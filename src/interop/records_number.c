/* records_number.c - the grammar is checked here, so that strtod sees nothing else it would take
 * (nan, inf, hexadecimal); strtod_l of the C library rounds correctly and takes its locale from
 * us. */
#include "interop/records_number.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool gm__cell_missing(const char *cell)
{
  return !cell[0] || strcmp(cell, ".") == 0 || strcmp(cell, "NA") == 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *digits(const char *p, int *count)
{
  while (is_digit(*p)) {
    p++;
    *count = 1; /* some; how many does not matter */
  }
  return p;
}

static bool follows_grammar(const char *p)
{
  int before = 0, after = 0, exponent = 0;
  if (*p == '+' || *p == '-') p++;
  p = digits(p, &before);
  if (*p == '.') p = digits(p + 1, &after);
  if (!before && !after) return false;
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '+' || *p == '-') p++;
    p = digits(p, &exponent);
    if (!exponent) return false;
  }
  return !*p;
}

/* What an unreadable cell most likely is: one that begins like a number, */
static const char *complaint_number(const char *p)
{
  if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
    return "is hexadecimal, a decimal number was expected";
  if (strchr(p, ':')) return "is a time of day, elapsed time as a number was expected";
  if (strchr(p, ',')) return "has a decimal comma, a decimal point was expected";
  if (strpbrk(p, "/-") && !strpbrk(p, "eE"))
    return "is a date, elapsed time as a number was expected";
  return "is not a number, a decimal number was expected";
}

/* or one that does not. */
static const char *complaint(const char *cell)
{
  const char *p = cell + (*cell == '+' || *cell == '-');
  if (is_digit(*p) || *p == '.' || *p == ',') return complaint_number(p);
  if (strncasecmp(p, "nan", 3) == 0 || strncasecmp(p, "inf", 3) == 0)
    return "is not finite, a finite number was expected (or . for a missing value)";
  if (*cell == '<' || *cell == '>')
    return "is a limit as text, the limit as a number with CENS = 1 (below it) or -1 (above it) "
           "was expected";
  return "is not a number, a decimal number was expected";
}

const char *gm__cell_number(const char *cell, locale_t c, double *out)
{
  if (!follows_grammar(cell)) return complaint(cell);
  double v = strtod_l(cell, NULL, c);
  if (!isfinite(v)) return "is too large for a double, a finite number was expected";
  *out = v;
  return NULL;
}
