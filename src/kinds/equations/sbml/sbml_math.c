/* sbml_math.c - formulas: libsbml's trees to the expression graph. Functions are unfolded where
 * they are called; equal terms become one node, and what is visited is counted, so that functions
 * that double at each level end with a message. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* SBML L3V2, section 3.4.6: the value is fixed by the standard (CODATA 2006). */
static const double avogadro = 6.02214179e23;

static ir_ref convert(sbml_reader *r, const sbml_scope *scope, ASTNode_t *a);

/* ---- leaves ---------------------------------------------------------------------------------- */
static ir_ref number(sbml_reader *r, ASTNode_t *a, ASTNodeType_t type)
{
  double v = type == AST_INTEGER ? (double)ASTNode_getInteger(a) : ASTNode_getReal(a);
  return ir_const(&r->net.graph, v);
}

static int32_t symbol_find(sbml_reader *r, const char *name)
{
  if (r->reaction) {
    char local[512];
    int n = snprintf(local, sizeof local, "%s.%s", r->reaction, name);
    int32_t i = n > 0 && (size_t)n < sizeof local ? net_find(&r->net, local, (size_t)n) : -1;
    if (i >= 0) return i;
  }
  return net_find(&r->net, name, strlen(name));
}

static ir_ref name_leaf(sbml_reader *r, const sbml_scope *scope, const char *name)
{
  if (!name) name = "";
  for (int32_t i = 0; scope && i < scope->function->argument_count; i++) {
    r->work++;
    if (strcmp(scope->function->argument[i], name) == 0) return scope->argument[i];
  }
  if (scope) {
    (void)sbml_fail(r, GM_EPARSE, "the function %.60s uses \"%.60s\", which is no argument of it",
                    scope->function->id, name);
    return IR_NONE;
  }
  int32_t i = symbol_find(r, name);
  if (i >= 0) return ir_leaf(&r->net.graph, IR_SYMBOL, i);
  (void)sbml_fail(r, GM_EPARSE, "nothing is called \"%.60s\"", name);
  return IR_NONE;
}

/* No formula, or <math/> (a node of no kind in libsbml). */
static bool empty(const ASTNode_t *a)
{
  return !a || (ASTNode_getType(a) == AST_UNKNOWN && ASTNode_getNumChildren(a) == 0);
}

/* ---- calls ----------------------------------------------------------------------------------- */
static ir_ref call_draw(sbml_reader *r, const char *name, const ir_ref *operand, int32_t count)
{
  if (r->draws) return sbml_draw(r, name, operand, count);
  (void)sbml_fail(
      r, GM_EUNSUPPORTED,
      "a draw from a distribution; only initial assignments and event assignments draw");
  return IR_NONE;
}

static ir_ref call(sbml_reader *r, const char *name, const ir_ref *operand, int32_t count)
{
  if (!name) name = "";
  if (strncmp(name, SBML_DRAW_PREFIX, strlen(SBML_DRAW_PREFIX)) == 0)
    return call_draw(r, name + strlen(SBML_DRAW_PREFIX), operand, count);
  sbml_function *f = sbml_function_find(r, name);
  if (!f) {
    (void)sbml_fail(r, GM_EPARSE, "there is no function \"%.60s\"", name);
    return IR_NONE;
  }
  if (f->argument_count != count) {
    (void)sbml_fail(r, GM_EPARSE, "the function %.60s has %d arguments and is given %d", name,
                    (int)f->argument_count, (int)count);
    return IR_NONE;
  }
  if (f->draw) return call_draw(r, f->draw, operand, count);
  if (empty(f->body) || f->open) {
    (void)sbml_fail(r, GM_EPARSE, "the function %.60s %s", name,
                    f->open ? "calls itself" : "has no content and no value");
    return IR_NONE;
  }
  f->open = true;
  const sbml_scope scope = {f, operand};
  ir_ref v = convert(r, &scope, f->body);
  f->open = false;
  return v;
}

static ir_ref delay(sbml_reader *r, const ir_ref *operand, int32_t count)
{
  ir_ref leaf = IR_NONE;
  if (count != 2) {
    (void)sbml_fail(r, GM_EPARSE, "delay needs a value and a time");
    return IR_NONE;
  }
  gm_status s = net_delay_add(&r->net, operand[0], operand[1], &leaf);
  if (s) r->status = s;
  return s ? IR_NONE : leaf;
}

static ir_ref rate_of(sbml_reader *r, const ir_ref *operand, int32_t count)
{
  ir_graph *g = &r->net.graph;
  if (count == 1 && g->node[operand[0]].op == IR_SYMBOL)
    return ir_make(g, IR_RATE_OF, operand[0], IR_NONE, IR_NONE);
  (void)sbml_fail(r, GM_EPARSE, "rateOf needs one name");
  return IR_NONE;
}

static ir_ref apply(sbml_reader *r, ASTNode_t *a, ASTNodeType_t type, const ir_ref *operand,
                    int32_t count)
{
  if (type == AST_FUNCTION) return call(r, ASTNode_getName(a), operand, count);
  if (type == AST_FUNCTION_DELAY) return delay(r, operand, count);
  if (type == AST_FUNCTION_RATE_OF) return rate_of(r, operand, count);
  bool known = true;
  ir_ref v = sbml_operator(r, type, operand, count, &known);
  if (known) return v;
  const char *name = ASTNode_getName(a);
  (void)sbml_fail(r, GM_EUNSUPPORTED, "the MathML function \"%.60s\"", name ? name : "unknown");
  return IR_NONE;
}

/* ---- trees ----------------------------------------------------------------------------------- */
/* libsbml holds a + b + c + d as ((a + b) + c) + d. The chain of such nodes below a, itself the
 * first; *last_out is the one whose first operand is something else. */
static int32_t chain_length(ASTNode_t *a, ASTNodeType_t type, ASTNode_t **last_out)
{
  int32_t length = 0;
  bool chains = type == AST_PLUS || type == AST_TIMES || type == AST_LOGICAL_AND ||
                type == AST_LOGICAL_OR || type == AST_LOGICAL_XOR;
  *last_out = a;
  while (chains && ASTNode_getNumChildren(*last_out) == 2) {
    ASTNode_t *first = ASTNode_getChild(*last_out, 0);
    if (!first || ASTNode_getType(first) != type) break;
    *last_out = first;
    length++;
  }
  return length;
}

/* Converts the operands of a chain in their order: those of the last node, then what each node
 * above it adds. */
static void operands_read(sbml_reader *r, const sbml_scope *scope, ASTNode_t *a, ASTNode_t *last,
                          int32_t length, ir_ref *operand)
{
  int32_t count = (int32_t)ASTNode_getNumChildren(last);
  ASTNode_t **node = length ? gm_alloc(r->ctx, length, sizeof(ASTNode_t *)) : NULL;
  if (length && !node) (void)sbml_fail(r, GM_ENOMEM, "a formula");
  for (int32_t i = 0; i < count && !r->status; i++)
    operand[i] = convert(r, scope, ASTNode_getChild(last, (unsigned)i));
  for (int32_t i = length - 1; i >= 0 && node; i--, a = ASTNode_getChild(a, 0)) node[i] = a;
  for (int32_t i = 0; i < length && !r->status; i++)
    operand[count + i] = convert(r, scope, ASTNode_getChild(node[i], 1));
  gm_free(node);
}

static ir_ref tree(sbml_reader *r, const sbml_scope *scope, ASTNode_t *a, ASTNodeType_t type)
{
  ir_ref small[SBML_SMALL], *operand = small, v = IR_NONE;
  ASTNode_t *last;
  int32_t length = chain_length(a, type, &last);
  int32_t count = (int32_t)ASTNode_getNumChildren(last);
  r->work += length + (int64_t)count * count / 64; /* libsbml finds the i-th child in i steps */
  if (count + length > SBML_SMALL)
    operand = gm_alloc(r->ctx, (ptrdiff_t)count + length, sizeof *operand);
  if (!operand) (void)sbml_fail(r, GM_ENOMEM, "a formula");
  if (!r->status) operands_read(r, scope, a, last, length, operand);
  if (!r->status) v = apply(r, a, type, operand, count + length);
  if (operand != small) gm_free(operand);
  return v;
}

static ir_ref leaf(sbml_reader *r, const sbml_scope *scope, ASTNode_t *a, ASTNodeType_t type)
{
  ir_graph *g = &r->net.graph;
  switch (type) {
  case AST_INTEGER:
  case AST_REAL:
  case AST_REAL_E:
  case AST_RATIONAL: return number(r, a, type);
  case AST_NAME: return name_leaf(r, scope, ASTNode_getName(a));
  case AST_NAME_TIME: return ir_time(g);
  case AST_NAME_AVOGADRO: return ir_const(g, avogadro);
  case AST_CONSTANT_E: return ir_const(g, 2.718281828459045235);
  case AST_CONSTANT_PI: return ir_const(g, 3.141592653589793238);
  case AST_CONSTANT_TRUE: return ir_const(g, 1);
  case AST_CONSTANT_FALSE: return ir_const(g, 0);
  default: return tree(r, scope, a, type);
  }
}

static ir_ref convert(sbml_reader *r, const sbml_scope *scope, ASTNode_t *a)
{
  if (r->status) return IR_NONE;
  if (!a) {
    (void)sbml_fail(r, GM_EPARSE, "a part of the formula is missing");
    return IR_NONE;
  }
  if (++r->work > SBML_WORK_MAX) {
    (void)sbml_fail(r, GM_ERANGE, "the formulas unfold to more than %d terms", SBML_WORK_MAX);
    return IR_NONE;
  }
  if (++r->depth > SBML_NESTING_MAX) {
    (void)sbml_fail(r, GM_ERANGE, "formulas and functions nested more than %d deep",
                    SBML_NESTING_MAX);
    return IR_NONE;
  }
  ir_ref v = leaf(r, scope, a, ASTNode_getType(a));
  r->depth--;
  if (v < 0 && !r->status) {
    r->status = r->net.graph.status;
    if (!r->status) (void)sbml_fail(r, GM_EINTERNAL, "a formula without value");
  }
  return v;
}

ir_ref sbml_formula(sbml_reader *r, const ASTNode_t *a)
{
  if (empty(a) || r->status) return IR_NONE;
  r->depth = 0;
  return convert(r, NULL, sbml_own(a));
}
