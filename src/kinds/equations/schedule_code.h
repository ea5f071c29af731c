/* schedule_code.h - lane code in the form the bytecode machine runs it. */
#ifndef GEMEL_EQUATIONS_SCHEDULE_CODE_H
#define GEMEL_EQUATIONS_SCHEDULE_CODE_H
#include "kinds/equations/lanes.h"

/* Offsets into the register file in bytes: as they are, no arithmetic is left to be done. */
typedef struct {
  uint32_t dst, a, b, c;
} lane_step;

/* A chunk is one operator for 1, 2, 4 or 8 steps (arithmetic) or for one step (logic). Any other
 * operator is CHUNK_FUNCTION, behind which the operator itself stands. */
enum { CHUNK_SIZES = 4, CHUNK_FUNCTION = LANE_OP_COUNT * CHUNK_SIZES, CHUNK_END, CHUNK_COUNT };
#define CHUNK(op, log2_steps) ((op)*CHUNK_SIZES + (log2_steps))

typedef struct lane_program {
  lane_step *step; /* [step_count], owned */
  uint16_t *chunk; /* owned; in the order of the steps, ended by CHUNK_END */
  int32_t step_count;
} lane_program;

/* Makes m->program for all codes of the machine (m->reg_count is set) and m->scratch_count. After a
 * program every register below reg_count holds what it holds after the code's operations in their
 * order; those behind, up to scratch_count of them, hold nothing of use. What it computes, and from
 * what, is that of the code: only the order of operations that do not hang on each other is free.
 * Work: near the operations. Fails: GM_ENOMEM, GM_ERANGE (more registers than offsets reach). */
GM_NODISCARD gm_status lane_programs_make(gm_ctx *ctx, lane_machine *m);
void lane_programs_free(lane_machine *m); /* nothing made: OK */

/* How many operands an operator of lane code has. */
int lane_operands(int32_t op);
#endif
