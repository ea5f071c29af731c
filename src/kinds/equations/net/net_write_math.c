/* net_write_math.c - expressions as MathML. */
#include "base/number.h"
#include "kinds/equations/net/net_write.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gm_status term(nw_writer *w, ir_ref f, bool condition);

/* ---- numbers --------------------------------------------------------------------------------- */
/* The fewest significant digits that come back as the same value, as "d.ddde+xx". */
static void shortest(double value, char text[40])
{
  double back;
  for (int n = 0; n < 17; n++) {
    snprintf(text, 40, "%.*e", n, value);
    if (gm__number_parse(gm__number_point(text), &back) && back == value) return;
  }
}

void nw_digits(gm_text *t, double value)
{
  char text[40], digit[24];
  int count = 0;
  shortest(fabs(value), text);
  const char *e = strchr(text, 'e');
  long ten = strtol(e + 1, NULL, 10);
  for (const char *p = text; p < e; p++)
    if (*p >= '0' && *p <= '9') digit[count++] = *p;
  gm_text_add(t, signbit(value) ? "-" : "");
  if (ten < 0) gm_text_add(t, "0.");
  for (long i = -1; i > ten; i--) gm_text_add(t, "0");
  for (int i = 0; i < count; i++) {
    gm_text_addn(t, &digit[i], 1);
    if (ten >= 0 && i == ten && i + 1 < count) gm_text_add(t, ".");
  }
  for (long i = count - 1; i < ten; i++) gm_text_add(t, "0");
}

static void number(nw_writer *w, double value)
{
  if (isnan(value)) {
    gm_text_add(w->to, "<notanumber/>");
  } else if (isinf(value)) {
    gm_text_add(w->to, value > 0 ? "<infinity/>" : "<apply><minus/><infinity/></apply>");
  } else {
    gm_text_add(w->to, "<cn> ");
    nw_digits(w->to, value);
    gm_text_add(w->to, " </cn>");
  }
}

/* ---- operators ------------------------------------------------------------------------------- */
static const char *const element[IR_OP_COUNT] = {
    [IR_NEG] = "minus",    [IR_ADD] = "plus",    [IR_SUB] = "minus",     [IR_MUL] = "times",
    [IR_DIV] = "divide",   [IR_POW] = "power",   [IR_MIN] = "min",       [IR_MAX] = "max",
    [IR_LT] = "lt",        [IR_LE] = "leq",      [IR_EQ] = "eq",         [IR_NE] = "neq",
    [IR_AND] = "and",      [IR_OR] = "or",       [IR_NOT] = "not",       [IR_SQRT] = "root",
    [IR_ABS] = "abs",      [IR_FLOOR] = "floor", [IR_CEIL] = "ceiling",  [IR_EXP] = "exp",
    [IR_LOG] = "ln",       [IR_SIN] = "sin",     [IR_COS] = "cos",       [IR_TAN] = "tan",
    [IR_ASIN] = "arcsin",  [IR_ACOS] = "arccos", [IR_ATAN] = "arctan",   [IR_SINH] = "sinh",
    [IR_COSH] = "cosh",    [IR_TANH] = "tanh",   [IR_ASINH] = "arcsinh", [IR_ACOSH] = "arccosh",
    [IR_ATANH] = "arctanh"};

static const ir_node *node(const nw_writer *w, ir_ref f) { return &w->n->graph.node[f]; }

static bool is_logical(const nw_writer *w, ir_ref f)
{
  ir_op op = node(w, f)->op;
  return op == IR_LT || op == IR_LE || op == IR_EQ || op == IR_NE || op == IR_AND || op == IR_OR ||
         op == IR_NOT;
}

static void open_apply(nw_writer *w, const char *name)
{
  gm_text_addf(w->to, "<apply><%s/>", name);
}

static void close_apply(nw_writer *w) { gm_text_add(w->to, "</apply>"); }

static gm_status apply2(nw_writer *w, const char *name, ir_ref a, ir_ref b, bool condition)
{
  open_apply(w, name);
  gm_status s = term(w, a, condition);
  if (!s) s = term(w, b, condition);
  close_apply(w);
  return s;
}

static gm_status apply1(nw_writer *w, const char *name, ir_ref a, bool condition)
{
  open_apply(w, name);
  gm_status s = term(w, a, condition);
  close_apply(w);
  return s;
}

/* One operator over and over from the left is written once with many operands: the order of
 * rounding stays, and the depth of a long sum is one. a + b may be taken as b + a. */
static ir_ref chain_next(const nw_writer *w, ir_op op, const ir_node *n)
{
  bool sum = op == IR_ADD;
  ir_op a = node(w, n->a)->op, b = node(w, n->b)->op;
  if (a == op || (sum && a == IR_SUB)) return n->a;
  if (n->op != IR_SUB && (b == op || (sum && b == IR_SUB))) return n->b;
  return IR_NONE;
}

/* A subtraction within a sum: x - y is x + (-y), to the bit. */
static gm_status operand(nw_writer *w, ir_ref f, bool negative, bool condition)
{
  return negative ? apply1(w, "minus", f, false) : term(w, f, condition);
}

static gm_status chain(nw_writer *w, ir_op op, ir_ref f, bool condition)
{
  int32_t count = 0;
  ir_ref last = f, next;
  while ((next = chain_next(w, op, node(w, last))) >= 0) {
    last = next;
    count++;
  }
  if (count >= NW_OPERANDS_MAX)
    return nw_fail(w, GM_EUNSUPPORTED,
                   "a sum or product of more than %d terms is not written as SBML: split it into "
                   "rules",
                   (int)NW_OPERANDS_MAX);
  ir_ref *link = gm_alloc(w->ctx, count + 1, sizeof *link);
  if (!link) return gm_fail(w->ctx, GM_ENOMEM, "a long expression");
  link[count] = f;
  for (int32_t i = count; i > 0; i--) link[i - 1] = chain_next(w, op, node(w, link[i]));
  const ir_node *first = node(w, link[0]);
  open_apply(w, element[op]);
  gm_status s = term(w, first->a, condition);
  if (!s) s = operand(w, first->b, first->op == IR_SUB, condition);
  for (int32_t i = 1; i <= count && !s; i++) {
    const ir_node *n = node(w, link[i]);
    s = operand(w, n->a == link[i - 1] ? n->b : n->a, n->op == IR_SUB, condition);
  }
  close_apply(w);
  gm_free(link);
  return s;
}

/* piecewise: pieces as long as what stands otherwise is one, too. */
static gm_status piecewise(nw_writer *w, ir_ref f)
{
  gm_status s = GM_OK;
  gm_text_add(w->to, "<piecewise>");
  while (!s && node(w, f)->op == IR_SELECT) {
    const ir_node *n = node(w, f);
    gm_text_add(w->to, "<piece>");
    s = term(w, n->b, false);
    if (!s) s = term(w, n->a, true);
    gm_text_add(w->to, "</piece>");
    f = n->c;
  }
  bool nothing = node(w, f)->op == IR_CONST && isnan(node(w, f)->value);
  if (!nothing) gm_text_add(w->to, "<otherwise>");
  if (!nothing && !s) s = term(w, f, false);
  gm_text_add(w->to, nothing ? "</piecewise>" : "</otherwise></piecewise>");
  return s;
}

static gm_status csymbol(nw_writer *w, const char *name, const char *label, ir_ref a, ir_ref b)
{
  gm_text_addf(w->to,
               "<apply><csymbol encoding=\"text\" "
               "definitionURL=\"http://www.sbml.org/sbml/symbols/%s\"> %s </csymbol>",
               name, label);
  gm_status s = term(w, a, false);
  if (!s && b >= 0) s = term(w, b, false);
  close_apply(w);
  return s;
}

/* gamma(x) is (x - 1)!. */
static gm_status gamma_of(nw_writer *w, ir_ref a)
{
  const ir_node *n = node(w, a);
  for (int side = 0; side < 2 && n->op == IR_ADD; side++) {
    ir_ref one = side ? n->a : n->b;
    if (node(w, one)->op == IR_CONST && node(w, one)->value == 1)
      return apply1(w, "factorial", side ? n->b : n->a, false);
  }
  gm_text_add(w->to, "<apply><factorial/><apply><minus/>");
  gm_status s = term(w, a, false);
  gm_text_add(w->to, "<cn> 1 </cn></apply></apply>");
  return s;
}

static gm_status with_one(nw_writer *w, const char *outer, const char *inner, ir_ref a)
{
  bool last = strcmp(outer, "minus") == 0; /* exp(x) - 1; else ln(1 + x) */
  gm_text_addf(w->to, "<apply><%s/><apply><%s/>%s", outer, inner, last ? "" : "<cn> 1 </cn>");
  gm_status s = term(w, a, false);
  gm_text_add(w->to, last ? "</apply><cn> 1 </cn></apply>" : "</apply></apply>");
  return s;
}

static gm_status refuse(const nw_writer *w, ir_op op)
{
  if (op == IR_UNIFORM || op == IR_Q_NORMAL || op == IR_Q_GAMMA || op == IR_Q_POISSON ||
      op == IR_Q_BINOMIAL)
    return nw_fail(w, GM_EUNSUPPORTED, "random draws (package distrib) are not written as SBML");
  return gm_fail(w->ctx, GM_EINTERNAL, "operator %d in a network", (int)op);
}

static gm_status leaf(nw_writer *w, const ir_node *n)
{
  switch (n->op) {
  case IR_CONST: number(w, n->value); return GM_OK;
  case IR_TIME:
    gm_text_add(w->to, "<csymbol encoding=\"text\" definitionURL=\""
                       "http://www.sbml.org/sbml/symbols/time\"> time </csymbol>");
    return GM_OK;
  case IR_SYMBOL:
    w->used_in[n->index] = 1;
    gm_text_addf(w->to, "<ci> %s </ci>", w->id[n->index]);
    return GM_OK;
  case IR_DELAYED:
    return csymbol(w, "delay", "delay", w->n->delay[n->index].what, w->n->delay[n->index].lag);
  default: return refuse(w, n->op);
  }
}

/* a == b and a != b of truth values. */
static gm_status equivalence(nw_writer *w, const ir_node *n)
{
  if (n->op == IR_NE) return apply2(w, "xor", n->a, n->b, true);
  open_apply(w, "not");
  gm_status s = apply2(w, "xor", n->a, n->b, true);
  close_apply(w);
  return s;
}

static gm_status operation(nw_writer *w, ir_ref f)
{
  const ir_node *n = node(w, f);
  switch (n->op) {
  case IR_ADD:
  case IR_SUB:
    if (n->op == IR_ADD || chain_next(w, IR_ADD, n) >= 0) return chain(w, IR_ADD, f, false);
    return apply2(w, "minus", n->a, n->b, false);
  case IR_MUL:
  case IR_MIN:
  case IR_MAX: return chain(w, n->op, f, false);
  case IR_AND:
  case IR_OR: return chain(w, n->op, f, true);
  case IR_NOT: return apply1(w, "not", n->a, true);
  case IR_EQ:
  case IR_NE:
    if (is_logical(w, n->a) && is_logical(w, n->b)) return equivalence(w, n);
    return apply2(w, element[n->op], n->a, n->b, false);
  case IR_SELECT: return piecewise(w, f);
  case IR_LOG10:
    gm_text_add(w->to, "<apply><log/><logbase><cn> 10 </cn></logbase>");
    gm_status s = term(w, n->a, false);
    close_apply(w);
    return s;
  case IR_EXPM1: return with_one(w, "minus", "exp", n->a);
  case IR_LOG1P: return with_one(w, "ln", "plus", n->a);
  case IR_GAMMA: return gamma_of(w, n->a);
  case IR_RATE_OF: return csymbol(w, "rateOf", "rateOf", n->a, IR_NONE);
  default: break;
  }
  if (!element[n->op]) return refuse(w, n->op);
  return ir_operands(n->op) == 1 ? apply1(w, element[n->op], n->a, false)
                                 : apply2(w, element[n->op], n->a, n->b, false);
}

/* Numbers and truth values are kept apart: SBML wants either in its place. */
static gm_status converted(nw_writer *w, ir_ref f, bool condition)
{
  const ir_node *n = node(w, f);
  bool truth = n->op == IR_CONST && (n->value == 0 || n->value == 1);
  if (condition && truth) {
    gm_text_add(w->to, n->value != 0 ? "<true/>" : "<false/>");
    return GM_OK;
  }
  gm_text_add(w->to, condition ? "<apply><neq/>" : "<piecewise><piece><cn> 1 </cn>");
  gm_status s = term(w, f, !condition);
  gm_text_add(w->to, condition ? "<cn> 0 </cn></apply>"
                               : "</piece><otherwise><cn> 0 </cn></otherwise></piecewise>");
  return s;
}

static gm_status term(nw_writer *w, ir_ref f, bool condition)
{
  if (w->to->status) return w->to->status;
  if (w->to->bytes > NW_BYTES_MAX)
    return nw_fail(w, GM_ERANGE, "longer than %d bytes as SBML", (int)NW_BYTES_MAX);
  if (w->depth >= NW_DEPTH_MAX)
    return nw_fail(w, GM_EUNSUPPORTED,
                   "an expression nested more than %d deep is not written as "
                   "SBML: split it into rules",
                   (int)NW_DEPTH_MAX);
  w->depth++;
  gm_status s;
  if (condition != is_logical(w, f))
    s = converted(w, f, condition);
  else
    s = ir_operands(node(w, f)->op) == 0 ? leaf(w, node(w, f)) : operation(w, f);
  w->depth--;
  return s;
}

gm_status nw_math(nw_writer *w, int level, ir_ref f, bool condition)
{
  nw_indent(w, level);
  gm_text_add(w->to, "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">");
  w->depth = 0;
  gm_status s = term(w, f, condition);
  gm_text_add(w->to, "</math>\n");
  return s;
}
