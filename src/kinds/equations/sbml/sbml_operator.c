/* sbml_operator.c - what MathML's operators mean (SBML L3V2, section 3.4, and for those of more or
 * fewer operands than two, table 6 there: the neutral value for none). */
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>

/* ---- pieces ---------------------------------------------------------------------------------- */
static ir_ref one(ir_graph *g, ir_op op, ir_ref a) { return ir_make(g, op, a, IR_NONE, IR_NONE); }
static ir_ref two(ir_graph *g, ir_op op, ir_ref a, ir_ref b)
{
  return ir_make(g, op, a, b, IR_NONE);
}

static ir_ref inverse(ir_graph *g, ir_ref a) { return two(g, IR_DIV, ir_const(g, 1), a); }

static bool is_number(const ir_graph *g, ir_ref a, double v)
{
  return a >= 0 && g->node[a].op == IR_CONST && g->node[a].value == v;
}

/* Numbers serve as logical values and the other way round since L3V2: 0 is false. */
static ir_ref truth(ir_graph *g, ir_ref a)
{
  if (a < 0) return IR_NONE;
  ir_op op = g->node[a].op;
  bool logical = (op >= IR_LT && op <= IR_NOT) || is_number(g, a, 0) || is_number(g, a, 1);
  return logical ? a : two(g, IR_NE, a, ir_const(g, 0));
}

ir_ref sbml_truncated(ir_graph *g, ir_ref a)
{
  ir_ref negative = two(g, IR_LT, a, ir_const(g, 0));
  return ir_make(g, IR_SELECT, negative, one(g, IR_CEIL, a), one(g, IR_FLOOR, a));
}

/* ---- any number of operands ------------------------------------------------------------------ */
static ir_ref fold(ir_graph *g, ir_op op, double none, const ir_ref *operand, int32_t count)
{
  if (count == 0) return ir_const(g, none);
  ir_ref v = operand[0];
  for (int32_t i = 1; i < count; i++) v = two(g, op, v, operand[i]);
  return v;
}

static ir_ref exclusive_or(ir_graph *g, const ir_ref *operand, int32_t count)
{
  ir_ref v = ir_const(g, 0);
  for (int32_t i = 0; i < count; i++) {
    ir_ref next = truth(g, operand[i]);
    v = is_number(g, v, 0) ? next : two(g, IR_NE, v, next);
  }
  return v;
}

/* a < b < c: each neighbour pair. turn: the operands of op in the other order. */
static ir_ref relation(ir_graph *g, ir_op op, bool turn, const ir_ref *operand, int32_t count)
{
  ir_ref all = ir_const(g, 1);
  for (int32_t i = 0; i + 1 < count; i++) {
    ir_ref a = operand[turn ? i + 1 : i], b = operand[turn ? i : i + 1];
    ir_ref pair = two(g, op, a, b);
    all = i == 0 ? pair : two(g, IR_AND, all, pair);
  }
  return all;
}

/* value, condition, value, condition, ..., [otherwise]; without one the rest is undefined. */
static ir_ref piecewise(ir_graph *g, const ir_ref *operand, int32_t count)
{
  ir_ref v = count % 2 ? operand[count - 1] : ir_const(g, (double)NAN);
  for (int32_t i = count / 2 * 2 - 2; i >= 0; i -= 2)
    v = ir_make(g, IR_SELECT, operand[i + 1], operand[i], v);
  return v;
}

static ir_ref many(ir_graph *g, ASTNodeType_t type, const ir_ref *a, int32_t n, bool *known)
{
  switch ((int)type) {
  case AST_PLUS: return fold(g, IR_ADD, 0, a, n);
  case AST_TIMES: return fold(g, IR_MUL, 1, a, n);
  case AST_LOGICAL_AND: return n == 1 ? truth(g, a[0]) : fold(g, IR_AND, 1, a, n);
  case AST_LOGICAL_OR: return n == 1 ? truth(g, a[0]) : fold(g, IR_OR, 0, a, n);
  case AST_LOGICAL_XOR: return exclusive_or(g, a, n);
  case AST_RELATIONAL_EQ: return relation(g, IR_EQ, false, a, n);
  case AST_RELATIONAL_LT: return relation(g, IR_LT, false, a, n);
  case AST_RELATIONAL_LEQ: return relation(g, IR_LE, false, a, n);
  case AST_RELATIONAL_GT: return relation(g, IR_LT, true, a, n);
  case AST_RELATIONAL_GEQ: return relation(g, IR_LE, true, a, n);
  case AST_FUNCTION_PIECEWISE: return piecewise(g, a, n);
  default: *known = false; return IR_NONE;
  }
}

/* ---- two operands ---------------------------------------------------------------------------- */
/* The n-th root; that of a negative number is real for odd whole n. */
static ir_ref root(ir_graph *g, ir_ref degree, ir_ref a)
{
  if (is_number(g, degree, 2)) return one(g, IR_SQRT, a);
  ir_ref power = inverse(g, degree);
  if (g->node[degree].op != IR_CONST || fabs(fmod(g->node[degree].value, 2)) != 1)
    return two(g, IR_POW, a, power);
  ir_ref size = two(g, IR_POW, one(g, IR_ABS, a), power);
  ir_ref negative = two(g, IR_LT, a, ir_const(g, 0));
  return ir_make(g, IR_SELECT, negative, one(g, IR_NEG, size), size);
}

static ir_ref logarithm(ir_graph *g, ir_ref base, ir_ref a)
{
  if (is_number(g, base, 10)) return one(g, IR_LOG10, a);
  return two(g, IR_DIV, one(g, IR_LOG, a), one(g, IR_LOG, base));
}

static ir_ref binary(ir_graph *g, ASTNodeType_t type, ir_ref a, ir_ref b, bool *known)
{
  switch ((int)type) {
  case AST_MINUS: return two(g, IR_SUB, a, b);
  case AST_DIVIDE: return two(g, IR_DIV, a, b);
  case AST_POWER:
  case AST_FUNCTION_POWER: return two(g, IR_POW, a, b);
  case AST_FUNCTION_ROOT: return root(g, a, b);
  case AST_FUNCTION_LOG: return logarithm(g, a, b);
  case AST_RELATIONAL_NEQ: return two(g, IR_NE, a, b);
  case AST_LOGICAL_IMPLIES: return two(g, IR_OR, one(g, IR_NOT, a), b);
  case AST_FUNCTION_QUOTIENT: return sbml_truncated(g, two(g, IR_DIV, a, b));
  case AST_FUNCTION_REM:
    return two(g, IR_SUB, a, two(g, IR_MUL, b, sbml_truncated(g, two(g, IR_DIV, a, b))));
  default: *known = false; return IR_NONE;
  }
}

/* ---- one operand ----------------------------------------------------------------------------- */
/* X(type, operator): the operator of the graph itself */
#define SAME_LIST(X)                                                                               \
  X(AST_MINUS, IR_NEG)                                                                             \
  X(AST_LOGICAL_NOT, IR_NOT)                                                                       \
  X(AST_FUNCTION_ABS, IR_ABS)                                                                      \
  X(AST_FUNCTION_FLOOR, IR_FLOOR)                                                                  \
  X(AST_FUNCTION_CEILING, IR_CEIL)                                                                 \
  X(AST_FUNCTION_EXP, IR_EXP)                                                                      \
  X(AST_FUNCTION_LN, IR_LOG)                                                                       \
  X(AST_FUNCTION_LOG, IR_LOG10)                                                                    \
  X(AST_FUNCTION_ROOT, IR_SQRT)                                                                    \
  X(AST_FUNCTION_SIN, IR_SIN)                                                                      \
  X(AST_FUNCTION_COS, IR_COS)                                                                      \
  X(AST_FUNCTION_TAN, IR_TAN)                                                                      \
  X(AST_FUNCTION_SINH, IR_SINH)                                                                    \
  X(AST_FUNCTION_COSH, IR_COSH)                                                                    \
  X(AST_FUNCTION_TANH, IR_TANH)                                                                    \
  X(AST_FUNCTION_ARCSIN, IR_ASIN)                                                                  \
  X(AST_FUNCTION_ARCCOS, IR_ACOS)                                                                  \
  X(AST_FUNCTION_ARCTAN, IR_ATAN)                                                                  \
  X(AST_FUNCTION_ARCSINH, IR_ASINH)                                                                \
  X(AST_FUNCTION_ARCCOSH, IR_ACOSH)                                                                \
  X(AST_FUNCTION_ARCTANH, IR_ATANH)
/* X(type, operator): 1 / operator(a) */
#define INVERSE_LIST(X)                                                                            \
  X(AST_FUNCTION_SEC, IR_COS)                                                                      \
  X(AST_FUNCTION_CSC, IR_SIN)                                                                      \
  X(AST_FUNCTION_COT, IR_TAN)                                                                      \
  X(AST_FUNCTION_SECH, IR_COSH)                                                                    \
  X(AST_FUNCTION_CSCH, IR_SINH)                                                                    \
  X(AST_FUNCTION_COTH, IR_TANH)
/* X(type, operator): operator(1 / a). arccot is odd, as in Abramowitz & Stegun 4.4.8. */
#define OF_INVERSE_LIST(X)                                                                         \
  X(AST_FUNCTION_ARCSEC, IR_ACOS)                                                                  \
  X(AST_FUNCTION_ARCCSC, IR_ASIN)                                                                  \
  X(AST_FUNCTION_ARCCOT, IR_ATAN)                                                                  \
  X(AST_FUNCTION_ARCSECH, IR_ACOSH)                                                                \
  X(AST_FUNCTION_ARCCSCH, IR_ASINH)                                                                \
  X(AST_FUNCTION_ARCCOTH, IR_ATANH)

typedef struct {
  ASTNodeType_t type;
  ir_op op;
} unary_row;

static const unary_row same_rows[] = {
#define ROW(type, op) {type, op},
    SAME_LIST(ROW)};
static const unary_row inverse_rows[] = {INVERSE_LIST(ROW)};
static const unary_row of_inverse_rows[] = {OF_INVERSE_LIST(ROW)
#undef ROW
};

static const unary_row *row_find(const unary_row *row, size_t count, ASTNodeType_t type)
{
  for (size_t i = 0; i < count; i++)
    if (row[i].type == type) return &row[i];
  return NULL;
}
#define FIND(rows, type) row_find(rows, sizeof(rows) / sizeof(rows)[0], type)

static ir_ref unary(ir_graph *g, ASTNodeType_t type, ir_ref a, bool *known)
{
  const unary_row *row = FIND(same_rows, type);
  if (row) return one(g, row->op, a);
  row = FIND(inverse_rows, type);
  if (row) return inverse(g, one(g, row->op, a));
  row = FIND(of_inverse_rows, type);
  if (row) return one(g, row->op, inverse(g, a));
  if (type == AST_FUNCTION_FACTORIAL) return one(g, IR_GAMMA, two(g, IR_ADD, a, ir_const(g, 1)));
  *known = false;
  return IR_NONE;
}

/* An operator of the wrong number of operands; false: it is no operator at all. */
static bool misused(sbml_reader *r, ASTNodeType_t type, int32_t count)
{
  ir_graph *g = &r->net.graph;
  ir_ref any = ir_const(g, 1);
  bool of_one = true, of_two = true;
  (void)unary(g, type, any, &of_one);
  (void)binary(g, type, any, any, &of_two);
  const char *want = of_two ? (of_one ? "one or two" : "two") : "one";
  if (of_one || of_two)
    (void)sbml_fail(r, GM_EPARSE, "an operator with %d operands; %s expected", (int)count, want);
  return of_one || of_two;
}

static ir_ref extreme(sbml_reader *r, ASTNodeType_t type, const ir_ref *operand, int32_t count)
{
  bool least = type == AST_FUNCTION_MIN;
  if (count > 0) return fold(&r->net.graph, least ? IR_MIN : IR_MAX, 0, operand, count);
  (void)sbml_fail(r, GM_EPARSE, "%s of nothing", least ? "min" : "max");
  return IR_NONE;
}

ir_ref sbml_operator(sbml_reader *r, ASTNodeType_t type, const ir_ref *operand, int32_t count,
                     bool *known_out)
{
  ir_graph *g = &r->net.graph;
  *known_out = true;
  if (type == AST_FUNCTION_MIN || type == AST_FUNCTION_MAX) return extreme(r, type, operand, count);
  ir_ref v = many(g, type, operand, count, known_out);
  if (*known_out) return v;
  *known_out = count == 1 || count == 2;
  if (count == 1) v = unary(g, type, operand[0], known_out);
  if (count == 2) v = binary(g, type, operand[0], operand[1], known_out);
  if (!*known_out) *known_out = misused(r, type, count);
  return v;
}
