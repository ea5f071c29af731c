/* text_lower.c - expressions of a text made into the internal form, their units checked. */
#include "kinds/equations/text_lower.h"
#include "kinds/equations/parse.h"
#include <assert.h>
#include <stdio.h>

void eqt_lowering_init(eqt_lowering *l, eqt_doc *d, ir_graph *g)
{
  *l = (eqt_lowering){.doc = d, .graph = g, .unknown = IR_NONE};
  eqt_units_init(&l->units, d->ctx);
}

void eqt_lowering_free(eqt_lowering *l)
{
  eqt_units_free(&l->units);
  gm_free(l->stack);
  l->stack = NULL;
}

gm_status eqt_entry_unit(eqt_lowering *l, int32_t entry, eqt_unit *out)
{
  *out = eqt_unit_unknown();
  if (entry < 0) return GM_OK;
  const eqt_unit_entry *u = &l->doc->unit[entry];
  return eqt_unit_known(&l->units, &u->unit, u->code, out);
}

int32_t eqt_compartment(const eqt_doc *d, int32_t symbol)
{
  const eqt_symbol *y = &d->symbol[symbol];
  if (y->thing != EQT_SPECIES) return -1;
  if (y->compartment >= 0) return y->compartment;
  return y->of_reaction >= 0 ? y->of_reaction : y->of_submodel;
}

enum { LENGTH = 0 }; /* in gm_unit.dim */

/* The unit of the compartment of a species (unknown: none is stated); *inside_out: it is in one. */
static gm_status compartment_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out, bool *inside_out)
{
  int32_t c = eqt_compartment(l->doc, symbol);
  *inside_out = c >= 0;
  *out = eqt_unit_unknown();
  return c >= 0 ? eqt_entry_unit(l, l->doc->symbol[c].unit, out) : GM_OK;
}

gm_status eqt_symbol_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out)
{
  const eqt_symbol *y = &l->doc->symbol[symbol];
  eqt_unit size, stated;
  bool inside;
  gm_status s = eqt_entry_unit(l, y->unit, &stated);
  if (!s) s = compartment_unit(l, symbol, &size, &inside);
  if (s) return s;
  *out = stated;
  if (!inside || y->amount_only || stated.kind != EQT_MEASURED) return GM_OK;
  int length = stated.of.unit.dim[LENGTH];
  if (size.kind == EQT_UNKNOWN) {
    if (length == 0) *out = eqt_unit_unknown(); /* an amount, by what nobody says */
    return GM_OK;
  }
  if (length != 0 || size.of.unit.dim[LENGTH] == 0) return GM_OK;
  return eqt_unit_binary(&l->units, IR_DIV, y->unit_at, &stated, &size, out);
}

gm_status eqt_amount_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out)
{
  const eqt_symbol *y = &l->doc->symbol[symbol];
  eqt_unit size;
  bool inside;
  gm_status s = eqt_symbol_unit(l, symbol, out);
  if (!s) s = compartment_unit(l, symbol, &size, &inside);
  if (s || !inside || y->amount_only) return s;
  return eqt_unit_binary(&l->units, IR_MUL, y->seen_at, out, &size, out);
}

static gm_status push(eqt_lowering *l, eqt_value v)
{
  gm_status s = eq_room(l->doc->ctx, &l->stack, l->count, &l->room, sizeof *l->stack);
  if (!s) l->stack[l->count++] = v;
  return s;
}

/* ---- operators ------------------------------------------------------------------------------- */
static gm_status power(eqt_lowering *l, int32_t at, eqt_value *a, const eqt_value *b)
{
  const ir_node *e = b->ref >= 0 ? &l->graph->node[b->ref] : NULL;
  const double *value = e && e->op == IR_CONST ? &e->value : NULL;
  gm_status s = GM_OK;
  if (l->check) s = eqt_unit_power(&l->units, at, &a->unit, &b->unit, b->ref, value, &a->unit);
  a->ref = ir_make(l->graph, IR_POW, a->ref, b->ref, IR_NONE);
  return s;
}

/* a becomes `a op b`. */
static gm_status binary(eqt_lowering *l, ir_op op, bool swap, int32_t at, eqt_value *a,
                        const eqt_value *b)
{
  if (op == IR_POW) return power(l, at, a, b);
  gm_status s = GM_OK;
  if (l->check) s = eqt_unit_binary(&l->units, op, at, &a->unit, &b->unit, &a->unit);
  a->ref = swap ? ir_make(l->graph, op, b->ref, a->ref, IR_NONE)
                : ir_make(l->graph, op, a->ref, b->ref, IR_NONE);
  return s;
}

static gm_status unary(eqt_lowering *l, ir_op op, const char *name, int32_t at, eqt_value *a)
{
  gm_status s = GM_OK;
  if (l->check && op == IR_SQRT) {
    const double half = 0.5;
    eqt_unit number = eqt_unit_number();
    s = eqt_unit_power(&l->units, at, &a->unit, &number, IR_NONE, &half, &a->unit);
  } else if (l->check && op != IR_NOT) {
    s = eqt_unit_function(&l->units, op, name, at, &a->unit, &a->unit);
  }
  a->ref = ir_make(l->graph, op, a->ref, IR_NONE, IR_NONE);
  return s;
}

static gm_status run_op(eqt_lowering *l, const eqt_item *i)
{
  int n = ir_operands((ir_op)i->a);
  assert(n >= 1 && n <= 2 && l->count >= n);
  eqt_value *a = &l->stack[l->count - n];
  l->count -= n - 1;
  return n == 1 ? unary(l, (ir_op)i->a, "-", i->at, a)
                : binary(l, (ir_op)i->a, i->swap, i->at, a, a + 1);
}

/* ---- functions ------------------------------------------------------------------------------- */
/* piecewise(v1, c1, v2, c2, ..., otherwise): built from its end. */
static gm_status piecewise(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  eqt_value r = arg[i->n - 1];
  gm_status s = GM_OK;
  for (int32_t k = i->n - 3; k >= 0 && !s; k -= 2) {
    r.ref = ir_make(l->graph, IR_SELECT, arg[k + 1].ref, arg[k].ref, r.ref);
    if (l->check)
      s = eqt_unit_alike(&l->units, "piecewise has values in", i->at, &arg[k].unit, &r.unit,
                         &r.unit);
  }
  arg[0] = r;
  return s;
}

static eqt_value constant(eqt_lowering *l, double value)
{
  return (eqt_value){ir_const(l->graph, value), eqt_unit_number()};
}

/* log(base, x) = ln x / ln base */
static gm_status log_base(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  gm_status s = unary(l, IR_LOG, "log", i->at, &arg[1]);
  if (!s) s = unary(l, IR_LOG, "log", i->at, &arg[0]);
  eqt_value base = arg[0];
  arg[0] = arg[1];
  return s ? s : binary(l, IR_DIV, false, i->at, &arg[0], &base);
}

/* root(n, x) = x^(1/n) */
static gm_status root(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  eqt_value one = constant(l, 1);
  gm_status s = binary(l, IR_DIV, false, i->at, &one, &arg[0]);
  arg[0] = arg[1];
  return s ? s : power(l, i->at, &arg[0], &one);
}

/* 1/op(x), or op(1/x). */
static gm_status with_reciprocal(eqt_lowering *l, const eqt_builtin *f, int32_t at, eqt_value *arg)
{
  eqt_value one = constant(l, 1), x = *arg;
  gm_status s = GM_OK;
  if (f->kind == EQT_FN_RECIPROCAL) {
    s = unary(l, (ir_op)f->op, f->name, at, &x);
    if (!s) s = binary(l, IR_DIV, false, at, &one, &x);
    *arg = one;
    return s;
  }
  s = binary(l, IR_DIV, false, at, &one, &x);
  if (!s) s = unary(l, (ir_op)f->op, f->name, at, &one);
  *arg = one;
  return s;
}

/* quotient(a, b): a/b without what is behind the point; rem(a, b) = a - b*quotient(a, b), which
 * has the sign of a (MathML 2.0, section 4.4.3). */
static gm_status divided(eqt_lowering *l, bool remainder, int32_t at, eqt_value *arg)
{
  eqt_value q = arg[0], zero = constant(l, 0), b = arg[1];
  eqt_unit alike;
  gm_status s = GM_OK;
  if (l->check)
    s = eqt_unit_alike(&l->units, remainder ? "remainder of" : "quotient of", at, &arg[0].unit,
                       &arg[1].unit, &alike);
  if (!s) s = binary(l, IR_DIV, false, at, &q, &b);
  ir_ref negative = ir_make(l->graph, IR_LT, q.ref, zero.ref, IR_NONE);
  ir_ref up = ir_make(l->graph, IR_CEIL, q.ref, IR_NONE, IR_NONE);
  ir_ref down = ir_make(l->graph, IR_FLOOR, q.ref, IR_NONE, IR_NONE);
  q.ref = ir_make(l->graph, IR_SELECT, negative, up, down);
  if (remainder) {
    if (!s) s = binary(l, IR_MUL, false, at, &b, &q);
    return s ? s : binary(l, IR_SUB, false, at, &arg[0], &b);
  }
  arg[0] = q;
  return s;
}

static gm_status factorial(eqt_lowering *l, int32_t at, eqt_value *arg)
{
  eqt_value one = constant(l, 1);
  gm_status s = binary(l, IR_ADD, false, at, arg, &one);
  return s ? s : unary(l, IR_GAMMA, "factorial", at, arg);
}

static gm_status implies(eqt_lowering *l, int32_t at, eqt_value *arg)
{
  gm_status s = unary(l, IR_NOT, "not", at, &arg[0]);
  return s ? s : binary(l, IR_OR, false, at, &arg[0], &arg[1]);
}

/* ---- what needs the network ------------------------------------------------------------------ */
/* delay(x, tau): x as it was tau before. */
static gm_status delayed(eqt_lowering *l, int32_t at, eqt_value *arg)
{
  eqt_unit time;
  gm_status s = GM_OK;
  if (l->check) s = eqt_entry_unit(l, l->doc->time_unit, &time);
  if (l->check && !s) s = eqt_unit_fits(&l->units, at, "time", 4, &time, "the delay", &arg[1].unit);
  if (s || !l->net) return s;
  if (arg[0].ref < 0 || arg[1].ref < 0) return l->graph->status;
  return net_delay_add(l->net, arg[0].ref, arg[1].ref, &arg[0].ref);
}

/* The symbol of the network that a value is, or -1. */
static int32_t symbol_of(const eqt_lowering *l, const eqt_value *v)
{
  if (!l->net || v->ref < 0) return -1;
  const ir_node *n = &l->graph->node[v->ref];
  return n->op == IR_SYMBOL ? n->index : -1;
}

static gm_status rate_of(eqt_lowering *l, int32_t at, eqt_value *arg)
{
  eqt_unit time;
  gm_status s = GM_OK;
  if (l->net && symbol_of(l, arg) < 0)
    return eqt_fail(l->units.text, at, GM_EPARSE, "rateOf() takes the name of a quantity");
  if (l->check) s = eqt_entry_unit(l, l->doc->time_unit, &time);
  if (l->check && !s) s = eqt_unit_binary(&l->units, IR_DIV, at, &arg->unit, &time, &arg->unit);
  arg->ref = l->net ? ir_make(l->graph, IR_RATE_OF, arg->ref, IR_NONE, IR_NONE) : l->unknown;
  return s;
}

static gm_status net_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out)
{
  gm_unit unit;
  const char *code = l->net->symbol[symbol].unit;
  *out = eqt_unit_unknown();
  if (!code[0] || gm_unit_parse(l->doc->ctx, code, &unit)) return GM_OK;
  return eqt_unit_known(&l->units, &unit, code, out);
}

/* amount(S), concentration(S): S times or by the size of its compartment, where S is not that
 * already. */
static gm_status amount_or_concentration(eqt_lowering *l, bool amount, int32_t at, eqt_value *arg)
{
  int32_t symbol = symbol_of(l, arg);
  if (!l->net || symbol < 0 || l->net->symbol[symbol].kind != NET_SPECIES)
    return eqt_fail(l->units.text, at, GM_EPARSE, "%s() takes the name of a species",
                    amount ? "amount" : "concentration");
  const net_symbol *y = &l->net->symbol[symbol];
  bool is_amount =
      y->amount_only || y->compartment < 0 || l->net->symbol[y->compartment].dimensions == 0;
  if (y->compartment < 0 || is_amount == amount) return GM_OK;
  if (l->net->symbol[y->compartment].dimensions == 0) return GM_OK; /* it has no concentration */
  eqt_value size = {ir_leaf(l->graph, IR_SYMBOL, y->compartment), eqt_unit_unknown()};
  gm_status s = l->check ? net_unit(l, y->compartment, &size.unit) : GM_OK;
  return s ? s : binary(l, amount ? IR_MUL : IR_DIV, false, at, arg, &size);
}

static gm_status run_builtin(eqt_lowering *l, const eqt_item *i)
{
  const eqt_builtin *f = &eqt_builtins[i->a];
  assert(l->count >= i->n && i->n >= 1);
  eqt_value *arg = &l->stack[l->count - i->n], two;
  gm_status s = GM_OK;
  l->count -= i->n - 1;
  switch ((eqt_fn_kind)f->kind) {
  case EQT_FN_PIECEWISE: return piecewise(l, i, arg);
  case EQT_FN_LOG: return log_base(l, i, arg);
  case EQT_FN_ROOT: return root(l, i, arg);
  case EQT_FN_SQR: two = constant(l, 2); return power(l, i->at, arg, &two);
  case EQT_FN_OP:
  case EQT_FN_FOLD:
  case EQT_FN_COMPARE:
  case EQT_FN_LOGIC:
    if (ir_operands((ir_op)f->op) == 1) return unary(l, (ir_op)f->op, f->name, i->at, arg);
    for (int32_t k = 1; k < i->n && !s; k++)
      s = binary(l, (ir_op)f->op, f->swap, i->at, arg, &arg[k]);
    return s;
  case EQT_FN_RECIPROCAL:
  case EQT_FN_OF_RECIPROCAL: return with_reciprocal(l, f, i->at, arg);
  case EQT_FN_REMAINDER: return divided(l, true, i->at, arg);
  case EQT_FN_QUOTIENT: return divided(l, false, i->at, arg);
  case EQT_FN_FACTORIAL: return factorial(l, i->at, arg);
  case EQT_FN_IMPLIES: return implies(l, i->at, arg);
  case EQT_FN_DELAY: return delayed(l, i->at, arg);
  case EQT_FN_RATE_OF: return rate_of(l, i->at, arg);
  case EQT_FN_AMOUNT: return amount_or_concentration(l, true, i->at, arg);
  case EQT_FN_CONCENTRATION: return amount_or_concentration(l, false, i->at, arg);
  case EQT_FN_REFUSED: break;
  }
  return gm_fail(l->doc->ctx, GM_EINTERNAL, "function %s was let through", f->name);
}

static gm_status run(eqt_lowering *l, const eqt_expr *e, int32_t arg_base);

/* Writes a function of the text out in place of its call. Depth: EQT_FUNCTION_NEST_MAX. */
static gm_status run_user(eqt_lowering *l, const eqt_item *i)
{
  const eqt_function *f = &l->doc->function[i->a];
  const eqt_text *around = l->units.text;
  int32_t base = l->count - i->n, line, column;
  gm_status s = run(l, &f->body, base);
  l->units.text = around;
  if (s) {
    char why[900];
    eqt_place(around, i->at, &line, &column);
    snprintf(why, sizeof why, "%s", gm_message(l->doc->ctx));
    return gm_fail(l->doc->ctx, s, "%s (in the call at %d:%d)", why, (int)line, (int)column);
  }
  l->stack[base] = l->stack[l->count - 1]; /* the arguments go, the value stays */
  l->count = base + 1;
  return GM_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */
static gm_status run_leaf(eqt_lowering *l, const eqt_item *i, int32_t arg_base)
{
  eqt_value v = {IR_NONE, eqt_unit_number()};
  gm_status s = GM_OK;
  switch ((eqt_item_kind)i->kind) {
  case EQT_ITEM_NUMBER:
    v.ref = ir_const(l->graph, i->value);
    if (l->check && i->a >= 0) s = eqt_entry_unit(l, i->a, &v.unit);
    break;
  case EQT_ITEM_LOGICAL: v.ref = ir_const(l->graph, i->value); break;
  case EQT_ITEM_TIME:
    v.ref = ir_time(l->graph);
    if (l->check) s = eqt_entry_unit(l, l->doc->time_unit, &v.unit);
    break;
  case EQT_ITEM_ARG: v = l->stack[arg_base + i->a]; break;
  default:
    v.ref = l->name_ref[i->a];
    if (l->check) s = eqt_symbol_unit(l, i->a, &v.unit);
  }
  return s ? s : push(l, v);
}

static gm_status run(eqt_lowering *l, const eqt_expr *e, int32_t arg_base)
{
  gm_status s = GM_OK;
  l->units.text = e->text;
  l->steps += e->count;
  if (l->steps > EQT_STEP_COUNT_MAX)
    return eqt_fail(e->text, e->at, GM_ERANGE, "more than %d terms once functions are written out",
                    (int)EQT_STEP_COUNT_MAX);
  for (int32_t k = 0; k < e->count && !s; k++) {
    const eqt_item *i = &l->doc->item[e->first + k];
    if (i->kind == EQT_ITEM_OP)
      s = run_op(l, i);
    else if (i->kind == EQT_ITEM_BUILTIN)
      s = run_builtin(l, i);
    else if (i->kind == EQT_ITEM_USER)
      s = run_user(l, i);
    else
      s = run_leaf(l, i, arg_base);
    if (!s && l->graph->status) s = l->graph->status; /* its message is already there */
  }
  return s;
}

gm_status eqt_lower(eqt_lowering *l, const eqt_expr *e, eqt_value *out)
{
  l->count = 0;
  gm_status s = run(l, e, 0);
  if (s && s == l->graph->status) gm_fail_at(l->doc->ctx, s, "%.200s", e->text->where);
  if (!s) *out = l->stack[0];
  return s;
}
