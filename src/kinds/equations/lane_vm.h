/* lane_vm.h - vectors of eight doubles and the bytecode machine on them.
 * Included by one source file for each instruction set (lane_scalar.c, lane_avx2.c, lane_avx512.c):
 * everything is static, and every operation is exact IEEE arithmetic lane by lane, so that all
 * three give the same bytes. */
#ifndef GEMEL_EQUATIONS_LANE_VM_H
#define GEMEL_EQUATIONS_LANE_VM_H
#include "gemel/math.h"
#include "kinds/equations/kernel/kernel.h"
#include "kinds/equations/lane_part.h"
#include "kinds/equations/lanes.h"
#include "kinds/equations/schedule_code.h"
#include <math.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

typedef int64_t v8i __attribute__((vector_size(64)));

static inline gm_v8 v8_set(double a) { return (gm_v8){a, a, a, a, a, a, a, a}; }

/* Lanes of a bit set. */
static inline v8i lanes_mask(uint32_t bits)
{
  const v8i bit = {1, 2, 4, 8, 16, 32, 64, 128};
#if defined(__AVX2__) && !defined(__AVX512F__)
  v8i made; /* by parts: see V8_MAKE */
  const __m256i all = _mm256_set1_epi64x(bits), *each = (const __m256i *)&bit;
  for (int p = 0; p < PARTS; p++)
    ((__m256i *)&made)[p] = _mm256_cmpeq_epi64(_mm256_and_si256(all, each[p]), each[p]);
  return made;
#else
  const int64_t all = bits;
  return (bit & (v8i){all, all, all, all, all, all, all, all}) == bit;
#endif
}
#if defined(__AVX2__) && !defined(__AVX512F__)
/* By parts: compilers take comparisons of vectors wider than the processor's apart into numbers. */
#define V8_MAKE(type, expression)                                                                  \
  type made;                                                                                       \
  for (int p = 0; p < PARTS; p++) ((lane_part *)&made)[p] = (lane_part)(expression);               \
  return made
#define V8_PART(value) (((const lane_part *)&(value))[p])
#define V8_BINARY(name, type, expression)                                                          \
  static inline type name(gm_v8 a, gm_v8 b) { V8_MAKE(type, expression); }
V8_BINARY(v8_max, gm_v8, part_larger(V8_PART(a), V8_PART(b)))
V8_BINARY(v8_min, gm_v8, part_smaller(V8_PART(a), V8_PART(b)))
V8_BINARY(v8_less, v8i, V8_PART(a) < V8_PART(b))
V8_BINARY(v8_at_most, v8i, V8_PART(a) <= V8_PART(b))
static inline gm_v8 v8_blend(v8i mask, gm_v8 yes, gm_v8 no)
{
  V8_MAKE(gm_v8, part_blend(V8_PART(mask), V8_PART(yes), V8_PART(no)));
}
static inline gm_v8 v8_abs(gm_v8 a) { V8_MAKE(gm_v8, part_abs(V8_PART(a))); }
/* a*b + c, rounded once */
static inline gm_v8 v8_fma(gm_v8 a, gm_v8 b, gm_v8 c)
{
  V8_MAKE(gm_v8, part_fma(V8_PART(a), V8_PART(b), V8_PART(c)));
}
/* Lanes in which the mask is set, as bits. */
static inline uint32_t v8_bits(v8i mask)
{
  const __m256d *k = (const __m256d *)&mask;
  return (uint32_t)_mm256_movemask_pd(k[0]) | (uint32_t)_mm256_movemask_pd(k[1]) << 4;
}
#else
static inline gm_v8 v8_blend(v8i mask, gm_v8 yes, gm_v8 no)
{
  return (gm_v8)(((v8i)yes & mask) | ((v8i)no & ~mask));
}
static inline gm_v8 v8_abs(gm_v8 a)
{
  const int64_t m = INT64_MAX;
  return (gm_v8)((v8i)a & (v8i){m, m, m, m, m, m, m, m});
}
static inline v8i v8_less(gm_v8 a, gm_v8 b) { return a < b; }
static inline v8i v8_at_most(gm_v8 a, gm_v8 b) { return a <= b; }
static inline gm_v8 v8_max(gm_v8 a, gm_v8 b) { return v8_blend(a > b, a, b); }
static inline gm_v8 v8_min(gm_v8 a, gm_v8 b) { return v8_blend(a < b, a, b); }
/* a*b + c, rounded once */
static inline gm_v8 v8_fma(gm_v8 a, gm_v8 b, gm_v8 c)
{
#if defined(__AVX512F__)
  return (gm_v8)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#else
  gm_v8 r;
  for (int i = 0; i < LANES; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#endif
}
/* Lanes in which the mask is set, as bits. */
static inline uint32_t v8_bits(v8i mask)
{
#if defined(__AVX512F__)
  return _mm512_movepi64_mask((__m512i)mask);
#else
  uint32_t bits = 0;
  for (int i = 0; i < LANES; i++) bits |= mask[i] ? 1u << i : 0;
  return bits;
#endif
}
#endif

/* Takes over count vectors in the lanes of mask. */
static inline void v8_take(v8i mask, ptrdiff_t count, const gm_v8 *from, gm_v8 *to)
{
  lane_part chosen[PARTS];
  const lane_part *yes = (const lane_part *)from;
  lane_part *no = (lane_part *)to;
  memcpy(chosen, &mask, sizeof chosen);
  for (int p = 0; p < PARTS; p++)
    for (ptrdiff_t e = p; e < count * PARTS; e += PARTS)
      no[e] = part_blend(chosen[p], yes[e], no[e]);
}

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

static void vm_function(const gm_vmath *f, int32_t op, char *reg, const lane_step *s)
{
  const gm_v8 *a = (const gm_v8 *)(reg + s->a), *b = (const gm_v8 *)(reg + s->b);
  const double *c = (const double *)(reg + s->c);
  gm_v8 *dst = (gm_v8 *)(reg + s->dst);
  if (op != IR_Q_BINOMIAL)
    vm_call(f, op, a, b, dst);
  else
    for (int l = 0; l < LANES; l++) (*dst)[l] = ir_quantile_binomial((*a)[l], (*b)[l], c[l]);
}

/* Two offsets of a step at once, the first in the low half: half as much is read, and reading is
 * what bounds the machine. The empty assembly keeps compilers from reading them one by one. */
static inline uint64_t vm_word(const lane_step *s, int half)
{
  uint64_t word;
  memcpy(&word, (const char *)s + half * sizeof word, sizeof word);
  __asm__("" : "+r"(word));
  return word;
}

/* ---- chunks (schedule_code.h): every one ends in a jump of its own to the next, which processors
 * predict far better than one jump for all; labels as values are known to gcc and clang alike. */
#define VM_STEP(i, expression)                                                                     \
  do {                                                                                             \
    uint64_t w0 = vm_word(s + (i), 0), w1 = vm_word(s + (i), 1);                                   \
    lane_part *dst = (lane_part *)(reg + (uint32_t)w0);                                            \
    const lane_part *a = (const lane_part *)(reg + (w0 >> 32));                                    \
    const lane_part *b = (const lane_part *)(reg + (uint32_t)w1);                                  \
    const lane_part *c = (const lane_part *)(reg + (w1 >> 32));                                    \
    (void)b, (void)c;                                                                              \
    for (int p = 0; p < PARTS; p++) dst[p] = (expression);                                         \
  } while (0)
/* The empty assembly differs from place to place: else gcc makes one jump out of all again. */
#define VM_NEXT(steps)                                                                             \
  s += (steps);                                                                                    \
  at = label[*k++];                                                                                \
  __asm__ volatile("" : : "i"(__COUNTER__));                                                       \
  goto *at
#define VM_ONE(name, expression)                                                                   \
  name##_1 : VM_STEP(0, expression);                                                               \
  VM_NEXT(1)
#define VM_MANY(name, expression)                                                                  \
  VM_ONE(name, expression);                                                                        \
  name##_2 : VM_STEP(0, expression);                                                               \
  VM_STEP(1, expression);                                                                          \
  VM_NEXT(2);                                                                                      \
  name##_4 : VM_STEP(0, expression);                                                               \
  VM_STEP(1, expression);                                                                          \
  VM_STEP(2, expression);                                                                          \
  VM_STEP(3, expression);                                                                          \
  VM_NEXT(4);                                                                                      \
  name##_8 : VM_STEP(0, expression);                                                               \
  VM_STEP(1, expression);                                                                          \
  VM_STEP(2, expression);                                                                          \
  VM_STEP(3, expression);                                                                          \
  VM_STEP(4, expression);                                                                          \
  VM_STEP(5, expression);                                                                          \
  VM_STEP(6, expression);                                                                          \
  VM_STEP(7, expression);                                                                          \
  VM_NEXT(8)
#define VM_LABELS_ONE(op, name) [CHUNK(op, 0)] = &&name##_1
#define VM_LABELS(op, name)                                                                        \
  VM_LABELS_ONE(op, name), [CHUNK(op, 1)] = &&name##_2, [CHUNK(op, 2)] = &&name##_4,               \
                                      [CHUNK(op, 3)] = &&name##_8

static void vm_program(const gm_vmath *f, const lane_program *program, char *reg)
{
  static const void *const label[CHUNK_COUNT] = {
      [CHUNK_FUNCTION] = &&function,   [CHUNK_END] = &&end,
      VM_LABELS(IR_NEG, neg),          VM_LABELS(IR_ADD, add),
      VM_LABELS(IR_SUB, sub),          VM_LABELS(IR_MUL, mul),
      VM_LABELS(IR_DIV, div),          VM_LABELS(LANE_MADD, madd),
      VM_LABELS(LANE_MSUB, msub),      VM_LABELS(LANE_NMADD, nmadd),
      VM_LABELS_ONE(IR_MIN, min),      VM_LABELS_ONE(IR_MAX, max),
      VM_LABELS_ONE(IR_ABS, abs),      VM_LABELS_ONE(IR_LT, lt),
      VM_LABELS_ONE(IR_LE, le),        VM_LABELS_ONE(IR_EQ, eq),
      VM_LABELS_ONE(IR_NE, ne),        VM_LABELS_ONE(IR_AND, and_all),
      VM_LABELS_ONE(IR_OR, or_all),    VM_LABELS_ONE(IR_NOT, not_all),
      VM_LABELS_ONE(IR_SELECT, select)};
  const uint16_t *k = program->chunk;
  const lane_step *s = program->step;
  const void *at;
  VM_NEXT(0);
  VM_MANY(madd, part_fma(a[p], b[p], c[p]));
  VM_MANY(msub, part_fma(a[p], b[p], -c[p]));
  VM_MANY(nmadd, part_fma(-a[p], b[p], c[p]));
  VM_MANY(mul, a[p] * b[p]);
  VM_MANY(add, a[p] + b[p]);
  VM_MANY(sub, a[p] - b[p]);
  VM_MANY(div, a[p] / b[p]);
  VM_MANY(neg, -a[p]);
  VM_ONE(min, part_smaller(a[p], b[p]));
  VM_ONE(max, part_larger(a[p], b[p]));
  VM_ONE(abs, part_abs(a[p]));
  VM_ONE(lt, part_truth(PART_MASK(a[p] < b[p])));
  VM_ONE(le, part_truth(PART_MASK(a[p] <= b[p])));
  VM_ONE(eq, part_truth(PART_MASK(a[p] == b[p])));
  VM_ONE(ne, part_truth(PART_MASK(a[p] != b[p])));
  VM_ONE(and_all, part_truth(part_is(a[p]) & part_is(b[p])));
  VM_ONE(or_all, part_truth(part_is(a[p]) | part_is(b[p])));
  VM_ONE(not_all, part_truth(~part_is(a[p])));
  VM_ONE(select, part_choose(part_is(a[p]), b[p], c[p]));
function:
  vm_function(f, *k++, reg, s);
  VM_NEXT(1);
end:
  return;
}

static void vm_run(const lane_machine *m, lane_work *w, const lane_code *code)
{
  if (!code->count) return;
  if (w->native && w->native[code->id])
    w->native[code->id](w->reg, m->vmath);
  else
    vm_program(m->vmath, &m->program[code->id], (char *)w->reg);
}
#endif
