/* compile.h - the code maker shared by the parts of the compiler. */
#ifndef GEMEL_EQUATIONS_COMPILE_H
#define GEMEL_EQUATIONS_COMPILE_H
#include "kinds/equations/lanes.h"

typedef struct {
  gm_ctx *ctx;
  const ir_graph *g;
  lane_machine *m;
  uint8_t *fixed;  /* [count] node depends on parameters and constants alone */
  int32_t *place;  /* [count] register, or none */
  int32_t *last;   /* [count] last use in the code being made */
  uint8_t *wanted; /* [count] node is needed by the code being made */
  uint8_t *keep;   /* [count] node has a register of its own */
  int32_t *uses;   /* [count] how many wanted nodes read it */
  int32_t *free_reg;
  int32_t free_count, next_reg;
  int32_t reg_max; /* registers used by the codes made so far */
  lane_op *op;
  int32_t op_count, op_room;
} compiler;

/* The graph must not grow from here on. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status compiler_init(compiler *c, gm_ctx *ctx, const ir_graph *g);
void compiler_free(compiler *c);
/* Registers for leaves, then the setup code for all that roots need of parameters alone.
 * Roots that are IR_NONE are passed over. */
GM_NODISCARD gm_status compiler_start(compiler *c, lane_machine *m, const ir_ref *root,
                                      int32_t root_count);
/* Code for the roots; their registers go to reg (-1 for IR_NONE). */
GM_NODISCARD gm_status compiler_code(compiler *c, const ir_ref *root, int32_t root_count,
                                     lane_code *code, int32_t *reg);
#endif
