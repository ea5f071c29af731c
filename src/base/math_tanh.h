/* math_tanh.h - the hyperbolic tangent, for one instruction set; included by math_scalar.c,
 * math_avx2.c and math_avx512.c, each after it has defined the type wide and, on it,
 *   wide_set wide_fma wide_smaller wide_abs  as their names say (smaller: a < b ? a : b)
 *   wide_sign(a, x)            |a| with the sign of x
 *   wide_power(t)              2^n, n the whole number in the low bits of t = n + 1.5 * 2^52
 *   wide_choose(a, b, yes, no) yes where a > b
 *   wide_one_nan(x, y)         y, but the one NaN where x is NaN
 * All are exact, and all else is single IEEE operations, so every instruction set gives the same
 * bytes. No include guard: it makes a static function of its includer.
 *
 * Why not SLEEF's: models with saturating rates spend a third of their time in tanh; this one needs
 * a third of the operations, within the same bound of 1.01 ulp.
 *
 * With e^2a = 2^n e^r, |r| <= log(2)/2, s = 2^n, g = e^r - 1: tanh a = E/D, E = e^2a - 1 =
 * (s - 1) + s g, D = e^2a + 1 = (s + 1) + s g. s - 1 and s + 1 (n <= 52) are exact, the rounding
 * errors of g and of the sums are kept, so that the quotient, improved once by its own residual,
 * errs by little more than its last rounding: at most 0.87 ulp in 4 10^7 points. Above 9 it is
 * 1 - 2/D. */

/* (e^r - 1 - r - r^2/2) / r^3 for |r| <= 0.34661: least largest error of e^r - 1 relative to r
 * (2.7e-19), by weighted least squares. */
static const double tanh_p[10] = {
    0x1.5555555555559p-3,  0x1.5555555555558p-5,  0x1.111111110f6bbp-7,  0x1.6c16c16c14f53p-10,
    0x1.a01a01afe0b21p-13, 0x1.a01a01addf552p-16, 0x1.71ddf85db82cbp-19, 0x1.27e4cafaa928ep-22,
    0x1.af5eaee058256p-26, 0x1.1f8de0b483cf8p-29};

/* The polynomial by Estrin's scheme: half the latency of Horner's. */
static inline wide tanh_poly(wide r, wide r2)
{
#define TANH_PAIR(i) wide_fma(wide_set(tanh_p[(i) + 1]), r, wide_set(tanh_p[i]))
  wide r4 = r2 * r2, r8 = r4 * r4;
  wide low = wide_fma(TANH_PAIR(2), r2, TANH_PAIR(0));
  wide high = wide_fma(TANH_PAIR(6), r2, TANH_PAIR(4));
  return wide_fma(TANH_PAIR(8), r8, wide_fma(high, r4, low));
#undef TANH_PAIR
}

static inline wide tanh_of(wide x)
{
  const wide one = wide_set(1), magic = wide_set(0x1.8p52);
  wide a = wide_smaller(wide_set(19.125), wide_abs(x)); /* 1 from 19.07 on; a NaN stays */
  wide t = wide_fma(a, wide_set(0x1.71547652b82fep+1), magic), n = t - magic, s = wide_power(t);
  wide r_high = wide_fma(n, wide_set(-0x1.62e42fefa39efp-1), a + a); /* exact */
  wide r_low = n * wide_set(-0x1.abc9e3b39803fp-56), r = r_high + r_low, r2 = r * r;
  wide v = wide_fma(wide_set(0.5), r2, wide_fma(r2 * r, tanh_poly(r, r2), r_low));
  wide g = r_high + v, g_low = v - (g - r_high);
  wide by_g = s * g, e_base = s - one, d_base = s + one, e = e_base + by_g, d = d_base + by_g;
  wide e_low = wide_fma(s, g_low, by_g - (e - e_base));
  wide d_low = wide_fma(s, g_low, by_g - (d - d_base));
  wide y = one / d, q = e * y;
  wide residual = wide_fma(-q, d, e) + wide_fma(-q, d_low, e_low);
  q = wide_choose(a, wide_set(9), wide_fma(wide_set(-2), y, one), wide_fma(residual, y, q));
  return wide_one_nan(x, wide_sign(q, x));
}
