/* math_list.h - the elementary functions, for each our name, SLEEF's, and the error bound in
 * SLEEF's. The natural logarithm is ln here because gm_log writes the log. */
#ifndef GEMEL_BASE_MATH_LIST_H
#define GEMEL_BASE_MATH_LIST_H

/* Taken from SLEEF. */
#define GM__MATH_SLEEF(X)                                                                          \
  X(exp, exp, u10)                                                                                 \
  X(expm1, expm1, u10)                                                                             \
  X(ln, log, u10)                                                                                  \
  X(log1p, log1p, u10)                                                                             \
  X(log10, log10, u10)                                                                             \
  X(log2, log2, u10)                                                                               \
  X(cbrt, cbrt, u10)                                                                               \
  X(sin, sin, u10)                                                                                 \
  X(cos, cos, u10)                                                                                 \
  X(tan, tan, u10)                                                                                 \
  X(asin, asin, u10)                                                                               \
  X(acos, acos, u10)                                                                               \
  X(atan, atan, u10)                                                                               \
  X(sinh, sinh, u10)                                                                               \
  X(cosh, cosh, u10)                                                                               \
  X(asinh, asinh, u10)                                                                             \
  X(acosh, acosh, u10)                                                                             \
  X(atanh, atanh, u10)                                                                             \
  X(erf, erf, u10)                                                                                 \
  X(erfc, erfc, u15)                                                                               \
  X(lgamma, lgamma, u10)                                                                           \
  X(tgamma, tgamma, u10)

/* All of one argument: those and the one made here (math_tanh.h). */
#define GM__MATH_UNARY(X)                                                                          \
  GM__MATH_SLEEF(X)                                                                                \
  X(tanh, tanh, u10)

#define GM__MATH_BINARY(X)                                                                         \
  X(pow, pow, u10)                                                                                 \
  X(atan2, atan2, u10)                                                                             \
  X(hypot, hypot, u05)

#endif
