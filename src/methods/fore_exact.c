/* fore_exact.c - a long accumulator. U. Kulisch & V. Snyder, Numer. Math. Theor. 4:3 (2011);
 * R. M. Neal, arXiv:1505.05571 (2015). */
#include "methods/fore_exact.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { PENDING_MAX = 1 << 28 }; /* 2^28 * 2^32 and a carry stay below 2^62 */

void gm__exact_settle(gm__exact *e)
{
  int64_t carry = 0;
  for (int32_t i = 0; i < GM__EXACT_DIGITS; i++) {
    int64_t v = e->digit[i] + carry, low = (int64_t)((uint64_t)v & UINT32_MAX);
    carry = (v - low) / ((int64_t)1 << 32); /* exact: rounds down */
    e->digit[i] = low;
  }
  /* the sign: the highest digit takes back what was carried out of it */
  e->digit[GM__EXACT_DIGITS - 1] += carry * ((int64_t)1 << 32);
  e->pending = 0;
}

void gm__exact_add(gm__exact *e, double x)
{
  assert(isfinite(x));
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int32_t exponent = (int32_t)(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  if (exponent > 0) mantissa |= UINT64_C(1) << 52;
  int32_t shift = exponent > 0 ? exponent - 1 : 0; /* of the lowest bit, over 2^-1074 */
  int32_t at = shift / 32, within = shift % 32;
  /* mantissa << within takes at most 84 bits: three digits */
  uint64_t low = mantissa << within, high = within ? mantissa >> (64 - within) : 0;
  int64_t sign = bits >> 63 ? -1 : 1;
  e->digit[at] += sign * (int64_t)(low & UINT32_MAX);
  e->digit[at + 1] += sign * (int64_t)(low >> 32);
  e->digit[at + 2] += sign * (int64_t)high;
  if (++e->pending == PENDING_MAX) gm__exact_settle(e);
}

void gm__exact_merge(gm__exact *to, const gm__exact *from)
{
  gm__exact f = *from;
  gm__exact_settle(&f);
  gm__exact_settle(to);
  for (int32_t i = 0; i < GM__EXACT_DIGITS; i++) to->digit[i] += f.digit[i];
  gm__exact_settle(to);
}

/* Size and lowest bit of a settled number that is not negative, rounded to 53 bits. */
static double rounded(const gm__exact *e)
{
  int32_t top = GM__EXACT_DIGITS - 1;
  while (top > 0 && e->digit[top] == 0) top--;
  if (top < 2) return ldexp((double)((uint64_t)e->digit[1] << 32 | (uint64_t)e->digit[0]), -1074);
  /* 96 bits from the top; all below them is a sticky bit */
  uint64_t high = (uint64_t)e->digit[top], middle = (uint64_t)e->digit[top - 1];
  uint64_t low = (uint64_t)e->digit[top - 2];
  int32_t lead = 0;
  while (high >> lead > 1) lead++; /* the leading bit is number `lead` of the top digit */
  uint64_t word = high << (63 - lead) | middle << (31 - lead) | low >> (lead + 1);
  bool sticky = (low & ((UINT64_C(1) << (lead + 1)) - 1)) != 0;
  for (int32_t i = top - 3; i >= 0 && !sticky; i--) sticky = e->digit[i] != 0;
  /* word has its leading bit at 63. A result of 11 fewer bits, or fewer where it is subnormal: the
   * top digit is above the second here, so the number is >= 2^-1010 and normal. */
  uint64_t kept = word >> 11, rest = word & 0x7ff;
  if (rest > 0x400 || (rest == 0x400 && (sticky || kept & 1))) kept++;
  return ldexp((double)kept, 32 * top + lead - 52 - 1074);
}

double gm__exact_value(const gm__exact *e)
{
  gm__exact v = *e;
  gm__exact_settle(&v);
  bool negative = v.digit[GM__EXACT_DIGITS - 1] < 0;
  if (negative) {
    for (int32_t i = 0; i < GM__EXACT_DIGITS; i++) v.digit[i] = -v.digit[i];
    gm__exact_settle(&v);
  }
  double size = rounded(&v);
  return negative ? -size : size;
}
