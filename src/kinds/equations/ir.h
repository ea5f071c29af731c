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
  X(IR_SYMBOL, "", 0)   /* a name of a network (net.h): gone once it is lowered */                 \
  X(IR_MODE, "", 0)     /* value of a jumping operator, held while a step is made */               \
  X(IR_DELAYED, "", 0)  /* value of a delay (source.h) at the present time */                      \
  X(IR_UNIFORM, "", 0)  /* a draw from (0, 1), new at the start and at each firing of an event */  \
  X(IR_TIME_DOT, "", 0) /* directions of a tangent: of time, of states, ... (ir_tangent) */        \
  X(IR_STATE_DOT, "", 0)                                                                           \
  X(IR_PARAM_DOT, "", 0)                                                                           \
  X(IR_DELAYED_DOT, "", 0)                                                                         \
  X(IR_SEED, "", 0) /* weight of a root of ir_gradient */                                          \
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
  X(IR_LOG1P, "log1p", 1)                                                                          \
  X(IR_ASINH, "arcsinh", 1)                                                                        \
  X(IR_ACOSH, "arccosh", 1)                                                                        \
  X(IR_ATANH, "arctanh", 1)                                                                        \
  X(IR_GAMMA, "", 1)      /* gamma function; n! is gamma(n + 1) */                                 \
  X(IR_Q_NORMAL, "", 1)   /* quantile of the standard normal */                                    \
  X(IR_Q_GAMMA, "", 2)    /* quantile u of the gamma distribution of shape b and scale 1 */        \
  X(IR_Q_POISSON, "", 2)  /* quantile u of the Poisson distribution of mean b */                   \
  X(IR_Q_BINOMIAL, "", 3) /* quantile u of the binomial distribution of b trials, probability c */ \
  X(IR_RATE_OF, "", 1)    /* slope in time of a network's expression: gone once it is lowered */

typedef enum {
#define IR_X(code, name, operands) code,
  IR_OP_LIST(IR_X)
#undef IR_X
      IR_OP_COUNT
} ir_op;

typedef struct {
  ir_op op;
  ir_ref a, b, c; /* operands, IR_NONE where there is none */
  int32_t index;  /* leaves but IR_CONST and IR_TIME: which */
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
/* Any leaf with an index. */
ir_ref ir_leaf(ir_graph *g, ir_op op, int32_t index);
/* Any operator; operands IR_NONE give IR_NONE, so that failures need one check at the end. */
ir_ref ir_make(ir_graph *g, ir_op op, ir_ref a, ir_ref b, ir_ref c);
/* Derivative with respect to a leaf (IR_STATE, IR_PARAM, ... of that index).
 * Comparisons, floor and ceil have derivative 0; abs and min and max the one-sided branch. */
ir_ref ir_diff(ir_graph *g, ir_ref f, ir_op kind, int32_t index);
/* d(a^b)/db of a power node n whose value is self. */
ir_ref ir_power_slope(ir_graph *g, ir_ref self, ir_node n);
/* Derivatives of all roots along one direction, given by the _DOT leaves: out[i] = sum over leaves
 * of d root[i] / d leaf * leaf_DOT. Modes and draws do not move. IR_NONE stays. One pass over the
 * graph. */
void ir_tangent(ir_graph *g, const ir_ref *root, int32_t count, ir_ref *out);
/* A sparse gradient: value is what belongs to the leaf (kind IR_STATE, IR_PARAM, or IR_TIME with
 * index 0). */
typedef struct {
  ir_op kind;
  int32_t index;
  ir_ref value;
} ir_slope;
/* Gradient of the sum of IR_SEED(i) * root[i] (IR_NONE: passed over), in one backward sweep whose
 * size does not grow with the number of leaves. Modes, draws and delayed values do not move.
 * guarded: a weight of 0 gives 0, where a slope is infinite too. *out: [*count_out], sorted by
 * kind, then index; owned by the caller. Fails: g->status. */
GM_NODISCARD gm_status ir_gradient(ir_graph *g, const ir_ref *root, int32_t count, bool guarded,
                                   ir_slope **out, int32_t *count_out);
/* f'(a) of a function of one operand; self is its node, n a copy of it. */
ir_ref ir_function_slope(ir_graph *g, ir_ref self, ir_node n);
/* False for the few operators whose derivative is not known here: ir_diff takes it as 0. */
bool ir_has_derivative(ir_op op);
/* Which nodes f, or any of the roots (IR_NONE: passed over), is made of: flags [g->count], the
 * caller frees them. NULL without memory (g->status). */
bool *ir_used(ir_graph *g, ir_ref f);
bool *ir_used_by(ir_graph *g, const ir_ref *root, int32_t root_count);
/* Does f depend on a node of this kind (index -1: any index)? Without memory false, and g->status
 * tells. */
bool ir_depends(ir_graph *g, ir_ref f, ir_op kind, int32_t index);
/* f with state i replaced by with[i] (IR_NONE: left) and parameters likewise. */
ir_ref ir_substitute(ir_graph *g, ir_ref f, const ir_ref *state_with, const ir_ref *param_with);
/* f with every leaf of the kind replaced by with[its index] (IR_NONE: left); the index of IR_TIME
 * is 0. */
ir_ref ir_replace(ir_graph *g, ir_ref f, ir_op kind, const ir_ref *with);
/* The derivative with respect to time that stands in the expression itself (states held). */
ir_ref ir_diff_time(ir_graph *g, ir_ref f);
/* Value of an operator, rounded by itself; operands it has not are not looked at. */
double ir_apply(ir_op op, double a, double b, double c);
/* Value with everything known: scalar, by gm_math, each operator rounded by itself (the lane
 * machine fuses products into sums, so it may differ in the last bits). */
double ir_eval(const ir_graph *g, ir_ref f, double t, const double *x, const double *theta,
               double *scratch /* [g->count] */);
/* ir_quantile.c: quantiles of one uniform, monotone in it; the same bytes everywhere. NaN where the
 * distribution does not exist. */
double ir_quantile_gamma(double u, double shape);
double ir_quantile_poisson(double u, double mean);
double ir_quantile_binomial(double u, double trials, double probability);
int ir_operands(ir_op op);
const char *ir_op_name(ir_op op);
#endif
