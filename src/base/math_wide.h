/* math_wide.h - what the AVX2 and the AVX-512 table share; included once by each, after it has
 * defined wide_NAME for every function of one argument, lanes_NAME for those of two, and
 * infinite_lanes. No include guard: it makes static functions of its includer. */

/* Some functions of SLEEF 3.5 give infinity too early (math_scalar.c says which). Lanes that came
 * out infinite are made again by the public function, which knows; it happens to a lane that has
 * overflowed or is about to, so the time does not matter. */
#define GM__MENDED(name)                                                                           \
  static void lanes_##name(const double *x, double *out)                                           \
  {                                                                                                \
    _Alignas(64) double y[GM_LANES];                                                               \
    wide_##name(x, y);                                                                             \
    int odd = infinite_lanes(y);                                                                   \
    if (__builtin_expect(odd != 0, 0))                                                             \
      for (int i = 0; i < GM_LANES; i++)                                                           \
        if (odd >> i & 1) y[i] = gm_##name(x[i]);                                                  \
    memcpy(out, y, sizeof y);                                                                      \
  }
GM__MENDED(exp)
GM__MENDED(sinh)
GM__MENDED(cosh)
GM__MENDED(log1p)
GM__MENDED(asinh)
GM__MENDED(acosh)

#define GM__WIDE_TABLE                                                                             \
  {                                                                                                \
    .exp = lanes_exp, .expm1 = wide_expm1, .ln = wide_ln, .log1p = lanes_log1p,                    \
    .log10 = wide_log10, .log2 = wide_log2, .cbrt = wide_cbrt, .sin = wide_sin, .cos = wide_cos,   \
    .tan = wide_tan, .asin = wide_asin, .acos = wide_acos, .atan = wide_atan, .sinh = lanes_sinh,  \
    .cosh = lanes_cosh, .tanh = wide_tanh, .asinh = lanes_asinh, .acosh = lanes_acosh,             \
    .atanh = wide_atanh, .erf = wide_erf, .erfc = wide_erfc, .lgamma = wide_lgamma,                \
    .tgamma = wide_tgamma, .pow = lanes_pow, .atan2 = lanes_atan2, .hypot = lanes_hypot,           \
    .sqrt = lanes_sqrt,                                                                            \
  }
