/* test_math.c - elementary functions: the same bytes on every instruction set, the accuracy that
 * the header promises, and the special values of C17 Annex F. References: libm's long double
 * functions (64-bit mantissa), formulas here, and published figures.
 * label: quick */
#include "gemel/math.h"
#include "base/math_lanes.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { BYTES_INPUTS = 1 << 20, ACCURACY_INPUTS = 40000 };

/* xorshift64*: inputs of these tests do not come from the code under test. */
static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void)
{
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * UINT64_C(2685821657736338717);
}

static double random_unit(void) { return (double)(random_bits() >> 11) * 0x1p-53; }

static uint64_t bits_of(double x)
{
  uint64_t b;
  memcpy(&b, &x, sizeof b);
  return b;
}

static double double_of(uint64_t b)
{
  double x;
  memcpy(&x, &b, sizeof x);
  return x;
}

static const double special[] = {0.0,
                                 -0.0,
                                 INFINITY,
                                 -INFINITY,
                                 DBL_TRUE_MIN,
                                 -DBL_TRUE_MIN,
                                 DBL_MIN,
                                 -DBL_MIN,
                                 1e-310,
                                 -1e-310,
                                 DBL_MAX,
                                 -DBL_MAX,
                                 1,
                                 -1,
                                 0.5,
                                 -0.5,
                                 2,
                                 -2,
                                 3,
                                 -3,
                                 10,
                                 -10,
                                 709.78,
                                 709.782712,
                                 710,
                                 710.4,
                                 711,
                                 -745.1,
                                 -745.2,
                                 -746,
                                 1e15,
                                 4503599627370497.,
                                 1e16,
                                 1e300,
                                 -1e300,
                                 170.6,
                                 171.6,
                                 171.7,
                                 -170.5,
                                 -171.5,
                                 26.5,
                                 26.6,
                                 28,
                                 1e-300,
                                 1.5707963,
                                 3.1415926,
                                 6.2e9,
                                 -100,
                                 -1e-17,
                                 1e154,
                                 -1e155,
                                 1e307,
                                 0.1,
                                 -0.3,
                                 1.0 / 3,
                                 1e-8,
                                 709.782712893384,
                                 -709.782712893384,
                                 710.4758600739439,
                                 -710.4758600739439};

static double random_input(void)
{
  static const uint64_t nan[4] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
                                  0xfff123456789abcd};
  switch (random_bits() % 8) {
  case 0: return double_of(random_bits()); /* every exponent, every NaN */
  case 1: return 2 * random_unit() - 1;
  case 2: return 60 * random_unit() - 30;
  case 3: return 2000 * random_unit() - 1000;
  case 4: return (double)(int64_t)(random_bits() % 401) - 200;
  case 5: return double_of(random_bits() >> 12 | (random_bits() & UINT64_C(1) << 63)); /* tiny */
  case 6: return special[random_bits() % (sizeof special / sizeof *special)];
  default:
    return random_bits() % 16 ? ldexp(random_unit() - 0.5, (int)(random_bits() % 120) - 60)
                              : double_of(nan[random_bits() % 4]);
  }
}

typedef struct {
  const char *name;
  double (*one)(double);
  double (*two)(double, double);
  size_t entry1, entry2; /* place in gm_vmath */
} subject;

static const subject subjects[] = {
#define GM_X(name, sleef, bound) {#name, gm_##name, NULL, offsetof(gm_vmath, name), 0},
    GM__MATH_UNARY(GM_X) GM_X(sqrt, sqrt, u05)
#undef GM_X
#define GM_X(name, sleef, bound) {#name, NULL, gm_##name, 0, offsetof(gm_vmath, name)},
        GM__MATH_BINARY(GM_X)
#undef GM_X
};
enum { SUBJECT_COUNT = sizeof subjects / sizeof *subjects };

static void lanes_call(const gm_vmath *table, const subject *s, const double *x, const double *y,
                       double *out)
{
  const char *base = (const char *)table;
  if (s->one) {
    gm_vmath1 *f;
    memcpy(&f, base + s->entry1, sizeof f);
    f(x, out);
  } else {
    gm_vmath2 *f;
    memcpy(&f, base + s->entry2, sizeof f);
    f(x, y, out);
  }
}

static void lanes_compare(const subject *s, gm_isa isa, const double *x, const double *y)
{
  _Alignas(64) double out[GM_LANES];
  lanes_call(gm__vmath(isa), s, x, y, out);
  for (int i = 0; i < GM_LANES; i++) {
    double want = s->one ? s->one(x[i]) : s->two(x[i], y[i]);
    if (bits_of(want) == bits_of(out[i])) continue;
    fail_msg("%s(%a, %a): %a by itself, %a on %s", s->name, x[i], y[i], want, out[i],
             gm__isa_name(isa));
  }
}

/* On over a million inputs for each function, special, tiny, huge and NaN among them in every
 * lane, the scalar function and every table give the same bytes. */
static void math_lanes__same_bytes_on_every_isa(void **state)
{
  (void)state;
  gm_isa widest = gm__isa();
  if (widest < GM_ISA_AVX512)
    print_message("SKIPPED %d functions on instruction sets wider than %s\n", SUBJECT_COUNT,
                  gm__isa_name(widest));
  for (int k = 0; k < SUBJECT_COUNT; k++)
    for (int n = 0; n < BYTES_INPUTS; n += GM_LANES) {
      _Alignas(64) double x[GM_LANES], y[GM_LANES];
      for (int i = 0; i < GM_LANES; i++) x[i] = random_input(), y[i] = random_input();
      for (int isa = GM_ISA_SCALAR; isa <= (int)widest; isa++)
        lanes_compare(&subjects[k], (gm_isa)isa, x, y);
    }
}

/* Every pair of special values, too, in the functions of two arguments. */
static void math_lanes__same_bytes_on_special_pairs(void **state)
{
  (void)state;
  enum { N = sizeof special / sizeof *special };
  for (int k = 0; k < SUBJECT_COUNT; k++)
    for (int a = 0; a < N; a++)
      for (int b = 0; b < (subjects[k].two ? N : 1); b++) {
        _Alignas(64) double x[GM_LANES], y[GM_LANES];
        for (int i = 0; i < GM_LANES; i++) x[i] = special[(a + i) % N], y[i] = special[b];
        for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
          lanes_compare(&subjects[k], (gm_isa)isa, x, y);
      }
}

/* The output array may be an input array. */
static void math_lanes__output_may_be_input(void **state)
{
  (void)state;
  for (int isa = GM_ISA_SCALAR; isa <= (int)gm__isa(); isa++)
    for (int k = 0; k < SUBJECT_COUNT; k++) {
      _Alignas(64) double x[GM_LANES], y[GM_LANES], apart[GM_LANES];
      for (int i = 0; i < GM_LANES; i++) x[i] = 0.3 + 90.0 * i, y[i] = 1.7 - 0.2 * i;
      lanes_call(gm__vmath((gm_isa)isa), &subjects[k], x, y, apart);
      lanes_call(gm__vmath((gm_isa)isa), &subjects[k], x, y, x);
      assert_memory_equal(x, apart, sizeof x);
    }
}

/* Whatever NaN goes in, and whatever makes a new one, the same NaN comes out. */
static void math__one_nan(void **state)
{
  (void)state;
  const uint64_t in[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
                         0xfffdeadbeef01234};
  for (int k = 0; k < SUBJECT_COUNT; k++)
    for (int i = 0; i < 4; i++) {
      double x = double_of(in[i]);
      double y = subjects[k].one ? subjects[k].one(x) : subjects[k].two(2.5, x);
      assert_true(bits_of(y) == GM_NAN_BITS);
    }
  const double made[] = {
      gm_ln(-1),         gm_sqrt(-2),         gm_log1p(-1.5),         gm_asin(1.1),
      gm_acosh(0.5),     gm_atanh(-2),        gm_pow(-8, 1. / 3),     gm_sin(INFINITY),
      gm_log2(-3),       gm_log10(-1e-9),     gm_norm_quantile(-0.1), gm_norm_quantile(NAN),
      gm_norm_cdf(-NAN), gm_norm_logcdf(-NAN)};
  for (size_t i = 0; i < sizeof made / sizeof *made; i++)
    assert_true(bits_of(made[i]) == GM_NAN_BITS);
}

/* |got - want| in units in the last place of want; 1e9 where one is infinite or NaN and the other
 * is not. Nothing is said below the normal numbers. */
static double ulps(double got, long double want)
{
  double rounded = (double)want;
  if (isnan(got) || isnan(rounded) || isinf(got) || isinf(rounded))
    return bits_of(got) == bits_of(rounded) || (isnan(got) && isnan(rounded)) ? 0 : 1e9;
  if (fabsl(want) < (long double)DBL_MIN) return fabsl(got - want) <= 0x1p-1073L ? 0 : 1e9;
  int e;
  frexpl(want, &e);
  return (double)(fabsl(got - want) / ldexpl(1, e - DBL_MANT_DIG));
}

typedef struct {
  const char *name;
  double (*f)(double);
  long double (*reference)(long double);
  double low, high, bound; /* ulp */
} claim;

/* The bounds are those of gemel/math.h (1.0 means 1.01: SLEEF states one decimal). */
static const claim claims[] = {
    {"exp", gm_exp, expl, -707, 709.78, 1.01},
    {"exp", gm_exp, expl, -1, 1, 1.01},
    {"exp at its end", gm_exp, expl, 709.7827, 709.7827128933839, 2},
    {"expm1", gm_expm1, expm1l, -40, 700, 1.01},
    {"expm1", gm_expm1, expm1l, -1e-3, 1e-3, 1.01},
    {"ln", gm_ln, logl, 1e-300, 1e300, 1.01},
    {"ln", gm_ln, logl, 0.5, 2, 1.01},
    {"log1p", gm_log1p, log1pl, -0.999999, 1e5, 1.01},
    {"log1p", gm_log1p, log1pl, -1e-3, 1e-3, 1.01},
    {"log1p beyond 1e306", gm_log1p, log1pl, 1e306, DBL_MAX, 1.01},
    {"log10", gm_log10, log10l, 1e-300, 1e300, 1.01},
    {"log10", gm_log10, log10l, 0.5, 2, 1.01},
    {"log2", gm_log2, log2l, 1e-300, 1e300, 1.01},
    {"log2", gm_log2, log2l, 0.5, 2, 1.01},
    {"cbrt", gm_cbrt, cbrtl, -1e300, 1e300, 1.01},
    {"sin", gm_sin, sinl, -30, 30, 1.01},
    {"sin", gm_sin, sinl, -1e300, 1e300, 1.01},
    {"cos", gm_cos, cosl, -30, 30, 1.01},
    {"cos", gm_cos, cosl, -1e300, 1e300, 1.01},
    {"tan", gm_tan, tanl, -30, 30, 1.01},
    {"tan", gm_tan, tanl, -1e300, 1e300, 1.01},
    {"asin", gm_asin, asinl, -1, 1, 1.01},
    {"acos", gm_acos, acosl, -1, 1, 1.01},
    {"atan", gm_atan, atanl, -30, 30, 1.01},
    {"sinh", gm_sinh, sinhl, -709.7, 709.7, 1.01},
    {"sinh", gm_sinh, sinhl, -1, 1, 1.01},
    {"sinh at its end", gm_sinh, sinhl, 709.7, 710.4758600739, 2},
    {"sinh at its end", gm_sinh, sinhl, -710.4758600739, -709.7, 2},
    {"cosh", gm_cosh, coshl, -709.7, 709.7, 1.01},
    {"cosh at its end", gm_cosh, coshl, 709.7, 710.4758600739, 2},
    {"tanh", gm_tanh, tanhl, -20, 20, 1.01},
    {"tanh", gm_tanh, tanhl, -0.01, 0.01, 1.01},
    {"asinh", gm_asinh, asinhl, -1e5, 1e5, 1.01},
    {"asinh", gm_asinh, asinhl, -1, 1, 1.01},
    {"asinh", gm_asinh, asinhl, 1e150, DBL_MAX, 1.01},
    {"asinh", gm_asinh, asinhl, -DBL_MAX, DBL_MAX, 1.01},
    {"acosh", gm_acosh, acoshl, 1, 1e5, 1.01},
    {"acosh", gm_acosh, acoshl, 1, 2, 1.01},
    {"acosh", gm_acosh, acoshl, 1e150, DBL_MAX, 1.01},
    {"atanh", gm_atanh, atanhl, -1, 1, 1.01},
    {"erf", gm_erf, erfl, -6, 6, 1.01},
    {"erf", gm_erf, erfl, -1e-3, 1e-3, 1.01},
    {"erfc", gm_erfc, erfcl, -6, 26.5, 1.5},
    {"tgamma", gm_tgamma, tgammal, 1e-6, 171.6, 1.01},
    {"tgamma", gm_tgamma, tgammal, -170, 0, 16},
};

/* A range over many decades takes its exponents evenly; it is positive or symmetric about 0. */
static double spread_input(const claim *c)
{
  bool wide = c->high > 1e20 && (c->low == -c->high || c->low > 0);
  if (!wide) return c->low + (c->high - c->low) * random_unit();
  double last = log2(c->high), first = c->low > 0 ? log2(c->low) : -last;
  double y = fmin(exp2(first + (last - first) * random_unit()), c->high);
  return c->low < 0 && random_bits() & 1 ? -y : y;
}

/* Every function is as accurate over its whole range as the header says. */
static void math__accuracy_is_as_promised(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
    const claim *c = &claims[k];
    double worst = 0, at = 0;
    for (int n = 0; n < ACCURACY_INPUTS; n++) {
      double x = spread_input(c);
      double e = ulps(c->f(x), c->reference(x));
      if (e > worst) worst = e, at = x;
    }
    print_message("  %-18s %10.4g .. %-10.4g %.3f ulp\n", c->name, c->low, c->high, worst);
    if (worst > c->bound) fail_msg("%s(%.17g): %g ulp, %g promised", c->name, at, worst, c->bound);
  }
}

static void two_accuracy(const char *name, double (*f)(double, double),
                         long double (*reference)(long double, long double), double low,
                         double high, double ylow, double yhigh)
{
  double worst = 0, wx = 0, wy = 0;
  for (int n = 0; n < 2 * ACCURACY_INPUTS; n++) {
    double x = low + (high - low) * random_unit(), y = ylow + (yhigh - ylow) * random_unit();
    if (n % 8 == 0) y = nearbyint(y);
    double e = ulps(f(x, y), reference(x, y));
    if (e > worst) worst = e, wx = x, wy = y;
  }
  print_message("  %-16s %.3f ulp\n", name, worst);
  if (worst > 1.01) fail_msg("%s(%.17g, %.17g): %g ulp", name, wx, wy, worst);
}

static void math__accuracy_of_two_arguments(void **state)
{
  (void)state;
  two_accuracy("pow", gm_pow, powl, 0, 100, -150, 150);
  two_accuracy("pow", gm_pow, powl, 0.5, 2, -700, 700);
  two_accuracy("pow", gm_pow, powl, 0.999, 1.001, -1e5, 1e5);
  two_accuracy("atan2", gm_atan2, atan2l, -10, 10, -10, 10);
  two_accuracy("hypot", gm_hypot, hypotl, -10, 10, -1000, 1000);
  two_accuracy("hypot", gm_hypot, hypotl, -8e307, 8e307, -8e307, 8e307);
}

/* log |gamma|: relative for x > 0, absolute for x < 0, as the header says. */
static void math_lgamma__accuracy_is_as_promised(void **state)
{
  (void)state;
  for (int n = 0; n < 4 * ACCURACY_INPUTS; n++) {
    double x = n & 1 ? exp2(-40 + 140 * random_unit()) : 10 * random_unit();
    long double want = lgammal(x);
    if (ulps(gm_lgamma(x), want) > 1.01 && fabsl(gm_lgamma(x) - want) > 1e-15L)
      fail_msg("lgamma(%.17g): %.17g, %.20Lg expected", x, gm_lgamma(x), want);
    double y = n & 2 ? -10 * random_unit() : -170 * random_unit();
    want = lgammal(y);
    if (fabsl(gm_lgamma(y) - want) > 1e-15L * (1 - y * logl(1 - y)))
      fail_msg("lgamma(%.17g): %.17g, %.20Lg expected", y, gm_lgamma(y), want);
  }
}

/* sqrt is correctly rounded: with u the last place of y, (y - u/2)^2 <= x <= (y + u/2)^2. fma gives
 * x - y^2 exactly. */
static void math_sqrt__correctly_rounded(void **state)
{
  (void)state;
  for (int n = 0; n < 4 * ACCURACY_INPUTS; n++) {
    double x = ldexp(1 + random_unit(), (int)(random_bits() % 1200) - 600);
    double y = gm_sqrt(x), u = nextafter(y, INFINITY) - y;
    assert_true(fabs(fma(-y, y, x)) <= y * u);
  }
  assert_true(gm_sqrt(0x1p-1074) == 0x1p-537 && gm_sqrt(2) == 0x1.6a09e667f3bcdp+0);
}

typedef struct {
  double got, want;
} pair;

static void pairs_equal(const pair *p, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (bits_of(p[i].got) != bits_of(p[i].want))
      fail_msg("case %zu: %a, %a expected", i, p[i].got, p[i].want);
}

/* Poles, infinities, signed zeros and exact values follow C17 Annex F. */
static void math__special_values_follow_annex_f(void **state)
{
  (void)state;
  const double inf = INFINITY;
  const pair p[] = {
      {gm_exp(0), 1},
      {gm_exp(-inf), 0},
      {gm_exp(inf), inf},
      {gm_exp(710), inf},
      {gm_exp(-746), 0},
      {gm_expm1(-0.0), -0.0},
      {gm_expm1(-inf), -1},
      {gm_expm1(inf), inf},
      {gm_ln(1), 0},
      {gm_ln(0), -inf},
      {gm_ln(-0.0), -inf},
      {gm_ln(inf), inf},
      {gm_log1p(-0.0), -0.0},
      {gm_log1p(-1), -inf},
      {gm_log1p(inf), inf},
      {gm_log10(1000), 3},
      {gm_log10(0), -inf},
      {gm_log2(0x1p-1074), -1074},
      {gm_log2(8), 3},
      {gm_sqrt(-0.0), -0.0},
      {gm_sqrt(inf), inf},
      {gm_cbrt(-27), -3},
      {gm_cbrt(-0.0), -0.0},
      {gm_cbrt(inf), inf},
      {gm_hypot(3, 4), 5},
      {gm_hypot(-inf, 1), inf},
      {gm_hypot(0, -7), 7},
      {gm_sin(-0.0), -0.0},
      {gm_cos(0), 1},
      {gm_tan(-0.0), -0.0},
      {gm_asin(-0.0), -0.0},
      {gm_acos(1), 0},
      {gm_atan(-0.0), -0.0},
      {gm_atan(inf), 0x1.921fb54442d18p+0},
      {gm_atan2(0, -1), 0x1.921fb54442d18p+1},
      {gm_atan2(-0.0, -1), -0x1.921fb54442d18p+1},
      {gm_atan2(-0.0, 1), -0.0},
      {gm_atan2(1, 0), 0x1.921fb54442d18p+0},
      {gm_asin(1), 0x1.921fb54442d18p+0},
      {gm_sinh(-0.0), -0.0},
      {gm_sinh(-inf), -inf},
      {gm_sinh(-711), -inf},
      {gm_cosh(0), 1},
      {gm_cosh(-inf), inf},
      {gm_cosh(711), inf},
      {gm_tanh(-0.0), -0.0},
      {gm_tanh(inf), 1},
      {gm_tanh(-inf), -1},
      {gm_asinh(-0.0), -0.0},
      {gm_asinh(-inf), -inf},
      {gm_acosh(1), 0},
      {gm_acosh(inf), inf},
      {gm_atanh(-0.0), -0.0},
      {gm_atanh(1), inf},
      {gm_erf(-0.0), -0.0},
      {gm_erf(-inf), -1},
      {gm_erfc(-inf), 2},
      {gm_erfc(inf), 0},
      {gm_erfc(0), 1},
      {gm_lgamma(1), 0},
      {gm_lgamma(2), 0},
      {gm_lgamma(0), inf},
      {gm_lgamma(inf), inf},
      {gm_lgamma(-3), inf},
      {gm_tgamma(0), inf},
      {gm_tgamma(-0.0), -inf},
      {gm_tgamma(1), 1},
      {gm_tgamma(5), 24},
      {gm_tgamma(172), inf},
  };
  pairs_equal(p, sizeof p / sizeof *p);
}

static void math_pow__special_values_follow_annex_f(void **state)
{
  (void)state;
  const double inf = INFINITY;
  const pair p[] = {
      {gm_pow(2, 10), 1024}, {gm_pow(-2, 3), -8},        {gm_pow(-2, 4), 16},
      {gm_pow(0, -1), inf},  {gm_pow(-0.0, -1), -inf},   {gm_pow(-0.0, -2), inf},
      {gm_pow(0, 3), 0},     {gm_pow(-0.0, 3), -0.0},    {gm_pow(-0.0, 2), 0},
      {gm_pow(-1, inf), 1},  {gm_pow(-1, -inf), 1},      {gm_pow(1, NAN), 1},
      {gm_pow(1, inf), 1},   {gm_pow(NAN, 0), 1},        {gm_pow(inf, 0), 1},
      {gm_pow(0, 0), 1},     {gm_pow(0.5, -inf), inf},   {gm_pow(2, -inf), 0},
      {gm_pow(0.5, inf), 0}, {gm_pow(2, inf), inf},      {gm_pow(-inf, -3), -0.0},
      {gm_pow(-inf, -2), 0}, {gm_pow(-inf, 3), -inf},    {gm_pow(-inf, 2), inf},
      {gm_pow(inf, -1), 0},  {gm_pow(inf, 0.5), inf},    {gm_pow(10, 300), 1e300},
      {gm_pow(4, 0.5), 2},   {gm_pow(-3, -1), -1.0 / 3}, {gm_pow(7, 1), 7},
  };
  pairs_equal(p, sizeof p / sizeof *p);
}

/* ---- the normal distribution ---- */
/* Reference by Laplace's continued fraction for Mills' ratio in long double, 400 terms. */
static long double mills_reference(long double t)
{
  long double s = t;
  for (int k = 400; k > 0; k--) s = t + k / s;
  return 1 / s;
}

static long double logcdf_reference(long double x)
{
  const long double log_root_2pi = 0.918938533204672741780329736405617640L;
  if (x > 0) return log1pl(-0.5L * erfcl(x / sqrtl(2)));
  if (x > -4) return logl(0.5L * erfcl(-x / sqrtl(2)));
  return -x * x / 2 - log_root_2pi + logl(mills_reference(-x));
}

static void norm_cdf__relative_error_below_1e14(void **state)
{
  (void)state;
  for (int n = 0; n < 4 * ACCURACY_INPUTS; n++) {
    double x = -37.5 + 46 * random_unit();
    long double want = x > 0 ? 1 - 0.5L * erfcl(x / sqrtl(2)) : expl(logcdf_reference(x));
    if (fabsl(gm_norm_cdf(x) / want - 1) > 1e-14L)
      fail_msg("cdf(%.17g): %.17g, %.17Lg expected", x, gm_norm_cdf(x), want);
  }
  assert_true(gm_norm_cdf(-INFINITY) == 0 && gm_norm_cdf(INFINITY) == 1 && gm_norm_cdf(0) == 0.5);
  assert_true(gm_norm_cdf(-40) == 0 && gm_norm_cdf(40) == 1);
}

static void norm_logcdf__relative_error_below_1e13(void **state)
{
  (void)state;
  for (int n = 0; n < 2 * ACCURACY_INPUTS; n++) {
    double x = n & 1 ? -60 + 97 * random_unit() : -exp2(300 * random_unit());
    long double want = logcdf_reference(x);
    if (fabsl(gm_norm_logcdf(x) / want - 1) > 1e-13L)
      fail_msg("logcdf(%.17g): %.17g, %.17Lg expected", x, gm_norm_logcdf(x), want);
  }
  assert_true(gm_norm_logcdf(-INFINITY) == -INFINITY && gm_norm_logcdf(INFINITY) == 0);
}

/* Newton in long double on log cdf, from the value under test: a wrong value would move. */
static long double quantile_reference(double p, double start)
{
  const long double log_root_2pi = 0.918938533204672741780329736405617640L;
  long double x = start, target = logl(p);
  for (int i = 0; i < 6; i++) {
    long double lc = logcdf_reference(x);
    x += (target - lc) * expl(lc + x * x / 2 + log_root_2pi);
  }
  return x;
}

static void norm_quantile__relative_error_below_1e14(void **state)
{
  (void)state;
  for (int n = 0; n < ACCURACY_INPUTS; n++) {
    double p = n & 1 ? 0.5 * random_unit() : exp2(-1 - 1021 * random_unit());
    double x = gm_norm_quantile(p);
    long double want = quantile_reference(p, x);
    if (fabsl(x / want - 1) > 1e-14L)
      fail_msg("quantile(%.17g): %.17g, %.17Lg expected", p, x, want);
  }
}

/* The check values of Wichura (1988), and the 97.5 % point. */
static void norm_quantile__published_values(void **state)
{
  (void)state;
  assert_true(fabs(gm_norm_quantile(0.25) + 0.6744897501960817) < 1e-15);
  assert_true(fabs(gm_norm_quantile(0.001) + 3.090232306167814) < 1e-14);
  assert_true(fabs(gm_norm_quantile(1e-20) + 9.262340089798408) < 1e-14);
  assert_true(fabs(gm_norm_quantile(0.975) - 1.959963984540054) < 1e-15);
  assert_true(fabs(gm_norm_cdf(-10) / 7.61985302416052606e-24 - 1) < 1e-14);
  assert_true(gm_norm_quantile(0) == -INFINITY && gm_norm_quantile(1) == INFINITY);
  assert_true(gm_norm_quantile(0.5) == 0);
}

/* Odd about 1/2 to the last bit, and growing. */
static void norm_quantile__is_odd_and_grows(void **state)
{
  (void)state;
  double before = -INFINITY;
  for (int n = 1; n < 1 << 16; n++) {
    double p = n * 0x1p-16, x = gm_norm_quantile(p);
    assert_true(x > before);
    assert_true(x == -gm_norm_quantile(1 - p));
    before = x;
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(math_lanes__same_bytes_on_every_isa),
      cmocka_unit_test(math_lanes__same_bytes_on_special_pairs),
      cmocka_unit_test(math_lanes__output_may_be_input),
      cmocka_unit_test(math__one_nan),
      cmocka_unit_test(math__accuracy_is_as_promised),
      cmocka_unit_test(math__accuracy_of_two_arguments),
      cmocka_unit_test(math_lgamma__accuracy_is_as_promised),
      cmocka_unit_test(math_sqrt__correctly_rounded),
      cmocka_unit_test(math__special_values_follow_annex_f),
      cmocka_unit_test(math_pow__special_values_follow_annex_f),
      cmocka_unit_test(norm_cdf__relative_error_below_1e14),
      cmocka_unit_test(norm_logcdf__relative_error_below_1e13),
      cmocka_unit_test(norm_quantile__relative_error_below_1e14),
      cmocka_unit_test(norm_quantile__published_values),
      cmocka_unit_test(norm_quantile__is_odd_and_grows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
