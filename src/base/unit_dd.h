/* unit_dd.h - numbers of twice the digits (an unevaluated sum of two doubles), so that a chain of
 * unit factors is rounded once, at its end.
 * Algorithms: Dekker, Numer. Math. 18 (1971) 224; Hida, Li & Bailey, ARITH-15 (2001) 155. The
 * relative error of one operation is below 2^-102. After overflow the high part is not finite. */
#ifndef GM_UNIT_DD_H
#define GM_UNIT_DD_H
#include <math.h>
#include <stdint.h>

typedef struct {
  double hi, lo; /* |lo| <= ulp(hi) / 2 */
} gm__dd;

static inline gm__dd gm__dd_of(double a) { return (gm__dd){a, 0}; }

/* a + b exactly, for |a| >= |b| */
static inline gm__dd gm__dd_fast_sum(double a, double b)
{
  double s = a + b;
  return (gm__dd){s, b - (s - a)};
}

static inline gm__dd gm__dd_sum(double a, double b) /* exact for any a, b */
{
  double s = a + b, t = s - a;
  return (gm__dd){s, (a - (s - t)) + (b - t)};
}

static inline gm__dd gm__dd_add(gm__dd a, gm__dd b)
{
  gm__dd s = gm__dd_sum(a.hi, b.hi), t = gm__dd_sum(a.lo, b.lo);
  s = gm__dd_fast_sum(s.hi, s.lo + t.hi);
  return gm__dd_fast_sum(s.hi, s.lo + t.lo);
}

static inline gm__dd gm__dd_negate(gm__dd a) { return (gm__dd){-a.hi, -a.lo}; }

static inline gm__dd gm__dd_mul(gm__dd a, gm__dd b)
{
  double p = a.hi * b.hi, e = fma(a.hi, b.hi, -p);
  return gm__dd_fast_sum(p, e + (a.hi * b.lo + a.lo * b.hi));
}

static inline gm__dd gm__dd_div(gm__dd a, gm__dd b)
{
  double q1 = a.hi / b.hi;
  gm__dd r = gm__dd_add(a, gm__dd_negate(gm__dd_mul(gm__dd_of(q1), b)));
  double q2 = r.hi / b.hi;
  r = gm__dd_add(r, gm__dd_negate(gm__dd_mul(gm__dd_of(q2), b)));
  gm__dd q = gm__dd_fast_sum(q1, q2);
  return gm__dd_add(q, gm__dd_of(r.hi / b.hi));
}

/* a^n for n >= 0 */
static inline gm__dd gm__dd_power(gm__dd a, int32_t n)
{
  gm__dd r = gm__dd_of(1);
  for (; n > 0; n >>= 1) {
    if (n & 1) r = gm__dd_mul(r, a);
    if (n > 1) a = gm__dd_mul(a, a);
  }
  return r;
}

/* 10^n for 0 <= n <= 44, exact: both halves are exact doubles, their product has <= 103 bits. */
static inline gm__dd gm__dd_ten(int32_t n)
{
  int32_t half = n > 22 ? 22 : n;
  double a = 1, b = 1;
  for (int32_t i = 0; i < half; i++) a *= 10;
  for (int32_t i = half; i < n; i++) b *= 10;
  return gm__dd_mul(gm__dd_of(a), gm__dd_of(b));
}

/* a 10^n */
static inline gm__dd gm__dd_scale(gm__dd a, int32_t n)
{
  while (n != 0 && a.hi != 0 && isfinite(a.hi)) {
    int32_t step = n > 44 ? 44 : n < -44 ? -44 : n;
    a = step > 0 ? gm__dd_mul(a, gm__dd_ten(step)) : gm__dd_div(a, gm__dd_ten(-step));
    n -= step;
  }
  return a;
}
#endif
