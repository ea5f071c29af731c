/* schedule_code.c - the order in which the bytecode machine runs operations.
 *
 * The machine decides what to do once for a burst of operations of one kind, and an operation that
 * reads what the one before it wrote waits for the store. So the code is cut into segments, and in
 * each one operations are listed as they become ready, kind by kind (list scheduling). Values that
 * are overwritten within their segment go to scratch registers: reuse of a register puts no order
 * on operations then. */
#include "kinds/equations/schedule_code.h"
#include "kinds/equations/kernel/kernel_parts.h"
#include <string.h>

enum { SEGMENT_OPS = 512, OPERANDS = 3, NONE = -1 };

/* A list of ready operations of one kind, first in, first out. */
typedef struct {
  int32_t first, last, count;
} ready_list;

typedef struct {
  gm_ctx *ctx;
  int32_t reg_count;
  int32_t *writer; /* [reg_count] operation of the segment that wrote last, NONE */
  lane_program *out;
  uint16_t *chunk_end;            /* where the next chunk of the program goes */
  int32_t burst_op, burst_length; /* the last operations listed, of one kind */
  int32_t scratch_count;
  /* the segment; operations by their place in it */
  const lane_op *op;
  int32_t count;
  int32_t source[SEGMENT_OPS][OPERANDS]; /* what makes the operand; NONE: there before */
  int32_t left[SEGMENT_OPS];             /* operations this one waits for */
  int32_t readers[SEGMENT_OPS];          /* operations not yet listed that read its value */
  int32_t at[SEGMENT_OPS];               /* register of its value, once listed */
  int32_t edge_first[SEGMENT_OPS + 1], edge[OPERANDS * SEGMENT_OPS]; /* who waits for it */
  int32_t next[SEGMENT_OPS];                                         /* in its ready list */
  ready_list ready[LANE_OP_COUNT];
  int32_t scratch_free[SEGMENT_OPS], scratch_free_count, scratch_next;
} scheduler;

int lane_operands(int32_t op) { return op < IR_OP_COUNT ? ir_operands((ir_op)op) : OPERANDS; }

static int32_t operand_reg(const lane_op *o, int j) { return j == 0 ? o->a : j == 1 ? o->b : o->c; }

/* ---- who waits for whom -------------------------------------------------------------------- */
static void sources_find(scheduler *s)
{
  memset(s->readers, 0, sizeof s->readers);
  for (int32_t i = 0; i < s->count; i++) {
    const lane_op *o = &s->op[i];
    for (int j = 0; j < lane_operands(o->op); j++) {
      int32_t from = s->writer[operand_reg(o, j)];
      s->source[i][j] = from;
      if (from >= 0) s->readers[from]++;
    }
    s->writer[o->dst] = i;
  }
}

/* What operation i must come after by its operand j, or before: the maker of the operand comes
 * before i; where the operand was there before the segment, the last to write that register comes
 * behind i. From is then i. */
static int32_t edge_of(const scheduler *s, int32_t i, int j, int32_t *from)
{
  *from = s->source[i][j];
  if (*from >= 0) return i;
  *from = i;
  int32_t to = s->writer[operand_reg(&s->op[i], j)];
  return to == i ? NONE : to;
}

static void edges_find(scheduler *s)
{
  memset(s->edge_first, 0, sizeof s->edge_first);
  memset(s->left, 0, sizeof s->left);
  for (int32_t i = 0; i < s->count; i++)
    for (int j = 0; j < lane_operands(s->op[i].op); j++) {
      int32_t from, to = edge_of(s, i, j, &from);
      if (to >= 0) s->edge_first[from + 1]++;
    }
  for (int32_t i = 0; i < s->count; i++) s->edge_first[i + 1] += s->edge_first[i];
  int32_t *fill = s->next; /* free here */
  memcpy(fill, s->edge_first, (size_t)s->count * sizeof *fill);
  for (int32_t i = 0; i < s->count; i++)
    for (int j = 0; j < lane_operands(s->op[i].op); j++) {
      int32_t from, to = edge_of(s, i, j, &from);
      if (to < 0) continue;
      s->edge[fill[from]++] = to;
      s->left[to]++;
    }
}

/* ---- listing ------------------------------------------------------------------------------- */
static void ready_add(scheduler *s, int32_t i)
{
  ready_list *r = &s->ready[s->op[i].op];
  s->next[i] = NONE;
  if (r->count++)
    s->next[r->last] = i;
  else
    r->first = i;
  r->last = i;
}

static int32_t ready_take(ready_list *r, const int32_t *next)
{
  int32_t i = r->first;
  r->first = next[i];
  r->count--;
  return i;
}

/* The kind of which most are ready. */
static int32_t kind_choose(const scheduler *s)
{
  int32_t best = 0;
  for (int32_t k = 1; k < LANE_OP_COUNT; k++)
    if (s->ready[k].count > s->ready[best].count) best = k;
  return best;
}

static int32_t scratch_take(scheduler *s)
{
  if (s->scratch_free_count) return s->scratch_free[--s->scratch_free_count];
  int32_t reg = s->reg_count + s->scratch_next++;
  if (s->scratch_next > s->scratch_count) s->scratch_count = s->scratch_next;
  return reg;
}

static void scratch_give(scheduler *s, int32_t i)
{
  if (s->readers[i] == 0 && s->at[i] >= s->reg_count)
    s->scratch_free[s->scratch_free_count++] = s->at[i];
}

/* How many sizes of chunks an operator has; 0: it is a function. */
static int chunk_sizes(int32_t op)
{
  switch (op) {
  case IR_NEG:
  case IR_ADD:
  case IR_SUB:
  case IR_MUL:
  case IR_DIV:
  case LANE_MADD:
  case LANE_MSUB:
  case LANE_NMADD: return CHUNK_SIZES;
  case IR_MIN:
  case IR_MAX:
  case IR_ABS: return 1;
  default: return op >= IR_LT && op <= IR_SELECT;
  }
}

/* The last operations, of one kind, become chunks. */
static void burst_end(scheduler *s)
{
  int sizes = chunk_sizes(s->burst_op);
  for (int k = sizes - 1; k >= 0; k--)
    for (; s->burst_length >= 1 << k; s->burst_length -= 1 << k)
      *s->chunk_end++ = (uint16_t)CHUNK(s->burst_op, k);
  for (; s->burst_length > 0; s->burst_length--) {
    *s->chunk_end++ = CHUNK_FUNCTION;
    *s->chunk_end++ = (uint16_t)s->burst_op;
  }
}

static void burst_extend(scheduler *s, int32_t op)
{
  if (op != s->burst_op) burst_end(s);
  s->burst_op = op;
  s->burst_length++;
}

/* Puts operation i at the end of the program. */
static void operation_list(scheduler *s, int32_t i)
{
  const lane_op *o = &s->op[i];
  uint32_t offset[OPERANDS] = {0};
  for (int j = 0; j < lane_operands(o->op); j++) {
    int32_t from = s->source[i][j], reg = from >= 0 ? s->at[from] : operand_reg(o, j);
    offset[j] = (uint32_t)reg * (uint32_t)sizeof(gm_v8);
    if (from < 0) continue;
    s->readers[from]--;
    scratch_give(s, from);
  }
  s->at[i] = s->writer[o->dst] == i ? o->dst : scratch_take(s);
  scratch_give(s, i); /* a value that nobody reads */
  uint32_t dst = (uint32_t)s->at[i] * (uint32_t)sizeof(gm_v8);
  s->out->step[s->out->step_count++] = (lane_step){dst, offset[0], offset[1], offset[2]};
  for (int32_t e = s->edge_first[i]; e < s->edge_first[i + 1]; e++)
    if (--s->left[s->edge[e]] == 0) ready_add(s, s->edge[e]);
  burst_extend(s, o->op);
}

static void segment_list(scheduler *s)
{
  s->scratch_next = s->scratch_free_count = 0;
  sources_find(s);
  edges_find(s);
  memset(s->ready, 0, sizeof s->ready);
  for (int32_t i = 0; i < s->count; i++)
    if (s->left[i] == 0) ready_add(s, i);
  for (int32_t listed = 0; listed < s->count;) {
    ready_list *r = &s->ready[kind_choose(s)];
    for (; r->count; listed++) operation_list(s, ready_take(r, s->next));
  }
  for (int32_t i = 0; i < s->count; i++) s->writer[s->op[i].dst] = NONE;
}

static gm_status program_make(scheduler *s, const lane_code *code, lane_program *out)
{
  out->step = gm_alloc(s->ctx, code->count, sizeof *out->step);
  out->chunk = gm_alloc(s->ctx, 2 * (ptrdiff_t)code->count + 1, sizeof *out->chunk);
  if (!out->step || !out->chunk) return gm_fail(s->ctx, GM_ENOMEM, "order of lane code");
  s->out = out;
  s->chunk_end = out->chunk;
  s->burst_op = s->burst_length = 0;
  for (int32_t first = 0; first < code->count; first += SEGMENT_OPS) {
    s->op = code->op + first;
    s->count = code->count - first < SEGMENT_OPS ? code->count - first : SEGMENT_OPS;
    segment_list(s);
  }
  burst_end(s);
  *s->chunk_end = CHUNK_END;
  return GM_OK;
}

gm_status lane_programs_make(gm_ctx *ctx, lane_machine *m)
{
  if ((uint64_t)m->reg_count + SEGMENT_OPS > UINT32_MAX / sizeof(gm_v8))
    return gm_fail(ctx, GM_ERANGE, "lane code of %d registers", (int)m->reg_count);
  scheduler *s = gm_alloc(ctx, 1, sizeof *s);
  int32_t *writer = gm_alloc(ctx, m->reg_count, sizeof *writer);
  const lane_code **list = gm_alloc(ctx, m->code_count, sizeof *list);
  m->program = gm_alloc(ctx, m->code_count, sizeof *m->program);
  gm_status st = GM_OK;
  if (!s || !writer || !list || !m->program) st = gm_fail(ctx, GM_ENOMEM, "order of lane code");
  if (!st) st = kernel__walk(ctx, m, list);
  if (!st) {
    *s = (scheduler){.ctx = ctx, .reg_count = m->reg_count, .writer = writer};
    for (int32_t i = 0; i < m->reg_count; i++) writer[i] = NONE;
  }
  for (int32_t k = 0; k < m->code_count && !st; k++)
    if (list[k]) st = program_make(s, list[k], &m->program[k]);
  if (!st) m->scratch_count = s->scratch_count;
  gm_free(list);
  gm_free(writer);
  gm_free(s);
  return st;
}

void lane_programs_free(lane_machine *m)
{
  for (int32_t k = 0; m->program && k < m->code_count; k++) {
    gm_free(m->program[k].step);
    gm_free(m->program[k].chunk);
  }
  gm_free(m->program);
}
