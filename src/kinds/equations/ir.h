/* ir.h - the internal form of equations: one graph of expressions, each made once.
 *
 * A node refers only to nodes before it. Equal expressions are the same node. Simplification keeps
 * IEEE meaning except that x*0 = 0 and x-x = 0 are taken for finite x.
 * Logical values are the numbers 0 and 1. */
#ifndef GEMEL_EQUATIONS_IR_H
#define GEMEL_EQUATIONS_IR_H
#include "gemel/base.h"

typedef int32_t ir_ref; /* index of a node; IR_NONE: none, or no memory */
#define IR_NONE (-1)

/* X(code, name in text or "", number of operands) */
#define IR_OP_LIST(X)                                                                              \
  X(IR_CONST, "", 0)                                                                               \
  X(IR_TIME, "", 0)                                                                                \
  X(IR_STATE, "", 0)                                                                               \
  X(IR_PARAM, "", 0)                                                                               \
  X(IR_NEG, "", 1)                                                                                 \
  X(IR_ADD, "", 2)                                                                                 \
  X(IR_SUB, "", 2)                                                                                 \
  X(IR_MUL, "", 2)                                                                                 \
  X(IR_DIV, "", 2)                                                                                 \
  X(IR_POW, "pow", 2)                                                                              \
  X(IR_MIN, "min", 2)                                                                              \
  X(IR_MAX, "max", 2)                                                                              \
  X(IR_LT, "", 2)                                                                                  \
  X(IR_LE, "", 2)                                                                                  \
  X(IR_EQ, "", 2)                                                                                  \
  X(IR_NE, "", 2)                                                                                  \
  X(IR_AND, "", 2)                                                                                 \
  X(IR_OR, "", 2)                                                                                  \
  X(IR_NOT, "", 1)                                                                                 \
  X(IR_SELECT, "", 3) /* a != 0 ? b : c */                                                         \
  X(IR_SQRT, "sqrt", 1)                                                                            \
  X(IR_ABS, "abs", 1)                                                                              \
  X(IR_FLOOR, "floor", 1)                                                                          \
  X(IR_CEIL, "ceil", 1)                                                                            \
  X(IR_EXP, "exp", 1)                                                                              \
  X(IR_LOG, "ln", 1)                                                                               \
  X(IR_LOG10, "log10", 1)                                                                          \
  X(IR_SIN, "sin", 1)                                                                              \
  X(IR_COS, "cos", 1)                                                                              \
  X(IR_TAN, "tan", 1)                                                                              \
  X(IR_ASIN, "arcsin", 1)                                                                          \
  X(IR_ACOS, "arccos", 1)                                                                          \
  X(IR_ATAN, "arctan", 1)                                                                          \
  X(IR_SINH, "sinh", 1)                                                                            \
  X(IR_COSH, "cosh", 1)                                                                            \
  X(IR_TANH, "tanh", 1)                                                                            \
  X(IR_EXPM1, "expm1", 1)                                                                          \
  X(IR_LOG1P, "log1p", 1)

typedef enum {
#define IR_X(code, name, operands) code,
  IR_OP_LIST(IR_X)
#undef IR_X
      IR_OP_COUNT
} ir_op;

typedef struct {
  ir_op op;
  ir_ref a, b, c; /* operands, IR_NONE where there is none */
  int32_t index;  /* IR_STATE, IR_PARAM: which */
  double value;   /* IR_CONST */
} ir_node;

typedef struct {
  gm_ctx *ctx;
  ir_node *node;
  int32_t count, room;
  int32_t *slot; /* hash table of node numbers, -1 empty */
  int32_t slot_count;
  gm_status
      status; /* first failure (GM_ENOMEM, GM_ERANGE: too many nodes); later calls give IR_NONE */
} ir_graph;

gm_status ir_graph_init(ir_graph *g, gm_ctx *ctx);
void ir_graph_free(ir_graph *g);
ir_ref ir_const(ir_graph *g, double value);
ir_ref ir_time(ir_graph *g);
ir_ref ir_state(ir_graph *g, int32_t index);
ir_ref ir_param(ir_graph *g, int32_t index);
/* Any operator; operands IR_NONE give IR_NONE, so that failures need one check at the end. */
ir_ref ir_make(ir_graph *g, ir_op op, ir_ref a, ir_ref b, ir_ref c);
/* Derivative with respect to a state or parameter node (IR_STATE or IR_PARAM of that index).
 * Comparisons, floor and ceil have derivative 0; abs and min and max the one-sided branch. */
ir_ref ir_diff(ir_graph *g, ir_ref f, ir_op kind, int32_t index);
/* Which nodes f is made of: flags [f + 1], the caller frees them. NULL without memory
 * (g->status). */
bool *ir_used(ir_graph *g, ir_ref f);
/* Does f depend on a node of this kind (index -1: any index)? Without memory false, and g->status
 * tells. */
bool ir_depends(ir_graph *g, ir_ref f, ir_op kind, int32_t index);
/* f with state i replaced by with[i] (IR_NONE: left) and parameters likewise. */
ir_ref ir_substitute(ir_graph *g, ir_ref f, const ir_ref *state_with, const ir_ref *param_with);
/* Value with everything known: scalar, by gm_math, each operator rounded by itself (the lane
 * machine fuses products into sums, so it may differ in the last bits). */
double ir_eval(const ir_graph *g, ir_ref f, double t, const double *x, const double *theta,
               double *scratch /* [g->count] */);
int ir_operands(ir_op op);
const char *ir_op_name(ir_op op);
#endif
