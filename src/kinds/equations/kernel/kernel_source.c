/* kernel_source.c - the C text of a machine's codes.
 *
 * A code becomes a chain of blocks: straight-line functions of at most BLOCK_OPS operations, cut
 * also wherever an elementary function of the table is called (a call empties the processor's
 * vector registers anyway). Inside a block every value is a local variable; only what a later
 * block, a later code or the machine itself reads is stored in the register file. On narrower
 * processors a block works on a part of the eight lanes and is called for each part, so that it
 * needs no more registers than there are. */
#include "kinds/equations/kernel/kernel_parts.h"
#include <string.h>

enum { BLOCK_OPS = 200, INLINE_OPS = 12 };

typedef enum { SHAPE_NONE, SHAPE_VALUE, SHAPE_TRUTH, SHAPE_SELECT, SHAPE_CALL } shape;

typedef struct {
  shape shape;
  int operands;
  const char *name; /* macro of the prelude, or member of the table of functions */
} op_form;

static const op_form form[LANE_OP_COUNT] = {
    [IR_NEG] = {SHAPE_VALUE, 1, "NEG"},     [IR_ADD] = {SHAPE_VALUE, 2, "ADD"},
    [IR_SUB] = {SHAPE_VALUE, 2, "SUB"},     [IR_MUL] = {SHAPE_VALUE, 2, "MUL"},
    [IR_DIV] = {SHAPE_VALUE, 2, "DIV"},     [IR_MIN] = {SHAPE_VALUE, 2, "MIN"},
    [IR_MAX] = {SHAPE_VALUE, 2, "MAX"},     [IR_ABS] = {SHAPE_VALUE, 1, "ABS"},
    [IR_SQRT] = {SHAPE_VALUE, 1, "SQRT"},   [IR_FLOOR] = {SHAPE_VALUE, 1, "FLOOR"},
    [IR_CEIL] = {SHAPE_VALUE, 1, "CEIL"},   [LANE_MADD] = {SHAPE_VALUE, 3, "MADD"},
    [LANE_MSUB] = {SHAPE_VALUE, 3, "MSUB"}, [LANE_NMADD] = {SHAPE_VALUE, 3, "NMADD"},
    [IR_LT] = {SHAPE_TRUTH, 2, "LT"},       [IR_LE] = {SHAPE_TRUTH, 2, "LE"},
    [IR_EQ] = {SHAPE_TRUTH, 2, "EQ"},       [IR_NE] = {SHAPE_TRUTH, 2, "NE"},
    [IR_AND] = {SHAPE_TRUTH, 2, "AND"},     [IR_OR] = {SHAPE_TRUTH, 2, "OR"},
    [IR_NOT] = {SHAPE_TRUTH, 1, "NOT"},     [IR_SELECT] = {SHAPE_SELECT, 3, "SELECT"},
    [IR_POW] = {SHAPE_CALL, 2, "pow"},      [IR_EXP] = {SHAPE_CALL, 1, "exp"},
    [IR_LOG] = {SHAPE_CALL, 1, "ln"},       [IR_LOG10] = {SHAPE_CALL, 1, "log10"},
    [IR_SIN] = {SHAPE_CALL, 1, "sin"},      [IR_COS] = {SHAPE_CALL, 1, "cos"},
    [IR_TAN] = {SHAPE_CALL, 1, "tan"},      [IR_ASIN] = {SHAPE_CALL, 1, "asin"},
    [IR_ACOS] = {SHAPE_CALL, 1, "acos"},    [IR_ATAN] = {SHAPE_CALL, 1, "atan"},
    [IR_SINH] = {SHAPE_CALL, 1, "sinh"},    [IR_COSH] = {SHAPE_CALL, 1, "cosh"},
    [IR_TANH] = {SHAPE_CALL, 1, "tanh"},    [IR_EXPM1] = {SHAPE_CALL, 1, "expm1"},
    [IR_LOG1P] = {SHAPE_CALL, 1, "log1p"},  [IR_ASINH] = {SHAPE_CALL, 1, "asinh"},
    [IR_ACOSH] = {SHAPE_CALL, 1, "acosh"},  [IR_ATANH] = {SHAPE_CALL, 1, "atanh"},
    [IR_GAMMA] = {SHAPE_CALL, 1, "tgamma"},
};

bool kernel__has_op(int32_t op) { return form[op].shape != SHAPE_NONE; }

bool kernel__has_code(const lane_code *code)
{
  for (int32_t i = 0; code && i < code->count; i++)
    if (!kernel__has_op(code->op[i].op)) return false;
  return code && code->count > 0;
}

typedef struct {
  const lane_machine *m;
  gm_text *t;
  const lane_code **list; /* [code_count] */
  uint8_t *live;          /* [reg_count] the value is read, or left, behind the block */
  int32_t *made;  /* [reg_count] operation of this block that made the register's value, or -1 */
  uint8_t *store; /* [op_max] the operation's value goes to the register file */
  int32_t *block; /* [op_max + 1] first operations of the blocks */
  int32_t block_count;
} writer;

static bool is_call(const lane_op *o) { return form[o->op].shape == SHAPE_CALL; }

/* ---- which values leave their block -------------------------------------------------------- */
static void blocks_cut(writer *w, const lane_code *code)
{
  w->block_count = 0;
  for (int32_t i = 0; i < code->count;) {
    w->block[w->block_count++] = i;
    if (is_call(&code->op[i++])) continue;
    int32_t end = w->block[w->block_count - 1] + BLOCK_OPS;
    while (i < code->count && i < end && !is_call(&code->op[i])) i++;
  }
  w->block[w->block_count] = code->count;
}

/* From the last block to the first. The compiler of the lanes uses registers again as soon as it
 * can, so that leaving all of them as the bytecode does costs few stores more than leaving only
 * results, and nobody need know which these are. */
static void stores_mark(writer *w, const lane_code *code)
{
  for (int32_t k = w->block_count - 1; k >= 0; k--) {
    int32_t first = w->block[k], end = w->block[k + 1];
    for (int32_t i = end - 1; i >= first; i--) {
      w->store[i] = w->live[code->op[i].dst];
      w->live[code->op[i].dst] = 0;
    }
    for (int32_t i = end - 1; i >= first; i--) {
      const lane_op *o = &code->op[i];
      const int32_t operand[3] = {o->a, o->b, o->c};
      w->live[o->dst] = 0;
      for (int j = 0; j < form[o->op].operands; j++) w->live[operand[j]] = 1;
    }
  }
}

/* ---- text ---------------------------------------------------------------------------------- */
static void value(const writer *w, int32_t reg)
{
  if (w->made[reg] >= 0)
    gm_text_addf(w->t, "v%d", (int)w->made[reg]);
  else
    gm_text_addf(w->t, "R(%d)", (int)reg);
}

/* A truth value as a mask: that of the operation that made it, else "is not 0". */
static void mask(const writer *w, const lane_code *code, int32_t reg)
{
  int32_t i = w->made[reg];
  if (i >= 0 && form[code->op[i].op].shape == SHAPE_TRUTH) {
    gm_text_addf(w->t, "k%d", (int)i);
    return;
  }
  gm_text_add(w->t, "IS(");
  value(w, reg);
  gm_text_add(w->t, ")");
}

static void operands(const writer *w, const lane_code *code, const lane_op *o)
{
  const int32_t reg[3] = {o->a, o->b, o->c};
  bool logic = o->op == IR_AND || o->op == IR_OR || o->op == IR_NOT;
  gm_text_addf(w->t, "%s(", form[o->op].name);
  for (int j = 0; j < form[o->op].operands; j++) {
    if (j) gm_text_add(w->t, ",");
    if (logic || (o->op == IR_SELECT && j == 0))
      mask(w, code, reg[j]);
    else
      value(w, reg[j]);
  }
  gm_text_add(w->t, ")");
}

static void operation(writer *w, const lane_code *code, int32_t i)
{
  const lane_op *o = &code->op[i];
  if (form[o->op].shape == SHAPE_TRUTH) {
    gm_text_addf(w->t, "const K k%d=", (int)i);
    operands(w, code, o);
    gm_text_addf(w->t, ";const V v%d=TRUTH(k%d);", (int)i, (int)i);
  } else {
    gm_text_addf(w->t, "const V v%d=", (int)i);
    operands(w, code, o);
    gm_text_add(w->t, ";");
  }
  w->made[o->dst] = i;
  if (w->store[i]) gm_text_addf(w->t, "R(%d)=v%d;", (int)o->dst, (int)i);
  gm_text_add(w->t, "\n");
}

static void block_write(writer *w, const lane_code *code, int32_t k)
{
  int32_t first = w->block[k], end = w->block[k + 1];
  if (is_call(&code->op[first])) return;
  gm_text_addf(w->t, "%s void b%d_%d(V*r){\n", end - first > INLINE_OPS ? "BLOCK" : "static",
               (int)code->id, (int)k);
  for (int32_t i = first; i < end; i++) operation(w, code, i);
  for (int32_t i = first; i < end; i++) w->made[code->op[i].dst] = -1;
  gm_text_add(w->t, "}\n");
}

/* The function of the code: its blocks and calls in order. */
static void chain_write(writer *w, const lane_code *code)
{
  gm_text_addf(w->t, "static void c%d(V*r,const F*f){\n", (int)code->id);
  for (int32_t k = 0; k < w->block_count; k++) {
    const lane_op *o = &code->op[w->block[k]];
    if (!is_call(o))
      gm_text_addf(w->t, "RUN(b%d_%d);\n", (int)code->id, (int)k);
    else if (form[o->op].operands == 1)
      gm_text_addf(w->t, "f->%s(D(%d),D(%d));\n", form[o->op].name, (int)o->a, (int)o->dst);
    else
      gm_text_addf(w->t, "f->%s(D(%d),D(%d),D(%d));\n", form[o->op].name, (int)o->a, (int)o->b,
                   (int)o->dst);
  }
  gm_text_add(w->t, "}\n");
}

static void code_write(writer *w, const lane_code *code)
{
  memset(w->live, 1, (size_t)w->m->reg_count); /* what the bytecode leaves, the kernel leaves */
  blocks_cut(w, code);
  stores_mark(w, code);
  for (int32_t k = 0; k < w->block_count; k++) block_write(w, code, k);
  chain_write(w, code);
}

static void table_write(writer *w)
{
  int32_t n = w->m->code_count;
  gm_text_addf(w->t,
               "__attribute__((visibility(\"default\"))) extern const struct{unsigned long "
               "abi,table_bytes,lanes,count;void(*code[%d])(V*,const F*);}gm_kernel;\n"
               "const __typeof__(gm_kernel) gm_kernel={%d,%zu,%d,%d,{\n",
               (int)(n ? n : 1), KERNEL_ABI, sizeof(gm_vmath), LANES, (int)n);
  for (int32_t k = 0; k < n; k++)
    if (kernel__has_code(w->list[k])) gm_text_addf(w->t, "[%d]=c%d,\n", (int)k, (int)k);
  gm_text_add(w->t, "}};\n");
}

static gm_status writer_init(writer *w, gm_ctx *ctx)
{
  const lane_machine *m = w->m;
  int32_t op_max = 0;
  w->list = gm_alloc(ctx, m->code_count, sizeof *w->list);
  if (!w->list) return gm_fail(ctx, GM_ENOMEM, "kernel text");
  gm_status s = kernel__walk(ctx, m, w->list);
  if (s) return s;
  for (int32_t k = 0; k < m->code_count; k++)
    if (w->list[k] && w->list[k]->count > op_max) op_max = w->list[k]->count;
  w->live = gm_alloc(ctx, m->reg_count, 1);
  w->made = gm_alloc(ctx, m->reg_count, sizeof *w->made);
  w->store = gm_alloc(ctx, op_max, 1);
  w->block = gm_alloc(ctx, op_max + 1, sizeof *w->block);
  if (!w->live || !w->made || !w->store || !w->block) return gm_fail(ctx, GM_ENOMEM, "kernel text");
  for (int32_t i = 0; i < m->reg_count; i++) w->made[i] = -1;
  return GM_OK;
}

gm_status lane_kernel_source(const lane_machine *m, gm_text *out)
{
  writer w = {.m = m, .t = out};
  gm_status s = writer_init(&w, out->ctx);
  if (s) goto out;
  kernel__prelude(out, m->isa);
  for (int32_t k = 0; k < m->code_count; k++)
    if (kernel__has_code(w.list[k])) code_write(&w, w.list[k]);
  table_write(&w);
  s = out->status;
  if (s) s = gm_fail(out->ctx, s, "kernel text");
out:
  gm_free(w.block);
  gm_free(w.store);
  gm_free(w.made);
  gm_free(w.live);
  gm_free(w.list);
  return s;
}
