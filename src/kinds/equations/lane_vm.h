/* lane_vm.h - vectors of eight doubles and the bytecode machine on them.
 * Included by one source file for each instruction set (lane_scalar.c, lane_avx2.c, lane_avx512.c):
 * everything is static, and every operation is exact IEEE arithmetic lane by lane, so that all
 * three give the same bytes. */
#ifndef GEMEL_EQUATIONS_LANE_VM_H
#define GEMEL_EQUATIONS_LANE_VM_H
#include "gemel/math.h"
#include "kinds/equations/kernel/kernel.h"
#include "kinds/equations/lanes.h"
#include <math.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

typedef int64_t v8i __attribute__((vector_size(64)));

static inline gm_v8 v8_set(double a) { return (gm_v8){a, a, a, a, a, a, a, a}; }
static inline gm_v8 v8_blend(v8i mask, gm_v8 yes, gm_v8 no)
{
  return (gm_v8)(((v8i)yes & mask) | ((v8i)no & ~mask));
}
static inline gm_v8 v8_truth(v8i mask) { return (gm_v8)(mask & (v8i)v8_set(1.0)); }
static inline gm_v8 v8_abs(gm_v8 a)
{
  const int64_t m = INT64_MAX;
  return (gm_v8)((v8i)a & (v8i){m, m, m, m, m, m, m, m});
}
static inline gm_v8 v8_max(gm_v8 a, gm_v8 b) { return v8_blend(a > b, a, b); }
static inline gm_v8 v8_min(gm_v8 a, gm_v8 b) { return v8_blend(a < b, a, b); }

#if defined(__AVX2__) && !defined(__AVX512F__)
static inline __m256d v8_low(gm_v8 a) { return __builtin_shufflevector(a, a, 0, 1, 2, 3); }
static inline __m256d v8_high(gm_v8 a) { return __builtin_shufflevector(a, a, 4, 5, 6, 7); }
#endif

/* a*b + c, rounded once */
static inline gm_v8 v8_fma(gm_v8 a, gm_v8 b, gm_v8 c)
{
#if defined(__AVX512F__)
  return (gm_v8)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
  __m256d low = _mm256_fmadd_pd(v8_low(a), v8_low(b), v8_low(c));
  __m256d high = _mm256_fmadd_pd(v8_high(a), v8_high(b), v8_high(c));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  gm_v8 r;
  for (int i = 0; i < LANES; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#endif
}

static inline v8i v8_is(gm_v8 a) { return a != v8_set(0.0); }

static inline gm_v8 v8_each(gm_v8 a, double (*f)(double))
{
  gm_v8 r;
  for (int i = 0; i < LANES; i++) r[i] = f(a[i]);
  return r;
}

/* The rarer functions: through the table of this instruction set. */
static void vm_call(const gm_vmath *f, int32_t op, const gm_v8 *a, const gm_v8 *b, gm_v8 *dst)
{
  const double *x = (const double *)a, *y = (const double *)b;
  double *out = (double *)dst;
  switch (op) {
  case IR_POW: f->pow(x, y, out); break;
  case IR_EXP: f->exp(x, out); break;
  case IR_LOG: f->ln(x, out); break;
  case IR_LOG10: f->log10(x, out); break;
  case IR_SQRT: f->sqrt(x, out); break;
  case IR_SIN: f->sin(x, out); break;
  case IR_COS: f->cos(x, out); break;
  case IR_TAN: f->tan(x, out); break;
  case IR_ASIN: f->asin(x, out); break;
  case IR_ACOS: f->acos(x, out); break;
  case IR_ATAN: f->atan(x, out); break;
  case IR_SINH: f->sinh(x, out); break;
  case IR_COSH: f->cosh(x, out); break;
  case IR_TANH: f->tanh(x, out); break;
  case IR_EXPM1: f->expm1(x, out); break;
  case IR_LOG1P: f->log1p(x, out); break;
  case IR_ASINH: f->asinh(x, out); break;
  case IR_ACOSH: f->acosh(x, out); break;
  case IR_ATANH: f->atanh(x, out); break;
  case IR_GAMMA: f->tgamma(x, out); break;
  case IR_Q_NORMAL: *dst = v8_each(*a, gm_norm_quantile); break;
  case IR_Q_GAMMA:
    for (int l = 0; l < LANES; l++) out[l] = ir_quantile_gamma(x[l], y[l]);
    break;
  case IR_Q_POISSON:
    for (int l = 0; l < LANES; l++) out[l] = ir_quantile_poisson(x[l], y[l]);
    break;
  case IR_FLOOR: *dst = v8_each(*a, floor); break;
  case IR_CEIL: *dst = v8_each(*a, ceil); break;
  default: *dst = v8_set(NAN); break;
  }
}

static void vm_logic(int32_t op, const gm_v8 *a, const gm_v8 *b, const gm_v8 *c, gm_v8 *dst)
{
  switch (op) {
  case IR_LT: *dst = v8_truth(*a < *b); break;
  case IR_LE: *dst = v8_truth(*a <= *b); break;
  case IR_EQ: *dst = v8_truth(*a == *b); break;
  case IR_NE: *dst = v8_truth(*a != *b); break;
  case IR_AND: *dst = v8_truth(v8_is(*a) & v8_is(*b)); break;
  case IR_OR: *dst = v8_truth(v8_is(*a) | v8_is(*b)); break;
  case IR_NOT: *dst = v8_truth(~v8_is(*a)); break;
  case IR_SELECT: *dst = v8_blend(v8_is(*a), *b, *c); break;
  default: break;
  }
}

static void vm_run(const lane_machine *m, lane_work *w, const lane_code *code)
{
  gm_v8 *r = w->reg;
  const gm_vmath *f = m->vmath;
  if (w->native && w->native[code->id]) {
    w->native[code->id](r, f);
    return;
  }
  for (const lane_op *o = code->op, *end = o + code->count; o < end; o++) {
    const gm_v8 *a = r + o->a, *b = r + o->b, *c = r + o->c;
    gm_v8 *dst = r + o->dst;
    switch (o->op) {
    case IR_NEG: *dst = -*a; break;
    case IR_ADD: *dst = *a + *b; break;
    case IR_SUB: *dst = *a - *b; break;
    case IR_MUL: *dst = *a * *b; break;
    case IR_DIV: *dst = *a / *b; break;
    case LANE_MADD: *dst = v8_fma(*a, *b, *c); break;
    case LANE_MSUB: *dst = v8_fma(*a, *b, -*c); break;
    case LANE_NMADD: *dst = v8_fma(-*a, *b, *c); break;
    case IR_MIN: *dst = v8_min(*a, *b); break;
    case IR_MAX: *dst = v8_max(*a, *b); break;
    case IR_ABS: *dst = v8_abs(*a); break;
    default:
      if (o->op >= IR_LT && o->op <= IR_SELECT)
        vm_logic(o->op, a, b, c, dst);
      else if (o->op == IR_Q_BINOMIAL)
        for (int l = 0; l < LANES; l++) (*dst)[l] = ir_quantile_binomial((*a)[l], (*b)[l], (*c)[l]);
      else
        vm_call(f, o->op, a, b, dst);
    }
  }
}
#endif
