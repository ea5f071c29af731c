/* kernel_check_scalar.c - a kernel against the bytecode on made-up registers. */
#include "gemel/rand.h"
#include "kinds/equations/kernel/kernel_parts.h"
#include "kinds/equations/lane_vm.h"
#include <float.h>
#include <stdint.h>

enum { ROUNDS = 3 };

/* Ordinary numbers of both signs over a few decades, and now and then what is special. */
static double made_up(uint64_t key, uint64_t i)
{
  static const double special[] = {0.0,     -0.0,    1.0,      -1.0,    INFINITY, -INFINITY,
                                   NAN,     DBL_MIN, -DBL_MIN, DBL_MAX, 4.9e-324, 0.5,
                                   -2.5e10, 3.0,     1e-300,   2.0};
  uint64_t bits = gm_hash64(key, i);
  if (key && bits % 8 == 0) return special[bits >> 32 & 15];
  double u = (double)(bits >> 12) * 0x1p-52;
  double v = u * (double)(1 + (bits & 7));
  return key > 1 && (bits & 8) ? -v : v;
}

static bool same(const gm_v8 *a, const gm_v8 *b)
{
  for (int l = 0; l < LANES; l++) {
    double x = (*a)[l], y = (*b)[l];
    if (memcmp(&x, &y, sizeof x) != 0 && !(x != x && y != y)) return false;
  }
  return true;
}

static void registers_make(uint64_t round, gm_v8 *reg, int32_t n)
{
  for (int32_t i = 0; i < n; i++)
    for (int l = 0; l < LANES; l++) reg[i][l] = made_up(round, (uint64_t)i * LANES + (uint64_t)l);
}

/* reg: [3*n] and the scratch registers of the bytecode, the first n given. */
static bool code_agrees(const lane_machine *m, lane_native *f, const lane_code *code, gm_v8 *reg)
{
  int32_t n = m->reg_count;
  gm_v8 *b = reg + n, *a = b + n;
  memcpy(a, reg, (size_t)n * sizeof *reg);
  memcpy(b, reg, (size_t)n * sizeof *reg);
  lane_work bytecode = {.reg = a};
  vm_run(m, &bytecode, code);
  f(b, m->vmath);
  for (int32_t i = 0; i < n; i++)
    if (!same(&a[i], &b[i])) return false;
  return true;
}

int32_t kernel__check(gm_ctx *ctx, const lane_machine *m, lane_native *const *table)
{
  int32_t bad = -2, n = m->reg_count;
  void *memory = gm_alloc(ctx, 3 * (ptrdiff_t)n + m->scratch_count + 1, sizeof(gm_v8));
  const lane_code **list = gm_alloc(ctx, m->code_count, sizeof *list);
  if (!memory || !list || kernel__walk(ctx, m, list)) goto out;
  gm_v8 *reg = (gm_v8 *)(((uintptr_t)memory + sizeof *reg - 1) / sizeof *reg * sizeof *reg);
  bad = -1;
  for (int32_t k = 0; k < m->code_count && bad < 0; k++)
    if (!table[k] != !kernel__has_code(list[k])) bad = k;
  for (uint64_t round = 0; round < ROUNDS && bad < 0; round++) {
    registers_make(round, reg, n);
    for (int32_t k = 0; k < m->code_count && bad < 0; k++)
      if (table[k] && !code_agrees(m, table[k], list[k], reg)) bad = k;
  }
out:
  gm_free(list);
  gm_free(memory);
  return bad;
}
