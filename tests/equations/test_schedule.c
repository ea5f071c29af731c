/* The order in which the bytecode machine runs a code: whatever it is, the registers afterwards are
 * those of the operations one after the other. */
#include "kinds/equations/lane_vm.h"
#include "gemel/rand.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { OPS_MAX = 2000, REGS_MAX = 600 };

/* ---- a machine of one code, made by chance ------------------------------------------------- */
static const int32_t kinds[] = {IR_NEG,    IR_ADD,     IR_SUB,  IR_MUL, IR_DIV,  LANE_MADD,
                                LANE_MSUB, LANE_NMADD, IR_MIN,  IR_MAX, IR_ABS,  IR_LT,
                                IR_LE,     IR_EQ,      IR_NE,   IR_AND, IR_OR,   IR_NOT,
                                IR_SELECT, IR_EXP,     IR_SQRT, IR_POW, IR_FLOOR};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct {
  gm_ctx *ctx;
  lane_machine m;
  lane_work *w;
  uint64_t key, draws;
} machine;

static int32_t below(machine *k, int32_t n)
{
  return (int32_t)(gm_hash64(k->key, k->draws++) % (uint64_t)n);
}

/* ops operations on regs registers, all kinds or (few) only sums and products, as in factors. */
static void code_fill(machine *k, int32_t ops, int32_t regs, bool few)
{
  k->m.reg_count = regs;
  k->m.setup = (lane_code){.op = gm_alloc(k->ctx, ops, sizeof(lane_op)), .count = ops};
  k->m.code_count = 1;
  assert_non_null(k->m.setup.op);
  for (int32_t i = 0; i < ops; i++)
    k->m.setup.op[i] = (lane_op){few ? kinds[1 + below(k, 7)] : kinds[below(k, KINDS)],
                                 below(k, regs), below(k, regs), below(k, regs), below(k, regs)};
}

static void machine_open(machine *k, uint64_t key, int32_t ops, int32_t regs, bool few)
{
  *k = (machine){.key = key};
  assert_int_equal(gm_ctx_new(NULL, &k->ctx), GM_OK);
  code_fill(k, ops, regs, few);
  k->m.isa = GM_ISA_SCALAR;
  k->m.vmath = gm__vmath(GM_ISA_SCALAR);
  assert_int_equal(lane_programs_make(k->ctx, &k->m), GM_OK);
  assert_int_equal(lane_work_new(k->ctx, &k->m, &k->w), GM_OK);
}

static void machine_close(machine *k)
{
  lane_work_free(k->w);
  lane_machine_free(&k->m);
  gm_ctx_free(k->ctx);
}

/* ---- the meaning of a code, one operation and one lane at a time --------------------------- */
static double one(int32_t op, double a, double b, double c)
{
  switch (op) {
  case IR_NEG: return -a;
  case IR_ADD: return a + b;
  case IR_SUB: return a - b;
  case IR_MUL: return a * b;
  case IR_DIV: return a / b;
  case LANE_MADD: return fma(a, b, c);
  case LANE_MSUB: return fma(a, b, -c);
  case LANE_NMADD: return fma(-a, b, c);
  case IR_MIN: return a < b ? a : b;
  case IR_MAX: return a > b ? a : b;
  case IR_ABS: return fabs(a);
  case IR_LT: return a < b;
  case IR_LE: return a <= b;
  case IR_EQ: return a == b;
  case IR_NE: return a != b;
  case IR_AND: return a != 0 && b != 0;
  case IR_OR: return a != 0 || b != 0;
  case IR_NOT: return a == 0;
  case IR_SELECT: return a != 0 ? b : c;
  case IR_EXP: return gm_exp(a);
  case IR_SQRT: return sqrt(a);
  case IR_POW: return gm_pow(a, b);
  case IR_FLOOR: return floor(a);
  default: fail_msg("operation %d", (int)op); return 0;
  }
}

static void in_order(const lane_code *code, double *reg)
{
  for (int32_t i = 0; i < code->count; i++) {
    const lane_op *o = &code->op[i];
    reg[o->dst] = one(o->op, reg[o->a], reg[o->b], reg[o->c]);
  }
}

/* Small numbers, zeros among them: comparisons come out both ways, products stay numbers. */
static double start_value(machine *k) { return (below(k, 17) - 8) / 4.0; }

static void agrees(uint64_t key, int32_t ops, int32_t regs, bool few)
{
  static double expected[LANES][REGS_MAX];
  machine k;
  machine_open(&k, key, ops, regs, few);
  for (int l = 0; l < LANES; l++)
    for (int32_t i = 0; i < regs; i++) k.w->reg[i][l] = expected[l][i] = start_value(&k);
  vm_run(&k.m, k.w, &k.m.setup);
  for (int l = 0; l < LANES; l++) {
    in_order(&k.m.setup, expected[l]);
    for (int32_t i = 0; i < regs; i++) {
      double x = expected[l][i], y = k.w->reg[i][l];
      if (memcmp(&x, &y, sizeof x) != 0 && !(x != x && y != y))
        fail_msg("%d operations on %d registers, key %d: register %d is %a, not %a", (int)ops,
                 (int)regs, (int)key, (int)i, y, x);
    }
  }
  machine_close(&k);
}

/* With few registers nearly every operation overwrites what others still read, or have written;
 * with many nearly all are free to move; lengths around the cut of a code are among them. */
static void schedule__order_leaves_every_register_as_it_was(void **state)
{
  (void)state;
  static const int32_t length[] = {1, 2, 3, 40, 511, 512, 513, 1024, 1999};
  static const int32_t registers[] = {1, 2, 5, 17, 100, REGS_MAX};
  uint64_t key = 1;
  for (size_t i = 0; i < sizeof length / sizeof *length; i++)
    for (size_t j = 0; j < sizeof registers / sizeof *registers; j++)
      for (int k = 0; k < 4; k++) agrees(key++, length[i], registers[j], k % 2);
}

/* Values that are overwritten within a code stand elsewhere: at most one register more for each. */
static void schedule__scratch_registers_are_few(void **state)
{
  (void)state;
  machine k;
  machine_open(&k, 7, OPS_MAX, 20, false);
  assert_true(k.m.scratch_count > 0);
  assert_true(k.m.scratch_count <= 512);
  machine_close(&k);
}

/* A code without operations is none: nothing is touched. */
static void schedule__an_empty_code_does_nothing(void **state)
{
  (void)state;
  machine k;
  machine_open(&k, 8, 0, 3, false);
  for (int32_t i = 0; i < 3; i++) k.w->reg[i] = v8_set(i);
  vm_run(&k.m, k.w, &k.m.setup);
  for (int32_t i = 0; i < 3; i++) assert_true(k.w->reg[i][5] == i);
  assert_int_equal(k.m.scratch_count, 0);
  machine_close(&k);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  const lane_machine *from = user;
  lane_machine m = {.reg_count = from->reg_count, .code_count = 1, .setup = from->setup};
  gm_status s = lane_programs_make(ctx, &m);
  lane_programs_free(&m);
  return s;
}

/* Whichever allocation fails: GM_ENOMEM, and nothing is left behind. */
static void schedule__survives_any_failed_allocation(void **state)
{
  (void)state;
  machine k;
  machine_open(&k, 9, 600, 50, false);
  fault_sweep("lane_programs_make", trial, &k.m);
  machine_close(&k);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schedule__order_leaves_every_register_as_it_was),
      cmocka_unit_test(schedule__scratch_registers_are_few),
      cmocka_unit_test(schedule__an_empty_code_does_nothing),
      cmocka_unit_test(schedule__survives_any_failed_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
